/* Timestamps of PD: unix milliseconds << 18 | 18 logical bits, unsigned, exact. TSOs of
 * different clusters are never ordered against each other. 0 is "none". */
#ifndef DR_BASE_TSO_H
#define DR_BASE_TSO_H

#include <stdbool.h>
#include <stdint.h>

enum { DR_TIME_TEXT = 48 };

static inline uint64_t dr_tso_make(int64_t unix_ms, uint32_t logical)
{
    return (uint64_t)unix_ms << 18 | (logical & 0x3ffff);
}

static inline int64_t dr_tso_ms(uint64_t tso)
{
    return (int64_t)(tso >> 18);
}

static inline uint32_t dr_tso_logical(uint64_t tso)
{
    return (uint32_t)(tso & 0x3ffff);
}

/* The TSO of that many ms later by another clock, and a thousandth less: however fast
 * that one runs, never a TSO that is not there yet. */
static inline uint64_t dr_tso_later(uint64_t tso, int64_t ms)
{
    return ms > 0 ? dr_tso_make(dr_tso_ms(tso) + ms - (ms + 999) / 1000, 0) : tso;
}

/* now - then in ms, both of one cluster; negative when then is later. */
static inline int64_t dr_tso_age_ms(uint64_t now, uint64_t then)
{
    return dr_tso_ms(now) - dr_tso_ms(then);
}

/* "2026-11-21 10:11:12.345" in UTC. */
const char *dr_time_text(int64_t unix_ms, char out[DR_TIME_TEXT]);

/* A moment in UTC as people write it: "2026-11-21", "2026-11-21 10:11", "..:12", with 'T'
 * for the space and 'Z' at the end as they like. The whole text. */
bool dr_parse_time(const char *s, int64_t *unix_ms);

#endif
