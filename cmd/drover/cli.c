#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/drover/cmd.h"
#include "controller/base/arena.h"
#include "controller/base/num.h"
#include "controller/base/similar.h"

enum { MANY = 64, TEXT_MAX = 1 << 20 };

struct parse {
    const struct dr_command *command;
    char *options;
    const char **args;
    size_t arg_count;
    bool help;
    struct dr_invocation *in;
};

static struct dr_stream stream(FILE *file)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    struct dr_stream s = {.file = file, .terminal = isatty(fileno(file)) == 1};
    s.colour = s.terminal && !(no && *no) && term && strcmp(term, "dumb") != 0;
    return s;
}

/* code 0: of no error, but of wrong usage */
static void say_error(const struct dr_stream *s, const char *text, enum dr_code code)
{
    fprintf(s->file, "%serror:%s %s", s->colour ? "\033[31m" : "",
            s->colour ? "\033[0m" : "", text);
    if (code)
        fprintf(s->file, " [%s]", dr_code_info(code)->id);
    fputc('\n', s->file);
}

int dr_cli_fail(const struct dr_invocation *in, enum dr_exit code,
                const struct dr_err *err)
{
    char text[DR_ERR_SHOWN_MAX];
    say_error(&in->err, dr_err_shown(err, text), err->code);
    if (err->hint[0])
        fprintf(in->err.file, "  hint: %s\n", err->hint);
    return code;
}

int dr_cli_usage(const struct dr_invocation *in, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    say_error(&in->err, text, 0);
    if (in->command)
        fprintf(in->err.file, "  see: drover %s --help\n", in->command->name);
    else
        fprintf(in->err.file, "  see: drover --help\n");
    return DR_EXIT_USAGE;
}

int dr_cli_result(const struct dr_invocation *in, const struct dr_buf *b)
{
    struct dr_err err = {0};
    bool written = fwrite(dr_buf_str(b), 1, b->len, in->out.file) == b->len &&
                   fflush(in->out.file) == 0;
    bool enough = !written && errno == EPIPE; /* the reader left: no word about it */
    if (b->overflow)
        dr_fail(&err, DR_E_LIMIT, "the output is larger than %zu bytes", b->max);
    else if (!written && !enough)
        dr_fail(&err, DR_E_IO, "the output could not be written");
    else
        return DR_EXIT_OK;
    return dr_cli_fail(in, DR_EXIT_ERROR, &err);
}

/* ---- help ---- */

static void option_help(const struct dr_option *o, struct dr_buf *out)
{
    struct dr_buf left;
    dr_buf_init(&left, 500);
    if (o->letter)
        dr_buf_addf(&left, "-%c, ", o->letter);
    else
        dr_buf_adds(&left, "    ");
    dr_buf_addf(&left, "--%s", o->name);
    for (size_t i = 0; o->words && o->words[i]; i++)
        dr_buf_addf(&left, "%c%s", i ? '|' : ' ', o->words[i]);
    if (o->value)
        dr_buf_addf(&left, " %s", o->value);
    dr_buf_addf(out, "  %-30s%s%s", dr_buf_str(&left),
                left.len <= 30 ? " " : "\n                                 ", o->help);
    if (o->fallback)
        dr_buf_addf(out, " (default %s)", o->fallback);
    dr_buf_addc(out, '\n');
    dr_buf_release(&left);
}

void dr_cli_help(const struct dr_command *c, struct dr_buf *out)
{
    static const struct dr_option help = {
        .name = "help", .letter = 'h', .help = "this text"};
    dr_buf_addf(out, "%s\n\nUsage: drover %s [OPTIONS]%s%s\n", c->summary, c->name,
                c->arguments ? " " : "", c->arguments ? c->arguments : "");
    if (c->about)
        dr_buf_addf(out, "\n%s\n", c->about);
    dr_buf_adds(out, "\nExamples:\n");
    for (const struct dr_example *e = c->examples; e->command; e++)
        dr_buf_addf(out, "  %s\n      %s\n", e->command, e->what);
    dr_buf_adds(out, "\nOptions:\n");
    for (const struct dr_option *o = c->options; o && o->name; o++)
        option_help(o, out);
    option_help(&help, out);
}

