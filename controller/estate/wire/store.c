/* What lies in storage: listings of a prefix, and the redo meta files below one. S3 by
 * HTTP (signed by the carrier), folders directly from the disk. Source: Amazon S3 API
 * reference, ListObjectsV2; tidb: br/pkg/metautil (file names); tiflow: pkg/redo. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/file.h"
#include "controller/estate/wire/redo.h"
#include "controller/estate/wire/script.h"
#include "controller/estate/wire/uri.h"
#include "controller/estate/wire/xml.h"

enum {
    OBJECTS_MAX = 1000, /* of a listing that is looked at */
    PAGES_MAX = 200,    /* of 1,000 keys each, while looking for meta files */
    METAS_MAX = 256,
    META_BYTES_MAX = 64 << 10,
    RELISTS_MAX = 3,
    FOLDER_DEPTH_MAX = 4,
};

#define LOCK_FILE "backup.lock"
#define LISTING   "ListBucketResult"
#define META_FILE "backupmeta"

const struct dr_access_store *dr_script_store(const struct dr_script *s)
{
    return s->call->args.store.store == DR_STORE_REDO ? &s->wire->access->redo
                                                      : &s->wire->access->backup;
}

struct store_script {
    const char *prefix; /* S3: of the keys, with a slash at its end */
    const char *token;  /* of the next page */
    const char *only;   /* the second listing: "backup" after the prefix */
    size_t pages, relists;
    size_t meta_count, meta_room, next;
    const char **metas; /* keys */
    bool gone;          /* a meta file vanished between listing and reading */
};

static bool plain_prefix(const char *p)
{
    return p && *p && *p != '/' && !strstr(p, "..") && !strstr(p, "//");
}

/* ---- S3: one page of a listing ---- */

static enum dr_flow ask_page(struct dr_script *s)
{
    const struct store_script *mine = s->mine;
    const struct dr_access_store *store = dr_script_store(s);
    struct dr_buf b;
    dr_buf_init(&b, 16 << 10);
    dr_buf_addf(&b, "%s?", *store->path ? store->path : "/");
    if (mine->token) { /* parameters sorted and encoded, as the signature wants them */
        dr_buf_adds(&b, "continuation-token=");
        dr_uri_encode(&b, mine->token, strlen(mine->token), "");
        dr_buf_addc(&b, '&');
    }
    dr_buf_addf(&b, "list-type=2&max-keys=%d&prefix=", OBJECTS_MAX);
    dr_uri_encode(&b, mine->prefix, strlen(mine->prefix), "");
    if (mine->only)
        dr_buf_adds(&b, mine->only);
    const char *target = dr_strdup(s->arena, dr_buf_str(&b));
    bool whole = !b.overflow;
    dr_buf_release(&b);
    return whole ? dr_script_http(s, "GET", target, NULL)
                 : dr_script_fail(s, DR_E_LIMIT, "the prefix is too long");
}

struct page {
    size_t count, room;
    const char **keys;
    bool truncated;
    const char *token;
};

/* False: that is no listing, or one that ends before its end: what is missing may be what
 * was looked for. */
static bool read_page(struct dr_script *s, const struct dr_answer *a, struct page *out)
{
    struct dr_xml x = {a->http.body, a->http.body + a->http.body_len};
    struct dr_xml_item i;
    bool listing = false, whole = false;
    while (dr_xml_next(&x, &i)) {
        listing |= dr_xml_is(&i, LISTING);
        whole |= !i.opens && i.name_len == strlen(LISTING) &&
                 memcmp(i.name, LISTING, i.name_len) == 0;
        if (dr_xml_is(&i, "Key")) {
            const char *key = dr_xml_text(&i, s->arena);
            if (!key || out->count == OBJECTS_MAX)
                return false;
            *DR_PUSH(s->arena, out->keys, out->count, out->room) = key;
        } else if (dr_xml_is(&i, "IsTruncated")) {
            out->truncated = i.text_len == 4 && memcmp(i.text, "true", 4) == 0;
        } else if (dr_xml_is(&i, "NextContinuationToken")) {
            out->token = dr_xml_text(&i, s->arena);
        }
    }
    return listing && whole && (!out->truncated || out->token);
}

static enum dr_flow unreadable(struct dr_script *s)
{
    return dr_script_fail(s, DR_E_PROTOCOL, "the listing of '%s' is unreadable",
                          s->call->args.store.prefix);
}

/* ---- folders ---- */

struct walk {
    struct dr_script *s;
    struct dr_listing *listing; /* or */
    struct dr_redo_logs *redo;
};

static int walk_folder(const struct walk *w, const char *path, int depth,
                       struct dr_err *err);

