/* A changefeed as TiCDC shows it against what drover would make. Whole objects are never
 * compared: which fields exist, and which of them are shown, differs by version. */
#include <string.h>
#include <strings.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/table_filter.h"
#include "controller/estate/wire/cdc.h"
#include "controller/estate/wire/uri.h"
#include "spec/changefeed.h"

/* An import takes the values as they are: a filter names hundreds of tables. */
enum { MYSQL_PORT = 4000, VALUE_MAX = 64 << 10, FIELD_MAX = 256 };

/* What an absent or null field means. Source: tiflow: pkg/config/replica_config.go,
 * sink.go, consistent.go. */
static const struct {
    const char *path, *json;
} defaults[] = {
    // clang-format off
    {"memory_quota", "1073741824"},
    {"case_sensitive", "false"},
    {"force_replicate", "false"},
    {"ignore_ineligible_table", "false"},
    {"check_gc_safe_point", "true"},
    {"enable_sync_point", "false"},
    {"enable_table_monitor", "false"},
    {"bdr_mode", "false"},
    {"sync_point_interval", "600000000000"},
    {"sync_point_retention", "86400000000000"},
    {"changefeed_error_stuck_duration", "1800000000000"},
    {"active_active_progress_interval", "1800000000000"},
    {"active_active_sync_stats_interval", "60000000000"},
    {"filter.rules", "[\"*.*\"]"},
    {"mounter.worker_num", "16"},
    {"sink.transaction_atomicity", "\"none\""},
    {"sink.advance_timeout", "150"},
    {"sink.send_bootstrap_interval_in_sec", "120"},
    {"sink.send_bootstrap_in_msg_count", "10000"},
    {"sink.send_bootstrap_to_all_partition", "true"},
    {"consistent.level", "\"none\""},
    {"consistent.max_log_size", "64"},
    {"consistent.flush_interval", "2000"},
    {"consistent.meta_flush_interval", "200"},
    {"consistent.encoding_worker_num", "16"},
    {"consistent.flush_worker_num", "8"},
    {"consistent.compression", "\"none\""},
    {"consistent.memory_usage.memory_quota_percentage", "50"},
    {"scheduler.region_threshold", "100000"},
    {"integrity.integrity_check_level", "\"none\""},
    {"integrity.corruption_handle_level", "\"warn\""},
    {"synced_status.synced_check_interval", "300"},
    {"synced_status.checkpoint_interval", "15"},
    // clang-format on
};

/* Read as numbers of nanoseconds or as Go durations, shown as numbers. */
static const char *const durations[] = {
    "sync_point_interval", "sync_point_retention", "changefeed_error_stuck_duration",
    "active_active_progress_interval", "active_active_sync_stats_interval"};

struct compare {
    struct dr_feed_detail *out;
    const struct dr_access *access;
    struct dr_arena *a;
    bool new_arch;
    size_t room, extra_room;
};

/* As JSON: the default of a row of the table above. */
static const char *default_of(size_t row, bool new_arch)
{
    const struct dr_setting *s = dr_setting_of_api(defaults[row].path);
    return new_arch && s && s->fallback_new ? s->fallback_new : defaults[row].json;
}

static void differ(struct compare *c, const char *field, const char *desired,
                   const char *observed)
{
    struct dr_feed_detail *d = c->out;
    struct dr_difference *one =
        DR_PUSH(c->a, d->differences, d->difference_count, c->room);
    one->field = dr_strdup(c->a, field);
    one->desired = dr_access_redact(c->access, c->a, desired, strlen(desired), VALUE_MAX);
    one->observed =
        dr_access_redact(c->access, c->a, observed, strlen(observed), VALUE_MAX);
}

/* ---- values ---- */

static bool is_duration(const char *path)
{
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++)
        if (strcmp(path, durations[i]) == 0)
            return true;
    return false;
}

/* The value that is meant: null, "" and absent are the default, durations are numbers.
 * NULL: nothing is known of it. Borrowed, or of the arena. */
