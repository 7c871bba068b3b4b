/* The simulated estate: TiDB clusters (SQL instances, status ports), PD, TiCDC and object
 * storage as servers in this process, answering statements and HTTP requests, with a seed
 * and a virtual clock. The same servers answer the simulation tests (through
 * dr_model_carrier) and stand behind real sockets in drover-sim. Each behaviour names its
 * source where it is written; an inference is marked [inference].
 *
 * Deterministic: the same document, seed and calls give the same answers and the same
 * dr_model_print. Single-threaded. Time passes only by dr_model_advance. */
#ifndef DR_MODEL_MODEL_H
#define DR_MODEL_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/buf.h"
#include "controller/base/err.h"
#include "controller/estate/carrier.h"
#include "spec/estate_doc.h"

struct dr_model;
struct dr_model_session;

/* Builds the estate a document describes. wall_ms: unix milliseconds at virtual time 0
 * (PD's clocks start there). Fails: DR_E_INPUT when the document's SQL is refused. */
int dr_model_new(struct dr_model **out, const struct dr_estate_doc *doc, uint64_t seed,
                 int64_t wall_ms, struct dr_err *err) DR_MUST_CHECK;
void dr_model_free(struct dr_model *m);

/* ---- time ---- */
int64_t dr_model_now_ms(const struct dr_model *m);  /* virtual, from 0 */
int64_t dr_model_wall_ms(const struct dr_model *m); /* unix */
/* When the next thing happens by itself; INT64_MAX: never. */
int64_t dr_model_next_ms(const struct dr_model *m);
/* Lets time pass to `to_ms`, doing on the way what falls due. */
void dr_model_advance(struct dr_model *m, int64_t to_ms);
/* Divides the model's own durations (backup, restore, owner change, propagation,
 * safepoint minute); TSOs and heartbeats follow the wall clock all the same. */
void dr_model_set_speed(struct dr_model *m, double factor);

/* ---- who listens where ---- */
enum dr_model_port {
    DR_PORT_SQL,
    DR_PORT_STATUS,
    DR_PORT_PD,
    DR_PORT_CDC,
    DR_PORT_STORE
};
struct dr_model_listener {
    enum dr_model_port port;
    struct dr_address at;
};
/* All addresses the estate listens on. Borrowed, valid for the model's life. */
const struct dr_model_listener *dr_model_listeners(const struct dr_model *m,
                                                   size_t *count);
/* Whether a new connection to this address is taken now (process up, not partitioned). */
bool dr_model_up(const struct dr_model *m, const struct dr_address *at);
/* Whether the process behind this address runs but says nothing (hung, or cut off by the
 * network): who connects waits instead of being refused. */
bool dr_model_silent(struct dr_model *m, const struct dr_address *at);
/* Somebody outside the estate, as its network knows him. */
struct dr_model_client {
    const char *host; /* the address he comes from */
    /* Whether he is that process of this machine; NULL: cannot be told. */
    bool (*is_process)(const struct dr_model_client *self, uint64_t pid);
};
/* Whether packets travel between a client and an address; false: neither hears anything
 * of the other. */
bool dr_model_reached_by(const struct dr_model *m, const struct dr_model_client *client,
                         const struct dr_address *at);
/* Grows whenever the answer to that may have changed. */
uint64_t dr_model_network_changes(const struct dr_model *m);

/* ---- SQL ---- */
/* A new session on an instance, not logged in. NULL: nobody listens there. peer: the
 * client's host as TiDB would print it. */
struct dr_model_session *dr_model_sql_open(struct dr_model *m,
                                           const struct dr_address *at, const char *peer,
                                           bool tls);
void dr_model_sql_close(struct dr_model_session *s);       /* as a lost TCP connection */
bool dr_model_sql_alive(const struct dr_model_session *s); /* false: killed, close it */
uint64_t dr_model_sql_connection_id(const struct dr_model_session *s);
const char *dr_model_sql_version(const struct dr_model_session *s); /* "8.0.11-TiDB-.." */
/* The client asked for TLS after the greeting: from now on the session is secure. */
void dr_model_sql_secure(struct dr_model_session *s);
/* What OK packets say about the session. */
bool dr_model_sql_in_transaction(const struct dr_model_session *s);
bool dr_model_sql_autocommit(const struct dr_model_session *s);
/* COM_RESET_CONNECTION, COM_CHANGE_USER: rolls back and forgets everything but the
 * connection and its id; the next thing must be a login. */
