/* TiCDC's open API v2: routes, forwarding to the owner, error
 * bodies, and everything that is not about one changefeed. Source: tiflow: cdc/api/v2
 * (api.go, model.go), cdc/api/middleware, cdc/api/util.go. */
#include "controller/estate/model/cdc_api.h"
#include "controller/estate/model/cdc_new.h"
#include "controller/estate/model/network.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

enum { ERROR_INDENT = 4 };

#define V2 "/api/v2"

/* ---- answers ---- */
void cdc_done(struct cdc_in *p, int status)
{
    dr_http_reply(p->in, status, DR_HTTP_JSON, &p->body);
}

void cdc_empty_object(struct cdc_in *p)
{
    dr_buf_clear(&p->body);
    dr_buf_adds(&p->body, "{}");
    cdc_done(p, 200);
}

/* Codes that are the client's fault, also when they only occur within the text. */
static int status_of(const struct cdc *c, const char *code, const char *text)
{
    static const char *const bad_request[] = {
        "ErrAPIInvalidParam",       "ErrSinkURIInvalid",
        "ErrStartTsBeforeGC",       "ErrChangeFeedNotExists",
        "ErrTargetTsBeforeStartTs", "ErrTableIneligible",
        "ErrFilterRuleInvalid",     "ErrChangefeedUpdateRefused",
        "ErrMySQLConnectionError",  "ErrMySQLInvalidConfig",
        "ErrCaptureNotExist",       "ErrSchedulerRequestFailed",
    };
    for (size_t i = 0; i < sizeof(bad_request) / sizeof(bad_request[0]); i++)
        if (strstr(code, bad_request[i]) || strstr(text, bad_request[i]))
            return 400;
    return cdc_is_master(c) && strstr(code, "ErrChangeFeedAlreadyExists") ? 400 : 500;
}

static void refuse_typed(struct cdc_in *p, int status, const char *type, const char *code,
                         const char *text)
{
    struct dr_gojson w;
    const char *message =
        *code ? dr_sprintf(p->in->a, "[%s]%s", code, text) : dr_strdup(p->in->a, text);

    dr_buf_clear(&p->body);
    dr_gojson_init(&w, &p->body, ERROR_INDENT);
    dr_gojson_object(&w, NULL);
    dr_gojson_str(&w, "error_msg", message);
    dr_gojson_str(&w, "error_code", code);
    dr_gojson_end(&w);
    dr_http_reply(p->in, status, type, &p->body);
}

void cdc_refuse_status(struct cdc_in *p, int status, const char *code, const char *text)
{
    refuse_typed(p, status, DR_HTTP_JSON, code, text);
}

void cdc_refuse(struct cdc_in *p, const char *code, const char *fmt, ...)
{
    const char *text;
    va_list ap;

    va_start(ap, fmt);
    text = dr_vsprintf(p->in->a, fmt, ap);
    va_end(ap);
    refuse_typed(p, status_of(p->c, code, text), DR_HTTP_JSON, code, text);
}

void cdc_refuse_bind(struct cdc_in *p, const char *why)
{
    refuse_typed(p, 400, DR_HTTP_TEXT, "CDC:ErrAPIInvalidParam",
                 dr_sprintf(p->in->a, "invalid api parameter: %s", why));
}

/* ---- request bodies ---- */
/* jansson's complaint in Go's words. */
static const char *syntax_error(struct dr_arena *a, const char *text)
{
    const char *near = strstr(text, "near '");

    if (!near || !near[6])
        return "unexpected EOF";
    return dr_sprintf(a, "invalid character '%c' looking for beginning of %s", near[6],
                      strncmp(text, "string or", 9) ? "value" : "object key string");
}

json_t *cdc_bind(struct cdc_in *p)
{
    const char *body = p->in->req->body ? p->in->req->body : "";
    size_t len = p->in->req->body ? p->in->req->body_len : 0;
    json_error_t e;
    json_t *o;

    if (!len) {
        cdc_refuse_bind(p, "EOF");
        return NULL;
    }
    o = json_loadb(body, len, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &e);
    if (json_is_object(o))
        return o;
    if (o)
        cdc_refuse_bind(p, "json: cannot unmarshal value into Go value of type "
                           "v2.ChangefeedConfig");
    else
        cdc_refuse_bind(p, syntax_error(p->in->a, e.text));
    json_decref(o);
    return NULL;
}

