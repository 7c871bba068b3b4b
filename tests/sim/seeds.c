/* Random seeds: several faults, drawn, on top of a story. What the k-th fault is, and
 * after how many exchanges it comes, follows from seed, story, number and k alone.
 *
 * Numbers share how they begin: 16 have the first fault in common, 4 the second one.
 * Together they are a tree, and what they share is played once: at each fault a process
 * for those who have it goes its own way. A number alone plays the same, faults and
 * all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/story.h"

enum {
    LEVELS = 5,
    FEWEST = 3,    /* faults of one number, at least */
    GAP_SHARE = 8, /* from one to the next: up to this share of the fault-free run */
    DELAY_MS = 15000,
    TURNS = 3, /* rounds in which another controller acts */
    BRANCHES_S = 3600
};
static const uint64_t shared[LEVELS] = {SIM_SEEDS_SHARE, 4, 1, 1, 1};

/* One exchange goes wrong: seen by its own process only. */
static void inject(struct run *r, const struct sim_drawn_fault *f)
{
    r->script[0] = (struct dr_injection){
        .exchange = r->exchange, .kind = f->inject, .delay_ms = f->delay_ms};
}

static void outage(struct run *r, const struct sim_drawn_fault *f)
{
    sim_hurt(r, f->which);
}

static void owner(struct run *r, const struct sim_drawn_fault *f)
{
    (void)f;
    sim_change_owner(r);
}

static void another_acts(struct run *r, const struct sim_drawn_fault *f)
{
    sim_second_acts(r, 1 + f->which % TURNS);
}

static void clock_jumps(struct run *r, const struct sim_drawn_fault *f)
{
    sim_clock_jumps(r, f->which % 2);
}

/* What can be drawn, and how often of all. where: at which exchanges: 'w' those that
 * belong to a change, 'r' those that read, 0 any. */
