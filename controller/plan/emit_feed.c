/* The changefeed, its account, and changes of its settings. */
#include "controller/plan/emit.h"
#include "controller/plan/feed.h"

DR_EMIT(dr_emit_sink_row)
{
    struct dr_sink_row r = {.present = true,
                            .account = v->t->replication.sink.user,
                            .generation = v->gen.n,
                            .locked = false};
    dr_emit_row(v, x, c, DR_KEY_SINK, dr_sink_value(&r, v->arena));
}

DR_EMIT(dr_emit_sink_open)
{
    dr_emit_call(x, DR_CALL_SINK_ACCOUNT, c);
    x->call.args.sink.generation = v->gen.n;
    x->call.args.sink.from = dr_view_name(v, v->a);
}

void dr_emit_feed_call(const struct dr_view *v, size_t c, struct dr_action *x,
                       enum dr_call_kind kind)
{
    dr_emit_call(x, kind, c);
    x->call.args.feed = (struct dr_feed_args){.id = v->gen.feed_id,
                                              .to = (uint16_t)v->b,
                                              .generation = v->gen.n,
                                              .redo = v->gen.redo};
}

DR_EMIT(dr_emit_feed)
{
    dr_emit_feed_call(v, c, x, DR_CALL_FEED_CREATE);
    x->call.args.feed.start_ts = dr_view_edge(v, c)->start_ts;
}

/* ---- a change of its settings ---- */

static struct dr_edge_row edge_as_seen(const struct dr_view *v, size_t c)
{
    const struct dr_feed *feed = dr_view_feed(v);
    struct dr_edge_row r = dr_edge_of(v, c);
    if (feed && feed->checkpoint > r.checkpoint)
        r.checkpoint = feed->checkpoint;
    return r;
}

DR_EMIT(dr_emit_update_noted)
{
    struct dr_edge_row r = edge_as_seen(v, c);
    r.updating = true;
    r.resumed = 0;
    r.settled = false;
    dr_emit_edge(v, c, x, &r);
}

DR_EMIT(dr_emit_update_resumed)
{
    struct dr_edge_row r = edge_as_seen(v, c);
    r.resumed = dr_view_facts(v, v->a)->ledger.tso;
    r.settled = dr_view_facts(v, v->a)->feed.pauses_answered;
    if (dr_secret_sent(v))
        dr_secret_note(v, &r);
    dr_emit_edge(v, c, x, &r);
}

DR_EMIT(dr_emit_update_over)
{
    struct dr_edge_row r = edge_as_seen(v, c);
    r.updating = false;
    if (dr_secret_is_unnoted(v, dr_view_edge(v, c)))
        dr_secret_note(v, &r);
    if (!dr_feed_refused(v)) { /* else it has what it had before */
        r.settings = v->t->doc.feeds;
        if (!dr_topology_wants_redo(v->t))
            r.redo = ""; /* a path that was used is not used again */
    }
    dr_emit_edge(v, c, x, &r);
}

DR_EMIT(dr_emit_feed_pause)
{
    dr_emit_feed_call(v, c, x, DR_CALL_FEED_PAUSE);
}

DR_EMIT(dr_emit_feed_update)
{
    dr_emit_feed_call(v, c, x, DR_CALL_FEED_UPDATE);
    x->call.args.feed.secret = dr_secret_turns(v) ? v->f->sink_print : NULL;
}

DR_EMIT(dr_emit_feed_resume)
{
    dr_emit_feed_call(v, c, x, DR_CALL_FEED_RESUME);
}
