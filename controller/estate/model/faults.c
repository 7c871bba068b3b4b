/* What `drover-sim ctl` and the tests can break in the SQL half, and the faults that any
 * exchange may meet. */
#include <string.h>

#include "controller/base/json.h"
#include "controller/estate/model/audit.h"
#include "controller/estate/model/faults.h"
#include "controller/estate/model/sql_session.h"
#include "controller/estate/model/sql_vars.h"

/* ---- armed faults ---- */

/* "write" is every kind that writes, "PUT /path" a request. */
static bool is_kind(const char *only, const char *text)
{
    size_t word = strcspn(text, " ");
    const char *kind;
    if (text[word] == ' ' && text[word + 1] == '/') {
        char method[16];
        snprintf(method, sizeof(method), "%.*s", (int)(word < 15 ? word : 15), text);
        kind = dr_request_kind(method, text + word + 1);
    } else {
        kind = dr_statement_kind(text, strlen(text));
    }
    return strcmp(only, "write") == 0 ? dr_kind_writes(kind) : strcmp(only, kind) == 0;
}

const struct dr_fault *dr_model_fault_take(struct dr_model *m,
                                           const struct dr_address *at, const char *text)
{
    for (struct dr_fault **p = &m->faults; *p; p = &(*p)->next) {
        struct dr_fault *f = *p;
        if ((!f->any && !dr_address_equal(&f->at, at)) ||
            (f->match && !strcasestr(text, f->match)) ||
            (f->only && !is_kind(f->only, text)))
            continue;
        if (f->skip) {
            f->skip--;
            continue;
        }
        if (f->count && --f->count == 0)
            *p = f->next; /* the arena keeps it for the caller */
        return f;
    }
    return NULL;
}

static int take_address(const json_t *command, struct dr_address *at, struct dr_err *err)
{
    const char *text = dr_json_str(command, "at");
    if (!text || !dr_address_parse(at, text, 0))
        return dr_fail(err, DR_E_INPUT, "'at' must be host:port");
    return 0;
}

int64_t dr_fault_number(const json_t *command, const char *key, int64_t otherwise)
{
    int64_t n;
    return dr_json_i64(command, key, &n) ? n : otherwise;
}

static int arm(struct dr_model *m, const json_t *command, enum dr_fault_kind kind,
               struct dr_err *err)
{
    struct dr_fault *f = DR_NEW(m->arena, struct dr_fault), **p = &m->faults;
    const char *match = dr_json_str(command, "match"),
               *message = dr_json_str(command, "message");
    f->kind = kind;
    f->any = !dr_json_str(command, "at");
    int code = f->any ? 0 : take_address(command, &f->at, err);
    if (code)
        return code;
    f->match = dr_strdup(m->arena, match);
    f->only = dr_strdup(m->arena, dr_json_str(command, "kind"));
    f->message = dr_strdup(m->arena, message);
    f->number = (int)dr_fault_number(command, "number", 0);
    f->skip = (uint64_t)dr_fault_number(command, "skip", 0);
    f->count = (uint64_t)dr_fault_number(command, "count", 1);
    f->delay_ms = dr_fault_number(command, "ms", 1000);
    while (*p)
        p = &(*p)->next;
    *p = f;
    return 0;
}

#define ARM(name, kind)                                                                  \
    static int name(struct dr_model *m, const json_t *command, json_t **reply,           \
                    struct dr_err *err)                                                  \
    {                                                                                    \
        (void)reply;                                                                     \
        return arm(m, command, kind, err);                                               \
    }
ARM(run_drop_before, DR_FAULT_DROP_BEFORE)
ARM(run_drop_after, DR_FAULT_DROP_AFTER)
ARM(run_error, DR_FAULT_ERROR)
ARM(run_error_after, DR_FAULT_ERROR_AFTER)
ARM(run_late, DR_FAULT_SLOW)
ARM(run_lose, DR_FAULT_MUTE)

static int run_calm(struct dr_model *m, const json_t *command, json_t **reply,
                    struct dr_err *err)
{
    (void)command;
    (void)reply;
    (void)err;
    m->faults = NULL;
    return 0;
}

/* ---- instances ---- */

enum what { KILL, START, CUT, REACH, REFUSE, TAKE, HANG, UNHANG, LAG, UNLAG, SLOW };

/* The same for a process of PD, TiCDC or storage. */
static int process(struct dr_model *m, const json_t *command, enum what what,
                   const struct dr_address *at, struct dr_err *err)
{
    struct dr_model_process *p = dr_model_process(m, at);
    if (!p)
        return dr_fail(err, DR_E_INPUT, "nobody listens at '%s'",
                       dr_json_str(command, "at"));
    switch (what) {
    case KILL:
    case START:
        p->up = what == START;
        break;
    case CUT:
    case REACH:
        p->cut = what == CUT;
        break;
    case REFUSE:
    case TAKE:
        p->refuses = what == REFUSE;
        break;
    case HANG:
    case UNHANG:
        p->hung = what == HANG;
        break;
    case LAG:
    case UNLAG:
        return dr_fail(err, DR_E_INPUT, "only a SQL instance has variables that lag");
    case SLOW:
        p->slow_ms = dr_fault_number(command, "ms", 1000);
        break;
    }
    dr_model_process_changed(m, p);
    return 0;
}

