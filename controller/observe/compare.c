/* What is asked by itself, beside the looks: whether both sides are equal, and what runs.
 */
#include "controller/observe/observer.h"

#include <string.h>

#include "controller/base/json.h"
#include "controller/base/table_filter.h"

enum { BESIDE_MS = 500 }; /* how long what runs beside a long question waits */

static struct dr_reply *ask_beside(struct dr_observer *o, const struct dr_call *call,
                                   const struct dr_meanwhile *meanwhile)
{
    struct dr_reply *mine = DR_NEW(o->cycle, struct dr_reply), r;
    uint64_t ticket;
    o->estate->submit(o->estate, call, &ticket);
    for (;;) {
        bool came =
            o->estate->wait(o->estate, o->estate->now_ms(o->estate) + BESIDE_MS, &r);
        if (came && r.ticket == ticket) {
            *mine = r;
            return mine;
        }
        meanwhile->call(meanwhile->arg, came ? &r : NULL);
        if (came)
            dr_reply_release(&r);
    }
}

/* ---- what the feed will carry ---- */

static const char *setting_of(const struct dr_changefeed_config *c, const char *path)
{
    for (size_t i = 0; i < c->entry_count; i++)
        if (strcmp(c->entries[i].path, path) == 0)
            return c->entries[i].json;
    return NULL;
}

/* As declared for the edge, else for all of them; NULL: not. */
static const char *declared(const struct dr_observer *o, const struct dr_compare *what,
                            const char *path)
{
    const struct dr_topology *t = o->t;
    const struct dr_edge_spec *edge =
        dr_topology_edge(t, t->clusters[what->from].name, t->clusters[what->to].name);
    const char *json = edge ? setting_of(&edge->config, path) : NULL;
    return json ? json : setting_of(&t->replication.config, path);
}

/* NULL: every table is carried. */
static const struct dr_table_filter *filter_of(const struct dr_observer *o,
                                               const struct dr_compare *what)
{
    const char *rules = declared(o, what, "filter.rules"), *bad;
    const char *sensitive = declared(o, what, "case-sensitive");
    json_t *list = NULL;
    if (!rules || dr_json_parse_in(o->cycle, &list, rules, strlen(rules), NULL) != 0)
        return NULL;
    size_t n = json_array_size(list);
    const char **texts = DR_NEW_N(o->cycle, n, const char *);
    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_array_get(list, i));
        texts[i] = s ? s : "";
    }
    return dr_table_filter_new(o->cycle, texts, n,
                               sensitive && strcmp(sensitive, "true") == 0, &bad);
}

/* Leaves out what the feed leaves out: by its filter, or because TiCDC cannot replicate
 * it and the document waives it. */
static void keep_carried(const struct dr_observer *o, const struct dr_compare *what,
                         struct dr_tables *t)
{
    const struct dr_table_filter *filter = filter_of(o, what);
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct dr_table *x = &t->items[i];
        if (filter && !dr_table_filter_table(filter, x->schema, x->name))
            continue;
        if (!x->eligible && dr_topology_waives(o->t, x->schema, x->name))
            continue;
        t->items[kept++] = *x;
    }
    t->count = kept;
}

int dr_observe_compare(struct dr_observer *o, const struct dr_compare *what,
                       struct dr_err *err)
{
    struct dr_reply *r[4] = {NULL};
    int rc = 0;
    for (int i = 0; i < 4 && rc == 0; i++) {
        bool second = i % 2;
        struct dr_call call = {
            .at = {.cluster = (uint16_t)(second ? what->to : what->from)}};
        if (i < 2) {
            call.kind = DR_CALL_SQL_TABLES;
            call.args.tables.tso = second ? 0 : what->tso;
        } else {
            call.kind = DR_CALL_SQL_COUNTS;
            call.deadline_ms = what->budget_ms / 2 + 10000;
            call.args.counts.tso = second ? 0 : what->tso;
            call.args.counts.count = r[0]->as.tables->count;
            call.args.counts.tables = r[0]->as.tables->items;
            call.args.counts.budget_ms = what->budget_ms / 2;
        }
        r[i] = ask_beside(o, &call, &what->meanwhile);
        if (r[i]->outcome != DR_DONE) {
            if (err)
                *err = r[i]->err;
            rc = -(int)r[i]->err.code;
        } else if (i < 2 && what->carried_only) {
            keep_carried(o, what, r[i]->as.tables);
        }
    }
    if (rc == 0)
        dr_memory_compare(&o->memory, what, r[0]->as.tables, r[1]->as.tables,
                          r[2]->as.counts, r[3]->as.counts, o->estate->now_ms(o->estate));
    for (int i = 0; i < 4; i++)
        if (r[i])
            dr_reply_release(r[i]);
    return rc;
}

const struct dr_jobs *dr_observe_jobs(struct dr_observer *o, size_t cluster,
                                      size_t *count)
{
    const struct dr_access_cluster *x = &o->access->clusters[cluster];
    struct dr_jobs *out = DR_NEW_N(o->cycle, x->sql_count, struct dr_jobs);
    for (size_t i = 0; i < o->count; i++) {
        struct question *q = &o->questions[i];
        if (q->kind == DR_CALL_SQL_JOBS && q->cluster == cluster &&
            !dr_question_retired(q))
            dr_observer_ask(o, q);
    }
    dr_observer_collect(o);
    for (size_t i = 0; i < o->count; i++) {
        const struct question *q = &o->questions[i];
        if (q->kind == DR_CALL_SQL_JOBS && q->cluster == cluster &&
            q->index < x->sql_count) {
            TAKE(out[q->index], q->reply.as.jobs);
            out[q->index].instance = q->instance;
        }
    }
    *count = x->sql_count;
    return out;
}
