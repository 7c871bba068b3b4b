/* What can happen: one function per kind of story, one row per story. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "tests/sim/story.h"

#define YEAR_MS (INT64_C(86400000) * 365)

/* One fault at one exchange; a crash loses the controller's disk, too. */
static void strike_fault(struct run *r)
{
    r->script[0] = (struct dr_injection){.exchange = r->exchange,
                                         .kind = r->story->inject,
                                         .delay_ms = r->story->delay_ms};
}

/* The second controller acts for a while, the first one stands still in the middle of an
 * exchange, and goes on as if nothing had been. */
static void second_acts_for(struct run *r, uint64_t rounds)
{
    struct dr_round last = {0};
    r->take = true;
    if (!sim_begin(r, &r->other, false))
        return;
    r->take = false;
    r->other_alive = true;
    for (uint64_t i = 0; i < rounds && !r->w.broken; i++) {
        (void)sim_controller_round(&r->other, &last);
        if (rounds == ROUNDS_MAX && sim_is_protected(&last))
            return;
        sim_rest(r, &last);
    }
    if (rounds == ROUNDS_MAX)
        (void)sim_fail(r, "C7: the second controller came to no end: %s", last.text);
}

void sim_second_acts(struct run *r, uint64_t rounds)
{
    if (!r->other_alive)
        second_acts_for(r, rounds);
}

static void second_acts(struct run *r)
{
    second_acts_for(r, 1 + dr_prng_below(&r->w.prng, 12));
}

/* From here on a new session reads what was at this moment, if it does not know better: a
 * human has switched external-ts reads on everywhere. */
static void second_acts_in_the_past(struct run *r)
{
    for (int c = 0; c < SIM_CLUSTERS; c++) {
        char text[96];
        uint64_t tso = sim_world_now(&r->w)->c[c].tso;
        snprintf(text, sizeof(text), "SET GLOBAL tidb_external_ts = %" PRIu64, tso);
        if (tso &&
            (!sim_world_sql(&r->w, c, text) ||
             !sim_world_sql(&r->w, c, "SET GLOBAL tidb_enable_external_ts_read = ON")))
            (void)sim_fail(r, "the scenario was refused: %s", text);
    }
    second_acts(r);
}

/* It only takes over: what the first one decided on is still true, but not its to do. */
static void second_takes_over(struct run *r)
{
    second_acts_for(r, 1);
}

/* It brings everything to its end: what the first one decided on would undo it. */
static void second_ends(struct run *r)
{
    second_acts_for(r, ROUNDS_MAX);
}

/* Both go on, round by round, until one of them finds everything done. */
bool sim_take_turns(struct run *r)
{
    struct dr_round x, y;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        (void)sim_controller_round(&r->c, &x);
        r->out->rounds++;
        if (r->other_alive)
            (void)sim_controller_round(&r->other, &y);
        if (!sim_intact(r))
            return false;
        if (sim_is_protected(&x) || (r->other_alive && sim_is_protected(&y)))
            return true;
        if (!sim_round_asks(r, &x) || (r->other_alive && !sim_round_asks(r, &y)))
            return false;
        if (dr_model_now_ms(r->w.model) > FOREVER_MS)
            break;
        sim_rest(r, &(struct dr_round){.again_ms = 500});
    }
    return sim_fail(r, "C7: two controllers came to no end: %s [%s]", x.text,
                    x.plan ? sim_missing(x.plan, r->kept) : "");
}

bool sim_alone_at_last(struct run *r)
{
    if (r->other_alive) {
        sim_controller_end(&r->other);
        r->other_alive = false;
    }
    return sim_ends(r);
}

static bool play_late(struct run *r, uint64_t n)
{
    (void)n;
    if (!sim_begin(r, &r->c, true) || !sim_take_turns(r))
        return false;
    r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
    r->counts = false;
    return sim_alone_at_last(r);
}

/* Two controllers from the start, neither knowing of the other. */
static bool play_two(struct run *r, uint64_t n)
{
    (void)n;
    if (!sim_begin(r, &r->c, false) || !sim_begin(r, &r->other, false))
        return false;
    r->other_alive = true;
    return sim_take_turns(r) && sim_alone_at_last(r);
}

void sim_clock_jumps(struct run *r, bool back)
{
    r->w.wall_shift_ms += back ? -YEAR_MS : YEAR_MS;
}

static void jump_forward(struct run *r)
{
    sim_clock_jumps(r, false);
}

static void jump_back(struct run *r)
{
    sim_clock_jumps(r, true);
}

/* After n rounds the document leaves its source; the next start only discharges. */
static bool play_removed(struct run *r, uint64_t n)
{
    struct dr_round last;
    if (!sim_begin(r, &r->c, false) || !sim_rounds(r, n, NULL, &last))
        return false;
    r->removed = r->w.history.removed = true;
    return sim_again(r) && sim_ends(r);
}

/* When everything is read anew, and when only what changes slowly: as observe.c has it.
 */
enum { COLD_MS = 3600000, WARM_MS = 60000, QUIET_BETWEEN = 2 };

/* A round in which everything is read, quiet ones, one with the warm reads, quiet ones.
 */
static bool settled_rounds(struct run *r)
{
    static const uint64_t rounds[] = {1 + QUIET_BETWEEN, 1 + QUIET_BETWEEN};
    struct dr_round last = {0};
    for (size_t i = 0; i < 2; i++) {
        if (i)
            sim_world_pass(&r->w, WARM_MS);
        if (!sim_rounds(r, rounds[i], NULL, &last))
            return false;
    }
    return true;
}

