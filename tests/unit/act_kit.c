#include "tests/unit/act_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/tso.h"

enum { WALL_MS = 1795236641, RECORD_MAX = 64 << 10, LEASE_MS = 30000 };

void pair_open(struct pair *p)
{
    struct dr_err err = {0};
    *p = (struct pair){.arena = dr_arena_new(0)};
    dr_json_init();
    setenv("DROVER_EAST_PASSWORD", "east-drover", 1);
    setenv("DROVER_WEST_PASSWORD", "west-drover", 1);
    setenv("DROVER_SINK_SECRET", "any-long-random-text-will-do", 1);
    setenv("DROVER_STORAGE_ACCESS_KEY", "minio", 1);
    setenv("DROVER_STORAGE_SECRET_KEY", "miniostorage", 1);
    dr_docs_init(&p->docs, p->arena);
    dr_docs_add_path(&p->docs, "examples/quickstart/topology.yaml");
    dr_docs_add_path(&p->docs, "examples/quickstart/estate.yaml");
    dr_docs_finish(&p->docs);
    cr_assert_eq(p->docs.topology_count, 1);
    cr_assert_eq(p->docs.estate_count, 1);
    p->topology = *p->docs.topologies[0];
    cr_assert_eq(dr_model_new(&p->model, p->docs.estates[0], 1, WALL_MS * 1000LL, &err),
                 0, "%s", err.text);
}

void pair_close(struct pair *p)
{
    dr_model_free(p->model);
    dr_arena_free(p->arena);
}

void pair_ctl(struct pair *p, const char *json)
{
    struct dr_err err = {0};
    json_t *command = NULL, *reply = NULL;
    cr_assert_eq(dr_json_parse(&command, json, strlen(json), &err), 0, "%s", err.text);
    cr_assert_eq(dr_model_ctl(p->model, command, &reply, &err), 0, "%s", err.text);
    json_decref(reply);
    json_decref(command);
}

void pair_sql(struct pair *p, const char *cluster, const char *text)
{
    pair_ctl(p, dr_sprintf(p->arena,
                           "{\"fault\": \"sql\", \"cluster\": \"%s\", \"text\": \"%s\"}",
                           cluster, text));
}

static bool any_password(const char *password, void *arg)
{
    (void)password;
    (void)arg;
    return true;
}

struct dr_model_session *pair_session(struct pair *p, const char *user, const char *at)
{
    struct dr_address address;
    struct dr_sql_answer out = {0};
    cr_assert(dr_address_parse(&address, at, 4000));
    struct dr_model_session *s =
        dr_model_sql_open(p->model, &address, "127.9.9.9", false);
    cr_assert_eq(dr_model_sql_login(s, user, NULL, any_password, NULL, &out, p->arena), 0,
                 "%s: %s", user, out.message);
    return s;
}

struct dr_model_session *pair_sink_session(struct pair *p, const char *at)
{
    pair_sql(p, "west", "ALTER USER 'cdc'@'%' ACCOUNT UNLOCK");
    pair_pass(p, 1000);
    struct dr_model_session *s = pair_session(p, "cdc", at);
    pair_sql(p, "west", "ALTER USER 'cdc'@'%' ACCOUNT LOCK");
    pair_pass(p, 1000);
    return s;
}

const char *pair_cell(struct pair *p, const char *at, const char *text)
{
    struct dr_address address;
    struct dr_sql_answer out = {0};
    cr_assert(dr_address_parse(&address, at, 4000));
    struct dr_model_session *s =
        dr_model_sql_open(p->model, &address, "127.0.0.1", false);
    cr_assert(s);
    cr_assert_eq(dr_model_sql_login(s, "root", NULL, any_password, NULL, &out, p->arena),
                 0);
    cr_assert_eq(dr_model_sql_query(s, text, strlen(text), &out, p->arena),
                 DR_MODEL_DONE);
    cr_assert_eq(out.error, 0, "'%s': %s", text, out.message);
    const char *cell = !out.row_count      ? ""
                       : out.cells[0].text ? dr_strdup(p->arena, out.cells[0].text)
                                           : "NULL";
    dr_model_sql_close(s);
    return cell;
}

const char *pair_agreed(struct pair *p, const char *at)
{
    return pair_cell(p, at,
                     "SELECT JSON_EXTRACT(value, '$.agreed') FROM mysql.drover_ledger "
                     "WHERE k = 'term'");
}

/* ---- what somebody else made ---- */

static const char *const copied[] = {
    "CREATE DATABASE shop",
    "CREATE TABLE shop.customers (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64)"
    " NOT NULL)",
    "CREATE TABLE shop.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, customer_id BIGINT"
    " NOT NULL, item VARCHAR(64) NOT NULL, amount INT NOT NULL)",
    "INSERT INTO shop.customers (name) VALUES ('Ada'), ('Grace'), ('Edsger')",
    "INSERT INTO shop.orders (customer_id, item, amount) VALUES (1, 'compiler', 1), (2,"
    " 'nanosecond', 3), (3, 'semaphore', 2)",
};

