#include "controller/act/conditions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"

enum {
    BEGIN_MS =
        1000, /* between the first look that sees a change and the one that counts */
    END_MS = 5000,
    MADE_MS = 30000, /* how long a pair just made may lack its first redo log */
    MUTE_MS = 30000, /* how long looks follow each other closely that cannot tell */
    PART_END_MS = 2 * END_MS, /* the return of protection ends them all */
    KEY_MAX = 200,
    TEXT_MAX = 400,
    STANDING_MAX = 256, /* more at a time are not followed */
    STANDING_MORE = 2,
    DAY_MS = 24 * 3600 * 1000,
};

enum kind { BLOCKED, UNKNOWN, ASKED, MISSING, NOTED };

static const struct {
    const char *word, *begin, *end;
} kinds[] = {
    [BLOCKED] = {"blocked", "blocked.begin", "blocked.end"},
    [UNKNOWN] = {"not known", "unknown.begin", "unknown.end"},
    [ASKED] = {"asked", "question.begin", "question.end"},
    [MISSING] = {"not met", "part.begin", "part.end"},
    [NOTED] = {"noted", "note.begin", "note.end"},
};

struct moment {
    int64_t ms, wall_ms;
};

struct standing {
    enum kind kind;
    char key[KEY_MAX], code[16], subject[64], about[TEXT_MAX];
    bool seen;   /* in this look */
    bool stands; /* its begin counts */
    bool folded; /* the loss of protection named it, its return ends it */
    /* a part that is missing: why, by now; the loss of protection has many reasons */
    char why[TEXT_MAX];
    struct moment why_since;
    struct moment since;
    bool is_gone;       /* the latest look did not see it */
    struct moment gone; /* the first look without it */
};

struct dr_conditions {
    struct standing *items;
    size_t count, room;
    bool judged;        /* a verdict was said */
    enum dr_truth said; /* the latest one */
    enum dr_truth seen; /* of the latest looks */
    struct moment seen_since;
    bool seen_any, wants_look;
    bool is_mute; /* the latest looks could not tell */
    struct moment mute_since;
    bool was_made;      /* before the first verdict, under these eyes */
    struct moment lost; /* when it was protected last */
    bool from_start;    /* no look of these eyes saw it protected before that */
    bool was_lost;      /* by then it was no, not only unknown */
    char lost_text[2 * TEXT_MAX];
};

/* One look at work. */
struct look {
    struct dr_conditions *c;
    const struct dr_plan *p;
    struct moment now;
    struct dr_arena *a;
    struct dr_change *items;
    size_t count, room;
};

struct dr_conditions *dr_conditions_new(void)
{
    return dr_xcalloc(1, sizeof(struct dr_conditions));
}

void dr_conditions_free(struct dr_conditions *c)
{
    if (!c)
        return;
    free(c->items);
    free(c);
}

/* ---- saying ---- */

/* "10:02:11Z", with the day when it is another one. */
static const char *clock_of(const struct look *l, int64_t wall_ms)
{
    char text[DR_TIME_TEXT];
    bool today = wall_ms / DAY_MS == l->now.wall_ms / DAY_MS;
    dr_time_text(wall_ms, text);
    return dr_sprintf(l->a, "%.*sZ", today ? 8 : 19, text + (today ? 11 : 0));
}

static const char *lasted(const struct look *l, int64_t ms)
{
    char text[DR_DURATION_TEXT];
    return dr_strdup(l->a, dr_duration_short(ms, text));
}

static void add(struct look *l, struct dr_change change)
{
    *DR_PUSH(l->a, l->items, l->count, l->room) = change;
}

static const char *span(const struct look *l, const struct moment *from,
                        const struct moment *to)
{
    return dr_sprintf(l->a, "from %s to %s (%s)", clock_of(l, from->wall_ms),
                      clock_of(l, to->wall_ms), lasted(l, to->ms - from->ms));
}

static const char *or_null(const struct look *l, const char *text)
{
    return *text ? dr_strdup(l->a, text) : NULL;
}

static void say(struct look *l, const struct standing *s, bool begins)
{
    const char *when = begins
                           ? dr_sprintf(l->a, "since %s", clock_of(l, s->since.wall_ms))
                           : span(l, &s->since, &s->gone);
    add(l, (struct dr_change){
               .verb = begins ? kinds[s->kind].begin : kinds[s->kind].end,
               .code = or_null(l, s->code),
               .subject = or_null(l, s->subject),
               .since_ms = s->since.wall_ms,
               .lasted_ms = begins ? -1 : s->gone.ms - s->since.ms,
               .text = dr_sprintf(l->a, "%s %s: %s", kinds[s->kind].word, when, s->about),
               .about = dr_strdup(l->a, s->about)});
}

