/* The types of values: for each one how it is read, what a reader calls it, and its
 * pattern for editors. The forms of strings likewise. */
#ifndef DR_SPEC_TYPES_H
#define DR_SPEC_TYPES_H

#include "spec/field.h"

struct dr_type_info {
    const char *name;    /* "duration" */
    const char *what;    /* "a duration such as 30s, 10m or 1h30m" */
    const char *pattern; /* of its text, for JSON Schema; NULL: no text, or any */
    /* Reads text into `at`; NULL: not a value of one scalar. */
    bool (*read)(struct dr_arena *a, const char *text, size_t len, void *at);
};

extern const struct dr_type_info dr_types[DR_T_COUNT];

struct dr_format_info {
    const char *name, *what, *pattern;
    bool (*check)(const char *text, size_t len);
};

extern const struct dr_format_info dr_formats[DR_F_COUNT];

/* A storage URI, with the reason of a refusal. *secret: it carries one. Out: text of the
 * arena; NULL when it is fine. */
const char *dr_storage_uri_parse(struct dr_arena *a, const char *text,
                                 struct dr_storage_uri *out, bool *secret);

/* A range's bound as a document would spell it. */
const char *dr_bound_text(struct dr_arena *a, enum dr_type type, uint64_t bound);

#endif
