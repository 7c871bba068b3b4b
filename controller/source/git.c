/* A branch of a git repository as an origin: settings, and reading the fetched tip. */
#include <string.h>

#include "controller/base/digest.h"
#include "controller/base/file.h"
#include "controller/base/printable.h"
#include "controller/source/inside.h"

/* ---- settings -------------------------------------------------------------------- */

/* PATH without "./", doubled or trailing slashes. NULL: it leads out. */
static const char *clean_path(struct dr_arena *a, const char *path)
{
    char *out = dr_alloc(a, strlen(path) + 1), *end = out;
    if (*path == '/' || !dr_is_printable(path, strlen(path)))
        return NULL;
    while (*path) {
        size_t len = strcspn(path, "/");
        if (len == 2 && memcmp(path, "..", 2) == 0)
            return NULL;
        if (len && !(len == 1 && *path == '.')) {
            if (end != out)
                *end++ = '/';
            memcpy(end, path, len);
            end += len;
        }
        path += len + (path[len] == '/');
    }
    return out;
}

static int check_branch(const char *branch, struct dr_err *err)
{
    char ref[300];
    int n = snprintf(ref, sizeof(ref), "refs/heads/%s", branch);
    int valid = 0;
    if (n > 0 && (size_t)n < sizeof(ref) && *branch != '-' &&
        git_reference_name_is_valid(&valid, ref) == 0 && valid)
        return 0;
    return dr_fail(err, DR_E_INPUT, "this is no name of a branch");
}

static bool given(const struct dr_secret_ref *r)
{
    return r->file || r->env;
}

/* Whom to trust and who we are must be said; nothing is taken from the host. */
static int check_credentials(const struct dr_origin *o, struct dr_err *err)
{
    const struct dr_origin_config *c = &o->config;
    bool ssh = o->url.kind == DR_URL_SSH, https = o->url.kind == DR_URL_HTTPS;
    int rc = 0;
    if (ssh && !c->known_hosts) {
        rc = dr_fail(err, DR_E_INPUT, "git over ssh needs a file of known hosts");
        dr_hint(err, "write it with 'ssh-keyscan %s' and compare the fingerprint",
                o->url.host);
    } else if (ssh && !given(&c->ssh_key)) {
        rc = dr_fail(err, DR_E_INPUT, "git over ssh needs a private key");
        dr_hint(err, "make one with 'ssh-keygen -t ed25519': RSA keys do not work here");
    } else if (!ssh && (given(&c->ssh_key) || given(&c->ssh_passphrase))) {
        rc = dr_fail(err, DR_E_INPUT, "an ssh key is given, but the git URL is not ssh");
    } else if (!https && given(&c->password)) {
        rc =
            dr_fail(err, DR_E_INPUT, "a password is given, but the git URL is not https");
    } else if ((c->ca_file && *c->ca_file != '/') ||
               (c->known_hosts && *c->known_hosts != '/')) {
        rc = dr_fail(err, DR_E_INPUT, "certificates and known hosts need absolute paths");
    }
    return rc;
}

/* One mirror per URL and branch, so that no two histories share one. */
static int place_mirror(struct dr_origin *o, struct dr_err *err)
{
    char hash[DR_SHA256_HEX];
    const char *key = dr_sprintf(o->arena, "%s\n%s", o->url.fetch, o->config.branch);
    const char *dir = dr_sprintf(o->arena, "%s/git", o->config.state_dir);
    dr_sha256_hex(hash, key, strlen(key));
    o->mirror = dr_sprintf(o->arena, "%s/%.16s", dir, hash);
    if (strlen(o->mirror) >= DR_MIRROR_PATH)
        return dr_fail(err, DR_E_INPUT, "the name of the state folder is too long");
    return dr_dir_make(dir, err);
}

int dr_git_open(struct dr_origin *o, struct dr_err *err)
{
    struct dr_origin_config *c = &o->config;
    c->branch = c->branch ? c->branch : "main";
    c->user = c->user ? c->user : "git";
    c->path = clean_path(o->arena, c->path ? c->path : "");
    if (!c->path)
        return dr_fail(err, DR_E_INPUT,
                       "the path inside the repository must be relative and stay inside");
    if (!c->state_dir || *c->state_dir != '/')
        return dr_fail(err, DR_E_INPUT, "a git origin needs an absolute state folder");
    int rc = dr_git_url_parse(o->arena, c->git, &o->url, err);
    rc = rc ? rc : check_branch(c->branch, err);
    rc = rc ? rc : check_credentials(o, err);
    rc = rc ? rc : place_mirror(o, err);
    if (rc)
        return rc;
    o->name = dr_sprintf(o->arena, "git %s branch %s%s%s", c->git, c->branch,
                         *c->path ? " path " : "", c->path);
    return 0;
}

