#include "controller/act/fights.h"

#include <string.h>

#include "controller/base/tso.h"

/* Three corrections, and the last of them not longer ago than the window. */
static bool is_fought(const struct dr_fight_memory *x, int64_t now_ms)
{
    return x->count >= DR_FIGHT_CORRECTIONS &&
           now_ms - x->at_ms[DR_FIGHT_CORRECTIONS - 1] <= DR_FIGHT_WINDOW_MS;
}

/* What is not known changes nothing. */
static void look_at(struct dr_fight_memory *x, const struct dr_plan_input *in,
                    int64_t now_ms, struct dr_arena *a)
{
    struct dr_action step = {.rule = x->rule, .call.at.cluster = x->cluster};
    switch (dr_plan_done(in, &step, a)) {
    case DR_TRUE:
        if (x->missing || !x->was_right)
            x->right_ms = now_ms;
        x->missing = false;
        x->was_right = true;
        if (now_ms - x->right_ms >= DR_FIGHT_WINDOW_MS) {
            x->fought = false;
            x->count = 0;
        }
        break;
    case DR_FALSE:
        if (!x->missing && x->was_right)
            x->undone_wall_ms = in->facts->wall_ms;
        x->missing = true;
        x->fought |= x->was_right && is_fought(x, now_ms);
        break;
    case DR_UNSURE:
        break;
    }
}

void dr_fights_look(struct dr_fights *f, struct dr_plan_input *in, int64_t now_ms,
                    struct dr_arena *a)
{
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++) {
        struct dr_fight_memory *x = &f->items[i];
        look_at(x, in, now_ms, a);
        if (x->fought)
            f->list[n++] = (struct dr_fight){.rule = x->rule,
                                             .cluster = x->cluster,
                                             .count = x->count,
                                             .corrected_ms = x->corrected_wall_ms,
                                             .undone_ms = x->undone_wall_ms};
    }
    in->fights = f->list;
    in->fight_count = n;
}

static struct dr_fight_memory *slot(struct dr_fights *f, const struct dr_action *x)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->items[i].rule == x->rule && f->items[i].cluster == x->call.at.cluster)
            return &f->items[i];
    if (f->count == DR_FIGHTS_MAX)
        return NULL;
    f->items[f->count] = (struct dr_fight_memory){.rule = x->rule,
                                                  .cluster = x->call.at.cluster,
                                                  .missing = true,
                                                  .was_right = true};
    return &f->items[f->count++];
}

/* A correction that takes several statements, or fails and is tried again, is one. */
void dr_fights_note(struct dr_fights *f, const struct dr_action *x, int64_t now_ms,
                    int64_t wall_ms)
{
    struct dr_fight_memory *s = slot(f, x);
    if (!s || !s->was_right)
        return;
    memmove(&s->at_ms[1], &s->at_ms[0], sizeof(s->at_ms) - sizeof(s->at_ms[0]));
    s->at_ms[0] = now_ms;
    s->corrected_wall_ms = wall_ms;
    s->was_right = false;
    s->count++;
}

/* ---- in the lease ---- */

/* The clusters' time at this look, in milliseconds; 0: not known. */
static int64_t common_ms(const struct dr_facts *f)
{
    int64_t ms = 0;
    for (size_t c = 0; c < f->cluster_count; c++) {
        const struct dr_ledger_group *g = &f->clusters[c].ledger;
        if (g->seen.known && dr_tso_ms(g->tso) > ms)
            ms = dr_tso_ms(g->tso);
    }
    return ms;
}

static uint64_t to_tso(int64_t at_ms, int64_t shift_ms)
{
    return at_ms + shift_ms > 0 ? dr_tso_make(at_ms + shift_ms, 0) : 0;
}

void dr_fights_keep(struct dr_fights *f, const struct dr_plan_input *in, int64_t now_ms,
                    struct dr_last_seen *seen, struct dr_arena *lasting)
{
    int64_t common = common_ms(in->facts), shift = common - now_ms;
    size_t n = 0;
    if (f->count && !f->rows)
        f->rows = DR_NEW_N(lasting, DR_FIGHTS_MAX, struct dr_fight_row);
    for (size_t i = 0; common && i < f->count; i++) {
        const struct dr_fight_memory *x = &f->items[i];
        if (!x->count)
            continue;
        struct dr_fight_row *r = &f->rows[n++];
        *r = (struct dr_fight_row){
            .rule = x->rule,
            .count = x->count,
            .cluster = in->topology->clusters[x->cluster].name,
            .undone = to_tso(x->undone_wall_ms - in->facts->wall_ms, common),
            .fought = x->fought};
        for (size_t k = 0; k < DR_FIGHT_CORRECTIONS && k < x->count; k++)
            r->at[k] = to_tso(x->at_ms[k], shift);
        if (!x->undone_wall_ms)
            r->undone = 0;
    }
    seen->fight_count = n;
    seen->fights = f->rows;
    seen->declaration = in->topology->doc.meaning;
}

static void take(struct dr_fights *f, const struct dr_fight_row *r, size_t cluster,
                 const struct dr_facts *facts, int64_t now_ms)
{
    struct dr_action step = {.rule = (uint16_t)r->rule,
                             .call.at.cluster = (uint16_t)cluster};
    struct dr_fight_memory *x = slot(f, &step);
    int64_t common = common_ms(facts);
    int64_t last_ms = now_ms - (common - dr_tso_ms(r->at[0]));
    if (!x || (x->count && x->at_ms[0] >= last_ms))
        return;
    x->count = (uint32_t)r->count;
    x->fought = r->fought;
    x->was_right = true;
    x->missing = false;
    x->right_ms = now_ms;
    for (size_t k = 0; k < DR_FIGHT_CORRECTIONS; k++)
        x->at_ms[k] = now_ms - (common - dr_tso_ms(r->at[k]));
    x->corrected_wall_ms = facts->wall_ms - (common - dr_tso_ms(r->at[0]));
    x->undone_wall_ms = r->undone ? facts->wall_ms - (common - dr_tso_ms(r->undone)) : 0;
}

void dr_fights_take(struct dr_fights *f, const struct dr_plan_input *in, int64_t now_ms)
{
    const struct dr_facts *facts = in->facts;
    for (size_t c = 0; c < facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &facts->clusters[c].ledger;
        const struct dr_last_seen *seen = &g->rows.last_seen;
        if (!g->seen.known || !g->decoded || !seen->declaration ||
            strcmp(seen->declaration, in->topology->doc.meaning) != 0)
            continue;
        for (size_t i = 0; i < seen->fight_count; i++)
            for (size_t k = 0; k < in->topology->cluster_count; k++)
                if (strcmp(in->topology->clusters[k].name, seen->fights[i].cluster) == 0)
                    take(f, &seen->fights[i], k, facts, now_ms);
    }
}
