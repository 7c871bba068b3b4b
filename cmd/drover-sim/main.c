/* drover-sim: reads an estate's document, builds the model, gives it sockets. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/drover-sim/ctl.h"
#include "cmd/drover-sim/server.h"
#include "controller/base/arena.h"
#include "controller/base/file.h"
#include "controller/base/json.h"
#include "controller/base/num.h"
#include "spec/load.h"

enum { EXIT_USAGE = 64, PATH_BYTES = 4200, SPEED_MAX = 1000000 };

static const char help[] =
    "usage: drover-sim [OPTIONS] ESTATE.yaml\n"
    "       drover-sim ctl [--socket PATH] WORD [ARGUMENTS]   (drover-sim ctl --help)\n"
    "\n"
    "Plays the TiDB clusters, PD, TiCDC and object storage that a document of\n"
    "kind Estate declares, on its addresses, until SIGTERM or SIGINT.\n"
    "\n"
    "  --speed N            divide the estate's own durations (backup, restore, owner\n"
    "                       change ..) by N; clocks and TSOs stay those of the wall\n"
    "  --seed N             seed of everything that is drawn; default: the document's\n"
    "  --secrets DIR        where certificates with relative names are; default: the\n"
    "                       folder of ESTATE.yaml\n"
    "  --ctl PATH           the control socket; default: drover-sim.sock in the user's\n"
    "                       runtime folder\n"
    "  --max-connections N  refuse more, and a quarter of it per port; default 2048\n"
    "  --ready-fd N         write \"ready\" there, and close it, when all sockets "
    "listen\n"
    "  --ready-file PATH    write the process id there then\n"
    "  -q, --quiet          do not list the listeners\n"
    "\n"
    "It prints \"ready\" on stdout when all sockets listen.\n"
    "\n"
    "Examples:\n"
    "  drover-sim examples/quickstart/estate.yaml\n"
    "  drover-sim --speed 10 --seed 7 estate.yaml\n"
    "  drover-sim ctl faults\n"
    "  mariadb -h 127.0.1.4 -P 4000 -u root\n"
    "  curl http://127.0.1.1:2379/pd/api/v1/health\n";

struct options {
    const char *estate, *secrets, *ready_file;
    char ctl[PATH_BYTES], folder[PATH_BYTES];
    uint64_t speed, seed, max_connections, ready_fd;
    bool has_seed, has_ready_fd, quiet;
};

static void say(const char *line)
{
    fprintf(stderr, "drover-sim: %s\n", line);
}

static int complain(const struct dr_err *err)
{
    say(err->text);
    if (*err->hint)
        fprintf(stderr, "  %s\n", err->hint);
    return 1;
}

/* ---- the command line ---- */

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    return dr_parse_u64(text, strlen(text), out) && *out >= least && *out <= most;
}

