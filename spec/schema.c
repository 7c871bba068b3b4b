#include "spec/schema.h"

#include <string.h>

#include "controller/base/buf.h"
#include "spec/changefeed.h"
#include "spec/types.h"

enum { PATH_BYTES = 256 };

static void put(json_t *o, const char *key, json_t *v)
{
    json_object_set_new(o, key, v);
}

static json_t *typed(const char *type)
{
    json_t *o = json_object();
    put(o, "type", json_string(type));
    return o;
}

static json_t *pattern(const char *type, const char *regex)
{
    json_t *o = typed(type);
    if (regex)
        put(o, "pattern", json_string(regex));
    return o;
}

static json_t *closed_object(void)
{
    json_t *o = typed("object");
    put(o, "additionalProperties", json_false());
    put(o, "properties", json_object());
    return o;
}

static json_t *word_enum(const char *const *words, size_t count)
{
    json_t *o = typed("string"), *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(words[i]));
    put(o, "enum", list);
    return o;
}

static json_t *list_of(json_t *item)
{
    json_t *o = typed("array");
    put(o, "items", item);
    return o;
}

static json_t *map_of(const char *names, json_t *value)
{
    json_t *o = typed("object");
    if (names)
        put(o, "propertyNames", pattern("string", names));
    put(o, "additionalProperties", value);
    return o;
}

/* "0" is an integer for YAML, every other duration and size is text. */
static json_t *text_or_zero(const char *regex)
{
    json_t *o = json_object(), *any = json_array();
    json_t *zero = json_object();
    put(zero, "const", json_integer(0));
    json_array_append_new(any, pattern("string", regex));
    json_array_append_new(any, zero);
    put(o, "anyOf", any);
    return o;
}

static json_t *secret(void)
{
    json_t *o = closed_object(), *p = json_object_get(o, "properties");
    put(p, "file", pattern("string", "."));
    put(p, "env", pattern("string", "^[A-Za-z_][A-Za-z0-9_]*$"));
    put(o, "minProperties", json_integer(1));
    put(o, "maxProperties", json_integer(1));
    return o;
}

static json_t *integer(uint64_t min, uint64_t max)
{
    json_t *o = typed("integer");
    put(o, "minimum", json_integer((json_int_t)min));
    if (max)
        put(o, "maximum", json_integer((json_int_t)max));
    return o;
}

/* ---- changefeed settings ---- */

static json_t *setting_value(const struct dr_setting *s)
{
    size_t words = 0;
    while (s->words && s->words[words])
        words++;
    switch (s->type) {
    case DR_S_BOOL:
        return typed("boolean");
    case DR_S_UINT:
        return integer(s->min, s->max);
    case DR_S_RATIO:
        return typed("number");
    case DR_S_DURATION:
    case DR_S_GO_DURATION:
        return pattern("string", "^([0-9.]+(h|m|s|ms|us|ns))+$");
    case DR_S_STRING:
        return typed("string");
    case DR_S_WORD:
        return word_enum(s->words, words);
    case DR_S_STRINGS:
        return list_of(typed("string"));
    case DR_S_UINTS:
        return list_of(typed("integer"));
    case DR_S_OBJECTS:
        return list_of(closed_object());
    case DR_S_COUNT:
        break;
    }
    return json_object();
}

/* The properties into which a path's last word goes; missing mappings are made. */
static json_t *descend(json_t *root, char *path, const char **last)
{
    json_t *props = json_object_get(root, "properties");
    for (char *dot = strchr(path, '.'); dot; dot = strchr(path, '.')) {
        bool item = dot - path > 2 && !memcmp(dot - 2, "[]", 2);
        *(item ? dot - 2 : dot) = 0;
        json_t *down = json_object_get(props, path);
        if (!down) {
            down = closed_object();
            put(props, path, down);
        }
        props =
            json_object_get(item ? json_object_get(down, "items") : down, "properties");
        path = dot + 1;
    }
    *last = path;
    return props;
}

static json_t *settings(void)
{
    size_t count;
    const struct dr_setting *all = dr_settings(&count);
    json_t *root = closed_object();
    for (size_t i = 0; i < count; i++) {
        char path[PATH_BYTES];
        const char *last;
        if (all[i].owner)
            continue;
        snprintf(path, sizeof(path), "%s", all[i].path);
        json_t *props = descend(root, path, &last), *v = setting_value(&all[i]);
        put(v, "description", json_string(all[i].help));
        put(props, last, v);
    }
    return root;
}

static json_t *params(void)
{
    size_t count;
    const struct dr_setting *all = dr_sink_params(&count);
    json_t *root = closed_object(), *p = json_object_get(root, "properties");
    for (size_t i = 0; i < count; i++) {
        json_t *v = setting_value(&all[i]);
        put(v, "description", json_string(all[i].help));
        put(p, all[i].path, v);
    }
    return root;
}

/* ---- fields ---- */

static json_t *object_schema(const struct dr_shape *shape);

