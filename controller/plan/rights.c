/* The table of privileges, and its words. What a statement needs is said in tidb:
 * pkg/planner/core/planbuilder.go (buildDDL, buildSimple, buildShow), pkg/executor/
 * simple.go and docs: privilege-management.md; TiCDC's list in docs: ticdc/ticdc-faq.md.
 * Ending sessions of the own account needs no privilege, nor does SHOW GRANTS beyond
 * SELECT: CONNECTION_ADMIN and SUPER are not asked for. */
#include "controller/plan/rights.h"

#include <string.h>

#include "controller/base/quote.h"
#include "controller/plan/view.h"

const char *dr_account_kind_name(enum dr_account_kind k)
{
    static const char *const names[DR_ACCOUNT_KIND_COUNT] = {
        [DR_ACCOUNT_CONTROLLER] = "controller",
        [DR_ACCOUNT_SINK] = "sink",
        [DR_ACCOUNT_APPLY] = "apply"};
    return names[k];
}

/* ---- when a privilege is needed ---- */

static bool manages(const struct dr_topology *t)
{
    return t->management == DR_MANAGE;
}

static bool copies(const struct dr_topology *t)
{
    return manages(t) && t->bootstrap.method == DR_BOOTSTRAP_BACKUP_RESTORE;
}

static bool beats(const struct dr_topology *t)
{
    return manages(t) && t->heartbeat;
}

static bool syncs(const struct dr_topology *t)
{
    return manages(t) && t->replication.sync_point.declared;
}

static bool has_roles(const struct dr_topology *t)
{
    return manages(t) && t->mode == DR_MODE_BIDIRECTIONAL;
}

struct right {
    unsigned accounts; /* bits 1u << enum dr_account_kind */
    enum dr_scope scope;
    enum dr_grant_on on;
    enum dr_privilege privilege;
    bool (*wanted)(const struct dr_topology *t); /* NULL: always */
    const char *why;
};

#define CONTROLLER (1u << DR_ACCOUNT_CONTROLLER)
#define SINK       (1u << DR_ACCOUNT_SINK)
#define APPLY      (1u << DR_ACCOUNT_APPLY)

// clang-format off
static const struct right rights[] = {
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_ALL, DR_PRIV_SELECT, NULL,
     "reads the ledger, mysql.user and mysql.tidb, all tables' definitions and row counts"},
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_ALL, DR_PRIV_PROCESS, NULL,
     "lists the cluster's instances and what runs on them"},
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_ALL, DR_PRIV_SUPER, has_roles,
     "reads and sets BDR roles"},
    {CONTROLLER, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_CREATE_USER, manages,
     "locks and unlocks the sink account and sets its password"},
    {CONTROLLER, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_CONNECTION_ADMIN, manages,
     "ends sessions of the sink account, which no lock and no new password ends"},
    {CONTROLLER, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_DROP, copies,
     "clears a restore that did not end, and schemas that came along"},
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_ALL, DR_PRIV_BACKUP_ADMIN, manages,
     "BACKUP on the primary; SHOW BACKUPS on both, at each takeover"},
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_ALL, DR_PRIV_RESTORE_ADMIN, manages,
     "RESTORE on the secondary; SHOW RESTORES on both, at each takeover"},
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_ALL, DR_PRIV_SYSTEM_VARIABLES_ADMIN, manages,
     "holds GC on the primary; fences the secondary and stops its TTL jobs"},
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_ALL, DR_PRIV_RESTRICTED_REPLICA_WRITER_ADMIN, manages,
     "writes its ledger behind a fence; SUPER does not include it"},
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_LEDGER, DR_PRIV_INSERT, manages, "notes what it is about to do"},
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_LEDGER, DR_PRIV_UPDATE, manages, "renews its lease"},
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_LEDGER, DR_PRIV_DELETE, manages, "clears what is discharged"},
    {CONTROLLER, DR_SCOPE_EACH, DR_ON_LEDGER, DR_PRIV_CREATE, manages, "makes its ledger"},
    {CONTROLLER, DR_SCOPE_PRIMARY, DR_ON_BEATS, DR_PRIV_INSERT, beats, "the first heartbeat"},
    {CONTROLLER, DR_SCOPE_PRIMARY, DR_ON_BEATS, DR_PRIV_UPDATE, beats, "each later one"},
    {CONTROLLER, DR_SCOPE_PRIMARY, DR_ON_BEATS, DR_PRIV_CREATE, beats, "makes the heartbeat's table"},

    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_SELECT, manages, "reads definitions before it writes"},
    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_INSERT, manages, "rows that were inserted"},
    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_UPDATE, manages, "rows that were updated"},
    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_DELETE, manages, "rows that were deleted or replaced"},
    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_CREATE, manages, "CREATE DATABASE and TABLE"},
    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_DROP, manages, "DROP, TRUNCATE and RENAME"},
    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_ALTER, manages, "ALTER TABLE"},
    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_INDEX, manages, "CREATE and DROP INDEX"},
    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_CREATE_VIEW, manages, "CREATE VIEW"},
    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_REFERENCES, manages, "tables with foreign keys"},
    {SINK, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_SYSTEM_VARIABLES_ADMIN, syncs,
     "sync points: SET GLOBAL tidb_external_ts"},
    {SINK | APPLY, DR_SCOPE_SECONDARY, DR_ON_ALL, DR_PRIV_RESTRICTED_REPLICA_WRITER_ADMIN, manages,
     "writes behind the fence; SUPER does not include it"},
};
// clang-format on
enum { RIGHT_COUNT = sizeof(rights) / sizeof(rights[0]) };

