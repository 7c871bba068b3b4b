/* The inputs of one plan, resolved: which cluster is which, whose ledger may be read,
 * which generation is in work. Inside plan/ only. */
#ifndef DR_PLAN_VIEW_H
#define DR_PLAN_VIEW_H

#include "controller/plan/plan.h"

/* How the edge comes to be: bits, so that a row can name several. */
enum dr_way {
    DR_BY_COPY = 1,     /* BACKUP and RESTORE */
    DR_BY_EXISTING = 2, /* both sides are equal at a declared TSO */
    DR_BY_ADOPTION = 4, /* a feed that runs already: edges[].id */
    DR_BY_GOING_ON = 8, /* a feed that was removed goes on where it was last seen */
};

struct dr_view {
    const struct dr_plan_input *in;
    const struct dr_topology *t;
    const struct dr_facts *f;
    struct dr_arena *arena;
    enum dr_code *unread; /* out: why the fact that a check wanted is unknown; or NULL */
    size_t a, b;          /* declared primary and secondary */
    bool observing;       /* management is Observe */
    bool without_ledger;  /* .. and no ledger knows a topology: only the world is asked */
    struct dr_generation gen;
    enum dr_way way;
    uint64_t start_ts; /* as declared for the edge; 0: not */
    /* what the secondary's ledger says of the comparison of this generation; NULL:
     * nothing, or something happened since */
    const struct dr_equality *noted;
    /* the copy of the generation in work is given up, until both ends say `retired` */
    bool giving_up;
};

void dr_view_init(struct dr_view *v, const struct dr_plan_input *in, struct dr_arena *a);

const struct dr_cluster *dr_view_cluster(const struct dr_view *v, size_t c);
const char *dr_view_name(const struct dr_view *v, size_t c); /* as declared */
const struct dr_cluster_facts *dr_view_facts(const struct dr_view *v, size_t c);

/* The cluster's ledger when it was read, decoded and is readable; else NULL. An absent
 * table is an empty ledger. */
const struct dr_ledger *dr_view_ledger(const struct dr_view *v, size_t c);
/* The row that cluster c's ledger must have lost, by what its peers have (in *beside);
 * NULL: none, or that is not known. */
const char *dr_view_lost_row(const struct dr_view *v, size_t c, const char **beside);
/* Whether the document's ledger.reset lets the peers give c its ledger back; a word for c
 * that does not apply has an objection. */
bool dr_view_may_reset(const struct dr_view *v, size_t c, const char **objection);
/* The very lines of the document that would let the peers do so; NULL: no peer can. */
const char *dr_mend_lost_ledger(const struct dr_view *v, size_t c);
/* A ledger is lost, and the word for it applies: until its rows are back, and every
 * ledger says that the word was used, nothing else that they would tell is asked. */
bool dr_view_resetting(const struct dr_view *v);
/* Whether the declaration is the one on which the ledger has agreed, or a later one; else
 * *fact says why not. The ledger must be known. */
enum dr_truth dr_view_follows(const struct dr_view *v, size_t c, const char **fact);
/* Whether the term row has agreed on this declaration, or on one that means the same. */
bool dr_view_has_agreed(const struct dr_view *v, const struct dr_term_row *term);
/* Whether the declaration, or the removal, is proved to be newer than the one on which a
 * ledger has agreed, and says something else. */
bool dr_view_is_newer(const struct dr_view *v);
/* The row of the edge primary -> secondary in cluster c's ledger; retired rows do not
 * count. NULL: none, or the ledger is not known. */
const struct dr_edge_row *dr_view_edge(const struct dr_view *v, size_t c);

/* Whether the tidb-server that the cluster advertises as "host:port" is one of the
 * instances drover asks, directly or through sql.map. */
bool dr_view_asks(const struct dr_view *v, size_t c, const char *advertised);

/* Whether GC runs in cluster c. The switch is one row for the whole cluster, so any
 * instance that answers tells it; two that contradict: a word is on its way, and off
 * counts. Source: tidb: pkg/sessionctx/variable/sysvar.go, tidb_gc_enable (mysql.tidb,
 * tikv_gc_enable). */
enum dr_truth dr_view_gc_runs(const struct dr_view *v, size_t c);

/* "127.1.1.5:4000 does not answer since ..", of each silent instance of c; "": none. */
const char *dr_view_silent(const struct dr_view *v, size_t c);

static inline enum dr_truth dr_truth_of(bool holds)
{
    return holds ? DR_TRUE : DR_FALSE;
}
enum dr_truth dr_truth_and(enum dr_truth x, enum dr_truth y);
enum dr_truth dr_truth_or(enum dr_truth x, enum dr_truth y);

