/* The planner. A case is a folder called after what fires in it: B041-what (a check of
 * code DR-B041) or R210-what (rule 210 is the next step). Its file `case`: # what goes
 * wrong if this case is deleted facts NAME            the snapshot
 * tests/golden/facts/NAME.json document NAME         optional:
 * tests/golden/facts/NAME.yaml instead of topology.yaml set PATH = JSON       replaces a
 * value of the snapshot; PATH: clusters.1.instances.0.x drop PATH             removes a
 * member or item keep PATH = JSON      one more change, with which it must not fire
 *   keep-document NAME    or: with this declaration it must not fire
 * plan.txt is the wide plan of the first, keep.txt of the second. Every rule and every
 * code must have a case. */
#include <string.h>

#include "controller/base/file.h"
#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/plan/plan.h"
#include "spec/load.h"
#include "tests/golden/golden.h"

enum { FILE_MAX = 16 << 20, RULE_MAX = 1000, CODE_MAX = 1000 };

struct state {
    bool rules[RULE_MAX], codes[CODE_MAX];
};

struct side {
    const char *document;
    json_t *facts;
    struct dr_plan_input input;
    struct dr_plan *plan;
};

static void begin(struct golden *g)
{
    g->state = DR_NEW(g->suite, struct state);
}

/* The container of the last word of a path, and that word; NULL: no such place. */
static json_t *find_parent(json_t *root, char *path, const char **last)
{
    json_t *at = root;
    for (;;) {
        char *dot = strchr(path, '.');
        if (!dot) {
            *last = path;
            return at;
        }
        *dot = '\0';
        uint64_t i;
        at = json_is_array(at) && dr_parse_u64(path, strlen(path), &i)
                 ? json_array_get(at, (size_t)i)
                 : json_object_get(at, path);
        if (!at)
            return NULL;
        path = dot + 1;
    }
}

/* value NULL: remove. */
static bool change(json_t *root, char *path, json_t *value)
{
    const char *last;
    uint64_t i;
    json_t *at = find_parent(root, path, &last);
    if (!at)
        return false;
    if (json_is_array(at) && dr_parse_u64(last, strlen(last), &i)) {
        if (!value)
            return json_array_remove(at, (size_t)i) == 0;
        return i == json_array_size(at) ? json_array_append(at, value) == 0
                                        : json_array_set(at, (size_t)i, value) == 0;
    }
    if (!json_is_object(at))
        return false;
    return value ? json_object_set(at, last, value) == 0 : json_object_del(at, last) == 0;
}

static char *read_shared(struct golden *g, const char *name, const char *ending,
                         size_t *len)
{
    struct dr_err err;
    char *bytes;
    const char *path = dr_sprintf(g->arena, "tests/golden/facts/%s%s", name, ending);
    if (dr_file_read(g->arena, path, FILE_MAX, &bytes, len, &err) == 0)
        return bytes;
    golden_fail(g, "%s", err.text);
    return NULL;
}

static json_t *load_facts(struct golden *g, const char *name)
{
    struct dr_err err;
    size_t len;
    json_t *v;
    char *bytes = read_shared(g, name, ".json", &len);
    if (!bytes)
        return NULL;
    if (dr_json_parse_in(g->arena, &v, bytes, len, &err) == 0)
        return v;
    golden_fail(g, "facts %s: %s", name, err.text);
    return NULL;
}

/* "PATH = JSON" onto the facts. */
static bool apply(struct golden *g, json_t *facts, char *text)
{
    struct dr_err err;
    json_t *value;
    char *equal = strstr(text, " = ");
    if (!equal) {
        golden_fail(g, "not PATH = JSON: %s", text);
        return false;
    }
    *equal = '\0';
    const char *shown = dr_strdup(g->arena, text);
    if (dr_json_parse_in(g->arena, &value, equal + 3, strlen(equal + 3), &err) != 0) {
        golden_fail(g, "%s: %s", shown, err.text);
        return false;
    }
    if (change(facts, text, value))
        return true;
    golden_fail(g, "the facts have no %s", shown);
    return false;
}

static void copy_side(struct golden *g, struct side *to, const struct side *from)
{
    char *text = dr_json_text(g->arena, from->facts);
    struct dr_err err;
    *to = (struct side){.document = from->document};
    if (dr_json_parse_in(g->arena, &to->facts, text, strlen(text), &err) != 0)
        golden_fail(g, "%s", err.text);
}

/* One line of the case; false: it cannot be used. */
static bool take_line(struct golden *g, struct side *fires, struct side *keeps,
                      char *line)
{
    char *rest = strchr(line, ' ');
    if (*line == '#' || !*line)
        return true;
    if (!rest) {
        golden_fail(g, "a line of one word: %s", line);
        return false;
    }
    *rest++ = '\0';
    if (strcmp(line, "facts") == 0)
        return (fires->facts = load_facts(g, rest)) != NULL;
    if (strcmp(line, "document") == 0) {
        fires->document = dr_strdup(g->arena, rest);
        return true;
    }
    if (!fires->facts) {
        golden_fail(g, "`facts NAME` must come first");
        return false;
    }
    if (strcmp(line, "set") == 0)
        return apply(g, fires->facts, rest);
    if (strcmp(line, "drop") == 0) {
        bool done = change(fires->facts, rest, NULL);
        if (!done)
            golden_fail(g, "the facts have no %s", rest);
        return done;
    }
    if (!keeps->facts)
        copy_side(g, keeps, fires);
    if (strcmp(line, "keep") == 0)
        return apply(g, keeps->facts, rest);
    if (strcmp(line, "keep-document") == 0) {
        keeps->document = dr_strdup(g->arena, rest);
        return true;
    }
    golden_fail(g, "unknown word '%s'", line);
    return false;
}

