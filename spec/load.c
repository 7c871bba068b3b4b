#include "spec/load.h"

#include <string.h>

#include "controller/base/similar.h"
#include "spec/meaning.h"
#include "spec/rule.h"
#include "spec/types.h"

void dr_docs_init(struct dr_docs *d, struct dr_arena *a)
{
    *d = (struct dr_docs){.arena = a};
    dr_findings_init(&d->findings, a);
}

static const char *scalar_at(const struct dr_node *root, const char *path)
{
    bool whole;
    const struct dr_node *n = dr_node_walk(root, path, &whole);
    return whole && n->type == DR_NODE_SCALAR ? n->text : NULL;
}

/* The kind of a document, by apiVersion and kind alone; DR_KIND_COUNT: reported. */
static enum dr_kind kind_of(struct dr_docs *d, struct dr_source *s,
                            const struct dr_node *root)
{
    static const char *const kinds[] = {"Topology", "Controller", "Estate"};
    const char *api = scalar_at(root, "apiVersion"), *kind = scalar_at(root, "kind");
    struct dr_findings *f = &d->findings;
    if (root->type != DR_NODE_MAP || !api || !kind) {
        dr_report(f, s, DR_V_REQUIRED, &root->at,
                  "a document begins with apiVersion and kind")
            ->hint = "apiVersion: drover/v1, kind: Topology";
        return DR_KIND_COUNT;
    }
    if (strcmp(api, "drover/v1") != 0) {
        dr_report(f, s, DR_V_API_VERSION, &dr_node_get(root, "apiVersion")->at,
                  "unknown apiVersion '%.60s'", api)
            ->meant = "drover/v1";
        return DR_KIND_COUNT;
    }
    for (unsigned k = 0; k < DR_KIND_COUNT; k++)
        if (!strcmp(kind, kinds[k]))
            return (enum dr_kind)k;
    struct dr_finding *x = dr_report(f, s, DR_V_KIND, &dr_node_get(root, "kind")->at,
                                     "unknown kind '%.60s'", kind);
    x->meant = dr_similar(kind, kinds, DR_KIND_COUNT);
    x->hint = "Topology, Controller or Estate";
    return DR_KIND_COUNT;
}

/* spec.mode, when it is one of the modes. */
static const char *mode_of(const struct dr_node *root)
{
    const char *word = scalar_at(root, "spec.mode");
    for (size_t i = 0; word && i < dr_mode_words.count; i++)
        if (!strcmp(word, dr_mode_words.words[i]))
            return word;
    return NULL;
}

/* The lowest of the versions that clusters declare. */
static const struct dr_version *oldest_version(struct dr_arena *a,
                                               const struct dr_node *root)
{
    struct dr_version *least = NULL;
    bool whole;
    const struct dr_node *list = dr_node_walk(root, "spec.clusters", &whole);
    if (!whole || list->type != DR_NODE_LIST)
        return NULL;
    for (const struct dr_node *c = list->first; c; c = c->next) {
        const struct dr_node *n = dr_node_get(c, "version");
        struct dr_version v;
        if (!n || n->type != DR_NODE_SCALAR ||
            !dr_types[DR_T_VERSION].read(a, n->text, n->len, &v))
            continue;
        if (!least)
            least = DR_NEW(a, struct dr_version);
        if (!least->text || dr_version_rank(&v) < dr_version_rank(least))
            *least = v;
    }
    return least;
}

/* What follows from other fields. */
static void complete(struct dr_arena *a, enum dr_kind kind, void *doc)
{
    if (kind == DR_KIND_TOPOLOGY) {
        struct dr_topology *t = doc;
        for (size_t i = 0; i < t->cluster_count; i++) {
            struct dr_cluster *c = (struct dr_cluster *)(uintptr_t)&t->clusters[i];
            if (!c->sink_address.host && c->sql.endpoint_count)
                c->sink_address = c->sql.endpoints[0];
        }
        t->policy.approve[DR_RISK_DESTRUCTIVE] = t->policy.approve[DR_RISK_DATA_LOSS] =
            true;
    } else if (kind == DR_KIND_ESTATE) {
        struct dr_estate_doc *e = doc;
        for (size_t i = 0; i < e->cluster_count; i++) {
            struct dr_sim_cluster *c =
                (struct dr_sim_cluster *)(uintptr_t)&e->clusters[i];
            if (c->ticdc.declared && !c->ticdc.version.text)
                c->ticdc.version = c->version;
            for (size_t k = 0; k < c->sql_count; k++) {
                struct dr_sim_instance *s =
                    (struct dr_sim_instance *)(uintptr_t)&c->sql[k];
                if (s->status.host || !s->address.host)
                    continue;
                s->status = (struct dr_hostport){.host = s->address.host, .port = 10080};
                s->status.text = dr_sprintf(
                    a, strchr(s->address.host, ':') ? "[%s]:10080" : "%s:10080",
                    s->address.host);
            }
        }
    }
}

