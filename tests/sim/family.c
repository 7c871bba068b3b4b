/* Workers: each takes its share of every family, in passes, so that a budget that ends
 * early ends on a sample of everything. Results come through a pipe, one line each. */
#include "tests/sim/family.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/base/buf.h"

enum {
    SHOWN_FAILURES = 20,
    AGAIN = 48,
    AGAIN_EVERY = 331,
    SEEDS = 20000,
    FEW_SEEDS = 320,
    TOLD = 20,        /* times, how far it has come */
    RESETS = 72,      /* 18 exchanges that may change something, two sides, two faults */
    SILENCE = 5000,   /* quiet rounds; make silence has 100,000 */
    GIVE_UPS = 261,   /* nine such for each round in which a copy is given up */
    JOURNALS = 72,    /* such exchanges of a bootstrap, fewer than there are */
    SIM_STORIES = 20, /* of one sweep, and one */
    FEW_PAIRS = 120   /* the fixed set has one pair of so many */
};

#define KINDS(prefix)                                                                    \
    prefix "/crash-before", prefix "/crash-sent", prefix "/crash-replied",               \
        prefix "/not-sent", prefix "/lost", prefix "/stale", prefix "/delayed",          \
        prefix "/truncated", prefix "/error-after"
static const char *const fault[] = {KINDS("fault"), NULL};
static const char *const settled[] = {KINDS("settled"), "settled/stray",
                                      "settled/crash-stray", NULL};
static const char *const stray[] = {"stray/soon",         "stray/later",
                                    "stray/late",         "stray/again",
                                    "stray/crash-soon",   "stray/crash-later",
                                    "stray/crash-late",   "stray/crash-again",
                                    "stray/crash-raised", NULL};
static const char *const pair[] = {"pair/crash-before", "pair/crash-sent",
                                   "pair/crash-stray", "pair/lost", NULL};
#define WORDS(prefix) KINDS(prefix), prefix "/crash-stray"
static const char *const word[] = {WORDS("word"), NULL};
static const char *const declared[] = {WORDS("declared"), NULL};
static const char *const word_late[] = {"word-late", "word-late/taken", NULL};
#define KINDS_OF_WAY(prefix) KINDS(prefix), prefix "/stray", prefix "/crash-stray"
static const char *const existing[] = {KINDS_OF_WAY("existing"), NULL};
static const char *const existing_late[] = {"existing/late", "existing/late-taken",
                                            "existing/late-done", NULL};
static const char *const existing_outage[] = {"existing/outage", NULL};
static const char *const adopt[] = {KINDS_OF_WAY("adopt"), NULL};
static const char *const adopt_late[] = {"adopt/late", "adopt/late-taken",
                                         "adopt/late-done", NULL};
static const char *const adopt_outage[] = {"adopt/outage", NULL};
#define CHANGED(prefix)                                                                  \
    KINDS(prefix), prefix "/owner", prefix "/stray", prefix "/stray-late",               \
        prefix "/crash-stray", prefix "/crash-late", prefix "/late",                     \
        prefix "/late-taken"
static const char *const edited[] = {CHANGED("edited"), "edited/late-done", NULL};
static const char *const edited_outage[] = {"edited/outage", NULL};
static const char *const turned[] = {CHANGED("turned"), "turned/late-done", NULL};
static const char *const meddled[] = {CHANGED("meddled"), "meddled/late-done", NULL};
static const char *const meddled_outage[] = {"meddled/outage", NULL};
static const char *const drifted[] = {CHANGED("drifted"), "drifted/late-done", NULL};
static const char *const drifted_outage[] = {"drifted/outage", NULL};
static const char *const gone[] = {CHANGED("gone"), "gone/late-done", NULL};
static const char *const gone_outage[] = {"gone/outage", NULL};
static const char *const not_taken[] = {CHANGED("not-taken"), NULL};
static const char *const not_taken_outage[] = {"not-taken/outage", NULL};
static const char *const taken_back[] = {CHANGED("taken-back"), "taken-back/late-done",
                                         NULL};
static const char *const taken_back_outage[] = {"taken-back/outage", NULL};
static const char *const leaves[] = {
    "leaves",       "leaves/crash-before", "leaves/crash-sent",  "leaves/lost",
    "leaves/stray", "leaves/crash-stray",  "leaves/error-after", NULL};
