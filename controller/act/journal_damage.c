/* What stands beside the journal's file, and what happens when the file is damaged, gone
 * or changed by hand: nothing stops, all of it is said and recorded. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/act/journal_row.h"
#include "controller/base/buf.h"
#include "controller/base/file.h"
#include "controller/base/num.h"

/* ---- journal.head ---------------------------------------------------------------- */

/* "NUMBER HASH\n", of one length, so that one small write replaces another. It is not
 * synced: after a loss of power it may lag behind the journal, which is no contradiction.
 */
enum { HEAD_DIGITS = 19, HEAD_BYTES = HEAD_DIGITS + 1 + DR_SHA256_HEX - 1 + 1 };

void dr_journal_head_load(const struct dr_journal *j, struct dr_journal_head *out)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_err err;
    char *text;
    size_t len, digits = 0;
    uint64_t id;
    *out = (struct dr_journal_head){0};
    if (dr_file_read(a, j->head_path, HEAD_BYTES, &text, &len, &err) == 0 &&
        len == HEAD_BYTES && text[HEAD_DIGITS] == ' ' && text[len - 1] == '\n') {
        const char *hash = text + HEAD_DIGITS + 1;
        digits = strspn(text, "0");
        if (strspn(hash, "0123456789abcdef") == DR_SHA256_HEX - 1 &&
            dr_parse_u64(text + digits, HEAD_DIGITS - digits, &id) &&
            id < DR_JOURNAL_ID_BELIEVED) {
            out->id = (int64_t)id;
            memcpy(out->hash, hash, DR_SHA256_HEX - 1);
        }
    }
    dr_arena_free(a);
}

