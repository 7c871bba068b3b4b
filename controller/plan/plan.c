#include "controller/plan/plan.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/tso.h"
#include "controller/plan/view.h"

/* What is built up while all rows are matched; the plan only points at it. */
struct build {
    struct dr_view v;
    struct dr_plan *plan;
    size_t action_room, blocker_room, waiting_room, question_room, notice_id_room,
        notice_room, answer_room;
    struct dr_check_result *checks;
    size_t check_count, check_room;
    bool (*watched)[DR_P_COUNT]; /* by cluster: what somebody may have changed */
    bool only_discharge;
    bool resetting; /* a lost ledger is given back: nothing else can be told before */
};

static bool in_scope(const struct dr_view *v, enum dr_scope scope, size_t c)
{
    switch (scope) {
    case DR_SCOPE_PRIMARY:
        return c == v->a;
    case DR_SCOPE_SECONDARY:
        return c == v->b;
    case DR_SCOPE_EACH:
        return true;
    }
    return false;
}

/* Out: the new one, or the same that was said before. */
static struct dr_waiting *add_waiting(struct build *b, const char *subject,
                                      const char *what, int64_t retry_ms)
{
    struct dr_plan *p = b->plan;
    for (size_t i = 0; i < p->waiting_count; i++)
        if (strcmp(p->waitings[i].subject, subject) == 0 &&
            strcmp(p->waitings[i].what, what) == 0)
            return &p->waitings[i];
    struct dr_waiting *w =
        DR_PUSH(b->v.arena, p->waitings, p->waiting_count, b->waiting_room);
    *w = (struct dr_waiting){.subject = subject, .what = what, .retry_ms = retry_ms};
    return w;
}

/* A check that cannot be answered: the way out is that of the reason, where there is one.
 */
/* What another check refuses already is not waited for besides: a row that cannot be read
 * will not become readable by waiting. */
static void wait_for_check(struct build *b, const struct dr_check_answer *x)
{
    for (size_t i = 0; i < b->plan->blocker_count; i++)
        if (strcmp(b->plan->blockers[i].subject, x->subject) == 0 &&
            strcmp(b->plan->blockers[i].fact, x->fact) == 0)
            return;
    struct dr_waiting *w = add_waiting(b, x->subject, x->fact, 1000);
    if (w->code)
        return;
    w->code = x->code;
    w->reason = x->reason;
    w->way_out = x->way_out;
}

/* Where the document says what check k is about. */
static struct dr_mark mark_of(const struct dr_view *v, const struct dr_plan_check *k,
                              size_t c)
{
    const char *path = k->path, *at = strstr(path, "%s");
    if (at)
        path = dr_sprintf(v->arena, "%.*s%s%s", (int)(at - path), path,
                          dr_view_name(v, c), at + 2);
    return dr_doc_mark(&v->t->doc, path);
}

static struct dr_check_answer *add_answer(struct build *b, const struct dr_plan_check *k,
                                          size_t c)
{
    struct dr_plan *p = b->plan;
    struct dr_check_answer *x =
        DR_PUSH(b->v.arena, p->answers, p->answer_count, b->answer_room);
    *x = (struct dr_check_answer){.code = k->code,
                                  .subject = dr_view_name(&b->v, c),
                                  .cluster = c,
                                  .fact = "",
                                  .rule = k->rule,
                                  .way_out = k->way_out};
    return x;
}

/* Completes an answer that is not "yes". What is only unknown asks for no remedy but that
 * of its cause: "drop what is there" for a cluster that does not answer would be a lie.
 */
static void explain_answer(struct build *b, const struct dr_plan_check *k,
                           struct dr_check_answer *x)
{
    const char *mend = x->holds == DR_FALSE ? dr_check_mend(&b->v, k, x->cluster) : NULL;
    x->mark = mark_of(&b->v, k, x->cluster);
    if (x->reason)
        x->way_out = dr_code_info(x->reason)->way_out;
    else if (x->holds == DR_UNSURE && k->holds != dr_check_endpoints_answer)
        x->way_out = "wait until it is known, or mend what does not answer";
    else if (mend)
        x->way_out = mend;
    const char *at = b->v.in->where ? strstr(x->way_out, "PATH") : NULL;
    if (at)
        x->way_out = dr_sprintf(b->v.arena, "%.*s%s%s", (int)(at - x->way_out),
                                x->way_out, b->v.in->where, at + strlen("PATH"));
}

static void add_blocker(struct build *b, const struct dr_check_answer *x)
{
    struct dr_plan *p = b->plan;
    *DR_PUSH(b->v.arena, p->blockers, p->blocker_count, b->blocker_room) =
        (struct dr_blocker){.code = x->code,
                            .subject = x->subject,
                            .fact = x->fact,
                            .rule = x->rule,
                            .way_out = x->way_out,
                            .mark = x->mark};
}

