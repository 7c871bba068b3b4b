/* The face of both kinds of origin: settings, refreshing, and handing on. */
#include "controller/source/origin.h"

#include <stdlib.h>
#include <string.h>

#include "controller/source/inside.h"

struct dr_collect dr_origin_collect(const struct dr_origin *o, struct dr_arena *a)
{
    return (struct dr_collect){.arena = a,
                               .max_file_bytes = o->config.max_file_bytes,
                               .max_total_bytes = o->config.max_total_bytes,
                               .max_files = o->config.max_files};
}

/* ---- opening --------------------------------------------------------------------- */

static void copy_config(struct dr_origin *o, const struct dr_origin_config *from)
{
    struct dr_origin_config *c = &o->config;
    *c = *from;
    const char **const texts[] = {&c->dir,
                                  &c->git,
                                  &c->branch,
                                  &c->path,
                                  &c->state_dir,
                                  &c->user,
                                  &c->password.file,
                                  &c->password.env,
                                  &c->ssh_key.file,
                                  &c->ssh_key.env,
                                  &c->ssh_passphrase.file,
                                  &c->ssh_passphrase.env,
                                  &c->secrets_dir,
                                  &c->ca_file,
                                  &c->known_hosts,
                                  &c->fetcher};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = dr_strdup(o->arena, *texts[i]);
    c->max_repository_bytes =
        c->max_repository_bytes ? c->max_repository_bytes : 256u << 20;
    c->max_memory_bytes = c->max_memory_bytes ? c->max_memory_bytes : 512u << 20;
    c->max_file_bytes = c->max_file_bytes ? c->max_file_bytes : 1u << 20;
    c->max_total_bytes = c->max_total_bytes ? c->max_total_bytes : 64u << 20;
    c->max_files = c->max_files ? c->max_files : 10000;
}

static bool is_git(const struct dr_origin *o)
{
    return o->config.git != NULL;
}

int dr_origin_open(struct dr_origin **out, const struct dr_origin_config *config,
                   struct dr_err *err)
{
    if (!config->dir == !config->git)
        return dr_fail(err, DR_E_INPUT,
                       "an origin is either a folder or a git repository");
    struct dr_origin *o = dr_xcalloc(1, sizeof(*o));
    o->arena = dr_arena_new(0);
    copy_config(o, config);
    int rc = is_git(o) ? dr_git_begin(err) : dr_folder_open(o, err);
    if (rc == 0 && is_git(o)) {
        rc = dr_git_open(o, err);
        if (rc)
            git_libgit2_shutdown();
    }
    if (rc) {
        dr_seen_close(o->seen);
        dr_arena_free(o->arena);
        free(o);
        return rc;
    }
    *out = o;
    return 0;
}

void dr_origin_close(struct dr_origin *o)
{
    if (!o)
        return;
    dr_fetch_kill(o->fetch);
    dr_seen_close(o->seen);
    if (is_git(o))
        git_libgit2_shutdown();
    dr_arena_free(o->arena);
    free(o);
}

const char *dr_origin_name(const struct dr_origin *o)
{
    return o->name;
}

bool dr_origin_has_history(const struct dr_origin *o)
{
    return is_git(o);
}

/* ---- refreshing ------------------------------------------------------------------ */

int dr_origin_start(struct dr_origin *o, int64_t deadline_ms, struct dr_err *err)
{
    if (o->fetch)
        return dr_fail(err, DR_E_BUG, "a fetch is under way already");
    o->started = true;
    o->fetched = !is_git(o);
    o->result = (struct dr_err){0};
    if (!is_git(o))
        return 0;
    int rc = dr_fetch_start(&o->fetch, o, deadline_ms, err);
    if (rc)
        o->started = false;
    return rc;
}

int dr_origin_fd(const struct dr_origin *o)
{
    return o->fetch ? dr_fetch_fd(o->fetch) : -1;
}

void dr_origin_wait(struct dr_origin *o, int64_t wait_ms, bool *ready)
{
    if (o->fetch && dr_fetch_wait(o->fetch, wait_ms, &o->result)) {
        o->fetch = NULL;
        o->fetched = true;
    }
    *ready = !o->fetch;
}

static int read_revision(struct dr_origin *o, struct dr_arena *a, const char *previous,
                         struct dr_origin_revision *out, struct dr_err *err)
{
    struct dr_origin_revision r = {0};
    int rc = is_git(o) ? dr_git_read(o, a, NULL, &r, err) : dr_folder_read(o, a, &r, err);
    if (rc)
        return dr_wrap(err, "%s", o->name);
    r.changed = !previous || strcmp(previous, r.revision) != 0;
    snprintf(o->tip, sizeof(o->tip), "%s", r.revision);
    *out = r;
    return 0;
}

int dr_origin_read(struct dr_origin *o, struct dr_arena *a, const char *previous,
                   struct dr_origin_revision *out, struct dr_err *err)
{
    if (!o->started || !o->fetched)
        return dr_fail(err, DR_E_CONFLICT, "nothing has been fetched yet");
    if (!o->result.code)
        return read_revision(o, a, previous, out, err);
    if (err)
        *err = o->result;
    return err ? dr_wrap(err, "%s", o->name) : -(int)o->result.code;
}

int dr_origin_read_stored(struct dr_origin *o, struct dr_arena *a,
                          struct dr_origin_revision *out, struct dr_err *err)
{
    return read_revision(o, a, NULL, out, err);
}

int dr_origin_read_before(struct dr_origin *o, struct dr_arena *a, const char *revision,
                          struct dr_origin_revision *out, struct dr_err *err)
{
    struct dr_origin_revision r = {0};
    if (!is_git(o))
        return dr_fail(err, DR_E_ABSENT, "%s has no history", o->name);
    int rc = dr_git_read(o, a, revision, &r, err);
    if (rc)
        return dr_wrap(err, "%s", o->name);
    r.changed = true;
    *out = r;
    return 0;
}

int dr_origin_poll(struct dr_origin *o, struct dr_arena *a, int64_t deadline_ms,
                   const char *previous, struct dr_origin_revision *out,
                   struct dr_err *err)
{
    int rc = dr_origin_start(o, deadline_ms, err);
    if (rc)
        return rc;
    for (bool ready = false; !ready;)
        dr_origin_wait(o, deadline_ms, &ready);
    return dr_origin_read(o, a, previous, out, err);
}

/* ---- history --------------------------------------------------------------------- */

enum dr_descent dr_origin_descends(struct dr_origin *o, const char *revision,
                                   const char *ancestor)
{
    return is_git(o) ? dr_git_descends(o, revision, ancestor) : DR_DESCENT_UNKNOWN;
}

int dr_origin_vanished(struct dr_origin *o, struct dr_arena *a, uint32_t max_commits,
                       struct dr_origin_past_list *out, struct dr_err *err)
{
    *out = (struct dr_origin_past_list){0};
    if (!*o->tip)
        return dr_fail(err, DR_E_CONFLICT, "no revision has been read yet");
    if (is_git(o))
        return dr_git_vanished(o, a, max_commits, out, err);
    return o->seen ? dr_seen_list(o->seen, a, o->tip, max_commits, out, err) : 0;
}
