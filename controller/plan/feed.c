/* The changefeed that is made: what of its settings differs from the document and whose
 * doing that is, and how long the primary keeps what it has to carry yet. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/plan/checks.h"
#include "controller/plan/emit.h"
#include "controller/plan/feed.h"
#include "spec/changefeed.h"

enum { NS_PER_MS = 1000000, MIB = 1 << 20, SHOWN_DIFFERENCES = 5, MINUTE_MS = 60000 };

static const struct dr_feed_detail *detail_of(const struct dr_view *v)
{
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    bool known = d->seen.known && d->present && strcmp(d->id, v->gen.feed_id) == 0;
    return known ? d : NULL;
}

/* ---- a difference as the document spells it ---- */

enum unit { AS_IT_IS, NANOSECONDS, MILLISECONDS, MEBIBYTES };

/* Fields of TiCDC's API that typed fields of the document decide. */
static const struct typed {
    const char *field, *path;
    enum unit unit;
    bool fixed; /* for a new feed only */
} typed[] = {
    // clang-format off
    {"enable_sync_point",         "replication.syncPoint",               AS_IT_IS,     false},
    {"sync_point_interval",       "replication.syncPoint.interval",      NANOSECONDS,  false},
    {"sync_point_retention",      "replication.syncPoint.retention",     NANOSECONDS,  false},
    {"consistent.level",          "replication.redo.level",              AS_IT_IS,     false},
    {"consistent.max_log_size",   "replication.redo.maxLogSize",         MEBIBYTES,    false},
    {"consistent.flush_interval", "replication.redo.flushInterval",      MILLISECONDS, false},
    {"consistent.storage",        "storage.redo.uri",                    AS_IT_IS,     true},
    {"sink_uri.user",             "replication.sink.user",               AS_IT_IS,     true},
    {"sink_uri.address",          "clusters[].sink.address",             AS_IT_IS,     false},
    {"sink_uri.path",             "the path of the sink's URI",          AS_IT_IS,     false},
    {"sink_uri.scheme",           "the scheme of the sink's URI",        AS_IT_IS,     false},
    {"target_ts",                 "target-ts",                           AS_IT_IS,     true},
    // clang-format on
};

static const struct typed *typed_of(const char *field)
{
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++)
        if (strcmp(typed[i].field, field) == 0)
            return &typed[i];
    return NULL;
}

/* "sink_uri?worker-count" is a parameter of the URI. */
static const char *param_of(const char *field, const char *uri)
{
    size_t len = strlen(uri);
    return strncmp(field, uri, len) == 0 && field[len] == '?' ? field + len + 1 : NULL;
}

static const char *value_text(const struct dr_view *v, const char *value, enum unit unit)
{
    char duration[DR_DURATION_TEXT], size[DR_SIZE_TEXT];
    uint64_t n;
    if (unit == AS_IT_IS || !dr_parse_u64(value, strlen(value), &n) ||
        n > (uint64_t)INT64_MAX / MIB)
        return dr_check_shown(v, value);
    if (unit == MEBIBYTES)
        return dr_strdup(v->arena, dr_size_text(n * MIB, size));
    int64_t ms = unit == NANOSECONDS ? (int64_t)n / NS_PER_MS : (int64_t)n;
    return dr_strdup(v->arena, dr_duration_text(ms, duration));
}

/* Somebody else's update leaves redo out: the path is still this changefeed's own, and
 * TiCDC goes on in it from the checkpoint. Source: tiflow: cdc/redo/meta_manager.go
 * initMeta. */
static bool is_fixed(const struct dr_difference *d)
{
    const struct typed *t = typed_of(d->field);
    if (strcmp(d->field, "consistent.storage") == 0 && strcmp(d->observed, "absent") == 0)
        return false;
    return t ? t->fixed : param_of(d->field, "consistent.storage") != NULL;
}

