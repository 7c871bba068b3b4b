/* URIs of sinks and storages, parsed and printed as Go's net/url does, with TiCDC's
 * masking. Source: go: net/url; tiflow: pkg/util/uri.go MaskSinkURI. Pure. */
#ifndef DR_MODEL_URI_H
#define DR_MODEL_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/base/arena.h"

struct dr_uri {
    const char *scheme;   /* lower case, "" for a bare path */
    const char *user;     /* decoded, NULL: no userinfo */
    const char *password; /* decoded, NULL: none */
    const char *host;     /* "" when there is none, an IPv6 literal without brackets */
    uint16_t port;        /* 0: none */
    const char *path;     /* as written */
    const char *query;    /* as written, NULL: none */
};

/* Out: strings of the arena. False: net/url would refuse it. */
bool dr_uri_parse(struct dr_arena *a, struct dr_uri *out, const char *text);

/* First value of a query parameter, decoded; NULL: absent. */
const char *dr_uri_param(struct dr_arena *a, const struct dr_uri *u, const char *name);

/* The text of a URI with the password as "xxxxx"; `text` itself when it is no URI. */
const char *dr_uri_masked(struct dr_arena *a, const char *text);

/* scheme://host[:port]/path without userinfo and query: how BR prints a destination. */
const char *dr_uri_bare(struct dr_arena *a, const struct dr_uri *u);

/* Percent decoding; plus: '+' is a blank. Stops at nothing, keeps what is malformed. */
char *dr_uri_decode(struct dr_arena *a, const char *s, size_t len, bool plus);

#endif
