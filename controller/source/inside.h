/* What the parts of an origin share. Only files of this folder include this. */
#ifndef DR_SOURCE_INSIDE_H
#define DR_SOURCE_INSIDE_H

#include <git2.h>
#include <sys/types.h>

#include "controller/source/collect.h"
#include "controller/source/origin.h"
#include "controller/source/url.h"

#define DR_MIRROR_REF "refs/drover/tip"

enum { DR_OID_HEX = GIT_OID_HEXSZ + 1, DR_MIRROR_PATH = 4000 };

struct dr_fetch; /* a fetch in flight; fetch.c */
struct dr_seen;  /* what a folder held earlier; seen.c */

struct dr_origin {
    struct dr_arena *arena; /* lives as long as the origin: settings, names */
    struct dr_origin_config config;
    const char *name;
    /* git */
    struct dr_git_url url;
    const char *mirror; /* the bare repository */
    struct dr_fetch *fetch;
    bool fetched;         /* a fetch ended since the last start; how: */
    struct dr_err result; /* code 0: well */
    /* folder */
    struct dr_seen *seen;
    bool started;
    /* the revision last read */
    char tip[DR_REVISION_TEXT];
};

struct dr_collect dr_origin_collect(const struct dr_origin *o, struct dr_arena *a);

/* ---- folder.c -------------------------------------------------------------------- */

int dr_folder_open(struct dr_origin *o, struct dr_err *err) DR_MUST_CHECK;
int dr_folder_read(struct dr_origin *o, struct dr_arena *a,
                   struct dr_origin_revision *out, struct dr_err *err) DR_MUST_CHECK;

/* ---- seen.c: versions of documents that a folder held, in the state folder ------- */

/* A damaged file is a lost memory, not an error: it begins anew. */
int dr_seen_open(struct dr_seen **out, const char *path,
                 struct dr_err *err) DR_MUST_CHECK;
void dr_seen_close(struct dr_seen *s);
int dr_seen_remember(struct dr_seen *s, const struct dr_origin_revision *now,
                     struct dr_err *err) DR_MUST_CHECK;

/* What it remembers and `tip` does not hold. tip: the revision last remembered. */
int dr_seen_list(struct dr_seen *s, struct dr_arena *a, const char *tip, uint32_t max,
                 struct dr_origin_past_list *out, struct dr_err *err) DR_MUST_CHECK;

/* ---- fetch.c: the child from the parent's side
 * ----------------------------------------- */

int dr_fetch_start(struct dr_fetch **out, const struct dr_origin *o, int64_t deadline_ms,
                   struct dr_err *err) DR_MUST_CHECK;
int dr_fetch_fd(const struct dr_fetch *f);

/* True when it is over: *result is how (code 0: well) and the fetch is freed. */
bool dr_fetch_wait(struct dr_fetch *f, int64_t wait_ms, struct dr_err *result);
void dr_fetch_kill(struct dr_fetch *f);

/* ---- library.c: libgit2, set up and translated
 * ------------------------------------------ */

/* Starts libgit2 cut off from the host's configuration. Each call has its
 * git_libgit2_shutdown. */
int dr_git_begin(struct dr_err *err) DR_MUST_CHECK;

/* libgit2's last error after "WHAT: ", without control characters. */
int dr_git_fail(struct dr_err *err, enum dr_code code, const char *what);

/* ---- mirror.c: objects of the bare repository
 * ------------------------------------------- */

enum { DR_COMMIT_MAX = 1 << 20, DR_TREE_MAX = 16 << 20 };

struct dr_mirror {
    git_repository *repo;
    git_odb *odb;
};

int dr_mirror_open(struct dr_mirror *m, const char *path,
                   struct dr_err *err) DR_MUST_CHECK;
void dr_mirror_close(struct dr_mirror *m);

/* The commit that the last good fetch found. Fails: DR_E_ABSENT. */
int dr_mirror_tip(struct dr_mirror *m, git_oid *out, struct dr_err *err) DR_MUST_CHECK;

/* Size and type are looked at before anything is read. NULL: missing, damaged, too large
 * or of another type. */
git_commit *dr_mirror_commit(struct dr_mirror *m, const git_oid *id);
git_tree *dr_mirror_tree(struct dr_mirror *m, const git_oid *id);

/* What stands at `path` ("": the whole tree) in a commit. */
struct dr_mirror_entry {
    git_oid id;
    unsigned mode;    /* as in the tree object */
    const char *name; /* last part of the path; borrowed from `path` */
};
enum dr_mirror_found { DR_MIRROR_ERROR, DR_MIRROR_ABSENT, DR_MIRROR_FOUND };
enum dr_mirror_found dr_mirror_find(struct dr_mirror *m, const git_commit *commit,
                                    const char *path, struct dr_mirror_entry *out);

/* Calls `document` for each document below the entry and `folder` before each folder,
 * which is passed over when that says false. Obstacles go into `c`. */
struct dr_mirror_visit {
    struct dr_mirror *mirror;
    struct dr_collect *collect;
    void *ctx;
    bool (*folder)(struct dr_mirror_visit *v, const char *path, const git_oid *id);
    void (*document)(struct dr_mirror_visit *v, const char *path, const git_oid *id);
};
void dr_mirror_visit(struct dr_mirror_visit *v, const struct dr_mirror_entry *root);

/* Reads a document into v->collect, or adds the obstacle. */
void dr_mirror_take(struct dr_mirror_visit *v, const char *path, const git_oid *id);

/* ---- git.c
 * ------------------------------------------------------------------------------- */

int dr_git_open(struct dr_origin *o, struct dr_err *err) DR_MUST_CHECK;
/* after: NULL, the tip; else the first parent of that revision. */
int dr_git_read(struct dr_origin *o, struct dr_arena *a, const char *after,
                struct dr_origin_revision *out, struct dr_err *err) DR_MUST_CHECK;

/* ---- history.c
 * --------------------------------------------------------------------------- */

enum dr_descent dr_git_descends(struct dr_origin *o, const char *revision,
                                const char *ancestor);
int dr_git_vanished(struct dr_origin *o, struct dr_arena *a, uint32_t max_commits,
                    struct dr_origin_past_list *out, struct dr_err *err) DR_MUST_CHECK;

#endif
