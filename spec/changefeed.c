#include "spec/changefeed.h"

#include <jansson.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/similar.h"
#include "spec/types.h"

enum { MANY = 256, PATH_BYTES = 256 };

struct walk {
    struct dr_decode *d;
    json_t *root; /* replica_config in API names */
    struct dr_config_entry *entries;
    size_t count, room;
};

/* ---- one value ---- */

static struct dr_finding *bad(struct walk *w, const struct dr_setting *s,
                              const struct dr_node *n, const struct dr_place *p,
                              enum dr_vcode code)
{
    const char *text = n->type == DR_NODE_SCALAR ? n->text : NULL;
    const struct dr_span *at = text || !n->key ? &n->at : &n->key_at;
    if (!text)
        return dr_flaw(w->d, code, at, p, "'%s' is %s", s->path,
                       dr_setting_type_text(s->type));
    return dr_flaw(w->d, code, at, p, "'%s' is %s, not '%.60s'", s->path,
                   dr_setting_type_text(s->type), text);
}

static bool bounds(struct walk *w, const struct dr_setting *s, const struct dr_node *n,
                   const struct dr_place *p, uint64_t v, enum dr_vcode code)
{
    if (v >= s->min && (!s->max || v <= s->max))
        return true;
    enum dr_type as = s->type == DR_S_DURATION ? DR_T_DURATION : DR_T_U64;
    uint64_t unit = s->type == DR_S_DURATION ? 1000000 : 1;
    struct dr_arena *a = w->d->arena;
    dr_flaw(w->d, code, &n->at, p, "'%s' must be between %s and %s, is %s", s->path,
            dr_bound_text(a, as, s->min / unit), dr_bound_text(a, as, s->max / unit),
            n->text);
    return false;
}

static json_t *word_value(struct walk *w, const struct dr_setting *s,
                          const struct dr_node *n, const struct dr_place *p,
                          enum dr_vcode code)
{
    size_t count = 0;
    struct dr_buf all;
    for (; s->words[count]; count++)
        if (!strcmp(s->words[count], n->text))
            return json_string(n->text);
    dr_buf_init(&all, 500);
    for (size_t i = 0; i < count; i++)
        dr_buf_addf(&all, "%s%s", i ? " or " : "", s->words[i]);
    dr_flaw(w->d, code, &n->at, p, "'%s' is %s, not '%.60s'", s->path, dr_buf_str(&all),
            n->text)
        ->meant = dr_similar(n->text, s->words, count);
    dr_buf_release(&all);
    return NULL;
}

/* Digits, a point, digits. */
static bool read_ratio(const char *s, double *out)
{
    size_t whole = strspn(s, "0123456789");
    size_t part = s[whole] == '.' ? strspn(s + whole + 1, "0123456789") : 0;
    uint64_t a, b = 0;
    if (!whole || whole > 9 || part > 9 || s[whole + (part ? part + 1 : 0)] ||
        !dr_parse_u64(s, whole, &a))
        return false;
    double scale = 1;
    for (size_t i = 0; i < part; i++, scale *= 10)
        b = b * 10 + (uint64_t)(s[whole + 1 + i] - '0');
    *out = (double)a + (double)b / scale;
    return true;
}

