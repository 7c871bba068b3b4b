/* The journal and the lock on the state folder: what is on disk when, what a crash
 * leaves, and what happens to a file that somebody damaged or changed. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/act/journal.h"
#include "controller/act/lock.h"
#include "controller/base/buf.h"
#include "controller/base/file.h"
#include "tests/unit/journal_kit.h"

/* Stand in front of the C library's, so that a test can count them, skip them and make
 * them fail. */
unsigned long syncs, sync_fails_at;
bool syncs_are_skipped;
int sync_error;

static int sync_call(long number, int fd)
{
    syncs++;
    if (sync_error && (!sync_fails_at || syncs == sync_fails_at)) {
        errno = sync_error;
        return -1;
    }
    return syncs_are_skipped ? 0 : (int)syscall(number, fd);
}

int fsync(int fd)
{
    return sync_call(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_call(SYS_fdatasync, fd);
}

static char dir[64];
static struct dr_err err;
static struct dr_arena *arena;

static void setup(void)
{
    snprintf(dir, sizeof(dir), "/tmp/drover-journal-XXXXXX");
    cr_assert(mkdtemp(dir));
    arena = dr_arena_new(0);
    syncs_are_skipped = false;
    sync_error = 0;
}

static const char *in_dir(const char *name)
{
    return dr_sprintf(arena, "%s/%s", dir, name);
}

/* Names in the folder that start so. */
static size_t names(const char *start)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        n += strncmp(e->d_name, start, strlen(start)) == 0;
    closedir(d);
    return n;
}

static void teardown(void)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    rmdir(dir);
    dr_arena_free(arena);
}

TestSuite(journal, .init = setup, .fini = teardown);

static struct dr_journal *opened(void)
{
    struct dr_journal *j = NULL;
    cr_assert_eq(dr_journal_open(&j, dir, 1000, &err), 0, "%s", err.text);
    return j;
}

static struct dr_journal_report found; /* of the latest look */

static const struct dr_journal_report *report_of(struct dr_journal *j)
{
    dr_journal_report(j, &found);
    return &found;
}

static struct dr_journal_entry sample(const char *topology, const char *action)
{
    return (struct dr_journal_entry){
        .time_ms = 1763700000123,
        .cycle = 42,
        .topology = topology,
        .revision = "4f1c",
        .digest = "3f9a",
        .rule = "seeding.backup",
        .action = action,
        .verb = "backup",
        .target = "east",
        .why = "west is empty",
        .precondition = "no backup runs in east",
        .approval = "safe",
        .holder = "host:17:ab",
        .epoch = 7,
    };
}

static int64_t intent(struct dr_journal *j, const char *topology, const char *action)
{
    int64_t id = 0;
    struct dr_journal_entry e = sample(topology, action);
    cr_assert_eq(dr_journal_intent(j, &e, &id, &err), 0, "%s", err.text);
    return id;
}

static void outcome(struct dr_journal *j, int64_t id, enum dr_journal_outcome o,
                    const char *text)
{
    cr_assert_eq(dr_journal_outcome(j, id, 2000, o, text, &err), 0, "%s", err.text);
}

static size_t rows_of(struct dr_journal *j, struct dr_journal_filter f,
                      const struct dr_journal_entry **rows)
{
    size_t n = 0;
    cr_assert_eq(dr_journal_read(j, arena, &f, rows, &n, &err), 0, "%s", err.text);
    return n;
}

static int64_t broken(struct dr_journal *j)
{
    struct dr_journal_proof proof;
    cr_assert_eq(dr_journal_verify(j, 0, NULL, &proof, &err), 0, "%s", err.text);
    return proof.broken_id;
}

/* Runs SQL on the file as somebody who has the tools. */
static void by_hand(const char *sql)
{
    sqlite3 *db = NULL;
    cr_assert_eq(sqlite3_open(in_dir("journal.db"), &db), SQLITE_OK);
    char *text = NULL;
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &text), SQLITE_OK, "%s", text);
    sqlite3_close(db);
}

