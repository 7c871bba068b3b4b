#include "controller/act/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "controller/base/printable.h"

/* What the holder wrote into the file; it may have died since, or not have written yet.
 */
static int say_held(int fd, const char *path, struct dr_err *err)
{
    char text[128] = "";
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    struct dr_arena *a = dr_arena_new(0);
    int rc =
        dr_fail(err, DR_E_CONFLICT, "'%s' is held by another drover (%s)", path,
                *text ? dr_printable(a, text, strlen(text), sizeof(text)) : "starting");
    dr_hint(err, "stop that one, or give this one a state folder of its own");
    dr_arena_free(a);
    return rc;
}

int dr_state_lock(const char *dir, int *fd, struct dr_err *err)
{
    char path[4096], text[128], host[65] = "";
    int n = snprintf(path, sizeof(path), "%s/lock", dir);
    if (n < 0 || (size_t)n >= sizeof(path))
        return dr_fail(err, DR_E_INPUT, "the name of the state folder is too long");
    int held = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (held < 0)
        return dr_fail_errno(err, errno, "cannot open the lock '%s'", path);
    if (flock(held, LOCK_EX | LOCK_NB) != 0) {
        int rc = errno == EWOULDBLOCK
                     ? say_held(held, path, err)
                     : dr_fail_errno(err, errno, "cannot lock '%s'", path);
        close(held);
        return rc;
    }
    gethostname(host, sizeof(host) - 1);
    int len = snprintf(text, sizeof(text), "process %ld on %s\n", (long)getpid(), host);
    /* the text is for people; the lock holds without it */
    if (ftruncate(held, 0) != 0 || pwrite(held, text, (size_t)len, 0) != len)
        errno = 0;
    *fd = held;
    return 0;
}
