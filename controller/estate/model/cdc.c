/* TiCDC: captures and their owner, the life of a changefeed, service safepoints. Times
 * that TiCDC takes of its own are divided by the model's speed; timestamps follow the
 * wall clock. */
#include "controller/estate/model/cdc.h"

#include <inttypes.h>
#include <string.h>

#include "controller/estate/model/cdc_new.h"
#include "controller/estate/model/http.h"
#include "controller/estate/model/network.h"

enum {
    SESSION_TTL_MS = 10000, /* capture-session-ttl: a crash leaves the lease so long */
    RESIGN_MS = 1500,
    PD_PATIENCE_MS = 15000, /* [inference] then the owner steps down */
    BACKOFF_FIRST_MS = 10000,
    BACKOFF_MAX_MS = 600000,
    DEFAULT_TICK_MS = 200,
    DEFAULT_APPLY_MS = 200,
    DEFAULT_BLIND_MS = 400,
    DEFAULT_RENEWAL_MS = 60000,
};

const char *const cdc_state_names[CDC_STATES] = {
    [CDC_INIT] = "",
    [CDC_NORMAL] = "normal",
    [CDC_WARNING] = "warning",
    [CDC_PENDING] = "pending",
    [CDC_STOPPED] = "stopped",
    [CDC_FAILED] = "failed",
    [CDC_FINISHED] = "finished",
};

static void arm_tick(struct cdc *c);
static void renew(struct dr_model *m, void *arg, uint64_t n);

static int64_t or_default(int64_t ms, int64_t dflt)
{
    return ms > 0 ? ms : dflt;
}

