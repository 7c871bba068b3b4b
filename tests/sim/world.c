#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/estate/wire/wire.h"
#include "controller/plan/rights.h"

enum {
    WALL0_S = 1790000000, /* PD's clocks start here */
    LATENCY_MS = 1,
    STEP_MS = 200,
    SKIP_MS = 10000,
    WRITE_EVERY_MS = 150,
    WRITE_IDLE_MS = 1000, /* while time only passes */
    SETTLE_MS = 60000,
};

static const char estate_text[] =
    "apiVersion: drover/v1\n"
    "kind: Estate\n"
    "metadata: {name: sim}\n"
    "spec:\n"
    "  seed: 1\n"
    "  clusters:\n"
    "  - name: east\n"
    "    region: region-1\n"
    "    sql: [{address: \"127.0.1.4:4000\"}, {address: \"127.0.1.5:4000\"}]\n"
    "    pd: [\"127.0.1.1:2379\"]\n"
    "    ticdc: {captures: [\"127.1.1.9:8300\", \"127.1.1.10:8300\"]}\n"
    "    accounts:\n%s"
    "    variables:\n"
    "    - {name: tidb_gc_life_time, value: 10m0s}\n%s"
    "    script:\n"
    "    - CREATE DATABASE shop\n"
    "    - CREATE TABLE shop.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT,"
    " item VARCHAR(64) NOT NULL, n INT NOT NULL)\n"
    "    - CREATE TABLE shop.stock (item VARCHAR(64) PRIMARY KEY, n INT NOT NULL)\n"
    "    - INSERT INTO shop.orders (item, n) VALUES ('pear', 1), ('plum', 2)\n"
    "    - INSERT INTO shop.stock VALUES ('pear', 10), ('plum', 20)\n%s"
    "  - name: west\n"
    "    region: region-2\n"
    "    sql: [{address: \"127.1.1.4:4000\"}, {address: \"127.1.1.5:4000\"}]\n"
    "    pd: [\"127.1.1.1:2379\"]\n"
    "    ticdc: {captures: [\"127.0.1.11:8300\"]}\n"
    "    accounts:\n%s"
    "    variables:\n"
    "    - {name: tidb_gc_life_time, value: 10m0s}\n%s"
    "    script:\n"
    "    - SELECT 1\n%s"
    "  storage:\n"
    "  - {name: minio, region: region-2, address: \"127.1.1.11:6060\","
    " buckets: [backup, redo], accessKey: key, secretKey: secret}\n"
    "  durations: {backup: 3s, restore: 3s, ownerChange: 1s, propagation: 200ms,"
    " safepointInterval: 5s, feedApply: 100ms, checkpointTick: 500ms}\n";

static const char topology_text[] =
    "apiVersion: drover/v1\n"
    "kind: Topology\n"
    "metadata: {name: %s%s}\n"
    "spec:\n"
    "  mode: PrimarySecondary\n"
    "  primary: east\n"
    "  clusters:\n"
    "  - name: east\n"
    "    region: region-1\n"
    "    sql: {endpoints: [127.0.1.4:4000, 127.0.1.5:4000], user: drover,"
    " password: {env: DROVER_SIM_SQL}}\n"
    "    pd: {endpoints: [\"http://127.0.1.1:2379\"]}\n"
    "    ticdc: {endpoints: [\"http://127.1.1.9:8300\", \"http://127.1.1.10:8300\"]}\n"
    "    sink: {address: \"127.0.1.4:4000\"}\n"
    "  - name: west\n"
    "    region: region-2\n"
    "    sql: {endpoints: [127.1.1.4:4000, 127.1.1.5:4000], user: drover,"
    " password: {env: DROVER_SIM_SQL}}\n"
    "    pd: {endpoints: [\"http://127.1.1.1:2379\"]}\n"
    "    ticdc: {endpoints: [\"http://127.0.1.11:8300\"]}\n"
    "    sink: {address: \"127.1.1.4:4000\"}\n"
    "  storage:\n"
    "    backup: {region: region-2, uri: \"s3://backup/orders?endpoint="
    "http://127.1.1.11:6060&force-path-style=true\","
    " accessKey: {env: DROVER_SIM_KEY}, secretKey: {env: DROVER_SIM_SECRET}}\n%s"
    "  replication:\n"
    "    sink: {user: cdc, password: {env: DROVER_SIM_SINK}}\n%s"
    "  bootstrap: {%s%s}\n"
    "%s";

