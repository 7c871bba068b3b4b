/* What a topology may not say. One function a rule; the table is at the end. */
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/base/similar.h"
#include "spec/rule.h"

#define CLUSTERS "spec.clusters"

static bool same(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

/* A field names a cluster that is not declared. */
static void no_cluster(struct dr_check *c, enum dr_vcode code,
                       const struct dr_topology *t, const char *path, const char *name)
{
    struct dr_arena *a = c->decode->arena;
    const char **names = DR_NEW_N(a, t->cluster_count + 1, const char *);
    struct dr_buf b;
    dr_buf_init(&b, 2000);
    for (size_t i = 0; i < t->cluster_count; i++) {
        names[i] = t->clusters[i].name;
        dr_buf_addf(&b, "%s%s", i ? ", " : "", names[i]);
    }
    struct dr_finding *f = dr_breach(c, code, path, "'%s' is no declared cluster", name);
    f->meant = dr_similar(name, names, t->cluster_count);
    if (!f->meant)
        f->hint = dr_sprintf(a, "declared clusters: %s", dr_buf_str(&b));
    dr_buf_release(&b);
}

static void primary(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    if (t->mode == DR_MODE_PRIMARY_SECONDARY && !dr_topology_cluster(t, t->primary))
        no_cluster(c, code, t, "spec.primary", t->primary);
}

static void cluster_count(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    if (t->mode == DR_MODE_PRIMARY_SECONDARY && t->cluster_count != 2)
        dr_breach(c, code, CLUSTERS,
                  "PrimarySecondary takes exactly two clusters, not %zu",
                  t->cluster_count);
    if (t->mode == DR_MODE_BIDIRECTIONAL && t->cluster_count < 2)
        dr_breach(c, code, CLUSTERS, "Bidirectional takes two clusters or more");
}

static void edge_ends(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->replication.edge_count; i++) {
        const struct dr_edge_spec *e = &t->replication.edges[i];
        const char *ends[] = {e->from, e->to}, *keys[] = {"from", "to"};
        for (size_t k = 0; k < 2; k++)
            if (!dr_topology_cluster(t, ends[k]))
                no_cluster(c, code, t,
                           dr_item_path(c, "spec.replication.edges", i, keys[k]),
                           ends[k]);
        if (same(e->from, e->to))
            dr_breach(c, code, dr_item_path(c, "spec.replication.edges", i, "to"),
                      "an edge leads to another cluster, not back to '%s'", e->to);
    }
}

static void edge_twice(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->replication.edge_count; i++) {
        const struct dr_edge_spec *e = &t->replication.edges[i];
        if (dr_topology_edge(t, e->from, e->to) != e)
            dr_breach(c, code, dr_item_path(c, "spec.replication.edges", i, ""),
                      "the edge from '%s' to '%s' is given twice", e->from, e->to);
    }
}

static bool redo_on(const struct dr_topology *t)
{
    return t->replication.redo.level == DR_REDO_EVENTUAL;
}

static void failover_redo(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    if (dr_doc_has(c->doc, "spec.failover") && !redo_on(doc))
        dr_breach(c, code, "spec.failover",
                  "failover needs redo logs, and there are none")
            ->hint = "set spec.replication.redo.level: eventual";
}

static void no_redo(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    if (t->mode == DR_MODE_PRIMARY_SECONDARY && !redo_on(t) &&
        !dr_doc_has(c->doc, "spec.failover"))
        dr_breach(c, code, "spec.replication",
                  "without redo logs a disaster failover would end between transactions");
}

static void redo_storage(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    if (redo_on(t) && !t->storage.redo.declared)
        dr_breach(c, code, "spec.replication.redo", "redo logs need spec.storage.redo");
}

