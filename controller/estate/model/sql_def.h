/* Table definitions: parsing their parts, printing them. */
#ifndef DR_MODEL_SQL_DEF_H
#define DR_MODEL_SQL_DEF_H

#include "controller/estate/model/sql_session.h"

enum { DR_TABLE_COLUMNS = 128, DR_TABLE_INDEXES = 64 };

/* A definition under construction; it becomes a dr_table_def of the model's arena. */
struct dr_def_draft {
    struct dr_table_def def;
    struct dr_column columns[DR_TABLE_COLUMNS];
    struct dr_index indexes[DR_TABLE_INDEXES];
    int64_t auto_increment; /* given as an option; 0: not */
    struct {
        unsigned null, not_null, value, comment, generated, other;
    } said; /* options of the column that was read last */
    bool nonclustered;
};

struct dr_def_draft *dr_draft_new(struct dr_exec *x, const char *schema,
                                  const char *name);
struct dr_def_draft *dr_draft_from(struct dr_exec *x, const struct dr_table_def *def);
/* "name type options": appended, indexes it makes as well. */
enum dr_run dr_draft_column(struct dr_exec *x, struct dr_def_draft *d);
/* What follows the word DEFAULT. */
enum dr_run dr_draft_default(struct dr_exec *x, struct dr_column *col);
/* PRIMARY KEY, UNIQUE, KEY, CONSTRAINT, FOREIGN KEY, CHECK at the cursor. *taken false:
 * it is none of them. */
enum dr_run dr_draft_index(struct dr_exec *x, struct dr_def_draft *d, bool *taken);
/* Table options up to the end or a comma. *taken false: no option here. */
enum dr_run dr_draft_option(struct dr_exec *x, struct dr_def_draft *d, bool *taken);
/* "(columns, indexes) options": all the rest of CREATE TABLE. */
enum dr_run dr_draft_body(struct dr_exec *x, struct dr_def_draft *d);
/* The finished definition, in the model's arena, under a table id. */
const struct dr_table_def *dr_draft_done(struct dr_exec *x, struct dr_def_draft *d,
                                         int64_t id);
int dr_draft_find(const struct dr_def_draft *d, const char *column);

/* SHOW CREATE TABLE with the AUTO_INCREMENT to show; 0: none. */
void dr_table_text(const struct dr_table_def *t, int64_t auto_increment,
                   struct dr_buf *out);

#endif