static int instance(struct dr_model *m, const json_t *command, enum what what,
                    struct dr_err *err)
{
    struct dr_model_instance *in;
    struct dr_address at;
    int code = take_address(command, &at, err);
    if (code)
        return code;
    in = dr_model_instance(m, &at);
    if (!in)
        return process(m, command, what, &at, err);
    switch (what) {
    case KILL:
    case START:
        dr_model_instance_run(in, what == START);
        break;
    case CUT:
        in->cut = true;
        for (struct dr_model_session *s = in->cluster->sessions; s; s = s->next)
            if (s->in == in && !s->internal)
                dr_session_kill(s);
        break;
    case REACH:
        in->cut = false;
        break;
    case REFUSE:
    case TAKE:
        in->refuses = what == REFUSE;
        break;
    case HANG:
    case UNHANG:
        in->hung = what == HANG;
        break;
    case LAG:
        in->lagging = true;
        break;
    case UNLAG:
        in->lagging = false;
        dr_var_load(in);
        break;
    case SLOW:
        in->slow_ms = dr_fault_number(command, "ms", 1000);
        break;
    }
    return 0;
}

#define INSTANCE(name, what)                                                             \
    static int name(struct dr_model *m, const json_t *command, json_t **reply,           \
                    struct dr_err *err)                                                  \
    {                                                                                    \
        (void)reply;                                                                     \
        return instance(m, command, what, err);                                          \
    }
INSTANCE(run_kill, KILL)
INSTANCE(run_start, START)
INSTANCE(run_cut, CUT)
INSTANCE(run_reach, REACH)
INSTANCE(run_refuse, REFUSE)
INSTANCE(run_take, TAKE)
INSTANCE(run_hang, HANG)
INSTANCE(run_unhang, UNHANG)
INSTANCE(run_lag, LAG)
INSTANCE(run_unlag, UNLAG)
INSTANCE(run_slow, SLOW)

/* ---- clusters ---- */

int dr_fault_cluster(struct dr_model *m, const json_t *command,
                     struct dr_model_cluster **c, struct dr_err *err)
{
    const char *name = dr_json_str(command, "cluster");
    *c = name ? dr_model_cluster(m, name) : NULL;
    return *c ? 0 : dr_fail(err, DR_E_INPUT, "no cluster '%s'", name ? name : "");
}

static int run_clock(struct dr_model *m, const json_t *command, json_t **reply,
                     struct dr_err *err)
{
    struct dr_model_cluster *c;
    int code = dr_fault_cluster(m, command, &c, err);
    (void)reply;
    if (!code)
        c->clock_skew_ms = dr_fault_number(command, "ms", 0);
    return code;
}

static int run_gc(struct dr_model *m, const json_t *command, json_t **reply,
                  struct dr_err *err)
{
    struct dr_model_cluster *c;
    int code = dr_fault_cluster(m, command, &c, err);
    if (code)
        return code;
    dr_model_gc(c);
    *reply = json_pack("{s:o}", "safe_point", dr_json_u64_string(c->gc_safe_point));
    return 0;
}

static int run_collation(struct dr_model *m, const json_t *command, json_t **reply,
                         struct dr_err *err)
{
    struct dr_model_cluster *c;
    bool old = true;
    int code = dr_fault_cluster(m, command, &c, err);
    (void)reply;
    if (code)
        return code;
    if (!dr_json_bool(command, "old", &old))
        old = true;
    c->old_collation = old;
    return 0;
}

static void end_ddl(struct dr_model *m, void *arg, uint64_t id)
{
    struct dr_model_cluster *c = arg;
    for (size_t i = 0; i < c->db->job_count; i++) {
        if (c->db->jobs[i].id == (int64_t)id && !c->db->jobs[i].end_ms) {
            c->db->jobs[i].state = "synced";
            c->db->jobs[i].end_ms = dr_model_wall_ms(m);
        }
    }
}

/* An unfinished DDL job: somebody's long ADD INDEX. */
static int run_ddl(struct dr_model *m, const json_t *command, json_t **reply,
                   struct dr_err *err)
{
    struct dr_model_cluster *c;
    int code = dr_fault_cluster(m, command, &c, err);
    const char *schema = dr_json_str(command, "schema"),
               *table = dr_json_str(command, "table"),
               *state = dr_json_str(command, "state");
    if (code)
        return code;
    struct dr_change ch = {
        .start_tso = dr_model_tso(c),
        .kind = DR_CHANGE_DDL,
        .schema = dr_strdup(m->arena, schema ? schema : "test"),
        .ddl = dr_sprintf(m->arena, "ALTER TABLE %s ADD INDEX i(c)", table ? table : "t"),
        .ddl_type = "add index",
        .bdr_role = "",
    };
    dr_db_job(c->db, &ch, state ? dr_strdup(m->arena, state) : "running");
    int64_t id = c->db->jobs[c->db->job_count - 1].id;
    dr_model_at(m, m->now_ms + dr_fault_number(command, "ms", 60000), end_ddl, c,
                (uint64_t)id);
    *reply = json_pack("{s:I}", "job", (json_int_t)id);
    return 0;
}

