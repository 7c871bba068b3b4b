#include "spec/explain.h"

#include <string.h>

#include "controller/base/similar.h"
#include "spec/changefeed.h"
#include "spec/types.h"

enum { MANY = 400 };

/* ---- one row in words ---- */

static const char *type_text(struct dr_arena *a, const struct dr_field *f)
{
    const char *name = dr_types[f->type].name;
    if (f->type == DR_T_STRING)
        name = dr_formats[f->format].name;
    return f->list ? dr_sprintf(a, "list of %s", name) : name;
}

static void add_words(struct dr_buf *b, const struct dr_words *w, const char *between)
{
    for (size_t i = 0; i < w->count; i++)
        dr_buf_addf(b, "%s%s", i ? between : "", w->words[i]);
}

static const char *range_text(struct dr_arena *a, const struct dr_field *f)
{
    enum dr_type as = f->list ? DR_T_U64 : f->type;
    const char *unit = f->list ? " items" : "";
    if (!f->min && !f->max)
        return NULL;
    if (!f->max)
        return dr_sprintf(a, "at least %s%s", dr_bound_text(a, as, f->min), unit);
    return dr_sprintf(a, "%s to %s%s", dr_bound_text(a, as, f->min),
                      dr_bound_text(a, as, f->max), unit);
}

/* What the value looks like, where that is not said by words or fields. */
static const char *form_text(const struct dr_field *f)
{
    if (f->type == DR_T_OBJECT || f->words)
        return NULL;
    return f->type == DR_T_STRING ? dr_formats[f->format].what : dr_types[f->type].what;
}

static void line(struct dr_buf *out, const char *name, const char *text)
{
    if (text)
        dr_buf_addf(out, "  %-10s %s\n", name, text);
}

static void words_help(struct dr_buf *out, const struct dr_words *w)
{
    for (size_t i = 0; i < w->count; i++)
        dr_buf_addf(out, "  %-10s %-18s %s\n", i ? "" : "words", w->words[i],
                    w->helps ? w->helps[i] : "");
}

static void field_list(struct dr_arena *a, const struct dr_shape *shape,
                       struct dr_buf *out)
{
    dr_buf_adds(out, out->len > 1 && !memcmp(out->data + out->len - 2, "\n\n", 2)
                         ? "FIELDS\n"
                         : "\nFIELDS\n");
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        dr_buf_addf(out, "  %s <%s>%s", f->key, type_text(a, f),
                    f->required ? " required" : "");
        if (f->fallback)
            dr_buf_addf(out, " default %s", f->fallback);
        dr_buf_addc(out, '\n');
        dr_buf_wrap(out, f->help, 6);
    }
}

static void setting_list(const struct dr_setting *all, size_t count, const char *prefix,
                         struct dr_buf *out)
{
    dr_buf_adds(out, "\nSETTINGS\n");
    for (size_t i = 0; i < count; i++) {
        const struct dr_setting *s = &all[i];
        if (strncmp(s->path, prefix, strlen(prefix)) != 0)
            continue;
        dr_buf_addf(out, "  %s <%s>", s->path, dr_setting_type_text(s->type));
        if (s->fallback)
            dr_buf_addf(out, " default %s", s->fallback);
        if (s->owner)
            dr_buf_addf(out, "\n      refused: decided by %s", s->owner);
        else if (s->idle)
            dr_buf_adds(out, "\n      no effect on a TiDB sink");
        else
            dr_buf_addf(out, "\n      %s", s->help);
        if (s->since)
            dr_buf_addf(out, " (from %s on)", s->since);
        dr_buf_addc(out, '\n');
    }
}

