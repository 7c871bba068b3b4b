/* The new architecture's own pieces: defaults, gids, its table downstream. */
#include "controller/estate/model/cdc_new.h"

#include <inttypes.h>
#include <string.h>

bool cdc_is_new(const struct cdc *c)
{
    return c->doc->arch == DR_TICDC_NEW;
}

bool cdc_is_master(const struct cdc *c)
{
    return cdc_is_new(c) && cdc_version_at_least(c, 9, 0, 0);
}

/* ---- replica_config: ticdc: pkg/config/replica_config.go, api/v2/model.go ---- */

/* Master spells two keys of the sink otherwise. */
static void rename_keys(const struct cdc *c, json_t *config)
{
    static const char *const names[][2] = {
        {"advance_timeout", "advance_timeout_in_sec"},
        {"send-all-bootstrap-at-start", "send_all_bootstrap_at_start"}};
    json_t *sink = json_object_get(config, "sink");
    for (size_t i = 0; cdc_is_master(c) && i < 2; i++) {
        json_object_set(sink, names[i][1], json_object_get(sink, names[i][0]));
        json_object_del(sink, names[i][0]);
    }
}

json_t *cdc_new_defaults(const struct cdc *c)
{
    json_t *config = dr_cdc_config_default();
    json_t *scheduler = json_object_get(config, "scheduler");
    json_t *own = json_pack(
        "{s:i, s:i, s:I, s:i, s:b, s:b, s:i, s:f, s:f}", "region_threshold", 10000,
        "region_count_per_span", 100, "region_count_refresh_interval",
        (json_int_t)300000000000, "scheduling_task_count_per_node", 20,
        "enable_splittable_check", 0, "force_split", 0, "balance_score_threshold", 20,
        "min_traffic_percentage", 0.8, "max_traffic_percentage", 1.25);
    json_object_update(scheduler, own);
    json_decref(own);
    rename_keys(c, config);
    return config;
}

/* An update starts from the defaults, not from what the feed had; only these two are nil
 * when they are left out. That this goes for the keys of sink, mounter and filter as for
 * those of consistent and scheduler is [inference]. */
json_t *cdc_new_update_base(const struct cdc *c)
{
    json_t *config = cdc_new_defaults(c);
    json_object_del(config, "enable_sync_point");
    json_object_del(config, "enable_table_monitor");
    return config;
}

void cdc_new_adjust(json_t *config)
{
    json_t *consistent = json_object_get(config, "consistent");
    if (strcmp(dr_cdc_config_str(consistent, "level"), "eventual") == 0 &&
        !*dr_cdc_config_str(consistent, "compression"))
        json_object_set_new(consistent, "compression", json_string("none"));
}

/* ---- gid: ticdc: pkg/common/types.go GID, NewGID ---- */

void cdc_new_gid(struct dr_model *m, uint64_t gid[2])
{
    /* of a random UUID (version 4), whose fixed bits lie in these places when its bytes
     * are read as two little-endian numbers */
    gid[0] = (dr_prng_next(&m->prng) & ~(UINT64_C(0xf0) << 48)) | UINT64_C(0x40) << 48;
    gid[1] = (dr_prng_next(&m->prng) & ~UINT64_C(0xc0)) | 0x80;
}

void cdc_new_write_gid(struct dr_gojson *w, const struct cdc_feed *f)
{
    dr_gojson_object(w, "gid");
    dr_gojson_u64(w, "low", f->gid[0]);
    dr_gojson_u64(w, "high", f->gid[1]);
    dr_gojson_end(w);
}

/* ---- downstream: ticdc: pkg/sink/mysql ---- */

const char *cdc_table_name(struct dr_arena *a, const struct cdc_feed *f)
{
    return cdc_is_new(f->cdc) ? dr_sprintf(a, "default/%s", f->id) : f->id;
}

/* The columns beside the key are [inference]. */
const char *cdc_new_ddl_table(void)
{
    return "CREATE TABLE IF NOT EXISTS tidb_cdc.ddl_ts_v1 (ticdc_cluster_id "
           "varchar(255), "
           "changefeed varchar(255), ddl_ts varchar(18), table_id bigint(21), finished "
           "bool, created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY "
           "(ticdc_cluster_id, changefeed, table_id))";
}

const char *cdc_new_ddl_row(struct dr_arena *a, const struct cdc_feed *f,
                            int64_t table_id, uint64_t commit)
{
    const char *cluster = f->cdc->doc->cluster_id ? f->cdc->doc->cluster_id : "default";
    return dr_sprintf(a,
                      "REPLACE INTO tidb_cdc.ddl_ts_v1 (ticdc_cluster_id, changefeed, "
                      "ddl_ts, table_id, finished) VALUES ('%s', '%s', '%" PRIu64
                      "', %" PRId64 ", 1)",
                      cluster, cdc_table_name(a, f), commit, table_id);
}
