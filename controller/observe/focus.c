/* Which of the questions are asked in this look, and with which arguments. */
#include <string.h>

#include "controller/observe/observer.h"

/* How often a question is asked: hot each look; the others when older than this. */
enum {
    WARM_BUSY_MS = 5000, /* while a step of bootstrap may be next */
    WARM_QUIET_MS = 60000,
    PROBE_MS = 60000,
    COLD_BUSY_MS = 30000,
    COLD_QUIET_MS = 3600000
};

bool dr_focus_knows_edges(const struct dr_ledger_group *g)
{
    return g->seen.known && (g->decoded || !g->table_present);
}

struct focus dr_focus_of(struct dr_observer *o)
{
    struct focus x = {0};
    size_t a, b;
    const struct dr_facts *f = o->facts;
    dr_plan_pair(o->t, f, &a, &b);
    x.from = a;
    x.to = b;
    x.gen = dr_generation_of(o->t, f, a, b, o->memory.skipped, o->cycle);
    x.named = dr_focus_knows_edges(&f->clusters[a].ledger) &&
              dr_focus_knows_edges(&f->clusters[b].ledger);
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

bool dr_question_is_old(const struct question *q, int64_t now_ms, bool busy)
{
    static const int64_t age[2][4] = {{0, WARM_QUIET_MS, COLD_QUIET_MS, WARM_QUIET_MS},
                                      {0, WARM_BUSY_MS, COLD_BUSY_MS, 0}};
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
 * its account since is seen by logging in, and seldom is enough; what drover did to it
 * is looked at right after. */
static bool login_is_due(const struct dr_observer *o, const struct question *q,
                         const struct focus *x)
{
    enum { LOGIN_QUIET_MS = 600000 };
    int64_t now_ms = o->estate->now_ms(o->estate);
    if (x->sink_open || (x->gone && !was_refused(o, q)))
        return true;
    if (x->made)
        return !q->seen.known || q->call.args.login.generation != x->gen.n ||
               (q->forgotten && !was_refused(o, q)) ||
               now_ms - q->seen.at_ms >= LOGIN_QUIET_MS;
    return x->adopting && !was_refused(o, q);
}

/* Where a feed leads that is not drover's, as long as it is listed. */
static bool aim_at_stranger(struct dr_observer *o, struct question *q,
                            const struct focus *x)
{
    q->call.args.feed =
        (struct dr_feed_args){.id = q->feed, .to = (uint16_t)x->to, .redo = ""};
    return strcmp(q->feed, x->gen.feed_id) != 0 &&
           dr_feeds_find(&o->facts->clusters[q->cluster].feeds, q->feed);
}

const char *dr_focus_prefix(enum dr_store store, const struct focus *x)
{
    return store == DR_STORE_BACKUP ? x->gen.backup
           : x->gone                ? x->next_redo
                                    : x->gen.redo;
}

bool dr_question_aim(struct dr_observer *o, struct question *q, const struct focus *x)
{
    switch (q->kind) {
    case DR_CALL_SQL_JOBS:
        return !x->made && (x->started || (x->sink_open && q->cluster == x->to));
    case DR_CALL_PD_STORES: /* to say how long a copy takes */
        return !x->made || o->everything;
    case DR_CALL_CDC_FEED:
        if (q->feed)
            return aim_at_stranger(o, q, x);
        if (q->cluster != x->from || (!x->gen.planned && !x->gen.adopted))
            return false;
        q->call.args.feed = (struct dr_feed_args){
            .id = lasting(o, q->call.args.feed.id, x->gen.feed_id),
            .to = (uint16_t)x->to,
            .generation = x->gen.n,
            .redo = lasting(o, q->call.args.feed.redo, x->gen.redo)};
        return true;
    case DR_CALL_SQL_LOGIN: {
        bool due = q->cluster == x->to && login_is_due(o, q, x);
        q->call.args.login.generation = x->gen.n;
        q->call.args.login.from = o->t->clusters[x->from].name;
        return due;
    }
    case DR_CALL_SQL_DDL:
        return x->gone && q->cluster == x->from;
    case DR_CALL_STORE_LIST:
        q->call.args.store.prefix = lasting(o, q->call.args.store.prefix,
                                            dr_focus_prefix(q->call.args.store.store, x));
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

bool dr_question_needs_focus(enum dr_call_kind kind)
{
    return kind == DR_CALL_SQL_JOBS || kind == DR_CALL_CDC_FEED ||
           kind == DR_CALL_SQL_LOGIN || kind == DR_CALL_SQL_DDL ||
           kind == DR_CALL_STORE_LIST || kind == DR_CALL_STORE_REDO;
}
