/* A lost ledger, and the word from a human that lets its peers give it back. Absence
 * never permits: only birth rows of the peers and ledger.reset of the document together
 * do. */
#include "controller/plan/emit.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/tso.h"

#define RESET_WORD "ledger.reset"

/* birth is written everywhere before the first term, the terms before the first edge: a
 * later row beside a missing earlier one means that a ledger was lost, never that it is
 * new. */
const char *dr_view_lost_row(const struct dr_view *v, size_t c, const char **beside)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    const char *lost = NULL;
    for (size_t k = 0; l && k < v->t->cluster_count; k++) {
        const struct dr_ledger *other = dr_view_ledger(v, k);
        if (other && other->edge_count && !l->term.present) {
            lost = DR_KEY_TERM;
            *beside = dr_sprintf(v->arena, "of '%s' has the edge of generation %" PRIu64,
                                 dr_view_name(v, k), other->edges[0].generation);
        }
        if (other && other->term.present && !l->birth.present) {
            lost = DR_KEY_BIRTH;
            *beside = dr_sprintf(v->arena, "of '%s' has term %" PRIu64,
                                 dr_view_name(v, k), other->term.n);
        }
    }
    return lost;
}

static bool bore(const struct dr_birth_row *b, const char *name, uint64_t pd_id)
{
    for (size_t i = 0; b->present && i < b->member_count; i++)
        if (strcmp(b->member_names[i], name) == 0)
            return b->member_ids[i] == pd_id;
    return false;
}

/* Why the word does not apply; NULL: it does, as far as this peer can tell. */
static const char *peer_objects(const struct dr_view *v, size_t c, size_t peer)
{
    const struct dr_ledger_reset *r = &v->t->ledger_reset;
    const struct dr_ledger *l = dr_view_ledger(v, peer);
    if (!l)
        return dr_sprintf(v->arena, "the ledger of %s is not known",
                          dr_view_name(v, peer));
    if (dr_ledger_consumed(l, r->id))
        return dr_sprintf(v->arena, "it was used already, says %s",
                          dr_view_name(v, peer));
    if (!bore(&l->birth, dr_view_name(v, c), dr_view_facts(v, c)->pd.cluster_id))
        return dr_sprintf(v->arena, "the birth row of %s knows another cluster as %s",
                          dr_view_name(v, peer), dr_view_name(v, c));
    if (l->term.n != r->term)
        return dr_sprintf(v->arena, "it names term %" PRIu64 ", %s has %" PRIu64, r->term,
                          dr_view_name(v, peer), l->term.n);
    return NULL;
}

static uint64_t highest_term(const struct dr_view *v)
{
    uint64_t highest = 0;
    for (size_t k = 0; k < v->t->cluster_count; k++) {
        const struct dr_ledger *l = dr_view_ledger(v, k);
        if (l && l->term.n > highest)
            highest = l->term.n;
    }
    return highest;
}

/* An id that no ledger knows as used. */
static const char *fresh_id(const struct dr_view *v, size_t c)
{
    enum { TRIES = 100 };
    const char *id = "";
    for (int i = 1; i <= TRIES; i++) {
        bool used = false;
        id = dr_sprintf(v->arena, "lost-%s-%d", dr_view_name(v, c), i);
        for (size_t k = 0; k < v->t->cluster_count; k++)
            used |= dr_view_ledger(v, k) && dr_ledger_consumed(dr_view_ledger(v, k), id);
        if (!used)
            break;
    }
    return id;
}

const char *dr_mend_lost_ledger(const struct dr_view *v, size_t c)
{
    uint64_t term = highest_term(v);
    const struct dr_ledger *peer = dr_view_ledger(v, c == v->a ? v->b : v->a);
    if (!term || !peer)
        return NULL;
    if (peer->birth.present &&
        !bore(&peer->birth, dr_view_name(v, c), dr_view_facts(v, c)->pd.cluster_id))
        return "another cluster answers by that name: see DR-B021";
    return dr_sprintf(
        v->arena,
        "find out who dropped or replaced it; then let its peer give it "
        "back, %s spec: ledger: {reset: {id: %s, cluster: %s, term: %" PRIu64
        ", reason: \"who dropped it\"}}",
        v->t->ledger_reset.declared ? "in the place of what stands in" : "below",
        fresh_id(v, c), dr_view_name(v, c), term);
}

bool dr_view_may_reset(const struct dr_view *v, size_t c, const char **objection)
{
    const struct dr_ledger_reset *r = &v->t->ledger_reset;
    *objection = NULL;
    if (!r->declared)
        return false;
    if (strcmp(r->cluster, dr_view_name(v, c)) != 0)
        *objection =
            dr_sprintf(v->arena, "it names cluster %s, and lost is the ledger of %s",
                       r->cluster, dr_view_name(v, c));
    else if (!dr_view_facts(v, c)->pd.seen.known)
        *objection = "its PD id is not known";
    for (size_t k = 0; k < v->t->cluster_count && !*objection; k++)
        if (k != c)
            *objection = peer_objects(v, c, k);
    return !*objection;
}

/* The ledger that was given back says that the word was used, and a peer does not yet. */
static bool is_half_used(const struct dr_view *v, size_t c)
{
    const struct dr_ledger_reset *r = &v->t->ledger_reset;
    const struct dr_ledger *l = dr_view_ledger(v, c);
    bool half = false;
    if (!l || strcmp(r->cluster, dr_view_name(v, c)) != 0 ||
        !dr_ledger_consumed(l, r->id))
        return false;
    for (size_t k = 0; k < v->t->cluster_count; k++)
        half |= dr_view_ledger(v, k) && !dr_ledger_consumed(dr_view_ledger(v, k), r->id);
    return half;
}

