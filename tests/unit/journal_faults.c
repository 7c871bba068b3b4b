/* The journal under failing system calls, many threads, an older format, and pruning. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/act/journal.h"
#include "tests/unit/journal_kit.h"

static char dir[64];
static struct dr_err err;
static struct dr_arena *arena;

static const char *in_dir(const char *name)
{
    return dr_sprintf(arena, "%s/%s", dir, name);
}

static void empty_dir(void)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static void setup(void)
{
    snprintf(dir, sizeof(dir), "/tmp/drover-journal-XXXXXX");
    cr_assert(mkdtemp(dir));
    arena = dr_arena_new(0);
    sync_error = 0;
    sync_fails_at = 0;
    syncs_are_skipped = true; /* what is on disk when is tested elsewhere */
}

static void teardown(void)
{
    syncs_are_skipped = false;
    empty_dir();
    rmdir(dir);
    dr_arena_free(arena);
}

TestSuite(journal_faults, .init = setup, .fini = teardown);

static struct dr_journal *opened(void)
{
    struct dr_journal *j = NULL;
    cr_assert_eq(dr_journal_open(&j, dir, 1000, &err), 0, "%s", err.text);
    return j;
}

static struct dr_journal_entry sample(const char *action)
{
    return (struct dr_journal_entry){.time_ms = 1763700000123,
                                     .cycle = 42,
                                     .topology = "orders",
                                     .revision = "4f1c",
                                     .digest = "3f9a",
                                     .rule = "seeding.backup",
                                     .action = action,
                                     .verb = "backup",
                                     .target = "east",
                                     .why = "west is empty",
                                     .precondition = "no backup runs in east",
                                     .approval = "safe"};
}

static int64_t intent_at(struct dr_journal *j, int64_t time_ms, const char *action)
{
    int64_t id = 0;
    struct dr_journal_entry e = sample(action);
    e.time_ms = time_ms;
    cr_assert_eq(dr_journal_intent(j, &e, &id, &err), 0, "%s", err.text);
    return id;
}

static void done_at(struct dr_journal *j, int64_t id, int64_t time_ms)
{
    cr_assert_eq(dr_journal_outcome(j, id, time_ms, DR_JOURNAL_DONE, NULL, &err), 0, "%s",
                 err.text);
}

static void by_hand(const char *sql)
{
    sqlite3 *db = NULL;
    cr_assert_eq(sqlite3_open(in_dir("journal.db"), &db), SQLITE_OK);
    char *text = NULL;
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &text), SQLITE_OK, "%s", text);
    sqlite3_close(db);
}

static struct dr_journal_proof proof_of(struct dr_journal *j)
{
    struct dr_journal_proof p;
    cr_assert_eq(dr_journal_verify(j, 0, NULL, &p, &err), 0, "%s", err.text);
    return p;
}

/* ---- the k-th failure ------------------------------------------------------------ */

/* One system call of SQLite's that fails at its k-th use, and the real ones. */
enum call { C_OPEN, C_READ, C_WRITE, C_TRUNCATE, C_STAT, C_SYNC, C_COUNT };
static const char *const call_names[C_COUNT] = {"open",      "pread64", "pwrite64",
                                                "ftruncate", "fstat",   ""};
static sqlite3_syscall_ptr real[C_COUNT];
static enum call failing;
static unsigned long used, fails_at;
static int fails_with;

static bool fails(enum call c)
{
    if (c != failing || ++used != fails_at)
        return false;
    errno = fails_with;
    return true;
}

static int open_call(const char *path, int flags, int mode)
{
    return fails(C_OPEN)
               ? -1
               : ((int (*)(const char *, int, int))real[C_OPEN])(path, flags, mode);
}

static ssize_t read_call(int fd, void *to, size_t n, off_t at)
{
    return fails(C_READ)
               ? -1
               : ((ssize_t(*)(int, void *, size_t, off_t))real[C_READ])(fd, to, n, at);
}

static ssize_t write_call(int fd, const void *from, size_t n, off_t at)
{
    ssize_t (*go)(int, const void *, size_t, off_t) =
        (ssize_t(*)(int, const void *, size_t, off_t))real[C_WRITE];
    if (!fails(C_WRITE))
        return go(fd, from, n, at);
    if (n > 8) /* a disk that fills up takes a part */
        (void)!go(fd, from, n / 2, at);
    errno = fails_with;
    return -1;
}

static int truncate_call(int fd, off_t at)
{
    return fails(C_TRUNCATE) ? -1 : ((int (*)(int, off_t))real[C_TRUNCATE])(fd, at);
}

static int stat_call(int fd, struct stat *st)
{
    return fails(C_STAT) ? -1 : ((int (*)(int, struct stat *))real[C_STAT])(fd, st);
}

