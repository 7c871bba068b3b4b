/* TiCDC's open API v2, a call each: server, feeds, one feed, create, pause, update,
 * resume, delete. Source: tiflow: cdc/api/v2; ticdc: api/v2. */
#include "controller/estate/wire/cdc.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/estate/wire/uri.h"

#define API   "/api/v2"
#define FEEDS API "/changefeeds?state=all"

/* ---- server ---- */

static enum dr_flow take_status(struct dr_script *s, const struct dr_answer *a)
{
    const json_t *body = dr_script_json(s, a);
    if (!body)
        return DR_FLOW_OVER;
    struct dr_cdc_server *c = DR_NEW(s->arena, struct dr_cdc_server);
    const char *version = dr_json_str(body, "version");
    const char *cluster = dr_json_str(body, "cluster_id");
    if (!version)
        return dr_script_fail(s, DR_E_PROTOCOL, "no version: is this a TiCDC?");
    c->version = dr_version_parse(version, s->arena);
    c->cluster_id = dr_strdup(s->arena, cluster ? cluster : "default");
    s->reply.as.cdc = c;
    return DR_FLOW_NEXT;
}

static enum dr_flow take_server_config(struct dr_script *s, const struct dr_answer *a)
{
    const json_t *body = dr_script_json(s, a);
    if (!body)
        return DR_FLOW_OVER;
    struct dr_cdc_server *c = s->reply.as.cdc;
    if (!dr_json_bool(body, "newarch", &c->new_arch))
        c->new_arch = false;
    if (!dr_json_i64(body, "gc-ttl", &c->gc_ttl_s))
        return dr_script_fail(s, DR_E_PROTOCOL, "the server's config has no gc-ttl");
    return DR_FLOW_NEXT;
}

static enum dr_flow take_server_health(struct dr_script *s, const struct dr_answer *a)
{
    s->reply.as.cdc->healthy = a->http.status == 200;
    return DR_FLOW_NEXT;
}

/* Id of the owner among GET /captures' items; NULL: none. false: unreadable. */
static bool read_owner(struct dr_script *s, const struct dr_answer *a, const char **owner,
                       size_t *count)
{
    const json_t *body = dr_script_json(s, a), *items = json_object_get(body, "items");
    size_t i;
    json_t *one;
    *owner = NULL;
    if (!body)
        return false;
    if (!json_is_array(items)) {
        (void)dr_script_fail(s, DR_E_PROTOCOL, "the list of captures is unreadable");
        return false;
    }
    json_array_foreach(items, i, one)
    {
        bool is = false;
        if (dr_json_bool(one, "is_owner", &is) && is && dr_json_str(one, "id"))
            *owner = dr_strdup(s->arena, dr_json_str(one, "id"));
    }
    if (count)
        *count = json_array_size(items);
    return true;
}

/* Where the captures say that they listen; one that says nothing usable is left out. */
static void read_addresses(struct dr_script *s, const struct dr_answer *a,
                           struct dr_cdc_server *c)
{
    const json_t *items = json_object_get(dr_script_json(s, a), "items");
    size_t i;
    json_t *one;
    c->addresses = DR_NEW_N(s->arena, json_array_size(items), const char *);
    json_array_foreach(items, i, one)
    {
        const char *text = dr_json_str(one, "address");
        struct dr_address at;
        if (text && dr_address_parse(&at, text, 0))
            c->addresses[c->address_count++] = dr_strdup(s->arena, text);
    }
}

static enum dr_flow take_server_captures(struct dr_script *s, const struct dr_answer *a)
{
    struct dr_cdc_server *c = s->reply.as.cdc;
    if (!read_owner(s, a, &c->owner_id, &c->capture_count))
        return DR_FLOW_OVER;
    read_addresses(s, a, c);
    c->seen = dr_script_seen(s);
    return DR_FLOW_DONE;
}

static const struct dr_step server_steps[] = {
    {.name = "read TiCDC's status", .text = API "/status", .take = take_status},
    {.name = "read TiCDC's config", .text = "/config", .take = take_server_config},
    {.name = "ask TiCDC's health",
     .text = API "/health",
     .take = take_server_health,
     .takes_errors = true},
    {.name = "list captures", .text = API "/captures", .take = take_server_captures},
    DR_STEP_END,
};
const struct dr_play dr_play_cdc_server = {.via = DR_VIA_CDC, .steps = server_steps};

/* ---- feeds ---- */

