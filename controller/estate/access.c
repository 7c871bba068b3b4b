/* Addresses, logins and keys of a topology; see access.h. What must never reach a person
 * is known here as well, so redacting texts of servers stands in redact.c beside it. */
#include "controller/estate/access.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "controller/base/buf.h"
#include "controller/estate/access_internal.h"

enum { HTTPS_PORT = 443, TIDB_PORT = 4000 };

static const struct dr_tls verified = {.mode = DR_TLS_VERIFY_IDENTITY};

static int address_of(struct dr_address *out, const char *host, uint16_t port,
                      const char *what, struct dr_err *err)
{
    size_t len = strlen(host);
    if (!len || len >= sizeof(out->host) || !port)
        return dr_fail(err, DR_E_INPUT, "%s: '%s' is no address", what, host);
    *out = (struct dr_address){.port = port};
    memcpy(out->host, host, len);
    return 0;
}

static int endpoints_of(struct dr_endpoint **out, size_t *out_count,
                        const struct dr_url *urls, size_t count, const struct dr_tls *tls,
                        struct dr_arena *a, struct dr_err *err)
{
    *out = DR_NEW_N(a, count, struct dr_endpoint);
    for (size_t i = 0; i < count; i++) {
        int rc = address_of(&(*out)[i].at, urls[i].host, urls[i].port, urls[i].text, err);
        if (rc)
            return rc;
        (*out)[i].tls = urls[i].https ? tls : NULL;
    }
    *out_count = count;
    return 0;
}

/* Where secrets come from, and the document that refers to them. */
struct vault {
    const struct dr_doc *doc;
    const char *dir;
    struct dr_arena *arena;
};

/* path: of the field, for the error. */
static int read_secret(const struct vault *v, struct dr_secret *out,
                       const struct dr_secret_ref *ref, const char *path,
                       struct dr_err *err)
{
    int rc = dr_secret_read(out, ref, v->dir, err);
    if (!rc || !v->doc->root)
        return rc ? dr_wrap(err, "%s", path) : 0;
    struct dr_mark at = dr_doc_mark(v->doc, path);
    dr_err_at(err, at.file, at.line, at.column);
    return dr_wrap(err, "%s", path);
}

static int read_login(const struct vault *v, struct dr_login *out, const char *user,
                      const struct dr_secret_ref *password, const struct dr_tls *tls,
                      const char *path, struct dr_err *err)
{
    out->user = user;
    out->tls = *tls;
    if (dr_secret_given(password))
        return read_secret(v, &out->password, password, path, err);
    dr_secret_set(&out->password, "", 0);
    return 0;
}

static int open_cluster(const struct vault *v, struct dr_access_cluster *c,
                        const struct dr_cluster *declared, struct dr_err *err)
{
    struct dr_arena *a = v->arena;
    const struct dr_sql_access *sql = &declared->sql;
    c->declared = declared;
    c->sql = DR_NEW_N(a, sql->endpoint_count, struct dr_sql_endpoint);
    c->sql_count = sql->endpoint_count;
    for (size_t i = 0; i < sql->endpoint_count; i++) {
        char text[DR_HOST_MAX + 16];
        int rc = address_of(&c->sql[i].at, sql->endpoints[i].host, sql->endpoints[i].port,
                            sql->endpoints[i].text, err);
        if (rc)
            return rc;
        c->sql[i].text = dr_strdup(a, dr_address_text(&c->sql[i].at, text));
    }
    int rc = endpoints_of(&c->pd, &c->pd_count, declared->pd.endpoints,
                          declared->pd.endpoint_count, &declared->pd.tls, a, err);
    if (!rc)
        rc = endpoints_of(&c->cdc, &c->cdc_count, declared->ticdc.endpoints,
                          declared->ticdc.endpoint_count, &declared->ticdc.tls, a, err);
    if (rc)
        return dr_wrap(err, "cluster '%s'", declared->name);
    const char *at = dr_sprintf(a, "spec.clusters[%s]", declared->name);
    rc = read_login(v, &c->controller, sql->user, &sql->password, &sql->tls,
                    dr_sprintf(a, "%s.sql.password", at), err);
    if (!rc && declared->ticdc.user)
        rc =
            read_login(v, &c->cdc_user, declared->ticdc.user, &declared->ticdc.password,
                       &declared->ticdc.tls, dr_sprintf(a, "%s.ticdc.password", at), err);
    return rc;
}

