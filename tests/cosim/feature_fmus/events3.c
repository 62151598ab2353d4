/* FMI 3.0 co-simulation with event mode and clocks of every kind; wrong modes are errors.

   x' = rate. `crossed` (output clock) ticks where x passes a whole number: the step returns early
   there, but for one that begins on it. Each input clock counts its ticks and keeps the time of the
   last one: `sample` (constant), `frame` (fixed), `varying` (changing: `pace` times
   1, 2, ... s), `alarm` (countdown: `delay` s after `armed` changes) and `poke` (triggered). At 0.77 s the FMU has
   an event of its own, counted in `own`. `armed` and `rate` may change in event mode only. It can
   save its state, which events3.xml does not say. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "fmi3Functions.h"

enum { SAMPLE, FRAME, VARYING, ALARM, POKE, CLOCKS, CROSSED = 5 };
enum { NEW, INITIALISING, EVENT, STEP };
enum { X = 100, RATE, DELAY, LAST, PACE = LAST + CLOCKS };
enum { ARMED = 200, OWN, UPDATES, COUNTS };
typedef struct {
    double x, rate, delay, pace, time, last[CLOCKS], own_time, wait;
    int armed, seen, own, updates, counts[CLOCKS], active[CLOCKS], crossed, again, mode, told;
    int varied, events, early;
    fmi3IntermediateUpdateCallback update;
} Model;
#define SELF ((Model *)c)
#define NEED(condition) do { if (!(condition)) return fmi3Error; } while (0)

static void begin(Model *m)
{
    fmi3IntermediateUpdateCallback update = m->update;
    int events = m->events, early = m->early;
    memset(m, 0, sizeof *m);
    m->rate = 1;
    m->delay = 0.37;
    m->pace = 0.1;
    m->own_time = 0.77;
    m->update = update;
    m->events = events;
    m->early = early;
}

const char *fmi3GetVersion(void) { return "3.0"; }
fmi3Status fmi3SetDebugLogging(fmi3Instance c, fmi3Boolean on, size_t n, const fmi3String k[])
{ return fmi3OK; }
fmi3Instance fmi3InstantiateCoSimulation(fmi3String name, fmi3String token, fmi3String place,
    fmi3Boolean visible, fmi3Boolean logging, fmi3Boolean events, fmi3Boolean early,
    const fmi3ValueReference required[], size_t n, fmi3InstanceEnvironment environment,
    fmi3LogMessageCallback log, fmi3IntermediateUpdateCallback update)
{
    if (strcmp(token, "{events-3}")) return NULL;
    Model *m = calloc(1, sizeof(Model));
    m->update = update;
    m->events = events;
    m->early = early;
    begin(m);
    return m;
}
void fmi3FreeInstance(fmi3Instance c) { free(c); }
fmi3Status fmi3EnterInitializationMode(fmi3Instance c, fmi3Boolean d, fmi3Float64 t,
    fmi3Float64 start, fmi3Boolean sd, fmi3Float64 stop)
{ NEED(SELF->mode == NEW); SELF->mode = INITIALISING; return fmi3OK; }
fmi3Status fmi3ExitInitializationMode(fmi3Instance c)
{ NEED(SELF->mode == INITIALISING); SELF->mode = SELF->events ? EVENT : STEP; return fmi3OK; }
fmi3Status fmi3Terminate(fmi3Instance c) { return fmi3OK; }
fmi3Status fmi3Reset(fmi3Instance c) { begin(SELF); return fmi3OK; }
fmi3Status fmi3EnterEventMode(fmi3Instance c)
{ NEED(SELF->events && SELF->mode == STEP); SELF->mode = EVENT; return fmi3OK; }
fmi3Status fmi3EnterStepMode(fmi3Instance c)
{ NEED(SELF->mode == EVENT); SELF->mode = STEP; SELF->crossed = 0; return fmi3OK; }
fmi3Status fmi3GetFMUState(fmi3Instance c, fmi3FMUState *state)
{
    if (!*state) *state = malloc(sizeof(Model));
    memcpy(*state, c, sizeof(Model));
    ((Model *)*state)->update = NULL;
    return fmi3OK;
}
fmi3Status fmi3SetFMUState(fmi3Instance c, fmi3FMUState state)
{
    fmi3IntermediateUpdateCallback update = SELF->update;
    memcpy(c, state, sizeof(Model));
    SELF->update = update;
    return fmi3OK;
}
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
    double whole = floor(m->x + 1e-9) + 1, left = (whole - m->x) / m->rate;
    NEED(m->mode == STEP && fabs(t - m->time) < 1e-9 && h > 1e-9);
    *event = *end = *early = 0;
    if (m->events && left <= h + 1e-12) { *event = 1; m->crossed = 1; *early = left < h - 1e-12; }
    if (m->update) {
        fmi3Boolean ask = 0;
        double half = (*early ? left : h) / 2, before = m->x;
        m->x += m->rate * half;
        m->update(NULL, t + half, 0, 1, 1, 1, &ask, reached);
        m->x = before;
        NEED(!ask);
    }
    if (*early) { m->x = whole; m->time = t + left; }
    else { m->x += m->rate * h; m->time = t + h; }
    *reached = m->time;
    return fmi3OK;
}

fmi3Status fmi3UpdateDiscreteStates(fmi3Instance c, fmi3Boolean *again, fmi3Boolean *end,
    fmi3Boolean *nominals, fmi3Boolean *changed, fmi3Boolean *defined, fmi3Float64 *next)
{
    Model *m = SELF;
    NEED(m->mode == EVENT);
    m->updates++;
    for (int i = 0; i < CLOCKS; i++) if (m->active[i]) {
        m->counts[i]++;
        m->last[i] = m->time;
        m->active[i] = 0;
        if (i == VARYING) m->varied = 0;
    }
    *again = m->seen != m->armed;
    if (*again) { m->seen = m->armed; m->wait = m->delay; m->told = 1; }
    if (m->time >= m->own_time) { m->own++; m->own_time = 1e300; }
    *defined = m->own_time < 1e300;
    *next = m->own_time;
    *end = *nominals = *changed = 0;
    return fmi3OK;
}
fmi3Status fmi3SetClock(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    const fmi3Clock v[])
{
    NEED(SELF->mode == EVENT);
    for (size_t i = 0; i < n; i++) { NEED(vr[i] < CLOCKS); SELF->active[vr[i]] = v[i]; }
    return fmi3OK;
}
fmi3Status fmi3GetClock(fmi3Instance c, const fmi3ValueReference vr[], size_t n, fmi3Clock v[])
{
    NEED(SELF->mode == EVENT && n == 1 && vr[0] == CROSSED);
    v[0] = SELF->crossed;
    SELF->crossed = 0;
    return fmi3OK;
}
fmi3Status fmi3GetIntervalDecimal(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    fmi3Float64 v[], fmi3IntervalQualifier q[])
{
    Model *m = SELF;
    NEED(m->mode == EVENT);
    for (size_t i = 0; i < n; i++) switch (vr[i]) {
    case FRAME: v[i] = 0.4; q[i] = m->counts[FRAME] ? fmi3IntervalUnchanged : fmi3IntervalChanged;
        break;
    case VARYING: v[i] = m->pace * (m->counts[VARYING] + 1);
        q[i] = m->varied ? fmi3IntervalUnchanged : fmi3IntervalChanged;
        m->varied = 1;
        break;
    case ALARM: v[i] = m->wait;
        q[i] = !m->seen ? fmi3IntervalNotYetKnown
            : m->told ? fmi3IntervalChanged : fmi3IntervalUnchanged;
        m->told = 0;
        break;
    default: return fmi3Error;
    }
    return fmi3OK;
}

fmi3Status fmi3GetFloat64(fmi3Instance c, const fmi3ValueReference vr[], size_t n, fmi3Float64 v[],
    size_t count)
{
    const Model *m = SELF;
    for (size_t i = 0; i < n; i++)
        v[i] = vr[i] == X ? m->x : vr[i] == RATE ? m->rate : vr[i] == DELAY ? m->delay
            : vr[i] == PACE ? m->pace : m->last[vr[i] - LAST];
    return fmi3OK;
}
fmi3Status fmi3SetFloat64(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    const fmi3Float64 v[], size_t count)
{
    NEED(SELF->mode != STEP);
    for (size_t i = 0; i < n; i++)
        *(vr[i] == RATE ? &SELF->rate : vr[i] == PACE ? &SELF->pace : &SELF->delay) = v[i];
    return fmi3OK;
}
fmi3Status fmi3GetInt32(fmi3Instance c, const fmi3ValueReference vr[], size_t n, fmi3Int32 v[],
    size_t count)
{
    const Model *m = SELF;
    for (size_t i = 0; i < n; i++)
        v[i] = vr[i] == ARMED ? m->armed : vr[i] == OWN ? m->own
            : vr[i] == UPDATES ? m->updates : m->counts[vr[i] - COUNTS];
    return fmi3OK;
}
fmi3Status fmi3SetInt32(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    const fmi3Int32 v[], size_t count)
{ NEED(SELF->mode != STEP); for (size_t i = 0; i < n; i++) SELF->armed = v[i]; return fmi3OK; }
