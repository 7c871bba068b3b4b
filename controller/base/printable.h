/* Bytes from outside as people may see them: nothing that moves the cursor, colours the
 * terminal or reorders the line. Pure. */
#ifndef DR_BASE_PRINTABLE_H
#define DR_BASE_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/base/arena.h"

/* True when all of it is valid UTF-8 without control characters (C0, DEL, C1, line and
 * paragraph separators, bidirectional controls, byte order mark). */
bool dr_is_printable(const char *s, size_t len);

/* The text with each byte that dr_is_printable refuses written as \xNN. More than
 * max_bytes of input are cut at a character, with "..." after it. Out: the arena's, never
 * NULL. */
char *dr_printable(struct dr_arena *a, const char *s, size_t len, size_t max_bytes);

#endif
