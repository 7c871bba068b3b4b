/* Walks a document's tree along the tables of fields. */
#include <stdarg.h>
#include <string.h>

#include "controller/base/similar.h"
#include "spec/changefeed.h"
#include "spec/field.h"
#include "spec/types.h"

enum { MANY_KEYS = 64, PATH_MAX_PARTS = 80 };

/* "spec.clusters[east].sql". */
static const char *place_text(struct dr_arena *a, const struct dr_place *p)
{
    const struct dr_place *parts[PATH_MAX_PARTS];
    struct dr_buf b;
    size_t n = 0;
    dr_buf_init(&b, 4096);
    for (; p && n < PATH_MAX_PARTS; p = p->up)
        parts[n++] = p;
    while (n--) {
        if (parts[n]->key)
            dr_buf_addf(&b, "%s%s", b.len ? "." : "", parts[n]->key);
        else if (parts[n]->name)
            dr_buf_addf(&b, "[%s]", parts[n]->name);
        else
            dr_buf_addf(&b, "[%zu]", parts[n]->index);
    }
    const char *text = dr_strdup(a, dr_buf_str(&b));
    dr_buf_release(&b);
    return text;
}

struct dr_finding *dr_flaw(struct dr_decode *d, enum dr_vcode code,
                           const struct dr_span *at, const struct dr_place *place,
                           const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = dr_vsprintf(d->arena, fmt, ap);
    va_end(ap);
    struct dr_finding *f = dr_report(d->findings, d->source, code, at, "%s", text);
    f->path = place_text(d->arena, place);
    return f;
}

/* ---- scalars ---- */

static bool looks_like_number(const char *s)
{
    s += *s == '-' || *s == '+';
    if (*s == '.')
        s++;
    return (*s >= '0' && *s <= '9' && !s[strspn(s, "0123456789._eE+-xoabcdefABCDEF")]) ||
           !strcmp(s, "inf") || !strcmp(s, "nan");
}

static bool is_digits(const char *s)
{
    return *s && !s[strspn(s, "0123456789")];
}

/* What a plain word is for every YAML 1.2 reader that is not told otherwise. */
static const char *plain_other_type(const char *s)
{
    bool b;
    if (dr_types[DR_T_BOOL].read(NULL, s, strlen(s), &b))
        return "boolean";
    if (looks_like_number(s) && !s[strspn(s, "0123456789.eE+-")]) {
        size_t digits = strspn(s, "-+");
        digits += strspn(s + digits, "0123456789");
        size_t point = s[digits] == '.' ? 1 + strspn(s + digits + 1, "0123456789") : 0;
        const char *rest = s + digits + point;
        size_t exp = *rest == 'e' || *rest == 'E' ? 1 + strspn(rest + 1, "+-") : 0;
        if (exp)
            exp += strspn(rest + exp, "0123456789");
        return rest[exp] ? NULL : "number";
    }
    return NULL;
}

static const char *word_list(struct dr_arena *a, const struct dr_words *w)
{
    struct dr_buf b;
    dr_buf_init(&b, 4096);
    for (size_t i = 0; i < w->count; i++)
        dr_buf_addf(&b, "%s%s", i ? (i + 1 == w->count ? " or " : ", ") : "",
                    w->words[i]);
    const char *text = dr_strdup(a, dr_buf_str(&b));
    dr_buf_release(&b);
    return text;
}

static bool word_index(const struct dr_words *w, const char *text, size_t *index)
{
    for (size_t i = 0; i < w->count; i++) {
        if (!strcmp(w->words[i], text)) {
            *index = i;
            return true;
        }
    }
    return false;
}

static bool decode_word(struct dr_decode *d, const struct dr_field *f,
                        const struct dr_node *n, const struct dr_place *p, size_t *index)
{
    if (word_index(f->words, n->text, index))
        return true;
    struct dr_finding *x = dr_flaw(d, DR_V_WORD, &n->at, p, "'%.60s' is not %s", n->text,
                                   word_list(d->arena, f->words));
    x->meant = dr_similar(n->text, f->words->words, f->words->count);
    return false;
}

