#include "controller/estate/model/uri.h"

#include <ctype.h>
#include <string.h>

#include "controller/base/buf.h"
#include "controller/base/num.h"

enum { URI_MAX = 1 << 16 };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *dr_uri_decode(struct dr_arena *a, const char *s, size_t len, bool plus)
{
    char *out = dr_alloc(a, len + 1), *p = out;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '%' && i + 2 < len && hex_value(s[i + 1]) >= 0 &&
            hex_value(s[i + 2]) >= 0) {
            *p++ = (char)(hex_value(s[i + 1]) * 16 + hex_value(s[i + 2]));
            i += 2;
        } else
            *p++ = plus && s[i] == '+' ? ' ' : s[i];
    }
    *p = '\0';
    return out;
}

static char *lower(struct dr_arena *a, const char *s, size_t len)
{
    char *out = dr_strndup(a, s, len);
    for (char *p = out; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return out;
}

/* host, host:port, [v6], [v6]:port */
static bool parse_host(struct dr_arena *a, struct dr_uri *u, const char *s, size_t len)
{
    const char *end = s + len, *colon;
    uint64_t port;

    if (len && *s == '[') {
        const char *close = memchr(s, ']', len);
        if (!close)
            return false;
        u->host = dr_strndup(a, s + 1, (size_t)(close - s - 1));
        colon = close + 1 < end ? close + 1 : NULL;
        if (colon && *colon != ':')
            return false;
    } else {
        colon = memchr(s, ':', len);
        u->host = dr_strndup(a, s, colon ? (size_t)(colon - s) : len);
    }
    if (colon && colon + 1 < end) {
        if (!dr_parse_u64(colon + 1, (size_t)(end - colon - 1), &port) || port > 65535)
            return false;
        u->port = (uint16_t)port;
    }
    return true;
}

bool dr_uri_parse(struct dr_arena *a, struct dr_uri *out, const char *text)
{
    const char *sep = strstr(text, "://"), *rest = text;
    size_t len, at_len;
    const char *at;

    *out = (struct dr_uri){.scheme = "", .host = "", .path = ""};
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    if (sep) {
        for (const char *p = text; p < sep; p++)
            if (!isalnum((unsigned char)*p) && (p == text || !strchr("+-.", *p)))
                return false;
        out->scheme = lower(a, text, (size_t)(sep - text));
        rest = sep + 3;
        len = strcspn(rest, "/?#");
        at = NULL;
        for (size_t i = 0; i < len; i++)
            if (rest[i] == '@')
                at = rest + i;
        if (at) {
            const char *colon = memchr(rest, ':', (size_t)(at - rest));
            at_len = (size_t)((colon ? colon : at) - rest);
            out->user = dr_uri_decode(a, rest, at_len, false);
            if (colon)
                out->password =
                    dr_uri_decode(a, colon + 1, (size_t)(at - colon - 1), false);
            len -= (size_t)(at + 1 - rest);
            rest = at + 1;
        }
        if (!parse_host(a, out, rest, len))
            return false;
        rest += len;
    }
    len = strcspn(rest, "?#");
    out->path = dr_strndup(a, rest, len);
    rest += len;
    if (*rest == '?')
        out->query = dr_strndup(a, rest + 1, strcspn(rest + 1, "#"));
    return true;
}

const char *dr_uri_param(struct dr_arena *a, const struct dr_uri *u, const char *name)
{
    for (const char *p = u->query; p && *p;) {
        size_t len = strcspn(p, "&");
        const char *eq = memchr(p, '=', len);
        size_t key = eq ? (size_t)(eq - p) : len;
        if (!strcmp(dr_uri_decode(a, p, key, true), name))
            return eq ? dr_uri_decode(a, eq + 1, len - key - 1, true) : "";
        p += len + (p[len] == '&');
    }
    return NULL;
}

/* extra: reserved characters that stay as they are. Source: go: net/url shouldEscape. */
static void encode(struct dr_buf *out, const char *s, const char *extra, bool plus)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (isalnum(c) || strchr("-_.~", c) || strchr(extra, c))
            dr_buf_addc(out, (char)c);
        else if (plus && c == ' ')
            dr_buf_addc(out, '+');
        else
            dr_buf_addf(out, "%%%02X", c);
    }
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The query encoded anew, keys sorted, the value of sasl-password masked. */
static void add_masked_query(struct dr_arena *a, struct dr_buf *out, const char *query)
{
    const char **pairs = NULL;
    size_t count = 0, room = 0;

    for (const char *p = query; *p;) {
        size_t len = strcspn(p, "&");
        const char *eq = memchr(p, '=', len);
        size_t key = eq ? (size_t)(eq - p) : len;
        const char *name = dr_uri_decode(a, p, key, true);
        const char *value = eq ? dr_uri_decode(a, eq + 1, len - key - 1, true) : "";
        struct dr_buf pair;

        dr_buf_init(&pair, URI_MAX);
        encode(&pair, name, "", true);
        dr_buf_addc(&pair, '=');
        encode(&pair, strcmp(name, "sasl-password") ? value : "xxxxx", "", true);
        *DR_PUSH(a, pairs, count, room) = dr_strdup(a, dr_buf_str(&pair));
        dr_buf_release(&pair);
        p += len + (p[len] == '&');
    }
    if (count)
        qsort(pairs, count, sizeof(*pairs), by_text);
    for (size_t i = 0; i < count; i++)
        dr_buf_addf(out, "%s%s", i ? "&" : "", pairs[i]);
}

static void add_host(struct dr_buf *out, const struct dr_uri *u)
{
    dr_buf_addf(out, strchr(u->host, ':') ? "[%s]" : "%s", u->host);
    if (u->port)
        dr_buf_addf(out, ":%u", u->port);
}

const char *dr_uri_masked(struct dr_arena *a, const char *text)
{
    struct dr_uri u;
    struct dr_buf out;
    char *masked;

    if (!dr_uri_parse(a, &u, text))
        return text;
    dr_buf_init(&out, URI_MAX);
    if (*u.scheme)
        dr_buf_addf(&out, "%s://", u.scheme);
    if (u.user) {
        encode(&out, u.user, "$&+,;=", false);
        dr_buf_adds(&out, u.password ? ":xxxxx@" : "@");
    }
    add_host(&out, &u);
    dr_buf_adds(&out, u.path);
    if (u.query) {
        dr_buf_addc(&out, '?');
        if (dr_uri_param(a, &u, "sasl-password"))
            add_masked_query(a, &out, u.query);
        else
            dr_buf_adds(&out, u.query);
    }
    masked = dr_strdup(a, dr_buf_str(&out));
    dr_buf_release(&out);
    return masked;
}

const char *dr_uri_bare(struct dr_arena *a, const struct dr_uri *u)
{
    struct dr_buf out;
    char *text;

    dr_buf_init(&out, URI_MAX);
    if (*u->scheme)
        dr_buf_addf(&out, "%s://", u->scheme);
    add_host(&out, u);
    dr_buf_adds(&out, u->path);
    text = dr_strdup(a, dr_buf_str(&out));
    dr_buf_release(&out);
    return text;
}
