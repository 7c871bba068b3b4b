/* One pair of functions per kind of field, in a table; nothing here knows a struct by
 * name except dr_seen and dr_version. */
#include "controller/facts/codec.h"

#include <stdio.h>
#include <string.h>

#include "controller/base/buf.h"
#include "controller/base/json.h"
#include "controller/facts/facts.h"

_Static_assert(sizeof(enum dr_code) == sizeof(unsigned), "enums are unsigned ints");

static const char never_asked[] = "not asked yet";

/* Where decoding is: one link per level, from the leaf up. */
struct spot {
    const struct spot *up;
    const char *name; /* member; NULL: item `index` */
    size_t index;
};

struct decoding {
    int64_t now_ms;
    struct dr_arena *arena;
    struct dr_err *err;
};

static void spell(struct dr_buf *b, const struct spot *s)
{
    if (!s)
        return;
    spell(b, s->up);
    if (!s->name)
        dr_buf_addf(b, "[%zu]", s->index);
    else
        dr_buf_addf(b, b->len ? ".%s" : "%s", s->name);
}

static int refuse(const struct decoding *d, const struct spot *s, const char *what)
{
    struct dr_buf path;
    dr_buf_init(&path, DR_ERR_TEXT_MAX / 2);
    spell(&path, s);
    int rc = dr_fail(d->err, DR_E_INPUT, "%s: %s", dr_buf_str(&path), what);
    dr_buf_release(&path);
    return rc;
}

/* ---- encoding ---- */

static const void *place(const void *base, size_t at)
{
    return (const char *)base + at;
}

static size_t count_of(const struct dr_codec_field *f, const void *base)
{
    return *(const size_t *)place(base, f->count_at);
}

static json_t *encode_bool(const struct dr_codec_field *f, const void *base,
                           int64_t now_ms)
{
    (void)now_ms;
    return json_boolean(*(const bool *)place(base, f->at));
}

static json_t *encode_u32(const struct dr_codec_field *f, const void *base,
                          int64_t now_ms)
{
    (void)now_ms;
    return json_integer(*(const uint32_t *)place(base, f->at));
}

static json_t *encode_size(const struct dr_codec_field *f, const void *base,
                           int64_t now_ms)
{
    (void)now_ms;
    return json_integer((json_int_t) * (const size_t *)place(base, f->at));
}

static json_t *encode_i64(const struct dr_codec_field *f, const void *base,
                          int64_t now_ms)
{
    (void)now_ms;
    return json_integer(*(const int64_t *)place(base, f->at));
}

static json_t *encode_number(const struct dr_codec_field *f, const void *base,
                             int64_t now_ms)
{
    uint64_t v = *(const uint64_t *)place(base, f->at);
    (void)now_ms;
    return json_integer((json_int_t)(v < INT64_MAX ? v : INT64_MAX));
}

static json_t *encode_digits(const struct dr_codec_field *f, const void *base,
                             int64_t now_ms)
{
    (void)now_ms;
    return dr_json_u64_string(*(const uint64_t *)place(base, f->at));
}

static json_t *encode_age(const struct dr_codec_field *f, const void *base,
                          int64_t now_ms)
{
    return json_integer(now_ms - *(const int64_t *)place(base, f->at));
}

static json_t *text(const char *s)
{
    json_t *v = json_string(s ? s : "");
    return v ? v : json_string("(not UTF-8)");
}

static json_t *encode_text(const struct dr_codec_field *f, const void *base,
                           int64_t now_ms)
{
    (void)now_ms;
    return text(*(const char *const *)place(base, f->at));
}

