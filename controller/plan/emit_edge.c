/* How far an edge has come, noted at both its ends. */
#include <inttypes.h>

#include "controller/plan/emit.h"
#include "controller/plan/feed.h"
#include "controller/plan/predicates.h"

struct dr_edge_row dr_edge_begun(const struct dr_view *v, const struct dr_generation *g)
{
    return (struct dr_edge_row){.from = dr_view_name(v, v->a),
                                .to = dr_view_name(v, v->b),
                                .generation = g->n,
                                .id = g->feed_id,
                                .redo = g->redo,
                                .account = v->t->replication.sink.user,
                                .again = g->again,
                                .state = DR_EDGE_PLANNED};
}

struct dr_edge_row dr_edge_of(const struct dr_view *v, size_t c)
{
    const struct dr_edge_row *row = dr_view_edge(v, c);
    if (row && row->generation == v->gen.n)
        return *row;
    return dr_edge_begun(v, &v->gen);
}

struct dr_row_write dr_edge_write(const struct dr_view *v, const struct dr_edge_row *r)
{
    return (struct dr_row_write){.key = dr_edge_key(r->from, r->to, v->arena),
                                 .value = dr_edge_value(r, v->arena)};
}

void dr_emit_edge(const struct dr_view *v, size_t c, struct dr_action *x,
                  const struct dr_edge_row *r)
{
    struct dr_row_write row = dr_edge_write(v, r);
    dr_emit_rows(v, x, c, &row, 1);
}

static void write_edge(const struct dr_view *v, size_t c, struct dr_action *x,
                       enum dr_edge_state state, uint64_t start_ts)
{
    struct dr_edge_row r = dr_edge_of(v, c);
    r.state = state;
    r.start_ts = start_ts;
    if (state == DR_EDGE_MADE)
        r.settings = v->t->doc.feeds;
    if (state == DR_EDGE_MAKING) /* the account was let in with it */
        dr_secret_note(v, &r);
    dr_emit_edge(v, c, x, &r);
}

DR_EMIT(dr_emit_edge_planned)
{
    write_edge(v, c, x, DR_EDGE_PLANNED, 0);
    x->what = dr_sprintf(v->arena, "%s: note generation %" PRIu64 " of the edge",
                         dr_view_name(v, c), v->gen.n);
}

/* The feed may have been made with what stands at one end: the other gets the same. */
DR_EMIT(dr_emit_making)
{
    const struct dr_edge_row *other = dr_view_edge(v, c == v->a ? v->b : v->a);
    const struct dr_copy_row *backup = dr_view_copy(v, false);
    uint64_t start_ts = backup ? backup->tso : 0;
    if (other && other->start_ts)
        start_ts = other->start_ts;
    write_edge(v, c, x, DR_EDGE_MAKING, start_ts);
}

DR_EMIT(dr_emit_made)
{
    write_edge(v, c, x, DR_EDGE_MADE, dr_view_edge(v, v->a)->start_ts);
}

/* ---- a feed that ran before drover came ---- */

/* Both ends know the feed; where it was when it became drover's is kept for people. What
 * it is not as the document says was let be, and is no edit. */
static void write_adopted(const struct dr_view *v, size_t c, struct dr_action *x,
                          enum dr_edge_state state)
{
    const struct dr_edge_row *other = dr_view_edge(v, c == v->a ? v->b : v->a);
    const struct dr_feed *feed = dr_view_feed(v);
    struct dr_edge_row r = dr_edge_of(v, c);
    r.adopted = v->gen.n > 0;
    r.start_ts = other && other->start_ts ? other->start_ts : v->start_ts;
    r.state = state;
    r.checkpoint = feed ? feed->checkpoint : 0;
    if (state == DR_EDGE_MAKING)
        dr_secret_note(v, &r);
    if (state == DR_EDGE_MADE && dr_holds(v, DR_P_FEED_MATCHES, c) == DR_TRUE)
        r.settings = v->t->doc.feeds;
    dr_emit_edge(v, c, x, &r);
}

DR_EMIT(dr_emit_adopt_planned)
{
    write_adopted(v, c, x, DR_EDGE_PLANNED);
    x->what = dr_sprintf(v->arena,
                         "%s: note changefeed %s as generation %" PRIu64 " of the edge",
                         dr_view_name(v, c), v->gen.feed_id, v->gen.n);
}

DR_EMIT(dr_emit_adopting)
{
    write_adopted(v, c, x, DR_EDGE_MAKING);
}

DR_EMIT(dr_emit_adopted)
{
    write_adopted(v, c, x, DR_EDGE_MADE);
    x->what = dr_sprintf(v->arena, "%s: note that changefeed %s is drover's",
                         dr_view_name(v, c), v->gen.feed_id);
}
