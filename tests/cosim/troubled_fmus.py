"""An FMI 3.0 FMU in C that hangs, crashes, ends its process, babbles or gives NaN on demand.

Its first output is the integral of its first input over time; the others are 0. Where local time
passes `trouble_time` a step does what `trouble` counts (TROUBLES); `leave` ends the process when
the FMU is freed. The environment's TROUBLED_CALL names a function in which it aborts, or `load`.
"""

from __future__ import annotations

import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from linetwin.authoring.toolchain import compile_library, host_target
from linetwin.contracts import Contract
from linetwin.cosim import open_continuous
from linetwin.cosim.binary import library_suffix, platform_folder
from linetwin.cosim.isolated.models import IsolatedContinuous, IsolatedTransform
from linetwin.scenario.resolved import ProcessConfig, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TROUBLES = (
    *("none", "hang", "abort", "segfault", "exit", "babble", "print", "once", "leave", "nan"),
    *("quick_exit", "_exit"),
)
MARK = "TROUBLED_MARK"
"""Environment variable: the file by which `once` knows that it has crashed before."""
OVEN = Contract("oven", "continuous", inputs=("air_temperature",), outputs=("film_temperature",))
BATCH = Contract("batch", "transform", inputs=("air_temperature",), outputs=("film_temperature",))
OVEN_UNITS = ({"air_temperature": "K"}, {"film_temperature": "K"})
NEVER = 1e30

LIMIT_S = 0.3
PATIENCE_S = 600.0
"""Limit of what crashes: it is noticed without waiting."""
WARM = {"air_temperature": 300.0}

_UNITS = {
    "K": '<Unit name="K"><BaseUnit K="1"/></Unit>',
    "W": '<Unit name="W"><BaseUnit kg="1" m="2" s="-3"/></Unit>',
    "J": '<Unit name="J"><BaseUnit kg="1" m="2" s="-2"/></Unit>',
    "s": '<Unit name="s"><BaseUnit s="1"/></Unit>',
    "1": '<Unit name="1"><BaseUnit/></Unit>',
}
_PARAMETERS = {"trouble": (0.0, "1"), "trouble_time": (NEVER, "s"), "words": (0.0, "1")}