/* What goes wrong, goes wrong in the rounds after the pair is protected. */
static bool play_settled(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    (void)n;
    r->counts = false;
    if (!sim_begin(r, &r->c, true) || !sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last))
        return false;
    struct sim_history was = r->w.history;
    sim_world_skip(&r->w, COLD_MS);
    r->from = dr_fault_look(r->c.fault)->exchanges;
    r->counts = true;
    if (!settled_rounds(r))
        return false;
    if (r->starts == 1)
        r->out->exchanges = dr_fault_look(r->c.fault)->exchanges - r->from;
    if (r->w.history.restores != was.restores ||
        r->w.history.backup_count != was.backup_count)
        return sim_fail(r, "C7: a protected pair was copied again");
    return sim_ends(r);
}

/* ---- outages ---- */

/* What can be hurt, and how: commands of the model, taken back 20 s later. */
static const struct {
    const char *hurt, *heal; /* NULL: it heals by itself */
} outages[] = {
    // clang-format off
    {"{\"fault\":\"kill\",\"at\":\"127.0.1.4:4000\"}",  "{\"fault\":\"start\",\"at\":\"127.0.1.4:4000\"}"},
    {"{\"fault\":\"kill\",\"at\":\"127.0.1.5:4000\"}",  "{\"fault\":\"start\",\"at\":\"127.0.1.5:4000\"}"},
    {"{\"fault\":\"kill\",\"at\":\"127.1.1.4:4000\"}",  "{\"fault\":\"start\",\"at\":\"127.1.1.4:4000\"}"},
    {"{\"fault\":\"kill\",\"at\":\"127.1.1.5:4000\"}",  "{\"fault\":\"start\",\"at\":\"127.1.1.5:4000\"}"},
    {"{\"fault\":\"kill\",\"at\":\"127.0.1.1:2379\"}",  "{\"fault\":\"start\",\"at\":\"127.0.1.1:2379\"}"},
    {"{\"fault\":\"kill\",\"at\":\"127.1.1.1:2379\"}",  "{\"fault\":\"start\",\"at\":\"127.1.1.1:2379\"}"},
    {"{\"fault\":\"kill\",\"at\":\"127.1.1.9:8300\"}",  "{\"fault\":\"start\",\"at\":\"127.1.1.9:8300\"}"},
    {"{\"fault\":\"kill\",\"at\":\"127.0.1.11:8300\"}", "{\"fault\":\"start\",\"at\":\"127.0.1.11:8300\"}"},
    {"{\"fault\":\"kill\",\"at\":\"127.1.1.11:6060\"}", "{\"fault\":\"start\",\"at\":\"127.1.1.11:6060\"}"},
    {"{\"fault\":\"hang\",\"at\":\"127.0.1.4:4000\"}",  "{\"fault\":\"unhang\",\"at\":\"127.0.1.4:4000\"}"},
    {"{\"fault\":\"hang\",\"at\":\"127.1.1.9:8300\"}",  "{\"fault\":\"unhang\",\"at\":\"127.1.1.9:8300\"}"},
    {"{\"fault\":\"cut\",\"at\":\"127.1.1.4:4000\"}",   "{\"fault\":\"reach\",\"at\":\"127.1.1.4:4000\"}"},
    {"{\"fault\":\"lag\",\"at\":\"127.1.1.5:4000\"}",   "{\"fault\":\"unlag\",\"at\":\"127.1.1.5:4000\"}"},
    {"{\"fault\":\"lag\",\"at\":\"127.1.1.4:4000\"}",   "{\"fault\":\"unlag\",\"at\":\"127.1.1.4:4000\"}"},
    {"{\"fault\":\"lag\",\"at\":\"127.0.1.5:4000\"}",   "{\"fault\":\"unlag\",\"at\":\"127.0.1.5:4000\"}"},
    {"{\"fault\":\"cdc-owner-change\",\"cluster\":\"east\",\"crash\":true}", NULL},
    {"{\"fault\":\"pd-leader-lost\",\"cluster\":\"east\"}", NULL},
    // clang-format on
};
/* A prime number of them: one exchange of so many has each in turn. */
enum { OUTAGES = sizeof(outages) / sizeof(outages[0]), OUTAGE_MS = 20000 };
_Static_assert((int)OUTAGES == (int)SIM_OUTAGES, "the families know how many");

bool sim_command(struct run *r, const char *text)
{
    struct dr_err err = {0};
    json_t *v = NULL, *reply = NULL;
    bool ok = dr_json_parse(&v, text, strlen(text), &err) == 0 &&
              dr_model_ctl(r->w.model, v, &reply, &err) == 0;
    json_decref(v);
    json_decref(reply);
    return ok || sim_fail(r, "the scenario was refused: %s: %s", text, err.text);
}

static const char *heals(const struct run *r)
{
    return outages[r->outage % OUTAGES].heal;
}

void sim_heal(struct run *r)
{
    if (!r->heal_at_ms || dr_model_now_ms(r->w.model) < r->heal_at_ms)
        return;
    r->heal_at_ms = 0;
    (void)sim_command(r, heals(r));
}

void sim_hurt(struct run *r, uint64_t which)
{
    if (r->heal_at_ms) /* one at a time */
        r->heal_at_ms = dr_model_now_ms(r->w.model);
    sim_heal(r);
    r->outage = which;
    if (sim_command(r, outages[which % OUTAGES].hurt) && heals(r))
        r->heal_at_ms = dr_model_now_ms(r->w.model) + OUTAGE_MS;
}

