"""`linetwin compare`: key figures side by side, and what changed."""

from __future__ import annotations

import json
import math
import re
import textwrap
from typing import TYPE_CHECKING

from linetwin.cli.printing import print_json, print_table, say
from linetwin.errors import ResultsError
from linetwin.results import compared_fidelity, read
from linetwin.results.compare import compare as compare_runs
from linetwin.results.inference import student_quantile
from linetwin.results.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from linetwin.results.compare import Comparison
    from linetwin.results.reader import Run

_MADE = (
    *(
        f"quality.{web}_{name}"
        for web in ("cathode", "anode")
        for name in ("loading.variation", "adhesion_index.mean", "porosity.mean")
    ),
    *(f"quality.{name}.mean" for name in ("wetting_time", "wetting_saturation", "moisture")),
    *(f"quality.{name}.mean" for name in ("formation_time", "plated_capacity", "anode_potential")),
)
"""What is made, before it is graded: first of the other figures."""

_CAUSES = ("quality.web_scrap.", "quality.cell_scrap.", "quality.outside_range.")
"""Beginnings of the names of causes: next of the other figures."""

SHOWN = {
    "s": (86_400.0, "d"),
    "J": (3.6e6, "kWh"),
    "J/d": (3.6e6, "kWh/d"),
    "Ohm": (1e-3, "mOhm"),
    "A.h": (1.0, "Ah"),
}
"""Canonical unit -> its divisor and the unit shown; JSON keeps the canonical one."""

_TELLING = (
    *("quality.", "cost.", "energy.energy_by_group", "stations.time_needed", "stations.starved"),
    *("stations.blocked", "iso.oee", "iso.availability", "iso_steady.oee", "limits.share"),
)
"""Beginnings of the names of the other figures worth showing."""

_SIDE_BY_SIDE = 4
_WITH_SPREAD = 2
_OTHERS = 20
_NAME = 36
_END, _GAP = 12, ".."
_RELATIVE = ".variation"
_MOST_PAIRS = 200
_WIDTH = 100
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SURE = 0.05
_NOTABLE = 0.01
_SMALL = 1e-4


def compare(
    folders: list[Path], csv: Path | None = None, *, everything: bool = False, as_json: bool = False
) -> None:
    """Print a comparison; a folder of replications counts as its runs.

    `everything`: all figures; `csv`: a file for all of them, with the columns of Comparison.
    """
    comparison = compare_runs([run for folder in folders for run in _runs(folder)])
    if csv is not None:
        _write(csv, comparison)
    if as_json:
        print_json(
            {
                "note": comparison.note,
                "remarks": comparison.remarks,
                "groups": comparison.groups,
                "fidelity": compared_fidelity.plain(comparison.fidelity),
                "same_fidelity": not compared_fidelity.differ(comparison.fidelity),
                "table": json.loads(comparison.table.to_json(orient="index")),
                "differences": json.loads(comparison.differences.to_json(orient="index")),
            }
        )
        return
    _legend(comparison)
    _answered(comparison)
    if len(comparison.differences):
        _print_differences(comparison, everything=everything)
    else:
        _print_table(comparison, everything=everything)
    for line in ("", *comparison.remarks, comparison.note):
        say(textwrap.fill(line, _WIDTH, subsequent_indent="  "))


def _write(file: Path, comparison: Comparison) -> None:
    """Write every figure of every run, with its differences, a row a figure."""
    frame = comparison.table
    if len(comparison.differences):
        frame = frame.join(comparison.differences.drop(columns="unit"))
    try:
        frame.to_csv(file, index_label="figure")
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise ResultsError(message) from error


def _legend(comparison: Comparison) -> None:
    """Say which letter stands for which scenario, or for which of a few runs."""
    for letter, name in zip(_LETTERS, _columns(comparison), strict=False):
        runs = comparison.groups.get(name, [])
        of = f", {len(runs)} runs" if len(runs) > 1 else ""
        say(textwrap.fill(f"{letter}: {name}{of}", _WIDTH, subsequent_indent="   "))


def _answered(comparison: Comparison) -> None:
    """Say who answered on each side, where stand-ins did anywhere."""
    found = comparison.fidelity
    told = compared_fidelity.lines(found)
    if told and compared_fidelity.differ(found):
        told.append(compared_fidelity.SHARED)
    for line in told:
        say(textwrap.fill(line, _WIDTH, subsequent_indent="   "))


