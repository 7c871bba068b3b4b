/* What a client must answer to prove that it knows a password, for the two plugins that
 * TiDB accounts commonly use. Source: tidb: pkg/parser/auth/mysql_native_password.go,
 * pkg/parser/auth/caching_sha2.go, pkg/server/conn.go. */
#ifndef DR_SIM_MYSQL_AUTH_H
#define DR_SIM_MYSQL_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/drover-sim/mysql_packet.h"

enum { DR_SHA1_BYTES = 20 };

#define DR_PLUGIN_NATIVE "mysql_native_password"
#define DR_PLUGIN_SHA2   "caching_sha2_password"

/* SHA1(password) XOR SHA1(salt, SHA1(SHA1(password))). */
void dr_mysql_native_scramble(unsigned char out[DR_SHA1_BYTES], const char *password,
                              const unsigned char salt[DR_MYSQL_SALT]);

enum dr_mysql_proof_kind {
    DR_PROOF_NONE,   /* nothing that could be right was sent: no password fits */
    DR_PROOF_EMPTY,  /* "I have no password" */
    DR_PROOF_NATIVE, /* a native scramble */
    DR_PROOF_CLEAR,  /* the password itself, under TLS */
};

/* What a client proved; borrowed bytes. */
struct dr_mysql_proof {
    enum dr_mysql_proof_kind kind;
    struct dr_mysql_text bytes;
    const unsigned char *salt;
};

/* The `check` of dr_model_sql_login; arg: struct dr_mysql_proof. In constant time. */
bool dr_mysql_proof_fits(const char *password, void *arg);

/* 20 bytes for a greeting: random, 7 bits each, neither NUL nor '$'. */
void dr_mysql_make_salt(unsigned char salt[DR_MYSQL_SALT]);

#endif
