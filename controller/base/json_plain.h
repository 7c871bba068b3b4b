#ifndef DR_BASE_JSON_PLAIN_H
#define DR_BASE_JSON_PLAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Reads JSON that has nothing unusual in it: the value that the library would give, new
 * reference; NULL: ask the library, which knows all of JSON, and what is wrong. */
json_t *dr_json_plain(const char *bytes, size_t len);

#endif
