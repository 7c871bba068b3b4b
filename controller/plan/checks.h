/* Checks: what must hold before anything is touched, and while it goes on; one row each
 * (checks.c). Inside plan/ only. */
#ifndef DR_PLAN_CHECKS_H
#define DR_PLAN_CHECKS_H

#include "controller/plan/predicates.h"
#include "controller/plan/rights.h"

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
/* The checks before this one are the ground (mode, identity, ledger): while one of them
 * fails the later ones are not asked, for what they say would mislead. */
#define DR_CHECK_ABOVE_GROUND "DR-B030"
/* Asked of a removal, too. */
#define DR_CHECK_NOT_OLDER "DR-B026"

/* What is done although other checks refuse, as long as who is who is beyond doubt. */
enum dr_doubt {
    DR_DOUBT_FENCE = 1,  /* closing the secondary's fence that somebody lifted */
    DR_DOUBT_RESUME = 2, /* resuming a changefeed that drover paused */
    DR_DOUBT_ALL = DR_DOUBT_FENCE | DR_DOUBT_RESUME,
};
/* Whether the check of that code says so. */
bool dr_check_doubts(const char *code, enum dr_doubt deed);
/* Whether all of those hold. */
enum dr_truth dr_undoubted(const struct dr_view *v, enum dr_doubt deed);

/* Unsure, with the reason of a group that was not read. */
enum dr_truth dr_check_unread(const struct dr_view *v, const struct dr_seen *s,
                              const char *what, const char **fact);
/* False, with what was seen. */
enum dr_truth dr_check_refuse(const struct dr_view *v, const char **fact,
                              const char *text);

/* A value of the world in a fact, cut where it is long. */
const char *dr_check_shown(const struct dr_view *v, const char *value);

/* A check: `holds` of its row. */
#define DR_CHECK(name)                                                                   \
    enum dr_truth name(const struct dr_view *v, size_t c, const char **fact)

/* ---- what this version can do, identity: checks_identity.c ---- */

DR_CHECK(dr_check_mode_is_built);
DR_CHECK(dr_check_words_are_built);
DR_CHECK(dr_check_deployment_is_built);
DR_CHECK(dr_check_endpoints_answer);
DR_CHECK(dr_check_one_cluster);
DR_CHECK(dr_check_two_clusters);
DR_CHECK(dr_check_versions_fit);
DR_CHECK(dr_check_version_as_declared);
DR_CHECK(dr_check_collations_equal);
DR_CHECK(dr_check_all_instances_declared);
DR_CHECK(dr_check_sink_leads_here);

/* ---- the ledgers: checks_ledger.c, orphan.c, giveup.c ---- */

/* Unsure: the ledger is not known. DR-B020 says when a row cannot be read. */
DR_CHECK(dr_check_no_ledger);
DR_CHECK(dr_check_ledger_readable);
DR_CHECK(dr_check_ledger_is_ours);
DR_CHECK(dr_check_ledger_not_lost);
DR_CHECK(dr_check_term_agrees);
DR_CHECK(dr_check_declaration_not_older);
DR_CHECK(dr_check_edges_agree);
DR_CHECK(dr_check_no_operation_in_flight);
/* A pair that drover made, and both its ledgers gone. */
DR_CHECK(dr_check_not_orphaned);
DR_CHECK(dr_check_give_up_is_known);

/* ---- accounts: checks_rights.c ---- */

DR_CHECK(dr_check_controller_rights);
DR_CHECK(dr_check_sink_rights);
DR_CHECK(dr_check_apply_rights);
DR_CHECK(dr_check_sink_is_below);
DR_CHECK(dr_check_bypass_holders);

/* ---- the copy: checks_copy.c ---- */

DR_CHECK(dr_check_primary_open);
DR_CHECK(dr_check_secondary_empty);
DR_CHECK(dr_check_no_tidb_cdc_left);
DR_CHECK(dr_check_secondary_unfenced);
DR_CHECK(dr_check_prefixes_fresh);
DR_CHECK(dr_check_tables_replicate);
DR_CHECK(dr_check_restore_goes_on);
DR_CHECK(dr_check_copies_agree);
DR_CHECK(dr_check_comparison_whole);
DR_CHECK(dr_check_definitions_fit);

/* ---- history: checks_history.c ---- */

DR_CHECK(dr_check_history_of_t);
DR_CHECK(dr_check_hold_is_whole);
/* The primary's history since a TSO, which is called so. */
enum dr_truth dr_check_history_since(const struct dr_view *v, uint64_t tso,
                                     const char *name, const char **fact);

/* ---- the changefeed: checks_feed.c, feed.c, again.c, fights.c ---- */

DR_CHECK(dr_check_no_feed_out_of_secondary);
DR_CHECK(dr_check_no_strangers_feed);
DR_CHECK(dr_check_feeds_of_this_cluster);
DR_CHECK(dr_check_ticdc_well);
DR_CHECK(dr_check_feed_acts);
DR_CHECK(dr_check_feed_is_there);
DR_CHECK(dr_check_feed_unmoved);
DR_CHECK(dr_check_feed_as_made);
DR_CHECK(dr_check_sink_let_in);
DR_CHECK(dr_check_feed_history);
DR_CHECK(dr_check_feed_fixed);
DR_CHECK(dr_check_feed_taken);
DR_CHECK(dr_check_feed_extras);
DR_CHECK(dr_check_feed_goes_on); /* of what was carried: DR-B064 */
DR_CHECK(dr_check_feed_again);
DR_CHECK(dr_check_no_fight);

/* ---- a feed to adopt, and data that is equal already: checks_adopt.c ---- */

DR_CHECK(dr_check_adopted_is_there);
DR_CHECK(dr_check_adopted_runs);
DR_CHECK(dr_check_adopted_leads_home);
DR_CHECK(dr_check_adopted_account);
DR_CHECK(dr_check_adopted_config);
DR_CHECK(dr_check_adopted_password);
DR_CHECK(dr_check_existing_history);
DR_CHECK(dr_check_existing_start);
DR_CHECK(dr_check_existing_equal);

/* ---- ways out that are made of facts: mends.c has one for each code ---- */

/* drover's own account was denied something: what it lacks, or all it needs where that is
 * not known; NULL: nothing is known to lack. */
const char *dr_mend_denied(const struct dr_view *v, size_t c);
/* The statements that give an account what it lacks; NULL: there is no such account. */
const char *dr_mend_rights(const struct dr_view *v, size_t c, enum dr_account_kind kind);
const char *dr_mend_sink(const struct dr_view *v, size_t c);
const char *dr_mend_orphan(const struct dr_view *v);
const char *dr_mend_copy(const struct dr_view *v, const char *otherwise);
/* A copy that was whole once must be made anew; `first`: what comes before that. */
const char *dr_mend_rebuild(const struct dr_view *v, const char *first);
const char *dr_mend_left_over(const struct dr_view *v);
const char *dr_mend_hold(const struct dr_view *v, size_t c);

/* As a rule's `only`, of the check of a code. */
unsigned dr_check_only(const char *code);

/* Whether drover may not write its ledger there: no policy lets that be. */
bool dr_rights_ledger_lost(const struct dr_view *v, size_t c);
/* What the account of a check of privileges that holds may do; NULL: none of those. */
const char *dr_rights_held(const struct dr_view *v, const char *code, size_t c);
/* The way out of this very situation, made of facts ("GRANT ..."), where a check that
 * does not hold has one; NULL: only the one of its row. */
const char *dr_check_mend(const struct dr_view *v, const struct dr_plan_check *k,
                          size_t c);

#endif