static json_t *scalar_value(struct walk *w, const struct dr_setting *s,
                            const struct dr_node *n, const struct dr_place *p,
                            enum dr_vcode code)
{
    uint64_t u;
    int64_t ns;
    double ratio;
    bool b, plain = n->plain || code == DR_V_PARAM_VALUE;
    if (n->type != DR_NODE_SCALAR || (dr_node_is_null(n) && s->type != DR_S_STRING))
        goto wrong;
    switch (s->type) {
    case DR_S_BOOL:
        if (!plain || !dr_types[DR_T_BOOL].read(NULL, n->text, n->len, &b))
            goto wrong;
        return json_boolean(b);
    case DR_S_UINT:
    case DR_S_UINTS:
        if (!plain || !dr_parse_u64(n->text, n->len, &u) || u > INT64_MAX)
            goto wrong;
        return bounds(w, s, n, p, u, code) ? json_integer((json_int_t)u) : NULL;
    case DR_S_RATIO:
        if (!plain || !read_ratio(n->text, &ratio))
            goto wrong;
        return json_real(ratio);
    case DR_S_DURATION:
        if (!dr_parse_go_duration(n->text, n->len, &ns))
            goto wrong;
        return bounds(w, s, n, p, (uint64_t)ns, code) ? json_integer(ns) : NULL;
    case DR_S_GO_DURATION:
        if (!dr_parse_go_duration(n->text, n->len, &ns))
            goto wrong;
        return json_string(n->text);
    case DR_S_STRING:
    case DR_S_STRINGS:
        return json_string(n->text);
    case DR_S_WORD:
        return word_value(w, s, n, p, code);
    case DR_S_OBJECTS:
    case DR_S_COUNT:
        break;
    }
wrong:
    bad(w, s, n, p, code);
    return NULL;
}

static void api_path(char out[PATH_BYTES], const struct dr_setting *s)
{
    size_t i = 0;
    const char *p = s->api ? s->api : s->path;
    for (; p[i] && i + 1 < PATH_BYTES; i++)
        out[i] = p[i] == '-' && !s->api ? '_' : p[i];
    out[i] = 0;
}

static json_t *value(struct walk *w, const struct dr_setting *s, const struct dr_node *n,
                     const struct dr_place *p);
static const struct dr_setting *lookup(struct walk *w, const char *path,
                                       const struct dr_node *n, const struct dr_place *p);

/* One mapping of a list of mappings; its rows have the list's path and "[]." before. */
static json_t *object_value(struct walk *w, const struct dr_setting *s,
                            const struct dr_node *n, const struct dr_place *p)
{
    json_t *o = json_object();
    if (n->type != DR_NODE_MAP) {
        bad(w, s, n, p, DR_V_SETTING_VALUE);
        return o;
    }
    for (const struct dr_node *c = n->first; c; c = c->next) {
        char path[PATH_BYTES], api[PATH_BYTES];
        struct dr_place here = {.up = p, .key = c->key};
        snprintf(path, sizeof(path), "%s[].%s", s->path, c->key);
        const struct dr_setting *sub = lookup(w, path, c, &here);
        json_t *v = sub ? value(w, sub, c, &here) : NULL;
        if (!v)
            continue;
        api_path(api, sub);
        json_object_set_new(o, strrchr(api, '.') + 1, v);
    }
    return o;
}

static json_t *value(struct walk *w, const struct dr_setting *s, const struct dr_node *n,
                     const struct dr_place *p)
{
    size_t i = 0;
    bool many =
        s->type == DR_S_STRINGS || s->type == DR_S_UINTS || s->type == DR_S_OBJECTS;
    if (n->broken)
        return NULL;
    if (!many)
        return scalar_value(w, s, n, p, DR_V_SETTING_VALUE);
    if (n->type != DR_NODE_LIST) {
        bad(w, s, n, p, DR_V_SETTING_VALUE);
        return NULL;
    }
    json_t *list = json_array();
    for (const struct dr_node *c = n->first; c; c = c->next, i++) {
        struct dr_place here = {.up = p, .index = i};
        json_t *v = s->type == DR_S_OBJECTS
                        ? object_value(w, s, c, &here)
                        : scalar_value(w, s, c, &here, DR_V_SETTING_VALUE);
        if (v)
            json_array_append_new(list, v);
    }
    return list;
}

/* ---- names ---- */

static bool is_prefix(const char *path)
{
    size_t count, len = strlen(path);
    const struct dr_setting *all = dr_settings(&count);
    for (size_t i = 0; i < count; i++)
        if (!strncmp(all[i].path, path, len) && all[i].path[len] == '.')
            return true;
    return false;
}

