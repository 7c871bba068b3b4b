/* What an observer remembers of calls. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "controller/observe/memory.h"

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

/* TiCDC's word on settings is kept for an hour, of the feed it was for, and goes with the
 * next answer; what is no word on settings is not kept. */
Test(memory, settings_that_were_refused)
{
    static const struct {
        enum dr_outcome outcome;
        int status;
        bool kept;
    } rows[] = {{DR_REFUSED, 400, true},  {DR_REFUSED, 500, true},
                {DR_REFUSED, 401, false}, {DR_REFUSED, 503, false},
                {DR_REFUSED, 0, false},   {DR_UNKNOWN, 500, false},
                {DR_DONE, 0, false}};
    enum { HOUR_MS = 3600000 };
    struct dr_arena *a = dr_arena_new(0);
    struct dr_memory m;
    struct dr_call call = {.kind = DR_CALL_FEED_UPDATE};
    call.args.feed.id = "f-g1";
    dr_memory_init(&m);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dr_reply r = {.outcome = rows[i].outcome};
        r.err.foreign = rows[i].status;
        snprintf(r.err.text, sizeof(r.err.text), "no such setting");
        dr_memory_updated(&m, &call, &r, 1000);
        const char *text = refused_at(&m, "f-g1", 1000 + HOUR_MS - 1, a);
        cr_assert_eq(text != NULL, rows[i].kept, "%zu", i);
        if (text)
            cr_assert_str_eq(text, "no such setting");
        cr_assert_null(refused_at(&m, "f-g1", 1000 + HOUR_MS, a), "%zu", i);
        cr_assert_null(refused_at(&m, "f-g2", 1000, a), "%zu", i);
    }
    dr_memory_release(&m);
    dr_arena_free(a);
}
