/* Certificates for the rogue's TLS: one that is good, and the usual ones that are not. */
#ifndef TESTS_E2E_ROGUE_CERTIFICATES_H
#define TESTS_E2E_ROGUE_CERTIFICATES_H

#include <stdbool.h>

/* PEM files NAME.pem and NAME.key in `dir`: ca; good (for the IP address `host`), expired
 * (the same, until yesterday), elsewhere (another name): signed by ca; alone: by itself.
 */
bool rogue_certificates(const char *dir, const char *host);

#endif
