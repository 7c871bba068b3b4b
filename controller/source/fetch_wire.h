/* What parent and child say to each other: one request, one reply, each up to the end of
 * its pipe. Secrets go this way and no other. Pure. */
#ifndef DR_SOURCE_FETCH_WIRE_H
#define DR_SOURCE_FETCH_WIRE_H

#include "controller/base/buf.h"
#include "controller/base/err.h"

enum dr_fetch_field {
    DR_FETCH_PARENT, /* process id: the child ends when another one is its parent */
    DR_FETCH_MIRROR,
    DR_FETCH_URL,
    DR_FETCH_KIND, /* enum dr_url_kind */
    DR_FETCH_HOST,
    DR_FETCH_BRANCH,
    DR_FETCH_USER,
    DR_FETCH_PASSWORD,
    DR_FETCH_SSH_KEY,
    DR_FETCH_SSH_PASSPHRASE,
    DR_FETCH_CA_FILE,
    DR_FETCH_KNOWN_HOSTS,
    DR_FETCH_MAX_BYTES,
    DR_FETCH_MAX_MEMORY,
    DR_FETCH_FIELD_COUNT_
};

enum {
    DR_FETCH_REQUEST_MAX = 32 << 10, /* a pipe takes it whole: writing never blocks */
    DR_FETCH_REPLY_MAX = 8 << 10,
};

/* Empty text and NULL are the same. */
struct dr_fetch_request {
    const char *field[DR_FETCH_FIELD_COUNT_];
};

/* b: wiped by the caller. */
void dr_fetch_request_write(struct dr_buf *b, const struct dr_fetch_request *r);

/* Fields point into `bytes`. False: that is no request. */
bool dr_fetch_request_read(char *bytes, size_t len, struct dr_fetch_request *out);

/* How the fetch ended; code 0: well. */
void dr_fetch_reply_write(struct dr_buf *b, const struct dr_err *result);
bool dr_fetch_reply_read(const char *bytes, size_t len, struct dr_err *result);

#endif
