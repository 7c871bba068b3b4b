/* A plan as text for people and as JSON for machines; the rules as text for review. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/plan/checks.h"
#include "controller/plan/plan.h"
#include "controller/plan/rules.h"

static const char *truth_word(enum dr_truth t)
{
    static const char *const words[] = {
        [DR_FALSE] = "no", [DR_TRUE] = "yes", [DR_UNSURE] = "unknown"};
    return words[t];
}

static const char *state_word(enum dr_plan_state s)
{
    static const char *const words[] = {[DR_PLAN_CONVERGED] = "converged",
                                        [DR_PLAN_ASKING] = "asking",
                                        [DR_PLAN_STEPS] = "steps",
                                        [DR_PLAN_WAITING] = "waiting",
                                        [DR_PLAN_BLOCKED] = "blocked"};
    return words[s];
}

static void cluster_line(const struct dr_plan_input *in, size_t c, size_t primary,
                         struct dr_buf *out)
{
    const struct dr_cluster_facts *f = &in->facts->clusters[c];
    size_t fenced = 0, known = 0;
    for (size_t i = 0; i < f->instance_count; i++) {
        known += f->instances[i].seen.known;
        fenced += dr_instance_refuses_writes(&f->instances[i]);
    }
    dr_buf_addf(out, "  %-12s %-9s %-10s %s", in->topology->clusters[c].name,
                c == primary ? "primary" : "secondary",
                f->identity.seen.known && f->identity.version.text
                    ? f->identity.version.text
                    : "unknown",
                !known            ? "not known"
                : fenced == known ? "fenced"
                : fenced          ? "fenced in part"
                                  : "open");
    dr_buf_addf(out, ", %zu of %zu SQL instances answer", known, f->instance_count);
    if (f->pd.seen.known)
        dr_buf_addf(out, ", PD cluster %" PRIu64, f->pd.cluster_id);
    dr_buf_addc(out, '\n');
}

static void blocker_text(const struct dr_blocker *x, struct dr_buf *out)
{
    dr_buf_addf(out, "  %s %s: %s\n", x->code, x->subject, x->fact);
    dr_buf_addf(out, "      needed   %s\n", x->rule);
    if (x->mark.file)
        dr_buf_addf(out, "      declared %s:%" PRIu32 ":%" PRIu32 "\n", x->mark.file,
                    x->mark.line, x->mark.column);
    dr_buf_addf(out, "      way out  %s\n", x->way_out);
}

/* "DR-B010 east: SQL ..: refused [DR-E005]" */
void dr_plan_waiting_text(const struct dr_waiting *w, struct dr_buf *out)
{
    dr_buf_addf(out, "%s%s%s: %s", w->code ? w->code : "", w->code ? " " : "", w->subject,
                w->what);
    if (w->reason)
        dr_buf_addf(out, " [%s]", dr_code_info(w->reason)->id);
}

static void action_text(const struct dr_action *x, size_t number, bool wide,
                        struct dr_buf *out)
{
    char text[DR_DURATION_TEXT];
    dr_buf_addf(out, "  %2zu. %-11s %s", number, dr_risk_name(x->risk), x->what);
    if (x->needs_approval)
        dr_buf_adds(out, "  (needs an approval)");
    if (x->unsure)
        dr_buf_adds(out, "  (perhaps)");
    if (!wide && x->predicted && x->predicted_ms)
        dr_buf_addf(out, ": %s", x->predicted);
    dr_buf_addc(out, '\n');
    if (!wide)
        return;
    dr_buf_addf(out, "      id      %s (%s)\n", x->id, x->name);
    dr_buf_addf(out, "      why     %s\n", x->why);
    dr_buf_addf(out, "      before  %s\n", x->precondition);
    dr_buf_addf(out, "      after   %s\n", x->expect);
    dr_buf_addf(out, "      undo    %s\n", x->undo);
    dr_buf_addf(out, "      takes   %s\n",
                x->predicted      ? x->predicted
                : x->predicted_ms ? dr_duration_text(x->predicted_ms, text)
                                  : "not known");
}

