/* Files and folders of a command line, as texts for the loader. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/file.h"
#include "spec/load.h"
#include "spec/yaml.h"

enum { FOLDER_DEPTH = 16 };

struct names {
    char **items;
    size_t count, room;
};

static void trouble(struct dr_docs *d, const char *path, enum dr_vcode code,
                    const char *text)
{
    struct dr_source *s = DR_NEW(d->arena, struct dr_source);
    *s = (struct dr_source){.name = path, .bytes = "", .order = d->sources++};
    dr_report(&d->findings, s, code, NULL, "%s", text);
    d->incomplete = true;
}

static void add_file(struct dr_docs *d, const char *path)
{
    struct dr_err err = {0};
    char *bytes;
    size_t len;
    int rc = dr_file_read(d->arena, path, DR_YAML_BYTES_MAX, &bytes, &len, &err);
    if (rc == -DR_E_LIMIT)
        trouble(d, path, DR_V_TOO_LARGE, "larger than 1 MiB");
    else if (rc)
        trouble(d, path, DR_V_UNREADABLE, err.foreign ? strerror(err.foreign) : err.text);
    else
        dr_docs_add(d, path, bytes, len);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_yaml(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

/* Entries of a folder by name, hidden ones left out. False: reported. */
static bool list_folder(struct dr_docs *d, const char *path, struct names *out)
{
    DIR *dir = opendir(path);
    if (!dir) {
        trouble(d, path, DR_V_UNREADABLE, strerror(errno));
        return false;
    }
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        if (e->d_name[0] != '.')
            *DR_PUSH(d->arena, out->items, out->count, out->room) =
                dr_strdup(d->arena, e->d_name);
    closedir(dir);
    if (out->count)
        qsort(out->items, out->count, sizeof(*out->items), by_name);
    return true;
}

static void add_path(struct dr_docs *d, const char *path, bool named, unsigned depth)
{
    struct stat st;
    struct names names = {0};
    if (stat(path, &st)) {
        trouble(d, path, DR_V_UNREADABLE, strerror(errno));
        return;
    }
    if (!S_ISDIR(st.st_mode)) {
        if (named || is_yaml(path))
            add_file(d, path);
        return;
    }
    if (depth == FOLDER_DEPTH) {
        trouble(d, path, DR_V_UNREADABLE, "folders nested too deep");
        return;
    }
    if (!list_folder(d, path, &names))
        return;
    size_t len = strlen(path);
    const char *slash = len && path[len - 1] == '/' ? "" : "/";
    for (size_t i = 0; i < names.count; i++)
        add_path(d, dr_sprintf(d->arena, "%s%s%s", path, slash, names.items[i]), false,
                 depth + 1);
}

void dr_docs_add_path(struct dr_docs *d, const char *path)
{
    add_path(d, path, true, 0);
}
