/* Texts that come from peers, made fit for an error message. */
#ifndef DR_ESTATE_LIVE_TEXT_H
#define DR_ESTATE_LIVE_TEXT_H

#include <stddef.h>

/* Copies what fits, with control characters replaced by '?' and no cut inside a UTF-8
 * character. Returns out. */
const char *dr_live_text_clean(char *out, size_t size, const char *in);

/* An encoded path and query in the form that AWS Signature V4 hashes: unreserved
 * characters bare, all others as upper-case %XX, each parameter with '=', parameters
 * sorted. `%2F` in a path stays apart from '/'. Owned by the arena.
 * Source: docs.aws.amazon.com, "Create a signed AWS API request". */
struct dr_arena;
const char *dr_live_text_canonical(struct dr_arena *a, const char *target);

#endif
