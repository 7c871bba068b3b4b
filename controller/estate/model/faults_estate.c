/* Faults of the estate as a whole: the network, regions, clocks; which faults are in
 * force, and the end of all of them. */
#include <string.h>

#include "controller/base/json.h"
#include "controller/estate/model/cdc.h"
#include "controller/estate/model/faults.h"
#include "controller/estate/model/network.h"
#include "controller/estate/model/pd.h"
#include "controller/estate/model/sql_vars.h"
#include "controller/estate/model/store.h"

/* ---- network ---- */

static int run_partition(struct dr_model *m, const json_t *command, json_t **reply,
                         struct dr_err *err)
{
    const char *from = dr_json_str(command, "from"), *to = dr_json_str(command, "to");
    (void)reply;
    if (!from || !to)
        return dr_fail(err, DR_E_INPUT, "'from' and 'to' must name who is cut off");
    return dr_model_partition(m, from, to, err);
}

static int run_heal(struct dr_model *m, const json_t *command, json_t **reply,
                    struct dr_err *err)
{
    const char *from = dr_json_str(command, "from"), *to = dr_json_str(command, "to");
    if (!from != !to)
        return dr_fail(err, DR_E_INPUT, "give 'from' and 'to', or neither");
    size_t healed = dr_model_heal(m, from, to);
    if (from && !healed)
        return dr_fail(err, DR_E_INPUT, "there is no partition of '%s' and '%s'", from,
                       to);
    *reply = json_pack("{s:I}", "healed", (json_int_t)healed);
    return 0;
}

static int run_client(struct dr_model *m, const json_t *command, json_t **reply,
                      struct dr_err *err)
{
    const char *name = dr_json_str(command, "name"), *what = dr_json_str(command, "is");
    (void)reply;
    if (!name || !what)
        return dr_fail(err, DR_E_INPUT, "'name' and 'is' are wanted");
    return dr_model_alias(m, name, what, err);
}

/* ---- regions ---- */

/* Starts or stops the process behind a listener. */
static void run_listener(struct dr_model *m, const struct dr_model_listener *l, bool up)
{
    struct dr_model_instance *in = dr_model_instance(m, &l->at);
    struct dr_model_process *p = in ? NULL : dr_model_process(m, &l->at);
    if (in)
        dr_model_instance_run(in, up);
    if (!p || p->up == up)
        return;
    p->up = up;
    dr_model_process_changed(m, p);
}

static int run_region(struct dr_model *m, const json_t *command, bool up, json_t **reply,
                      struct dr_err *err)
{
    const char *region = dr_json_str(command, "region");
    json_t *list = json_array();
    for (size_t i = 0; region && i < m->listener_count; i++) {
        const struct dr_model_listener *l = &m->listeners[i];
        struct dr_party p = dr_party_at(m, &l->at);
        char at[DR_HOST_MAX + 16];
        if (!p.region || strcmp(p.region, region) != 0)
            continue;
        run_listener(m, l, up);
        if (l->port != DR_PORT_STATUS)
            json_array_append_new(list, json_string(dr_address_text(&l->at, at)));
    }
    if (!json_array_size(list)) {
        json_decref(list);
        return dr_fail(err, DR_E_INPUT, "nothing stands in region '%s'",
                       region ? region : "");
    }
    *reply = json_pack("{s:o}", up ? "started" : "stopped", list);
    return 0;
}

static int run_region_lost(struct dr_model *m, const json_t *command, json_t **reply,
                           struct dr_err *err)
{
    return run_region(m, command, false, reply, err);
}

static int run_region_back(struct dr_model *m, const json_t *command, json_t **reply,
                           struct dr_err *err)
{
    return run_region(m, command, true, reply, err);
}

/* ---- time ---- */

/* The wall clock of all machines jumps; TSOs never go back (pd: pkg/tso/tso.go: the
 * physical part is kept when the clock is behind it). */
static int run_step(struct dr_model *m, const json_t *command, json_t **reply,
                    struct dr_err *err)
{
    int64_t ms;
    if (!dr_json_i64(command, "ms", &ms))
        return dr_fail(err, DR_E_INPUT, "'ms' is wanted: how far the clocks jump");
    m->wall0_ms += ms;
    m->stepped_ms += ms;
    char text[DR_TIME_TEXT];
    *reply = json_pack("{s:s}", "now", dr_time_text(dr_model_wall_ms(m), text));
    return 0;
}

/* GC up to a TSO or age, whatever life time and safepoints say: as if it had been late
 * for long, or somebody had removed the safepoints. */