static bool wrong_number(struct dr_decode *d, const struct dr_field *f,
                         const struct dr_node *n, const struct dr_place *p)
{
    const char *s = n->text;
    struct dr_finding *x;
    if (!n->plain && is_digits(s)) {
        x = dr_flaw(d, DR_V_TYPE, &n->at, p, "expected an integer, got text");
        x->hint = "leave the quotes out";
    } else if (*s == '-' && is_digits(s + 1)) {
        dr_flaw(d, DR_V_RANGE, &n->at, p, "must not be negative");
    } else if (is_digits(s) && *s != '0') {
        dr_flaw(d, DR_V_RANGE, &n->at, p, "%.60s is too large", s);
    } else if (looks_like_number(s)) {
        x = dr_flaw(d, DR_V_NUMBER_SPELLING, &n->at, p,
                    "'%.60s' is not spelled as a plain integer", s);
        x->hint =
            "digits only: no leading zero, sign, point, underscore, hex or exponent";
    } else {
        dr_flaw(d, DR_V_FORMAT, &n->at, p, "'%.60s' is not %s", s,
                dr_types[f->type].what);
    }
    return false;
}

static bool wrong_text(struct dr_decode *d, const struct dr_field *f,
                       const struct dr_node *n, const struct dr_place *p)
{
    static const char *const yaml11[] = {"yes", "no", "on", "off", "y", "n"};
    const char *s = n->text;
    struct dr_finding *x;
    if (f->type == DR_T_BOOL) {
        for (size_t i = 0; i < 6; i++) {
            if (strcasecmp(s, yaml11[i]) != 0)
                continue;
            x = dr_flaw(d, DR_V_BOOLEAN, &n->at, p, "'%s' is text here, not a boolean",
                        s);
            x->hint = dr_sprintf(d->arena, "write %s", i % 2 ? "false" : "true");
            return false;
        }
    }
    x = dr_flaw(d, DR_V_FORMAT, &n->at, p, "'%.60s' is not %s", s,
                dr_types[f->type].what);
    if ((f->type == DR_T_DURATION || f->type == DR_T_SIZE) && is_digits(s))
        x->hint = "add the unit";
    if (f->type == DR_T_SIZE && strlen(s) > 1 && strchr("BbKkMmGg", s[strlen(s) - 1]))
        x->hint = "sizes are counted in B, KiB, MiB, GiB, TiB";
    if (f->type == DR_T_VERSION && *s >= '0' && *s <= '9')
        x->hint = "versions begin with v and have three numbers";
    return false;
}

static uint64_t as_u64(enum dr_type type, const void *at)
{
    switch ((int)type) {
    case DR_T_U16:
        return *(const uint16_t *)at;
    case DR_T_U32:
        return *(const uint32_t *)at;
    case DR_T_DURATION:
        return (uint64_t) * (const int64_t *)at;
    }
    return *(const uint64_t *)at;
}

static bool bounded(enum dr_type t)
{
    return t == DR_T_U16 || t == DR_T_U32 || t == DR_T_U64 || t == DR_T_DURATION ||
           t == DR_T_SIZE;
}

static bool in_range(struct dr_decode *d, const struct dr_field *f,
                     const struct dr_node *n, const struct dr_place *p, const void *at)
{
    if (!bounded(f->type) || f->list || (!f->min && !f->max))
        return true;
    uint64_t v = as_u64(f->type, at);
    if (v >= f->min && (!f->max || v <= f->max))
        return true;
    if (f->max)
        dr_flaw(d, DR_V_RANGE, &n->at, p, "must be between %s and %s, is %s",
                dr_bound_text(d->arena, f->type, f->min),
                dr_bound_text(d->arena, f->type, f->max), n->text);
    else
        dr_flaw(d, DR_V_RANGE, &n->at, p, "must be at least %s, is %s",
                dr_bound_text(d->arena, f->type, f->min), n->text);
    return false;
}

