"""How long lots have lain in a plant's chambers when a twin joins: by what its servers remember."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.line.chamber import Chamber
from linetwin.line.kinds import KINDS
from linetwin.results.display import counted
from linetwin.twin.feed.rules import Rules

if TYPE_CHECKING:
    from linetwin.cli.twin_feed import Beginning
    from linetwin.scenario.mapped import Mapping, SignalConfig
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.feed.parcels import Latest
    from linetwin.twin.following.joining import Standing
    from linetwin.twin.following.meaning import Meaning

COUNTER = "taken"
AGO_NS = 14 * 86_400 * 1_000_000_000
"""How far back counters are asked for: longer than lots rest in any shipped line."""
NAMED = 3


class Recalling:
    """Asks the servers that are linked, once, before the twin joins."""

    def __init__(self, mapping: Mapping, scenario: Scenario, beginning: Beginning) -> None:
        self._mapping, self._beginning = mapping, beginning
        wanted = {
            f"{path}.{COUNTER}"
            for path, config in scenario.stations.items()
            if issubclass(KINDS[config.kind], Chamber)
        }
        self._signals: list[tuple[int, SignalConfig]] = [
            (number, signal)
            for number, signal in enumerate(mapping.signals)
            if signal.address in wanted
        ]
        counted = {signal.address for _, signal in self._signals}
        self._uncounted = sorted(each.rpartition(".")[0] for each in wanted - counted)

    def recall(self, standing: Standing, meaning: Meaning, latest: Latest) -> list[str]:
        """Note counters of the past; return what a person should know of it."""
        begin = meaning.origin + standing.tick * 1_000_000 - AGO_NS
        found, refused = self._beginning.past(latest.health.values(), self._signals, begin)
        values = 0
        for rows in found:
            values += len(rows)
            standing.remember(meaning.events(Rules(self._mapping).judge(rows)))
        words = []
        if values:
            count = len(self._signals) - len(refused)
            told = f"{counted(values, 'past value')} of {counted(count, 'counter')}"
            words.append(f"how long lots have lain is known from {told}")
        reasons = dict.fromkeys(self._uncounted, "not mapped")
        for number, signal in self._signals:
            if number in refused:
                reasons[signal.address.rpartition(".")[0]] = refused[number]
        if reasons:
            named = ", ".join(list(reasons)[:NAMED])
            more = f" and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
            why = next(iter(reasons.values()))
            how = "they are taken to lie evenly up to their rest"
            words.append(f"not known how long lots have lain in {named}{more} ({why}): {how}")
        return words
