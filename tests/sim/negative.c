#include "tests/sim/negative.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/world.h"

enum { T = 7 }; /* a TSO of no backup */

static bool sql(struct sim_world *w, int c, const char *fmt, ...) DR_PRINTF(3, 4);
static bool sql(struct sim_world *w, int c, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return sim_world_sql(w, c, text);
}

static bool put_as(struct sim_world *w, int c, const char *key, const char *value,
                   uint64_t epoch, const char *holder)
{
    return sql(w, c,
               "REPLACE INTO mysql.drover_ledger (cluster_id, k, value, epoch, holder)"
               " VALUES (%" PRIu64 ", '%s', '%s', %" PRIu64 ", '%s')",
               sim_world_now(w)->c[c].pd_id, key, value, epoch, holder);
}

static bool put(struct sim_world *w, int c, const char *key, const char *value)
{
    return put_as(w, c, key, value, 1, "h1");
}

/* Ledgers with an epoch, births and terms: what a healthy beginning looks like. */
static bool begin(struct sim_world *w)
{
    struct dr_term_row term = {.n = 1, .cluster = "east", .operation = "genesis"};
    const char *names[] = {"east", "west"};
    uint64_t ids[] = {sim_world_now(w)->c[0].pd_id, sim_world_now(w)->c[1].pd_id};
    struct dr_birth_row birth = {.topology = "orders",
                                 .version = 1,
                                 .member_count = 2,
                                 .member_names = names,
                                 .member_ids = ids};
    bool ok = true;
    for (int c = 0; c < 2; c++) {
        ok &= sql(w, c,
                  "CREATE TABLE mysql.drover_ledger (cluster_id BIGINT UNSIGNED NOT NULL,"
                  " k VARCHAR(190) NOT NULL, value TEXT NOT NULL,"
                  " epoch BIGINT UNSIGNED NOT NULL, holder VARCHAR(64) NOT NULL,"
                  " PRIMARY KEY (cluster_id, k))");
        ok &= put(w, c, DR_KEY_EPOCH, "{}");
        ok &= put(w, c, DR_KEY_BIRTH, dr_birth_value(&birth, w->arena));
        ok &= put(w, c, DR_KEY_TERM, dr_term_value(&term, w->arena));
    }
    return ok;
}

static const char *edge(struct sim_world *w, uint64_t start_ts, enum dr_edge_state state)
{
    struct dr_edge_row e = {.generation = 1,
                            .id = "orders-east-to-west-g1",
                            .redo = "",
                            .account = "cdc",
                            .start_ts = start_ts,
                            .state = state};
    return dr_edge_value(&e, w->arena);
}

/* A changefeed made by hand in east's TiCDC; waits until its owner knows it. */
static bool feed(struct sim_world *w, const char *id)
{
    struct dr_address at = {"127.1.1.9", 8300};
    struct dr_arena *a = dr_arena_new(0);
    struct dr_http_answer out = {0};
    char *body = dr_sprintf(
        a, "{\"changefeed_id\":\"%s\",\"sink_uri\":\"mysql://root@127.1.1.4:4000/\"}",
        id);
    struct dr_model_request req = {.method = "POST",
                                   .target = "/api/v2/changefeeds",
                                   .body = body,
                                   .body_len = strlen(body)};
    uint64_t handle = 0;
    enum dr_model_done done = dr_model_http(w->model, &at, &req, &out, a, &handle);
    for (int i = 0; i < 200 && done == DR_MODEL_RUNNING; i++) {
        dr_model_advance(w->model, dr_model_now_ms(w->model) + 100);
        done = dr_model_http_poll(w->model, handle, &out, a);
    }
    bool ok = done == DR_MODEL_DONE && out.status == 200;
    if (!ok)
        printf("     feed: %d %.*s\n", out.status, (int)out.body_len,
               out.body ? out.body : "");
    dr_arena_free(a);
    return ok;
}

static bool plant_d1(struct sim_world *w)
{
    return feed(w, "one") && feed(w, "two");
}

static bool plant_d3(struct sim_world *w)
{
    return sql(w, SIM_A, "SET GLOBAL tidb_super_read_only = ON");
}

