/* The parts of the conformance runner: cases as YAML trees, what they expect of a text, a
 * row or a JSON value, and the clients that ask. The vocabulary is in README.md. */
#ifndef DR_TESTS_CONFORMANCE_H
#define DR_TESTS_CONFORMANCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/buf.h"

/* ---- tree.c: a YAML file as a tree ---- */
enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };
struct node {
    enum node_kind kind;
    bool quoted; /* a text in quotes or a block: never a number, true or null */
    const char *text;
    size_t count;
    struct node **items;
    const char **keys; /* of a map */
    unsigned line;
};
/* NULL: said on stderr. Refuses aliases, tags, duplicate keys and several documents. */
struct node *tree_load(struct dr_arena *a, const char *path);
const struct node *tree_get(const struct node *map, const char *key); /* NULL: absent */
const char *tree_text(const struct node *map, const char *key);       /* NULL: absent */
bool tree_true(const struct node *map, const char *key);
bool tree_null(const struct node *n); /* a plain null or ~ */
/* Whether a list, or a single text, holds the word. */
bool tree_has(const struct node *list, const char *word);

/* ---- match.c: variables and patterns ---- */
struct vars {
    struct dr_arena *arena;
    size_t count, room;
    struct var {
        const char *name, *value;
    } * items;
};
void vars_set(struct vars *v, const char *name, const char *value);
const char *vars_get(const struct vars *v, const char *name); /* NULL: not set */
/* `${name}`, `${name+1}`, `${name-1}` replaced; what is not set stays as it is written.
 */
const char *vars_expand(struct vars *v, const char *text);

/* What was wanted and what came, of the first difference. */
struct diff {
    struct dr_buf *where, *want, *got;
};
/* got NULL: SQL NULL. */
bool match_text(struct vars *v, const struct node *want, const char *got);
bool match_json(struct vars *v, const struct node *want, const json_t *got,
                const char *path, struct diff *d);
/* A tree as JSON, variables replaced. New reference. */
json_t *tree_json(struct vars *v, const struct node *n);

/* ---- sql.c, http.c: clients ---- */
enum { ENDPOINTS_MAX = 8 };
struct endpoints {
    size_t count;
    const char *at[ENDPOINTS_MAX]; /* "host:port" */
};
struct session;
struct sql_answer {
    bool lost;      /* no connection */
    unsigned error; /* 0: none */
    char state[6];
    const char *message;
    uint64_t affected;
    unsigned warnings;
    size_t columns, rows;
    const char **names;
    const char **cells; /* row by row; NULL: SQL NULL */
};
struct login {
    const char *user, *password, *database;
};
/* NULL: out says why. */
struct session *session_open(struct dr_arena *a, const char *at, const struct login *l,
                             struct sql_answer *out);
void session_close(struct session *s);
void session_ask(struct dr_arena *a, struct session *s, const char *text,
                 struct sql_answer *out);

struct http_request {
    const char *url, *method, *body;
    const struct node *headers;
    const char *sign_as; /* "access:secret" of an S3 service; NULL: not signed */
};
struct http_answer {
    const char *failure; /* NULL: answered */
    long status;
    const char *headers, *body;
    size_t body_len;
};
void http_ask(struct dr_arena *a, struct vars *v, const struct http_request *r,
              struct http_answer *out);

/* ---- run.c: files of cases ---- */
struct world {
    struct endpoints sql, status, pd, cdc, s3;
    struct login login;
    const char *s3_key; /* "access:secret" */
    unsigned version;   /* 8005003; 0: not known */
    bool new_arch;
    bool change_cluster; /* cases that change settings of the whole cluster may run */
    bool simulated;      /* cases that say how it differs must fail */
    const char *only;    /* part of a file's or case's name; NULL: all */
    bool list;
    struct vars given; /* by --set */
};
struct tally {
    size_t passed, failed, skipped, inferred;
    struct count {
        const char *name;
        size_t passed, failed, skipped;
    } areas[64];
    size_t area_count;
    struct {
        const char *reason;
        size_t cases;
    } left[64]; /* why cases were not run */
    size_t left_count;
};
/* Runs one file. Texts that `t` keeps are of the arena. */
void run_file(struct dr_arena *a, const struct world *w, const char *path,
              struct tally *t);

/* ---- expect.c: whether an answer is what a step says ---- */
bool expect_sql(struct vars *v, const struct node *step, const struct sql_answer *got,
                struct session *s, struct diff *d);
bool expect_http(struct vars *v, const struct node *step, const struct http_answer *got,
                 struct diff *d);

#endif
