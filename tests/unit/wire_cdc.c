/* TiCDC: absence, comparison, the words of its errors. And what redaction takes out. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/base/buf.h"
#include "tests/unit/wire.h"

static const struct dr_call poll = {
    .kind = DR_CALL_CDC_FEED,
    .args.feed = {.id = "f-1", .to = 1, .generation = 1, .redo = "r1"}};
#define HEALTH   "GET /api/v2/health"
#define CAPTURES "GET /api/v2/captures"
#define LIST     "GET /api/v2/changefeeds?state=all"
#define FEED     "GET /api/v2/changefeeds/f-1"
#define PAUSE    "POST /api/v2/changefeeds/f-1/pause"
#define OWNER(id)                                                                        \
    "200 {\"items\":[{\"id\":\"z\",\"is_owner\":false},{\"id\":\"" id                    \
    "\",\"is_owner\":true}]}"
#define ERR(status, code, text)                                                          \
    status " {\"error_code\":\"" code "\",\"error_msg\":\"[" code "]" text "\"}"
#define ABSENT ERR("400", "CDC:ErrChangeFeedNotExists", "changefeed not exists")
#define SICK   ERR("500", "CDC:ErrClusterIsUnhealthy", "unhealthy")

/* Only a poll with health before and after, under one owner, says that it saw nothing. */
static const struct {
    enum dr_outcome outcome;
    struct wire_line lines[6];
} polls[] = {
    {DR_DONE,
     {{HEALTH, NULL},
      {CAPTURES, OWNER("a")},
      {FEED, ABSENT},
      {CAPTURES, OWNER("a")},
      {HEALTH, NULL}}},
    {DR_UNKNOWN, {{HEALTH, SICK}, {CAPTURES, OWNER("a")}, {FEED, ABSENT}}},
    {DR_UNKNOWN, {{HEALTH, NULL}, {CAPTURES, "200 {\"items\":[]}"}, {FEED, ABSENT}}},
    {DR_UNKNOWN,
     {{HEALTH, NULL}, {CAPTURES, OWNER("a")}, {FEED, ABSENT}, {CAPTURES, OWNER("b")}}},
    {DR_UNKNOWN,
     {{HEALTH, NULL},
      {CAPTURES, OWNER("a")},
      {FEED, ABSENT},
      {CAPTURES, OWNER("a")},
      {HEALTH, SICK}}},
    {DR_UNKNOWN,
     {{HEALTH, NULL},
      {CAPTURES, OWNER("a")},
      {FEED, ERR("401", "CDC:ErrUnauthorized", "no")}}},
    {DR_UNKNOWN, {{HEALTH, NULL}, {CAPTURES, OWNER("a")}, {FEED, "200 not json"}}},
};

Test(wire, absence_of_a_feed)
{
    for (size_t i = 0; i < sizeof(polls) / sizeof(polls[0]); i++) {
        struct wire_talk talk = {.lines = polls[i].lines};
        struct wire_bench b;
        struct dr_reply r;
        wire_ask(&b, &talk, &poll, &r);
        cr_expect_eq(r.outcome, polls[i].outcome, "%zu: %s", i, r.err.text);
        if (r.outcome == DR_DONE) {
            cr_expect(r.as.feed->seen.known && !r.as.feed->present);
            cr_expect_not(r.as.feed->absence_proven);
            cr_expect_eq(r.as.feed->absent_polls, 1);
            cr_expect_str_eq(r.as.feed->owner_id, "a");
        }
        wire_done(&b, &r);
    }
}

#define SINK "mysql://cdc:xxxxx@127.1.1.4:4000/?worker-count=16"
#define CONFIG                                                                           \
    "\"bdr_mode\":null,\"memory_quota\":1,\"check_gc_safe_point\":true,"                 \
    "\"mounter\":{\"worker_num\":8},\"filter\":{\"rules\":[\"*.*\","                     \
    "\"!drover_probe.*\"]},\"consistent\":{\"level\":\"eventual\",\"storage\":"          \
    "\"s3://redo/orders/r1?secret-access-key=other&access-key=k&endpoint=x\"}"
