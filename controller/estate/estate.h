/* The seam to the world: a call goes in, a reply comes out. wire over live or model
 * implements it; decorators (record, guard) stand in between. */
#ifndef DR_ESTATE_ESTATE_H
#define DR_ESTATE_ESTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/facts/call.h"

struct dr_estate {
    /* Never blocks. The call and all it points at must live until its reply was taken.
     * Out: a ticket > 0, unique per estate. */
    void (*submit)(struct dr_estate *, const struct dr_call *, uint64_t *ticket);
    /* Waits for any reply until the time (of now_ms); false: time is up. */
    bool (*wait)(struct dr_estate *, int64_t until_ms, struct dr_reply *out);
    int64_t (*now_ms)(struct dr_estate *); /* monotonic; virtual in the model */
    void (*free)(struct dr_estate *);
};

/* One call, waited for: its deadline, and until what it began is undone. Not while other
 * tickets of this estate are open. */
void dr_estate_ask(struct dr_estate *e, const struct dr_call *call, struct dr_reply *out);

#endif
