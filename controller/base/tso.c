#include "controller/base/tso.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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

/* Digits of exactly that many places. */
static bool take(const char **s, unsigned places, int *out)
{
    *out = 0;
    for (unsigned i = 0; i < places; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        *out = *out * 10 + (**s - '0');
    }
    return true;
}

static bool take_char(const char **s, const char *any)
{
    bool there = **s && strchr(any, **s);
    *s += there;
    return there;
}

bool dr_parse_time(const char *s, int64_t *unix_ms)
{
    struct tm t = {0}, same;
    if (!take(&s, 4, &t.tm_year) || !take_char(&s, "-") || !take(&s, 2, &t.tm_mon) ||
        !take_char(&s, "-") || !take(&s, 2, &t.tm_mday))
        return false;
    if (take_char(&s, " T") &&
        (!take(&s, 2, &t.tm_hour) || !take_char(&s, ":") || !take(&s, 2, &t.tm_min) ||
         (take_char(&s, ":") && !take(&s, 2, &t.tm_sec))))
        return false;
    (void)take_char(&s, "Z");
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    same = t;
    time_t at = timegm(&same);
    *unix_ms = (int64_t)at * 1000;
    /* timegm() makes February 30th a day of March */
    return !*s && same.tm_mday == t.tm_mday && same.tm_mon == t.tm_mon &&
           same.tm_hour == t.tm_hour && same.tm_min == t.tm_min;
}
