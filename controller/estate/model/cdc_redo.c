/* Redo logs of a feed with consistent.level eventual: log files of the changes captured,
 * and the meta file with checkpoint and resolved ts that a failover reads. The downstream
 * is never ahead of the redo's resolved ts, because the feed writes here first.
 * Source: tiflow: pkg/redo/config.go (names), cdc/redo/meta_manager.go.
 *
 * A meta file is bytes as the real one (msgpack of checkpointTs and resolvedTs). A log
 * file holds the statements as text: its inner format is the model's own [inference],
 * only its name is read by others. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/buf.h"
#include "controller/base/table_filter.h"
#include "controller/estate/model/cdc.h"
#include "controller/estate/model/http.h"
#include "controller/estate/model/redo_meta.h"
#include "controller/estate/model/store.h"

enum { GC_EVERY_MS = 5000, LOG_MAX = 64 << 20, KEY_MAX = 512 };

struct redo_log {
    char *key;
    uint64_t max_commit;
};

struct cdc_redo {
    uint64_t resolved;
    char meta_key[KEY_MAX]; /* the file that is there; "": none */
    int64_t flushed_ms, collected_ms;
    bool running;
    struct dr_prng names; /* of the files: not the model's, as it is drawn from late */
    struct dr_arena *arena;
    struct dr_store_place place; /* bucket NULL: keeps nothing */
    /* A meta that is due, but is put into the storage only when somebody looks: five
     * files a second that nobody reads would be most of a simulation's work. */
    bool meta_due;
    uint64_t due_checkpoint, due_resolved;
    struct redo_log *logs; /* oldest first */
    size_t count, room;
};

bool cdc_redo_wanted(const struct cdc_feed *f)
{
    return !strcmp(dr_cdc_config_str(f->config, "consistent.level"), "eventual");
}

uint64_t cdc_redo_resolved(const struct cdc_feed *f)
{
    return f->redo ? f->redo->resolved : 0;
}

/* As BR's storage layer below TiCDC takes it, which does not know nfs://. Source: tiflow:
 * pkg/redo/config.go FixLocalScheme. */
static const char *fix_scheme(const char *uri)
{
    static const char nfs[] = "nfs://";
    return strncmp(uri, nfs, sizeof(nfs) - 1) ? uri : uri + sizeof(nfs) - 1;
}

static const char *storage(const struct cdc_feed *f)
{
    return fix_scheme(dr_cdc_config_str(f->config, "consistent.storage"));
}

/* noop:// and blackhole:// take everything and keep nothing. */
static bool swallows(const char *uri)
{
    return !strncmp(uri, "noop:", 5) || !strncmp(uri, "blackhole", 9);
}

