/* Saved states. Each carries a header, so that one of another model is refused, not used. */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

static const uint32_t MAGIC = 0x4c54534du;

static uint64_t token_hash(const Instance *instance)
{
    uint64_t hash = 1469598103934665603u; /* FNV-1a */
    for (const char *c = instance->token; *c; c++) hash = (hash ^ (uint8_t)*c) * 1099511628211u;
    return hash;
}

static Status check(const Instance *instance, const Saved *saved)
{
    if (saved && saved->magic == MAGIC && saved->size == sizeof *saved
        && saved->token == token_hash(instance))
        return STATUS_OK;
    tell(instance, STATUS_ERROR, "the saved state is not one of this version of %s",
        instance->name);
    return STATUS_ERROR;
}

static Status allocate(const Instance *instance, Saved **saved)
{
    if (!*saved) *saved = calloc(1, sizeof **saved);
    if (*saved) return STATUS_OK;
    tell(instance, STATUS_ERROR, "no memory for a saved state");
    return STATUS_ERROR;
}

Status save(const Instance *instance, Saved **saved)
{
    if (*saved && check(instance, *saved) != STATUS_OK) return STATUS_ERROR;
    if (allocate(instance, saved) != STATUS_OK) return STATUS_ERROR;
    (*saved)->magic = MAGIC;
    (*saved)->size = sizeof **saved;
    (*saved)->token = token_hash(instance);
    memcpy(&(*saved)->state, &instance->state, sizeof instance->state);
    return STATUS_OK;
}

Status restore(Instance *instance, const Saved *saved)
{
    if (check(instance, saved) != STATUS_OK) return STATUS_ERROR;
    memcpy(&instance->state, &saved->state, sizeof instance->state);
    return STATUS_OK;
}

Status serialize(const Instance *instance, const Saved *saved, uint8_t *bytes, size_t size)
{
    if (check(instance, saved) != STATUS_OK) return STATUS_ERROR;
    if (size < sizeof *saved) {
        tell(instance, STATUS_ERROR, "a saved state needs %zu bytes, not %zu", sizeof *saved, size);
        return STATUS_ERROR;
    }
    memcpy(bytes, saved, sizeof *saved);
    return STATUS_OK;
}

Status deserialize(const Instance *instance, const uint8_t *bytes, size_t size, Saved **saved)
{
    Saved copy;
    if (size != sizeof copy) {
        tell(instance, STATUS_ERROR, "a saved state has %zu bytes, not %zu", sizeof copy, size);
        return STATUS_ERROR;
    }
    memcpy(&copy, bytes, size);
    if (check(instance, &copy) != STATUS_OK) return STATUS_ERROR;
    if (*saved && check(instance, *saved) != STATUS_OK) return STATUS_ERROR;
    if (allocate(instance, saved) != STATUS_OK) return STATUS_ERROR;
    memcpy(*saved, &copy, size);
    return STATUS_OK;
}
