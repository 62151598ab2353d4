"""The sections of the report, in the order in which they are read."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from linetwin.results import (
    display,
    figures,
    figures_time,
    report_causes,
    report_energy,
    report_factory,
    report_fidelity,
    report_money,
    report_tables,
)
from linetwin.results.drawing import Busy, line_drawing
from linetwin.results.page import Section
from linetwin.results.timeline import station_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.results.assumptions import Plan
    from linetwin.results.kpis import Facts, Kpis

# Where a quantity's window stands: kind of station, target, tolerance, whether it is relative.
_WINDOWS = {
    "loading": ("coater", "loading_target", "loading_tolerance", True),
    "porosity": ("calender", "porosity_target", "porosity_tolerance", False),
}


def sections(facts: Facts, found: Kpis) -> list[Section]:
    """Return every section of the report."""
    return [
        _line(facts, found),
        _time(facts, found),
        _limits(facts, found),
        _money(found),
        Section("window", "The run and its steady window", report_factory.window(found)),
        Section("acted", "Disturbances and holds that acted", report_factory.acted(facts)),
        _webs(facts),
        _cells(facts),
        Section("capability", "Process capability", report_factory.capability(found)),
        _defects(facts, found),
        _energy(found),
        _buffers(facts, found),
        _genealogy(facts),
        _balance(found),
        _assumed(facts),
        Section("fidelity", "Stand-ins and FMUs", report_fidelity.fidelity_table(facts.run)),
        Section("provenance", "Provenance", report_tables.provenance(facts.run)),
    ]


def _line(facts: Facts, found: Kpis) -> Section:
    stations = {name: entry["value"] for name, entry in found["stations"].items()}
    levels = {
        path: (entry["value"]["mean"], entry["value"]["capacity"])
        for path, entry in found["buffers"].items()
    }
    limit = found["limits"]["bottleneck"]["value"] if found["limits"] else None
    busy = report_tables.by_family(facts.plan, stations["busy"])
    drawing = line_drawing(facts.plan, Busy(busy, limit or "", levels))
    intro = (
        "The stronger the colour, the busier the station while the middle half of its output went "
        "through; the red frame marks the one that limits. On the arrows: mean level "
        "of the buffer / its capacity, in lots (rolls, trays or cells), of slurry tanks in kg; k: "
        "thousand."
    )
    scrolling = f"<div class='scroll'>{drawing}</div>" if drawing else ""
    return Section("line", "The line", scrolling, intro=intro)


def _time(facts: Facts, found: Kpis) -> Section:
    seen = set(facts.spans_at)
    groups = {
        group: [name for name in stations if name in seen]
        for group, stations in facts.plan.members.items()
        if seen.intersection(stations)
    } or {name: [name] for name in station_order(facts.events)}
    if facts.spans.empty:
        return Section("time", "What the stations did")
    legend = "".join(
        f"<span><i style='background:{colour}'></i>{escape(activity)}</span>"
        for activity, colour in figures_time.ACTIVITIES.items()
    )
    return Section(
        "time",
        "Stations over time",
        report_tables.stations(found, facts.plan),
        (figures_time.gantt(facts, groups),),
        before=f"<div class='legend'>{legend}</div>",
    )


def _limits(facts: Facts, found: Kpis) -> Section:
    tables = (
        report_factory.bottleneck(found)
        + report_factory.iso(found, "iso", "ISO 22400-2 over the whole run")
        + report_factory.iso(found, "iso_steady", "ISO 22400-2 in the steady window")
    )
    return Section("limits", "What limits the line", "" if facts.spans.empty else tables)


def _money(found: Kpis) -> Section:
    html, drawn = report_factory.cost(found)
    return Section("cost", "What it costs", html + report_money.balance(found), drawn)


def window_of(plan: Plan, electrode: str, quantity: str) -> tuple[float, float] | None:
    """Return the window of a web quantity (canonical units); None where the recipe has none."""
    kind, target_name, tolerance_name, relative = _WINDOWS[quantity]
    for path, about in plan.stations.items():
        if about.get("kind") == kind and path.split(".", 1)[0] == electrode:
            target = plan.number(path, target_name)
            tolerance = plan.number(path, tolerance_name)
            if target is not None and tolerance is not None:
                reach = tolerance * target if relative else tolerance
                return target - reach, target + reach
    return None


def _webs(facts: Facts) -> Section:
    electrodes = dict.fromkeys(facts.segments["web"])
    drawn = [
        figures.web(
            facts, str(electrode), quantity, window_of(facts.plan, str(electrode), quantity)
        )
        for electrode in electrodes
        for quantity in _WINDOWS
    ]
    return Section(
        "webs",
        "Along the webs",
        figures=tuple(figure for figure in drawn if figure is not None),
    )


def _cells(facts: Facts) -> Section:
    limits: dict[str, dict[str, float]] = {"capacity": {}, "dcir": {}}
    for path, about in facts.plan.stations.items():
        if about.get("kind") != "grading":
            continue
        nominal = facts.plan.number(path, "nominal_capacity")
        for grade, label in (("a", "A"), ("b", "B")):
            share = facts.plan.number(path, f"capacity_limit_{grade}")
            resistance = facts.plan.number(path, f"resistance_limit_{grade}")
            if nominal is not None and share is not None:
                limits["capacity"][f"least for {label}"] = nominal * share
            if resistance is not None:
                limits["dcir"][f"most for {label}"] = resistance
    titles = {"capacity": "Capacity", "dcir": "Resistance"}
    drawn = [
        figures.distribution(facts, name, titles[name], marks) for name, marks in limits.items()
    ]
    return Section(
        "cells",
        "The cells",
        figures=tuple(figure for figure in drawn if figure is not None),
        paired=True,
    )


def _defects(facts: Facts, found: Kpis) -> Section:
    quality = {name: entry["value"] for name, entry in found["quality"].items()}
    webs = quality["web_scrap"] | _by_group(facts.plan, quality.get("roll_scrap", {}))
    scrap, lesser = (
        _by_group(facts.plan, quality[name]) for name in ("cell_scrap", "cell_grade_b")
    )
    drawn = [
        figures.defects("cell-scrap", "Cells scrapped", scrap, "cells"),
        figures.defects("cell-b", "Cells of grade B", lesser, "cells"),
        figures.defects("web-scrap", "Web cut out, and slit rolls scrapped", webs, "m"),
    ]
    shown = tuple(figure for figure in drawn if figure is not None)
    none = "" if shown or facts.cells.empty else "<p>No cell and no metre of web was scrapped.</p>"
    return Section("defects", "Defects", none + report_causes.causes(found), shown)


def _by_group(plan: Plan, table: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return place -> reason -> sum with the machines of a group put together."""
    found: dict[str, dict[str, float]] = {}
    for place, reasons in table.items():
        own = found.setdefault(plan.family(place), {})
        for reason, amount in reasons.items():
            own[reason] = own.get(reason, 0.0) + amount
    return found


