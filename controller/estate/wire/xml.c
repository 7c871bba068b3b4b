#include "controller/estate/wire/xml.h"

#include <string.h>

#include "controller/base/num.h"
#include "spec/text.h"

static bool skipped(const char *tag, size_t len)
{
    return len && (tag[0] == '?' || tag[0] == '!');
}

bool dr_xml_next(struct dr_xml *x, struct dr_xml_item *out)
{
    for (;;) {
        const char *open = memchr(x->at, '<', (size_t)(x->end - x->at));
        const char *close = open ? memchr(open, '>', (size_t)(x->end - open)) : NULL;
        if (!close)
            return false;
        const char *tag = open + 1;
        size_t len = (size_t)(close - tag);
        x->at = close + 1;
        if (skipped(tag, len))
            continue;
        *out = (struct dr_xml_item){.opens = len && tag[0] != '/'};
        out->name = out->opens ? tag : tag + (len > 0);
        while (out->name + out->name_len < close &&
               !strchr(" \t\r\n/", out->name[out->name_len]))
            out->name_len++;
        const char *next = memchr(x->at, '<', (size_t)(x->end - x->at));
        out->text = x->at;
        out->text_len = (size_t)((next ? next : x->end) - x->at);
        return true;
    }
}

bool dr_xml_is(const struct dr_xml_item *i, const char *name)
{
    return i->opens && strlen(name) == i->name_len &&
           memcmp(i->name, name, i->name_len) == 0;
}

/* A code point as UTF-8; 0: none. */
static size_t utf8(char *out, uint64_t c)
{
    if (!c || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    return dr_utf8_put(out, (uint32_t)c);
}

static bool numeric(const char *s, size_t len, uint64_t *out)
{
    if (len < 2 || s[0] != '#')
        return false;
    if (s[1] != 'x' && s[1] != 'X')
        return dr_parse_u64(s + 1, len - 1, out);
    *out = 0;
    for (size_t i = 2; i < len; i++) {
        char c = s[i] | 32;
        int v = s[i] >= '0' && s[i] <= '9' ? s[i] - '0'
                : c >= 'a' && c <= 'f'     ? c - 'a' + 10
                                           : -1;
        if (v < 0 || i > 9)
            return false;
        *out = *out << 4 | (uint64_t)v;
    }
    return len > 2;
}

/* Writes what `&name;` stands for; 0: not known. An entity is never shorter than it. */
static size_t entity(char *out, const char *s, size_t len)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    uint64_t c;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].name) == len && memcmp(known[i].name, s, len) == 0) {
            *out = known[i].c;
            return 1;
        }
    return numeric(s, len, &c) ? utf8(out, c) : 0;
}

const char *dr_xml_text(const struct dr_xml_item *item, struct dr_arena *a)
{
    char *out = dr_alloc(a, item->text_len + 4), *p = out;
    const char *s = item->text, *end = s + item->text_len;
    while (s < end) {
        if (*s != '&') {
            *p++ = *s++;
            continue;
        }
        const char *semicolon = memchr(s, ';', (size_t)(end - s));
        size_t n = semicolon ? entity(p, s + 1, (size_t)(semicolon - s) - 1) : 0;
        if (!n)
            return NULL;
        p += n;
        s = semicolon + 1;
    }
    return out;
}
