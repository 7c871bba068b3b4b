#include "cmd/drover-sim/conn.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/base/arena.h"

enum {
    READ_BYTES = 64 * 1024,
    READS = 4, /* at one event; others wait too */
    TURNS = 32,
    TLS_RECORD = 16 * 1024,
    KEEP_BYTES = 64 * 1024, /* of an empty buffer */
};

struct dr_sim_conn *dr_conn_new(int fd, const struct dr_sim_protocol *protocol,
                                struct dr_model *m, const struct dr_address *at,
                                const char *host, SSL_CTX *tls, int64_t now_ms)
{
    struct dr_sim_conn *c = dr_xcalloc(1, sizeof(*c));
    c->fd = fd;
    c->protocol = protocol;
    c->tls = tls;
    snprintf(c->host, sizeof(c->host), "%s", host);
    c->peer = (struct dr_sim_peer){m, at, c->host, tls != NULL};
    dr_client_init(&c->client, fd, c->host);
    (void)dr_conn_follow_network(c);
    dr_buf_init(&c->in, protocol->input_max + READ_BYTES + 1);
    dr_buf_init(&c->stream.out, DR_STREAM_OUT_MAX);
    dr_buf_init(&c->wire, DR_STREAM_OUT_MAX);
    c->self = protocol->open(&c->peer, &c->stream, now_ms);
    if (c->self)
        return c;
    dr_conn_free(c);
    return NULL;
}

void dr_conn_free(struct dr_sim_conn *c)
{
    if (c->self)
        c->protocol->shut(c->self);
    SSL_free(c->ssl);
    close(c->fd);
    dr_buf_release(&c->in);
    dr_buf_release(&c->stream.out);
    dr_buf_release(&c->wire);
    free(c);
}

static size_t unread(const struct dr_sim_conn *c)
{
    return c->in.len - c->in_at;
}

static size_t unsent(const struct dr_sim_conn *c)
{
    return c->stream.out.len - c->out_at + c->wire.len - c->wire_at;
}

/* Makes room behind what is unread. */
static void compact(struct dr_sim_conn *c)
{
    if (!c->in_at)
        return;
    memmove(c->in.data, c->in.data + c->in_at, unread(c));
    c->in.len -= c->in_at;
    c->in_at = 0;
}

static void emptied(struct dr_buf *b, size_t *at)
{
    *at = 0;
    if (b->room > KEEP_BYTES)
        dr_buf_release(b);
    else
        dr_buf_clear(b);
}

/* ---- TLS, over memory: what came before the handshake must not get lost ---- */

static void tls_decrypt(struct dr_sim_conn *c)
{
    char piece[TLS_RECORD];
    compact(c);
    while (!c->dead && unread(c) <= c->protocol->input_max) {
        ERR_clear_error();
        int n = SSL_read(c->ssl, piece, sizeof(piece));
        if (n > 0) {
            dr_buf_add(&c->in, piece, (size_t)n);
            continue;
        }
        int why = SSL_get_error(c->ssl, n);
        if (why == SSL_ERROR_ZERO_RETURN)
            c->ended = true;
        else if (why != SSL_ERROR_WANT_READ)
            c->dead = true; /* a failed handshake or a broken record */
        return;
    }
}

static void tls_begin(struct dr_sim_conn *c)
{
    if (c->stream.out.len) { /* what was said in the clear must have gone in the clear */
        c->dead = true;
        return;
    }
    BIO *from = BIO_new(BIO_s_mem()), *to = BIO_new(BIO_s_mem());
    c->ssl = SSL_new(c->tls);
    if (!c->ssl || !from || !to)
        abort(); /* out of memory */
    BIO_set_mem_eof_return(from, -1);
    SSL_set_bio(c->ssl, from, to);
    SSL_set_accept_state(c->ssl);
    c->stream.start_tls = false;
    c->stream.tls = true;
    /* What came behind the request for TLS is the handshake's, never a command's. */
    BIO_write(from, c->in.data + c->in_at, (int)unread(c));
    emptied(&c->in, &c->in_at);
    tls_decrypt(c);
}

