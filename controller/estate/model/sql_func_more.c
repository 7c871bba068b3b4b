/* TiDB's functions on strings by their characters, and on dates as people write them.
 * Source: docs: functions-and-operators/string-functions.md, date-and-time-functions.md.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "controller/estate/model/sql_func.h"

enum { TEXT_MAX = 64 << 20 };

/* ---- characters ---- */

static bool begins_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static int64_t characters(const char *s)
{
    int64_t n = 0;
    for (; *s; s++)
        n += begins_character(*s);
    return n;
}

/* Bytes of the first n characters. */
static size_t bytes_of(const char *s, int64_t n)
{
    size_t i = 0;
    for (; s[i] && (n > 0 || !begins_character(s[i])); i++)
        n -= s[i + 1] && begins_character(s[i + 1]) ? 1 : 0;
    return i;
}

static void f_char_length(ARGS)
{
    if (!null(ctx, argc, argv))
        sqlite3_result_int64(ctx, characters(text(argv[0])));
}

static void give_buf(sqlite3_context *ctx, struct dr_buf *b)
{
    if (b->overflow)
        sqlite3_result_null(ctx);
    else
        sqlite3_result_text(ctx, dr_buf_str(b), (int)b->len, SQLITE_TRANSIENT);
    dr_buf_release(b);
}

/* `pad` again and again, until it has n characters. */
static void add_padding(struct dr_buf *b, const char *pad, int64_t n)
{
    int64_t each = characters(pad);
    for (; n >= each && !b->overflow; n -= each)
        dr_buf_adds(b, pad);
    if (n > 0)
        dr_buf_add(b, pad, bytes_of(pad, n));
}

static void pad(ARGS, bool left)
{
    struct dr_buf b;
    if (null(ctx, argc, argv))
        return;
    const char *s = text(argv[0]), *with = text(argv[2]);
    int64_t want = sqlite3_value_int64(argv[1]), have = characters(s);
    if (want < 0 || (want > have && !*with) || want > TEXT_MAX) {
        sqlite3_result_null(ctx);
        return;
    }
    dr_buf_init(&b, TEXT_MAX);
    if (left)
        add_padding(&b, with, want - have);
    dr_buf_add(&b, s, want < have ? bytes_of(s, want) : strlen(s));
    if (!left)
        add_padding(&b, with, want - have);
    give_buf(ctx, &b);
}

static void f_lpad(ARGS)
{
    pad(ctx, argc, argv, true);
}

static void f_rpad(ARGS)
{
    pad(ctx, argc, argv, false);
}

static void repeat(sqlite3_context *ctx, const char *s, int64_t n)
{
    struct dr_buf b;
    dr_buf_init(&b, TEXT_MAX);
    for (; *s && n > 0 && !b.overflow; n--)
        dr_buf_adds(&b, s);
    give_buf(ctx, &b);
}

static void f_repeat(ARGS)
{
    if (!null(ctx, argc, argv))
        repeat(ctx, text(argv[0]), sqlite3_value_int64(argv[1]));
}

static void f_space(ARGS)
{
    if (!null(ctx, argc, argv))
        repeat(ctx, " ", sqlite3_value_int64(argv[0]));
}

static void f_ascii(ARGS)
{
    if (!null(ctx, argc, argv))
        sqlite3_result_int(ctx, (unsigned char)*text(argv[0]));
}

/* The first of the others that is the same; 0: none. */
static void f_field(ARGS)
{
    int at = 0;
    for (int i = 1; i < argc && !at; i++)
        if (sqlite3_value_type(argv[0]) != SQLITE_NULL &&
            sqlite3_value_type(argv[i]) != SQLITE_NULL &&
            strcmp(text(argv[0]), text(argv[i])) == 0)
            at = i;
    sqlite3_result_int(ctx, at);
}

static void f_elt(ARGS)
{
    int64_t n = sqlite3_value_int64(argv[0]);
    if (n < 1 || n >= argc)
        sqlite3_result_null(ctx);
    else
        sqlite3_result_value(ctx, argv[n]);
}

static void f_find_in_set(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    const char *word = text(argv[0]), *set = text(argv[1]);
    size_t len = strlen(word);
    int at = 0;
    bool more = *set != '\0';
    for (int i = 1; more && !at; i++) {
        size_t n = strcspn(set, ",");
        if (n == len && memcmp(set, word, n) == 0)
            at = i;
        more = set[n] == ',';
        set += n + more;
    }
    sqlite3_result_int(ctx, at);
}