static const char *const late[] = {"late", "late/taken", "late/done", "late/past", NULL};
static const char *const race[] = {"race", NULL};
static const char *const split[] = {"split", NULL};
static const char *const clocks[] = {"clock-forward", "clock-back", NULL};
static const char *const outage[] = {"outage", NULL};
static const char *const settled_outage[] = {"settled/outage", NULL};

static const char *const settled_owner[] = {"settled/owner", NULL};
static const char *const drop[] = {"drop/taken", "drop/done", NULL};

/* Families of scenarios that are numbered by an exchange. The fixed set has one of `acts`
 * exchanges that do more than read, and one of `reads` of the others, another one by each
 * seed; everything there is, one of `every`. 0: none. */
// clang-format off
static const struct sweep_family {
    const char *const *stories;
    uint64_t every, acts, reads;
    const char *kinds; /* which exchanges are meant at all */
} sweeps[] = {
    {fault, 1, 1, 40, "mar"},
    {late, 1, 2, 24, "mar"},
    {race, 1, 1, 1, "mar"},
    {split, 1, 1, 9, "mar"},
    {settled, 1, 1, 8, "mar"},
    {stray, 1, 4, 0, "ma"},
    {pair, 1, 1, 0, "m"},
    {outage, 7, 7, 28, "mar"},
    {settled_outage, 7, 7, 28, "mar"},
    {settled_owner, 1, 1, 1, "mar"},
    {drop, 1, 1, 0, "m"},
    {clocks, 97, 97, 97, "mar"},
    {word, 1, 17, 0, "mar"},
    {declared, 1, 23, 0, "mar"},
    {word_late, 3, 23, 0, "mar"},
    {existing, 1, 6, 120, "mar"},
    {existing_late, 1, 6, 120, "mar"},
    {existing_outage, 7, 21, 84, "mar"},
    {adopt, 1, 5, 100, "mar"},
    {adopt_late, 1, 5, 100, "mar"},
    {adopt_outage, 7, 14, 56, "mar"},
    {edited, 1, 3, 90, "mar"},
    {edited_outage, 7, 14, 56, "mar"},
    {turned, 1, 12, 300, "mar"},
    {meddled, 1, 12, 300, "mar"},
    {meddled_outage, 7, 14, 56, "mar"},
    {drifted, 1, 27, 720, "mar"},
    {drifted_outage, 7, 28, 112, "mar"},
    {not_taken, 1, 20, 500, "mar"},
    {not_taken_outage, 7, 28, 112, "mar"},
    {taken_back, 1, 20, 500, "mar"},
    {taken_back_outage, 7, 28, 112, "mar"},
    {leaves, 1, 3, 60, "mar"},
    {gone, 1, 9, 240, "mar"},
    {gone_outage, 7, 14, 56, "mar"},
};
// clang-format on
enum { SWEEPS = sizeof(sweeps) / sizeof(sweeps[0]) };

/* Stories with random seeds, and how many of all each has. */
static const struct {
    const char *story;
    uint64_t share;
} drawn[] = {
    {"random", 4},         {"random/redo", 1},    {"random/life-time", 1},
    {"random/word", 1},    {"random/adopt", 3},   {"random/existing", 2},
    {"random/settled", 2}, {"random/edited", 4},  {"random/meddled", 3},
    {"random/gone", 3},    {"random/drifted", 2}, {"random/taken-back", 2},
};
#define SEEDS_FAMILY "random/"
enum { DRAWN = sizeof(drawn) / sizeof(drawn[0]) };

/* Which exchanges of a family are struck: place[n] is 1, 2, 3.. in their order; 0: not.
 */
struct choice {
    uint64_t last, count;
    uint32_t *place;
    char shape[DR_DIGEST_TEXT]; /* of the end of the family's fault-free run */
};

/* A result to be had again by a scenario on its own. */
struct again {
    char name[SIM_NAME], digest[DR_DIGEST_TEXT];
    bool passed;
};

struct worker {
    struct sim_batch *b;
    const struct choice *choices;
    const uint64_t *seeds; /* of each story in `drawn` */
    FILE *report;
    uint64_t j, pass;
    size_t sweep;
};

struct collector {
    struct sim_batch *b;
    struct again again[AGAIN];
    size_t again_count;
    uint64_t failures;
    double begin;
    uint64_t told;
    const struct choice *choices;
    const char *shape; /* of the plain end */
};

double sim_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- families ---- */

