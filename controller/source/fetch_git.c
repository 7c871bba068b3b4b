/* Speaking to a git server through libgit2: who it is, who we are, how much it may send,
 * and what its failures mean. Nothing it sends is trusted. */
#include <string.h>
#include <strings.h>

#include <git2/cert.h>

#include "controller/base/digest.h"
#include "controller/base/num.h"
#include "controller/source/fetch_job.h"

enum { CREDENTIALS_MAX = 2 /* asked again: they were refused */, OBJECTS_MAX = 5000000 };

static const char *field(const struct dr_fetch_job *j, enum dr_fetch_field f)
{
    return j->request->field[f];
}

/* ---- what libgit2 asks ----------------------------------------------------------- */

/* As OpenSSH writes it: base64 without padding. */
static void fingerprint(char out[DR_BASE64URL_MAX(32)], const unsigned char hash[32])
{
    dr_base64url(out, hash, 32);
    for (; *out; out++)
        *out = *out == '-' ? '+' : *out == '_' ? '/' : *out;
}

static int on_certificate(git_cert *cert, int valid, const char *host, void *ctx)
{
    struct dr_fetch_job *j = ctx;
    const char *wanted = field(j, DR_FETCH_HOST);
    if (strcasecmp(host, wanted) != 0) {
        dr_fail(&j->refusal, DR_E_AUTH,
                "the git server sent us on to another host, '%.100s'", host);
        return GIT_ECERTIFICATE;
    }
    if (valid)
        return 0;
    if (cert->cert_type == GIT_CERT_HOSTKEY_LIBSSH2) {
        const git_cert_hostkey *key = (const git_cert_hostkey *)cert;
        char print[DR_BASE64URL_MAX(32)] = "unknown";
        if (key->type & GIT_CERT_SSH_SHA256)
            fingerprint(print, key->hash_sha256);
        dr_fail(&j->refusal, DR_E_AUTH,
                "the ssh host key of '%s' is not the one among the known hosts; it shows "
                "SHA256:%s",
                wanted, print);
        dr_hint(&j->refusal, "compare it with the server's, then add it to '%s'",
                field(j, DR_FETCH_KNOWN_HOSTS));
        return GIT_ECERTIFICATE;
    }
    dr_fail(&j->refusal, DR_E_TLS, "the certificate of '%s' cannot be trusted", wanted);
    dr_hint(&j->refusal,
            "give its CA; the certificate must name the host by DNS name and be "
            "valid today");
    return GIT_ECERTIFICATE;
}

static int on_credentials(git_credential **out, const char *url, const char *user,
                          unsigned allowed, void *ctx)
{
    struct dr_fetch_job *j = ctx;
    const char *password = field(j, DR_FETCH_PASSWORD), *key = field(j, DR_FETCH_SSH_KEY);
    bool https = j->kind == DR_URL_HTTPS && strncmp(url, "https://", 8) == 0;
    bool ssh = j->kind == DR_URL_SSH;
    if (j->asked++ >= CREDENTIALS_MAX) {
        dr_fail(&j->refusal, DR_E_AUTH, "the git server refused the %s",
                https ? "user or password" : "ssh key");
        return GIT_EAUTH;
    }
    if (https && *password && (allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT))
        return git_credential_userpass_plaintext_new(out, field(j, DR_FETCH_USER),
                                                     password);
    if (ssh && *key && (allowed & (GIT_CREDENTIAL_SSH_KEY | GIT_CREDENTIAL_SSH_MEMORY))) {
        /* the key's last line must end, and secrets are read without it */
        struct dr_buf b;
        dr_buf_init(&b, DR_FETCH_REQUEST_MAX);
        dr_buf_addf(&b, "%s\n", key);
        int rc = git_credential_ssh_key_memory_new(out, user ? user : "git", NULL, b.data,
                                                   field(j, DR_FETCH_SSH_PASSPHRASE));
        explicit_bzero(b.data, b.room);
        dr_buf_release(&b);
        return rc;
    }
    dr_fail(&j->refusal, DR_E_AUTH,
            "the git server wants a login and none is given for it");
    return GIT_EAUTH;
}