_SOURCE = r"""
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fmi3Functions.h"

enum { NONE, HANG, ABORT, SEGFAULT, EXIT, BABBLE, PRINT, ONCE, LEAVE, UNREAL, QUICK, BARE };
typedef struct { double values[COUNT]; } State;
typedef struct {
    State now;
    fmi3InstanceEnvironment environment;
    fmi3LogMessageCallback log;
} Troubled;
#define SELF ((Troubled *)c)
#define TROUBLE SELF->now.values[0]
#define TROUBLE_TIME SELF->now.values[1]
#define WORDS SELF->now.values[2]

static void babble(Troubled *c, long words)
{
    char text[40];
    for (long word = 0; word < words; word++) {
        long rest = word;
        int at = 0;
        while (at == 0 || rest) { text[at++] = (char)('a' + rest % 26); rest /= 26; }
        text[at] = 0;
        c->log(c->environment, fmi3Warning, word % 2 ? "odd" : "even", text);
    }
}

static void called(const char *name)
{
    const char *bad = getenv("TROUBLED_CALL");
    if (bad && !strcmp(bad, name)) abort();
}

__attribute__((constructor)) static void loaded(void) { called("load"); }

static void crash_once(void)
{
    const char *mark = getenv("TROUBLED_MARK");
    FILE *file = mark ? fopen(mark, "r") : 0;
    if (!file) {
        fclose(fopen(mark, "w"));
        abort();
    }
    fclose(file);
}

fmi3Instance fmi3InstantiateCoSimulation(fmi3String name, fmi3String token, fmi3String resources,
    fmi3Boolean visible, fmi3Boolean logging, fmi3Boolean events, fmi3Boolean early,
    const fmi3ValueReference intermediate[], size_t count, fmi3InstanceEnvironment environment,
    fmi3LogMessageCallback log, fmi3IntermediateUpdateCallback update)
{
    called("Instantiate");
    Troubled *c = calloc(1, sizeof(Troubled));
    TROUBLE_TIME = 1e30;
    c->environment = environment;
    c->log = log;
    return c;
}
void fmi3FreeInstance(fmi3Instance c)
{
    called("FreeInstance");
    if ((int)TROUBLE == LEAVE) exit(0);
    free(c);
}
fmi3Status fmi3SetDebugLogging(fmi3Instance c, fmi3Boolean on, size_t n, const fmi3String k[])
{ return fmi3OK; }
fmi3Status fmi3EnterInitializationMode(fmi3Instance c, fmi3Boolean td, fmi3Float64 t,
    fmi3Float64 start, fmi3Boolean sd, fmi3Float64 stop) { return fmi3OK; }
fmi3Status fmi3ExitInitializationMode(fmi3Instance c)
{ called("ExitInitializationMode"); return fmi3OK; }
fmi3Status fmi3Terminate(fmi3Instance c) { called("Terminate"); return fmi3OK; }
fmi3Status fmi3Reset(fmi3Instance c)
{ called("Reset"); memset(&SELF->now, 0, sizeof(State)); TROUBLE_TIME = 1e30; return fmi3OK; }
fmi3Status fmi3GetFloat64(fmi3Instance c, const fmi3ValueReference r[], size_t n,
    fmi3Float64 v[], size_t m)
{ called("Get"); for (size_t i = 0; i < n; i++) v[i] = SELF->now.values[r[i]]; return fmi3OK; }
fmi3Status fmi3SetFloat64(fmi3Instance c, const fmi3ValueReference r[], size_t n,
    const fmi3Float64 v[], size_t m)
{ called("Set"); for (size_t i = 0; i < n; i++) SELF->now.values[r[i]] = v[i]; return fmi3OK; }
fmi3Status fmi3DoStep(fmi3Instance c, fmi3Float64 t, fmi3Float64 h, fmi3Boolean no_past,
    fmi3Boolean *event, fmi3Boolean *terminate, fmi3Boolean *early, fmi3Float64 *reached)
{
    if (t + h > TROUBLE_TIME) {
        volatile int *nowhere = (volatile int *)(size_t)(SELF->log == 0);
        switch ((int)TROUBLE) {
        case HANG: fputs("it hangs\n", stderr); for (;;) usleep(10000);
        case ABORT: abort();
        case SEGFAULT: *nowhere = 1; break;
        case EXIT: exit(7);
        case QUICK: quick_exit(0);
        case BARE: _exit(0);
        case BABBLE: babble(SELF, (long)WORDS); break;
        case PRINT: printf("printed by the FMU\n"); fflush(stdout); break;
        case ONCE: crash_once(); break;
        case UNREAL: SELF->now.values[OUTPUT] = NAN; break;
        }
    }
    SELF->now.values[OUTPUT] += h * SELF->now.values[INPUT];
    *event = *terminate = *early = 0;
    *reached = t + h;
    return fmi3OK;
}
fmi3Status fmi3GetFMUState(fmi3Instance c, fmi3FMUState *s)
{
    called("GetFMUState");
    if (!*s) *s = malloc(sizeof(State));
    memcpy(*s, &SELF->now, sizeof(State));
    return fmi3OK;
}
fmi3Status fmi3SetFMUState(fmi3Instance c, fmi3FMUState s)
{ called("SetFMUState"); memcpy(&SELF->now, s, sizeof(State)); return fmi3OK; }
fmi3Status fmi3FreeFMUState(fmi3Instance c, fmi3FMUState *s) { free(*s); *s = 0; return fmi3OK; }
fmi3Status fmi3SerializedFMUStateSize(fmi3Instance c, fmi3FMUState s, size_t *n)
{ *n = sizeof(State); return fmi3OK; }
fmi3Status fmi3SerializeFMUState(fmi3Instance c, fmi3FMUState s, fmi3Byte b[], size_t n)
{ memcpy(b, s, n); return fmi3OK; }
fmi3Status fmi3DeserializeFMUState(fmi3Instance c, const fmi3Byte b[], size_t n, fmi3FMUState *s)
{ *s = malloc(n); memcpy(*s, b, n); return fmi3OK; }
"""


