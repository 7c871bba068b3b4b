/* Every setting of a TiCDC changefeed and every parameter of its sink URI, spelled as in
 * changefeed.toml: name, type, range, versions, and who owns it. What a typed field of
 * the language decides is refused here and names that field; what a TiDB sink ignores is
 * told. Sources: tiflow: pkg/config/replica_config.go, cdc/api/v2/model.go,
 * pkg/sink/mysql/ config.go; ticdc: pkg/config, api/v2/model.go; docs:
 * ticdc-changefeed-config.md, ticdc-sink-to-mysql.md. */
#ifndef DR_SPEC_CHANGEFEED_H
#define DR_SPEC_CHANGEFEED_H

#include "spec/field.h"

enum dr_setting_type {
    DR_S_BOOL,
    DR_S_UINT,
    DR_S_RATIO,       /* a number with a point */
    DR_S_DURATION,    /* "10m": an integer of nanoseconds for the API */
    DR_S_GO_DURATION, /* "2m": text for the API too */
    DR_S_STRING,
    DR_S_WORD,
    DR_S_STRINGS,
    DR_S_UINTS,
    DR_S_OBJECTS, /* a list of mappings; their rows follow with path[].key */
    DR_S_COUNT
};

struct dr_setting {
    const char *path; /* "sink.mysql-config.worker-count"; a parameter: its name */
    enum dr_setting_type type;
    uint64_t min, max;         /* DURATION: ns; both 0: no bounds */
    const char *const *words;  /* WORD: ends with NULL */
    const char *api;           /* API path where it is not the path with underscores */
    const char *since, *until; /* TiCDC versions: from, and before; NULL: every one */
    const char *owner;         /* the typed field that decides it; NULL: free */
    bool idle;                 /* a TiDB sink ignores or drops it */
    const char *fallback;      /* TiCDC's default, in words */
    const char *fallback_new;  /* .. of the new architecture, where it is another */
    const char *help;
};

/* All rows; paths of one mapping stand together. */
const struct dr_setting *dr_settings(size_t *count);
const struct dr_setting *dr_sink_params(size_t *count);

/* The row of a path; NULL: none. */
const struct dr_setting *dr_setting_find(const char *path);
/* The row that a field of TiCDC's API ("mounter.worker_num") belongs to; NULL: none. */
const struct dr_setting *dr_setting_of_api(const char *field);

const char *dr_setting_type_text(enum dr_setting_type type);

/* Decoders of the two field types; what is wrong is reported. */
void dr_settings_decode(struct dr_decode *d, const struct dr_node *n,
                        const struct dr_place *p, struct dr_changefeed_config *out);
void dr_params_decode(struct dr_decode *d, const struct dr_node *n,
                      const struct dr_place *p, const struct dr_sink_param **out,
                      size_t *count);

#endif
