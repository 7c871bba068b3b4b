#include "tests/sim/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/tso.h"

enum { CLUSTER_TEXT = 2, GC_TTL_MS = 86400 * 1000 };
static const char *const side[CLUSTER_TEXT] = {"A", "B"};

/* ---- what was sent ---- */

static bool begins(const char *text, const char *word)
{
    return strncasecmp(text, word, strlen(word)) == 0;
}

/* "BACKUP DATABASE * TO 's3://bucket/prefix?..' SNAPSHOT = <tso>" */
static void note_backup(struct sim_history *h, const char *text)
{
    const char *uri = strchr(text, '\''), *at = strcasestr(text, "SNAPSHOT");
    if (!uri || !at || h->backup_count == SIM_BACKUPS)
        return;
    struct sim_backup *b = &h->backups[h->backup_count++];
    size_t len = strcspn(++uri, "?'");
    snprintf(b->prefix, sizeof(b->prefix), "%.*s", (int)len, uri);
    at += strcspn(at, "0123456789");
    if (!dr_parse_u64(at, strspn(at, "0123456789"), &b->tso))
        b->tso = 0;
}

/* drover may drop, in B: the schemas `drover` and `tidb_cdc`, and tables of its own half
 * restore. */
static bool may_drop(const struct sim_view *now, const char *text)
{
    static const char *const always[] = {"drover", "tidb_cdc"};
    for (size_t i = 0; i < 2; i++)
        if (begins(text, "DROP DATABASE") && strcasestr(text, always[i]))
            return true;
    return now->c[SIM_B].ledger.restoring.present && begins(text, "DROP TABLE");
}

/* The word that stands in the primary's ledger is in use, and not over. */
static bool has_word(const struct sim_view *now)
{
    const struct sim_cluster *a = &now->c[SIM_A];
    return a->ledger.approval.taken && a->ledger.approval.until > a->tso;
}

void sim_history_statement(struct sim_history *h, const struct sim_view *now, int c,
                           const char *text)
{
    bool fences = strcasestr(text, "tidb_super_read_only = ON") != NULL;
    if (h->needs_word && (begins(text, "RESTORE") || begins(text, "DROP") || fences))
        h->wordless += !has_word(now);
    if (begins(text, "BACKUP"))
        note_backup(h, text);
    if (begins(text, "RESTORE")) {
        h->restores++;
        h->strange_restores += c != SIM_B;
    }
    if (begins(text, "DROP") && c == SIM_A)
        h->drops++;
    if (begins(text, "DROP") && c == SIM_B)
        h->wide_drops += !may_drop(now, text);
}

void sim_history_request(struct sim_history *h, const struct sim_view *now, int c,
                         const char *method, const char *target, const char *body)
{
    if (c < 0 || !strstr(target, "/changefeeds"))
        return;
    h->touches += h->adopts && c == SIM_A && strcmp(method, "GET") != 0;
    if (strcmp(method, "POST") != 0)
        return;
    uint64_t from = 0;
    json_t *v = NULL;
    if (body && dr_json_parse(&v, body, strlen(body), NULL) == 0 &&
        !dr_json_u64(v, "start_ts", &from))
        from = 0;
    json_decref(v);
    for (size_t i = 0; i < now->c[c].feed_count; i++)
        if (strstr(target, "/resume") && strstr(target, now->c[c].feeds[i].id))
            from = now->c[c].feeds[i].checkpoint;
    h->resumes_past += from && from < now->c[c].gc_safe_point;
}

static void note_carried(struct sim_history *h, const struct sim_cluster *a,
                         int64_t now_ms)
{
    for (size_t i = 0; i < a->feed_count; i++) {
        const struct sim_feed *f = &a->feeds[i];
        if (f->to != SIM_B)
            continue;
        if (strcmp(h->feed.id, f->id) != 0) {
            h->feed_before = h->feed;
            snprintf(h->feed.id, sizeof(h->feed.id), "%s", f->id);
            h->feed.carried = 0;
            h->feed_new_ms = now_ms;
        }
        if (f->checkpoint > h->feed.carried)
            h->feed.carried = f->checkpoint;
    }
}

