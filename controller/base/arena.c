#include "controller/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Chunks grow: most arenas hold one small answer, a few hold a whole look. */
enum { CHUNK_MIN = 256, CHUNK_MAX = 64 * 1024, ALIGN = 16 };

struct chunk {
    struct chunk *next;
    size_t used, room;
    _Alignas(ALIGN) unsigned char bytes[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *ptr;
};

struct dr_arena {
    struct chunk *chunks;
    struct deferred *deferred;
    size_t used, max;
    size_t next_room; /* of the next chunk */
};

_Noreturn static void die(const char *why)
{
    fprintf(stderr, "drover: fatal: %s\n", why);
    abort();
}

void *dr_xcalloc(size_t count, size_t bytes)
{
    void *p = calloc(count ? count : 1, bytes ? bytes : 1);
    if (!p)
        die("out of memory");
    return p;
}

void *dr_xrealloc(void *p, size_t bytes)
{
    void *q = realloc(p, bytes ? bytes : 1);
    if (!q)
        die("out of memory");
    return q;
}

char *dr_xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(dr_xcalloc(n, 1), s, n);
}

struct dr_arena *dr_arena_new(size_t max_bytes)
{
    struct dr_arena *a = dr_xcalloc(1, sizeof(*a));
    a->max = max_bytes ? max_bytes : (size_t)1 << 30;
    a->next_room = CHUNK_MIN;
    return a;
}

void dr_arena_reset(struct dr_arena *a)
{
    while (a->deferred) {
        struct deferred *d = a->deferred;
        a->deferred = d->next;
        d->fn(d->ptr);
        free(d);
    }
    struct chunk *keep = NULL;
    while (a->chunks) {
        struct chunk *c = a->chunks;
        a->chunks = c->next;
#ifndef DR_ARENA_DEBUG
        if (!keep && c->room <= CHUNK_MAX) { /* the newest ordinary one is the largest */
            keep = c;
            continue;
        }
#endif
        free(c);
    }
    if (keep) {
        keep->used = 0;
        keep->next = NULL;
    }
    a->chunks = keep;
    a->used = 0;
}

void dr_arena_trim(struct dr_arena *a)
{
    dr_arena_reset(a);
    free(a->chunks);
    a->chunks = NULL;
    a->next_room = CHUNK_MIN;
}

void dr_arena_free(struct dr_arena *a)
{
    if (!a)
        return;
    dr_arena_trim(a);
    free(a);
}

static struct chunk *add_chunk(struct dr_arena *a, size_t room)
{
    struct chunk *c = dr_xrealloc(NULL, sizeof(*c) + room);
    c->used = 0;
    c->room = room;
    c->next = a->chunks;
    a->chunks = c;
    return c;
}

void *dr_alloc(struct dr_arena *a, size_t bytes)
{
    size_t want = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (want < bytes || want > a->max - a->used)
        die("an arena crossed its byte limit");
    a->used += want;
#ifdef DR_ARENA_DEBUG
    struct chunk *c = add_chunk(a, bytes);
#else
    struct chunk *c = a->chunks;
    if (!c || c->room - c->used < want) {
        while (a->next_room < want && a->next_room < CHUNK_MAX)
            a->next_room *= 2;
        if (want > CHUNK_MAX / 4 && c) { /* a large piece must not waste the open chunk */
            struct chunk *big = add_chunk(a, want);
            a->chunks = c;
            big->next = c->next;
            c->next = big;
            c = big;
        } else {
            c = add_chunk(a, want > a->next_room ? want : a->next_room);
            a->next_room = a->next_room < CHUNK_MAX ? a->next_room * 2 : CHUNK_MAX;
        }
    }
#endif
    void *p = c->bytes + c->used;
    c->used += want;
    return memset(p, 0, bytes); /* only what is handed out is paid for */
}

void *dr_alloc_n(struct dr_arena *a, size_t count, size_t bytes)
{
    if (bytes && count > SIZE_MAX / bytes)
        die("an arena crossed its byte limit");
    return dr_alloc(a, count * bytes);
}

void *dr_grow(struct dr_arena *a, void *items, size_t count, size_t *room, size_t bytes)
{
    if (count < *room)
        return items;
    size_t n = *room ? *room * 2 : 8;
    void *p = dr_alloc_n(a, n, bytes);
    if (count)
        memcpy(p, items, count * bytes);
    *room = n;
    return p;
}

char *dr_strndup(struct dr_arena *a, const char *s, size_t len)
{
    char *p = dr_alloc(a, len + 1);
    if (len)
        memcpy(p, s, len);
    return p;
}

char *dr_strdup(struct dr_arena *a, const char *s)
{
    return s ? dr_strndup(a, s, strlen(s)) : NULL;
}

char *dr_vsprintf(struct dr_arena *a, const char *fmt, va_list ap)
{
    char small[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    if (n < 0)
        die("a format string is wrong");
    char *p = dr_alloc(a, (size_t)n + 1);
    if ((size_t)n < sizeof(small))
        memcpy(p, small, (size_t)n + 1);
    else
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

char *dr_sprintf(struct dr_arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *p = dr_vsprintf(a, fmt, ap);
    va_end(ap);
    return p;
}

void dr_arena_defer(struct dr_arena *a, void (*fn)(void *), void *ptr)
{
    struct deferred *d = dr_xcalloc(1, sizeof(*d));
    *d = (struct deferred){.next = a->deferred, .fn = fn, .ptr = ptr};
    a->deferred = d;
}

size_t dr_arena_used(const struct dr_arena *a)
{
    return a->used;
}