static const char *difference_text(const struct dr_view *v, const struct dr_difference *d)
{
    const struct typed *t = typed_of(d->field);
    const char *param = param_of(d->field, "sink_uri"), *path = d->field;
    const struct dr_setting *s = t || param ? NULL : dr_setting_of_api(d->field);
    enum unit unit = t ? t->unit : AS_IT_IS;
    if (t)
        path = t->path;
    else if (param)
        path = dr_sprintf(v->arena, "replication.sink.params.%s", param);
    else if (param_of(d->field, "consistent.storage"))
        path = "storage.redo.uri";
    else if (s)
        path = dr_sprintf(v->arena, "replication.config.%s", s->path);
    if (s && s->type == DR_S_DURATION)
        unit = NANOSECONDS;
    return dr_sprintf(v->arena, "%s: declared %s, live %s", path,
                      value_text(v, d->desired, unit), value_text(v, d->observed, unit));
}

const char *dr_feed_differences(const struct dr_view *v)
{
    const struct dr_feed_detail *d = detail_of(v);
    const char *list = "";
    for (size_t i = 0; d && i < d->difference_count && i < SHOWN_DIFFERENCES; i++)
        list = dr_sprintf(v->arena, "%s%s%s", list, i ? "; " : "",
                          difference_text(v, &d->differences[i]));
    return d && d->difference_count > SHOWN_DIFFERENCES
               ? dr_sprintf(v->arena, "%s; and %zu more", list,
                            d->difference_count - SHOWN_DIFFERENCES)
               : list;
}

const char *dr_feed_fixed(const struct dr_view *v)
{
    const struct dr_feed_detail *d = detail_of(v);
    for (size_t i = 0; d && i < d->difference_count; i++)
        if (is_fixed(&d->differences[i]))
            return difference_text(v, &d->differences[i]);
    /* its path is bound to the generation, and a path that was used is not used again */
    return d && dr_topology_wants_redo(v->t) && !*v->gen.redo
               ? "replication.redo.level: declared eventual, the changefeed was made "
                 "without a redo path"
               : NULL;
}

const char *dr_mend_fixed(const struct dr_view *v)
{
    const char *fixed = dr_feed_fixed(v);
    if (!fixed || v->gen.adopted ||
        (strncmp(fixed, "replication.redo.", strlen("replication.redo.")) != 0 &&
         strncmp(fixed, "storage.redo.", strlen("storage.redo.")) != 0))
        return NULL;
    return dr_sprintf(
        v->arena,
        "set it back, in the document or by hand; or have the changefeed made anew: "
        "declare policy.drift.changefeedRemoved: correct; then, while `drover run` keeps "
        "the pair (it notes how far the changefeed has come) and no DDL runs, delete "
        "changefeed %s in TiCDC: its next generation goes on from there with the "
        "declared "
        "settings and a redo path of its own; the redo logs of the old one go with it",
        v->gen.feed_id);
}

const char *dr_redo_off_notice(const struct dr_view *v)
{
    return *v->gen.redo && !dr_topology_wants_redo(v->t) && !v->gen.adopted &&
                   dr_holds(v, DR_P_MADE, v->a) == DR_TRUE && dr_feed_is_meant(v)
               ? "redo is to be switched off: without it a disaster leaves the secondary "
                 "between "
                 "transactions, and to have it again takes a changefeed made anew "
                 "(DR-B065)"
               : NULL;
}

/* ---- whose doing ---- */

/* A ledger says that drover changes the settings, or did so just now. */
static bool is_noted(const struct dr_view *v)
{
    const struct dr_edge_row *a = dr_view_edge(v, v->a), *b = dr_view_edge(v, v->b);
    return (a && a->updating) || (b && b->updating);
}

bool dr_feed_updating(const struct dr_view *v)
{
    const struct dr_edge_row *a = dr_view_edge(v, v->a), *b = dr_view_edge(v, v->b);
    return is_noted(v) && !(a && a->resumed) && !(b && b->resumed);
}

bool dr_feed_late_pause(const struct dr_view *v)
{
    const struct dr_edge_row *a = dr_view_edge(v, v->a), *b = dr_view_edge(v, v->b);
    const struct dr_ledger_group *g = &dr_view_facts(v, v->a)->ledger;
    const struct dr_feed *x = dr_view_feed(v);
    uint64_t seen = a ? a->resumed : 0;
    if (b && b->resumed > seen)
        seen = b->resumed;
    if ((a && a->settled) || (b && b->settled))
        return false;
    return seen && g->seen.known && x && x->state == DR_FEED_STOPPED &&
           dr_tso_age_ms(g->tso, seen) < DR_LATE_PAUSE_MS;
}

