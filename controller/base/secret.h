/* A secret value: its own type, so that no printf takes it by accident. It is read from
 * where the declaration points, lives in locked memory where the system allows it, and
 * is wiped when released. */
#ifndef DR_BASE_SECRET_H
#define DR_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/base/err.h"

struct dr_secret {
    char *bytes; /* NUL-terminated; NULL: none */
    size_t len;
};

enum { DR_SECRET_MAX = 4096 };

/* Where a secret is: exactly one of the two. Borrowed strings. */
struct dr_secret_ref {
    const char *file; /* absolute, or relative to the secrets folder */
    const char *env;  /* name of an environment variable */
};

/* Reads the secret. A file must be a regular file, owned by this user or root, without
 * rights for group and others; one trailing newline is cut. dir: the folder for relative
 * names, NULL: none allowed.  Out: owned (dr_secret_release).  Fails: DR_E_INPUT, DR_E_IO
 * naming the place, never the value. */
int dr_secret_read(struct dr_secret *out, const struct dr_secret_ref *ref,
                   const char *dir, struct dr_err *err) DR_MUST_CHECK;

void dr_secret_set(struct dr_secret *out, const char *bytes, size_t len);
void dr_secret_copy(struct dr_secret *out, const struct dr_secret *from);
void dr_secret_release(struct dr_secret *s); /* wipes and frees */

/* base64url(HMAC-SHA256(secret, message)) without padding: the sink account's password
 * of one generation. Out: owned. */
void dr_secret_derive(struct dr_secret *out, const struct dr_secret *secret,
                      const char *message);

/* Whether a query parameter of a storage URI is a credential. */
bool dr_storage_param_secret(const char *name);

#endif
