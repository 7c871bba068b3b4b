/* Objects of the bare repository, read with their size and type known before. Nothing is
 * checked out, so modes, links and attributes are only numbers and bytes here. */
#include <string.h>

#include "controller/source/inside.h"

enum {
    MODE_TREE = 040000,
    MODE_FILE = 0100644,
    MODE_PROGRAM = 0100755,
    MODE_LINK = 0120000,
    MODE_COMMIT = 0160000
};

int dr_mirror_open(struct dr_mirror *m, const char *path, struct dr_err *err)
{
    *m = (struct dr_mirror){0};
    if (git_repository_open_bare(&m->repo, path) == 0 &&
        git_repository_odb(&m->odb, m->repo) == 0)
        return 0;
    int rc = dr_git_fail(err, DR_E_ABSENT, "the repository has not been fetched yet");
    dr_mirror_close(m);
    return rc;
}

void dr_mirror_close(struct dr_mirror *m)
{
    git_odb_free(m->odb);
    git_repository_free(m->repo);
    *m = (struct dr_mirror){0};
}

int dr_mirror_tip(struct dr_mirror *m, git_oid *out, struct dr_err *err)
{
    if (git_reference_name_to_id(out, m->repo, DR_MIRROR_REF) == 0)
        return 0;
    return dr_git_fail(err, DR_E_ABSENT, "the branch has not been fetched yet");
}

static bool is_small(struct dr_mirror *m, const git_oid *id, git_object_t type,
                     size_t max)
{
    size_t len;
    git_object_t is;
    return git_odb_read_header(&len, &is, m->odb, id) == 0 && is == type && len <= max;
}

git_commit *dr_mirror_commit(struct dr_mirror *m, const git_oid *id)
{
    git_commit *c = NULL;
    if (!is_small(m, id, GIT_OBJECT_COMMIT, DR_COMMIT_MAX) ||
        git_commit_lookup(&c, m->repo, id) != 0)
        return NULL;
    return c;
}

git_tree *dr_mirror_tree(struct dr_mirror *m, const git_oid *id)
{
    git_tree *t = NULL;
    if (!is_small(m, id, GIT_OBJECT_TREE, DR_TREE_MAX) ||
        git_tree_lookup(&t, m->repo, id) != 0)
        return NULL;
    return t;
}

/* ---- a path in a commit ---------------------------------------------------------- */

/* The entry of that name; git_tree_entry_byname wants a sorted tree, which a hostile one
 * need not be, and so must not decide whether a path is absent. */
static const git_tree_entry *entry_named(const git_tree *t, const char *name, size_t len)
{
    for (size_t i = 0; i < git_tree_entrycount(t); i++) {
        const git_tree_entry *e = git_tree_entry_byindex(t, i);
        const char *is = git_tree_entry_name(e);
        if (strlen(is) == len && memcmp(is, name, len) == 0)
            return e;
    }
    return NULL;
}

enum dr_mirror_found dr_mirror_find(struct dr_mirror *m, const git_commit *commit,
                                    const char *path, struct dr_mirror_entry *out)
{
    out->id = *git_commit_tree_id(commit);
    out->mode = MODE_TREE;
    out->name = path;
    while (*path) {
        size_t len = strcspn(path, "/");
        if (out->mode != MODE_TREE)
            return DR_MIRROR_ABSENT;
        git_tree *t = dr_mirror_tree(m, &out->id);
        if (!t)
            return DR_MIRROR_ERROR;
        const git_tree_entry *e = entry_named(t, path, len);
        if (e) {
            out->id = *git_tree_entry_id(e);
            out->mode = (unsigned)git_tree_entry_filemode_raw(e);
            out->name = path;
        }
        git_tree_free(t);
        if (!e)
            return DR_MIRROR_ABSENT;
        path += len + (path[len] == '/');
    }
    return DR_MIRROR_FOUND;
}

/* ---- all documents --------------------------------------------------------------- */

static enum dr_collect_type type_of(unsigned mode)
{
    static const struct {
        unsigned mode;
        enum dr_collect_type type;
    } types[] = {{MODE_TREE, DR_TYPE_FOLDER},
                 {MODE_FILE, DR_TYPE_FILE},
                 {MODE_PROGRAM, DR_TYPE_FILE},
                 {MODE_LINK, DR_TYPE_SYMLINK},
                 {MODE_COMMIT, DR_TYPE_SUBMODULE}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].mode == mode)
            return types[i].type;
    }
    return DR_TYPE_OTHER;
}

static void visit_tree(struct dr_mirror_visit *v, const char *path, const git_oid *id,
                       unsigned depth)
{
    if (v->folder && !v->folder(v, path, id))
        return;
    git_tree *t = dr_mirror_tree(v->mirror, id);
    if (!t) {
        dr_collect_obstacle(v->collect, DR_OBSTACLE_UNREADABLE, path, true,
                            "this folder is missing, damaged or too large");
        return;
    }
    for (size_t i = 0; i < git_tree_entrycount(t) && !v->collect->full; i++) {
        const git_tree_entry *e = git_tree_entry_byindex(t, i);
        const git_oid *child = git_tree_entry_id(e);
        const char *child_path;
        enum dr_collect_type type = type_of((unsigned)git_tree_entry_filemode_raw(e));
        switch (dr_collect_judge(v->collect, path, git_tree_entry_name(e), type, depth,
                                 &child_path)) {
        case DR_ENTRY_FOLDER:
            visit_tree(v, child_path, child, depth + 1);
            break;
        case DR_ENTRY_DOCUMENT:
            v->document(v, child_path, child);
            break;
        case DR_ENTRY_PASS:
        case DR_ENTRY_ODD:
            break;
        }
    }
    git_tree_free(t);
}

void dr_mirror_visit(struct dr_mirror_visit *v, const struct dr_mirror_entry *root)
{
    const char *path = "";
    if (root->mode == MODE_TREE) {
        visit_tree(v, "", &root->id, 0);
        return;
    }
    switch (dr_collect_judge(v->collect, "", root->name, type_of(root->mode), 0, &path)) {
    case DR_ENTRY_DOCUMENT:
        v->document(v, path, &root->id);
        break;
    case DR_ENTRY_PASS:
        dr_collect_obstacle(v->collect, DR_OBSTACLE_NAME, root->name, true,
                            "a document's name ends with .yaml or .yml");
        break;
    case DR_ENTRY_FOLDER:
    case DR_ENTRY_ODD:
        break;
    }
}

void dr_mirror_take(struct dr_mirror_visit *v, const char *path, const git_oid *id)
{
    size_t len = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    git_odb_object *o = NULL;
    bool known = git_odb_read_header(&len, &type, v->mirror->odb, id) == 0 &&
                 type == GIT_OBJECT_BLOB;
    if (known && !dr_collect_fits(v->collect, path, len))
        return;
    if (known && git_odb_read(&o, v->mirror->odb, id) == 0)
        dr_collect_file(v->collect, path, git_odb_object_data(o), git_odb_object_size(o));
    else
        dr_collect_obstacle(v->collect, DR_OBSTACLE_UNREADABLE, path, true,
                            "this document is missing or damaged");
    git_odb_object_free(o);
}
