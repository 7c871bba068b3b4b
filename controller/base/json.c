#include "controller/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/buf.h"
#include "controller/base/json_plain.h"
#include "controller/base/num.h"

enum { MAX_BYTES = 64 << 20, MAX_DEPTH = 128, INT64_DIGITS = 19 };

static void *allocate(size_t bytes)
{
    return dr_xrealloc(NULL, bytes);
}

/* Out of memory ends the process: a value that was left out of an object would not be
 * missed by anybody. */
void dr_json_init(void)
{
    json_set_alloc_funcs(allocate, free);
    json_object_seed(20260101);
}

static bool fits_int64(const char *s, size_t len)
{
    int64_t ignored;
    return len < INT64_DIGITS || dr_parse_i64(s, len, &ignored);
}

static bool number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' ||
           c == '-';
}

/* The place behind the string that begins at i. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
    for (i++; i < len && text[i] != '"'; i++)
        i += text[i] == '\\';
    return i < len ? i + 1 : len;
}

/* The place behind the number that begins at i. large: an integer beyond int64. */
static size_t skip_number(const char *text, size_t len, size_t i, bool *large)
{
    size_t start = i;
    bool integer = true;
    for (; i < len && number_char(text[i]); i++)
        integer &= i == start || (text[i] >= '0' && text[i] <= '9');
    *large = integer && !fits_int64(text + start, i - start);
    return i;
}

/* Puts quotes round every integer that int64 cannot hold; counts the nesting on the way.
 * out: the text with them, made when the first is met. False: nested too deeply. */
static bool quote_large(struct dr_buf *out, const char *text, size_t len)
{
    size_t depth = 0, copied = 0;
    for (size_t i = 0; i < len;) {
        char c = text[i];
        if (c == '"') {
            i = skip_string(text, len, i);
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            bool large;
            size_t end = skip_number(text, len, i, &large);
            if (large) {
                dr_buf_add(out, text + copied, i - copied);
                dr_buf_addf(out, "\"%.*s\"", (int)(end - i), text + i);
                copied = end;
            }
            i = end;
        } else {
            if ((c == '[' || c == '{') && ++depth > MAX_DEPTH)
                return false;
            if ((c == ']' || c == '}') && depth)
                depth--;
            i++;
        }
    }
    if (copied)
        dr_buf_add(out, text + copied, len - copied);
    return true;
}

int dr_json_parse(json_t **out, const char *text, size_t len, struct dr_err *err)
{
    if (len > MAX_BYTES)
        return dr_fail(err, DR_E_LIMIT, "JSON of %zu bytes is over the limit", len);
    json_t *v = dr_json_plain(text, len);
    if (v) {
        *out = v;
        return 0;
    }
    struct dr_buf fixed;
    dr_buf_init(&fixed, (size_t)MAX_BYTES * 2);
    if (!quote_large(&fixed, text, len)) {
        dr_buf_release(&fixed);
        return dr_fail(err, DR_E_LIMIT, "JSON is nested deeper than %d", MAX_DEPTH);
    }
    json_error_t why;
    const char *what = fixed.len ? dr_buf_str(&fixed) : len ? text : "";
    v = json_loadb(what, fixed.len ? fixed.len : len,
                   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    dr_buf_release(&fixed);
    if (!v)
        return dr_fail(err, DR_E_PROTOCOL, "not JSON: %s (line %d, column %d)", why.text,
                       why.line, why.column);
    *out = v;
    return 0;
}

static void decref(void *v)
{
    json_decref(v);
}

int dr_json_parse_in(struct dr_arena *a, json_t **out, const char *text, size_t len,
                     struct dr_err *err)
{
    int rc = dr_json_parse(out, text, len, err);
    if (rc == 0)
        dr_arena_defer(a, decref, *out);
    return rc;
}

uint64_t dr_json_value_u64(const json_t *v, bool *ok)
{
    uint64_t n = 0;
    *ok = false;
    if (json_is_integer(v) && json_integer_value(v) >= 0) {
        n = (uint64_t)json_integer_value(v);
        *ok = true;
    } else if (json_is_string(v)) {
        *ok = dr_parse_u64(json_string_value(v), json_string_length(v), &n);
    }
    return n;
}

bool dr_json_u64(const json_t *o, const char *key, uint64_t *out)
{
    bool ok;
    uint64_t v = dr_json_value_u64(json_object_get(o, key), &ok);
    if (ok)
        *out = v;
    return ok;
}

bool dr_json_i64(const json_t *o, const char *key, int64_t *out)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_integer(v))
        return false;
    *out = json_integer_value(v);
    return true;
}

bool dr_json_bool(const json_t *o, const char *key, bool *out)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_boolean(v))
        return false;
    *out = json_is_true(v);
    return true;
}

const char *dr_json_str(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

json_t *dr_json_u64_string(uint64_t v)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, v);
    return json_string(text);
}

void dr_json_set_text(json_t *o, const char *key, const char *text)
{
    json_object_set_new(o, key, text ? json_string(text) : json_null());
}

char *dr_json_text(struct dr_arena *a, const json_t *v)
{
    char *raw = json_dumps(v, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
    char *text = dr_strdup(a, raw ? raw : "null");
    free(raw);
    return text;
}
