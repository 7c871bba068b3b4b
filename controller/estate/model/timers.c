/* The virtual clock's queue and the model's string pool. The queue is a binary heap by
 * (time, order of asking), so that events of one moment always run in the same order. */
#include "controller/estate/model/timers.h"

#include <string.h>

#include "controller/base/arena.h"

struct event {
    int64_t at_ms;
    uint64_t id;
    void (*fn)(struct dr_model *, void *, uint64_t);
    void *arg;
    uint64_t n;
};

struct dr_timers {
    struct event *heap;
    size_t count, room;
    uint64_t next_id;
};

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->id < b->id;
}

static void swap(struct event *a, struct event *b)
{
    struct event t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct dr_timers *q, size_t i)
{
    while (i && before(&q->heap[i], &q->heap[(i - 1) / 2])) {
        swap(&q->heap[i], &q->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static void sift_down(struct dr_timers *q, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < q->count && before(&q->heap[child], &q->heap[least]))
                least = child;
        if (least == i)
            return;
        swap(&q->heap[i], &q->heap[least]);
        i = least;
    }
}

static struct event take(struct dr_timers *q, size_t i)
{
    struct event e = q->heap[i];
    q->heap[i] = q->heap[--q->count];
    if (i < q->count) {
        sift_up(q, i);
        sift_down(q, i);
    }
    return e;
}

struct dr_timers *dr_timers_new(void)
{
    struct dr_timers *q = dr_xcalloc(1, sizeof(*q));
    q->next_id = 1;
    return q;
}

void dr_timers_free(struct dr_timers *q)
{
    if (!q)
        return;
    free(q->heap);
    free(q);
}

uint64_t dr_model_at(struct dr_model *m, int64_t at_ms,
                     void (*fn)(struct dr_model *m, void *arg, uint64_t n), void *arg,
                     uint64_t n)
{
    struct dr_timers *q = m->timers;
    if (q->count == q->room) {
        q->room = q->room ? q->room * 2 : 32;
        q->heap = dr_xrealloc(q->heap, q->room * sizeof(*q->heap));
    }
    if (at_ms < m->now_ms)
        at_ms = m->now_ms;
    q->heap[q->count] = (struct event){at_ms, q->next_id, fn, arg, n};
    sift_up(q, q->count++);
    return q->next_id++;
}

void dr_model_cancel(struct dr_model *m, uint64_t id)
{
    struct dr_timers *q = m->timers;
    for (size_t i = 0; id && i < q->count; i++) {
        if (q->heap[i].id == id) {
            take(q, i);
            return;
        }
    }
}

int64_t dr_model_next_ms(const struct dr_model *m)
{
    return m->timers->count ? m->timers->heap[0].at_ms : INT64_MAX;
}

void dr_model_advance(struct dr_model *m, int64_t to_ms)
{
    struct dr_timers *q = m->timers;
    while (q->count && q->heap[0].at_ms <= to_ms) {
        struct event e = take(q, 0);
        if (e.at_ms > m->now_ms)
            m->now_ms = e.at_ms;
        e.fn(m, e.arg, e.n);
    }
    if (to_ms > m->now_ms)
        m->now_ms = to_ms;
}

/* ---- strings: open addressing, FNV-1a; entries live in the model's arena ---- */

struct dr_strings {
    const char **slots;
    size_t count, room; /* room: a power of two */
};

static uint64_t hash_of(const char *s, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    return h;
}

struct dr_strings *dr_strings_new(void)
{
    struct dr_strings *p = dr_xcalloc(1, sizeof(*p));
    p->room = 256;
    p->slots = dr_xcalloc(p->room, sizeof(*p->slots));
    return p;
}

void dr_strings_free(struct dr_strings *p)
{
    if (!p)
        return;
    free(p->slots);
    free(p);
}

static void grow_strings(struct dr_strings *p)
{
    size_t old = p->room;
    const char **slots = p->slots;
    p->room *= 2;
    p->slots = dr_xcalloc(p->room, sizeof(*p->slots));
    for (size_t i = 0; i < old; i++) {
        if (!slots[i])
            continue;
        size_t at = hash_of(slots[i], strlen(slots[i])) & (p->room - 1);
        while (p->slots[at])
            at = (at + 1) & (p->room - 1);
        p->slots[at] = slots[i];
    }
    free(slots);
}

const char *dr_model_string(struct dr_model *m, const char *s, size_t len)
{
    struct dr_strings *p = m->strings;
    if (p->count * 2 >= p->room)
        grow_strings(p);
    size_t at = hash_of(s, len) & (p->room - 1);
    for (; p->slots[at]; at = (at + 1) & (p->room - 1))
        if (strncmp(p->slots[at], s, len) == 0 && !p->slots[at][len])
            return p->slots[at];
    p->count++;
    return p->slots[at] = dr_strndup(m->arena, s, len);
}