static bool decode_string(struct dr_decode *d, const struct dr_field *f,
                          const struct dr_node *n, const struct dr_place *p, void *at)
{
    const struct dr_format_info *form = &dr_formats[f->format];
    const char *other = n->plain ? plain_other_type(n->text) : NULL;
    if (other) {
        dr_flaw(d, DR_V_TYPE, &n->at, p, "expected text, got the %s %.60s", other,
                n->text)
            ->hint = "put it in quotes";
        return false;
    }
    if (!form->check(n->text, n->len)) {
        dr_flaw(d, DR_V_FORMAT, &n->at, p, "'%.60s' is not %s", n->text, form->what);
        return false;
    }
    *(const char **)at = n->text;
    return true;
}

static bool decode_storage(struct dr_decode *d, const struct dr_node *n,
                           const struct dr_place *p, void *at)
{
    bool secret;
    const char *why = dr_storage_uri_parse(d->arena, n->text, at, &secret);
    if (!why)
        return true;
    struct dr_finding *x =
        dr_flaw(d, secret ? DR_V_URI_SECRET : DR_V_URI, &n->at, p, "%s", why);
    x->hint = secret ? "give keys as accessKey and secretKey references beside the uri"
                     : "for example s3://redo/orders?endpoint=http://10.0.1.10:6060, or "
                       "/mnt/dr/redo";
    return false;
}

static bool expect_scalar(struct dr_decode *d, const struct dr_field *f,
                          const struct dr_node *n, const struct dr_place *p)
{
    const char *what = f->type == DR_T_STRING ? dr_formats[f->format].what
                       : f->type == DR_T_WORD ? word_list(d->arena, f->words)
                                              : dr_types[f->type].what;
    if (n->type == DR_NODE_SCALAR)
        return true;
    dr_flaw(d, DR_V_TYPE, n->type == DR_NODE_MAP && n->key ? &n->key_at : &n->at, p,
            "expected %s, got a %s", what, n->type == DR_NODE_MAP ? "mapping" : "list");
    return false;
}

static bool decode_scalar(struct dr_decode *d, const struct dr_field *f,
                          const struct dr_node *n, const struct dr_place *p, void *at)
{
    size_t index = 0;
    if (!expect_scalar(d, f, n, p))
        return false;
    if (f->type == DR_T_STRING)
        return decode_string(d, f, n, p, at);
    if (f->type == DR_T_STORAGE)
        return decode_storage(d, n, p, at);
    if (f->type == DR_T_WORD) {
        if (!decode_word(d, f, n, p, &index))
            return false;
        *(unsigned *)at = (unsigned)index;
        return true;
    }
    bool number = f->type == DR_T_U16 || f->type == DR_T_U32 || f->type == DR_T_U64;
    bool quoted = !n->plain && (number || f->type == DR_T_BOOL);
    if (quoted || !dr_types[f->type].read(d->arena, n->text, n->len, at))
        return number ? wrong_number(d, f, n, p) : wrong_text(d, f, n, p);
    return in_range(d, f, n, p, at);
}

/* ---- mappings of names to text, secrets, lists of words ---- */

static bool expect(struct dr_decode *d, const struct dr_node *n, enum dr_node_type type,
                   const struct dr_place *p, const char *what)
{
    static const char *const names[] = {"text", "a list", "a mapping"};
    if (n->type == type)
        return true;
    dr_flaw(d, DR_V_TYPE, n->key && n->type != DR_NODE_SCALAR ? &n->key_at : &n->at, p,
            "expected %s, got %s", what, names[n->type]);
    return false;
}

