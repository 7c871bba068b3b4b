/* Small things about facts: fresh snapshots, look-ups, names, versions. */
#include "controller/facts/facts.h"

#include <string.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/facts/codec.h"

static const char never_asked[] = "not asked yet";

static void unasked(struct dr_seen *s)
{
    s->why = never_asked;
}

void dr_facts_instances(struct dr_cluster_facts *c, size_t count, struct dr_arena *a)
{
    c->instance_count = count;
    c->instances = DR_NEW_N(a, count, struct dr_instance);
    c->jobs = DR_NEW_N(a, count, struct dr_jobs);
    for (size_t i = 0; i < count; i++) {
        unasked(&c->instances[i].seen);
        unasked(&c->jobs[i].seen);
    }
}

struct dr_facts *dr_facts_new(size_t cluster_count, struct dr_arena *a)
{
    struct dr_facts *f = DR_NEW(a, struct dr_facts);
    f->cluster_count = cluster_count;
    f->clusters = DR_NEW_N(a, cluster_count, struct dr_cluster_facts);
    for (size_t i = 0; i < cluster_count; i++) {
        struct dr_cluster_facts *c = &f->clusters[i];
        struct dr_seen *groups[] = {
            &c->ledger.seen, &c->identity.seen,   &c->pd.seen,     &c->feeds.seen,
            &c->cdc.seen,    &c->safepoints.seen, &c->feed.seen,   &c->accounts.seen,
            &c->tables.seen, &c->ddl.seen,        &c->stores.seen,
        };
        for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
            unasked(groups[g]);
    }
    unasked(&f->backup_prefix.seen);
    unasked(&f->redo_prefix.seen);
    unasked(&f->redo.seen);
    unasked(&f->equality.seen);
    unasked(&f->sink_login.seen);
    return f;
}

uint64_t dr_beat_of(const struct dr_ledger_group *g, const char *origin)
{
    for (size_t i = 0; g->seen.known && i < g->beat_count; i++)
        if (strcmp(g->beats[i].origin, origin) == 0)
            return g->beats[i].tso;
    return 0;
}

bool dr_cluster_refuses_writes(const struct dr_cluster_facts *f)
{
    bool refuses = false;
    for (size_t i = 0; i < f->instance_count; i++)
        refuses |= dr_instance_refuses_writes(&f->instances[i]);
    return refuses;
}

void dr_facts_decode_ledger(struct dr_cluster_facts *c, struct dr_arena *a)
{
    struct dr_ledger_group *g = &c->ledger;
    bool agreed = c->pd.seen.known && c->pd.cluster_id && c->identity.seen.known &&
                  (!c->identity.cluster_id || c->identity.cluster_id == c->pd.cluster_id);
    g->decoded = g->seen.known && g->table_present && agreed;
    if (g->decoded)
        dr_ledger_decode(&g->rows, g->raw, g->raw_count, c->pd.cluster_id, a);
    else
        memset(&g->rows, 0, sizeof(g->rows));
}

static bool has_other_definition(const struct dr_equality *q)
{
    for (size_t i = 0; i < q->difference_count; i++)
        if (strcmp(q->differences[i].observed, DR_OTHER_DEFINITION) == 0)
            return true;
    return false;
}

struct dr_compared_row *dr_equality_row(const struct dr_equality *q, bool existing,
                                        struct dr_arena *a)
{
    enum { SHOWN = 5 };
    bool other = has_other_definition(q);
    size_t n = 0;
    /* rows that a copy lacks are restored again */
    if (q->difference_count ? !existing && !other : q->complete)
        return NULL;
    struct dr_compared_row *r = DR_NEW(a, struct dr_compared_row);
    *r = (struct dr_compared_row){.present = true,
                                  .generation = q->generation,
                                  .tso = q->tso,
                                  .complete = q->complete,
                                  .texts = DR_NEW_N(a, 3 * SHOWN, const char *)};
    for (size_t i = 0; i < q->difference_count && n < SHOWN; i++) {
        const struct dr_difference *d = &q->differences[i];
        if (!existing && strcmp(d->observed, DR_OTHER_DEFINITION) != 0)
            continue;
        r->texts[3 * n] = d->field;
        r->texts[3 * n + 1] = d->desired;
        r->texts[3 * n + 2] = d->observed;
        n++;
    }
    r->text_count = 3 * n;
    return r;
}

