#include "controller/plan/view.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/plan/predicates.h"

enum dr_truth dr_truth_and(enum dr_truth x, enum dr_truth y)
{
    if (x == DR_FALSE || y == DR_FALSE)
        return DR_FALSE;
    return x == DR_TRUE && y == DR_TRUE ? DR_TRUE : DR_UNSURE;
}

enum dr_truth dr_truth_or(enum dr_truth x, enum dr_truth y)
{
    if (x == DR_TRUE || y == DR_TRUE)
        return DR_TRUE;
    return x == DR_FALSE && y == DR_FALSE ? DR_FALSE : DR_UNSURE;
}

enum dr_truth dr_truth_not(enum dr_truth x)
{
    return x == DR_UNSURE ? DR_UNSURE : dr_truth_of(x == DR_FALSE);
}

static size_t cluster_named(const struct dr_topology *t, const char *name)
{
    size_t i = 0;
    while (i < t->cluster_count && !(name && strcmp(t->clusters[i].name, name) == 0))
        i++;
    return i;
}

/* The cluster that the highest term of this topology's ledgers names; cluster_count: none
 * does, or two contradict each other. */
static size_t named_by_term(const struct dr_topology *t, const struct dr_facts *f)
{
    uint64_t highest = 0;
    size_t named = t->cluster_count;
    for (size_t c = 0; c < f->cluster_count; c++) {
        const struct dr_ledger_group *g = &f->clusters[c].ledger;
        const struct dr_ledger *l = &g->rows;
        if (!g->seen.known || !g->decoded || l->unreadable || !l->term.present ||
            !l->birth.present || strcmp(l->birth.topology, t->doc.metadata.name) != 0 ||
            l->term.n < highest)
            continue;
        size_t here = cluster_named(t, l->term.cluster);
        named = l->term.n > highest || here == named ? here : t->cluster_count;
        highest = l->term.n;
    }
    return named;
}

/* Where what leaves cluster a leads, as its ledger says; else the first other one. */
static size_t other_end(const struct dr_topology *t, const struct dr_facts *f, size_t a)
{
    const struct dr_ledger_group *g = f ? &f->clusters[a].ledger : NULL;
    for (size_t i = 0; g && g->seen.known && g->decoded && i < g->rows.edge_count; i++) {
        const struct dr_edge_row *e = &g->rows.edges[i];
        size_t to = cluster_named(t, e->to);
        if (e->state != DR_EDGE_RETIRED && to != a && to < t->cluster_count &&
            strcmp(e->from, t->clusters[a].name) == 0)
            return to;
    }
    return a == 0 ? 1 : 0;
}

void dr_plan_pair(const struct dr_topology *t, const struct dr_facts *f, size_t *primary,
                  size_t *secondary)
{
    size_t a = f ? named_by_term(t, f) : t->cluster_count;
    if (a == t->cluster_count)
        a = cluster_named(t, t->primary);
    *primary = a < t->cluster_count ? a : 0;
    *secondary = other_end(t, f, *primary);
}

/* Highest generation in any row of any ledger that was read. That of the sink account
 * counts, too: where the edge's row is lost, a generation must not come twice, or whoever
 * knows the old one's password could log in. */
static uint64_t highest_generation(const struct dr_facts *f)
{
    uint64_t highest = 0;
    for (size_t c = 0; c < f->cluster_count; c++) {
        const struct dr_ledger_group *g = &f->clusters[c].ledger;
        if (!g->seen.known || !g->decoded)
            continue;
        if (g->rows.sink.present && g->rows.sink.generation > highest)
            highest = g->rows.sink.generation;
        for (size_t i = 0; i < g->rows.edge_count; i++)
            if (g->rows.edges[i].generation > highest)
                highest = g->rows.edges[i].generation;
    }
    return highest;
}

static const struct dr_edge_row *live_edge(const struct dr_ledger_group *g,
                                           const char *from, const char *to)
{
    if (!g->seen.known || !g->decoded)
        return NULL;
    const struct dr_edge_row *e = dr_ledger_edge(&g->rows, from, to);
    return e && e->state != DR_EDGE_RETIRED && e->state != DR_EDGE_PROBE ? e : NULL;
}

/* Whether any ledger has a row of the edge, or one that drover made is on its way back:
 * the declared id is of the feed that ran before drover came. */
static bool had_edge(const struct dr_facts *f, const char *from, const char *to)
{
    bool had = false;
    for (size_t c = 0; c < f->cluster_count; c++) {
        const struct dr_ledger_group *g = &f->clusters[c].ledger;
        had |= g->seen.known && g->decoded && dr_ledger_edge(&g->rows, from, to);
    }
    return had;
}