static void stand_in_front(void)
{
    static const sqlite3_syscall_ptr ours[C_SYNC] = {
        (sqlite3_syscall_ptr)open_call, (sqlite3_syscall_ptr)read_call,
        (sqlite3_syscall_ptr)write_call, (sqlite3_syscall_ptr)truncate_call,
        (sqlite3_syscall_ptr)stat_call};
    sqlite3_initialize();
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    for (int i = 0; i < C_SYNC; i++) {
        real[i] = vfs->xGetSystemCall(vfs, call_names[i]);
        cr_assert(real[i], "%s", call_names[i]);
        cr_assert_eq(vfs->xSetSystemCall(vfs, call_names[i], ours[i]), SQLITE_OK);
    }
}

static void break_kth(enum call c, unsigned long k, int with)
{
    failing = c;
    used = 0;
    fails_at = k;
    fails_with = with;
    syncs = 0;
    sync_fails_at = k;
    sync_error = c == C_SYNC && k ? with : 0;
}

static bool has_failed(enum call c, unsigned long k)
{
    return c == C_SYNC ? syncs >= k : used >= k;
}

enum { STEPS = 4, OLD = 1100 };

/* Opens, removes a segment, and records a few steps, as far as it gets.  Out: ids of the
 * intents that were confirmed. */
static size_t work(int64_t ids[STEPS])
{
    struct dr_journal *j;
    size_t n = 0;
    int64_t removed;
    struct dr_journal_retention keep = {.age_ms = 1000};
    if (dr_journal_open(&j, dir, 1000, &err) != 0)
        return 0;
    if (dr_journal_prune(j, &keep, 1763800000000, &removed, &err) != 0)
        cr_assert_str_not_empty(err.text);
    for (int i = 0; i < STEPS; i++) {
        struct dr_journal_entry e = sample(dr_sprintf(arena, "new%d", i));
        int64_t id = -1;
        if (dr_journal_intent(j, &e, &id, &err) != 0) {
            cr_assert_eq(id, -1);
            cr_assert(strstr(err.text, "the journal"), "%s", err.text);
            continue;
        }
        ids[n++] = id;
        if (dr_journal_outcome(j, id, 1, DR_JOURNAL_DONE, NULL, &err) != 0)
            cr_assert_str_not_empty(err.text);
    }
    dr_journal_close(j);
    return n;
}

/* Everything that was confirmed is there, in one sound chain, in the very file. */
static void look(enum call c, unsigned long k, const int64_t *ids, size_t n)
{
    struct dr_journal *j = opened();
    struct dr_journal_report r;
    struct dr_arena *a = dr_arena_new(0);
    const struct dr_journal_entry *rows;
    size_t count;
    dr_journal_report(j, &r);
    cr_assert_not(r.moved_aside, "%s %lu: a failed call is no damage", call_names[c], k);
    cr_assert_str_empty(r.text, "%s %lu: %s", call_names[c], k, r.text);
    struct dr_journal_proof p = proof_of(j);
    cr_assert_eq(p.broken_count, 0, "%s %lu: %s", call_names[c], k, p.text);
    struct dr_journal_filter all = {.limit = 1u << 20};
    cr_assert_eq(dr_journal_read(j, a, &all, &rows, &count, &err), 0);
    cr_assert_geq(count, OLD - DR_JOURNAL_SEGMENT, "%s %lu", call_names[c], k);
    for (size_t i = 0; i < n; i++) {
        cr_assert_leq(ids[i], p.last_id, "%s %lu", call_names[c], k);
        cr_assert_eq(rows[ids[i] - p.first_id].kind, DR_JOURNAL_INTENT);
    }
    dr_arena_free(a);
    dr_journal_close(j);
}

static void copy_file(const char *from, const char *to)
{
    char block[65536];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, block, sizeof(block))) > 0;)
        cr_assert_eq(write(out, block, (size_t)n), n);
    close(in);
    close(out);
}

static void begin_from(const char *saved)
{
    empty_dir();
    copy_file(saved, in_dir("journal.db"));
}

