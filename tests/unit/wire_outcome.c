/* Every mutation: the exact statements and requests it consists of, and what its reply
 * says when exchange N is not sent, or is lost. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/wire.h"

#define PUT                                                                              \
    " ON DUPLICATE KEY UPDATE value = VALUES(value), epoch = VALUES(epoch), holder = "   \
    "VALUES(holder)"
#define INSERT                                                                           \
    "INSERT INTO mysql.drover_ledger (cluster_id, k, value, epoch, holder) VALUES "
#define EAST                                                                             \
    {                                                                                    \
        .cluster = 0, .instance = "127.0.1.4:4000"                                       \
    }

/* marks: one per exchange: '.' mutates nothing, 'M' mutates, 'm' mutates, but once it was
 * answered it does not count for the outcome; 'u' undoes, when all is settled. */
struct mutation {
    const char *name, *marks;
    struct dr_call call;
    struct wire_line lines[12];
};

static const struct dr_row_write rows[] = {
    {"edge/east/west", "{\"a\":\"it's\\\\\"}", DR_ROW_EQUALS, "{\"old\":1}"},
    {"sink", NULL, DR_ROW_ANY, NULL},
    {"gc", "{}", DR_ROW_ABSENT, NULL},
};
static const uint64_t ids[] = {18446744073709551615u, 5};

#define COPY_ROW(key, t)                                                                 \
    INSERT "(71, '" key "', '{\"connectionId\":\"4711\",\"generation\":2,\"instance\":"  \
           "\"127.0.1.4:4000\",\"prefix\":\"g2\",\"tso\":\"" t "\"}', 3, 'h-1')" PUT
#define SINKS "SELECT ID FROM information_schema.cluster_processlist WHERE USER = 'cdc'"
#define STORE_URI                                                                        \
    "'s3://backup/orders/g2?endpoint=http://127.1.1.11:6060&force-path-style=true"       \
    "&access-key=AKIAWIRE&secret-access-key=secret%2Bkey%2F1'"
#define DERIVED                                                                          \
    "RjlfgJrqgcI8NVk3B9QvGlRZiuskUhQ8r9IB8FWCKIA" /* HMAC of orders/east/west/2 */

