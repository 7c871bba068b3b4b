/* Whether an answer is what a step says it is. */
#include <string.h>
#include <strings.h>

#include "controller/base/json.h"
#include "tests/conformance/conform.h"

static bool differs(struct diff *d, const char *where, const char *want, const char *got)
{
    dr_buf_adds(d->where, where);
    dr_buf_adds(d->want, want);
    dr_buf_adds(d->got, got ? got : "NULL");
    return false;
}

static bool number_is(struct vars *v, const struct node *step, const char *key,
                      uint64_t got, struct diff *d)
{
    const struct node *want = tree_get(step, key);
    const char *text = dr_sprintf(v->arena, "%llu", (unsigned long long)got);
    return !want || match_text(v, want, text) || differs(d, key, want->text, text);
}

/* All rows, for a person. */
static const char *shown(struct vars *v, const struct sql_answer *got)
{
    struct dr_buf out;
    dr_buf_init(&out, 1 << 20);
    for (size_t r = 0; r < got->rows && r < 20; r++)
        for (size_t c = 0; c < got->columns; c++) {
            const char *cell = got->cells[r * got->columns + c];
            dr_buf_addf(&out, "%s%s", cell ? cell : "NULL",
                        c + 1 < got->columns ? " | " : "\n");
        }
    const char *text = dr_strdup(v->arena, dr_buf_str(&out));
    dr_buf_release(&out);
    return text;
}

/* ---- "1836 HY000 Running in read-only mode" ---- */

static bool error_is(struct vars *v, const struct node *want,
                     const struct sql_answer *got, struct diff *d)
{
    const char *text = vars_expand(v, want->text);
    const char *is = dr_sprintf(v->arena, "%u %s %s", got->error, got->state,
                                got->message ? got->message : "");
    size_t number = strcspn(text, " "), state = 0;
    if (*text == '/') /* of all of it */
        return got->error && match_text(v, want, is)
                   ? true
                   : differs(d, "error", text, got->error ? is : "no error");
    if (text[number])
        state = strcspn(text + number + 1, " ");
    size_t head = number + (state ? 1 + state : 0);
    bool same = got->error && strncmp(text, is, head) == 0 && is[head] == ' ';
    if (same && text[head]) {
        struct node rest = {.kind = NODE_TEXT, .quoted = true, .text = text + head + 1};
        same = match_text(v, &rest, got->message);
    }
    return same || differs(d, "error", text, got->error ? is : "no error");
}

/* ---- rows ---- */

static const char *cell_named(const struct sql_answer *got, size_t row, const char *name,
                              bool *there)
{
    *there = false;
    for (size_t c = 0; c < got->columns; c++)
        if (strcasecmp(got->names[c], name) == 0) {
            *there = true;
            return got->cells[row * got->columns + c];
        }
    return NULL;
}

static bool row_fits(struct vars *v, const struct node *want,
                     const struct sql_answer *got, size_t row, struct diff *d)
{
    for (size_t i = 0; i < want->count; i++) {
        bool there;
        const char *cell = cell_named(got, row, want->keys[i], &there);
        if (!there || !match_text(v, want->items[i], cell))
            return d ? differs(d, want->keys[i], want->items[i]->text,
                               there ? cell : "no such column")
                     : false;
    }
    return true;
}

static bool any_row_fits(struct vars *v, const struct node *want,
                         const struct sql_answer *got)
{
    for (size_t r = 0; r < got->rows; r++)
        if (row_fits(v, want, got, r, NULL))
            return true;
    return false;
}

static bool all_rows(struct vars *v, const struct node *want,
                     const struct sql_answer *got, struct diff *d)
{
    if (got->rows != want->count)
        return differs(d, "rows", dr_sprintf(v->arena, "%zu rows", want->count),
                       shown(v, got));
    for (size_t r = 0; r < want->count; r++) {
        const struct node *row = want->items[r];
        if (row->kind == NODE_MAP) {
            if (!row_fits(v, row, got, r, d))
                return false;
            continue;
        }
        for (size_t c = 0; c < row->count || c < got->columns; c++)
            if (row->count != got->columns ||
                !match_text(v, row->items[c], got->cells[r * got->columns + c]))
                return differs(d, dr_sprintf(v->arena, "row %zu, cell %zu", r + 1, c + 1),
                               row->count == got->columns ? row->items[c]->text
                                                          : "another number of columns",
                               shown(v, got));
    }
    return true;
}

static bool some_rows(struct vars *v, const struct node *want, bool present,
                      const struct sql_answer *got, struct diff *d)
{
    const struct node *one = want;
    for (size_t i = 0; i < (want->kind == NODE_LIST ? want->count : 1); i++) {
        if (want->kind == NODE_LIST)
            one = want->items[i];
        if (any_row_fits(v, one, got) != present)
            return differs(d, present ? "some" : "none",
                           dr_sprintf(v->arena, "line %u", one->line), shown(v, got));
    }
    return true;
}