bool dr_feed_declared_anew(const struct dr_view *v)
{
    const struct dr_edge_row *a = dr_view_edge(v, v->a);
    return a && a->settings && strcmp(a->settings, v->t->doc.feeds) != 0;
}

bool dr_feed_is_meant(const struct dr_view *v)
{
    return dr_feed_declared_anew(v) ||
           v->t->policy.drift[DR_DRIFT_CHANGEFEED_CONFIG] == DR_DRIFT_CORRECT;
}

/* Whether the state of the feed allows a change. One that somebody paused, or that
 * failed, is not resumed by the way, unless the policy has it resumed anyhow: until
 * somebody answers, an edit waits. Another secret is an answer where it failed. */
static bool may_update(const struct dr_view *v, const struct dr_feed *x, bool noted,
                       bool turns)
{
    const enum dr_drift_action *policy = v->t->policy.drift;
    bool runs = x->state == DR_FEED_NORMAL || x->state == DR_FEED_WARNING;
    bool resumed = (x->state == DR_FEED_STOPPED &&
                    policy[DR_DRIFT_CHANGEFEED_PAUSED] == DR_DRIFT_CORRECT) ||
                   (x->state == DR_FEED_FAILED &&
                    (turns || policy[DR_DRIFT_CHANGEFEED_FAILED] == DR_DRIFT_CORRECT));
    return runs || noted || dr_feed_late_pause(v) || resumed;
}

enum dr_truth dr_feed_update_wanted(const struct dr_view *v)
{
    const struct dr_feed *x = dr_view_feed(v);
    const struct dr_feed_detail *d = detail_of(v);
    bool turns = dr_secret_turns(v) && !dr_secret_sent(v);
    bool noted = dr_feed_updating(v);
    if (dr_holds(v, DR_P_MADE, v->a) != DR_TRUE)
        return DR_FALSE; /* a row says what is in work, and before it is made nothing is
                          */
    if (!x || !d)
        return noted ? DR_UNSURE : DR_FALSE;
    /* one that was paused for it goes on as it was, while it can */
    if ((!d->difference_count && !turns) || dr_feed_fixed(v) ||
        (d->refused && !(turns && dr_secret_has_account(v))))
        return DR_FALSE;
    return dr_truth_of((noted || turns || dr_feed_is_meant(v)) &&
                       may_update(v, x, noted, turns));
}

/* What decides which rows are carried, where to, and whether a redo log is written. */
static bool decides_what(const char *field)
{
    static const char *const fields[] = {
        "sink_uri",  "sink_uri.",      "consistent.",
        "filter.",   "bdr_mode",       "force_replicate",
        "target_ts", "case_sensitive", "ignore_ineligible_table"};
    bool found = false;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        size_t len = strlen(fields[i]);
        found |= fields[i][len - 1] == '.' ? strncmp(field, fields[i], len) == 0
                                           : strcmp(field, fields[i]) == 0;
    }
    return found;
}

const char *dr_feed_edit_waits(const struct dr_view *v)
{
    const struct dr_feed_detail *d = detail_of(v);
    bool only = d && d->difference_count && dr_feed_declared_anew(v);
    for (size_t i = 0; only && i < d->difference_count; i++)
        only = !decides_what(d->differences[i].field);
    return only ? dr_feed_differences(v) : NULL;
}

const char *dr_feed_lacks_redo(const struct dr_view *v)
{
    const struct dr_feed_detail *d = detail_of(v);
    if (!dr_topology_wants_redo(v->t))
        return NULL;
    for (size_t i = 0; d && i < d->difference_count; i++)
        if (strcmp(d->differences[i].field, "consistent.level") == 0 ||
            strcmp(d->differences[i].field, "consistent.storage") == 0)
            return difference_text(v, &d->differences[i]);
    return *v->gen.redo ? NULL
                        : "replication.redo.level: declared eventual, the changefeed "
                          "writes no redo log";
}

bool dr_feed_captures_another(const struct dr_view *v, const struct dr_feed *x)
{
    const struct dr_pd *pd = &dr_view_facts(v, v->a)->pd;
    return pd->seen.known && x->upstream_id != pd->cluster_id;
}

