/* A folder of documents, or one document, as an origin. Every step into it is one name
 * relative to an open folder and never through a link, so nothing outside can be read. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/buf.h"
#include "controller/base/digest.h"
#include "controller/base/file.h"
#include "controller/source/inside.h"

enum { OPEN_IN = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY };

int dr_folder_open(struct dr_origin *o, struct dr_err *err)
{
    struct dr_origin_config *c = &o->config;
    char hash[DR_SHA256_HEX], real[4096];
    o->name = dr_sprintf(o->arena, "folder %s", c->dir);
    if (!c->state_dir)
        return 0;
    if (!realpath(c->dir, real))
        return dr_fail_errno(err, errno, "cannot look at '%s'", c->dir);
    dr_sha256_hex(hash, real, strlen(real));
    int rc = dr_dir_make(c->state_dir, err);
    return rc ? rc
              : dr_seen_open(
                    &o->seen,
                    dr_sprintf(o->arena, "%s/folder-%.16s.db", c->state_dir, hash), err);
}

/* ---- reading --------------------------------------------------------------------- */

static void unreadable(struct dr_collect *c, const char *path, int bad)
{
    dr_collect_obstacle(c, DR_OBSTACLE_UNREADABLE, path, true, "cannot be read: %s",
                        strerror(bad));
}

/* All bytes of an open file that was a regular one of that size a moment ago. */
static void take_bytes(struct dr_collect *c, int fd, const char *path)
{
    struct dr_buf b;
    char piece[65536];
    ssize_t n;
    dr_buf_init(&b, c->max_file_bytes + 1);
    while ((n = read(fd, piece, sizeof(piece))) != 0 && !b.overflow) {
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            dr_buf_add(&b, piece, (size_t)n);
    }
    if (n < 0)
        unreadable(c, path, errno);
    else if (dr_collect_fits(c, path, b.len))
        dr_collect_file(c, path, dr_buf_str(&b), b.len);
    dr_buf_release(&b);
}

static void take_document(struct dr_collect *c, int folder, const char *name,
                          const char *path)
{
    struct stat st;
    int fd = openat(folder, name, OPEN_IN);
    if (fd < 0) {
        unreadable(c, path, errno);
        return;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        dr_collect_obstacle(c, DR_OBSTACLE_SPECIAL, path, true,
                            "this is no ordinary file");
    else if (dr_collect_fits(c, path, (uint64_t)st.st_size))
        take_bytes(c, fd, path);
    close(fd);
}

static enum dr_collect_type type_of(const struct stat *st)
{
    return S_ISREG(st->st_mode)   ? DR_TYPE_FILE
           : S_ISDIR(st->st_mode) ? DR_TYPE_FOLDER
           : S_ISLNK(st->st_mode) ? DR_TYPE_SYMLINK
                                  : DR_TYPE_OTHER;
}

static void take_folder(struct dr_collect *c, int fd, const char *path, unsigned depth);

static void take_entry(struct dr_collect *c, int folder, const char *folder_path,
                       const char *name, unsigned depth)
{
    struct stat st;
    const char *path;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) /* removed since it was listed */
            unreadable(c, name, errno);
        return;
    }
    switch (dr_collect_judge(c, folder_path, name, type_of(&st), depth, &path)) {
    case DR_ENTRY_FOLDER: {
        int fd = openat(folder, name, OPEN_IN | O_DIRECTORY);
        if (fd < 0)
            unreadable(c, path, errno);
        else
            take_folder(c, fd, path, depth + 1);
        break;
    }
    case DR_ENTRY_DOCUMENT:
        take_document(c, folder, name, path);
        break;
    case DR_ENTRY_PASS:
    case DR_ENTRY_ODD:
        break;
    }
}

/* Closes fd. */
static void take_folder(struct dr_collect *c, int fd, const char *path, unsigned depth)
{
    DIR *d = fdopendir(fd);
    if (!d) {
        unreadable(c, path, errno);
        close(fd);
        return;
    }
    for (;;) {
        errno = 0;
        struct dirent *e = readdir(d);
        if (!e || c->full)
            break;
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            take_entry(c, dirfd(d), path, e->d_name, depth);
    }
    if (errno)
        unreadable(c, path, errno);
    closedir(d);
}

