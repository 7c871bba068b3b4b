/* A controller that lost its rights in one cluster, while nothing is to be done there. */
#include <string.h>

#include "tests/unit/act_kit.h"

static bool blocked_by(const struct boss *b, const char *code)
{
    for (size_t i = 0; i < b->r.plan->blocker_count; i++)
        if (strcmp(b->r.plan->blockers[i].code, code) == 0)
            return true;
    return false;
}

Test(refused, a_lease_that_is_refused_is_said_and_what_lacks_is_looked_for)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_bootstrap(&p);
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 20);
    boss_rounds(&b, 5);
    pair_sql(&p, "west",
             "REVOKE RESTRICTED_REPLICA_WRITER_ADMIN ON *.* FROM 'drover'@'%'");
    boss_rounds(&b, 4);
    cr_expect(strstr(b.said, "west: the lease is not renewed: "), "%s", b.said);
    cr_expect(blocked_by(&b, "DR-B030"), "%s", b.said);
    pair_sql(&p, "west", "GRANT RESTRICTED_REPLICA_WRITER_ADMIN ON *.* TO 'drover'@'%'");
    boss_rounds(&b, 6);
    cr_expect(strstr(b.said, "west: the lease is renewed again"), "%s", b.said);
    cr_expect_eq(b.r.state, DR_ROUND_CONVERGED, "%s", b.r.text);
    pair_over(&p, &b);
}
