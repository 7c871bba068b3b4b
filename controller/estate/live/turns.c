#include "controller/estate/live/turns.h"

#include <string.h>

enum {
    P_OK = 0x00,
    P_MORE = 0x01, /* login: more data of the method */
    P_INFILE = 0xfb,
    P_EOF = 0xfe, /* login: another method */
    P_ERROR = 0xff,
    EOF_MAX = 8,          /* longer ones are rows */
    FAST_LOGIN_DONE = 3,  /* caching_sha2_password: the result follows at once */
    CAPABILITY_TLS = 0x8, /* CLIENT_SSL, in the high byte of the low capabilities */
    WHOLE_PACKET = 0xffffff,
};

void dr_live_turns_init(struct dr_turns *t, bool want_tls)
{
    *t = (struct dr_turns){.want_tls = want_tls};
}

void dr_live_turns_wrote(struct dr_turns *t)
{
    t->client = false;
    if (t->phase == TURNS_GREETING)
        t->phase = TURNS_LOGIN;
    else if (t->logged_in)
        t->phase = TURNS_ANSWER;
}

static bool refuse(struct dr_turns *t, enum dr_code code, const char *reason)
{
    t->code = code;
    t->reason = reason;
    return false;
}

static bool end_turn(struct dr_turns *t)
{
    t->client = true;
    return true;
}

/* Looked-at bytes of the packet's payload. */
static size_t head_len(const struct dr_turns *t)
{
    return t->length < sizeof(t->head) ? t->length : sizeof(t->head);
}

/* The library itself goes on in the clear where it was only told to check a CA. */
static bool take_greeting(struct dr_turns *t)
{
    enum { FIXED = 4 + 8 + 1 + 2 }; /* thread id, scramble, filler, low capabilities */
    const unsigned char *nul = memchr(t->head, 0, head_len(t));
    if (t->head[0] == P_ERROR)
        return end_turn(t);
    if (!nul || (size_t)(nul - t->head) + FIXED >= head_len(t))
        return refuse(t, DR_E_PROTOCOL, "its greeting is none of a MySQL server");
    if (t->want_tls && !(nul[FIXED] & CAPABILITY_TLS))
        return refuse(t, DR_E_TLS, "it does not offer TLS");
    return end_turn(t);
}

static bool take_login(struct dr_turns *t)
{
    if (t->head[0] == P_MORE && t->length == 2 && t->head[1] == FAST_LOGIN_DONE)
        return true;
    t->logged_in = t->head[0] == P_OK;
    return end_turn(t);
}

static bool take_answer(struct dr_turns *t)
{
    unsigned char first = t->head[0];
    unsigned count = first;
    if (first == P_INFILE)
        return refuse(t, DR_E_PROTOCOL, "it asks for a local file (LOCAL INFILE)");
    if (first == P_ERROR && t->head[1] == 0xff && t->head[2] == 0xff)
        return refuse(t, DR_E_PROTOCOL, "it reports a progress that nobody asked for");
    if (first == P_OK || first == P_ERROR)
        return end_turn(t);
    if (first == 0xfc)
        count = t->head[1] | (unsigned)t->head[2] << 8;
    if (first > 0xfc || count > DR_TURNS_COLUMNS)
        return refuse(t, DR_E_PROTOCOL, "its answer has too many columns");
    t->columns_left = count;
    t->phase = TURNS_COLUMNS;
    return true;
}

static bool take_column(struct dr_turns *t)
{
    bool end = t->head[0] == P_EOF && t->length <= EOF_MAX;
    if (t->head[0] == P_ERROR)
        return end_turn(t);
    if (end != (t->columns_left == 0))
        return refuse(t, DR_E_PROTOCOL, "its answer has other columns than it says");
    if (end)
        t->phase = TURNS_ROWS;
    else
        t->columns_left--;
    return true;
}

/* A packet is whole. */
static bool take(struct dr_turns *t)
{
    bool part = t->continues;
    t->continues = t->length == WHOLE_PACKET;
    if (part) /* the rest of one that was looked at */
        return true;
    if (!t->length)
        return refuse(t, DR_E_PROTOCOL, "it sends an empty packet");
    switch (t->phase) {
    case TURNS_GREETING:
        return take_greeting(t);
    case TURNS_LOGIN:
        return take_login(t);
    case TURNS_ANSWER:
        return take_answer(t);
    case TURNS_COLUMNS:
        return take_column(t);
    case TURNS_ROWS:
        if (t->head[0] == P_ERROR || (t->head[0] == P_EOF && t->length <= EOF_MAX))
            return end_turn(t);
        return true;
    }
    return true;
}

bool dr_live_turns_read(struct dr_turns *t, const unsigned char *bytes, size_t len)
{
    if (t->reason)
        return false;
    while (len) {
        if (t->client)
            return refuse(t, DR_E_PROTOCOL, "it speaks out of turn");
        if (t->header_len < sizeof(t->header)) {
            t->header[t->header_len++] = *bytes++;
            len--;
            t->length =
                t->header[0] | (uint32_t)t->header[1] << 8 | (uint32_t)t->header[2] << 16;
            t->seen = 0;
        } else {
            size_t left = t->length - t->seen, n = left < len ? left : len;
            size_t room = t->seen < sizeof(t->head) ? sizeof(t->head) - t->seen : 0;
            if (!t->continues)
                memcpy(t->head + t->seen, bytes, n < room ? n : room);
            t->seen += (uint32_t)n;
            bytes += n;
            len -= n;
        }
        if (t->header_len == sizeof(t->header) && t->seen == t->length) {
            t->header_len = 0;
            if (!take(t))
                return false;
        }
    }
    return true;
}
