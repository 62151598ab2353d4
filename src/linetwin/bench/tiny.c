/* An FMU of FMI 2.0 and 3.0 that does almost nothing: x follows u, one addition a step.
 *
 * What a master needs on top of such a step is the master's own cost. The functions that a plain run
 * does not need return an error; some masters look all of them up. */
#include <stdbool.h>
#include <stdlib.h>

#include "fmi2FunctionTypes.h"
#include "fmi3FunctionTypes.h"

#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

typedef struct {
    double value[2]; /* x, u */
} Tiny;

static int start(Tiny *self)
{
    *self = (Tiny){{1.0, 0.0}};
    return 0;
}

static void *instantiate(void)
{
    Tiny *self = malloc(sizeof(Tiny));
    if (self) start(self);
    return self;
}

static int set(Tiny *self, const unsigned *references, size_t count, const double *values)
{
    for (size_t i = 0; i < count; i++) self->value[references[i]] = values[i];
    return 0;
}

static int get(const Tiny *self, const unsigned *references, size_t count, double *values)
{
    for (size_t i = 0; i < count; i++) values[i] = self->value[references[i]];
    return 0;
}

static int step(Tiny *self, double length)
{
    self->value[0] += length * (self->value[1] - self->value[0]);
    return 0;
}

EXPORTED const char *fmi2GetTypesPlatform(void) { return "default"; }
EXPORTED const char *fmi2GetVersion(void) { return "2.0"; }
EXPORTED fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String token,
    fmi2String resources, const fmi2CallbackFunctions *calls, fmi2Boolean visible,
    fmi2Boolean logging)
{
    return instantiate();
}
EXPORTED void fmi2FreeInstance(fmi2Component c) { free(c); }
EXPORTED int fmi2SetDebugLogging(fmi2Component c, fmi2Boolean on, size_t n, const fmi2String k[])
{
    return 0;
}
EXPORTED int fmi2SetupExperiment(fmi2Component c, fmi2Boolean asked, fmi2Real tolerance,
    fmi2Real begin, fmi2Boolean ends, fmi2Real end)
{
    return 0;
}
EXPORTED int fmi2EnterInitializationMode(fmi2Component c) { return 0; }
EXPORTED int fmi2ExitInitializationMode(fmi2Component c) { return 0; }
EXPORTED int fmi2Terminate(fmi2Component c) { return 0; }
EXPORTED int fmi2Reset(fmi2Component c) { return start(c); }
EXPORTED int fmi2GetReal(fmi2Component c, const unsigned r[], size_t n, fmi2Real v[])
{
    return get(c, r, n, v);
}
EXPORTED int fmi2SetReal(fmi2Component c, const unsigned r[], size_t n, const fmi2Real v[])
{
    return set(c, r, n, v);
}
EXPORTED int fmi2DoStep(fmi2Component c, fmi2Real at, fmi2Real length, fmi2Boolean last)
{
    return step(c, length);
}

EXPORTED const char *fmi3GetVersion(void) { return "3.0"; }
EXPORTED fmi3Instance fmi3InstantiateCoSimulation(fmi3String name, fmi3String token,
    fmi3String resources, fmi3Boolean visible, fmi3Boolean logging, fmi3Boolean events,
    fmi3Boolean early, const fmi3ValueReference required[], size_t n,
    fmi3InstanceEnvironment environment, fmi3LogMessageCallback log,
    fmi3IntermediateUpdateCallback update)
{
    return instantiate();
}
EXPORTED void fmi3FreeInstance(fmi3Instance c) { free(c); }
EXPORTED int fmi3SetDebugLogging(fmi3Instance c, fmi3Boolean on, size_t n, const fmi3String k[])
{
    return 0;
}
EXPORTED int fmi3EnterInitializationMode(fmi3Instance c, fmi3Boolean asked, fmi3Float64 tolerance,
    fmi3Float64 begin, fmi3Boolean ends, fmi3Float64 end)
{
    return 0;
}
EXPORTED int fmi3ExitInitializationMode(fmi3Instance c) { return 0; }
EXPORTED int fmi3Terminate(fmi3Instance c) { return 0; }
EXPORTED int fmi3Reset(fmi3Instance c) { return start(c); }
EXPORTED int fmi3GetFloat64(
    fmi3Instance c, const unsigned r[], size_t n, fmi3Float64 v[], size_t values)
{
    return get(c, r, n, v);
}
EXPORTED int fmi3SetFloat64(
    fmi3Instance c, const unsigned r[], size_t n, const fmi3Float64 v[], size_t values)
{
    return set(c, r, n, v);
}
EXPORTED int fmi3DoStep(fmi3Instance c, fmi3Float64 at, fmi3Float64 length, fmi3Boolean no_set,
    fmi3Boolean *event, fmi3Boolean *terminate, fmi3Boolean *early, fmi3Float64 *last)
{
    *event = *terminate = *early = false;
    *last = at + length;
    return step(c, length);
}