static void hurt(struct run *r)
{
    sim_hurt(r, r->number);
}

enum { UNTIL_BLIND_MS = 1800 };

/* The next one asked is the new owner, who has not read etcd yet. */
void sim_change_owner(struct run *r)
{
    if (sim_command(r, "{\"fault\":\"cdc-owner-change\",\"cluster\":\"east\"}"))
        sim_world_pass(&r->w, UNTIL_BLIND_MS);
}

/* Down from the start; nothing may be taken for empty, absent or done. */
static bool play_down(struct run *r, uint64_t n)
{
    struct dr_round last;
    (void)n;
    hurt(r);
    if (r->heal_at_ms)
        r->heal_at_ms = INT64_MAX;
    if (!sim_begin(r, &r->c, false) || !sim_rounds(r, BLOCKED_ROUNDS, NULL, &last))
        return false;
    if (r->heal_at_ms)
        r->heal_at_ms = dr_model_now_ms(r->w.model);
    sim_heal(r);
    return sim_ends(r);
}

/* A row is lost between the restore and the fence: the copy is not whole, and no feed may
 * start on it. */
static void lose_row(struct run *r)
{
    if (!sim_world_now(&r->w)->c[SIM_B].ledger.fenced.why)
        return;
    r->at_every = NULL;
    if (!sim_world_sql(&r->w, SIM_B, "DELETE FROM shop.stock WHERE item = 'pear'"))
        (void)sim_fail(r, "the scenario could not lose a row");
}

static bool play_wrong_copy(struct run *r, uint64_t n)
{
    (void)n;
    r->at_every = lose_row;
    if (!sim_begin(r, &r->c, true) || !sim_ends(r))
        return false;
    return !sim_world_now(&r->w)->c[SIM_A].feed_count ||
           sim_fail(r, "a feed was made on a copy that is not whole");
}

enum { WITHOUT_SAFEPOINT_MS = 15000 };

/* PD does not keep what TiCDC tells it to: a feed runs, and nothing holds its history. */
static void lose_safepoint(struct run *r)
{
    int64_t since = r->w.history.feed_since_ms;
    if (!since || dr_model_now_ms(r->w.model) < since + WITHOUT_SAFEPOINT_MS)
        sim_view_drop_safepoint(r->w.model);
}

static bool play_no_safepoint(struct run *r, uint64_t n)
{
    (void)n;
    r->at_every = lose_safepoint;
    return sim_begin(r, &r->c, true) && sim_ends(r);
}

/* No feed may start there. */
static bool play_unequal(struct run *r, uint64_t n)
{
    (void)n;
    if (!sim_begin(r, &r->c, true) || !sim_ends(r))
        return false;
    return !sim_world_now(&r->w)->c[SIM_A].feed_count ||
           sim_fail(r, "a feed was made, although it must not be");
}

/* ---- looking, writing down ---- */

/* C10: beside the acting controller another one only looks. */
static bool play_look(struct run *r, uint64_t n)
{
    struct dr_round last, look;
    (void)n;
    if (!sim_begin(r, &r->c, false) || !sim_begin(r, &r->other, false))
        return false;
    r->other_alive = true;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        (void)sim_controller_round(&r->c, &last);
        dr_actor_look(r->other.actor, &look);
        if (!sim_intact(r))
            return false;
        if (dr_record_mutations(&r->other.calls))
            return sim_fail(r, "C10: looking changed something");
        if (sim_is_protected(&last))
            return sim_ends(r);
        sim_rest(r, &last);
    }
    return sim_fail(r, "C7: not protected: %s", sim_missing(last.plan, r->kept));
}

static void forget_journal(struct run *r)
{
    static const char *const files[] = {"journal.db", "journal.db-wal", "journal.db-shm",
                                        "journal.head"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s/%s", r->journal, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(r->journal);
}

/* C13: every step has its intent on disk before it is made; a crash at the
 * n-th exchange that may change something. */
static bool play_journal(struct run *r, uint64_t n)
{
    snprintf(r->journal, sizeof(r->journal), "/tmp/drover-sim-XXXXXX");
    if (!mkdtemp(r->journal))
        return sim_fail(r, "no folder for the journal");
    if (n)
        sim_at_act(r, n, DR_INJECT_CRASH_REPLIED);
    bool ok = sim_begin(r, &r->c, true) && sim_ends(r);
    if (ok && r->c.unannounced)
        ok = sim_fail(r, "C13: a step was made without an intent in the journal");
    if (ok && r->intents < 10)
        ok = sim_fail(r, "C13: only %" PRIu64 " intents", r->intents);
    if (r->c.actor) { /* closes the journal */
        r->out->struck += dr_fault_look(r->c.fault)->struck;
        sim_controller_end(&r->c);
    }
    forget_journal(r);
    return ok;
}

static bool until_protected(struct run *r)
{
    struct dr_round last = {0};
    if (!sim_begin(r, &r->c, false))
        return false;
    if (sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last))
        return true;
    return sim_fail(r, "not protected: %s",
                    last.plan ? sim_missing(last.plan, r->kept) : "");
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
            return sim_fail(r, "the scenario was refused: %s", statements[i]);
    return true;
}

bool sim_lose_ledgers(struct run *r, bool a, bool b)
{
    r->w.history.ledger_dropped = true;
    r->w.history.restores_before = r->w.history.restores;
    r->w.history.fence_is_a_humans = true;
    if ((a && !drop_ledger(r, SIM_A)) || (b && !drop_ledger(r, SIM_B)))
        return false;
    sim_world_pass(&r->w, 2000); /* until every instance is fenced again */
    r->w.history.fence_is_a_humans = false;
    return true;
}