const char *dr_feed_moved(const struct dr_view *v)
{
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    const struct dr_edge_row *x = dr_view_edge(v, v->a);
    const struct dr_edge_spec *word =
        dr_topology_edge(v->t, dr_view_name(v, v->a), dr_view_name(v, v->b));
    char was[DR_TIME_TEXT], is[DR_TIME_TEXT];
    if (!x || x->state != DR_EDGE_MADE || x->adopted || !x->start_ts || !d->seen.known ||
        !d->present || strcmp(d->id, x->id) != 0 || !d->start_ts ||
        d->start_ts == x->start_ts)
        return NULL;
    if (word && word->id && strcmp(word->id, x->id) == 0 && word->start_ts == d->start_ts)
        return NULL;
    return dr_sprintf(v->arena,
                      "changefeed '%s' was made to begin at %.19s (%" PRIu64
                      "), and was resumed from %.19s (%" PRIu64 ") by somebody",
                      x->id, dr_time_text(dr_tso_ms(x->start_ts), was), x->start_ts,
                      dr_time_text(dr_tso_ms(d->start_ts), is), d->start_ts);
}

/* Whether a feed beside drover's own has a name as drover gives to the edge's. */
bool dr_feed_duplicated(const struct dr_view *v)
{
    const struct dr_feeds *all = &dr_view_facts(v, v->a)->feeds;
    const char *made = dr_sprintf(v->arena, "%s-%s-to-%s-g", v->t->doc.metadata.name,
                                  dr_view_name(v, v->a), dr_view_name(v, v->b));
    bool found = false;
    for (size_t i = 0; i < all->count; i++) {
        const char *id = all->items[i].id, *slash = strrchr(id, '/');
        bool ours = strcmp(id, v->gen.feed_id) == 0;
        id = slash ? slash + 1 : id; /* of another namespace */
        found |=
            !ours && !all->items[i].leaves_sql &&
            (strncmp(id, made, strlen(made)) == 0 || strcmp(id, v->gen.feed_id) == 0);
    }
    return found;
}

/* ---- history ---- */

/* TiCDC says so itself. Source: tiflow: pkg/errors/cdc_errors.go. */
static bool failed_by_gc(const struct dr_feed *x)
{
    static const char *const words[] = {"ErrGCTTLExceeded", "ErrSnapshotLostByGC",
                                        "ErrStartTsBeforeGC"};
    bool by_gc = false;
    for (size_t i = 0; x->error && i < sizeof(words) / sizeof(words[0]); i++)
        by_gc |= strstr(x->error, words[i]) != NULL;
    return x->state == DR_FEED_FAILED && by_gc;
}

bool dr_feed_is_unheld(const struct dr_view *v)
{
    const struct dr_cluster_facts *a = dr_view_facts(v, v->a);
    const struct dr_instance *sql = a->instance_count ? &a->instances[0] : NULL;
    return sql && sql->seen.known && sql->gc_enable &&
           dr_holds(v, DR_P_FEED_HOLDS_GC, v->a) == DR_FALSE;
}

/* TiCDC keeps history for gc-ttl after the checkpoint of a feed that does not advance;
 * where PD lists no safepoint of it, GC takes what is older than its life time. Source:
 * tiflow: pkg/txnutil/gc/gc_manager.go. */
enum dr_truth dr_feed_history(const struct dr_view *v, int64_t *left_ms)
{
    const struct dr_cluster_facts *a = dr_view_facts(v, v->a);
    const struct dr_feed *x = dr_view_feed(v);
    *left_ms = -1;
    if (!x)
        return DR_UNSURE;
    if (failed_by_gc(x) ||
        (a->safepoints.seen.known && x->checkpoint < a->safepoints.gc_safe_point)) {
        *left_ms = 0;
        return DR_FALSE;
    }
    if (!a->ledger.seen.known || !a->cdc.seen.known)
        return DR_UNSURE;
    int64_t age_ms = dr_tso_age_ms(a->ledger.tso, x->checkpoint);
    int64_t kept_ms = a->cdc.gc_ttl_s * 1000;
    if (dr_feed_is_unheld(v) && a->instances[0].gc_life_time_ms < kept_ms)
        kept_ms = a->instances[0].gc_life_time_ms;
    *left_ms = kept_ms > age_ms ? kept_ms - age_ms : 0;
    return dr_truth_of(age_ms < kept_ms);
}

