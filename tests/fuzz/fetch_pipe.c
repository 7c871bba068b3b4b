/* What the fetching process and its parent read off their pipes. The process speaks to a
 * git server of others, so its reply is no more to be trusted than the server is.
 *
 * First byte of an input: odd: a request, as the process reads it; even: a reply. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/arena.h"
#include "controller/source/fetch_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void read_request(char *bytes, size_t len)
{
    struct dr_fetch_request r, again;
    struct dr_buf b;
    if (!dr_fetch_request_read(bytes, len, &r))
        return;
    dr_buf_init(&b, 1 << 20);
    dr_fetch_request_write(&b, &r);
    require(b.len == len && memcmp(b.data, bytes, len) == 0);
    require(dr_fetch_request_read(b.data, b.len, &again));
    dr_buf_release(&b);
}

static void read_reply(const char *bytes, size_t len)
{
    struct dr_err r, again;
    struct dr_buf b;
    if (!dr_fetch_reply_read(bytes, len, &r))
        return;
    require(r.code < DR_E_COUNT_ && memchr(r.text, 0, sizeof(r.text)) != NULL);
    dr_buf_init(&b, 1 << 20);
    dr_fetch_reply_write(&b, &r);
    /* a text that was cut within a letter is no JSON: then the reply is none */
    if (dr_fetch_reply_read(dr_buf_str(&b), b.len, &again))
        require(again.code == r.code && strcmp(again.text, r.text) == 0);
    dr_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    char *exact = dr_xcalloc(size, 1);
    memcpy(exact, data + 1, size - 1);
    if (data[0] & 1)
        read_request(exact, size - 1);
    else
        read_reply(exact, size - 1);
    free(exact);
    return 0;
}
