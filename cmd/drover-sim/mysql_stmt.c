#include "cmd/drover-sim/mysql_stmt.h"

#include <string.h>

void dr_mysql_result_release(struct dr_mysql_result *r)
{
    dr_arena_free(r->arena);
    *r = (struct dr_mysql_result){.arena = NULL};
}

struct dr_mysql_stmt *dr_mysql_stmt_find(const struct dr_mysql_stmts *s, uint32_t id)
{
    struct dr_mysql_stmt *st = s->first;
    while (st && st->id != id)
        st = st->next;
    return st;
}

struct dr_mysql_stmt *dr_mysql_stmt_add(struct dr_mysql_stmts *s, char *text, size_t len,
                                        uint32_t params)
{
    size_t bytes = len + params * (2 + sizeof(struct dr_mysql_long));
    if (s->count == DR_STMT_MAX || bytes > DR_STMT_BYTES - s->bytes) {
        free(text);
        return NULL;
    }
    struct dr_mysql_stmt *st = dr_xcalloc(1, sizeof(*st));
    *st = (struct dr_mysql_stmt){
        .id = ++s->last_id, .text = text, .len = len, .params = params, .next = s->first};
    s->first = st;
    s->count++;
    s->bytes += bytes;
    return st;
}

void dr_mysql_stmt_forget_data(struct dr_mysql_stmts *s, struct dr_mysql_stmt *st)
{
    for (uint32_t i = 0; st->data && i < st->params; i++) {
        s->bytes -= st->data[i].len;
        free(st->data[i].bytes);
    }
    free(st->data);
    st->data = NULL;
    st->too_large = false;
}

void dr_mysql_stmt_reset(struct dr_mysql_stmts *s, struct dr_mysql_stmt *st)
{
    dr_mysql_stmt_forget_data(s, st);
    dr_mysql_result_release(&st->cursor);
}

void dr_mysql_stmt_close(struct dr_mysql_stmts *s, struct dr_mysql_stmt *st)
{
    struct dr_mysql_stmt **p = &s->first;
    while (*p != st)
        p = &(*p)->next;
    *p = st->next;
    dr_mysql_stmt_reset(s, st);
    s->count--;
    s->bytes -= st->len + st->params * (2 + sizeof(struct dr_mysql_long));
    free(st->types);
    free(st->text);
    free(st);
}

void dr_mysql_stmts_release(struct dr_mysql_stmts *s)
{
    while (s->first)
        dr_mysql_stmt_close(s, s->first);
    s->last_id = 0;
}

size_t dr_mysql_cursors(const struct dr_mysql_stmts *s)
{
    size_t n = 0;
    for (const struct dr_mysql_stmt *st = s->first; st; st = st->next)
        n += st->cursor.arena != NULL;
    return n;
}

bool dr_mysql_stmt_long_data(struct dr_mysql_stmts *s, struct dr_mysql_stmt *st,
                             unsigned param, const char *bytes, size_t len)
{
    if (param >= st->params)
        return false;
    if (!st->data)
        st->data = dr_xcalloc(st->params, sizeof(*st->data));
    struct dr_mysql_long *d = &st->data[param];
    d->given = true;
    if (len > DR_STMT_BYTES - s->bytes) { /* told at the next EXECUTE */
        st->too_large = true;
        return true;
    }
    if (len) {
        d->bytes = dr_xrealloc(d->bytes, d->len + len);
        memcpy(d->bytes + d->len, bytes, len);
    }
    d->len += len;
    s->bytes += len;
    return true;
}

/* The types, told with the first execution and kept for the next ones. */
static bool take_types(struct dr_mysql_stmt *st, struct dr_mysql_cursor *c)
{
    if (dr_mysql_get_int(c, 1) != 1)
        return !c->bad;
    struct dr_mysql_text t = dr_mysql_get_bytes(c, (uint64_t)st->params * 2);
    if (c->bad)
        return false;
    if (!st->types)
        st->types = dr_xcalloc(st->params, 2);
    memcpy(st->types, t.bytes, t.len);
    return true;
}

enum dr_mysql_param_result
dr_mysql_stmt_params(struct dr_mysql_stmt *st, struct dr_mysql_cursor *c,
                     struct dr_arena *a, struct dr_sql_param **out, uint8_t *bad_type)
{
    *out = dr_alloc_n(a, st->params + 1, sizeof(**out));
    if (!st->params)
        return DR_PARAM_READ;
    struct dr_mysql_text nulls = dr_mysql_get_bytes(c, (st->params + 7) / 8);
    if (c->bad || !take_types(st, c))
        return DR_PARAM_MALFORMED;
    for (uint32_t i = 0; i < st->params; i++) {
        struct dr_sql_param *p = &(*out)[i];
        const struct dr_mysql_long *d = st->data ? &st->data[i] : NULL;
        *p = (struct dr_sql_param){DR_PARAM_NULL, NULL, 0};
        if (d && d->given) { /* some clients set the NULL bit beside it */
            *p = (struct dr_sql_param){DR_PARAM_TEXT, d->len ? d->bytes : "", d->len};
            continue;
        }
        if ((unsigned char)nulls.bytes[i / 8] >> (i % 8) & 1)
            continue;
        if (!st->types)
            return DR_PARAM_MALFORMED;
        *bad_type = st->types[2 * i];
        enum dr_mysql_param_result r =
            dr_mysql_get_param(c, a, st->types[2 * i], st->types[2 * i + 1] & 0x80, p);
        if (r != DR_PARAM_READ)
            return r;
    }
    return DR_PARAM_READ;
}
