/* A secondary that was seen to take writes. Closing its fence takes nothing back: rows
 * may stand there that the primary does not have, and nobody would ever look. So the
 * lease rows of both ledgers keep it (they are written anyhow), and the pair does not
 * count as protected again until a person says that both sides were compared since:
 * replication.compared. That ends the note in the ledgers, too; a new generation begins
 * with a new copy, and without one. */
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/plan/checks.h"
#include "controller/plan/feed.h"

/* Of the primary, where it is known; else ours. */
static uint64_t clock_tso(const struct dr_view *v)
{
    const struct dr_ledger_group *a = &dr_view_facts(v, v->a)->ledger;
    return a->seen.known && a->tso ? a->tso : dr_tso_make(v->f->wall_ms, 0);
}

/* What lies ahead is no comparison that was made. */
static bool word_lies_ahead(const struct dr_view *v)
{
    return v->t->replication.compared_unix_ms > dr_tso_ms(clock_tso(v));
}

static bool is_answered(const struct dr_view *v, const struct dr_last_seen *x)
{
    return x->opened && v->t->replication.compared_unix_ms > dr_tso_ms(x->opened_to) &&
           !word_lies_ahead(v);
}

/* What the ledgers remember of this generation. */
static void remember(const struct dr_view *v, struct dr_last_seen *out)
{
    for (size_t c = 0; c < v->t->cluster_count; c++) {
        const struct dr_ledger *l = dr_view_ledger(v, c);
        const struct dr_last_seen *x = l ? &l->last_seen : NULL;
        if (!x || x->generation != v->gen.n || !x->opened)
            continue;
        out->opened = true;
        if (!out->opened_from || (x->opened_from && x->opened_from < out->opened_from))
            out->opened_from = x->opened_from;
        if (x->opened_to > out->opened_to)
            out->opened_to = x->opened_to;
    }
}

bool dr_view_was_open(const struct dr_view *v, struct dr_last_seen *out)
{
    *out = (struct dr_last_seen){.generation = v->gen.planned ? v->gen.n : 0};
    if (!v->gen.planned)
        return false;
    remember(v, out);
    if (is_answered(v, out))
        *out = (struct dr_last_seen){.generation = v->gen.n};
    return out->opened;
}

static bool is_open(const struct dr_view *v)
{
    const struct dr_cluster_facts *b = dr_view_facts(v, v->b);
    bool open = false;
    for (size_t i = 0; i < b->instance_count; i++)
        open |= dr_instance_takes_writes(&b->instances[i]);
    return open && dr_holds(v, DR_P_MADE, v->b) == DR_TRUE;
}

struct dr_last_seen dr_plan_last_seen(const struct dr_plan_input *in, uint64_t *open_at,
                                      struct dr_arena *a)
{
    struct dr_view v;
    struct dr_last_seen seen;
    dr_view_init(&v, in, a);
    *open_at = 0;
    (void)dr_view_was_open(&v, &seen);
    if (!v.gen.planned)
        return seen;
    seen.checkpoint = dr_feed_last_seen(&v);
    if (is_open(&v))
        *open_at = clock_tso(&v);
    return seen;
}

bool dr_plan_is_compared(const struct dr_plan_input *in, const struct dr_last_seen *seen,
                         struct dr_arena *a)
{
    struct dr_view v;
    dr_view_init(&v, in, a);
    return seen->generation == v.gen.n && is_answered(&v, seen);
}

/* "2026-11-21 10:02:11Z" */
static const char *moment(const struct dr_view *v, uint64_t tso)
{
    char text[DR_TIME_TEXT];
    return dr_sprintf(v->arena, "%.19sZ", dr_time_text(dr_tso_ms(tso), text));
}

const char *dr_view_open_text(const struct dr_view *v)
{
    struct dr_last_seen x;
    const char *when = "";
    if (dr_holds(v, DR_P_MADE, v->b) != DR_TRUE || !dr_view_was_open(v, &x) ||
        dr_holds(v, DR_P_SHUT, v->b) == DR_FALSE)
        return NULL;
    if (x.opened_to)
        when = dr_sprintf(v->arena, " from %s to %s", moment(v, x.opened_from),
                          moment(v, x.opened_to));
    return dr_sprintf(v->arena,
                      "the fence was seen open%s: what was written there meanwhile "
                      "stands there, and nobody has compared since%s",
                      when,
                      !v->t->replication.compared_unix_ms ? ""
                      : word_lies_ahead(v) ? " (replication.compared lies ahead: it does "
                                             "not count yet)"
                                           : " (replication.compared is older)");
}

const char *dr_view_open_answer(const struct dr_view *v)
{
    return dr_sprintf(
        v->arena,
        "compare both sides. Equal: below spec.replication: compared: the time when the "
        "comparison began, as 2026-11-22T03:30:00Z. Not equal: put right what differs, "
        "and compare again%s",
        v->gen.n && !v->gen.adopted
            ? dr_mend_rebuild(v, "; or a rebuild: delete the changefeed, then ")
            : "");
}
