#include "controller/base/quote.h"

#include <string.h>

void dr_sql_add_string(struct dr_buf *b, const char *text, size_t len)
{
    dr_buf_addc(b, '\'');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\'' || text[i] == '\\')
            dr_buf_addc(b, '\\');
        if (text[i] == '\0')
            dr_buf_adds(b, "\\0");
        else
            dr_buf_addc(b, text[i]);
    }
    dr_buf_addc(b, '\'');
}

const char *dr_sql_string(struct dr_arena *a, const char *text)
{
    struct dr_buf b;
    dr_buf_init(&b, strlen(text) * 2 + 3);
    dr_sql_add_string(&b, text, strlen(text));
    const char *out = dr_strdup(a, dr_buf_str(&b));
    dr_buf_release(&b);
    return out;
}

void dr_sql_add_name(struct dr_buf *b, const char *name)
{
    dr_buf_addc(b, '`');
    for (; *name; name++) {
        if (*name == '`')
            dr_buf_addc(b, '`');
        dr_buf_addc(b, *name);
    }
    dr_buf_addc(b, '`');
}
