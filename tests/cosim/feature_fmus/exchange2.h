/* FMI 2.0 model exchange around a model (ball.h, vdp.h); calls in the wrong mode are errors. */
#include <stdlib.h>
#include <string.h>
#include "fmi2Functions.h"
enum { NEW, INITIALISING, EVENT, CONTINUOUS };
#define SELF ((Model *)c)
#define NEED(condition) do { if (!(condition)) return fmi2Error; } while (0)

const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }
const char *fmi2GetVersion(void) { return fmi2Version; }
fmi2Status fmi2SetDebugLogging(fmi2Component c, fmi2Boolean on, size_t n, const fmi2String k[])
{ return fmi2OK; }
fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid, fmi2String where,
    const fmi2CallbackFunctions *callbacks, fmi2Boolean visible, fmi2Boolean logging)
{
    if (strcmp(guid, TOKEN) || type != fmi2ModelExchange) return NULL;
    Model *model = malloc(sizeof(Model));
    *model = BEGIN;
    return model;
}
void fmi2FreeInstance(fmi2Component c) { free(c); }
fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean td, fmi2Real t, fmi2Real start,
    fmi2Boolean sd, fmi2Real stop) { SELF->time = start; return fmi2OK; }
fmi2Status fmi2EnterInitializationMode(fmi2Component c)
{ NEED(SELF->mode == NEW); SELF->mode = INITIALISING; return fmi2OK; }
fmi2Status fmi2ExitInitializationMode(fmi2Component c)
{ NEED(SELF->mode == INITIALISING); SELF->mode = EVENT; return fmi2OK; }
fmi2Status fmi2Terminate(fmi2Component c) { return fmi2OK; }
fmi2Status fmi2Reset(fmi2Component c) { *SELF = BEGIN; return fmi2OK; }

fmi2Status fmi2EnterEventMode(fmi2Component c)
{ NEED(SELF->mode == CONTINUOUS); SELF->mode = EVENT; return fmi2OK; }
fmi2Status fmi2EnterContinuousTimeMode(fmi2Component c)
{ NEED(SELF->mode == EVENT); SELF->mode = CONTINUOUS; return fmi2OK; }
fmi2Status fmi2NewDiscreteStates(fmi2Component c, fmi2EventInfo *info)
{
    NEED(SELF->mode == EVENT);
    info->nominalsOfContinuousStatesChanged = 0;
    happen(SELF, &info->newDiscreteStatesNeeded, &info->terminateSimulation,
        &info->valuesOfContinuousStatesChanged, &info->nextEventTimeDefined, &info->nextEventTime);
    return fmi2OK;
}
fmi2Status fmi2CompletedIntegratorStep(fmi2Component c, fmi2Boolean kept, fmi2Boolean *event,
    fmi2Boolean *end)
{ NEED(SELF->mode == CONTINUOUS); *event = completed(SELF); *end = 0; return fmi2OK; }
fmi2Status fmi2SetTime(fmi2Component c, fmi2Real t)
{ NEED(SELF->mode == CONTINUOUS); SELF->time = t; return fmi2OK; }
fmi2Status fmi2SetContinuousStates(fmi2Component c, const fmi2Real x[], size_t n)
{ NEED(SELF->mode == CONTINUOUS && n == STATES); memcpy(SELF->real, x, sizeof(double) * n);
  return fmi2OK; }
fmi2Status fmi2GetContinuousStates(fmi2Component c, fmi2Real x[], size_t n)
{ NEED(n == STATES); memcpy(x, SELF->real, sizeof(double) * n); return fmi2OK; }
fmi2Status fmi2GetNominalsOfContinuousStates(fmi2Component c, fmi2Real x[], size_t n)
{ NEED(n == STATES); for (size_t i = 0; i < n; i++) x[i] = 1; return fmi2OK; }
fmi2Status fmi2GetDerivatives(fmi2Component c, fmi2Real dx[], size_t n)
{ NEED(n == STATES); derive(SELF); memcpy(dx, SELF->real + STATES, sizeof(double) * n);
  return fmi2OK; }
fmi2Status fmi2GetEventIndicators(fmi2Component c, fmi2Real z[], size_t n)
{ NEED(n == INDICATORS); indicate(SELF, z); return fmi2OK; }

fmi2Status fmi2GetReal(fmi2Component c, const fmi2ValueReference vr[], size_t n, fmi2Real v[])
{ derive(SELF); for (size_t i = 0; i < n; i++) v[i] = SELF->real[vr[i]]; return fmi2OK; }
fmi2Status fmi2SetReal(fmi2Component c, const fmi2ValueReference vr[], size_t n, const fmi2Real v[])
{ for (size_t i = 0; i < n; i++) SELF->real[vr[i]] = v[i]; return fmi2OK; }
fmi2Status fmi2GetInteger(fmi2Component c, const fmi2ValueReference vr[], size_t n, fmi2Integer v[])
{ for (size_t i = 0; i < n; i++) v[i] = SELF->whole[vr[i]]; return fmi2OK; }
fmi2Status fmi2SetInteger(fmi2Component c, const fmi2ValueReference vr[], size_t n,
    const fmi2Integer v[])
{ NEED(SELF->mode != CONTINUOUS); for (size_t i = 0; i < n; i++) SELF->whole[vr[i]] = v[i];
  return fmi2OK; }

fmi2Status fmi2GetFMUstate(fmi2Component c, fmi2FMUstate *s)
{ if (!*s) *s = malloc(sizeof(Model)); memcpy(*s, c, sizeof(Model)); return fmi2OK; }
fmi2Status fmi2SetFMUstate(fmi2Component c, fmi2FMUstate s)
{ memcpy(c, s, sizeof(Model)); return fmi2OK; }
fmi2Status fmi2FreeFMUstate(fmi2Component c, fmi2FMUstate *s)
{ free(*s); *s = NULL; return fmi2OK; }
fmi2Status fmi2SerializedFMUstateSize(fmi2Component c, fmi2FMUstate s, size_t *n)
{ *n = sizeof(Model); return fmi2OK; }
fmi2Status fmi2SerializeFMUstate(fmi2Component c, fmi2FMUstate s, fmi2Byte b[], size_t n)
{ memcpy(b, s, n); return fmi2OK; }
fmi2Status fmi2DeSerializeFMUstate(fmi2Component c, const fmi2Byte b[], size_t n, fmi2FMUstate *s)
{ *s = malloc(n); memcpy(*s, b, n); return fmi2OK; }