/* ---- what this look sees ---- */

struct sight {
    enum kind kind;
    const char *code, *subject; /* NULL: none */
    const char *id;             /* what tells it from others of these; NULL: nothing */
    const char *text;           /* as far as its first number this does, too; NULL: no */
    const char *about;
    bool unsure; /* this look cannot tell: it ends nothing and begins nothing */
};

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* Text up to its first number. */
static size_t still_len(const char *text)
{
    return strcspn(text, "0123456789");
}

/* Numbers move while a condition stands, and what they count: "1h" follows "59m". */
static void make_key(char key[KEY_MAX], const struct sight *x)
{
    const char *text = or_empty(x->text);
    snprintf(key, KEY_MAX, "%d %s %s %s %.*s", (int)x->kind, or_empty(x->code),
             or_empty(x->subject), or_empty(x->id), (int)still_len(text), text);
}

static void see(struct look *l, const struct sight *x)
{
    struct dr_conditions *c = l->c;
    struct standing *s = NULL;
    char key[KEY_MAX];
    make_key(key, x);
    for (size_t i = 0; i < c->count && !s; i++)
        if (strcmp(c->items[i].key, key) == 0)
            s = &c->items[i];
    if (!s && (x->unsure || c->count == STANDING_MAX))
        return;
    if (!s) {
        if (c->count == c->room) {
            c->room += STANDING_MORE;
            c->items = dr_xrealloc(c->items, c->room * sizeof(*c->items));
        }
        s = &c->items[c->count++];
        *s = (struct standing){.kind = x->kind, .since = l->now};
        memcpy(s->key, key, sizeof(s->key));
        snprintf(s->code, sizeof(s->code), "%s", or_empty(x->code));
        snprintf(s->subject, sizeof(s->subject), "%s", or_empty(x->subject));
        snprintf(s->about, sizeof(s->about), "%s", x->about);
    }
    s->seen = true;
    s->is_gone = false;
    size_t same = still_len(x->about);
    if (x->kind != MISSING || x->unsure ||
        (still_len(s->why) == same && strncmp(s->why, x->about, same) == 0))
        return;
    snprintf(s->why, sizeof(s->why), "%s", x->about);
    s->why_since = l->now;
}

static void see_waiting(struct look *l, const struct dr_waiting *x)
{
    struct dr_buf b;
    dr_buf_init(&b, TEXT_MAX);
    dr_plan_waiting_text(x, &b);
    see(l, &(struct sight){.kind = UNKNOWN,
                           .code = x->code,
                           .subject = x->subject,
                           .about = dr_buf_str(&b)});
    dr_buf_release(&b);
}

static void see_all(struct look *l)
{
    const struct dr_plan *p = l->p;
    for (size_t i = 0; i < l->c->count; i++)
        l->c->items[i].seen = false;
    /* of a pair that is only observed they tell what managing it would need */
    for (size_t i = 0; i < p->blocker_count && !p->observing; i++) {
        const struct dr_blocker *x = &p->blockers[i];
        const char *about = dr_sprintf(l->a, "%s %s: %s", x->code, x->subject, x->fact);
        see(l, &(struct sight){BLOCKED, x->code, x->subject, NULL, NULL, about, false});
    }
    for (size_t i = 0; i < p->waiting_count; i++)
        if (p->waitings[i].code)
            see_waiting(l, &p->waitings[i]);
    for (size_t i = 0; i < p->question_count; i++) {
        const struct dr_question *x = &p->questions[i];
        const char *about = dr_sprintf(l->a, "%s: %s", x->subject, x->what);
        see(l, &(struct sight){ASKED, NULL, x->subject, x->key, x->what, about, false});
    }
    for (size_t i = 0; i < p->notice_count; i++)
        see(l, &(struct sight){NOTED, NULL, NULL, p->notice_ids[i], NULL, p->notices[i],
                               false});
    for (size_t i = 0; i < p->protection_count; i++) {
        const struct dr_protection *x = &p->protections[i];
        const char *about = dr_sprintf(l->a, "%s: %s", x->name, x->text);
        if (x->holds != DR_TRUE)
            see(l, &(struct sight){MISSING, NULL, x->name, NULL, NULL, about,
                                   x->holds == DR_UNSURE});
    }
}