static const struct mutation mutations[] = {
    {"create",
     ".Mu",
     {.kind = DR_CALL_LEDGER_CREATE, .at = EAST},
     {{"SET SESSION tidb_cdc_write_source = 1", NULL},
      {"CREATE TABLE IF NOT EXISTS mysql.drover_ledger (cluster_id BIGINT UNSIGNED NOT "
       "NULL, k VARCHAR(190) NOT NULL, value TEXT NOT NULL, epoch BIGINT UNSIGNED NOT "
       "NULL, holder VARCHAR(64) NOT NULL, at TIMESTAMP(3) NOT NULL DEFAULT "
       "CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), PRIMARY KEY (cluster_id, "
       "k))",
       NULL},
      {"SET SESSION tidb_cdc_write_source = 0", NULL}}},
    {"create, an old version",
     ".M",
     {.kind = DR_CALL_LEDGER_CREATE, .at = EAST},
     {{"SET SESSION tidb_cdc_write_source = 1", "!1193 Unknown system variable"},
      {"CREATE TABLE IF NOT EXISTS mysql.drover_ledger (cluster_id BIGINT UNSIGNED NOT "
       "NULL, k VARCHAR(190) NOT NULL, value TEXT NOT NULL, epoch BIGINT UNSIGNED NOT "
       "NULL, holder VARCHAR(64) NOT NULL, at TIMESTAMP(3) NOT NULL DEFAULT "
       "CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), PRIMARY KEY (cluster_id, "
       "k))",
       NULL}}},
    {"first epoch",
     "...M",
     {.kind = DR_CALL_LEDGER_EPOCH,
      .at = EAST,
      .as = {.cluster_id = 71},
      .args.epoch = {.epoch = 1, .holder = "h-1"}},
     {{"BEGIN PESSIMISTIC", NULL},
      {EPOCH " FOR UPDATE", "epoch|holder"},
      {INSERT "(71, 'epoch', '{}', 1, 'h-1')", "#1"},
      {"COMMIT", NULL}}},
    {"raised epoch",
     "...M",
     {.kind = DR_CALL_LEDGER_EPOCH,
      .at = EAST,
      .as = {.cluster_id = 71},
      .args.epoch =
          {.expect_epoch = 3, .expect_holder = "h-1", .epoch = 4, .holder = "h-2"}},
     {{"BEGIN PESSIMISTIC", NULL},
      {EPOCH " FOR UPDATE", OURS},
      {"UPDATE mysql.drover_ledger SET epoch = 4, holder = 'h-2' WHERE cluster_id = 71 "
       "AND "
       "k = 'epoch' AND epoch = 3 AND holder = 'h-1'",
       "#1"},
      {"COMMIT", NULL}}},
    {"raised epoch, with the first lease",
     ".....M",
     {.kind = DR_CALL_LEDGER_EPOCH,
      .at = EAST,
      .as = {.cluster_id = 71, .epoch = 4, .holder = "h-2"},
      .args.epoch = {.expect_epoch = 3,
                     .expect_holder = "h-1",
                     .epoch = 4,
                     .holder = "h-2",
                     .tso = 1 << 18,
                     .lease_ms = 9,
                     .seen = {.checkpoint = 9, .generation = 2}}},
     {{"BEGIN PESSIMISTIC", NULL},
      {EPOCH " FOR UPDATE", OURS},
      {"UPDATE mysql.drover_ledger SET epoch = 4, holder = 'h-2' WHERE cluster_id = 71 "
       "AND k = 'epoch' AND epoch = 3 AND holder = 'h-1'",
       "#1"},
      {"SELECT value FROM mysql.drover_ledger WHERE cluster_id = 71 AND k = 'lease' FOR "
       "UPDATE",
       "value\n{\"checkpoint\":\"7\",\"generation\":2,\"opened\":true,\"until\":\"1\"}"},
      {INSERT "(71, 'lease', '{\"checkpoint\":\"9\",\"generation\":2,\"opened\":true,"
              "\"until\":\"2621440\"}', 4, 'h-2')" PUT,
       "#1"},
      {"COMMIT", NULL}}},
    {"write",
     ".....M",
     {.kind = DR_CALL_LEDGER_WRITE,
      .at = EAST,
      .as = US,
      .args.write = {.count = 3, .rows = rows}},
     {{"BEGIN PESSIMISTIC", NULL},
      {EPOCH " FOR UPDATE", OURS},
      {"SELECT k, value FROM mysql.drover_ledger WHERE cluster_id = 71 AND k IN "
       "('edge/east/west', 'gc') FOR UPDATE",
       "k|value\nedge/east/west|{\"old\":1}"},
      {INSERT
       "(71, 'edge/east/west', '{\"a\":\"it\\'s\\\\\\\\\"}', 3, 'h-1'), (71, 'gc', "
       "'{}', 3, 'h-1')" PUT,
       "#2"},
      {"DELETE FROM mysql.drover_ledger WHERE cluster_id = 71 AND k IN ('sink')", "#1"},
      {"COMMIT", NULL}}},
    {"beat",
     "M",
     {.kind = DR_CALL_BEAT,
      .at = EAST,
      .as = US,
      .args.beat = {.tso = 1000, .lease_ms = 10, .origin = "east"}},
     {{"UPDATE mysql.drover_ledger e, mysql.drover_ledger l, drover.heartbeat h SET "
       "l.value = '{\"until\":\"2622440\"}', l.epoch = 3, l.holder = 'h-1', h.tso = 1000 "
       "WHERE e.cluster_id = 71 AND e.k = 'epoch' AND e.epoch = 3 AND e.holder = 'h-1' "
       "AND "
       "l.cluster_id = 71 AND l.k = 'lease' AND h.origin = 'east'",
       "#2"}}},
    {"first beat",
     "m....M",
     {.kind = DR_CALL_BEAT,
      .at = EAST,
      .as = US,
      .args.beat = {.tso = 1000, .origin = "east"}},
     {{"UPDATE mysql.drover_ledger e, mysql.drover_ledger l, drover.heartbeat h SET "
       "l.value = '{\"until\":\"0\"}', l.epoch = 3, l.holder = 'h-1', h.tso = 1000 WHERE "
       "e.cluster_id = 71 AND e.k = 'epoch' AND e.epoch = 3 AND e.holder = 'h-1' AND "
       "l.cluster_id = 71 AND l.k = 'lease' AND h.origin = 'east'",
       "#0"},
      {"BEGIN PESSIMISTIC", NULL},
      {EPOCH " FOR UPDATE", OURS},
      {INSERT "(71, 'lease', '{\"until\":\"0\"}', 3, 'h-1')" PUT, "#1"},
      {"INSERT INTO drover.heartbeat (origin, tso) VALUES ('east', 1000) ON DUPLICATE "
       "KEY "
       "UPDATE tso = VALUES(tso)",
       "#1"},
      {"COMMIT", NULL}}},
    {"beat table",
     ".MM",
     {.kind = DR_CALL_BEAT_TABLE, .at = EAST, .as = US},
     {{EPOCH, OURS},
      {"CREATE DATABASE IF NOT EXISTS drover", NULL},
      {"CREATE TABLE IF NOT EXISTS drover.heartbeat (origin VARCHAR(63) NOT NULL, tso "
       "BIGINT UNSIGNED NOT NULL, PRIMARY KEY (origin))",
       NULL}}},
    {"kill",
     "MM",
     {.kind = DR_CALL_KILL, .at = EAST, .args.kill = {.count = 2, .ids = ids}},
     {{"KILL TIDB CONNECTION 18446744073709551615", "!1094 Unknown thread id"},
      {"KILL TIDB CONNECTION 5", NULL}}},
    {"set",
     ".M.",
     {.kind = DR_CALL_SET_GLOBAL,
      .at = EAST,
      .as = US,
      .args.set = {.name = "tidb_gc_life_time", .value = "'72h'"}},
     {{EPOCH, OURS},
      {"SET GLOBAL tidb_gc_life_time = '72h'", NULL},
      {"SELECT @@global.tidb_gc_life_time AS value", "value\n72h0m0s"}}},
    {"backup",
     "......mM",
     {.kind = DR_CALL_BACKUP,
      .at = EAST,
      .as = US,
      .args.copy = {.prefix = "g2", .generation = 2}},
     {{EPOCH, OURS},
      {"BEGIN PESSIMISTIC", NULL},
      {"SELECT @@tidb_current_ts AS tso", "tso\n4700"},
      {EPOCH " FOR UPDATE", OURS},
      {"SELECT value FROM mysql.drover_ledger WHERE cluster_id = 71 AND k = 'backup' FOR "
       "UPDATE",
       "value\n{\"generation\":1,\"prefix\":\"g1\",\"tso\":\"12\"}"},
      {COPY_ROW("backup", "4700"), "#1"},
      {"COMMIT", NULL},
      {"BACKUP DATABASE * TO " STORE_URI
       " SNAPSHOT = 4700 RATE_LIMIT = 128 MB/SECOND CHECKSUM = TRUE",
       "Destination|Size|BackupTS\ns3://backup/orders/g2|1|4700"}}},
    {"restore",
     ".....mM",
     {.kind = DR_CALL_RESTORE,
      .at = EAST,
      .as = US,
      .args.copy = {.prefix = "g2", .generation = 2, .tso = 4700}},
     {{EPOCH, OURS},
      {"BEGIN PESSIMISTIC", NULL},
      {EPOCH " FOR UPDATE", OURS},
      {"SELECT value FROM mysql.drover_ledger WHERE cluster_id = 71 AND k = 'restoring' "
       "FOR "
       "UPDATE",
       "value"},
      {COPY_ROW("restoring", "4700"), "#1"},
      {"COMMIT", NULL},
      {"RESTORE DATABASE * FROM " STORE_URI
       " RATE_LIMIT = 128 MB/SECOND CHECKSUM = TRUE WITH_SYS_TABLE = FALSE",
       "Destination|Size\ns3://backup/orders/g2|1"}}},
    {"drop schema",
     ".M",
     {.kind = DR_CALL_DROP_SCHEMA, .at = EAST, .as = US, .args.drop = {.schema = "a`b"}},
     {{EPOCH, OURS}, {"DROP DATABASE IF EXISTS `a``b`", NULL}}},
    {"drop table",
     ".M",
     {.kind = DR_CALL_DROP_TABLE,
      .at = EAST,
      .as = US,
      .args.drop = {.schema = "a", .table = "t"}},
     {{EPOCH, OURS}, {"DROP TABLE IF EXISTS `a`.`t`", NULL}}},
    {"unlock the sink",
     "..MM.MM",
     {.kind = DR_CALL_SINK_ACCOUNT,
      .at = {.cluster = 1, .instance = "127.1.1.5:4000"},
      .as = US,
      .args.sink = {.generation = 2, .from = "east"}},
     {{EPOCH, OURS},
      {"SELECT host FROM mysql.user WHERE user = 'cdc' ORDER BY host", "host\n%\n10.%"},
      {"ALTER USER 'cdc'@'%' IDENTIFIED BY '" DERIVED "' ACCOUNT UNLOCK", NULL},
      {"ALTER USER 'cdc'@'10.%' IDENTIFIED BY '" DERIVED "' ACCOUNT UNLOCK", NULL},
      {SINKS, "ID\n18446744073709551615\n5"},
      {"KILL TIDB CONNECTION 18446744073709551615", "!1094 Unknown thread id"},
      {"KILL TIDB CONNECTION 5", NULL}}},
    {"lock the sink",
     "..M.",
     {.kind = DR_CALL_SINK_ACCOUNT,
      .at = {.cluster = 1, .instance = "127.1.1.5:4000"},
      .as = US,
      .args.sink = {.generation = 2, .from = "east", .lock = true}},
     {{EPOCH, OURS},
      {"SELECT host FROM mysql.user WHERE user = 'cdc' ORDER BY host", "host\n%"},
      {"ALTER USER 'cdc'@'%' ACCOUNT LOCK", NULL},
      {SINKS, "ID"}}},
    {"create a feed",
     ".M",
     {.kind = DR_CALL_FEED_CREATE,
      .as = US,
      .args.feed = {.id = "f-1",
                    .to = 1,
                    .generation = 1,
                    .start_ts = 460000000000000001,
                    .redo = "r1"}},
     {{EPOCH, OURS},
      {"POST /api/v2/changefeeds\n"
       "{\"changefeed_id\":\"f-1\",\"replica_config\":{\"bdr_mode\":false,\"case_"
       "sensitive\":false,\"check_gc_safe_point\":true,\"consistent\":{\"flush_"
       "interval\":2000,\"level\":\"eventual\",\"max_log_size\":64,\"storage\":\"s3://"
       "redo/"
       "orders/r1?endpoint=x&access-key=AKIAWIRE&secret-access-key=secret%2Bkey%2F1\"},"
       "\"enable_sync_point\":false,\"filter\":{\"rules\":[\"*.*\",\"!drover_probe.*\"]},"
       "\"force_replicate\":false,\"ignore_ineligible_table\":false,\"mounter\":{"
       "\"worker_"
       "num\":8}},\"sink_uri\":\"mysql://"
       "cdc:vN281Pac8Pa-ngpG-tC8Hby9_LBr0dyn2hS1DkMPdNM@127.1.1.4:4000/"
       "?worker-count=16\",\"start_ts\":460000000000000001}",
       "200 {}"}}},
    {"pause a feed",
     "..M",
     {.kind = DR_CALL_FEED_PAUSE,
      .as = US,
      .args.feed = {.id = "f-1", .to = 1, .generation = 1}},
     {{"GET /api/v2/changefeeds/f-1", "200 {\"state\":\"normal\"}"},
      {EPOCH, OURS},
      {"POST /api/v2/changefeeds/f-1/pause", NULL}}},
    {"update a feed",
     "..M",
     {.kind = DR_CALL_FEED_UPDATE,
      .as = US,
      .args.feed = {.id = "f-1", .to = 1, .generation = 1, .redo = "r1"}},
     {{"GET /api/v2/changefeeds/f-1",
       "200 {\"state\":\"stopped\",\"sink_uri\":\"mysql://cdc:xxxxx@127.1.1.4:4000/"
       "?worker-count=16\",\"config\":{\"mounter\":{\"worker_num\":4}}}"},
      {EPOCH, OURS},
      {"PUT /api/v2/changefeeds/f-1\n"
       "{\"replica_config\":{\"bdr_mode\":false,\"case_sensitive\":false,"
       "\"check_gc_safe_point\":true,\"consistent\":{\"compression\":\"none\","
       "\"encoding_worker_num\":16,\"flush_interval\":2000,\"flush_worker_num\":8,"
       "\"level\":\"eventual\",\"max_log_size\":64,\"memory_usage\":{\"memory_quota_"
       "percentage\":50},\"meta_flush_interval\":200,\"storage\":\"s3://redo/"
       "orders/r1?endpoint=x&access-key=AKIAWIRE&secret-access-key=secret%2Bkey%2F1\"},"
       "\"enable_sync_point\":false,\"filter\":{\"rules\":[\"*.*\",\"!drover_probe.*\"]},"
       "\"force_replicate\":false,\"ignore_ineligible_table\":false,\"mounter\":{"
       "\"worker_num\":8}}}",
       NULL}}},
    {"update a feed that leads elsewhere",
     "..M",
     {.kind = DR_CALL_FEED_UPDATE,
      .as = US,
      .args.feed = {.id = "f-1", .to = 1, .generation = 1, .redo = ""}},
     {{"GET /api/v2/changefeeds/f-1",
       "200 {\"state\":\"failed\",\"sink_uri\":\"mysql://cdc:xxxxx@127.1.1.9:4000/"
       "?worker-count=16\",\"config\":{\"mounter\":{\"worker_num\":8}}}"},
      {EPOCH, OURS},
      {"PUT /api/v2/changefeeds/f-1\n"
       "{\"replica_config\":{\"bdr_mode\":false,\"case_sensitive\":false,"
       "\"check_gc_safe_point\":true,\"consistent\":{\"compression\":\"none\","
       "\"encoding_worker_num\":16,\"flush_interval\":2000,\"flush_worker_num\":8,"
       "\"level\":\"none\",\"max_log_size\":64,\"memory_usage\":{\"memory_quota_"
       "percentage\":50},\"meta_flush_interval\":200},"
       "\"enable_sync_point\":false,\"filter\":{\"rules\":[\"*.*\",\"!drover_probe.*\"]},"
       "\"force_replicate\":false,\"ignore_ineligible_table\":false,\"mounter\":{"
       "\"worker_num\":8}},\"sink_uri\":\"mysql://"
       "cdc:vN281Pac8Pa-ngpG-tC8Hby9_LBr0dyn2hS1DkMPdNM@127.1.1.4:4000/"
       "?worker-count=16\"}",
       NULL}}},
    {"resume a feed",
     "..M",
     {.kind = DR_CALL_FEED_RESUME,
      .as = US,
      .args.feed = {.id = "f-1", .to = 1, .generation = 1}},
     {{"GET /api/v2/changefeeds/f-1", "200 {\"state\":\"stopped\"}"},
      {EPOCH, OURS},
      {"POST /api/v2/changefeeds/f-1/resume\n{\"overwrite_checkpoint_ts\":0}", NULL}}},
    {"delete a feed",
     ".M",
     {.kind = DR_CALL_FEED_DELETE,
      .as = US,
      .args.feed = {.id = "f-1", .to = 1, .generation = 1}},
     {{EPOCH, OURS}, {"DELETE /api/v2/changefeeds/f-1", NULL}}},
};