static const char *or_nothing(const char *s)
{
    return s ? s : "";
}

static void first_finding(const struct dr_docs *d, struct dr_buf *why)
{
    struct dr_buf text;
    dr_buf_init(&text, 4096);
    dr_findings_text(&d->findings, false, &text);
    dr_buf_adds(why, dr_buf_str(&text));
    dr_buf_release(&text);
}

/* An account as an estate declares it. */
static const char *account_of(struct sim_world *w, const json_t *x, const char *more)
{
    size_t i;
    json_t *g;
    const char *out = dr_sprintf(w->arena, "    - user: %s\n      %s\n      grants:\n",
                                 json_string_value(json_object_get(x, "user")), more);
    json_array_foreach(json_object_get(x, "grants"), i, g)
    {
        const char *text = json_string_value(g) + strlen("GRANT ");
        out = dr_sprintf(w->arena, "%s      - %.*s\n", out,
                         (int)(strstr(text, " TO ") - text), text);
    }
    return out;
}

/* The accounts of a cluster: what `drover grants` prints and no more, so that whatever
 * happens needs no other right. The sink is there for whom drover only watches, too. */
static const char *accounts_of(struct sim_world *w, const struct dr_topology *t,
                               size_t cluster)
{
    struct dr_topology managed = *t;
    managed.management = DR_MANAGE;
    json_t *own = dr_grants_json(t, &t->clusters[cluster]),
           *all = dr_grants_json(&managed, &t->clusters[cluster]);
    const json_t *first = json_array_get(json_object_get(own, "clusters"), 0),
                 *rest = json_array_get(json_object_get(all, "clusters"), 0);
    const char *out = account_of(w, json_array_get(json_object_get(first, "accounts"), 0),
                                 "password: clear");
    rest = json_object_get(rest, "accounts");
    for (size_t i = 1; i < json_array_size(rest); i++)
        out = dr_sprintf(w->arena, "%s%s", out,
                         account_of(w, json_array_get(rest, i),
                                    "password: unused\n      locked: true"));
    json_decref(own);
    json_decref(all);
    return out;
}

static bool load(struct sim_world *w, const struct sim_setting *s, struct dr_buf *why)
{
    char *topology =
        dr_sprintf(w->arena, topology_text, s->name ? s->name : "orders",
                   s->formerly ? dr_sprintf(w->arena, ", formerly: %s", s->formerly) : "",
                   or_nothing(s->storage), or_nothing(s->replication),
                   s->bootstrap && strncmp(s->bootstrap, "method:", 7) == 0
                       ? ""
                       : "method: BackupRestore, ",
                   or_nothing(s->bootstrap), or_nothing(s->spec));
    dr_docs_init(&w->docs, w->arena);
    dr_docs_add(&w->docs, "topology.yaml", topology, strlen(topology));
    dr_docs_finish(&w->docs);
    if (w->docs.topology_count != 1) {
        first_finding(&w->docs, why);
        return false;
    }
    const struct dr_topology *t = w->docs.topologies[0];
    char *estate = dr_sprintf(w->arena, estate_text, accounts_of(w, t, 0),
                              or_nothing(s->a_variables), or_nothing(s->a_script),
                              accounts_of(w, t, 1), or_nothing(s->b_variables),
                              or_nothing(s->b_script));
    dr_docs_init(&w->docs, w->arena);
    dr_docs_add(&w->docs, "estate.yaml", estate, strlen(estate));
    dr_docs_add(&w->docs, "topology.yaml", topology, strlen(topology));
    dr_docs_finish(&w->docs);
    if (w->docs.estate_count != 1 || w->docs.topology_count != 1) {
        first_finding(&w->docs, why);
        return false;
    }
    w->estate = w->docs.estates[0];
    w->topology = w->docs.topologies[0];
    return true;
}

