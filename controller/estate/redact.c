/* Secrets taken out of texts that servers send. Known secrets are replaced wherever they
 * stand, clear or percent-encoded; what only looks like one (the password of a URI, a
 * query parameter that is named like a key, the text after IDENTIFIED BY) as well,
 * because a server may echo somebody else's. */
#include <string.h>
#include <strings.h>

#include "controller/base/buf.h"
#include "controller/base/printable.h"
#include "controller/estate/access_internal.h"

#define MASK "xxxxx"

/* A secret shorter than this is replaced only where it stands as a word of its own: a
 * password "app" must not take the table app.t out of every message. */
enum { WHOLE_WORD_BELOW = 8 };

static bool word_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_';
}

/* Replaces each occurrence of `what` in *b. */
static void replace(struct dr_buf *b, const char *what, size_t len)
{
    if (!len || b->len < len || !memmem(b->data, b->len, what, len))
        return;
    struct dr_buf out;
    dr_buf_init(&out, b->max);
    for (size_t i = 0; i < b->len;) {
        bool hit = b->len - i >= len && memcmp(b->data + i, what, len) == 0;
        if (hit && len < WHOLE_WORD_BELOW)
            hit = (i == 0 || !word_char(b->data[i - 1])) &&
                  (i + len == b->len || !word_char(b->data[i + len]));
        if (hit)
            dr_buf_adds(&out, MASK);
        else
            dr_buf_addc(&out, b->data[i]);
        i += hit ? len : 1;
    }
    dr_buf_release(b);
    *b = out;
}

static void replace_secret(struct dr_buf *b, const struct dr_secret *s)
{
    static const char hex[] = "0123456789ABCDEF";
    if (!s->bytes || !s->len)
        return;
    replace(b, s->bytes, s->len);
    struct dr_secret encoded = {.bytes = dr_xcalloc(s->len * 3 + 1, 1)};
    for (size_t i = 0; i < s->len; i++) {
        unsigned char c = (unsigned char)s->bytes[i];
        if (word_char((char)c) || strchr("-.~", c)) {
            encoded.bytes[encoded.len++] = (char)c;
        } else {
            encoded.bytes[encoded.len++] = '%';
            encoded.bytes[encoded.len++] = hex[c >> 4];
            encoded.bytes[encoded.len++] = hex[c & 15];
        }
    }
    if (encoded.len != s->len)
        replace(b, encoded.bytes, encoded.len);
    dr_secret_release(&encoded);
}

static void replace_known(struct dr_buf *b, const struct dr_access *a)
{
    for (size_t i = 0; i < a->cluster_count; i++) {
        replace_secret(b, &a->clusters[i].controller.password);
        replace_secret(b, &a->clusters[i].cdc_user.password);
    }
    for (const struct dr_access_login *l = a->sink_logins; l; l = l->next)
        replace_secret(b, &l->login.password);
    replace_secret(b, &a->sink_password);
    const struct dr_store_key *keys[] = {a->backup.key, a->redo.key};
    for (size_t i = 0; i < 2; i++)
        if (keys[i]) {
            replace_secret(b, &keys[i]->access);
            replace_secret(b, &keys[i]->secret);
        }
}

/* Whether a query parameter's name says that its value is secret: the broad mask of
 * TiCDC's errors. Source: tiflow: pkg/util/uri.go. */
static bool secret_name(const char *s, size_t len)
{
    static const char *const words[] = {"password",   "passwd", "pwd", "access",
                                        "token",      "secret", "key", "signature",
                                        "credential", "private"};
    for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
        for (size_t i = 0; i + strlen(words[w]) <= len; i++)
            if (strncasecmp(s + i, words[w], strlen(words[w])) == 0)
                return true;
    return false;
}

/* At "://": the length of user and ':' before a password that ends at '@'; 0: none. */
static size_t password_at(const char *s, size_t len, size_t *password_len)
{
    size_t end = 0, colon = 0;
    while (end < len && !strchr("/?#'\"` \t\n", s[end]))
        end++;
    while (end > 0 && s[end - 1] != '@')
        end--; /* userinfo ends at the last '@' */
    while (colon < end && s[colon] != ':')
        colon++;
    if (!end || colon + 1 > end - 1)
        return 0;
    *password_len = end - 1 - (colon + 1);
    return colon + 1;
}

static size_t quoted_end(const char *s, size_t len)
{
    size_t i = 1;
    while (i < len && s[i] != s[0])
        i += s[i] == '\\' && i + 1 < len ? 2 : 1;
    return i < len ? i : len;
}

/* One look at what begins at s[i]: bytes to copy as they are, then bytes to mask. */
static void look(const char *s, size_t i, size_t len, size_t *keep, size_t *mask)
{
    static const char identified[] = "IDENTIFIED BY ";
    size_t left = len - i;
    *keep = 1;
    *mask = 0;
    if (left > 3 && memcmp(s + i, "://", 3) == 0) {
        size_t user = password_at(s + i + 3, left - 3, mask);
        *keep = 3 + user;
    } else if (s[i] == '?' || s[i] == '&') {
        size_t name = 1, end;
        while (name < left && (word_char(s[i + name]) || s[i + name] == '-'))
            name++;
        if (name >= left || s[i + name] != '=' || !secret_name(s + i + 1, name - 1))
            return;
        for (end = name + 1; end < left && !strchr("&'\"` \t\n,;)", s[i + end]); end++)
            ;
        *keep = name + 1;
        *mask = end - name - 1;
    } else if (left > sizeof(identified) &&
               strncasecmp(s + i, identified, sizeof(identified) - 1) == 0) {
        *keep = sizeof(identified) - 1;
        if (s[i + *keep] == '\'' || s[i + *keep] == '"') {
            *mask = quoted_end(s + i + *keep, left - *keep) - 1;
            *keep += 1;
        }
    }
}

const char *dr_access_redact(const struct dr_access *a, struct dr_arena *arena,
                             const char *text, size_t len, size_t max_bytes)
{
    struct dr_buf in, out;
    dr_buf_init(&in, len + len * sizeof(MASK) + 1);
    dr_buf_init(&out, in.max * 2);
    dr_buf_add(&in, text, len);
    replace_known(&in, a);
    const char *s = dr_buf_str(&in);
    for (size_t i = 0, keep, mask; i < in.len; i += keep + mask) {
        look(s, i, in.len, &keep, &mask);
        dr_buf_add(&out, s + i, keep);
        if (mask)
            dr_buf_adds(&out, MASK);
    }
    const char *clean = dr_printable(arena, dr_buf_str(&out), out.len, max_bytes);
    dr_buf_release(&in);
    dr_buf_release(&out);
    return clean;
}
