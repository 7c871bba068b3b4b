#include "cmd/drover-sim/http_parse.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "controller/base/num.h"

void dr_httpd_request_init(struct dr_httpd_request *r)
{
    *r = (struct dr_httpd_request){.arena = dr_arena_new(1024 * 1024)};
    dr_buf_init(&r->body, DR_HTTPD_BODY_MAX);
}

void dr_httpd_request_release(struct dr_httpd_request *r)
{
    dr_arena_free(r->arena);
    dr_buf_release(&r->body);
}

void dr_httpd_request_reset(struct dr_httpd_request *r)
{
    struct dr_arena *a = r->arena;
    struct dr_buf body = r->body;
    dr_arena_reset(a);
    if (body.room > 64 * 1024) /* one large body must not be paid for ever after */
        dr_buf_release(&body);
    else
        dr_buf_clear(&body);
    *r = (struct dr_httpd_request){.arena = a, .body = body};
}

static enum dr_httpd_step bad(struct dr_httpd_request *r, int status, const char *why)
{
    r->status = status;
    r->why = why;
    return DR_HTTPD_BAD;
}

const char *dr_httpd_header(const struct dr_httpd_request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strcasecmp(r->names[i], name) == 0)
            return r->values[i];
    return NULL;
}

/* ---- the head ---- */

static bool token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static size_t token(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && token_char((unsigned char)s[n]))
        n++;
    return n;
}

static enum dr_httpd_step request_target(struct dr_httpd_request *r, const char *target,
                                         size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)target[i] <= ' ' || target[i] == 0x7f)
            return bad(r, 400, "malformed request target");
    if (len > 7 && strncasecmp(target, "http://", 7) == 0) { /* absolute form */
        const char *path = memchr(target + 7, '/', len - 7);
        len = path ? len - (size_t)(path - target) : 1;
        target = path ? path : "/";
    }
    bool star = len == 1 && *target == '*' && strcmp(r->method, "OPTIONS") == 0;
    if (!len || (*target != '/' && !star))
        return bad(r, 400, "malformed request target");
    r->target = dr_strndup(r->arena, target, len);
    return DR_HTTPD_READY;
}

/* "GET /a?b HTTP/1.1" */
static enum dr_httpd_step request_line(struct dr_httpd_request *r, const char *line,
                                       size_t len)
{
    size_t method = token(line, len);
    const char *target = line + method + 1;
    const char *space = NULL;
    if (method && method < len && line[method] == ' ')
        space = memchr(target, ' ', len - method - 1);
    if (!space || method > 16)
        return bad(r, 400, "malformed HTTP request");
    const char *version = space + 1;
    if (line + len - version != 8 || memcmp(version, "HTTP/", 5) != 0)
        return bad(r, 400, "malformed HTTP version");
    r->http10 = memcmp(version + 5, "1.0", 3) == 0;
    if (!r->http10 && memcmp(version + 5, "1.1", 3) != 0)
        return bad(r, 505, "unsupported protocol version");
    r->method = dr_strndup(r->arena, line, method);
    return request_target(r, target, (size_t)(space - target));
}

static enum dr_httpd_step header_line(struct dr_httpd_request *r, const char *line,
                                      size_t len)
{
    size_t name = token(line, len);
    if (!name || name == len || line[name] != ':')
        return bad(r, 400, "malformed header line"); /* folded lines too */
    size_t from = name + 1, to = len;
    while (from < to && (line[from] == ' ' || line[from] == '\t'))
        from++;
    while (to > from && (line[to - 1] == ' ' || line[to - 1] == '\t'))
        to--;
    for (size_t i = from; i < to; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return bad(r, 400, "invalid header value");
    if (r->header_count == DR_HTTPD_HEADERS_MAX)
        return bad(r, 431, "too many headers");
    r->names[r->header_count] = dr_strndup(r->arena, line, name);
    r->values[r->header_count++] = dr_strndup(r->arena, line + from, to - from);
    return DR_HTTPD_READY;
}

static size_t header_times(const struct dr_httpd_request *r, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < r->header_count; i++)
        n += strcasecmp(r->names[i], name) == 0;
    return n;
}

/* Whether a comma-separated header holds a word. */
static bool header_has(const struct dr_httpd_request *r, const char *name,
                       const char *word)
{
    const char *v = dr_httpd_header(r, name);
    size_t len = strlen(word);
    while (v && *v) {
        v += strspn(v, " \t,");
        size_t n = strcspn(v, " \t,");
        if (n == len && strncasecmp(v, word, len) == 0)
            return true;
        v += n;
    }
    return false;
}

