/* Rules of meaning: what a document may not say although each field is well-formed. A
 * rule is a row with its code, the fields it reads, and a pure function. It is left out
 * when one of those fields was found wrong already, so that one mistake is told once. */
#ifndef DR_SPEC_RULE_H
#define DR_SPEC_RULE_H

#include "spec/field.h"

struct dr_check {
    struct dr_decode *decode;
    const struct dr_doc *doc;
};

struct dr_rule {
    enum dr_vcode code;
    const char *reads; /* paths without indices, spaces between */
    void (*check)(struct dr_check *c, enum dr_vcode code, const void *doc);
};

/* Reports at the field of that path, or where its nearest written parent stands. */
struct dr_finding *dr_breach(struct dr_check *c, enum dr_vcode code, const char *path,
                             const char *fmt, ...) DR_PRINTF(4, 5);

/* The rows of a kind; ends at count. */
const struct dr_rule *dr_rules(enum dr_kind kind, size_t *count);
const struct dr_rule *dr_topology_rules(size_t *count);
const struct dr_rule *dr_controller_rules(size_t *count);
const struct dr_rule *dr_estate_rules(size_t *count);

/* Runs the rules of the document's kind; findings from `first` on are this document's. */
void dr_rules_run(struct dr_decode *d, const struct dr_doc *doc, size_t first);

/* A path for a list item: "spec.clusters[2].sql". */
const char *dr_item_path(struct dr_check *c, const char *list, size_t index,
                         const char *rest);

#endif
