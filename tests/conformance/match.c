/* Variables, and what a text or a JSON value has to be. */
#include <ctype.h>
#include <inttypes.h>
#include <regex.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "tests/conformance/conform.h"

/* ---- variables ---- */

void vars_set(struct vars *v, const char *name, const char *value)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->items[i].name, name) == 0) {
            v->items[i].value = dr_strdup(v->arena, value);
            return;
        }
    *DR_PUSH(v->arena, v->items, v->count, v->room) =
        (struct var){dr_strdup(v->arena, name), dr_strdup(v->arena, value)};
}

const char *vars_get(const struct vars *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->items[i].name, name) == 0)
            return v->items[i].value;
    return NULL;
}

static const char *percent(struct vars *v, const char *text)
{
    struct dr_buf out;
    dr_buf_init(&out, 1 << 16);
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            dr_buf_addc(&out, *text);
        else
            dr_buf_addf(&out, "%%%02X", (unsigned char)*text);
    const char *made = dr_strdup(v->arena, dr_buf_str(&out));
    dr_buf_release(&out);
    return made;
}

/* "name", "name+N", "name-N", "name%"; NULL: not set, or not a number to reckon with. */
static const char *value_of(struct vars *v, const char *text, size_t len)
{
    char *name = dr_strndup(v->arena, text, len);
    const char *whole = vars_get(v, name);
    size_t cut = strcspn(name, "+-");
    uint64_t base, by;
    if (whole || !*name)
        return whole;
    if (name[len - 1] == '%') {
        name[len - 1] = '\0';
        whole = vars_get(v, name);
        return whole ? percent(v, whole) : NULL;
    }
    if (!name[cut])
        return NULL;
    char sign = name[cut];
    if (!dr_parse_u64(name + cut + 1, strlen(name + cut + 1), &by))
        return NULL;
    name[cut] = '\0';
    const char *value = vars_get(v, name);
    if (!value || !dr_parse_u64(value, strlen(value), &base))
        return NULL;
    return dr_sprintf(v->arena, "%" PRIu64, sign == '+' ? base + by : base - by);
}

const char *vars_expand(struct vars *v, const char *text)
{
    if (!strstr(text, "${"))
        return text;
    struct dr_buf out;
    dr_buf_init(&out, 1 << 20);
    for (const char *p = text; *p;) {
        const char *end = p[0] == '$' && p[1] == '{' ? strchr(p, '}') : NULL;
        const char *value = end ? value_of(v, p + 2, (size_t)(end - p) - 2) : NULL;
        if (value) {
            dr_buf_adds(&out, value);
            p = end + 1;
        } else {
            dr_buf_addc(&out, *p++);
        }
    }
    const char *made = dr_strdup(v->arena, dr_buf_str(&out));
    dr_buf_release(&out);
    return made;
}

/* ---- patterns ---- */

static bool compare(const char *want, const char *got)
{
    size_t op = want[1] == '=' ? 2 : 1;
    const char *text = want + op + strspn(want + op, " ");
    uint64_t a, b;
    if (!dr_parse_u64(text, strlen(text), &b) || !dr_parse_u64(got, strlen(got), &a))
        return false;
    if (want[0] == '!')
        return a != b;
    return want[0] == '>' ? (op == 2 ? a >= b : a > b) : (op == 2 ? a <= b : a < b);
}

static bool matches(const char *want, size_t len, const char *got, char **captured,
                    struct dr_arena *a)
{
    regex_t re;
    regmatch_t m[2];
    char *text = dr_strndup(a, want + 1, len - 2);
    if (regcomp(&re, text, REG_EXTENDED) != 0) {
        fprintf(stderr, "not a regular expression: %s\n", text);
        return false;
    }
    bool yes = regexec(&re, got, 2, m, 0) == 0;
    if (yes && re.re_nsub > 0 && m[1].rm_so >= 0)
        *captured = dr_strndup(a, got + m[1].rm_so, (size_t)(m[1].rm_eo - m[1].rm_so));
    regfree(&re);
    return yes;
}

/* A pattern: any, /regex/, > n, >= n, < n, <= n, != n; each may end in " as NAME". */
static bool is_pattern(const char *want, size_t len)
{
    return (len == 3 && strncmp(want, "any", 3) == 0) ||
           (len > 2 && want[0] == '/' && want[len - 1] == '/') ||
           (len > 2 && strchr("<>", want[0]) && strchr(" =", want[1])) ||
           (len > 3 && strncmp(want, "!= ", 3) == 0);
}

/* Out: 1 it fits, 0 it does not, -1 `want` is no pattern. */
static int match_pattern(struct vars *v, const char *want, const char *got)
{
    const char *as = NULL;
    for (const char *p = strstr(want, " as "); p; p = strstr(p + 1, " as "))
        as = p;
    size_t len = as ? (size_t)(as - want) : strlen(want);
    if (!is_pattern(want, len)) {
        as = NULL;
        len = strlen(want);
        if (!is_pattern(want, len))
            return -1;
    }
    char *head = dr_strndup(v->arena, want, len), *captured = NULL;
    bool yes = head[0] == 'a'   ? true
               : head[0] == '/' ? matches(head, len, got, &captured, v->arena)
                                : compare(head, got);
    if (yes && as)
        vars_set(v, as + 4, captured ? captured : got);
    return yes;
}

bool match_text(struct vars *v, const struct node *want, const char *got)
{
    if (want->kind != NODE_TEXT)
        return false;
    if (tree_null(want))
        return got == NULL;
    if (!got)
        return false;
    const char *text = vars_expand(v, want->text);
    int fits = match_pattern(v, text, got);
    return fits >= 0 ? fits : strcmp(text, got) == 0;
}

