/* Preloaded into a program: while the file CUT_WHILE is there, a network cannot be
 * reached from it, and what was connected breaks.
 *
 *   CUT_NET    how the addresses begin: "127.200.7."
 *   CUT_WHILE  path */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name)                                                                       \
    static __typeof__(name) *real;                                                       \
    if (!real)                                                                           \
    real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* True: it is behind the cut. */
static bool is_behind(const struct sockaddr *to)
{
    char text[INET_ADDRSTRLEN];
    struct sockaddr_in in;
    const char *net = getenv("CUT_NET"), *path = getenv("CUT_WHILE");
    if (!net || !path || to->sa_family != AF_INET)
        return false;
    memcpy(&in, to, sizeof(in));
    return inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text)) &&
           strncmp(text, net, strlen(net)) == 0 && access(path, F_OK) == 0;
}

static bool breaks(int fd)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int before = errno;
    bool is = getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
              is_behind((struct sockaddr *)&peer);
    errno = is ? ECONNRESET : before;
    return is;
}

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    REAL(connect);
    if (is_behind(to)) {
        errno = EHOSTUNREACH;
        return -1;
    }
    return real(fd, to, len);
}

ssize_t send(int fd, const void *from, size_t len, int flags)
{
    REAL(send);
    return breaks(fd) ? -1 : real(fd, from, len, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *what, int flags)
{
    REAL(sendmsg);
    return breaks(fd) ? -1 : real(fd, what, flags);
}

ssize_t recv(int fd, void *to, size_t len, int flags)
{
    REAL(recv);
    return breaks(fd) ? -1 : real(fd, to, len, flags);
}

ssize_t write(int fd, const void *from, size_t len)
{
    REAL(write);
    return breaks(fd) ? -1 : real(fd, from, len);
}

ssize_t read(int fd, void *to, size_t len)
{
    REAL(read);
    return breaks(fd) ? -1 : real(fd, to, len);
}
