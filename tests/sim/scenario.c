#include "tests/sim/scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/base/digest.h"
#include "controller/base/json.h"
#include "controller/base/num.h"

enum {
    ROUNDS_MAX = 400,     /* until protected; a fault-free run takes far less */
    QUIET_ROUNDS = 6,     /* afterwards: nothing but lease and beat */
    BLOCKED_ROUNDS = 40,  /* stories that must never be protected */
    CONTROLLERS_MAX = 12, /* process starts in one scenario */
    RANDOM_FAULTS = 6,
    YEAR_DAYS = 365,
    FOREVER_MS = 4 * 3600 * 1000,
};
#define YEAR_MS (INT64_C(86400000) * YEAR_DAYS)

enum ending {
    PROTECTED,  /* within bounds, equal, then quiet */
    REFUSED,    /* never protected, B's and the feeds' state left alone */
    UNTOUCHED,  /* no mutating call at all */
    DISCHARGED, /* GC given back, no hold row left */
};

struct run;
struct story {
    const char *name, *text;
    struct sim_setting setting;
    enum ending ending;
    bool (*prepare)(struct run *r);          /* before the first controller */
    bool (*play)(struct run *r, uint64_t n); /* NULL: one controller until the end */
    bool numbered;                           /* its name ends in "/<number>" */
};

struct run {
    const struct story *story;
    struct sim_world w;
    struct sim_controller c, other;
    bool other_alive;
    uint64_t seed;
    uint64_t starts;
    struct sim_result *out;
    struct dr_injection script[RANDOM_FAULTS];
    size_t script_count;
    uint64_t hook_at; /* exchange at which the story does something; 0: never */
    void (*at_hook)(struct run *r);
    const struct dr_topology *topology;
    bool removed, take;
    struct dr_arena *kept; /* texts that outlive a controller */
};

static bool fail(struct run *r, const char *fmt, ...) DR_PRINTF(2, 3);
static bool fail(struct run *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!r->out->why.len)
        dr_buf_vaddf(&r->out->why, fmt, ap);
    va_end(ap);
    return false;
}

/* Judgement of the checkers, turned into the run's. */
static bool intact(struct run *r)
{
    if (!r->w.broken)
        return true;
    return fail(r, "%s broken at %" PRId64 " ms (%s): %s", r->w.broken->id,
                dr_model_now_ms(r->w.model), r->w.broken->text, dr_buf_str(&r->w.wrong));
}

/* ---- controllers ---- */

static void on_exchange(void *arg, uint64_t n)
{
    struct run *r = arg;
    if (r->hook_at && n == r->hook_at && r->at_hook) {
        r->hook_at = 0;
        r->at_hook(r);
    }
}

static bool start(struct run *r, struct sim_controller *c, bool faulty)
{
    char holder[32];
    snprintf(holder, sizeof(holder), "sim-%" PRIu64, ++r->starts);
    struct sim_start how = {.holder = holder,
                            .script = r->script,
                            .script_count = faulty ? r->script_count : 0,
                            .take = r->take,
                            .removed = r->removed,
                            .topology = r->topology,
                            .hook = faulty ? on_exchange : NULL,
                            .hook_arg = r};
    struct dr_buf why;
    dr_buf_init(&why, 2048);
    bool ok = sim_controller_start(c, &r->w, &how, &why);
    if (!ok)
        (void)fail(r, "cannot start a controller: %s", dr_buf_str(&why));
    dr_buf_release(&why);
    return ok;
}

/* Ends the controller, its disk with it, and starts another one. */
static bool restart(struct run *r)
{
    r->out->struck += dr_fault_look(r->c.fault)->struck;
    if (!r->out->exchanges)
        r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
    sim_controller_end(&r->c);
    return r->starts < CONTROLLERS_MAX && start(r, &r->c, false);
}

static bool is_protected(const struct dr_round *round)
{
    return round->state == DR_ROUND_CONVERGED && round->plan->is_protected == DR_TRUE;
}

/* Lets the time pass that the round asked for. */
static void rest(struct run *r, const struct dr_round *round)
{
    int64_t ms = round->again_ms < 0 ? 0 : round->again_ms;
    if (ms)
        sim_world_pass(&r->w, ms);
}