static json_t *encode_json(const struct dr_codec_field *f, const void *base,
                           int64_t now_ms)
{
    const char *s = *(const char *const *)place(base, f->at);
    json_t *v = NULL;
    (void)now_ms;
    if (s && dr_json_parse(&v, s, strlen(s), NULL) == 0) {
        char *canonical = json_dumps(v, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
        bool embed = json_is_object(v) && canonical && strcmp(canonical, s) == 0;
        free(canonical);
        if (embed)
            return v;
        json_decref(v);
    }
    return text(s);
}

static const char *word(const struct dr_codec_words *w, unsigned v)
{
    const char *s = v < w->count ? w->words[v] : NULL;
    return s ? s : "?";
}

static json_t *encode_word(const struct dr_codec_field *f, const void *base,
                           int64_t now_ms)
{
    (void)now_ms;
    return json_string(word(f->words, *(const unsigned *)place(base, f->at)));
}

static json_t *encode_bits(const struct dr_codec_field *f, const void *base,
                           int64_t now_ms)
{
    uint32_t bits = *(const uint32_t *)place(base, f->at);
    json_t *list = json_array();
    (void)now_ms;
    for (unsigned i = 0; i < f->words->count; i++)
        if (bits >> i & 1)
            json_array_append_new(list, json_string(word(f->words, i)));
    return list;
}

static json_t *encode_version(const struct dr_codec_field *f, const void *base,
                              int64_t now_ms)
{
    const struct dr_version *v = place(base, f->at);
    (void)now_ms;
    return text(v->text);
}

static json_t *encode_object(const struct dr_codec_field *f, const void *base,
                             int64_t now_ms)
{
    return dr_codec_encode(place(base, f->at), f->codec, now_ms);
}

static json_t *encode_list(const struct dr_codec_field *f, const void *base,
                           int64_t now_ms)
{
    const char *items = *(const char *const *)place(base, f->at);
    size_t count = items ? count_of(f, base) : 0;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, dr_codec_encode(items + i * f->codec->bytes, f->codec, now_ms));
    return list;
}

static json_t *encode_texts(const struct dr_codec_field *f, const void *base,
                            int64_t now_ms)
{
    const char **items = *(const char **const *)place(base, f->at);
    json_t *list = json_array();
    (void)now_ms;
    for (size_t i = 0; i < count_of(f, base); i++)
        json_array_append_new(list, text(items[i]));
    return list;
}

static json_t *encode_bools(const struct dr_codec_field *f, const void *base,
                            int64_t now_ms)
{
    const bool *items = *(const bool *const *)place(base, f->at);
    json_t *list = json_array();
    (void)now_ms;
    for (size_t i = 0; i < count_of(f, base); i++)
        json_array_append_new(list, json_boolean(items[i]));
    return list;
}

static json_t *encode_ids(const struct dr_codec_field *f, const void *base,
                          int64_t now_ms)
{
    const char **names = *(const char **const *)place(base, f->at);
    const uint64_t *ids = *(const uint64_t *const *)place(base, f->ids_at);
    json_t *o = json_object();
    (void)now_ms;
    for (size_t i = 0; i < count_of(f, base); i++)
        json_object_set_new(o, names[i], dr_json_u64_string(ids[i]));
    return o;
}

/* ---- decoding ---- */

static int decode_bool(const struct decoding *d, const struct spot *s,
                       const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_boolean(v))
        return refuse(d, s, "want true or false");
    *(bool *)((char *)base + f->at) = json_is_true(v);
    return 0;
}

static int decode_u32(const struct decoding *d, const struct spot *s,
                      const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0 ||
        json_integer_value(v) > UINT32_MAX)
        return refuse(d, s, "want an integer from 0 to 4294967295");
    *(uint32_t *)((char *)base + f->at) = (uint32_t)json_integer_value(v);
    return 0;
}

static int decode_size(const struct decoding *d, const struct spot *s,
                       const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return refuse(d, s, "want an integer from 0");
    *(size_t *)((char *)base + f->at) = (size_t)json_integer_value(v);
    return 0;
}

static int decode_i64(const struct decoding *d, const struct spot *s,
                      const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_integer(v))
        return refuse(d, s, "want an integer");
    *(int64_t *)((char *)base + f->at) = json_integer_value(v);
    return 0;
}

