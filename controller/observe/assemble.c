/* The answers as one snapshot of facts. */
#include <string.h>

#include "controller/base/tso.h"
#include "controller/observe/observer.h"

struct dr_seen dr_question_seen(const struct dr_observer *o, const struct question *q)
{
    struct dr_seen s = q->seen;
    s.why = q->why ? dr_strdup(o->cycle, q->why) : "not asked yet";
    return s;
}

/* The ledger's rows count at a TSO or not at all. One of an earlier look has gone on
 * since then, by our clock: who read the ledger just now has proved that there are new
 * ones. */
static void take_tso(const struct dr_observer *o, const struct question *q,
                     struct dr_ledger_group *g)
{
    if (!g->seen.known)
        return;
    if (!q->seen.known) {
        *g = (struct dr_ledger_group){.seen = dr_question_seen(o, q)};
        return;
    }
    g->tso = q->reply.tso;
    if (q->seen.at_ms < o->began_ms)
        g->tso = dr_tso_later(g->tso, g->seen.at_ms - q->seen.at_ms);
    else if (q->seen.at_ms < g->seen.at_ms)
        g->seen.at_ms = q->seen.at_ms;
    g->tso_from_ms = q->reply.asked_ms + dr_tso_ms(g->tso) - dr_tso_ms(q->reply.tso);
}

static void take_instance(const struct dr_observer *o, const struct question *q,
                          struct dr_instance *x)
{
    const char *address = q->instance;
    const struct question *ledger = dr_observer_find(o, DR_CALL_SQL_LEDGER, q->cluster);
    if (ledger->seen.known && strcmp(ledger->call.at.instance, address) == 0)
        q = ledger;
    TAKE(*x, q->reply.as.instance);
    x->address = address;
}

static void take_behind(const struct dr_observer *o, const struct question *q,
                        struct dr_identity *x)
{
    TAKE(*x, q->reply.as.identity);
}

static void take_sql(const struct dr_observer *o, const struct question *q,
                     struct dr_cluster_facts *c)
{
    const struct kept *r = &q->reply;
    switch (q->kind) {
    case DR_CALL_SQL_HOT:
        take_instance(o, q, &c->instances[q->index]);
        break;
    case DR_CALL_SQL_JOBS:
        TAKE(c->jobs[q->index], r->as.jobs);
        c->jobs[q->index].instance = q->instance;
        break;
    case DR_CALL_SQL_LEDGER:
        TAKE(c->ledger, r->ledger);
        break;
    case DR_CALL_SQL_TSO: /* asked after the ledger */
        take_tso(o, q, &c->ledger);
        break;
    case DR_CALL_SQL_IDENTITY:
        TAKE(c->identity, r->as.identity);
        break;
    case DR_CALL_SQL_ACCOUNTS:
        TAKE(c->accounts, r->as.accounts);
        break;
    case DR_CALL_SQL_TABLES:
        TAKE(c->tables, r->as.tables);
        break;
    case DR_CALL_SQL_DDL:
        TAKE(c->ddl, r->as.ddl);
        break;
    default: /* not by SQL */
        break;
    }
}

/* Source: tiflow: pkg/sink/mysql/config.go, the schemes of its MySQL sink. */
static void take_stranger(const struct question *q, struct dr_feeds *f)
{
    static const char *const sql[] = {"mysql", "tidb", "mysql+ssl", "tidb+ssl"};
    const struct dr_feed_detail *d = q->seen.known ? q->reply.as.feed : NULL;
    bool leaves = d && d->present && d->sink_scheme;
    for (size_t i = 0; leaves && i < sizeof(sql) / sizeof(sql[0]); i++)
        leaves = strcmp(d->sink_scheme, sql[i]) != 0;
    for (size_t i = 0; f->seen.known && i < f->count; i++)
        if (strcmp(f->items[i].id, q->feed) == 0) {
            f->items[i].leaves_sql = leaves;
            f->items[i].sink_user = d ? d->sink_user : NULL;
        }
}

