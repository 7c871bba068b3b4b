/* Preloaded into a program: makes a system call of it fail. From the environment:
 *
 *   FAILING_CALL   read write connect fsync open rename mmap malloc (each with its kin)
 *   FAILING_AT     the k-th such call fails; 0: none, they are only counted
 *   FAILING_HOW    a number of errno, with a '+': for all calls after it, too; "eintr":
 * that call and the 40 after it are interrupted; "short": from that call on a byte at a
 * time FAILING_COUNT  file that gets the number of calls at the end
 *
 * Counted from the first setrlimit() on, with which drover's main begins: what libraries
 * do while they are loaded is theirs. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum call { READ, WRITE, CONNECT, FSYNC, OPEN, RENAME, MMAP, MALLOC, CALLS };

static const char *const names[CALLS] = {"read", "write",  "connect", "fsync",
                                         "open", "rename", "mmap",    "malloc"};

enum { STORM = 40 };

static long lasting; /* calls after the k-th that fail as well */

static enum call wanted = CALLS;
static long at;
static int how; /* errno; 0: short */
static atomic_bool begun;
static atomic_long counted;

/* True: this one fails; errno is set. */
static bool fails(enum call c)
{
    if (c != wanted || !begun)
        return false;
    long n = ++counted;
    if (!at || n < at || n - at > lasting || !how)
        return false;
    errno = how;
    return true;
}

/* How much of `len` a transfer may take. */
static size_t share(enum call c, size_t len)
{
    bool is_short = c == wanted && begun && at && !how && counted >= at;
    return is_short && len > 1 ? 1 : len;
}

#define REAL(name)                                                                       \
    static __typeof__(name) *real;                                                       \
    if (!real)                                                                           \
    real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void begin(void)
{
    const char *call = getenv("FAILING_CALL"), *way = getenv("FAILING_HOW"),
               *k = getenv("FAILING_AT");
    for (int i = 0; call && i < CALLS; i++)
        if (strcmp(names[i], call) == 0)
            wanted = (enum call)i;
    at = k ? strtol(k, NULL, 10) : 0;
    bool storm = way && strcmp(way, "eintr") == 0;
    how = storm                              ? EINTR
          : way && strcmp(way, "short") != 0 ? (int)strtol(way, NULL, 10)
                                             : 0;
    lasting = storm ? STORM : way && strchr(way, '+') ? LONG_MAX / 2 : 0;
    begun = true;
}

int setrlimit(__rlimit_resource_t what, const struct rlimit *limit)
{
    REAL(setrlimit);
    int rc = real(what, limit);
    if (!begun)
        begin();
    return rc;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("FAILING_COUNT");
    begun = false;
    FILE *f = path ? fopen(path, "w") : NULL;
    if (f) {
        fprintf(f, "%ld\n", (long)counted);
        fclose(f);
    }
}

/* ---- reads and writes ---- */

ssize_t read(int fd, void *to, size_t len)
{
    REAL(read);
    return fails(READ) ? -1 : real(fd, to, share(READ, len));
}

ssize_t pread(int fd, void *to, size_t len, off_t from)
{
    REAL(pread);
    return fails(READ) ? -1 : real(fd, to, share(READ, len), from);
}

ssize_t pread64(int fd, void *to, size_t len, off64_t from)
{
    REAL(pread64);
    return fails(READ) ? -1 : real(fd, to, share(READ, len), from);
}

ssize_t recv(int fd, void *to, size_t len, int flags)
{
    REAL(recv);
    return fails(READ) ? -1 : real(fd, to, share(READ, len), flags);
}

ssize_t write(int fd, const void *from, size_t len)
{
    REAL(write);
    return fails(WRITE) ? -1 : real(fd, from, share(WRITE, len));
}

ssize_t pwrite(int fd, const void *from, size_t len, off_t where)
{
    REAL(pwrite);
    return fails(WRITE) ? -1 : real(fd, from, share(WRITE, len), where);
}

ssize_t pwrite64(int fd, const void *from, size_t len, off64_t where)
{
    REAL(pwrite64);
    return fails(WRITE) ? -1 : real(fd, from, share(WRITE, len), where);
}

ssize_t send(int fd, const void *from, size_t len, int flags)
{
    REAL(send);
    return fails(WRITE) ? -1 : real(fd, from, share(WRITE, len), flags);
}

/* ---- the others ---- */

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    REAL(connect);
    return fails(CONNECT) ? -1 : real(fd, to, len);
}

int fsync(int fd)
{
    REAL(fsync);
    return fails(FSYNC) ? -1 : real(fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    return fails(FSYNC) ? -1 : real(fd);
}

static mode_t mode_of(int flags, va_list ap)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

#define OPEN_LIKE(name)                                                                  \
    int name(const char *path, int flags, ...)                                           \
    {                                                                                    \
        REAL(name);                                                                      \
        va_list ap;                                                                      \
        va_start(ap, flags);                                                             \
        mode_t mode = mode_of(flags, ap);                                                \
        va_end(ap);                                                                      \
        return fails(OPEN) ? -1 : real(path, flags, mode);                               \
    }
OPEN_LIKE(open)
OPEN_LIKE(open64)

#define OPENAT_LIKE(name)                                                                \
    int name(int dir, const char *path, int flags, ...)                                  \
    {                                                                                    \
        REAL(name);                                                                      \
        va_list ap;                                                                      \
        va_start(ap, flags);                                                             \
        mode_t mode = mode_of(flags, ap);                                                \
        va_end(ap);                                                                      \
        return fails(OPEN) ? -1 : real(dir, path, flags, mode);                          \
    }
OPENAT_LIKE(openat)
OPENAT_LIKE(openat64)

int rename(const char *from, const char *to)
{
    REAL(rename);
    return fails(RENAME) ? -1 : real(from, to);
}

int renameat(int a, const char *from, int b, const char *to)
{
    REAL(renameat);
    return fails(RENAME) ? -1 : real(a, from, b, to);
}

void *mmap(void *where, size_t len, int prot, int flags, int fd, off_t from)
{
    REAL(mmap);
    return fails(MMAP) ? MAP_FAILED : real(where, len, prot, flags, fd, from);
}

void *mmap64(void *where, size_t len, int prot, int flags, int fd, off64_t from)
{
    REAL(mmap64);
    return fails(MMAP) ? MAP_FAILED : real(where, len, prot, flags, fd, from);
}

/* ---- memory: dlsym allocates, so glibc's own names serve ---- */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

void *malloc(size_t len)
{
    return fails(MALLOC) ? NULL : __libc_malloc(len);
}

void *calloc(size_t count, size_t len)
{
    return fails(MALLOC) ? NULL : __libc_calloc(count, len);
}

void *realloc(void *p, size_t len)
{
    return fails(MALLOC) ? NULL : __libc_realloc(p, len);
}
