#include "controller/source/collect.h"

#include <stdlib.h>
#include <string.h>

#include "controller/base/digest.h"
#include "controller/base/num.h"
#include "controller/base/printable.h"

// clang-format off
static const struct dr_obstacle_info infos[DR_OBSTACLE_COUNT_] = {
    [DR_OBSTACLE_SYMLINK] = {"DR-S001", "symlink", "a symbolic link",
        "It might lead out of the source, so it is not followed, wherever it leads.",
        "put the document itself in its place"},
    [DR_OBSTACLE_SUBMODULE] = {"DR-S002", "submodule", "another repository inside",
        "A submodule (git mode 160000) is not entered: its bytes are not in this repository.",
        "keep the documents in the repository itself"},
    [DR_OBSTACLE_SPECIAL] = {"DR-S003", "special", "no ordinary file",
        "A FIFO, a socket, a device, or an entry of a git tree with a mode that git does not "
        "write. It is not opened.",
        "replace it by an ordinary file, or give it a name that does not end in .yaml or .yml"},
    [DR_OBSTACLE_NAME] = {"DR-S004", "name", "a name that is not taken",
        "A name with control characters, '/', '..' or bytes that are no UTF-8, or the same path "
        "twice in one tree. Of two entries of one name neither is read.",
        "rename it"},
    [DR_OBSTACLE_SIZE] = {"DR-S005", "size", "larger, more or deeper than allowed",
        "A document, all of them together, their number or the depth of folders crosses a limit. "
        "Sizes are looked at before anything is read.",
        "keep declarations in a repository or folder of their own, split by topology"},
    [DR_OBSTACLE_UNREADABLE] = {"DR-S006", "unreadable", "cannot be read",
        "The file may not be opened, or the object that the tree names is missing or damaged.",
        "check owner and mode of the file; for git: `git fsck`"},
    [DR_OBSTACLE_REWRITTEN] = {"DR-S007", "rewritten", "a rewritten history",
        "The revision does not descend from the one that declared the topology last (a forced "
        "push, another repository), and does not hold its document. That is not the same as a "
        "commit that removes it.",
        "push a commit on top of the old history; or restart drover if the document is to go"},
};
// clang-format on

const struct dr_obstacle_info *dr_obstacle_info(enum dr_obstacle_kind kind)
{
    return kind > 0 && kind < DR_OBSTACLE_COUNT_ ? &infos[kind] : NULL;
}

const char *dr_obstacle_name(enum dr_obstacle_kind kind)
{
    const struct dr_obstacle_info *i = dr_obstacle_info(kind);
    return i ? i->name : "";
}

void dr_collect_obstacle(struct dr_collect *c, enum dr_obstacle_kind kind,
                         const char *path, bool hides, const char *fmt, ...)
{
    /* so many that nobody reads them: what they would say is known */
    enum { OBSTACLES_MAX = 1000, PATH_SHOWN = 1024 };
    c->hidden |= hides;
    if (c->obstacle_count >= OBSTACLES_MAX)
        return;
    va_list ap;
    va_start(ap, fmt);
    const char *text = dr_vsprintf(c->arena, fmt, ap);
    va_end(ap);
    *DR_PUSH(c->arena, c->obstacles, c->obstacle_count, c->obstacle_room) =
        (struct dr_origin_obstacle){
            .kind = kind,
            .path = dr_printable(c->arena, path, strlen(path), PATH_SHOWN),
            .text = text,
            .hides = hides,
        };
}

