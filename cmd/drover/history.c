/* drover history: what was done, from the journal; and the proof of its chain. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "controller/act/journal.h"
#include "controller/base/digest.h"
#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/printable.h"
#include "controller/base/similar.h"
#include "controller/base/tso.h"
#include "controller/loop/rig.h"

enum { OUTPUT_MAX = 256 << 20, REVISION_SHOWN = 16, NAMES_MAX = 64, COLUMN = 22 };

struct options {
    const char *config, *state, *since, *head;
    unsigned output;
    bool verify, wide;
    uint64_t limit;
};

static const char *const outputs[] = {"text", "json", NULL};

// clang-format off
static const struct dr_option options[] = {
    {.name = "since", .kind = DR_OPT_TEXT, .value = "TIME", .offset = offsetof(struct options, since),
     .help = "from then on: a duration ago (24h, 7d), or a moment in UTC (2026-11-21 14:00)"},
    {.name = "limit", .letter = 'n', .kind = DR_OPT_NUMBER, .value = "N", .fallback = "50",
     .offset = offsetof(struct options, limit), .help = "the newest N entries; 0: all"},
    {.name = "wide", .letter = 'w', .kind = DR_OPT_FLAG, .offset = offsetof(struct options, wide),
     .help = "also plan, rule, precondition, approval, and which process acted"},
    {.name = "output", .letter = 'o', .kind = DR_OPT_WORD, .words = outputs, .fallback = "text",
     .offset = offsetof(struct options, output), .help = "how it is printed; json: an object a line"},
    {.name = "verify", .kind = DR_OPT_FLAG, .offset = offsetof(struct options, verify),
     .help = "instead: prove that no row was changed, removed or inserted, and the file is sound; print the head"},
    {.name = "head", .kind = DR_OPT_TEXT, .value = "ROW:HASH", .offset = offsetof(struct options, head),
     .help = "with --verify: a head printed earlier that must still be in the journal"},
    {.name = "config", .kind = DR_OPT_TEXT, .value = "FILE", .offset = offsetof(struct options, config),
     .help = "a document of kind: Controller that names the state folder"},
    {.name = "state", .kind = DR_OPT_TEXT, .value = "DIR", .offset = offsetof(struct options, state),
     .help = "folder of the journal (default: drover in the XDG state folder)"},
    {0}};

static const struct dr_example examples[] = {
    {"drover history", "the newest 50 entries of the journal, the newest last"},
    {"drover history --since 24h orders", "one topology, since yesterday"},
    {"drover history -w --limit 5 --state /var/lib/drover", "in full, from a controller's journal"},
    {"drover history --config controller.yaml", "of the controller that this document runs"},
    {"drover history --limit 0 -o json", "all of it, for a program"},
    {"drover history --verify", "prove the journal whole; the head it prints can be kept elsewhere"},
    {0}};
// clang-format on

struct session {
    const struct dr_invocation *in;
    const struct options *o;
    struct dr_journal *journal;
    struct dr_arena *arena;
    struct dr_buf out;
};

/* One row with what became of it. */
struct deed {
    const struct dr_journal_entry *row, *outcomes;
    size_t outcome_count;
};

/* ---- text ---- */

static const char *shown(const struct session *s, const char *text)
{
    return text ? dr_printable(s->arena, text, strlen(text), DR_JOURNAL_TEXT_MAX) : "";
}

/* "2026-11-21 14:03:07Z" */
static const char *moment(const struct session *s, int64_t ms)
{
    char text[DR_TIME_TEXT];
    dr_time_text(ms, text);
    return dr_sprintf(s->arena, "%.*sZ", (int)strcspn(text, "."), text);
}

/* What protection became; other events are notes. */
static const char *word_of_event(const struct dr_journal_entry *e)
{
    static const struct {
        const char *verb, *word;
    } words[] = {{"protection.lost", "lost"},
                 {"protection.unknown", "unsure"},
                 {"protection.back", "good"}};
    for (size_t i = 0; e->verb && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(e->verb, words[i].verb) == 0)
            return words[i].word;
    return "note";
}

