/* Transitions: taken one after another, in order of declaration, until none is due. */
#include <math.h>
#include <string.h>

#include "runtime.h"

enum { TRANSITIONS_AT_ONE_INSTANT = 100, N_TARGETS = N_STATES + N_DISCRETES };

/* The first transition whose guard is positive or not a number; N_GUARDS if there is none. */
int first_due(const double *guards)
{
    int i = 0;
    while (i < N_GUARDS && guards[i] <= 0.0) i++;
    return i;
}

Outcome fire(Instance *instance, int transition)
{
    State *state = &instance->state;
    double *z = state->value + FIRST_UNKNOWN;
    double targets[SIZE(N_TARGETS * N_GUARDS)];
    evaluate_jump(state, targets);
    const double *column = targets + transition * N_TARGETS;
    state->culprit = transition;
    if (!all_finite(column, N_TARGETS)) return JUMP_NOT_FINITE;
    memcpy(z, column, N_STATES * sizeof(double));
    memcpy(state->value + FIRST_DISCRETE, column + N_STATES, N_DISCRETES * sizeof(double));
    evaluate_constants(state);
    state->jumped = 1;
    if (instance->logging)
        tell(instance, STATUS_OK, "transition %s at t=%.12g s", GUARD_NAME[transition],
            state->value[0]);
    return solve_algebraics(state, state->value[0], z) ? REACHED : NO_ALGEBRAIC_SOLUTION;
}

Outcome settle(Instance *instance, bool *stop)
{
    State *state = &instance->state;
    double guards[SIZE(N_GUARDS)];
    if (N_GUARDS == 0) return REACHED;
    for (int i = 0; i < TRANSITIONS_AT_ONE_INSTANT; i++) {
        evaluate_guards(state, state->value[0], state->value + FIRST_UNKNOWN, guards);
        int due = first_due(guards);
        if (due == N_GUARDS) return REACHED;
        state->culprit = due;
        if (isnan(guards[due])) return GUARD_NOT_FINITE;
        Outcome outcome = fire(instance, due);
        if (outcome != REACHED) return outcome;
        *stop |= GUARD_STOPS[due];
    }
    return EVENT_CHATTER;
}
