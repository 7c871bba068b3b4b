/* Running one scenario: controllers that come and go, rounds, endings. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/base/digest.h"
#include "controller/base/json.h"
#include "tests/sim/story.h"

enum {
    BRANCHES_S = 3600,
    LATENCY_MS = 100, /* of an answer on its way back, and more */
    C12_EVERY = 5,
    C12_OF_SEEDS = 20,
    ROUNDS_AFTER = 2,
    STRAY_WORKS_MS = 1000, /* until what it asks for is done */
    SECOND_FIRST = 8,      /* exchanges */
    SECOND_ROUNDS = 2,     /* a takeover, and the first step after it */
    SECOND_DELAY_MS = 3000
};

bool sim_fail(struct run *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!r->out->why.len)
        dr_buf_vaddf(&r->out->why, fmt, ap);
    va_end(ap);
    return false;
}

/* Judgement of the checkers, turned into the run's. */
bool sim_intact(struct run *r)
{
    if (!r->w.broken)
        return true;
    return sim_fail(r, "%s broken at %" PRId64 " ms (%s): %s", r->w.broken->id,
                    dr_model_now_ms(r->w.model), r->w.broken->text,
                    dr_buf_str(&r->w.wrong));
}

/* ---- controllers ---- */

/* Where the second fault of a pair may strike: whatever the one who acts next asks first,
 * and what may change something in the first whole rounds. */
static void on_second(struct run *r, uint64_t n)
{
    struct sim_second *s = &r->second;
    s->seen++;
    if (r->sweep && !s->branched && s->rounds < SECOND_ROUNDS &&
        (s->seen <= SECOND_FIRST || r->acts))
        sim_branch_second(r);
    if (!s->at || s->seen != s->at)
        return;
    s->struck_before = dr_fault_look(r->c.fault)->struck;
    r->script[1] = (struct dr_injection){
        .exchange = n, .kind = s->kind, .delay_ms = SECOND_DELAY_MS};
}

static void strike_act(struct run *r)
{
    if (sim_exchange_kind(r->asked) != 'm' || ++r->acts_seen != r->act)
        return;
    r->script[0] = (struct dr_injection){.exchange = r->exchange, .kind = r->act_inject};
}

void sim_at_act(struct run *r, uint64_t n, enum dr_inject inject)
{
    r->script_count = 1;
    r->act = n;
    r->acts_seen = 0;
    r->act_inject = inject;
    r->at_every = strike_act;
}

/* What is struck where something is done, not only looked at. */
static void note_struck(struct run *r, uint64_t n)
{
    for (size_t i = 0; i < r->script_count; i++)
        if (r->script[i].exchange == n && r->script[i].kind != DR_INJECT_NONE)
            r->out->struck_acts += r->acts;
}

static void strike(struct run *r, uint64_t n)
{
    if (!r->counts || n <= r->from)
        return;
    dr_buf_addc(&r->out->kinds, sim_exchange_kind(r->asked));
    if (r->sweep)
        sim_branch(r, n - r->from);
    if (r->strike_at && n - r->from == r->strike_at) {
        r->strike_at = 0;
        r->story->strike(r);
        r->out->struck_acts += r->acts && !r->story->inject;
        r->second.watches = r->story->paired;
    }
}

static void on_exchange(void *arg, uint64_t n, const struct dr_exchange *ex)
{
    struct run *r = arg;
    sim_heal(r);
    r->exchange = n;
    r->asked = ex;
    r->acts = sim_exchange_kind(ex) != 'r';
    if (r->at_every)
        r->at_every(r);
    if (r->drawn.on && r->counts && (r->drawn.level || n > r->from))
        sim_drawn_exchange(r, sim_exchange_kind(ex));
    else if (r->second.watches)
        on_second(r, n);
    else if (!r->drawn.on)
        strike(r, n);
    note_struck(r, n);
}

