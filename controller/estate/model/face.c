/* What the sockets in front of the model ask about both of its halves. */
#include <string.h>

#include "controller/estate/model/audit.h"
#include "controller/estate/model/check.h"
#include "controller/estate/model/faults.h"
#include "controller/estate/model/workload.h"

bool dr_model_silent(struct dr_model *m, const struct dr_address *at)
{
    const struct dr_model_instance *in = dr_model_instance(m, at);
    if (in)
        return in->up && (in->cut || in->hung);
    const struct dr_model_process *p = dr_model_process(m, at);
    return p && p->up && (p->cut || p->hung);
}

/* The i-th of those commands: its help, and its name in *name; NULL: there are no more.
 */
static const char *model_ctl_help(size_t i, const char **name)
{
    for (size_t t = 0; dr_model_ctl_tables[t]; t++)
        for (const struct dr_model_command *c = dr_model_ctl_tables[t]; c->name; c++)
            if (i-- == 0) {
                *name = c->name;
                return c->help;
            }
    return NULL;
}

static int show_faults(struct dr_model *m, const json_t *command, json_t **reply,
                       struct dr_err *err)
{
    json_t *known = json_array();
    const char *name, *help;
    (void)command, (void)err;
    for (size_t i = 0; (help = model_ctl_help(i, &name)) != NULL; i++)
        json_array_append_new(known, json_pack("{s:s, s:s}", "name", name, "help", help));
    *reply = json_pack("{s:o, s:o}", "active", dr_model_faults_active(m), "known", known);
    return 0;
}

int dr_model_look(struct dr_model *m, const char *what, const json_t *command,
                  json_t **reply, struct dr_err *err)
{
    static const struct {
        const char *name;
        int (*run)(struct dr_model *, const json_t *, json_t **, struct dr_err *);
    } looks[] = {{"faults", show_faults},
                 {"audit", dr_audit_show},
                 {"check", dr_check_ctl},
                 {"workload", dr_workload_ctl}};
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
        if (strcmp(looks[i].name, what) == 0)
            return looks[i].run(m, command, reply, err);
    return dr_fail(err, DR_E_INPUT, "nothing to show by the name of '%s'", what);
}
