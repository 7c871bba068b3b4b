/* HTTP by libcurl: one request, its status, headers and body. */
#include <curl/curl.h>
#include <string.h>

#include "controller/base/buf.h"
#include "controller/base/digest.h"
#include "tests/conformance/conform.h"

enum { CONNECT_MS = 5000, ALL_MS = 200000, BODY_MAX = 16 << 20 };

static size_t take(char *bytes, size_t size, size_t count, void *into)
{
    struct dr_buf *b = into;
    dr_buf_add(b, bytes, size * count);
    return b->overflow ? 0 : size * count;
}

void http_ask(struct dr_arena *a, struct vars *v, const struct http_request *r,
              struct http_answer *out)
{
    CURL *c = curl_easy_init();
    struct curl_slist *headers = NULL;
    struct dr_buf body, head;
    bool is_head = strcmp(r->method, "HEAD") == 0;
    *out = (struct http_answer){0};
    dr_buf_init(&body, BODY_MAX);
    dr_buf_init(&head, 1 << 16);
    for (size_t i = 0; r->headers && i < r->headers->count; i++)
        headers = curl_slist_append(
            headers, dr_sprintf(a, "%s: %s", r->headers->keys[i],
                                vars_expand(v, r->headers->items[i]->text)));
    curl_easy_setopt(c, CURLOPT_URL, r->url);
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)ALL_MS);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, &head);
    if (is_head)
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    if (r->body || strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0) {
        const char *text = r->body ? r->body : "";
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
        curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, text);
        if (!r->sign_as) /* curl 7.88 would sign the header that it then leaves out */
            headers = curl_slist_append(headers, "Expect:");
    }
    if (r->sign_as) {
        char hash[DR_SHA256_HEX];
        dr_sha256_hex(hash, r->body ? r->body : "", r->body ? strlen(r->body) : 0);
        headers =
            curl_slist_append(headers, dr_sprintf(a, "x-amz-content-sha256: %s", hash));
        curl_easy_setopt(c, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:s3");
        curl_easy_setopt(c, CURLOPT_USERPWD, r->sign_as);
    }
    if (!is_head)
        curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(c);
    if (code != CURLE_OK)
        out->failure = dr_strdup(a, curl_easy_strerror(code));
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
    out->body = dr_strndup(a, dr_buf_str(&body), body.len);
    out->body_len = body.len;
    out->headers = dr_strdup(a, dr_buf_str(&head));
    dr_buf_release(&body);
    dr_buf_release(&head);
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
}