static json_t *value_schema(const struct dr_field *f)
{
    const struct dr_type_info *t = &dr_types[f->type];
    json_t *days;
    switch (f->type) {
    case DR_T_OBJECT:
        return object_schema(f->of);
    case DR_T_STRING:
        return pattern("string", dr_formats[f->format].pattern);
    case DR_T_BOOL:
        return typed("boolean");
    case DR_T_U16:
    case DR_T_U32:
    case DR_T_U64:
        return f->list ? typed("integer") : integer(f->min, f->max);
    case DR_T_DURATION:
    case DR_T_SIZE:
        return text_or_zero(t->pattern);
    case DR_T_WORD:
        return word_enum(f->words->words, f->words->count);
    case DR_T_WORDS:
    case DR_T_DAYS:
        days = list_of(word_enum(f->words->words, f->words->count));
        return days;
    case DR_T_CLOCK:
    case DR_T_TIME:
    case DR_T_VERSION:
    case DR_T_ADDRESS:
    case DR_T_URL:
    case DR_T_STORAGE:
        return pattern("string", t->pattern);
    case DR_T_SECRET:
        return secret();
    case DR_T_PAIRS:
        return map_of(NULL,
                      json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean"));
    case DR_T_MAPPING:
        return map_of(dr_types[DR_T_ADDRESS].pattern,
                      pattern("string", dr_types[DR_T_ADDRESS].pattern));
    case DR_T_PARAMS:
        return params();
    case DR_T_SETTINGS:
        return settings();
    case DR_T_COUNT:
        break;
    }
    return json_object();
}

static json_t *field_schema(const struct dr_field *f)
{
    json_t *v = value_schema(f);
    if (f->list) {
        v = list_of(v);
        if (f->min)
            put(v, "minItems", json_integer((json_int_t)f->min));
        if (f->max)
            put(v, "maxItems", json_integer((json_int_t)f->max));
    }
    put(v, "description", json_string(f->help));
    if (f->fallback && f->type == DR_T_BOOL)
        put(v, "default", json_boolean(!strcmp(f->fallback, "true")));
    else if (f->fallback && f->type != DR_T_WORDS && f->type != DR_T_DAYS &&
             f->type != DR_T_U16 && f->type != DR_T_U32 && f->type != DR_T_U64)
        put(v, "default", json_string(f->fallback));
    return v;
}

static json_t *object_schema(const struct dr_shape *shape)
{
    json_t *o = closed_object(), *p = json_object_get(o, "properties");
    json_t *required = json_array();
    for (const struct dr_field *f = shape->fields; f->key; f++) {
        put(p, f->key, field_schema(f));
        if (f->required && !f->only)
            json_array_append_new(required, json_string(f->key));
    }
    if (json_array_size(required))
        put(o, "required", required);
    else
        json_decref(required);
    return o;
}

/* Fields of the other mode are refused by a condition beside the properties. */
static void add_modes(json_t *root)
{
    json_t *spec = json_object_get(json_object_get(root, "properties"), "spec");
    json_t *all = json_array();
    for (size_t m = 0; m < dr_mode_words.count; m++) {
        const char *mode = dr_mode_words.words[m];
        json_t *no = json_object(), *need = json_array(), *then = json_object();
        for (const struct dr_field *f = dr_topology_shape.fields; f->key; f++) {
            if (f->only && strcmp(f->only, mode) != 0)
                put(no, f->key, json_false());
            else if (f->only && f->required)
                json_array_append_new(need, json_string(f->key));
        }
        put(then, "properties", no);
        put(then, "required", need);
        json_array_append_new(all, json_pack("{s:{s:{s:{s:s}},s:[s]},s:o}", "if",
                                             "properties", "mode", "const", mode,
                                             "required", "mode", "then", then));
    }
    put(spec, "allOf", all);
}

static json_t *kind_schema(enum dr_kind kind)
{
    json_t *o = object_schema(dr_kinds[kind].shape);
    json_t *k = json_object_get(json_object_get(o, "properties"), "kind");
    json_object_del(k, "enum");
    put(k, "const", json_string(dr_kinds[kind].name));
    put(o, "description", json_string(dr_kinds[kind].help));
    if (kind == DR_KIND_TOPOLOGY)
        add_modes(o);
    return o;
}

json_t *dr_schema(enum dr_kind kind)
{
    json_t *root, *all, *kinds;
    if (kind != DR_KIND_COUNT) {
        root = kind_schema(kind);
        put(root, "title", json_string(dr_kinds[kind].name));
        put(root, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
        return root;
    }
    root = typed("object");
    put(root, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    put(root, "title", json_string("drover document"));
    put(root, "required", json_pack("[s,s]", "apiVersion", "kind"));
    all = json_array();
    kinds = json_array();
    for (unsigned k = 0; k < DR_KIND_COUNT; k++) {
        json_array_append_new(kinds, json_string(dr_kinds[k].name));
        json_array_append_new(all,
                              json_pack("{s:{s:{s:{s:s}},s:[s]},s:o}", "if", "properties",
                                        "kind", "const", dr_kinds[k].name, "required",
                                        "kind", "then", kind_schema((enum dr_kind)k)));
    }
    put(root, "properties", json_pack("{s:{s:o}}", "kind", "enum", kinds));
    put(root, "allOf", all);
    return root;
}
