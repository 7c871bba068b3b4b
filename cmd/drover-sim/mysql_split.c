#include "cmd/drover-sim/mysql_split.h"

#include <string.h>

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t to_line_end(const char *text, size_t len, size_t at)
{
    const char *nl = memchr(text + at, '\n', len - at);
    return nl ? (size_t)(nl - text) + 1 : len;
}

/* Past a quoted piece that begins at `at`; an open one goes to the end. A doubled quote
 * reads as two pieces, which ends at the same place. */
static size_t past_quoted(const char *text, size_t len, size_t at)
{
    char quote = text[at++];
    while (at < len && text[at] != quote)
        at += text[at] == '\\' && quote != '`' && at + 1 < len ? 2 : 1;
    return at < len ? at + 1 : len;
}

/* Past a comment at `at`, or `at` itself when there is none. What TiDB executes inside a
 * comment (hints, version comments) holds no semicolon of its own, so all are skipped. */
static size_t past_comment(const char *text, size_t len, size_t at)
{
    size_t left = len - at;
    const char *p = text + at;
    if (p[0] == '#')
        return to_line_end(text, len, at);
    if (left >= 2 && p[0] == '-' && p[1] == '-' && (left == 2 || blank(p[2])))
        return to_line_end(text, len, at);
    if (left >= 2 && p[0] == '/' && p[1] == '*') {
        const char *close = memmem(p + 2, left - 2, "*/", 2);
        return close ? (size_t)(close - text) + 2 : len;
    }
    return at;
}

bool dr_mysql_next_statement(const char *text, size_t len, size_t *next,
                             const char **statement, size_t *statement_len)
{
    size_t at = 0;
    for (;;) {
        while (at < len && (blank(text[at]) || text[at] == ';'))
            at++;
        size_t start = at;
        bool words = false; /* more than comments */
        while (at < len && text[at] != ';') {
            size_t after = past_comment(text, len, at);
            if (after != at) {
                words = words || (text[at] == '/' && at + 2 < len && text[at + 2] == '!');
                at = after;
                continue;
            }
            words = words || !blank(text[at]);
            bool quoted = text[at] == '\'' || text[at] == '"' || text[at] == '`';
            at = quoted ? past_quoted(text, len, at) : at + 1;
        }
        size_t end = at;
        while (end > start && blank(text[end - 1]))
            end--;
        if (words) {
            *statement = text + start;
            *statement_len = end - start;
            *next = at < len ? at + 1 : len;
            return true;
        }
        if (at >= len)
            return false;
    }
}
