/* One MySQL connection, shared by mysql.c (commands), mysql_login.c, mysql_answer.c,
 * mysql_prepared.c and mysql_small.c. */
#ifndef DR_SIM_MYSQL_PRIVATE_H
#define DR_SIM_MYSQL_PRIVATE_H

#include "cmd/drover-sim/mysql_auth.h"
#include "cmd/drover-sim/mysql_packet.h"
#include "cmd/drover-sim/mysql_stmt.h"
#include "cmd/drover-sim/stream.h"

enum dr_mysql_phase {
    DR_MYSQL_AT_LOGIN,  /* the client's answer to the greeting is due */
    DR_MYSQL_AT_SWITCH, /* its answer to an AuthSwitchRequest */
    DR_MYSQL_AT_CLEAR,  /* its password in the clear */
    DR_MYSQL_AT_COMMAND,
    DR_MYSQL_AT_ANSWER, /* a statement runs, or its rows are being written */
};

enum {
    DR_MYSQL_LOGIN_MS = 10 * 1000,     /* MySQL's connect_timeout */
    DR_MYSQL_PACKET_MS = 60 * 1000,    /* from a packet's first byte to its last */
    DR_MYSQL_IDLE_MS = 28800 * 1000,   /* wait_timeout */
    DR_MYSQL_LOGIN_BYTES = 128 * 1024, /* a packet before login: attributes are 64 K */
    DR_MYSQL_BYTES = DR_MYSQL_PAYLOAD_MAX - 1 /* a packet after it */
};

/* How a statement is given and its answer told. */
enum dr_mysql_form {
    DR_FORM_TEXT,
    DR_FORM_LIST, /* COM_FIELD_LIST: only the columns are wanted */
    DR_FORM_PREPARE,
    DR_FORM_EXECUTE,
    DR_FORM_FETCH,
};

struct dr_mysql_conn {
    const struct dr_sim_peer *peer;
    struct dr_model_session *sql;
    enum dr_mysql_phase phase;
    uint8_t seq;  /* of the next packet, either way */
    bool partial; /* a packet has begun to arrive */
    uint32_t capabilities;
    unsigned char salt[DR_MYSQL_SALT];
    /* login */
    char *user, *database; /* owned */
    /* statements: one text may hold several */
    enum dr_mysql_form form;
    char *text; /* owned; NULL: none */
    size_t text_at, text_len;
    bool quiet_ok;   /* COM_INIT_DB: an OK without the statement's own numbers */
    bool warn_multi; /* several statements that are only warned about */
    struct dr_mysql_stmts stmts;
    struct dr_mysql_stmt *stmt;  /* EXECUTE, FETCH: of this one */
    struct dr_sql_param *params; /* EXECUTE: of the result's arena */
    bool cursor;                 /* EXECUTE: rows are fetched later */
    /* the answer that is being waited for or written */
    struct dr_mysql_result result;
    bool asked;    /* the model has the statement */
    bool ready;    /* the answer is filled */
    bool answered; /* and its head is written */
    size_t until;  /* FETCH: rows up to this one */
};

void dr_mysql_greet(struct dr_mysql_conn *c, struct dr_sim_stream *s);
/* One packet of a client that is not logged in. */
void dr_mysql_login_packet(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                           const char *payload, size_t len, int64_t now_ms);
void dr_mysql_change_user(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                          const char *payload, size_t len, int64_t now_ms);
void dr_mysql_reset_connection(struct dr_mysql_conn *c, struct dr_sim_stream *s);

/* A command: gets the payload behind its byte. */
typedef void dr_mysql_run_command(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                                  const char *payload, size_t len, int64_t now_ms);
dr_mysql_run_command dr_mysql_com_prepare, dr_mysql_com_execute, dr_mysql_com_long_data,
    dr_mysql_com_close, dr_mysql_com_stmt_reset, dr_mysql_com_fetch;

/* Runs a text as a command of this form; takes it over. */
void dr_mysql_run_text(struct dr_mysql_conn *c, struct dr_sim_stream *s, char *text,
                       size_t len, enum dr_mysql_form form, int64_t now_ms);
/* Goes on with what runs from where it is, as far as the model and the client let it. */
void dr_mysql_go_on(struct dr_mysql_conn *c, struct dr_sim_stream *s, int64_t now_ms);

/* ---- answers of one packet: mysql_small.c ---- */
void dr_mysql_error(struct dr_mysql_conn *c, struct dr_sim_stream *s, int number,
                    const char *sqlstate, const char *message);
void dr_mysql_malformed(struct dr_mysql_conn *c, struct dr_sim_stream *s);
uint16_t dr_mysql_status_flags(const struct dr_mysql_conn *c);
void dr_mysql_plain_ok(struct dr_mysql_conn *c, struct dr_sim_stream *s);
/* An error that ends the connection. */
void dr_mysql_last_words(struct dr_mysql_conn *c, struct dr_sim_stream *s, int number,
                         const char *sqlstate, const char *message);

#endif
