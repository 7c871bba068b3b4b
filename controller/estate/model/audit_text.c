/* The audit's texts: what kind of statement or request it is, and the text itself without
 * what is secret in it. Pure. */
#include <string.h>
#include <strings.h>

#include "controller/base/buf.h"
#include "controller/estate/access.h"
#include "controller/estate/model/audit_text.h"

enum { TEXT_MAX = 600, BODY_MAX = 16 * 1024 };

/* ---- kinds ---- */

static size_t skip_blank(const char *s, size_t len)
{
    size_t i = 0;
    for (;;) {
        while (i < len && strchr(" \t\r\n(", s[i]))
            i++;
        if (len - i < 2 || s[i] != '/' || s[i + 1] != '*')
            return i;
        const char *end = memmem(s + i + 2, len - i - 2, "*/", 2);
        i = end ? (size_t)(end + 2 - s) : len;
    }
}

static bool word_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '_';
}

/* Whether the words stand at s, blanks between them as they like. */
static bool begins(const char *s, size_t len, const char *words)
{
    size_t i = 0;
    while (*words) {
        size_t n = strcspn(words, " ");
        if (len - i < n || strncasecmp(s + i, words, n) != 0 ||
            (i + n < len && word_char(s[i + n])))
            return false;
        i += n;
        words += n + (words[n] == ' ');
        while (*words && i < len && strchr(" \t\r\n", s[i]))
            i++;
    }
    return true;
}

/* The word GLOBAL outside of quotes. */
static bool sets_global(const char *s, size_t len)
{
    char quote = 0;
    for (size_t i = 0; i < len; i++) {
        if (quote) {
            quote = s[i] == quote ? 0 : quote;
        } else if (strchr("'\"`", s[i]) && s[i]) {
            quote = s[i];
        } else if ((i == 0 || !word_char(s[i - 1])) &&
                   (begins(s + i, len - i, "GLOBAL") ||
                    begins(s + i, len - i, "PERSIST"))) {
            return true;
        }
    }
    return false;
}

static const struct {
    const char *words, *kind;
} kinds[] = {
    {"SELECT", "read"},
    {"SHOW", "read"},
    {"DESC", "read"},
    {"DESCRIBE", "read"},
    {"EXPLAIN", "read"},
    {"WITH", "read"},
    {"TABLE", "read"},
    {"DO", "read"},
    {"USE", "session"},
    {"BEGIN", "txn"},
    {"START TRANSACTION", "txn"},
    {"ROLLBACK", "txn"},
    {"COMMIT", "commit"},
    {"INSERT", "insert"},
    {"REPLACE", "insert"},
    {"UPDATE", "update"},
    {"DELETE", "delete"},
    {"SET PASSWORD", "account"},
    {"SET DEFAULT ROLE", "account"},
    {"CREATE USER", "account"},
    {"ALTER USER", "account"},
    {"DROP USER", "account"},
    {"RENAME USER", "account"},
    {"CREATE ROLE", "account"},
    {"DROP ROLE", "account"},
    {"GRANT", "account"},
    {"REVOKE", "account"},
    {"ADMIN SHOW", "read"},
    {"ADMIN CHECK", "read"},
    {"ADMIN", "admin"},
    {"CREATE", "ddl"},
    {"ALTER", "ddl"},
    {"DROP", "ddl"},
    {"TRUNCATE", "ddl"},
    {"RENAME", "ddl"},
    {"FLASHBACK", "ddl"},
    {"KILL", "kill"},
    {"BACKUP", "backup"},
    {"RESTORE", "restore"},
    {"FLUSH", "admin"},
    {"ANALYZE", "admin"},
};

const char *dr_statement_kind(const char *text, size_t len)
{
    size_t at = skip_blank(text, len);
    const char *s = text + at;
    len -= at;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (begins(s, len, kinds[i].words))
            return kinds[i].kind;
    if (begins(s, len, "SET"))
        return sets_global(s, len) ? "set" : "session";
    return "read"; /* nothing that this server would carry out */
}

bool dr_kind_writes(const char *kind)
{
    return strcmp(kind, "read") != 0 && strcmp(kind, "session") != 0 &&
           strcmp(kind, "txn") != 0;
}

