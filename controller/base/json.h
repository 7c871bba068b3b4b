/* jansson with the house's rules: duplicate keys refused, integers exact. A number that
 * int64 cannot hold (PD's member ids, TiCDC's gid halves) is read as a string of its
 * digits, because jansson would refuse the whole document. Source: a capture of a real
 * PD; TiCDC's model of ChangeFeedInfo. */
#ifndef DR_BASE_JSON_H
#define DR_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/err.h"

/* Call once before threads: fixes the hash seed, so that output order never varies. */
void dr_json_init(void);

/* Parses one document of at most 64 MiB and depth 128. Out: owned by the caller
 * (json_decref). Fails: DR_E_PROTOCOL with line and column. */
int dr_json_parse(json_t **out, const char *text, size_t len,
                  struct dr_err *err) DR_MUST_CHECK;

/* As dr_json_parse, but the value dies with the arena. */
int dr_json_parse_in(struct dr_arena *a, json_t **out, const char *text, size_t len,
                     struct dr_err *err) DR_MUST_CHECK;

/* Member `key` of object `o` (NULL or another type: false). A u64 is taken from a
 * non-negative integer or from a string of digits; a string is borrowed from `o`. */
bool dr_json_u64(const json_t *o, const char *key, uint64_t *out) DR_MUST_CHECK;
bool dr_json_i64(const json_t *o, const char *key, int64_t *out) DR_MUST_CHECK;
bool dr_json_bool(const json_t *o, const char *key, bool *out) DR_MUST_CHECK;
const char *dr_json_str(const json_t *o, const char *key); /* NULL: absent */
uint64_t dr_json_value_u64(const json_t *v, bool *ok);

/* A TSO, revision or id in our own JSON: a string of digits. New reference. */
json_t *dr_json_u64_string(uint64_t v);

/* Puts a member: a copy of the text, or null. */
void dr_json_set_text(json_t *o, const char *key, const char *text);

/* Canonical text (sorted, compact), owned by the arena. */
char *dr_json_text(struct dr_arena *a, const json_t *v);

#endif
