/* The open API's changes of changefeeds: create, update, delete, pause, resume, and the
 * check of tables before a create. All are asynchronous: 200 says that etcd or the
 * owner's queue has it. Source: tiflow: cdc/api/v2/changefeed.go, api_helpers.go. */
#include <inttypes.h>
#include <string.h>

#include "controller/estate/model/cdc_api.h"
#include "controller/estate/model/cdc_new.h"

enum { DELETE_PATIENCE_MS = 60000 };

static void cdc_null(struct cdc_in *p)
{
    dr_buf_clear(&p->body);
    dr_buf_adds(&p->body, "null");
    cdc_done(p, 200);
}

struct cdc_feed *cdc_named(struct cdc_in *p, bool must)
{
    const char *ns = cdc_namespace(p);
    struct cdc_feed *f;

    if (!cdc_legal_id(p->args[0])) {
        cdc_refuse(p, "CDC:ErrAPIInvalidParam", "invalid changefeed_id: %s", p->args[0]);
        return NULL;
    }
    f = cdc_find_seen(p->c, ns, p->args[0]);
    if (!f && must)
        cdc_refuse_absent(p, p->args[0]);
    else if (!f && cdc_is_new(p->c))
        cdc_null(p);
    else if (!f)
        cdc_empty_object(p); /* a delete of what is not there, or not seen */
    return f;
}

/* ---- create ---- */
struct draft_in {
    struct cdc_draft d;
    bool has_config;
};

/* False: refused already. base: what replica_config is decoded on top of (owned by the
 * draft from then on). */
static bool bind_draft(struct cdc_in *p, const json_t *body, json_t *base,
                       struct draft_in *out)
{
    const json_t *config = cdc_member(body, "replica_config");
    struct dr_buf why;
    bool ok;

    out->d.config = base;
    out->has_config = config != NULL;
    if (!cdc_bind_u64(p, body, "start_ts", &out->d.start_ts) ||
        !cdc_bind_u64(p, body, "target_ts", &out->d.target_ts) ||
        !cdc_bind_str(p, body, "sink_uri", &out->d.sink_uri) ||
        !cdc_bind_str(p, body, "changefeed_id", &out->d.id) ||
        !cdc_bind_str(p, body, "namespace", &out->d.ns))
        return false;
    if (cdc_is_new(p->c))
        out->d.ns = NULL; /* the query's keyspace counts, and there is but one */
    if (json_is_null(config)) {
        dr_buf_release(&p->body);
        dr_http_empty(p->in, 500); /* the handler dereferences nil, gin recovers */
        return false;
    }
    if (!config)
        return true;
    dr_buf_init(&why, CDC_MESSAGE_MAX);
    ok = json_is_object(config) && dr_cdc_config_overlay(base, config, &why);
    if (!cdc_is_new(p->c))
        dr_cdc_config_classic(base);
    if (!ok)
        cdc_refuse_bind(p, why.len ? dr_buf_str(&why)
                                   : "json: cannot unmarshal into Go struct field "
                                     "ChangefeedConfig.replica_config of type "
                                     "v2.ReplicaConfig");
    dr_buf_release(&why);
    return ok;
}

/* Step 4. */
static bool is_free(struct cdc_in *p, const struct cdc_draft *d)
{
    if (!cdc_find_seen(p->c, d->ns, d->id))
        return true;
    cdc_refuse(p, "CDC:ErrChangeFeedAlreadyExists", "changefeed already exists, %s",
               d->id);
    return false;
}

/* Steps 2 to 4; 4 before 2 in the new architecture. */
static bool names_fine(struct cdc_in *p, struct cdc_draft *d)
{
    bool first = cdc_is_new(p->c) && d->id && *d->id;
    if (first && !cdc_legal_id(d->id)) {
        cdc_refuse(p, "CDC:ErrAPIInvalidParam", "invalid changefeed_id: %s", d->id);
        return false;
    }
    if (first) {
        d->ns = cdc_namespace(p);
        if (!is_free(p, d))
            return false;
    }
    if (!d->sink_uri || !*d->sink_uri) {
        cdc_refuse(p, "CDC:ErrSinkURIInvalid",
                   "sink uri invalid 'sink_uri is empty, cannot create a changefeed "
                   "without sink_uri'");
        return false;
    }
    if (!d->id || !*d->id)
        d->id = dr_sprintf(p->in->a, "%016" PRIx64, dr_prng_next(&p->c->model->prng));
    if (!d->ns || !*d->ns)
        d->ns = cdc_namespace(p);
    if (!cdc_legal_id(d->id)) {
        cdc_refuse(p, "CDC:ErrAPIInvalidParam", "invalid changefeed_id: %s", d->id);
        return false;
    }
    if (!cdc_legal_id(d->ns)) {
        cdc_refuse(p, "CDC:ErrAPIInvalidParam", "invalid namespace: %s", d->ns);
        return false;
    }
    return is_free(p, d);
}