static void explain_row(struct dr_arena *a, const char *path, const struct dr_field *f,
                        struct dr_buf *out)
{
    size_t count;
    dr_buf_addf(out, "%s <%s>%s\n\n", path, type_text(a, f),
                f->required ? " required" : "");
    dr_buf_wrap(out, f->help, 2);
    dr_buf_addc(out, '\n');
    line(out, "form", form_text(f));
    if (f->words)
        words_help(out, f->words);
    line(out, "default", f->fallback);
    line(out, "otherwise", f->otherwise);
    line(out, "range", range_text(a, f));
    line(out, "only in", f->only);
    line(out, "since", f->since);
    if (f->type != DR_T_OBJECT)
        line(out, "a change", dr_change_text(f->change));
    line(out, "example", f->example ? dr_sprintf(a, "%s: %s", f->key, f->example) : NULL);
    if (f->type == DR_T_OBJECT)
        field_list(a, f->of, out);
    if (f->type == DR_T_SETTINGS) {
        const struct dr_setting *all = dr_settings(&count);
        setting_list(all, count, "", out);
    }
    if (f->type == DR_T_PARAMS) {
        const struct dr_setting *all = dr_sink_params(&count);
        setting_list(all, count, "", out);
    }
}

/* ---- finding it ---- */

static const struct dr_field *member(const struct dr_shape *shape, const char *key,
                                     size_t len)
{
    for (const struct dr_field *f = shape ? shape->fields : NULL; f && f->key; f++)
        if (strlen(f->key) == len && !memcmp(f->key, key, len))
            return f;
    return NULL;
}

/* The row at a path below a shape; [..] after a component is skipped. *rest: what was
 * left when the walk met changefeed settings. */
static const struct dr_field *walk(const struct dr_shape *shape, const char *path,
                                   const char **rest)
{
    const struct dr_field *f = NULL;
    *rest = "";
    while (*path) {
        size_t len = strcspn(path, ".[");
        f = member(shape, path, len);
        if (!f)
            return NULL;
        path += len;
        if (*path == '[') {
            path += strcspn(path, "]");
            path += *path == ']';
        }
        path += *path == '.';
        shape = f->type == DR_T_OBJECT ? f->of : NULL;
        if (f->type == DR_T_SETTINGS || f->type == DR_T_PARAMS) {
            *rest = path;
            return f;
        }
    }
    return f;
}

/* The fields called `key` below a shape, and their paths. */
struct found {
    const struct dr_field *fields[MANY];
    const char *paths[MANY];
    size_t count;
};

static void find_key(struct dr_arena *a, const struct dr_shape *shape, const char *path,
                     const char *key, struct found *out)
{
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        const char *here = dr_sprintf(a, "%s%s%s%s", path, *path ? "." : "", f->key,
                                      f->list && f->type == DR_T_OBJECT ? "[]" : "");
        if (!strcmp(f->key, key) && out->count < MANY) {
            out->fields[out->count] = f;
            out->paths[out->count++] = here;
        }
        if (f->type == DR_T_OBJECT)
            find_key(a, f->of, here, key, out);
    }
}

struct names {
    const char *items[MANY];
    size_t count;
};

static void all_keys(const struct dr_shape *shape, struct names *n)
{
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        if (n->count < MANY)
            n->items[n->count++] = f->key;
        if (f->type == DR_T_OBJECT)
            all_keys(f->of, n);
    }
}

static const char *setting_range(struct dr_arena *a, const struct dr_setting *s)
{
    enum dr_type as = s->type == DR_S_DURATION ? DR_T_DURATION : DR_T_U64;
    uint64_t unit = s->type == DR_S_DURATION ? 1000000 : 1;
    if (!s->max)
        return NULL;
    return dr_sprintf(a, "%s to %s", dr_bound_text(a, as, s->min / unit),
                      dr_bound_text(a, as, s->max / unit));
}

static bool explain_setting(struct dr_arena *a, const struct dr_field *f,
                            const char *path, const char *rest, struct dr_buf *out)
{
    size_t count;
    const struct dr_setting *all =
        f->type == DR_T_SETTINGS ? dr_settings(&count) : dr_sink_params(&count);
    for (size_t i = 0; i < count; i++) {
        const struct dr_setting *s = &all[i];
        if (strcmp(s->path, rest) != 0)
            continue;
        dr_buf_addf(out, "%s <%s>\n\n", path, dr_setting_type_text(s->type));
        dr_buf_wrap(out, s->help, 2);
        dr_buf_addc(out, '\n');
        for (size_t w = 0; s->words && s->words[w]; w++)
            line(out, w ? "" : "words", s->words[w]);
        line(out, "default", s->fallback);
        line(out, "range", setting_range(a, s));
        line(out, "since", s->since);
        line(out, "until", s->until);
        line(out, "refused", s->owner);
        line(out, "effect", s->idle ? "none on a TiDB sink, so it is left out" : NULL);
        if (s->type == DR_S_OBJECTS)
            setting_list(all, count, dr_sprintf(a, "%s[]", s->path), out);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (strncmp(all[i].path, rest, strlen(rest)) != 0)
            continue;
        dr_buf_addf(out, "%s\n", path);
        setting_list(all, count, rest, out);
        return true;
    }
    return false;
}

