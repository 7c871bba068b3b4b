/* The S3 protocol over the model's object storage: path style, GET HEAD PUT DELETE of an
 * object, ListObjectsV2, HEAD and GET ?location of a bucket, the list of buckets;
 * Signature V4 is checked. No multipart, versions or ranges. Source: Amazon S3 API
 * reference. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/estate/model/http.h"
#include "controller/estate/model/sigv4.h"
#include "controller/estate/model/store.h"
#include "controller/estate/model/uri.h"

enum { KEYS_MAX = 1000 };

#define XML_HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define XML_TYPE "application/xml"
#define XML_NS   "http://s3.amazonaws.com/doc/2006-03-01/"

struct s3_error {
    const char *code;
    int status;
    const char *message;
};

enum s3_refusal {
    ACCESS_DENIED,
    NO_HASH,
    BAD_AUTH,
    BAD_REGION,
    BAD_ACCESS_KEY,
    BAD_SIGNATURE,
    BAD_HASH,
    BAD_TIME,
    NO_BUCKET,
    NO_KEY,
    BAD_ARGUMENT,
    BAD_METHOD,
    INTERNAL,
    SLOW_DOWN,
    NOT_IMPLEMENTED,
    REFUSALS
};

/* clang-format off */
static const struct s3_error errors[] = {
    [ACCESS_DENIED]   = {"AccessDenied", 403, "Access Denied."},
    [NO_HASH]         = {"InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256"},
    [BAD_AUTH]        = {"AuthorizationHeaderMalformed", 400, "The authorization header that you provided is not valid."},
    [BAD_REGION]      = {"AuthorizationHeaderMalformed", 400, "The authorization header is malformed; the region is wrong."},
    [BAD_ACCESS_KEY]  = {"InvalidAccessKeyId", 403, "The Access Key Id you provided does not exist in our records."},
    [BAD_SIGNATURE]   = {"SignatureDoesNotMatch", 403, "The request signature we calculated does not match the signature you provided. Check your key and signing method."},
    [BAD_HASH]        = {"XAmzContentSHA256Mismatch", 400, "The provided 'x-amz-content-sha256' header does not match what was computed."},
    [BAD_TIME]        = {"RequestTimeTooSkewed", 403, "The difference between the request time and the server's time is too large."},
    [NO_BUCKET]       = {"NoSuchBucket", 404, "The specified bucket does not exist"},
    [NO_KEY]          = {"NoSuchKey", 404, "The specified key does not exist."},
    [BAD_ARGUMENT]    = {"InvalidArgument", 400, "Invalid Argument"},
    [BAD_METHOD]      = {"MethodNotAllowed", 405, "The specified method is not allowed against this resource."},
    [INTERNAL]        = {"InternalError", 500, "We encountered an internal error. Please try again."},
    [SLOW_DOWN]       = {"SlowDown", 503, "Please reduce your request rate."},
    [NOT_IMPLEMENTED] = {"NotImplemented", 501, "A header you provided implies functionality that is not implemented."},
};
/* clang-format on */
_Static_assert(sizeof(errors) / sizeof(errors[0]) == REFUSALS, "one row per refusal");

static void xml_text(struct dr_buf *b, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&':
            dr_buf_adds(b, "&amp;");
            break;
        case '<':
            dr_buf_adds(b, "&lt;");
            break;
        case '>':
            dr_buf_adds(b, "&gt;");
            break;
        case '"':
            dr_buf_adds(b, "&#34;");
            break;
        default:
            if ((unsigned char)*s < 0x20)
                dr_buf_addf(b, "&#x%X;", *s);
            else
                dr_buf_addc(b, *s);
        }
    }
}

static void xml_element(struct dr_buf *b, const char *name, const char *text)
{
    dr_buf_addf(b, "<%s>", name);
    xml_text(b, text);
    dr_buf_addf(b, "</%s>", name);
}

static bool is_head(const struct dr_http_in *in)
{
    return !strcmp(in->req->method, "HEAD");
}

static void answer_xml(struct dr_http_in *in, int status, struct dr_buf *b)
{
    if (is_head(in)) {
        dr_buf_release(b);
        dr_http_empty(in, status);
    } else
        dr_http_reply(in, status, XML_TYPE, b);
}