/* Nothing is known that a step could be decided on: a list of them tells nothing. */
static bool all_unsure(const struct dr_plan *p)
{
    bool all = p->action_count > 0;
    for (size_t i = 0; i < p->action_count; i++)
        all &= p->actions[i].unsure;
    return all;
}

static void protection_text(const struct dr_plan *p, struct dr_buf *out)
{
    dr_buf_addf(out, "\nprotected: %s\n", truth_word(p->is_protected));
    for (size_t i = 0; i < p->protection_count; i++) {
        const struct dr_protection *x = &p->protections[i];
        dr_buf_addf(out, "  %-11s %-8s %s\n", x->name, truth_word(x->holds), x->text);
        if (x->help)
            dr_buf_addf(out, "      way out  %s\n", x->help);
    }
}

static void headline(const struct dr_plan *p, bool cared_for, struct dr_buf *out)
{
    size_t by_risk[DR_RISK_COUNT] = {0};
    for (size_t i = 0; i < p->action_count; i++)
        by_risk[p->actions[i].risk]++;
    if (p->observing) {
        dr_buf_addf(out, "\nno changes: management is Observe");
        if (p->action_count || p->blocker_count)
            dr_buf_addf(out, "; to manage it would take %zu step%s", p->action_count,
                        p->action_count == 1 ? "" : "s");
        dr_buf_addc(out, '\n');
        return;
    }
    if (p->state == DR_PLAN_CONVERGED) {
        enum dr_truth safe = cared_for ? p->is_protected : DR_TRUE;
        dr_buf_addf(out, "\nno changes%s\n",
                    safe == DR_FALSE    ? ", but the pair is NOT protected: see below"
                    : safe == DR_UNSURE ? "; whether the pair is protected is not known"
                    : p->notice_count   ? "; see the notes"
                                        : ": the world is as the document says");
        return;
    }
    if (p->state == DR_PLAN_ASKING) {
        dr_buf_adds(out, "\nno changes without a word: see what is asked\n");
        return;
    }
    if (dr_plan_is_dark(p)) {
        dr_buf_adds(out, "\nno plan: what is missing is not known\n");
        return;
    }
    dr_buf_addf(out, "\nplan %.12s: %zu step%s", p->digest, p->action_count,
                p->action_count == 1 ? "" : "s");
    const char *sep = " (";
    for (int r = 0; r < DR_RISK_COUNT; r++) {
        if (!by_risk[r])
            continue;
        dr_buf_addf(out, "%s%zu %s", sep, by_risk[r], dr_risk_name((enum dr_risk)r));
        sep = ", ";
    }
    dr_buf_addf(out, "%s, %s\n", p->action_count ? ")" : "", state_word(p->state));
}

/* What stands of the word that some steps need. */
static void approval_text(const struct dr_plan *p, const struct dr_plan_input *in,
                          struct dr_buf *out)
{
    enum { DAY_MS = 86400000 };
    char time[DR_TIME_TEXT];
    dr_time_text(in->facts->wall_ms + DAY_MS, time);
    const struct dr_plan_approval *x = &p->approval;
    if (!dr_plan_needs_word(p) || dr_plan_is_dark(p))
        return;
    /* what blocks is part of the digest: without it the plan is another one */
    bool may_be_given =
        p->state == DR_PLAN_STEPS || (p->waiting_count && p->waitings[0].for_window);
    if (x->state == DR_APPROVAL_NONE && may_be_given)
        dr_buf_addf(out,
                    "approval: needed, of plan %.12s; in the document, under spec:\n"
                    "  approvals: [{digest: \"%.12s\", until: %.10sT%.8sZ}]\n",
                    p->digest, p->digest, time, time + 11);
    else if (x->state == DR_APPROVAL_NONE)
        dr_buf_addf(out, "approval: needed, of plan %.12s\n", p->digest);
    else
        dr_buf_addf(out, "approval: %s by %s, of plan %.12s, until %s\n",
                    x->state == DR_APPROVAL_GIVEN ? "given" : "in use, given", x->by,
                    x->digest, dr_time_text(dr_tso_ms(x->until), time));
}