static void set_secrets(void)
{
    setenv("DROVER_SIM_SQL", "clear", 1);
    setenv("DROVER_SIM_KEY", "key", 1);
    setenv("DROVER_SIM_SECRET", "secret", 1);
    setenv("DROVER_SIM_SINK", SIM_SINK_SECRET, 1);
}

static bool no_password(const char *password, void *arg)
{
    (void)arg;
    return !password || !*password;
}

static struct dr_model_session *root_session(struct sim_world *w, int cluster)
{
    static const char *const at[SIM_CLUSTERS] = {"127.0.1.4", "127.1.1.4"};
    struct dr_address address = {.port = 4000};
    memcpy(address.host, at[cluster], strlen(at[cluster]) + 1);
    struct dr_model_session *s =
        dr_model_sql_open(w->model, &address, "127.0.0.1", false);
    struct dr_arena *a = dr_arena_new(0);
    struct dr_sql_answer out = {0};
    if (s && dr_model_sql_login(s, "root", NULL, no_password, NULL, &out, a) != 0) {
        dr_model_sql_close(s);
        s = NULL;
    }
    dr_arena_free(a);
    return s;
}

static bool query(struct dr_model_session *s, const char *text)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_sql_answer out = {0};
    bool done =
        dr_model_sql_query(s, text, strlen(text), &out, a) == DR_MODEL_DONE && !out.error;
    dr_arena_free(a);
    return done;
}

bool sim_world_sql(struct sim_world *w, int cluster, const char *text)
{
    struct dr_model_session *s = root_session(w, cluster);
    if (!s)
        return false;
    bool done = query(s, text);
    dr_model_sql_close(s);
    return done;
}

bool sim_world_begin(struct sim_world *w, int cluster, const char *holder,
                     const char *text)
{
    struct dr_model_session *session = root_session(w, cluster);
    return session && sim_stray_send(w, holder, session, text);
}

bool sim_world_open(struct sim_world *w, const struct sim_setting *s, uint64_t seed,
                    struct dr_buf *why)
{
    struct dr_err err = {0};
    memset(w, 0, sizeof(*w));
    w->arena = dr_arena_new(0);
    w->views[0] = dr_arena_new(0);
    w->views[1] = dr_arena_new(0);
    dr_buf_init(&w->wrong, 8192);
    w->prng.state = seed;
    w->approved = s->approved;
    set_secrets();
    if (!load(w, s, why))
        return false;
    if (dr_model_new(&w->model, w->estate, seed, WALL0_S * INT64_C(1000), &err) != 0) {
        dr_buf_adds(why, err.text);
        return false;
    }
    dr_model_audit_off(w->model);
    w->writer = root_session(w, SIM_A);
    if (!w->writer) {
        dr_buf_adds(why, "root cannot log in");
        return false;
    }
    sim_view_read(&w->view[0], NULL, w->model, w->views[0], w->arena);
    const struct sim_cluster *a = &w->view[0].c[SIM_A], *b = &w->view[0].c[SIM_B];
    w->history.gc_enable = a->stored_gc_enable;
    w->history.gc_life_ms = a->stored_gc_life_ms;
    w->history.needs_word = w->topology->policy.approve[DR_RISK_DISRUPTIVE];
    w->history.b_held_tables_at_birth = b->table_count > 0;
    w->history.fence_is_a_humans = a->stored_fence || b->stored_fence;
    w->writes = true;
    return true;
}

void sim_world_close(struct sim_world *w)
{
    if (w->writer)
        dr_model_sql_close(w->writer);
    sim_strays_end(w);
    if (w->model)
        dr_model_free(w->model);
    dr_buf_release(&w->wrong);
    dr_arena_free(w->views[0]);
    dr_arena_free(w->views[1]);
    dr_arena_free(w->arena);
}

