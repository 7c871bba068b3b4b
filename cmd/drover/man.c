/* Manual pages, printed from the tables that parse and explain the command line. The
 * format is man(7): a line that begins with a dot or an apostrophe is a request, and a
 * backslash begins an escape. */
#include "cmd/drover/man.h"

#include <ctype.h>
#include <string.h>

/* Text of one line, or of many that are filled. */
static void text(struct dr_buf *out, const char *s, size_t len)
{
    bool begins = true;
    for (size_t i = 0; i < len; i++) {
        if (begins && s[i] == '\n') { /* an empty line: a new paragraph */
            dr_buf_adds(out, ".PP\n");
            continue;
        }
        if (begins && (s[i] == '.' || s[i] == '\''))
            dr_buf_adds(out, "\\&");
        if (s[i] == '\\')
            dr_buf_adds(out, "\\e");
        else if (s[i] == '-')
            dr_buf_adds(out, "\\-");
        else if (s[i] == '`')
            dr_buf_adds(out, "\\(ga");
        else
            dr_buf_addc(out, s[i]);
        begins = s[i] == '\n';
    }
}

static void words(struct dr_buf *out, const char *s)
{
    text(out, s, strlen(s));
}

static void head(struct dr_buf *out, const char *name, const char *date)
{
    dr_buf_adds(out, ".\\\" printed from drover's own tables\n.TH ");
    for (const char *s = name; *s; s++)
        dr_buf_addc(out, (char)toupper((unsigned char)*s));
    dr_buf_addf(out, " 1 %s \"drover %s\" \"drover\"\n.SH NAME\n", date, DR_VERSION);
    words(out, name);
}

static void examples(struct dr_buf *out, const struct dr_example *e)
{
    dr_buf_adds(out, ".SH EXAMPLES\n");
    for (const struct dr_example *first = e; e->command; e++) {
        /* not filled: a command may have no place to break */
        dr_buf_addf(out, "%s.nf\n\\fB", e == first ? "" : ".PP\n");
        words(out, e->command);
        dr_buf_adds(out, "\\fR\n.fi\n.RS\n");
        words(out, e->what);
        dr_buf_adds(out, "\n.RE\n");
    }
}

static void option(struct dr_buf *out, const struct dr_option *o)
{
    dr_buf_adds(out, ".TP\n");
    if (o->letter)
        dr_buf_addf(out, "\\fB\\-%c\\fR, ", o->letter);
    dr_buf_adds(out, "\\fB\\-\\-");
    words(out, o->name);
    dr_buf_adds(out, "\\fR");
    for (size_t i = 0; o->words && o->words[i]; i++)
        dr_buf_addf(out, "%c%s", i ? '|' : ' ', o->words[i]);
    if (o->value)
        dr_buf_addf(out, " \\fI%s\\fR", o->value);
    dr_buf_addc(out, '\n');
    words(out, o->help);
    if (o->fallback)
        dr_buf_addf(out, " (default %s)", o->fallback);
    dr_buf_addc(out, '\n');
}

/* The description; what begins with "Exit status:" is a section of its own. */
static void about(struct dr_buf *out, const char *s)
{
    static const char mark[] = "Exit status:";
    const char *status = s ? strstr(s, mark) : NULL;
    size_t len = status ? (size_t)(status - s) : s ? strlen(s) : 0;
    while (len && isspace((unsigned char)s[len - 1]))
        len--;
    if (len) {
        dr_buf_adds(out, ".SH DESCRIPTION\n");
        text(out, s, len);
        dr_buf_addc(out, '\n');
    }
    if (!status)
        return;
    status += sizeof(mark) - 1;
    status += strspn(status, " ");
    dr_buf_adds(out, ".SH EXIT STATUS\n");
    words(out, status);
    dr_buf_addc(out, '\n');
}

static void page_name(const struct dr_command *c, struct dr_buf *out)
{
    dr_buf_addf(out, "drover-%s", c->name);
}

void dr_man_command(const struct dr_command *c, const char *date, struct dr_buf *out)
{
    static const struct dr_option help = {
        .name = "help", .letter = 'h', .help = "what the command does"};
    struct dr_buf name;
    dr_buf_init(&name, 256);
    page_name(c, &name);
    head(out, dr_buf_str(&name), date);
    dr_buf_adds(out, " \\- ");
    words(out, c->summary);
    dr_buf_adds(out, "\n.SH SYNOPSIS\n.B drover ");
    words(out, c->name);
    dr_buf_adds(out, "\n[\\fIOPTIONS\\fR]");
    if (c->arguments) {
        dr_buf_addc(out, ' ');
        words(out, c->arguments);
    }
    dr_buf_addc(out, '\n');
    about(out, c->about);
    dr_buf_adds(out, ".SH OPTIONS\n");
    for (const struct dr_option *o = c->options; o && o->name; o++)
        option(out, o);
    option(out, &help);
    examples(out, c->examples);
    dr_buf_adds(out, ".SH SEE ALSO\n.BR drover (1)\n");
    dr_buf_release(&name);
}

void dr_man_general(const struct dr_command *const *commands, const char *date,
                    struct dr_buf *out)
{
    head(out, "drover", date);
    dr_buf_adds(out,
                " \\- keeps TiDB disaster\\-recovery topologies as git says\n"
                ".SH SYNOPSIS\n.B drover\n"
                "\\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n"
                ".SH DESCRIPTION\n"
                "drover reads topologies from YAML documents, looks at the clusters, "
                "prints the ordered steps that close the difference, carries them "
                "out, and keeps watching.\n.SH COMMANDS\n");
    for (const struct dr_command *const *c = commands; *c; c++) {
        dr_buf_adds(out, ".TP\n.BR drover\\-");
        words(out, (*c)->name);
        dr_buf_adds(out, " (1)\n");
        words(out, (*c)->summary);
        dr_buf_addc(out, '\n');
    }
    dr_buf_adds(
        out, ".SH OPTIONS\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\n"
             "the list of commands; behind a command, what it does\n"
             ".TP\n\\fB\\-\\-version\\fR\nthe version\n"
             ".SH EXIT STATUS\n"
             "0 done or good, 1 error, 3 blocked or not protected, 64 wrong usage, 130 "
             "interrupted.\n"
             ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\n"
             "no colour, also on a terminal\n"
             ".TP\n.B XDG_STATE_HOME\n"
             "where the folder drover of journal and repository is, when no \\-\\-state "
             "is given; else ~/.local/state\n"
             ".SH SEE ALSO\n");
    for (const struct dr_command *const *c = commands; *c; c++) {
        dr_buf_adds(out, ".BR drover\\-");
        words(out, (*c)->name);
        dr_buf_addf(out, " (1)%s\n", c[1] ? "," : "");
    }
}
