#include "controller/observe/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/observe/observe.h"

void dr_memory_init(struct dr_memory *m)
{
    memset(m, 0, sizeof(*m));
    m->result = dr_arena_new(64 << 20);
    m->equality.seen.why = "not compared yet";
}

void dr_memory_release(struct dr_memory *m)
{
    free(m->feeds);
    dr_arena_free(m->result);
}

static struct dr_feed_memory *feed_slot(struct dr_memory *m, uint16_t cluster,
                                        const char *id)
{
    for (size_t i = 0; i < m->feed_count; i++)
        if (m->feeds[i].cluster == cluster && strcmp(m->feeds[i].id, id) == 0)
            return &m->feeds[i];
    if (strlen(id) >= DR_FEED_ID_MAX)
        return NULL;
    if (m->feed_count == m->feed_room) {
        m->feed_room = m->feed_room ? m->feed_room * 2 : 4;
        m->feeds = dr_xrealloc(m->feeds, m->feed_room * sizeof(*m->feeds));
    }
    struct dr_feed_memory *x = &m->feeds[m->feed_count++];
    *x = (struct dr_feed_memory){.cluster = cluster};
    snprintf(x->id, sizeof(x->id), "%s", id);
    return x;
}

/* One more poll of this owner did not see it. */
static void count_poll(struct dr_absence *x, const char *owner, int64_t now_ms)
{
    if (strcmp(x->owner, owner) != 0 || !x->polls) {
        snprintf(x->owner, sizeof(x->owner), "%s", owner);
        x->polls = 0;
        x->since_ms = now_ms;
    }
    x->polls++;
    x->last_ms = now_ms;
}

static bool is_proven(const struct dr_absence *x)
{
    return x->polls >= DR_ABSENT_POLLS && x->last_ms - x->since_ms >= DR_ABSENT_MS;
}

/* What the list lacks, though it was there: forgotten once its absence is proven. */
static void note_missing(struct dr_memory *m, uint16_t cluster, struct dr_feeds *f,
                         struct dr_arena *a, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->feed_count; i++) {
        struct dr_feed_memory *x = &m->feeds[i];
        bool missing = x->cluster == cluster && !dr_feeds_find(f, x->id);
        if (missing && f->owner_id)
            count_poll(&x->absence, f->owner_id, now_ms);
        else if (x->cluster == cluster)
            x->absence.polls = 0;
        if (missing && is_proven(&x->absence))
            continue;
        if (missing)
            f->unproven = dr_strdup(a, x->id);
        m->feeds[kept++] = *x;
    }
    m->feed_count = kept;
}

static void note_feeds(struct dr_memory *m, uint16_t cluster, struct dr_feeds *f,
                       struct dr_arena *a, int64_t now_ms)
{
    for (size_t i = 0; i < f->count; i++) {
        struct dr_feed *x = &f->items[i];
        struct dr_feed_memory *s = feed_slot(m, cluster, x->id);
        if (strcmp(m->absent_id, x->id) == 0) /* whatever earlier polls said */
            m->absence.polls = 0;
        if (!s)
            continue;
        if (x->state != DR_FEED_NORMAL || x->checkpoint < s->checkpoint)
            s->rises = 0;
        else if (s->checkpoint && x->checkpoint > s->checkpoint)
            s->rises++;
        s->checkpoint = x->checkpoint;
        x->rises = s->rises;
    }
    note_missing(m, cluster, f, a, now_ms);
}

const char *const *dr_memory_feeds(const struct dr_memory *m, uint16_t cluster,
                                   struct dr_arena *a, size_t *count)
{
    const char **ids = DR_NEW_N(a, m->feed_count, const char *);
    *count = 0;
    for (size_t i = 0; i < m->feed_count; i++)
        if (m->feeds[i].cluster == cluster)
            ids[(*count)++] = dr_strdup(a, m->feeds[i].id);
    return ids;
}

bool dr_memory_expect(struct dr_memory *m, uint16_t cluster, const char *id,
                      struct dr_feeds *f, struct dr_arena *a)
{
    bool proven = strcmp(m->absent_id, id) == 0 && is_proven(&m->absence);
    if (proven || dr_feeds_find(f, id))
        return true;
    (void)feed_slot(m, cluster, id);
    f->unproven = dr_strdup(a, id);
    return false;
}