#define REFUSED(name) EXPORTED int name(void) { return fmi3Error; }
REFUSED(fmi2CancelStep) REFUSED(fmi2CompletedIntegratorStep) REFUSED(fmi2DeSerializeFMUstate)
REFUSED(fmi2EnterContinuousTimeMode) REFUSED(fmi2EnterEventMode) REFUSED(fmi2FreeFMUstate)
REFUSED(fmi2GetBoolean) REFUSED(fmi2GetBooleanStatus) REFUSED(fmi2GetContinuousStates)
REFUSED(fmi2GetDerivatives) REFUSED(fmi2GetDirectionalDerivative) REFUSED(fmi2GetEventIndicators)
REFUSED(fmi2GetFMUstate) REFUSED(fmi2GetInteger) REFUSED(fmi2GetIntegerStatus)
REFUSED(fmi2GetNominalsOfContinuousStates) REFUSED(fmi2GetRealOutputDerivatives)
REFUSED(fmi2GetRealStatus) REFUSED(fmi2GetStatus) REFUSED(fmi2GetString)
REFUSED(fmi2GetStringStatus) REFUSED(fmi2NewDiscreteStates) REFUSED(fmi2SerializeFMUstate)
REFUSED(fmi2SerializedFMUstateSize) REFUSED(fmi2SetBoolean) REFUSED(fmi2SetContinuousStates)
REFUSED(fmi2SetFMUstate) REFUSED(fmi2SetInteger) REFUSED(fmi2SetRealInputDerivatives)
REFUSED(fmi2SetString) REFUSED(fmi2SetTime) REFUSED(fmi3ActivateModelPartition)
REFUSED(fmi3CompletedIntegratorStep) REFUSED(fmi3DeserializeFMUState)
REFUSED(fmi3EnterConfigurationMode) REFUSED(fmi3EnterContinuousTimeMode) REFUSED(fmi3EnterEventMode)
REFUSED(fmi3EnterStepMode) REFUSED(fmi3EvaluateDiscreteStates) REFUSED(fmi3ExitConfigurationMode)
REFUSED(fmi3FreeFMUState) REFUSED(fmi3GetAdjointDerivative) REFUSED(fmi3GetBinary)
REFUSED(fmi3GetBoolean) REFUSED(fmi3GetClock) REFUSED(fmi3GetContinuousStateDerivatives)
REFUSED(fmi3GetContinuousStates) REFUSED(fmi3GetDirectionalDerivative)
REFUSED(fmi3GetEventIndicators) REFUSED(fmi3GetFMUState) REFUSED(fmi3GetFloat32)
REFUSED(fmi3GetInt16) REFUSED(fmi3GetInt32) REFUSED(fmi3GetInt64) REFUSED(fmi3GetInt8)
REFUSED(fmi3GetIntervalDecimal) REFUSED(fmi3GetIntervalFraction)
REFUSED(fmi3GetNominalsOfContinuousStates) REFUSED(fmi3GetNumberOfContinuousStates)
REFUSED(fmi3GetNumberOfEventIndicators) REFUSED(fmi3GetNumberOfVariableDependencies)
REFUSED(fmi3GetOutputDerivatives) REFUSED(fmi3GetShiftDecimal) REFUSED(fmi3GetShiftFraction)
REFUSED(fmi3GetString) REFUSED(fmi3GetUInt16) REFUSED(fmi3GetUInt32) REFUSED(fmi3GetUInt64)
REFUSED(fmi3GetUInt8) REFUSED(fmi3GetVariableDependencies) REFUSED(fmi3InstantiateModelExchange)
REFUSED(fmi3InstantiateScheduledExecution) REFUSED(fmi3SerializeFMUState)
REFUSED(fmi3SerializedFMUStateSize) REFUSED(fmi3SetBinary) REFUSED(fmi3SetBoolean)
REFUSED(fmi3SetClock) REFUSED(fmi3SetContinuousStates) REFUSED(fmi3SetFMUState)
REFUSED(fmi3SetFloat32) REFUSED(fmi3SetInt16) REFUSED(fmi3SetInt32) REFUSED(fmi3SetInt64)
REFUSED(fmi3SetInt8) REFUSED(fmi3SetIntervalDecimal) REFUSED(fmi3SetIntervalFraction)
REFUSED(fmi3SetShiftDecimal) REFUSED(fmi3SetShiftFraction) REFUSED(fmi3SetString)
REFUSED(fmi3SetTime) REFUSED(fmi3SetUInt16) REFUSED(fmi3SetUInt32) REFUSED(fmi3SetUInt64)
REFUSED(fmi3SetUInt8) REFUSED(fmi3UpdateDiscreteStates)
