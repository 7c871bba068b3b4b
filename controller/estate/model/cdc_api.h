/* What the files of TiCDC's open API share. */
#ifndef DR_MODEL_CDC_API_H
#define DR_MODEL_CDC_API_H

#include "controller/estate/model/cdc.h"
#include "controller/estate/model/gojson.h"
#include "controller/estate/model/http.h"

struct cdc_in {
    struct dr_http_in *in;
    struct cdc *c;
    size_t capture; /* the one that was asked */
    const char *args[2];
    struct dr_buf body;
    struct dr_gojson w; /* compact, into body */
};

/* ---- answers ---- */
void cdc_done(struct cdc_in *p, int status);
void cdc_empty_object(struct cdc_in *p); /* 200 {} */
/* The error body; its status follows from the code and the text. code "": a plain Go
 * error. The text stands behind "[code]". */
void cdc_refuse(struct cdc_in *p, const char *code, const char *fmt, ...) DR_PRINTF(3, 4);
void cdc_refuse_status(struct cdc_in *p, int status, const char *code, const char *text);

/* The body as a JSON object. NULL: refused already (bind errors are 400 with a text
 * content type and a JSON body). Owned. */
json_t *cdc_bind(struct cdc_in *p);
void cdc_refuse_bind(struct cdc_in *p, const char *why);
/* A member by Go's rules: exact name, else any case. */
const json_t *cdc_member(const json_t *o, const char *key);
/* Members of the body; false: refused already. Absent and null leave *out alone. */
bool cdc_bind_u64(struct cdc_in *p, const json_t *o, const char *key, uint64_t *out);
bool cdc_bind_str(struct cdc_in *p, const json_t *o, const char *key, const char **out);

/* 400 ErrChangeFeedNotExists, in the words of the architecture. */
void cdc_refuse_absent(struct cdc_in *p, const char *id);
const char *cdc_namespace(struct cdc_in *p);
bool cdc_legal_id(const char *id);
uint64_t cdc_upstream_id(const struct cdc *c);
/* "2006-01-02 15:04:05.000" in the servers' zone, without saying which. */
const char *cdc_json_time(const struct cdc *c, int64_t wall_ms, char out[DR_TIME_TEXT]);
/* RFC3339 with nanoseconds and offset. */
const char *cdc_rfc_time(const struct cdc *c, int64_t wall_ms, char out[DR_TIME_TEXT]);

/* ---- changefeeds (cdc_api_feed.c, cdc_api_show.c) ---- */
/* The feed of the path. NULL: answered already; !must: by 200, for a delete of what is
 * not there or not seen. */
struct cdc_feed *cdc_named(struct cdc_in *p, bool must);
void cdc_list(struct cdc_in *p);
void cdc_get(struct cdc_in *p);
void cdc_meta_info(struct cdc_in *p);
void cdc_status(struct cdc_in *p);
void cdc_synced(struct cdc_in *p);
void cdc_create(struct cdc_in *p);
void cdc_update(struct cdc_in *p);
void cdc_delete(struct cdc_in *p);
void cdc_pause(struct cdc_in *p);
void cdc_resume(struct cdc_in *p);
void cdc_verify_table(struct cdc_in *p);
/* ChangeFeedInfo as create and update answer it: not normalised. */
void cdc_show_made(struct cdc_in *p, const struct cdc_feed *f);

/* ---- validation (cdc_check.c) ---- */
struct cdc_draft {
    const char *ns, *id;
    uint64_t start_ts, target_ts;
    const char *sink_uri;
    json_t *config; /* adjusted in place */
};
struct cdc_verdict {
    bool refused;
    char code[CDC_CODE_MAX];
    char text[CDC_MESSAGE_MAX];
};
/* Steps 8 to 12 of a create, which an update repeats at its checkpoint. */
void cdc_check(struct cdc *c, struct dr_arena *a, const struct cdc_draft *d,
               uint64_t at_ts, struct cdc_verdict *out);
/* Definitions of a cluster's tables, views and sequences at a TSO (UINT64_MAX: now),
 * oldest first. */
void cdc_each_definition(const struct dr_model_cluster *cluster, uint64_t tso,
                         void (*fn)(void *arg, const struct dr_table_def *t), void *arg);
/* The upstream's tables at a TSO that the config takes, sorted into both kinds. fn gets
 * each. False: a filter rule is malformed, said in `out`. */
bool cdc_each_table(struct cdc *c, struct dr_arena *a, const json_t *config, uint64_t tso,
                    void (*fn)(void *arg, const struct dr_table_def *t, bool eligible),
                    void *arg, struct cdc_verdict *out);

#endif
