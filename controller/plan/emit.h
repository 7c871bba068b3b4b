/* What rows of rules point to: what is said of a step, how long it takes, the call that
 * makes it. Inside plan/ only. */
#ifndef DR_PLAN_EMIT_H
#define DR_PLAN_EMIT_H

#include "controller/plan/view.h"

/* Makes the step a write of these rows into cluster c's ledger; copies them. */
void dr_emit_rows(const struct dr_view *v, struct dr_action *x, size_t c,
                  const struct dr_row_write *rows, size_t count);

/* The edge's row as cluster c has it; where it has none, as a generation's row begins. */
struct dr_edge_row dr_edge_of(const struct dr_view *v, size_t c);
/* Makes the step a write of that row into cluster c's ledger. */
void dr_emit_edge(const struct dr_view *v, size_t c, struct dr_action *x,
                  const struct dr_edge_row *r);

/* ---- the changefeed: feed.c, again.c ---- */

void dr_emit_update_noted(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_update_over(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_update_resumed(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_feed_pause(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_feed_update(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_feed_resume(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_feed_again(const struct dr_view *v, size_t c, struct dr_action *x);

/* ---- a generation that is given up: giveup.c; a ledger that is given back: reset.c ----
 */

void dr_emit_sink_lock_row(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_sink_lock(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_feed_delete(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_given_up(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_reset(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_reset_used(const struct dr_view *v, size_t c, struct dr_action *x);

/* ---- how long it takes: predict.c ---- */

void dr_predict_backup(const struct dr_view *v, struct dr_action *x);
void dr_predict_restore(const struct dr_view *v, struct dr_action *x);
void dr_predict_compare(const struct dr_view *v, struct dr_action *x);

/* ---- what is said of what somebody changed ---- */

const char *dr_feed_tell_paused(const struct dr_view *v);
const char *dr_feed_tell_failed(const struct dr_view *v);
void dr_feed_say_update(const struct dr_view *v, struct dr_action *x);
/* What is said of GC that somebody switched off. */
const char *dr_gc_tell(const struct dr_view *v);
/* Which instances of the secondary take writes although drover had fenced it; NULL:
 * none. */
const char *dr_fence_tell(const struct dr_view *v);

#endif