/* PD's time; false: refused already. */
static bool pd_now(struct cdc_in *p, uint64_t *out)
{
    if (!cdc_pd_ok(p->c)) {
        cdc_refuse(p, "CDC:ErrPDEtcdAPIError", "fail to get ts from pd client");
        return false;
    }
    *out = dr_model_tso(p->c->cluster);
    return true;
}

static bool refuse_gc(struct cdc_in *p, uint64_t start_ts, uint64_t least)
{
    cdc_refuse(p, "CDC:ErrStartTsBeforeGC",
               "fail to create or maintain changefeed because start-ts %" PRIu64
               " is earlier than or equal to GC safepoint at %" PRIu64,
               start_ts, least);
    return false;
}

/* Steps 5 to 7. */
static bool times_fine(struct cdc_in *p, struct cdc_draft *d)
{
    uint64_t now, least;

    if (!pd_now(p, &now))
        return false;
    if (!d->start_ts)
        d->start_ts = now;
    if (d->start_ts > now) {
        cdc_refuse(p, "CDC:ErrAPIInvalidParam",
                   "invalid start-ts %" PRIu64 ", larger than current tso %" PRIu64,
                   d->start_ts, now);
        return false;
    }
    if (!cdc_ensure_safe(p->c, NULL, d->ns, d->id, "creating", d->start_ts,
                         CDC_CREATING_TTL_MS, &least))
        return refuse_gc(p, d->start_ts, least);
    if (d->target_ts && d->target_ts <= d->start_ts) {
        cdc_refuse(p, "CDC:ErrTargetTsBeforeStartTs",
                   "fail to create changefeed because target-ts %" PRIu64
                   " is earlier than start-ts %" PRIu64,
                   d->target_ts, d->start_ts);
        return false;
    }
    return true;
}

static bool create_draft(struct cdc_in *p, struct cdc_draft *d)
{
    struct cdc_verdict verdict;
    struct cdc_feed *f;

    if (!names_fine(p, d) || !times_fine(p, d))
        return false;
    cdc_check(p->c, p->in->a, d, d->start_ts, &verdict);
    if (verdict.refused) {
        if (cdc_is_new(p->c)) /* classic leaves it until it runs out */
            cdc_undo_safe(p->c, d->ns, d->id, "creating");
        cdc_refuse(p, verdict.code, "%s", verdict.text);
        return false;
    }
    if (cdc_find(p->c, d->ns, d->id)) { /* in etcd, whatever the owner remembers */
        cdc_refuse(p, "DFLOW:ErrMetaOpFailed",
                   "unexpected meta operation failure: Create changefeed %s/%s", d->ns,
                   d->id);
        return false;
    }
    f = cdc_add(p->c, d->ns, d->id);
    f->start_ts = f->checkpoint = f->resolved = f->delivered = d->start_ts;
    f->target_ts = d->target_ts;
    f->sink_uri = dr_xstrdup(d->sink_uri);
    f->config = json_incref(d->config);
    cdc_materialise_later(f);
    cdc_show_made(p, f);
    return true;
}

static json_t *defaults(const struct cdc *c)
{
    return cdc_is_new(c) ? cdc_new_defaults(c) : dr_cdc_config_default();
}

void cdc_create(struct cdc_in *p)
{
    json_t *body = cdc_bind(p);
    struct draft_in in = {.has_config = false};

    if (!body)
        return;
    if (bind_draft(p, body, defaults(p->c), &in))
        (void)create_draft(p, &in.d);
    json_decref(in.d.config);
    json_decref(body);
}

/* ---- update ---- */
static void refuse_update(struct cdc_in *p, const char *text)
{
    cdc_refuse(p, "CDC:ErrChangefeedUpdateRefused", "changefeed update error: %s", text);
}

/* Puts together what the feed would be; false: refused already. */
static bool updated(struct cdc_in *p, const struct cdc_feed *f, struct draft_in *in)
{
    struct cdc_draft *d = &in->d;
    struct cdc_verdict verdict;

    d->ns = f->ns;
    d->id = f->id;
    if (d->target_ts && d->target_ts <= f->start_ts) {
        refuse_update(p, dr_sprintf(p->in->a,
                                    "can not update target_ts:%" PRIu64
                                    " less than start_ts:%" PRIu64,
                                    d->target_ts, f->start_ts));
        return false;
    }
    if (!d->target_ts)
        d->target_ts = f->target_ts;
    if (!d->sink_uri || !*d->sink_uri)
        d->sink_uri = f->sink_uri;
    if (in->has_config)
        dr_cdc_config_fill_update(d->config);
    else {
        json_decref(d->config);
        d->config = json_deep_copy(f->config);
    }
    cdc_check(p->c, p->in->a, d, f->checkpoint, &verdict);
    if (verdict.refused) {
        refuse_update(p, dr_sprintf(p->in->a, "[%s]%s", verdict.code, verdict.text));
        return false;
    }
    if (!cdc_is_new(p->c) && d->target_ts == f->target_ts &&
        !strcmp(d->sink_uri, f->sink_uri) && json_equal(d->config, f->config)) {
        refuse_update(p, "changefeed config is the same with the old one, do nothing");
        return false;
    }
    return true;
}