void dr_model_sql_reset(struct dr_model_session *s);

/* Whether an UPDATE tells the rows that it met instead of those that it changed (the
 * client's CLIENT_FOUND_ROWS). */
void dr_model_sql_found_rows(struct dr_model_session *s, bool found);
/* A warning of the connection's own on the next statement; the text is borrowed. */
void dr_model_sql_warn(struct dr_model_session *s, int number, const char *message);
/* A text variable as the session sees it ("tidb_multi_statement_mode"); NULL: unknown. */
const char *dr_model_sql_variable(const struct dr_model_session *s, const char *name);
/* A parser would refuse this statement whole: an open string, a parenthesis too many, an
 * unknown first word. Out: the 1064. Most refusals show only when it runs. */
bool dr_model_sql_refuses(struct dr_model_session *s, const char *text, size_t len,
                          struct dr_sql_answer *out, struct dr_arena *a);

/* Plugin of the account that a user from this session would use ("mysql_native_password"
 * when there is none). */
const char *dr_model_sql_auth_plugin(struct dr_model_session *s, const char *user);
/* Logs in. check(password, arg) says whether what the client proved fits the clear
 * password of the account. Out: 0, or the server's error with its text in *out. */
int dr_model_sql_login(struct dr_model_session *s, const char *user, const char *database,
                       bool (*check)(const char *password, void *arg), void *arg,
                       struct dr_sql_answer *out, struct dr_arena *a);

enum dr_model_done { DR_MODEL_DONE, DR_MODEL_RUNNING };
/* One statement. DR_MODEL_RUNNING: the answer comes later, by dr_model_sql_poll after
 * some dr_model_advance; the session takes no other statement meanwhile. */
enum dr_model_done dr_model_sql_query(struct dr_model_session *s, const char *text,
                                      size_t len, struct dr_sql_answer *out,
                                      struct dr_arena *a);
enum dr_model_done dr_model_sql_poll(struct dr_model_session *s,
                                     struct dr_sql_answer *out, struct dr_arena *a);

/* What a result says of a column beside its name, as TiDB's column packets carry it.
 * Source: tidb: pkg/server/internal/column/convert.go, pkg/parser/mysql/type.go. */
enum dr_sql_type_number {
    DR_TYPE_DECIMAL = 0,
    DR_TYPE_TINY = 1,
    DR_TYPE_SHORT = 2,
    DR_TYPE_LONG = 3,
    DR_TYPE_FLOAT = 4,
    DR_TYPE_DOUBLE = 5,
    DR_TYPE_NULL = 6,
    DR_TYPE_TIMESTAMP = 7,
    DR_TYPE_LONGLONG = 8,
    DR_TYPE_INT24 = 9,
    DR_TYPE_DATE = 10,
    DR_TYPE_TIME = 11,
    DR_TYPE_DATETIME = 12,
    DR_TYPE_YEAR = 13,
    DR_TYPE_VARCHAR = 15,
    DR_TYPE_BIT = 16,
    DR_TYPE_UNKNOWN = 0xf0, /* its values must tell; none of the protocol's */
    DR_TYPE_JSON = 0xf5,
    DR_TYPE_NEWDECIMAL = 0xf6,
    DR_TYPE_ENUM = 0xf7,
    DR_TYPE_SET = 0xf8,
    DR_TYPE_TINY_BLOB = 0xf9,
    DR_TYPE_MEDIUM_BLOB = 0xfa,
    DR_TYPE_LONG_BLOB = 0xfb,
    DR_TYPE_BLOB = 0xfc,
    DR_TYPE_VAR_STRING = 0xfd,
    DR_TYPE_STRING = 0xfe,
    DR_TYPE_GEOMETRY = 0xff,
};
enum dr_sql_flag {
    DR_FLAG_NOT_NULL = 0x0001,
    DR_FLAG_PRIMARY = 0x0002,
    DR_FLAG_UNIQUE = 0x0004,
    DR_FLAG_MULTIPLE = 0x0008,
    DR_FLAG_BLOB = 0x0010,
    DR_FLAG_UNSIGNED = 0x0020,
    DR_FLAG_BINARY = 0x0080,
    DR_FLAG_ENUM = 0x0100,
    DR_FLAG_AUTO_INCREMENT = 0x0200,
    DR_FLAG_SET = 0x0800,
    DR_FLAG_NO_DEFAULT = 0x1000,
    DR_FLAG_ON_UPDATE_NOW = 0x2000,
};
struct dr_sql_type {
    const char *schema, *table, *org_table, *org_name; /* NULL: of no table */
    uint8_t type, decimals;                            /* decimals 31: not fixed */
    uint16_t flags;
    uint32_t length;
    bool binary; /* bytes, not characters of utf8mb4 */
};