static const char *word_of(const struct deed *d)
{
    if (d->row->kind != DR_JOURNAL_INTENT)
        return word_of_event(d->row);
    return d->outcome_count ? dr_journal_outcome_name(d->outcomes[0].outcome) : "open";
}

static const char *colour_of(const struct session *s, const struct deed *d)
{
    const char *word = word_of(d);
    if (!s->in->out.colour || strcmp(word, "note") == 0)
        return "";
    return strcmp(word, "done") == 0 || strcmp(word, "good") == 0 ? "\033[32m"
                                                                  : "\033[31m";
}

static void line(struct session *s, const char *name, const char *text)
{
    if (text && *text)
        dr_buf_addf(&s->out, "%*s%-9s%s\n", COLUMN, "", name, shown(s, text));
}

/* How long it took, and, where it did not go well, why. */
static void say_end(struct session *s, const struct deed *d)
{
    char text[DR_DURATION_TEXT];
    const struct dr_journal_entry *end = d->outcomes;
    if (!d->outcome_count)
        return;
    int64_t took_ms = end->time_ms - d->row->time_ms;
    if (took_ms >= 100)
        dr_buf_addf(&s->out, " (%s)", dr_duration_short(took_ms, text));
    if (end->text && *end->text)
        dr_buf_addf(&s->out, ": %s", shown(s, end->text));
}

static void say_details(struct session *s, const struct dr_journal_entry *e)
{
    char epoch[32];
    line(s, "before", e->precondition);
    if (e->rule)
        line(s, "rule",
             dr_sprintf(s->arena, "%s (%s)", e->rule, e->action ? e->action : ""));
    if (e->verb && e->kind == DR_JOURNAL_INTENT)
        line(s, "call",
             dr_sprintf(s->arena, "%s %s", e->verb, e->target ? e->target : ""));
    line(s, "plan", e->kind == DR_JOURNAL_INTENT ? e->digest : NULL);
    line(s, "commit", e->revision);
    line(s, "approved", e->approval);
    snprintf(epoch, sizeof(epoch), ", epoch %" PRIu64, e->epoch);
    if (e->holder)
        line(s, "by", dr_sprintf(s->arena, "%s%s", e->holder, e->epoch ? epoch : ""));
    line(s, "row", dr_sprintf(s->arena, "%" PRId64 " of the journal", e->id));
}

/* Why, and of which commit, in one line. */
static void say_reason(struct session *s, const struct dr_journal_entry *e)
{
    bool deed = e->kind == DR_JOURNAL_INTENT;
    if (s->o->wide) {
        line(s, "why", e->why);
        say_details(s, e);
    } else if (deed && (e->why || e->revision)) {
        line(s, "why",
             dr_sprintf(s->arena, "%s%s%.*s%s", e->why ? e->why : "",
                        e->revision ? " (revision " : "", REVISION_SHOWN,
                        e->revision ? e->revision : "", e->revision ? ")" : ""));
    }
}

static void render_text(struct session *s, const struct deed *d)
{
    const struct dr_journal_entry *e = d->row;
    const char *colour = colour_of(s, d);
    const char *what = e->text ? e->text : e->action;
    dr_buf_addf(&s->out, "%-*s%s%-9s%s", COLUMN, moment(s, e->time_ms), colour,
                word_of(d), *colour ? "\033[0m" : "");
    if (e->topology)
        dr_buf_addf(&s->out, "%s: ", shown(s, e->topology));
    dr_buf_adds(&s->out, shown(s, what));
    say_end(s, d);
    dr_buf_addc(&s->out, '\n');
    for (size_t i = 1; i < d->outcome_count; i++) /* an unknown one, resolved later */
        line(s, "then",
             dr_sprintf(s->arena, "%s %s%s%s", moment(s, d->outcomes[i].time_ms),
                        dr_journal_outcome_name(d->outcomes[i].outcome),
                        d->outcomes[i].text ? ": " : "",
                        d->outcomes[i].text ? d->outcomes[i].text : ""));
    if (e->kind == DR_JOURNAL_INTENT && !d->outcome_count)
        line(s, "",
             "no outcome yet: drover is at it, or died at it and looks again when it "
             "starts");
    say_reason(s, e);
    bool fits = dr_journal_fits(e);
    for (size_t i = 0; i < d->outcome_count; i++)
        fits &= dr_journal_fits(&d->outcomes[i]);
    if (!fits)
        line(s, "WARNING",
             "a row of this was changed by hand: its hash is another one's");
}

