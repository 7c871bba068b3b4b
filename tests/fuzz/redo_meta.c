/* Redo meta files are written by TiCDC into a storage that others may write to as well.
 */
#include <stdint.h>
#include <stdlib.h>

#include "controller/estate/wire/redo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t checkpoint = 0, resolved = 0, again[2] = {0, 0};
    if (dr_redo_meta_parse(data, size, &checkpoint, &resolved) &&
        (!dr_redo_meta_parse(data, size, &again[0], &again[1]) ||
         again[0] != checkpoint || again[1] != resolved))
        abort();
    return 0;
}
