/* Predicates: questions over facts, named, three-valued, one row each. "Unsure" as soon
 * as a fact that one reads is unknown. Inside plan/ only. */
#ifndef DR_PLAN_PREDICATES_H
#define DR_PLAN_PREDICATES_H

#include "controller/plan/view.h"

// clang-format off
#define DR_PREDICATES(X) \
    X(LEDGER_TABLE, ledger_table, "the ledger table is there", "ledger")                            \
    X(NOT_LOST, not_lost, "the ledger has lost no row that its peers tell of", "ledger")              \
    X(RESET_OVER, reset_over, "the ledger that is to be reset has lost no row", "ledger")             \
    X(RESET_USED, reset_used, "the word ledger.reset is noted as used", "ledger")                     \
    X(BIRTH, birth, "the birth row names this topology", "ledger")                                  \
    X(TERM, term, "the term names the primary", "ledger")                                           \
    X(AGREED, agreed, "the term row, where it stands, has agreed on this declaration", "ledger")                      \
    X(IDS_HELD, ids_held, "each instance shows the declared id pair", "instances")                  \
    X(EDGE_PLANNED, edge_planned, "the edge has a generation", "ledger")                            \
    X(OPEN, open_here, "each instance takes writes", "instances")                                   \
    X(BEAT_TABLE, beat_table, "the heartbeat table is there, or not wanted", "ledger")              \
    X(NO_OLD_BEAT, no_old_beat, "no schema 'drover' is left on the secondary", "tables")            \
    X(HOLD, hold, "a hold row stands for the bootstrap", "ledger")                                  \
    X(GC_HELD, gc_held, "each instance shows the held GC setting", "ledger instances")              \
    X(GC_SETTLED, gc_settled, "all instances show one GC setting", "instances")                     \
    X(BACKUP_BEGUN, backup_begun, "a backup of this generation was begun", "ledger")                \
    X(BACKUP_DONE, backup_done, "the storage holds the whole backup", "ledger backup_prefix")       \
    X(BACKUP_RUNS, backup_runs, "a backup of this generation runs", "ledger jobs")                  \
    X(RESTORE_BEGUN, restore_begun, "a restore of this generation was begun", "ledger")             \
    X(RESTORE_RUNS, restore_runs, "a restore of this generation runs", "ledger jobs")               \
    X(RESTORED, restored, "the restore ended, and no difference calls for it again", "ledger jobs equality")\
    X(NOT_HALF, not_half, "no half-restored table is in the way of the restore", "tables equality") \
    X(NO_TIDB_CDC, no_tidb_cdc, "no schema 'tidb_cdc' was carried over", "tables")                  \
    X(TTL_OFF, ttl_off, "TTL jobs are off on each instance", "instances")                           \
    X(FENCE_ROW, fence_row, "the fenced row says: secondary", "ledger")                             \
    X(FENCED, fenced, "each instance refuses writes", "instances identity")                         \
    X(EQUAL, equal, "every table is equal at the backup's TSO", "ledger equality")                  \
    X(GOING_ON_NOTED, going_on_noted, "no removed changefeed is to be made anew, or this end knows from where", "ledger feed feeds ddl safepoints sink_login redo_prefix instances") \
    X(SINK_ROW, sink_row, "the sink row carries this generation", "ledger")                         \
    X(SINK_OPEN, sink_open, "the sink account of this generation is let in", "ledger sink_login")   \
    X(SINK_FRESH, sink_fresh, "the sink account of this generation is let in, and no session from before is left", "ledger sink_login jobs feeds") \
    X(SINK_ALONE, sink_alone, "the sink account is noted for this generation, and no session from before is left on any instance", "ledger jobs feeds") \
    X(SINK_SILENT, sink_silent, "the sink account of this generation is not let in, and no session of it is left on any instance", "ledger sink_login jobs") \
    X(MAKING, making, "both ends know the feed's start-ts", "ledger")                               \
    X(MAKING_HERE, making_here, "this end knows the feed's start-ts", "ledger")                     \
    X(FEED_SEEN, feed_seen, "TiCDC lists the feed", "feeds")                                        \
    X(FEED_RISING, feed_rising, "two rising checkpoints were seen", "feeds")                        \
    X(FEED_MATCHES, feed_matches, "the feed is as drover would make it", "feed")                    \
    X(FEED_HOLDS_GC, feed_holds_gc, "PD lists TiCDC's safepoint not above the checkpoint", "safepoints feeds")\
    X(MADE, made, "both ends call the feed made", "ledger")                                         \
    X(NOT_MADE, not_made, "the feed is not made yet", "ledger")                                    \
    X(MADE_HERE, made_here, "this end calls the feed made", "ledger")                               \
    X(GC_RELEASED, gc_released, "nothing needs the hold, and GC is not ours to give back", "ledger instances")                          \
    X(HOLD_CLEARED, hold_cleared, "nothing needs the hold, and no hold or gc row is left", "ledger")                                \
    X(COPY_CLEARED, copy_cleared, "the feed is made, and no restoring row is left", "ledger")                                       \
    X(COMPARED_AS_FENCED, compared_as_fenced, "no note of a comparison stands, or the fence that it was made behind does", "ledger instances") \
    X(SINK_NOTED_LOCKED, sink_noted_locked, "no sink row says that the account is open for this generation", "ledger")    \
    X(SINK_LOCKED, sink_locked, "the sink account of this generation is not let in", "ledger sink_login")                  \
    X(FEED_GONE, feed_gone, "no feed of this generation was made, or its absence is proven", "ledger feeds feed")          \
    X(COPY_RUNS, copy_of_either_runs, "a backup or restore of this generation runs", "ledger jobs")                          \
    X(GIVEN_UP, given_up, "the edge is retired here, and no row of its copy is left", "ledger")                            \
    X(EXISTING_NOTED, existing_noted, "the backup row says since when both sides are equal", "ledger")  \
    X(UNPAUSED, unpaused, "the changefeed is not paused, or by drover", "feeds ledger")             \
    X(UNFAILED, unfailed, "the changefeed has not failed", "feeds")                                  \
    X(GC_ON, gc_on, "GC runs, or a hold of drover's says why not", "ledger instances")               \
    X(HISTORY_KEPT, history_kept, "the primary keeps what the changefeed has to carry yet", "feeds cdc ledger safepoints instances") \
    X(UPDATE_NOTED, update_noted, "no setting is to be changed, or this end says that drover does", "ledger feed feeds") \
    X(SECRET_TURNED, secret_turned, "no other secret is declared, or the sink account is let in with its password", "ledger feed sink_login") \
    X(UPDATE_RESTS, update_rests, "no setting is to be changed, or the changefeed rests for it", "ledger feed feeds") \
    X(UPDATE_SENT, update_sent, "no setting is to be changed", "ledger feed feeds")                 \
    X(UPDATE_RUNS, update_runs, "no changefeed rests for a change of its settings", "ledger feed feeds")    \
    X(UPDATE_RESUMED, update_resumed, "no settings are being changed, or this end says that the changefeed runs with them", "ledger feed feeds") \
    X(UPDATE_OVER, update_over, "this end names the settings that the changefeed has", "ledger feed feeds") \
    X(NOT_LEFT_PAUSED, not_left_paused, "no changefeed stands still because drover paused it", "ledger feeds cdc safepoints identity pd instances") \
    X(SHUT, shut, "no instance of the secondary takes writes", "instances")                         \
    X(LEADS_HOME, leads_home, "the feed's sink leads into the secondary", "feed")                   \
    X(HOLD_EXPIRED, hold_expired, "the hold's deadline is over", "ledger")                          \
    X(HOLD_OBSOLETE, hold_obsolete, "nothing needs the hold any more", "ledger")
