#include "controller/estate/estate.h"

#include <string.h>

void dr_estate_ask(struct dr_estate *e, const struct dr_call *call, struct dr_reply *out)
{
    const struct dr_call_row *row = &dr_call_rows[call->kind];
    int64_t limit = call->deadline_ms ? call->deadline_ms : row->deadline_ms;
    int64_t until =
        e->now_ms(e) + limit + 1000; /* the estate itself keeps the deadline */
    uint64_t ticket;
    e->submit(e, call, &ticket);
    while (e->wait(e, until, out)) {
        if (out->ticket == ticket)
            return;
        dr_reply_release(out);
    }
    memset(out, 0, sizeof(*out));
    out->ticket = ticket;
    out->outcome = DR_UNKNOWN;
    (void)dr_fail(&out->err, DR_E_TIMEOUT, "%s: no reply after %lld ms", row->name,
                  (long long)limit);
}