const char *dr_request_kind(const char *method, const char *target)
{
    static const char *const questions[] = {"/api/v2/tso", "/api/v2/verify_table",
                                            "/api/v2/get_all_tables"};
    size_t path = strcspn(target, "?");
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        if (path == strlen(questions[i]) && strncmp(target, questions[i], path) == 0)
            return "read";
    return strcmp(method, "POST") == 0 || strcmp(method, "PATCH") == 0 ? "post"
           : strcmp(method, "PUT") == 0                                ? "put"
           : strcmp(method, "DELETE") == 0                             ? "delete"
                                                                       : "read";
}

/* ---- texts without secrets ---- */

/* Whether the word begins a part of the statement whose literals are secrets: IDENTIFIED
 * WITH '..' BY '..', BY PASSWORD '..', AS '..'; SET PASSWORD FOR '..' = PASSWORD('..').
 * What else may stand between the word and its secret (comments, N'..', :=) is not looked
 * at, so the names of a plugin and of an account behind it are masked, too. */
static bool opens_secret(const char *s, size_t i, size_t len)
{
    return (i == 0 || !word_char(s[i - 1])) &&
           (begins(s + i, len - i, "IDENTIFIED") || begins(s + i, len - i, "PASSWORD"));
}

/* Past the literal that begins at i: a doubled quote does not end it. */
static size_t literal_end(const char *s, size_t i, size_t len)
{
    char quote = s[i++];
    for (; i < len; i++)
        if (s[i] == '\\')
            i++;
        else if (s[i] == quote && i + 1 < len && s[i + 1] == quote)
            i++;
        else if (s[i] == quote)
            break;
    return i < len ? i + 1 : len;
}

/* Past a comment that begins at i; i: none does. A password may stand in one. */
static size_t comment_end(const char *s, size_t i, size_t len)
{
    const char *end;
    if (len - i > 3 && memcmp(s + i, "/*", 2) == 0) {
        end = memmem(s + i + 2, len - i - 2, "*/", 2);
        return end ? (size_t)(end - s) + 2 : len;
    }
    if (s[i] == '#' ||
        (len - i > 2 && memcmp(s + i, "--", 2) == 0 && strchr(" \t\r\n", s[i + 2]))) {
        end = memchr(s + i, '\n', len - i);
        return end ? (size_t)(end - s) + 1 : len;
    }
    return i;
}

/* Blanks to one, quoted secrets of statements about accounts masked, their comments left
 * out. Out: owned. */
static void squeeze(struct dr_buf *out, const char *s, size_t len, bool account)
{
    bool blank = true, secret = false;
    for (size_t i = 0; i < len; i++) {
        size_t past = account ? comment_end(s, i, len) : i;
        if (past > i) {
            i = past - 1;
            continue;
        }
        if (account && strchr("'\"`", s[i]) && s[i]) {
            size_t begin = i, end = literal_end(s, i, len);
            if (secret && s[begin] != '`')
                dr_buf_addf(out, "%cxxxxx%c", s[begin], s[begin]);
            else
                dr_buf_add(out, s + begin, end - begin);
            i = end - 1;
            blank = false;
            continue;
        }
        secret |= account && opens_secret(s, i, len);
        bool is_blank = strchr(" \t\r\n", s[i]) && s[i];
        if (!is_blank)
            dr_buf_addc(out, s[i]);
        else if (!blank)
            dr_buf_addc(out, ' ');
        blank = is_blank;
    }
    while (out->len && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
}

char *dr_audit_text(const char *s, size_t len, bool account)
{
    static const struct dr_access nobody = {0};
    struct dr_arena *a = dr_arena_new(0);
    struct dr_buf b;
    len = len > BODY_MAX ? BODY_MAX : len;
    dr_buf_init(&b, (size_t)BODY_MAX * 2);
    squeeze(&b, s, len, account);
    char *out = dr_xstrdup(dr_access_redact(&nobody, a, dr_buf_str(&b), b.len, TEXT_MAX));
    dr_buf_release(&b);
    dr_arena_free(a);
    return out;
}
