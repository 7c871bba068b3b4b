/* Which steps are missing, and which of them may be made now: each rule of the table
 * asked once for each cluster that it is about. */
#include <string.h>

#include "controller/base/tso.h"
#include "controller/plan/build.h"
#include "controller/plan/feed.h"

static const char *fill_name(const struct dr_view *v, const char *pattern, size_t c)
{
    return strncmp(pattern, "%s", 2) == 0
               ? dr_sprintf(v->arena, "%s%s", dr_view_name(v, c), pattern + 2)
               : pattern;
}

/* Who may have worked on the secondary until now is not drover's to say: before it came,
 * or while somebody had lifted the fence behind which both sides were compared. */
static bool asks_first(const struct dr_view *v, const struct dr_plan_rule *r)
{
    if (!r->asks || dr_holds(v, DR_P_MADE, v->a) == DR_TRUE)
        return false;
    return v->way != DR_BY_COPY ||
           dr_truth_or(dr_holds(v, DR_P_MAKING_HERE, v->a),
                       dr_holds(v, DR_P_MAKING_HERE, v->b)) == DR_TRUE;
}

/* The step of rule r on cluster c is missing. */
static void add_action(struct dr_build *b, const struct dr_plan_rule *r, size_t c,
                       bool unsure)
{
    const struct dr_view *v = &b->v;
    struct dr_plan *p = b->plan;
    struct dr_action *x = DR_PUSH(v->arena, p->actions, p->action_count, b->action_room);
    *x = (struct dr_action){
        .rule = r->id,
        .id = dr_sprintf(v->arena, "%u/%s", r->id, dr_view_name(v, c)),
        .name = r->name,
        .subject = dr_view_name(v, c),
        .what = fill_name(v, r->what, c),
        .why = r->why,
        .precondition = r->precondition,
        .expect = r->expect,
        .undo = r->undo,
        .risk = r->risk,
        .predicted_ms = r->predicted_ms,
        .unsure = unsure,
        /* what left its source has nowhere to give a word: what is owed is given back */
        .needs_approval = !v->in->removed && !r->owed &&
                          (v->t->policy.approve[r->risk] || v->in->approve[r->risk] ||
                           asks_first(v, r)),
        .owed = r->owed,
        .call = {.kind = DR_CALL_NONE, .at = {.cluster = (uint16_t)c}},
    };
    uint16_t deed;
    enum dr_drift_class class;
    x->corrects = dr_rule_corrects(v, r, &deed, &class) && deed == r->id;
    x->uncovered = r->keeps_books && !x->needs_approval;
    x->precedes =
        !x->needs_approval && (r->keeps_books || r->discharges || x->corrects ||
                               (r->is_drift && dr_holds(v, DR_P_MADE, v->a) == DR_TRUE));
    if (r->predict)
        r->predict(v, x);
}

enum dr_truth dr_step_missing(const struct dr_view *v, const struct dr_plan_rule *r,
                              size_t c)
{
    enum dr_truth past = r->past == DR_P_NONE ? DR_FALSE : dr_holds(v, r->past, c);
    if (r->goes_on && dr_feed_may_go_on(v) == DR_TRUE)
        return DR_TRUE;
    if (past == DR_TRUE)
        return DR_FALSE;
    switch (dr_holds(v, r->done, c)) {
    case DR_TRUE:
        return DR_FALSE;
    case DR_FALSE: /* whether it is asked at all is another question */
        return past == DR_UNSURE ? DR_UNSURE : DR_TRUE;
    case DR_UNSURE:
        break;
    }
    return DR_UNSURE;
}

static struct dr_waiting *wait_for_predicate(struct dr_build *b, enum dr_predicate p,
                                             size_t c, const char *prefix)
{
    return dr_add_waiting(b, dr_view_name(&b->v, c),
                          dr_sprintf(b->v.arena, "%s%s", prefix, dr_predicates[p].text),
                          1000);
}

/* Whether the missing step of rule r on cluster c may be made now; else says what for it
 * waits. */
