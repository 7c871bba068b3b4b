/* SHA-256, HMAC and text encodings (libcrypto: linked already by libcurl). Pure. */
#ifndef DR_BASE_DIGEST_H
#define DR_BASE_DIGEST_H

#include <stddef.h>

enum { DR_SHA256_BYTES = 32, DR_SHA256_HEX = 65 };
#define DR_BASE64URL_MAX(n) (((n) + 2) / 3 * 4 + 1)

void dr_sha256(unsigned char out[DR_SHA256_BYTES], const void *bytes, size_t len);
void dr_sha256_hex(char out[DR_SHA256_HEX], const void *bytes, size_t len);
void dr_hmac_sha256(unsigned char out[DR_SHA256_BYTES], const void *key, size_t key_len,
                    const void *bytes, size_t len);
void dr_hex(char *out, const unsigned char *bytes, size_t len);       /* 2 * len + 1 */
void dr_base64url(char *out, const unsigned char *bytes, size_t len); /* no padding */

#endif
