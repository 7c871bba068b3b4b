/* Who reaches whom: parties, and the cuts between them. */
#include "controller/estate/model/network.h"

#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/estate/model/pd.h"

/* One end of a cut, as it was named. `text` of an alias stands for what it names. */
struct end {
    const char *said; /* as given, for people */
    const char *text; /* the alias resolved, without "sql:" and the like */
    bool one_kind;    /* only processes of: */
    enum dr_party_kind kind;
    uint64_t pid; /* 0: not by process */
};
struct dr_cut {
    struct dr_cut *next;
    struct end a, b;
};
struct dr_alias {
    struct dr_alias *next;
    const char *name, *is;
};

/* ---- parties ---- */

static bool listed(const struct dr_hostport *list, size_t n, const struct dr_address *at)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].port == at->port && strcasecmp(list[i].host, at->host) == 0)
            return true;
    return false;
}

struct dr_party dr_party_at(const struct dr_model *m, const struct dr_address *at)
{
    const struct dr_model_instance *in = dr_model_instance((struct dr_model *)m, at);
    struct dr_party p = {.host = at->host, .port = at->port};
    for (size_t i = 0; i < m->cluster_count; i++) {
        const struct dr_model_cluster *c = &m->clusters[i];
        const struct dr_sim_cluster *d = c->doc;
        bool cdc = listed(d->ticdc.captures, d->ticdc.capture_count, at);
        if (!cdc && (!in || in->cluster != c) && !listed(d->pd, d->pd_count, at))
            continue;
        p.kind = cdc ? DR_PARTY_CDC : in ? DR_PARTY_SQL : DR_PARTY_PD;
        p.cluster = c->name;
        p.region = cdc && d->ticdc.region ? d->ticdc.region : c->region;
        if (p.kind == DR_PARTY_SQL) /* not the status port, if it was given */
            p.port = in->sql.port;
        return p;
    }
    for (size_t i = 0; i < m->doc->storage_count; i++)
        if (listed(&m->doc->storage[i].address, 1, at)) {
            p.kind = DR_PARTY_STORE;
            p.storage = m->doc->storage[i].name;
            p.region = m->doc->storage[i].region;
        }
    return p;
}

static struct dr_party party_client(const struct dr_model_client *client)
{
    return (struct dr_party){
        .kind = DR_PARTY_CLIENT, .host = client->host, .client = client};
}

/* ---- ends ---- */

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* "127.0.0.9" is that address, "127.9." all that begin so. */
static bool host_is(const char *text, const char *host)
{
    size_t len = strlen(text);
    if (len && text[len - 1] == '.')
        return strncmp(text, host, len) == 0;
    return strcasecmp(text, host) == 0;
}

static bool is(const struct end *e, const struct dr_party *p)
{
    struct dr_address at;
    if (e->pid)
        return p->kind == DR_PARTY_CLIENT && p->client && p->client->is_process &&
               p->client->is_process(p->client, e->pid);
    if (e->one_kind && e->kind != p->kind)
        return false;
    if (p->kind == DR_PARTY_CLIENT)
        return strcmp(e->text, "clients") == 0 || host_is(e->text, p->host);
    if (strchr(e->text, ':') && dr_address_parse(&at, e->text, 0))
        return at.port == p->port && strcasecmp(at.host, p->host) == 0;
    return same(e->text, p->cluster) || same(e->text, p->region) ||
           same(e->text, p->storage) || host_is(e->text, p->host);
}

/* Whether the network carries packets between the two. */
static bool model_reaches(const struct dr_model *m, const struct dr_party *a,
                          const struct dr_party *b)
{
    for (const struct dr_cut *c = m->cuts; c; c = c->next)
        if ((is(&c->a, a) && is(&c->b, b)) || (is(&c->b, a) && is(&c->a, b)))
            return false;
    return true;
}

bool dr_model_reach(const struct dr_model *m, const struct dr_address *from,
                    const struct dr_address *to)
{
    if (!m->cuts)
        return true;
    struct dr_party a = dr_party_at(m, from), b = dr_party_at(m, to);
    return model_reaches(m, &a, &b);
}

bool dr_model_reached_by(const struct dr_model *m, const struct dr_model_client *client,
                         const struct dr_address *at)
{
    if (!m->cuts)
        return true;
    struct dr_party a = party_client(client), b = dr_party_at(m, at);
    return model_reaches(m, &a, &b);
}

bool dr_instance_pd_ok(const struct dr_model_instance *in)
{
    const struct dr_model *m = in->cluster->model;
    const struct dr_pd_cluster *pd = &m->pd->clusters[in->cluster->index];
    return dr_model_pd_ok(m, in->cluster->index) &&
           (!m->cuts || !pd->member_count ||
            dr_model_reach(m, &in->sql, &pd->members[pd->leader].process.at));
}