/* Of the feed that is asked for by its name. */
static void note_poll(struct dr_memory *m, const struct dr_feed_detail *d, int64_t now_ms)
{
    if (d->present || !d->owner_id || !d->id) {
        m->absence.polls = 0;
        m->absent_id[0] = '\0';
        return;
    }
    if (strcmp(m->absent_id, d->id) != 0) {
        snprintf(m->absent_id, sizeof(m->absent_id), "%s", d->id);
        m->absence.polls = 0;
    }
    count_poll(&m->absence, d->owner_id, now_ms);
}

static void forget_equality(struct dr_memory *m, const char *why)
{
    m->equality.seen = (struct dr_seen){.why = why};
}

/* Whoever lifted the fence may have written; closing it again does not undo that. */
static void note_instance(struct dr_memory *m, uint16_t cluster,
                          const struct dr_instance *x)
{
    if (m->equality.seen.known && cluster == m->compared && !x->super_read_only)
        forget_equality(m, "not compared since the cluster took writes");
}

void dr_memory_note(struct dr_memory *m, enum dr_call_kind kind, uint16_t cluster,
                    const struct dr_reply *reply, int64_t now_ms)
{
    if (kind == DR_CALL_SQL_HOT || kind == DR_CALL_SQL_LEDGER)
        note_instance(m, cluster, reply->as.instance);
    else if (kind == DR_CALL_CDC_FEEDS)
        note_feeds(m, cluster, reply->as.feeds, reply->arena, now_ms);
    else if (kind == DR_CALL_CDC_FEED)
        note_poll(m, reply->as.feed, now_ms);
}

void dr_memory_absence(const struct dr_memory *m, struct dr_feed_detail *d)
{
    if (!d->seen.known || d->present)
        return;
    d->absent_polls = m->absence.polls;
    d->absent_since_ms = m->absence.since_ms;
    d->absence_proven = is_proven(&m->absence);
}

bool dr_memory_is_gone(const struct dr_memory *m, const char *id, int64_t *since_ms)
{
    *since_ms = m->absence.since_ms;
    return strcmp(m->absent_id, id) == 0 && is_proven(&m->absence);
}

void dr_memory_called(struct dr_memory *m, const struct dr_call *call,
                      const struct dr_reply *reply)
{
    if (call->kind == DR_CALL_RESTORE || call->kind == DR_CALL_DROP_TABLE ||
        call->kind == DR_CALL_DROP_SCHEMA)
        forget_equality(m, "not compared since the last change");
    /* that a feed goes on through a fence is seen by checkpoints that rise behind it */
    if (call->kind == DR_CALL_SET_GLOBAL &&
        strcmp(call->args.set.name, "tidb_super_read_only") == 0)
        for (size_t i = 0; i < m->feed_count; i++)
            m->feeds[i].rises = 0;
    if (call->kind == DR_CALL_FEED_CREATE) { /* polls from before it prove nothing now */
        m->absence.polls = 0;
        for (size_t i = 0; i < m->feed_count; i++)
            m->feeds[i].absence.polls = 0;
    }
    if (call->kind == DR_CALL_RESTORE) {
        /* TiDB words it "tables already existed in restored cluster".
         * Source: tidb: br/pkg/restore, ErrTablesAlreadyExisted. */
        bool refused = reply->outcome == DR_REFUSED &&
                       strstr(reply->err.text, "already exist") != NULL;
        m->restore_refused = refused ? call->args.copy.generation : 0;
    }
}

static void fill_update(const struct dr_memory *m, struct dr_facts *f, struct dr_arena *a)
{
    for (size_t c = 0; c < f->cluster_count; c++) {
        struct dr_feed_detail *d = &f->clusters[c].feed;
        const char *words = d->seen.known && d->present
                                ? dr_update_given_up(&m->update, d->id, f->now_ms)
                                : NULL;
        d->refused = words ? dr_strdup(a, words) : NULL;
        bool sent = d->seen.known && d->present && *m->update.secret &&
                    strcmp(d->id, m->update.id) == 0;
        d->sent_secret = sent ? dr_strdup(a, m->update.secret) : NULL;
        d->pauses_answered = d->seen.known && d->present && m->update.settled;
    }
}

