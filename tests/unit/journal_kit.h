/* Syncs of files, as the journal's tests count and break them: fsync and fdatasync of the
 * test program stand in journal.c. */
#ifndef DR_TESTS_JOURNAL_KIT_H
#define DR_TESTS_JOURNAL_KIT_H

#include <stdbool.h>

extern unsigned long syncs;         /* made so far */
extern bool syncs_are_skipped;      /* counted all the same */
extern int sync_error;              /* errno with which they fail; 0: they work */
extern unsigned long sync_fails_at; /* only this one fails; 0: all */

#endif
