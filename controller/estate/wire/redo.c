#include "controller/estate/wire/redo.h"

#include <string.h>

enum { DEPTH_MAX = 8, MEMBERS_MAX = 64 };

struct reader {
    const unsigned char *at, *end;
};

/* Big-endian number of n bytes. */
static bool take(struct reader *r, size_t n, uint64_t *out)
{
    if ((size_t)(r->end - r->at) < n)
        return false;
    *out = 0;
    while (n--)
        *out = *out << 8 | *r->at++;
    return true;
}

static bool skip(struct reader *r, uint64_t n)
{
    if ((uint64_t)(r->end - r->at) < n)
        return false;
    r->at += n;
    return true;
}

/* Non-negative integers in every form msgpack has. */
static bool read_uint(struct reader *r, uint64_t *out)
{
    uint64_t tag;
    if (!take(r, 1, &tag))
        return false;
    if (tag <= 0x7f) {
        *out = tag;
        return true;
    }
    if (tag >= 0xcc && tag <= 0xcf) /* uint 8 16 32 64 */
        return take(r, (size_t)1 << (tag - 0xcc), out);
    if (tag >= 0xd0 && tag <= 0xd3) { /* int 8 16 32 64 */
        size_t n = (size_t)1 << (tag - 0xd0);
        return take(r, n, out) && !(*out >> (8 * n - 1));
    }
    return false;
}

static bool read_string(struct reader *r, const char **text, uint64_t *len)
{
    uint64_t tag;
    if (!take(r, 1, &tag))
        return false;
    if (tag >= 0xa0 && tag <= 0xbf)
        *len = tag & 0x1f;
    else if (tag < 0xd9 || tag > 0xdb || !take(r, (size_t)1 << (tag - 0xd9), len))
        return false;
    *text = (const char *)r->at;
    return skip(r, *len);
}

/* Length of a bin or ext body, or of a scalar, by its tag; false: a container, or none.
 */
static bool scalar_bytes(struct reader *r, uint64_t tag, uint64_t *n)
{
    static const unsigned char fixed[] = {
        [0xca - 0xc0] = 4, [0xcb - 0xc0] = 8, [0xcc - 0xc0] = 1,  [0xcd - 0xc0] = 2,
        [0xce - 0xc0] = 4, [0xcf - 0xc0] = 8, [0xd0 - 0xc0] = 1,  [0xd1 - 0xc0] = 2,
        [0xd2 - 0xc0] = 4, [0xd3 - 0xc0] = 8, [0xd4 - 0xc0] = 2,  [0xd5 - 0xc0] = 3,
        [0xd6 - 0xc0] = 5, [0xd7 - 0xc0] = 9, [0xd8 - 0xc0] = 17,
    };
    *n = 0;
    if (tag <= 0x7f || tag >= 0xe0 || tag == 0xc0 || tag == 0xc2 || tag == 0xc3)
        return true;
    if (tag >= 0xca && tag <= 0xd8) {
        *n = fixed[tag - 0xc0];
        return true;
    }
    if (tag >= 0xa0 && tag <= 0xbf) {
        *n = tag & 0x1f;
        return true;
    }
    if (tag >= 0xc4 && tag <= 0xc6) /* bin 8 16 32 */
        return take(r, (size_t)1 << (tag - 0xc4), n);
    if (tag >= 0xd9 && tag <= 0xdb) /* str 8 16 32 */
        return take(r, (size_t)1 << (tag - 0xd9), n);
    if (tag >= 0xc7 && tag <= 0xc9) { /* ext 8 16 32, and a type */
        bool good = take(r, (size_t)1 << (tag - 0xc7), n);
        *n += 1;
        return good;
    }
    return false;
}

static bool container(struct reader *r, uint64_t tag, uint64_t *items)
{
    if (tag >= 0x80 && tag <= 0x9f) {
        *items = (tag & 0x0f) * (tag < 0x90 ? 2 : 1);
        return true;
    }
    if (tag < 0xdc || tag > 0xdf || !take(r, tag & 1 ? 4 : 2, items))
        return false;
    *items *= tag >= 0xde ? 2 : 1;
    return true;
}

/* Skips one value of any kind, without recursion. */
static bool skip_value(struct reader *r)
{
    uint64_t left[DEPTH_MAX] = {1}, tag, n;
    size_t depth = 0;
    for (;;) {
        while (!left[depth]) {
            if (!depth--)
                return true;
        }
        left[depth]--;
        if (!take(r, 1, &tag))
            return false;
        if (scalar_bytes(r, tag, &n)) {
            if (!skip(r, n))
                return false;
        } else if (container(r, tag, &n) && depth + 1 < DEPTH_MAX) {
            left[++depth] = n;
        } else {
            return false;
        }
    }
}

bool dr_redo_meta_parse(const void *bytes, size_t len, uint64_t *checkpoint,
                        uint64_t *resolved)
{
    struct reader r = {bytes, (const unsigned char *)bytes + len};
    bool has_checkpoint = false, has_resolved = false;
    uint64_t tag, items;
    if (!take(&r, 1, &tag) || (tag >= 0x90 && tag <= 0x9f) || tag == 0xdc ||
        tag == 0xdd || !container(&r, tag, &items) || items / 2 > MEMBERS_MAX)
        return false;
    for (uint64_t i = 0; i < items / 2; i++) {
        const char *name;
        uint64_t n;
        if (!read_string(&r, &name, &n))
            return false;
        bool good;
        if (n == 12 && memcmp(name, "checkpointTs", 12) == 0)
            good = has_checkpoint = read_uint(&r, checkpoint);
        else if (n == 10 && memcmp(name, "resolvedTs", 10) == 0)
            good = has_resolved = read_uint(&r, resolved);
        else
            good = skip_value(&r);
        if (!good)
            return false;
    }
    return has_checkpoint && has_resolved;
}
