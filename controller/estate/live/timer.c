#include "controller/estate/live/machine.h"

static void place(struct timers *h, size_t slot, struct timer *t)
{
    h->heap[slot - 1] = t;
    t->slot = slot;
}

static void sift_up(struct timers *h, size_t slot, struct timer *t)
{
    while (slot > 1 && h->heap[slot / 2 - 1]->at_ms > t->at_ms) {
        place(h, slot, h->heap[slot / 2 - 1]);
        slot /= 2;
    }
    place(h, slot, t);
}

static void sift_down(struct timers *h, size_t slot, struct timer *t)
{
    for (size_t child; (child = slot * 2) <= h->count; slot = child) {
        if (child < h->count && h->heap[child]->at_ms < h->heap[child - 1]->at_ms)
            child++;
        if (h->heap[child - 1]->at_ms >= t->at_ms)
            break;
        place(h, slot, h->heap[child - 1]);
    }
    place(h, slot, t);
}

void dr_live_timer_stop(struct dr_live *l, struct timer *t)
{
    struct timers *h = &l->timers;
    size_t slot = t->slot;
    if (!slot)
        return;
    struct timer *last = h->heap[--h->count];
    t->slot = 0;
    if (last == t)
        return;
    if (slot > 1 && h->heap[slot / 2 - 1]->at_ms > last->at_ms)
        sift_up(h, slot, last);
    else
        sift_down(h, slot, last);
}

void dr_live_timer_set(struct dr_live *l, struct timer *t, int64_t at_ms)
{
    struct timers *h = &l->timers;
    dr_live_timer_stop(l, t);
    t->at_ms = at_ms;
    if (h->count == h->room) {
        h->room = h->room ? h->room * 2 : 64;
        h->heap = dr_xrealloc(h->heap, h->room * sizeof(struct timer *));
    }
    sift_up(h, ++h->count, t);
}

int64_t dr_live_timers_run(struct dr_live *l, int64_t now_ms)
{
    struct timers *h = &l->timers;
    while (h->count && h->heap[0]->at_ms <= now_ms) {
        struct timer *t = h->heap[0];
        dr_live_timer_stop(l, t);
        t->fire(l, t);
    }
    return h->count ? h->heap[0]->at_ms : INT64_MAX;
}
