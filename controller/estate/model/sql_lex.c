#include "controller/estate/model/sql_lex.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "controller/base/buf.h"
#include "controller/base/num.h"

enum { BYTES_EACH = 5 }; /* of a token with the blank before it, or a little more */

struct lexer {
    struct dr_arena *a;
    const char *s;
    size_t len, i;
    struct dr_token *items;
    size_t count, room;
};

static bool word_byte(unsigned char ch)
{
    return isalnum(ch) || ch == '_' || ch == '$' || ch >= 0x80;
}

static char at(const struct lexer *x, size_t ahead)
{
    return x->i + ahead < x->len ? x->s[x->i + ahead] : '\0';
}

static void push(struct lexer *x, enum dr_tok_kind kind, const char *text, size_t len,
                 size_t from)
{
    struct dr_token *t = DR_PUSH(x->a, x->items, x->count, x->room);
    *t = (struct dr_token){kind, text, len, from, x->i};
}

static bool line_comment(const struct lexer *x)
{
    return at(x, 0) == '#' || (at(x, 0) == '-' && at(x, 1) == '-' &&
                               (x->i + 2 >= x->len || isspace((unsigned char)at(x, 2))));
}

/* Version comments only lose their brackets: "/" "*!40101", "/" "*T![ttl]". */
static bool version_comment(struct lexer *x)
{
    bool tidb = at(x, 2) == 'T' && at(x, 3) == '!';
    if (at(x, 0) != '/' || at(x, 1) != '*' || (at(x, 2) != '!' && !tidb))
        return false;
    x->i += tidb ? 4 : 3;
    while (isdigit((unsigned char)at(x, 0)))
        x->i++;
    if (at(x, 0) == '[')
        while (x->i < x->len && x->s[x->i++] != ']')
            ;
    return true;
}

static void skip_blank(struct lexer *x)
{
    for (;;) {
        if (x->i < x->len && isspace((unsigned char)x->s[x->i])) {
            x->i++;
        } else if (line_comment(x)) {
            while (x->i < x->len && x->s[x->i] != '\n')
                x->i++;
        } else if (version_comment(x)) {
            continue;
        } else if (at(x, 0) == '/' && at(x, 1) == '*') {
            const char *end = memmem(x->s + x->i + 2, x->len - x->i - 2, "*/", 2);
            x->i = end ? (size_t)(end - x->s) + 2 : x->len;
        } else if (at(x, 0) == '*' && at(x, 1) == '/') {
            x->i += 2;
        } else {
            return;
        }
    }
}

static char unescape(char ch)
{
    static const char from[] = "0ntrbZ", to[] = "\0\n\t\r\b\032";
    const char *p = ch ? strchr(from, ch) : NULL;
    return p ? to[p - from] : ch;
}

/* One quoted run at the cursor, appended to `out`; false: no closing quote. */
static bool quoted(struct lexer *x, struct dr_buf *out)
{
    char q = x->s[x->i++];
    for (; x->i < x->len; x->i++) {
        char ch = x->s[x->i];
        if (ch == q && at(x, 1) == q) {
            dr_buf_addc(out, q);
            x->i++;
        } else if (ch == q) {
            x->i++;
            return true;
        } else if (ch == '\\' && q != '`' && x->i + 1 < x->len) {
            char next = x->s[++x->i];
            if (next == '%' || next == '_')
                dr_buf_addc(out, '\\'); /* kept for LIKE */
            dr_buf_addc(out, unescape(next));
        } else {
            dr_buf_addc(out, ch);
        }
    }
    return false;
}

static void lex_quoted(struct lexer *x)
{
    size_t from = x->i;
    bool name = x->s[x->i] == '`';
    struct dr_buf b;
    dr_buf_init(&b, x->len + 1);
    bool ok = quoted(x, &b);
    while (ok && !name) { /* 'a' 'b' is 'ab' */
        size_t keep = x->i;
        skip_blank(x);
        if (at(x, 0) != '\'' && at(x, 0) != '"') {
            x->i = keep;
            break;
        }
        ok = quoted(x, &b);
    }
    char *text = dr_alloc(x->a, b.len + 1); /* may hold NULs */
    if (b.len)
        memcpy(text, b.data, b.len);
    push(x, !ok ? DR_TOK_BAD : name ? DR_TOK_NAME : DR_TOK_STRING, text, b.len, from);
    dr_buf_release(&b);
}