static int run_gc_advance(struct dr_model *m, const json_t *command, json_t **reply,
                          struct dr_err *err)
{
    struct dr_model_cluster *c;
    uint64_t to = 0;
    int code = dr_fault_cluster(m, command, &c, err);
    if (code)
        return code;
    if (!dr_json_u64(command, "tso", &to)) {
        int64_t age_ms = dr_fault_number(command, "age_ms", 0);
        to = dr_model_resolved(c);
        to = to > dr_tso_make(age_ms, 0) ? to - dr_tso_make(age_ms, 0) : 0;
    }
    if (to > dr_model_resolved(c))
        return dr_fail(err, DR_E_INPUT, "that is in the future");
    dr_model_gc_to(c, to);
    if (m->pd->clusters[c->index].gc_worker < to)
        m->pd->clusters[c->index].gc_worker = to;
    *reply = json_pack("{s:o}", "safe_point", dr_json_u64_string(c->gc_safe_point));
    return 0;
}

/* ---- what is in force ---- */

static void put(json_t *list, const char *fault, const struct dr_address *at,
                const char *key, json_t *value)
{
    json_t *o = json_pack("{s:s}", "fault", fault);
    char text[DR_HOST_MAX + 16];
    if (at)
        json_object_set_new(o, "at", json_string(dr_address_text(at, text)));
    if (key)
        json_object_set_new(o, key, value);
    json_array_append_new(list, o);
}

static void put_cluster(json_t *list, const char *fault, const char *cluster,
                        const char *key, json_t *value)
{
    json_t *o = json_pack("{s:s, s:s}", "fault", fault, "cluster", cluster);
    if (key)
        json_object_set_new(o, key, value);
    json_array_append_new(list, o);
}

static void list_instance(json_t *list, const struct dr_model_instance *in)
{
    if (!in->up)
        put(list, "kill", &in->sql, NULL, NULL);
    if (in->cut)
        put(list, "cut", &in->sql, NULL, NULL);
    if (in->refuses)
        put(list, "refuse", &in->sql, NULL, NULL);
    if (in->hung)
        put(list, "hang", &in->sql, NULL, NULL);
    if (in->lagging)
        put(list, "lag", &in->sql, NULL, NULL);
    if (in->slow_ms)
        put(list, "slow", &in->sql, "ms", json_integer(in->slow_ms));
}

static void list_process(json_t *list, const struct dr_model_process *p)
{
    if (!p->up)
        put(list, "kill", &p->at, NULL, NULL);
    if (p->cut)
        put(list, "cut", &p->at, NULL, NULL);
    if (p->refuses)
        put(list, "refuse", &p->at, NULL, NULL);
    if (p->hung)
        put(list, "hang", &p->at, NULL, NULL);
    if (p->slow_ms)
        put(list, "slow", &p->at, "ms", json_integer(p->slow_ms));
}

static void list_servers(const struct dr_model *m, json_t *list)
{
    for (size_t i = 0; i < m->listener_count; i++) {
        const struct dr_model_listener *l = &m->listeners[i];
        struct dr_model *its = (struct dr_model *)(uintptr_t)m; /* only looked at */
        if (l->port == DR_PORT_SQL)
            list_instance(list, dr_model_instance(its, &l->at));
        else if (l->port != DR_PORT_STATUS)
            list_process(list, dr_model_process(its, &l->at));
    }
}

static void list_cut(void *arg, const char *a, const char *b)
{
    json_array_append_new(
        arg, json_pack("{s:s, s:s, s:s}", "fault", "partition", "from", a, "to", b));
}

static void list_armed(const struct dr_model *m, json_t *list)
{
    static const char *const names[] = {[DR_FAULT_DROP_BEFORE] = "drop-before",
                                        [DR_FAULT_DROP_AFTER] = "drop-after",
                                        [DR_FAULT_ERROR] = "error",
                                        [DR_FAULT_ERROR_AFTER] = "error-after",
                                        [DR_FAULT_SLOW] = "late",
                                        [DR_FAULT_MUTE] = "lose"};
    for (const struct dr_fault *f = m->faults; f; f = f->next) {
        json_t *o = json_pack("{s:s, s:I, s:I}", "fault", names[f->kind], "skip",
                              (json_int_t)f->skip, "count", (json_int_t)f->count);
        char at[DR_HOST_MAX + 16];
        if (!f->any)
            json_object_set_new(o, "at", json_string(dr_address_text(&f->at, at)));
        if (f->match)
            json_object_set_new(o, "match", json_string(f->match));
        if (f->only)
            json_object_set_new(o, "kind", json_string(f->only));
        json_array_append_new(list, o);
    }
}

