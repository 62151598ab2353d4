"""What a report begins with: what limits us, what it costs, what to try, how much came out."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from linetwin.results import display, started_anew, waited
from linetwin.results.basis import headline
from linetwin.results.critical_path import WORK
from linetwin.results.kpis_limits import POINT
from linetwin.results.steadiness import said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.results.kpis import Kpis

_NAMED = 3
_START_UP = "start-up of the coater"
_WORTH_SAYING = 0.05
_NEARLY = 0.95
_OFTEN = 0.2
_FEW = 4


class Answer(NamedTuple):
    """A question, its answer and the small print; both of the latter are HTML."""

    question: str
    sentence: str
    small: str


def answers(found: Kpis) -> list[Answer]:
    """Return the answers in the order in which a manager asks."""
    limit = _limit(found) if found["limits"] and _steady(found) else _held_back(found)
    cost = found["cost"].get("cost_per_good_energy", {}).get("value")
    spent = _energy(found) if cost is None else _cost(found)
    return [
        Answer("What limits us", *limit),
        Answer("What does it cost", *spent),
        Answer("What came out", *_how_many(found)),
        Answer("When", *_when(found)),
    ]


def _steady(found: Kpis) -> bool:
    return found["limits"]["basis"]["value"] == "steady" and bool(
        found["limits"]["bottleneck"]["value"]
    )


def _limit(found: Kpis) -> tuple[str, str]:
    """Say which group limits in steady state, what comes out, and what a point is worth there."""
    values = {name: entry["value"] for name, entry in found["limits"].items()}
    group = values["bottleneck"]
    share = min(1.0, sum(values["share_as_bottleneck"].get(group, {}).values()))
    if share < _OFTEN:
        sentence = (
            f"No station limits for long: <b>{escape(display.name(group))}</b> did most often, for "
            f"{display.share(share)} of the window"
        )
    else:
        sentence = (
            f"<b>{escape(display.name(group).capitalize())}</b> limits the line, for "
            f"{display.share(share)} of the window"
        )
    energy, planned = values["good_energy_per_day"], values["planned_energy_per_day"]
    made = f"{display.plain(values['good_cells_per_day'], 4)} good cells"
    if energy is not None:
        made += f", {display.energy(energy)},"
    sentence += f": {made} came out a day"
    if planned and energy is not None:
        sentence += (
            f", <b>{display.share(energy / planned)} of the plan</b> of {display.energy(planned)}"
        )
    near = [
        f"{escape(display.name(name))} ({display.share(load)})"
        for name, load in values["load"].items()
        if name != group and load >= _NEARLY
    ]
    period = found["window"].get("period", {}).get("value")
    small = ""
    if period:
        first, last = (display.duration(second) for second in period)
        small = f"The window: {first} to {last} after the start. "
    if "steadiness" in found["window"]:
        small += f"{said(found['window']['steadiness']['value'])} "
    small += point_values(found)
    if near:
        small += f" Next to limit, with hardly any slack (time at work): {', '.join(near)}."
    return f"{sentence}.", f"{small} {_stops(found)}".strip()


def point_values(found: Kpis) -> str:
    """Return what a point of OEE and of yield is worth at the bottleneck, with the formulas."""
    said = []
    currency = str(found["cost"].get("fixed_cost_per_day", {}).get("unit", "")).split("/")[0]
    for name, what in (("value_of_oee_point", "OEE"), ("value_of_yield_point", "yield")):
        worth = found["limits"].get(name, {}).get("value")
        if not worth:
            continue
        if "sooner" in worth and worth["sooner"] < 1:
            said.append(
                f"A point of {what} there is worth nothing: what it saves goes into waiting for a "
                "shift."
            )
            continue
        if "sooner" in worth:
            money = worth["money_per_order"]
            gain = f", {display.plain(money)} {currency} an order" if money is not None else ""
            said.append(
                f"A point of {what} there is worth at most "
                f"{display.duration(worth['sooner'])}{gain}."
            )
            continue
        # Where nothing is scrapped there is no point of yield to win.
        full = what == "yield" and _yield_there(found) > 1 - POINT
        text = f"One point of {what} {'lost there costs' if full else 'there is worth at most'} "
        text += f"{display.plain(worth['cells_per_day'])} cells"
        if worth["energy_per_day"] is not None:
            text += f" or {display.energy(worth['energy_per_day'])}"
        text += " a day"
        if worth["money_per_day"] is not None:
            text += f", {display.plain(worth['money_per_day'])} {currency} a day"
        said.append(f"{text}.")
    return " ".join(said)


def _yield_there(found: Kpis) -> float:
    """Return the quality ratio at the bottleneck; 0 where it is not known."""
    shares = found["iso_steady"].get("quality_ratio", {}).get("value") or {}
    return float(shares.get(found["limits"]["bottleneck"]["value"]) or 0.0)


def _cost(found: Kpis) -> tuple[str, str]:
    """Say what a good kWh costs, what scrap costs a day, and what energy it takes."""
    cost = {name: entry["value"] for name, entry in found["cost"].items()}
    unit = found["cost"]["cost_per_good_energy"]["unit"].split("/")[0]
    whole = cost["cost_per_good_energy"]
    shown, in_window = headline(found, "cost", "cost_per_good_energy")
    sentence = f"A good kWh costs <b>{display.plain(shown)} {unit}</b>"
    parts = cost[f"cost_per_good_energy{'_steady' if in_window else ''}_by_category"] or {}
    top = sorted(parts, key=lambda name: -parts[name])[:_NAMED]
    shares = [f"{escape(name)} {display.share(parts[name] / shown)}" for name in top]
    sentence += f": {', '.join(shares)}" if shares and shown else ""
    if cost["scrap_value_per_day"]:
        sentence += (
            f". Scrap costs <b>{display.plain(cost['scrap_value_per_day'])} {unit} a day</b>"
        )
    dated = cost["prices"]
    aside = (
        f"In the window; {display.plain(whole)} {unit} over the whole run, with what lies outside "
        "of the window put on its good cells. "
        if in_window
        else "Everything from the start of the run counted. "
    )
    small = (
        f"{aside}Prices: "
        f"{escape(str(dated['name']))} of {escape(str(dated['date']))}, all assumed, to be "
        "replaced by your own. "
    )
    energy, more = _energy(found)
    return f"{sentence}.", f"{small}{energy} {more}"


def _value(found: Kpis, section: str, name: str) -> Any:  # noqa: ANN401 - a number or a table
    return found[section][name]["value"]


def _cells(count: int) -> str:
    return f"{count:,} cell" if count == 1 else f"{count:,} cells"


def _how_many(found: Kpis) -> tuple[str, str]:
    order = {name: entry["value"] for name, entry in found["order"].items()}
    good = order["cells_good"]
    # A line that starts filled holds weeks of cells: of those started most are on their way.
    begun = (
        f"{order['cells_graded']:,} graded"
        if found["limits"] and _steady(found)
        else f"{order['cells_started']:,} started"
    )
    ordered = order["cells_ordered"]
    wanted = f" of {ordered:,} ordered" if ordered is not None else ""
    sentence = (
        f"<b>{good:,} good {'cell' if good == 1 else 'cells'}</b>{wanted} came out of {begun}"
        f"{short(order)}: {order['cells_a']:,} of grade A, {order['cells_b']:,} of grade B."
    )
    tested = order.get("cells_sampled") or 0
    scrapped = order["cells_scrap_at_grading"] + order["cells_scrap_upstream"]
    small = (
        f"{_cells(scrapped)} scrapped ({order['cells_scrap_upstream']:,} before grading, "
        f"{order['cells_scrap_at_grading']:,} at grading), "
        f"{f'{tested:,} taken for destructive tests, ' if tested else ''}"
        f"{order['cells_in_process']:,} still in process. "
        f"Quality ratio {display.share(order['quality_ratio'])}, rolled throughput yield "
        f"with the webs {display.share(_value(found, 'quality', 'rolled_throughput_yield'))}."
    )
    return sentence, small + _worst(found) + _webs(found)


def short(order: Mapping[str, Any]) -> str:
    """Say how many good cells are missing from an order, and why it ended; "" for none."""
    missing, ordered = order["cells_short"], order["cells_ordered"]
    if not missing:
        return ""
    ended = order["cells_graded"] >= ordered
    return f", {missing:,} short" + (
        f", for the order ends with {ordered:,} graded, good or not" if ended else ""
    )


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
        if web not in yields:  # all that was cut out was stock
            continue
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
    if order["first_cell_graded"] is None:
        return f"No cell was graded in the <b>{ran}</b> that the run lasted.", ""
    sentence = f"The first was graded after {display.duration(order['first_cell_graded'])}"
    if order["last_cell_graded"] is not None:  # of a future of a twin it has no meaning
        sentence += f", the last after <b>{display.duration(order['last_cell_graded'])}</b>"
    sentence += "."
    rates = [
        f"{display.plain(rate)} cells an hour {what}"
        for rate, what in (
            (order["stacking_rate"], "left the stacker"),
            (order["throughput"], "were graded"),
        )
        if rate is not None
    ]
    if found["limits"] and _steady(found):
        # A line that runs on has no first and no last: what counts is how long a cell is in it.
        made = order["throughput"]
        graded = (
            "" if made is None else f"; {display.plain(made)} an hour were graded in the window"
        )
        sentence = (
            f"A cell takes <b>{display.duration(order['lead_time'])}</b> (median) from stacking to "
            f"its grade{graded}."
        )
        return (
            sentence,
            f"The run lasted {ran}: what is changed shows at grading so much later.",
        )
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
    shown = headline(found, "energy", "energy_per_good_energy")
    whole, steady = energy["energy_per_good_energy"], energy["energy_per_good_energy_steady"]
    sentence = (
        f"Each good kWh took <b>{display.plain(shown.value)} kWh</b> of electricity and heat "
        f"{shown.basis}."
    )
    small = (
        f"{used} for {display.energy(energy['good_energy'])} in good cells over the whole run, "
        f"{display.plain(whole)} kWh each, idle hours counted. The building took "
        f"{display.share(energy['building_share'])} of it, whether cells were made or not."
    )
    if steady is not None and not shown.in_window:
        small += f" While the middle half of the cells was graded it was {display.plain(steady)}"
        small += " kWh."
    return sentence, small


def _held_back(found: Kpis) -> tuple[str, str]:
    """Say what an order took its time with, and which machine held it longest."""
    path: dict[str, dict[str, float]] = _value(found, "order", "critical_path") or {}
    slowest = found["limits"]["bottleneck"]["value"] if found["limits"] else None
    if slowest is None:
        return "No station worked, so none can be said to have held the line back.", ""
    work = {group: _at_work(own) for group, own in path.items()}
    if not any(work.values()):
        return f"<b>{escape(display.name(slowest).capitalize())}</b> had most to do.", _stops(found)
    total = sum(sum(own.values()) for own in path.values())
    top = [name for name in sorted(work, key=lambda name: -work[name]) if work[name]]
    top = top[: _NAMED + 1]
    said = [f"{escape(display.name(name))} {display.duration(work[name])}" for name in top]
    closed = sum(own.get("off shift", 0.0) for own in path.values())
    sentence = f"Of the {display.duration(total)} to the last grade <b>{said[0]}</b>"
    sentence += f", then {', '.join(said[1:])}" if said[1:] else ""
    sentence += f"; waiting for a shift {display.duration(closed)}" if closed else ""
    for more in (escape(waited.told(found)), started_anew.told(found)):
        sentence += f". {more[:1].upper()}{more[1:]}" if more else ""
    small = (
        "These follow one another on the critical path, traced back from the last grade: nothing "
        "off this path makes the order end sooner. "
    )
    machine = (found["limits"].get("value_of_oee_point", {}).get("value") or {}).get("machine")
    if machine and work.get(machine):
        small += (
            f"Of the machines, {escape(display.name(machine))} held it longest, for "
            f"{display.duration(work[machine])}. "
        )
    return f"{sentence}.", f"{small}{point_values(found)} {_stops(found)}".strip()


def _at_work(times: Mapping[str, float]) -> float:
    return sum(times.get(name, 0.0) for name in WORK)


def _stops(found: Kpis) -> str:
    """Say what failures cost, and at which group of machines most."""
    failures: Mapping[str, Mapping[str, Any]] = _value(found, "stations", "failures")
    if not failures:
        return "Nothing failed."
    count = sum(entry["count"] for entry in failures.values())
    lost = sum(entry["down_time"] for entry in failures.values())
    machines = found["iso"].get("machines", {}).get("value") or {}
    down: dict[str, float] = {}
    for path, entry in failures.items():
        family = path.rsplit("_", 1)[0]
        group = path if machines.get(family, 1) == 1 else family
        down[group] = down.get(group, 0.0) + entry["down_time"]
    worst = max(down, key=lambda name: down[name])
    return (
        f"{count:,} failures cost {display.duration(lost)} of machine time in all, most at "
        f"{escape(display.name(worst))} ({display.duration(down[worst])})."
    )
