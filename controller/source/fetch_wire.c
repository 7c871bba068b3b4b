#include "controller/source/fetch_wire.h"

#include <string.h>

#include "controller/base/json.h"

static const char magic[] = "drover fetch 1\n";

/* Each field with its NUL: the lengths need no numbers and the reader no copies. */
void dr_fetch_request_write(struct dr_buf *b, const struct dr_fetch_request *r)
{
    dr_buf_adds(b, magic);
    for (int i = 0; i < DR_FETCH_FIELD_COUNT_; i++) {
        const char *s = r->field[i] ? r->field[i] : "";
        dr_buf_add(b, s, strlen(s) + 1);
    }
}

bool dr_fetch_request_read(char *bytes, size_t len, struct dr_fetch_request *out)
{
    size_t at = sizeof(magic) - 1;
    if (len < at || memcmp(bytes, magic, at) != 0)
        return false;
    for (int i = 0; i < DR_FETCH_FIELD_COUNT_; i++) {
        char *end = memchr(bytes + at, '\0', len - at);
        if (!end)
            return false;
        out->field[i] = bytes + at;
        at = (size_t)(end - bytes) + 1;
    }
    return at == len;
}

void dr_fetch_reply_write(struct dr_buf *b, const struct dr_err *result)
{
    json_t *o = json_pack("{s:i, s:i, s:s, s:s}", "code", (int)result->code, "foreign",
                          result->foreign, "text", result->text, "hint", result->hint);
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    if (text)
        dr_buf_adds(b, text);
    free(text);
    json_decref(o);
}

bool dr_fetch_reply_read(const char *bytes, size_t len, struct dr_err *result)
{
    json_t *o = NULL;
    struct dr_err ignored;
    int64_t code = -1, foreign = 0;
    if (dr_json_parse(&o, bytes, len, &ignored) != 0)
        return false;
    const char *text = dr_json_str(o, "text"), *hint = dr_json_str(o, "hint");
    bool ok = dr_json_i64(o, "code", &code) && code >= 0 && code < DR_E_COUNT_ &&
              dr_json_i64(o, "foreign", &foreign) && text && hint;
    *result = (struct dr_err){0};
    if (ok && code) {
        dr_fail(result, (enum dr_code)code, "%s", text);
        dr_hint(result, "%s", hint);
        result->foreign = (int)foreign;
    }
    json_decref(o);
    return ok;
}
