/* `ctl check`: at which point each feed is compared, and the workload's rows. */
#include "controller/estate/model/check.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/estate/model/cdc.h"
#include "controller/estate/model/sql_engine.h"
#include "controller/estate/model/sql_vars.h"
#include "controller/estate/model/workload.h"

enum { LISTED = 100 };

/* ---- the point of a feed ---- */

/* Whether the upstream holds a change that should travel and has not. */
static bool owes(const struct cdc_feed *f, const struct cdc_filter *filter)
{
    const struct dr_change_log *log = &f->cdc->cluster->log;
    for (size_t i = dr_model_change_after(log, f->delivered); i < log->count; i++)
        if (cdc_filter_takes(filter, f, &log->items[i]))
            return true;
    return false;
}

/* The newest syncpoint of the feed, read where it writes it; false: none. */
static bool last_syncpoint(const struct cdc_feed *f, const struct dr_model_cluster *down,
                           struct dr_arena *a, uint64_t *primary, uint64_t *secondary)
{
    const struct dr_table_def *def;
    const struct dr_table *t =
        dr_db_table(down->db, "tidb_cdc", "syncpoint_v1", UINT64_MAX, &def);
    int id = t ? dr_table_column(def, "changefeed") : -1;
    int first = t ? dr_table_column(def, "primary_ts") : -1;
    int second = t ? dr_table_column(def, "secondary_ts") : -1;
    *primary = 0;
    for (size_t i = 0; id >= 0 && first >= 0 && second >= 0 && i < t->entry_count; i++) {
        const struct dr_row *r = dr_entry_row(t->entries[i], NULL, UINT64_MAX);
        uint64_t p, s;
        size_t len;
        if (!r)
            continue;
        const char *name = dr_datum_text(a, &r->v[id], &len),
                   *p_text = dr_datum_text(a, &r->v[first], &len),
                   *s_text = dr_datum_text(a, &r->v[second], &len);
        const char *slash = name ? strrchr(name, '/') : NULL; /* "default/id" as well */
        if (name && p_text && s_text && strcmp(slash ? slash + 1 : name, f->id) == 0 &&
            dr_parse_u64(p_text, strlen(p_text), &p) &&
            dr_parse_u64(s_text, strlen(s_text), &s) && p > *primary) {
            *primary = p;
            *secondary = s;
        }
    }
    return *primary != 0;
}

static const struct dr_model_cluster *downstream(const struct cdc_feed *f,
                                                 struct dr_arena *a)
{
    struct cdc_sink sink;
    if (!cdc_sink_parse(a, f->sink_uri, &sink))
        return NULL;
    const struct dr_model_instance *in = dr_model_instance(f->cdc->model, &sink.at);
    return in ? in->cluster : NULL;
}

static json_t *tso_json(uint64_t tso)
{
    return tso == UINT64_MAX ? json_string("now") : dr_json_u64_string(tso);
}

static json_t *result(const struct dr_comparison *c, const char *point)
{
    json_t *o = json_pack(
        "{s:b, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:o}", "ok", c->count == 0, "from",
        c->up->name, "to", c->down->name, "point", point, "upstream_tso",
        tso_json(c->up_tso), "downstream_tso", tso_json(c->down_tso), "tables",
        (json_int_t)c->tables, "rows", (json_int_t)c->rows, "difference_count",
        (json_int_t)c->count, "differences", c->differences);
    if (json_array_size(c->skipped))
        json_object_set_new(o, "skipped", c->skipped);
    else
        json_decref(c->skipped);
    return o;
}

static json_t *undecided(const struct cdc_feed *f, const char *why)
{
    return json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "from", f->cdc->cluster->name,
                     "why", why, "feed", f->id);
}

/* The first of the points at which both sides agree; else what differs at the first. */
static json_t *compare_at(struct dr_comparison *c, const uint64_t *points, size_t count,
                          const char *point)
{
    json_t *first = NULL;
    for (size_t i = 0; i < count; i++) {
        c->up_tso = points[i];
        if (!dr_comparable(c))
            continue;
        dr_compare(c);
        bool good = c->count == 0;
        json_t *o = result(c, point);
        if (good) {
            json_decref(first);
            return o;
        }
        if (first)
            json_decref(o);
        else
            first = o;
    }
    return first;
}

