/* What TiCDC verifies before it takes a changefeed: config, redo storage, tables, sink,
 * cluster identity, imports; in the order of tiflow: cdc/api/v2/api_helpers.go
 * verifyCreateChangefeedConfig and cdc/sink/validator. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/estate/model/cdc_api.h"
#include "controller/estate/model/cdc_new.h"

static void refuse(struct cdc_verdict *out, const char *code, const char *fmt, ...)
    DR_PRINTF(3, 4);
static void refuse(struct cdc_verdict *out, const char *code, const char *fmt, ...)
{
    va_list ap;

    out->refused = true;
    snprintf(out->code, sizeof(out->code), "%s", code);
    va_start(ap, fmt);
    vsnprintf(out->text, sizeof(out->text), fmt, ap);
    va_end(ap);
}

struct selection {
    const struct cdc_filter *filter;
    void (*fn)(void *arg, const struct dr_table_def *t, bool eligible);
    void *arg;
};

static void select_table(void *arg, const struct dr_table_def *t)
{
    const struct selection *s = arg;
    if (!t->sequence && cdc_filter_table(s->filter, t->schema, t->name))
        s->fn(s->arg, t, t->view || dr_table_eligible(t));
}

bool cdc_each_table(struct cdc *c, struct dr_arena *a, const json_t *config, uint64_t tso,
                    void (*fn)(void *arg, const struct dr_table_def *t, bool eligible),
                    void *arg, struct cdc_verdict *out)
{
    const char *bad = NULL;
    struct selection s = {cdc_filter_new(a, config, &bad), fn, arg};

    if (!s.filter) {
        refuse(out, "CDC:ErrFilterRuleInvalid", "filter rule is invalid [%s]", bad);
        return false;
    }
    cdc_each_definition(c->cluster, tso, select_table, &s);
    return true;
}

struct ineligible {
    struct dr_buf text;
    size_t count;
};

static void note_ineligible(void *arg, const struct dr_table_def *t, bool eligible)
{
    struct ineligible *list = arg;
    if (!eligible)
        dr_buf_addf(&list->text, "%s%s.%s", list->count++ ? " " : "", t->schema, t->name);
}

static bool tables_fine(struct cdc *c, struct dr_arena *a, const json_t *config,
                        uint64_t tso, struct cdc_verdict *out)
{
    struct ineligible list = {.count = 0};
    bool ok;

    dr_buf_init(&list.text, CDC_MESSAGE_MAX / 2);
    ok = cdc_each_table(c, a, config, tso, note_ineligible, &list, out);
    if (ok && list.count && !dr_cdc_config_bool(config, "force_replicate") &&
        !dr_cdc_config_bool(config, "ignore_ineligible_table")) {
        refuse(out, "CDC:ErrTableIneligible",
               "some tables are not eligible to replicate([%s]), if you want to ignore "
               "these tables, please set ignore_ineligible_table to true",
               dr_buf_str(&list.text));
        ok = false;
    }
    dr_buf_release(&list.text);
    return ok;
}

/* Source: tiflow: pkg/sink/mysql/config.go. */
static bool params_fine(struct dr_arena *a, const struct cdc_sink *sink,
                        struct cdc_verdict *out)
{
    static const char *const positive[] = {"worker-count", "max-txn-row",
                                           "max-multi-update-row",
                                           "max-multi-update-row-size"};
    static const char *const durations[] = {"read-timeout", "write-timeout", "timeout"};
    static const char *const booleans[] = {"safe-mode", "batch-dml-enable",
                                           "multi-stmt-enable", "cache-prep-stmts"};
    const char *v;
    uint64_t n;
    int64_t ns;

    for (size_t i = 0; i < sizeof(positive) / sizeof(positive[0]); i++) {
        v = dr_uri_param(a, &sink->uri, positive[i]);
        if (v && *v && (!dr_parse_u64(v, strlen(v), &n) || !n)) {
            refuse(out, "CDC:ErrMySQLInvalidConfig",
                   "MySQL config invalid: invalid %s %s, which must be greater than 0",
                   positive[i], v);
            return false;
        }
    }
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        v = dr_uri_param(a, &sink->uri, durations[i]);
        if (v && *v && !dr_parse_go_duration(v, strlen(v), &ns)) {
            refuse(out, "CDC:ErrMySQLInvalidConfig",
                   "MySQL config invalid: time: invalid duration \"%s\"", v);
            return false;
        }
    }
    for (size_t i = 0; i < sizeof(booleans) / sizeof(booleans[0]); i++) {
        v = dr_uri_param(a, &sink->uri, booleans[i]);
        if (v && *v && strcmp(v, "true") && strcmp(v, "false") && strcmp(v, "1") &&
            strcmp(v, "0")) {
            refuse(out, "CDC:ErrMySQLInvalidConfig",
                   "MySQL config invalid: strconv.ParseBool: parsing \"%s\": invalid "
                   "syntax",
                   v);
            return false;
        }
    }
    return true;
}

static bool bdr_fine(struct cdc *c, struct dr_model_session *s, const char *masked,
                     struct cdc_verdict *out)
{
    static const char mark[] = "SET SESSION tidb_cdc_write_source = 1";
    struct dr_arena *a = dr_arena_new(0);
    struct dr_sql_answer ans = {0};
    bool ok = s && dr_model_sql_query(s, mark, strlen(mark), &ans, a) == DR_MODEL_DONE &&
              !ans.error && dr_model_sql_alive(s);

    (void)c;
    dr_arena_free(a);
    if (!ok) /* said of an unreachable one, too: any error counts as "not TiDB" */
        refuse(out, "CDC:ErrSinkURIInvalid",
               "sink uri invalid 'downstream database does not support BDR mode, please "
               "check your config, sink uri: %s'",
               masked);
    return ok;
}