static const char *left_text(const struct dr_view *v)
{
    char text[DR_DURATION_TEXT];
    int64_t left_ms;
    (void)dr_feed_history(v, &left_ms);
    return left_ms < 0
               ? "how long its history is still kept is not known"
               : dr_sprintf(v->arena, "its history is kept for another %s",
                            dr_duration_text(left_ms / MINUTE_MS * MINUTE_MS, text));
}

const char *dr_feed_history_notice(const struct dr_view *v)
{
    const struct dr_cluster_facts *a = dr_view_facts(v, v->a);
    const struct dr_feed *x = dr_view_feed(v);
    int64_t left_ms;
    char left[DR_DURATION_TEXT], age[DR_DURATION_TEXT];
    if (dr_holds(v, DR_P_MADE, v->a) != DR_TRUE ||
        dr_feed_history(v, &left_ms) != DR_TRUE)
        return NULL;
    int64_t age_ms = dr_tso_age_ms(a->ledger.tso, x->checkpoint);
    if (age_ms < left_ms || age_ms <= v->t->objectives.rpo_ms)
        return NULL;
    return dr_sprintf(v->arena,
                      "%s: the changefeed has not advanced for %s; in %s its history is "
                      "lost, and then only a rebuild helps",
                      left_ms < age_ms / 4 ? "last call" : "alarm",
                      dr_duration_text(age_ms / MINUTE_MS * MINUTE_MS, age),
                      dr_duration_text(left_ms / MINUTE_MS * MINUTE_MS, left));
}

/* Of one that runs TiCDC itself says so. */
DR_CHECK(dr_check_feed_history)
{
    const struct dr_feed *x = dr_view_feed(v);
    int64_t left_ms;
    if (dr_feed_is_to_go_on(v))
        return dr_check_feed_goes_on(v, c, fact);
    if (!x || x->state == DR_FEED_NORMAL || x->state == DR_FEED_WARNING ||
        dr_feed_history(v, &left_ms) != DR_FALSE)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena,
                       "changefeed '%s' is %s%s%s, and the primary no longer keeps what "
                       "it has to carry yet: a rebuild is needed",
                       x->id, dr_feed_state_name(x->state), x->error ? ": " : "",
                       x->error ? x->error : "");
    return DR_FALSE;
}

/* The document is gone, and with it whoever would look again: a request to pause, sent
 * since the rows say that settings are changed, may be under way yet. The checkpoint that
 * they name is of that moment. */
static bool may_still_stop(const struct dr_view *v)
{
    const struct dr_edge_row *e = dr_view_edge(v, v->a);
    const struct dr_ledger_group *g = &dr_view_facts(v, v->a)->ledger;
    if (!v->in->removed || !e || !g->seen.known || e->settled)
        return false;
    uint64_t since = e->resumed ? e->resumed : dr_feed_updating(v) ? e->checkpoint : 0;
    return since && dr_tso_age_ms(g->tso, since) < DR_LATE_PAUSE_MS;
}

enum dr_truth dr_feed_left_paused(const struct dr_view *v)
{
    const struct dr_feeds *all = &dr_view_facts(v, v->a)->feeds;
    const struct dr_feed *x = dr_view_feed(v);
    int64_t left_ms;
    bool still = may_still_stop(v); /* both ends know it before the feed is paused */
    if (!dr_feed_updating(v) && !dr_feed_late_pause(v) && !still)
        return DR_FALSE;
    if (!all->seen.known || (!x && all->unproven))
        return DR_UNSURE;
    if (!x || x->state != DR_FEED_STOPPED)
        return still ? DR_UNSURE : DR_FALSE;
    enum dr_truth kept = dr_feed_history(v, &left_ms);
    return dr_truth_and(dr_truth_and(kept, dr_holds(v, DR_P_SHUT, v->b)),
                        dr_undoubted(v, DR_DOUBT_RESUME));
}