static bool start_stays(struct cdc_in *p, const struct cdc_draft *d)
{
    if (!cdc_is_new(p->c) || !d->start_ts)
        return true; /* classic passes over it */
    cdc_refuse(p, "CDC:ErrAPIInvalidParam", "start_ts can not be updated");
    return false;
}

static void store_update(struct cdc_feed *f, const struct cdc_draft *d)
{
    if (d->sink_uri != f->sink_uri) {
        free(f->sink_uri);
        f->sink_uri = dr_xstrdup(d->sink_uri);
    }
    if (strcmp(dr_cdc_config_str(d->config, "consistent.storage"),
               dr_cdc_config_str(f->config, "consistent.storage")))
        cdc_redo_free(f); /* other files from now on */
    f->target_ts = d->target_ts;
    free(f->shown_config);
    f->shown_config = NULL;
    json_decref(f->config);
    f->config = json_incref(d->config);
}

void cdc_update(struct cdc_in *p)
{
    struct cdc_feed *f = cdc_named(p, true);
    struct draft_in in = {.has_config = false};
    json_t *body;
    bool failed_too = cdc_version_at_least(p->c, 6, 5, 2);

    if (!f)
        return;
    if (f->state != CDC_STOPPED && !(failed_too && f->state == CDC_FAILED)) {
        refuse_update(p,
                      "can only update changefeed config when it is stopped or failed");
        return;
    }
    body = cdc_bind(p);
    if (!body)
        return;
    /* Decoded over nothing: what is not sent becomes Go's zero. */
    json_t *base = cdc_is_new(p->c) ? cdc_new_update_base(p->c) : json_object();
    if (bind_draft(p, body, base, &in) && start_stays(p, &in.d) && updated(p, f, &in)) {
        store_update(f, &in.d);
        cdc_show_made(p, f);
    }
    json_decref(in.d.config);
    json_decref(body);
}

/* ---- delete, pause, resume ---- */
struct deletion {
    const struct cdc_feed *feed;
    int64_t until_ms;
};

/* Waits like the handler: until the owner's memory does not show it any more, be it
 * removed or not yet seen by a new owner. */
static bool deleted(struct dr_http_in *in, void *arg)
{
    const struct deletion *d = arg;
    struct cdc_in p = {.in = in, .c = d->feed->cdc};

    if (d->feed->in_memory && in->m->now_ms < d->until_ms)
        return false;
    dr_buf_init(&p.body, DR_HTTP_BODY_MAX);
    if (d->feed->in_memory)
        cdc_refuse(&p, "CDC:ErrChangeFeedDeletionUnfinished",
                   "changefeed exists after deletion, %s/%s", d->feed->ns, d->feed->id);
    else
        cdc_empty_object(&p);
    return true;
}

void cdc_delete(struct cdc_in *p)
{
    struct cdc_feed *f = cdc_named(p, false);
    struct dr_model *m = p->c->model;
    struct deletion *d;

    if (!f)
        return;
    cdc_enqueue(f, CDC_JOB_REMOVE, 0);
    d = DR_NEW(m->arena, struct deletion);
    *d = (struct deletion){f, m->now_ms + dr_model_scaled(m, DELETE_PATIENCE_MS)};
    dr_buf_release(&p->body);
    p->in->settle = deleted;
    p->in->settle_arg = d;
}

/* The new architecture waits until the feed has stopped, without a bound. */
static bool paused(struct dr_http_in *in, void *arg)
{
    const struct cdc_feed *f = arg;
    struct cdc_in p = {.in = in, .c = f->cdc};
    if (f->in_memory && f->state != CDC_STOPPED)
        return false;
    dr_buf_init(&p.body, DR_HTTP_BODY_MAX);
    cdc_empty_object(&p);
    return true;
}

void cdc_pause(struct cdc_in *p)
{
    struct cdc_feed *f = cdc_named(p, true);

    if (!f)
        return;
    cdc_enqueue(f, CDC_JOB_PAUSE, 0);
    if (!cdc_is_new(p->c) || !cdc_version_at_least(p->c, 8, 5, 6)) {
        cdc_empty_object(p);
        return;
    }
    dr_buf_release(&p->body);
    p->in->settle = paused;
    p->in->settle_arg = f;
}

