/* Calls <-> what the wire carries. Each kind of call is a script: a table of steps, each
 * one statement or request and the reading of its answer. No sockets and no threads here;
 * a carrier (live or model) brings the exchanges there and back.
 *
 * What a reply promises, whatever the kind:
 *  - DR_DONE of a mutation: the server said yes, and where the script reads back, what it
 *    read fits. It is not the proof: TiCDC takes pause, resume, create and delete as
 *    orders to be carried out later. act/ reads facts again.
 *  - DR_REFUSED: proven without effect: nothing that mutates was sent, or the server
 *    refused it in words known to change nothing. A statement inside a transaction
 *    mutates nothing before its COMMIT is sent.
 *  - DR_UNKNOWN: a mutating exchange was lost, or was answered by an error that does not
 *    exclude an effect. Reads fail with DR_UNKNOWN always.
 *  - BACKUP and RESTORE write their ledger row first; the outcome is that of the
 * statement. DR_E_CONFLICT: the prefix is in use, or the tables are there already.
 *  - err names the endpoint and, as `foreign`, the server's number; never a secret.
 *
 * Endpoints: a SQL call without an instance tries the instances in turn, PD and TiCDC
 * calls their endpoints with backoff (0.5 s doubling to 10 s), until the deadline; a
 * mutation only while nothing that mutates was sent. A read that loses its answer on the
 * only endpoint is tried once more. */
#ifndef DR_WIRE_WIRE_H
#define DR_WIRE_WIRE_H

#include "controller/estate/access.h"
#include "controller/estate/carrier.h"
#include "controller/estate/estate.h"
#include "spec/topology.h"

/* Borrows all three, which must outlive it. Single-threaded. The carrier must be used by
 * this estate alone. Out: owned (estate->free). */
struct dr_estate *dr_wire_new(const struct dr_topology *t, struct dr_access *access,
                              struct dr_carrier *carrier);

#endif
