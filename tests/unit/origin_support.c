#include "tests/unit/origin_support.h"

#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/base/buf.h"

/* Before Criterion's main: started with the hidden command, this program is the fetching
 * process, as drover's own main makes it. */
__attribute__((constructor)) static void be_the_fetcher(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], DR_GIT_FETCH_COMMAND) == 0)
        _exit(dr_git_fetch_main(argc, argv));
}

static char *text_of(int fd, struct dr_arena *a)
{
    char piece[4096];
    ssize_t n, len = 0;
    while (len < (ssize_t)sizeof(piece) - 1 &&
           (n = read(fd, piece + len, sizeof(piece) - 1 - (size_t)len)) > 0)
        len += n;
    piece[len] = '\0';
    return dr_strndup(a, piece, strcspn(piece, "\n"));
}

static bool shell(struct place *p, const char *script, char **said)
{
    char *home = dr_sprintf(p->arena, "HOME=%s", p->dir);
    char *repo = dr_sprintf(p->arena, "R=%s/repo", p->dir);
    char *body = dr_sprintf(p->arena, "set -e; cd '%s'; %s", p->dir, script);
    char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", system[] = "GIT_CONFIG_NOSYSTEM=1";
    char a1[] = "GIT_AUTHOR_NAME=Ada", a2[] = "GIT_AUTHOR_EMAIL=ada@example.com";
    char c1[] = "GIT_COMMITTER_NAME=Bob", c2[] = "GIT_COMMITTER_EMAIL=bob@example.com";
    char d1[] = "GIT_AUTHOR_DATE=1700000000 +0000";
    char d2[] = "GIT_COMMITTER_DATE=1700000100 +0000";
    char *env[] = {home, repo, path, system, a1, a2, c1, c2, d1, d2, NULL};
    char sh[] = "sh", c[] = "-c", *argv[] = {sh, c, body, NULL};
    int out[2], status = -1;
    pid_t pid;
    posix_spawn_file_actions_t files;
    cr_assert_eq(pipe(out), 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    if (!said)
        posix_spawn_file_actions_adddup2(&files, out[1], 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    cr_assert_eq(posix_spawn(&pid, "/bin/sh", &files, NULL, argv, env), 0);
    posix_spawn_file_actions_destroy(&files);
    close(out[1]);
    char *text = text_of(out[0], p->arena);
    close(out[0]);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    if (said)
        *said = text;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool place_try(struct place *p, const char *script)
{
    return shell(p, script, NULL);
}

void place_run(struct place *p, const char *script)
{
    cr_assert(shell(p, script, NULL), "%s", script);
}

char *place_ask(struct place *p, const char *script)
{
    char *said = NULL;
    cr_assert(shell(p, script, &said), "%s", script);
    return said;
}

void place_make(struct place *p, bool repo)
{
    *p = (struct place){.arena = dr_arena_new(0)};
    snprintf(p->dir, sizeof(p->dir), "/tmp/drover-origin-XXXXXX");
    cr_assert(mkdtemp(p->dir));
    cr_assert_eq(mkdir(place_path(p, "state"), 0700), 0);
    if (repo)
        place_run(p, "git init -q -b main repo");
}

void place_remove(struct place *p)
{
    if (*p->dir)
        place_run(p, "cd / && rm -rf \"$HOME\"");
    dr_arena_free(p->arena);
    *p = (struct place){0};
}

char *place_path(struct place *p, const char *name)
{
    return dr_sprintf(p->arena, "%s/%s", p->dir, name);
}

struct dr_origin *place_git(struct place *p, const char *git, const char *path,
                            const struct dr_origin_config *more)
{
    struct dr_origin_config c = more ? *more : (struct dr_origin_config){0};
    struct dr_origin *o = NULL;
    c.git = git ? git : place_path(p, "repo");
    c.path = path;
    c.state_dir = place_path(p, "state");
    cr_assert_eq(dr_origin_open(&o, &c, &p->err), 0, "%s", p->err.text);
    return o;
}

struct dr_origin_revision place_poll(struct place *p, struct dr_origin *o,
                                     const char *previous)
{
    struct dr_origin_revision r;
    int rc = dr_origin_poll(o, p->arena, 20000, previous, &r, &p->err);
    cr_assert_eq(rc, 0, "%s", p->err.text);
    return r;
}

char *place_files(struct place *p, const struct dr_origin_revision *r)
{
    char *all = dr_strdup(p->arena, "");
    for (size_t i = 0; i < r->file_count; i++)
        all = dr_sprintf(p->arena, "%s%s%s", all, i ? " " : "", r->files[i].path);
    return all;
}

char *place_obstacles(struct place *p, const struct dr_origin_revision *r)
{
    char *all = dr_strdup(p->arena, "");
    for (size_t i = 0; i < r->obstacle_count; i++)
        all = dr_sprintf(p->arena, "%s%s%s:%s", all, i ? " " : "",
                         dr_obstacle_name(r->obstacles[i].kind), r->obstacles[i].path);
    return all;
}