#define INFO(sink, config) INFO_FROM("46", sink, config)
#define INFO_FROM(start, sink, config)                                                   \
    "200 {\"upstream_id\":71,\"id\":\"f-1\",\"sink_uri\":\"" sink                        \
    "\",\"start_ts\":" start                                                             \
    ",\"gid\":{\"low\":18446744073709551615},\"config\":{" config "}}"

/* What GET shows, and the fields that differ from what drover would make. */
static const struct {
    const char *info, *fields;
} shown[] = {
    {INFO(SINK, CONFIG), ""},
    {INFO("MySQL://cdc@127.1.1.4?worker-count=16", CONFIG), ""},
    /* what a server adds, shows as null or in its own units is no difference */
    {INFO(SINK, CONFIG ",\"enable_sync_point\":null,\"force_replicate\":null,"
                       "\"sync_point_interval\":600000000000,\"new_field\":{\"a\":1},"
                       "\"changefeed_error_stuck_duration\":1800000000000,"
                       "\"scheduler\":{\"region_threshold\":10000},"
                       "\"sink\":{\"delete_only_output_handle_key_columns\":null,"
                       "\"debezium\":{\"output_old_value\":true}}"),
     ""},
    /* the order of rules says something */
    {INFO(SINK, "\"check_gc_safe_point\":true,\"mounter\":{\"worker_num\":8},"
                "\"filter\":{\"rules\":[\"!drover_probe.*\",\"*.*\"]},"
                "\"consistent\":{\"level\":\"eventual\",\"storage\":"
                "\"s3://redo/orders/r1?endpoint=x\"}"),
     "filter.rules "},
    {INFO("mysql://ops:xxxxx@127.1.1.5:4000/?worker-count=8", CONFIG),
     "sink_uri.user sink_uri.address sink_uri?worker-count sink_uri?worker-count "},
    {INFO(SINK, ""),
     "mounter.worker_num consistent.level consistent.storage filter.rules "},
    {INFO(SINK, CONFIG ",\"case_sensitive\":true,\"enable_sync_point\":true"),
     "case_sensitive enable_sync_point "},
};

Test(wire, differences_of_a_feed)
{
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        const struct wire_line lines[] = {
            {HEALTH, SICK}, {CAPTURES, OWNER("a")}, {FEED, shown[i].info}, {NULL, NULL}};
        struct wire_talk talk = {.lines = lines};
        struct wire_bench b;
        struct dr_reply r;
        struct dr_buf fields;
        wire_ask_well(&b, &talk, &poll, &r);
        cr_expect(r.as.feed->present);
        dr_buf_init(&fields, 4096);
        for (size_t k = 0; k < r.as.feed->difference_count; k++)
            dr_buf_addf(&fields, "%s ", r.as.feed->differences[k].field);
        cr_expect_str_eq(dr_buf_str(&fields), shown[i].fields, "%zu: %s", i,
                         dr_buf_str(&fields));
        dr_buf_release(&fields);
        wire_done(&b, &r);
    }
}

/* Answers to a create, and to the GET that follows where somebody was there first. */
static const struct {
    const char *back, *get;
    enum dr_outcome outcome;
    enum dr_code code;
} creates[] = {
    {ERR("400", "CDC:ErrStartTsBeforeGC", "start-ts 1"), NULL, DR_REFUSED, DR_E_PEER},
    {ERR("400", "CDC:ErrMySQLConnectionError", "x"), NULL, DR_REFUSED, DR_E_UNREACHABLE},
    {ERR("500", "CDC:ErrInvalidReplicaConfig", "x"), NULL, DR_REFUSED, DR_E_INPUT},
    {"500 ", NULL, DR_UNKNOWN, DR_E_PEER},
    {ERR("500", "CDC:ErrInternalServerError", "x"), NULL, DR_UNKNOWN, DR_E_PEER},
    {ERR("500", "CDC:ErrChangeFeedAlreadyExists", "x"), INFO(SINK, CONFIG), DR_DONE, 0},
    {ERR("500", "CDC:ErrChangeFeedAlreadyExists", "x"), INFO_FROM("47", SINK, CONFIG),
     DR_UNKNOWN, DR_E_CONFLICT},
    {ERR("500", "DFLOW:ErrMetaOpFailed", "x"), INFO(SINK, ""), DR_UNKNOWN, DR_E_CONFLICT},
    {ERR("500", "DFLOW:ErrMetaOpFailed", "x"), ABSENT, DR_UNKNOWN, DR_E_ABSENT},
};