static bool same_inputs_same_plan(struct run *r, const struct dr_round *round);

/* Rounds of the first controller until `until` says so. Crashes start another. */
static bool rounds(struct run *r, uint64_t max, bool (*until)(const struct dr_round *),
                   struct dr_round *last)
{
    for (uint64_t i = 0; i < max; i++) {
        bool alive = sim_controller_round(&r->c, last);
        r->out->rounds++;
        if (!intact(r))
            return false;
        if (!alive) {
            if (!restart(r))
                return fail(r, "too many process starts");
            continue;
        }
        if (!same_inputs_same_plan(r, last))
            return false;
        if (until && until(last))
            return true;
        if (dr_model_now_ms(r->w.model) > FOREVER_MS)
            return fail(r, "four hours of virtual time are over");
        rest(r, last);
        if (!intact(r))
            return false;
    }
    return until == NULL;
}

static const char *what_is_missing(const struct dr_plan *p, struct dr_arena *a)
{
    struct dr_buf b;
    dr_buf_init(&b, 4000);
    for (size_t i = 0; i < p->protection_count; i++)
        if (p->protections[i].holds != DR_TRUE)
            dr_buf_addf(&b, "%s; ", p->protections[i].text);
    for (size_t i = 0; i < p->blocker_count; i++)
        dr_buf_addf(&b, "%s %s: %s; ", p->blockers[i].code, p->blockers[i].subject,
                    p->blockers[i].fact);
    for (size_t i = 0; i < p->waiting_count; i++)
        dr_buf_addf(&b, "waits: %s %s; ", p->waitings[i].subject, p->waitings[i].what);
    for (size_t i = 0; i < p->action_count && i < 3; i++)
        dr_buf_addf(&b, "step: %s; ", p->actions[i].what);
    const char *text = dr_strdup(a, dr_buf_str(&b));
    dr_buf_release(&b);
    return text;
}

/* The first place where two values differ; false: none. */
static bool first_difference(const json_t *x, const json_t *y, struct dr_buf *path,
                             struct dr_arena *a)
{
    size_t len = path->len, i;
    const char *key;
    json_t *item;
    if (json_equal(x, y))
        return false;
    if (json_is_object(x) && json_is_object(y))
        json_object_foreach((json_t *)(uintptr_t)x, key, item)
        {
            dr_buf_addf(path, ".%s", key);
            if (first_difference(item, json_object_get(y, key), path, a))
                return true;
            path->len = len;
        }
    if (json_is_array(x) && json_array_size(x) == json_array_size(y))
        json_array_foreach(x, i, item)
        {
            dr_buf_addf(path, "[%zu]", i);
            if (first_difference(item, json_array_get(y, i), path, a))
                return true;
            path->len = len;
        }
    dr_buf_addf(path, ": %s and %s", dr_json_text(a, x), dr_json_text(a, y));
    return true;
}

/* C12: the same facts give the same plan, also after a journey through JSON. */
static bool same_inputs_same_plan(struct run *r, const struct dr_round *round)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_facts *again = NULL;
    struct dr_err err = {0};
    json_t *saved = dr_facts_encode(round->facts);
    bool ok = dr_facts_decode(&again, saved, a, &err) == 0;
    json_decref(saved);
    if (!ok) {
        dr_arena_free(a);
        return fail(r, "C12: the snapshot cannot be read back: %s", err.text);
    }
    struct dr_plan_input in = {.topology = r->topology ? r->topology : r->w.topology,
                               .facts = round->facts,
                               .revision = "r1",
                               .removed = r->removed};
    const struct dr_plan *x = dr_plan_build(&in, a);
    in.facts = again;
    const struct dr_plan *y = dr_plan_build(&in, a);
    json_t *jx = dr_plan_json(x), *jy = dr_plan_json(y);
    ok = json_equal(jx, jy) && strcmp(x->digest, y->digest) == 0;
    if (!ok) {
        struct dr_buf path;
        dr_buf_init(&path, 4096);
        (void)first_difference(jx, jy, &path, a);
        (void)fail(r, "C12: the same facts gave two plans: %s [%s] [%s]",
                   dr_buf_str(&path), what_is_missing(x, a), what_is_missing(y, a));
        dr_buf_release(&path);
    }
    json_decref(jx);
    json_decref(jy);
    dr_arena_free(a);
    return ok;
}

