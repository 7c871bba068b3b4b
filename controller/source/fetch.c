/* The child from its parent's side: started without a shell, an environment or open
 * files, given its request through a pipe, listened to, and killed at the deadline. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/source/fetch_wire.h"
#include "controller/source/inside.h"

enum { LOCK_RETRY_MS = 50, LOWEST_FD = 10 };

struct dr_fetch {
    const struct dr_origin *origin;
    int64_t start_ms, end_ms; /* monotonic */
    int lock;                 /* of the mirror, held from start to end; -1: not yet */
    pid_t pid;                /* 0: not started */
    int reply_fd;
    struct dr_buf request, reply;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the request ----------------------------------------------------------------- */

static int read_secret(struct dr_secret *out, const struct dr_origin *o,
                       const struct dr_secret_ref *ref, const char *what,
                       struct dr_err *err)
{
    *out = (struct dr_secret){0};
    if (!ref->file && !ref->env)
        return 0;
    int rc = dr_secret_read(out, ref, o->config.secrets_dir, err);
    if (rc)
        return dr_wrap(err, "git %s", what);
    if (strlen(out->bytes) == out->len)
        return 0;
    dr_secret_release(out);
    return dr_fail(err, DR_E_INPUT, "the git %s holds a zero byte", what);
}

static int write_request(struct dr_buf *b, const struct dr_origin *o, struct dr_err *err)
{
    const struct dr_origin_config *c = &o->config;
    struct dr_secret password = {0}, key = {0}, passphrase = {0};
    char parent[24], kind[8], bytes[24], memory[24];
    snprintf(parent, sizeof(parent), "%ld", (long)getpid());
    snprintf(kind, sizeof(kind), "%d", (int)o->url.kind);
    snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)c->max_repository_bytes);
    snprintf(memory, sizeof(memory), "%llu", (unsigned long long)c->max_memory_bytes);
    int rc = read_secret(&password, o, &c->password, "password", err);
    rc = rc ? rc : read_secret(&key, o, &c->ssh_key, "ssh key", err);
    rc = rc ? rc : read_secret(&passphrase, o, &c->ssh_passphrase, "ssh passphrase", err);
    if (rc == 0) {
        const struct dr_fetch_request r = {
            .field = {[DR_FETCH_PARENT] = parent,
                      [DR_FETCH_MIRROR] = o->mirror,
                      [DR_FETCH_URL] = o->url.fetch,
                      [DR_FETCH_KIND] = kind,
                      [DR_FETCH_HOST] = o->url.host,
                      [DR_FETCH_BRANCH] = c->branch,
                      [DR_FETCH_USER] = c->user,
                      [DR_FETCH_PASSWORD] = password.bytes,
                      [DR_FETCH_SSH_KEY] = key.bytes,
                      [DR_FETCH_SSH_PASSPHRASE] = passphrase.bytes,
                      [DR_FETCH_CA_FILE] = c->ca_file,
                      [DR_FETCH_KNOWN_HOSTS] = c->known_hosts,
                      [DR_FETCH_MAX_BYTES] = bytes,
                      [DR_FETCH_MAX_MEMORY] = memory}};
        dr_fetch_request_write(b, &r);
        if (b->overflow)
            rc = dr_fail(err, DR_E_LIMIT, "the settings of the git origin are too long");
    }
    dr_secret_release(&password);
    dr_secret_release(&key);
    dr_secret_release(&passphrase);
    return rc;
}

static void wipe(struct dr_buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->room);
    dr_buf_release(b);
}

/* ---- the process ----------------------------------------------------------------- */

/* A pipe whose ends are above what the child is given, whatever this process has closed.
 */
static int high_pipe(int fds[2])
{
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0)
        return errno;
    int bad = 0;
    for (int i = 0; i < 2; i++) {
        fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, LOWEST_FD);
        bad = fds[i] < 0 && !bad ? errno : bad;
        close(low[i]);
    }
    for (int i = 0; i < 2 && bad; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    return bad;
}

static int spawn(pid_t *pid, const char *program, int in, int out)
{
    char name[] = "drover", command[] = DR_GIT_FETCH_COMMAND;
    char *const argv[] = {name, command, NULL}, *const environment[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int bad = posix_spawn_file_actions_init(&files);
    if (bad)
        return bad;
    bad = posix_spawnattr_init(&attributes);
    if (bad) {
        posix_spawn_file_actions_destroy(&files);
        return bad;
    }
    bad = posix_spawn_file_actions_adddup2(&files, in, 0);
    bad = bad ? bad : posix_spawn_file_actions_adddup2(&files, out, 1);
    bad =
        bad ? bad : posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    bad = bad ? bad : posix_spawn_file_actions_addclosefrom_np(&files, 3);
    bad = bad ? bad : posix_spawnattr_setsigdefault(&attributes, &all);
    bad = bad ? bad : posix_spawnattr_setsigmask(&attributes, &none);
    /* a group of its own: a ctrl-C is for the parent, which then decides */
    bad = bad ? bad : posix_spawnattr_setpgroup(&attributes, 0);
    bad = bad ? bad
              : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF |
                                                          POSIX_SPAWN_SETSIGMASK |
                                                          POSIX_SPAWN_SETPGROUP);
    bad = bad ? bad : posix_spawn(pid, program, &files, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return bad;
}

static int start_child(struct dr_fetch *f, struct dr_err *err)
{
    const char *program = f->origin->config.fetcher;
    int in[2], out[2];
    int bad = high_pipe(in);
    if (bad)
        return dr_fail_errno(err, bad, "cannot make a pipe");
    bad = high_pipe(out);
    if (bad) {
        close(in[0]);
        close(in[1]);
        return dr_fail_errno(err, bad, "cannot make a pipe");
    }
    /* fits into the pipe's buffer, so it is written before anybody reads; where the
     * system gives less than usual, this fails instead of waiting */
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    ssize_t n = write(in[1], f->request.data, f->request.len);
    bad = n < 0 ? errno : (size_t)n != f->request.len ? ENOBUFS : 0;
    if (!bad)
        bad = spawn(&f->pid, program ? program : "/proc/self/exe", in[0], out[1]);
    close(in[0]);
    close(in[1]);
    close(out[1]);
    wipe(&f->request);
    if (bad) {
        f->pid = 0;
        close(out[0]);
        return dr_fail_errno(err, bad, "cannot start the fetching process");
    }
    f->reply_fd = out[0];
    return 0;
}

/* One fetch per mirror, also beside another drover that uses the same state folder. */
static int try_lock(struct dr_fetch *f, bool *held, struct dr_err *err)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s.lock", f->origin->mirror);
    *held = false;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return dr_fail_errno(err, errno, "cannot open '%s'", path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        f->lock = fd;
        *held = true;
        return 0;
    }
    int bad = errno;
    close(fd);
    return bad == EWOULDBLOCK ? 0 : dr_fail_errno(err, bad, "cannot lock '%s'", path);
}