static int decode_number(const struct decoding *d, const struct spot *s,
                         const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return refuse(d, s, "want an integer from 0");
    *(uint64_t *)((char *)base + f->at) = (uint64_t)json_integer_value(v);
    return 0;
}

static int decode_digits(const struct decoding *d, const struct spot *s,
                         const struct dr_codec_field *f, void *base, const json_t *v)
{
    bool ok = false;
    uint64_t n = json_is_string(v) ? dr_json_value_u64(v, &ok) : 0;
    if (!ok)
        return refuse(d, s, "want a string of digits");
    *(uint64_t *)((char *)base + f->at) = n;
    return 0;
}

static int decode_age(const struct decoding *d, const struct spot *s,
                      const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0 ||
        json_integer_value(v) > INT64_MAX / 2)
        return refuse(d, s, "want an age in milliseconds");
    *(int64_t *)((char *)base + f->at) = d->now_ms - json_integer_value(v);
    return 0;
}

static int decode_text(const struct decoding *d, const struct spot *s,
                       const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_string(v))
        return refuse(d, s, "want a string");
    *(const char **)((char *)base + f->at) = dr_strdup(d->arena, json_string_value(v));
    return 0;
}

static int decode_json(const struct decoding *d, const struct spot *s,
                       const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_object(v))
        return decode_text(d, s, f, base, v);
    *(const char **)((char *)base + f->at) = dr_json_text(d->arena, v);
    return 0;
}

static bool find_word(const struct dr_codec_words *w, const json_t *v, unsigned *out)
{
    const char *s = json_string_value(v);
    for (unsigned i = 0; s && i < w->count; i++)
        if (w->words[i] && strcmp(w->words[i], s) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static int unknown_word(const struct decoding *d, const struct spot *s,
                        const struct dr_codec_words *w)
{
    struct dr_buf b;
    dr_buf_init(&b, DR_ERR_TEXT_MAX / 2);
    dr_buf_adds(&b, "want one of");
    for (size_t i = 0; i < w->count; i++)
        if (w->words[i])
            dr_buf_addf(&b, " '%s'", w->words[i]);
    int rc = refuse(d, s, dr_buf_str(&b));
    dr_buf_release(&b);
    return rc;
}

static int decode_word(const struct decoding *d, const struct spot *s,
                       const struct dr_codec_field *f, void *base, const json_t *v)
{
    unsigned found;
    if (!find_word(f->words, v, &found))
        return unknown_word(d, s, f->words);
    *(unsigned *)((char *)base + f->at) = found;
    return 0;
}

static int decode_bits(const struct decoding *d, const struct spot *s,
                       const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_array(v))
        return refuse(d, s, "want a list of words");
    uint32_t bits = 0;
    size_t i;
    json_t *item;
    json_array_foreach(v, i, item)
    {
        struct spot here = {.up = s, .index = i};
        unsigned found;
        if (!find_word(f->words, item, &found))
            return unknown_word(d, &here, f->words);
        bits |= 1u << found;
    }
    *(uint32_t *)((char *)base + f->at) = bits;
    return 0;
}

static int decode_version(const struct decoding *d, const struct spot *s,
                          const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_string(v))
        return refuse(d, s, "want a version as text");
    *(struct dr_version *)((char *)base + f->at) =
        dr_version_parse(json_string_value(v), d->arena);
    return 0;
}

static int decode_struct(const struct decoding *d, const struct spot *s,
                         const struct dr_codec *codec, void *out, const json_t *v);

static int decode_object(const struct decoding *d, const struct spot *s,
                         const struct dr_codec_field *f, void *base, const json_t *v)
{
    return decode_struct(d, s, f->codec, (char *)base + f->at, v);
}