/* ---- prepared statements ---- */
enum dr_param_kind { DR_PARAM_NULL, DR_PARAM_NUMBER, DR_PARAM_TEXT };
struct dr_sql_param {
    enum dr_param_kind kind;
    const char *text; /* of a number: its literal */
    size_t len;
};
/* What COM_STMT_PREPARE wants to know: out->params, and the columns with their types if
 * the statement will answer rows. As dr_model_sql_query otherwise. */
enum dr_model_done dr_model_sql_prepare(struct dr_model_session *s, const char *text,
                                        size_t len, struct dr_sql_answer *out,
                                        struct dr_arena *a);
/* A statement with its parameters, which are copied. */
enum dr_model_done dr_model_sql_execute(struct dr_model_session *s, const char *text,
                                        size_t len, const struct dr_sql_param *params,
                                        size_t count, struct dr_sql_answer *out,
                                        struct dr_arena *a);

/* ---- HTTP: status ports, PD, TiCDC, object storage ---- */
struct dr_model_request {
    const char *method, *target; /* as on the request line */
    const char *body;
    size_t body_len;
    size_t header_count;
    const char *const *header_names; /* as sent */
    const char *const *header_values;
    const char *peer; /* the client's host; NULL: not known */
};
/* As dr_model_sql_query; `handle` is for dr_model_http_poll. A connection that the model
 * wants to drop without an answer comes back with status 0. */
enum dr_model_done dr_model_http(struct dr_model *m, const struct dr_address *at,
                                 const struct dr_model_request *req,
                                 struct dr_http_answer *out, struct dr_arena *a,
                                 uint64_t *handle);
enum dr_model_done dr_model_http_poll(struct dr_model *m, uint64_t handle,
                                      struct dr_http_answer *out, struct dr_arena *a);

/* ---- looking at it, and hurting it ---- */
/* The whole state as text, stable, comparable byte for byte, without secrets. */
void dr_model_print(const struct dr_model *m, struct dr_buf *out);
/* The same as data, for checkers and `drover-sim ctl state`. New reference. */
json_t *dr_model_state(const struct dr_model *m);
/* Which of an account's grants let one of its statements through so far: ["DROP ON *.*"].
 * New reference. */
json_t *dr_model_sql_used(struct dr_model *m, const char *cluster, const char *user);
/* Statements and requests that nobody knew: how many so far, and in *list the last ones,
 * oldest first, as [{"at", "text"}]. Borrowed. */
uint64_t dr_model_unknown(const struct dr_model *m, const json_t **list);
/* A command of `drover-sim ctl`: {"fault": "kill", "at": "127.0.1.4:4000"} and so on; the
 * table of faults is in faults.c. Fails: DR_E_INPUT with what is known. */
int dr_model_ctl(struct dr_model *m, const json_t *command, json_t **reply,
                 struct dr_err *err) DR_MUST_CHECK;
/* What can be looked at, and the workload that can be made: "faults" (those in force, and
 * those that are known), "audit", "check", "workload"; the rest of the command says which
 * part (audit.h, check.h, workload.h). Fails: DR_E_INPUT. */
int dr_model_look(struct dr_model *m, const char *what, const json_t *command,
                  json_t **reply, struct dr_err *err) DR_MUST_CHECK;
/* From now on no audit is kept: for who judges every step, and shows nothing. */
void dr_model_audit_off(struct dr_model *m);

/* The model as a carrier, in process: each exchange takes `latency_ms` of virtual time
 * each way; wait() advances the clock. The model is borrowed. */
struct dr_carrier *dr_model_carrier(struct dr_model *m, int64_t latency_ms,
                                    const char *peer);
/* The client goes away without a word, and the server does not notice: the session on
 * which the exchange would have been sent lives on. Out: owned; NULL: there is none yet,
 * or it is busy. */
struct dr_model_session *dr_model_carrier_leave(struct dr_carrier *c,
                                                const struct dr_exchange *ex);

#endif
