/* HTTP/1.1 requests taken apart as they come in, strictly and with bounds; and the head
 * of a response. Pure. What is refused and in which words follows Go's net/http, on which
 * TiDB, PD and TiCDC stand (go: src/net/http/server.go, readRequest and badRequestError),
 * and is stricter where a sloppy reading lets a request hide in another: a length given
 * together with chunks, two lengths, folded lines.  Source: RFC 9112. */
#ifndef DR_SIM_HTTP_PARSE_H
#define DR_SIM_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/buf.h"

enum {
    DR_HTTPD_HEAD_MAX = 64 * 1024, /* request line and headers together */
    DR_HTTPD_HEADERS_MAX = 128,
    DR_HTTPD_BODY_MAX = 16 * 1024 * 1024,
    DR_HTTPD_CHUNK_LINE_MAX = 256,
};

enum dr_httpd_step { DR_HTTPD_MORE, DR_HTTPD_READY, DR_HTTPD_BAD };

/* One request; what it points at lives in `arena`. */
struct dr_httpd_request {
    struct dr_arena *arena;
    const char *method, *target;
    const char **names, **values;
    size_t header_count;
    bool http10, keep_alive, expects_continue;
    /* of the body */
    bool chunked;
    uint64_t length;
    struct dr_buf body;
    /* where the parser is */
    enum { DR_HTTPD_AT_HEAD, DR_HTTPD_AT_BODY, DR_HTTPD_AT_TRAILER, DR_HTTPD_AT_END } at;
    uint64_t chunk_left;
    bool chunk_ends;      /* the CRLF after a chunk's bytes is due */
    size_t trailer_bytes; /* of trailer lines so far */
    size_t scanned;       /* bytes of an unfinished head that hold no end of it */
    /* after DR_HTTPD_BAD */
    int status;
    const char *why; /* static */
};

void dr_httpd_request_init(struct dr_httpd_request *r);
void dr_httpd_request_release(struct dr_httpd_request *r);
void dr_httpd_request_reset(struct dr_httpd_request *r); /* ready for the next one */

/* Takes bytes. Out: how many of them belong to this request; the rest is the next one's.
 * DR_HTTPD_READY: head and body are whole. DR_HTTPD_BAD: answer `status` and close. */
enum dr_httpd_step dr_httpd_feed(struct dr_httpd_request *r, const char *bytes,
                                 size_t len, size_t *used);

/* Header by name, any case; NULL: not there. */
const char *dr_httpd_header(const struct dr_httpd_request *r, const char *name);

const char *dr_httpd_reason(int status); /* "Not Found"; "" when unknown */

/* Status line and headers. content_type may be NULL; extra: whole header lines or "". */
void dr_httpd_put_head(struct dr_buf *out, int status, const char *content_type,
                       uint64_t content_length, bool close, int64_t unix_s,
                       const char *extra);

/* A short text answer that Go's server gives by itself, with "Connection: close". */
void dr_httpd_put_refusal(struct dr_buf *out, int status, const char *why);

#endif