struct dr_equality *dr_equality_of_row(const struct dr_compared_row *r,
                                       struct dr_arena *a)
{
    struct dr_equality *q = DR_NEW(a, struct dr_equality);
    *q = (struct dr_equality){.seen = {.known = true},
                              .generation = r->generation,
                              .tso = r->tso,
                              .complete = r->complete,
                              .difference_count = r->text_count / 3};
    q->differences = DR_NEW_N(a, q->difference_count, struct dr_difference);
    for (size_t i = 0; i < q->difference_count; i++)
        q->differences[i] = (struct dr_difference){.field = r->texts[3 * i],
                                                   .desired = r->texts[3 * i + 1],
                                                   .observed = r->texts[3 * i + 2]};
    return q;
}

const char *dr_equality_text(const struct dr_equality *q, const char *from,
                             const char *to, struct dr_arena *a)
{
    if (!q->seen.known || (q->complete && !q->difference_count))
        return NULL;
    if (!q->difference_count)
        return "the time ran out before every table was compared";
    const struct dr_difference *d = &q->differences[0];
    const char *text = dr_sprintf(a, "%s: %s in %s, %s in %s", d->field, d->desired, from,
                                  d->observed, to);
    return q->difference_count == 1
               ? text
               : dr_sprintf(a, "%s; and %zu more differ%s", text, q->difference_count - 1,
                            q->difference_count == 2 ? "s" : "");
}

const struct dr_feed *dr_feeds_find(const struct dr_feeds *f, const char *id)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->items[i].id, id) == 0)
            return &f->items[i];
    return NULL;
}

int64_t dr_feed_lag_ms(const struct dr_cluster_facts *f, const struct dr_feed *x)
{
    if (!f->ledger.seen.known)
        return -1;
    int64_t lag_ms = dr_tso_age_ms(f->ledger.tso, x->checkpoint),
            later_ms = f->feeds.seen.at_ms - f->ledger.seen.at_ms;
    lag_ms += later_ms > 0 ? later_ms : 0;
    return lag_ms > 0 ? lag_ms : 0;
}

const struct dr_account *dr_accounts_find(const struct dr_accounts *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->items[i].name, name) == 0)
            return &f->items[i];
    return NULL;
}

/* Source: tiflow: cdc/model/changefeed.go FeedState. */
static const char *const feed_states[DR_FEED_STATE_COUNT] = {
    [DR_FEED_NORMAL] = "normal",     [DR_FEED_WARNING] = "warning",
    [DR_FEED_STOPPED] = "stopped",   [DR_FEED_FAILED] = "failed",
    [DR_FEED_FINISHED] = "finished", [DR_FEED_REMOVED] = "removed",
    [DR_FEED_STRANGE] = "strange",
};
const struct dr_codec_words dr_codec_words_feed_state = {DR_FEED_STATE_COUNT,
                                                         feed_states};

const char *dr_feed_state_name(enum dr_feed_state s)
{
    return s < DR_FEED_STATE_COUNT && feed_states[s] ? feed_states[s] : "none";
}

enum dr_feed_state dr_feed_state_parse(const char *text)
{
    if (!text || !*text)
        return DR_FEED_NORMAL;
    if (strcmp(text, "pending") == 0)
        return DR_FEED_WARNING;
    for (unsigned s = DR_FEED_NORMAL; s < DR_FEED_STRANGE; s++)
        if (strcmp(text, feed_states[s]) == 0)
            return (enum dr_feed_state)s;
    return DR_FEED_STRANGE;
}