static void refuse_with(struct dr_http_in *in, const char *code, int status,
                        const char *message)
{
    struct dr_buf b;

    dr_buf_init(&b, DR_HTTP_BODY_MAX);
    dr_buf_adds(&b, XML_HEAD "<Error>");
    xml_element(&b, "Code", code);
    xml_element(&b, "Message", message);
    xml_element(&b, "Resource", in->path);
    dr_buf_adds(&b, "<RequestId>0</RequestId></Error>");
    answer_xml(in, status, &b);
}

static void refuse(struct dr_http_in *in, enum s3_refusal r)
{
    refuse_with(in, errors[r].code, errors[r].status, errors[r].message);
}

void dr_s3_fault(struct dr_http_in *in, int status, const char *message)
{
    for (size_t i = 0; i < REFUSALS; i++)
        if (errors[i].status == status) {
            refuse_with(in, errors[i].code, status,
                        message ? message : errors[i].message);
            return;
        }
    refuse_with(in, "InternalError", status,
                message ? message : errors[INTERNAL].message);
}

static bool authorised(struct dr_http_in *in, const struct dr_sim_storage *doc)
{
    static const enum s3_refusal of[] = {
        [DR_SIGV4_NONE] = ACCESS_DENIED, [DR_SIGV4_NO_HASH] = NO_HASH,
        [DR_SIGV4_BROKEN] = BAD_AUTH,    [DR_SIGV4_REGION] = BAD_REGION,
        [DR_SIGV4_KEY] = BAD_ACCESS_KEY, [DR_SIGV4_MISMATCH] = BAD_SIGNATURE,
        [DR_SIGV4_HASH] = BAD_HASH,      [DR_SIGV4_SKEW] = BAD_TIME,
    };
    const struct dr_sigv4_request r = {
        .method = in->req->method,
        .target = in->req->target,
        .body = in->req->body,
        .body_len = in->req->body_len,
        .header_count = in->req->header_count,
        .header_names = in->req->header_names,
        .header_values = in->req->header_values,
    };
    const struct dr_sigv4_key key = {
        .region = doc->signing_region ? doc->signing_region : "us-east-1",
        .access = doc->access_key,
        .secret = doc->secret_key ? doc->secret_key : "",
    };
    enum dr_sigv4_result result;

    if (!doc->access_key)
        return true; /* a public service */
    result = dr_sigv4_check(&r, &key, dr_model_wall_ms(in->m));
    if (result == DR_SIGV4_OK)
        return true;
    refuse(in, of[result]);
    return false;
}