Test(wire, answers_to_a_create)
{
    const struct dr_call call = {
        .kind = DR_CALL_FEED_CREATE,
        .as = US,
        .deadline_ms = 2000,
        .args.feed = {
            .id = "f-1", .to = 1, .generation = 1, .redo = "r1", .start_ts = 46}};
    for (size_t i = 0; i < sizeof(creates) / sizeof(creates[0]); i++) {
        struct wire_line lines[] = {
            {EPOCH, OURS}, {"", creates[i].back}, {FEED, creates[i].get}, {NULL, NULL}};
        struct wire_talk talk = {.lines = lines};
        struct wire_bench b;
        struct dr_reply r;
        wire_bench_open(&b, &talk);
        wire_bench_ask(&b, &call, &r);
        cr_expect_eq(r.outcome, creates[i].outcome, "%zu: %s", i, r.err.text);
        cr_expect_eq(r.err.code, creates[i].code, "%zu: %s", i, r.err.text);
        cr_expect_eq(talk.sent, creates[i].get ? 3 : 2, "%zu: never sent twice", i);
        cr_expect_null(strstr(r.err.text, "sink'pass"));
        wire_done(&b, &r);
    }
}

/* No owner at the moment: nothing was done, so it is asked again, also a mutation. */
Test(wire, no_owner_is_waited_for)
{
    static const struct wire_line lines[] = {
        {FEED, "500 {\"error_code\":\"\",\"error_msg\":\"election: no leader\"}"},
        {FEED, "200 {\"state\":\"warning\"}"},
        {EPOCH, OURS},
        {PAUSE, ERR("500", "CDC:ErrOwnerNotFound", "owner not found")},
        {EPOCH, OURS},
        {PAUSE, NULL},
        {NULL, NULL}};
    struct wire_talk talk = {.lines = lines};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask(&b, &talk,
             &(struct dr_call){.kind = DR_CALL_FEED_PAUSE,
                               .as = US,
                               .args.feed = {.id = "f-1", .to = 1, .generation = 1}},
             &r);
    cr_expect_eq(r.outcome, DR_DONE, "%s", r.err.text);
    cr_expect_eq(talk.sent, 6);
    cr_expect_eq(talk.not_after_ms, INT64_MAX);
    wire_done(&b, &r);
}

/* Nobody checks the epoch at TiCDC: it is read right before each request that changes
 * something, and none is sent when the lease may be over. */
static const struct {
    enum dr_call_kind kind;
    const char *reads; /* what GET shows first; NULL: it does not */
} guarded[] = {
    {DR_CALL_FEED_CREATE, NULL},
    {DR_CALL_FEED_PAUSE, "200 {\"state\":\"normal\"}"},
    {DR_CALL_FEED_UPDATE, "200 {\"state\":\"stopped\",\"sink_uri\":\"x\",\"config\":{}}"},
    {DR_CALL_FEED_RESUME, "200 {\"state\":\"stopped\"}"},
    {DR_CALL_FEED_DELETE, NULL}};

static void check_guarded(size_t i, const char *epoch, int64_t until_ms, size_t sent,
                          enum dr_code code)
{
    struct wire_line lines[4] = {{FEED, guarded[i].reads}};
    struct dr_call call = {
        .kind = guarded[i].kind,
        .as = US,
        .args.feed = {
            .id = "f-1", .to = 1, .generation = 1, .redo = "r1", .start_ts = 46}};
    size_t reads = guarded[i].reads != NULL;
    lines[reads] = (struct wire_line){EPOCH, epoch};
    if (!sent)
        lines[0].want = NULL;
    struct wire_talk talk = {.lines = lines};
    struct wire_bench b;
    struct dr_reply r;
    call.as.until_ms = until_ms;
    wire_ask(&b, &talk, &call, &r);
    cr_expect_eq(r.outcome, DR_REFUSED, "%zu: %s", i, r.err.text);
    cr_expect_eq(r.err.code, code, "%zu: %s", i, r.err.text);
    cr_expect_eq(talk.sent, sent ? reads + sent : 0, "%zu: %zu sent", i, talk.sent);
    wire_done(&b, &r);
}