static bool plant_d4(struct sim_world *w)
{
    return put(w, SIM_A, "edge/east/west", edge(w, 0, DR_EDGE_PLANNED)) &&
           feed(w, "orders-east-to-west-g1");
}

static bool plant_d5_twin(struct sim_world *w)
{
    w->history.backups[0].tso = T;
    w->history.backups[1].tso = T + 1;
    w->history.backup_count = 2;
    return put(w, SIM_A, "edge/east/west", edge(w, T, DR_EDGE_MAKING)) &&
           put(w, SIM_B, "edge/east/west", edge(w, T + 1, DR_EDGE_MAKING));
}

static bool plant_d5_rounded(struct sim_world *w)
{
    uint64_t exact = 470609638468354051u;
    w->history.backups[0].tso = exact;
    w->history.backup_count = 1;
    return put(w, SIM_A, "edge/east/west",
               edge(w, (uint64_t)(double)exact, DR_EDGE_MAKING));
}

static bool plant_d6_no_row(struct sim_world *w)
{
    return sql(w, SIM_A, "SET GLOBAL tidb_gc_enable = OFF");
}

static bool plant_d6_life_time(struct sim_world *w)
{
    return sql(w, SIM_A, "SET GLOBAL tidb_gc_life_time = '24h0m0s'");
}

static bool plant_d6_early(struct sim_world *w)
{
    struct dr_hold_row hold = {.operation = "o"};
    struct dr_gc_row gc = {.before = {true, 600000}, .set = {false, 600000}};
    bool ok = put(w, SIM_A, "hold/bootstrap", dr_hold_value(&hold, w->arena)) &&
              put(w, SIM_A, "gc", dr_gc_value(&gc, w->arena)) &&
              sql(w, SIM_A, "SET GLOBAL tidb_gc_enable = OFF");
    sim_world_judge(w, "h1");
    return ok && !w->broken && sql(w, SIM_A, "SET GLOBAL tidb_gc_enable = ON");
}

static bool plant_d7(struct sim_world *w)
{
    struct sim_view late = *sim_world_now(w);
    late.c[SIM_A].gc_safe_point = T + 1;
    sim_history_request(&w->history, &late, SIM_A, "POST", "/api/v2/changefeeds",
                        "{\"start_ts\":7}");
    return true;
}

static bool plant_d11(struct sim_world *w)
{
    struct dr_fenced_row row = {.why = DR_FENCED_SECONDARY, .term = 1};
    bool ok = put(w, SIM_B, DR_KEY_FENCED, dr_fenced_value(&row, w->arena)) &&
              sql(w, SIM_B, "SET GLOBAL tidb_super_read_only = ON");
    dr_model_advance(w->model, dr_model_now_ms(w->model) + 2000);
    sim_world_judge(w, "h1");
    return ok && !w->broken && w->history.b_was_fenced &&
           sql(w, SIM_B, "SET GLOBAL tidb_super_read_only = OFF");
}

static bool plant_d12_other(struct sim_world *w)
{
    struct dr_term_row term = {.n = 1, .cluster = "west", .operation = "genesis"};
    return put(w, SIM_B, DR_KEY_TERM, dr_term_value(&term, w->arena));
}

static bool plant_d12_back(struct sim_world *w)
{
    struct dr_term_row high = {.n = 5, .cluster = "east", .operation = "x"};
    struct dr_term_row low = {.n = 4, .cluster = "east", .operation = "x"};
    bool ok = put(w, SIM_A, DR_KEY_TERM, dr_term_value(&high, w->arena));
    sim_world_judge(w, "h1");
    return ok && !w->broken && put(w, SIM_A, DR_KEY_TERM, dr_term_value(&low, w->arena));
}

/* A copy that runs for a while; to the judge RESTORE and BACKUP are one. */
static bool copy(struct sim_world *w, int c, const char *holder, const char *prefix)
{
    return sim_world_begin(
        w, c, holder,
        dr_sprintf(w->arena,
                   "BACKUP DATABASE * TO 's3://backup/%s?endpoint=http://"
                   "127.1.1.11:6060&access-key=key&secret-access-key=secret'",
                   prefix));
}