static void tls_encrypt(struct dr_sim_conn *c)
{
    char piece[TLS_RECORD];
    struct dr_buf *out = &c->stream.out;
    int n;
    if (SSL_is_init_finished(c->ssl)) {
        size_t left = out->len - c->out_at;
        size_t take = left < TLS_RECORD ? left : TLS_RECORD;
        if (take && SSL_write(c->ssl, out->data + c->out_at, (int)take) == (int)take)
            c->out_at += take;
        else if (take)
            c->dead = true;
        if (c->out_at == out->len)
            emptied(out, &c->out_at);
    }
    while ((n = BIO_read(SSL_get_wbio(c->ssl), piece, sizeof(piece))) > 0)
        dr_buf_add(&c->wire, piece, (size_t)n);
}

/* ---- bytes in ---- */

static void took(struct dr_sim_conn *c, const char *bytes, size_t len)
{
    if (c->linger_until_ms)
        return; /* nobody listens any more */
    compact(c);
    if (!c->ssl) {
        dr_buf_add(&c->in, bytes, len);
        return;
    }
    if (BIO_write(SSL_get_rbio(c->ssl), bytes, (int)len) != (int)len)
        c->dead = true;
    tls_decrypt(c);
}

static bool wants_bytes(const struct dr_sim_conn *c)
{
    if (c->muted)
        return false;
    size_t most = c->stream.waiting ? READ_BYTES : c->protocol->input_max;
    bool discards = c->linger_until_ms != 0;
    return !c->ended && unread(c) < most && (!c->stream.close || discards);
}

/* to_end: the client has said its last word, which stands behind what is there. */
static void read_some(struct dr_sim_conn *c, bool to_end)
{
    char piece[READ_BYTES];
    for (int i = 0; i < READS && !c->dead && wants_bytes(c); i++) {
        ssize_t n = recv(c->fd, piece, sizeof(piece), 0);
        if (n > 0)
            took(c, piece, (size_t)n);
        else if (n == 0)
            c->ended = true;
        else if (errno == EINTR)
            continue;
        else if (errno != EAGAIN)
            c->dead = true;
        if (n <= 0 || (n < (ssize_t)sizeof(piece) && !to_end))
            return;
    }
}

/* ---- bytes out ---- */

/* As much as the socket takes. True: something went. */
static bool send_all(struct dr_sim_conn *c, int64_t now_ms)
{
    bool sent = false;
    while (!c->dead && !c->muted) {
        if (c->ssl)
            tls_encrypt(c);
        struct dr_buf *b = c->ssl ? &c->wire : &c->stream.out;
        size_t *at = c->ssl ? &c->wire_at : &c->out_at;
        if (c->stream.out.overflow || c->wire.overflow)
            c->dead = true; /* an answer that cannot be kept whole is not begun */
        if (*at == b->len)
            break;
        ssize_t n = send(c->fd, b->data + *at, b->len - *at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            c->stalled_ms = c->stalled_ms ? c->stalled_ms : now_ms;
            break;
        }
        if (n < 0) {
            c->dead = true;
            break;
        }
        sent = true;
        c->stalled_ms = 0;
        *at += (size_t)n;
        if (*at == b->len)
            emptied(b, at);
    }
    return sent;
}

/* ---- the protocol's turn ---- */

static bool closing(const struct dr_sim_conn *c)
{
    return c->dead || c->stream.close || c->stream.abort;
}

/* Gives the protocol what there is. True: it did something. */
static bool take_turn(struct dr_sim_conn *c, int64_t now_ms)
{
    struct dr_sim_stream *s = &c->stream;
    if (closing(c) || s->out.len >= DR_STREAM_OUT_HIGH)
        return false;
    if (s->waiting) {
        size_t before = s->out.len;
        c->protocol->resume(c->self, s, now_ms);
        return !s->waiting || s->out.len != before;
    }
    if (!unread(c))
        return false;
    size_t used =
        c->protocol->input(c->self, s, c->in.data + c->in_at, unread(c), now_ms);
    c->in_at += used;
    if (s->start_tls) {
        (void)send_all(c, now_ms);
        tls_begin(c);
    } else if (!unread(c)) {
        emptied(&c->in, &c->in_at);
    }
    if (c->ssl && !c->dead) /* what did not fit before */
        tls_decrypt(c);
    return used > 0;
}

