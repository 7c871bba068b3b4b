/* PD: who leads, and the safepoints that hold GC. Times are those captured from a real PD
 * (v9.0 beta, lease 5 s, etcd tick 500 ms): a killed leader is missed for about 11 s. */
#include "controller/estate/model/pd.h"

#include <string.h>

#include "controller/estate/model/http.h"

enum {
    ELECTION_MS = 10800, /* and up to a second more */
    ELECTION_EXTRA_MS = 900,
    RESTART_MS = 4200, /* quorum came back */
};

static void add_members(struct dr_pd_cluster *pd, const struct dr_sim_cluster *doc)
{
    struct dr_model *m = pd->model;

    pd->member_count = doc->pd_count;
    pd->members = DR_NEW_N(m->arena, doc->pd_count, struct dr_pd_member);
    for (size_t i = 0; i < doc->pd_count; i++) {
        struct dr_pd_member *p = &pd->members[i];
        p->process.up = true;
        snprintf(p->process.at.host, sizeof(p->process.at.host), "%s", doc->pd[i].host);
        p->process.at.port = doc->pd[i].port;
        p->name = dr_sprintf(m->arena, "pd-%zu", i + 1);
        p->id = dr_prng_next(&m->prng);
        if (i == 1)
            p->id |= 1ull << 63; /* every estate has one that int64 cannot hold */
        p->started_ms = m->wall0_ms;
    }
}

int dr_model_pd_init(struct dr_model *m, struct dr_err *err)
{
    struct dr_pd *all = DR_NEW(m->arena, struct dr_pd);

    (void)err; /* nothing of a decoded document can be refused here */
    all->count = m->cluster_count;
    all->clusters = DR_NEW_N(m->arena, m->cluster_count, struct dr_pd_cluster);
    for (size_t i = 0; i < m->cluster_count; i++) {
        struct dr_pd_cluster *pd = &all->clusters[i];
        pd->model = m;
        pd->cluster = &m->clusters[i];
        add_members(pd, m->clusters[i].doc);
        pd->leader = pd->member_count ? 0 : DR_PD_NOBODY;
        pd->etcd_cluster_id = dr_prng_next(&m->prng) | 1ull << 63;
        pd->initialised = true;
        pd->bootstrapped_ms = m->wall0_ms;
    }
    m->pd = all;
    return 0;
}

void dr_model_pd_free(struct dr_model *m)
{
    for (size_t i = 0; m->pd && i < m->pd->count; i++)
        free(m->pd->clusters[i].points);
    m->pd = NULL;
}

/* ---- members ---- */
struct dr_pd_cluster *dr_pd_cluster_of(struct dr_model *m, const struct dr_address *at,
                                       size_t *member)
{
    for (size_t i = 0; m->pd && i < m->pd->count; i++)
        for (size_t j = 0; j < m->pd->clusters[i].member_count; j++)
            if (dr_address_equal(&m->pd->clusters[i].members[j].process.at, at)) {
                *member = j;
                return &m->pd->clusters[i];
            }
    return NULL;
}

struct dr_model_process *dr_pd_process(struct dr_model *m, const struct dr_address *at)
{
    size_t member;
    struct dr_pd_cluster *pd = dr_pd_cluster_of(m, at, &member);
    return pd ? &pd->members[member].process : NULL;
}

static bool lives(const struct dr_pd_member *p)
{
    return p->process.up && !p->process.hung;
}

bool dr_pd_quorum(const struct dr_pd_cluster *pd)
{
    size_t n = 0;
    for (size_t i = 0; i < pd->member_count; i++)
        n += lives(&pd->members[i]);
    return n * 2 > pd->member_count;
}

bool dr_model_pd_ok(const struct dr_model *m, size_t cluster)
{
    const struct dr_pd_cluster *pd = &m->pd->clusters[cluster];
    if (!pd->member_count)
        return true; /* an estate without PD addresses: nothing of it can fail */
    return pd->leader != DR_PD_NOBODY && lives(&pd->members[pd->leader]) &&
           dr_pd_quorum(pd);
}

static void elect(struct dr_model *m, void *arg, uint64_t n)
{
    struct dr_pd_cluster *pd = arg;
    size_t candidates = 0, pick;

    (void)n;
    pd->election = 0;
    if (!dr_pd_quorum(pd))
        return;
    for (size_t i = 0; i < pd->member_count; i++)
        candidates += lives(&pd->members[i]);
    pick = dr_model_random(m, candidates);
    for (size_t i = 0; i < pd->member_count; i++)
        if (lives(&pd->members[i]) && pick-- == 0)
            pd->leader = (int)i;
}

static void call_election(struct dr_pd_cluster *pd, int64_t in_ms)
{
    struct dr_model *m = pd->model;
    if (!pd->election)
        pd->election =
            dr_model_at(m, m->now_ms + dr_model_scaled(m, in_ms), elect, pd, 0);
}

static int64_t election_ms(struct dr_pd_cluster *pd)
{
    return ELECTION_MS + (int64_t)dr_model_random(pd->model, ELECTION_EXTRA_MS);
}

void dr_pd_lose_leader(struct dr_pd_cluster *pd)
{
    pd->leader = DR_PD_NOBODY;
    call_election(pd, election_ms(pd));
}

void dr_pd_move_leader(struct dr_pd_cluster *pd, size_t member)
{
    if (pd->leader != DR_PD_NOBODY && lives(&pd->members[member]))
        pd->leader = (int)member;
}

