#include "controller/observe/observe.h"

#include <stdlib.h>
#include <string.h>

#include "controller/observe/observer.h"

/* Short deadlines: an endpoint that does not answer is a fact too, and the next look asks
 * again. PD's own redirects take up to 3 s. */
enum { HTTP_DEADLINE_MS = 5000 };

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
    dr_observer_make(o);
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

/* ---- asking ---- */

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
                             .asked_ms = q->asked_ms,
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
    q->again_ms = r->outcome == DR_DONE || q->tier == HOT || q->tier == STEADY
                      ? 0
                      : now_ms + 2 * (now_ms - q->asked_ms);
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
        if (q) {
            keep(o, q, &r);
            continue;
        }
        if (o->beside.call)
            o->beside.call(o->beside.arg, &r);
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
        if (dr_question_needs_focus(q->kind) != focused || dr_question_retired(q) ||
            !dr_question_is_old(q, now, busy) || dr_reader_brings(o, q))
            continue;
        /* what stands of the answer is labelled by the call that was answered */
        struct dr_call asked_last = q->call;
        if (x && !dr_question_aim(o, q, x)) {
            q->call = asked_last;
            continue;
        }
        dr_observer_ask(o, q);
        asked = true;
    }
    dr_observer_collect(o);
    return asked;
}

/* ---- a look ---- */

/* An instance that the cluster lists newly gets its questions; one that it lists no more
 * is asked no more. */
static void follow_discovery(struct dr_observer *o)
{
    bool newcomer = false;
    for (size_t c = 0; c < o->t->cluster_count; c++) {
        dr_access_discover(o->access, c, &o->facts->clusters[c].identity);
        newcomer |= dr_observer_ask_instances(o, c);
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
        if (!dr_focus_knows_edges(&o->facts->clusters[c].ledger))
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
                                   dr_focus_prefix(q->call.args.store.store, x)) != 0;
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
    struct question *all = dr_observer_find(o, DR_CALL_CDC_FEEDS, x->from),
                    *one = dr_observer_find(o, DR_CALL_CDC_FEED, x->from);
    if (!all || !one || !all->seen.known || !x->gen.planned)
        return false;
    struct dr_feeds *f = all->reply.as.feeds;
    if (x->made && !dr_memory_expect(&o->memory, (uint16_t)x->from, x->gen.feed_id, f,
                                     all->reply.arena))
        one->forgotten = marked = true;
    if (one->seen.known && !one->reply.as.feed->present &&
        dr_feeds_find(f, one->reply.as.feed->id))
        one->forgotten = true;
    return marked;
}

static void forget(struct dr_observer *o, enum dr_call_kind kind)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->questions[i].kind == kind)
            o->questions[i].forgotten = true;
}

/* The machine slept, or its clock was set: how far a TSO has gone on is not known. */
static void check_clocks(struct dr_observer *o, int64_t wall_ms)
{
    enum { APART_MS = 500 };
    int64_t apart_ms = wall_ms - o->began_ms, moved_ms = apart_ms - o->clocks_apart_ms;
    o->clocks_apart_ms = apart_ms;
    if (moved_ms > APART_MS || moved_ms < -APART_MS)
        forget(o, DR_CALL_SQL_TSO);
}

const struct dr_facts *dr_observe(struct dr_observer *o, int64_t wall_ms)
{
    struct focus x = {.made = o->memory.quiet};
    int64_t began_ms = o->began_ms = o->estate->now_ms(o->estate);
    check_clocks(o, wall_ms);
    dr_arena_reset(o->cycle);
    dr_arena_reset(o->replaced);
    (void)ask_due(o, false, &x);
    dr_readers_change(o);
    dr_observer_assemble(o, wall_ms);
    follow_discovery(o);
    bool changed = has_discovered(o, began_ms);
    do {
        x = dr_focus_of(o);
        changed |= o->memory.quiet != x.made;
        o->memory.quiet = x.made;
        check_prefixes(o, &x);
        dr_observer_ask_strangers(o, &x);
        changed |= check_feed(o, &x);
        check_gone(o, &x);
        changed |= ask_due(o, true, &x);
        if (changed) /* a quiet look has asked all at once, and shows all already */
            dr_observer_assemble(o, wall_ms);
        changed = true; /* another generation, if it goes on */
    } while (skip_used_prefix(o, &x));
    dr_arena_reset(o->replaced); /* the last snapshot points to none of them */
    return o->facts;
}

/* The reason why one was not known stays, for whoever compares. */
void dr_observe_rest(struct dr_observer *o)
{
    for (size_t i = 0; i < o->count; i++) {
        struct question *q = &o->questions[i];
        if (q->tier != HOT || !q->reply.arena)
            continue;
        dr_arena_free(q->reply.arena);
        q->reply = (struct kept){0};
        q->seen.known = false;
    }
    dr_arena_trim(o->replaced);
    dr_arena_trim(o->cycle);
    o->facts = NULL;
}

/* ---- after a call ---- */

void dr_observe_beside(struct dr_observer *o, const struct dr_meanwhile *beside)
{
    o->beside = *beside;
}

static void unknow(struct dr_observer *o, enum dr_call_kind kind)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->questions[i].kind == kind)
            o->questions[i].seen.known = false;
}

void dr_observe_everything(struct dr_observer *o)
{
    o->everything = true;
}

void dr_observe_rights(struct dr_observer *o)
{
    forget(o, DR_CALL_SQL_ACCOUNTS);
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
        {DR_CALL_SINK_ACCOUNT,
         {DR_CALL_SQL_LOGIN, DR_CALL_SQL_ACCOUNTS, DR_CALL_SQL_JOBS}},
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
    if (call->kind == DR_CALL_SINK_ACCOUNT) /* what was refused before it tells nothing */
        unknow(o, DR_CALL_SQL_LOGIN);
    dr_memory_called(&o->memory, call, reply);
    dr_update_answered(&o->memory.update, call, reply, o->estate->now_ms(o->estate));
}