static void differ(struct dr_memory *m, size_t *room, const char *schema,
                   const char *name, const char *desired, const char *observed)
{
    struct dr_equality *q = &m->equality;
    struct dr_difference *d =
        DR_PUSH(m->result, q->differences, q->difference_count, *room);
    *d = (struct dr_difference){.field = dr_sprintf(m->result, "%s.%s", schema, name),
                                .desired = desired,
                                .observed = observed};
}

/* Schemas whose rows are no business of a comparison. The heartbeat's table is asked for
 * all the same: the feed carries its rows, and stands still where it is missing. */
static bool is_beat(const char *schema)
{
    return strcmp(schema, "drover") == 0;
}

static bool is_cdc(const char *schema)
{
    return strcmp(schema, "tidb_cdc") == 0;
}

static const struct dr_table *find(const struct dr_tables *t, const struct dr_table *x)
{
    for (size_t lo = 0, hi = t->count; lo < hi;) {
        size_t mid = lo + (hi - lo) / 2;
        int order = strcmp(t->items[mid].schema, x->schema);
        order = order ? order : strcmp(t->items[mid].name, x->name);
        if (order == 0)
            return &t->items[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

void dr_memory_compare(struct dr_memory *m, const struct dr_compare *what,
                       const struct dr_tables *from, const struct dr_tables *to,
                       const struct dr_counts *a, const struct dr_counts *b,
                       int64_t now_ms)
{
    size_t room = 0;
    dr_arena_reset(m->result);
    m->equality = (struct dr_equality){.seen = {.known = true, .at_ms = now_ms},
                                       .generation = what->generation,
                                       .tso = what->tso,
                                       .complete = true};
    m->compared = what->to;
    for (size_t i = 0; i < from->count; i++) {
        const struct dr_table *x = &from->items[i];
        if (is_cdc(x->schema) || (is_beat(x->schema) && find(to, x)))
            continue;
        m->equality.table_count++;
        if (!find(to, x)) {
            differ(m, &room, x->schema, x->name, "there", "missing");
            continue;
        }
        if (i >= a->count || i >= b->count || !a->items[i].counted ||
            !b->items[i].counted) {
            m->equality.complete = false;
            continue;
        }
        /* a table that went away since the list was read has no definition */
        const char *x_is = a->items[i].definition, *y_is = b->items[i].definition;
        if (!x_is || !y_is)
            differ(m, &room, x->schema, x->name, x_is ? "there" : "gone",
                   y_is ? "there" : "gone");
        else if (strcmp(x_is, y_is) != 0)
            differ(m, &room, x->schema, x->name, "one definition", DR_OTHER_DEFINITION);
        else if (a->items[i].rows != b->items[i].rows)
            differ(m, &room, x->schema, x->name,
                   dr_sprintf(m->result, "%" PRIu64 " rows", a->items[i].rows),
                   dr_sprintf(m->result, "%" PRIu64 " rows", b->items[i].rows));
    }
    for (size_t i = 0; i < to->count; i++)
        if (!is_cdc(to->items[i].schema) && !is_beat(to->items[i].schema) &&
            !find(from, &to->items[i]))
            differ(m, &room, to->items[i].schema, to->items[i].name, "absent", "there");
}

/* No step follows on another definition: somebody mends it, unseen. */
static bool is_to_be_made_again(const struct dr_equality *q, int64_t now_ms)
{
    bool other = false;
    for (size_t i = 0; i < q->difference_count; i++)
        other |= strcmp(q->differences[i].observed, DR_OTHER_DEFINITION) == 0;
    return other && q->seen.known && now_ms - q->seen.at_ms >= DR_COMPARE_AGAIN_MS;
}

void dr_memory_fill(const struct dr_memory *m, struct dr_facts *f, struct dr_arena *a)
{
    f->equality = m->equality;
    if (is_to_be_made_again(&m->equality, f->now_ms))
        f->equality.seen = (struct dr_seen){.why = "compared too long ago"};
    f->equality.differences =
        DR_NEW_N(a, m->equality.difference_count, struct dr_difference);
    if (m->equality.difference_count)
        memcpy(f->equality.differences, m->equality.differences,
               m->equality.difference_count * sizeof(struct dr_difference));
    fill_update(m, f, a);
    f->skipped_generations = m->skipped;
    f->restore_refused = m->restore_refused;
}
