/* drover-man DIR DATE: writes drover.1 and a drover-COMMAND.1 for each command into DIR.
 * Used by `make man`; it is not installed. */
#include <stdio.h>

#include "cmd/drover/man.h"
#include "controller/base/file.h"

enum { PAGE_MAX = 1 << 20, PATH_BYTES = 4096 };

static int write_page(const char *dir, const char *name, const struct dr_buf *page)
{
    char path[PATH_BYTES];
    struct dr_err err;
    int n = snprintf(path, sizeof(path), "%s/drover%s%s.1", dir, *name ? "-" : "", name);
    if (n < 0 || (size_t)n >= sizeof(path) || page->overflow) {
        fprintf(stderr, "drover-man: '%s' is too long\n", name);
        return 1;
    }
    if (dr_file_write(path, dr_buf_str(page), page->len, 0644, &err) == 0)
        return 0;
    fprintf(stderr, "drover-man: %s\n", err.text);
    return 1;
}

int main(int argc, char **argv)
{
    struct dr_buf page;
    if (argc != 3) {
        fprintf(stderr, "drover-man DIR DATE\n");
        return 64;
    }
    dr_buf_init(&page, PAGE_MAX);
    dr_man_general(dr_commands, argv[2], &page);
    int rc = write_page(argv[1], "", &page);
    for (const struct dr_command *const *c = dr_commands; *c && !rc; c++) {
        dr_buf_clear(&page);
        dr_man_command(*c, argv[2], &page);
        rc = write_page(argv[1], (*c)->name, &page);
    }
    dr_buf_release(&page);
    return rc;
}
