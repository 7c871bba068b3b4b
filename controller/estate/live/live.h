/* The carrier over sockets: SQL by libmariadb, HTTP by libcurl. One owner thread drives
 * every HTTP request, every probe and all bookkeeping; workers hold a SQL session only
 * while bytes are expected to move, so that statements and endpoints that hang cost no
 * thread. README.md says how it works. */
#ifndef DR_ESTATE_LIVE_LIVE_H
#define DR_ESTATE_LIVE_LIVE_H

#include <stdint.h>

#include "controller/base/err.h"
#include "controller/estate/carrier.h"

struct dr_live_options {
    uint32_t connect_ms;    /* one attempt to connect and log in; 0: 3000 */
    uint32_t idle_ms;       /* after which an unused SQL session is closed (of lanes ACT
                               and JOB after 20 s, if that is less); 0: 120000 */
    uint32_t descriptors;   /* of all connections; 0: nearly all the process may have */
    uint32_t doubtful;      /* connects at a time to where the last failed; 0: 64 */
    uint64_t seed;          /* of the backoff's jitter; 0: taken from the clock */
    const char *plugin_dir; /* of libmariadb's login plugins; NULL: its own. Borrowed */
};

struct dr_live; /* the threads */

/* Out: owned (dr_live_stop). opt NULL: all defaults.  Fails: DR_E_IO.  Blocks: never. */
int dr_live_start(struct dr_live **out, const struct dr_live_options *opt,
                  struct dr_err *err) DR_MUST_CHECK;
/* When the last of its clients was freed. */
void dr_live_stop(struct dr_live *l);

/* A carrier over these threads, with connections, sessions and backoffs of its own: what
 * hangs or is refused here holds up nobody else. Owned, ended by its `free`, which takes
 * up to connect_ms when a worker is just connecting.  Blocks: never.
 *
 * How the answers of this carrier are to be read, beyond carrier.h:
 * - A server that refuses the login is DR_ANSWERED with its error number and session 0:
 *   nothing was run.
 * - A statement of the session setup that is refused is DR_NOT_SENT with DR_E_PEER.
 * - DR_NOT_SENT with DR_E_TIMEOUT and "queued" in the text: the exchange waited for its
 *   turn here, the endpoint is not to blame.
 * - After a failed connect, exchanges of that address that need a new connection fail at
 *   once with the last reason, until a backoff of 0.5 to 10 s is over
 *   (err.retry_after_ms); one of them is then the probe. The lanes ACT and JOB, and HTTP
 *   methods other than GET and HEAD, try at once. An HTTP server that takes a read and
 *   sends not a byte back, by its deadline or at all, is such a failure, too.
 * - Where no descriptor is left, what was used longest ago is closed; then DR_NOT_SENT
 *   with DR_E_IO.
 * - Text in errors names the address, a path without its query, and what the peer said,
 *   with control characters replaced; never a password or a key. */
struct dr_carrier *dr_live_client(struct dr_live *l);

/* A carrier with threads of its own, which end with it. */
int dr_live_new(struct dr_carrier **out, const struct dr_live_options *opt,
                struct dr_err *err) DR_MUST_CHECK;

#endif