/* "2006-01-02T15:04:05.000Z" */
static void add_time(struct dr_buf *b, int64_t wall_ms)
{
    time_t at = (time_t)(wall_ms / 1000);
    struct tm tm;
    char text[32];

    gmtime_r(&at, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    dr_buf_addf(b, "<LastModified>%s.%03dZ</LastModified>", text, (int)(wall_ms % 1000));
}

struct listing {
    const char *prefix, *delimiter, *after, *token;
    uint64_t max;
    bool url; /* encoding-type=url */
};

static const char *shown(struct dr_arena *a, const struct listing *l, const char *key)
{
    struct dr_buf b;
    char *text;

    if (!l->url)
        return key;
    dr_buf_init(&b, 1 << 16);
    for (; *key; key++)
        if ((*key >= 'a' && *key <= 'z') || (*key >= 'A' && *key <= 'Z') ||
            (*key >= '0' && *key <= '9') || strchr("-_.~/*", *key))
            dr_buf_addc(&b, *key);
        else
            dr_buf_addf(&b, "%%%02X", (unsigned char)*key);
    text = dr_strdup(a, dr_buf_str(&b));
    dr_buf_release(&b);
    return text;
}

/* The group of a key: prefix up to and with the next delimiter; NULL: none. */
static const char *group(struct dr_arena *a, const struct listing *l, const char *key)
{
    size_t skip = strlen(l->prefix);
    const char *d = *l->delimiter ? strstr(key + skip, l->delimiter) : NULL;
    return d ? dr_strndup(a, key, (size_t)(d - key) + strlen(l->delimiter)) : NULL;
}

/* Keys and groups after the token or start-after; sets *next when there are more. */
static uint64_t list_entries(struct dr_http_in *in, struct dr_bucket *bucket,
                             const struct listing *l, struct dr_buf *keys,
                             struct dr_buf *groups, const char **next)
{
    const char *from = l->token ? l->token : l->after, *last_group = NULL;
    const char *last = NULL;
    uint64_t count = 0;
    size_t cut = strlen(l->prefix);
    size_t i = dr_bucket_from(bucket, strcmp(from, l->prefix) > 0 ? from : l->prefix);

    *next = NULL;
    for (; i < bucket->count; i++) {
        struct dr_object *o = &bucket->objects[i];
        const char *g;
        if (strncmp(o->key, l->prefix, cut))
            break;
        g = group(in->a, l, o->key);
        /* A token or start-after names what was seen last: a key, or a whole group. */
        if (!strcmp(o->key, from) ||
            (g && (!strcmp(g, from) || (last_group && !strcmp(g, last_group)))))
            continue;
        if (count == l->max) {
            *next = last ? last : from;
            break;
        }
        count++;
        last = g ? g : o->key;
        if (g) {
            last_group = g;
            dr_buf_adds(groups, "<CommonPrefixes>");
            xml_element(groups, "Prefix", shown(in->a, l, g));
            dr_buf_adds(groups, "</CommonPrefixes>");
            continue;
        }
        dr_buf_adds(keys, "<Contents>");
        xml_element(keys, "Key", shown(in->a, l, o->key));
        add_time(keys, o->modified_ms);
        dr_buf_addf(keys, "<ETag>&#34;%s&#34;</ETag><Size>%zu</Size>", dr_object_etag(o),
                    o->len);
        dr_buf_adds(keys, "<StorageClass>STANDARD</StorageClass></Contents>");
    }
    return count;
}

static void list_objects(struct dr_http_in *in, struct dr_bucket *bucket)
{
    const char *max = dr_http_param(in, "max-keys"), *next;
    const char *encoding = dr_http_param(in, "encoding-type");
    struct listing l = {
        .prefix = dr_http_param(in, "prefix"),
        .delimiter = dr_http_param(in, "delimiter"),
        .after = dr_http_param(in, "start-after"),
        .token = dr_http_param(in, "continuation-token"),
        .max = KEYS_MAX,
        .url = encoding && !strcmp(encoding, "url"),
    };
    struct dr_buf b, keys, groups;
    uint64_t count;

    if (max && !dr_parse_u64(max, strlen(max), &l.max)) {
        refuse(in, BAD_ARGUMENT);
        return;
    }
    l.max = l.max > KEYS_MAX ? KEYS_MAX : l.max;
    l.prefix = l.prefix ? l.prefix : "";
    l.delimiter = l.delimiter ? l.delimiter : "";
    l.after = l.after ? l.after : "";
    dr_buf_init(&b, DR_HTTP_BODY_MAX);
    dr_buf_init(&keys, DR_HTTP_BODY_MAX);
    dr_buf_init(&groups, DR_HTTP_BODY_MAX);
    count = list_entries(in, bucket, &l, &keys, &groups, &next);
    dr_buf_adds(&b, XML_HEAD "<ListBucketResult xmlns=\"" XML_NS "\">");
    xml_element(&b, "Name", bucket->name);
    xml_element(&b, "Prefix", shown(in->a, &l, l.prefix));
    if (*l.after)
        xml_element(&b, "StartAfter", shown(in->a, &l, l.after));
    if (l.token)
        xml_element(&b, "ContinuationToken", l.token);
    if (next)
        xml_element(&b, "NextContinuationToken", next);
    dr_buf_addf(&b, "<KeyCount>%" PRIu64 "</KeyCount><MaxKeys>%" PRIu64 "</MaxKeys>",
                count, l.max);
    if (*l.delimiter)
        xml_element(&b, "Delimiter", shown(in->a, &l, l.delimiter));
    if (l.url)
        xml_element(&b, "EncodingType", "url");
    xml_element(&b, "IsTruncated", next ? "true" : "false");
    dr_buf_add(&b, dr_buf_str(&keys), keys.len);
    dr_buf_add(&b, dr_buf_str(&groups), groups.len);
    dr_buf_adds(&b, "</ListBucketResult>");
    dr_buf_release(&keys);
    dr_buf_release(&groups);
    answer_xml(in, 200, &b);
}

static void list_buckets(struct dr_http_in *in, const struct dr_store_service *s)
{
    struct dr_buf b;

    dr_buf_init(&b, DR_HTTP_BODY_MAX);
    dr_buf_adds(&b, XML_HEAD "<ListAllMyBucketsResult xmlns=\"" XML_NS "\"><Owner><ID>"
                             "drover-sim</ID></Owner><Buckets>");
    for (size_t i = 0; i < s->bucket_count; i++) {
        dr_buf_adds(&b, "<Bucket>");
        xml_element(&b, "Name", s->buckets[i].name);
        dr_buf_adds(&b, "<CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>");
    }
    dr_buf_adds(&b, "</Buckets></ListAllMyBucketsResult>");
    answer_xml(in, 200, &b);
}

static void serve_bucket(struct dr_http_in *in, struct dr_bucket *bucket)
{
    const char *type = dr_http_param(in, "list-type");
    struct dr_buf b;

    if (is_head(in)) {
        dr_http_empty(in, 200);
    } else if (strcmp(in->req->method, "GET")) {
        dr_model_note_unknown(in->m, &in->server->at, in->req->target,
                              strlen(in->req->target));
        refuse(in, NOT_IMPLEMENTED);
    } else if (dr_http_param(in, "location")) {
        dr_buf_init(&b, DR_HTTP_BODY_MAX);
        dr_buf_adds(&b, XML_HEAD "<LocationConstraint xmlns=\"" XML_NS
                                 "\"></LocationConstraint>");
        answer_xml(in, 200, &b);
    } else if (type && !strcmp(type, "2")) {
        list_objects(in, bucket);
    } else {
        dr_model_note_unknown(in->m, &in->server->at, in->req->target,
                              strlen(in->req->target));
        refuse(in, NOT_IMPLEMENTED);
    }
}

static void serve_object(struct dr_http_in *in, struct dr_bucket *bucket, const char *key)
{
    const char *method = in->req->method;
    struct dr_object *o = dr_bucket_get(bucket, key);

    if (in->query && *in->query && strncmp(in->query, "x-id=", 5)) {
        dr_model_note_unknown(in->m, &in->server->at, in->req->target,
                              strlen(in->req->target));
        refuse(in, NOT_IMPLEMENTED); /* multipart, tagging, acl */
    } else if (!strcmp(method, "PUT")) {
        dr_bucket_put(in->m, bucket, key, in->req->body, in->req->body_len);
        dr_http_empty(in, 200);
        in->out->etag = dr_strdup(in->a, dr_object_etag(dr_bucket_get(bucket, key)));
    } else if (!strcmp(method, "DELETE")) {
        (void)dr_bucket_delete(bucket, key); /* absent or not, 204 */
        dr_http_empty(in, 204);
    } else if (strcmp(method, "GET") && !is_head(in)) {
        refuse(in, BAD_METHOD);
    } else if (!o) {
        refuse(in, NO_KEY);
    } else { /* HEAD as well: the length is the object's, the server leaves out the body
              */
        struct dr_buf b;
        dr_buf_init(&b, DR_HTTP_BODY_MAX);
        dr_buf_add(&b, o->bytes, o->len);
        dr_http_reply(in, 200, "binary/octet-stream", &b);
        in->out->etag = dr_strdup(in->a, dr_object_etag(o));
    }
}

void dr_s3_serve(struct dr_http_in *in)
{
    struct dr_store_service *s = dr_store_service(in->m, &in->server->at);
    const char *path = in->path + (*in->path == '/');
    size_t len = strcspn(path, "/");
    const char *name = dr_uri_decode(in->a, path, len, false);
    const char *key =
        path[len] ? dr_uri_decode(in->a, path + len + 1, strlen(path + len + 1), false)
                  : "";
    struct dr_bucket *bucket;

    if (!authorised(in, s->doc))
        return;
    dr_cdc_flush_redo(in->m);
    if (!*name) {
        if (!strcmp(in->req->method, "GET"))
            list_buckets(in, s);
        else
            refuse(in, BAD_METHOD);
        return;
    }
    bucket = dr_bucket_find(s, name);
    if (!bucket)
        refuse(in, NO_BUCKET);
    else if (!*key)
        serve_bucket(in, bucket);
    else
        serve_object(in, bucket, key);
}