/* Our last word is sent: the other end may still be sending, and a close now would reset
 * the connection and take the word back. */
static void linger(struct dr_sim_conn *c, int64_t now_ms)
{
    if (c->ssl && SSL_is_init_finished(c->ssl)) {
        SSL_shutdown(c->ssl);
        (void)send_all(c, now_ms);
    }
    if (shutdown(c->fd, SHUT_WR) != 0)
        c->dead = true;
    c->linger_until_ms = now_ms + DR_CONN_LINGER_MS;
    emptied(&c->in, &c->in_at);
}

static void settle(struct dr_sim_conn *c, int64_t now_ms)
{
    struct dr_sim_stream *s = &c->stream;
    if (c->muted)
        return;
    bool alone = c->ended && s->waiting && !c->protocol->answers_half_end;
    if (s->abort || alone)
        c->dead = true;
    if (c->ended && !s->waiting && !c->runnable && s->out.len < DR_STREAM_OUT_HIGH)
        s->close = true;
    if (s->close && !c->dead && !unsent(c) && !c->linger_until_ms)
        linger(c, now_ms);
    if (c->linger_until_ms && c->ended)
        c->dead = true;
}

bool dr_conn_follow_network(struct dr_sim_conn *c)
{
    if (!c->peer.at || !*c->peer.at->host) /* of no network: the control socket */
        return false;
    uint64_t seen = dr_model_network_changes(c->peer.model);
    bool was = c->muted;
    if (seen == c->network_seen)
        return false;
    c->network_seen = seen;
    c->muted = !dr_model_reached_by(c->peer.model, &c->client.base, c->peer.at);
    return was != c->muted;
}

void dr_conn_event(struct dr_sim_conn *c, uint32_t events, int64_t now_ms)
{
    if (c->muted)
        events = 0; /* a client that leaves is not noticed either */
    if (events & (EPOLLERR | EPOLLHUP))
        c->dead = true;
    if (events & EPOLLIN && !c->dead)
        read_some(c, (events & EPOLLRDHUP) != 0);
    if (events & EPOLLRDHUP && !wants_bytes(c)) {
        c->hung_up = true;
        c->ended = c->ended || !c->protocol->answers_half_end;
    }
    bool more = true;
    for (int turn = 0; more && turn < TURNS; turn++) {
        more = take_turn(c, now_ms);
        if (!more || unsent(c) >= DR_STREAM_OUT_HIGH) /* what went made room for more */
            more = (send_all(c, now_ms) && !closing(c)) || more;
    }
    (void)send_all(c, now_ms);
    c->runnable = more && !closing(c);
    settle(c, now_ms);
}

void dr_conn_sweep(struct dr_sim_conn *c, int64_t now_ms)
{
    struct dr_sim_stream *s = &c->stream;
    if (c->muted) { /* its deadlines begin again when it is heard again */
        s->expires_ms = s->expires_ms ? now_ms + DR_CONN_STALL_MS : 0;
        c->stalled_ms = 0;
    }
    bool late = s->expires_ms && now_ms >= s->expires_ms;
    bool stalled = c->stalled_ms && now_ms >= c->stalled_ms + DR_CONN_STALL_MS;
    bool lingered = c->linger_until_ms && now_ms >= c->linger_until_ms;
    bool orphaned = !c->muted && !c->linger_until_ms && !s->close && c->protocol->alive &&
                    !c->protocol->alive(c->self);
    if (late || stalled || lingered || orphaned)
        c->dead = true;
}

uint32_t dr_conn_wants(const struct dr_sim_conn *c)
{
    if (c->muted)
        return 0;
    return (wants_bytes(c) ? EPOLLIN : 0) | (unsent(c) ? EPOLLOUT : 0) |
           (c->ended || c->hung_up ? 0 : EPOLLRDHUP);
}

size_t dr_conn_bytes(const struct dr_sim_conn *c)
{
    return c->in.room + c->stream.out.room + c->wire.room;
}
