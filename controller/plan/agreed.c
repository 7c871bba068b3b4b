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
 * still stands on the one before is not older. */
static bool means_the_same(const struct dr_view *v, const struct dr_term_row *term)
{
    return term->meaning && strcmp(term->meaning, v->t->doc.meaning) == 0;
}

static bool is_generation(const char *agreed, uint64_t *n)
{
    size_t len = sizeof(GENERATION) - 1;
    return strncmp(agreed, GENERATION, len) == 0 &&
           dr_parse_u64(agreed + len, strlen(agreed + len), n);
}

/* The same commit is the same document, whatever another version of drover makes of it;
 * the same generation may be another edit. */
bool dr_view_has_agreed(const struct dr_view *v, const struct dr_term_row *term)
{
    uint64_t n;
    if (means_the_same(v, term))
        return true;
    if (!term->agreed || strcmp(term->agreed, dr_plan_agreed_text(v->in, v->arena)) != 0)
        return false;
    return !term->meaning || !is_generation(term->agreed, &n);
}

static enum dr_truth in_history(const struct dr_plan_input *in, const char *agreed)
{
    for (size_t i = 0; i < in->lineage_count; i++)
        if (strcmp(in->lineage[i].agreed, agreed) == 0)
            return in->lineage[i].descends;
    return DR_FALSE;
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
        if (is >= was)
            return DR_TRUE;
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
