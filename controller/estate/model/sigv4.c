#include "controller/estate/model/sigv4.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "controller/base/buf.h"
#include "controller/base/digest.h"
#include "controller/base/num.h"

enum { SKEW_MS = 15 * 60 * 1000, CANON_MAX = 1 << 20, DATE = 8, STAMP = 16 };

static const char *header(const struct dr_sigv4_request *r, const char *name, size_t len)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strlen(r->header_names[i]) == len &&
            !strncasecmp(r->header_names[i], name, len))
            return r->header_values[i];
    return NULL;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes and encodes again in AWS's one way, so that any correct spelling of a path or
 * parameter canonicalises alike. */
static void canon_encode(struct dr_buf *out, const char *s, size_t len, bool keep_slash)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '%' && i + 2 < len && hex_value(s[i + 1]) >= 0 &&
            hex_value(s[i + 2]) >= 0) {
            c = (unsigned char)(hex_value(s[i + 1]) * 16 + hex_value(s[i + 2]));
            i += 2;
        }
        if (isalnum(c) || (c && strchr("-._~", c)) || (keep_slash && c == '/'))
            dr_buf_addc(out, (char)c);
        else
            dr_buf_addf(out, "%%%02X", c);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* name=value pairs, encoded, sorted by name then value. */
static void canon_query(struct dr_arena *a, struct dr_buf *out, const char *query)
{
    const char **pairs = NULL;
    size_t count = 0, room = 0;

    while (query && *query) {
        size_t len = strcspn(query, "&");
        const char *eq = memchr(query, '=', len);
        size_t name = eq ? (size_t)(eq - query) : len;
        struct dr_buf pair;

        dr_buf_init(&pair, CANON_MAX);
        canon_encode(&pair, query, name, false);
        dr_buf_addc(&pair, '=');
        if (eq)
            canon_encode(&pair, eq + 1, len - name - 1, false);
        *DR_PUSH(a, pairs, count, room) = dr_strdup(a, dr_buf_str(&pair));
        dr_buf_release(&pair);
        query += len + (query[len] == '&');
    }
    if (count)
        qsort(pairs, count, sizeof(*pairs), by_text);
    for (size_t i = 0; i < count; i++)
        dr_buf_addf(out, "%s%s", i ? "&" : "", pairs[i]);
}

/* Value without outer blanks, inner runs of blanks as one. */
static void canon_value(struct dr_buf *out, const char *v)
{
    bool blank = false, any = false;
    for (; *v; v++) {
        if (*v == ' ' || *v == '\t') {
            blank = true;
            continue;
        }
        if (blank && any)
            dr_buf_addc(out, ' ');
        dr_buf_addc(out, *v);
        blank = false;
        any = true;
    }
}

/* False: a signed header is not there. */
static bool canon_request(struct dr_arena *a, struct dr_buf *out,
                          const struct dr_sigv4_request *r, const char *signed_headers)
{
    size_t path = strcspn(r->target, "?");
    const char *hash = header(r, "x-amz-content-sha256", 20);

    dr_buf_addf(out, "%s\n", r->method);
    canon_encode(out, r->target, path, true);
    dr_buf_addc(out, '\n');
    canon_query(a, out, r->target[path] ? r->target + path + 1 : NULL);
    dr_buf_addc(out, '\n');
    for (const char *p = signed_headers; *p;) {
        size_t len = strcspn(p, ";");
        const char *value = header(r, p, len);
        if (!value)
            return false;
        dr_buf_add(out, p, len);
        dr_buf_addc(out, ':');
        canon_value(out, value);
        dr_buf_addc(out, '\n');
        p += len + (p[len] == ';');
    }
    dr_buf_addf(out, "\n%s\n%s", signed_headers, hash ? hash : "UNSIGNED-PAYLOAD");
    return true;
}

/* Signature over the canonical request; false as canon_request. */
static bool signature(char out[DR_SHA256_HEX], struct dr_arena *a,
                      const struct dr_sigv4_request *r, const struct dr_sigv4_key *key,
                      const char *stamp, const char *signed_headers)
{
    unsigned char k[DR_SHA256_BYTES];
    char hash[DR_SHA256_HEX];
    struct dr_buf canon;
    char *start = dr_sprintf(a, "AWS4%s", key->secret), *text;

    dr_buf_init(&canon, CANON_MAX);
    if (!canon_request(a, &canon, r, signed_headers) || canon.overflow) {
        dr_buf_release(&canon);
        return false;
    }
    dr_sha256_hex(hash, canon.data, canon.len);
    dr_buf_release(&canon);
    text = dr_sprintf(a, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/s3/aws4_request\n%s", stamp,
                      stamp, key->region, hash);
    dr_hmac_sha256(k, start, strlen(start), stamp, DATE);
    dr_hmac_sha256(k, k, sizeof(k), key->region, strlen(key->region));
    dr_hmac_sha256(k, k, sizeof(k), "s3", 2);
    dr_hmac_sha256(k, k, sizeof(k), "aws4_request", 12);
    dr_hmac_sha256(k, k, sizeof(k), text, strlen(text));
    dr_hex(out, k, sizeof(k));
    return true;
}

