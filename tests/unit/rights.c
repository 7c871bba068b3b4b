/* The table of privileges against the model: with exactly what `drover grants` prints a
 * pair is made, each privilege is used on the way, and without any one of them the plan
 * is blocked by the very GRANT that heals it. */
#include <string.h>

#include "controller/base/json.h"
#include "controller/observe/observe.h"
#include "controller/plan/ready.h"
#include "controller/plan/rights.h"
#include "tests/unit/act_kit.h"

static const char *const passwords[] = {"east-drover", "west-drover"};

/* Runs a statement of `drover grants`, with the password in its place. */
static void run(struct pair *p, size_t c, const char *text)
{
    const char *gap = strstr(text, "<password>");
    pair_sql(p, p->topology.clusters[c].name,
             gap ? dr_sprintf(p->arena, "%.*s'%s'%s", (int)(gap - text), text,
                              passwords[c], gap + strlen("<password>"))
                 : text);
}

static json_t *account(const json_t *grants, size_t c, size_t k)
{
    return json_array_get(
        json_object_get(json_array_get(json_object_get(grants, "clusters"), c),
                        "accounts"),
        k);
}

/* The accounts of the pair, made by what `drover grants` prints and nothing else. */
static json_t *make_accounts(struct pair *p)
{
    static const char *const old[][3] = {{"drover"}, {"drover", "cdc", "redo"}};
    json_t *grants = dr_grants_json(&p->topology, NULL);
    for (size_t c = 0; c < 2; c++) {
        json_t *a;
        for (size_t i = 0; i < 3 && old[c][i]; i++)
            run(p, c, dr_sprintf(p->arena, "DROP USER '%s'", old[c][i]));
        for (size_t k = 0; (a = account(grants, c, k)); k++) {
            size_t i;
            json_t *g;
            run(p, c, json_string_value(json_object_get(a, "createUser")));
            json_array_foreach(json_object_get(a, "grants"), i, g)
                run(p, c, json_string_value(g));
        }
    }
    return grants;
}

static bool has(const json_t *list, const char *word)
{
    size_t i;
    json_t *x;
    json_array_foreach(list, i,
                       x) if (strcmp(json_string_value(x), word) == 0) return true;
    return false;
}

/* What the account was granted and never used, what it used beyond the table; "": both
 * are the same. Privileges in `but` go unused in this version. */
static const char *difference(struct pair *p, const json_t *a, size_t c, const char *but)
{
    const char *user = json_string_value(json_object_get(a, "user")), *out = "";
    json_t *used = dr_model_sql_used(p->model, p->topology.clusters[c].name, user), *x;
    json_t *wanted = json_array();
    size_t i;
    json_array_foreach(json_object_get(a, "privileges"), i, x)
    {
        const char *name = json_string_value(json_object_get(x, "privilege"));
        const char *on = json_string_value(json_object_get(x, "on"));
        const char *line = dr_sprintf(p->arena, "%s ON %s", name, on);
        json_array_append_new(wanted, json_string(line));
        if (!has(used, line) && !strstr(but, dr_sprintf(p->arena, "[%s]", name)))
            out = dr_sprintf(p->arena, "%s unused: %s;", out, line);
    }
    json_array_foreach(used, i, x) if (!has(wanted, json_string_value(x))) out =
        dr_sprintf(p->arena, "%s not in the table: %s;", out, json_string_value(x));
    json_decref(used);
    json_decref(wanted);
    return out;
}

/* What a sink may meet: one statement of each kind. */
static const char *const changes[] = {
    "CREATE DATABASE more",
    "CREATE TABLE more.a (id INT PRIMARY KEY, v INT)",
    ("CREATE TABLE more.b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES more.a "
     "(id))"),
    "INSERT INTO more.a VALUES (1, 1), (2, 2)",
    "UPDATE more.a SET v = 3 WHERE id = 1",
    "DELETE FROM more.a WHERE id = 2",
    "ALTER TABLE more.a ADD COLUMN w INT",
    "CREATE INDEX by_v ON more.a (v)",
    "DROP INDEX by_v ON more.a",
    "RENAME TABLE more.b TO more.c",
    "TRUNCATE TABLE more.c",
    "DROP TABLE more.c",
};