static void draw_uuid(struct cdc_redo *r, char out[37])
{
    uint64_t a = dr_prng_next(&r->names), b = dr_prng_next(&r->names);
    snprintf(out, 37, "%08x-%04x-4%03x-a%03x-%012" PRIx64, (unsigned)(a >> 32),
             (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff, (unsigned)(b >> 52),
             b & 0xffffffffffffu);
}

static bool put(struct cdc_feed *f, const char *key, const void *bytes, size_t len,
                struct dr_buf *why)
{
    if (swallows(storage(f)))
        return true;
    return !dr_model_store_put(f->cdc->model, cdc_at(f->cdc), storage(f), key, bytes, len,
                               why);
}

static void drop(struct cdc_feed *f, const char *key)
{
    struct dr_buf why;

    if (swallows(storage(f)))
        return;
    dr_buf_init(&why, 4096);
    (void)dr_model_store_delete(f->cdc->model, cdc_at(f->cdc), storage(f), key, &why);
    dr_buf_release(&why); /* a file that stays is found by the next collection */
}

static void draw_meta_key(struct cdc_feed *f, char out[KEY_MAX])
{
    char uuid[37], at[DR_HOST_MAX + 16];

    draw_uuid(f->redo, uuid);
    snprintf(out, KEY_MAX, "%s_%s_%s_meta_%s.meta", cdc_owner_text(f->cdc, at), f->ns,
             f->id, uuid);
}

/* Puts the due meta file under a new name, then removes the one before. */
static bool put_meta(struct cdc_feed *f, struct dr_buf *why)
{
    struct cdc_redo *r = f->redo;
    unsigned char bytes[DR_REDO_META_MAX];
    char key[KEY_MAX];
    size_t len = dr_redo_meta_write(bytes, r->due_checkpoint, r->due_resolved);

    draw_meta_key(f, key);
    if (!put(f, key, bytes, len, why))
        return false;
    if (*r->meta_key)
        drop(f, r->meta_key);
    memcpy(r->meta_key, key, sizeof(key));
    r->meta_due = false;
    return true;
}

static bool flush_meta(struct cdc_feed *f, struct dr_buf *why)
{
    struct cdc_redo *r = f->redo;
    const struct dr_model *m = f->cdc->model;

    r->due_checkpoint = f->checkpoint;
    r->due_resolved = r->resolved;
    r->flushed_ms = m->now_ms;
    if (*r->meta_key && !m->faults && r->place.bucket && dr_store_open(m, &r->place)) {
        r->meta_due = true;
        return true;
    }
    return put_meta(f, why);
}

/* Straight into the bucket: the write was taken when it was due, whatever has become of
 * the storage since. */
static void settle_meta(struct cdc_feed *f)
{
    struct cdc_redo *r = f->redo;
    unsigned char bytes[DR_REDO_META_MAX];
    char key[KEY_MAX], full[KEY_MAX * 2];
    size_t len = dr_redo_meta_write(bytes, r->due_checkpoint, r->due_resolved);

    draw_meta_key(f, key);
    snprintf(full, sizeof(full), "%s%s", r->place.prefix, key);
    dr_bucket_put(f->cdc->model, r->place.bucket, full, bytes, len);
    dr_bucket_get(r->place.bucket, full)->modified_ms =
        f->cdc->model->wall0_ms + r->flushed_ms;
    snprintf(full, sizeof(full), "%s%s", r->place.prefix, r->meta_key);
    (void)dr_bucket_delete(r->place.bucket, full);
    memcpy(r->meta_key, key, sizeof(key));
    r->meta_due = false;
}

void dr_cdc_flush_redo(struct dr_model *m)
{
    for (size_t i = 0; m->cdc && i < m->cdc->count; i++)
        for (struct cdc_feed *f = m->cdc->all[i].feeds; f; f = f->next)
            if (f->redo && f->redo->meta_due)
                settle_meta(f);
}

/* ---- files that are there already ---- */
struct found {
    struct cdc_feed *feed;
    struct dr_arena *arena;
    const char **keys;
    size_t count, room;
};

static void collect(void *arg, const char *key, size_t len)
{
    struct found *all = arg;
    (void)len;
    *DR_PUSH(all->arena, all->keys, all->count, all->room) = dr_strdup(all->arena, key);
}

static bool list_files(struct cdc_feed *f, struct found *out, struct dr_buf *why)
{
    *out = (struct found){.feed = f, .arena = dr_arena_new(0)};
    if (swallows(storage(f)))
        return true;
    return !dr_model_store_list(f->cdc->model, cdc_at(f->cdc), storage(f), collect, out,
                                why);
}

static bool names_feed(const struct cdc_feed *f, const char *key)
{
    char part[CDC_ID_MAX + 8];
    snprintf(part, sizeof(part), "_%s_", f->id);
    return strstr(key, part) != NULL;
}

static const char *marker(const struct cdc_feed *f, char out[CDC_ID_MAX + 16])
{
    snprintf(out, CDC_ID_MAX + 16, "delete_%s", f->id);
    return out;
}

/* Takes the greatest values of all metas there, whoever wrote them. */
static void take_old_metas(struct cdc_feed *f, const struct found *all)
{
    struct dr_buf why;

    dr_buf_init(&why, 4096);
    for (size_t i = 0; i < all->count; i++) {
        const char *bytes;
        size_t len = strlen(all->keys[i]);
        uint64_t checkpoint, resolved;
        if (len < 5 || strcmp(all->keys[i] + len - 5, ".meta") ||
            dr_model_store_get(f->cdc->model, cdc_at(f->cdc), storage(f), all->keys[i],
                               &bytes, &len, &why) ||
            !bytes || !dr_redo_meta_read(bytes, len, &checkpoint, &resolved))
            continue;
        if (resolved > f->redo->resolved)
            f->redo->resolved = resolved;
    }
    dr_buf_release(&why);
}

/* A marker of a removed feed of this name: its left-overs go, and the marker. */
static void clean_deleted(struct cdc_feed *f, struct found *all)
{
    char name[CDC_ID_MAX + 16];
    bool marked = false;

    marker(f, name);
    for (size_t i = 0; i < all->count; i++)
        marked |= !strcmp(all->keys[i], name);
    if (!marked)
        return;
    for (size_t i = 0; i < all->count; i++)
        if (!strcmp(all->keys[i], name) || names_feed(f, all->keys[i]))
            drop(f, all->keys[i]);
    all->count = 0;
}

bool cdc_redo_start(struct cdc_feed *f, struct dr_buf *why)
{
    struct cdc_redo *r = f->redo;
    struct found all;
    bool ok;

    if (!r) {
        r = f->redo = dr_xcalloc(1, sizeof(*r));
        r->names.state = dr_prng_next(&f->cdc->model->prng);
        r->arena = dr_arena_new(0);
    }
    if (r->meta_due)
        settle_meta(f);
    r->resolved = f->checkpoint;
    r->place.bucket = NULL;
    if (!swallows(storage(f)) && dr_store_find(f->cdc->model, r->arena, cdc_at(f->cdc),
                                               storage(f), "GET", NULL, &r->place, why))
        return false;
    ok = list_files(f, &all, why);
    if (ok) {
        clean_deleted(f, &all);
        take_old_metas(f, &all);
        for (size_t i = 0; i < all.count; i++) /* its own old metas are one too many */
            if (names_feed(f, all.keys[i]) && strstr(all.keys[i], "_meta_") &&
                strcmp(all.keys[i], r->meta_key))
                drop(f, all.keys[i]);
        ok = flush_meta(f, why);
    }
    dr_arena_free(all.arena);
    r->running = ok;
    return ok;
}

/* ---- logs ---- */
static bool write_log(struct cdc_feed *f, const char *kind, uint64_t max_commit,
                      const struct dr_buf *text, struct dr_buf *why)
{
    struct cdc_redo *r = f->redo;
    char key[KEY_MAX], uuid[37], at[DR_HOST_MAX + 16];
    bool dflt = !strcmp(f->ns, "default");

    if (!text->len)
        return true;
    draw_uuid(r, uuid);
    snprintf(key, sizeof(key), "%s_%s%s%s_%s_%" PRIu64 "_%s.log",
             cdc_owner_text(f->cdc, at), dflt ? "" : f->ns, dflt ? "" : "_", f->id, kind,
             max_commit, uuid);
    if (!put(f, key, text->data, text->len, why))
        return false;
    if (r->count == r->room) {
        r->room = r->room ? r->room * 2 : 16;
        r->logs = dr_xrealloc(r->logs, r->room * sizeof(*r->logs));
    }
    r->logs[r->count++] = (struct redo_log){dr_xstrdup(key), max_commit};
    return true;
}

static void collect_garbage(struct cdc_feed *f)
{
    struct cdc_redo *r = f->redo;
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++)
        if (r->logs[i].max_commit < f->checkpoint) {
            drop(f, r->logs[i].key);
            free(r->logs[i].key);
        } else
            r->logs[kept++] = r->logs[i];
    r->count = kept;
    r->collected_ms = f->cdc->model->now_ms;
}