/* A fault that found nothing to spoil: from here on it is the run without it again. */
static void on_answer(void *arg, uint64_t n)
{
    struct run *r = arg;
    const struct dr_injection *first = &r->script[0], *second = &r->script[1];
    uint64_t struck = dr_fault_look(r->c.fault)->struck;
    if (r->branched && !r->second.branched && r->story->inject && r->starts == 1 &&
        n == first->exchange && first->kind && !struck)
        sim_branch_ends(r);
    if (r->second.branched && r->second.seen >= r->second.at && n == second->exchange &&
        struck == r->second.struck_before)
        sim_branch_ends(r);
}

bool sim_begin(struct run *r, struct sim_controller *c, bool faulty)
{
    char holder[32];
    snprintf(holder, sizeof(holder), "sim-%" PRIu64, ++r->starts);
    const struct sim_second *s = &r->second;
    bool second = !faulty && s->watches && !(s->at && s->seen >= s->at);
    bool drawn = r->drawn.on && r->counts && c == &r->c;
    if (drawn) /* numbers of exchanges begin anew */
        r->script[0] = (struct dr_injection){.kind = DR_INJECT_STALE};
    bool hooked = faulty || second || drawn;
    struct sim_start how = {.holder = holder,
                            .script = second ? &r->script[1] : r->script,
                            .script_count = faulty || drawn ? r->script_count : second,
                            .take = r->take,
                            .removed = r->removed,
                            .revision = r->revision,
                            .topology = r->topology,
                            .journal = *r->journal ? r->journal : NULL,
                            .intents = &r->intents,
                            .hook = hooked ? on_exchange : NULL,
                            .answered = hooked ? on_answer : NULL,
                            .hook_arg = r};
    struct dr_buf why;
    dr_buf_init(&why, 2048);
    bool ok = sim_controller_start(c, &r->w, &how, &why);
    if (!ok)
        (void)sim_fail(r, "cannot start a controller: %s", dr_buf_str(&why));
    dr_buf_release(&why);
    return ok;
}

/* Ends the controller, its disk with it, and starts another one. */
bool sim_again(struct run *r)
{
    r->out->struck += dr_fault_look(r->c.fault)->struck;
    if (!r->out->exchanges)
        r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
    sim_controller_end(&r->c);
    return r->starts < CONTROLLERS_MAX && sim_begin(r, &r->c, false);
}

bool sim_is_protected(const struct dr_round *round)
{
    return round->state == DR_ROUND_CONVERGED && round->plan->is_protected == DR_TRUE;
}

/* Lets the time pass that the round asked for. */
void sim_rest(struct run *r, const struct dr_round *round)
{
    int64_t ms = round->again_ms < 0 ? 0 : round->again_ms;
    if (ms)
        sim_world_pass(&r->w, ms);
    if (r->compares)
        r->compares->replication.compared_unix_ms = dr_model_wall_ms(r->w.model);
}

static bool same_inputs_same_plan(struct run *r, const struct dr_round *round);
static void after_first(struct run *r);

/* C4: what was asked for and is believed to be absent was not there. */
static bool absences_are_true(struct run *r, const struct dr_round *round)
{
    for (size_t c = 0; c < round->facts->cluster_count && c < SIM_CLUSTERS; c++) {
        const struct dr_feed_detail *d = &round->facts->clusters[c].feed;
        const struct sim_cluster *is = &sim_world_now(&r->w)->c[c];
        bool believed =
            d->absence_proven && d->seen.at_ms > r->w.history.feed_new_ms + LATENCY_MS;
        for (size_t i = 0; believed && i < is->feed_count; i++)
            if (strcmp(is->feeds[i].id, d->id) == 0)
                return sim_fail(r, "C4: %s is believed to be absent, and it is there",
                                d->id);
    }
    return true;
}

