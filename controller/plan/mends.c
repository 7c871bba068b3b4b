/* Ways out of this very situation, made of facts: the statement, the line of the
 * document, the generation. One row a code; of other codes the check's row says all. */
#include <inttypes.h>
#include <string.h>

#include "controller/plan/checks.h"
#include "controller/plan/feed.h"
#include "controller/plan/rights.h"

#define MEND(name)                                                                       \
    static const char *name(const struct dr_view *v, const struct dr_plan_check *k,      \
                            size_t c)

/* ---- accounts ---- */

MEND(controller)
{
    (void)k;
    return dr_mend_rights(v, c, DR_ACCOUNT_CONTROLLER);
}

MEND(sink)
{
    (void)k;
    return dr_mend_rights(v, c, DR_ACCOUNT_SINK);
}

MEND(apply)
{
    (void)k;
    return dr_mend_rights(v, c, DR_ACCOUNT_APPLY);
}

MEND(sink_above)
{
    (void)k;
    return dr_mend_sink(v, c);
}

/* ---- ledgers and the copy ---- */

MEND(lost_ledger)
{
    (void)k;
    return dr_mend_lost_ledger(v, c);
}

/* Two that contradict each other: no edit of the document mends that. */
MEND(term)
{
    const struct dr_ledger *x = dr_view_ledger(v, c),
                           *y = dr_view_ledger(v, c == v->a ? v->b : v->a);
    (void)k;
    if (!x || !y || !x->term.present || !y->term.present ||
        strcmp(x->term.cluster, y->term.cluster) == 0)
        return NULL;
    return dr_sprintf(
        v->arena,
        "the ledgers contradict each other: that of %s names '%s' (term %" PRIu64
        "). Find out who wrote the other row, and which cluster takes the writes; in the "
        "ledger that is wrong DELETE FROM mysql.drover_ledger WHERE k = 'term'; then "
        "drover plan names the lines of ledger.reset, by which its peer gives it back",
        dr_view_name(v, c == v->a ? v->b : v->a), y->term.cluster, y->term.n);
}

MEND(orphan)
{
    (void)k, (void)c;
    return dr_mend_orphan(v);
}

MEND(left_over)
{
    (void)k, (void)c;
    return dr_mend_left_over(v);
}

MEND(prefix)
{
    (void)k, (void)c;
    return v->gen.planned ? dr_mend_copy(v, "empty the prefix") : NULL;
}

MEND(copy)
{
    (void)k, (void)c;
    return dr_mend_copy(v, NULL);
}

MEND(hold)
{
    (void)k;
    return dr_mend_hold(v, c);
}

MEND(existing)
{
    (void)c;
    return dr_view_copy(v, false) ? dr_mend_copy(v, k->way_out) : NULL;
}

/* ---- the changefeed ---- */

/* Of a changefeed that is gone, or whose history is: all begins again. The rows of one
 * that was adopted count no generation. */
static const char *mend_lost_feed(const struct dr_view *v, const char *first)
{
    if (v->gen.planned && !v->gen.adopted)
        return dr_mend_rebuild(v, first);
    return dr_sprintf(
        v->arena,
        "%sempty the secondary and begin again: on the secondary SET GLOBAL "
        "tidb_super_read_only = OFF and drop what was restored, then on both "
        "sides: DELETE FROM mysql.drover_ledger WHERE k IN ('backup', "
        "'restoring') OR k LIKE 'edge/%%'",
        first);
}

MEND(feed_removed)
{
    (void)k, (void)c;
    return mend_lost_feed(v, "find out who deleted it, its redo logs went with it; what "
                             "the primary has done since is carried by no feed: ");
}

MEND(feed_history)
{
    (void)k, (void)c;
    return mend_lost_feed(v,
                          dr_feed_is_to_go_on(v)
                              ? ""
                              : "do not resume it: it would fail, or leave a gap. Delete "
                                "the changefeed, and ");
}

MEND(feed_again)
{
    (void)k, (void)c;
    return dr_feed_is_to_go_on(v) ? NULL : mend_lost_feed(v, "");
}

MEND(feed_fixed)
{
    (void)k, (void)c;
    return dr_mend_fixed(v);
}

static const struct {
    const char *code;
    const char *(*mend)(const struct dr_view *v, const struct dr_plan_check *k, size_t c);
} mends[] = {
    {"DR-B022", lost_ledger},  {"DR-B023", term},         {"DR-B027", orphan},
    {"DR-B030", controller},   {"DR-B031", sink},         {"DR-B041", left_over},
    {"DR-B048", prefix},       {"DR-B051", copy},         {"DR-B053", copy},
    {"DR-B055", hold},         {"DR-B061", feed_removed}, {"DR-B062", feed_fixed},
    {"DR-B064", feed_history}, {"DR-B065", feed_fixed},   {"DR-B067", feed_again},
    {"DR-B072", existing},     {"DR-B090", apply},        {"DR-B091", sink_above}};

const char *dr_check_mend(const struct dr_view *v, const struct dr_plan_check *k,
                          size_t c)
{
    for (size_t i = 0; i < sizeof(mends) / sizeof(mends[0]); i++)
        if (strcmp(mends[i].code, k->code) == 0)
            return mends[i].mend(v, k, c);
    return NULL;
}
