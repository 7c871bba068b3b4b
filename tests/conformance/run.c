/* Runs the cases of a file, one after the other: users and schema of its own first, then
 * `before`, the cases, `after`, and everything is taken away again. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "controller/base/num.h"
#include "tests/conformance/conform.h"

enum { SESSIONS_MAX = 32, POLL_MS = 50, SHOWN_MAX = 600, SLOW_MS = 1500 };
#define SCHEMA "drover_conf"
#define PREFIX "drover_conf_"

struct bench {
    struct dr_arena *arena; /* of this file */
    const struct world *world;
    const char *path;
    const struct node *file;
    struct vars vars;
    size_t session_count;
    struct {
        const char *name;
        struct session *session;
    } sessions[SESSIONS_MAX];
    struct dr_buf where, want, got; /* the first difference */
    struct diff diff;
};

static const char *const file_keys[] = {"area",  "about", "source",    "needs", "mutates",
                                        "since", "until", "arch",      "users", "before",
                                        "after", "cases", "inference", NULL};
static const char *const case_keys[] = {"name",    "source", "inference", "needs",
                                        "mutates", "since",  "until",     "arch",
                                        "steps",   "unlike", NULL};
static const char *const step_keys[] = {
    "sql",     "as",    "on",      "connect", "login",         "pd",     "cdc",
    "tidb",    "s3",    "headers", "body",    "unsigned",      "status", "json",
    "text",    "rows",  "header",  "columns", "first-columns", "row",    "some",
    "none",    "let",   "count",   "error",   "affected",      "within", "wait",
    "warning", "needs", "at",      NULL};

/* ---- what a file may say ---- */

static bool in(const char *const *words, const char *word)
{
    for (; *words; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

static size_t unknown_keys(const struct bench *b, const struct node *map,
                           const char *const *one, const char *const *other)
{
    size_t bad = 0;
    for (size_t i = 0; i < map->count; i++)
        if (map->kind != NODE_MAP ||
            (!in(one, map->keys[i]) && !(other && in(other, map->keys[i])))) {
            fprintf(stderr, "%s:%u: unknown word '%s'\n", b->path, map->items[i]->line,
                    map->kind == NODE_MAP ? map->keys[i] : "-");
            bad++;
        }
    return bad;
}

static size_t bad_steps(const struct bench *b, const struct node *steps)
{
    size_t bad = 0;
    for (size_t i = 0; steps && i < steps->count; i++)
        bad += unknown_keys(b, steps->items[i], step_keys, NULL);
    return bad;
}

static const char *own_or_files(const struct bench *b, const struct node *c,
                                const char *key)
{
    const char *own = tree_text(c, key);
    return own ? own : tree_text(b->file, key);
}

/* Every case has a name of its own and names where the fact comes from. */
static size_t bad_words(const struct bench *b)
{
    const struct node *cases = tree_get(b->file, "cases");
    size_t bad = unknown_keys(b, b->file, file_keys, NULL) +
                 bad_steps(b, tree_get(b->file, "before")) +
                 bad_steps(b, tree_get(b->file, "after"));
    if (!cases || cases->kind != NODE_LIST || !tree_text(b->file, "area")) {
        fprintf(stderr, "%s: no cases, or no area\n", b->path);
        return bad + 1;
    }
    for (size_t i = 0; i < cases->count; i++) {
        const struct node *c = cases->items[i];
        const char *name = tree_text(c, "name");
        bad +=
            unknown_keys(b, c, case_keys, step_keys) + bad_steps(b, tree_get(c, "steps"));
        for (size_t k = 0; name && k < i; k++)
            if (strcmp(name, tree_text(cases->items[k], "name")) == 0)
                name = NULL;
        if (!name || !own_or_files(b, c, "source")) {
            fprintf(stderr, "%s:%u: no name, a name twice, or no source\n", b->path,
                    c->line);
            return bad + 1;
        }
    }
    return bad;
}

/* ---- which cases can run here ---- */

static unsigned rank(const char *version) /* "8.5" and "v8.5.3" */
{
    unsigned parts[3] = {0}, n = 0;
    for (const char *p = version + (*version == 'v'); *p && n < 3; n++) {
        while (isdigit((unsigned char)*p))
            parts[n] = parts[n] * 10 + (unsigned)(*p++ - '0');
        if (*p != '.')
            break;
        p++;
    }
    return parts[0] * 1000000 + parts[1] * 1000 + parts[2];
}

static bool there_is(const struct world *w, const char *need)
{
    const struct {
        const char *word;
        bool is;
    } known[] = {{"sql", w->sql.count > 0},
                 {"two-sql", w->sql.count > 1},
                 {"pd", w->pd.count > 0},
                 {"two-pd", w->pd.count > 1},
                 {"ticdc", w->cdc.count > 0},
                 {"two-ticdc", w->cdc.count > 1},
                 {"tidb-status", w->status.count > 0},
                 {"s3", w->s3.count > 0}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].word, need) == 0)
            return known[i].is;
    return vars_get(&w->given, need) != NULL;
}