static bool collect_is_document(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* Counts the entry; false: a limit of the whole is reached, which is said once. */
static bool count(struct dr_collect *c, const char *folder, bool counted)
{
    c->entries++;
    c->counted += counted;
    if (c->entries <= DR_COLLECT_ENTRIES && c->counted <= c->max_files)
        return true;
    if (!c->full)
        dr_collect_obstacle(
            c, DR_OBSTACLE_SIZE, folder, true,
            "more than %u documents and folders, or %u entries, are too many",
            c->max_files, (unsigned)DR_COLLECT_ENTRIES);
    c->full = true;
    return false;
}

static bool is_plain_name(const char *name)
{
    size_t len = strlen(name);
    return len && len <= DR_COLLECT_NAME && !strchr(name, '/') &&
           dr_is_printable(name, len) && strcmp(name, "..") != 0;
}

/* Types that are never entered or read. No text: a type that is. */
static const struct {
    enum dr_obstacle_kind kind;
    const char *text;
} obstacles_by_type[] = {
    [DR_TYPE_SYMLINK] = {DR_OBSTACLE_SYMLINK, "a symbolic link is not followed"},
    [DR_TYPE_SUBMODULE] = {DR_OBSTACLE_SUBMODULE, "another repository is not entered"},
    [DR_TYPE_OTHER] = {DR_OBSTACLE_SPECIAL, "this is no ordinary file"},
};

enum dr_collect_entry dr_collect_judge(struct dr_collect *c, const char *folder,
                                       const char *name, enum dr_collect_type type,
                                       unsigned depth, const char **path)
{
    bool document = collect_is_document(name);
    bool folderlike = type == DR_TYPE_FOLDER;
    if (c->full || !count(c, folder, folderlike || document))
        return DR_ENTRY_ODD;
    bool odd = !is_plain_name(name);
    bool plain = type == DR_TYPE_FILE || type == DR_TYPE_OTHER;
    if ((*name == '.' && !odd) || (plain && !document))
        return DR_ENTRY_PASS;
    *path =
        *folder ? dr_sprintf(c->arena, "%s/%s", folder, name) : dr_strdup(c->arena, name);
    if (obstacles_by_type[type].text) {
        dr_collect_obstacle(c, obstacles_by_type[type].kind, *path, true, "%s",
                            obstacles_by_type[type].text);
        return DR_ENTRY_ODD;
    }
    if (odd) {
        dr_collect_obstacle(
            c, DR_OBSTACLE_NAME, *path, true,
            "a name may not be longer than %d bytes nor hold '/' or control "
            "characters",
            DR_COLLECT_NAME);
        return DR_ENTRY_ODD;
    }
    if (folderlike && depth + 1 >= DR_COLLECT_DEPTH) {
        dr_collect_obstacle(c, DR_OBSTACLE_SIZE, *path, true,
                            "folders deeper than %d are not entered", DR_COLLECT_DEPTH);
        return DR_ENTRY_ODD;
    }
    return folderlike ? DR_ENTRY_FOLDER : DR_ENTRY_DOCUMENT;
}

bool dr_collect_fits(struct dr_collect *c, const char *path, uint64_t bytes)
{
    char size[DR_SIZE_TEXT];
    if (bytes > c->max_file_bytes) {
        dr_collect_obstacle(c, DR_OBSTACLE_SIZE, path, true,
                            "a document may not be larger than %s",
                            dr_size_text(c->max_file_bytes, size));
        return false;
    }
    if (bytes > c->max_total_bytes - c->total_bytes) {
        dr_collect_obstacle(c, DR_OBSTACLE_SIZE, path, true,
                            "all documents together may not be larger than %s",
                            dr_size_text(c->max_total_bytes, size));
        c->full = true;
        return false;
    }
    return true;
}

void dr_collect_file(struct dr_collect *c, const char *path, const void *bytes,
                     size_t len)
{
    struct dr_origin_file *f = DR_PUSH(c->arena, c->files, c->file_count, c->file_room);
    f->path = path;
    f->bytes = dr_strndup(c->arena, bytes, len);
    f->len = len;
    dr_sha256_hex(f->digest, bytes, len);
    c->total_bytes += len;
}

static int by_path(const void *a, const void *b)
{
    const struct dr_origin_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static int by_obstacle(const void *a, const void *b)
{
    const struct dr_origin_obstacle *x = a, *y = b;
    int c = strcmp(x->path, y->path);
    return c ? c : (x->kind > y->kind) - (x->kind < y->kind);
}

static void drop_doubles(struct dr_collect *c)
{
    size_t kept = 0;
    for (size_t i = 0, next; i < c->file_count; i = next) {
        for (next = i + 1; next < c->file_count; next++) {
            if (strcmp(c->files[i].path, c->files[next].path) != 0)
                break;
        }
        if (next == i + 1)
            c->files[kept++] = c->files[i];
        else
            dr_collect_obstacle(c, DR_OBSTACLE_NAME, c->files[i].path, true,
                                "this name is there %zu times", next - i);
    }
    c->file_count = kept;
}

void dr_collect_finish(struct dr_collect *c, struct dr_origin_revision *out)
{
    if (c->file_count)
        qsort(c->files, c->file_count, sizeof(*c->files), by_path);
    drop_doubles(c);
    if (c->obstacle_count)
        qsort(c->obstacles, c->obstacle_count, sizeof(*c->obstacles), by_obstacle);
    out->files = c->files;
    out->file_count = c->file_count;
    out->obstacles = c->obstacles;
    out->obstacle_count = c->obstacle_count;
    out->complete = !c->hidden;
}
