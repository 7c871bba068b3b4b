/* Whole files, read with a limit and written atomically. */
#ifndef DR_BASE_FILE_H
#define DR_BASE_FILE_H

#include <stddef.h>

#include "controller/base/arena.h"
#include "controller/base/err.h"

/* Reads a regular file of at most `max` bytes. Out: NUL-terminated bytes of the arena and
 * their count. Fails: DR_E_IO (foreign: errno), DR_E_INPUT (not a regular file),
 * DR_E_LIMIT. Never blocks on a FIFO or device. */
int dr_file_read(struct dr_arena *a, const char *path, size_t max, char **bytes,
                 size_t *len, struct dr_err *err) DR_MUST_CHECK;

/* Writes beside `path`, syncs, renames over it and syncs the folder: a reader sees the
 * old bytes or the new ones. mode: of a new file. Leaves no temporary file on failure. */
int dr_file_write(const char *path, const void *bytes, size_t len, unsigned mode,
                  struct dr_err *err) DR_MUST_CHECK;

/* Makes a folder and its missing parents, mode 0700. Existing is fine. */
int dr_dir_make(const char *path, struct dr_err *err) DR_MUST_CHECK;

#endif
