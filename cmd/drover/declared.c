#include "cmd/drover/declared.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "controller/base/file.h"

enum { READ_MS = 30000, TEXT_MAX = 16 << 20, WORDS_MAX = 64 << 10, BACK_MAX = 100 };

static int show_findings(const struct dr_invocation *in, const struct dr_declaration *d)
{
    struct dr_buf b;
    dr_buf_init(&b, TEXT_MAX);
    dr_findings_text(&d->docs.findings, in->err.colour, &b);
    fputs(dr_buf_str(&b), in->err.file);
    dr_buf_release(&b);
    return d->docs.findings.errors ? DR_EXIT_ERROR : 0;
}

/* "a, b, c", as far as they fit. */
static const char *names_of(const struct dr_docs *docs, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < docs->topology_count && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", i ? ", " : "",
                                 docs->topologies[i]->doc.metadata.name);
    return text;
}

static int pick(struct dr_declared *out, const struct dr_invocation *in, const char *path,
                const char *name)
{
    struct dr_err err;
    const struct dr_docs *docs = &out->declaration->docs;
    char names[256];
    if (name) {
        out->topology = dr_declaration_find(out->declaration, name);
        if (out->topology)
            return 0;
        (void)dr_fail(&err, DR_E_INPUT, "'%s' declares no topology '%s'", path, name);
        if (docs->topology_count)
            dr_hint(&err, "it declares %s", names_of(docs, names, sizeof(names)));
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    }
    if (docs->topology_count == 1) {
        out->topology = docs->topologies[0];
        return 0;
    }
    (void)dr_fail(&err, DR_E_INPUT, "'%s' declares %zu topologies", path,
                  docs->topology_count);
    if (docs->topology_count)
        dr_hint(&err, "name one: PATH NAME; it declares %s",
                names_of(docs, names, sizeof(names)));
    else
        dr_hint(&err, "a topology is a document of kind: Topology");
    return dr_cli_fail(in, DR_EXIT_ERROR, &err);
}

/* The mirror of whoever only looks stands apart from a controller's: two may fetch. */
static int open_git(struct dr_declared *out, struct dr_origin_config *config,
                    struct dr_err *err)
{
    char state[4096];
    int rc = dr_state_dir(state, NULL, err);
    if (rc != 0)
        return rc;
    const char *dir = dr_sprintf(out->arena, "%s/look", state);
    rc = dr_dir_make(dir, err);
    config->state_dir = dir;
    return rc ? rc : dr_origin_open(&out->origin, config, err);
}

/* The newest good revision before the one that is there. Out: 0, or the exit status. */
static int go_back(struct dr_declared *out, const struct dr_invocation *in,
                   const struct dr_declaration_source *from)
{
    struct dr_err err = {0};
    struct dr_declaration *d;
    out->bad_tip = dr_strdup(out->arena, out->declaration->revision);
    const char *at = out->bad_tip;
    for (out->behind = 1; out->behind <= BACK_MAX; out->behind++) {
        if (dr_declaration_read_before(&d, from, at, &err) != 0)
            break;
        dr_declaration_free(out->declaration);
        out->declaration = d;
        at = d->revision;
        if (!dr_declaration_is_good(d))
            continue;
        fprintf(in->err.file,
                "warning: revision %.12s is not valid; this is about the last good one, "
                "%.12s, %u commit%s\n  before it%s%s, which a controller keeps to\n",
                out->bad_tip, d->revision, out->behind, out->behind == 1 ? "" : "s",
                d->subject ? ": " : "", d->subject ? d->subject : "");
        return 0;
    }
    if (!err.code)
        (void)dr_fail(&err, DR_E_INPUT, "none of the %d commits before is valid either",
                      BACK_MAX);
    (void)dr_wrap(&err, "revision %.12s is not valid", out->bad_tip);
    return dr_cli_fail(in, DR_EXIT_ERROR, &err);
}

static int refuse_tip(const struct dr_declared *d, const struct dr_invocation *in)
{
    if (dr_origin_has_history(d->origin))
        fprintf(
            in->err.file,
            "revision %.12s is not valid, and nothing is decided on an older one here: a "
            "controller\n  keeps to the last good one, and `drover status` shows that\n",
            d->declaration->revision);
    return DR_EXIT_ERROR;
}

/* " word", in quotes where a shell needs them. */
static void add_word(struct dr_buf *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_./:@%+=,-";
    if (out->len)
        dr_buf_addc(out, ' ');
    if (*word && strspn(word, plain) == strlen(word)) {
        dr_buf_adds(out, word);
        return;
    }
    dr_buf_addc(out, '\'');
    for (; *word; word++)
        if (*word == '\'')
            dr_buf_adds(out, "'\\''");
        else
            dr_buf_addc(out, *word);
    dr_buf_addc(out, '\'');
}