/* Every member of a mesh is both. */
static bool in_place(const struct dr_topology *t, enum dr_scope scope, size_t cluster)
{
    size_t a, b;
    dr_plan_pair(t, NULL, &a, &b);
    switch (scope) {
    case DR_SCOPE_PRIMARY:
        return t->mode == DR_MODE_BIDIRECTIONAL || cluster == a;
    case DR_SCOPE_SECONDARY:
        return t->mode == DR_MODE_BIDIRECTIONAL || cluster == b;
    case DR_SCOPE_EACH:
        return true;
    }
    return false;
}

static bool is_needed(const struct right *r, const struct dr_topology *t, size_t cluster,
                      enum dr_account_kind k)
{
    return (r->accounts >> k & 1) && (!r->wanted || r->wanted(t)) &&
           in_place(t, r->scope, cluster);
}

const char *dr_rights_user(const struct dr_topology *t, size_t cluster,
                           enum dr_account_kind k)
{
    const struct dr_redo_apply *apply = &t->replication.redo.apply;
    const char *users[DR_ACCOUNT_KIND_COUNT] = {
        [DR_ACCOUNT_CONTROLLER] = t->clusters[cluster].sql.user,
        [DR_ACCOUNT_SINK] = t->replication.sink.user,
        [DR_ACCOUNT_APPLY] = apply->declared ? apply->user : NULL};
    return users[k];
}

struct dr_rights dr_rights_needed(const struct dr_topology *t, size_t cluster,
                                  enum dr_account_kind k)
{
    struct dr_rights out = {{0}};
    for (size_t i = 0; i < RIGHT_COUNT && dr_rights_user(t, cluster, k); i++)
        if (is_needed(&rights[i], t, cluster, k))
            out.on[rights[i].on] |= 1u << rights[i].privilege;
    return out;
}

struct dr_rights dr_rights_missing(const struct dr_rights *needed,
                                   const struct dr_account *held)
{
    struct dr_rights out;
    for (unsigned on = 0; on < DR_ON_COUNT; on++)
        out.on[on] = needed->on[on] & ~dr_account_may(held, (enum dr_grant_on)on);
    return out;
}

bool dr_rights_none(const struct dr_rights *r)
{
    for (unsigned on = 0; on < DR_ON_COUNT; on++)
        if (r->on[on])
            return false;
    return true;
}

/* ---- words ---- */

static void add_names(uint32_t bits, struct dr_buf *out)
{
    const char *sep = "";
    for (unsigned p = 0; p < DR_PRIV_COUNT; p++) {
        if (!(bits >> p & 1))
            continue;
        dr_buf_addf(out, "%s%s", sep, dr_privilege_name((enum dr_privilege)p));
        sep = ", ";
    }
}

void dr_rights_text(const struct dr_rights *r, struct dr_buf *out)
{
    const char *sep = "";
    for (unsigned on = 0; on < DR_ON_COUNT; on++) {
        if (!r->on[on])
            continue;
        dr_buf_adds(out, sep);
        add_names(r->on[on], out);
        if (on != DR_ON_ALL)
            dr_buf_addf(out, " on %s", dr_grant_on_name((enum dr_grant_on)on));
        sep = "; ";
    }
}

