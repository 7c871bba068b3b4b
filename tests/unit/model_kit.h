/* What the tests of the model share: an estate of two clusters, sessions, answers. */
#ifndef DR_TESTS_MODEL_KIT_H
#define DR_TESTS_MODEL_KIT_H

#include <criterion/criterion.h>

#include "controller/estate/model/internal.h"

extern const struct dr_estate_doc lab_doc; /* east (two instances), west (one) */

struct lab {
    struct dr_model *m;
    struct dr_arena *a;
    struct dr_sql_answer out;
};

void lab_open(struct lab *k);
/* The same with another version of both clusters. */
void lab_open_version(struct lab *k, const char *text, uint32_t major, uint32_t minor,
                      uint32_t patch);
void lab_close(struct lab *k);
/* A session on "127.0.1.4:4000" and the like, logged in; the password is the name. */
struct dr_model_session *lab_login(struct lab *k, const char *at, const char *user);
/* Runs to the end, letting at most an hour pass. Out: the error number, 0: none. */
int lab_run(struct lab *k, struct dr_model_session *s, const char *text);
/* As lab_run; the statement must succeed. */
void lab_ok(struct lab *k, struct dr_model_session *s, const char *text);
/* The first cell of the answer; "NULL" for SQL NULL, "" without rows. */
const char *lab_cell(struct lab *k, struct dr_model_session *s, const char *text);
/* All rows: cells joined by ',', rows by ';'. */
const char *lab_rows(struct lab *k, struct dr_model_session *s, const char *text);
void lab_ctl(struct lab *k, const char *json);

#endif
