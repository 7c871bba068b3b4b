/* What a process remembers of changing a changefeed's settings. Losing it is harmless:
 * the change is tried once more. */
#ifndef DR_OBSERVE_UPDATE_H
#define DR_OBSERVE_UPDATE_H

#include "controller/facts/call.h"
#include "controller/facts/facts.h"

enum { DR_UPDATE_ID_MAX = 129, DR_UPDATE_WORDS_MAX = 200 };

struct dr_update_memory {
    char id[DR_UPDATE_ID_MAX];       /* of the feed; "": nothing is remembered */
    char words[DR_UPDATE_WORDS_MAX]; /* what TiCDC said last, cut where it is long */
    uint32_t failures;               /* in a row */
    int64_t since_ms;                /* of the first of them, or of the pause before it */
    int64_t given_up_ms;             /* 0: not */
    /* No request to pause can come late: the change began before the eyes of this
     * process, and each of its requests was answered. */
    bool settled;
    char secret[24]; /* the print of what went with the settings last; "": no password */
};

/* A request of a change was answered, or its answer was lost: DR_CALL_FEED_PAUSE and
 * DR_CALL_FEED_UPDATE; of others nothing is kept. */
void dr_update_answered(struct dr_update_memory *m, const struct dr_call *call,
                        const struct dr_reply *reply, int64_t now_ms);

/* A look at the ledgers. */
void dr_update_look(struct dr_update_memory *m, const struct dr_facts *f);

/* Why feed `id` keeps the settings that it has, for an hour: TiCDC refused what was sent,
 * or nothing got through for so long that the feed must not stand still any more. NULL:
 * not so. Borrowed. */
const char *dr_update_given_up(const struct dr_update_memory *m, const char *id,
                               int64_t now_ms);

#endif
