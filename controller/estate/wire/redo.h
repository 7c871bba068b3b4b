/* Redo meta files: msgpack of TiCDC's LogMeta. Source: tiflow: cdc/redo/common/redo.go
 * (a map of checkpointTs and resolvedTs; the new architecture adds version). Pure. */
#ifndef DR_WIRE_REDO_H
#define DR_WIRE_REDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: not such a map, cut off, or a time is missing. Members of other names are
 * skipped. */
bool dr_redo_meta_parse(const void *bytes, size_t len, uint64_t *checkpoint,
                        uint64_t *resolved);

#endif
