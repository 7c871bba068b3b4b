#include "controller/observe/observe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/observe/observer.h"
#include "controller/plan/plan.h"

/* How often a question is asked: hot each look; the others when older than this. */
/* Short deadlines: an endpoint that does not answer is a fact too, and the next look asks
 * again. PD's own redirects take up to 3 s. */
enum {
    HTTP_DEADLINE_MS = 5000,
    WARM_BUSY_MS = 5000, /* while a step of bootstrap may be next */
    WARM_QUIET_MS = 60000,
    PROBE_MS = 60000,
    COLD_BUSY_MS = 30000,
    COLD_QUIET_MS = 3600000,
    QUESTIONS_MORE = 8
};

static struct question *add(struct dr_observer *o, enum dr_call_kind kind, enum tier tier,
                            size_t cluster)
{
    if (o->count == o->room) {
        o->room += QUESTIONS_MORE;
        o->questions = dr_xrealloc(o->questions, o->room * sizeof(*o->questions));
    }
    struct question *q = &o->questions[o->count++];
    *q = (struct question){
        .kind = kind, .tier = tier, .cluster = (uint16_t)cluster, .asked_ms = INT64_MIN};
    return q;
}

bool dr_question_retired(const struct question *q)
{
    return q->instance && q->index == RETIRED;
}

/* Out: whether it is a new one. */
static bool ask_instance(struct dr_observer *o, enum dr_call_kind kind, size_t c,
                         size_t index)
{
    const char *text = o->access->clusters[c].sql[index].text;
    struct question *q = dr_observer_find_at(o, kind, c, text);
    bool newcomer = !q;
    if (newcomer) {
        q = dr_observer_find_at(o, kind, c, NULL);
        if (q) {
            q->seen = (struct dr_seen){0};
            dr_question_why(q, NULL);
            q->forgotten = true;
        } else {
            q = add(o, kind, HOT, c);
        }
        q->instance = text;
    }
    q->index = index;
    return newcomer;
}

/* Questions to each instance, as the list of instances is now. Out: whether one is new.
 */
static bool ask_instances(struct dr_observer *o, size_t c)
{
    bool newcomer = false;
    static const enum dr_call_kind kinds[] = {DR_CALL_SQL_HOT, DR_CALL_SQL_JOBS};
    for (size_t i = 0; i < o->count; i++)
        if (o->questions[i].instance && o->questions[i].cluster == c &&
            o->questions[i].tier != PROBE && !o->questions[i].behind)
            o->questions[i].index = RETIRED;
    /* those that stay first: a newcomer must not take their place */
    for (int newcomers = 0; newcomers < 2; newcomers++)
        for (size_t i = 0; i < o->access->clusters[c].sql_count; i++)
            for (size_t k = 0; k < 2; k++)
                if (newcomers || dr_observer_find_at(o, kinds[k], c,
                                                     o->access->clusters[c].sql[i].text))
                    newcomer |= ask_instance(o, kinds[k], c, i);
    return newcomer;
}

/* Each declared endpoint of PD or TiCDC, where others would answer for it. */
static void probe_endpoints(struct dr_observer *o, size_t c, enum dr_call_kind kind,
                            const struct dr_endpoint *list, size_t count)
{
    char text[DR_HOST_MAX + 16];
    for (size_t i = 0; count > 1 && i < count; i++) {
        struct question *q = add(o, kind, PROBE, c);
        q->instance = dr_strdup(o->lasting, dr_address_text(&list[i].at, text));
        q->index = o->probes[c]++;
    }
}

/* TiCDC dials the sink address, a load balancer as a rule: which cluster it leads to
 * shows to a client alone. That of an instance which is asked anyway is known. */
static void ask_behind(struct dr_observer *o, size_t c)
{
    const struct dr_hostport *at = &o->t->clusters[c].sink_address;
    struct dr_address sink;
    char text[DR_HOST_MAX + 16];
    bool known = !at->host || !dr_address_parse(&sink, at->text, at->port);
    for (size_t i = 0; !known && i < o->access->clusters[c].sql_count; i++)
        known = dr_address_equal(&o->access->clusters[c].sql[i].at, &sink);
    if (known)
        return;
    struct question *q = add(o, DR_CALL_SQL_IDENTITY, WARM, c);
    q->instance = dr_strdup(o->lasting, dr_address_text(&sink, text));
    q->behind = true;
}

