/* A YAML file as a tree of texts, lists and maps. */
#include <string.h>
#include <yaml.h>

#include "tests/conformance/conform.h"

static struct node *convert(struct dr_arena *a, yaml_document_t *doc, int id,
                            const char *path);

static void add(struct dr_arena *a, struct node *into, size_t *room, const char *key,
                struct node *item)
{
    size_t keys_room = *room;
    into->keys = dr_grow(a, into->keys, into->count, &keys_room, sizeof(*into->keys));
    *DR_PUSH(a, into->items, into->count, *room) = item;
    into->keys[into->count - 1] = key;
}

static struct node *convert_map(struct dr_arena *a, yaml_document_t *doc, yaml_node_t *y,
                                struct node *n, const char *path)
{
    size_t room = 0;
    for (yaml_node_pair_t *p = y->data.mapping.pairs.start; p < y->data.mapping.pairs.top;
         p++) {
        struct node *key = convert(a, doc, p->key, path),
                    *value = convert(a, doc, p->value, path);
        if (!key || !value)
            return NULL;
        if (key->kind != NODE_TEXT || tree_get(n, key->text)) {
            fprintf(stderr, "%s:%u: a key twice, or no key\n", path, key->line);
            return NULL;
        }
        add(a, n, &room, key->text, value);
    }
    return n;
}

static struct node *convert(struct dr_arena *a, yaml_document_t *doc, int id,
                            const char *path)
{
    yaml_node_t *y = yaml_document_get_node(doc, id);
    struct node *n = DR_NEW(a, struct node);
    size_t room = 0;
    n->line = (unsigned)y->start_mark.line + 1;
    switch (y->type) {
    case YAML_SCALAR_NODE:
        n->kind = NODE_TEXT;
        n->quoted = y->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        n->text =
            dr_strndup(a, (const char *)y->data.scalar.value, y->data.scalar.length);
        return n;
    case YAML_SEQUENCE_NODE:
        n->kind = NODE_LIST;
        for (yaml_node_item_t *i = y->data.sequence.items.start;
             i < y->data.sequence.items.top; i++) {
            struct node *item = convert(a, doc, *i, path);
            if (!item)
                return NULL;
            add(a, n, &room, NULL, item);
        }
        return n;
    case YAML_MAPPING_NODE:
        n->kind = NODE_MAP;
        return convert_map(a, doc, y, n, path);
    case YAML_NO_NODE:
        break;
    }
    return NULL;
}

struct node *tree_load(struct dr_arena *a, const char *path)
{
    FILE *f = fopen(path, "r");
    yaml_parser_t parser;
    yaml_document_t doc;
    struct node *root = NULL;
    if (!f) {
        perror(path);
        return NULL;
    }
    if (yaml_parser_initialize(&parser)) {
        yaml_parser_set_input_file(&parser, f);
        if (!yaml_parser_load(&parser, &doc)) {
            fprintf(stderr, "%s:%zu: %s\n", path, parser.problem_mark.line + 1,
                    parser.problem);
        } else {
            if (yaml_document_get_root_node(&doc))
                root = convert(a, &doc, 1, path);
            yaml_document_delete(&doc);
        }
        yaml_parser_delete(&parser);
    }
    fclose(f);
    return root;
}

const struct node *tree_get(const struct node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
        if (strcmp(map->keys[i], key) == 0)
            return map->items[i];
    return NULL;
}

const char *tree_text(const struct node *map, const char *key)
{
    const struct node *n = tree_get(map, key);
    return n && n->kind == NODE_TEXT ? n->text : NULL;
}

bool tree_true(const struct node *map, const char *key)
{
    const char *text = tree_text(map, key);
    return text && strcmp(text, "true") == 0;
}

bool tree_null(const struct node *n)
{
    return n->kind == NODE_TEXT && !n->quoted &&
           (strcmp(n->text, "null") == 0 || strcmp(n->text, "~") == 0);
}

bool tree_has(const struct node *list, const char *word)
{
    if (!list)
        return false;
    if (list->kind == NODE_TEXT)
        return strcmp(list->text, word) == 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i]->kind == NODE_TEXT && strcmp(list->items[i]->text, word) == 0)
            return true;
    return false;
}
