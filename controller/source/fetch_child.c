/* The fetching process: the only part of drover that speaks to a git server. It holds one
 * credential and no more, confines itself, and ends with its answer. What it leaves is a
 * bare repository in which DR_MIRROR_REF is the branch as the server has it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/digest.h"
#include "controller/base/file.h"
#include "controller/base/num.h"
#include "controller/source/fetch_job.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DR_HAS_SHADOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DR_HAS_SHADOW 1
#endif
#endif
#ifndef DR_HAS_SHADOW
#define DR_HAS_SHADOW 0
#endif

enum {
    PACKS_MAX = 100, /* more make reading slow: begin anew */
    DESCRIPTORS_MAX = 256,
};
static const char *field(const struct dr_fetch_job *j, enum dr_fetch_field f)
{
    return j->request->field[f];
}

/* ---- the process ----------------------------------------------------------------- */

static void limit(int what, rlim_t to)
{
    struct rlimit r = {.rlim_cur = to, .rlim_max = to}, now;
    if (getrlimit(what, &now) == 0 && now.rlim_max != RLIM_INFINITY && now.rlim_max < to)
        return;
    setrlimit(what, &r);
}

static void confine(const struct dr_fetch_job *j)
{
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
    /* twice: a pack and its index; above it a write fails with EFBIG */
    limit(RLIMIT_FSIZE, (rlim_t)j->max_bytes * 2);
    if (!DR_HAS_SHADOW) /* a sanitizer's shadow memory counts */
        limit(RLIMIT_DATA, (rlim_t)j->max_memory);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    umask(077);
}

/* The pipe's bytes up to its end. */
static int read_request(struct dr_buf *b, struct dr_err *err)
{
    char piece[4096];
    ssize_t n;
    while ((n = read(STDIN_FILENO, piece, sizeof(piece))) != 0) {
        if (n < 0 && errno != EINTR)
            return dr_fail_errno(err, errno, "cannot read the request");
        if (n > 0)
            dr_buf_add(b, piece, (size_t)n);
    }
    explicit_bzero(piece, sizeof(piece));
    return b->overflow ? dr_fail(err, DR_E_BUG, "the request is too long") : 0;
}

static int understand(struct dr_fetch_job *j, struct dr_err *err)
{
    uint64_t parent = 0, kind = 0;
    const char *const words[] = {field(j, DR_FETCH_PARENT), field(j, DR_FETCH_KIND),
                                 field(j, DR_FETCH_MAX_BYTES),
                                 field(j, DR_FETCH_MAX_MEMORY)};
    uint64_t *const to[] = {&parent, &kind, &j->max_bytes, &j->max_memory};
    for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
        if (!dr_parse_u64(words[i], strlen(words[i]), to[i]))
            return dr_fail(err, DR_E_BUG, "the request has no number where one belongs");
    }
    j->kind = (enum dr_url_kind)kind;
    if ((uint64_t)getppid() != parent)
        return dr_fail(err, DR_E_CANCELLED, "the parent is gone");
    return 0;
}
/* ---- the mirror ------------------------------------------------------------------ */

/* ssh: libgit2 looks for known hosts in HOME, and only there. */
static int make_home(struct dr_fetch_job *j, const char *mirror, struct dr_err *err)
{
    char home[DR_MIRROR_PATH + 8], ssh[DR_MIRROR_PATH + 16], hosts[DR_MIRROR_PATH + 32];
    snprintf(home, sizeof(home), "%s.home", mirror);
    snprintf(ssh, sizeof(ssh), "%s/.ssh", home);
    snprintf(hosts, sizeof(hosts), "%s/known_hosts", ssh);
    int rc = dr_dir_make(ssh, err);
    if (rc)
        return rc;
    unlink(hosts);
    if (access(field(j, DR_FETCH_KNOWN_HOSTS), R_OK) != 0)
        return dr_fail_errno(err, errno, "cannot read the known hosts '%s'",
                             field(j, DR_FETCH_KNOWN_HOSTS));
    if (symlink(field(j, DR_FETCH_KNOWN_HOSTS), hosts) != 0 ||
        setenv("HOME", home, 1) != 0)
        return dr_fail_errno(err, errno, "cannot prepare '%s'", hosts);
    return 0;
}
/* Fetches everything into a new folder and puts it in the place of the old one: a mirror
 * that cannot be used, or has gathered too much that nobody refers to. */
