/* Answers of one packet: OK, an error, and the error after which nobody listens. */
#include "cmd/drover-sim/mysql_private.h"

uint16_t dr_mysql_status_flags(const struct dr_mysql_conn *c)
{
    return (uint16_t)((dr_model_sql_autocommit(c->sql) ? DR_STATUS_AUTOCOMMIT : 0) |
                      (dr_model_sql_in_transaction(c->sql) ? DR_STATUS_IN_TRANS : 0));
}

void dr_mysql_plain_ok(struct dr_mysql_conn *c, struct dr_sim_stream *s)
{
    struct dr_mysql_ok ok = {.status = dr_mysql_status_flags(c)};
    dr_mysql_put_ok(&s->out, &c->seq, &ok);
}

void dr_mysql_last_words(struct dr_mysql_conn *c, struct dr_sim_stream *s, int number,
                         const char *sqlstate, const char *message)
{
    dr_mysql_put_error(&s->out, &c->seq, number, sqlstate, message ? message : "");
    s->close = true;
}

void dr_mysql_error(struct dr_mysql_conn *c, struct dr_sim_stream *s, int number,
                    const char *sqlstate, const char *message)
{
    dr_mysql_put_error(&s->out, &c->seq, number, sqlstate, message);
}

void dr_mysql_malformed(struct dr_mysql_conn *c, struct dr_sim_stream *s)
{
    dr_mysql_error(c, s, 1835, "HY000", "Malformed communication packet");
}
