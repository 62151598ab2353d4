"""Sections of the report that a plant is run by: limits, window, capability, money, what acted."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from linetwin.results import display, disturbed, figures, kpis_holds
from linetwin.results.held import NOTHING
from linetwin.results.kpis_capability import GRADE
from linetwin.results.report_tables import table
from linetwin.results.steadiness import said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.figures import Figure
    from linetwin.results.kpis import Facts, Kpis

_LISTED = 200
_SLOWEST = 12


def bottleneck(found: Kpis) -> str:
    """Return who was the momentary bottleneck for how long, and the formulas of a point."""
    limits = found["limits"]
    if limits.get("basis", {}).get("value") == "order":
        return _order(found)
    shares = limits.get("share_as_bottleneck", {}).get("value") or {}
    loads = limits.get("load", {}).get("value") or {}
    rows = [
        [
            display.name(group),
            display.share(each["sole"]),
            display.share(each["shifting"]),
            display.share(loads.get(group)),
        ]
        for group, each in shares.items()
    ]
    heads = ["station", "#sole bottleneck", "#shifting", "#planned time not waiting"]
    notes = [
        limits[name]["meaning"]
        for name in (
            "share_as_bottleneck",
            "bottleneck",
            "value_of_oee_point",
            "value_of_yield_point",
        )
        if name in limits
    ]
    said = "".join(f"<p class='soft'>{_sentence(note)}</p>" for note in notes)
    return (table(heads, rows) if rows else "") + said


_ON_PATH = {
    "working": ("working",),
    "setting up": ("setting up",),
    "failed or stopped": ("failed", "micro-stop", "maintenance"),
    "off shift": ("off shift",),
    "blocked": ("blocked",),
    "waiting": ("waiting",),
}
"""Column -> what is summed in it."""


def _order(found: Kpis) -> str:
    """Return what the critical path of an order that starts empty went through."""
    path = found["order"]["critical_path"]["value"] or {}
    rows = [_times(display.name(group), times) for group, times in list(path.items())[:_SLOWEST]]
    rest = list(path.values())[_SLOWEST:]
    if rest:
        rows.append(_times(f"others ({len(rest)})", _summed(rest)))
    rows.append(_times("sum", _summed(list(path.values()))))
    notes = [
        found["order"]["critical_path"]["meaning"],
        *(found["limits"][name]["meaning"] for name in ("bottleneck", "value_of_oee_point")
          if name in found["limits"]),
    ]  # fmt: skip
    said = "".join(f"<p class='soft'>{_sentence(note)}</p>" for note in notes)
    heads = ["station", "#on the critical path", *(f"#{what}" for what in _ON_PATH)]
    return (table(heads, rows) if rows else "") + said


def _times(name: str, times: Mapping[str, float]) -> list[str]:
    """Return a row: all time on the path, and what of it went into what."""
    each = [sum(times.get(part, 0.0) for part in parts) for parts in _ON_PATH.values()]
    shown = (display.duration(seconds) if seconds else "" for seconds in each)
    return [name, display.duration(sum(times.values())), *shown]


def _summed(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for times in rows:
        for what, seconds in times.items():
            found[what] = found.get(what, 0.0) + seconds
    return found


def _sentence(text: str) -> str:
    return f"{escape(text[:1].upper() + text[1:])}."


_SHOWN = (
    ("availability", "availability"),
    ("effectiveness", "effectiveness"),
    ("quality_ratio", "quality"),
    ("oee", "OEE"),
    ("nee", "NEE"),
    ("technical_efficiency", "technical efficiency"),
    ("allocation_ratio", "allocation ratio"),
    ("setup_ratio", "set-up ratio"),
)


def iso(found: Kpis, section: str, title: str) -> str:
    """Return the key figures of ISO 22400-2 by group; spread of OEE where there are machines."""
    of = {name: entry["value"] for name, entry in found[section].items()}
    if not of:
        return ""
    rows = []
    for group, machines in of["machines"].items():
        spread = of["spread_of_oee"].get(group)
        cells = [_known(of[name].get(group)) for name, _ in _SHOWN]
        between = f"{display.share(spread[0])} to {display.share(spread[1])}" if spread else ""
        mtbf, mttr = of["mtbf"].get(group), of["mttr"].get(group)
        rows.append(
            [
                display.name(group) + (f" ({machines})" if machines > 1 else ""),
                *cells,
                "" if mtbf is None else display.duration(mtbf),
                "" if mttr is None else display.duration(mttr),
                between,
            ]
        )
    heads = ["station", *(f"#{head}" for _, head in _SHOWN), "#MTBF", "#MTTR", "#OEE of machines"]
    start, end = of["period"]
    body = table(heads, [row for row in rows if any(cell not in {"", "-"} for cell in row[1:])])
    note = f"{title}: {display.duration(start)} to {display.duration(end)} after the start."
    meant = escape(found[section]["effectiveness"]["meaning"])
    words = "Beside OEE stands NEE; MTBF and MTTR count all machines of a group."
    said = f"<p class='soft'>{words} Effectiveness: {meant}. {_why(of['not_known'])}</p>"
    return f"<details><summary>{note}</summary>{body}{said}</details>"


def _known(share: float | None) -> str:
    return "-" if share is None else display.share(share)


def _why(reasons: Mapping[str, str]) -> str:
    """Say why groups have no effectiveness."""
    by_reason: dict[str, list[str]] = {}
    for group, reason in reasons.items():
        by_reason.setdefault(reason, []).append(display.name(group))
    said = "; ".join(f"{reason} ({', '.join(groups)})" for reason, groups in by_reason.items())
    return f"- stands where it is not known: {escape(said)}." if said else ""


def window(found: Kpis) -> str:
    """Return the run and its window side by side, and the work in process at its ends."""
    of = {name: entry["value"] for name, entry in found["window"].items()}
    if not of:
        return ""
    rows = [
        [name, *(_amount(row[part], row["unit"]) for part in ("run", "window")),
         _amount(row["outside"], row["unit"])]
        for name, row in of["totals"].items()
    ]  # fmt: skip
    rows += [
        [name, *(_amount(row[part], _per(name, row["unit"])) for part in ("run", "window")), ""]
        for name, row in of["rates"].items()
    ]
    begin, end = of["work_in_process"]["begin"], of["work_in_process"]["end"]
    note = (
        f"In process when the window began: {begin['cells']:,} cells, {begin['rolls']:,} rolls; "
        f"when it ended: {end['cells']:,} cells, {end['rolls']:,} rolls."
    )
    first, last = (display.duration(second) for second in of["period"])
    heads = ["", "#whole run", f"#window, {first} to {last}", "#outside of the window"]
    if found["limits"].get("basis", {}).get("value") == "order":
        note += (
            " An order that starts empty has no steady state: its window, while the middle half "
            "was graded, holds none of the work before, so judge the order by the whole run."
        )
    trend = said(of["steadiness"]) if "steadiness" in of else ""
    return table(heads, rows) + f"<p class='soft'>{note} {trend} {_outside(found)}</p>"


def _outside(found: Kpis) -> str:
    return _sentence(found["window"]["totals"]["meaning"].split("; ", 1)[-1])


def _per(name: str, unit: str) -> str:
    """Return the unit of a rate; energy over energy has none, but people read it as kWh."""
    return "kWh/kWh" if unit == "1" and name.startswith("energy") else unit


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit in {"J", "J/d"}:
        return display.energy(value)
    shown = {"1": "", "1/d": ""}.get(unit, unit)
    return f"{display.plain(value, 4)} {shown}".strip()


def capability(found: Kpis) -> str:
    """Return Cp, Cpk and Ppk with intervals and the gauge; words where no gauge is stated."""
    rows = []
    for name, entry in found["capability"].items():
        of: dict[str, Any] = entry["value"]
        edges = (of["lower_limit"], of["upper_limit"])
        base, _, grade = name.partition(GRADE)
        low, high = ("" if edge is None else _shown(edge, base) for edge in edges)
        limits = f"{low} to {high}" if low and high else f"at least {low}" if low else ""
        limits = limits or (f"at most {high}" if high else "")
        limits += f" (grade {grade})" if grade else ""
        known = of.get("cpk") is not None
        rows.append(
            [
                _MEASURED.get(base, display.name(base)),
                limits,
                f"{of['n']:,}" if known else "",
                _interval(of, "cp"),
                _interval(of, "cpk"),
                _interval(of, "ppk"),
                _part_of_gauge(of["grr"]) if known and of.get("grr") is not None else "",
                str(of["ndc"]) if known and of.get("ndc") is not None else "",
                "; ".join([of.get("verdict", ""), *of.get("remarks", [])])
                if known
                else of["gauge"],
            ]
        )
    if not rows:
        return ""
    heads = ["measured", "limits", "#n", "#Cp", "#Cpk", "#Ppk", "#%GRR", "#ndc", "note"]
    note = (
        "From measured values, within subgroups of a roll or a tray, with 95 % intervals: Cp by "
        "chi-square, Cpk and Ppk after Bissell 1990. What they are worth depends on the gauge: "
        "%GRR and ndc. Against the limit of grade A they tell how many cells are of grade B, "
        "against that of grade B how many are scrap."
    )
    return table(heads, rows) + f"<p class='soft'>{note}</p>"


def _part_of_gauge(share: float) -> str:
    return "over 100 %" if share > 1 else display.share(share)


_MEASURED = {"dcir": "direct-current resistance"}


def _shown(edge: float, name: str) -> str:
    """Return a limit in the display unit; a web's name begins with its electrode."""
    quantity = name.replace(" ", "_").removeprefix("cathode_").removeprefix("anode_")
    return display.value(edge, quantity)


