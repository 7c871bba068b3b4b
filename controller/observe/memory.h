/* What an observer remembers between looks, because no single look can show it. Losing it
 * is harmless: it is counted again. */
#ifndef DR_OBSERVE_MEMORY_H
#define DR_OBSERVE_MEMORY_H

#include "controller/facts/call.h"
#include "controller/observe/update.h"

enum { DR_FEED_ID_MAX = 129, DR_ABSENT_POLLS = 3, DR_ABSENT_MS = 10000 };

/* Polls in a row, by one healthy owner, that did not see a feed. */
struct dr_absence {
    char owner[DR_FEED_ID_MAX];
    uint32_t polls;
    int64_t since_ms, last_ms;
};

struct dr_feed_memory {
    char id[DR_FEED_ID_MAX];
    uint16_t cluster;
    uint64_t checkpoint;
    uint32_t rises;
    struct dr_absence absence; /* by lists */
};

struct dr_memory {
    struct dr_arena *result; /* of the latest comparison */
    struct dr_equality equality;
    size_t compared; /* the cluster that was to be equal */
    struct dr_feed_memory *feeds;
    size_t feed_count, feed_room;
    char absent_id[DR_FEED_ID_MAX]; /* the feed that was asked for by its name */
    struct dr_absence absence;
    struct dr_update_memory update;
    uint64_t skipped;         /* generations whose prefixes are in use */
    uint64_t restore_refused; /* generation */
    bool quiet;               /* bootstrap was behind us at the latest look */
};

void dr_memory_init(struct dr_memory *m);
void dr_memory_release(struct dr_memory *m);

/* An answer arrived. */
void dr_memory_note(struct dr_memory *m, enum dr_call_kind kind, uint16_t cluster,
                    const struct dr_reply *reply, int64_t now_ms);
/* A call was made. */
void dr_memory_called(struct dr_memory *m, const struct dr_call *call,
                      const struct dr_reply *reply);
/* The feeds that the next list of a cluster should show: those that earlier ones did,
 * until their absence is proven, and those that are expected. Out: owned by the arena. */
const char *const *dr_memory_feeds(const struct dr_memory *m, uint16_t cluster,
                                   struct dr_arena *a, size_t *count);
/* A feed that must be there, though perhaps no list has shown it yet. False: this list
 * has it not, nor is its absence proven; the list is marked, by a text in its own arena.
 */
bool dr_memory_expect(struct dr_memory *m, uint16_t cluster, const char *id,
                      struct dr_feeds *f, struct dr_arena *a);
/* Sets presence, polls and proof of absence. Source of the rule: tiflow:
 * cdc/owner/owner.go, the first ticks of a new owner know no feeds. */
void dr_memory_absence(const struct dr_memory *m, struct dr_feed_detail *d);
/* Whether its absence is proven, and the look that missed it first. */
bool dr_memory_is_gone(const struct dr_memory *m, const char *id, int64_t *since_ms);
/* Compares tables and counts; the result is kept until the cluster what->to is seen to
 * take writes. */
struct dr_compare;
void dr_memory_compare(struct dr_memory *m, const struct dr_compare *what,
                       const struct dr_tables *from, const struct dr_tables *to,
                       const struct dr_counts *a, const struct dr_counts *b,
                       int64_t now_ms);
/* Puts what is remembered into a snapshot. */
void dr_memory_fill(const struct dr_memory *m, struct dr_facts *f, struct dr_arena *a);

#endif
