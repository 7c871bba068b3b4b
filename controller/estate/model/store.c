/* Object storage: what BACKUP, RESTORE and TiCDC's redo reach by URI. A folder's path
 * (local://, file://, or bare) is kept in the model as well: nothing ever touches
 * the disk. The S3 protocol is in s3.c. */
#include "controller/estate/model/store.h"

#include "controller/estate/model/network.h"

#include <openssl/evp.h>
#include <string.h>

#include "controller/base/digest.h"
#include "controller/estate/model/http.h"
#include "controller/estate/model/uri.h"

int dr_model_store_init(struct dr_model *m, struct dr_err *err)
{
    struct dr_store *st = DR_NEW(m->arena, struct dr_store);

    (void)err; /* nothing of a decoded document can be refused here */
    st->count = m->doc->storage_count + 1;
    st->services = DR_NEW_N(m->arena, st->count, struct dr_store_service);
    for (size_t i = 0; i < st->count; i++) {
        struct dr_store_service *s = &st->services[i];
        s->process.up = true;
        s->doc = i + 1 < st->count ? &m->doc->storage[i] : NULL;
        s->bucket_count = s->doc ? s->doc->bucket_count : 1;
        s->buckets = DR_NEW_N(m->arena, s->bucket_count, struct dr_bucket);
        for (size_t j = 0; j < s->bucket_count; j++)
            s->buckets[j].name = s->doc ? s->doc->buckets[j] : "";
        if (s->doc) {
            snprintf(s->process.at.host, sizeof(s->process.at.host), "%s",
                     s->doc->address.host);
            s->process.at.port = s->doc->address.port;
        }
    }
    m->store = st;
    return 0;
}

static void object_free(struct dr_object *o)
{
    free(o->key);
    free(o->bytes);
}

void dr_model_store_free(struct dr_model *m)
{
    for (size_t i = 0; m->store && i < m->store->count; i++) {
        struct dr_store_service *s = &m->store->services[i];
        for (size_t j = 0; j < s->bucket_count; j++) {
            for (size_t k = 0; k < s->buckets[j].count; k++)
                object_free(&s->buckets[j].objects[k]);
            free(s->buckets[j].objects);
        }
    }
    m->store = NULL;
}

struct dr_store_service *dr_store_service(struct dr_model *m, const struct dr_address *at)
{
    for (size_t i = 0; m->store && i + 1 < m->store->count; i++)
        if (dr_address_equal(&m->store->services[i].process.at, at))
            return &m->store->services[i];
    return NULL;
}

struct dr_model_process *dr_store_process(struct dr_model *m, const struct dr_address *at)
{
    struct dr_store_service *s = dr_store_service(m, at);
    return s ? &s->process : NULL;
}

/* ---- objects ---- */
struct dr_bucket *dr_bucket_find(struct dr_store_service *s, const char *name)
{
    for (size_t i = 0; i < s->bucket_count; i++)
        if (!strcmp(s->buckets[i].name, name))
            return &s->buckets[i];
    return NULL;
}

