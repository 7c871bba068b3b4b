/* `drover-sim ctl`, the client's side: words become a command, a reply becomes text. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/drover-sim/ctl.h"
#include "controller/base/arena.h"
#include "controller/base/file.h"
#include "controller/base/json.h"
#include "controller/base/num.h"

enum { EXIT_USAGE = 64, REPLY_S = 30 };

static const char help[] =
    "usage: drover-sim ctl [--socket PATH] WORD [ADDRESS] [NAME=VALUE ..]\n"
    "\n"
    "Looks at the estate of a running drover-sim, or hurts it.\n"
    "\n"
    "  faults                what can be done to it, with the names each takes\n"
    "  state [PART]          the whole state as JSON, or one part of it\n"
    "  print                 the same as stable text, to compare two moments\n"
    "  listeners             every address, and whether it takes connections\n"
    "  unknown               statements and requests that nobody knew\n"
    "  FAULT [ADDRESS] ..    one of the faults\n"
    "\n"
    "  --socket PATH         the control socket that drover-sim named at its start\n"
    "\n"
    "Examples:\n"
    "  drover-sim ctl faults\n"
    "  drover-sim ctl state clusters.east\n"
    "  drover-sim ctl kill 127.0.1.4:4000\n";

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
    static const char *const words[] = {"state", "print", "unknown", "faults",
                                        "listeners"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static int argument(json_t *command, const char *arg, int position, struct dr_err *err)
{
    const char *equals = strchr(arg, '=');
    json_t *v = equals ? value_of(equals + 1) : json_string(arg);
    char *name = equals ? strndup(arg, (size_t)(equals - arg)) : strdup("at");
    int rc = 0;
    if (!v)
        rc = dr_fail(err, DR_E_INPUT, "'%s' is no UTF-8 text", arg);
    else if (!name || !*name || (!equals && position > 0) ||
             json_object_get(command, name))
        rc = dr_fail(err, DR_E_INPUT, "do not know what '%s' is for: give NAME=VALUE",
                     arg);
    else
        json_object_set(command, name, v);
    json_decref(v);
    free(name);
    return rc;
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
        rc = argument(command, argv[i], i - 1, err);
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

static void print_commands(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        const char *name = dr_json_str(c, "name"), *about = dr_json_str(c, "help");
        printf("%-18s %s\n", name ? name : "", about ? about : "");
    }
}

static void print_value(const json_t *v)
{
    if (!v || json_is_null(v)) {
        puts("done");
    } else if (json_is_string(v)) {
        fwrite(json_string_value(v), json_string_length(v), 1, stdout);
        puts("");
    } else {
        json_dumpf(v, stdout, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        puts("");
    }
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

static int show(json_t *reply, const char *word, const char *part, struct dr_err *err)
{
    json_t *value = json_object_get(reply, "reply");
    bool good = false;
    if (!dr_json_bool(reply, "ok", &good) || !good) {
        const char *why = dr_json_str(reply, "error"), *hint = dr_json_str(reply, "hint");
        int rc = dr_fail(err, DR_E_PEER, "%s", why ? why : "no reason given");
        dr_hint(err, "%s", hint ? hint : "");
        return rc;
    }
    if (part && !(value = dr_ctl_part(value, part)))
        return dr_fail(err, DR_E_INPUT, "the state has no part '%s'", part);
    if (strcmp(word, "faults") == 0)
        print_commands(value);
    else
        print_value(value);
    return 0;
}

static int carry_out(const char *socket_path, int argc, char **argv, struct dr_err *err)
{
    bool state = argc == 2 && strcmp(argv[0], "state") == 0;
    const char *part = state ? argv[1] : NULL;
    json_t *command = NULL, *reply = NULL;
    struct dr_buf text;
    int fd = -1, rc = dr_ctl_command(&command, state ? 1 : argc, argv, err);
    dr_buf_init(&text, DR_STREAM_OUT_MAX);
    if (rc == 0)
        rc = dial(&fd, socket_path, err);
    if (rc == 0)
        rc = exchange(fd, command, &text, err);
    if (rc == 0)
        rc = dr_json_parse(&reply, text.data, text.len, err);
    if (rc == 0)
        rc = show(reply, argv[0], part, err);
    if (fd >= 0)
        close(fd);
    json_decref(command);
    json_decref(reply);
    dr_buf_release(&text);
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
        rc = carry_out(path, argc - optind, argv + optind, &err);
    if (rc == 0)
        return 0;
    fprintf(stderr, "drover-sim ctl: %s\n", err.text);
    if (*err.hint)
        fprintf(stderr, "  %s\n", err.hint);
    return 1;
}