/* The name's first part, but "clock-.." is one family and settings are another. */
static struct sim_family *family_of(struct sim_batch *b, const char *name)
{
    char text[SIM_NAME];
    const char *end = strchr(name, '/');
    snprintf(text, sizeof(text), "%.*s", end ? (int)(end - name) : 8,
             end ? name : "settings");
    if (strncmp(text, "clock-", 6) == 0)
        text[5] = '\0';
    for (size_t i = 0; i < b->family_count; i++)
        if (strcmp(b->families[i].name, text) == 0)
            return &b->families[i];
    if (b->family_count == SIM_FAMILIES)
        abort();
    struct sim_family *f = &b->families[b->family_count++];
    *f = (struct sim_family){.name = dr_xstrdup(text)};
    return f;
}

/* --only names a family, a story, or a scenario. */
static bool wanted(struct sim_batch *b, const char *name)
{
    size_t len = b->only ? strlen(b->only) : 0;
    return !b->only || strcmp(family_of(b, name)->name, b->only) == 0 ||
           (strncmp(name, b->only, len) == 0 && (!name[len] || name[len] == '/'));
}

/* Those stories of a sweep that are wanted; NULL-terminated. */
static size_t wanted_stories(struct sim_batch *b, const struct sweep_family *f,
                             const char *out[SIM_STORIES])
{
    size_t n = 0;
    for (size_t i = 0; f->stories[i] && n + 1 < SIM_STORIES; i++) {
        char name[SIM_NAME];
        snprintf(name, sizeof(name), "%s/1", f->stories[i]);
        if (wanted(b, name))
            out[n++] = f->stories[i];
    }
    out[n] = NULL;
    return n;
}

/* ---- the list of single scenarios ---- */

struct list {
    char (*names)[SIM_NAME];
    size_t count, room;
};

static void add(struct list *l, const char *story, uint64_t n, bool numbered)
{
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 256;
        l->names = dr_xrealloc(l->names, l->room * sizeof(*l->names));
    }
    if (numbered)
        snprintf(l->names[l->count++], SIM_NAME, "%s/%" PRIu64, story, n);
    else
        snprintf(l->names[l->count++], SIM_NAME, "%s", story);
}

static void list_settings(struct list *l, const struct sim_result *plain)
{
    const char *text;
    for (size_t i = 0; sim_story(i, &text); i++) {
        const char *name = sim_story(i, &text);
        if (!sim_story_numbered(i))
            add(l, name, 0, false);
    }
    for (uint64_t n = 0; n < 3; n++)
        add(l, "dropped", n, true);
    for (uint64_t n = 1; n <= plain->rounds; n++)
        add(l, "removed", n, true);
    for (uint64_t n = 1; n <= plain->rounds; n++) {
        add(l, "held", n, true);
        add(l, "behind", n, true);
        add(l, "behind/removed", n, true);
        add(l, "held/expired", n, true);
    }
    for (uint64_t n = 0; n < RESETS; n++)
        add(l, "reset", n, true);
    for (uint64_t n = 0; n < GIVE_UPS; n++)
        add(l, "given-up", n, true);
    for (uint64_t n = 0; n < SIM_OUTAGES; n++)
        add(l, "down", n, true);
    for (uint64_t n = 0; n < 2; n++)
        add(l, "cut", n, true);
    for (uint64_t n = 0; n < SIM_BESIDES; n++)
        add(l, "gone-besides", n, true);
    add(l, "fight-again", 1, true);
    for (uint64_t n = 0; n < SIM_DEEDS; n++)
        add(l, "left", n, true);
    add(l, "silence", SILENCE, true);
    for (uint64_t n = 0; n <= JOURNALS; n += JOURNALS / 6)
        add(l, "journal", n, true);
}

/* ---- workers ---- */

/* In one write that is short enough not to mix with another process's. */
static void report_line(FILE *report, const char *name, const struct sim_result *r,
                        const char *why, bool idle)
{
    char line[PIPE_BUF];
    int len =
        snprintf(line, sizeof(line) - 1,
                 "%d %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %s %s %s\t%s", r->passed,
                 idle, r->checks, r->struck, r->struck_acts, *r->digest ? r->digest : "-",
                 *r->shape ? r->shape : "-", name, r->passed ? "" : why);
    size_t n = len < (int)sizeof(line) - 1 ? (size_t)len : sizeof(line) - 2;
    for (size_t i = 0; i < n; i++)
        line[i] = line[i] == '\n' ? ' ' : line[i];
    line[n++] = '\n';
    fwrite(line, 1, n, report);
    fflush(report);
}