bool dr_view_resetting(const struct dr_view *v)
{
    const char *ignored;
    for (size_t c = 0; v->t->ledger_reset.declared && c < v->t->cluster_count; c++)
        if (dr_view_lost_row(v, c, &ignored) ? dr_view_may_reset(v, c, &ignored)
                                             : is_half_used(v, c))
            return true;
    return false;
}

/* ---- what the peers give back ---- */

struct rows {
    struct dr_row_write *items;
    size_t count, room;
};

static void add_row(const struct dr_view *v, struct rows *rows, const char *key,
                    const char *value)
{
    *DR_PUSH(v->arena, rows->items, rows->count, rows->room) =
        (struct dr_row_write){.key = key, .value = value, .expect = DR_ROW_ABSENT};
}

static void add_edges(const struct dr_view *v, struct rows *rows,
                      const struct dr_ledger *mine, const struct dr_ledger *peer)
{
    for (size_t i = 0; i < peer->edge_count; i++) {
        const struct dr_edge_row *e = &peer->edges[i];
        struct dr_row_write row = dr_edge_write(v, e);
        if (!dr_ledger_edge(mine, e->from, e->to))
            add_row(v, rows, row.key, row.value);
    }
}

/* Before an edge is in the making drover fences the secondary and compares it: that fence
 * is claimed again. Taken for a human's it would be lifted, and nothing compares what is
 * written then. */
static bool was_fenced(const struct dr_view *v, size_t c, const struct dr_ledger *peer)
{
    if (!peer->term.present || strcmp(peer->term.cluster, dr_view_name(v, c)) == 0)
        return false;
    for (size_t i = 0; i < peer->edge_count; i++)
        if (peer->edges[i].state >= DR_EDGE_MAKING &&
            peer->edges[i].state <= DR_EDGE_MADE &&
            strcmp(peer->edges[i].to, dr_view_name(v, c)) == 0)
            return true;
    return false;
}

/* History may have been held for an edge that starts here, and the row that says so is
 * gone: what GC was before nobody knows. The hold is noted, its gc row is not, so that
 * DR-B055 asks, and the held setting is never taken for the one before it. */
static void add_hold(const struct dr_view *v, struct rows *rows, size_t c,
                     const struct dr_ledger *mine, const struct dr_ledger *peer)
{
    int64_t now_ms = dr_tso_ms(dr_view_facts(v, c)->ledger.tso);
    struct dr_hold_row hold = {
        .purpose = "bootstrap",
        .deadline = dr_tso_make(now_ms + v->t->bootstrap.gc_hold.deadline_ms, 0)};
    for (size_t i = 0; i < peer->edge_count; i++)
        if (strcmp(peer->edges[i].from, dr_view_name(v, c)) == 0 &&
            peer->edges[i].generation && !peer->edges[i].adopted)
            hold.operation = peer->edges[i].id;
    if (hold.operation && !mine->gc.present && !mine->hold_count && dr_view_held(v, c))
        add_row(v, rows, dr_hold_key(hold.purpose, v->arena),
                dr_hold_value(&hold, v->arena));
}

DR_EMIT(dr_emit_reset)
{
    const struct dr_ledger *mine = dr_view_ledger(v, c);
    const struct dr_ledger *peer = dr_view_ledger(v, c == v->a ? v->b : v->a);
    struct rows rows = {0};
    if (!mine->birth.present)
        add_row(v, &rows, DR_KEY_BIRTH, dr_birth_value(&peer->birth, v->arena));
    struct dr_term_row term = peer->term; /* its agreed revision was found to be older */
    term.agreed = dr_plan_agreed_text(v->in, v->arena);
    term.meaning = v->t->doc.meaning;
    term.by = NULL;
    if (!mine->term.present)
        add_row(v, &rows, DR_KEY_TERM, dr_term_value(&term, v->arena));
    add_edges(v, &rows, mine, peer);
    for (size_t i = 0; i < peer->consumed_count; i++)
        if (!dr_ledger_consumed(mine, peer->consumed[i].id))
            add_row(v, &rows, dr_consumed_key(peer->consumed[i].id, v->arena),
                    dr_consumed_value(&peer->consumed[i], v->arena));
    /* with the rows, in one transaction: until the peers say so, too, nothing else is
     * next */
    struct dr_consumed_row used = {.id = v->t->ledger_reset.id, .word = RESET_WORD};
    if (!dr_ledger_consumed(mine, used.id))
        add_row(v, &rows, dr_consumed_key(used.id, v->arena),
                dr_consumed_value(&used, v->arena));
    struct dr_fenced_row fenced = {.why = DR_FENCED_SECONDARY, .term = peer->term.n};
    if (mine->fenced.why == DR_FENCED_NOT && was_fenced(v, c, peer))
        add_row(v, &rows, DR_KEY_FENCED, dr_fenced_value(&fenced, v->arena));
    add_hold(v, &rows, c, mine, peer);
    dr_emit_rows(v, x, c, rows.items, rows.count);
}

DR_EMIT(dr_emit_reset_used)
{
    const char *id = v->t->ledger_reset.id;
    struct dr_consumed_row r = {.id = id, .word = RESET_WORD};
    struct rows rows = {0};
    add_row(v, &rows, dr_consumed_key(id, v->arena), dr_consumed_value(&r, v->arena));
    dr_emit_rows(v, x, c, rows.items, rows.count);
}
