#include "controller/base/tso.h"

#include <stdio.h>
#include <string.h>

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

/* The other way. */
static int64_t days_of(int64_t y, unsigned m, unsigned d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400);
    unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    return era * 146097 + (yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
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

/* "10:11", "10:11:12", into milliseconds of a day. */
static bool take_clock(const char **s, int64_t *ms)
{
    int hour, minute, second = 0;
    if (!take(s, 2, &hour) || !take_char(s, ":") || !take(s, 2, &minute) ||
        (take_char(s, ":") && !take(s, 2, &second)))
        return false;
    *ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000);
    return hour < 24 && minute < 60 && second < 60;
}

bool dr_parse_time(const char *s, int64_t *unix_ms)
{
    int y, m, d;
    int64_t same_y, of_day = 0;
    unsigned same_m, same_d;
    if (!take(&s, 4, &y) || !take_char(&s, "-") || !take(&s, 2, &m) ||
        !take_char(&s, "-") || !take(&s, 2, &d))
        return false;
    if (take_char(&s, " T") && !take_clock(&s, &of_day))
        return false;
    (void)take_char(&s, "Z");
    if (*s || m < 1 || m > 12 || d < 1)
        return false;
    int64_t days = days_of(y, (unsigned)m, (unsigned)d);
    *unix_ms = days * 86400000 + of_day;
    civil(days, &same_y, &same_m, &same_d); /* February 30th is a day of March */
    return same_y == y && same_m == (unsigned)m && same_d == (unsigned)d;
}
