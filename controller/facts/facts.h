/* Everything drover can know about an estate, as one frozen snapshot. Each group is
 * either known (at a time) or unknown (and why); a failed, partial or late read is never
 * "absent", "empty", "down" or "zero". The planner reads this and nothing else.
 *
 * Times are milliseconds of the observer's monotonic clock; in JSON they are ages, so
 * that a saved snapshot plans the same everywhere. Groups are filled by observe/ from
 * replies. */
#ifndef DR_FACTS_FACTS_H
#define DR_FACTS_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/err.h"
#include "controller/facts/ledger.h"
#include "spec/doc.h"

struct dr_seen {
    bool known;
    int64_t at_ms;     /* when it was read; unknown: when last it was, 0: not that anybody
                          knows */
    const char *why;   /* unknown: the reason, one line, without secrets */
    enum dr_code code; /* unknown: class of the reason; 0: never asked */
};

/* One SQL instance. Authority: the instance itself. Tier hot. */
struct dr_instance {
    struct dr_seen seen;
    const char *address; /* "host:port" that drover dials */
    bool super_read_only, restricted_read_only;
    bool gc_enable;
    int64_t gc_life_time_ms;
    bool ttl_job_enable;
    bool external_ts_read;
    uint32_t auto_increment_increment, auto_increment_offset;
};

/* Of an instance that is known; one that is not neither takes nor refuses. Either flag
 * keeps business out; drover's own fence is the first. Source: docs: system-variables.md,
 * tidb_super_read_only, tidb_restricted_read_only. */
static inline bool dr_instance_takes_writes(const struct dr_instance *x)
{
    return x->seen.known && !x->super_read_only && !x->restricted_read_only;
}
static inline bool dr_instance_refuses_writes(const struct dr_instance *x)
{
    return x->seen.known && (x->super_read_only || x->restricted_read_only);
}
static inline bool dr_instance_is_fenced(const struct dr_instance *x)
{
    return x->seen.known && x->super_read_only;
}

/* Rows of mysql.drover_ledger and drover.heartbeat, read by one instance of the cluster
 * in one statement, and the TSO, taken beside it: known with both or not at all, read
 * when the earlier of the two was. Tier hot. */
struct dr_beat {
    const char *origin; /* cluster name */
    uint64_t tso;       /* of the origin */
};
struct dr_ledger_group {
    struct dr_seen seen;
    uint64_t tso;         /* TSO now, of this cluster */
    int64_t tso_from_ms;  /* when it was handed out, at the earliest; not saved */
    const char *instance; /* that answered */
    bool table_present;
    size_t raw_count;
    struct dr_ledger_row *raw;
    bool decoded; /* false while the cluster's id is unknown: dr_facts_decode_ledger */
    struct dr_ledger rows;
    bool beat_table_present;
    size_t beat_count;
    struct dr_beat *beats;
};

/* information_schema.cluster_info, TIDB_VERSION(), mysql.tidb. Tier warm. */
struct dr_member {
    const char *type; /* tidb pd tikv ticdc .. */
    const char *instance, *status_address, *version;
};
struct dr_identity {
    struct dr_seen seen;
    uint64_t cluster_id; /* mysql.tidb; 0: this version does not have the row */
    struct dr_version version;
    bool new_collation;
    size_t member_count;
    struct dr_member *members;
};

/* PD. Identity warm, safepoints hot. Source: pd: server/api/{cluster,member,
 * service_gc_safepoint}.go. */
struct dr_pd {
    struct dr_seen seen;
    uint64_t cluster_id;
    struct dr_version version;
    size_t address_count;
    const char **addresses; /* "host:port" of the members' client URLs */
};
struct dr_safepoint {
    const char *service_id;
    int64_t expired_at_s; /* unix; INT64_MAX: never */
    uint64_t safe_point;
};
struct dr_safepoints {
    struct dr_seen seen;
    uint64_t gc_safe_point;
    size_t count;
    struct dr_safepoint *items;
};
/* How much a copy moves, and how many move it: PD's own estimates. The approximate sizes
 * of the regions led by each store, so each byte once. Tier cold. Source: pd:
 * server/api/store.go, pkg/schedule/config/config.go. */
