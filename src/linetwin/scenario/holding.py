"""What is put on hold on the way: the holds of a scenario, and those of the command line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from linetwin.errors import ScenarioError
from linetwin.scenario.document import fragment
from linetwin.scenario.lot_names import roll_length, wrong_lot
from linetwin.scenario.plan import read_instant, read_span
from linetwin.scenario.problems import Place
from linetwin.scenario.resolved import HoldConfig
from linetwin.scenario.schema import Hold
from linetwin.scenario.validation import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linetwin.scenario.problems import Problems
    from linetwin.scenario.resolved import MaterialConfig, StationConfig
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.validation import Checked

_ASKED = "--hold cathode.slurry-0002, or --hold '{lot: cathode.slurry-0002, then: scrap}'"


@dataclass(frozen=True)
class HoldReader:
    """Reads holds; `stations` and `materials` tell which lots the line can have."""

    stations: Mapping[str, StationConfig]
    materials: Mapping[str, MaterialConfig]
    problems: Problems

    def of_scenario(self, scenario: Checked[ScenarioFile]) -> tuple[HoldConfig, ...]:
        """Return the holds of a scenario in the order in which they were written."""
        found = []
        for index, written in enumerate(scenario.model.holds):
            keys = ("lot", "roll", "from_m", "to_m")
            cut = any(scenario.is_cut("holds", index, key) for key in keys)
            places = {
                name: scenario.document.place(("holds", index, name))
                for name in ("from", "until", *keys)
            }
            if written is not None:
                found.append(self._hold(written, places, cut=cut))
            elif not scenario.is_cut("holds", index):
                place = scenario.document.place(("holds", index))
                self.problems.add(place, "an empty item", "lot, from, until, then, reason")
        return tuple(hold for hold in found if hold is not None)

    def of_command(self, texts: Sequence[str]) -> tuple[HoldConfig, ...]:
        """Return the holds that the command line asks for: a lot each, or a mapping."""
        return tuple(hold for hold in map(self._asked, texts) if hold is not None)

    def _asked(self, text: str) -> HoldConfig | None:
        place = Place("--hold")
        try:
            raw = fragment(text)
            written = Hold.model_validate(raw if isinstance(raw, dict) else {"lot": raw})
        except ScenarioError as error:
            self.problems.adopt(error, place)
            return None
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                message, hint = words(detail, Hold)
                key = place.below(".".join(map(str, detail["loc"])))
                self.problems.add(key, message, hint or _ASKED)
            return None
        keys = ("lot", "roll", "from_m", "to_m", "from", "until")
        return self._hold(written, {key: place.below(key) for key in keys}, cut=False)

    def _hold(self, written: Hold, places: Mapping[str, Place], *, cut: bool) -> HoldConfig | None:
        """Return a hold; None, and problems, where it is wrong. `cut`: its lot is told already."""
        self._check_lot(written, places)
        wrong = [] if cut else list(_contradictions(written))
        for key, message, hint in wrong:
            self.problems.add(places[key], message, hint)
        start = read_instant(written.begin, places["from"], self.problems)
        end = read_span(written.end, places["until"], self.problems)
        if start is not None and end is not None and end <= start:
            hint = "until must be later than from"
            self.problems.add(places["until"], "ends before it begins", hint)
        if cut or wrong or start is None:
            return None
        if end is None and written.then == "scrap":
            end = start  # nobody waits to decide: what it concerns is scrapped as it is found
        return HoldConfig(
            lot=str(written.lot or written.roll),
            from_m=written.from_m or 0.0,
            to_m=math.inf if written.to_m is None else written.to_m,
            start_tick=start,
            end_tick=end,
            then=written.then,
            reason=written.reason,
            include_possible=written.include_possible,
        )

    def _check_lot(self, written: Hold, places: Mapping[str, Place]) -> None:
        """Refuse a lot that the line cannot have, and metres beyond its rolls."""
        key, lot = ("roll", written.roll) if written.lot is None else ("lot", written.lot)
        if lot is None:
            return
        if wrong := wrong_lot(lot, self.stations, self.materials):
            self.problems.add(places[key], *wrong)
            return
        length = roll_length(lot, self.stations) if key == "roll" else None
        for name, metres in (("from_m", written.from_m), ("to_m", written.to_m)):
            if length is not None and metres is not None and metres > length:
                message = f"{metres:g} m is beyond the end of the roll"
                self.problems.add(places[name], message, f"allowed: 0 to {length:g} m")


def hold_text(hold: HoldConfig) -> dict[str, object]:
    """Return a hold as it stands in the resolved scenario."""
    metres = {} if math.isinf(hold.to_m) else {"from_m": hold.from_m, "to_m": hold.to_m}
    return {
        "lot": hold.lot,
        **metres,
        "from_ms": hold.start_tick,
        "until_ms": hold.end_tick,
        "then": hold.then,
        "reason": hold.reason,
        "include_possible": hold.include_possible,
    }


def _contradictions(written: Hold) -> Iterator[tuple[str, str, str]]:
    """Yield (key, message, hint) for what does not fit together."""
    example = "lot: cathode.active_material-0003, or roll: cathode.roll-0004, from_m: 20, to_m: 60"
    if (written.lot is None) == (written.roll is None):
        yield "lot", "a hold is on a lot or on metres of a roll", example
    if written.roll is not None and (written.from_m is None or written.to_m is None):
        yield "roll", "which metres of the roll?", "from_m: 20, to_m: 60, or lot: for all of it"
    if written.lot is not None and (written.from_m is not None or written.to_m is not None):
        yield "lot", "metres belong to a roll", example
    if written.from_m is not None and written.to_m is not None and written.to_m <= written.from_m:
        yield "to_m", "ends before it begins", "to_m must be more than from_m"