size_t dr_bucket_from(const struct dr_bucket *b, const char *key)
{
    size_t low = 0, high = b->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(b->objects[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct dr_object *dr_bucket_get(struct dr_bucket *b, const char *key)
{
    size_t i = dr_bucket_from(b, key);
    return i < b->count && !strcmp(b->objects[i].key, key) ? &b->objects[i] : NULL;
}

static void md5_hex(char out[33], const void *bytes, size_t len)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    EVP_Digest(bytes, len, sum, &n, EVP_md5(), NULL);
    dr_hex(out, sum, n < 16 ? n : 16);
}

void dr_bucket_put(struct dr_model *m, struct dr_bucket *b, const char *key,
                   const void *bytes, size_t len)
{
    size_t i = dr_bucket_from(b, key);
    struct dr_object *o;

    if (i == b->count || strcmp(b->objects[i].key, key)) {
        if (b->count == b->room) {
            b->room = b->room ? b->room * 2 : 16;
            b->objects = dr_xrealloc(b->objects, b->room * sizeof(*b->objects));
        }
        memmove(&b->objects[i + 1], &b->objects[i], (b->count - i) * sizeof(*b->objects));
        b->objects[i] = (struct dr_object){.key = dr_xstrdup(key)};
        b->count++;
    }
    o = &b->objects[i];
    if (o->len != len || !o->bytes) {
        free(o->bytes);
        o->bytes = dr_xcalloc(len + 1, 1);
        o->len = len;
    }
    if (len)
        memcpy(o->bytes, bytes, len);
    o->modified_ms = dr_model_wall_ms(m);
    o->etag[0] = '\0'; /* computed when somebody looks */
}

bool dr_bucket_delete(struct dr_bucket *b, const char *key)
{
    struct dr_object *o = dr_bucket_get(b, key);
    size_t i;

    if (!o)
        return false;
    i = (size_t)(o - b->objects);
    object_free(o);
    b->count--;
    memmove(o, o + 1, (b->count - i) * sizeof(*o));
    return true;
}

const char *dr_object_etag(struct dr_object *o)
{
    if (!o->etag[0])
        md5_hex(o->etag, o->bytes, o->len);
    return o->etag;
}

/* ---- by URI ---- */
static const char *prefix_of(struct dr_arena *a, const char *path)
{
    char *decoded = dr_uri_decode(a, path, strlen(path), false);
    size_t len;

    while (*decoded == '/')
        decoded++;
    len = strlen(decoded);
    while (len && decoded[len - 1] == '/')
        decoded[--len] = '\0';
    return len ? dr_sprintf(a, "%s/", decoded) : "";
}

static bool endpoint_of(struct dr_arena *a, const struct dr_uri *u,
                        struct dr_address *out)
{
    const char *text = dr_uri_param(a, u, "endpoint");
    struct dr_uri e;

    if (!text || !dr_uri_parse(a, &e, text) || !*e.host)
        return false;
    *out = (struct dr_address){.port = e.port ? e.port : 80};
    snprintf(out->host, sizeof(out->host), "%s", e.host);
    return true;
}

/* Why S3 would refuse; NULL: fine. Source: the error codes of the S3 API. */
static const char *refused(struct dr_arena *a, const struct dr_store_service *s,
                           const struct dr_uri *u)
{
    const char *access = dr_uri_param(a, u, "access-key");
    const char *secret = dr_uri_param(a, u, "secret-access-key");

    if (!s->doc->access_key)
        return NULL;
    if (!access || !secret)
        return "NoCredentialProviders: no valid providers in chain. Deprecated.";
    if (strcmp(access, s->doc->access_key))
        return "InvalidAccessKeyId: The Access Key Id you provided does not exist in our "
               "records.\n\tstatus code: 403";
    if (strcmp(secret, s->doc->secret_key ? s->doc->secret_key : ""))
        return "SignatureDoesNotMatch: The request signature we calculated does not "
               "match "
               "the signature you provided. Check your key and signing method.\n\tstatus "
               "code: 403";
    return NULL;
}

/* Source of the wording: tidb: br/pkg/storage/s3.go, parse.go. The text after the code is
 * [inference]. */
static int no_access(struct dr_buf *why, const char *bucket, const char *reason)
{
    dr_buf_addf(why,
                "Bucket %s is not accessible: %s: [BR:ExternalStorage:"
                "ErrStorageInvalidConfig]invalid external storage config",
                bucket, reason);
    return -1;
}

static int s3_place(struct dr_model *m, struct dr_arena *a, const struct dr_address *from,
                    const struct dr_uri *u, const char *method, const char *key,
                    struct dr_store_place *out, struct dr_buf *why)
{
    struct dr_store_service *s;
    struct dr_address at;
    const struct dr_fault *f;
    const char *text;

    if (!endpoint_of(a, u, &at) || !(s = dr_store_service(m, &at)))
        return no_access(why, u->host,
                         "RequestError: send request failed\ncaused by: dial tcp: lookup "
                         "endpoint: no such host");
    if (!s->process.up || s->process.cut || s->process.hung ||
        !dr_model_reach(m, from, &at)) {
        text = dr_sprintf(
            a, "RequestError: send request failed\ncaused by: dial tcp %s:%u: %s",
            at.host, at.port,
            s->process.up ? "i/o timeout" : "connect: connection refused");
        return no_access(why, u->host, text);
    }
    text = refused(a, s, u);
    if (text)
        return no_access(why, u->host, text);
    out->service = s;
    out->bucket = dr_bucket_find(s, u->host);
    if (!out->bucket)
        return no_access(why, u->host,
                         "NoSuchBucket: The specified bucket does not exist\n\tstatus "
                         "code: 404");
    out->prefix = prefix_of(a, u->path);
    f = m->faults ? dr_model_fault_take(m, &at,
                                        dr_sprintf(a, "%s /%s/%s%s", method, u->host,
                                                   out->prefix, key ? key : ""))
                  : NULL;
    if (f && f->kind != DR_FAULT_SLOW)
        return no_access(why, u->host,
                         f->message ? f->message
                                    : "InternalError: We encountered an internal error. "
                                      "Please try again.\n\tstatus code: 500");
    return 0;
}

int dr_store_find(struct dr_model *m, struct dr_arena *a, const struct dr_address *from,
                  const char *uri, const char *method, const char *key,
                  struct dr_store_place *out, struct dr_buf *why)
{
    static const char *const folders[] = {"", "local", "file"};
    struct dr_uri u;

    out->from = *from;
    if (!dr_uri_parse(a, &u, uri)) {
        dr_buf_addf(why,
                    "parse storage url %s: [BR:ExternalStorage:"
                    "ErrStorageInvalidConfig]invalid external storage config",
                    uri);
        return -1;
    }
    if (!strcmp(u.scheme, "s3"))
        return s3_place(m, a, from, &u, method, key, out, why);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (!strcmp(u.scheme, folders[i])) {
            if (m->store->folders_fail) {
                dr_buf_addf(why, "open %s: %s", u.path,
                            strerror((int)m->store->folders_fail));
                return -1;
            }
            out->service = &m->store->services[m->store->count - 1];
            out->bucket = out->service->buckets;
            out->prefix = prefix_of(a, u.path);
            return 0;
        }
    dr_buf_addf(why,
                "storage %s not support yet: [BR:ExternalStorage:ErrStorageInvalidConfig]"
                "invalid external storage config",
                u.scheme);
    return -1;
}

bool dr_store_open(const struct dr_model *m, const struct dr_store_place *p)
{
    const struct dr_model_process *s = &p->service->process;

    if (!p->service->doc)
        return !m->store->folders_fail;
    return s->up && !s->cut && !s->hung && dr_model_reach(m, &p->from, &s->at);
}

int dr_model_store_put(struct dr_model *m, const struct dr_address *from, const char *uri,
                       const char *key, const void *bytes, size_t len, struct dr_buf *why)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_store_place p;
    int rc = dr_store_find(m, a, from, uri, "PUT", key, &p, why);

    if (!rc)
        dr_bucket_put(m, p.bucket, dr_sprintf(a, "%s%s", p.prefix, key), bytes, len);
    dr_arena_free(a);
    return rc;
}

int dr_model_store_get(struct dr_model *m, const struct dr_address *from, const char *uri,
                       const char *key, const char **bytes, size_t *len,
                       struct dr_buf *why)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_store_place p;
    int rc = dr_store_find(m, a, from, uri, "GET", key, &p, why);

    *bytes = NULL;
    *len = 0;
    dr_cdc_flush_redo(m);
    if (!rc) {
        const struct dr_object *o =
            dr_bucket_get(p.bucket, dr_sprintf(a, "%s%s", p.prefix, key));
        if (o) {
            *bytes = o->bytes;
            *len = o->len;
        }
    }
    dr_arena_free(a);
    return rc;
}

