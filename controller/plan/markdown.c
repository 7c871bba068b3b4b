#include "controller/plan/markdown.h"

#include <stdio.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"

enum { TEXT_MAX = 600 };
#define DAY_MS INT64_C(86400000)

/* Breaks "@name", "#1", "!1", "&1": after a no-width space no forge sees a mention or a
 * reference, and a reader sees no difference. */
#define APART "\u200b"

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void add_char(char c, char next, struct dr_buf *out)
{
    if (c == '<')
        dr_buf_adds(out, "&lt;");
    else if (c == '>')
        dr_buf_adds(out, "&gt;");
    else if (c == '&')
        dr_buf_adds(out, "&amp;");
    else if ((unsigned char)c < ' ' || c == 0x7f)
        dr_buf_addc(out, ' ');
    else if (strchr("\\`*_[]|~#$", c))
        dr_buf_addf(out, "\\%c", c);
    else
        dr_buf_addc(out, c);
    if (strchr("@#!&", c) && is_word(next))
        dr_buf_adds(out, APART);
    if (c == ':' && next == '/') /* no link of a server's choice */
        dr_buf_adds(out, APART);
}

/* One text, on one line, as Markdown shows it literally. Appends. */
static void markdown_text(const char *text, struct dr_buf *out)
{
    size_t n = 0;
    for (; text[n] && n < TEXT_MAX; n++)
        add_char(text[n], text[n + 1], out);
    while (text[n] && ((unsigned char)text[n] & 0xc0) == 0x80) /* whole characters */
        dr_buf_addc(out, text[n++]);
    if (text[n])
        dr_buf_adds(out, "...");
}

static void verdict(const struct dr_plan *p, struct dr_buf *out)
{
    size_t by_risk[DR_RISK_COUNT] = {0};
    for (size_t i = 0; i < p->action_count; i++)
        by_risk[p->actions[i].risk]++;
    if (p->observing)
        dr_buf_adds(out, "**No changes**: management is Observe");
    else if (p->state == DR_PLAN_CONVERGED)
        dr_buf_adds(out, "**No changes**");
    else if (p->state == DR_PLAN_BLOCKED)
        dr_buf_addf(out, "**Blocked** by %zu, %zu step%s", p->blocker_count,
                    p->action_count, p->action_count == 1 ? "" : "s");
    else if (p->state == DR_PLAN_WAITING)
        dr_buf_addf(out, "**Waits**, %zu step%s%s", p->action_count,
                    p->action_count == 1 ? "" : "s",
                    dr_plan_is_dark(p) ? " perhaps" : "");
    else if (p->state == DR_PLAN_ASKING)
        dr_buf_adds(out, "**Asks** what is meant");
    else
        dr_buf_addf(out, "**%zu step%s**", p->action_count,
                    p->action_count == 1 ? "" : "s");
    const char *sep = ": ";
    for (int r = 0; r < DR_RISK_COUNT; r++) {
        if (!by_risk[r])
            continue;
        dr_buf_addf(out, "%s%zu %s", sep, by_risk[r], dr_risk_name((enum dr_risk)r));
        sep = ", ";
    }
    dr_buf_addf(out, ". Protected now: %s.\n\n",
                p->is_protected == DR_TRUE    ? "yes"
                : p->is_protected == DR_FALSE ? "no"
                                              : "not known");
}

static void steps(const struct dr_plan *p, struct dr_buf *out)
{
    char text[DR_DURATION_TEXT];
    if (!p->action_count)
        return;
    dr_buf_adds(out, "| # | what | why | risk | takes |\n|--:|---|---|---|---|\n");
    for (size_t i = 0; i < p->action_count; i++) {
        const struct dr_action *x = &p->actions[i];
        bool loud = x->risk > DR_RISK_DISRUPTIVE;
        dr_buf_addf(out, "| %zu | ", i + 1);
        markdown_text(x->what, out);
        dr_buf_adds(out, x->unsure ? " (perhaps) | " : " | ");
        markdown_text(x->why, out);
        dr_buf_addf(out, " | %s%s%s%s | %s |\n", loud ? "**" : "", dr_risk_name(x->risk),
                    loud ? "**" : "", x->needs_approval ? ", needs an approval" : "",
                    x->predicted      ? x->predicted
                    : x->predicted_ms ? dr_duration_text(x->predicted_ms, text)
                                      : "not known");
    }
    dr_buf_addc(out, '\n');
}

/* "- **CODE subject**: fact" and lines below it. */
static void item(const char *code, const char *subject, const char *text,
                 struct dr_buf *out)
{
    dr_buf_addf(out, "- **%s%s", code ? code : "", code ? " " : "");
    markdown_text(subject, out);
    dr_buf_adds(out, "**: ");
    markdown_text(text, out);
    dr_buf_addc(out, '\n');
}

static void more(const char *name, const char *text, struct dr_buf *out)
{
    dr_buf_addf(out, "  - %s: ", name);
    markdown_text(text, out);
    dr_buf_addc(out, '\n');
}

