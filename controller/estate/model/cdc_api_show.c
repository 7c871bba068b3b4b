/* The open API's views of changefeeds: list, GET, status, synced. Source: tiflow:
 * cdc/api/v2/changefeed.go, model.go. */
#include <inttypes.h>
#include <string.h>

#include "controller/estate/model/cdc_api.h"
#include "controller/estate/model/cdc_new.h"

/* Errors that list and GET keep to themselves. */
static bool hides_error(const struct cdc_feed *f)
{
    if (cdc_is_new(f->cdc))
        return false;
    if (f->state == CDC_NORMAL || f->state == CDC_INIT)
        return true;
    return cdc_version_at_least(f->cdc, 8, 5, 0) &&
           (f->state == CDC_STOPPED || f->state == CDC_FINISHED);
}

enum with_time { NO_TIME, ITS_TIME, ZERO_TIME };

static void add_error(struct cdc_in *p, const char *key, const struct cdc_feed *f,
                      enum with_time with_time)
{
    char text[DR_TIME_TEXT];

    dr_gojson_object(&p->w, key);
    if (with_time == ZERO_TIME)
        dr_gojson_str(&p->w, "time", "0001-01-01T00:00:00Z");
    if (with_time == ITS_TIME)
        dr_gojson_str(&p->w, "time", cdc_rfc_time(p->c, f->error.at_ms, text));
    dr_gojson_str(&p->w, "addr", f->error.addr);
    dr_gojson_str(&p->w, "code", f->error.code);
    dr_gojson_str(&p->w, "message", f->error.message);
    dr_gojson_end(&p->w);
}

/* ---- list ---- */
/* By the internal state: "warning" misses feeds that are pending. */
static bool wanted(const struct cdc_feed *f, const char *state)
{
    if (!state || !*state)
        return f->state != CDC_FINISHED;
    if (!strcmp(state, "all"))
        return true;
    return !strcmp(cdc_state_names[f->state == CDC_INIT ? CDC_NORMAL : f->state], state);
}

static const char *shown_state(const struct cdc_feed *f)
{
    if (f->state == CDC_INIT)
        return "normal";
    return cdc_state_names[f->state == CDC_PENDING ? CDC_WARNING : f->state];
}

static const char *space_key(const struct cdc_in *p)
{
    return cdc_is_new(p->c) ? "keyspace" : "namespace";
}

static void add_item(struct cdc_in *p, const struct cdc_feed *f)
{
    char text[DR_TIME_TEXT];

    dr_gojson_object(&p->w, NULL);
    dr_gojson_u64(&p->w, "upstream_id", cdc_upstream_id(p->c));
    dr_gojson_str(&p->w, space_key(p), f->ns);
    dr_gojson_str(&p->w, "id", f->id);
    dr_gojson_str(&p->w, "state", shown_state(f));
    dr_gojson_u64(&p->w, "checkpoint_tso", f->checkpoint);
    dr_gojson_str(&p->w, "checkpoint_time",
                  cdc_json_time(p->c, dr_tso_ms(f->checkpoint), text));
    if (f->error.set && !hides_error(f))
        add_error(p, "error", f, ITS_TIME);
    else
        dr_gojson_null(&p->w, "error");
    dr_gojson_end(&p->w);
}

static int by_name(const void *x, const void *y)
{
    const struct cdc_feed *a = *(struct cdc_feed *const *)x;
    const struct cdc_feed *b = *(struct cdc_feed *const *)y;
    int ns = strcmp(a->ns, b->ns);
    return ns ? ns : strcmp(a->id, b->id);
}

