/* What TiCDC's new architecture (server config newarch: true) does otherwise than
 * classic, as far as the shared files have to ask. Sources are of
 * github.com/pingcap/ticdc, written "ticdc: path". Versions: v8.5.4 is the first that has
 * it; from 9.0 on (and 26.x) it answers as that repository's master. */
#ifndef DR_MODEL_CDC_NEW_H
#define DR_MODEL_CDC_NEW_H

#include "controller/estate/model/cdc.h"
#include "controller/estate/model/gojson.h"

bool cdc_is_new(const struct cdc *c);
bool cdc_is_master(const struct cdc *c); /* of the new architecture */

/* replica_config as a create, and as an update, is laid over. New reference. */
json_t *cdc_new_defaults(const struct cdc *c);
json_t *cdc_new_update_base(const struct cdc *c);
/* "" becomes "none" while redo is on. */
void cdc_new_adjust(json_t *config);

/* 128 random bits as two little-endian halves, in most feeds too big for an int64. */
void cdc_new_gid(struct dr_model *m, uint64_t gid[2]);
void cdc_new_write_gid(struct dr_gojson *w, const struct cdc_feed *f);

/* How the feed is called in tables of schema tidb_cdc. */
const char *cdc_table_name(struct dr_arena *a, const struct cdc_feed *f);
/* Statements around a DDL that note its timestamp downstream. */
const char *cdc_new_ddl_table(void);
const char *cdc_new_ddl_row(struct dr_arena *a, const struct cdc_feed *f,
                            int64_t table_id, uint64_t commit);

#endif
