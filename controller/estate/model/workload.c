/* The workload: threads, their transactions, and what they were told. */
#include "controller/estate/model/workload.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_session.h"

enum {
    CHANGES = 3,         /* of one transaction */
    PATIENCE_MS = 10000, /* for one answer */
    TICK_MAX_MS = 50,
    ROWS_MAX = 1000000, /* remembered; then it stops by itself */
    THREADS_MAX = 64,
    TABLES_MAX = 32,
    RATE_MAX = 10000,
    FENCED = 1836,
    NO_TABLE = 1146,
    TOKEN_BITS = 40,
};

struct change {
    size_t row;
    uint32_t seq; /* that it then has; 0: deleted */
};

enum step { IDLE, BEGIN, CHANGE, COMMIT, ROLLBACK };

struct dr_load_thread {
    struct dr_model_session *session;
    size_t target; /* of the instances it may use */
    enum step step;
    struct change changes[CHANGES];
    size_t count, next;
    bool sent;        /* the statement of this step went out, its answer is waited for */
    bool undecided;   /* sent into a network that carries nothing */
    int64_t since_ms; /* the answer is waited for since */
};

void dr_workload_table(size_t i, char out[32])
{
    snprintf(out, 32, "load_%zu", i);
}

uint64_t dr_workload_token(const struct dr_workload *w, size_t row)
{
    return w->number << TOKEN_BITS | (row + 1);
}

const struct dr_load_row *dr_workload_row(const struct dr_workload *w, uint64_t token)
{
    uint64_t row = token & ((UINT64_C(1) << TOKEN_BITS) - 1);
    return token >> TOKEN_BITS == w->number && row && row <= w->row_count
               ? &w->rows[row - 1]
               : NULL;
}

/* ---- where to ---- */

static size_t target_count(const struct dr_workload *w)
{
    size_t n = 0;
    if (w->instance)
        return 1;
    for (size_t i = 0; i < w->m->cluster_count; i++)
        if (!w->cluster || w->cluster == &w->m->clusters[i])
            n += w->m->clusters[i].instance_count;
    return n;
}

static const struct dr_model_instance *target(const struct dr_workload *w, size_t i)
{
    i %= target_count(w);
    for (size_t c = 0; c < w->m->cluster_count && !w->instance; c++) {
        const struct dr_model_cluster *cluster = &w->m->clusters[c];
        if (w->cluster && w->cluster != cluster)
            continue;
        if (i < cluster->instance_count)
            return &cluster->instances[i];
        i -= cluster->instance_count;
    }
    return w->instance;
}

static bool heard(const struct dr_workload *w, const struct dr_address *at)
{
    const struct dr_model_client me = {.host = w->peer};
    return dr_model_reached_by(w->m, &me, at);
}

/* ---- outcomes ---- */

static void note_error(struct dr_workload *w, int error)
{
    char number[16];
    snprintf(number, sizeof(number), "%d", error);
    json_int_t n = json_integer_value(json_object_get(w->errors, number));
    json_object_set_new(w->errors, number, json_integer(n + 1));
}

static void acknowledge(struct dr_workload *w, struct dr_load_thread *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct dr_load_row *r = &w->rows[t->changes[i].row];
        r->acknowledged = t->changes[i].seq;
        r->has_acknowledged = true;
        r->cluster = (uint32_t)t->session->c->index;
    }
    w->acknowledged++;
    w->last_acknowledged_ms = dr_model_wall_ms(w->m);
}

/* From when COMMIT is sent until its answer is there nobody knows; so it stays when there
 * never is one. */
static void set_open(struct dr_workload *w, const struct dr_load_thread *t, bool open)
{
    for (size_t i = 0; i < t->count; i++) {
        struct dr_load_row *r = &w->rows[t->changes[i].row];
        r->unknown = t->changes[i].seq;
        r->has_unknown = open;
    }
}

static void hang_up(struct dr_load_thread *t)
{
    if (t->session)
        dr_model_sql_close(t->session);
    t->session = NULL;
    t->step = IDLE;
    t->sent = t->undecided = false;
}