/* ---- JSON ---- */

static void put(json_t *o, const char *name, const char *text)
{
    if (text)
        json_object_set_new(o, name, json_string(text));
}

static void put_moment(const struct session *s, json_t *o, int64_t ms)
{
    char text[DR_TIME_TEXT];
    dr_time_text(ms, text);
    text[10] = 'T';
    put(o, "time", dr_sprintf(s->arena, "%sZ", text));
    json_object_set_new(o, "timeMs", json_integer(ms));
}

static json_t *outcome_json(const struct session *s, const struct dr_journal_entry *e)
{
    json_t *o = json_object();
    put(o, "outcome", dr_journal_outcome_name(e->outcome));
    put_moment(s, o, e->time_ms);
    put(o, "text", e->text);
    json_object_set_new(o, "fits", json_boolean(dr_journal_fits(e)));
    return o;
}

static json_t *deed_json(const struct session *s, const struct deed *d)
{
    const struct dr_journal_entry *e = d->row;
    bool deed = e->kind == DR_JOURNAL_INTENT;
    json_t *o = json_object();
    json_object_set_new(o, "row", json_integer(e->id));
    put(o, "kind", deed ? "step" : "note");
    put_moment(s, o, e->time_ms);
    put(o, "topology", e->topology);
    put(o, deed ? "what" : "text", e->text);
    put(o, "verb", e->verb);
    put(o, "target", e->target);
    put(o, "rule", e->rule);
    put(o, "action", e->action);
    put(o, "why", e->why);
    put(o, "precondition", e->precondition);
    put(o, deed ? "plan" : "digest", e->digest);
    put(o, "revision", e->revision);
    put(o, "approval", e->approval);
    put(o, "holder", e->holder);
    if (e->epoch)
        json_object_set_new(o, "epoch", dr_json_u64_string(e->epoch));
    json_object_set_new(o, "round", json_integer((json_int_t)e->cycle));
    put(o, "hash", e->hash);
    json_object_set_new(o, "fits", json_boolean(dr_journal_fits(e)));
    if (!deed)
        return o;
    json_t *list = json_array();
    for (size_t i = 0; i < d->outcome_count; i++)
        json_array_append_new(list, outcome_json(s, &d->outcomes[i]));
    size_t n = d->outcome_count;
    put(o, "outcome", n ? dr_journal_outcome_name(d->outcomes[n - 1].outcome) : "open");
    if (n)
        json_object_set_new(o, "durationMs",
                            json_integer(d->outcomes[n - 1].time_ms - e->time_ms));
    json_object_set_new(o, "outcomes", list);
    return o;
}

static void add_json(struct session *s, json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
    dr_buf_addf(&s->out, "%s\n", text ? text : "{}");
    free(text);
    json_decref(o);
}

/* ---- what to show ---- */

/* Out: 0, or the exit status. */
static int read_since(const struct session *s, int64_t *since_ms)
{
    int64_t ms;
    const char *text = s->o->since;
    *since_ms = 0;
    if (!text || dr_parse_time(text, since_ms))
        return 0;
    if (!dr_parse_duration(text, strlen(text), &ms))
        return dr_cli_usage(s->in,
                            "--since takes a duration such as 24h, or a moment such as "
                            "'2026-11-21 14:00', not '%s'",
                            text);
    *since_ms = dr_wall_ms() - ms;
    return 0;
}

/* Topologies of the whole journal. */
static size_t names_in(struct session *s, const char *names[NAMES_MAX])
{
    const struct dr_journal_entry *rows;
    struct dr_journal_filter all = {.deeds = true, .limit = UINT32_MAX};
    struct dr_err ignored;
    size_t count, n = 0;
    if (dr_journal_read(s->journal, s->arena, &all, &rows, &count, &ignored) != 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        bool known = !rows[i].topology;
        for (size_t k = 0; k < n && !known; k++)
            known = strcmp(names[k], rows[i].topology) == 0;
        if (!known && n < NAMES_MAX)
            names[n++] = rows[i].topology;
    }
    return n;
}