/* Rounds of the first controller until `until` says so. Crashes start another. */
bool sim_rounds(struct run *r, uint64_t max, bool (*until)(const struct dr_round *),
                struct dr_round *last)
{
    for (uint64_t i = 0; i < max; i++) {
        bool alive = sim_controller_round(&r->c, last);
        r->out->rounds++;
        sim_heal(r);
        if (!sim_intact(r))
            return false;
        if (!alive) {
            if (!sim_again(r))
                return sim_fail(r, "too many process starts");
            continue;
        }
        after_first(r);
        if (!absences_are_true(r, last))
            return false;
        /* every round of a run without faults, some of each other one */
        uint64_t each = r->story->drawn ? C12_OF_SEEDS : C12_EVERY;
        if ((!r->number || (i + r->number) % each == 0) &&
            !same_inputs_same_plan(r, last))
            return false;
        if (until && until(last))
            return true;
        if (!sim_round_asks(r, last))
            return false;
        if (dr_model_now_ms(r->w.model) - r->silent_ms > FOREVER_MS)
            return sim_fail(r, "four hours of virtual time are over");
        sim_rest(r, last);
        if (!sim_intact(r))
            return false;
    }
    return until == NULL;
}

const char *sim_missing(const struct dr_plan *p, struct dr_arena *a)
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
        return sim_fail(r, "C12: the snapshot cannot be read back: %s", err.text);
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
        (void)sim_fail(r, "C12: the same facts gave two plans: %s [%s] [%s]",
                       dr_buf_str(&path), sim_missing(x, a), sim_missing(y, a));
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
        (void)sim_fail(r, "the model does not know: %s", dr_json_text(a, list));
    dr_arena_free(a);
    return none;
}

/* C7: nothing but lease and beat, and the plan stays what it is. */
static bool stays_quiet(struct run *r)
{
    char digest[DR_DIGEST_TEXT];
    struct dr_round last;
    uint64_t changes = dr_record_changes(&r->c.calls);
    r->second.rounds = SECOND_ROUNDS; /* too late for a second fault */
    if (!r->out->exchanges)
        r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
    if (!sim_controller_round(&r->c, &last))
        return sim_fail(r, "crashed while quiet");
    snprintf(digest, sizeof(digest), "%s", last.plan->digest);
    int rounds = r->story->drawn ? QUIET_OF_SEEDS : QUIET_ROUNDS;
    for (int i = 0; i < rounds; i++) {
        sim_rest(r, &last);
        if (!sim_controller_round(&r->c, &last) || !sim_intact(r))
            return sim_fail(r, "crashed while quiet");
        if (strcmp(digest, last.plan->digest) != 0)
            return sim_fail(r, "C7: the plan of a converged pair changed");
        if (!sim_is_protected(&last))
            return sim_fail(r, "C7: protection was lost again: %s [%s]", last.text,
                            sim_missing(last.plan, r->kept));
    }
    if (dr_record_changes(&r->c.calls) != changes)
        return sim_fail(r, "C7: a converged pair was changed");
    return true;
}

static bool gc_is_back(struct run *r)
{
    const struct sim_cluster *a = &sim_world_now(&r->w)->c[SIM_A];
    for (size_t i = 0; i < a->instance_count; i++)
        if (a->instances[i].gc_enable != r->w.history.gc_enable ||
            a->instances[i].gc_life_ms != r->w.history.gc_life_ms)
            return sim_fail(r, "D6: GC of instance %zu is not back", i);
    if (a->ledger.hold_count || a->ledger.gc.present)
        return sim_fail(r, "D6: hold or gc row is left");
    return true;
}

static bool ends_protected(struct run *r)
{
    struct dr_round last = {0};
    if (!sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last)) {
        if (r->out->why.len)
            return false;
        return sim_fail(r, "C7: not protected after %d rounds: %s [%s]", ROUNDS_MAX,
                        last.text ? last.text : "",
                        last.plan ? sim_missing(last.plan, r->kept) : "");
    }
    if (r->drawn.on) { /* what was struck at the very end shows in the next rounds */
        r->counts = false;
        if (!sim_rounds(r, ROUNDS_AFTER, NULL, &last) ||
            !sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last))
            return sim_fail(r, "C7: not protected after the last fault: %s", last.text);
    }
    if (r->heal_at_ms) { /* an outage that began at the very end */
        sim_world_pass(&r->w, r->heal_at_ms - dr_model_now_ms(r->w.model));
        sim_heal(r);
        if (!sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last))
            return sim_fail(r, "C7: not protected after the outage");
    }
    if (sim_strays_until(&r->w)) {
        int64_t left_ms = sim_strays_until(&r->w) - dr_model_now_ms(r->w.model);
        sim_world_pass(&r->w, left_ms + STRAY_WORKS_MS);
        if (!sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last))
            return sim_fail(r, "C7: not protected after the last stray");
    }
    if (!stays_quiet(r) || !gc_is_back(r))
        return false;
    struct dr_buf why;
    dr_buf_init(&why, 2048);
    bool equal = sim_world_equal(&r->w, &why);
    if (!equal)
        (void)sim_fail(r, "both sides differ after the end of writing: %s",
                       dr_buf_str(&why));
    dr_buf_release(&why);
    return equal && sim_intact(r);
}

