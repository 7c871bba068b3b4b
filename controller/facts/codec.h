/* Structs as JSON, driven by tables: a codec lists the fields of one struct with their
 * place, kind and JSON name, and both directions follow from it. Used by the snapshot
 * (facts_json.c) and the ledger's rows (ledger.c). Pure.
 *
 * Decoding is strict: an unknown member, a missing one that is not DR_CODEC_OPTIONAL, a
 * wrong type or a number out of range is refused with its path. TSOs, ids and revisions
 * are strings of digits. */
#ifndef DR_FACTS_CODEC_H
#define DR_FACTS_CODEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/err.h"

enum dr_codec_kind {
    DR_CODEC_END,
    DR_CODEC_BOOL,
    DR_CODEC_U32,
    DR_CODEC_SIZE,    /* size_t */
    DR_CODEC_I64,     /* integer */
    DR_CODEC_NUMBER,  /* uint64_t as an integer, at most INT64_MAX: small counters */
    DR_CODEC_DIGITS,  /* uint64_t as a string of digits: TSOs and ids */
    DR_CODEC_AGE,     /* int64_t, a time; in JSON how long before `now_ms` it was */
    DR_CODEC_TEXT,    /* const char * */
    DR_CODEC_JSON,    /* const char *: an object in canonical JSON is written as one, any
                         other text as a string */
    DR_CODEC_WORD,    /* an enum, by `words` */
    DR_CODEC_BITS,    /* uint32_t, bit i named words[i]: list of words */
    DR_CODEC_VERSION, /* struct dr_version, by its text */
    DR_CODEC_OBJECT,  /* a struct in place, by `codec` */
    DR_CODEC_LIST,    /* count and array of structs, by `codec` */
    DR_CODEC_TEXTS,   /* count and array of const char * */
    DR_CODEC_BOOLS,   /* count and array of bool */
    DR_CODEC_IDS,     /* count, array of names, array of uint64_t: {"name": "digits"};
                         decoded in the order of the names */
    DR_CODEC_KIND_COUNT
};

enum dr_codec_flag {
    DR_CODEC_OPTIONAL = 1, /* left out when NULL, 0 or false; may be missing */
    DR_CODEC_ALWAYS = 2,   /* kept in a group that is unknown, too */
    DR_CODEC_PARALLEL = 4, /* the count belongs to a field before this one. A list of
                              groups may be missing: all unknown */
};

struct dr_codec_words {
    size_t count;
    const char *const *words; /* NULL: this value has no word */
};

extern const struct dr_codec_words dr_codec_words_feed_state; /* by enum dr_feed_state */
extern const struct dr_codec_words dr_codec_words_privilege;  /* by enum dr_privilege */

struct dr_codec;
struct dr_codec_field {
    const char *name;
    enum dr_codec_kind kind;
    unsigned flags;
    size_t at;       /* offset of the value, or of the array */
    size_t count_at; /* of a list: offset of its size_t count */
    size_t ids_at;   /* DR_CODEC_IDS: offset of the array of numbers */
    const struct dr_codec *codec;
    const struct dr_codec_words *words;
};

struct dr_codec {
    size_t bytes;
    bool group; /* begins with struct dr_seen; in JSON "ageMs", or "unknown" and "code" */
    const struct dr_codec_field *fields; /* ends with DR_CODEC_END */
};

/* Offset of a field, checked at compile time to have that type. */
#define DR_CODEC_AT(T, f, type)                                                          \
    (offsetof(T, f) + 0 * sizeof(char[_Generic(((T *)0)->f, type : 1)]))

/* The codec of a saved snapshot; everything else hangs below it. */
const struct dr_codec *dr_facts_codec(void);

/* New reference. */
json_t *dr_codec_encode(const void *value, const struct dr_codec *codec, int64_t now_ms);

/* Fills *out (codec->bytes of it, cleared first). Strings and arrays are the arena's.
 * root: how the path in an error begins. Fails: DR_E_INPUT. */
int dr_codec_decode(void *out, const json_t *v, const struct dr_codec *codec,
                    const char *root, int64_t now_ms, struct dr_arena *a,
                    struct dr_err *err) DR_MUST_CHECK;

#endif
