/* SQL sessions and the execution of one statement: what the statements' files share. */
#ifndef DR_MODEL_SQL_SESSION_H
#define DR_MODEL_SQL_SESSION_H

#include "controller/estate/model/sql_lex.h"
#include "controller/estate/model/sql_store.h"

struct dr_warning {
    const char *level; /* "Warning", "Note", "Error" */
    int code;
    const char *text;
};

struct dr_user_var {
    struct dr_user_var *next;
    const char *name, *value; /* value NULL: SQL NULL */
};

/* What a statement that has not ended waits for. */
enum dr_wait_kind {
    DR_WAIT_NONE,
    DR_WAIT_DELAY,
    DR_WAIT_LOCK,
    DR_WAIT_JOB,
    DR_WAIT_HUNG,
    DR_WAIT_MUTE, /* done, and the answer never arrives */
};

struct dr_model_session {
    struct dr_model_session *next;
    struct dr_model *m;
    struct dr_model_cluster *c;
    struct dr_model_instance *in;
    struct dr_arena *arena; /* lives as long as the session */
    uint64_t id;
    const char *peer;
    bool tls, logged_in, dead;
    bool internal; /* the estate's own: every right, no fence */
    const char *user, *account_host;
    const char *origin; /* "ticdc", "workload": of the estate's own; NULL: a client's */
    bool odd_txn;       /* the transaction wrote more than a heartbeat */
    const char *db;     /* NULL: none chosen */
    const char **vars;
    struct dr_user_var *user_vars;
    struct dr_prepared *prepared;     /* by name */
    bool found_rows;                  /* UPDATE tells the rows that it met */
    int64_t last_affected, last_rows; /* of the statement before: ROW_COUNT, FOUND_ROWS */
    struct dr_txn *txn;
    bool explicit_txn;
    int pending_role; /* 1 + the BDR role to take at COMMIT; 0: none */
    uint64_t last_start_tso, last_commit_tso, last_insert_id;
    int64_t since_ms; /* wall: idle or running since */
    struct dr_arena *warn_arena;
    struct dr_warning *warnings;
    size_t warning_count, warning_room;
    /* the statement under way */
    char *text;
    size_t len;
    struct dr_sql_param *params; /* one block of memory with their bytes; NULL: none */
    size_t param_count;
    bool describing;       /* COM_STMT_PREPARE */
    struct dr_warning own; /* the connection's, for this statement; level NULL: none */
    enum dr_wait_kind wait;
    bool started;     /* the delay is over */
    bool interrupted; /* KILL QUERY */
    int64_t wait_until_ms;
    uint64_t audit; /* its entry there */
    struct dr_brie *job;
    const struct dr_model_session *blocker;
    enum dr_fault_kind fault; /* to strike after it was done */
    bool fault_after;
    int fault_number;
    const char *fault_message;
};

enum dr_run { DR_RUN_OK, DR_RUN_ERROR, DR_RUN_WAIT };

/* One statement being executed. */
struct dr_exec {
    struct dr_model_session *s;
    struct dr_model_cluster *c;
    struct dr_model *m;
    struct dr_arena *a; /* of the answer */
    struct dr_cur cur;
    struct dr_sql_answer *out;
    size_t cell_room;
    bool current_read;  /* rows as last committed, not as of the snapshot */
    bool no_snapshot;   /* writes: tidb_snapshot does not apply */
    bool describe;      /* columns are wanted, not rows; nothing is done */
    uint64_t fixed_tso; /* a view or verification reads as of this; 0: as usual */
};

typedef enum dr_run dr_statement_fn(struct dr_exec *x);

/* ---- answers ---- */
/* An execution that fills `out`, which is cleared. */
struct dr_exec dr_exec_for(struct dr_model_session *s, struct dr_sql_answer *out,
                           struct dr_arena *a);
