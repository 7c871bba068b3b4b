/* A saved plan comes from a file that anybody may have changed. What is taken says the
 * same when it is written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/plan/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_saved_plan *s, *again;
    struct dr_err err = {0};
    dr_json_init();
    (void)dr_saved_plan_is((const char *)data, size);
    if (dr_saved_plan_read(&s, (const char *)data, size, a, &err) == 0) {
        const char *text = dr_saved_plan_text(s, a);
        if (!dr_saved_plan_is(text, strlen(text)) ||
            dr_saved_plan_read(&again, text, strlen(text), a, &err) != 0 ||
            strcmp(s->digest, again->digest) != 0 || strcmp(s->plan, again->plan) != 0)
            abort();
    } else if (!err.text[0]) {
        abort();
    }
    dr_arena_free(a);
    return 0;
}
