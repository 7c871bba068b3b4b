/* Schemas and tables: which there are, which TiCDC can replicate, how many rows they hold
 * and how they are defined at one TSO. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "controller/base/digest.h"
#include "controller/base/num.h"
#include "controller/estate/wire/script.h"

/* Schemas of TiDB itself. BR's temporary ones (a half-way restore) are left out when rows
 * are read, by prefix. Schema tidb_cdc stays in: it can be in the way. */
#define SYSTEM_SCHEMAS                                                                   \
    "'mysql', 'information_schema', 'performance_schema', 'metrics_schema', 'sys',"      \
    " 'workload_schema'"
#define BR_SCHEMA "__TiDB_BR_Temporary_"

/* All reads at one TSO: tidb_snapshot is of the session, so it is taken back at the end
 * whatever happens, and sessions of lane JOB are taken, which no round waits for. */
static enum dr_flow ask_snapshot(struct dr_script *s)
{
    uint64_t tso = s->call->kind == DR_CALL_SQL_COUNTS ? s->call->args.counts.tso
                                                       : s->call->args.tables.tso;
    if (!tso)
        return DR_FLOW_NEXT;
    return dr_script_sql(s, "SET SESSION tidb_snapshot = '%" PRIu64 "'", tso);
}

static enum dr_flow take_snapshot(struct dr_script *s, const struct dr_answer *a)
{
    (void)a;
    s->undo = "SET SESSION tidb_snapshot = ''";
    return DR_FLOW_NEXT;
}

#define STEP_SNAPSHOT                                                                    \
    {                                                                                    \
        .name = "read as of T", .ask = ask_snapshot, .take = take_snapshot               \
    }

/* ---- tables ---- */

static enum dr_flow begin_tables(struct dr_script *s)
{
    s->reply.as.tables = DR_NEW(s->arena, struct dr_tables);
    s->lane = s->call->args.tables.tso ? DR_LANE_JOB : DR_LANE_OBSERVE;
    return DR_FLOW_AGAIN;
}

static bool of_br(const char *schema)
{
    return strncasecmp(schema, BR_SCHEMA, sizeof(BR_SCHEMA) - 1) == 0;
}

static enum dr_flow take_schemas(struct dr_script *s, const struct dr_answer *a)
{
    struct dr_tables *t = s->reply.as.tables;
    t->schemas = DR_NEW_N(s->arena, a->sql.row_count, const char *);
    for (size_t i = 0; i < a->sql.row_count; i++) {
        const char *name = dr_cell_text(&a->sql, i, "SCHEMA_NAME", s->arena);
        if (!name)
            return dr_script_fail(s, DR_E_PROTOCOL, "a schema without a name");
        if (!of_br(name))
            t->schemas[t->schema_count++] = name;
    }
    return DR_FLOW_NEXT;
}

static enum dr_flow take_table_list(struct dr_script *s, const struct dr_answer *a)
{
    struct dr_tables *t = s->reply.as.tables;
    t->items = DR_NEW_N(s->arena, a->sql.row_count, struct dr_table);
    for (size_t i = 0; i < a->sql.row_count; i++) {
        const struct dr_cell *type = dr_answer_cell(&a->sql, i, "TABLE_TYPE");
        struct dr_table one = {.schema =
                                   dr_cell_text(&a->sql, i, "TABLE_SCHEMA", s->arena),
                               .name = dr_cell_text(&a->sql, i, "TABLE_NAME", s->arena),
                               .eligible = true};
        if (!one.schema || !one.name || !type->text)
            return dr_script_fail(s, DR_E_PROTOCOL, "a table without name or type");
        if (strcasecmp(type->text, "VIEW") == 0) {
            one.kind = DR_TABLE_VIEW;
        } else if (strcasecmp(type->text, "SEQUENCE") == 0) {
            one.kind = DR_TABLE_SEQUENCE;
            one.eligible = false;
        }
        if (!of_br(one.schema))
            t->items[t->count++] = one;
    }
    return DR_FLOW_NEXT;
}

