/* What rows of rules point to: what is said of a step, how long it takes, the call that
 * makes it. Inside plan/ only. */
#ifndef DR_PLAN_EMIT_H
#define DR_PLAN_EMIT_H

#include "controller/plan/view.h"

/* Completes a step's call, and perhaps its words; only called when the step is next. */
#define DR_EMIT(name) void name(const struct dr_view *v, size_t c, struct dr_action *x)

/* ---- what steps are made of: emit.c ---- */

void dr_emit_call(struct dr_action *x, enum dr_call_kind kind, size_t c);
/* Makes the step a write of these rows into cluster c's ledger; copies them. */
void dr_emit_rows(const struct dr_view *v, struct dr_action *x, size_t c,
                  const struct dr_row_write *rows, size_t count);
/* .. of one row, whatever stands there; value NULL: it is deleted. */
void dr_emit_row(const struct dr_view *v, struct dr_action *x, size_t c, const char *key,
                 const char *value);
void dr_emit_set_global(struct dr_action *x, size_t c, const char *instance,
                        const char *variable, const char *value);
/* The first instance that fails `test`, for a variable that must be set there again. */
const char *dr_instance_without(const struct dr_view *v, size_t c,
                                bool (*test)(const struct dr_view *, size_t,
                                             const struct dr_instance *));

/* ---- genesis, and what is agreed on: emit_ledger.c ---- */

DR_EMIT(dr_emit_ledger);
DR_EMIT(dr_emit_birth);
DR_EMIT(dr_emit_term);
DR_EMIT(dr_emit_agreed);

/* ---- how far the edge has come: emit_edge.c ---- */

/* As the row of a generation begins. */
struct dr_edge_row dr_edge_begun(const struct dr_view *v, const struct dr_generation *g);
/* The row of the generation in work as cluster c has it; where it has none, as it begins.
 */
struct dr_edge_row dr_edge_of(const struct dr_view *v, size_t c);
struct dr_row_write dr_edge_write(const struct dr_view *v, const struct dr_edge_row *r);
/* Makes the step a write of that row into cluster c's ledger. */
void dr_emit_edge(const struct dr_view *v, size_t c, struct dr_action *x,
                  const struct dr_edge_row *r);
DR_EMIT(dr_emit_edge_planned);
DR_EMIT(dr_emit_making);
DR_EMIT(dr_emit_made);
DR_EMIT(dr_emit_adopt_planned);
DR_EMIT(dr_emit_adopting);
DR_EMIT(dr_emit_adopted);

/* ---- what holds history: emit_history.c ---- */

DR_EMIT(dr_emit_hold);
DR_EMIT(dr_emit_gc_hold);
DR_EMIT(dr_emit_gc_release);
DR_EMIT(dr_emit_gc_on);
DR_EMIT(dr_emit_hold_clear);

/* ---- the copy: emit_copy.c ---- */

DR_EMIT(dr_emit_beat_table);
DR_EMIT(dr_emit_drop_old_beat);
DR_EMIT(dr_emit_drop_tidb_cdc);
DR_EMIT(dr_emit_existing);
DR_EMIT(dr_emit_backup);
DR_EMIT(dr_emit_restore);
DR_EMIT(dr_emit_drop_half);
DR_EMIT(dr_emit_compare);
DR_EMIT(dr_emit_copy_clear);

/* ---- what each instance shows: emit_fence.c ---- */

DR_EMIT(dr_emit_ids);
DR_EMIT(dr_emit_ttl_off);
DR_EMIT(dr_emit_fence_row);
DR_EMIT(dr_emit_forget_comparison);
DR_EMIT(dr_emit_fence);

/* ---- the changefeed and its account: emit_feed.c ---- */

/* A call about the feed of the generation in work. */
void dr_emit_feed_call(const struct dr_view *v, size_t c, struct dr_action *x,
                       enum dr_call_kind kind);
DR_EMIT(dr_emit_sink_row);
DR_EMIT(dr_emit_sink_open);
DR_EMIT(dr_emit_feed);
DR_EMIT(dr_emit_secret);
DR_EMIT(dr_emit_update_noted);
DR_EMIT(dr_emit_update_over);
DR_EMIT(dr_emit_update_resumed);
DR_EMIT(dr_emit_feed_pause);
DR_EMIT(dr_emit_feed_update);
DR_EMIT(dr_emit_feed_resume);

/* ---- one that goes on: again.c; a generation that is given up: giveup.c ---- */

DR_EMIT(dr_emit_feed_again);
DR_EMIT(dr_emit_sink_lock_row);
DR_EMIT(dr_emit_sink_lock);
DR_EMIT(dr_emit_feed_delete);
DR_EMIT(dr_emit_given_up);

/* ---- a ledger that is given back: reset.c ---- */

DR_EMIT(dr_emit_reset);
DR_EMIT(dr_emit_reset_used);

/* ---- how long it takes: predict.c ---- */

void dr_predict_backup(const struct dr_view *v, struct dr_action *x);
void dr_predict_restore(const struct dr_view *v, struct dr_action *x);
void dr_predict_compare(const struct dr_view *v, struct dr_action *x);

/* ---- what is said of what somebody changed: feed.c, notices.c ---- */

const char *dr_feed_tell_paused(const struct dr_view *v, size_t c);
const char *dr_feed_tell_failed(const struct dr_view *v, size_t c);
void dr_feed_say_update(const struct dr_view *v, struct dr_action *x);
/* What is said of GC that somebody switched off. */
const char *dr_gc_tell(const struct dr_view *v, size_t c);
/* Which instances of the secondary take writes although drover had fenced it; NULL:
 * none. */
const char *dr_fence_tell(const struct dr_view *v, size_t c);
const char *dr_ttl_tell(const struct dr_view *v, size_t c);
const char *dr_ids_tell(const struct dr_view *v, size_t c);

#endif