/* The whole list of questions, in the order in which they are asked. */
static void make_questions(struct dr_observer *o)
{
    for (size_t c = 0; c < o->t->cluster_count; c++) {
        const struct dr_cluster *x = &o->t->clusters[c];
        (void)ask_instances(o, c);
        add(o, DR_CALL_SQL_LEDGER, HOT, c);
        add(o, DR_CALL_SQL_TSO, HOT, c);
        add(o, DR_CALL_SQL_IDENTITY, WARM, c);
        add(o, DR_CALL_PD_IDENTITY, WARM, c);
        add(o, DR_CALL_PD_SAFEPOINTS, HOT, c);
        add(o, DR_CALL_PD_STORES, COLD, c);
        add(o, DR_CALL_SQL_ACCOUNTS, COLD, c);
        add(o, DR_CALL_SQL_TABLES, COLD, c);
        probe_endpoints(o, c, DR_CALL_PD_ALIVE, o->access->clusters[c].pd,
                        o->access->clusters[c].pd_count);
        if (!x->ticdc.declared)
            continue;
        add(o, DR_CALL_CDC_SERVER, WARM, c);
        add(o, DR_CALL_CDC_FEEDS, HOT, c);
        probe_endpoints(o, c, DR_CALL_CDC_ALIVE, o->access->clusters[c].cdc,
                        o->access->clusters[c].cdc_count);
    }
    size_t a, b;
    dr_plan_pair(o->t, &a, &b);
    add(o, DR_CALL_CDC_FEED, WARM, a);
    add(o, DR_CALL_SQL_LOGIN, WARM, b);
    ask_behind(o, b);
    add(o, DR_CALL_SQL_DDL, WARM, a);
    if (o->t->storage.backup.declared)
        add(o, DR_CALL_STORE_LIST, WARM, a)->call.args.store.store = DR_STORE_BACKUP;
    if (o->t->storage.redo.declared) {
        add(o, DR_CALL_STORE_LIST, WARM, a)->call.args.store.store = DR_STORE_REDO;
        add(o, DR_CALL_STORE_REDO, WARM, a);
    }
}

struct dr_observer *dr_observer_new(const struct dr_topology *t, struct dr_access *access,
                                    struct dr_estate *estate)
{
    struct dr_observer *o = dr_xcalloc(1, sizeof(*o));
    o->t = t;
    o->access = access;
    o->estate = estate;
    o->lasting = dr_arena_new(64 << 20);
    o->cycle = dr_arena_new(256 << 20);
    o->replaced = dr_arena_new(0);
    o->readers = DR_NEW_N(o->lasting, t->cluster_count, const char *);
    o->probes = DR_NEW_N(o->lasting, t->cluster_count, size_t);
    o->accounts[o->account_count++] = t->replication.sink.user;
    if (t->replication.redo.apply.declared)
        o->accounts[o->account_count++] = t->replication.redo.apply.user;
    dr_memory_init(&o->memory);
    make_questions(o);
    return o;
}

void dr_observer_free(struct dr_observer *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < o->count; i++) {
        dr_arena_free(o->questions[i].reply.arena);
        free(o->questions[i].why);
    }
    free(o->questions);
    dr_memory_release(&o->memory);
    dr_arena_free(o->replaced);
    dr_arena_free(o->lasting);
    dr_arena_free(o->cycle);
    free(o);
}

/* ---- what is asked ---- */

/* The facts that decide on other questions: which generation is in work, and whether a
 * copy may run. */
struct focus {
    struct dr_generation gen;
    bool named;     /* by ledgers that are known: none, or this one */
    bool made;      /* the feed is made: bootstrap is behind us */
    bool sink_open; /* the sink row carries the generation */
    bool started;   /* a backup or restoring row stands */
    bool adopting;  /* somebody else's feed is to be drover's */
    /* The feed was removed, and the policy has it made anew: since when, and the redo
     * path of the next generation. */
    bool gone;
    int64_t gone_since_ms;
    const char *next_redo;
};

