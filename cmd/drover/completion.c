/* drover completion: scripts for shells, printed from the tables that parse and explain
 * the command line, so that they cannot fall behind it. */
#include <ctype.h>
#include <string.h>

#include "cmd/drover/cmd.h"

enum { OUTPUT_MAX = 1 << 20 };

static const struct dr_option options[] = {{0}};

static const struct dr_example examples[] = {
    {"drover completion bash > /usr/share/bash-completion/completions/drover",
     "for bash; `make install` does it"},
    {"drover completion zsh > ~/.zfunc/_drover", "for zsh, in a folder of its fpath"},
    {"drover completion fish > ~/.config/fish/completions/drover.fish", "for fish"},
    {". <(drover completion bash)", "for this shell only"},
    {0}};

/* What a value or an argument may be, told by the name that --help gives it. A PATH of an
 * option is one inside a repository, which is not here. */
enum taking { TAKES_ANY, TAKES_FILE, TAKES_DIR };

static enum taking value_of(const struct dr_option *o)
{
    const char *name = o->value ? o->value : "";
    return strcmp(name, "FILE") == 0  ? TAKES_FILE
           : strcmp(name, "DIR") == 0 ? TAKES_DIR
                                      : TAKES_ANY;
}

static enum taking argument_of(const struct dr_command *c)
{
    return c->arguments && strstr(c->arguments, "PATH") ? TAKES_FILE : TAKES_ANY;
}

static bool takes_value(const struct dr_option *o)
{
    return o->kind != DR_OPT_FLAG;
}

/* Words that can stand as they are where an argument is expected: "[FIELD|rules]" gives
 * "rules", and FIELD and CODE all that can be explained. */
static void argument_words(const struct dr_command *c, struct dr_buf *out)
{
    const char *s = c->arguments;
    while (s && *s) {
        size_t len = strcspn(s, "[]| .");
        bool word = len > 0;
        for (size_t i = 0; i < len; i++)
            word &= islower((unsigned char)s[i]) != 0;
        if (word)
            dr_buf_addf(out, "%s%.*s", out->len ? " " : "", (int)len, s);
        s += len + (s[len] != '\0');
    }
    if (!c->arguments || !strstr(c->arguments, "FIELD"))
        return;
    size_t from = out->len;
    dr_buf_addc(out, '\n');
    dr_cli_explainable(out);
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] == '\n')
            out->data[i] = ' ';
}

static const struct dr_option help_option = {
    .name = "help", .letter = 'h', .help = "what the command does"};

/* Options of a command with --help behind them; NULL ends. */
static const struct dr_option *option_at(const struct dr_command *c, size_t i)
{
    size_t n = 0;
    while (c->options && c->options[n].name)
        n++;
    return i < n ? &c->options[i] : i == n ? &help_option : NULL;
}

static void add_words(const struct dr_option *o, struct dr_buf *out)
{
    for (size_t i = 0; o->words[i]; i++)
        dr_buf_addf(out, "%s%s", i ? " " : "", o->words[i]);
}

/* ---- bash ------------------------------------------------------------------------ */

static void bash_value(const struct dr_command *c, const struct dr_option *o,
                       struct dr_buf *out)
{
    static const char *const by[] = {[TAKES_ANY] = "return",
                                     [TAKES_FILE] = "_drover_names -f; return",
                                     [TAKES_DIR] = "_drover_names -d; return"};
    dr_buf_addf(out, "    \"%s --%s\"", c->name, o->name);
    if (o->letter)
        dr_buf_addf(out, "|\"%s -%c\"", c->name, o->letter);
    dr_buf_adds(out, ") ");
    if (o->words) {
        dr_buf_adds(out, "_drover_words \"");
        add_words(o, out);
        dr_buf_adds(out, "\"; return");
    } else {
        dr_buf_adds(out, by[value_of(o)]);
    }
    dr_buf_adds(out, " ;;\n");
}

static void bash_command(const struct dr_command *c, struct dr_buf *out)
{
    struct dr_buf words;
    const struct dr_option *o;
    dr_buf_init(&words, OUTPUT_MAX);
    argument_words(c, &words);
    dr_buf_addf(out, "    %s)\n        case \"$cur\" in\n        -*) _drover_words \"",
                c->name);
    for (size_t i = 0; (o = option_at(c, i)); i++)
        dr_buf_addf(out, "%s--%s", i ? " " : "", o->name);
    dr_buf_adds(out, "\" ;;\n        *) ");
    if (words.len)
        dr_buf_addf(out, "_drover_words \"%s\"", dr_buf_str(&words));
    else if (argument_of(c) == TAKES_FILE)
        dr_buf_adds(out, "_drover_names -f");
    else
        dr_buf_addc(out, ':');
    dr_buf_adds(out, " ;;\n        esac ;;\n");
    dr_buf_release(&words);
}

