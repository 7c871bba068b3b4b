/* A listening socket of the estate, or the control socket. When the model takes a process
 * down its socket is closed, so that clients are refused as by a dead process; when the
 * process hangs or is cut off nobody accepts, so that clients wait. */
#ifndef DR_SIM_LISTENER_H
#define DR_SIM_LISTENER_H

#include <openssl/ssl.h>

#include "cmd/drover-sim/stream.h"

struct dr_sim_listener {
    int fd; /* -1: closed */
    const struct dr_sim_protocol *protocol;
    struct dr_address at;
    const char *path; /* of the control socket; NULL: TCP */
    SSL_CTX *tls;     /* borrowed; NULL: none */
    size_t connections;
    bool silent;     /* not accepted from: clients wait in the backlog */
    bool complained; /* that it cannot be bound again */
};

/* Opens and binds; sets fd. Fails: DR_E_IO with what to do about it. */
int dr_listener_open(struct dr_sim_listener *l, struct dr_err *err) DR_MUST_CHECK;
void dr_listener_close(struct dr_sim_listener *l);

/* The next connection, non-blocking. Out: the client's host as TiDB prints it.
 * -1: none waits; *exhausted: there are no descriptors left. */
int dr_listener_accept(struct dr_sim_listener *l, char *host, size_t room,
                       bool *exhausted);

/* A server context from PEM files. Fails: DR_E_INPUT. Out: owned (SSL_CTX_free). */
int dr_tls_context(SSL_CTX **out, const char *cert, const char *key,
                   struct dr_err *err) DR_MUST_CHECK;

#endif
