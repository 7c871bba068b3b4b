#include "controller/observe/update.h"

#include <stdio.h>
#include <string.h>

/* How long a paused feed waits for its settings: a new owner of TiCDC is there within a
 * minute. Source: tiflow: pkg/config/server_config.go capture-session-ttl. */
enum { TRIES = 3, PATIENCE_MS = 60000, GIVEN_UP_MS = 3600000 };

/* Whether it is a word on what was sent. What TiCDC's owner may say otherwise a moment
 * later, or who asks, is none, nor is silence. */
static bool refuses_settings(const struct dr_call *call, const struct dr_reply *r)
{
    static const int others[] = {401, 403, 404, 409, 429, 503};
    bool refused = call->kind == DR_CALL_FEED_UPDATE && r->outcome == DR_REFUSED &&
                   r->err.foreign >= 400;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        refused &= r->err.foreign != others[i];
    return refused;
}

void dr_update_answered(struct dr_update_memory *m, const struct dr_call *call,
                        const struct dr_reply *reply, int64_t now_ms)
{
    if (call->kind != DR_CALL_FEED_UPDATE && call->kind != DR_CALL_FEED_PAUSE)
        return;
    if (reply->outcome == DR_DONE || strcmp(m->id, call->args.feed.id) != 0) {
        *m = (struct dr_update_memory){.since_ms = now_ms};
        snprintf(m->id, sizeof(m->id), "%s", call->args.feed.id);
    }
    if (reply->outcome == DR_DONE)
        return;
    snprintf(m->words, sizeof(m->words), "%s", reply->err.text);
    m->failures++;
    if (refuses_settings(call, reply) || m->failures >= TRIES ||
        now_ms - m->since_ms >= PATIENCE_MS)
        m->given_up_ms = now_ms;
}

const char *dr_update_given_up(const struct dr_update_memory *m, const char *id,
                               int64_t now_ms)
{
    bool given_up =
        m->given_up_ms && now_ms - m->given_up_ms < GIVEN_UP_MS && strcmp(m->id, id) == 0;
    return given_up ? m->words : NULL;
}
