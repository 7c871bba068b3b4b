/* Prepared statements, of the protocol and by name (PREPARE, EXECUTE, DEALLOCATE). The
 * text is kept and read again each time; parameters take the markers' places as literals,
 * so they can never be read as SQL. Sources: tidb: pkg/executor/prepared.go, tidb:
 * pkg/planner/core/plan_cache_utils.go, docs: sql-prepared-plan-cache.md. */
#include "controller/estate/model/sql_prepare.h"
#include "controller/estate/model/audit.h"

#include <string.h>
#include <strings.h>

#include "controller/base/num.h"

struct dr_prepared {
    struct dr_prepared *next;
    char *name, *text;
    size_t len;
    uint32_t params;
};

/* ---- parameters ---- */

static size_t count_markers(const struct dr_cur *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++)
        n += dr_token_is(&c->t[i], "?");
    return n;
}

static struct dr_token literal(const struct dr_token *marker,
                               const struct dr_sql_param *p)
{
    static const enum dr_tok_kind kinds[] = {[DR_PARAM_NULL] = DR_TOK_WORD,
                                             [DR_PARAM_NUMBER] = DR_TOK_NUMBER,
                                             [DR_PARAM_TEXT] = DR_TOK_STRING};
    struct dr_token t = *marker;
    t.kind = kinds[p->kind];
    t.text = p->kind == DR_PARAM_NULL ? "NULL" : p->text;
    t.len = p->kind == DR_PARAM_NULL ? 4 : p->len;
    return t;
}

enum dr_run dr_bind(struct dr_exec *x, const struct dr_sql_param *params, size_t count)
{
    size_t markers = count_markers(&x->cur), n = 0;
    if (!markers)
        return DR_RUN_OK;
    struct dr_token *t = dr_alloc_n(x->a, x->cur.count + 1, sizeof(*t));
    memcpy(t, x->cur.t, (x->cur.count + 1) * sizeof(*t));
    for (size_t i = 0; i < x->cur.count; i++) {
        if (!dr_token_is(&t[i], "?"))
            continue;
        if (n == count) {
            x->cur.i = i;
            return dr_sql_syntax(x);
        }
        t[i] = literal(&t[i], &params[n++]);
    }
    x->cur.t = t;
    return DR_RUN_OK;
}

/* ---- description ---- */

enum described {
    AS_SELECT, /* asked for its columns */
    AS_SHOW,   /* run: it changes nothing */
    AS_ADMIN,  /* run if it shows */
    AS_DDL,    /* may have no parameters */
    AS_REFUSED,
    AS_OTHER, /* answers no rows */
};
static const struct {
    const char *word;
    enum described how;
} descriptions[] = {
    {"SELECT", AS_SELECT},   {"WITH", AS_SELECT},        {"TABLE", AS_SELECT},
    {"(", AS_SELECT},        {"SHOW", AS_SHOW},          {"DESC", AS_SHOW},
    {"DESCRIBE", AS_SHOW},   {"EXPLAIN", AS_SHOW},       {"ADMIN", AS_ADMIN},
    {"CREATE", AS_DDL},      {"ALTER", AS_DDL},          {"DROP", AS_DDL},
    {"TRUNCATE", AS_DDL},    {"RENAME", AS_DDL},         {"PREPARE", AS_REFUSED},
    {"EXECUTE", AS_REFUSED}, {"DEALLOCATE", AS_REFUSED}, {"LOAD", AS_REFUSED},
    {"IMPORT", AS_REFUSED},  {NULL, AS_OTHER},
};

static enum described how_described(const struct dr_cur *c)
{
    size_t i = 0;
    while (descriptions[i].word && !dr_is(c, descriptions[i].word))
        i++;
    if (descriptions[i].how == AS_ADMIN)
        return dr_token_is(dr_peek(c, 1), "SHOW") ? AS_SHOW : AS_OTHER;
    return descriptions[i].how;
}

static bool several(const struct dr_cur *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (dr_token_is(&c->t[i], ";"))
            return true;
    return c->count == 0;
}

/* Every marker as an empty text: what it stands for is not known yet. */
static enum dr_run bind_unknown(struct dr_exec *x, size_t markers)
{
    struct dr_sql_param *p = dr_alloc_n(x->a, markers + 1, sizeof(*p));
    for (size_t i = 0; i < markers; i++)
        p[i] = (struct dr_sql_param){DR_PARAM_TEXT, "", 0};
    return dr_bind(x, p, markers);
}

enum dr_run dr_describe(struct dr_exec *x)
{
    size_t markers = count_markers(&x->cur);
    enum described how = how_described(&x->cur);
    enum dr_run r = DR_RUN_OK;
    if (several(&x->cur))
        return dr_sql_error(x, 8115, "Can not prepare multiple statements");
    if (how == AS_DDL && markers)
        return dr_sql_error(x, 8116, "Can not prepare DDL statements with parameters");
    if (how == AS_REFUSED)
        return dr_sql_error(x, 1295,
                            "This command is not supported in the prepared statement "
                            "protocol yet");
    if (markers > UINT16_MAX)
        return dr_sql_error(x, 1390, "Prepared statement contains too many placeholders");
    if (bind_unknown(x, markers) || dr_statement_check(x))
        return DR_RUN_ERROR;
    x->describe = true;
    if (how == AS_SELECT || how == AS_SHOW)
        r = dr_dispatch(x);
    x->describe = false;
    x->out->row_count = 0;
    x->out->cells = NULL;
    x->out->params = (uint32_t)markers;
    return r;
}

