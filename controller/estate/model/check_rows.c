/* Two clusters compared table by table and row by row, each as of a TSO. Rows are found
 * by their key, columns by their name. */
#include <string.h>
#include <strings.h>

#include "controller/base/table_filter.h"
#include "controller/estate/model/cdc_api.h"
#include "controller/estate/model/check.h"
#include "controller/estate/model/sql_engine.h"

enum { LISTED = 100, TEXT_MAX = 400 };

struct keyed {
    const struct dr_row *row;
    size_t key_len;
    const unsigned char *key;
};
struct side {
    const struct dr_table_def *def;
    struct keyed *rows;
    size_t count, room;
};

static const char *name_of(struct dr_arena *a, const struct dr_table_def *t)
{
    return dr_sprintf(a, "%s.%s", t->schema, t->name);
}

/* ---- differences ---- */

static const char *cells(struct dr_arena *a, const struct dr_table_def *t,
                         const struct dr_row *r)
{
    struct dr_buf b;
    dr_buf_init(&b, TEXT_MAX * 4);
    for (size_t i = 0; r && i < t->column_count && b.len < TEXT_MAX; i++) {
        size_t len;
        const char *text = dr_datum_text(a, &r->v[i], &len);
        dr_buf_addf(&b, "%s%s=%.*s", i ? ", " : "", t->columns[i].name,
                    (int)(len > TEXT_MAX ? TEXT_MAX : len), text ? text : "NULL");
    }
    const char *out = dr_strdup(a, dr_buf_str(&b));
    dr_buf_release(&b);
    return out;
}

static const char *key_text(struct dr_arena *a, const struct dr_table_def *t,
                            const struct dr_row *r)
{
    const struct dr_index *ix = dr_table_key(t);
    const char *out = "";
    for (size_t i = 0; ix && i < ix->column_count; i++) {
        size_t len;
        const char *text = dr_datum_text(a, &r->v[ix->columns[i]], &len);
        out = dr_sprintf(a, "%s%s%s=%s", out, *out ? ", " : "",
                         t->columns[ix->columns[i]].name, text ? text : "NULL");
    }
    return out;
}

static void differ(struct dr_comparison *c, const char *table, const char *what,
                   const char *key, const char *up, const char *down)
{
    if (c->count++ >= LISTED)
        return;
    json_t *o = json_pack("{s:s, s:s}", "table", table, "what", what);
    const char *const texts[][2] = {{"key", key}, {"upstream", up}, {"downstream", down}};
    for (size_t i = 0; i < 3; i++)
        if (texts[i][1]) {
            json_t *v = json_string(texts[i][1]);
            json_object_set_new(o, texts[i][0], v ? v : json_string("(bytes)"));
        }
    json_array_append_new(c->differences, o);
}

/* ---- rows ---- */