/* id: what it is about; its text alone where nothing in that moves. */
static void add_notice(struct build *b, const char *id, const char *text)
{
    struct dr_plan *p = b->plan;
    size_t count = p->notice_count;
    *DR_PUSH(b->v.arena, p->notice_ids, count, b->notice_id_room) = id;
    *DR_PUSH(b->v.arena, p->notices, p->notice_count, b->notice_room) = text;
}

static void add_question(struct build *b, struct dr_question q)
{
    struct dr_plan *p = b->plan;
    if (!q.key)
        q.key = "";
    *DR_PUSH(b->v.arena, p->questions, p->question_count, b->question_room) = q;
    for (size_t i = p->question_count - 1; q.urgent && i > 0; i--) { /* to the front */
        p->questions[i] = p->questions[i - 1];
        p->questions[i - 1] = q;
    }
}

/* What somebody changed and drover leaves so: asked about, told or not told. */
static void tell_drift(struct build *b, enum dr_drift_class class, size_t c,
                       const char *what, const char *answer, bool urgent)
{
    const struct dr_view *v = &b->v;
    enum dr_drift_action policy = v->t->policy.drift[class];
    const char *name = dr_drift_class_name(class);
    switch (policy) {
    case DR_DRIFT_IGNORE:
        break;
    case DR_DRIFT_CORRECT: /* for which no rule stands */
    case DR_DRIFT_WARN:
        add_notice(b, dr_sprintf(v->arena, "%s %.12s %s", name, what, dr_view_name(v, c)),
                   dr_sprintf(v->arena, "%s: %s (policy.drift.%s is %s)",
                              dr_view_name(v, c), what, name,
                              dr_drift_action_name(policy)));
        break;
    case DR_DRIFT_ASK:
        add_question(b, (struct dr_question){
                            .subject = dr_view_name(v, c),
                            .what = what,
                            .answer = dr_sprintf(
                                v->arena, "%s; or policy.drift.%s: warn, to leave it so",
                                answer, name),
                            .key = name,
                            .urgent = urgent});
        break;
    }
}

/* What may be left as it is once the feed is made: by code, or by what the check found
 * (a stranger's feed may also be one of drover's name). */
static bool drift_of(const struct dr_view *v, const struct dr_check_answer *x,
                     enum dr_drift_class *class, bool *asks)
{
    static const struct {
        const char *code;
        enum dr_drift_class drift;
        bool asks; /* "ask" is a question; else it refuses */
    } rows[] = {{"DR-B015", DR_DRIFT_INSTANCES, false},
                {"DR-B030", DR_DRIFT_GRANTS, false},
                {"DR-B031", DR_DRIFT_GRANTS, false},
                {"DR-B032", DR_DRIFT_GRANTS, false},
                {"DR-B063", DR_DRIFT_GRANTS, false},
                {"DR-B090", DR_DRIFT_GRANTS, false},
                {"DR-B091", DR_DRIFT_GRANTS, false},
                {"DR-B044", DR_DRIFT_CHANGEFEED_STRANGER, true},
                {"DR-B045", DR_DRIFT_CHANGEFEED_STRANGER, true},
                {"DR-B061", DR_DRIFT_CHANGEFEED_REMOVED, true},
                {"DR-B062", DR_DRIFT_CHANGEFEED_CONFIG, true}};
    *asks = true;
    if (strcmp(x->code, "DR-B068") == 0)
        return dr_fight_class(v, x->cluster, class);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].code, x->code) != 0)
            continue;
        *class = rows[i].drift;
        *asks = rows[i].asks;
        if (strcmp(x->code, "DR-B045") == 0 && dr_feed_duplicated(v))
            *class = DR_DRIFT_CHANGEFEED_DUPLICATED;
        return dr_holds(v, DR_P_MADE, x->cluster) == DR_TRUE &&
               !(strcmp(x->code, "DR-B030") == 0 && dr_rights_ledger_lost(v, x->cluster));
    }
    return false;
}

/* Once the feed is made, what somebody changed is refused, asked about, told or not told,
 * as the policy says. True: it does not block. */
