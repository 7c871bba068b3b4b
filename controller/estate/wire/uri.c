#include "controller/estate/wire/uri.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/facts/call.h"

static bool unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

void dr_uri_encode(struct dr_buf *out, const char *bytes, size_t len, const char *keep)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (unreserved(bytes[i]) || (c && strchr(keep, c))) {
            dr_buf_addc(out, bytes[i]);
        } else {
            char text[3] = {'%', hex[c >> 4], hex[c & 15]};
            dr_buf_add(out, text, 3);
        }
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL: a broken escape, or an encoded NUL. */
static char *decode(struct dr_arena *a, const char *s, size_t len, bool plus)
{
    char *out = dr_alloc(a, len + 1), *p = out;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '%') {
            int high = i + 2 < len ? hex_value(s[i + 1]) : -1;
            int low = high >= 0 ? hex_value(s[i + 2]) : -1;
            if (low < 0 || !(high | low))
                return NULL;
            *p++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *p++ = plus && s[i] == '+' ? ' ' : s[i];
        }
    }
    return out;
}

static void lower(char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            *s |= 32;
}

static bool parse_host(struct dr_arena *a, struct dr_wire_uri *out, const char *s,
                       size_t len)
{
    const char *colon = NULL;
    uint64_t port = 0;
    if (len && s[0] == '[') {
        const char *close = memchr(s, ']', len);
        if (!close)
            return false;
        colon = (size_t)(close - s) + 1 < len ? close + 1 : NULL;
        if (colon && *colon != ':')
            return false;
        out->host = dr_strndup(a, s + 1, (size_t)(close - s) - 1);
    } else {
        colon = memrchr(s, ':', len);
        char *host = decode(a, s, colon ? (size_t)(colon - s) : len, false);
        if (!host)
            return false;
        lower(host);
        out->host = host;
    }
    if (colon && colon + 1 < s + len &&
        (!dr_parse_u64(colon + 1, (size_t)(s + len - colon) - 1, &port) || port > 65535))
        return false;
    out->port = (uint16_t)port;
    return true;
}

static int by_name(const void *x, const void *y)
{
    const struct dr_wire_param *a = x, *b = y;
    int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->value, b->value);
}

static bool parse_query(struct dr_arena *a, struct dr_wire_uri *out, const char *s)
{
    size_t room = 1;
    for (const char *p = s; *p; p++)
        room += *p == '&';
    out->params = DR_NEW_N(a, room, struct dr_wire_param);
    while (*s && *s != '#') {
        size_t len = strcspn(s, "&#");
        const char *equal = memchr(s, '=', len);
        size_t name = equal ? (size_t)(equal - s) : len;
        struct dr_wire_param *p = &out->params[out->param_count];
        p->name = decode(a, s, name, true);
        p->value = equal ? decode(a, equal + 1, len - name - 1, true) : "";
        if (!p->name || !p->value)
            return false;
        out->param_count += len > 0;
        s += len;
        s += *s == '&';
    }
    if (out->param_count)
        qsort(out->params, out->param_count, sizeof(*out->params), by_name);
    return true;
}

bool dr_wire_uri_parse(struct dr_arena *a, struct dr_wire_uri *out, const char *text)
{
    *out = (struct dr_wire_uri){.host = "", .path = ""};
    const char *colon = strstr(text, "://");
    if (!colon || colon == text)
        return false;
    char *scheme = dr_strndup(a, text, (size_t)(colon - text));
    lower(scheme);
    out->scheme = scheme;
    const char *authority = colon + 3;
    size_t len = strcspn(authority, "/?#");
    const char *rest = authority + len, *at = memrchr(authority, '@', len);
    if (at) {
        size_t info = (size_t)(at - authority);
        const char *pass = memchr(authority, ':', info);
        out->has_password = pass != NULL;
        out->user = decode(a, authority, pass ? (size_t)(pass - authority) : info, false);
        if (!out->user)
            return false;
        authority = at + 1;
        len = (size_t)(rest - authority);
    }
    if (!parse_host(a, out, authority, len))
        return false;
    size_t path = strcspn(rest, "?#");
    out->path = path == 1 ? "" : dr_strndup(a, rest, path);
    rest += path;
    return parse_query(a, out, *rest == '?' ? rest + 1 : "");
}

#define NFS "nfs://"

bool dr_storage_is_folder(const char *scheme)
{
    static const char *const folders[] = {"nfs", "local", "file"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (strcmp(scheme, folders[i]) == 0)
            return true;
    return false;
}

/* Source: docs: external-storage-uri.md. */
void dr_storage_uri_add(struct dr_buf *out, const struct dr_access_store *store,
                        const char *prefix, enum dr_storage_reader reader, bool keys)
{
    const char *text = store->declared->uri.text;
    if (reader == DR_READER_TICDC && *text == '/')
        dr_buf_adds(out, NFS);
    if (reader == DR_READER_BR && strncmp(text, NFS, sizeof(NFS) - 1) == 0)
        text += sizeof(NFS) - 1;
    size_t base = strcspn(text, "?#");
    const char *query = text + base + strcspn(text + base, "?");
    while (base && text[base - 1] == '/')
        base--;
    dr_buf_add(out, text, base);
    if (*prefix && strcmp(prefix, DR_REDO_HERE) != 0) {
        dr_buf_addc(out, '/');
        dr_uri_encode(out, prefix, strlen(prefix), "/");
    }
    dr_buf_adds(out, query);
    if (!keys || !store->key)
        return;
    dr_buf_addf(out, "%saccess-key=", *query ? "&" : "?");
    dr_uri_encode(out, store->key->access.bytes, store->key->access.len, "");
    dr_buf_adds(out, "&secret-access-key=");
    dr_uri_encode(out, store->key->secret.bytes, store->key->secret.len, "");
}
