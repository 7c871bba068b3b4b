#include "cmd/drover-sim/mysql_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

static void sha1(unsigned char out[DR_SHA1_BYTES], const void *bytes, size_t len)
{
    if (!EVP_Digest(bytes, len, out, NULL, EVP_sha1(), NULL))
        abort(); /* libcrypto without SHA-1: nothing here could work */
}

void dr_mysql_native_scramble(unsigned char out[DR_SHA1_BYTES], const char *password,
                              const unsigned char salt[DR_MYSQL_SALT])
{
    unsigned char once[DR_SHA1_BYTES], salted[DR_MYSQL_SALT + DR_SHA1_BYTES];
    sha1(once, password, strlen(password));
    memcpy(salted, salt, DR_MYSQL_SALT);
    sha1(salted + DR_MYSQL_SALT, once, sizeof(once));
    sha1(out, salted, sizeof(salted));
    for (size_t i = 0; i < DR_SHA1_BYTES; i++)
        out[i] ^= once[i];
    OPENSSL_cleanse(once, sizeof(once));
}

bool dr_mysql_proof_fits(const char *password, void *arg)
{
    const struct dr_mysql_proof *proof = arg;
    unsigned char want[DR_SHA1_BYTES];
    size_t len = strlen(password);
    switch (proof->kind) {
    case DR_PROOF_NONE:
        return false;
    case DR_PROOF_EMPTY:
        return len == 0;
    case DR_PROOF_NATIVE:
        dr_mysql_native_scramble(want, password, proof->salt);
        return len && proof->bytes.len == sizeof(want) &&
               CRYPTO_memcmp(want, proof->bytes.bytes, sizeof(want)) == 0;
    case DR_PROOF_CLEAR:
        return len && proof->bytes.len == len &&
               CRYPTO_memcmp(password, proof->bytes.bytes, len) == 0;
    }
    return false;
}

void dr_mysql_make_salt(unsigned char salt[DR_MYSQL_SALT])
{
    if (RAND_bytes(salt, DR_MYSQL_SALT) != 1)
        abort();
    for (size_t i = 0; i < DR_MYSQL_SALT; i++) {
        salt[i] &= 0x7f;
        if (salt[i] == 0 || salt[i] == '$')
            salt[i]++;
    }
}
