"""A calender's FMU of another maker: FMI 2.0 in C, German names, units of its own.

eps_aus = eps_min + (eps_ein - eps_min) * exp(-q / modul) in percent and kN/mm; the solids stay, so
h_aus = h_ein * (100 - eps_ein) / (100 - eps_aus).
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

GUID = "{walzwerk-7}"
LEAST = 20.0
"""eps_min [%]."""
INPUTS = {
    "eps_ein": ("%", 50), "h_ein": ("um", 100), "q": ("kN/mm", 0.1), "v": ("m/min", 5),
    "T_walze": ("Celsius", 25), "breite": ("mm", 250), "reserve": ("", 0),
}  # fmt: skip
OUTPUTS = {
    "eps_aus": "%", "h_aus": "um", "rho": "g/cm³", "rueck": "%", "leit": "", "P": "kW",
}  # fmt: skip
PARAMETER = ("modul", "kN/mm", 0.5)


def porosity(before: float, line_load: float, modulus: float) -> float:
    """Return the porosity [1] behind the rolls; loads in N/m."""
    import math

    least = LEAST / 100
    return least + (before - least) * math.exp(-line_load / modulus)


def description(parameter_unit: str = PARAMETER[1]) -> str:
    """Return modelDescription.xml."""
    rows, number = [], 0
    starts = {**INPUTS, PARAMETER[0]: (parameter_unit, PARAMETER[2])}
    for name, (unit, start) in starts.items():
        causality = "parameter" if name == PARAMETER[0] else "input"
        variability = "fixed" if causality == "parameter" else "continuous"
        said = f' unit="{unit}"' if unit else ""
        rows.append(
            f'<ScalarVariable name="{name}" valueReference="{number}" causality="{causality}" '
            f'variability="{variability}"><Real start="{start}"{said}/></ScalarVariable>'
        )
        number += 1
    for name, unit in OUTPUTS.items():
        said = f' unit="{unit}"' if unit else ""
        rows.append(
            f'<ScalarVariable name="{name}" valueReference="{number}" causality="output" '
            f'variability="continuous"><Real{said}/></ScalarVariable>'
        )
        number += 1
    outputs = "".join(f'<Unknown index="{i}"/>' for i in range(len(starts) + 1, number + 1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<fmiModelDescription fmiVersion="2.0" modelName="Kalander" guid="{GUID}">'
        '<CoSimulation modelIdentifier="kalander" canHandleVariableCommunicationStepSize="true" '
        'canGetAndSetFMUstate="false"/>'
        f"<ModelVariables>{''.join(rows)}</ModelVariables>"
        f"<ModelStructure><Outputs>{outputs}</Outputs>"
        f"<InitialUnknowns>{outputs}</InitialUnknowns></ModelStructure></fmiModelDescription>\n"
    )


SOURCE = r"""
#include <math.h>
#include <stdlib.h>
#include "fmi2Functions.h"
enum { EPS, H, Q, V, T, B, RES, MODUL, EPS_OUT, H_OUT, RHO, BACK, COND, P, N };
typedef struct { double x[N]; } Rolls;
#define X (((Rolls *)c)->x)
const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }
const char *fmi2GetVersion(void) { return fmi2Version; }
static void begin(double *x)
{ double s[N] = {50, 100, 0.1, 5, 25, 250, 0, 0.5}; for (int i = 0; i < N; i++) x[i] = s[i]; }
static void press(double *x)
{
    x[EPS_OUT] = 20 + (x[EPS] - 20) * exp(-x[Q] / x[MODUL]);
    x[H_OUT] = x[H] * (100 - x[EPS]) / (100 - x[EPS_OUT]);
    x[RHO] = 4.466 * (1 - x[EPS_OUT] / 100);
    x[BACK] = 1;
    x[COND] = 1;
    x[P] = 0.5 * x[Q] * x[V];
}
fmi2Component fmi2Instantiate(fmi2String n, fmi2Type t, fmi2String g, fmi2String w,
    const fmi2CallbackFunctions *f, fmi2Boolean v, fmi2Boolean l)
{ Rolls *c = calloc(1, sizeof(Rolls)); if (c) begin(c->x); return c; }
void fmi2FreeInstance(fmi2Component c) { free(c); }
fmi2Status fmi2SetDebugLogging(fmi2Component c, fmi2Boolean o, size_t n, const fmi2String k[])
{ return fmi2OK; }
fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean td, fmi2Real t, fmi2Real s,
    fmi2Boolean sd, fmi2Real e) { return fmi2OK; }
fmi2Status fmi2EnterInitializationMode(fmi2Component c) { return fmi2OK; }
fmi2Status fmi2ExitInitializationMode(fmi2Component c) { press(X); return fmi2OK; }
fmi2Status fmi2Terminate(fmi2Component c) { return fmi2OK; }
fmi2Status fmi2Reset(fmi2Component c) { begin(X); return fmi2OK; }
fmi2Status fmi2GetReal(fmi2Component c, const fmi2ValueReference r[], size_t n, fmi2Real v[])
{ for (size_t i = 0; i < n; i++) v[i] = X[r[i]]; return fmi2OK; }
fmi2Status fmi2SetReal(fmi2Component c, const fmi2ValueReference r[], size_t n, const fmi2Real v[])
{ for (size_t i = 0; i < n; i++) X[r[i]] = v[i]; return fmi2OK; }
fmi2Status fmi2DoStep(fmi2Component c, fmi2Real t, fmi2Real h, fmi2Boolean s)
{ press(X); return fmi2OK; }
#define NONE(Name, Type) \
fmi2Status fmi2Get##Name(fmi2Component c, const fmi2ValueReference r[], size_t n, Type v[]) \
{ return n ? fmi2Error : fmi2OK; } \
fmi2Status fmi2Set##Name(fmi2Component c, const fmi2ValueReference r[], size_t n, const Type v[]) \
{ return n ? fmi2Error : fmi2OK; }
NONE(Integer, fmi2Integer)
NONE(Boolean, fmi2Boolean)
NONE(String, fmi2String)
fmi2Status fmi2CancelStep(fmi2Component c) { return fmi2Error; }
#define STATUS(Name, Type) \
fmi2Status fmi2Get##Name(fmi2Component c, const fmi2StatusKind k, Type *v) { return fmi2Discard; }
STATUS(Status, fmi2Status)
STATUS(RealStatus, fmi2Real)
STATUS(IntegerStatus, fmi2Integer)
STATUS(BooleanStatus, fmi2Boolean)
STATUS(StringStatus, fmi2String)
"""


def build(folder: Path) -> bytes:
    """Compile and pack the FMU for this machine; needs the package ziglang."""
    import fmpy

    from linetwin.cosim.binary import library_suffix, platform_folder

    source, library = folder / "kalander.c", folder / f"kalander{library_suffix()}"
    source.write_text(SOURCE, encoding="utf-8")
    headers = f"{fmpy.__file__.removesuffix('__init__.py')}c-code"
    command = [sys.executable, "-m", "ziglang", "cc", "-shared", "-O1", "-fPIC", f"-I{headers}"]
    command += ["-fno-sanitize=undefined", str(source), "-o", str(library), "-lm"]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return packed(f"binaries/{platform_folder(2)}/{library.name}", library.read_bytes(), folder)


def packed(member: str, binary: bytes, folder: Path) -> bytes:
    """Return an FMU with one binary under a name of its own."""
    fmu = folder / "kalander.fmu"
    with zipfile.ZipFile(fmu, "w") as archive:
        archive.writestr("modelDescription.xml", description())
        archive.writestr(member, binary)
    return fmu.read_bytes()
