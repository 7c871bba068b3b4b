/* The loop: listeners, connections, the model's clock. One thread, epoll. */
#ifndef DR_SIM_SERVER_H
#define DR_SIM_SERVER_H

#include "controller/base/err.h"
#include "controller/estate/model/model.h"

struct dr_sim_server;

struct dr_sim_server_options {
    const struct dr_estate_doc *doc;
    const char *tls_dir;           /* for certificates given by relative name */
    const char *ctl_socket;        /* path of the control socket */
    size_t max_connections;        /* 0: the usual number */
    void (*say)(const char *line); /* what people may want to know; stderr */
};

/* Binds everything the model listens on and the control socket.  The model is borrowed.
 * Fails: DR_E_IO naming the address, with a hint; nothing is left bound. */
int dr_sim_server_new(struct dr_sim_server **out, struct dr_model *m,
                      const struct dr_sim_server_options *options,
                      struct dr_err *err) DR_MUST_CHECK;
void dr_sim_server_free(struct dr_sim_server *s);

/* Serves until SIGTERM or SIGINT. */
int dr_sim_server_run(struct dr_sim_server *s, struct dr_err *err) DR_MUST_CHECK;

#endif
