/* What must hold before anything is touched, asked of this situation: each check of the
 * table once for each cluster that it is about. What does not hold blocks, or is told or
 * asked about where policy.drift lets it be; what is not known is waited for. */
#include <string.h>

#include "controller/plan/build.h"
#include "controller/plan/feed.h"

/* A check that cannot be answered: the way out is that of the reason, where there is one.
 * What another check refuses already is not waited for besides: a row that cannot be read
 * will not become readable by waiting. */
static void wait_for_check(struct dr_build *b, const struct dr_check_answer *x)
{
    for (size_t i = 0; i < b->plan->blocker_count; i++)
        if (strcmp(b->plan->blockers[i].subject, x->subject) == 0 &&
            strcmp(b->plan->blockers[i].fact, x->fact) == 0)
            return;
    struct dr_waiting *w = dr_add_waiting(b, x->subject, x->fact, 1000);
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

/* Completes an answer that is not "yes". What is only unknown asks for no remedy but that
 * of its cause: "drop what is there" for a cluster that does not answer would be a lie.
 */
static void explain_answer(struct dr_build *b, const struct dr_plan_check *k,
                           struct dr_check_answer *x)
{
    const char *mend = x->holds == DR_FALSE ? dr_check_mend(&b->v, k, x->cluster) : NULL;
    x->mark = mark_of(&b->v, k, x->cluster);
    const char *denied =
        x->reason == DR_E_DENIED ? dr_mend_denied(&b->v, x->cluster) : NULL;
    if (denied)
        x->way_out = denied;
    else if (x->reason)
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
static bool is_only_told(struct dr_build *b, const struct dr_check_answer *x)
{
    const struct dr_view *v = &b->v;
    enum dr_drift_class class;
    bool asks;
    if (!drift_of(v, x, &class, &asks))
        return false;
    enum dr_drift_action policy = v->t->policy.drift[class];
    const char *name = dr_drift_class_name(class);
    if (policy == DR_DRIFT_WARN)
        dr_add_notice(b, dr_sprintf(v->arena, "%s %s", x->code, x->subject),
                      dr_sprintf(v->arena, "%s: %s: %s (%s, policy.drift.%s)", x->subject,
                                 x->fact, x->way_out, x->code, name));
    bool asked = asks && policy != DR_DRIFT_WARN && policy != DR_DRIFT_IGNORE;
    if (asked)
        dr_add_question(
            b, (struct dr_question){
                   .subject = x->subject,
                   .urgent = class == DR_DRIFT_FENCE,
                   .what = dr_sprintf(v->arena, "%s (%s)", x->fact, x->code),
                   .answer = dr_sprintf(v->arena,
                                        "%s; or policy.drift.%s: warn, to leave it so",
                                        x->way_out, name)});
    return asked || policy == DR_DRIFT_WARN || policy == DR_DRIFT_IGNORE;
}

/* What a check says. One that may be behind us does not refuse while that is unknown: a
 * converged secondary whose ledger is silent for a moment holds no data of others. */
static void ask_check(struct dr_build *b, const struct dr_plan_check *k,
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
static struct dr_check_answer *answer_check(struct dr_build *b,
                                            const struct dr_plan_check *k, size_t c)
{
    struct dr_check_answer *x = dr_add_answer(b, k, c);
    ask_check(b, k, x);
    *DR_PUSH(b->v.arena, b->checks, b->check_count, b->check_room) =
        (struct dr_check_result){k, c, x->holds};
    return x;
}

/* A removal is a declaration, too: one that is older than the world gives back nothing
 * that is held for a newer one. A ledger that is lost with its cluster forbids nothing:
 * what is held stands in the primary's. */
void dr_match_removal(struct dr_build *b)
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
            dr_add_blocker(b, x);
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
void dr_match_checks(struct dr_build *b)
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
            if (!dr_scope_covers(v, k->scope, c))
                continue;
            struct dr_check_answer *x = answer_check(b, k, c);
            switch (x->holds) {
            case DR_TRUE:
                break;
            case DR_FALSE:
                x->told = is_only_told(b, x);
                if (x->told)
                    break;
                dr_add_blocker(b, x);
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

void dr_refuse_mode(struct dr_build *b)
{
    struct dr_check_answer *x = dr_add_answer(b, &dr_plan_checks[0], 0);
    ask_check(b, &dr_plan_checks[0], x);
    dr_add_blocker(b, x);
}