// clang-format on

enum dr_predicate {
    DR_P_NONE,
#define DR_PREDICATE_ENUM(name, fn, text, reads) DR_P_##name,
    DR_PREDICATES(DR_PREDICATE_ENUM)
#undef DR_PREDICATE_ENUM
        DR_P_COUNT
};

struct dr_predicate_row {
    const char *name, *text, *reads;
    enum dr_truth (*holds)(const struct dr_view *v, size_t c);
};
extern const struct dr_predicate_row dr_predicates[DR_P_COUNT];

enum dr_truth dr_holds(const struct dr_view *v, enum dr_predicate p, size_t c);

/* The function of a predicate: "dr_p_fenced" of "fenced". */
#define DR_PREDICATE(name) enum dr_truth dr_p_##name(const struct dr_view *v, size_t c)

#define DR_PREDICATE_FN(upper, fn, text, reads) DR_PREDICATE(fn);
DR_PREDICATES(DR_PREDICATE_FN)
#undef DR_PREDICATE_FN

/* ---- what several of them are made of: predicates.c ---- */

/* TRUE when `test` holds on each instance; unsure while one is unknown and none contrary.
 */
enum dr_truth dr_each_instance(const struct dr_view *v, size_t c,
                               bool (*test)(const struct dr_view *, size_t,
                                            const struct dr_instance *));
/* FALSE when `test` fails on each instance. */
enum dr_truth dr_some_instance(const struct dr_view *v, size_t c,
                               bool (*test)(const struct dr_view *, size_t,
                                            const struct dr_instance *));
/* Of these: the fence that drover sets; TTL jobs that are off. */
bool dr_shows_fence(const struct dr_view *v, size_t c, const struct dr_instance *x);
bool dr_shows_ttl_off(const struct dr_view *v, size_t c, const struct dr_instance *x);
/* The edge row of cluster c has reached `state`; at both ends. */
enum dr_truth dr_edge_here(const struct dr_view *v, size_t c, enum dr_edge_state state);
enum dr_truth dr_edge_both(const struct dr_view *v, enum dr_edge_state state);

#endif
