#include "controller/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/arena.h"

void dr_buf_init(struct dr_buf *b, size_t max)
{
    *b = (struct dr_buf){.max = max};
}

void dr_buf_release(struct dr_buf *b)
{
    free(b->data);
    dr_buf_init(b, b->max);
}

void dr_buf_clear(struct dr_buf *b)
{
    b->len = 0;
    b->overflow = false;
    if (b->data)
        b->data[0] = '\0';
}

void dr_buf_add(struct dr_buf *b, const void *bytes, size_t len)
{
    if (len > b->max - b->len) {
        b->overflow = true;
        len = b->max - b->len;
    }
    if (b->len + len + 1 > b->room) {
        size_t room = b->room ? b->room : 64;
        while (room < b->len + len + 1)
            room *= 2;
        b->data = dr_xrealloc(b->data, room);
        b->room = room;
    }
    if (len)
        memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void dr_buf_adds(struct dr_buf *b, const char *s)
{
    dr_buf_add(b, s, strlen(s));
}

void dr_buf_addc(struct dr_buf *b, char c)
{
    if (b->len + 1 >= b->room || b->len >= b->max) {
        dr_buf_add(b, &c, 1);
        return;
    }
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

void dr_buf_vaddf(struct dr_buf *b, const char *fmt, va_list ap)
{
    char small[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    if (n >= 0 && (size_t)n < sizeof(small)) {
        dr_buf_add(b, small, (size_t)n);
    } else if (n >= 0) {
        char *big = dr_xcalloc((size_t)n + 1, 1);
        vsnprintf(big, (size_t)n + 1, fmt, again);
        dr_buf_add(b, big, (size_t)n);
        free(big);
    }
    va_end(again);
}

void dr_buf_addf(struct dr_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    dr_buf_vaddf(b, fmt, ap);
    va_end(ap);
}

void dr_buf_pad(struct dr_buf *b, char c, size_t count)
{
    while (count--)
        dr_buf_addc(b, c);
}

const char *dr_buf_str(const struct dr_buf *b)
{
    return b->data ? b->data : "";
}

void dr_buf_wrap(struct dr_buf *out, const char *text, unsigned indent)
{
    enum { WIDTH = 88 };
    size_t column = 0;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (column && column + 1 + len > WIDTH - indent) {
            dr_buf_addc(out, '\n');
            column = 0;
        }
        if (column)
            dr_buf_addc(out, ' ');
        else
            dr_buf_pad(out, ' ', indent);
        dr_buf_add(out, text, len);
        column += len + (column != 0);
        text += len + (text[len] == ' ');
    }
    dr_buf_addc(out, '\n');
}