static const json_t *meant(struct compare *c, const char *path, const json_t *v)
{
    int64_t ns;
    json_t *made = NULL;
    if (json_is_string(v) && is_duration(path) &&
        dr_parse_go_duration(json_string_value(v), json_string_length(v), &ns)) {
        char text[32];
        snprintf(text, sizeof(text), "%lld", (long long)ns);
        return dr_json_parse_in(c->a, &made, text, strlen(text), NULL) == 0 ? made : v;
    }
    if (v && !json_is_null(v) && !(json_is_string(v) && !json_string_length(v)))
        return v;
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        if (strcmp(path, defaults[i].path) == 0) {
            const char *text = default_of(i, c->new_arch);
            return dr_json_parse_in(c->a, &made, text, strlen(text), NULL) == 0 ? made
                                                                                : NULL;
        }
    return NULL;
}

/* Without a known default, absent is as good as false, 0 and empty. */
static bool is_nothing(const json_t *v)
{
    return !v || json_is_false(v) || (json_is_integer(v) && !json_integer_value(v)) ||
           (json_is_array(v) && !json_array_size(v)) ||
           (json_is_object(v) && !json_object_size(v));
}

static const char *shown(struct compare *c, const json_t *v)
{
    return v ? dr_json_text(c->a, v) : "absent";
}

/* ---- URIs ---- */

static const struct dr_wire_param *find_param(const struct dr_wire_uri *u,
                                              const struct dr_wire_param *p)
{
    for (size_t i = 0; i < u->param_count; i++)
        if (strcmp(u->params[i].name, p->name) == 0 &&
            strcmp(u->params[i].value, p->value) == 0)
            return &u->params[i];
    return NULL;
}

/* Parameters of x that y lacks; credentials aside. */
static void compare_params(struct compare *c, const char *field,
                           const struct dr_wire_uri *x, const struct dr_wire_uri *y,
                           bool x_desired)
{
    for (size_t i = 0; i < x->param_count; i++) {
        const struct dr_wire_param *p = &x->params[i];
        if (dr_storage_param_secret(p->name) || find_param(y, p))
            continue;
        const char *name = dr_sprintf(c->a, "%s?%s", field, p->name);
        if (x_desired)
            differ(c, name, p->value, "absent or another value");
        else
            differ(c, name, "absent or another value", p->value);
    }
}

static bool same_text(const char *x, const char *y)
{
    return strcmp(x ? x : "", y ? y : "") == 0;
}

static void compare_storage(struct compare *c, const char *path, const char *desired,
                            const char *observed)
{
    struct dr_wire_uri want, is;
    if (same_text(desired, observed))
        return;
    if (!dr_wire_uri_parse(c->a, &want, desired) || !observed ||
        !dr_wire_uri_parse(c->a, &is, observed)) {
        differ(c, path, desired, observed ? observed : "absent");
        return;
    }
    bool folders = dr_storage_is_folder(want.scheme) && dr_storage_is_folder(is.scheme);
    if ((!folders && !same_text(want.scheme, is.scheme)) ||
        !same_text(want.host, is.host) || !same_text(want.path, is.path))
        differ(c, path, desired, observed);
    compare_params(c, path, &want, &is, true);
    compare_params(c, path, &is, &want, false);
}

static const char *address_text(struct compare *c, const struct dr_wire_uri *u)
{
    unsigned port = u->port ? u->port : MYSQL_PORT;
    return dr_sprintf(c->a, strchr(u->host, ':') ? "[%s]:%u" : "%s:%u", u->host, port);
}