/* ---- endings ---- */

static bool no_unknown_statement(struct run *r)
{
    const json_t *list = NULL;
    struct dr_arena *a = dr_arena_new(0);
    bool none = dr_model_unknown(r->w.model, &list) == 0;
    if (!none)
        (void)fail(r, "the model does not know: %s", dr_json_text(a, list));
    dr_arena_free(a);
    return none;
}

/* C7: nothing but lease and beat, and the plan stays what it is. */
static bool stays_quiet(struct run *r)
{
    char digest[DR_DIGEST_TEXT];
    struct dr_round last;
    uint64_t changes = dr_record_changes(&r->c.calls);
    if (!r->out->exchanges)
        r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
    if (!sim_controller_round(&r->c, &last))
        return fail(r, "crashed while quiet");
    snprintf(digest, sizeof(digest), "%s", last.plan->digest);
    for (int i = 0; i < QUIET_ROUNDS; i++) {
        rest(r, &last);
        if (!sim_controller_round(&r->c, &last) || !intact(r))
            return fail(r, "crashed while quiet");
        if (strcmp(digest, last.plan->digest) != 0)
            return fail(r, "C7: the plan of a converged pair changed");
        if (!is_protected(&last))
            return fail(r, "C7: protection was lost again: %s [%s]", last.text,
                        what_is_missing(last.plan, r->kept));
    }
    if (dr_record_changes(&r->c.calls) != changes)
        return fail(r, "C7: a converged pair was changed");
    return true;
}

static bool gc_is_back(struct run *r)
{
    const struct sim_cluster *a = &sim_world_now(&r->w)->c[SIM_A];
    for (size_t i = 0; i < a->instance_count; i++)
        if (a->instances[i].gc_enable != r->w.history.gc_enable ||
            a->instances[i].gc_life_ms != r->w.history.gc_life_ms)
            return fail(r, "D6: GC of instance %zu is not back", i);
    if (a->ledger.hold_count || a->ledger.gc.present)
        return fail(r, "D6: hold or gc row is left");
    return true;
}

static bool ends_protected(struct run *r)
{
    struct dr_round last = {0};
    if (!rounds(r, ROUNDS_MAX, is_protected, &last)) {
        if (r->out->why.len)
            return false;
        return fail(r, "C7: not protected after %d rounds: %s [%s]", ROUNDS_MAX,
                    last.text ? last.text : "",
                    last.plan ? what_is_missing(last.plan, r->kept) : "");
    }
    if (!stays_quiet(r) || !gc_is_back(r))
        return false;
    struct dr_buf why;
    dr_buf_init(&why, 2048);
    bool equal = sim_world_equal(&r->w, &why);
    if (!equal)
        (void)fail(r, "both sides differ after the end of writing: %s", dr_buf_str(&why));
    dr_buf_release(&why);
    return equal && intact(r);
}

static bool ends_refused(struct run *r)
{
    struct dr_round last = {0};
    if (rounds(r, BLOCKED_ROUNDS, is_protected, &last))
        return fail(r, "protected, although it must not be");
    return !r->out->why.len && intact(r);
}

static bool ends_untouched(struct run *r)
{
    if (!ends_refused(r))
        return false;
    if (dr_record_mutations(&r->c.calls) != 0)
        return fail(r, "C10: %" PRIu64 " mutating calls were made",
                    dr_record_mutations(&r->c.calls));
    return true;
}

static bool nothing_left(const struct dr_round *round)
{
    return round->state == DR_ROUND_CONVERGED || round->state == DR_ROUND_BLOCKED;
}

static bool ends_discharged(struct run *r)
{
    struct dr_round last = {0};
    if (!rounds(r, BLOCKED_ROUNDS, nothing_left, &last) && !r->out->why.len)
        return fail(r, "D6: still at work after %d rounds: %s", BLOCKED_ROUNDS,
                    last.text);
    sim_world_pass(&r->w, 2000);
    return !r->out->why.len && gc_is_back(r) && intact(r);
}

