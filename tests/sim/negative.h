/* Planted violations: each checker must be able to fail. */
#ifndef DR_TESTS_SIM_NEGATIVE_H
#define DR_TESTS_SIM_NEGATIVE_H

#include <stdint.h>

/* Plants one violation per checker, straight in the model, and looks. Adds to the counts,
 * prints what was not found. */
void sim_negative(uint64_t *passed, uint64_t *failed);

#endif
