/* Life cycle of an instance, and the communication step. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

void reset(Instance *instance)
{
    State *state = &instance->state;
    memset(state, 0, sizeof *state);
    memcpy(state->value, START, sizeof state->value);
    state->tolerance = DEFAULT_TOLERANCE;
    state->life = INSTANTIATED;
    state->stale = state->jumped = 1;
}

Instance *new_instance(const char *token, const char *resources, const char **why)
{
    (void)resources;
    *why = "the token is not that of this library";
    if (!token || strcmp(token, MODEL_TOKEN) != 0) return NULL;
    Instance *instance = calloc(1, sizeof *instance);
    *why = "no memory for an instance";
    if (!instance) return NULL;
    instance->token = MODEL_TOKEN;
    instance->name = MODEL_NAME;
    reset(instance);
    return instance;
}

Status enter_initialization(Instance *instance, double tolerance, double start_time)
{
    if (begin_at(instance, start_time) != STATUS_OK) return STATUS_ERROR;
    if (!(tolerance > 0.0)) tolerance = DEFAULT_TOLERANCE;
    instance->state.tolerance = fmin(fmax(tolerance, 1e-12), 1e-2);
    return STATUS_OK;
}

Status refresh(Instance *instance)
{
    State *state = &instance->state;
    if (!state->stale) return STATUS_OK;
    evaluate_constants(state);
    if (!solve_algebraics(state, state->value[0], state->value + FIRST_UNKNOWN)) {
        tell(instance, STATUS_ERROR, "t=%.12g s: the algebraic equations have no solution",
            state->value[0]);
        return STATUS_ERROR;
    }
    evaluate_outputs(state);
    if (!all_finite(state->value + FIRST_OUTPUT, N_OUTPUTS)) {
        tell(instance, STATUS_ERROR, "t=%.12g s: an output is not finite", state->value[0]);
        return STATUS_ERROR;
    }
    state->stale = 0;
    return STATUS_OK;
}

static Status roll_back(Instance *instance, Outcome outcome, double start, double size)
{
    static const char *const REASON[] = {
        [REACHED] = "an output is not finite",
        [NOT_FINITE] = "the model gives numbers that are not finite",
        [TOO_MANY_STEPS] = "too many internal steps",
        [STEP_TOO_SMALL] = "the internal step became too small",
        [NO_ALGEBRAIC_SOLUTION] = "the algebraic equations have no solution",
        [GUARD_NOT_FINITE] = "the guard is not a number",
        [JUMP_NOT_FINITE] = "the transition assigns a value that is not finite",
        [EVENT_CHATTER] = "event chatter: the transition stays due",
    };
    const char *transition = "", *label = "";
    if (outcome >= GUARD_NOT_FINITE)
        transition = GUARD_NAME[instance->state.culprit], label = ", transition ";
    tell(instance, STATUS_DISCARD,
        "integration failed at t=%.12g s in the step from %.12g s over %.12g s: %s%s%s;"
        " the state before the step is kept",
        instance->state.value[0], start, size, REASON[outcome], label, transition);
    memcpy(&instance->state, &instance->kept, sizeof instance->state);
    return STATUS_DISCARD;
}

Status do_step(Instance *instance, double start, double size, bool *early)
{
    State *state = &instance->state;
    const double end = start + size;
    bool stop = false;
    *early = false;
    if (!step_is_possible(instance, start, size)) return STATUS_ERROR;
    memcpy(&instance->kept, state, sizeof *state);
    Outcome outcome = REACHED;
    if (state->stale) evaluate_constants(state);
    if (state->stale && !solve_algebraics(state, state->value[0], state->value + FIRST_UNKNOWN))
        outcome = NO_ALGEBRAIC_SOLUTION;
    if (outcome == REACHED) outcome = settle(instance, &stop);
    if (outcome == REACHED && stop && instance->early_return_allowed) outcome = STOPPED;
    if (outcome == REACHED) outcome = integrate(instance, end);
    if (outcome == REACHED) {
        state->value[0] = end;
        if (!solve_algebraics(state, end, state->value + FIRST_UNKNOWN))
            outcome = NO_ALGEBRAIC_SOLUTION;
        else outcome = settle(instance, &stop); /* the solution may have moved a guard */
    }
    if (outcome != REACHED && outcome != STOPPED)
        return roll_back(instance, outcome, start, size);
    evaluate_outputs(state);
    if (!all_finite(state->value + FIRST_OUTPUT, N_OUTPUTS))
        return roll_back(instance, REACHED, start, size);
    state->stale = 0;
    *early = state->value[0] < end;
    return STATUS_OK;
}
