/* One MySQL connection, shared by mysql.c (commands) and mysql_login.c. */
#ifndef DR_SIM_MYSQL_PRIVATE_H
#define DR_SIM_MYSQL_PRIVATE_H

#include "cmd/drover-sim/mysql_auth.h"
#include "cmd/drover-sim/mysql_packet.h"
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
    char *text; /* owned; NULL: none */
    size_t text_at, text_len;
    bool listing;  /* COM_FIELD_LIST: only the columns are wanted */
    bool quiet_ok; /* COM_INIT_DB: an OK without the statement's own numbers */
    /* the answer that is being waited for or written */
    struct dr_arena *arena;
    struct dr_sql_answer answer;
    bool ready;    /* `answer` is filled */
    bool answered; /* and its head is written */
    size_t row;    /* the next one to write */
};

void dr_mysql_greet(struct dr_mysql_conn *c, struct dr_sim_stream *s);
/* One packet of a client that is not logged in. */
void dr_mysql_login_packet(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                           const char *payload, size_t len, int64_t now_ms);
void dr_mysql_change_user(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                          const char *payload, size_t len, int64_t now_ms);
void dr_mysql_reset_connection(struct dr_mysql_conn *c, struct dr_sim_stream *s);

uint16_t dr_mysql_status_flags(const struct dr_mysql_conn *c);
void dr_mysql_plain_ok(struct dr_mysql_conn *c, struct dr_sim_stream *s);
/* An error that ends the connection. */
void dr_mysql_last_words(struct dr_mysql_conn *c, struct dr_sim_stream *s, int number,
                         const char *sqlstate, const char *message);

#endif
