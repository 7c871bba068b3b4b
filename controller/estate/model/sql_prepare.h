/* Prepared statements: parameters put into the tokens, description of a result. */
#ifndef DR_MODEL_SQL_PREPARE_H
#define DR_MODEL_SQL_PREPARE_H

#include "controller/estate/model/sql_session.h"

enum {
    DR_PREPARED_MAX = 1024,               /* statements of a session, by name */
    DR_PREPARED_BYTES = 16 * 1024 * 1024, /* of their texts */
};

/* Puts the parameters where the statement's markers are. A marker without one is 1064. */
enum dr_run dr_bind(struct dr_exec *x, const struct dr_sql_param *params, size_t count);
/* Answers what COM_STMT_PREPARE wants to know about the statement at the cursor. */
enum dr_run dr_describe(struct dr_exec *x);
/* Forgets the statements prepared by name. */
void dr_prepared_free(struct dr_model_session *s);

dr_statement_fn dr_st_prepare, dr_st_execute, dr_st_deallocate;

#endif
