/* The tables that are the language. A shape is a list of rows, one a field; every row
 * says path, type, unit, default, range, words, since when, what a change needs, and what
 * the field means. The same rows decode, fill defaults, validate, explain, and give the
 * JSON Schema: nothing about a field is written twice. The macros below check at compile
 * time that a row's type is that of the member it fills. */
#ifndef DR_SPEC_FIELD_H
#define DR_SPEC_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec/doc.h"
#include "spec/finding.h"
#include "spec/topology.h"
#include "spec/yaml.h"

/* What a value is. The order is that of the table of types in spec/types.c. */
enum dr_type {
    DR_T_OBJECT,   /* a mapping with fields of its own */
    DR_T_STRING,   /* char *, checked against `format` */
    DR_T_BOOL,     /* bool */
    DR_T_U16,      /* uint16_t */
    DR_T_U32,      /* uint32_t */
    DR_T_U64,      /* uint64_t */
    DR_T_DURATION, /* int64_t, ms */
    DR_T_SIZE,     /* uint64_t, bytes */
    DR_T_WORD,     /* an enum; the index into `words` */
    DR_T_WORDS,    /* a list of words: a bool for each of `words` */
    DR_T_DAYS,     /* a list of weekdays: a bit for each of `words` */
    DR_T_CLOCK,    /* "22:30": uint16_t, minutes of the day */
    DR_T_TIME,     /* RFC 3339: int64_t, unix ms */
    DR_T_VERSION,  /* struct dr_version */
    DR_T_ADDRESS,  /* struct dr_hostport */
    DR_T_URL,      /* struct dr_url */
    DR_T_STORAGE,  /* struct dr_storage_uri */
    DR_T_SECRET,   /* struct dr_secret_ref */
    DR_T_PAIRS,    /* a mapping of names to strings: a list of struct dr_label */
    DR_T_MAPPING,  /* a mapping of addresses: a list of struct dr_address_mapping */
    DR_T_PARAMS,   /* sink parameters: a list of struct dr_sink_param */
    DR_T_SETTINGS, /* struct dr_changefeed_config */
    DR_T_COUNT
};

/* What it takes that a changed value holds. */
enum dr_change {
    DR_CHANGE_LIVE,    /* from the next round on, nothing is interrupted */
    DR_CHANGE_FEED,    /* the changefeed is paused, updated and resumed */
    DR_CHANGE_ROLE,    /* a role change with all its gates */
    DR_CHANGE_REBUILD, /* the secondary is made anew */
    DR_CHANGE_RESTART, /* the process is started again */
    DR_CHANGE_COUNT
};

/* An enumeration: words in the order of the C enum, each with its help. */
struct dr_words {
    const char *const *words;
    const char *const *helps; /* NULL: the words speak for themselves */
    size_t count;
};

/* A string's form: one row of the table in spec/types.c. */
enum dr_format {
    DR_F_ANY,     /* any text of one line */
    DR_F_TEXT,    /* any text */
    DR_F_LABEL,   /* DNS label */
    DR_F_USER,    /* account name */
    DR_F_ACCOUNT, /* user@host */
    DR_F_TABLES,  /* db.table with * */
    DR_F_FEED,    /* changefeed id */
    DR_F_DIGEST,  /* hex */
    DR_F_PATH,    /* absolute path */
    DR_F_FILE,    /* path, absolute or beside the document */
    DR_F_INSIDE,  /* relative path without .. */
    DR_F_PROGRAM, /* plain file name */
    DR_F_GIT_URL,
    DR_F_BRANCH,
    DR_F_WORD_ID, /* an id that a person chose: INC-4711 */
    DR_F_BUCKET,
    DR_F_VARIABLE, /* system variable name */
    DR_F_COUNT
};

struct dr_shape;

