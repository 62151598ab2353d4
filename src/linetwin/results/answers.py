"""The four sentences that a report begins with: how many, when, at what energy, limited by what."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from linetwin.results import display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.results.kpis import Kpis

_NAMED = 3
_START_UP = "start-up of the coater"
_WORTH_SAYING = 0.05


def answers(found: Kpis) -> list[tuple[str, str]]:
    """Return four (sentence, small print), both HTML."""
    return [_how_many(found), _when(found), _energy(found), _held_back(found)]


def _value(found: Kpis, section: str, name: str) -> Any:  # noqa: ANN401 - a number or a table
    return found[section][name]["value"]


def _cells(count: int) -> str:
    return f"{count:,} cell" if count == 1 else f"{count:,} cells"


def _how_many(found: Kpis) -> tuple[str, str]:
    order = {name: entry["value"] for name, entry in found["order"].items()}
    good = order["cells_good"]
    sentence = (
        f"<b>{good:,} good {'cell' if good == 1 else 'cells'}</b> came out of "
        f"{order['cells_started']:,} started: {order['cells_a']:,} of grade A, "
        f"{order['cells_b']:,} of grade B."
    )
    scrapped = order["cells_scrap_at_grading"] + order["cells_scrap_upstream"]
    small = (
        f"{_cells(scrapped)} scrapped ({order['cells_scrap_upstream']:,} before grading, "
        f"{order['cells_scrap_at_grading']:,} at grading), {order['cells_in_process']:,} still in "
        f"process. Quality ratio {display.share(order['quality_ratio'])}, rolled throughput yield "
        f"with the webs {display.share(_value(found, 'quality', 'rolled_throughput_yield'))}."
    )
    return sentence, small + _worst(found) + _webs(found)


def _worst(found: Kpis) -> str:
    """Name the commonest defects of cells."""
    tables = [_value(found, "quality", name) for name in ("cell_scrap", "cell_grade_b")]
    reasons: dict[str, int] = {}
    for table in tables:
        for by_reason in table.values():
            for reason, count in by_reason.items():
                reasons[reason] = reasons.get(reason, 0) + count
    if not reasons:
        return ""
    top = sorted(reasons, key=lambda reason: -reasons[reason])[:_NAMED]
    said = ", ".join(f"{escape(reason)} ({reasons[reason]:,})" for reason in top)
    return f" Commonest findings: {said}."


def _webs(found: Kpis) -> str:
    """Name the webs of which much was cut out besides start-up, and the commonest reason."""
    said = []
    yields = _value(found, "quality", "yield_of_webs")
    for web, by_reason in _value(found, "quality", "web_scrap").items():
        cut = sum(by_reason.values())
        metres = {reason: m for reason, m in by_reason.items() if reason != _START_UP}
        share = (1 - yields[web]) * sum(metres.values()) / cut if cut else 0.0
        if share > _WORTH_SAYING:
            worst = max(metres, key=lambda reason: metres[reason])
            mostly = "mostly " if len(metres) > 1 else ""
            said.append(
                f"{display.share(share)} of the {escape(web)} web cut out {mostly}for "
                f"{escape(worst)}"
            )
    return f" Besides start-up: {', '.join(said)}." if said else ""


def _when(found: Kpis) -> tuple[str, str]:
    order = {name: entry["value"] for name, entry in found["order"].items()}
    ran = display.duration(order["duration"])
    if order["last_cell_graded"] is None:
        return f"No cell was graded in the <b>{ran}</b> that the run lasted.", ""
    sentence = (
        f"The first was graded after {display.duration(order['first_cell_graded'])}, the last "
        f"after <b>{display.duration(order['last_cell_graded'])}</b>."
    )
    rates = [
        f"{display.plain(rate)} cells an hour {what}"
        for rate, what in (
            (order["stacking_rate"], "left the stacker"),
            (order["throughput"], "were graded"),
        )
        if rate is not None
    ]
    pace = f"While the middle half was made, {' and '.join(rates)}. " if rates else ""
    return (
        sentence,
        f"{pace}A cell took {display.duration(order['lead_time'])} (median) to its grade.",
    )


def _energy(found: Kpis) -> tuple[str, str]:
    energy = {name: entry["value"] for name, entry in found["energy"].items()}
    used = display.energy(energy["energy_used"])
    if energy["energy_per_good_energy"] is None:
        return f"The run used <b>{used}</b>; no good cell was made to set it against.", ""
    sentence = (
        f"Each good kWh took <b>{display.plain(energy['energy_per_good_energy'])} kWh</b> "
        f"of electricity and heat."
    )
    steady = energy["energy_per_good_energy_steady"]
    small = (
        f"{used} for {display.energy(energy['good_energy'])} in good cells, everything from the "
        f"start of the run counted, idle hours too. The building took "
        f"{display.share(energy['building_share'])} of it, whether cells were made or not."
    )
    if steady is not None:
        small += (
            f" While the middle half of the cells was graded it was {display.plain(steady)} kWh."
        )
    return sentence, small


def _held_back(found: Kpis) -> tuple[str, str]:
    stations = {name: entry["value"] for name, entry in found["stations"].items()}
    slowest = stations["bottleneck"]
    if slowest is None:
        return "No station worked, so none can be said to have held the line back.", ""
    needed = stations["time_needed"]
    sentence = f"<b>{escape(display.name(slowest).capitalize())}</b> set the pace: "
    others = [name for name in needed if name.split(".")[-1] != slowest.split(".")[-1]]
    second = max(others, key=lambda name: needed[name]) if others else None
    if slowest in needed and (second is None or needed[slowest] >= needed[second]):
        sentence += f"{display.duration(needed[slowest])} of work"
        if second is not None:
            sentence += (
                f", against {display.duration(needed[second])} at the "
                f"{escape(display.name(second))}"
            )
    else:
        sentence += "its places were full while work waited before it"
    went: dict[str, float] = _value(found, "order", "time_of_last_cell") or {}
    small = ""
    if went:
        longest = sorted((n for n in went if went[n]), key=lambda name: -went[name])[: _NAMED + 1]
        first, total = longest[0], display.duration(sum(went.values()))
        parts = [f"{escape(display.name(n))} {display.duration(went[n])}" for n in longest[1:]]
        sentence += (
            f"; of the {total} to the last grade {display.duration(went[first])} went to "
            f"{escape(display.name(first))}"
        )
        small = f"After that: {', '.join(parts)}. " if parts else ""
    return f"{sentence}.", small + _stops(stations["failures"])


def _stops(failures: Mapping[str, Mapping[str, Any]]) -> str:
    if not failures:
        return "Nothing failed."
    count = sum(entry["count"] for entry in failures.values())
    lost = sum(entry["down_time"] for entry in failures.values())
    worst = max(failures, key=lambda name: failures[name]["down_time"])
    return (
        f"{count:,} failures cost {display.duration(lost)} in all, most at "
        f"{escape(display.name(worst))} ({display.duration(failures[worst]['down_time'])})."
    )
