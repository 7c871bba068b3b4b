/* What an observer remembers of calls. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "controller/observe/memory.h"

enum { MINUTE_MS = 60000, HOUR_MS = 3600000 };

static const char *refused_at(const struct dr_memory *m, const char *id, int64_t now_ms,
                              struct dr_arena *a)
{
    struct dr_facts *f = dr_facts_new(1, a);
    struct dr_feed_detail *d = &f->clusters[0].feed;
    f->now_ms = now_ms;
    *d = (struct dr_feed_detail){.seen = {.known = true}, .id = id, .present = true};
    dr_memory_fill(m, f, a);
    return d->refused;
}

static void answer(struct dr_memory *m, enum dr_call_kind kind, enum dr_outcome outcome,
                   int status, int64_t now_ms)
{
    struct dr_call call = {.kind = kind};
    struct dr_reply r = {.outcome = outcome};
    call.args.feed.id = "f-g1";
    r.err.foreign = status;
    snprintf(r.err.text, sizeof(r.err.text), "no such setting");
    dr_update_answered(&m->update, &call, &r, now_ms);
}

/* TiCDC's word on settings counts at once; what is none counts when it comes again and
 * again. Either is kept for an hour, of the feed it was for, and goes with what gets
 * through. */
Test(memory, settings_that_were_not_taken)
{
    static const struct {
        enum dr_call_kind kind;
        enum dr_outcome outcome;
        int status, tries;
    } rows[] = {{DR_CALL_FEED_UPDATE, DR_REFUSED, 400, 1},
                {DR_CALL_FEED_UPDATE, DR_REFUSED, 500, 1},
                {DR_CALL_FEED_UPDATE, DR_REFUSED, 401, 3},
                {DR_CALL_FEED_UPDATE, DR_REFUSED, 503, 3},
                {DR_CALL_FEED_UPDATE, DR_REFUSED, 0, 3},
                {DR_CALL_FEED_UPDATE, DR_UNKNOWN, 500, 3},
                {DR_CALL_FEED_PAUSE, DR_REFUSED, 400, 3},
                {DR_CALL_FEED_RESUME, DR_REFUSED, 400, 0}};
    struct dr_arena *a = dr_arena_new(0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dr_memory m;
        int tries = 0;
        dr_memory_init(&m);
        do
            answer(&m, rows[i].kind, rows[i].outcome, rows[i].status, 1000);
        while (++tries < 5 && !refused_at(&m, "f-g1", 1000, a));
        const char *text = refused_at(&m, "f-g1", 1000 + HOUR_MS - 1, a);
        cr_expect_eq(text ? tries : 0, rows[i].tries, "%zu: %d", i, tries);
        if (text)
            cr_expect_str_eq(text, "no such setting");
        cr_expect_null(refused_at(&m, "f-g1", 1000 + HOUR_MS, a), "%zu", i);
        cr_expect_null(refused_at(&m, "f-g2", 1000, a), "%zu", i);
        answer(&m, DR_CALL_FEED_PAUSE, DR_DONE, 0, 1000);
        cr_expect_null(refused_at(&m, "f-g1", 1000, a), "%zu", i);
        dr_memory_release(&m);
    }
    dr_arena_free(a);
}

/* One answer that comes late is enough, for the feed stood still all the while. */
Test(memory, a_change_that_takes_too_long)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_memory m;
    dr_memory_init(&m);
    answer(&m, DR_CALL_FEED_PAUSE, DR_DONE, 0, 1000);
    answer(&m, DR_CALL_FEED_UPDATE, DR_UNKNOWN, 0, 1000 + MINUTE_MS - 1);
    cr_expect_null(refused_at(&m, "f-g1", 1000 + MINUTE_MS, a));
    answer(&m, DR_CALL_FEED_UPDATE, DR_UNKNOWN, 0, 1000 + MINUTE_MS);
    cr_expect_not_null(refused_at(&m, "f-g1", 1000 + MINUTE_MS, a));
    dr_memory_release(&m);
    dr_arena_free(a);
}