/* A Kubernetes volume of a ConfigMap or Secret: the link "..data" names the folder beside
 * it that holds the files of one version, and is replaced in one step when they change.
 * Only this link is followed, to a plain name.  Out: the folder to read; fd is closed if
 * that is another one. */
static int versioned_root(int fd)
{
    char name[DR_COLLECT_NAME + 1];
    ssize_t n = readlinkat(fd, "..data", name, sizeof(name) - 1);
    if (n <= 0)
        return fd;
    name[n] = '\0';
    if (strchr(name, '/') || strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
        return fd;
    int inner = openat(fd, name, OPEN_IN | O_DIRECTORY);
    if (inner < 0)
        return fd;
    close(fd);
    return inner;
}

/* Over count, lengths and bytes, so that no two sets of files give the same; what could
 * not be read counts, too: a document that goes while something hides it must be noticed
 * as gone once nothing does. */
static void hash_files(const struct dr_origin_revision *r, char out[DR_REVISION_TEXT])
{
    struct dr_buf b;
    char hex[DR_SHA256_HEX];
    dr_buf_init(&b, SIZE_MAX / 4); /* at most max_files lines, each limited */
    for (size_t i = 0; i < r->file_count; i++)
        dr_buf_addf(&b, "%zu:%s %s\n", strlen(r->files[i].path), r->files[i].path,
                    r->files[i].digest);
    for (size_t i = 0; i < r->obstacle_count; i++)
        dr_buf_addf(&b, "%s %zu:%s\n", dr_obstacle_name(r->obstacles[i].kind),
                    strlen(r->obstacles[i].path), r->obstacles[i].path);
    if (!r->complete)
        dr_buf_adds(&b, "incomplete\n");
    dr_sha256_hex(hex, dr_buf_str(&b), b.len);
    dr_buf_release(&b);
    snprintf(out, DR_REVISION_TEXT, "dir:%s", hex);
}

static int read_into(struct dr_origin *o, struct dr_collect *c, bool *lone_file,
                     struct dr_err *err)
{
    const char *dir = o->config.dir;
    struct stat st;
    /* the path itself is the operator's word and may lead through links */
    int fd = open(dir, (OPEN_IN | O_DIRECTORY) & ~O_NOFOLLOW);
    if (fd >= 0) {
        take_folder(c, versioned_root(fd), "", 0);
        return 0;
    }
    if (errno != ENOTDIR)
        return dr_fail_errno(err, errno, "cannot open '%s'", dir);
    const char *slash = strrchr(dir, '/'), *name = slash ? slash + 1 : dir;
    if (stat(dir, &st) != 0)
        return dr_fail_errno(err, errno, "cannot look at '%s'", dir);
    if (!S_ISREG(st.st_mode))
        return dr_fail(err, DR_E_INPUT, "'%s' is neither a folder nor a file", dir);
    fd = open(dir, OPEN_IN & ~O_NOFOLLOW);
    if (fd < 0)
        return dr_fail_errno(err, errno, "cannot open '%s'", dir);
    if (dr_collect_fits(c, name, (uint64_t)st.st_size))
        take_bytes(c, fd, dr_strdup(c->arena, name));
    close(fd);
    *lone_file = true;
    return 0;
}

int dr_folder_read(struct dr_origin *o, struct dr_arena *a,
                   struct dr_origin_revision *out, struct dr_err *err)
{
    struct dr_collect c = dr_origin_collect(o, a);
    bool lone_file = false;
    int rc = read_into(o, &c, &lone_file, err);
    if (rc)
        return rc;
    char revision[DR_REVISION_TEXT];
    dr_collect_finish(&c, out);
    out->lone_file = lone_file;
    hash_files(out, revision);
    out->revision = dr_strdup(a, revision);
    return o->seen ? dr_seen_remember(o->seen, out, err) : 0;
}
