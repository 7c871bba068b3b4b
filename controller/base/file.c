#include "controller/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/buf.h"

static int read_all(int fd, const char *path, struct dr_buf *b, struct dr_err *err)
{
    char piece[65536];
    for (;;) {
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dr_fail_errno(err, errno, "cannot read '%s'", path);
        if (got == 0)
            return 0;
        dr_buf_add(b, piece, (size_t)got);
        if (b->overflow)
            return dr_fail(err, DR_E_LIMIT, "'%s' is larger than %zu bytes", path,
                           b->max);
    }
}

int dr_file_read(struct dr_arena *a, const char *path, size_t max, char **bytes,
                 size_t *len, struct dr_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return dr_fail_errno(err, errno, "cannot open '%s'", path);
    struct stat st;
    struct dr_buf b;
    dr_buf_init(&b, max);
    int rc = 0;
    if (fstat(fd, &st) != 0)
        rc = dr_fail_errno(err, errno, "cannot look at '%s'", path);
    else if (!S_ISREG(st.st_mode))
        rc = dr_fail(err, DR_E_INPUT, "'%s' is not a regular file", path);
    else
        rc = read_all(fd, path, &b, err);
    close(fd);
    if (rc == 0) {
        *bytes = dr_strndup(a, dr_buf_str(&b), b.len);
        *len = b.len;
    }
    dr_buf_release(&b);
    return rc;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static int sync_folder(const char *path)
{
    char dir[4096];
    snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = fsync(fd);
    close(fd);
    return rc;
}

int dr_file_write(const char *path, const void *bytes, size_t len, unsigned mode,
                  struct dr_err *err)
{
    char tmp[4096];
    int n = snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof(tmp))
        return dr_fail(err, DR_E_INPUT, "path is too long: '%s'", path);
    int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0)
        return dr_fail_errno(err, errno, "cannot make a file beside '%s'", path);
    int bad = write_all(fd, bytes, len) || fchmod(fd, (mode_t)mode) || fsync(fd);
    int saved = errno;
    if (close(fd) != 0 && !bad) {
        bad = 1;
        saved = errno;
    }
    if (!bad && (rename(tmp, path) != 0 || sync_folder(path) != 0)) {
        bad = 1;
        saved = errno;
    }
    if (!bad)
        return 0;
    unlink(tmp);
    return dr_fail_errno(err, saved, "cannot write '%s'", path);
}

int dr_dir_make(const char *path, struct dr_err *err)
{
    char dir[4096];
    int n = snprintf(dir, sizeof(dir), "%s", path);
    if (n <= 0 || (size_t)n >= sizeof(dir))
        return dr_fail(err, DR_E_INPUT, "folder name is empty or too long");
    for (char *p = dir + 1;; p++) {
        if (*p && *p != '/')
            continue;
        char c = *p;
        *p = '\0';
        if (mkdir(dir, 0700) != 0 && errno != EEXIST)
            return dr_fail_errno(err, errno, "cannot make folder '%s'", dir);
        *p = c;
        if (!c)
            break;
    }
    struct stat st;
    if (stat(dir, &st) != 0)
        return dr_fail_errno(err, errno, "cannot look at folder '%s'", dir);
    if (!S_ISDIR(st.st_mode))
        return dr_fail(err, DR_E_INPUT, "'%s' is not a folder", dir);
    return 0;
}