Test(wire, no_request_without_authority)
{
    for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
        check_guarded(i, "epoch|holder\n4|h-2", INT64_MAX, 1, DR_E_CONFLICT);
        check_guarded(i, "epoch|holder\n3|h-2", INT64_MAX, 1, DR_E_CONFLICT);
        check_guarded(i, "epoch|holder", INT64_MAX, 1, DR_E_CONFLICT);
        check_guarded(i, "!1146 no such table", INT64_MAX, 1, DR_E_ABSENT);
        /* the lease is over before, and while the epoch is read */
        check_guarded(i, OURS, INT64_MIN, 0, DR_E_TIMEOUT);
        check_guarded(i, OURS, WIRE_BEGIN_MS, 0, DR_E_TIMEOUT);
        check_guarded(i, OURS, WIRE_BEGIN_MS + (guarded[i].reads ? 2 : 1), 1,
                      DR_E_TIMEOUT);
    }
}

/* Each try reads it anew; and the time it may be tried for ends with the lease. */
Test(wire, authority_lost_between_two_tries)
{
    static const struct wire_line lines[] = {
        {FEED, "200 {\"state\":\"warning\"}"},
        {EPOCH, OURS},
        {PAUSE, ERR("500", "CDC:ErrOwnerNotFound", "owner not found")},
        {EPOCH, "epoch|holder\n4|h-2"},
        {NULL, NULL}};
    static const struct wire_line none[] = {{NULL, NULL}};
    struct wire_talk talk = {.lines = lines};
    struct dr_call call = {.kind = DR_CALL_FEED_PAUSE,
                           .as = US,
                           .args.feed = {.id = "f-1", .to = 1, .generation = 1}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask(&b, &talk, &call, &r);
    cr_expect_eq(r.outcome, DR_REFUSED, "%s", r.err.text);
    cr_expect_eq(talk.sent, 4);
    wire_done(&b, &r);

    talk = (struct wire_talk){.lines = none, .fault = WIRE_NOT_SENT};
    call.as.until_ms = 25000;
    wire_bench_open(&b, &talk);
    wire_bench_ask(&b, &call, &r);
    cr_expect_eq(r.outcome, DR_REFUSED);
    cr_expect_leq(b.estate->now_ms(b.estate), 25000);
    cr_expect_geq(b.estate->now_ms(b.estate), 15000);
    wire_done(&b, &r);
}

Test(wire, feeds)
{
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {LIST,
             "200 "
             "{\"items\":[{\"upstream_id\":71,\"namespace\":\"default\",\"id\":\"f-1\","
             "\"state\":\"warning\",\"checkpoint_tso\":459012345678901248,\"error\":{"
             "\"code\":\"CDC:ErrX\",\"message\":\"dial mysql://cdc:geheim@h/ failed\"}},"
             "{\"namespace\":\"other\",\"id\":\"g\",\"state\":\"new one\","
             "\"checkpoint_tso\":1,\"error\":null}]}"},
            {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(&b, &talk, &(struct dr_call){.kind = DR_CALL_CDC_FEEDS}, &r);
    cr_assert_eq(r.as.feeds->count, 2);
    const struct dr_feed *f = r.as.feeds->items;
    cr_expect_eq(f[0].state, DR_FEED_WARNING);
    cr_expect_eq(f[0].checkpoint, 459012345678901248u);
    cr_expect_str_eq(f[0].error, "CDC:ErrX: dial mysql://cdc:xxxxx@h/ failed");
    cr_expect_str_eq(f[1].id, "other/g");
    cr_expect_eq(f[1].state, DR_FEED_STRANGE);
    wire_done(&b, &r);
}

/* One request, unless a feed is missing that should be there: then a poll of absence,
 * which counts only with one healthy owner before and after. */
Test(wire, feeds_that_are_missing)
{
    static const char *const ids[] = {"f-1", "f-2"};
    const char *const one = "200 {\"items\":[{\"id\":\"f-1\",\"checkpoint_tso\":5}]}",
                      *const both =
                          "200 {\"items\":[{\"id\":\"f-1\",\"checkpoint_tso\":5},"
                          "{\"id\":\"f-2\",\"checkpoint_tso\":6}]}",
                      *const none = "200 {\"items\":[]}";
    const struct {
        struct wire_line lines[7];
        size_t known; /* of ids */
        const char *owner;
        size_t count;
    } cases[] = {
        {{{LIST, none}}, 0, NULL, 0},
        {{{LIST, one}}, 1, NULL, 1},
        {{{LIST, both}}, 1, NULL, 2},
        {{{LIST, one},
          {HEALTH, NULL},
          {CAPTURES, OWNER("a")},
          {LIST, one},
          {CAPTURES, OWNER("a")},
          {HEALTH, NULL}},
         2,
         "a",
         1},
        {{{LIST, none}, {HEALTH, "500 {}"}}, 1, NULL, 0},
        {{{LIST, none}, {HEALTH, NULL}, {CAPTURES, "200 {\"items\":[]}"}}, 1, NULL, 0},
        {{{LIST, none},
          {HEALTH, NULL},
          {CAPTURES, OWNER("a")},
          {LIST, both},
          {CAPTURES, OWNER("b")}},
         2,
         NULL,
         2},
        {{{LIST, one},
          {HEALTH, NULL},
          {CAPTURES, OWNER("a")},
          {LIST, one},
          {CAPTURES, OWNER("a")},
          {HEALTH, "500 {}"}},
         2,
         NULL,
         1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_talk talk = {.lines = cases[i].lines};
        struct wire_bench b;
        struct dr_reply r;
        wire_ask(&b, &talk,
                 &(struct dr_call){.kind = DR_CALL_CDC_FEEDS,
                                   .args.feeds = {cases[i].known, ids}},
                 &r);
        cr_assert_eq(r.outcome, DR_DONE, "case %zu: %s", i, r.err.text);
        cr_expect_eq(r.as.feeds->count, cases[i].count, "case %zu", i);
        const char *owner = r.as.feeds->owner_id;
        cr_expect(owner ? cases[i].owner && strcmp(owner, cases[i].owner) == 0
                        : !cases[i].owner,
                  "case %zu: owner %s", i, owner ? owner : "none");
        wire_done(&b, &r);
    }
}

/* ---- nobody there, and somebody who cannot now ---- */

/* A read is over when no endpoint took it: the next look asks again. */
Test(wire, a_read_that_nobody_takes_ends_at_once)
{
    static const struct wire_line none[] = {{NULL, NULL}};
    struct wire_talk talk = {.lines = none, .fault = WIRE_NOT_SENT};
    struct wire_bench b;
    struct dr_reply r;
    wire_bench_open(&b, &talk);
    int64_t begin = b.estate->now_ms(b.estate);
    wire_bench_ask(
        &b, &(struct dr_call){.kind = DR_CALL_PD_SAFEPOINTS, .deadline_ms = 5000}, &r);
    cr_expect_eq(r.outcome, DR_UNKNOWN);
    cr_expect_eq(r.err.code, DR_E_UNREACHABLE, "%s", r.err.text);
    cr_expect_eq(talk.sent, b.access->clusters[0].pd_count);
    cr_expect_leq(b.estate->now_ms(b.estate) - begin, 2); /* 1 an exchange */
    wire_done(&b, &r);
}

/* ... a change is not given up so soon, and neither is a server that cannot just now; the
 * pauses grow, and are not the same for all. */
Test(wire, pauses_before_the_next_pass_grow)
{
    static const struct wire_line busy[] = {
        {LIST, "500 {}"}, {LIST, "500 {}"}, {LIST, "200 {\"items\":[]}"}, {NULL, NULL}};
    struct wire_talk talk = {.lines = busy};
    struct wire_bench b;
    struct dr_reply r;
    wire_bench_open(&b, &talk);
    int64_t begin = b.estate->now_ms(b.estate);
    wire_bench_ask(&b, &(struct dr_call){.kind = DR_CALL_CDC_FEEDS, .deadline_ms = 5000},
                   &r);
    cr_expect_eq(r.outcome, DR_DONE, "%s", r.err.text);
    int64_t took = b.estate->now_ms(b.estate) - begin;
    cr_expect(took >= 500 + 1000 && took <= 1000 + 2000 + 3, "%lld ms", (long long)took);
    wire_done(&b, &r);

    static const struct wire_line none[] = {{NULL, NULL}};
    talk = (struct wire_talk){.lines = none, .fault = WIRE_NOT_SENT};
    wire_bench_open(&b, &talk);
    begin = b.estate->now_ms(b.estate);
    wire_bench_ask(&b,
                   &(struct dr_call){.kind = DR_CALL_FEED_PAUSE,
                                     .as = US,
                                     .args.feed = {.id = "f-1", .to = 1}},
                   &r);
    cr_expect_eq(r.outcome, DR_REFUSED);
    cr_expect_geq(b.estate->now_ms(b.estate) - begin, 150000);
    wire_done(&b, &r);
}

/* ---- refusals of SQL mutations ---- */

#define COPY                                                                             \
    "SELECT value FROM mysql.drover_ledger WHERE cluster_id = 71 AND k = 'backup' FOR "  \
    "UPDATE"

static const struct {
    const char *what;
    enum dr_outcome outcome;
    enum dr_code code;
    struct dr_call call;
    struct wire_line lines[9];
} refusals[] = {
    {"another's epoch",
     DR_REFUSED,
     DR_E_CONFLICT,
     {.kind = DR_CALL_SET_GLOBAL, .as = US, .args.set = {"x", "ON"}},
     {{EPOCH, "epoch|holder\n4|h-2"}}},
    {"no epoch",
     DR_REFUSED,
     DR_E_CONFLICT,
     {.kind = DR_CALL_SET_GLOBAL, .as = US, .args.set = {"x", "ON"}},
     {{EPOCH, "epoch|holder"}}},
    {"no authority given",
     DR_REFUSED,
     DR_E_BUG,
     {.kind = DR_CALL_SET_GLOBAL, .args.set = {"x", "ON"}},
     {{NULL, NULL}}},
    {"not a value",
     DR_REFUSED,
     DR_E_BUG,
     {.kind = DR_CALL_SET_GLOBAL, .as = US, .args.set = {"x", "ON; DROP"}},
     {{NULL, NULL}}},
    {"no privilege",
     DR_REFUSED,
     DR_E_DENIED,
     {.kind = DR_CALL_SET_GLOBAL, .as = US, .args.set = {"x", "ON"}},
     {{EPOCH, OURS}, {"SET GLOBAL x = ON", "!1227 Access denied"}}},
    {"clipped",
     DR_UNKNOWN,
     DR_E_CONFLICT,
     {.kind = DR_CALL_SET_GLOBAL, .as = US, .args.set = {"x", "ON"}},
     {{EPOCH, OURS},
      {"SET GLOBAL x = ON", NULL},
      {"SELECT @@global.x AS value", "value\n0"}}},
    {"a locked epoch that is another's is rolled back",
     DR_REFUSED,
     DR_E_CONFLICT,
     {.kind = DR_CALL_BEAT, .as = US, .args.beat = {.tso = 5, .lease_ms = 0}},
     {{"UPDATE mysql.drover_ledger e, mysql.drover_ledger l SET l.value = "
       "'{\"until\":\"0\"}', l.epoch = 3, l.holder = 'h-1' WHERE e.cluster_id = 71 AND "
       "e.k = 'epoch' AND e.epoch = 3 AND e.holder = 'h-1' AND l.cluster_id = 71 AND "
       "l.k = 'lease'",
       "#0"},
      {"BEGIN PESSIMISTIC", NULL},
      {EPOCH " FOR UPDATE", "epoch|holder\n3|h-2"},
      {"ROLLBACK", NULL}}},
    {"our own earlier takeover",
     DR_DONE,
     0,
     {.kind = DR_CALL_LEDGER_EPOCH,
      .as = {.cluster_id = 71},
      .args.epoch =
          {.expect_epoch = 2, .expect_holder = "z", .epoch = 3, .holder = "h-1"}},
     {{"BEGIN PESSIMISTIC", NULL}, {EPOCH " FOR UPDATE", OURS}, {"ROLLBACK", NULL}}},
    {"a transaction that is begun with an error for an answer",
     DR_REFUSED,
     DR_E_PEER,
     {.kind = DR_CALL_LEDGER_EPOCH,
      .as = {.cluster_id = 71},
      .args.epoch =
          {.expect_epoch = 2, .expect_holder = "z", .epoch = 3, .holder = "h-1"}},
     {{"BEGIN PESSIMISTIC", "!1105 went away"}, {"ROLLBACK", NULL}}},
    {"a backup whose T would be forgotten",
     DR_REFUSED,
     DR_E_CONFLICT,
     {.kind = DR_CALL_BACKUP, .as = US, .args.copy = {.prefix = "g2", .generation = 2}},
     {{EPOCH, OURS},
      {"BEGIN PESSIMISTIC", NULL},
      {"SELECT @@tidb_current_ts AS tso", "tso\n47"},
      {EPOCH " FOR UPDATE", OURS},
      {COPY, "value\n{\"generation\":2,\"prefix\":\"g2\",\"tso\":\"12\"}"},
      {"ROLLBACK", NULL}}},
    {"a generic error of a drop",
     DR_UNKNOWN,
     DR_E_PEER,
     {.kind = DR_CALL_DROP_SCHEMA, .as = US, .args.drop = {.schema = "a"}},
     {{EPOCH, OURS}, {"DROP DATABASE IF EXISTS `a`", "!1105 something 'sql password'"}}},
    {"no sink account",
     DR_REFUSED,
     DR_E_ABSENT,
     {.kind = DR_CALL_SINK_ACCOUNT, .as = US, .args.sink = {.from = "west"}},
     {{EPOCH, OURS},
      {"SELECT host FROM mysql.user WHERE user = 'cdc' ORDER BY host", "host"}}},
};

Test(wire, refusals)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct wire_talk talk = {.lines = refusals[i].lines};
        struct wire_bench b;
        struct dr_reply r;
        size_t lines = 0;
        while (refusals[i].lines[lines].want)
            lines++;
        wire_ask(&b, &talk, &refusals[i].call, &r);
        cr_expect_eq(r.outcome, refusals[i].outcome, "%s: %s", refusals[i].what,
                     r.err.text);
        cr_expect_eq(r.err.code, refusals[i].code, "%s: %s", refusals[i].what,
                     r.err.text);
        cr_expect_eq(talk.sent, lines, "%s: %zu sent", refusals[i].what, talk.sent);
        cr_expect_null(strstr(r.err.text, "sql password"));
        wire_done(&b, &r);
    }
}

#define BACKUP_URI                                                                       \
    "'s3://backup/orders/g2?endpoint=http://127.1.1.11:6060&force-path-style=true"       \
    "&access-key=AKIAWIRE&secret-access-key=secret%2Bkey%2F1'"

/* What BACKUP and RESTORE answer, and what that means for their own statement. */
static const struct {
    bool restore;
    const char *back;
    enum dr_outcome outcome;
    enum dr_code code;
} copies[] = {
    {false,
     "!8124 Backup failed: [BR:Common:ErrInvalidArgument]backup meta file exists in x",
     DR_DONE, 0},
    {false, "!8124 Backup failed: [BR:KV:ErrKVStorage]x", DR_UNKNOWN, DR_E_PEER},
    {false, "!1227 Access denied", DR_REFUSED, DR_E_DENIED},
    {false, "Destination|BackupTS\nx|48", DR_UNKNOWN, DR_E_PROTOCOL},
    {true,
     "!8125 Restore failed: [BR:Restore:ErrTablesAlreadyExisted]tables already existed "
     "in "
     "restored cluster",
     DR_REFUSED, DR_E_CONFLICT},
    {true, "!1317 Query execution was interrupted", DR_UNKNOWN, DR_E_PEER},
};

Test(wire, answers_to_copies)
{
    for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
        const char *key = copies[i].restore ? "restoring" : "backup";
        struct wire_talk talk = {0};
        struct wire_bench b;
        struct dr_reply r;
        struct dr_call call = {.kind =
                                   copies[i].restore ? DR_CALL_RESTORE : DR_CALL_BACKUP,
                               .as = US,
                               .args.copy = {.prefix = "g2", .generation = 2, .tso = 47}};
        wire_bench_open(&b, &talk);
        const char *row = dr_sprintf(
            b.arena,
            "INSERT INTO mysql.drover_ledger (cluster_id, k, value, epoch, holder) "
            "VALUES "
            "(71, '%s', '{\"connectionId\":\"4711\",\"generation\":2,\"instance\":"
            "\"127.0.1.4:4000\",\"prefix\":\"g2\",\"tso\":\"47\"}', 3, 'h-1') ON "
            "DUPLICATE "
            "KEY UPDATE value = VALUES(value), epoch = VALUES(epoch), holder = "
            "VALUES(holder)",
            key);
        const struct wire_line lines[] = {
            {EPOCH, OURS},
            {"BEGIN PESSIMISTIC", NULL},
            {EPOCH " FOR UPDATE", OURS},
            {dr_sprintf(
                 b.arena,
                 "SELECT value FROM mysql.drover_ledger WHERE cluster_id = 71 AND k "
                 "= '%s' FOR UPDATE",
                 key),
             "value\n{\"generation\":2,\"prefix\":\"g2\",\"tso\":\"47\"}"},
            {row, "#2"},
            {"COMMIT", NULL},
            {copies[i].restore
                 ? "RESTORE DATABASE * FROM " BACKUP_URI
                   " RATE_LIMIT = 128 MB/SECOND CHECKSUM = TRUE WITH_SYS_TABLE = FALSE"
                 : "BACKUP DATABASE * TO " BACKUP_URI
                   " SNAPSHOT = 47 RATE_LIMIT = 128 MB/SECOND CHECKSUM = TRUE",
             copies[i].back},
            {NULL, NULL}};
        talk.lines = lines;
        wire_bench_ask(&b, &call, &r);
        cr_expect_null(talk.wrong, "%s", talk.wrong);
        cr_expect_eq(talk.lane, DR_LANE_JOB);
        cr_expect_eq(r.outcome, copies[i].outcome, "%zu: %s", i, r.err.text);
        cr_expect_eq(r.err.code, copies[i].code, "%zu: %s", i, r.err.text);
        cr_expect_eq(r.connection_id, 4711);
        cr_expect_str_eq(r.instance, "127.0.1.4:4000");
        wire_done(&b, &r);
    }
}