void sim_history_step(struct sim_history *h, const struct sim_view *now)
{
    const struct sim_cluster *b = &now->c[SIM_B];
    bool all = b->instance_count > 0;
    for (size_t i = 0; i < b->instance_count; i++)
        all &= b->instances[i].fenced;
    h->b_was_fenced |= all && b->ledger.fenced.why == DR_FENCED_SECONDARY;
    if (now->c[SIM_A].feed_count && !h->feed_since_ms)
        h->feed_since_ms = now->now_ms;
    note_carried(h, &now->c[SIM_A], now->now_ms);
    h->fence_was_a_humans |= h->fence_is_a_humans;
    if (b->ledger.restoring.present && !h->restoring_seen) {
        h->restoring_seen = true;
        h->tables_at_restore = b->table_count;
    }
}

/* ---- data ---- */

static void d1_one_feeder(const struct sim_look *l, struct dr_buf *wrong)
{
    size_t into[CLUSTER_TEXT] = {0, 0};
    for (int c = 0; c < 2; c++)
        for (size_t i = 0; i < l->now->c[c].feed_count; i++)
            if (l->now->c[c].feeds[i].to >= 0)
                into[l->now->c[c].feeds[i].to]++;
    if (into[SIM_B] > 1)
        dr_buf_addf(wrong, "%zu changefeeds write into B", into[SIM_B]);
    if (into[SIM_A])
        dr_buf_addf(wrong, "%zu changefeeds write into the primary", into[SIM_A]);
}

static bool was_backed_up_at(const struct sim_history *h, uint64_t tso)
{
    for (size_t i = 0; i < h->backup_count; i++)
        if (h->backups[i].tso == tso)
            return true;
    return h->equal_at && tso == h->equal_at;
}

/* Where a feed goes on that follows a removed one: had that one come so far? */
static bool was_carried(const struct sim_history *h, const struct dr_edge_row *e)
{
    bool runs = strcmp(h->feed.id, e->id) == 0;
    return e->again && e->start_ts &&
           e->start_ts <= (runs ? h->feed_before.carried : h->feed.carried);
}

static void d4_right_start(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct sim_cluster *a = &l->now->c[SIM_A];
    for (size_t i = 0; i < a->feed_count; i++) {
        const struct sim_feed *f = &a->feeds[i];
        const struct dr_edge_row *ours = NULL;
        for (size_t e = 0; e < a->ledger.edge_count; e++)
            if (a->ledger.edges[e].generation &&
                strcmp(a->ledger.edges[e].id, f->id) == 0)
                ours = &a->ledger.edges[e];
        if (!ours)
            continue;
        bool goes_on = was_carried(l->history, ours) && f->start_ts == ours->start_ts;
        if (!goes_on && !was_backed_up_at(l->history, f->start_ts))
            dr_buf_addf(wrong, "%s starts at %" PRIu64 ", no backup is of that TSO",
                        f->id, f->start_ts);
        if (f->running && f->checkpoint < a->gc_safe_point)
            dr_buf_addf(wrong, "%s needs history that GC has taken", f->id);
    }
}

static const struct dr_edge_row *edge_of(const struct sim_cluster *c)
{
    return c->ledger.edge_count ? &c->ledger.edges[0] : NULL;
}

static void d5_exact_tso(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct dr_edge_row *x = edge_of(&l->now->c[SIM_A]),
                             *y = edge_of(&l->now->c[SIM_B]);
    if (x && y && x->generation == y->generation && x->start_ts && y->start_ts &&
        x->start_ts != y->start_ts)
        dr_buf_addf(wrong, "the ends know different start-ts: %" PRIu64 " and %" PRIu64,
                    x->start_ts, y->start_ts);
    for (int c = 0; c < 2; c++) {
        const struct dr_edge_row *e = edge_of(&l->now->c[c]);
        if (!e || !e->generation || e->adopted) /* a feed that ran before drover came */
            continue;
        if ((e->state == DR_EDGE_MAKING || e->state == DR_EDGE_MADE) && !e->start_ts)
            dr_buf_addf(wrong, "%s: an edge in the making without start-ts", side[c]);
        if (e->start_ts && !was_backed_up_at(l->history, e->start_ts) &&
            !was_carried(l->history, e))
            dr_buf_addf(wrong, "%s: start-ts %" PRIu64 " is no backup's TSO", side[c],
                        e->start_ts);
    }
}

static bool gc_is_held(const struct sim_look *l, const struct sim_cluster *a)
{
    bool held = a->stored_gc_enable != l->history->gc_enable ||
                a->stored_gc_life_ms > l->history->gc_life_ms;
    return held && !l->history->gc_is_a_humans;
}