/* Of one generation of the edge: changefeed id, prefixes below the declared ones. */
static const char *feed_id(const struct dr_topology *t, size_t from, size_t to,
                           uint64_t n, struct dr_arena *a)
{
    return dr_sprintf(a, "%s-%s-to-%s-g%" PRIu64, t->doc.metadata.name,
                      t->clusters[from].name, t->clusters[to].name, n);
}

static const char *prefix(const struct dr_topology *t, size_t from, size_t to, uint64_t n,
                          struct dr_arena *a)
{
    return dr_sprintf(a, "%s/%s-to-%s/g%" PRIu64, t->doc.metadata.name,
                      t->clusters[from].name, t->clusters[to].name, n);
}

uint64_t dr_generation_named(const struct dr_topology *t, size_t from, size_t to,
                             const char *id)
{
    const char *const parts[] = {t->doc.metadata.name,   "-",
                                 t->clusters[from].name, "-to-",
                                 t->clusters[to].name,   "-g"};
    uint64_t n;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t len = strlen(parts[i]);
        if (strncmp(id, parts[i], len) != 0)
            return 0;
        id += len;
    }
    return *id != '0' && dr_parse_u64(id, strlen(id), &n) ? n : 0;
}

/* Somebody else's feed, generation 0, writes where it was told to. One that drover made
 * is of the generation that its id names, with that one's redo path and password. */
static void adopt(struct dr_generation *g, const struct dr_topology *t, size_t from,
                  size_t to, bool redo, struct dr_arena *a)
{
    g->backup = "";
    if (!redo || !g->n)
        g->redo = redo ? DR_REDO_HERE : "";
    else if (!g->redo)
        g->redo = prefix(t, from, to, g->n, a);
}

struct dr_generation dr_generation_of(const struct dr_topology *t,
                                      const struct dr_facts *f, size_t from, size_t to,
                                      uint64_t skip, struct dr_arena *a)
{
    const char *x = t->clusters[from].name, *y = t->clusters[to].name;
    struct dr_generation g = {0};
    for (size_t c = 0; c < f->cluster_count; c++) {
        const struct dr_edge_row *e = live_edge(&f->clusters[c].ledger, x, y);
        /* a feed made anew is known at one end before it is at the other */
        if (!e || (g.planned && (!e->again || e->generation <= g.n)))
            continue;
        g = (struct dr_generation){.n = e->generation,
                                   .feed_id = e->id,
                                   .redo = e->redo,
                                   .planned = true,
                                   .again = e->again};
        g.adopted = !e->generation || e->adopted;
    }
    const struct dr_edge_spec *spec = dr_topology_edge(t, x, y);
    bool redo = dr_topology_wants_redo(t);
    if (!g.planned && spec && spec->id && !had_edge(f, x, y)) {
        g.adopted = true;
        g.feed_id = spec->id;
        g.n = dr_generation_named(t, from, to, spec->id);
    }
    if (g.adopted) {
        adopt(&g, t, from, to, redo, a);
        return g;
    }
    if (!g.planned)
        g.n = 1 + highest_generation(f) + skip;
    if (!g.feed_id)
        g.feed_id = feed_id(t, from, to, g.n, a);
    if (!g.redo)
        g.redo = redo ? prefix(t, from, to, g.n, a) : "";
    g.backup = prefix(t, from, to, g.n, a);
    return g;
}

struct dr_generation dr_generation_after(const struct dr_topology *t,
                                         const struct dr_facts *f, size_t from, size_t to,
                                         const struct dr_generation *removed,
                                         struct dr_arena *a)
{
    bool redo = dr_topology_wants_redo(t);
    uint64_t n = 1 + highest_generation(f);
    return (struct dr_generation){.n = n,
                                  .again = removed->n,
                                  .feed_id = feed_id(t, from, to, n, a),
                                  .backup = "",
                                  .redo = redo ? prefix(t, from, to, n, a) : ""};
}

/* Whether any ledger that was read knows a topology. */
static bool is_born(const struct dr_facts *f)
{
    bool born = false;
    for (size_t c = 0; c < f->cluster_count; c++)
        born |= f->clusters[c].ledger.decoded && f->clusters[c].ledger.rows.birth.present;
    return born;
}

/* A comparison that found both sides unequal stands for whoever starts anew, until it is
 * old, or what it was made of has changed: T, the copy, its budget, or a fence that was
 * lifted. */
