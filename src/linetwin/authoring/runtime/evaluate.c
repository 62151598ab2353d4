/* Calls of the functions that CasADi generated. They need no memory, so they are reentrant. */
#include "model_functions.h"
#include "runtime.h"

#define NO_WORK(f) _Static_assert(f##_SZ_W == 0 && f##_SZ_IW == 0, "needs a work vector")
NO_WORK(model_constants);
NO_WORK(model_rhs);
NO_WORK(model_jacobian);
NO_WORK(model_outputs);
NO_WORK(model_guards);
NO_WORK(model_jump);
NO_WORK(model_directional);

#define SETTINGS(state)                                                                        \
    (state)->value + FIRST_DISCRETE, (state)->value + FIRST_INPUT,                             \
        (state)->value + FIRST_PARAMETER
#define ARGUMENTS(state, t, z)                                                                 \
    {                                                                                          \
        &(t), (z), SETTINGS(state), (state)->constants                                         \
    }

void evaluate_constants(State *state)
{
    const double *arguments[] = {SETTINGS(state)};
    double *results[] = {state->constants};
    model_constants(arguments, results, NULL, NULL, 0);
}

void evaluate_rhs(const State *state, double t, const double *z, double *f)
{
    const double *arguments[] = ARGUMENTS(state, t, z);
    double *results[] = {f};
    model_rhs(arguments, results, NULL, NULL, 0);
}

void evaluate_jacobian(
    const State *state, double t, const double *z, double *f, double *jacobian, double *f_t)
{
    const double *arguments[] = ARGUMENTS(state, t, z);
    double *results[] = {f, jacobian, f_t};
    model_jacobian(arguments, results, NULL, NULL, 0);
}

void evaluate_guards(const State *state, double t, const double *z, double *guards)
{
    const double *arguments[] = ARGUMENTS(state, t, z);
    double *results[] = {guards};
    model_guards(arguments, results, NULL, NULL, 0);
}

void evaluate_jump(const State *state, double *targets)
{
    const double *arguments[] = ARGUMENTS(state, state->value[0], state->value + FIRST_UNKNOWN);
    double *results[] = {targets};
    model_jump(arguments, results, NULL, NULL, 0);
}

void evaluate_outputs(State *state)
{
    const double *arguments[] = ARGUMENTS(state, state->value[0], state->value + FIRST_UNKNOWN);
    double *results[] = {state->value + FIRST_OUTPUT};
    model_outputs(arguments, results, NULL, NULL, 0);
}

bool all_finite(const double *x, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += x[i] * 0.0; /* NaN and infinity give NaN */
    return sum == 0.0;
}
