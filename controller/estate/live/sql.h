/* One SQL connection, blocking: the only place that knows the MySQL client library. All
 * functions but dr_live_sql_shut and dr_live_sql_fd belong to whoever holds the
 * connection; the thread must be between dr_live_sql_thread_begin and _end. */
#ifndef DR_ESTATE_LIVE_SQL_H
#define DR_ESTATE_LIVE_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/err.h"
#include "controller/estate/carrier.h"

enum {
    DR_SQL_BYTES_MAX = 64 * 1024 * 1024, /* of one answer */
    DR_SQL_ROWS_MAX = 1000000,
};

struct dr_sql;

/* How to connect. Borrowed for the call. */
struct dr_sql_dial {
    struct dr_address at;
    const char *literal; /* address that `at.host` was resolved to; NULL: not known */
    const struct dr_login *login;
    uint32_t timeout_ms;
    bool bare;              /* only to see whether one is let in: no setup, no id */
    const char *plugin_dir; /* NULL: the library's own */
};

/* Prepares the library, once per process; every later call is cheap. */
void dr_live_sql_library(void);
void dr_live_sql_thread_begin(void);
void dr_live_sql_thread_end(void);

struct dr_sql *dr_live_sql_new(void);

/* Connects, logs in, runs the session setup and reads CONNECTION_ID(). Blocks: up to
 * timeout_ms per read, rounded up to seconds, plus name resolution where `literal` cannot
 * be used (a name whose certificate is to be verified). Out: connection_id. A server's
 * refusal is no failure: answer->error is set and the connection is of no use.
 * Fails: DR_E_UNREACHABLE, DR_E_TIMEOUT, DR_E_AUTH (TLS or login method), DR_E_PROTOCOL,
 * DR_E_PEER (session setup refused). Nothing of the caller's was sent in any case. */
int dr_live_sql_open(struct dr_sql *s, const struct dr_sql_dial *dial,
                     struct dr_arena *arena, struct dr_sql_answer *answer,
                     struct dr_err *err) DR_MUST_CHECK;

/* Writes one statement. Fails: DR_E_UNREACHABLE; part of it may have been sent. */
int dr_live_sql_send(struct dr_sql *s, const char *text,
                     struct dr_err *err) DR_MUST_CHECK;

/* Reads the whole answer. Blocks: until it is there or dr_live_sql_shut. Out: what
 * belongs to the statement, owned by the arena; a server's error is an answer. Fails: the
 * connection is then of no use and the outcome unknown. */
int dr_live_sql_read(struct dr_sql *s, struct dr_arena *arena,
                     struct dr_sql_answer *answer, struct dr_err *err) DR_MUST_CHECK;

/* Whether the whole answer is there, so that dr_live_sql_read does not wait for any of
 * it. false: it is not, it is longer than a few KiB, or that cannot be known (TLS). Never
 * blocks. */
bool dr_live_sql_is_whole(const struct dr_sql *s);

/* The socket to watch; a duplicate that stays valid until dr_live_sql_close. -1: none
 * yet. */
int dr_live_sql_fd(const struct dr_sql *s);

/* Ends the connection under whoever is blocked on it, now or as soon as there is a
 * socket. Any thread; never blocks. */
void dr_live_sql_shut(struct dr_sql *s);

void dr_live_sql_close(struct dr_sql *s); /* says goodbye if it can, and frees */

#endif
