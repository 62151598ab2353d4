/* Initialisation and steps of an FMI 3.0 instance. */
#include "kernel.h"

bool initialise3(Runner *self)
{
    const Functions3 *fmi = &self->fmi3;
    int status =
        fmi->enter(self->handle, self->tolerance_given, self->tolerance, 0.0, false, 0.0);
    if (status > WARNING) return failed(self, ENTER, status);
    status = fmi->leave(self->handle);
    return status <= WARNING || failed(self, LEAVE, status);
}

bool step3(Runner *self, double time, double length, Reached *reached)
{
    fmi3Boolean event = false, terminate = false, early = false;
    fmi3Float64 last = time;
    int status = self->fmi3.step(
        self->handle, time, length, false, &event, &terminate, &early, &last);
    if (status > WARNING) return failed(self, STEP, status);
    *reached = (Reached){early ? last : time + length, early, terminate};
    return true;
}
