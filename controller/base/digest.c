#include "controller/base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

void dr_sha256(unsigned char out[DR_SHA256_BYTES], const void *bytes, size_t len)
{
    SHA256(bytes, len, out);
}

void dr_hmac_sha256(unsigned char out[DR_SHA256_BYTES], const void *key, size_t key_len,
                    const void *bytes, size_t len)
{
    unsigned int n = DR_SHA256_BYTES;
    HMAC(EVP_sha256(), key, (int)key_len, bytes, len, out, &n);
}

void dr_hex(char *out, const unsigned char *bytes, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
    *out = '\0';
}

void dr_sha256_hex(char out[DR_SHA256_HEX], const void *bytes, size_t len)
{
    unsigned char sum[DR_SHA256_BYTES];
    dr_sha256(sum, bytes, len);
    dr_hex(out, sum, sizeof(sum));
}

void dr_base64url(char *out, const unsigned char *bytes, size_t len)
{
    static const char abc[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned v = (unsigned)bytes[i] << 16;
        v |= left > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
        v |= left > 2 ? bytes[i + 2] : 0;
        *out++ = abc[v >> 18];
        *out++ = abc[v >> 12 & 63];
        if (left > 1)
            *out++ = abc[v >> 6 & 63];
        if (left > 2)
            *out++ = abc[v & 63];
    }
    *out = '\0';
}
