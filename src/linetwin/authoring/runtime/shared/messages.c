/* Messages of an instance, and the step that none can make. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime.h"

static const char *const CATEGORY[] = {
    "logEvents", "logStatusWarning", "logStatusDiscard", "logStatusError"};

void tell(const Instance *instance, Status status, const char *format, ...)
{
    char message[512];
    va_list arguments;
    if (!instance->callback) return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    instance->emit(instance, status, CATEGORY[status], message);
}

void choose_messages(Instance *instance, bool on, size_t n, const char *const categories[])
{
    instance->logging = on && n == 0;
    for (size_t i = 0; on && i < n; i++)
        if (categories[i] && strcmp(categories[i], CATEGORY[STATUS_OK]) == 0)
            instance->logging = true;
}

bool step_is_possible(const Instance *instance, double start, double size)
{
    const double now = instance->state.value[0];
    if (isfinite(start) && isfinite(size) && size > 0.0
        && fabs(start - now) <= 1e-9 * (1.0 + fabs(now)))
        return true;
    tell(instance, STATUS_ERROR, "a step from %.12g s over %.12g s is impossible, time is %.12g s",
        start, size, now);
    return false;
}
