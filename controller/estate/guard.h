/* An estate that lets every read pass and no mutating call: what `plan`, `validate`,
 * `management: Observe` and a paused topology look through. One place instead of a flag
 * in every client. */
#ifndef DR_ESTATE_GUARD_H
#define DR_ESTATE_GUARD_H

#include "controller/estate/estate.h"

/* Borrows `inner`. reason: said in every refusal ("drover plan changes nothing"); static.
 * A mutating call is answered DR_REFUSED with DR_E_CANCELLED and never reaches `inner`.
 * Out: owned (estate->free; leaves `inner` alone). */
struct dr_estate *dr_guard_new(struct dr_estate *inner, const char *reason);

/* Lets mutating calls pass, too, or no more: where something is owed in spite of the
 * reason. */
void dr_guard_open(struct dr_estate *guard, bool open);

/* How many calls it refused: anything but 0 is a bug of whoever asked. */
uint64_t dr_guard_refused(const struct dr_estate *guard);

#endif