static const char *feed_error(struct dr_script *s, const json_t *error)
{
    const char *code = dr_json_str(error, "code"), *text = dr_json_str(error, "message");
    if (!code && !text)
        return NULL;
    const char *whole =
        dr_sprintf(s->arena, "%s: %s", code ? code : "?", text ? text : "");
    return dr_script_redact(s, whole, strlen(whole));
}

/* A feed of another namespace is shown as "namespace/id": it is somebody else's. */
static const char *feed_id(struct dr_script *s, const json_t *item)
{
    const char *space = dr_json_str(item, "namespace"), *id = dr_json_str(item, "id");
    if (!space)
        space = dr_json_str(item, "keyspace");
    if (!id)
        return NULL;
    if (space && *space && strcmp(space, "default") != 0)
        return dr_sprintf(s->arena, "%s/%s", space, id);
    return dr_strdup(s->arena, id);
}

static bool read_feeds(struct dr_script *s, const struct dr_answer *a)
{
    const json_t *body = dr_script_json(s, a), *items = json_object_get(body, "items");
    struct dr_feeds *f = s->reply.as.feeds = DR_NEW(s->arena, struct dr_feeds);
    size_t i;
    json_t *one;
    if (!body)
        return false;
    if (!json_is_array(items)) {
        (void)dr_script_fail(s, DR_E_PROTOCOL, "the list of changefeeds is unreadable");
        return false;
    }
    f->items = DR_NEW_N(s->arena, json_array_size(items), struct dr_feed);
    json_array_foreach(items, i, one)
    {
        struct dr_feed *feed = &f->items[f->count++];
        feed->id = feed_id(s, one);
        if (!feed->id || !dr_json_u64(one, "checkpoint_tso", &feed->checkpoint)) {
            (void)dr_script_fail(s, DR_E_PROTOCOL, "a changefeed is unreadable");
            return false;
        }
        if (!dr_json_u64(one, "upstream_id", &feed->upstream_id))
            feed->upstream_id = 0;
        feed->state = dr_feed_state_parse(dr_json_str(one, "state"));
        feed->error = feed_error(s, json_object_get(one, "error"));
    }
    f->seen = dr_script_seen(s);
    return true;
}

/* A list that shows all that it should is done. What is there is there, whoever says so:
 * only absence needs the owner. */
static enum dr_flow take_feeds(struct dr_script *s, const struct dr_answer *a)
{
    if (!read_feeds(s, a))
        return DR_FLOW_OVER;
    for (size_t i = 0; i < s->call->args.feeds.count; i++)
        if (!dr_feeds_find(s->reply.as.feeds, s->call->args.feeds.ids[i]))
            return DR_FLOW_NEXT;
    return DR_FLOW_DONE;
}

struct feeds_script {
    const char *owner;
};

/* Without a healthy owner, the same before and after, the list is what it is, and no poll
 * of absence. */
static enum dr_flow take_feeds_health(struct dr_script *s, const struct dr_answer *a)
{
    (void)s;
    return a->http.status == 200 ? DR_FLOW_NEXT : DR_FLOW_DONE;
}

static enum dr_flow take_feeds_owner(struct dr_script *s, const struct dr_answer *a)
{
    struct feeds_script *mine = s->mine;
    if (!read_owner(s, a, &mine->owner, NULL))
        return DR_FLOW_OVER;
    return mine->owner ? DR_FLOW_NEXT : DR_FLOW_DONE;
}

static enum dr_flow take_feeds_again(struct dr_script *s, const struct dr_answer *a)
{
    return read_feeds(s, a) ? DR_FLOW_NEXT : DR_FLOW_OVER;
}

static enum dr_flow take_same_owner(struct dr_script *s, const struct dr_answer *a)
{
    const struct feeds_script *mine = s->mine;
    const char *owner;
    if (!read_owner(s, a, &owner, NULL))
        return DR_FLOW_OVER;
    return owner && strcmp(owner, mine->owner) == 0 ? DR_FLOW_NEXT : DR_FLOW_DONE;
}

static enum dr_flow take_feeds_polled(struct dr_script *s, const struct dr_answer *a)
{
    const struct feeds_script *mine = s->mine;
    if (a->http.status == 200)
        s->reply.as.feeds->owner_id = mine->owner;
    return DR_FLOW_DONE;
}