static void questions_text(const struct dr_plan *p, bool urgent, struct dr_buf *out)
{
    bool begun = false;
    for (size_t i = 0; i < p->question_count; i++) {
        if (p->questions[i].urgent != urgent)
            continue;
        if (!begun)
            dr_buf_adds(out, urgent ? "\nasks first:\n" : "\nasks:\n");
        begun = true;
        dr_buf_addf(out, "  %s: %s\n      answer   %s\n", p->questions[i].subject,
                    p->questions[i].what, p->questions[i].answer);
    }
}

void dr_plan_text(const struct dr_plan *p, const struct dr_plan_input *in, bool wide,
                  struct dr_buf *out)
{
    size_t primary, secondary;
    dr_plan_pair(in->topology, in->facts, &primary, &secondary);
    dr_buf_addf(out, "topology %s, revision %.16s\n", p->topology, p->revision);
    dr_buf_addf(out, "goal: %s\n", p->goal);
    for (size_t c = 0; c < in->facts->cluster_count; c++)
        cluster_line(in, c, primary, out);
    headline(p, !in->removed, out);
    bool listed = wide || !(all_unsure(p) || dr_plan_is_dark(p));
    if (!listed)
        dr_buf_addf(out, "  -w lists the %zu step%s that may be\n", p->action_count,
                    p->action_count == 1 ? "" : "s");
    for (size_t i = 0; listed && i < p->action_count; i++)
        action_text(&p->actions[i], i + 1, wide, out);
    approval_text(p, in, out);
    questions_text(p, true, out);
    if (p->blocker_count)
        dr_buf_adds(out, p->observing ? "\nwould be blocked:\n" : "\nblocked:\n");
    for (size_t i = 0; i < p->blocker_count; i++)
        blocker_text(&p->blockers[i], out);
    if (p->waiting_count)
        dr_buf_adds(out, "\nwaits for:\n");
    for (size_t i = 0; i < p->waiting_count; i++) {
        dr_buf_adds(out, "  ");
        dr_plan_waiting_text(&p->waitings[i], out);
        if (p->waitings[i].way_out)
            dr_buf_addf(out, "\n      way out  %s", p->waitings[i].way_out);
        dr_buf_addc(out, '\n');
    }
    questions_text(p, false, out);
    for (size_t i = 0; i < p->notice_count; i++)
        dr_buf_addf(out, "%snote: %s\n", i ? "" : "\n", p->notices[i]);
    protection_text(p, out);
}

static json_t *action_json(const struct dr_action *x)
{
    json_t *o = json_object();
    dr_json_set_text(o, "id", x->id);
    dr_json_set_text(o, "rule", x->name);
    dr_json_set_text(o, "subject", x->subject);
    dr_json_set_text(o, "what", x->what);
    dr_json_set_text(o, "why", x->why);
    dr_json_set_text(o, "precondition", x->precondition);
    dr_json_set_text(o, "expect", x->expect);
    dr_json_set_text(o, "undo", x->undo);
    dr_json_set_text(o, "risk", dr_risk_name(x->risk));
    json_object_set_new(o, "predictedMs",
                        x->predicted_ms ? json_integer(x->predicted_ms) : json_null());
    dr_json_set_text(o, "predicted", x->predicted);
    json_object_set_new(o, "needsApproval", json_boolean(x->needs_approval));
    json_object_set_new(o, "unsure", json_boolean(x->unsure));
    json_object_set_new(o, "ready", json_boolean(x->ready));
    dr_json_set_text(o, "call", dr_call_rows[x->call.kind].name);
    return o;
}

