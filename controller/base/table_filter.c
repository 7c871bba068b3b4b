#include "controller/base/table_filter.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>
#include <strings.h>

struct pattern {
    const char *text; /* wildcards and backslashes as written, already in lower case if
                         letters do not matter */
    regex_t *regex;   /* instead of text */
};

struct rule {
    bool positive;
    struct pattern schema, table;
};

struct dr_table_filter {
    bool case_sensitive;
    struct rule *rules;
    size_t count, room;
};

static void free_regex(void *re)
{
    regfree(re);
}

/* Matches one [..] class at *p (after the bracket); moves *p behind it. */
static bool match_class(const char **p, char c)
{
    const char *s = *p;
    bool negated = *s == '!' || *s == '^', found = false;

    for (s += negated; *s && *s != ']'; s++) {
        if (*s == '\\' && s[1])
            s++;
        if (s[1] == '-' && s[2] && s[2] != ']') {
            found |= c >= s[0] && c <= s[2];
            s += 2;
        } else
            found |= c == *s;
    }
    *p = *s ? s + 1 : s;
    return found != negated;
}

static bool match_wild(const char *p, const char *s)
{
    const char *star = NULL, *from = NULL;

    for (;;) {
        const char *next = p + 1;
        bool ok = *s && *p;
        if (*p == '*') {
            star = p++;
            from = s;
            continue;
        }
        if (!*p && !*s)
            return true;
        if (*p == '[')
            ok = *s && match_class(&next, *s);
        else if (*p == '\\' && p[1]) {
            ok = *s == p[1];
            next = p + 2;
        } else if (*p != '?')
            ok = *s && *p == *s;
        if (ok) {
            p = next;
            s++;
        } else if (star && *from) {
            p = star + 1;
            s = ++from;
        } else
            return false;
    }
}

/* Reads one name pattern at *p up to `end` ('.' or 0). */
static bool parse_pattern(struct dr_arena *a, struct pattern *out, const char **p,
                          bool fold)
{
    const char *s = *p;
    char *text = dr_alloc(a, strlen(s) * 2 + 1), *t = text;

    if (*s == '/') {
        const char *end = strchr(s + 1, '/');
        out->regex = dr_alloc(a, sizeof(*out->regex));
        if (!end || regcomp(out->regex, dr_strndup(a, s + 1, (size_t)(end - s - 1)),
                            REG_EXTENDED | REG_NOSUB | (fold ? REG_ICASE : 0)))
            return false;
        dr_arena_defer(a, free_regex, out->regex);
        *p = end + 1;
        return true;
    }
    if (*s == '`' || *s == '"') {
        char quote = *s++;
        for (; *s && (*s != quote || s[1] == quote); s++) {
            s += *s == quote;
            *t++ = '\\'; /* nothing is special inside quotes */
            *t++ = fold ? (char)tolower((unsigned char)*s) : *s;
        }
        if (*s++ != quote)
            return false;
    } else
        for (; *s && *s != '.'; s++) {
            if (!isalnum((unsigned char)*s) && !strchr("_$*?[]!-^\\", *s) &&
                (unsigned char)*s < 0x80)
                return false;
            *t++ = fold ? (char)tolower((unsigned char)*s) : *s;
            if (*s == '\\' && s[1])
                *t++ = *++s;
        }
    *t = '\0';
    out->text = text;
    *p = s;
    return t != text;
}

static bool parse_rule(struct dr_arena *a, struct rule *out, const char *s, bool fold)
{
    out->positive = *s != '!';
    s += !out->positive;
    if (!parse_pattern(a, &out->schema, &s, fold) || *s++ != '.')
        return false;
    return parse_pattern(a, &out->table, &s, fold) && !*s;
}

struct dr_table_filter *dr_table_filter_new(struct dr_arena *a, const char *const *rules,
                                            size_t count, bool case_sensitive,
                                            const char **bad)
{
    struct dr_table_filter *f = DR_NEW(a, struct dr_table_filter);

    f->case_sensitive = case_sensitive;
    for (size_t i = 0; i < count; i++) {
        const char *s = rules[i] + strspn(rules[i], " \t");
        if (!*s || *s == '#')
            continue;
        if (!parse_rule(a, DR_PUSH(a, f->rules, f->count, f->room), s, !case_sensitive)) {
            *bad = rules[i];
            return NULL;
        }
    }
    return f;
}

static bool match(const struct dr_table_filter *f, const struct pattern *p,
                  const char *name)
{
    char folded[256];
    size_t i;

    if (p->regex)
        return !regexec(p->regex, name, 0, NULL, 0);
    if (!f->case_sensitive) {
        for (i = 0; name[i] && i + 1 < sizeof(folded); i++)
            folded[i] = (char)tolower((unsigned char)name[i]);
        folded[i] = '\0';
        name = folded;
    }
    return match_wild(p->text, name);
}

bool dr_table_filter_table(const struct dr_table_filter *f, const char *schema,
                           const char *table)
{
    for (size_t i = f->count; i-- > 0;)
        if (match(f, &f->rules[i].schema, schema) && match(f, &f->rules[i].table, table))
            return f->rules[i].positive;
    return false;
}

/* Source: tidb: pkg/util/table-filter/table_filter.go MatchSchema. */
bool dr_table_filter_schema(const struct dr_table_filter *f, const char *schema)
{
    for (size_t i = f->count; i-- > 0;) {
        const struct rule *r = &f->rules[i];
        if (!match(f, &r->schema, schema))
            continue;
        if (r->positive)
            return true;
        if (r->table.text && !strcmp(r->table.text, "*"))
            return false;
    }
    return false;
}

bool dr_table_filter_system(const char *schema)
{
    static const char *const system[] = {
        "mysql", "information_schema", "performance_schema",  "metrics_schema",
        "sys",   "tidb_cdc",           "lightning_task_info", "workload_schema",
    };
    for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
        if (!strcasecmp(schema, system[i]))
            return true;
    return !strncasecmp(schema, "__TiDB_BR_Temporary_", 20);
}