static bool env_name(const char *s)
{
    return *s && !(*s >= '0' && *s <= '9') &&
           !s[strspn(s,
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")];
}

static bool decode_secret(struct dr_decode *d, const struct dr_node *n,
                          const struct dr_place *p, struct dr_secret_ref *out)
{
    static const char *const keys[] = {"file", "env"};
    struct dr_secret_ref ref = {0};
    if (n->type != DR_NODE_MAP) {
        dr_flaw(d, DR_V_LITERAL_SECRET, &n->at, p, "a secret is given by reference only")
            ->hint =
            "write {file: PATH} or {env: NAME}; change a secret that was committed";
        return false;
    }
    for (const struct dr_node *c = n->first; c; c = c->next) {
        struct dr_place here = {.up = p, .key = c->key};
        bool file = !strcmp(c->key, "file"), env = !strcmp(c->key, "env");
        if (!file && !env) {
            dr_flaw(d, DR_V_UNKNOWN_FIELD, &c->key_at, &here, "unknown field '%.60s'",
                    c->key)
                ->meant = dr_similar(c->key, keys, 2);
            return false;
        }
        if (c->type != DR_NODE_SCALAR ||
            (file && !dr_formats[DR_F_FILE].check(c->text, c->len)) ||
            (env && !env_name(c->text))) {
            dr_flaw(d, DR_V_FORMAT, &c->at, &here, "not %s",
                    file ? dr_formats[DR_F_FILE].what
                         : "the name of an environment variable");
            return false;
        }
        *(file ? &ref.file : &ref.env) = c->text;
    }
    if (!ref.file == !ref.env) {
        dr_flaw(d, DR_V_SECRET_REF, n->key ? &n->key_at : &n->at, p,
                "a secret reference is {file: PATH} or {env: NAME}, exactly one of them");
        return false;
    }
    *out = ref;
    return true;
}

static bool decode_pairs(struct dr_decode *d, const struct dr_field *f,
                         const struct dr_node *n, const struct dr_place *p, char *base)
{
    size_t count = 0;
    bool ok = expect(d, n, DR_NODE_MAP, p, dr_types[f->type].what);
    if (!ok)
        return false;
    struct dr_label *labels = DR_NEW_N(d->arena, n->count + 1u, struct dr_label);
    for (const struct dr_node *c = n->first; c; c = c->next) {
        struct dr_place here = {.up = p, .key = c->key};
        if (c->broken)
            continue;
        if (c->type != DR_NODE_SCALAR || dr_node_is_null(c)) {
            dr_flaw(d, DR_V_TYPE, &c->key_at, &here, "expected text");
            ok = false;
            continue;
        }
        labels[count++] = (struct dr_label){.key = c->key, .value = c->text};
    }
    *(struct dr_label **)(base + f->offset) = labels;
    *(size_t *)(base + f->count_offset) = count;
    return ok;
}

static bool decode_mapping(struct dr_decode *d, const struct dr_field *f,
                           const struct dr_node *n, const struct dr_place *p, char *base)
{
    static const struct dr_field address = {.key = "", .type = DR_T_ADDRESS};
    size_t count = 0;
    bool ok = expect(d, n, DR_NODE_MAP, p, dr_types[f->type].what);
    if (!ok)
        return false;
    struct dr_address_mapping *items =
        DR_NEW_N(d->arena, n->count + 1u, struct dr_address_mapping);
    for (const struct dr_node *c = n->first; c; c = c->next) {
        struct dr_place here = {.up = p, .key = c->key};
        struct dr_hostport key;
        if (c->broken)
            continue;
        if (!dr_types[DR_T_ADDRESS].read(d->arena, c->key, strlen(c->key), &key)) {
            dr_flaw(d, DR_V_FORMAT, &c->key_at, &here, "'%.60s' is not HOST:PORT",
                    c->key);
            ok = false;
        }
        items[count].advertised = c->key;
        if (decode_scalar(d, &address, c, &here, &items[count].reachable))
            count++;
        else
            ok = false;
    }
    *(struct dr_address_mapping **)(base + f->offset) = items;
    *(size_t *)(base + f->count_offset) = count;
    return ok;
}

/* A list of words: a bool for each, or a bit. What is written replaces the default. */
static bool decode_words(struct dr_decode *d, const struct dr_field *f,
                         const struct dr_node *n, const struct dr_place *p, void *at)
{
    unsigned bits = 0;
    bool ok = expect(d, n, DR_NODE_LIST, p, dr_types[f->type].what);
    size_t i = 0, index = 0;
    for (const struct dr_node *c = ok ? n->first : NULL; c; c = c->next, i++) {
        struct dr_place here = {.up = p, .index = i};
        if (expect(d, c, DR_NODE_SCALAR, &here, word_list(d->arena, f->words)) &&
            decode_word(d, f, c, &here, &index))
            bits |= 1u << index;
        else
            ok = false;
    }
    if (f->type == DR_T_DAYS) {
        *(uint8_t *)at = (uint8_t)bits;
    } else {
        for (i = 0; i < f->words->count; i++)
            ((bool *)at)[i] = bits >> i & 1;
    }
    return ok;
}

/* One value (not an object) into `at`. False: reported. */
static bool decode_value(struct dr_decode *d, const struct dr_field *f,
                         const struct dr_node *n, const struct dr_place *p, void *at)
{
    if (n->broken)
        return false;
    if (dr_node_is_null(n)) {
        dr_flaw(d, DR_V_EMPTY, n->key ? &n->key_at : &n->at, p, "has no value")->hint =
            f->required ? NULL : "leave the line out to get the default";
        return false;
    }
    if (f->type == DR_T_SECRET)
        return decode_secret(d, n, p, at);
    if (f->type == DR_T_WORDS || f->type == DR_T_DAYS)
        return decode_words(d, f, n, p, at);
    return decode_scalar(d, f, n, p, at);
}

/* ---- lists and objects ---- */

static const char *item_name(const struct dr_shape *of, const struct dr_node *n)
{
    const struct dr_node *name = of && of->name_key ? dr_node_get(n, of->name_key) : NULL;
    return name && name->type == DR_NODE_SCALAR && *name->text ? name->text : NULL;
}

/* The same for a path, where a name may not hold what separates its parts. */
static const char *path_name(const struct dr_shape *of, const struct dr_node *n)
{
    const char *name = item_name(of, n);
    return name && !strpbrk(name, "[].") ? name : NULL;
}

/* Items of a list that share the name they are called by. Lists have a maximum. */
static void check_names(struct dr_decode *d, const struct dr_shape *of,
                        const struct dr_node *list, const struct dr_place *p)
{
    size_t i = 0;
    for (const struct dr_node *c = list->first; c; c = c->next, i++) {
        const char *name = item_name(of, c);
        for (const struct dr_node *e = list->first; name && e != c; e = e->next) {
            const char *other = item_name(of, e);
            if (!other || strcmp(name, other) != 0)
                continue;
            const struct dr_node *at = dr_node_get(c, of->name_key);
            struct dr_place here = {.up = p, .index = i};
            dr_flaw(d, DR_V_NAME_TWICE, &at->at, &here, "'%.60s' is given twice", name)
                ->hint = dr_sprintf(d->arena, "the first one is at line %u", e->at.line);
            break;
        }
    }
}

static bool list_count(struct dr_decode *d, const struct dr_field *f,
                       const struct dr_node *n, const struct dr_place *p)
{
    if ((n->count >= f->min && (!f->max || n->count <= f->max)) || (!f->min && !f->max))
        return true;
    const struct dr_span *at = n->key ? &n->key_at : &n->at;
    if (n->count < f->min)
        dr_flaw(d, DR_V_RANGE, at, p, "has %u items, needs at least %llu", n->count,
                (unsigned long long)f->min);
    else
        dr_flaw(d, DR_V_RANGE, at, p, "has %u items, at most %llu are allowed", n->count,
                (unsigned long long)f->max);
    return false;
}

static void decode_list(struct dr_decode *d, const struct dr_field *f,
                        const struct dr_node *n, const struct dr_place *p, char *base)
{
    struct dr_field item = *f;
    size_t count = 0, i = 0;
    item.list = false;
    item.min = item.max = 0;
    if (dr_node_is_null(n)) {
        dr_flaw(d, DR_V_EMPTY, &n->key_at, p, "has no value")->hint =
            "leave the line out, or give a list";
        return;
    }
    if (!expect(d, n, DR_NODE_LIST, p, "a list") || !list_count(d, f, n, p))
        return;
    char *items = dr_alloc_n(d->arena, n->count + 1u, f->item_bytes);
    for (const struct dr_node *c = n->first; c; c = c->next, i++) {
        struct dr_place here = {.up = p, .name = path_name(f->of, c), .index = i};
        char *at = items + count * f->item_bytes;
        if (c->broken) {
            *DR_PUSH(d->arena, d->blind, d->blind_count, d->blind_room) =
                place_text(d->arena, p);
            continue;
        }
        if (f->type == DR_T_OBJECT)
            dr_decode_object(d, f->of, c, &here, at);
        else if (!decode_value(d, &item, c, &here, at))
            continue;
        count++;
    }
    if (f->of && f->of->name_key)
        check_names(d, f->of, n, p);
    *(char **)(base + f->offset) = items;
    *(size_t *)(base + f->count_offset) = count;
}

/* The default, spelled as in a document: one scalar, or words with commas between. */
static void fill_default(struct dr_decode *d, const struct dr_field *f, char *base)
{
    struct dr_node item[8] = {{0}}, list = {.type = DR_NODE_LIST};
    char *text = dr_strdup(d->arena, f->fallback);
    size_t n = 0;
    for (char *p = text; p && n < 8; n++) {
        bool many = f->type == DR_T_WORDS || f->type == DR_T_DAYS;
        char *comma = many ? strstr(p, ", ") : NULL;
        if (comma)
            *comma = 0;
        item[n] = (struct dr_node){.text = p, .len = (uint32_t)strlen(p), .plain = true};
        if (n)
            item[n - 1].next = &item[n];
        p = comma ? comma + 2 : NULL;
    }
    list.first = item;
    list.count = (uint32_t)n;
    if (f->type == DR_T_STRING)
        *(const char **)(base + f->offset) = text;
    else if (f->type == DR_T_WORDS || f->type == DR_T_DAYS)
        (void)decode_words(d, f, &list, NULL, base + f->offset);
    else
        (void)decode_scalar(d, f, item, NULL, base + f->offset);
}

static void fill_defaults(struct dr_decode *d, const struct dr_shape *shape, char *base)
{
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        if (f->type == DR_T_OBJECT && !f->list)
            fill_defaults(d, f->of, base + f->offset);
        else if (f->type == DR_T_SETTINGS)
            ((struct dr_changefeed_config *)(void *)(base + f->offset))->json = "{}";
        else if (f->fallback && !f->list)
            fill_default(d, f, base);
    }
}

/* Where in the kind a field of that name stands, for a field in the wrong place. */
static const char *belongs(struct dr_arena *a, const struct dr_shape *shape,
                           const char *key, const char *path)
{
    for (const struct dr_field *f = shape->fields; f->key; f++)
        if (!strcmp(f->key, key))
            return path;
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        if (f->type != DR_T_OBJECT)
            continue;
        const char *down = dr_sprintf(a, "%s%s%s%s", path, *path ? "." : "", f->key,
                                      f->list ? "[]" : "");
        const char *found = belongs(a, f->of, key, down);
        if (found)
            return found;
    }
    return NULL;
}