static json_t *blocker_json(const struct dr_blocker *x)
{
    json_t *o = json_object();
    dr_json_set_text(o, "code", x->code);
    dr_json_set_text(o, "subject", x->subject);
    dr_json_set_text(o, "fact", x->fact);
    dr_json_set_text(o, "rule", x->rule);
    dr_json_set_text(o, "wayOut", x->way_out);
    dr_json_set_text(o, "file", x->mark.file);
    json_object_set_new(o, "line", json_integer(x->mark.line));
    json_object_set_new(o, "column", json_integer(x->mark.column));
    return o;
}

static json_t *questions_json(const struct dr_plan *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->question_count; i++) {
        json_t *o = json_object();
        dr_json_set_text(o, "subject", p->questions[i].subject);
        dr_json_set_text(o, "what", p->questions[i].what);
        dr_json_set_text(o, "answer", p->questions[i].answer);
        json_object_set_new(o, "urgent", json_boolean(p->questions[i].urgent));
        json_array_append_new(list, o);
    }
    return list;
}

/* null: no step needs a word */
static json_t *approval_json(const struct dr_plan *p)
{
    static const char *const states[] = {[DR_APPROVAL_NONE] = "needed",
                                         [DR_APPROVAL_GIVEN] = "given",
                                         [DR_APPROVAL_TAKEN] = "in use"};
    const struct dr_plan_approval *x = &p->approval;
    if (!dr_plan_needs_word(p))
        return json_null();
    json_t *o = json_object();
    dr_json_set_text(o, "state", states[x->state]);
    dr_json_set_text(o, "by", x->by);
    dr_json_set_text(o, "plan", x->digest);
    json_object_set_new(o, "untilUnixMs",
                        x->until ? json_integer(dr_tso_ms(x->until)) : json_null());
    return o;
}

json_t *dr_plan_json(const struct dr_plan *p)
{
    json_t *o = json_object(), *list = json_array();
    json_object_set_new(o, "formatVersion", json_integer(1));
    dr_json_set_text(o, "topology", p->topology);
    dr_json_set_text(o, "revision", p->revision);
    dr_json_set_text(o, "goal", p->goal);
    dr_json_set_text(o, "state", state_word(p->state));
    json_object_set_new(o, "observing", json_boolean(p->observing));
    dr_json_set_text(o, "digest", p->digest);
    json_object_set_new(o, "approval", approval_json(p));
    for (size_t i = 0; i < p->action_count; i++)
        json_array_append_new(list, action_json(&p->actions[i]));
    json_object_set_new(o, "actions", list);
    list = json_array();
    for (size_t i = 0; i < p->blocker_count; i++)
        json_array_append_new(list, blocker_json(&p->blockers[i]));
    json_object_set_new(o, "blockers", list);
    list = json_array();
    for (size_t i = 0; i < p->waiting_count; i++) {
        json_t *w = json_object();
        dr_json_set_text(w, "subject", p->waitings[i].subject);
        dr_json_set_text(w, "what", p->waitings[i].what);
        dr_json_set_text(w, "code", p->waitings[i].code);
        dr_json_set_text(w, "reason",
                         p->waitings[i].reason ? dr_code_info(p->waitings[i].reason)->id
                                               : NULL);
        dr_json_set_text(w, "wayOut", p->waitings[i].way_out);
        json_array_append_new(list, w);
    }
    json_object_set_new(o, "waits", list);
    json_object_set_new(o, "questions", questions_json(p));
    list = json_array();
    for (size_t i = 0; i < p->notice_count; i++)
        json_array_append_new(list, json_string(p->notices[i]));
    json_object_set_new(o, "notices", list);
    list = json_array();
    for (size_t i = 0; i < p->protection_count; i++) {
        json_t *w = json_object();
        dr_json_set_text(w, "name", p->protections[i].name);
        dr_json_set_text(w, "holds", truth_word(p->protections[i].holds));
        dr_json_set_text(w, "text", p->protections[i].text);
        dr_json_set_text(w, "wayOut", p->protections[i].help);
        json_array_append_new(list, w);
    }
    json_object_set_new(o, "protection", list);
    dr_json_set_text(o, "protected", truth_word(p->is_protected));
    return o;
}