static const char *missing_need(const struct bench *b, const struct node *needs)
{
    size_t n = !needs ? 0 : needs->kind == NODE_LIST ? needs->count : 1;
    for (size_t i = 0; i < n; i++) {
        const char *word = needs->kind == NODE_LIST ? needs->items[i]->text : needs->text;
        if (!there_is(b->world, word))
            return dr_sprintf(b->arena, "needs %s", word);
    }
    return NULL;
}

/* Why it is not run; NULL: it is. */
static const char *left_out(const struct bench *b, const struct node *c)
{
    const struct world *w = b->world;
    const char *since = own_or_files(b, c, "since"), *until = own_or_files(b, c, "until"),
               *arch = own_or_files(b, c, "arch"),
               *mutates = own_or_files(b, c, "mutates"), *why;
    if (w->only && !strstr(b->path, w->only) && !strstr(tree_text(c, "name"), w->only))
        return "not asked for";
    if ((why = missing_need(b, tree_get(b->file, "needs"))) ||
        (why = missing_need(b, tree_get(c, "needs"))))
        return why;
    if (since && w->version && w->version < rank(since))
        return dr_sprintf(b->arena, "from %s on", since);
    if (until && w->version && w->version >= rank(until))
        return dr_sprintf(b->arena, "before %s", until);
    if (arch && w->new_arch != (strcmp(arch, "new") == 0))
        return dr_sprintf(b->arena, "%s architecture of TiCDC", arch);
    if (mutates && strcmp(mutates, "cluster") == 0 && !w->change_cluster)
        return "changes settings of the whole cluster";
    return NULL;
}

/* ---- sessions ---- */

static const char *endpoint(struct vars *v, const struct endpoints *e,
                            const struct node *step)
{
    const char *on = tree_text(step, "on"), *at = tree_text(step, "at");
    uint64_t n = 1;
    if (at)
        return vars_expand(v, at);
    if (on && !dr_parse_u64(on, strlen(on), &n))
        return NULL;
    return n >= 1 && n <= e->count ? e->at[n - 1] : NULL;
}

/* The account behind "plain" or "plain#2"; "main" is the given one, "down" that of
 * --set down_user and down_password. */
static struct login login_of(struct bench *b, const char *name)
{
    size_t len = strcspn(name, "#");
    char *user = dr_strndup(b->arena, name, len);
    if (strcmp(user, "main") == 0)
        return b->world->login;
    if (strcmp(user, "down") == 0)
        return (struct login){.user = vars_get(&b->vars, "down_user"),
                              .password = vars_get(&b->vars, "down_password")};
    return (struct login){.user = dr_sprintf(b->arena, PREFIX "%s", user),
                          .password = dr_sprintf(b->arena, "Conf-%s-1", user)};
}

static void hang_up(struct bench *b)
{
    while (b->session_count > 0)
        session_close(b->sessions[--b->session_count].session);
}