static bool play_dropped(struct run *r, uint64_t n)
{
    return until_protected(r) && sim_lose_ledgers(r, n != 2, n != 1) && sim_again(r) &&
           sim_ends(r);
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
    return sim_again(r) && sim_ends(r);
}

static bool prepare_human_gc(struct run *r)
{
    r->w.history.gc_is_a_humans = true;
    return true;
}

static bool prepare_feed(struct run *r)
{
    return sim_post_feed(
        r,
        "{\"changefeed_id\":\"by-hand\",\"sink_uri\":\"mysql://root@127.1.1.4:4000/\"}");
}

#define OLD_BEAT                                                                         \
    "    - CREATE DATABASE drover\n"                                                     \
    "    - CREATE TABLE drover.heartbeat (origin VARCHAR(64) PRIMARY KEY,"               \
    " tso BIGINT UNSIGNED NOT NULL)\n"
#define SHOP                                                                             \
    "    - CREATE DATABASE shop\n"                                                       \
    "    - CREATE TABLE shop.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT,"              \
    " item VARCHAR(64) NOT NULL, n INT NOT NULL)\n"

#define EQUAL                                                                            \
    "    - CREATE DATABASE shop\n"                                                       \
    "    - CREATE TABLE shop.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT,"              \
    " item VARCHAR(64) NOT NULL, n INT NOT NULL)\n"                                      \
    "    - CREATE TABLE shop.stock (item VARCHAR(64) PRIMARY KEY, n INT NOT NULL)\n"     \
    "    - INSERT INTO shop.orders (item, n) VALUES ('pear', 1), ('plum', 2)\n"          \
    "    - INSERT INTO shop.stock VALUES ('pear', 10), ('plum', 20)\n"

// clang-format off
#define WORDS .setting.spec = "  policy: {approve: [disruptive]}\n"

/* One second after the world begins: 1790000001000 << 18. */
#define EXISTING                                                                         \
    .setting = {.b_script = EQUAL, .approved = true,                                     \
                .bootstrap = "method: Existing, startTs: 469237760262144000"},           \
    .prepare = sim_prepare_equal
#define ADOPTION                                                                         \
    .setting = {.b_script = EQUAL, .approved = true, .bootstrap = "method: Existing",    \
                .replication = "    edges: [{from: east, to: west, id: by-hand}]\n"},    \
    .prepare = sim_prepare_adoption
#define REDO                                                                             \
    .setting.storage =                                                                   \
        "    redo: {region: region-2, uri: \"s3://redo/orders?endpoint="                 \
        "http://127.1.1.11:6060&force-path-style=true\", accessKey: {env: "              \
        "DROVER_SIM_KEY}, secretKey: {env: DROVER_SIM_SECRET}}\n",                       \
    .setting.replication = "    redo: {level: eventual}\n"
#define DRAWN  .numbered = true, .drawn = true
#define EDITED .play = sim_play_edit
#define TURNED .play = sim_play_turned
#define MEDDLED                                                                          \
    .play = sim_play_meddled,                                                            \
    .setting.spec =                                                                      \
        "  policy: {drift: {changefeedPaused: correct, changefeedConfig: correct}}\n"
#define REMOVED                                                                          \
    .play = sim_play_removed,                                                            \
    .setting.spec = "  policy: {drift: {changefeedRemoved: correct}}\n"
#define DRIFTED                                                                          \
    .play = sim_play_drifted,                                                            \
    .setting.spec =                                                                      \
        "  policy: {drift: {fence: correct, gcSwitch: correct, changefeedFailed: "       \
        "correct}}\n"
#define LEAVES(name_, text_, inject_)                                                            \
    {name_, text_, .ending = DISCHARGED, .numbered = true, .play = sim_play_edit_removed, .strike = sim_document_leaves, .inject = inject_, .delay_ms = 3000}
#define CHANGES(name, text, ...)                                                                 \
    {name, text, .ending = PROTECTED, __VA_ARGS__},                                              \
    HIT(name "/crash-before", ".. crash before exchange n is sent", DR_INJECT_CRASH_BEFORE, 0, __VA_ARGS__), \
    HIT(name "/crash-sent", ".. crash after it was sent", DR_INJECT_CRASH_SENT, 0, __VA_ARGS__), \
    HIT(name "/crash-replied", ".. crash after its reply", DR_INJECT_CRASH_REPLIED, 0, __VA_ARGS__), \
    HIT(name "/not-sent", ".. exchange n is not sent", DR_INJECT_NOT_SENT, 0, __VA_ARGS__),      \
    HIT(name "/lost", ".. the reply is lost", DR_INJECT_LOST, 0, __VA_ARGS__),                   \
    HIT(name "/stale", ".. it reads what was before", DR_INJECT_STALE, 0, __VA_ARGS__),          \
    HIT(name "/delayed", ".. the reply comes 3 s later", DR_INJECT_DELAYED, 3000, __VA_ARGS__),  \
    HIT(name "/truncated", ".. half the reply arrives", DR_INJECT_TRUNCATED, 0, __VA_ARGS__),    \
    HIT(name "/error-after", ".. done, and answered with an error", DR_INJECT_ERROR_AFTER, 0, __VA_ARGS__), \
    {name "/outage", ".. something of the estate fails for 20 s", .ending = PROTECTED, .numbered = true, .strike = hurt, __VA_ARGS__}, \
    {name "/stray", ".. it is given up, and arrives 3 s later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STRAY, .delay_ms = 3000, .acting = true, __VA_ARGS__}, \
    {name "/stray-late", ".. 100 s later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STRAY, .delay_ms = 100000, .acting = true, __VA_ARGS__}, \
    {name "/crash-stray", ".. its sender crashes, and it arrives 3 s later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = 3000, .acting = true, __VA_ARGS__}, \
    {name "/crash-late", ".. 100 s later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = 100000, .acting = true, __VA_ARGS__}, \
    LATES(name, __VA_ARGS__),                                                                    \
    {name "/owner", ".. TiCDC gets a new owner, who knows no feed at first", .ending = PROTECTED, .numbered = true, .strike = sim_change_owner, __VA_ARGS__}