/* ---- protection ---- */

/* All parts that are missing; those that are only unknown when nothing is known to be. */
static const char *what_lacks(const struct look *l)
{
    const struct dr_plan *p = l->p;
    struct dr_buf b;
    size_t more = 0;
    dr_buf_init(&b, TEXT_MAX);
    for (size_t i = 0; i < p->protection_count; i++) {
        const struct dr_protection *x = &p->protections[i];
        if (x->holds != p->is_protected)
            continue;
        if (b.len + strlen(x->name) + strlen(x->text) + 32 > TEXT_MAX)
            more++;
        else
            dr_buf_addf(&b, "%s%s: %s", b.len ? "; " : "", x->name, x->text);
    }
    if (more)
        dr_buf_addf(&b, "%sand %zu more", b.len ? "; " : "", more);
    const char *text = dr_strdup(l->a, dr_buf_str(&b));
    dr_buf_release(&b);
    return text;
}

/* A pair in the making was not protected before, and its steps tell how far it is. */
static bool in_the_making(const struct dr_conditions *c, const struct dr_plan *p)
{
    return !c->judged && p->is_protected != DR_TRUE &&
           (p->state == DR_PLAN_STEPS ||
            (p->state == DR_PLAN_WAITING && p->action_count && !p->actions[0].unsure));
}

/* Only that the checkpoint rises is not seen yet: more looks tell. */
static bool says_nothing(const struct dr_plan *p)
{
    if (p->is_protected != DR_UNSURE)
        return false;
    for (size_t i = 0; i < p->protection_count; i++)
        if (p->protections[i].holds != DR_TRUE && !p->protections[i].early)
            return false;
    return true;
}

static void fold_parts(struct dr_conditions *c, bool begins)
{
    for (size_t i = 0; i < c->count; i++) {
        struct standing *s = &c->items[i];
        if (s->kind != MISSING || (begins ? !s->seen || s->stands : s->seen))
            continue;
        s->folded = true;
        s->stands |= begins;
    }
}

/* While protection is lost: each further reason that more than one look saw, as far as
 * there is room. */
static void add_reasons(struct look *l)
{
    static const char more[] = "; and more";
    struct dr_conditions *c = l->c;
    if (!c->judged || c->said != DR_FALSE || c->seen != DR_FALSE)
        return;
    for (size_t i = 0; i < c->count; i++) {
        const struct standing *s = &c->items[i];
        if (s->kind != MISSING || !s->seen || !s->why[0] ||
            l->now.ms - s->why_since.ms < BEGIN_MS)
            continue;
        const char *known = dr_sprintf(l->a, "%.*s", (int)still_len(s->why), s->why);
        size_t len = strlen(c->lost_text),
               need = len + strlen("; then ") + strlen(s->why);
        if (strstr(c->lost_text, known) || strstr(c->lost_text, more))
            continue;
        if (need + sizeof(more) > sizeof(c->lost_text))
            snprintf(c->lost_text + len, sizeof(c->lost_text) - len, "%s", more);
        else
            snprintf(c->lost_text + len, sizeof(c->lost_text) - len, "; then %s", s->why);
    }
}

static void say_lost(struct look *l)
{
    struct dr_conditions *c = l->c;
    bool no = l->p->is_protected == DR_FALSE, first = !c->judged;
    const char *lacks = what_lacks(l), *when = clock_of(l, c->seen_since.wall_ms);
    if (first || c->said == DR_TRUE) {
        c->lost = c->seen_since;
        c->from_start = first;
        c->was_lost = false;
    }
    if (!c->was_lost)
        snprintf(c->lost_text, sizeof(c->lost_text), "%s", lacks);
    c->was_lost |= no;
    const char *text =
        first ? dr_sprintf(l->a, "%s: %s", no ? "not protected" : "protection not known",
                           lacks)
        : no  ? dr_sprintf(l->a, "protection lost %s: %s", when, lacks)
              : dr_sprintf(l->a, "protection not known since %s: %s", when, lacks);
    add(l, (struct dr_change){.verb = no ? "protection.lost" : "protection.unknown",
                              .since_ms = c->seen_since.wall_ms,
                              .lasted_ms = -1,
                              .alarm = true,
                              .text = text,
                              .about = lacks});
    fold_parts(c, true);
}