static bool plant_d13_no_row(struct sim_world *w)
{
    return copy(w, SIM_B, "h1", "x");
}

static bool plant_d13_primary(struct sim_world *w)
{
    sim_history_statement(&w->history, sim_world_now(w), SIM_A,
                          "RESTORE DATABASE * FROM 's3://backup/x'");
    return true;
}

static bool plant_d13_not_empty(struct sim_world *w)
{
    struct dr_copy_row row = {.generation = 0, .prefix = "p", .tso = T, .instance = "i"};
    bool ok = sql(w, SIM_B, "CREATE DATABASE mine") &&
              sql(w, SIM_B, "CREATE TABLE mine.rows1 (id INT PRIMARY KEY)") &&
              put(w, SIM_B, DR_KEY_RESTORING, dr_copy_value(&row, w->arena));
    sim_world_judge(w, "h1");
    sim_history_statement(&w->history, sim_world_now(w), SIM_B,
                          "RESTORE DATABASE * FROM 's3://backup/x'");
    return ok && !w->broken;
}

static bool plant_d13_drop(struct sim_world *w)
{
    sim_history_statement(&w->history, sim_world_now(w), SIM_B, "DROP TABLE `a`.`b`");
    return true;
}

static bool plant_d13b(struct sim_world *w)
{
    return sql(w, SIM_A, "DROP TABLE shop.stock");
}

static bool plant_c3(struct sim_world *w)
{
    struct dr_sink_row row = {.account = "cdc", .generation = 1};
    bool ok = put_as(w, SIM_B, DR_KEY_EPOCH, "{}", 2, "h2");
    sim_world_judge(w, "h2");
    return ok && !w->broken && put(w, SIM_B, DR_KEY_SINK, dr_sink_value(&row, w->arena));
}

static bool plant_c3b_back(struct sim_world *w)
{
    bool ok = put_as(w, SIM_B, DR_KEY_EPOCH, "{}", 3, "h3");
    sim_world_judge(w, "h3");
    return ok && !w->broken && put_as(w, SIM_B, DR_KEY_EPOCH, "{}", 2, "h2");
}

static bool plant_c3b_twice(struct sim_world *w)
{
    return put_as(w, SIM_B, DR_KEY_EPOCH, "{}", 1, "h2");
}

static bool plant_c3c(struct sim_world *w)
{
    bool ok = sql(w, SIM_B, "SET GLOBAL tidb_super_read_only = ON");
    sim_world_judge(w, "h9");
    return ok;
}

static bool by_the_relieved(struct sim_world *w, const char *text)
{
    bool ok = sql(w, SIM_B,
                  "UPDATE mysql.drover_ledger SET epoch = 2, holder = 'sim-2'"
                  " WHERE k = 'epoch'");
    sim_world_judge(w, NULL);
    ok = ok && !w->broken && sql(w, SIM_B, "%s", text);
    sim_world_judge(w, "sim-1");
    return ok;
}

static bool plant_c3d_account(struct sim_world *w)
{
    return by_the_relieved(w, "ALTER USER 'cdc'@'%' ACCOUNT UNLOCK");
}

static bool plant_c3d_ttl(struct sim_world *w)
{
    return by_the_relieved(w, "SET GLOBAL tidb_ttl_job_enable = OFF");
}

static bool plant_c3d_copy(struct sim_world *w)
{
    bool ok = sql(w, SIM_A,
                  "UPDATE mysql.drover_ledger SET epoch = 2, holder = 'sim-2'"
                  " WHERE k = 'epoch'");
    snprintf(w->history.acting, sizeof(w->history.acting), "sim-2");
    sim_world_judge(w, NULL);
    return ok && !w->broken && copy(w, SIM_A, "sim-1", "x");
}

static bool plant_c5b(struct sim_world *w)
{
    struct dr_sink_row row = {.account = "cdc", .generation = 1};
    return put(w, SIM_B, DR_KEY_SINK, dr_sink_value(&row, w->arena));
}

static bool plant_d14(struct sim_world *w)
{
    w->history.adopts = true;
    sim_history_request(&w->history, sim_world_now(w), SIM_A, "POST",
                        "/api/v2/changefeeds/by-hand/pause", "");
    return true;
}

