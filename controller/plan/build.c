#include "controller/plan/build.h"

#include <string.h>

bool dr_scope_covers(const struct dr_view *v, enum dr_scope scope, size_t c)
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

struct dr_waiting *dr_add_waiting(struct dr_build *b, const char *subject,
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

struct dr_check_answer *dr_add_answer(struct dr_build *b, const struct dr_plan_check *k,
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

void dr_add_blocker(struct dr_build *b, const struct dr_check_answer *x)
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

void dr_add_notice(struct dr_build *b, const char *id, const char *text)
{
    struct dr_plan *p = b->plan;
    size_t count = p->notice_count;
    *DR_PUSH(b->v.arena, p->notice_ids, count, b->notice_id_room) = id;
    *DR_PUSH(b->v.arena, p->notices, p->notice_count, b->notice_room) = text;
}

void dr_add_question(struct dr_build *b, struct dr_question q)
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

void dr_tell_drift(struct dr_build *b, enum dr_drift_class class, size_t c,
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
        dr_add_notice(
            b, dr_sprintf(v->arena, "%s %.12s %s", name, what, dr_view_name(v, c)),
            dr_sprintf(v->arena, "%s: %s (policy.drift.%s is %s)", dr_view_name(v, c),
                       what, name, dr_drift_action_name(policy)));
        break;
    case DR_DRIFT_ASK:
        dr_add_question(
            b, (struct dr_question){
                   .subject = dr_view_name(v, c),
                   .what = what,
                   .answer = dr_sprintf(v->arena,
                                        "%s; or policy.drift.%s: warn, to leave it so",
                                        answer, name),
                   .key = name,
                   .urgent = urgent});
        break;
    }
}
