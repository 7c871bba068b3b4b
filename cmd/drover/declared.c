#include "cmd/drover/declared.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "controller/base/file.h"

enum { READ_MS = 30000, TEXT_MAX = 16 << 20 };

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

int dr_declared_open(struct dr_declared *out, const struct dr_invocation *in)
{
    return dr_declared_open_at(out, in, in->args[0],
                               in->arg_count > 1 ? in->args[1] : NULL);
}

int dr_declared_open_at(struct dr_declared *out, const struct dr_invocation *in,
                        const char *path, const char *name)
{
    struct dr_err err = {0};
    struct dr_origin_config config = {.dir = path};
    *out = (struct dr_declared){0};
    int rc = dr_origin_open(&out->origin, &config, &err);
    if (rc == 0)
        rc = dr_declaration_read(&out->declaration,
                                 &(struct dr_declaration_source){.origin = out->origin,
                                                                 .prefix = path,
                                                                 .deadline_ms = READ_MS},
                                 false, &err);
    if (rc != 0) {
        dr_declared_close(out);
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    }
    rc = show_findings(in, out->declaration);
    if (rc == 0)
        rc = pick(out, in, path, name);
    if (rc != 0)
        dr_declared_close(out);
    return rc;
}

void dr_declared_close(struct dr_declared *d)
{
    dr_declaration_free(d->declaration);
    dr_origin_close(d->origin);
    *d = (struct dr_declared){0};
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

static void on_signal(int signal)
{
    static const char last[] =
        "drover: stopped at once; start it again and it goes on where things are\n";
    (void)signal;
    if (!atomic_fetch_add(&asked, 1))
        return;
    ssize_t said = write(STDERR_FILENO, last, sizeof(last) - 1);
    (void)said;
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
