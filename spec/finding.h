/* The collector of findings: everything that is wrong or worth a word in the documents of
 * one run, sorted, printable as text with the source line and a caret, and as JSON. */
#ifndef DR_SPEC_FINDING_H
#define DR_SPEC_FINDING_H

#include <jansson.h>

#include "controller/base/arena.h"
#include "controller/base/buf.h"
#include "spec/code.h"
#include "spec/text.h"

struct dr_finding {
    enum dr_vcode code;
    const char *file;
    uint32_t order;      /* of the source */
    struct dr_span at;   /* line 0: the file as a whole */
    const char *path;    /* field, NULL: none */
    const char *message; /* lower case, no full stop */
    const char *meant;   /* "did you mean", NULL: none */
    const char *hint;    /* NULL: none */
    const char *source;  /* the line, possibly cut; NULL: none */
    uint32_t caret, caret_cells;
};

struct dr_findings {
    struct dr_arena *arena; /* everything it holds lives there */
    struct dr_finding *items;
    size_t count, room;
    size_t errors, warnings;
    struct dr_finding spare; /* what is written about findings beyond the limit */
};

/* No more are kept for one source; the last one says so. */
enum { DR_FINDINGS_MAX = 1000 };

void dr_findings_init(struct dr_findings *f, struct dr_arena *a);

/* Adds one; `at` NULL: the file as a whole. Out: the finding, borrowed until the next
 * call, so that the caller can add path, meant and hint; never NULL. */
struct dr_finding *dr_report(struct dr_findings *f, struct dr_source *s,
                             enum dr_vcode code, const struct dr_span *at,
                             const char *fmt, ...) DR_PRINTF(5, 6);

/* By source, place, code. */
void dr_findings_sort(struct dr_findings *f);

/* "file:line:col: DR-Vnnn message", the line, the caret, the hint; then nothing. */
void dr_findings_text(const struct dr_findings *f, bool colour, struct dr_buf *out);

/* An array of objects; a new reference. */
json_t *dr_findings_json(const struct dr_findings *f);

#endif