def _variable(number: int, name: str, unit: str, causality: str, start: float = 0.0) -> str:
    variability = "fixed" if causality == "parameter" else "continuous"
    initial = ' initial="exact"' if causality == "output" else ""
    return (
        f'<Float64 name="{name}" valueReference="{number}" causality="{causality}"'
        f' variability="{variability}"{initial} start="{start}" unit="{unit}"/>'
    )


def build_troubled(
    folder: Path,
    name: str,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    *,
    unused: Sequence[str] = (),
    saves: bool = True,
) -> Path:
    """Build the FMU for quantities with their units, and with parameters that do nothing."""
    parameters = _PARAMETERS | dict.fromkeys(unused, (0.0, "W"))
    variables = [
        _variable(number, parameter, unit, "parameter", start)
        for number, (parameter, (start, unit)) in enumerate(parameters.items())
    ]
    first_input = len(variables)
    for quantity, unit in inputs.items():
        variables.append(_variable(len(variables), quantity, unit, "input"))
    first_output = len(variables)
    for quantity, unit in outputs.items():
        variables.append(_variable(len(variables), quantity, unit, "output"))
    unknowns = "".join(
        f'<Output valueReference="{number}"/>' for number in range(first_output, len(variables))
    )
    saving = f'canGetAndSetFMUState="{str(saves).lower()}"'
    saving += f' canSerializeFMUState="{str(saves).lower()}"'
    description = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<fmiModelDescription fmiVersion="3.0" modelName="{name}" instantiationToken="{name}-1">'
        f'<CoSimulation modelIdentifier="{name}" {saving}'
        ' canHandleVariableCommunicationStepSize="true"/>'
        f"<UnitDefinitions>{''.join(_UNITS.values())}</UnitDefinitions>"
        f"<ModelVariables>{''.join(variables)}</ModelVariables>"
        f"<ModelStructure>{unknowns}</ModelStructure></fmiModelDescription>\n"
    )
    source = folder / f"{name}.c"
    numbers = (
        f"#define _DEFAULT_SOURCE\n#define COUNT {len(variables)}\n#define INPUT {first_input}\n"
    )
    numbers += f"#define OUTPUT {first_output}\n"
    source.write_text(numbers + _SOURCE, encoding="utf-8")
    library = folder / f"{name}{library_suffix()}"
    compile_library([source], [], host_target(), library)
    fmu = folder / f"{name}.fmu"
    with zipfile.ZipFile(fmu, "w") as archive:
        archive.writestr("modelDescription.xml", description)
        archive.write(library, f"binaries/{platform_folder(3)}/{library.name}")
    return fmu


def config(fmu: Path, trouble: str = "none", words: int = 0) -> ProcessConfig:
    """An isolated process whose FMU misbehaves in the step that passes 1.5 s."""
    numbers = {"trouble": TROUBLES.index(trouble), "trouble_time": 1.5, "words": words}
    parameters = {name: Value(number, "", "A", "a test", "") for name, number in numbers.items()}
    limit_s = LIMIT_S if trouble == "hang" else PATIENCE_S
    return ProcessConfig(
        "oven", str(fmu), parameters=parameters, isolate=True, step_timeout_s=limit_s
    )


def opened(fmu: Path, trouble: str = "none", words: int = 0) -> IsolatedContinuous:
    """A model that has been started."""
    model = open_continuous(config(fmu, trouble, words=words), OVEN)
    assert isinstance(model, IsolatedContinuous)
    model.start(0, WARM)
    return model


def pid_of(model: IsolatedContinuous | IsolatedTransform) -> int:
    """The number of a model's process."""
    return model._process._child.pid


def is_running(pid: int) -> bool:
    """Tell whether a process still runs; one that nobody has buried yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}


def assert_gone(pid: int) -> None:
    """Wait for the end of a process, for a while."""
    for _ in range(1000):
        if not is_running(pid):
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} is still running")
