/* What must hold of accounts. Which privileges they need stands in rights.c; the rows of
 * these checks stand in checks.c. */
#include <string.h>

#include "controller/base/quote.h"
#include "controller/plan/checks.h"
#include "controller/plan/rights.h"

#define BYPASS (1u << DR_PRIV_RESTRICTED_REPLICA_WRITER_ADMIN)

static const struct dr_account *account_of(const struct dr_view *v, size_t c,
                                           enum dr_account_kind k)
{
    const struct dr_accounts *all = &dr_view_facts(v, c)->accounts;
    const char *user = dr_rights_user(v->t, c, k);
    return all->seen.known && user ? dr_accounts_find(all, user) : NULL;
}

static const char *text_of(const struct dr_view *v, struct dr_buf *b)
{
    const char *out = dr_strdup(v->arena, dr_buf_str(b));
    dr_buf_release(b);
    return out;
}

static enum dr_truth has_rights(const struct dr_view *v, size_t c, enum dr_account_kind k,
                                const char **fact)
{
    const struct dr_accounts *all = &dr_view_facts(v, c)->accounts;
    const char *user = dr_rights_user(v->t, c, k);
    struct dr_rights needed = dr_rights_needed(v->t, c, k);
    if (dr_rights_none(&needed))
        return DR_TRUE;
    if (!all->seen.known)
        return dr_check_unread(v, &all->seen, "accounts", fact);
    const struct dr_account *x = account_of(v, c, k);
    if (!x || !x->host_count) {
        *fact = dr_sprintf(v->arena, "there is no account '%s'", user);
        return DR_FALSE;
    }
    struct dr_rights missing = dr_rights_missing(&needed, x);
    struct dr_buf b;
    if (dr_rights_none(&missing))
        return DR_TRUE; /* what it holds: dr_rights_held() */
    dr_buf_init(&b, 1 << 12);
    dr_buf_addf(&b, "account '%s' lacks ", user);
    dr_rights_text(&missing, &b);
    *fact = text_of(v, &b);
    return DR_FALSE;
}

/* 'u'@'%', 'u'@'10.%': a privilege counts only when each row has it. */
static void add_rows(const struct dr_account *x, struct dr_buf *out)
{
    for (size_t i = 0; i < x->host_count; i++) {
        dr_buf_adds(out, i ? ", " : "");
        dr_sql_add_string(out, x->name, strlen(x->name));
        dr_buf_addc(out, '@');
        dr_sql_add_string(out, x->hosts[i], strlen(x->hosts[i]));
    }
}

/* The very statements. A table that is not there yet can be granted on only together with
 * CREATE (tidb: pkg/executor/grant.go). A fenced cluster refuses GRANT to everybody
 * without the bypass, root too (docs: system-variables.md): without the controller's own
 * nobody may be left who could, and the fence has to make way for a moment. */
const char *dr_mend_rights(const struct dr_view *v, size_t c, enum dr_account_kind k)
{
    const struct dr_account *x = account_of(v, c, k);
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    struct dr_rights needed = dr_rights_needed(v->t, c, k), missing;
    struct dr_buf to, b;
    if (!x || !x->host_count)
        return NULL;
    missing = dr_rights_missing(&needed, x);
    bool fenced = dr_cluster_refuses_writes(f),
         stuck = fenced && k == DR_ACCOUNT_CONTROLLER && (missing.on[DR_ON_ALL] & BYPASS);
    if (missing.on[DR_ON_LEDGER] && !(f->ledger.seen.known && f->ledger.table_present))
        missing.on[DR_ON_LEDGER] |= 1u << DR_PRIV_CREATE;
    dr_buf_init(&to, 1 << 12);
    add_rows(x, &to);
    dr_buf_init(&b, 1 << 14);
    dr_rights_sql(&missing, dr_buf_str(&to), &b);
    if (fenced)
        dr_buf_adds(&b, "; -- as one who holds RESTRICTED_REPLICA_WRITER_ADMIN, for the "
                        "cluster is fenced");
    if (stuck) {
        dr_buf_adds(&b, ". Where nobody does, keep business away first, for what it "
                        "writes meanwhile is in no other cluster; then: SET GLOBAL "
                        "tidb_super_read_only = OFF; ");
        dr_rights_sql(&missing, dr_buf_str(&to), &b);
        dr_buf_adds(&b, "; SET GLOBAL tidb_super_read_only = ON");
    }
    dr_buf_release(&to);
    return text_of(v, &b);
}

/* Who may not even read which privileges it has is told all that it needs: what it holds
 * already does no harm twice. */
const char *dr_mend_denied(const struct dr_view *v, size_t c)
{
    const struct dr_account *x = account_of(v, c, DR_ACCOUNT_CONTROLLER);
    const char *user = dr_rights_user(v->t, c, DR_ACCOUNT_CONTROLLER);
    struct dr_rights needed = dr_rights_needed(v->t, c, DR_ACCOUNT_CONTROLLER);
    struct dr_buf b, to;
    if (x && x->host_count) {
        struct dr_rights missing = dr_rights_missing(&needed, x);
        return dr_rights_none(&missing) ? NULL
                                        : dr_mend_rights(v, c, DR_ACCOUNT_CONTROLLER);
    }
    if (!user || dr_rights_none(&needed))
        return NULL;
    dr_buf_init(&to, 1 << 10);
    dr_sql_add_string(&to, user, strlen(user));
    dr_buf_adds(&to, "@'%'");
    dr_buf_init(&b, 1 << 14);
    dr_buf_adds(&b, "one of these is missing: ");
    dr_rights_sql(&needed, dr_buf_str(&to), &b);
    dr_buf_adds(&b, "; -- where the cluster is fenced, as one who holds "
                    "RESTRICTED_REPLICA_WRITER_ADMIN");
    dr_buf_release(&to);
    return text_of(v, &b);
}

