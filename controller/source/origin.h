/* An origin is where declarations come from: a folder of documents, or one branch of a
 * git repository. It gives bytes and says which revision they are; it knows no YAML, no
 * topology and no cluster. It never gives half a truth: what could not be read is an
 * obstacle, and a snapshot with obstacles that hide a document says `complete` = false,
 * so that nobody mistakes "could not be read" for "was removed".
 *
 * git: the network is touched only by a child process (this program again, started with
 * the hidden command DR_GIT_FETCH_COMMAND) that has an empty environment, no open files
 * but two pipes, a deadline and limits on bytes and memory. It fills a bare repository
 * under the state folder; blobs are read from there without any checkout, so no link is
 * followed, no filter, hook or submodule runs. No configuration of the host or of a
 * person is read. That repository is a cache: when it is damaged or too large it is made
 * anew.
 *
 * One thread at a time per origin, dr_origin_descends apart. Nothing here logs or prints.
 */
#ifndef DR_SOURCE_ORIGIN_H
#define DR_SOURCE_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/err.h"
#include "controller/base/secret.h"

/* argv[1] of the child. Whoever has a main() hands it to dr_git_fetch_main before it does
 * anything else. */
#define DR_GIT_FETCH_COMMAND "git-fetch"

struct dr_origin;

enum {
    DR_REVISION_TEXT = 80, /* "dir:" and 64 digits, or 40 digits; with the NUL */
    DR_ORIGIN_HISTORY_COMMITS = 1000,
};

/* What an origin is. Zero and NULL take the default. All strings are copied. */
struct dr_origin_config {
    /* Exactly one of the two. */
    const char *dir; /* a folder of documents, or one document; a path of this machine */
    const char *git; /* https://HOST[:PORT]/PATH, ssh://[USER@]HOST[:PORT]/PATH,
                      * [USER@]HOST:PATH, or an absolute path of this machine; nothing
                      * else, and no password in it */
    const char *branch;    /* git; default "main" */
    const char *path;      /* git: folder or file inside the repository; default: all */
    const char *state_dir; /* git: required. folder: NULL means that what vanished is not
                            * remembered over a restart */
    /* git credentials, read anew for each fetch, so that a rotated one is picked up */
    const char *user;                    /* https; default "git" */
    struct dr_secret_ref password;       /* https: password or token */
    struct dr_secret_ref ssh_key;        /* ssh: private key; Ed25519 (RSA keys fail: the
                                          * library signs them with SHA-1 only) */
    struct dr_secret_ref ssh_passphrase; /* ssh: of the key */
    const char *secrets_dir;             /* for relative references */
    /* git: who the server is. Never taken on trust. */
    const char *ca_file;     /* https: CA certificates, PEM; default: the system's. The
                              * certificate must name the host by DNS name */
    const char *known_hosts; /* ssh: required, in OpenSSH's format */
    /* limits */
    uint64_t max_repository_bytes; /* object database on disk; default 256 MiB */
    uint64_t max_memory_bytes;     /* of the fetching process; default 512 MiB */
    uint64_t max_file_bytes;       /* of one document; default 1 MiB */
    uint64_t max_total_bytes;      /* of one snapshot; default 64 MiB */
    uint32_t max_files;  /* of one snapshot, directories counted; default 10,000 */
    const char *fetcher; /* program to start; default: this program */
};

/* Checks the configuration and prepares the state folder; touches no network and reads no
 * document.  Out: owned (dr_origin_close).
 * Fails: DR_E_INPUT (with a hint), DR_E_IO.  Blocks: local disk. */
int dr_origin_open(struct dr_origin **out, const struct dr_origin_config *config,
                   struct dr_err *err) DR_MUST_CHECK;

/* Ends a fetch in flight too. NULL is fine. */
void dr_origin_close(struct dr_origin *o);

/* "git https://host/path branch main path clusters" or "folder /etc/drover/topologies":
 * for people; holds no secret. Borrowed from the origin. */
const char *dr_origin_name(const struct dr_origin *o);

/* True if "descends from" means something: git. A folder has no history, its
 * documents carry metadata.generation instead. */