/* PATH [NAME], or --git URL .. [NAME], to be given again. */
static const char *words_of(const struct dr_invocation *in, const char *dir,
                            const char *name, struct dr_arena *a)
{
    const struct dr_source_options *o = in->options;
    bool elsewhere = dr_declared_elsewhere(in);
    const char *const words[][2] = {
        {"", elsewhere ? NULL : dir}, {"--config", o->config}, {"--git", o->git},
        {"--branch", o->branch},      {"--path", o->path},     {"", name},
    };
    struct dr_buf b;
    dr_buf_init(&b, WORDS_MAX);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i][1] && *words[i][0])
            add_word(&b, words[i][0]);
        if (words[i][1])
            add_word(&b, words[i][1]);
    }
    const char *text = dr_strdup(a, dr_buf_str(&b));
    dr_buf_release(&b);
    return text;
}

/* Out: 0, or the exit status. */
static int read_source(struct dr_declared *out, const struct dr_invocation *in,
                       struct dr_origin_config *config, const char *name)
{
    struct dr_err err = {0};
    const char *shown = config->dir ? config->dir : config->git;
    out->where = words_of(in, config->dir, name, out->arena);
    int rc = config->git ? open_git(out, config, &err)
                         : dr_origin_open(&out->origin, config, &err);
    struct dr_declaration_source from = {
        .origin = out->origin, .prefix = config->dir, .deadline_ms = READ_MS};
    if (rc == 0)
        rc = dr_declaration_read(&out->declaration, &from, false, &err);
    if (rc != 0)
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    rc = show_findings(in, out->declaration);
    if (rc && out->last_good && dr_origin_has_history(out->origin))
        rc = go_back(out, in, &from);
    else if (rc)
        rc = refuse_tip(out, in);
    return rc ? rc : pick(out, in, shown, name);
}

static int done(struct dr_declared *out, int rc)
{
    if (rc != 0)
        dr_declared_close(out);
    return rc;
}

int dr_declared_open_at(struct dr_declared *out, const struct dr_invocation *in,
                        const char *path, const char *name)
{
    struct dr_origin_config config = {.dir = path};
    *out = (struct dr_declared){.arena = dr_arena_new(0)};
    return done(out, read_source(out, in, &config, name));
}

static int open_controllers(struct dr_declared *out, const struct dr_invocation *in,
                            const char *file, const char *name)
{
    const struct dr_controller_doc *c;
    int rc = dr_controller_read(&c, in, file, out->arena);
    if (rc != 0)
        return rc;
    struct dr_origin_config config = dr_controller_origin(c);
    config.secrets_dir = out->secrets = c->secrets;
    return read_source(out, in, &config, name);
}

bool dr_declared_elsewhere(const struct dr_invocation *in)
{
    const struct dr_source_options *o = in->options;
    return o->git || o->config;
}

static int open_elsewhere(struct dr_declared *out, const struct dr_invocation *in,
                          const char *name)
{
    const struct dr_source_options *o = in->options;
    struct dr_origin_config config = {
        .git = o->git, .branch = o->branch, .path = o->path};
    if (o->git && o->config)
        return dr_cli_usage(in, "give --git or --config, not both");
    out->arena = dr_arena_new(0);
    return done(out, o->config ? open_controllers(out, in, o->config, name)
                               : read_source(out, in, &config, name));
}

int dr_declared_open_elsewhere(struct dr_declared *out, const struct dr_invocation *in,
                               const char *name)
{
    *out = (struct dr_declared){0};
    return open_elsewhere(out, in, name);
}

static int open_any(struct dr_declared *out, const struct dr_invocation *in, size_t first)
{
    const struct dr_source_options *o = in->options;
    const char *const *args = in->args + first;
    size_t left = in->arg_count > first ? in->arg_count - first : 0;
    if ((o->branch || o->path) && !o->git)
        return dr_cli_usage(in, "--branch and --path belong to --git");
    if (!left && !dr_declared_elsewhere(in))
        return dr_cli_usage(in, "give a PATH, --git URL, or --config FILE");
    if (!dr_declared_elsewhere(in))
        return dr_declared_open_at(out, in, args[0], left > 1 ? args[1] : NULL);
    if (left > 1)
        return dr_cli_usage(in, "'%s': beside --git or --config only NAME is given",
                            args[0]);
    return open_elsewhere(out, in, left ? args[0] : NULL);
}

int dr_declared_open(struct dr_declared *out, const struct dr_invocation *in,
                     size_t first)
{
    *out = (struct dr_declared){0};
    return open_any(out, in, first);
}

int dr_declared_open_followed(struct dr_declared *out, const struct dr_invocation *in)
{
    *out = (struct dr_declared){.last_good = true};
    return open_any(out, in, 0);
}

