/* What an actor says: to whoever listens, and into the journal. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "controller/act/actor.h"
#include "controller/act/conditions.h"

void dr_actor_say(struct dr_actor *x, const struct dr_event *e)
{
    if (x->o.say)
        x->o.say(x->o.arg, e);
}

void dr_actor_note(struct dr_actor *x, enum dr_event_kind kind, const char *fmt, ...)
{
    char text[DR_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct dr_event e = {.kind = kind, .permille = -1, .text = text};
    dr_actor_say(x, &e);
    if (!x->o.journal)
        return;
    struct dr_journal_entry j = {.time_ms = x->o.wall_ms(x->o.arg),
                                 .cycle = x->round,
                                 .topology = x->o.topology->doc.metadata.name,
                                 .revision = x->o.revision,
                                 .holder = x->o.holder,
                                 .epoch = x->epoch,
                                 .text = text};
    struct dr_err ignored; /* a note is for people; a full disk stops the next intent */
    if (dr_journal_event(x->o.journal, &j, &ignored) != 0)
        return;
}

/* Where a text told by a code ends to say which situation it is ("DR-B010 east: SQL
 * 127.0.1.4:4000") and begins to say how it was met this time; of others the whole. */
static size_t situation_len(const char *text)
{
    const char *subject = strncmp(text, "DR-", 3) == 0 ? strstr(text, ": ") : NULL;
    const char *how = subject ? strstr(subject + 2, ": ") : NULL;
    return how ? (size_t)(how - text) : strlen(text);
}

static bool is_same_situation(const char *a, const char *b)
{
    size_t n = situation_len(a);
    return n == situation_len(b) && strncmp(a, b, n) == 0;
}

/* Says what changed, once. */
void dr_actor_say_changes(struct dr_actor *x, const struct dr_round *out)
{
    /* a plan that only lost the steps just made goes without saying */
    bool went_on = strcmp(x->said_goal, x->plan->goal) == 0 &&
                   x->plan->action_count <= x->said_actions;
    x->said_actions = x->plan->action_count;
    if (!went_on) {
        snprintf(x->said_goal, sizeof(x->said_goal), "%s", x->plan->goal);
        struct dr_event e = {.kind = DR_EVENT_PLAN,
                             .plan = x->plan,
                             .input = &x->input,
                             .permille = -1,
                             .text = x->plan->goal};
        dr_actor_say(x, &e);
    }
    if (is_same_situation(x->said_wait, out->text))
        return;
    snprintf(x->said_wait, sizeof(x->said_wait), "%s", out->text);
    if (!*out->text)
        return;
    struct dr_event e = {.kind = out->state == DR_ROUND_STANDBY ? DR_EVENT_STANDBY
                                                                : DR_EVENT_WAIT,
                         .permille = -1,
                         .text = out->text};
    dr_actor_say(x, &e);
}

static void record_change(struct dr_actor *x, const struct dr_change *c)
{
    struct dr_journal_entry j = {
        .time_ms = x->o.wall_ms(x->o.arg),
        .cycle = x->round,
        .topology = x->o.topology->doc.metadata.name,
        .revision = x->o.revision,
        .holder = x->o.holder,
        .epoch = x->epoch,
        .verb = c->verb,
        .target = c->code && c->subject
                      ? dr_sprintf(x->cycle, "%s %s", c->code, c->subject)
                      : c->subject,
        .text = c->text};
    struct dr_err ignored; /* as a note */
    if (x->o.journal && dr_journal_event(x->o.journal, &j, &ignored) != 0)
        return;
}

/* What began and what ended. */
void dr_actor_say_conditions(struct dr_actor *x)
{
    const struct dr_change *changes;
    if (!x->o.conditions || x->o.removed)
        return;
    size_t n = dr_conditions_look(x->o.conditions, x->plan, dr_actor_now(x),
                                  x->o.wall_ms(x->o.arg), x->cycle, &changes);
    for (size_t i = 0; i < n; i++) {
        struct dr_event e = {.kind = DR_EVENT_CHANGE,
                             .permille = -1,
                             .change = &changes[i],
                             .text = changes[i].text};
        /* what is waited for was said at once */
        bool said = changes[i].lasted_ms < 0 && *changes[i].about &&
                    is_same_situation(x->said_wait, changes[i].about);
        if (!said)
            dr_actor_say(x, &e);
        record_change(x, &changes[i]);
    }
}
