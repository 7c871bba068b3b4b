/* One drover per state folder: an advisory lock that the kernel gives back when its
 * holder dies, however it dies. It protects files, not clusters; those have the ledger's
 * epoch. */
#ifndef DR_ACT_LOCK_H
#define DR_ACT_LOCK_H

#include "controller/base/err.h"

/* Takes DIR/lock. dir: an existing folder.  Out: *fd, closed by the caller; the lock
 * lasts as long as it is open, and no child inherits it. Fails: DR_E_CONFLICT naming the
 * holder's process and host, DR_E_IO.  Blocks: never. */
int dr_state_lock(const char *dir, int *fd, struct dr_err *err) DR_MUST_CHECK;

#endif