/* Whether a cluster's ledger is known to name no edge, or which. */
static bool knows_edges(const struct dr_ledger_group *g)
{
    return g->seen.known && (g->decoded || !g->table_present);
}

static struct focus focus_of(struct dr_observer *o)
{
    struct focus x = {0};
    size_t a, b;
    dr_plan_pair(o->t, &a, &b);
    const struct dr_facts *f = o->facts;
    x.gen = dr_generation_of(o->t, f, a, b, o->memory.skipped, o->cycle);
    x.named = knows_edges(&f->clusters[a].ledger) && knows_edges(&f->clusters[b].ledger);
    const struct dr_ledger_group *la = &f->clusters[a].ledger,
                                 *lb = &f->clusters[b].ledger;
    const struct dr_edge_row *e =
        la->decoded ? dr_ledger_edge(&la->rows, f->clusters[a].name, f->clusters[b].name)
                    : NULL;
    x.made =
        e && e->state == DR_EDGE_MADE && !la->rows.hold_count && !la->rows.backup.present;
    x.sink_open = lb->decoded && lb->rows.sink.present &&
                  lb->rows.sink.generation == x.gen.n && !x.made;
    x.adopting = x.gen.adopted && !x.made && o->t->management == DR_MANAGE;
    x.gone = x.made && !x.gen.adopted &&
             o->t->policy.drift[DR_DRIFT_CHANGEFEED_REMOVED] == DR_DRIFT_CORRECT &&
             dr_memory_is_gone(&o->memory, x.gen.feed_id, &x.gone_since_ms);
    x.next_redo = x.gone ? dr_generation_after(o->t, f, a, b, &x.gen, o->cycle).redo : "";
    x.started = (la->decoded && la->rows.backup.present) ||
                (lb->decoded && lb->rows.restoring.present);
    return x;
}

/* The feed's first redo log is seen soon after it is written, not a minute later. */
static bool is_awaited(const struct question *q)
{
    return q->kind == DR_CALL_STORE_REDO && q->seen.known && !q->reply.as.redo->found;
}

static bool is_old(const struct question *q, int64_t now_ms, bool busy)
{
    static const int64_t age[2][3] = {{0, WARM_QUIET_MS, COLD_QUIET_MS},
                                      {0, WARM_BUSY_MS, COLD_BUSY_MS}};
    if (q->tier == PROBE)
        return q->asked_ms == INT64_MIN || now_ms - q->asked_ms >= PROBE_MS;
    if (!q->forgotten && now_ms < q->again_ms)
        return false;
    return q->forgotten || !q->seen.known ||
           now_ms - q->seen.at_ms >= age[busy || is_awaited(q)][q->tier];
}

/* A text that a question keeps from look to look, longer than the cycle it comes from. */
static const char *lasting(struct dr_observer *o, const char *old, const char *text)
{
    return old && strcmp(old, text) == 0 ? old : dr_strdup(o->lasting, text);
}

/* Wrong passwords may lock an account (FAILED_LOGIN_ATTEMPTS), and a feed of somebody
 * else lives on this one: whoever declares another password starts anew. */
static bool was_refused(const struct dr_observer *o, const struct question *q)
{
    enum { ASK_AGAIN_MS = 600000 };
    return q->seen.known && q->reply.login == DR_LOGIN_WRONG_PASSWORD &&
           o->estate->now_ms(o->estate) - q->seen.at_ms < ASK_AGAIN_MS;
}

/* A feed that is made lives by sessions that TiCDC opened before: what somebody did to
 * its account since is seen by logging in, and seldom is enough. */
static bool login_is_due(const struct dr_observer *o, const struct question *q,
                         const struct focus *x)
{
    enum { LOGIN_QUIET_MS = 600000 };
    int64_t now_ms = o->estate->now_ms(o->estate);
    if (x->sink_open || (x->gone && !was_refused(o, q)))
        return true;
    if (x->made)
        return !q->seen.known || q->call.args.login.generation != x->gen.n ||
               now_ms - q->seen.at_ms >= LOGIN_QUIET_MS;
    return x->adopting && !was_refused(o, q);
}