void pair_pass(struct pair *p, int64_t ms)
{
    dr_model_advance(p->model, dr_model_now_ms(p->model) + ms);
}

/* The west as somebody copied it; out: a TSO of the east at which both are equal. */
uint64_t pair_copy_by_hand(struct pair *p)
{
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        pair_sql(p, "west", copied[i]);
    pair_pass(p, 5000);
    uint64_t t = dr_tso_make(dr_model_wall_ms(p->model) - 1000, 0);
    pair_sql(p, "east", "INSERT INTO shop.customers (name) VALUES ('Barbara')");
    return t;
}

void pair_cdc(struct pair *p, const char *method, const char *target, const char *body)
{
    struct dr_address at = {.port = 8300};
    struct dr_arena *a = dr_arena_new(0);
    struct dr_http_answer out = {0};
    uint64_t handle = 0;
    struct dr_model_request req = {
        .method = method, .target = target, .body = body, .body_len = strlen(body)};
    memcpy(at.host, "127.1.1.9", sizeof("127.1.1.9"));
    enum dr_model_done done = dr_model_http(p->model, &at, &req, &out, a, &handle);
    for (int i = 0; i < 100 && done == DR_MODEL_RUNNING; i++) {
        pair_pass(p, 100);
        done = dr_model_http_poll(p->model, handle, &out, a);
    }
    cr_assert_eq(out.status, 200, "%s %s: %.*s", method, target, (int)out.body_len,
                 out.body);
    dr_arena_free(a);
    pair_pass(p, 3000);
}

void pair_make_feed_to(struct pair *p, const char *id, uint64_t start_ts,
                       const char *sink, const char *config)
{
    const char *body = dr_sprintf(
        p->arena,
        "{\"changefeed_id\": \"%s\", \"start_ts\": %llu, \"sink_uri\": \"%s\"%s%s}", id,
        (unsigned long long)start_ts, sink, *config ? ", \"replica_config\": " : "",
        config);
    pair_sql(p, "west",
             "ALTER USER 'cdc'@'%' IDENTIFIED BY 'any-long-random-text-will-do' ACCOUNT "
             "UNLOCK");
    pair_pass(p, 1000);
    pair_cdc(p, "POST", "/api/v2/changefeeds", body);
}

void pair_make_feed(struct pair *p, const char *id, uint64_t start_ts, const char *config)
{
    pair_make_feed_to(p, id, start_ts,
                      "mysql://cdc:any-long-random-text-will-do@127.1.1.4:4000/", config);
}

/* The quickstart without redo and syncpoints, its edge as given. */
void pair_declare(struct pair *p, struct dr_edge_spec *edge)
{
    p->topology.replication.redo.declared = false;
    p->topology.replication.redo.level = DR_REDO_NONE;
    p->topology.replication.sync_point.declared = false;
    p->topology.bootstrap.method = DR_BOOTSTRAP_EXISTING;
    edge->from = "east";
    edge->to = "west";
    edge->config.json = "{}";
    p->topology.replication.edges = edge;
    p->topology.replication.edge_count = 1;
}

void pair_open_equal(struct pair *p, struct dr_edge_spec *edge)
{
    pair_open(p);
    pair_declare(p, edge);
    p->topology.bootstrap.start_ts = pair_copy_by_hand(p);
}

void pair_open_fed(struct pair *p, struct dr_edge_spec *edge, const char *config)
{
    pair_open(p);
    pair_declare(p, edge);
    pair_make_feed(p, edge->id, pair_copy_by_hand(p), config);
}

void pair_word_for(struct pair *p, const char *cluster)
{
    p->topology.ledger_reset = (struct dr_ledger_reset){.declared = true,
                                                        .id = "LOST-1",
                                                        .cluster = cluster,
                                                        .term = 1,
                                                        .reason = "by hand"};
}

/* ---- one process start ---- */

static int64_t wall_ms(void *arg)
{
    const struct boss *b = arg;
    return dr_model_wall_ms(b->pair->model);
}

static void say(void *arg, const struct dr_event *e)
{
    struct boss *b = arg;
    size_t len = strlen(b->said);
    if (e->kind == DR_EVENT_PROGRESS || e->kind == DR_EVENT_PLAN)
        return;
    if (getenv("ACT_SAY"))
        fprintf(stderr, "%s %lld: %d %s%s%s\n", b->o.holder,
                (long long)dr_model_now_ms(b->pair->model), e->kind,
                e->action ? e->action->what : "", e->action ? ": " : "",
                e->text ? e->text : "");
    if (e->kind != DR_EVENT_START)
        snprintf(b->said + len, sizeof(b->said) - len, "%s%s%s\n",
                 e->action ? e->action->name : "", e->action ? ": " : "",
                 e->text ? e->text : "");
}

