/* Who may act when there are several: takeovers, sessions that are left over, older
 * checkouts. */
#include <string.h>

#include "controller/act/actor.h"
#include "controller/base/tso.h"
#include "tests/unit/act_kit.h"

Test(act, a_silent_instance_that_is_listed_holds_a_takeover_back)
{
    struct pair p;
    struct boss one, two;
    pair_open(&p);
    boss_open(&one, &p, "one");
    boss_until_step(&one, "backup", 100);
    pair_ctl(&p, "{\"fault\": \"hang\", \"at\": \"127.0.1.5:4000\"}");
    boss_options(&two, &p, "two");
    two.o.take = true;
    boss_start(&two);
    for (int i = 0; i < 4; i++) {
        boss_round(&two);
        cr_expect_neq(two.r.state, DR_ROUND_STANDBY, "%s", two.r.text);
    }
    cr_expect_eq(dr_actor_epoch(two.actor), 0, "took over past a silent instance");
    pair_ctl(&p, "{\"fault\": \"unhang\", \"at\": \"127.0.1.5:4000\"}");
    /* what was asked for stands until it is done */
    for (int i = 0; i < 10 && !dr_actor_epoch(two.actor); i++)
        boss_round(&two);
    cr_expect_neq(dr_actor_epoch(two.actor), 0, "%s", two.r.text);
    boss_round(&one);
    cr_expect_eq(dr_actor_epoch(one.actor), 0);
    boss_until(&two, DR_ROUND_CONVERGED, 100);
    boss_end(&one);
    pair_over(&p, &two);
}

Test(act, an_instance_that_died_holds_no_takeover_back)
{
    struct pair p;
    struct boss two;
    pair_open(&p);
    pair_bootstrap(&p);
    pair_ctl(&p, "{\"fault\": \"kill\", \"at\": \"127.0.1.5:4000\"}");
    boss_open(&two, &p, "two");
    for (int i = 0; i < 120 && !dr_actor_epoch(two.actor); i++)
        boss_round(&two);
    cr_expect_neq(dr_actor_epoch(two.actor), 0, "%s", two.r.text);
    pair_over(&p, &two);
}

/* A controller that got as far as GC, and a session of its that keeps the epoch row
 * locked. */
static struct dr_model_session *stands_still(struct pair *p, bool with_lease)
{
    static const char *const texts[] = {
        "BEGIN", "SELECT epoch FROM mysql.drover_ledger WHERE k = 'epoch' FOR UPDATE"};
    struct boss one;
    struct dr_sql_answer out = {0};
    boss_open(&one, p, "one");
    boss_until_step(&one, "hold-gc", 100);
    if (!with_lease)
        dr_actor_leave(one.actor);
    boss_end(&one);
    struct dr_model_session *s = pair_session(p, "drover", "127.0.1.4:4000");
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(dr_model_sql_query(s, texts[i], strlen(texts[i]), &out, p->arena),
                     DR_MODEL_DONE);
    return s;
}

/* A controller that stands still in a transaction keeps the epoch row locked; the KILL
 * that ends it cannot wait for the lock. */
Test(act, a_takeover_is_not_locked_out)
{
    struct pair p;
    struct boss two;
    pair_open(&p);
    struct dr_model_session *s = stands_still(&p, true);
    boss_options(&two, &p, "two");
    two.o.take = true;
    boss_start(&two);
    for (int i = 0; i < 6 && !dr_actor_epoch(two.actor); i++)
        boss_round(&two);
    cr_assert_gt(dr_actor_epoch(two.actor), 1);
    cr_expect_not(dr_model_sql_alive(s));
    dr_model_sql_close(s);
    pair_over(&p, &two);
}

/* Text inside of a JSON text. */
static const char *escaped(struct dr_arena *a, const char *text)
{
    const char *out = "";
    for (; *text; text++)
        out = dr_sprintf(a, "%s%s%c", out, *text == '"' ? "\\" : "", *text);
    return out;
}

/* Instances that only the older document declares: its sessions there are ended, too, and
 * where nobody can look, nobody takes over. */
