/* A declaration that agrees with the term is written into it; from then on only what
 * descends from it may act. So a stale checkout, a restored repository or a forced push
 * plans nothing until a person says that it is right. */
#include "controller/plan/view.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/num.h"

#define GENERATION "generation:"

/* A folder or a file: its revision is a digest, and its order is metadata.generation. */
static bool has_no_history(const char *revision)
{
    return strncmp(revision, "dir:", 4) == 0 || strncmp(revision, "file:", 5) == 0;
}

const char *dr_plan_agreed_text(const struct dr_plan_input *in, struct dr_arena *a)
{
    return has_no_history(in->revision)
               ? dr_sprintf(a, GENERATION "%" PRIu64,
                            in->topology->doc.metadata.generation)
               : in->revision;
}

/* A commit that changes nothing here is nothing new to agree on, and a controller that
 * still stands on the one before is not older. A removal means the same as nothing. */
static bool means_the_same(const struct dr_view *v, const struct dr_term_row *term)
{
    return !v->in->removed && term->meaning &&
           strcmp(term->meaning, v->t->doc.meaning) == 0;
}

static bool is_generation(const char *agreed, uint64_t *n)
{
    size_t len = sizeof(GENERATION) - 1;
    return strncmp(agreed, GENERATION, len) == 0 &&
           dr_parse_u64(agreed + len, strlen(agreed + len), n);
}

static enum dr_truth in_history(const struct dr_plan_input *in, const char *agreed)
{
    for (size_t i = 0; i < in->lineage_count; i++)
        if (strcmp(in->lineage[i].agreed, agreed) == 0)
            return in->lineage[i].descends;
    return DR_FALSE;
}

/* Whether no ledger tells of an obligation, or of work that will make one. */
static bool is_at_rest(const struct dr_facts *f)
{
    bool at_rest = true;
    for (size_t c = 0; c < f->cluster_count; c++) {
        const struct dr_ledger *l = &f->clusters[c].ledger.rows;
        if (!f->clusters[c].ledger.decoded)
            continue;
        at_rest &= l->edge_count && !l->hold_count;
        for (size_t i = 0; i < l->edge_count; i++)
            at_rest &=
                l->edges[i].state == DR_EDGE_MADE || l->edges[i].state == DR_EDGE_RETIRED;
    }
    return at_rest;
}

/* Until nothing is owed any more a document that left and came back as it was is
 * something new: a controller that stands in between must find out that it does. */
static bool came_by_a_commit(const struct dr_view *v, const struct dr_term_row *term)
{
    return term->agreed && strcmp(term->agreed, v->in->revision) != 0 &&
           in_history(v->in, term->agreed) == DR_TRUE && !is_at_rest(v->f);
}

/* The same commit is the same document, whatever another version of drover makes of it;
 * the same generation may be another edit. A repository that says what was agreed on by a
 * file is taken up: from then on its history tells what is newer. */
bool dr_view_has_agreed(const struct dr_view *v, const struct dr_term_row *term)
{
    uint64_t n;
    bool taken_up = term->agreed && is_generation(term->agreed, &n) &&
                    !has_no_history(v->in->revision);
    if (means_the_same(v, term))
        return !taken_up && !came_by_a_commit(v, term);
    if (!term->agreed || strcmp(term->agreed, dr_plan_agreed_text(v->in, v->arena)) != 0)
        return false;
    return !term->meaning || (!v->in->removed && !is_generation(term->agreed, &n));
}

bool dr_view_is_newer(const struct dr_view *v)
{
    for (size_t c = 0; c < v->t->cluster_count && c < 2; c++) {
        const struct dr_ledger *l = dr_view_ledger(v, c);
        const struct dr_term_row *term = l ? &l->term : NULL;
        uint64_t was;
        if (!term || !term->present || !term->agreed || means_the_same(v, term) ||
            strcmp(term->agreed, v->in->revision) == 0)
            continue;
        if (is_generation(term->agreed, &was)
                ? v->t->doc.metadata.generation > was
                : in_history(v->in, term->agreed) == DR_TRUE)
            return true;
    }
    return false;
}

/* Nothing asks history then: it may be long, and commits elsewhere are many. */
static bool is_beyond_doubt(const struct dr_plan_input *in,
                            const struct dr_ledger_group *g)
{
    const char *meaning = g->rows.term.meaning;
    return !in->removed && meaning && is_at_rest(in->facts) &&
           strcmp(meaning, in->topology->doc.meaning) == 0;
}

void dr_plan_trace(struct dr_plan_input *in, struct dr_lineage_known *known,
                   struct dr_history history, struct dr_arena *a)
{
    in->lineage = known->items;
    in->lineage_count = 0;
    for (size_t c = 0; history.descends && c < in->facts->cluster_count && c < 2; c++) {
        const struct dr_ledger_group *g = &in->facts->clusters[c].ledger;
        const char *agreed = g->decoded ? g->rows.term.agreed : NULL;
        struct dr_lineage *l = &known->items[in->lineage_count];
        if (!agreed || strcmp(agreed, in->revision) == 0 || is_beyond_doubt(in, g))
            continue;
        in->lineage_count++;
        bool is_known = l->agreed && strcmp(l->agreed, agreed) == 0;
        if (is_known && l->descends != DR_UNSURE)
            continue;
        if (!is_known)
            l->agreed = dr_strdup(a, agreed);
        l->descends = history.descends(history.arg, in->revision, agreed);
    }
}

enum dr_truth dr_view_follows(const struct dr_view *v, size_t c, const char **fact)
{
    const struct dr_term_row *term = &dr_view_ledger(v, c)->term;
    const char *name = dr_view_cluster(v, c)->name, *revision = v->in->revision;
    uint64_t is = v->t->doc.metadata.generation, was;
    if (!term->present || !term->agreed || strcmp(term->agreed, revision) == 0 ||
        means_the_same(v, term))
        return DR_TRUE;
    if (is_generation(term->agreed, &was)) {
        if (is > was || (is == was && (has_no_history(revision) || v->in->removed)))
            return DR_TRUE;
        if (is == was) {
            *fact =
                dr_sprintf(v->arena,
                           "%s has agreed on a file or folder of metadata.generation "
                           "%" PRIu64 "; that revision %.12s is newer shows only by a "
                           "higher one",
                           name, was, revision);
            return DR_FALSE;
        }
        *fact = dr_sprintf(
            v->arena, "metadata.generation is %" PRIu64 ", and %s has agreed on %" PRIu64,
            is, name, was);
        return DR_FALSE;
    }
    if (has_no_history(revision) && v->in->as_committed)
        return DR_TRUE;
    if (has_no_history(revision)) {
        *fact =
            dr_sprintf(v->arena,
                       "%s has agreed on revision %.12s; a file or folder cannot show "
                       "that it is newer",
                       name, term->agreed);
        return DR_FALSE;
    }
    enum dr_truth descends = in_history(v->in, term->agreed);
    if (descends != DR_TRUE)
        *fact =
            dr_sprintf(v->arena, "%srevision %.12s %s %.12s, on which %s has agreed",
                       descends == DR_FALSE ? "" : "not known: whether ", revision,
                       descends == DR_FALSE ? "does not descend from" : "descends from",
                       term->agreed, name);
    return descends;
}
