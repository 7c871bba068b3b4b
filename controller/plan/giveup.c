/* A copy that cannot come to its end (history was not held long enough, a row is lost, a
 * prefix is in use) is given up by a word of the document, bootstrap.giveUp: N. The word
 * names the generation, so it is good for that one alone. GC is given back first; the
 * sink account is locked and the feed in the making deleted, so that nothing of the
 * generation writes any more; at last both ends call the edge retired and forget the
 * copy. A generation that is made is given up only once its feed is proven to be gone:
 * the word takes down nothing that runs. What the copy left in the secondary is no longer
 * provably drover's: a human empties it, then the next generation begins.
 *
 * The first end that says `retired` decides: whoever starts anew ends it, though the word
 * be gone. */
#include <inttypes.h>
#include <string.h>

#include "controller/plan/build.h"
#include "controller/plan/emit.h"
#include "controller/plan/feed.h"

static const struct dr_edge_row *row_of(const struct dr_view *v, size_t c)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    return l ? dr_ledger_edge(l, dr_view_name(v, v->a), dr_view_name(v, v->b)) : NULL;
}

/* At either end; NULL: none, or not known. */
static const struct dr_edge_row *row_in(const struct dr_view *v, enum dr_edge_state state)
{
    const struct dr_edge_row *x = row_of(v, v->a), *y = row_of(v, v->b);
    bool here = x && x->state == state && x->generation == v->gen.n;
    return here ? x : y && y->state == state && y->generation == v->gen.n ? y : NULL;
}

bool dr_view_gives_up(const struct dr_view *v)
{
    if (!v->gen.planned || v->gen.adopted || !dr_view_ledger(v, v->a) ||
        !dr_view_ledger(v, v->b))
        return false;
    if (row_in(v, DR_EDGE_RETIRED))
        return true;
    return v->t->bootstrap.give_up == v->gen.n &&
           (!row_in(v, DR_EDGE_MADE) || dr_feed_absence_proven(v));
}

/* Whoever gave a copy up need not wait for a silent other side to have GC back: an edge
 * that the other end calls made holds its history by itself. */
bool dr_view_gives_back(const struct dr_view *v)
{
    const struct dr_edge_row *e = row_of(v, v->a);
    const struct dr_ledger *l = dr_view_ledger(v, v->a);
    const char *ignored;
    if (v->giving_up || !l || !l->birth.present ||
        strcmp(l->birth.topology, v->t->doc.metadata.name) != 0 ||
        dr_view_follows(v, v->a, &ignored) != DR_TRUE)
        return false; /* another's, or an older declaration: it has no say */
    return e && e->generation && e->generation == v->t->bootstrap.give_up &&
           (e->state == DR_EDGE_PLANNED || e->state == DR_EDGE_MAKING) && !e->adopted &&
           (l->hold_count || l->gc.present) && !dr_view_before_lost(v, v->a) &&
           !v->t->paused && v->t->management == DR_MANAGE;
}

const char *dr_give_up_notice(const struct dr_view *v)
{
    bool made = !v->giving_up && v->gen.planned && v->t->bootstrap.give_up == v->gen.n &&
                v->gen.n && row_in(v, DR_EDGE_MADE);
    return made ? dr_sprintf(v->arena,
                             "bootstrap.giveUp has no effect: generation %" PRIu64
                             " is made, and its changefeed not proven to be gone",
                             v->gen.n)
                : NULL;
}

static uint64_t highest(const struct dr_view *v)
{
    const struct dr_edge_row *x = row_of(v, v->a), *y = row_of(v, v->b);
    uint64_t n = x ? x->generation : 0;
    return y && y->generation > n ? y->generation : n;
}