Test(act, an_undeclared_instance_is_looked_at_in_a_takeover)
{
    struct pair p;
    struct boss one, two;
    struct dr_cluster clusters[2];
    pair_open(&p);
    boss_open(&one, &p, "one");
    boss_until_step(&one, "restore", 100);
    boss_end(&one);
    struct dr_model_session *s = pair_session(&p, "drover", "127.0.1.5:4000");
    memcpy(clusters, p.topology.clusters, sizeof(clusters));
    clusters[EAST].sql.endpoint_count = 1;
    p.topology.clusters = clusters;
    pair_ctl(&p, "{\"fault\": \"hang\", \"at\": \"127.0.1.5:4000\"}");
    boss_options(&two, &p, "two");
    two.o.take = two.o.removed = true; /* what is owed waits for no declaration */
    boss_start(&two);
    for (int i = 0; i < 4; i++)
        boss_round(&two);
    cr_expect_eq(dr_actor_epoch(two.actor), 0, "took over past a silent instance");
    cr_expect(strstr(two.said, "127.0.1.5:4000 does not answer"), "%s", two.said);
    cr_expect(dr_model_sql_alive(s));
    pair_ctl(&p, "{\"fault\": \"unhang\", \"at\": \"127.0.1.5:4000\"}");
    for (int i = 0; i < 10 && !dr_actor_epoch(two.actor); i++)
        boss_round(&two);
    cr_expect_neq(dr_actor_epoch(two.actor), 0, "%s", two.r.text);
    cr_expect_not(dr_model_sql_alive(s));
    dr_model_sql_close(s);
    pair_over(&p, &two);
}

/* The lease is renewed beside the reads of a quiet round, before they tell of a takeover:
 * the server compares the epoch, and the lease stays the other one's. */
Test(act, a_renewal_sent_ahead_renews_no_lost_lease)
{
    static const char lease[] =
        "SELECT holder FROM mysql.drover_ledger WHERE k = 'lease'";
    static const char *const at[] = {"127.0.1.4:4000", "127.1.1.4:4000"};
    struct pair p;
    struct boss one, two;
    pair_open(&p);
    pair_bootstrap(&p);
    boss_open(&one, &p, "one");
    boss_until(&one, DR_ROUND_CONVERGED, 100);
    boss_round(&one);
    boss_options(&two, &p, "two");
    two.o.take = true;
    boss_start(&two);
    boss_until(&two, DR_ROUND_CONVERGED, 100);
    uint64_t beats = one.record.outcomes[DR_CALL_BEAT][DR_REFUSED];
    boss_round(&one);
    cr_expect_eq(one.record.outcomes[DR_CALL_BEAT][DR_REFUSED] - beats, 2);
    cr_expect_neq(one.r.state, DR_ROUND_CONVERGED);
    cr_expect_eq(dr_actor_epoch(one.actor), 0);
    for (size_t i = 0; i < 2; i++)
        cr_expect_str_eq(pair_cell(&p, at[i], lease), "two");
    boss_end(&one);
    pair_over(&p, &two);
}

/* Somebody else takes the lease while this one waits for the lock. */
static int64_t lease_meanwhile(void *arg)
{
    const struct boss *b = arg;
    struct pair *p = b->pair;
    int64_t now_ms = dr_model_wall_ms(p->model);
    const struct dr_last_seen nothing = {0};
    if (b->record.calls[DR_CALL_LEDGER_EPOCH])
        pair_sql(
            p, "east",
            dr_sprintf(p->arena,
                       "UPDATE mysql.drover_ledger SET holder = 'third', value = "
                       "'%s' WHERE k = 'lease'",
                       escaped(p->arena, dr_lease_value(dr_tso_make(now_ms + 600000, 0),
                                                        &nothing, p->arena))));
    return now_ms;
}

/* Only what no living lease covers is ended without the epoch. */
Test(act, a_challenger_ends_no_session_of_who_holds_the_lease)
{
    struct pair p;
    struct boss two;
    pair_open(&p);
    struct dr_model_session *s = stands_still(&p, false);
    boss_options(&two, &p, "two");
    two.o.wall_ms = lease_meanwhile;
    boss_start(&two);
    boss_rounds(&two, 3);
    cr_expect_gt(two.record.calls[DR_CALL_LEDGER_EPOCH], 0);
    cr_expect_eq(two.r.state, DR_ROUND_STANDBY, "%s", two.r.text);
    cr_expect(dr_model_sql_alive(s));
    dr_model_sql_close(s);
    pair_over(&p, &two);
}

/* A statement whose answer was lost may land as long as its session lives: the session is
 * killed and seen gone, and what cannot be seen is not called gone. Spared is only one
 * that is seen at the work it may go on with. */
