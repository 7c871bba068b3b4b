/* A carrier that goes wrong on purpose: at exchange number N (counted from 1 as they are
 * submitted) it does one of the things below. Deterministic; used by the simulation tests
 * and `drover rehearse`. What servers do wrong by themselves is the model's part.
 *
 * A crash is the controller's: from then on every exchange, open ones included, is
 * answered DR_NOT_SENT, and the harness throws the controller away. The decorator has
 * hung up all sessions by then, as the end of the process would. Time goes on for the
 * crashed controller alone: it can wait itself to its end while the world stands still.
 */
#ifndef DR_ESTATE_FAULT_H
#define DR_ESTATE_FAULT_H

#include "controller/estate/carrier.h"

enum dr_inject {
    DR_INJECT_NONE,
    DR_INJECT_CRASH_BEFORE,  /* crash: not sent */
    DR_INJECT_CRASH_SENT,    /* crash: sent, and it has arrived */
    DR_INJECT_CRASH_REPLIED, /* crash: answered, nobody reads it */
    DR_INJECT_NOT_SENT,      /* refused connection; its session is gone */
    DR_INJECT_LOST,          /* carried out, the answer is lost, and the session too */
    DR_INJECT_STALE,         /* a read: an earlier answer to the same question */
    DR_INJECT_DELAYED,   /* the answer comes delay_ms later, or is lost at the deadline */
    DR_INJECT_TRUNCATED, /* HTTP: half the body; SQL: lost in the middle of the rows */
    DR_INJECT_ERROR_AFTER, /* HTTP: carried out, answered 500; SQL: carried out, answered
                              1105 */
    DR_INJECT_STRAY,       /* lost at once for its sender; it arrives delay_ms later, and
                              its session lives until then */
    DR_INJECT_CRASH_STRAY, /* crash: the same */
    DR_INJECT_COUNT
};

struct dr_injection {
    uint64_t exchange; /* its number */
    enum dr_inject kind;
    int64_t delay_ms; /* DELAYED, STRAYs; SENT: how long after sending the crash comes */
};

const char *dr_inject_name(enum dr_inject kind); /* "crash-before", .. */

/* What the harness may look at; owned by the decorator. */
struct dr_fault_view {
    uint64_t exchanges; /* submitted so far */
    uint64_t struck;    /* injections that changed anything */
    bool crashed;
};

struct dr_fault_options {
    const struct dr_injection *script; /* borrowed, any order */
    size_t count;
    /* Called before exchange n is submitted, and after an answer was taken from the inner
     * carrier (whether it is passed on or not). Either may be NULL. */
    void (*before)(void *arg, uint64_t n, const struct dr_exchange *ex);
    void (*after)(void *arg, uint64_t n);
    /* Takes an exchange away from its sender, to deliver it later; copies. False: it
     * cannot, and nothing goes wrong. NULL: there are no strays. */
    bool (*stray)(void *arg, const struct dr_exchange *ex, int64_t delay_ms);
    void *arg;
};

/* Borrows `inner` and what the options point at. Exchanges that were open at a crash
 * stay borrowed until `inner` is freed. Out: owned (->free; leaves `inner` alone). */
struct dr_carrier *dr_fault_carrier(struct dr_carrier *inner,
                                    const struct dr_fault_options *options);
const struct dr_fault_view *dr_fault_look(const struct dr_carrier *fault);

#endif
