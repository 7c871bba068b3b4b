/* Converged means silent: over many rounds nothing but heartbeat and lease is written,
 * though TiCDC changes its owner, tells other time zones, and masks what it shows. Judged
 * from both ends: what was sent, and what stands in the clusters. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/story.h"

enum { OWNERS_EACH = 200, ZONES_EACH = 70, ZONES_MINUTES = 90, LOOK_EACH = 50 };

/* All that drover may have written, lease and epoch apart, as one text. */
static void print_world(struct run *r, struct dr_buf *out)
{
    const struct sim_view *now = sim_world_now(&r->w);
    const char *feed = sim_view_feed_config(r->w.model, r->kept);
    for (int c = 0; c < SIM_CLUSTERS; c++) {
        const struct sim_cluster *x = &now->c[c];
        dr_buf_addf(out, "%d %d %" PRId64 " %d %" PRIu64 " %zu tables\n", x->stored_fence,
                    x->stored_gc_enable, x->stored_gc_life_ms, x->stored_ttl_jobs,
                    x->sink_print, x->table_count);
        for (size_t i = 0; i < x->row_count; i++)
            if (strcmp(x->rows[i].key, DR_KEY_LEASE) != 0)
                dr_buf_addf(out, "%s %s %" PRIu64 " %s\n", x->rows[i].key,
                            x->rows[i].value, x->rows[i].epoch, x->rows[i].holder);
    }
    dr_buf_addf(out, "%s\n", feed ? feed : "no changefeed");
}

static bool is_unchanged(struct run *r, const char *was, uint64_t round)
{
    struct dr_buf now;
    dr_buf_init(&now, 1 << 20);
    print_world(r, &now);
    bool same = strcmp(dr_buf_str(&now), was) == 0;
    if (!same)
        (void)sim_fail(r, "C7: after %" PRIu64 " quiet rounds there is\n%s\nfor\n%s",
                       round, dr_buf_str(&now), was);
    dr_buf_release(&now);
    return same;
}

static bool stir(struct run *r, uint64_t i)
{
    if (i % OWNERS_EACH == 0 &&
        !sim_command(r, "{\"fault\":\"cdc-owner-change\",\"cluster\":\"east\"}"))
        return false;
    return i % ZONES_EACH != 0 ||
           sim_command(r, dr_sprintf(r->kept,
                                     "{\"fault\":\"cdc-zone\",\"cluster\":\"east\","
                                     "\"minutes\":%u}",
                                     i / ZONES_EACH % 2 ? ZONES_MINUTES : 0));
}

/* n: rounds. */
bool sim_play_silence(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    struct dr_buf was;
    if (!sim_begin(r, &r->c, false) ||
        !sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last))
        return sim_fail(r, "not protected before the silence: %s", last.text);
    r->w.writes = false;
    dr_buf_init(&was, 1 << 20);
    print_world(r, &was);
    uint64_t changes = dr_record_changes(&r->c.calls),
             sent = r->c.calls.calls[DR_CALL_BEAT];
    bool ok = true;
    int64_t since_ms = dr_model_now_ms(r->w.model);
    for (uint64_t i = 1; ok && i <= n; i++) {
        sim_world_skip(&r->w, last.again_ms < 0 ? 0 : last.again_ms);
        ok = stir(r, i) && sim_controller_round(&r->c, &last) && sim_intact(r) &&
             (i % LOOK_EACH || is_unchanged(r, dr_buf_str(&was), i));
        if (ok && dr_record_changes(&r->c.calls) != changes)
            ok = sim_fail(r, "C7: round %" PRIu64 " of the silence changed something", i);
    }
    ok = ok && is_unchanged(r, dr_buf_str(&was), n);
    r->silent_ms = dr_model_now_ms(r->w.model) - since_ms;
    if (ok && r->c.calls.calls[DR_CALL_BEAT] - sent < n)
        ok = sim_fail(r, "C7: fewer beats than rounds");
    dr_buf_release(&was);
    if (!ok)
        return sim_fail(r, "the silence was broken");
    return sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last) && sim_ends(r);
}
