/* `drover-sim ctl`, the client's side: words become a command, a reply becomes text. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cmd/drover-sim/ctl.h"
#include "controller/base/arena.h"
#include "controller/base/file.h"
#include "controller/base/json.h"
#include "controller/base/num.h"

enum { EXIT_USAGE = 64, REPLY_S = 30, AGAIN_US = 100000 };

static const char help[] =
    "usage: drover-sim ctl [--socket PATH] WORD [ARGUMENT] [NAME=VALUE | --NAME VALUE "
    "..]\n"
    "\n"
    "Looks at the estate of a running drover-sim, works on it, or hurts it.\n"
    "\n"
    "  faults                which are in force, and what can be done, with names\n"
    "  FAULT [ADDRESS] ..    one of the faults\n"
    "  clear                 ends all faults in force\n"
    "  workload start|stop|show|forget\n"
    "                        clients that write as the account `app`; what they were\n"
    "                        told is remembered: [name] [cluster | instance] [rate]\n"
    "                        [threads] [tables] [schema] [user] [from]\n"
    "  check                 are both sides of every feed equal, row by row, and is all\n"
    "                        that the workload was told there? Exit 0, else 1:\n"
    "                        [feed] [at=syncpoint] [from to] [open] [within=SECONDS]\n"
    "  audit [mark]          what changed anything, by whom; mark: the number to give "
    "as\n"
    "                        since: [since] [user] [server] [origin] [kind] [except]\n"
    "                        [--no-routine] (without drover's heartbeats and leases)\n"
    "                        [--none] (exit 1 if there is anything)\n"
    "  state [PART]          the whole state as JSON, or one part of it\n"
    "  print                 the same as stable text, to compare two moments\n"
    "  listeners             every address, and whether it takes connections\n"
    "  unknown               statements and requests that nobody knew\n"
    "\n"
    "  --socket PATH         the control socket that drover-sim named at its start\n"
    "  -o json               the reply as JSON\n"
    "\n"
    "Examples:\n"
    "  drover-sim ctl faults\n"
    "  drover-sim ctl state clusters.east\n"
    "  drover-sim ctl kill 127.0.1.4:4000\n"
    "  drover-sim ctl partition from=ticdc:east to=sql:west\n"
    "  drover-sim ctl workload start --cluster east --rate 50\n"
    "  drover-sim ctl check --within 10\n"
    "  drover-sim ctl audit --since 120 --no-routine --none\n";

const char dr_ctl_faults_help[] =
    "\n"
    "Who can be cut off from whom: a cluster, region or storage by its name; sql:NAME,\n"
    "pd:NAME, ticdc:NAME of a cluster; HOST:PORT of a process; HOST for who connects "
    "from\n"
    "there (\"127.9.\" for all that begin so); pid:N for a process of this machine, a\n"
    "controller for example; clients for everybody outside; names made by `client`.\n"
    "Kinds of calls: read, write, insert, update, delete, set, ddl, account, admin, "
    "kill,\n"
    "backup, restore, commit; post, put, delete of requests.\n"
    "\n"
    "Examples:\n"
    "  drover-sim ctl hang 127.0.1.4:4000\n"
    "  drover-sim ctl drop-after kind=update count=3\n"
    "  drover-sim ctl lose at=127.1.1.9:8300 match=/api/v2/changefeeds kind=post\n"
    "  drover-sim ctl client name=second is=pid:4711\n"
    "  drover-sim ctl partition from=second to=west\n"
    "  drover-sim ctl region-lost region-1\n"
    "  drover-sim ctl step ms=-3600000\n"
    "  drover-sim ctl clear\n";

/* ---- the path ---- */

/* A folder that is ours alone: nobody can have put a socket of his own there. */
static int own_folder(const char *path, struct dr_err *err)
{
    struct stat st;
    int rc = dr_dir_make(path, err);
    if (rc)
        return rc;
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
        st.st_mode & 077)
        return dr_fail(err, DR_E_INPUT, "'%s' is not a folder of this user alone", path);
    return 0;
}

int dr_ctl_default_path(char *out, size_t room, struct dr_err *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char folder[4096];
    int rc = 0;
    if (runtime && *runtime == '/') {
        snprintf(folder, sizeof(folder), "%s", runtime);
    } else {
        snprintf(folder, sizeof(folder), "/tmp/drover-sim-%u", (unsigned)geteuid());
        rc = own_folder(folder, err);
    }
    snprintf(out, room, "%s/drover-sim.sock", folder);
    if (rc)
        dr_hint(err, "name the control socket yourself");
    return rc;
}

