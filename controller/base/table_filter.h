/* Table filters: `db.tbl`, wildcards, `!` exceptions, later rules win. Source: docs:
 * table-filter.md; tiflow: pkg/filter (what is never replicated). */
#ifndef DR_BASE_TABLE_FILTER_H
#define DR_BASE_TABLE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/base/arena.h"

struct dr_table_filter;

/* Lives in the arena. NULL: a rule is malformed, *bad (borrowed) is it. */
struct dr_table_filter *dr_table_filter_new(struct dr_arena *a, const char *const *rules,
                                            size_t count, bool case_sensitive,
                                            const char **bad);
bool dr_table_filter_table(const struct dr_table_filter *f, const char *schema,
                           const char *table);
bool dr_table_filter_schema(const struct dr_table_filter *f, const char *schema);

/* Schemas that no feed replicates whatever its rules. Source: tiflow: pkg/filter/utils.go
 * isSysSchema. */
bool dr_table_filter_system(const char *schema);

#endif