static const struct {
    void (*strike)(struct run *r, const struct sim_drawn_fault *f);
    enum dr_inject inject;
    char where;
    uint64_t weight;
} kinds[] = {
    {inject, DR_INJECT_CRASH_BEFORE, 0, 3},  {inject, DR_INJECT_CRASH_SENT, 0, 3},
    {inject, DR_INJECT_CRASH_REPLIED, 0, 3}, {inject, DR_INJECT_NOT_SENT, 0, 2},
    {inject, DR_INJECT_LOST, 0, 4},          {inject, DR_INJECT_STALE, 'r', 3},
    {inject, DR_INJECT_DELAYED, 0, 2},       {inject, DR_INJECT_TRUNCATED, 0, 2},
    {inject, DR_INJECT_ERROR_AFTER, 0, 3},   {inject, DR_INJECT_STRAY, 'w', 3},
    {inject, DR_INJECT_CRASH_STRAY, 'w', 3}, {outage, DR_INJECT_NONE, 0, 3},
    {owner, DR_INJECT_NONE, 0, 2},           {another_acts, DR_INJECT_NONE, 0, 2},
    {clock_jumps, DR_INJECT_NONE, 0, 1},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static size_t draw_kind(struct dr_prng *p)
{
    uint64_t all = 0;
    for (size_t i = 0; i < KINDS; i++)
        all += kinds[i].weight;
    uint64_t at = dr_prng_below(p, all);
    size_t i = 0;
    for (; at >= kinds[i].weight; i++)
        at -= kinds[i].weight;
    return i;
}

static int64_t draw_delay(struct dr_prng *p, enum dr_inject kind)
{
    static const int64_t stray[] = {
        30, 3000, 20000, 100000, SIM_STRAY_AGAIN, SIM_STRAY_RAISED};
    uint64_t i = dr_prng_next(p);
    if (kind == DR_INJECT_STRAY || kind == DR_INJECT_CRASH_STRAY)
        return stray[i % (sizeof(stray) / sizeof(stray[0]))];
    return kind == DR_INJECT_DELAYED ? (int64_t)(i % DELAY_MS) : 0;
}

static bool fits(char where, char kind)
{
    return where == 'w' ? kind != 'r' : kind == where;
}

/* The first one strikes anywhere in the fault-free run. */
static uint64_t draw_place(struct dr_prng *p, const char *calm, char where)
{
    uint64_t count = 0, at;
    for (const char *k = calm; *k; k++)
        count += fits(where, *k);
    if (!count)
        return 1;
    at = dr_prng_below(p, count);
    for (const char *k = calm; *k; k++)
        if (fits(where, *k) && at-- == 0)
            return (uint64_t)(k - calm) + 1;
    return 1;
}

/* Short ones more often. */
static uint64_t draw_gap(struct dr_prng *p, const char *calm)
{
    uint64_t most = strlen(calm) / GAP_SHARE;
    return 1 + dr_prng_below(p, 1 + most / (UINT64_C(1) << dr_prng_below(p, 8)));
}

static struct dr_prng prng_of(const struct run *r, int level, uint64_t group)
{
    char text[SIM_NAME + 64];
    uint64_t h = 14695981039346656037u;
    snprintf(text, sizeof(text), "%" PRIu64 " %s %d %" PRIu64, r->seed, r->story->name,
             level, group);
    for (const char *s = text; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return (struct dr_prng){.state = h};
}

/* The fault of that level of all numbers of a group. */
static struct sim_drawn_fault draw(const struct run *r, int level, uint64_t group)
{
    static const char anywhere[] = {'m', 'm', 'a', 'r'};
    struct dr_prng p = prng_of(r, level, group);
    struct sim_drawn_fault f = {.group = group};
    f.kind = draw_kind(&p);
    f.inject = kinds[f.kind].inject;
    f.delay_ms = draw_delay(&p, f.inject);
    f.which = dr_prng_next(&p) >> 8;
    f.where = kinds[f.kind].where;
    if (!f.where)
        f.where = anywhere[dr_prng_below(&p, sizeof(anywhere))];
    f.after =
        level ? draw_gap(&p, r->drawn.calm) : draw_place(&p, r->drawn.calm, f.where);
    return f;
}

/* How many faults a number has. */
static int faults_of(const struct run *r, uint64_t n)
{
    struct dr_prng p = prng_of(r, -1, n);
    return FEWEST + (int)dr_prng_below(&p, LEVELS - FEWEST + 1);
}

/* From here on this process stands for these numbers, which have the faults so far in
 * common. */
static void enter(struct run *r, uint64_t from, uint64_t to, int level)
{
    struct sim_drawn *d = &r->drawn;
    d->from = from;
    d->to = to;
    d->level = level;
    d->seen = 0;
    d->count = d->left = 0;
    free(d->next);
    d->next = NULL;
    if (level == LEVELS || (level >= FEWEST && level >= faults_of(r, from)))
        return;
    uint64_t size = shared[level];
    d->next = dr_xcalloc((to - from + size - 1) / size + 1, sizeof(*d->next));
    for (uint64_t group = from / size; group * size < to; group++)
        if (!d->seeds || level || d->seeds->wants(d->seeds->arg, group))
            d->next[d->count++] = draw(r, level, group);
    d->left = d->count;
}

void sim_drawn_begin(struct run *r, uint64_t from, uint64_t to)
{
    r->drawn.on = true;
    r->script_count = 1; /* stale reads want a memory from the start */
    r->script[0] = (struct dr_injection){.kind = DR_INJECT_STALE};
    enter(r, from, to, 0);
}

static void strike(struct run *r, const struct sim_drawn_fault *f, uint64_t from,
                   uint64_t to)
{
    enter(r, from, to, r->drawn.level + 1);
    r->number = from;
    if (r->w.log)
        dr_buf_addf(r->w.log, "fault: %s\n",
                    f->inject                               ? dr_inject_name(f->inject)
                    : kinds[f->kind].strike == outage       ? "outage"
                    : kinds[f->kind].strike == owner        ? "new owner"
                    : kinds[f->kind].strike == another_acts ? "another controller acts"
                                                            : "clock jumps");
    r->drawn.struck += !f->inject;
    r->out->struck_acts += r->acts && !f->inject;
    kinds[f->kind].strike(r, f);
}

/* Before an exchange. Returns in the processes of the branches, too. */
void sim_drawn_exchange(struct run *r, char kind)
{
    struct sim_drawn *d = &r->drawn;
    d->seen++;
    for (size_t i = 0; i < d->count; i++) {
        struct sim_drawn_fault *f = &d->next[i];
        if (f->begun || d->seen < f->after || !fits(f->where, kind))
            continue;
        uint64_t size = shared[d->level], from = f->group * size, to = from + size;
        f->begun = true;
        d->left--;
        from = from < d->from ? d->from : from;
        to = to > d->to ? d->to : to;
        bool alone = to - from == 1 && d->to - d->from == 1;
        if (d->seeds && !d->seeds->more(d->seeds->arg))
            _exit(0);
        /* the last one of a branch needs no process of its own */
        if (!alone && (d->left || !d->level) &&
            !sim_seeds_apart(r, from, d->level ? SIM_BRANCH_S : BRANCHES_S))
            continue;
        struct sim_drawn_fault now = *f;
        strike(r, &now, from, to);
        return;
    }
    if (d->seeds && !d->level && !d->left)
        _exit(0);
}

void sim_drawn_report(struct run *r)
{
    struct sim_drawn *d = &r->drawn;
    uint64_t size = d->count ? shared[d->level] : 1;
    bool told = false, idle = !r->out->struck;
    for (uint64_t n = d->from; n < d->to; n++) {
        bool open = !d->count;
        for (size_t i = 0; i < d->count; i++)
            open |= !d->next[i].begun && d->next[i].group == n / size;
        if (!open)
            continue;
        char name[SIM_NAME];
        snprintf(name, sizeof(name), "%s/%" PRIu64, r->story->name, n);
        d->seeds->report(d->seeds->arg, name, r->out, idle || told);
        told = true;
    }
}