static void general_help(const struct dr_command *const *commands, struct dr_buf *out)
{
    dr_buf_adds(out,
                "drover keeps TiDB disaster-recovery topologies the way git says they "
                "should be.\n\nUsage: drover COMMAND [OPTIONS] [ARGUMENTS]\n\n"
                "Commands:\n");
    for (; *commands; commands++)
        dr_buf_addf(out, "  %-12s %s\n", (*commands)->name, (*commands)->summary);
    dr_buf_adds(out,
                "\nExamples:\n"
                "  drover validate topologies/\n      check every document of a folder\n"
                "  drover explain spec.replication.redo\n      what a field means\n"
                "  drover explain DR-V012\n      what a finding means\n"
                "\n`drover COMMAND --help` tells more about each.\n");
}

/* ---- parsing ---- */

static const struct dr_option *by_letter(const struct dr_command *c, char letter)
{
    for (const struct dr_option *o = c->options; o && o->name; o++)
        if (o->letter == letter)
            return o;
    return NULL;
}

static const struct dr_option *by_name(const struct dr_command *c, const char *name,
                                       size_t len)
{
    for (const struct dr_option *o = c->options; o && o->name; o++)
        if (strlen(o->name) == len && !memcmp(o->name, name, len))
            return o;
    return NULL;
}

static int unknown_option(struct parse *p, const char *arg)
{
    const char *names[MANY] = {"help"};
    size_t count = 1;
    for (const struct dr_option *o = p->command->options; o && o->name && count < MANY;
         o++)
        names[count++] = o->name;
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(arg, "="), arg);
    const char *meant =
        !strncmp(name, "--", 2) ? dr_similar(name + 2, names, count) : NULL;
    if (meant)
        return dr_cli_usage(p->in, "unknown option '%s', did you mean '--%s'?", name,
                            meant);
    return dr_cli_usage(p->in, "unknown option '%s'", name);
}

static int set_word(struct parse *p, const struct dr_option *o, const char *value)
{
    size_t count = 0;
    for (; o->words[count]; count++) {
        if (!strcmp(o->words[count], value)) {
            *(unsigned *)(void *)(p->options + o->offset) = (unsigned)count;
            return 0;
        }
    }
    const char *meant = dr_similar(value, o->words, count);
    return dr_cli_usage(p->in, "'%s' is no value of --%s%s%s%s", value, o->name,
                        meant ? ", did you mean '" : "", meant ? meant : "",
                        meant ? "'?" : "");
}

static int set_value(struct parse *p, const struct dr_option *o, const char *value)
{
    void *at = p->options + o->offset;
    switch (o->kind) {
    case DR_OPT_FLAG:
        *(bool *)at = true;
        return 0;
    case DR_OPT_TEXT:
        *(const char **)at = value;
        return 0;
    case DR_OPT_WORD:
        return set_word(p, o, value);
    case DR_OPT_NUMBER:
        if (!dr_parse_u64(value, strlen(value), at))
            return dr_cli_usage(p->in, "--%s takes a number, not '%s'", o->name, value);
        return 0;
    case DR_OPT_DURATION:
        if (!dr_parse_duration(value, strlen(value), at))
            return dr_cli_usage(p->in, "--%s takes a duration such as 30s, not '%s'",
                                o->name, value);
        return 0;
    }
    return 0;
}

/* One option at argv[*i]; *i moves over a value of its own. */
static int take_option(struct parse *p, int argc, const char *const *argv, int *i)
{
    const char *arg = argv[*i], *value = NULL;
    const struct dr_option *o;
    if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
        p->help = true;
        return 0;
    }
    if (arg[1] == '-') {
        size_t len = strcspn(arg + 2, "=");
        o = by_name(p->command, arg + 2, len);
        value = arg[2 + len] == '=' ? arg + 3 + len : NULL;
    } else {
        o = by_letter(p->command, arg[1]);
        value = arg[2] ? arg + 2 : NULL;
    }
    if (!o)
        return unknown_option(p, arg);
    if (o->kind == DR_OPT_FLAG && value)
        return dr_cli_usage(p->in, "--%s takes no value", o->name);
    if (o->kind != DR_OPT_FLAG && !value) {
        if (*i + 1 >= argc)
            return dr_cli_usage(p->in, "--%s needs a value", o->name);
        value = argv[++*i];
    }
    return set_value(p, o, value);
}