struct dr_stores {
    struct dr_seen seen;
    uint64_t data_bytes;
    uint32_t count;    /* TiKV, up; TiFlash left out */
    uint32_t replicas; /* max-replicas */
};

/* TiCDC that captures this cluster. Server warm, feeds hot. */
struct dr_cdc_server {
    struct dr_seen seen;
    struct dr_version version;
    const char *cluster_id; /* TiCDC's own, "default" */
    bool new_arch;
    bool healthy;         /* GET /health was 200 */
    const char *owner_id; /* NULL: no owner */
    int64_t gc_ttl_s;
    size_t capture_count, address_count;
    const char **addresses; /* "host:port" that the captures advertise */
};

enum dr_feed_state {
    DR_FEED_STATE_NONE,
    DR_FEED_NORMAL,
    DR_FEED_WARNING, /* and pending */
    DR_FEED_STOPPED,
    DR_FEED_FAILED,
    DR_FEED_FINISHED,
    DR_FEED_REMOVED,
    DR_FEED_STRANGE, /* a state this version does not know: nothing acts on it */
    DR_FEED_STATE_COUNT
};

struct dr_feed {
    const char *id;
    uint64_t upstream_id;
    enum dr_feed_state state;
    uint64_t checkpoint;
    const char *error;     /* "CDC:ErrX: text", redacted; NULL: none */
    uint32_t rises;        /* how often observe saw the checkpoint grow while normal */
    bool leaves_sql;       /* its sink is no SQL server, so it writes into no cluster */
    const char *sink_user; /* of a feed that is not drover's; NULL: not known */
};
struct dr_feeds {
    struct dr_seen seen;
    /* A feed was missing, and this owner, healthy before and after, did not show it;
     * NULL: none was missing, or it is no poll of absence. */
    const char *owner_id;
    /* A feed that should be there and is not, and whose absence is not proven: a new
     * owner lists none for a moment, so that nothing follows from what is not listed.
     * NULL: none.
     */
    const char *unproven;
    size_t count;
    struct dr_feed *items;
};

/* One feed in detail, compared with what drover would make. Tier warm. */
struct dr_difference {
    const char *field, *desired, *observed; /* redacted */
};
struct dr_feed_detail {
    struct dr_seen seen;
    const char *id;
    bool present;          /* false with absence_proven only */
    bool absence_proven;   /* 3 polls over 10 s, healthy, same owner */
    uint32_t absent_polls; /* polls in a row that did not see it */
    int64_t absent_since_ms;
    const char *owner_id;
    uint64_t upstream_id;
    uint64_t start_ts;        /* as TiCDC shows it: classic TiCDC changes it with a resume
                               * from another point than the checkpoint; 0: not told */
    const char *sink_scheme;  /* "mysql", "kafka"; NULL: not readable */
    const char *sink_address; /* "host:port" of its sink */
    const char *sink_user;
    size_t difference_count;
    struct dr_difference *differences;
    /* Settings that are neither declared nor TiCDC's default, as replication.config
     * spells them: what a feed that drover makes of the document would not have. */
    size_t extra_count;
    struct dr_difference *extras;
    /* Why this process gave up to bring the declared settings: TiCDC refused them, or
     * does not take them for a while; NULL: it did not, or that is long ago. */
    const char *refused;
    /* This process saw the change of its settings begin, and each request to pause that
     * it sent for that was answered. */
    bool pauses_answered;
    /* The secret, by its print, of the password that this process last sent with its
     * settings, and that TiCDC took; NULL: none. */
    const char *sent_secret;
    bool leaves_beat_out; /* its filter does not carry drover.heartbeat */
};