static bool may_start(struct dr_build *b, const struct dr_plan_rule *r, size_t c)
{
    bool may = true;
    enum dr_truth runs = r->wait == DR_P_NONE ? DR_FALSE : dr_holds(&b->v, r->wait, c);
    if (runs != DR_FALSE) {
        wait_for_predicate(b, r->wait, c, runs == DR_TRUE ? "" : "not known: ")->runs =
            runs == DR_TRUE;
        may = false;
    }
    for (size_t i = 0; i < sizeof(r->needs) / sizeof(r->needs[0]); i++) {
        enum dr_truth holds =
            r->needs[i] == DR_P_NONE ? DR_TRUE : dr_holds(&b->v, r->needs[i], c);
        if (holds == DR_TRUE)
            continue;
        wait_for_predicate(b, r->needs[i], c,
                           holds == DR_FALSE ? "not yet: " : "not known: ");
        may = false;
    }
    return may;
}

/* A text with `value` for the word. */
static const char *fill(const struct dr_view *v, const char *text, const char *word,
                        const char *value)
{
    const char *at = strstr(text, word);
    return at ? dr_sprintf(v->arena, "%.*s%s%s", (int)(at - text), text, value,
                           fill(v, at + strlen(word), word, value))
              : text;
}

const char *dr_by_hand(const struct dr_view *v, const char *text)
{
    const struct dr_ticdc_access *x = &dr_view_cluster(v, v->a)->ticdc;
    text = fill(v, text, "FEED", v->gen.feed_id);
    return fill(v, text, "TICDC", x->endpoint_count ? x->endpoints[0].text : "TICDC");
}

/* Once the feed is made, a missing step means that somebody changed what drover had set:
 * whether that is put right is for the policy to say. What is urgent is told whatever
 * else blocks, with the statement: also where the policy says correct, and something
 * keeps drover from it. */
static bool is_left(struct dr_build *b, const struct dr_plan_rule *r, size_t c)
{
    const struct dr_view *v = &b->v;
    bool correct = v->t->policy.drift[r->drift] == DR_DRIFT_CORRECT,
         blocked = b->plan->blocker_count > 0,
         doubted = r->urgent && dr_undoubted(v, DR_DOUBT_FENCE) == DR_FALSE;
    if (!r->is_drift || dr_step_missing(v, r, c) != DR_TRUE ||
        dr_holds(v, DR_P_MADE, c) != DR_TRUE)
        return false;
    const char *what =
        r->tell ? r->tell(v, c)
                : dr_sprintf(v->arena, "no longer true: %s", dr_predicates[r->done].text);
    if (r->tell && !what) /* nothing that the step could change */
        return true;
    const char *by_hand =
        r->by_hand ? dr_sprintf(v->arena, "by hand: %s", dr_by_hand(v, r->by_hand))
                   : "do it by hand";
    if (correct && (blocked || doubted) && r->urgent)
        dr_add_question(
            b, (struct dr_question){
                   .subject = dr_view_name(v, c),
                   .what = what,
                   .answer = dr_sprintf(
                       v->arena, "%s; drover does it once who is who is beyond doubt",
                       by_hand),
                   .urgent = true});
    if (correct)
        return doubted;
    if (!blocked || r->urgent)
        dr_tell_drift(
            b, r->drift, c, what,
            dr_sprintf(v->arena,
                       "%s; or policy.drift.%s: correct, and drover does it again "
                       "(%s)",
                       by_hand, dr_drift_class_name(r->drift), r->what + strlen("%s: ")),
            r->urgent);
    return true;
}

/* What somebody may change of a made pair is part of the situation, whether the policy
 * puts it right, or asks: a plan that was approved while the fence stood is another one
 * once it is lifted. */
static bool is_watched(const struct dr_build *b, const struct dr_plan_rule *r, size_t c)
{
    const struct dr_view *v = &b->v;
    return r->is_drift && v->t->policy.drift[r->drift] != DR_DRIFT_IGNORE &&
           dr_holds(v, DR_P_MADE, c) == DR_TRUE;
}