/* Settles the count of a list: stores it, or compares it with what is there. */
static int settle_count(const struct decoding *d, const struct spot *s,
                        const struct dr_codec_field *f, void *base, size_t count)
{
    size_t *stored = (size_t *)(void *)((char *)base + f->count_at);
    if (!(f->flags & DR_CODEC_PARALLEL))
        *stored = count;
    else if (*stored != count)
        return refuse(d, s, "want as many items as its twin has");
    return 0;
}

static void *new_items(const struct decoding *d, const struct dr_codec_field *f,
                       void *base, size_t bytes)
{
    size_t count = count_of(f, base);
    void *items = count ? dr_alloc_n(d->arena, count, bytes) : NULL;
    *(void **)(void *)((char *)base + f->at) = items;
    return items;
}

static int decode_list(const struct decoding *d, const struct spot *s,
                       const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_array(v))
        return refuse(d, s, "want a list");
    int rc = settle_count(d, s, f, base, json_array_size(v));
    if (rc)
        return rc;
    char *items = new_items(d, f, base, f->codec->bytes);
    for (size_t i = 0; i < json_array_size(v) && !rc; i++) {
        struct spot here = {.up = s, .index = i};
        rc = decode_struct(d, &here, f->codec, items + i * f->codec->bytes,
                           json_array_get(v, i));
    }
    return rc;
}

static int decode_texts(const struct decoding *d, const struct spot *s,
                        const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_array(v))
        return refuse(d, s, "want a list of strings");
    int rc = settle_count(d, s, f, base, json_array_size(v));
    if (rc)
        return rc;
    const char **items = new_items(d, f, base, sizeof(char *));
    for (size_t i = 0; i < json_array_size(v); i++) {
        struct spot here = {.up = s, .index = i};
        const json_t *item = json_array_get(v, i);
        if (!json_is_string(item))
            return refuse(d, &here, "want a string");
        items[i] = dr_strdup(d->arena, json_string_value(item));
    }
    return 0;
}

static int decode_bools(const struct decoding *d, const struct spot *s,
                        const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_array(v))
        return refuse(d, s, "want a list of true and false");
    int rc = settle_count(d, s, f, base, json_array_size(v));
    if (rc)
        return rc;
    bool *items = new_items(d, f, base, sizeof(bool));
    for (size_t i = 0; i < json_array_size(v); i++) {
        struct spot here = {.up = s, .index = i};
        const json_t *item = json_array_get(v, i);
        if (!json_is_boolean(item))
            return refuse(d, &here, "want true or false");
        items[i] = json_is_true(item);
    }
    return 0;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int decode_ids(const struct decoding *d, const struct spot *s,
                      const struct dr_codec_field *f, void *base, const json_t *v)
{
    if (!json_is_object(v))
        return refuse(d, s, "want an object of names and ids");
    int rc = settle_count(d, s, f, base, json_object_size(v));
    if (rc)
        return rc;
    size_t n = 0, count = json_object_size(v);
    const char **names = new_items(d, f, base, sizeof(char *));
    uint64_t *ids = count ? DR_NEW_N(d->arena, count, uint64_t) : NULL;
    *(uint64_t **)(void *)((char *)base + f->ids_at) = ids;
    const char *name;
    json_t *item;
    json_object_foreach((json_t *)v, name, item) names[n++] = dr_strdup(d->arena, name);
    if (count)
        qsort(names, count, sizeof(char *), by_text);
    for (size_t i = 0; i < count; i++) {
        struct spot here = {.up = s, .name = names[i]};
        bool ok = false;
        const json_t *id = json_object_get(v, names[i]);
        ids[i] = json_is_string(id) ? dr_json_value_u64(id, &ok) : 0;
        if (!ok)
            return refuse(d, &here, "want a string of digits");
    }
    return 0;
}

/* ---- the table of kinds ---- */