Test(act, the_session_of_an_unknown_outcome_is_ended)
{
    struct pair p;
    struct boss b;
    struct dr_sql_answer out = {0};
    const char *where = "127.0.1.4:4000";
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until_step(&b, "hold-gc", 100);
    struct dr_model_session *s = pair_session(&p, "drover", where);
    uint64_t id = dr_model_sql_connection_id(s);
    pair_ctl(&p, "{\"fault\": \"hang\", \"at\": \"127.0.1.4:4000\"}");
    cr_expect_not(dr_authority_end_session(b.actor, EAST, where, id, NULL));
    pair_ctl(&p, "{\"fault\": \"unhang\", \"at\": \"127.0.1.4:4000\"}");
    cr_expect(dr_model_sql_alive(s));
    static const char slow[] = "SELECT SLEEP(60)";
    cr_assert_eq(dr_model_sql_query(s, slow, strlen(slow), &out, p.arena),
                 DR_MODEL_RUNNING);
    cr_expect(dr_authority_end_session(b.actor, EAST, where, id, "SELECT"));
    cr_expect(dr_model_sql_alive(s));
    cr_expect(dr_authority_end_session(b.actor, EAST, where, id, "BACKUP"));
    cr_expect_not(dr_model_sql_alive(s));
    cr_expect_not(dr_authority_end_session(b.actor, EAST, NULL, 0, NULL), "which?");
    dr_model_sql_close(s);
    pair_over(&p, &b);
}

/* A later revision is agreed on by both ledgers; from then on the earlier one, from a
 * stale checkout, changes nothing and takes nothing, though nobody holds the lease. */
Test(act, a_stale_checkout_changes_nothing)
{
    struct pair p;
    struct boss newer, older;
    pair_open(&p);
    pair_bootstrap(&p);
    boss_options(&newer, &p, "newer");
    newer.o.revision = "r2";
    p.topology.doc.meaning[0] = 'x';
    newer.o.history.descends = boss_descends;
    boss_start(&newer);
    boss_until(&newer, DR_ROUND_CONVERGED, 20);
    cr_expect_str_eq(pair_agreed(&p, "127.0.1.4:4000"), "\"r2\"");
    cr_expect_str_eq(pair_agreed(&p, "127.1.1.4:4000"), "\"r2\"");
    dr_actor_leave(newer.actor);
    boss_end(&newer);
    p.topology.doc.meaning[0] = 'y';
    p.topology.policy.drift[DR_DRIFT_VARIABLES] = DR_DRIFT_CORRECT;
    pair_sql(&p, "west", "SET GLOBAL tidb_ttl_job_enable = ON");
    boss_options(&older, &p, "older");
    older.o.history.descends = boss_descends;
    boss_start(&older);
    for (int i = 0; i < 10; i++) {
        boss_round(&older);
        cr_assert_eq(older.r.state, DR_ROUND_BLOCKED, "%s", older.r.text);
    }
    cr_expect(strstr(older.r.text, "DR-B026"), "%s", older.r.text);
    cr_expect_eq(dr_record_mutations(&older.record), 0);
    pair_over(&p, &older);
}

/* What `drover agree` writes while a controller is about to agree on its own revision. */
struct meddler {
    struct boss b;
    const char *row; /* NULL: written */
};

static void agree_meanwhile(void *arg, const struct dr_event *e)
{
    struct meddler *m = arg;
    if (!m->row || e->kind != DR_EVENT_START || strcmp(e->action->name, "agreed") != 0)
        return;
    pair_sql(m->b.pair, "east",
             dr_sprintf(m->b.pair->arena,
                        "UPDATE mysql.drover_ledger SET value = '%s' WHERE k = 'term'",
                        m->row));
    m->row = NULL;
}

Test(act, a_word_on_the_revision_is_not_overwritten)
{
    struct pair p;
    struct meddler m = {.row = NULL};
    pair_open(&p);
    pair_bootstrap(&p);
    boss_options(&m.b, &p, "two");
    m.b.o.revision = "r2";
    m.b.o.history.descends = boss_descends;
    p.topology.doc.meaning[0] = 'x';
    m.b.o.say = agree_meanwhile;
    m.row = /* inside of a JSON text */
        "{\\\"n\\\":1,\\\"cluster\\\":\\\"east\\\",\\\"operation\\\":\\\"genesis\\\","
        "\\\"tso\\\":\\\"0\\\",\\\"agreed\\\":\\\"r3\\\",\\\"by\\\":\\\"a person\\\"}";
    boss_start(&m.b);
    boss_rounds(&m.b, 10);
    cr_expect_null(m.row);
    cr_expect_str_eq(pair_agreed(&p, "127.0.1.4:4000"), "\"r3\"");
    pair_over(&p, &m.b);
}
