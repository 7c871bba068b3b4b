/* What a changefeed of drover's is made of: the whole replica_config, because TiCDC fills
 * what is absent with defaults that differ by version, and ignores names it does not
 * know. Source: tiflow: cdc/api/v2/model.go, pkg/config/replica_config.go. */
#include <string.h>

#include "controller/base/json.h"
#include "controller/estate/wire/cdc.h"
#include "controller/estate/wire/uri.h"

enum { NS_PER_MS = 1000000, MIB = 1 << 20 };

/* The rows of a path that is being proven are never carried, so a probe feed can write
 * none back. */
#define PROBE_RULE "!drover_probe.*"

static void decref(void *v)
{
    json_decref(v);
}

/* Deep: objects are merged, everything else is replaced. */
static void merge(json_t *into, const json_t *from)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)from, key, value)
    {
        json_t *there = json_object_get(into, key);
        if (json_is_object(there) && json_is_object(value))
            merge(there, value);
        else
            json_object_set_new(into, key, json_deep_copy(value));
    }
}

static int merge_text(json_t *into, const char *text, struct dr_arena *a,
                      struct dr_err *err)
{
    json_t *v;
    if (!text)
        return 0;
    int rc = dr_json_parse_in(a, &v, text, strlen(text), err);
    if (rc == 0)
        merge(into, v);
    return rc ? dr_wrap(err, "replication.config") : 0;
}

static json_t *child(json_t *config, const char *key)
{
    json_t *o = json_object_get(config, key);
    if (!json_is_object(o)) {
        o = json_object();
        json_object_set_new(config, key, o);
    }
    return o;
}

static void add_redo(json_t *config, const struct dr_access *access,
                     const struct dr_feed_args *args, bool keys)
{
    const struct dr_redo *redo = &access->topology->replication.redo;
    json_t *consistent = child(config, "consistent");
    if (!redo->declared || redo->level != DR_REDO_EVENTUAL || !args->redo ||
        !*args->redo) {
        json_object_set_new(consistent, "level", json_string("none"));
        return;
    }
    struct dr_buf uri;
    dr_buf_init(&uri, 64 << 10);
    dr_storage_uri_add(&uri, &access->redo, args->redo, DR_READER_TICDC, keys);
    json_object_set_new(consistent, "level", json_string("eventual"));
    json_object_set_new(consistent, "storage", json_string(dr_buf_str(&uri)));
    if (redo->max_log_size_bytes)
        json_object_set_new(consistent, "max_log_size",
                            json_integer((json_int_t)(redo->max_log_size_bytes / MIB)));
    if (redo->flush_interval_ms)
        json_object_set_new(consistent, "flush_interval",
                            json_integer(redo->flush_interval_ms));
    if (uri.data)
        explicit_bzero(uri.data, uri.len);
    dr_buf_release(&uri);
}

/* probe: leave the rows of a path that is being proven out. */
static void add_filter(json_t *config, bool probe)
{
    json_t *filter = child(config, "filter"), *rules = json_object_get(filter, "rules");
    size_t i;
    json_t *rule;
    if (!json_is_array(rules) || !json_array_size(rules)) {
        rules = json_array();
        json_array_append_new(rules, json_string("*.*"));
        json_object_set_new(filter, "rules", rules);
    }
    if (!probe)
        return;
    json_array_foreach(rules, i, rule)
    {
        if (json_is_string(rule) && strcmp(json_string_value(rule), PROBE_RULE) == 0)
            json_array_remove(rules, i--);
    }
    json_array_append_new(rules, json_string(PROBE_RULE)); /* last: later rules win */
}

/* What the typed part of the language owns stands over `config`. */
static void add_typed(json_t *config, const struct dr_access *access,
                      const struct dr_feed_args *args, bool keys)
{
    const struct dr_topology *t = access->topology;
    const struct dr_sync_point *sp = &t->replication.sync_point;
    json_object_set_new(config, "bdr_mode",
                        json_boolean(t->mode == DR_MODE_BIDIRECTIONAL));
    json_object_set_new(config, "enable_sync_point", json_boolean(sp->declared));
    if (sp->declared) {
        json_object_set_new(config, "sync_point_interval",
                            json_integer(sp->interval_ms * NS_PER_MS));
        json_object_set_new(config, "sync_point_retention",
                            json_integer(sp->retention_ms * NS_PER_MS));
    }
    add_redo(config, access, args, keys);
    add_filter(config, args->generation > 0); /* an adopted feed is its makers' */
}

int dr_feed_config(json_t **out, const struct dr_access *access, size_t from,
                   const struct dr_feed_args *args, bool keys, struct dr_arena *a,
                   struct dr_err *err)
{
    const struct dr_topology *t = access->topology;
    const struct dr_edge_spec *edge =
        dr_topology_edge(t, t->clusters[from].name, t->clusters[args->to].name);
    json_t *config =
        json_pack("{s:b, s:b, s:b, s:b}", "case_sensitive", 0, "force_replicate", 0,
                  "ignore_ineligible_table", t->replication.allow_unreplicated_count > 0,
                  "check_gc_safe_point", 1);
    dr_arena_defer(a, decref, config);
    int rc = merge_text(config, t->replication.config.json, a, err);
    if (!rc && edge)
        rc = merge_text(config, edge->config.json, a, err);
    if (rc)
        return rc;
    add_typed(config, access, args, keys);
    *out = config;
    return 0;
}

void dr_feed_sink_uri(struct dr_buf *out, const struct dr_access *access,
                      const struct dr_feed_args *args, const struct dr_secret *password)
{
    const struct dr_sink_account *sink = &access->topology->replication.sink;
    const struct dr_hostport *to = &access->topology->clusters[args->to].sink_address;
    dr_buf_adds(out, "mysql://");
    dr_uri_encode(out, sink->user, strlen(sink->user), "");
    if (password) {
        dr_buf_addc(out, ':');
        dr_uri_encode(out, password->bytes, password->len, "");
    }
    dr_buf_addf(out, strchr(to->host, ':') ? "@[%s]:%u/" : "@%s:%u/", to->host, to->port);
    for (size_t i = 0; i < sink->param_count; i++) {
        dr_buf_addc(out, i ? '&' : '?');
        dr_uri_encode(out, sink->params[i].key, strlen(sink->params[i].key), "");
        dr_buf_addc(out, '=');
        dr_uri_encode(out, sink->params[i].value, strlen(sink->params[i].value), "");
    }
}
