/* What the tests of the live carrier share: one carrier, one peer, one exchange. */
#ifndef TESTS_LIVE_KIT_H
#define TESTS_LIVE_KIT_H

#include "controller/estate/live/live.h"
#include "tests/unit/live_peer.h"

#define KIT_PASSWORD "s3cret-canary"

enum { KIT_DEADLINE_MS = 5000 };

struct kit {
    struct dr_carrier *carrier;
    struct peer *peer;
    struct dr_login login;
};

void kit_open(struct kit *k, const struct peer_options *options);
/* Over a carrier that it takes. */
void kit_open_over(struct kit *k, const struct peer_options *options,
                   struct dr_carrier *carrier);
void kit_close(struct kit *k);

struct dr_exchange kit_exchange(const struct kit *k, const char *text, uint64_t session);
struct dr_exchange kit_request(const struct kit *k, const char *method,
                               const char *target);

/* Submits and waits for exactly this answer; NOT for use beside other exchanges. */
struct dr_answer kit_carry(struct kit *k, const struct dr_exchange *ex);
struct dr_answer kit_sql(struct kit *k, const char *text, uint64_t session);
struct dr_answer kit_http(struct kit *k, const char *method, const char *target);

struct kit_pem {
    char dir[256];
};
void kit_certificates(struct kit_pem *pem);
void kit_certificates_remove(struct kit_pem *pem);
const char *kit_pem(const struct kit_pem *pem, char out[600], const char *name,
                    const char *ending);

#endif
