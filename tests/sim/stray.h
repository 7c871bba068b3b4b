/* Statements and requests that nobody waits for any more, and that arrive all the same: a
 * host that went dark, a packet that took its time. Their sessions live until then, and a
 * KILL ends them like any other. */
#ifndef DR_TESTS_SIM_STRAY_H
#define DR_TESTS_SIM_STRAY_H

#include "controller/estate/carrier.h"
#include "controller/estate/model/model.h"

enum { SIM_STRAYS = 4 };

struct sim_world;
struct sim_stray {
    bool pending, running;
    bool again;      /* it comes when the same is sent once more, or late */
    bool raised;     /* it comes when an epoch was raised, or late */
    uint64_t epochs; /* then: their sum as it was sent */
    int64_t due_ms;
    char holder[32];                  /* who sent it */
    struct dr_model_session *session; /* owned; NULL: a request */
    const char *text;
    struct dr_address at;
    const char *method, *target, *body;
    uint64_t handle; /* running request */
};

enum { SIM_STRAY_AGAIN = -1, SIM_STRAY_RAISED = -2 }; /* as a delay */

/* Takes the exchange from its sender. False: it only looks, or opens its session. */
bool sim_stray_take(struct sim_world *w, const char *holder, struct dr_carrier *from,
                    const struct dr_exchange *ex, int64_t delay_ms);
/* An exchange is about to be sent. */
void sim_strays_follow(struct sim_world *w, const struct dr_exchange *ex);
/* A statement that is on its way from now on. Takes the session over. */
bool sim_stray_send(struct sim_world *w, const char *holder,
                    struct dr_model_session *session, const char *text);
/* Delivers what is due, and judges the step. */
void sim_strays_arrive(struct sim_world *w);
/* When the last one arrives; 0: none is on its way. */
int64_t sim_strays_until(const struct sim_world *w);
void sim_strays_end(struct sim_world *w);

#endif
