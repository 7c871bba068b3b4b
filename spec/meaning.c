#include "spec/meaning.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "spec/field.h"

enum { PATH_BYTES = 4096 };

struct writer {
    struct dr_buf *out, value;
    char path[PATH_BYTES];
    size_t len;
};

/* Lengthens the path; gives what it was before. A path that does not fit is cut, which
 * no shape of the language comes near. */
static size_t enter(struct writer *w, const char *before, const char *name,
                    const char *after)
{
    size_t was = w->len;
    const char *parts[] = {before, name, after};
    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(parts[i]);
        if (w->len + n >= PATH_BYTES)
            break;
        memcpy(w->path + w->len, parts[i], n);
        w->len += n;
    }
    return was;
}

static void begin_line(struct writer *w)
{
    dr_buf_add(w->out, w->path, w->len);
    dr_buf_add(w->out, " = ", 3);
}

/* A value of a person's own text may hold line ends: they must not look like lines of
 * ours. */
static void add_text(struct dr_buf *b, const char *s)
{
    for (;;) {
        size_t n = strcspn(s, "\n\\");
        dr_buf_add(b, s, n);
        if (!s[n])
            return;
        dr_buf_adds(b, s[n] == '\n' ? "\\n" : "\\\\");
        s += n + 1;
    }
}

/* Pairs whose order says nothing: sorted by their key. */
struct pair {
    const char *key, *value;
};

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void put_pairs(struct writer *w, struct pair *pairs, size_t count)
{
    if (count > 1)
        qsort(pairs, count, sizeof(*pairs), compare_pairs);
    for (size_t i = 0; i < count; i++) {
        size_t was = enter(w, "[", pairs[i].key, "]");
        begin_line(w);
        add_text(w->out, pairs[i].value);
        dr_buf_addc(w->out, '\n');
        w->len = was;
    }
    free(pairs);
}

/* The three types that are lists of pairs, whatever their items are called. */
static void put_mapping(struct writer *w, const struct dr_field *f, const char *base)
{
    const void *items = *(const void *const *)(const void *)(base + f->offset);
    size_t count = *(const size_t *)(const void *)(base + f->count_offset);
    struct pair *pairs = dr_xcalloc(count + 1, sizeof(*pairs));
    for (size_t i = 0; i < count; i++) {
        if (f->type == DR_T_PAIRS) {
            const struct dr_label *x = &((const struct dr_label *)items)[i];
            pairs[i] = (struct pair){x->key, x->value};
        } else if (f->type == DR_T_PARAMS) {
            const struct dr_sink_param *x = &((const struct dr_sink_param *)items)[i];
            pairs[i] = (struct pair){x->key, x->value};
        } else {
            const struct dr_address_mapping *x =
                &((const struct dr_address_mapping *)items)[i];
            pairs[i] = (struct pair){x->advertised, x->reachable.text};
        }
    }
    put_pairs(w, pairs, count);
}

static void put_words(struct dr_buf *b, const struct dr_field *f, const char *at)
{
    const char *sep = "";
    for (size_t i = 0; i < f->words->count; i++) {
        bool has = f->type == DR_T_DAYS ? *(const uint8_t *)at >> i & 1
                                        : ((const bool *)(const void *)at)[i];
        if (!has)
            continue;
        dr_buf_addf(b, "%s%s", sep, f->words->words[i]);
        sep = " ";
    }
}

