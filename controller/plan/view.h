/* The inputs of one plan, resolved: which cluster is which, whose ledger may be read,
 * which generation is in work. Inside plan/ only. */
#ifndef DR_PLAN_VIEW_H
#define DR_PLAN_VIEW_H

#include "controller/plan/plan.h"

/* How the edge comes to be: bits, so that a row can name several. */
enum dr_way {
    DR_BY_COPY = 1,     /* BACKUP and RESTORE */
    DR_BY_EXISTING = 2, /* both sides are equal at a declared TSO */
    DR_BY_ADOPTION = 4, /* a feed that runs already: edges[].id */
    DR_BY_GOING_ON = 8, /* a feed that was removed goes on where it was last seen */
};

struct dr_view {
    const struct dr_plan_input *in;
    const struct dr_topology *t;
    const struct dr_facts *f;
    struct dr_arena *arena;
    enum dr_code *unread; /* out: why the fact that a check wanted is unknown; or NULL */
    size_t a, b;          /* primary and secondary: dr_plan_pair */
    bool observing;       /* management is Observe */
    bool owing; /* what stands may be owed by this document: it is managed, or was
                 * until an edit said Observe */
    bool without_ledger; /* .. and no ledger knows a topology: only the world is asked */
    struct dr_generation gen;
    enum dr_way way;
    uint64_t start_ts; /* as declared for the edge; 0: not */
    /* what the secondary's ledger says of the comparison of this generation; NULL:
     * nothing, or something happened since */
    const struct dr_equality *noted;
    /* the copy of the generation in work is given up, until both ends say `retired` */
    bool giving_up;
};

void dr_view_init(struct dr_view *v, const struct dr_plan_input *in, struct dr_arena *a);

const struct dr_cluster *dr_view_cluster(const struct dr_view *v, size_t c);
const char *dr_view_name(const struct dr_view *v, size_t c); /* as declared */
const struct dr_cluster_facts *dr_view_facts(const struct dr_view *v, size_t c);

/* The cluster's ledger when it was read, decoded and is readable; else NULL. An absent
 * table is an empty ledger. */
const struct dr_ledger *dr_view_ledger(const struct dr_view *v, size_t c);
/* The row that cluster c's ledger must have lost, by what its peers have (in *beside);
 * NULL: none, or that is not known. */
const char *dr_view_lost_row(const struct dr_view *v, size_t c, const char **beside);
/* Whether the document's ledger.reset lets the peers give c its ledger back; a word for c
 * that does not apply has an objection. */
bool dr_view_may_reset(const struct dr_view *v, size_t c, const char **objection);
/* The very lines of the document that would let the peers do so; NULL: no peer can. */
const char *dr_mend_lost_ledger(const struct dr_view *v, size_t c);
/* A ledger is lost, and the word for it applies: until its rows are back, and every
 * ledger says that the word was used, nothing else that they would tell is asked. */
bool dr_view_resetting(const struct dr_view *v);
/* Whether the declaration is the one on which the ledger has agreed, or a later one; else
 * *fact says why not. The ledger must be known. */
enum dr_truth dr_view_follows(const struct dr_view *v, size_t c, const char **fact);
/* Whether the term row has agreed on this declaration, or on one that means the same. */
bool dr_view_has_agreed(const struct dr_view *v, const struct dr_term_row *term);
/* Whether the declaration, or the removal, is proved to be newer than the one on which a
 * ledger has agreed, and says something else. */
bool dr_view_is_newer(const struct dr_view *v);
/* The row of the edge primary -> secondary in cluster c's ledger; retired rows do not
 * count. NULL: none, or the ledger is not known. */
const struct dr_edge_row *dr_view_edge(const struct dr_view *v, size_t c);

/* Whether the tidb-server that the cluster advertises as "host:port" is one of the
 * instances drover asks, directly or through sql.map. */
bool dr_view_asks(const struct dr_view *v, size_t c, const char *advertised);

/* A tidb-server that the cluster lists, and drover does not ask; NULL: none, or the list
 * is not known. predicates_fence.c. */
const char *dr_view_unasked(const struct dr_view *v, size_t c);

/* Whether GC runs in cluster c. The switch is one row for the whole cluster, so any
 * instance that answers tells it; two that contradict: a word is on its way, and off
 * counts. Source: tidb: pkg/sessionctx/variable/sysvar.go, tidb_gc_enable (mysql.tidb,
 * tikv_gc_enable). */
enum dr_truth dr_view_gc_runs(const struct dr_view *v, size_t c);

/* "127.1.1.5:4000 does not answer since ..", of each silent instance of c; "": none. */
const char *dr_view_silent(const struct dr_view *v, size_t c);

static inline enum dr_truth dr_truth_of(bool holds)
{
    return holds ? DR_TRUE : DR_FALSE;
}
enum dr_truth dr_truth_and(enum dr_truth x, enum dr_truth y);
enum dr_truth dr_truth_or(enum dr_truth x, enum dr_truth y);
enum dr_truth dr_truth_not(enum dr_truth x);

/* Whether a row that names `only` is asked at all. */
bool dr_view_goes(const struct dr_view *v, unsigned only);
/* Whether the feed's sink leads into the secondary. */
enum dr_truth dr_view_leads_home(const struct dr_view *v);

/* The next table of the secondary that a half restore left, NULL: none. */
const struct dr_table *dr_view_half_restored(const struct dr_view *v);
/* The copy's row of the generation in work: `backup` of the primary, or `restoring` of
 * the secondary. NULL: none, or the ledger is not known. */
const struct dr_copy_row *dr_view_copy(const struct dr_view *v, bool restore);
/* The comparison of this generation at this T; NULL: not made. */
const struct dr_equality *dr_view_equality(const struct dr_view *v);
/* The feed of the generation in work as TiCDC lists it; NULL: not listed, not known. */
const struct dr_feed *dr_view_feed(const struct dr_view *v);
/* A changefeed that is named as drover names them for this pair while no ledger knows an
 * edge: the one of the highest generation, out of cluster *from. NULL: none is listed, or
 * a ledger is not known, or the document takes it over already. */
const struct dr_feed *dr_view_orphan(const struct dr_view *v, size_t *from);
/* What an instance of cluster c shows that looks like held GC; NULL: nothing does. */
const char *dr_view_held(const struct dr_view *v, size_t c);
/* A hold stands, and what GC was before it is not known: neither ledger nor document
 * tells. */
bool dr_view_before_lost(const struct dr_view *v, size_t c);
/* drover's own schemas, and those that its tools leave. */
bool dr_view_own_schema(const char *name);

/* Whether the secondary took writes since the feed is made, and nobody has said that both
 * sides were compared since: first and last seen in *out. opened.c. */
bool dr_view_was_open(const struct dr_view *v, struct dr_last_seen *out);
/* Of that, while the fence stands: what is said, and how it is answered; NULL: nothing.
 */
const char *dr_view_open_text(const struct dr_view *v);
const char *dr_view_open_answer(const struct dr_view *v);

/* giveup.c: a word of the document. */
bool dr_view_gives_up(const struct dr_view *v);
bool dr_view_gives_back(const struct dr_view *v); /* while the other side is silent */

/* Which clusters a check or a rule is about. */
enum dr_scope { DR_SCOPE_PRIMARY, DR_SCOPE_SECONDARY, DR_SCOPE_EACH };

#endif
