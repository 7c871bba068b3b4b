/* Using a human's word. The rows carry it: before the first step of an approved plan the
 * primary's ledger says which steps it allows, in the transaction that notes it as used;
 * the other ledgers note that, too, before a step that needs it. So whoever comes next,
 * wherever, goes on with exactly these steps, and the word is never used twice. Only
 * until the birth row stands there is nowhere to write: a process that dies by then asks
 * anew. */
#include <string.h>

#include "controller/act/actor.h"

static const struct dr_ledger *ledger_of(const struct dr_actor *x, size_t c)
{
    const struct dr_ledger_group *g = &x->facts->clusters[c].ledger;
    return g->seen.known && g->table_present && g->decoded && !g->rows.unreadable &&
                   g->rows.birth.present
               ? &g->rows
               : NULL;
}

static size_t primary_of(const struct dr_actor *x)
{
    size_t a, b;
    dr_plan_pair(x->o.topology, x->facts, &a, &b);
    return a;
}

/* ---- writing ---- */

/* Actions of the journal that are no steps of a plan; a digest follows. */
#define USE  "approval/"
#define OVER "approval-over/"

/* One change of rows, and why. */
struct writing {
    size_t cluster;
    const struct dr_row_write *rows;
    size_t count;
    const char *digest, *verb, *why;
};

static int note_intent(struct dr_actor *x, const struct writing *w, int64_t *id,
                       struct dr_err *err)
{
    *id = 0;
    if (!x->o.journal)
        return 0;
    struct dr_journal_entry e = {
        .time_ms = x->o.wall_ms(x->o.arg),
        .cycle = x->round,
        .topology = x->plan->topology,
        .revision = x->plan->revision,
        .digest = x->plan->digest,
        .rule = "approval",
        .action = dr_sprintf(x->cycle, "%s%.12s", w->verb, w->digest),
        .verb = dr_call_rows[DR_CALL_LEDGER_WRITE].name,
        .target = x->facts->clusters[w->cluster].name,
        .why = w->why,
        .precondition = "the row is as it was seen; the epoch is ours",
        .holder = x->o.holder,
        .epoch = x->epoch,
        .text =
            dr_sprintf(x->cycle, "%s: %s plan %.12s", x->facts->clusters[w->cluster].name,
                       strcmp(w->verb, USE) == 0 ? "note as used: the approval of"
                                                 : "clear the approval of",
                       w->digest)};
    return dr_journal_intent(x->o.journal, &e, id, err);
}

/* Writes rows into one ledger. An unknown outcome gives up authority: the next takeover
 * ends the session that may still write. */
static int write_rows(struct dr_actor *x, const struct writing *w,
                      enum dr_word_state *out, const char **why, struct dr_err *err)
{
    int64_t intent;
    *out = DR_WORD_WAIT;
    *why = "the lease could not be renewed where the approval is kept";
    if (!dr_authority_lasts(x, w->cluster))
        return 0;
    int rc = note_intent(x, w, &intent, err);
    if (rc != 0)
        return rc;
    struct dr_call call = {.kind = DR_CALL_LEDGER_WRITE,
                           .at = {.cluster = (uint16_t)w->cluster},
                           .as = dr_authority_for(x, w->cluster)};
    call.args.write.count = w->count;
    call.args.write.rows = w->rows;
    struct dr_reply r;
    dr_estate_ask(x->o.estate, &call, &r);
    dr_observe_forget(x->observer, &call, &r);
    bool done = r.outcome == DR_DONE, unknown = r.outcome == DR_UNKNOWN;
    const char *text = dr_strdup(x->cycle, done ? "" : r.err.text);
    dr_reply_release(&r);
    *out = done ? DR_WORD_WROTE : DR_WORD_WAIT;
    *why = text;
    if (unknown)
        dr_authority_lose(x);
    if (intent)
        rc = dr_journal_outcome(x->o.journal, intent, x->o.wall_ms(x->o.arg),
                                done      ? DR_JOURNAL_DONE
                                : unknown ? DR_JOURNAL_UNKNOWN
                                          : DR_JOURNAL_REFUSED,
                                text, err);
    x->resolved &= !unknown;
    return rc == -DR_E_ABSENT ? 0 : rc;
}

