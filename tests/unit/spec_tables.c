/* The tables of the language: rows that hold together, the bounds of each of them. */
#include <criterion/criterion.h>
#include <regex.h>

#include "spec/changefeed.h"
#include "spec/explain.h"
#include "spec/rule.h"
#include "spec/types.h"

enum { BASE_BYTES = 1 << 16 };

/* Decodes "text" against one row; the number of findings. */
static size_t decode_row(struct dr_arena *a, const struct dr_field *f, const char *text,
                         const char **message)
{
    struct dr_field row[2] = {*f, {0}};
    struct dr_shape shape = {.fields = row};
    struct dr_findings findings;
    struct dr_source s = {.name = "row", .bytes = text, .len = strlen(text)};
    dr_findings_init(&findings, a);
    row[0].offset = 0;
    row[0].count_offset = 64; /* behind the pointer of a list */
    struct dr_decode d = {.arena = a, .source = &s, .findings = &findings};
    const struct dr_node *root = dr_yaml_read(a, &s, &findings);
    char *base = dr_alloc(a, BASE_BYTES);
    if (root)
        dr_decode_object(&d, &shape, root, NULL, base);
    *message = findings.count ? findings.items[0].message : root ? "" : "no text";
    return findings.count + !root;
}

struct visit {
    struct dr_arena *a;
    unsigned rows;
    void (*row)(struct visit *v, const char *path, const struct dr_field *f);
};

static void visit_shape(struct visit *v, const struct dr_shape *shape, const char *path)
{
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        const char *here = dr_sprintf(v->a, "%s.%s", path, f->key);
        v->rows++;
        v->row(v, here, f);
        if (f->type == DR_T_OBJECT)
            visit_shape(v, f->of, here);
    }
}

static unsigned visit_all(struct dr_arena *a, void (*row)(struct visit *, const char *,
                                                          const struct dr_field *))
{
    struct visit v = {.a = a, .row = row};
    for (unsigned k = 0; k < DR_KIND_COUNT; k++)
        visit_shape(&v, dr_kinds[k].shape, dr_kinds[k].name);
    return v.rows;
}

static void check_row(struct visit *v, const char *path, const struct dr_field *f)
{
    const char *why;
    cr_assert(f->help && f->help[0], "%s has no help", path);
    cr_assert(f->help[0] >= 'A' &&
                  (f->help[0] <= 'Z' || f->help[0] == '`' || f->help[0] >= 'a'),
              "%s: help is a sentence", path);
    cr_assert_eq(f->help[strlen(f->help) - 1], '.', "%s: help ends with a full stop",
                 path);
    cr_assert(f->key[0] >= 'a' && f->key[0] <= 'z' && !strpbrk(f->key, "-_ "),
              "%s is not camelCase", path);
    cr_assert(!f->max || f->min <= f->max, "%s: range", path);
    cr_assert(!(f->required && f->fallback), "%s: required with a default", path);
    cr_assert(!(f->fallback && f->otherwise), "%s: default told twice", path);
    cr_assert(!f->list || f->max || f->type != DR_T_OBJECT, "%s: list without a maximum",
              path);
    cr_assert((f->type == DR_T_OBJECT) == (f->of != NULL), "%s: shape", path);
    cr_assert_eq(f->type == DR_T_WORD || f->type == DR_T_WORDS || f->type == DR_T_DAYS,
                 f->words != NULL, "%s: words", path);
    if (f->example)
        cr_assert_eq(
            decode_row(v->a, f, dr_sprintf(v->a, "%s: %s", f->key, f->example), &why), 0,
            "%s: the example '%s' is refused: %s", path, f->example, why);
    if (f->fallback && f->type != DR_T_WORDS && f->type != DR_T_DAYS)
        cr_assert_eq(
            decode_row(v->a, f,
                       dr_sprintf(v->a, f->type == DR_T_STRING ? "%s: '%s'" : "%s: %s",
                                  f->key, f->fallback),
                       &why),
            0, "%s: the default '%s' is refused: %s", path, f->fallback, why);
}

Test(spec, every_row_holds_together)
{
    struct dr_arena *a = dr_arena_new(0);
    cr_assert_gt(visit_all(a, check_row), 180);
    dr_arena_free(a);
}

static const char *number_text(struct dr_arena *a, enum dr_type type, uint64_t v)
{
    return v ? dr_bound_text(a, type, v) : "0";
}

