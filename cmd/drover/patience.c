#include "cmd/drover/patience.h"

#include "controller/base/num.h"

enum { GAP_FIRST_MS = 5000, GAP_LAST_MS = 60000 };

enum kind { NOTHING, LEASE, FACT, FAILURE, COPY, PREDICATE };

void dr_patience_begin(struct dr_patience *p, int64_t now_ms)
{
    p->kind = NOTHING;
    p->is_stuck = false;
    p->moved_ms = now_ms;
}

static enum kind kind_of(const struct dr_round *r)
{
    return r->state == DR_ROUND_STANDBY   ? LEASE
           : r->state != DR_ROUND_WAITING ? NOTHING
           : r->blind                     ? FACT
           : r->failing                   ? FAILURE
           : r->runs                      ? COPY
                                          : PREDICATE;
}

/* What keeps it, one line without an end. */
static void add_cause(const struct dr_round *r, enum kind kind, struct dr_buf *say)
{
    char text[DR_DURATION_TEXT];
    dr_buf_adds(say, r->text);
    if (kind == LEASE)
        dr_buf_addf(say, " for another %s, unless it renews it",
                    dr_duration_short(r->lease_left_ms, text));
}

static void remind(struct dr_patience *p, const struct dr_round *r, enum kind kind,
                   int64_t now_ms, int64_t since_ms, int64_t limit_ms, struct dr_buf *say)
{
    char text[DR_DURATION_TEXT];
    bool first = p->kind != (int)kind;
    if (!first && now_ms - p->said_ms < p->gap_ms)
        return;
    p->gap_ms = first                         ? GAP_FIRST_MS
                : p->gap_ms * 2 < GAP_LAST_MS ? p->gap_ms * 2
                                              : GAP_LAST_MS;
    p->said_ms = now_ms;
    dr_buf_adds(say, kind == LEASE ? "standby " : "wait    ");
    if (kind == FAILURE) /* the end of the step has said why */
        dr_buf_addf(say, "tries again in %s", dr_duration_short(r->again_ms, text));
    else
        add_cause(r, kind, say);
    if (r->hopeless) {
        dr_buf_adds(say, " (no waiting helps here; asked once more)\n");
        return;
    }
    dr_buf_addf(say, " (%s%s", kind == FAILURE ? "it fails for " : "for ",
                dr_duration_short(now_ms - since_ms, text));
    if (limit_ms >= 0)
        dr_buf_addf(say, "; given up after %s", dr_duration_text(limit_ms, text));
    dr_buf_addf(say, "%s)\n", kind == LEASE ? "; --take takes over at once" : "");
}

static int give_up(const struct dr_round *r, enum kind kind, int64_t elapsed_ms,
                   struct dr_buf *say)
{
    static const char *const hints[] = {
        [LEASE] = "--take takes over at once; --wait DURATION waits longer",
        [FACT] = "--wait DURATION waits longer",
        [FAILURE] = "mend the cause, then run it again: it goes on with this step; "
                    "--give-up-after DURATION sets how long a step is tried",
        [PREDICATE] = "run it again: it goes on where it is; --give-up-after DURATION "
                      "sets how long it waits"};
    char text[DR_DURATION_TEXT];
    if (r->hopeless > 1)
        dr_buf_adds(say, "stopped: ");
    else
        dr_buf_addf(say, "gave up after %s: ", dr_duration_short(elapsed_ms, text));
    add_cause(r, kind, say);
    dr_buf_addf(say, "\n  hint: %s\n",
                r->hopeless > 1
                    ? "no waiting helps here: mend it, then run it again; it goes "
                      "on where it is"
                    : hints[kind]);
    return kind == FAILURE ? DR_EXIT_ERROR : DR_EXIT_BLOCKED;
}

static int go_on_waiting(struct dr_patience *p, const struct dr_round *r, int64_t now_ms,
                         struct dr_buf *say)
{
    enum kind kind = kind_of(r);
    bool outside = kind == LEASE || kind == FACT;
    if (!outside)
        p->moved_ms = now_ms;
    if (!outside && !p->is_stuck)
        p->stuck_ms = now_ms;
    /* how long a copy takes is for the data to say */
    p->is_stuck = (p->is_stuck || !outside) && kind != COPY;
    if (p->kind != (int)kind)
        p->kind_ms = now_ms;
    int64_t since_ms = outside ? p->moved_ms : kind == COPY ? p->kind_ms : p->stuck_ms;
    int64_t limit_ms = outside                         ? p->wait_ms
                       : p->give_up_ms && kind != COPY ? p->give_up_ms
                                                       : -1;
    if ((kind == FACT && r->hopeless > 1) ||
        (limit_ms >= 0 && now_ms - since_ms >= limit_ms))
        return give_up(r, kind, now_ms - since_ms, say);
    remind(p, r, kind, now_ms, since_ms, limit_ms, say);
    p->kind = (int)kind;
    return -1;
}

static int blocked(const struct dr_round *r, struct dr_buf *say)
{
    dr_buf_addf(say, "blocked: %s\n", r->text);
    for (size_t i = 0; i < r->plan->blocker_count; i++) {
        const struct dr_blocker *x = &r->plan->blockers[i];
        if (i)
            dr_buf_addf(say, "  and %s %s: %s\n", x->code, x->subject, x->fact);
        dr_buf_addf(say, "  way out: %s\n", x->way_out);
    }
    return DR_EXIT_BLOCKED;
}

static int unapproved(const struct dr_patience *p, const struct dr_round *r,
                      struct dr_buf *say)
{
    dr_buf_addf(say, "stopped: %s\n", r->text);
    for (size_t i = 0; i < r->plan->notice_count; i++)
        dr_buf_addf(say, "  note: %s\n", r->plan->notices[i]);
    if (r->plan->action_count)
        dr_buf_addf(
            say, "  way out: if that is meant, drover apply --yes --approve %.12s %s\n",
            r->plan->digest, p->where);
    return DR_EXIT_BLOCKED;
}

int dr_patience_judge(struct dr_patience *p, const struct dr_round *r, int64_t now_ms,
                      struct dr_buf *say)
{
    switch (r->state) {
    case DR_ROUND_CONVERGED:
        dr_buf_addf(say, "nothing is left to do%s\n",
                    r->plan->is_protected == DR_TRUE
                        ? ": protected"
                        : "; whether it is protected: drover status");
        return DR_EXIT_OK;
    case DR_ROUND_MOVED:
        dr_patience_begin(p, now_ms);
        return -1;
    case DR_ROUND_WAITING:
    case DR_ROUND_STANDBY:
        return go_on_waiting(p, r, now_ms, say);
    case DR_ROUND_BLOCKED:
        return blocked(r, say);
    case DR_ROUND_UNAPPROVED:
        return unapproved(p, r, say);
    case DR_ROUND_STOPPED:
        dr_buf_adds(say, "stopped on request; run it again to go on where it is\n");
        return DR_EXIT_INTERRUPTED;
    }
    return -1;
}
