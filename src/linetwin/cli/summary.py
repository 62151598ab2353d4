"""The summary at the end of a run: how many, when, at what energy, what held us back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.results import display, fidelity, started_anew, waited
from linetwin.results.ahead import is_ahead
from linetwin.results.ahead import told as told_ahead
from linetwin.results.answers import short
from linetwin.results.assumptions import Plan, plan
from linetwin.results.basis import headline
from linetwin.results.critical_path import WORK
from linetwin.results.kpis_holds import reworked, told
from linetwin.results.steadiness import said
from linetwin.results.undecided import undecided

if TYPE_CHECKING:
    from linetwin.results.reader import Run

DAY_S = 86_400
KWH_J = 3.6e6
SHOWN_REASONS = 3
_SHOWN = {"s": (DAY_S, "d"), "J": (KWH_J, "kWh")}


def summary(run: Run) -> str:
    """Return the summary of a run as lines of text."""
    found = run.kpis
    order, quality = _values(found["order"]), _values(found["quality"])
    lines = [
        f"{run.manifest['scenario']}: {_status(run)}",
        f"  cells   {cells(run)}",
        f"  when    {_when(order)}",
        f"  energy  {_energy(found)}",
        *([f"  cost    {_cost(found)}"] if "cost" in found["cost"] else []),
        f"  limit   {_limit(found)}",
        *(
            [f"  steady  {said(found['window']['steadiness']['value'])}"]
            if "steadiness" in found["window"]
            else []
        ),
        f"  scrap   {_reasons(quality, plan(run))}",
        f"  web     {_webs(quality)}",
        f"  balance {_balance(_values(found['materials']))}",
    ]
    if wait := waited.told(found):
        lines.append(f"  waited  {wait}")
    if late := started_anew.told(found):
        lines.append(f"  anew    {late}")
    lines += [f"  hold    {each}" for each in told(found["holds"])]
    if again := reworked(found["holds"]):
        lines.append(f"  rework  {again}")
    lines += [f"  model   {each}" for each in fidelity.told(run)]
    outside = run.manifest.get("outside_validity", {})
    if ahead := told_ahead(run):
        lines.append(f"  fork    {ahead}")
    if outside:
        where = ", ".join(f"{station} ({count})" for station, count in outside.items())
        lines.append(f"  doubt   model inputs outside of their range at {where}")
    lines += [f"  doubt   {text}" for text in undecided(plan(run).stations)]
    if "pace" in run.manifest:
        lines.append(f"  pace    {_pace(run.manifest['pace'])}")
    return "\n".join(lines)


def _pace(found: dict[str, Any]) -> str:
    """Say how well line time was held to wall time."""
    return (
        f"{found['factor']:g} times real time; "
        f"events late by {found['lag_mean_s']:.3f} s on average, "
        f"{found['lag_max_s']:.2f} s at most, {found['lag_end_s']:.3f} s at the end"
    )


def _status(run: Run) -> str:
    """Say how the run ended; an order given up at its limit is no complete order."""
    status = str(run.manifest["status"])
    if status != "given up":
        return status
    graded = run.kpis["order"]["cells_graded"]["value"]
    return f"given up: the order is not done at the limit of simulated time, {graded} cells graded"


def _values(section: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: entry["value"] for name, entry in section.items()}


def cells(run: Run) -> str:
    """Return how many cells a run made, in one line."""
    order = _values(run.kpis["order"])
    ordered = order["cells_ordered"]
    wanted = "" if ordered is None else f" of {ordered:,} ordered{short(order)};"
    with_stock = plan(run).filled and not is_ahead(run)
    return (
        f"{order['cells_good']:,} good{wanted or ' of'} {order['cells_graded']:,} graded: "
        f"{order['cells_a']:,} A, {order['cells_b']:,} B, "
        f"{order['cells_scrap_at_grading']:,} scrap; "
        f"{order['cells_started']:,} started"
        f"{' (with the stock at the start)' if with_stock else ''}, "
        f"{order['cells_scrap_upstream']:,} scrapped before grading, "
        f"{f'{sampled:,} taken apart in tests, ' if (sampled := order['cells_sampled']) else ''}"
        f"{order['cells_in_process']:,} in process"
    )


def _when(order: dict[str, Any]) -> str:
    if order["first_cell_graded"] is None:
        return f"no cell graded in {order['duration'] / DAY_S:.2f} days"
    rate = order.get("stacking_rate")
    if order["last_cell_graded"] is None:  # of a future of a twin
        first = order["first_cell_graded"] / DAY_S
        return f"first grade {first:.2f} days after the fork, of {order['duration'] / DAY_S:.2f}"
    text = (
        f"first grade on day {order['first_cell_graded'] / DAY_S:.2f}, "
        f"last on day {order['last_cell_graded'] / DAY_S:.2f}"
    )
    return text if rate is None else f"{text}; {rate:.0f} cells an hour stacked in the middle half"


def _energy(found: dict[str, Any]) -> str:
    energy = _values(found["energy"])
    if not energy["energy_used"]:
        return "none booked: that is done when a run ends"
    text = f"{energy['energy_used'] / KWH_J:,.0f} kWh"
    shown = headline(found, "energy", "energy_per_good_energy")
    if shown.value is None:
        return text
    text += f", {shown.value:,.0f} kWh per good kWh {shown.basis}, idle hours counted"
    share = energy["building_share"]  # of a run that was killed nothing has been booked
    return text if share is None else f"{text}; building {share:.0%}"


def _cost(found: dict[str, Any]) -> str:
    cost = found["cost"]
    per, unit = (
        headline(found, "cost", "cost_per_good_energy"),
        cost["cost_per_good_energy"]["unit"],
    )
    scrap = cost["scrap_value_per_day"]
    text = (
        "no good cell to set it against"
        if per.value is None
        else f"{per.value:,.0f} {unit.split('/')[0]} per good kWh {per.basis}"
    )
    if scrap["value"] is not None:
        text += f", scrap {scrap['value']:,.0f} {scrap['unit'].split('/')[0]} a day"
    return f"{text}; assumed prices"


def _limit(found: dict[str, Any]) -> str:
    """Say what limited: with what a point of OEE is worth, in an order its part of the path."""
    limits = _values(found["limits"])
    name = limits.get("bottleneck")
    if not name:
        return "not known: too short a run"
    worth = limits.get("value_of_oee_point") or {}
    said = display.name(name)
    if limits["basis"] == "steady" and worth:
        cells = f"{worth['cells_per_day']:,.3g} cells a day"
        return f"{said}; one point of OEE there is worth at most {cells}"
    path = found["order"]["critical_path"]["value"] or {}
    total = sum(sum(times.values()) for times in path.values())
    if not total:
        return said
    work, wait = _at_work(path[name]), waited.longest(found)
    said = f"{said}, {work / total:.0%} of the critical path"
    if wait is not None and wait[1] > work:
        return f"waiting at {display.name(wait[0])}, {wait[1] / total:.0%}, then {said}"
    return said


def _at_work(times: dict[str, float]) -> float:
    return sum(times.get(name, 0.0) for name in WORK)


def replicated(found: dict[str, Any]) -> str:
    """Return median and interval of the main figures over replications, as lines of text."""
    lines = [f"{len(found['seeds'])} replications: median{_between(found)}"]
    for each in found["figures"].values():
        divisor, unit = _SHOWN.get(each["unit"], (1, each["unit"]))
        text = f"  {each['title']:<24}{each['median'] / divisor:,.4g}"
        if each["low"] is not None:
            text += f" ({each['low'] / divisor:,.4g} to {each['high'] / divisor:,.4g})"
        if each["n"] < len(found["seeds"]):
            unit += f" of {each['n']} runs"
        lines.append(f"{text} {'' if unit == '1' else unit}".rstrip())
    date = found["figures"].get("order.last_cell_graded")
    if date and date["groups"]:
        lines.append(f"  {_in_groups(date['groups'])}")
    if found["waited"]:
        lines.append(
            f"  {found['waited']} of {len(found['seeds'])} runs waited for cells started anew, "
            "after scrap and samples had used the reserve"
        )
    if found["not_complete"] and found["ordered"]:
        lines.append(f"  {found['not_complete']} runs did not complete the order")
    return "\n".join(lines)


def _between(found: dict[str, Any]) -> str:
    """Say what the interval of a figure that every run has holds, and how surely."""
    whole = [e for e in found["figures"].values() if e["n"] == len(found["seeds"]) and e["chance"]]
    if not whole:
        return ""
    each = whole[0]
    text = f"next run between them: {each['chance']:.0%}"
    if (each["low"], each["high"]) == (each["median_low"], each["median_high"]):
        text += f", true median: {each['median_chance']:.0%}"
    return f" (lowest to highest seen; {text})" if each["chance"] < found["share"] else f" ({text})"


def _in_groups(groups: list[dict[str, float]]) -> str:
    """Say that dates fall in two groups, of which no mean or median tells much."""
    said = [
        f"{each['n']} run{'' if each['n'] == 1 else 's'} on day {each['low'] / DAY_S:.2f}"
        + (f" to {each['high'] / DAY_S:.2f}" if each["n"] > 1 else "")
        for each in groups
    ]
    return f"the dates fall in two groups: {' and '.join(said)}; none was seen between them"


def _reasons(quality: dict[str, Any], planned: Plan) -> str:
    """Return the commonest reasons of scrap, the machines of a group put together."""
    counts: dict[str, float] = {}
    for station, reasons in quality["cell_scrap"].items():
        for reason, count in reasons.items():
            found = f"{reason} ({display.name(planned.family(station))})"
            counts[found] = counts.get(found, 0) + count
    worst = sorted(counts.items(), key=lambda item: -item[1])[:SHOWN_REASONS]
    return ", ".join(f"{count:.0f} {reason}" for reason, count in worst) or "no cell"


def _webs(quality: dict[str, Any]) -> str:
    """Say how much web was good, and why most of the rest was cut out."""
    parts = []
    for web, share in sorted((quality.get("yield_of_webs") or {}).items()):
        reasons = quality["web_scrap"].get(web, {})
        worst = max(reasons, key=lambda reason: reasons[reason], default="")
        parts.append(f"{web} {share:.0%} good" + (f", cut out: {worst}" if worst else ""))
    return "; ".join(parts) or "none coated"


def _balance(materials: dict[str, Any]) -> str:
    errors = [abs(entry["relative_error"]) for entry in materials.values()]
    if not errors:
        return "nothing was used"
    return f"{len(errors)} materials, each closed to {max(errors):.0e} of what came in"
