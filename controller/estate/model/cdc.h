/* TiCDC of each cluster: captures, the owner, changefeeds. cdc.c keeps owner, states and
 * safepoints; cdc_run.c replicates what cdc_filter.c lets pass; cdc_redo.c writes redo
 * logs; cdc_check.c validates a create or update; cdc_api*.c speak the open API v2.
 *
 * The new architecture differs in its API and its states, not in what a feed does: where
 * it does, these files ask cdc_is_new; what only it has is in cdc_new.c. Its coordinator
 * is what is called the owner here. */
#ifndef DR_MODEL_CDC_H
#define DR_MODEL_CDC_H

#include "controller/estate/model/cdc_config.h"
#include "controller/estate/model/internal.h"
#include "controller/estate/model/pd.h"
#include "controller/estate/model/uri.h"

struct cdc;
struct cdc_run;    /* cdc_run.c */
struct cdc_redo;   /* cdc_redo.c */
struct cdc_filter; /* cdc_filter.c */

enum {
    CDC_ID_MAX = 128,
    CDC_CODE_MAX = 64,
    CDC_MESSAGE_MAX = 1024,
    CDC_CREATING_TTL_MS = 3600 * 1000,
    CDC_INITIALIZING_TTL_MS = 600 * 1000,
};

/* Source: tiflow: cdc/model/changefeed.go. */
enum cdc_state {
    CDC_INIT, /* "": in memory only, just created */
    CDC_NORMAL,
    CDC_WARNING,
    CDC_PENDING,
    CDC_STOPPED,
    CDC_FAILED,
    CDC_FINISHED,
    CDC_STATES
};
extern const char *const cdc_state_names[CDC_STATES];

struct cdc_error {
    bool set, warning; /* warning: not in GET */
    int64_t at_ms;     /* wall */
    char addr[DR_HOST_MAX + 16], code[CDC_CODE_MAX], message[CDC_MESSAGE_MAX];
};

struct cdc_feed {
    struct cdc_feed *next;
    struct cdc *cdc;
    bool gone;      /* removed from etcd; the object stays for who still points at it */
    bool in_memory; /* the owner knows it */
    const char *ns, *id;
    uint64_t gid[2]; /* new architecture */
    uint64_t start_ts, target_ts;
    uint64_t checkpoint, resolved;
    /* For checkers, TiCDC does not know them: the downstream has everything up to
     * `delivered`, and nothing above `reached`; below `reached` it is sending again. */
    uint64_t delivered, reached;
    uint64_t asked_tso; /* of PD at asked_ms, while the clock is behind it */
    int64_t asked_ms;
    int64_t purged_ms;    /* old syncpoints, last */
    uint64_t last_synced; /* commit ts of the last data written, in memory only */
    char *sink_uri;       /* clear text, owned */
    json_t *config;       /* owned, not normalised */
    char *shown_config;   /* as GET shows it, owned; NULL: not asked yet */
    int64_t created_ms;   /* wall */
    int admin_job_type;   /* 0; 1 stop, 2 resume, 3 remove, 4 finish */
    enum cdc_state state;
    struct cdc_error error;
    bool failed_by_gc;
    /* retrying */
    int64_t stuck_since_ms; /* first error without progress since; -1: none */
    int64_t retry_at_ms, backoff_ms;
    uint64_t stuck_checkpoint;
    /* faults */
    bool stalled;          /* rows do not reach the downstream; redo goes on */
    bool frozen;           /* nothing is captured either */
    struct cdc_run *run;   /* while it replicates */
    struct cdc_redo *redo; /* since its first start with consistent.level eventual */
    bool ran;              /* the scheduler is initialised since the last start */
};

struct cdc_capture {
    struct dr_model_process process;
    char id[37]; /* a new one with each start */
};

enum cdc_phase {
    CDC_NO_OWNER,
    CDC_BLIND, /* a new owner whose first ticks show no feeds */
    CDC_READY,
};

struct cdc {
    struct dr_model *model;
    struct dr_model_cluster *cluster;
    struct dr_pd_cluster *pd;
    const struct dr_sim_ticdc *doc; /* declared */
    struct cdc_capture *captures;
    size_t capture_count;
    enum cdc_phase phase;
    size_t owner;             /* unless CDC_NO_OWNER */
    bool owner_crashed;       /* CDC_NO_OWNER: its lease still names the dead one */
    uint64_t election, sight; /* timers: next owner, end of blindness */
    struct cdc_feed *feeds;   /* etcd's content, oldest first */
    uint64_t tick, renewal;   /* timers */
    int64_t pd_lost_ms;       /* since when PD is away; -1: it is there */
    bool import_running;      /* fault: lightning holds /tidb/brie/import */
    uint64_t wrong_upstream;  /* fault: shown instead of the true id; 0: none */
    int zone_min;             /* offset of the servers' time zone */
    char gc_service[128];
};

struct dr_cdc {
    struct cdc *all; /* by cluster index; doc NULL: no TiCDC there */
    size_t count;
};