static bool ends(struct run *r)
{
    static bool (*const by_ending[])(struct run *) = {
        [PROTECTED] = ends_protected,
        [REFUSED] = ends_refused,
        [UNTOUCHED] = ends_untouched,
        [DISCHARGED] = ends_discharged,
    };
    return by_ending[r->story->ending](r);
}

/* ---- stories ---- */

/* One fault at one exchange; a crash loses the controller's disk, too. */
static bool play_fault(struct run *r, uint64_t n, enum dr_inject kind)
{
    r->script[0] = (struct dr_injection){
        .exchange = n, .kind = kind, .delay_ms = kind == DR_INJECT_DELAYED ? 3000 : 0};
    r->script_count = 1;
    return start(r, &r->c, true) && ends(r);
}

#define FAULT_STORY(fn, kind)                                                            \
    static bool fn(struct run *r, uint64_t n)                                            \
    {                                                                                    \
        return play_fault(r, n, kind);                                                   \
    }
FAULT_STORY(play_crash_before, DR_INJECT_CRASH_BEFORE)
FAULT_STORY(play_crash_sent, DR_INJECT_CRASH_SENT)
FAULT_STORY(play_crash_replied, DR_INJECT_CRASH_REPLIED)
FAULT_STORY(play_not_sent, DR_INJECT_NOT_SENT)
FAULT_STORY(play_lost, DR_INJECT_LOST)
FAULT_STORY(play_stale, DR_INJECT_STALE)
FAULT_STORY(play_delayed, DR_INJECT_DELAYED)
FAULT_STORY(play_truncated, DR_INJECT_TRUNCATED)
FAULT_STORY(play_error_after, DR_INJECT_ERROR_AFTER)

/* The second controller acts for a while, the first one stands still in the middle of an
 * exchange, and goes on as if nothing had been. */
static void second_acts(struct run *r)
{
    struct dr_round last;
    r->take = true;
    if (!start(r, &r->other, false))
        return;
    r->take = false;
    r->other_alive = true;
    uint64_t n = 1 + dr_prng_below(&r->w.prng, 12);
    for (uint64_t i = 0; i < n && !r->w.broken; i++) {
        (void)sim_controller_round(&r->other, &last);
        rest(r, &last);
    }
}

/* Both go on, round by round, until one of them finds everything done. */
static bool take_turns(struct run *r)
{
    struct dr_round x, y;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        (void)sim_controller_round(&r->c, &x);
        r->out->rounds++;
        if (r->other_alive)
            (void)sim_controller_round(&r->other, &y);
        if (!intact(r))
            return false;
        if (is_protected(&x) || (r->other_alive && is_protected(&y)))
            return true;
        if (dr_model_now_ms(r->w.model) > FOREVER_MS)
            break;
        sim_world_pass(&r->w, 500);
    }
    return fail(r, "C7: two controllers came to no end: %s [%s]", x.text,
                x.plan ? what_is_missing(x.plan, r->kept) : "");
}

static bool alone_at_last(struct run *r)
{
    if (r->other_alive) {
        sim_controller_end(&r->other);
        r->other_alive = false;
    }
    return ends(r);
}

static bool play_late(struct run *r, uint64_t n)
{
    r->hook_at = n;
    r->at_hook = second_acts;
    return start(r, &r->c, true) && take_turns(r) && alone_at_last(r);
}

/* Two controllers from the start, neither knowing of the other. */
static bool play_two(struct run *r, uint64_t n)
{
    (void)n;
    if (!start(r, &r->c, false) || !start(r, &r->other, false))
        return false;
    r->other_alive = true;
    return take_turns(r) && alone_at_last(r);
}

static void jump_forward(struct run *r)
{
    r->w.wall_shift_ms += YEAR_MS;
}

static void jump_back(struct run *r)
{
    r->w.wall_shift_ms -= YEAR_MS;
}

static bool play_clock_forward(struct run *r, uint64_t n)
{
    r->hook_at = n;
    r->at_hook = jump_forward;
    return start(r, &r->c, true) && ends(r);
}

static bool play_clock_back(struct run *r, uint64_t n)
{
    r->hook_at = n;
    r->at_hook = jump_back;
    return start(r, &r->c, true) && ends(r);
}