/* Nothing to show: because the name is wrong? */
static int explain_nothing(struct session *s, const char *topology)
{
    const char *names[NAMES_MAX];
    size_t n = topology ? names_in(s, names) : 0;
    struct dr_err err;
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], topology) == 0)
            n = 0;
    if (!n) {
        fprintf(s->in->err.file, "nothing is recorded%s%s\n", topology ? " of " : "",
                topology      ? topology
                : s->o->since ? " of that time"
                              : "");
        return DR_EXIT_OK;
    }
    const char *meant = dr_similar(topology, names, n);
    (void)dr_fail(&err, DR_E_ABSENT, "the journal knows no topology '%s'", topology);
    if (meant)
        dr_hint(&err, "did you mean '%s'?", meant);
    else
        dr_hint(&err, "it knows %s%s", shown(s, names[0]), n > 1 ? " and others" : "");
    return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
}

/* The newest rows; of a damaged file those that can be read, as many as the limit halved
 * again and again lets through. */
static int read_rows(struct session *s, struct dr_journal_filter *f,
                     const struct dr_journal_entry **rows, size_t *count)
{
    struct dr_err err, ignored;
    if (dr_journal_read(s->journal, s->arena, f, rows, count, &err) == 0)
        return 0;
    for (f->limit /= 2; err.code == DR_E_IO && f->limit; f->limit /= 2) {
        if (dr_journal_read(s->journal, s->arena, f, rows, count, &ignored) != 0)
            continue;
        fprintf(s->in->err.file,
                "warning: %s\n  only the newest entries that can be read are shown; "
                "`drover history --verify` says more\n",
                err.text);
        return 0;
    }
    dr_hint(&err, "`drover history --verify` says what can be read");
    return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
}

static int show(struct session *s)
{
    const struct dr_journal_entry *rows;
    size_t count;
    struct dr_err err;
    uint64_t limit = s->o->limit ? s->o->limit : UINT32_MAX;
    struct dr_journal_filter f = {
        .topology = s->in->arg_count ? s->in->args[0] : NULL,
        .deeds = true,
        .limit = (uint32_t)(limit < UINT32_MAX ? limit + 1 : UINT32_MAX)};
    int rc = read_since(s, &f.since_ms);
    if (rc)
        return rc;
    rc = read_rows(s, &f, &rows, &count);
    if (rc)
        return rc;
    if (!count)
        return explain_nothing(s, f.topology);
    bool more = count > limit;
    for (size_t i = more; i < count; i++) {
        struct deed d = {.row = &rows[i]};
        if (rows[i].kind == DR_JOURNAL_INTENT &&
            dr_journal_outcomes_of(s->journal, s->arena, rows[i].id, &d.outcomes,
                                   &d.outcome_count, &err) != 0)
            return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
        if (s->o->output)
            add_json(s, deed_json(s, &d));
        else
            render_text(s, &d);
    }
    rc = dr_cli_result(s->in, &s->out);
    if (more && !s->o->output)
        fprintf(s->in->err.file,
                "older entries are not shown: --limit N or --since TIME shows more\n");
    return rc;
}

/* ---- the proof ---- */

/* "ROW:HASH" */
static bool read_head(const char *text, int64_t *id, const char **hash)
{
    size_t digits = strspn(text, "0123456789");
    *hash = text + digits + 1;
    return dr_parse_i64(text, digits, id) && *id > 0 && text[digits] == ':' &&
           strlen(*hash) == DR_SHA256_HEX - 1 &&
           strspn(*hash, "0123456789abcdef") == DR_SHA256_HEX - 1;
}

static void proof_text(struct session *s, const struct dr_journal_proof *p)
{
    if (p->broken_count || p->damaged)
        dr_buf_adds(&s->out, p->text);
    else if (!p->rows)
        dr_buf_adds(&s->out, "the journal is empty\n");
    else
        dr_buf_addf(&s->out,
                    "the journal is whole: %" PRId64 " rows, %" PRId64 " to %" PRId64
                    ", each follows from the one before it\n",
                    p->rows, p->first_id, p->last_id);
    if (p->rows && !p->damaged)
        dr_buf_addf(&s->out, "head %" PRId64 ":%s\n", p->last_id, p->hash);
}