static bool due(const struct cdc_feed *f, int64_t since_ms, int64_t every_ms)
{
    const struct dr_model *m = f->cdc->model;
    return m->now_ms - since_ms >= dr_model_scaled(m, every_ms);
}

bool cdc_redo_write(struct cdc_feed *f, uint64_t upto, struct dr_buf *why)
{
    const struct dr_change_log *log = &f->cdc->cluster->log;
    struct cdc_redo *r = f->redo;
    struct dr_buf rows, ddl;
    uint64_t last_row = 0, last_ddl = 0;
    size_t i = dr_model_change_after(log, r->resolved);
    bool ok = true;

    if (!r->running)
        return true;
    dr_buf_init(&rows, LOG_MAX);
    dr_buf_init(&ddl, LOG_MAX);
    for (; i < log->count && log->items[i].commit_tso <= upto; i++) {
        const struct dr_change *ch = &log->items[i];
        struct dr_buf *to = ch->kind == DR_CHANGE_DDL ? &ddl : &rows;
        if (!cdc_run_takes(f, ch))
            continue;
        dr_buf_addf(to, "%" PRIu64 " ", ch->commit_tso);
        dr_model_change_sql(ch, to);
        dr_buf_addc(to, '\n');
        *(to == &ddl ? &last_ddl : &last_row) = ch->commit_tso;
    }
    ok = write_log(f, "row", last_row, &rows, why) &&
         write_log(f, "ddl", last_ddl, &ddl, why);
    dr_buf_release(&rows);
    dr_buf_release(&ddl);
    if (!ok)
        return false;
    r->resolved = upto > r->resolved ? upto : r->resolved;
    if (due(f, r->collected_ms, GC_EVERY_MS))
        collect_garbage(f);
    if (due(f, r->flushed_ms,
            dr_cdc_config_int(f->config, "consistent.meta_flush_interval")))
        return flush_meta(f, why);
    return true;
}