static bool ends_refused(struct run *r)
{
    struct dr_round last = {0};
    if (sim_rounds(r, BLOCKED_ROUNDS, sim_is_protected, &last))
        return sim_fail(r, "protected, although it must not be");
    return !r->out->why.len && sim_intact(r);
}

static bool ends_untouched(struct run *r)
{
    if (!ends_refused(r))
        return false;
    if (dr_record_mutations(&r->c.calls) != 0)
        return sim_fail(r, "C10: %" PRIu64 " mutating calls were made",
                        dr_record_mutations(&r->c.calls));
    return true;
}

static bool ends_seen(struct run *r)
{
    struct dr_round last = {0};
    if (!sim_rounds(r, BLOCKED_ROUNDS, sim_is_protected, &last) ||
        !sim_rounds(r, BLOCKED_ROUNDS, NULL, &last))
        return sim_fail(r, "not seen to be protected: %s",
                        sim_missing(last.plan, r->kept));
    if (dr_record_mutations(&r->c.calls) != 0)
        return sim_fail(r, "C10: %" PRIu64 " mutating calls were made",
                        dr_record_mutations(&r->c.calls));
    return sim_intact(r);
}

static bool nothing_left(const struct dr_round *round)
{
    return round->state == DR_ROUND_CONVERGED || round->state == DR_ROUND_BLOCKED;
}

static bool ends_discharged(struct run *r)
{
    struct dr_round last = {0};
    if (!sim_rounds(r, BLOCKED_ROUNDS, nothing_left, &last) && !r->out->why.len)
        return sim_fail(r, "D6: still at work after %d rounds: %s", BLOCKED_ROUNDS,
                        last.text);
    sim_world_pass(&r->w, 2000);
    return !r->out->why.len && gc_is_back(r) && sim_intact(r);
}

bool sim_ends(struct run *r)
{
    static bool (*const by_ending[])(struct run *) = {
        [PROTECTED] = ends_protected,   [REFUSED] = ends_refused,
        [UNTOUCHED] = ends_untouched,   [SEEN] = ends_seen,
        [DISCHARGED] = ends_discharged,
    };
    return by_ending[r->story->ending](r);
}

static void add_up(struct run *r)
{
    r->out->struck += dr_fault_look(r->c.fault)->struck;
    if (!r->out->exchanges)
        r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
}

/* What the run has come to. */
static void conclude(struct run *r)
{
    struct dr_buf state;
    dr_buf_init(&state, 1 << 20);
    sim_view_shape(sim_world_now(&r->w), &state);
    dr_sha256_hex(r->out->shape, dr_buf_str(&state), state.len);
    if (r->w.log)
        dr_buf_add(r->w.log, dr_buf_str(&state), state.len);
    dr_buf_release(&state);
    if (r->other_alive)
        sim_controller_end(&r->other);
    if (r->c.actor) {
        add_up(r);
        sim_controller_end(&r->c);
    }
    dr_buf_init(&state, 64 << 20);
    dr_model_print(r->w.model, &state);
    dr_sha256_hex(r->out->digest, dr_buf_str(&state), state.len);
    dr_buf_release(&state);
    r->out->struck += r->drawn.struck;
    r->out->virtual_ms = dr_model_now_ms(r->w.model);
    r->out->checks = r->w.checks;
}