/* A statement by hand, with every right, on the cluster's first instance. */
static int run_sql(struct dr_model *m, const json_t *command, json_t **reply,
                   struct dr_err *err)
{
    struct dr_model_cluster *c;
    struct dr_sql_answer out;
    const char *text = dr_json_str(command, "text");
    int code = dr_fault_cluster(m, command, &c, err);
    if (code)
        return code;
    if (!text)
        return dr_fail(err, DR_E_INPUT, "'text' is missing");
    struct dr_arena *a = dr_arena_new(0);
    struct dr_model_session *s = dr_session_internal(c, 0);
    if (dr_model_sql_internal(s, text, &out, a)) {
        code = dr_fail(err, DR_E_PEER, "%d: %s", out.error,
                       out.message ? out.message : "waits");
        if (err)
            err->foreign = out.error;
    } else {
        json_t *rows = json_array();
        for (size_t i = 0; i < out.row_count; i++) {
            json_t *row = json_array();
            for (size_t k = 0; k < out.column_count; k++) {
                const char *v = out.cells[i * out.column_count + k].text;
                json_array_append_new(row, v ? json_string(v) : json_null());
            }
            json_array_append_new(rows, row);
        }
        *reply =
            json_pack("{s:I, s:o}", "affected", (json_int_t)out.affected, "rows", rows);
    }
    dr_model_sql_close(s);
    dr_arena_free(a);
    return code;
}

static int run_state(struct dr_model *m, const json_t *command, json_t **reply,
                     struct dr_err *err)
{
    (void)command;
    (void)err;
    *reply = dr_model_state(m);
    return 0;
}

// clang-format off
const struct dr_model_command dr_model_ctl_sql[] = {
    {"drop-before", "[at, kind, match, skip, count]: the connection breaks, nothing was done", run_drop_before},
    {"drop-after",  "[at, kind, match, skip, count]: done, then the connection breaks", run_drop_after},
    {"lose",        "[at, kind, match, skip, count]: done, and no reply ever comes", run_lose},
    {"error",       "[at, kind, match, skip, count, number, message]: refused", run_error},
    {"error-after", "[at, kind, match, skip, count, number, message]: done, yet an error", run_error_after},
    {"late",        "[at, kind, match, skip, count, ms]: the answer comes later", run_late},
    {"calm",        "disarms all of the above", run_calm},
    {"kill",        "at: the process stops (tidb-server, PD, TiCDC, storage)", run_kill},
    {"start",       "at: it starts again", run_start},
    {"cut",         "at: runs, but nobody reaches it", run_cut},
    {"reach",       "at: can be reached again", run_reach},
    {"refuse",      "at: takes no new connections; SQL sessions that are there stay", run_refuse},
    {"take",        "at: takes connections again", run_take},
    {"hang",        "at: takes connections and never answers", run_hang},
    {"unhang",      "at: answers again", run_unhang},
    {"lag",         "at: other instances' SET GLOBAL do not reach it", run_lag},
    {"unlag",       "at: it reloads the stored variables", run_unlag},
    {"slow",        "at, ms: every answer of it comes later; 0: no more", run_slow},
    {"clock",       "cluster, ms: PD's clock against the wall", run_clock},
    {"gc",          "cluster: one round of GC now", run_gc},
    {"collation",   "cluster, old: new_collations_enabled_on_first_bootstrap", run_collation},
    {"ddl",         "cluster, [schema, table, state, ms]: an unfinished DDL job", run_ddl},
    {"sql",         "cluster, text: a statement with every right", run_sql},
    {"state",       "the whole state", run_state},
    {NULL, NULL, NULL},
};
// clang-format on

static const struct dr_model_command *find(const char *name)
{
    for (size_t t = 0; dr_model_ctl_tables[t]; t++)
        for (const struct dr_model_command *c = dr_model_ctl_tables[t]; c->name; c++)
            if (strcmp(c->name, name) == 0)
                return c;
    return NULL;
}

int dr_model_ctl(struct dr_model *m, const json_t *command, json_t **reply,
                 struct dr_err *err)
{
    const char *name = dr_json_str(command, "fault");
    const struct dr_model_command *c = name ? find(name) : NULL;
    json_t *none = NULL;
    if (!c) {
        struct dr_buf b;
        dr_buf_init(&b, 4096);
        for (size_t t = 0; dr_model_ctl_tables[t]; t++)
            for (c = dr_model_ctl_tables[t]; c->name; c++)
                dr_buf_addf(&b, "%s%s", b.len ? " " : "", c->name);
        int code = dr_fail(err, DR_E_INPUT, "no fault '%s'; known: %s", name ? name : "",
                           dr_buf_str(&b));
        dr_buf_release(&b);
        return code;
    }
    int code = c->run(m, command, reply ? reply : &none, err);
    json_decref(none);
    if (!code && reply && !*reply)
        *reply = json_object();
    return code;
}
