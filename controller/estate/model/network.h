/* The network of the estate: which two parties do not reach each other. A party is a
 * process of the estate, or a client from outside. A cut names its two ends in words:
 *   NAME              a cluster, region or storage of the document, with all its
 * processes sql:NAME pd:NAME ticdc:NAME storage:NAME    only those processes of it
 *   HOST:PORT         one process
 *   HOST              all on that address, clients that come from it too; "127.9." all
 *                     addresses that begin so
 *   clients           everybody who is not of the estate
 *   pid:N             the client that is process N of this machine (drover-sim only)
 *   ALIAS             a name that was given to one of these (`ctl client`)
 * Packets between the two ends are dropped both ways: nobody is told anything. */
#ifndef DR_MODEL_NETWORK_H
#define DR_MODEL_NETWORK_H

#include "controller/estate/model/internal.h"

enum dr_party_kind {
    DR_PARTY_CLIENT,
    DR_PARTY_SQL,
    DR_PARTY_PD,
    DR_PARTY_CDC,
    DR_PARTY_STORE,
};
struct dr_party {
    enum dr_party_kind kind;
    const char *host;                       /* where it sends from */
    uint16_t port;                          /* 0: a client */
    const char *cluster, *region, *storage; /* NULL: of none */
    const struct dr_model_client *client;   /* DR_PARTY_CLIENT only; may be NULL */
};

/* The process at an address (SQL and status ports are one process). Whoever is nobody of
 * the estate is a client on that host. */
struct dr_party dr_party_at(const struct dr_model *m, const struct dr_address *at);

/* The same between two addresses of the estate. */
bool dr_model_reach(const struct dr_model *m, const struct dr_address *from,
                    const struct dr_address *to);
/* Whether this SQL instance finds a PD leader that it reaches. */
bool dr_instance_pd_ok(const struct dr_model_instance *in);

/* Fails: DR_E_INPUT when an end is nothing that could be cut off. */
int dr_model_partition(struct dr_model *m, const char *a, const char *b,
                       struct dr_err *err) DR_MUST_CHECK;
/* Ends the cut between the two, in either order; NULL, NULL: all. Out: how many. */
size_t dr_model_heal(struct dr_model *m, const char *a, const char *b);
/* Gives a name to an end. */
int dr_model_alias(struct dr_model *m, const char *name, const char *is,
                   struct dr_err *err) DR_MUST_CHECK;
/* Calls fn for each cut, oldest first. */
void dr_model_each_cut(const struct dr_model *m,
                       void (*fn)(void *arg, const char *a, const char *b), void *arg);

#endif
