/* "Protected": what must hold so that losing the primary's region costs no more than the
 * declared objective. Each part says what is, or what is missing. */
#include "controller/plan/build.h"
#include "controller/plan/feed.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"

enum { RISES = 2 }; /* seen since it was made, or since observing began */

static const struct dr_feed *our_feed(const struct dr_view *v)
{
    return dr_feeds_find(&dr_view_facts(v, v->a)->feeds, v->gen.feed_id);
}

/* Which changefeed is drover's stands in the ledgers. */
static bool feed_is_named(const struct dr_view *v)
{
    return v->gen.planned || v->without_ledger ||
           (dr_view_ledger(v, v->a) && dr_view_ledger(v, v->b));
}

/* Whether the changefeed counts as made: a ledger says so, or there is none to ask. */
static enum dr_truth is_made(const struct dr_view *v)
{
    return v->without_ledger ? DR_TRUE : dr_holds(v, DR_P_MADE, v->a);
}

/* Whether the feed is another one than it should be, perhaps by its sink. Of an adopted
 * one that leads into the secondary nothing more is asked, unless the policy does. An
 * edit that waits takes nothing from what runs. */
static bool is_another(const struct dr_view *v)
{
    if (dr_feed_edit_waits(v))
        return false;
    enum dr_drift_action policy = v->t->policy.drift[DR_DRIFT_CHANGEFEED_CONFIG];
    bool told = policy == DR_DRIFT_WARN || policy == DR_DRIFT_IGNORE;
    return dr_holds(v, DR_P_FEED_MATCHES, v->a) == DR_FALSE && !(v->gen.adopted && told);
}

static enum dr_truth lags(const struct dr_view *v, const struct dr_feed *ours)
{
    int64_t ms = dr_feed_lag_ms(dr_view_facts(v, v->a), ours);
    return ms < 0 ? DR_UNSURE : dr_truth_of(ms > v->t->objectives.rpo_ms);
}

static enum dr_truth ours_runs(const struct dr_view *v, const struct dr_feed *ours,
                               struct dr_protection *out)
{
    if (is_another(v)) {
        out->text =
            dr_sprintf(v->arena, "changefeed %s is not as drover makes it", ours->id);
        return DR_FALSE;
    }
    if (v->gen.adopted && dr_view_leads_home(v) != DR_TRUE) {
        enum dr_truth home = dr_view_leads_home(v);
        out->text = dr_sprintf(v->arena, "%s changefeed %s leads into %s",
                               home == DR_FALSE ? "no:" : "not known whether", ours->id,
                               dr_view_cluster(v, v->b)->name);
        return home;
    }
    const char *state = dr_feed_state_name(ours->state);
    if (ours->state != DR_FEED_NORMAL) {
        out->text = dr_sprintf(v->arena, "changefeed %s is %s%s%s", ours->id, state,
                               ours->error ? ": " : "",
                               ours->error ? dr_check_shown(v, ours->error) : "");
        if (ours->state == DR_FEED_WARNING)
            out->help = "TiCDC tries again by itself, then fails it: mend what its error "
                        "names; drover cannot";
        return DR_FALSE;
    }
    if (dr_feed_captures_another(v, ours)) {
        out->text = dr_sprintf(
            v->arena, "changefeed %s carries cluster %" PRIu64 ", which is not %s",
            ours->id, ours->upstream_id, dr_view_cluster(v, v->a)->name);
        return DR_FALSE;
    }
    const char *moved = dr_feed_moved(v);
    if (moved) {
        out->text = moved;
        return DR_FALSE;
    }
    const char *account = NULL;
    if (dr_check_sink_let_in(v, v->b, &account) == DR_FALSE ||
        dr_check_sink_rights(v, v->b, &account) == DR_FALSE) {
        out->text =
            dr_sprintf(v->arena, "changefeed %s is %s, but %s", ours->id, state, account);
        out->help = "give the account back what it lacks: until then the changefeed "
                    "lives by sessions that TiCDC has open";
        return DR_FALSE;
    }
    out->early = ours->rises < RISES;
    out->text =
        !ours->rises
            ? dr_sprintf(v->arena, "changefeed %s is normal; %s", ours->id,
                         lags(v, ours) == DR_TRUE
                             ? "its checkpoint is not seen to rise"
                             : "that its checkpoint rises takes three looks to see")
            : dr_sprintf(v->arena, "changefeed %s is %s, %u rising checkpoint%s seen",
                         ours->id, state, ours->rises, ours->rises == 1 ? "" : "s");
    const char *edit = dr_feed_edit_waits(v);
    if (edit)
        out->text = dr_sprintf(v->arena, "%s; an edit waits: %s", out->text, edit);
    return out->early ? DR_UNSURE : DR_TRUE; /* a stall shows as lag */
}