static bool stopped(void *arg)
{
    return ((const struct boss *)arg)->stop;
}

enum dr_truth boss_descends(void *arg, const char *revision, const char *agreed)
{
    (void)arg;
    return strcmp(revision, agreed) > 0 ? DR_TRUE : DR_FALSE;
}

void boss_options(struct boss *b, struct pair *p, const char *holder)
{
    *b = (struct boss){.pair = p};
    b->o = (struct dr_actor_options){.topology = &p->topology,
                                     .holder = holder,
                                     .revision = "r1",
                                     .lease_ms = LEASE_MS,
                                     .wall_ms = wall_ms,
                                     .say = say,
                                     .stop = stopped,
                                     .arg = b};
    b->o.allowed[DR_RISK_SAFE] = b->o.allowed[DR_RISK_DISRUPTIVE] = true;
}

void boss_start(struct boss *b)
{
    struct dr_err err = {0};
    struct dr_fault_options faults = {.script = &b->inject,
                                      .count = b->inject.kind != DR_INJECT_NONE};
    cr_assert_eq(dr_access_open(&b->access, b->o.topology, NULL, &err), 0, "%s",
                 err.text);
    dr_record_init(&b->record, RECORD_MAX);
    b->carrier = dr_model_carrier(b->pair->model, 1, "127.9.9.9");
    b->fault = dr_fault_carrier(b->carrier, &faults);
    b->counted = dr_record_carrier(&b->record, b->fault);
    b->wire = dr_wire_new(b->o.topology, b->access, b->counted);
    b->estate = dr_record_estate(&b->record, b->wire);
    b->o.access = b->access;
    b->o.estate = b->estate;
    b->actor = dr_actor_new(&b->o);
}

void boss_open(struct boss *b, struct pair *p, const char *holder)
{
    boss_options(b, p, holder);
    boss_start(b);
}

void boss_open_approved(struct boss *b, struct pair *p, const char *holder)
{
    boss_options(b, p, holder);
    b->o.approve_all = true;
    boss_start(b);
}

void boss_end(struct boss *b)
{
    b->carrier->hang_up(b->carrier, NULL);
    dr_actor_free(b->actor);
    b->estate->free(b->estate);
    b->wire->free(b->wire);
    b->counted->free(b->counted);
    b->fault->free(b->fault);
    b->carrier->free(b->carrier);
    dr_access_free(b->access);
    dr_record_release(&b->record);
}

void boss_pass(struct boss *b, int64_t ms)
{
    struct dr_reply none;
    int64_t until = b->estate->now_ms(b->estate) + ms;
    while (b->estate->now_ms(b->estate) < until)
        if (b->estate->wait(b->estate, until, &none))
            dr_reply_release(&none);
}

void boss_round(struct boss *b)
{
    struct dr_err err = {0};
    cr_assert_eq(dr_actor_round(b->actor, &b->r, &err), 0, "%s", err.text);
    cr_assert_geq(b->r.again_ms, 0, "a round asks for the past: %lld ms",
                  (long long)b->r.again_ms);
    if (b->r.again_ms)
        boss_pass(b, b->r.again_ms);
}

void boss_rounds(struct boss *b, int n)
{
    for (int i = 0; i < n; i++)
        boss_round(b);
}

void boss_until(struct boss *b, enum dr_round_state state, int max)
{
    for (int i = 0; i < max; i++) {
        boss_round(b);
        if (b->r.state == state)
            return;
    }
    cr_assert_fail("state %d is not reached: %d %s\n%s", state, b->r.state, b->r.text,
                   b->said);
}

void boss_until_step(struct boss *b, const char *rule, int max)
{
    for (int i = 0; i < max; i++) {
        dr_actor_look(b->actor, &b->r);
        for (size_t k = 0; k < b->r.plan->action_count; k++)
            if (b->r.plan->actions[k].ready &&
                strcmp(b->r.plan->actions[k].name, rule) == 0)
                return;
        boss_round(b);
    }
    cr_assert_fail("step '%s' is never next: %s\n%s", rule, b->r.text, b->said);
}

void pair_until_step(struct pair *p, const char *rule)
{
    struct boss b;
    boss_open(&b, p, "one");
    boss_until_step(&b, rule, 400);
    boss_end(&b);
}

void pair_over(struct pair *p, struct boss *b)
{
    boss_end(b);
    pair_close(p);
}

void pair_bootstrap(struct pair *p)
{
    struct boss b;
    boss_open(&b, p, "bootstrapper");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    dr_actor_leave(b.actor);
    boss_end(&b);
}
