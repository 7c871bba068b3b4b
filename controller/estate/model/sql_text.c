/* Tables and changes as SQL text: SHOW CREATE TABLE (tidb: pkg/executor/show.go
 * ConstructResultOfShowCreateTable), and what a sink writes. */
#include <string.h>

#include "controller/base/quote.h"
#include "controller/estate/model/sql_def.h"
#include "controller/estate/model/sql_engine.h"

static void column_text(const struct dr_column *c, struct dr_buf *out)
{
    dr_buf_adds(out, "  ");
    dr_sql_add_name(out, c->name);
    dr_buf_addf(out, " %s", c->type_text);
    if (c->generated) {
        dr_buf_addf(out, " GENERATED ALWAYS AS %s VIRTUAL", c->generated);
        return;
    }
    if (c->not_null)
        dr_buf_adds(out, " NOT NULL");
    if (c->auto_increment)
        dr_buf_adds(out, " AUTO_INCREMENT");
    else if (c->has_default && !c->default_text)
        dr_buf_adds(out, " DEFAULT NULL");
    else if (!c->has_default && !c->not_null && !c->auto_random)
        dr_buf_adds(out, " DEFAULT NULL");
    else if (c->has_default)
        dr_buf_addf(out, c->default_expr ? " DEFAULT %s" : " DEFAULT '%s'",
                    c->default_text);
    if (c->auto_random)
        dr_buf_adds(out, " /*T![auto_rand] AUTO_RANDOM(5) */");
    if (c->on_update_now)
        dr_buf_adds(out, " ON UPDATE CURRENT_TIMESTAMP");
    if (c->comment && c->comment[0])
        dr_buf_addf(out, " COMMENT '%s'", c->comment);
}

static void index_text(const struct dr_table_def *t, const struct dr_index *ix,
                       struct dr_buf *out)
{
    if (ix->primary)
        dr_buf_adds(out, "  PRIMARY KEY (");
    else {
        dr_buf_addf(out, "  %sKEY ", ix->unique ? "UNIQUE " : "");
        dr_sql_add_name(out, ix->name);
        dr_buf_adds(out, " (");
    }
    for (size_t k = 0; k < ix->column_count; k++) {
        dr_buf_adds(out, k ? "," : "");
        dr_sql_add_name(out, t->columns[ix->columns[k]].name);
    }
    dr_buf_addc(out, ')');
    if (ix->primary)
        dr_buf_adds(out, " /*T![clustered_index] CLUSTERED */");
    if (ix->invisible)
        dr_buf_adds(out, " /*!80000 INVISIBLE */");
}

void dr_table_text(const struct dr_table_def *t, int64_t auto_increment,
                   struct dr_buf *out)
{
    dr_buf_adds(out, "CREATE TABLE ");
    dr_sql_add_name(out, t->name);
    dr_buf_adds(out, " (\n");
    for (size_t i = 0; i < t->column_count; i++) {
        if (i)
            dr_buf_adds(out, ",\n");
        column_text(&t->columns[i], out);
    }
    for (size_t i = 0; i < t->index_count; i++) {
        dr_buf_adds(out, ",\n");
        index_text(t, &t->indexes[i], out);
    }
    dr_buf_addf(out, "\n) ENGINE=InnoDB DEFAULT CHARSET=%s COLLATE=%s", t->charset,
                t->collate);
    if (auto_increment > 0)
        dr_buf_addf(out, " AUTO_INCREMENT=%lld", (long long)auto_increment);
    if (t->auto_id_cache)
        dr_buf_addf(out, " /*T![auto_id_cache] AUTO_ID_CACHE=%lld */",
                    (long long)t->auto_id_cache);
    if (t->comment[0])
        dr_buf_addf(out, " COMMENT='%s'", t->comment);
    if (t->ttl)
        dr_buf_addf(out,
                    " /*T![ttl] TTL=%s */ /*T![ttl] TTL_ENABLE='%s' */ "
                    "/*T![ttl] TTL_JOB_INTERVAL='%s' */",
                    t->ttl, t->ttl_enable ? "ON" : "OFF",
                    t->ttl_interval ? t->ttl_interval : "24h");
}

/* As MySQL takes it; dr_literal_text doubles quotes, as SQLite does. */
static void literal(const struct dr_datum *d, struct dr_buf *out)
{
    if (d->kind == DR_DATUM_TEXT)
        dr_sql_add_string(out, d->s, d->len);
    else
        dr_literal_text(d, out);
}

static void table_name(const struct dr_table_def *t, struct dr_buf *out)
{
    dr_sql_add_name(out, t->schema);
    dr_buf_addc(out, '.');
    dr_sql_add_name(out, t->name);
}

static void delete_text(const struct dr_table_def *t, const struct dr_row *r,
                        struct dr_buf *out)
{
    const struct dr_index *key = dr_table_key(t);
    size_t n = key ? key->column_count : t->column_count;
    dr_buf_adds(out, "DELETE FROM ");
    table_name(t, out);
    dr_buf_adds(out, " WHERE ");
    for (size_t i = 0; i < n; i++) {
        size_t col = key ? key->columns[i] : i;
        dr_buf_adds(out, i ? " AND " : "");
        dr_sql_add_name(out, t->columns[col].name);
        dr_buf_adds(out, " <=> ");
        literal(&r->v[col], out);
    }
    if (!key)
        dr_buf_adds(out, " LIMIT 1");
}

void dr_model_change_sql(const struct dr_change *ch, struct dr_buf *out)
{
    const struct dr_table_def *t = ch->table;
    if (ch->kind == DR_CHANGE_DDL) {
        dr_buf_adds(out, ch->ddl);
        return;
    }
    if (ch->kind == DR_CHANGE_DELETE) {
        delete_text(t, ch->old_row, out);
        return;
    }
    const char *sep = "";
    dr_buf_adds(out, "REPLACE INTO ");
    table_name(t, out);
    dr_buf_adds(out, " (");
    for (size_t i = 0; i < t->column_count; i++, sep = ",")
        if (!t->columns[i].generated) {
            dr_buf_adds(out, sep);
            dr_sql_add_name(out, t->columns[i].name);
        }
    dr_buf_adds(out, ") VALUES (");
    sep = "";
    for (size_t i = 0; i < t->column_count && i < ch->row->count; i++) {
        if (t->columns[i].generated)
            continue;
        dr_buf_adds(out, sep);
        literal(&ch->row->v[i], out);
        sep = ",";
    }
    dr_buf_addc(out, ')');
}