/* Where a feed leads that is not drover's, as long as it is listed. */
static bool aim_at_stranger(struct dr_observer *o, struct question *q,
                            const struct focus *x, size_t to)
{
    q->call.args.feed =
        (struct dr_feed_args){.id = q->feed, .to = (uint16_t)to, .redo = ""};
    return strcmp(q->feed, x->gen.feed_id) != 0 &&
           dr_feeds_find(&o->facts->clusters[q->cluster].feeds, q->feed);
}

/* Below a declared storage: what is looked at. */
static const char *prefix_of(enum dr_store store, const struct focus *x)
{
    return store == DR_STORE_BACKUP ? x->gen.backup
           : x->gone                ? x->next_redo
                                    : x->gen.redo;
}

/* Fills the arguments of a question that depends on the focus; false: not asked now. */
static bool aim(struct dr_observer *o, struct question *q, const struct focus *x)
{
    size_t a, b;
    dr_plan_pair(o->t, &a, &b);
    switch (q->kind) {
    case DR_CALL_SQL_JOBS:
        return x->started && !x->made;
    case DR_CALL_PD_STORES: /* to say how long a copy takes */
        return !x->made || o->everything;
    case DR_CALL_CDC_FEED:
        if (q->feed)
            return aim_at_stranger(o, q, x, b);
        if (!x->gen.planned && !x->gen.adopted)
            return false;
        q->call.args.feed = (struct dr_feed_args){
            .id = lasting(o, q->call.args.feed.id, x->gen.feed_id),
            .to = (uint16_t)b,
            .generation = x->gen.n,
            .redo = lasting(o, q->call.args.feed.redo, x->gen.redo)};
        return true;
    case DR_CALL_SQL_LOGIN: {
        bool due = login_is_due(o, q, x);
        q->call.args.login.generation = x->gen.n;
        q->call.args.login.from = o->t->clusters[a].name;
        return due;
    }
    case DR_CALL_SQL_DDL:
        return x->gone;
    case DR_CALL_STORE_LIST:
        q->call.args.store.prefix =
            lasting(o, q->call.args.store.prefix, prefix_of(q->call.args.store.store, x));
        return (!x->made || x->gone || o->everything) && !x->gen.adopted && x->named &&
               *q->call.args.store.prefix;
    case DR_CALL_STORE_REDO:
        q->call.args.store.store = DR_STORE_REDO;
        q->call.args.store.prefix = lasting(o, q->call.args.store.prefix, x->gen.redo);
        return (x->gen.planned || x->gen.adopted) && *x->gen.redo;
    default: /* the kinds that need no aim */
        return true;
    }
}

static bool needs_focus(enum dr_call_kind kind)
{
    return kind == DR_CALL_SQL_JOBS || kind == DR_CALL_CDC_FEED ||
           kind == DR_CALL_SQL_LOGIN || kind == DR_CALL_SQL_DDL ||
           kind == DR_CALL_STORE_LIST || kind == DR_CALL_STORE_REDO;
}

void dr_observer_ask(struct dr_observer *o, struct question *q)
{
    q->call.kind = q->kind;
    q->call.at = (struct dr_target){.cluster = q->cluster, .instance = q->instance};
    if (q->kind == DR_CALL_SQL_LEDGER)
        q->call.at.instance = dr_reader_of(o, q->cluster);
    if (q->tier != PROBE && q->kind >= DR_CALL_PD_IDENTITY &&
        q->kind <= DR_CALL_STORE_REDO)
        q->call.deadline_ms = HTTP_DEADLINE_MS;
    if (q->kind == DR_CALL_CDC_FEEDS)
        q->call.args.feeds.ids =
            dr_memory_feeds(&o->memory, q->cluster, o->cycle, &q->call.args.feeds.count);
    if (q->kind == DR_CALL_SQL_ACCOUNTS) {
        q->call.args.accounts.count = o->account_count;
        q->call.args.accounts.names = o->accounts;
    }
    q->asked_ms = o->estate->now_ms(o->estate);
    o->estate->submit(o->estate, &q->call, &q->ticket);
}