static void storage_region(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    const struct dr_cluster *p = dr_topology_cluster(t, t->primary);
    const struct dr_storage_place *places[] = {&t->storage.backup, &t->storage.redo};
    static const char *const paths[] = {"spec.storage.backup.region",
                                        "spec.storage.redo.region"};
    for (size_t i = 0; i < 2 && p; i++)
        if (places[i]->declared && same(places[i]->region, p->region))
            dr_breach(c, code, paths[i],
                      "it stands only in %s, where the primary '%s' stands", p->region,
                      p->name)
                ->hint = "what is lost together with the primary cannot help";
}

static void backup_storage(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    if (t->bootstrap.method == DR_BOOTSTRAP_BACKUP_RESTORE &&
        !t->storage.backup.declared && t->management == DR_MANAGE)
        dr_breach(c, code, "spec.storage", "BackupRestore needs spec.storage.backup")
            ->hint = "or bootstrap.method: Existing, when both sides are equal already";
}

/* True when b is a, or inside of it. */
static bool covers(const struct dr_storage_uri *a, const struct dr_storage_uri *b)
{
    size_t len = strlen(a->prefix);
    if (a->scheme != b->scheme ||
        (a->scheme == DR_STORAGE_S3 &&
         (!same(a->bucket, b->bucket) ||
          strcmp(a->endpoint ? a->endpoint : "", b->endpoint ? b->endpoint : "") != 0)))
        return false;
    return !strncmp(a->prefix, b->prefix, len) &&
           (!len || !b->prefix[len] || b->prefix[len] == '/');
}

static void storage_overlap(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    const struct dr_storage *s = &t->storage;
    if (s->backup.declared && s->redo.declared &&
        (covers(&s->backup.uri, &s->redo.uri) || covers(&s->redo.uri, &s->backup.uri)))
        dr_breach(c, code, "spec.storage.redo.uri",
                  "backup and redo are one place, or one is inside the other");
}

static void storage_keys(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    const struct dr_storage_place *places[] = {&t->storage.backup, &t->storage.redo};
    static const char *const paths[] = {"spec.storage.backup", "spec.storage.redo"};
    for (size_t i = 0; i < 2; i++) {
        bool access = dr_secret_given(&places[i]->access_key);
        bool secret = dr_secret_given(&places[i]->secret_key);
        if (!places[i]->declared)
            continue;
        if (access != secret)
            dr_breach(c, code, paths[i], "accessKey and secretKey go together");
        else if (access && places[i]->uri.scheme == DR_STORAGE_FOLDER)
            dr_breach(c, code, paths[i], "a folder takes no keys");
    }
}

static unsigned gcd(unsigned a, unsigned b)
{
    while (b) {
        unsigned r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static void residues(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_auto_increment *a = &t->clusters[i].auto_increment;
        for (size_t k = 0; k < i; k++) {
            const struct dr_auto_increment *b = &t->clusters[k].auto_increment;
            if (!a->declared || !b->declared)
                continue;
            unsigned g = gcd(a->increment, b->increment);
            if (a->offset % g != b->offset % g)
                continue;
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "autoIncrement.offset"),
                      "'%s' and '%s' draw the same ids", t->clusters[k].name,
                      t->clusters[i].name);
            break;
        }
    }
}

static void increment(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_auto_increment *a = &t->clusters[i].auto_increment;
        if (a->declared && a->increment < t->cluster_count)
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "autoIncrement.increment"),
                      "an increment of %u is too small for %zu clusters", a->increment,
                      t->cluster_count);
    }
}

static void headroom(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_auto_increment *a = &t->clusters[i].auto_increment;
        if (a->declared && a->increment == t->cluster_count)
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "autoIncrement.increment"),
                      "an increment of %u leaves no room for another cluster",
                      a->increment);
    }
}

static void auto_increment_some(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    size_t with = 0;
    for (size_t i = 0; i < t->cluster_count; i++)
        with += t->clusters[i].auto_increment.declared;
    for (size_t i = 0; with && with < t->cluster_count && i < t->cluster_count; i++)
        if (!t->clusters[i].auto_increment.declared)
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, ""),
                      "'%s' has no autoIncrement, another cluster has one",
                      t->clusters[i].name);
}

