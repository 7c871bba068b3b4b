/* Whether a human's word stands for this plan: a row of the primary's ledger, or
 * `approvals` of the document. Time is the primary's own, as for lease and hold; a word
 * is for one digest, is used once, and ends. Absence or a ledger that is not known gives
 * none. */
#include <string.h>

#include "controller/base/tso.h"
#include "controller/plan/build.h"

struct words {
    const struct dr_view *v;
    struct dr_plan *p;
    const struct dr_ledger *primary; /* never NULL */
    uint64_t now;
    const char **notes;
    size_t count, room;
};

static void note(struct words *w, const char *text)
{
    *DR_PUSH(w->v->arena, w->notes, w->count, w->room) = text;
}

static const char *time_of(struct words *w, int64_t unix_ms)
{
    char text[DR_TIME_TEXT];
    return dr_strdup(w->v->arena, dr_time_text(unix_ms, text));
}

bool dr_plan_needs_word(const struct dr_plan *p)
{
    for (size_t i = 0; i < p->action_count; i++)
        if (p->actions[i].needs_approval)
            return true;
    return false;
}

bool dr_plan_is_dark(const struct dr_plan *p)
{
    return p->state == DR_PLAN_WAITING && p->action_count && p->actions[0].unsure;
}

bool dr_approval_names(const struct dr_approval_row *r, const struct dr_action *x)
{
    for (size_t i = 0; i < r->step_count; i++)
        if (strcmp(r->steps[i], x->id) == 0)
            return true;
    return false;
}

/* The first step that needs a word and is not among those that were approved. */
static const struct dr_action *not_meant(const struct dr_plan *p,
                                         const struct dr_approval_row *r)
{
    for (size_t i = 0; i < p->action_count; i++)
        if (p->actions[i].needs_approval && !dr_approval_names(r, &p->actions[i]))
            return &p->actions[i];
    return NULL;
}

static void stands(struct words *w, enum dr_approval_state state,
                   const struct dr_approval_row *r)
{
    w->p->approval = (struct dr_plan_approval){
        .state = state, .by = r->by, .digest = r->digest, .until = r->until};
}

/* Nothing is left to do, and that is known. Not as soon as no step needs a word: a copy
 * may have to be made once more before the end, and the word was for all of it. */
static bool is_done(const struct dr_plan *p)
{
    return !p->action_count &&
           (p->state == DR_PLAN_CONVERGED || p->state == DR_PLAN_ASKING);
}

static void read_taken(struct words *w, const struct dr_approval_row *r)
{
    const struct dr_action *x = not_meant(w->p, r);
    struct dr_arena *a = w->v->arena;
    if (strcmp(r->declaration, w->v->t->doc.meaning) != 0)
        note(w, dr_sprintf(a,
                           "the approval of plan %.12s by %s was for the document as it "
                           "was before: it allows nothing now",
                           r->digest, r->by));
    else if (x)
        note(w, dr_sprintf(a,
                           "the situation changed: the approved plan %.12s did not have "
                           "the step %s: its approval allows nothing now",
                           r->digest, x->id));
    else
        stands(w, DR_APPROVAL_TAKEN, r);
}

/* The ledger's row. */
static void read_row(struct words *w)
{
    const struct dr_approval_row *r = &w->primary->approval;
    if (!r->present)
        return;
    if (r->until <= w->now) {
        note(w, dr_sprintf(w->v->arena,
                           "the approval of plan %.12s by %s ended at %s: it is ignored",
                           r->digest, r->by, time_of(w, dr_tso_ms(r->until))));
        w->p->approval.spent = true;
    } else if (r->taken && is_done(w->p)) {
        w->p->approval.spent = true;
    } else if (r->taken) {
        read_taken(w, r);
    } else if (strcmp(r->digest, w->p->digest) == 0) {
        stands(w, DR_APPROVAL_GIVEN, r);
    } else {
        note(w, dr_sprintf(w->v->arena, "%s approved plan %.12s, which is another one",
                           r->by, r->digest));
    }
}

/* Whether any ledger says that a word for this digest was used. Unsure: not every ledger
 * is known. */
static enum dr_truth was_used(const struct words *w, const char *digest)
{
    size_t len = strlen(digest);
    enum dr_truth used = DR_FALSE;
    for (size_t c = 0; c < w->v->t->cluster_count; c++) {
        const struct dr_ledger *l = dr_view_ledger(w->v, c);
        if (!l && used == DR_FALSE)
            used = DR_UNSURE;
        for (size_t i = 0; l && i < l->consumed_count; i++)
            if (strcmp(l->consumed[i].word, DR_WORD_APPROVAL) == 0 &&
                strncmp(l->consumed[i].id, digest, len) == 0)
                used = DR_TRUE;
    }
    return used;
}

static void read_document(struct words *w, const struct dr_approval *x)
{
    bool ours = strncmp(w->p->digest, x->digest, strlen(x->digest)) == 0;
    const char *id = dr_sprintf(w->v->arena, "approvals[%.12s]", x->digest);
    bool over = x->until_unix_ms <= dr_tso_ms(w->now);
    enum dr_truth used = was_used(w, x->digest);
    if (used == DR_TRUE)
        note(w, dr_sprintf(w->v->arena, "%s was used: it can be removed", id));
    else if (over)
        note(w, dr_sprintf(w->v->arena, "%s ended at %s: it is ignored", id,
                           time_of(w, x->until_unix_ms)));
    else if (!ours && w->p->approval.state == DR_APPROVAL_NONE &&
             dr_plan_needs_word(w->p))
        note(w, dr_sprintf(w->v->arena, "%s is of another plan", id));
    else if (ours && used == DR_FALSE && w->p->approval.state == DR_APPROVAL_NONE)
        w->p->approval =
            (struct dr_plan_approval){.state = DR_APPROVAL_GIVEN,
                                      .by = "the document",
                                      .digest = w->p->digest,
                                      .until = dr_tso_make(x->until_unix_ms, 0),
                                      .document = true,
                                      .spent = w->p->approval.spent};
}

size_t dr_plan_find_approval(const struct dr_view *v, struct dr_plan *p,
                             const char ***notes)
{
    struct words w = {.v = v, .p = p, .primary = dr_view_ledger(v, v->a)};
    w.now = dr_view_facts(v, v->a)->ledger.tso;
    if (w.primary && w.now) {
        read_row(&w);
        for (size_t i = 0; i < v->t->approval_count; i++)
            read_document(&w, &v->t->approvals[i]);
    }
    *notes = w.notes;
    return w.count;
}
