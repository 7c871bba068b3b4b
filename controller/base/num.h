/* Numbers, durations, sizes: parsed strictly (the whole text, no sign unless allowed,
 * no leading zeros, no overflow) and printed in the one spelling the language uses. */
#ifndef DR_BASE_NUM_H
#define DR_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/err.h"

enum { DR_DURATION_TEXT = 40, DR_SIZE_TEXT = 32 };

bool dr_parse_u64(const char *s, size_t len, uint64_t *out) DR_MUST_CHECK;
bool dr_parse_i64(const char *s, size_t len, int64_t *out) DR_MUST_CHECK;

/* "10m", "1h30m", "250ms", "24h", "7d": units ms s m h d, largest first, each once.
 * Out: milliseconds. "0" alone is 0. */
bool dr_parse_duration(const char *s, size_t len, int64_t *ms) DR_MUST_CHECK;

/* Go's spelling as TiDB and TiCDC print it: "10m0s", "1h30m0s", "1.5s", "100us".
 * Out: nanoseconds. */
bool dr_parse_go_duration(const char *s, size_t len, int64_t *ns) DR_MUST_CHECK;

/* "64MiB", "1GiB", "512KiB", "100B": binary units only. Out: bytes. */
bool dr_parse_size(const char *s, size_t len, uint64_t *bytes) DR_MUST_CHECK;

/* Print the shortest exact spelling that the parsers above take back. */
const char *dr_duration_text(int64_t ms, char out[DR_DURATION_TEXT]);
/* The same for people: whole seconds from ten seconds on, tenths below. */
const char *dr_duration_short(int64_t ms, char out[DR_DURATION_TEXT]);
const char *dr_go_duration_text(int64_t ms, char out[DR_DURATION_TEXT]);
const char *dr_size_text(uint64_t bytes, char out[DR_SIZE_TEXT]);

#endif
