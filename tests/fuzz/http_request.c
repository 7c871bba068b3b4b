/* Whatever comes in as HTTP is read to the same end in one piece and in many, within the
 * parser's bounds. First byte of an input: bytes given at once, less one; the rest is
 * what the client sends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/drover-sim/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

/* What all requests of a text came to. */
static void read_all(struct dr_buf *out, const char *text, size_t len, size_t piece)
{
    struct dr_httpd_request r;
    enum dr_httpd_step step = DR_HTTPD_MORE;
    size_t from = 0, to = 0, used;
    dr_httpd_request_init(&r);
    while (step != DR_HTTPD_BAD) {
        step = dr_httpd_feed(&r, text + from, to - from, &used);
        require(used <= to - from);
        from += used;
        if (step == DR_HTTPD_READY) {
            require(r.method && r.target && r.header_count <= DR_HTTPD_HEADERS_MAX);
            require(!r.body.overflow);
            dr_buf_addf(out, "%s %s %zu %zu %d\n", r.method, r.target, r.header_count,
                        r.body.len, r.keep_alive);
            dr_httpd_request_reset(&r);
        } else if (step == DR_HTTPD_BAD) {
            require(r.status >= 400 && r.why);
            dr_buf_addf(out, "%d\n", r.status);
        } else if (to == len) {
            break;
        } else {
            to = len - to < piece ? len : to + piece;
        }
    }
    dr_httpd_request_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dr_buf whole, pieces;
    if (!size)
        return 0;
    dr_buf_init(&whole, 1 << 20);
    dr_buf_init(&pieces, 1 << 20);
    read_all(&whole, (const char *)data + 1, size - 1, size);
    read_all(&pieces, (const char *)data + 1, size - 1, (size_t)data[0] + 1);
    require(strcmp(dr_buf_str(&whole), dr_buf_str(&pieces)) == 0);
    dr_buf_release(&whole);
    dr_buf_release(&pieces);
    return 0;
}