static enum dr_truth feed_runs(const struct dr_view *v, struct dr_protection *out)
{
    const struct dr_feeds *x = &dr_view_facts(v, v->a)->feeds;
    const struct dr_feed *ours = our_feed(v);
    if (!x->seen.known) {
        out->text = dr_sprintf(v->arena, "changefeeds not known: %s",
                               x->seen.why ? x->seen.why : "not asked yet");
        return DR_UNSURE;
    }
    if (!feed_is_named(v) || (ours && is_made(v) == DR_UNSURE)) {
        out->text = "whether drover's changefeed runs is not known: a ledger is not";
        return DR_UNSURE;
    }
    if (!ours && (v->gen.planned || v->gen.adopted) && is_made(v) == DR_TRUE &&
        !dr_view_facts(v, v->a)->feed.absence_proven) {
        out->text = "TiCDC does not list drover's changefeed; its absence is not proven";
        return DR_UNSURE;
    }
    size_t from;
    const struct dr_feed *orphan = ours ? NULL : dr_view_orphan(v, &from);
    if (orphan) {
        out->text = dr_sprintf(v->arena,
                               "changefeed %s is listed, but no ledger says that it is "
                               "drover's",
                               orphan->id);
        return DR_FALSE;
    }
    if (!ours || is_made(v) != DR_TRUE) {
        out->text = !ours ? "no changefeed runs"
                    : v->gen.adopted
                        ? "the changefeed to adopt is not drover's yet"
                        : dr_sprintf(v->arena,
                                     "changefeed %s is listed (%s), but not both "
                                     "ledgers call it made",
                                     ours->id, dr_feed_state_name(ours->state));
        return DR_FALSE;
    }
    return ours_runs(v, ours, out);
}

static enum dr_truth lag_small(const struct dr_view *v, struct dr_protection *out)
{
    const struct dr_feed *ours = our_feed(v);
    char lag[DR_DURATION_TEXT], rpo[DR_DURATION_TEXT];
    int64_t ms = ours ? dr_feed_lag_ms(dr_view_facts(v, v->a), ours) : -1;
    if (ms < 0) {
        out->text = "lag not known";
        return DR_UNSURE;
    }
    out->text = dr_sprintf(v->arena, "lag %s, objective %s", dr_duration_text(ms, lag),
                           dr_duration_text(v->t->objectives.rpo_ms, rpo));
    if (ms > v->t->objectives.rpo_ms && ours->state == DR_FEED_NORMAL)
        out->help =
            "TiCDC says normal: look at its log, at the downstream, at long transactions";
    return dr_truth_of(ms <= v->t->objectives.rpo_ms);
}

/* What keeps the fence from being known, and how that ends. */
static void explain_unknown_fence(const struct dr_view *v, struct dr_protection *out)
{
    const char *name = dr_view_name(v, v->b), *silent = dr_view_silent(v, v->b),
               *unasked = dr_view_unasked(v, v->b);
    out->text = dr_sprintf(v->arena, "the fence of %s is not known", name);
    if (*silent) { /* it may take writes: no other answers for it */
        out->text = dr_sprintf(v->arena, "%s: %s", out->text, silent);
        out->help =
            dr_sprintf(v->arena,
                       "whether it refuses writes is known once it answers again: "
                       "after a restart by itself; one that is gone for good: out "
                       "of clusters[%s].sql",
                       name);
    } else if (unasked) {
        out->text = dr_sprintf(v->arena, "%s: it lists %s, which drover does not ask",
                               out->text, unasked);
        out->help = dr_sprintf(v->arena,
                               "name it in clusters[%s].sql, or let drover find "
                               "all: sql.discover: true",
                               name);
    }
}

