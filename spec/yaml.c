#include "spec/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct open {
    struct dr_node *node;
    struct dr_node **tail; /* where the next child goes */
    const char *key;       /* read, its value comes next */
    struct dr_span key_at;
    bool key_broken;
};

struct reader {
    struct dr_arena *a;
    struct dr_source *s;
    struct dr_findings *f;
    yaml_parser_t parser;
    struct open stack[DR_YAML_DEPTH_MAX + 1];
    unsigned depth; /* open collections of ours */
    struct dr_node *first, **tail;
    size_t documents, nodes;
};

static struct dr_span span_of(const yaml_mark_t *from, const yaml_mark_t *to)
{
    struct dr_span at = {.line = (uint32_t)from->line + 1,
                         .column = (uint32_t)from->column + 1,
                         .width = 1};
    if (to && to->line == from->line && to->column > from->column)
        at.width = (uint32_t)(to->column - from->column);
    return at;
}

/* Encoding, before libyaml sees the bytes: its reader errors carry no line. One finding
 * for an encoding error, one for each refused character. */
static bool scan_bytes(struct reader *r)
{
    const char *p = r->s->bytes, *end = p + r->s->len;
    struct dr_span at = {1, 1, 1};
    bool ok = true;
    if (r->s->len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
        p += 3;
    while (p < end) {
        uint32_t c;
        if (!dr_utf8_next(&p, end, &c)) {
            dr_report(r->f, r->s, DR_V_ENCODING, &at, "not UTF-8 (byte 0x%02x)",
                      (unsigned char)*p)
                ->hint = "save the file as UTF-8";
            return false;
        }
        bool lone_cr = c == '\r' && (p == end || *p != '\n');
        if (lone_cr || (c != '\r' && dr_char_refused(c))) {
            dr_report(r->f, r->s, DR_V_CHARACTER, &at, "character U+%04X is not allowed",
                      (unsigned)c)
                ->hint = "controls and characters that reorder or hide text are refused";
            ok = false;
        }
        if (r->s->gave_up)
            return false;
        at.column++;
        if (c == '\n') {
            at.line++;
            at.column = 1;
        }
    }
    return ok;
}

/* The same for what escapes in double quotes made. */
static bool scan_scalar(struct reader *r, const char *p, size_t len,
                        const struct dr_span *at)
{
    const char *end = p + len;
    while (p < end) {
        uint32_t c;
        if (dr_utf8_next(&p, end, &c) && !dr_char_refused(c))
            continue;
        dr_report(r->f, r->s, DR_V_CHARACTER, at,
                  "the escaped character U+%04X is not allowed", (unsigned)c);
        return false;
    }
    return true;
}

static void syntax_error(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    struct dr_span at = span_of(&p->problem_mark, NULL);
    const char *problem = p->problem ? p->problem : "cannot be read";
    const char *tab = strstr(problem, "cannot start any token");
    struct dr_finding *f;
    if (p->context && p->context_mark.line != p->problem_mark.line)
        f = dr_report(r->f, r->s, DR_V_SYNTAX, &at, "%s, %s at line %u", problem,
                      p->context, (unsigned)p->context_mark.line + 1);
    else if (p->context)
        f = dr_report(r->f, r->s, DR_V_SYNTAX, &at, "%s, %s", problem, p->context);
    else
        f = dr_report(r->f, r->s, DR_V_SYNTAX, &at, "%s", problem);
    if (tab)
        f->hint = "indent with spaces, not tabs; quote a word that begins with @ % or `";
    else if (strstr(problem, "mapping values are not allowed"))
        f->hint = "quote a value that holds ': ', and check the indentation";
    else if (strstr(problem, "did not find expected"))
        f->hint = "check the indentation and the closing brackets and quotes";
}

static bool refuse_tag(struct reader *r, const yaml_char_t *tag, const struct dr_span *at)
{
    static const char core[] = "tag:yaml.org,2002:"; /* what !! stands for */
    if (!tag)
        return false;
    const char *text = (const char *)tag;
    bool short_form = !strncmp(text, core, sizeof(core) - 1);
    dr_report(r->f, r->s, DR_V_TAG, at, "tags such as '%s%.40s' are not allowed",
              short_form ? "!!" : "", short_form ? text + sizeof(core) - 1 : text)
        ->hint = "leave the tag out; quote a value to make it a string";
    return true;
}

static bool refuse_anchor(struct reader *r, const yaml_char_t *anchor, char sigil,
                          const struct dr_span *at)
{
    if (!anchor)
        return false;
    dr_report(r->f, r->s, DR_V_ALIAS, at,
              "anchors and aliases such as '%c%.40s' are not "
              "allowed",
              sigil, (const char *)anchor)
        ->hint = "write the value out where it is needed";
    return true;
}

static struct dr_node *new_node(struct reader *r, enum dr_node_type type,
                                struct dr_span at)
{
    struct dr_node *n = DR_NEW(r->a, struct dr_node);
    n->type = type;
    n->at = at;
    return n;
}

/* A finished scalar or a freshly opened collection takes its place in its parent. */
static void attach(struct reader *r, struct dr_node *n)
{
    if (!r->depth) {
        if (n->type == DR_NODE_SCALAR && dr_node_is_null(n) && !n->broken)
            return; /* an empty document */
        *r->tail = n;
        r->tail = &n->next;
        return;
    }
    struct open *up = &r->stack[r->depth - 1];
    if (up->node->type == DR_NODE_MAP) {
        n->key = up->key;
        n->key_at = up->key_at;
        n->broken = n->broken || up->key_broken;
        up->key = NULL;
    }
    *up->tail = n;
    up->tail = &n->next;
    up->node->count++;
}

static bool wants_key(const struct reader *r)
{
    return r->depth && r->stack[r->depth - 1].node->type == DR_NODE_MAP &&
           !r->stack[r->depth - 1].key;
}

static void take_key(struct reader *r, const char *text, struct dr_span at, bool plain,
                     bool broken)
{
    struct open *up = &r->stack[r->depth - 1];
    up->key = text;
    up->key_at = at;
    up->key_broken = broken;
    if (plain && !strcmp(text, "<<") && !broken) {
        dr_report(r->f, r->s, DR_V_MERGE_KEY, &at, "merge keys are not allowed")->hint =
            "write the fields out";
        up->key_broken = true;
    }
}

static void on_scalar(struct reader *r, const yaml_event_t *e)
{
    struct dr_span at = span_of(&e->start_mark, &e->end_mark);
    const char *bytes = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool broken = refuse_tag(r, e->data.scalar.tag, &at);
    broken |= refuse_anchor(r, e->data.scalar.anchor, '&', &at);
    if (!scan_scalar(r, bytes, len, &at)) {
        broken = true;
        len = 0;
    }
    const char *text = dr_strndup(r->a, bytes, len);
    if (wants_key(r)) {
        take_key(r, text, at, plain, broken);
        return;
    }
    struct dr_node *n = new_node(r, DR_NODE_SCALAR, at);
    n->plain = plain;
    n->broken = broken;
    n->text = text;
    n->len = (uint32_t)len;
    attach(r, n);
}

static void on_alias(struct reader *r, const yaml_event_t *e)
{
    struct dr_span at = span_of(&e->start_mark, &e->end_mark);
    refuse_anchor(r, e->data.alias.anchor, '*', &at);
    if (wants_key(r)) {
        take_key(r, "", at, true, true);
        return;
    }
    struct dr_node *n = new_node(r, DR_NODE_SCALAR, at);
    n->broken = true;
    n->text = "";
    attach(r, n);
}

/* False: too deep, reading stops. */
static bool on_open(struct reader *r, const yaml_event_t *e, enum dr_node_type type,
                    const yaml_char_t *tag, const yaml_char_t *anchor)
{
    struct dr_span at = span_of(&e->start_mark, NULL);
    if (r->depth == DR_YAML_DEPTH_MAX) {
        dr_report(r->f, r->s, DR_V_DEPTH, &at, "nested deeper than %d",
                  DR_YAML_DEPTH_MAX);
        return false;
    }
    bool broken = refuse_tag(r, tag, &at);
    broken |= refuse_anchor(r, anchor, '&', &at);
    if (wants_key(r)) {
        dr_report(r->f, r->s, DR_V_KEY, &at, "a list or mapping cannot be a key");
        return false;
    }
    struct dr_node *n = new_node(r, type, at);
    n->broken = broken;
    attach(r, n);
    r->stack[r->depth++] = (struct open){.node = n, .tail = &n->first};
    return true;
}

static int compare_keys(const void *pa, const void *pb)
{
    const struct dr_node *a = *(const struct dr_node *const *)pa;
    const struct dr_node *b = *(const struct dr_node *const *)pb;
    int c = strcmp(a->key, b->key);
    if (c)
        return c;
    c = (a->key_at.line > b->key_at.line) - (a->key_at.line < b->key_at.line);
    return c ? c
             : (a->key_at.column > b->key_at.column) -
                   (a->key_at.column < b->key_at.column);
}

/* Duplicate keys, by sorting: the count is bounded, so the work stays linear. */
static void check_keys(struct reader *r, struct dr_node *map)
{
    struct dr_node *sorted[DR_YAML_KEYS_MAX];
    size_t n = 0;
    if (map->count > DR_YAML_KEYS_MAX) {
        dr_report(r->f, r->s, DR_V_LIMIT, &map->at,
                  "a mapping of %u keys; %d are allowed", map->count, DR_YAML_KEYS_MAX);
        map->broken = true;
        return;
    }
    for (struct dr_node *c = map->first; c; c = c->next)
        sorted[n++] = c;
    if (n > 1)
        qsort(sorted, n, sizeof(sorted[0]), compare_keys);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(sorted[i]->key, sorted[i - 1]->key) != 0 || sorted[i]->broken)
            continue;
        dr_report(r->f, r->s, DR_V_DUPLICATE_KEY, &sorted[i]->key_at,
                  "the key '%.60s' is given twice", sorted[i]->key)
            ->hint =
            dr_sprintf(r->a, "the first one is at line %u", sorted[i - 1]->key_at.line);
        sorted[i]->broken = true;
    }
}

