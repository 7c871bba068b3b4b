#include "spec/text.h"

#include <string.h>

#include "spec/mask.h"

struct range {
    uint32_t first, last;
};

/* Wide (two cells) and zero-width characters, the blocks that occur in practice.
 * Source: Unicode 15, EastAsianWidth.txt and general categories Mn, Me, Cf. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26a1, 0x26a1},
    {0x2705, 0x2705},   {0x270a, 0x270b},   {0x2728, 0x2728},   {0x274c, 0x274c},
    {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},   {0x2b1b, 0x2b1c},
    {0x2b50, 0x2b50},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe10, 0xfe19},   {0xfe30, 0xfe6b},   {0xff01, 0xff60},   {0xffe0, 0xffe6},
    {0x16fe0, 0x18cd8}, {0x1b000, 0x1b2fb}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
    {0x1f7e0, 0x1f7eb}, {0x1f90c, 0x1faff}, {0x20000, 0x3fffd}};
static const struct range zero[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},
    {0x064b, 0x065f}, {0x06d6, 0x06dc}, {0x0900, 0x0902}, {0x093c, 0x093c},
    {0x0941, 0x0948}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x2060, 0x2064},
    {0x20d0, 0x20f0}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}};

/* Controls and what reorders or hides text. Tab, LF and CR are the caller's business.
 * Bidirectional controls: Unicode TR9; U+0085, U+2028 and U+2029 end a line for libyaml
 * but not for an editor, so a comment could hide a field. */
static const struct range refused[] = {
    {0x0000, 0x0008}, {0x000b, 0x001f}, {0x007f, 0x009f},  {0x061c, 0x061c},
    {0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x2064},
    {0x2066, 0x2069}, {0xd800, 0xdfff}, {0xfdd0, 0xfdef},  {0xfeff, 0xfeff},
    {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe007f}};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool within(const struct range *r, size_t count, uint32_t c)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c > r[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    return low < count && c >= r[low].first;
}

/* Cells that a character takes on a terminal: 0, 1 or 2. */
static unsigned char_cells(uint32_t c)
{
    if (c < 0x300)
        return 1;
    return within(zero, COUNT(zero), c) ? 0 : within(wide, COUNT(wide), c) ? 2 : 1;
}

bool dr_char_refused(uint32_t c)
{
    if (c >= 0x20 && c < 0x7f)
        return false;
    return within(refused, COUNT(refused), c) || (c & 0xfffe) == 0xfffe;
}

bool dr_utf8_next(const char **p, const char *end, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)*p;
    unsigned n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : 4;
    if (n == 1) {
        *c = s[0];
        (*p)++;
        return true;
    }
    if ((n == 4 && s[0] >> 3 != 30) || (size_t)(end - *p) < n)
        return false;
    uint32_t v = s[0] & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        if (s[i] >> 6 != 2)
            return false;
        v = v << 6 | (s[i] & 0x3f);
    }
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return false;
    *c = v;
    *p += n;
    return true;
}

static void index_lines(struct dr_arena *a, struct dr_source *s)
{
    const char *p = s->bytes, *end = s->bytes + s->len;
    if (s->len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
        p += 3;
    while (p) {
        *DR_PUSH(a, s->line_starts, s->line_count, s->line_room) =
            (uint32_t)(p - s->bytes);
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
}

/* One character, or one byte where the text is not UTF-8. */
static uint32_t step(const char **p, const char *end)
{
    uint32_t c;
    if (dr_utf8_next(p, end, &c))
        return c == '\t' ? ' ' : dr_char_refused(c) ? 0xfffd : c;
    (*p)++;
    return 0xfffd;
}

/* Byte offset of a column of a line; stops at the line's end. */
static const char *find_column(struct dr_source *s, const struct dr_span *at,
                               const char *line, const char *end)
{
    const char *p = line;
    uint32_t column = 1;
    if (s->last.line == at->line && s->last.column <= at->column) {
        p = s->bytes + s->last.byte;
        column = s->last.column;
    }
    for (; column < at->column && p < end; column++)
        step(&p, end);
    s->last.line = at->line;
    s->last.column = column;
    s->last.byte = (size_t)(p - s->bytes);
    return p;
}

/* Steps back at most `cells` cells from p, not before line. */
static const char *back(const char *p, const char *line, unsigned cells)
{
    unsigned used = 0;
    while (p > line && used < cells) {
        do
            p--;
        while (p > line && ((unsigned char)*p >> 6) == 2);
        used++;
    }
    return p;
}

size_t dr_utf8_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[n] | c);
    return n;
}

/* The bytes of a line, without its end. */
static const char *line_of(const struct dr_source *s, uint32_t line, const char **end)
{
    const char *from = s->bytes + s->line_starts[line - 1];
    *end = line < s->line_count ? s->bytes + s->line_starts[line] - 1 : s->bytes + s->len;
    if (*end > from && (*end)[-1] == '\r')
        (*end)--;
    return from;
}

/* Where a secret that began before `from` ends; `from` itself when none did. */
static const char *hidden_until(const char *line, const char *from, const char *end)
{
    const char *hidden = line;
    for (const char *q = from - line > 512 ? from - 512 : line; q < from; q++)
        if (q >= hidden)
            hidden = dr_secret_end(line, q, end);
    return hidden > from ? hidden : from;
}

const char *dr_source_excerpt(struct dr_arena *a, struct dr_source *s,
                              const struct dr_span *at, unsigned cells, uint32_t *caret,
                              uint32_t *caret_cells)
{
    uint32_t chars = 0, word_cells = 0;
    *caret = 0;
    *caret_cells = 1;
    if (!s->line_starts)
        index_lines(a, s);
    if (!at->line || at->line > s->line_count)
        return "";
    const char *end, *line = line_of(s, at->line, &end);
    const char *word = find_column(s, at, line, end);
    const char *p = back(word, line, cells / 2);
    const char *hidden = hidden_until(line, p, end);
    char *out = dr_alloc(a, (size_t)cells * 4 + 16);
    size_t len = p > line ? 3 : 0;
    unsigned used = (unsigned)len;
    memcpy(out, "...", len);
    while (p < end && used < cells) {
        if (p == word)
            *caret = used;
        if (p >= hidden)
            hidden = dr_secret_end(line, p, end);
        bool in_word = p >= word && chars < at->width, hide = p < hidden;
        uint32_t c = step(&p, end);
        unsigned w = hide ? 1 : char_cells(c);
        len += dr_utf8_put(out + len, hide ? '*' : c);
        used += w;
        chars += in_word;
        word_cells += in_word ? w : 0;
    }
    if (word >= end)
        *caret = used;
    if (p < end)
        memcpy(out + len, "...", 4);
    if (word_cells)
        *caret_cells = word_cells;
    return out;
}
