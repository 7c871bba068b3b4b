/* What drover can ask of an estate and do to it: calls, as pure data. One row per kind in
 * dr_call_rows says what mutates, what may be repeated after an unknown outcome, what
 * needs the epoch, and how long it may take. */
#ifndef DR_FACTS_CALL_H
#define DR_FACTS_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/facts/facts.h"

enum dr_call_kind {
    DR_CALL_NONE,
    /* reads by SQL */
    DR_CALL_SQL_HOT,      /* one select on one instance: dr_instance */
    DR_CALL_SQL_LEDGER,   /* as SQL_HOT on one instance, with ledger and beats */
    DR_CALL_SQL_TSO,      /* the cluster's TSO now */
    DR_CALL_SQL_IDENTITY, /* dr_identity */
    DR_CALL_SQL_ACCOUNTS, /* dr_accounts */
    DR_CALL_SQL_TABLES,   /* dr_tables */
    DR_CALL_SQL_COUNTS,   /* dr_counts */
    DR_CALL_SQL_JOBS,     /* dr_jobs of one instance */
    DR_CALL_SQL_DDL,      /* dr_ddl_jobs */
    DR_CALL_SQL_LOGIN,    /* may the sink account of a generation log in here? */
    /* reads by HTTP */
    DR_CALL_PD_IDENTITY,   /* dr_pd */
    DR_CALL_PD_ALIVE,      /* whether the endpoint at.instance answers */
    DR_CALL_PD_SAFEPOINTS, /* dr_safepoints */
    DR_CALL_CDC_ALIVE,     /* whether the endpoint at.instance answers */
    DR_CALL_PD_STORES,     /* dr_stores */
    DR_CALL_CDC_SERVER,    /* dr_cdc_server */
    DR_CALL_CDC_FEEDS,     /* dr_feeds */
    DR_CALL_CDC_FEED,      /* dr_feed_detail, one poll */
    DR_CALL_STORE_LIST,    /* dr_listing */
    DR_CALL_STORE_REDO,    /* dr_redo_logs */
    /* mutations of a cluster's ledger */
    DR_CALL_LEDGER_CREATE, /* the table, if it is not there */
    DR_CALL_LEDGER_EPOCH,  /* compare-and-set of (epoch, holder) */
    DR_CALL_LEDGER_WRITE,  /* rows, in one transaction that locks the epoch row first */
    DR_CALL_LEDGER_WORD,   /* a human's word, by the hand of who has no authority */
    DR_CALL_BEAT,          /* lease, and the heartbeat where the cluster is open */
    /* mutations of a cluster */
    DR_CALL_BEAT_TABLE,   /* schema drover, table heartbeat, if they are not there */
    DR_CALL_KILL,         /* sessions of drover's own account on one instance */
    DR_CALL_SET_GLOBAL,   /* one variable, on one instance */
    DR_CALL_BACKUP,       /* writes its `backup` row, then runs to the end */
    DR_CALL_RESTORE,      /* writes its `restoring` row, then runs to the end */
    DR_CALL_DROP_SCHEMA,  /* one schema */
    DR_CALL_DROP_TABLE,   /* one table */
    DR_CALL_SINK_ACCOUNT, /* password of a generation, unlocked; or locked; ends its
                           * sessions */
    /* mutations of TiCDC */
    DR_CALL_FEED_CREATE,
    DR_CALL_FEED_PAUSE,
    DR_CALL_FEED_UPDATE, /* of a stopped or failed feed: all its settings anew */
    DR_CALL_FEED_RESUME,
    DR_CALL_FEED_DELETE,
    DR_CALL_KIND_COUNT
};

struct dr_target {
    uint16_t cluster;     /* index into the declaration's clusters; unused by STORE_* */
    const char *instance; /* "host:port" of SQL, PD or TiCDC; NULL: any that answers */
};

/* Which process start acts. Read on the mutating session itself before it mutates; by
 * HTTP nobody can check that there, so it is read by SQL right before, and nothing that
 * mutates is sent after `until_ms`: an older holder's request would come upon a newer
 * one's work. */
struct dr_authority {
    uint64_t cluster_id; /* PD id, the ledger's key */
    uint64_t epoch;
    const char *holder;
    int64_t until_ms; /* of the estate's clock: until when no other holder has begun */
};

enum dr_row_expect { DR_ROW_ANY, DR_ROW_ABSENT, DR_ROW_EQUALS };
struct dr_row_write {
    const char *key;
    const char *value; /* NULL: delete */
    enum dr_row_expect expect;
    const char *expected; /* value, with DR_ROW_EQUALS */
};

/* What a feed of an edge is made of; the rest comes from the declaration. */
struct dr_feed_args {
    const char *id;
    uint16_t to; /* cluster index of the downstream */
    uint64_t generation;
    uint64_t start_ts;
    const char *redo; /* prefix below the declared redo prefix; "" without redo */
    /* Of an update: the password goes with it, derived from the secret of this print,
     * whatever else differs; NULL: only with a sink that differs. */
    const char *secret;
};

