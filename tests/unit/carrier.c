/* What every carrier shares: addresses, cells, the session setup. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/estate/carrier.h"

Test(carrier, addresses_are_parsed_strictly_and_printed_back)
{
    static const struct {
        const char *text;
        uint16_t default_port;
        const char *host; /* NULL: refused */
        uint16_t port;
        const char *back;
    } cases[] = {
        {"10.0.1.4:4000", 0, "10.0.1.4", 4000, "10.0.1.4:4000"},
        {"db.example", 4000, "db.example", 4000, "db.example:4000"},
        {"db.example", 0, NULL, 0, NULL},
        {"[fd00::1]:2379", 0, "fd00::1", 2379, "[fd00::1]:2379"},
        {"[fd00::1]", 2379, "fd00::1", 2379, "[fd00::1]:2379"},
        {"fd00::1", 2379, NULL, 0, NULL},
        {"[fd00::1", 2379, NULL, 0, NULL},
        {"[fd00::1]x", 2379, NULL, 0, NULL},
        {"[]:1", 0, NULL, 0, NULL},
        {"host:65535", 0, "host", 65535, "host:65535"},
        {"host:65536", 0, NULL, 0, NULL},
        {"host:0", 1, NULL, 0, NULL},
        {"host:", 4000, NULL, 0, NULL},
        {"host:04000", 0, NULL, 0, NULL},
        {"host:+1", 0, NULL, 0, NULL},
        {":4000", 0, NULL, 0, NULL},
        {"", 4000, NULL, 0, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_address at = {.port = 7};
        char text[DR_HOST_MAX + 16];
        bool good = dr_address_parse(&at, cases[i].text, cases[i].default_port);
        cr_assert_eq(good, cases[i].host != NULL, "'%s'", cases[i].text);
        if (!good)
            continue;
        cr_assert_str_eq(at.host, cases[i].host);
        cr_assert_eq(at.port, cases[i].port);
        cr_assert_str_eq(dr_address_text(&at, text), cases[i].back);
        struct dr_address again;
        cr_assert(dr_address_parse(&again, text, 0));
        cr_assert(dr_address_equal(&at, &again));
    }
}

Test(carrier, a_host_is_bounded)
{
    char text[DR_HOST_MAX + 8];
    struct dr_address at;
    memset(text, 'a', sizeof(text));
    text[DR_HOST_MAX - 1] = '\0';
    cr_assert(dr_address_parse(&at, text, 1));
    cr_assert_eq(strlen(at.host), DR_HOST_MAX - 1);
    text[DR_HOST_MAX - 1] = 'a';
    text[DR_HOST_MAX] = '\0';
    cr_assert_not(dr_address_parse(&at, text, 1));
}

Test(carrier, addresses_compare_by_host_and_port)
{
    struct dr_address a, b;
    cr_assert(dr_address_parse(&a, "DB.example:1", 0));
    cr_assert(dr_address_parse(&b, "db.EXAMPLE:1", 0));
    cr_assert(dr_address_equal(&a, &b), "host names know no case");
    b.port = 2;
    cr_assert_not(dr_address_equal(&a, &b));
}

Test(carrier, cells_are_found_by_column_without_case)
{
    const char *columns[] = {"Id", "User"};
    struct dr_cell cells[] = {{"1", 1}, {"a", 1}, {"2", 1}, {NULL, 0}};
    struct dr_sql_answer a = {
        .column_count = 2, .row_count = 2, .columns = columns, .cells = cells};
    cr_assert_str_eq(dr_answer_cell(&a, 0, "USER")->text, "a");
    cr_assert_str_eq(dr_answer_cell(&a, 1, "id")->text, "2");
    cr_assert_null(dr_answer_cell(&a, 1, "user")->text, "SQL NULL");
    cr_assert_null(dr_answer_cell(&a, 2, "id")->text, "no such row");
    cr_assert_null(dr_answer_cell(&a, 0, "ids")->text, "no such column");
    cr_assert_null(dr_answer_cell(&(struct dr_sql_answer){0}, 0, "id")->text);
}

Test(carrier, the_session_setup_is_single_statements)
{
    size_t n = 0;
    for (; dr_session_setup[n]; n++) {
        cr_assert_eq(strncmp(dr_session_setup[n], "SET ", 4), 0);
        cr_assert_null(strchr(dr_session_setup[n], ';'));
    }
    cr_assert_gt(n, 0);
}