DR_CHECK(dr_check_give_up_is_known)
{
    uint64_t n = v->t->bootstrap.give_up;
    if (!n)
        return DR_TRUE;
    if (!dr_view_ledger(v, v->a) || !dr_view_ledger(v, v->b))
        return dr_check_no_ledger(v, dr_view_ledger(v, c) ? v->b : c, fact);
    if (n <= highest(v))
        return DR_TRUE;
    *fact =
        highest(v)
            ? dr_sprintf(v->arena,
                         "giveUp names generation %" PRIu64
                         ", the highest that was begun is %" PRIu64,
                         n, highest(v))
            : dr_sprintf(v->arena,
                         "giveUp names generation %" PRIu64 ", and none was begun", n);
    return DR_FALSE;
}

const char *dr_mend_copy(const struct dr_view *v, const char *otherwise)
{
    return dr_sprintf(v->arena,
                      "%s%sgive this copy up: below spec.bootstrap: giveUp: %" PRIu64
                      "; drover gives GC back and ends generation %" PRIu64
                      "; the next one begins once %s is empty",
                      otherwise ? otherwise : "", otherwise ? "; or " : "", v->gen.n,
                      v->gen.n, dr_view_name(v, v->b));
}

const char *dr_mend_rebuild(const struct dr_view *v, const char *first)
{
    return dr_sprintf(
        v->arena,
        "%sgive generation %" PRIu64 " up: below spec.bootstrap: giveUp: "
        "%" PRIu64 "; drover locks its account and ends it. Then on %s: SET "
        "GLOBAL tidb_super_read_only = OFF, and drop what was restored; the "
        "next generation begins once it is empty",
        first, v->gen.n, v->gen.n, dr_view_name(v, v->b));
}

/* The way out of a secondary that is not empty where a generation was given up. */
const char *dr_mend_left_over(const struct dr_view *v)
{
    const struct dr_edge_row *e = row_of(v, v->b);
    const struct dr_ledger *l = dr_view_ledger(v, v->b);
    if (!e || e->state != DR_EDGE_RETIRED)
        return NULL;
    return dr_sprintf(
        v->arena,
        "when it is what generation %" PRIu64
        " copied, and nothing else: %sdrop it; drover drops no data that it "
        "cannot prove to be its own",
        e->generation,
        l && l->fenced.why == DR_FENCED_SECONDARY
            ? "SET GLOBAL tidb_super_read_only = OFF (the fence is drover's, "
              "it closes again after the copy), and "
            : "");
}

/* ---- the steps ---- */

DR_EMIT(dr_emit_sink_lock_row)
{
    struct dr_sink_row r = dr_view_ledger(v, c)->sink;
    r.locked = true;
    dr_emit_row(v, x, c, DR_KEY_SINK, dr_sink_value(&r, v->arena));
}

DR_EMIT(dr_emit_sink_lock)
{
    dr_emit_sink_open(v, c, x);
    x->call.args.sink.lock = true;
}

DR_EMIT(dr_emit_feed_delete)
{
    dr_emit_feed_call(v, c, x, DR_CALL_FEED_DELETE);
    x->what = dr_sprintf(v->arena, "%s: delete changefeed %s, which is given up",
                         dr_view_name(v, c), v->gen.feed_id);
}

/* The row stays: the next generation is a later one. An end that has none gets it. */
DR_EMIT(dr_emit_given_up)
{
    const struct dr_edge_row *mine = row_of(v, c),
                             *other = row_of(v, c == v->a ? v->b : v->a);
    struct dr_edge_row r = mine ? *mine : *other;
    r.state = DR_EDGE_RETIRED;
    struct dr_row_write rows[3] = {dr_edge_write(v, &r),
                                   {.key = c == v->a ? DR_KEY_BACKUP : DR_KEY_RESTORING},
                                   {.key = DR_KEY_COMPARED}};
    dr_emit_rows(v, x, c, rows, c == v->a ? 2 : 3);
    x->what = dr_sprintf(v->arena, "%s: note that generation %" PRIu64 " is given up",
                         dr_view_name(v, c), r.generation);
}
