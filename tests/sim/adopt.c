/* Worlds in which somebody was before drover: both sides are equal already, and perhaps a
 * changefeed runs. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/tso.h"
#include "tests/sim/story.h"

enum { EQUAL_FOR_MS = 2000 };

/* Nobody writes until the declared startTs is past. */
bool sim_prepare_equal(struct run *r)
{
    r->w.writes = false;
    sim_world_pass(&r->w, EQUAL_FOR_MS);
    r->w.writes = true;
    r->w.history.equal_at = r->w.topology->bootstrap.start_ts;
    return !r->w.broken;
}

bool sim_ask_ticdc(struct run *r, const char *method, const char *target,
                   const char *body)
{
    static const struct dr_address at = {"127.1.1.9", 8300};
    struct dr_arena *a = dr_arena_new(0);
    struct dr_http_answer out = {0};
    struct dr_model_request req = {
        .method = method, .target = target, .body = body, .body_len = strlen(body)};
    uint64_t handle = 0;
    enum dr_model_done done = dr_model_http(r->w.model, &at, &req, &out, a, &handle);
    for (int i = 0; i < 100 && done == DR_MODEL_RUNNING; i++) {
        sim_world_pass(&r->w, 100);
        done = dr_model_http_poll(r->w.model, handle, &out, a);
    }
    bool ok = done == DR_MODEL_DONE && out.status == 200;
    if (!ok)
        (void)sim_fail(r, "the scenario was refused: %s %s: %d %.*s", method, target,
                       out.status, (int)out.body_len, out.body ? out.body : "");
    dr_arena_free(a);
    return ok;
}

bool sim_post_feed(struct run *r, const char *body)
{
    return sim_ask_ticdc(r, "POST", "/api/v2/changefeeds", body);
}

/* .. and a feed by hand runs from there, with the account that the document names. */
bool sim_prepare_adoption(struct run *r)
{
    bool ok = sim_prepare_equal(r) &&
              sim_world_sql(&r->w, SIM_B,
                            "ALTER USER 'cdc'@'%' IDENTIFIED BY '" SIM_SINK_SECRET
                            "' ACCOUNT UNLOCK");
    uint64_t from = dr_tso_make(dr_model_wall_ms(r->w.model) - EQUAL_FOR_MS / 2, 0);
    sim_world_pass(&r->w, 1000); /* until every instance knows the password */
    const char *body = dr_sprintf(r->kept,
                                  "{\"changefeed_id\":\"by-hand\",\"start_ts\":%" PRIu64
                                  ",\"sink_uri\":\"mysql://cdc:%s@127.1.1.4:4000/\"}",
                                  from, SIM_SINK_SECRET_URI);
    ok = ok && sim_post_feed(r, body);
    sim_world_pass(&r->w, 3000); /* until it runs */
    r->w.history.adopts = true;
    return ok && !r->w.broken;
}

bool sim_prepare_fenced(struct run *r)
{
    bool ok = sim_prepare_adoption(r) &&
              sim_world_sql(&r->w, SIM_B, "SET GLOBAL tidb_super_read_only = ON");
    sim_world_pass(&r->w, 1000);
    return ok;
}
