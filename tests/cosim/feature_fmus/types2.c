/* FMI 2.0 co-simulation: a variable of every type, and a tunable parameter.

   Outputs follow their inputs (y = 2 u, u + 1, not u, "<u>"), `walk` grows by gain in each second.
   Where `only_step` is above 0, every step must be that long (s). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fmi2Functions.h"

enum { ONLY_STEP, GAIN, WALK, U, Y };
typedef struct {
    fmi2Real only_step, gain, walk, u;
    fmi2Integer whole, mode;
    fmi2Boolean flag;
    char text[64], shown[80];
    int stepping;
} Types;
static const Types START = {0, 1, 0, 0, 0, 1, 0, "start", "", 0};
#define SELF ((Types *)c)

const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }
const char *fmi2GetVersion(void) { return fmi2Version; }
fmi2Status fmi2SetDebugLogging(fmi2Component c, fmi2Boolean on, size_t n, const fmi2String k[])
{ return fmi2OK; }
fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid, fmi2String where,
    const fmi2CallbackFunctions *callbacks, fmi2Boolean visible, fmi2Boolean logging)
{
    if (strcmp(guid, "{types-2}") || type != fmi2CoSimulation) return NULL;
    Types *types = malloc(sizeof(Types));
    *types = START;
    return types;
}
void fmi2FreeInstance(fmi2Component c) { free(c); }
fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean td, fmi2Real t, fmi2Real start,
    fmi2Boolean sd, fmi2Real stop) { return fmi2OK; }
fmi2Status fmi2EnterInitializationMode(fmi2Component c) { return fmi2OK; }
fmi2Status fmi2ExitInitializationMode(fmi2Component c) { SELF->stepping = 1; return fmi2OK; }
fmi2Status fmi2Terminate(fmi2Component c) { return fmi2OK; }
fmi2Status fmi2Reset(fmi2Component c) { *SELF = START; return fmi2OK; }
fmi2Status fmi2DoStep(fmi2Component c, fmi2Real t, fmi2Real h, fmi2Boolean kept)
{
    double only = SELF->only_step;
    if (!SELF->stepping || (only > 0 && fabs(h - only) > 1e-9 * only)) return fmi2Error;
    SELF->walk += SELF->gain * h;
    return fmi2OK;
}

fmi2Status fmi2GetReal(fmi2Component c, const fmi2ValueReference vr[], size_t n, fmi2Real v[])
{
    const double all[] = {SELF->only_step, SELF->gain, SELF->walk, SELF->u, 2 * SELF->u};
    for (size_t i = 0; i < n; i++) v[i] = all[vr[i]];
    return fmi2OK;
}
fmi2Status fmi2SetReal(fmi2Component c, const fmi2ValueReference vr[], size_t n, const fmi2Real v[])
{
    for (size_t i = 0; i < n; i++) {
        if (vr[i] == GAIN) SELF->gain = v[i];
        else if (vr[i] == U) SELF->u = v[i];
        else if (vr[i] == ONLY_STEP && !SELF->stepping) SELF->only_step = v[i];
        else return fmi2Error;
    }
    return fmi2OK;
}
fmi2Status fmi2GetInteger(fmi2Component c, const fmi2ValueReference vr[], size_t n, fmi2Integer v[])
{
    const int all[] = {SELF->whole, SELF->whole + 1, SELF->mode, 3 - SELF->mode};
    for (size_t i = 0; i < n; i++) v[i] = all[vr[i]];
    return fmi2OK;
}
fmi2Status fmi2SetInteger(fmi2Component c, const fmi2ValueReference vr[], size_t n,
    const fmi2Integer v[])
{
    for (size_t i = 0; i < n; i++) *(vr[i] ? &SELF->mode : &SELF->whole) = v[i];
    return fmi2OK;
}
fmi2Status fmi2GetBoolean(fmi2Component c, const fmi2ValueReference vr[], size_t n, fmi2Boolean v[])
{ for (size_t i = 0; i < n; i++) v[i] = vr[i] ? !SELF->flag : SELF->flag; return fmi2OK; }
fmi2Status fmi2SetBoolean(fmi2Component c, const fmi2ValueReference vr[], size_t n,
    const fmi2Boolean v[])
{ for (size_t i = 0; i < n; i++) SELF->flag = v[i]; return fmi2OK; }
fmi2Status fmi2GetString(fmi2Component c, const fmi2ValueReference vr[], size_t n, fmi2String v[])
{
    sprintf(SELF->shown, "<%s>", SELF->text);
    for (size_t i = 0; i < n; i++) v[i] = vr[i] ? SELF->shown : SELF->text;
    return fmi2OK;
}
fmi2Status fmi2SetString(fmi2Component c, const fmi2ValueReference vr[], size_t n,
    const fmi2String v[])
{ for (size_t i = 0; i < n; i++) strncpy(SELF->text, v[i], 63); return fmi2OK; }