static int too_large(struct dr_fetch_job *j)
{
    char size[DR_SIZE_TEXT];
    dr_fail(&j->refusal, DR_E_LIMIT, "the git repository is larger than %s",
            dr_size_text(j->max_bytes, size));
    dr_hint(&j->refusal,
            "keep declarations in a repository of their own, or raise the limit");
    return GIT_EUSER;
}

static int on_progress(const git_indexer_progress *p, void *ctx)
{
    struct dr_fetch_job *j = ctx;
    bool fits = p->received_bytes <= j->max_bytes &&
                j->disk_bytes <= j->max_bytes - p->received_bytes &&
                p->total_objects <= OBJECTS_MAX;
    return fits ? 0 : too_large(j);
}

static git_remote_callbacks callbacks(struct dr_fetch_job *j)
{
    git_remote_callbacks c;
    git_remote_init_callbacks(&c, GIT_REMOTE_CALLBACKS_VERSION);
    c.certificate_check = on_certificate;
    c.credentials = on_credentials;
    c.transfer_progress = on_progress;
    c.payload = j;
    return c;
}

/* ---- errors ---------------------------------------------------------------------- */

/* What a failed call means: a callback's refusal if there was one, else by libgit2's
 * class of error. */
static int explain(const struct dr_fetch_job *j, int git, const char *what,
                   struct dr_err *err)
{
    static const struct {
        int class;
        enum dr_code code;
    } codes[] = {
        {GIT_ERROR_NOMEMORY, DR_E_LIMIT},    {GIT_ERROR_OS, DR_E_IO},
        {GIT_ERROR_NET, DR_E_UNREACHABLE},   {GIT_ERROR_SSL, DR_E_PROTOCOL},
        {GIT_ERROR_SSH, DR_E_PROTOCOL},      {GIT_ERROR_HTTP, DR_E_PEER},
        {GIT_ERROR_REPOSITORY, DR_E_ABSENT}, {GIT_ERROR_FILESYSTEM, DR_E_IO},
    };
    if (j->refusal.code) {
        *err = j->refusal;
        return -(int)err->code;
    }
    const git_error *e = git_error_last();
    enum dr_code code = DR_E_PROTOCOL;
    for (size_t i = 0; e && i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (e->klass == codes[i].class)
            code = codes[i].code;
    }
    if (code == DR_E_IO && j->kind != DR_URL_LOCAL && !git_remote_connected(j->remote))
        code = DR_E_UNREACHABLE; /* sockets fail with the class of files */
    /* a key that cannot be used fails like a broken line, after it was asked for */
    bool login = j->asked && e && e->klass == GIT_ERROR_SSH;
    if (git == GIT_EAUTH || git == GIT_ECERTIFICATE || login)
        code = DR_E_AUTH;
    int rc = dr_git_fail(err, code, what);
    if (login)
        dr_hint(
            err,
            "is the key's passphrase given, and is it an Ed25519 key? RSA keys do not "
            "work here");
    return rc;
}

/* ---- fetching -------------------------------------------------------------------- */