static int parse(struct parse *p, int argc, const char *const *argv)
{
    bool options = true;
    for (const struct dr_option *o = p->command->options; o && o->name; o++)
        if (o->fallback && set_value(p, o, o->fallback))
            return DR_EXIT_ERROR;
    for (int i = 0; i < argc; i++) {
        if (options && !strcmp(argv[i], "--")) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            int rc = take_option(p, argc, argv, &i);
            if (rc)
                return rc;
        } else {
            p->args[p->arg_count++] = argv[i];
        }
    }
    if (p->help)
        return 0;
    if (p->arg_count < p->command->min_args)
        return dr_cli_usage(p->in, "%s is missing", p->command->arguments);
    if (p->arg_count > p->command->max_args)
        return dr_cli_usage(p->in, "'%s' is one argument too many",
                            p->args[p->command->max_args]);
    return 0;
}

static int run_command(struct dr_invocation *in, const struct dr_command *c, int argc,
                       const char *const *argv)
{
    struct dr_arena *a = dr_arena_new(0);
    struct parse p = {.command = c, .in = in};
    in->command = c;
    p.options = dr_alloc(a, c->options_bytes + 1);
    p.args = DR_NEW_N(a, (size_t)argc + 1, const char *);
    int rc = parse(&p, argc, argv);
    if (!rc && p.help) {
        struct dr_buf b;
        dr_buf_init(&b, TEXT_MAX);
        dr_cli_help(c, &b);
        rc = dr_cli_result(in, &b);
        dr_buf_release(&b);
    } else if (!rc) {
        in->options = p.options;
        in->args = p.args;
        in->arg_count = p.arg_count;
        rc = c->run(in);
    }
    dr_arena_free(a);
    return rc;
}

static int print_general_help(const struct dr_invocation *in,
                              const struct dr_command *const *commands)
{
    struct dr_buf b;
    dr_buf_init(&b, TEXT_MAX);
    general_help(commands, &b);
    int rc = dr_cli_result(in, &b);
    dr_buf_release(&b);
    return rc;
}

int dr_cli(const struct dr_command *const *commands, int argc, const char *const *argv,
           FILE *out, FILE *err)
{
    struct dr_invocation in = {.out = stream(out), .err = stream(err)};
    const char *names[MANY] = {"help"}, *word = argc > 1 ? argv[1] : NULL;
    size_t count = 1;
    if (!word)
        return dr_cli_usage(&in, "a command is missing");
    bool help = !strcmp(word, "help");
    if (help && argc > 2) { /* drover help COMMAND */
        static const char *const only_help[] = {"--help"};
        for (size_t i = 0; commands[i]; i++)
            if (!strcmp(commands[i]->name, argv[2]))
                return run_command(&in, commands[i], 1, only_help);
        word = argv[2];
    } else if (help || !strcmp(word, "--help") || !strcmp(word, "-h")) {
        return print_general_help(&in, commands);
    } else if (!strcmp(word, "--version")) {
        fprintf(out, "drover %s\n", DR_VERSION);
        return ferror(out) || fflush(out) ? DR_EXIT_ERROR : DR_EXIT_OK;
    }
    for (size_t i = 0; commands[i] && count < MANY; i++) {
        if (!strcmp(commands[i]->name, word))
            return run_command(&in, commands[i], argc - 2, argv + 2);
        names[count++] = commands[i]->name;
    }
    const char *meant = dr_similar(word, names, count);
    if (meant)
        return dr_cli_usage(&in, "unknown command '%s', did you mean '%s'?", word, meant);
    return dr_cli_usage(&in, "unknown command '%s'", word);
}