static bool explain_path(struct dr_arena *a, enum dr_kind kind, const char *path,
                         struct dr_buf *out)
{
    const char *rest;
    const struct dr_field *f = walk(dr_kinds[kind].shape, path, &rest);
    const char *shown = kind == DR_KIND_TOPOLOGY
                            ? path
                            : dr_sprintf(a, "%s.%s", dr_kind_name(kind), path);
    if (!f)
        return false;
    if (*rest)
        return explain_setting(a, f, shown, rest, out);
    explain_row(a, shown, f, out);
    return true;
}

static bool explain_code(const char *word, struct dr_buf *out)
{
    const struct dr_vcode_info *c = dr_vcode_parse(word);
    char text[DR_VCODE_TEXT];
    if (!c)
        return false;
    dr_buf_addf(out, "%s %s%s\n\n", dr_vcode_text(c->code, text), c->title,
                c->warning ? " (warning)" : "");
    dr_buf_wrap(out, c->meaning, 2);
    dr_buf_adds(out, "\nWHAT TO DO\n");
    dr_buf_wrap(out, c->remedy, 2);
    return true;
}

static void list_codes(struct dr_buf *out)
{
    size_t count;
    const struct dr_vcode_info *all = dr_vcodes(&count);
    char text[DR_VCODE_TEXT];
    for (size_t i = 0; i < count; i++)
        dr_buf_addf(out, "%s  %s%s\n", dr_vcode_text(all[i].code, text), all[i].title,
                    all[i].warning ? " (warning)" : "");
}

static void list_kinds(struct dr_buf *out)
{
    for (unsigned k = 0; k < DR_KIND_COUNT; k++)
        dr_buf_addf(out, "%-11s %s\n", dr_kinds[k].name, dr_kinds[k].help);
}

/* "Controller", "Controller.spec.interval"; *rest: what follows. */
static bool kind_prefix(const char *word, enum dr_kind *kind, const char **rest)
{
    for (unsigned k = 0; k < DR_KIND_COUNT; k++) {
        size_t len = strlen(dr_kinds[k].name);
        if (strncasecmp(word, dr_kinds[k].name, len) != 0 ||
            (word[len] && word[len] != '.'))
            continue;
        *kind = (enum dr_kind)k;
        *rest = word + len + (word[len] == '.');
        return true;
    }
    return false;
}

static void explain_kind(struct dr_arena *a, enum dr_kind kind, struct dr_buf *out)
{
    dr_buf_addf(out, "kind: %s\n\n", dr_kinds[kind].name);
    dr_buf_wrap(out, dr_kinds[kind].help, 2);
    field_list(a, dr_kinds[kind].shape, out);
    const struct dr_field *spec = member(dr_kinds[kind].shape, "spec", 4);
    dr_buf_adds(out, "\nspec:\n");
    field_list(a, spec->of, out);
}

static void list_fields(enum dr_kind kind, const char *word, const struct found *x,
                        struct dr_buf *out)
{
    dr_buf_addf(out, "'%s' is the name of %zu fields; explain takes the path of one:\n",
                word, x->count);
    for (size_t i = 0; i < x->count; i++) {
        dr_buf_addf(out, "\n%s%s%s\n", kind ? dr_kinds[kind].name : "", kind ? "." : "",
                    x->paths[i]);
        dr_buf_wrap(out, x->fields[i]->help, 2);
    }
}

