/* Making and freeing what timers.c keeps; using it is in internal.h. */
#ifndef DR_MODEL_TIMERS_H
#define DR_MODEL_TIMERS_H

#include "controller/estate/model/internal.h"

struct dr_timers *dr_timers_new(void);
void dr_timers_free(struct dr_timers *q);
struct dr_strings *dr_strings_new(void);
void dr_strings_free(struct dr_strings *p);

#endif
