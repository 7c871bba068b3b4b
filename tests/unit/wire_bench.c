#include "tests/unit/wire.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/num.h"

/* ---- the carrier ---- */

struct fake {
    struct dr_carrier carrier;
    struct wire_bench *bench;
    int64_t now;
    uint64_t ticket;
    bool open;
    struct dr_answer answer;
};

static const char *sent_text(struct dr_arena *a, const struct dr_exchange *x)
{
    if (x->kind == DR_EXCHANGE_SQL)
        return x->sql.text;
    return dr_sprintf(a, "%s %s%s%s", x->http.method, x->http.target,
                      x->http.body ? "\n" : "", x->http.body ? x->http.body : "");
}

static size_t split(struct dr_arena *a, const char *line, size_t len, char mark,
                    struct dr_cell **out)
{
    size_t count = 0, room = 0;
    *out = NULL;
    for (const char *p = line, *end = line + len; p <= end;) {
        const char *next = memchr(p, mark, (size_t)(end - p));
        size_t n = (size_t)((next ? next : end) - p);
        struct dr_cell *c = DR_PUSH(a, *out, count, room);
        c->text = n == 1 && *p == '~' ? NULL : dr_strndup(a, p, n);
        c->len = c->text ? n : 0;
        p += n + 1;
    }
    return count;
}

static void answer_rows(struct dr_arena *a, struct dr_sql_answer *out, const char *text)
{
    struct dr_cell *names, *row;
    size_t len = strcspn(text, "\n"), count = 0, room = 0;
    out->column_count = split(a, text, len, '|', &names);
    out->columns = DR_NEW_N(a, out->column_count, const char *);
    for (size_t i = 0; i < out->column_count; i++)
        out->columns[i] = names[i].text;
    for (text += len; *text == '\n' && text[1]; text += len) {
        text++;
        len = strcspn(text, "\n");
        cr_assert_eq(split(a, text, len, '|', &row), out->column_count, "%s", text);
        for (size_t i = 0; i < out->column_count; i++)
            *DR_PUSH(a, out->cells, count, room) = row[i];
        out->row_count++;
    }
}

static void answer_sql(struct dr_arena *a, struct dr_sql_answer *out, const char *back,
                       uint64_t connection_id)
{
    uint64_t n = 0;
    out->session = 7;
    out->connection_id = connection_id;
    if (back && (back[0] == '#' || back[0] == '!')) {
        size_t digits = strspn(back + 1, "0123456789");
        cr_assert(dr_parse_u64(back + 1, digits, &n));
        if (back[0] == '#') {
            out->affected = n;
            return;
        }
        out->error = (int)n;
        out->message = dr_strdup(a, back + 2 + digits);
        memcpy(out->sqlstate, "HY000", 6);
    } else if (back) {
        answer_rows(a, out, back);
    }
}

static void answer_http(struct dr_arena *a, struct dr_http_answer *out, const char *back)
{
    uint64_t n = 200;
    const char *body = "{}";
    if (back) {
        cr_assert(dr_parse_u64(back, 3, &n));
        body = back[3] ? back + 4 : "";
    }
    out->status = (int)n;
    out->body = dr_strdup(a, body);
    out->body_len = strlen(body);
}

static void fake_submit(struct dr_carrier *c, const struct dr_exchange *x,
                        uint64_t *ticket)
{
    struct fake *f = (struct fake *)c;
    struct wire_talk *t = f->bench->talk;
    size_t n = t->sent++;
    cr_assert_not(f->open, "two exchanges at once");
    f->open = true;
    *ticket = ++f->ticket;
    f->answer = (struct dr_answer){.ticket = *ticket, .arena = dr_arena_new(0)};
    cr_assert_gt(x->deadline_ms, 0);
    if (x->kind == DR_EXCHANGE_SQL)
        t->lane = x->sql.lane;
    else
        t->not_after_ms = x->http.not_after_ms;
    if (t->fault != WIRE_NO_FAULT && n >= t->fault_at) {
        bool lost = t->fault == WIRE_LOST && n == t->fault_at;
        f->answer.carried = lost ? DR_LOST : DR_NOT_SENT;
        (void)dr_fail(&f->answer.err, lost ? DR_E_TIMEOUT : DR_E_UNREACHABLE, "%s",
                      lost ? "connection lost" : "connection refused");
        return;
    }
    const struct wire_line *line = t->lines;
    for (size_t i = 0; i < n && line->want; i++)
        line++;
    const char *text = sent_text(f->bench->arena, x);
    if (!t->wrong && (!line->want || strcmp(line->want, text) != 0))
        t->wrong = dr_sprintf(f->bench->arena, "exchange %zu is\n%s\nnot\n%s", n, text,
                              line->want ? line->want : "(the end)");
    f->answer.carried = DR_ANSWERED;
    if (x->kind == DR_EXCHANGE_SQL)
        answer_sql(f->answer.arena, &f->answer.sql, line->want ? line->back : "!1105 end",
                   t->session ? t->session : 4711);
    else
        answer_http(f->answer.arena, &f->answer.http,
                    line->want ? line->back : "418 the end");
}

static bool fake_wait(struct dr_carrier *c, int64_t until, struct dr_answer *out)
{
    struct fake *f = (struct fake *)c;
    if (!f->open) {
        f->now = until > f->now ? until : f->now;
        return false;
    }
    f->open = false;
    f->now++;
    *out = f->answer;
    return true;
}

static int64_t fake_now(struct dr_carrier *c)
{
    return ((struct fake *)c)->now;
}

static void fake_free(struct dr_carrier *c)
{
    struct fake *f = (struct fake *)c;
    if (f->open)
        dr_arena_free(f->answer.arena);
    free(f);
}

/* ---- the declaration ---- */