/* ---- reading --------------------------------------------------------------------- */

static void describe(struct dr_arena *a, const git_commit *commit,
                     struct dr_origin_revision *out)
{
    enum { AUTHOR_MAX = 200, SUBJECT_MAX = 200 };
    char hex[DR_OID_HEX];
    const git_signature *who = git_commit_author(commit);
    const char *text = git_commit_message(commit);
    git_oid_tostr(hex, sizeof(hex), git_commit_id(commit));
    out->revision = dr_strdup(a, hex);
    out->time_s = git_commit_time(commit);
    char *author = dr_sprintf(a, "%s <%s>", who && who->name ? who->name : "",
                              who && who->email ? who->email : "");
    out->author = dr_printable(a, author, strlen(author), AUTHOR_MAX);
    text = text ? text + strspn(text, "\n") : "";
    out->subject = dr_printable(a, text, strcspn(text, "\n"), SUBJECT_MAX);
}

/* The path is gone from the tip. Only if an earlier commit had it was it removed; else
 * nobody knows what was meant. */
static bool path_was_there(struct dr_mirror *m, const git_commit *tip, const char *path)
{
    struct dr_mirror_entry e;
    bool found = false;
    git_oid id = *git_commit_id(tip);
    for (unsigned i = 0; i <= DR_ORIGIN_HISTORY_COMMITS && !found; i++) {
        git_commit *c = dr_mirror_commit(m, &id);
        if (!c)
            break;
        found = dr_mirror_find(m, c, path, &e) == DR_MIRROR_FOUND;
        bool more = git_commit_parentcount(c) > 0;
        if (more)
            id = *git_commit_parent_id(c, 0);
        git_commit_free(c);
        if (!more)
            break;
    }
    return found;
}

static int read_tip(struct dr_origin *o, struct dr_mirror *m, git_commit *tip,
                    struct dr_arena *a, struct dr_origin_revision *out,
                    struct dr_err *err)
{
    struct dr_collect c = dr_origin_collect(o, a);
    struct dr_mirror_visit v = {.mirror = m, .collect = &c, .document = dr_mirror_take};
    struct dr_mirror_entry root;
    describe(a, tip, out);
    switch (dr_mirror_find(m, tip, o->config.path, &root)) {
    case DR_MIRROR_FOUND:
        dr_mirror_visit(&v, &root);
        break;
    case DR_MIRROR_ABSENT:
        out->path_removed = path_was_there(m, tip, o->config.path);
        if (!out->path_removed)
            return dr_fail(err, DR_E_ABSENT,
                           "commit %.12s has no '%s', nor had one before", out->revision,
                           o->config.path);
        break;
    case DR_MIRROR_ERROR:
        dr_collect_obstacle(&c, DR_OBSTACLE_UNREADABLE, o->config.path, true,
                            "a folder on the way there is missing, damaged or too large");
        break;
    }
    dr_collect_finish(&c, out);
    return 0;
}

/* *id of the revision becomes that of its first parent. */
static int go_back(struct dr_mirror *m, const char *revision, git_oid *id,
                   struct dr_err *err)
{
    git_commit *c = NULL;
    if (strlen(revision) != GIT_OID_HEXSZ || git_oid_fromstr(id, revision) != 0 ||
        !(c = dr_mirror_commit(m, id)))
        return dr_fail(err, DR_E_IO, "commit %.12s is missing, damaged or too large",
                       revision);
    bool root = git_commit_parentcount(c) == 0;
    if (!root)
        *id = *git_commit_parent_id(c, 0);
    git_commit_free(c);
    return root ? dr_fail(err, DR_E_ABSENT, "there is no commit before %.12s", revision)
                : 0;
}

int dr_git_read(struct dr_origin *o, struct dr_arena *a, const char *after,
                struct dr_origin_revision *out, struct dr_err *err)
{
    struct dr_mirror m;
    git_oid id;
    git_commit *tip = NULL;
    int rc = dr_mirror_open(&m, o->mirror, err);
    if (rc)
        return rc;
    rc = after ? go_back(&m, after, &id, err) : dr_mirror_tip(&m, &id, err);
    if (rc == 0 && !(tip = dr_mirror_commit(&m, &id)))
        rc = dr_fail(err, DR_E_IO, "commit %.12s is missing, damaged or too large",
                     git_oid_tostr_s(&id));
    if (rc == 0)
        rc = read_tip(o, &m, tip, a, out, err);
    git_commit_free(tip);
    dr_mirror_close(&m);
    return rc;
}