/* After n rounds the document leaves its source; the next start only discharges. */
static bool play_removed(struct run *r, uint64_t n)
{
    struct dr_round last;
    if (!start(r, &r->c, false) || !rounds(r, n, NULL, &last))
        return false;
    r->removed = r->w.history.removed = true;
    return restart(r) && ends(r);
}

/* Several faults, drawn; each controller start draws again. */
static bool play_random(struct run *r, uint64_t n)
{
    struct dr_prng p = {.state = r->seed * 1000003 + n};
    r->script_count = 1 + dr_prng_below(&p, RANDOM_FAULTS);
    for (size_t i = 0; i < r->script_count; i++) {
        r->script[i].exchange = 1 + dr_prng_below(&p, 1200);
        r->script[i].kind = (enum dr_inject)(1 + dr_prng_below(&p, DR_INJECT_COUNT - 1));
        r->script[i].delay_ms = (int64_t)dr_prng_below(&p, 15000);
    }
    return start(r, &r->c, true) && ends(r);
}

static bool until_protected(struct run *r)
{
    struct dr_round last = {0};
    if (!start(r, &r->c, false))
        return false;
    if (rounds(r, ROUNDS_MAX, is_protected, &last))
        return true;
    return fail(r, "not protected: %s",
                last.plan ? what_is_missing(last.plan, r->kept) : "");
}

/* The fence stands in the way of a human, too: lifted for that moment. */
static bool drop_ledger(struct run *r, int cluster)
{
    static const char *const statements[] = {"SET GLOBAL tidb_super_read_only = OFF",
                                             "DROP TABLE mysql.drover_ledger",
                                             "SET GLOBAL tidb_super_read_only = ON"};
    size_t first = cluster == SIM_A ? 1 : 0, end = cluster == SIM_A ? 2 : 3;
    for (size_t i = first; i < end; i++)
        if (!sim_world_sql(&r->w, cluster, statements[i]))
            return fail(r, "the scenario was refused: %s", statements[i]);
    return true;
}

static bool lose_ledgers(struct run *r, bool a, bool b)
{
    r->w.history.ledger_dropped = true;
    r->w.history.restores_before = r->w.history.restores;
    r->w.history.fence_is_a_humans = true;
    if ((a && !drop_ledger(r, SIM_A)) || (b && !drop_ledger(r, SIM_B)))
        return false;
    sim_world_pass(&r->w, 2000); /* until every instance is fenced again */
    r->w.history.fence_is_a_humans = false;
    return restart(r) && ends(r);
}

static bool play_dropped(struct run *r, uint64_t n)
{
    return until_protected(r) && lose_ledgers(r, n != 2, n != 1);
}

/* The document comes back under another name. */
static bool play_renamed(struct run *r, uint64_t n)
{
    (void)n;
    if (!until_protected(r))
        return false;
    struct dr_topology *t = DR_NEW(r->kept, struct dr_topology);
    *t = *r->w.topology;
    t->doc.metadata.name = "renamed";
    r->topology = t;
    return restart(r) && ends(r);
}

static bool prepare_human_gc(struct run *r)
{
    r->w.history.gc_is_a_humans = true;
    return true;
}

static bool prepare_feed(struct run *r)
{
    static const char body[] =
        "{\"changefeed_id\":\"by-hand\",\"sink_uri\":\"mysql://root@127.1.1.4:4000/\"}";
    static const struct dr_address at = {"127.1.1.9", 8300};
    struct dr_arena *a = dr_arena_new(0);
    struct dr_http_answer out = {0};
    struct dr_model_request req = {.method = "POST",
                                   .target = "/api/v2/changefeeds",
                                   .body = body,
                                   .body_len = sizeof(body) - 1};
    uint64_t handle = 0;
    enum dr_model_done done = dr_model_http(r->w.model, &at, &req, &out, a, &handle);
    for (int i = 0; i < 100 && done == DR_MODEL_RUNNING; i++) {
        sim_world_pass(&r->w, 100);
        done = dr_model_http_poll(r->w.model, handle, &out, a);
    }
    bool ok = done == DR_MODEL_DONE && out.status == 200;
    if (!ok)
        (void)fail(r, "the scenario could not make a feed: %d %.*s", out.status,
                   (int)out.body_len, out.body ? out.body : "");
    dr_arena_free(a);
    return ok;
}

