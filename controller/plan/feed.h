/* The changefeed that is made: what of it differs, whose doing that is, how long its
 * history is kept (feed.c); and one that was removed (again.c). Inside plan/ only. */
#ifndef DR_PLAN_FEED_H
#define DR_PLAN_FEED_H

#include "controller/plan/view.h"

/* Whether drover is to change settings of the feed: because the document was edited since
 * drover last saw both agree, or because the policy puts right what somebody changed. */
enum dr_truth dr_feed_update_wanted(const struct dr_view *v);
/* Whether the feed stands still because drover paused it to change its settings, and may
 * simply be resumed: its history is kept, and the clusters are those of the ledgers. */
enum dr_truth dr_feed_left_paused(const struct dr_view *v);
/* A ledger says that drover changes the settings, and the feed was not seen to run since:
 * that it is paused is drover's doing. */
bool dr_feed_updating(const struct dr_view *v);
/* It was seen to run with them a few minutes ago, and is stopped: a request of drover's
 * own whose answer was lost may have come late. Where none was, a stop is a human's from
 * then on. */
bool dr_feed_late_pause(const struct dr_view *v);
/* ---- another secret of the sink's passwords: secret.c ---- */

/* The declared one is not the one that the feed's password was derived from; it was
 * replaced by that one before; the feed is to get a password of it now. */
bool dr_secret_is_another(const struct dr_view *v);
bool dr_secret_is_replaced(const struct dr_view *v);
bool dr_secret_turns(const struct dr_view *v);
/* Its password was sent with the feed's settings; the account is let in with it. */
bool dr_secret_sent(const struct dr_view *v);
bool dr_secret_has_account(const struct dr_view *v);
/* The row lacks it, or has the one before, and it is the one in use. */
bool dr_secret_is_unnoted(const struct dr_view *v, const struct dr_edge_row *e);
/* The declared one is the feed's from now on. */
void dr_secret_note(const struct dr_view *v, struct dr_edge_row *r);

/* The document was edited since drover last saw the feed as it says. */
bool dr_feed_declared_anew(const struct dr_view *v);
/* .. or the policy puts right what somebody changed: what differs is to be changed. */
bool dr_feed_is_meant(const struct dr_view *v);
/* All that differs, as the document spells it: "replication.syncPoint.interval: declared
 * 15m, live 10m". "": nothing. */
const char *dr_feed_differences(const struct dr_view *v);
/* Why TiCDC refused what differs, when it was sent; NULL: it did not. */
const char *dr_feed_refused(const struct dr_view *v);
/* The first difference that no update can bring: TiCDC takes it for a new feed only.
 * NULL: none. */
const char *dr_feed_fixed(const struct dr_view *v);
/* The way out of that, where the changefeed may be made anew; else NULL. */
const char *dr_mend_fixed(const struct dr_view *v);
/* Before redo is switched off: what the way back takes; NULL: it is not. */
const char *dr_redo_off_notice(const struct dr_view *v);
/* What differs, where that is an edit of the document that waits and changes neither
 * which rows are carried, nor where to, nor the redo log; else NULL. */
const char *dr_feed_edit_waits(const struct dr_view *v);
/* What of the declared redo log the feed does not write; NULL: none declared, or all. */
const char *dr_feed_lacks_redo(const struct dr_view *v);
/* The feed reads another cluster than the primary's PD is of. */
bool dr_feed_captures_another(const struct dr_view *v, const struct dr_feed *x);
/* Whether GC runs, and PD lists no safepoint of TiCDC that keeps it from what the feed
 * has not carried yet. */
bool dr_feed_is_unheld(const struct dr_view *v);

/* Whether the primary still keeps what the feed has to carry yet, and how much longer it
 * does while nothing advances; -1: not known. */
enum dr_truth dr_feed_history(const struct dr_view *v, int64_t *left_ms);
/* Whether it is proven that the feed of this generation is gone. */
bool dr_feed_absence_proven(const struct dr_view *v);
/* The latest checkpoint of the feed that is known; 0: none. */
uint64_t dr_feed_last_seen(const struct dr_view *v);
/* .. in words, to go on with: "; it had carried all up to ..". "": not known. */
const char *dr_feed_last_seen_text(const struct dr_view *v);
/* again.c: a feed that was removed, and that the policy has made anew. */
/* It is gone, and policy.drift.changefeedRemoved is correct: the checks of again.c speak.
 */
bool dr_feed_is_to_go_on(const struct dr_view *v);
/* .. and everything allows it. */
enum dr_truth dr_feed_may_go_on(const struct dr_view *v);
/* An end knows the next generation, and the other one not yet. */
bool dr_feed_half_again(const struct dr_view *v);
/* The alarm of history that is soon lost; NULL: none. */
const char *dr_feed_history_notice(const struct dr_view *v);
/* Whether a feed that is not drover's has a name as drover makes them for this edge. */
/* Out: that somebody resumed drover's feed from another point than its checkpoint; NULL:
 * nothing shows that. TiCDC's new architecture does not tell. Source: tiflow:
 * pkg/orchestrator/reactor_state.go ResumeChangefeed. */
const char *dr_feed_moved(const struct dr_view *v);
bool dr_feed_duplicated(const struct dr_view *v);

#endif
