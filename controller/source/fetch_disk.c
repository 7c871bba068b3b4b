/* The mirror as files: how much there is, what may go, whether it can be used. */
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/source/fetch_job.h"

/* Walks a folder without following links. */
static FTS *walk(char *path)
{
    char *paths[] = {path, NULL};
    return fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
}

void dr_fetch_remove(char *path)
{
    FTS *all = walk(path);
    for (FTSENT *e; all && (e = fts_read(all));) {
        if (e->fts_info == FTS_DP)
            rmdir(e->fts_accpath);
        else if (e->fts_info != FTS_D)
            unlink(e->fts_accpath);
    }
    if (all)
        fts_close(all);
}

struct dr_fetch_weight dr_fetch_weigh(const char *mirror)
{
    char path[DR_MIRROR_PATH + 64];
    struct dr_fetch_weight w = {0};
    snprintf(path, sizeof(path), "%s/%s.lock", mirror, DR_MIRROR_REF);
    unlink(path);
    snprintf(path, sizeof(path), "%s/objects", mirror);
    FTS *all = walk(path);
    for (FTSENT *e; all && (e = fts_read(all));) {
        bool packed = e->fts_level == 2 && strcmp(e->fts_parent->fts_name, "pack") == 0;
        bool whole = strncmp(e->fts_name, "pack-", 5) == 0;
        const char *dot = strrchr(e->fts_name, '.');
        if (e->fts_info != FTS_F)
            continue;
        if (packed && !whole) {
            unlink(e->fts_accpath);
            continue;
        }
        w.bytes += (uint64_t)e->fts_statp->st_blocks * 512;
        w.packs += packed && dot && strcmp(dot, ".pack") == 0;
    }
    if (all)
        fts_close(all);
    return w;
}

bool dr_fetch_is_sound(const char *path)
{
    struct dr_mirror m;
    struct dr_err ignored;
    git_oid id;
    if (access(path, F_OK) != 0)
        return true;
    if (dr_mirror_open(&m, path, &ignored) != 0)
        return false;
    git_commit *c = NULL;
    git_tree *t = NULL;
    int named = git_reference_name_to_id(&id, m.repo, DR_MIRROR_REF);
    bool sound = named == GIT_ENOTFOUND;
    if (named == 0 && (c = dr_mirror_commit(&m, &id)))
        sound = (t = dr_mirror_tree(&m, git_commit_tree_id(c))) != NULL;
    git_tree_free(t);
    git_commit_free(c);
    dr_mirror_close(&m);
    return sound;
}