static void ddl_primary(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    if (t->mode != DR_MODE_BIDIRECTIONAL)
        return;
    if (t->ddl.role == DR_DDL_MANUAL && t->ddl.primary)
        dr_breach(c, code, "spec.ddl.primary", "with role Manual no cluster is primary");
    if (t->ddl.role == DR_DDL_REPLICATED && !t->ddl.primary)
        dr_breach(c, code, "spec.ddl", "role Replicated needs ddl.primary");
    else if (t->ddl.role == DR_DDL_REPLICATED && !dr_topology_cluster(t, t->ddl.primary))
        no_cluster(c, code, t, "spec.ddl.primary", t->ddl.primary);
}

static void secondary_ticdc(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    const struct dr_cluster *s = dr_topology_secondary(t);
    if (s && !s->ticdc.declared)
        dr_breach(
            c, code, dr_item_path(c, CLUSTERS, (size_t)(s - t->clusters), ""),
            "the secondary '%s' has no TiCDC of its own: a switchover is impossible",
            s->name);
}

static void primary_ticdc(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_cluster *k = &t->clusters[i];
        bool source = t->mode == DR_MODE_BIDIRECTIONAL || same(k->name, t->primary);
        if (source && !k->ticdc.declared)
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, ""),
                      "'%s' is a source of changes and has no ticdc", k->name);
    }
}

static void accounts_shared(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    const char *sink = t->replication.sink.user, *apply = t->replication.redo.apply.user;
    for (size_t i = 0; i < t->cluster_count; i++)
        if (same(t->clusters[i].sql.user, sink) || same(t->clusters[i].sql.user, apply))
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "sql.user"),
                      "'%s' is drover's account and another one's",
                      t->clusters[i].sql.user);
    if (same(sink, apply))
        dr_breach(c, code, "spec.replication.redo.apply.user",
                  "'%s' is the account of the sink and of redo apply", apply);
}

static void account_root(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++)
        if (same(t->clusters[i].sql.user, "root"))
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "sql.user"),
                      "drover's account may not be root");
    if (same(t->replication.sink.user, "root"))
        dr_breach(c, code, "spec.replication.sink.user",
                  "the sink's account may not be root");
    if (same(t->replication.redo.apply.user, "root"))
        dr_breach(c, code, "spec.replication.redo.apply.user",
                  "the account of redo apply may not be root");
}

static void failover_to(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    const struct dr_failover *f = &t->failover;
    if (!f->id || !f->from || !f->to)
        return;
    if (!same(f->to, t->primary))
        dr_breach(c, code, "spec.failover.to", "'%s' is not spec.primary ('%s')", f->to,
                  t->primary)
            ->hint = "both change in one edit";
    if (same(f->from, f->to) || !dr_topology_cluster(t, f->from))
        dr_breach(c, code, "spec.failover.from", "'%s' is not the other declared cluster",
                  f->from);
}

static void failover_incomplete(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    static const char *const keys[] = {"id", "from", "to", "maxLoss", "reason"};
    const char *missing = NULL, *path;
    size_t given = 0;
    (void)doc;
    for (size_t i = 0; i < 5; i++) {
        path = dr_sprintf(c->decode->arena, "spec.failover.%s", keys[i]);
        if (dr_doc_has(c->doc, path))
            given++;
        else if (!missing)
            missing = keys[i];
    }
    if (given && missing)
        dr_breach(c, code, "spec.failover", "'%s' is missing: %s", missing,
                  "id, from, to, maxLoss and reason stand together");
}