void dr_journal_head_note(struct dr_journal *j)
{
    char text[HEAD_BYTES + 1];
    if (j->head_fd < 0)
        j->head_fd =
            open(j->head_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    snprintf(text, sizeof(text), "%0*lld %s\n", HEAD_DIGITS, (long long)j->known.id,
             j->known.hash);
    if (j->head_fd >= 0 && pwrite(j->head_fd, text, HEAD_BYTES, 0) != HEAD_BYTES) {
        close(j->head_fd); /* tried again with the next row */
        j->head_fd = -1;
    }
}

/* ---- a damaged file -------------------------------------------------------------- */

static void say_moved(struct dr_journal *j)
{
    struct dr_journal_report *r = &j->report;
    struct dr_buf b;
    dr_buf_init(&b, sizeof(r->text));
    dr_buf_addf(&b, "the journal was damaged and is now '%s'; ", r->moved_to);
    if (j->known.id)
        dr_buf_addf(&b, "the last row known of it is row %lld (%s); ",
                    (long long)j->known.id, j->known.hash);
    dr_buf_adds(&b, "a new one begins");
    snprintf(r->text, sizeof(r->text), "%s", dr_buf_str(&b));
    dr_buf_release(&b);
}

/* Renames the file and its log, so that somebody can look at them. */
static int move_aside(struct dr_journal *j, int64_t now_ms, struct dr_err *err)
{
    struct dr_journal_report *r = &j->report;
    dr_journal_detach(j);
    struct stat st;
    for (unsigned i = 0;; i++) {
        snprintf(r->moved_to, sizeof(r->moved_to), "%s.damaged-%lld%s%.0u", j->path,
                 (long long)now_ms, i ? "-" : "", i);
        if (lstat(r->moved_to, &st) != 0)
            break;
    }
    static const char *const tails[] = {"-wal", "-shm", ""};
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        char *from = dr_sprintf(j->scratch, "%s%s", j->path, tails[i]);
        char *to = dr_sprintf(j->scratch, "%s%s", r->moved_to, tails[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return dr_fail_errno(err, errno, "cannot move the damaged journal '%s' aside",
                                 from);
    }
    r->moved_aside = true;
    r->chain_broken = r->cut_off = false;
    say_moved(j);
    j->news = true;
    return 0;
}

int dr_journal_begin_anew(struct dr_journal *j, int64_t now_ms, struct dr_err *err)
{
    bool newer = false, was_empty;
    struct dr_journal_walk w = {0};
    int made = dr_journal_make_file(j, &was_empty), sq = 0;
    if (made)
        return dr_fail_errno(err, made, "cannot make the journal '%s'", j->path);
    if (!j->db)
        sq = dr_journal_attach(j, &newer, &w);
    struct dr_arena *a = dr_arena_new(0);
    struct dr_journal_entry e = {
        .kind = DR_JOURNAL_EVENT,
        .time_ms = now_ms,
        .verb = DR_JOURNAL_BEGIN,
        .target = dr_sprintf(a, "row %lld", (long long)j->known.id),
        .digest = j->known.id ? dr_strdup(a, j->known.hash) : NULL,
        .text = j->report.text};
    int64_t id;
    sq = sq ? sq : dr_journal_append(j, &e, &id);
    dr_arena_free(a);
    if (sq == SQLITE_OK)
        return 0;
    int rc = dr_journal_fail(j, sq, "begin", err);
    dr_journal_detach(j);
    return rc;
}

int dr_journal_replace(struct dr_journal *j, int64_t now_ms, struct dr_err *err)
{
    int rc = move_aside(j, now_ms, err);
    return rc ? rc : dr_journal_begin_anew(j, now_ms, err);
}

/* ---- a file that somebody changed -------------------------------------------------- */

/* Whether the journal says so already; an error counts as no. */
static bool is_recorded(struct dr_journal *j, const char *verb, const char *target)
{
    sqlite3_stmt *s = NULL;
    bool found = sqlite3_prepare_v2(j->db,
                                    "select 1 from entry where kind = 'event' and "
                                    "verb = ?1 and target = ?2",
                                    -1, &s, NULL) == SQLITE_OK &&
                 sqlite3_bind_text(s, 1, verb, -1, SQLITE_STATIC) == SQLITE_OK &&
                 sqlite3_bind_text(s, 2, target, -1, SQLITE_STATIC) == SQLITE_OK &&
                 sqlite3_step(s) == SQLITE_ROW;
    sqlite3_finalize(s);
    return found;
}

/* Best effort: a disk that is full stops the first intent. */
static void record(struct dr_journal *j, struct dr_arena *a, int64_t now_ms,
                   const char *verb, const struct dr_journal_head *row, const char *text)
{
    struct dr_journal_entry e = {.kind = DR_JOURNAL_EVENT,
                                 .time_ms = now_ms,
                                 .verb = verb,
                                 .target = dr_sprintf(a, "row %lld", (long long)row->id),
                                 .digest = row->hash[0] ? row->hash : NULL,
                                 .text = text};
    int64_t id;
    if (is_recorded(j, verb, e.target) || dr_journal_append(j, &e, &id) != SQLITE_OK)
        return;
}

static const char *what_it_says(struct dr_journal *j, struct dr_arena *a, int64_t id)
{
    struct dr_journal_entry e;
    const char *line =
        dr_journal_get(j, a, id, &e) == SQLITE_OK ? dr_journal_line(a, &e) : "";
    return dr_sprintf(a, "row %lld was changed by hand, or those before it; it says: %s",
                      (long long)id, line);
}

void dr_journal_record(struct dr_journal *j, const struct dr_journal_walk *w,
                       int64_t now_ms)
{
    struct dr_journal_report *r = &j->report;
    struct dr_arena *a = dr_arena_new(0);
    struct dr_buf b;
    dr_buf_init(&b, sizeof(r->text) - 1);
    dr_journal_say_walk(j, w, &b);
    snprintf(r->text, sizeof(r->text), "%s", dr_buf_str(&b));
    r->text[strlen(r->text) - (b.len > 0)] = '\0'; /* the last line's end */
    dr_buf_release(&b);
    r->chain_broken = w->broken_count > 0;
    r->broken_id = w->broken_count ? w->broken_ids[0] : 0;
    r->cut_off = w->given[0].id && !w->seen[0];
    for (size_t i = 0; i < w->broken_count && i < DR_JOURNAL_BROKEN_MAX; i++) {
        struct dr_journal_head row = {.id = w->broken_ids[i]};
        record(j, a, now_ms, DR_JOURNAL_CHANGED, &row, what_it_says(j, a, row.id));
    }
    if (r->cut_off)
        record(j, a, now_ms, DR_JOURNAL_CUT, &w->given[0],
               dr_sprintf(a, "the journal ended at row %lld, but this row was written",
                          (long long)w->last_id));
    dr_arena_free(a);
}