static void d6_gc_obligation(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct sim_cluster *a = &l->now->c[SIM_A], *was = &l->before->c[SIM_A];
    bool rows =
        (a->ledger.hold_count || l->history->hold_taken_away) && a->ledger.gc.present;
    if (l->history->ledger_dropped)
        return;
    if (gc_is_held(l, a) && !rows)
        dr_buf_adds(wrong, "GC is held and no hold row says why");
    if (gc_is_held(l, a) || !gc_is_held(l, was) || l->history->removed ||
        l->history->hold_may_expire)
        return;
    /* GC was given back: the feed must hold its history itself by now */
    const struct sim_feed *f = NULL;
    for (size_t i = 0; i < a->feed_count; i++)
        if (a->feeds[i].to == SIM_B && a->feeds[i].running)
            f = &a->feeds[i];
    if (!f)
        dr_buf_adds(wrong, "GC was given back before a feed runs");
    else if (!a->service_safepoint || a->service_safepoint > f->checkpoint)
        dr_buf_addf(wrong,
                    "GC was given back, but no service safepoint of TiCDC (%" PRIu64
                    ") keeps the history of %s (%" PRIu64 ")",
                    a->service_safepoint, f->id, f->checkpoint);
}

static void d7_gc_horizon(const struct sim_look *l, struct dr_buf *wrong)
{
    if (l->history->resumes_past)
        dr_buf_adds(wrong, "a feed was made or resumed below the GC safe point");
}

static void d11_no_opening(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct sim_cluster *b = &l->now->c[SIM_B];
    if (!l->history->b_was_fenced || l->history->fence_is_a_humans)
        return;
    for (size_t i = 0; i < b->instance_count; i++)
        if (b->instances[i].up && !b->instances[i].fenced)
            dr_buf_addf(wrong, "instance %zu of the fenced secondary is open", i);
}

static void d3_primary_stays_open(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct sim_cluster *a = &l->now->c[SIM_A];
    if (!l->history->fence_is_a_humans && (a->stored_fence || a->ledger.fenced.why))
        dr_buf_adds(wrong, "the primary is fenced, although nobody asked for it");
}

static void d12_term(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct dr_term_row *x = &l->now->c[SIM_A].ledger.term,
                             *y = &l->now->c[SIM_B].ledger.term;
    for (int c = 0; c < 2; c++) {
        const struct dr_term_row *t = &l->now->c[c].ledger.term,
                                 *was = &l->before->c[c].ledger.term;
        if (t->present && was->present && t->n < was->n)
            dr_buf_addf(wrong, "the term of %s went back", side[c]);
    }
    if (x->present && y->present && x->n == y->n &&
        (strcmp(x->cluster, y->cluster) != 0 || strcmp(x->operation, y->operation) != 0))
        dr_buf_addf(wrong, "term %" PRIu64 " is of %s here and of %s there", x->n,
                    x->cluster, y->cluster);
}

static void d13_absence_never_permits(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct sim_history *h = l->history;
    if (l->now->c[SIM_B].jobs > l->before->c[SIM_B].jobs &&
        !l->now->c[SIM_B].ledger.restoring.present)
        dr_buf_adds(wrong, "RESTORE began without its restoring row");
    if (h->strange_restores)
        dr_buf_adds(wrong, "RESTORE was sent to the primary");
    if (h->restores && (h->tables_at_restore || h->b_held_tables_at_birth))
        dr_buf_addf(wrong, "RESTORE was sent into a cluster with %zu tables of users",
                    h->tables_at_restore);
    if (h->ledger_dropped && h->restores > h->restores_before)
        dr_buf_adds(wrong, "RESTORE was sent after a ledger was lost");
    if (h->drops)
        dr_buf_adds(wrong, "something was dropped in the primary");
    if (h->wide_drops)
        dr_buf_adds(wrong, "something was dropped in B that is not drover's to drop");
}

/* Rows of users in B never get fewer by drover's hand, except those of its restore. */
static void d13_rows_stay(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct sim_cluster *a = &l->now->c[SIM_A], *was = &l->before->c[SIM_A];
    if (a->table_count < was->table_count)
        dr_buf_addf(wrong, "the primary lost a table (%zu, was %zu)", a->table_count,
                    was->table_count);
}

/* ---- control ---- */

static const struct sim_raw_row *find_row(const struct sim_cluster *c, const char *key)
{
    for (size_t i = 0; i < c->row_count; i++)
        if (strcmp(c->rows[i].key, key) == 0)
            return &c->rows[i];
    return NULL;
}

