#include "tests/unit/model_kit.h"

#include "controller/base/json.h"

#define AT(h, p)                                                                         \
    {                                                                                    \
        .text = h, .host = h, .port = p                                                  \
    }

static const struct dr_sim_instance east_sql[] = {
    {AT("127.0.1.4", 4000), AT("127.0.1.4", 10080)},
    {AT("127.0.1.5", 4000), AT("127.0.1.5", 10080)},
};
static const struct dr_sim_instance west_sql[] = {
    {AT("127.1.1.4", 4000), AT("127.1.1.4", 10080)}};
static const struct dr_hostport east_pd[] = {AT("127.0.1.1", 2379)};
static const struct dr_hostport west_pd[] = {AT("127.1.1.1", 2379)};
static const struct dr_hostport east_cdc[] = {AT("127.1.1.9", 8300)};
static const struct dr_hostport west_cdc[] = {AT("127.0.1.11", 8300)};
static const char *const buckets[] = {"backup", "redo"};
static const char *const app_grants[] = {"SELECT, INSERT, UPDATE, DELETE ON shop.*"};
static const char *const drover_grants[] = {
    "SUPER, PROCESS, CONFIG, REPLICATION CLIENT, SELECT, CREATE USER ON *.*",
    ("BACKUP_ADMIN, RESTORE_ADMIN, SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN, "
     "RESTRICTED_REPLICA_WRITER_ADMIN ON *.*"),
    "ALTER, DROP, CREATE, INSERT, UPDATE, DELETE, INDEX ON *.*"};
static const struct dr_sim_account accounts[] = {
    {.user = "app",
     .host = "%",
     .password = "app",
     .grants = app_grants,
     .grant_count = 1},
    {.user = "drover",
     .host = "%",
     .password = "drover",
     .grants = drover_grants,
     .grant_count = 3},
    {.user = "nobody", .host = "%", .password = "nobody"},
    {.user = "locked", .host = "%", .password = "locked", .locked = true},
};
static const char *const east_script[] = {
    "CREATE DATABASE shop",
    "CREATE TABLE shop.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, item VARCHAR(64) "
    "NOT "
    "NULL, n INT DEFAULT 1)",
};
static const struct dr_sim_cluster clusters[] = {
    {.name = "east",
     .region = "region-1",
     .version = {"v8.5.4", 8, 5, 4},
     .pd_cluster_id = 7710483965907816952,
     .sql = east_sql,
     .sql_count = 2,
     .pd = east_pd,
     .pd_count = 1,
     .ticdc = {.declared = true,
               .version = {"v8.5.4", 8, 5, 4},
               .cluster_id = "default",
               .gc_ttl_ms = 86400000,
               .captures = east_cdc,
               .capture_count = 1},
     .accounts = accounts,
     .account_count = 4,
     .script = east_script,
     .script_count = 2},
    {.name = "west",
     .region = "region-2",
     .version = {"v8.5.4", 8, 5, 4},
     .pd_cluster_id = 7710483965907816999,
     .sql = west_sql,
     .sql_count = 1,
     .pd = west_pd,
     .pd_count = 1,
     .ticdc = {.declared = true,
               .version = {"v8.5.4", 8, 5, 4},
               .cluster_id = "default",
               .gc_ttl_ms = 86400000,
               .captures = west_cdc,
               .capture_count = 1},
     .accounts = accounts,
     .account_count = 4},
};
static const struct dr_sim_storage storage[] = {{.name = "store",
                                                 .region = "region-2",
                                                 .address = AT("127.1.1.11", 6060),
                                                 .buckets = buckets,
                                                 .bucket_count = 2,
                                                 .access_key = "ak",
                                                 .secret_key = "sk",
                                                 .signing_region = "us-east-1"}};