#define OLD_BEAT                                                                         \
    "    - CREATE DATABASE drover\n"                                                     \
    "    - CREATE TABLE drover.heartbeat (origin VARCHAR(64) PRIMARY KEY,"               \
    " tso BIGINT UNSIGNED NOT NULL)\n"
#define SHOP                                                                             \
    "    - CREATE DATABASE shop\n"                                                       \
    "    - CREATE TABLE shop.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT,"              \
    " item VARCHAR(64) NOT NULL, n INT NOT NULL)\n"

// clang-format off
static const struct story stories[] = {
    {"plain", "both ledgers empty because new: from nothing to protected", .ending = PROTECTED},
    {"redo", "with redo logs", .ending = PROTECTED,
     .setting.storage = "    redo: {region: region-2, uri: \"s3://redo/orders?endpoint=http://127.1.1.11:6060&force-path-style=true\", accessKey: {env: DROVER_SIM_KEY}, secretKey: {env: DROVER_SIM_SECRET}}\n",
     .setting.replication = "    redo: {level: eventual}\n"},
    {"life-time", "history held by GC's life time", .ending = PROTECTED,
     .setting.bootstrap = "gcHold: {method: LifeTime, deadline: 24h}"},
    {"no-heartbeat", "no heartbeat", .ending = PROTECTED,
     .setting.spec = "  heartbeat: false\n"},
    {"old-heartbeat", "a schema drover with an old heartbeat is left on B", .ending = PROTECTED,
     .setting.b_script = OLD_BEAT},
    {"strange-drover", "B holds a schema drover with somebody's table", .ending = REFUSED,
     .setting.b_script = OLD_BEAT "    - CREATE TABLE drover.mine (id INT PRIMARY KEY)\n"},
    {"ttl", "TTL jobs are on in B", .ending = PROTECTED,
     .setting.b_variables = "    - {name: tidb_ttl_job_enable, value: \"ON\"}\n"},
    {"ttl-table", "a table with TTL travels to B", .ending = PROTECTED,
     .setting.a_script = "    - CREATE TABLE shop.seen (id INT PRIMARY KEY, at DATETIME NOT NULL) TTL = `at` + INTERVAL 3 DAY\n"},
    {"rows-on-b", "B holds somebody's data", .ending = REFUSED,
     .setting.b_script = SHOP "    - INSERT INTO shop.orders (item, n) VALUES ('mine', 1)\n"},
    {"adopted", "both ledgers empty, B holds data and a feed by hand writes into it", .ending = REFUSED,
     .setting.b_script = SHOP, .prepare = prepare_feed},
    {"stranger", "B is empty, but a feed by hand writes into it", .ending = REFUSED,
     .prepare = prepare_feed},
    {"no-key", "a table that TiCDC cannot replicate", .ending = REFUSED,
     .setting.a_script = "    - CREATE TABLE shop.log (line TEXT)\n"},
    {"no-key-waived", "the same, waived", .ending = PROTECTED,
     .setting.a_script = "    - CREATE TABLE shop.log (line TEXT)\n",
     .setting.replication = "    allowUnreplicated: [shop.log]\n"},
    {"human-gc", "a human has switched GC off", .ending = REFUSED, .prepare = prepare_human_gc,
     .setting.a_variables = "    - {name: tidb_gc_enable, value: \"OFF\"}\n"},
    {"human-fence", "a human has fenced B", .ending = REFUSED,
     .setting.b_variables = "    - {name: tidb_super_read_only, value: \"ON\"}\n"},
    {"paused", "paused", .ending = UNTOUCHED, .setting.spec = "  paused: true\n"},
    {"observe", "management: Observe", .ending = UNTOUCHED, .setting.spec = "  management: Observe\n"},
    {"dropped", "both ledgers were dropped (0), A's (1), B's (2)", .ending = REFUSED, .play = play_dropped, .numbered = true},
    {"renamed", "the topology has another name now", .ending = REFUSED, .play = play_renamed},
    {"two", "two controllers from the start", .ending = PROTECTED, .play = play_two},
    {"late", "the first controller stands still at exchange n while a second one acts", .ending = PROTECTED, .play = play_late, .numbered = true},
    {"clock-forward", "the host's clock jumps a year ahead at exchange n", .ending = PROTECTED, .play = play_clock_forward, .numbered = true},
    {"clock-back", "the host's clock jumps a year back at exchange n", .ending = PROTECTED, .play = play_clock_back, .numbered = true},
    {"removed", "the document leaves its source after n rounds", .ending = DISCHARGED, .play = play_removed, .numbered = true},
    {"fault/crash-before", "crash before exchange n is sent", .ending = PROTECTED, .play = play_crash_before, .numbered = true},
    {"fault/crash-sent", "crash after it was sent", .ending = PROTECTED, .play = play_crash_sent, .numbered = true},
    {"fault/crash-replied", "crash after its reply", .ending = PROTECTED, .play = play_crash_replied, .numbered = true},
    {"fault/not-sent", "exchange n is not sent", .ending = PROTECTED, .play = play_not_sent, .numbered = true},
    {"fault/lost", "the reply to exchange n is lost", .ending = PROTECTED, .play = play_lost, .numbered = true},
    {"fault/stale", "exchange n reads what was before", .ending = PROTECTED, .play = play_stale, .numbered = true},
    {"fault/delayed", "the reply comes 3 s later", .ending = PROTECTED, .play = play_delayed, .numbered = true},
    {"fault/truncated", "half the reply arrives", .ending = PROTECTED, .play = play_truncated, .numbered = true},
    {"fault/error-after", "done, and answered with an error", .ending = PROTECTED, .play = play_error_after, .numbered = true},
    {"random", "several faults, drawn from seed and n", .ending = PROTECTED, .play = play_random, .numbered = true},
    {0},
};
// clang-format on