def _interval(of: Mapping[str, Any], name: str) -> str:
    if of.get(name) is None:
        return ""
    low, high = of[f"{name}_interval"]
    return f"{of[name]:.2f} ({low:.2f} to {high:.2f})"


def cost(found: Kpis) -> tuple[str, tuple[Figure, ...]]:
    """Return cost by category, in the run and the window, and the Pareto of scrap by value."""
    entries = found["cost"]
    if "cost" not in entries:
        return "", ()
    currency = str(entries["cost"]["unit"])
    whole = entries["cost_per_good_energy_by_category"]["value"] or {}
    steady = entries["cost_per_good_energy_steady_by_category"]["value"] or {}
    total = entries["cost"]["value"]
    rows = [
        [
            name,
            f"{display.plain(amount)} {currency}",
            display.plain(whole[name]) if name in whole else "",
            display.plain(steady[name]) if name in steady else "",
        ]
        for name, amount in sorted(total.items(), key=lambda item: -item[1])
    ]
    rows.append(
        [
            "sum",
            f"{display.plain(sum(total.values()))} {currency}",
            *(display.plain(sum(each.values())) if each else "" for each in (whole, steady)),
        ]
    )
    per = f"{currency} per good kWh"
    heads = ["", "#whole run", f"#{per}", f"#{per}, in the window"]
    if found["limits"].get("basis", {}).get("value") == "order":
        # The hours of the window hold none of the work before: no cost of a cell.
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    pareto = figures.defects(
        "scrap-value",
        "Scrap of the run by value added so far",
        entries["scrap_value"]["value"],
        currency,
    )
    note = f"<p class='soft'>{_sentence(entries['scrap_value']['meaning'])}</p>"
    missing = entries["not_priced"]["value"]
    if missing:
        note += f"<p class='soft'>Not priced, so counted as nothing: {', '.join(missing)}.</p>"
    return table(heads, rows) + note, () if pareto is None else (pareto,)


