#include "spec/types.h"

#include <string.h>

#include "controller/base/num.h"

static bool one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static bool alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool lower_alnum(char c)
{
    return alnum(c) && !(c >= 'A' && c <= 'Z');
}

/* ---- numbers and times ---- */

static bool read_bool(struct dr_arena *a, const char *s, size_t len, void *at)
{
    static const char *const words[] = {"false", "False", "FALSE",
                                        "true",  "True",  "TRUE"};
    (void)a, (void)len;
    for (size_t i = 0; i < 6; i++) {
        if (!strcmp(s, words[i])) {
            *(bool *)at = i >= 3;
            return true;
        }
    }
    return false;
}

static bool read_u64(struct dr_arena *a, const char *s, size_t len, void *at)
{
    (void)a;
    return dr_parse_u64(s, len, at);
}

static bool read_u32(struct dr_arena *a, const char *s, size_t len, void *at)
{
    uint64_t v;
    if (!read_u64(a, s, len, &v) || v > UINT32_MAX)
        return false;
    *(uint32_t *)at = (uint32_t)v;
    return true;
}

static bool read_u16(struct dr_arena *a, const char *s, size_t len, void *at)
{
    uint64_t v;
    if (!read_u64(a, s, len, &v) || v > UINT16_MAX)
        return false;
    *(uint16_t *)at = (uint16_t)v;
    return true;
}

static bool read_duration(struct dr_arena *a, const char *s, size_t len, void *at)
{
    (void)a;
    return dr_parse_duration(s, len, at);
}

static bool read_size(struct dr_arena *a, const char *s, size_t len, void *at)
{
    (void)a;
    if (len == 1 && *s == '0') {
        *(uint64_t *)at = 0;
        return true;
    }
    return dr_parse_size(s, len, at);
}

/* Exactly `n` digits at s, as a number. */
static bool fixed(const char *s, size_t n, unsigned *out)
{
    unsigned v = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s[i] - '0');
    }
    *out = v;
    return true;
}

static bool read_clock(struct dr_arena *a, const char *s, size_t len, void *at)
{
    unsigned h, m;
    (void)a;
    if (len != 5 || s[2] != ':' || !fixed(s, 2, &h) || !fixed(s + 3, 2, &m) || h > 23 ||
        m > 59)
        return false;
    *(uint16_t *)at = (uint16_t)(h * 60 + m);
    return true;
}

/* Days from 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_from_civil(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* "2026-11-22T00:00:00": seconds since 1970. */
static bool read_date_time(const char *s, int64_t *seconds)
{
    static const struct {
        unsigned char at, digits, min, max;
    } parts[] = {
        {5, 2, 1, 12}, {8, 2, 1, 31}, {11, 2, 0, 23}, {14, 2, 0, 59}, {17, 2, 0, 59}};
    unsigned year, v[5];
    if (s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' ||
        !fixed(s, 4, &year) || year < 1970)
        return false;
    for (size_t i = 0; i < 5; i++)
        if (!fixed(s + parts[i].at, parts[i].digits, &v[i]) || v[i] < parts[i].min ||
            v[i] > parts[i].max)
            return false;
    if (v[1] > month_days(year, v[0]))
        return false;
    *seconds = days_from_civil(year, v[0], v[1]) * 86400 + v[2] * 3600 + v[3] * 60 + v[4];
    return true;
}

/* RFC 3339: "2026-11-22T00:00:00Z", "2026-11-22T01:00:00+01:00". */
static bool read_time(struct dr_arena *a, const char *s, size_t len, void *at)
{
    int64_t seconds;
    unsigned hours, minutes;
    (void)a;
    if ((len != 20 && len != 25) || !read_date_time(s, &seconds))
        return false;
    if (len == 20 && s[19] != 'Z')
        return false;
    if (len == 25) {
        if (!one_of(s[19], "+-") || s[22] != ':' || !fixed(s + 20, 2, &hours) ||
            !fixed(s + 23, 2, &minutes) || hours > 14 || minutes > 59)
            return false;
        int64_t shift = (int64_t)(hours * 3600 + minutes * 60);
        seconds += s[19] == '+' ? -shift : shift;
    }
    *(int64_t *)at = seconds * 1000;
    return true;
}

