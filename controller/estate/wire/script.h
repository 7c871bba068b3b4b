/* How a call runs: a script is a table of steps; each step is one exchange and the
 * reading of its answer. The engine (wire.c) sends, rotates over endpoints, keeps the
 * deadline and decides the outcome; a step says only what to send and what the answer
 * means. Shared by the files of this folder, included by nothing else. */
#ifndef DR_WIRE_SCRIPT_H
#define DR_WIRE_SCRIPT_H

#include "controller/base/buf.h"
#include "controller/base/prng.h"
#include "controller/base/quote.h"
#include "controller/estate/wire/wire.h"

struct dr_script;
struct dr_step;

/* What a step's function says. */
enum dr_flow {
    DR_FLOW_SEND,  /* of ask: the exchange is filled in */
    DR_FLOW_NEXT,  /* go to the next step; after the last one: as DONE */
    DR_FLOW_AGAIN, /* this step once more (the next item of a list) */
    DR_FLOW_JUMP,  /* s->at was set */
    DR_FLOW_RETRY, /* of take: as if the answer had not come: another endpoint, later */
    DR_FLOW_DONE,  /* the reply is complete */
    DR_FLOW_OVER,  /* failed: dr_script_fail was called */
};

struct dr_step {
    const char *name; /* of the step, for messages; NULL ends a table */
    const char
        *text; /* a statement or GET target without arguments; NULL: `ask` renders */
    /* Fills s->ex.sql.text, or s->ex.http; NULL: text is sent. May skip (NEXT). */
    enum dr_flow (*ask)(struct dr_script *s);
    /* Reads the answer; NULL: it is enough that there was one. */
    enum dr_flow (*take)(struct dr_script *s, const struct dr_answer *a);
    bool mutates;      /* once sent, a lost answer means an unknown outcome */
    bool takes_errors; /* take sees SQL errors and HTTP statuses other than 2xx, too */
    bool takes_loss;   /* take sees that nothing came (a->carried says what) */
    int64_t limit_ms;  /* of one exchange; 0: 15 s; -1: whatever the call has left */
};

enum dr_via { DR_VIA_NONE, DR_VIA_SQL, DR_VIA_PD, DR_VIA_CDC, DR_VIA_STORE };

/* One row per kind of call. */
struct dr_play {
    enum dr_via via;
    enum dr_lane lane;
    const struct dr_step *steps;
    size_t mine_bytes; /* of the script's own variables, zeroed at each start */
    bool second; /* begins with the second instance: a first look asks much of the first,
                    one after the other */
    /* Checks arguments and prepares (DR_FLOW_AGAIN: go on); NULL: nothing to do. Called
     * at each start, with `mine` zeroed. */
    enum dr_flow (*begin)(struct dr_script *s);
};

struct dr_own_session {
    char *at; /* "host:port"; owned */
    const struct dr_login *login;
    enum dr_lane lane;
    uint64_t connection_id;
};

/* What the wire remembers of a cluster between calls: hints only. */
struct dr_wire_cluster {
    uint32_t beats_skip; /* rounds for which drover.heartbeat is not asked for */
    uint32_t expected;   /* endpoints told to the carrier: bits 1u << enum dr_via */
};

struct dr_wire {
    struct dr_estate estate;
    const struct dr_topology *topology;
    struct dr_access *access;
    struct dr_carrier *carrier;
    uint64_t next_ticket;
    struct dr_script *scripts; /* open ones, oldest first */
    struct dr_wire_cluster *clusters;
    struct dr_own_session *own; /* sessions of this process, the last one of each lane */
    size_t own_count, own_room;
    struct dr_prng jitter;
};

