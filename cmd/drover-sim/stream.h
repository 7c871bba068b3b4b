/* What a protocol sees of a connection: bytes come in by calls, bytes go out through a
 * buffer, and flags say what the connection has to do next. So the protocols (mysql.c,
 * http.c, ctl.c) know no sockets, and tests and fuzzers drive them without one. */
#ifndef DR_SIM_STREAM_H
#define DR_SIM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/buf.h"
#include "controller/estate/model/model.h"

enum {
    DR_STREAM_OUT_MAX = 256 * 1024 * 1024, /* one answer, whole */
    DR_STREAM_OUT_HIGH = 256 * 1024,       /* a protocol pauses above it */
};

struct dr_sim_stream {
    struct dr_buf
        out;        /* for the client; appended by the protocol, emptied by its owner */
    bool close;     /* when `out` has gone */
    bool abort;     /* now, without sending anything more */
    bool start_tls; /* the rest of the client's bytes is a TLS handshake; cleared by the
                       owner, who then sets `tls` */
    bool tls;       /* the bytes travel encrypted */
    bool waiting;   /* takes no input until resume() was called: the model works on the
                       answer, or `out` is full */
    int64_t expires_ms; /* closed at that moment (of now_ms); 0: never */
};

/* Who is connected to what. Lives as long as the connection. */
struct dr_sim_peer {
    struct dr_model *model;
    const struct dr_address *at; /* the estate's address */
    const char *host;            /* the client's, as TiDB prints it */
    bool tls_offered;
};

struct dr_sim_protocol {
    const char *name;
    size_t input_max;      /* unread bytes that input() may need to see at once */
    bool answers_half_end; /* a client that has said its last word still wants answers */
    /* A new connection; may greet. NULL: it is not taken. */
    void *(*open)(const struct dr_sim_peer *peer, struct dr_sim_stream *s,
                  int64_t now_ms);
    /* Takes bytes while the stream is neither waiting nor closing. Returns how many were
     * used; the rest is given again, with more behind it. Does at most one request. */
    size_t (*input)(void *self, struct dr_sim_stream *s, const char *bytes, size_t len,
                    int64_t now_ms);
    /* The stream is waiting and time has passed, or `out` was emptied. */
    void (*resume)(void *self, struct dr_sim_stream *s, int64_t now_ms);
    /* False: the server's side of this connection is gone. NULL: always alive. */
    bool (*alive)(const void *self);
    void (*shut)(void *self); /* the connection is gone; frees self */
    /* What is said to one connection too many. */
    void (*refuse)(struct dr_buf *out);
};

#endif
