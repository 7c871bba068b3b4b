/* AWS Signature Version 4 of S3 requests: computed, and checked against a key. Source:
 * the Signature V4 part of the Amazon S3 API reference ("Authenticating Requests:
 * Using the Authorization Header"), whose example answers are the unit test. */
#ifndef DR_MODEL_SIGV4_H
#define DR_MODEL_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"

struct dr_sigv4_request {
    const char *method;
    const char *target; /* as on the request line */
    const char *body;
    size_t body_len;
    size_t header_count;
    const char *const *header_names;
    const char *const *header_values;
};

struct dr_sigv4_key {
    const char *region, *access, *secret;
};

enum dr_sigv4_result {
    DR_SIGV4_OK,
    DR_SIGV4_NONE,     /* no Authorization header */
    DR_SIGV4_NO_HASH,  /* no x-amz-content-sha256 */
    DR_SIGV4_BROKEN,   /* malformed, or a signed header is missing */
    DR_SIGV4_REGION,   /* signed for another region */
    DR_SIGV4_KEY,      /* unknown access key */
    DR_SIGV4_MISMATCH, /* the signature does not fit */
    DR_SIGV4_HASH,     /* x-amz-content-sha256 is not the body's */
    DR_SIGV4_SKEW,     /* more than 15 minutes from the server's time */
};

/* Checks the Authorization header. wall_ms: the server's clock. */
enum dr_sigv4_result dr_sigv4_check(const struct dr_sigv4_request *req,
                                    const struct dr_sigv4_key *key, int64_t wall_ms);

/* The value of the Authorization header for a request that already carries all headers
 * that are to be signed, x-amz-date and x-amz-content-sha256 among them. signed_headers:
 * lower case, sorted, joined by ';'. Out: in the arena. */
const char *dr_sigv4_authorization(struct dr_arena *a, const struct dr_sigv4_request *req,
                                   const struct dr_sigv4_key *key,
                                   const char *signed_headers);

/* "20261121T101112Z". */
enum { DR_SIGV4_TIME = 17 };
const char *dr_sigv4_time(int64_t wall_ms, char out[DR_SIGV4_TIME]);

#endif