static int read_meta_file(const struct walk *w, const char *path, struct dr_err *err)
{
    char *bytes;
    size_t len;
    uint64_t checkpoint, resolved;
    int rc = dr_file_read(w->s->arena, path, META_BYTES_MAX, &bytes, &len, err);
    if (rc)
        return err->foreign == ENOENT ? 0 : rc;
    if (!dr_redo_meta_parse(bytes, len, &checkpoint, &resolved))
        return dr_fail(err, DR_E_PROTOCOL, "redo meta '%s' is unreadable", path);
    w->redo->found = true;
    if (checkpoint > w->redo->checkpoint)
        w->redo->checkpoint = checkpoint;
    if (resolved > w->redo->resolved)
        w->redo->resolved = resolved;
    return 0;
}

static bool ends_with(const char *text, const char *tail)
{
    size_t n = strlen(text), m = strlen(tail);
    return n >= m && strcmp(text + n - m, tail) == 0;
}

static int look_at_file(const struct walk *w, const char *path, const char *name,
                        int depth, struct dr_err *err)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? 0
                               : dr_fail_errno(err, errno, "cannot look at '%s'", path);
    if (S_ISDIR(st.st_mode))
        return depth < FOLDER_DEPTH_MAX ? walk_folder(w, path, depth + 1, err) : 0;
    if (w->redo)
        return ends_with(name, ".meta") ? read_meta_file(w, path, err) : 0;
    w->listing->count += w->listing->count < OBJECTS_MAX;
    w->listing->has_lock |= depth == 0 && strcmp(name, LOCK_FILE) == 0;
    w->listing->has_meta |= depth == 0 && strcmp(name, META_FILE) == 0;
    return 0;
}