static bool is_only_told(struct build *b, const struct dr_check_answer *x)
{
    const struct dr_view *v = &b->v;
    enum dr_drift_class class;
    bool asks;
    if (!drift_of(v, x, &class, &asks))
        return false;
    enum dr_drift_action policy = v->t->policy.drift[class];
    const char *name = dr_drift_class_name(class);
    if (policy == DR_DRIFT_WARN)
        add_notice(b, dr_sprintf(v->arena, "%s %s", x->code, x->subject),
                   dr_sprintf(v->arena, "%s: %s: %s (%s, policy.drift.%s)", x->subject,
                              x->fact, x->way_out, x->code, name));
    bool asked = asks && policy != DR_DRIFT_WARN && policy != DR_DRIFT_IGNORE;
    if (asked)
        add_question(b, (struct dr_question){
                            .subject = x->subject,
                            .urgent = class == DR_DRIFT_FENCE,
                            .what = dr_sprintf(v->arena, "%s (%s)", x->fact, x->code),
                            .answer = dr_sprintf(
                                v->arena, "%s; or policy.drift.%s: warn, to leave it so",
                                x->way_out, name)});
    return asked || policy == DR_DRIFT_WARN || policy == DR_DRIFT_IGNORE;
}

/* What a check says. One that may be behind us does not refuse while that is unknown: a
 * converged secondary whose ledger is silent for a moment holds no data of others. */
static void ask_check(struct build *b, const struct dr_plan_check *k,
                      struct dr_check_answer *x)
{
    const struct dr_view *v = &b->v;
    size_t c = x->cluster;
    enum dr_truth past = k->past == DR_P_NONE ? DR_FALSE : dr_holds(v, k->past, c);
    x->past = past == DR_TRUE;
    if (x->past) {
        x->holds = DR_TRUE;
        x->fact = dr_predicates[k->past].text;
        return;
    }
    b->v.unread = &x->reason;
    x->holds = k->holds(v, c, &x->fact);
    b->v.unread = NULL;
    if (x->holds == DR_FALSE && past != DR_FALSE) {
        x->fact = dr_sprintf(v->arena, "not known: %s", dr_predicates[k->past].text);
        x->holds = DR_UNSURE;
    }
    if (x->holds != DR_UNSURE)
        x->reason = 0;
    if (x->holds != DR_TRUE)
        explain_answer(b, k, x);
}

/* Asks check k of cluster c, for the record. */
static struct dr_check_answer *answer_check(struct build *b,
                                            const struct dr_plan_check *k, size_t c)
{
    struct dr_check_answer *x = add_answer(b, k, c);
    ask_check(b, k, x);
    *DR_PUSH(b->v.arena, b->checks, b->check_count, b->check_room) =
        (struct dr_check_result){k, c, x->holds};
    return x;
}

/* A removal is a declaration, too: one that is older than the world gives back nothing
 * that is held for a newer one. A ledger that is lost with its cluster forbids nothing:
 * what is held stands in the primary's. */
static void match_removal(struct build *b)
{
    const struct dr_view *v = &b->v;
    const struct dr_plan_check *k = dr_plan_checks;
    while (strcmp(k->code, DR_CHECK_NOT_OLDER) != 0)
        k++;
    if (dr_holds(v, DR_P_HOLD_CLEARED, v->a) == DR_TRUE)
        return; /* nothing is held */
    for (size_t c = 0; c < v->t->cluster_count && c < 2; c++) {
        if (c != v->a && !dr_view_ledger(v, c))
            continue;
        struct dr_check_answer *x = answer_check(b, k, c);
        if (x->holds == DR_FALSE)
            add_blocker(b, x);
        else if (x->holds == DR_UNSURE)
            wait_for_check(b, x);
    }
}

/* What a generation that is given up still needs: GC given back as it was. */
static bool gives_up_without(const struct dr_view *v, const struct dr_plan_check *k)
{
    return v->giving_up && k->holds != dr_check_hold_is_whole &&
           k->holds != dr_check_give_up_is_known &&
           k->holds != dr_check_controller_rights;
}

/* A cluster that does not answer makes most facts about it unknown, and those that
 * compare it with the other: its endpoints are the one thing worth saying. They are the
 * subject of the first check that is unsure. */