static struct dr_table *find_table(struct dr_tables *t, const char *schema,
                                   const char *name)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(t->items[mid].schema, schema);
        if (!order)
            order = strcmp(t->items[mid].name, name);
        if (!order)
            return &t->items[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static int by_name(const void *x, const void *y)
{
    const struct dr_table *a = x, *b = y;
    int order = strcmp(a->schema, b->schema);
    return order ? order : strcmp(a->name, b->name);
}

static enum dr_flow take_ineligible(struct dr_script *s, const struct dr_answer *a)
{
    struct dr_tables *t = s->reply.as.tables;
    if (t->count)
        qsort(t->items, t->count, sizeof(*t->items), by_name);
    for (size_t i = 0; i < a->sql.row_count; i++) {
        const struct dr_cell *schema = dr_answer_cell(&a->sql, i, "TABLE_SCHEMA");
        const struct dr_cell *name = dr_answer_cell(&a->sql, i, "TABLE_NAME");
        struct dr_table *found =
            schema->text && name->text ? find_table(t, schema->text, name->text) : NULL;
        if (found)
            found->eligible = false;
    }
    t->seen = dr_script_seen(s);
    return DR_FLOW_DONE;
}

/* Eligible: a primary key, or a UNIQUE index over columns that are all NOT NULL, visible
 * and not virtual. COUNT = MAX(SEQ_IN_INDEX) drops an index over an expression, whose
 * hidden column has no row in COLUMNS. Source: tiflow: cdc/model/schema_storage.go
 * IsEligible. */
static const struct dr_step tables_steps[] = {
    STEP_SNAPSHOT,
    {.name = "list schemas",
     .text = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"
             " WHERE LOWER(SCHEMA_NAME) NOT IN (" SYSTEM_SCHEMAS ") ORDER BY SCHEMA_NAME",
     .take = take_schemas,
     .limit_ms = -1},
    {.name = "list tables",
     .text = "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES"
             " WHERE LOWER(TABLE_SCHEMA) NOT IN (" SYSTEM_SCHEMAS ")",
     .take = take_table_list,
     .limit_ms = -1},
    {.name = "list tables without a key",
     .text = "SELECT t.TABLE_SCHEMA, t.TABLE_NAME FROM information_schema.TABLES t"
             " LEFT JOIN (SELECT s.TABLE_SCHEMA, s.TABLE_NAME"
             " FROM information_schema.STATISTICS s JOIN information_schema.COLUMNS c"
             " ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME"
             " AND c.COLUMN_NAME = s.COLUMN_NAME WHERE s.NON_UNIQUE = 0"
             " GROUP BY s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME"
             " HAVING SUM(c.IS_NULLABLE = 'YES') = 0"
             " AND SUM(c.EXTRA LIKE '%VIRTUAL GENERATED%') = 0"
             " AND COUNT(*) = MAX(s.SEQ_IN_INDEX)) k"
             " ON k.TABLE_SCHEMA = t.TABLE_SCHEMA AND k.TABLE_NAME = t.TABLE_NAME"
             " WHERE t.TABLE_TYPE = 'BASE TABLE' AND k.TABLE_NAME IS NULL"
             " AND LOWER(t.TABLE_SCHEMA) NOT IN (" SYSTEM_SCHEMAS ")",
     .take = take_ineligible,
     .limit_ms = -1},
    DR_STEP_END,
};
const struct dr_play dr_play_tables = {.via = DR_VIA_SQL,
                                       .lane = DR_LANE_OBSERVE,
                                       .steps = tables_steps,
                                       .begin = begin_tables};

/* ---- counts ---- */

struct counts_script {
    size_t next;
    int64_t budget_end_ms;
};

static enum dr_flow begin_counts(struct dr_script *s)
{
    struct counts_script *mine = s->mine;
    struct dr_counts *c = DR_NEW(s->arena, struct dr_counts);
    c->tso = s->call->args.counts.tso;
    c->count = s->call->args.counts.count;
    c->items = DR_NEW_N(s->arena, c->count, struct dr_table_count);
    for (size_t i = 0; i < c->count; i++) {
        c->items[i].schema = dr_strdup(s->arena, s->call->args.counts.tables[i].schema);
        c->items[i].name = dr_strdup(s->arena, s->call->args.counts.tables[i].name);
    }
    int64_t now = s->wire->estate.now_ms(&s->wire->estate);
    int64_t budget = s->call->args.counts.budget_ms;
    mine->budget_end_ms =
        budget > 0 && budget < INT64_MAX - now ? now + budget : INT64_MAX;
    s->reply.as.counts = c;
    return DR_FLOW_AGAIN;
}

static const char *full_name(struct dr_script *s, size_t i)
{
    const struct dr_table_count *t = &s->reply.as.counts->items[i];
    return dr_sprintf(s->arena, "%s.%s", dr_sql_name(s->arena, t->schema),
                      dr_sql_name(s->arena, t->name));
}

static enum dr_flow ask_definition(struct dr_script *s)
{
    struct counts_script *mine = s->mine;
    if (mine->next < s->reply.as.counts->count)
        return dr_script_sql(s, "SHOW CREATE TABLE %s", full_name(s, mine->next));
    mine->next = 0;
    return DR_FLOW_NEXT;
}

/* Skips blanks, '=', blanks and one value: a word, a number, or a quoted text. */
static const char *skip_value(const char *p)
{
    p += strspn(p, " =");
    if (*p == '\'' || *p == '`') {
        char quote = *p++;
        while (*p && *p != quote)
            p++;
        return *p ? p + 1 : p;
    }
    return p +
           strspn(p, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
}

/* One option at the end of a definition that may differ between equal tables; returns
 * where the text goes on, NULL: not such an option. */
static const char *skip_option(const char *p)
{
    static const char *const words[] = {
        " AUTO_INCREMENT=", " AUTO_RANDOM_BASE=", " TTL_ENABLE=", " PLACEMENT POLICY="};
    static const char *const comments[] = {"[auto_rand_base]", "[placement]",
                                           "[tiflash]"};
    const char *end;
    if (strncmp(p, " /*T!", 5) == 0 && (end = strstr(p, "*/"))) {
        for (size_t i = 0; i < sizeof(comments) / sizeof(comments[0]); i++)
            if (strncmp(p + 5, comments[i], strlen(comments[i])) == 0)
                return end + 2;
        const char *at = p + 5;
        if (strncmp(at, "[ttl]", 5) == 0 && strncmp(at + 5, " TTL_ENABLE=", 12) == 0)
            return end + 2;
        return NULL;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strncmp(p, words[i], strlen(words[i])) == 0)
            return skip_value(p + strlen(words[i]));
    return NULL;
}

/* Without id bases, TTL_ENABLE, placement and TiFlash: equal tables of two clusters give
 * equal texts. Column definitions are left as they are: options stand after the last
 * closing parenthesis at the start of a line. */
static void definition_normalise(const char *text, size_t len, struct dr_buf *out)
{
    const char *options = text;
    for (size_t i = 0; i + 1 < len; i++)
        if (text[i] == '\n' && text[i + 1] == ')')
            options = text + i;
    dr_buf_add(out, text, (size_t)(options - text));
    for (const char *p = options, *after; *p; p = after) {
        after = skip_option(p);
        if (after)
            continue;
        after = p + 1;
        dr_buf_addc(out, *p);
    }
}

static enum dr_flow take_definition(struct dr_script *s, const struct dr_answer *a)
{
    struct counts_script *mine = s->mine;
    struct dr_table_count *t = &s->reply.as.counts->items[mine->next];
    if (a->sql.error && a->sql.error != 1146 && a->sql.error != 1049)
        return dr_script_sql_error(s, a);
    if (!a->sql.error) {
        char hex[DR_SHA256_HEX];
        struct dr_buf b;
        if (a->sql.row_count != 1 || a->sql.column_count < 2 || !a->sql.cells[1].text)
            return dr_script_fail(s, DR_E_PROTOCOL, "SHOW CREATE TABLE is unreadable");
        dr_buf_init(&b, 4 << 20);
        definition_normalise(a->sql.cells[1].text, a->sql.cells[1].len, &b);
        dr_sha256_hex(hex, dr_buf_str(&b), b.len);
        dr_buf_release(&b);
        t->definition = dr_strdup(s->arena, hex);
    }
    mine->next++;
    return DR_FLOW_AGAIN;
}

static bool budget_over(const struct dr_script *s)
{
    const struct counts_script *mine = s->mine;
    return s->wire->estate.now_ms(&s->wire->estate) >= mine->budget_end_ms;
}

static enum dr_flow counts_done(struct dr_script *s)
{
    s->reply.as.counts->seen = dr_script_seen(s);
    return DR_FLOW_DONE;
}

/* Views, sequences and tables that are not there have nothing to count. */
static enum dr_flow ask_count(struct dr_script *s)
{
    struct counts_script *mine = s->mine;
    struct dr_counts *c = s->reply.as.counts;
    for (; mine->next < c->count; mine->next++) {
        if (s->call->args.counts.tables[mine->next].kind == DR_TABLE_BASE &&
            c->items[mine->next].definition)
            break;
        c->items[mine->next].counted = true;
    }
    if (mine->next == c->count || budget_over(s))
        return counts_done(s);
    return dr_script_sql(s, "SELECT COUNT(*) AS n FROM %s", full_name(s, mine->next));
}

static enum dr_flow take_count(struct dr_script *s, const struct dr_answer *a)
{
    struct counts_script *mine = s->mine;
    struct dr_table_count *t = &s->reply.as.counts->items[mine->next];
    if (a->carried != DR_ANSWERED)
        return budget_over(s) ? counts_done(s) : DR_FLOW_RETRY;
    if (!dr_cell_u64(&a->sql, 0, "n", &t->rows))
        return dr_script_fail(s, DR_E_PROTOCOL, "a row count is unreadable");
    t->counted = true;
    mine->next++;
    return DR_FLOW_AGAIN;
}

static const struct dr_step counts_steps[] = {
    STEP_SNAPSHOT,
    {.name = "read a definition",
     .ask = ask_definition,
     .take = take_definition,
     .takes_errors = true},
    {.name = "count rows",
     .ask = ask_count,
     .take = take_count,
     .takes_loss = true,
     .limit_ms = -1},
    DR_STEP_END,
};
const struct dr_play dr_play_counts = {.via = DR_VIA_SQL,
                                       .lane = DR_LANE_JOB,
                                       .steps = counts_steps,
                                       .begin = begin_counts,
                                       .mine_bytes = sizeof(struct counts_script)};