static const struct dr_step feeds_steps[] = {
    {.name = "list changefeeds", .text = FEEDS, .take = take_feeds},
    {.name = "ask TiCDC's health",
     .text = API "/health",
     .take = take_feeds_health,
     .takes_errors = true},
    {.name = "list captures", .text = API "/captures", .take = take_feeds_owner},
    {.name = "list changefeeds", .text = FEEDS, .take = take_feeds_again},
    {.name = "list captures", .text = API "/captures", .take = take_same_owner},
    {.name = "ask TiCDC's health",
     .text = API "/health",
     .take = take_feeds_polled,
     .takes_errors = true},
    DR_STEP_END,
};
const struct dr_play dr_play_cdc_feeds = {
    .via = DR_VIA_CDC, .steps = feeds_steps, .mine_bytes = sizeof(struct feeds_script)};

/* ---- one feed ---- */

struct feed_script {
    bool healthy;
    const char *owner;
    bool sink_differs; /* of an update: the sink's URI is sent, too */
    bool new_arch;
};

/* letters, digits and single inner hyphens, 1..128. Source: tiflow:
 * cdc/model/changefeed.go ValidateChangefeedID. */
static bool legal_id(const char *id)
{
    size_t len =
        strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    return len && len <= 128 && !id[len] && id[0] != '-' && id[len - 1] != '-' &&
           !strstr(id, "--");
}

static enum dr_flow begin_feed(struct dr_script *s)
{
    const struct dr_feed_args *args = &s->call->args.feed;
    if (!args->id || !legal_id(args->id))
        return dr_script_fail(s, DR_E_BUG, "not a changefeed id");
    if (args->to >= s->wire->access->cluster_count)
        return dr_script_fail(s, DR_E_BUG, "a feed to no cluster");
    return DR_FLOW_AGAIN;
}

static enum dr_flow feed_request(struct dr_script *s, const char *method,
                                 const char *tail, const char *body)
{
    return dr_script_http(
        s, method,
        dr_sprintf(s->arena, API "/changefeeds/%s%s", s->call->args.feed.id, tail), body);
}

static enum dr_flow ask_get(struct dr_script *s)
{
    return feed_request(s, "GET", "", NULL);
}

static enum dr_flow take_health_before(struct dr_script *s, const struct dr_answer *a)
{
    struct feed_script *mine = s->mine;
    mine->healthy = a->http.status == 200;
    return DR_FLOW_NEXT;
}

static enum dr_flow take_owner_before(struct dr_script *s, const struct dr_answer *a)
{
    struct feed_script *mine = s->mine;
    return read_owner(s, a, &mine->owner, NULL) ? DR_FLOW_NEXT : DR_FLOW_OVER;
}

/* Compares what GET shows with what drover would make. */
static enum dr_flow read_detail(struct dr_script *s, const json_t *info)
{
    const struct dr_access *access = s->wire->access;
    struct dr_feed_detail *d = DR_NEW(s->arena, struct dr_feed_detail);
    struct dr_buf sink;
    struct dr_err err;
    json_t *desired;
    if (!dr_json_str(info, "sink_uri") ||
        !json_is_object(json_object_get(info, "config")))
        return dr_script_fail(s, DR_E_PROTOCOL, "a changefeed's details are unreadable");
    d->id = dr_strdup(s->arena, s->call->args.feed.id);
    d->present = true;
    if (!dr_json_u64(info, "upstream_id", &d->upstream_id))
        d->upstream_id = 0;
    if (!dr_json_u64(info, "start_ts", &d->start_ts)) /* left out when 0 */
        d->start_ts = 0;
    if (dr_feed_config(&desired, access, s->call->at.cluster, &s->call->args.feed, false,
                       s->arena, &err) != 0)
        return dr_script_fail(s, err.code, "%s", err.text);
    dr_buf_init(&sink, 64 << 10);
    dr_feed_sink_uri(&sink, access, &s->call->args.feed, NULL);
    dr_feed_compare(d, access, desired, dr_buf_str(&sink), info, s->arena);
    dr_buf_release(&sink);
    d->seen = dr_script_seen(s);
    s->reply.as.feed = d;
    return DR_FLOW_DONE;
}

