/* Rules: what is missing, and the step that makes it; one row each (rules.c), in the
 * order of the steps. Inside plan/ only. */
#ifndef DR_PLAN_RULES_H
#define DR_PLAN_RULES_H

#include "controller/plan/predicates.h"

struct dr_plan_rule {
    uint16_t id;
    const char *concern, *name;
    enum dr_scope scope;
    enum dr_predicate past;     /* true: the step is behind us, whatever `done` says */
    enum dr_predicate done;     /* false: the step is missing */
    enum dr_predicate wait;     /* true: it runs already, wait for it */
    enum dr_predicate needs[5]; /* all true, or the step waits; ends with DR_P_NONE */
    bool (*wanted)(const struct dr_view *v); /* NULL: always */
    unsigned
        only;  /* enum dr_way bits: asked only then, until the feed is made; 0: always */
    bool asks; /* needs an approval where the secondary may have been written to */
    /* Completes action->call and ->what; only called when the step is next. */
    void (*emit)(const struct dr_view *v, size_t c, struct dr_action *action);
    enum dr_risk risk;
    bool gives_up; /* also while a generation is given up, when nothing else is */
    bool goes_on;  /* follows where a removed feed is made anew, and is shown with it */
    bool resets;   /* also while a lost ledger is given back, when nothing else is */
    bool keeps_books;   /* its row says who is drover's and on what all agree, no more */
    uint16_t calls_for; /* rule whose step it may call for: approved together with it */
    bool discharges;    /* also when the document left its source */
    bool owed; /* only then, or when nothing else can be done: it ends what drover
                * began, and asks for no word */
    /* Once the feed is made, what somebody changed is put right only with `correct`. */
    bool is_drift;
    enum dr_drift_class drift;
    /* What is said of it then, NULL: nothing; where there is no function, that `done` is
     * no longer true. */
    const char *(*tell)(const struct dr_view *v, size_t c);
    /* How a person does it, "FEED" is the changefeed's id; NULL: not said. */
    const char *by_hand;
    bool urgent; /* told first, and whatever else blocks */
    int64_t predicted_ms;
    /* Sets action->predicted and ->predicted_ms, or ->what; NULL: the row says it. */
    void (*predict)(const struct dr_view *v, struct dr_action *action);
    const char *what; /* "%s" is the subject */
    const char *why, *precondition, *expect, *undo;
};
extern const struct dr_plan_rule dr_plan_rules[]; /* ends with id 0 */

/* NULL: none has that id. */
const struct dr_plan_rule *dr_rule_of(uint16_t id);

/* ---- what is put right and undone, again and again: fights.c ---- */

/* Whether the rule's step, now, puts right what somebody changed. Out: the rule that
 * stands for the whole deed, and the class of drift. */
bool dr_rule_corrects(const struct dr_view *v, const struct dr_plan_rule *r,
                      uint16_t *deed, enum dr_drift_class *class);
/* The fight because of which the rule's step is left out; NULL: none. */
const struct dr_fight *dr_view_fight(const struct dr_view *v,
                                     const struct dr_plan_rule *r, size_t c);
/* The class of the first fight about cluster c; false: there is none. */
bool dr_fight_class(const struct dr_view *v, size_t c, enum dr_drift_class *class);

#endif
