/* Who may act: epoch and holder in every ledger, raised by compare-and-set; older
 * sessions of drover's account are killed and seen gone before the first look of the new
 * holder (older.c). The lease is for economy: safety rests on the epoch, which each
 * mutation reads on its own session. */
#include "controller/act/actor.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/tso.h"

enum {
    POLL_MS = 250,
    SEND_MS = 15000, /* within which a step's statement is on its way, or not sent */
    RESERVE_MS =
        5000, /* of the lease: a request that is sent may be this long on its way */
    LOCK_WAIT_TIMEOUT = 1205,
    REREAD_MS = 15000
};

static const struct dr_cluster_facts *facts_of(const struct dr_actor *x, size_t c)
{
    return &x->facts->clusters[c];
}

struct dr_authority dr_authority_for(const struct dr_actor *x, size_t cluster)
{
    int64_t reserve_ms = x->o.lease_ms / 6 < RESERVE_MS ? x->o.lease_ms / 6 : RESERVE_MS;
    int64_t until_ms = x->lease_until_ms[cluster];
    return (struct dr_authority){
        .cluster_id = facts_of(x, cluster)->pd.cluster_id,
        .epoch = x->epoch,
        .holder = x->o.holder,
        .until_ms = until_ms == INT64_MIN ? INT64_MIN : until_ms - reserve_ms};
}

static void ask(struct dr_actor *x, const struct dr_call *call, struct dr_reply *r)
{
    dr_estate_ask(x->o.estate, call, r);
}

/* A living lease of somebody else in any ledger, by that cluster's own clock. */
static const char *other_holder(const struct dr_actor *x, int64_t *left_ms)
{
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
        if (g->decoded && g->rows.lease_until > g->tso && g->rows.lease_holder &&
            strcmp(g->rows.lease_holder, x->o.holder) != 0) {
            *left_ms = dr_tso_ms(g->rows.lease_until) - dr_tso_ms(g->tso);
            return g->rows.lease_holder;
        }
    }
    return NULL;
}

/* Whoever has the lease acts on an older declaration, and had the time of a lease to take
 * up this one: its source may be out of its reach. The first thing done here is to write
 * the revision down; from then on the other one's is older than the world, and it lets go
 * (act.c). No two can do this in turn: of two revisions one at most descends from the
 * other. */
static bool overtakes(const struct dr_actor *x)
{
    return x->o.overtakes && x->plan->notes_newer &&
           dr_actor_now(x) - x->newer_since_ms >= x->o.lease_ms;
}

/* Whether a living holder's lease is no reason to stand by. */
static bool takes(const struct dr_actor *x)
{
    return x->o.take || overtakes(x);
}

/* Not whether business may write: behind the fence drover writes its ledger. */
static bool takes_rows(const struct dr_cluster_facts *f)
{
    for (size_t i = 0; i < f->instance_count; i++)
        if (f->instances[i].restricted_read_only)
            return false;
    return true;
}

/* Whether `other` has lacked, for as long as a lease lasts, the lease of a ledger that we
 * could have: it is cut off from there. A takeover on its way, and a side that has just
 * come back, look alike for a moment. */
static bool holds_half(struct dr_actor *x, const char *other)
{
    bool half = false;
    for (size_t c = 0; other && c < x->facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
        bool held = g->decoded && g->rows.lease_until > g->tso && g->rows.lease_holder &&
                    strcmp(g->rows.lease_holder, other) == 0;
        half |= g->decoded && !held && takes_rows(facts_of(x, c));
    }
    if (!half)
        x->half_since_ms = INT64_MAX;
    else if (x->half_since_ms == INT64_MAX)
        x->half_since_ms = dr_actor_now(x);
    return half && dr_actor_now(x) - x->half_since_ms >= x->o.lease_ms;
}

/* A ledger that cannot be read is no reason to let go, nor to let GC be held elsewhere:
 * what is to be written there waits, and a takeover follows when it answers again. */