/* Present is present, whatever the health; absent needs the rest of the poll. */
static enum dr_flow take_feed(struct dr_script *s, const struct dr_answer *a)
{
    struct feed_script *mine = s->mine;
    if (a->http.status == 200) {
        const json_t *info = dr_script_json(s, a);
        if (!info)
            return DR_FLOW_OVER;
        enum dr_flow flow = read_detail(s, info);
        if (flow == DR_FLOW_DONE)
            s->reply.as.feed->owner_id = mine->owner;
        return flow;
    }
    if (dr_cdc_classify(s, &a->http).class->kind != DR_CDC_NOT_EXIST)
        return dr_script_http_error(s, a);
    if (!mine->healthy || !mine->owner)
        return dr_script_fail(s, DR_E_PEER,
                              "not seen, but TiCDC is unhealthy or without an owner");
    return DR_FLOW_NEXT;
}

static enum dr_flow take_owner_after(struct dr_script *s, const struct dr_answer *a)
{
    const struct feed_script *mine = s->mine;
    const char *owner;
    if (!read_owner(s, a, &owner, NULL))
        return DR_FLOW_OVER;
    if (!owner || strcmp(owner, mine->owner) != 0)
        return dr_script_fail(s, DR_E_PEER, "not seen, but the owner has changed");
    return DR_FLOW_NEXT;
}

/* The first ticks of a new owner know no feeds, so one poll proves nothing: observe/
 * counts them. Source: tiflow: cdc/owner/owner.go Tick, handleQueries. */
static enum dr_flow take_health_after(struct dr_script *s, const struct dr_answer *a)
{
    const struct feed_script *mine = s->mine;
    if (a->http.status != 200)
        return dr_script_fail(s, DR_E_PEER, "not seen, but TiCDC is unhealthy");
    struct dr_feed_detail *d = DR_NEW(s->arena, struct dr_feed_detail);
    d->id = dr_strdup(s->arena, s->call->args.feed.id);
    d->absent_polls = 1;
    d->owner_id = mine->owner;
    d->seen = dr_script_seen(s);
    d->absent_since_ms = d->seen.at_ms;
    s->reply.as.feed = d;
    return DR_FLOW_DONE;
}

static const struct dr_step feed_steps[] = {
    {.name = "ask TiCDC's health",
     .text = API "/health",
     .take = take_health_before,
     .takes_errors = true},
    {.name = "list captures", .text = API "/captures", .take = take_owner_before},
    {.name = "read the changefeed",
     .ask = ask_get,
     .take = take_feed,
     .takes_errors = true},
    {.name = "list captures", .text = API "/captures", .take = take_owner_after},
    {.name = "ask TiCDC's health",
     .text = API "/health",
     .take = take_health_after,
     .takes_errors = true},
    DR_STEP_END,
};
const struct dr_play dr_play_cdc_feed = {.via = DR_VIA_CDC,
                                         .steps = feed_steps,
                                         .begin = begin_feed,
                                         .mine_bytes = sizeof(struct feed_script)};

/* ---- create ---- */

static enum dr_flow begin_create(struct dr_script *s)
{
    if (!s->call->args.feed.start_ts || s->call->args.feed.start_ts > INT64_MAX)
        return dr_script_fail(s, DR_E_BUG, "a feed without a start");
    return begin_feed(s);
}

/* A create's or an update's body, with the password of its generation; of `members` the
 * reference is taken. */
static enum dr_flow send_feed(struct dr_script *s, const char *method, const char *target,
                              json_t *members, bool with_sink, json_t *config)
{
    const struct dr_feed_args *args = &s->call->args.feed;
    const struct dr_login *sink =
        dr_access_sink_login(s->wire->access, dr_script_cluster(s)->declared->name,
                             args->to, args->generation);
    struct dr_buf uri, text;
    if (!sink || !members) {
        json_decref(members);
        return dr_script_fail(s, DR_E_INPUT, "no sink account is declared");
    }
    dr_buf_init(&uri, 64 << 10);
    dr_feed_sink_uri(&uri, s->wire->access, args, &sink->password);
    if (with_sink)
        json_object_set_new(members, "sink_uri", json_string(dr_buf_str(&uri)));
    json_object_set(members, "replica_config", config);
    char *raw = json_dumps(members, JSON_SORT_KEYS | JSON_COMPACT);
    dr_buf_init(&text, 4 << 20);
    if (raw) {
        dr_buf_adds(&text, raw);
        explicit_bzero(raw, strlen(raw));
        free(raw);
    }
    json_decref(members);
    explicit_bzero(uri.data, uri.len);
    dr_buf_release(&uri);
    if (!text.len)
        return dr_script_fail(s, DR_E_BUG, "the feed's config cannot be written");
    return dr_script_http(s, method, target, dr_script_secret(s, &text));
}