struct dr_script {
    struct dr_script *next;
    struct dr_wire *wire;
    const struct dr_call *call; /* borrowed from the submitter */
    bool carrier_said; /* reply.err is the carrier's reason, not the server's word */
    const struct dr_play *play;
    uint64_t ticket;
    struct dr_arena *arena;   /* becomes the reply's */
    struct dr_arena *scratch; /* until the reply is taken; NULL: not needed yet */
    struct dr_reply reply;
    bool finished;   /* the reply can be taken */
    bool taken;      /* it was: only `undo` is still on its way */
    bool again;      /* an answer was lost once on the only endpoint */
    bool no_restart; /* from here on only this session will do */
    const struct dr_step *at;
    const struct dr_step *held; /* waits for its authority to be read; NULL: none */
    size_t checked;             /* instances that were asked for it */
    void *mine;                 /* the kind's own variables */
    struct dr_exchange ex;
    uint64_t carried; /* ticket of the exchange under way; 0: none */
    int64_t deadline_ms, wake_ms;
    const struct dr_login *login;
    enum dr_lane lane;           /* the play's, unless its begin chose another */
    struct dr_endpoint endpoint; /* of the exchange under way */
    struct dr_address pinned;    /* the instance the call names */
    size_t tries, endpoint_index;
    unsigned passes;     /* over all endpoints, by HTTP */
    size_t unreached;    /* endpoints in a row where nothing was sent, by HTTP */
    uint64_t session;    /* the SQL session it runs on; 0: not yet */
    bool mutated;        /* a mutating exchange may have had its effect */
    bool mutated_before; /* the same before the exchange under way */
    const char *undo;    /* constant statement to be run on the session before the end */
    bool undoing;
};

/* ---- for steps ---- */

/* Ends the script: outcome by what was sent. Returns DR_FLOW_OVER. */
enum dr_flow dr_script_fail(struct dr_script *s, enum dr_code code, const char *fmt, ...)
    DR_PRINTF(3, 4);
/* The exchange just answered is known to have had no effect. */
void dr_script_no_effect(struct dr_script *s);
/* Fails by the server's SQL error: code and effect by the table in sql.c. */
enum dr_flow dr_script_sql_error(struct dr_script *s, const struct dr_answer *a);
/* Fails by an HTTP answer that is no 2xx. */
enum dr_flow dr_script_http_error(struct dr_script *s, const struct dr_answer *a);
/* A text of the server, fit for errors and facts. */
const char *dr_script_redact(struct dr_script *s, const char *text, size_t len);
/* Fills the seen of a fact read now. */
struct dr_seen dr_script_seen(const struct dr_script *s);
int64_t dr_script_left_ms(const struct dr_script *s);
const char *dr_script_instance(struct dr_script *s); /* "host:port" of the endpoint */
/* The cluster the call is for. */
const struct dr_access_cluster *dr_script_cluster(const struct dr_script *s);
/* Renders into the script's arena. */
enum dr_flow dr_script_sql(struct dr_script *s, const char *fmt, ...) DR_PRINTF(2, 3);
/* The bytes of a buffer that hold secrets, moved into the arena and wiped when it goes;
 * the buffer is wiped and released at once. */
char *dr_script_secret(struct dr_script *s, struct dr_buf *text);
enum dr_flow dr_script_http(struct dr_script *s, const char *method, const char *target,
                            const char *body);
/* The storage place a STORE_* call is for. */
const struct dr_access_store *dr_script_store(const struct dr_script *s);
/* Whether the instance now asked knows one of this process's own sessions by that id.
 * Another instance may give the same number to somebody else's. */
bool dr_script_own(const struct dr_script *s, uint64_t connection_id);

/* ---- endpoints (endpoint.c) ---- */
/* How many there are to try: one, when the call names it. */
size_t dr_script_endpoints(const struct dr_script *s);
/* The endpoint whose turn it is into the exchange, and what it is spoken to with. */
void dr_script_fill(struct dr_script *s);

/* ---- SQL helpers (sql.c) ---- */
/* `name` with backticks doubled. */
const char *dr_sql_name(struct dr_arena *a, const char *name);
/* Cells by column name; a NULL or unreadable cell gives false. */
bool dr_cell_u64(const struct dr_sql_answer *a, size_t row, const char *column,
                 uint64_t *out);