void cdc_redo_stop(struct cdc_feed *f)
{
    if (f->redo)
        f->redo->running = false; /* the meta stays as last flushed */
}

/* Source: tiflow: cdc/owner/changefeed.go cleanupRedoManager. */
void cdc_redo_wipe(struct cdc_feed *f)
{
    char name[CDC_ID_MAX + 16];
    struct dr_buf why;
    struct found all;

    if (!cdc_redo_wanted(f) || !*storage(f))
        return;
    dr_buf_init(&why, 4096);
    if (list_files(f, &all, &why))
        for (size_t i = 0; i < all.count; i++)
            if (names_feed(f, all.keys[i]))
                drop(f, all.keys[i]);
    dr_arena_free(all.arena);
    (void)put(f, marker(f, name), "D", 1, &why);
    dr_buf_release(&why);
    cdc_redo_free(f);
}

void cdc_redo_free(struct cdc_feed *f)
{
    struct cdc_redo *r = f->redo;

    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++)
        free(r->logs[i].key);
    free(r->logs);
    dr_arena_free(r->arena);
    free(r);
    f->redo = NULL;
}

/* Source: tiflow: pkg/redo/config.go ValidateStorage. */
bool cdc_redo_validate(struct cdc *c, const char *uri, const char **code,
                       struct dr_buf *why)
{
    static const char *const external[] = {"s3:", "local:", "nfs:", "file:", NULL};
    struct dr_buf reason;
    bool known = swallows(uri), ok;

    for (size_t i = 0; external[i]; i++)
        known |= !strncmp(uri, external[i], strlen(external[i]));
    if (!known) {
        *code = "CDC:ErrConsistentStorage";
        dr_buf_addf(why, "consistent storage (%.*s) not support",
                    strchr(uri, ':') ? (int)strcspn(uri, ":") : 0, uri);
        return false;
    }
    if (swallows(uri))
        return true;
    dr_buf_init(&reason, 4096);
    uri = fix_scheme(uri);
    ok = !dr_model_store_put(c->model, cdc_at(c), uri, "file.test", "test", 4, &reason) &&
         !dr_model_store_delete(c->model, cdc_at(c), uri, "file.test", &reason);
    if (!ok) {
        *code = "CDC:ErrStorageInitialize";
        dr_buf_addf(why, "fail to open storage for redo log: %s", dr_buf_str(&reason));
    }
    dr_buf_release(&reason);
    return ok;
}
