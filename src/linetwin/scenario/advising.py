"""When a twin's advice is shown: the part `advice` of the section `twin`.

advice:                       # only once the board's scores have met all of this
  shadow: 7 d                 # time over which predictions were scored
  predictions: 50             # of each quantity by each instrument
  coverage: 90 %              # share inside their 95 % intervals, at least
  ratio: 1                    # error of open loop over that of the twin, at least
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.quantities import Quantity
from linetwin.scenario.twin import AdviceConfig
from linetwin.scenario.values import read_scalar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.written import Written

_KINDS = {
    "shadow": Quantity("time", "s", "time of the line", minimum=0.0, maximum=3.2e7),
    "predictions": Quantity("count", "1", "predictions", minimum=1.0, maximum=1e6),
    "coverage": Quantity("share", "1", "share", display="%", minimum=0.0, maximum=1.0),
    "ratio": Quantity("ratio", "1", "ratio of errors", minimum=0.0, maximum=1e3),
}


def read_advice(
    written: Iterable[tuple[str, Written]], place: Place, problems: Problems
) -> AdviceConfig:
    """Return the part `advice`; what is wrong is noted, what is missing is as usual."""
    found: dict[str, float] = {}
    for key, value in written:
        number = read_scalar(value.value, _KINDS[key], place.below(key), problems)
        if isinstance(number, (int, float)):
            found[key] = float(number)
    usual = AdviceConfig()
    return AdviceConfig(
        shadow_s=found.get("shadow", usual.shadow_s),
        predictions=round(found.get("predictions", usual.predictions)),
        coverage=found.get("coverage", usual.coverage),
        ratio=found.get("ratio", usual.ratio),
    )