static const struct dr_equality *noted_equality(const struct dr_view *v)
{
    const struct dr_ledger *l = dr_view_ledger(v, v->b);
    const struct dr_compared_row *r = l ? &l->compared : NULL;
    const struct dr_copy_row *backup = dr_view_copy(v, false);
    if (!r || !r->present || r->generation != v->gen.n || !backup ||
        backup->tso != r->tso ||
        r->connection_id != (l->restoring.present ? l->restoring.connection_id : 0) ||
        r->budget_ms != v->t->bootstrap.verify_budget_ms ||
        dr_holds(v, DR_P_FENCED, v->b) == DR_FALSE)
        return NULL;
    int64_t age_ms = dr_tso_age_ms(dr_view_facts(v, v->b)->ledger.tso, r->at);
    struct dr_equality *q = dr_equality_of_row(r, v->arena);
    q->seen.at_ms = v->f->now_ms - age_ms;
    return age_ms < DR_COMPARE_AGAIN_MS ? q : NULL;
}

/* Whether the ledgers are this document's: it descends from the one that they agreed on,
 * so that what stands there was done for it before it said Observe. Another document that
 * looks at the same pair does not. */
static bool managed_before(const struct dr_view *v)
{
    const char *ignored;
    for (size_t k = 0; k < 2; k++) {
        size_t c = k ? v->b : v->a;
        const struct dr_ledger *l = dr_view_ledger(v, c);
        if (!l && c != v->a)
            continue;
        if (!l || !l->birth.present || !l->term.agreed ||
            strcmp(l->birth.topology, v->t->doc.metadata.name) != 0 ||
            dr_view_follows(v, c, &ignored) != DR_TRUE)
            return false;
    }
    return true;
}

void dr_view_init(struct dr_view *v, const struct dr_plan_input *in, struct dr_arena *a)
{
    memset(v, 0, sizeof(*v));
    v->in = in;
    v->t = in->topology;
    v->f = in->facts;
    v->arena = a;
    dr_plan_pair(v->t, v->f, &v->a, &v->b);
    v->observing = v->t->management == DR_OBSERVE;
    v->owing = !v->observing || managed_before(v);
    v->without_ledger = v->observing && !is_born(v->f);
    v->gen = dr_generation_of(v->t, v->f, v->a, v->b, v->f->skipped_generations, a);
    v->way = v->gen.adopted                                    ? DR_BY_ADOPTION
             : v->gen.again                                    ? DR_BY_GOING_ON
             : v->t->bootstrap.method == DR_BOOTSTRAP_EXISTING ? DR_BY_EXISTING
                                                               : DR_BY_COPY;
    const struct dr_edge_spec *edge =
        dr_topology_edge(v->t, v->t->clusters[v->a].name, v->t->clusters[v->b].name);
    v->start_ts = edge && edge->start_ts ? edge->start_ts : v->t->bootstrap.start_ts;
    v->giving_up = !in->removed && !v->observing && dr_view_gives_up(v);
    v->noted = noted_equality(v);
}

const struct dr_cluster *dr_view_cluster(const struct dr_view *v, size_t c)
{
    return &v->t->clusters[c];
}

const char *dr_view_name(const struct dr_view *v, size_t c)
{
    return dr_view_cluster(v, c)->name;
}

const struct dr_cluster_facts *dr_view_facts(const struct dr_view *v, size_t c)
{
    return &v->f->clusters[c];
}

const struct dr_ledger *dr_view_ledger(const struct dr_view *v, size_t c)
{
    static const struct dr_ledger empty = {0};
    const struct dr_ledger_group *g = &dr_view_facts(v, c)->ledger;
    if (!g->seen.known)
        return NULL;
    if (!g->table_present)
        return &empty;
    return g->decoded && !g->rows.unreadable ? &g->rows : NULL;
}

const struct dr_edge_row *dr_view_edge(const struct dr_view *v, size_t c)
{
    const struct dr_edge_row *e =
        live_edge(&dr_view_facts(v, c)->ledger, dr_view_cluster(v, v->a)->name,
                  dr_view_cluster(v, v->b)->name);
    /* of the feed that was removed: this end does not know its successor yet */
    return e && v->gen.again && e->generation == v->gen.again ? NULL : e;
}

bool dr_view_asks(const struct dr_view *v, size_t c, const char *advertised)
{
    const struct dr_sql_access *sql = &dr_view_cluster(v, c)->sql;
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    for (size_t i = 0; i < sql->map_count; i++)
        if (strcmp(sql->map[i].advertised, advertised) == 0)
            advertised = sql->map[i].reachable.text;
    for (size_t i = 0; i < f->instance_count; i++)
        if (strcmp(f->instances[i].address, advertised) == 0)
            return true;
    return false;
}