/* Accounts of a cluster. Tier cold. */
enum dr_privilege {
    // clang-format off
    DR_PRIV_SELECT, DR_PRIV_INSERT, DR_PRIV_UPDATE, DR_PRIV_DELETE, DR_PRIV_CREATE,
    DR_PRIV_DROP, DR_PRIV_ALTER, DR_PRIV_INDEX, DR_PRIV_CREATE_VIEW, DR_PRIV_REFERENCES,
    DR_PRIV_PROCESS, DR_PRIV_SUPER, DR_PRIV_CREATE_USER, DR_PRIV_CONFIG,
    DR_PRIV_BACKUP_ADMIN, DR_PRIV_RESTORE_ADMIN, DR_PRIV_SYSTEM_VARIABLES_ADMIN,
    DR_PRIV_CONNECTION_ADMIN, DR_PRIV_RESTRICTED_REPLICA_WRITER_ADMIN,
    DR_PRIV_COUNT
    // clang-format on
};
const char *dr_privilege_name(enum dr_privilege p); /* as GRANT spells it */
/* The dynamic privileges, which are granted ON *.* only. */
#define DR_PRIV_DYNAMIC                                                                  \
    (((1u << DR_PRIV_COUNT) - 1) & ~((1u << DR_PRIV_BACKUP_ADMIN) - 1))
/* With what SUPER brings: every dynamic one but the bypass of the fence, which must be
 * granted by name. Source: docs: privilege-management.md, tidb: pkg/planner/optimize.go.
 */
uint32_t dr_privileges_with_super(uint32_t bits);

/* On what a privilege that drover asks about may be granted. */
enum dr_grant_on {
    DR_ON_ALL,    /* *.* */
    DR_ON_LEDGER, /* mysql.drover_ledger */
    DR_ON_BEATS,  /* drover.* */
    DR_ON_COUNT
};
const char *dr_grant_on_name(enum dr_grant_on on); /* as GRANT spells it */

struct dr_account {
    const char *name;
    size_t host_count; /* rows user@host; 0: no such account */
    const char **hosts;
    bool *locked; /* per host row */
    /* Bits 1u << enum dr_privilege that each row has; what SUPER brings with it is
     * counted as held. */
    uint32_t privileges;                         /* ON *.* */
    uint32_t ledger_privileges, beat_privileges; /* besides those, on the object */
};
/* What it may do there, whatever gave it that. */
uint32_t dr_account_may(const struct dr_account *x, enum dr_grant_on on);
struct dr_accounts {
    struct dr_seen seen;
    size_t count;
    struct dr_account *items; /* the controller's own first, then those asked for */
    size_t bypass_count;
    const char **bypass; /* names that hold RESTRICTED_REPLICA_WRITER_ADMIN */
    size_t super_count;
    const char **supers; /* names that hold SUPER: who can lift a fence */
};

/* Schemas and tables, system schemas left out. Tier cold. Source of eligibility: tiflow:
 * cdc/model/schema_storage.go IsEligible. */
enum dr_table_kind { DR_TABLE_BASE, DR_TABLE_VIEW, DR_TABLE_SEQUENCE };
struct dr_table {
    const char *schema, *name;
    enum dr_table_kind kind;
    bool eligible; /* TiCDC can replicate it */
};
struct dr_tables {
    struct dr_seen seen;
    size_t schema_count;
    const char **schemas;
    size_t count;
    struct dr_table *items; /* sorted by schema, name */
};

/* What runs on one SQL instance. Tier warm; hot while drover copies. */
struct dr_job {
    const char *destination; /* without query and credentials */
    const char *state;
    uint32_t progress_permille;
    uint64_t connection_id;
    bool finished;
};
struct dr_session {
    uint64_t id;
    const char *user;
    int64_t time_s;
    const char *word; /* first word of the statement, upper case; "" when idle */
};
struct dr_jobs {
    struct dr_seen seen;
    const char *instance;
    size_t backup_count, restore_count, session_count;
    struct dr_job *backups, *restores;
    struct dr_session *sessions; /* of drover's own account, the asking one left out */
    size_t sink_count;
    struct dr_session
        *sinks; /* of the sink account: a lock or a new password ends none */
};

