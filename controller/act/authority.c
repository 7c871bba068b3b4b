/* Who may act: epoch and holder in every ledger, raised by compare-and-set; older
 * sessions of drover's account are killed and seen gone before the first look of the new
 * holder. The lease is for economy: safety rests on the epoch, which each mutation reads
 * on its own session. */
#include "controller/act/actor.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/tso.h"

enum { KILL_TRIES = 20, KILL_WAIT_MS = 250 };

static const struct dr_cluster_facts *facts_of(const struct dr_actor *x, size_t c)
{
    return &x->facts->clusters[c];
}

struct dr_authority dr_authority_for(const struct dr_actor *x, size_t cluster)
{
    return (struct dr_authority){.cluster_id = facts_of(x, cluster)->pd.cluster_id,
                                 .epoch = x->epoch,
                                 .holder = x->o.holder};
}

static void ask(struct dr_actor *x, const struct dr_call *call, struct dr_reply *r)
{
    dr_estate_ask(x->o.estate, call, r);
}

/* A living lease of somebody else in any ledger, by that cluster's own clock. */
static const char *other_holder(const struct dr_actor *x)
{
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
        if (g->decoded && g->rows.lease_until > g->tso && g->rows.lease_holder &&
            strcmp(g->rows.lease_holder, x->o.holder) != 0)
            return g->rows.lease_holder;
    }
    return NULL;
}

static bool holds_everywhere(const struct dr_actor *x)
{
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
        if (!g->decoded || g->rows.epoch != x->epoch || !g->rows.holder ||
            strcmp(g->rows.holder, x->o.holder) != 0)
            return false;
    }
    return x->epoch != 0;
}

/* ---- ending what an older holder left ---- */

static bool is_spared(const struct dr_actor *x, size_t c, const char *instance,
                      uint64_t id)
{
    const struct dr_ledger *l = &facts_of(x, c)->ledger.rows;
    const struct dr_copy_row *rows[2] = {&l->backup, &l->restoring};
    for (int i = 0; i < 2; i++)
        if (rows[i]->present && rows[i]->connection_id == id && instance &&
            strcmp(rows[i]->instance, instance) == 0)
            return true;
    return false;
}

/* Kills what is left on one instance. Out: how many had to be killed; -1: not known. */
static int kill_on(struct dr_actor *x, size_t c, const struct dr_jobs *j)
{
    if (!j->seen.known)
        return -1;
    uint64_t *ids = DR_NEW_N(x->step, j->session_count, uint64_t);
    size_t n = 0;
    for (size_t i = 0; i < j->session_count; i++)
        if (!is_spared(x, c, j->instance, j->sessions[i].id))
            ids[n++] = j->sessions[i].id;
    if (!n)
        return 0;
    struct dr_call call = {.kind = DR_CALL_KILL,
                           .at = {.cluster = (uint16_t)c, .instance = j->instance}};
    call.args.kill.count = n;
    call.args.kill.ids = ids;
    struct dr_reply r;
    ask(x, &call, &r);
    dr_reply_release(&r);
    return (int)n;
}

/* True once no other session of drover's account is left on any instance that answers.
 * Own idle sessions are ended too: the carrier opens new ones. */
static bool end_older_sessions(struct dr_actor *x, size_t c)
{
    for (int i = 0; i < KILL_TRIES; i++) {
        size_t count;
        const struct dr_jobs *jobs = dr_observe_jobs(x->observer, c, &count);
        int left = 0, silent = 0;
        for (size_t k = 0; k < count; k++) {
            int n = kill_on(x, c, &jobs[k]);
            left += n > 0 ? n : 0;
            silent += n < 0;
        }
        if (!left && silent < (int)count)
            return true;
        struct dr_reply r; /* nothing is open: this only lets time pass */
        int64_t until = dr_actor_now(x) + KILL_WAIT_MS;
        if (x->o.estate->wait(x->o.estate, until, &r))
            dr_reply_release(&r);
    }
    return false;
}

/* ---- taking over ---- */

static bool raise_epoch(struct dr_actor *x, size_t c, uint64_t epoch, const char **why)
{
    const struct dr_ledger *l = &facts_of(x, c)->ledger.rows;
    struct dr_call call = {.kind = DR_CALL_LEDGER_EPOCH,
                           .at = {.cluster = (uint16_t)c},
                           .as = dr_authority_for(x, c)};
    call.args.epoch.expect_epoch = l->epoch;
    call.args.epoch.expect_holder = l->holder;
    call.args.epoch.epoch = epoch;
    call.args.epoch.holder = x->o.holder;
    struct dr_reply r;
    ask(x, &call, &r);
    bool done = r.outcome == DR_DONE;
    if (!done)
        *why = dr_sprintf(x->cycle, "%s: cannot take over: %s", facts_of(x, c)->name,
                          r.err.text);
    dr_reply_release(&r);
    return done;
}