static const char *scope_word(enum dr_scope s)
{
    static const char *const words[] = {[DR_SCOPE_PRIMARY] = "primary",
                                        [DR_SCOPE_SECONDARY] = "secondary",
                                        [DR_SCOPE_EACH] = "each cluster"};
    return words[s];
}

/* By enum dr_way bits. */
static const char *ways_text(unsigned only)
{
    enum { ALL = DR_BY_COPY | DR_BY_EXISTING | DR_BY_ADOPTION | DR_BY_GOING_ON };
    static const char *const texts[ALL] = {
        [0] = "",
        [1] = "by backup and restore",
        [2] = "with existing data",
        [3] = "by backup and restore, or with existing data",
        [4] = "with a feed to adopt",
        [5] = "by backup and restore, or with a feed to adopt",
        [6] = "with existing data, or a feed to adopt",
        [8] = "when a removed feed goes on",
        [11] =
            "by backup and restore, with existing data, or when a removed feed goes on",
    };
    return only < ALL && texts[only] ? texts[only] : "";
}

static void rule_text(const struct dr_plan_rule *r, struct dr_buf *out)
{
    dr_buf_addf(out, "\n%u %s/%s  (%s, %s)\n", r->id, r->concern, r->name,
                scope_word(r->scope), dr_risk_name(r->risk));
    dr_buf_addf(out, "    done    %s\n", dr_predicates[r->done].name);
    if (r->past)
        dr_buf_addf(out, "    past    %s\n", dr_predicates[r->past].name);
    if (r->wait)
        dr_buf_addf(out, "    wait    %s\n", dr_predicates[r->wait].name);
    for (size_t i = 0; i < sizeof(r->needs) / sizeof(r->needs[0]) && r->needs[i]; i++)
        dr_buf_addf(out, "    needs   %s\n", dr_predicates[r->needs[i]].name);
    if (r->is_drift)
        dr_buf_addf(out, "    drift   policy.drift.%s decides once the feed is made\n",
                    dr_drift_class_name(r->drift));
    if (r->only)
        dr_buf_addf(out, "    only    %s, until the feed is made\n", ways_text(r->only));
    if (r->asks)
        dr_buf_adds(out, "    asks    an approval where drover did not copy the data\n");
    if (r->calls_for)
        dr_buf_addf(out, "    covers  %u: approved together with it\n", r->calls_for);
    if (r->discharges)
        dr_buf_adds(out, "    also    when the document left its source\n");
    if (r->gives_up)
        dr_buf_addf(out, "    %s    while a generation is given up (bootstrap.giveUp)\n",
                    r->wanted ? "only" : "also");
    dr_buf_addf(out, "    what    %s\n", r->what + (strncmp(r->what, "%s: ", 4) ? 0 : 4));
    dr_buf_addf(out, "    why     %s\n", r->why);
    dr_buf_addf(out, "    before  %s\n", r->precondition);
    dr_buf_addf(out, "    after   %s\n", r->expect);
    dr_buf_addf(out, "    undo    %s\n", r->undo);
}

void dr_plan_rules_text(struct dr_buf *out)
{
    dr_buf_adds(out, "Predicates (each is yes, no or unknown; unknown never acts)\n\n");
    for (int p = DR_P_NONE + 1; p < DR_P_COUNT; p++)
        dr_buf_addf(out, "  %-16s %s  [%s]\n", dr_predicates[p].name,
                    dr_predicates[p].text, dr_predicates[p].reads);
    dr_buf_adds(out, "\nRules (the first whose step is not done is next)\n");
    for (const struct dr_plan_rule *r = dr_plan_rules; r->id; r++)
        rule_text(r, out);
    dr_buf_adds(out,
                "\nChecks (all must hold before any step; from " DR_CHECK_ABOVE_GROUND
                " on they are asked only when those\nbefore it hold)\n\n");
    for (const struct dr_plan_check *k = dr_plan_checks; k->code; k++)
        dr_buf_addf(
            out, "  %s  %-13s %s%s%s%s%s\n", k->code, scope_word(k->scope), k->rule,
            k->past ? "; until " : "", k->past ? dr_predicates[k->past].name : "",
            dr_check_only(k->code) ? "; " : "", ways_text(dr_check_only(k->code)));
}