static const struct option long_options[] = {
    {"speed", required_argument, NULL, 's'},
    {"seed", required_argument, NULL, 'e'},
    {"secrets", required_argument, NULL, 'S'},
    {"ctl", required_argument, NULL, 'c'},
    {"max-connections", required_argument, NULL, 'm'},
    {"ready-fd", required_argument, NULL, 'r'},
    {"ready-file", required_argument, NULL, 'f'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

/* 0: go on; else exit with that code, 0 spelled as -1. */
static int one_option(struct options *o, int opt, const char *value)
{
    bool good = true;
    switch (opt) {
    case 's':
        good = number(value, 1, SPEED_MAX, &o->speed);
        break;
    case 'e':
        good = o->has_seed = number(value, 0, UINT64_MAX, &o->seed);
        break;
    case 'S':
        o->secrets = value;
        break;
    case 'c':
        good = strlen(value) < sizeof(o->ctl);
        snprintf(o->ctl, sizeof(o->ctl), "%s", value);
        break;
    case 'm':
        good = number(value, 1, 1000000, &o->max_connections);
        break;
    case 'r':
        good = o->has_ready_fd = number(value, 0, 65535, &o->ready_fd);
        break;
    case 'f':
        o->ready_file = value;
        break;
    case 'q':
        o->quiet = true;
        break;
    case 'h':
        fputs(help, stdout);
        return -1;
    default:
        fputs("try `drover-sim --help`\n", stderr);
        return EXIT_USAGE;
    }
    if (!good)
        fprintf(stderr, "drover-sim: '%s' is out of range; try `drover-sim --help`\n",
                value);
    return good ? 0 : EXIT_USAGE;
}

static int parse_options(struct options *o, int argc, char **argv)
{
    int opt, stop = 0;
    while (!stop && (opt = getopt_long(argc, argv, "qh", long_options, NULL)) != -1)
        stop = one_option(o, opt, optarg);
    if (stop)
        return stop;
    if (optind + 1 != argc) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    o->estate = argv[optind];
    const char *slash = strrchr(o->estate, '/');
    int folder = slash ? (int)(slash - o->estate) + (slash == o->estate) : 1;
    if (folder >= PATH_BYTES)
        return EXIT_USAGE;
    snprintf(o->folder, sizeof(o->folder), "%.*s", folder, slash ? o->estate : ".");
    return 0;
}

/* ---- the document ---- */

static void print_findings(const struct dr_findings *f)
{
    struct dr_buf text;
    dr_buf_init(&text, 1024 * 1024);
    dr_findings_text(f, isatty(STDERR_FILENO) && !getenv("NO_COLOR"), &text);
    fputs(dr_buf_str(&text), stderr);
    dr_buf_release(&text);
}

/* NULL: there is not exactly one good estate; said why. */
static const struct dr_estate_doc *load(struct dr_arena *a, const char *path)
{
    struct dr_docs docs;
    dr_docs_init(&docs, a);
    dr_docs_add_path(&docs, path);
    dr_docs_finish(&docs);
    print_findings(&docs.findings);
    if (docs.findings.errors)
        return NULL;
    if (docs.estate_count == 1)
        return docs.estates[0];
    fprintf(stderr, "drover-sim: %s holds %zu documents of kind Estate, one is wanted\n",
            path, docs.estate_count);
    return NULL;
}

/* ---- ready ---- */

static void list_listeners(const struct dr_model *m)
{
    static const struct {
        enum dr_model_port port;
        const char *name;
    } groups[] = {{DR_PORT_SQL, "sql"},
                  {DR_PORT_STATUS, "status"},
                  {DR_PORT_PD, "pd"},
                  {DR_PORT_CDC, "ticdc"},
                  {DR_PORT_STORE, "storage"}};
    size_t n;
    const struct dr_model_listener *l = dr_model_listeners(m, &n);
    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        size_t found = 0;
        for (size_t i = 0; i < n; i++) {
            char text[DR_HOST_MAX + 16];
            if (l[i].port != groups[g].port)
                continue;
            if (!found++)
                fprintf(stderr, "drover-sim: %-8s", groups[g].name);
            fprintf(stderr, " %s", dr_address_text(&l[i].at, text));
        }
        if (found)
            fputs("\n", stderr);
    }
}

static int announce(const struct options *o, const struct dr_model *m, struct dr_err *err)
{
    if (!o->quiet) {
        list_listeners(m);
        fprintf(stderr, "drover-sim: ctl      %s\n", o->ctl);
    }
    puts("ready");
    if (fflush(stdout) != 0)
        return dr_fail_errno(err, errno, "stdout");
    if (o->ready_file) {
        char pid[32];
        int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
        int rc = dr_file_write(o->ready_file, pid, (size_t)n, 0644, err);
        if (rc)
            return rc;
    }
    if (o->has_ready_fd) {
        if (write((int)o->ready_fd, "ready\n", 6) != 6)
            return dr_fail_errno(err, errno, "--ready-fd %d", (int)o->ready_fd);
        if (o->ready_fd > STDERR_FILENO)
            close((int)o->ready_fd);
    }
    return 0;
}

static int serve(struct options *o, const struct dr_estate_doc *doc, struct dr_err *err)
{
    struct dr_model *m = NULL;
    struct dr_sim_server *server = NULL;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    int64_t wall_ms = wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
    int rc = dr_model_new(&m, doc, o->has_seed ? o->seed : doc->seed, wall_ms, err);
    if (rc)
        return rc;
    dr_model_set_speed(m, (double)o->speed);
    struct dr_sim_server_options so = {
        .doc = doc,
        .tls_dir = o->secrets ? o->secrets : o->folder,
        .ctl_socket = o->ctl,
        .max_connections = (size_t)o->max_connections,
        .say = say,
    };
    rc = dr_sim_server_new(&server, m, &so, err);
    if (rc == 0)
        rc = announce(o, m, err);
    if (rc == 0)
        rc = dr_sim_server_run(server, err);
    dr_sim_server_free(server);
    dr_model_free(m);
    return rc;
}

int main(int argc, char **argv)
{
    struct options o = {.speed = 1};
    struct dr_err err = {.code = 0};
    dr_json_init();
    if (argc > 1 && strcmp(argv[1], "ctl") == 0)
        return dr_ctl_main(argc - 1, argv + 1);
    int stop = parse_options(&o, argc, argv);
    if (stop)
        return stop < 0 ? 0 : stop;
    struct dr_arena *a = dr_arena_new(0);
    const struct dr_estate_doc *doc = load(a, o.estate);
    int rc = doc ? 0 : 1;
    if (doc && !*o.ctl)
        rc = dr_ctl_default_path(o.ctl, sizeof(o.ctl), &err);
    if (doc && rc == 0)
        rc = serve(&o, doc, &err);
    if (doc && rc)
        complain(&err);
    dr_arena_free(a);
    return rc ? 1 : 0;
}