/* ---- asking ---- */

static void free_arena(void *arena)
{
    dr_arena_free(arena);
}

/* A snapshot may point into the answer that is replaced. */
static void take_reply(struct dr_observer *o, struct question *q, struct dr_reply *r)
{
    if (q->reply.arena)
        dr_arena_defer(o->replaced, free_arena, q->reply.arena);
    q->reply = (struct kept){.as = r->as,
                             .ledger = r->ledger,
                             .tso = r->tso,
                             .login = r->login,
                             .arena = r->arena};
}

void dr_question_why(struct question *q, const char *why)
{
    size_t len = why ? strnlen(why, WHY_MAX - 1) : 0;
    char *text = why ? memcpy(dr_xcalloc(len + 1, 1), why, len) : NULL;
    free(q->why);
    q->why = text;
}

static void keep(struct dr_observer *o, struct question *q, struct dr_reply *r)
{
    int64_t now_ms = o->estate->now_ms(o->estate);
    q->ticket = 0;
    q->forgotten = false;
    /* a question that ends in a long wait must not make each look as long */
    q->again_ms =
        r->outcome == DR_DONE || q->tier == HOT ? 0 : now_ms + 2 * (now_ms - q->asked_ms);
    if (r->outcome == DR_DONE) {
        take_reply(o, q, r);
        q->seen = (struct dr_seen){.known = true, .at_ms = now_ms};
        if (!q->feed && !q->behind)
            dr_memory_note(&o->memory, q->kind, q->cluster, r, q->seen.at_ms);
        return;
    }
    q->seen.known = false;
    q->seen.code = r->err.code;
    dr_question_why(q, r->err.text);
    dr_reply_release(r);
}

/* The estate keeps each question's deadline. */
void dr_observer_collect(struct dr_observer *o)
{
    for (;;) {
        size_t open = 0;
        for (size_t i = 0; i < o->count; i++)
            open += o->questions[i].ticket != 0;
        struct dr_reply r;
        int64_t until = o->estate->now_ms(o->estate) + 120000;
        if (!open)
            return;
        if (!o->estate->wait(o->estate, until, &r)) {
            for (size_t i = 0; i < o->count; i++)
                o->questions[i].ticket = 0;
            return;
        }
        struct question *q = NULL;
        for (size_t i = 0; i < o->count && !q; i++)
            if (o->questions[i].ticket == r.ticket)
                q = &o->questions[i];
        if (q)
            keep(o, q, &r);
        else
            dr_reply_release(&r);
    }
}

/* Out: whether anything was asked. */
static bool ask_due(struct dr_observer *o, bool focused, const struct focus *x)
{
    bool asked = false;
    int64_t now = o->estate->now_ms(o->estate);
    bool busy = !x || !x->made;
    for (size_t i = 0; i < o->count; i++) {
        struct question *q = &o->questions[i];
        if (needs_focus(q->kind) != focused || dr_question_retired(q) ||
            !is_old(q, now, busy) || dr_reader_brings(o, q))
            continue;
        /* what stands of the answer is labelled by the call that was answered */
        struct dr_call asked_last = q->call;
        if (x && !aim(o, q, x)) {
            q->call = asked_last;
            continue;
        }
        dr_observer_ask(o, q);
        asked = true;
    }
    dr_observer_collect(o);
    return asked;
}

/* ---- the snapshot ---- */

struct dr_seen dr_question_seen(const struct dr_observer *o, const struct question *q)
{
    struct dr_seen s = q->seen;
    s.why = q->why ? dr_strdup(o->cycle, q->why) : "not asked yet";
    return s;
}

/* The ledger's rows count at a TSO or not at all. */
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
    if (q->seen.at_ms < g->seen.at_ms)
        g->seen.at_ms = q->seen.at_ms;
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

/* A question about each feed out of the primary that is not drover's: whether it writes
 * into a cluster at all. Of another namespace none can be asked. */
