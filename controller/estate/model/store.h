/* Object storage inside the model: services with buckets, and folders, all in memory. */
#ifndef DR_MODEL_STORE_H
#define DR_MODEL_STORE_H

#include "controller/estate/model/internal.h"

struct dr_object {
    char *key; /* owned */
    char *bytes;
    size_t len;
    int64_t modified_ms; /* wall */
    char etag[33];       /* MD5, as S3 gives for a plain PUT */
};

struct dr_bucket {
    const char *name;
    struct dr_object *objects; /* sorted by key */
    size_t count, room;
};

/* One S3 endpoint. `doc` NULL: the folders of this machine, one bucket named "". */
struct dr_store_service {
    struct dr_model_process process;
    const struct dr_sim_storage *doc;
    struct dr_bucket *buckets;
    size_t bucket_count;
};

struct dr_store {
    struct dr_store_service *services; /* the last one is the folders */
    size_t count;
    int64_t folders_fail; /* errno of every access to a folder; 0: none */
};

/* Where a URI leads, looked up once by who writes there often. */
struct dr_store_place {
    struct dr_address from; /* of the process that writes */
    struct dr_store_service *service;
    struct dr_bucket *bucket;
    const char *prefix; /* "" or ending in '/' */
};
/* As the functions by URI would find it now; -1 and `why` when they would fail. method,
 * key: for faults that match "PUT /bucket/key". */
int dr_store_find(struct dr_model *m, struct dr_arena *a, const struct dr_address *from,
                  const char *uri, const char *method, const char *key,
                  struct dr_store_place *out, struct dr_buf *why);
/* Whether a write to a place found before would be taken now, no fault being armed. */
bool dr_store_open(const struct dr_model *m, const struct dr_store_place *p);

struct dr_store_service *dr_store_service(struct dr_model *m,
                                          const struct dr_address *at);
struct dr_bucket *dr_bucket_find(struct dr_store_service *s, const char *name);
/* First object whose key is >= key. */
size_t dr_bucket_from(const struct dr_bucket *b, const char *key);
struct dr_object *dr_bucket_get(struct dr_bucket *b, const char *key);
void dr_bucket_put(struct dr_model *m, struct dr_bucket *b, const char *key,
                   const void *bytes, size_t len);
bool dr_bucket_delete(struct dr_bucket *b, const char *key); /* false: was not there */
const char *dr_object_etag(struct dr_object *o);

#endif
