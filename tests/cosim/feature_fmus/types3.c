/* FMI 3.0 co-simulation: a variable of every type, arrays, a structural parameter, a tunable one.

   Outputs follow their inputs (y = 2 u, u + 1, not u, "<u>", u backwards), `walk` grows by gain
   in each second. The life cycle is checked, so an importer that calls out of order fails. Where
   `only_step` is above 0, every step must be that long (s). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fmi3Functions.h"

#define LARGEST 8
#define TEXT 64
enum { NEW, CONFIGURING, INITIALISING, STEPPING, ENDED };
enum { ONLY_STEP = 1, GAIN = 2, WALK = 3, U = 10, Y = 30, N = 50, VECTOR = 51, SUMS = 52,
       MATRIX = 53, TURNED = 54, MODE = 55, NEXT_MODE = 56, FLAGS = 57, ANY_FLAG = 58,
       NAMES = 59, JOINED = 60, COUNTS = 61, TOTAL = 62 };

typedef struct {
    fmi3Float64 only_step, gain, walk, f64, vector[LARGEST], matrix[6];
    fmi3Float32 f32;
    fmi3Int8 i8; fmi3UInt8 u8; fmi3Int16 i16; fmi3UInt16 u16; fmi3Int32 i32; fmi3UInt32 u32;
    fmi3Int64 i64, mode; fmi3UInt64 u64, n;
    fmi3Int32 counts[2];
    fmi3Boolean flag, flags[3];
    char text[TEXT], names[2][TEXT];
    unsigned char bytes[TEXT];
    size_t length;
    int phase;
} State;

typedef struct {
    State now;
    char shown[2 * TEXT + 4];
    unsigned char back[TEXT];
    fmi3InstanceEnvironment environment;
    fmi3LogMessageCallback log;
} Types;

#define SELF ((Types *)c)
#define NOW (&SELF->now)

static void begin(State *now)
{
    memset(now, 0, sizeof *now);
    now->gain = 1;
    now->n = 3;
    now->mode = 1;
    for (int i = 0; i < LARGEST; i++) now->vector[i] = i + 1;
    for (int i = 0; i < 6; i++) now->matrix[i] = i + 1;
    strcpy(now->text, "start");
    strcpy(now->names[0], "a");
    strcpy(now->names[1], "b");
    now->bytes[0] = 0x0a;
    now->bytes[1] = 0xff;
    now->length = 2;
}

static fmi3Status fail(fmi3Instance c, const char *why)
{
    SELF->log(SELF->environment, fmi3Error, "error", why);
    return fmi3Error;
}
#define NEED(condition, why) do { if (!(condition)) return fail(c, why); } while (0)

const char *fmi3GetVersion(void) { return "3.0"; }
fmi3Status fmi3SetDebugLogging(fmi3Instance c, fmi3Boolean on, size_t n, const fmi3String k[])
{ return fmi3OK; }
fmi3Instance fmi3InstantiateCoSimulation(fmi3String name, fmi3String token, fmi3String place,
    fmi3Boolean visible, fmi3Boolean logging, fmi3Boolean events, fmi3Boolean early,
    const fmi3ValueReference required[], size_t n, fmi3InstanceEnvironment environment,
    fmi3LogMessageCallback log, fmi3IntermediateUpdateCallback update)
{
    if (strcmp(token, "{types-3}") || events) return NULL;
    Types *c = calloc(1, sizeof(Types));
    begin(&c->now);
    c->environment = environment;
    c->log = log;
    return c;
}
void fmi3FreeInstance(fmi3Instance c) { free(c); }
fmi3Status fmi3EnterConfigurationMode(fmi3Instance c)
{ NEED(NOW->phase == NEW, "configured too late"); NOW->phase = CONFIGURING; return fmi3OK; }
fmi3Status fmi3ExitConfigurationMode(fmi3Instance c)
{ NEED(NOW->phase == CONFIGURING, "not configuring"); NOW->phase = NEW; return fmi3OK; }
fmi3Status fmi3EnterInitializationMode(fmi3Instance c, fmi3Boolean d, fmi3Float64 t,
    fmi3Float64 start, fmi3Boolean sd, fmi3Float64 stop)
{ NEED(NOW->phase == NEW, "initialised twice"); NOW->phase = INITIALISING; return fmi3OK; }
fmi3Status fmi3ExitInitializationMode(fmi3Instance c)
{ NEED(NOW->phase == INITIALISING, "not initialising"); NOW->phase = STEPPING; return fmi3OK; }
fmi3Status fmi3Terminate(fmi3Instance c) { NOW->phase = ENDED; return fmi3OK; }
fmi3Status fmi3Reset(fmi3Instance c) { begin(NOW); return fmi3OK; }

fmi3Status fmi3GetFMUState(fmi3Instance c, fmi3FMUState *state)
{
    if (!*state) *state = malloc(sizeof(State));
    memcpy(*state, NOW, sizeof(State));
    return fmi3OK;
}
fmi3Status fmi3SetFMUState(fmi3Instance c, fmi3FMUState state)
{ memcpy(NOW, state, sizeof(State)); return fmi3OK; }
fmi3Status fmi3FreeFMUState(fmi3Instance c, fmi3FMUState *state)
{ free(*state); *state = NULL; return fmi3OK; }
fmi3Status fmi3SerializedFMUStateSize(fmi3Instance c, fmi3FMUState state, size_t *size)
{ *size = sizeof(State); return fmi3OK; }
fmi3Status fmi3SerializeFMUState(fmi3Instance c, fmi3FMUState state, fmi3Byte to[], size_t size)
{ memcpy(to, state, size); return fmi3OK; }
fmi3Status fmi3DeserializeFMUState(fmi3Instance c, const fmi3Byte from[], size_t size,
    fmi3FMUState *state)
{ *state = malloc(size); memcpy(*state, from, size); return fmi3OK; }

fmi3Status fmi3DoStep(fmi3Instance c, fmi3Float64 t, fmi3Float64 h, fmi3Boolean kept,
    fmi3Boolean *event, fmi3Boolean *terminate, fmi3Boolean *early, fmi3Float64 *reached)
{
    double only = NOW->only_step;
    NEED(NOW->phase == STEPPING, "stepped before its time");
    NEED(only <= 0 || fabs(h - only) <= 1e-9 * only, "not the one step that it takes");
    NOW->walk += NOW->gain * h;
    *event = *terminate = *early = 0;
    *reached = t + h;
    return fmi3OK;
}

#define WHOLE(Name, field, place) \
static fmi3Status get##Name(Types *c, fmi3ValueReference vr, fmi3##Name **v) \
{ if (vr == U + place) *(*v)++ = NOW->field; else if (vr == Y + place) *(*v)++ = NOW->field + 1; \
  else return fail(c, #Name " not known"); return fmi3OK; } \
static fmi3Status set##Name(Types *c, fmi3ValueReference vr, const fmi3##Name **v) \
{ NEED(vr == U + place, #Name " cannot be set"); NOW->field = *(*v)++; return fmi3OK; }
WHOLE(Int8, i8, 2) WHOLE(UInt8, u8, 3) WHOLE(Int16, i16, 4) WHOLE(UInt16, u16, 5)
WHOLE(UInt32, u32, 7)

static fmi3Status getInt32(Types *c, fmi3ValueReference vr, fmi3Int32 **v)
{
    if (vr == COUNTS) { *(*v)++ = NOW->counts[0]; *(*v)++ = NOW->counts[1]; }
    else if (vr == TOTAL) *(*v)++ = NOW->counts[0] + NOW->counts[1];
    else *(*v)++ = NOW->i32 + (vr == Y + 6);
    return fmi3OK;
}
static fmi3Status setInt32(Types *c, fmi3ValueReference vr, const fmi3Int32 **v)
{
    if (vr == COUNTS) { NOW->counts[0] = *(*v)++; NOW->counts[1] = *(*v)++; }
    else NOW->i32 = *(*v)++;
    return fmi3OK;
}
static fmi3Status getInt64(Types *c, fmi3ValueReference vr, fmi3Int64 **v)
{
    if (vr == MODE) *(*v)++ = NOW->mode;
    else if (vr == NEXT_MODE) *(*v)++ = 3 - NOW->mode;
    else *(*v)++ = NOW->i64 + (vr == Y + 8);
    return fmi3OK;
}
static fmi3Status setInt64(Types *c, fmi3ValueReference vr, const fmi3Int64 **v)
{
    if (vr == MODE) NOW->mode = *(*v)++;
    else NOW->i64 = *(*v)++;
    return fmi3OK;
}
static fmi3Status getUInt64(Types *c, fmi3ValueReference vr, fmi3UInt64 **v)
{ *(*v)++ = vr == N ? NOW->n : NOW->u64 + (vr == Y + 9); return fmi3OK; }
static fmi3Status setUInt64(Types *c, fmi3ValueReference vr, const fmi3UInt64 **v)
{
    if (vr == N) {
        NEED(NOW->phase == CONFIGURING, "n outside of configuration");
        NEED(**v >= 1 && **v <= LARGEST, "n from 1 to 8");
        NOW->n = *(*v)++;
    } else NOW->u64 = *(*v)++;
    return fmi3OK;
}
static fmi3Status getFloat32(Types *c, fmi3ValueReference vr, fmi3Float32 **v)
{ *(*v)++ = vr == U + 1 ? NOW->f32 : 2 * NOW->f32; return fmi3OK; }
static fmi3Status setFloat32(Types *c, fmi3ValueReference vr, const fmi3Float32 **v)
{ NOW->f32 = *(*v)++; return fmi3OK; }
static fmi3Status getFloat64(Types *c, fmi3ValueReference vr, fmi3Float64 **v)
{
    double sum = 0;
    switch (vr) {
    case ONLY_STEP: *(*v)++ = NOW->only_step; break;
    case GAIN: *(*v)++ = NOW->gain; break;
    case WALK: *(*v)++ = NOW->walk; break;
    case U: *(*v)++ = NOW->f64; break;
    case Y: *(*v)++ = 2 * NOW->f64; break;
    case VECTOR: for (size_t i = 0; i < NOW->n; i++) *(*v)++ = NOW->vector[i]; break;
    case SUMS: for (size_t i = 0; i < NOW->n; i++) *(*v)++ = sum += NOW->vector[i]; break;
    case MATRIX: for (int i = 0; i < 6; i++) *(*v)++ = NOW->matrix[i]; break;
    case TURNED: for (int i = 0; i < 6; i++) *(*v)++ = NOW->matrix[i % 2 * 3 + i / 2]; break;
    default: return fail(c, "Float64 not known");
    }
    return fmi3OK;
}
static fmi3Status setFloat64(Types *c, fmi3ValueReference vr, const fmi3Float64 **v)
{
    switch (vr) {
    case ONLY_STEP: NEED(NOW->phase < STEPPING, "fixed"); NOW->only_step = *(*v)++; break;
    case GAIN: NOW->gain = *(*v)++; break;
    case U: NOW->f64 = *(*v)++; break;
    case VECTOR: for (size_t i = 0; i < NOW->n; i++) NOW->vector[i] = *(*v)++; break;
    case MATRIX:
        NEED(NOW->phase < STEPPING, "fixed");
        for (int i = 0; i < 6; i++) NOW->matrix[i] = *(*v)++;
        break;
    default: return fail(c, "Float64 cannot be set");
    }
    return fmi3OK;
}
static fmi3Status getBoolean(Types *c, fmi3ValueReference vr, fmi3Boolean **v)
{
    const fmi3Boolean *f = NOW->flags;
    if (vr == FLAGS) for (int i = 0; i < 3; i++) *(*v)++ = f[i];
    else if (vr == ANY_FLAG) *(*v)++ = f[0] || f[1] || f[2];
    else *(*v)++ = vr == U + 10 ? NOW->flag : !NOW->flag;
    return fmi3OK;
}
static fmi3Status setBoolean(Types *c, fmi3ValueReference vr, const fmi3Boolean **v)
{
    if (vr == FLAGS) for (int i = 0; i < 3; i++) NOW->flags[i] = *(*v)++;
    else NOW->flag = *(*v)++;
    return fmi3OK;
}

#define ACCESS(Name) \
fmi3Status fmi3Get##Name(fmi3Instance c, const fmi3ValueReference vr[], size_t n, \
    fmi3##Name v[], size_t count) \
{ fmi3##Name *next = v; \
  for (size_t i = 0; i < n; i++) if (get##Name(c, vr[i], &next)) return fmi3Error; \
  NEED((size_t)(next - v) == count, "wrong number of values"); return fmi3OK; } \
fmi3Status fmi3Set##Name(fmi3Instance c, const fmi3ValueReference vr[], size_t n, \
    const fmi3##Name v[], size_t count) \
{ const fmi3##Name *next = v; \
  for (size_t i = 0; i < n; i++) if (set##Name(c, vr[i], &next)) return fmi3Error; \
  NEED((size_t)(next - v) == count, "wrong number of values"); return fmi3OK; }
ACCESS(Float64) ACCESS(Float32) ACCESS(Int8) ACCESS(UInt8) ACCESS(Int16) ACCESS(UInt16)
ACCESS(Int32) ACCESS(UInt32) ACCESS(Int64) ACCESS(UInt64) ACCESS(Boolean)

fmi3Status fmi3GetString(fmi3Instance c, const fmi3ValueReference vr[], size_t n, fmi3String v[],
    size_t count)
{
    for (size_t i = 0; i < n; i++) {
        if (vr[i] == NAMES) { *v++ = NOW->names[0]; *v++ = NOW->names[1]; continue; }
        if (vr[i] == U + 11) { *v++ = NOW->text; continue; }
        if (vr[i] == JOINED) sprintf(SELF->shown, "%s+%s", NOW->names[0], NOW->names[1]);
        else sprintf(SELF->shown, "<%s>", NOW->text);
        *v++ = SELF->shown; /* valid until the next call, as the standard says */
    }
    return fmi3OK;
}
fmi3Status fmi3SetString(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    const fmi3String v[], size_t count)
{
    for (size_t i = 0; i < n; i++) {
        if (vr[i] == NAMES) for (int k = 0; k < 2; k++) strncpy(NOW->names[k], *v++, TEXT - 1);
        else strncpy(NOW->text, *v++, TEXT - 1);
    }
    return fmi3OK;
}
fmi3Status fmi3GetBinary(fmi3Instance c, const fmi3ValueReference vr[], size_t n, size_t sizes[],
    fmi3Binary v[], size_t count)
{
    for (size_t k = 0; k < NOW->length; k++) SELF->back[k] = NOW->bytes[NOW->length - 1 - k];
    for (size_t i = 0; i < n; i++) {
        sizes[i] = NOW->length;
        v[i] = vr[i] == U + 12 ? NOW->bytes : SELF->back;
    }
    return fmi3OK;
}
fmi3Status fmi3SetBinary(fmi3Instance c, const fmi3ValueReference vr[], size_t n,
    const size_t sizes[], const fmi3Binary v[], size_t count)
{
    NEED(n == 1 && count == 1 && sizes[0] <= TEXT, "binary too long");
    memcpy(NOW->bytes, v[0], sizes[0]);
    NOW->length = sizes[0];
    return fmi3OK;
}