def _energy(found: Kpis) -> Section:
    groups = found["energy"]["energy_by_group"]["value"] or {}
    figure = figures.energy(groups)
    return Section(
        "energy",
        "Energy",
        report_energy.by_group(found)
        + report_energy.emissions(found)
        + report_energy.anchors(found),
        () if figure is None else (figure,),
        intro=escape(found["energy"]["energy_per_good_energy"]["meaning"]) + ".",
    )


def _buffers(facts: Facts, found: Kpis) -> Section:
    figure = figures_time.buffer_levels(facts)
    if figure is None:
        return Section("buffers", "Buffers")
    return Section("buffers", "Buffers", report_tables.buffers(found), (figure,))


def _genealogy(facts: Facts) -> Section:
    """Show one cell: of the best grade, the middle one in the order of grading."""
    good = facts.good[facts.good["status"] == "A"]
    good = facts.good if good.empty else good
    if good.empty:
        return Section("genealogy", "One cell and its ancestors")
    # Of a cell of the stock no ancestors are known.
    stacked = good[good["started"] >= 0]
    good = good if stacked.empty else stacked
    cell = str(good.sort_values("ended", kind="stable")["cell"].iloc[len(good) // 2])
    return Section(
        "genealogy",
        "One cell and its ancestors",
        report_tables.genealogy(facts.run, cell) + _operations(facts, cell),
        intro=f"{escape(cell)}, from the middle of the order; every cell can be traced so, with "
        "<code>linetwin trace</code>. Shares are parts of the material of the step below; "
        "metres are where it lay on the roll.",
    )


def _operations(facts: Facts, cell: str) -> str:
    """Return what was done to the cell's tray and to the rolls and batches in it."""
    tray = str(facts.cells.loc[facts.cells["cell"] == cell, "tray"].iloc[0])
    return report_factory.operations(facts, {tray, cell})


def _balance(found: Kpis) -> Section:
    if not found["materials"]:
        return Section("balance", "Material balance")
    worst = max(abs(entry["value"]["relative_error"]) for entry in found["materials"].values())
    intro = (
        "What was taken from stock, and where it is. The balances close to "
        f"{display.plain(worst, 2)} of what went in."
    )
    return Section("balance", "Material balance", report_tables.balance(found), intro=intro)


def _assumed(facts: Facts) -> Section:
    every = facts.plan.assumptions()
    if not every:
        return Section("assumed", "What was assumed")
    counts = {tag: sum(each.tag == tag for each in every) for tag in "VDMA"}
    intro = (
        f"Of {len(every)} parameters {counts['V']} were read in a publication (V), {counts['D']} "
        f"computed from data (D), {counts['M']} recalled from a publication without checking the "
        f"digits (M) and {counts['A']} are engineering assumptions (A). All M and A are listed: "
        "none of them may be cited, each may be set in the scenario."
    )
    return Section("assumed", "What was assumed", report_tables.assumptions(every), intro=intro)