/* A path without "spec.", or the name of a field: of several all are listed. */
static bool explain_short(struct dr_arena *a, const char *word, struct dr_buf *out)
{
    for (unsigned k = 0; k < DR_KIND_COUNT; k++)
        if (explain_path(a, (enum dr_kind)k, dr_sprintf(a, "spec.%s", word), out))
            return true;
    for (unsigned k = 0; k < DR_KIND_COUNT && !strpbrk(word, ".["); k++) {
        struct found x = {.count = 0};
        find_key(a, dr_kinds[k].shape, "", word, &x);
        if (x.count == 1)
            return explain_path(a, (enum dr_kind)k, x.paths[0], out);
        if (x.count)
            list_fields((enum dr_kind)k, word, &x, out);
        if (x.count)
            return true;
    }
    return false;
}

bool dr_explain(struct dr_arena *a, const char *word, struct dr_buf *out,
                const char **meant)
{
    enum dr_kind kind;
    const char *rest;
    struct names n = {.count = 0};
    *meant = NULL;
    if (!strcmp(word, "codes")) {
        list_codes(out);
        return true;
    }
    if (!strcmp(word, "kinds")) {
        list_kinds(out);
        return true;
    }
    if (explain_code(word, out))
        return true;
    if (kind_prefix(word, &kind, &rest)) {
        if (!*rest) {
            explain_kind(a, kind, out);
            return true;
        }
        if (explain_path(a, kind, rest, out) ||
            explain_path(a, kind, dr_sprintf(a, "spec.%s", rest), out))
            return true;
    }
    for (unsigned k = 0; k < DR_KIND_COUNT; k++)
        if (explain_path(a, (enum dr_kind)k, word, out))
            return true;
    if (explain_short(a, word, out))
        return true;
    for (unsigned k = 0; k < DR_KIND_COUNT; k++)
        all_keys(dr_kinds[k].shape, &n);
    const char *last = strrchr(word, '.');
    *meant = dr_similar(last ? last + 1 : word, n.items, n.count);
    return false;
}

/* ---- all names ---- */

static void add_settings(const char *path, enum dr_type type, struct dr_buf *out)
{
    size_t count;
    const struct dr_setting *all =
        type == DR_T_SETTINGS ? dr_settings(&count) : dr_sink_params(&count);
    for (size_t i = 0; i < count; i++)
        dr_buf_addf(out, "%s.%s\n", path, all[i].path);
}

static void add_paths(struct dr_arena *a, const struct dr_shape *shape, const char *path,
                      struct dr_buf *out)
{
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        const char *here = dr_sprintf(a, "%s%s%s", path, *path ? "." : "", f->key);
        dr_buf_addf(out, "%s\n", here);
        if (f->type == DR_T_OBJECT)
            add_paths(a, f->of, here, out);
        else if (f->type == DR_T_SETTINGS || f->type == DR_T_PARAMS)
            add_settings(here, f->type, out);
    }
}

void dr_explain_words(struct dr_arena *a, struct dr_buf *out)
{
    size_t count;
    char text[DR_VCODE_TEXT];
    dr_buf_adds(out, "codes\nkinds\n");
    for (unsigned k = 0; k < DR_KIND_COUNT; k++) {
        dr_buf_addf(out, "%s\n", dr_kinds[k].name);
        add_paths(a, dr_kinds[k].shape, k == DR_KIND_TOPOLOGY ? "" : dr_kinds[k].name,
                  out);
    }
    const struct dr_vcode_info *all = dr_vcodes(&count);
    for (size_t i = 0; i < count; i++)
        dr_buf_addf(out, "%s\n", dr_vcode_text(all[i].code, text));
}

/* ---- the whole page ---- */

/* A cell of a Markdown table. */
static void cell(struct dr_buf *out, const char *text)
{
    for (; text && *text; text++) {
        if (*text == '|')
            dr_buf_addc(out, '\\');
        dr_buf_addc(out, *text);
    }
    dr_buf_adds(out, " | ");
}

