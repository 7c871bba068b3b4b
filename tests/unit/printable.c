/* What people may see of bytes from outside. */
#include <criterion/criterion.h>

#include "controller/base/printable.h"

Test(printable, escapes_what_moves_or_reorders)
{
    static const struct {
        const char *in;
        size_t max;
        const char *out;
    } cases[] = {
        {"", 10, ""},
        {"plain", 5, "plain"},
        {"plain", 4, "plai..."},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 99,
         "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xc3\xa4", 2, "a..."},
        {"a\r\nb\x1b[0m\x7f", 99, "a\\x0D\\x0Ab\\x1B[0m\\x7F"},
        {"\xc2\x85", 99, "\\xC2\\x85"},
        {"\xe2\x80\xae"
         "x",
         99, "\\xE2\\x80\\xAEx"},
        {"\xe2\x81\xa6", 99, "\\xE2\\x81\\xA6"},
        {"\xef\xbb\xbf", 99, "\\xEF\\xBB\\xBF"},
        {"\xc0\xaf", 99, "\\xC0\\xAF"},
        {"\xed\xa0\x80", 99, "\\xED\\xA0\\x80"},
        {"\xf4\x90\x80\x80", 99, "\\xF4\\x90\\x80\\x80"},
        {"\xe2\x82", 99, "\\xE2\\x82"},
        {"\xff", 99, "\\xFF"},
    };
    struct dr_arena *a = dr_arena_new(0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = strlen(cases[i].in);
        const char *got = dr_printable(a, cases[i].in, len, cases[i].max);
        cr_assert_str_eq(got, cases[i].out, "case %zu: %s", i, got);
        bool same = len <= cases[i].max && strcmp(got, cases[i].in) == 0;
        cr_assert(len > cases[i].max || dr_is_printable(cases[i].in, len) == same, "%zu",
                  i);
    }
    cr_assert_not(dr_is_printable("a\0b", 3));
    dr_arena_free(a);
}
