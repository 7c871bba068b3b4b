/* A growing byte string with a mandatory maximum. Appending past the maximum sets
 * `overflow` and drops the rest; the writer checks once at the end. */
#ifndef DR_BASE_BUF_H
#define DR_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/base/err.h"

struct dr_buf {
    char *data; /* always NUL-terminated once anything was appended; owned */
    size_t len, room, max;
    bool overflow;
};

void dr_buf_init(struct dr_buf *b, size_t max);
void dr_buf_release(struct dr_buf *b); /* frees, leaves an empty usable buffer */
void dr_buf_clear(struct dr_buf *b);   /* keeps the memory */
void dr_buf_add(struct dr_buf *b, const void *bytes, size_t len);
void dr_buf_adds(struct dr_buf *b, const char *s);
void dr_buf_addc(struct dr_buf *b, char c);
void dr_buf_addf(struct dr_buf *b, const char *fmt, ...) DR_PRINTF(2, 3);
void dr_buf_vaddf(struct dr_buf *b, const char *fmt, va_list ap);
void dr_buf_pad(struct dr_buf *b, char c, size_t count);
/* Words, in lines of at most 88 characters, each indented; ends with a line feed. */
void dr_buf_wrap(struct dr_buf *b, const char *text, unsigned indent);
const char *dr_buf_str(const struct dr_buf *b); /* never NULL; borrowed */

#endif