/* Every row that changed was written by the holder of the epoch that stands. */
static void c3_rows_by_the_holder(const struct sim_look *l, struct dr_buf *wrong)
{
    for (int c = 0; c < 2; c++) {
        const struct sim_cluster *now = &l->now->c[c], *was = &l->before->c[c];
        if (now->ledger_print && now->ledger_print == was->ledger_print)
            continue; /* no row was written */
        for (size_t i = 0; i < now->row_count; i++) {
            const struct sim_raw_row *r = &now->rows[i], *old = find_row(was, r->key);
            bool same = old && strcmp(old->value, r->value) == 0 &&
                        old->epoch == r->epoch && strcmp(old->holder, r->holder) == 0;
            if (same || strcmp(r->key, DR_KEY_EPOCH) == 0)
                continue;
            if (r->epoch != now->ledger.epoch || !now->ledger.holder ||
                strcmp(r->holder, now->ledger.holder) != 0)
                dr_buf_addf(wrong,
                            "%s: row %s was written by %s with epoch %" PRIu64
                            ", but epoch %" PRIu64 " of %s stands",
                            side[c], r->key, r->holder, r->epoch, now->ledger.epoch,
                            now->ledger.holder ? now->ledger.holder : "nobody");
        }
    }
}

static void c3_epoch_rises(const struct sim_look *l, struct dr_buf *wrong)
{
    for (int c = 0; c < 2; c++) {
        const struct dr_ledger *x = &l->now->c[c].ledger, *was = &l->before->c[c].ledger;
        if (!l->before->c[c].has_ledger || !l->now->c[c].has_ledger || !was->epoch)
            continue;
        if (x->epoch < was->epoch)
            dr_buf_addf(wrong, "%s: the epoch went back from %" PRIu64 " to %" PRIu64,
                        side[c], was->epoch, x->epoch);
        if (x->epoch == was->epoch && x->holder && was->holder &&
            strcmp(x->holder, was->holder) != 0)
            dr_buf_addf(wrong, "%s: epoch %" PRIu64 " changed its holder", side[c],
                        x->epoch);
    }
}

/* "sim-12": the later process has the higher number. */
static uint64_t start_of(const char *holder)
{
    uint64_t n = 0;
    const char *dash = holder ? strrchr(holder, '-') : NULL;
    return dash && dr_parse_u64(dash + 1, strlen(dash + 1), &n) ? n : 0;
}

/* What was sent before a takeover may still arrive until the takeover is at its end: the
 * new holder looks and acts only then. */
static bool may_still_arrive(const struct sim_history *h)
{
    return h->is_stray && start_of(h->acting) <= start_of(h->holder);
}

/* What is stored in a cluster changes only by the hand of who holds its epoch. */
static void c3_settings_by_the_holder(const struct sim_look *l, struct dr_buf *wrong)
{
    if (!l->history->holder || may_still_arrive(l->history))
        return;
    for (int c = 0; c < 2; c++) {
        const struct sim_cluster *now = &l->now->c[c], *was = &l->before->c[c];
        bool changed = now->stored_fence != was->stored_fence ||
                       now->stored_gc_enable != was->stored_gc_enable ||
                       now->stored_gc_life_ms != was->stored_gc_life_ms;
        if (changed &&
            (!now->ledger.holder || strcmp(now->ledger.holder, l->history->holder) != 0))
            dr_buf_addf(wrong, "%s: %s changed a setting, but %s holds the epoch",
                        side[c], l->history->holder,
                        now->ledger.holder ? now->ledger.holder : "nobody");
    }
}

/* The heartbeat table of A comes to B by a feed, too, at any moment. */
static bool it_travelled(const struct sim_look *l, int c)
{
    const struct sim_cluster *a = &l->now->c[SIM_A];
    bool feed = false;
    for (size_t i = 0; i < a->feed_count; i++)
        feed |= a->feeds[i].to == SIM_B;
    return c == SIM_B && l->now->c[c].beat_table && l->before->c[SIM_A].beat_table &&
           feed;
}

