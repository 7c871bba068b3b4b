/* What the HTTP servers of the model (PD, TiCDC, object storage) share: one request with
 * its reply, and answers that come later. */
#ifndef DR_MODEL_HTTP_H
#define DR_MODEL_HTTP_H

#include "controller/base/buf.h"
#include "controller/estate/model/internal.h"

enum { DR_HTTP_BODY_MAX = 64 << 20 };

#define DR_HTTP_JSON      "application/json; charset=utf-8"
#define DR_HTTP_TEXT      "text/plain; charset=utf-8"
#define DR_HTTP_NOT_FOUND "404 page not found"

/* One exchange while a server works on it. */
struct dr_http_in {
    struct dr_model *m;
    const struct dr_model_process *server;
    const struct dr_model_request *req;
    const char *path;  /* as sent, without the query */
    const char *query; /* NULL: none */
    struct dr_http_answer *out;
    struct dr_arena *a; /* lives as long as the answer */
    /* Set by the handler to answer later: */
    uint64_t audit;                                   /* its entry there */
    int64_t delay_ms;                                 /* so long from now */
    const struct dr_model_process *wait_for;          /* hung: try again when it is not */
    bool (*settle)(struct dr_http_in *in, void *arg); /* asked again until it is true */
    void *settle_arg;
};

/* Sets the answer: status, type, and a copy of the buffer's bytes, which is released. */
void dr_http_reply(struct dr_http_in *in, int status, const char *type,
                   struct dr_buf *body);
void dr_http_text(struct dr_http_in *in, int status, const char *type, const char *body);
void dr_http_empty(struct dr_http_in *in, int status); /* no body, no content type */

/* Decoded value of a query parameter; NULL: absent. */
const char *dr_http_param(const struct dr_http_in *in, const char *name);
/* A header of the request, NULL: absent. */
const char *dr_http_header(const struct dr_http_in *in, const char *name);

/* Matches `path` against a pattern whose "{}" stand for one segment each; the (decoded)
 * segments go to args (at most max). */
bool dr_http_match(struct dr_arena *a, const char *pattern, const char *path,
                   const char **args, size_t max);

/* The servers. */
void dr_pd_serve(struct dr_http_in *in);
void dr_cdc_serve(struct dr_http_in *in);
void dr_s3_serve(struct dr_http_in *in);
/* A fault's error answer in the server's own words. message: NULL for its usual one. */
void dr_pd_fault(struct dr_http_in *in, int status, const char *message);
void dr_cdc_fault(struct dr_http_in *in, int status, const char *message);
void dr_s3_fault(struct dr_http_in *in, int status, const char *message);

/* The process at an address; NULL: none of that kind. Called after `up` or `hung` was
 * changed. */
struct dr_model_process *dr_pd_process(struct dr_model *m, const struct dr_address *at);
struct dr_model_process *dr_cdc_process(struct dr_model *m, const struct dr_address *at);
struct dr_model_process *dr_store_process(struct dr_model *m,
                                          const struct dr_address *at);
/* Writes the redo meta files that are due but not written yet: to be called before
 * anybody looks into the storage. */
void dr_cdc_flush_redo(struct dr_model *m);
void dr_pd_process_changed(struct dr_model *m, struct dr_model_process *p);
void dr_cdc_process_changed(struct dr_model *m, struct dr_model_process *p);

#endif