static const struct {
    json_t *(*encode)(const struct dr_codec_field *f, const void *base, int64_t now_ms);
    int (*decode)(const struct decoding *d, const struct spot *s,
                  const struct dr_codec_field *f, void *base, const json_t *v);
} kinds[DR_CODEC_KIND_COUNT] = {
    // clang-format off
    [DR_CODEC_BOOL]    = {encode_bool,    decode_bool},
    [DR_CODEC_U32]     = {encode_u32,     decode_u32},
    [DR_CODEC_SIZE]    = {encode_size,    decode_size},
    [DR_CODEC_I64]     = {encode_i64,     decode_i64},
    [DR_CODEC_NUMBER]  = {encode_number,  decode_number},
    [DR_CODEC_DIGITS]  = {encode_digits,  decode_digits},
    [DR_CODEC_AGE]     = {encode_age,     decode_age},
    [DR_CODEC_TEXT]    = {encode_text,    decode_text},
    [DR_CODEC_JSON]    = {encode_json,    decode_json},
    [DR_CODEC_WORD]    = {encode_word,    decode_word},
    [DR_CODEC_BITS]    = {encode_bits,    decode_bits},
    [DR_CODEC_VERSION] = {encode_version, decode_version},
    [DR_CODEC_OBJECT]  = {encode_object,  decode_object},
    [DR_CODEC_LIST]    = {encode_list,    decode_list},
    [DR_CODEC_TEXTS]   = {encode_texts,   decode_texts},
    [DR_CODEC_BOOLS]   = {encode_bools,   decode_bools},
    [DR_CODEC_IDS]     = {encode_ids,     decode_ids},
    // clang-format on
};

/* What an optional field looks like when it is left out. */
static bool is_nothing(const json_t *v)
{
    return json_is_false(v) || (json_is_integer(v) && json_integer_value(v) == 0) ||
           (json_is_array(v) && json_array_size(v) == 0) ||
           (json_is_string(v) &&
            (json_string_length(v) == 0 || strcmp(json_string_value(v), "0") == 0));
}

static bool left_out(const struct dr_codec_field *f, const void *base, const json_t *v)
{
    if (!(f->flags & DR_CODEC_OPTIONAL))
        return false;
    if (f->kind == DR_CODEC_TEXT)
        return !*(const char *const *)place(base, f->at);
    if (f->kind == DR_CODEC_AGE)
        return *(const int64_t *)place(base, f->at) == 0;
    return is_nothing(v);
}

json_t *dr_codec_encode(const void *value, const struct dr_codec *codec, int64_t now_ms)
{
    json_t *o = json_object();
    const struct dr_seen *seen = codec->group ? value : NULL;
    bool known = !seen || seen->known;
    if (seen && known)
        json_object_set_new(o, "ageMs", json_integer(now_ms - seen->at_ms));
    if (!known) {
        json_object_set_new(o, "unknown", text(seen->why ? seen->why : never_asked));
        if (seen->code)
            json_object_set_new(o, "code", json_string(dr_code_name(seen->code)));
        if (seen->at_ms)
            json_object_set_new(o, "lastAgeMs", json_integer(now_ms - seen->at_ms));
    }
    for (const struct dr_codec_field *f = codec->fields; f->kind != DR_CODEC_END; f++) {
        if (!known && !(f->flags & DR_CODEC_ALWAYS))
            continue;
        json_t *v = kinds[f->kind].encode(f, value, now_ms);
        if (left_out(f, value, v))
            json_decref(v);
        else
            json_object_set_new(o, f->name, v);
    }
    return o;
}