static bool build(struct golden *g, struct side *s)
{
    struct dr_docs docs;
    struct dr_facts *facts;
    struct dr_err err;
    size_t len;
    char *text = read_shared(g, s->document, ".yaml", &len);
    if (!text)
        return false;
    dr_docs_init(&docs, g->arena);
    dr_docs_add(&docs, dr_sprintf(g->arena, "%s.yaml", s->document), text, len);
    dr_docs_finish(&docs);
    if (docs.topology_count != 1) {
        golden_fail(g, "%s.yaml is not one good topology", s->document);
        return false;
    }
    if (dr_facts_decode(&facts, s->facts, g->arena, &err) != 0) {
        golden_fail(g, "facts: %s", err.text);
        return false;
    }
    s->input = (struct dr_plan_input){
        .topology = docs.topologies[0], .facts = facts, .revision = "golden"};
    s->plan = dr_plan_build(&s->input, g->arena);
    return true;
}

static const struct dr_action *next_step(const struct dr_plan *p)
{
    for (size_t i = 0; i < p->action_count; i++)
        if (p->actions[i].ready)
            return &p->actions[i];
    return NULL;
}

/* What the case is named after fires in this plan. */
static bool does_fire(const struct dr_plan *p, char letter, uint64_t number)
{
    char code[16];
    const struct dr_action *next = next_step(p);
    if (letter == 'R')
        return next && next->rule == number;
    snprintf(code, sizeof(code), "DR-B%03u", (unsigned)number);
    for (size_t i = 0; i < p->blocker_count; i++)
        if (strcmp(p->blockers[i].code, code) == 0)
            return true;
    return false;
}

static void expect(struct golden *g, const struct side *s, const char *file)
{
    struct dr_buf a, b;
    dr_buf_init(&a, FILE_MAX);
    dr_buf_init(&b, FILE_MAX);
    dr_plan_text(s->plan, &s->input, true, &a);
    golden_expect(g, file, dr_buf_str(&a), a.len);
    dr_plan_text(dr_plan_build(&s->input, g->arena), &s->input, true, &b);
    if (a.len != b.len || memcmp(dr_buf_str(&a), dr_buf_str(&b), a.len) != 0)
        golden_fail(g, "the same inputs gave another plan");
    dr_buf_release(&a);
    dr_buf_release(&b);
}

/* "B041-what" -> 41, "R210-what" -> 210. */
static bool case_number(const char *name, uint64_t *number)
{
    size_t zeros = strspn(name + 1, "0"), len = strcspn(name, "-");
    return (*name == 'B' || *name == 'R') && len == 4 && zeros < 3 &&
           dr_parse_u64(name + 1 + zeros, 3 - zeros, number);
}

static void run(struct golden *g)
{
    struct state *st = g->state;
    struct side fires = {.document = "topology"}, keeps = {0};
    uint64_t number;
    size_t len;
    char letter = g->case_name[0], *text = golden_read(g, "case", &len);
    if (!text || !case_number(g->case_name, &number)) {
        golden_fail(g, "no file `case`, or the folder is not called B041-.. or R210-..");
        return;
    }
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (!take_line(g, &fires, &keeps, line))
            return;
    }
    if (!keeps.facts) {
        golden_fail(g, "no `keep`: nothing shows when it stays silent");
        return;
    }
    if (!build(g, &fires) || !build(g, &keeps))
        return;
    expect(g, &fires, "plan.txt");
    expect(g, &keeps, "keep.txt");
    if (!does_fire(fires.plan, letter, number))
        golden_fail(g, "it does not fire");
    if (does_fire(keeps.plan, letter, number))
        golden_fail(g, "it fires with the fact kept, too");
    (letter == 'R' ? st->rules : st->codes)[number] = true;
}

static void end(struct golden *g)
{
    struct state *st = g->state;
    for (size_t i = 0; dr_plan_code(i); i++) {
        uint64_t n = 0;
        const char *digits = dr_plan_code(i) + 4; /* "DR-B041" */
        while (*digits == '0')
            digits++;
        golden_count(g, dr_parse_u64(digits, strlen(digits), &n) && st->codes[n],
                     "%s has no case", dr_plan_code(i));
    }
    for (size_t i = 0; dr_plan_rule(i); i++)
        golden_count(g, st->rules[dr_plan_rule(i)], "rule %u has no case",
                     dr_plan_rule(i));
}

const struct golden_suite golden_plan = {
    .name = "plan", .begin = begin, .run = run, .end = end};
