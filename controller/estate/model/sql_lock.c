/* Locks on keys that have no row. What TiDB reads by Point Get or Batch Point Get is told
 * by the shape of the WHERE: equations of columns and literals that are one unique key,
 * nothing else; one of them may be an IN. A WHERE that only the optimizer turns into such
 * a read (a condition more, an OR) locks rows alone here. */
#include "controller/estate/model/sql_lock.h"

#include <string.h>

#include "controller/estate/model/sql_value.h"
#include "controller/estate/model/sql_vars.h"

/* Where the lock of an index's values stands: as an entry without rows. */
static struct dr_entry *unique_entry(struct dr_table *t, const struct dr_index *ix,
                                     const struct dr_datum *v)
{
    unsigned char key[DR_KEY_MAX + 256];
    size_t name = strlen(ix->name) + 1, len;
    if (name > 256)
        return NULL;
    len = dr_key_encode(ix, v, key + name);
    if (!len)
        return NULL; /* NULLs never meet */
    memcpy(key, ix->name, name);
    return dr_txn_entry(dr_table_uniques(t), key, name + len);
}

static bool same_values(const struct dr_index *ix, const struct dr_datum *a,
                        const struct dr_datum *b)
{
    for (size_t i = 0; i < ix->column_count; i++)
        if (dr_datum_cmp(&a[ix->columns[i]], &b[ix->columns[i]]) != 0)
            return false;
    return true;
}

static enum dr_run lock(struct dr_exec *x, struct dr_table *t, struct dr_entry *e)
{
    return !e || dr_txn_lock(x->s->txn, t, e) ? DR_RUN_OK : DR_RUN_WAIT;
}

enum dr_run dr_lock_unique(struct dr_exec *x, struct dr_table *t,
                           const struct dr_table_def *def, const struct dr_datum *v,
                           const struct dr_row *old)
{
    enum dr_run r = DR_RUN_OK;
    for (size_t i = 0; i < def->index_count && !r; i++) {
        const struct dr_index *ix = &def->indexes[i];
        if (ix->unique && !ix->primary && !(old && same_values(ix, old->v, v)))
            r = lock(x, t, unique_entry(t, ix, v));
    }
    return r;
}

/* ---- keys by name ---- */

enum { NAMED = 16 };

struct named {
    struct dr_exec *x;
    const struct dr_table_def *def;
    const char *alias;
    size_t count;
    uint32_t column[NAMED];
    struct dr_datum value[NAMED];
    size_t list_from, list_to; /* tokens of an IN, whose column is the last; 0: none */
};

/* The column that is named at *i, which is moved behind it; -1: none. */
static int column_at(const struct named *n, size_t *i, size_t to)
{
    const struct dr_token *t = n->x->cur.t;
    bool qualified = *i + 2 < to && dr_token_is(&t[*i + 1], ".");
    if (qualified && !dr_same_word(t[*i].text, n->alias))
        return -1;
    const struct dr_token *name = &t[*i + (qualified ? 2 : 0)];
    if (name->kind != DR_TOK_WORD && name->kind != DR_TOK_NAME)
        return -1;
    *i += qualified ? 3 : 1;
    return dr_table_column(n->def, name->text);
}

/* The literal at *i, as the column holds it: of the column's own kind. */
static bool literal_at(const struct named *n, uint32_t column, size_t *i,
                       struct dr_datum *v)
{
    const struct dr_column *col = &n->def->columns[column];
    const struct dr_token *t = &n->x->cur.t[*i];
    size_t len = dr_token_is(t, "-") ? 2 : 1;
    enum dr_tok_kind kind = col->type == DR_COL_INT    ? DR_TOK_NUMBER
                            : col->type == DR_COL_TEXT ? DR_TOK_STRING
                                                       : DR_TOK_BAD;
    if (t[len - 1].kind != kind || dr_value_eval(n->x, *i, *i + len, v) ||
        v->kind == DR_DATUM_REAL || dr_value_fit(n->x, col, v, 1))
        return false;
    *i += len;
    return true;
}

/* "column = literal" or "column IN (..)" at *i. */
static bool equation_at(struct named *n, size_t *i, size_t to)
{
    const struct dr_token *t = n->x->cur.t;
    int column = column_at(n, i, to);
    if (column < 0 || n->count == NAMED || n->list_from)
        return false;
    n->column[n->count] = (uint32_t)column;
    if (dr_token_is(&t[*i], "=")) {
        ++*i;
        return literal_at(n, (uint32_t)column, i, &n->value[n->count++]);
    }
    if (!dr_token_is(&t[*i], "IN") || !dr_token_is(&t[*i + 1], "("))
        return false;
    n->list_from = *i += 2;
    while (*i < to && !dr_token_is(&t[*i], ")"))
        ++*i;
    n->list_to = (*i)++;
    n->count++;
    return true;
}

static bool equations(struct named *n, size_t from, size_t to)
{
    size_t i = from;
    do {
        if (!equation_at(n, &i, to))
            return false;
    } while (i < to && dr_token_is(&n->x->cur.t[i++], "AND"));
    return i == to;
}

/* Whether they name all columns of the index, each once, and none besides. */
static bool is_key(const struct named *n, const struct dr_index *ix)
{
    if (!ix->unique || n->count != ix->column_count)
        return false;
    for (size_t i = 0; i < ix->column_count; i++) {
        size_t met = 0;
        for (size_t k = 0; k < n->count; k++)
            met += n->column[k] == ix->columns[i];
        if (met != 1)
            return false;
    }
    return true;
}

static enum dr_run lock_key(const struct named *n, struct dr_table *t,
                            const struct dr_index *ix)
{
    unsigned char key[DR_KEY_MAX];
    struct dr_datum *v = dr_alloc_n(n->x->a, n->def->column_count + 1, sizeof(*v));
    for (size_t k = 0; k < n->count; k++)
        v[n->column[k]] = n->value[k];
    if (!ix->primary)
        return lock(n->x, t, unique_entry(t, ix, v));
    size_t len = dr_key_encode(ix, v, key);
    return len ? lock(n->x, t, dr_txn_entry(t, key, len)) : DR_RUN_OK;
}

/* One key, or one for each item of the IN. */
static enum dr_run lock_keys(struct named *n, struct dr_table *t,
                             const struct dr_index *ix)
{
    enum dr_run r = DR_RUN_OK;
    size_t last = n->count - 1;
    if (!n->list_from)
        return lock_key(n, t, ix);
    for (size_t i = n->list_from; i < n->list_to && !r; i++) {
        if (!literal_at(n, n->column[last], &i, &n->value[last]))
            return DR_RUN_OK;
        r = lock_key(n, t, ix);
    }
    return r;
}

enum dr_run dr_lock_named(struct dr_exec *x, struct dr_table *t,
                          const struct dr_table_def *def, const char *alias, size_t from,
                          size_t to)
{
    struct named n = {.x = x, .def = def, .alias = alias};
    if (strcasecmp(dr_var_session(x->s, DR_V_ISOLATION), "READ-COMMITTED") == 0 ||
        from >= to || !equations(&n, from, to))
        return DR_RUN_OK;
    for (size_t i = 0; i < def->index_count; i++)
        if (is_key(&n, &def->indexes[i]))
            return lock_keys(&n, t, &def->indexes[i]);
    return DR_RUN_OK;
}
