"""`linetwin surrogate watch`: whether predictors still fit what the line makes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linetwin.surrogates.watching import Watched

EPILOG = "Example: linetwin surrogate watch porosity.predictor --data november.yaml --log watch.log"
_WHAT = "predictor watched"


def watch(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A predictor's file.")],
    data: Annotated[
        Path,
        typer.Option(metavar="DATA", help="New rows: a dataset file, a run or a study."),
    ],
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Audit log that keeps each look; looks before count, so that many of them do not "
            "propose by chance.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Hold a predictor against new rows: what moved, and whether training anew is proposed."""
    from linetwin.cli.printing import print_json, say
    from linetwin.predictors.evaluating import load
    from linetwin.surrogates.data.reading import read_dataset
    from linetwin.surrogates.watching import sentences
    from linetwin.surrogates.watching import watch as look_at

    dataset = read_dataset(data)
    with load(file) as predictor:
        look, before = _looks(log, predictor.card.model_digest, dataset.digest)
        found = look_at(predictor, dataset, look)
    if log is not None and not before:
        _keep(log, found)
    if json:
        print_json({**found.content(), "logged": log is not None})
        return
    for sentence in sentences(found):
        say(sentence)
    if log is not None:
        say(f"Look {look}, kept in {log}{' before' if before else ''}.")


def _looks(log: Path | None, model: str, digest: str) -> tuple[int, bool]:
    """Return the number of this look, and whether these very data were looked at before.

    TamperedError where the log is not sound.
    """
    from linetwin.results.audit import entries
    from linetwin.results.audit_check import verify

    if log is None or not log.exists():
        return 1, False
    verify(log)
    seen = [
        entry.after["data_sha256"]
        for entry in entries(log)
        if entry.what == _WHAT and entry.after["model_sha256"] == model
    ]
    if digest in seen:
        return seen.index(digest) + 1, True
    return len(seen) + 1, False


def _keep(log: Path, found: Watched) -> None:
    from linetwin.results.audit import AuditLog, person

    AuditLog(log).append(person(), _WHAT, about=found.predictor, after=found.content())
