/* What must hold before anything is touched, and while it goes on: one row a check, with
 * its code, what was seen, and the shortest way out. A check that is unsure makes the
 * plan wait for the fact; it never passes. */
#include <string.h>

#include "controller/base/printable.h"
#include "controller/plan/checks.h"

enum dr_truth dr_check_unread(const struct dr_view *v, const struct dr_seen *s,
                              const char *what, const char **fact)
{
    *fact = dr_sprintf(v->arena, "%s: %s", what, s->why ? s->why : "not asked yet");
    if (v->unread)
        *v->unread = s->code;
    return DR_UNSURE;
}

enum dr_truth dr_check_refuse(const struct dr_view *v, const char **fact,
                              const char *text)
{
    *fact = dr_strdup(v->arena, text);
    return DR_FALSE;
}

const char *dr_check_shown(const struct dr_view *v, const char *value)
{
    enum { SHOWN_MAX = 300 };
    return dr_printable(v->arena, value, strlen(value), SHOWN_MAX);
}

// clang-format off
const struct dr_plan_check dr_plan_checks[] = {
    {"DR-B001", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_mode_is_built, "mode PrimarySecondary", "spec.mode",
     "use PrimarySecondary; Bidirectional is read and checked, but not carried out by this version"},
    {"DR-B003", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_words_are_built, "no word that this version cannot obey",
     "spec", "remove the field"},
    {"DR-B004", DR_SCOPE_EACH, DR_P_NONE, dr_check_deployment_is_built, "clusters that run already",
     "spec.clusters[%s].tiup", "deploy the cluster by hand and remove tiup.topologyFile"},
    {"DR-B010", DR_SCOPE_EACH, DR_P_NONE, dr_check_endpoints_answer, "every declared endpoint answers",
     "spec.clusters[%s]", "make the endpoint reachable from here, or correct it"},
    {"DR-B011", DR_SCOPE_EACH, DR_P_NONE, dr_check_one_cluster, "SQL and PD endpoints of one cluster",
     "spec.clusters[%s].pd", "correct the endpoint that belongs to another cluster"},
    {"DR-B012", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_two_clusters, "two clusters with PD ids of their own",
     "spec.clusters", "correct the endpoints: one cluster cannot be its own secondary"},
    {"DR-B013", DR_SCOPE_EACH, DR_P_NONE, dr_check_versions_fit, "TiDB 7.5 or later, one minor version on both sides",
     "spec.clusters[%s]", "upgrade the older side"},
    {"DR-B014", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_collations_equal, "equal new_collations_enabled_on_first_bootstrap",
     "spec.clusters", "deploy the secondary anew with the primary's collation setting"},
    {"DR-B015", DR_SCOPE_EACH, DR_P_NONE, dr_check_all_instances_declared, "every SQL instance declared",
     "spec.clusters[%s].sql.endpoints", "declare the instance, use discover: true, or stop it"},
    {"DR-B016", DR_SCOPE_EACH, DR_P_NONE, dr_check_version_as_declared, "the declared version, as far as the minor one",
     "spec.clusters[%s].version", "correct the version in the document, or leave it out"},
    {"DR-B018", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_sink_leads_here, "a sink address that leads to this cluster",
     "spec.clusters[%s].sink.address", "correct clusters[].sink.address, or where its load balancer leads: the changefeed would write into that cluster"},
    {"DR-B020", DR_SCOPE_EACH, DR_P_NONE, dr_check_ledger_readable, "a ledger that this version can read",
     "spec.clusters[%s]", "use the version of drover that wrote the row, or remove a row written by hand"},
    {"DR-B021", DR_SCOPE_EACH, DR_P_NONE, dr_check_ledger_is_ours, "one topology per cluster, with the PD ids of its birth",
     "metadata.name", "correct the endpoints, or end the other topology's care first"},
    {"DR-B022", DR_SCOPE_EACH, DR_P_NONE, dr_check_ledger_not_lost, "a ledger that was not lost since genesis",
     "spec.clusters[%s]", "find out who dropped or replaced it; then let its peers give it back: ledger.reset in the document"},
    {"DR-B023", DR_SCOPE_EACH, DR_P_NONE, dr_check_term_agrees, "the declared primary is the one the highest term names",
     "spec.primary", "set primary back; this version does not switch over"},
    {"DR-B024", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_edges_agree, "both ends name one generation of the edge",
     "spec.clusters", "find out who wrote the row; drover touches neither"},
    {"DR-B025", DR_SCOPE_EACH, DR_P_NONE, dr_check_no_operation_in_flight, "no fence of an operation",
     "spec.primary", "let the version of drover that began the operation end it"},
    {DR_CHECK_NOT_OLDER, DR_SCOPE_EACH, DR_P_NONE, dr_check_declaration_not_older, "a declaration that is not older than the world",
     "metadata", "take the newer declaration; if this one is right: drover agree PATH"},
    {"DR-B027", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_not_orphaned, "a ledger in each cluster of a pair that drover made",
     "spec.replication.edges", "find out who dropped the ledgers; then let drover take the running changefeed over: its id in replication.edges[].id"},
    {"DR-B030", DR_SCOPE_EACH, DR_P_NONE, dr_check_controller_rights, "the controller's account with its privileges",
     "spec.clusters[%s].sql.user", "create the account as `drover grants` prints it"},
    {"DR-B031", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_sink_rights, "the sink account with its privileges",
     "spec.replication.sink.user", "create the account as `drover grants` prints it"},
    {"DR-B032", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_bypass_holders, "no bypass of the fence but declared ones",
     "spec.switchover.bypassHolders", "revoke RESTRICTED_REPLICA_WRITER_ADMIN, or name the account in switchover.bypassHolders"},
    {"DR-B040", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_primary_open, "the declared primary open until the feed is made",
     "spec.primary", "ask who fenced it; then lift the fence, or declare the other cluster as primary"},
    {"DR-B041", DR_SCOPE_SECONDARY, DR_P_RESTORE_BEGUN, dr_check_secondary_empty, "an empty secondary",
     "spec.clusters[%s]", "drop what is there by hand, or point to an empty cluster; drover drops no data of others; when both sides are equal already: bootstrap.method Existing"},
    {"DR-B042", DR_SCOPE_SECONDARY, DR_P_RESTORE_BEGUN, dr_check_no_tidb_cdc_left, "a secondary that no feed wrote into",
     "spec.clusters[%s]", "when no feed writes into it: DROP DATABASE tidb_cdc"},
    {"DR-B043", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_secondary_unfenced, "no fence of somebody else",
     "spec.clusters[%s]", "ask who fenced it; then SET GLOBAL tidb_super_read_only (or tidb_restricted_read_only) = OFF"},
    {"DR-B044", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_no_feed_out_of_secondary, "no changefeed out of the secondary",
     "spec.clusters[%s].ticdc", "delete the changefeed; when this cluster takes the writes, declare it as primary instead"},
    {"DR-B045", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_no_strangers_feed, "no changefeed out of the primary into SQL but drover's",
     "spec.clusters[%s].ticdc", "delete the changefeed; to keep one that leads into the secondary, name it in replication.edges[].id"},
    {"DR-B046", DR_SCOPE_EACH, DR_P_NONE, dr_check_feeds_of_this_cluster, "the TiCDC that captures this cluster",
     "spec.clusters[%s].ticdc", "correct the endpoint: it belongs to another cluster's TiCDC"},
    {"DR-B047", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_ticdc_well, "a healthy TiCDC of the primary, 7.5 or later",
     "spec.clusters[%s].ticdc", "deploy or repair TiCDC"},
    {"DR-B048", DR_SCOPE_PRIMARY, DR_P_BACKUP_BEGUN, dr_check_prefixes_fresh, "fresh storage prefixes",
     "spec.storage", "empty the prefix, or let the next generation use another: this one in bootstrap.giveUp, once it is noted"},
    {"DR-B050", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_tables_replicate, "only tables that TiCDC can replicate, or waived ones",
     "spec.replication.allowUnreplicated", "give the table a primary key, or name it in replication.allowUnreplicated"},
    {"DR-B051", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_history_of_t, "history since T kept until the feed runs",
     "spec.bootstrap.gcHold", "give this copy up, and begin the next: its generation in bootstrap.giveUp"},
    {"DR-B052", DR_SCOPE_SECONDARY, DR_P_MAKING, dr_check_restore_goes_on, "a half restore that drover can clear away",
     "spec.clusters[%s]", "drop it by hand: the restoring row says that the cluster was empty before"},
    {"DR-B053", DR_SCOPE_PRIMARY, DR_P_MAKING, dr_check_copies_agree, "one backup that both copies' rows speak of",
     "spec.bootstrap", "find out who wrote the row; T cannot be guessed: give this copy up, its generation in bootstrap.giveUp"},
    {"DR-B054", DR_SCOPE_PRIMARY, DR_P_MAKING, dr_check_comparison_whole, "every table compared at T",
     "spec.bootstrap.verify.budget", "raise bootstrap.verify.budget"},
    {"DR-B055", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_hold_is_whole, "the GC setting before the hold",
     "spec.bootstrap.gcHold", "find out what GC was before the hold, and set it so; drover holds it again where it must, and gives that back"},
    {"DR-B056", DR_SCOPE_SECONDARY, DR_P_MAKING, dr_check_definitions_fit, "one definition of each table on both sides at T",
     "spec.clusters[%s]", "find out who changed it since the restore, and put it back; drover compares again after 10 minutes, or once the fence was lifted for that"},
    {"DR-B057", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_give_up_is_known, "a generation to give up that was begun",
     "spec.bootstrap.giveUp", "name the generation in work, or remove bootstrap.giveUp: it would end a later copy at once"},
    {"DR-B058", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_feed_unmoved, "a changefeed that went on from where it was",
     "spec.replication", "what lies between was not carried, or twice: delete the changefeed, give its generation up, and begin again: its number in bootstrap.giveUp; then empty the secondary. Where both sides were compared and are equal: its id and this startTs in replication.edges"},
    {"DR-B060", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_feed_acts, "a changefeed that runs",
     "spec.replication", "mend the cause, then resume the changefeed"},
    {"DR-B061", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_feed_is_there, "the changefeed that drover made",
     "spec.replication", "find out who deleted it, its redo logs went with it; what the primary has done since is carried by no feed: give its generation up, and begin again: its number in bootstrap.giveUp; then empty the secondary"},
    {"DR-B062", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_feed_as_made, "the changefeed as the document says",
     "spec.replication", "set it back, or change the document; or policy.drift.changefeedConfig: correct, and drover pauses the changefeed, gives it the declared settings and resumes it"},
    {"DR-B063", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_sink_let_in, "a sink account that is let in, once drover opened it",
     "spec.replication.sink.user", "ask who changed it, and why; then ALTER USER .. ACCOUNT UNLOCK, or have its password, or the declared secret, set back: the changefeed has the password that was derived when it was made, and breaks when TiCDC logs in anew. A secret that was replaced is not taken again: declare a third"},
    {"DR-B064", DR_SCOPE_PRIMARY, DR_P_NOT_MADE, dr_check_feed_history, "history that the changefeed still needs",
     "spec.replication", "do not resume it: it would fail, or leave a gap. Delete it, give its generation up, and begin again: its number in bootstrap.giveUp; then empty the secondary"},
    {"DR-B065", DR_SCOPE_PRIMARY, DR_P_NOT_MADE, dr_check_feed_fixed, "settings that TiCDC changes on a changefeed that is made",
     "spec.replication", "set it back, in the document or by hand; this setting is for a new changefeed only"},
    {"DR-B066", DR_SCOPE_PRIMARY, DR_P_NOT_MADE, dr_check_feed_extras, "a document that names what an update would reset",
     "spec.replication.config", "declare the setting, or set it back to TiCDC's default by hand: an update replaces all settings"},
    {"DR-B067", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_feed_again, "nothing in the way of making a removed changefeed anew",
     "spec.policy.drift.changefeedRemoved", "find out who did that, and undo it; or policy.drift.changefeedRemoved: ask, and do it by hand"},
    {"DR-B068", DR_SCOPE_EACH, DR_P_NONE, dr_check_no_fight, "what drover puts right stays so",
     "spec.policy.drift", "find out who else sets it and stop that, or let that one have it (drover's side: drover history; the other: SHOW PROCESSLIST, TiDB's audit log, cron); drover does it again once it stood by itself for an hour, or the document changes"},
    {"DR-B069", DR_SCOPE_PRIMARY, DR_P_NOT_MADE, dr_check_feed_taken, "settings that TiCDC takes",
     "spec.replication", "the changefeed runs with the settings it had. Correct what TiCDC names and commit that; where the cause lay elsewhere and is mended: drover apply, a controller tries again after an hour"},
    {"DR-B070", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_adopted_is_there, "the changefeed to adopt, out of the declared primary",
     "spec.replication.edges", "correct edges[].id or primary; without id drover makes a changefeed of its own"},
    {"DR-B071", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_adopted_runs, "a changefeed that runs",
     "spec.replication.edges", "stopped or failed: mend the cause and resume it; finished or beyond repair: delete it, and remove edges[].id"},
    {"DR-B072", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_existing_history, "the primary's history since startTs",
     "spec.bootstrap.startTs", "that history is gone: make both sides equal anew and declare where, or use BackupRestore into an emptied secondary"},
    {"DR-B073", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_adopted_leads_home, "a changefeed from the primary into the secondary",
     "spec.replication.edges", "correct edges[].id, or clusters[].sink.address when that is how TiCDC reaches the secondary"},
    {"DR-B074", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_adopted_account, "the account that the changefeed logs in with",
     "spec.replication.sink.user", "declare the changefeed's account; it must be dedicated and never root: else pause the changefeed, update its sink_uri, resume it"},
    {"DR-B075", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_adopted_config, "a document that says how the changefeed is",
     "spec.replication", "declare what the changefeed has, or let it differ: policy.drift.changefeedConfig: warn (or ignore); drover changes nothing of it"},
    {"DR-B076", DR_SCOPE_SECONDARY, DR_P_MADE, dr_check_adopted_password, "the password that the changefeed logs in with",
     "spec.replication.sink.password", "declare the password that the changefeed uses"},
    {"DR-B077", DR_SCOPE_PRIMARY, DR_P_MAKING, dr_check_existing_start, "a startTs in the primary's past",
     "spec.bootstrap.startTs", "declare the TSO of the primary at which both sides were equal; to go on with a backup that was begun: BackupRestore"},
    {"DR-B078", DR_SCOPE_SECONDARY, DR_P_MAKING, dr_check_existing_equal, "two sides that are equal at startTs",
     "spec.bootstrap.startTs", "correct startTs or the secondary, both are read again after ten minutes, or once the fence was lifted for that; else BackupRestore into an emptied secondary"},
    {"DR-B090", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_apply_rights, "the apply account with its privileges, where redo.apply declares one",
     "spec.replication.redo.apply.user", "create the account as `drover grants` prints it"},
    {"DR-B091", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_sink_is_below, "a sink account that drover's own may lock",
     "spec.replication.sink.user", "revoke SUPER from the sink account"},
    {.code = NULL},
};
// clang-format on