bool dr_origin_has_history(const struct dr_origin *o);

enum dr_obstacle_kind {
    DR_OBSTACLE_SYMLINK = 1, /* a symbolic link (git mode 120000) is not followed */
    DR_OBSTACLE_SUBMODULE,   /* another repository (git mode 160000) is not entered */
    DR_OBSTACLE_SPECIAL,     /* a FIFO, socket, device, or an unknown git mode */
    DR_OBSTACLE_NAME, /* a name with control characters, '..', invalid UTF-8, or twice */
    DR_OBSTACLE_SIZE, /* larger than allowed, or too many, or too deep */
    DR_OBSTACLE_UNREADABLE, /* no permission, or the object is missing or damaged */
    DR_OBSTACLE_REWRITTEN,  /* of a whole revision: it does not go on from the last one */
    DR_OBSTACLE_COUNT_
};

/* What `drover explain` tells of an obstacle. A source with one is not complete: a
 * document that is not seen is not taken for a removed one. */
struct dr_obstacle_info {
    const char *id; /* "DR-S001", stable */
    const char *name;
    const char *title, *means, *way_out;
};
/* NULL: no such kind. */
const struct dr_obstacle_info *dr_obstacle_info(enum dr_obstacle_kind kind);

/* Short stable word ("symlink", ..). */
const char *dr_obstacle_name(enum dr_obstacle_kind kind);

struct dr_origin_obstacle {
    enum dr_obstacle_kind kind;
    const char *path; /* inside the origin; control characters shown as \xNN */
    const char *text; /* one sentence for people */
    bool hides;       /* a document may stand behind it: the snapshot is not complete */
};

struct dr_origin_file {
    const char *path;  /* relative to `path` or `dir`, '/' between folders, UTF-8 */
    const char *bytes; /* NUL-terminated, the NUL not counted */
    size_t len;
    char digest[65]; /* SHA-256 of the bytes, hex */
};

/* One revision and all its YAML files. Everything belongs to the caller's arena. */
struct dr_origin_revision {
    const char *revision; /* commit id in hex, or "dir:" and SHA-256 over (path, bytes)
                           * and the obstacles */
    bool changed;         /* differs from `previous` as given to dr_origin_read */
    const char *author;   /* "Name <mail>", printable; NULL: a folder */
    const char *subject;  /* first line of the message, printable; NULL: a folder */
    int64_t time_s;       /* committer time, seconds since 1970; 0: a folder */
    const struct dr_origin_file *files; /* *.yaml and *.yml, hidden ones left out, sorted
                                         * by path bytewise */
    size_t file_count;
    const struct dr_origin_obstacle *obstacles; /* sorted by path */
    size_t obstacle_count;
    bool lone_file;    /* the folder given is no folder but this one file */
    bool complete;     /* false: a document that is not listed may yet exist */
    bool path_removed; /* git: `path` is not in this revision, but was in an earlier one
                        * of its first-parent history: the last document was removed */
};

/* ---- refreshing: start, wait, read; or poll, which is the three in one ----------- */

/* Begins to fetch; a folder needs nothing and is ready at once. At most one fetch per
 * origin at a time (DR_E_BUG).  deadline_ms: for the whole fetch, from now; the child is
 * killed then.  Fails: DR_E_INPUT, DR_E_IO, DR_E_AUTH (a secret cannot be read).
 * Blocks: never. */
int dr_origin_start(struct dr_origin *o, int64_t deadline_ms,
                    struct dr_err *err) DR_MUST_CHECK;

/* A descriptor that becomes readable when dr_origin_wait has something to do, for
 * poll(2); -1: none, call dr_origin_wait again within 50 ms. Valid until the next call.
 */
int dr_origin_fd(const struct dr_origin *o);

/* Waits for at most wait_ms (0: not at all).  Out: *ready = the fetch is over, well or
 * not; how it ended is what dr_origin_read then returns. */
void dr_origin_wait(struct dr_origin *o, int64_t wait_ms, bool *ready);