/* Explicit id and start_ts make a create that was lost recognisable. */
static enum dr_flow ask_create(struct dr_script *s)
{
    const struct dr_feed_args *args = &s->call->args.feed;
    struct dr_err err;
    json_t *config;
    if (dr_feed_config(&config, s->wire->access, s->call->at.cluster, args, true,
                       s->arena, &err))
        return dr_script_fail(s, err.code, "%s", err.text);
    return send_feed(s, "POST", API "/changefeeds",
                     json_pack("{s:s, s:I}", "changefeed_id", args->id, "start_ts",
                               (json_int_t)args->start_ts),
                     true, config);
}

/* Somebody's create got there first; it may have been our own, whose answer was lost. */
static enum dr_flow take_create(struct dr_script *s, const struct dr_answer *a)
{
    if (a->http.status >= 200 && a->http.status < 300)
        return DR_FLOW_DONE;
    enum dr_flow flow = dr_script_http_error(s, a);
    return dr_cdc_classify(s, &a->http).class->kind == DR_CDC_EXISTS ? DR_FLOW_NEXT
                                                                     : flow;
}

/* One of that name is there or was, so from here on nothing proves "without effect". */
static enum dr_flow take_created(struct dr_script *s, const struct dr_answer *a)
{
    const struct dr_access_cluster *c = dr_script_cluster(s);
    s->mutated = true;
    if (a->http.status != 200) {
        (void)dr_script_http_error(s, a);
        s->mutated = true;
        return DR_FLOW_OVER;
    }
    const json_t *info = dr_script_json(s, a);
    if (!info || read_detail(s, info) == DR_FLOW_OVER)
        return DR_FLOW_OVER;
    uint64_t start = 0;
    const struct dr_feed_detail *d = s->reply.as.feed;
    if (d->difference_count || !dr_json_u64(info, "start_ts", &start) ||
        start != s->call->args.feed.start_ts)
        return dr_script_fail(s, DR_E_CONFLICT,
                              "a changefeed '%s' exists in %s and is another one",
                              s->call->args.feed.id, c->declared->name);
    s->reply.as.feed = NULL;
    return DR_FLOW_DONE;
}

static const struct dr_step create_steps[] = {
    {.name = "create the changefeed",
     .ask = ask_create,
     .take = take_create,
     .mutates = true,
     .takes_errors = true,
     .limit_ms = -1},
    {.name = "read the changefeed",
     .ask = ask_get,
     .take = take_created,
     .takes_errors = true},
    DR_STEP_END,
};
const struct dr_play dr_play_feed_create = {.via = DR_VIA_CDC,
                                            .steps = create_steps,
                                            .begin = begin_create,
                                            .mine_bytes = sizeof(struct feed_script)};

/* ---- update ---- */

/* Refused by TiCDC in any other state; read first, because what it shows says whether
 * there is anything to send, and whether the sink's URI is part of it: what is not sent
 * stays, so that a password is only written where it must be. */
static enum dr_flow take_before_update(struct dr_script *s, const struct dr_answer *a)
{
    struct feed_script *mine = s->mine;
    const json_t *info = dr_script_json(s, a);
    if (!info || read_detail(s, info) == DR_FLOW_OVER)
        return DR_FLOW_OVER;
    const struct dr_feed_detail *d = s->reply.as.feed;
    enum dr_feed_state state = dr_feed_state_parse(dr_json_str(info, "state"));
    s->reply.as.feed = NULL;
    mine->new_arch = dr_feed_is_new(info);
    mine->sink_differs = s->call->args.feed.secret != NULL;
    if (!d->difference_count && !mine->sink_differs)
        return DR_FLOW_DONE;
    for (size_t i = 0; i < d->difference_count; i++)
        mine->sink_differs |= strncmp(d->differences[i].field, "sink_uri", 8) == 0;
    if (state != DR_FEED_STOPPED && state != DR_FEED_FAILED)
        return dr_script_fail(s, DR_E_CONFLICT,
                              "a changefeed in state '%s' cannot be updated",
                              dr_feed_state_name(state));
    return DR_FLOW_NEXT;
}

/* The whole of it: an update replaces replica_config, and merges nothing. Source: tiflow:
 * cdc/api/v2/model.go toInternalReplicaConfigWithOriginConfig. */