static json_t *check_feed(const struct cdc_feed *f, bool at_syncpoint)
{
    struct dr_arena *a = dr_arena_new(0);
    const char *bad;
    struct dr_comparison c = {.up = f->cdc->cluster,
                              .down = downstream(f, a),
                              .filter = cdc_filter_new(a, f->config, &bad),
                              .force = dr_cdc_config_bool(f->config, "force_replicate"),
                              .down_tso = UINT64_MAX};
    json_t *o = NULL;
    if (!c.down) {
        o = undecided(f, "its downstream is no cluster of this estate");
    } else if (!c.filter) {
        o = undecided(f, "its filter is malformed");
    } else if (at_syncpoint) {
        if (!last_syncpoint(f, c.down, a, &c.up_tso, &c.down_tso))
            o = undecided(f, "it has written no syncpoint");
        else if (!dr_comparable(&c))
            o = undecided(f, "GC has passed its last syncpoint");
        else
            o = compare_at(&c, &c.up_tso, 1, "syncpoint");
    } else if (dr_cdc_config_bool(f->config, "bdr_mode")) {
        const uint64_t now =
            UINT64_MAX; /* both sides write: only silence can be compared */
        o = owes(f, c.filter) ? undecided(f, "bdr: changes are still under way")
                              : compare_at(&c, &now, 1, "now");
    } else {
        /* A commit under way is there or not; sent again from below, neither need fit. */
        const uint64_t points[] = {f->delivered, f->reached};
        bool quiet = !owes(f, c.filter) && f->delivered >= f->reached;
        o = compare_at(&c, points, f->reached > f->delivered ? 2 : 1,
                       quiet ? "now" : "applied");
        if (!o)
            o = undecided(f, "GC has passed what the downstream has applied");
        else if (f->reached > f->delivered && !json_is_true(json_object_get(o, "ok")))
            json_object_set_new(o, "why",
                                json_string("it sends again what the downstream had "
                                            "already: nothing consistent to compare"));
    }
    json_object_set_new(o, "feed", json_string(f->id));
    json_object_set_new(o, "state", json_string(cdc_state_names[f->state]));
    dr_arena_free(a);
    return o;
}

/* ---- the workload's rows ---- */

static bool is_open(const struct dr_model_cluster *c)
{
    for (size_t i = 0; i < c->instance_count; i++) {
        const struct dr_model_instance *in = &c->instances[i];
        if (in->up && !dr_instance_global_on(in, DR_V_SUPER_RO) &&
            !dr_instance_global_on(in, DR_V_RESTRICTED_RO))
            return true;
    }
    return false;
}

struct load {
    const struct dr_workload *w;
    const struct dr_model_cluster
        *c;         /* NULL: the open ones, each row where it was told */
    uint32_t *seqs; /* of the rows found, by row; 0: none */
    size_t bad;
    json_t *list;
};

static void gather(struct load *l, const struct dr_model_cluster *c)
{
    memset(l->seqs, 0, (l->w->row_count + 1) * sizeof(*l->seqs));
    for (size_t t = 0; t < l->w->table_count; t++) {
        const struct dr_table_def *def;
        char name[32];
        dr_workload_table(t, name);
        const struct dr_table *table =
            dr_db_table(c->db, l->w->schema, name, UINT64_MAX, &def);
        int token = table ? dr_table_column(def, "token") : -1;
        int seq = table ? dr_table_column(def, "seq") : -1;
        for (size_t i = 0; token >= 0 && seq >= 0 && i < table->entry_count; i++) {
            const struct dr_row *r = dr_entry_row(table->entries[i], NULL, UINT64_MAX);
            const struct dr_load_row *row =
                r ? dr_workload_row(l->w, (uint64_t)r->v[token].i) : NULL;
            if (row)
                l->seqs[row - l->w->rows] = (uint32_t)r->v[seq].i;
        }
    }
}

static void wrong(struct load *l, size_t row, const char *cluster)
{
    const struct dr_load_row *r = &l->w->rows[row];
    if (l->bad++ >= LISTED)
        return;
    json_array_append_new(
        l->list,
        json_pack("{s:I, s:s, s:I, s:I, s:s}", "token",
                  (json_int_t)dr_workload_token(l->w, row), "cluster", cluster,
                  "acknowledged", (json_int_t)r->acknowledged, "found",
                  (json_int_t)l->seqs[row], "what",
                  !l->seqs[row]      ? "lost"
                  : !r->acknowledged ? "is there although its DELETE was acknowledged"
                                     : "holds another change than the acknowledged one"));
}