Test(rights, what_is_granted_is_enough_and_all_of_it_is_used)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    json_t *grants = make_accounts(&p);
    pair_sql(&p, "west", "CREATE DATABASE drover");
    pair_sql(&p, "west",
             "CREATE TABLE drover.heartbeat (origin VARCHAR(64) PRIMARY KEY, "
             "tso BIGINT UNSIGNED)");
    struct dr_model_session *old = pair_sink_session(&p, "127.1.1.5:4000");
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 300);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        pair_sql(&p, "east", changes[i]);
    boss_pass(&b, 11 * 60 * 1000); /* there is a syncpoint every ten minutes */
    cr_expect_str_eq(pair_cell(&p, "127.1.1.4:4000", "SELECT v FROM more.a"), "3");
    /* an operator fences the primary: the ledger stays writable */
    pair_sql(&p, "east", "SET GLOBAL tidb_super_read_only = ON");
    boss_pass(&b, 60000);
    boss_rounds(&b, 5);
    cr_expect_eq(b.r.plan->is_protected, DR_TRUE, "%s", b.said);
    boss_end(&b);
    cr_expect_str_eq(difference(&p, account(grants, EAST, 0), EAST, ""), "");
    cr_expect_str_eq(difference(&p, account(grants, WEST, 0), WEST, ""), "");
    /* The model has no views, and its TiCDC writes REPLACE as in safe mode; docs: ticdc/
     * ticdc-faq.md names both privileges. */
    cr_expect_str_eq(
        difference(&p, account(grants, WEST, 1), WEST, "[CREATE VIEW][UPDATE]"), "");
    cr_expect_not(dr_model_sql_alive(old));
    dr_model_sql_close(old);
    json_decref(grants);
    pair_close(&p);
}

/* What differs between the table and what both accounts of the pair used, on both sides.
 */
static const char *differences(struct pair *p, const json_t *grants, const char *but)
{
    const char *out = "";
    json_t *a;
    for (size_t c = 0; c < 2; c++)
        for (size_t k = 0; (a = account(grants, c, k)); k++)
            out = dr_sprintf(p->arena, "%s%s", out, difference(p, a, c, but));
    return out;
}

/* The sink is let in, and not much more: what it writes is tried above. */
#define OF_THE_SINK                                                                      \
    "[SELECT][UPDATE][DELETE][CREATE][DROP][ALTER][INDEX][CREATE VIEW][REFERENCES]"      \
    "[CONNECTION_ADMIN]" /* no session was left over */

Test(rights, of_data_that_is_equal_already)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {0};
    pair_open(&p);
    pair_declare(&p, &edge);
    p.topology.replication.redo.apply.declared = false;
    json_t *grants = make_accounts(&p);
    p.topology.bootstrap.start_ts = pair_copy_by_hand(&p);
    boss_open_approved(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    pair_sql(&p, "east", "SET GLOBAL tidb_super_read_only = ON");
    boss_pass(&b, 60000);
    boss_rounds(&b, 5);
    cr_expect_eq(b.r.plan->is_protected, DR_TRUE, "%s", b.said);
    boss_end(&b);
    cr_expect_str_eq(differences(&p, grants, OF_THE_SINK), "");
    json_decref(grants);
    pair_close(&p);
}

Test(rights, of_a_feed_to_adopt)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {.id = "by-hand"};
    pair_open(&p);
    pair_declare(&p, &edge);
    p.topology.replication.redo.apply.declared = false;
    json_t *grants = make_accounts(&p);
    pair_make_feed(&p, "by-hand", pair_copy_by_hand(&p), "");
    boss_open_approved(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    pair_sql(&p, "east", "SET GLOBAL tidb_super_read_only = ON");
    boss_pass(&b, 60000);
    boss_rounds(&b, 5);
    cr_expect_eq(b.r.plan->is_protected, DR_TRUE, "%s", b.said);
    boss_end(&b);
    /* GC is held, and the sink locked, for a generation of drover's own */
    cr_expect_str_eq(
        differences(&p, grants, OF_THE_SINK "[CREATE USER][SYSTEM_VARIABLES_ADMIN]"), "");
    json_decref(grants);
    pair_close(&p);
}