static bool plant_d14_account(struct sim_world *w)
{
    w->history.adopts = true;
    return sql(w, SIM_B, "ALTER USER 'cdc'@'%%' ACCOUNT UNLOCK");
}

static bool plant_c3d_table(struct sim_world *w)
{
    return sql(w, SIM_B, "CREATE DATABASE drover") &&
           by_the_relieved(w, "CREATE TABLE drover.heartbeat (origin VARCHAR(63) PRIMARY "
                              "KEY, tso BIGINT UNSIGNED NOT NULL)");
}

static bool plant_c5c(struct sim_world *w)
{
    struct dr_copy_row row = {.generation = 1, .prefix = "p", .tso = T, .instance = "i"};
    struct dr_gc_row gc = {.present = true, .set.life_time_ms = 600000};
    gc.before = (struct dr_gc_setting){.enable = true, .life_time_ms = 600000};
    return put(w, SIM_A, DR_KEY_GC, dr_gc_value(&gc, w->arena)) &&
           put(w, SIM_A, DR_KEY_BACKUP, dr_copy_value(&row, w->arena));
}

static bool plant_c6(struct sim_world *w)
{
    return copy(w, SIM_A, "h1", "x") && copy(w, SIM_A, "h1", "y");
}

static bool word(struct sim_world *w, const char *digest)
{
    const char *step = "120/east";
    struct dr_approval_row row = {.digest = digest,
                                  .by = "me",
                                  .until = INT64_MAX,
                                  .declaration = "d",
                                  .taken = true,
                                  .step_count = 1,
                                  .steps = &step};
    return put(w, SIM_A, DR_KEY_APPROVAL, dr_approval_value(&row, w->arena));
}

static bool plant_c14_without(struct sim_world *w)
{
    w->history.needs_word = true;
    sim_history_statement(&w->history, sim_world_now(w), SIM_B,
                          "SET GLOBAL tidb_super_read_only = ON");
    return true;
}

static bool plant_c14_unnoted(struct sim_world *w)
{
    return word(w, "aa");
}

static bool plant_c14_again(struct sim_world *w)
{
    struct dr_consumed_row used = {.word = DR_WORD_APPROVAL};
    if (!put(w, SIM_A, "consumed/aa", dr_consumed_value(&used, w->arena)))
        return false;
    sim_world_judge(w, NULL);
    return !w->broken && word(w, "aa");
}

static bool plant_c4(struct sim_world *w)
{
    return put(w, SIM_A, DR_KEY_SINK, "{\"account\":1}");
}

static bool plant_c5(struct sim_world *w)
{
    return sql(w, SIM_B, "DELETE FROM mysql.drover_ledger WHERE k = 'birth'") &&
           put(w, SIM_A, "edge/east/west", edge(w, 0, DR_EDGE_PLANNED));
}

static bool lease(struct sim_world *w, bool opened)
{
    struct dr_last_seen seen = {.checkpoint = 7, .generation = 1, .opened = opened};
    return put(w, SIM_B, DR_KEY_LEASE, dr_lease_value(9, &seen, w->arena));
}

static bool plant_c15_invented(struct sim_world *w)
{
    return lease(w, true);
}

static bool plant_c15_forgotten(struct sim_world *w)
{
    w->history.fence_was_a_humans = true;
    bool ok = lease(w, true);
    sim_world_judge(w, "h1");
    return ok && !w->broken && lease(w, false);
}

