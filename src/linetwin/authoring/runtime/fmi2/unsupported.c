/* The rest of FMI 2.0 for co-simulation: the standard wants all functions exported. */
#include "fmi2Functions.h"

#define UNUSED __attribute__((unused))
#define OWN UNUSED fmi2Component component
#define REFERENCES UNUSED const fmi2ValueReference references[]

/* No variable is a string, no Boolean can be set: nothing can be got or set but nothing. */
fmi2Status fmi2GetString(OWN, REFERENCES, size_t n, UNUSED fmi2String values[])
{
    return n ? fmi2Error : fmi2OK;
}

fmi2Status fmi2SetString(OWN, REFERENCES, size_t n, UNUSED const fmi2String values[])
{
    return n ? fmi2Error : fmi2OK;
}

fmi2Status fmi2SetBoolean(OWN, REFERENCES, size_t n, UNUSED const fmi2Boolean values[])
{
    return n ? fmi2Error : fmi2OK;
}

/* Inputs are held over a step; their derivatives, and those of outputs, are not offered. */
fmi2Status fmi2SetRealInputDerivatives(OWN, REFERENCES, size_t n,
    UNUSED const fmi2Integer orders[], UNUSED const fmi2Real values[])
{
    return n ? fmi2Error : fmi2OK;
}

fmi2Status fmi2GetRealOutputDerivatives(
    OWN, REFERENCES, size_t n, UNUSED const fmi2Integer orders[], UNUSED fmi2Real values[])
{
    return n ? fmi2Error : fmi2OK;
}

/* No step is ever under way when another function can be called. */
fmi2Status fmi2CancelStep(OWN) { return fmi2Error; }

fmi2Status fmi2GetStatus(OWN, UNUSED const fmi2StatusKind kind, UNUSED fmi2Status *value)
{
    return fmi2Discard;
}

fmi2Status fmi2GetIntegerStatus(OWN, UNUSED const fmi2StatusKind kind, UNUSED fmi2Integer *value)
{
    return fmi2Discard;
}

fmi2Status fmi2GetStringStatus(OWN, UNUSED const fmi2StatusKind kind, UNUSED fmi2String *value)
{
    return fmi2Discard;
}
