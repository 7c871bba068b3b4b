/* Most JSON that comes here is plain: texts of printable ASCII without escapes,
 * integers of 64 bits. That is read in one pass; the first byte of anything else leaves
 * it to the library, so that what is valid JSON is decided there alone. */
#include "controller/base/json_plain.h"

#include <string.h>

enum { DEPTH_MAX = 128 };

struct reader {
    const char *at, *end;
    unsigned depth;
};

static json_t *value(struct reader *r);

static char peek(struct reader *r)
{
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
    return r->at < r->end ? *r->at : '\0';
}

static bool take(struct reader *r, char c)
{
    if (peek(r) != c)
        return false;
    r->at++;
    return true;
}

/* The bytes of a text; NULL: it is not a plain one. */
static const char *text(struct reader *r, size_t *len)
{
    if (!take(r, '"'))
        return NULL;
    const char *begin = r->at;
    while (r->at < r->end && *r->at >= ' ' && *r->at < 0x7f && *r->at != '"' &&
           *r->at != '\\')
        r->at++;
    if (r->at == r->end || *r->at != '"')
        return NULL;
    *len = (size_t)(r->at++ - begin);
    return begin;
}

static json_t *number(struct reader *r)
{
    bool minus = *r->at == '-';
    const char *begin = r->at += minus;
    int64_t n = 0;
    bool fits = true;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        fits = fits && !__builtin_mul_overflow(n, 10, &n) &&
               !__builtin_add_overflow(n, *r->at - '0', &n);
    size_t digits = (size_t)(r->at - begin);
    bool more = r->at < r->end && (*r->at == '.' || *r->at == 'e' || *r->at == 'E');
    if (!digits || !fits || more || (digits > 1 && *begin == '0') || (minus && !n))
        return NULL;
    return json_integer(minus ? -n : n);
}

static json_t *word(struct reader *r)
{
    static const struct {
        const char *text;
        json_t *(*make)(void);
    } words[] = {{"true", json_true}, {"false", json_false}, {"null", json_null}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i].text);
        if ((size_t)(r->end - r->at) >= len && memcmp(r->at, words[i].text, len) == 0) {
            r->at += len;
            return words[i].make();
        }
    }
    return NULL;
}

static bool members(struct reader *r, json_t *o)
{
    if (take(r, '}'))
        return true;
    do {
        size_t len = 0;
        const char *key = text(r, &len);
        if (!key || !take(r, ':') || json_object_getn(o, key, len))
            return false;
        json_t *v = value(r);
        if (!v || json_object_setn_new_nocheck(o, key, len, v) != 0)
            return false;
    } while (take(r, ','));
    return take(r, '}');
}

static bool items(struct reader *r, json_t *list)
{
    if (take(r, ']'))
        return true;
    do {
        json_t *v = value(r);
        if (!v || json_array_append_new(list, v) != 0)
            return false;
    } while (take(r, ','));
    return take(r, ']');
}

static json_t *container(struct reader *r, bool object)
{
    if (++r->depth > DEPTH_MAX)
        return NULL;
    r->at++;
    json_t *v = object ? json_object() : json_array();
    if (!(object ? members(r, v) : items(r, v))) {
        json_decref(v);
        return NULL;
    }
    r->depth--;
    return v;
}

static json_t *value(struct reader *r)
{
    size_t len = 0;
    const char *s;
    char c = peek(r);
    if (c == '{' || c == '[')
        return container(r, c == '{');
    if (c == '"')
        return (s = text(r, &len)) != NULL ? json_stringn_nocheck(s, len) : NULL;
    return c == '-' || (c >= '0' && c <= '9') ? number(r) : word(r);
}

json_t *dr_json_plain(const char *bytes, size_t len)
{
    struct reader r = {.at = bytes, .end = bytes + len};
    json_t *v = len ? value(&r) : NULL;
    (void)peek(&r);
    if (v && r.at != r.end) {
        json_decref(v);
        return NULL;
    }
    return v;
}