static void unknown(struct walk *w, const char *path, const struct dr_node *n,
                    const struct dr_place *p)
{
    const char *words[MANY];
    size_t count, n_words = 0, own = strlen(path) - strlen(n->key);
    const struct dr_setting *all = dr_settings(&count);
    struct dr_arena *a = w->d->arena;
    for (size_t i = 0; i < count && n_words < MANY; i++) {
        if (strncmp(all[i].path, path, own) != 0)
            continue;
        const char *rest = all[i].path + own;
        const char *word = dr_strndup(a, rest, strcspn(rest, ".["));
        if (!n_words || strcmp(words[n_words - 1], word) != 0)
            words[n_words++] = word;
    }
    struct dr_finding *x = dr_flaw(w->d, DR_V_SETTING_UNKNOWN, &n->key_at, p,
                                   "'%.80s' is no changefeed setting", path);
    x->meant = dr_similar(n->key, words, n_words);
    if (strchr(n->key, '_') || strchr(n->key, '.'))
        x->hint =
            "settings are spelled as in changefeed.toml: hyphens, and one mapping for "
            "each table";
    else if (!x->meant)
        x->hint = "`drover explain spec.replication.config` lists them";
}

static bool version_ok(struct walk *w, const struct dr_setting *s, const char *since,
                       const char *until, const struct dr_node *n,
                       const struct dr_place *p, enum dr_vcode code)
{
    static const struct dr_version least = {"v7.5.0", 7, 5, 0};
    const struct dr_version *have = w->d->oldest ? w->d->oldest : &least;
    struct dr_version v;
    if (since && w->d->oldest &&
        dr_types[DR_T_VERSION].read(NULL, since, strlen(since), &v) &&
        dr_version_rank(have) < dr_version_rank(&v)) {
        dr_flaw(w->d, code, &n->key_at, p, "'%s' exists from %s on, a cluster has %s",
                s->path, since, have->text);
        return false;
    }
    if (until && dr_types[DR_T_VERSION].read(NULL, until, strlen(until), &v) &&
        dr_version_rank(have) >= dr_version_rank(&v)) {
        dr_flaw(w->d, code, &n->key_at, p, "'%s' is gone from %s on", s->path, until);
        return false;
    }
    return true;
}

/* The row of a path, when it may be given here; otherwise reported and NULL. */
static const struct dr_setting *lookup(struct walk *w, const char *path,
                                       const struct dr_node *n, const struct dr_place *p)
{
    const struct dr_setting *s = dr_setting_find(path);
    if (n->broken)
        return NULL;
    if (!s) {
        unknown(w, path, n, p);
        return NULL;
    }
    if (s->owner) {
        dr_flaw(w->d, DR_V_SETTING_OWNED, &n->key_at, p, "'%s' is not given here", path)
            ->hint = dr_sprintf(w->d->arena, "it is decided by %s", s->owner);
        return NULL;
    }
    if (!version_ok(w, s, s->since, s->until, n, p, DR_V_SETTING_VERSION))
        return NULL;
    return s;
}

/* ---- the whole ---- */

static void keep(struct walk *w, const struct dr_setting *s, json_t *v)
{
    char api[PATH_BYTES];
    struct dr_arena *a = w->d->arena;
    api_path(api, s);
    json_t *at = w->root;
    char *word = api;
    for (char *dot = strchr(word, '.'); dot; dot = strchr(word, '.')) {
        *dot = 0;
        json_t *down = json_object_get(at, word);
        if (!down) {
            down = json_object();
            json_object_set_new(at, word, down);
        }
        at = down;
        *dot = '.';
        word = dot + 1;
    }
    struct dr_config_entry *e = DR_PUSH(a, w->entries, w->count, w->room);
    *e = (struct dr_config_entry){
        .path = s->path, .api_path = dr_strdup(a, api), .json = dr_json_text(a, v)};
    json_object_set_new(at, word, v);
}