struct cdc *cdc_of(struct dr_model *m, const struct dr_address *at, size_t *capture);
struct cdc_feed *cdc_find(struct cdc *c, const char *ns, const char *id);
/* As the owner sees it: only what is in its memory, NULL while it is blind. */
struct cdc_feed *cdc_find_seen(struct cdc *c, const char *ns, const char *id);

/* Writes a new feed to etcd; the owner sees it a little later. sink_uri and config
 * (a reference) are taken over. */
struct cdc_feed *cdc_add(struct cdc *c, const char *ns, const char *id);
void cdc_materialise_later(struct cdc_feed *f);

enum cdc_job { CDC_JOB_NONE, CDC_JOB_PAUSE, CDC_JOB_RESUME, CDC_JOB_REMOVE };
/* Queued with the owner; takes effect at a later tick, and never if the owner is gone by
 * then. overwrite: of a resume, 0: none. */
void cdc_enqueue(struct cdc_feed *f, enum cdc_job job, uint64_t overwrite);

/* A running feed met an error. fatal: failed at once. */
void cdc_fail(struct cdc_feed *f, const char *code, const char *message, bool fatal);
/* The same as a warning: it goes on working. */
void cdc_warn(struct cdc_feed *f, const char *code, const char *message);
/* The owner goes: crashed, or by its own will. */
void cdc_owner_change(struct cdc *c, bool crash);

/* Service safepoint of one phase of a feed's life: "creating", "resuming",
 * "initializing". Out: the least safepoint of PD; false when start_ts is not above it. */
bool cdc_ensure_safe(struct cdc *c, const struct cdc_feed *f, const char *ns,
                     const char *id, const char *phase, uint64_t start_ts, int64_t ttl_ms,
                     uint64_t *least);
void cdc_undo_safe(struct cdc *c, const char *ns, const char *id, const char *phase);
/* Where it sends from: the owner's capture, which does a feed's work in classic too as
 * far as the network is concerned [inference]. */
const struct dr_address *cdc_at(const struct cdc *c);
/* PD answers, and TiCDC reaches its leader. */
bool cdc_pd_ok(const struct cdc *c);
uint64_t cdc_now_tso(const struct cdc *c); /* of the wall, not handed out by PD */
const char *cdc_owner_text(const struct cdc *c, char out[DR_HOST_MAX + 16]);
bool cdc_version_at_least(const struct cdc *c, uint32_t major, uint32_t minor,
                          uint32_t patch);

/* ---- cdc_run.c ---- */
/* Lets a feed work: reads the change log, writes downstream, moves the checkpoint. */
void cdc_run_tick(struct cdc_feed *f);
void cdc_run_stop(struct cdc_feed *f); /* closes the session, forgets what was read */
/* The capture that a running feed works on. */
size_t cdc_run_capture(const struct cdc_feed *f);
/* Whether a change passes the filter of a running feed. */
/* Part of a commit may have gone out that is not yet delivered. */
bool cdc_run_midway(const struct cdc_feed *f);
bool cdc_run_takes(const struct cdc_feed *f, const struct dr_change *ch);

/* ---- cdc_filter.c ---- */
/* replica_config.filter, ready to use. Out: in the arena; NULL: *bad is malformed. */
struct cdc_filter *cdc_filter_new(struct dr_arena *a, const json_t *config,
                                  const char **bad);
bool cdc_filter_table(const struct cdc_filter *filter, const char *schema,
                      const char *table);
/* Whether a change of the upstream leaves it through this feed. */
bool cdc_filter_takes(const struct cdc_filter *filter, const struct cdc_feed *f,
                      const struct dr_change *ch);

/* ---- cdc_sink.c ---- */
/* A sink's address and account. */
struct cdc_sink {
    struct dr_uri uri;
    struct dr_address at;
    const char *user, *password;
};
bool cdc_sink_parse(struct dr_arena *a, const char *text, struct cdc_sink *out);
/* Logs in, the password as written, then base64-decoded. Out: 0, or the error number
 * with Go's words for it in `why`. */
int cdc_sink_connect(struct cdc *c, struct dr_arena *a, const struct cdc_sink *sink,
                     struct dr_model_session **out, struct dr_buf *why);

/* ---- cdc_redo.c ---- */
bool cdc_redo_wanted(const struct cdc_feed *f);
/* All return false with the reason in `why` when the storage fails. */
bool cdc_redo_start(struct cdc_feed *f, struct dr_buf *why);
bool cdc_redo_write(struct cdc_feed *f, uint64_t upto, struct dr_buf *why);
void cdc_redo_stop(struct cdc_feed *f);
void cdc_redo_wipe(struct cdc_feed *f); /* DELETE: leaves only delete_<id> */
void cdc_redo_free(struct cdc_feed *f);
/* 0: redo is off. */
uint64_t cdc_redo_resolved(const struct cdc_feed *f);
/* Real I/O on the storage, as a create does; false: *code and why. */
bool cdc_redo_validate(struct cdc *c, const char *storage, const char **code,
                       struct dr_buf *why);

#endif
