/* drover run: the controller. */
#include <string.h>
#include <unistd.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "cmd/drover/progress.h"
#include "controller/act/lock.h"
#include "controller/loop/fleet.h"

struct options {
    const char *config, *git, *branch, *path, *dir, *state, *secrets;
    bool once;
    int64_t interval_ms, lease_ms;
};

// clang-format off
static const struct dr_option options[] = {
    {.name = "config", .kind = DR_OPT_TEXT, .value = "FILE",
     .offset = offsetof(struct options, config), .help = "a document of kind: Controller"},
    {.name = "git", .kind = DR_OPT_TEXT, .value = "URL", .offset = offsetof(struct options, git),
     .help = "repository: https, ssh, or an absolute local path"},
    {.name = "branch", .kind = DR_OPT_TEXT, .value = "NAME",
     .offset = offsetof(struct options, branch), .help = "of the repository (default: main)"},
    {.name = "path", .kind = DR_OPT_TEXT, .value = "PATH", .offset = offsetof(struct options, path),
     .help = "folder or file inside the repository (default: all of it)"},
    {.name = "dir", .kind = DR_OPT_TEXT, .value = "DIR", .offset = offsetof(struct options, dir),
     .help = "a folder of documents instead of a repository"},
    {.name = "once", .kind = DR_OPT_FLAG, .offset = offsetof(struct options, once),
     .help = "end when every topology is converged, blocked, in need of a word, or not to be read"},
    {.name = "interval", .kind = DR_OPT_DURATION, .value = "DURATION",
     .offset = offsetof(struct options, interval_ms),
     .help = "between two looks at a converged topology (default: 10s)"},
    {.name = "lease", .kind = DR_OPT_DURATION, .value = "DURATION",
     .offset = offsetof(struct options, lease_ms),
     .help = "how long another controller waits for this one (default: 30s)"},
    {.name = "state", .kind = DR_OPT_TEXT, .value = "DIR", .offset = offsetof(struct options, state),
     .help = "folder of journal and mirror (default: drover in the XDG state folder)"},
    {.name = "secrets", .kind = DR_OPT_TEXT, .value = "DIR",
     .offset = offsetof(struct options, secrets), .help = "folder of relative secret files"},
    {0}};

static const struct dr_example examples[] = {
    {"drover run --git /srv/topologies.git --branch main", "keep what a repository declares"},
    {"drover run --dir topologies/ --once", "bring a folder's topologies to rest, then end"},
    {"drover run --config controller.yaml", "everything from a document"},
    {0}};
// clang-format on

enum {
    FETCH_MS = 60000,
    INTERVAL_MS = 10000,
    LEASE_MS = 30000,
    KEPT_DAYS = 400,
    KEPT_MIB = 256,
    LEASE_ROUNDS = 3 /* it outlasts two rounds that go wrong */
};

static const int64_t DAY_MS = 24LL * 3600 * 1000;

/* What the run stands on: the options, or the Controller document, options first. */
struct setting {
    struct dr_origin_config origin;
    const char *state, *secrets, *prefix, *publish;
    int64_t interval_ms, lease_ms, fetch_ms;
    struct dr_journal_retention retention;
    bool approve[DR_RISK_COUNT];
    uint32_t max_disruptive;
    bool json;
};

static void from_document(struct setting *s, const struct dr_controller_doc *c)
{
    s->origin = dr_controller_origin(c);
    if (c->source.git.declared)
        s->fetch_ms = c->source.git.fetch_timeout_ms;
    s->state = c->state;
    s->secrets = c->secrets;
    s->interval_ms = c->interval_ms;
    s->lease_ms = c->lease.duration_ms;
    s->retention.age_ms = c->journal_retention.age_ms;
    s->retention.size_bytes = c->journal_retention.size_bytes;
    memcpy(s->approve, c->policy.approve, sizeof(s->approve));
    s->max_disruptive = c->policy.max_disruptive;
    s->publish = c->publish.observed;
    s->json = c->log.format == DR_LOG_JSON;
}

/* What the document asks for and this version does not do: refused where safety was asked
 * for, said where a service was. Out: 0, or the exit status. */
static int refuse_unbuilt(const struct dr_invocation *in,
                          const struct dr_controller_doc *c)
{
    struct dr_err err;
    if (c->source.git.declared && c->source.git.verify.mode != DR_GIT_VERIFY_NONE) {
        (void)dr_fail(
            &err, DR_E_INPUT,
            "source.git.verify asks for signed commits; this version cannot check "
            "signatures");
        dr_hint(&err, "remove verify, and let the git server refuse unsigned commits");
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    }
    if (c->listener_count || dr_secret_given(&c->webhook_secret))
        fprintf(in->err.file,
                "note: listeners and webhook are not served by this version\n");
    return 0;
}

