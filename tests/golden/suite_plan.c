// clang-format off
/* The planner. A case is a folder called after what fires in it: B041-what (the check of
 * code DR-B041 blocks), W061-what (the plan waits for a fact that DR-B061 needs),
 * R210-what (rule 210 is the next step), S-what (a situation that is told by a text) or
 * D-what (what somebody changed, under each word of its class of policy.drift).
 * Its file `case`:
 *
 *   # what goes wrong if this case is deleted
 *   facts NAME             the snapshot tests/golden/facts/NAME.json
 *   declare OLD => NEW     changes tests/golden/facts/topology.yaml, where OLD stands once;
 *                          \\n is a new line
 *   set PATH = JSON        replaces or adds a value of the snapshot
 *   drop PATH              removes a member or item
 *   removed                the document left its source
 *   fight RULE CLUSTER     that rule's step was undone three times: it is left to a person
 *   history REVISION yes   the declaration descends from that revision (or: no, unknown)
 *   markdown               the plan as Markdown is plan.md
 *   shows TEXT             plan.txt has this text, keep.txt has not
 *   class NAME             of policy.drift: policies.txt has what the plan makes of it under
 *                          each word; what is kept leaves a protected pair, whatever the word
 *   keep PATH = JSON       one more change, with which it must not fire
 *   keep-drop PATH         or such a removal
 *   keep-facts NAME        or a snapshot as it is
 *   keep-declare OLD => NEW
 *   keep-plain             or the declaration as it is
 *   keep-history REVISION yes
 *   keep-removed           or the document left its source
 *   keep-again             or the document is still there
 *
 * A PATH is words with dots between them; an item of a list is its number, or its name,
 * key or id, + appends one: clusters.west.ledger.rows.term.value.n. plan.txt is the wide plan of the
 * first, keep.txt of the second. Every rule and every code must have a case. */
// clang-format on
#include <stdint.h>
#include <string.h>

#include "controller/base/file.h"
#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/plan/markdown.h"
#include "spec/load.h"
#include "tests/golden/golden.h"

enum { FILE_MAX = 16 << 20, RULE_MAX = 1000, CODE_MAX = 1000 };

struct state {
    bool rules[RULE_MAX], codes[CODE_MAX], classes[DR_DRIFT_COUNT];
};

struct side {
    const char *text; /* of the declaration */
    bool removed;
    struct dr_lineage lineage; /* agreed NULL: none */
    struct dr_fight fight;     /* rule 0: none */
    json_t *facts;
    struct dr_plan_input input;
    struct dr_plan *plan;
};

struct case_file {
    struct side fires, keeps;
    const char *plain; /* the declaration as it is */
    const char *shows; /* NULL: nothing named */
    const char *class; /* of drift; NULL: nothing named */
    bool markdown;     /* the first plan as Markdown, too: plan.md */
};

static void begin(struct golden *g)
{
    g->state = DR_NEW(g->suite, struct state);
}

/* The item of a list that a word of a path means; its size: none. */
static size_t find_item(const json_t *list, const char *word)
{
    static const char *const keys[] = {"name", "key", "id"};
    uint64_t number;
    if (strcmp(word, "+") == 0)
        return json_array_size(list);
    if (dr_parse_u64(word, strlen(word), &number))
        return (size_t)number;
    for (size_t i = 0; i < json_array_size(list); i++) {
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
            const char *s =
                json_string_value(json_object_get(json_array_get(list, i), keys[k]));
            if (s && strcmp(s, word) == 0)
                return i;
        }
    }
    return SIZE_MAX;
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
        at = json_is_array(at) ? json_array_get(at, find_item(at, path))
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
    json_t *at = find_parent(root, path, &last);
    if (!at)
        return false;
    if (json_is_array(at)) {
        size_t i = find_item(at, last);
        if (!value)
            return json_array_remove(at, i) == 0;
        return i == json_array_size(at) ? json_array_append(at, value) == 0
                                        : json_array_set(at, i, value) == 0;
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
    *to = (struct side){.text = from->text,
                        .removed = from->removed,
                        .lineage = from->lineage,
                        .fight = from->fight};
    if (dr_json_parse_in(g->arena, &to->facts, text, strlen(text), &err) != 0)
        golden_fail(g, "%s", err.text);
}

static bool drop(struct golden *g, json_t *facts, char *path)
{
    const char *shown = dr_strdup(g->arena, path);
    if (change(facts, path, NULL))
        return true;
    golden_fail(g, "the facts have no %s", shown);
    return false;
}

/* "\\n" in a line of the case is a new line. */
static char *unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        bool newline = from[0] == '\\' && from[1] == 'n';
        *to++ = newline ? '\n' : *from;
        from += newline;
    }
    *to = '\0';
    return text;
}