static bool read_version(struct dr_arena *a, const char *s, size_t len, void *at)
{
    struct dr_version v = {.text = s};
    uint32_t *parts[] = {&v.major, &v.minor, &v.patch};
    const char *p = s + 1, *end = s + len;
    if (len < 6 || *s != 'v')
        return false;
    for (size_t i = 0; i < 3; i++) {
        const char *q = p;
        while (q < end && *q >= '0' && *q <= '9')
            q++;
        if (q - p > 3 || !read_u32(a, p, (size_t)(q - p), parts[i]))
            return false;
        if (i < 2 && *q != '.')
            return false;
        p = q + (i < 2);
    }
    if (p < end && *p != '-')
        return false;
    for (; p < end; p++)
        if (!alnum(*p) && !one_of(*p, ".-+"))
            return false;
    *(struct dr_version *)at = v;
    return true;
}

/* ---- addresses ---- */

static bool host_ok(const char *s, size_t len, bool v6)
{
    if (!len || len > 253)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool ok =
            v6 ? alnum(s[i]) || one_of(s[i], ":.%") : alnum(s[i]) || one_of(s[i], ".-_");
        if (!ok)
            return false;
    }
    return v6 || (s[0] != '-' && s[0] != '.' && s[len - 1] != '-');
}

static bool split_host(struct dr_arena *a, const char *s, size_t len, const char **host,
                       uint16_t *port, bool port_needed)
{
    bool v6 = len && *s == '[';
    const char *from = s + v6;
    const char *stop = v6 ? memchr(s, ']', len) : memchr(s, ':', len);
    const char *end = s + len;
    if (v6 && !stop)
        return false;
    if (!stop)
        stop = end;
    if (!host_ok(from, (size_t)(stop - from), v6))
        return false;
    const char *colon = stop + v6;
    if (colon == end) {
        if (port_needed)
            return false;
    } else if (*colon != ':' ||
               !read_u16(a, colon + 1, (size_t)(end - colon - 1), port) || !*port) {
        return false;
    }
    *host = dr_strndup(a, from, (size_t)(stop - from));
    return true;
}

static bool read_address(struct dr_arena *a, const char *s, size_t len, void *at)
{
    struct dr_hostport v = {.text = s};
    if (!split_host(a, s, len, &v.host, &v.port, true))
        return false;
    *(struct dr_hostport *)at = v;
    return true;
}

static bool read_url(struct dr_arena *a, const char *s, size_t len, void *at)
{
    struct dr_url v = {0};
    size_t scheme = !strncmp(s, "http://", 7) ? 7 : !strncmp(s, "https://", 8) ? 8 : 0;
    if (!scheme)
        return false;
    while (len > scheme && s[len - 1] == '/')
        len--;
    v.https = scheme == 8;
    v.port = v.https ? 443 : 80;
    v.text = dr_strndup(a, s, len);
    if (!split_host(a, s + scheme, len - scheme, &v.host, &v.port, false))
        return false;
    *(struct dr_url *)at = v;
    return true;
}

/* ---- storage ---- */

enum param_kind {
    PARAM_PLAIN,
    PARAM_SECRET,
    PARAM_ENDPOINT,
    PARAM_REGION,
    PARAM_PATH_STYLE
};

