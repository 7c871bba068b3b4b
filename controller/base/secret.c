#include "controller/base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/arena.h"
#include "controller/base/digest.h"

void dr_secret_set(struct dr_secret *out, const char *bytes, size_t len)
{
    out->bytes = dr_xcalloc(len + 1, 1);
    out->len = len;
    (void)mlock(out->bytes, len + 1); /* best effort: the limit may be small */
    if (len)
        memcpy(out->bytes, bytes, len);
}

void dr_secret_copy(struct dr_secret *out, const struct dr_secret *from)
{
    dr_secret_set(out, from->bytes ? from->bytes : "", from->len);
}

void dr_secret_release(struct dr_secret *s)
{
    if (s->bytes) {
        explicit_bzero(s->bytes, s->len + 1);
        (void)munlock(s->bytes, s->len + 1);
        free(s->bytes);
    }
    *s = (struct dr_secret){0};
}

static int check_file(int fd, const char *name, struct dr_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return dr_fail_errno(err, errno, "cannot look at secret file '%s'", name);
    if (!S_ISREG(st.st_mode))
        return dr_fail(err, DR_E_INPUT, "secret '%s' is not a regular file", name);
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        int rc =
            dr_fail(err, DR_E_INPUT, "secret file '%s' belongs to another user", name);
        dr_hint(err, "chown it to the user that runs drover, or to root");
        return rc;
    }
    if (st.st_mode & 077) {
        int rc =
            dr_fail(err, DR_E_INPUT, "secret file '%s' has mode %04o: others may read it",
                    name, (unsigned)(st.st_mode & 07777));
        dr_hint(err, "chmod 0600 %s", name);
        return rc;
    }
    return 0;
}

/* Reads all of fd into `bytes`, one byte more than allowed to see that there is more. */
static int read_bytes(int fd, const char *path, char *bytes, size_t *len,
                      struct dr_err *err)
{
    for (*len = 0; *len <= DR_SECRET_MAX;) {
        ssize_t got = read(fd, bytes + *len, DR_SECRET_MAX + 1 - *len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dr_fail_errno(err, errno, "cannot read secret file '%s'", path);
        if (got == 0)
            return 0;
        *len += (size_t)got;
    }
    return dr_fail(err, DR_E_LIMIT, "secret file '%s' is over %d bytes", path,
                   DR_SECRET_MAX);
}

static int read_file(struct dr_secret *out, const char *name, const char *dir,
                     struct dr_err *err)
{
    char path[4096], bytes[DR_SECRET_MAX + 1];
    size_t len = 0;
    if (name[0] != '/' && !dir) {
        int rc = dr_fail(err, DR_E_INPUT, "secret file '%s' is relative", name);
        dr_hint(err, "give its folder with --secrets DIR, or an absolute path");
        return rc;
    }
    int n = snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : dir,
                     name[0] == '/' ? "" : "/", name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return dr_fail(err, DR_E_INPUT, "secret file name is too long");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        int why = errno,
            bad = dr_fail_errno(err, why, "cannot open secret file '%s'", path);
        if (why == ENOENT)
            dr_hint(err, "make it with mode 0600%s",
                    name[0] == '/' ? "" : ", or name another folder with --secrets DIR");
        else if (why == ELOOP)
            dr_hint(err, "a link is not followed: name the file itself");
        return bad;
    }
    int rc = check_file(fd, path, err);
    if (rc == 0)
        rc = read_bytes(fd, path, bytes, &len, err);
    close(fd);
    if (rc == 0 && len && bytes[len - 1] == '\n')
        len--;
    if (rc == 0 && (!len || memchr(bytes, '\0', len)))
        rc = dr_fail(err, DR_E_INPUT, "secret file '%s' is empty or holds a NUL", path);
    if (rc == 0)
        dr_secret_set(out, bytes, len);
    explicit_bzero(bytes, sizeof(bytes));
    return rc;
}

int dr_secret_read(struct dr_secret *out, const struct dr_secret_ref *ref,
                   const char *dir, struct dr_err *err)
{
    *out = (struct dr_secret){0};
    if (ref->file)
        return read_file(out, ref->file, dir, err);
    if (!ref->env)
        return dr_fail(err, DR_E_BUG, "a secret reference names neither file nor env");
    const char *v = getenv(ref->env);
    if (!v || !*v) {
        int rc = dr_fail(err, DR_E_INPUT, "environment variable %s is %s", ref->env,
                         v ? "empty" : "not set");
        dr_hint(err,
                "export %s where drover is started, or refer to a file of mode 0600: "
                "{file: PATH}",
                ref->env);
        return rc;
    }
    if (strlen(v) > DR_SECRET_MAX)
        return dr_fail(err, DR_E_LIMIT, "environment variable %s is over %d bytes",
                       ref->env, DR_SECRET_MAX);
    dr_secret_set(out, v, strlen(v));
    return 0;
}

void dr_secret_derive(struct dr_secret *out, const struct dr_secret *secret,
                      const char *message)
{
    unsigned char mac[DR_SHA256_BYTES];
    char text[DR_BASE64URL_MAX(DR_SHA256_BYTES)];
    dr_hmac_sha256(mac, secret->bytes ? secret->bytes : "", secret->len, message,
                   strlen(message));
    dr_base64url(text, mac, sizeof(mac));
    dr_secret_set(out, text, strlen(text));
    explicit_bzero(mac, sizeof(mac));
    explicit_bzero(text, sizeof(text));
}

bool dr_storage_param_secret(const char *name)
{
    static const char *const names[] = {
        "access-key", "secret-access-key", "session-token",    "account-key",
        "sas-token",  "encryption-key",    "credentials-file", "external-id"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}