/* "OLD => NEW" in the declaration. */
static bool declare(struct golden *g, struct side *s, char *change)
{
    char *arrow = strstr(change, " => ");
    if (!arrow) {
        golden_fail(g, "not OLD => NEW: %s", change);
        return false;
    }
    *arrow = '\0';
    const char *old = unescape(change), *new = unescape(arrow + 4);
    const char *at = strstr(s->text, old);
    if (!at || strstr(at + 1, old)) {
        golden_fail(g, "the declaration does not have this once: %s", old);
        return false;
    }
    s->text = dr_sprintf(g->arena, "%.*s%s%s", (int)(at - s->text), s->text, new,
                         at + strlen(old));
    return true;
}

/* "REVISION yes" */
static bool history(struct golden *g, struct side *s, const char *rest)
{
    static const char *const words[] = {
        [DR_FALSE] = "no", [DR_TRUE] = "yes", [DR_UNSURE] = "unknown"};
    size_t n = strcspn(rest, " ");
    for (enum dr_truth t = DR_FALSE; rest[n] && t <= DR_UNSURE; t++) {
        if (strcmp(rest + n + 1, words[t]) != 0)
            continue;
        s->lineage =
            (struct dr_lineage){.agreed = dr_strndup(g->arena, rest, n), .descends = t};
        return true;
    }
    golden_fail(g, "not REVISION yes, no or unknown: %s", rest);
    return false;
}

/* "230 1": the rule, and the cluster's place. */
static bool fight(struct golden *g, struct side *s, const char *rest)
{
    uint64_t rule, cluster;
    size_t n = strcspn(rest, " ");
    if (!rest[n] || !dr_parse_u64(rest, n, &rule) ||
        !dr_parse_u64(rest + n + 1, strlen(rest + n + 1), &cluster)) {
        golden_fail(g, "not RULE CLUSTER: %s", rest);
        return false;
    }
    s->fight = (struct dr_fight){.rule = (uint16_t)rule,
                                 .cluster = (uint16_t)cluster,
                                 .count = 3,
                                 .corrected_ms = 1763720000000,
                                 .undone_ms = 1763720020000};
    return true;
}

/* A line about the second plan. */
static bool take_keep(struct golden *g, struct case_file *c, const char *word, char *rest)
{
    if (!c->keeps.facts)
        copy_side(g, &c->keeps, &c->fires);
    if (strcmp(word, "keep-facts") == 0)
        return (c->keeps.facts = load_facts(g, rest)) != NULL;
    if (strcmp(word, "keep") == 0)
        return apply(g, c->keeps.facts, rest);
    if (strcmp(word, "keep-drop") == 0)
        return drop(g, c->keeps.facts, rest);
    if (strcmp(word, "keep-declare") == 0)
        return declare(g, &c->keeps, rest);
    if (strcmp(word, "keep-history") == 0)
        return history(g, &c->keeps, rest);
    if (strcmp(word, "keep-plain") == 0)
        c->keeps.text = c->plain;
    else if (strcmp(word, "keep-removed") == 0)
        c->keeps.removed = true;
    else if (strcmp(word, "keep-again") == 0)
        c->keeps.removed = false;
    else {
        golden_fail(g, "unknown word '%s'", word);
        return false;
    }
    return true;
}

/* One line of the case; false: it cannot be used. */
static bool take_line(struct golden *g, struct case_file *c, char *line)
{
    if (*line == '#' || !*line)
        return true;
    char *rest = line + strcspn(line, " ");
    if (*rest)
        *rest++ = '\0';
    if (strcmp(line, "facts") == 0)
        return (c->fires.facts = load_facts(g, rest)) != NULL;
    if (!c->fires.facts) {
        golden_fail(g, "`facts NAME` must come first");
        return false;
    }
    if (strcmp(line, "set") == 0)
        return apply(g, c->fires.facts, rest);
    if (strcmp(line, "drop") == 0)
        return drop(g, c->fires.facts, rest);
    if (strcmp(line, "declare") == 0)
        return declare(g, &c->fires, rest);
    if (strcmp(line, "history") == 0)
        return history(g, &c->fires, rest);
    if (strcmp(line, "fight") == 0)
        return fight(g, &c->fires, rest);
    if (strcmp(line, "removed") == 0)
        c->fires.removed = true;
    else if (strcmp(line, "markdown") == 0)
        c->markdown = true;
    else if (strcmp(line, "shows") == 0)
        c->shows = dr_strdup(g->arena, rest);
    else if (strcmp(line, "class") == 0)
        c->class = dr_strdup(g->arena, rest);
    else
        return take_keep(g, c, line, rest);
    return true;
}

