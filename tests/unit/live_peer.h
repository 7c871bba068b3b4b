/* Peers for the tests of the live carrier: servers on loopback that do what the
 * statement or path says, defects included. Each connection has a thread. */
#ifndef TESTS_LIVE_PEER_H
#define TESTS_LIVE_PEER_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "controller/estate/carrier.h"

struct peer;

/* MySQL: how a connection begins. After the login the statement says what happens:
 *   ok | affected N | rows N | null | error N TEXT | hang | close | garbage | infile
 *   endless | columns | twice | late-error | drip | sleep MS | last | id */
enum peer_login {
    LOGIN_NATIVE,    /* mysql_native_password, checked */
    LOGIN_SHA2,      /* caching_sha2_password, full, wants TLS */
    LOGIN_SHA2_KEY,  /* the same in the clear: offers a public key, keeps the password */
    LOGIN_CLEAR,     /* switches to mysql_clear_password */
    LOGIN_REFUSED,   /* 1045 */
    LOGIN_LOCKED,    /* 3118 */
    LOGIN_FULL,      /* 1040 instead of a greeting */
    LOGIN_SILENT,    /* accepts, says nothing */
    LOGIN_DRIP,      /* the greeting, a byte every 50 ms */
    LOGIN_GARBAGE,   /* no MySQL at all */
    LOGIN_CLOSE,     /* closes after the greeting */
    LOGIN_HANG,      /* silent after the greeting */
    LOGIN_INJECT,    /* words in the clear right behind the greeting */
    LOGIN_OLD_SETUP, /* refuses the session setup: error 1193 */
};

struct peer_options {
    bool http;                          /* else MySQL */
    enum peer_login login;              /* MySQL */
    const char *cert, *key, *client_ca; /* TLS; NULL: none */
    bool tls10;                         /* offers only TLS 1.0 and 1.1 */
    uint32_t connect_ms;                /* of the carrier that dials it; 0: 1000 */
    uint32_t idle_ms;                   /* the same; 0: its own */
};

struct peer {
    struct dr_address at;
    struct peer_options options;
    atomic_int accepted, logins, statements, requests, clear_passwords, tls;
    atomic_bool hold;        /* true: "wait" statements wait */
    atomic_int unread;       /* after "deaf": statements that it is to answer */
    char last_request[8192]; /* HTTP: request line and headers, complete once answered */
    char last_body[8192];
    struct peer_inside *in;
};

struct peer *peer_new(const struct peer_options *options);
void peer_free(struct peer *p); /* closes all, joins all */
void peer_drop(struct peer *p); /* closes the open connections, goes on listening */

/* A port where nobody listens; a port that never answers a SYN is not to be had on
 * loopback, so a listener with a full queue stands for it. */
struct dr_address peer_nobody(void);
struct dr_address peer_full(int keep[64]);

/* PEM files in `dir`: ca.pem, other-ca.pem, server.pem + server.key (SAN 127.0.0.1),
 * wrong.pem + wrong.key (another name), client.pem + client.key; all but the last letters
 * signed by ca.pem. */
void peer_certificates(const char *dir);

/* Whether the name resolves here: a bare system may have no /etc/hosts. */
bool peer_knows_localhost(void);

#endif
