"""A small FMI 2.0 co-simulation FMU in C: what an importer meets outside linetwin.

x' = -rate * x, exact; temperature in degC; an Integer, a Boolean and an enumeration input; it stops
part-way (discard) at `limit`, can save its state, and logs with printf's arguments. Where x is
above 1000 g/m2 the function that `fault` names (FAULTS) fails.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from linetwin.contracts import Contract
from linetwin.cosim import process_map

DRYING = Contract(
    "drying",
    "transform",
    start=("loading",),
    inputs=("air_temperature", "mode"),
    outputs=("loading", "film_temperature"),
)
"""What the FMU stands for in tests."""
MAP = process_map(
    {
        "loading": "x",
        "air_temperature": "T",
        "film_temperature": "T_out",
        "mode": {"variable": "mode", "enumeration": {0: "off", 1: "on"}},
    },
    {"on": 1.0},
)
ON = {"air_temperature": 300.0, "mode": 1.0}

FAULTS = (
    *("none", "Reset", "SetupExperiment", "EnterInitializationMode", "ExitInitializationMode"),
    *("SetInteger", "GetReal", "DoStep", "fatal", "discard", "pending", "terminate"),
)
"""What the parameter `fault` counts, from 0."""

DESCRIPTION = """<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="2.0" modelName="Decay" guid="{decay-1}"
  numberOfEventIndicators="0">
<CoSimulation modelIdentifier="decay" canHandleVariableCommunicationStepSize="true"
  canGetAndSetFMUstate="true" canSerializeFMUstate="true"/>
<UnitDefinitions>
<Unit name="degC"><BaseUnit K="1" offset="273.15"/></Unit>
<Unit name="g/m2"><BaseUnit kg="1" m="-2" factor="0.001"/></Unit>
<Unit name="s"><BaseUnit s="1"/></Unit>
<Unit name="1/s"><BaseUnit s="-1"/></Unit>
</UnitDefinitions>
<TypeDefinitions><SimpleType name="Mode"><Enumeration>
<Item name="off" value="1"/><Item name="on" value="2"/>
</Enumeration></SimpleType></TypeDefinitions>
<LogCategories><Category name="logStatusWarning"/><Category name="logAll"/></LogCategories>
<DefaultExperiment startTime="0" stopTime="10" stepSize="1"/>
<ModelVariables>
<ScalarVariable name="x" valueReference="0" causality="output" variability="continuous"
  initial="exact"><Real start="100" unit="g/m2"/></ScalarVariable>
<ScalarVariable name="T" valueReference="1" causality="input" variability="continuous">
  <Real start="20" unit="degC" min="0" max="100"/></ScalarVariable>
<ScalarVariable name="T_out" valueReference="2" causality="output" variability="continuous">
  <Real unit="degC"/></ScalarVariable>
<ScalarVariable name="rate" valueReference="3" causality="parameter" variability="fixed">
  <Real start="0.1" unit="1/s" min="0" max="1"/></ScalarVariable>
<ScalarVariable name="limit" valueReference="4" causality="parameter" variability="fixed">
  <Real start="1e9" unit="s"/></ScalarVariable>
<ScalarVariable name="mode" valueReference="0" causality="input" variability="discrete">
  <Enumeration declaredType="Mode" start="2"/></ScalarVariable>
<ScalarVariable name="on" valueReference="0" causality="input" variability="discrete">
  <Boolean start="true"/></ScalarVariable>
<ScalarVariable name="steps" valueReference="1" causality="output" variability="discrete"
  initial="calculated"><Integer/></ScalarVariable>
<ScalarVariable name="title" valueReference="0" causality="parameter" variability="fixed">
  <String start="decay"/></ScalarVariable>
<ScalarVariable name="fault" valueReference="2" causality="parameter" variability="fixed">
  <Integer start="0"/></ScalarVariable>
</ModelVariables>
<ModelStructure><Outputs><Unknown index="1"/><Unknown index="3"/><Unknown index="8"/></Outputs>
<InitialUnknowns><Unknown index="3"/><Unknown index="8"/></InitialUnknowns></ModelStructure>
</fmiModelDescription>
"""

SOURCE = r"""
#include <math.h>
#include <string.h>
#include "fmi2Functions.h"

typedef struct {
    fmi2Real real[5];
    fmi2Integer integer[3];
    fmi2Boolean on;
    fmi2Real time;
    fmi2Boolean terminated;
} State;