Test(journal_faults, each_call_that_fails_costs_no_row_that_was_confirmed)
{
    static const struct {
        enum call call;
        int with;
    } cases[] = {{C_WRITE, ENOSPC}, {C_WRITE, EIO},   {C_SYNC, EIO},     {C_READ, EIO},
                 {C_OPEN, EMFILE},  {C_OPEN, EACCES}, {C_TRUNCATE, EIO}, {C_STAT, EIO}};
    struct dr_journal *j = opened();
    for (int i = 0; i < OLD / 2; i++)
        done_at(j, intent_at(j, 1000, "old"), 1000);
    dr_journal_close(j);
    char saved[80];
    snprintf(saved, sizeof(saved), "%s.saved", dir);
    copy_file(in_dir("journal.db"), saved);
    stand_in_front();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum call c = cases[i].call;
        unsigned long k = 1, failures = 0;
        /* reading the old rows is hundreds of the same call */
        for (unsigned long step = 1; k < 20000; k += step) {
            int64_t ids[STEPS];
            begin_from(saved);
            break_kth(c, k, cases[i].with);
            size_t n = work(ids);
            bool failed = has_failed(c, k);
            break_kth(c, 0, 0);
            look(c, k, ids, n);
            failures += n < STEPS;
            if (!failed)
                break;
            step = k < 24 ? 1 : k / 6;
        }
        printf("%s: %lu calls, %lu of their failures were said\n",
               c == C_SYNC ? "fsync" : call_names[c], k, failures);
        if (c != C_TRUNCATE && c != C_STAT && c != C_OPEN)
            cr_assert_gt(failures, 0, "%s: nothing failed", call_names[c]);
    }
    unlink(saved);
}

Test(journal_faults, a_full_disk_says_what_to_do)
{
    stand_in_front();
    struct dr_journal *j = opened();
    intent_at(j, 1, "a");
    struct dr_journal_entry e = sample("b");
    int64_t id = -1;
    break_kth(C_WRITE, 1, ENOSPC);
    cr_assert_eq(dr_journal_intent(j, &e, &id, &err), -DR_E_IO);
    cr_assert_eq(id, -1);
    cr_assert(strstr(err.text, "cannot write the journal"), "%s", err.text);
    cr_assert(strstr(err.hint, "free some space"), "%s", err.hint);
    break_kth(C_WRITE, 0, 0);
    cr_assert_eq(intent_at(j, 1, "b"), 2);
    dr_journal_close(j);
}

/* ---- one handle, many threads ---------------------------------------------------- */

enum { THREADS = 6, EACH = 60 };

static void *many(void *arg)
{
    struct dr_journal *j = arg;
    struct dr_arena *a = dr_arena_new(0);
    for (int i = 0; i < EACH; i++) {
        struct dr_err own;
        struct dr_journal_entry e = sample("a");
        const struct dr_journal_entry *rows;
        struct dr_journal_filter last = {.limit = 5};
        size_t n;
        int64_t id;
        if (dr_journal_intent(j, &e, &id, &own) != 0 ||
            dr_journal_read(j, a, &last, &rows, &n, &own) != 0 ||
            dr_journal_outcome(j, id, 2, DR_JOURNAL_DONE, NULL, &own) != 0)
            return arg;
        dr_arena_reset(a);
    }
    dr_arena_free(a);
    return NULL;
}

Test(journal_faults, threads_share_one_handle)
{
    struct dr_journal *j = opened();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, many, j), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        cr_assert_null(failed);
    }
    struct dr_journal_proof p = proof_of(j);
    cr_assert_eq(p.rows, (int64_t)2 * THREADS * EACH);
    cr_assert_eq(p.broken_count, 0, "%s", p.text);
    dr_journal_close(j);
}

/* ---- format 1 -------------------------------------------------------------------- */

Test(journal_faults, a_journal_of_format_1_goes_on_in_its_own_chain)
{
    struct dr_journal *j = opened();
    int64_t id = intent_at(j, 1763700000123, "a1");
    done_at(j, id, 2000);
    char head[65];
    dr_journal_close(j);
    /* a row without holder hashes as format 1 did */
    by_hand("alter table entry drop column holder; alter table entry drop column epoch;"
            "pragma user_version = 1");
    struct dr_journal *reader = NULL;
    cr_assert_eq(dr_journal_open_reader(&reader, dir, &err), 0, "%s", err.text);
    struct dr_journal_proof p = proof_of(reader);
    cr_assert_eq(p.rows, 2);
    cr_assert_eq(p.broken_count, 0, "%s", p.text);
    const struct dr_journal_entry *rows;
    size_t n;
    cr_assert_eq(
        dr_journal_read(reader, arena, &(struct dr_journal_filter){0}, &rows, &n, &err),
        0);
    cr_assert_str_eq(rows[0].hash,
                     "ed08f63fc0941100fc335e45b73664f672236c43a4f5c94f8e610592ebadffa6");
    dr_journal_close(reader);
    j = opened();
    struct dr_journal_entry e = sample("a2");
    e.holder = "host:1:ab";
    e.epoch = 3;
    cr_assert_eq(dr_journal_intent(j, &e, &id, &err), 0, "%s", err.text);
    p = proof_of(j);
    cr_assert_eq(p.rows, 3);
    cr_assert_eq(p.broken_count, 0, "%s", p.text);
    cr_assert_eq(dr_journal_head(j, &id, head, &err), 0);
    dr_journal_close(j);
}

/* ---- retention ------------------------------------------------------------------- */

enum { DAY_MS = 24 * 3600 * 1000 };