static bool more(void *arg)
{
    const struct worker *w = arg;
    return sim_now_s() < w->b->until;
}

static void report_branch(void *arg, const char *name, const struct sim_result *r,
                          bool idle)
{
    const struct worker *w = arg;
    report_line(w->report, name, r, dr_buf_str(&r->why), idle);
}

static void report_death(void *arg, const char *name, int status)
{
    const struct worker *w = arg;
    struct sim_result dead = {.passed = false};
    char why[64];
    snprintf(why, sizeof(why), "the process died (status %d)", status);
    report_line(w->report, name, &dead, why, false);
}

/* In a process of its own: one that dies is a failure and not the end. */
static void run_apart(struct worker *w, const char *name)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct sim_result r;
        if (sim_run(name, w->b->seed, &r, NULL))
            report_line(w->report, name, &r, dr_buf_str(&r.why), false);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        report_death(w, name, status);
}

/* Every pass of every worker has its share, spread over all. */
static bool is_mine(const struct worker *w, uint64_t place)
{
    return place && (place - 1) % w->b->jobs == w->j &&
           (place - 1) / w->b->jobs % w->b->stride == w->pass;
}

static bool wants(void *arg, uint64_t n)
{
    const struct worker *w = arg;
    return is_mine(w, w->choices[w->sweep].place[n]);
}

static bool wants_second(void *arg, const char *name)
{
    const struct worker *w = arg;
    uint64_t print = 14695981039346656037u;
    for (const char *s = name; *s; s++)
        print = (print ^ (unsigned char)*s) * 1099511628211u;
    return w->b->full || (print + w->b->seed) % FEW_PAIRS == 0;
}

static void run_pass(struct worker *w)
{
    struct sim_batch *b = w->b;
    for (w->sweep = 0; w->sweep < SWEEPS && more(w); w->sweep++) {
        const struct choice *c = &w->choices[w->sweep];
        const char *stories[SIM_STORIES];
        bool mine = false;
        (void)wanted_stories(b, &sweeps[w->sweep], stories);
        for (uint64_t n = 1; n <= c->last && !mine; n++)
            mine = wants(w, n);
        struct sim_sweep s = {.stories = stories,
                              .last = c->last,
                              .wants = wants,
                              .wants_second = wants_second,
                              .more = more,
                              .report = report_branch,
                              .died = report_death,
                              .arg = w};
        if (mine)
            sim_sweep(&s, b->seed);
    }
}

/* Those that begin alike are one worker's. */
static bool wants_seeds(void *arg, uint64_t group)
{
    const struct worker *w = arg;
    return group % w->b->jobs == w->j;
}

static void run_seeds(struct worker *w)
{
    for (size_t i = 0; i < DRAWN && more(w); i++) {
        struct sim_seeds s = {.story = drawn[i].story,
                              .from = 1,
                              .to = w->seeds[i] + 1,
                              .wants = wants_seeds,
                              .more = more,
                              .report = report_branch,
                              .died = report_death,
                              .arg = w};
        if (w->seeds[i] / SIM_SEEDS_SHARE >= w->j)
            sim_seeds(&s, w->b->seed);
    }
}

static void work(struct worker *w, const struct list *l)
{
    for (size_t i = w->j; i < l->count && more(w); i += w->b->jobs)
        run_apart(w, l->names[i]);
    for (w->pass = 0; w->pass < w->b->stride; w->pass++)
        run_pass(w);
    run_seeds(w);
}

/* ---- results ---- */

/* Families that end as if nothing had been. */
static bool is_compared(const char *name)
{
    static const char *const families[] = {"fault/", "settled/", "clock-", "late",
                                           "stray/", "pair/",    "adopt/", "existing/"};
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (strncmp(name, families[i], strlen(families[i])) == 0)
            return true;
    return false;
}

/* The end that a scenario must come to: its family's where that has a way of its own. */
static const char *shape_of(const struct collector *c, const char *name)
{
    for (size_t i = 0; i < SWEEPS; i++)
        for (size_t k = 0; sweeps[i].stories[k]; k++) {
            size_t len = strlen(sweeps[i].stories[k]);
            if (strncmp(name, sweeps[i].stories[k], len) == 0 && name[len] == '/' &&
                (strncmp(name, "adopt/", 6) == 0 || strncmp(name, "existing/", 9) == 0))
                return c->choices[i].shape;
        }
    return c->shape;
}