struct dr_field {
    const char *key;
    enum dr_type type; /* of the value, or of each item */
    bool list;
    bool required;
    bool aside; /* no part of what the document means (spec/meaning.h) */
    enum dr_change change;
    enum dr_format format; /* STRING */
    const char *fallback;  /* default, spelled as in a document; NULL: none */
    const char *otherwise; /* in words, what holds without a value and a default */
    uint64_t min, max;     /* value, or items of a list; both 0: no bounds */
    const struct dr_words *words;
    const struct dr_shape *of; /* OBJECT */
    size_t offset, count_offset, item_bytes;
    const char *since;   /* TiDB version, NULL: every supported one */
    const char *only;    /* "PrimarySecondary", "Bidirectional": in this mode only */
    const char *example; /* for the reference */
    const char *help;
};

struct dr_shape {
    const struct dr_field *fields; /* ends with key NULL */
    size_t bytes;
    bool declared;        /* the struct begins with `bool declared` */
    const char *name_key; /* items of a list are unique by and called by this field */
};

/* offsetof, failing to compile when the member is not of that type. */
#define DR_AT(T, m, type)                                                                \
    (offsetof(T, m) + 0 * sizeof(char[_Generic(((T *)0)->m, type : 1)]))

#define DR_FIELD_STRING(T, m)   .type = DR_T_STRING, .offset = DR_AT(T, m, const char *)
#define DR_FIELD_BOOL(T, m)     .type = DR_T_BOOL, .offset = DR_AT(T, m, bool)
#define DR_FIELD_U16(T, m)      .type = DR_T_U16, .offset = DR_AT(T, m, uint16_t)
#define DR_FIELD_U32(T, m)      .type = DR_T_U32, .offset = DR_AT(T, m, uint32_t)
#define DR_FIELD_U64(T, m)      .type = DR_T_U64, .offset = DR_AT(T, m, uint64_t)
#define DR_FIELD_DURATION(T, m) .type = DR_T_DURATION, .offset = DR_AT(T, m, int64_t)
#define DR_FIELD_SIZE(T, m)     .type = DR_T_SIZE, .offset = DR_AT(T, m, uint64_t)
#define DR_FIELD_CLOCK(T, m)    .type = DR_T_CLOCK, .offset = DR_AT(T, m, uint16_t)
#define DR_FIELD_TIME(T, m)     .type = DR_T_TIME, .offset = DR_AT(T, m, int64_t)
#define DR_FIELD_VERSION(T, m)                                                           \
    .type = DR_T_VERSION, .offset = DR_AT(T, m, struct dr_version)
#define DR_FIELD_ADDRESS(T, m)                                                           \
    .type = DR_T_ADDRESS, .offset = DR_AT(T, m, struct dr_hostport)
#define DR_FIELD_STORAGE(T, m)                                                           \
    .type = DR_T_STORAGE, .offset = DR_AT(T, m, struct dr_storage_uri)
#define DR_FIELD_SECRET(T, m)                                                            \
    .type = DR_T_SECRET, .offset = DR_AT(T, m, struct dr_secret_ref)
#define DR_FIELD_SETTINGS(T, m)                                                          \
    .type = DR_T_SETTINGS, .offset = DR_AT(T, m, struct dr_changefeed_config)
#define DR_FIELD_WORD(T, m, E, w)                                                        \
    .type = DR_T_WORD, .offset = DR_AT(T, m, E), .words = &(w)
#define DR_FIELD_WORDS(T, m, w)                                                          \
    .type = DR_T_WORDS, .words = &(w),                                                   \
    .offset = offsetof(T, m) + 0 * sizeof(char[_Generic(&((T *)0)->m[0], bool * : 1)])
#define DR_FIELD_DAYS(T, m, w)                                                           \
    .type = DR_T_DAYS, .offset = DR_AT(T, m, uint8_t), .words = &(w)
#define DR_FIELD_PAIRS(T, m, n)                                                          \
    .type = DR_T_PAIRS, .offset = DR_AT(T, m, const struct dr_label *),                  \
    .count_offset = DR_AT(T, n, size_t)
