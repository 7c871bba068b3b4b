/* The simulated object storage: S3's path style with Signature V4, and folders. */
#include "controller/base/digest.h"
#include "controller/estate/model/sigv4.h"
#include "tests/unit/model_http_kit.h"

enum { HEADERS = 4 };

/* A request signed as curl and drover do it. */
static struct dr_http_answer s3_as(struct kit *k, const char *method, const char *target,
                                   const char *body, const char *secret)
{
    const struct dr_sigv4_key key = {"us-east-1", "AKEY", secret};
    char stamp[DR_SIGV4_TIME];
    const char *names[HEADERS] = {"Host", "x-amz-date", "x-amz-content-sha256",
                                  "Authorization"};
    const char *values[HEADERS] = {KIT_STORE,
                                   dr_sigv4_time(dr_model_wall_ms(k->m), stamp),
                                   "UNSIGNED-PAYLOAD", NULL};
    struct dr_sigv4_request sign = {
        .method = method,
        .target = target,
        .header_count = HEADERS - 1,
        .header_names = names,
        .header_values = values,
    };
    const struct dr_model_request req = {
        .method = method,
        .target = target,
        .body = body,
        .body_len = body ? strlen(body) : 0,
        .header_count = HEADERS,
        .header_names = names,
        .header_values = values,
    };
    char sum[DR_SHA256_HEX];

    if (body) {
        dr_sha256_hex(sum, body, strlen(body));
        values[2] = sum;
    }
    values[3] = dr_sigv4_authorization(k->arena, &sign, &key,
                                       "host;x-amz-content-sha256;x-amz-date");
    return kit_request(k, KIT_STORE, &req);
}

static struct dr_http_answer s3(struct kit *k, const char *method, const char *target,
                                const char *body)
{
    return s3_as(k, method, target, body, "SKEY");
}

Test(model_store, objects)
{
    struct kit k;
    struct dr_http_answer ans;

    kit_open(&k);
    cr_assert_eq(s3(&k, "HEAD", "/backup", NULL).status, 200);
    cr_assert_eq(s3(&k, "HEAD", "/nosuch", NULL).status, 404);
    ans = s3(&k, "GET", "/backup/a/b", NULL);
    cr_assert_eq(ans.status, 404);
    cr_assert_str_eq(ans.content_type, "application/xml");
    cr_assert(strstr(ans.body, "<Code>NoSuchKey</Code>"), "%s", ans.body);
    cr_assert_eq(s3(&k, "PUT", "/backup/a/b%20c", "hello").status, 200);
    ans = s3(&k, "GET", "/backup/a/b%20c", NULL);
    cr_assert_eq(ans.status, 200);
    cr_assert_str_eq(ans.body, "hello");
    ans = s3(&k, "HEAD", "/backup/a/b%20c", NULL);
    cr_assert_eq(ans.status, 200);
    cr_assert_eq(ans.body_len, 5); /* for Content-Length; the server sends none of it */
    cr_assert_eq(s3(&k, "DELETE", "/backup/a/b%20c", NULL).status, 204);
    cr_assert_eq(s3(&k, "DELETE", "/backup/a/b%20c", NULL).status, 204);
    cr_assert_eq(s3(&k, "HEAD", "/backup/a/b%20c", NULL).status, 404);
    cr_assert_eq(s3(&k, "POST", "/backup/a?uploads=", NULL).status, 501);
    kit_close(&k);
}

Test(model_store, refusals)
{
    struct kit k;
    struct dr_http_answer ans;

    kit_open(&k);
    ans = kit_http(&k, KIT_STORE, "GET", "/backup/x", NULL);
    cr_assert_eq(ans.status, 403);
    cr_assert(strstr(ans.body, "<Code>AccessDenied</Code>"), "%s", ans.body);
    ans = s3_as(&k, "GET", "/backup/x", NULL, "wrong");
    cr_assert_eq(ans.status, 403);
    cr_assert(strstr(ans.body, "<Code>SignatureDoesNotMatch</Code>"), "%s", ans.body);
    cr_assert_null(strstr(ans.body, "SKEY"));
    kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"" KIT_STORE "\"}");
    cr_assert_eq(s3(&k, "GET", "/backup/x", NULL).status, 0);
    kit_close(&k);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)); text++)
        n++;
    return n;
}

Test(model_store, list_v2)
{
    static const char *const keys[] = {"a", "d/1", "d/2", "d/e/3", "f/4", "z&z"};
    static const struct {
        const char *query;
        size_t keys, groups;
        const char *part;
    } cases[] = {
        {"", 6, 0, "<KeyCount>6</KeyCount>"},
        {"&delimiter=%2F", 2, 2, "<Prefix>d/</Prefix></CommonPrefixes>"},
        {"&delimiter=%2F&prefix=d%2F", 2, 1, "<Prefix>d/e/</Prefix></CommonPrefixes>"},
        {"&prefix=d", 3, 0, "<IsTruncated>false</IsTruncated>"},
        {"&prefix=nosuch", 0, 0, "<KeyCount>0</KeyCount>"},
        {"&start-after=d%2F2", 3, 0, "<StartAfter>d/2</StartAfter>"},
        {"&max-keys=2", 2, 0, "<NextContinuationToken>d/1</NextContinuationToken>"},
        {"&max-keys=2&delimiter=%2F", 1, 1,
         "<NextContinuationToken>d/</NextContinuationToken>"},
        {"&max-keys=2&delimiter=%2F&continuation-token=d%2F", 1, 1,
         "<IsTruncated>false</IsTruncated>"},
        {"&max-keys=0", 0, 0, "<MaxKeys>0</MaxKeys>"},
        {"&encoding-type=url&prefix=z", 1, 0, "<Key>z%26z</Key>"},
        {"&prefix=z", 1, 0, "<Key>z&amp;z</Key>"},
    };
    struct kit k;

    kit_open(&k);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        cr_assert_eq(s3(&k, "PUT",
                        dr_sprintf(k.arena, "/backup/%s", i == 5 ? "z%26z" : keys[i]),
                        "x")
                         .status,
                     200);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_http_answer ans =
            s3(&k, "GET", dr_sprintf(k.arena, "/backup?list-type=2%s", cases[i].query),
               NULL);
        cr_assert_eq(ans.status, 200, "%s", cases[i].query);
        cr_assert_eq(count(ans.body, "<Contents>"), cases[i].keys, "%s: %s",
                     cases[i].query, ans.body);
        cr_assert_eq(count(ans.body, "<CommonPrefixes>"), cases[i].groups, "%s: %s",
                     cases[i].query, ans.body);
        cr_assert(strstr(ans.body, cases[i].part), "%s: %s", cases[i].query, ans.body);
    }
    cr_assert(strstr(s3(&k, "GET", "/backup?list-type=2&prefix=a", NULL).body,
                     "<ETag>&#34;9dd4e461268c8034f5c8564e155c67a6&#34;</ETag>"),
              "MD5 of x");
    cr_assert_eq(s3(&k, "GET", "/backup?list-type=2&max-keys=x", NULL).status, 400);
    kit_close(&k);
}
