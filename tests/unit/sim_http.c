/* drover-sim: HTTP requests taken apart, whole and byte by byte, and what is refused. */
#include <criterion/criterion.h>
#include <string.h>

#include "cmd/drover-sim/http_parse.h"

/* What a request came to: "METHOD target k=v;k=v; [body] keep +rest" or the status. */
static void summary(struct dr_buf *out, const struct dr_httpd_request *r,
                    enum dr_httpd_step step, size_t rest)
{
    dr_buf_clear(out);
    if (step != DR_HTTPD_READY) {
        dr_buf_addf(out, step == DR_HTTPD_BAD ? "%d" : "more", r->status);
        return;
    }
    dr_buf_addf(out, "%s %s ", r->method, r->target);
    for (size_t i = 0; i < r->header_count; i++)
        if (strcasecmp(r->names[i], "host") != 0)
            dr_buf_addf(out, "%s=%s;", r->names[i], r->values[i]);
    dr_buf_addf(out, " [%s] %s +%zu", dr_buf_str(&r->body),
                r->keep_alive ? "keep" : "close", rest);
}

/* Feeds as the server does: bytes that were not used are fed again with the next ones. */
static void feed_by(const char *text, size_t len, size_t step_bytes, struct dr_buf *out)
{
    struct dr_httpd_request r;
    enum dr_httpd_step step = DR_HTTPD_MORE;
    size_t from = 0, to = 0;
    dr_httpd_request_init(&r);
    while (step == DR_HTTPD_MORE && to < len) {
        size_t used;
        to = len - to < step_bytes ? len : to + step_bytes;
        char *piece = malloc(to - from + 1); /* apart, so that ASan sees a step too far */
        memcpy(piece, text + from, to - from);
        step = dr_httpd_feed(&r, piece, to - from, &used);
        cr_assert_leq(used, to - from);
        from += used;
        free(piece);
    }
    summary(out, &r, step, len - from);
    dr_httpd_request_release(&r);
}

#define H "Host: h\r\n"

Test(sim_http, requests_are_read_whole_and_in_pieces)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"GET /a?b=c HTTP/1.1\r\n" H "\r\n", "GET /a?b=c  [] keep +0"},
        {"GET / HTTP/1.1\n" H "\n", "GET /  [] keep +0"},
        {"\r\nGET / HTTP/1.1\r\n" H "\r\n", "GET /  [] keep +0"},
        {"GET / HTTP/1.0\r\n\r\n", "GET /  [] close +0"},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
         "GET / Connection=Keep-Alive; [] keep +0"},
        {"GET / HTTP/1.1\r\n" H "Connection: TE, close\r\n\r\n",
         "GET / Connection=TE, close; [] close +0"},
        {"GET http://h:1/x HTTP/1.1\r\n" H "\r\n", "GET /x  [] keep +0"},
        {"GET http://h HTTP/1.1\r\n" H "\r\n", "GET /  [] keep +0"},
        {"OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS *  [] keep +0"},
        {"GET / HTTP/1.1\r\n" H "A:  b c \t\r\nE:\r\n\r\n", "GET / A=b c;E=; [] keep +0"},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc",
         "POST / Content-Length=3; [abc] keep +0"},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n",
         "POST / Content-Length=0; [] keep +0"},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nab", "more"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
         "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
         "POST / Transfer-Encoding=chunked; [abc0123456789] keep +0"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n0\r\nT: x\r\n\r\n",
         "POST / Transfer-Encoding=Chunked; [] keep +0"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
         "more"},
        {"GET / HTTP/1.1\r\n" H, "more"},
        {"GET", "more"},
        /* refused */
        {"GET / HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" H H "\r\n", "400"},
        {"GET  / HTTP/1.1\r\n" H "\r\n", "400"},
        {"GET / x HTTP/1.1\r\n" H "\r\n", "400"},
        {"GET /\r\n" H "\r\n", "400"},
        {"/ HTTP/1.1\r\n" H "\r\n", "400"},
        {"GET x HTTP/1.1\r\n" H "\r\n", "400"},
        {"GET * HTTP/1.1\r\n" H "\r\n", "400"},
        {"G\x01T / HTTP/1.1\r\n" H "\r\n", "400"},
        {"GET /\x01 HTTP/1.1\r\n" H "\r\n", "400"},
        {"GET / HTTP/1.2\r\n" H "\r\n", "505"},
        {"PRI * HTTP/2.0\r\n\r\n", "505"},
        {"GET / HTTX/1.1\r\n" H "\r\n", "400"},
        {"ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n" H "\r\n", "400"},
        {"\x16\x03\x01\x02\r\n\r\n", "400"}, /* TLS on a plain port */
        {"GET / HTTP/1.1\r\n" H "A : b\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" H "nonsense\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" H "A: b\rc\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
         "400"},
        {"POST / HTTP/1.1\r\n" H
         "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         "400"},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 16777217\r\n\r\n", "413"},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", "501"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "501"},
        {"POST / HTTP/1.1\r\n" H "Expect: miracles\r\n\r\n", "417"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nx\r\n", "400"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "400"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1000001\r\n", "413"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
         "413"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
         "400"},
    };
    struct dr_buf got;
    dr_buf_init(&got, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = strlen(cases[i].text);
        for (size_t by = 1; by <= len; by += by < 8 ? 1 : by) {
            feed_by(cases[i].text, len, by, &got);
            /* what follows a refusal is not looked at, so the rest does not matter */
            cr_assert_str_eq(dr_buf_str(&got), cases[i].want, "by %zu: %s", by,
                             cases[i].text);
        }
    }
    dr_buf_release(&got);
}