static void start_ts(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    bool known = t->bootstrap.start_ts != 0;
    if (t->bootstrap.method == DR_BOOTSTRAP_BACKUP_RESTORE && known)
        dr_breach(c, code, "spec.bootstrap.startTs",
                  "with BackupRestore the backup says where the feed starts");
    for (size_t i = 0; i < t->replication.edge_count; i++) {
        const struct dr_edge_spec *e = &t->replication.edges[i];
        known = known || e->id || e->start_ts;
        if (t->bootstrap.method == DR_BOOTSTRAP_BACKUP_RESTORE && e->start_ts && !e->id)
            dr_breach(c, code, dr_item_path(c, "spec.replication.edges", i, "startTs"),
                      "with BackupRestore the backup says where the feed starts");
    }
    if (t->bootstrap.method == DR_BOOTSTRAP_EXISTING && !known)
        dr_breach(c, code, "spec.bootstrap.method",
                  "Existing needs startTs, or an edge with id or startTs");
}

static void apply_account(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    if (dr_doc_has(c->doc, "spec.failover") && redo_on(t) &&
        !t->replication.redo.apply.declared)
        dr_breach(c, code, "spec.replication.redo",
                  "failover needs an account for redo apply")
            ->hint = "add apply: {user: redo}";
}

static void tls_pair(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_cluster *k = &t->clusters[i];
        const struct dr_tls *all[] = {&k->sql.tls, &k->pd.tls, &k->ticdc.tls};
        static const char *const paths[] = {"sql.tls", "pd.tls", "ticdc.tls"};
        for (size_t n = 0; n < 3; n++)
            if (!all[n]->cert != !all[n]->key)
                dr_breach(c, code, dr_item_path(c, CLUSTERS, i, paths[n]),
                          "cert and key go together");
    }
}

static bool any_https(const struct dr_url *urls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (urls[i].https)
            return true;
    return false;
}

static void tls_idle(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_cluster *k = &t->clusters[i];
        const struct {
            const struct dr_tls *tls;
            const char *path;
            bool on;
        } all[] = {
            {&k->sql.tls, "sql.tls", k->sql.tls.mode != DR_TLS_DISABLED},
            {&k->pd.tls, "pd.tls", any_https(k->pd.endpoints, k->pd.endpoint_count)},
            {&k->ticdc.tls, "ticdc.tls",
             any_https(k->ticdc.endpoints, k->ticdc.endpoint_count)},
        };
        for (size_t n = 0; n < 3; n++)
            if (!all[n].on && (all[n].tls->ca || all[n].tls->cert || all[n].tls->key))
                dr_breach(c, code, dr_item_path(c, CLUSTERS, i, all[n].path),
                          "TLS files are given, but the connection does not use TLS");
    }
}

static void tls_mode(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++)
        if (t->clusters[i].sql.tls.mode == DR_TLS_REQUIRED)
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "sql.tls.mode"),
                      "encrypted, but nobody is verified");
}

static void sink_address(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++)
        if (!dr_doc_has(c->doc, dr_item_path(c, CLUSTERS, i, "sink.address")) &&
            t->clusters[i].sql.endpoint_count)
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, ""),
                      "TiCDC will dial %s: '%s' has no sink.address",
                      t->clusters[i].sql.endpoints[0].text, t->clusters[i].name);
}

static bool same_address(const struct dr_hostport *a, const struct dr_hostport *b)
{
    return a->host && b->host && a->port == b->port && strcasecmp(a->host, b->host) == 0;
}

/* Whether an address that cluster k declares for SQL, or as its sink, is `at`. */
static bool answers_at(const struct dr_cluster *k, const struct dr_hostport *at)
{
    bool found = same_address(&k->sink_address, at);
    for (size_t i = 0; i < k->sql.endpoint_count && !found; i++)
        found = same_address(&k->sql.endpoints[i], at);
    for (size_t i = 0; i < k->sql.map_count && !found; i++)
        found = same_address(&k->sql.map[i].reachable, at);
    return found;
}

static void sink_elsewhere(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_hostport *at = &t->clusters[i].sink_address;
        const char *path = dr_item_path(c, CLUSTERS, i, "sink.address");
        for (size_t k = 0; dr_doc_has(c->doc, path) && k < t->cluster_count; k++)
            if (k != i && answers_at(&t->clusters[k], at)) {
                dr_breach(c, code, path, "the sink of '%s' leads to '%s', which has %s",
                          t->clusters[i].name, t->clusters[k].name, at->text);
                break;
            }
    }
}

