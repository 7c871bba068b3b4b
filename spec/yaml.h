/* YAML text -> a small tree with marks, within limits that hold whatever the text is: one
 * MiB, depth 64, no aliases, anchors, tags, merge keys or duplicate keys, only UTF-8
 * without controls and bidirectional overrides. libyaml's event API is behind it and
 * nowhere else. It resolves nothing: what a plain word means is the field's business. */
#ifndef DR_SPEC_YAML_H
#define DR_SPEC_YAML_H

#include "spec/finding.h"

enum {
    DR_YAML_BYTES_MAX = 1 << 20,
    DR_YAML_DEPTH_MAX = 64,
    DR_YAML_KEYS_MAX = 1000,      /* of one mapping */
    DR_YAML_NODES_MAX = 200000,   /* of one file */
    DR_YAML_DOCUMENTS_MAX = 10000 /* of one file */
};

enum dr_node_type { DR_NODE_SCALAR, DR_NODE_LIST, DR_NODE_MAP };

/* A child of a mapping carries its key. Strings are NUL-terminated and hold no NUL. */
struct dr_node {
    enum dr_node_type type;
    bool plain;        /* a scalar without quotes: may be a number, boolean or null */
    bool broken;       /* refused already: nothing more is to be said about it */
    uint32_t count;    /* children */
    uint32_t len;      /* bytes of text */
    struct dr_span at; /* of the value; of a collection: its first character */
    struct dr_span key_at;
    const char *text; /* scalar */
    const char *key;  /* in a mapping */
    struct dr_node *first, *next;
};

/* Reads every document of the source into trees, empty documents left out. What is
 * refused is reported; after a syntax error the documents before it are still given, and
 * s->cut says that there may be more. Out: a list of roots linked by `next`, NULL when
 * there is none. */
struct dr_node *dr_yaml_read(struct dr_arena *a, struct dr_source *s,
                             struct dr_findings *f);

/* Child of a mapping by key, NULL: none (or not a mapping). */
const struct dr_node *dr_node_get(const struct dr_node *map, const char *key);

/* YAML 1.2 core: plain `null`, `Null`, `NULL`, `~` or nothing. */
bool dr_node_is_null(const struct dr_node *n);

/* Where a path such as "spec.clusters[1].sql" or "spec.clusters[east].sql" leads: the
 * node, or the nearest existing parent; *whole says which. */
const struct dr_node *dr_node_walk(const struct dr_node *root, const char *path,
                                   bool *whole);

#endif