static bool holds_what_answers(const struct dr_actor *x)
{
    size_t held = 0;
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
        if (!g->decoded)
            continue;
        if (g->rows.epoch != x->epoch || !g->rows.holder ||
            strcmp(g->rows.holder, x->o.holder) != 0)
            return false;
        held++;
    }
    return x->epoch && held;
}

/* A higher epoch stands somewhere, or ours of another holder. */
static bool superseded(const struct dr_actor *x)
{
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
        if (g->decoded &&
            (g->rows.epoch > x->epoch ||
             (g->rows.epoch == x->epoch && strcmp(g->rows.holder, x->o.holder) != 0)))
            return true;
    }
    return false;
}

void dr_authority_lose(struct dr_actor *x)
{
    x->epoch = 0;
    x->at_rest = false;
    x->beat_at_ms = INT64_MIN;
    for (size_t c = 0; c < x->o.topology->cluster_count; c++)
        x->lease_until_ms[c] = INT64_MIN;
}

/* ---- taking over ---- */

/* A ledger's TSO of now: as it was read, and the time since by our own monotonic clock.
 */
static uint64_t tso_now(const struct dr_actor *x, size_t c)
{
    const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
    return dr_tso_later(g->tso, dr_actor_now(x) - g->seen.at_ms);
}

static bool raise_epoch(struct dr_actor *x, size_t c, uint64_t epoch, struct dr_err *err)
{
    const struct dr_ledger *l = &facts_of(x, c)->ledger.rows;
    struct dr_call call = {.kind = DR_CALL_LEDGER_EPOCH,
                           .at = {.cluster = (uint16_t)c},
                           .as = dr_authority_for(x, c)};
    call.as.epoch = epoch;
    call.args.epoch.expect_epoch = l->epoch;
    call.args.epoch.expect_holder = l->holder;
    call.args.epoch.epoch = epoch;
    call.args.epoch.holder = x->o.holder;
    call.args.epoch.tso = tso_now(x, c);
    call.args.epoch.lease_ms = x->o.lease_ms;
    call.args.epoch.seen = x->seen;
    struct dr_reply r;
    ask(x, &call, &r);
    bool done = r.outcome == DR_DONE;
    *err = r.err;
    dr_reply_release(&r);
    return done;
}

/* An older session that stands still in the middle of a transaction keeps the epoch row
 * locked for as long as its server knows it, and whoever waits for the lock never gets to
 * the KILL that comes after raising. */
static bool is_locked_out(const struct dr_err *err)
{
    return err->code == DR_E_TIMEOUT || err->foreign == LOCK_WAIT_TIMEOUT;
}

static enum dr_authority_state cannot_raise(struct dr_actor *x, size_t c,
                                            const struct dr_err *err, const char **why)
{
    if (is_locked_out(err)) {
        int64_t left_ms;
        dr_actor_refresh(x); /* a copy may have begun meanwhile, which is spared */
        /* nothing stands still there when somebody took the lease meanwhile */
        if (takes(x) || !other_holder(x, &left_ms))
            (void)dr_authority_end_older(x, c, why);
    }
    *why =
        dr_sprintf(x->cycle, "%s: cannot take over: %s", facts_of(x, c)->name, err->text);
    return DR_AUTHORITY_WAIT;
}

/* The epoch that each ledger that answers holds in our name already; 0: raise it. */
static uint64_t raised_already(const struct dr_actor *x)
{
    uint64_t epoch = 0;
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
        if (!g->decoded)
            continue;
        if (!g->rows.holder || strcmp(g->rows.holder, x->o.holder) != 0 ||
            (epoch && epoch != g->rows.epoch))
            return 0;
        epoch = g->rows.epoch;
    }
    return epoch;
}

