/* FMI 3.0 model exchange around a model (ball.h, vdp.h); calls in the wrong mode are errors. */
#include <stdlib.h>
#include <string.h>
#include "fmi3Functions.h"
enum { NEW, INITIALISING, EVENT, CONTINUOUS };
#define SELF ((Model *)c)
#define NEED(condition) do { if (!(condition)) return fmi3Error; } while (0)

const char *fmi3GetVersion(void) { return "3.0"; }
fmi3Status fmi3SetDebugLogging(fmi3Instance c, fmi3Boolean on, size_t n, const fmi3String k[])
{ return fmi3OK; }
fmi3Instance fmi3InstantiateModelExchange(fmi3String name, fmi3String token, fmi3String place,
    fmi3Boolean visible, fmi3Boolean logging, fmi3InstanceEnvironment environment,
    fmi3LogMessageCallback log)
{
    if (strcmp(token, TOKEN)) return NULL;
    Model *model = malloc(sizeof(Model));
    *model = BEGIN;
    return model;
}
void fmi3FreeInstance(fmi3Instance c) { free(c); }
fmi3Status fmi3EnterInitializationMode(fmi3Instance c, fmi3Boolean d, fmi3Float64 t,
    fmi3Float64 start, fmi3Boolean sd, fmi3Float64 stop)
{ NEED(SELF->mode == NEW); SELF->mode = INITIALISING; SELF->time = start; return fmi3OK; }
fmi3Status fmi3ExitInitializationMode(fmi3Instance c)
{ NEED(SELF->mode == INITIALISING); SELF->mode = EVENT; return fmi3OK; }
fmi3Status fmi3Terminate(fmi3Instance c) { return fmi3OK; }
fmi3Status fmi3Reset(fmi3Instance c) { *SELF = BEGIN; return fmi3OK; }

fmi3Status fmi3EnterEventMode(fmi3Instance c)
{ NEED(SELF->mode == CONTINUOUS); SELF->mode = EVENT; return fmi3OK; }
fmi3Status fmi3EnterContinuousTimeMode(fmi3Instance c)
{ NEED(SELF->mode == EVENT); SELF->mode = CONTINUOUS; return fmi3OK; }
fmi3Status fmi3UpdateDiscreteStates(fmi3Instance c, fmi3Boolean *again, fmi3Boolean *end,
    fmi3Boolean *nominals, fmi3Boolean *changed, fmi3Boolean *defined, fmi3Float64 *next)
{
    int more, stop, moved, known;
    NEED(SELF->mode == EVENT);
    happen(SELF, &more, &stop, &moved, &known, next);
    *again = more; *end = stop; *changed = moved; *defined = known; *nominals = 0;
    return fmi3OK;
}
fmi3Status fmi3CompletedIntegratorStep(fmi3Instance c, fmi3Boolean kept, fmi3Boolean *event,
    fmi3Boolean *end)
{ NEED(SELF->mode == CONTINUOUS); *event = completed(SELF); *end = 0; return fmi3OK; }
fmi3Status fmi3SetTime(fmi3Instance c, fmi3Float64 t)
{ NEED(SELF->mode == CONTINUOUS); SELF->time = t; return fmi3OK; }
fmi3Status fmi3SetContinuousStates(fmi3Instance c, const fmi3Float64 x[], size_t n)
{ NEED(SELF->mode == CONTINUOUS && n == STATES); memcpy(SELF->real, x, sizeof(double) * n);
  return fmi3OK; }
fmi3Status fmi3GetContinuousStates(fmi3Instance c, fmi3Float64 x[], size_t n)
{ NEED(n == STATES); memcpy(x, SELF->real, sizeof(double) * n); return fmi3OK; }
fmi3Status fmi3GetNominalsOfContinuousStates(fmi3Instance c, fmi3Float64 x[], size_t n)
{ NEED(n == STATES); for (size_t i = 0; i < n; i++) x[i] = 1; return fmi3OK; }
fmi3Status fmi3GetNumberOfContinuousStates(fmi3Instance c, size_t *n)
{ *n = STATES; return fmi3OK; }
fmi3Status fmi3GetNumberOfEventIndicators(fmi3Instance c, size_t *n)
{ *n = INDICATORS; return fmi3OK; }
fmi3Status fmi3GetContinuousStateDerivatives(fmi3Instance c, fmi3Float64 dx[], size_t n)
{ NEED(n == STATES); derive(SELF); memcpy(dx, SELF->real + STATES, sizeof(double) * n);
  return fmi3OK; }
fmi3Status fmi3GetEventIndicators(fmi3Instance c, fmi3Float64 z[], size_t n)
{ NEED(n == INDICATORS); indicate(SELF, z); return fmi3OK; }

fmi3Status fmi3GetFloat64(fmi3Instance c, const fmi3ValueReference vr[], size_t n, fmi3Float64 v[],
    size_t count)
{ derive(SELF); for (size_t i = 0; i < n; i++) v[i] = SELF->real[vr[i]]; return fmi3OK; }
fmi3Status fmi3SetFloat64(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    const fmi3Float64 v[], size_t count)
{ for (size_t i = 0; i < n; i++) SELF->real[vr[i]] = v[i]; return fmi3OK; }
fmi3Status fmi3GetInt32(fmi3Instance c, const fmi3ValueReference vr[], size_t n, fmi3Int32 v[],
    size_t count)
{ for (size_t i = 0; i < n; i++) v[i] = SELF->whole[vr[i] - 100]; return fmi3OK; }
fmi3Status fmi3SetInt32(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    const fmi3Int32 v[], size_t count)
{ NEED(SELF->mode != CONTINUOUS); for (size_t i = 0; i < n; i++) SELF->whole[vr[i] - 100] = v[i];
  return fmi3OK; }

fmi3Status fmi3GetFMUState(fmi3Instance c, fmi3FMUState *s)
{ if (!*s) *s = malloc(sizeof(Model)); memcpy(*s, c, sizeof(Model)); return fmi3OK; }
fmi3Status fmi3SetFMUState(fmi3Instance c, fmi3FMUState s)
{ memcpy(c, s, sizeof(Model)); return fmi3OK; }
fmi3Status fmi3FreeFMUState(fmi3Instance c, fmi3FMUState *s)
{ free(*s); *s = NULL; return fmi3OK; }
fmi3Status fmi3SerializedFMUStateSize(fmi3Instance c, fmi3FMUState s, size_t *n)
{ *n = sizeof(Model); return fmi3OK; }
fmi3Status fmi3SerializeFMUState(fmi3Instance c, fmi3FMUState s, fmi3Byte b[], size_t n)
{ memcpy(b, s, n); return fmi3OK; }
fmi3Status fmi3DeserializeFMUState(fmi3Instance c, const fmi3Byte b[], size_t n, fmi3FMUState *s)
{ *s = malloc(n); memcpy(*s, b, n); return fmi3OK; }