static bool columns_are(struct vars *v, const struct node *want,
                        const struct sql_answer *got, bool exactly, struct diff *d)
{
    struct dr_buf is;
    dr_buf_init(&is, 1 << 16);
    for (size_t c = 0; c < got->columns; c++)
        dr_buf_addf(&is, "%s%s", c ? ", " : "", got->names[c]);
    const char *names = dr_strdup(v->arena, dr_buf_str(&is));
    dr_buf_release(&is);
    bool same = !exactly || want->count == got->columns;
    for (size_t i = 0; same && i < want->count; i++)
        same = i < got->columns && match_text(v, want->items[i], got->names[i]);
    return same ||
           differs(d, "columns", dr_sprintf(v->arena, "line %u", want->line), names);
}

/* ---- warnings: "1292 text", or none ---- */

static bool warning_is(struct vars *v, const struct node *want, struct session *s,
                       const struct sql_answer *got, struct diff *d)
{
    if (strcmp(want->text, "none") == 0)
        return got->warnings == 0 ||
               differs(d, "warning", "none", dr_sprintf(v->arena, "%u", got->warnings));
    struct sql_answer all;
    session_ask(v->arena, s, "SHOW WARNINGS", &all);
    for (size_t r = 0; r < all.rows && all.columns == 3; r++) {
        const char *line =
            dr_sprintf(v->arena, "%s %s", all.cells[r * 3 + 1], all.cells[r * 3 + 2]);
        if (match_text(v, want, line))
            return true;
    }
    return differs(d, "warning", want->text, shown(v, &all));
}

bool expect_sql(struct vars *v, const struct node *step, const struct sql_answer *got,
                struct session *s, struct diff *d)
{
    const struct node *n = tree_get(step, "error");
    if (n)
        return error_is(v, n, got, d);
    if (got->error)
        return differs(
            d, "error", "none",
            dr_sprintf(v->arena, "%u %s %s", got->error, got->state, got->message));
    if (!number_is(v, step, "affected", got->affected, d) ||
        !number_is(v, step, "count", got->rows, d))
        return false;
    if ((n = tree_get(step, "columns")) && !columns_are(v, n, got, true, d))
        return false;
    if ((n = tree_get(step, "first-columns")) && !columns_are(v, n, got, false, d))
        return false;
    if ((n = tree_get(step, "rows")) && !all_rows(v, n, got, d))
        return false;
    if ((n = tree_get(step, "row")) &&
        (got->rows ? !row_fits(v, n, got, 0, d) : !differs(d, "row", "a row", "none")))
        return false;
    if ((n = tree_get(step, "some")) && !some_rows(v, n, true, got, d))
        return false;
    if ((n = tree_get(step, "none")) && !some_rows(v, n, false, got, d))
        return false;
    n = tree_get(step, "warning");
    return !n || warning_is(v, n, s, got, d);
}

/* ---- HTTP ---- */

static const char *header_of(struct dr_arena *a, const char *headers, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = headers; p && *p;
         p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
        if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
            p += len + 1;
            p += strspn(p, " ");
            return dr_strndup(a, p, strcspn(p, "\r\n"));
        }
    return NULL;
}

static bool body_is(struct vars *v, const struct node *want,
                    const struct http_answer *got, struct diff *d)
{
    json_t *json;
    struct dr_err err;
    if (dr_json_parse(&json, got->body, got->body_len, &err) != 0)
        return differs(d, "json", "a JSON document", got->body);
    bool fits = match_json(v, want, json, "", d);
    json_decref(json);
    return fits;
}

bool expect_http(struct vars *v, const struct node *step, const struct http_answer *got,
                 struct diff *d)
{
    const struct node *n = tree_get(step, "header");
    if (got->failure)
        return differs(d, "request", "an answer", got->failure);
    if (!tree_get(step, "status") && got->status != 200)
        return differs(d, "status", "200",
                       dr_sprintf(v->arena, "%ld %s", got->status, got->body));
    const struct node *status = tree_get(step, "status");
    const char *is = dr_sprintf(v->arena, "%ld", got->status);
    if (status && !match_text(v, status, is))
        return differs(d, "status", status->text,
                       dr_sprintf(v->arena, "%s %s", is, got->body));
    for (size_t i = 0; n && i < n->count; i++) {
        const char *value = header_of(v->arena, got->headers, n->keys[i]);
        bool absent = strcmp(n->items[i]->text, "absent") == 0 && !n->items[i]->quoted;
        if (absent ? value != NULL : !match_text(v, n->items[i], value))
            return differs(d, n->keys[i], n->items[i]->text, value ? value : "absent");
    }
    n = tree_get(step, "text");
    if (n && !match_text(v, n, got->body))
        return differs(d, "text", n->text, got->body);
    n = tree_get(step, "json");
    return !n || body_is(v, n, got, d);
}