/* Opens the world and plays the story. False: no world. */
static bool play(struct run *r, struct dr_buf *log)
{
    r->kept = dr_arena_new(0);
    bool open = sim_world_open(&r->w, &r->story->setting, r->seed, &r->out->why);
    r->w.log = log;
    r->counts = true;
    if (open && (!r->story->prepare || r->story->prepare(r)))
        r->out->passed = r->story->play ? r->story->play(r, r->number)
                                        : sim_begin(r, &r->c, true) && sim_ends(r);
    if (r->out->passed) /* a story's strike may have failed, too */
        r->out->passed = !r->out->why.len && no_unknown_statement(r);
    if (open)
        conclude(r);
    return open;
}

static bool find(struct run *r, const char *name, uint64_t seed, struct sim_result *out)
{
    struct sim_number number = {0};
    memset(r, 0, sizeof(*r));
    memset(out, 0, sizeof(*out));
    dr_buf_init(&out->why, 16384);
    dr_buf_init(&out->kinds, 1 << 20);
    r->story = sim_find_story(name, &number);
    r->seed = seed;
    r->out = out;
    r->number = number.n;
    if (!r->story)
        return false;
    /* room for a fault, or two; a stale read wants a memory from the start */
    r->script_count = r->story->paired ? 2 : r->story->inject != DR_INJECT_NONE;
    if (r->story->inject == DR_INJECT_STALE)
        r->script[0].kind = DR_INJECT_STALE;
    if (number.second == DR_INJECT_STALE)
        r->script[1].kind = DR_INJECT_STALE;
    r->second.at = number.m;
    r->second.kind = number.second;
    return true;
}

static void close_run(struct run *r)
{
    sim_world_close(&r->w);
    dr_arena_free(r->kept);
    free(r->drawn.next);
}

/* Of the story without its faults. */
static const char *kinds_of_calm(const char *story, uint64_t seed,
                                 struct sim_result *calm)
{
    char name[SIM_NAME];
    snprintf(name, sizeof(name), "%s/0", story);
    (void)sim_run(name, seed, calm, NULL);
    calm->kinds.len =
        calm->exchanges < calm->kinds.len ? calm->exchanges : calm->kinds.len;
    return dr_buf_str(&calm->kinds);
}

bool sim_run(const char *name, uint64_t seed, struct sim_result *out, struct dr_buf *log)
{
    struct run r;
    struct sim_result calm = {.passed = false};
    if (!find(&r, name, seed, out))
        return false;
    r.strike_at = r.story->strike ? r.number : 0;
    if (r.story->drawn && r.number) {
        r.drawn.calm = kinds_of_calm(r.story->name, seed, &calm);
        sim_drawn_begin(&r, r.number, r.number + 1);
    }
    (void)play(&r, log);
    close_run(&r);
    sim_result_release(&calm);
    return true;
}

/* ---- many at once ---- */

static void full_name(const struct run *r, char out[SIM_NAME])
{
    int n = snprintf(out, SIM_NAME, "%s/%" PRIu64, r->story->name, r->number);
    if (r->second.branched && n > 0 && n < SIM_NAME)
        snprintf(out + n, SIM_NAME - (size_t)n, "/%" PRIu64 "/%s", r->second.at,
                 dr_inject_name(r->second.kind));
}

static void report(struct run *r, bool idle)
{
    char name[SIM_NAME];
    full_name(r, name);
    r->sweep->report(r->sweep->arg, name, r->out, idle);
}

void sim_branch_ends(struct run *r)
{
    r->out->passed = sim_intact(r);
    r->out->checks = r->w.checks;
    report(r, true);
    _exit(0);
}

/* Where a story of those who act has nothing to do: the fault-free run goes on. */
static void skip(struct run *r, const char *name)
{
    struct sim_result none = {.passed = true};
    r->sweep->report(r->sweep->arg, name, &none, true);
}

/* Begins a process for the scenario of that name. True: this is that process. */
static bool begin_apart(struct run *r, const char *name, unsigned limit_s)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(limit_s);
        return true;
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        r->sweep->died(r->sweep->arg, name, pid < 0 ? -1 : status);
    return false;
}

