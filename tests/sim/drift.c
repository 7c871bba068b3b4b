/* What somebody changes of a protected pair: put right where the policy says so, whatever
 * fails on the way, and left alone where it does not. */
#include <string.h>

#include "tests/sim/story.h"

#define FEED "/api/v2/changefeeds/orders-east-to-west-g1"

enum { HANDS_MS = 3000, ROUNDS_LEFT = 15 };

/* By hand: a statement, a command of the estate, or a request. */
struct deed {
    int cluster;
    const char *sql, *command, *method, *target, *body;
    const char *shows; /* what a question, a note or a refusal says of it */
};

static bool is_done(struct run *r, const struct deed *x)
{
    if (x->sql)
        return sim_world_sql(&r->w, x->cluster, x->sql) ||
               sim_fail(r, "the scenario was refused: %s", x->sql);
    return x->command ? sim_command(r, x->command)
                      : sim_ask_ticdc(r, x->method, x->target, x->body);
}

/* A human did it: the checkers that look at drover's deeds must know. */
static void is_a_humans(struct run *r)
{
    r->w.history.fence_is_a_humans = true;
    r->w.history.gc_is_a_humans = true;
}

/* ---- put right ---- */

/* One of each class that is put right by a step of its own and can be had beside the
 * others; pause, settings and removal are stories of their own (update.c). */
static const struct deed corrected[] = {
    {.cluster = SIM_B, .sql = "SET GLOBAL tidb_super_read_only = OFF"},
    {.cluster = SIM_B, .sql = "SET GLOBAL tidb_ttl_job_enable = ON"},
    {.cluster = SIM_A, .sql = "SET GLOBAL tidb_gc_enable = OFF"},
    {.command = "{\"fault\":\"feed-error\",\"cluster\":\"east\",\"feed\":"
                "\"orders-east-to-west-g1\",\"code\":\"CDC:ErrMySQLTxnError\","
                "\"message\":\"gone\",\"fatal\":true}"},
};

bool sim_play_drifted(struct run *r, uint64_t n)
{
    (void)n;
    if (!sim_until_protected(r))
        return false;
    is_a_humans(r);
    r->compares = DR_NEW(r->kept, struct dr_topology);
    *r->compares = *r->w.topology; /* the fence that was open is not forgotten else */
    r->topology = r->compares;
    r->w.history.a_person_compares = true;
    for (size_t i = 0; i < sizeof(corrected) / sizeof(corrected[0]); i++)
        if (!is_done(r, &corrected[i]))
            return false;
    sim_world_pass(&r->w, HANDS_MS);
    if (!sim_goes_on(r))
        return false;
    const struct sim_view *now = sim_world_now(&r->w);
    const struct sim_cluster *a = &now->c[SIM_A], *b = &now->c[SIM_B];
    if (!b->stored_fence || b->stored_ttl_jobs || !a->stored_gc_enable)
        return sim_fail(r, "not put right: fence %d, TTL jobs %d, GC %d", b->stored_fence,
                        b->stored_ttl_jobs, a->stored_gc_enable);
    return (a->feed_count == 1 && a->feeds[0].running) ||
           sim_fail(r, "the failed changefeed does not run");
}

/* ---- left alone ---- */

static const struct deed asked[SIM_DEEDS] = {
    {.cluster = SIM_B,
     .sql = "SET GLOBAL tidb_super_read_only = OFF",
     .shows = "the fence is lifted"},
    {.cluster = SIM_A,
     .sql = "SET GLOBAL tidb_super_read_only = ON",
     .shows = "it refuses writes, and drover did not fence it"},
    {.cluster = SIM_A, .sql = "SET GLOBAL tidb_gc_enable = OFF", .shows = "GC is off"},
    {.method = "POST", .target = FEED "/pause", .body = "", .shows = "is stopped"},
    {.method = "DELETE", .target = FEED, .body = "", .shows = "was removed"},
    {.command = "{\"fault\":\"feed-error\",\"cluster\":\"east\",\"feed\":"
                "\"orders-east-to-west-g1\",\"code\":\"CDC:ErrMySQLTxnError\","
                "\"message\":\"gone\",\"fatal\":true}",
     .shows = "failed: CDC:ErrMySQLTxnError"},
    {.command = "{\"fault\":\"sql\",\"cluster\":\"west\",\"text\":"
                "\"REVOKE INSERT ON *.* FROM 'cdc'@'%'\"}",
     .shows = "lacks INSERT"},
    {.command = "{\"fault\":\"sql\",\"cluster\":\"west\",\"text\":"
                "\"GRANT RESTRICTED_REPLICA_WRITER_ADMIN ON *.* TO 'etl'@'%'\"}",
     .shows = "may write through the fence"},
    {.cluster = SIM_B,
     .sql = "SET GLOBAL tidb_enable_external_ts_read = ON",
     .shows = "tidb_enable_external_ts_read is ON"},
    {.command = "{\"fault\":\"sql\",\"cluster\":\"west\",\"text\":"
                "\"INSERT INTO mysql.drover_ledger (cluster_id, k, value, epoch, holder)"
                " VALUES (7, 'term', '{}', 9, 'x')\"}",
     .shows = "of another cluster"},
};

/* An account that may do nothing, for the one deed that gives it a right. */
static const struct deed stranger = {
    .command = "{\"fault\":\"sql\",\"cluster\":\"west\",\"text\":"
               "\"CREATE USER 'etl'@'%' IDENTIFIED BY 'x'\"}"};

static bool is_told(const struct dr_plan *p, const char *text)
{
    for (size_t i = 0; i < p->question_count; i++)
        if (strstr(p->questions[i].what, text))
            return true;
    for (size_t i = 0; i < p->notice_count; i++)
        if (strstr(p->notices[i], text))
            return true;
    for (size_t i = 0; i < p->blocker_count; i++)
        if (strstr(p->blockers[i].fact, text))
            return true;
    return false;
}

/* Deed n, and no word about it in the document: it is told, and nothing but lease and
 * heartbeat is sent, by whoever stood there and by a new process. */
bool sim_play_left(struct run *r, uint64_t n)
{
    const struct deed *x = &asked[n % SIM_DEEDS];
    struct dr_round last = {0};
    if (!sim_until_protected(r))
        return false;
    is_a_humans(r);
    if (!is_done(r, &stranger) || !is_done(r, x))
        return false;
    sim_world_pass(&r->w, HANDS_MS);
    for (int process = 0; process < 2; process++) {
        uint64_t before = dr_record_changes(&r->c.calls);
        sim_world_skip(&r->w, 3600000); /* so that cold facts are asked again, too */
        if (!sim_rounds(r, ROUNDS_LEFT, NULL, &last))
            return false;
        if (!is_told(last.plan, x->shows))
            return sim_fail(r, "nobody is told '%s': %s", x->shows, last.text);
        if (!process && dr_record_changes(&r->c.calls) != before)
            return sim_fail(r, "C1: it is undone without a word: %s", last.text);
        if (!process && !sim_again(r))
            return false;
    }
    return sim_intact(r);
}
