/* A source text and places in it: what diagnostics need to quote a line and point at a
 * word. Columns count characters, as libyaml's marks do; carets need display columns,
 * because a wide character takes two cells. */
#ifndef DR_SPEC_TEXT_H
#define DR_SPEC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"

/* A stretch of one line: 1-based line and column, width in characters (at least 1). */
struct dr_span {
    uint32_t line, column, width;
};

/* Bytes and name are borrowed and must outlive it. */
struct dr_source {
    const char *name;
    const char *bytes;
    size_t len;
    uint32_t order;        /* position among the sources of one run */
    uint32_t *line_starts; /* byte offset of each line, made at the first question */
    size_t line_count, line_room;
    struct {
        uint32_t line, column;
        size_t byte;
    } last; /* where the last walk along a line ended: keeps many questions linear */
    size_t findings; /* reported so far */
    bool gave_up;    /* the limit of findings was reached */
    bool cut;        /* reading stopped before the text's end */
};

/* Reads the character at *p (p < end) and moves past it. False: not UTF-8, *p unmoved. */
bool dr_utf8_next(const char **p, const char *end, uint32_t *c);
/* Writes a code point that is a character (no surrogate, at most 0x10ffff). Out: bytes,
 * at most 4. */
size_t dr_utf8_put(char *out, uint32_t c);

/* True for characters that no document may hold, raw or escaped: controls, line
 * separators that editors do not show, bidirectional overrides and marks, noncharacters.
 * Tab and line feed are allowed. */
bool dr_char_refused(uint32_t c);

/* The part of a line worth showing: at most `cells` wide, around the span. What stands
 * after a key or parameter that names a secret is shown as asterisks, so that a secret
 * written where a reference belongs does not travel further. Out: the text
 * (tabs as spaces; "..." where it was cut) of the arena, where the caret stands and how
 * wide it is, in cells. */
const char *dr_source_excerpt(struct dr_arena *a, struct dr_source *s,
                              const struct dr_span *at, unsigned cells, uint32_t *caret,
                              uint32_t *caret_cells);

#endif
