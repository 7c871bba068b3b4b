#include "controller/estate/estate.h"

enum { LOOK_MS = 10000 };

/* The estate itself keeps the deadline. What it still does after that (a transaction that
 * is rolled back) may take longer, and borrows the call until its reply. */
void dr_estate_ask(struct dr_estate *e, const struct dr_call *call, struct dr_reply *out)
{
    uint64_t ticket;
    e->submit(e, call, &ticket);
    for (;;) {
        if (!e->wait(e, e->now_ms(e) + LOOK_MS, out))
            continue;
        if (out->ticket == ticket)
            return;
        dr_reply_release(out);
    }
}
