/* Monotonic milliseconds of this machine, which pass while it is suspended, too: leases
 * and deadlines are agreed on with others, who are not. */
#ifndef DR_ESTATE_LIVE_CLOCK_H
#define DR_ESTATE_LIVE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t dr_live_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#endif