/* "pair/lost/312/17/stale", not the beginning "pair/lost/312" of many. */
static bool is_pair(const char *name)
{
    size_t parts = 0;
    for (const char *s = name; *s; s++)
        parts += *s == '/';
    return parts > 2;
}

static void take_line(struct collector *c, char *line)
{
    int passed, idle, used = 0;
    uint64_t checks, struck, acts;
    char digest[DR_DIGEST_TEXT], shape[DR_DIGEST_TEXT];
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "%d %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %64s %64s %n", &passed,
               &idle, &checks, &struck, &acts, digest, shape, &used) < 7)
        return;
    char *name = line + used, *tab = strchr(name, '\t');
    if (tab)
        *tab++ = '\0';
    struct sim_family *f = family_of(c->b, name);
    const char *why = tab ? tab : "";
    f->planned += is_pair(name); /* known only once its first fault has struck */
    if (passed && !idle && is_compared(name) && strcmp(shape, shape_of(c, name)) != 0) {
        passed = false;
        why = "C6: the end is not that of a fault-free run (--scenario plain, or of its "
              "family)";
    }
    f->checks += checks;
    f->struck += struck;
    f->acts += acts;
    f->passed += passed != 0;
    f->failed += passed == 0;
    f->idle += idle != 0;
    if (!idle && strchr(name, '/') && (f->passed + f->failed) % AGAIN_EVERY == 1 &&
        c->again_count < AGAIN) {
        struct again *a = &c->again[c->again_count++];
        snprintf(a->name, sizeof(a->name), "%s", name);
        snprintf(a->digest, sizeof(a->digest), "%s", digest);
        a->passed = passed;
    }
    if (!passed && ++c->failures <= SHOWN_FAILURES)
        printf("FAIL --seed %" PRIu64 " --scenario %s\n     %s\n", c->b->seed, name, why);
}

/* What a sweep said of a scenario is what the scenario comes to on its own. */
static void compare(struct collector *c)
{
    for (size_t i = 0; i < c->again_count; i++) {
        struct again *a = &c->again[i];
        struct sim_result r;
        bool same = sim_run(a->name, c->b->seed, &r, NULL) && r.passed == a->passed &&
                    strcmp(r.digest, a->digest) == 0;
        sim_result_release(&r);
        c->b->again++;
        if (same)
            continue;
        family_of(c->b, a->name)->failed++;
        printf("FAIL --seed %" PRIu64 " --scenario %s\n     ends otherwise in a sweep\n",
               c->b->seed, a->name);
    }
}

/* Of many seeds now and then how far they have come. */
static void tell(struct collector *c)
{
    struct sim_family *f = family_of(c->b, SEEDS_FAMILY);
    uint64_t ran = f->passed + f->failed, step = f->planned / TOLD + 1;
    if (!c->b->seeds || ran < (c->told + 1) * step)
        return;
    c->told = ran / step;
    printf("  %" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " failed, %.0f each second\n",
           ran, f->planned, f->failed, (double)ran / (sim_now_s() - c->begin));
    fflush(stdout);
}

static void collect(struct collector *c, FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, in) > 0 && !(c->b->first && c->failures))
        take_line(c, line), tell(c);
    free(line);
    fclose(in);
}

static void choose_exchanges(const struct sim_batch *b, const struct sweep_family *f,
                             const struct sim_result *calm, struct choice *c)
{
    uint64_t acting = 0, reading = b->seed;
    c->last = calm->exchanges < calm->kinds.len ? calm->exchanges : calm->kinds.len;
    c->place = dr_xcalloc(c->last + 1, sizeof(*c->place));
    for (uint64_t n = 1; n <= c->last; n++) {
        char kind = calm->kinds.data[n - 1];
        uint64_t turn = kind == 'r' ? reading++ : acting++;
        uint64_t share = kind == 'r' ? f->reads : f->acts;
        bool in = b->full ? (n - 1) % f->every == 0 : share && turn % share == 0;
        if (in && strchr(f->kinds, kind))
            c->place[n] = (uint32_t)++c->count;
    }
}