static enum dr_outcome expected(const char *marks, size_t at, bool lost)
{
    for (size_t i = 0; i < at; i++)
        if (marks[i] == 'M')
            return DR_UNKNOWN;
    return lost && marks[at] != '.' ? DR_UNKNOWN : DR_REFUSED;
}

static void check_fault(const struct mutation *m, size_t at, enum wire_fault fault)
{
    struct wire_talk talk = {.lines = m->lines, .fault = fault, .fault_at = at};
    struct wire_bench b;
    struct dr_reply r;
    wire_bench_open(&b, &talk);
    wire_bench_ask(&b, &m->call, &r);
    cr_expect_eq(r.outcome, expected(m->marks, at, fault == WIRE_LOST),
                 "%s, exchange %zu %s: outcome %d: %s", m->name, at,
                 fault == WIRE_LOST ? "lost" : "not sent", (int)r.outcome, r.err.text);
    cr_expect_neq(r.err.code, 0, "%s", m->name);
    dr_reply_release(&r);
    wire_bench_close(&b);
}

Test(wire, mutations_and_their_outcomes)
{
    for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
        const struct mutation *m = &mutations[i];
        struct wire_talk talk = {.lines = m->lines};
        struct wire_bench b;
        struct dr_reply r;
        size_t lines = 0;
        while (m->lines[lines].want)
            lines++;
        wire_bench_open(&b, &talk);
        wire_bench_ask(&b, &m->call, &r);
        cr_expect_null(talk.wrong, "%s: %s", m->name, talk.wrong);
        cr_expect_eq(r.outcome, DR_DONE, "%s: %s", m->name, r.err.text);
        cr_expect_eq(talk.sent, lines, "%s: %zu sent", m->name, talk.sent);
        dr_reply_release(&r);
        wire_bench_close(&b);
        for (size_t at = 0; at < lines && m->marks[at] != 'u'; at++) {
            check_fault(m, at, WIRE_NOT_SENT);
            check_fault(m, at, WIRE_LOST);
        }
    }
}