static void page_row(struct dr_arena *a, const char *path, const struct dr_field *f,
                     struct dr_buf *out)
{
    struct dr_buf more;
    const char *range = range_text(a, f);
    dr_buf_init(&more, 4000);
    dr_buf_adds(&more, f->help);
    if (f->words) {
        dr_buf_adds(&more, " One of: ");
        add_words(&more, f->words, ", ");
        dr_buf_addc(&more, '.');
    }
    if (range)
        dr_buf_addf(&more, " Range: %s.", range);
    if (f->otherwise)
        dr_buf_addf(&more, " Otherwise: %s.", f->otherwise);
    if (f->only)
        dr_buf_addf(&more, " Only in mode %s.", f->only);
    if (f->since)
        dr_buf_addf(&more, " From %s on.", f->since);
    if (f->type != DR_T_OBJECT && f->change != DR_CHANGE_LIVE &&
        f->change != DR_CHANGE_RESTART)
        dr_buf_addf(&more, " A change %s%s.", f->change == DR_CHANGE_ROLE ? "is " : "",
                    dr_change_text(f->change));
    dr_buf_addf(out, "| `%s` | ", path);
    cell(out, type_text(a, f));
    cell(out, f->required   ? "required"
              : f->fallback ? dr_sprintf(a, "`%s`", f->fallback)
                            : "");
    cell(out, dr_buf_str(&more));
    dr_buf_addc(out, '\n');
    dr_buf_release(&more);
}

static void page_rows(struct dr_arena *a, const struct dr_shape *shape, const char *path,
                      struct dr_buf *out)
{
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        const char *here = dr_sprintf(a, "%s%s%s%s", path, *path ? "." : "", f->key,
                                      f->list && f->type == DR_T_OBJECT ? "[]" : "");
        page_row(a, here, f, out);
        if (f->type == DR_T_OBJECT)
            page_rows(a, f->of, here, out);
    }
}

static void page_settings(const struct dr_setting *all, size_t count, struct dr_buf *out)
{
    dr_buf_adds(out, "| setting | value | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct dr_setting *s = &all[i];
        dr_buf_addf(out, "| `%s` | ", s->path);
        cell(out, dr_setting_type_text(s->type));
        cell(out, s->fallback);
        dr_buf_adds(out, s->help);
        if (s->since)
            dr_buf_addf(out, "; from %s on", s->since);
        if (s->until)
            dr_buf_addf(out, "; before %s", s->until);
        if (s->owner)
            dr_buf_addf(out, "; refused here, decided by %s", s->owner);
        if (s->idle)
            dr_buf_adds(out, "; no effect on a TiDB sink, left out with a warning");
        dr_buf_adds(out, " |\n");
    }
}

void dr_explain_all(struct dr_arena *a, struct dr_buf *out)
{
    size_t count;
    char text[DR_VCODE_TEXT];
    dr_buf_adds(out,
                "# Reference of the language\n\nPrinted by `drover explain --all` from "
                "the tables that decode documents.\n");
    for (unsigned k = 0; k < DR_KIND_COUNT; k++) {
        dr_buf_addf(out,
                    "\n## kind: %s\n\n%s\n\n| field | value | default | meaning |\n"
                    "|---|---|---|---|\n",
                    dr_kinds[k].name, dr_kinds[k].help);
        page_rows(a, dr_kinds[k].shape, "", out);
    }
    dr_buf_adds(out, "\n## Changefeed settings (spec.replication.config)\n\n");
    const struct dr_setting *s = dr_settings(&count);
    page_settings(s, count, out);
    dr_buf_adds(out, "\n## Sink parameters (spec.replication.sink.params)\n\n");
    s = dr_sink_params(&count);
    page_settings(s, count, out);
    dr_buf_adds(
        out, "\n## Codes\n\n| code | finding | meaning | way out |\n|---|---|---|---|\n");
    const struct dr_vcode_info *c = dr_vcodes(&count);
    for (size_t i = 0; i < count; i++) {
        dr_buf_addf(out, "| %s | ", dr_vcode_text(c[i].code, text));
        cell(out, dr_sprintf(a, "%s%s", c[i].title, c[i].warning ? " (warning)" : ""));
        cell(out, c[i].meaning);
        cell(out, c[i].remedy);
        dr_buf_addc(out, '\n');
    }
}