/* Source: docs: external-storage-uri.md, Amazon S3 URI format. */
static const struct {
    const char *name;
    enum param_kind kind;
} s3_params[] = {
    {"access-key", PARAM_SECRET},    {"secret-access-key", PARAM_SECRET},
    {"session-token", PARAM_SECRET}, {"endpoint", PARAM_ENDPOINT},
    {"region", PARAM_REGION},        {"force-path-style", PARAM_PATH_STYLE},
    {"provider", PARAM_PLAIN},       {"role-arn", PARAM_PLAIN},
    {"external-id", PARAM_PLAIN},    {"sse", PARAM_PLAIN},
    {"sse-kms-key-id", PARAM_PLAIN}, {"acl", PARAM_PLAIN},
    {"storage-class", PARAM_PLAIN},  {"use-accelerate-endpoint", PARAM_PLAIN},
};

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Percent-decoded copy; NULL when an escape is broken or makes a NUL. */
static char *unescape(struct dr_arena *a, const char *s, size_t len)
{
    char *out = dr_strndup(a, s, len), *to = out;
    for (size_t i = 0; i < len; i++, to++) {
        *to = s[i];
        if (s[i] != '%')
            continue;
        bool room = len - i > 2;
        int high = room ? hex_value(s[i + 1]) : -1, low = room ? hex_value(s[i + 2]) : -1;
        if (high < 0 || low < 0 || !(high | low))
            return NULL;
        *to = (char)(high << 4 | low);
        i += 2;
    }
    *to = 0;
    return out;
}

static const char *take_param(struct dr_arena *a, struct dr_storage_uri *u,
                              const char *key, size_t key_len, const char *value,
                              size_t value_len, bool *secret)
{
    size_t count = sizeof(s3_params) / sizeof(s3_params[0]), i = 0;
    while (i < count && (strlen(s3_params[i].name) != key_len ||
                         memcmp(s3_params[i].name, key, key_len) != 0))
        i++;
    if (i == count)
        return dr_sprintf(a, "unknown parameter '%.*s'",
                          (int)(key_len < 40 ? key_len : 40), key);
    if (s3_params[i].kind == PARAM_SECRET) {
        *secret = true;
        return dr_sprintf(a, "the parameter '%s' is a secret", s3_params[i].name);
    }
    char *text = unescape(a, value, value_len);
    if (!text)
        return "a broken % escape";
    struct dr_url url;
    switch (s3_params[i].kind) {
    case PARAM_ENDPOINT:
        if (!read_url(a, text, strlen(text), &url))
            return "the endpoint is not http://HOST:PORT or https://HOST:PORT";
        u->endpoint = url.text;
        return NULL;
    case PARAM_REGION:
        u->signing_region = text;
        return NULL;
    case PARAM_PATH_STYLE:
        return read_bool(a, text, strlen(text), &u->force_path_style)
                   ? NULL
                   : "force-path-style is true or false";
    case PARAM_PLAIN:
    case PARAM_SECRET:
        return NULL;
    }
    return NULL;
}

static const char *take_params(struct dr_arena *a, struct dr_storage_uri *u,
                               const char *p, bool *secret)
{
    while (p && *p) {
        size_t len = strcspn(p, "&");
        const char *eq = memchr(p, '=', len);
        size_t key_len = eq ? (size_t)(eq - p) : len;
        const char *value = eq ? eq + 1 : p + len;
        const char *why =
            take_param(a, u, p, key_len, value, (size_t)(p + len - value), secret);
        if (why)
            return why;
        p += len + (p[len] == '&');
    }
    return NULL;
}

/* A path of plain segments, without slashes at its ends. */
static const char *take_prefix(struct dr_arena *a, const char *s, size_t len,
                               const char **out)
{
    while (len && *s == '/') {
        s++;
        len--;
    }
    while (len && s[len - 1] == '/')
        len--;
    for (size_t i = 0, dots = 0, seg = 0; i <= len; i++) {
        if (i == len || s[i] == '/') {
            if ((seg && dots == seg && seg <= 2) || (!seg && i < len))
                return "a path with empty, '.' or '..' segments";
            dots = seg = 0;
            continue;
        }
        if (!alnum(s[i]) && !one_of(s[i], "._=-+@"))
            return "a path may hold letters, digits and . _ - = + @ only";
        dots += s[i] == '.';
        seg++;
    }
    *out = dr_strndup(a, s, len);
    return NULL;
}

