/* The server's side of one HTTP connection: status ports, PD, TiCDC and object storage
 * differ only in what the model answers. */
#ifndef DR_SIM_HTTP_H
#define DR_SIM_HTTP_H

#include "cmd/drover-sim/stream.h"

extern const struct dr_sim_protocol dr_httpd_protocol;

#endif