/* Whoever was relieved by a later process begins no job and touches no account. */
static void c3_no_job_by_the_relieved(const struct sim_look *l, struct dr_buf *wrong)
{
    uint64_t who = start_of(l->history->holder);
    for (int c = 0; who && c < 2; c++) {
        const struct sim_cluster *now = &l->now->c[c], *was = &l->before->c[c];
        if (start_of(now->ledger.holder) <= who || may_still_arrive(l->history))
            continue;
        if (now->jobs > was->jobs)
            dr_buf_addf(wrong, "%s: %s began a BACKUP or RESTORE, but %s holds the epoch",
                        side[c], l->history->holder, now->ledger.holder);
        if (now->sink_print != was->sink_print)
            dr_buf_addf(wrong, "%s: %s changed the sink account, but %s holds the epoch",
                        side[c], l->history->holder, now->ledger.holder);
        if (now->beat_table != was->beat_table && !it_travelled(l, c))
            dr_buf_addf(wrong, "%s: %s %s drover.heartbeat, but %s holds the epoch",
                        side[c], l->history->holder, now->beat_table ? "made" : "dropped",
                        now->ledger.holder);
        if (now->stored_ttl_jobs != was->stored_ttl_jobs)
            dr_buf_addf(wrong, "%s: %s switched TTL jobs, but %s holds the epoch",
                        side[c], l->history->holder, now->ledger.holder);
    }
}

static void c4_ledger_readable(const struct sim_look *l, struct dr_buf *wrong)
{
    for (int c = 0; c < 2; c++)
        if (l->now->c[c].ledger.unreadable)
            dr_buf_addf(wrong, "%s: drover wrote a row it cannot read: %s", side[c],
                        l->now->c[c].ledger.unreadable);
}

static void c5_order(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct dr_ledger *a = &l->now->c[SIM_A].ledger, *b = &l->now->c[SIM_B].ledger;
    const struct dr_edge_row *x = edge_of(&l->now->c[SIM_A]),
                             *y = edge_of(&l->now->c[SIM_B]);
    if (l->history->ledger_dropped)
        return;
    if ((a->edge_count || b->edge_count) && (!a->birth.present || !b->birth.present))
        dr_buf_adds(wrong, "an edge before both births");
    if ((a->backup.present || b->restoring.present) &&
        (!a->term.present || !b->term.present))
        dr_buf_adds(wrong, "a copy before both terms");
    if (a->backup.present && !a->backup.tso)
        dr_buf_adds(wrong, "a backup row without its TSO");
    if (b->restoring.present && x && b->restoring.generation > x->generation)
        dr_buf_adds(wrong, "a restore of a generation that the primary does not know");
    for (size_t i = 0; i < l->now->c[SIM_A].feed_count; i++) {
        const struct sim_feed *f = &l->now->c[SIM_A].feeds[i];
        if (x && x->generation && strcmp(f->id, x->id) == 0 &&
            (!x->start_ts || !y || !y->start_ts))
            dr_buf_addf(wrong, "feed %s before both ends know its start-ts", f->id);
    }
}

/* A RESTORE beside a RESTORE leaves tables that neither has made whole; a BACKUP beside a
 * BACKUP, a prefix of which nobody knows whose files it holds. */
static void c6_one_copy(const struct sim_look *l, struct dr_buf *wrong)
{
    for (int c = 0; c < 2; c++)
        if (l->now->c[c].jobs > 1)
            dr_buf_addf(wrong, "%zu copies run in %s at once", l->now->c[c].jobs,
                        side[c]);
}

/* From the sink row on steps rest on B being fenced. */
static void c5_fence_first(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct sim_cluster *b = &l->now->c[SIM_B], *was = &l->before->c[SIM_B];
    if (!b->ledger.sink.present || was->ledger.sink.present)
        return;
    for (size_t i = 0; i < b->instance_count; i++)
        if (b->instances[i].up && !b->instances[i].fenced)
            dr_buf_addf(wrong, "the sink account is next, but instance %zu is open", i);
}

/* A step that needs a word is made under one, which is noted as used in the same moment,
 * and no word is used twice. */
static void c14_words(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct dr_ledger *a = &l->now->c[SIM_A].ledger,
                           *was = &l->before->c[SIM_A].ledger;
    const struct dr_approval_row *r = &a->approval;
    if (l->history->wordless)
        dr_buf_adds(wrong, "a step that needs a word was sent without one");
    if (l->history->needs_word && a->term.present && !was->term.present && !r->taken)
        dr_buf_adds(wrong, "the term was written without a word");
    if (r->taken && !dr_ledger_consumed(a, r->digest))
        dr_buf_adds(wrong, "a word is in use, and nothing says that it was used");
    if (!r->taken || was->approval.taken)
        return;
    for (int c = 0; c < 2; c++)
        if (dr_ledger_consumed(&l->before->c[c].ledger, r->digest))
            dr_buf_addf(wrong, "a word is used again that %s calls used", side[c]);
}