/* Leaves out what is not wanted. False: a family's beginning fails without a fault. */
static bool choose(struct sim_batch *b, struct list *l, struct choice choices[SWEEPS],
                   struct sim_result *calm)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++)
        if (wanted(b, l->names[i]))
            memmove(l->names[kept++], l->names[i], SIM_NAME);
    l->count = kept;
    for (size_t i = 0; i < SWEEPS; i++) {
        char name[SIM_NAME];
        const char *stories[SIM_STORIES];
        if (!wanted_stories(b, &sweeps[i], stories))
            continue;
        snprintf(name, sizeof(name), "%s/0", stories[0]);
        if (!sim_run(name, b->seed, calm, NULL) || !calm->passed)
            return false;
        choose_exchanges(b, &sweeps[i], calm, &choices[i]);
        snprintf(choices[i].shape, sizeof(choices[i].shape), "%s", calm->shape);
        sim_result_release(calm);
    }
    return true;
}

static void plan_counts(struct sim_batch *b, const struct list *l,
                        const struct choice choices[SWEEPS], const uint64_t seeds[DRAWN])
{
    for (size_t i = 0; i < l->count; i++)
        family_of(b, l->names[i])->planned++;
    for (size_t i = 0; i < SWEEPS; i++) {
        const char *stories[SIM_STORIES];
        (void)wanted_stories(b, &sweeps[i], stories);
        for (size_t k = 0; stories[k]; k++) {
            char name[SIM_NAME];
            snprintf(name, sizeof(name), "%s/1", stories[k]);
            family_of(b, name)->planned += choices[i].count;
        }
    }
    for (size_t i = 0; i < DRAWN; i++)
        if (seeds[i])
            family_of(b, SEEDS_FAMILY)->planned += seeds[i];
}

/* Each story has its share of the wanted number. */
static void share_seeds(struct sim_batch *b, uint64_t seeds[DRAWN])
{
    uint64_t all = 0, so_far = 0,
             count = b->seeds  ? b->seeds
                     : b->full ? SEEDS
                               : FEW_SEEDS;
    uint64_t shares[DRAWN];
    for (size_t i = 0; i < DRAWN; i++) {
        char name[SIM_NAME];
        snprintf(name, sizeof(name), "%s/1", drawn[i].story);
        all += shares[i] = wanted(b, name) ? drawn[i].share : 0;
    }
    for (size_t i = 0; i < DRAWN; i++) {
        uint64_t before = so_far;
        so_far += shares[i];
        seeds[i] = all ? count * so_far / all - count * before / all : 0;
    }
}

/* Workers end at once when nobody reads what they say. */
static void await(struct sim_batch *b, const pid_t *pids, bool cut)
{
    for (size_t j = 0; j < b->jobs; j++) {
        int status = 0;
        waitpid(pids[j], &status, 0);
        if (status == 0 || cut)
            continue;
        printf("FAIL a worker died (status %d)\n", status);
        b->families[0].failed++;
    }
}

static void run_all(struct sim_batch *b, const struct list *l,
                    const struct choice choices[SWEEPS], const uint64_t seeds[DRAWN],
                    const char *shape)
{
    struct collector c = {
        .b = b, .choices = choices, .shape = shape, .begin = sim_now_s()};
    pid_t pids[SIM_JOBS];
    int fds[2]; /* of all workers, so that none waits for another to be read */
    if (pipe(fds) != 0)
        abort();
    fflush(stdout);
    for (size_t j = 0; j < b->jobs; j++) {
        pids[j] = fork();
        if (pids[j] == 0) {
            close(fds[0]);
            struct worker w = {.b = b,
                               .choices = choices,
                               .seeds = seeds,
                               .report = fdopen(fds[1], "w"),
                               .j = j};
            work(&w, l);
            fclose(w.report);
            _exit(0);
        }
    }
    close(fds[1]);
    collect(&c, fdopen(fds[0], "r"));
    await(b, pids, b->first && c.failures);
    if (!(b->first && c.failures))
        compare(&c);
}

bool sim_batch_run(struct sim_batch *b, struct sim_result *plain)
{
    struct sim_result calm;
    struct list l = {0};
    struct choice choices[SWEEPS] = {{0}};
    uint64_t seeds[DRAWN];
    if (!sim_run("plain", b->seed, plain, NULL) || !plain->passed)
        return false;
    list_settings(&l, plain);
    bool passed = choose(b, &l, choices, &calm);
    if (passed) {
        share_seeds(b, seeds);
        plan_counts(b, &l, choices, seeds);
        run_all(b, &l, choices, seeds, plain->shape);
    } else {
        sim_result_release(plain);
        *plain = calm;
    }
    for (size_t i = 0; i < SWEEPS; i++)
        free(choices[i].place);
    free(l.names);
    return passed;
}
