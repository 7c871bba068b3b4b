/* What a plan's digest covers, written out in one place: the meaning of the declaration,
 * the goal, what each check said, each predicate that a missing step asks or that
 * somebody may have changed, each question, each step with its rule, target and risk.
 * Numbers that move (lag, TSOs, times), names of holders and the commit stay out, and so
 * does the ledger's own bookkeeping, which comes before the question: the same situation
 * has the same digest, and approving a plan in the document does not change the plan. */
#include <string.h>

#include "controller/base/digest.h"
#include "controller/plan/build.h"

enum { NEEDS = sizeof(((struct dr_plan_rule *)0)->needs) / sizeof(enum dr_predicate) };

struct cover {
    const struct dr_view *v;
    struct dr_plan *p;
    size_t room;
    bool (*asked)[DR_P_COUNT]; /* by cluster */
};

static const char *truth_value(enum dr_truth t)
{
    static const char *const words[] = {
        [DR_FALSE] = "no", [DR_TRUE] = "yes", [DR_UNSURE] = "unknown"};
    return words[t];
}

static void add(struct cover *x, struct dr_plan_part part)
{
    *DR_PUSH(x->v->arena, x->p->parts, x->p->part_count, x->room) = part;
}

static void ask(struct cover *x, const struct dr_plan_rule *r, size_t c)
{
    const enum dr_predicate one[] = {r->past, r->done, r->wait};
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
        x->asked[c][one[i]] = true;
    for (size_t i = 0; i < NEEDS && r->needs[i]; i++)
        x->asked[c][r->needs[i]] = true;
}

/* Whether a predicate moves while a plan waits for its word: by the steps that come
 * before the question, or because it tells how long somebody has looked. */
static bool moves(enum dr_predicate k)
{
    bool is_kept = false;
    for (const struct dr_plan_rule *r = dr_plan_rules; r->id; r++)
        is_kept |= r->keeps_books && r->done == k;
    return is_kept || k == DR_P_FEED_RISING;
}

static void add_predicates(struct cover *x)
{
    const struct dr_view *v = x->v;
    for (size_t i = 0; i < x->p->action_count; i++)
        if (!x->p->actions[i].uncovered)
            ask(x, dr_rule_of(x->p->actions[i].rule), x->p->actions[i].call.at.cluster);
    for (size_t c = 0; c < v->t->cluster_count; c++)
        for (int k = DR_P_NONE + 1; k < DR_P_COUNT; k++)
            if (x->asked[c][k] && !moves((enum dr_predicate)k))
                add(x, (struct dr_plan_part){
                           "predicate", dr_predicates[k].name,
                           dr_view_cluster(v, c)->name, dr_predicates[k].text,
                           truth_value(dr_holds(v, (enum dr_predicate)k, c))});
}

void dr_plan_cover(const struct dr_view *v, struct dr_plan *p,
                   const struct dr_check_result *checks, size_t count,
                   bool (*watched)[DR_P_COUNT])
{
    struct cover x = {.v = v, .p = p, .asked = watched};
    add(&x, (struct dr_plan_part){"topology", "", "", "the topology", p->topology});
    add(&x, (struct dr_plan_part){"declaration", "", "", "what the document means",
                                  v->t->doc.meaning});
    add(&x, (struct dr_plan_part){"goal", "", "", "the goal", p->goal});
    for (size_t i = 0; i < count; i++)
        add(&x,
            (struct dr_plan_part){"check", checks[i].check->code,
                                  dr_view_cluster(v, checks[i].cluster)->name,
                                  checks[i].check->rule, truth_value(checks[i].holds)});
    add_predicates(&x);
    for (size_t i = 0; i < p->question_count; i++)
        if (*p->questions[i].key)
            add(&x, (struct dr_plan_part){"question", p->questions[i].key,
                                          p->questions[i].subject, p->questions[i].what,
                                          "asked"});
    for (size_t i = 0; i < p->action_count; i++)
        if (!p->actions[i].uncovered)
            add(&x,
                (struct dr_plan_part){"step", p->actions[i].id, "", p->actions[i].what,
                                      dr_risk_name(p->actions[i].risk)});
    dr_plan_digest(p->parts, p->part_count, p->digest);
}

void dr_plan_digest(const struct dr_plan_part *parts, size_t count,
                    char out[DR_DIGEST_TEXT])
{
    struct dr_buf b;
    dr_buf_init(&b, 16 << 20);
    dr_buf_adds(&b, "drover plan 2\n");
    for (size_t i = 0; i < count; i++) {
        const char *words[] = {parts[i].kind, parts[i].key, parts[i].subject,
                               parts[i].value};
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            dr_buf_adds(&b, words[k]);
            dr_buf_addc(&b, k < 3 ? '\t' : '\n');
        }
    }
    dr_sha256_hex(out, dr_buf_str(&b), b.len);
    dr_buf_release(&b);
}

const char *dr_plan_predicate(const struct dr_plan_input *in, const char *name,
                              const char *cluster, struct dr_arena *a)
{
    struct dr_view v;
    dr_view_init(&v, in, a);
    for (size_t c = 0; c < v.t->cluster_count; c++)
        for (int k = DR_P_NONE + 1; k < DR_P_COUNT; k++)
            if (strcmp(dr_predicates[k].name, name) == 0 &&
                strcmp(dr_view_cluster(&v, c)->name, cluster) == 0)
                return truth_value(dr_holds(&v, (enum dr_predicate)k, c));
    return NULL;
}