static void draw_uuid(struct dr_model *m, char out[37])
{
    uint64_t a = dr_prng_next(&m->prng), b = dr_prng_next(&m->prng);
    snprintf(out, 37, "%08x-%04x-4%03x-%04x-%012" PRIx64, (unsigned)(a >> 32),
             (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff,
             ((unsigned)(b >> 48) & 0x3fff) | 0x8000, b & 0xffffffffffffu);
}

bool cdc_version_at_least(const struct cdc *c, uint32_t major, uint32_t minor,
                          uint32_t patch)
{
    const struct dr_version want = {.major = major, .minor = minor, .patch = patch};
    return dr_version_rank(&c->doc->version) >= dr_version_rank(&want);
}

static void init_one(struct cdc *c, const struct dr_sim_ticdc *doc)
{
    struct dr_model *m = c->model;

    c->doc = doc;
    c->capture_count = doc->capture_count;
    c->captures = DR_NEW_N(m->arena, doc->capture_count, struct cdc_capture);
    for (size_t i = 0; i < doc->capture_count; i++) {
        struct dr_model_process *p = &c->captures[i].process;
        p->up = true;
        snprintf(p->at.host, sizeof(p->at.host), "%s", doc->captures[i].host);
        p->at.port = doc->captures[i].port;
        draw_uuid(m, c->captures[i].id);
    }
    snprintf(c->gc_service, sizeof(c->gc_service), "ticdc-%s-%" PRIu64,
             doc->cluster_id ? doc->cluster_id : "default", c->pd->etcd_cluster_id);
    c->phase = doc->capture_count ? CDC_READY : CDC_NO_OWNER;
    c->pd_lost_ms = -1;
    c->renewal = dr_model_at(m, m->now_ms + 1, renew, c, 0);
}

int dr_model_cdc_init(struct dr_model *m, struct dr_err *err)
{
    struct dr_cdc *d = DR_NEW(m->arena, struct dr_cdc);

    d->count = m->cluster_count;
    d->all = DR_NEW_N(m->arena, m->cluster_count, struct cdc);
    m->cdc = d;
    for (size_t i = 0; i < m->cluster_count; i++) {
        const struct dr_sim_ticdc *doc = &m->clusters[i].doc->ticdc;
        struct cdc *c = &d->all[i];
        c->model = m;
        c->cluster = &m->clusters[i];
        c->pd = &m->pd->clusters[i];
        if (!doc->declared)
            continue;
        const struct dr_version *v = &doc->version;
        bool young = dr_version_rank(v) < 8005004;
        if (doc->arch == DR_TICDC_NEW && young)
            return dr_fail(err, DR_E_INPUT,
                           "cluster '%s': TiCDC %s has no new architecture: it came with "
                           "v8.5.4",
                           m->clusters[i].name, v->text);
        init_one(c, doc);
    }
    return 0;
}

void dr_model_cdc_free(struct dr_model *m)
{
    for (size_t i = 0; m->cdc && i < m->cdc->count; i++)
        for (struct cdc_feed *f = m->cdc->all[i].feeds, *next; f; f = next) {
            next = f->next;
            cdc_redo_free(f);
            cdc_run_stop(f);
            json_decref(f->config);
            free(f->shown_config);
            free(f->sink_uri);
            free(f);
        }
    m->cdc = NULL;
}

/* ---- finding ---- */
struct cdc *cdc_of(struct dr_model *m, const struct dr_address *at, size_t *capture)
{
    for (size_t i = 0; m->cdc && i < m->cdc->count; i++)
        for (size_t j = 0; j < m->cdc->all[i].capture_count; j++)
            if (dr_address_equal(&m->cdc->all[i].captures[j].process.at, at)) {
                *capture = j;
                return &m->cdc->all[i];
            }
    return NULL;
}

struct dr_model_process *dr_cdc_process(struct dr_model *m, const struct dr_address *at)
{
    size_t capture;
    struct cdc *c = cdc_of(m, at, &capture);
    return c ? &c->captures[capture].process : NULL;
}

struct cdc_feed *cdc_find(struct cdc *c, const char *ns, const char *id)
{
    for (struct cdc_feed *f = c->feeds; f; f = f->next)
        if (!f->gone && !strcmp(f->id, id) && !strcmp(f->ns, ns))
            return f;
    return NULL;
}

struct cdc_feed *cdc_find_seen(struct cdc *c, const char *ns, const char *id)
{
    struct cdc_feed *f = c->phase == CDC_READY ? cdc_find(c, ns, id) : NULL;
    return f && f->in_memory ? f : NULL;
}

uint64_t cdc_now_tso(const struct cdc *c)
{
    return dr_tso_make(dr_model_wall_ms(c->model) + c->cluster->clock_skew_ms, 0);
}

const struct dr_address *cdc_at(const struct cdc *c)
{
    return &c->captures[c->owner].process.at;
}

bool cdc_pd_ok(const struct cdc *c)
{
    struct dr_model *m = c->model;
    return dr_model_pd_ok(m, c->cluster->index) &&
           (!m->cuts || !c->pd->member_count ||
            dr_model_reach(m, cdc_at(c), &c->pd->members[c->pd->leader].process.at));
}

const char *cdc_owner_text(const struct cdc *c, char out[DR_HOST_MAX + 16])
{
    return dr_address_text(&c->captures[c->owner].process.at, out);
}

/* ---- the owner ---- */
static bool lives(const struct cdc_capture *p)
{
    return p->process.up && !p->process.hung;
}

/* From now on the owner's memory holds what etcd holds. */
static void see(struct dr_model *m, void *arg, uint64_t n)
{
    struct cdc *c = arg;

    (void)m, (void)n;
    c->sight = 0;
    c->phase = CDC_READY;
    for (struct cdc_feed *f = c->feeds; f; f = f->next)
        f->in_memory = !f->gone;
    arm_tick(c);
}

static void elect(struct dr_model *m, void *arg, uint64_t n)
{
    struct cdc *c = arg;
    size_t candidates = 0, pick;
    int64_t blind_ms = or_default(m->doc->durations.owner_change_ms, DEFAULT_BLIND_MS);

    (void)n;
    c->election = 0;
    for (size_t i = 0; i < c->capture_count; i++)
        candidates += lives(&c->captures[i]);
    if (!candidates)
        return;
    if (!cdc_pd_ok(c)) { /* no etcd, no election: again later */
        c->election = dr_model_at(m, m->now_ms + dr_model_scaled(m, 1000), elect, c, 0);
        return;
    }
    pick = dr_model_random(m, candidates);
    for (size_t i = 0; i < c->capture_count; i++)
        if (lives(&c->captures[i]) && pick-- == 0)
            c->owner = i;
    c->phase = CDC_BLIND;
    c->owner_crashed = false;
    c->sight = dr_model_at(m, m->now_ms + dr_model_scaled(m, blind_ms), see, c, 0);
}

void cdc_owner_change(struct cdc *c, bool crash)
{
    struct dr_model *m = c->model;
    int64_t gap_ms = crash ? SESSION_TTL_MS : RESIGN_MS;

    if (c->phase == CDC_NO_OWNER && c->election)
        return;
    dr_model_cancel(m, c->sight);
    c->sight = 0;
    c->phase = CDC_NO_OWNER;
    c->owner_crashed = crash;
    for (struct cdc_feed *f = c->feeds; f; f = f->next) {
        f->in_memory = false;
        f->last_synced = 0; /* lived in the old owner's memory only */
    }
    c->election = dr_model_at(m, m->now_ms + dr_model_scaled(m, gap_ms), elect, c, 0);
}

void dr_cdc_process_changed(struct dr_model *m, struct dr_model_process *p)
{
    size_t capture;
    struct cdc *c = cdc_of(m, &p->at, &capture);
    bool was_owner = c->phase != CDC_NO_OWNER && c->owner == capture;

    if (!lives(&c->captures[capture])) {
        for (struct cdc_feed *f = c->feeds; f; f = f->next)
            if (f->run && cdc_run_capture(f) == capture)
                cdc_run_stop(f);
        if (was_owner)
            cdc_owner_change(c, true);
        return;
    }
    if (p->up && !was_owner)
        draw_uuid(m, c->captures[capture].id);
    if (c->phase == CDC_NO_OWNER && !c->election)
        c->election =
            dr_model_at(m, m->now_ms + dr_model_scaled(m, RESIGN_MS), elect, c, 0);
}

/* ---- etcd and the owner's jobs ---- */
struct cdc_feed *cdc_add(struct cdc *c, const char *ns, const char *id)
{
    struct cdc_feed *f = dr_xcalloc(1, sizeof(*f)), **end = &c->feeds;

    f->cdc = c;
    f->ns = dr_model_string(c->model, ns, strlen(ns));
    f->id = dr_model_string(c->model, id, strlen(id));
    f->stuck_since_ms = -1;
    if (cdc_is_new(c))
        cdc_new_gid(c->model, f->gid);
    f->created_ms = dr_model_wall_ms(c->model);
    while (*end)
        end = &(*end)->next;
    *end = f;
    return f;
}

static int64_t apply_ms(const struct cdc *c)
{
    return dr_model_scaled(
        c->model, or_default(c->model->doc->durations.feed_apply_ms, DEFAULT_APPLY_MS));
}

static void materialise(struct dr_model *m, void *arg, uint64_t n)
{
    struct cdc_feed *f = arg;
    (void)m, (void)n;
    if (!f->gone && f->cdc->phase == CDC_READY)
        f->in_memory = true;
    arm_tick(f->cdc);
}

void cdc_materialise_later(struct cdc_feed *f)
{
    struct dr_model *m = f->cdc->model;
    dr_model_at(m, m->now_ms + apply_ms(f->cdc), materialise, f, 0);
}

static void clear_error(struct cdc_feed *f)
{
    f->error.set = false;
    f->stuck_since_ms = -1;
    f->backoff_ms = 0;
}

/* Source: tiflow: cdc/owner/feed_state_manager.go handleAdminJob. */
static void pause_now(struct dr_model *m, void *arg, uint64_t n)
{
    struct cdc_feed *f = arg;

    (void)m, (void)n;
    bool any = cdc_is_new(f->cdc); /* ticdc: coordinator/controller.go PauseChangefeed */
    if (f->gone || !f->in_memory || (f->state >= CDC_STOPPED && !any))
        return; /* the job died with its owner, or there is nothing to do */
    cdc_run_stop(f);
    f->state = CDC_STOPPED;
    f->admin_job_type = 1;
    f->resolved = 0;
}

static void resume_now(struct dr_model *m, void *arg, uint64_t overwrite)
{
    struct cdc_feed *f = arg;

    (void)m;
    /* v8.5.4 of the new architecture resumes whatever the state is */
    bool any = cdc_is_new(f->cdc) && !cdc_version_at_least(f->cdc, 8, 5, 5);
    if (f->gone || !f->in_memory || (f->state < CDC_STOPPED && !any))
        return;
    cdc_run_stop(f);
    f->state = CDC_NORMAL; /* says nothing about the downstream */
    f->admin_job_type = 0;
    f->failed_by_gc = false;
    clear_error(f);
    if (overwrite) {
        f->checkpoint = overwrite;
        if (!cdc_is_new(f->cdc))
            f->start_ts = overwrite;
    }
    f->ran = false;
    arm_tick(f->cdc);
}

static void remove_now(struct dr_model *m, void *arg, uint64_t n)
{
    struct cdc_feed *f = arg;

    (void)m, (void)n;
    if (f->gone || !f->in_memory)
        return;
    cdc_run_stop(f);
    cdc_redo_wipe(f);
    f->gone = true;
    f->in_memory = false;
}

void cdc_enqueue(struct cdc_feed *f, enum cdc_job job, uint64_t overwrite)
{
    static void (*const run[])(struct dr_model *, void *, uint64_t) = {
        [CDC_JOB_PAUSE] = pause_now,
        [CDC_JOB_RESUME] = resume_now,
        [CDC_JOB_REMOVE] = remove_now,
    };
    struct dr_model *m = f->cdc->model;
    dr_model_at(m, m->now_ms + apply_ms(f->cdc), run[job], f, overwrite);
}

/* ---- errors and retries ---- */
static int64_t stuck_limit_ms(const struct cdc_feed *f)
{
    int64_t ns = dr_cdc_config_int(f->config, "changefeed_error_stuck_duration");
    return dr_model_scaled(f->cdc->model, ns > 0 ? ns / 1000000 : 1800000);
}

static void record(struct cdc_feed *f, const char *code, const char *message)
{
    f->error.set = true;
    f->error.warning = false;
    f->error.at_ms = dr_model_wall_ms(f->cdc->model);
    cdc_owner_text(f->cdc, f->error.addr);
    snprintf(f->error.code, sizeof(f->error.code), "%s", code);
    snprintf(f->error.message, sizeof(f->error.message), "%s", message);
}

/* Source: tiflow: cdc/owner/feed_state_manager.go: 10 s doubling to 10 min, a tenth of
 * jitter, failed when stuck for too long. */
void cdc_fail(struct cdc_feed *f, const char *code, const char *message, bool fatal)
{
    struct dr_model *m = f->cdc->model;
    int64_t wait_ms;

    cdc_run_stop(f);
    record(f, code, message);
    if (f->stuck_since_ms < 0 || f->checkpoint > f->stuck_checkpoint) {
        f->stuck_since_ms = m->now_ms;
        f->stuck_checkpoint = f->checkpoint;
        f->backoff_ms = 0;
    }
    if (fatal || m->now_ms - f->stuck_since_ms > stuck_limit_ms(f)) {
        f->state = CDC_FAILED;
        f->resolved = 0;
        return;
    }
    /* no "pending" there: ticdc: coordinator/changefeed/backoff.go */
    f->state = cdc_is_new(f->cdc) ? CDC_WARNING : CDC_PENDING;
    f->backoff_ms = f->backoff_ms ? f->backoff_ms * 2 : BACKOFF_FIRST_MS;
    if (f->backoff_ms > BACKOFF_MAX_MS)
        f->backoff_ms = BACKOFF_MAX_MS;
    wait_ms = f->backoff_ms * 9 / 10 +
              (int64_t)dr_model_random(m, (uint64_t)f->backoff_ms / 5 + 1);
    f->retry_at_ms = m->now_ms + dr_model_scaled(m, wait_ms);
}

void cdc_warn(struct cdc_feed *f, const char *code, const char *message)
{
    if (f->state != CDC_NORMAL && f->state != CDC_WARNING)
        return; /* what does not run does not warn */
    record(f, code, message);
    f->error.warning = true;
    f->state = CDC_WARNING;
    f->retry_at_ms = 0;
}

static void feed_tick(struct cdc_feed *f)
{
    struct dr_model *m = f->cdc->model;
    uint64_t before = f->checkpoint;

    if (f->state == CDC_INIT)
        f->state = CDC_NORMAL;
    if (f->state == CDC_PENDING && m->now_ms >= f->retry_at_ms)
        f->state = CDC_WARNING; /* tries again */
    if (f->state != CDC_NORMAL && f->state != CDC_WARNING)
        return;
    if (f->state == CDC_WARNING && m->now_ms < f->retry_at_ms)
        return;
    cdc_run_tick(f);
    if (f->state == CDC_WARNING && f->checkpoint > before) {
        f->state = CDC_NORMAL;
        clear_error(f);
    }
    if (f->target_ts && f->checkpoint >= f->target_ts && f->state == CDC_NORMAL) {
        cdc_run_stop(f);
        f->state = CDC_FINISHED;
        f->admin_job_type = 4;
        f->resolved = 0;
    }
}

/* PD away for long: the owner's session dies with its lease. */
static void watch_pd(struct cdc *c)
{
    struct dr_model *m = c->model;

    if (cdc_pd_ok(c))
        c->pd_lost_ms = -1;
    else if (c->pd_lost_ms < 0)
        c->pd_lost_ms = m->now_ms;
    else if (m->now_ms - c->pd_lost_ms > dr_model_scaled(m, PD_PATIENCE_MS) &&
             c->phase == CDC_READY)
        cdc_owner_change(c, false);
}

static void tick(struct dr_model *m, void *arg, uint64_t n)
{
    struct cdc *c = arg;

    (void)m, (void)n;
    c->tick = 0;
    watch_pd(c);
    if (c->phase == CDC_READY && cdc_pd_ok(c))
        for (struct cdc_feed *f = c->feeds; f; f = f->next)
            if (f->in_memory)
                feed_tick(f);
    arm_tick(c);
}

/* Ticks only while there is a feed that could move. */
static void arm_tick(struct cdc *c)
{
    struct dr_model *m = c->model;
    int64_t tick_ms = or_default(m->doc->durations.checkpoint_tick_ms, DEFAULT_TICK_MS);
    bool work = false;

    for (const struct cdc_feed *f = c->feeds; f && !work; f = f->next)
        work = !f->gone && f->state < CDC_STOPPED;
    if (work && !c->tick && c->phase != CDC_NO_OWNER)
        c->tick = dr_model_at(m, m->now_ms + dr_model_scaled(m, tick_ms), tick, c, 0);
}

/* ---- service safepoints ---- */
bool cdc_ensure_safe(struct cdc *c, const struct cdc_feed *f, const char *ns,
                     const char *id, const char *phase, uint64_t start_ts, int64_t ttl_ms,
                     uint64_t *least)
{
    char service[CDC_ID_MAX * 3];

    (void)f;
    snprintf(service, sizeof(service), "%s-%s-%s_%s", c->gc_service, phase, ns, id);
    (void)dr_model_pd_service_safepoint(c->model, c->cluster->index, service,
                                        start_ts - 1, ttl_ms);
    *least = dr_pd_min(c->pd);
    return start_ts >= *least + 1;
}

void cdc_undo_safe(struct cdc *c, const char *ns, const char *id, const char *phase)
{
    char service[CDC_ID_MAX * 3];

    snprintf(service, sizeof(service), "%s-%s-%s_%s", c->gc_service, phase, ns, id);
    (void)dr_model_pd_service_safepoint(c->model, c->cluster->index, service, 0, 0);
}

static bool holds_gc(const struct cdc_feed *f)
{
    return !f->gone && f->state != CDC_FINISHED &&
           !(f->state == CDC_FAILED && f->failed_by_gc);
}

/* Source: tiflow: pkg/txnutil/gc/gc_manager.go CheckStaleCheckpointTs. */
static void check_stale(struct cdc_feed *f, uint64_t own, uint64_t least)
{
    struct cdc *c = f->cdc;
    char text[CDC_MESSAGE_MAX];
    bool blocks = own <= least;

    if (!f->in_memory || !holds_gc(f))
        return;
    if (blocks && dr_tso_age_ms(cdc_now_tso(c), f->checkpoint) > c->doc->gc_ttl_ms) {
        snprintf(text, sizeof(text),
                 "[CDC:ErrGCTTLExceeded]the checkpoint-ts(%" PRIu64
                 ") lag of the changefeed(%s) has exceeded the GC TTL and the changefeed "
                 "is blocking global GC progression",
                 f->checkpoint, f->id);
        f->failed_by_gc = true;
        cdc_fail(f, "CDC:ErrGCTTLExceeded", text, true);
    } else if (!blocks && f->checkpoint - 1 < least) {
        snprintf(text, sizeof(text),
                 "[CDC:ErrSnapshotLostByGC]fail to create or maintain changefeed due to "
                 "snapshot loss caused by GC. checkpoint-ts %" PRIu64
                 " is earlier than or equal to GC safepoint at %" PRIu64,
                 f->checkpoint, least);
        f->failed_by_gc = true;
        cdc_fail(f, "CDC:ErrSnapshotLostByGC", text, true);
    }
}

/* The owner's minute: source: tiflow: cdc/owner/owner.go updateGCSafepoint. */
static void renew(struct dr_model *m, void *arg, uint64_t n)
{
    struct cdc *c = arg;
    uint64_t own = UINT64_MAX, least;
    int64_t every_ms =
        or_default(m->doc->durations.safepoint_interval_ms, DEFAULT_RENEWAL_MS);

    (void)n;
    c->renewal = dr_model_at(m, m->now_ms + dr_model_scaled(m, every_ms), renew, c, 0);
    if (c->phase != CDC_READY || !cdc_pd_ok(c))
        return;
    for (const struct cdc_feed *f = c->feeds; f; f = f->next)
        if (holds_gc(f) && f->checkpoint - 1 < own)
            own = f->checkpoint - 1;
    if (own == UINT64_MAX && cdc_is_new(c) && cdc_version_at_least(c, 8, 5, 7)) {
        (void)dr_pd_remove_point(c->pd, c->gc_service);
        return;
    }
    if (own == UINT64_MAX)
        own = cdc_now_tso(c); /* no feeds: kept near now */
    (void)dr_model_pd_service_safepoint(m, c->cluster->index, c->gc_service, own,
                                        c->doc->gc_ttl_ms);
    least = dr_pd_min(c->pd);
    for (struct cdc_feed *f = c->feeds; f; f = f->next)
        check_stale(f, own, least);
}

/* ---- for the SQL half, and to look at ---- */
bool dr_model_cdc_blocks_restore(const struct dr_model *m, size_t cluster,
                                 uint64_t backup_ts, const char **id)
{
    for (const struct cdc_feed *f = m->cdc->all[cluster].feeds; f; f = f->next)
        if (!f->gone && f->state != CDC_FAILED && f->state != CDC_FINISHED &&
            (backup_ts == UINT64_MAX || f->checkpoint < backup_ts)) {
            *id = f->id;
            return true;
        }
    return false;
}

static json_t *feed_state(const struct cdc_feed *f)
{
    struct dr_arena *a = dr_arena_new(0);
    json_t *o = json_pack(
        "{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:s, s:b, s:b, s:O}", "id", f->id, "state",
        cdc_state_names[f->state], "in_memory", f->in_memory, "start_ts",
        (json_int_t)f->start_ts, "target_ts", (json_int_t)f->target_ts, "checkpoint",
        (json_int_t)f->checkpoint, "redo_resolved", (json_int_t)cdc_redo_resolved(f),
        "sink", dr_uri_masked(a, f->sink_uri), "stalled", f->stalled, "frozen", f->frozen,
        "config", f->config);

    if (f->error.set)
        json_object_set_new(
            o, "error",
            json_pack("{s:s, s:s}", "code", f->error.code, "message", f->error.message));
    /* The storage's keys stand in the clear in its URI. */
    if (json_object_get(json_object_get(f->config, "consistent"), "storage")) {
        struct dr_uri u;
        json_t *config = json_deep_copy(f->config);
        if (dr_uri_parse(a, &u, dr_cdc_config_str(config, "consistent.storage")))
            json_object_set_new(json_object_get(config, "consistent"), "storage",
                                json_string(dr_uri_bare(a, &u)));
        json_object_set_new(o, "config", config);
    }
    dr_arena_free(a);
    return o;
}

json_t *dr_model_cdc_state(const struct dr_model *m, size_t cluster)
{
    static const char *const phases[] = {
        [CDC_NO_OWNER] = "none", [CDC_BLIND] = "blind", [CDC_READY] = "ready"};
    const struct cdc *c = &m->cdc->all[cluster];
    json_t *captures = json_array(), *feeds = json_array();
    char text[DR_HOST_MAX + 16];

    for (size_t i = 0; i < c->capture_count; i++) {
        const struct dr_model_process *p = &c->captures[i].process;
        json_array_append_new(
            captures, json_pack("{s:s, s:s, s:b, s:b, s:b, s:b}", "at",
                                dr_address_text(&p->at, text), "id", c->captures[i].id,
                                "up", p->up, "cut", p->cut, "hung", p->hung, "owner",
                                c->phase != CDC_NO_OWNER && c->owner == i));
    }
    for (const struct cdc_feed *f = c->feeds; f; f = f->next)
        if (!f->gone)
            json_array_append_new(feeds, feed_state(f));
    return json_pack("{s:s, s:o, s:o}", "owner", phases[c->phase], "captures", captures,
                     "feeds", feeds);
}
