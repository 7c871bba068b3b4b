#include "tests/e2e/rogue_certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { DAY_S = 86400 };

static void extend(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
}

struct wish {
    const char *name, *san; /* san NULL: a CA */
    long until_s;           /* from now */
    X509 *issuer;           /* NULL: itself */
    EVP_PKEY *issuer_key;
};

static X509 *certificate(EVP_PKEY *key, const struct wish *w)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3L * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(cert), w->until_s);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)w->name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(w->issuer ? w->issuer : cert));
    extend(cert, w->san ? NID_subject_alt_name : NID_basic_constraints,
           w->san ? w->san : "critical,CA:TRUE");
    X509_sign(cert, w->issuer_key ? w->issuer_key : key, EVP_sha256());
    return cert;
}

static bool save(const char *dir, const char *name, X509 *cert, EVP_PKEY *key)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.pem", dir, name);
    FILE *f = fopen(path, "w");
    bool good = f && PEM_write_X509(f, cert) == 1;
    good = f && fclose(f) == 0 && good;
    snprintf(path, sizeof(path), "%s/%s.key", dir, name);
    f = fopen(path, "w");
    good = f && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 && good;
    return f && fclose(f) == 0 && good;
}

bool rogue_certificates(const char *dir, const char *host)
{
    char san[100];
    snprintf(san, sizeof(san), "IP:%s", host);
    EVP_PKEY *ca_key = EVP_EC_gen("P-256");
    X509 *ca = certificate(ca_key, &(struct wish){.name = "rogue CA", .until_s = DAY_S});
    const struct wish leaves[] = {
        {"good", san, DAY_S, ca, ca_key},
        {"expired", san, -DAY_S, ca, ca_key},
        {"elsewhere", "DNS:elsewhere.example", DAY_S, ca, ca_key},
        {"alone", san, DAY_S, NULL, NULL},
    };
    bool good = save(dir, "ca", ca, ca_key);
    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *leaf = certificate(key, &leaves[i]);
        good = save(dir, leaves[i].name, leaf, key) && good;
        X509_free(leaf);
        EVP_PKEY_free(key);
    }
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    return good;
}
