#include "spec/rule.h"

#include <stdarg.h>
#include <string.h>

struct dr_finding *dr_breach(struct dr_check *c, enum dr_vcode code, const char *path,
                             const char *fmt, ...)
{
    bool whole;
    const struct dr_node *n = dr_node_walk(c->doc->root, path, &whole);
    const struct dr_span *at =
        n->key && (n->type != DR_NODE_SCALAR) ? &n->key_at : &n->at;
    va_list ap;
    va_start(ap, fmt);
    const char *text = dr_vsprintf(c->decode->arena, fmt, ap);
    va_end(ap);
    struct dr_finding *f =
        dr_report(c->decode->findings, c->decode->source, code, at, "%s", text);
    f->path = path;
    return f;
}

const char *dr_item_path(struct dr_check *c, const char *list, size_t index,
                         const char *rest)
{
    return dr_sprintf(c->decode->arena, "%s[%zu]%s%s", list, index, *rest ? "." : "",
                      rest);
}

const struct dr_rule *dr_rules(enum dr_kind kind, size_t *count)
{
    switch (kind) {
    case DR_KIND_TOPOLOGY:
        return dr_topology_rules(count);
    case DR_KIND_CONTROLLER:
        return dr_controller_rules(count);
    case DR_KIND_ESTATE:
        return dr_estate_rules(count);
    case DR_KIND_COUNT:
        break;
    }
    *count = 0;
    return NULL;
}

/* Compares a finding's path, its [..] skipped, with one word of `reads`: true when one is
 * the other or a parent of it. */
static bool touches(const char *path, const char *word, size_t len)
{
    size_t i = 0;
    for (;;) {
        if (*path == '[') {
            path += strcspn(path, "]");
            path += *path == ']';
            continue;
        }
        bool path_end = !*path, word_end = i == len;
        if (path_end || word_end)
            return (path_end || *path == '.') && (word_end || word[i] == '.');
        if (*path != word[i])
            return false;
        path++;
        i++;
    }
}

static bool readable(const struct dr_decode *d, size_t first, size_t last,
                     const char *reads)
{
    const struct dr_findings *f = d->findings;
    for (const char *p = reads; *p;) {
        size_t len = strcspn(p, " ");
        for (size_t i = first; i < last; i++) {
            const struct dr_finding *x = &f->items[i];
            if (x->path && !dr_vcode_info(x->code)->warning && touches(x->path, p, len))
                return false;
        }
        for (size_t i = 0; i < d->blind_count; i++)
            if (touches(d->blind[i], p, len))
                return false;
        p += len + (p[len] == ' ');
    }
    return true;
}

void dr_rules_run(struct dr_decode *d, const struct dr_doc *doc, size_t first)
{
    struct dr_check c = {.decode = d, .doc = doc};
    size_t count, last = d->findings->count;
    const struct dr_rule *rules = dr_rules(doc->kind, &count);
    if (d->source->gave_up) /* which fields are wrong is no longer known */
        return;
    for (size_t i = 0; i < count; i++)
        if (readable(d, first, last, rules[i].reads))
            rules[i].check(&c, rules[i].code, doc);
}
