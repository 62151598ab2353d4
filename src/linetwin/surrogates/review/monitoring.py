"""What of a run is charted: its streams, and which trays are left out of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from linetwin.results.kpis import Facts
from linetwin.results.reader import Run
from linetwin.surrogates.data.runs import dataset_of_run
from linetwin.surrogates.review import streams
from linetwin.surrogates.review.starting_up import StartUp, start_up

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.charting import Streams

_SCRAP: Final = "is_scrap"


@dataclass(frozen=True)
class Monitored:
    """Streams of a run in `folder`; `digest`: SHA-256 of its table of cells."""

    folder: Path
    digest: str
    streams: Streams
    begun: StartUp


def monitored(folder: Path, *, beside_others: bool = False) -> Monitored:
    """Return the streams of a run without predictors; errors as `dataset_of_run`.

    `beside_others`: for limits of several runs, see `without_scrap`.
    """
    run, data = Run(folder), dataset_of_run(folder, unfinished=True)
    begun = start_up(run, data)
    settled = begun.without(data)
    charted = without_scrap(settled) if beside_others else settled
    found: Sequence[streams.Stream | streams.DefectStream] = [
        *streams.cell_streams(charted),
        *streams.web_streams(Facts(run)),
        *streams.defect_streams(settled),
    ]
    return Monitored(folder, data.digest, found, begun)


def without_scrap(data: Dataset) -> Dataset:
    """Return the data with no tray told of scrapped cells: their readings tell of no process.

    One sick cell in a hundred is usual, and is counted where scrap is. Its readings lie so far off
    that runs would differ by their few sick cells, and by nothing else.
    """
    if _SCRAP not in data.columns or "tray" not in data.columns:
        return data
    trays = data.frame["tray"].where(data.numbers(_SCRAP) != 1, "")
    return replace(data, frame=data.frame.assign(tray=trays))