/* Pairs of rows, the i-th of them at day i / per_day. */
static void live(struct dr_journal *j, int pairs, int per_day)
{
    for (int i = 0; i < pairs; i++) {
        int64_t at = (int64_t)(i / per_day) * DAY_MS + 1;
        done_at(j, intent_at(j, at, dr_sprintf(arena, "a%d", i)), at);
    }
}

static int64_t pruned(struct dr_journal *j, int64_t age_ms, uint64_t size, int64_t now_ms)
{
    struct dr_journal_retention keep = {.age_ms = age_ms, .size_bytes = size};
    int64_t removed = -1;
    cr_assert_eq(dr_journal_prune(j, &keep, now_ms, &removed, &err), 0, "%s", err.text);
    return removed;
}

Test(journal_faults, what_is_too_old_goes_by_whole_segments)
{
    struct dr_journal *j = opened();
    char head[65];
    int64_t head_id;
    live(j, 1250, 100); /* 2,500 rows on 13 days: 1..1000 end on day 4 */
    cr_assert_eq(dr_journal_head(j, &head_id, head, &err), 0);
    cr_assert_eq(pruned(j, 0, 0, 100LL * DAY_MS), 0, "no limit");
    cr_assert_eq(pruned(j, 10LL * DAY_MS, 0, 14LL * DAY_MS), 0, "row 1000 is of day 4");
    cr_assert_eq(pruned(j, 10LL * DAY_MS, 0, 15LL * DAY_MS), 1000);
    struct dr_journal_proof p = proof_of(j);
    cr_assert_eq(p.broken_count, 0, "%s", p.text);
    cr_assert_eq(p.first_id, 1001);
    cr_assert_eq(p.last_id, 2501, "a row says what was removed");
    cr_assert_eq(dr_journal_verify(j, head_id, head, &p, &err), 0);
    cr_assert_eq(p.broken_count, 0, "an older head still proves: %s", p.text);
    cr_assert_eq(pruned(j, 1, 0, 1000LL * DAY_MS), 1000, "one in a call");
    cr_assert_eq(pruned(j, 1, 0, 1000LL * DAY_MS), 0, "what still grows stays");
    dr_journal_close(j);
    j = opened();
    struct dr_journal_report r;
    dr_journal_report(j, &r);
    cr_assert_str_empty(r.text, "%s", r.text);
    intent_at(j, 1, "goes on");
    cr_assert_eq(proof_of(j).broken_count, 0);
    dr_journal_close(j);
    cr_assert_eq(unlink(in_dir("journal.head")), 0);
    by_hand("drop trigger entry_no_delete; delete from entry where id < 2100");
    j = opened();
    dr_journal_report(j, &r);
    cr_assert(r.chain_broken, "what nobody said shows");
    cr_assert(strstr(r.text, "rows before row 2100 are gone, and no row says why"), "%s",
              r.text);
    dr_journal_close(j);
}

Test(journal_faults, the_oldest_go_until_the_rest_fits)
{
    struct dr_journal *j = opened();
    live(j, 2500, 100);
    dr_journal_close(j);
    struct stat before, after;
    cr_assert_eq(stat(in_dir("journal.db"), &before), 0);
    j = opened();
    uint64_t half = (uint64_t)before.st_size / 2;
    int64_t removed = pruned(j, 0, half, 1);
    cr_assert_eq(removed % 1000, 0);
    cr_assert(removed >= 2000 && removed <= 3000, "%" PRId64, removed);
    cr_assert_eq(pruned(j, 0, half, 1), 0);
    cr_assert_eq(proof_of(j).broken_count, 0);
    cr_assert_leq(pruned(j, 0, 1, 1), 3000);
    cr_assert_eq(proof_of(j).first_id, 5001, "the newest segment stays");
    dr_journal_close(j);
    cr_assert_eq(stat(in_dir("journal.db"), &after), 0);
    cr_assert_lt(after.st_size, before.st_size / 3, "the file shrinks");
}

Test(journal_faults, an_open_step_and_a_changed_row_stay)
{
    struct dr_journal *j = opened();
    int64_t open_id = intent_at(j, 1, "open");
    live(j, 1100, 100);
    cr_assert_eq(pruned(j, 1, 1, 1000LL * DAY_MS), 0, "nobody knows yet how it ended");
    cr_assert_eq(dr_journal_outcome(j, open_id, 1, DR_JOURNAL_UNKNOWN, NULL, &err), 0);
    cr_assert_eq(pruned(j, 1, 1, 1000LL * DAY_MS), 0);
    done_at(j, open_id, 2);
    dr_journal_close(j);
    by_hand("drop trigger entry_no_update; update entry set why = 'x' where id = 7");
    j = opened();
    cr_assert_eq(pruned(j, 1, 1, 1000LL * DAY_MS), 0, "it is evidence");
    dr_journal_close(j);
}