static bool build(struct golden *g, struct side *s)
{
    struct dr_docs docs;
    struct dr_facts *facts;
    struct dr_err err;
    dr_docs_init(&docs, g->arena);
    dr_docs_add(&docs, "topology.yaml", s->text, strlen(s->text));
    dr_docs_finish(&docs);
    if (docs.topology_count != 1) {
        struct dr_buf b;
        dr_buf_init(&b, FILE_MAX);
        dr_findings_text(&docs.findings, false, &b);
        golden_fail(g, "it is not one good topology:\n%s", dr_buf_str(&b));
        dr_buf_release(&b);
        return false;
    }
    if (dr_facts_decode(&facts, s->facts, g->arena, &err) != 0) {
        golden_fail(g, "facts: %s", err.text);
        return false;
    }
    s->input = (struct dr_plan_input){.topology = docs.topologies[0],
                                      .facts = facts,
                                      .revision = "golden",
                                      .lineage = &s->lineage,
                                      .lineage_count = s->lineage.agreed != NULL,
                                      .fight_count = s->fight.rule != 0,
                                      .fights = &s->fight,
                                      .removed = s->removed};
    s->plan = dr_plan_build(&s->input, g->arena);
    return true;
}

static void expect_markdown(struct golden *g, const struct side *s)
{
    static const char *const notes[] = {"planned from saved facts", NULL};
    struct dr_buf b;
    dr_buf_init(&b, FILE_MAX);
    dr_plan_markdown(s->plan, &s->input, notes, &b);
    golden_expect(g, "plan.md", dr_buf_str(&b), b.len);
    dr_buf_release(&b);
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
    char code[16], shown[20];
    const struct dr_action *next = next_step(p);
    if (letter == 'R')
        return next && next->rule == number;
    snprintf(code, sizeof(code), "DR-B%03u", (unsigned)number);
    snprintf(shown, sizeof(shown), "(%s)", code);
    for (size_t i = 0; letter == 'W' && i < p->waiting_count; i++)
        if (p->waitings[i].code && strcmp(p->waitings[i].code, code) == 0)
            return true;
    for (size_t i = 0; letter == 'B' && i < p->question_count; i++)
        if (strstr(p->questions[i].what, shown))
            return true;
    for (size_t i = 0; letter == 'B' && i < p->blocker_count; i++)
        if (strcmp(p->blockers[i].code, code) == 0)
            return true;
    return false;
}

/* Compares the wide plan; *shown: whether it holds the text. */
static void expect(struct golden *g, const struct side *s, const char *file,
                   const char *shows, bool *shown)
{
    struct dr_buf a, b;
    dr_buf_init(&a, FILE_MAX);
    dr_buf_init(&b, FILE_MAX);
    dr_plan_text(s->plan, &s->input, true, &a);
    golden_expect(g, file, dr_buf_str(&a), a.len);
    *shown = shows && strstr(dr_buf_str(&a), shows);
    dr_plan_text(dr_plan_build(&s->input, g->arena), &s->input, true, &b);
    if (a.len != b.len || memcmp(dr_buf_str(&a), dr_buf_str(&b), a.len) != 0)
        golden_fail(g, "the same inputs gave another plan");
    dr_buf_release(&a);
    dr_buf_release(&b);
}

/* "B041-what" -> 41, "W061-what" -> 61, "R210-what" -> 210, "S-what", "D-what" -> 0. */
static bool case_number(const char *name, uint64_t *number)
{
    size_t zeros = strspn(name + 1, "0"), len = strcspn(name, "-");
    *number = 0;
    if (*name == 'S' || *name == 'D')
        return len == 1;
    return strchr("BRW", *name) && len == 4 && zeros < 3 &&
           dr_parse_u64(name + 1 + zeros, 3 - zeros, number);
}

static bool read_case(struct golden *g, struct case_file *c)
{
    size_t len;
    char *text = golden_read(g, "case", &len);
    if (!text) {
        golden_fail(g, "no file `case`");
        return false;
    }
    c->plain = c->fires.text = read_shared(g, "topology", ".yaml", &len);
    if (!c->plain)
        return false;
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (!take_line(g, c, line))
            return false;
    }
    if (!c->keeps.facts)
        golden_fail(g, "no `keep`: nothing shows when it stays silent");
    return c->keeps.facts && build(g, &c->fires) && build(g, &c->keeps);
}

/* ---- what somebody changed, under each word ---- */

/* The side with one more word of policy.drift, planned; false: it cannot be. */
static bool build_under(struct golden *g, struct side *s, const struct side *plain,
                        const char *class, const char *word)
{
    static const char drift[] = "drift: {", before[] = "  bootstrap:";
    const char *at = strstr(plain->text, drift);
    copy_side(g, s, plain);
    if (at)
        s->text = dr_sprintf(g->arena, "%.*s%s%s: %s, %s", (int)(at - plain->text),
                             plain->text, drift, class, word, at + strlen(drift));
    else if ((at = strstr(plain->text, before)))
        s->text =
            dr_sprintf(g->arena, "%.*s  policy: {%s%s: %s}}\n%s", (int)(at - plain->text),
                       plain->text, drift, class, word, at);
    return build(g, s);
}

