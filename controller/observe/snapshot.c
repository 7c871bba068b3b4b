#include "controller/observe/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "controller/base/file.h"
#include "controller/base/json.h"

int dr_snapshot_save(const char *path, const struct dr_facts *f, unsigned mode,
                     struct dr_err *err)
{
    json_t *v = dr_facts_encode(f);
    char *text = json_dumps(v, JSON_INDENT(2) | JSON_SORT_KEYS);
    int rc = text ? dr_file_write(path, text, strlen(text), mode, err)
                  : dr_fail(err, DR_E_BUG, "the facts cannot be written as JSON");
    free(text);
    json_decref(v);
    return rc;
}

int dr_snapshot_parse(struct dr_facts **out, const char *bytes, size_t len,
                      const struct dr_topology *t, struct dr_arena *a, struct dr_err *err)
{
    json_t *v;
    struct dr_facts *f;
    int rc = dr_json_parse_in(a, &v, bytes, len, err);
    if (rc == 0)
        rc = dr_facts_decode(&f, v, a, err);
    if (rc != 0)
        return rc;
    if (f->cluster_count != t->cluster_count)
        return dr_fail(err, DR_E_INPUT, "they are of %zu clusters, '%s' declares %zu",
                       f->cluster_count, t->doc.metadata.name, t->cluster_count);
    for (size_t i = 0; i < t->cluster_count; i++)
        if (strcmp(f->clusters[i].name, t->clusters[i].name) != 0)
            return dr_fail(err, DR_E_INPUT, "they name cluster '%s' where '%s' stands",
                           f->clusters[i].name, t->clusters[i].name);
    *out = f;
    return 0;
}

int dr_snapshot_load(struct dr_facts **out, const char *path, const struct dr_topology *t,
                     struct dr_arena *a, struct dr_err *err)
{
    char *bytes;
    size_t len;
    int rc = dr_file_read(a, path, DR_SNAPSHOT_MAX, &bytes, &len, err);
    if (rc == 0)
        rc = dr_snapshot_parse(out, bytes, len, t, a, err);
    return rc == 0 ? 0 : dr_wrap(err, "facts '%s'", path);
}
