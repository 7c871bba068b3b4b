#include "controller/estate/model/redo_meta.h"

#include <string.h>

static const char *const names[] = {"checkpointTs", "resolvedTs"};

/* The smallest form, as msgp's AppendUint64 chooses. */
static unsigned char *put_u64(unsigned char *p, uint64_t v)
{
    int bytes = v > UINT32_MAX ? 8 : v > UINT16_MAX ? 4 : v > UINT8_MAX ? 2 : 1;

    if (v < 128) {
        *p++ = (unsigned char)v;
        return p;
    }
    *p++ = bytes == 8 ? 0xcf : bytes == 4 ? 0xce : bytes == 2 ? 0xcd : 0xcc;
    for (int i = bytes - 1; i >= 0; i--)
        *p++ = (unsigned char)(v >> (8 * i));
    return p;
}

size_t dr_redo_meta_write(unsigned char out[DR_REDO_META_MAX], uint64_t checkpoint,
                          uint64_t resolved)
{
    unsigned char *p = out;

    *p++ = 0x82;
    for (int i = 0; i < 2; i++) {
        size_t len = strlen(names[i]);
        *p++ = (unsigned char)(0xa0 | len);
        memcpy(p, names[i], len);
        p = put_u64(p + len, i ? resolved : checkpoint);
    }
    return (size_t)(p - out);
}

static bool take_u64(const unsigned char **p, const unsigned char *end, uint64_t *out)
{
    size_t bytes;

    if (*p == end)
        return false;
    if (**p < 128) {
        *out = *(*p)++;
        return true;
    }
    if (**p < 0xcc || **p > 0xcf)
        return false;
    bytes = (size_t)1 << (*(*p)++ - 0xcc);
    if ((size_t)(end - *p) < bytes)
        return false;
    for (*out = 0; bytes; bytes--)
        *out = *out << 8 | *(*p)++;
    return true;
}

bool dr_redo_meta_read(const void *bytes, size_t len, uint64_t *checkpoint,
                       uint64_t *resolved)
{
    const unsigned char *p = bytes, *end = p + len;
    uint64_t *to[] = {checkpoint, resolved};
    unsigned seen = 0;

    if (!len || *p++ != 0x82)
        return false;
    for (int n = 0; n < 2; n++) {
        int which = -1;
        for (int i = 0; i < 2; i++) {
            size_t name = strlen(names[i]);
            if ((size_t)(end - p) > name && *p == (0xa0 | name) &&
                !memcmp(p + 1, names[i], name)) {
                which = i;
                p += 1 + name;
                break;
            }
        }
        if (which < 0 || !take_u64(&p, end, to[which]))
            return false;
        seen |= 1u << which;
    }
    return seen == 3 && p == end;
}