typedef struct {
    State now;
    const fmi2CallbackFunctions *callbacks;
} Decay;

#define SELF ((Decay *)c)
static const State START = {{100, 20, 20, 0.1, 1e9}, {2, 0, 0}, 1, 0, 0};

static int faulty(const Decay *decay, int fault)
{
    if (decay->now.integer[2] != fault || !(decay->now.real[0] > 1000)) return 0;
    decay->callbacks->logger(decay->callbacks->componentEnvironment, "decay", fmi2Error,
        "logStatusError", "fault %d", fault);
    return 1;
}
#define FAULT(number) if (faulty(SELF, number)) return fmi2Error

const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }
const char *fmi2GetVersion(void) { return fmi2Version; }
fmi2Status fmi2SetDebugLogging(fmi2Component c, fmi2Boolean on, size_t n, const fmi2String k[])
{ return fmi2OK; }
fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid, fmi2String where,
    const fmi2CallbackFunctions *callbacks, fmi2Boolean visible, fmi2Boolean logging)
{
    if (strcmp(guid, "{decay-1}") || type != fmi2CoSimulation) return 0;
    Decay *decay = callbacks->allocateMemory(1, sizeof(Decay));
    if (!decay) return 0;
    decay->now = START;
    decay->callbacks = callbacks;
    return decay;
}
void fmi2FreeInstance(fmi2Component c) { if (c) SELF->callbacks->freeMemory(c); }
fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean td, fmi2Real t, fmi2Real start,
    fmi2Boolean sd, fmi2Real stop) { FAULT(2); SELF->now.time = start; return fmi2OK; }
fmi2Status fmi2EnterInitializationMode(fmi2Component c) { FAULT(3); return fmi2OK; }
fmi2Status fmi2ExitInitializationMode(fmi2Component c)
{ FAULT(4); SELF->now.real[2] = SELF->now.real[1]; return fmi2OK; }
fmi2Status fmi2Terminate(fmi2Component c) { return fmi2OK; }
fmi2Status fmi2Reset(fmi2Component c) { FAULT(1); SELF->now = START; return fmi2OK; }

#define ACCESS(Name, Type, field, set, get) \
fmi2Status fmi2Get##Name(fmi2Component c, const fmi2ValueReference vr[], size_t n, Type v[]) \
{ FAULT(get); for (size_t i = 0; i < n; i++) v[i] = (&SELF->now.field)[vr[i]]; return fmi2OK; } \
fmi2Status fmi2Set##Name(fmi2Component c, const fmi2ValueReference vr[], size_t n, const Type v[]) \
{ FAULT(set); for (size_t i = 0; i < n; i++) (&SELF->now.field)[vr[i]] = v[i]; return fmi2OK; }
ACCESS(Real, fmi2Real, real[0], -1, 6)
ACCESS(Integer, fmi2Integer, integer[0], 5, -1)
ACCESS(Boolean, fmi2Boolean, on, -1, -1)
fmi2Status fmi2GetString(fmi2Component c, const fmi2ValueReference r[], size_t n, fmi2String v[])
{ return fmi2Error; }
fmi2Status fmi2SetString(fmi2Component c, const fmi2ValueReference r[], size_t n,
    const fmi2String v[]) { return fmi2Error; }