static enum dr_truth fence_stands(const struct dr_view *v, struct dr_protection *out)
{
    enum dr_truth row = v->without_ledger ? DR_TRUE : dr_holds(v, DR_P_FENCE_ROW, v->b);
    enum dr_truth holds = dr_truth_and(row, dr_holds(v, DR_P_FENCED, v->b));
    const char *name = dr_view_name(v, v->b);
    bool closed = dr_each_instance(v, v->b, dr_shows_fence) == DR_TRUE;
    /* all that are asked refuse: of the one that is not nobody knows */
    if (holds == DR_FALSE && row == DR_TRUE && closed)
        holds = DR_UNSURE;
    if (holds == DR_UNSURE) {
        explain_unknown_fence(v, out);
        return holds;
    }
    out->text = dr_sprintf(v->arena,
                           holds == DR_TRUE ? "%s refuses writes on each instance"
                           : closed         ? "the fence of %s is not drover's"
                           : dr_holds(v, DR_P_OPEN, v->b) == DR_TRUE
                               ? "%s takes writes"
                               : "%s takes writes on an instance",
                           name);
    const char *opened = holds == DR_TRUE ? dr_view_open_text(v) : NULL;
    if (!opened)
        return holds;
    enum dr_drift_action policy = v->t->policy.drift[DR_DRIFT_FENCE];
    out->text = dr_sprintf(v->arena, "%s, but %s", out->text, opened);
    if (policy == DR_DRIFT_WARN || policy == DR_DRIFT_IGNORE) /* no question asks */
        out->help = dr_view_open_answer(v);
    return DR_UNSURE;
}

static enum dr_truth one_feeder(const struct dr_view *v, struct dr_protection *out)
{
    const struct dr_feeds *x = &dr_view_facts(v, v->a)->feeds,
                          *y = &dr_view_facts(v, v->b)->feeds;
    if (!feed_is_named(v) || !x->seen.known ||
        (dr_view_cluster(v, v->b)->ticdc.declared && !y->seen.known)) {
        out->text = "changefeeds not known";
        return DR_UNSURE;
    }
    size_t strangers = y->count;
    for (size_t i = 0; i < x->count; i++)
        strangers +=
            strcmp(x->items[i].id, v->gen.feed_id) != 0 && !x->items[i].leaves_sql;
    const char *unproven = x->unproven ? x->unproven : y->unproven;
    if (!strangers && unproven) {
        out->text = dr_sprintf(v->arena, "changefeed '%s' is not listed, perhaps none is",
                               unproven);
        return DR_UNSURE;
    }
    out->text = dr_sprintf(v->arena, "%zu changefeed%s of others", strangers,
                           strangers == 1 ? "" : "s");
    return dr_truth_of(!strangers);
}

/* While the changefeed does not run that is what to look at. */
static const char *redo_help(const struct dr_view *v)
{
    const struct dr_feed *ours = our_feed(v);
    return ours && ours->state == DR_FEED_NORMAL && ours->rises >= RISES
               ? "TiCDC writes it: look at its log, and at the storage of the redo log"
               : NULL;
}

static enum dr_truth redo_advances(const struct dr_view *v, struct dr_protection *out)
{
    const struct dr_redo_logs *r = &v->f->redo;
    const struct dr_ledger_group *g = &dr_view_facts(v, v->a)->ledger;
    char age[DR_DURATION_TEXT];
    const char *lacks = dr_feed_lacks_redo(v);
    if (lacks) {
        out->text = lacks;
        return DR_FALSE;
    }
    if (!*v->gen.redo) {
        out->text =
            "no redo declared: after a disaster the secondary is not at one point";
        return DR_TRUE;
    }
    if (!r->seen.known || !g->seen.known) {
        out->text = dr_sprintf(v->arena, "redo logs not known: %s",
                               r->seen.known || !r->seen.why ? "the primary's TSO is not"
                                                             : r->seen.why);
        return DR_UNSURE;
    }
    if (!r->found) {
        out->text = "no redo log yet";
        out->help = redo_help(v);
        return DR_FALSE;
    }
    /* as it was when the logs were read: they are not read every round */
    int64_t ms = dr_tso_age_ms(g->tso, r->resolved) - (g->seen.at_ms - r->seen.at_ms);
    out->text =
        dr_sprintf(v->arena, "redo is complete up to %s ago", dr_duration_text(ms, age));
    if (ms > v->t->objectives.rpo_ms)
        out->help = redo_help(v);
    return dr_truth_of(ms <= v->t->objectives.rpo_ms);
}

