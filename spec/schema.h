/* JSON Schema 2020-12 of the language, for editors, from the same tables. It checks
 * shape: names, types, words, ranges, forms. Meaning is what `drover validate` adds. */
#ifndef DR_SPEC_SCHEMA_H
#define DR_SPEC_SCHEMA_H

#include <jansson.h>

#include "spec/doc.h"

/* Schema of one kind, or of any kind (DR_KIND_COUNT). A new reference. */
json_t *dr_schema(enum dr_kind kind);

#endif
