/* What only history can tell: whether one revision descends from another, and which
 * documents there were. Both answer "not known" rather than guess. */
#include <string.h>

#include "controller/source/idset.h"
#include "controller/source/inside.h"

enum {
    ANCESTRY_MAX = 1000000,
    PAST_MAX = 10000,        /* versions listed */
    WALK_ENTRIES = 10000000, /* entries looked at */
    WALK_BYTES = 64 << 20,   /* of paths kept meanwhile */
};

/* ---- ancestry -------------------------------------------------------------------- */

struct queue {
    git_oid *items;
    size_t head, count, room;
};

/* Walks breadth first, so that the usual answer (the parent) comes at once. Dates are not
 * used to stop early: a committer's clock proves nothing. */
static enum dr_descent search(struct dr_mirror *m, const git_oid *from,
                              const git_oid *wanted, struct dr_arena *a)
{
    struct dr_idset seen = {0};
    struct queue q = {0};
    enum dr_descent answer = DR_DESCENT_NO;
    *DR_PUSH(a, q.items, q.count, q.room) = *from;
    dr_idset_add(&seen, from, "");
    while (q.head < q.count) {
        git_oid id = q.items[q.head++];
        if (git_oid_equal(&id, wanted)) {
            answer = DR_DESCENT_YES;
            break;
        }
        git_commit *c = q.count <= ANCESTRY_MAX ? dr_mirror_commit(m, &id) : NULL;
        if (!c) {
            answer = DR_DESCENT_UNKNOWN;
            break;
        }
        for (unsigned i = 0; i < git_commit_parentcount(c); i++) {
            const git_oid *parent = git_commit_parent_id(c, i);
            if (dr_idset_add(&seen, parent, ""))
                *DR_PUSH(a, q.items, q.count, q.room) = *parent;
        }
        git_commit_free(c);
    }
    dr_idset_release(&seen);
    return answer;
}

static bool parse_id(const char *text, git_oid *out)
{
    return strlen(text) == GIT_OID_HEXSZ && git_oid_fromstr(out, text) == 0;
}

enum dr_descent dr_git_descends(struct dr_origin *o, const char *revision,
                                const char *ancestor)
{
    struct dr_mirror m;
    struct dr_err ignored;
    git_oid from, wanted;
    git_commit *c;
    if (!parse_id(revision, &from) || dr_mirror_open(&m, o->mirror, &ignored) != 0)
        return DR_DESCENT_UNKNOWN;
    enum dr_descent answer = DR_DESCENT_UNKNOWN;
    if (parse_id(ancestor, &wanted)) {
        struct dr_arena *a = dr_arena_new(0);
        answer = search(&m, &from, &wanted, a);
        dr_arena_free(a);
    } else if ((c = dr_mirror_commit(&m, &from))) {
        answer = DR_DESCENT_NO;
        git_commit_free(c);
    }
    dr_mirror_close(&m);
    return answer;
}

/* ---- what vanished --------------------------------------------------------------- */

struct past {
    struct dr_arena *scratch; /* paths in the sets */
    struct dr_idset blobs;    /* (blob, path): of the tip, or listed already */
    struct dr_idset trees;    /* (tree, path) visited */
    struct dr_idset tip;      /* (zero, path): paths of the tip */
    struct dr_origin_past *items;
    size_t count, room;
    struct dr_collect *kept; /* in the caller's arena */
    const char *revision;
    int64_t time_s;
    uint64_t entries;
    bool is_tip;
};

static const git_oid no_id;

static bool new_tree(struct dr_mirror_visit *v, const char *path, const git_oid *id)
{
    struct past *p = v->ctx;
    return dr_idset_add(&p->trees, id, path);
}

static void note_document(struct dr_mirror_visit *v, const char *path, const git_oid *id)
{
    struct past *p = v->ctx;
    if (!dr_idset_add(&p->blobs, id, path))
        return;
    if (p->is_tip) {
        dr_idset_add(&p->tip, &no_id, path);
        return;
    }
    struct dr_mirror_visit take = {.mirror = v->mirror, .collect = p->kept};
    size_t before = p->kept->file_count;
    if (p->count < PAST_MAX && !p->kept->full)
        dr_mirror_take(&take, dr_strdup(p->kept->arena, path), id);
    if (p->kept->file_count == before) {
        p->kept->hidden = true;
        return;
    }
    *DR_PUSH(p->kept->arena, p->items, p->count, p->room) = (struct dr_origin_past){
        .file = p->kept->files[before],
        .revision = p->revision,
        .time_s = p->time_s,
        .path_at_tip = dr_idset_has(&p->tip, &no_id, path),
    };
}

/* Looks at one commit with limits of its own: what it may hold does not depend on how
 * much was walked before. */
static void visit_commit(struct dr_origin *o, struct dr_mirror *m, const git_commit *c,
                         struct past *p)
{
    struct dr_collect look = dr_origin_collect(o, p->scratch);
    struct dr_mirror_visit v = {.mirror = m,
                                .collect = &look,
                                .ctx = p,
                                .folder = new_tree,
                                .document = note_document};
    struct dr_mirror_entry root;
    char hex[DR_OID_HEX];
    git_oid_tostr(hex, sizeof(hex), git_commit_id(c));
    p->revision = dr_strdup(p->kept->arena, hex);
    p->time_s = git_commit_time(c);
    enum dr_mirror_found found = dr_mirror_find(m, c, o->config.path, &root);
    if (found == DR_MIRROR_FOUND)
        dr_mirror_visit(&v, &root);
    p->entries += look.entries;
    p->kept->hidden |= found == DR_MIRROR_ERROR || look.hidden;
}

/* First parents only: what a merged branch once held was never declared. */
static bool walk_back(struct dr_origin *o, struct dr_mirror *m, git_oid id,
                      uint32_t max_commits, struct past *p, uint32_t *walked)
{
    for (uint32_t i = 0; i <= max_commits; i++) {
        git_commit *c = dr_mirror_commit(m, &id);
        if (!c)
            return false;
        p->is_tip = i == 0;
        *walked = i;
        visit_commit(o, m, c, p);
        bool root = git_commit_parentcount(c) == 0;
        if (!root)
            id = *git_commit_parent_id(c, 0);
        git_commit_free(c);
        if (root)
            return true;
        if (p->entries > WALK_ENTRIES || dr_arena_used(p->scratch) > WALK_BYTES)
            break;
    }
    return false;
}

int dr_git_vanished(struct dr_origin *o, struct dr_arena *a, uint32_t max_commits,
                    struct dr_origin_past_list *out, struct dr_err *err)
{
    struct dr_mirror m;
    git_oid id;
    int rc = dr_mirror_open(&m, o->mirror, err);
    if (rc)
        return rc;
    if (!parse_id(o->tip, &id)) {
        dr_mirror_close(&m);
        return dr_fail(err, DR_E_CONFLICT, "no revision has been read yet");
    }
    struct dr_collect kept = dr_origin_collect(o, a);
    struct past p = {.scratch = dr_arena_new(0), .kept = &kept};
    bool to_root = walk_back(o, &m, id, max_commits, &p, &out->commits_walked);
    out->items = p.items;
    out->count = p.count;
    out->whole = to_root && !kept.hidden && !kept.full;
    dr_idset_release(&p.blobs);
    dr_idset_release(&p.trees);
    dr_idset_release(&p.tip);
    dr_arena_free(p.scratch);
    dr_mirror_close(&m);
    return 0;
}