static void say_back(struct look *l)
{
    struct dr_conditions *c = l->c;
    bool first = !c->judged;
    const struct moment *back = &c->seen_since;
    const char *text = "protected";
    if (!first && c->was_lost && c->from_start)
        text = dr_sprintf(l->a, "protection lost before %s, back %s (%s at least): %s",
                          clock_of(l, c->lost.wall_ms), clock_of(l, back->wall_ms),
                          lasted(l, back->ms - c->lost.ms), c->lost_text);
    else if (!first && c->was_lost)
        text = dr_sprintf(l->a, "protection lost %s, back %s (%s): %s",
                          clock_of(l, c->lost.wall_ms), clock_of(l, back->wall_ms),
                          lasted(l, back->ms - c->lost.ms), c->lost_text);
    else if (!first)
        text = dr_sprintf(l->a, "protection not known %s, protected: %s",
                          span(l, &c->lost, back), c->lost_text);
    add(l, (struct dr_change){.verb = "protection.back",
                              .since_ms = first ? back->wall_ms : c->lost.wall_ms,
                              .lasted_ms = first ? -1 : back->ms - c->lost.ms,
                              .text = text,
                              .about = first ? "" : dr_strdup(l->a, c->lost_text)});
    fold_parts(c, false);
}

static void judge(struct look *l)
{
    struct dr_conditions *c = l->c;
    const struct dr_plan *p = l->p;
    bool mute = says_nothing(p);
    if (mute && !c->is_mute)
        c->mute_since = l->now;
    c->is_mute = mute;
    c->wants_look = mute && !(c->judged && c->said == DR_TRUE) &&
                    l->now.ms - c->mute_since.ms < MUTE_MS;
    c->was_made |= in_the_making(c, p);
    if (mute || in_the_making(c, p))
        return;
    if (!c->seen_any || c->seen != p->is_protected)
        c->seen_since = l->now;
    c->seen_any = true;
    c->seen = p->is_protected;
    bool news = !c->judged || c->said != c->seen;
    add_reasons(l);
    int64_t wait_ms = c->judged && c->seen == DR_TRUE                   ? END_MS
                      : !c->judged && c->seen != DR_TRUE && c->was_made ? MADE_MS
                                                                        : BEGIN_MS;
    if (!news || l->now.ms - c->seen_since.ms < wait_ms) {
        c->wants_look |= news;
        return;
    }
    if (c->seen == DR_TRUE)
        say_back(l);
    else
        say_lost(l);
    c->judged = true;
    c->said = c->seen;
}

/* ---- all the rest ---- */

/* Whether the condition is over and can be forgotten. */
static bool is_over(struct look *l, struct standing *s)
{
    /* a part that is missing is worth a word beside what the loss of protection says */
    bool counts = s->kind != MISSING || (l->c->judged && l->c->said != DR_TRUE);
    if (s->seen) {
        if (s->stands || !counts || l->now.ms - s->since.ms < BEGIN_MS)
            return false;
        s->stands = true;
        say(l, s, true);
        return false;
    }
    if (!s->is_gone)
        s->gone = l->now;
    s->is_gone = true;
    if (!s->stands)
        return true;
    if (l->now.ms - s->gone.ms < (s->kind == MISSING ? PART_END_MS : END_MS))
        return false;
    if (!s->folded || counts)
        say(l, s, false);
    return true;
}

size_t dr_conditions_look(struct dr_conditions *c, const struct dr_plan *p,
                          int64_t now_ms, int64_t wall_ms, struct dr_arena *a,
                          const struct dr_change **out)
{
    struct look l = {.c = c, .p = p, .now = {now_ms, wall_ms}, .a = a};
    size_t kept = 0;
    see_all(&l);
    judge(&l);
    for (size_t i = 0; i < c->count; i++) {
        if (is_over(&l, &c->items[i]))
            continue;
        if (kept != i)
            c->items[kept] = c->items[i];
        kept++;
    }
    c->count = kept;
    *out = l.items;
    return l.count;
}

bool dr_conditions_pending(const struct dr_conditions *c)
{
    bool pending = c->wants_look;
    for (size_t i = 0; i < c->count; i++) {
        const struct standing *s = &c->items[i];
        bool part = s->kind == MISSING && !(c->judged && c->said != DR_TRUE);
        pending |= s->seen ? !s->stands && !part : s->stands;
    }
    return pending;
}