/* ---- predicates: named, three-valued, one row each ---- */
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

/* Whether a row that names `only` is asked at all. */
bool dr_view_goes(const struct dr_view *v, unsigned only);
/* Whether the feed's sink leads into the secondary. */
enum dr_truth dr_view_leads_home(const struct dr_view *v);

/* The next table of the secondary that a half restore left, NULL: none. */
const struct dr_table *dr_view_half_restored(const struct dr_view *v);
/* The copy's row of the generation in work: `backup` of the primary, or `restoring` of
 * the secondary. NULL: none, or the ledger is not known. */
const struct dr_copy_row *dr_view_copy(const struct dr_view *v, bool restore);
/* The comparison of this generation at this T; NULL: not made. */
const struct dr_equality *dr_view_equality(const struct dr_view *v);
/* The feed of the generation in work as TiCDC lists it; NULL: not listed, not known. */
const struct dr_feed *dr_view_feed(const struct dr_view *v);
/* A changefeed that is named as drover names them for this pair while no ledger knows an
 * edge: the one of the highest generation, out of cluster *from. NULL: none is listed, or
 * a ledger is not known, or the document takes it over already. */
const struct dr_feed *dr_view_orphan(const struct dr_view *v, size_t *from);
/* What an instance of cluster c shows that looks like held GC; NULL: nothing does. */
const char *dr_view_held(const struct dr_view *v, size_t c);
/* A hold stands, and what GC was before it is not known: neither ledger nor document
 * tells. */
bool dr_view_before_lost(const struct dr_view *v, size_t c);
/* drover's own schemas, and those that its tools leave. */
bool dr_view_own_schema(const char *name);

enum dr_truth dr_holds(const struct dr_view *v, enum dr_predicate p, size_t c);

/* ---- rules: what is missing, and the step that makes it ---- */
enum dr_scope { DR_SCOPE_PRIMARY, DR_SCOPE_SECONDARY, DR_SCOPE_EACH };

struct dr_plan_rule {
    uint16_t id;
    const char *concern, *name;
    enum dr_scope scope;
    enum dr_predicate past;     /* true: the step is behind us, whatever `done` says */
    enum dr_predicate done;     /* false: the step is missing */
    enum dr_predicate wait;     /* true: it runs already, wait for it */
    enum dr_predicate needs[5]; /* all true, or the step waits; ends with DR_P_NONE */
    bool (*wanted)(const struct dr_view *v); /* NULL: always */
    unsigned
        only;  /* enum dr_way bits: asked only then, until the feed is made; 0: always */
    bool asks; /* needs an approval where the secondary may have been written to */
    /* Completes action->call and ->what; only called when the step is next. */
    void (*emit)(const struct dr_view *v, size_t c, struct dr_action *action);
    enum dr_risk risk;
    bool gives_up; /* also while a generation is given up, when nothing else is */
    bool goes_on;  /* follows where a removed feed is made anew, and is shown with it */
    bool resets;   /* also while a lost ledger is given back, when nothing else is */
    bool keeps_books;   /* its row says who is drover's and on what all agree, no more */
    uint16_t calls_for; /* rule whose step it may call for: approved together with it */
    bool discharges;    /* also when the document left its source */
    bool owed; /* only then, or when nothing else can be done: it ends what drover
                * began, and asks for no word */
    /* Once the feed is made, what somebody changed is put right only with `correct`. */
    bool is_drift;
    enum dr_drift_class drift;
    /* What is said of it then, NULL: nothing; where there is no function, that `done` is
     * no longer true. */
    const char *(*tell)(const struct dr_view *v);
    const char *by_hand; /* how a person does it: a statement; NULL: not said */
    bool urgent;         /* told first, and whatever else blocks */
    int64_t predicted_ms;
    /* Sets action->predicted and ->predicted_ms, or ->what; NULL: the row says it. */
    void (*predict)(const struct dr_view *v, struct dr_action *action);
    const char *what; /* "%s" is the subject */
    const char *why, *precondition, *expect, *undo;
};
extern const struct dr_plan_rule dr_plan_rules[]; /* ends with id 0 */
/* predict.c */
void dr_predict_backup(const struct dr_view *v, struct dr_action *x);
void dr_predict_restore(const struct dr_view *v, struct dr_action *x);
void dr_predict_compare(const struct dr_view *v, struct dr_action *x);
/* Makes the step a write of these rows into cluster c's ledger; copies them. */
void dr_emit_rows(const struct dr_view *v, struct dr_action *x, size_t c,
                  const struct dr_row_write *rows, size_t count);
