#include "spec/finding.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "spec/mask.h"

enum { EXCERPT_CELLS = 100 };

void dr_findings_init(struct dr_findings *f, struct dr_arena *a)
{
    *f = (struct dr_findings){.arena = a};
}

static void note_source(struct dr_findings *f, struct dr_source *s,
                        const struct dr_span *at, struct dr_finding *out)
{
    out->file = s->name;
    out->order = s->order;
    if (at && at->line) {
        out->at = *at;
        out->source = dr_source_excerpt(f->arena, s, at, EXCERPT_CELLS, &out->caret,
                                        &out->caret_cells);
    }
}

struct dr_finding *dr_report(struct dr_findings *f, struct dr_source *s,
                             enum dr_vcode code, const struct dr_span *at,
                             const char *fmt, ...)
{
    if (s->gave_up)
        return &f->spare;
    struct dr_finding *out = DR_PUSH(f->arena, f->items, f->count, f->room);
    note_source(f, s, at, out);
    if (++s->findings == DR_FINDINGS_MAX) {
        s->gave_up = true;
        out->code = DR_V_LIMIT;
        out->message = "too many findings, the rest is not shown";
        f->errors++;
        return &f->spare;
    }
    va_list ap;
    va_start(ap, fmt);
    out->code = code;
    char *message = dr_vsprintf(f->arena, fmt, ap);
    va_end(ap);
    dr_text_clean(message);
    out->message = message;
    if (dr_vcode_info(code)->warning)
        f->warnings++;
    else
        f->errors++;
    return out;
}

static int cmp_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int compare(const void *pa, const void *pb)
{
    const struct dr_finding *a = pa, *b = pb;
    int c = cmp_u32(a->order, b->order);
    if (!c)
        c = cmp_u32(a->at.line, b->at.line);
    if (!c)
        c = cmp_u32(a->at.column, b->at.column);
    if (!c)
        c = cmp_u32((uint32_t)a->code, (uint32_t)b->code);
    return c ? c : strcmp(a->message, b->message);
}

void dr_findings_sort(struct dr_findings *f)
{
    if (f->count)
        qsort(f->items, f->count, sizeof(*f->items), compare);
}

struct paint {
    const char *bold, *red, *yellow, *green, *dim, *off;
};

static void one(const struct dr_finding *f, const struct paint *c, struct dr_buf *out)
{
    char code[DR_VCODE_TEXT];
    bool warning = dr_vcode_info(f->code)->warning;
    dr_buf_addf(out, "%s%s:", c->bold, f->file);
    if (f->at.line)
        dr_buf_addf(out, "%u:%u:", f->at.line, f->at.column);
    dr_buf_addf(out, "%s %s%s%s%s %s\n", c->off, warning ? c->yellow : c->red,
                dr_vcode_text(f->code, code), c->off, warning ? " warning:" : "",
                f->message);
    if (f->source && *f->source) {
        dr_buf_addf(out, "  %5u %s|%s %s\n", f->at.line, c->dim, c->off, f->source);
        dr_buf_addf(out, "        %s|%s ", c->dim, c->off);
        dr_buf_pad(out, ' ', f->caret);
        dr_buf_addf(out, "%s^", c->green);
        dr_buf_pad(out, '~', f->caret_cells - 1);
        dr_buf_addf(out, "%s\n", c->off);
    }
    if (f->meant)
        dr_buf_addf(out, "        %s=%s did you mean '%s'?\n", c->dim, c->off, f->meant);
    if (f->hint)
        dr_buf_addf(out, "        %s=%s hint: %s\n", c->dim, c->off, f->hint);
}

void dr_findings_text(const struct dr_findings *f, bool colour, struct dr_buf *out)
{
    static const struct paint plain = {"", "", "", "", "", ""};
    static const struct paint bright = {"\033[1m",  "\033[31m", "\033[33m",
                                        "\033[32m", "\033[2m",  "\033[0m"};
    for (size_t i = 0; i < f->count; i++)
        one(&f->items[i], colour ? &bright : &plain, out);
}

static void put(json_t *o, const char *key, json_t *v)
{
    json_object_set_new(o, key, v);
}

json_t *dr_findings_json(const struct dr_findings *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->count; i++) {
        const struct dr_finding *x = &f->items[i];
        char code[DR_VCODE_TEXT];
        json_t *o = json_object();
        put(o, "file", json_string(x->file));
        put(o, "line", json_integer(x->at.line));
        put(o, "column", json_integer(x->at.column));
        put(o, "width", json_integer(x->at.width));
        put(o, "code", json_string(dr_vcode_text(x->code, code)));
        put(o, "severity",
            json_string(dr_vcode_info(x->code)->warning ? "warning" : "error"));
        put(o, "message", json_string(x->message));
        if (x->path)
            put(o, "field", json_string(x->path));
        if (x->source)
            put(o, "source", json_string(x->source));
        if (x->meant)
            put(o, "didYouMean", json_string(x->meant));
        if (x->hint)
            put(o, "hint", json_string(x->hint));
        json_array_append_new(list, o);
    }
    return list;
}