enum dr_truth dr_view_gc_runs(const struct dr_view *v, size_t c)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    enum dr_truth runs = DR_UNSURE;
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        if (x->seen.known && !x->gc_enable)
            return DR_FALSE;
        runs = x->seen.known ? DR_TRUE : runs;
    }
    return runs;
}

const char *dr_view_silent(const struct dr_view *v, size_t c)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    const char *list = "";
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        char when[DR_TIME_TEXT] = "";
        if (x->seen.known)
            continue;
        if (x->seen.at_ms && v->f->wall_ms)
            dr_time_text(v->f->wall_ms - v->f->now_ms + x->seen.at_ms, when);
        list = dr_sprintf(v->arena, "%s%s%s does not answer%s%.*s%s", list,
                          *list ? ", " : "", x->address, *when ? " since " : "",
                          (int)strcspn(when, "."), when, *when ? "Z" : "");
    }
    return list;
}

const struct dr_table *dr_view_half_restored(const struct dr_view *v)
{
    const struct dr_tables *a = &dr_view_facts(v, v->a)->tables,
                           *b = &dr_view_facts(v, v->b)->tables;
    for (size_t i = 0, j = 0; i < b->count; i++) {
        const struct dr_table *x = &b->items[i];
        int order = -1;
        while (j < a->count) { /* both sorted */
            order = strcmp(a->items[j].schema, x->schema);
            order = order ? order : strcmp(a->items[j].name, x->name);
            if (order >= 0)
                break;
            j++;
        }
        if (j < a->count && order == 0 && x->kind == DR_TABLE_BASE)
            return x;
    }
    return NULL;
}

const struct dr_copy_row *dr_view_copy(const struct dr_view *v, bool restore)
{
    const struct dr_ledger *l = dr_view_ledger(v, restore ? v->b : v->a);
    const struct dr_copy_row *r = l ? (restore ? &l->restoring : &l->backup) : NULL;
    if (!r || !r->present || r->generation != v->gen.n)
        return NULL;
    /* another startTs was declared since, and no edge rests on the old one */
    const struct dr_edge_row *x = dr_view_edge(v, v->a), *y = dr_view_edge(v, v->b);
    bool edited = v->way == DR_BY_EXISTING && !restore && !*r->prefix &&
                  r->tso != v->start_ts && !(x && x->start_ts) && !(y && y->start_ts);
    return edited ? NULL : r;
}

bool dr_view_goes(const struct dr_view *v, unsigned only)
{
    return !only || only & v->way || dr_holds(v, DR_P_MADE, v->a) == DR_TRUE;
}

enum dr_truth dr_view_leads_home(const struct dr_view *v)
{
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    const struct dr_hostport *sink = &dr_view_cluster(v, v->b)->sink_address;
    const struct dr_cluster_facts *b = dr_view_facts(v, v->b);
    if (!d->seen.known || strcmp(d->id, v->gen.feed_id) != 0 || !d->present)
        return DR_UNSURE;
    if (!d->sink_address)
        return DR_FALSE;
    const char *format = strchr(sink->host, ':') ? "[%s]:%u" : "%s:%u";
    if (strcasecmp(d->sink_address,
                   dr_sprintf(v->arena, format, sink->host, (unsigned)sink->port)) == 0)
        return DR_TRUE;
    for (size_t i = 0; i < b->instance_count; i++)
        if (strcasecmp(d->sink_address, b->instances[i].address) == 0)
            return DR_TRUE;
    return dr_truth_of(dr_view_asks(v, v->b, d->sink_address));
}

const struct dr_equality *dr_view_equality(const struct dr_view *v)
{
    const struct dr_equality *q = &v->f->equality;
    const struct dr_copy_row *backup = dr_view_copy(v, false);
    bool ours = q->seen.known && q->generation == v->gen.n;
    return ours && (!backup || backup->tso == q->tso) ? q : v->noted;
}

const struct dr_feed *dr_view_feed(const struct dr_view *v)
{
    const struct dr_feeds *all = &dr_view_facts(v, v->a)->feeds;
    return all->seen.known ? dr_feeds_find(all, v->gen.feed_id) : NULL;
}

bool dr_view_own_schema(const char *name)
{
    return strcmp(name, "drover") == 0 || strcmp(name, "tidb_cdc") == 0 ||
           strncmp(name, "__TiDB_BR_Temporary_", 20) == 0;
}