fmi2Status fmi2DoStep(fmi2Component c, fmi2Real t, fmi2Real h, fmi2Boolean final)
{
    State *now = &SELF->now;
    fmi2Real *r = now->real, end = t + h;
    if (h <= 0) {
        SELF->callbacks->logger(SELF->callbacks->componentEnvironment, "decay", fmi2Error,
            "logStatusError", "step of %g s at %s", h, "any time");
        return fmi2Error;
    }
    FAULT(7);
    if (faulty(SELF, 8)) return fmi2Fatal;
    if (faulty(SELF, 9)) return fmi2Discard;
    if (faulty(SELF, 10)) return fmi2Pending;
    if (faulty(SELF, 11)) {
        now->terminated = 1;
        return fmi2Discard;
    }
    if (r[1] > 100)
        SELF->callbacks->logger(SELF->callbacks->componentEnvironment, "decay", fmi2Warning,
            "logStatusWarning", "T = %.1f %s is hot", r[1], "degC");
    fmi2Boolean stopped = t < r[4] && end > r[4];
    if (stopped) end = r[4];
    if (now->on && now->integer[0] == 2) r[0] *= exp(-r[3] * (end - t));
    r[2] = r[1];
    now->integer[1]++;
    now->time = end;
    return stopped ? fmi2Discard : fmi2OK;
}
fmi2Status fmi2CancelStep(fmi2Component c) { return fmi2Error; }
fmi2Status fmi2GetStatus(fmi2Component c, const fmi2StatusKind k, fmi2Status *v)
{ return fmi2Discard; }
fmi2Status fmi2GetRealStatus(fmi2Component c, const fmi2StatusKind k, fmi2Real *v)
{ if (k != fmi2LastSuccessfulTime) return fmi2Discard; *v = SELF->now.time; return fmi2OK; }
fmi2Status fmi2GetIntegerStatus(fmi2Component c, const fmi2StatusKind k, fmi2Integer *v)
{ return fmi2Discard; }
fmi2Status fmi2GetBooleanStatus(fmi2Component c, const fmi2StatusKind k, fmi2Boolean *v)
{ if (k != fmi2Terminated) return fmi2Discard; *v = SELF->now.terminated; return fmi2OK; }
fmi2Status fmi2GetStringStatus(fmi2Component c, const fmi2StatusKind k, fmi2String *v)
{ return fmi2Discard; }
fmi2Status fmi2SetRealInputDerivatives(fmi2Component c, const fmi2ValueReference r[], size_t n,
    const fmi2Integer o[], const fmi2Real v[]) { return fmi2Error; }
fmi2Status fmi2GetRealOutputDerivatives(fmi2Component c, const fmi2ValueReference r[], size_t n,
    const fmi2Integer o[], fmi2Real v[]) { return fmi2Error; }
fmi2Status fmi2GetDirectionalDerivative(fmi2Component c, const fmi2ValueReference u[], size_t nu,
    const fmi2ValueReference k[], size_t nk, const fmi2Real dk[], fmi2Real du[])
{ return fmi2Error; }

fmi2Status fmi2GetFMUstate(fmi2Component c, fmi2FMUstate *s)
{
    if (!*s) *s = SELF->callbacks->allocateMemory(1, sizeof(State));
    memcpy(*s, &SELF->now, sizeof(State));
    return fmi2OK;
}
fmi2Status fmi2SetFMUstate(fmi2Component c, fmi2FMUstate s)
{ memcpy(&SELF->now, s, sizeof(State)); return fmi2OK; }
fmi2Status fmi2FreeFMUstate(fmi2Component c, fmi2FMUstate *s)
{ SELF->callbacks->freeMemory(*s); *s = 0; return fmi2OK; }
fmi2Status fmi2SerializedFMUstateSize(fmi2Component c, fmi2FMUstate s, size_t *n)
{ *n = sizeof(State); return fmi2OK; }
fmi2Status fmi2SerializeFMUstate(fmi2Component c, fmi2FMUstate s, fmi2Byte b[], size_t n)
{ memcpy(b, s, n); return fmi2OK; }
fmi2Status fmi2DeSerializeFMUstate(fmi2Component c, const fmi2Byte b[], size_t n, fmi2FMUstate *s)
{
    if (n != sizeof(State)) return fmi2Error;
    *s = SELF->callbacks->allocateMemory(1, n);
    memcpy(*s, b, n);
    return fmi2OK;
}
"""


def build_fmi2(folder: Path, old: str = "", new: str = "") -> Path:
    """Compile and pack the FMU, with `new` for `old` in its source; needs the package ziglang."""
    import fmpy

    from linetwin.cosim.binary import library_suffix, platform_folder

    source = folder / "decay.c"
    library = folder / f"decay{library_suffix()}"
    source.write_text(SOURCE.replace(old, new) if old else SOURCE, encoding="utf-8")
    headers = Path(fmpy.__file__).parent / "c-code"
    command = [sys.executable, "-m", "ziglang", "cc", "-shared", "-O1", "-fPIC", f"-I{headers}"]
    command += ["-fno-sanitize=undefined", str(source), "-o", str(library)]
    subprocess.run([*command, "-lm"], check=True, capture_output=True, timeout=300)
    fmu = folder / "decay.fmu"
    with zipfile.ZipFile(fmu, "w") as archive:
        archive.writestr("modelDescription.xml", DESCRIPTION)
        archive.write(library, f"binaries/{platform_folder(2)}/{library.name}")
    return fmu
