#include "cmd/drover-sim/mysql_packet.h"

#include <string.h>

#include "controller/base/arena.h"

/* ---- reading ---- */

void dr_mysql_cursor_init(struct dr_mysql_cursor *c, const char *payload, size_t len)
{
    c->at = (const unsigned char *)payload;
    c->end = c->at + len;
    c->bad = false;
}

size_t dr_mysql_left(const struct dr_mysql_cursor *c)
{
    return (size_t)(c->end - c->at);
}

static bool has(struct dr_mysql_cursor *c, uint64_t bytes)
{
    if (c->bad || bytes > dr_mysql_left(c))
        c->bad = true;
    return !c->bad;
}

static uint64_t little_endian(const unsigned char *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = bytes; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

uint64_t dr_mysql_get_long(struct dr_mysql_cursor *c, unsigned bytes)
{
    if (!has(c, bytes))
        return 0;
    uint64_t v = little_endian(c->at, bytes);
    c->at += bytes;
    return v;
}

uint32_t dr_mysql_get_int(struct dr_mysql_cursor *c, unsigned bytes)
{
    return (uint32_t)dr_mysql_get_long(c, bytes);
}

uint64_t dr_mysql_get_lenenc(struct dr_mysql_cursor *c)
{
    uint32_t first = dr_mysql_get_int(c, 1);
    if (first < 0xfb)
        return first;
    unsigned bytes = first == 0xfc ? 2 : first == 0xfd ? 3 : first == 0xfe ? 8 : 0;
    if (!bytes || !has(c, bytes)) { /* 0xfb is NULL, 0xff an error: no lengths */
        c->bad = true;
        return 0;
    }
    uint64_t v = little_endian(c->at, bytes);
    c->at += bytes;
    return v;
}

struct dr_mysql_text dr_mysql_get_bytes(struct dr_mysql_cursor *c, uint64_t len)
{
    struct dr_mysql_text t = {"", 0};
    if (has(c, len)) {
        t = (struct dr_mysql_text){(const char *)c->at, (size_t)len};
        c->at += len;
    }
    return t;
}

struct dr_mysql_text dr_mysql_get_nul(struct dr_mysql_cursor *c)
{
    const unsigned char *nul = c->bad ? NULL : memchr(c->at, 0, dr_mysql_left(c));
    if (!nul) {
        c->bad = true;
        return (struct dr_mysql_text){"", 0};
    }
    struct dr_mysql_text t = dr_mysql_get_bytes(c, (uint64_t)(nul - c->at));
    c->at++;
    return t;
}

enum dr_mysql_frame dr_mysql_frame(const char *in, size_t len, size_t max,
                                   size_t *payload_len, uint8_t *seq)
{
    if (len < 4)
        return DR_FRAME_PART;
    const unsigned char *p = (const unsigned char *)in;
    size_t payload = (size_t)little_endian(p, 3);
    bool too_large = payload > max || payload == DR_MYSQL_PAYLOAD_MAX;
    if (!too_large && len - 4 < payload)
        return DR_FRAME_PART;
    *payload_len = payload;
    *seq = p[3];
    return too_large ? DR_FRAME_TOO_LARGE : DR_FRAME_WHOLE;
}

static struct dr_mysql_text get_auth(struct dr_mysql_cursor *c, uint32_t capabilities)
{
    if (capabilities & DR_CAP_LENENC_AUTH)
        return dr_mysql_get_bytes(c, dr_mysql_get_lenenc(c));
    if (capabilities & DR_CAP_SECURE_CONNECTION)
        return dr_mysql_get_bytes(c, dr_mysql_get_int(c, 1));
    return dr_mysql_get_nul(c);
}

enum dr_mysql_parsed dr_mysql_parse_login(const char *payload, size_t len,
                                          struct dr_mysql_login *out)
{
    struct dr_mysql_cursor c;
    *out = (struct dr_mysql_login){.user = {"", 0}};
    dr_mysql_cursor_init(&c, payload, len);
    if (len < 2)
        return DR_PARSE_BAD;
    if (!(little_endian(c.at, 2) & DR_CAP_PROTOCOL_41))
        return DR_PARSE_OLD_PROTOCOL;
    out->capabilities = dr_mysql_get_int(&c, 4);
    dr_mysql_get_int(&c, 4); /* the client's own packet limit */
    out->collation = (uint8_t)dr_mysql_get_int(&c, 1);
    dr_mysql_get_bytes(&c, 23);
    if (!c.bad && dr_mysql_left(&c) == 0 && (out->capabilities & DR_CAP_SSL)) {
        out->ssl_request = true;
        return DR_PARSED;
    }
    out->user = dr_mysql_get_nul(&c);
    out->auth = get_auth(&c, out->capabilities);
    if (out->capabilities & DR_CAP_CONNECT_WITH_DB && dr_mysql_left(&c))
        out->database = dr_mysql_get_nul(&c);
    if (out->capabilities & DR_CAP_PLUGIN_AUTH && dr_mysql_left(&c)) {
        out->plugin = dr_mysql_get_nul(&c);
        out->has_plugin = true;
    }
    /* Connection attributes may follow; TiDB ignores those it cannot read. */
    return c.bad ? DR_PARSE_BAD : DR_PARSED;
}

enum dr_mysql_parsed dr_mysql_parse_change_user(const char *payload, size_t len,
                                                uint32_t capabilities,
                                                struct dr_mysql_login *out)
{
    struct dr_mysql_cursor c;
    *out = (struct dr_mysql_login){.capabilities = capabilities};
    dr_mysql_cursor_init(&c, payload, len);
    out->user = dr_mysql_get_nul(&c);
    out->auth = dr_mysql_get_bytes(&c, dr_mysql_get_int(&c, 1));
    out->database = dr_mysql_get_nul(&c);
    if (!c.bad && dr_mysql_left(&c) >= 2)
        out->collation = (uint8_t)dr_mysql_get_int(&c, 2);
    if (!c.bad && capabilities & DR_CAP_PLUGIN_AUTH && dr_mysql_left(&c)) {
        out->plugin = dr_mysql_get_nul(&c);
        out->has_plugin = true;
    }
    return c.bad ? DR_PARSE_BAD : DR_PARSED;
}

/* ---- writing ---- */

void dr_mysql_add_int(struct dr_buf *out, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        dr_buf_addc(out, (char)(v >> (8 * i) & 0xff));
}

static void add_lenenc(struct dr_buf *out, uint64_t v)
{
    if (v < 0xfb) {
        dr_mysql_add_int(out, v, 1);
        return;
    }
    unsigned bytes = v <= 0xffff ? 2 : v <= 0xffffff ? 3 : 8;
    dr_mysql_add_int(out, bytes == 2 ? 0xfc : bytes == 3 ? 0xfd : 0xfe, 1);
    dr_mysql_add_int(out, v, bytes);
}

void dr_mysql_add_string(struct dr_buf *out, const char *bytes, size_t len)
{
    add_lenenc(out, len);
    dr_buf_add(out, bytes, len);
}

static void put_header(struct dr_buf *out, uint8_t *seq, size_t payload)
{
    dr_mysql_add_int(out, payload, 3);
    dr_mysql_add_int(out, (*seq)++, 1);
}

void dr_mysql_put_payload(struct dr_buf *out, uint8_t *seq, const void *payload,
                          size_t len)
{
    const char *p = payload;
    size_t part;
    do { /* a part of the greatest length always has a next one, be it empty */
        part = len < DR_MYSQL_PAYLOAD_MAX ? len : DR_MYSQL_PAYLOAD_MAX;
        put_header(out, seq, part);
        dr_buf_add(out, p, part);
        p += part;
        len -= part;
    } while (part == DR_MYSQL_PAYLOAD_MAX);
}

/* A packet is appended behind a header whose length is filled in at its end. */
size_t dr_mysql_begin(struct dr_buf *out)
{
    size_t start = out->len;
    dr_mysql_add_int(out, 0, 4);
    return start;
}

void dr_mysql_end(struct dr_buf *out, size_t start, uint8_t *seq)
{
    if (out->overflow) /* what stands there is cut: the connection is given up */
        return;
    size_t len = out->len - start - 4;
    if (len < DR_MYSQL_PAYLOAD_MAX) {
        unsigned char *p = (unsigned char *)out->data + start;
        for (int i = 0; i < 3; i++)
            p[i] = (unsigned char)(len >> (8 * i));
        p[3] = (*seq)++;
        return;
    }
    char *copy = dr_xcalloc(len, 1);
    memcpy(copy, out->data + start + 4, len);
    out->len = start;
    dr_mysql_put_payload(out, seq, copy, len);
    free(copy);
}

void dr_mysql_put_greeting(struct dr_buf *out, uint8_t *seq,
                           const struct dr_mysql_greeting *g)
{
    size_t start = dr_mysql_begin(out);
    dr_mysql_add_int(out, 10, 1);
    dr_buf_add(out, g->version, strlen(g->version) + 1);
    dr_mysql_add_int(out, g->connection_id, 4);
    dr_buf_add(out, g->salt, 8);
    dr_mysql_add_int(out, 0, 1);
    dr_mysql_add_int(out, g->capabilities & 0xffff, 2);
    dr_mysql_add_int(out, DR_MYSQL_UTF8MB4_BIN, 1);
    dr_mysql_add_int(out, g->status, 2);
    dr_mysql_add_int(out, g->capabilities >> 16, 2);
    dr_mysql_add_int(out, DR_MYSQL_SALT + 1, 1);
    dr_buf_pad(out, 0, 10);
    dr_buf_add(out, g->salt + 8, DR_MYSQL_SALT - 8);
    dr_mysql_add_int(out, 0, 1);
    dr_buf_add(out, g->plugin, strlen(g->plugin) + 1);
    dr_mysql_end(out, start, seq);
}

void dr_mysql_put_auth_switch(struct dr_buf *out, uint8_t *seq, const char *plugin,
                              const unsigned char *salt)
{
    size_t start = dr_mysql_begin(out);
    dr_mysql_add_int(out, 0xfe, 1);
    dr_buf_add(out, plugin, strlen(plugin) + 1);
    dr_buf_add(out, salt, DR_MYSQL_SALT);
    dr_mysql_add_int(out, 0, 1);
    dr_mysql_end(out, start, seq);
}

void dr_mysql_put_ok(struct dr_buf *out, uint8_t *seq, const struct dr_mysql_ok *ok)
{
    size_t start = dr_mysql_begin(out);
    dr_mysql_add_int(out, ok->ends_rows ? 0xfe : 0x00, 1);
    add_lenenc(out, ok->affected);
    add_lenenc(out, ok->insert_id);
    dr_mysql_add_int(out, ok->status, 2);
    dr_mysql_add_int(out, ok->warnings, 2);
    if (ok->info) /* tidb: pkg/server/conn.go writeOkWith: with its length */
        dr_mysql_add_string(out, ok->info, strlen(ok->info));
    dr_mysql_end(out, start, seq);
}

void dr_mysql_put_eof(struct dr_buf *out, uint8_t *seq, uint16_t warnings,
                      uint16_t status)
{
    size_t start = dr_mysql_begin(out);
    dr_mysql_add_int(out, 0xfe, 1);
    dr_mysql_add_int(out, warnings, 2);
    dr_mysql_add_int(out, status, 2);
    dr_mysql_end(out, start, seq);
}

void dr_mysql_put_error(struct dr_buf *out, uint8_t *seq, int number,
                        const char *sqlstate, const char *message)
{
    size_t start = dr_mysql_begin(out);
    dr_mysql_add_int(out, 0xff, 1);
    dr_mysql_add_int(out, (uint64_t)number, 2);
    dr_buf_addc(out, '#');
    dr_buf_add(out, strlen(sqlstate) == 5 ? sqlstate : "HY000", 5);
    dr_buf_adds(out, message);
    dr_mysql_end(out, start, seq);
}

void dr_mysql_put_column_count(struct dr_buf *out, uint8_t *seq, size_t count)
{
    size_t start = dr_mysql_begin(out);
    add_lenenc(out, count);
    dr_mysql_end(out, start, seq);
}

/* tidb: pkg/server/internal/column/column.go dump. The name is cut as there. */
void dr_mysql_put_column(struct dr_buf *out, uint8_t *seq,
                         const struct dr_mysql_column *column, bool with_default)
{
    const char *const names[] = {column->schema, column->table, column->org_table,
                                 column->name, column->org_name};
    size_t start = dr_mysql_begin(out);
    dr_mysql_add_string(out, "def", 3);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = names[i] ? strlen(names[i]) : 0;
        dr_mysql_add_string(out, names[i] ? names[i] : "",
                            len < DR_MYSQL_NAME_MAX ? len : DR_MYSQL_NAME_MAX);
    }
    dr_mysql_add_int(out, 0x0c, 1);
    dr_mysql_add_int(out, column->collation, 2);
    dr_mysql_add_int(out, column->length, 4);
    dr_mysql_add_int(out, column->type, 1);
    dr_mysql_add_int(out, column->flags, 2);
    dr_mysql_add_int(out, column->decimals, 1);
    dr_mysql_add_int(out, 0, 2);
    if (with_default)
        dr_mysql_add_int(out, 0xfb, 1);
    dr_mysql_end(out, start, seq);
}

void dr_mysql_put_row(struct dr_buf *out, uint8_t *seq, const struct dr_cell *cells,
                      size_t count)
{
    size_t start = dr_mysql_begin(out);
    for (size_t i = 0; i < count; i++) {
        if (cells[i].text)
            dr_mysql_add_string(out, cells[i].text, cells[i].len);
        else
            dr_mysql_add_int(out, 0xfb, 1);
    }
    dr_mysql_end(out, start, seq);
}
