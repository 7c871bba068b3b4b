/* Refusals wait in a queue of their own and are handed out before anything else; their
 * tickets have the top bit, so that they never meet those of the inner estate. */
#include "controller/estate/guard.h"

#include <stdlib.h>
#include <string.h>

#include "controller/base/arena.h"

#define OWN_TICKET (UINT64_C(1) << 63)

struct refusal {
    struct refusal *next;
    uint64_t ticket;
    enum dr_call_kind kind;
};

struct guard {
    struct dr_estate face; /* first: the estate is the guard */
    struct dr_estate *inner;
    const char *reason;
    bool open;
    uint64_t refused;
    struct refusal *first, **last;
};

static void guard_submit(struct dr_estate *e, const struct dr_call *call,
                         uint64_t *ticket)
{
    struct guard *g = (struct guard *)e;
    if (g->open || !dr_call_rows[call->kind].mutates) {
        g->inner->submit(g->inner, call, ticket);
        return;
    }
    struct refusal *r = dr_xcalloc(1, sizeof(*r));
    *ticket = r->ticket = OWN_TICKET | ++g->refused;
    r->kind = call->kind;
    *g->last = r;
    g->last = &r->next;
}

static bool guard_wait(struct dr_estate *e, int64_t until_ms, struct dr_reply *out)
{
    struct guard *g = (struct guard *)e;
    struct refusal *r = g->first;
    if (!r)
        return g->inner->wait(g->inner, until_ms, out);
    memset(out, 0, sizeof(*out));
    out->ticket = r->ticket;
    out->outcome = DR_REFUSED;
    (void)dr_fail(&out->err, DR_E_CANCELLED, "%s not sent: %s",
                  dr_call_rows[r->kind].name, g->reason);
    g->first = r->next;
    if (!g->first)
        g->last = &g->first;
    free(r);
    return true;
}

static int64_t guard_now(struct dr_estate *e)
{
    struct guard *g = (struct guard *)e;
    return g->inner->now_ms(g->inner);
}

static void guard_free(struct dr_estate *e)
{
    struct guard *g = (struct guard *)e;
    while (g->first) {
        struct refusal *next = g->first->next;
        free(g->first);
        g->first = next;
    }
    free(g);
}

struct dr_estate *dr_guard_new(struct dr_estate *inner, const char *reason)
{
    struct guard *g = dr_xcalloc(1, sizeof(*g));
    g->face = (struct dr_estate){guard_submit, guard_wait, guard_now, guard_free};
    g->inner = inner;
    g->reason = reason;
    g->last = &g->first;
    return &g->face;
}

void dr_guard_open(struct dr_estate *guard, bool open)
{
    ((struct guard *)guard)->open = open;
}

uint64_t dr_guard_refused(const struct dr_estate *guard)
{
    return ((const struct guard *)guard)->refused;
}