/* The connection broke, or the answer is overdue. */
static void broken(struct dr_workload *w, struct dr_load_thread *t)
{
    if (t->step == COMMIT && t->sent)
        w->unknown++;
    else if (t->step != IDLE && t->step != ROLLBACK)
        w->failed++;
    hang_up(t);
    t->target++;
}

static void refused(struct dr_workload *w, struct dr_load_thread *t, int error)
{
    note_error(w, error);
    if (t->step == ROLLBACK) { /* nothing is open then */
        hang_up(t);
        return;
    }
    if (error == FENCED)
        w->refused++;
    else
        w->failed++;
    if (error == FENCED && !w->cluster && !w->instance) { /* tries another door */
        hang_up(t);
        t->target++;
    } else {
        t->step = ROLLBACK;
    }
}

/* ---- one transaction ---- */

static uint32_t now_seq(const struct dr_load_row *r)
{
    return r->has_acknowledged && !r->has_unknown ? r->acknowledged : 0;
}

/* A row of this thread that is there for sure; false: none was found at once. */
static bool pick_old(struct dr_workload *w, size_t thread, size_t *row)
{
    for (int tries = 0; tries < 8 && w->row_count; tries++) {
        size_t i = dr_prng_below(&w->prng, w->row_count);
        i -= i % w->thread_count;
        i += thread;
        if (i < w->row_count && now_seq(&w->rows[i])) {
            *row = i;
            return true;
        }
    }
    return false;
}

/* Rows belong to threads by their number: new ones are made for all threads at once. */
static size_t new_row(struct dr_workload *w, size_t thread)
{
    size_t row = w->row_count - w->row_count % w->thread_count + thread;
    if (row < w->row_count)
        row += w->thread_count;
    if (row >= w->row_room) {
        w->row_room = w->row_room ? w->row_room * 2 : 1024;
        while (row >= w->row_room)
            w->row_room *= 2;
        w->rows = dr_xrealloc(w->rows, w->row_room * sizeof(*w->rows));
    }
    while (w->row_count <= row)
        w->rows[w->row_count++] = (struct dr_load_row){0};
    return row;
}

static void draw(struct dr_workload *w, size_t thread)
{
    struct dr_load_thread *t = &w->threads[thread];
    uint64_t dice = dr_prng_below(&w->prng, 8);
    size_t old;
    t->count = t->next = 0;
    bool has_old = dice < 4 && pick_old(w, thread, &old);
    t->changes[t->count++] = (struct change){new_row(w, thread), 1};
    if (has_old)
        t->changes[t->count++] =
            (struct change){old, dice ? w->rows[old].acknowledged + 1 : 0};
    t->step = BEGIN;
}

static void statement(const struct dr_workload *w, const struct dr_load_thread *t,
                      struct dr_buf *out)
{
    static const char *const fixed[] = {
        [IDLE] = "", [BEGIN] = "BEGIN", [COMMIT] = "COMMIT", [ROLLBACK] = "ROLLBACK"};
    if (t->step != CHANGE) {
        dr_buf_adds(out, fixed[t->step]);
        return;
    }
    const struct change *ch = &t->changes[t->next];
    uint64_t token = dr_workload_token(w, ch->row);
    char table[32];
    dr_workload_table(ch->row / w->thread_count % w->table_count, table);
    if (!ch->seq)
        dr_buf_addf(out, "DELETE FROM %s WHERE token = %" PRIu64, table, token);
    else if (ch->seq > 1)
        dr_buf_addf(out, "UPDATE %s SET seq = %u WHERE token = %" PRIu64, table, ch->seq,
                    token);
    else
        dr_buf_addf(out,
                    "INSERT INTO %s (token, seq, said) VALUES (%" PRIu64 ", 1, '%s')",
                    table, token, w->name);
}

/* Goes on after a good answer. */
static void advance(struct dr_workload *w, struct dr_load_thread *t)
{
    if (t->step == COMMIT)
        acknowledge(w, t);
    if (t->step == BEGIN)
        t->step = CHANGE;
    else if (t->step == CHANGE && ++t->next == t->count)
        t->step = COMMIT;
    else if (t->step != CHANGE)
        t->step = IDLE;
}

