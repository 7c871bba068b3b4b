/* Whatever rows a SQL instance answers with, a read ends with a reply, one that is
 * DR_DONE has its fact, and a ledger is decoded or refused.
 *
 * First byte of an input: which read. The rest: answers as `mariadb -B` prints them, a
 * line of column names, then lines of cells, all told apart by tabs; NULL is SQL NULL. A
 * line
 * "--" ends an answer; "!NUMBER text" is an error. The last answer is given again. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/printable.h"
#include "controller/estate/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static const char *const names[] = {"cdc", "redo"};
static const struct dr_table tables[] = {{"shop", "orders", DR_TABLE_BASE, true},
                                         {"shop", "v", DR_TABLE_VIEW, true}};
static const struct dr_call reads[] = {
    {.kind = DR_CALL_SQL_HOT},
    {.kind = DR_CALL_SQL_LEDGER},
    {.kind = DR_CALL_SQL_IDENTITY},
    {.kind = DR_CALL_SQL_ACCOUNTS, .args.accounts = {2, names}},
    {.kind = DR_CALL_SQL_TABLES},
    {.kind = DR_CALL_SQL_COUNTS,
     .args.counts = {.tso = 7, .count = 2, .tables = tables, .budget_ms = 50}},
    {.kind = DR_CALL_SQL_JOBS},
    {.kind = DR_CALL_SQL_DDL},
};
enum { READS = sizeof(reads) / sizeof(reads[0]), EXCHANGES_MAX = 2000 };

/* ---- a carrier that reads its answers off the input ---- */

struct script {
    struct dr_carrier carrier;
    int64_t now;
    uint64_t ticket;
    bool open;
    const char *at, *end; /* the answer that is given next */
};

static void submit(struct dr_carrier *c, const struct dr_exchange *x, uint64_t *out)
{
    struct script *p = (struct script *)c;
    require(x->kind == DR_EXCHANGE_SQL && x->sql.text[0]);
    p->open = true;
    *out = ++p->ticket;
    require(p->ticket < EXCHANGES_MAX);
}

static const char *line_end(const char *at, const char *end)
{
    const char *nl = memchr(at, '\n', (size_t)(end - at));
    return nl ? nl : end;
}

static bool is_rule(const char *at, const char *stop)
{
    return stop - at == 2 && memcmp(at, "--", 2) == 0;
}

static size_t cells_of(const char *at, const char *stop)
{
    size_t n = 1;
    for (; at < stop; at++)
        n += *at == '\t';
    return n;
}

/* `count` cells of one line; too few are SQL NULL, too many are left out. */
static void take_cells(struct dr_cell *out, size_t count, const char *at,
                       const char *stop, struct dr_arena *a)
{
    for (size_t i = 0; i < count && at <= stop; i++) {
        const char *tab = memchr(at, '\t', (size_t)(stop - at));
        size_t len = (size_t)((tab ? tab : stop) - at);
        if (len != 4 || memcmp(at, "NULL", 4) != 0)
            out[i] = (struct dr_cell){dr_strndup(a, at, len), len};
        at += len + 1;
    }
}

static void take_table(struct dr_sql_answer *out, const char *at, const char *stop,
                       struct dr_arena *a)
{
    const char *nl = line_end(at, stop);
    out->column_count = cells_of(at, nl);
    struct dr_cell *heads = dr_alloc(a, out->column_count * sizeof(*heads));
    take_cells(heads, out->column_count, at, nl, a);
    out->columns = dr_alloc(a, out->column_count * sizeof(*out->columns));
    for (size_t i = 0; i < out->column_count; i++)
        out->columns[i] = heads[i].text ? heads[i].text : "NULL";
    for (const char *p = nl; p < stop; p = line_end(p + 1, stop))
        out->row_count++;
    out->cells = dr_alloc(a, out->row_count * out->column_count * sizeof(*out->cells));
    for (size_t r = 0; r < out->row_count; r++) {
        at = nl + 1;
        nl = line_end(at, stop);
        take_cells(out->cells + r * out->column_count, out->column_count, at, nl, a);
    }
}