int dr_model_store_delete(struct dr_model *m, const struct dr_address *from,
                          const char *uri, const char *key, struct dr_buf *why)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_store_place p;
    int rc = dr_store_find(m, a, from, uri, "DELETE", key, &p, why);

    if (!rc)
        (void)dr_bucket_delete(p.bucket, dr_sprintf(a, "%s%s", p.prefix, key));
    dr_arena_free(a);
    return rc;
}

int dr_model_store_list(struct dr_model *m, const struct dr_address *from,
                        const char *uri,
                        void (*fn)(void *arg, const char *key, size_t len), void *arg,
                        struct dr_buf *why)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_store_place p;
    int rc = dr_store_find(m, a, from, uri, "GET", NULL, &p, why);

    dr_cdc_flush_redo(m);
    if (!rc) {
        size_t cut = strlen(p.prefix);
        for (size_t i = dr_bucket_from(p.bucket, p.prefix); i < p.bucket->count; i++) {
            const struct dr_object *o = &p.bucket->objects[i];
            if (strncmp(o->key, p.prefix, cut))
                break;
            fn(arg, o->key + cut, o->len);
        }
    }
    dr_arena_free(a);
    return rc;
}

json_t *dr_model_store_state(const struct dr_model *m)
{
    json_t *all = json_array();

    /* What lies there is as if it had been written at its time. */
    dr_cdc_flush_redo((struct dr_model *)(uintptr_t)m);
    for (size_t i = 0; i < m->store->count; i++) {
        const struct dr_store_service *s = &m->store->services[i];
        json_t *buckets = json_object();
        for (size_t j = 0; j < s->bucket_count; j++) {
            json_t *objects = json_array();
            for (size_t k = 0; k < s->buckets[j].count; k++)
                json_array_append_new(
                    objects, json_pack("{s:s, s:I}", "key", s->buckets[j].objects[k].key,
                                       "size", (json_int_t)s->buckets[j].objects[k].len));
            json_object_set_new(buckets, s->buckets[j].name, objects);
        }
        json_array_append_new(all, json_pack("{s:s, s:b, s:o}", "name",
                                             s->doc ? s->doc->name : "folders", "up",
                                             s->process.up, "buckets", buckets));
    }
    return all;
}