/* The text after NAME= in the Authorization header, up to a comma or the end. */
static const char *part(struct dr_arena *a, const char *auth, const char *name)
{
    const char *p = strstr(auth, name);
    return p ? dr_strndup(a, p + strlen(name), strcspn(p + strlen(name), ", ")) : NULL;
}

static bool stamp_ms(const char *s, int64_t *out)
{
    uint64_t v[6];
    static const int at[6] = {0, 4, 6, 9, 11, 13}, width[6] = {4, 2, 2, 2, 2, 2};
    struct tm tm = {0};

    if (strlen(s) != STAMP || s[8] != 'T' || s[15] != 'Z')
        return false;
    for (int i = 0; i < 6; i++) {
        v[i] = 0;
        for (int j = 0; j < width[i]; j++) {
            if (!isdigit((unsigned char)s[at[i] + j]))
                return false;
            v[i] = v[i] * 10 + (uint64_t)(s[at[i] + j] - '0');
        }
    }
    tm.tm_year = (int)v[0] - 1900;
    tm.tm_mon = (int)v[1] - 1;
    tm.tm_mday = (int)v[2];
    tm.tm_hour = (int)v[3];
    tm.tm_min = (int)v[4];
    tm.tm_sec = (int)v[5];
    *out = (int64_t)timegm(&tm) * 1000;
    return true;
}

/* Whose signature, and of which scope. */
static enum dr_sigv4_result check_scope(struct dr_arena *a, const char *credential,
                                        const char *stamp, const struct dr_sigv4_key *key)
{
    size_t len = strlen(key->access);

    if (strncmp(credential, key->access, len) || credential[len] != '/')
        return DR_SIGV4_KEY;
    if (strcmp(credential + len + 1,
               dr_sprintf(a, "%.8s/%s/s3/aws4_request", stamp, key->region)))
        return DR_SIGV4_REGION;
    return DR_SIGV4_OK;
}

static bool fits_body(const struct dr_sigv4_request *r, const char *hash)
{
    char body[DR_SHA256_HEX];

    if (!strcmp(hash, "UNSIGNED-PAYLOAD"))
        return true;
    dr_sha256_hex(body, r->body ? r->body : "", r->body_len);
    return !strcmp(hash, body);
}

static enum dr_sigv4_result check(struct dr_arena *a, const struct dr_sigv4_request *r,
                                  const struct dr_sigv4_key *key, int64_t wall_ms)
{
    const char *auth = header(r, "authorization", 13);
    const char *stamp = header(r, "x-amz-date", 10);
    const char *hash = header(r, "x-amz-content-sha256", 20);
    const char *credential, *headers, *given;
    char want[DR_SHA256_HEX];
    enum dr_sigv4_result scope;
    int64_t at_ms;

    if (!auth)
        return DR_SIGV4_NONE;
    if (!hash)
        return DR_SIGV4_NO_HASH;
    if (strncmp(auth, "AWS4-HMAC-SHA256 ", 17) || !stamp || !stamp_ms(stamp, &at_ms))
        return DR_SIGV4_BROKEN;
    credential = part(a, auth, "Credential=");
    headers = part(a, auth, "SignedHeaders=");
    given = part(a, auth, "Signature=");
    if (!credential || !headers || !given)
        return DR_SIGV4_BROKEN;
    scope = check_scope(a, credential, stamp, key);
    if (scope != DR_SIGV4_OK)
        return scope;
    if (at_ms > wall_ms + SKEW_MS || at_ms < wall_ms - SKEW_MS)
        return DR_SIGV4_SKEW;
    if (!strstr(headers, "host") || !strstr(headers, "x-amz-date") ||
        !signature(want, a, r, key, stamp, headers))
        return DR_SIGV4_BROKEN;
    if (strcmp(want, given))
        return DR_SIGV4_MISMATCH;
    return fits_body(r, hash) ? DR_SIGV4_OK : DR_SIGV4_HASH;
}

enum dr_sigv4_result dr_sigv4_check(const struct dr_sigv4_request *req,
                                    const struct dr_sigv4_key *key, int64_t wall_ms)
{
    struct dr_arena *a = dr_arena_new(0);
    enum dr_sigv4_result result = check(a, req, key, wall_ms);
    dr_arena_free(a);
    return result;
}

const char *dr_sigv4_authorization(struct dr_arena *a, const struct dr_sigv4_request *req,
                                   const struct dr_sigv4_key *key,
                                   const char *signed_headers)
{
    const char *stamp = header(req, "x-amz-date", 10);
    char sum[DR_SHA256_HEX];

    if (!stamp || strlen(stamp) != STAMP ||
        !signature(sum, a, req, key, stamp, signed_headers))
        return NULL;
    return dr_sprintf(a,
                      "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/s3/aws4_request, "
                      "SignedHeaders=%s, Signature=%s",
                      key->access, stamp, key->region, signed_headers, sum);
}

const char *dr_sigv4_time(int64_t wall_ms, char out[DR_SIGV4_TIME])
{
    time_t at = (time_t)(wall_ms / 1000);
    struct tm tm;
    char text[32];

    gmtime_r(&at, &tm);
    strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
    memcpy(out, text, STAMP);
    out[STAMP] = '\0';
    return out;
}
