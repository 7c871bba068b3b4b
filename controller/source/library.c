/* libgit2 as drover uses it: no configuration of host or person, few caches, errors in
 * our words. Its options hold for the process, which is why they are set in one place. */
#include <string.h>

#include "controller/base/printable.h"
#include "controller/source/inside.h"

int dr_git_fail(struct dr_err *err, enum dr_code code, const char *what)
{
    const git_error *e = git_error_last();
    const char *text = e && e->message ? e->message : "no reason was given";
    struct dr_arena *a = dr_arena_new(0);
    int rc = dr_fail(err, code, "%s: %s", what, dr_printable(a, text, strlen(text), 300));
    dr_arena_free(a);
    return rc;
}

int dr_git_begin(struct dr_err *err)
{
    enum { CACHE_BYTES = 4 << 20, WINDOW_BYTES = 64 << 20 };
    static const int levels[] = {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL,
                                 GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_PROGRAMDATA};
    if (git_libgit2_init() < 0)
        return dr_git_fail(err, DR_E_BUG, "cannot start libgit2");
    int bad = 0;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        bad |= git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
    /* who owns a repository says nothing here: nothing in it is ever run */
    bad |= git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    bad |= git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_BYTES);
    bad |= git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)WINDOW_BYTES);
    bad |= git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    if (!bad)
        return 0;
    git_libgit2_shutdown();
    return dr_fail(err, DR_E_BUG, "libgit2 does not take its settings");
}
