#include "cmd/drover-sim/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 512 };

static int cannot(struct dr_sim_listener *l, int why, const char *what,
                  struct dr_err *err)
{
    char text[DR_HOST_MAX + 16];
    int rc = dr_fail_errno(err, why, "cannot %s %s", what,
                           l->path ? l->path : dr_address_text(&l->at, text));
    dr_listener_close(l);
    if (l->path)
        dr_hint(err, "give another path with --ctl");
    else if (why == EADDRINUSE)
        dr_hint(err,
                "see who has it with `ss -ltnp 'sport = :%u'`, end that, or give the "
                "estate another address: all of 127.0.0.0/8 works on Linux",
                l->at.port);
    else if (why == EADDRNOTAVAIL)
        dr_hint(err, "this machine has no such address: use one of 127.0.0.0/8, all of "
                     "which work on Linux without being set up");
    else if (why == EACCES)
        dr_hint(err, "ports below 1024 need a privilege: give the estate a higher one");
    return rc;
}

static int open_tcp(struct dr_sim_listener *l, struct dr_err *err)
{
    char port[8];
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM,
                                            .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    int one = 1;
    snprintf(port, sizeof(port), "%u", l->at.port);
    int rc = getaddrinfo(l->at.host, port, &hints, &found);
    if (rc)
        return dr_fail(err, DR_E_INPUT, "cannot listen on '%s': %s", l->at.host,
                       gai_strerror(rc));
    l->fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool good = l->fd >= 0 &&
                setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
                bind(l->fd, found->ai_addr, found->ai_addrlen) == 0 &&
                listen(l->fd, BACKLOG) == 0;
    int why = errno;
    freeaddrinfo(found);
    return good ? 0 : cannot(l, why, "listen on", err);
}

/* A socket that nobody listens on is left over by a process that was killed. */
static bool somebody_listens(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;
    if (fd >= 0)
        close(fd);
    return taken;
}

static int open_unix(struct dr_sim_listener *l, struct dr_err *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat st;
    if (strlen(l->path) >= sizeof(at.sun_path))
        return dr_fail(err, DR_E_INPUT,
                       "the control socket's path is longer than %zu "
                       "characters: '%s'",
                       sizeof(at.sun_path) - 1, l->path);
    memcpy(at.sun_path, l->path, strlen(l->path));
    if (lstat(l->path, &st) == 0) {
        if (!S_ISSOCK(st.st_mode) || somebody_listens(&at))
            return cannot(l, EADDRINUSE, "listen on", err);
        unlink(l->path);
    }
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t old = umask(0177); /* for its owner alone */
    bool good = l->fd >= 0 && bind(l->fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
                listen(l->fd, BACKLOG) == 0;
    int why = errno;
    umask(old);
    return good ? 0 : cannot(l, why, "listen on", err);
}

int dr_listener_open(struct dr_sim_listener *l, struct dr_err *err)
{
    return l->path ? open_unix(l, err) : open_tcp(l, err);
}

void dr_listener_close(struct dr_sim_listener *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

int dr_listener_accept(struct dr_sim_listener *l, char *host, size_t room,
                       bool *exhausted)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof(from);
    int one = 1, fd;
    do
        fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    *exhausted = fd < 0 && (errno == EMFILE || errno == ENFILE);
    snprintf(host, room, "localhost");
    if (fd < 0 || l->path)
        return fd;
    if (getnameinfo((struct sockaddr *)&from, len, host, (socklen_t)room, NULL, 0,
                    NI_NUMERICHOST) != 0)
        snprintf(host, room, "?");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

int dr_tls_context(SSL_CTX **out, const char *cert, const char *key, struct dr_err *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx)
        abort(); /* out of memory */
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    const char *what = NULL;
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        what = cert;
    else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(ctx) != 1)
        what = key;
    if (!what) {
        *out = ctx;
        return 0;
    }
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    SSL_CTX_free(ctx);
    return dr_fail(err, DR_E_INPUT, "cannot use '%s' for TLS: %s", what,
                   why ? why : "no reason given");
}