static const char *signing_region(const struct dr_storage_uri *uri)
{
    return uri->signing_region ? uri->signing_region : "us-east-1";
}

/* "http://10.0.1.10:6060" of a storage URI. */
static int store_endpoint(struct dr_access_store *s, const struct dr_storage_uri *uri,
                          struct dr_arena *a, struct dr_err *err)
{
    const char *rest = uri->endpoint, *host = NULL;
    bool tls = true;
    if (!rest) {
        host = dr_sprintf(a, "s3.%s.amazonaws.com", signing_region(uri));
    } else if (strncasecmp(rest, "https://", 8) == 0) {
        host = rest + 8;
    } else if (strncasecmp(rest, "http://", 7) == 0) {
        host = rest + 7;
        tls = false;
    } else {
        host = rest;
    }
    size_t len = strcspn(host, "/");
    host = dr_strndup(a, host, len);
    if (!uri->force_path_style)
        host = dr_sprintf(a, "%s.%s", uri->bucket, host);
    if (!dr_address_parse(&s->endpoint.at, host, tls ? HTTPS_PORT : 80))
        return dr_fail(err, DR_E_INPUT, "'%s' is no address of a storage service", host);
    s->endpoint.tls = tls ? &verified : NULL;
    s->path = uri->force_path_style ? dr_sprintf(a, "/%s", uri->bucket) : "";
    return 0;
}

static int open_store(const struct vault *v, struct dr_access_store *s,
                      const struct dr_storage_place *declared, const char *path,
                      struct dr_err *err)
{
    struct dr_arena *a = v->arena;
    s->declared = declared;
    if (!declared->declared || declared->uri.scheme != DR_STORAGE_S3)
        return 0;
    int rc = store_endpoint(s, &declared->uri, a, err);
    if (rc)
        return dr_wrap(err, "%s", path);
    if (!dr_secret_given(&declared->access_key))
        return 0;
    struct dr_store_key *key = DR_NEW(a, struct dr_store_key);
    s->key = key;
    key->region = signing_region(&declared->uri);
    rc = read_secret(v, &key->access, &declared->access_key,
                     dr_sprintf(a, "%s.accessKey", path), err);
    return rc ? rc
              : read_secret(v, &key->secret, &declared->secret_key,
                            dr_sprintf(a, "%s.secretKey", path), err);
}

int dr_access_open(struct dr_access **out, const struct dr_topology *t,
                   const char *secrets_dir, struct dr_err *err)
{
    struct dr_arena *arena = dr_arena_new(0);
    struct dr_access *a = DR_NEW(arena, struct dr_access);
    a->arena = arena;
    a->topology = t;
    a->cluster_count = t->cluster_count;
    a->clusters = DR_NEW_N(arena, t->cluster_count, struct dr_access_cluster);
    struct vault v = {.doc = &t->doc, .dir = secrets_dir, .arena = arena};
    int rc = 0;
    for (size_t i = 0; !rc && i < t->cluster_count; i++)
        rc = open_cluster(&v, &a->clusters[i], &t->clusters[i], err);
    if (!rc && dr_secret_given(&t->replication.sink.password))
        rc = read_secret(&v, &a->sink_password, &t->replication.sink.password,
                         "spec.replication.sink.password", err);
    if (!rc)
        rc = open_store(&v, &a->backup, &t->storage.backup, "spec.storage.backup", err);
    if (!rc)
        rc = open_store(&v, &a->redo, &t->storage.redo, "spec.storage.redo", err);
    if (rc)
        dr_access_free(a);
    else
        *out = a;
    return rc;
}

static void wipe_key(const struct dr_store_key *key)
{
    if (!key)
        return;
    struct dr_store_key copy = *key; /* the members own their bytes, not the struct */
    dr_secret_release(&copy.access);
    dr_secret_release(&copy.secret);
}

void dr_access_free(struct dr_access *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->cluster_count; i++) {
        dr_secret_release(&a->clusters[i].controller.password);
        dr_secret_release(&a->clusters[i].cdc_user.password);
    }
    for (struct dr_access_login *l = a->sink_logins; l; l = l->next)
        dr_secret_release(&l->login.password);
    dr_secret_release(&a->sink_password);
    wipe_key(a->backup.key);
    wipe_key(a->redo.key);
    dr_arena_free(a->arena);
}

