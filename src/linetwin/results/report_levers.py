"""What to try, as the first screen of the report shows it: a ranked list with small print."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from linetwin.results import display

if TYPE_CHECKING:
    from linetwin.results.kpis import Kpis

_SHOWN = 6


def levers(found: Kpis) -> str:
    """Return the levers as an ordered list; empty where there are none."""
    entry = found["levers"].get("ranked")
    if entry is None or not entry["value"]:
        return ""
    rows = "".join(_row(lever, entry["unit"]) for lever in entry["value"][:_SHOWN])
    return (
        "<div class='answer'><span class='question'>What should we try</span>"
        f"<ol class='levers'>{rows}</ol><small>Estimates of first order from this run, each by "
        "its own formula; they do not add up. Try one with <code>linetwin run SCENARIO --set "
        "ADDRESS=VALUE --replications 5</code> and compare.</small></div>"
    )


def _row(lever: dict[str, Any], currency: str) -> str:
    what = display.name(str(lever["what"]).split("=")[0])
    setting = f" <code>--set {escape(lever['setting'])}</code>" if lever["setting"] else ""
    return (
        f"<li><b>{escape(what[:1].upper() + what[1:])}</b><span class='effect'>"
        f"{escape(_effect(lever, currency))}</span>"
        f"<small>{escape(display.name(lever['why']))}. {escape(display.name(lever['formula']))}."
        f"{setting}</small></li>"
    )


def _effect(lever: dict[str, Any], currency: str) -> str:
    parts = []
    if lever["money_per_day"] is not None:
        parts.append(f"{display.plain(lever['money_per_day'])} {currency} a day")
    if lever["sooner"]:
        parts.append(f"{display.duration(lever['sooner'])} sooner")
    if lever["cells_per_day"] is not None:
        parts.append(f"{display.plain(lever['cells_per_day'])} cells a day")
    if lever["energy_per_day"] is not None:
        parts.append(f"{display.energy(lever['energy_per_day'])} a day")
    return "; ".join(parts)