/* ---- words to command ---- */

/* true, false and whole numbers mean themselves; all else is a string. */
static json_t *value_of(const char *text)
{
    int64_t i;
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(*text == 't');
    if (dr_parse_i64(text, strlen(text), &i))
        return json_integer(i);
    return json_string(text);
}

static bool is_show(const char *word)
{
    static const char *const words[] = {"state", "print",     "unknown", "faults",
                                        "audit", "listeners", "check",   "workload"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* What the argument without a name is for. */
static const char *positional(const char *word)
{
    static const char *const names[][2] = {
        {"workload", "do"},        {"audit", "do"},   {"region-lost", "region"},
        {"region-back", "region"}, {"gc", "cluster"}, {"gc-advance", "cluster"},
        {"clock", "cluster"},      {"client", "name"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(word, names[i][0]) == 0)
            return names[i][1];
    return "at";
}

static int set(json_t *command, const char *name, size_t len, json_t *v, const char *arg,
               struct dr_err *err)
{
    char *key = strndup(name, len);
    int rc = 0;
    if (!v)
        rc = dr_fail(err, DR_E_INPUT, "'%s' is no UTF-8 text", arg);
    else if (!key || !*key || json_object_get(command, key))
        rc = dr_fail(err, DR_E_INPUT, "do not know what '%s' is for: give NAME=VALUE",
                     arg);
    else
        json_object_set(command, key, v);
    json_decref(v);
    free(key);
    return rc;
}

/* Takes argv[*i], and what stands behind it if that is its value. */
static int argument(json_t *command, int argc, char *const *argv, int *i,
                    struct dr_err *err)
{
    const char *arg = argv[*i], *name = arg + (strncmp(arg, "--", 2) == 0 ? 2 : 0);
    const char *equals = strchr(name, '=');
    if (strcmp(arg, "-o") == 0)
        name = "output";
    if (name == arg && !equals) {
        const char *key = positional(argv[0]);
        if (*i > 1)
            key = ""; /* refused there */
        return set(command, key, strlen(key), json_string(arg), arg, err);
    }
    if (equals)
        return set(command, name, (size_t)(equals - name), value_of(equals + 1), arg,
                   err);
    if (strncmp(name, "no-", 3) == 0)
        return set(command, name + 3, strlen(name + 3), json_false(), arg, err);
    bool has_value = *i + 1 < argc && strncmp(argv[*i + 1], "--", 2) != 0;
    json_t *v = has_value ? value_of(argv[++*i]) : json_true();
    return set(command, name, strlen(name), v, arg, err);
}

int dr_ctl_command(json_t **out, int argc, char *const *argv, struct dr_err *err)
{
    json_t *command = json_object();
    int rc = 0;
    if (argc < 1)
        rc = dr_fail(err, DR_E_INPUT, "a word is missing");
    else if (json_object_set_new(command, is_show(argv[0]) ? "show" : "fault",
                                 json_string(argv[0])) != 0)
        rc = dr_fail(err, DR_E_INPUT, "'%s' is no UTF-8 text", argv[0]);
    for (int i = 1; rc == 0 && i < argc; i++)
        rc = argument(command, argc, argv, &i, err);
    if (rc == 0)
        *out = command;
    else
        json_decref(command);
    return rc;
}

/* ---- reply to text ---- */

static json_t *item_of(json_t *list, const char *word)
{
    uint64_t n;
    if (dr_parse_u64(word, strlen(word), &n))
        return json_array_get(list, (size_t)n);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        const char *name = dr_json_str(item, "name");
        if (name && strcmp(name, word) == 0)
            return item;
    }
    return NULL;
}

json_t *dr_ctl_part(json_t *value, const char *path)
{
    char word[256];
    while (value && *path) {
        size_t n = strcspn(path, ".");
        if (n >= sizeof(word))
            return NULL;
        memcpy(word, path, n);
        word[n] = '\0';
        value =
            json_is_array(value) ? item_of(value, word) : json_object_get(value, word);
        path += n + (path[n] == '.');
    }
    return value;
}

/* ---- the exchange ---- */

static int dial(int *out, const char *path, struct dr_err *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = REPLY_S};
    if (strlen(path) >= sizeof(at.sun_path))
        return dr_fail(err, DR_E_INPUT, "the path is too long: '%s'", path);
    memcpy(at.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
        connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0) {
        *out = fd;
        return 0;
    }
    int rc = dr_fail_errno(err, errno, "no drover-sim at %s", path);
    dr_hint(err, "start one, or give the path that it named with --socket");
    if (fd >= 0)
        close(fd);
    return rc;
}

static int exchange(int fd, const json_t *command, struct dr_buf *reply,
                    struct dr_err *err)
{
    char *text = json_dumps(command, JSON_COMPACT), piece[65536];
    size_t len = text ? strlen(text) : 0;
    bool sent = text && send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len &&
                send(fd, "\n", 1, MSG_NOSIGNAL) == 1;
    free(text);
    if (!sent)
        return dr_fail_errno(err, errno, "cannot send the command");
    while (!reply->len || reply->data[reply->len - 1] != '\n') {
        ssize_t n = recv(fd, piece, sizeof(piece), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return dr_fail(err, DR_E_TIMEOUT, "no reply");
        dr_buf_add(reply, piece, (size_t)n);
        if (reply->overflow)
            return dr_fail(err, DR_E_LIMIT, "the reply is too long");
    }
    return 0;
}

/* Sends a command; *value: borrowed from *reply, which is the caller's. */
static int ask(const char *socket_path, const json_t *command, json_t **reply,
               json_t **value, struct dr_err *err)
{
    struct dr_buf text;
    int fd = -1, rc = dial(&fd, socket_path, err);
    bool good = false;
    dr_buf_init(&text, DR_STREAM_OUT_MAX);
    if (rc == 0)
        rc = exchange(fd, command, &text, err);
    if (rc == 0)
        rc = dr_json_parse(reply, text.data, text.len, err);
    if (rc == 0 && (!dr_json_bool(*reply, "ok", &good) || !good)) {
        const char *why = dr_json_str(*reply, "error"),
                   *hint = dr_json_str(*reply, "hint");
        rc = dr_fail(err, DR_E_PEER, "%s", why ? why : "no reason given");
        dr_hint(err, "%s", hint ? hint : "");
    }
    if (fd >= 0)
        close(fd);
    dr_buf_release(&text);
    *value = rc == 0 ? json_object_get(*reply, "reply") : NULL;
    return rc;
}

/* A check is asked again until it is good, for so many seconds. */
static int ask_until_good(const char *socket_path, const json_t *command, json_t **reply,
                          json_t **value, struct dr_err *err)
{
    int64_t within_s = 0;
    const char *show = dr_json_str(command, "show");
    bool check = show && strcmp(show, "check") == 0;
    (void)!dr_json_i64(command, "within", &within_s);
    time_t end = time(NULL) + (time_t)within_s;
    for (;;) {
        int rc = ask(socket_path, command, reply, value, err);
        if (rc || !check || time(NULL) >= end ||
            json_is_true(json_object_get(*value, "ok")))
            return rc;
        json_decref(*reply);
        *reply = NULL;
        usleep(AGAIN_US);
    }
}

/* *good: false when the reply says that something is not as it should be. */
static int carry_out(const char *socket_path, int argc, char **argv, bool *good,
                     struct dr_err *err)
{
    bool state = argc == 2 && strcmp(argv[0], "state") == 0;
    const char *part = state ? argv[1] : NULL, *output;
    json_t *command = NULL, *reply = NULL, *value = NULL;
    int rc = dr_ctl_command(&command, state ? 1 : argc, argv, err);
    if (rc == 0)
        rc = ask_until_good(socket_path, command, &reply, &value, err);
    if (rc == 0 && part && !(value = dr_ctl_part(value, part)))
        rc = dr_fail(err, DR_E_INPUT, "the state has no part '%s'", part);
    output = command ? dr_json_str(command, "output") : NULL;
    if (rc == 0)
        *good = dr_ctl_print(value, command, output && strcmp(output, "json") == 0);
    json_decref(command);
    json_decref(reply);
    return rc;
}

int dr_ctl_main(int argc, char **argv)
{
    static const struct option options[] = {{"socket", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    char path[4200] = "";
    struct dr_err err = {.code = 0};
    int opt, rc = 0;
    bool good = true;
    while ((opt = getopt_long(argc, argv, "+hs:", options, NULL)) != -1) {
        if (opt == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (opt != 's') {
            fputs(help, stderr);
            return EXIT_USAGE;
        }
        snprintf(path, sizeof(path), "%s", optarg);
    }
    if (optind >= argc) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    if (!*path)
        rc = dr_ctl_default_path(path, sizeof(path), &err);
    if (rc == 0)
        rc = carry_out(path, argc - optind, argv + optind, &good, &err);
    if (rc == 0)
        return good ? 0 : 1;
    fprintf(stderr, "drover-sim ctl: %s\n", err.text);
    if (*err.hint)
        fprintf(stderr, "  %s\n", err.hint);
    return 1;
}