static enum dr_authority_state take_over(struct dr_actor *x, const char **why)
{
    uint64_t highest = 0, epoch = raised_already(x);
    struct dr_err err;
    dr_authority_lose(x);
    for (size_t c = 0; c < x->facts->cluster_count; c++)
        if (facts_of(x, c)->ledger.rows.epoch > highest)
            highest = facts_of(x, c)->ledger.rows.epoch;
    for (size_t c = 0; !epoch && c < x->facts->cluster_count; c++)
        if (facts_of(x, c)->ledger.decoded && !raise_epoch(x, c, highest + 1, &err))
            return cannot_raise(x, c, &err, why);
    epoch = epoch ? epoch : highest + 1;
    /* an older holder may have begun a copy after our look; none begins any more */
    dr_actor_refresh(x);
    bool gone = true;
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const char *which;
        if (!facts_of(x, c)->ledger.decoded || dr_authority_end_older(x, c, &which))
            continue;
        *why = dr_sprintf(x->cycle,
                          "%s: older sessions of drover are not seen gone on every "
                          "instance yet: %s",
                          facts_of(x, c)->name, which);
        gone = false; /* those of the others end all the same */
    }
    if (!gone)
        return DR_AUTHORITY_WAIT;
    x->epoch = epoch;
    x->o.take = false; /* once: not again from whoever comes later */
    dr_observe_afresh(x->observer);
    dr_actor_note(x, DR_EVENT_AUTHORITY, "took over with epoch %" PRIu64, x->epoch);
    return DR_AUTHORITY_TAKEN;
}

enum dr_authority_state dr_authority_ensure(struct dr_actor *x, const char **why)
{
    size_t known = 0, absent = 0;
    const char *silent = "";
    *why = "";
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
        known += g->decoded;
        absent += g->seen.known && !g->table_present;
        if (!g->seen.known || (g->table_present && !g->decoded))
            silent = facts_of(x, c)->name;
    }
    /* whoever had the lease before: the epoch is the authority */
    if (holds_what_answers(x))
        return DR_AUTHORITY_HELD;
    const char *other = other_holder(x, &x->others_left_ms);
    if (!holds_half(x, other) && other && !takes(x)) {
        dr_authority_lose(x);
        *why = dr_sprintf(x->cycle, "controller %s holds the lease%s", other,
                          x->plan->newer ? ", and acts on an older declaration" : "");
        return DR_AUTHORITY_OTHERS;
    }
    if (!known && *silent) {
        *why = dr_sprintf(x->cycle, "%s: the ledger is not known", silent);
        return DR_AUTHORITY_WAIT;
    }
    if (!known && absent)
        return DR_AUTHORITY_NONE_YET;
    if (x->epoch && superseded(x)) { /* do not fight, look again first */
        dr_authority_lose(x);
        dr_actor_note(x, DR_EVENT_AUTHORITY, "the epoch was taken by another controller");
        if (!x->o.take) {
            *why = "another controller took over";
            return DR_AUTHORITY_WAIT;
        }
    }
    return take_over(x, why);
}

/* ---- the lease ---- */

/* Where our heartbeat belongs: the primary, while it is open. Any instance of it
 * writes the row, so one that is silent does not matter. */
static bool beats_here(const struct dr_actor *x, size_t c)
{
    const struct dr_cluster_facts *f = facts_of(x, c);
    bool answers = false;
    size_t primary, secondary;
    dr_plan_pair(x->o.topology, x->facts, &primary, &secondary);
    for (size_t i = 0; i < f->instance_count; i++)
        answers |= f->instances[i].seen.known;
    return answers && !dr_cluster_refuses_writes(f) && c == primary &&
           x->o.topology->heartbeat && f->ledger.beat_table_present;
}

/* Takes down what this round's facts say for a renewal. */
static void know(struct dr_actor *x, size_t c)
{
    struct dr_beat_known *k = &x->beats[c];
    const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
    k->cluster_id = g->decoded ? facts_of(x, c)->pd.cluster_id : 0;
    k->tso = g->tso;
    k->tso_from_ms = g->tso_from_ms;
    k->at_ms = g->seen.at_ms;
    k->seen = x->seen;
    k->origin = beats_here(x, c) ? x->o.topology->clusters[c].name : NULL;
}