const struct dr_estate_doc lab_doc = {
    .seed = 1,
    .clusters = clusters,
    .cluster_count = 2,
    .storage = storage,
    .storage_count = 1,
    .durations = {.backup_ms = 20000,
                  .restore_ms = 20000,
                  .owner_change_ms = 10000,
                  .propagation_ms = 400,
                  .safepoint_interval_ms = 60000,
                  .feed_apply_ms = 200,
                  .checkpoint_tick_ms = 1000},
};

static void open_doc(struct lab *k, const struct dr_estate_doc *doc)
{
    struct dr_err err = {0};
    *k = (struct lab){.a = dr_arena_new(0)};
    dr_json_init();
    cr_assert_eq(dr_model_new(&k->m, doc, 7, 1795248000000, &err), 0, "%s", err.text);
}

void lab_open(struct lab *k)
{
    open_doc(k, &lab_doc);
}

void lab_open_version(struct lab *k, const char *text, uint32_t major, uint32_t minor,
                      uint32_t patch)
{
    static struct dr_sim_cluster two[2];
    static struct dr_estate_doc doc;
    memcpy(two, clusters, sizeof(two));
    for (int i = 0; i < 2; i++)
        two[i].version = two[i].ticdc.version =
            (struct dr_version){text, major, minor, patch};
    doc = lab_doc;
    doc.clusters = two;
    open_doc(k, &doc);
}

void lab_close(struct lab *k)
{
    dr_model_free(k->m);
    dr_arena_free(k->a);
}

struct dr_model_session *lab_login(struct lab *k, const char *at, const char *user)
{
    struct dr_model_session *s;
    struct dr_address address;
    cr_assert(dr_address_parse(&address, at, 4000));
    dr_model_sql_connect(k->m, &address, "127.0.0.1", user,
                         strcmp(user, "root") == 0 ? "" : user, NULL, &s, &k->out, k->a);
    return s;
}

int lab_run(struct lab *k, struct dr_model_session *s, const char *text)
{
    int64_t until = dr_model_now_ms(k->m) + 3600000;
    enum dr_model_done done = dr_model_sql_query(s, text, strlen(text), &k->out, k->a);
    while (done == DR_MODEL_RUNNING && dr_model_now_ms(k->m) < until) {
        int64_t next = dr_model_next_ms(k->m);
        dr_model_advance(k->m, next < until ? next : until);
        done = dr_model_sql_poll(s, &k->out, k->a);
    }
    cr_assert_eq(done, DR_MODEL_DONE, "'%s' never ends", text);
    return k->out.error;
}

void lab_ok(struct lab *k, struct dr_model_session *s, const char *text)
{
    int error = lab_run(k, s, text);
    cr_assert_eq(error, 0, "'%s': %d %s", text, error, k->out.message);
}

const char *lab_cell(struct lab *k, struct dr_model_session *s, const char *text)
{
    lab_ok(k, s, text);
    if (!k->out.row_count)
        return "";
    return k->out.cells[0].text ? k->out.cells[0].text : "NULL";
}

const char *lab_rows(struct lab *k, struct dr_model_session *s, const char *text)
{
    struct dr_buf b;
    dr_buf_init(&b, 1 << 20);
    lab_ok(k, s, text);
    for (size_t i = 0; i < k->out.row_count * k->out.column_count; i++) {
        const char *v = k->out.cells[i].text;
        dr_buf_adds(&b, !i ? "" : i % k->out.column_count ? "," : ";");
        dr_buf_adds(&b, v ? v : "NULL");
    }
    const char *out = dr_strdup(k->a, dr_buf_str(&b));
    dr_buf_release(&b);
    return out;
}

void lab_ctl(struct lab *k, const char *json)
{
    struct dr_err err = {0};
    json_t *command = NULL, *reply = NULL;
    cr_assert_eq(dr_json_parse(&command, json, strlen(json), &err), 0, "%s", err.text);
    cr_assert_eq(dr_model_ctl(k->m, command, &reply, &err), 0, "%s", err.text);
    json_decref(reply);
    json_decref(command);
}
