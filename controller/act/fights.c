#include "controller/act/fights.h"

#include <string.h>

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