/* ---- numbers ---- */

static void f_truncate(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    double by = pow(10, (double)sqlite3_value_int64(argv[1]));
    if (sqlite3_value_type(argv[0]) == SQLITE_INTEGER && by >= 1)
        sqlite3_result_value(ctx, argv[0]);
    else
        sqlite3_result_double(ctx, trunc(sqlite3_value_double(argv[0]) * by) / by);
}

/* ---- dates ---- */

enum { DAY_MS = 86400000 };

static int64_t day_of(int64_t ms)
{
    return ms / DAY_MS - (ms % DAY_MS < 0);
}

static void f_datediff(ARGS)
{
    int64_t a, b;
    if (null(ctx, argc, argv))
        return;
    if (dr_time_parse(text(argv[0]), &a) && dr_time_parse(text(argv[1]), &b))
        sqlite3_result_int64(ctx, day_of(a) - day_of(b));
    else
        sqlite3_result_null(ctx);
}

/* What strftime says to the letter; NULL: it has no such letter. */
static const char *same_letter(char c)
{
    static const char *const letters[] = {
        ['Y'] = "%Y", ['y'] = "%y", ['m'] = "%m", ['d'] = "%d", ['H'] = "%H",
        ['h'] = "%I", ['I'] = "%I", ['i'] = "%M", ['s'] = "%S", ['S'] = "%S",
        ['j'] = "%j", ['p'] = "%p", ['T'] = "%T", ['r'] = "%r", ['M'] = "%B",
        ['b'] = "%b", ['W'] = "%A", ['a'] = "%a", ['w'] = "%w"};
    return (size_t)c < sizeof(letters) / sizeof(letters[0]) ? letters[(size_t)c] : NULL;
}

static void add_letter(struct dr_buf *b, char c, const struct tm *tm, int64_t ms)
{
    static const char *const endings[] = {"th", "st", "nd", "rd"};
    const char *format = same_letter(c);
    char word[32];
    int d = tm->tm_mday;
    bool teen = d > 10 && d < 14;
    switch (c) {
    case 'c':
        dr_buf_addf(b, "%d", tm->tm_mon + 1);
        return;
    case 'e':
        dr_buf_addf(b, "%d", d);
        return;
    case 'k':
        dr_buf_addf(b, "%d", tm->tm_hour);
        return;
    case 'l':
        dr_buf_addf(b, "%d", tm->tm_hour % 12 ? tm->tm_hour % 12 : 12);
        return;
    case 'f':
        dr_buf_addf(b, "%03d000", (int)(((ms % 1000) + 1000) % 1000));
        return;
    case 'D':
        dr_buf_addf(b, "%d%s", d, endings[teen || d % 10 > 3 ? 0 : d % 10]);
        return;
    default:
        break;
    }
    if (format && strftime(word, sizeof(word), format, tm))
        dr_buf_adds(b, word);
    else
        dr_buf_addc(b, c);
}

static void f_date_format(ARGS)
{
    struct dr_buf b;
    struct tm tm;
    int64_t ms;
    if (null(ctx, argc, argv))
        return;
    if (!dr_time_parse(text(argv[0]), &ms)) {
        sqlite3_result_null(ctx);
        return;
    }
    time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
    gmtime_r(&seconds, &tm);
    dr_buf_init(&b, TEXT_MAX);
    for (const char *p = text(argv[1]); *p; p++) {
        if (*p == '%' && p[1])
            add_letter(&b, *++p, &tm, ms);
        else
            dr_buf_addc(&b, *p);
    }
    give_buf(ctx, &b);
}

void dr_more_functions_register(struct sqlite3 *db, struct dr_exec **current)
{
    static const struct {
        const char *name;
        int args;
        void (*fn)(ARGS);
    } table[] = {
        {"char_length", 1, f_char_length},
        {"character_length", 1, f_char_length},
        {"lpad", 3, f_lpad},
        {"rpad", 3, f_rpad},
        {"repeat", 2, f_repeat},
        {"space", 1, f_space},
        {"ascii", 1, f_ascii},
        {"field", -1, f_field},
        {"elt", -1, f_elt},
        {"find_in_set", 2, f_find_in_set},
        {"truncate", 2, f_truncate},
        {"datediff", 2, f_datediff},
        {"date_format", 2, f_date_format},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        sqlite3_create_function(db, table[i].name, table[i].args, SQLITE_UTF8, current,
                                table[i].fn, NULL, NULL);
}