static void lex_variable(struct lexer *x)
{
    size_t from = x->i;
    bool sys = at(x, 1) == '@';
    x->i += sys ? 2 : 1;
    size_t start = x->i;
    while (x->i < x->len && (word_byte((unsigned char)x->s[x->i]) || x->s[x->i] == '.' ||
                             x->s[x->i] == '`'))
        x->i++;
    char *text = dr_strndup(x->a, x->s + start, x->i - start);
    size_t n = 0;
    for (const char *p = text; *p; p++)
        if (*p != '`')
            text[n++] = *p;
    text[n] = '\0';
    push(x, !n ? DR_TOK_BAD : sys ? DR_TOK_SYSVAR : DR_TOK_USERVAR, text, n, from);
}

static void lex_number(struct lexer *x)
{
    size_t from = x->i;
    if (at(x, 0) == '0' && (at(x, 1) == 'x' || at(x, 1) == 'X') &&
        isxdigit((unsigned char)at(x, 2))) {
        x->i += 2;
        while (isxdigit((unsigned char)at(x, 0)))
            x->i++;
        push(x, DR_TOK_HEX, dr_strndup(x->a, x->s + from + 2, x->i - from - 2),
             x->i - from - 2, from);
        return;
    }
    while (isdigit((unsigned char)at(x, 0)))
        x->i++;
    if (at(x, 0) == '.') {
        x->i++;
        while (isdigit((unsigned char)at(x, 0)))
            x->i++;
    }
    size_t sign = at(x, 1) == '-' || at(x, 1) == '+' ? 2 : 1;
    if ((at(x, 0) == 'e' || at(x, 0) == 'E') && isdigit((unsigned char)at(x, sign))) {
        x->i += sign;
        while (isdigit((unsigned char)at(x, 0)))
            x->i++;
    }
    push(x, DR_TOK_NUMBER, dr_strndup(x->a, x->s + from, x->i - from), x->i - from, from);
}

static void lex_word(struct lexer *x)
{
    size_t from = x->i;
    if ((at(x, 0) == 'x' || at(x, 0) == 'X') && at(x, 1) == '\'') {
        x->i += 2;
        size_t start = x->i;
        while (isxdigit((unsigned char)at(x, 0)))
            x->i++;
        size_t n = x->i - start;
        bool ok = at(x, 0) == '\'';
        x->i += ok;
        push(x, ok ? DR_TOK_HEX : DR_TOK_BAD, dr_strndup(x->a, x->s + start, n), n, from);
        return;
    }
    while (x->i < x->len && word_byte((unsigned char)x->s[x->i]))
        x->i++;
    push(x, DR_TOK_WORD, dr_strndup(x->a, x->s + from, x->i - from), x->i - from, from);
}

static void lex_op(struct lexer *x)
{
    static const char *const ops[] = {"->>", "<=>", "->", ":=", "<=", ">=", "<>",
                                      "!=",  "<<",  ">>", "||", "&&", NULL};
    /* those of one byte, and their texts */
    static const char single[] = "(\0)\0+\0-\0*\0/\0%\0,\0;\0.\0=\0<\0>\0!\0~\0&\0|"
                                 "\0^\0?\0{\0}\0[\0]\0:";
    size_t from = x->i, n = 1;
    char ch = x->s[x->i];
    for (size_t k = 0; strchr("-<:!>|&", ch) && ops[k]; k++) {
        size_t len = strlen(ops[k]);
        if (x->len - x->i >= len && memcmp(x->s + x->i, ops[k], len) == 0) {
            n = len;
            break;
        }
    }
    x->i += n;
    const char *known = n == 1 && ch ? memchr(single, ch, sizeof(single)) : NULL;
    if (known)
        push(x, DR_TOK_OP, known, n, from);
    else
        push(x, n > 1 ? DR_TOK_OP : DR_TOK_BAD, dr_strndup(x->a, x->s + from, n), n,
             from);
}

