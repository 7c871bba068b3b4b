/* Packets of the MySQL client/server protocol, the server's side: taking apart what a
 * client sends and putting together what a TiDB answers. Pure: bytes in, bytes out.
 * Source: tidb: pkg/server/conn.go, pkg/server/internal/packetio.go. */
#ifndef DR_SIM_MYSQL_PACKET_H
#define DR_SIM_MYSQL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/buf.h"
#include "controller/estate/carrier.h"

enum {
    DR_MYSQL_SALT = 20,
    DR_MYSQL_PAYLOAD_MAX = 0xffffff, /* a payload of this length goes on in the next */
    DR_MYSQL_UTF8MB4_BIN = 46,
    DR_MYSQL_BINARY = 63,
};

enum dr_mysql_capability {
    DR_CAP_LONG_PASSWORD = 1u << 0,
    DR_CAP_FOUND_ROWS = 1u << 1,
    DR_CAP_LONG_FLAG = 1u << 2,
    DR_CAP_CONNECT_WITH_DB = 1u << 3,
    DR_CAP_LOCAL_FILES = 1u << 7,
    DR_CAP_PROTOCOL_41 = 1u << 9,
    DR_CAP_INTERACTIVE = 1u << 10,
    DR_CAP_SSL = 1u << 11,
    DR_CAP_TRANSACTIONS = 1u << 13,
    DR_CAP_SECURE_CONNECTION = 1u << 15,
    DR_CAP_MULTI_STATEMENTS = 1u << 16,
    DR_CAP_MULTI_RESULTS = 1u << 17,
    DR_CAP_PLUGIN_AUTH = 1u << 19,
    DR_CAP_CONNECT_ATTRS = 1u << 20,
    DR_CAP_LENENC_AUTH = 1u << 21,
    DR_CAP_DEPRECATE_EOF = 1u << 24,
};

enum dr_mysql_status {
    DR_STATUS_IN_TRANS = 0x0001,
    DR_STATUS_AUTOCOMMIT = 0x0002,
    DR_STATUS_MORE_RESULTS = 0x0008,
};

enum dr_mysql_command {
    DR_COM_SLEEP = 0,
    DR_COM_QUIT = 1,
    DR_COM_INIT_DB = 2,
    DR_COM_QUERY = 3,
    DR_COM_FIELD_LIST = 4,
    DR_COM_STATISTICS = 9,
    DR_COM_PING = 14,
    DR_COM_CHANGE_USER = 17,
    DR_COM_SET_OPTION = 27,
    DR_COM_RESET_CONNECTION = 31,
};

enum dr_mysql_type {
    DR_TYPE_LONGLONG = 0x08,
    DR_TYPE_VAR_STRING = 0xfd,
};

/* ---- reading ---- */

/* A place in a payload. Reading past its end sets `bad` and gives zeroes and empty
 * strings; check once at the end. Strings are borrowed from the payload. */
struct dr_mysql_cursor {
    const unsigned char *at, *end;
    bool bad;
};

struct dr_mysql_text {
    const char *bytes; /* not NUL-terminated */
    size_t len;
};

void dr_mysql_cursor_init(struct dr_mysql_cursor *c, const char *payload, size_t len);
uint32_t dr_mysql_get_int(struct dr_mysql_cursor *c, unsigned bytes); /* 1..4 */
uint64_t dr_mysql_get_lenenc(struct dr_mysql_cursor *c);
struct dr_mysql_text dr_mysql_get_bytes(struct dr_mysql_cursor *c, uint64_t len);
struct dr_mysql_text dr_mysql_get_nul(struct dr_mysql_cursor *c); /* up to a NUL */
size_t dr_mysql_left(const struct dr_mysql_cursor *c);

enum dr_mysql_frame { DR_FRAME_PART, DR_FRAME_WHOLE, DR_FRAME_TOO_LARGE };

/* Whether `in` starts with a whole packet. Out, unless DR_FRAME_PART: the payload's
 * announced length and the sequence number. A packet longer than `max`, or one that goes
 * on in a next one, is DR_FRAME_TOO_LARGE as soon as its header is there. */
enum dr_mysql_frame dr_mysql_frame(const char *in, size_t len, size_t max,
                                   size_t *payload_len, uint8_t *seq);

/* HandshakeResponse41 and, in `parts` of it, SSLRequest and COM_CHANGE_USER. */
struct dr_mysql_login {
    uint32_t capabilities;
    uint8_t collation;
    bool ssl_request; /* only capabilities: the client goes on under TLS */
    struct dr_mysql_text user, auth, database, plugin;
    bool has_plugin;
};

enum dr_mysql_parsed {
    DR_PARSED,
    DR_PARSE_BAD,          /* malformed */
    DR_PARSE_OLD_PROTOCOL, /* a client from before 4.1 */
};

enum dr_mysql_parsed dr_mysql_parse_login(const char *payload, size_t len,
                                          struct dr_mysql_login *out);
/* The payload after the command byte; capabilities: as given at login. */
enum dr_mysql_parsed dr_mysql_parse_change_user(const char *payload, size_t len,
                                                uint32_t capabilities,
                                                struct dr_mysql_login *out);

/* ---- writing: each appends one whole packet and raises *seq ---- */

struct dr_mysql_greeting {
    const char *version;
    uint32_t connection_id;
    uint32_t capabilities;
    uint16_t status;
    const unsigned char *salt; /* DR_MYSQL_SALT bytes without NUL */
    const char *plugin;
};

struct dr_mysql_ok {
    uint64_t affected, insert_id;
    uint16_t status, warnings;
    bool ends_rows; /* stands for an EOF (DEPRECATE_EOF) */
};

struct dr_mysql_column {
    const char *name;
    enum dr_mysql_type type;
    bool is_unsigned, not_null;
    uint32_t length; /* longest value in bytes */
};

void dr_mysql_put_greeting(struct dr_buf *out, uint8_t *seq,
                           const struct dr_mysql_greeting *g);
void dr_mysql_put_auth_switch(struct dr_buf *out, uint8_t *seq, const char *plugin,
                              const unsigned char *salt);
void dr_mysql_put_payload(struct dr_buf *out, uint8_t *seq, const void *payload,
                          size_t len);
void dr_mysql_put_ok(struct dr_buf *out, uint8_t *seq, const struct dr_mysql_ok *ok);
void dr_mysql_put_eof(struct dr_buf *out, uint8_t *seq, uint16_t warnings,
                      uint16_t status);
void dr_mysql_put_error(struct dr_buf *out, uint8_t *seq, int number,
                        const char *sqlstate, const char *message);
void dr_mysql_put_column_count(struct dr_buf *out, uint8_t *seq, size_t count);
/* with_default: as COM_FIELD_LIST wants it, with an unknown default value. */
void dr_mysql_put_column(struct dr_buf *out, uint8_t *seq,
                         const struct dr_mysql_column *column, bool with_default);
void dr_mysql_put_row(struct dr_buf *out, uint8_t *seq, const struct dr_cell *cells,
                      size_t count);

/* What the text of an answer's column says about its type: BIGINT where every value is a
 * canonical integer of 64 bits and at least one is not NULL, else VARCHAR. Row by row,
 * `stride` cells apart. */
void dr_mysql_column_of(struct dr_mysql_column *out, const char *name,
                        const struct dr_cell *first, size_t stride, size_t rows);

#endif