static void walk_map(struct walk *w, const struct dr_node *map, const struct dr_place *p,
                     const char *prefix)
{
    for (const struct dr_node *c = map->first; c; c = c->next) {
        char path[PATH_BYTES];
        struct dr_place here = {.up = p, .key = c->key};
        snprintf(path, sizeof(path), "%s%s%.100s", prefix, *prefix ? "." : "", c->key);
        if (!c->broken && c->type == DR_NODE_MAP && is_prefix(path)) {
            walk_map(w, c, &here, path);
            continue;
        }
        if (!c->broken && is_prefix(path) && !dr_setting_find(path)) {
            dr_flaw(w->d, DR_V_SETTING_VALUE, &c->key_at, &here,
                    "'%s' is a mapping of "
                    "settings",
                    path);
            continue;
        }
        const struct dr_setting *s = lookup(w, path, c, &here);
        json_t *v = s ? value(w, s, c, &here) : NULL;
        if (!v)
            continue;
        if (s->idle) {
            dr_flaw(w->d, DR_V_SETTING_IDLE, &c->key_at, &here,
                    "'%s' has no effect on a TiDB sink and is left out", path);
            json_decref(v);
        } else {
            keep(w, s, v);
        }
    }
}

void dr_settings_decode(struct dr_decode *d, const struct dr_node *n,
                        const struct dr_place *p, struct dr_changefeed_config *out)
{
    struct walk w = {.d = d};
    if (n->type != DR_NODE_MAP) {
        dr_flaw(d, DR_V_TYPE, n->key ? &n->key_at : &n->at, p,
                "expected a mapping of changefeed settings");
        return;
    }
    w.root = json_object();
    walk_map(&w, n, p, "");
    *out = (struct dr_changefeed_config){.entries = w.entries,
                                         .entry_count = w.count,
                                         .json = dr_json_text(d->arena, w.root)};
    json_decref(w.root);
}

static const struct dr_setting *find_param(const char *name)
{
    size_t count;
    const struct dr_setting *all = dr_sink_params(&count);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(all[i].path, name))
            return &all[i];
    return NULL;
}

static void unknown_param(struct dr_decode *d, const struct dr_node *n,
                          const struct dr_place *p)
{
    const char *words[MANY];
    size_t count;
    const struct dr_setting *all = dr_sink_params(&count);
    for (size_t i = 0; i < count; i++)
        words[i] = all[i].path;
    struct dr_finding *x = dr_flaw(d, DR_V_PARAM_UNKNOWN, &n->key_at, p,
                                   "'%.60s' is no parameter of a TiDB sink", n->key);
    x->meant = dr_similar(n->key, words, count);
    if (!x->meant)
        x->hint = "`drover explain spec.replication.sink.params` lists them";
}

void dr_params_decode(struct dr_decode *d, const struct dr_node *n,
                      const struct dr_place *p, const struct dr_sink_param **out,
                      size_t *count)
{
    struct walk w = {.d = d};
    size_t n_params = 0;
    if (n->type != DR_NODE_MAP) {
        dr_flaw(d, DR_V_TYPE, n->key ? &n->key_at : &n->at, p,
                "expected a mapping of sink parameters");
        return;
    }
    struct dr_sink_param *list = DR_NEW_N(d->arena, n->count + 1u, struct dr_sink_param);
    for (const struct dr_node *c = n->first; c; c = c->next) {
        struct dr_place here = {.up = p, .key = c->key};
        const struct dr_setting *s = find_param(c->key);
        if (c->broken)
            continue;
        if (!s) {
            unknown_param(d, c, &here);
            continue;
        }
        if (!version_ok(&w, s, s->since, s->until, c, &here, DR_V_SETTING_VERSION))
            continue;
        json_t *v = scalar_value(&w, s, c, &here, DR_V_PARAM_VALUE);
        if (!v)
            continue;
        json_decref(v);
        list[n_params++] = (struct dr_sink_param){.key = c->key, .value = c->text};
    }
    *out = list;
    *count = n_params;
}