/* The next statement, or the answer that is waited for. False: not yet. */
static bool exchange(struct dr_workload *w, struct dr_load_thread *t)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_sql_answer ans = {0};
    enum dr_model_done done = DR_MODEL_RUNNING;
    struct dr_buf sql;
    bool net = heard(w, &t->session->in->sql);
    dr_buf_init(&sql, 4096);
    statement(w, t, &sql);
    if (!t->sent)
        t->since_ms = w->m->now_ms;
    if (net && (!t->sent || t->undecided))
        done = dr_model_sql_query(t->session, dr_buf_str(&sql), sql.len, &ans, a);
    else if (net)
        done = dr_model_sql_poll(t->session, &ans, a);
    t->undecided = !net && (!t->sent || t->undecided);
    t->sent = true;
    if (t->step == COMMIT)
        set_open(w, t, true);
    dr_buf_release(&sql);
    if (done == DR_MODEL_RUNNING) {
        if (w->m->now_ms - t->since_ms > PATIENCE_MS)
            broken(w, t);
    } else if (!dr_model_sql_alive(t->session)) {
        broken(w, t);
    } else {
        t->sent = false;
        if (t->step == COMMIT)
            set_open(w, t, false);
        if (ans.error)
            refused(w, t, ans.error);
        else
            advance(w, t);
    }
    dr_arena_free(a);
    return done == DR_MODEL_DONE;
}

static const char *password_of(const struct dr_model_cluster *c, const char *user)
{
    for (const struct dr_account *a = c->accounts->first; a; a = a->next)
        if (strcmp(a->user, user) == 0)
            return a->password;
    return "";
}

/* Out: 0, or why not. */
static int open_session(const struct dr_workload *w, const struct dr_model_instance *in,
                        struct dr_model_session **out, struct dr_sql_answer *ans,
                        struct dr_arena *a)
{
    if (!heard(w, &in->sql)) {
        *ans = (struct dr_sql_answer){.error = 2003, .message = "no route to host"};
        return 2003;
    }
    int rc =
        dr_model_sql_connect(w->m, &in->sql, w->peer, w->user,
                             password_of(in->cluster, w->user), w->schema, out, ans, a);
    if (!rc)
        (*out)->origin = "workload";
    return rc;
}

static bool connected(struct dr_workload *w, struct dr_load_thread *t)
{
    struct dr_sql_answer ans = {0};
    if (t->session)
        return true;
    struct dr_arena *a = dr_arena_new(0);
    int rc = open_session(w, target(w, t->target), &t->session, &ans, a);
    if (rc) {
        note_error(w, rc);
        w->failed++;
        t->target++;
    }
    dr_arena_free(a);
    return !rc;
}

/* ---- the clock ---- */

static void run_thread(struct dr_workload *w, size_t i)
{
    struct dr_load_thread *t = &w->threads[i];
    bool moves = true;
    while (moves) {
        if (t->step == IDLE) {
            if (!w->running || w->budget < 1000 || w->row_count >= ROWS_MAX)
                return;
            w->budget -= 1000;
            if (!connected(w, t))
                return;
            draw(w, i);
        }
        moves = exchange(w, t);
    }
}

static bool busy(const struct dr_workload *w)
{
    for (size_t i = 0; i < w->thread_count; i++)
        if (w->threads[i].step != IDLE)
            return true;
    return false;
}

static int64_t tick_ms(const struct dr_workload *w)
{
    int64_t ms = 1000 / w->rate;
    return ms < 1 ? 1 : ms > TICK_MAX_MS ? TICK_MAX_MS : ms;
}

static void tick(struct dr_model *m, void *arg, uint64_t n)
{
    struct dr_workload *w = arg;
    (void)n;
    int64_t most = w->rate * 1000; /* after a pause no more than a second's worth */
    w->timer = 0;
    w->budget += (m->now_ms - w->last_ms) * w->rate;
    w->budget = w->budget > most ? most : w->budget;
    w->last_ms = m->now_ms;
    w->running = w->running && w->row_count < ROWS_MAX;
    for (size_t i = 0; i < w->thread_count; i++)
        run_thread(w, i);
    if (w->running || busy(w))
        w->timer = dr_model_at(m, m->now_ms + tick_ms(w), tick, w, 0);
    else
        for (size_t i = 0; i < w->thread_count; i++)
            hang_up(&w->threads[i]);
}

/* ---- start, stop ---- */