static struct session *session_for(struct bench *b, const struct node *step,
                                   struct sql_answer *out)
{
    const char *as = tree_text(step, "as"),
               *at = endpoint(&b->vars, &b->world->sql, step);
    as = as ? as : "main";
    const char *name = dr_sprintf(b->arena, "%s@%s", as, at ? at : "");
    size_t i = 0;
    while (i < b->session_count && strcmp(b->sessions[i].name, name) != 0)
        i++;
    if (i < b->session_count && tree_true(step, "connect")) {
        session_close(b->sessions[i].session);
        b->sessions[i] = b->sessions[--b->session_count];
        i = b->session_count;
    }
    if (i < b->session_count)
        return b->sessions[i].session;
    if (!at || b->session_count == SESSIONS_MAX)
        return NULL;
    struct login l = login_of(b, as);
    struct session *s = session_open(b->arena, at, &l, out);
    if (s) {
        b->sessions[b->session_count].name = name;
        b->sessions[b->session_count++].session = s;
    }
    return s;
}

/* ---- one step ---- */

static bool try_sql(struct bench *b, const struct node *step)
{
    struct sql_answer got = {.lost = true, .message = "no such endpoint"};
    struct session *s = session_for(b, step, &got);
    if (s)
        session_ask(b->arena, s, vars_expand(&b->vars, tree_text(step, "sql")), &got);
    else if (!got.error)
        got.error = 2002;
    return expect_sql(&b->vars, step, &got, s, &b->diff);
}

static bool try_login(struct bench *b, const struct node *step)
{
    const struct node *who = tree_get(step, "login");
    struct sql_answer got;
    const char *database = tree_text(who, "database");
    struct login l = {vars_expand(&b->vars, tree_text(who, "user")),
                      vars_expand(&b->vars, tree_text(who, "password")),
                      database ? vars_expand(&b->vars, database) : NULL};
    struct session *s =
        session_open(b->arena, endpoint(&b->vars, &b->world->sql, step), &l, &got);
    bool fits = expect_sql(&b->vars, step, &got, s, &b->diff);
    session_close(s);
    return fits;
}

static bool try_http(struct bench *b, const struct node *step, const char *line,
                     const struct endpoints *where, bool store)
{
    const struct node *body = tree_get(step, "body");
    const char *at = endpoint(&b->vars, where, step);
    size_t method = strcspn(line, " ");
    char *text = NULL;
    if (!at || !line[method]) {
        dr_buf_adds(b->diff.where, "no such endpoint, or no METHOD /path");
        return false;
    }
    struct http_request r = {
        .url = dr_sprintf(b->arena, "http://%s%s", at,
                          vars_expand(&b->vars, line + method + 1)),
        .method = dr_strndup(b->arena, line, method),
        .headers = tree_get(step, "headers"),
        .sign_as = store && !tree_true(step, "unsigned") ? b->world->s3_key : NULL};
    if (body && body->kind != NODE_TEXT) {
        json_t *json = tree_json(&b->vars, body);
        text = json_dumps(json, JSON_COMPACT);
        json_decref(json);
        r.body = dr_strdup(b->arena, text);
        free(text);
    } else if (body) {
        r.body = vars_expand(&b->vars, body->text);
    }
    struct http_answer got;
    http_ask(b->arena, &b->vars, &r, &got);
    return expect_http(&b->vars, step, &got, &b->diff);
}