#define DR_FIELD_MAPPING(T, m, n)                                                        \
    .type = DR_T_MAPPING, .offset = DR_AT(T, m, const struct dr_address_mapping *),      \
    .count_offset = DR_AT(T, n, size_t)
#define DR_FIELD_PARAMS(T, m, n)                                                         \
    .type = DR_T_PARAMS, .offset = DR_AT(T, m, const struct dr_sink_param *),            \
    .count_offset = DR_AT(T, n, size_t)
#define DR_FIELD_OBJECT(T, m, shape)                                                     \
    .type = DR_T_OBJECT, .offset = offsetof(T, m), .of = &(shape)

/* A mapping of the language that is no struct of its own: its rows fill the parent. */
#define DR_FIELD_GROUP(shape) .type = DR_T_OBJECT, .offset = 0, .of = &(shape)

/* Lists: pointer to items and their count. */
#define DR_FIELD_LIST(T, m, n, item)                                                     \
    .list = true, .offset = DR_AT(T, m, const item *),                                   \
    .count_offset = DR_AT(T, n, size_t), .item_bytes = sizeof(item)
#define DR_FIELD_OBJECTS(T, m, n, item, shape)                                           \
    .type = DR_T_OBJECT, DR_FIELD_LIST(T, m, n, item), .of = &(shape)
#define DR_FIELD_STRINGS(T, m, n)                                                        \
    .type = DR_T_STRING, .list = true, .offset = DR_AT(T, m, const char *const *),       \
    .count_offset = DR_AT(T, n, size_t), .item_bytes = sizeof(char *)
#define DR_FIELD_ADDRESSES(T, m, n)                                                      \
    .type = DR_T_ADDRESS, DR_FIELD_LIST(T, m, n, struct dr_hostport)
#define DR_FIELD_URLS(T, m, n) .type = DR_T_URL, DR_FIELD_LIST(T, m, n, struct dr_url)

/* One kind of document. */
struct dr_kind_info {
    const char *name; /* "Topology" */
    const char *help;
    size_t bytes;
    const struct dr_shape
        *shape; /* of the whole document: apiVersion, kind, metadata, spec */
};

extern const struct dr_kind_info dr_kinds[DR_KIND_COUNT];
extern const struct dr_shape dr_topology_shape, dr_controller_shape, dr_estate_shape;
extern const struct dr_words dr_risk_words, dr_mode_words;

const char *dr_kind_name(enum dr_kind kind);
const char *dr_change_text(enum dr_change c); /* a sentence */

/* Where decoding stands: an unfinished path, made into text only for findings. */
struct dr_place {
    const struct dr_place *up;
    const char *key;  /* NULL: an item of a list */
    const char *name; /* item: its name; NULL: its index counts */
    size_t index;
};

struct dr_decode {
    struct dr_arena *arena;
    const char **blind; /* paths of values that the text itself had wrong */
    size_t blind_count, blind_room;
    struct dr_source *source;
    struct dr_findings *findings;
    const struct dr_shape *root; /* of the kind: knows where a misplaced field belongs */
    const char *mode;            /* spec.mode's word, NULL: none */
    const struct dr_version *oldest; /* lowest version declared, NULL: none */
};

/* Reports at a node, with the field's path. */
struct dr_finding *dr_flaw(struct dr_decode *d, enum dr_vcode code,
                           const struct dr_span *at, const struct dr_place *place,
                           const char *fmt, ...) DR_PRINTF(5, 6);

/* Decodes one mapping into `base` (zeroed, shape->bytes): defaults, then what is written,
 * then what is missing. NULL node: defaults only. */
void dr_decode_object(struct dr_decode *d, const struct dr_shape *shape,
                      const struct dr_node *node, const struct dr_place *place,
                      void *base);

#endif
