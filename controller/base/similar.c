#include "controller/base/similar.h"

#include <string.h>

enum { MAX_WORD = 64 };

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static unsigned min2(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance, case ignored; words over MAX_WORD are far. */
static unsigned distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned row[3][MAX_WORD + 1];
    if (n > MAX_WORD || m > MAX_WORD)
        return MAX_WORD;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[i % 3], *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned same = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
            now[j] = min2(min2(up[j] + 1, now[j - 1] + 1), up[j - 1] + same);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                now[j] = min2(now[j], up2[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *dr_similar(const char *word, const char *const *words, size_t count)
{
    size_t len = strlen(word);
    unsigned limit = len < 3 ? 1 : len < 7 ? 2 : 3;
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        unsigned d = distance(word, words[i]);
        if (d <= limit && d < strlen(words[i])) {
            best = words[i];
            limit = d ? d - 1 : 0;
            if (!d)
                break;
        }
    }
    return best;
}