/* Makes what tables are missing, at the first door that opens. */
static int make_tables(struct dr_workload *w, struct dr_err *err)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_sql_answer ans = {0};
    size_t n = target_count(w);
    bool made = false;
    for (size_t i = 0; i < n && !made; i++) {
        struct dr_model_session *s = NULL;
        if (open_session(w, target(w, i), &s, &ans, a))
            continue;
        made = true;
        for (size_t k = 0; k < w->table_count && made; k++) {
            char table[32];
            dr_workload_table(k, table);
            int rc = dr_model_sql_internal(
                s, dr_sprintf(a, "SELECT 1 FROM %s LIMIT 0", table), &ans, a);
            if (rc == NO_TABLE)
                rc = dr_model_sql_internal(
                    s,
                    dr_sprintf(a,
                               "CREATE TABLE %s (id BIGINT PRIMARY KEY AUTO_INCREMENT, "
                               "token BIGINT NOT NULL, seq INT NOT NULL, said "
                               "VARCHAR(64) NOT NULL, UNIQUE KEY token (token))",
                               table),
                    &ans, a);
            made = !rc;
        }
        dr_model_sql_close(s);
    }
    int code = made
                   ? 0
                   : dr_fail(err, DR_E_INPUT, "'%s' cannot make its tables in %s: %s",
                             w->user, w->schema, ans.message ? ans.message : "no answer");
    if (code)
        dr_hint(err, "the account and the schema must be there: user=NAME schema=NAME");
    dr_arena_free(a);
    return code;
}

static struct dr_workload *named(struct dr_model *m, const char *name)
{
    struct dr_workload *w = m->workloads;
    while (w && strcmp(w->name, name) != 0)
        w = w->next;
    return w;
}

static void free_one(struct dr_workload *w)
{
    dr_model_cancel(w->m, w->timer);
    for (size_t i = 0; i < w->thread_count; i++)
        hang_up(&w->threads[i]);
    json_decref(w->errors);
    free(w->threads);
    free(w->rows);
    free(w->name);
    free(w->schema);
    free(w->user);
    free(w->peer);
    free(w);
}

void dr_workload_free(struct dr_model *m)
{
    while (m->workloads) {
        struct dr_workload *w = m->workloads;
        m->workloads = w->next;
        free_one(w);
    }
}

static int bounded(const json_t *command, const char *key, int64_t dflt, int64_t most,
                   int64_t *out, struct dr_err *err)
{
    *out = dflt;
    if (json_object_get(command, key) &&
        (!dr_json_i64(command, key, out) || *out < 1 || *out > most))
        return dr_fail(err, DR_E_INPUT, "'%s' is a number from 1 to %lld", key,
                       (long long)most);
    return 0;
}

static char *text_or(const json_t *command, const char *key, const char *otherwise)
{
    const char *v = dr_json_str(command, key);
    return dr_xstrdup(v ? v : otherwise);
}

/* Where it writes, from "cluster" and "instance". */
static int place(struct dr_workload *w, const json_t *command, struct dr_err *err)
{
    const char *cluster = dr_json_str(command, "cluster"),
               *instance = dr_json_str(command, "instance");
    struct dr_address at;
    if (cluster && !(w->cluster = dr_model_cluster(w->m, cluster)))
        return dr_fail(err, DR_E_INPUT, "no cluster '%s'", cluster);
    if (!instance)
        return 0;
    if (!dr_address_parse(&at, instance, 0) ||
        !(w->instance = dr_model_instance(w->m, &at)))
        return dr_fail(err, DR_E_INPUT, "no SQL instance at '%s'", instance);
    w->cluster = w->instance->cluster;
    return 0;
}