/* ---- what stands, and what should ---- */

/* The row as it is now; `value` is what it becomes, NULL: nothing. */
static struct dr_row_write
approval_write(struct dr_actor *x, const struct dr_approval_row *now, const char *value)
{
    return (struct dr_row_write){.key = DR_KEY_APPROVAL,
                                 .value = value,
                                 .expect = now->present ? DR_ROW_EQUALS : DR_ROW_ABSENT,
                                 .expected = dr_approval_standing(now, x->cycle)};
}

static struct dr_row_write consumed_write(struct dr_actor *x, const char *digest)
{
    struct dr_consumed_row r = {.word = DR_WORD_APPROVAL};
    return (struct dr_row_write){.key = dr_consumed_key(digest, x->cycle),
                                 .value = dr_consumed_value(&r, x->cycle)};
}

/* Keeps the word that stands for this plan, with the steps that it means. */
static void hold_word(struct dr_actor *x)
{
    const struct dr_plan *p = x->plan;
    struct dr_approval_row *r = DR_NEW(x->lasting, struct dr_approval_row);
    *r = (struct dr_approval_row){
        .present = true,
        .digest = dr_strdup(x->lasting, p->approval.digest),
        .by = dr_strdup(x->lasting, p->approval.by),
        .until = p->approval.until,
        .declaration = dr_strdup(x->lasting, x->o.topology->doc.meaning),
        .taken = true,
        .step_count = p->action_count,
        .steps = DR_NEW_N(x->lasting, p->action_count, const char *)};
    for (size_t i = 0; i < p->action_count; i++)
        r->steps[i] = dr_strdup(x->lasting, p->actions[i].id);
    x->word = r;
    x->word_once = p->approval.document;
}

/* A word in hand is void when its time is over, another one is in use, or the plan wants
 * more than it meant. */
static bool is_void(const struct dr_actor *x, const struct dr_approval_row *r)
{
    if (r->until <= x->facts->clusters[primary_of(x)].ledger.tso ||
        x->plan->approval.state == DR_APPROVAL_TAKEN)
        return true;
    /* used, and cleared since: by whoever acted while this process did not */
    const struct dr_ledger *l = ledger_of(x, primary_of(x));
    bool once = x->word_once || (l && !l->approval.present);
    for (size_t c = 0; once && c < x->facts->cluster_count; c++)
        if (ledger_of(x, c) && dr_ledger_consumed(ledger_of(x, c), r->digest))
            return true;
    for (size_t i = 0; i < x->plan->action_count; i++)
        if (x->plan->actions[i].needs_approval &&
            !dr_approval_names(r, &x->plan->actions[i]))
            return true;
    return false;
}

static int take_word(struct dr_actor *x, const struct dr_ledger *l,
                     enum dr_word_state *out, const char **why, struct dr_err *err)
{
    const struct dr_approval_row *r = x->word;
    struct dr_row_write rows[] = {
        approval_write(x, &l->approval, dr_approval_value(r, x->cycle)),
        consumed_write(x, r->digest)};
    /* the document's word stands there for good: what says that it was used is the row */
    rows[1].expect = x->word_once ? DR_ROW_ABSENT : DR_ROW_ANY;
    struct writing w = {.cluster = primary_of(x),
                        .rows = rows,
                        .count = 2,
                        .digest = r->digest,
                        .verb = USE,
                        .why = "what the word allows, and that it is used, stands before "
                               "the first step"};
    int rc = write_rows(x, &w, out, why, err);
    if (rc == 0 && *out == DR_WORD_WROTE)
        dr_actor_note(x, DR_EVENT_NOTE, "uses the approval of plan %.12s by %s",
                      r->digest, r->by);
    return rc;
}