/* Who had a feed before keeps it as it is. */
static void d14_adopted_as_it_is(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct sim_cluster *b = &l->now->c[SIM_B], *was = &l->before->c[SIM_B];
    if (!l->history->adopts)
        return;
    if (l->history->touches)
        dr_buf_adds(wrong, "a request that changes a feed was sent");
    if (l->history->holder && b->sink_print != was->sink_print)
        dr_buf_adds(wrong, "the account that the adopted feed logs in with was changed");
    for (size_t i = 0; i < l->now->c[SIM_A].feed_count; i++)
        if (!l->now->c[SIM_A].feeds[i].running)
            dr_buf_addf(wrong, "feed %s is %s", l->now->c[SIM_A].feeds[i].id,
                        l->now->c[SIM_A].feeds[i].state);
}

/* GC runs in whichever tidb-server leads it, by what that one shows. */
static void c5_hold_first(const struct sim_look *l, struct dr_buf *wrong)
{
    const struct sim_cluster *a = &l->now->c[SIM_A], *was = &l->before->c[SIM_A];
    const struct dr_gc_setting *held = &a->ledger.gc.set;
    if (!a->ledger.backup.present || was->ledger.backup.present)
        return;
    for (size_t i = 0; i < a->instance_count; i++)
        if (a->instances[i].up && (a->instances[i].gc_enable != held->enable ||
                                   a->instances[i].gc_life_ms != held->life_time_ms))
            dr_buf_addf(wrong, "a backup is next, but GC goes on in instance %zu", i);
}

/* Whether the secondary was open once its feed was made decides whether a removed feed
 * may go on: it is noted in time, kept for good, and never invented. */
static void c15_opened_is_known(const struct sim_look *l, struct dr_buf *wrong)
{
    for (int c = 0; c < 2; c++) {
        const struct dr_last_seen *now = &l->now->c[c].ledger.last_seen,
                                  *was = &l->before->c[c].ledger.last_seen;
        if (now->opened && !l->history->fence_was_a_humans)
            dr_buf_addf(wrong, "%s says that B was opened, and it never was", side[c]);
        if (was->opened && !now->opened && now->generation <= was->generation &&
            l->now->c[c].ledger.lease_holder && !l->history->ledger_dropped &&
            !l->history->a_person_compares)
            dr_buf_addf(wrong, "%s forgets that B was opened", side[c]);
    }
}

const struct sim_check sim_checks[] = {
    // clang-format off
    {"D1",  "at most one changefeed writes into the secondary, none into the primary", d1_one_feeder},
    {"D3",  "the primary stays open",                                                  d3_primary_stays_open},
    {"D4",  "drover's feed starts exactly at the TSO of its backup, above GC",         d4_right_start},
    {"D5",  "TSOs are exact and the same at both ends",                                d5_exact_tso},
    {"D6",  "GC is held only under a hold row, and given back only to a feed that holds its history", d6_gc_obligation},
    {"D7",  "no feed is made or resumed past the GC horizon",                          d7_gc_horizon},
    {"D11", "a fenced secondary is not opened",                                        d11_no_opening},
    {"D12", "terms never go back and never contradict each other",                     d12_term},
    {"D13", "restores and drops have a positive authorisation",                        d13_absence_never_permits},
    {"D13b", "the primary loses no table",                                             d13_rows_stay},
    {"D14", "an adopted feed stays as it is, and runs on",                             d14_adopted_as_it_is},
    {"C3",  "ledger rows are written by the holder of the epoch",                      c3_rows_by_the_holder},
    {"C3b", "epochs only rise, and have one holder",                                   c3_epoch_rises},
    {"C3c", "settings are changed by the holder of the epoch",                         c3_settings_by_the_holder},
    {"C3d", "who was relieved begins no job and touches no account",                   c3_no_job_by_the_relieved},
    {"C4",  "what drover writes it can read",                                          c4_ledger_readable},
    {"C5",  "after any prefix the rows that later steps rest on are there",            c5_order},
    {"C5b", "the secondary is fenced on every instance before the sink account opens",  c5_fence_first},
    {"C14", "what needs a word is done under one, and each is used once",              c14_words},
    {"C15", "that B was opened is noted, kept, and never invented",                    c15_opened_is_known},
    {"C5c", "GC is held on every instance before the backup",                          c5_hold_first},
    {"C6",  "no BACKUP or RESTORE runs beside another",                                c6_one_copy},
    {0},
    // clang-format on
};

const struct sim_check *sim_check_all(const struct sim_look *l, struct dr_buf *wrong)
{
    for (const struct sim_check *c = sim_checks; c->id; c++) {
        c->look(l, wrong);
        if (wrong->len)
            return c;
    }
    return NULL;
}
