"""What to try, as the first screen of the report shows it: a ranked list with small print."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from linetwin.results import display
from linetwin.results.lever import SEPARATOR

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
        f"<ol class='levers'>{rows}</ol><small>Rough estimates from this run, each by "
        "its own formula; they do not add up. To check one, run <code>linetwin run SCENARIO "
        "--set ADDRESS=VALUE --replications 5</code> and compare.</small></div>"
    )


def _row(lever: dict[str, Any], currency: str) -> str:
    what, why, formula = (escape(_begun(str(lever[name]))) for name in ("what", "why", "formula"))
    setting = "".join(
        f" <code>--set '{escape(each)}'</code>"
        for each in lever["setting"].split(SEPARATOR)
        if each
    )
    return (
        f"<li><b>{what}</b><span class='effect'>{escape(_effect(lever, currency))}</span>"
        f"<small>{why}. {formula}.{setting}</small></li>"
    )


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


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
    return f"{'at most' if lever.get('at_most') else 'about'} {'; '.join(parts)}" if parts else ""