static void ask_strangers(struct dr_observer *o, const struct focus *x)
{
    enum { STRANGERS_MAX = 16 };
    size_t a, b, asked = 0;
    dr_plan_pair(o->t, &a, &b);
    const struct dr_feeds *f = &o->facts->clusters[a].feeds;
    for (size_t i = 0; i < o->count; i++)
        asked += o->questions[i].feed != NULL;
    for (size_t i = 0; f->seen.known && i < f->count && asked < STRANGERS_MAX; i++) {
        const char *id = f->items[i].id;
        bool known = strcmp(id, x->gen.feed_id) == 0 || strchr(id, '/');
        for (size_t k = 0; k < o->count && !known; k++)
            known = o->questions[k].feed && strcmp(o->questions[k].feed, id) == 0;
        if (known)
            continue;
        add(o, DR_CALL_CDC_FEED, WARM, a)->feed = dr_strdup(o->lasting, id);
        asked++;
    }
}

static void assemble(struct dr_observer *o, int64_t wall_ms)
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
    dr_memory_fill(&o->memory, f, o->cycle);
}

/* An instance that the cluster lists newly gets its questions; one that it lists no more
 * is asked no more. */
static void follow_discovery(struct dr_observer *o)
{
    bool newcomer = false;
    for (size_t c = 0; c < o->t->cluster_count; c++) {
        dr_access_discover(o->access, c, &o->facts->clusters[c].identity);
        newcomer |= ask_instances(o, c);
    }
    if (newcomer)
        (void)ask_due(o, false, NULL);
}

/* Whether a list of instances was read in this look: they may be others now. */
static bool has_discovered(const struct dr_observer *o, int64_t began_ms)
{
    bool any = false;
    for (size_t c = 0; c < o->t->cluster_count; c++) {
        const struct dr_seen *seen = &o->facts->clusters[c].identity.seen;
        any |= !seen->known || seen->at_ms >= began_ms;
    }
    return any;
}

/* A generation whose prefixes are in use, though no edge row says so, is skipped. */
static bool skip_used_prefix(struct dr_observer *o, const struct focus *x)
{
    const struct dr_listing *l[2] = {&o->facts->backup_prefix, &o->facts->redo_prefix};
    const char *mine[2] = {x->gen.backup, x->gen.redo};
    if (x->gen.planned || x->gen.adopted || o->memory.skipped >= 100)
        return false;
    for (size_t c = 0; c < o->facts->cluster_count; c++)
        if (!knows_edges(&o->facts->clusters[c].ledger))
            return false;
    for (int i = 0; i < 2; i++) {
        if (l[i]->seen.known && l[i]->count && strcmp(l[i]->prefix, mine[i]) == 0) {
            o->memory.skipped++;
            return true;
        }
    }
    return false;
}

/* An answer about the prefixes of another generation is asked for anew. */
static void check_prefixes(struct dr_observer *o, const struct focus *x)
{
    for (size_t i = 0; i < o->count; i++) {
        struct question *q = &o->questions[i];
        if (q->kind == DR_CALL_STORE_LIST && q->call.args.store.prefix && q->seen.known &&
            q->reply.as.listing->prefix)
            q->forgotten |= strcmp(q->reply.as.listing->prefix,
                                   prefix_of(q->call.args.store.store, x)) != 0;
    }
}

/* What is asked because a feed is gone counts only as it was afterwards. */
static void check_gone(struct dr_observer *o, const struct focus *x)
{
    for (size_t i = 0; x->gone && i < o->count; i++) {
        struct question *q = &o->questions[i];
        if (q->kind == DR_CALL_SQL_DDL || q->kind == DR_CALL_SQL_LOGIN)
            q->forgotten |= q->seen.known && q->seen.at_ms < x->gone_since_ms;
    }
}

/* The feed that was made and is not listed is asked for by its name at each look, until
 * it is seen again or its absence is proven; and so is one that was absent and is listed
 * now. */
