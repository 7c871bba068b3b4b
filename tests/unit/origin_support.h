/* What the tests of origins share: a place of their own, real git repositories made with
 * the git command, and the fetching process, which is this program itself. */
#ifndef DR_TESTS_ORIGIN_SUPPORT_H
#define DR_TESTS_ORIGIN_SUPPORT_H

#include <criterion/criterion.h>

#include "controller/source/origin.h"

struct place {
    char dir[64];
    struct dr_arena *arena;
    struct dr_err err;
};

/* A new folder under /tmp with "repo" (a git repository, branch main, without commits) if
 * wanted, and "state". */
void place_make(struct place *p, bool repo);
void place_remove(struct place *p);

/* "DIR/name", the arena's. */
char *place_path(struct place *p, const char *name);

/* Runs a shell script in the folder, with $R the repository; false: it failed. */
bool place_try(struct place *p, const char *script);
void place_run(struct place *p, const char *script);

/* First line of what a script prints. */
char *place_ask(struct place *p, const char *script);

/* An origin over DIR/repo (or `git`), with path and the settings of `more` (NULL: none).
 */
struct dr_origin *place_git(struct place *p, const char *git, const char *path,
                            const struct dr_origin_config *more);

/* Polls and asserts that it worked. */
struct dr_origin_revision place_poll(struct place *p, struct dr_origin *o,
                                     const char *previous);

/* "a.yaml b/c.yml", in the order given. */
char *place_files(struct place *p, const struct dr_origin_revision *r);

/* "symlink:a submodule:b" */
char *place_obstacles(struct place *p, const struct dr_origin_revision *r);

#endif