/* Fills the answer with an error; its SQLSTATE comes from the number. */
enum dr_run dr_sql_error(struct dr_exec *x, int number, const char *fmt, ...)
    DR_PRINTF(3, 4);
/* 1064 at the token under the cursor. */
enum dr_run dr_sql_syntax(struct dr_exec *x);
enum dr_run dr_sql_ok(struct dr_exec *x, uint64_t affected);
void dr_sql_warn(struct dr_exec *x, const char *level, int code, const char *fmt, ...)
    DR_PRINTF(4, 5);
void dr_result_columns(struct dr_exec *x, size_t count, const char *const *names);
void dr_result_add(struct dr_exec *x, const char *text, size_t len); /* NULL: NULL */
void dr_result_text(struct dr_exec *x, const char *text);
void dr_result_num(struct dr_exec *x, int64_t n);
void dr_result_u64(struct dr_exec *x, uint64_t n);

/* ---- the session's view ---- */
/* Which TSO a read of this statement sees; fails (8055, 9006) below the safe point. */
enum dr_run dr_read_tso(struct dr_exec *x, uint64_t *tso);
/* 9006: history that GC may have taken. */
enum dr_run dr_sql_old(struct dr_exec *x, uint64_t tso);
/* Begins the statement's transaction if none is open. */
struct dr_txn *dr_session_txn(struct dr_exec *x);
/* As a transaction of the session begins now: with tidb_low_resolution_tso a cached one,
 * up to two seconds old. Source: docs: system-variables.md. */
uint64_t dr_session_tso(const struct dr_model_session *s);
/* Ends the transaction. Commit may fail: 1836 under a fence. */
enum dr_run dr_session_commit(struct dr_exec *x);
void dr_session_rollback(struct dr_model_session *s);
/* The fence and other things that refuse writes. */
enum dr_run dr_check_write(struct dr_exec *x);
/* "db.name" or "name" at the cursor; errors 1046, 1064. */
enum dr_run dr_take_table(struct dr_exec *x, const char **schema, const char **name);
/* Runs a statement inside the model with every right; for start scripts and parts. */
int dr_model_sql_internal(struct dr_model_session *s, const char *text,
                          struct dr_sql_answer *out, struct dr_arena *a);
/* The LIKE or WHERE behind a SHOW, applied to the rows of the answer. */
enum dr_run dr_show_filter(struct dr_exec *x);
/* Session time zone is UTC: "2026-11-21 10:11:12" with `digits` of a second. */
const char *dr_sql_time(struct dr_arena *a, int64_t wall_ms, int digits);
int64_t dr_cluster_wall_ms(const struct dr_model_cluster *c);

/* Ends a session's statement and connection (KILL, a process that stops). */
void dr_session_kill(struct dr_model_session *s);
struct dr_model_session *dr_session_internal(struct dr_model_cluster *c, size_t instance);

/* Runs the statement at the cursor. */
enum dr_run dr_dispatch(struct dr_exec *x);
/* 1064 where a parser would not take it: see dr_model_sql_refuses. */
enum dr_run dr_statement_check(struct dr_exec *x);

/* ---- statements, by file ---- */
dr_statement_fn dr_st_select, dr_st_show, dr_st_set, dr_st_use, dr_st_desc; /* reads */
dr_statement_fn dr_st_insert, dr_st_update, dr_st_delete;                   /* rows */
dr_statement_fn dr_st_begin, dr_st_commit, dr_st_rollback, dr_st_noop;      /* txn */
dr_statement_fn dr_st_create, dr_st_drop, dr_st_alter, dr_st_truncate, dr_st_rename;
dr_statement_fn dr_st_grant, dr_st_revoke, dr_st_create_user, dr_st_alter_user,
    dr_st_drop_user, dr_st_show_grants, dr_st_show_create_user, dr_st_set_password;
dr_statement_fn dr_st_admin, dr_st_kill, dr_st_flush, dr_st_backup, dr_st_restore,
    dr_st_show_brie;

#endif