#define LATES(name, ...)                                                                         \
    {name "/late", ".. another controller acts in the middle of it", .ending = PROTECTED, .numbered = true, .strike = second_acts, .acting = true, __VA_ARGS__}, \
    {name "/late-taken", ".. another one only takes over", .ending = PROTECTED, .numbered = true, .strike = second_takes_over, .acting = true, __VA_ARGS__}
#define LATE_DONE(name, ...)                                                                     \
    {name "/late-done", ".. another one comes to its end", .ending = PROTECTED, .numbered = true, .strike = second_ends, .acting = true, __VA_ARGS__}
#define HIT(name_, text_, inject_, ms, ...)                                              \
    {name_, text_, .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = inject_, .delay_ms = ms, __VA_ARGS__}
#define HITS(name, ...)                                                                  \
    {name, "from there to protected", .ending = PROTECTED, __VA_ARGS__},                         \
    HIT(name "/crash-before", ".. crash before exchange n is sent", DR_INJECT_CRASH_BEFORE, 0, __VA_ARGS__), \
    HIT(name "/crash-sent", ".. crash after it was sent", DR_INJECT_CRASH_SENT, 0, __VA_ARGS__), \
    HIT(name "/crash-replied", ".. crash after its reply", DR_INJECT_CRASH_REPLIED, 0, __VA_ARGS__), \
    HIT(name "/not-sent", ".. exchange n is not sent", DR_INJECT_NOT_SENT, 0, __VA_ARGS__),      \
    HIT(name "/lost", ".. the reply is lost", DR_INJECT_LOST, 0, __VA_ARGS__),                   \
    HIT(name "/stale", ".. it reads what was before", DR_INJECT_STALE, 0, __VA_ARGS__),          \
    HIT(name "/delayed", ".. the reply comes 3 s later", DR_INJECT_DELAYED, 3000, __VA_ARGS__),  \
    HIT(name "/truncated", ".. half the reply arrives", DR_INJECT_TRUNCATED, 0, __VA_ARGS__),    \
    HIT(name "/error-after", ".. done, and answered with an error", DR_INJECT_ERROR_AFTER, 0, __VA_ARGS__), \
    {name "/late", ".. another controller acts in between", .ending = PROTECTED, .play = play_late, .numbered = true, .strike = second_acts, __VA_ARGS__}, \
    {name "/late-taken", ".. another one only takes over", .ending = PROTECTED, .play = play_late, .numbered = true, .strike = second_takes_over, .acting = true, __VA_ARGS__}, \
    {name "/late-done", ".. another one comes to its end", .ending = PROTECTED, .play = play_late, .numbered = true, .strike = second_ends, .acting = true, __VA_ARGS__}, \
    {name "/stray", ".. it arrives 3 s later, when nobody waits for it", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STRAY, .delay_ms = 3000, .acting = true, __VA_ARGS__}, \
    {name "/crash-stray", ".. the same, and its sender crashes", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = 3000, .acting = true, __VA_ARGS__}, \
    {name "/outage", ".. something of the estate fails for 20 s", .ending = PROTECTED, .numbered = true, .strike = hurt, __VA_ARGS__}
