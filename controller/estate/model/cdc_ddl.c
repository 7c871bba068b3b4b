#include "controller/estate/model/cdc_ddl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool cdc_ddl_replicable(const char *ddl_type)
{
    static const char *const never[] = {
        "sequence",      "placement",     "resource group", "tiflash",
        "auto id cache", "auto_id_cache", "auto_random",    "flashback cluster",
        "attributes",    "lock table",    "unlock table",
    };
    for (size_t i = 0; ddl_type && i < sizeof(never) / sizeof(never[0]); i++)
        if (strcasestr(ddl_type, never[i]))
            return false;
    return true;
}

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Length of a quoted text at s, 0: none starts here. */
static size_t quoted(const char *s)
{
    char quote = *s;
    const char *p = s + 1;

    if (quote != '\'' && quote != '"' && quote != '`')
        return 0;
    for (; *p && *p != quote; p++)
        if (*p == '\\' && quote != '`' && p[1])
            p++;
    return (size_t)(p - s) + (*p == quote);
}

/* Length of "TTL_ENABLE [=] 'x'" at s. */
static size_t enable_option(const char *s)
{
    const char *p = s + strlen("TTL_ENABLE");
    p += strspn(p, " \t\r\n");
    p += *p == '=';
    p += strspn(p, " \t\r\n");
    p += quoted(p);
    return (size_t)(p - s);
}

void cdc_ddl_rewrite(struct dr_buf *out, const char *ddl)
{
    bool ttl = false, enable = false, start = true;
    size_t n;

    for (const char *p = ddl; *p; p += n) {
        n = quoted(p);
        if (n)
            start = true;
        else if (start && !strncasecmp(p, "TTL_ENABLE", 10) && !word_char(p[10])) {
            n = enable_option(p);
            enable = true;
            dr_buf_adds(out, "TTL_ENABLE = 'OFF'");
            continue;
        } else {
            n = 1;
            if (start && !strncasecmp(p, "TTL", 3) && !word_char(p[3])) {
                const char *q = p + 3 + strspn(p + 3, " \t\r\n");
                ttl |= *q == '=';
            }
            start = !word_char(*p);
        }
        dr_buf_add(out, p, n);
    }
    if (ttl && !enable)
        dr_buf_adds(out, " TTL_ENABLE = 'OFF'");
}
