/* What access.c and redact.c share. */
#ifndef DR_ESTATE_ACCESS_INTERNAL_H
#define DR_ESTATE_ACCESS_INTERNAL_H

#include "controller/estate/access.h"

struct dr_access_login {
    struct dr_access_login *next;
    const char *from;
    size_t to;
    uint64_t generation;
    struct dr_login login;
};

#endif