/* The other ledgers note the use, too. */
static int spread(struct dr_actor *x, enum dr_word_state *out, const char **why,
                  struct dr_err *err)
{
    const char *digest = x->plan->approval.digest;
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const struct dr_ledger *l = ledger_of(x, c);
        if (!l || dr_ledger_consumed(l, digest))
            continue;
        struct dr_row_write row = consumed_write(x, digest);
        struct writing w = {.cluster = c,
                            .rows = &row,
                            .count = 1,
                            .digest = digest,
                            .verb = USE,
                            .why = "a word is good for one time, wherever one looks"};
        return write_rows(x, &w, out, why, err);
    }
    return 0;
}

static int clear(struct dr_actor *x, const struct dr_ledger *l, enum dr_word_state *out,
                 const char **why, struct dr_err *err)
{
    const char *digest = dr_strdup(x->cycle, l->approval.digest);
    struct dr_row_write row = approval_write(x, &l->approval, NULL);
    struct writing w = {.cluster = primary_of(x),
                        .rows = &row,
                        .count = 1,
                        .digest = digest,
                        .verb = OVER,
                        .why = "the word allows nothing any more: used up, or ended"};
    int rc = write_rows(x, &w, out, why, err);
    if (rc == 0 && *out == DR_WORD_WROTE)
        dr_actor_note(x, DR_EVENT_NOTE, "cleared the approval of plan %.12s", digest);
    return rc;
}

int dr_word_keep(struct dr_actor *x, enum dr_word_state *out, const char **why,
                 struct dr_err *err)
{
    const struct dr_ledger *l = ledger_of(x, primary_of(x));
    const struct dr_plan *p = x->plan;
    *out = DR_WORD_GO_ON;
    *why = "";
    if (p->approval.state == DR_APPROVAL_GIVEN && dr_plan_needs_word(p) &&
        !x->o.approve_all && !x->word)
        hold_word(x);
    if (x->word && is_void(x, x->word))
        x->word = NULL;
    if (!l || !x->epoch)
        return 0;
    if (x->word)
        return take_word(x, l, out, why, err);
    if (p->approval.state == DR_APPROVAL_TAKEN)
        return spread(x, out, why, err);
    return p->approval.spent ? clear(x, l, out, why, err) : 0;
}

bool dr_word_covers(const struct dr_actor *x, const struct dr_action *a)
{
    if (x->o.approve_all || x->plan->approval.state != DR_APPROVAL_NONE)
        return true;
    return x->word && !is_void(x, x->word) && dr_approval_names(x->word, a);
}

const char *dr_word_text(const struct dr_actor *x, const struct dr_action *a)
{
    const struct dr_plan_approval *p = &x->plan->approval;
    if (x->o.approve_all)
        return "the plan as a whole";
    if (!a->needs_approval)
        return NULL;
    if (p->state != DR_APPROVAL_NONE)
        return dr_sprintf(x->cycle, "plan %.12s by %s", p->digest, p->by);
    return x->word
               ? dr_sprintf(x->cycle, "plan %.12s by %s", x->word->digest, x->word->by)
               : NULL;
}

bool dr_word_action(const struct dr_actor *x, const char *action, bool *done)
{
    const struct dr_ledger *l = ledger_of(x, primary_of(x));
    bool use = strncmp(action, USE, strlen(USE)) == 0;
    if (!use && strncmp(action, OVER, strlen(OVER)) != 0)
        return false;
    const char *digest = strchr(action, '/') + 1;
    size_t len = strlen(digest);
    bool stands =
        l && l->approval.present && strncmp(l->approval.digest, digest, len) == 0;
    *done = use ? false : l && !stands;
    for (size_t i = 0; use && l && i < l->consumed_count; i++)
        *done |= strncmp(l->consumed[i].id, digest, len) == 0;
    return true;
}
