/* Initialisation and steps of an FMI 2.0 instance. */
#include "kernel.h"

bool initialise2(Runner *self)
{
    const Functions2 *fmi = &self->fmi2;
    fmi2Boolean asked = self->tolerance_given ? fmi2True : fmi2False;
    int status = fmi->setup(self->handle, asked, self->tolerance, 0.0, fmi2False, 0.0);
    if (status > WARNING) return failed(self, SETUP, status);
    status = fmi->enter(self->handle);
    if (status > WARNING) return failed(self, ENTER, status);
    status = fmi->leave(self->handle);
    return status <= WARNING || failed(self, LEAVE, status);
}

/* A discarded step that got part of the way is an early return. */
static bool discarded(Runner *self, double time, Reached *reached)
{
    const Functions2 *fmi = &self->fmi2;
    double last = time;
    fmi2Boolean terminated = fmi2False;
    int known = fmi->real_status(self->handle, fmi2LastSuccessfulTime, &last);
    fmi->boolean_status(self->handle, fmi2Terminated, &terminated);
    if (known > WARNING || (last <= time && !terminated)) return failed(self, STEP, fmi2Discard);
    *reached = (Reached){last, true, terminated};
    return true;
}

bool step2(Runner *self, double time, double length, Reached *reached)
{
    int status = self->fmi2.step(self->handle, time, length, fmi2False);
    if (status == fmi2Discard) return discarded(self, time, reached);
    if (status > WARNING) return failed(self, STEP, status);
    *reached = (Reached){time + length, false, false};
    return true;
}