/* ---- what stands in the way of a change ---- */

DR_CHECK(dr_check_feed_fixed)
{
    const char *fixed = dr_feed_fixed(v);
    if (!fixed || dr_holds(v, DR_P_MADE, c) != DR_TRUE || !dr_feed_is_meant(v))
        return DR_TRUE;
    *fact = fixed;
    return DR_FALSE;
}

const char *dr_feed_refused(const struct dr_view *v)
{
    const struct dr_feed_detail *d = detail_of(v);
    return d && (d->difference_count || dr_secret_turns(v)) ? d->refused : NULL;
}

/* Not before it runs again as it did. */
DR_CHECK(dr_check_feed_taken)
{
    const char *refused = dr_feed_refused(v);
    if (!refused || dr_holds(v, DR_P_MADE, c) != DR_TRUE || is_noted(v) ||
        !(dr_feed_is_meant(v) || dr_secret_turns(v)))
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "%s; TiCDC did not take that: %s",
                       *dr_feed_differences(v) ? dr_feed_differences(v)
                                               : "another secret is declared",
                       dr_check_shown(v, refused));
    return DR_FALSE;
}

/* What the document does not name would fall back to TiCDC's default. */
DR_CHECK(dr_check_feed_extras)
{
    const struct dr_feed_detail *d = detail_of(v);
    (void)c;
    if (!d || !d->extra_count || dr_feed_updating(v) ||
        dr_feed_update_wanted(v) != DR_TRUE)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "replication.config.%s is not declared, live %s%s",
                       d->extras[0].field, dr_check_shown(v, d->extras[0].observed),
                       d->extra_count > 1 ? ", and there are more" : "");
    return DR_FALSE;
}

/* ---- what is told ---- */

const char *dr_feed_tell_paused(const struct dr_view *v, size_t c)
{
    (void)c;
    return dr_sprintf(v->arena, "changefeed '%s' is stopped, and not by drover: %s",
                      v->gen.feed_id, left_text(v));
}

const char *dr_feed_tell_failed(const struct dr_view *v, size_t c)
{
    const struct dr_feed *x = dr_view_feed(v);
    (void)c;
    return dr_sprintf(v->arena, "changefeed '%s' failed%s%s: %s", v->gen.feed_id,
                      x && x->error ? ": " : "", x && x->error ? x->error : "",
                      left_text(v));
}

void dr_feed_say_update(const struct dr_view *v, struct dr_action *x)
{
    const char *differences = dr_feed_differences(v);
    x->predicted_ms = 3000;
    if (dr_secret_turns(v))
        x->what =
            dr_sprintf(v->arena, "%s, with the password of the other secret", x->what);
    if (*differences)
        x->what = dr_sprintf(v->arena, "%s (%s)", x->what, differences);
}

/* ---- what a feed that is gone was last seen at ---- */

uint64_t dr_feed_last_seen(const struct dr_view *v)
{
    const struct dr_feed *x = dr_view_feed(v);
    uint64_t seen = x ? x->checkpoint : 0;
    for (size_t c = 0; c < v->t->cluster_count && v->gen.planned; c++) {
        const struct dr_ledger *l = dr_view_ledger(v, c);
        const struct dr_edge_row *e = dr_view_edge(v, c);
        if (l && l->last_seen.generation == v->gen.n && l->last_seen.checkpoint > seen)
            seen = l->last_seen.checkpoint;
        if (e && e->generation == v->gen.n && e->checkpoint > seen)
            seen = e->checkpoint;
    }
    return seen;
}

const char *dr_feed_last_seen_text(const struct dr_view *v)
{
    const struct dr_safepoints *s = &dr_view_facts(v, v->a)->safepoints;
    uint64_t seen = dr_feed_last_seen(v);
    char time[DR_TIME_TEXT];
    if (!seen)
        return "";
    return dr_sprintf(v->arena, "; it had carried all up to %" PRIu64 " (%.19s UTC)%s",
                      seen, dr_time_text(dr_tso_ms(seen), time),
                      !s->seen.known ? ""
                      : s->gc_safe_point < seen
                          ? ", and GC has not passed that yet"
                          : ", and GC has passed that: a rebuild is needed");
}
