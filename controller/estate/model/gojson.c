#include "controller/estate/model/gojson.h"

#include <inttypes.h>

void dr_gojson_init(struct dr_gojson *w, struct dr_buf *out, int indent)
{
    *w = (struct dr_gojson){.out = out, .indent = indent};
}

void dr_gojson_quote(struct dr_buf *out, const char *s)
{
    dr_buf_addc(out, '"');
    for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
        if (*p == '"' || *p == '\\')
            dr_buf_addf(out, "\\%c", *p);
        else if (*p == '\n')
            dr_buf_adds(out, "\\n");
        else if (*p == '\r')
            dr_buf_adds(out, "\\r");
        else if (*p == '\t')
            dr_buf_adds(out, "\\t");
        else if (*p < 0x20 || *p == '<' || *p == '>' || *p == '&')
            dr_buf_addf(out, "\\u%04x", *p);
        else if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9)) {
            dr_buf_addf(out, "\\u202%c", p[2] == 0xa8 ? '8' : '9');
            p += 2;
        } else
            dr_buf_addc(out, (char)*p);
    }
    dr_buf_addc(out, '"');
}

static void newline(struct dr_gojson *w)
{
    if (!w->indent)
        return;
    dr_buf_addc(w->out, '\n');
    dr_buf_pad(w->out, ' ', (size_t)(w->indent * w->depth));
}

/* Comma, line and key before a value. */
static void before(struct dr_gojson *w, const char *key)
{
    if (w->depth > 0) {
        if (w->some[w->depth - 1])
            dr_buf_addc(w->out, ',');
        w->some[w->depth - 1] = true;
        newline(w);
    }
    if (key) {
        dr_gojson_quote(w->out, key);
        dr_buf_adds(w->out, w->indent ? ": " : ":");
    }
}

static void open_value(struct dr_gojson *w, const char *key, char open, char close)
{
    before(w, key);
    dr_buf_addc(w->out, open);
    w->some[w->depth] = false;
    w->close[w->depth++] = close;
}

void dr_gojson_object(struct dr_gojson *w, const char *key)
{
    open_value(w, key, '{', '}');
}

void dr_gojson_array(struct dr_gojson *w, const char *key)
{
    open_value(w, key, '[', ']');
}

void dr_gojson_end(struct dr_gojson *w)
{
    w->depth--;
    if (w->some[w->depth])
        newline(w);
    dr_buf_addc(w->out, w->close[w->depth]);
}

void dr_gojson_str(struct dr_gojson *w, const char *key, const char *s)
{
    before(w, key);
    dr_gojson_quote(w->out, s);
}

void dr_gojson_u64(struct dr_gojson *w, const char *key, uint64_t v)
{
    before(w, key);
    dr_buf_addf(w->out, "%" PRIu64, v);
}

void dr_gojson_i64(struct dr_gojson *w, const char *key, int64_t v)
{
    before(w, key);
    dr_buf_addf(w->out, "%" PRId64, v);
}

void dr_gojson_bool(struct dr_gojson *w, const char *key, bool v)
{
    before(w, key);
    dr_buf_adds(w->out, v ? "true" : "false");
}

void dr_gojson_null(struct dr_gojson *w, const char *key)
{
    before(w, key);
    dr_buf_adds(w->out, "null");
}

void dr_gojson_raw(struct dr_gojson *w, const char *key, const char *text)
{
    before(w, key);
    dr_buf_adds(w->out, text);
}

void dr_gojson_value(struct dr_gojson *w, const char *key, const json_t *v)
{
    const char *name;
    json_t *item;
    size_t i;

    if (w->depth == DR_GOJSON_DEPTH) {
        dr_gojson_null(w, key); /* deeper than any object of these APIs */
        return;
    }
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        dr_gojson_object(w, key);
        json_object_foreach((json_t *)(uintptr_t)v, name, item) /* reads only */
            dr_gojson_value(w, name, item);
        dr_gojson_end(w);
        return;
    case JSON_ARRAY:
        dr_gojson_array(w, key);
        json_array_foreach((json_t *)(uintptr_t)v, i, item)
            dr_gojson_value(w, NULL, item);
        dr_gojson_end(w);
        return;
    case JSON_STRING:
        dr_gojson_str(w, key, json_string_value(v));
        return;
    case JSON_INTEGER:
        dr_gojson_i64(w, key, json_integer_value(v));
        return;
    case JSON_REAL:
        before(w, key);
        dr_buf_addf(w->out, "%.15g", json_real_value(v)); /* 0.8 as 0.8 */
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        dr_gojson_bool(w, key, json_is_true(v));
        return;
    case JSON_NULL:
        dr_gojson_null(w, key);
        return;
    }
}