/* ---- cutting and healing ---- */

static const struct {
    const char *word;
    enum dr_party_kind kind;
} kinds[] = {{"sql:", DR_PARTY_SQL},
             {"pd:", DR_PARTY_PD},
             {"ticdc:", DR_PARTY_CDC},
             {"storage:", DR_PARTY_STORE}};

static bool named_in_document(const struct dr_model *m, const char *text)
{
    for (size_t i = 0; i < m->cluster_count; i++) {
        const struct dr_sim_cluster *d = m->clusters[i].doc;
        if (same(text, m->clusters[i].name) || same(text, m->clusters[i].region) ||
            same(text, d->ticdc.region))
            return true;
    }
    for (size_t i = 0; i < m->doc->storage_count; i++)
        if (same(text, m->doc->storage[i].name) || same(text, m->doc->storage[i].region))
            return true;
    return false;
}

/* "127.0.0.9", "127.9." */
static bool looks_like_host(const char *text)
{
    return strchr(text, '.') && strspn(text, "0123456789.") == strlen(text);
}

static int read_end(struct dr_model *m, const char *said, struct end *e,
                    struct dr_err *err)
{
    struct dr_address at;
    const char *text = said;
    *e = (struct end){.said = dr_strdup(m->arena, said)};
    for (const struct dr_alias *a = m->aliases; a; a = a->next)
        if (same(a->name, text))
            text = a->is;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t len = strlen(kinds[i].word);
        if (strncmp(text, kinds[i].word, len) == 0) {
            e->one_kind = true;
            e->kind = kinds[i].kind;
            text += len;
            break;
        }
    }
    e->text = dr_strdup(m->arena, text);
    if (strncmp(text, "pid:", 4) == 0 &&
        dr_parse_u64(text + 4, strlen(text + 4), &e->pid) && e->pid)
        return 0;
    if (same(text, "clients") || named_in_document(m, text) || looks_like_host(text) ||
        (strchr(text, ':') && dr_address_parse(&at, text, 0) &&
         dr_party_at(m, &at).kind != DR_PARTY_CLIENT))
        return 0;
    int code = dr_fail(err, DR_E_INPUT, "'%s' is nothing that could be cut off", said);
    dr_hint(err, "a cluster, region or storage, sql:NAME, pd:NAME, ticdc:NAME, HOST:PORT "
                 "of the estate, a client's HOST, pid:N, clients, or an alias");
    return code;
}

int dr_model_partition(struct dr_model *m, const char *a, const char *b,
                       struct dr_err *err)
{
    struct dr_cut *c = DR_NEW(m->arena, struct dr_cut), **p = &m->cuts;
    int code = read_end(m, a, &c->a, err);
    if (!code)
        code = read_end(m, b, &c->b, err);
    if (code)
        return code;
    while (*p)
        p = &(*p)->next;
    *p = c;
    m->network_changes++;
    return 0;
}

size_t dr_model_heal(struct dr_model *m, const char *a, const char *b)
{
    size_t healed = 0;
    for (struct dr_cut **p = &m->cuts; *p;) {
        const struct dr_cut *c = *p;
        bool hit = !a || (same(c->a.said, a) && same(c->b.said, b)) ||
                   (same(c->a.said, b) && same(c->b.said, a));
        healed += hit;
        if (hit)
            *p = c->next;
        else
            p = &(*p)->next;
    }
    m->network_changes += healed > 0;
    return healed;
}

int dr_model_alias(struct dr_model *m, const char *name, const char *what,
                   struct dr_err *err)
{
    struct end probe;
    if (named_in_document(m, name) || strpbrk(name, ":."))
        return dr_fail(err, DR_E_INPUT, "'%s' cannot be an alias", name);
    int code = read_end(m, what, &probe, err);
    if (code)
        return code;
    struct dr_alias *a = DR_NEW(m->arena, struct dr_alias), **p = &m->aliases;
    *a = (struct dr_alias){NULL, dr_strdup(m->arena, name), dr_strdup(m->arena, what)};
    while (*p) /* the last one of a name counts */
        p = &(*p)->next;
    *p = a;
    return 0;
}

void dr_model_each_cut(const struct dr_model *m,
                       void (*fn)(void *arg, const char *a, const char *b), void *arg)
{
    for (const struct dr_cut *c = m->cuts; c; c = c->next)
        fn(arg, c->a.said, c->b.said);
}

uint64_t dr_model_network_changes(const struct dr_model *m)
{
    return m->network_changes;
}