Test(journal, gives_back_what_it_was_given)
{
    struct dr_journal *j = opened();
    int64_t id = intent(j, "orders", "a1");
    outcome(j, id, DR_JOURNAL_DONE, "1,024 tables, BackupTS 445");
    struct dr_journal_entry event = {
        .time_ms = 3000, .topology = "billing", .text = "two\nlines \x1b[31m \xff"};
    cr_assert_eq(dr_journal_event(j, &event, &err), 0);
    const struct dr_journal_entry *r;
    cr_assert_eq(rows_of(j, (struct dr_journal_filter){0}, &r), 3);
    cr_assert_eq(r[0].kind, DR_JOURNAL_INTENT);
    cr_assert_eq(r[0].time_ms, 1763700000123);
    cr_assert_eq(r[0].cycle, 42);
    cr_assert_str_eq(r[0].topology, "orders");
    cr_assert_str_eq(r[0].revision, "4f1c");
    cr_assert_str_eq(r[0].digest, "3f9a");
    cr_assert_str_eq(r[0].rule, "seeding.backup");
    cr_assert_str_eq(r[0].action, "a1");
    cr_assert_str_eq(r[0].verb, "backup");
    cr_assert_str_eq(r[0].target, "east");
    cr_assert_str_eq(r[0].why, "west is empty");
    cr_assert_str_eq(r[0].precondition, "no backup runs in east");
    cr_assert_str_eq(r[0].approval, "safe");
    cr_assert_str_eq(r[0].holder, "host:17:ab");
    cr_assert_eq(r[0].epoch, 7);
    cr_assert_null(r[0].text);
    cr_assert_eq(r[0].outcome, DR_JOURNAL_NONE);
    cr_assert_eq(r[1].kind, DR_JOURNAL_OUTCOME);
    cr_assert_eq(r[1].intent_id, id);
    cr_assert_eq(r[1].outcome, DR_JOURNAL_DONE);
    cr_assert_str_eq(r[1].text, "1,024 tables, BackupTS 445");
    cr_assert_str_eq(r[1].verb, "backup", "an outcome reads alone");
    cr_assert_eq(r[2].kind, DR_JOURNAL_EVENT);
    cr_assert_str_eq(r[2].text, "two\\x0Alines \\x1B[31m \\xFF");
    cr_assert_null(r[2].verb);
    cr_assert_eq(rows_of(j, (struct dr_journal_filter){.topology = "orders"}, &r), 2);
    cr_assert_eq(rows_of(j, (struct dr_journal_filter){.after_id = 2}, &r), 1);
    cr_assert_eq(rows_of(j, (struct dr_journal_filter){.limit = 2}, &r), 2);
    cr_assert_eq(r[0].id, 2, "the newest two, oldest first");
    cr_assert_eq(broken(j), 0);
    cr_assert_neq(dr_journal_outcome(j, id, 1, DR_JOURNAL_NONE, NULL, &err), 0);
    struct stat st;
    cr_assert_eq(stat(in_dir("journal.db"), &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(stat(in_dir("journal.db-wal"), &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    dr_journal_close(j);
}

Test(journal, a_long_text_is_cut)
{
    struct dr_journal *j = opened();
    char *text = dr_alloc(arena, DR_JOURNAL_TEXT_MAX + 2);
    memset(text, 'x', DR_JOURNAL_TEXT_MAX + 1);
    cr_assert_eq(dr_journal_event(j, &(struct dr_journal_entry){.text = text}, &err), 0);
    const struct dr_journal_entry *r;
    rows_of(j, (struct dr_journal_filter){0}, &r);
    cr_assert_eq(strlen(r[0].text), DR_JOURNAL_TEXT_MAX + 3);
    cr_assert_str_eq(r[0].text + DR_JOURNAL_TEXT_MAX - 1, "x...");
    dr_journal_close(j);
}

Test(journal, a_crash_leaves_its_intents_open)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct dr_journal *j;
        struct dr_journal_entry e = sample("orders", "a2");
        int64_t id;
        if (dr_journal_open(&j, dir, 1000, &err) != 0)
            _exit(1);
        intent(j, "orders", "a1");
        outcome(j, 1, DR_JOURNAL_DONE, NULL);
        if (dr_journal_intent(j, &e, &id, &err) != 0)
            _exit(2);
        kill(getpid(), SIGKILL);
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%d", status);
    struct dr_journal *j = opened();
    cr_assert_str_empty(report_of(j)->text);
    const struct dr_journal_entry *r;
    struct dr_journal_filter open_ones = {.open_intents = true};
    cr_assert_eq(rows_of(j, open_ones, &r), 1);
    cr_assert_str_eq(r[0].action, "a2");
    outcome(j, r[0].id, DR_JOURNAL_UNKNOWN, "no answer");
    cr_assert_eq(rows_of(j, open_ones, &r), 1, "unknown is not an end");
    outcome(j, r[0].id, DR_JOURNAL_DONE, "seen running");
    cr_assert_eq(rows_of(j, open_ones, &r), 0);
    cr_assert_eq(broken(j), 0);
    dr_journal_close(j);
}

Test(journal, a_torn_log_loses_only_its_tail)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct dr_journal *j;
        if (dr_journal_open(&j, dir, 1000, &err) != 0)
            _exit(1);
        for (int i = 0; i < 20; i++)
            intent(j, "orders", "a");
        kill(getpid(), SIGKILL);
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    struct stat st;
    cr_assert_eq(stat(in_dir("journal.db-wal"), &st), 0);
    cr_assert_eq(truncate(in_dir("journal.db-wal"), st.st_size - 5000), 0);
    unlink(in_dir("journal.db-shm"));
    struct dr_journal *j = opened();
    const struct dr_journal_report *r = report_of(j);
    cr_assert_not(r->moved_aside);
    cr_assert_not(r->chain_broken);
    cr_assert(r->rows > 1 && r->rows < 20, "%" PRId64 " rows", r->rows);
    cr_assert(r->cut_off);
    cr_assert(strstr(r->text, "but row 20 was written"), "%s", r->text);
    int64_t before = r->rows;
    cr_assert_eq(intent(j, "orders", "next"), before + 1);
    cr_assert_eq(broken(j), 0);
    dr_journal_close(j);
}

static void fill(int rows)
{
    struct dr_journal *j = opened();
    syncs_are_skipped = true;
    for (int i = 0; i < rows; i++)
        intent(j, "orders", dr_sprintf(arena, "a%d", i));
    syncs_are_skipped = false;
    dr_journal_close(j);
}

static void forget(void)
{
    unlink(in_dir("journal.db"));
    unlink(in_dir("journal.head"));
}

static void head_of(char hash[65])
{
    struct dr_journal *j = opened();
    int64_t id;
    cr_assert_eq(dr_journal_head(j, &id, hash, &err), 0);
    dr_journal_close(j);
}

static void scribble(off_t at, size_t len)
{
    int fd = open(in_dir("journal.db"), O_RDWR);
    for (size_t i = 0; i < len; i++)
        cr_assert_eq(pwrite(fd, "\xa5", 1, at + (off_t)i), 1);
    close(fd);
}

static void cut(off_t at, size_t unused)
{
    (void)unused;
    cr_assert_eq(truncate(in_dir("journal.db"), at), 0);
}

Test(journal, a_damaged_file_is_moved_aside)
{
    static const struct {
        const char *name;
        void (*damage)(off_t at, size_t len);
        off_t at;
        size_t len;
    } cases[] = {
        {"first page", scribble, 0, 100},  {"middle", scribble, 4096 * 3, 8192},
        {"schema", scribble, 4000, 96},    {"cut inside a page", cut, 4096 * 5 + 77, 0},
        {"cut to one page", cut, 4096, 0}, {"cut to some bytes", cut, 50, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char head[65];
        fill(200);
        head_of(head);
        cases[i].damage(cases[i].at, cases[i].len);
        struct dr_journal *j = opened();
        const struct dr_journal_report *r = report_of(j);
        cr_assert(r->moved_aside, "%s", cases[i].name);
        cr_assert_eq(access(r->moved_to, F_OK), 0);
        const struct dr_journal_entry *rows;
        cr_assert_eq(rows_of(j, (struct dr_journal_filter){0}, &rows), 1);
        cr_assert_eq(rows[0].kind, DR_JOURNAL_EVENT);
        cr_assert(strstr(rows[0].text, r->moved_to), "%s", rows[0].text);
        cr_assert_str_eq(rows[0].text, r->text);
        cr_assert_eq(rows[0].id, 201, "numbers go on");
        cr_assert_str_eq(rows[0].target, "row 200");
        cr_assert_str_eq(rows[0].digest, head, "the chain goes on");
        cr_assert_str_eq(rows[0].prev, head);
        intent(j, "orders", "goes on");
        cr_assert_eq(broken(j), 0);
        dr_journal_close(j);
        j = opened();
        cr_assert_not(report_of(j)->moved_aside, "%s: only once", cases[i].name);
        dr_journal_close(j);
        cr_assert_eq(names("journal.db.damaged-1000"), i + 1, "each kept");
        forget();
    }
}

/* Whoever only reads says it, too; or nothing of the record was in what was overwritten.
 */
static bool is_said(const char *what)
{
    struct dr_journal *j;
    struct dr_journal_proof p;
    const struct dr_journal_entry *rows;
    size_t count;
    if (dr_journal_open_reader(&j, dir, &err) != 0)
        return err.code == DR_E_IO;
    bool said = dr_journal_verify(j, 0, NULL, &p, &err) != 0;
    if (!said && (p.broken_count || p.damaged)) {
        cr_expect(*p.text, "%s", what);
        said = true;
    } else if (!said) {
        cr_expect_eq(p.rows, 240, "%s: whole, so all is there", what);
        for (int64_t id = 1; id <= 40; id++) {
            cr_expect_eq(dr_journal_outcomes_of(j, arena, id, &rows, &count, &err), 0);
            cr_expect_eq(count, 1, "%s: the outcome of %lld", what, (long long)id);
        }
    }
    dr_journal_close(j);
    return said;
}

Test(journal, damage_anywhere_is_said_to_a_reader)
{
    struct stat st;
    struct dr_journal *j = opened();
    int pages = 0, said = 0;
    char *whole;
    size_t len;
    syncs_are_skipped = true;
    for (int i = 0; i < 200; i++)
        intent(j, "orders", dr_sprintf(arena, "a%d", i));
    for (int64_t id = 1; id <= 40; id++)
        outcome(j, id, DR_JOURNAL_DONE, "done");
    syncs_are_skipped = false;
    dr_journal_close(j);
    cr_assert_eq(stat(in_dir("journal.db"), &st), 0);
    cr_assert_eq(dr_file_read(arena, in_dir("journal.db"), 1 << 24, &whole, &len, &err),
                 0);
    cr_assert_not(is_said("nothing was done to it"));
    for (off_t at = 0; at < st.st_size; at += 4096, pages++) {
        scribble(at, 4096); /* a whole page */
        said += is_said(dr_sprintf(arena, "page %d", pages));
        cr_assert_eq(dr_file_write(in_dir("journal.db"), whole, len, 0600, &err), 0);
        scribble(at + 2000, 64); /* some bytes of one */
        (void)is_said(dr_sprintf(arena, "bytes of page %d", pages));
        cr_assert_eq(dr_file_write(in_dir("journal.db"), whole, len, 0600, &err), 0);
    }
    cr_expect_gt(pages, 10);
    cr_expect_eq(said, pages, "%d of %d pages", said, pages);
}

Test(journal, a_file_that_is_no_journal_is_moved_aside)
{
    static const char *const sql[] = {
        "create table t(x)",
        "pragma application_id = 1146254962; pragma user_version = 2; create table "
        "entry(x)",
    };
    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        by_hand(sql[i]);
        struct dr_journal *j = opened();
        cr_assert(report_of(j)->moved_aside, "%s", sql[i]);
        intent(j, "orders", "a");
        dr_journal_close(j);
        forget();
    }
}

Test(journal, an_emptied_file_is_said)
{
    fill(3);
    cut(0, 0);
    struct dr_journal *j = opened();
    cr_assert(strstr(report_of(j)->text, "its last row was row 3"), "%s", found.text);
    cr_assert(found.cut_off);
    cr_assert_eq(intent(j, "orders", "a"), 5, "row 4 says what happened");
    cr_assert_eq(broken(j), 0);
    dr_journal_close(j);
    forget();
    cr_assert_eq(close(open(in_dir("journal.db"), O_CREAT | O_WRONLY, 0600)), 0);
    j = opened();
    cr_assert(strstr(report_of(j)->text, "empty file"));
    dr_journal_close(j);
}

Test(journal, a_newer_format_is_refused_and_left_alone)
{
    fill(3);
    by_hand("pragma user_version = 3");
    struct dr_journal *j = NULL;
    cr_assert_eq(dr_journal_open(&j, dir, 1000, &err), -DR_E_INPUT);
    cr_assert(strstr(err.text, "newer drover"));
    cr_assert_eq(dr_journal_open_reader(&j, dir, &err), -DR_E_INPUT);
    cr_assert_eq(names("journal.db.damaged"), 0);
}

Test(journal, the_outcome_of_a_lost_intent_becomes_an_event)
{
    fill(200);
    struct dr_journal *j = opened();
    int64_t before = intent(j, "orders", "in the old file");
    by_hand("pragma wal_checkpoint(truncate)");
    scribble(0, 100);
    unlink(in_dir("journal.db-shm"));
    dr_journal_close(j);
    j = opened();
    cr_assert(report_of(j)->moved_aside);
    outcome(j, before, DR_JOURNAL_DONE, "it worked");
    const struct dr_journal_entry *r;
    size_t n = rows_of(j, (struct dr_journal_filter){0}, &r);
    cr_assert_eq(r[n - 1].kind, DR_JOURNAL_EVENT);
    cr_assert(strstr(r[n - 1].text, "done: it worked"), "%s", r[n - 1].text);
    dr_journal_close(j);
}

Test(journal, an_append_that_meets_damage_begins_a_new_file)
{
    fill(200);
    struct dr_journal *j = opened();
    int64_t before = intent(j, "orders", "in the old file");
    by_hand("pragma wal_checkpoint(truncate)");
    scribble(4096, 4096 * 40);
    by_hand("pragma user_version = 2"); /* a change: caches are dropped */
    int64_t after = intent(j, "orders", "in the new file");
    cr_assert(report_of(j)->moved_aside, "%s", report_of(j)->text);
    cr_assert_gt(after, before + 1, "numbers are never given twice");
    const struct dr_journal_entry *r;
    cr_assert_eq(rows_of(j, (struct dr_journal_filter){0}, &r), 2);
    cr_assert_eq(broken(j), 0);
    outcome(j, before, DR_JOURNAL_FAILED, "late");
    cr_assert_eq(rows_of(j, (struct dr_journal_filter){.open_intents = true}, &r), 1);
    cr_assert_eq(r[0].id, after, "the old intent's outcome closes no other");
    dr_journal_close(j);
}

Test(journal, rows_cannot_be_changed_by_mistake)
{
    fill(3);
    static const char *const sql[] = {
        "update entry set text = 'x'",
        "delete from entry",
        "insert into entry(id, time_ms, cycle, kind, prev, hash) "
        "values(9,'now',1,'event','','')",
        "insert into entry(id, time_ms, cycle, kind, prev, hash) "
        "values(9,1,1,'other','','')",
    };
    sqlite3 *db = NULL;
    cr_assert_eq(sqlite3_open(in_dir("journal.db"), &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++)
        cr_assert_neq(sqlite3_exec(db, sql[i], NULL, NULL, NULL), SQLITE_OK, "%s",
                      sql[i]);
    sqlite3_close(db);
}

static size_t changes_recorded(struct dr_journal *j, int64_t id)
{
    const struct dr_journal_entry *r;
    size_t n = rows_of(j, (struct dr_journal_filter){0}, &r), count = 0;
    for (size_t i = 0; i < n; i++)
        count += r[i].verb && strcmp(r[i].verb, "journal.changed") == 0 &&
                 strcmp(r[i].target, dr_sprintf(arena, "row %" PRId64, id)) == 0;
    return count;
}

Test(journal, changes_by_hand_show)
{
    static const struct {
        const char *sql;
        int64_t broken_id;
    } cases[] = {
        {"update entry set why = 'no reason' where id = 5", 5},
        {"update entry set holder = 'somebody' where id = 5", 5},
        {"update entry set epoch = epoch + 1 where id = 5", 5},
        {"update entry set epoch = null, holder = null where id = 5", 5},
        {"update entry set why = null where id = 5", 5},
        {"update entry set approval = approval || char(0) || 'x' where id = 5", 5},
        {"update entry set time_ms = time_ms + 1 where id = 1", 1},
        {"update entry set cycle = 0 where id = 10", 10},
        {"update entry set verb = target, target = verb where id = 3", 3},
        {"update entry set hash = hash || '0' where id = 3", 3},
        {"update entry set prev = hash where id = 7", 7},
        {"delete from entry where id = 4", 5},
        {"delete from entry where id < 4", 4},
        {"update entry set id = 11 where id = 6", 7},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fill(10);
        by_hand("drop trigger entry_no_update; drop trigger entry_no_delete");
        by_hand(cases[i].sql);
        struct dr_journal *j = opened();
        const struct dr_journal_report *r = report_of(j);
        cr_assert(r->chain_broken, "%s", cases[i].sql);
        cr_assert_eq(r->broken_id, cases[i].broken_id, "%s: %" PRId64, cases[i].sql,
                     r->broken_id);
        cr_assert(strstr(r->text, "changed by hand"));
        cr_assert(strstr(r->text, "of orders, backup east: west is empty") ||
                      !strstr(cases[i].sql, "epoch"),
                  "%s", r->text);
        cr_assert_not(r->moved_aside, "evidence stays where it is");
        intent(j, "orders", "goes on");
        cr_assert_eq(broken(j), cases[i].broken_id);
        size_t recorded = changes_recorded(j, cases[i].broken_id);
        cr_assert_eq(recorded, 1, "%s", cases[i].sql);
        dr_journal_close(j);
        j = opened();
        cr_assert(report_of(j)->chain_broken, "it is said at each start");
        cr_assert_eq(changes_recorded(j, cases[i].broken_id), 1, "and recorded once");
        dr_journal_close(j);
        forget();
    }
}

Test(journal, a_noted_head_shows_what_was_cut_off)
{
    fill(10);
    struct dr_journal *j = opened();
    char head[65];
    int64_t id;
    struct dr_journal_proof proof;
    cr_assert_eq(dr_journal_head(j, &id, head, &err), 0);
    cr_assert_eq(id, 10);
    cr_assert_eq(dr_journal_verify(j, id, head, &proof, &err), 0);
    cr_assert_eq(proof.broken_id, 0);
    intent(j, "orders", "later");
    cr_assert_eq(dr_journal_verify(j, id, head, &proof, &err), 0);
    cr_assert_eq(proof.broken_id, 0, "a head stays in the chain");
    dr_journal_close(j);
    by_hand("drop trigger entry_no_delete; delete from entry where id > 8");
    j = opened();
    cr_assert_not(report_of(j)->chain_broken, "the chain alone cannot show it");
    cr_assert(found.cut_off, "what is noted beside it does");
    dr_journal_close(j);
    by_hand("delete from entry where id > 8");
    unlink(in_dir("journal.head"));
    j = opened();
    cr_assert_str_empty(report_of(j)->text, "who removes both is not seen here");
    cr_assert_eq(dr_journal_verify(j, id, head, &proof, &err), 0);
    cr_assert_eq(proof.broken_id, 10);
    dr_journal_close(j);
}

Test(journal, an_empty_one_has_the_head_of_zeros)
{
    struct dr_journal *j = opened();
    char head[65];
    int64_t id = 5;
    cr_assert_eq(dr_journal_head(j, &id, head, &err), 0);
    cr_assert_eq(id, 0);
    cr_assert_eq(strspn(head, "0"), 64);
    dr_journal_close(j);
}

Test(journal, two_writers_keep_one_chain)
{
    struct dr_journal *a = opened(), *b = opened();
    for (int i = 0; i < 20; i++) {
        int64_t ia = intent(a, "orders", "a"), ib = intent(b, "billing", "b");
        cr_assert_eq(ib, ia + 1);
        outcome(b, ia, DR_JOURNAL_DONE, NULL);
        outcome(a, ib, DR_JOURNAL_DONE, NULL);
    }
    struct dr_journal *reader = NULL;
    cr_assert_eq(dr_journal_open_reader(&reader, dir, &err), 0, "%s", err.text);
    cr_assert_eq(broken(reader), 0);
    intent(a, "orders", "seen by the reader");
    const struct dr_journal_entry *r;
    cr_assert_eq(rows_of(reader, (struct dr_journal_filter){0}, &r), 81);
    int64_t id;
    struct dr_journal_entry e = sample("orders", "x");
    cr_assert_eq(dr_journal_intent(reader, &e, &id, &err), -DR_E_BUG);
    dr_journal_close(reader);
    dr_journal_close(b);
    dr_journal_close(a);
}

Test(journal, a_reader_makes_nothing)
{
    struct dr_journal *j = NULL;
    cr_assert_eq(dr_journal_open_reader(&j, dir, &err), -DR_E_ABSENT);
    cr_assert_eq(names("journal.db"), 0);
    fill(100);
    scribble(0, 100);
    cr_assert_eq(dr_journal_open_reader(&j, dir, &err), -DR_E_IO);
    cr_assert_eq(names("journal.db.damaged"), 0);
}

Test(journal, each_append_is_one_sync)
{
    enum { APPENDS = 10000 };
    struct dr_journal *j = opened();
    struct dr_journal_entry e = sample("orders", "a");
    int64_t id;
    syncs_are_skipped = true; /* counted all the same */
    syncs = 0;
    for (int i = 0; i < APPENDS; i++) {
        unsigned long before = syncs;
        cr_assert_eq(dr_journal_intent(j, &e, &id, &err), 0, "%s", err.text);
        cr_assert_gt(syncs, before, "an intent returned before it was on disk");
    }
    printf("journal: %d appends, %lu syncs\n", APPENDS, syncs);
    /* one of the log each, and two for each checkpoint of 1,000 pages */
    cr_assert_leq(syncs, APPENDS + APPENDS / 10);
    cr_assert_eq(broken(j), 0);
    dr_journal_close(j);
}

Test(journal, a_disk_that_fails_is_said_and_survived)
{
    struct dr_journal *j = opened();
    intent(j, "orders", "a");
    struct dr_journal_entry e = sample("orders", "b");
    int64_t id = -1;
    sync_error = EIO;
    cr_assert_eq(dr_journal_intent(j, &e, &id, &err), -DR_E_IO, "%s", err.text);
    cr_assert_eq(id, -1, "no id for what is not on disk");
    sync_error = 0;
    cr_assert_eq(dr_journal_intent(j, &e, &id, &err), 0, "%s", err.text);
    cr_assert_eq(broken(j), 0);
    dr_journal_close(j);
}

Test(journal, no_folder_no_journal)
{
    struct dr_journal *j = NULL;
    cr_assert_eq(dr_journal_open(&j, "/tmp/drover-no-such-folder", 1, &err), -DR_E_IO);
    cr_assert_eq(err.foreign, ENOENT);
    cr_assert_null(j);
}

Test(journal, the_state_folder_has_one_holder)
{
    int ready[2], fd = -1;
    cr_assert_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int own;
        if (dr_state_lock(dir, &own, &err) == 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    char c;
    cr_assert_eq(read(ready[0], &c, 1), 1);
    cr_assert_eq(dr_state_lock(dir, &fd, &err), -DR_E_CONFLICT);
    cr_assert(strstr(err.text, dr_sprintf(arena, "process %d on ", pid)), "%s", err.text);
    cr_assert_neq(*err.hint, '\0');
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    cr_assert_eq(dr_state_lock(dir, &fd, &err), 0, "the kernel gave it back: %s",
                 err.text);
    int second = -1;
    cr_assert_eq(dr_state_lock(dir, &second, &err), -DR_E_CONFLICT);
    cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    cr_assert_eq(dr_state_lock(dir, &second, &err), 0);
    close(second);
    cr_assert_eq(dr_state_lock("/tmp/drover-no-such-folder", &fd, &err), -DR_E_IO);
}
