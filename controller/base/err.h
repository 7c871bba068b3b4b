/* Errors as values: a fallible function returns 0 or the negative of an enum dr_code
 * and fills a caller-owned struct dr_err, its last parameter. Nothing here allocates,
 * logs or exits; whoever stands at the top prints once. */
#ifndef DR_BASE_ERR_H
#define DR_BASE_ERR_H

#include <stdint.h>

enum dr_code {
    DR_E_INPUT = 1,   /* what a person or a peer gave is wrong; repeating will not help */
    DR_E_LIMIT,       /* an input or a reply is larger than allowed */
    DR_E_IO,          /* a system call failed; `foreign` is errno */
    DR_E_TIMEOUT,     /* no answer in time: the outcome is unknown */
    DR_E_UNREACHABLE, /* nothing was sent: refused connection, unknown host, no route */
    DR_E_AUTH,        /* credentials refused */
    DR_E_DENIED,      /* logged in, but a privilege is missing */
    DR_E_PROTOCOL,    /* the peer answered something we cannot read */
    DR_E_ABSENT,      /* proven not to be there */
    DR_E_CONFLICT,    /* the world is not as the caller expected; nothing was changed */
    DR_E_PEER,        /* the peer refused for a reason of its own; `foreign` says which */
    DR_E_CANCELLED,   /* stopped on request */
    DR_E_BUG,         /* our own mistake */
    DR_E_TLS,    /* no TLS, or none that can be trusted: certificate, host name, date */
    DR_E_LOCKED, /* the credentials are right perhaps, but the account is locked */
    DR_E_COUNT_
};

enum dr_err_class { DR_CLASS_USER = 1, DR_CLASS_RETRY, DR_CLASS_FATAL, DR_CLASS_BUG };

enum { DR_ERR_TEXT_MAX = 512, DR_ERR_HINT_MAX = 256, DR_ERR_FILE_MAX = 128 };

struct dr_err {
    enum dr_code code;
    enum dr_err_class class;
    int foreign;            /* errno, HTTP status, or SQL error number; 0: none */
    char sqlstate[6];       /* with an SQL error number, else empty */
    int64_t retry_after_ms; /* the peer's wish; 0: none */
    uint32_t line, column;  /* 1-based place in `file`; 0: none */
    char file[DR_ERR_FILE_MAX];
    char text[DR_ERR_TEXT_MAX]; /* context chain, outermost first */
    char hint[DR_ERR_HINT_MAX]; /* what the operator can do; may be empty */
};

#define DR_MUST_CHECK   __attribute__((warn_unused_result))
#define DR_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Fills *err (NULL: nothing is kept) and returns -code. Cuts text that is too long. */
int dr_fail(struct dr_err *err, enum dr_code code, const char *fmt, ...) DR_PRINTF(3, 4);

/* As dr_fail, with `foreign` set to errno_value and its text appended. */
int dr_fail_errno(struct dr_err *err, int errno_value, const char *fmt, ...)
    DR_PRINTF(3, 4);

/* Puts "context: " before the text of an already filled *err. Returns -err->code. */
int dr_wrap(struct dr_err *err, const char *fmt, ...) DR_PRINTF(2, 3);

/* Sets the hint. */
void dr_hint(struct dr_err *err, const char *fmt, ...) DR_PRINTF(2, 3);

/* Says where in the declaration the cause stands; a long file name keeps its end. */
void dr_err_at(struct dr_err *err, const char *file, uint32_t line, uint32_t column);

/* "file:line:col: text", or the text alone. Out: `out`. */
enum { DR_ERR_SHOWN_MAX = DR_ERR_TEXT_MAX + DR_ERR_FILE_MAX + 32 };
const char *dr_err_shown(const struct dr_err *err, char out[DR_ERR_SHOWN_MAX]);

/* Short stable word of a code ("input", "timeout", ..), for logs and JSON. */
const char *dr_code_name(enum dr_code code);

/* What a person is told of a code: `drover explain`. */
struct dr_code_info {
    const char *id;      /* "DR-E004", stable */
    const char *title;   /* a few words */
    const char *means;   /* what is proven by it, and what is not */
    const char *looked;  /* what drover looked at */
    const char *way_out; /* one line */
};

/* Never NULL; of a number that is no code: that of DR_E_BUG. */
const struct dr_code_info *dr_code_info(enum dr_code code);

#endif