static void version_old(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    bool both = t->mode == DR_MODE_BIDIRECTIONAL;
    struct dr_version least = {NULL, both ? 8 : 7, both ? 1 : 5, 0};
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_version *v = &t->clusters[i].version;
        if (v->text && dr_version_rank(v) < dr_version_rank(&least))
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "version"),
                      "%s is older than v%u.%u.0", v->text, least.major, least.minor);
    }
}

static void version_mixed(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    const struct dr_version *first = NULL;
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_version *v = &t->clusters[i].version;
        if (first && v->text && (v->major != first->major || v->minor != first->minor))
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "version"),
                      "%s and %s are not of one minor version", first->text, v->text);
        if (!first && v->text)
            first = v;
    }
}

/* The addresses of the whole document, in order. */
struct addresses {
    struct {
        const char *host, *path;
        uint16_t port;
    } * items;
    size_t count, room;
};

static void take_address(struct dr_check *c, enum dr_vcode code, struct addresses *a,
                         const char *path, const char *host, uint16_t port)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->items[i].port != port || strcmp(a->items[i].host, host) != 0)
            continue;
        dr_breach(c, code, path, "%s:%u is given twice", host, port)->hint =
            dr_sprintf(c->decode->arena, "the first one is at line %u",
                       dr_doc_mark(c->doc, a->items[i].path).line);
        return;
    }
    (void)DR_PUSH(c->decode->arena, a->items, a->count, a->room);
    a->items[a->count - 1].host = host;
    a->items[a->count - 1].path = path;
    a->items[a->count - 1].port = port;
}

static void take_urls(struct dr_check *c, enum dr_vcode code, struct addresses *a,
                      size_t cluster, const char *where, const struct dr_url *urls,
                      size_t count)
{
    for (size_t k = 0; k < count; k++)
        take_address(c, code, a,
                     dr_sprintf(c->decode->arena, "%s[%zu].%s.endpoints[%zu]", CLUSTERS,
                                cluster, where, k),
                     urls[k].host, urls[k].port);
}

static void address_twice(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    struct addresses a = {0};
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_cluster *k = &t->clusters[i];
        for (size_t n = 0; n < k->sql.endpoint_count; n++)
            take_address(c, code, &a,
                         dr_sprintf(c->decode->arena, "%s[%zu].sql.endpoints[%zu]",
                                    CLUSTERS, i, n),
                         k->sql.endpoints[n].host, k->sql.endpoints[n].port);
        take_urls(c, code, &a, i, "pd", k->pd.endpoints, k->pd.endpoint_count);
        take_urls(c, code, &a, i, "ticdc", k->ticdc.endpoints, k->ticdc.endpoint_count);
    }
}

static void reads_sync_point(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    if (t->secondary.external_ts_read && !t->replication.sync_point.declared)
        dr_breach(c, code, "spec.secondary.externalTsRead",
                  "consistent reads need spec.replication.syncPoint");
}

static void freshness(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    char fresh[DR_DURATION_TEXT], interval[DR_DURATION_TEXT];
    if (t->replication.sync_point.declared &&
        t->objectives.freshness_ms <= t->replication.sync_point.interval_ms)
        dr_breach(c, code, "spec.objectives.freshness",
                  "readers on the secondary see data one syncPoint.interval old: %s, "
                  "objectives.freshness is %s",
                  dr_duration_text(t->replication.sync_point.interval_ms, interval),
                  dr_duration_text(t->objectives.freshness_ms, fresh));
}

static void window_empty(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->policy.window_count; i++)
        if (t->policy.windows[i].from_min == t->policy.windows[i].to_min)
            dr_breach(c, code, dr_item_path(c, "spec.policy.windows", i, "to"),
                      "the window ends when it begins");
}

