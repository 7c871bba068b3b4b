/* Runs a fuzzer's entry point over files and folders of them: what `make check` does with
 * the corpora, without a fuzzing engine. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/arena.h"
#include "controller/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 * 1024 * 1024 };

static size_t runs;

static int replay_file(const char *path)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_err err;
    char *bytes;
    size_t len;
    int rc = dr_file_read(a, path, INPUT_MAX, &bytes, &len, &err);
    if (rc) {
        fprintf(stderr, "replay: %s\n", err.text);
    } else {
        /* Its own piece of memory, so that ASan sees a step past the end. */
        uint8_t *exact = dr_xcalloc(len, 1);
        memcpy(exact, bytes, len);
        LLVMFuzzerTestOneInput(exact, len);
        free(exact);
        runs++;
    }
    dr_arena_free(a);
    return rc;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int replay(const char *path)
{
    struct stat st;
    struct dirent **entries;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return replay_file(path);
    int n = scandir(path, &entries, NULL, by_name), rc = n < 0 ? -1 : 0;
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && replay_file(file) != 0)
            rc = -1;
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return rc;
}

int main(int argc, char **argv)
{
    int rc = 0;
    for (int i = 1; i < argc; i++)
        if (replay(argv[i]) != 0)
            rc = 1;
    printf("%zu inputs\n", runs);
    return rc || !runs;
}