/* What must hold even for the two deeds that a wait makes worse by the minute. All else
 * that a check refuses was so while the pair was whole, and is no reason to leave a
 * secondary open, or a changefeed that drover paused. */
// clang-format off
static const struct {
    const char *code;
    unsigned deeds;
} doubts[] = {
    {"DR-B001", DR_DOUBT_FENCE},             /* who feeds whom */
    {"DR-B003", DR_DOUBT_FENCE},             /* a failover may be wanted */
    {"DR-B011", DR_DOUBT_ALL},               /* which clusters these are */
    {"DR-B012", DR_DOUBT_ALL},
    {"DR-B020", DR_DOUBT_ALL},               /* what the ledgers say */
    {"DR-B021", DR_DOUBT_ALL},
    {"DR-B022", DR_DOUBT_ALL},
    {"DR-B023", DR_DOUBT_FENCE},             /* who is to be primary */
    {"DR-B024", DR_DOUBT_ALL},
    {"DR-B025", DR_DOUBT_ALL},               /* an operation moves it */
    {DR_CHECK_NOT_OLDER, DR_DOUBT_FENCE},    /* a newer word may say otherwise */
    {"DR-B027", DR_DOUBT_ALL},
    {DR_CHECK_ABOVE_GROUND, DR_DOUBT_FENCE}, /* drover would lock itself out */
    {"DR-B043", DR_DOUBT_FENCE},             /* a person is at work on this very fence */
    {"DR-B044", DR_DOUBT_FENCE},             /* it may have become the primary by hand */
    {"DR-B046", DR_DOUBT_RESUME},            /* whose changefeed that is */
};
// clang-format on

bool dr_check_doubts(const char *code, enum dr_doubt deed)
{
    for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++)
        if (strcmp(doubts[i].code, code) == 0)
            return doubts[i].deeds & (unsigned)deed;
    return false;
}

enum dr_truth dr_undoubted(const struct dr_view *v, enum dr_doubt deed)
{
    enum dr_truth sure = DR_TRUE;
    for (const struct dr_plan_check *k = dr_plan_checks; k->code; k++) {
        const char *fact = "";
        if (!dr_check_doubts(k->code, deed))
            continue;
        if (k->scope != DR_SCOPE_SECONDARY)
            sure = dr_truth_and(sure, k->holds(v, v->a, &fact));
        if (k->scope != DR_SCOPE_PRIMARY)
            sure = dr_truth_and(sure, k->holds(v, v->b, &fact));
    }
    return sure;
}
