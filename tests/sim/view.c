/* The one file of the harness that looks inside the model: a checker that asked through
 * SQL would be fooled by the same caches and delays as drover, and would be slow. */
#include "tests/sim/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/estate/model/cdc.h"
#include "controller/estate/model/internal.h"
#include "controller/estate/model/pd.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_brie.h"
#include "controller/estate/model/sql_lex.h"
#include "controller/estate/model/sql_store.h"
#include "controller/estate/model/sql_vars.h"

static int64_t duration(const char *go)
{
    int64_t ns = 0;
    if (!go || !dr_parse_go_duration(go, strlen(go), &ns))
        return -1;
    return ns / 1000000;
}

/* The same text stands in every instance, mostly: values are interned. */
static int64_t life_of(const char *value, const struct dr_model_cluster *c,
                       const struct sim_cluster *out)
{
    int life = dr_var_index(DR_V_GC_LIFE);
    return value == c->globals[life] ? out->stored_gc_life_ms : duration(value);
}

static void read_instances(struct sim_cluster *out, const struct sim_cluster *before,
                           const struct dr_model_cluster *c)
{
    int life = dr_var_index(DR_V_GC_LIFE), gc = dr_var_index(DR_V_GC_ENABLE);
    int fence = dr_var_index(DR_V_SUPER_RO), ttl = dr_var_index(DR_V_TTL_JOBS);
    out->stored_gc_life = c->globals[life];
    out->stored_gc_life_ms = before && before->stored_gc_life == c->globals[life]
                                 ? before->stored_gc_life_ms
                                 : duration(c->globals[life]);
    out->instance_count =
        c->instance_count < SIM_INSTANCES ? c->instance_count : SIM_INSTANCES;
    for (size_t i = 0; i < out->instance_count; i++) {
        const struct dr_model_instance *in = &c->instances[i];
        out->instances[i] = (struct sim_instance){
            .up = in->up,
            .fenced = dr_var_on(in->globals[fence]),
            .gc_enable = dr_var_on(in->globals[gc]),
            .ttl_jobs = dr_var_on(in->globals[ttl]),
            .gc_life_ms = life_of(in->globals[life], c, out),
        };
    }
    out->stored_fence = dr_var_on(c->globals[fence]);
    out->stored_gc_enable = dr_var_on(c->globals[gc]);
    out->stored_ttl_jobs = dr_var_on(c->globals[ttl]);
}

static void read_account(struct sim_cluster *out, struct dr_model_cluster *c)
{
    const struct dr_account *a = dr_account_find(c, "cdc", "%");
    if (!a)
        return;
    out->sink_print = 1 + a->locked;
    for (const char *s = a->password ? a->password : ""; *s; s++)
        out->sink_print = out->sink_print * 1099511628211u + (unsigned char)*s;
}

/* ---- the ledger ---- */

static const char *cell_text(const struct dr_datum *d, struct dr_arena *a)
{
    if (d->kind == DR_DATUM_TEXT || d->kind == DR_DATUM_BLOB)
        return dr_strndup(a, d->s, d->len);
    return d->kind == DR_DATUM_INT ? dr_sprintf(a, "%" PRId64, d->i) : "";
}

static uint64_t cell_u64(const struct dr_datum *d)
{
    uint64_t v = 0;
    if (d->kind == DR_DATUM_INT)
        return (uint64_t)d->i;
    if (d->kind == DR_DATUM_TEXT && dr_parse_u64(d->s, d->len, &v))
        return v;
    return 0;
}

static uint64_t fingerprint(const struct dr_table *t)
{
    uint64_t print = t->lineage + 1;
    for (size_t i = 0; i < t->entry_count; i++) {
        const struct dr_row_version *v = t->entries[i]->newest;
        print = print * 1099511628211u + (v ? v->tso + (v->row != NULL) : 0);
    }
    return print;
}

static void take_ledger(struct sim_cluster *out, const struct sim_cluster *before)
{
    out->ledger = before->ledger;
    out->row_count = before->row_count;
    memcpy(out->rows, before->rows, sizeof(out->rows));
}

static void read_ledger(struct sim_cluster *out, const struct sim_cluster *before,
                        struct dr_model_cluster *c, struct dr_arena *a)
{
    const struct dr_table_def *def;
    struct dr_table *t = dr_db_table(c->db, "mysql", "drover_ledger", UINT64_MAX, &def);
    out->has_ledger = t != NULL;
    if (!t)
        return;
    out->ledger_print = fingerprint(t);
    if (before && before->ledger_print == out->ledger_print) {
        take_ledger(out, before);
        return;
    }
    static const char *const names[] = {"cluster_id", "k", "value", "epoch", "holder"};
    int at[5];
    for (size_t i = 0; i < 5; i++)
        at[i] = dr_table_column(def, names[i]);
    struct dr_ledger_row *rows = DR_NEW_N(a, t->entry_count, struct dr_ledger_row);
    size_t n = 0;
    for (size_t i = 0; i < t->entry_count; i++) {
        const struct dr_row *r = dr_entry_row(t->entries[i], NULL, UINT64_MAX);
        if (!r)
            continue;
        rows[n].cluster_id = cell_u64(&r->v[at[0]]);
        rows[n].key = cell_text(&r->v[at[1]], a);
        rows[n].value = cell_text(&r->v[at[2]], a);
        rows[n].epoch = cell_u64(&r->v[at[3]]);
        rows[n].holder = cell_text(&r->v[at[4]], a);
        if (rows[n].cluster_id == c->pd_cluster_id && out->row_count < SIM_ROWS)
            out->rows[out->row_count++] = (struct sim_raw_row){
                rows[n].key, rows[n].value, rows[n].holder, rows[n].epoch};
        n++;
    }
    dr_ledger_decode(&out->ledger, rows, n, c->pd_cluster_id, a);
}