/* Reads the revision that the last fetch found. previous: the revision the caller holds,
 * NULL: none; when it is the same, `files` are read all the same.
 * Fails: as the fetch failed: DR_E_TIMEOUT (deadline), DR_E_UNREACHABLE, DR_E_AUTH (login
 * or the server's certificate or host key refused), DR_E_LIMIT, DR_E_PROTOCOL, DR_E_IO;
 * DR_E_ABSENT (the branch does not exist, or `path` does not and never did);
 * DR_E_CONFLICT (no fetch has been started). The caller keeps its last good revision.
 * Blocks: local disk. */
int dr_origin_read(struct dr_origin *o, struct dr_arena *a, const char *previous,
                   struct dr_origin_revision *out, struct dr_err *err) DR_MUST_CHECK;

/* Reads what an earlier fetch left in the state folder, of this process or another,
 * without asking the server: what was declared when it last answered. A folder is read as
 * it is. Fails: DR_E_ABSENT (there is nothing), DR_E_IO. Blocks: local disk. */
int dr_origin_read_stored(struct dr_origin *o, struct dr_arena *a,
                          struct dr_origin_revision *out,
                          struct dr_err *err) DR_MUST_CHECK;

/* Reads the revision before one that was read: its first parent. What dr_origin_vanished
 * looks at stays. Fails: DR_E_ABSENT (there is none; a folder), DR_E_IO. Blocks: local
 * disk. */
int dr_origin_read_before(struct dr_origin *o, struct dr_arena *a, const char *revision,
                          struct dr_origin_revision *out,
                          struct dr_err *err) DR_MUST_CHECK;

/* start, wait to the end, read. Blocks: up to deadline_ms, and the local disk. */
int dr_origin_poll(struct dr_origin *o, struct dr_arena *a, int64_t deadline_ms,
                   const char *previous, struct dr_origin_revision *out,
                   struct dr_err *err) DR_MUST_CHECK;

/* ---- history
 * --------------------------------------------------------------------------- */

enum dr_descent {
    DR_DESCENT_UNKNOWN, /* cannot be told: a folder, damaged or too long a history */
    DR_DESCENT_NO,      /* proved: the whole history was walked */
    DR_DESCENT_YES,     /* proved; every revision descends from itself */
};

/* Is `ancestor` in the history of `revision` (any parent)? After a force push the answer
 * is NO, and that is a fact, not an error. Text that is no commit id gives NO when
 * `revision` is a commit of this origin: such a revision cannot be in its history.
 * Any thread may ask, also while another one fetches.
 * Blocks: local disk; walks at most 1,000,000 commits. */
enum dr_descent dr_origin_descends(struct dr_origin *o, const char *revision,
                                   const char *ancestor);

/* Bytes of a file as they were in an earlier revision. */
struct dr_origin_past {
    struct dr_origin_file file;
    const char *revision; /* the newest one that had it, as in dr_origin_revision */
    int64_t time_s;
    bool path_at_tip; /* the path still exists, with other bytes: a document may have left
                       * a file that stays */
};

struct dr_origin_past_list {
    const struct dr_origin_past *items; /* newest first, each (path, bytes) once */
    size_t count;
    uint32_t commits_walked;
    bool whole; /* the history was walked to its root and all of it could be read */
};

/* Every version of a document that existed in the first-parent history of the revision
 * last read, at most max_commits back (DR_ORIGIN_HISTORY_COMMITS), and that is not in
 * that revision: the caller decodes them and finds the topologies that left. Links,
 * oversized files and unreadable objects are passed over and make `whole` false; so does
 * reaching 64 MiB. A folder: what this state folder remembers of it, `whole` false.
 * Fails: DR_E_CONFLICT (nothing read yet), DR_E_IO. Blocks: local disk. */
int dr_origin_vanished(struct dr_origin *o, struct dr_arena *a, uint32_t max_commits,
                       struct dr_origin_past_list *out, struct dr_err *err) DR_MUST_CHECK;

/* ---- the child
 * ------------------------------------------------------------------------- */

/* main() of the fetching process: request on descriptor 0, reply on descriptor 1, nothing
 * else read or written but the mirror. Returns the exit status. Not for people: without
 * the pipes it says so and returns 64. */
int dr_git_fetch_main(int argc, char **argv);

#endif