/* ---- the writer ---- */

static void write_some(struct sim_world *w, int64_t every_ms)
{
    if (!w->writes || dr_model_now_ms(w->model) - w->wrote_at_ms < every_ms)
        return;
    w->wrote_at_ms = dr_model_now_ms(w->model);
    char text[160];
    uint64_t n = dr_prng_below(&w->prng, 1000), kind = dr_prng_below(&w->prng, 4);
    if (kind == 0)
        snprintf(text, sizeof(text), "UPDATE shop.stock SET n = %" PRIu64, n);
    else if (kind == 1)
        snprintf(text, sizeof(text), "DELETE FROM shop.orders WHERE n = %" PRIu64, n);
    else
        snprintf(text, sizeof(text),
                 "INSERT INTO shop.orders (item, n) VALUES ('item %" PRIu64 "', %" PRIu64
                 ")",
                 w->written, n);
    w->written += query(w->writer, text);
}

/* ---- judging ---- */

const struct sim_view *sim_world_now(const struct sim_world *w)
{
    return &w->view[w->current];
}

void sim_world_judge(struct sim_world *w, const char *holder)
{
    int next = 1 - w->current;
    dr_arena_reset(w->views[next]);
    sim_view_read(&w->view[next], &w->view[w->current], w->model, w->views[next],
                  w->arena);
    w->history.holder = holder;
    sim_history_step(&w->history, &w->view[next]);
    struct sim_look look = {&w->view[w->current], &w->view[next], &w->history};
    w->checks++;
    if (!w->broken)
        w->broken = sim_check_all(&look, &w->wrong);
    w->current = next;
}

void sim_world_pass(struct sim_world *w, int64_t ms)
{
    int64_t until = dr_model_now_ms(w->model) + ms;
    while (dr_model_now_ms(w->model) < until && !w->broken) {
        int64_t to = dr_model_now_ms(w->model) + STEP_MS;
        dr_model_advance(w->model, to < until ? to : until);
        write_some(w, WRITE_IDLE_MS);
        sim_world_judge(w, NULL);
        sim_strays_arrive(w);
    }
}

void sim_world_skip(struct sim_world *w, int64_t ms)
{
    int64_t until = dr_model_now_ms(w->model) + ms;
    while (dr_model_now_ms(w->model) < until && !w->broken) {
        int64_t to = dr_model_now_ms(w->model) + SKIP_MS;
        dr_model_advance(w->model, to < until ? to : until);
        sim_world_judge(w, NULL);
    }
}

bool sim_world_equal(struct sim_world *w, struct dr_buf *why)
{
    w->writes = false;
    int64_t until = dr_model_now_ms(w->model) + SETTLE_MS;
    for (;;) {
        struct dr_buf now;
        dr_buf_init(&now, 4096);
        size_t tables = sim_view_equal(w->model, &now);
        bool equal = tables && !now.len;
        bool late = dr_model_now_ms(w->model) >= until;
        if (!equal && late)
            dr_buf_adds(why, tables ? dr_buf_str(&now) : "no table was compared");
        dr_buf_release(&now);
        if (equal || late)
            return equal;
        sim_world_pass(w, STEP_MS);
    }
}

/* ---- controllers ---- */

static int cluster_of(const struct dr_address *at)
{
    static const struct {
        const char *host;
        int cluster;
    } hosts[] = {{"127.0.1.4", SIM_A},  {"127.0.1.5", SIM_A}, {"127.1.1.9", SIM_A},
                 {"127.1.1.10", SIM_A}, {"127.1.1.4", SIM_B}, {"127.1.1.5", SIM_B},
                 {"127.0.1.11", SIM_B}};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (strcmp(at->host, hosts[i].host) == 0)
            return hosts[i].cluster;
    return -1;
}

