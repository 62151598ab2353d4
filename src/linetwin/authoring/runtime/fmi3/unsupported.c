/* The rest of FMI 3.0: the standard wants all functions exported, these report an error. */
#include "fmi3Functions.h"
#include "runtime.h"

static fmi3Status unsupported(const Instance *instance, const char *function)
{
    if (instance) tell(instance, STATUS_ERROR, "%s is not supported", function);
    return fmi3Error;
}

#define UNUSED __attribute__((unused))
#define REFERENCES UNUSED const fmi3ValueReference references[], UNUSED size_t n
#define UNSUPPORTED(name, ...)                                                                 \
    fmi3Status name(fmi3Instance instance, __VA_ARGS__) { return unsupported(instance, #name); }
#define UNSUPPORTED_PLAIN(name)                                                                \
    fmi3Status name(fmi3Instance instance) { return unsupported(instance, #name); }

/* Types that no variable has: nothing can be got or set but nothing. */
#define NO_VARIABLES(Name, Type)                                                               \
    fmi3Status fmi3Get##Name(                                                                  \
        fmi3Instance instance, REFERENCES, UNUSED Type values[], size_t n_values)              \
    {                                                                                          \
        return n || n_values ? unsupported(instance, "fmi3Get" #Name) : fmi3OK;                \
    }                                                                                          \
    fmi3Status fmi3Set##Name(                                                                  \
        fmi3Instance instance, REFERENCES, UNUSED const Type values[], size_t n_values)        \
    {                                                                                          \
        return n || n_values ? unsupported(instance, "fmi3Set" #Name) : fmi3OK;                \
    }

NO_VARIABLES(Float32, fmi3Float32)
NO_VARIABLES(Int8, fmi3Int8)
NO_VARIABLES(UInt8, fmi3UInt8)
NO_VARIABLES(Int16, fmi3Int16)
NO_VARIABLES(UInt16, fmi3UInt16)
NO_VARIABLES(UInt32, fmi3UInt32)
NO_VARIABLES(Int64, fmi3Int64)
NO_VARIABLES(UInt64, fmi3UInt64)
NO_VARIABLES(String, fmi3String)
UNSUPPORTED(fmi3GetBinary, REFERENCES, UNUSED size_t sizes[], UNUSED fmi3Binary values[],
    UNUSED size_t n_values)
UNSUPPORTED(fmi3SetBinary, REFERENCES, UNUSED const size_t sizes[],
    UNUSED const fmi3Binary values[], UNUSED size_t n_values)
UNSUPPORTED(fmi3GetClock, REFERENCES, UNUSED fmi3Clock values[])
UNSUPPORTED(fmi3SetClock, REFERENCES, UNUSED const fmi3Clock values[])

/* Model exchange and scheduled execution */
fmi3Instance fmi3InstantiateModelExchange(UNUSED fmi3String name, UNUSED fmi3String token,
    UNUSED fmi3String resources, UNUSED fmi3Boolean visible, UNUSED fmi3Boolean logging,
    UNUSED fmi3InstanceEnvironment environment, UNUSED fmi3LogMessageCallback log)
{
    return NULL;
}

fmi3Instance fmi3InstantiateScheduledExecution(UNUSED fmi3String name, UNUSED fmi3String token,
    UNUSED fmi3String resources, UNUSED fmi3Boolean visible, UNUSED fmi3Boolean logging,
    UNUSED fmi3InstanceEnvironment environment, UNUSED fmi3LogMessageCallback log,
    UNUSED fmi3ClockUpdateCallback update, UNUSED fmi3LockPreemptionCallback lock,
    UNUSED fmi3UnlockPreemptionCallback unlock)
{
    return NULL;
}

UNSUPPORTED_PLAIN(fmi3EnterContinuousTimeMode)
UNSUPPORTED(fmi3CompletedIntegratorStep, UNUSED fmi3Boolean no_set_state,
    UNUSED fmi3Boolean *event_mode, UNUSED fmi3Boolean *terminate)
UNSUPPORTED(fmi3SetTime, UNUSED fmi3Float64 time)
UNSUPPORTED(fmi3SetContinuousStates, UNUSED const fmi3Float64 states[], UNUSED size_t n)
UNSUPPORTED(fmi3GetContinuousStates, UNUSED fmi3Float64 states[], UNUSED size_t n)
UNSUPPORTED(fmi3GetContinuousStateDerivatives, UNUSED fmi3Float64 values[], UNUSED size_t n)
UNSUPPORTED(fmi3GetNominalsOfContinuousStates, UNUSED fmi3Float64 values[], UNUSED size_t n)
UNSUPPORTED(fmi3GetEventIndicators, UNUSED fmi3Float64 values[], UNUSED size_t n)
UNSUPPORTED(fmi3GetNumberOfEventIndicators, UNUSED size_t *n)
UNSUPPORTED(fmi3GetNumberOfContinuousStates, UNUSED size_t *n)
UNSUPPORTED(fmi3ActivateModelPartition, UNUSED fmi3ValueReference clock, UNUSED fmi3Float64 time)

/* Event mode, clocks, configuration mode */
UNSUPPORTED_PLAIN(fmi3EnterEventMode)
UNSUPPORTED_PLAIN(fmi3EnterStepMode)
UNSUPPORTED_PLAIN(fmi3EnterConfigurationMode)
UNSUPPORTED_PLAIN(fmi3ExitConfigurationMode)
UNSUPPORTED_PLAIN(fmi3EvaluateDiscreteStates)
UNSUPPORTED(fmi3UpdateDiscreteStates, UNUSED fmi3Boolean *needs_update,
    UNUSED fmi3Boolean *terminate, UNUSED fmi3Boolean *nominals_changed,
    UNUSED fmi3Boolean *values_changed, UNUSED fmi3Boolean *next_defined,
    UNUSED fmi3Float64 *next_time)
UNSUPPORTED(fmi3GetIntervalDecimal, REFERENCES, UNUSED fmi3Float64 intervals[],
    UNUSED fmi3IntervalQualifier qualifiers[])
UNSUPPORTED(fmi3GetIntervalFraction, REFERENCES, UNUSED fmi3UInt64 counters[],
    UNUSED fmi3UInt64 resolutions[], UNUSED fmi3IntervalQualifier qualifiers[])
UNSUPPORTED(fmi3GetShiftDecimal, REFERENCES, UNUSED fmi3Float64 shifts[])
UNSUPPORTED(fmi3GetShiftFraction, REFERENCES, UNUSED fmi3UInt64 counters[],
    UNUSED fmi3UInt64 resolutions[])
UNSUPPORTED(fmi3SetIntervalDecimal, REFERENCES, UNUSED const fmi3Float64 intervals[])
UNSUPPORTED(fmi3SetIntervalFraction, REFERENCES, UNUSED const fmi3UInt64 counters[],
    UNUSED const fmi3UInt64 resolutions[])
UNSUPPORTED(fmi3SetShiftDecimal, REFERENCES, UNUSED const fmi3Float64 shifts[])
UNSUPPORTED(fmi3SetShiftFraction, REFERENCES, UNUSED const fmi3UInt64 counters[],
    UNUSED const fmi3UInt64 resolutions[])

/* Derivatives and dependencies that are not offered */
UNSUPPORTED(fmi3GetAdjointDerivative, UNUSED const fmi3ValueReference unknowns[],
    UNUSED size_t n_unknowns, UNUSED const fmi3ValueReference knowns[], UNUSED size_t n_knowns,
    UNUSED const fmi3Float64 seed[], UNUSED size_t n_seed, UNUSED fmi3Float64 sensitivity[],
    UNUSED size_t n_sensitivity)
UNSUPPORTED(fmi3GetOutputDerivatives, REFERENCES, UNUSED const fmi3Int32 orders[],
    UNUSED fmi3Float64 values[], UNUSED size_t n_values)
UNSUPPORTED(fmi3GetNumberOfVariableDependencies, UNUSED fmi3ValueReference reference,
    UNUSED size_t *n)
UNSUPPORTED(fmi3GetVariableDependencies, UNUSED fmi3ValueReference dependent,
    UNUSED size_t elements[], UNUSED fmi3ValueReference independents[],
    UNUSED size_t independent_elements[], UNUSED fmi3DependencyKind kinds[], UNUSED size_t n)