/* Whether a member of a group is one of those every group has; then it is decoded. */
static int decode_seen(const struct decoding *d, const struct spot *s, const json_t *o,
                       struct dr_seen *seen)
{
    const json_t *why = json_object_get(o, "unknown"), *age = json_object_get(o, "ageMs");
    const json_t *code = json_object_get(o, "code"),
                 *last = json_object_get(o, "lastAgeMs");
    static const struct dr_codec_field at = {.at = offsetof(struct dr_seen, at_ms)};
    struct spot here = {.up = s, .name = age ? "ageMs" : "lastAgeMs"};
    if (!why == !age || ((code || last) && !why))
        return refuse(d, s, "want either 'ageMs' or 'unknown' (with a 'code')");
    if (age) {
        seen->known = true;
        return decode_age(d, &here, &at, seen, age);
    }
    if (!json_is_string(why))
        return refuse(d, s, "'unknown' wants the reason as text");
    int rc = last ? decode_age(d, &here, &at, seen, last) : 0;
    if (rc != 0)
        return rc;
    seen->why = dr_strdup(d->arena, json_string_value(why));
    if (!code)
        return 0;
    for (unsigned c = 1; json_is_string(code) && c < DR_E_COUNT_; c++)
        if (strcmp(dr_code_name((enum dr_code)c), json_string_value(code)) == 0) {
            seen->code = (enum dr_code)c;
            return 0;
        }
    return refuse(d, s, "'code' is none of drover's");
}

static bool is_member(const struct dr_codec *codec, bool known, const char *name)
{
    for (const struct dr_codec_field *f = codec->fields; f->kind != DR_CODEC_END; f++)
        if ((known || (f->flags & DR_CODEC_ALWAYS)) && strcmp(f->name, name) == 0)
            return true;
    return codec->group && (strcmp(name, "ageMs") == 0 || strcmp(name, "unknown") == 0 ||
                            strcmp(name, "code") == 0 || strcmp(name, "lastAgeMs") == 0);
}

/* Fills a missing field; false: it may not be missing. A group that is missing was never
 * asked for. */
static bool fill_missing(const struct decoding *d, const struct dr_codec_field *f,
                         void *base)
{
    size_t count = 1;
    char *at = (char *)base + f->at;
    if (f->flags & DR_CODEC_OPTIONAL)
        return true;
    if (!f->codec || !f->codec->group)
        return false;
    if (f->kind == DR_CODEC_LIST) {
        if (!(f->flags & DR_CODEC_PARALLEL))
            return false;
        count = count_of(f, base);
        at = new_items(d, f, base, f->codec->bytes);
    }
    for (size_t i = 0; i < count; i++)
        ((struct dr_seen *)(void *)(at + i * f->codec->bytes))->why = never_asked;
    return true;
}

static int decode_struct(const struct decoding *d, const struct spot *s,
                         const struct dr_codec *codec, void *out, const json_t *v)
{
    struct dr_seen *seen = codec->group ? out : NULL;
    memset(out, 0, codec->bytes);
    if (!json_is_object(v))
        return refuse(d, s, "want an object");
    int rc = seen ? decode_seen(d, s, v, seen) : 0;
    if (rc)
        return rc;
    bool known = !seen || seen->known;
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)v, name, member)
    {
        struct spot here = {.up = s, .name = name};
        if (!is_member(codec, known, name))
            return refuse(d, &here, "unknown member");
    }
    for (const struct dr_codec_field *f = codec->fields; f->kind != DR_CODEC_END; f++) {
        struct spot here = {.up = s, .name = f->name};
        const json_t *value = json_object_get(v, f->name);
        if (!known && !(f->flags & DR_CODEC_ALWAYS))
            continue;
        if (value)
            rc = kinds[f->kind].decode(d, &here, f, out, value);
        else if (!fill_missing(d, f, out))
            rc = refuse(d, &here, "missing");
        if (rc)
            return rc;
    }
    return 0;
}

int dr_codec_decode(void *out, const json_t *v, const struct dr_codec *codec,
                    const char *root, int64_t now_ms, struct dr_arena *a,
                    struct dr_err *err)
{
    struct decoding d = {.now_ms = now_ms, .arena = a, .err = err};
    struct spot top = {.name = root};
    return decode_struct(&d, &top, codec, out, v);
}