Test(sim_http, a_nul_is_refused)
{
    static const char in_name[] = "GET / HTTP/1.1\r\n" H "A\0: b\r\n\r\n";
    static const char in_value[] = "GET / HTTP/1.1\r\n" H "A: b\0c\r\n\r\n";
    static const char in_target[] = "GET /a\0b HTTP/1.1\r\n" H "\r\n";
    struct dr_buf got;
    dr_buf_init(&got, 4096);
    feed_by(in_name, sizeof(in_name) - 1, 9, &got);
    cr_assert_str_eq(dr_buf_str(&got), "400");
    feed_by(in_value, sizeof(in_value) - 1, 9, &got);
    cr_assert_str_eq(dr_buf_str(&got), "400");
    feed_by(in_target, sizeof(in_target) - 1, 9, &got);
    cr_assert_str_eq(dr_buf_str(&got), "400");
    dr_buf_release(&got);
}

Test(sim_http, pipelined_requests_do_not_mix)
{
    static const char text[] =
        "POST /1 HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nab"
        "GET /2 HTTP/1.1\r\n" H "\r\n"
        "POST /3 HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
        "1\r\nx\r\n0\r\n\r\n"
        "GET /4 HTTP/1.1\r\n" H "\r\n";
    static const char *const want[] = {"/1", "/2", "/3", "/4"};
    struct dr_httpd_request r;
    size_t at = 0, used;
    dr_httpd_request_init(&r);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(dr_httpd_feed(&r, text + at, sizeof(text) - 1 - at, &used),
                     DR_HTTPD_READY);
        cr_assert_str_eq(r.target, want[i]);
        at += used;
        dr_httpd_request_reset(&r);
    }
    cr_assert_eq(at, sizeof(text) - 1);
    dr_httpd_request_release(&r);
}

Test(sim_http, heads_and_trailers_are_bounded)
{
    struct dr_httpd_request r;
    size_t used;
    struct dr_buf text;
    dr_buf_init(&text, 1 << 20);
    /* one endless header line: refused before it ends */
    dr_buf_adds(&text, "GET / HTTP/1.1\r\nA: ");
    dr_buf_pad(&text, 'x', DR_HTTPD_HEAD_MAX);
    dr_httpd_request_init(&r);
    cr_assert_eq(dr_httpd_feed(&r, text.data, text.len, &used), DR_HTTPD_BAD);
    cr_assert_eq(r.status, 431);
    /* too many lines */
    dr_httpd_request_reset(&r);
    dr_buf_clear(&text);
    dr_buf_adds(&text, "GET / HTTP/1.1\r\n");
    for (int i = 0; i <= DR_HTTPD_HEADERS_MAX; i++)
        dr_buf_adds(&text, "A: b\r\n");
    dr_buf_adds(&text, "\r\n");
    cr_assert_eq(dr_httpd_feed(&r, text.data, text.len, &used), DR_HTTPD_BAD);
    cr_assert_eq(r.status, 431);
    /* endless trailers */
    dr_httpd_request_reset(&r);
    dr_buf_clear(&text);
    dr_buf_adds(&text, "GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n");
    for (int i = 0; i < 400; i++)
        dr_buf_addf(&text, "A: %200d\r\n", i);
    cr_assert_eq(dr_httpd_feed(&r, text.data, text.len, &used), DR_HTTPD_BAD);
    cr_assert_eq(r.status, 431);
    /* an endless chunk extension */
    dr_httpd_request_reset(&r);
    dr_buf_clear(&text);
    dr_buf_adds(&text, "GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1;");
    dr_buf_pad(&text, 'x', DR_HTTPD_CHUNK_LINE_MAX);
    cr_assert_eq(dr_httpd_feed(&r, text.data, text.len, &used), DR_HTTPD_BAD);
    cr_assert_eq(r.status, 400);
    dr_httpd_request_release(&r);
    dr_buf_release(&text);
}

Test(sim_http, expectation_and_headers)
{
    static const char text[] = "PUT / HTTP/1.1\r\n" H "expect: 100-Continue\r\n"
                               "Content-Length: 2\r\n\r\n";
    struct dr_httpd_request r;
    size_t used;
    dr_httpd_request_init(&r);
    cr_assert_eq(dr_httpd_feed(&r, text, sizeof(text) - 1, &used), DR_HTTPD_MORE);
    cr_assert_eq(used, sizeof(text) - 1);
    cr_assert(r.expects_continue);
    cr_assert_str_eq(dr_httpd_header(&r, "HOST"), "h");
    cr_assert_null(dr_httpd_header(&r, "Hos"));
    cr_assert_eq(dr_httpd_feed(&r, "ok", 2, &used), DR_HTTPD_READY);
    cr_assert_str_eq(dr_buf_str(&r.body), "ok");
    dr_httpd_request_release(&r);
}

Test(sim_http, heads_are_written_byte_for_byte)
{
    struct dr_buf out;
    dr_buf_init(&out, 4096);
    dr_httpd_put_head(&out, 200, "application/json", 12, false, 784887151, "X: y\r\n");
    cr_assert_str_eq(dr_buf_str(&out),
                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX: y\r\n"
                     "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Length: 12\r\n\r\n");
    dr_buf_clear(&out);
    dr_httpd_put_head(&out, 204, NULL, 0, true, 0, "");
    cr_assert_str_eq(dr_buf_str(&out), "HTTP/1.1 204 No Content\r\n"
                                       "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                                       "Connection: close\r\n\r\n");
    dr_buf_clear(&out);
    dr_httpd_put_refusal(&out, 400, "bad Content-Length");
    cr_assert_str_eq(dr_buf_str(&out),
                     "HTTP/1.1 400 Bad Request\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Connection: close\r\n\r\n400 Bad Request: bad Content-Length");
    dr_buf_release(&out);
}
