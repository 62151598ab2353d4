/* The runtime of an FMU: state, life cycle, integration. It knows nothing of an FMI version. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model_tables.h"

#define N_UNKNOWNS (N_STATES + N_ALGEBRAICS)
#define FIRST_UNKNOWN FIRST_STATE
#define N_VALUES (FIRST_OUTPUT + N_OUTPUTS) /* time included */
#define VALID_REFERENCE N_VALUES            /* the Boolean `valid` follows the last value */
#define N_RANGED (1 + N_INPUTS + N_PARAMETERS)
#define SIZE(n) ((n) > 0 ? (n) : 1) /* C knows no empty arrays */

_Static_assert(FIRST_INPUT == 1, "inputs come first, behind time");
_Static_assert(FIRST_ALGEBRAIC == FIRST_STATE + N_STATES, "unknowns are contiguous");

typedef enum {
    REACHED,
    STOPPED,
    NOT_FINITE,
    TOO_MANY_STEPS,
    STEP_TOO_SMALL,
    NO_ALGEBRAIC_SOLUTION,
    GUARD_NOT_FINITE,
    JUMP_NOT_FINITE,
    EVENT_CHATTER
} Outcome;

/* All that a restored instance needs to go on with the same bits. Copied with memcpy only. */
typedef struct {
    double value[N_VALUES]; /* by value reference; value[0] is the time in s */
    double constants[SIZE(N_CONSTANTS)]; /* follow from discretes, inputs and parameters */
    double step;            /* the integrator's next step in s; 0: none yet */
    double tolerance;
    int32_t life;
    int32_t culprit;           /* the transition that an outcome speaks of */
    uint8_t stale;             /* algebraics and outputs do not belong to what was set */
    uint8_t jumped;            /* something changed at once: the next step starts carefully */
    uint8_t outside[N_RANGED]; /* by value reference: outside its range, warning given */
} State;

#include "interface.h"

/* evaluate.c: the functions of the model at time t and unknowns z */
void evaluate_constants(State *state); /* before the others, when something has been set */
void evaluate_rhs(const State *state, double t, const double *z, double *f);
void evaluate_jacobian(
    const State *state, double t, const double *z, double *f, double *jacobian, double *f_t);
void evaluate_guards(const State *state, double t, const double *z, double *guards);
void evaluate_jump(const State *state, double *targets);
void evaluate_outputs(State *state);
bool all_finite(const double *x, int n);

/* algebraic.c, integrate.c, events.c */
bool solve_algebraics(const State *state, double t, double *z);
bool beyond_fold(const State *state, double t, double *z);
Outcome integrate(Instance *instance, double end);
int first_due(const double *guards);
Outcome fire(Instance *instance, int transition);
Outcome settle(Instance *instance, bool *stop);