char sim_exchange_kind(const struct dr_exchange *ex)
{
    static const char *const changes[] = {"COMMIT", "UPDATE",  "SET GLOBAL",
                                          "CREATE", "DROP",    "ALTER",
                                          "BACKUP", "RESTORE", "KILL"};
    if (ex->kind == DR_EXCHANGE_HTTP)
        return strcmp(ex->http.method, "GET") == 0 ? 'r' : 'm';
    if (ex->sql.lane == DR_LANE_OBSERVE)
        return 'r';
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        if (strncmp(ex->sql.text, changes[i], strlen(changes[i])) == 0)
            return 'm';
    return 'a';
}

static void before_exchange(void *arg, uint64_t n, const struct dr_exchange *ex)
{
    struct sim_controller *c = arg;
    struct sim_world *w = c->world;
    sim_view_odd_clocks(w->model);
    sim_strays_follow(w, ex);
    if (c->hook)
        c->hook(c->hook_arg, n, ex);
    if (w->log)
        dr_buf_addf(w->log, "%" PRId64 " %s #%" PRIu64 " ", dr_model_now_ms(w->model),
                    c->holder, n);
    if (ex->kind == DR_EXCHANGE_SQL) {
        if (w->log)
            dr_record_statement(w->log, ex->sql.text, 300);
        sim_history_statement(&w->history, sim_world_now(w), cluster_of(&ex->at),
                              ex->sql.text);
    } else {
        if (w->log)
            dr_buf_addf(w->log, "%s %s", ex->http.method, ex->http.target);
        sim_history_request(&w->history, sim_world_now(w), cluster_of(&ex->at),
                            ex->http.method, ex->http.target, ex->http.body);
    }
    if (w->log)
        dr_buf_addc(w->log, '\n');
}

static void after_exchange(void *arg, uint64_t n)
{
    struct sim_controller *c = arg;
    write_some(c->world, WRITE_EVERY_MS);
    sim_world_judge(c->world, c->holder);
    sim_strays_arrive(c->world);
    if (c->answered)
        c->answered(c->hook_arg, n);
}

static bool stray(void *arg, const struct dr_exchange *ex, int64_t delay_ms)
{
    struct sim_controller *c = arg;
    return sim_stray_take(c->world, c->holder, c->carrier, ex, delay_ms);
}

static int64_t wall_ms(void *arg)
{
    const struct sim_controller *c = arg;
    return dr_model_wall_ms(c->world->model) + c->world->wall_shift_ms;
}

static void say(void *arg, const struct dr_event *e)
{
    static const char *const kinds[] = {"plan",      "start",   "progress", "end",
                                        "authority", "standby", "wait",     "note"};
    const struct sim_controller *c = arg;
    if (e->kind == DR_EVENT_AUTHORITY && strncmp(e->text, "took over", 9) == 0)
        snprintf(c->world->history.acting, sizeof(c->world->history.acting), "%s",
                 c->holder);
    if (c->world->log && e->kind != DR_EVENT_PROGRESS)
        dr_buf_addf(c->world->log, "%" PRId64 " %s %s: %s\n",
                    dr_model_now_ms(c->world->model), c->holder, kinds[e->kind],
                    e->text ? e->text : "");
}

/* C13: before a step's call its intent stands in the journal. Authority, lease and kills
 * are not steps. */
static void check_intent(void *arg, const struct dr_call *call, uint64_t ticket)
{
    struct sim_controller *c = arg;
    const struct dr_call_row *row = &dr_call_rows[call->kind];
    (void)ticket;
    if (!c->journal || !row->mutates || call->kind == DR_CALL_BEAT ||
        call->kind == DR_CALL_LEDGER_EPOCH || call->kind == DR_CALL_KILL)
        return;
    struct dr_arena *a = dr_arena_new(0);
    struct dr_journal_filter filter = {.after_id = c->seen_row};
    const struct dr_journal_entry *rows;
    size_t count = 0;
    struct dr_err err = {0};
    bool announced = false;
    if (dr_journal_read(c->journal, a, &filter, &rows, &count, &err) != 0)
        count = 0;
    for (size_t i = 0; i < count && !announced; i++) {
        announced = rows[i].kind == DR_JOURNAL_INTENT && rows[i].verb && rows[i].why &&
                    rows[i].precondition && strcmp(rows[i].verb, row->name) == 0;
        if (announced)
            c->seen_row = rows[i].id;
    }
    c->unannounced |= !announced;
    *c->intents += announced;
    dr_arena_free(a);
}

