/* Who may speak on a MySQL connection. The client library reads ahead and believes what
 * it reads, so that a server, or whoever stands before it, could put words after its
 * greeting that are later taken for encrypted ones, ask for a local file, or name a
 * number of columns to allocate for. This follows the packets beside the library and
 * names the first that an honest server would not send. Pure. Source: MySQL client/server
 * protocol, connection phase and COM_QUERY response. */
#ifndef DR_ESTATE_LIVE_TURNS_H
#define DR_ESTATE_LIVE_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/err.h"

enum {
    DR_TURNS_HEAD = 512,     /* of a packet: what is looked at */
    DR_TURNS_COLUMNS = 4096, /* of a result: as many as a table of TiDB may have */
};

struct dr_turns {
    enum {
        TURNS_GREETING,
        TURNS_LOGIN,
        TURNS_ANSWER,
        TURNS_COLUMNS,
        TURNS_ROWS,
    } phase;
    bool want_tls;
    bool client; /* it is the client's turn */
    bool logged_in;
    bool continues; /* the packet goes on in the next one */
    unsigned columns_left;
    unsigned char header[4];
    size_t header_len;
    uint32_t length, seen; /* of the current packet's payload */
    unsigned char head[DR_TURNS_HEAD];
    enum dr_code code;  /* with reason */
    const char *reason; /* what the server did wrong; NULL: nothing so far */
};

/* want_tls: a server that offers none is refused before anything is sent to it. */
void dr_live_turns_init(struct dr_turns *t, bool want_tls);

/* Bytes came from the server; false: end the connection, for `reason`. */
bool dr_live_turns_read(struct dr_turns *t, const unsigned char *bytes, size_t len);

/* The client wrote something. */
void dr_live_turns_wrote(struct dr_turns *t);

#endif
