#include "controller/estate/live/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/arena.h"
#include "controller/base/buf.h"

const char *dr_live_text_clean(char *out, size_t size, const char *in)
{
    size_t n = 0;
    while (in[n] && n + 1 < size) {
        unsigned char c = (unsigned char)in[n];
        out[n] = c < 0x20 || c == 0x7f ? '?' : in[n];
        n++;
    }
    while (in[n] && n && ((unsigned char)in[n] & 0xc0) == 0x80)
        n--; /* the character would be cut: leave it out */
    out[n] = '\0';
    return out;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~", c));
}

/* Adds [s, s + len) with each byte in its one spelling; bytes of `bare` stay as they
 * are unless they were already escaped. */
static void add_encoded(struct dr_buf *b, const char *s, size_t len, const char *bare)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        bool escaped = c == '%' && i + 2 < len && hex_digit(s[i + 1]) >= 0 &&
                       hex_digit(s[i + 2]) >= 0;
        if (escaped) {
            c = (unsigned char)(hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2]));
            i += 2;
        }
        if (is_unreserved(c) || (!escaped && c && strchr(bare, c))) {
            dr_buf_addc(b, (char)c);
        } else {
            dr_buf_addc(b, '%');
            dr_buf_addc(b, digits[c >> 4]);
            dr_buf_addc(b, digits[c & 15]);
        }
    }
}

/* By name, then by value: '=' sorts before every byte that an encoded name may hold
 * except '%', '-', '.' and digits, so whole texts cannot be compared. */
static int compare_parameters(const void *pa, const void *pb)
{
    const char *a = *(const char *const *)pa, *b = *(const char *const *)pb;
    size_t na = strcspn(a, "="), nb = strcspn(b, "=");
    int c = memcmp(a, b, na < nb ? na : nb);
    if (c || na != nb)
        return c ? c : na < nb ? -1 : 1;
    return strcmp(a + na, b + nb);
}

static const char *encode_parameter(struct dr_arena *a, const char *s, size_t len)
{
    const char *eq = memchr(s, '=', len);
    size_t name_len = eq ? (size_t)(eq - s) : len;
    struct dr_buf b;
    dr_buf_init(&b, len * 3 + 2);
    add_encoded(&b, s, name_len, "");
    dr_buf_addc(&b, '=');
    if (eq)
        add_encoded(&b, eq + 1, len - name_len - 1, "");
    const char *out = dr_strdup(a, dr_buf_str(&b));
    dr_buf_release(&b);
    return out;
}

const char *dr_live_text_canonical(struct dr_arena *a, const char *target)
{
    size_t path_len = strcspn(target, "?");
    const char **parameters = NULL;
    size_t count = 0, room = 0;
    struct dr_buf b;
    dr_buf_init(&b, strlen(target) * 4 + 2);
    add_encoded(&b, target, path_len, "/");
    for (const char *p = target + path_len; *p;) {
        size_t len = strcspn(++p, "&");
        if (len)
            *DR_PUSH(a, parameters, count, room) = encode_parameter(a, p, len);
        p += len;
    }
    if (count)
        qsort(parameters, count, sizeof(*parameters), compare_parameters);
    for (size_t i = 0; i < count; i++) {
        dr_buf_addc(&b, i ? '&' : '?');
        dr_buf_adds(&b, parameters[i]);
    }
    const char *out = dr_strdup(a, dr_buf_str(&b));
    dr_buf_release(&b);
    return out;
}