/* ---- by name ---- */

static struct dr_prepared **find(struct dr_model_session *s, const char *name)
{
    struct dr_prepared **p = &s->prepared;
    while (*p && strcasecmp((*p)->name, name) != 0)
        p = &(*p)->next;
    return p;
}

static void forget(struct dr_prepared **at)
{
    struct dr_prepared *p = *at;
    *at = p->next;
    free(p->name);
    free(p->text);
    free(p);
}

void dr_prepared_free(struct dr_model_session *s)
{
    while (s->prepared)
        forget(&s->prepared);
}

static const char *user_var(const struct dr_model_session *s, const char *name)
{
    const struct dr_user_var *v = s->user_vars;
    while (v && !dr_same_word(v->name, name))
        v = v->next;
    return v ? v->value : NULL;
}

/* The bounds are the estate's own; the words are TiDB's (tidb: pkg/errno/errname.go). */
static enum dr_run room_for(struct dr_exec *x, size_t len)
{
    size_t count = 0, bytes = len;
    for (const struct dr_prepared *p = x->s->prepared; p; p = p->next) {
        count++;
        bytes += p->len;
    }
    if (count < DR_PREPARED_MAX && bytes <= DR_PREPARED_BYTES)
        return DR_RUN_OK;
    return dr_sql_error(x, 1461,
                        "Can't create more than maxPreparedStmtCount statements (current "
                        "value: %d)",
                        DR_PREPARED_MAX);
}

/* PREPARE name FROM 'text' | @var */
enum dr_run dr_st_prepare(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    const char *name, *text;
    size_t len = 0;
    if (!dr_take_name(c, &name) || !dr_accept(c, "FROM"))
        return dr_sql_syntax(x);
    if (dr_peek(c, 0)->kind == DR_TOK_USERVAR) {
        text = user_var(x->s, dr_peek(c, 0)->text);
        text = text ? text : "NULL"; /* a text that is none of SQL's, as there */
        len = strlen(text);
        c->i++;
    } else if (!dr_take_string(c, &text, &len)) {
        return dr_sql_syntax(x);
    }
    if (!dr_at_end(c))
        return dr_sql_syntax(x);
    if (*find(x->s, name))
        forget(find(x->s, name));
    if (room_for(x, len))
        return DR_RUN_ERROR;
    struct dr_exec inner = *x;
    dr_lex(x->a, text, len, &inner.cur);
    if (dr_describe(&inner))
        return DR_RUN_ERROR;
    struct dr_prepared *p = dr_xcalloc(1, sizeof(*p));
    *p = (struct dr_prepared){.next = x->s->prepared,
                              .name = dr_xcalloc(strlen(name) + 1, 1),
                              .text = dr_xcalloc(len + 1, 1),
                              .len = len,
                              .params = x->out->params};
    memcpy(p->name, name, strlen(name));
    memcpy(p->text, text, len);
    x->s->prepared = p;
    x->out->columns = NULL;
    x->out->column_count = 0;
    x->out->params = 0;
    return dr_sql_ok(x, 0);
}

/* EXECUTE name [USING @a, @b] */
enum dr_run dr_st_execute(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    const char *name;
    size_t n = 0;
    if (!dr_take_name(c, &name))
        return dr_sql_syntax(x);
    const struct dr_prepared *p = *find(x->s, name);
    struct dr_sql_param *params = dr_alloc_n(x->a, c->count + 1, sizeof(*params));
    if (dr_accept(c, "USING")) {
        do {
            if (dr_peek(c, 0)->kind != DR_TOK_USERVAR)
                return dr_sql_syntax(x);
            const char *v = user_var(x->s, dr_peek(c, 0)->text);
            int64_t number;
            bool digits = v && dr_parse_i64(v, strlen(v), &number);
            params[n++] = (struct dr_sql_param){!v       ? DR_PARAM_NULL
                                                : digits ? DR_PARAM_NUMBER
                                                         : DR_PARAM_TEXT,
                                                v, v ? strlen(v) : 0};
            c->i++;
        } while (dr_accept(c, ","));
    }
    if (!dr_at_end(c))
        return dr_sql_syntax(x);
    if (!p)
        return dr_sql_error(x, 8111, "Prepared statement not found");
    if (n != p->params)
        return dr_sql_error(x, 8112, "Wrong parameter count");
    if (!x->s->audit)
        x->s->audit = dr_audit_statement(x->s, p->text, p->len);
    dr_lex(x->a, dr_strndup(x->a, p->text, p->len), p->len, c);
    return dr_bind(x, params, n) ? DR_RUN_ERROR : dr_dispatch(x);
}

/* DEALLOCATE PREPARE name, DROP PREPARE name */
enum dr_run dr_st_deallocate(struct dr_exec *x)
{
    const char *name;
    if (!dr_take_name(&x->cur, &name) || !dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    if (!*find(x->s, name))
        return dr_sql_error(x, 8111, "Prepared statement not found");
    forget(find(x->s, name));
    return dr_sql_ok(x, 0);
}
