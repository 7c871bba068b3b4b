/* The ledger: drover's few facts inside a cluster, rows of mysql.drover_ledger. This file
 * knows what the rows mean and how their values are written as JSON; the statements are
 * in estate/wire/. Pure.
 *
 * Why a table in schema mysql: TiCDC never replicates it whatever its filter, RESTORE
 * without system tables and FLASHBACK CLUSTER leave it alone (tiflow:
 * pkg/filter/utils.go; tidb: br/pkg/restore/snap_client/systable_restore.go,
 * pkg/ddl/cluster.go). */
#ifndef DR_FACTS_LEDGER_H
#define DR_FACTS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/err.h"

#define DR_LEDGER_TABLE "mysql.drover_ledger"
enum { DR_LEDGER_VERSION = 1 };

/* One row as the table holds it. All strings borrowed. */
struct dr_ledger_row {
    uint64_t cluster_id; /* PD cluster id it was written for */
    const char *key;
    const char *value; /* JSON object */
    uint64_t epoch;    /* of its writer */
    const char *holder;
};

struct dr_birth_row {
    bool present;
    const char *topology;
    uint32_t version; /* of the ledger's schema */
    size_t member_count;
    const char **member_names;
    uint64_t *member_ids; /* PD cluster ids */
};

struct dr_term_row {
    bool present;
    uint64_t n;
    const char *cluster;   /* opened last */
    const char *operation; /* "genesis", or the uuid of a role change */
    uint64_t tso;          /* T2 or P; 0 for genesis */
    const char *revision;
    const char *agreed;  /* the revision agreed on last: a commit, or "generation:N" */
    const char *by;      /* USER() of who agreed by hand; NULL: a controller did */
    const char *meaning; /* digest of what it means (spec/meaning.h); NULL: not noted */
    const char *spelled; /* the value as it was read, be it spelled by another version or
                          * a person; NULL: not read */
};

enum dr_edge_state {
    DR_EDGE_NONE,
    DR_EDGE_PLANNED,
    DR_EDGE_MAKING,
    DR_EDGE_MADE,
    DR_EDGE_PROBE,
    DR_EDGE_RETIRED,
    DR_EDGE_STATE_COUNT
};

struct dr_edge_row {
    const char *from, *to; /* cluster names, also in the key */
    uint64_t generation;
    const char *id;      /* changefeed id */
    const char *redo;    /* redo prefix below the declared one; "" without redo */
    const char *account; /* sink account */
    uint64_t start_ts;   /* 0 while only planned */
    uint64_t again;      /* generation whose feed somebody removed: this one goes on where
                          * that one was last seen; 0: it began with a copy */
    enum dr_edge_state state;
    uint64_t checkpoint; /* last seen; 0: none */
    bool adopted;        /* it ran before these ledgers: taken over as it is */
    /* Digest of what the document said of changefeeds when drover last saw the feed as it
     * says (struct dr_doc, feeds); NULL: not noted. It tells an edited document from a
     * changed feed. */
    const char *settings;
    bool updating; /* drover changes the settings: that the feed is paused is its doing ..
                    */
    uint64_t
        resumed; /* .. until it was seen to run again: TSO of the primary; 0: not yet */
    /* .. and each request to pause that drover had sent for it was answered: none comes
     * late. */
    bool settled;
    /* What the secret of the feed's password is known again by, and the one that it
     * replaced, which is not taken again; NULL: not noted, none. */
    const char *secret, *replaced;
};

/* A request to pause that nobody waits for any more arrives within this time, or never:
 * connections are given up long before. [inference] */
enum { DR_LATE_PAUSE_MS = 300000 };
/* Whether drover changes settings of the edge's feed, or a request of it may still come
 * late, as of `now`. */
bool dr_edge_unsettled(const struct dr_edge_row *e, uint64_t now);

struct dr_sink_row {
    bool present;
    const char *account;
    uint64_t generation;
    bool locked; /* by us */
};