/* ---- TiCDC and PD ---- */

static int cluster_at(struct dr_model *m, const struct dr_address *at)
{
    struct dr_model_instance *in = dr_model_instance(m, at);
    return in ? (int)in->cluster->index : -1;
}

static void read_feeds(struct sim_cluster *out, struct dr_model *m, size_t index,
                       struct dr_arena *a)
{
    if (!m->cdc || index >= m->cdc->count || !m->cdc->all[index].doc)
        return;
    for (const struct cdc_feed *f = m->cdc->all[index].feeds; f; f = f->next) {
        struct cdc_sink sink;
        if (f->gone || out->feed_count == SIM_FEEDS)
            continue;
        struct sim_feed *x = &out->feeds[out->feed_count++];
        x->id = dr_strdup(a, f->id);
        x->state = cdc_state_names[f->state];
        x->start_ts = f->start_ts;
        x->checkpoint = f->checkpoint;
        /* while it retries TiCDC holds its history, too: tiflow: cdc/owner/owner.go */
        x->running =
            f->state == CDC_NORMAL || f->state == CDC_WARNING || f->state == CDC_PENDING;
        x->to = -1;
        if (f->sink_uri && cdc_sink_parse(a, f->sink_uri, &sink))
            x->to = cluster_at(m, &sink.at);
    }
}

/* What holds a feed's history for good; entries of a create or resume under way go with
 * it. Source: tiflow: pkg/etcd/etcd.go GetGCServiceID. */
static bool lasts(const struct dr_pd_point *p)
{
    static const char *const brief[] = {"-creating-", "-resuming-", "-initializing-"};
    for (size_t i = 0; i < sizeof(brief) / sizeof(brief[0]); i++)
        if (strstr(p->id, brief[i]))
            return false;
    return strncmp(p->id, "ticdc", 5) == 0;
}

static void read_safepoints(struct sim_cluster *out, struct dr_model *m, size_t index)
{
    if (!m->pd || index >= m->pd->count)
        return;
    const struct dr_pd_cluster *pd = &m->pd->clusters[index];
    int64_t now_s = dr_model_wall_ms(m) / 1000;
    for (size_t i = 0; i < pd->point_count; i++) {
        const struct dr_pd_point *p = &pd->points[i];
        if (lasts(p) && p->expires_s > now_s &&
            (!out->service_safepoint || p->tso < out->service_safepoint))
            out->service_safepoint = p->tso;
    }
}

void sim_view_drop_safepoint(struct dr_model *m)
{
    struct dr_pd_cluster *pd = &m->pd->clusters[SIM_A];
    for (size_t i = 0; i < pd->point_count; i++)
        if (lasts(&pd->points[i]))
            pd->points[i].expires_s = 0;
}

const char *sim_view_feed_config(struct dr_model *m, struct dr_arena *a)
{
    const struct cdc *c = m->cdc && m->cdc->count > SIM_A ? &m->cdc->all[SIM_A] : NULL;
    return c && c->feeds ? dr_json_text(a, c->feeds->config) : NULL;
}

/* ---- tables ---- */

static bool is_users(const struct dr_table_def *def)
{
    static const char *const others[] = {
        "mysql",  "information_schema", "sys",           "performance_schema",
        "drover", "tidb_cdc",           "metrics_schema"};
    if (def->view || def->sequence)
        return false;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (dr_same_word(def->schema, others[i]))
            return false;
    return true;
}

static void count_tables(struct sim_cluster *out, const struct dr_model_cluster *c)
{
    const struct dr_table_def *def;
    out->beat_table = dr_db_table(c->db, "drover", "heartbeat", UINT64_MAX, &def) != NULL;
    for (size_t i = 0; i < c->db->table_count; i++) {
        const struct dr_table *t = c->db->tables[i];
        if (t->dropped_tso || !is_users(dr_table_now(t)))
            continue;
        out->table_count++;
    }
}

void sim_view_read(struct sim_view *v, const struct sim_view *before, struct dr_model *m,
                   struct dr_arena *a, struct dr_arena *kept)
{
    memset(v, 0, sizeof(*v));
    v->now_ms = m->now_ms;
    for (size_t i = 0; i < SIM_CLUSTERS && i < m->cluster_count; i++) {
        struct dr_model_cluster *c = &m->clusters[i];
        struct sim_cluster *out = &v->c[i];
        out->pd_id = c->pd_cluster_id;
        out->gc_safe_point = c->gc_safe_point;
        out->tso = c->last_tso;
        read_instances(out, before ? &before->c[i] : NULL, c);
        read_account(out, c);
        out->jobs = dr_brie_running(c);
        read_ledger(out, before ? &before->c[i] : NULL, c, kept);
        read_feeds(out, m, i, a);
        read_safepoints(out, m, i);
        count_tables(out, c);
    }
}