/* Dynamic privileges have a statement of their own, as in SHOW GRANTS. */
static const uint32_t kinds[] = {~DR_PRIV_DYNAMIC, DR_PRIV_DYNAMIC};

void dr_rights_sql(const struct dr_rights *r, const char *to, struct dr_buf *out)
{
    const char *sep = "";
    for (unsigned on = 0; on < DR_ON_COUNT; on++) {
        for (size_t k = 0; k < 2; k++) {
            if (!(r->on[on] & kinds[k]))
                continue;
            dr_buf_addf(out, "%sGRANT ", sep);
            add_names(r->on[on] & kinds[k], out);
            dr_buf_addf(out, " ON %s TO %s", dr_grant_on_name((enum dr_grant_on)on), to);
            sep = "; ";
        }
    }
}

/* ---- whole accounts ---- */

static const char *place_name(const struct dr_topology *t, size_t cluster)
{
    if (t->mode == DR_MODE_BIDIRECTIONAL)
        return "member";
    return in_place(t, DR_SCOPE_PRIMARY, cluster) ? "primary" : "secondary";
}

/* A hash that no password is known to have: nobody logs in before drover set one. */
#define NO_PASSWORD                                                                      \
    "IDENTIFIED WITH 'mysql_native_password' AS "                                        \
    "'*0000000000000000000000000000000000000000' ACCOUNT LOCK"

static void create_user(const struct dr_topology *t, size_t cluster,
                        enum dr_account_kind k, struct dr_buf *out)
{
    const char *user = dr_rights_user(t, cluster, k);
    bool tls = t->clusters[cluster].sql.tls.mode != DR_TLS_DISABLED;
    dr_buf_adds(out, "CREATE USER IF NOT EXISTS ");
    dr_sql_add_string(out, user, strlen(user));
    dr_buf_adds(out, "@'%' ");
    if (k == DR_ACCOUNT_CONTROLLER)
        dr_buf_addf(out, "IDENTIFIED BY <password>%s", tls ? " REQUIRE SSL" : "");
    else
        dr_buf_adds(out, NO_PASSWORD);
}

static void about_account(const struct dr_topology *t, size_t cluster,
                          enum dr_account_kind k, struct dr_buf *out)
{
    const struct dr_secret_ref *secret = &t->clusters[cluster].sql.password;
    static const char *const about[DR_ACCOUNT_KIND_COUNT] = {
        [DR_ACCOUNT_CONTROLLER] =
            "controller: drover itself. Put the quoted password in place of <password>,\n"
            "-- the one that drover reads from",
        [DR_ACCOUNT_SINK] = "sink: TiCDC writes as this one. Locked: drover gives it a "
                            "password and unlocks it\n"
                            "-- for as long as a changefeed of its own needs it",
        [DR_ACCOUNT_APPLY] = "apply: redo logs are applied as this one after a disaster. "
                             "Kept locked"};
    dr_buf_addf(out, "\n-- %s", about[k]);
    if (k == DR_ACCOUNT_CONTROLLER)
        dr_buf_addf(out, " %s %s", secret->env ? "environment variable" : "file",
                    secret->env    ? secret->env
                    : secret->file ? secret->file
                                   : "(nothing is declared)");
    dr_buf_adds(out, ".\n");
}

/* One statement of each object and kind, below the reasons of its privileges. */
static void add_grants(const struct dr_topology *t, size_t cluster,
                       enum dr_account_kind k, const char *to, struct dr_buf *out)
{
    struct dr_rights all = dr_rights_needed(t, cluster, k);
    for (unsigned on = 0; on < DR_ON_COUNT; on++) {
        for (size_t kind = 0; kind < 2; kind++) {
            struct dr_rights one = {{0}};
            one.on[on] = all.on[on] & kinds[kind];
            if (!one.on[on])
                continue;
            for (size_t i = 0; i < RIGHT_COUNT; i++)
                if (rights[i].on == on && is_needed(&rights[i], t, cluster, k) &&
                    (one.on[on] >> rights[i].privilege & 1))
                    dr_buf_addf(out, "-- %s: %s\n",
                                dr_privilege_name(rights[i].privilege), rights[i].why);
            dr_rights_sql(&one, to, out);
            dr_buf_adds(out, ";\n");
        }
    }
}