static int start(struct dr_model *m, const json_t *command, const char *name,
                 struct dr_workload **out, struct dr_err *err)
{
    struct dr_workload *w = dr_xcalloc(1, sizeof(*w)), **end = &m->workloads;
    int64_t threads, tables;
    w->m = m;
    w->name = dr_xstrdup(name);
    w->schema = text_or(command, "schema", "shop");
    w->user = text_or(command, "user", "app");
    w->peer = text_or(command, "from", "127.0.0.1");
    w->errors = json_object();
    int code = place(w, command, err);
    if (!code)
        code = bounded(command, "rate", 10, RATE_MAX, &w->rate, err);
    if (!code)
        code = bounded(command, "threads", 2, THREADS_MAX, &threads, err);
    if (!code)
        code = bounded(command, "tables", 2, TABLES_MAX, &tables, err);
    if (!code) {
        w->table_count = (size_t)tables;
        code = make_tables(w, err);
    }
    if (code) {
        free_one(w);
        return code;
    }
    for (w->number = 1; *end; end = &(*end)->next)
        w->number = (*end)->number + 1;
    w->threads = dr_xcalloc((size_t)threads, sizeof(*w->threads));
    w->thread_count = (size_t)threads;
    for (size_t i = 0; i < w->thread_count; i++)
        w->threads[i].target = i;
    w->prng.state = m->doc->seed * 31 + w->number;
    *end = *out = w;
    return 0;
}

static json_t *show(const struct dr_workload *w)
{
    size_t there = 0, gone = 0, open = 0;
    char text[DR_TIME_TEXT];
    for (size_t i = 0; i < w->row_count; i++) {
        const struct dr_load_row *r = &w->rows[i];
        there += r->has_acknowledged && r->acknowledged && !r->has_unknown;
        gone += r->has_acknowledged && !r->acknowledged && !r->has_unknown;
        open += r->has_unknown;
    }
    json_t *o = json_pack(
        "{s:s, s:s, s:b, s:I, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
        "s:O}",
        "name", w->name, "cluster", w->cluster ? w->cluster->name : "any", "running",
        w->running, "rate", (json_int_t)w->rate, "threads", (json_int_t)w->thread_count,
        "tables", (json_int_t)w->table_count, "schema", w->schema, "user", w->user,
        "acknowledged", (json_int_t)w->acknowledged, "refused", (json_int_t)w->refused,
        "unknown", (json_int_t)w->unknown, "failed", (json_int_t)w->failed, "rows_there",
        (json_int_t)there, "rows_deleted", (json_int_t)gone, "rows_unknown",
        (json_int_t)open, "errors", w->errors);
    if (w->last_acknowledged_ms)
        json_object_set_new(o, "last_acknowledged",
                            json_string(dr_time_text(w->last_acknowledged_ms, text)));
    return o;
}

static json_t *show_all(const struct dr_model *m, const char *name)
{
    json_t *list = json_array();
    for (const struct dr_workload *w = m->workloads; w; w = w->next)
        if (!name || strcmp(w->name, name) == 0)
            json_array_append_new(list, show(w));
    return list;
}

static void forget(struct dr_model *m, const char *name)
{
    for (struct dr_workload **p = &m->workloads; *p;) {
        struct dr_workload *w = *p;
        if (name && strcmp(w->name, name) != 0) {
            p = &w->next;
            continue;
        }
        *p = w->next;
        free_one(w);
    }
}

int dr_workload_ctl(struct dr_model *m, const json_t *command, json_t **reply,
                    struct dr_err *err)
{
    const char *what = dr_json_str(command, "do"), *name = dr_json_str(command, "name");
    what = what ? what : "show";
    if (name && strcmp(what, "start") != 0 && !named(m, name))
        return dr_fail(err, DR_E_INPUT, "no workload '%s'", name);
    if (strcmp(what, "start") == 0) {
        struct dr_workload *w = named(m, name ? name : "app");
        int code = w ? 0 : start(m, command, name ? name : "app", &w, err);
        if (code)
            return code;
        if (!w->running) { /* one that was stopped goes on as it was */
            w->running = true;
            w->last_ms = m->now_ms;
            dr_model_cancel(m, w->timer);
            w->timer = dr_model_at(m, m->now_ms + 1, tick, w, 0);
        }
        *reply = show(w);
        return 0;
    }
    if (strcmp(what, "stop") == 0) {
        for (struct dr_workload *w = m->workloads; w; w = w->next)
            w->running = w->running && name && strcmp(w->name, name) != 0;
    } else if (strcmp(what, "forget") == 0) {
        forget(m, name);
    } else if (strcmp(what, "show") != 0) {
        return dr_fail(err, DR_E_INPUT, "workload knows start, stop, show and forget");
    }
    *reply = show_all(m, name);
    return 0;
}
