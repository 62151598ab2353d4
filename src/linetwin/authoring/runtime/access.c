/* Reading and writing variables by value reference. */
#include <math.h>

#include "runtime.h"

static bool lies_in(uint32_t reference, int first, int n)
{
    return reference >= (uint32_t)first && reference < (uint32_t)(first + n);
}

static Status refuse(const Instance *instance, uint32_t reference, const char *why)
{
    if (reference < N_VALUES) tell(instance, STATUS_ERROR, "%s: %s", NAME[reference], why);
    else tell(instance, STATUS_ERROR, "value reference %u: %s", (unsigned)reference, why);
    return STATUS_ERROR;
}

static bool has_type(uint32_t reference, bool integer)
{
    return reference < N_VALUES && IS_INTEGER[reference] == integer;
}

static bool is_computed(uint32_t reference)
{
    return lies_in(reference, FIRST_ALGEBRAIC, N_ALGEBRAICS)
        || lies_in(reference, FIRST_OUTPUT, N_OUTPUTS);
}

static Status prepare_get(Instance *instance, uint32_t reference, bool integer)
{
    if (!has_type(reference, integer))
        return refuse(instance, reference, "no such variable of this type to get");
    return is_computed(reference) ? refresh(instance) : STATUS_OK;
}

Status get_reals(Instance *instance, const uint32_t *references, size_t n, double *values)
{
    for (size_t i = 0; i < n; i++) {
        if (prepare_get(instance, references[i], false) != STATUS_OK) return STATUS_ERROR;
        values[i] = instance->state.value[references[i]];
    }
    return STATUS_OK;
}

Status get_integers(Instance *instance, const uint32_t *references, size_t n, int32_t *values)
{
    for (size_t i = 0; i < n; i++) {
        if (prepare_get(instance, references[i], true) != STATUS_OK) return STATUS_ERROR;
        values[i] = (int32_t)instance->state.value[references[i]];
    }
    return STATUS_OK;
}

Status get_booleans(Instance *instance, const uint32_t *references, size_t n, bool *values)
{
    for (size_t i = 0; i < n; i++) {
        if (references[i] != VALID_REFERENCE)
            return refuse(instance, references[i], "no such variable of this type to get");
        values[i] = true;
        for (int k = 1; k < N_RANGED; k++) values[i] &= !instance->state.outside[k];
    }
    return STATUS_OK;
}

static bool is_settable(const State *state, uint32_t reference)
{
    if (lies_in(reference, FIRST_INPUT, N_INPUTS)) return true;
    if (lies_in(reference, FIRST_PARAMETER, N_PARAMETERS) && IS_TUNABLE[reference]) return true;
    bool starting = state->life == INSTANTIATED || state->life == INITIALIZATION;
    return starting && reference != 0 && !lies_in(reference, FIRST_OUTPUT, N_OUTPUTS);
}

static Status check_set(const Instance *instance, uint32_t reference, bool integer, double value)
{
    if (!has_type(reference, integer))
        return refuse(instance, reference, "no such variable of this type to set");
    if (!is_settable(&instance->state, reference))
        return refuse(instance, reference, "cannot be set in this state");
    if (!isfinite(value))
        return refuse(instance, reference, "the value set is not finite; the old one is kept");
    return STATUS_OK;
}

/* Note whether a value lies in its range; one warning for each excursion. */
static Status check_range(Instance *instance, uint32_t k, double value)
{
    if (k >= N_RANGED) return STATUS_OK;
    bool outside = value < MINIMUM[k] || value > MAXIMUM[k], known = instance->state.outside[k];
    instance->state.outside[k] = outside;
    if (!outside || known) return STATUS_OK;
    tell(instance, STATUS_WARNING, "t=%.12g s: %s = %.9g is outside [%.9g, %.9g]",
        instance->state.value[0], NAME[k], value, MINIMUM[k], MAXIMUM[k]);
    return STATUS_WARNING;
}

static Status assign(Instance *instance, uint32_t reference, double value)
{
    State *state = &instance->state;
    if (state->value[reference] == value) return STATUS_OK;
    state->value[reference] = value;
    state->stale = state->jumped = 1;
    return check_range(instance, reference, value);
}

Status set_reals(Instance *instance, const uint32_t *references, size_t n, const double *values)
{
    Status worst = STATUS_OK;
    for (size_t i = 0; i < n; i++) /* all or nothing */
        if (check_set(instance, references[i], false, values[i]) != STATUS_OK) return STATUS_ERROR;
    for (size_t i = 0; i < n; i++)
        if (assign(instance, references[i], values[i]) != STATUS_OK) worst = STATUS_WARNING;
    return worst;
}

Status set_integers(
    Instance *instance, const uint32_t *references, size_t n, const int32_t *values)
{
    Status worst = STATUS_OK;
    for (size_t i = 0; i < n; i++)
        if (check_set(instance, references[i], true, values[i]) != STATUS_OK) return STATUS_ERROR;
    for (size_t i = 0; i < n; i++)
        if (assign(instance, references[i], values[i]) != STATUS_OK) worst = STATUS_WARNING;
    return worst;
}
