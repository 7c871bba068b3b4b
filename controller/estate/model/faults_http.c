/* What `drover-sim ctl` and the tests can break in PD, TiCDC and storage. Lost, late and
 * wrong answers are general faults (faults.c); here is what only these servers know. */
#include <errno.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/estate/model/cdc.h"
#include "controller/estate/model/pd.h"
#include "controller/estate/model/store.h"

/* ---- what a command names ---- */
static struct dr_model_cluster *named_cluster(struct dr_model *m, const json_t *command,
                                              struct dr_err *err)
{
    const char *name = dr_json_str(command, "cluster");
    struct dr_model_cluster *c = name ? dr_model_cluster(m, name) : NULL;

    if (!c)
        (void)dr_fail(err, DR_E_INPUT, "no cluster '%s'", name ? name : "");
    return c;
}

static struct dr_pd_cluster *named_pd(struct dr_model *m, const json_t *command,
                                      struct dr_err *err)
{
    struct dr_model_cluster *c = named_cluster(m, command, err);
    return c ? &m->pd->clusters[c->index] : NULL;
}

static struct cdc *named_cdc(struct dr_model *m, const json_t *command,
                             struct dr_err *err)
{
    struct dr_model_cluster *c = named_cluster(m, command, err);
    struct cdc *cdc = c ? &m->cdc->all[c->index] : NULL;

    if (cdc && !cdc->doc) {
        (void)dr_fail(err, DR_E_INPUT, "cluster '%s' has no TiCDC", c->name);
        return NULL;
    }
    return cdc;
}

/* The feed of that id; without one, the only feed there is. */
static struct cdc_feed *named_feed(struct dr_model *m, const json_t *command,
                                   struct dr_err *err)
{
    struct cdc *c = named_cdc(m, command, err);
    const char *id = dr_json_str(command, "feed");
    struct cdc_feed *found = NULL;
    size_t count = 0;

    for (struct cdc_feed *f = c ? c->feeds : NULL; f; f = f->next)
        if (!f->gone && (!id || !strcmp(f->id, id))) {
            found = f;
            count++;
        }
    if (c && count != 1) {
        (void)dr_fail(err, DR_E_INPUT, "%s",
                      count ? "several feeds: name one" : "no such feed");
        return NULL;
    }
    return found;
}

/* "value" of a switch; true when it is not given. */
static bool wanted(const json_t *command)
{
    bool v = true;
    return dr_json_bool(command, "value", &v) ? v : true;
}

/* ---- PD ---- */
static int run_leader_lost(struct dr_model *m, const json_t *command, json_t **reply,
                           struct dr_err *err)
{
    struct dr_pd_cluster *pd = named_pd(m, command, err);

    (void)reply;
    if (!pd)
        return -DR_E_INPUT;
    dr_pd_lose_leader(pd);
    return 0;
}

static int run_leader_move(struct dr_model *m, const json_t *command, json_t **reply,
                           struct dr_err *err)
{
    struct dr_pd_cluster *pd = named_pd(m, command, err);

    (void)reply;
    if (!pd)
        return -DR_E_INPUT;
    if (pd->member_count)
        dr_pd_move_leader(pd, ((size_t)pd->leader + 1) % pd->member_count);
    return 0;
}

static int run_young(struct dr_model *m, const json_t *command, json_t **reply,
                     struct dr_err *err)
{
    struct dr_pd_cluster *pd = named_pd(m, command, err);

    (void)reply;
    if (!pd)
        return -DR_E_INPUT;
    pd->initialised = !wanted(command);
    return 0;
}

static int run_safepoint(struct dr_model *m, const json_t *command, json_t **reply,
                         struct dr_err *err)
{
    struct dr_pd_cluster *pd = named_pd(m, command, err);
    const char *id = dr_json_str(command, "id");
    uint64_t tso = 0;
    int64_t ttl_ms = 0;

    (void)reply;
    if (!pd)
        return -DR_E_INPUT;
    if (!id)
        return dr_fail(err, DR_E_INPUT, "a safepoint needs an id");
    (void)!dr_json_u64(command, "tso", &tso);
    (void)!dr_json_i64(command, "ttl_ms", &ttl_ms);
    if (!dr_model_pd_service_safepoint(m, pd->cluster->index, id, tso, ttl_ms))
        return dr_fail(err, DR_E_INPUT, "below the GC safe point");
    return 0;
}

/* ---- TiCDC ---- */
static int run_owner_change(struct dr_model *m, const json_t *command, json_t **reply,
                            struct dr_err *err)
{
    struct cdc *c = named_cdc(m, command, err);
    bool crash = false;

    (void)reply;
    if (!c)
        return -DR_E_INPUT;
    (void)!dr_json_bool(command, "crash", &crash);
    cdc_owner_change(c, crash);
    return 0;
}