static int walk_folder(const struct walk *w, const char *path, int depth,
                       struct dr_err *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? 0 : dr_fail_errno(err, errno, "cannot list '%s'", path);
    int rc = 0;
    for (struct dirent *e; rc == 0 && (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = look_at_file(w, dr_sprintf(w->s->arena, "%s/%s", path, e->d_name),
                              e->d_name, depth, err);
    closedir(dir);
    return rc;
}

static enum dr_flow read_folder(struct dr_script *s, struct dr_listing *listing,
                                struct dr_redo_logs *redo)
{
    const struct dr_storage_uri *uri = &dr_script_store(s)->declared->uri;
    struct walk w = {.s = s, .listing = listing, .redo = redo};
    struct dr_err err;
    struct stat st;
    if (stat(uri->prefix, &st) != 0 ||
        !S_ISDIR(st.st_mode)) /* not mounted is not empty */
        return dr_script_fail(s, DR_E_IO, "folder '%s' is not there", uri->prefix);
    const char *path =
        dr_sprintf(s->arena, "%s/%s", uri->prefix, s->call->args.store.prefix);
    if (walk_folder(&w, path, 0, &err) != 0)
        return dr_script_fail(s, err.code, "%s", err.text);
    return DR_FLOW_DONE;
}

/* ---- both ---- */

static enum dr_flow begin_store(struct dr_script *s)
{
    struct store_script *mine = s->mine;
    const struct dr_access_store *store = dr_script_store(s);
    const char *prefix = s->call->args.store.prefix;
    if (!store->declared->declared)
        return dr_script_fail(s, DR_E_INPUT, "no such storage is declared");
    if (!plain_prefix(prefix))
        return dr_script_fail(s, DR_E_BUG, "not a storage prefix");
    const char *base = store->declared->uri.prefix ? store->declared->uri.prefix : "";
    if (strcmp(prefix, DR_REDO_HERE) == 0)
        mine->prefix = dr_sprintf(s->arena, "%s%s", base, *base ? "/" : "");
    else
        mine->prefix = dr_sprintf(s->arena, "%s%s%s/", base, *base ? "/" : "", prefix);
    return DR_FLOW_AGAIN;
}

static enum dr_flow begin_list(struct dr_script *s)
{
    enum dr_flow flow = begin_store(s);
    if (flow != DR_FLOW_AGAIN)
        return flow;
    struct dr_listing *l = DR_NEW(s->arena, struct dr_listing);
    l->prefix = dr_strdup(s->arena, s->call->args.store.prefix);
    l->seen = dr_script_seen(s);
    s->reply.as.listing = l;
    if (dr_script_store(s)->declared->uri.scheme == DR_STORAGE_FOLDER)
        return read_folder(s, l, NULL);
    return DR_FLOW_AGAIN;
}

/* A backup of more than 1,000 files has its meta beyond the first page. */
static enum dr_flow take_list(struct dr_script *s, const struct dr_answer *a)
{
    struct store_script *mine = s->mine;
    struct dr_listing *l = s->reply.as.listing;
    struct page page = {0};
    size_t skip = strlen(mine->prefix);
    if (!read_page(s, a, &page))
        return unreadable(s);
    for (size_t i = 0; i < page.count; i++) {
        const char *name =
            strncmp(page.keys[i], mine->prefix, skip) == 0 ? page.keys[i] + skip : "";
        l->has_lock |= strcmp(name, LOCK_FILE) == 0;
        l->has_meta |= strcmp(name, META_FILE) == 0;
    }
    if (!mine->only) {
        l->count = page.count;
        mine->only = "backup";
        if (page.truncated)
            return DR_FLOW_AGAIN;
    }
    l->seen = dr_script_seen(s);
    return DR_FLOW_DONE;
}

static const struct dr_step list_steps[] = {
    {.name = "list the prefix", .ask = ask_page, .take = take_list},
    DR_STEP_END,
};
const struct dr_play dr_play_store_list = {.via = DR_VIA_STORE,
                                           .steps = list_steps,
                                           .begin = begin_list,
                                           .mine_bytes = sizeof(struct store_script)};

/* ---- redo ---- */

static enum dr_flow begin_redo(struct dr_script *s)
{
    enum dr_flow flow = begin_store(s);
    if (flow != DR_FLOW_AGAIN)
        return flow;
    struct dr_redo_logs *r = DR_NEW(s->arena, struct dr_redo_logs);
    r->prefix = dr_strdup(s->arena, s->call->args.store.prefix);
    r->seen = dr_script_seen(s);
    s->reply.as.redo = r;
    if (dr_script_store(s)->declared->uri.scheme == DR_STORAGE_FOLDER)
        return read_folder(s, NULL, r);
    return DR_FLOW_AGAIN;
}

static enum dr_flow take_redo_page(struct dr_script *s, const struct dr_answer *a)
{
    struct store_script *mine = s->mine;
    struct page page = {0};
    if (!read_page(s, a, &page))
        return unreadable(s);
    for (size_t i = 0; i < page.count; i++)
        if (ends_with(page.keys[i], ".meta")) {
            if (mine->meta_count == METAS_MAX)
                return dr_script_fail(s, DR_E_LIMIT, "more than %d redo meta files",
                                      METAS_MAX);
            *DR_PUSH(s->arena, mine->metas, mine->meta_count, mine->meta_room) =
                page.keys[i];
        }
    mine->token = page.truncated ? page.token : NULL;
    if (!mine->token)
        return DR_FLOW_NEXT;
    if (++mine->pages == PAGES_MAX)
        return dr_script_fail(s, DR_E_LIMIT, "more than %d redo files",
                              PAGES_MAX * OBJECTS_MAX);
    return DR_FLOW_AGAIN;
}

static enum dr_flow ask_meta(struct dr_script *s)
{
    struct store_script *mine = s->mine;
    if (mine->next == mine->meta_count)
        return DR_FLOW_NEXT;
    const char *key = mine->metas[mine->next];
    struct dr_buf b;
    dr_buf_init(&b, 16 << 10);
    dr_buf_addf(&b, "%s/", dr_script_store(s)->path);
    dr_uri_encode(&b, key, strlen(key), "/");
    const char *target = dr_strdup(s->arena, dr_buf_str(&b));
    dr_buf_release(&b);
    return dr_script_http(s, "GET", target, NULL);
}

/* Meta files are rewritten all the time under new names: one that is gone has a successor
 * that only a new listing shows. */
static enum dr_flow take_meta(struct dr_script *s, const struct dr_answer *a)
{
    struct store_script *mine = s->mine;
    struct dr_redo_logs *r = s->reply.as.redo;
    uint64_t checkpoint, resolved;
    if (a->http.status == 404) {
        mine->gone = true;
    } else if (a->http.status != 200) {
        return dr_script_http_error(s, a);
    } else if (!dr_redo_meta_parse(a->http.body, a->http.body_len, &checkpoint,
                                   &resolved)) {
        return dr_script_fail(s, DR_E_PROTOCOL, "redo meta '%s' is unreadable",
                              mine->metas[mine->next]);
    } else {
        r->found = true;
        if (checkpoint > r->checkpoint)
            r->checkpoint = checkpoint;
        if (resolved > r->resolved)
            r->resolved = resolved;
    }
    mine->next++;
    return DR_FLOW_AGAIN;
}

static enum dr_flow ask_again(struct dr_script *s)
{
    struct store_script *mine = s->mine;
    s->reply.as.redo->seen = dr_script_seen(s);
    if (!mine->gone)
        return DR_FLOW_DONE;
    if (++mine->relists > RELISTS_MAX)
        return dr_script_fail(s, DR_E_PEER, "redo meta files vanish while being read");
    mine->gone = false;
    mine->meta_count = mine->next = mine->pages = 0;
    s->at = s->play->steps;
    return DR_FLOW_JUMP;
}

static const struct dr_step redo_steps[] = {
    {.name = "list the redo files", .ask = ask_page, .take = take_redo_page},
    {.name = "read a redo meta file",
     .ask = ask_meta,
     .take = take_meta,
     .takes_errors = true},
    {.name = "list again", .ask = ask_again},
    DR_STEP_END,
};
const struct dr_play dr_play_store_redo = {.via = DR_VIA_STORE,
                                           .steps = redo_steps,
                                           .begin = begin_redo,
                                           .mine_bytes = sizeof(struct store_script)};
