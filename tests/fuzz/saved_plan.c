/* A saved plan comes from a file that anybody may have changed. What is taken says the
 * same when it is written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/digest.h"
#include "controller/base/json.h"
#include "controller/plan/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_it(const char *bytes, size_t len, struct dr_arena *a)
{
    struct dr_saved_plan *s, *again;
    struct dr_err err = {0};
    (void)dr_saved_plan_is(bytes, len);
    if (dr_saved_plan_read(&s, bytes, len, a, &err) != 0) {
        if (!err.text[0])
            abort();
        return;
    }
    const char *text = dr_saved_plan_text(s, a);
    if (!dr_saved_plan_is(text, strlen(text)) ||
        dr_saved_plan_read(&again, text, strlen(text), a, &err) != 0 ||
        strcmp(s->digest, again->digest) != 0 || strcmp(s->plan, again->plan) != 0)
        abort();
}

/* With a checksum that is right, so that what is behind it is reached, too. */
static void read_sealed(const char *bytes, size_t len, struct dr_arena *a)
{
    json_t *o;
    struct dr_err err;
    char seal[DR_SHA256_HEX];
    if (dr_json_parse_in(a, &o, bytes, len, &err) != 0 || !json_is_object(o))
        return;
    json_object_del(o, "integrity");
    const char *text = dr_json_text(a, o);
    dr_sha256_hex(seal, text, strlen(text));
    json_object_set_new(o, "integrity", json_string(seal));
    text = dr_json_text(a, o);
    read_it(text, strlen(text), a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dr_arena *a = dr_arena_new(0);
    dr_json_init();
    read_it((const char *)data, size, a);
    read_sealed((const char *)data, size, a);
    dr_arena_free(a);
    return 0;
}
