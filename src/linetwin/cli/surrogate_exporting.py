"""`linetwin surrogate export`: a predictor as an FMU for any tool that runs FMI."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

PredictorArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A predictor's file.")]


def export(
    file: PredictorArgument,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="NAME.fmu", help="The file to write.")
    ],
    fmi: Annotated[str, typer.Option(help="Version of the standard: 3, or 2 for other tools.")] = (
        "3"
    ),
) -> None:
    """Write a predictor as an FMU that needs neither Python nor a compiler."""
    from linetwin.cli.printing import say
    from linetwin.errors import ScenarioError
    from linetwin.predictors.store import read
    from linetwin.surrogates.fmu.writing import evaluators, fmu_of, write_fmu

    _check(output, fmi)
    stored = read(file)
    try:
        libraries = evaluators(fmi)
        contents = fmu_of(stored, fmi, libraries)
    except ScenarioError as error:
        raise ScenarioError([replace(each, file=file) for each in error.problems]) from error
    write_fmu(contents, output)
    card = stored.card
    say(f"{card.name}: {card.target.name} by {card.winner}, {len(card.features)} features")
    say(f"FMU: {output}, FMI {fmi}.0 for {', '.join(libraries)}")


def _check(output: Path, fmi: str) -> None:
    from importlib.util import find_spec

    from linetwin.errors import LinetwinError, Problem, ScenarioError
    from linetwin.surrogates.fmu.writing import FMI

    if find_spec("onnx") is None:
        raise LinetwinError("onnx is not installed: pip install linetwin[surrogate]")
    if fmi not in FMI:
        raise ScenarioError([Problem(f"no FMI version '{fmi}'", "--fmi", " or ".join(FMI))])
    if output.suffix != ".fmu":
        raise ScenarioError([Problem(f"{output} is no name of an FMU", "-o", "*.fmu")])
    if output.is_dir():
        raise ScenarioError([Problem(f"{output} is a folder", "-o", "the name of a file")])