static void put_address(struct dr_buf *b, const char *host, uint16_t port)
{
    dr_buf_addf(b, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

/* Whether the value was given at all. */
static bool is_given(const struct dr_field *f, const char *at)
{
    switch (f->type) {
    case DR_T_STRING:
        return *(const char *const *)(const void *)at;
    case DR_T_VERSION:
        return ((const struct dr_version *)(const void *)at)->text;
    case DR_T_ADDRESS:
        return ((const struct dr_hostport *)(const void *)at)->host;
    case DR_T_URL:
        return ((const struct dr_url *)(const void *)at)->host;
    case DR_T_STORAGE:
        return ((const struct dr_storage_uri *)(const void *)at)->text;
    case DR_T_SECRET:
        return dr_secret_given((const struct dr_secret_ref *)(const void *)at);
    case DR_T_SETTINGS:
        return ((const struct dr_changefeed_config *)(const void *)at)->entry_count;
    case DR_T_OBJECT:
    case DR_T_BOOL:
    case DR_T_U16:
    case DR_T_U32:
    case DR_T_U64:
    case DR_T_DURATION:
    case DR_T_SIZE:
    case DR_T_WORD:
    case DR_T_WORDS:
    case DR_T_DAYS:
    case DR_T_CLOCK:
    case DR_T_TIME:
    case DR_T_PAIRS:
    case DR_T_MAPPING:
    case DR_T_PARAMS:
    case DR_T_COUNT:
        break;
    }
    return true;
}

/* ---- one value, by type ---- */

#define PUT(name)                                                                        \
    static void name(struct dr_buf *b, const struct dr_field *f, const void *at)

PUT(put_string)
{
    (void)f;
    add_text(b, *(const char *const *)at);
}

PUT(put_bool)
{
    (void)f;
    dr_buf_adds(b, *(const bool *)at ? "true" : "false");
}

PUT(put_u16)
{
    (void)f;
    dr_buf_addf(b, "%u", *(const uint16_t *)at);
}

PUT(put_u32)
{
    (void)f;
    dr_buf_addf(b, "%" PRIu32, *(const uint32_t *)at);
}

PUT(put_u64)
{
    (void)f;
    dr_buf_addf(b, "%" PRIu64, *(const uint64_t *)at);
}

PUT(put_duration)
{
    char text[DR_DURATION_TEXT];
    (void)f;
    dr_buf_adds(b, dr_duration_text(*(const int64_t *)at, text));
}

PUT(put_size)
{
    char text[DR_SIZE_TEXT];
    (void)f;
    dr_buf_adds(b, dr_size_text(*(const uint64_t *)at, text));
}

PUT(put_word)
{
    dr_buf_adds(b, f->words->words[*(const unsigned *)at]);
}

PUT(put_word_list)
{
    put_words(b, f, at);
}

PUT(put_clock)
{
    unsigned minutes = *(const uint16_t *)at;
    (void)f;
    dr_buf_addf(b, "%02u:%02u", minutes / 60, minutes % 60);
}

PUT(put_time)
{
    char text[DR_TIME_TEXT];
    (void)f;
    dr_buf_adds(b, dr_time_text(*(const int64_t *)at, text));
}

PUT(put_version)
{
    (void)f;
    dr_buf_adds(b, ((const struct dr_version *)at)->text);
}

PUT(put_hostport)
{
    const struct dr_hostport *x = at;
    (void)f;
    put_address(b, x->host, x->port);
}

PUT(put_url)
{
    const struct dr_url *x = at;
    (void)f;
    dr_buf_adds(b, x->https ? "https://" : "http://");
    put_address(b, x->host, x->port);
}

PUT(put_storage)
{
    (void)f;
    dr_buf_adds(b, ((const struct dr_storage_uri *)at)->text);
}

/* Where a secret is; never the secret. */
PUT(put_secret)
{
    const struct dr_secret_ref *x = at;
    (void)f;
    dr_buf_addf(b, "%s %s", x->file ? "file" : "env", x->file ? x->file : x->env);
}

PUT(put_settings)
{
    (void)f;
    dr_buf_adds(b, ((const struct dr_changefeed_config *)at)->json);
}

static void (*const put_of[DR_T_COUNT])(struct dr_buf *b, const struct dr_field *f,
                                        const void *at) = {
    // clang-format off
    [DR_T_STRING]   = put_string,   [DR_T_BOOL]     = put_bool,
    [DR_T_U16]      = put_u16,      [DR_T_U32]      = put_u32,
    [DR_T_U64]      = put_u64,      [DR_T_DURATION] = put_duration,
    [DR_T_SIZE]     = put_size,     [DR_T_WORD]     = put_word,
    [DR_T_WORDS]    = put_word_list,[DR_T_DAYS]     = put_word_list,
    [DR_T_CLOCK]    = put_clock,    [DR_T_TIME]     = put_time,
    [DR_T_VERSION]  = put_version,  [DR_T_ADDRESS]  = put_hostport,
    [DR_T_URL]      = put_url,      [DR_T_STORAGE]  = put_storage,
    [DR_T_SECRET]   = put_secret,   [DR_T_SETTINGS] = put_settings,
    // clang-format on
};

static void put_shape(struct writer *w, const struct dr_shape *shape, const char *base);

/* Whether the value is what holds when the field is not written. */
static bool is_default(const struct dr_field *f, const char *text)
{
    static const char *const nothing[] = {"", "0", "0s", "0B", "false"};
    if (f->list || f->required)
        return false;
    if (f->fallback)
        return strcmp(text, f->fallback) == 0;
    for (size_t i = 0; f->type != DR_T_WORD && i < sizeof(nothing) / sizeof(*nothing);
         i++)
        if (strcmp(text, nothing[i]) == 0)
            return true;
    return false;
}

/* An object, or a single value: what stands at `at`. */
static void put_value(struct writer *w, const struct dr_field *f, const char *at)
{
    if (f->type == DR_T_OBJECT) {
        put_shape(w, f->of, at);
    } else if (is_given(f, at)) {
        dr_buf_clear(&w->value);
        put_of[f->type](&w->value, f, at);
        if (is_default(f, dr_buf_str(&w->value)))
            return;
        begin_line(w);
        dr_buf_add(w->out, w->value.data, w->value.len);
        dr_buf_addc(w->out, '\n');
    }
}

/* The name of an item, NULL: it has none. */
static const char *item_name(const struct dr_field *f, const char *item)
{
    if (f->type != DR_T_OBJECT || !f->of->name_key)
        return NULL;
    for (const struct dr_field *k = f->of->fields; k->key; k++)
        if (strcmp(k->key, f->of->name_key) == 0 && k->type == DR_T_STRING)
            return *(const char *const *)(const void *)(item + k->offset);
    return NULL;
}

static void put_list(struct writer *w, const struct dr_field *f, const char *base)
{
    const char *items = *(const char *const *)(const void *)(base + f->offset);
    size_t count = *(const size_t *)(const void *)(base + f->count_offset);
    char number[24];
    for (size_t i = 0; i < count; i++) {
        const char *item = items + i * f->item_bytes, *name = item_name(f, item);
        snprintf(number, sizeof(number), "%zu", i);
        size_t was = enter(w, "[", name ? name : number, "]");
        put_value(w, f, item);
        w->len = was;
    }
}

static void put_shape(struct writer *w, const struct dr_shape *shape, const char *base)
{
    if (shape->declared && !*(const bool *)(const void *)base)
        return;
    if (shape->declared) {
        begin_line(w);
        dr_buf_adds(w->out, "declared\n");
    }
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        if (f->aside)
            continue;
        size_t was = enter(w, w->len ? "." : "", f->key, "");
        if (f->list)
            put_list(w, f, base);
        else if (f->type == DR_T_PAIRS || f->type == DR_T_MAPPING ||
                 f->type == DR_T_PARAMS)
            put_mapping(w, f, base);
        else
            put_value(w, f, base + f->offset);
        w->len = was;
    }
}

void dr_doc_meaning(const struct dr_doc *doc, struct dr_buf *out)
{
    struct writer w = {.out = out};
    dr_buf_init(&w.value, out->max);
    put_shape(&w, dr_kinds[doc->kind].shape, (const char *)doc);
    dr_buf_release(&w.value);
}

/* Whether the path of a line begins with that of a field, and goes on below it. "[]" is
 * any item of a list. */
static bool lies_in(const char *line, const char *field)
{
    while (*field) {
        if (strncmp(field, "[]", 2) == 0 && *line == '[') {
            line += strcspn(line, "]");
            field += 1;
        }
        if (*field++ != *line++)
            return false;
    }
    return *line == '.' || *line == '[' || *line == ' ';
}

void dr_meaning_of_feeds(const char *meaning, struct dr_buf *out)
{
    static const char *const in[] = {"spec.mode", "spec.replication", "spec.storage.redo",
                                     "spec.clusters[].sink"},
                             *const but[] = {"spec.replication.sink.password",
                                             "spec.replication.redo.apply",
                                             "spec.replication.edges[].id",
                                             "spec.replication.edges[].startTs",
                                             "spec.storage.redo.accessKey",
                                             "spec.storage.redo.secretKey"};
    while (*meaning) {
        size_t len = strcspn(meaning, "\n") + 1;
        bool keep = false;
        for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
            keep |= lies_in(meaning, in[i]);
        for (size_t i = 0; i < sizeof(but) / sizeof(but[0]); i++)
            keep &= !lies_in(meaning, but[i]);
        if (keep)
            dr_buf_add(out, meaning, len);
        meaning += meaning[len - 1] ? len : len - 1;
    }
}

const char *dr_meaning_default(const struct dr_doc *doc, const char *path, size_t len)
{
    const struct dr_shape *shape = dr_kinds[doc->kind].shape;
    const struct dr_field *f = NULL;
    const char *end = path + len;
    while (path < end) {
        size_t n = strcspn(path, ".[ ");
        for (f = shape ? shape->fields : NULL; f && f->key; f++)
            if (strlen(f->key) == n && strncmp(f->key, path, n) == 0)
                break;
        if (!f || !f->key)
            return NULL;
        for (path += n; path < end && *path == '['; path++)
            if (!(path = memchr(path, ']', (size_t)(end - path))))
                return NULL;
        if (f->list && path == end)
            return NULL; /* an item, not a field */
        shape = f->type == DR_T_OBJECT ? f->of : NULL;
        path += path < end && *path == '.';
    }
    return f ? f->fallback : NULL;
}