struct dr_hold_row {
    const char *purpose; /* "bootstrap", "switchover", "return", "rewind"; in the key */
    const char *operation;
    uint64_t need;     /* TSO whose history must stay; 0: not known yet */
    uint64_t deadline; /* TSO of the held cluster */
};

struct dr_gc_setting {
    bool enable;
    int64_t life_time_ms;
};

struct dr_gc_row {
    bool present;
    struct dr_gc_setting before, set;
};

/* A running or finished BACKUP (in the source) or RESTORE (in the target). */
struct dr_copy_row {
    bool present;
    uint64_t generation;
    const char *prefix; /* below the declared storage prefix */
    uint64_t tso;       /* T */
    const char *instance;
    uint64_t connection_id;
};

/* A comparison that did not find both sides equal, in the ledger of the secondary:
 * whoever starts anew is as stopped by it as who made it. */
struct dr_compared_row {
    bool present;
    uint64_t generation;
    uint64_t tso;           /* both sides as of then */
    uint64_t at;            /* TSO of the cluster that holds the row */
    uint64_t connection_id; /* of the RESTORE that it judged; 0: none */
    int64_t budget_ms;      /* it had */
    bool complete;          /* false: the budget ended first */
    size_t text_count;      /* three for each difference: table, primary, secondary */
    const char **texts;
};

enum dr_fence_why { DR_FENCED_NOT, DR_FENCED_SECONDARY, DR_FENCED_OPERATION };

struct dr_fenced_row {
    enum dr_fence_why why;
    uint64_t term;
    const char *operation; /* with DR_FENCED_OPERATION */
    bool releasing;
};

/* A human's word for one plan, in the primary's ledger. Given by hand (`drover approve`)
 * it names the plan only; whoever first acts on it takes it: from then on it allows the
 * steps that the plan had, by rule and subject, until none of them that needs a word is
 * missing, or its time is over. */
struct dr_approval_row {
    bool present;
    const char *digest;      /* of the plan */
    const char *by;          /* USER() of who gave it, or "the document" */
    uint64_t until;          /* TSO of the cluster that holds the row */
    const char *declaration; /* digest of its meaning: an edited document is not meant */
    bool taken;
    size_t step_count;   /* 0: not taken */
    const char **steps;  /* "255/west" */
    const char *spelled; /* as in struct dr_term_row */
};

/* A word from a human that was used: it is good for one time. */
struct dr_consumed_row {
    const char *id;   /* in the key */
    const char *word; /* "ledger.reset", "approval" */
};

/* A step that drover made again and again because somebody undid it: a fight, or what may
 * become one (act/fights.h). */
struct dr_fight_row {
    uint64_t rule, count; /* corrections */
    const char *cluster;
    uint64_t at[3], undone; /* TSOs: the latest corrections, newest first; 0: none */
    bool fought;
};

/* What was seen of the feed and of its secondary when the lease was written. It stands
 * there because the lease is written anyhow: a converged pair writes nothing else. */
struct dr_last_seen {
    uint64_t checkpoint; /* of the feed; 0: none */
    uint64_t generation; /* of the feed; 0: nothing was seen */
    /* Once the feed was made, an instance of the secondary took writes, and nobody has
     * said since that both sides were compared: first and last seen, TSOs of the primary
     * as of the looks; 0: not noted. */
    bool opened;
    uint64_t opened_from, opened_to;
    /* What drover put right within the hour, and under which declaration (its meaning): a
     * restart must not begin a fight anew. */
    const char *declaration;
    size_t fight_count;
    struct dr_fight_row *fights;
};

