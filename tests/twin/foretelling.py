"""An effect that was foretold, of which the thickness behind the calender tells."""

from __future__ import annotations

from linetwin.twin.writing.foretold import Expected, Shown

CALENDER = "cathode.calender"
EXPECTED = Expected(
    CALENDER,
    "coating_thickness",
    "m",
    now=(60e-6, 59e-6, 61e-6),
    then=(58e-6, 57e-6, 59e-6),
    change=(-2e-6, -2.2e-6, -1.8e-6),
    shown=Shown(
        f"{CALENDER}.thickness", (60e-6, 59.5e-6, 60.5e-6), (58e-6, 57.5e-6, 58.5e-6), 0.3e-6
    ),
)