static void match_checks(struct build *b)
{
    const struct dr_view *v = &b->v;
    bool silent = false, sunk = false;
    for (const struct dr_plan_check *k = dr_plan_checks; k->code; k++) {
        bool answers = k->holds == dr_check_endpoints_answer;
        bool ground = strcmp(k->code, DR_CHECK_ABOVE_GROUND) < 0;
        if ((sunk || b->resetting || gives_up_without(v, k)) && !ground)
            continue;
        if (!dr_view_goes(v, dr_check_only(k->code)))
            continue;
        for (size_t c = 0; c < v->t->cluster_count && c < 2; c++) {
            if (!in_scope(v, k->scope, c))
                continue;
            struct dr_check_answer *x = answer_check(b, k, c);
            switch (x->holds) {
            case DR_TRUE:
                break;
            case DR_FALSE:
                x->told = is_only_told(b, x);
                if (x->told)
                    break;
                add_blocker(b, x);
                sunk |= ground;
                break;
            case DR_UNSURE:
                if (!silent || answers)
                    wait_for_check(b, x);
                silent |= answers;
                /* "drop what is there" would be said of a pair that lost its ledgers */
                sunk |= k->holds == dr_check_not_orphaned;
                break;
            }
        }
    }
}

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
static void add_action(struct build *b, const struct dr_plan_rule *r, size_t c,
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

static enum dr_truth missing(const struct dr_view *v, const struct dr_plan_rule *r,
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

static struct dr_waiting *wait_for_predicate(struct build *b, enum dr_predicate p,
                                             size_t c, const char *prefix)
{
    return add_waiting(b, dr_view_name(&b->v, c),
                       dr_sprintf(b->v.arena, "%s%s", prefix, dr_predicates[p].text),
                       1000);
}

/* Whether the missing step of rule r on cluster c may be made now; else says what for it
 * waits. */
static bool may_start(struct build *b, const struct dr_plan_rule *r, size_t c)
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

/* Once the feed is made, a missing step means that somebody changed what drover had set:
 * whether that is put right is for the policy to say. What is urgent is told whatever
 * else blocks, with the statement: also where the policy says correct, and something
 * keeps drover from it. */
static bool is_left(struct build *b, const struct dr_plan_rule *r, size_t c)
{
    const struct dr_view *v = &b->v;
    bool correct = v->t->policy.drift[r->drift] == DR_DRIFT_CORRECT,
         blocked = b->plan->blocker_count > 0;
    if (!r->is_drift || missing(v, r, c) != DR_TRUE ||
        dr_holds(v, DR_P_MADE, c) != DR_TRUE)
        return false;
    const char *what =
        r->tell ? r->tell(v)
                : dr_sprintf(v->arena, "no longer true: %s", dr_predicates[r->done].text);
    if (r->tell && !what) /* nothing that the step could change */
        return true;
    const char *by_hand =
        r->by_hand ? dr_sprintf(v->arena, "by hand: %s", r->by_hand) : "do it by hand";
    if (correct && blocked && r->urgent)
        add_question(b,
                     (struct dr_question){
                         .subject = dr_view_name(v, c),
                         .what = what,
                         .answer = dr_sprintf(
                             v->arena, "%s; drover does it once nothing blocks", by_hand),
                         .urgent = true});
    if (correct)
        return false;
    if (!blocked || r->urgent)
        tell_drift(b, r->drift, c, what,
                   dr_sprintf(v->arena,
                              "%s; or policy.drift.%s: correct, and drover does it again "
                              "(%s)",
                              by_hand, dr_drift_class_name(r->drift),
                              r->what + strlen("%s: ")),
                   r->urgent);
    return true;
}

/* What somebody may change of a made pair is part of the situation, whether the policy
 * puts it right, or asks: a plan that was approved while the fence stood is another one
 * once it is lifted. */
static bool is_watched(const struct build *b, const struct dr_plan_rule *r, size_t c)
{
    const struct dr_view *v = &b->v;
    return r->is_drift && v->t->policy.drift[r->drift] != DR_DRIFT_IGNORE &&
           dr_holds(v, DR_P_MADE, c) == DR_TRUE;
}

/* Whether a rule has a say at all. */
static bool is_asked(const struct build *b, const struct dr_plan_rule *r)
{
    if ((r->wanted && !r->wanted(&b->v)) || (b->resetting && !r->resets))
        return false;
    if (r->owed && !b->only_discharge)
        return false;
    if (b->v.giving_up && !b->resetting && !b->only_discharge)
        return r->gives_up;
    return b->only_discharge ? r->discharges : dr_view_goes(&b->v, r->only);
}

/* Adds the missing steps of all rules. Out: the first rule that misses one, NULL: none;
 * *unsure when that is not known for sure. */
static const struct dr_plan_rule *match_rules(struct build *b, bool *unsure)
{
    const struct dr_view *v = &b->v;
    const struct dr_plan_rule *next = NULL;
    *unsure = false;
    for (const struct dr_plan_rule *r = dr_plan_rules; r->id; r++) {
        if (!is_asked(b, r))
            continue;
        for (size_t k = 0; k < v->t->cluster_count && k < 2; k++) {
            size_t c = k == 0 ? v->a : v->b; /* the primary first */
            if (!in_scope(v, r->scope, c))
                continue;
            enum dr_truth m = missing(v, r, c);
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
static bool waits_for_window(struct build *b, const struct dr_action *x)
{
    enum { MINUTE_MS = 60000 };
    const struct dr_view *v = &b->v;
    int64_t opens_ms;
    char text[DR_TIME_TEXT];
    if (x->risk < DR_RISK_DISRUPTIVE ||
        dr_window_open(&v->t->policy, v->f->wall_ms, &opens_ms))
        return false;
    int64_t left_ms = opens_ms - v->f->wall_ms;
    struct dr_waiting *w =
        add_waiting(b, x->subject,
                    dr_sprintf(v->arena,
                               "policy.windows: what somebody notices may start again on "
                               "%.16s UTC",
                               dr_time_text(opens_ms, text)),
                    left_ms < MINUTE_MS ? left_ms : MINUTE_MS);
    w->for_window = true;
    return true;
}

static void make_ready(struct build *b, const struct dr_plan_rule *next)
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

/* Observed only, or paused: what is missing is shown, nothing is made ready. A document
 * that is gone pauses nothing, and no pause keeps GC held past the hold's deadline: what
 * drover holds is given back. What only observed never wrote, nor does its removal: the
 * hold that it sees may be another document's. */
static bool hands_off(const struct dr_plan_input *in, bool discharge)
{
    return in->topology->management == DR_OBSERVE || (in->topology->paused && !discharge);
}

/* Endpoints that are silent while others of their kind answer: nothing is decided on
 * them, but the next one that falls silent may be the last. */
static void add_silent_endpoints(struct build *b, size_t c)
{
    const struct dr_view *v = &b->v;
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    for (size_t i = 0; i < f->endpoint_count; i++) {
        const struct dr_endpoint_seen *x = &f->endpoints[i];
        bool pd = x->kind == DR_ENDPOINT_PD;
        if (x->seen.known || !x->seen.code ||
            !(pd ? f->pd.seen.known : f->feeds.seen.known))
            continue;
        add_notice(b,
                   dr_sprintf(v->arena, "silent %s %s %zu", dr_view_name(v, c),
                              pd ? "PD" : "TiCDC", i),
                   dr_sprintf(v->arena, "%s: one endpoint of %s is silent: %s",
                              dr_view_name(v, c), pd ? "PD" : "TiCDC", x->seen.why));
    }
}

static void add_sink(struct build *b)
{
    const char *text = dr_sink_notice(&b->v);
    if (text)
        add_notice(b, "sink",
                   dr_sprintf(b->v.arena, "%s: %s", dr_view_name(&b->v, b->v.b), text));
}

/* No rule stands for it: readers of the secondary may want it so. */
static void add_past_reads(struct build *b)
{
    const struct dr_view *v = &b->v;
    for (size_t c = 0; c < v->t->cluster_count && c < 2; c++) {
        const char *past = dr_past_notice(v, c);
        if (past)
            tell_drift(b, DR_DRIFT_VARIABLES, c, past,
                       "when nobody needs it: SET GLOBAL tidb_enable_external_ts_read = "
                       "OFF",
                       false);
    }
}

/* Why nothing is begun. */
static void add_hands_off(struct build *b)
{
    const struct dr_view *v = &b->v;
    if (v->observing)
        add_notice(b, "observe", "management is Observe: drover only looks");
    else if (!b->plan->action_count &&
             hands_off(v->in, b->only_discharge)) /* else the plan waits, and says so */
        add_notice(b, "paused", "paused by the document: nothing new is started");
    if (v->observing && dr_feed_left_paused(v) == DR_TRUE)
        add_notice(b, "left paused",
                   dr_sprintf(v->arena,
                              "%s: changefeed '%s' stands still because drover paused "
                              "it: by hand: POST /api/v2/changefeeds/%s/resume to TiCDC",
                              dr_view_name(v, v->a), v->gen.feed_id, v->gen.feed_id));
}

static void add_foreign_rows(struct build *b, size_t c)
{
    const struct dr_view *v = &b->v;
    const struct dr_ledger *x = dr_view_ledger(v, c);
    if (x && x->foreign_count)
        add_notice(b, dr_sprintf(v->arena, "foreign rows %s", dr_view_name(v, c)),
                   dr_sprintf(v->arena,
                              "%s: %zu ledger rows of another cluster are ignored",
                              dr_view_name(v, c), x->foreign_count));
}

static void add_notices(struct build *b)
{
    const struct dr_view *v = &b->v;
    const struct dr_equality *q = dr_view_equality(v);
    const char *differs =
        q ? dr_equality_text(q, dr_view_name(v, v->a), dr_view_name(v, v->b), v->arena)
          : NULL;
    if (differs && dr_holds(v, DR_P_MAKING, v->a) != DR_TRUE)
        add_notice(b, "compared", dr_sprintf(v->arena, "compared at T: %s", differs));
    const char *primary = dr_view_name(v, v->a);
    add_hands_off(b);
    for (size_t c = 0; c < v->t->cluster_count && c < 2; c++) {
        add_silent_endpoints(b, c);
        add_foreign_rows(b, c);
    }
    bool off = false;
    const char *gc = dr_gc_notice(v, &off), *hold = dr_hold_notice(v),
               *fence = dr_fence_notice(v), *history = dr_feed_history_notice(v),
               *stall = dr_stall_notice(v), *redo = dr_redo_off_notice(v);
    add_past_reads(b);
    /* once the feed is made, and nothing blocks, rule 348 tells */
    bool ruled = dr_holds(v, DR_P_MADE, v->a) == DR_TRUE && !b->plan->blocker_count;
    if (off && !ruled)
        tell_drift(b, DR_DRIFT_GC_SWITCH, v->a, gc,
                   "when nobody needs it off: SET GLOBAL tidb_gc_enable = ON", false);
    else if (gc && !off)
        add_notice(b, "gc", dr_sprintf(v->arena, "%s: %s", primary, gc));
    const struct {
        const char *id, *text;
    } of_primary[] = {
        {"hold", hold}, {"redo", redo}, {"stall", stall}, {"history", history}};
    for (size_t i = 0; i < sizeof(of_primary) / sizeof(of_primary[0]); i++)
        if (of_primary[i].text)
            add_notice(b, of_primary[i].id,
                       dr_sprintf(v->arena, "%s: %s", primary, of_primary[i].text));
    if (fence)
        tell_drift(b, DR_DRIFT_FENCE, v->a, fence,
                   "when nobody needs it closed: SET GLOBAL tidb_super_read_only (or "
                   "tidb_restricted_read_only) = OFF",
                   false);
}

static bool has_ready(const struct dr_plan *p)
{
    for (size_t i = 0; i < p->action_count; i++)
        if (p->actions[i].ready)
            return true;
    return false;
}

static void set_state(struct build *b)
{
    struct dr_plan *p = b->plan;
    bool ready = has_ready(p);
    if (p->observing) {
        p->state = p->waiting_count ? DR_PLAN_WAITING : DR_PLAN_CONVERGED;
        return;
    }
    bool urgent = p->question_count && p->questions[0].urgent;
    p->state = p->blocker_count    ? DR_PLAN_BLOCKED
               : ready             ? DR_PLAN_STEPS
               : p->waiting_count  ? DR_PLAN_WAITING
               : urgent            ? DR_PLAN_ASKING
               : p->action_count   ? DR_PLAN_WAITING
               : p->question_count ? DR_PLAN_ASKING
                                   : DR_PLAN_CONVERGED;
}

static bool has_blocker(const struct dr_plan *p, const char *code)
{
    for (size_t i = 0; i < p->blocker_count; i++)
        if (strcmp(p->blockers[i].code, code) == 0)
            return true;
    return false;
}

/* Both ledgers of a pair that drover made are gone, or perhaps they are. */
static bool is_orphaned(const struct dr_plan *p)
{
    bool unsure = false;
    for (size_t i = 0; i < p->waiting_count; i++)
        unsure |= p->waitings[i].code && strcmp(p->waitings[i].code, "DR-B027") == 0;
    return unsure || has_blocker(p, "DR-B027");
}

/* The ledgers name another topology or another primary. */
static bool belongs_elsewhere(const struct dr_plan *p)
{
    return has_blocker(p, "DR-B021") || has_blocker(p, "DR-B023");
}

/* Steps would be steps against what runs there, or, with a ledger lost, what is missing
 * cannot be told: none is even shown. */
static bool steps_mislead(const struct dr_plan *p)
{
    return belongs_elsewhere(p) || has_blocker(p, "DR-B022") || is_orphaned(p);
}

static const char *goal_of(const struct build *b)
{
    const struct dr_view *v = &b->v;
    const char *before = v->way == DR_BY_ADOPTION   ? "adopt "
                         : v->way == DR_BY_GOING_ON ? "make the changefeed anew of "
                                                    : "bootstrap ",
               *after = "";
    if (v->in->removed)
        return "end of care";
    if (b->resetting)
        return dr_sprintf(v->arena, "give %s its ledger back",
                          v->t->ledger_reset.cluster);
    if (v->giving_up)
        return dr_sprintf(v->arena, "give up generation %" PRIu64 " of %s -> %s",
                          v->gen.n, dr_view_name(v, v->a), dr_view_name(v, v->b));
    if (v->observing)
        return dr_sprintf(v->arena, "observe %s -> %s", dr_view_name(v, v->a),
                          dr_view_name(v, v->b));
    enum dr_truth made = dr_holds(v, DR_P_MADE, v->a);
    if (has_blocker(b->plan, "DR-B022")) {
        before = "";
        after = "; a ledger is lost";
    } else if (is_orphaned(b->plan)) {
        before = "";
        after = "; both ledgers are gone";
    } else if (belongs_elsewhere(b->plan) || made == DR_UNSURE) {
        before = "";
        after = made == DR_UNSURE ? "; what of it stands is not known"
                                  : ", which is not what the ledgers name";
    } else if (made == DR_TRUE) {
        before = "keep ";
    }
    return dr_sprintf(v->arena, "%s%s -> %s%s", before, dr_view_name(v, v->a),
                      dr_view_name(v, v->b), after);
}

/* The document names a feed to adopt, and the edge has another one by now. */
static const char *idle_id(const struct dr_view *v)
{
    const struct dr_edge_spec *e =
        dr_topology_edge(v->t, dr_view_name(v, v->a), dr_view_name(v, v->b));
    return e && e->id && v->gen.planned && strcmp(e->id, v->gen.feed_id) != 0
               ? dr_sprintf(v->arena,
                            "replication.edges[].id '%s' has no effect: the edge has "
                            "changefeed '%s'",
                            e->id, v->gen.feed_id)
               : NULL;
}

/* The word for this plan; and what of words is worth knowing. */
static void find_approval(struct build *b)
{
    const char **notes;
    size_t count = dr_plan_find_approval(&b->v, b->plan, &notes);
    for (size_t i = 0; i < count; i++)
        add_notice(b, notes[i], notes[i]);
}

/* A hold past its deadline is given back; once the feed is made that is an ordinary step,
 * but for a pause. One of another topology, which this document names by mistake, is
 * left.
 */
static bool is_overdue(const struct dr_view *v)
{
    const struct dr_ledger *l = dr_view_ledger(v, v->a);
    if (l && l->birth.present && strcmp(l->birth.topology, v->t->doc.metadata.name) != 0)
        return false;
    if (dr_view_before_lost(v, v->a))
        return false; /* given back as what? DR-B055 asks */
    bool made = dr_holds(v, DR_P_MADE, v->a) == DR_TRUE;
    return dr_holds(v, DR_P_HOLD_EXPIRED, v->a) == DR_TRUE && (!made || v->t->paused) &&
           dr_holds(v, DR_P_HOLD_CLEARED, v->a) != DR_TRUE;
}

/* What drover holds is given back before anything else is asked. */
static bool only_discharges(const struct dr_view *v)
{
    return v->in->removed || is_overdue(v) || dr_view_gives_back(v);
}

/* A feed that should be there is not listed, and nobody knows whether it is gone. */
static bool is_unproven(const struct dr_view *v, size_t c)
{
    const struct dr_feeds *x = &dr_view_facts(v, c)->feeds;
    return x->seen.known && x->unproven;
}

/* Whether the steps of rule r wait for the answer to a question that comes first. */
static bool is_asked_first(const struct dr_plan *p, const struct dr_plan_rule *r)
{
    bool waits = false;
    for (size_t i = 0; i < p->action_count; i++)
        waits |= p->actions[i].rule == r->id && !p->actions[i].precedes;
    return waits && p->question_count && p->questions[0].urgent;
}

/* The missing steps, of which the first become ready. Out: their rule, NULL: none. */
static const struct dr_plan_rule *match_steps(struct build *b, bool discharge)
{
    struct dr_plan *p = b->plan;
    bool unsure = false;
    const struct dr_plan_rule *next = steps_mislead(p) ? NULL : match_rules(b, &unsure);
    bool off = hands_off(b->v.in, discharge);
    bool may = !off && (discharge || !p->waiting_count) && !unsure && !p->blocker_count;
    if (next && may && !is_asked_first(p, next))
        make_ready(b, next);
    else if (next && off && !p->observing)
        add_waiting(b, p->topology, "paused by the document", 10000);
    return next;
}

/* An empty plan of the view. */
static void begin(struct build *b)
{
    const struct dr_topology *t = b->v.t;
    struct dr_plan *p = b->plan;
    *b = (struct build){.v = b->v, .plan = p};
    b->watched = dr_alloc_n(b->v.arena, t->cluster_count, sizeof(*b->watched));
    *p = (struct dr_plan){.observing = b->v.observing,
                          .topology = t->doc.metadata.name,
                          .revision = b->v.in->revision};
}

/* A feed that drover paused is resumed when what it was paused for does not go on,
 * whatever the reason is: nobody else would, and all the while it lags. */
static bool owes_resume(const struct build *b)
{
    return !b->only_discharge && b->plan->left_paused &&
           (b->v.in->ending || !has_ready(b->plan));
}

/* What keeps drover from going on, for people. */
static const char *hindrance(const struct build *b)
{
    const struct dr_plan *p = b->plan;
    if (b->v.in->ending)
        return "drover is asked to stop";
    if (p->blocker_count)
        return dr_sprintf(b->v.arena, "%s: %s (%s)", p->blockers[0].subject,
                          p->blockers[0].fact, p->blockers[0].code);
    return p->waiting_count ? p->waitings[0].what : "nothing else can be done";
}

/* What is no doubt about clusters, ledgers or the account that writes there. */
static bool is_kept(const struct build *b)
{
    const struct dr_plan *p = b->plan;
    for (size_t i = 0; i < p->blocker_count; i++)
        if (strcmp(p->blockers[i].code, DR_CHECK_ABOVE_GROUND) <= 0)
            return false;
    return p->blocker_count && !p->observing && !b->v.in->removed &&
           !b->v.in->topology->paused && dr_holds(&b->v, DR_P_MADE, b->v.a) == DR_TRUE;
}

/* What is missing, and which of it can be made now. */
static void match_once(struct build *b, bool discharge)
{
    const struct dr_view *v = &b->v;
    const struct dr_plan_input *in = v->in;
    struct dr_plan *p = b->plan;
    b->only_discharge = discharge;
    b->resetting = !discharge && dr_view_resetting(v);
    if (in->removed)
        match_removal(b);
    else if (!discharge)
        match_checks(b);
    const struct dr_plan_rule *next = match_steps(b, discharge);
    p->older = has_blocker(p, DR_CHECK_NOT_OLDER);
    p->newer = dr_view_is_newer(v);
    p->notes_newer = p->newer && next && next->done == DR_P_AGREED && p->actions[0].ready;
    add_sink(b);
    add_notices(b);
    const char *idle = idle_id(v), *kept = dr_give_up_notice(v);
    if (idle)
        add_notice(b, idle, idle);
    if (kept)
        add_notice(b, kept, kept);
    p->keeps = is_kept(b);
    dr_protection(v, p);
    p->left_paused = !v->observing && dr_feed_left_paused(v) == DR_TRUE;
    p->absence_open = is_unproven(v, v->a) || is_unproven(v, v->b);
}

static void match(struct build *b)
{
    struct dr_plan *p = b->plan;
    match_once(b, only_discharges(&b->v));
    if (!owes_resume(b))
        return;
    const char *why = hindrance(b);
    bool older = p->older;
    begin(b);
    match_once(b, true);
    p->older = older;
    add_notice(b, "update waits",
               dr_sprintf(b->v.arena,
                          "%s: the change of the changefeed's settings waits: %s",
                          dr_view_name(&b->v, b->v.a), why));
}

struct dr_plan *dr_plan_build(const struct dr_plan_input *in, struct dr_arena *a)
{
    struct build b = {.plan = DR_NEW(a, struct dr_plan)};
    struct dr_plan *p = b.plan;
    dr_view_init(&b.v, in, a);
    begin(&b);
    if (in->topology->mode == DR_MODE_PRIMARY_SECONDARY &&
        in->topology->cluster_count == 2) {
        if (in->removed && p->observing)
            add_notice(&b, "observed",
                       "management was Observe: nothing is drover's to give back");
        else
            match(&b);
    } else {
        struct dr_check_answer *x = add_answer(&b, &dr_plan_checks[0], 0);
        ask_check(&b, &dr_plan_checks[0], x);
        add_blocker(&b, x);
    }
    p->goal = goal_of(&b);
    set_state(&b);
    dr_plan_cover(&b.v, p, b.checks, b.check_count, b.watched);
    if (!in->removed)
        find_approval(&b);
    return p;
}

enum dr_truth dr_plan_done(const struct dr_plan_input *in, const struct dr_action *action,
                           struct dr_arena *a)
{
    struct dr_view v;
    dr_view_init(&v, in, a);
    for (const struct dr_plan_rule *r = dr_plan_rules; r->id; r++) {
        if (r->id != action->rule)
            continue;
        switch (missing(&v, r, action->call.at.cluster)) {
        case DR_TRUE:
            return DR_FALSE;
        case DR_FALSE:
            return DR_TRUE;
        case DR_UNSURE:
            break;
        }
    }
    return DR_UNSURE;
}

/* The step, or one that calls for it: a comparison that finds rows lacking is followed by
 * the restore that was cut off. */
static bool covers(const struct dr_action *approved, const struct dr_action *x)
{
    if (strcmp(approved->id, x->id) == 0)
        return true;
    if (strcmp(approved->subject, x->subject) != 0)
        return false;
    for (const struct dr_plan_rule *r = dr_plan_rules; r->id; r++)
        if (r->id == approved->rule)
            return r->calls_for && r->calls_for == x->rule;
    return false;
}

const char *dr_plan_continues(const struct dr_plan *approved, const struct dr_plan *now)
{
    for (size_t i = 0; i < now->action_count; i++) {
        bool found = now->actions[i].owed;
        for (size_t k = 0; k < approved->action_count && !found; k++)
            found = covers(&approved->actions[k], &now->actions[i]);
        if (!found)
            return now->actions[i].what;
    }
    return NULL;
}