struct dr_ledger {
    /* authority over the cluster */
    uint64_t epoch; /* 0: none yet */
    const char *holder;
    const char *lease_holder;
    uint64_t lease_until; /* TSO; 0: none */
    struct dr_last_seen last_seen;
    struct dr_birth_row birth;
    struct dr_term_row term;
    struct dr_sink_row sink;
    struct dr_gc_row gc;
    struct dr_copy_row backup, restoring;
    struct dr_compared_row compared;
    struct dr_fenced_row fenced;
    struct dr_approval_row approval;
    size_t edge_count, hold_count, consumed_count;
    struct dr_edge_row *edges;
    struct dr_hold_row *holds;
    struct dr_consumed_row *consumed;
    size_t row_count;       /* ours, understood or not */
    size_t foreign_count;   /* rows of another cluster_id: reported, never touched */
    const char *unreadable; /* key of a row this version cannot read; NULL: none */
};

/* Builds the typed ledger of the cluster with PD id `cluster_id` from raw rows. A row
 * that cannot be read sets `unreadable`: nothing may act on such a ledger. */
void dr_ledger_decode(struct dr_ledger *out, const struct dr_ledger_row *rows,
                      size_t count, uint64_t cluster_id, struct dr_arena *a);

/* Keys and values of rows: canonical JSON, owned by the arena. */
#define DR_KEY_EPOCH     "epoch"
#define DR_KEY_LEASE     "lease"
#define DR_KEY_BIRTH     "birth"
#define DR_KEY_TERM      "term"
#define DR_KEY_SINK      "sink"
#define DR_KEY_GC        "gc"
#define DR_KEY_BACKUP    "backup"
#define DR_KEY_RESTORING "restoring"
#define DR_KEY_COMPARED  "compared"
#define DR_KEY_FENCED    "fenced"
#define DR_KEY_APPROVAL  "approval"
#define DR_WORD_APPROVAL "approval" /* of a consumed row; its id is the digest */
const char *dr_edge_key(const char *from, const char *to, struct dr_arena *a);
const char *dr_hold_key(const char *purpose, struct dr_arena *a);
const char *dr_birth_value(const struct dr_birth_row *r, struct dr_arena *a);
const char *dr_term_value(const struct dr_term_row *r, struct dr_arena *a);
const char *dr_edge_value(const struct dr_edge_row *r, struct dr_arena *a);
const char *dr_sink_value(const struct dr_sink_row *r, struct dr_arena *a);
const char *dr_hold_value(const struct dr_hold_row *r, struct dr_arena *a);
const char *dr_gc_value(const struct dr_gc_row *r, struct dr_arena *a);
const char *dr_copy_value(const struct dr_copy_row *r, struct dr_arena *a);
const char *dr_compared_value(const struct dr_compared_row *r, struct dr_arena *a);
const char *dr_fenced_value(const struct dr_fenced_row *r, struct dr_arena *a);
const char *dr_approval_value(const struct dr_approval_row *r, struct dr_arena *a);
/* The values as they stand in the table, for compare-and-set: another version, or a
 * person, may have spelled the same row otherwise. Of a row that was read; NULL: there is
 * none. */
const char *dr_term_standing(const struct dr_term_row *r, struct dr_arena *a);
const char *dr_approval_standing(const struct dr_approval_row *r, struct dr_arena *a);
const char *dr_consumed_key(const char *id, struct dr_arena *a);
const char *dr_consumed_value(const struct dr_consumed_row *r, struct dr_arena *a);
const char *dr_lease_value(uint64_t until, const struct dr_last_seen *seen,
                           struct dr_arena *a);
/* What a lease that stands says was seen, and what somebody else saw: both. Of the later
 * generation; of one, what was seen once stays seen. NULL, or a value that cannot be
 * read: `seen` as it is. */
struct dr_last_seen dr_lease_merge(const char *standing, struct dr_last_seen seen,
                                   struct dr_arena *a);
struct dr_last_seen dr_last_seen_both(struct dr_last_seen x, struct dr_last_seen y);

/* NULL: no such row. */
const struct dr_edge_row *dr_ledger_edge(const struct dr_ledger *l, const char *from,
                                         const char *to);
const struct dr_hold_row *dr_ledger_hold(const struct dr_ledger *l, const char *purpose);
bool dr_ledger_consumed(const struct dr_ledger *l, const char *id);
const char *dr_edge_state_name(enum dr_edge_state s);

#endif