static void formerly(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    if (same(t->doc.metadata.formerly, t->doc.metadata.name))
        dr_breach(c, code, "metadata.formerly", "'%s' is the name it has",
                  t->doc.metadata.name);
}

static void login_pair(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++) {
        const struct dr_ticdc_access *k = &t->clusters[i].ticdc;
        if ((k->user != NULL) != dr_secret_given(&k->password))
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "ticdc"),
                      "user and password go together");
    }
}

static void map_idle(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    for (size_t i = 0; i < t->cluster_count; i++)
        if (t->clusters[i].sql.map_count && !t->clusters[i].sql.discover)
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "sql.map"),
                      "map has no effect without discover");
}

static void ledger_cluster(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    const struct dr_topology *t = doc;
    if (t->ledger_reset.declared && !dr_topology_cluster(t, t->ledger_reset.cluster))
        no_cluster(c, code, t, "spec.ledger.reset.cluster", t->ledger_reset.cluster);
}

/* drover calls the feed <topology>-<from>-to-<to>-g<generation>; TiCDC takes 128
 * characters of letters, digits and single inner hyphens. Source: tiflow:
 * cdc/model/changefeed.go, ValidateChangefeedID. */
static void feed_id(struct dr_check *c, enum dr_vcode code, const void *doc)
{
    enum { REST = sizeof("--to--g18446744073709551615") - 1, LONGEST = 128 };
    const struct dr_topology *t = doc;
    const char *name = t->doc.metadata.name;
    size_t longest = 0, second = 0;
    if (strstr(name, "--"))
        dr_breach(c, code, "metadata.name", "'%s' holds a double hyphen", name);
    for (size_t i = 0; i < t->cluster_count; i++) {
        size_t len = strlen(t->clusters[i].name);
        second = len > longest ? longest : len > second ? len : second;
        longest = len > longest ? len : longest;
        if (strstr(t->clusters[i].name, "--"))
            dr_breach(c, code, dr_item_path(c, CLUSTERS, i, "name"),
                      "'%s' holds a double hyphen", t->clusters[i].name);
    }
    if (strlen(name) + longest + second + REST > LONGEST)
        dr_breach(
            c, code, "metadata.name",
            "the names of topology and clusters are %zu characters too long together",
            strlen(name) + longest + second + REST - LONGEST);
}

#define NAMES   "spec.clusters.name"
#define PRIMARY "spec.mode spec.primary " NAMES

