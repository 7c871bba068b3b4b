/* Prints every statement drover can send, with sample arguments, one JSON object a line:
 * {"call", "step", "sql"}. The calls are run by the wire itself against the simulated
 * servers, with names that need quoting; what goes down to the carrier is printed. A kind
 * of call that is not run here, or a step of its script whose statement was never sent,
 * is an error: a new statement is covered or noticed. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/estate/model/model.h"
#include "controller/estate/wire/script.h"
#include "controller/facts/ledger.h"
#include "spec/load.h"

enum { WALL_S = 1795236641, SENT_MAX = 4096, EAST = 0, WEST = 1 };

/* Between the wire and the model: notes statements, and refuses one now and then. */
struct tap {
    struct dr_carrier carrier;
    struct dr_carrier *inner;
    struct dr_arena *arena;
    const char *refuse; /* the next statement that begins so is answered 1064 */
    bool refused;
    uint64_t refused_ticket;
    size_t count;
    struct {
        const char *text;
        const struct dr_step *step;
        const struct dr_play *play;
        enum dr_call_kind kind;
    } sent[SENT_MAX];
};

static struct tap *tap_of(struct dr_carrier *c)
{
    return (struct tap *)((char *)c - offsetof(struct tap, carrier));
}

static void note(struct tap *t, const struct dr_exchange *ex)
{
    const struct dr_script *s =
        (const struct dr_script *)((const char *)ex - offsetof(struct dr_script, ex));
    if (t->count == SENT_MAX) {
        fprintf(stderr, "statements: too many\n");
        exit(1);
    }
    t->sent[t->count].text = dr_strdup(t->arena, ex->sql.text);
    t->sent[t->count].step = s->undoing ? NULL : s->at;
    t->sent[t->count].play = s->play;
    t->sent[t->count++].kind = s->call->kind;
}

static void tap_submit(struct dr_carrier *c, const struct dr_exchange *ex,
                       uint64_t *ticket)
{
    struct tap *t = tap_of(c);
    if (ex->kind == DR_EXCHANGE_SQL)
        note(t, ex);
    if (ex->kind == DR_EXCHANGE_SQL && t->refuse && !t->refused &&
        strncmp(ex->sql.text, t->refuse, strlen(t->refuse)) == 0) {
        t->refused = true;
        *ticket = t->refused_ticket = UINT64_MAX;
        return;
    }
    t->inner->submit(t->inner, ex, ticket);
}

static bool tap_wait(struct dr_carrier *c, int64_t until_ms, struct dr_answer *out)
{
    struct tap *t = tap_of(c);
    if (!t->refused_ticket)
        return t->inner->wait(t->inner, until_ms, out);
    *out = (struct dr_answer){.ticket = t->refused_ticket,
                              .carried = DR_ANSWERED,
                              .sql = {.session = 1,
                                      .connection_id = 1,
                                      .error = 1064,
                                      .sqlstate = "42000",
                                      .message = "refused"},
                              .arena = dr_arena_new(0)};
    t->refused_ticket = 0;
    return true;
}

static int64_t tap_now(struct dr_carrier *c)
{
    return tap_of(c)->inner->now_ms(tap_of(c)->inner);
}

static void tap_hang_up(struct dr_carrier *c, const struct dr_login *login)
{
    tap_of(c)->inner->hang_up(tap_of(c)->inner, login);
}

/* ---- the world ---- */

struct stage {
    struct dr_arena *arena;
    struct dr_docs docs;
    struct dr_model *model;
    struct dr_access *access;
    struct dr_estate *estate;
    struct tap tap;
    bool tried[DR_CALL_KIND_COUNT];
    struct dr_reply reply;
};

