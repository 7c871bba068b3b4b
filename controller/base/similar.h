/* "Did you mean": the nearest of some words. Pure. */
#ifndef DR_BASE_SIMILAR_H
#define DR_BASE_SIMILAR_H

#include <stddef.h>

/* The word of `words` (count of them) that is nearest to `word` by edit distance with
 * transpositions, NULL when none is near enough to be meant. */
const char *dr_similar(const char *word, const char *const *words, size_t count);

#endif