static const struct story stories[] = {
    {"plain", "both ledgers empty because new: from nothing to protected", .ending = PROTECTED},
    {"redo", "with redo logs", .ending = PROTECTED, REDO},
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
    HITS("existing", EXISTING),
    HITS("adopt", ADOPTION),
    CHANGES("turned", "another secret of the sink's passwords is declared: account and changefeed get its password", TURNED),
    LATE_DONE("turned", TURNED),
    CHANGES("edited", "the document of a protected pair is edited: the changefeed gets other settings", EDITED),
    LATE_DONE("edited", EDITED),
    CHANGES("gone", "somebody removes the changefeed of a protected pair; the policy says correct", REMOVED),
    LATE_DONE("gone", REMOVED),
    CHANGES("meddled", "somebody pauses the changefeed of a protected pair and changes it; the policy says correct", MEDDLED),
    LATE_DONE("meddled", MEDDLED),
    CHANGES("drifted", "somebody lifts the fence of a protected pair, switches TTL jobs on and GC off, and the changefeed fails; the policy says correct", DRIFTED),
    LATE_DONE("drifted", DRIFTED),
    CHANGES("not-taken", "the document is edited, and TiCDC refuses the new settings for a while", .play = sim_play_not_taken),
    CHANGES("taken-back", "a protected pair loses both ledgers, and replication.edges names its changefeed", .play = sim_play_taken_back),
    LATE_DONE("taken-back", .play = sim_play_taken_back),
    LEAVES("leaves", "the document is edited, and gone at exchange n of whoever changes the settings", DR_INJECT_NONE),
    LEAVES("leaves/crash-before", ".. who crashes before it is sent", DR_INJECT_CRASH_BEFORE),
    LEAVES("leaves/crash-sent", ".. after it was sent", DR_INJECT_CRASH_SENT),
    LEAVES("leaves/lost", ".. or loses the reply", DR_INJECT_LOST),
    LEAVES("leaves/error-after", ".. or is answered with an error, and it is done", DR_INJECT_ERROR_AFTER),
    LEAVES("leaves/stray", ".. or gives it up, and it arrives 3 s later", DR_INJECT_STRAY),
    LEAVES("leaves/crash-stray", ".. or crashes, and it arrives 3 s later", DR_INJECT_CRASH_STRAY),
    {"left", "somebody does thing n to a protected pair, and no word says that it is put right", .ending = REFUSED, .play = sim_play_left, .numbered = true},
    {"existing-differs", "both sides are said to be equal, and B lacks a row", .ending = REFUSED, .play = play_unequal,
     .setting = {.b_script = EQUAL "    - DELETE FROM shop.stock WHERE item = 'plum'\n", .approved = true,
                 .bootstrap = "method: Existing, startTs: 469237760262144000"}, .prepare = sim_prepare_equal},
    {"existing-unapproved", "nobody has approved the fence of a secondary in use", .ending = REFUSED, .play = play_unequal,
     .setting = {.b_script = EQUAL, .bootstrap = "method: Existing, startTs: 469237760262144000"}, .prepare = sim_prepare_equal},
    {"adopt-fenced", "B is fenced already, by whoever made the feed", .ending = PROTECTED,
     .setting = {.b_script = EQUAL, .approved = true, .bootstrap = "method: Existing",
                 .replication = "    edges: [{from: east, to: west, id: by-hand}]\n"}, .prepare = sim_prepare_fenced},
    {"adopt-observed", "a feed runs, and drover only looks", .ending = SEEN,
     .setting = {.b_script = EQUAL, .bootstrap = "method: Existing",
                 .replication = "    edges: [{from: east, to: west, id: by-hand}]\n", .spec = "  management: Observe\n"},
     .prepare = sim_prepare_fenced},
    {"paused", "paused", .ending = UNTOUCHED, .setting.spec = "  paused: true\n"},
    {"observe", "management: Observe", .ending = UNTOUCHED, .setting.spec = "  management: Observe\n"},
    {"dropped", "both ledgers were dropped (0), A's (1), B's (2)", .ending = REFUSED, .play = play_dropped, .numbered = true},
    {"held", "the document pauses after n rounds, for a while", .ending = PROTECTED, .play = sim_play_paused, .numbered = true},
    {"held/expired", ".. for longer than GC may be held", .ending = DISCHARGED, .play = sim_play_expired, .numbered = true,
     .setting.bootstrap = "gcHold: {method: Disable, deadline: 1h}"},
    {"observed", "a protected pair is only observed from now on", .ending = SEEN, .play = sim_play_observed},
    {"crossing", "another purpose holds GC, too, and for longer", .ending = PROTECTED, .play = sim_play_crossing},
    {"reset", "a protected pair loses A's ledger (even n) or B's, and ledger.reset lets the peer give it back; a crash or a lost reply on the way", .ending = PROTECTED, .play = sim_play_reset, .numbered = true},
    {"given-up", "the document gives the copy up after some rounds; a crash or a lost reply on the way", .ending = DISCHARGED, .play = sim_play_given_up, .numbered = true},
    {"renamed", "the topology has another name now", .ending = REFUSED, .play = play_renamed},
    {"two", "two controllers from the start", .ending = PROTECTED, .play = play_two},
    {"crowd", "the holder died, and those who stand by look on all the while", .ending = PROTECTED, .play = sim_play_crowd},
    {"race", "the holder died, two want the lease: in the middle of exchange n of one the other has a round", .ending = PROTECTED, .play = sim_play_race, .numbered = true, .strike = sim_rival},
    {"split", ".. who begins at the other end: equal epochs of two holders", .ending = PROTECTED, .play = sim_play_race, .numbered = true, .strike = sim_rival_reversed},
    {"cut", "the holder cannot reach A (0), B (1) any more, and another one can", .ending = PROTECTED, .play = sim_play_cut, .numbered = true},
    {"late", "the first controller stands still at exchange n while a second one acts", .ending = PROTECTED, .play = play_late, .numbered = true, .strike = second_acts},
    {"late/taken", ".. while it only takes over", .ending = PROTECTED, .play = play_late, .numbered = true, .strike = second_takes_over, .acting = true},
    {"late/done", ".. while it comes to its end", .ending = PROTECTED, .play = play_late, .numbered = true, .strike = second_ends, .acting = true},
    {"late/past", ".. and a human has switched external-ts reads on", .ending = PROTECTED, .play = play_late, .numbered = true, .strike = second_acts_in_the_past, .acting = true},
    {"clock-forward", "the host's clock jumps a year ahead at exchange n", .ending = PROTECTED, .numbered = true, .strike = jump_forward},
    {"clock-back", "the host's clock jumps a year back at exchange n", .ending = PROTECTED, .numbered = true, .strike = jump_back},
    {"removed", "the document leaves its source after n rounds", .ending = DISCHARGED, .play = play_removed, .numbered = true},
    {"behind", "after n rounds a controller with a newer declaration comes, while the first one goes on", .ending = PROTECTED, .play = sim_play_behind, .numbered = true},
    {"behind/removed", "after n rounds one whose checkout lacks the document, which is there again, is alone for longer than a lease", .ending = PROTECTED, .play = sim_play_behind_removed, .numbered = true},
    {"fault/crash-before", "crash before exchange n is sent", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_BEFORE},
    {"fault/crash-sent", "crash after it was sent", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_SENT},
    {"fault/crash-replied", "crash after its reply", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_REPLIED},
    {"fault/not-sent", "exchange n is not sent", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_NOT_SENT},
    {"fault/lost", "the reply to exchange n is lost", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_LOST},
    {"fault/stale", "exchange n reads what was before", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STALE},
    {"fault/delayed", "the reply comes 3 s later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_DELAYED, .delay_ms = 3000},
    {"fault/truncated", "half the reply arrives", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_TRUNCATED},
    {"fault/error-after", "done, and answered with an error", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_ERROR_AFTER},
    {"approved", "disruptive steps need a word, given by hand when asked", .ending = PROTECTED, WORDS, .asked = sim_word_given},
    {"approved/document", "the document has the word from the start", .ending = PROTECTED, WORDS, .asked = sim_word_given, .prepare = sim_word_declared},
    {"approved/ended", "each word ends before it is used", .ending = REFUSED, WORDS, .asked = sim_word_ends_at_once},
    {"approved/two", "two controllers from the start, one word", .ending = PROTECTED, WORDS, .asked = sim_word_given, .play = play_two},
    {"word-late", "a word by hand; the first controller stands still at exchange n while a second one acts", .ending = PROTECTED, WORDS, .asked = sim_word_given, .play = play_late, .numbered = true, .strike = second_acts},
    {"word-late/taken", ".. while it only takes over", .ending = PROTECTED, WORDS, .asked = sim_word_given, .play = play_late, .numbered = true, .strike = second_takes_over, .acting = true},
    {"word/crash-before", "a word by hand: crash before exchange n is sent", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_BEFORE},
    {"word/crash-sent", ".. after it was sent", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_SENT},
    {"word/crash-replied", ".. after its reply", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_REPLIED},
    {"word/not-sent", ".. exchange n is not sent", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_NOT_SENT},
    {"word/lost", ".. its reply is lost", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_LOST},
    {"word/stale", ".. it reads what was before", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STALE},
    {"word/delayed", ".. its reply comes 3 s later", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_DELAYED, .delay_ms = 3000},
    {"word/truncated", ".. half of its reply arrives", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_TRUNCATED},
    {"word/error-after", ".. done, and answered with an error", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_ERROR_AFTER},
    {"word/crash-stray", ".. its sender crashes, and it arrives 3 s later", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = 3000, .acting = true},
    {"declared/crash-before", "a word in the document: crash before exchange n is sent", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_BEFORE, .prepare = sim_word_declared},
    {"declared/crash-sent", ".. after it was sent", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_SENT, .prepare = sim_word_declared},
    {"declared/crash-replied", ".. after its reply", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_REPLIED, .prepare = sim_word_declared},
    {"declared/not-sent", ".. exchange n is not sent", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_NOT_SENT, .prepare = sim_word_declared},
    {"declared/lost", ".. its reply is lost", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_LOST, .prepare = sim_word_declared},
    {"declared/stale", ".. it reads what was before", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STALE, .prepare = sim_word_declared},
    {"declared/delayed", ".. its reply comes 3 s later", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_DELAYED, .delay_ms = 3000, .prepare = sim_word_declared},
    {"declared/truncated", ".. half of its reply arrives", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_TRUNCATED, .prepare = sim_word_declared},
    {"declared/error-after", ".. done, and answered with an error", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_ERROR_AFTER, .prepare = sim_word_declared},
    {"declared/crash-stray", ".. its sender crashes, and it arrives 3 s later", .ending = PROTECTED, WORDS, .asked = sim_word_given, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = 3000, .acting = true, .prepare = sim_word_declared},
    {"stray/soon", "nobody waits for exchange n any more, and it arrives 30 ms later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STRAY, .delay_ms = 30, .acting = true},
    {"stray/later", ".. 3 s later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STRAY, .delay_ms = 3000, .acting = true},
    {"stray/late", ".. 100 s later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STRAY, .delay_ms = 100000, .acting = true},
    {"stray/again", ".. as soon as the same is sent once more", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STRAY, .delay_ms = SIM_STRAY_AGAIN, .acting = true},
    {"stray/crash-again", "its sender crashes, and it arrives as soon as the same is sent once more", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = SIM_STRAY_AGAIN, .acting = true},
    {"stray/crash-raised", ".. as soon as the successor has raised an epoch", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = SIM_STRAY_RAISED, .acting = true},
    {"stray/crash-soon", "its sender crashes, and it arrives 30 ms later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = 30, .acting = true},
    {"stray/crash-later", ".. 3 s later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = 3000, .acting = true},
    {"stray/crash-late", ".. 100 s later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = 100000, .acting = true},
    {"pair/crash-before", "crash before exchange n; then a second fault (/m/KIND) strikes the successor", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_BEFORE, .acting = true, .paired = true},
    {"pair/crash-sent", ".. crash after it was sent", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_SENT, .acting = true, .paired = true},
    {"pair/crash-stray", ".. crash, and it arrives 3 s later", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = 3000, .acting = true, .paired = true},
    {"pair/lost", ".. its reply is lost", .ending = PROTECTED, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_LOST, .acting = true, .paired = true},
    {"settled/crash-before", "a protected pair: crash before its exchange n", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_BEFORE},
    {"settled/crash-sent", ".. crash after it was sent", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_SENT},
    {"settled/crash-replied", ".. crash after its reply", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_REPLIED},
    {"settled/not-sent", ".. exchange n is not sent", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_NOT_SENT},
    {"settled/lost", ".. the reply is lost", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_LOST},
    {"settled/stale", ".. it reads what was before", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STALE},
    {"settled/delayed", ".. the reply comes 3 s later", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_DELAYED, .delay_ms = 3000},
    {"settled/truncated", ".. half the reply arrives", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_TRUNCATED},
    {"settled/error-after", ".. done, and answered with an error", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_ERROR_AFTER},
    {"settled/stray", ".. it arrives 3 s later, when nobody waits for it", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_STRAY, .delay_ms = 3000, .acting = true},
    {"settled/crash-stray", ".. the same, and its sender crashes", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = strike_fault, .inject = DR_INJECT_CRASH_STRAY, .delay_ms = 3000, .acting = true},
    {"settled/outage", ".. something of the estate fails for 20 s", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = hurt},
    {"settled/owner", ".. TiCDC gets a new owner, who knows no feed at first", .ending = PROTECTED, .play = play_settled, .numbered = true, .strike = sim_change_owner},
    {"drop/taken", "an old heartbeat is dropped; a late controller, as late/taken", .ending = PROTECTED, .play = play_late, .numbered = true, .strike = second_takes_over, .acting = true, .setting.b_script = OLD_BEAT},
    {"drop/done", ".. as late/done", .ending = PROTECTED, .play = play_late, .numbered = true, .strike = second_ends, .acting = true, .setting.b_script = OLD_BEAT},
    {"outage", "at exchange n something of the estate fails for 20 s", .ending = PROTECTED, .numbered = true, .strike = hurt},
    {"down", "something of the estate is down for the first rounds", .ending = PROTECTED, .play = play_down, .numbered = true},
    {"wrong-copy", "B loses a row between restore and fence", .ending = REFUSED, .play = play_wrong_copy},
    {"no-safepoint", "the feed runs for 15 s before PD keeps TiCDC's safepoint", .ending = PROTECTED, .play = play_no_safepoint},
    {"look", "a second controller only looks", .ending = PROTECTED, .play = play_look},
    {"gone-besides", "somebody removes the changefeed and did something else: none is made anew", .ending = REFUSED, .play = sim_play_removed_besides, .numbered = true,
     .setting.spec = "  policy: {drift: {changefeedRemoved: correct}}\n"},
    {"fight", "somebody switches TTL jobs on as often as drover switches them off", .ending = PROTECTED, .play = sim_play_fight},
    {"fight-again", ".. and each correction is by another process", .ending = PROTECTED, .play = sim_play_fight, .numbered = true},
    {"silence", "a protected pair is left alone for n rounds", .ending = PROTECTED, .play = sim_play_silence, .numbered = true},
    {"journal", "a journal is kept; a crash at the n-th exchange that may change something (0: none)", .ending = PROTECTED, .play = play_journal, .numbered = true},
    {"random", "several faults, drawn from seed and n", .ending = PROTECTED, DRAWN},
    {"random/redo", ".. with redo logs", .ending = PROTECTED, DRAWN, REDO},
    {"random/life-time", ".. history held by GC's life time", .ending = PROTECTED, DRAWN, .setting.bootstrap = "gcHold: {method: LifeTime, deadline: 24h}"},
    {"random/word", ".. disruptive steps need a word, given when asked", .ending = PROTECTED, DRAWN, WORDS, .asked = sim_word_given},
    {"random/existing", ".. both sides are equal from the start", .ending = PROTECTED, DRAWN, EXISTING},
    {"random/adopt", ".. and a feed runs", .ending = PROTECTED, DRAWN, ADOPTION},
    {"random/settled", ".. in the rounds of a protected pair", .ending = PROTECTED, DRAWN, .play = play_settled},
    {"random/edited", ".. while its changefeed gets other settings", .ending = PROTECTED, DRAWN, EDITED},
    {"random/meddled", ".. after somebody paused and changed it", .ending = PROTECTED, DRAWN, MEDDLED},
    {"random/drifted", ".. after somebody lifted the fence, and more", .ending = PROTECTED, DRAWN, DRIFTED},
    {"random/taken-back", ".. after both ledgers were lost", .ending = PROTECTED, DRAWN, .play = sim_play_taken_back},
    {"random/gone", ".. after somebody removed it", .ending = PROTECTED, DRAWN, REMOVED},
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

bool sim_story_numbered(size_t i)
{
    return stories[i].numbered;
}

/* "312" or "312/17/lost": the second fault of a pair. */
static bool read_numbers(const char *text, bool paired, struct sim_number *out)
{
    size_t len = strcspn(text, "/");
    *out = (struct sim_number){0};
    if (!dr_parse_u64(text, len, &out->n))
        return false;
    if (!text[len])
        return true;
    text += len + 1;
    len = strcspn(text, "/");
    if (!paired || !text[len] || !dr_parse_u64(text, len, &out->m))
        return false;
    for (int k = 1; k < DR_INJECT_COUNT; k++)
        if (strcmp(text + len + 1, dr_inject_name((enum dr_inject)k)) == 0)
            out->second = (enum dr_inject)k;
    return out->second != DR_INJECT_NONE;
}

const struct story *sim_find_story(const char *name, struct sim_number *number)
{
    for (const struct story *s = stories; s->name; s++) {
        size_t len = strlen(s->name);
        if (!s->numbered && strcmp(s->name, name) == 0)
            return s;
        if (s->numbered && strncmp(s->name, name, len) == 0 && name[len] == '/' &&
            read_numbers(name + len + 1, s->paired, number))
            return s;
    }
    return NULL;
}