static int run_stall(struct dr_model *m, const json_t *command, json_t **reply,
                     struct dr_err *err)
{
    struct cdc_feed *f = named_feed(m, command, err);

    (void)reply;
    if (!f)
        return -DR_E_INPUT;
    f->stalled = wanted(command);
    return 0;
}

static int run_freeze(struct dr_model *m, const json_t *command, json_t **reply,
                      struct dr_err *err)
{
    struct cdc_feed *f = named_feed(m, command, err);

    (void)reply;
    if (!f)
        return -DR_E_INPUT;
    f->frozen = wanted(command);
    return 0;
}

static int run_feed_error(struct dr_model *m, const json_t *command, json_t **reply,
                          struct dr_err *err)
{
    struct cdc_feed *f = named_feed(m, command, err);
    const char *code = dr_json_str(command, "code");
    const char *message = dr_json_str(command, "message");
    bool fatal = true;

    (void)reply;
    if (!f)
        return -DR_E_INPUT;
    (void)!dr_json_bool(command, "fatal", &fatal);
    cdc_fail(f, code ? code : "CDC:ErrChangefeedUnretryable",
             message ? message
                     : "[CDC:ErrChangefeedUnretryable]changefeed is in unretryable state",
             fatal);
    return 0;
}

/* A warning: the feed goes on trying, its state says so, GET does not (tiflow:
 * cdc/owner/feed_state_manager.go handleWarning). Progress clears it. */
static int run_feed_warning(struct dr_model *m, const json_t *command, json_t **reply,
                            struct dr_err *err)
{
    struct cdc_feed *f = named_feed(m, command, err);
    const char *code = dr_json_str(command, "code");
    const char *message = dr_json_str(command, "message");

    (void)reply;
    if (!f)
        return -DR_E_INPUT;
    cdc_warn(f, code ? code : "CDC:ErrMySQLTxnError",
             message ? message : "[CDC:ErrMySQLTxnError]MySQL txn error: i/o timeout");
    return 0;
}

static int run_wrong_upstream(struct dr_model *m, const json_t *command, json_t **reply,
                              struct dr_err *err)
{
    struct cdc *c = named_cdc(m, command, err);
    uint64_t id = 0;

    (void)reply;
    if (!c)
        return -DR_E_INPUT;
    (void)!dr_json_u64(command, "id", &id);
    c->wrong_upstream = id;
    return 0;
}

static int run_zone(struct dr_model *m, const json_t *command, json_t **reply,
                    struct dr_err *err)
{
    struct cdc *c = named_cdc(m, command, err);
    int64_t minutes = 0;

    (void)reply;
    if (!c)
        return -DR_E_INPUT;
    if (dr_json_i64(command, "minutes", &minutes) && (minutes < -840 || minutes > 840))
        return dr_fail(err, DR_E_INPUT, "a zone is -840 to 840 minutes from UTC");
    c->zone_min = (int)minutes;
    return 0;
}

static int run_import(struct dr_model *m, const json_t *command, json_t **reply,
                      struct dr_err *err)
{
    struct cdc *c = named_cdc(m, command, err);

    (void)reply;
    if (!c)
        return -DR_E_INPUT;
    c->import_running = wanted(command);
    return 0;
}

/* ---- storage ---- */
static int run_folders(struct dr_model *m, const json_t *command, json_t **reply,
                       struct dr_err *err)
{
    (void)reply, (void)err;
    m->store->folders_fail = wanted(command) ? ENOSPC : 0;
    return 0;
}

/* clang-format off */
const struct dr_model_command dr_model_ctl_http[] = {
    {"pd-leader-lost",     "cluster: no leader for about 11 s",                          run_leader_lost},
    {"pd-leader-move",     "cluster: the next member leads, without a gap",              run_leader_move},
    {"pd-young",           "cluster, value: not initialised, min_resolved_ts unknown",   run_young},
    {"pd-safepoint",       "cluster, id, tso, ttl_ms: a service safepoint; 0 removes",   run_safepoint},
    {"cdc-owner-change",   "cluster, crash: no owner, then one that sees no feeds",      run_owner_change},
    {"cdc-wrong-upstream", "cluster, id: another upstream id is shown; 0: the true one", run_wrong_upstream},
    {"cdc-zone",           "cluster, minutes: time zone of the servers",                 run_zone},
    {"cdc-import",         "cluster, value: PD's etcd names a running import",           run_import},
    {"feed-stall",         "cluster, feed, value: rows reach redo, not the downstream",  run_stall},
    {"feed-freeze",        "cluster, feed, value: nothing is captured",                  run_freeze},
    {"feed-error",         "cluster, feed, code, message, fatal: failed, or retrying",   run_feed_error},
    {"feed-warning",       "cluster, feed, code, message: a warning, until it gets on",  run_feed_warning},
    {"folders-full",       "value: no space left in any folder",                         run_folders},
    {NULL, NULL, NULL},
};
/* clang-format on */
