"""`linetwin live advice`: what would make good what has drifted, once the twin has earned it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from linetwin.cli.compose import FmuModels
from linetwin.cli.printing import print_json, say
from linetwin.cli.twin_forking import base_of, origin_of, read_kept, tell_age, warn_of_age
from linetwin.errors import Problem, ResultsError, ScenarioError
from linetwin.line import run as engine
from linetwin.twin.advising.advice import Adviser, shadow
from linetwin.twin.advising.effects import Foresight
from linetwin.twin.assimilating.rows import Finding
from linetwin.twin.board.board import LOG, read_board
from linetwin.twin.writing.foretold import told, told_change
from linetwin.twin.writing.policy import panel_of

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.advising.advice import Advice, Shadow, Weighed


class TwinAtHand:
    """A saved twin with its scenario and models, to foretell from; `close` frees the models."""

    def __init__(self, folder: Path) -> None:
        self.file, self.kept = read_kept(folder)
        tell_age(self.kept)
        request = origin_of(self.kept)
        self.scenario: Scenario = request.load()
        self.models = FmuModels(base_of(request, self.scenario), recording=False)

    def close(self) -> None:
        """Free the models."""
        self.models.close()

    def kind(self, station: str) -> str:
        """Return the kind of a station, "" where there is none."""
        config = self.scenario.stations.get(station)
        return config.kind if config is not None else ""

    def foresight(self) -> Foresight:
        """Return what foretells effects."""
        assert self.scenario.twin is not None  # noqa: S101  a saved twin has one
        stations = self.scenario.stations
        saved = self.kept.learnt["estimator"]
        return Foresight(
            self.scenario.twin,
            saved,
            lambda path, process: self.models.transform(stations[path], process),
        )

    @cached_property
    def line(self) -> dict[str, Any]:
        """Return the saved line as plain data."""
        return engine.unseal(self.kept.line)

    def set_now(self, station: str, tag: str) -> float:
        """Return a set value as the twin last heard it; ResultsError where it knows none."""
        parameters = self.line["parameters"]
        name, _, place = tag.rpartition("_")
        value = parameters.get(f"{station}.{tag}")
        if value is None and place.isdigit():
            row = parameters.get(f"{station}.{name}")
            value = (
                row[int(place) - 1] if isinstance(row, list) and int(place) <= len(row) else None
            )
        if not isinstance(value, (int, float)):
            raise ResultsError(f"the saved twin knows no {station}.{tag}")
        return float(value)

    @cached_property
    def findings(self) -> list[Finding]:
        """Return what the saved twin finds."""
        saved = self.kept.learnt["estimator"]["watchman"]["findings"]
        return [Finding(**{**each, "names": tuple(each["names"])}) for each in saved]

    @cached_property
    def adviser(self) -> Adviser:
        """Return who works out advice."""
        return Adviser(self.foresight(), self.kind, panel_of(self.scenario), self.set_now)

    @cached_property
    def weighed(self) -> Weighed:
        """Return what is advised against what has drifted, and why nothing is."""
        return self.adviser.weighed(self.findings)

    def advice(self) -> list[tuple[Advice, Shadow]]:
        """Return what is advised, each with how far its station's scores are."""
        assert self.scenario.twin is not None  # noqa: S101  a saved twin has one
        folder = self.file.parent
        scores = read_board(folder).tally.scores() if (folder / LOG).exists() else []
        limits, now = self.scenario.twin.advice, int(self.line["now"])
        return [
            (each, shadow(limits, scores, each.lever.station, now)) for each in self.weighed.advice
        ]

    def advised(self, name: str) -> Advice:
        """Return advice by its name; ScenarioError where there is none, or it is not shown yet."""
        held = self.adviser.withheld(self.findings)
        if name in held:
            raise ScenarioError([Problem("is withheld", f"--advice {name}", held[name])])
        known = {each.name: (each, over) for each, over in self.advice()}
        if name in self.weighed.barred:
            why = self.weighed.barred[name]
            raise ScenarioError([Problem("is not to be had", f"--advice {name}", why)])
        if name not in known:
            hint = f"there is {', '.join(known)}" if known else "there is none"
            raise ScenarioError([Problem("no such advice", f"--advice {name}", hint)])
        found, over = known[name]
        if not over.is_over:
            raise ScenarioError([Problem("is not shown", f"--advice {name}", over.text)])
        return found


def advise(folder: Path, *, as_json: bool) -> None:
    """Print what is advised; what is not shown yet, and why."""
    twin = TwinAtHand(folder)
    warn_of_age(twin.kept)
    try:
        found, held = twin.advice(), twin.adviser.withheld(twin.findings)
        barred = twin.weighed.barred
    finally:
        twin.close()
    if as_json:
        advised = [_plain(each, over) for each, over in found]
        advised += [{"name": name, "withheld": why} for name, why in held.items()]
        print_json(advised + [{"name": name, "barred": why} for name, why in barred.items()])
        return
    if not (found or held or barred):
        say("nothing is advised: no drift is found")
    for name, why in barred.items():
        say(f"{name}: {why}")
    for name, why in held.items():
        say(f"{name}: advice is withheld: {why}")
    for each, over in found:
        say(f"{each.name}: {each.why}")
        if not over.is_over:
            say(f"  a change is not shown {over.text}")
            continue
        name = each.lever.address
        median, low, high = (told_change(each.key, value) for value in each.change)
        say(
            f"  {name}: {told(name, each.lever.before)} -> {told(name, each.lever.after)}\n"
            f"  {each.key} changes by {median} ({low} to {high}), "
            f"so that it is {told(each.key, each.target, 4)}\n"
            f"  shown because: {over.text}\n"
            f"  linetwin live approve {folder} POLICY --advice {each.name} --as NAME ..."
        )


def _plain(advice: Advice, over: Shadow) -> dict[str, Any]:
    """Return advice as plain data; without its change where it is not shown yet."""
    found: dict[str, Any] = {"name": advice.name, "why": advice.why, **vars(over)}
    if over.is_over:
        found |= {
            "address": advice.lever.address,
            "before": advice.lever.before,
            "after": advice.lever.after,
            "unit": advice.unit,
            "quantity": advice.key,
            "target": advice.target,
            "change": advice.change,
        }
    return found
