/* Writes down what passes the seams, in order: calls and their outcomes (an estate), or
 * exchanges and how they were carried (a carrier). For tests, replay and counting; both
 * may write into one record.
 *
 * A record holds no secrets: string literals of statements that set a password or carry
 * a URI are masked, HTTP bodies and result rows are never written. */
#ifndef DR_ESTATE_RECORD_H
#define DR_ESTATE_RECORD_H

#include "controller/base/buf.h"
#include "controller/estate/carrier.h"
#include "controller/estate/estate.h"

struct dr_record {
    struct dr_buf text; /* one line per event, "<seconds> ..."; stops at its maximum, 0:
                           calls are only counted */
    uint64_t calls[DR_CALL_KIND_COUNT];       /* submitted */
    uint64_t outcomes[DR_CALL_KIND_COUNT][3]; /* replies, by enum dr_outcome */
    uint64_t exchanges[2];                    /* submitted, by enum dr_exchange_kind */
    uint64_t carried[3];                      /* answers, by enum dr_carried */
    /* Called for every call and reply as it passes; either may be NULL. */
    void (*on_call)(void *arg, const struct dr_call *call, uint64_t ticket);
    void (*on_reply)(void *arg, enum dr_call_kind kind, const struct dr_reply *reply);
    void *arg;
};

void dr_record_init(struct dr_record *r, size_t max_bytes);
void dr_record_release(struct dr_record *r);

/* Calls of kinds that mutate: all of them, and those besides lease and heartbeat. */
uint64_t dr_record_mutations(const struct dr_record *r);
uint64_t dr_record_changes(const struct dr_record *r);

/* Decorators. Borrow both. Out: owned (->free; leaves `inner` alone). */
struct dr_estate *dr_record_estate(struct dr_record *r, struct dr_estate *inner);
struct dr_carrier *dr_record_carrier(struct dr_record *r, struct dr_carrier *inner);

/* Appends a statement as a record shows it: one line, literals masked where they could be
 * secret, at most `max` bytes. */
void dr_record_statement(struct dr_buf *out, const char *text, size_t max);

#endif
