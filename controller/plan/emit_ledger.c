/* Genesis, and what the ledgers have agreed on. */
#include "controller/plan/emit.h"
#include "controller/plan/predicates.h"

DR_EMIT(dr_emit_ledger)
{
    (void)v;
    dr_emit_call(x, DR_CALL_LEDGER_CREATE, c);
}

DR_EMIT(dr_emit_birth)
{
    size_t n = v->t->cluster_count;
    struct dr_birth_row r = {.present = true,
                             .topology = v->t->doc.metadata.name,
                             .version = DR_LEDGER_VERSION,
                             .member_count = n};
    r.member_names = DR_NEW_N(v->arena, n, const char *);
    r.member_ids = DR_NEW_N(v->arena, n, uint64_t);
    for (size_t i = 0; i < n; i++) {
        r.member_names[i] = dr_view_name(v, i);
        r.member_ids[i] = dr_view_facts(v, i)->pd.cluster_id;
    }
    struct dr_row_write row = {.key = DR_KEY_BIRTH,
                               .value = dr_birth_value(&r, v->arena),
                               .expect = DR_ROW_ABSENT};
    dr_emit_rows(v, x, c, &row, 1);
}

/* The first term; where a ledger has one already, the other gets a copy of it. */
DR_EMIT(dr_emit_term)
{
    struct dr_term_row r = {.present = true,
                            .n = 1,
                            .cluster = dr_view_name(v, v->a),
                            .operation = "genesis",
                            .revision = v->in->revision,
                            .agreed = dr_plan_agreed_text(v->in, v->arena),
                            .meaning = v->t->doc.meaning};
    for (size_t k = 0; k < v->t->cluster_count; k++) {
        const struct dr_ledger *l = dr_view_ledger(v, k);
        if (l && l->term.present && l->term.n >= r.n)
            r = l->term;
    }
    struct dr_row_write row = {.key = DR_KEY_TERM,
                               .value = dr_term_value(&r, v->arena),
                               .expect = DR_ROW_ABSENT};
    dr_emit_rows(v, x, c, &row, 1);
}

DR_EMIT(dr_emit_agreed)
{
    const struct dr_term_row *now = &dr_view_ledger(v, c)->term;
    struct dr_term_row r = *now;
    r.agreed = dr_plan_agreed_text(v->in, v->arena);
    r.meaning = v->in->removed ? NULL : v->t->doc.meaning;
    r.by = NULL;
    /* a person writes here, too, who holds no epoch: `drover agree` */
    struct dr_row_write row = {.key = DR_KEY_TERM,
                               .value = dr_term_value(&r, v->arena),
                               .expect = DR_ROW_EQUALS,
                               .expected = dr_term_standing(now, v->arena)};
    dr_emit_rows(v, x, c, &row, 1);
}
