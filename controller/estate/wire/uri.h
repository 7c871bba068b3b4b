/* URIs of sinks and storages: taken apart strictly, compared, rendered. Pure. libcurl's
 * URL functions rewrite hosts and paths, so they do not serve here. */
#ifndef DR_WIRE_URI_H
#define DR_WIRE_URI_H

#include "controller/base/buf.h"
#include "controller/estate/access.h"

struct dr_wire_param {
    const char *name, *value; /* decoded */
};

struct dr_wire_uri {
    const char *scheme; /* lower case */
    const char *user;   /* decoded; NULL: no userinfo */
    bool has_password;  /* its value is not kept */
    const char *host;   /* lower case, an IPv6 literal without brackets */
    uint16_t port;      /* 0: none */
    const char *path;   /* as written, "" for "/" */
    size_t param_count;
    struct dr_wire_param *params; /* sorted by name, then value */
};

/* Out: strings of the arena. False: not a URI, or badly encoded. */
bool dr_wire_uri_parse(struct dr_arena *a, struct dr_wire_uri *out, const char *text);

/* RFC 3986: everything but letters, digits and "-._~" becomes %XX; keep: bytes left as
 * they are besides those ("/" in a path). Appends. */
void dr_uri_encode(struct dr_buf *out, const char *bytes, size_t len, const char *keep);

/* Who reads the URI of a folder: BR takes a bare path, file:// and local://; TiCDC wants
 * a scheme, and knows nfs:// besides. Source: tidb: br/pkg/storage/parse.go; tiflow:
 * pkg/redo/config.go ValidateStorage. */
enum dr_storage_reader { DR_READER_BR, DR_READER_TICDC };

/* The URI of a prefix below a declared place: what BACKUP, RESTORE and redo take. keys:
 * with the access keys as query parameters. Appends. */
void dr_storage_uri_add(struct dr_buf *out, const struct dr_access_store *store,
                        const char *prefix, enum dr_storage_reader reader, bool keys);

/* Whether a scheme names a folder that the servers share. */
bool dr_storage_is_folder(const char *scheme);

#endif
