#include "controller/observe/update.h"

#include <stdio.h>
#include <string.h>

/* How long a paused feed waits for its settings: a new owner of TiCDC is there within a
 * minute. Source: tiflow: pkg/config/server_config.go capture-session-ttl. */
enum { TRIES = 3, PATIENCE_MS = 60000, GIVEN_UP_MS = 3600000 };

/* Whether it is a word on what was sent. What TiCDC's owner may say otherwise a moment
 * later, or who asks, is none, nor is silence, nor that there is no such changefeed: a
 * new owner that has not read etcd yet says so, with the status 400. The epoch is read
 * first: an error of SQL has another number. */
static bool refuses_settings(const struct dr_call *call, const struct dr_reply *r)
{
    static const int others[] = {401, 403, 404, 409, 429, 503};
    bool refused = call->kind == DR_CALL_FEED_UPDATE && r->outcome == DR_REFUSED &&
                   r->err.foreign >= 400 && r->err.foreign < 600 &&
                   r->err.code != DR_E_ABSENT;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        refused &= r->err.foreign != others[i];
    return refused;
}

void dr_update_answered(struct dr_update_memory *m, const struct dr_call *call,
                        const struct dr_reply *reply, int64_t now_ms)
{
    if (call->kind != DR_CALL_FEED_UPDATE && call->kind != DR_CALL_FEED_PAUSE)
        return;
    if (call->kind == DR_CALL_FEED_PAUSE && reply->outcome == DR_UNKNOWN)
        m->settled = false;
    if (reply->outcome == DR_DONE || strcmp(m->id, call->args.feed.id) != 0) {
        *m = (struct dr_update_memory){.since_ms = now_ms, .settled = m->settled};
        snprintf(m->id, sizeof(m->id), "%s", call->args.feed.id);
        if (call->kind == DR_CALL_FEED_UPDATE && reply->outcome == DR_DONE)
            snprintf(m->secret, sizeof(m->secret), "%s",
                     call->args.feed.secret ? call->args.feed.secret : "");
    }
    if (reply->outcome == DR_DONE)
        return;
    snprintf(m->words, sizeof(m->words), "%.*s", (int)sizeof(m->words) - 1,
             reply->err.text);
    m->failures++;
    if (refuses_settings(call, reply) || m->failures >= TRIES ||
        now_ms - m->since_ms >= PATIENCE_MS)
        m->given_up_ms = now_ms;
}

/* An earlier process may have sent a request and died; so it is once no change is in
 * work, and nothing of the last one comes late. */
void dr_update_look(struct dr_update_memory *m, const struct dr_facts *f)
{
    bool quiet = true;
    for (size_t c = 0; c < f->cluster_count; c++) {
        const struct dr_ledger_group *g = &f->clusters[c].ledger;
        quiet &= g->seen.known && (g->decoded || !g->table_present);
        for (size_t i = 0; quiet && g->decoded && i < g->rows.edge_count; i++)
            quiet = !dr_edge_unsettled(&g->rows.edges[i], g->tso);
    }
    m->settled |= quiet;
}

const char *dr_update_given_up(const struct dr_update_memory *m, const char *id,
                               int64_t now_ms)
{
    bool given_up =
        m->given_up_ms && now_ms - m->given_up_ms < GIVEN_UP_MS && strcmp(m->id, id) == 0;
    return given_up ? m->words : NULL;
}