/* False: reading ends here. */
static bool on_event(struct reader *r, const yaml_event_t *e)
{
    if (++r->nodes > DR_YAML_NODES_MAX) {
        struct dr_span at = span_of(&e->start_mark, NULL);
        dr_report(r->f, r->s, DR_V_LIMIT, &at, "more than %d values", DR_YAML_NODES_MAX);
        return false;
    }
    switch ((int)e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++r->documents > DR_YAML_DOCUMENTS_MAX) {
            struct dr_span at = span_of(&e->start_mark, NULL);
            dr_report(r->f, r->s, DR_V_LIMIT, &at, "more than %d documents",
                      DR_YAML_DOCUMENTS_MAX);
            return false;
        }
        return true;
    case YAML_SCALAR_EVENT:
        on_scalar(r, e);
        return true;
    case YAML_ALIAS_EVENT:
        on_alias(r, e);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        return on_open(r, e, DR_NODE_LIST, e->data.sequence_start.tag,
                       e->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return on_open(r, e, DR_NODE_MAP, e->data.mapping_start.tag,
                       e->data.mapping_start.anchor);
    case YAML_MAPPING_END_EVENT:
        check_keys(r, r->stack[r->depth - 1].node);
        r->depth--;
        return true;
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        return true;
    case YAML_STREAM_END_EVENT:
        return false;
    }
    return true;
}

