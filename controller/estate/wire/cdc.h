/* TiCDC's open API v2: classes of its errors, and what a feed of drover's is made of. */
#ifndef DR_WIRE_CDC_H
#define DR_WIRE_CDC_H

#include <jansson.h>

#include "controller/estate/wire/script.h"

enum dr_cdc_kind {
    DR_CDC_OTHER,
    DR_CDC_NOT_EXIST,
    DR_CDC_EXISTS,     /* somebody's create got there first, maybe our own */
    DR_CDC_SAME,       /* an update that changes nothing */
    DR_CDC_STATE,      /* refused in this state; another moment may do */
    DR_CDC_GC_LOST,    /* the history is gone: rebuild */
    DR_CDC_SPEC,       /* what we asked for is wrong */
    DR_CDC_DOWNSTREAM, /* its downstream or storage does not answer */
    DR_CDC_AUTH,
    DR_CDC_UNFINISHED, /* taken, not done yet */
    DR_CDC_RETRY,      /* no owner at the moment, and the like */
};

struct dr_cdc_class {
    const char *word; /* part of the code or the text */
    enum dr_cdc_kind kind;
    enum dr_code code;
    bool no_effect; /* a 5xx with these words changed nothing */
};

struct dr_cdc_verdict {
    const struct dr_cdc_class *class;
    const char *code, *message; /* redacted */
};
struct dr_cdc_verdict dr_cdc_classify(struct dr_script *s,
                                      const struct dr_http_answer *h);

/* The body as JSON of the script's arena. NULL: it is none, the script has failed. */
json_t *dr_script_json(struct dr_script *s, const struct dr_answer *a);

/* ---- cdc_config.c: what a feed is made of ---- */

/* The replica_config that drover asks for, every pinned default spelled out. Out: of the
 * arena. keys: redo storage with its access keys, else without. */
int dr_feed_config(json_t **out, const struct dr_access *access, size_t from,
                   const struct dr_feed_args *args, bool keys, struct dr_arena *a,
                   struct dr_err *err) DR_MUST_CHECK;
/* The sink's URI. password NULL: without, as TiCDC shows nothing else. Appends. */
void dr_feed_sink_uri(struct dr_buf *out, const struct dr_access *access,
                      const struct dr_feed_args *args, const struct dr_secret *password);

/* ---- cdc_compare.c ---- */

/* What GET shows (a ChangeFeedInfo) against what drover would make: only what is declared
 * or pinned, absent, null and default being equal. Fills the differences of `out`, and
 * its extras: what is set on the feed, and neither declared nor TiCDC's default. Source:
 * tiflow: cdc/model/changefeed.go RmUnusedFields, VerifyAndComplete. */
void dr_feed_compare(struct dr_feed_detail *out, const struct dr_access *access,
                     const json_t *desired, const char *desired_sink, const json_t *info,
                     struct dr_arena *a);

/* For an update: in the objects that `config` has, what it leaves out becomes Go's zero,
 * not the default. Spells the defaults out. Source: tiflow: cdc/api/v2/model.go
 * ToInternalReplicaConfig. */
void dr_feed_fill(json_t *config, bool new_arch, struct dr_arena *a);

/* Whether a ChangeFeedInfo is of TiCDC's new architecture. Source: ticdc: api/v2/model.go
 * ChangeFeedInfo. */
bool dr_feed_is_new(const json_t *info);

#endif
