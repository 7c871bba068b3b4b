/* The command line, as sessions: a case is a folder with session.txt, whose lines "$
 * drover ARGUMENTS" are run, one after the other, from the top of the repository. What
 * the command prints follows: results as they are, talk behind "! ", and "[N]" when the
 * exit status is not 0. Running rewrites the whole text, so the file is command and
 * expectation in one.
 *
 * With journal.jsonl beside it, a state folder is made whose journal has these rows, and
 * the word STATE in a command is that folder. A row is an object of the fields of struct
 * dr_journal_entry; "outcome" makes it the outcome of row "of", "event": true an event;
 * {"sql": ".."} is run on the file by hand. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sqlite3.h>
#include <unistd.h>

#include "cmd/drover/cmd.h"
#include "controller/act/journal.h"
#include "tests/golden/golden.h"

enum { ARGS_MAX = 32, SESSION_MAX = 1 << 24 };

/* Words are separated by spaces; there is no quoting. */
static int split(char *line, const char *state, const char **argv)
{
    int argc = 0;
    for (char *save, *w = strtok_r(line, " ", &save); w && argc < ARGS_MAX;
         w = strtok_r(NULL, " ", &save))
        argv[argc++] = state && !strcmp(w, "STATE") ? state : w;
    return argc;
}

/* ---- a journal ---- */

static const char *const journal_files[] = {"journal.db", "journal.db-wal",
                                            "journal.db-shm", "journal.head"};

static const char *text_in(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static int64_t number_in(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static enum dr_journal_outcome outcome_of(const char *word)
{
    for (int i = 1; i < DR_JOURNAL_OUTCOME_COUNT_; i++)
        if (!strcmp(dr_journal_outcome_name((enum dr_journal_outcome)i), word))
            return (enum dr_journal_outcome)i;
    return DR_JOURNAL_NONE;
}

static int add_row(struct dr_journal *j, const json_t *o, struct dr_err *err)
{
    int64_t id;
    const char *outcome = text_in(o, "outcome");
    struct dr_journal_entry e = {.time_ms = number_in(o, "time_ms"),
                                 .cycle = (uint64_t)number_in(o, "cycle"),
                                 .topology = text_in(o, "topology"),
                                 .revision = text_in(o, "revision"),
                                 .digest = text_in(o, "digest"),
                                 .rule = text_in(o, "rule"),
                                 .action = text_in(o, "action"),
                                 .verb = text_in(o, "verb"),
                                 .target = text_in(o, "target"),
                                 .why = text_in(o, "why"),
                                 .precondition = text_in(o, "precondition"),
                                 .approval = text_in(o, "approval"),
                                 .text = text_in(o, "text"),
                                 .holder = text_in(o, "holder"),
                                 .epoch = (uint64_t)number_in(o, "epoch")};
    if (outcome)
        return dr_journal_outcome(j, number_in(o, "of"), e.time_ms, outcome_of(outcome),
                                  e.text, err);
    if (json_is_true(json_object_get(o, "event")))
        return dr_journal_event(j, &e, err);
    return dr_journal_intent(j, &e, &id, err);
}

static void by_hand(struct golden *g, const char *state, const char *sql)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    if (sqlite3_open(dr_sprintf(g->arena, "%s/journal.db", state), &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        golden_fail(g, "%s: %s", sql, why ? why : "cannot be opened");
    sqlite3_free(why);
    sqlite3_close(db);
}

static void add_line(struct golden *g, const char *state, const char *line)
{
    struct dr_journal *j;
    struct dr_err err = {0};
    json_t *o = json_loads(line, 0, NULL);
    if (!o) {
        golden_fail(g, "journal.jsonl: no JSON: %s", line);
    } else if (text_in(o, "sql")) {
        by_hand(g, state, text_in(o, "sql"));
    } else if (dr_journal_open(&j, state, 0, &err) != 0) {
        golden_fail(g, "%s", err.text);
    } else {
        if (add_row(j, o, &err) != 0)
            golden_fail(g, "%s: %s", line, err.text);
        dr_journal_close(j);
    }
    json_decref(o);
}

/* Out: the state folder; NULL: the case has no journal. */
static const char *make_journal(struct golden *g)
{
    size_t len;
    char *text = golden_read(g, "journal.jsonl", &len);
    char *state = dr_strdup(g->arena, "/tmp/drover-golden-XXXXXX");
    if (!text)
        return NULL;
    if (!mkdtemp(state)) {
        golden_fail(g, "there is no folder for the journal");
        return NULL;
    }
    for (char *save, *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
        add_line(g, state, l);
    return state;
}

static void remove_journal(struct golden *g, const char *state)
{
    for (size_t i = 0; i < sizeof(journal_files) / sizeof(journal_files[0]); i++)
        (void)unlink(dr_sprintf(g->arena, "%s/%s", state, journal_files[i]));
    if (rmdir(state) != 0)
        golden_fail(g, "something was left in the state folder");
}

/* ---- sessions ---- */

static void add_lines(struct dr_buf *out, const char *prefix, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        dr_buf_addf(out, "%s%.*s\n", prefix, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void run_line(struct golden *g, const char *line, const char *state,
                     struct dr_buf *out)
{
    const char *argv[ARGS_MAX] = {NULL};
    char *result = NULL, *talk = NULL;
    size_t result_len, talk_len;
    FILE *so = open_memstream(&result, &result_len);
    FILE *se = open_memstream(&talk, &talk_len);
    int argc = split(dr_strdup(g->arena, line + 2), state, argv);
    if (!so || !se)
        abort(); /* out of memory */
    int rc = dr_cli(dr_commands, argc, argv, so, se);
    fclose(so);
    fclose(se);
    dr_buf_addf(out, "%s\n", line);
    add_lines(out, "", result);
    add_lines(out, "! ", talk);
    if (rc)
        dr_buf_addf(out, "[%d]\n", rc);
    free(result);
    free(talk);
}

static void run(struct golden *g)
{
    size_t len;
    char *text = golden_read(g, "session.txt", &len);
    struct dr_buf out;
    if (!text) {
        golden_fail(g, "there is no session.txt");
        return;
    }
    dr_buf_init(&out, SESSION_MAX);
    const char *state = make_journal(g);
    while (*text) {
        size_t n = strcspn(text, "\n");
        const char *line = dr_strndup(g->arena, text, n);
        if (!strncmp(line, "$ drover", 8))
            run_line(g, line, state, &out);
        else if (*line == '#')
            dr_buf_addf(&out, "%s\n", line);
        text += n + (text[n] == '\n');
    }
    golden_expect(g, "session.txt", dr_buf_str(&out), out.len);
    if (state)
        remove_journal(g, state);
    dr_buf_release(&out);
}

const struct golden_suite golden_cli = {.name = "cli", .run = run};