/* How long the body is. */
static enum dr_httpd_step body_length(struct dr_httpd_request *r)
{
    const char *length = dr_httpd_header(r, "Content-Length");
    const char *coding = dr_httpd_header(r, "Transfer-Encoding");
    if (header_times(r, "Content-Length") > 1 || header_times(r, "Transfer-Encoding") > 1)
        return bad(r, 400, "more than one message length");
    if (length && coding)
        return bad(r, 400, "both Content-Length and Transfer-Encoding");
    if (coding && (r->http10 || strcasecmp(coding, "chunked") != 0))
        return bad(r, 501, "unsupported transfer encoding");
    if (length && !dr_parse_u64(length, strlen(length), &r->length))
        return bad(r, 400, "bad Content-Length");
    if (r->length > DR_HTTPD_BODY_MAX)
        return bad(r, 413, "request body too large");
    r->chunked = coding != NULL;
    return DR_HTTPD_READY;
}

/* What the headers say about the connection. */
static enum dr_httpd_step framing(struct dr_httpd_request *r)
{
    const char *expect = dr_httpd_header(r, "Expect");
    size_t hosts = header_times(r, "Host");
    if (hosts > 1 || (hosts == 0 && !r->http10))
        return bad(r, 400,
                   hosts ? "too many Host headers" : "missing required Host header");
    if (expect && strcasecmp(expect, "100-continue") != 0)
        return bad(r, 417, "unknown expectation");
    r->keep_alive = r->http10 ? header_has(r, "Connection", "keep-alive")
                              : !header_has(r, "Connection", "close");
    enum dr_httpd_step step = body_length(r);
    r->expects_continue = expect && !r->http10 && (r->chunked || r->length);
    return step;
}

/* The length of the head up to and with its empty line; 0: not whole yet. Lines end with
 * CRLF, or with LF alone as Go reads them. */
static size_t head_length(struct dr_httpd_request *r, const char *bytes, size_t len)
{
    size_t at = r->scanned;
    const char *nl;
    while (at < len && (nl = memchr(bytes + at, '\n', len - at))) {
        at = (size_t)(nl - bytes) + 1;
        if (at < len && bytes[at] == '\n')
            return at + 1;
        if (at + 1 < len && bytes[at] == '\r' && bytes[at + 1] == '\n')
            return at + 2;
    }
    r->scanned = len > 3 ? len - 3 : 0; /* an end that is cut may begin there */
    return 0;
}

static enum dr_httpd_step parse_head(struct dr_httpd_request *r, const char *bytes,
                                     size_t len)
{
    enum dr_httpd_step step = DR_HTTPD_READY;
    r->names = DR_NEW_N(r->arena, DR_HTTPD_HEADERS_MAX, const char *);
    r->values = DR_NEW_N(r->arena, DR_HTTPD_HEADERS_MAX, const char *);
    for (size_t at = 0, line = 0; step == DR_HTTPD_READY && at < len; line++) {
        const char *nl = memchr(bytes + at, '\n', len - at);
        size_t n = (size_t)(nl - (bytes + at)), text = n;
        if (text && bytes[at + text - 1] == '\r')
            text--;
        if (line == 0)
            step = request_line(r, bytes + at, text);
        else if (text)
            step = header_line(r, bytes + at, text);
        at += n + 1;
    }
    return step == DR_HTTPD_READY ? framing(r) : step;
}

static enum dr_httpd_step feed_head(struct dr_httpd_request *r, const char *bytes,
                                    size_t len, size_t *used)
{
    size_t skip = 0; /* an empty line before a request is forgiven (RFC 9112 2.2) */
    if (len >= 2 && bytes[0] == '\r' && bytes[1] == '\n')
        skip = 2;
    size_t head = head_length(r, bytes + skip, len - skip);
    if (head > DR_HTTPD_HEAD_MAX || (!head && len - skip > DR_HTTPD_HEAD_MAX))
        return bad(r, 431, "request header fields too large");
    if (!head)
        return DR_HTTPD_MORE;
    *used = skip + head;
    r->at = DR_HTTPD_AT_BODY;
    return parse_head(r, bytes + skip, head);
}

/* ---- the body ---- */