void dr_lex(struct dr_arena *a, const char *sql, size_t len, struct dr_cur *out)
{
    struct lexer x = {.a = a, .s = sql, .len = len, .room = len / BYTES_EACH + 8};
    x.items = dr_alloc_n(a, x.room, sizeof(*x.items));
    for (skip_blank(&x); x.i < x.len; skip_blank(&x)) {
        unsigned char ch = (unsigned char)x.s[x.i];
        if (ch == '\'' || ch == '"' || ch == '`')
            lex_quoted(&x);
        else if (ch == '@')
            lex_variable(&x);
        else if (isdigit(ch) || (ch == '.' && isdigit((unsigned char)at(&x, 1)) &&
                                 !(x.count && x.items[x.count - 1].to == x.i)))
            lex_number(&x);
        else if (word_byte(ch))
            lex_word(&x);
        else
            lex_op(&x);
    }
    if (x.count && dr_token_is(&x.items[x.count - 1], ";"))
        x.count--;
    size_t count = x.count;
    x.i = len;
    push(&x, DR_TOK_END, "", 0, len);
    *out = (struct dr_cur){sql, len, x.items, count, 0};
}

const struct dr_token *dr_peek(const struct dr_cur *c, size_t ahead)
{
    return &c->t[c->i + ahead < c->count ? c->i + ahead : c->count];
}

bool dr_at_end(const struct dr_cur *c)
{
    return c->i >= c->count;
}

bool dr_token_is(const struct dr_token *t, const char *word)
{
    return (t->kind == DR_TOK_WORD || t->kind == DR_TOK_OP) &&
           dr_same_word(t->text, word);
}

bool dr_is(const struct dr_cur *c, const char *word)
{
    return dr_token_is(dr_peek(c, 0), word);
}

bool dr_accept(struct dr_cur *c, const char *word)
{
    if (!dr_is(c, word))
        return false;
    c->i++;
    return true;
}

bool dr_accept_all(struct dr_cur *c, const char *words)
{
    size_t i = 0;
    for (const char *w = words; *w; i++) {
        size_t n = strcspn(w, " ");
        const struct dr_token *t = dr_peek(c, i);
        if ((t->kind != DR_TOK_WORD && t->kind != DR_TOK_OP) || t->len != n ||
            strncasecmp(t->text, w, n) != 0)
            return false;
        w += n + (w[n] == ' ');
    }
    c->i += i;
    return true;
}

bool dr_take_name(struct dr_cur *c, const char **name)
{
    const struct dr_token *t = dr_peek(c, 0);
    if (t->kind != DR_TOK_WORD && t->kind != DR_TOK_NAME)
        return false;
    *name = t->text;
    c->i++;
    return true;
}

bool dr_take_string(struct dr_cur *c, const char **s, size_t *len)
{
    const struct dr_token *t = dr_peek(c, 0);
    if (t->kind != DR_TOK_STRING)
        return false;
    *s = t->text;
    if (len)
        *len = t->len;
    c->i++;
    return true;
}

bool dr_take_u64(struct dr_cur *c, uint64_t *n)
{
    const struct dr_token *t = dr_peek(c, 0);
    if (t->kind != DR_TOK_NUMBER || !dr_parse_u64(t->text, t->len, n))
        return false;
    c->i++;
    return true;
}

bool dr_skip_parens(struct dr_cur *c)
{
    if (!dr_is(c, "("))
        return false;
    size_t depth = 0;
    for (; !dr_at_end(c); c->i++) {
        depth += dr_is(c, "(");
        if (dr_is(c, ")") && --depth == 0) {
            c->i++;
            return true;
        }
    }
    return false;
}

const char *dr_sqlite_quote(struct dr_arena *a, const char *s, size_t len)
{
    char *out = dr_alloc(a, len * 2 + 3);
    size_t n = 0;
    out[n++] = '\'';
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\'')
            out[n++] = '\'';
        out[n++] = s[i];
    }
    out[n++] = '\'';
    return out;
}