static void check_bounds(struct visit *v, const char *path, const struct dr_field *f)
{
    const char *why;
    bool number = f->type == DR_T_U16 || f->type == DR_T_U32 || f->type == DR_T_U64;
    if (f->list || (!f->min && !f->max) ||
        (!number && f->type != DR_T_DURATION && f->type != DR_T_SIZE))
        return;
    const struct {
        uint64_t value;
        bool good, is;
    } cases[] = {
        {f->min, true, true},
        {f->min - 1, false, f->min > 0},
        {f->max, true, f->max > 0},
        {f->max + 1, false, f->max > 0},
    };
    for (size_t i = 0; i < 4; i++) {
        if (!cases[i].is)
            continue;
        const char *text = dr_sprintf(v->a, "%s: %s", f->key,
                                      number_text(v->a, f->type, cases[i].value));
        cr_assert_eq(decode_row(v->a, f, text, &why) == 0, cases[i].good, "%s: '%s': %s",
                     path, text, why);
    }
}

Test(spec, every_range_is_kept_to_the_last_unit)
{
    struct dr_arena *a = dr_arena_new(0);
    visit_all(a, check_bounds);
    dr_arena_free(a);
}

static void check_list(struct visit *v, const char *path, const struct dr_field *f)
{
    const char *why;
    struct dr_buf b;
    if (!f->list || !f->max || f->max > 2000 || f->type == DR_T_OBJECT)
        return;
    const char *item = f->type == DR_T_STRING ? "xxx.x"
                       : f->type == DR_T_URL  ? "'http://a:1'"
                                              : "a:1";
    for (uint64_t n = f->max; n <= f->max + 1; n++) {
        dr_buf_init(&b, 1 << 20);
        dr_buf_addf(&b, "%s: [", f->key);
        for (uint64_t i = 0; i < n; i++)
            dr_buf_addf(&b, "%s%s", i ? "," : "", item);
        dr_buf_addc(&b, ']');
        size_t flaws = decode_row(v->a, f, dr_strdup(v->a, dr_buf_str(&b)), &why);
        bool wrong_item = strstr(why, "xxx.x") != NULL;
        cr_assert(wrong_item || (flaws == 0) == (n == f->max), "%s: %llu items: %s", path,
                  (unsigned long long)n, why);
        dr_buf_release(&b);
    }
}

Test(spec, every_list_ends_at_its_maximum)
{
    struct dr_arena *a = dr_arena_new(0);
    visit_all(a, check_list);
    dr_arena_free(a);
}

static const char *const words_to_try[] = {"a",
                                           "A",
                                           "-",
                                           "a-b",
                                           "a--b",
                                           "-a",
                                           "a-",
                                           "a.b",
                                           "a.b.c",
                                           "a_b",
                                           "",
                                           "a b",
                                           "/",
                                           "/a",
                                           "/a/../b",
                                           "..",
                                           "../a",
                                           "a/b",
                                           "a@b",
                                           "root@%",
                                           "a@",
                                           "@b",
                                           "db.t",
                                           "db.*",
                                           "*.*",
                                           "db.",
                                           ".t",
                                           "0123abcd",
                                           "0123ABCD",
                                           "abc",
                                           "main",
                                           "feature/x",
                                           "a..b",
                                           "https://h/r.git",
                                           "http://h/r",
                                           "ssh://u@h/r",
                                           "git@h:r.git",
                                           "git@h:/r",
                                           "ext::sh -c x",
                                           "INC-4711",
                                           "INC 4711",
                                           "backup",
                                           "Ba",
                                           "x..y",
                                           "10.0.0.1:4000",
                                           "[::1]:4000",
                                           "h:0",
                                           "h:65536",
                                           "h",
                                           ":1",
                                           "h:1/",
                                           "http://h:1",
                                           "http://h:1/",
                                           "http://h:1/x",
                                           "https://u:p@h",
                                           "ftp://h:1",
                                           "30s",
                                           "1h30m",
                                           "0",
                                           "1",
                                           "s",
                                           "30m1h",
                                           "64MiB",
                                           "64MB",
                                           "22:30",
                                           "24:00",
                                           "2:30",
                                           "2026-11-22T00:00:00Z",
                                           "2026-13-22T00:00:00Z",
                                           "2026-11-22T00:00:00+01:00",
                                           "v8.5.3",
                                           "8.5.3",
                                           "v8.5",
                                           "v8.5.3-alpha",
                                           "tidb_gc_enable"};
enum { WORDS = sizeof(words_to_try) / sizeof(words_to_try[0]) };