static bool other_cluster(struct cdc *c, const struct cdc_sink *sink,
                          struct cdc_verdict *out)
{
    const struct dr_model_instance *i = dr_model_instance(c->model, &sink->at);

    bool looks = cdc_version_at_least(c, 9, 0, 0) ||
                 (cdc_is_new(c) && cdc_version_at_least(c, 8, 5, 6));
    if (!looks || !i || i->cluster != c->cluster)
        return true; /* no classic release of 6.5 to 8.5 looks */
    refuse(out, "CDC:ErrSameUpstreamDownstream",
           "TiCDC does not support creating a changefeed with the same TiDB cluster as "
           "both the source and the target for the changefeed.");
    return false;
}

static bool connection_fine(struct cdc *c, struct dr_arena *a,
                            const struct cdc_sink *sink, const char *masked, bool bdr,
                            struct cdc_verdict *out)
{
    struct dr_model_session *s = NULL;
    struct dr_buf why;
    bool ok;

    dr_buf_init(&why, CDC_MESSAGE_MAX);
    ok = !cdc_sink_connect(c, a, sink, &s, &why);
    if (bdr)
        ok = bdr_fine(c, s, masked, out);
    else if (!ok)
        refuse(out, "CDC:ErrMySQLConnectionError", "MySQL connection error: %s",
               dr_buf_str(&why));
    if (s)
        dr_model_sql_close(s);
    dr_buf_release(&why);
    return ok;
}

static bool sink_fine(struct cdc *c, struct dr_arena *a, const struct cdc_draft *d,
                      const struct cdc_sink *sink, struct cdc_verdict *out)
{
    const char *masked = dr_uri_masked(a, d->sink_uri);
    bool bdr = dr_cdc_config_bool(d->config, "bdr_mode");
    bool mysql = dr_cdc_is_mysql(&sink->uri);

    if (dr_cdc_config_bool(d->config, "enable_sync_point") && !mysql) {
        refuse(
            out, cdc_is_new(c) ? "CDC:ErrInvalidReplicaConfig" : "CDC:ErrSinkURIInvalid",
            "sink uri invalid 'sink uri scheme is not supported with syncpoint enabled "
            "sink uri: %s'",
            masked);
        return false;
    }
    if (bdr && !mysql) {
        refuse(
            out, "CDC:ErrSinkURIInvalid",
            "sink uri invalid 'sink uri scheme is not supported in BDR mode, sink uri: "
            "%s'",
            masked);
        return false;
    }
    if (!strcmp(sink->uri.scheme, "blackhole"))
        return true;
    if (!mysql) {
        dr_model_note_unknown(c->model, &c->captures[c->owner].process.at, masked,
                              strlen(masked));
        refuse(out, "CDC:ErrSinkURIInvalid",
               "sink uri invalid 'the sink scheme (%s) is not supported'",
               sink->uri.scheme);
        return false;
    }
    return params_fine(a, sink, out) && connection_fine(c, a, sink, masked, bdr, out) &&
           other_cluster(c, sink, out);
}

/* The new architecture says ErrSinkURIInvalid whatever the sink's verification found, the
 * connection that failed too: ticdc: api/v2/changefeed.go. */
static void wrap_sink(const struct cdc *c, struct dr_arena *a, struct cdc_verdict *out)
{
    if (!cdc_is_new(c) || !strcmp(out->code, "CDC:ErrSinkURIInvalid") ||
        !strcmp(out->code, "CDC:ErrSameUpstreamDownstream") ||
        !strcmp(out->code, "CDC:ErrInvalidReplicaConfig"))
        return;
    const char *inner = dr_sprintf(a, "[%s]%s", out->code, out->text);
    refuse(out, "CDC:ErrSinkURIInvalid", "sink uri invalid '%s'", inner);
}

void cdc_check(struct cdc *c, struct dr_arena *a, const struct cdc_draft *d,
               uint64_t at_ts, struct cdc_verdict *out)
{
    struct dr_cdc_refusal refusal;
    struct cdc_sink sink;
    struct dr_buf why;
    const char *code = "";

    *out = (struct cdc_verdict){.refused = false};
    if (!cdc_sink_parse(a, d->sink_uri, &sink)) {
        refuse(out, "CDC:ErrSinkURIInvalid", "sink uri invalid '%s'",
               dr_uri_masked(a, d->sink_uri));
        return;
    }
    if (!dr_cdc_config_adjust(a, d->config, &sink.uri, &refusal)) {
        refuse(out, refusal.code, "%s", refusal.text);
        return;
    }
    if (!strcmp(dr_cdc_config_str(d->config, "consistent.level"), "eventual")) {
        dr_buf_init(&why, CDC_MESSAGE_MAX);
        if (!cdc_redo_validate(c, dr_cdc_config_str(d->config, "consistent.storage"),
                               &code, &why))
            refuse(out, code, "%s", dr_buf_str(&why));
        dr_buf_release(&why);
        if (out->refused)
            return;
    }
    if (cdc_is_new(c))
        cdc_new_adjust(d->config);
    if (!tables_fine(c, a, d->config, at_ts, out))
        return;
    if (!sink_fine(c, a, d, &sink, out)) {
        wrap_sink(c, a, out);
        return;
    }
    if ((c->import_running || dr_model_restoring(c->cluster)) &&
        cdc_version_at_least(c, 6, 6, 0))
        refuse(out, "CDC:ErrUpstreamHasRunningImport",
               "upstream has running import tasks, upstream-id: %" PRIu64
               ", please wait for them to finish, or cancel them: lightning or restore",
               cdc_upstream_id(c));
}
