/* Ledger rows, names and versions. */
#include <criterion/criterion.h>

#include "controller/base/json.h"
#include "controller/base/tso.h"
#include "controller/facts/facts.h"

static struct dr_arena *arena;

static void setup(void)
{
    dr_json_init();
    arena = dr_arena_new(0);
}

static void teardown(void)
{
    dr_arena_free(arena);
}

enum { ID = 7 };

static struct dr_ledger decode_one(const char *key, const char *value)
{
    struct dr_ledger_row row = {ID, key, value, 5, "host-1"};
    struct dr_ledger l;
    dr_ledger_decode(&l, &row, 1, ID, arena);
    return l;
}

Test(ledger, every_value_comes_back, .init = setup, .fini = teardown)
{
    const char *names[] = {"east", "west"};
    uint64_t ids[] = {UINT64_MAX, 7};
    struct dr_birth_row birth = {true, "orders", 1, 2, names, ids};
    struct dr_term_row term = {true,  2,     "west",  "op-1", UINT64_MAX - 1,
                               "abc", "def", "app@%", "9f",   NULL};
    struct dr_edge_row edge = {"east", "west", 3,    "id-1",       "orders/g3/",
                               "cdc",  42,     2,    DR_EDGE_MADE, 1763720000123u << 18,
                               true,   "e5",   true, 77,           true,
                               "p1",   "p0"};
    struct dr_sink_row sink = {true, "cdc", 3, true};
    struct dr_hold_row hold = {"bootstrap", "op-2", 99, 100};
    struct dr_gc_row gc = {true, {true, 600000}, {false, 600000}};
    struct dr_copy_row copy = {true, 3, "orders/g3/", 44, "127.0.1.4:4000", UINT64_MAX};
    struct dr_fenced_row fenced = {DR_FENCED_OPERATION, 2, "op-3", true};
    struct dr_consumed_row used = {"INC-1", "ledger.reset"};
    struct dr_last_seen seen = {.checkpoint = 77, .generation = 3, .opened = true};
    const char *texts[] = {"shop.orders", "3 rows", "2 rows"};
    struct dr_compared_row compared = {true,   3,    44, 45,   UINT64_MAX,
                                       600000, true, 3,  texts};
    struct dr_ledger_row rows[] = {
        {ID, DR_KEY_EPOCH, "{}", 5, "host-1"},
        {ID, DR_KEY_LEASE, dr_lease_value(UINT64_MAX, &seen, arena), 5, "host-2"},
        {ID, DR_KEY_BIRTH, dr_birth_value(&birth, arena), 5, "host-1"},
        {ID, DR_KEY_TERM, dr_term_value(&term, arena), 5, "host-1"},
        {ID, dr_edge_key("east", "west", arena), dr_edge_value(&edge, arena), 5, "h"},
        {ID, DR_KEY_SINK, dr_sink_value(&sink, arena), 5, "host-1"},
        {ID, dr_hold_key("bootstrap", arena), dr_hold_value(&hold, arena), 5, "h"},
        {ID, DR_KEY_GC, dr_gc_value(&gc, arena), 5, "host-1"},
        {ID, DR_KEY_BACKUP, dr_copy_value(&copy, arena), 5, "host-1"},
        {ID, DR_KEY_RESTORING, dr_copy_value(&copy, arena), 5, "host-1"},
        {ID, DR_KEY_FENCED, dr_fenced_value(&fenced, arena), 5, "host-1"},
        {ID, dr_consumed_key("INC-1", arena), dr_consumed_value(&used, arena), 5, "h"},
        {ID, DR_KEY_COMPARED, dr_compared_value(&compared, arena), 5, "h"},
        {ID + 1, DR_KEY_TERM, "not ours, not read", 9, "host-9"},
    };
    size_t count = sizeof(rows) / sizeof(rows[0]);
    struct dr_ledger l;
    dr_ledger_decode(&l, rows, count, ID, arena);
    cr_assert_null(l.unreadable, "%s", l.unreadable);
    cr_assert_eq(l.row_count, count - 1);
    cr_assert_eq(l.foreign_count, 1);
    cr_assert_eq(l.epoch, 5);
    cr_assert_str_eq(l.holder, "host-1");
    cr_assert_str_eq(l.lease_holder, "host-2");
    cr_assert_eq(l.lease_until, UINT64_MAX);
    const struct dr_edge_row *e = dr_ledger_edge(&l, "east", "west");
    const struct dr_hold_row *h = dr_ledger_hold(&l, "bootstrap");
    cr_assert_null(dr_ledger_edge(&l, "west", "east"));
    cr_assert_null(dr_ledger_hold(&l, "boot"));
    cr_assert(dr_ledger_consumed(&l, "INC-1") && !dr_ledger_consumed(&l, "INC"));
    /* rendered again, each is the same text: no field is lost or changed */
    const char *again[] = {
        NULL,
        dr_lease_value(l.lease_until, &l.last_seen, arena),
        dr_birth_value(&l.birth, arena),
        dr_term_value(&l.term, arena),
        dr_edge_value(e, arena),
        dr_sink_value(&l.sink, arena),
        dr_hold_value(h, arena),
        dr_gc_value(&l.gc, arena),
        dr_copy_value(&l.backup, arena),
        dr_copy_value(&l.restoring, arena),
        dr_fenced_value(&l.fenced, arena),
        dr_consumed_value(&l.consumed[0], arena),
        dr_compared_value(&l.compared, arena),
    };
    for (size_t i = 1; i < count - 1; i++)
        cr_assert_str_eq(again[i], rows[i].value);
    cr_assert(l.birth.present && l.term.present && l.sink.present && l.gc.present);
    cr_assert(l.backup.present && l.restoring.present);
    cr_assert_str_eq(e->from, "east");
    cr_assert_str_eq(h->purpose, "bootstrap");
    cr_assert_eq(l.birth.member_ids[0], UINT64_MAX);
}

