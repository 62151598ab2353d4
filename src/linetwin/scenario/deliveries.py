"""Raw-material lots that are not as the others: what a scenario says of single deliveries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linetwin.quantities import vocabulary
from linetwin.scenario.problems import nearest
from linetwin.scenario.values import read_scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.problems import Problems
    from linetwin.scenario.resolved import MaterialConfig
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.validation import Checked


def with_deliveries(
    scenario: Checked[ScenarioFile], materials: Mapping[str, MaterialConfig], problems: Problems
) -> dict[str, MaterialConfig]:
    """Return the materials with the lots that `deliveries` describes.

    A lot is named as the run will name it: material and number, such as
    `cathode.active_material-0003`. Only properties that vary from lot to lot can be said.
    """
    found = dict(materials)
    for lot, written in scenario.model.deliveries.items():
        place = scenario.document.place(("deliveries", lot))
        path, _, number = lot.rpartition("-")
        if path not in materials:
            problems.add(place, f"no material '{path or lot}'", nearest(path or lot, materials))
            continue
        if not (number.isdigit() and int(number) > 0 and lot == f"{path}-{int(number):04d}"):
            problems.add(place, f"'{number}' is no number of a lot", f"such as {path}-0003")
            continue
        own: dict[str, float] = {}
        for name, value in written.items():
            here = scenario.document.place(("deliveries", lot, name))
            if name not in found[path].deviations:
                hint = ", ".join(found[path].deviations) or "none of this material does"
                problems.add(here, f"'{name}' does not vary from lot to lot", f"what does: {hint}")
                continue
            number_read = read_scalar(value.value, vocabulary()[name], here, problems)
            if isinstance(number_read, (int, float)):
                own[name] = float(number_read)
        exceptions = {**found[path].exceptions, lot: own}
        found[path] = replace(found[path], exceptions=exceptions)
    return found