const json_t *cdc_member(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    const char *name;
    json_t *item;

    if (v)
        return v;
    json_object_foreach((json_t *)(uintptr_t)o, name, item) /* reads only */
        if (!strcasecmp(name, key)) return item;
    return NULL;
}

bool cdc_bind_u64(struct cdc_in *p, const json_t *o, const char *key, uint64_t *out)
{
    const json_t *v = cdc_member(o, key);

    if (!v || json_is_null(v))
        return true;
    if (json_is_integer(v) && json_integer_value(v) >= 0) {
        *out = (uint64_t)json_integer_value(v);
        return true;
    }
    cdc_refuse_bind(p, dr_sprintf(p->in->a,
                                  "json: cannot unmarshal %s into Go struct field "
                                  "ChangefeedConfig.%s of type uint64",
                                  json_is_string(v) ? "string" : "number", key));
    return false;
}

bool cdc_bind_str(struct cdc_in *p, const json_t *o, const char *key, const char **out)
{
    const json_t *v = cdc_member(o, key);

    if (!v || json_is_null(v))
        return true;
    if (json_is_string(v)) {
        *out = dr_strdup(p->in->a, json_string_value(v));
        return true;
    }
    cdc_refuse_bind(p, dr_sprintf(p->in->a,
                                  "json: cannot unmarshal %s into Go struct field "
                                  "ChangefeedConfig.%s of type string",
                                  json_is_number(v) ? "number" : "value", key));
    return false;
}

void cdc_refuse_absent(struct cdc_in *p, const char *id)
{
    if (cdc_is_new(p->c))
        cdc_refuse(p, "CDC:ErrChangeFeedNotExists", "changefeed not exists, %s", id);
    else
        cdc_refuse(p, "CDC:ErrChangeFeedNotExists", "changefeed not exists, %s/%s",
                   cdc_namespace(p), id);
}

const char *cdc_namespace(struct cdc_in *p)
{
    if (cdc_is_new(p->c)) /* a keyspace, which the classic kernel has but one of */
        return "default";
    const char *ns = dr_http_param(p->in, "namespace");
    return ns && *ns ? ns : "default";
}

/* ^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$, 1 to 128. */
bool cdc_legal_id(const char *id)
{
    size_t len = strlen(id);

    if (!len || len > CDC_ID_MAX || id[0] == '-' || id[len - 1] == '-' ||
        strstr(id, "--"))
        return false;
    for (; *id; id++)
        if (!isalnum((unsigned char)*id) && *id != '-')
            return false;
    return true;
}

uint64_t cdc_upstream_id(const struct cdc *c)
{
    return c->wrong_upstream ? c->wrong_upstream : c->cluster->pd_cluster_id;
}

const char *cdc_json_time(const struct cdc *c, int64_t wall_ms, char out[DR_TIME_TEXT])
{
    return dr_time_text(wall_ms + c->zone_min * INT64_C(60000), out);
}