enum dr_store { DR_STORE_BACKUP, DR_STORE_REDO };
/* The prefix that is the declared place itself: where an adopted feed writes. */
#define DR_REDO_HERE "."

struct dr_copy_args {
    const char *prefix; /* below the declared backup prefix */
    uint64_t generation;
    uint64_t tso; /* BACKUP: 0 = take T on this session first; RESTORE: T of the backup */
};

union dr_args {
    struct {
        size_t count;
        const char *const *names; /* accounts besides the controller's own */
    } accounts;
    struct {
        uint64_t tso; /* schemas and tables as they were then; 0: now */
    } tables;
    struct {
        uint64_t tso; /* 0: now */
        size_t count;
        const struct dr_table *tables;
        int64_t budget_ms;
    } counts;
    struct {
        size_t count;
        const char *const *ids; /* feeds it should show; where one is missing the list is
                                   made a poll of absence */
    } feeds;
    struct {
        uint64_t generation; /* whose derived password is tried; 0: the declared one */
        const char *from;    /* cluster name the edge starts at (in the derivation) */
    } login;
    struct {
        enum dr_store store;
        const char *prefix;
    } store;
    struct {
        uint64_t expect_epoch; /* 0: no row */
        const char *expect_holder;
        uint64_t epoch;
        const char *holder;
        uint64_t tso;     /* of that cluster, now; the first lease counts from it */
        int64_t lease_ms; /* 0: none is written */
        struct dr_last_seen seen; /* stands in it */
    } epoch;
    struct {
        size_t count;
        const struct dr_row_write *rows;
    } write;
    struct {
        /* one of the two; `by` is the server's to say */
        const struct dr_approval_row *approval;
        const struct dr_term_row *agreed;
        const char *expected; /* value of the row that stands; NULL: there is none */
    } word;
    struct {
        uint64_t tso;             /* read in this round */
        int64_t lease_ms;         /* 0: give the lease back */
        const char *origin;       /* cluster name to beat for; NULL: lease only */
        struct dr_last_seen seen; /* stands in the lease */
    } beat;
    struct {
        size_t count;
        const uint64_t *ids;
    } kill;
    struct {
        const char *name, *value; /* value rendered as SQL: OFF, '10m0s' */
    } set;
    struct dr_copy_args copy;
    struct {
        const char *schema, *table;
    } drop;
    struct {
        uint64_t generation;
        const char *from; /* cluster name the edge starts at */
        bool lock;        /* false: set the generation's password and unlock */
        bool keeps_lock;  /* .. and leave a lock as it is */
    } sink;
    struct dr_feed_args feed;
};

struct dr_call {
    enum dr_call_kind kind;
    struct dr_target at;
    struct dr_authority as; /* filled by act/ for kinds that need it */
    union dr_args args;
    int64_t deadline_ms; /* 0: the kind's own */
};

struct dr_call_row {
    const char *name;     /* "sql.hot", stable */
    bool mutates;         /* changes anything but drover's own reading sessions */
    bool repeatable;      /* may be sent again after an unknown outcome */
    bool needs_authority; /* reads (epoch, holder) first: see struct dr_authority */
    int64_t deadline_ms;
    const char *help;
};
extern const struct dr_call_row dr_call_rows[DR_CALL_KIND_COUNT];

enum dr_outcome {
    DR_DONE,
    DR_REFUSED, /* proven without effect */
    DR_UNKNOWN, /* resolved by observing, never by blind repetition */
};

struct dr_reply {
    uint64_t ticket;
    enum dr_outcome outcome;
    struct dr_err err;  /* unless DR_DONE */
    union dr_reply_as { /* by kind, with DR_DONE; `seen` is filled; owned by `arena` */
        struct dr_instance *instance; /* SQL_HOT, SQL_LEDGER */
        struct dr_identity *identity;
        struct dr_accounts *accounts;
        struct dr_tables *tables;
        struct dr_counts *counts;
        struct dr_jobs *jobs;
        struct dr_ddl_jobs *ddl;
        struct dr_pd *pd;
        struct dr_safepoints *safepoints;
        struct dr_stores *stores;
        struct dr_cdc_server *cdc;
        struct dr_feeds *feeds;
        struct dr_feed_detail *feed;
        struct dr_listing *listing;
        struct dr_redo_logs *redo;
        struct dr_copy_row *copy; /* BACKUP, RESTORE: with connection id and T */
    } as;
    struct dr_ledger_group *ledger; /* SQL_LEDGER, besides `instance`; not decoded, and
                                       without its TSO */
    uint64_t tso;                   /* SQL_TSO */
    enum dr_login_answer login;     /* SQL_LOGIN */
    /* A mutation by SQL, whatever its outcome: where it was last tried. After DR_UNKNOWN
     * that session is to be killed and seen gone before the outcome is read. */
    const char *instance;   /* "host:port"; NULL: nowhere */
    uint64_t connection_id; /* 0: not known */
    struct dr_arena *arena; /* the taker frees it: dr_reply_release */
};

void dr_reply_release(struct dr_reply *r);

#endif