def _columns(comparison: Comparison) -> list[str]:
    """Return what stands side by side: two scenarios, else few runs, else the scenarios."""
    runs = list(map(str, comparison.table.columns[1:]))
    if len(comparison.differences) or len(runs) > _SIDE_BY_SIDE:
        return list(comparison.groups)
    return runs


def _runs(folder: Path) -> list[Run]:
    if (folder / "manifest.json").exists() or not folder.is_dir():
        return [read(folder)]
    runs = sorted(path.parent for path in folder.glob("*/manifest.json"))
    if not runs:
        message = f"{folder} is no run folder and holds none"
        raise ResultsError(message)
    return [read(path) for path in runs]


def _print_table(comparison: Comparison, *, everything: bool) -> None:
    """Few runs stand side by side; of many, mean and standard deviation of each scenario do."""
    frame = comparison.table
    names = [name for name in (frame.index if everything else QUESTIONS) if name in frame.index]
    columns = _columns(comparison)
    if columns == list(frame.columns[1:]):
        rows = _rows(frame.loc[names], columns)
        print_table("\nKey figures", ["figure", "unit", *_LETTERS[: len(columns)]], rows, 2)
        return
    shown = columns[:_SIDE_BY_SIDE]
    spread = len(shown) <= _WITH_SPREAD
    headings = ["figure", "unit"]
    for letter in _LETTERS[: len(shown)]:
        headings += [letter, "sd"] if spread else [letter]
    rows = []
    labels = shortened(names)
    for name in names:
        divisor, unit = _shown(name, str(frame.loc[name, "unit"]))
        cells = [labels[name], unit]
        for title in shown:
            values = frame.loc[name, comparison.groups[title]].astype(float)
            cells += [_number(values.mean() / divisor)]
            cells += [_number(values.std() / divisor)] if spread else []
        rows.append(cells)
    print_table(
        f"\nKey figures, mean{' and standard deviation' if spread else ''}", headings, rows, 2
    )
    if len(columns) > len(shown):
        say(f"{len(columns) - len(shown)} more scenarios: linetwin compare --csv FILE")


def _print_differences(comparison: Comparison, *, everything: bool) -> None:
    frame = comparison.differences
    asked = [name for name in QUESTIONS if name in frame.index]
    if frame["low"].isna().all():
        made = [n for n in _MADE if n in frame.index and frame.loc[n, "difference"]]
        names = list(frame.index) if everything else asked + made
        rows = _rows(frame.loc[names], ["first", "second", "difference"])
        print_table("\nSecond over first", ["figure", "unit", "A", "B", "B - A"], rows, 2)
        return
    _print_changes("\nWhat is asked first", frame.loc[asked])
    differing = frame[~frame.index.isin(QUESTIONS) & (frame["adjusted"] < _SURE)]
    if everything:
        _print_changes("\nAll other figures", frame[~frame.index.isin(QUESTIONS)])
    else:
        notable = differing[differing["difference"].abs() > _SMALL * differing["first"].abs()]
        ranked = sorted(
            (name for name in notable.index if name.startswith(_TELLING)),
            key=lambda name: (name not in _MADE, not name.startswith(_CAUSES)),
        )
        if ranked:
            _print_changes("\nWhat differs besides", frame.loc[ranked[:_OTHERS]])
        _tell_left(len(differing) - len(ranked[:_OTHERS]))
    _tell_method(frame)
    _tell_needed(frame)


def _print_changes(title: str, frame: pd.DataFrame) -> None:
    rows = [
        [*cells, _half(row), _said(row["adjusted"])]
        for cells, (_, row) in zip(
            _rows(frame, ["first", "second", "difference"]), frame.iterrows(), strict=True
        )
    ]
    headings = ["figure", "unit", "A", "B", "B - A", "+- 95 %", "sure"]
    print_table(title, headings, rows, 2)


def _half(row: pd.Series) -> str:
    return _number((row["high"] - row["low"]) / 2 / _shown(str(row.name), row["unit"])[0])


def _said(adjusted: float) -> str:
    if math.isnan(adjusted):
        return "-"
    return "yes" if adjusted < _SURE else "no"