static enum dr_truth history_safe(const struct dr_view *v, struct dr_protection *out)
{
    const struct dr_cluster_facts *a = dr_view_facts(v, v->a);
    const struct dr_feed *ours = our_feed(v);
    char left[DR_DURATION_TEXT];
    if (!a->ledger.seen.known || !a->cdc.seen.known || !ours) {
        out->text = "age of the checkpoint not known";
        return DR_UNSURE;
    }
    int64_t age = dr_tso_age_ms(a->ledger.tso, ours->checkpoint), unheld;
    int64_t ttl = a->cdc.gc_ttl_s * 1000;
    if (dr_feed_is_unheld(v)) {
        (void)dr_feed_history(v, &unheld);
        out->text = dr_sprintf(v->arena,
                               "PD lists no safepoint of TiCDC that holds it: %s until "
                               "history is lost should the changefeed stand still",
                               dr_duration_text(unheld / 60000 * 60000, left));
        out->help = "TiCDC renews its safepoint each minute: see its log, whether it "
                    "reaches PD, and who deletes safepoints";
        return DR_FALSE;
    }
    out->text =
        dr_sprintf(v->arena, "%s until history is lost",
                   dr_duration_text(ttl > age ? (ttl - age) / 60000 * 60000 : 0, left));
    if (age >= ttl / 2)
        out->help = age < ttl ? "the changefeed must get on before that: afterwards only "
                                "a rebuild helps"
                              : "a rebuild is needed";
    return dr_truth_of(age < ttl / 2);
}

static enum dr_truth gc_not_held(const struct dr_view *v, struct dr_protection *out)
{
    const struct dr_ledger *l = dr_view_ledger(v, v->a);
    enum dr_truth free = v->without_ledger ? DR_TRUE
                         : l               ? dr_truth_of(!l->hold_count && !l->gc.present)
                                           : DR_UNSURE;
    enum dr_truth on = dr_truth_and(free, dr_view_gc_runs(v, v->a));
    out->text = on == DR_TRUE      ? "GC runs"
                : free == DR_FALSE ? "GC is held"
                : on == DR_FALSE   ? "GC is off"
                                   : "GC setting not known";
    return on;
}

static enum dr_truth ledger_ours(const struct dr_view *v, struct dr_protection *out)
{
    enum dr_truth holds = DR_TRUE;
    if (v->without_ledger) {
        out->text = "observing only: there is no ledger";
        return DR_TRUE;
    }
    for (size_t c = 0; c < 2; c++)
        holds = dr_truth_and(
            holds, dr_truth_and(dr_holds(v, DR_P_BIRTH, c), dr_holds(v, DR_P_TERM, c)));
    out->text = holds == DR_TRUE ? "both ledgers name this topology and its primary"
                : holds == DR_FALSE
                    ? "a ledger does not name this topology and its primary"
                    : "a ledger is not known";
    return holds;
}

static enum dr_truth tables_all(const struct dr_view *v, struct dr_protection *out)
{
    const char *fact = "every table can be replicated, or is waived";
    enum dr_truth holds = dr_check_tables_replicate(v, v->a, &fact);
    out->text = fact;
    if (holds == DR_FALSE && is_made(v) == DR_TRUE) /* before that DR-B050 says so */
        out->help = "give the table a primary key, or name it in "
                    "replication.allowUnreplicated";
    return holds;
}

/* The delay from end to end is measured by a row that the feed carries. */
static bool beat_left_out(const struct dr_view *v)
{
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    return v->t->heartbeat && d->seen.known && d->present && d->leaves_beat_out &&
           strcmp(d->id, v->gen.feed_id) == 0;
}

static const struct {
    const char *name;
    enum dr_truth (*holds)(const struct dr_view *v, struct dr_protection *out);
} parts[] = {
    {"feed", feed_runs},        {"lag", lag_small},      {"fence", fence_stands},
    {"one-feeder", one_feeder}, {"redo", redo_advances}, {"history", history_safe},
    {"gc", gc_not_held},        {"ledger", ledger_ours}, {"tables", tables_all},
};

void dr_protection(const struct dr_view *v, struct dr_plan *p)
{
    size_t n = sizeof(parts) / sizeof(parts[0]);
    p->protections = DR_NEW_N(v->arena, n + 1, struct dr_protection);
    p->protection_count = n;
    p->is_protected = DR_TRUE;
    for (size_t i = 0; i < n; i++) {
        struct dr_protection *x = &p->protections[i];
        x->name = parts[i].name;
        x->holds = parts[i].holds(v, x);
        p->is_protected = dr_truth_and(p->is_protected, x->holds);
    }
    if (beat_left_out(v)) /* no alarm: nothing rests on it */
        p->protections[p->protection_count++] = (struct dr_protection){
            .name = "heartbeat",
            .holds = DR_TRUE,
            .text = "age unknown: the changefeed's filter leaves drover.heartbeat out"};
}

bool dr_plan_look_again(const struct dr_plan *p)
{
    bool early = false, others = true;
    for (size_t i = 0; i < p->protection_count; i++) {
        early |= p->protections[i].early;
        others &= p->protections[i].holds == DR_TRUE || p->protections[i].early;
    }
    return early &&
           (others || p->state == DR_PLAN_CONVERGED || p->state == DR_PLAN_ASKING);
}