static size_t questions(const struct dr_plan *p, bool urgent, bool after,
                        struct dr_buf *out)
{
    size_t count = 0;
    for (size_t i = 0; i < p->question_count; i++) {
        if (p->questions[i].urgent != urgent)
            continue;
        if (!count++)
            dr_buf_addf(out, "%s#### Asks%s\n\n", after ? "\n" : "",
                        urgent ? " first" : "");
        item(NULL, p->questions[i].subject, p->questions[i].what, out);
        more("answer", p->questions[i].answer, out);
    }
    return count;
}

static void reasons(const struct dr_plan *p, struct dr_buf *out)
{
    bool first = questions(p, true, false, out) > 0;
    if (p->blocker_count)
        dr_buf_addf(out, "%s#### Blocked\n\n", first ? "\n" : "");
    for (size_t i = 0; i < p->blocker_count; i++) {
        const struct dr_blocker *x = &p->blockers[i];
        item(x->code, x->subject, x->fact, out);
        more("needed", x->rule, out);
        more("way out", x->way_out, out);
    }
    if (p->waiting_count)
        dr_buf_addf(out, "%s#### Waits for\n\n", first || p->blocker_count ? "\n" : "");
    for (size_t i = 0; i < p->waiting_count; i++) {
        const struct dr_waiting *x = &p->waitings[i];
        item(x->code, x->subject, x->what, out);
        if (x->way_out)
            more("way out", x->way_out, out);
    }
    (void)questions(p, false, first || p->blocker_count || p->waiting_count, out);
    if (p->blocker_count || p->waiting_count || p->question_count)
        dr_buf_addc(out, '\n');
}

static void protection(const struct dr_plan *p, struct dr_buf *out)
{
    if (p->is_protected == DR_TRUE)
        return;
    dr_buf_adds(out, "#### Not protected\n\n");
    for (size_t i = 0; i < p->protection_count; i++) {
        const struct dr_protection *x = &p->protections[i];
        if (x->holds == DR_TRUE)
            continue;
        item(NULL, x->name, x->text, out);
        if (x->help)
            more("way out", x->help, out);
    }
    dr_buf_addc(out, '\n');
}

static void all_notes(const struct dr_plan *p, const char *const *notes,
                      struct dr_buf *out)
{
    bool any = p->notice_count || (notes && *notes);
    if (any)
        dr_buf_adds(out, "#### Notes\n\n");
    for (size_t i = 0; notes && notes[i]; i++) {
        dr_buf_adds(out, "- ");
        markdown_text(notes[i], out);
        dr_buf_addc(out, '\n');
    }
    for (size_t i = 0; i < p->notice_count; i++) {
        dr_buf_adds(out, "- ");
        markdown_text(p->notices[i], out);
        dr_buf_addc(out, '\n');
    }
    if (any)
        dr_buf_addc(out, '\n');
}

/* "2026-11-22T00:00:00Z" */
static void put_time(int64_t unix_ms, struct dr_buf *out)
{
    char text[DR_TIME_TEXT];
    dr_buf_addf(out, "%.10sT", dr_time_text(unix_ms, text));
    dr_buf_addf(out, "%.8sZ", text + 11);
}

/* How this very plan is allowed. The digest is hex: it needs no escaping. */
static void approving(const struct dr_plan *p, const struct dr_plan_input *in,
                      struct dr_buf *out)
{
    char revision[17];
    dr_buf_addf(out, "Digest `%s`, revision ", p->digest);
    snprintf(revision, sizeof(revision), "%s", p->revision);
    markdown_text(revision, out);
    dr_buf_adds(out, ".\n");
    if (!dr_plan_needs_word(p) || dr_plan_is_dark(p))
        return;
    if (p->approval.state != DR_APPROVAL_NONE) {
        dr_buf_adds(out, "\nApproved by ");
        markdown_text(p->approval.by, out);
        dr_buf_adds(out, ".\n");
        return;
    }
    dr_buf_adds(out, "\nIt needs an approval: commit this into `spec` of the document\n\n"
                     "```yaml\napprovals:\n");
    dr_buf_addf(out, "- {digest: \"%s\", until: ", p->digest);
    put_time(in->facts->wall_ms + DAY_MS, out);
    dr_buf_addf(out,
                "}\n```\n\nor run `drover approve %.12s PATH`. It is good for one use, "
                "for this plan.\n",
                p->digest);
}

void dr_plan_markdown(const struct dr_plan *p, const struct dr_plan_input *in,
                      const char *const *notes, struct dr_buf *out)
{
    dr_buf_adds(out, "### drover: ");
    markdown_text(p->topology, out);
    dr_buf_adds(out, ", ");
    markdown_text(p->goal, out);
    dr_buf_adds(out, "\n\n");
    verdict(p, out);
    steps(p, out);
    reasons(p, out);
    protection(p, out);
    all_notes(p, notes, out);
    approving(p, in, out);
}
