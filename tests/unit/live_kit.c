#include "tests/unit/live_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "live kit: %s\n", what);
        abort();
    }
}

void kit_open_over(struct kit *k, const struct peer_options *options,
                   struct dr_carrier *carrier)
{
    *k = (struct kit){
        .carrier = carrier, .peer = peer_new(options), .login.user = "drover"};
    dr_secret_set(&k->login.password, KIT_PASSWORD, strlen(KIT_PASSWORD));
}

void kit_open(struct kit *k, const struct peer_options *options)
{
    struct dr_err err;
    struct dr_carrier *carrier;
    struct dr_live_options o = {.connect_ms =
                                    options->connect_ms ? options->connect_ms : 1000,
                                .idle_ms = options->idle_ms,
                                .seed = 1};
    must(dr_live_new(&carrier, &o, &err) == 0, "no carrier");
    kit_open_over(k, options, carrier);
}

void kit_close(struct kit *k)
{
    k->carrier->free(k->carrier);
    peer_free(k->peer);
    dr_secret_release(&k->login.password);
}

struct dr_exchange kit_exchange(const struct kit *k, const char *text, uint64_t session)
{
    return (struct dr_exchange){
        .kind = DR_EXCHANGE_SQL,
        .at = k->peer->at,
        .deadline_ms = KIT_DEADLINE_MS,
        .sql = {.login = &k->login,
                .lane = DR_LANE_OBSERVE,
                .session = session,
                .text = text},
    };
}

struct dr_exchange kit_request(const struct kit *k, const char *method,
                               const char *target)
{
    return (struct dr_exchange){
        .kind = DR_EXCHANGE_HTTP,
        .at = k->peer->at,
        .deadline_ms = KIT_DEADLINE_MS,
        .http = {.method = method, .target = target},
    };
}

struct dr_answer kit_carry(struct kit *k, const struct dr_exchange *ex)
{
    struct dr_answer a = {0};
    uint64_t ticket;
    int64_t until_ms = k->carrier->now_ms(k->carrier) + ex->deadline_ms + 5000;
    k->carrier->submit(k->carrier, ex, &ticket);
    must(k->carrier->wait(k->carrier, until_ms, &a), "no answer at all");
    must(a.ticket == ticket, "the answer of another exchange");
    return a;
}

struct dr_answer kit_sql(struct kit *k, const char *text, uint64_t session)
{
    struct dr_exchange ex = kit_exchange(k, text, session);
    return kit_carry(k, &ex);
}

struct dr_answer kit_http(struct kit *k, const char *method, const char *target)
{
    struct dr_exchange ex = kit_request(k, method, target);
    return kit_carry(k, &ex);
}

void kit_certificates(struct kit_pem *pem)
{
    snprintf(pem->dir, sizeof(pem->dir), "/tmp/drover-live-XXXXXX");
    must(mkdtemp(pem->dir) != NULL, "no folder");
    peer_certificates(pem->dir);
}

void kit_certificates_remove(struct kit_pem *pem)
{
    static const char *const names[] = {"ca", "other-ca", "server", "wrong", "client"};
    char path[600];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unlink(kit_pem(pem, path, names[i], "pem"));
        unlink(kit_pem(pem, path, names[i], "key"));
    }
    rmdir(pem->dir);
}

const char *kit_pem(const struct kit_pem *pem, char out[600], const char *name,
                    const char *ending)
{
    snprintf(out, 600, "%s/%s.%s", pem->dir, name, ending);
    return out;
}
