/* Which questions there are, and to whom. */
#include <string.h>

#include "controller/observe/observer.h"

enum { QUESTIONS_MORE = 8 };

static struct question *add(struct dr_observer *o, enum dr_call_kind kind, enum tier tier,
                            size_t cluster)
{
    if (o->count == o->room) {
        o->room += QUESTIONS_MORE;
        o->questions = dr_xrealloc(o->questions, o->room * sizeof(*o->questions));
    }
    struct question *q = &o->questions[o->count++];
    *q = (struct question){
        .kind = kind, .tier = tier, .cluster = (uint16_t)cluster, .asked_ms = INT64_MIN};
    return q;
}

struct question *dr_observer_find_at(struct dr_observer *o, enum dr_call_kind kind,
                                     size_t c, const char *instance)
{
    for (size_t i = 0; i < o->count; i++) {
        struct question *q = &o->questions[i];
        if (q->kind == kind && q->cluster == c && q->instance &&
            (instance ? strcmp(q->instance, instance) == 0 : dr_question_retired(q)))
            return q;
    }
    return NULL;
}

struct question *dr_observer_find(const struct dr_observer *o, enum dr_call_kind kind,
                                  size_t c)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->questions[i].kind == kind && o->questions[i].cluster == c)
            return &o->questions[i];
    return NULL;
}

bool dr_question_retired(const struct question *q)
{
    return q->instance && q->index == RETIRED;
}

/* An old place for another subject. */
static void begin_anew(struct question *q)
{
    q->seen = (struct dr_seen){0};
    dr_question_why(q, NULL);
    q->forgotten = true;
}

/* Out: whether it is a new one. */
static bool ask_instance(struct dr_observer *o, enum dr_call_kind kind, size_t c,
                         size_t index)
{
    const char *text = o->access->clusters[c].sql[index].text;
    struct question *q = dr_observer_find_at(o, kind, c, text);
    bool newcomer = !q;
    if (newcomer) {
        q = dr_observer_find_at(o, kind, c, NULL);
        if (q)
            begin_anew(q);
        else
            q = add(o, kind, HOT, c);
        q->instance = text;
    }
    q->index = index;
    return newcomer;
}

bool dr_observer_ask_instances(struct dr_observer *o, size_t c)
{
    bool newcomer = false;
    static const enum dr_call_kind kinds[] = {DR_CALL_SQL_HOT, DR_CALL_SQL_JOBS};
    for (size_t i = 0; i < o->count; i++)
        if (o->questions[i].instance && o->questions[i].cluster == c &&
            o->questions[i].tier != PROBE && !o->questions[i].behind)
            o->questions[i].index = RETIRED;
    /* those that stay first: a newcomer must not take their place */
    for (int newcomers = 0; newcomers < 2; newcomers++)
        for (size_t i = 0; i < o->access->clusters[c].sql_count; i++)
            for (size_t k = 0; k < 2; k++)
                if (newcomers || dr_observer_find_at(o, kinds[k], c,
                                                     o->access->clusters[c].sql[i].text))
                    newcomer |= ask_instance(o, kinds[k], c, i);
    return newcomer;
}

/* Each declared endpoint of PD or TiCDC, where others would answer for it. */
static void probe_endpoints(struct dr_observer *o, size_t c, enum dr_call_kind kind,
                            const struct dr_endpoint *list, size_t count)
{
    char text[DR_HOST_MAX + 16];
    for (size_t i = 0; count > 1 && i < count; i++) {
        struct question *q = add(o, kind, PROBE, c);
        q->instance = dr_strdup(o->lasting, dr_address_text(&list[i].at, text));
        q->index = o->probes[c]++;
    }
}

/* TiCDC dials the sink address, a load balancer as a rule: which cluster it leads to
 * shows to a client alone. That of an instance which is asked anyway is known. */
