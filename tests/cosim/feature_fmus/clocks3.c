/* FMI 3.0 co-simulation whose clocks start those of others; what is out of turn is an error.

   x' = rate. `crossed` (output clock) ticks where x passes a whole number, with `whole`, that
   number: the step returns early there, but for one that begins on it. `poke` (triggered input
   clock) comes with `told`; `echo` ticks at the same instant, with `answer`, twice of it. `beat`
   (every 0.25 s) has `beaten` tick with it. `pokes`, `poked`, `kept`: how often, when last (s) and
   with what; clocked variables may be set and read at their ticks only. `restless`: it asks for
   iterations of an event without end. It can save its state, and takes a `pair` with `poke`, which
   it has `weighed` as first + 10 second; clocks3.xml does not say so. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "fmi3Functions.h"

enum { POKE, BEAT, INPUTS, CROSSED = INPUTS, ECHO, BEATEN, CLOCKS };
enum { X = 100, RATE, WHOLE, TOLD, ANSWER, POKED, KEPT, RESTLESS, PAIR, WEIGHED };
enum { POKES = 200, BEATS };
enum { NEW, INITIALISING, EVENT, STEP };
typedef struct {
    double x, rate, told, poked, kept, restless, pair[2], weighed, time;
    int pokes, beats, mode, active[CLOCKS], shown[CLOCKS];
} Model;
#define SELF ((Model *)c)
#define NEED(condition) do { if (!(condition)) return fmi3Error; } while (0)

const char *fmi3GetVersion(void) { return "3.0"; }
fmi3Status fmi3SetDebugLogging(fmi3Instance c, fmi3Boolean on, size_t n, const fmi3String k[])
{ return fmi3OK; }
fmi3Status fmi3Reset(fmi3Instance c)
{ memset(c, 0, sizeof(Model)); SELF->rate = 1; return fmi3OK; }
fmi3Instance fmi3InstantiateCoSimulation(fmi3String name, fmi3String token, fmi3String place,
    fmi3Boolean visible, fmi3Boolean logging, fmi3Boolean events, fmi3Boolean early,
    const fmi3ValueReference required[], size_t n, fmi3InstanceEnvironment environment,
    fmi3LogMessageCallback log, fmi3IntermediateUpdateCallback update)
{
    if (strcmp(token, "{clocks-3}") || !events || !early) return NULL;
    Model *c = malloc(sizeof(Model));
    fmi3Reset(c);
    return c;
}
void fmi3FreeInstance(fmi3Instance c) { free(c); }
fmi3Status fmi3EnterInitializationMode(fmi3Instance c, fmi3Boolean d, fmi3Float64 t,
    fmi3Float64 start, fmi3Boolean sd, fmi3Float64 stop)
{ NEED(SELF->mode == NEW); SELF->mode = INITIALISING; return fmi3OK; }
fmi3Status fmi3ExitInitializationMode(fmi3Instance c)
{ NEED(SELF->mode == INITIALISING); SELF->mode = EVENT; return fmi3OK; }
fmi3Status fmi3Terminate(fmi3Instance c) { return fmi3OK; }
fmi3Status fmi3EnterEventMode(fmi3Instance c)
{ NEED(SELF->mode == STEP); SELF->mode = EVENT; return fmi3OK; }
fmi3Status fmi3EnterStepMode(fmi3Instance c)
{ NEED(SELF->mode == EVENT); SELF->mode = STEP; return fmi3OK; }
fmi3Status fmi3GetFMUState(fmi3Instance c, fmi3FMUState *state)
{
    if (!*state) *state = malloc(sizeof(Model));
    memcpy(*state, c, sizeof(Model));
    return fmi3OK;
}
fmi3Status fmi3SetFMUState(fmi3Instance c, fmi3FMUState state)
{ memcpy(c, state, sizeof(Model)); return fmi3OK; }
fmi3Status fmi3FreeFMUState(fmi3Instance c, fmi3FMUState *state)
{ free(*state); *state = NULL; return fmi3OK; }
fmi3Status fmi3SerializedFMUStateSize(fmi3Instance c, fmi3FMUState state, size_t *size)
{ *size = sizeof(Model); return fmi3OK; }
fmi3Status fmi3SerializeFMUState(fmi3Instance c, fmi3FMUState state, fmi3Byte to[], size_t size)
{ memcpy(to, state, size); return fmi3OK; }
fmi3Status fmi3DeserializeFMUState(fmi3Instance c, const fmi3Byte from[], size_t size,
    fmi3FMUState *state)
{ *state = malloc(size); memcpy(*state, from, size); return fmi3OK; }

fmi3Status fmi3DoStep(fmi3Instance c, fmi3Float64 t, fmi3Float64 h, fmi3Boolean kept,
    fmi3Boolean *event, fmi3Boolean *end, fmi3Boolean *early, fmi3Float64 *reached)
{
    Model *m = SELF;
    double whole = floor(m->x + 1e-9) + 1, left = m->rate > 0 ? (whole - m->x) / m->rate : 1e300;
    NEED(m->mode == STEP && fabs(t - m->time) < 1e-9 && h > 0);
    *end = 0;
    *event = m->active[CROSSED] = left <= h + 1e-12;
    *early = left < h - 1e-12;
    m->x = *event ? whole : m->x + m->rate * h;
    *reached = m->time = *early ? t + left : t + h;
    return fmi3OK;
}
fmi3Status fmi3UpdateDiscreteStates(fmi3Instance c, fmi3Boolean *again, fmi3Boolean *end,
    fmi3Boolean *nominals, fmi3Boolean *changed, fmi3Boolean *defined, fmi3Float64 *next)
{
    Model *m = SELF;
    NEED(m->mode == EVENT);
    if (m->active[POKE]) { m->pokes++; m->poked = m->time; m->kept = m->told; }
    if (m->active[POKE]) m->weighed = m->pair[0] + 10 * m->pair[1];
    m->beats += m->active[BEAT];
    memset(m->active, 0, sizeof m->active);
    memset(m->shown, 0, sizeof m->shown);
    *again = m->restless > 0;
    *end = *nominals = *changed = *defined = 0;
    return fmi3OK;
}
fmi3Status fmi3SetClock(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    const fmi3Clock v[])
{
    NEED(SELF->mode == EVENT);
    for (size_t i = 0; i < n; i++) {
        NEED(vr[i] < INPUTS && v[i] && !SELF->active[vr[i]]);
        SELF->active[vr[i]] = SELF->active[vr[i] == POKE ? ECHO : BEATEN] = 1;
    }
    return fmi3OK;
}
fmi3Status fmi3GetClock(fmi3Instance c, const fmi3ValueReference vr[], size_t n, fmi3Clock v[])
{
    NEED(SELF->mode == EVENT);
    for (size_t i = 0; i < n; i++) {
        v[i] = SELF->active[vr[i]] && !SELF->shown[vr[i]];
        SELF->shown[vr[i]] = SELF->active[vr[i]];
    }
    return fmi3OK;
}

fmi3Status fmi3GetFloat64(fmi3Instance c, const fmi3ValueReference vr[], size_t n, fmi3Float64 v[],
    size_t count)
{
    Model *m = SELF;
    for (size_t i = 0; i < n; i++) switch (vr[i]) {
    case X: v[i] = m->x; break;
    case RATE: v[i] = m->rate; break;
    case WHOLE: NEED(m->active[CROSSED]); v[i] = m->x; break;
    case ANSWER: NEED(m->active[ECHO]); v[i] = 2 * m->told; break;
    case POKED: v[i] = m->poked; break;
    case KEPT: v[i] = m->kept; break;
    case WEIGHED: v[i] = m->weighed; break;
    default: return fmi3Error;
    }
    return fmi3OK;
}
fmi3Status fmi3SetFloat64(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    const fmi3Float64 v[], size_t count)
{
    for (size_t i = 0; i < n; i++) switch (vr[i]) {
    case RATE: NEED(SELF->mode != STEP); SELF->rate = v[i]; break;
    case RESTLESS: SELF->restless = v[i]; break;
    case PAIR: NEED(count == n + 1 && (SELF->mode < EVENT || SELF->active[POKE]));
        SELF->pair[0] = v[i];
        SELF->pair[1] = *++v;
        break;
    case TOLD: NEED(SELF->mode < EVENT || SELF->active[POKE]); SELF->told = v[i]; break;
    default: return fmi3Error;
    }
    return fmi3OK;
}
fmi3Status fmi3GetInt32(fmi3Instance c, const fmi3ValueReference vr[], size_t n, fmi3Int32 v[],
    size_t count)
{
    for (size_t i = 0; i < n; i++) v[i] = vr[i] == POKES ? SELF->pokes : SELF->beats;
    return fmi3OK;
}
fmi3Status fmi3SetInt32(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    const fmi3Int32 v[], size_t count)
{ return fmi3Error; }