/* ---- the settings and the state of the changefeed that is made: feed.c ---- */

/* The edge's row as cluster c has it; where it has none, as a generation's row begins. */
struct dr_edge_row dr_edge_of(const struct dr_view *v, size_t c);
/* Makes the step a write of that row into cluster c's ledger. */
void dr_emit_edge(const struct dr_view *v, size_t c, struct dr_action *x,
                  const struct dr_edge_row *r);

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
 * own may have come late. From then on a stop is a human's. */
bool dr_feed_late_pause(const struct dr_view *v);
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
void dr_emit_feed_again(const struct dr_view *v, size_t c, struct dr_action *x);
/* The alarm of history that is soon lost; NULL: none. */
const char *dr_feed_history_notice(const struct dr_view *v);
/* Whether a feed that is not drover's has a name as drover makes them for this edge. */
bool dr_feed_duplicated(const struct dr_view *v);
/* Of rules. */
const char *dr_feed_tell_paused(const struct dr_view *v);
const char *dr_feed_tell_failed(const struct dr_view *v);
void dr_feed_say_update(const struct dr_view *v, struct dr_action *x);
void dr_emit_update_noted(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_update_over(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_update_resumed(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_feed_pause(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_feed_update(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_feed_resume(const struct dr_view *v, size_t c, struct dr_action *x);

/* giveup.c: the word, and the steps of giving a generation up */
bool dr_view_gives_up(const struct dr_view *v);
bool dr_view_gives_back(const struct dr_view *v); /* while the other side is silent */
const char *dr_give_up_notice(const struct dr_view *v);
void dr_emit_sink_lock_row(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_sink_lock(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_feed_delete(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_given_up(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_reset(const struct dr_view *v, size_t c, struct dr_action *x);
void dr_emit_reset_used(const struct dr_view *v, size_t c, struct dr_action *x);

/* fights.c: a rule by its id; NULL: none. */
const struct dr_plan_rule *dr_rule_of(uint16_t id);
/* Whether the rule's step, now, puts right what somebody changed. Out: the rule that
 * stands for the whole deed, and the class of drift. */
bool dr_rule_corrects(const struct dr_view *v, const struct dr_plan_rule *r,
                      uint16_t *deed, enum dr_drift_class *class);
/* The fight because of which the rule's step is left out; NULL: none. */
const struct dr_fight *dr_view_fight(const struct dr_view *v,
                                     const struct dr_plan_rule *r, size_t c);
/* The class of the first fight about cluster c; false: there is none. */
bool dr_fight_class(const struct dr_view *v, size_t c, enum dr_drift_class *class);

/* ---- checks: what must hold before a step of rule `from` or later ---- */
struct dr_plan_check {
    const char *code;
    enum dr_scope scope;
    enum dr_predicate past; /* true: no longer asked */
    /* TRUE: fine, *fact may say what was seen. FALSE: it does. DR_UNSURE: what is not
     * known. */
    enum dr_truth (*holds)(const struct dr_view *v, size_t c, const char **fact);
    const char *rule;
    const char *path; /* field of the declaration; "%s": the cluster's name */
    const char *way_out;
};
extern const struct dr_plan_check dr_plan_checks[]; /* ends with code NULL */
/* What one check said, for the digest. */
struct dr_check_result {
    const struct dr_plan_check *check;
    size_t cluster;
    enum dr_truth holds;
};
/* Fills p->parts and p->digest from all else in p; watched: predicates that it speaks of
 * beside those that its steps ask, by cluster. Takes it. digest.c. */
void dr_plan_cover(const struct dr_view *v, struct dr_plan *p,
                   const struct dr_check_result *checks, size_t count,
                   bool (*watched)[DR_P_COUNT]);

/* Fills p->approval once the digest is known. Out: what is worth knowing of approvals
 * that are none: notes, and their count. approval.c. */
size_t dr_plan_find_approval(const struct dr_view *v, struct dr_plan *p,
                             const char ***notes);

/* The checks before this one are the ground (mode, identity, ledger): while one of them
 * fails the later ones are not asked, for what they say would mislead. */
#define DR_CHECK_ABOVE_GROUND "DR-B030"
/* Asked of a removal, too. */
#define DR_CHECK_NOT_OLDER "DR-B026"

/* Unsure, with the reason of a group that was not read. */
enum dr_truth dr_check_unread(const struct dr_view *v, const struct dr_seen *s,
                              const char *what, const char **fact);
/* False, with what was seen. */
enum dr_truth dr_check_refuse(const struct dr_view *v, const char **fact,
                              const char *text);

/* A value of the world in a fact, cut where it is long. */
const char *dr_check_shown(const struct dr_view *v, const char *value);

/* Checks used outside of checks.c, or from checks_copy.c; as `holds` above. */
#define DR_CHECK(name)                                                                   \
    enum dr_truth name(const struct dr_view *v, size_t c, const char **fact)
DR_CHECK(dr_check_endpoints_answer);
DR_CHECK(dr_check_tables_replicate);
DR_CHECK(dr_check_secondary_empty);
/* A pair that drover made, and both its ledgers gone: orphan.c. */
DR_CHECK(dr_check_not_orphaned);
const char *dr_mend_orphan(const struct dr_view *v);
DR_CHECK(dr_check_ledger_not_lost);
DR_CHECK(dr_check_give_up_is_known);
const char *dr_mend_copy(const struct dr_view *v, const char *otherwise);
/* A copy that was whole once must be made anew; `first`: what comes before that. */
const char *dr_mend_rebuild(const struct dr_view *v, const char *first);
const char *dr_mend_left_over(const struct dr_view *v);
const char *dr_mend_hold(const struct dr_view *v, size_t c);
/* Unsure: the ledger is not known. DR-B020 says when a row cannot be read. */
DR_CHECK(dr_check_no_ledger);
DR_CHECK(dr_check_controller_rights);
DR_CHECK(dr_check_sink_rights);
DR_CHECK(dr_check_apply_rights);
DR_CHECK(dr_check_sink_is_below);
DR_CHECK(dr_check_bypass_holders);
DR_CHECK(dr_check_history_of_t);
DR_CHECK(dr_check_hold_is_whole);
DR_CHECK(dr_check_restore_goes_on);
DR_CHECK(dr_check_copies_agree);
DR_CHECK(dr_check_comparison_whole);
DR_CHECK(dr_check_definitions_fit);
DR_CHECK(dr_check_feed_acts);
DR_CHECK(dr_check_feed_is_there);
DR_CHECK(dr_check_feed_as_made);
DR_CHECK(dr_check_feed_history);
DR_CHECK(dr_check_feed_fixed);
DR_CHECK(dr_check_feed_taken);
DR_CHECK(dr_check_feed_extras);
DR_CHECK(dr_check_feed_goes_on); /* of what was carried: DR-B064 */
DR_CHECK(dr_check_feed_again);
DR_CHECK(dr_check_no_fight);
/* The primary's history since a TSO, which is called so. */
enum dr_truth dr_check_history_since(const struct dr_view *v, uint64_t tso,
                                     const char *name, const char **fact);
DR_CHECK(dr_check_sink_let_in);
DR_CHECK(dr_check_sink_leads_here);

/* As a rule's `only`, of the check of a code. */
unsigned dr_check_only(const char *code);

/* Of a feed to adopt, and of data that is equal already: checks_adopt.c. */
DR_CHECK(dr_check_adopted_is_there);
DR_CHECK(dr_check_adopted_runs);
DR_CHECK(dr_check_adopted_leads_home);
DR_CHECK(dr_check_adopted_account);
DR_CHECK(dr_check_adopted_config);
DR_CHECK(dr_check_adopted_password);
DR_CHECK(dr_check_existing_history);
DR_CHECK(dr_check_existing_start);
DR_CHECK(dr_check_existing_equal);

/* Whether steps that somebody notices may start now; no windows: always. Out: *opens_ms
 * unix time of the next one, when not. */
bool dr_window_open(const struct dr_policy *p, int64_t wall_ms, int64_t *opens_ms);

/* What is said of GC that somebody switched off. */
const char *dr_gc_tell(const struct dr_view *v);
/* The secondary's sink address does not answer drover; NULL: it does, or is an instance.
 */
const char *dr_sink_notice(const struct dr_view *v);
/* Which instances of the secondary take writes although drover had fenced it; NULL:
 * none. */
const char *dr_fence_tell(const struct dr_view *v);

/* Whether drover may not write its ledger there: no policy lets that be. */
bool dr_rights_ledger_lost(const struct dr_view *v, size_t c);
/* What the account of a check of privileges that holds may do; NULL: none of those. */
const char *dr_rights_held(const struct dr_view *v, const char *code, size_t c);
/* The way out of this very situation, made of facts ("GRANT ..."), where a check that
 * does not hold has one; NULL: only the one of its row. */
const char *dr_check_mend(const struct dr_view *v, const struct dr_plan_check *k,
                          size_t c);

/* "protected", part by part; into p. */
void dr_protection(const struct dr_view *v, struct dr_plan *p);

#endif