static void ask_behind(struct dr_observer *o, size_t c)
{
    const struct dr_hostport *at = &o->t->clusters[c].sink_address;
    struct dr_address sink;
    char text[DR_HOST_MAX + 16];
    bool known = !at->host || !dr_address_parse(&sink, at->text, at->port);
    for (size_t i = 0; !known && i < o->access->clusters[c].sql_count; i++)
        known = dr_address_equal(&o->access->clusters[c].sql[i].at, &sink);
    if (known)
        return;
    struct question *q = add(o, DR_CALL_SQL_IDENTITY, WARM, c);
    q->instance = dr_strdup(o->lasting, dr_address_text(&sink, text));
    q->behind = true;
}

void dr_observer_make(struct dr_observer *o)
{
    for (size_t c = 0; c < o->t->cluster_count; c++) {
        const struct dr_cluster *x = &o->t->clusters[c];
        (void)dr_observer_ask_instances(o, c);
        add(o, DR_CALL_SQL_LEDGER, HOT, c);
        add(o, DR_CALL_SQL_TSO, STEADY, c);
        add(o, DR_CALL_SQL_IDENTITY, WARM, c);
        add(o, DR_CALL_PD_IDENTITY, WARM, c);
        add(o, DR_CALL_PD_SAFEPOINTS, HOT, c);
        add(o, DR_CALL_PD_STORES, COLD, c);
        add(o, DR_CALL_SQL_ACCOUNTS, COLD, c);
        add(o, DR_CALL_SQL_TABLES, COLD, c);
        add(o, DR_CALL_SQL_LOGIN, WARM, c);
        add(o, DR_CALL_SQL_DDL, WARM, c);
        probe_endpoints(o, c, DR_CALL_PD_ALIVE, o->access->clusters[c].pd,
                        o->access->clusters[c].pd_count);
        if (!x->ticdc.declared)
            continue;
        add(o, DR_CALL_CDC_SERVER, WARM, c);
        add(o, DR_CALL_CDC_FEEDS, HOT, c);
        add(o, DR_CALL_CDC_FEED, WARM, c);
        probe_endpoints(o, c, DR_CALL_CDC_ALIVE, o->access->clusters[c].cdc,
                        o->access->clusters[c].cdc_count);
    }
    size_t a, b;
    dr_plan_pair(o->t, NULL, &a, &b);
    ask_behind(o, b);
    if (o->t->storage.backup.declared)
        add(o, DR_CALL_STORE_LIST, WARM, a)->call.args.store.store = DR_STORE_BACKUP;
    if (o->t->storage.redo.declared) {
        add(o, DR_CALL_STORE_LIST, WARM, a)->call.args.store.store = DR_STORE_REDO;
        add(o, DR_CALL_STORE_REDO, WARM, a);
    }
}

/* The place of a feed that is listed no more; NULL: there is none. */
static struct question *free_place(struct dr_observer *o, size_t c,
                                   const struct dr_feeds *f)
{
    for (size_t i = 0; i < o->count; i++) {
        struct question *q = &o->questions[i];
        if (q->feed && q->cluster == c && !dr_feeds_find(f, q->feed))
            return q;
    }
    return NULL;
}

void dr_observer_ask_strangers(struct dr_observer *o, const struct focus *x)
{
    enum { STRANGERS_MAX = 16 };
    size_t asked = 0;
    const struct dr_feeds *f = &o->facts->clusters[x->from].feeds;
    for (size_t i = 0; i < o->count; i++)
        asked += o->questions[i].feed != NULL;
    for (size_t i = 0; f->seen.known && i < f->count; i++) {
        const char *id = f->items[i].id;
        bool known = strcmp(id, x->gen.feed_id) == 0 || strchr(id, '/');
        for (size_t k = 0; k < o->count && !known; k++)
            known = o->questions[k].feed && strcmp(o->questions[k].feed, id) == 0;
        struct question *q = known ? NULL : free_place(o, x->from, f);
        if (known || (!q && asked >= STRANGERS_MAX))
            continue;
        if (q) {
            begin_anew(q);
        } else {
            q = add(o, DR_CALL_CDC_FEED, WARM, x->from);
            asked++;
        }
        q->feed = dr_strdup(o->lasting, id);
    }
}
