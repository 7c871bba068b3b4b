/* A carrier whose answers are written down beside the exchanges they answer, and a small
 * declaration to talk about. */
#ifndef TESTS_UNIT_WIRE_H
#define TESTS_UNIT_WIRE_H

#include "controller/estate/wire/wire.h"

/* One exchange: what wire must send, and what comes back.
 * want: the statement, or "METHOD target", or "METHOD target\nbody".
 * back: NULL: SQL OK, or HTTP 200 with {}; "#2": OK, two rows affected; "!1146 text": an
 * error; "200 {..}": an HTTP answer; else a result, "name|name\nvalue|value\n..", where
 * ~ is NULL. */
struct wire_line {
    const char *want, *back;
};

enum wire_fault { WIRE_NO_FAULT, WIRE_NOT_SENT, WIRE_LOST };

struct wire_talk {
    const struct wire_line *lines; /* ends with want NULL */
    enum wire_fault fault;         /* of exchange number fault_at; later ones: not sent */
    size_t fault_at;
    uint64_t session;     /* connection id of the SQL answers; 0: 4711 */
    size_t sent;          /* out: exchanges so far */
    const char *wrong;    /* out: the first exchange that differs; NULL: none */
    enum dr_lane lane;    /* out: of the last SQL exchange */
    int64_t not_after_ms; /* out: of the last HTTP exchange */
};

/* Authority in the east, how it is asked for, and that it is ours. */
#define US                                                                               \
    {                                                                                    \
        .cluster_id = 71, .epoch = 3, .holder = "h-1", .until_ms = INT64_MAX             \
    }
#define EPOCH                                                                            \
    "SELECT epoch, holder FROM mysql.drover_ledger WHERE cluster_id = 71 AND k = "       \
    "'epoch'"
#define OURS "epoch|holder\n3|h-1"

enum { WIRE_BEGIN_MS = 1000 }; /* the clock, which each exchange moves by one */

struct wire_bench {
    struct dr_arena *arena;
    struct dr_topology *topology;
    struct dr_access *access;
    struct dr_carrier *carrier;
    struct dr_estate *estate;
    struct wire_talk *talk;
};

/* Two clusters east and west, S3 storage, redo. Secrets come from the environment. */
void wire_bench_open(struct wire_bench *b, struct wire_talk *talk);
void wire_bench_close(struct wire_bench *b);
/* One call; the reply must be released. */
void wire_bench_ask(struct wire_bench *b, const struct dr_call *call, struct dr_reply *r);

/* Opens the bench and makes the call: every line was sent, in order, and no other. */
void wire_ask(struct wire_bench *b, struct wire_talk *talk, const struct dr_call *call,
              struct dr_reply *r);
/* .. and its outcome is DR_DONE. */
void wire_ask_well(struct wire_bench *b, struct wire_talk *talk,
                   const struct dr_call *call, struct dr_reply *r);
/* Releases the reply, closes the bench. */
void wire_done(struct wire_bench *b, struct dr_reply *r);

#endif
