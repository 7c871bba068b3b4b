/* A snapshot of facts comes from a file that anybody may have changed: it is refused, or
 * it is planned from, and written again it says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/observe/snapshot.h"
#include "controller/plan/plan.h"
#include "spec/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
    "apiVersion: drover/v1\nkind: Topology\nmetadata: {name: shop}\nspec:\n"
    "  mode: PrimarySecondary\n  primary: east\n  clusters:\n"
    "  - name: east\n    region: region-1\n"
    "    sql: {endpoints: ['127.0.1.4:4000', '127.0.1.5:4000'], user: drover, "
    "password: {env: E}}\n"
    "    pd: {endpoints: ['http://127.0.1.1:2379']}\n"
    "    ticdc: {endpoints: ['http://127.1.1.9:8300']}\n"
    "  - name: west\n    region: region-2\n"
    "    sql: {endpoints: ['127.1.1.4:4000', '127.1.1.5:4000'], user: drover, "
    "password: {env: W}}\n"
    "    pd: {endpoints: ['http://127.1.1.1:2379']}\n"
    "  storage:\n"
    "    backup: {region: region-2, uri: 's3://backup/shop'}\n"
    "    redo: {region: region-2, uri: 's3://redo/shop'}\n"
    "  replication:\n    sink: {user: cdc, password: {env: S}}\n"
    "    redo: {level: eventual}\n";

static void plan_from(const struct dr_topology *t, const struct dr_facts *f,
                      struct dr_arena *a)
{
    struct dr_plan_input in = {.topology = t, .facts = f, .revision = "fuzz"};
    struct dr_plan *p = dr_plan_build(&in, a), *again = dr_plan_build(&in, a);
    struct dr_buf b;
    dr_buf_init(&b, 64 << 20);
    dr_plan_text(p, &in, true, &b);
    dr_buf_release(&b);
    json_t *first = dr_facts_encode(f), *second;
    struct dr_facts *read;
    struct dr_err err;
    if (strcmp(p->digest, again->digest) != 0 ||
        dr_facts_decode(&read, first, a, &err) != 0)
        abort();
    second = dr_facts_encode(read);
    if (!json_equal(first, second))
        abort();
    json_decref(first);
    json_decref(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_docs docs;
    struct dr_facts *f;
    struct dr_err err = {0};
    dr_json_init();
    dr_docs_init(&docs, a);
    dr_docs_add(&docs, "fuzz.yaml", document, sizeof(document) - 1);
    dr_docs_finish(&docs);
    if (docs.topology_count != 1)
        abort();
    if (dr_snapshot_parse(&f, (const char *)data, size, docs.topologies[0], a, &err) == 0)
        plan_from(docs.topologies[0], f, a);
    else if (!err.text[0])
        abort();
    dr_arena_free(a);
    return 0;
}
