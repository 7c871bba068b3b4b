/* How drover reaches what a topology declares: addresses, logins, TLS and keys, with the
 * secrets read. Made once per revision of a declaration; the carrier borrows logins and
 * keys from here and compares logins by pointer, so they never move and never change. */
#ifndef DR_ESTATE_ACCESS_H
#define DR_ESTATE_ACCESS_H

#include "controller/base/arena.h"
#include "controller/estate/carrier.h"
#include "controller/facts/facts.h"
#include "spec/topology.h"

/* One server that speaks HTTP. */
struct dr_endpoint {
    struct dr_address at;
    const struct dr_tls *tls; /* NULL: plain http */
};

/* One SQL instance. */
struct dr_sql_endpoint {
    struct dr_address at;
    const char *text; /* "host:port" as calls and facts name it */
};

struct dr_access_cluster {
    const struct dr_cluster *declared;
    struct dr_login controller;
    struct dr_login cdc_user; /* TiCDC's client authentication; user NULL: none */
    size_t sql_count;         /* declared first, then discovered ones */
    struct dr_sql_endpoint *sql;
    size_t pd_count, cdc_count;
    struct dr_endpoint *pd, *cdc;
};

/* One declared storage place. */
struct dr_access_store {
    const struct dr_storage_place *declared; /* declared->declared false: there is none */
    struct dr_endpoint endpoint;             /* S3 */
    const char *path;               /* S3: "/bucket" with path style, else ""; encoded */
    const struct dr_store_key *key; /* NULL: no keys declared, requests are not signed */
};

struct dr_access {
    const struct dr_topology *topology; /* borrowed */
    size_t cluster_count;
    struct dr_access_cluster *clusters; /* in the order of the declaration */
    struct dr_secret sink_password;     /* as declared: of generation 0, and the source of
                                           the others */
    struct dr_access_store backup, redo;
    struct dr_access_login *sink_logins; /* made on demand */
    const char *sink_print;              /* .. as well */
    struct dr_arena *arena;
};

/* Reads every secret of the declaration. secrets_dir: for relative file names, NULL: none
 * allowed. Out: owned (dr_access_free), borrows the topology. Fails: as dr_secret_read,
 * DR_E_INPUT for an address that cannot be dialled, naming the field. */
int dr_access_open(struct dr_access **out, const struct dr_topology *t,
                   const char *secrets_dir, struct dr_err *err) DR_MUST_CHECK;
/* Wipes the secrets. Not before the carrier is gone. NULL is fine. */
void dr_access_free(struct dr_access *a);

/* The sink account of a generation of the edge from -> to, to log in with at cluster
 * `to`: generation 0 has the declared password, the others the derived one. The same
 * arguments give the same pointer. NULL: no such cluster, or no sink account. */
/* What the declared secret of the sink's passwords is known again by: no way leads back
 * from it. NULL: none is declared. */
const char *dr_access_sink_print(struct dr_access *a);
const struct dr_login *dr_access_sink_login(struct dr_access *a, const char *from,
                                            size_t to, uint64_t generation);

/* With discover: true: takes over what cluster_info lists as SQL instances, each through
 * the declared map. Declared endpoints (the seeds) stay in front. A listed address that
 * cannot be parsed is left out. Without discover: does nothing. */
void dr_access_discover(struct dr_access *a, size_t cluster,
                        const struct dr_identity *seen);

/* Where an address as the cluster advertises it is reached: through the declared map,
 * else as it is. Borrowed. */
const char *dr_access_reachable(const struct dr_access *a, size_t cluster,
                                const char *advertised);

/* Text from a server as people may see it: control characters escaped; every secret of
 * this access, clear or percent-encoded, passwords of URIs and secret query parameters
 * replaced by "xxxxx". Out: of the arena, at most max_bytes or a little more. */
const char *dr_access_redact(const struct dr_access *a, struct dr_arena *arena,
                             const char *text, size_t len, size_t max_bytes);

#endif