/* A history: r1 is followed by r2, and so on. */
static enum dr_truth descends(void *arg, const char *revision, const char *agreed)
{
    (void)arg;
    return strcmp(revision, agreed) >= 0 ? DR_TRUE : DR_FALSE;
}

bool sim_controller_start(struct sim_controller *c, struct sim_world *w,
                          const struct sim_start *how, struct dr_buf *why)
{
    struct dr_err err = {0};
    const struct dr_topology *t = how->topology ? how->topology : w->topology;
    memset(c, 0, sizeof(*c));
    c->world = w;
    c->hook = how->hook;
    c->answered = how->answered;
    c->hook_arg = how->hook_arg;
    snprintf(c->holder, sizeof(c->holder), "%s", how->holder);
    if (dr_access_open(&c->access, t, NULL, &err) != 0) {
        dr_buf_adds(why, err.text);
        return false;
    }
    struct dr_fault_options faults = {.script = how->script,
                                      .count = how->script_count,
                                      .before = before_exchange,
                                      .after = after_exchange,
                                      .stray = stray,
                                      .arg = c};
    if (how->journal && dr_journal_open(&c->journal, how->journal,
                                        dr_model_wall_ms(w->model), &err) != 0) {
        dr_buf_adds(why, err.text);
        return false;
    }
    c->intents = how->intents;
    dr_record_init(&c->calls, 0);
    c->calls.on_call = check_intent;
    c->calls.arg = c;
    c->carrier = dr_model_carrier(w->model, LATENCY_MS, "127.0.0.1");
    c->fault = dr_fault_carrier(c->carrier, &faults);
    c->wire = dr_wire_new(t, c->access, c->fault);
    c->recorded = dr_record_estate(&c->calls, c->wire);
    struct dr_actor_options o = {.topology = t,
                                 .access = c->access,
                                 .estate = c->recorded,
                                 .journal = c->journal,
                                 .holder = c->holder,
                                 .revision = how->revision ? how->revision : "r1",
                                 .lease_ms = SIM_LEASE_MS,
                                 .overtakes = true,
                                 .history = {.descends = descends},
                                 .take = how->take,
                                 .removed = how->removed,
                                 .wall_ms = wall_ms,
                                 .say = say,
                                 .arg = c};
    o.allowed[DR_RISK_SAFE] = o.allowed[DR_RISK_DISRUPTIVE] = true;
    o.approve_all = w->approved;
    c->actor = dr_actor_new(&o);
    return true;
}

void sim_controller_end(struct sim_controller *c)
{
    if (c->carrier)
        c->carrier->hang_up(c->carrier, NULL);
    if (c->actor)
        dr_actor_free(c->actor);
    if (c->recorded)
        c->recorded->free(c->recorded);
    if (c->wire)
        c->wire->free(c->wire);
    if (c->fault)
        c->fault->free(c->fault);
    if (c->carrier)
        c->carrier->free(c->carrier);
    dr_journal_close(c->journal);
    dr_access_free(c->access);
    dr_record_release(&c->calls);
    memset(c, 0, sizeof(*c));
}

bool sim_controller_round(struct sim_controller *c, struct dr_round *out)
{
    struct dr_err err = {0};
    c->rounds++;
    if (dr_actor_round(c->actor, out, &err) != 0 && c->world->log)
        dr_buf_addf(c->world->log, "round failed: %s\n", err.text);
    return !dr_fault_look(c->fault)->crashed;
}
