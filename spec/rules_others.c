/* What a controller document and an estate may not say. */
#include <string.h>

#include "spec/controller_doc.h"
#include "spec/estate_doc.h"
#include "spec/rule.h"

static void source_one(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_controller_doc *k = doc;
    if (k->source.git.declared == (k->source.dir != NULL))
        dr_breach(c, code, "spec.source", "give source.git or source.dir, exactly one");
}

static void git_ssh(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_git_source *g = &((const struct dr_controller_doc *)doc)->source.git;
    if (!g->declared || g->url[0] == '/' || !strncmp(g->url, "https://", 8))
        return;
    if (!dr_secret_given(&g->ssh.key) || !g->ssh.known_hosts)
        dr_breach(c, code, "spec.source.git.url", "an ssh address needs ssh.%s",
                  g->ssh.known_hosts ? "key" : "knownHosts");
}

static void git_signers(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_git_source *g = &((const struct dr_controller_doc *)doc)->source.git;
    if (g->verify.mode == DR_GIT_VERIFY_HEAD && !g->verify.allowed_signers)
        dr_breach(c, code, "spec.source.git.verify", "allowedSigners is missing");
}

static bool loopback(const char *host)
{
    return !strncmp(host, "127.", 4) || !strcmp(host, "::1") ||
           !strcmp(host, "localhost");
}

static void listener_open(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_controller_doc *k = doc;
    for (size_t i = 0; i < k->listener_count; i++)
        if (!k->listeners[i].cert && !loopback(k->listeners[i].address.host))
            dr_breach(c, code, dr_item_path(c, "spec.listeners", i, "address"),
                      "%s is reachable from elsewhere, without TLS",
                      k->listeners[i].address.text);
}

static void listener_tls(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_controller_doc *k = doc;
    for (size_t i = 0; i < k->listener_count; i++)
        if (!k->listeners[i].cert != !k->listeners[i].key)
            dr_breach(c, code, dr_item_path(c, "spec.listeners", i, ""),
                      "cert and key go together");
}

static void lease(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_controller_doc *k = doc;
    if (k->lease.duration_ms < 3 * k->interval_ms)
        dr_breach(c, code, "spec.lease.duration",
                  "the lease must be at least three times the interval");
}

/* ---- estate ---- */

struct heard {
    const struct dr_hostport *address;
    const char *path;
};

struct listening {
    struct heard *items;
    size_t count, room;
};

static void listen_on(struct dr_check *c, enum dr_vcode code, struct listening *l,
                      const struct dr_hostport *a, const char *path)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct dr_hostport *b = l->items[i].address;
        if (a->port != b->port || strcmp(a->host, b->host) != 0)
            continue;
        dr_breach(c, code, path, "%s is given twice", a->text)->hint =
            dr_sprintf(c->decode->arena, "the first one is at line %u",
                       dr_doc_mark(c->doc, l->items[i].path).line);
        return;
    }
    *DR_PUSH(c->decode->arena, l->items, l->count, l->room) = (struct heard){a, path};
}

static void sim_address_twice(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_estate_doc *e = doc;
    struct dr_arena *a = c->decode->arena;
    struct listening l = {0};
    for (size_t i = 0; i < e->cluster_count; i++) {
        const struct dr_sim_cluster *k = &e->clusters[i];
        for (size_t n = 0; n < k->sql_count; n++) {
            listen_on(c, code, &l, &k->sql[n].address,
                      dr_sprintf(a, "spec.clusters[%zu].sql[%zu].address", i, n));
            listen_on(c, code, &l, &k->sql[n].status,
                      dr_sprintf(a, "spec.clusters[%zu].sql[%zu].status", i, n));
        }
        for (size_t n = 0; n < k->pd_count; n++)
            listen_on(c, code, &l, &k->pd[n],
                      dr_sprintf(a, "spec.clusters[%zu].pd[%zu]", i, n));
        for (size_t n = 0; n < k->ticdc.capture_count; n++)
            listen_on(c, code, &l, &k->ticdc.captures[n],
                      dr_sprintf(a, "spec.clusters[%zu].ticdc.captures[%zu]", i, n));
    }
    for (size_t i = 0; i < e->storage_count; i++)
        listen_on(c, code, &l, &e->storage[i].address,
                  dr_sprintf(a, "spec.storage[%zu].address", i));
}

static void sim_id_twice(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_estate_doc *e = doc;
    for (size_t i = 0; i < e->cluster_count; i++)
        for (size_t k = 0; k < i; k++)
            if (e->clusters[i].pd_cluster_id &&
                e->clusters[i].pd_cluster_id == e->clusters[k].pd_cluster_id)
                dr_breach(c, code, dr_item_path(c, "spec.clusters", i, "pdClusterId"),
                          "'%s' has the same one", e->clusters[k].name);
}

static void sim_tls(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_estate_doc *e = doc;
    for (size_t i = 0; i < e->cluster_count; i++)
        if (!e->clusters[i].tls.cert != !e->clusters[i].tls.key)
            dr_breach(c, code, dr_item_path(c, "spec.clusters", i, "tls"),
                      "cert and key go together");
}

static const struct dr_rule controller_rules[] = {
    {DR_V_SOURCE_ONE, "spec.source.git.url spec.source.dir", source_one},
    {DR_V_GIT_SSH, "spec.source.git.url spec.source.git.ssh", git_ssh},
    {DR_V_GIT_SIGNERS, "spec.source.git.verify", git_signers},
    {DR_V_LISTENER_OPEN, "spec.listeners", listener_open},
    {DR_V_LISTENER_TLS, "spec.listeners", listener_tls},
    {DR_V_LEASE, "spec.lease.duration spec.interval", lease},
};

static const struct dr_rule estate_rules[] = {
    {DR_V_SIM_ADDRESS_TWICE,
     "spec.clusters.sql spec.clusters.pd "
     "spec.clusters.ticdc.captures spec.storage.address",
     sim_address_twice},
    {DR_V_SIM_ID_TWICE, "spec.clusters.pdClusterId spec.clusters.name", sim_id_twice},
    {DR_V_SIM_TLS, "spec.clusters.tls", sim_tls},
};

const struct dr_rule *dr_controller_rules(size_t *count)
{
    *count = sizeof(controller_rules) / sizeof(controller_rules[0]);
    return controller_rules;
}

const struct dr_rule *dr_estate_rules(size_t *count)
{
    *count = sizeof(estate_rules) / sizeof(estate_rules[0]);
    return estate_rules;
}
