"""Cells of a table that are no numbers, and lines that have other fields: told once for a kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from linetwin.scenario.problems import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linetwin.estimation.calibrating.tables import DataTable
    from linetwin.scenario.problems import Problems

_SHOWN: Final = 3
_LOOKED: Final = 20
"""Cells of a column from its begin by which it is told whether it is like another [A]."""
_LONGEST: Final = 40
_NUMBER: Final = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_PATTERNS: Final = {
    "thousands": r"[+-]?\d{1,3}(,\d{3})+\.\d*|[+-]?\d{1,3}(,\d{3}){2,}",
    "comma": r"[+-]?\d*,\d+([eE][+-]?\d+)?",
    "pointed": r"[+-]?\d{1,3}(\.\d{3})+,\d*|[+-]?\d{1,3}(\.\d{3}){2,}",
    "spaced": r"[+-]?\d{1,3}([\s'\u2019]\d{3})+([.,]\d*)?",
    "percent": rf"{_NUMBER}\s*%",
    "date": r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}:\d{2})(\D.*)?",
    "bound": rf"[<>\u2264\u2265]=?\s*{_NUMBER}",
    "unit": rf"{_NUMBER}\s*[^\W\d_].*",
    "truth": r"(?i:yes|no|y|n|true|false|n?ok|pass(ed)?|fail(ed)?|good|bad|on|off)",
    "gone": r"(?i:n\.?/?a\.?|none|null|missing|unknown|not measured|[-?.]+)",
    "fault": r"#.*",
}
"""Kind of cell -> regular expression of the whole of it; the first that fits counts."""
_POINT: Final = "a number with a decimal point and without a unit; empty: not measured"
_SAID: Final = {
    "thousands": ("commas between thousands", "numbers without them, with a decimal point: 1234.5"),
    "comma": (
        "decimal commas",
        "a number with a decimal point: 1.5; in a spreadsheet set it so before it is saved as CSV",
    ),
    "three": (
        "commas, as decimal points or between thousands",
        "decimal points, and nothing between thousands: 1234.5",
    ),
    "pointed": ("points between thousands", "numbers without them, with a decimal point: 1234.5"),
    "spaced": ("spaces between thousands", "numbers without them, with a decimal point: 1234.5"),
    "percent": ("per cent signs", 'the number alone, and `unit: "%"`'),
    "date": ("dates or times", "a number; a date can be a group, or be left out"),
    "bound": ("bounds, not values", "a number, or empty where nothing was measured"),
    "unit": ("units beside the numbers", "the number alone, and `unit:` for the column"),
    "truth": ("words for yes and no", "1 and 0"),
    "gone": ("words for what was not measured", "leave such cells empty"),
    "fault": ("faults of a spreadsheet", "leave such cells empty"),
    "head": ("perhaps a second line of names or units", "leave that line out of the table"),
    "text": ("", _POINT),
}
"""Kind of cell -> cause, and what is allowed."""
_WAYS: Final = frozenset({"thousands", "comma", "pointed", "spaced", "percent", "head"})
"""Ways to write numbers: those of a whole file, told for all of its columns at once."""
_THREE: Final = re.compile(r"[+-]?\d{1,3},\d{3}")
_NAMES: Final = {";": "semicolons", ",": "commas", "\t": "tabs"}


def has_strays(texts: Sequence[str]) -> bool:
    """Tell whether any of the cells is no number."""
    return any(map(_kind_of, texts))


def tell_strays(table: DataTable, column: str, problems: Problems) -> None:
    """Note the cells of a column that are no numbers: one problem for each kind of them."""
    for kind in _strays(table.texts(column)):
        alike = _alike(table, kind) if kind in _WAYS else []
        if column not in alike:
            alike = [column]
        _tell(table, alike, kind, problems)


def tell_fields(
    path: Path, rows: Sequence[tuple[int, Sequence[str]]], separator: str, problems: Problems
) -> None:
    """Note lines that have not as many fields as columns are named: one problem for all.

    `rows`: line and fields, the columns' names first.
    """
    names = rows[0][1] if rows else []
    odd = [(line, fields) for line, fields in rows[1:] if len(fields) != len(names)]
    if not odd:
        return
    first, fields = odd[0]
    message = f"{len(fields)} fields, but {len(names)} columns are named"
    shown = [f"line {line} ({len(each)})" for line, each in odd[1:_SHOWN]]
    message += f"; likewise {_listed(shown, len(odd) - 1)}" * bool(shown)
    others = [each for each in _NAMES if each != separator]
    better = [each for each in others if sum(text.count(each) for text in fields) >= len(fields)]
    if better:
        message += f": perhaps columns are separated by {_NAMES[better[0]]}"
    elif separator == "," and len(odd) * 2 > len(rows) and len(fields) > len(names):
        message += ": perhaps numbers have decimal commas"
    hint = f"columns are separated by {separator!r}, numbers have a decimal point"
    problems.add(Place("", path, first), message, hint)


def _kind_of(text: str) -> str:
    """Return the kind of a cell; "" for a number and for nothing."""
    try:
        float(text or "0")
    except ValueError:
        kinds = (kind for kind, form in _PATTERNS.items() if re.fullmatch(form, text))
        return next(kinds, "text")
    return ""


def _strays(texts: Sequence[str]) -> Mapping[str, list[int]]:
    """Return kind -> rows of the cells that are no numbers."""
    found: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        kind = _kind_of(text)
        if kind:
            found.setdefault(kind, []).append(row)
    if "comma" in found and "thousands" in found:  # 1,234.5 tells what 1,234 is
        found["thousands"] = sorted(found["thousands"] + found.pop("comma"))
    if len(texts) > 1 and [*found.values()] == [[0]] and {*found} <= {"text", "percent", "unit"}:
        return {"head": [0]}
    return found


def _alike(table: DataTable, kind: str) -> list[str]:
    """Return the columns whose first cells are of a kind, or numbers, and nothing else."""
    found = []
    for name in table.columns:
        kinds = {*_strays(table.texts(name, _LOOKED))}
        if kinds == {kind}:
            found.append(name)
    return found


def _tell(table: DataTable, columns: Sequence[str], kind: str, problems: Problems) -> None:
    """Note a kind of cells in one column or several, by those of the first."""
    texts = table.texts(columns[0])
    rows = _strays(texts).get(kind) or _strays(texts[:_LOOKED])[kind]
    if kind == "comma":
        looked = [text for name in columns for text in table.texts(name, _LOOKED) if "," in text]
        kind = "three" if all(map(_THREE.fullmatch, looked or ["1,000"])) else kind
    cause, hint = _SAID[kind]
    cause, hint = _SAID[kind]
    what = "line" if table.is_text else "row"
    shown = [f"{what} {table.lines[row]} '{_cut(texts[row])}'" for row in rows[1:_SHOWN]]
    message = f"'{_cut(texts[rows[0]])}' is no number"
    message += f", nor is {_listed(shown, len(rows) - 1)}" * bool(shown)
    message += f": {cause}" * bool(cause)
    if kind == "comma" and table.separator == ";":
        message += ", in a file whose columns are separated by semicolons"
    message += f"; so in {_listed(columns[1 : 1 + _SHOWN], len(columns) - 1)}" * (len(columns) > 1)
    problems.add(table.place(rows[0], columns[0]), message, hint)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _listed(shown: Sequence[str], count: int) -> str:
    """Return names of which there are `count`: those shown, and how many more."""
    more = count - len(shown)
    return ", ".join(shown) + f" and {more:,} more" * (more > 0)