static void open_stage(struct stage *w)
{
    static const char *const secrets[][2] = {
        {"DROVER_EAST_PASSWORD", "east-drover"},
        {"DROVER_WEST_PASSWORD", "west-drover"},
        {"DROVER_SINK_SECRET", "any-long-random-text-will-do"},
        {"DROVER_STORAGE_ACCESS_KEY", "minio"},
        {"DROVER_STORAGE_SECRET_KEY", "miniostorage"}};
    struct dr_err err = {0};
    w->arena = dr_arena_new(0);
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        setenv(secrets[i][0], secrets[i][1], 1);
    dr_docs_init(&w->docs, w->arena);
    dr_docs_add_path(&w->docs, "examples/quickstart/topology.yaml");
    dr_docs_add_path(&w->docs, "examples/quickstart/estate.yaml");
    dr_docs_finish(&w->docs);
    if (w->docs.topology_count != 1 || w->docs.estate_count != 1 ||
        dr_model_new(&w->model, w->docs.estates[0], 1, WALL_S * 1000LL, &err) ||
        dr_access_open(&w->access, w->docs.topologies[0], NULL, &err)) {
        fprintf(stderr, "statements: %s (run it from the top)\n", err.text);
        exit(1);
    }
    w->tap = (struct tap){.carrier = {.submit = tap_submit,
                                      .wait = tap_wait,
                                      .now_ms = tap_now,
                                      .hang_up = tap_hang_up},
                          .inner = dr_model_carrier(w->model, 1, "127.9.9.9"),
                          .arena = w->arena};
    w->estate = dr_wire_new(w->docs.topologies[0], w->access, &w->tap.carrier);
}

static void close_stage(struct stage *w)
{
    dr_reply_release(&w->reply);
    w->estate->free(w->estate);
    w->tap.inner->free(w->tap.inner);
    dr_access_free(w->access);
    dr_model_free(w->model);
    dr_arena_free(w->arena);
}

/* Whatever the outcome: what counts is what was sent. */
static struct dr_reply *ask(struct stage *w, struct dr_call call)
{
    dr_reply_release(&w->reply);
    w->tried[call.kind] = true;
    dr_estate_ask(w->estate, &call, &w->reply);
    return &w->reply;
}

static struct dr_call on(enum dr_call_kind kind, uint16_t cluster)
{
    return (struct dr_call){.kind = kind, .at = {.cluster = cluster}};
}

static void pass(struct stage *w, int64_t ms)
{
    struct dr_reply none;
    (void)w->estate->wait(w->estate, w->estate->now_ms(w->estate) + ms, &none);
}

/* ---- the samples ---- */

static const char holder[] = "host'1\\x";

static uint64_t now_tso(struct stage *w, uint16_t cluster)
{
    struct dr_reply *r = ask(w, on(DR_CALL_SQL_TSO, cluster));
    return r->outcome == DR_DONE ? r->tso : 0;
}

static struct dr_authority take_over(struct stage *w, uint16_t cluster)
{
    struct dr_reply *r = ask(w, on(DR_CALL_PD_IDENTITY, cluster));
    struct dr_authority as = {.cluster_id =
                                  r->outcome == DR_DONE ? r->as.pd->cluster_id : 0,
                              .epoch = 1,
                              .holder = holder,
                              .until_ms = INT64_MAX};
    struct dr_call call = on(DR_CALL_LEDGER_CREATE, cluster);
    ask(w, call);
    call = on(DR_CALL_LEDGER_EPOCH, cluster);
    call.as = as;
    call.args.epoch.epoch = 1;
    call.args.epoch.holder = holder;
    ask(w, call);
    call.args.epoch.tso = now_tso(w, cluster);
    call.args.epoch.lease_ms = 5000;
    call.args.epoch.expect_epoch = 1;
    call.args.epoch.expect_holder = holder;
    call.args.epoch.epoch = 2;
    ask(w, call);
    as.epoch = 2;
    return as;
}