/* Drops the document that was open when reading stopped. */
static void drop_unfinished(struct reader *r)
{
    struct dr_node **p = &r->first;
    if (!r->depth)
        return;
    while (*p && *p != r->stack[0].node)
        p = &(*p)->next;
    *p = NULL;
}

struct dr_node *dr_yaml_read(struct dr_arena *a, struct dr_source *s,
                             struct dr_findings *f)
{
    struct reader *r = DR_NEW(a, struct reader);
    *r = (struct reader){.a = a, .s = s, .f = f};
    r->tail = &r->first;
    s->cut = s->len > 0;
    if (s->len > DR_YAML_BYTES_MAX) {
        dr_report(f, s, DR_V_TOO_LARGE, NULL, "larger than 1 MiB");
        return NULL;
    }
    if (!scan_bytes(r) || !s->len)
        return NULL;
    if (!yaml_parser_initialize(&r->parser))
        abort(); /* out of memory */
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)s->bytes, s->len);
    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    for (bool more = true; more;) {
        yaml_event_t e;
        if (!yaml_parser_parse(&r->parser, &e)) {
            syntax_error(r);
            break;
        }
        more = on_event(r, &e);
        if (e.type == YAML_STREAM_END_EVENT)
            s->cut = false;
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&r->parser);
    drop_unfinished(r);
    return r->first;
}

const struct dr_node *dr_node_get(const struct dr_node *map, const char *key)
{
    if (!map || map->type != DR_NODE_MAP)
        return NULL;
    for (const struct dr_node *c = map->first; c; c = c->next)
        if (!strcmp(c->key, key))
            return c;
    return NULL;
}

bool dr_node_is_null(const struct dr_node *n)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (n->type != DR_NODE_SCALAR || !n->plain)
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(n->text, words[i]))
            return true;
    return false;
}

/* The item of a list that `word` (of len bytes) names: an index, or the `name` of it. */
static const struct dr_node *find_item(const struct dr_node *list, const char *word,
                                       size_t len)
{
    size_t index = 0, i = 0;
    bool number = len > 0;
    if (list->type != DR_NODE_LIST)
        return NULL;
    for (size_t k = 0; k < len; k++) {
        number = number && word[k] >= '0' && word[k] <= '9' && len < 9;
        if (number)
            index = index * 10 + (size_t)(word[k] - '0');
    }
    for (const struct dr_node *c = list->first; c; c = c->next, i++) {
        const struct dr_node *name = dr_node_get(c, "name");
        if (name && name->text && strlen(name->text) == len &&
            !memcmp(name->text, word, len))
            return c;
        if (number && i == index)
            return c;
    }
    return NULL;
}

static const struct dr_node *find_key(const struct dr_node *map, const char *word,
                                      size_t len)
{
    if (map->type != DR_NODE_MAP)
        return NULL;
    for (const struct dr_node *c = map->first; c; c = c->next)
        if (strlen(c->key) == len && !memcmp(c->key, word, len))
            return c;
    return NULL;
}

const struct dr_node *dr_node_walk(const struct dr_node *root, const char *path,
                                   bool *whole)
{
    const struct dr_node *n = root;
    const char *p = path;
    *whole = false;
    while (n && *p) {
        bool item = *p == '[';
        p += item || *p == '.';
        size_t len = strcspn(p, item ? "]" : ".[");
        const struct dr_node *down = item ? find_item(n, p, len) : find_key(n, p, len);
        if (!down)
            return n;
        n = down;
        p += len + (item && p[len] == ']');
    }
    *whole = n != NULL;
    return n;
}