/* What the checks of a group look at, by the first digits of their codes. */
static const char *looks_at(const char *code)
{
    static const struct {
        const char *group, *text;
    } rows[] = {
        {"DR-B00", "the document alone"},
        {"DR-B01",
         "cluster_info, TIDB_VERSION() and mysql.tidb by SQL; PD's cluster id and "
         "members; the document"},
        {"DR-B02", "the rows of mysql.drover_ledger on both clusters; the document"},
        {"DR-B03", "mysql.user, SHOW GRANTS and mysql.global_grants"},
        {"DR-B04", "variables of each SQL instance, schemas and tables; changefeeds and "
                   "health by TiCDC; what lies under the storage prefixes"},
        {"DR-B05",
         "tables and their keys; GC safe points by PD; the ledger's rows of the "
         "copies; the comparison of both sides"},
        {"DR-B06",
         "the list and the details of changefeeds by TiCDC; the login of the sink "
         "account"},
        {"DR-B07",
         "the changefeed that is to be adopted, as TiCDC shows it; the ledger; both "
         "sides' tables"},
        {"DR-B09",
         "words of the document, and the ledger's rows of words that were used"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strncmp(rows[i].group, code, strlen(rows[i].group)) == 0)
            return rows[i].text;
    return NULL;
}

bool dr_plan_explain(const char *code, struct dr_buf *out)
{
    for (const struct dr_plan_check *k = dr_plan_checks; k->code; k++) {
        if (strcmp(k->code, code) != 0)
            continue;
        dr_buf_addf(out, "%s: the plan is blocked\n\n", k->code);
        dr_buf_addf(out, "needed    %s\n", k->rule);
        dr_buf_addf(out, "of        %s\n", scope_word(k->scope));
        const char *name = strstr(k->path, "%s");
        dr_buf_addf(out, "declared  %.*s%s%s\n",
                    name ? (int)(name - k->path) : (int)strlen(k->path), k->path,
                    name ? "NAME" : "", name ? name + 2 : "");
        if (dr_check_only(k->code))
            dr_buf_addf(out, "asked     %s, until the feed is made\n",
                        ways_text(dr_check_only(k->code)));
        if (k->past)
            dr_buf_addf(out, "until     %s\n", dr_predicates[k->past].text);
        if (looks_at(k->code))
            dr_buf_addf(out, "looks at  %s\n", looks_at(k->code));
        dr_buf_addf(out, "way out   %s\n", k->way_out);
        dr_buf_adds(out,
                    "\nWhile this does not hold drover changes nothing of the topology; "
                    "it looks again each\nround and goes on by itself.\n");
        if ((k->past == DR_P_NONE || k->past == DR_P_NOT_MADE) &&
            !dr_check_doubts(code, DR_DOUBT_FENCE))
            dr_buf_adds(out, "A fence of the secondary that somebody lifted is closed "
                             "all the same, where policy.drift.fence\nsays correct.\n");
        return true;
    }
    return false;
}

const char *dr_plan_code(size_t i)
{
    for (size_t k = 0; dr_plan_checks[k].code; k++)
        if (k == i)
            return dr_plan_checks[k].code;
    return NULL;
}

uint16_t dr_plan_rule(size_t i)
{
    for (size_t k = 0; dr_plan_rules[k].id; k++)
        if (k == i)
            return dr_plan_rules[k].id;
    return 0;
}