static bool matches(const char *pattern, const char *word)
{
    regex_t re;
    cr_assert_eq(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0, "%s", pattern);
    bool yes = regexec(&re, word, 0, NULL, 0) == 0;
    regfree(&re);
    return yes;
}

/* The pattern for editors may be wider than the check, never narrower. */
Test(spec, patterns_take_what_the_checks_take)
{
    struct dr_arena *a = dr_arena_new(0);
    for (unsigned f = 0; f < DR_F_COUNT; f++) {
        cr_assert(dr_formats[f].name && dr_formats[f].what && dr_formats[f].check, "%u",
                  f);
        unsigned taken = 0;
        for (size_t i = 0; i < WORDS; i++) {
            const char *w = words_to_try[i];
            bool good = dr_formats[f].check(w, strlen(w));
            taken += good;
            if (good && dr_formats[f].pattern)
                cr_assert(matches(dr_formats[f].pattern, w), "%s: '%s'",
                          dr_formats[f].name, w);
        }
        cr_assert_gt(taken, 0, "nothing tried is a %s", dr_formats[f].name);
    }
    for (unsigned t = 0; t < DR_T_COUNT; t++) {
        char at[128];
        cr_assert(dr_types[t].name && dr_types[t].what, "%u", t);
        for (size_t i = 0; i < WORDS && dr_types[t].read && dr_types[t].pattern; i++)
            if (dr_types[t].read(a, words_to_try[i], strlen(words_to_try[i]), at))
                cr_assert(matches(dr_types[t].pattern, words_to_try[i]), "%s: '%s'",
                          dr_types[t].name, words_to_try[i]);
    }
    dr_arena_free(a);
}

Test(spec, codes_and_rules_name_each_other)
{
    size_t count, rules;
    const struct dr_vcode_info *all = dr_vcodes(&count);
    for (size_t i = 0; i < count; i++) {
        char text[DR_VCODE_TEXT];
        cr_assert(all[i].title && all[i].meaning && all[i].remedy, "%d",
                  (int)all[i].code);
        cr_assert(!i || all[i].code > all[i - 1].code, "rising order");
        cr_assert_eq(dr_vcode_parse(dr_vcode_text(all[i].code, text)), &all[i]);
    }
    cr_assert_null(dr_vcode_parse("DR-V999"));
    cr_assert_null(dr_vcode_parse("validate"));
    for (unsigned k = 0; k < DR_KIND_COUNT; k++) {
        const struct dr_rule *r = dr_rules((enum dr_kind)k, &rules);
        for (size_t i = 0; i < rules; i++) {
            cr_assert_eq(dr_vcode_info(r[i].code)->code, r[i].code);
            cr_assert(r[i].reads[0], "a rule reads something");
        }
    }
}

/* Each path that a rule reads is a field of its kind. */
Test(spec, rules_read_fields_that_exist)
{
    struct dr_arena *a = dr_arena_new(0);
    for (unsigned k = 0; k < DR_KIND_COUNT; k++) {
        size_t count;
        const struct dr_rule *r = dr_rules((enum dr_kind)k, &count);
        for (size_t i = 0; i < count; i++) {
            for (const char *p = r[i].reads; *p;) {
                size_t len = strcspn(p, " ");
                struct dr_buf out;
                const char *meant;
                dr_buf_init(&out, 1 << 20);
                const char *word =
                    dr_sprintf(a, "%s.%.*s", dr_kinds[k].name, (int)len, p);
                cr_assert(dr_explain(a, word, &out, &meant), "%s", word);
                dr_buf_release(&out);
                p += len + (p[len] == ' ');
            }
        }
    }
    dr_arena_free(a);
}

Test(spec, settings_hold_together)
{
    size_t count, params;
    struct dr_version v;
    const struct dr_setting *s = dr_settings(&count), *p = dr_sink_params(&params);
    cr_assert_gt(count, 130);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(dr_setting_find(s[i].path), &s[i], "'%s' is there twice", s[i].path);
        cr_assert_eq(s[i].type == DR_S_WORD, s[i].words != NULL, "%s", s[i].path);
        cr_assert_null(strpbrk(s[i].path, "_ "), "%s", s[i].path);
        cr_assert(!s[i].since ||
                  dr_types[DR_T_VERSION].read(NULL, s[i].since, strlen(s[i].since), &v));
        cr_assert(!s[i].until ||
                  dr_types[DR_T_VERSION].read(NULL, s[i].until, strlen(s[i].until), &v));
    }
    for (size_t i = 0; i < params; i++)
        for (size_t k = 0; k < i; k++)
            cr_assert_str_neq(p[i].path, p[k].path);
}
