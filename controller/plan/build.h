/* A plan while it is built up: what has been matched and said so far. Checks
 * (preflight.c) and rules (steps.c) are matched against one frozen view; what they find
 * is added here, and the plan points at it. Inside plan/ only. */
#ifndef DR_PLAN_BUILD_H
#define DR_PLAN_BUILD_H

#include "controller/plan/checks.h"
#include "controller/plan/rules.h"

/* What one check said, for the digest. */
struct dr_check_result {
    const struct dr_plan_check *check;
    size_t cluster;
    enum dr_truth holds;
};

struct dr_build {
    struct dr_view v;
    struct dr_plan *plan;
    size_t action_room, blocker_room, waiting_room, question_room, notice_id_room,
        notice_room, answer_room;
    struct dr_check_result *checks;
    size_t check_count, check_room;
    bool (*watched)[DR_P_COUNT]; /* by cluster: what somebody may have changed */
    bool only_discharge;
    bool only_urgent; /* the fence is closed, though something blocks all else */
    bool resetting;   /* a lost ledger is given back: nothing else can be told before */
};

/* Whether a check or a rule of that scope is about cluster c. */
bool dr_scope_covers(const struct dr_view *v, enum dr_scope scope, size_t c);

/* ---- what is said: build.c. Texts are borrowed, and live as long as the plan ---- */

/* Out: the new one, or the same that was said before. */
struct dr_waiting *dr_add_waiting(struct dr_build *b, const char *subject,
                                  const char *what, int64_t retry_ms);
/* The answer of check k about cluster c, to be filled in. */
struct dr_check_answer *dr_add_answer(struct dr_build *b, const struct dr_plan_check *k,
                                      size_t c);
void dr_add_blocker(struct dr_build *b, const struct dr_check_answer *x);
/* id: what it is about; its text alone where nothing in that moves. */
void dr_add_notice(struct dr_build *b, const char *id, const char *text);
/* An urgent one comes before all others. */
void dr_add_question(struct dr_build *b, struct dr_question q);
/* What somebody changed and drover leaves so: asked about, told or not told, as the
 * policy says. */
void dr_tell_drift(struct dr_build *b, enum dr_drift_class class, size_t c,
                   const char *what, const char *answer, bool urgent);

/* ---- what must hold: preflight.c ---- */

void dr_match_checks(struct dr_build *b);
/* Of a document that left its source. */
void dr_match_removal(struct dr_build *b);
/* Of a mode that this version does not carry out: only that is said. */
void dr_refuse_mode(struct dr_build *b);

/* ---- what is missing: steps.c ---- */

/* Whether the step of rule r on cluster c is missing. */
enum dr_truth dr_step_missing(const struct dr_view *v, const struct dr_plan_rule *r,
                              size_t c);
/* The missing steps, of which the first become ready. Out: their rule, NULL: none. */
const struct dr_plan_rule *dr_match_steps(struct dr_build *b);
/* Observed only, or paused: what is missing is shown, nothing is made ready. A document
 * that is gone pauses nothing, and neither pause nor Observe keeps GC held past the
 * hold's deadline: what drover holds is given back. A document that never managed what it
 * sees wrote nothing, nor does its removal: the hold may be another document's. */
bool dr_hands_off(const struct dr_view *v, bool discharge);

/* What a person types; TiCDC wants a body. */
#define DR_RESUME_BY_HAND "curl -d '{}' TICDC/api/v2/changefeeds/FEED/resume"
/* Such a text, with an endpoint of the TiCDC and the changefeed's id for the two words.
 */
const char *dr_by_hand(const struct dr_view *v, const char *text);

/* ---- what is owed: owed.c ---- */

/* What drover holds is given back before anything else is asked. */
bool dr_owes_first(const struct dr_view *v);
/* A feed that drover paused is resumed when what it was paused for does not go on,
 * whatever the reason is: nobody else would, and all the while it lags. */
bool dr_owes_resume(const struct dr_build *b);
/* The secondary takes writes, the policy has it closed again, something keeps drover from
 * all else, and nothing of that puts in doubt who is who: what is written there meanwhile
 * is lost for good, whatever is mended later. */
bool dr_closes_first(const struct dr_build *b);
/* What keeps drover from going on, for people. */
const char *dr_hindrance(const struct dr_build *b);

/* ---- what it is for, and how it stands: goal.c ---- */

const char *dr_goal_of(const struct dr_build *b);
void dr_set_state(struct dr_build *b);
bool dr_has_blocker(const struct dr_plan *p, const char *code);
/* Steps would be steps against what runs there, or, with a ledger or a row of it lost,
 * what is missing cannot be told: none is even shown. */
bool dr_steps_mislead(const struct dr_plan *p);

/* ---- what is worth knowing besides: notices.c ---- */

void dr_add_notices(struct dr_build *b);
/* The secondary's sink address does not answer drover; NULL: it does, or is an instance.
 */
const char *dr_sink_notice(const struct dr_view *v);
/* That the word bootstrap.giveUp does not apply; NULL: it does, or there is none. */
const char *dr_give_up_notice(const struct dr_view *v);

/* ---- of the whole ---- */

/* "protected", part by part; into p. */
void dr_protection(const struct dr_view *v, struct dr_plan *p);

/* Whether steps that somebody notices may start now; no windows: always. Out: *opens_ms
 * unix time of the next one, when not. */
bool dr_window_open(const struct dr_policy *p, int64_t wall_ms, int64_t *opens_ms);

/* Fills p->parts and p->digest from all else in p; watched: predicates that it speaks of
 * beside those that its steps ask, by cluster. Takes it. digest.c. */
void dr_plan_cover(const struct dr_view *v, struct dr_plan *p,
                   const struct dr_check_result *checks, size_t count,
                   bool (*watched)[DR_P_COUNT]);

/* Fills p->approval once the digest is known. Out: what is worth knowing of approvals
 * that are none: notes, and their count. approval.c. */
size_t dr_plan_find_approval(const struct dr_view *v, struct dr_plan *p,
                             const char ***notes);

#endif
