/* The journal's files: whoever can write to the state folder, or a disk that dies, makes
 * them. Whatever they hold, drover starts or says why not; when it starts, an intent that
 * it confirmed is there afterwards, and what was found whole stays whole.
 *
 * Input: length of journal.db and of its log (4 bytes each, little-endian), the two, and
 * journal.head. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/act/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is on disk when is no question here. */
int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

static char dir[64];

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "journal: %s\n", what);
    abort();
}

static const char *in_dir(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void empty_dir(void)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
}

static void leave(void)
{
    empty_dir();
    (void)rmdir(dir);
}

static void begin(void)
{
    struct stat st;
    if (*dir) {
        empty_dir();
        return;
    }
    bool memory = stat("/dev/shm", &st) == 0 && S_ISDIR(st.st_mode);
    snprintf(dir, sizeof(dir), "%s/drover-fuzz-XXXXXX", memory ? "/dev/shm" : "/tmp");
    need(mkdtemp(dir) != NULL, "no folder");
    atexit(leave);
}

static void put(const char *name, const uint8_t *bytes, size_t len)
{
    int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    need(fd >= 0 && write(fd, bytes, len) == (ssize_t)len, "cannot write");
    close(fd);
}

static size_t take_length(const uint8_t **data, size_t *size)
{
    uint32_t n = 0;
    for (int i = 0; i < 4 && *size; i++, (*data)++, (*size)--)
        n |= (uint32_t) * *data << (8 * i);
    return n;
}

static void put_part(const char *name, const uint8_t **data, size_t *size, size_t len)
{
    len = len < *size ? len : *size;
    if (len)
        put(name, *data, len);
    *data += len;
    *size -= len;
}

/* Changes nothing, whatever it meets. */
static void read_only(void)
{
    struct dr_journal *j;
    struct dr_err err;
    struct dr_journal_proof p;
    const struct dr_journal_entry *rows;
    size_t count;
    if (dr_journal_open_reader(&j, dir, &err) != 0)
        return;
    struct dr_arena *a = dr_arena_new(0);
    struct dr_journal_filter f = {.limit = 100};
    if (dr_journal_read(j, a, &f, &rows, &count, &err) == 0)
        for (size_t i = 0; i < count; i++)
            (void)dr_journal_fits(&rows[i]);
    need(dr_journal_verify(j, 0, NULL, &p, &err) == 0 || err.text[0], "no reason");
    dr_arena_free(a);
    dr_journal_close(j);
}

static void act(void)
{
    struct dr_journal *j;
    struct dr_err err;
    struct dr_journal_report r;
    struct dr_journal_proof p;
    struct dr_journal_entry e = {.topology = "shop", .why = "it is asked for"};
    char hash[65];
    int64_t id = 0, last = 0;
    if (dr_journal_open(&j, dir, 1000, &err) != 0) {
        need(err.code != DR_E_BUG && err.text[0], "no reason for not opening");
        return;
    }
    need(dr_journal_intent(j, &e, &id, &err) == 0, "opened, but takes no row");
    need(id > 0 && dr_journal_head(j, &last, hash, &err) == 0 && last == id, "row lost");
    need(dr_journal_outcome(j, id, 2, DR_JOURNAL_DONE, "", &err) == 0, "no outcome");
    dr_journal_report(j, &r);
    if (dr_journal_verify(j, last, hash, &p, &err) == 0)
        need(!p.broken_count == !r.chain_broken, "whole at the start, broken later");
    dr_journal_close(j);
    need(dr_journal_open(&j, dir, 2000, &err) == 0, "does not open again");
    need(dr_journal_head(j, &last, hash, &err) == 0 && last >= id + 1, "rows lost");
    int64_t removed;
    struct dr_journal_retention keep = {.age_ms = 1, .size_bytes = 1};
    need(dr_journal_prune(j, &keep, 1000000, &removed, &err) == 0 || err.text[0],
         "no reason for not pruning");
    dr_journal_close(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin();
    size_t db = take_length(&data, &size), wal = take_length(&data, &size);
    put_part("journal.db", &data, &size, db);
    put_part("journal.db-wal", &data, &size, wal);
    put_part("journal.head", &data, &size, size);
    read_only();
    act();
    return 0;
}
