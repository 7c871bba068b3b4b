/* PD's HTTP API. Member ids are beyond 2^63 about half the time; dr_json keeps such
 * numbers as text. Source: pd: server/api/member.go, service_gc_safepoint.go. */
#include <string.h>
#include <strings.h>

#include "controller/base/json.h"
#include "controller/estate/wire/cdc.h"

/* "http://10.0.1.1:2379/" -> "10.0.1.1:2379". */
static const char *host_port(const char *url, struct dr_arena *a)
{
    const char *at = strstr(url, "://");
    at = at ? at + 3 : url;
    return dr_strndup(a, at, strcspn(at, "/?#"));
}

static size_t count_urls(const json_t *members)
{
    size_t n = 0, i;
    json_t *m;
    json_array_foreach(members, i, m) n +=
        json_array_size(json_object_get(m, "client_urls"));
    return n;
}

static enum dr_flow take_members(struct dr_script *s, const struct dr_answer *a)
{
    const json_t *body = dr_script_json(s, a);
    if (!body)
        return DR_FLOW_OVER;
    struct dr_pd *pd = DR_NEW(s->arena, struct dr_pd);
    const json_t *members = json_object_get(body, "members"), *leader;
    const char *version = NULL;
    size_t i, k;
    json_t *m, *url;
    if (!dr_json_u64(json_object_get(body, "header"), "cluster_id", &pd->cluster_id) ||
        !pd->cluster_id || !json_array_size(members))
        return dr_script_fail(s, DR_E_PROTOCOL, "PD shows no cluster id or no members");
    pd->addresses = DR_NEW_N(s->arena, count_urls(members), const char *);
    json_array_foreach(members, i, m)
    {
        json_array_foreach(json_object_get(m, "client_urls"), k, url)
        {
            if (json_is_string(url))
                pd->addresses[pd->address_count++] =
                    host_port(json_string_value(url), s->arena);
        }
        if (!version)
            version = dr_json_str(m, "binary_version");
    }
    leader = json_object_get(body, "leader");
    if (dr_json_str(leader, "binary_version"))
        version = dr_json_str(leader, "binary_version");
    if (version)
        pd->version = dr_version_parse(version, s->arena);
    pd->seen = dr_script_seen(s);
    s->reply.as.pd = pd;
    return DR_FLOW_DONE;
}

static const struct dr_step identity_steps[] = {
    {.name = "read PD's members", .text = "/pd/api/v1/members", .take = take_members},
    DR_STEP_END,
};
const struct dr_play dr_play_pd_identity = {.via = DR_VIA_PD, .steps = identity_steps};

/* Expired entries stay listed: so the list is given as it is, and the reader compares
 * expiry with his clock. PD leaves out none of what is read here when it is 0 (only
 * min_service_gc_safe_point): what is missing is not known, and 0 would say that GC has
 * taken nothing yet. */
static enum dr_flow take_safepoints(struct dr_script *s, const struct dr_answer *a)
{
    const json_t *body = dr_script_json(s, a);
    if (!body)
        return DR_FLOW_OVER;
    struct dr_safepoints *p = DR_NEW(s->arena, struct dr_safepoints);
    const json_t *list = json_object_get(body, "service_gc_safe_points");
    size_t i;
    json_t *one;
    if (!dr_json_u64(body, "gc_safe_point", &p->gc_safe_point) ||
        (list && !json_is_array(list) && !json_is_null(list)))
        return dr_script_fail(s, DR_E_PROTOCOL, "PD's safe points are unreadable");
    p->items = DR_NEW_N(s->arena, json_array_size(list), struct dr_safepoint);
    json_array_foreach(list, i, one)
    {
        struct dr_safepoint *sp = &p->items[p->count++];
        const char *id = dr_json_str(one, "service_id");
        if (!id || !dr_json_i64(one, "expired_at", &sp->expired_at_s) ||
            !dr_json_u64(one, "safe_point", &sp->safe_point))
            return dr_script_fail(s, DR_E_PROTOCOL, "a safe point of PD is unreadable");
        sp->service_id = dr_strdup(s->arena, id);
    }
    p->seen = dr_script_seen(s);
    s->reply.as.safepoints = p;
    return DR_FLOW_DONE;
}

static const struct dr_step safepoints_steps[] = {
    {.name = "read PD's safe points",
     .text = "/pd/api/v1/gc/safepoint",
     .take = take_safepoints},
    DR_STEP_END,
};
const struct dr_play dr_play_pd_safepoints = {.via = DR_VIA_PD,
                                              .steps = safepoints_steps};

/* TiFlash holds copies of its own, and BR leaves it out: its stores carry the label
 * engine=tiflash. Source: tidb: br/pkg/conn/conn.go, pkg/util/engine. */
static bool is_tiflash(const json_t *store)
{
    size_t i;
    json_t *label;
    json_array_foreach(json_object_get(store, "labels"), i, label)
    {
        const char *key = dr_json_str(label, "key"), *value = dr_json_str(label, "value");
        if (key && value && strcmp(key, "engine") == 0 &&
            strncmp(value, "tiflash", 7) == 0)
            return true;
    }
    return false;
}

/* leader_size counts MiB; no size at all is no size of 0. */
static enum dr_flow take_stores(struct dr_script *s, const struct dr_answer *a)
{
    enum { MIB = 1 << 20 };
    const json_t *body = dr_script_json(s, a), *list = json_object_get(body, "stores");
    struct dr_stores *x = DR_NEW(s->arena, struct dr_stores);
    size_t i;
    json_t *one;
    if (!body)
        return DR_FLOW_OVER;
    if (!json_is_array(list))
        return dr_script_fail(s, DR_E_PROTOCOL, "PD's stores are unreadable");
    json_array_foreach(list, i, one)
    {
        const json_t *store = json_object_get(one, "store");
        const char *state = dr_json_str(store, "state_name");
        uint64_t mib;
        if (!state || strcmp(state, "Up") != 0 || is_tiflash(store))
            continue;
        if (!dr_json_u64(json_object_get(one, "status"), "leader_size", &mib) ||
            mib > UINT64_MAX / MIB - x->data_bytes / MIB)
            return dr_script_fail(s, DR_E_PROTOCOL, "a store of PD shows no leader_size");
        x->data_bytes += mib * MIB;
        x->count++;
    }
    if (!x->count)
        return dr_script_fail(s, DR_E_PROTOCOL, "PD shows no TiKV store that is up");
    s->reply.as.stores = x;
    return DR_FLOW_NEXT;
}

static enum dr_flow take_replicas(struct dr_script *s, const struct dr_answer *a)
{
    const json_t *body = dr_script_json(s, a);
    struct dr_stores *x = s->reply.as.stores;
    uint64_t n;
    if (!body)
        return DR_FLOW_OVER;
    if (!dr_json_u64(body, "max-replicas", &n) || !n || n > UINT32_MAX)
        return dr_script_fail(s, DR_E_PROTOCOL, "PD shows no max-replicas");
    x->replicas = (uint32_t)n;
    x->seen = dr_script_seen(s);
    return DR_FLOW_DONE;
}

static const struct dr_step stores_steps[] = {
    {.name = "read PD's stores", .text = "/pd/api/v1/stores", .take = take_stores},
    {.name = "read PD's replication",
     .text = "/pd/api/v1/config/replicate",
     .take = take_replicas},
    DR_STEP_END,
};
const struct dr_play dr_play_pd_stores = {.via = DR_VIA_PD, .steps = stores_steps};