static void proof_json(struct session *s, const struct dr_journal_proof *p)
{
    json_t *o = json_object();
    json_object_set_new(o, "whole", json_boolean(!p->broken_count && !p->damaged));
    json_object_set_new(o, "damaged", json_boolean(p->damaged));
    json_object_set_new(o, "rows", json_integer(p->rows));
    json_object_set_new(o, "firstRow", json_integer(p->first_id));
    json_object_set_new(o, "lastRow", json_integer(p->last_id));
    put(o, "head", dr_sprintf(s->arena, "%" PRId64 ":%s", p->last_id, p->hash));
    if (p->broken_count)
        json_object_set_new(o, "brokenRow", json_integer(p->broken_id));
    if (p->broken_count || p->damaged)
        put(o, "text", p->text);
    add_json(s, o);
}

static int prove(struct session *s)
{
    struct dr_journal_proof p;
    struct dr_err err;
    int64_t id = 0;
    const char *hash = NULL;
    if (s->o->head && !read_head(s->o->head, &id, &hash))
        return dr_cli_usage(
            s->in, "--head takes ROW:HASH as --verify prints it, not '%s'", s->o->head);
    if (dr_journal_verify(s->journal, id, hash, &p, &err) != 0)
        return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
    if (s->o->output)
        proof_json(s, &p);
    else
        proof_text(s, &p);
    int rc = dr_cli_result(s->in, &s->out);
    return rc || p.broken_count || p.damaged ? DR_EXIT_ERROR : DR_EXIT_OK;
}

/* The folder's name, from the options or the controller's document. Out: 0, or the exit
 * status. */
static int find_state(const struct session *s, char dir[4096])
{
    const struct dr_controller_doc *c = NULL;
    struct dr_err err;
    struct dr_arena *a = dr_arena_new(0);
    int rc = s->o->config ? dr_controller_read(&c, s->in, s->o->config, a) : 0;
    const char *state = s->o->state || !c ? s->o->state : c->state;
    if (rc == 0 && dr_state_dir_name(dir, state, &err) != 0)
        rc = dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
    dr_arena_free(a);
    return rc;
}

static int run(const struct dr_invocation *in)
{
    struct session s = {.in = in, .o = in->options};
    struct dr_err err;
    char dir[4096];
    if (s.o->head && !s.o->verify)
        return dr_cli_usage(in, "--head goes with --verify");
    if (s.o->verify && in->arg_count)
        return dr_cli_usage(in,
                            "--verify proves the whole journal, not a topology's part");
    int rc = find_state(&s, dir);
    if (rc)
        return rc;
    if (dr_journal_open_reader(&s.journal, dir, &err) != 0) {
        if (err.code == DR_E_IO)
            dr_hint(&err, "no row of it can be read: keep a copy; when drover starts the "
                          "next time it moves a damaged file aside and begins a new one");
        if (err.code == DR_E_ABSENT)
            dr_hint(&err, "each controller keeps its own; give its folder with --state "
                          "DIR or --config FILE");
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    }
    s.arena = dr_arena_new(0);
    dr_buf_init(&s.out, OUTPUT_MAX);
    rc = s.o->verify ? prove(&s) : show(&s);
    dr_buf_release(&s.out);
    dr_arena_free(s.arena);
    dr_journal_close(s.journal);
    return rc;
}

const struct dr_command dr_cmd_history = {
    .name = "history",
    .summary = "what was done, when, why, by which commit, and how it ended",
    .arguments = "[NAME]",
    .about =
        "Prints the journal of a state folder, the newest entry last, all times in UTC; "
        "NAME: of\none topology. A controller may run meanwhile: this only reads. Each "
        "drover keeps a journal\nof its own; who else acted shows in theirs, and in the "
        "clusters' ledgers.\n"
        "A step without outcome is one that runs, or that a crash left; the next start "
        "looks how it\nended. An unknown outcome is followed by what was seen later.\n"
        "Exit status: 0 printed, or proved whole; 1 error, or a row does not fit; 64 "
        "wrong usage.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .max_args = 1,
    .run = run,
};
