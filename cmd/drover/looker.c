#include "cmd/drover/looker.h"

#include "controller/estate/guard.h"

int dr_looker_open(struct dr_looker *out, const struct dr_topology *t,
                   const char *secrets_dir, const char *why, struct dr_err *err)
{
    int rc = dr_rig_open(&out->rig, t, secrets_dir, err);
    if (rc != 0)
        return rc;
    out->guard = dr_guard_new(out->rig.estate, why);
    out->observer = dr_observer_new(t, out->rig.access, out->guard);
    return 0;
}

void dr_looker_close(struct dr_looker *l)
{
    dr_observer_free(l->observer);
    l->guard->free(l->guard);
    dr_rig_close(&l->rig);
}
