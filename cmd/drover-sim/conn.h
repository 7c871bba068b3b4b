/* One connection: a socket, perhaps TLS on it, and a protocol on top. Never blocks.
 * Bounded: unread bytes by the protocol's own limit, unsent ones by one answer, time by
 * the stream's deadline and by a client that stops reading. */
#ifndef DR_SIM_CONN_H
#define DR_SIM_CONN_H

#include <openssl/ssl.h>

#include "cmd/drover-sim/client.h"
#include "cmd/drover-sim/stream.h"

enum {
    DR_CONN_HOST_MAX = 64,
    DR_CONN_STALL_MS = 60 * 1000, /* a client that takes nothing is given up */
    DR_CONN_LINGER_MS = 500,      /* for its last bytes after our last word */
};

struct dr_sim_conn {
    struct dr_sim_conn *prev, *next; /* the server's list */
    void *owner;                     /* the server's listener */
    int fd;
    uint32_t interest; /* epoll events asked for */
    char host[DR_CONN_HOST_MAX];
    struct dr_sim_peer peer;
    struct dr_sim_client client; /* who he is to the network */
    const struct dr_sim_protocol *protocol;
    void *self;
    struct dr_sim_stream stream;
    struct dr_buf in;        /* the client's bytes, decrypted */
    size_t in_at;            /* of them, taken by the protocol */
    size_t out_at;           /* of stream.out, sent or encrypted */
    SSL_CTX *tls;            /* borrowed; NULL: not offered */
    SSL *ssl;                /* NULL: plain */
    struct dr_buf wire;      /* encrypted bytes */
    size_t wire_at;          /* of them, sent */
    int64_t stalled_ms;      /* since then nothing could be sent; 0: it can */
    int64_t linger_until_ms; /* 0: not yet */
    bool muted;              /* the network drops its packets, both ways */
    uint64_t network_seen;   /* at that count of changes muted was found out */
    bool ended;              /* the client has said its last word */
    bool hung_up;            /* seen without reading it */
    bool runnable;           /* has more to do without waiting for anything */
    bool dead;               /* to be freed by the server */
};

/* Takes over the socket (non-blocking). NULL: the protocol does not take the connection;
 * the socket is closed. */
struct dr_sim_conn *dr_conn_new(int fd, const struct dr_sim_protocol *protocol,
                                struct dr_model *m, const struct dr_address *at,
                                const char *host, SSL_CTX *tls, int64_t now_ms);
void dr_conn_free(struct dr_sim_conn *c);

/* Finds out whether the network lets its packets through. True: that has changed. */
bool dr_conn_follow_network(struct dr_sim_conn *c);
/* Something happened (epoll's events; 0: time has passed). Sets `dead`, `runnable`. */
void dr_conn_event(struct dr_sim_conn *c, uint32_t events, int64_t now_ms);
/* Deadlines, and whether the server's side is still there. */
void dr_conn_sweep(struct dr_sim_conn *c, int64_t now_ms);
/* The epoll events it wants now. */
uint32_t dr_conn_wants(const struct dr_sim_conn *c);
size_t dr_conn_bytes(const struct dr_sim_conn *c); /* memory of its buffers */

#endif