/* Out: when the lease begins that it writes, at the earliest. */
static int64_t renewal(const struct dr_actor *x, size_t c, int64_t lease_ms,
                       struct dr_call *call)
{
    const struct dr_beat_known *k = &x->beats[c];
    *call = (struct dr_call){.kind = DR_CALL_BEAT, .at = {.cluster = (uint16_t)c}};
    call->as = (struct dr_authority){
        .cluster_id = k->cluster_id, .epoch = x->epoch, .holder = x->o.holder};
    call->args.beat.tso = dr_tso_later(k->tso, dr_actor_now(x) - k->at_ms);
    call->args.beat.lease_ms = lease_ms;
    call->args.beat.seen = k->seen;
    return k->tso_from_ms + dr_tso_ms(call->args.beat.tso) - dr_tso_ms(k->tso);
}

int64_t dr_authority_beat(struct dr_actor *x, size_t c, int64_t lease_ms,
                          struct dr_call *call)
{
    know(x, c);
    return renewal(x, c, lease_ms, call);
}

/* The server does not let us write there: said once, and the account's rights, which are
 * read by the hour else, are looked at now, and until it does. */
static void mind_refusal(struct dr_actor *x, size_t c, const struct dr_reply *r)
{
    struct dr_beat_known *k = &x->beats[c];
    bool refused = r->outcome == DR_REFUSED && r->err.code != DR_E_CONFLICT,
         news = refused != k->refused;
    if (r->outcome != DR_DONE && !refused)
        return;
    if (news && refused)
        dr_actor_note(x, DR_EVENT_AUTHORITY, "%s: the lease is not renewed: %s",
                      facts_of(x, c)->name,
                      r->err.text[0] ? r->err.text : dr_code_info(r->err.code)->title);
    if (news && !refused)
        dr_actor_note(x, DR_EVENT_AUTHORITY, "%s: the lease is renewed again",
                      facts_of(x, c)->name);
    if (news || (refused && dr_actor_now(x) - k->reread_ms >= REREAD_MS)) {
        dr_observe_rights(x->observer);
        k->reread_ms = dr_actor_now(x);
    }
    k->refused = refused;
}

bool dr_authority_beaten(struct dr_actor *x, size_t c, int64_t from_ms,
                         const struct dr_reply *r)
{
    if (r->outcome == DR_DONE)
        x->lease_until_ms[c] = from_ms + x->o.lease_ms;
    mind_refusal(x, c, r);
    if (r->outcome != DR_REFUSED || r->err.code != DR_E_CONFLICT)
        return true;
    dr_authority_lose(x);
    dr_actor_note(x, DR_EVENT_AUTHORITY, "lost the epoch to another controller");
    return false;
}

bool dr_authority_lasts(const struct dr_actor *x, size_t c)
{
    int64_t send_ms = x->o.lease_ms / 2 < SEND_MS ? x->o.lease_ms / 2 : SEND_MS;
    return x->epoch && x->lease_until_ms[c] > dr_actor_now(x) + send_ms;
}

/* What it said is looked at when the round's facts are there. */
void dr_authority_beaten_ahead(void *actor, struct dr_reply *stray)
{
    struct dr_actor *x = actor;
    for (size_t c = 0; stray && c < x->o.topology->cluster_count; c++)
        if (x->beats[c].ticket && x->beats[c].ticket == stray->ticket) {
            x->beats[c].ticket = 0;
            x->beats[c].outcome = stray->outcome;
            x->beats[c].code = stray->err.code;
        }
}

void dr_authority_beat_ahead(struct dr_actor *x)
{
    int64_t now = dr_actor_now(x);
    bool due = x->epoch && x->at_rest && !x->input.ending;
    x->at_rest = false; /* until this round has told */
    for (size_t c = 0; c < x->o.topology->cluster_count; c++) {
        struct dr_beat_known *k = &x->beats[c];
        /* a lease that ran out meanwhile is another's, perhaps: look first */
        k->sent = due && k->cluster_id && x->lease_until_ms[c] > now;
        if (!k->sent)
            continue;
        k->from_ms = renewal(x, c, x->o.lease_ms, &k->call);
        k->call.args.beat.origin = k->origin;
        x->o.estate->submit(x->o.estate, &k->call, &k->ticket);
    }
}