static int by_key(const void *x, const void *y)
{
    const struct keyed *a = x, *b = y;
    size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
    int c = len ? memcmp(a->key, b->key, len) : 0;
    return c ? c : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static void read_side(struct side *s, struct dr_arena *a, const struct dr_table *t,
                      const struct dr_index *ix, uint64_t tso)
{
    unsigned char key[DR_KEY_MAX];
    for (size_t i = 0; i < t->entry_count; i++) {
        const struct dr_row *r = dr_entry_row(t->entries[i], NULL, tso);
        if (!r)
            continue;
        size_t len = dr_key_encode(ix, r->v, key);
        *DR_PUSH(a, s->rows, s->count, s->room) =
            (struct keyed){r, len, memcpy(dr_alloc(a, len + 1), key, len)};
    }
    if (s->count)
        qsort(s->rows, s->count, sizeof(*s->rows), by_key);
}

static bool same_row(const struct side *up, const struct dr_row *a,
                     const struct side *down, const struct dr_row *b)
{
    for (size_t i = 0; i < up->def->column_count; i++) {
        int k = dr_table_column(down->def, up->def->columns[i].name);
        if (k < 0 || dr_datum_cmp(&a->v[i], &b->v[k]) != 0)
            return false;
    }
    return true;
}

static void compare_rows(struct dr_comparison *c, struct dr_arena *a, const char *table,
                         const struct side *up, const struct side *down)
{
    size_t i = 0, k = 0;
    c->rows += up->count;
    while (i < up->count || k < down->count) {
        int order = i == up->count     ? 1
                    : k == down->count ? -1
                                       : by_key(&up->rows[i], &down->rows[k]);
        const struct dr_row *here = order <= 0 ? up->rows[i].row : NULL;
        const struct dr_row *there = order >= 0 ? down->rows[k].row : NULL;
        if (!there)
            differ(c, table, "missing downstream", key_text(a, up->def, here),
                   cells(a, up->def, here), NULL);
        else if (!here)
            differ(c, table, "only downstream", key_text(a, down->def, there), NULL,
                   cells(a, down->def, there));
        else if (!same_row(up, here, down, there))
            differ(c, table, "differs", key_text(a, up->def, here),
                   cells(a, up->def, here), cells(a, down->def, there));
        i += order <= 0;
        k += order >= 0;
    }
}

/* ---- tables ---- */

/* Columns and key; not AUTO_INCREMENT bases, comments and TTL, which TiCDC changes. */
static bool same_shape(const struct dr_table_def *a, const struct dr_table_def *b)
{
    const struct dr_index *x = dr_table_key(a), *y = dr_table_key(b);
    if (a->column_count != b->column_count || !x != !y ||
        (x && x->column_count != y->column_count))
        return false;
    for (size_t i = 0; i < a->column_count; i++) {
        int k = dr_table_column(b, a->columns[i].name);
        if (k < 0 || strcasecmp(a->columns[i].type_text, b->columns[k].type_text) != 0 ||
            a->columns[i].not_null != b->columns[k].not_null)
            return false;
    }
    for (size_t i = 0; x && i < x->column_count; i++)
        if (strcasecmp(a->columns[x->columns[i]].name, b->columns[y->columns[i]].name))
            return false;
    return true;
}

static bool concerns(const struct dr_comparison *c, const struct dr_table_def *t)
{
    if (t->sequence || t->view)
        return false;
    return c->filter ? cdc_filter_table(c->filter, t->schema, t->name)
                     : !dr_table_filter_system(t->schema);
}

struct walk {
    struct dr_comparison *c;
    struct dr_arena *a;
};

static void compare_table(void *arg, const struct dr_table_def *t)
{
    const struct walk *w = arg;
    struct dr_comparison *c = w->c;
    const char *name = name_of(w->a, t);
    struct side up = {.def = NULL}, down = {.def = NULL};
    if (!concerns(c, t))
        return;
    if (!dr_table_key(t)) {
        if (c->filter && !c->force) /* it does not travel */
            return;
        json_array_append_new(c->skipped, json_string(name));
        return;
    }
    const struct dr_table *here =
        dr_db_table(c->up->db, t->schema, t->name, c->up_tso, &up.def);
    const struct dr_table *there =
        dr_db_table(c->down->db, t->schema, t->name, c->down_tso, &down.def);
    c->tables++;
    if (!there)
        differ(c, name, "no such table downstream", NULL, NULL, NULL);
    else if (!same_shape(up.def, down.def))
        differ(c, name, "defined otherwise downstream", NULL, NULL, NULL);
    if (!there || !dr_table_key(down.def))
        return;
    struct dr_arena *a = dr_arena_new(0);
    read_side(&up, a, here, dr_table_key(up.def), c->up_tso);
    read_side(&down, a, there, dr_table_key(down.def), c->down_tso);
    compare_rows(c, a, name, &up, &down);
    dr_arena_free(a);
}

static void find_extra(void *arg, const struct dr_table_def *t)
{
    const struct walk *w = arg;
    const struct dr_table_def *def;
    if (concerns(w->c, t) && dr_table_key(t) &&
        !dr_db_table(w->c->up->db, t->schema, t->name, w->c->up_tso, &def))
        differ(w->c, name_of(w->a, t), "no such table upstream", NULL, NULL, NULL);
}

bool dr_comparable(const struct dr_comparison *c)
{
    return c->up_tso >= c->up->gc_safe_point && c->down_tso >= c->down->gc_safe_point;
}

void dr_compare(struct dr_comparison *c)
{
    struct walk w = {c, dr_arena_new(0)};
    c->tables = c->rows = c->count = 0;
    c->differences = json_array();
    c->skipped = json_array();
    cdc_each_definition(c->up, c->up_tso, compare_table, &w);
    cdc_each_definition(c->down, c->down_tso, find_extra, &w);
    dr_arena_free(w.a);
}