/* ---- without one of them ---- */

struct looker {
    struct pair *pair;
    struct dr_access *access;
    struct dr_carrier *carrier;
    struct dr_estate *estate;
    struct dr_observer *observer;
    struct dr_arena *arena;
};

static void looker_open(struct looker *l, struct pair *p)
{
    struct dr_err err = {0};
    *l = (struct looker){.pair = p, .arena = dr_arena_new(0)};
    cr_assert_eq(dr_access_open(&l->access, &p->topology, NULL, &err), 0, "%s", err.text);
    l->carrier = dr_model_carrier(p->model, 1, "127.9.9.9");
    l->estate = dr_wire_new(&p->topology, l->access, l->carrier);
    l->observer = dr_observer_new(&p->topology, l->access, l->estate);
}

static void looker_close(struct looker *l)
{
    dr_observer_free(l->observer);
    l->carrier->hang_up(l->carrier, NULL);
    l->estate->free(l->estate);
    l->carrier->free(l->carrier);
    dr_access_free(l->access);
    dr_arena_free(l->arena);
}

static const struct dr_readiness *look(struct looker *l)
{
    struct dr_plan_input in = {.topology = &l->pair->topology, .revision = "r1"};
    dr_arena_reset(l->arena);
    dr_observe_afresh(l->observer);
    in.facts = dr_observe(l->observer, dr_model_wall_ms(l->pair->model));
    return dr_ready_build(&in, l->arena);
}

/* The line that names the GRANT; NULL: nothing does. */
static const struct dr_ready_line *find(const struct dr_readiness *r, const char *cluster,
                                        const char *grant)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->lines[i].state == DR_READY_BLOCKS && r->lines[i].way_out &&
            strcmp(r->lines[i].subject, cluster) == 0 &&
            strcmp(r->lines[i].way_out, grant) == 0)
            return &r->lines[i];
    return NULL;
}

static const char *first_block(const struct dr_readiness *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->lines[i].state == DR_READY_BLOCKS)
            return r->lines[i].fact;
    return "nothing blocks";
}

/* Without SELECT or PROCESS the clusters cannot even be read: what is unknown blocks. */
static bool is_for_reading(const char *privilege)
{
    return strcmp(privilege, "SELECT") == 0 || strcmp(privilege, "PROCESS") == 0;
}

static void without(struct looker *l, size_t c, const json_t *a, const json_t *x)
{
    struct pair *p = l->pair;
    const char *cluster = p->topology.clusters[c].name;
    const char *user = json_string_value(json_object_get(a, "user"));
    const char *name = json_string_value(json_object_get(x, "privilege"));
    const char *on = json_string_value(json_object_get(x, "on"));
    bool own = strcmp(user, "drover") == 0;
    /* a grant on a table that is not there takes CREATE along */
    bool ledger = strcmp(on, "mysql.drover_ledger") == 0 && strcmp(name, "CREATE") != 0;
    const char *grant = dr_sprintf(p->arena, "GRANT %s%s ON %s TO '%s'@'%%'", name,
                                   ledger ? ", CREATE" : "", on, user);
    pair_sql(p, cluster,
             dr_sprintf(p->arena, "REVOKE %s ON %s FROM '%s'@'%%'", name, on, user));
    const struct dr_readiness *r = look(l);
    cr_expect(r->by_state[DR_READY_BLOCKS], "%s lacks %s on %s", user, name, cluster);
    if (!own || !is_for_reading(name))
        cr_expect(find(r, cluster, grant), "%s: %s; but: %s", cluster, grant,
                  first_block(r));
    pair_sql(p, cluster, grant);
    r = look(l);
    cr_expect_eq(r->by_state[DR_READY_BLOCKS], 0, "after %s: %s", grant, first_block(r));
}

