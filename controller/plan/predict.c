/* How long the steps take that grow with the data. A forecast for people: it is shown,
 * and nothing is decided on it; it is no part of the digest. */
#include <inttypes.h>

#include "controller/base/num.h"
#include "controller/plan/emit.h"

enum { MIB = 1 << 20, SECOND_MS = 1000, MINUTE_MS = 60000 };
#define GIB (1ull << 30)

/* What a TiKV does when nothing limits it. Source: docs:
 * br/backup-and-restore-overview.md, of restoring; the same for a backup [inference]. */
#define ASSUMED_RATE (100ull * MIB)

/* Nobody wants to know it to the byte. */
static const char *size_text(uint64_t bytes, char out[DR_SIZE_TEXT])
{
    uint64_t unit = bytes >= 10 * GIB ? GIB : MIB;
    return dr_size_text((bytes + unit - 1) / unit * unit, out);
}

static int64_t rounded_ms(uint64_t seconds)
{
    int64_t step_ms = seconds >= 600  ? MINUTE_MS
                      : seconds >= 60 ? 10 * SECOND_MS
                                      : SECOND_MS;
    int64_t ms = (int64_t)seconds * SECOND_MS;
    return (ms + step_ms - 1) / step_ms * step_ms;
}

/* rateLimit bounds each TiKV by itself, so all of them together have as many times as
 * much. Source: docs: sql-statements/sql-statement-backup.md, RATE_LIMIT. Data spread
 * evenly over them [inference]. copies: how often each byte goes over a store's limit. */
static void predict_copy(const struct dr_view *v, const struct dr_stores *from,
                         const struct dr_stores *at, uint32_t copies, struct dr_action *x)
{
    uint64_t limit = v->t->bootstrap.rate_limit_bytes,
             rate = limit ? limit : ASSUMED_RATE;
    char size[DR_SIZE_TEXT], speed[DR_SIZE_TEXT], time[DR_DURATION_TEXT];
    if (!from->seen.known || !at->seen.known || !at->count) {
        const struct dr_seen *s = from->seen.known ? &at->seen : &from->seen;
        x->predicted =
            dr_sprintf(v->arena, "unknown: the size of the data is not known (%s)",
                       s->why ? s->why : "not asked yet");
        return;
    }
    /* in MiB, and never 0: limits below that are one MiB for BR, too */
    uint64_t rate_mib = rate < MIB ? 1 : rate / MIB, size_mib = from->data_bytes / MIB;
    uint64_t seconds = size_mib / at->count * copies / rate_mib;
    x->predicted_ms = rounded_ms(seconds ? seconds : 1);
    x->predicted = dr_sprintf(
        v->arena, "about %s (%s%s at %s%s/s per store, %" PRIu32 " store%s)",
        dr_duration_text(x->predicted_ms, time), size_text(from->data_bytes, size),
        copies > 1 ? dr_sprintf(v->arena, " in %" PRIu32 " copies", copies) : "",
        limit ? "" : "an assumed ", dr_size_text(rate_mib * MIB, speed), at->count,
        at->count == 1 ? "" : "s");
}

void dr_predict_backup(const struct dr_view *v, struct dr_action *x)
{
    const struct dr_stores *a = &dr_view_facts(v, v->a)->stores;
    predict_copy(v, a, a, 1, x);
}

/* Each replica's store fetches its own copy [inference]. */
void dr_predict_restore(const struct dr_view *v, struct dr_action *x)
{
    const struct dr_stores *b = &dr_view_facts(v, v->b)->stores;
    predict_copy(v, &dr_view_facts(v, v->a)->stores, b,
                 b->replicas < b->count ? b->replicas : b->count, x);
}

void dr_predict_compare(const struct dr_view *v, struct dr_action *x)
{
    char time[DR_DURATION_TEXT];
    x->predicted_ms = v->t->bootstrap.verify_budget_ms;
    x->predicted = dr_sprintf(v->arena, "at most %s (bootstrap.verify.budget)",
                              dr_duration_text(x->predicted_ms, time));
}
