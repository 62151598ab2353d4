"""The tables of the report as HTML; they need no script."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from linetwin.results import display
from linetwin.results.genealogy import Genealogy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linetwin.results.assumptions import Assumption, Plan
    from linetwin.results.genealogy import Branch
    from linetwin.results.kpis import Kpis
    from linetwin.results.reader import Run

_ALIKE = 1e-3
_ROUNDING = 1e-12
_UNITS = {"1": "pieces", "m2": "m²"}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], name: str = "") -> str:
    """Return a table; a head that begins with '#' is a column of numbers. Cells are text."""
    kinds = [" class='n'" if head.startswith("#") else "" for head in heads]
    top = "".join(
        f"<th{kind}>{escape(head.lstrip('#'))}</th>"
        for head, kind in zip(heads, kinds, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{_breakable(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    mark = f" id='{name}'" if name else ""
    inside = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f"<div class='scroll'><table{mark}>{inside}</table></div>"


def _breakable(text: str) -> str:
    """Escape text, and let long addresses break behind an underscore."""
    return escape(text).replace("_", "_<wbr>")


def by_family(plan: Plan, values: Mapping[str, float]) -> dict[str, float]:
    """Return group -> mean over those of its machines that have a value."""
    found: dict[str, list[float]] = {}
    for path, value in values.items():
        found.setdefault(plan.family(path), []).append(value)
    return {group: math.fsum(each) / len(each) for group, each in found.items()}


def stations(found: Kpis, plan: Plan) -> str:
    """Return use, waiting and failures by group of stations; of several the mean and the range."""
    of = {name: entry["value"] for name, entry in found["stations"].items()}
    needed, starved, blocked, setting_up = (
        by_family(plan, of[name]) for name in ("time_needed", "starved", "blocked", "setting_up")
    )
    groups: dict[str, list[str]] = {}
    order = {path: place for place, path in enumerate(plan.stations)}
    for path in sorted(of["busy"], key=lambda name: order.get(name, len(order))):
        groups.setdefault(plan.family(path), []).append(path)
    rows = []
    for group, paths in groups.items():
        failures: list[Mapping[str, Any]] = [of["failures"].get(path, {}) for path in paths]
        down = math.fsum(each.get("down_time", 0.0) for each in failures)
        known = [each["availability"] for each in failures if each]
        rows.append(
            [
                display.name(group) + (f" ({len(paths)})" if len(paths) > 1 else ""),
                display.duration(needed[group]) if group in needed else "",
                _ranged([of["busy"][path] for path in paths]),
                display.share(starved[group]),
                display.share(blocked[group]),
                display.share(setting_up[group]),
                f"{sum(each.get('count', 0) for each in failures):,}",
                display.duration(down) if known else "",
                display.share(math.fsum(known) / len(known)) if known else "",
            ]
        )
    heads = ["station", "#time needed", "#busy", "#starved", "#blocked"]
    heads += ["#setting up", "#failures", "#down", "#availability"]
    note = (
        "Time needed: work, set-up and repair for the output of the run, had it never waited, "
        "over its places and staffed hours. Busy, starved, blocked and setting up: shares while "
        "the middle half of its output went through. A station with many places is busy by the "
        "share of them with a lot at work, blocked by that with a finished lot that finds no "
        "room behind, starved by the rest; the chart shows it blocked while one such lot waits. "
        "Down time holds the wait for a technician. Of a group of machines, their number behind "
        "it: means, for busy with the range, and sums."
    )
    return f"{table(heads, rows)}<p class='soft'>{note}</p>" if rows else ""


def _ranged(shares: Sequence[float]) -> str:
    """Return a share, of several their mean with the lowest and the highest."""
    mean = display.share(math.fsum(shares) / len(shares))
    if len(shares) == 1:
        return mean
    return f"{mean} ({display.share(min(shares))} to {display.share(max(shares))})"


def buffers(found: Kpis) -> str:
    """Return mean and extreme levels."""
    rows = []
    for path, entry in found["buffers"].items():
        value, unit = entry["value"], "" if entry["unit"] == "1" else f" {entry['unit']}"
        rows.append(
            [
                display.name(path),
                f"{value['mean']:,.2f}{unit}",
                f"{display.plain(value['maximum'])}{unit}",
                f"{display.plain(value['capacity'])}{unit}",
                display.share(value["empty"]),
                display.share(value["full"]),
            ]
        )
    return table(["buffer", "#mean", "#highest", "#capacity", "#time empty", "#time full"], rows)


def balance(found: Kpis) -> str:
    """Return the material balance."""
    rows = []
    for path, entry in found["materials"].items():
        value = entry["value"]
        entries = ("in", "cells", "scrap", "lost", "recovered", "in_process")
        # Solvent is evaporated to the last digit that a sum can hold: what is left is nothing.
        rounding = _ROUNDING * abs(value["in"])
        amounts = [0.0 if abs(value[name]) < rounding else value[name] for name in entries]
        rows.append(
            [
                display.name(path),
                _UNITS.get(str(entry["unit"]), str(entry["unit"])),
                *(display.plain(amount, 5) for amount in amounts),
                f"{value['relative_error']:.1e}" if value["relative_error"] else "0",
            ]
        )
    heads = ["material", "unit", "#in", "#in cells", "#scrap", "#lost", "#recovered", "#in process"]
    return table([*heads, "#relative error"], rows)


def assumptions(every: Sequence[Assumption]) -> str:
    """Return the parameters with tag M or A, with a box to search them."""
    rows = [
        [
            each.tag,
            each.address,
            display.parameter(each.value, each.unit, each.address.rsplit(".", 1)[-1]),
            each.source,
            each.origin,
        ]
        for each in every
        if each.tag in "MA"
    ]
    box = (
        "<input type='search' class='scripted' data-table='assumptions' "
        "placeholder='search: address, source, tag' aria-label='search the assumptions'>"
    )
    return box + table(["tag", "address", "value", "source", "set by"], rows, "assumptions")


def provenance(run: Run) -> str:
    """Return what decides the bits of the run."""
    manifest = run.manifest
    packages = ", ".join(f"{name} {number}" for name, number in manifest["packages"].items())
    rows = [
        ["scenario", str(manifest["scenario"])],
        ["seed", str(manifest["seed"])],
        ["status", str(manifest["status"])],
        ["linetwin", str(manifest["linetwin"])],
        ["tables", f"version {manifest['schema_version']}"],
        ["python", str(manifest["python"])],
        ["packages", packages],
        ["platform", str(manifest["platform"])],
        ["CPU features", ", ".join(manifest["cpu_features"])],
        ["started", str(manifest["started"])],
        ["finished", str(manifest["finished"] or "")],
        ["snapshots", str(len(manifest["snapshots"]))],
    ]
    return table(["", ""], rows)


def genealogy(run: Run, cell: str) -> str:
    """Return the ancestry of a cell as nested lists, and the conditions it saw."""
    ancestry = Genealogy(run, [cell])
    tree = ancestry.tree(cell)
    branches = "".join(_branch(parent, opened=True) for parent in tree.parents)
    carriers = [a.lot for a in ancestry.backward(cell) if a.relation == "carried_in" and not a.path]
    carried = f"<p class='soft'>Carried in {escape(', '.join(carriers))}.</p>" if carriers else ""
    if not branches:
        branches = "<li>No ancestor is known: it was in stock when the run began.</li>"
    return f"<ul class='tree'>{branches}</ul>{carried}{_conditions(ancestry.conditions(cell))}"


def _branch(branch: Branch, *, opened: bool) -> str:
    parts = [f"<b>{escape(branch.lot)}</b>", escape(display.name(branch.kind))]
    if abs(branch.share - 1) > _ALIKE:
        parts.append(display.share(branch.share))
    if not math.isnan(branch.start_m):
        parts.append(f"{display.plain(branch.start_m, 4)} to {display.plain(branch.end_m, 4)} m")
    text = f"{escape(branch.role)}: {', '.join(part for part in parts if part)}"
    if not branch.parents:
        return f"<li>{text}</li>"
    # The web is open down to its batches; raw materials are unfolded by the reader.
    inside = "".join(_branch(parent, opened=opened) for parent in branch.parents)
    fold = " open" if opened and branch.kind != "slurry_batch" else ""
    return f"<li><details{fold}><summary>{text}</summary><ul>{inside}</ul></details></li>"


def _conditions(seen: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        [
            display.name(path.replace(".", ", ")),
            display.name(quantity),
            display.value(number, quantity),
        ]
        for path, quantities in seen.items()
        for quantity, number in quantities.items()
    ]
    inside = table(["where", "quantity", "#mean that it saw"], rows)
    return (
        f"<details><summary>Conditions that it saw ({len(rows)} values)</summary>{inside}</details>"
    )