/* Whether a rule has a say at all. */
static bool is_asked(const struct dr_build *b, const struct dr_plan_rule *r)
{
    if ((r->wanted && !r->wanted(&b->v)) || (b->resetting && !r->resets))
        return false;
    if (r->owed && !b->only_discharge)
        return false;
    if (b->v.giving_up && !b->resetting && !b->only_discharge)
        return r->gives_up;
    if (b->only_urgent)
        return r->urgent;
    return b->only_discharge ? r->discharges : dr_view_goes(&b->v, r->only);
}

/* Adds the missing steps of all rules. Out: the first rule that misses one, NULL: none;
 * *unsure when that is not known for sure. */
static const struct dr_plan_rule *match_rules(struct dr_build *b, bool *unsure)
{
    const struct dr_view *v = &b->v;
    const struct dr_plan_rule *next = NULL;
    *unsure = false;
    for (const struct dr_plan_rule *r = dr_plan_rules; r->id; r++) {
        if (!is_asked(b, r))
            continue;
        for (size_t k = 0; k < v->t->cluster_count && k < 2; k++) {
            size_t c = k == 0 ? v->a : v->b; /* the primary first */
            if (!dr_scope_covers(v, r->scope, c))
                continue;
            enum dr_truth m = dr_step_missing(v, r, c);
            b->watched[c][r->done] |= is_watched(b, r, c);
            if (m == DR_FALSE || dr_view_fight(v, r, c) || is_left(b, r, c))
                continue;
            add_action(b, r, c, m == DR_UNSURE);
            if (m == DR_UNSURE && (!next || next == r)) {
                if (!b->plan->waiting_count) /* else the cause is said already */
                    wait_for_predicate(b, r->done, c, "not known: ");
                *unsure = true;
            }
            if (!next)
                next = r;
        }
    }
    return next;
}

/* A closed window stops the start of what somebody notices. */
static bool waits_for_window(struct dr_build *b, const struct dr_action *x)
{
    enum { MINUTE_MS = 60000 };
    const struct dr_view *v = &b->v;
    int64_t opens_ms;
    char text[DR_TIME_TEXT];
    if (x->risk < DR_RISK_DISRUPTIVE ||
        dr_window_open(&v->t->policy, v->f->wall_ms, &opens_ms))
        return false;
    int64_t left_ms = opens_ms - v->f->wall_ms;
    struct dr_waiting *w = dr_add_waiting(
        b, x->subject,
        dr_sprintf(v->arena,
                   "policy.windows: what somebody notices may start again on "
                   "%.16s UTC",
                   dr_time_text(opens_ms, text)),
        left_ms < MINUTE_MS ? left_ms : MINUTE_MS);
    w->for_window = true;
    return true;
}

static void make_ready(struct dr_build *b, const struct dr_plan_rule *next)
{
    struct dr_plan *p = b->plan;
    for (size_t i = 0; i < p->action_count && p->actions[i].rule == next->id; i++) {
        struct dr_action *x = &p->actions[i];
        size_t c = x->call.at.cluster;
        if (!may_start(b, next, c) || waits_for_window(b, x))
            continue;
        next->emit(&b->v, c, x);
        x->ready = true;
    }
}

bool dr_hands_off(const struct dr_view *v, bool discharge)
{
    return (v->observing && !(discharge && v->owing)) || (v->t->paused && !discharge);
}

/* Whether the steps of rule r wait for the answer to a question that comes first. */
static bool is_asked_first(const struct dr_plan *p, const struct dr_plan_rule *r)
{
    bool waits = false;
    for (size_t i = 0; i < p->action_count; i++)
        waits |= p->actions[i].rule == r->id && !p->actions[i].precedes;
    return waits && p->question_count && p->questions[0].urgent;
}

const struct dr_plan_rule *dr_match_steps(struct dr_build *b)
{
    struct dr_plan *p = b->plan;
    bool discharge = b->only_discharge;
    bool unsure = false;
    const struct dr_plan_rule *next =
        dr_steps_mislead(p) ? NULL : match_rules(b, &unsure);
    bool off = dr_hands_off(&b->v, discharge);
    bool may = !off && (discharge || !p->waiting_count) && !unsure && !p->blocker_count;
    if (next && may && !is_asked_first(p, next))
        make_ready(b, next);
    else if (next && off && !p->observing)
        dr_add_waiting(b, p->topology, "paused by the document", 10000);
    return next;
}
