/* Reading and writing variables by value reference. */
#include <math.h>

#include "runtime.h"

static Status refuse(const Instance *instance, uint32_t reference, const char *why)
{
    const Tables *t = tables_of(instance);
    if (reference >= 1 && reference <= t->header.features)
        tell(instance, STATUS_ERROR, "%s: %s", t->names[reference - 1], why);
    else tell(instance, STATUS_ERROR, "value reference %u: %s", (unsigned)reference, why);
    return STATUS_ERROR;
}

static Status no_such(const Instance *instance, uint32_t reference)
{
    return refuse(instance, reference, "no such variable of this type");
}

Status get_reals(Instance *instance, const uint32_t *references, size_t n, double *values)
{
    const State *state = &instance->state;
    const uint32_t first = first_result(instance);
    for (size_t i = 0; i < n; i++) {
        const uint32_t reference = references[i];
        if (reference >= first + N_RESULTS) return no_such(instance, reference);
        if (reference >= first && refresh(instance) != STATUS_OK) return STATUS_ERROR;
        values[i] = reference < first ? state->value[reference] : state->result[reference - first];
    }
    return STATUS_OK;
}

Status get_integers(Instance *instance, const uint32_t *references, size_t n, int32_t *values)
{
    for (size_t i = 0; i < n; i++) {
        if (references[i] != first_result(instance) + N_RESULTS)
            return no_such(instance, references[i]);
        if (refresh(instance) != STATUS_OK) return STATUS_ERROR;
        values[i] = instance->state.domain;
    }
    return STATUS_OK;
}

Status get_booleans(Instance *instance, const uint32_t *references, size_t n, bool *values)
{
    for (size_t i = 0; i < n; i++) {
        if (references[i] != first_result(instance) + N_RESULTS + 1)
            return no_such(instance, references[i]);
        if (refresh(instance) != STATUS_OK) return STATUS_ERROR;
        values[i] = instance->state.domain != OUTSIDE;
    }
    return STATUS_OK;
}

Status set_reals(Instance *instance, const uint32_t *references, size_t n, const double *values)
{
    State *state = &instance->state;
    const uint32_t first = first_result(instance);
    for (size_t i = 0; i < n; i++) { /* all or nothing */
        if (references[i] < 1 || references[i] >= first)
            return refuse(instance, references[i], "cannot be set");
        if (!isfinite(values[i]))
            return refuse(instance, references[i], "the value set is not finite; the old one is kept");
    }
    for (size_t i = 0; i < n; i++) state->value[references[i]] = values[i];
    if (n) state->stale = 1;
    return STATUS_OK;
}

Status set_integers(
    Instance *instance, const uint32_t *references, size_t n, const int32_t *values)
{
    (void)values;
    return n ? refuse(instance, *references, "cannot be set") : STATUS_OK;
}
