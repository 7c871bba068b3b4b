/* How long to wait before the next try of something that failed: at most a second, twice
 * as much with each failure up to ten, and at random not all of it, so that many who
 * failed together do not come back together. For endpoints of every kind. */
#ifndef DR_BASE_BACKOFF_H
#define DR_BASE_BACKOFF_H

#include "controller/base/prng.h"

enum { DR_BACKOFF_FIRST_MS = 1000, DR_BACKOFF_LAST_MS = 10000 };

/* failures: in a row, before this one. Out: half of the longest wait .. all of it. */
static inline int64_t dr_backoff_ms(unsigned failures, struct dr_prng *random)
{
    int64_t most_ms = DR_BACKOFF_FIRST_MS;
    for (unsigned i = 0; i < failures && most_ms < DR_BACKOFF_LAST_MS; i++)
        most_ms *= 2;
    if (most_ms > DR_BACKOFF_LAST_MS)
        most_ms = DR_BACKOFF_LAST_MS;
    return most_ms / 2 + (int64_t)dr_prng_below(random, (uint64_t)most_ms / 2 + 1);
}

#endif
