#include "controller/base/err.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    enum dr_err_class class;
} codes[] = {
    // clang-format off
    [0]                 = {"ok",          DR_CLASS_BUG},
    [DR_E_INPUT]        = {"input",       DR_CLASS_USER},
    [DR_E_LIMIT]        = {"limit",       DR_CLASS_USER},
    [DR_E_IO]           = {"io",          DR_CLASS_FATAL},
    [DR_E_TIMEOUT]      = {"timeout",     DR_CLASS_RETRY},
    [DR_E_UNREACHABLE]  = {"unreachable", DR_CLASS_RETRY},
    [DR_E_AUTH]         = {"auth",        DR_CLASS_USER},
    [DR_E_DENIED]       = {"denied",      DR_CLASS_USER},
    [DR_E_PROTOCOL]     = {"protocol",    DR_CLASS_FATAL},
    [DR_E_ABSENT]       = {"absent",      DR_CLASS_USER},
    [DR_E_CONFLICT]     = {"conflict",    DR_CLASS_RETRY},
    [DR_E_PEER]         = {"peer",        DR_CLASS_RETRY},
    [DR_E_CANCELLED]    = {"cancelled",   DR_CLASS_USER},
    [DR_E_BUG]          = {"bug",         DR_CLASS_BUG},
    [DR_E_TLS]          = {"tls",         DR_CLASS_USER},
    [DR_E_LOCKED]       = {"locked",      DR_CLASS_USER},
    // clang-format on
};
_Static_assert(sizeof(codes) / sizeof(codes[0]) == DR_E_COUNT_, "a row for each code");

static void fill(struct dr_err *err, enum dr_code code)
{
    memset(err, 0, sizeof(*err));
    err->code = code;
    err->class = codes[code].class;
}

int dr_fail(struct dr_err *err, enum dr_code code, const char *fmt, ...)
{
    if (err) {
        fill(err, code);
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof(err->text), fmt, ap);
        va_end(ap);
    }
    return -(int)code;
}

int dr_fail_errno(struct dr_err *err, int errno_value, const char *fmt, ...)
{
    if (err) {
        char reason[128];
        fill(err, DR_E_IO);
        err->foreign = errno_value;
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
        va_end(ap);
        const char *why = strerror_r(errno_value, reason, sizeof(reason));
        if (n >= 0 && (size_t)n < sizeof(err->text))
            snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s", why);
    }
    return -(int)DR_E_IO;
}

int dr_wrap(struct dr_err *err, const char *fmt, ...)
{
    if (!err)
        return -(int)DR_E_BUG;
    char inner[DR_ERR_TEXT_MAX];
    memcpy(inner, err->text, sizeof(inner));
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(err->text)) {
        size_t room = sizeof(err->text) - (size_t)n;
        snprintf(err->text + n, room, ": %.*s", (int)(room > 3 ? room - 3 : 0), inner);
    }
    return -(int)err->code;
}

void dr_hint(struct dr_err *err, const char *fmt, ...)
{
    if (!err)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
    va_end(ap);
}

void dr_err_at(struct dr_err *err, const char *file, uint32_t line, uint32_t column)
{
    if (!err || !file)
        return;
    size_t len = strlen(file), room = sizeof(err->file) - 1;
    bool cut = len > room;
    snprintf(err->file, sizeof(err->file), "%s%s", cut ? ".." : "",
             cut ? file + len - (room - 2) : file);
    err->line = line;
    err->column = column;
}

const char *dr_err_shown(const struct dr_err *err, char out[DR_ERR_SHOWN_MAX])
{
    if (err->file[0])
        snprintf(out, DR_ERR_SHOWN_MAX, "%s:%" PRIu32 ":%" PRIu32 ": %s", err->file,
                 err->line, err->column, err->text);
    else
        snprintf(out, DR_ERR_SHOWN_MAX, "%s", err->text);
    return out;
}

const char *dr_code_name(enum dr_code code)
{
    return code < DR_E_COUNT_ ? codes[code].name : "?";
}