static void unknown_field(struct dr_decode *d, const struct dr_shape *shape,
                          const struct dr_node *n, const struct dr_place *here)
{
    const char *keys[MANY_KEYS];
    size_t count = 0;
    struct dr_buf b;
    dr_buf_init(&b, 1000);
    for (const struct dr_field *f = shape->fields; f->key && count < MANY_KEYS; f++) {
        dr_buf_addf(&b, "%s%s", count ? ", " : "", f->key);
        keys[count++] = f->key;
    }
    struct dr_finding *x =
        dr_flaw(d, DR_V_UNKNOWN_FIELD, &n->key_at, here, "unknown field '%.60s'", n->key);
    x->meant = dr_similar(n->key, keys, count);
    const char *home =
        x->meant || !d->root ? NULL : belongs(d->arena, d->root, n->key, "");
    if (home)
        x->hint = dr_sprintf(d->arena, "'%s' belongs to %s", n->key,
                             *home ? home : "the top of the document");
    else if (!x->meant)
        x->hint = dr_sprintf(d->arena, "fields here: %s", dr_buf_str(&b));
    dr_buf_release(&b);
}

static const struct dr_field *find_field(const struct dr_shape *shape, const char *key)
{
    for (const struct dr_field *f = shape->fields; f->key; f++)
        if (!strcmp(f->key, key))
            return f;
    return NULL;
}