static void digest_meaning(struct dr_doc *doc)
{
    struct dr_buf b;
    dr_buf_init(&b, DR_MEANING_MAX);
    dr_doc_meaning(doc, &b);
    dr_sha256_hex(doc->meaning, dr_buf_str(&b), b.len);
    struct dr_buf feeds;
    dr_buf_init(&feeds, DR_MEANING_MAX);
    dr_meaning_of_feeds(dr_buf_str(&b), &feeds);
    dr_sha256_hex(doc->feeds, dr_buf_str(&feeds), feeds.len);
    dr_buf_release(&feeds);
    dr_buf_release(&b);
}

static void keep(struct dr_docs *d, enum dr_kind kind, void *doc)
{
    struct dr_arena *a = d->arena;
    switch (kind) {
    case DR_KIND_TOPOLOGY:
        *DR_PUSH(a, d->topologies, d->topology_count, d->topology_room) = doc;
        break;
    case DR_KIND_CONTROLLER:
        *DR_PUSH(a, d->controllers, d->controller_count, d->controller_room) = doc;
        break;
    case DR_KIND_ESTATE:
        *DR_PUSH(a, d->estates, d->estate_count, d->estate_room) = doc;
        break;
    case DR_KIND_COUNT:
        break;
    }
}

static void take_document(struct dr_docs *d, struct dr_source *s, struct dr_node *root,
                          size_t errors)
{
    bool skip = root->broken || s->gave_up;
    enum dr_kind kind = skip ? DR_KIND_COUNT : kind_of(d, s, root);
    if (kind != DR_KIND_COUNT) {
        struct dr_decode decode = {.arena = d->arena,
                                   .source = s,
                                   .findings = &d->findings,
                                   .root = dr_kinds[kind].shape,
                                   .mode = mode_of(root),
                                   .oldest = oldest_version(d->arena, root)};
        size_t first = d->findings.count;
        struct dr_doc *doc = dr_alloc(d->arena, dr_kinds[kind].bytes);
        dr_decode_object(&decode, dr_kinds[kind].shape, root, NULL, doc);
        doc->kind = kind;
        doc->file = s->name;
        doc->root = root;
        complete(d->arena, kind, doc);
        dr_rules_run(&decode, doc, first);
        if (d->findings.errors == errors) {
            digest_meaning(doc);
            keep(d, kind, doc);
            return;
        }
    }
    *DR_PUSH(d->arena, d->broken, d->broken_count, d->broken_room) =
        (struct dr_broken){.file = s->name,
                           .kind = scalar_at(root, "kind"),
                           .name = scalar_at(root, "metadata.name")};
}

/* Whether one of the findings about the text itself lies between this document's first
 * line and the next one's. */
static bool text_flawed(const struct dr_findings *f, size_t first, size_t last,
                        const struct dr_node *root, const struct dr_node *next)
{
    for (size_t i = first; i < last; i++) {
        uint32_t line = f->items[i].at.line;
        if (line >= root->at.line && (!next || line < next->at.line))
            return true;
    }
    return false;
}

void dr_docs_add(struct dr_docs *d, const char *name, const char *bytes, size_t len)
{
    struct dr_source *s = DR_NEW(d->arena, struct dr_source);
    *s = (struct dr_source){
        .name = name, .bytes = bytes, .len = len, .order = d->sources++};
    *DR_PUSH(d->arena, d->source_list, d->source_count, d->source_room) = s;
    if (dr_arena_used(d->arena) > DR_DOCS_MEMORY_MAX) {
        if (!d->full)
            dr_report(&d->findings, s, DR_V_LIMIT, NULL,
                      "too much in the files before: neither this one nor those after it "
                      "are read");
        d->full = d->incomplete = true;
        return;
    }
    size_t first = d->findings.count;
    struct dr_node *next, *root = dr_yaml_read(d->arena, s, &d->findings);
    size_t last = d->findings.count;
    if (s->cut)
        d->incomplete = true;
    for (; root; root = next) {
        next = root->next;
        root->next = NULL;
        bool flawed = text_flawed(&d->findings, first, last, root, next);
        take_document(d, s, root, flawed ? SIZE_MAX : d->findings.errors);
    }
}