Test(ledger, values_are_canonical, .init = setup, .fini = teardown)
{
    struct dr_edge_row e = {.id = "i",
                            .redo = "",
                            .account = "cdc",
                            .start_ts = 470609638468354049,
                            .generation = 2,
                            .state = DR_EDGE_PLANNED};
    struct dr_fenced_row f = {.why = DR_FENCED_SECONDARY, .term = 1};
    cr_assert_str_eq(dr_edge_value(&e, arena),
                     "{\"account\":\"cdc\",\"checkpoint\":\"0\",\"generation\":2,"
                     "\"id\":\"i\",\"redo\":\"\",\"startTs\":\"470609638468354049\","
                     "\"state\":\"planned\"}");
    cr_assert_str_eq(dr_fenced_value(&f, arena),
                     "{\"releasing\":false,\"term\":1,\"why\":\"secondary\"}");
    cr_assert_str_eq(dr_edge_key("a", "b", arena), "edge/a/b");
    cr_assert_str_eq(dr_hold_key("rewind", arena), "hold/rewind");
}

Test(ledger, what_cannot_be_read_stops, .init = setup, .fini = teardown)
{
    static const struct {
        const char *key, *value;
    } cases[] = {
        {"decision", "{}"},
        {"epochs", "{}"},
        {"edge", "{}"},
        {"epoch", "{\"n\":1}"},
        {"epoch", "[]"},
        {"epoch", NULL},
        {"lease", "{\"until\":5}"},
        {"lease", "{\"until\":\"5\",\"x\":1}"},
        {"lease", "{}"},
        {"lease", "{\"until\":\"5\""},
        {"birth", "{\"members\":{},\"topology\":\"a\",\"version\":2}"},
        {"birth", "{\"members\":{},\"topology\":\"a\",\"version\":0}"},
        {"birth", "{\"members\":{\"a\":1},\"topology\":\"a\",\"version\":1}"},
        {"birth", "{\"topology\":\"a\",\"version\":1}"},
        {"term", "{\"n\":0,\"cluster\":\"a\",\"operation\":\"g\",\"tso\":\"0\"}"},
        {"term", "{\"n\":-1,\"cluster\":\"a\",\"operation\":\"g\",\"tso\":\"0\"}"},
        {"term", "{\"n\":1,\"cluster\":7,\"operation\":\"g\",\"tso\":\"0\"}"},
        {"fenced", "{\"releasing\":false,\"term\":1,\"why\":\"operation\"}"},
        {"fenced",
         "{\"operation\":\"x\",\"releasing\":false,\"term\":1,\"why\":\"secondary\"}"},
        {"fenced", "{\"releasing\":false,\"term\":1,\"why\":\"mood\"}"},
        {"sink", "{\"account\":\"a\",\"generation\":1,\"locked\":0}"},
        {"consumed/", "{\"word\":\"approval\"}"},
        {"hold/", "{\"deadline\":\"1\",\"need\":\"1\",\"operation\":\"o\"}"},
    };
    static const char *const edge_keys[] = {"edge/", "edge/a", "edge/a/", "edge//b",
                                            "edge/a/b/c"};
    struct dr_edge_row e = {.id = "i", .redo = "", .account = "c", .state = DR_EDGE_MADE};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_ledger l = decode_one(cases[i].key, cases[i].value);
        cr_assert(l.unreadable, "%s %s", cases[i].key, cases[i].value);
        cr_assert_str_eq(l.unreadable, cases[i].key);
        cr_assert_eq(l.row_count, 1);
    }
    for (size_t i = 0; i < 5; i++)
        cr_assert(decode_one(edge_keys[i], dr_edge_value(&e, arena)).unreadable, "%s",
                  edge_keys[i]);
    cr_assert_null(decode_one("edge/a/b", dr_edge_value(&e, arena)).unreadable);
    e.state = DR_EDGE_NONE;
    cr_assert(decode_one("edge/a/b", dr_edge_value(&e, arena)).unreadable);
}

