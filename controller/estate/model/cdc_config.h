/* replica_config of a changefeed: one table describes every field by its API name; the
 * server's defaults, the overlay of a create, the zero-fill of an update, validation and
 * what GET shows all follow from it. Classic TiCDC.
 * Source: tiflow: cdc/api/v2/model.go, pkg/config/replica_config.go, sink.go,
 * consistent.go, cdc/model/changefeed.go.
 *
 * A config is a JSON object with API names. A plain field that is absent has Go's zero
 * value, a pointer field that is absent is nil. */
#ifndef DR_MODEL_CDC_CONFIG_H
#define DR_MODEL_CDC_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "controller/base/buf.h"
#include "controller/estate/model/gojson.h"
#include "controller/estate/model/uri.h"

/* The server's defaults. New reference. */
json_t *dr_cdc_config_default(void);

/* Lays `sent` over `config` as Go's JSON decoder does: deeply, key case ignored, unknown
 * keys ignored, arrays replaced. False: a value has the wrong type, *why says so. */
bool dr_cdc_config_overlay(json_t *config, const json_t *sent, struct dr_buf *why);

/* Takes out what only the new architecture knows: to a classic server these are unknown
 * keys. */
void dr_cdc_config_classic(json_t *config);

/* What an update makes of the object that was sent over nothing: sub-objects and
 * durations that were not sent get their defaults, all else stays at zero. */
void dr_cdc_config_fill_update(json_t *config);

/* Why ValidateAndAdjust refuses; code NULL: fine, and what it adjusts is adjusted. */
struct dr_cdc_refusal {
    const char *code; /* "CDC:ErrInvalidReplicaConfig" */
    int status;
    const char *text; /* behind "[code]" */
};
bool dr_cdc_config_adjust(struct dr_arena *a, json_t *config, const struct dr_uri *sink,
                          struct dr_cdc_refusal *out);

/* The config as GET shows it: VerifyAndComplete and RmUnusedFields. New reference. */
json_t *dr_cdc_config_normal(const json_t *config, const struct dr_uri *sink);

/* Writes it with the server's member order and omissions. */
void dr_cdc_config_write(struct dr_gojson *w, const char *key, const json_t *config);

/* Values by path ("consistent.level"); zero when absent. */
bool dr_cdc_config_bool(const json_t *config, const char *path);
int64_t dr_cdc_config_int(const json_t *config, const char *path);
const char *dr_cdc_config_str(const json_t *config, const char *path); /* never NULL */
const json_t *dr_cdc_config_get(const json_t *config, const char *path);

/* mysql, mysql+ssl, tidb, tidb+ssl. */
bool dr_cdc_is_mysql(const struct dr_uri *sink);

#endif