static bool bucket_ok(const char *s, size_t len)
{
    if (len < 3 || len > 63 || !lower_alnum(s[0]) || !lower_alnum(s[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!lower_alnum(s[i]) && !one_of(s[i], ".-"))
            return false;
    return true;
}

static const char *parse_folder(struct dr_arena *a, const char *path,
                                struct dr_storage_uri *u)
{
    const char *inner;
    u->scheme = DR_STORAGE_FOLDER;
    if (strchr(path, '?'))
        return "a folder takes no parameters";
    const char *why = take_prefix(a, path, strlen(path), &inner);
    if (!why && !*inner)
        why = "the root folder itself";
    u->prefix = dr_sprintf(a, "/%s", why ? "" : inner);
    return why;
}

const char *dr_storage_uri_parse(struct dr_arena *a, const char *text,
                                 struct dr_storage_uri *out, bool *secret)
{
    struct dr_storage_uri u = {.text = text};
    const char *why;
    *secret = false;
    *out = u;
    if (*text == '/' || !strncmp(text, "file:///", 8) || !strncmp(text, "local:///", 9) ||
        !strncmp(text, "nfs:///", 7)) {
        const char *path = *text == '/' ? text : strchr(text, ':') + 3;
        why = parse_folder(a, path, &u);
        *out = u;
        return why;
    }
    if (strncmp(text, "s3://", 5) != 0)
        return "it begins with s3:// or is an absolute folder";
    const char *bucket = text + 5, *query = strchr(text, '?');
    size_t rest = query ? (size_t)(query - bucket) : strlen(bucket);
    const char *slash = memchr(bucket, '/', rest);
    size_t bucket_len = slash ? (size_t)(slash - bucket) : rest;
    if (!bucket_ok(bucket, bucket_len)) {
        *secret = memchr(bucket, '@', rest) != NULL;
        return *secret ? "user information in the address"
                       : "a bucket name is missing or odd";
    }
    u.bucket = dr_strndup(a, bucket, bucket_len);
    u.prefix = "";
    why = slash ? take_prefix(a, slash, rest - bucket_len, &u.prefix) : NULL;
    const char *why2 = query ? take_params(a, &u, query + 1, secret) : NULL;
    *out = u;
    return *secret ? why2 : why ? why : why2;
}

/* ---- forms of strings ---- */

static bool every(const char *s, size_t len, const char *more)
{
    for (size_t i = 0; i < len; i++)
        if (!alnum(s[i]) && !one_of(s[i], more))
            return false;
    return len > 0;
}

static bool is_text(const char *s, size_t len)
{
    (void)s;
    return len > 0;
}

static bool is_line(const char *s, size_t len)
{
    return len > 0 && !memchr(s, '\n', len);
}

static bool is_label(const char *s, size_t len)
{
    if (!len || len > 63 || s[0] == '-' || s[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!lower_alnum(s[i]) && s[i] != '-')
            return false;
    return true;
}

static bool is_user(const char *s, size_t len)
{
    return len <= 32 && every(s, len, "_.-");
}

static bool is_account(const char *s, size_t len)
{
    const char *at = memchr(s, '@', len);
    if (!at)
        return false;
    size_t user = (size_t)(at - s);
    return is_user(s, user) && every(at + 1, len - user - 1, "_.-%:/");
}

static bool is_tables(const char *s, size_t len)
{
    const char *dot = memchr(s, '.', len);
    if (!dot)
        return false;
    size_t db = (size_t)(dot - s);
    return every(s, db, "_$-*?") && every(dot + 1, len - db - 1, "_$-*?");
}

/* Source: tiflow: cdc/model/changefeed.go, ValidateChangefeedID. */
static bool is_feed(const char *s, size_t len)
{
    if (!len || len > 128 || s[0] == '-' || s[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!alnum(s[i]) && (s[i] != '-' || s[i - 1] == '-'))
            return false;
    return true;
}

static bool is_digest(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'a' && s[i] <= 'f'))
            return false;
    return len >= 8 && len <= 64;
}

static bool has_dotdot(const char *s, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        bool start = i == 0 || s[i - 1] == '/';
        if (start && s[i] == '.' && s[i + 1] == '.' && (i + 2 == len || s[i + 2] == '/'))
            return true;
    }
    return false;
}

static bool is_path(const char *s, size_t len)
{
    return is_line(s, len) && len < 4096 && s[0] == '/' && !has_dotdot(s, len);
}

static bool is_file(const char *s, size_t len)
{
    return is_line(s, len) && len < 4096 && !has_dotdot(s, len);
}

static bool is_inside(const char *s, size_t len)
{
    return is_file(s, len) && s[0] != '/';
}

static bool is_program(const char *s, size_t len)
{
    return len <= 255 && every(s, len, "_.-") && alnum(s[0]);
}

static bool is_git_url(const char *s, size_t len)
{
    if (!is_line(s, len) || memchr(s, ' ', len))
        return false;
    if (!strncmp(s, "https://", 8))
        return len > 8 && !memchr(s, '@', len);
    if (!strncmp(s, "ssh://", 6)) {
        const char *user = strchr(s + 6, '@'), *port = strchr(s + 6, ':');
        return len > 8 && !(user && port && port < user);
    }
    if (s[0] == '/')
        return len > 1 && is_path(s, len);
    const char *colon = memchr(s, ':', len), *at = memchr(s, '@', len);
    return at && colon && at < colon && at > s && is_user(s, (size_t)(at - s)) &&
           host_ok(at + 1, (size_t)(colon - at - 1), false) && colon[1] &&
           colon[1] != '/';
}

static bool is_branch(const char *s, size_t len)
{
    return len <= 255 && every(s, len, "_./+-") && !has_dotdot(s, len) && alnum(s[0]) &&
           s[len - 1] != '/' && !strstr(s, "..");
}

static bool is_word_id(const char *s, size_t len)
{
    return len <= 128 && every(s, len, "_.:/#-");
}

static bool is_variable(const char *s, size_t len)
{
    return len <= 64 && every(s, len, "_");
}

#define HOST "([A-Za-z0-9_.-]+|\\[[0-9A-Za-z:.%]+\\])"

const struct dr_format_info dr_formats[DR_F_COUNT] = {
    [DR_F_ANY] = {"line", "one line of text", NULL, is_line},
    [DR_F_TEXT] = {"text", "text", NULL, is_text},
    [DR_F_LABEL] = {"name",
                    "a name of lower-case letters, digits and inner hyphens, at most 63",
                    "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", is_label},
    [DR_F_USER] = {"user", "an account name of letters, digits and _ . -, at most 32",
                   "^[A-Za-z0-9_.-]{1,32}$", is_user},
    [DR_F_ACCOUNT] = {"account", "an account such as dumper@10.0.1.%",
                      "^[A-Za-z0-9_.-]{1,32}@[A-Za-z0-9_.%:/-]+$", is_account},
    [DR_F_TABLES] = {"tables", "tables such as shop.log or audit.*",
                     "^[A-Za-z0-9_$*?-]+\\.[A-Za-z0-9_$*?-]+$", is_tables},
    [DR_F_FEED] =
        {"changefeed id",
         "a changefeed id of letters, digits and single inner hyphens, at most 128",
         "^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", is_feed},
    [DR_F_DIGEST] = {"digest", "a digest of 8 to 64 hexadecimal digits",
                     "^[0-9a-f]{8,64}$", is_digest},
    [DR_F_PATH] = {"path", "an absolute path without '..'", "^/", is_path},
    [DR_F_FILE] = {"file", "a path without '..'", NULL, is_file},
    [DR_F_INSIDE] = {"relative path", "a relative path without '..'", "^[^/]", is_inside},
    [DR_F_PROGRAM] = {"program", "a plain file name of letters, digits and . _ -",
                      "^[A-Za-z0-9][A-Za-z0-9_.-]*$", is_program},
    [DR_F_GIT_URL] =
        {"git address",
         "https://HOST/.., ssh://USER@HOST/.., USER@HOST:PATH or an absolute path",
         "^(https://|ssh://|/|[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+:[^/]).", is_git_url},
    [DR_F_BRANCH] = {"branch", "a branch name", "^[A-Za-z0-9][A-Za-z0-9_./+-]*$",
                     is_branch},
    [DR_F_WORD_ID] = {"id", "an id of letters, digits and _ . : / # -, at most 128",
                      "^[A-Za-z0-9_.:/#-]{1,128}$", is_word_id},
    [DR_F_BUCKET] = {"bucket",
                     "a bucket name of 3 to 63 lower-case letters, digits, . and -",
                     "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket_ok},
    [DR_F_VARIABLE] = {"variable", "the name of a system variable",
                       "^[A-Za-z0-9_]{1,64}$", is_variable},
};

const struct dr_type_info dr_types[DR_T_COUNT] = {
    [DR_T_OBJECT] = {"object", "a mapping of fields", NULL, NULL},
    [DR_T_STRING] = {"string", "text", NULL, NULL},
    [DR_T_BOOL] = {"boolean", "true or false", NULL, read_bool},
    [DR_T_U16] = {"integer", "an integer", NULL, read_u16},
    [DR_T_U32] = {"integer", "an integer", NULL, read_u32},
    [DR_T_U64] = {"integer", "an integer", NULL, read_u64},
    [DR_T_DURATION] = {"duration", "a duration such as 250ms, 30s, 10m, 1h30m or 7d",
                       "^(0|([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
                       read_duration},
    [DR_T_SIZE] = {"size", "a size such as 64MiB, 512KiB or 1GiB",
                   "^(0|[0-9]+(B|KiB|MiB|GiB|TiB))$", read_size},
    [DR_T_WORD] = {"word", "a word", NULL, NULL},
    [DR_T_WORDS] = {"list of words", "a list of words", NULL, NULL},
    [DR_T_DAYS] = {"list of days", "a list of weekdays such as [Sat, Sun]", NULL, NULL},
    [DR_T_CLOCK] = {"time of day", "a quoted time of day such as \"22:30\" (UTC)",
                    "^([01][0-9]|2[0-3]):[0-5][0-9]$", read_clock},
    [DR_T_TIME] = {"time", "a time such as 2026-11-22T00:00:00Z",
                   "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                   "(Z|[+-][0-9]{2}:[0-9]{2})$",
                   read_time},
    [DR_T_VERSION] = {"version", "a version such as v8.5.3",
                      "^v[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}(-[A-Za-z0-9.+-]*)?$",
                      read_version},
    [DR_T_ADDRESS] = {"address", "HOST:PORT", "^" HOST ":[0-9]{1,5}$", read_address},
    [DR_T_URL] = {"URL", "http://HOST:PORT or https://HOST:PORT, nothing after it",
                  "^https?://" HOST "(:[0-9]{1,5})?/*$", read_url},
    [DR_T_STORAGE] = {"storage URI",
                      "s3://BUCKET/PREFIX?PARAMETERS or an absolute shared folder",
                      "^(s3://[a-z0-9]|/|file:///|local:///|nfs:///).", NULL},
    [DR_T_SECRET] = {"secret reference", "{file: PATH} or {env: NAME}", NULL, NULL},
    [DR_T_PAIRS] = {"mapping", "a mapping of names to text", NULL, NULL},
    [DR_T_MAPPING] = {"mapping", "a mapping of HOST:PORT to HOST:PORT", NULL, NULL},
    [DR_T_PARAMS] = {"sink parameters", "a mapping of sink parameters", NULL, NULL},
    [DR_T_SETTINGS] = {"changefeed settings", "a mapping of changefeed settings", NULL,
                       NULL},
};

const char *dr_bound_text(struct dr_arena *a, enum dr_type type, uint64_t bound)
{
    char text[DR_DURATION_TEXT];
    if (type == DR_T_DURATION)
        return dr_strdup(a, dr_duration_text((int64_t)bound, text));
    if (type == DR_T_SIZE)
        return dr_strdup(a, dr_size_text(bound, text));
    return dr_sprintf(a, "%llu", (unsigned long long)bound);
}