/* Absent in 6.5.0-6.5.8, 7.1.0-7.1.3, all of 7.5 and 7.6: there resume answers 200 and
 * the feed fails afterwards. */
static bool checks_checkpoint(const struct cdc *c)
{
    const struct dr_version *v = &c->doc->version;
    if (v->major >= 8)
        return true;
    if (v->major == 7)
        return v->minor == 1 && v->patch >= 4;
    return v->major == 6 && v->minor == 5 && v->patch >= 9;
}

static bool resumable(struct cdc_in *p, const struct cdc_feed *f, uint64_t overwrite)
{
    uint64_t now, least, from = overwrite ? overwrite : f->checkpoint;

    if (!pd_now(p, &now))
        return false;
    if (overwrite > now) {
        cdc_refuse(p, "CDC:ErrAPIInvalidParam",
                   "invalid checkpoint-ts %" PRIu64 ", larger than current tso %" PRIu64,
                   overwrite, now);
        return false;
    }
    if (!overwrite && !checks_checkpoint(p->c))
        return true;
    if (!cdc_ensure_safe(p->c, f, f->ns, f->id, "resuming", from, CDC_CREATING_TTL_MS,
                         &least))
        return refuse_gc(p, from, least);
    return true;
}

/* ticdc: coordinator/controller.go ResumeChangefeed, on master. */
static bool stopped_enough(struct cdc_in *p, const struct cdc_feed *f)
{
    if (!cdc_is_master(p->c) || f->state >= CDC_STOPPED)
        return true;
    cdc_refuse(p, "CDC:ErrChangefeedUpdateRefused",
               "changefeed update error: can only resume changefeed when it is stopped, "
               "failed, or finished, but current state is %s",
               cdc_state_names[f->state == CDC_INIT ? CDC_NORMAL : f->state]);
    return false;
}

void cdc_resume(struct cdc_in *p)
{
    struct cdc_feed *f = cdc_named(p, true);
    uint64_t overwrite = 0;
    json_t *body;

    if (!f)
        return;
    bool empty_is_fine = cdc_is_new(p->c) && !p->in->req->body_len;
    body = empty_is_fine ? json_object() : cdc_bind(p);
    if (!body)
        return;
    if (cdc_bind_u64(p, body, "overwrite_checkpoint_ts", &overwrite) &&
        stopped_enough(p, f) && resumable(p, f, overwrite)) {
        cdc_enqueue(f, CDC_JOB_RESUME, overwrite);
        cdc_empty_object(p);
    }
    json_decref(body);
}

/* ---- tables ---- */
struct tables {
    struct dr_gojson *w;
    bool eligible, all; /* all: both kinds */
    size_t count;
};

static void add_table(void *arg, const struct dr_table_def *t, bool eligible)
{
    struct tables *list = arg;

    if (eligible != list->eligible && !list->all)
        return;
    if (!list->count++)
        dr_gojson_array(list->w, list->all  ? "all_tables"
                                 : eligible ? "eligible_tables"
                                            : "ineligible_tables");
    dr_gojson_object(list->w, NULL);
    dr_gojson_str(list->w, "database_name", t->schema);
    dr_gojson_str(list->w, "table_name", t->name);
    dr_gojson_i64(list->w, "table_id", t->id);
    dr_gojson_bool(list->w, "is_partition", false);
    dr_gojson_end(list->w);
}

static void show_tables(struct cdc_in *p, const struct cdc_draft *d)
{
    struct cdc_verdict verdict = {.refused = false};

    if (d->start_ts && d->start_ts < p->c->cluster->gc_safe_point) {
        cdc_refuse(p, "CDC:ErrMetaListDatabases",
                   "meta store list databases: [tikv:9006]GC life time is shorter than "
                   "transaction duration, transaction starts at %" PRIu64
                   ", GC safe point is %" PRIu64,
                   d->start_ts, p->c->cluster->gc_safe_point);
        return;
    }
    dr_gojson_object(&p->w, NULL);
    int kinds = cdc_is_new(p->c) ? 3 : 2;
    for (int kind = 0; kind < kinds && !verdict.refused; kind++) {
        struct tables list = {.w = &p->w, .eligible = kind == 1, .all = kind == 2};
        (void)cdc_each_table(p->c, p->in->a, d->config,
                             d->start_ts ? d->start_ts : UINT64_MAX, add_table, &list,
                             &verdict);
        if (list.count)
            dr_gojson_end(&p->w);
    }
    if (verdict.refused) {
        cdc_refuse(p, verdict.code, "%s", verdict.text);
        return;
    }
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

void cdc_verify_table(struct cdc_in *p)
{
    json_t *body = cdc_bind(p);
    struct draft_in in = {.has_config = false};

    if (!body)
        return;
    if (bind_draft(p, body, defaults(p->c), &in))
        show_tables(p, &in.d);
    json_decref(in.d.config);
    json_decref(body);
}
