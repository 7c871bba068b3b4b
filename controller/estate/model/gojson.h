/* JSON as Go's encoding/json prints it, because clients see those bytes: members in the
 * order written, `<`, `>` and `&` as \u003c and so on, U+2028/9 escaped, integers of any
 * 64 bits; compact (indent 0) or indented by some blanks. Source: go: encoding/json.
 *
 * A key is given for members of an object and NULL for items of an array. */
#ifndef DR_MODEL_GOJSON_H
#define DR_MODEL_GOJSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "controller/base/buf.h"

enum { DR_GOJSON_DEPTH = 16 };

struct dr_gojson {
    struct dr_buf *out;
    int indent, depth;
    bool some[DR_GOJSON_DEPTH]; /* the open value of this depth has members */
    char close[DR_GOJSON_DEPTH];
};

void dr_gojson_init(struct dr_gojson *w, struct dr_buf *out, int indent);
void dr_gojson_object(struct dr_gojson *w, const char *key);
void dr_gojson_array(struct dr_gojson *w, const char *key);
void dr_gojson_end(struct dr_gojson *w); /* closes the innermost open value */
void dr_gojson_str(struct dr_gojson *w, const char *key, const char *s);
void dr_gojson_u64(struct dr_gojson *w, const char *key, uint64_t v);
void dr_gojson_i64(struct dr_gojson *w, const char *key, int64_t v);
void dr_gojson_bool(struct dr_gojson *w, const char *key, bool v);
void dr_gojson_null(struct dr_gojson *w, const char *key);
/* A whole value, its members in jansson's (insertion) order. */
void dr_gojson_value(struct dr_gojson *w, const char *key, const json_t *v);
/* A value that was written before, compact. */
void dr_gojson_raw(struct dr_gojson *w, const char *key, const char *text);

/* Just the quoted, escaped text. */
void dr_gojson_quote(struct dr_buf *out, const char *s);

#endif
