#include "controller/base/printable.h"

#include <stdint.h>

#include "controller/base/buf.h"

/* Length of the UTF-8 sequence at `s` (len > 0), 0: there is none. Overlong forms,
 * surrogates and values above U+10FFFF are none. */
static size_t sequence(const char *s, size_t len, uint32_t *value)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {
        {0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    const unsigned char *u = (const unsigned char *)s;
    for (size_t n = 0; n < sizeof(forms) / sizeof(forms[0]); n++) {
        if (len < n + 1 || (u[0] & forms[n].mask) != forms[n].lead)
            continue;
        uint32_t v = u[0] & (unsigned char)~forms[n].mask;
        for (size_t i = 1; i <= n; i++) {
            if ((u[i] & 0xc0) != 0x80)
                return 0;
            v = v << 6 | (u[i] & 0x3f);
        }
        if (v < forms[n].least || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
            return 0;
        *value = v;
        return n + 1;
    }
    return 0;
}

static bool is_control(uint32_t v)
{
    static const struct {
        uint32_t from, to;
    } ranges[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},  {0x200e, 0x200f},
                  {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (v >= ranges[i].from && v <= ranges[i].to)
            return true;
    }
    return false;
}

/* Length of the printable character at `s`, 0: its first byte must be escaped. */
static size_t printable(const char *s, size_t len)
{
    uint32_t v = 0;
    size_t n = sequence(s, len, &v);
    return n && !is_control(v) ? n : 0;
}

bool dr_is_printable(const char *s, size_t len)
{
    for (size_t at = 0, n; at < len; at += n) {
        n = printable(s + at, len - at);
        if (!n)
            return false;
    }
    return true;
}

char *dr_printable(struct dr_arena *a, const char *s, size_t len, size_t max_bytes)
{
    struct dr_buf b;
    dr_buf_init(&b, max_bytes * 4 + 8);
    for (size_t at = 0; at < len;) {
        size_t n = printable(s + at, len - at);
        if (at + (n ? n : 1) > max_bytes) {
            dr_buf_adds(&b, "...");
            break;
        }
        if (n)
            dr_buf_add(&b, s + at, n);
        else
            dr_buf_addf(&b, "\\x%02X", (unsigned char)s[at]);
        at += n ? n : 1;
    }
    char *out = dr_strndup(a, dr_buf_str(&b), b.len);
    dr_buf_release(&b);
    return out;
}
