"""What half of the scrap for a reason is worth: what is not wasted, and output where it limits.

People, machines and rooms cost a day the same with less scrap. So what is saved is the material in
it and the energy of the stations it had passed; and, where it had passed the group that limits a
steady line, so much more good output shares the fixed cost of a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from linetwin.results import display
from linetwin.results.bottleneck import piled_up
from linetwin.results.costs import Costs, price_list
from linetwin.results.display import name as name_of
from linetwin.results.kpis_limits import day_rates, prices
from linetwin.results.lever import NEARLY_ALWAYS, Lever, against_scrap, limiting
from linetwin.results.value import ValueFlow

if TYPE_CHECKING:
    from linetwin.results.kpis import Facts, Kpis

_HALF = 0.5
_TOP = 3
_DAY_S = 86_400
_NO_GAIN = 1e-9


@dataclass(frozen=True)
class ScrapLevers:
    """Levers against scrap of one run that has prices and key figures."""

    facts: Facts
    found: Kpis

    def ranked(self) -> list[Lever]:
        """Return half of each reason of scrap, the ones worth most; none without prices."""
        values = self.found["cost"].get("scrap_value", {}).get("value") or {}
        every = [
            self._lever(place, reason, saved)
            for place, reasons in self._flow.scrap.items()
            for reason, saved in reasons.items()
            if values.get(place, {}).get(reason, 0.0) > 0
        ] if values and self._days else []  # fmt: skip
        return sorted(every, key=lambda lever: -(lever.money_per_day or 0.0))[:_TOP]

    def _lever(self, place: str, reason: str, value: float) -> Lever:
        rates = day_rates(self.facts)
        fixed, _, currency = prices(self.found, rates)
        saved = _HALF * value / self._days
        formula = f"{display.plain(saved)} {currency} a day of materials and energy not wasted"
        gain = self._gain(place, reason)
        cells = energy = None
        money = saved
        if gain > _NO_GAIN:
            cells = gain * (rates["cells"] or 0.0)
            energy = None if rates["energy"] is None else gain * rates["energy"]
            shared = 0.0 if energy is None or fixed is None else energy * fixed
            money += shared
            formula += (
                f"; {display.share(gain)} more good output, for it had passed "
                f"{name_of(self._limiting)}, {display.plain(shared)} {currency} a day of fixed cost"
            )
        elif self.facts.steady and self._limiting not in self._passed(place):
            formula += "; no more output, for it does not come through what limits the line"
        told = self.found["cost"]["scrap_value"]["value"][place][reason] / self._days
        why = (
            f"{display.plain(told)} {currency} a day at the value added so far, of which people, "
            "machines and rooms cost the same with less scrap"
        )
        return Lever(
            f"halve the scrap for {reason} (found at {name_of(place)})",
            why,
            formula,
            cells,
            energy,
            money,
            setting=against_scrap(self.facts, place, reason),
            at_most=gain > _NO_GAIN and self._bound(place),
        )

    @property
    def _days(self) -> float:
        return float(self.found["order"]["duration"]["value"]) / _DAY_S

    @cached_property
    def _flow(self) -> ValueFlow:
        """Scrap at its materials and the energy bought for the stations that it had passed."""
        listed = price_list(self.facts)
        if listed is None:
            raise ValueError("no prices: nothing to value scrap with")
        costs = Costs(self.facts, listed, self.facts.meters, 0, self.facts.end)
        stations = self.facts.plan.stations
        return ValueFlow(costs, {name: costs.energy.get(name, 0.0) for name in stations})

    @property
    def _limiting(self) -> str:
        return str(self.found["limits"]["bottleneck"]["value"] or "")

    def _passed(self, place: str) -> set[str]:
        """Return the groups that what is scrapped at a place has come through, itself included."""
        members, after = self.facts.plan.members, self._flow.after
        there = set(members.get(place, [place]))
        return {
            group
            for group, stations in members.items()
            if any(there & after[station] for station in stations)
        }

    def _gain(self, place: str, reason: str) -> float:
        """Return by which share good output grows: nothing where scrap never passed the limit.

        Good web or cells won over those that were good, for the share of the window in which one
        of the groups that it has come through limited; no more than the others can take.
        """
        passed = self._passed(place)
        if not self.facts.steady or self._limiting not in passed:
            return 0.0
        limits = {name: entry["value"] for name, entry in self.found["limits"].items()}
        # Where work piles up behind a group, it gives more than is taken: it holds nothing back.
        aside = passed | piled_up(self.facts, self.facts.window or (0, self.facts.end))
        loads = limits["load"]
        others = [load for group, load in loads.items() if group not in aside and load > 0]
        room = 1 / max(others) - 1 if others else 1.0
        won = (
            _HALF * self._relative(place, reason) * limiting(limits["share_as_bottleneck"], passed)
        )
        return min(won, max(0.0, room))

    def _bound(self, place: str) -> bool:
        """Say whether what a place has come through limited nearly always: the gain is a bound."""
        shares = self.found["limits"]["share_as_bottleneck"]["value"]
        return limiting(shares, self._passed(place)) >= NEARLY_ALWAYS

    def _relative(self, place: str, reason: str) -> float:
        """Return scrap for a reason over what was good: metres of its web, else cells."""
        web = place.split(".", maxsplit=1)[0]
        metres = self.found["quality"]["web_scrap"]["value"].get(web) or {}
        yields = self.found["quality"]["yield_of_webs"]["value"]
        if reason in metres and web in yields:
            good = yields[web]
            whole = sum(metres.values()) / (1 - good)
            return float(metres[reason] / (whole * good))
        table = self.found["quality"]["cell_scrap"]["value"]
        stations = self.facts.plan.members.get(place, [place])
        lost = sum((table.get(station) or {}).get(reason, 0.0) for station in stations)
        return float(lost / max(1, self.found["order"]["cells_good"]["value"]))