def _tell_left(left: int) -> None:
    if left > 0:
        say(
            f"\n{left} more differ: parts of what is shown, or changes below {_SMALL:.2%}; "
            "--all or --csv FILE shows them"
        )


def _tell_method(frame: pd.DataFrame) -> None:
    """Say how many figures were tested, how many differ, and after which correction."""
    tested = frame["adjusted"].notna()
    first = frame.index.isin(QUESTIONS)
    for chosen, what, how in (
        (first, "asked first", "Corrected after Holm: none of these by chance, 95 % sure."),
        (~first, "besides", "After Benjamini and Hochberg: one in twenty of these by chance."),
    ):
        sure = int((frame["adjusted"][chosen] < _SURE).sum())
        say(f"{sure} of {int(tested[chosen].sum())} figures {what} differ. {how}")
    saved = frame["saved"][first].median()
    say(
        f"An interval (+-) is that of one figure by itself. Common random numbers took away "
        f"{saved:.0%} of\nthe variance of the differences (median of what is asked first)."
    )


def _tell_needed(frame: pd.DataFrame) -> None:
    """Name main figures whose change of more than 1 % is not sure yet, and the pairs it takes."""
    asked = frame.loc[[name for name in QUESTIONS if name in frame.index]]
    for name, row in asked.iterrows():
        change = row["difference"] / row["first"] if row["first"] else math.nan
        if row["adjusted"] >= _SURE and abs(change) > _NOTABLE:
            pairs = _pairs_needed(row, int(asked["adjusted"].notna().sum()))
            more = f"about {pairs} pairs" if pairs else f"more than {_MOST_PAIRS} pairs"
            say(f"{name}: {change:+.1%}, not surely; {more} would tell")


def _pairs_needed(row: pd.Series, asked: int) -> int | None:
    """Return at how many pairs this change would be sure as the first of so many asked."""
    pairs = int(row["pairs"])
    spread = (row["high"] - row["low"]) / 2 / student_quantile(pairs - 1) * math.sqrt(pairs)
    for count in range(pairs + 1, _MOST_PAIRS + 1):
        reach = student_quantile(count - 1, 1 - _SURE / asked) * spread / math.sqrt(count)
        if reach < abs(row["difference"]):
            return count
    return None


def _rows(frame: pd.DataFrame, columns: list[str]) -> list[list[str]]:
    """Return label, unit and the columns' numbers of each figure."""
    labels = shortened(list(map(str, frame.index)))
    rows = []
    for name, row in frame.iterrows():
        divisor, unit = _shown(str(name), row["unit"])
        cells = [_number(row[column] / divisor) for column in columns]
        rows.append([labels[str(name)], unit, *cells])
    return rows


def _shown(name: str, unit: str) -> tuple[float, str]:
    """Return by what a figure is divided to be shown, and the unit it then has."""
    return (0.01, "%") if name.endswith(_RELATIVE) else SHOWN.get(unit, (1.0, unit))


def shortened(names: Sequence[str]) -> dict[str, str]:
    """Return name -> a label that leaves room for numbers within 100 columns, each another.

    A long name keeps its beginning and its end; of names that would look alike, as much of the
    end as tells them apart, from the beginning of a word where there is room.
    """
    labels = {name: _short(name, _END) for name in names}
    alike: dict[str, list[str]] = {}
    for name, label in labels.items():
        alike.setdefault(label, []).append(name)
    for same in alike.values():
        if len(same) > 1:
            ends = range(_END, _NAME - len(_GAP) + 1)
            end = next((e for e in ends if len({name[-e:] for name in same}) == len(same)), 0)
            for number, name in enumerate(same, 1):
                word = re.search(rf"[^._]*.{{{end}}}$", name)
                whole = len(word.group()) if word else end
                labels[name] = _short(name, whole if whole <= ends[-1] else end)
                if not end:
                    mark = f"#{number}"
                    labels[name] = _short(name, _END, _NAME - len(mark)) + mark
    return labels


def _short(name: str, end: int, most: int = _NAME) -> str:
    if len(name) <= most:
        return name
    return f"{name[: most - len(_GAP) - end]}{_GAP}{name[-end:]}"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.4g}"
