/* What each account of a topology must be allowed to do, as one table: `drover grants`
 * prints it as statements, the plan's checks compare it with what an account holds, and
 * name the very GRANT that is missing. Pure. */
#ifndef DR_PLAN_RIGHTS_H
#define DR_PLAN_RIGHTS_H

#include <jansson.h>

#include "controller/base/buf.h"
#include "controller/facts/facts.h"
#include "spec/topology.h"

enum dr_account_kind {
    DR_ACCOUNT_CONTROLLER, /* drover's own */
    DR_ACCOUNT_SINK,       /* TiCDC writes as this one into the secondary */
    DR_ACCOUNT_APPLY,      /* redo logs are applied as this one */
    DR_ACCOUNT_KIND_COUNT
};
const char *dr_account_kind_name(enum dr_account_kind k); /* "controller" */

/* Privileges, as bits 1u << enum dr_privilege, by what they are granted on. */
struct dr_rights {
    uint32_t on[DR_ON_COUNT];
};
bool dr_rights_none(const struct dr_rights *r);

/* The account's name in that cluster (an index into the declaration's); NULL: none is
 * declared. Borrowed. */
const char *dr_rights_user(const struct dr_topology *t, size_t cluster,
                           enum dr_account_kind k);
/* What the account needs in that cluster, by its declared place in the pair; nothing: it
 * need not be there. */
struct dr_rights dr_rights_needed(const struct dr_topology *t, size_t cluster,
                                  enum dr_account_kind k);
/* Of what is needed, what the account does not hold. */
struct dr_rights dr_rights_missing(const struct dr_rights *needed,
                                   const struct dr_account *held);

/* "DROP; INSERT, UPDATE on mysql.drover_ledger". Appends. */
void dr_rights_text(const struct dr_rights *r, struct dr_buf *out);
/* The GRANT statements that give them, "; " between them, none behind. to: "'u'@'%'", or
 * several with commas. Appends. */
void dr_rights_sql(const struct dr_rights *r, const char *to, struct dr_buf *out);

/* CREATE USER and GRANT statements of all accounts of one cluster, to be pasted into a
 * client, with comments that say why. A password is never printed: the controller's
 * stands as <password>, which no server takes; those of the others are drover's to set.
 * Appends. */
void dr_grants_text(const struct dr_topology *t, size_t cluster, struct dr_buf *out);
/* The same for a program, one item a cluster of those wanted (NULL: all): new reference,
 * formatVersion 1. */
json_t *dr_grants_json(const struct dr_topology *t, const struct dr_cluster *only);

#endif