void dr_docs_expect(struct dr_docs *d, const char *name)
{
    if (d->findings.count || d->topology_count || d->controller_count || d->estate_count)
        return;
    struct dr_source *s = DR_NEW(d->arena, struct dr_source);
    *s = (struct dr_source){.name = name, .bytes = "", .order = d->sources++};
    dr_report(&d->findings, s, DR_V_NO_DOCUMENT, NULL, "there is no document")->hint =
        "in a folder .yaml and .yml files are read, hidden ones left out";
    d->incomplete = true;
}

struct named {
    const struct dr_doc *doc;
    bool twice;
};

static int compare_names(const void *pa, const void *pb)
{
    const struct dr_doc *a = ((const struct named *)pa)->doc;
    const struct dr_doc *b = ((const struct named *)pb)->doc;
    int c = (a->kind > b->kind) - (a->kind < b->kind);
    if (!c)
        c = strcmp(a->metadata.name, b->metadata.name);
    if (!c)
        c = strcmp(a->file, b->file);
    if (!c)
        c = (a->root->at.line > b->root->at.line) - (a->root->at.line < b->root->at.line);
    return c;
}

static struct dr_source *source_of(struct dr_docs *d, const char *file)
{
    for (size_t i = 0; i < d->source_count; i++)
        if (d->source_list[i]->name == file)
            return d->source_list[i];
    return d->source_list[0];
}

static void report_twice(struct dr_docs *d, const struct dr_doc *first,
                         const struct dr_doc *second)
{
    bool whole;
    const struct dr_node *n = dr_node_walk(second->root, "metadata.name", &whole);
    struct dr_finding *f =
        dr_report(&d->findings, source_of(d, second->file), DR_V_TOPOLOGY_TWICE, &n->at,
                  "a %s named '%s' exists already", dr_kind_name(second->kind),
                  second->metadata.name);
    f->path = "metadata.name";
    f->hint = dr_sprintf(d->arena, "it is at %s:%u", first->file,
                         dr_doc_mark(first, "metadata.name").line);
}

/* Takes the documents that share a name out of the decoded ones: which of them holds
 * would be a guess. */
static void drop(struct dr_docs *d, const struct dr_doc *doc)
{
    for (size_t i = 0; i < d->topology_count; i++)
        if (&d->topologies[i]->doc == doc)
            d->topologies[i] = d->topologies[--d->topology_count];
    for (size_t i = 0; i < d->controller_count; i++)
        if (&d->controllers[i]->doc == doc)
            d->controllers[i] = d->controllers[--d->controller_count];
    for (size_t i = 0; i < d->estate_count; i++)
        if (&d->estates[i]->doc == doc)
            d->estates[i] = d->estates[--d->estate_count];
    *DR_PUSH(d->arena, d->broken, d->broken_count, d->broken_room) = (struct dr_broken){
        .file = doc->file, .kind = dr_kind_name(doc->kind), .name = doc->metadata.name};
}

static size_t collect(struct dr_docs *d, struct named *all)
{
    size_t count = 0;
    for (size_t i = 0; i < d->topology_count; i++)
        all[count++].doc = &d->topologies[i]->doc;
    for (size_t i = 0; i < d->controller_count; i++)
        all[count++].doc = &d->controllers[i]->doc;
    for (size_t i = 0; i < d->estate_count; i++)
        all[count++].doc = &d->estates[i]->doc;
    if (count > 1)
        qsort(all, count, sizeof(*all), compare_names);
    return count;
}

void dr_docs_finish(struct dr_docs *d)
{
    size_t total = d->topology_count + d->controller_count + d->estate_count;
    struct named *all = DR_NEW_N(d->arena, total + 1, struct named);
    size_t count = collect(d, all);
    for (size_t i = 1; i < count; i++) {
        if (all[i].doc->kind != all[i - 1].doc->kind ||
            strcmp(all[i].doc->metadata.name, all[i - 1].doc->metadata.name) != 0)
            continue;
        report_twice(d, all[i - 1].doc, all[i].doc);
        all[i].twice = all[i - 1].twice = true;
    }
    for (size_t i = 0; i < count; i++)
        if (all[i].twice)
            drop(d, all[i].doc);
    dr_findings_sort(&d->findings);
}