/* 1 ON 0 OFF, as SELECT @@x and SHOW VARIABLES spell it. */
bool dr_sql_bool(const struct dr_cell *c, bool *out);
/* Copied text, NULL for SQL NULL. */
const char *dr_cell_text(const struct dr_sql_answer *a, size_t row, const char *column,
                         struct dr_arena *arena);
struct dr_sql_error {
    int number;
    enum dr_code code;
    bool no_effect; /* the statement is known to have changed nothing */
};
/* Whether the error says that this table (or its schema) is not there. */
bool dr_sql_missing(const struct dr_sql_answer *a, const char *schema, const char *table);

/* Of a KILL: there is none any more, which is what was wanted. */
bool dr_sql_no_such_session(int error);

/* Authority: the epoch row read on the mutating session itself. */
enum dr_flow dr_ask_authority(struct dr_script *s);
enum dr_flow dr_take_authority(struct dr_script *s, const struct dr_answer *a);
#define DR_STEP_AUTHORITY                                                                \
    {                                                                                    \
        .name = "read the epoch", .ask = dr_ask_authority, .take = dr_take_authority     \
    }

/* Transactions that begin by locking the epoch row. `dr_take_epoch_locked` refuses when
 * the row is not the caller's. */
enum dr_flow dr_ask_begin(struct dr_script *s);
enum dr_flow dr_ask_epoch_lock(struct dr_script *s);
enum dr_flow dr_ask_commit(struct dr_script *s);
enum dr_flow dr_take_commit(struct dr_script *s, const struct dr_answer *a);
#define DR_STEP_BEGIN                                                                    \
    {                                                                                    \
        .name = "begin", .ask = dr_ask_begin                                             \
    }
#define DR_STEP_LOCK_EPOCH                                                               \
    {                                                                                    \
        .name = "lock the epoch", .ask = dr_ask_epoch_lock, .take = dr_take_authority    \
    }
#define DR_STEP_COMMIT                                                                   \
    {                                                                                    \
        .name = "commit", .ask = dr_ask_commit, .take = dr_take_commit, .mutates = true  \
    }
#define DR_STEP_END                                                                      \
    {                                                                                    \
        .name = NULL                                                                     \
    }

/* INSERT .. ON DUPLICATE KEY UPDATE of the rows that have a value; none: skips. */
enum dr_flow dr_ask_put_rows(struct dr_script *s, const struct dr_row_write *rows,
                             size_t count);
/* The value of one row, which is locked. */
enum dr_flow dr_ask_row_locked(struct dr_script *s, const char *key);
/* `columns` ("SELECT k, value" or "DELETE") of the rows that are wanted, then `tail`;
 * none: skips. */
enum dr_flow dr_ask_select_rows(struct dr_script *s, const char *columns,
                                const struct dr_row_write *rows, size_t count,
                                bool (*want)(const struct dr_row_write *),
                                const char *tail);

/* ---- pure pieces, here for their tests ---- */
/* The privileges of one line of SHOW GRANTS, and on what; 0: on nothing of ours. */
uint32_t dr_grant_bits(const char *line, enum dr_grant_on *on);

/* ---- the plays, by concern ---- */
extern const struct dr_play dr_play_hot, dr_play_ledger, dr_play_tso, dr_play_identity,
    dr_play_accounts, dr_play_tables, dr_play_counts, dr_play_jobs, dr_play_ddl,
    dr_play_login, dr_play_pd_identity, dr_play_pd_alive, dr_play_cdc_alive,
    dr_play_pd_safepoints, dr_play_pd_stores, dr_play_cdc_server, dr_play_cdc_feeds,
    dr_play_cdc_feed, dr_play_store_list, dr_play_store_redo, dr_play_ledger_create,
    dr_play_ledger_epoch, dr_play_ledger_write, dr_play_ledger_word, dr_play_beat,
    dr_play_beat_table, dr_play_kill, dr_play_set_global, dr_play_backup, dr_play_restore,
    dr_play_drop_schema, dr_play_drop_table, dr_play_sink_account, dr_play_feed_create,
    dr_play_feed_pause, dr_play_feed_update, dr_play_feed_resume, dr_play_feed_delete;

#endif
