/* What every decoded document has in common, and the small value types of the language.
 * All of it lives in the arena it was decoded into, strings included, and is never
 * changed after: share it freely, copy what must outlive the arena.
 *
 * Conventions of every document struct:
 *  - a field keeps the name of the language in snake_case, with its unit: rpo -> rpo_ms;
 *  - defaults are filled in already: a reader never repeats one;
 *  - a string that was not given and has no default is NULL; lists are pointer and count;
 *  - an optional object whose absence means something has `declared`;
 *  - an optional number without a default has a `has_` flag beside it. */
#ifndef DR_SPEC_DOC_H
#define DR_SPEC_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/digest.h"
#include "controller/base/secret.h"

struct dr_node;

enum dr_kind { DR_KIND_TOPOLOGY, DR_KIND_CONTROLLER, DR_KIND_ESTATE, DR_KIND_COUNT };

enum dr_api { DR_API_V1 };

/* A place in a source text; line and column are 1-based, column counts characters. */
struct dr_mark {
    const char *file;
    uint32_t line, column;
};

struct dr_label {
    const char *key, *value;
};

struct dr_metadata {
    const char *name; /* DNS label */
    const struct dr_label *labels;
    size_t label_count;
    uint64_t generation;  /* where the source is no git: must not fall; 0: not given */
    const char *formerly; /* the old name, when renamed; NULL: none */
};

/* First member of every decoded document. */
struct dr_doc {
    enum dr_api api;
    enum dr_kind kind;
    const char *file;           /* as the caller named it */
    const struct dr_node *root; /* the text's tree, for marks */
    struct dr_metadata metadata;
    char meaning[DR_SHA256_HEX]; /* digest of what it means (spec/meaning.h) */
    char feeds[DR_SHA256_HEX];   /* .. of those lines that say how changefeeds are */
};

/* Where the field stands, e.g. "spec.clusters[1].sql.endpoints[0]"; an item of a named
 * list may be given by name: "spec.clusters[east].sql". A field that was not written
 * gives its nearest written parent, in the end the document's start. */
struct dr_mark dr_doc_mark(const struct dr_doc *doc, const char *path);

/* True when the field itself was written in the text. */
bool dr_doc_has(const struct dr_doc *doc, const char *path);

/* "127.0.1.4:4000", "db.example:4000", "[fd00::1]:4000". */
struct dr_hostport {
    const char *text; /* as written */
    const char *host; /* without brackets */
    uint16_t port;
};

/* "http://10.0.1.1:2379": scheme, host and port only. */
struct dr_url {
    const char *text; /* without a trailing slash */
    const char *host;
    uint16_t port;
    bool https;
};

enum dr_tls_mode {
    DR_TLS_DISABLED,
    DR_TLS_REQUIRED,       /* encrypted, nobody verified */
    DR_TLS_VERIFY_CA,      /* certificate chain verified */
    DR_TLS_VERIFY_IDENTITY /* and the host name */
};

struct dr_tls {
    enum dr_tls_mode mode; /* of HTTP endpoints: what https:// does */
    const char *ca, *cert,
        *key; /* files; NULL: the system's CAs, no client certificate */
};

/* "v8.5.3"; text NULL: not given. */
struct dr_version {
    const char *text;
    uint32_t major, minor, patch;
};

/* major * 1000000 + minor * 1000 + patch, for comparing. */
static inline uint32_t dr_version_rank(const struct dr_version *v)
{
    return v->major * 1000000u + v->minor * 1000u + v->patch;
}

static inline bool dr_secret_given(const struct dr_secret_ref *r)
{
    return r->file || r->env;
}

#endif