void dr_pd_process_changed(struct dr_model *m, struct dr_model_process *p)
{
    size_t member;
    struct dr_pd_cluster *pd = dr_pd_cluster_of(m, &p->at, &member);

    if (p->up && pd->leader != (int)member)
        pd->members[member].started_ms = dr_model_wall_ms(m);
    if (!dr_pd_quorum(pd)) {
        /* A hung leader stays the one its followers forward to. */
        if (pd->leader != DR_PD_NOBODY && !pd->members[pd->leader].process.hung)
            pd->leader = DR_PD_NOBODY;
        dr_model_cancel(m, pd->election);
        pd->election = 0;
    } else if (pd->leader == DR_PD_NOBODY)
        call_election(pd, pd->election ? 0 : RESTART_MS);
    else if (!pd->members[pd->leader].process.up)
        dr_pd_lose_leader(pd);
    else if (pd->members[pd->leader].process.hung)
        call_election(pd, election_ms(pd));
}

/* ---- safepoints ---- */
static bool counts(const struct dr_pd_cluster *pd, const struct dr_pd_point *p)
{
    return p->expires_s > dr_model_wall_ms(pd->model) / 1000;
}

uint64_t dr_pd_min(const struct dr_pd_cluster *pd)
{
    uint64_t least = pd->gc_worker;
    for (size_t i = 0; i < pd->point_count; i++)
        if (counts(pd, &pd->points[i]) && pd->points[i].tso < least)
            least = pd->points[i].tso;
    return least;
}

bool dr_pd_remove_point(struct dr_pd_cluster *pd, const char *id)
{
    for (size_t i = 0; i < pd->point_count; i++)
        if (!strcmp(pd->points[i].id, id)) {
            memmove(&pd->points[i], &pd->points[i + 1],
                    (--pd->point_count - i) * sizeof(*pd->points));
            return true;
        }
    return false;
}

/* Expired entries stay listed until the txn safe point moves. */
static void drop_expired(struct dr_pd_cluster *pd)
{
    size_t kept = 0;
    for (size_t i = 0; i < pd->point_count; i++)
        if (counts(pd, &pd->points[i]))
            pd->points[kept++] = pd->points[i];
    pd->point_count = kept;
}

uint64_t dr_model_pd_min_safepoint(struct dr_model *m, size_t cluster, uint64_t own)
{
    struct dr_pd_cluster *pd = &m->pd->clusters[cluster];
    uint64_t least = own;

    for (size_t i = 0; i < pd->point_count; i++)
        if (counts(pd, &pd->points[i]) && pd->points[i].tso < least)
            least = pd->points[i].tso;
    if (least > pd->gc_worker) {
        pd->gc_worker = least;
        drop_expired(pd);
    }
    return pd->gc_worker;
}

bool dr_model_pd_service_safepoint(struct dr_model *m, size_t cluster, const char *id,
                                   uint64_t tso, int64_t ttl_ms)
{
    struct dr_pd_cluster *pd = &m->pd->clusters[cluster];
    int64_t now_s = dr_model_wall_ms(m) / 1000;
    size_t at;

    if (ttl_ms <= 0) {
        (void)dr_pd_remove_point(pd, id);
        return true;
    }
    if (tso < pd->gc_worker)
        return false; /* nothing stored, as PD does it */
    for (at = 0; at < pd->point_count; at++)
        if (strcmp(pd->points[at].id, id) >= 0)
            break;
    if (at == pd->point_count || strcmp(pd->points[at].id, id)) {
        if (pd->point_count == pd->point_room) {
            pd->point_room = pd->point_room ? pd->point_room * 2 : 8;
            pd->points = dr_xrealloc(pd->points, pd->point_room * sizeof(*pd->points));
        }
        memmove(&pd->points[at + 1], &pd->points[at],
                (pd->point_count++ - at) * sizeof(*pd->points));
        pd->points[at].id = dr_model_string(m, id, strlen(id));
    }
    pd->points[at].tso = tso;
    pd->points[at].expires_s =
        ttl_ms / 1000 > INT64_MAX - now_s ? INT64_MAX : now_s + ttl_ms / 1000;
    return true;
}

json_t *dr_model_pd_state(const struct dr_model *m, size_t cluster)
{
    const struct dr_pd_cluster *pd = &m->pd->clusters[cluster];
    json_t *members = json_array(), *points = json_array();

    for (size_t i = 0; i < pd->member_count; i++) {
        const struct dr_model_process *p = &pd->members[i].process;
        char text[DR_HOST_MAX + 16];
        json_array_append_new(members, json_pack("{s:s, s:s, s:b, s:b, s:b, s:b}", "name",
                                                 pd->members[i].name, "at",
                                                 dr_address_text(&p->at, text), "up",
                                                 p->up, "cut", p->cut, "hung", p->hung,
                                                 "leader", pd->leader == (int)i));
    }
    for (size_t i = 0; i < pd->point_count; i++)
        json_array_append_new(points,
                              json_pack("{s:s, s:I, s:I, s:b}", "id", pd->points[i].id,
                                        "tso", (json_int_t)pd->points[i].tso, "expires_s",
                                        (json_int_t)pd->points[i].expires_s, "counts",
                                        counts(pd, &pd->points[i])));
    return json_pack("{s:b, s:o, s:o, s:I}", "ok", dr_model_pd_ok(m, cluster), "members",
                     members, "safepoints", points, "gc_worker",
                     (json_int_t)pd->gc_worker);
}