static void check_allowed(struct dr_decode *d, const struct dr_field *f,
                          const struct dr_node *n, const struct dr_place *here)
{
    struct dr_version since;
    if (f->only && d->mode && strcmp(f->only, d->mode) != 0)
        dr_flaw(d, DR_V_MODE_FIELD, &n->key_at, here, "'%s' is for mode %s, this is %s",
                f->key, f->only, d->mode);
    if (f->since && d->oldest &&
        dr_types[DR_T_VERSION].read(d->arena, f->since, strlen(f->since), &since) &&
        dr_version_rank(d->oldest) < dr_version_rank(&since))
        dr_flaw(d, DR_V_SINCE, &n->key_at, here, "'%s' needs %s, a cluster has %s",
                f->key, f->since, d->oldest->text);
}

static void decode_member(struct dr_decode *d, const struct dr_field *f,
                          const struct dr_node *n, const struct dr_place *here,
                          char *base)
{
    if (n->broken) {
        *DR_PUSH(d->arena, d->blind, d->blind_count, d->blind_room) =
            place_text(d->arena, here);
        return;
    }
    if (f->list) {
        decode_list(d, f, n, here, base);
    } else if (dr_node_is_null(n)) {
        (void)decode_value(d, f, n, here, base + f->offset);
    } else if (f->type == DR_T_OBJECT) {
        dr_decode_object(d, f->of, n, here, base + f->offset);
    } else if (f->type == DR_T_PAIRS) {
        (void)decode_pairs(d, f, n, here, base);
    } else if (f->type == DR_T_MAPPING) {
        (void)decode_mapping(d, f, n, here, base);
    } else if (f->type == DR_T_PARAMS) {
        dr_params_decode(d, n, here,
                         (const struct dr_sink_param **)(void *)(base + f->offset),
                         (size_t *)(void *)(base + f->count_offset));
    } else if (f->type == DR_T_SETTINGS) {
        dr_settings_decode(d, n, here,
                           (struct dr_changefeed_config *)(void *)(base + f->offset));
    } else {
        (void)decode_value(d, f, n, here, base + f->offset);
    }
}

void dr_decode_object(struct dr_decode *d, const struct dr_shape *shape,
                      const struct dr_node *n, const struct dr_place *p, void *base)
{
    fill_defaults(d, shape, base);
    if (!n || !expect(d, n, DR_NODE_MAP, p, "a mapping"))
        return;
    if (shape->declared)
        *(bool *)base = true;
    for (const struct dr_node *c = n->first; c; c = c->next) {
        struct dr_place here = {.up = p, .key = c->key};
        const struct dr_field *f = find_field(shape, c->key);
        if (!f) {
            if (!c->broken)
                unknown_field(d, shape, c, &here);
            continue;
        }
        check_allowed(d, f, c, &here);
        decode_member(d, f, c, &here, base);
    }
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        bool other_mode = f->only && d->mode && strcmp(f->only, d->mode) != 0;
        if (!f->required || other_mode || dr_node_get(n, f->key))
            continue;
        struct dr_place here = {.up = p, .key = f->key};
        dr_flaw(d, DR_V_REQUIRED, n->key ? &n->key_at : &n->at, &here, "'%s' is missing",
                place_text(d->arena, &here))
            ->hint = f->example
                         ? dr_sprintf(d->arena, "for example %s: %s", f->key, f->example)
                         : NULL;
    }
}