const char *sim_story(size_t i, const char **text)
{
    if (i >= sizeof(stories) / sizeof(stories[0]))
        return NULL;
    *text = stories[i].text;
    return stories[i].name;
}

static const struct story *find_story(const char *name, uint64_t *n)
{
    for (const struct story *s = stories; s->name; s++) {
        size_t len = strlen(s->name);
        if (!s->numbered && strcmp(s->name, name) == 0)
            return s;
        if (s->numbered && strncmp(s->name, name, len) == 0 && name[len] == '/' &&
            dr_parse_u64(name + len + 1, strlen(name + len + 1), n))
            return s;
    }
    return NULL;
}

static void close_run(struct run *r, bool open)
{
    if (r->other_alive)
        sim_controller_end(&r->other);
    if (r->c.actor) {
        r->out->struck += dr_fault_look(r->c.fault)->struck;
        if (!r->out->exchanges)
            r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
        sim_controller_end(&r->c);
    }
    if (open) {
        struct dr_buf state;
        dr_buf_init(&state, 64 << 20);
        dr_model_print(r->w.model, &state);
        dr_sha256_hex(r->out->digest, dr_buf_str(&state), state.len);
        dr_buf_release(&state);
        r->out->virtual_ms = dr_model_now_ms(r->w.model);
    }
    r->out->checks = r->w.checks;
    sim_world_close(&r->w);
    dr_arena_free(r->kept);
}

bool sim_run(const char *name, uint64_t seed, struct sim_result *out, struct dr_buf *log)
{
    uint64_t n = 0;
    struct run r = {.story = find_story(name, &n), .seed = seed, .out = out};
    memset(out, 0, sizeof(*out));
    dr_buf_init(&out->why, 16384);
    if (!r.story)
        return false;
    r.kept = dr_arena_new(0);
    bool open = sim_world_open(&r.w, &r.story->setting, seed, &out->why);
    r.w.log = log;
    if (open && (!r.story->prepare || r.story->prepare(&r)))
        out->passed =
            r.story->play ? r.story->play(&r, n) : start(&r, &r.c, false) && ends(&r);
    if (out->passed)
        out->passed = no_unknown_statement(&r);
    close_run(&r, open);
    return true;
}

void sim_result_release(struct sim_result *r)
{
    dr_buf_release(&r->why);
}
