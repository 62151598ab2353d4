"""Statistics of columns that a study wants of each run, read from its file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linetwin.errors import ResultsError
from linetwin.quantities import vocabulary
from linetwin.results.schemas import SIDES, TABLES
from linetwin.scenario.problems import nearest
from linetwin.study.schema import STATISTIC, STATISTIC_HINT
from linetwin.study.tasks import Column

if TYPE_CHECKING:
    from linetwin.scenario.document import Document
    from linetwin.scenario.problems import Place, Problems
    from linetwin.study.schema import StudyFile


def read_columns(model: StudyFile, document: Document, problems: Problems) -> tuple[Column, ...]:
    """Return the statistics of columns that are wanted; what is wrong is noted."""
    found = []
    for number, entry in enumerate(model.columns):
        for name, statistics in entry.items():
            place = document.place(("columns", number, name))
            column = _column(name, place, problems)
            asked = [statistics] if isinstance(statistics, str) else statistics
            for statistic in asked:
                if not STATISTIC.fullmatch(statistic):
                    problems.add(place, f"'{statistic}' is no statistic", STATISTIC_HINT)
                elif column is not None:
                    found.append(replace(column, statistic=statistic))
    return tuple(dict.fromkeys(found))


def _column(name: str, place: Place, problems: Problems) -> Column | None:
    """Return a table's column of numbers with its unit; None, and a problem, for another."""
    table, _, column = name.partition(".")
    if table not in TABLES or not column:
        hint = nearest(table, TABLES, "table") + "; such as cells.capacity: [mean, sd]"
        problems.add(place, f"there is no table '{table}'", hint)
        return None
    fixed = {each.name: each for each in TABLES[table].columns}
    try:
        known = fixed.get(column) or TABLES[table].open_column(column, vocabulary())
    except ResultsError as error:
        problems.add(place, str(error), nearest(column, [*fixed, *_open_names(table)]))
        return None
    if known.type == "str":
        problems.add(place, f"{name} holds text", "a column of numbers")
        return None
    return Column(table, column, "", known.unit)


def _open_names(table: str) -> list[str]:
    """Return the quantities that a table may have besides its fixed columns, and their sides."""
    if not TABLES[table].open:
        return []
    sides = (*SIDES, "") if TABLES[table].sides else ("",)
    return [f"{quantity.name}{side}" for quantity in vocabulary() for side in sides]
