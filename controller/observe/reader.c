/* Who reads the ledger of a cluster. */
#include <string.h>

#include "controller/observe/observer.h"

const char *dr_reader_of(struct dr_observer *o, size_t c)
{
    const struct dr_access_cluster *x = &o->access->clusters[c];
    for (size_t i = 0; i < x->sql_count; i++)
        if (o->readers[c] && strcmp(x->sql[i].text, o->readers[c]) == 0)
            return o->readers[c];
    return o->readers[c] = x->sql_count ? x->sql[0].text : NULL;
}

bool dr_reader_brings(struct dr_observer *o, const struct question *q)
{
    const char *reader = q->kind == DR_CALL_SQL_HOT ? dr_reader_of(o, q->cluster) : NULL;
    return reader && strcmp(reader, q->instance) == 0;
}

/* Why the ledger could not be read says as much of the reader's variables, unless it is
 * the server's word on the statement: then they are asked for alone. */
static void explain_reader(struct dr_observer *o, const struct question *ledger,
                           struct question *reader)
{
    static const enum dr_code silent[] = {DR_E_UNREACHABLE, DR_E_TIMEOUT, DR_E_AUTH};
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        if (ledger->seen.code != silent[i])
            continue;
        reader->seen = ledger->seen;
        dr_question_why(reader, ledger->why);
        return;
    }
    dr_observer_ask(o, reader);
}

void dr_readers_change(struct dr_observer *o)
{
    for (size_t c = 0; c < o->t->cluster_count; c++) {
        const struct dr_access_cluster *x = &o->access->clusters[c];
        struct question *ledger = dr_observer_find(o, DR_CALL_SQL_LEDGER, c), *old,
                        *next = NULL;
        const char *reader = dr_reader_of(o, c);
        if (ledger->seen.known || !reader)
            continue;
        old = dr_observer_find_at(o, DR_CALL_SQL_HOT, c, reader);
        for (size_t i = 1; i < x->sql_count && !next; i++) {
            next = dr_observer_find_at(o, DR_CALL_SQL_HOT, c,
                                       x->sql[(old->index + i) % x->sql_count].text);
            if (!next->seen.known)
                next = NULL;
        }
        explain_reader(o, ledger, old);
        if (next) {
            o->readers[c] = next->instance;
            dr_observer_ask(o, ledger);
        } else {
            o->readers[c] = x->sql[(old->index + 1) % x->sql_count].text;
        }
    }
    dr_observer_collect(o);
}
