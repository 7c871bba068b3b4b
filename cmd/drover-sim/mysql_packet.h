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
    DR_MYSQL_NAME_MAX = 256, /* of a column, in bytes */
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
    DR_STATUS_CURSOR_EXISTS = 0x0040,
    DR_STATUS_LAST_ROW_SENT = 0x0080,
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
    DR_COM_STMT_PREPARE = 22,
    DR_COM_STMT_EXECUTE = 23,
    DR_COM_STMT_SEND_LONG_DATA = 24,
    DR_COM_STMT_CLOSE = 25,
    DR_COM_STMT_RESET = 26,
    DR_COM_SET_OPTION = 27,
    DR_COM_STMT_FETCH = 28,
    DR_COM_RESET_CONNECTION = 31,
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
uint32_t dr_mysql_get_int(struct dr_mysql_cursor *c, unsigned bytes);  /* 1..4 */
uint64_t dr_mysql_get_long(struct dr_mysql_cursor *c, unsigned bytes); /* 1..8 */
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
    bool ends_rows;   /* stands for an EOF (DEPRECATE_EOF) */
    const char *info; /* what the statement did, in words; NULL: nothing */
};

struct dr_mysql_column {
    const char *name;
    const char *schema, *table, *org_table, *org_name; /* NULL: none */
    uint8_t type;                                      /* enum dr_sql_type_number */
    uint8_t decimals;
    uint16_t flags, collation;
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

/* ---- building blocks of packets that other files write ---- */
size_t dr_mysql_begin(struct dr_buf *out); /* a packet; returns its start */
void dr_mysql_end(struct dr_buf *out, size_t start, uint8_t *seq);
void dr_mysql_add_int(struct dr_buf *out, uint64_t v, unsigned bytes);
void dr_mysql_add_string(struct dr_buf *out, const char *bytes, size_t len);

#endif