const char *cdc_rfc_time(const struct cdc *c, int64_t wall_ms, char out[DR_TIME_TEXT])
{
    int64_t local_ms = wall_ms + c->zone_min * INT64_C(60000);
    time_t at = (time_t)(local_ms / 1000);
    int zone = c->zone_min < 0 ? -c->zone_min : c->zone_min;
    struct tm tm;
    char text[24], fraction[8] = "", offset[16] = "Z";

    gmtime_r(&at, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    if (local_ms % 1000) {
        int n = snprintf(fraction, sizeof(fraction), ".%03d", (int)(local_ms % 1000));
        while (fraction[n - 1] == '0')
            fraction[--n] = '\0';
    }
    if (c->zone_min)
        snprintf(offset, sizeof(offset), "%c%02d:%02d", c->zone_min < 0 ? '-' : '+',
                 zone / 60 % 100, zone % 60);
    snprintf(out, DR_TIME_TEXT, "%s%s%s", text, fraction, offset);
    return out;
}

/* ---- the server itself ---- */
static void get_server_status(struct cdc_in *p)
{
    bool owner = p->c->phase != CDC_NO_OWNER && p->c->owner == p->capture;

    dr_gojson_init(&p->w, &p->body, ERROR_INDENT);
    dr_gojson_object(&p->w, NULL);
    dr_gojson_str(&p->w, "version", p->c->doc->version.text);
    dr_gojson_str(&p->w, "git_hash", "0000000000000000000000000000000000000000");
    dr_gojson_str(&p->w, "id", p->c->captures[p->capture].id);
    dr_gojson_str(&p->w, "cluster_id",
                  p->c->doc->cluster_id ? p->c->doc->cluster_id : "default");
    dr_gojson_i64(&p->w, "pid", 1000 + (int64_t)p->capture);
    dr_gojson_bool(&p->w, "is_owner", owner);
    dr_gojson_i64(&p->w, "liveness", 0);
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

/* The members a DR controller reads. */
static void get_config(struct cdc_in *p)
{
    char at[DR_HOST_MAX + 16];

    dr_address_text(&p->c->captures[p->capture].process.at, at);
    dr_gojson_object(&p->w, NULL);
    dr_gojson_str(&p->w, "cluster-id",
                  p->c->doc->cluster_id ? p->c->doc->cluster_id : "default");
    dr_gojson_str(&p->w, "addr", at);
    dr_gojson_str(&p->w, "advertise-addr", at);
    dr_gojson_i64(&p->w, "gc-ttl", p->c->doc->gc_ttl_ms / 1000);
    dr_gojson_str(&p->w, "tz", "UTC");
    dr_gojson_i64(&p->w, "capture-session-ttl", 10);
    dr_gojson_i64(&p->w, "owner-flush-interval", 50000000);
    dr_gojson_i64(&p->w, "processor-flush-interval", 50000000);
    if (cdc_is_new(p->c)) /* ticdc: pkg/config/server.go */
        dr_gojson_bool(&p->w, "newarch", true);
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

static bool bound(struct cdc_in *p, json_t **body)
{
    *body = cdc_bind(p);
    return *body != NULL;
}

static void post_tso(struct cdc_in *p)
{
    json_t *body;
    uint64_t tso;

    if (!bound(p, &body))
        return;
    json_decref(body);
    if (!cdc_pd_ok(p->c)) {
        cdc_refuse(p, "CDC:ErrPDEtcdAPIError", "fail to get ts from pd client");
        return;
    }
    tso = dr_model_tso(p->c->cluster);
    dr_gojson_init(&p->w, &p->body, ERROR_INDENT);
    dr_gojson_object(&p->w, NULL);
    dr_gojson_i64(&p->w, "timestamp", dr_tso_ms(tso));
    dr_gojson_i64(&p->w, "logic_time", dr_tso_logical(tso));
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

static void post_with_body(struct cdc_in *p) /* log level, resolve locks: no effect */
{
    json_t *body;

    if (!bound(p, &body))
        return;
    json_decref(body);
    cdc_empty_object(p);
}

/* ---- captures ---- */
/* 500 until the owner has ticked all feeds, and while one has no scheduler yet. */
static void get_health(struct cdc_in *p)
{
    bool ok = p->c->phase == CDC_READY;

    /* of the new architecture: the coordinator lives, no more */
    for (const struct cdc_feed *f = p->c->feeds; f && ok && !cdc_is_new(p->c);
         f = f->next)
        ok = !f->in_memory || f->ran || (f->state != CDC_NORMAL && f->state != CDC_INIT);
    if (ok)
        cdc_empty_object(p);
    else
        cdc_refuse(p, "CDC:ErrClusterIsUnhealthy", "TiCDC cluster is unhealthy");
}

static void get_captures(struct cdc_in *p)
{
    char at[DR_HOST_MAX + 16];
    size_t n = 0;

    for (size_t i = 0; i < p->c->capture_count; i++)
        n += p->c->captures[i].process.up;
    dr_gojson_object(&p->w, NULL);
    dr_gojson_u64(&p->w, "total", n);
    dr_gojson_array(&p->w, "items");
    for (size_t i = 0; i < p->c->capture_count; i++) {
        const struct cdc_capture *capture = &p->c->captures[i];
        if (!capture->process.up)
            continue;
        dr_gojson_object(&p->w, NULL);
        dr_gojson_str(&p->w, "id", capture->id);
        dr_gojson_bool(&p->w, "is_owner", p->c->owner == i);
        dr_gojson_str(&p->w, "address", dr_address_text(&capture->process.at, at));
        dr_gojson_str(&p->w, "cluster_id",
                      p->c->doc->cluster_id ? p->c->doc->cluster_id : "default");
        dr_gojson_end(&p->w);
    }
    dr_gojson_end(&p->w);
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

static void post_drain(struct cdc_in *p)
{
    for (size_t i = 0; i < p->c->capture_count; i++) {
        if (strcmp(p->c->captures[i].id, p->args[0]))
            continue;
        for (struct cdc_feed *f = p->c->feeds; f; f = f->next)
            if (f->run && cdc_run_capture(f) == i)
                cdc_run_stop(f); /* starts again elsewhere */
        dr_gojson_object(&p->w, NULL);
        dr_gojson_i64(&p->w, "current_table_count", 0);
        dr_gojson_end(&p->w);
        cdc_done(p, 202);
        return;
    }
    cdc_refuse(p, "CDC:ErrCaptureNotExist", "capture not exists, %s", p->args[0]);
}

static void post_resign(struct cdc_in *p)
{
    cdc_owner_change(p->c, false);
    cdc_empty_object(p);
}

static void get_processors(struct cdc_in *p)
{
    size_t n = 0;

    for (const struct cdc_feed *f = p->c->feeds; f; f = f->next)
        n += f->in_memory && f->run;
    dr_gojson_object(&p->w, NULL);
    dr_gojson_u64(&p->w, "total", n);
    dr_gojson_array(&p->w, "items");
    for (const struct cdc_feed *f = p->c->feeds; f; f = f->next) {
        if (!f->in_memory || !f->run)
            continue;
        dr_gojson_object(&p->w, NULL);
        dr_gojson_str(&p->w, "namespace", f->ns);
        dr_gojson_str(&p->w, "changefeed_id", f->id);
        dr_gojson_str(&p->w, "capture_id", p->c->captures[cdc_run_capture(f)].id);
        dr_gojson_end(&p->w);
    }
    dr_gojson_end(&p->w);
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

/* ticdc: api/v2: there are no processors; what asks for them gets nothing. */
static void get_no_processors(struct cdc_in *p)
{
    dr_buf_adds(&p->body, "{\"total\":0,\"items\":[]}");
    cdc_done(p, 200);
}

static void get_no_processor(struct cdc_in *p)
{
    dr_buf_adds(&p->body, "{\"table_ids\":[]}"); /* [inference] */
    cdc_done(p, 200);
}

static void add_id(void *arg, const struct dr_table_def *t, bool eligible)
{
    if (eligible && !t->view)
        dr_gojson_i64(arg, NULL, t->id);
}

static void get_processor(struct cdc_in *p)
{
    struct cdc_feed *f = cdc_find_seen(p->c, cdc_namespace(p), p->args[0]);
    struct cdc_verdict verdict = {.refused = false};

    if (!f) {
        cdc_refuse_absent(p, p->args[0]);
        return;
    }
    if (!f->run || strcmp(p->c->captures[cdc_run_capture(f)].id, p->args[1])) {
        cdc_refuse(p, "CDC:ErrCaptureNotExist", "capture not exists, %s", p->args[1]);
        return;
    }
    dr_gojson_object(&p->w, NULL);
    dr_gojson_array(&p->w, "table_ids");
    (void)cdc_each_table(p->c, p->in->a, f->config, UINT64_MAX, add_id, &p->w, &verdict);
    dr_gojson_end(&p->w);
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

/* ---- unsafe ---- */
static void get_metadata(struct cdc_in *p)
{
    const char *cluster = p->c->doc->cluster_id ? p->c->doc->cluster_id : "default";

    dr_gojson_array(&p->w, NULL);
    for (const struct cdc_feed *f = p->c->feeds; f; f = f->next) {
        char *info;
        json_t *value;
        if (f->gone)
            continue;
        value = json_pack("{s:s, s:I, s:I, s:O}", "sink-uri", f->sink_uri, "start-ts",
                          (json_int_t)f->start_ts, "target-ts", (json_int_t)f->target_ts,
                          "config", f->config);
        info = json_dumps(value, JSON_COMPACT);
        dr_gojson_object(&p->w, NULL);
        dr_gojson_str(&p->w, "key",
                      dr_sprintf(p->in->a, "/tidb/cdc/%s/%s/changefeed/info/%s", cluster,
                                 f->ns, f->id));
        dr_gojson_str(&p->w, "value", info);
        dr_gojson_end(&p->w);
        free(info);
        json_decref(value);
    }
    dr_gojson_end(&p->w);
    cdc_done(p, 200);
}

static void delete_safepoint(struct cdc_in *p)
{
    json_t *body;

    if (!bound(p, &body))
        return;
    json_decref(body);
    (void)dr_pd_remove_point(p->c->pd, p->c->gc_service);
    cdc_empty_object(p);
}

/* ---- routes ---- */
enum where { LOCAL, OWNER };
enum arch { BOTH, CLASSIC, NEW };

struct cdc_route {
    const char *method, *path;
    enum where where;
    void (*run)(struct cdc_in *);
    uint32_t since[3]; /* 0: always there */
    enum arch arch;
};

/* clang-format off */
static const struct cdc_route routes[] = {
    {"GET",    "/status",                              LOCAL, get_server_status, {0}, BOTH},
    {"GET",    "/config",                              LOCAL, get_config,        {0}, BOTH},
    {"GET",    V2 "/status",                           LOCAL, get_server_status, {0}, BOTH},
    {"GET",    V2 "/health",                           OWNER, get_health,        {0}, BOTH},
    {"GET",    V2 "/captures",                         OWNER, get_captures,      {0}, BOTH},
    {"POST",   V2 "/captures/{}/drain",                OWNER, post_drain,        {0}, CLASSIC},
    {"POST",   V2 "/owner/resign",                     OWNER, post_resign,       {0}, BOTH},
    {"GET",    V2 "/processors",                       OWNER, get_processors,    {0}, CLASSIC},
    {"GET",    V2 "/processors/{}/{}",                 OWNER, get_processor,     {0}, CLASSIC},
    {"GET",    V2 "/changefeeds",                      OWNER, cdc_list,          {0}, BOTH},
    {"POST",   V2 "/changefeeds",                      OWNER, cdc_create,        {0}, BOTH},
    {"GET",    V2 "/changefeeds/{}",                   OWNER, cdc_get,           {0}, BOTH},
    {"PUT",    V2 "/changefeeds/{}",                   OWNER, cdc_update,        {0}, BOTH},
    {"DELETE", V2 "/changefeeds/{}",                   OWNER, cdc_delete,        {0}, BOTH},
    {"POST",   V2 "/changefeeds/{}/pause",             OWNER, cdc_pause,         {0}, BOTH},
    {"POST",   V2 "/changefeeds/{}/resume",            OWNER, cdc_resume,        {0}, BOTH},
    {"GET",    V2 "/changefeeds/{}/status",            OWNER, cdc_status,        {6, 5, 3}, BOTH},
    {"GET",    V2 "/changefeeds/{}/synced",            OWNER, cdc_synced,        {6, 5, 8}, BOTH},
    {"GET",    V2 "/changefeeds/{}/meta_info",         OWNER, cdc_meta_info,     {0}, CLASSIC},
    {"POST",   V2 "/verify_table",                     LOCAL, cdc_verify_table,  {0}, BOTH},
    {"POST",   V2 "/get_all_tables",                   LOCAL, cdc_verify_table,  {0}, NEW},
    {"GET",    V2 "/processors",                       OWNER, get_no_processors, {0}, NEW},
    {"GET",    V2 "/processors/{}/{}",                 OWNER, get_no_processor,  {0}, NEW},
    {"POST",   V2 "/tso",                              LOCAL, post_tso,          {0}, BOTH},
    {"POST",   V2 "/log",                              LOCAL, post_with_body,    {0}, BOTH},
    {"GET",    V2 "/unsafe/metadata",                  OWNER, get_metadata,      {0}, CLASSIC},
    {"POST",   V2 "/unsafe/resolve_lock",              OWNER, post_with_body,    {0}, BOTH},
    {"DELETE", V2 "/unsafe/service_gc_safepoint",      OWNER, delete_safepoint,  {0}, BOTH},
};
/* clang-format on */
enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

/* `synced` came to 7.1.4 and 7.5.1, too. */
static bool has_route(const struct cdc *c, const struct cdc_route *r)
{
    const struct dr_version *v = &c->doc->version;

    if (r->arch != BOTH && (r->arch == NEW) != cdc_is_new(c))
        return false;
    if (!r->since[0])
        return true;
    if (r->run == cdc_synced && v->major == 7 && v->minor < 6)
        return (v->minor == 1 && v->patch >= 4) || (v->minor == 5 && v->patch >= 1);
    return cdc_version_at_least(c, r->since[0], r->since[1], r->since[2]);
}

/* Any capture takes any request and forwards it to the owner. False: answered, or it
 * waits for an owner that hangs. */
static bool reaches_owner(struct cdc_in *p)
{
    const struct dr_model_process *owner = &p->c->captures[p->c->owner].process;
    char at[DR_HOST_MAX + 16];

    if (p->c->phase == CDC_NO_OWNER || !owner->up) {
        if (p->c->owner_crashed || !owner->up)
            cdc_refuse(p, "", "dial tcp %s: connect: connection refused",
                       dr_address_text(&owner->at, at));
        else
            cdc_refuse(p, "", "election: no leader");
        return false;
    }
    if (p->c->phase == CDC_BLIND && cdc_is_new(p->c)) { /* ticdc: api/v2 isInitialized */
        cdc_refuse(p, "", "coordinator is not fully initialized, wait a moment");
        return false;
    }
    if (owner->hung) {
        p->in->wait_for = owner;
        cdc_refuse(p, "", "context deadline exceeded");
        return false;
    }
    if (!dr_model_reach(p->in->m, &p->in->server->at, &owner->at)) {
        cdc_refuse(p, "", "dial tcp %s: i/o timeout", dr_address_text(&owner->at, at));
        return false;
    }
    return true;
}

static void not_found(struct cdc_in *p)
{
    const char *path = p->in->path;
    size_t len = strlen(path);

    dr_buf_release(&p->body);
    if (len > 1 && path[len - 1] == '/') { /* gin redirects a trailing slash */
        dr_http_text(p->in, strcmp(p->in->req->method, "GET") ? 307 : 301,
                     "text/html; charset=utf-8",
                     dr_sprintf(p->in->a, "<a href=\"%.*s\">%s</a>.\n\n", (int)len - 1,
                                path,
                                strcmp(p->in->req->method, "GET") ? "Temporary Redirect"
                                                                  : "Moved Permanently"));
        return;
    }
    dr_model_note_unknown(p->in->m, &p->in->server->at, p->in->req->target,
                          strlen(p->in->req->target));
    dr_http_text(p->in, 404, "text/plain", DR_HTTP_NOT_FOUND);
}

void dr_cdc_serve(struct dr_http_in *in)
{
    struct cdc_in p = {.in = in};

    p.c = cdc_of(in->m, &in->server->at, &p.capture);
    dr_buf_init(&p.body, DR_HTTP_BODY_MAX);
    dr_gojson_init(&p.w, &p.body, 0);
    for (size_t i = 0; i < ROUTES; i++) {
        const struct cdc_route *r = &routes[i];
        if (strcmp(r->method, in->req->method) || !has_route(p.c, r) ||
            !dr_http_match(in->a, r->path, in->path, p.args, 2))
            continue;
        if (r->where == LOCAL || reaches_owner(&p))
            r->run(&p);
        return;
    }
    not_found(&p);
}

void dr_cdc_fault(struct dr_http_in *in, int status, const char *message)
{
    struct cdc_in p = {.in = in};
    const char *code = status == 401   ? "CDC:ErrUnauthorized"
                       : status == 503 ? "CDC:ErrServerIsNotReady"
                                       : "";
    const char *usual = status == 401   ? "user unauthorized"
                        : status == 503 ? "cdc server is not ready"
                                        : "context deadline exceeded";

    p.c = cdc_of(in->m, &in->server->at, &p.capture);
    dr_buf_init(&p.body, DR_HTTP_BODY_MAX);
    if (message && *message == '{') /* a body of the tester's own */
        dr_http_text(in, status, DR_HTTP_JSON, message);
    else
        cdc_refuse_status(&p, status, code, message ? message : usual);
    dr_buf_release(&p.body);
}