static void compare_load(struct load *l, const struct dr_model_cluster *c, bool all)
{
    gather(l, c);
    for (size_t i = 0; i < l->w->row_count; i++) {
        const struct dr_load_row *r = &l->w->rows[i];
        if (!r->has_acknowledged || (!all && r->cluster != c->index))
            continue;
        if (l->seqs[i] != r->acknowledged &&
            !(r->has_unknown && l->seqs[i] == r->unknown))
            wrong(l, i, c->name);
    }
}

/* Where its rows must be: on the one that was named; on the one that is open; and while
 * several are, on the one that acknowledged the row. */
static json_t *check_load(const struct dr_model *m, const struct dr_workload *w,
                          const struct dr_model_cluster *named)
{
    struct load l = {.w = w, .list = json_array()};
    json_t *where = json_array();
    size_t open = 0;
    l.seqs = dr_xcalloc(w->row_count + 1, sizeof(*l.seqs));
    for (size_t i = 0; i < m->cluster_count; i++)
        open += named ? &m->clusters[i] == named : is_open(&m->clusters[i]);
    for (size_t i = 0; i < m->cluster_count; i++) {
        const struct dr_model_cluster *c = &m->clusters[i];
        if (named ? c != named : !is_open(c))
            continue;
        json_array_append_new(where, json_string(c->name));
        compare_load(&l, c, open == 1);
    }
    free(l.seqs);
    json_t *o = json_pack("{s:s, s:b, s:o, s:I, s:I, s:o}", "name", w->name, "ok",
                          open > 0 && l.bad == 0, "open", where, "acknowledged",
                          (json_int_t)w->acknowledged, "wrong", (json_int_t)l.bad, "rows",
                          l.list);
    if (!open)
        json_object_set_new(o, "why", json_string("no cluster is open"));
    return o;
}

/* ---- the command ---- */

static int take_cluster(struct dr_model *m, const json_t *command, const char *key,
                        const struct dr_model_cluster **out, struct dr_err *err)
{
    const char *name = dr_json_str(command, key);
    *out = name ? dr_model_cluster(m, name) : NULL;
    return name && !*out ? dr_fail(err, DR_E_INPUT, "no cluster '%s'", name) : 0;
}

static json_t *check_feeds(const struct dr_model *m, const char *id, bool at_syncpoint)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->cdc->count; i++)
        for (const struct cdc_feed *f = m->cdc->all[i].feeds; f; f = f->next)
            if (!f->gone && (!id || strcmp(id, f->id) == 0))
                json_array_append_new(list, check_feed(f, at_syncpoint));
    return list;
}

static bool all_good(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!json_is_true(json_object_get(json_array_get(list, i), "ok")))
            return false;
    return true;
}

int dr_check_ctl(struct dr_model *m, const json_t *command, json_t **reply,
                 struct dr_err *err)
{
    const char *at = dr_json_str(command, "at"), *id = dr_json_str(command, "feed");
    struct dr_comparison c = {.up_tso = UINT64_MAX, .down_tso = UINT64_MAX};
    const struct dr_model_cluster *open;
    int code = take_cluster(m, command, "from", &c.up, err);
    if (!code)
        code = take_cluster(m, command, "to", &c.down, err);
    if (!code)
        code = take_cluster(m, command, "open", &open, err);
    if (!code && (!c.up != !c.down))
        code = dr_fail(err, DR_E_INPUT, "give 'from' and 'to', or neither");
    bool syncpoint = at && strcmp(at, "syncpoint") == 0;
    if (!code && at && !syncpoint && strcmp(at, "applied") != 0)
        code = dr_fail(err, DR_E_INPUT, "'at' is applied or syncpoint");
    if (code)
        return code;
    json_t *feeds = json_array(), *loads = json_array();
    if (c.up) {
        dr_compare(&c);
        json_array_append_new(feeds, result(&c, "now"));
    } else {
        json_decref(feeds);
        feeds = check_feeds(m, id, syncpoint);
    }
    for (const struct dr_workload *w = m->workloads; w; w = w->next)
        json_array_append_new(loads, check_load(m, w, open));
    size_t n = json_array_size(feeds) + json_array_size(loads);
    *reply = json_pack("{s:b, s:o, s:o}", "ok", n && all_good(feeds) && all_good(loads),
                       "feeds", feeds, "workloads", loads);
    if (!n)
        json_object_set_new(*reply, "why", json_string("there is nothing to compare"));
    return 0;
}