static void take_http(const struct dr_observer *o, const struct question *q,
                      struct dr_facts *f)
{
    const struct kept *r = &q->reply;
    struct dr_cluster_facts *c = &f->clusters[q->cluster];
    switch (q->kind) {
    case DR_CALL_PD_IDENTITY:
        TAKE(c->pd, r->as.pd);
        break;
    case DR_CALL_PD_ALIVE:
    case DR_CALL_CDC_ALIVE:
        c->endpoints[q->index] = (struct dr_endpoint_seen){
            .seen = dr_question_seen(o, q),
            .kind = q->kind == DR_CALL_PD_ALIVE ? DR_ENDPOINT_PD : DR_ENDPOINT_TICDC,
            .address = q->instance};
        break;
    case DR_CALL_PD_SAFEPOINTS:
        TAKE(c->safepoints, r->as.safepoints);
        break;
    case DR_CALL_PD_STORES:
        TAKE(c->stores, r->as.stores);
        break;
    case DR_CALL_CDC_SERVER:
        TAKE(c->cdc, r->as.cdc);
        break;
    case DR_CALL_CDC_FEEDS:
        TAKE(c->feeds, r->as.feeds);
        break;
    case DR_CALL_CDC_FEED:
        if (q->feed) {
            take_stranger(q, &c->feeds);
            break;
        }
        TAKE(c->feed, r->as.feed);
        c->feed.id =
            q->call.args.feed.id ? dr_strdup(o->cycle, q->call.args.feed.id) : "";
        dr_memory_absence(&o->memory, &c->feed);
        break;
    case DR_CALL_SQL_LOGIN:
        f->sink_login.seen = dr_question_seen(o, q);
        f->sink_login.generation = q->call.args.login.generation;
        f->sink_login.answer = r->login;
        break;
    case DR_CALL_STORE_LIST:
        if (q->call.args.store.store == DR_STORE_BACKUP)
            TAKE(f->backup_prefix, r->as.listing);
        else
            TAKE(f->redo_prefix, r->as.listing);
        break;
    case DR_CALL_STORE_REDO:
        TAKE(f->redo, r->as.redo);
        break;
    default: /* by SQL */
        break;
    }
}

void dr_observer_assemble(struct dr_observer *o, int64_t wall_ms)
{
    struct dr_facts *f = dr_facts_new(o->t->cluster_count, o->cycle);
    o->facts = f;
    f->now_ms = o->estate->now_ms(o->estate);
    f->wall_ms = wall_ms;
    for (size_t c = 0; c < o->t->cluster_count; c++) {
        struct dr_cluster_facts *x = &f->clusters[c];
        x->name = o->t->clusters[c].name;
        x->instance_count = o->access->clusters[c].sql_count;
        x->instances = DR_NEW_N(o->cycle, x->instance_count, struct dr_instance);
        x->jobs = DR_NEW_N(o->cycle, x->instance_count, struct dr_jobs);
        x->endpoint_count = o->probes[c];
        x->endpoints = DR_NEW_N(o->cycle, x->endpoint_count, struct dr_endpoint_seen);
    }
    for (size_t i = 0; i < o->count; i++) {
        if (dr_question_retired(&o->questions[i]))
            continue;
        if (o->questions[i].behind) {
            f->sink_behind_count = 1;
            f->sink_behind = DR_NEW(o->cycle, struct dr_identity);
            take_behind(o, &o->questions[i], f->sink_behind);
            continue;
        }
        take_sql(o, &o->questions[i], &f->clusters[o->questions[i].cluster]);
        take_http(o, &o->questions[i], f);
    }
    for (size_t c = 0; c < o->t->cluster_count; c++)
        dr_facts_decode_ledger(&f->clusters[c], o->cycle);
    f->sink_print = dr_access_sink_print(o->access);
    dr_update_look(&o->memory.update, f);
    dr_memory_fill(&o->memory, f, o->cycle);
}
