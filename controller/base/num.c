#include "controller/base/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Reads digits at *s, stops at the first other byte. False: no digit, or overflow. */
static bool digits(const char **s, const char *end, uint64_t *out)
{
    const char *p = *s;
    uint64_t v = 0;
    while (p < end && *p >= '0' && *p <= '9') {
        uint64_t d = (uint64_t)(*p - '0');
        if (v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
        p++;
    }
    if (p == *s)
        return false;
    *s = p;
    *out = v;
    return true;
}

static bool leading_zero(const char *s, size_t len)
{
    return len > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9';
}

bool dr_parse_u64(const char *s, size_t len, uint64_t *out)
{
    const char *p = s;
    uint64_t v;
    if (leading_zero(s, len) || !digits(&p, s + len, &v) || p != s + len)
        return false;
    *out = v;
    return true;
}

bool dr_parse_i64(const char *s, size_t len, int64_t *out)
{
    bool negative = len && s[0] == '-';
    uint64_t v;
    if (!dr_parse_u64(s + negative, len - negative, &v))
        return false;
    if (v > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit duration_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit go_units[] = {
    {"h", 3600000000000}, {"m", 60000000000},  {"s", 1000000000}, {"ms", 1000000},
    {"us", 1000},         {"\xc2\xb5s", 1000}, {"ns", 1}};
static const struct unit size_units[] = {{"TiB", 1ull << 40},
                                         {"GiB", 1ull << 30},
                                         {"MiB", 1ull << 20},
                                         {"KiB", 1ull << 10},
                                         {"B", 1}};
enum { DURATION_UNITS = 5, GO_UNITS = 7, SIZE_UNITS = 5 };

/* The unit whose name stands at p, the longest one; its index, or -1. */
static int unit_at(const struct unit *units, int count, const char *p, const char *end)
{
    int best = -1;
    size_t best_len = 0;
    for (int i = 0; i < count; i++) {
        size_t n = strlen(units[i].name);
        if (n > best_len && (size_t)(end - p) >= n && !memcmp(p, units[i].name, n)) {
            best = i;
            best_len = n;
        }
    }
    return best;
}

bool dr_parse_duration(const char *s, size_t len, int64_t *ms)
{
    const char *p = s, *end = s + len;
    uint64_t sum = 0;
    int last = -1;
    if (len == 1 && *s == '0') {
        *ms = 0;
        return true;
    }
    while (p < end) {
        uint64_t v;
        if (leading_zero(p, (size_t)(end - p)) || !digits(&p, end, &v))
            return false;
        int u = unit_at(duration_units, DURATION_UNITS, p, end);
        if (u <= last || v > INT64_MAX / duration_units[u].factor)
            return false;
        last = u;
        v *= duration_units[u].factor;
        if (v > (uint64_t)INT64_MAX - sum)
            return false;
        sum += v;
        p += strlen(duration_units[u].name);
    }
    *ms = (int64_t)sum;
    return len > 0;
}

bool dr_parse_go_duration(const char *s, size_t len, int64_t *ns)
{
    const char *p = s, *end = s + len;
    uint64_t sum = 0;
    if (len == 1 && *s == '0') {
        *ns = 0;
        return true;
    }
    while (p < end) {
        uint64_t v, fraction = 0, scale = 1;
        if (!digits(&p, end, &v))
            return false;
        if (p < end && *p == '.') {
            const char *start = ++p;
            if (!digits(&p, end, &fraction) || p - start > 9)
                return false;
            for (const char *q = start; q < p; q++)
                scale *= 10;
        }
        int u = unit_at(go_units, GO_UNITS, p, end);
        if (u < 0 || v > INT64_MAX / go_units[u].factor)
            return false;
        v *= go_units[u].factor;
        v += go_units[u].factor >= scale ? fraction * (go_units[u].factor / scale)
                                         : fraction / (scale / go_units[u].factor);
        if (v > (uint64_t)INT64_MAX - sum)
            return false;
        sum += v;
        p += strlen(go_units[u].name);
    }
    *ns = (int64_t)sum;
    return len > 0;
}

bool dr_parse_size(const char *s, size_t len, uint64_t *bytes)
{
    const char *p = s, *end = s + len;
    uint64_t v;
    if (leading_zero(s, len) || !digits(&p, end, &v))
        return false;
    int u = unit_at(size_units, SIZE_UNITS, p, end);
    if (u < 0 || p + strlen(size_units[u].name) != end ||
        v > UINT64_MAX / size_units[u].factor)
        return false;
    *bytes = v * size_units[u].factor;
    return true;
}

const char *dr_duration_text(int64_t ms, char out[DR_DURATION_TEXT])
{
    if (ms <= 0) {
        snprintf(out, DR_DURATION_TEXT, "0s");
        return out;
    }
    size_t n = 0;
    out[0] = '\0';
    uint64_t rest = (uint64_t)ms;
    for (int i = 0; i < DURATION_UNITS && rest; i++) {
        /* whole days only when nothing is left over: "24h" reads better than "1d" */
        if (i == 0 && (rest % duration_units[0].factor || rest < 3 * 86400000ull))
            continue;
        uint64_t v = rest / duration_units[i].factor;
        if (!v)
            continue;
        rest -= v * duration_units[i].factor;
        n += (size_t)snprintf(out + n, DR_DURATION_TEXT - n, "%" PRIu64 "%s", v,
                              duration_units[i].name);
        if (n >= DR_DURATION_TEXT)
            break;
    }
    return out;
}

const char *dr_duration_short(int64_t ms, char out[DR_DURATION_TEXT])
{
    int64_t unit = ms < 10000 ? 100 : 1000;
    return dr_duration_text(ms / unit * unit, out);
}

const char *dr_go_duration_text(int64_t ms, char out[DR_DURATION_TEXT])
{
    int64_t h = ms / 3600000, m = ms / 60000 % 60, s = ms / 1000 % 60, f = ms % 1000;
    char seconds[16];
    if (f) {
        snprintf(seconds, sizeof(seconds), "%d.%03d", (int)s, (int)f);
        for (size_t n = strlen(seconds); seconds[n - 1] == '0'; n--)
            seconds[n - 1] = '\0';
    } else {
        snprintf(seconds, sizeof(seconds), "%d", (int)s);
    }
    if (h)
        snprintf(out, DR_DURATION_TEXT, "%" PRId64 "h%dm%ss", h, (int)m, seconds);
    else if (m)
        snprintf(out, DR_DURATION_TEXT, "%dm%ss", (int)m, seconds);
    else
        snprintf(out, DR_DURATION_TEXT, "%ss", seconds);
    return out;
}

const char *dr_size_text(uint64_t bytes, char out[DR_SIZE_TEXT])
{
    for (int i = 0; i < SIZE_UNITS; i++) {
        if (i == SIZE_UNITS - 1 || (bytes && bytes % size_units[i].factor == 0)) {
            snprintf(out, DR_SIZE_TEXT, "%" PRIu64 "%s", bytes / size_units[i].factor,
                     size_units[i].name);
            break;
        }
    }
    return out;
}