static void reads(struct stage *w, uint16_t cluster)
{
    static const char *const names[] = {"cdc", "o'hara"};
    static const enum dr_call_kind plain[] = {
        DR_CALL_NONE,      DR_CALL_SQL_HOT,       DR_CALL_SQL_LEDGER, DR_CALL_SQL_TSO,
        DR_CALL_PD_STORES, DR_CALL_SQL_IDENTITY,  DR_CALL_SQL_JOBS,   DR_CALL_SQL_DDL,
        DR_CALL_PD_ALIVE,  DR_CALL_PD_SAFEPOINTS, DR_CALL_CDC_ALIVE,  DR_CALL_CDC_SERVER,
        DR_CALL_CDC_FEEDS, DR_CALL_SQL_TABLES};
    static const struct dr_table tables[] = {{"shop", "orders", DR_TABLE_BASE, true},
                                             {"we`ird", "ta`ble", DR_TABLE_BASE, true}};
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        struct dr_call call = on(plain[i], cluster);
        bool one = plain[i] == DR_CALL_SQL_HOT || plain[i] == DR_CALL_SQL_LEDGER ||
                   plain[i] == DR_CALL_SQL_JOBS;
        if (one)
            call.at.instance = w->access->clusters[cluster].sql[0].text;
        char at[DR_HOST_MAX + 16];
        const struct dr_access_cluster *c = &w->access->clusters[cluster];
        if (plain[i] == DR_CALL_PD_ALIVE)
            call.at.instance = dr_address_text(&c->pd[0].at, at);
        if (plain[i] == DR_CALL_CDC_ALIVE)
            call.at.instance = dr_address_text(&c->cdc[0].at, at);
        if (plain[i] == DR_CALL_NONE)
            w->tried[DR_CALL_NONE] = true;
        else
            ask(w, call);
    }
    struct dr_call call = on(DR_CALL_SQL_ACCOUNTS, cluster);
    call.args.accounts.count = 2;
    call.args.accounts.names = names;
    ask(w, call);
    call = on(DR_CALL_SQL_COUNTS, cluster);
    call.args.counts.count = 2;
    call.args.counts.tables = tables;
    call.args.counts.budget_ms = 60000;
    ask(w, call);
    call.args.counts.count = 1;
    call.args.counts.tso = now_tso(w, cluster);
    ask(w, call);
    call = on(DR_CALL_SQL_TABLES, cluster);
    call.args.tables.tso = now_tso(w, cluster);
    ask(w, call);
    call = on(DR_CALL_SQL_LOGIN, cluster);
    call.args.login.generation = 1;
    call.args.login.from = "east";
    ask(w, call);
    call = on(DR_CALL_CDC_FEED, cluster);
    call.args.feed.id = "f";
    call.args.feed.to = !cluster;
    ask(w, call);
    call = on(DR_CALL_STORE_LIST, cluster);
    call.args.store.prefix = "g1";
    ask(w, call);
    call.kind = DR_CALL_STORE_REDO;
    call.args.store.store = DR_STORE_REDO;
    ask(w, call);
    w->tap.refuse = "SHOW MASTER STATUS"; /* as a newer server does */
    w->tap.refused = false;
    now_tso(w, cluster);
    w->tap.refuse = NULL;
}

static void ledger(struct stage *w, struct dr_authority as)
{
    const struct dr_approval_row approval = {.present = true,
                                             .digest = "3f9a",
                                             .until = now_tso(w, EAST) + (1ull << 40),
                                             .declaration = "77"};
    const struct dr_term_row agreed = {.present = true,
                                       .n = 1,
                                       .cluster = "east",
                                       .operation = "genesis",
                                       .revision = "x",
                                       .agreed = "it's"};
    struct dr_row_write rows[] = {{"term", "{\"q\":\"a'b\\\\\"}", DR_ROW_ABSENT, NULL},
                                  {"hold/o'x", "{}", DR_ROW_ANY, NULL}};
    struct dr_call call = on(DR_CALL_LEDGER_WRITE, EAST);
    call.as = as;
    call.args.write.count = 2;
    call.args.write.rows = rows;
    ask(w, call);
    rows[1] = (struct dr_row_write){"hold/o'x", NULL, DR_ROW_EQUALS, "{}"};
    rows[0] = rows[1];
    call.args.write.count = 1;
    ask(w, call);
    call = on(DR_CALL_LEDGER_WORD, EAST);
    call.args.word.approval = &approval;
    ask(w, call);
    call.args.word.approval = NULL;
    call.args.word.agreed = &agreed;
    call.args.word.expected = "{\"q\":\"a'b\\\\\"}";
    ask(w, call);
    call = on(DR_CALL_BEAT_TABLE, EAST);
    call.as = as;
    ask(w, call);
    call = on(DR_CALL_BEAT, EAST);
    call.as = as;
    for (int i = 0; i < 4; i++) {
        call.args.beat.tso = now_tso(w, EAST);
        call.args.beat.lease_ms = i < 3 ? 5000 : 0;
        call.args.beat.origin = i & 1 ? NULL : "east";
        ask(w, call);
    }
}