static int begin_anew(struct dr_fetch_job *j, char *mirror, struct dr_err *err)
{
    char fresh[DR_MIRROR_PATH + 4], old[DR_MIRROR_PATH + 4];
    snprintf(fresh, sizeof(fresh), "%s.new", mirror);
    snprintf(old, sizeof(old), "%s.old", mirror);
    dr_fetch_remove(fresh);
    dr_fetch_remove(old);
    j->asked = 0;
    *err = j->refusal = (struct dr_err){0};
    int rc = dr_fetch_into(j, fresh, err);
    if (rc == 0 && rename(mirror, old) != 0 && errno != ENOENT)
        rc = dr_fail_errno(err, errno, "cannot replace '%s'", mirror);
    if (rc == 0 && rename(fresh, mirror) != 0)
        rc = dr_fail_errno(err, errno, "cannot replace '%s'", mirror);
    dr_fetch_remove(fresh);
    dr_fetch_remove(old);
    return rc;
}
static int work(struct dr_fetch_job *j, struct dr_err *err)
{
    const char *mirror = field(j, DR_FETCH_MIRROR), *ca = field(j, DR_FETCH_CA_FILE);
    confine(j);
    int rc = dr_git_begin(err);
    if (rc)
        return rc;
    if (*ca && git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, ca, NULL) != 0)
        rc = dr_git_fail(err, DR_E_INPUT, "cannot use the CA certificates");
    if (rc == 0 && j->kind == DR_URL_SSH)
        rc = make_home(j, mirror, err);
    if (rc == 0) {
        char path[DR_MIRROR_PATH];
        snprintf(path, sizeof(path), "%s", mirror);
        struct dr_fetch_weight w = dr_fetch_weigh(path);
        bool anew =
            w.packs > PACKS_MAX || w.bytes > j->max_bytes || !dr_fetch_is_sound(path);
        rc = anew ? -DR_E_LIMIT : dr_fetch_into(j, path, err);
        /* too large together with what nobody refers to any more: once without that */
        if (rc == -DR_E_LIMIT && (anew || w.packs))
            rc = begin_anew(j, path, err);
    }
    git_libgit2_shutdown();
    return rc;
}

static bool is_pipe(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

int dr_git_fetch_main(int argc, char **argv)
{
    struct dr_fetch_request request = {0};
    struct dr_fetch_job job = {.request = &request};
    struct dr_err err = {0};
    struct dr_buf in, out;
    (void)argv;
    if (argc != 2 || !is_pipe(STDIN_FILENO) || !is_pipe(STDOUT_FILENO)) {
        dprintf(STDERR_FILENO, "drover %s: started by drover itself, not by hand\n",
                DR_GIT_FETCH_COMMAND);
        return 64;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    dr_buf_init(&in, DR_FETCH_REQUEST_MAX);
    dr_buf_init(&out, DR_FETCH_REPLY_MAX);
    int rc = read_request(&in, &err);
    if (rc == 0 && !dr_fetch_request_read(in.data, in.len, &request))
        rc = dr_fail(&err, DR_E_BUG, "that is no request");
    rc = rc ? rc : understand(&job, &err);
    rc = rc ? rc : work(&job, &err);
    if (in.data)
        explicit_bzero(in.data, in.room);
    dr_buf_release(&in);
    dr_fetch_reply_write(&out, &err);
    ssize_t n = write(STDOUT_FILENO, dr_buf_str(&out), out.len);
    bool written = n == (ssize_t)out.len;
    dr_buf_release(&out);
    return rc == 0 && written ? 0 : 1;
}