/* A call without an instance goes to the next one, and to no third. */
Test(wire, reads_rotate_over_instances)
{
    struct wire_talk talk = {.lines = (const struct wire_line[]){{NULL, NULL}},
                             .fault = WIRE_LOST};
    struct wire_bench b;
    struct dr_reply r;
    wire_bench_open(&b, &talk);
    wire_bench_ask(&b, &(struct dr_call){.kind = DR_CALL_SQL_HOT, .at = {.cluster = 1}},
                   &r);
    cr_expect_eq(r.outcome, DR_UNKNOWN);
    cr_expect_eq(talk.sent, 2);
    cr_expect_not_null(strstr(r.err.text, "127.1.1.5:4000"), "%s", r.err.text);
    wire_done(&b, &r);
}

/* ---- redaction ---- */

static const struct {
    const char *text, *clean;
} texts[] = {
    {"near \"sql password\" at line 1", "near \"xxxxx\" at line 1"},
    {"key secret%2Bkey%2F1 or secret+key/1", "key xxxxx or xxxxx"},
    {"s3://b/p?access-key=foreign&endpoint=x", "s3://b/p?access-key=xxxxx&endpoint=x"},
    {"mysql://u:p@ss@host:4000/", "mysql://u:xxxxx@host:4000/"},
    {"mysql://user@host/", "mysql://user@host/"},
    {"ALTER USER 'a'@'%' IDENTIFIED BY 'it\\'s' ACCOUNT",
     "ALTER USER 'a'@'%' IDENTIFIED BY "
     "'xxxxx' ACCOUNT"},
    {"see http://docs:80/a?b=1", "see http://docs:80/a?b=1"},
    {"red\x1b[31m", "red\\x1B[31m"},
};

Test(wire, redaction)
{
    struct wire_talk talk = {0};
    struct wire_bench b;
    wire_bench_open(&b, &talk);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *clean = dr_access_redact(b.access, b.arena, texts[i].text,
                                             strlen(texts[i].text), 400);
        cr_expect_str_eq(clean, texts[i].clean, "%s", clean);
    }
    wire_bench_close(&b);
}