static void bash(const struct dr_command *const *all, struct dr_buf *out)
{
    const struct dr_option *o;
    dr_buf_adds(out,
                "# bash completion for drover, printed by `drover completion bash`\n\n"
                "_drover_words()\n{\n    local word\n    for word in $1; do\n"
                "        case $word in \"$cur\"*) COMPREPLY+=(\"$word\") ;; esac\n"
                "    done\n}\n\n"
                "# -f files, -d folders\n_drover_names()\n{\n    local name\n"
                "    compopt -o filenames 2>/dev/null\n"
                "    while IFS= read -r name; do COMPREPLY+=(\"$name\"); done "
                "< <(compgen \"$1\" -- \"$cur\")\n}\n\n"
                "_drover()\n{\n    local cur=${COMP_WORDS[COMP_CWORD]} prev= command=\n"
                "    COMPREPLY=()\n"
                "    [ \"$COMP_CWORD\" -gt 1 ] && prev=${COMP_WORDS[COMP_CWORD-1]} "
                "command=${COMP_WORDS[1]}\n"
                "    if [ \"$cur\" = \"=\" ]; then # --option=value is three words here\n"
                "        cur=\n"
                "    elif [ \"$prev\" = \"=\" ]; then\n"
                "        prev=${COMP_WORDS[COMP_CWORD-2]}\n    fi\n"
                "    case \"$command $prev\" in\n");
    for (size_t c = 0; all[c]; c++)
        for (size_t i = 0; (o = option_at(all[c], i)); i++)
            if (takes_value(o))
                bash_value(all[c], o, out);
    dr_buf_adds(out,
                "    esac\n    case \"$command\" in\n    \"\"|help) _drover_words \"");
    for (size_t c = 0; all[c]; c++)
        dr_buf_addf(out, "%s ", all[c]->name);
    dr_buf_adds(out, "help --help --version\" ;;\n");
    for (size_t c = 0; all[c]; c++)
        bash_command(all[c], out);
    dr_buf_adds(out, "    esac\n}\n\ncomplete -F _drover drover\n");
}

/* ---- zsh ------------------------------------------------------------------------- */

/* Text inside single quotes; `also` is escaped by a backslash. */
static void quoted(struct dr_buf *out, const char *text, const char *also)
{
    for (; *text; text++) {
        if (*text == '\'')
            dr_buf_adds(out, "'\\''");
        else if (strchr(also, *text))
            dr_buf_addf(out, "\\%c", *text);
        else
            dr_buf_addc(out, *text);
    }
}

static void zsh_taking(const char *name, enum taking taking, struct dr_buf *out)
{
    static const char *const by[] = {
        [TAKES_ANY] = " ", [TAKES_FILE] = "_files", [TAKES_DIR] = "_files -/"};
    dr_buf_addc(out, ':');
    quoted(out, name ? name : "", ":[]\\");
    dr_buf_addf(out, ":%s", by[taking]);
}

static void zsh_option(const struct dr_option *o, struct dr_buf *out)
{
    const char *glued = takes_value(o) ? "=" : "", *near = takes_value(o) ? "+" : "";
    if (o->letter)
        dr_buf_addf(out, " \\\n            '(-%c --%s)'{-%c%s,--%s%s}'[", o->letter,
                    o->name, o->letter, near, o->name, glued);
    else
        dr_buf_addf(out, " \\\n            '--%s%s[", o->name, glued);
    quoted(out, o->help, ":[]\\");
    dr_buf_addc(out, ']');
    if (o->words) {
        dr_buf_addf(out, ":%s:(", o->name);
        add_words(o, out);
        dr_buf_addc(out, ')');
    } else if (takes_value(o)) {
        zsh_taking(o->value, value_of(o), out);
    }
    dr_buf_addc(out, '\'');
}

static void zsh_command(const struct dr_command *c, struct dr_buf *out)
{
    struct dr_buf words;
    const struct dr_option *o;
    dr_buf_init(&words, OUTPUT_MAX);
    argument_words(c, &words);
    dr_buf_addf(out, "    %s)\n        _arguments -S", c->name);
    for (size_t i = 0; (o = option_at(c, i)); i++)
        zsh_option(o, out);
    /* where nothing is known of an argument nothing is said: a message would keep zsh
     * from inserting options */
    if (words.len)
        dr_buf_addf(out, " \\\n            '*:word:(%s)'", dr_buf_str(&words));
    else if (argument_of(c) == TAKES_FILE)
        dr_buf_adds(out, " \\\n            '*:path:_files'");
    dr_buf_adds(out, " ;;\n");
    dr_buf_release(&words);
}