/* ---- JSON ---- */

static const char *json_as_text(struct dr_arena *a, const json_t *j)
{
    if (json_is_string(j))
        return json_string_value(j);
    char *dumped = json_dumps(j, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *kept = dr_strdup(a, dumped ? dumped : "");
    free(dumped);
    return kept;
}

static bool differs(struct diff *d, const char *path, const char *want, const char *got)
{
    dr_buf_adds(d->where, path);
    dr_buf_adds(d->want, want);
    dr_buf_adds(d->got, got);
    return false;
}

static bool all_digits(const char *text)
{
    return *text && !text[strspn(text, "0123456789")];
}

static bool match_scalar(struct vars *v, const struct node *want, const json_t *got,
                         const char *path, struct diff *d)
{
    const char *text = vars_expand(v, want->text), *is = json_as_text(v->arena, got);
    int fits = match_pattern(v, text, is);
    if (fits < 0) {
        bool number = !want->quoted && all_digits(text);
        /* beyond int64 a number arrives as the text of its digits (base/json.h) */
        bool same_type =
            number ? json_is_number(got) || (json_is_string(got) && strlen(is) >= 19)
            : want->quoted || (!tree_null(want) && strcmp(text, "true") != 0 &&
                               strcmp(text, "false") != 0)
                ? json_is_string(got) || json_is_real(got)
                : !json_is_string(got);
        bool captured = strncmp(want->text, "${", 2) == 0;
        fits = (same_type || captured) && strcmp(text, is) == 0;
    }
    return fits
               ? true
               : differs(d, path, text,
                         dr_sprintf(v->arena, json_is_string(got) ? "\"%s\"" : "%s", is));
}

static bool match_array(struct vars *v, const struct node *want, const json_t *got,
                        const char *path, struct diff *d)
{
    if (json_array_size(got) != want->count)
        return differs(d, path, dr_sprintf(v->arena, "%zu items", want->count),
                       json_as_text(v->arena, got));
    for (size_t i = 0; i < want->count; i++)
        if (!match_json(v, want->items[i], json_array_get(got, i),
                        dr_sprintf(v->arena, "%s[%zu]", path, i), d))
            return false;
    return true;
}

/* Of an array: `some` (each of the wanted is there), `none`, `count`. */
static bool match_members(struct vars *v, const struct node *want, const json_t *got,
                          const char *path, struct diff *d)
{
    struct dr_buf spare[3];
    struct diff quiet = {&spare[0], &spare[1], &spare[2]};
    for (size_t k = 0; k < want->count; k++) {
        const struct node *item = want->items[k];
        bool count = strcmp(want->keys[k], "count") == 0,
             none = strcmp(want->keys[k], "none") == 0, found = false;
        if (count) {
            json_t *n = json_integer((json_int_t)json_array_size(got));
            bool fits = match_json(v, item, n, path, d);
            json_decref(n);
            if (!fits)
                return false;
            continue;
        }
        for (size_t i = 0; i < json_array_size(got) && !found; i++) {
            for (size_t b = 0; b < 3; b++)
                dr_buf_init(&spare[b], 1 << 16);
            found = match_json(v, item, json_array_get(got, i), path, &quiet);
            for (size_t b = 0; b < 3; b++)
                dr_buf_release(&spare[b]);
        }
        if (found == none)
            return differs(d, path, none ? "no such item" : "such an item",
                           json_as_text(v->arena, got));
    }
    return true;
}

bool match_json(struct vars *v, const struct node *want, const json_t *got,
                const char *path, struct diff *d)
{
    if (want->kind == NODE_TEXT && !want->quoted && strcmp(want->text, "absent") == 0)
        return got ? differs(d, path, "absent", json_as_text(v->arena, got)) : true;
    if (!got)
        return differs(d, path, want->kind == NODE_TEXT ? want->text : "a member",
                       "absent");
    if (want->kind == NODE_TEXT)
        return match_scalar(v, want, got, path, d);
    if (want->kind == NODE_LIST)
        return json_is_array(got)
                   ? match_array(v, want, got, path, d)
                   : differs(d, path, "an array", json_as_text(v->arena, got));
    if (json_is_array(got))
        return match_members(v, want, got, path, d);
    if (!json_is_object(got))
        return differs(d, path, "an object", json_as_text(v->arena, got));
    for (size_t i = 0; i < want->count; i++)
        if (!match_json(v, want->items[i],
                        json_object_get(got, vars_expand(v, want->keys[i])),
                        dr_sprintf(v->arena, "%s.%s", path, want->keys[i]), d))
            return false;
    return true;
}

json_t *tree_json(struct vars *v, const struct node *n)
{
    if (n->kind == NODE_LIST) {
        json_t *list = json_array();
        for (size_t i = 0; i < n->count; i++)
            json_array_append_new(list, tree_json(v, n->items[i]));
        return list;
    }
    if (n->kind == NODE_MAP) {
        json_t *map = json_object();
        for (size_t i = 0; i < n->count; i++)
            json_object_set_new(map, n->keys[i], tree_json(v, n->items[i]));
        return map;
    }
    const char *text = vars_expand(v, n->text);
    int64_t number;
    if (n->quoted && (strncmp(n->text, "${", 2) != 0 || !all_digits(text)))
        return json_string(text);
    if (tree_null(n))
        return json_null();
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(*text == 't');
    return dr_parse_i64(text, strlen(text), &number) ? json_integer(number)
                                                     : json_string(text);
}