const char *dr_declared_secrets(const struct dr_declared *d, const char *given)
{
    return given ? given : d->secrets;
}

struct dr_plan_input dr_declared_input(const struct dr_declared *d)
{
    return (struct dr_plan_input){
        .topology = d->topology, .revision = d->declaration->revision, .where = d->where};
}

void dr_declared_trace(const struct dr_declared *d, struct dr_plan_input *in,
                       struct dr_arena *a)
{
    dr_plan_trace(in, DR_NEW(a, struct dr_lineage_known),
                  dr_declaration_history(d->origin), a);
}

void dr_declared_close(struct dr_declared *d)
{
    dr_declaration_free(d->declaration);
    dr_origin_close(d->origin);
    dr_arena_free(d->arena);
    *d = (struct dr_declared){0};
}

int dr_controller_read(const struct dr_controller_doc **out,
                       const struct dr_invocation *in, const char *path,
                       struct dr_arena *a)
{
    struct dr_docs docs;
    struct dr_buf b;
    struct dr_err err;
    dr_docs_init(&docs, a);
    dr_docs_add_path(&docs, path);
    dr_docs_finish(&docs);
    dr_buf_init(&b, TEXT_MAX);
    dr_findings_text(&docs.findings, in->err.colour, &b);
    fputs(dr_buf_str(&b), in->err.file);
    dr_buf_release(&b);
    if (docs.findings.errors)
        return DR_EXIT_ERROR;
    if (docs.controller_count != 1) {
        (void)dr_fail(&err, DR_E_INPUT,
                      "'%s' holds %zu documents of kind Controller, not one", path,
                      docs.controller_count);
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    }
    *out = docs.controllers[0];
    return 0;
}

struct dr_origin_config dr_controller_origin(const struct dr_controller_doc *c)
{
    const struct dr_git_source *g = &c->source.git;
    struct dr_origin_config o = {.dir = c->source.dir};
    if (!g->declared)
        return o;
    o.git = g->url;
    o.branch = g->branch;
    o.path = g->path && *g->path ? g->path : NULL;
    o.ssh_key = g->ssh.key;
    o.ssh_passphrase = g->ssh.passphrase;
    o.known_hosts = g->ssh.known_hosts;
    o.user = g->https.user;
    o.password = g->https.password;
    o.ca_file = g->https.ca;
    return o;
}

int dr_state_dir_name(char dir[4096], const char *given, struct dr_err *err)
{
    const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = given && *given      ? snprintf(dir, 4096, "%s", given)
            : xdg && *xdg == '/' ? snprintf(dir, 4096, "%s/drover", xdg)
            : home && *home      ? snprintf(dir, 4096, "%s/.local/state/drover", home)
                                 : -1;
    if (n < 0 || n >= 4096) {
        int rc = dr_fail(err, DR_E_INPUT,
                         "no state folder: neither XDG_STATE_HOME nor HOME "
                         "is set");
        dr_hint(err, "give one with --state DIR");
        return rc;
    }
    return 0;
}

int dr_state_dir(char dir[4096], const char *given, struct dr_err *err)
{
    int rc = dr_state_dir_name(dir, given, err);
    return rc ? rc : dr_dir_make(dir, err);
}

/* Lock-free, so that a signal may set it while threads read it. */
static atomic_int asked;

/* The text of the first signal, one of two: the other one is being written. */
enum { DOING_MAX = 400, SILENT = 2 };
static char doing[2][DOING_MAX];
static atomic_int shown = SILENT;

void dr_signals_doing(const char *what)
{
    static const char rest[] =
        "\n  Ctrl-C again stops at once; running it again goes on where it is";
    int next = atomic_load(&shown) == 0;
    if (what)
        snprintf(doing[next], DOING_MAX, "\nstopping after this step: %.200s%s\n", what,
                 rest);
    else
        snprintf(doing[next], DOING_MAX, "\nstopping%s\n", rest);
    atomic_store(&shown, next);
}

void dr_signals_silent(void)
{
    atomic_store(&shown, SILENT);
}

static void say_at_once(const char *text)
{
    int before = errno;
    ssize_t said = write(STDERR_FILENO, text, strlen(text));
    (void)said;
    errno = before;
}

static void on_signal(int signal)
{
    int text = atomic_load(&shown);
    (void)signal;
    if (!atomic_fetch_add(&asked, 1)) {
        if (text != SILENT)
            say_at_once(doing[text]);
        return;
    }
    say_at_once("drover: stopped at once; start it again and it goes on where things "
                "are\n");
    _exit(DR_EXIT_INTERRUPTED);
}

void dr_signals_catch(void)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    act.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &act, NULL);
}

bool dr_signals_asked(void *ignored)
{
    (void)ignored;
    return atomic_load(&asked) != 0;
}
