#include "spec/mask.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "spec/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Words that name a secret, in keys (password: x) and in URIs (access-key=x). */
static const char *const secret_words[] = {
    "password", "passphrase", "secret", "accesskey", "access-key", "token", "access_key"};

static bool word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
}

/* Whether the word that ends before p names a secret. */
static bool names_secret(const char *line, const char *p)
{
    const char *from = p;
    while (from > line && word_byte(from[-1]))
        from--;
    for (size_t i = 0; i < COUNT(secret_words); i++) {
        size_t n = strlen(secret_words[i]);
        for (const char *q = from; q + n <= p; q++)
            if (!strncasecmp(q, secret_words[i], n))
                return true;
    }
    return false;
}

/* Where the secret of a URI that begins at p ends, p itself when there is none: a
 * parameter (access-key=x), the user information (//user:x@). */
static const char *uri_secret_end(const char *line, const char *p, const char *end)
{
    if (p > line && p[-1] == '=') {
        if (!names_secret(line, p - 1))
            return p;
        while (p < end && !strchr("&\"' ,}", *p))
            p++;
        return p;
    }
    if (p - line >= 3 && !memcmp(p - 3, "://", 3)) {
        const char *stop = p;
        while (stop < end && !strchr("/?\"' ,@", *stop))
            stop++;
        return stop < end && *stop == '@' ? stop : p;
    }
    return p;
}

/* Where the key ends whose value begins at p; NULL: no value begins there. */
static const char *key_end(const char *line, const char *p)
{
    const char *key = p;
    while (key > line && (key[-1] == ' ' || key[-1] == '\t'))
        key--;
    if (key == line || key[-1] != ':' || key == p)
        return NULL;
    key--;
    while (key > line && strchr(" \t\"'", key[-1]))
        key--;
    return key;
}

/* Where a value ends: its quote, or what separates it from the next one. */
static const char *value_end(const char *p, const char *end)
{
    char quote = *p == '"' || *p == '\'' ? *p : 0;
    for (p++; p < end; p++) {
        bool separator =
            *p == ',' || *p == '}' || (*p == ' ' && p + 1 < end && p[1] == '#');
        if (quote ? *p == quote : separator)
            break;
    }
    return p;
}

const char *dr_secret_end(const char *line, const char *p, const char *end)
{
    const char *key = key_end(line, p);
    if (key && p < end && *p != '{' && *p != '#' && names_secret(line, key))
        return value_end(p, end);
    return uri_secret_end(line, p, end);
}

void dr_text_clean(char *text)
{
    char *end = text + strlen(text), *hidden = text;
    for (const char *p = text; p < end;) {
        char *at = text + (p - text);
        uint32_t c;
        if (at >= hidden)
            hidden = at + (uri_secret_end(text, p, end) - p);
        if (!dr_utf8_next(&p, end, &c)) {
            *at = '?';
            p++;
        } else if (at < hidden) {
            memset(at, '*', (size_t)(p - at));
        } else if (dr_char_refused(c) || c == '\t' || c == '\n') {
            memset(at, ' ', (size_t)(p - at));
        }
    }
}
