/* Bytes of a redo meta file: msgpack of {checkpointTs, resolvedTs}. Pure. Source: tiflow:
 * cdc/model/redo.go (LogMeta), msgpack specification. */
#ifndef DR_MODEL_REDO_META_H
#define DR_MODEL_REDO_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DR_REDO_META_MAX = 64 };

size_t dr_redo_meta_write(unsigned char out[DR_REDO_META_MAX], uint64_t checkpoint,
                          uint64_t resolved);
/* Members in any order, others refused. */
bool dr_redo_meta_read(const void *bytes, size_t len, uint64_t *checkpoint,
                       uint64_t *resolved);

#endif