static const struct dr_hostport east_sql[] = {{"127.0.1.4:4000", "127.0.1.4", 4000}};
static const struct dr_hostport west_sql[] = {{"127.1.1.4:4000", "127.1.1.4", 4000},
                                              {"127.1.1.5:4000", "127.1.1.5", 4000}};
static const struct dr_url east_pd[] = {
    {"http://127.0.1.1:2379", "127.0.1.1", 2379, false},
    {"http://127.0.1.2:2379", "127.0.1.2", 2379, false}};
static const struct dr_url east_cdc[] = {
    {"http://127.1.1.9:8300", "127.1.1.9", 8300, false}};
static const struct dr_sink_param params[] = {{"worker-count", "16"}};

static struct dr_cluster clusters[] = {
    {.name = "east",
     .sql = {.endpoints = east_sql,
             .endpoint_count = 1,
             .user = "drover",
             .password = {.env = "WIRE_SQL"}},
     .pd = {.endpoints = east_pd, .endpoint_count = 2},
     .ticdc = {.declared = true, .endpoints = east_cdc, .endpoint_count = 1},
     .sink_address = {"127.0.1.4:4000", "127.0.1.4", 4000}},
    {.name = "west",
     .sql = {.endpoints = west_sql,
             .endpoint_count = 2,
             .user = "drover",
             .password = {.env = "WIRE_SQL"}},
     .sink_address = {"127.1.1.4:4000", "127.1.1.4", 4000}},
};

static const struct dr_storage_uri backup_uri = {
    .text = "s3://backup/orders?endpoint=http://127.1.1.11:6060&force-path-style=true",
    .scheme = DR_STORAGE_S3,
    .bucket = "backup",
    .prefix = "orders",
    .endpoint = "http://127.1.1.11:6060",
    .force_path_style = true};
static const struct dr_storage_uri redo_uri = {.text = "s3://redo/orders?endpoint=x",
                                               .scheme = DR_STORAGE_S3,
                                               .bucket = "redo",
                                               .prefix = "orders",
                                               .endpoint = "http://127.1.1.11:6060",
                                               .force_path_style = true};

static struct dr_topology *declare(struct dr_arena *a)
{
    struct dr_topology *t = DR_NEW(a, struct dr_topology);
    t->doc.metadata.name = "orders";
    t->primary = "east";
    t->clusters = clusters;
    t->cluster_count = 2;
    t->storage.backup = (struct dr_storage_place){.declared = true,
                                                  .uri = backup_uri,
                                                  .access_key = {.env = "WIRE_ACCESS"},
                                                  .secret_key = {.env = "WIRE_SECRET"}};
    t->storage.redo = t->storage.backup;
    t->storage.redo.uri = redo_uri;
    t->replication.sink = (struct dr_sink_account){.user = "cdc",
                                                   .password = {.env = "WIRE_SINK"},
                                                   .params = params,
                                                   .param_count = 1};
    t->replication.redo = (struct dr_redo){.declared = true,
                                           .level = DR_REDO_EVENTUAL,
                                           .max_log_size_bytes = 64 << 20,
                                           .flush_interval_ms = 2000};
    t->replication.config.json = "{\"mounter\":{\"worker_num\":8}}";
    t->bootstrap.rate_limit_bytes = 128 << 20;
    return t;
}

void wire_bench_open(struct wire_bench *b, struct wire_talk *talk)
{
    struct fake *f = dr_xcalloc(1, sizeof(*f));
    struct dr_err err;
    setenv("WIRE_SQL", "sql password", 1);
    setenv("WIRE_SINK", "sink'pass\\word", 1);
    setenv("WIRE_ACCESS", "AKIAWIRE", 1);
    setenv("WIRE_SECRET", "secret+key/1", 1);
    *b = (struct wire_bench){.arena = dr_arena_new(0), .talk = talk};
    f->carrier = (struct dr_carrier){
        .submit = fake_submit, .wait = fake_wait, .now_ms = fake_now, .free = fake_free};
    f->bench = b;
    f->now = WIRE_BEGIN_MS;
    b->carrier = &f->carrier;
    b->topology = declare(b->arena);
    cr_assert_eq(dr_access_open(&b->access, b->topology, NULL, &err), 0, "%s", err.text);
    b->estate = dr_wire_new(b->topology, b->access, b->carrier);
}

void wire_bench_close(struct wire_bench *b)
{
    b->estate->free(b->estate);
    b->carrier->free(b->carrier);
    dr_access_free(b->access);
    dr_arena_free(b->arena);
}

void wire_bench_ask(struct wire_bench *b, const struct dr_call *call, struct dr_reply *r)
{
    dr_estate_ask(b->estate, call, r);
    struct dr_reply more; /* lets an undo that is still under way arrive */
    cr_assert_not(b->estate->wait(b->estate, b->estate->now_ms(b->estate), &more));
}

void wire_ask(struct wire_bench *b, struct wire_talk *talk, const struct dr_call *call,
              struct dr_reply *r)
{
    size_t lines = 0;
    while (talk->lines[lines].want)
        lines++;
    wire_bench_open(b, talk);
    wire_bench_ask(b, call, r);
    cr_expect_null(talk->wrong, "%s", talk->wrong);
    cr_expect_eq(talk->sent, lines, "%zu of %zu sent", talk->sent, lines);
}

void wire_ask_well(struct wire_bench *b, struct wire_talk *talk,
                   const struct dr_call *call, struct dr_reply *r)
{
    wire_ask(b, talk, call, r);
    cr_assert_eq(r->outcome, DR_DONE, "%s", r->err.text);
}

void wire_done(struct wire_bench *b, struct dr_reply *r)
{
    dr_reply_release(r);
    wire_bench_close(b);
}