void dr_authority_settle(struct dr_actor *x)
{
    for (size_t c = 0; c < x->o.topology->cluster_count; c++)
        while (x->beats[c].ticket) {
            struct dr_reply r;
            if (!x->o.estate->wait(x->o.estate, dr_actor_now(x) + POLL_MS, &r))
                continue;
            dr_authority_beaten_ahead(x, &r);
            dr_reply_release(&r);
        }
}

/* Whether what went out with the reads says what they now ask for. The checkpoint that
 * was seen is a lower bound, and may be one of the round before. */
static bool went_ahead(const struct dr_actor *x, size_t c)
{
    const struct dr_beat_known *k = &x->beats[c];
    const struct dr_last_seen *sent = &k->call.args.beat.seen;
    return k->sent && k->call.args.beat.origin == k->origin &&
           sent->generation == k->seen.generation && sent->opened == k->seen.opened;
}

/* Counts once: the next renewal of the round is another one. */
static bool take_ahead(struct dr_actor *x, size_t c)
{
    struct dr_beat_known *k = &x->beats[c];
    struct dr_reply r = {.outcome = k->outcome, .err.code = k->code};
    bool sent = k->sent;
    k->sent = false;
    return !sent || dr_authority_beaten(x, c, k->from_ms, &r);
}

/* All at once: two regions away is as far as the farther one. */
static bool beat_all(struct dr_actor *x)
{
    size_t n = x->facts->cluster_count, open = 0;
    struct dr_call *calls = DR_NEW_N(x->cycle, n, struct dr_call);
    uint64_t *tickets = DR_NEW_N(x->cycle, n, uint64_t);
    int64_t *from_ms = DR_NEW_N(x->cycle, n, int64_t);
    bool held = true;
    for (size_t c = 0; c < n; c++) {
        if (!facts_of(x, c)->ledger.decoded)
            continue;
        from_ms[c] = dr_authority_beat(x, c, x->o.lease_ms, &calls[c]);
        bool ahead = went_ahead(x, c);
        held = held && take_ahead(x, c);
        if (ahead || !held)
            continue;
        calls[c].args.beat.origin = x->beats[c].origin;
        x->o.estate->submit(x->o.estate, &calls[c], &tickets[c]);
        open++;
    }
    while (open) {
        struct dr_reply r;
        if (!x->o.estate->wait(x->o.estate, dr_actor_now(x) + POLL_MS, &r))
            continue;
        for (size_t c = 0; c < n; c++) {
            if (!tickets[c] || tickets[c] != r.ticket)
                continue;
            tickets[c] = 0;
            open--;
            if (held)
                held = dr_authority_beaten(x, c, from_ms[c], &r);
        }
        dr_reply_release(&r);
    }
    return held;
}

bool dr_authority_renew(struct dr_actor *x, bool force)
{
    int64_t now = dr_actor_now(x);
    if (!x->epoch)
        return false;
    if (!force && x->beat_at_ms != INT64_MIN && now - x->beat_at_ms < x->o.lease_ms / 3)
        return true;
    x->beat_at_ms = now;
    return beat_all(x);
}

void dr_authority_leave(struct dr_actor *x)
{
    for (size_t c = 0; x->epoch && c < x->o.topology->cluster_count; c++) {
        struct dr_call call;
        struct dr_reply r;
        if (x->facts) /* else what the latest renewal knew */
            know(x, c);
        if (!x->beats[c].cluster_id)
            continue;
        (void)renewal(x, c, 0, &call);
        ask(x, &call, &r);
        dr_reply_release(&r);
    }
    dr_authority_lose(x);
}
