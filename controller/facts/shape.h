/* Structs as JSON, driven by tables: a shape lists the fields of one struct with their
 * place, kind and JSON name, and both directions follow from it. Used by the snapshot
 * (facts_json.c) and the ledger's rows (ledger.c). Pure.
 *
 * Decoding is strict: an unknown member, a missing one that is not DR_FIELD_OPTIONAL, a
 * wrong type or a number out of range is refused with its path. TSOs, ids and revisions
 * are strings of digits. */
#ifndef DR_FACTS_SHAPE_H
#define DR_FACTS_SHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/err.h"

enum dr_field_kind {
    DR_FIELD_END,
    DR_FIELD_BOOL,
    DR_FIELD_U32,
    DR_FIELD_SIZE,    /* size_t */
    DR_FIELD_I64,     /* integer */
    DR_FIELD_NUMBER,  /* uint64_t as an integer, at most INT64_MAX: small counters */
    DR_FIELD_DIGITS,  /* uint64_t as a string of digits: TSOs and ids */
    DR_FIELD_AGE,     /* int64_t, a time; in JSON how long before `now_ms` it was */
    DR_FIELD_TEXT,    /* const char * */
    DR_FIELD_JSON,    /* const char *: an object in canonical JSON is written as one, any
                         other text as a string */
    DR_FIELD_WORD,    /* an enum, by `words` */
    DR_FIELD_BITS,    /* uint32_t, bit i named words[i]: list of words */
    DR_FIELD_VERSION, /* struct dr_version, by its text */
    DR_FIELD_OBJECT,  /* a struct in place, by `shape` */
    DR_FIELD_LIST,    /* count and array of structs, by `shape` */
    DR_FIELD_TEXTS,   /* count and array of const char * */
    DR_FIELD_BOOLS,   /* count and array of bool */
    DR_FIELD_IDS,     /* count, array of names, array of uint64_t: {"name": "digits"};
                         decoded in the order of the names */
    DR_FIELD_KIND_COUNT
};

enum dr_field_flag {
    DR_FIELD_OPTIONAL = 1, /* left out when NULL, 0 or false; may be missing */
    DR_FIELD_ALWAYS = 2,   /* kept in a group that is unknown, too */
    DR_FIELD_PARALLEL = 4, /* the count belongs to a field before this one. A list of
                              groups may be missing: all unknown */
};

struct dr_words {
    size_t count;
    const char *const *words; /* NULL: this value has no word */
};

extern const struct dr_words dr_words_feed_state; /* by enum dr_feed_state */
extern const struct dr_words dr_words_privilege;  /* by enum dr_privilege */

struct dr_shape;
struct dr_field {
    const char *name;
    enum dr_field_kind kind;
    unsigned flags;
    size_t at;       /* offset of the value, or of the array */
    size_t count_at; /* of a list: offset of its size_t count */
    size_t ids_at;   /* DR_FIELD_IDS: offset of the array of numbers */
    const struct dr_shape *shape;
    const struct dr_words *words;
};

struct dr_shape {
    size_t bytes;
    bool group; /* begins with struct dr_seen; in JSON "ageMs", or "unknown" and "code" */
    const struct dr_field *fields; /* ends with DR_FIELD_END */
};

/* Offset of a field, checked at compile time to have that type. */
#define DR_AT(T, f, type)                                                                \
    (offsetof(T, f) + 0 * sizeof(char[_Generic(((T *)0)->f, type : 1)]))

/* The shape of a saved snapshot; everything else hangs below it. */
const struct dr_shape *dr_facts_shape(void);

/* New reference. */
json_t *dr_shape_encode(const void *value, const struct dr_shape *shape, int64_t now_ms);

/* Fills *out (shape->bytes of it, cleared first). Strings and arrays are the arena's.
 * root: how the path in an error begins. Fails: DR_E_INPUT. */
int dr_shape_decode(void *out, const json_t *v, const struct dr_shape *shape,
                    const char *root, int64_t now_ms, struct dr_arena *a,
                    struct dr_err *err) DR_MUST_CHECK;

#endif
