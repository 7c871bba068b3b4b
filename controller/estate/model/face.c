/* What the sockets in front of the model ask about both of its halves. */
#include "controller/estate/model/internal.h"

bool dr_model_silent(struct dr_model *m, const struct dr_address *at)
{
    const struct dr_model_instance *in = dr_model_instance(m, at);
    if (in)
        return in->up && (in->cut || in->hung);
    const struct dr_model_process *p = dr_model_process(m, at);
    return p && p->up && (p->cut || p->hung);
}

const char *dr_model_ctl_help(size_t i, const char **name)
{
    const struct dr_model_command *const tables[] = {dr_model_ctl_sql, dr_model_ctl_http};
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct dr_model_command *c = tables[t]; c->name; c++)
            if (i-- == 0) {
                *name = c->name;
                return c->help;
            }
    return NULL;
}
