/* When steps that somebody notices may start: policy.windows. The wall clock is the
 * observer's, as it stood when the snapshot was frozen; nothing that keeps data rests on
 * it. */
#include "controller/plan/build.h"

enum { DAY_MIN = 24 * 60, WEEK_MIN = 7 * DAY_MIN };

/* Minutes since Monday 00:00 UTC; 1970-01-01 was a Thursday. */
static int64_t minute_of_week(int64_t wall_ms)
{
    int64_t minute = wall_ms / 60000;
    return (minute + (int64_t)3 * DAY_MIN) % WEEK_MIN;
}

bool dr_window_open(const struct dr_policy *p, int64_t wall_ms, int64_t *opens_ms)
{
    int64_t now = minute_of_week(wall_ms), soonest = WEEK_MIN;
    *opens_ms = wall_ms;
    for (size_t i = 0; i < p->window_count; i++) {
        const struct dr_time_window *w = &p->windows[i];
        int64_t length = (w->to_min - w->from_min + DAY_MIN) % DAY_MIN;
        for (int64_t day = 0; day < 7; day++) {
            if (!(w->days & 1u << day))
                continue;
            int64_t begun = (now - day * DAY_MIN - w->from_min + WEEK_MIN) % WEEK_MIN;
            if (begun < length)
                return true;
            if (WEEK_MIN - begun < soonest)
                soonest = WEEK_MIN - begun;
        }
    }
    if (p->window_count)
        *opens_ms = (wall_ms / 60000 + soonest) * 60000;
    return !p->window_count;
}
