#include "controller/base/tso.h"

#include <stdio.h>

/* Days since 1970-01-01 to a civil date (proleptic Gregorian). */
static void civil(int64_t days, int64_t *y, unsigned *m, unsigned *d)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned doe = (unsigned)(days - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = (int64_t)yoe + era * 400 + (*m <= 2);
}

const char *dr_time_text(int64_t unix_ms, char out[DR_TIME_TEXT])
{
    int64_t days = unix_ms / 86400000, rest = unix_ms % 86400000, y;
    unsigned m, d;
    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    civil(days, &y, &m, &d);
    snprintf(out, DR_TIME_TEXT, "%04u-%02u-%02u %02u:%02u:%02u.%03u",
             (unsigned)y % 10000u, m, d, (unsigned)(rest / 3600000),
             (unsigned)(rest / 60000 % 60), (unsigned)(rest / 1000 % 60),
             (unsigned)(rest % 1000));
    return out;
}