static const struct dr_rule rules[] = {
    {DR_V_PRIMARY, PRIMARY, primary},
    {DR_V_CLUSTER_COUNT, "spec.mode " NAMES, cluster_count},
    {DR_V_EDGE_ENDS, "spec.replication.edges.from spec.replication.edges.to " NAMES,
     edge_ends},
    {DR_V_EDGE_TWICE, "spec.replication.edges.from spec.replication.edges.to",
     edge_twice},
    {DR_V_FAILOVER_REDO, "spec.replication.redo.level", failover_redo},
    {DR_V_NO_REDO, "spec.mode spec.replication.redo.level", no_redo},
    {DR_V_REDO_STORAGE,
     "spec.replication.redo.level spec.storage.redo.region "
     "spec.storage.redo.uri",
     redo_storage},
    {DR_V_STORAGE_REGION,
     PRIMARY " spec.clusters.region spec.storage.backup.region spec.storage.redo.region",
     storage_region},
    {DR_V_BACKUP_STORAGE, "spec.bootstrap.method spec.storage.backup.uri spec.management",
     backup_storage},
    {DR_V_STORAGE_OVERLAP, "spec.storage.backup.uri spec.storage.redo.uri",
     storage_overlap},
    {DR_V_STORAGE_KEYS,
     "spec.storage.backup.uri spec.storage.redo.uri spec.storage.backup.accessKey "
     "spec.storage.backup.secretKey spec.storage.redo.accessKey "
     "spec.storage.redo.secretKey",
     storage_keys},
    {DR_V_RESIDUES,
     "spec.clusters.autoIncrement.increment "
     "spec.clusters.autoIncrement.offset " NAMES,
     residues},
    {DR_V_INCREMENT, "spec.clusters.autoIncrement.increment " NAMES, increment},
    {DR_V_HEADROOM, "spec.clusters.autoIncrement.increment " NAMES, headroom},
    {DR_V_AUTO_INCREMENT_SOME, NAMES, auto_increment_some},
    {DR_V_DDL_PRIMARY, "spec.mode spec.ddl.role spec.ddl.primary " NAMES, ddl_primary},
    {DR_V_SECONDARY_TICDC, PRIMARY " spec.clusters.ticdc", secondary_ticdc},
    {DR_V_PRIMARY_TICDC, PRIMARY " spec.clusters.ticdc", primary_ticdc},
    {DR_V_ACCOUNTS_SHARED,
     "spec.clusters.sql.user spec.replication.sink.user "
     "spec.replication.redo.apply.user",
     accounts_shared},
    {DR_V_ACCOUNT_ROOT,
     "spec.clusters.sql.user spec.replication.sink.user "
     "spec.replication.redo.apply.user",
     account_root},
    {DR_V_FAILOVER_TO, PRIMARY " spec.failover.id spec.failover.from spec.failover.to",
     failover_to},
    {DR_V_FAILOVER_INCOMPLETE, "spec.failover.id", failover_incomplete},
    {DR_V_START_TS, "spec.bootstrap.method spec.bootstrap.startTs spec.replication.edges",
     start_ts},
    {DR_V_APPLY_ACCOUNT, "spec.replication.redo.level spec.replication.redo.apply",
     apply_account},
    {DR_V_TLS_PAIR, "spec.clusters.sql.tls spec.clusters.pd.tls spec.clusters.ticdc.tls",
     tls_pair},
    {DR_V_TLS_IDLE,
     "spec.clusters.sql.tls spec.clusters.pd.tls spec.clusters.ticdc.tls "
     "spec.clusters.pd.endpoints spec.clusters.ticdc.endpoints",
     tls_idle},
    {DR_V_TLS_MODE, "spec.clusters.sql.tls.mode", tls_mode},
    {DR_V_SINK_ADDRESS, "spec.clusters.sql.endpoints spec.clusters.sink " NAMES,
     sink_address},
    {DR_V_SINK_ELSEWHERE,
     "spec.clusters.sql.endpoints spec.clusters.sql.map spec.clusters.sink " NAMES,
     sink_elsewhere},
    {DR_V_VERSION_OLD, "spec.mode spec.clusters.version", version_old},
    {DR_V_VERSION_MIXED, "spec.clusters.version", version_mixed},
    {DR_V_ADDRESS_TWICE,
     "spec.clusters.sql.endpoints spec.clusters.pd.endpoints "
     "spec.clusters.ticdc.endpoints",
     address_twice},
    {DR_V_READS_SYNC_POINT, "spec.secondary.externalTsRead spec.replication.syncPoint",
     reads_sync_point},
    {DR_V_FRESHNESS, "spec.objectives.freshness spec.replication.syncPoint.interval",
     freshness},
    {DR_V_WINDOW_EMPTY, "spec.policy.windows", window_empty},
    {DR_V_FORMERLY, "metadata.name metadata.formerly", formerly},
    {DR_V_LOGIN_PAIR, "spec.clusters.ticdc.user spec.clusters.ticdc.password",
     login_pair},
    {DR_V_MAP_IDLE, "spec.clusters.sql.map spec.clusters.sql.discover", map_idle},
    {DR_V_FEED_ID, "metadata.name " NAMES, feed_id},
    {DR_V_LEDGER_CLUSTER, "spec.ledger.reset.cluster " NAMES, ledger_cluster},
};

const struct dr_rule *dr_topology_rules(size_t *count)
{
    *count = sizeof(rules) / sizeof(rules[0]);
    return rules;
}
