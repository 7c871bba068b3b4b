/* Signature V4 against the examples of the Amazon S3 API reference ("Examples: Signature
 * Calculations"), and what must be refused. */
#include <criterion/criterion.h>

#include "controller/base/digest.h"
#include "controller/estate/model/sigv4.h"

static const struct dr_sigv4_key key = {
    .region = "us-east-1",
    .access = "AKIAIOSFODNN7EXAMPLE",
    .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
static const int64_t at_ms = 1369353600000; /* 2013-05-24 00:00:00 */

#define EMPTY   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define WELCOME "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"

struct sample {
    const char *method, *target, *body, *hash, *extra, *extra_value, *signed_headers,
        *sum;
};

static const struct sample samples[] = {
    {"GET", "/test.txt", "", EMPTY, "Range", "bytes=0-9",
     "host;range;x-amz-content-sha256;x-amz-date",
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"PUT", "/test$file.text", "Welcome to Amazon S3.", WELCOME, "x-amz-storage-class",
     "REDUCED_REDUNDANCY",
     "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"GET", "/?lifecycle", "", EMPTY, "X-Other", "unsigned",
     "host;x-amz-content-sha256;x-amz-date",
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"GET", "/?prefix=J&max-keys=2", "", EMPTY, "X-Other", "unsigned",
     "host;x-amz-content-sha256;x-amz-date",
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

enum { HEADERS = 6 };

static struct dr_sigv4_request request(const struct sample *s, const char *names[HEADERS],
                                       const char *values[HEADERS], const char *auth)
{
    static const char *const fixed[] = {"Host", "Date", "x-amz-date",
                                        "X-Amz-Content-SHA256"};
    const char *fixed_values[] = {"examplebucket.s3.amazonaws.com",
                                  "Fri, 24 May 2013 00:00:00 GMT", "20130524T000000Z",
                                  s->hash};
    for (int i = 0; i < 4; i++) {
        names[i] = fixed[i];
        values[i] = fixed_values[i];
    }
    names[4] = s->extra;
    values[4] = s->extra_value;
    names[5] = "Authorization";
    values[5] = auth;
    return (struct dr_sigv4_request){
        .method = s->method,
        .target = s->target,
        .body = s->body,
        .body_len = strlen(s->body),
        .header_count = auth ? HEADERS : HEADERS - 1,
        .header_names = names,
        .header_values = values,
    };
}

Test(model_store, sigv4_gives_the_published_signatures)
{
    struct dr_arena *a = dr_arena_new(0);
    const char *names[HEADERS], *values[HEADERS];

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        const struct sample *s = &samples[i];
        struct dr_sigv4_request r = request(s, names, values, NULL);
        const char *auth = dr_sigv4_authorization(a, &r, &key, s->signed_headers);
        cr_assert_not_null(auth);
        cr_assert(strstr(auth, s->sum), "%s: %s", s->target, auth);
        r = request(s, names, values, auth);
        cr_assert_eq(dr_sigv4_check(&r, &key, at_ms), DR_SIGV4_OK, "%s", s->target);
    }
    dr_arena_free(a);
}

Test(model_store, sigv4_refuses_what_does_not_fit)
{
    struct dr_arena *a = dr_arena_new(0);
    const char *names[HEADERS], *values[HEADERS];
    const struct sample *s = &samples[1];
    struct dr_sigv4_request r = request(s, names, values, NULL);
    struct dr_sigv4_key other = key;
    const char *auth;

    cr_assert_eq(dr_sigv4_check(&r, &key, at_ms), DR_SIGV4_NONE);
    auth = dr_sigv4_authorization(a, &r, &key, s->signed_headers);
    r = request(s, names, values, auth);
    cr_assert_eq(dr_sigv4_check(&r, &key, at_ms + 15 * 60 * 1000), DR_SIGV4_OK);
    cr_assert_eq(dr_sigv4_check(&r, &key, at_ms + 15 * 60 * 1000 + 1), DR_SIGV4_SKEW);
    cr_assert_eq(dr_sigv4_check(&r, &key, at_ms - 15 * 60 * 1000 - 1), DR_SIGV4_SKEW);
    other.secret = "wrong";
    cr_assert_eq(dr_sigv4_check(&r, &other, at_ms), DR_SIGV4_MISMATCH);
    other = key;
    other.access = "AKIAIOSFODNN7EXAMPLF";
    cr_assert_eq(dr_sigv4_check(&r, &other, at_ms), DR_SIGV4_KEY);
    other = key;
    other.region = "us-east-2";
    cr_assert_eq(dr_sigv4_check(&r, &other, at_ms), DR_SIGV4_REGION);
    r.body = "Welcome to Amazon S4.";
    cr_assert_eq(dr_sigv4_check(&r, &key, at_ms), DR_SIGV4_HASH);
    r.body = s->body;
    r.target = "/test$file.texu";
    cr_assert_eq(dr_sigv4_check(&r, &key, at_ms), DR_SIGV4_MISMATCH);
    r.target = "/test%24file.text"; /* another spelling of the same path */
    cr_assert_eq(dr_sigv4_check(&r, &key, at_ms), DR_SIGV4_OK);
    names[3] = "x-other";
    cr_assert_eq(dr_sigv4_check(&r, &key, at_ms), DR_SIGV4_NO_HASH);
    names[3] = "x-amz-content-sha256";
    values[5] = "AWS4-HMAC-SHA256 Credential=x";
    cr_assert_eq(dr_sigv4_check(&r, &key, at_ms), DR_SIGV4_BROKEN);
    dr_arena_free(a);
}