static enum dr_flow ask_update(struct dr_script *s)
{
    const struct feed_script *mine = s->mine;
    const struct dr_feed_args *args = &s->call->args.feed;
    struct dr_err err;
    json_t *config;
    if (dr_feed_config(&config, s->wire->access, s->call->at.cluster, args, true,
                       s->arena, &err))
        return dr_script_fail(s, err.code, "%s", err.text);
    dr_feed_fill(config, mine->new_arch, s->arena);
    return send_feed(s, "PUT", dr_sprintf(s->arena, API "/changefeeds/%s", args->id),
                     json_object(), mine->sink_differs, config);
}

/* "The same with the old one, do nothing": somebody was there first, perhaps we. It has
 * the code of every update that is refused. */
static enum dr_flow take_update(struct dr_script *s, const struct dr_answer *a)
{
    bool taken = a->http.status >= 200 && a->http.status < 300;
    struct dr_cdc_verdict v = {.message = ""};
    if (!taken)
        v = dr_cdc_classify(s, &a->http);
    if (taken || v.class->kind == DR_CDC_SAME || strstr(v.message, "do nothing"))
        return DR_FLOW_DONE;
    return dr_script_http_error(s, a);
}

static const struct dr_step update_steps[] = {
    {.name = "read the changefeed", .ask = ask_get, .take = take_before_update},
    {.name = "update the changefeed",
     .ask = ask_update,
     .take = take_update,
     .mutates = true,
     .takes_errors = true,
     .limit_ms = -1},
    DR_STEP_END,
};
const struct dr_play dr_play_feed_update = {.via = DR_VIA_CDC,
                                            .steps = update_steps,
                                            .begin = begin_feed,
                                            .mine_bytes = sizeof(struct feed_script)};

/* ---- pause, resume, delete ---- */

/* Reads the state first: pause of a stopped feed and resume of a running one answer 200
 * and do nothing, and a pause before the owner has a status of the feed can bring the
 * owner down. Source: tiflow: cdc/owner/feed_state_manager.go, owner.go handleQueries. */
static enum dr_flow take_state(struct dr_script *s, const struct dr_answer *a)
{
    const json_t *info = dr_script_json(s, a);
    bool pause = s->call->kind == DR_CALL_FEED_PAUSE;
    if (!info)
        return DR_FLOW_OVER;
    enum dr_feed_state state = dr_feed_state_parse(dr_json_str(info, "state"));
    bool running = state == DR_FEED_NORMAL || state == DR_FEED_WARNING;
    if (state == DR_FEED_STRANGE)
        return dr_script_fail(s, DR_E_CONFLICT, "the changefeed is in a strange state");
    if (pause ? state == DR_FEED_STOPPED : running)
        return DR_FLOW_DONE;
    if (pause && !running)
        return dr_script_fail(s, DR_E_CONFLICT, "a changefeed in state '%s' cannot pause",
                              dr_feed_state_name(state));
    return DR_FLOW_NEXT;
}

static enum dr_flow ask_pause(struct dr_script *s)
{
    return feed_request(s, "POST", "/pause", NULL);
}

static enum dr_flow ask_resume(struct dr_script *s)
{
    return feed_request(s, "POST", "/resume", "{\"overwrite_checkpoint_ts\":0}");
}

static enum dr_flow ask_delete(struct dr_script *s)
{
    return feed_request(s, "DELETE", "", NULL);
}

static const struct dr_step pause_steps[] = {
    {.name = "read the changefeed", .ask = ask_get, .take = take_state},
    {.name = "pause the changefeed", .ask = ask_pause, .mutates = true, .limit_ms = -1},
    DR_STEP_END,
};
const struct dr_play dr_play_feed_pause = {
    .via = DR_VIA_CDC, .steps = pause_steps, .begin = begin_feed};

static const struct dr_step resume_steps[] = {
    {.name = "read the changefeed", .ask = ask_get, .take = take_state},
    {.name = "resume the changefeed", .ask = ask_resume, .mutates = true, .limit_ms = -1},
    DR_STEP_END,
};
const struct dr_play dr_play_feed_resume = {
    .via = DR_VIA_CDC, .steps = resume_steps, .begin = begin_feed};

/* 200 also when there was none, and during an owner change without deleting anything. */
static const struct dr_step delete_steps[] = {
    {.name = "delete the changefeed", .ask = ask_delete, .mutates = true, .limit_ms = -1},
    DR_STEP_END,
};
const struct dr_play dr_play_feed_delete = {
    .via = DR_VIA_CDC, .steps = delete_steps, .begin = begin_feed};