static void compare_sink(struct compare *c, const char *desired, const char *observed)
{
    struct dr_wire_uri want, is;
    if (!dr_wire_uri_parse(c->a, &want, desired) ||
        !dr_wire_uri_parse(c->a, &is, observed)) {
        differ(c, "sink_uri", desired, observed);
        return;
    }
    const char *want_at = address_text(c, &want), *is_at = address_text(c, &is);
    c->out->sink_scheme = is.scheme;
    c->out->sink_address = is_at;
    c->out->sink_user = is.user ? is.user : "root";
    if (!same_text(want.scheme, is.scheme))
        differ(c, "sink_uri.scheme", want.scheme, is.scheme);
    if (!same_text(want.user, c->out->sink_user))
        differ(c, "sink_uri.user", want.user, c->out->sink_user);
    if (strcasecmp(want_at, is_at) != 0)
        differ(c, "sink_uri.address", want_at, is_at);
    if (!same_text(want.path, is.path))
        differ(c, "sink_uri.path", want.path, is.path);
    compare_params(c, "sink_uri", &want, &is, true);
    compare_params(c, "sink_uri", &is, &want, false);
}

/* ---- the tree ---- */

static bool same_array(const json_t *want, const json_t *is);

/* Inside an array's objects: what the desired one has, null and "" being absent. */
static bool same_item(const json_t *want, const json_t *is)
{
    const char *key;
    json_t *value;
    if (json_is_array(want) && json_is_array(is))
        return same_array(want, is);
    if (!json_is_object(want) || !json_is_object(is))
        return json_equal(want, is);
    json_object_foreach((json_t *)want, key, value)
    {
        const json_t *there = json_object_get(is, key);
        bool both_nothing = is_nothing(value) && is_nothing(there);
        if (!both_nothing && !same_item(value, there))
            return false;
    }
    return true;
}

static bool same_array(const json_t *want, const json_t *is)
{
    bool same = json_array_size(want) == json_array_size(is);
    for (size_t i = 0; same && i < json_array_size(want); i++)
        same = same_item(json_array_get(want, i), json_array_get(is, i));
    return same;
}

static bool same_value(const json_t *want, const json_t *is)
{
    if (is_nothing(want) && is_nothing(is))
        return true;
    if (json_is_number(want) && json_is_number(is) &&
        !(json_is_integer(want) && json_is_integer(is)))
        return json_number_value(want) == json_number_value(is);
    return want && is && same_item(want, is);
}

static void compare_tree(struct compare *c, const char *prefix, const json_t *want,
                         const json_t *is)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)want, key, value)
    {
        char path[FIELD_MAX];
        const json_t *there = json_object_get(is, key);
        snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", key);
        if (json_is_object(value)) {
            compare_tree(c, path, value, there);
        } else if (strcmp(path, "consistent.storage") == 0) {
            compare_storage(c, path, json_string_value(value), json_string_value(there));
        } else {
            const json_t *w = meant(c, path, value), *o = meant(c, path, there);
            if (!same_value(w, o))
                differ(c, path, shown(c, value), shown(c, there));
        }
    }
}

/* ---- what the document does not say ---- */

/* The value at a path of names with dots between them; NULL: none. */
static const json_t *value_at(const json_t *v, const char *path)
{
    while (v) {
        char name[FIELD_MAX];
        size_t len = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        v = json_object_get(v, name);
        if (!path[len])
            return v;
        path += len + 1;
    }
    return NULL;
}

/* A path of replication.config as TiCDC's API spells it. */
static const char *api_path(struct compare *c, const struct dr_setting *s)
{
    if (s->api)
        return s->api;
    char *path = dr_strdup(c->a, s->path);
    for (char *p = path; *p; p++)
        *p = *p == '-' ? '_' : *p;
    return path;
}

/* Whether a value is what the row's default says in words: "5m", "0.8", "none". */
static bool is_said(struct compare *c, const struct dr_setting *s, const json_t *v)
{
    const char *text = c->new_arch && s->fallback_new ? s->fallback_new : s->fallback;
    int64_t ns;
    json_t *said;
    if (json_is_string(v))
        return strcmp(json_string_value(v), text) == 0;
    if (s->type == DR_S_DURATION && dr_parse_go_duration(text, strlen(text), &ns))
        return json_is_integer(v) && json_integer_value(v) == ns;
    return dr_json_parse_in(c->a, &said, text, strlen(text), NULL) == 0 &&
           same_value(said, v);
}