/* What the plan does, asks and tells, one line each. */
static void tell(const struct dr_plan *p, struct dr_buf *out)
{
    for (size_t i = 0; i < p->blocker_count; i++)
        dr_buf_addf(out, "  refuses %s %s: %s\n", p->blockers[i].code,
                    p->blockers[i].subject, p->blockers[i].fact);
    for (size_t i = 0; i < p->question_count; i++)
        dr_buf_addf(out, "  asks    %s: %s\n          answer: %s\n",
                    p->questions[i].subject, p->questions[i].what,
                    p->questions[i].answer);
    for (size_t i = 0; i < p->waiting_count; i++)
        dr_buf_addf(out, "  waits   %s: %s\n", p->waitings[i].subject,
                    p->waitings[i].what);
    for (size_t i = 0; i < p->action_count; i++)
        dr_buf_addf(out, "  %s %s\n", p->actions[i].ready ? "does   " : "later  ",
                    p->actions[i].what);
    for (size_t i = 0; i < p->notice_count; i++)
        dr_buf_addf(out, "  tells   %s\n", p->notices[i]);
    if (!p->blocker_count && !p->question_count && !p->action_count && !p->notice_count)
        dr_buf_adds(out, "  nothing\n");
    for (size_t i = 0; i < p->protection_count; i++)
        if (p->protections[i].holds != DR_TRUE)
            dr_buf_addf(out, "  not protected: %s: %s\n", p->protections[i].name,
                        p->protections[i].text);
}

static bool class_of(const char *name, enum dr_drift_class *class)
{
    for (*class = 0; *class < DR_DRIFT_COUNT; (*class)++)
        if (strcmp(dr_drift_class_name(*class), name) == 0)
            return true;
    return false;
}

static void expect_policies(struct golden *g, const struct case_file *c)
{
    struct state *st = g->state;
    struct dr_buf b;
    enum dr_drift_class class;
    if (!c->class || !class_of(c->class, &class)) {
        golden_fail(g, "no `class` of policy.drift is named");
        return;
    }
    dr_buf_init(&b, FILE_MAX);
    for (enum dr_drift_action a = DR_DRIFT_CORRECT; a <= DR_DRIFT_ASK; a++) {
        const char *word = dr_drift_action_name(a);
        struct side s;
        if (!build_under(g, &s, &c->fires, c->class, word))
            break;
        dr_buf_addf(&b, "policy.drift.%s: %s\n", c->class, word);
        tell(s.plan, &b);
        if (!build_under(g, &s, &c->keeps, c->class, word))
            break;
        if (s.plan->state != DR_PLAN_CONVERGED || s.plan->is_protected != DR_TRUE)
            golden_fail(g, "what is kept is not at rest under '%s'", word);
    }
    golden_expect(g, "policies.txt", dr_buf_str(&b), b.len);
    dr_buf_release(&b);
    st->classes[class] = true;
}

static void run(struct golden *g)
{
    struct state *st = g->state;
    struct case_file c = {0};
    uint64_t number;
    char letter = g->case_name[0];
    bool in_plan, in_keep;
    if (!case_number(g->case_name, &number)) {
        golden_fail(g, "the folder is not called B041-.., W061-.., R210-.. or S-..");
        return;
    }
    if (!read_case(g, &c))
        return;
    if (letter == 'D') {
        expect_policies(g, &c);
        return;
    }
    expect(g, &c.fires, "plan.txt", c.shows, &in_plan);
    expect(g, &c.keeps, "keep.txt", c.shows, &in_keep);
    if (c.markdown)
        expect_markdown(g, &c.fires);
    if (c.shows && !in_plan)
        golden_fail(g, "it does not show: %s", c.shows);
    if (c.shows && in_keep)
        golden_fail(g, "what is kept shows, too: %s", c.shows);
    if (letter == 'S') {
        if (!c.shows)
            golden_fail(g, "no `shows`: nothing tells the situation");
        return;
    }
    if (!does_fire(c.fires.plan, letter, number))
        golden_fail(g, "it does not fire");
    if (does_fire(c.keeps.plan, letter, number))
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
    for (enum dr_drift_class d = 0; d < DR_DRIFT_COUNT; d++)
        if (d != DR_DRIFT_ROLES &&
            d != DR_DRIFT_DEPLOYMENT) /* of modes that come later */
            golden_count(g, st->classes[d], "policy.drift.%s has no case",
                         dr_drift_class_name(d));
}

const struct golden_suite golden_plan = {
    .name = "plan", .begin = begin, .run = run, .end = end};