/* Out: whether an answer was marked. */
static bool check_feed(struct dr_observer *o, const struct focus *x)
{
    bool marked = false;
    size_t a, b;
    dr_plan_pair(o->t, &a, &b);
    struct question *all = dr_observer_find(o, DR_CALL_CDC_FEEDS, a),
                    *one = dr_observer_find(o, DR_CALL_CDC_FEED, a);
    if (!all || !all->seen.known || !x->gen.planned)
        return false;
    struct dr_feeds *f = all->reply.as.feeds;
    if (x->made &&
        !dr_memory_expect(&o->memory, (uint16_t)a, x->gen.feed_id, f, all->reply.arena))
        one->forgotten = marked = true;
    if (one->seen.known && !one->reply.as.feed->present &&
        dr_feeds_find(f, one->reply.as.feed->id))
        one->forgotten = true;
    return marked;
}

const struct dr_facts *dr_observe(struct dr_observer *o, int64_t wall_ms)
{
    struct focus x = {.made = o->memory.quiet};
    int64_t began_ms = o->estate->now_ms(o->estate);
    dr_arena_reset(o->cycle);
    dr_arena_reset(o->replaced);
    (void)ask_due(o, false, &x);
    dr_readers_change(o);
    assemble(o, wall_ms);
    follow_discovery(o);
    bool changed = has_discovered(o, began_ms);
    do {
        x = focus_of(o);
        changed |= o->memory.quiet != x.made;
        o->memory.quiet = x.made;
        check_prefixes(o, &x);
        ask_strangers(o, &x);
        changed |= check_feed(o, &x);
        check_gone(o, &x);
        changed |= ask_due(o, true, &x);
        if (changed) /* a quiet look has asked all at once, and shows all already */
            assemble(o, wall_ms);
        changed = true; /* another generation, if it goes on */
    } while (skip_used_prefix(o, &x));
    dr_arena_reset(o->replaced); /* the last snapshot points to none of them */
    return o->facts;
}

/* ---- after a call ---- */

static void forget(struct dr_observer *o, enum dr_call_kind kind)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->questions[i].kind == kind)
            o->questions[i].forgotten = true;
}

void dr_observe_everything(struct dr_observer *o)
{
    o->everything = true;
}

void dr_observe_afresh(struct dr_observer *o)
{
    for (size_t i = 0; i < o->count; i++)
        o->questions[i].forgotten = true;
}

void dr_observe_forget(struct dr_observer *o, const struct dr_call *call,
                       const struct dr_reply *reply)
{
    static const struct {
        enum dr_call_kind call, stale[3];
    } rows[] = {
        {DR_CALL_BACKUP, {DR_CALL_STORE_LIST, DR_CALL_SQL_JOBS}},
        {DR_CALL_RESTORE, {DR_CALL_SQL_TABLES, DR_CALL_SQL_JOBS}},
        {DR_CALL_DROP_SCHEMA, {DR_CALL_SQL_TABLES}},
        {DR_CALL_DROP_TABLE, {DR_CALL_SQL_TABLES}},
        {DR_CALL_BEAT_TABLE, {DR_CALL_SQL_TABLES}},
        {DR_CALL_SINK_ACCOUNT, {DR_CALL_SQL_LOGIN, DR_CALL_SQL_ACCOUNTS}},
        {DR_CALL_LEDGER_WRITE, {DR_CALL_STORE_LIST, DR_CALL_SQL_LOGIN}},
        {DR_CALL_FEED_CREATE, {DR_CALL_CDC_FEED}},
        {DR_CALL_FEED_PAUSE, {DR_CALL_CDC_FEED}},
        {DR_CALL_FEED_UPDATE, {DR_CALL_CDC_FEED}},
        {DR_CALL_FEED_RESUME, {DR_CALL_CDC_FEED}},
        {DR_CALL_FEED_DELETE, {DR_CALL_CDC_FEED}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t k = 0; rows[i].call == call->kind && k < 3 && rows[i].stale[k]; k++)
            forget(o, rows[i].stale[k]);
    dr_memory_called(&o->memory, call, reply);
    if (call->kind == DR_CALL_FEED_UPDATE)
        dr_memory_updated(&o->memory, call, reply, o->estate->now_ms(o->estate));
}