static bool wait(struct dr_carrier *c, int64_t until, struct dr_answer *out)
{
    struct script *p = (struct script *)c;
    if (!p->open) {
        p->now = until > p->now ? until : p->now;
        return false;
    }
    p->open = false;
    p->now++;
    *out = (struct dr_answer){.ticket = p->ticket, .carried = DR_ANSWERED};
    out->arena = dr_arena_new(0);
    out->sql.session = out->sql.connection_id = 1;
    const char *stop = p->at;
    while (stop < p->end && !is_rule(stop, line_end(stop, p->end)))
        stop = line_end(stop, p->end) + (line_end(stop, p->end) < p->end);
    const char *last = stop > p->at && stop[-1] == '\n' ? stop - 1 : stop;
    if (*p->at == '!') {
        uint64_t number = 0;
        size_t digits = strspn(p->at + 1, "0123456789");
        if (!dr_parse_u64(p->at + 1, digits, &number))
            number = 0;
        out->sql.error = number && number < 100000 ? (int)number : 1105;
        memcpy(out->sql.sqlstate, "HY000", 6);
        out->sql.message = dr_strndup(out->arena, p->at + 1, (size_t)(last - p->at) - 1);
    } else {
        take_table(&out->sql, p->at, last, out->arena);
    }
    if (stop < p->end)
        p->at = line_end(stop, p->end) + (line_end(stop, p->end) < p->end);
    return true;
}

static int64_t now_ms(struct dr_carrier *c)
{
    return ((struct script *)c)->now;
}

static struct dr_hostport at_4000 = {"127.0.0.9:4000", "127.0.0.9", 4000};
static struct dr_cluster cluster = {
    .name = "a",
    .sql = {.endpoints = &at_4000, .endpoint_count = 1, .user = "drover"},
};
static struct dr_topology topology = {
    .doc.metadata.name = "t",
    .clusters = &cluster,
    .cluster_count = 1,
    .replication = {.sink = {.user = "cdc"}},
};

static void check_ledger(struct dr_ledger_group *g, struct dr_arena *a)
{
    struct dr_cluster_facts c = {.name = "a", .ledger = *g};
    c.pd = (struct dr_pd){.seen.known = true, .cluster_id = 7};
    dr_facts_decode_ledger(&c, a);
    dr_facts_decode_ledger(&c, a);
    require(!c.ledger.decoded || c.ledger.rows.edge_count <= c.ledger.raw_count);
}

static void check(const struct dr_reply *r, enum dr_call_kind kind)
{
    if (r->outcome != DR_DONE) {
        require(r->err.code != 0 && dr_is_printable(r->err.text, strlen(r->err.text)));
        return;
    }
    require(kind == DR_CALL_SQL_LEDGER ? r->ledger && r->as.instance : r->as.pd != NULL);
    if (kind == DR_CALL_SQL_LEDGER) {
        struct dr_arena *a = dr_arena_new(0);
        check_ledger(r->ledger, a);
        dr_arena_free(a);
    } else if (kind == DR_CALL_SQL_COUNTS) {
        require(r->as.counts->count == 2);
    } else if (kind == DR_CALL_SQL_TABLES) {
        for (size_t i = 0; i < r->as.tables->count; i++)
            require(r->as.tables->items[i].schema && r->as.tables->items[i].name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dr_access *access;
    struct dr_err err;
    struct dr_reply r;
    if (size < 1 || size > 1 << 16)
        return 0;
    char *text = dr_xcalloc(size, 1); /* ends with a NUL */
    memcpy(text, data + 1, size - 1);
    struct script p = {
        .carrier = {.submit = submit, .wait = wait, .now_ms = now_ms},
        .at = text,
        .end = text + size - 1,
    };
    const struct dr_call *call = &reads[data[0] % READS];
    require(dr_access_open(&access, &topology, NULL, &err) == 0);
    struct dr_estate *estate = dr_wire_new(&topology, access, &p.carrier);
    dr_estate_ask(estate, call, &r);
    check(&r, call->kind);
    dr_reply_release(&r);
    estate->free(estate);
    dr_access_free(access);
    free(text);
    return 0;
}
