/* A small seeded generator (splitmix64) for the model, jitter and tests; never for
 * secrets. The same seed gives the same numbers on every machine. */
#ifndef DR_BASE_PRNG_H
#define DR_BASE_PRNG_H

#include <stdint.h>

struct dr_prng {
    uint64_t state;
};

static inline uint64_t dr_prng_next(struct dr_prng *p)
{
    uint64_t z = (p->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 .. n-1; n > 0. */
static inline uint64_t dr_prng_below(struct dr_prng *p, uint64_t n)
{
    return dr_prng_next(p) % n;
}

#endif