def acted(facts: Facts) -> str:
    """Return the disturbances, holds and dispositions that acted, in their order."""
    events = facts.events
    names = {"disturbance", "hold", "release", "disposition", "recall"}
    idle = (events["event"] == "note") & events["cause"].str.startswith(NOTHING)
    rows = events[events["event"].isin(names) | idle]
    planned = table(disturbed.HEADS, lines) if (lines := disturbed.rows(facts)) else ""
    if rows.empty:
        return planned
    listed = [
        [
            display.duration(tick / 1000),
            str(event),
            str(lot or station),
            _change(str(event), str(cause), float(amount)),
        ]
        for tick, event, station, lot, cause, amount in rows[
            ["tick", "event", "station", "lot", "cause", "amount"]
        ].head(_LISTED).itertuples(index=False)
    ]  # fmt: skip
    more = len(rows) - len(listed)
    rest = f"<p class='soft'>and {more:,} more</p>" if more > 0 else ""
    told = "".join(f"<p>{escape(each)}.</p>" for each in kpis_holds.told(kpis_holds.holds(facts)))
    return planned + told + table(["when", "what", "where", "how"], listed) + rest


def _change(event: str, cause: str, amount: float) -> str:
    if event != "disturbance":
        return cause
    if ": " in cause:  # it begins or ends; how much stands in the table of all
        return display.name(cause)
    quantity = cause.rsplit(".", 1)[-1]
    return f"{display.name(quantity)} becomes {display.value(amount, quantity)}"


def operations(facts: Facts, lots: set[str]) -> str:
    """Return what was done to some lots: station, tool, place and shift."""
    done = facts.run.objects("operations", only={"lot": sorted(lots)})
    if done.empty:
        return ""
    rows = [
        [
            str(row["lot"]),
            display.name(str(row["station"])),
            str(row["operation"]),
            display.duration(row["start"] / 1000),
            display.duration((row["end"] - row["start"]) / 1000),
            str(row["tool"]),
            str(row["place"]) if row["place"] >= 0 else "",
            str(row["shift"]),
        ]
        for _, row in done.sort_values("start", kind="stable").head(_LISTED).iterrows()
    ]
    heads = ["lot", "station", "operation", "#began", "#took", "tool", "#place", "shift"]
    return (
        f"<details><summary>Operations on it ({len(rows)})</summary>{table(heads, rows)}</details>"
    )