const char *dr_access_sink_print(struct dr_access *a)
{
    enum { SHOWN = 22 }; /* 132 bits */
    struct dr_secret print;
    if (!a->sink_password.len)
        return NULL;
    if (!a->sink_print) {
        dr_secret_derive(
            &print, &a->sink_password,
            dr_sprintf(a->arena, "%s/print", a->topology->doc.metadata.name));
        a->sink_print = dr_strndup(a->arena, print.bytes, SHOWN);
        dr_secret_release(&print);
    }
    return a->sink_print;
}

const struct dr_login *dr_access_sink_login(struct dr_access *a, const char *from,
                                            size_t to, uint64_t generation)
{
    const struct dr_sink_account *account = &a->topology->replication.sink;
    if (to >= a->cluster_count || !account->user || !from)
        return NULL;
    for (struct dr_access_login *l = a->sink_logins; l; l = l->next)
        if (l->to == to && l->generation == generation && strcmp(l->from, from) == 0)
            return &l->login;
    const struct dr_cluster *target = a->clusters[to].declared;
    struct dr_access_login *l = DR_NEW(a->arena, struct dr_access_login);
    l->from = dr_strdup(a->arena, from);
    l->to = to;
    l->generation = generation;
    l->login.user = account->user;
    l->login.tls = target->sql.tls;
    if (generation) {
        dr_secret_derive(&l->login.password, &a->sink_password,
                         dr_sprintf(a->arena, "%s/%s/%s/%" PRIu64,
                                    a->topology->doc.metadata.name, from, target->name,
                                    generation));
    } else {
        dr_secret_copy(&l->login.password, &a->sink_password);
    }
    l->next = a->sink_logins;
    a->sink_logins = l;
    return &l->login;
}

const char *dr_access_reachable(const struct dr_access *a, size_t cluster,
                                const char *advertised)
{
    const struct dr_sql_access *sql = &a->clusters[cluster].declared->sql;
    for (size_t i = 0; i < sql->map_count; i++)
        if (strcasecmp(sql->map[i].advertised, advertised) == 0)
            return sql->map[i].reachable.text;
    return advertised;
}

static bool has_sql(const struct dr_access_cluster *c, size_t count,
                    const struct dr_address *at)
{
    for (size_t i = 0; i < count; i++)
        if (dr_address_equal(&c->sql[i].at, at))
            return true;
    return false;
}

/* True when `list` is what the cluster has now; then nothing is to be done. */
static bool same_sql(const struct dr_access_cluster *c,
                     const struct dr_sql_endpoint *list, size_t count)
{
    bool same = c->sql_count == count;
    for (size_t i = 0; same && i < count; i++)
        same = dr_address_equal(&c->sql[i].at, &list[i].at);
    return same;
}

void dr_access_discover(struct dr_access *a, size_t cluster,
                        const struct dr_identity *seen)
{
    struct dr_access_cluster *c = &a->clusters[cluster];
    size_t seeds = c->declared->sql.endpoint_count, count = seeds;
    if (!c->declared->sql.discover || !seen->seen.known)
        return;
    struct dr_arena *scratch = dr_arena_new(0);
    struct dr_sql_endpoint *list =
        DR_NEW_N(scratch, seeds + seen->member_count, struct dr_sql_endpoint);
    if (seeds)
        memcpy(list, c->sql, seeds * sizeof(*list));
    for (size_t i = 0; i < seen->member_count; i++) {
        struct dr_access_cluster built = {.sql = list};
        struct dr_address at;
        const char *text = dr_access_reachable(a, cluster, seen->members[i].instance);
        if (strcmp(seen->members[i].type, "tidb") == 0 &&
            dr_address_parse(&at, text, TIDB_PORT) && !has_sql(&built, count, &at))
            list[count++].at = at;
    }
    if (!same_sql(c, list, count)) {
        struct dr_sql_endpoint *kept = DR_NEW_N(a->arena, count, struct dr_sql_endpoint);
        memcpy(kept, list, count * sizeof(*kept));
        for (size_t i = seeds; i < count; i++) {
            char text[DR_HOST_MAX + 16];
            kept[i].text = dr_strdup(a->arena, dr_address_text(&kept[i].at, text));
        }
        c->sql = kept;
        c->sql_count = count;
    }
    dr_arena_free(scratch);
}
