/* A plan as Markdown, for a comment on a pull request (GitHub, GitLab). Names and texts
 * of servers are data: nothing in them becomes markup, a mention or a reference. Pure. */
#ifndef DR_PLAN_MARKDOWN_H
#define DR_PLAN_MARKDOWN_H

#include "controller/plan/plan.h"

/* notes: worth knowing about how it was planned ("facts are 3h old"); ends with NULL. */
void dr_plan_markdown(const struct dr_plan *p, const struct dr_plan_input *in,
                      const char *const *notes, struct dr_buf *out);

#endif
