/* Memory by lifetime: everything taken from an arena dies with it, at once. Out of
 * memory aborts; crossing the arena's byte limit aborts too, because every byte source
 * has a smaller limit of its own. With -DDR_ARENA_DEBUG each piece is its own malloc,
 * so that ASan sees a pointer kept past the reset. */
#ifndef DR_BASE_ARENA_H
#define DR_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "controller/base/err.h"

struct dr_arena;

/* An owned, empty arena. max_bytes 0: 1 GiB. */
struct dr_arena *dr_arena_new(size_t max_bytes);
void dr_arena_free(struct dr_arena *a); /* NULL is fine */

/* Frees all pieces and runs the deferred calls, last first; the arena stays usable. */
void dr_arena_reset(struct dr_arena *a);

/* .. and gives the memory back that a reset keeps for the next time. */
void dr_arena_trim(struct dr_arena *a);

/* Zeroed, aligned for any type; never NULL. */
void *dr_alloc(struct dr_arena *a, size_t bytes);
void *dr_alloc_n(struct dr_arena *a, size_t count, size_t bytes);
#define DR_NEW(a, type)      ((type *)dr_alloc((a), sizeof(type)))
#define DR_NEW_N(a, n, type) ((type *)dr_alloc_n((a), (n), sizeof(type)))

char *dr_strdup(struct dr_arena *a, const char *s); /* NULL gives NULL */
char *dr_strndup(struct dr_arena *a, const char *s, size_t len);
char *dr_sprintf(struct dr_arena *a, const char *fmt, ...) DR_PRINTF(2, 3);
char *dr_vsprintf(struct dr_arena *a, const char *fmt, va_list ap);

/* Runs fn(ptr) at the next reset or free: for foreign handles. */
void dr_arena_defer(struct dr_arena *a, void (*fn)(void *), void *ptr);

/* Bytes handed out since the last reset. */
size_t dr_arena_used(const struct dr_arena *a);

/* An arena-backed growing array: `items` must be a pointer lvalue, `count` and `room`
 * size_t lvalues. Evaluates to a pointer to a new zeroed item. */
#define DR_PUSH(a, items, count, room)                                                   \
    ((items) = dr_grow((a), (items), (count), &(room), sizeof(*(items))),                \
     &(items)[(count)++])
void *dr_grow(struct dr_arena *a, void *items, size_t count, size_t *room, size_t bytes);

/* malloc family that aborts instead of failing. */
void *dr_xcalloc(size_t count, size_t bytes);
void *dr_xrealloc(void *p, size_t bytes);
char *dr_xstrdup(const char *s);

#endif