static bool is_default(struct compare *c, const struct dr_setting *s, const char *path,
                       const json_t *v)
{
    const json_t *usual = meant(c, path, NULL);
    const json_t *is = meant(c, path, v);
    if (is_nothing(is) || (usual && same_value(usual, is)))
        return true;
    return s->fallback && is_said(c, s, is);
}

/* Settings that a document may declare, are not declared, and are not TiCDC's default. */
static void find_extras(struct compare *c, const json_t *desired, const json_t *config)
{
    struct dr_feed_detail *d = c->out;
    size_t count;
    const struct dr_setting *all = dr_settings(&count);
    for (size_t i = 0; i < count; i++) {
        const struct dr_setting *s = &all[i];
        if (s->owner || s->idle || strchr(s->path, '['))
            continue;
        const char *path = api_path(c, s);
        const json_t *is = value_at(config, path);
        if (value_at(desired, path) || is_default(c, s, path, is))
            continue;
        const char *text = shown(c, is);
        *DR_PUSH(c->a, d->extras, d->extra_count, c->extra_room) = (struct dr_difference){
            .field = s->path,
            .desired = "not declared",
            .observed = dr_access_redact(c->access, c->a, text, strlen(text), VALUE_MAX)};
    }
}

/* Whether the feed's filter leaves drover's heartbeat out. */
static bool leaves_beat_out(struct compare *c, const json_t *config)
{
    const json_t *rules = json_object_get(json_object_get(config, "filter"), "rules");
    size_t n = json_array_size(rules);
    bool sensitive = json_is_true(json_object_get(config, "case_sensitive"));
    const char **texts = DR_NEW_N(c->a, n, const char *), *bad;
    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_array_get(rules, i));
        texts[i] = s ? s : "";
    }
    if (!n)
        return false; /* every table */
    struct dr_table_filter *f = dr_table_filter_new(c->a, texts, n, sensitive, &bad);
    return !f || !dr_table_filter_table(f, "drover", "heartbeat");
}

bool dr_feed_is_new(const json_t *info)
{
    return json_object_get(info, "keyspace") || json_object_get(info, "gid") ||
           json_object_get(info, "maintainer_addr");
}

void dr_feed_compare(struct dr_feed_detail *out, const struct dr_access *access,
                     const json_t *desired, const char *desired_sink, const json_t *info,
                     struct dr_arena *a)
{
    struct compare c = {
        .out = out, .access = access, .a = a, .new_arch = dr_feed_is_new(info)};
    const char *sink = dr_json_str(info, "sink_uri");
    const json_t *config = json_object_get(info, "config");
    uint64_t target = 0;
    compare_sink(&c, desired_sink, sink ? sink : "");
    compare_tree(&c, "", desired, config);
    find_extras(&c, desired, config);
    out->leaves_beat_out = leaves_beat_out(&c, config);
    if (dr_json_u64(info, "target_ts", &target) && target)
        differ(&c, "target_ts", "absent", "set");
}

/* ---- what an update must spell out ---- */

/* The object that the path's last name is a member of; NULL: it is not there. */
static json_t *object_of(json_t *config, const char *path, const char **last)
{
    for (*last = path; config && strchr(*last, '.'); *last += strcspn(*last, ".") + 1) {
        char name[FIELD_MAX];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(*last, "."), *last);
        config = json_object_get(config, name);
    }
    return json_is_object(config) ? config : NULL;
}

void dr_feed_fill(json_t *config, bool new_arch, struct dr_arena *a)
{
    json_t *redo = json_object_get(config, "consistent");
    if (redo && !json_object_get(redo, "memory_usage"))
        json_object_set_new(redo, "memory_usage", json_object());
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        const char *last, *text = default_of(i, new_arch);
        json_t *value, *object = object_of(config, defaults[i].path, &last);
        /* at the top what is absent is the default by itself */
        if (object && object != config && !json_object_get(object, last) &&
            dr_json_parse_in(a, &value, text, strlen(text), NULL) == 0)
            json_object_set(object, last, value);
    }
}
