/* The server's side of one MySQL connection: greeting, TLS, login, commands. What the
 * statements mean is the model's business. Source: tidb: pkg/server/conn.go. */
#ifndef DR_SIM_MYSQL_H
#define DR_SIM_MYSQL_H

#include "cmd/drover-sim/stream.h"

extern const struct dr_sim_protocol dr_mysql_protocol;

#endif