/* DDL jobs of a cluster: the unfinished ones, and the one that ended last; those of
 * schema mysql, which no feed carries, left out of the latter. Asked while a feed that
 * was removed may go on. */
struct dr_ddl_jobs {
    struct dr_seen seen;
    size_t count;
    const char **texts; /* "id type schema.table state" */
    const char *last;   /* the same; NULL: none has ended */
    int64_t last_ms;    /* when, in whole seconds, by the clock of that cluster's TSO */
};

/* Row counts and definitions of a cluster's tables, as of `tso` (0: now). */
struct dr_table_count {
    const char *schema, *name;
    bool counted; /* false: the budget ended before */
    uint64_t rows;
    const char *definition; /* digest of the normalised SHOW CREATE TABLE; NULL: there is
                               no such table */
};
struct dr_counts {
    struct dr_seen seen;
    uint64_t tso;
    size_t count;
    struct dr_table_count *items; /* in the order asked */
};

/* What lies under one storage prefix. */
struct dr_listing {
    struct dr_seen seen;
    const char *prefix;
    size_t count;  /* objects; at most 1,000 are looked at */
    bool has_lock; /* backup.lock */
    bool has_meta; /* backupmeta */
};
struct dr_redo_logs {
    struct dr_seen seen;
    const char *prefix;
    bool found;
    uint64_t checkpoint, resolved; /* maximum over all .meta files */
};

/* One declared endpoint of PD or TiCDC: whether it answers. The others answer for it, so
 * nothing is decided on it. Tier warm; only where several are declared. */
enum dr_endpoint_kind { DR_ENDPOINT_PD, DR_ENDPOINT_TICDC };
struct dr_endpoint_seen {
    struct dr_seen seen; /* known: it answers */
    enum dr_endpoint_kind kind;
    const char *address; /* "host:port" */
};

struct dr_cluster_facts {
    const char *name; /* of the declaration */
    size_t instance_count;
    struct dr_instance *instances; /* declared order, then discovered ones */
    struct dr_jobs *jobs;          /* parallel to instances */
    struct dr_ledger_group ledger;
    struct dr_identity identity;
    struct dr_pd pd;
    struct dr_safepoints safepoints;
    struct dr_stores stores;
    struct dr_cdc_server cdc;
    struct dr_feeds feeds;
    struct dr_feed_detail feed; /* of the edge that starts here */
    struct dr_accounts accounts;
    struct dr_tables tables;
    struct dr_ddl_jobs ddl;
    size_t endpoint_count;
    struct dr_endpoint_seen *endpoints;
};

/* The heartbeat of another cluster, or its own, as a cluster has it; 0: none, or that is
 * not known. */
uint64_t dr_beat_of(const struct dr_ledger_group *g, const char *origin);
/* Whether an instance of the cluster is known to refuse writes. */
bool dr_cluster_refuses_writes(const struct dr_cluster_facts *f);

/* How long a comparison that found differences stands before both sides are read again:
 * whoever mends them says nothing to drover. */
enum { DR_COMPARE_AGAIN_MS = 600000 };

/* The equality of two sides at one point: made by comparing two dr_counts. */
struct dr_equality {
    struct dr_seen seen;
    uint64_t generation, tso;
    bool complete; /* false: the budget ended first */
    size_t table_count;
    size_t difference_count;
    struct dr_difference *differences; /* field: "schema.table" */
};

/* Whether the sink account of the generation in work is let into the downstream. Warm. */
enum dr_login_answer { DR_LOGIN_LET_IN, DR_LOGIN_LOCKED, DR_LOGIN_WRONG_PASSWORD };
struct dr_sink_login {
    struct dr_seen seen;
    uint64_t generation;
    enum dr_login_answer answer;
};