/* Source: docs: privilege-management.md. */
static const char *const privileges[DR_PRIV_COUNT] = {
    [DR_PRIV_SELECT] = "SELECT",
    [DR_PRIV_INSERT] = "INSERT",
    [DR_PRIV_UPDATE] = "UPDATE",
    [DR_PRIV_DELETE] = "DELETE",
    [DR_PRIV_CREATE] = "CREATE",
    [DR_PRIV_DROP] = "DROP",
    [DR_PRIV_ALTER] = "ALTER",
    [DR_PRIV_INDEX] = "INDEX",
    [DR_PRIV_CREATE_VIEW] = "CREATE VIEW",
    [DR_PRIV_REFERENCES] = "REFERENCES",
    [DR_PRIV_PROCESS] = "PROCESS",
    [DR_PRIV_SUPER] = "SUPER",
    [DR_PRIV_CREATE_USER] = "CREATE USER",
    [DR_PRIV_CONFIG] = "CONFIG",
    [DR_PRIV_BACKUP_ADMIN] = "BACKUP_ADMIN",
    [DR_PRIV_RESTORE_ADMIN] = "RESTORE_ADMIN",
    [DR_PRIV_SYSTEM_VARIABLES_ADMIN] = "SYSTEM_VARIABLES_ADMIN",
    [DR_PRIV_CONNECTION_ADMIN] = "CONNECTION_ADMIN",
    [DR_PRIV_RESTRICTED_REPLICA_WRITER_ADMIN] = "RESTRICTED_REPLICA_WRITER_ADMIN",
};
_Static_assert(DR_PRIV_COUNT <= 32, "privileges are bits of a uint32_t");
const struct dr_codec_words dr_codec_words_privilege = {DR_PRIV_COUNT, privileges};

const char *dr_privilege_name(enum dr_privilege p)
{
    return p < DR_PRIV_COUNT ? privileges[p] : "?";
}

static const char *const granted_on[DR_ON_COUNT] = {[DR_ON_ALL] = "*.*",
                                                    [DR_ON_LEDGER] =
                                                        "mysql.drover_ledger",
                                                    [DR_ON_BEATS] = "drover.*"};

const char *dr_grant_on_name(enum dr_grant_on on)
{
    return granted_on[on];
}

uint32_t dr_privileges_with_super(uint32_t bits)
{
    const uint32_t brought =
        DR_PRIV_DYNAMIC & ~(1u << DR_PRIV_RESTRICTED_REPLICA_WRITER_ADMIN);
    return bits & 1u << DR_PRIV_SUPER ? bits | brought : bits;
}

uint32_t dr_account_may(const struct dr_account *x, enum dr_grant_on on)
{
    const uint32_t here[DR_ON_COUNT] = {
        [DR_ON_LEDGER] = x->ledger_privileges, [DR_ON_BEATS] = x->beat_privileges};
    return dr_privileges_with_super(x->privileges) | here[on];
}

/* One number of a version and the dot behind it, if `dot`. NULL: not there. */
static const char *number(const char *s, bool dot, uint32_t *out)
{
    uint64_t v;
    size_t len = s ? strspn(s, "0123456789") : 0;
    if (!len || !dr_parse_u64(s, len, &v) || v > 999)
        return NULL;
    *out = (uint32_t)v;
    s += len;
    if (dot)
        return *s == '.' ? s + 1 : NULL;
    return s;
}

struct dr_version dr_version_parse(const char *text, struct dr_arena *a)
{
    struct dr_version v = {.text = dr_strdup(a, text)}, parts = v;
    const char *s = text ? text : "", *tidb = strstr(s, "-TiDB-");
    s = tidb ? tidb + strlen("-TiDB-") : s;
    s += *s == 'v';
    s = number(s, true, &parts.major);
    s = number(s, true, &parts.minor);
    s = number(s, false, &parts.patch);
    return s && (!*s || *s == '-' || *s == '+') ? parts : v;
}
