/* The reference of the language, printed from its tables: a field, a setting, a code, or
 * all of it as one page of Markdown. */
#ifndef DR_SPEC_EXPLAIN_H
#define DR_SPEC_EXPLAIN_H

#include "controller/base/arena.h"
#include "controller/base/buf.h"

/* Explains what `word` names: "spec.switchover.maxLag" (of a topology), "switchover",
 * "Controller.spec.interval", "Estate", "spec.replication.config.mounter.worker-num",
 * "DR-V012", "codes", "kinds". False: nothing of that name; *meant is then the nearest
 * name, or NULL. */
bool dr_explain(struct dr_arena *a, const char *word, struct dr_buf *out,
                const char **meant);

/* What dr_explain knows by its full name, a word a line: paths (of a topology as they
 * are, of other kinds with the kind before them), settings, parameters, codes. */
void dr_explain_words(struct dr_arena *a, struct dr_buf *out);

/* The reference page. */
void dr_explain_all(struct dr_arena *a, struct dr_buf *out);

#endif