static int advance(struct dr_fetch *f, struct dr_err *err)
{
    bool held;
    if (f->pid)
        return 0;
    int rc = try_lock(f, &held, err);
    return rc || !held ? rc : start_child(f, err);
}

int dr_fetch_start(struct dr_fetch **out, const struct dr_origin *o, int64_t deadline_ms,
                   struct dr_err *err)
{
    struct dr_fetch *f = dr_xcalloc(1, sizeof(*f));
    f->origin = o;
    f->lock = f->reply_fd = -1;
    f->start_ms = now_ms();
    f->end_ms = f->start_ms + (deadline_ms > 0 ? deadline_ms : 0);
    dr_buf_init(&f->request, DR_FETCH_REQUEST_MAX);
    dr_buf_init(&f->reply, DR_FETCH_REPLY_MAX);
    int rc = write_request(&f->request, o, err);
    rc = rc ? rc : advance(f, err);
    if (rc)
        dr_fetch_kill(f);
    else
        *out = f;
    return rc;
}

int dr_fetch_fd(const struct dr_fetch *f)
{
    return f->reply_fd;
}

/* ---- the end --------------------------------------------------------------------- */

void dr_fetch_kill(struct dr_fetch *f)
{
    if (!f)
        return;
    if (f->pid) {
        kill(f->pid, SIGKILL);
        while (waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    if (f->reply_fd >= 0)
        close(f->reply_fd);
    if (f->lock >= 0)
        close(f->lock);
    wipe(&f->request);
    dr_buf_release(&f->reply);
    free(f);
}

/* The child has closed its pipe. */
static void conclude(struct dr_fetch *f, struct dr_err *result)
{
    int status = 0;
    pid_t reaped;
    kill(f->pid, SIGKILL); /* it has nothing more to say, and must not hold the mirror */
    while ((reaped = waitpid(f->pid, &status, 0)) < 0 && errno == EINTR)
        continue;
    f->pid = 0;
    if (!f->reply.overflow &&
        dr_fetch_reply_read(dr_buf_str(&f->reply), f->reply.len, result))
        return;
    if (reaped > 0 && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        dr_fail(result, DR_E_PROTOCOL, "the fetching process died of signal %d",
                WTERMSIG(status));
    else
        dr_fail(result, DR_E_IO, "the fetching process ended without an answer");
}

/* True: the child is done. */
static bool take_reply(struct dr_fetch *f)
{
    char piece[1024];
    ssize_t n = read(f->reply_fd, piece, sizeof(piece));
    if (n < 0)
        return errno != EINTR && errno != EAGAIN;
    dr_buf_add(&f->reply, piece, (size_t)n);
    return n == 0 || f->reply.overflow;
}

static void too_late(struct dr_fetch *f, struct dr_err *result)
{
    dr_fail(result, DR_E_TIMEOUT, "%s after %lld ms",
            f->pid ? "the git server gave no answer or not all of it"
                   : "another drover was still fetching into the same folder",
            (long long)(f->end_ms - f->start_ms));
}

bool dr_fetch_wait(struct dr_fetch *f, int64_t wait_ms, struct dr_err *result)
{
    int64_t until = now_ms() + (wait_ms > 0 ? wait_ms : 0);
    *result = (struct dr_err){0};
    for (bool over = false; !over;) {
        int64_t now = now_ms(), rest = (until < f->end_ms ? until : f->end_ms) - now;
        struct pollfd p = {.fd = f->reply_fd, .events = POLLIN};
        if (!f->pid && (rest > LOCK_RETRY_MS))
            rest = LOCK_RETRY_MS;
        int n =
            poll(&p, f->pid ? 1 : 0, rest > 0 ? (int)(rest < 60000 ? rest : 60000) : 0);
        if (n > 0 && take_reply(f)) {
            conclude(f, result);
            over = true;
        } else if (!f->pid && advance(f, result) != 0) {
            over = true;
        } else if (n <= 0 && now_ms() >= f->end_ms) {
            too_late(f, result);
            over = true;
        } else if (n <= 0 && now_ms() >= until) {
            return false;
        }
    }
    dr_fetch_kill(f);
    return true;
}