static int read_config(const struct dr_invocation *in, struct setting *s,
                       const char *path, struct dr_arena *a)
{
    const struct dr_controller_doc *c;
    int rc = dr_controller_read(&c, in, path, a);
    if (rc != 0)
        return rc;
    from_document(s, c);
    return refuse_unbuilt(in, c);
}

static void from_options(struct setting *s, const struct options *o)
{
    if (o->git || o->dir) {
        s->origin.git = o->git;
        s->origin.dir = o->dir;
        s->origin.branch = o->branch;
        s->origin.path = o->path;
    }
    if (o->state)
        s->state = o->state;
    if (o->secrets)
        s->secrets = o->secrets;
    if (o->interval_ms)
        s->interval_ms = o->interval_ms;
    if (o->lease_ms)
        s->lease_ms = o->lease_ms;
    s->prefix = s->origin.dir;
}

static void say(void *arg, const char *topology, const struct dr_event *e)
{
    dr_progress_say(arg, topology, e);
}

static int run_fleet(const struct dr_invocation *in, struct setting *s)
{
    const struct options *o = in->options;
    struct dr_progress progress = {.stream = in->err, .json = s->json, .stamped = true};
    struct dr_origin *origin;
    struct dr_err err = {0};
    bool good = false;
    if (dr_origin_open(&origin, &s->origin, &err) != 0)
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    struct dr_fleet_options f = {.origin = origin,
                                 .prefix = s->prefix,
                                 .state_dir = s->origin.state_dir,
                                 .secrets_dir = s->secrets,
                                 .interval_ms = s->interval_ms,
                                 .fetch_ms = s->fetch_ms,
                                 .lease_ms = s->lease_ms,
                                 .retention = s->retention,
                                 .max_disruptive = s->max_disruptive,
                                 .publish_dir = s->publish,
                                 .once = o->once,
                                 .say = say,
                                 .stop = dr_signals_asked,
                                 .arg = &progress};
    memcpy(f.approve, s->approve, sizeof(f.approve));
    if (!s->json) {
        dr_progress_stamp(&progress);
        fprintf(in->err.file, "drover keeps what %s declares; Ctrl-C ends it\n",
                dr_origin_name(origin));
    }
    int rc = dr_fleet_run(&f, &good, &err) != 0 ? dr_cli_fail(in, DR_EXIT_ERROR, &err)
             : o->once && !good                 ? DR_EXIT_BLOCKED
                                                : DR_EXIT_OK;
    dr_origin_close(origin);
    return rc;
}

static int run(const struct dr_invocation *in)
{
    const struct options *o = in->options;
    struct setting s = {.interval_ms = INTERVAL_MS,
                        .lease_ms = LEASE_MS,
                        .fetch_ms = FETCH_MS,
                        .max_disruptive = 1,
                        .retention = {.age_ms = KEPT_DAYS * DAY_MS,
                                      .size_bytes = (uint64_t)KEPT_MIB << 20}};
    struct dr_err err;
    char state[4096];
    int lock = -1, rc = 0;
    if ((o->git != NULL) + (o->dir != NULL) + (o->config != NULL) == 0 ||
        (o->git && o->dir))
        return dr_cli_usage(in, "give one of --git URL, --dir DIR, --config FILE");
    struct dr_arena *a = dr_arena_new(0);
    if (o->config)
        rc = read_config(in, &s, o->config, a);
    from_options(&s, o);
    if (rc == 0 && !o->lease_ms && s.lease_ms < LEASE_ROUNDS * s.interval_ms)
        s.lease_ms = LEASE_ROUNDS * s.interval_ms;
    if (rc == 0 && s.lease_ms < LEASE_ROUNDS * s.interval_ms)
        rc = dr_cli_usage(in, "the lease must be at least three times the interval");
    dr_signals_catch();
    if (rc == 0 && (dr_state_dir(state, s.state, &err) != 0 ||
                    dr_state_lock(state, &lock, &err) != 0))
        rc = dr_cli_fail(in, DR_EXIT_ERROR, &err);
    if (rc == 0) {
        s.origin.state_dir = state;
        s.origin.secrets_dir = s.secrets;
        rc = run_fleet(in, &s);
        close(lock);
    }
    dr_arena_free(a);
    return rc;
}

const struct dr_command dr_cmd_run = {
    .name = "run",
    .summary = "the controller: keep what git declares",
    .about = "Reads topologies from a git repository or a folder, again and again, and "
             "carries out "
             "what is\nmissing: safe and disruptive steps by itself, destructive ones "
             "after an "
             "approval. A bad\nrevision is reported and the last good one is kept. A "
             "topology whose "
             "document was removed is\nno longer cared for; nothing is destroyed.\n"
             "Exit status: 0 ended on request (--once: all converged), 1 error, 3 with "
             "--once: not "
             "all\nconverged, 64 wrong usage.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .max_args = 0,
    .run = run,
};