static bool branch(struct run *r, const char *story_name, uint64_t n)
{
    struct sim_number number;
    char name[SIM_NAME];
    snprintf(name, sizeof(name), "%s/%" PRIu64, story_name, n);
    const struct story *story = sim_find_story(name, &number);
    if (story->acting && !r->acts) {
        skip(r, name);
        return false;
    }
    if (!begin_apart(r, name, story->paired ? BRANCHES_S : SIM_BRANCH_S))
        return false;
    r->story = story;
    r->number = r->strike_at = n;
    r->branched = true;
    return true;
}

void sim_branch(struct run *r, uint64_t n)
{
    const struct sim_sweep *s = r->sweep;
    if (r->branched || n > s->last || !s->wants(s->arg, n))
        return;
    for (size_t i = 0; s->stories[i] && s->more(s->arg); i++)
        if (branch(r, s->stories[i], n))
            return;
}

void sim_branch_second(struct run *r)
{
    const struct sim_sweep *s = r->sweep;
    struct sim_second was = r->second;
    for (int kind = 1; kind < DR_INJECT_COUNT && !was.cut; kind++) {
        char name[SIM_NAME];
        r->second.branched = true;
        r->second.at = r->second.seen;
        r->second.kind = (enum dr_inject)kind;
        full_name(r, name);
        if (s->wants_second(s->arg, name)) {
            was.cut = !s->more(s->arg);
            if (!was.cut && begin_apart(r, name, SIM_BRANCH_S))
                return;
        }
        r->second = was;
    }
}

/* The first fault of a pair alone is no scenario of its own: once nothing more can be
 * begun from it, it ends. */
static void after_first(struct run *r)
{
    struct sim_second *s = &r->second;
    s->rounds += s->watches;
    if (!r->sweep || !s->watches || s->branched || s->rounds < SECOND_ROUNDS)
        return;
    if (s->cut)
        _exit(0);
    sim_branch_ends(r);
}

void sim_sweep(const struct sim_sweep *s, uint64_t seed)
{
    struct run r;
    struct sim_result out;
    char name[SIM_NAME];
    snprintf(name, sizeof(name), "%s/0", s->stories[0]);
    if (!find(&r, name, seed, &out))
        return;
    r.sweep = s;
    for (size_t i = 0; s->stories[i]; i++) {
        struct sim_number number;
        snprintf(name, sizeof(name), "%s/0", s->stories[i]);
        const struct story *story = sim_find_story(name, &number);
        if (story->inject && !r.script_count)
            r.script_count = 1;
        if (story->inject == DR_INJECT_STALE)
            r.script[0].kind = DR_INJECT_STALE;
        if (story->paired)
            r.script[1].kind = DR_INJECT_STALE;
    }
    (void)play(&r, NULL);
    if (r.branched) {
        report(&r, false);
        _exit(0);
    }
    close_run(&r);
    sim_result_release(&out);
}

/* ---- random seeds ---- */

bool sim_seeds_apart(struct run *r, uint64_t from, unsigned limit_s)
{
    char name[SIM_NAME];
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(limit_s);
        return true;
    }
    snprintf(name, sizeof(name), "%s/%" PRIu64, r->story->name, from);
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        r->drawn.seeds->died(r->drawn.seeds->arg, name, pid < 0 ? -1 : status);
    return false;
}

void sim_seeds(const struct sim_seeds *s, uint64_t seed)
{
    struct run r;
    struct sim_result out, calm;
    char name[SIM_NAME];
    snprintf(name, sizeof(name), "%s/0", s->story);
    const char *kinds = kinds_of_calm(s->story, seed, &calm);
    if (find(&r, name, seed, &out)) {
        r.number = 1; /* no run without faults */
        r.drawn.calm = kinds;
        r.drawn.seeds = s;
        if (sim_seeds_apart(&r, s->from, BRANCHES_S)) {
            sim_drawn_begin(&r, s->from, s->to);
            (void)play(&r, NULL);
            sim_drawn_report(&r);
            _exit(0);
        }
    }
    sim_result_release(&out);
    sim_result_release(&calm);
}

void sim_result_release(struct sim_result *r)
{
    dr_buf_release(&r->why);
    dr_buf_release(&r->kinds);
}
