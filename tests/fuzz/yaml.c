/* Whatever bytes come in as a document are read to the same findings twice, within
 * bounds, and can be printed both ways; a document with an error is never handed on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 64 << 20 };

static void require(int holds)
{
    if (!holds)
        abort();
}

/* Every line that findings print is UTF-8 without controls. */
static void require_clean(const struct dr_buf *text)
{
    const char *p = dr_buf_str(text), *end = p + text->len;
    while (p < end) {
        uint32_t c;
        require(dr_utf8_next(&p, end, &c));
        require(c == '\n' || !dr_char_refused(c));
    }
}

static void read_once(const uint8_t *data, size_t size, struct dr_buf *out)
{
    struct dr_arena *a = dr_arena_new(512u << 20);
    struct dr_docs d;
    dr_docs_init(&d, a);
    dr_docs_add(&d, "input", (const char *)data, size);
    dr_docs_finish(&d);
    require(d.findings.count <= DR_FINDINGS_MAX + 1);
    require(d.findings.errors + d.findings.warnings == d.findings.count);
    require(!d.broken_count || d.findings.errors);
    for (size_t i = 0; i < d.findings.count; i++)
        require(d.findings.items[i].at.line > 0 || d.findings.items[i].source == NULL);
    dr_findings_text(&d.findings, false, out);
    require_clean(out);
    json_t *json = dr_findings_json(&d.findings);
    require(json_array_size(json) == d.findings.count);
    for (size_t i = 0; i < d.findings.count; i++)
        require(json_object_get(json_array_get(json, i), "message") != NULL);
    json_decref(json);
    dr_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dr_buf one, two;
    dr_buf_init(&one, OUTPUT_MAX);
    dr_buf_init(&two, OUTPUT_MAX);
    read_once(data, size, &one);
    read_once(data, size, &two);
    require(one.len == two.len && !memcmp(dr_buf_str(&one), dr_buf_str(&two), one.len));
    dr_buf_release(&one);
    dr_buf_release(&two);
    return 0;
}