struct dr_facts {
    int64_t now_ms;  /* when the snapshot was frozen */
    int64_t wall_ms; /* the observer's wall clock: for display, and for expired_at_s */
    size_t cluster_count;
    struct dr_cluster_facts *clusters; /* in the order of the declaration */
    struct dr_listing backup_prefix;   /* of the generation in work, or the next one */
    struct dr_listing redo_prefix;
    struct dr_redo_logs redo;
    struct dr_equality equality;
    struct dr_sink_login sink_login;
    /* What the declared secret of the sink's passwords is known again by; NULL: none is
     * declared, or these facts are older. */
    const char *sink_print;
    /* The secondary's sink.address, looked behind as drover where it is none of the SQL
     * instances: which cluster answers there. 0 or 1. Warm. */
    size_t sink_behind_count;
    struct dr_identity *sink_behind;
    uint64_t skipped_generations; /* whose prefixes were found in use */
    uint64_t
        restore_refused; /* generation whose RESTORE found its tables there; 0: none */
};

/* An empty snapshot: everything unknown, "not asked yet", clusters without names and
 * instances. */
struct dr_facts *dr_facts_new(size_t cluster_count, struct dr_arena *a);

/* Gives a cluster `count` instances with their jobs, unknown, "not asked yet". */
void dr_facts_instances(struct dr_cluster_facts *c, size_t count, struct dr_arena *a);

/* Decodes the raw ledger rows of a cluster once its id is known: PD's, and where the
 * cluster itself tells one, the same. Until then nothing in `ledger.rows` counts.
 * Repeats: safe. */
void dr_facts_decode_ledger(struct dr_cluster_facts *c, struct dr_arena *a);

/* JSON with a format version; TSOs and ids as strings of digits; times as ages. Never
 * holds secrets. encode: new reference. decode refuses what it does not know, with its
 * path (DR_E_INPUT); a group that is missing was never asked for. In what it gives,
 * now_ms equals wall_ms. */
json_t *dr_facts_encode(const struct dr_facts *f);
int dr_facts_decode(struct dr_facts **out, const json_t *v, struct dr_arena *a,
                    struct dr_err *err) DR_MUST_CHECK;

/* `observed` of a table whose definitions differ. */
#define DR_OTHER_DEFINITION "another definition"

/* As a row for the ledger of the secondary, made on generation, T and RESTORE of `q` with
 * that budget; NULL: both sides are equal, or what differs is mended by the next step. */
struct dr_compared_row *dr_equality_row(const struct dr_equality *q, bool existing,
                                        struct dr_arena *a);
/* .. and back. */
struct dr_equality *dr_equality_of_row(const struct dr_compared_row *r,
                                       struct dr_arena *a);

/* What a comparison found, one line: the first difference and how many more, or that the
 * time ran out. NULL: both sides are equal, or it is not known. */
const char *dr_equality_text(const struct dr_equality *q, const char *from,
                             const char *to, struct dr_arena *a);

const struct dr_feed *dr_feeds_find(const struct dr_feeds *f, const char *id);
/* How far a feed out of the cluster is behind, in ms, 0 or more; -1: the cluster's TSO is
 * not known. Where the checkpoint was read after the TSO, that delay counts as lag. */
int64_t dr_feed_lag_ms(const struct dr_cluster_facts *f, const struct dr_feed *x);
const struct dr_account *dr_accounts_find(const struct dr_accounts *f, const char *name);
const char *dr_feed_state_name(enum dr_feed_state s);
/* As TiCDC's list and details spell it; NULL and "" are normal, what is not known is
 * DR_FEED_STRANGE. Source: tiflow: cdc/api/v2/model.go MarshalJSON. */
enum dr_feed_state dr_feed_state_parse(const char *text);
/* "v8.5.4", "8.5.4-alpha-12-gabc", "8.0.11-TiDB-v8.5.4"; rank 0: unreadable. */
struct dr_version dr_version_parse(const char *text, struct dr_arena *a);

#endif