static void list_feeds(const struct cdc *c, json_t *list)
{
    for (const struct cdc_feed *f = c->feeds; f; f = f->next) {
        if (!f->gone && f->stalled)
            put_cluster(list, "feed-stall", c->cluster->name, "feed", json_string(f->id));
        if (!f->gone && f->frozen)
            put_cluster(list, "feed-freeze", c->cluster->name, "feed",
                        json_string(f->id));
    }
}

static void list_cluster(const struct dr_model *m, size_t i, json_t *list)
{
    const struct dr_model_cluster *c = &m->clusters[i];
    const struct cdc *cdc = &m->cdc->all[i];
    if (c->clock_skew_ms)
        put_cluster(list, "clock", c->name, "ms", json_integer(c->clock_skew_ms));
    if (c->old_collation)
        put_cluster(list, "collation", c->name, "old", json_true());
    if (!m->pd->clusters[i].initialised)
        put_cluster(list, "pd-young", c->name, NULL, NULL);
    if (cdc->wrong_upstream)
        put_cluster(list, "cdc-wrong-upstream", c->name, "id",
                    dr_json_u64_string(cdc->wrong_upstream));
    if (cdc->zone_min)
        put_cluster(list, "cdc-zone", c->name, "minutes", json_integer(cdc->zone_min));
    if (cdc->import_running)
        put_cluster(list, "cdc-import", c->name, NULL, NULL);
    list_feeds(cdc, list);
}

json_t *dr_model_faults_active(const struct dr_model *m)
{
    json_t *list = json_array();
    list_servers(m, list);
    dr_model_each_cut(m, list_cut, list);
    list_armed(m, list);
    for (size_t i = 0; i < m->cluster_count; i++)
        list_cluster(m, i, list);
    if (m->stepped_ms)
        put(list, "step", NULL, "ms", json_integer(m->stepped_ms));
    if (m->store->folders_fail)
        put(list, "folders-full", NULL, NULL, NULL);
    return list;
}

/* ---- the end of all ---- */

static void calm_instance(struct dr_model_instance *in)
{
    in->cut = in->refuses = in->hung = false;
    in->slow_ms = 0;
    if (in->lagging)
        dr_var_load(in);
    in->lagging = false;
    dr_model_instance_run(in, true);
}

static void calm_process(struct dr_model *m, struct dr_model_process *p)
{
    bool changed = !p->up || p->cut || p->hung;
    p->up = true;
    p->cut = p->refuses = p->hung = false;
    p->slow_ms = 0;
    if (changed)
        dr_model_process_changed(m, p);
}

static int run_clear(struct dr_model *m, const json_t *command, json_t **reply,
                     struct dr_err *err)
{
    json_t *was = dr_model_faults_active(m);
    (void)command, (void)err;
    for (size_t i = 0; i < m->listener_count; i++) {
        const struct dr_model_listener *l = &m->listeners[i];
        if (l->port == DR_PORT_SQL)
            calm_instance(dr_model_instance(m, &l->at));
        else if (l->port != DR_PORT_STATUS)
            calm_process(m, dr_model_process(m, &l->at));
    }
    (void)dr_model_heal(m, NULL, NULL);
    m->faults = NULL;
    for (size_t i = 0; i < m->cluster_count; i++) {
        struct cdc *cdc = &m->cdc->all[i];
        m->clusters[i].clock_skew_ms = 0;
        m->clusters[i].old_collation = false;
        m->pd->clusters[i].initialised = true;
        cdc->wrong_upstream = 0;
        cdc->zone_min = 0;
        cdc->import_running = false;
        for (struct cdc_feed *f = cdc->feeds; f; f = f->next)
            f->stalled = f->frozen = false;
    }
    m->wall0_ms -= m->stepped_ms;
    m->stepped_ms = 0;
    m->store->folders_fail = 0;
    *reply = json_pack("{s:o}", "cleared", was);
    return 0;
}

// clang-format off
static const struct dr_model_command commands[] = {
    {"partition",   "from, to: packets between the two are dropped (who: see below)", run_partition},
    {"heal",        "[from, to]: ends that partition, or all", run_heal},
    {"client",      "name, is: a name for who connects, HOST or pid:N", run_client},
    {"region-lost", "region: all its processes stop at once", run_region_lost},
    {"region-back", "region: all its processes start", run_region_back},
    {"step",        "ms: the wall clock of all machines jumps; TSOs stay monotone", run_step},
    {"gc-advance",  "cluster, [tso | age_ms]: GC goes so far, whatever holds it", run_gc_advance},
    {"clear",       "ends every fault in force, starts what was stopped", run_clear},
    {NULL, NULL, NULL},
};
// clang-format on

const struct dr_model_command *const dr_model_ctl_tables[] = {
    dr_model_ctl_sql, dr_model_ctl_http, commands, NULL};
