/* Whatever a client sends, drover-sim's MySQL connection must survive it, stay within its
 * bounds and answer in whole packets. The estate behind it is a real model of one small
 * cluster, new for each input.
 *
 * First byte of an input: bit 0: log in as root first, so that commands are reached; bit
 * 1: offer TLS; bits 2-4: bytes given at once, as a power of two. The rest is what the
 * client sends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/drover-sim/mysql.h"
#include "cmd/drover-sim/mysql_packet.h"

enum { PATIENCE_MS = 60 * 1000, STEP_MS = 500, OUT_MAX = 64 * 1024 * 1024 };

#define PLACE(where, which)                                                              \
    {                                                                                    \
        .text = where, .host = "127.0.0.1", .port = which                                \
    }

static const struct dr_sim_instance instance = {
    .address = PLACE("127.0.0.1:4000", 4000), .status = PLACE("127.0.0.1:10080", 10080)};
static const struct dr_hostport pd = PLACE("127.0.0.1:2379", 2379);
static const char *const script[] = {
    "CREATE DATABASE d", "CREATE TABLE d.t (id BIGINT PRIMARY KEY, v TEXT)",
    "INSERT INTO d.t VALUES (1, 'one'), (2, NULL)",
    "CREATE TABLE d.k (id INT, u BIGINT UNSIGNED, n "
    "DECIMAL(8,3), f DOUBLE, b BIT(9), x BLOB, day DATE, "
    "at DATETIME(3), c TIME, j JSON)",
    "INSERT INTO d.k VALUES (-1, 18446744073709551615, "
    "1.5, 0.1, 3, 0x00ff, '2026-11-21', '2026-11-21 "
    "10:11:12.5', '-26:03:04', '{}')"};
static const struct dr_sim_cluster cluster = {
    .name = "east",
    .region = "region-1",
    .version = {"v8.5.3", 8, 5, 3},
    .pd_cluster_id = 7,
    .sql = &instance,
    .sql_count = 1,
    .pd = &pd,
    .pd_count = 1,
    .script = script,
    .script_count = sizeof(script) / sizeof(script[0]),
};
static const struct dr_estate_doc estate = {
    .seed = 1,
    .clusters = &cluster,
    .cluster_count = 1,
    .durations = {.backup_ms = 1000, .restore_ms = 1000, .propagation_ms = 100},
};

static void require(int holds)
{
    if (!holds)
        abort();
}

/* All that was said is whole packets. */
static void check_out(struct dr_buf *out)
{
    size_t at = 0, payload;
    uint8_t seq;
    require(!out->overflow && out->len <= OUT_MAX);
    while (at < out->len) {
        require(dr_mysql_frame(out->data + at, out->len - at, DR_MYSQL_PAYLOAD_MAX - 1,
                               &payload, &seq) == DR_FRAME_WHOLE);
        at += 4 + payload;
    }
    dr_buf_clear(out);
}

struct client {
    struct dr_model *m;
    struct dr_sim_stream stream;
    void *conn;
};

/* As a connection does: unused bytes stay, a waiting one is resumed as time goes by. */
static void give(struct client *c, const char *bytes, size_t len, size_t piece)
{
    struct dr_sim_stream *s = &c->stream;
    size_t from = 0, to = 0;
    int64_t deadline = dr_model_now_ms(c->m) + PATIENCE_MS;
    while (!s->close && !s->abort && !s->start_tls) {
        int64_t now = dr_model_now_ms(c->m);
        size_t used = 0;
        if (s->waiting) {
            if (now >= deadline)
                return;
            dr_model_advance(c->m, now + STEP_MS);
            dr_mysql_protocol.resume(c->conn, s, now + STEP_MS);
        } else {
            used = dr_mysql_protocol.input(c->conn, s, bytes + from, to - from, now);
            require(used <= to - from);
            from += used;
        }
        check_out(&s->out);
        if (!dr_mysql_protocol.alive(c->conn))
            return;
        if (s->waiting || used)
            continue;
        if (to == len)
            return;
        to = len - to < piece ? len : to + piece;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* HandshakeResponse41: user root, no password, database d, several statements */
    static const char login[] = "\x28\x00\x00\x01\x08\x82\x01\x00\x00\x00\x00\x01\x2e"
                                "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                "root\0\0d";
    struct client c = {.m = NULL};
    struct dr_err err;
    struct dr_address at = {.host = "127.0.0.1", .port = 4000};
    if (!size)
        return 0;
    if (dr_model_new(&c.m, &estate, 1, 1763720000000, &err) != 0)
        abort();
    struct dr_sim_peer peer = {c.m, &at, "127.0.0.1", (data[0] & 2) != 0};
    dr_buf_init(&c.stream.out, DR_STREAM_OUT_MAX);
    c.conn = dr_mysql_protocol.open(&peer, &c.stream, 0);
    require(c.conn != NULL);
    check_out(&c.stream.out);
    if (data[0] & 1)
        give(&c, login, sizeof(login), sizeof(login));
    give(&c, (const char *)data + 1, size - 1, (size_t)1 << (data[0] >> 2 & 7));
    dr_mysql_protocol.shut(c.conn);
    dr_buf_release(&c.stream.out);
    dr_model_free(c.m);
    return 0;
}