/* ---- shape ---- */

/* Numbers this long are TSOs and PD's ids. */
enum { LONG_NUMBER = 12 };

static void add_without_times(struct dr_buf *out, const char *s)
{
    while (*s) {
        size_t digits = strspn(s, "0123456789"), n = digits ? digits : 1;
        if (digits >= LONG_NUMBER)
            dr_buf_adds(out, "..");
        else
            dr_buf_addf(out, "%.*s", (int)n, s);
        s += n;
    }
}

void sim_view_shape(const struct sim_view *v, struct dr_buf *out)
{
    for (int i = 0; i < SIM_CLUSTERS; i++) {
        const struct sim_cluster *c = &v->c[i];
        dr_buf_addf(out,
                    "%c: fence %d, gc %d %" PRId64 ", ttl %d, %zu tables, %zu jobs\n",
                    'A' + i, c->stored_fence, c->stored_gc_enable, c->stored_gc_life_ms,
                    c->stored_ttl_jobs, c->table_count, c->jobs);
        for (size_t k = 0; k < c->instance_count; k++)
            dr_buf_addf(out, "  instance %zu: up %d, fence %d, gc %d, ttl %d\n", k,
                        c->instances[k].up, c->instances[k].fenced,
                        c->instances[k].gc_enable, c->instances[k].ttl_jobs);
        for (size_t k = 0; k < c->feed_count; k++)
            dr_buf_addf(out, "  feed %s: %s, to %d\n", c->feeds[k].id, c->feeds[k].state,
                        c->feeds[k].to);
        for (size_t k = 0; k < c->row_count; k++) {
            dr_buf_addf(out, "  row %s: ", c->rows[k].key);
            /* beside the lease stands what looks have seen, of a stale one too */
            if (strcmp(c->rows[k].key, "lease") != 0)
                add_without_times(out, c->rows[k].value);
            dr_buf_addc(out, '\n');
        }
    }
}

/* ---- odd clocks ---- */

enum { AHEAD_MS = 3, ODD = 21 };

void sim_view_odd_clocks(struct dr_model *m)
{
    for (size_t i = 0; i < m->cluster_count; i++) {
        struct dr_model_cluster *c = &m->clusters[i];
        int64_t wall = dr_model_wall_ms(m) + c->clock_skew_ms;
        dr_model_tso_raise(c, dr_tso_make(wall + AHEAD_MS, ODD));
    }
}

/* ---- equality ---- */

static const struct dr_row *row_of(const struct dr_table *t, const struct dr_entry *e)
{
    const struct dr_entry *found = dr_table_find(t, e->key, e->key_len);
    return found ? dr_entry_row(found, NULL, UINT64_MAX) : NULL;
}

static bool same_rows(const struct dr_row *x, const struct dr_row *y)
{
    if (!x || !y || x->count != y->count)
        return false;
    for (uint32_t i = 0; i < x->count; i++)
        if (dr_datum_cmp(&x->v[i], &y->v[i]) != 0)
            return false;
    return true;
}

/* Rows of `from` that `to` does not have, or has otherwise. */
static size_t missing_rows(const struct dr_table *from, const struct dr_table *to)
{
    size_t n = 0;
    for (size_t i = 0; i < from->entry_count; i++) {
        const struct dr_row *r = dr_entry_row(from->entries[i], NULL, UINT64_MAX);
        n += r && !same_rows(r, row_of(to, from->entries[i]));
    }
    return n;
}

static size_t compare_side(struct dr_model_cluster *x, struct dr_model_cluster *y,
                           struct dr_buf *why)
{
    size_t compared = 0;
    for (size_t i = 0; i < x->db->table_count; i++) {
        const struct dr_table *t = x->db->tables[i];
        const struct dr_table_def *def = dr_table_now(t), *other_def;
        if (t->dropped_tso || !is_users(def) || !dr_table_eligible(def))
            continue;
        const struct dr_table *other =
            dr_db_table(y->db, def->schema, def->name, UINT64_MAX, &other_def);
        compared++;
        if (!other) {
            dr_buf_addf(why, "%s has no %s.%s; ", y->name, def->schema, def->name);
            continue;
        }
        size_t n = missing_rows(t, other);
        if (n)
            dr_buf_addf(why, "%zu rows of %s.%s in %s are not the same in %s; ", n,
                        def->schema, def->name, x->name, y->name);
    }
    return compared;
}

size_t sim_view_equal(struct dr_model *m, struct dr_buf *why)
{
    size_t n = compare_side(&m->clusters[SIM_A], &m->clusters[SIM_B], why);
    (void)compare_side(&m->clusters[SIM_B], &m->clusters[SIM_A], why);
    return n;
}