static const struct {
    const char *id, *what;
    bool (*plant)(struct sim_world *w);
} plants[] = {
    // clang-format off
    {"D1",   "two feeds into B",                              plant_d1},
    {"D3",   "the primary is fenced",                         plant_d3},
    {"D4",   "a feed that starts at no backup's TSO",         plant_d4},
    {"D5",   "the ends know different start-ts",              plant_d5_twin},
    {"D5",   "a start-ts that went through a double",         plant_d5_rounded},
    {"D6",   "GC off without a row",                          plant_d6_no_row},
    {"D6",   "GC's life time raised without a row",           plant_d6_life_time},
    {"D6",   "GC given back before a feed runs",              plant_d6_early},
    {"D7",   "a feed made below the safe point",              plant_d7},
    {"D11",  "B is opened",                                   plant_d11},
    {"D12",  "the same term of two clusters",                 plant_d12_other},
    {"D12",  "a term that goes back",                         plant_d12_back},
    {"D13",  "RESTORE without a row",                         plant_d13_no_row},
    {"D13",  "RESTORE into the primary",                      plant_d13_primary},
    {"D13",  "RESTORE over tables",                           plant_d13_not_empty},
    {"D13",  "DROP without a right",                          plant_d13_drop},
    {"D13b", "the primary loses a table",                     plant_d13b},
    {"D14",  "an adopted feed is paused",                     plant_d14},
    {"D14",  "the account of an adopted feed is changed",     plant_d14_account},
    {"C3",   "a row by an old epoch",                         plant_c3},
    {"C3b",  "an epoch that goes back",                       plant_c3b_back},
    {"C3b",  "an epoch of two holders",                       plant_c3b_twice},
    {"C3c",  "a setting changed by a stranger",               plant_c3c},
    {"C3d",  "the sink account unlocked by the relieved",     plant_c3d_account},
    {"C3d",  "TTL jobs switched by the relieved",             plant_c3d_ttl},
    {"C3d",  "the heartbeat made by the relieved",            plant_c3d_table},
    {"C3d",  "a copy begun by the relieved",                  plant_c3d_copy},
    {"C4",   "a row nobody can read",                         plant_c4},
    {"C5",   "an edge before the births",                     plant_c5},
    {"C5b",  "the sink row while B is open",                  plant_c5b},
    {"C15",  "B was opened, says a lease, and it was not",    plant_c15_invented},
    {"C15",  "a lease forgets that B was opened",             plant_c15_forgotten},
    {"C14",  "a fence without a word",                        plant_c14_without},
    {"C14",  "a word in use that nothing calls used",         plant_c14_unnoted},
    {"C14",  "a word used twice",                             plant_c14_again},
    {"C5c",  "a backup row while GC goes on",                 plant_c5c},
    {"C6",   "two copies at once",                            plant_c6},
    // clang-format on
};

/* Out: NULL, or why the violation was not found. */
static const char *try_one(size_t i, struct dr_buf *text)
{
    static const struct sim_setting plain = {.name = NULL};
    struct sim_world w;
    const char *why = NULL;
    if (!sim_world_open(&w, &plain, 1, text))
        why = dr_buf_str(text);
    w.writes = false;
    if (!why && !begin(&w))
        why = "the ledgers could not be made";
    if (!why)
        sim_world_judge(&w, NULL);
    if (!why && w.broken) {
        dr_buf_addf(text, "the healthy world is broken: %s %s", w.broken->id,
                    dr_buf_str(&w.wrong));
        why = dr_buf_str(text);
    }
    if (!why && !plants[i].plant(&w))
        why = "could not be planted";
    if (!why)
        sim_world_judge(&w, w.broken ? NULL : "h1");
    if (!why && !w.broken)
        why = "was not found";
    if (!why && strcmp(w.broken->id, plants[i].id) != 0) {
        dr_buf_addf(text, "was taken for %s: %s", w.broken->id, dr_buf_str(&w.wrong));
        why = dr_buf_str(text);
    }
    sim_world_close(&w);
    return why;
}

void sim_negative(uint64_t *passed, uint64_t *failed)
{
    for (const struct sim_check *c = sim_checks; c->id; c++) {
        bool covered = false;
        for (size_t i = 0; i < sizeof(plants) / sizeof(plants[0]); i++)
            covered |= strcmp(plants[i].id, c->id) == 0;
        if (covered)
            continue;
        printf("FAIL no violation is planted for checker %s\n", c->id);
        ++*failed;
    }
    for (size_t i = 0; i < sizeof(plants) / sizeof(plants[0]); i++) {
        struct dr_buf text;
        dr_buf_init(&text, 4096);
        const char *why = try_one(i, &text);
        *passed += why == NULL;
        *failed += why != NULL;
        if (why)
            printf("FAIL planted %s, %s: %s\n", plants[i].id, plants[i].what, why);
        dr_buf_release(&text);
    }
}