static enum dr_authority_state take_over(struct dr_actor *x, const char **why)
{
    uint64_t highest = 0;
    for (size_t c = 0; c < x->facts->cluster_count; c++)
        if (facts_of(x, c)->ledger.rows.epoch > highest)
            highest = facts_of(x, c)->ledger.rows.epoch;
    x->epoch = 0;
    for (size_t c = 0; c < x->facts->cluster_count; c++)
        if (!raise_epoch(x, c, highest + 1, why))
            return DR_AUTHORITY_WAIT;
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        if (end_older_sessions(x, c))
            continue;
        *why = dr_sprintf(x->cycle, "%s: older sessions of drover are not gone yet",
                          facts_of(x, c)->name);
        return DR_AUTHORITY_WAIT;
    }
    x->epoch = highest + 1;
    x->beat_at_ms = INT64_MIN;
    dr_actor_note(x, DR_EVENT_AUTHORITY, "took over with epoch %" PRIu64, x->epoch);
    return DR_AUTHORITY_TAKEN;
}

enum dr_authority_state dr_authority_ensure(struct dr_actor *x, const char **why)
{
    size_t absent = 0;
    *why = "";
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
        absent += g->seen.known && !g->table_present;
        if (g->seen.known && (g->decoded || !g->table_present))
            continue;
        *why = dr_sprintf(x->cycle, "%s: the ledger is not known", facts_of(x, c)->name);
        return DR_AUTHORITY_WAIT;
    }
    const char *other = other_holder(x);
    if (other && !x->o.take) {
        x->epoch = 0;
        *why = dr_sprintf(x->cycle, "controller %s holds the lease", other);
        return DR_AUTHORITY_OTHERS;
    }
    if (absent)
        return DR_AUTHORITY_NONE_YET;
    if (holds_everywhere(x))
        return DR_AUTHORITY_HELD;
    if (x->epoch) { /* somebody took over from us: do not fight, look again first */
        x->epoch = 0;
        dr_actor_note(x, DR_EVENT_AUTHORITY, "the epoch was taken by another controller");
        if (!x->o.take) {
            *why = "another controller took over";
            return DR_AUTHORITY_WAIT;
        }
    }
    x->o.take = false; /* once: not again from whoever comes later */
    return take_over(x, why);
}

/* ---- the lease ---- */

static bool beat(struct dr_actor *x, size_t c, int64_t lease_ms)
{
    const struct dr_ledger_group *g = &facts_of(x, c)->ledger;
    const struct dr_cluster_facts *f = facts_of(x, c);
    struct dr_call call = {.kind = DR_CALL_BEAT,
                           .at = {.cluster = (uint16_t)c},
                           .as = dr_authority_for(x, c)};
    /* time since the TSO was read, by our own monotonic clock */
    int64_t passed = dr_actor_now(x) - g->seen.at_ms;
    call.args.beat.tso = dr_tso_make(dr_tso_ms(g->tso) + (passed > 0 ? passed : 0), 0);
    call.args.beat.lease_ms = lease_ms;
    bool open = f->instance_count > 0;
    for (size_t i = 0; i < f->instance_count; i++)
        open &= f->instances[i].seen.known && !f->instances[i].super_read_only &&
                !f->instances[i].restricted_read_only;
    bool primary = strcmp(f->name, x->o.topology->primary) == 0;
    if (lease_ms && open && primary && x->o.topology->heartbeat && g->beat_table_present)
        call.args.beat.origin = f->name;
    struct dr_reply r;
    ask(x, &call, &r);
    bool lost = r.outcome == DR_REFUSED && r.err.code == DR_E_CONFLICT;
    dr_reply_release(&r);
    return !lost;
}

bool dr_authority_renew(struct dr_actor *x, bool force)
{
    int64_t now = dr_actor_now(x);
    if (!x->epoch)
        return false;
    if (!force && x->beat_at_ms != INT64_MIN && now - x->beat_at_ms < x->o.lease_ms / 3)
        return true;
    x->beat_at_ms = now;
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        if (beat(x, c, x->o.lease_ms))
            continue;
        x->epoch = 0;
        dr_actor_note(x, DR_EVENT_AUTHORITY, "lost the epoch to another controller");
        return false;
    }
    return true;
}

void dr_authority_leave(struct dr_actor *x)
{
    for (size_t c = 0; x->epoch && x->facts && c < x->facts->cluster_count; c++)
        if (facts_of(x, c)->ledger.decoded)
            (void)beat(x, c, 0);
    x->epoch = 0;
}