Test(rights, without_any_of_them_the_plan_names_it)
{
    struct pair p;
    struct looker l;
    size_t tried = 0;
    pair_open(&p);
    json_t *grants = make_accounts(&p), *a, *x;
    looker_open(&l, &p);
    cr_assert_eq(look(&l)->by_state[DR_READY_BLOCKS], 0, "%s", first_block(look(&l)));
    for (size_t c = 0; c < 2; c++) {
        for (size_t k = 0; (a = account(grants, c, k)); k++) {
            size_t i;
            json_array_foreach(json_object_get(a, "privileges"), i, x)
            {
                without(&l, c, a, x);
                tried++;
            }
        }
    }
    cr_expect_eq(tried, 13 + 13 + 12 + 11, "%zu", tried);
    looker_close(&l);
    json_decref(grants);
    pair_close(&p);
}

/* Behind a fence nobody without the bypass can grant, root neither: the way out says in
 * which order root gets it done. */
Test(rights, lost_behind_the_fence)
{
    struct pair p;
    struct looker l;
    const char *way_out = NULL;
    pair_open(&p);
    pair_bootstrap(&p);
    pair_sql(&p, "west",
             "REVOKE RESTRICTED_REPLICA_WRITER_ADMIN ON *.* FROM 'drover'@'%'");
    looker_open(&l, &p);
    const struct dr_readiness *r = look(&l);
    for (size_t i = 0; i < r->count; i++)
        if (r->lines[i].code && strcmp(r->lines[i].code, "DR-B030") == 0 &&
            r->lines[i].state == DR_READY_BLOCKS)
            way_out = dr_strdup(p.arena, r->lines[i].way_out);
    cr_assert(way_out, "no policy lets that be");
    const char *alone = strstr(way_out, "keep business away first");
    way_out = alone ? strstr(alone, "then: ") : NULL;
    cr_assert(way_out, "where nobody else holds it");
    way_out += strlen("then: ");
    for (const char *at = way_out; *at;) {
        size_t len = strcspn(at, ";");
        (void)pair_cell(&p, "127.1.1.4:4000", dr_strndup(p.arena, at, len));
        at += len;
        at += strspn(at, "; ");
    }
    cr_expect_str_eq(pair_cell(&p, "127.1.1.4:4000", "SELECT @@tidb_super_read_only"),
                     "1");
    r = look(&l);
    for (size_t i = 0; i < r->count; i++)
        cr_expect(!r->lines[i].code || strcmp(r->lines[i].code, "DR-B030") != 0 ||
                      r->lines[i].state == DR_READY_OK,
                  "%s", r->lines[i].fact);
    looker_close(&l);
    pair_close(&p);
}

/* Who only looks needs to read, and reads all. */
Test(rights, of_one_that_only_looks)
{
    struct pair p;
    struct looker l;
    pair_open(&p);
    p.topology.management = DR_OBSERVE;
    json_t *grants = make_accounts(&p);
    cr_assert_eq(json_array_size(json_object_get(account(grants, EAST, 0), "privileges")),
                 2);
    looker_open(&l, &p);
    const struct dr_readiness *r = look(&l);
    for (size_t i = 0; i < r->count; i++)
        cr_expect(r->lines[i].known, "%s", r->lines[i].fact);
    cr_expect_str_eq(differences(&p, grants, ""), "");
    looker_close(&l);
    json_decref(grants);
    pair_close(&p);
}

/* Nobody below SUPER may lock one who holds it. */
Test(rights, a_sink_above_the_controller)
{
    struct pair p;
    struct looker l;
    pair_open(&p);
    looker_open(&l, &p);
    pair_sql(&p, "west", "GRANT SUPER ON *.* TO 'cdc'@'%'");
    cr_expect(find(look(&l), "west", "REVOKE SUPER ON *.* FROM 'cdc'@'%'"));
    pair_sql(&p, "west", "REVOKE SUPER ON *.* FROM 'cdc'@'%'");
    cr_expect_eq(look(&l)->by_state[DR_READY_BLOCKS], 0);
    looker_close(&l);
    pair_close(&p);
}