static void deeds(struct stage *w, struct dr_authority east, struct dr_authority west)
{
    static const uint64_t ids[] = {7, 18446744073709551615ull};
    struct dr_call call = on(DR_CALL_SET_GLOBAL, EAST);
    call.at.instance = w->access->clusters[EAST].sql[0].text;
    call.as = east;
    call.args.set.name = "tidb_gc_life_time";
    call.args.set.value = "'72h0m0s'";
    ask(w, call);
    call.args.set.name = "tidb_gc_enable";
    call.args.set.value = "OFF";
    ask(w, call);
    call = on(DR_CALL_BACKUP, EAST);
    call.at.instance = w->access->clusters[EAST].sql[0].text;
    call.as = east;
    call.args.copy.prefix = "g1";
    call.args.copy.generation = 1;
    struct dr_reply *r = ask(w, call);
    uint64_t tso = r->outcome == DR_DONE ? r->as.copy->tso : now_tso(w, EAST);
    call.args.copy.tso = tso;
    ask(w, call);
    call.kind = DR_CALL_RESTORE;
    call.at = (struct dr_target){WEST, w->access->clusters[WEST].sql[0].text};
    call.as = west;
    ask(w, call);
    call = on(DR_CALL_SINK_ACCOUNT, WEST);
    call.as = west;
    call.args.sink.generation = 1;
    call.args.sink.from = "east";
    ask(w, call);
    call.args.sink.keeps_lock = true;
    ask(w, call);
    struct dr_call lock = call;
    lock.args.sink.lock = true;
    call = on(DR_CALL_FEED_CREATE, EAST);
    call.as = east;
    call.args.feed = (struct dr_feed_args){
        .id = "shop-g1", .to = WEST, .generation = 1, .start_ts = tso, .redo = "g1"};
    for (int k = DR_CALL_FEED_CREATE; k <= DR_CALL_FEED_DELETE; k++, pass(w, 5000)) {
        call.kind = (enum dr_call_kind)k;
        ask(w, call);
        if (k == DR_CALL_FEED_CREATE) {
            pass(w, 20000); /* until it has a session there */
            ask(w, lock);
        }
    }
    call = on(DR_CALL_KILL, WEST);
    call.at.instance = w->access->clusters[WEST].sql[0].text;
    call.args.kill.count = 2;
    call.args.kill.ids = ids;
    ask(w, call);
    call = on(DR_CALL_DROP_TABLE, WEST);
    call.as = west;
    call.args.drop.schema = "we`ird";
    call.args.drop.table = "ta`ble";
    ask(w, call);
    call.kind = DR_CALL_DROP_SCHEMA;
    ask(w, call);
}

/* ---- what came of it ---- */

/* By this step, or by one of another script that asks in the same words. */
static bool was_sent(const struct tap *t, const struct dr_step *step)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct dr_step *s = t->sent[i].step;
        if (s && s->text == step->text && s->ask == step->ask)
            return true;
    }
    return false;
}

static size_t missing(const struct stage *w)
{
    size_t bad = 0;
    for (int k = 0; k < DR_CALL_KIND_COUNT; k++)
        if (!w->tried[k]) {
            fprintf(stderr, "statements: no sample of %s\n", dr_call_rows[k].name);
            bad++;
        }
    for (size_t i = 0; i < w->tap.count; i++) {
        const struct dr_play *play = w->tap.sent[i].play;
        size_t first = 0;
        while (w->tap.sent[first].play != play)
            first++;
        for (const struct dr_step *s = play->steps; first == i && s->name; s++)
            if (play->via == DR_VIA_SQL && (s->text || s->ask) && !was_sent(&w->tap, s)) {
                fprintf(stderr, "statements: %s: '%s' was never sent\n",
                        dr_call_rows[w->tap.sent[i].kind].name, s->name);
                bad++;
            }
    }
    return bad;
}

static void print_one(const char *call, const char *step, const char *text)
{
    json_t *o = json_pack("{s:s, s:s, s:s}", "call", call, "step", step, "sql", text);
    if (!o)
        return;
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

static void print_all(const struct tap *t)
{
    for (size_t i = 0; dr_session_setup[i]; i++)
        print_one("session", "setup", dr_session_setup[i]);
    for (size_t i = 0; i < t->count; i++) {
        size_t first = 0;
        while (strcmp(t->sent[first].text, t->sent[i].text) != 0)
            first++;
        if (first == i)
            print_one(dr_call_rows[t->sent[i].kind].name,
                      t->sent[i].step ? t->sent[i].step->name : "undo", t->sent[i].text);
    }
}

int main(void)
{
    static struct stage w;
    dr_json_init();
    open_stage(&w);
    reads(&w, EAST);
    struct dr_authority east = take_over(&w, EAST), west = take_over(&w, WEST);
    ledger(&w, east);
    deeds(&w, east, west);
    reads(&w, WEST);
    print_all(&w.tap);
    size_t bad = missing(&w);
    close_stage(&w);
    return bad ? 1 : 0;
}