static void zsh(const struct dr_command *const *all, struct dr_buf *out)
{
    dr_buf_adds(out, "#compdef drover\n# printed by `drover completion zsh`\n\n"
                     "_drover_commands() {\n    local -a commands\n    commands=(\n");
    for (size_t c = 0; all[c]; c++) {
        dr_buf_addf(out, "        '%s:", all[c]->name);
        quoted(out, all[c]->summary, "\\");
        dr_buf_adds(out, "'\n");
    }
    dr_buf_adds(out, "        'help:help of a command'\n    )\n"
                     "    _describe -t commands command commands\n}\n\n"
                     "_drover() {\n    if (( CURRENT == 2 )); then\n"
                     "        _drover_commands\n        return\n    fi\n"
                     "    local command=${words[2]}\n    shift words\n"
                     "    (( CURRENT-- ))\n    case $command in\n"
                     "    help) _drover_commands ;;\n");
    for (size_t c = 0; all[c]; c++)
        zsh_command(all[c], out);
    dr_buf_adds(out, "    esac\n}\n\n"
                     "if [ \"$funcstack[1]\" = _drover ]; then\n    _drover \"$@\"\n"
                     "else\n    compdef _drover drover\nfi\n");
}

/* ---- fish ------------------------------------------------------------------------ */

static void fish_option(const struct dr_command *c, const struct dr_option *o,
                        struct dr_buf *out)
{
    static const char *const by[] = {[TAKES_ANY] = "-x",
                                     [TAKES_FILE] = "-r -F",
                                     [TAKES_DIR] =
                                         "-x -a '(__fish_complete_directories)'"};
    dr_buf_addf(out, "complete -c drover -n '__fish_seen_subcommand_from %s' -l %s",
                c->name, o->name);
    if (o->letter)
        dr_buf_addf(out, " -s %c", o->letter);
    if (o->words) {
        dr_buf_adds(out, " -x -a '");
        add_words(o, out);
        dr_buf_addc(out, '\'');
    } else if (takes_value(o)) {
        dr_buf_addf(out, " %s", by[value_of(o)]);
    }
    dr_buf_adds(out, " -d '");
    for (const char *s = o->help; *s; s++)
        dr_buf_addf(out, "%s%c", *s == '\'' || *s == '\\' ? "\\" : "", *s);
    dr_buf_adds(out, "'\n");
}

static void fish_command(const struct dr_command *c, struct dr_buf *out)
{
    struct dr_buf words;
    const struct dr_option *o;
    dr_buf_init(&words, OUTPUT_MAX);
    argument_words(c, &words);
    dr_buf_addf(out,
                "complete -c drover -n '__fish_use_subcommand; or "
                "__fish_seen_subcommand_from help' -a %s -d '",
                c->name);
    for (const char *s = c->summary; *s; s++)
        dr_buf_addf(out, "%s%c", *s == '\'' || *s == '\\' ? "\\" : "", *s);
    dr_buf_adds(out, "'\n");
    for (size_t i = 0; (o = option_at(c, i)); i++)
        fish_option(c, o, out);
    if (words.len)
        dr_buf_addf(out,
                    "complete -c drover -n '__fish_seen_subcommand_from %s' -a '%s'\n",
                    c->name, dr_buf_str(&words));
    else if (argument_of(c) == TAKES_FILE)
        dr_buf_addf(out, "complete -c drover -n '__fish_seen_subcommand_from %s' -F\n",
                    c->name);
    dr_buf_release(&words);
}

static void fish(const struct dr_command *const *all, struct dr_buf *out)
{
    dr_buf_adds(out, "# fish completion for drover, printed by `drover completion fish`\n"
                     "complete -c drover -f\n"
                     "complete -c drover -n __fish_use_subcommand -l help -s h -d "
                     "'the commands'\n"
                     "complete -c drover -n __fish_use_subcommand -l version -d "
                     "'the version'\n"
                     "complete -c drover -n __fish_use_subcommand -a help -d "
                     "'help of a command'\n");
    for (size_t c = 0; all[c]; c++)
        fish_command(all[c], out);
}

/* ---- the command ----------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*print)(const struct dr_command *const *all, struct dr_buf *out);
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

static int run(const struct dr_invocation *in)
{
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(shells[i].name, in->args[0]) != 0)
            continue;
        struct dr_buf out;
        dr_buf_init(&out, OUTPUT_MAX);
        shells[i].print(dr_commands, &out);
        int rc = dr_cli_result(in, &out);
        dr_buf_release(&out);
        return rc;
    }
    return dr_cli_usage(in, "'%s' is none of bash, zsh, fish", in->args[0]);
}

const struct dr_command dr_cmd_completion = {
    .name = "completion",
    .summary = "print a completion script for a shell",
    .arguments = "bash|zsh|fish",
    .about = "Completes commands, options, their words, files and folders, and for "
             "`drover explain`\nthe fields of the language and all codes.\n"
             "Exit status: 0 printed, 1 error, 64 wrong usage.",
    .options = options,
    .examples = examples,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