Test(ledger, an_epoch_without_holder_is_none, .init = setup, .fini = teardown)
{
    struct dr_ledger_row rows[] = {{ID, "epoch", "{}", 0, "h"},
                                   {ID, "epoch", "{}", 1, ""}};
    for (size_t i = 0; i < 2; i++) {
        struct dr_ledger l;
        dr_ledger_decode(&l, &rows[i], 1, ID, arena);
        cr_assert_str_eq(l.unreadable, "epoch");
    }
}

Test(ledger, edge_states_have_words)
{
    cr_assert_str_eq(dr_edge_state_name(DR_EDGE_PROBE), "probe");
    cr_assert_str_eq(dr_edge_state_name(DR_EDGE_NONE), "none");
}

Test(facts, versions, .init = setup, .fini = teardown)
{
    static const struct {
        const char *text;
        uint32_t rank;
    } cases[] = {
        {"v8.5.4", 8005004},
        {"8.5.4", 8005004},
        {"8.5.4-alpha-12-gabc", 8005004},
        {"8.0.11-TiDB-v8.5.4", 8005004},
        {"8.0.11-TiDB-v7.5.0-20240101", 7005000},
        {"v8.5.4+build", 8005004},
        {"8.0.11-TiDB-None", 0},
        {"", 0},
        {"v", 0},
        {"8.5", 0},
        {"8.5.", 0},
        {"8.5.4x", 0},
        {"8.5.4.1", 0},
        {"8.1000.4", 0},
        {"-8.5.4", 0},
        {"99999999999999999999.5.4", 0},
        {"None", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_version v = dr_version_parse(cases[i].text, arena);
        cr_assert_eq(dr_version_rank(&v), cases[i].rank, "%s", cases[i].text);
        cr_assert_str_eq(v.text, cases[i].text);
    }
    struct dr_version none = dr_version_parse(NULL, arena);
    cr_assert_eq(dr_version_rank(&none), 0);
    cr_assert_null(none.text);
}

Test(facts, feed_states)
{
    static const struct {
        const char *text;
        enum dr_feed_state state;
    } cases[] = {
        {NULL, DR_FEED_NORMAL},       {"", DR_FEED_NORMAL},
        {"normal", DR_FEED_NORMAL},   {"warning", DR_FEED_WARNING},
        {"pending", DR_FEED_WARNING}, {"stopped", DR_FEED_STOPPED},
        {"failed", DR_FEED_FAILED},   {"finished", DR_FEED_FINISHED},
        {"removed", DR_FEED_REMOVED}, {"initializing", DR_FEED_STRANGE},
        {"Normal", DR_FEED_STRANGE},  {"strange", DR_FEED_STRANGE},
        {"none", DR_FEED_STRANGE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_assert_eq(dr_feed_state_parse(cases[i].text), cases[i].state, "%s",
                     cases[i].text);
    cr_assert_str_eq(dr_feed_state_name(DR_FEED_STRANGE), "strange");
    cr_assert_str_eq(dr_feed_state_name(DR_FEED_STATE_NONE), "none");
}

Test(facts, privileges_all_have_names)
{
    for (unsigned p = 0; p < DR_PRIV_COUNT; p++) {
        cr_assert(dr_privilege_name((enum dr_privilege)p));
        for (unsigned q = 0; q < p; q++)
            cr_assert_str_neq(dr_privilege_name((enum dr_privilege)p),
                              dr_privilege_name((enum dr_privilege)q));
    }
    cr_assert_str_eq(dr_privilege_name(DR_PRIV_CREATE_VIEW), "CREATE VIEW");
    cr_assert_str_eq(dr_privilege_name(DR_PRIV_RESTRICTED_REPLICA_WRITER_ADMIN),
                     "RESTRICTED_REPLICA_WRITER_ADMIN");
}

Test(facts, look_ups)
{
    struct dr_feed feeds[] = {{.id = "a"}, {.id = "b"}};
    struct dr_feeds f = {.count = 2, .items = feeds};
    struct dr_account accounts[] = {{.name = "x"}, {.name = "y"}};
    struct dr_accounts c = {.count = 2, .items = accounts};
    cr_assert_eq(dr_feeds_find(&f, "b"), &feeds[1]);
    cr_assert_null(dr_feeds_find(&f, "c"));
    cr_assert_eq(dr_accounts_find(&c, "x"), &accounts[0]);
    cr_assert_null(dr_accounts_find(&c, "z"));
}

/* A checkpoint that was read after the TSO is no unknown lag, nor a negative one. */
Test(facts, lag_of_a_feed)
{
    static const struct {
        bool known;
        int64_t tso_ms, checkpoint_ms, ledger_at_ms, feeds_at_ms, lag_ms;
    } rows[] = {{true, 5000, 3000, 100, 100, 2000},
                {true, 5000, 3000, 100, 90, 2000},
                {true, 5000, 5200, 100, 400, 100},
                {true, 5000, 5200, 100, 100, 0},
                {false, 5000, 3000, 100, 100, -1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dr_cluster_facts f = {0};
        struct dr_feed x = {.checkpoint = dr_tso_make(rows[i].checkpoint_ms, 0)};
        f.ledger.seen =
            (struct dr_seen){.known = rows[i].known, .at_ms = rows[i].ledger_at_ms};
        f.feeds.seen = (struct dr_seen){.known = true, .at_ms = rows[i].feeds_at_ms};
        f.ledger.tso = dr_tso_make(rows[i].tso_ms, 0);
        cr_assert_eq(dr_feed_lag_ms(&f, &x), rows[i].lag_ms, "%zu", i);
    }
}