void cdc_list(struct cdc_in *p)
{
    const char *state = dr_http_param(p->in, "state"), *ns = cdc_namespace(p);
    struct cdc_feed **feeds = NULL;
    size_t count = 0, room = 0;

    for (struct cdc_feed *f = p->c->feeds; f && p->c->phase == CDC_READY; f = f->next)
        if (f->in_memory && !strcmp(f->ns, ns) && wanted(f, state))
            *DR_PUSH(p->in->a, feeds, count, room) = f;
    if (count)
        qsort(feeds, count, sizeof(struct cdc_feed *), by_name);
    dr_gojson_object(&p->w, NULL);
    dr_gojson_u64(&p->w, "total", count);
    dr_gojson_array(&p->w, "items");
    for (size_t i = 0; i < count; i++)
        add_item(p, feeds[i]);
    dr_gojson_end(&p->w);
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

/* ---- one feed ---- */
struct ids {
    struct dr_gojson *w;
};

static void add_table_id(void *arg, const struct dr_table_def *t, bool eligible)
{
    struct ids *ids = arg;
    if (eligible && !t->view)
        dr_gojson_i64(ids->w, NULL, t->id);
}

static void add_task_status(struct cdc_in *p, const struct cdc_feed *f)
{
    struct ids ids = {&p->w};
    struct cdc_verdict verdict;

    if (f->state != CDC_NORMAL || !f->run)
        return;
    dr_gojson_array(&p->w, "task_status");
    dr_gojson_object(&p->w, NULL);
    dr_gojson_str(&p->w, "capture_id", p->c->captures[cdc_run_capture(f)].id);
    dr_gojson_array(&p->w, "table_ids");
    (void)cdc_each_table(p->c, p->in->a, f->config, UINT64_MAX, add_table_id, &ids,
                         &verdict); /* a running feed's rules are well formed */
    dr_gojson_end(&p->w);
    dr_gojson_null(&p->w, "table_operations");
    dr_gojson_end(&p->w);
    dr_gojson_end(&p->w);
}

struct view {
    const char *config; /* text */
    bool masked, made;  /* made: just created or updated */
};

static void add_new_members(struct cdc_in *p, const struct cdc_feed *f)
{
    char at[DR_HOST_MAX + 16];
    if (f->run)
        dr_gojson_str(
            &p->w, "maintainer_addr",
            dr_address_text(&p->c->captures[cdc_run_capture(f)].process.at, at));
    cdc_new_write_gid(&p->w, f);
}

static void add_info(struct cdc_in *p, const struct cdc_feed *f, const struct view *v)
{
    uint64_t checkpoint = v->made && f->state == CDC_INIT ? f->start_ts : f->checkpoint;
    enum cdc_state state = v->made && f->state == CDC_INIT ? CDC_NORMAL : f->state;
    char text[DR_TIME_TEXT];

    dr_gojson_object(&p->w, NULL);
    dr_gojson_u64(&p->w, "upstream_id", cdc_upstream_id(p->c));
    dr_gojson_str(&p->w, space_key(p), f->ns);
    dr_gojson_str(&p->w, "id", f->id);
    dr_gojson_str(&p->w, "sink_uri",
                  v->masked ? dr_uri_masked(p->in->a, f->sink_uri) : f->sink_uri);
    dr_gojson_str(&p->w, "create_time", cdc_rfc_time(p->c, f->created_ms, text));
    if (f->start_ts)
        dr_gojson_u64(&p->w, "start_ts", f->start_ts);
    if (f->target_ts)
        dr_gojson_u64(&p->w, "target_ts", f->target_ts);
    if (f->admin_job_type)
        dr_gojson_i64(&p->w, "admin_job_type", f->admin_job_type);
    dr_gojson_raw(&p->w, "config", v->config);
    if (state != CDC_INIT)
        dr_gojson_str(&p->w, "state", cdc_state_names[state]);
    if (f->error.set && !f->error.warning && !hides_error(f))
        add_error(p, "error", f, cdc_is_new(p->c) ? ZERO_TIME : NO_TIME);
    dr_gojson_str(&p->w, "creator_version", p->c->doc->version.text);
    dr_gojson_u64(&p->w, "resolved_ts",
                  v->made || cdc_is_new(p->c) ? checkpoint : f->resolved);
    dr_gojson_u64(&p->w, "checkpoint_ts", checkpoint);
    dr_gojson_str(&p->w, "checkpoint_time",
                  cdc_json_time(p->c, dr_tso_ms(checkpoint), text));
    if (cdc_is_new(p->c))
        add_new_members(p, f);
    else if (!v->made)
        add_task_status(p, f);
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

static char *config_text(const json_t *config)
{
    struct dr_gojson w;
    struct dr_buf b;
    char *text;

    dr_buf_init(&b, DR_HTTP_BODY_MAX);
    dr_gojson_init(&w, &b, 0);
    dr_cdc_config_write(&w, NULL, config);
    text = dr_xstrdup(dr_buf_str(&b));
    dr_buf_release(&b);
    return text;
}

/* Kept with the feed: it is asked for far more often than it changes. */
static const char *normal_config(struct dr_arena *a, struct cdc_feed *f)
{
    struct cdc_sink sink;
    json_t *normal;

    if (!f->shown_config) {
        (void)cdc_sink_parse(a, f->sink_uri, &sink); /* was verified when it was taken */
        normal = dr_cdc_config_normal(f->config, &sink.uri);
        f->shown_config = config_text(normal);
        json_decref(normal);
    }
    return f->shown_config;
}

static void show_normal(struct cdc_in *p, bool masked)
{
    struct cdc_feed *f = cdc_named(p, true);
    struct view v = {.masked = masked};

    if (!f)
        return;
    v.config = normal_config(p->in->a, f);
    add_info(p, f, &v);
}

void cdc_get(struct cdc_in *p)
{
    show_normal(p, true);
}

void cdc_meta_info(struct cdc_in *p)
{
    show_normal(p, false);
}

void cdc_show_made(struct cdc_in *p, const struct cdc_feed *f)
{
    char *text = config_text(f->config);
    const struct view v = {.config = text, .masked = true, .made = true};

    add_info(p, f, &v);
    free(text);
}

void cdc_status(struct cdc_in *p)
{
    struct cdc_feed *f = cdc_named(p, true);

    if (!f)
        return;
    dr_gojson_object(&p->w, NULL);
    dr_gojson_str(&p->w, "state", cdc_state_names[f->state]);
    dr_gojson_u64(&p->w, "resolved_ts", cdc_is_new(p->c) ? f->checkpoint : f->resolved);
    dr_gojson_u64(&p->w, "checkpoint_ts", f->checkpoint);
    if (f->error.set && cdc_is_new(p->c)) {
        if (f->state == CDC_FAILED || f->state == CDC_WARNING)
            add_error(p, f->state == CDC_FAILED ? "last_error" : "last_warning", f,
                      ITS_TIME);
    } else if (f->error.set && f->error.at_ms > dr_tso_ms(f->checkpoint)) {
        add_error(p, f->error.warning ? "last_warning" : "last_error", f, ITS_TIME);
    }
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

/* ---- synced ---- */
#define NOT_FINISHED "The data syncing is not finished, please wait"

struct synced {
    bool synced;
    int64_t now_ms;
    const char *info;
};

/* Versions in which each call makes its own PD client, which fails with PD. */
static bool own_pd_client(const struct cdc *c)
{
    const struct dr_version *v = &c->doc->version;
    if (v->major == 6)
        return v->patch <= 11;
    if (v->major == 7)
        return v->minor != 5 || v->patch <= 5;
    return v->major == 8 && (v->minor < 5 || v->patch <= 1);
}

static struct synced without_pd(struct dr_arena *a, const struct cdc_feed *f,
                                int64_t ahead_ms, int64_t checkpoint_ms)
{
    static const char err[] = "[CDC:ErrAPIGetPDClientFailed]failed to get PDClient to "
                              "connect PD, please recheck";
    if (!own_pd_client(f->cdc)) /* GetTS fails, and is ignored: now is 0 */
        return (struct synced){false, 0, NOT_FINISHED};
    return (struct synced){
        false, 0,
        dr_sprintf(a,
                   ahead_ms > checkpoint_ms
                       ? "%s. Besides the data is not finish syncing"
                       : "%s. You should check the pd status first. If pd status is "
                         "normal, means we don't finish sync data. If pd is offline, "
                         "please check whether we satisfy the condition that the time "
                         "difference from lastSyncedTs to the current time from the time "
                         "zone of pd is greater than the check interval. If it's "
                         "satisfied, means the data syncing is totally finished",
                   err)};
}

static struct synced judge(struct dr_arena *a, const struct cdc_feed *f)
{
    struct cdc *c = f->cdc;
    int64_t interval_ms =
        dr_cdc_config_int(f->config, "synced_status.synced_check_interval") * 1000;
    int64_t checkpoint_ms =
        dr_cdc_config_int(f->config, "synced_status.checkpoint_interval") * 1000;
    int64_t now_ms = dr_tso_ms(cdc_now_tso(c));
    int64_t ahead_ms = dr_tso_ms(f->resolved) - dr_tso_ms(f->checkpoint);
    int64_t behind_ms = now_ms - dr_tso_ms(f->checkpoint);

    interval_ms = interval_ms ? interval_ms : 300000;
    checkpoint_ms = checkpoint_ms ? checkpoint_ms : 15000;
    if (!cdc_pd_ok(c))
        return without_pd(a, f, ahead_ms, checkpoint_ms);
    if (now_ms - dr_tso_ms(f->last_synced) <= interval_ms)
        return (struct synced){false, now_ms, NOT_FINISHED};
    if (behind_ms < checkpoint_ms)
        return (struct synced){true, now_ms,
                               cdc_is_new(c) ? "The data syncing is finished"
                                             : "Data syncing is finished"};
    if (ahead_ms < checkpoint_ms)
        return (struct synced){
            false, now_ms,
            "Please check whether PD is online and TiKV Regions are all available. If PD "
            "is offline or some TiKV regions are not available, it means that the data "
            "syncing process is complete. To check whether TiKV regions are all "
            "available, you can view 'TiKV-Details' > 'Resolved-Ts' > 'Max Leader "
            "Resolved TS gap' on Grafana. If the gap is large, such as a few minutes, it "
            "means that some regions in TiKV are unavailable. Otherwise, if the gap is "
            "small and PD is online, it means the data syncing is incomplete, so please "
            "wait"};
    return (struct synced){false, now_ms, NOT_FINISHED};
}

void cdc_synced(struct cdc_in *p)
{
    struct cdc_feed *f = cdc_named(p, true);
    struct synced s;
    char text[DR_TIME_TEXT];

    if (!f)
        return;
    if (cdc_is_new(p->c) && !cdc_pd_ok(p->c)) {
        cdc_refuse(p, "CDC:ErrPDEtcdAPIError", "fail to get ts from pd client");
        return;
    }
    s = judge(p->in->a, f);
    dr_gojson_object(&p->w, NULL);
    dr_gojson_bool(&p->w, "synced", s.synced);
    dr_gojson_str(&p->w, "sink_checkpoint_ts",
                  cdc_json_time(p->c, dr_tso_ms(f->checkpoint), text));
    dr_gojson_str(&p->w, "puller_resolved_ts",
                  cdc_json_time(p->c, dr_tso_ms(f->resolved), text));
    dr_gojson_str(&p->w, "last_synced_ts",
                  cdc_json_time(p->c, dr_tso_ms(f->last_synced), text));
    dr_gojson_str(&p->w, "now_ts", cdc_json_time(p->c, s.now_ms / 1000 * 1000, text));
    dr_gojson_str(&p->w, "info", s.info);
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}
