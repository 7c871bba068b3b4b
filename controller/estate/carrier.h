/* The lower seam: one exchange is one SQL statement on one session, or one HTTP request.
 * `wire` turns calls into exchanges; `live` carries them over sockets, `model` answers
 * them in process. Faults are injected here, so that rendering and parsing are simulated
 * too. Nothing here knows what a statement means. */
#ifndef DR_ESTATE_CARRIER_H
#define DR_ESTATE_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/err.h"
#include "controller/base/secret.h"
#include "spec/doc.h" /* struct dr_tls */

enum { DR_HOST_MAX = 256 };

struct dr_address {
    char host[DR_HOST_MAX]; /* name or literal, an IPv6 literal without brackets */
    uint16_t port;
};

/* Who logs in. Lives as long as the carrier that was given it; compared by pointer. */
struct dr_login {
    const char *user;
    struct dr_secret password;
    struct dr_tls tls;
};

/* Sessions of one address and login are told apart by lane, so that a long statement
 * never stands before a short one. */
enum dr_lane {
    DR_LANE_OBSERVE,
    DR_LANE_ACT,
    DR_LANE_LEASE, /* lease and heartbeat, also beside a long statement */
    DR_LANE_JOB,   /* BACKUP and RESTORE */
    DR_LANE_LOGIN, /* "may this account log in?": closed after each exchange */
    DR_LANE_COUNT_
};

/* Run by the carrier on each new session (but of lane LOGIN), before anything else; a
 * session on which one of them fails is closed. Source: docs: system-variables.md. */
extern const char *const dr_session_setup[]; /* ends with NULL */

/* Keys of an S3 service; a request that carries one is signed (AWS Signature V4). */
struct dr_store_key {
    const char *region;
    struct dr_secret access, secret;
};

enum dr_exchange_kind { DR_EXCHANGE_SQL, DR_EXCHANGE_HTTP };

/* Borrows everything it points at until its answer was taken. */
struct dr_exchange {
    enum dr_exchange_kind kind;
    struct dr_address at;
    int64_t deadline_ms; /* from submit, queueing included; > 0 */
    struct {
        const struct dr_login *login;
        enum dr_lane lane;
        uint64_t session; /* 0: connect if need be; else only on this session: when it is
                             gone the answer is DR_NOT_SENT */
        const char *text; /* one statement, NUL-terminated, without a semicolon */
    } sql;
    struct {
        const struct dr_tls *tls;       /* NULL: plain http */
        const struct dr_login *login;   /* Basic authentication; NULL: none */
        const char *method;             /* GET HEAD POST PUT DELETE */
        const char *target;             /* encoded path and query, "/pd/api/v1/cluster" */
        const char *body;               /* JSON; NULL: none */
        const struct dr_store_key *key; /* NULL: not signed */
        int64_t not_after_ms; /* of now_ms: not a byte is sent later; 0: no such time */
        size_t reply_max;     /* bytes; 0: 64 MiB */
    } http;
};

enum dr_carried {
    DR_NOT_SENT, /* proven without effect: `err` says why */
    DR_LOST,     /* sent at least in part, no whole answer: the outcome is unknown */
    DR_ANSWERED, /* an answer, be it a refusal */
};

struct dr_cell {
    const char *text; /* NULL: SQL NULL; NUL-terminated */
    size_t len;
};

struct dr_sql_type; /* of the simulated estate (model.h): what live answers need not say
                     */

struct dr_sql_answer {
    uint64_t session;       /* number of the session it ran on, never used twice */
    uint64_t connection_id; /* CONNECTION_ID() of that session */
    int error;              /* 0: none; else the server's number */
    char sqlstate[6];
    const char *message; /* with error */
    uint64_t affected;
    uint64_t insert_id; /* the first AUTO_INCREMENT value it drew, else the last given */
    uint32_t warnings;
    size_t column_count, row_count;
    const char **columns;            /* names */
    struct dr_cell *cells;           /* row by row */
    const struct dr_sql_type *types; /* by column; NULL: not told */
    const char *info;                /* "Rows matched: 1 ..."; NULL: not told */
    uint32_t params;                 /* of a prepared statement */
};

struct dr_http_answer {
    int status;
    const char *content_type; /* may be NULL */
    const char *body;         /* NUL-terminated, may hold NULs */
    size_t body_len;
    const char *etag; /* of an object, without quotes; NULL: none */
};

struct dr_answer {
    uint64_t ticket;
    enum dr_carried carried;
    struct dr_err err; /* unless DR_ANSWERED */
    struct dr_sql_answer sql;
    struct dr_http_answer http;
    struct dr_arena *arena; /* owns what the answer points at; the taker frees it */
};

struct dr_carrier {
    /* Never blocks. Out: a ticket, unique per carrier, > 0. */
    void (*submit)(struct dr_carrier *, const struct dr_exchange *, uint64_t *ticket);
    /* Waits for any answer until the time (of now_ms); false: time is up. */
    bool (*wait)(struct dr_carrier *, int64_t until_ms, struct dr_answer *out);
    /* Monotonic milliseconds; virtual in the model. */
    int64_t (*now_ms)(struct dr_carrier *);
    /* Closes all sessions of a login (NULL: of all logins), as a process end would. */
    void (*hang_up)(struct dr_carrier *, const struct dr_login *);
    void (*free)(struct dr_carrier *);
    /* Closes one session (its number; gone: nothing), as a broken connection would. NULL:
     * this carrier cannot; only the fault decorator asks for it. */
    void (*drop)(struct dr_carrier *, uint64_t session);
    /* A request to this address may follow when another one fails: finds out meanwhile
     * whether somebody is there, so that many dead ones cost the time of one. A hint;
     * NULL: this carrier knows at once. */
    void (*expect)(struct dr_carrier *, const struct dr_address *);
};

/* Column of that name in row r; NULL text when there is no such column. */
const struct dr_cell *dr_answer_cell(const struct dr_sql_answer *a, size_t row,
                                     const char *column);

/* "host:port" and "[v6]:port", both ways. */
bool dr_address_parse(struct dr_address *out, const char *text, uint16_t default_port);
const char *dr_address_text(const struct dr_address *at, char out[DR_HOST_MAX + 16]);
bool dr_address_equal(const struct dr_address *a, const struct dr_address *b);

#endif