static int open_mirror(struct dr_fetch_job *j, char *path, struct dr_err *err)
{
    git_repository_init_options o;
    git_repository_init_options_init(&o, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
    o.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT |
              GIT_REPOSITORY_INIT_MKDIR;
    o.mode = 0700;
    if (git_repository_open_bare(&j->repo, path) == 0)
        return 0;
    dr_fetch_remove(path);
    if (git_repository_init_ext(&j->repo, path, &o) == 0)
        return 0;
    return dr_git_fail(err, DR_E_IO, "cannot make the local repository");
}

static int connect_remote(struct dr_fetch_job *j, struct dr_err *err)
{
    git_remote_create_options make;
    git_remote_connect_options o;
    git_remote_create_options_init(&make, GIT_REMOTE_CREATE_OPTIONS_VERSION);
    git_remote_connect_options_init(&o, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
    make.repository = j->repo;
    make.flags =
        GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
    o.callbacks = callbacks(j);
    o.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    int rc = git_remote_create_with_opts(&j->remote, field(j, DR_FETCH_URL), &make);
    rc = rc ? rc : git_remote_connect_ext(j->remote, GIT_DIRECTION_FETCH, &o);
    return rc ? explain(j, rc, "cannot reach the git repository", err) : 0;
}

static int find_branch(struct dr_fetch_job *j, struct dr_err *err)
{
    const git_remote_head **heads;
    size_t count;
    int rc = git_remote_ls(&heads, &count, j->remote);
    if (rc)
        return explain(j, rc, "cannot list the branches", err);
    for (size_t i = 0; i < count; i++) {
        const char *name = heads[i]->name;
        if (strncmp(name, "refs/heads/", 11) == 0 &&
            strcmp(name + 11, field(j, DR_FETCH_BRANCH)) == 0) {
            j->tip = heads[i]->oid;
            return 0;
        }
    }
    return dr_fail(err, DR_E_ABSENT, "the git repository has no branch '%s'",
                   field(j, DR_FETCH_BRANCH));
}

/* The tip is here already, and was found whole when it was fetched. */
static bool is_known(const struct dr_fetch_job *j)
{
    git_oid have;
    git_commit *c = NULL;
    bool known = git_reference_name_to_id(&have, j->repo, DR_MIRROR_REF) == 0 &&
                 git_oid_equal(&have, &j->tip) &&
                 git_commit_lookup(&c, j->repo, &have) == 0;
    git_commit_free(c);
    return known;
}

static int download(struct dr_fetch_job *j, struct dr_err *err)
{
    char spec[400], *specs[] = {spec};
    git_strarray list = {specs, 1};
    git_fetch_options o;
    git_fetch_options_init(&o, GIT_FETCH_OPTIONS_VERSION);
    snprintf(spec, sizeof(spec), "+refs/heads/%s:%s", field(j, DR_FETCH_BRANCH),
             DR_MIRROR_REF);
    o.callbacks = callbacks(j);
    o.update_fetchhead = 0;
    o.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    o.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    int rc = git_remote_download(j->remote, &list, &o);
    return rc ? explain(j, rc, "cannot fetch", err) : 0;
}

static int accept_tip(struct dr_fetch_job *j, const char *mirror, struct dr_err *err)
{
    git_commit *c = NULL;
    git_reference *ref = NULL;
    int rc = git_commit_lookup(&c, j->repo, &j->tip);
    git_commit_free(c);
    if (rc)
        return explain(j, rc, "the branch is no commit, or was not sent", err);
    if (dr_fetch_weigh(mirror).bytes > j->max_bytes) {
        too_large(j);
        return explain(j, 0, "", err);
    }
    rc = git_reference_create(&ref, j->repo, DR_MIRROR_REF, &j->tip, 1, NULL);
    git_reference_free(ref);
    return rc ? explain(j, rc, "cannot note the tip", err) : 0;
}

int dr_fetch_into(struct dr_fetch_job *j, char *mirror, struct dr_err *err)
{
    j->disk_bytes = dr_fetch_weigh(mirror).bytes;
    int rc = open_mirror(j, mirror, err);
    rc = rc ? rc : connect_remote(j, err);
    rc = rc ? rc : find_branch(j, err);
    if (rc == 0 && !is_known(j)) {
        rc = download(j, err);
        rc = rc ? rc : accept_tip(j, mirror, err);
    }
    git_remote_free(j->remote);
    git_repository_free(j->repo);
    j->remote = NULL;
    j->repo = NULL;
    return rc;
}