bool dr_rights_ledger_lost(const struct dr_view *v, size_t c)
{
    const uint32_t writes =
        1u << DR_PRIV_INSERT | 1u << DR_PRIV_UPDATE | 1u << DR_PRIV_DELETE;
    const struct dr_account *x = account_of(v, c, DR_ACCOUNT_CONTROLLER);
    struct dr_rights needed = dr_rights_needed(v->t, c, DR_ACCOUNT_CONTROLLER);
    if (!x)
        return false;
    struct dr_rights missing = dr_rights_missing(&needed, x);
    return missing.on[DR_ON_LEDGER] & writes ||
           (missing.on[DR_ON_ALL] & BYPASS &&
            dr_cluster_refuses_writes(dr_view_facts(v, c)));
}

DR_CHECK(dr_check_controller_rights)
{
    return has_rights(v, c, DR_ACCOUNT_CONTROLLER, fact);
}

DR_CHECK(dr_check_sink_rights)
{
    return has_rights(v, c, DR_ACCOUNT_SINK, fact);
}

DR_CHECK(dr_check_apply_rights)
{
    return has_rights(v, c, DR_ACCOUNT_APPLY, fact);
}

/* Only SUPER may alter an account that holds SUPER. Source: tidb: pkg/executor/simple.go
 * executeAlterUser, SYSTEM_USER. */
DR_CHECK(dr_check_sink_is_below)
{
    const struct dr_accounts *all = &dr_view_facts(v, c)->accounts;
    const struct dr_account *sink = account_of(v, c, DR_ACCOUNT_SINK),
                            *own = account_of(v, c, DR_ACCOUNT_CONTROLLER);
    struct dr_rights needed = dr_rights_needed(v->t, c, DR_ACCOUNT_SINK);
    if (dr_rights_none(&needed))
        return DR_TRUE;
    if (!all->seen.known)
        return dr_check_unread(v, &all->seen, "accounts", fact);
    if (!sink || !own || !(sink->privileges & 1u << DR_PRIV_SUPER) ||
        (own->privileges & 1u << DR_PRIV_SUPER))
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "account '%s' holds SUPER, '%s' does not", sink->name,
                       own->name);
    return DR_FALSE;
}

const char *dr_mend_sink(const struct dr_view *v, size_t c)
{
    const struct dr_account *x = account_of(v, c, DR_ACCOUNT_SINK);
    struct dr_buf b;
    if (!x || !x->host_count)
        return NULL;
    dr_buf_init(&b, 1 << 12);
    dr_buf_adds(&b, "REVOKE SUPER ON *.* FROM ");
    add_rows(x, &b);
    return text_of(v, &b);
}

DR_CHECK(dr_check_bypass_holders)
{
    const struct dr_accounts *all = &dr_view_facts(v, c)->accounts;
    const struct dr_switchover *s = &v->t->switchover;
    if (!all->seen.known)
        return dr_check_unread(v, &all->seen, "accounts", fact);
    for (size_t i = 0; i < all->bypass_count; i++) {
        const char *x = all->bypass[i];
        bool named = false;
        for (unsigned k = 0; k < DR_ACCOUNT_KIND_COUNT; k++) {
            const char *user = dr_rights_user(v->t, c, (enum dr_account_kind)k);
            named |= user && strcmp(x, user) == 0;
        }
        for (size_t k = 0; k < s->bypass_holder_count; k++) {
            size_t n = strcspn(s->bypass_holders[k], "@");
            named |= strlen(x) == n && strncmp(x, s->bypass_holders[k], n) == 0;
        }
        if (!named) {
            *fact = dr_sprintf(v->arena, "account '%s' may write through the fence", x);
            return DR_FALSE;
        }
    }
    *fact = all->bypass_count ? "only declared accounts may write through the fence"
                              : "nobody may write through the fence";
    return DR_TRUE;
}

const char *dr_rights_held(const struct dr_view *v, const char *code, size_t c)
{
    static const struct {
        const char *code;
        enum dr_account_kind kind;
    } rows[] = {{"DR-B030", DR_ACCOUNT_CONTROLLER},
                {"DR-B031", DR_ACCOUNT_SINK},
                {"DR-B090", DR_ACCOUNT_APPLY}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dr_rights needed = dr_rights_needed(v->t, c, rows[i].kind);
        struct dr_buf b;
        if (strcmp(rows[i].code, code) != 0)
            continue;
        if (dr_rights_none(&needed))
            return "no such account is needed";
        dr_buf_init(&b, 1 << 12);
        dr_buf_addf(&b, "account '%s' holds ", dr_rights_user(v->t, c, rows[i].kind));
        dr_rights_text(&needed, &b);
        return text_of(v, &b);
    }
    return NULL;
}
