"""What a screening leaves unsplit, as a table: groups that do more than chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.results.report_tables import table
from linetwin.study.report_words import estimate, figure_name, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.study.analysing.observing import Observed
    from linetwin.study.analysing.screened import Screened

_LISTED, _NAMED = 12, 4


def left_over(observed: Observed, found: Mapping[str, Screened]) -> str:
    """Return the groups that were not split to the end, and do more than chance; '' for none."""
    rows = []
    for figure, each in found.items():
        clear = [(group, change) for group, change in each.groups if change.clear][:_LISTED]
        for group, change in clear:
            names = [observed.factors[number].address for number in group]
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            size = estimate(change._replace(value=abs(change.value)), shown(observed, figure))
            rows.append(
                [figure_name(figure), size.split(" (")[0], ", ".join(names[:_NAMED]) + more]
            )
    if not rows:
        return ""
    heads = ["figure", "#change", "factors moved together"]
    return (
        "<h3>Groups that were not split any further</h3><p class='soft'>With more points the "
        "screening would go on with these. Factors that cancel within a group stay unseen.</p>"
        + table(heads, rows)
    )