static bool try_step(struct bench *b, const struct node *step)
{
    const struct {
        const char *key;
        const struct endpoints *where;
    } by_http[] = {{"pd", &b->world->pd},
                   {"cdc", &b->world->cdc},
                   {"tidb", &b->world->status},
                   {"s3", &b->world->s3}};
    dr_buf_clear(&b->where);
    dr_buf_clear(&b->want);
    dr_buf_clear(&b->got);
    if (tree_get(step, "sql"))
        return try_sql(b, step);
    if (tree_get(step, "login"))
        return try_login(b, step);
    for (size_t i = 0; i < sizeof(by_http) / sizeof(by_http[0]); i++)
        if (tree_get(step, by_http[i].key))
            return try_http(b, step, tree_text(step, by_http[i].key), by_http[i].where,
                            i == 3);
    return true;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static bool run_step(struct bench *b, const struct node *step)
{
    if (missing_need(b, tree_get(step, "needs")))
        return true;
    const char *within = tree_text(step, "within"), *wait = tree_text(step, "wait");
    const struct node *let = tree_get(step, "let");
    int64_t limit_ms = 0, wait_ms;
    if (wait && dr_parse_duration(wait, strlen(wait), &wait_ms))
        sleep_ms(wait_ms);
    for (size_t i = 0; let && i < let->count; i++)
        vars_set(&b->vars, let->keys[i], vars_expand(&b->vars, let->items[i]->text));
    if (within && !dr_parse_duration(within, strlen(within), &limit_ms))
        fprintf(stderr, "%s:%u: not a duration\n", b->path, step->line);
    int64_t end = now_ms() + limit_ms;
    while (!try_step(b, step)) {
        if (now_ms() >= end)
            return false;
        sleep_ms(POLL_MS);
    }
    return true;
}

/* Out: NULL, or the step that failed. */
static const struct node *run_steps(struct bench *b, const struct node *steps)
{
    for (size_t i = 0; steps && i < steps->count; i++)
        if (!run_step(b, steps->items[i]))
            return steps->items[i];
    return NULL;
}

/* ---- what a file has of its own ---- */

static bool quietly(struct bench *b, const char *text)
{
    struct node sql = {.kind = NODE_TEXT, .quoted = true, .text = text};
    struct node *items[] = {&sql};
    const char *keys[] = {"sql"};
    struct node step = {.kind = NODE_MAP, .count = 1, .items = items, .keys = keys};
    return try_step(b, &step);
}

static void clean(struct bench *b)
{
    const struct node *users = tree_get(b->file, "users");
    quietly(b, "DROP DATABASE IF EXISTS " SCHEMA);
    for (size_t i = 0; users && i < users->count; i++)
        quietly(b, dr_sprintf(b->arena, "DROP USER IF EXISTS '" PREFIX "%s'@'%%'",
                              users->keys[i]));
}

/* Schema and users. Out: whether all of it was let in. */
static bool furnish(struct bench *b)
{
    const struct node *users = tree_get(b->file, "users");
    bool good = true;
    if (b->world->sql.count == 0)
        return true;
    clean(b);
    good = quietly(b, "CREATE DATABASE " SCHEMA);
    for (size_t i = 0; good && users && i < users->count; i++) {
        const char *account = dr_sprintf(b->arena, "'" PREFIX "%s'@'%%'", users->keys[i]);
        good = quietly(b, dr_sprintf(b->arena, "CREATE USER %s IDENTIFIED BY 'Conf-%s-1'",
                                     account, users->keys[i]));
        for (size_t g = 0; good && g < users->items[i]->count; g++)
            good = quietly(b, dr_sprintf(b->arena, "GRANT %s TO %s",
                                         users->items[i]->items[g]->text, account));
    }
    return good;
}

static void open_vars(struct bench *b)
{
    const struct vars *given = &b->world->given;
    b->vars.arena = b->arena;
    vars_set(&b->vars, "db", SCHEMA);
    vars_set(&b->vars, "p", PREFIX);
    vars_set(&b->vars, "user", b->world->login.user);
    for (size_t i = 0; i < b->world->sql.count; i++)
        vars_set(&b->vars, dr_sprintf(b->arena, "sql%zu", i + 1), b->world->sql.at[i]);
    for (size_t i = 0; i < given->count; i++)
        vars_set(&b->vars, given->items[i].name, given->items[i].value);
}

/* ---- counting ---- */

static struct count *area_of(struct dr_arena *a, struct tally *t, const char *name)
{
    for (size_t i = 0; i < t->area_count; i++)
        if (strcmp(t->areas[i].name, name) == 0)
            return &t->areas[i];
    if (t->area_count < sizeof(t->areas) / sizeof(t->areas[0]))
        t->area_count++;
    t->areas[t->area_count - 1].name = dr_strdup(a, name);
    return &t->areas[t->area_count - 1];
}

static void count_left(struct dr_arena *a, struct tally *t, const char *reason)
{
    size_t i = 0;
    while (i < t->left_count && strcmp(t->left[i].reason, reason) != 0)
        i++;
    if (i == t->left_count && i < sizeof(t->left) / sizeof(t->left[0]))
        t->left[t->left_count++].reason = dr_strdup(a, reason);
    if (i < t->left_count)
        t->left[i].cases++;
}

static void tell(const struct bench *b, const struct node *c, const struct node *step)
{
    printf("FAILED %s:%u %s\n  source: %s\n  %s\n  want: %.*s\n  got:  %.*s\n", b->path,
           step->line, tree_text(c, "name"), own_or_files(b, c, "source"),
           dr_buf_str(&b->where), SHOWN_MAX, dr_buf_str(&b->want), SHOWN_MAX,
           dr_buf_str(&b->got));
}

/* A case that says how drover-sim differs: it has to, or the word is out of date. */
static void run_unlike(struct dr_arena *a, struct bench *b, const struct node *c,
                       const struct node *failed, struct tally *t, struct count *area)
{
    if (failed) {
        t->skipped++;
        area->skipped++;
        count_left(a, t, "the simulated estate is known to differ");
        return;
    }
    printf("FAILED %s:%u %s\n  drover-sim answers as it should: take 'unlike' away\n",
           b->path, c->line, tree_text(c, "name"));
    t->failed++;
    area->failed++;
}

static void run_case(struct dr_arena *a, struct bench *b, const struct node *c,
                     struct tally *t, struct count *area)
{
    const struct node *failed = NULL;
    if (tree_get(c, "steps"))
        failed = run_steps(b, tree_get(c, "steps"));
    else if (!run_step(b, c))
        failed = c;
    if (failed)
        hang_up(b); /* a setting or transaction left behind would spoil the next one */
    if (b->world->simulated && tree_text(c, "unlike")) {
        run_unlike(a, b, c, failed, t, area);
        return;
    }
    if (failed) {
        tell(b, c, failed);
        t->failed++;
        area->failed++;
        return;
    }
    t->passed++;
    area->passed++;
    if (tree_true(c, "inference") || tree_true(b->file, "inference"))
        t->inferred++;
}

static void run_cases(struct dr_arena *a, struct bench *b, struct tally *t, bool begun)
{
    const struct node *cases = tree_get(b->file, "cases");
    struct count *area = area_of(a, t, tree_text(b->file, "area"));
    for (size_t i = 0; i < cases->count; i++) {
        const struct node *c = cases->items[i];
        const char *why = left_out(b, c);
        if (why) {
            t->skipped++;
            area->skipped++;
            count_left(a, t, why);
        } else if (b->world->list) {
            printf("%s: %s\n", tree_text(b->file, "area"), tree_text(c, "name"));
        } else if (!begun) {
            t->failed++;
            area->failed++;
        } else {
            run_case(a, b, c, t, area);
        }
    }
}

static bool any_runs(const struct bench *b)
{
    const struct node *cases = tree_get(b->file, "cases");
    for (size_t i = 0; i < cases->count; i++)
        if (!left_out(b, cases->items[i]))
            return !b->world->list;
    return false;
}

void run_file(struct dr_arena *a, const struct world *w, const char *path,
              struct tally *t)
{
    struct bench b = {.arena = dr_arena_new(0), .world = w, .path = path};
    b.diff = (struct diff){&b.where, &b.want, &b.got};
    dr_buf_init(&b.where, 1 << 16);
    dr_buf_init(&b.want, 1 << 20);
    dr_buf_init(&b.got, 1 << 20);
    open_vars(&b);
    b.file = tree_load(b.arena, path);
    if (!b.file || bad_words(&b) > 0) {
        t->failed++;
    } else if (!any_runs(&b)) {
        run_cases(a, &b, t, true);
    } else {
        const struct node *failed = NULL;
        bool begun = furnish(&b) && !(failed = run_steps(&b, tree_get(b.file, "before")));
        if (!begun)
            printf("FAILED %s:%u what comes before the cases\n  %s\n  want: %s\n  got:  "
                   "%s\n",
                   path, failed ? failed->line : 1, dr_buf_str(&b.where),
                   dr_buf_str(&b.want), dr_buf_str(&b.got));
        run_cases(a, &b, t, begun);
        if ((failed = run_steps(&b, tree_get(b.file, "after")))) {
            printf(
                "FAILED %s:%u what comes after the cases\n  %s\n  want: %s\n  got:  %s\n",
                path, failed->line, dr_buf_str(&b.where), dr_buf_str(&b.want),
                dr_buf_str(&b.got));
            t->failed++;
        }
        if (w->sql.count > 0)
            clean(&b);
    }
    hang_up(&b);
    dr_buf_release(&b.where);
    dr_buf_release(&b.want);
    dr_buf_release(&b.got);
    dr_arena_free(b.arena);
}