/* A line of the chunked coding. Out: its text without its end. */
static enum dr_httpd_step coding_line(struct dr_httpd_request *r, const char *bytes,
                                      size_t len, size_t *used, size_t *text)
{
    const char *nl = memchr(bytes, '\n', len);
    if ((!nl && len > DR_HTTPD_CHUNK_LINE_MAX) ||
        (nl && nl - bytes > DR_HTTPD_CHUNK_LINE_MAX))
        return bad(r, 400, "a line of the chunked body is too long");
    if (!nl)
        return DR_HTTPD_MORE;
    *text = (size_t)(nl - bytes);
    *used += *text + 1;
    if (*text && bytes[*text - 1] == '\r')
        (*text)--;
    return DR_HTTPD_READY;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum dr_httpd_step chunk_size(struct dr_httpd_request *r, const char *line,
                                     size_t len)
{
    uint64_t size = 0;
    size_t digits = 0;
    for (; digits < len && digits < 9 && hex_digit(line[digits]) >= 0; digits++)
        size = size << 4 | (uint64_t)hex_digit(line[digits]);
    if (!digits || (digits < len && !strchr("; \t", line[digits])))
        return bad(r, 400, "malformed chunk size");
    if (size > DR_HTTPD_BODY_MAX - r->body.len)
        return bad(r, 413, "request body too large");
    r->chunk_left = size;
    if (!size)
        r->at = DR_HTTPD_AT_TRAILER;
    return DR_HTTPD_READY;
}

/* One step of a chunked body: bytes of a chunk, its end, the next size, a trailer. */
static enum dr_httpd_step chunk_step(struct dr_httpd_request *r, const char *bytes,
                                     size_t len, size_t *used)
{
    size_t text = 0;
    if (r->chunk_left) {
        size_t n = len < r->chunk_left ? len : (size_t)r->chunk_left;
        dr_buf_add(&r->body, bytes, n);
        *used += n;
        r->chunk_left -= n;
        r->chunk_ends = r->chunk_left == 0;
        return n ? DR_HTTPD_READY : DR_HTTPD_MORE;
    }
    enum dr_httpd_step step = coding_line(r, bytes, len, used, &text);
    if (step != DR_HTTPD_READY)
        return step;
    if (r->at == DR_HTTPD_AT_TRAILER) { /* read and dropped */
        r->trailer_bytes += text;
        if (r->trailer_bytes > DR_HTTPD_HEAD_MAX)
            return bad(r, 431, "request trailer fields too large");
        if (!text)
            r->at = DR_HTTPD_AT_END;
        return DR_HTTPD_READY;
    }
    if (r->chunk_ends) {
        r->chunk_ends = false;
        return text ? bad(r, 400, "malformed chunk") : DR_HTTPD_READY;
    }
    return chunk_size(r, bytes, text);
}

static enum dr_httpd_step feed_body(struct dr_httpd_request *r, const char *bytes,
                                    size_t len, size_t *used)
{
    if (r->chunked) {
        enum dr_httpd_step step = DR_HTTPD_READY;
        while (step == DR_HTTPD_READY && r->at != DR_HTTPD_AT_END)
            step = chunk_step(r, bytes + *used, len - *used, used);
        return step;
    }
    size_t want = (size_t)r->length - r->body.len, have = len - *used;
    size_t n = want < have ? want : have;
    dr_buf_add(&r->body, bytes + *used, n);
    *used += n;
    return r->body.len == r->length ? DR_HTTPD_READY : DR_HTTPD_MORE;
}

enum dr_httpd_step dr_httpd_feed(struct dr_httpd_request *r, const char *bytes,
                                 size_t len, size_t *used)
{
    *used = 0;
    if (r->at == DR_HTTPD_AT_HEAD) {
        enum dr_httpd_step step = feed_head(r, bytes, len, used);
        if (step != DR_HTTPD_READY)
            return step;
    }
    return feed_body(r, bytes, len, used);
}

/* ---- responses ---- */

const char *dr_httpd_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } table[] = {
        {200, "OK"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Request Entity Too Large"},
        {416, "Requested Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].status == status)
            return table[i].reason;
    return "";
}

/* RFC 9110 5.6.7: "Sat, 21 Nov 2026 10:11:12 GMT". */
static void put_date(struct dr_buf *out, int64_t unix_s)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t t = (time_t)unix_s;
    struct tm tm;
    if (!gmtime_r(&t, &tm))
        return;
    dr_buf_addf(out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
                days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
                tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void dr_httpd_put_head(struct dr_buf *out, int status, const char *content_type,
                       uint64_t content_length, bool close, int64_t unix_s,
                       const char *extra)
{
    dr_buf_addf(out, "HTTP/1.1 %d %s\r\n", status, dr_httpd_reason(status));
    if (content_type)
        dr_buf_addf(out, "Content-Type: %s\r\n", content_type);
    dr_buf_adds(out, extra);
    put_date(out, unix_s);
    if (status != 204 && status != 304)
        dr_buf_addf(out, "Content-Length: %llu\r\n", (unsigned long long)content_length);
    dr_buf_adds(out, close ? "Connection: close\r\n\r\n" : "\r\n");
}

void dr_httpd_put_refusal(struct dr_buf *out, int status, const char *why)
{
    const char *reason = dr_httpd_reason(status);
    dr_buf_addf(out,
                "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
                "Connection: close\r\n\r\n%d %s: %s",
                status, reason, status, reason, why);
}
