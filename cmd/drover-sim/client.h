/* Who stands at the other end of a connection, as far as this machine can tell: his
 * address, and which process he is. */
#ifndef DR_SIM_CLIENT_H
#define DR_SIM_CLIENT_H

#include <sys/socket.h>

#include "controller/estate/model/model.h"

struct dr_sim_client {
    struct dr_model_client base; /* first */
    uint64_t inode; /* of his socket on this machine; 0: not looked for yet */
    bool foreign;   /* looked for, and not of this machine */
    struct sockaddr_storage local, remote;
};

/* host: borrowed. */
void dr_client_init(struct dr_sim_client *c, int fd, const char *host);

#endif