void dr_grants_text(const struct dr_topology *t, size_t cluster, struct dr_buf *out)
{
    dr_buf_addf(out, "-- topology %s, cluster %s, %s %s\n", t->doc.metadata.name,
                t->clusters[cluster].name, t->mode == DR_MODE_BIDIRECTIONAL ? "a" : "the",
                place_name(t, cluster));
    for (unsigned k = 0; k < DR_ACCOUNT_KIND_COUNT; k++) {
        struct dr_rights r = dr_rights_needed(t, cluster, (enum dr_account_kind)k);
        if (dr_rights_none(&r))
            continue;
        const char *user = dr_rights_user(t, cluster, (enum dr_account_kind)k);
        struct dr_buf to;
        dr_buf_init(&to, 1 << 12);
        dr_sql_add_string(&to, user, strlen(user));
        dr_buf_adds(&to, "@'%'");
        about_account(t, cluster, (enum dr_account_kind)k, out);
        create_user(t, cluster, (enum dr_account_kind)k, out);
        dr_buf_adds(out, ";\n");
        add_grants(t, cluster, (enum dr_account_kind)k, dr_buf_str(&to), out);
        dr_buf_release(&to);
    }
}

/* ---- for a program ---- */

static json_t *grants_json(const struct dr_rights *r, const char *to)
{
    json_t *list = json_array();
    for (unsigned on = 0; on < DR_ON_COUNT; on++) {
        for (size_t k = 0; k < 2; k++) {
            struct dr_rights one = {{0}};
            struct dr_buf b;
            one.on[on] = r->on[on] & kinds[k];
            if (!one.on[on])
                continue;
            dr_buf_init(&b, 1 << 12);
            dr_rights_sql(&one, to, &b);
            json_array_append_new(list, json_string(dr_buf_str(&b)));
            dr_buf_release(&b);
        }
    }
    return list;
}

static json_t *account_json(const struct dr_topology *t, size_t cluster,
                            enum dr_account_kind k, const struct dr_rights *r)
{
    json_t *o = json_object(), *list = json_array();
    const char *user = dr_rights_user(t, cluster, k);
    struct dr_buf b;
    dr_buf_init(&b, 1 << 12);
    json_object_set_new(o, "account", json_string(dr_account_kind_name(k)));
    json_object_set_new(o, "user", json_string(user));
    create_user(t, cluster, k, &b);
    json_object_set_new(o, "createUser", json_string(dr_buf_str(&b)));
    dr_buf_clear(&b);
    dr_sql_add_string(&b, user, strlen(user));
    dr_buf_adds(&b, "@'%'");
    json_object_set_new(o, "grants", grants_json(r, dr_buf_str(&b)));
    dr_buf_release(&b);
    for (size_t i = 0; i < RIGHT_COUNT; i++) {
        if (!is_needed(&rights[i], t, cluster, k))
            continue;
        json_t *p = json_object();
        json_object_set_new(p, "privilege",
                            json_string(dr_privilege_name(rights[i].privilege)));
        json_object_set_new(p, "on", json_string(dr_grant_on_name(rights[i].on)));
        json_object_set_new(p, "why", json_string(rights[i].why));
        json_array_append_new(list, p);
    }
    json_object_set_new(o, "privileges", list);
    return o;
}

json_t *dr_grants_json(const struct dr_topology *t, const struct dr_cluster *only)
{
    json_t *o = json_object(), *clusters = json_array();
    json_object_set_new(o, "formatVersion", json_integer(1));
    json_object_set_new(o, "topology", json_string(t->doc.metadata.name));
    for (size_t c = 0; c < t->cluster_count; c++) {
        if (only && only != &t->clusters[c])
            continue;
        json_t *x = json_object(), *accounts = json_array();
        json_object_set_new(x, "cluster", json_string(t->clusters[c].name));
        json_object_set_new(x, "place", json_string(place_name(t, c)));
        for (unsigned k = 0; k < DR_ACCOUNT_KIND_COUNT; k++) {
            struct dr_rights r = dr_rights_needed(t, c, (enum dr_account_kind)k);
            if (!dr_rights_none(&r))
                json_array_append_new(accounts,
                                      account_json(t, c, (enum dr_account_kind)k, &r));
        }
        json_object_set_new(x, "accounts", accounts);
        json_array_append_new(clusters, x);
    }
    json_object_set_new(o, "clusters", clusters);
    return o;
}
