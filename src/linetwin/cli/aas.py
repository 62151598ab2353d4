"""The group of commands `linetwin aas`: the line as Asset Administration Shells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linetwin.cli.aas_serving import add_serving_commands

aas_app = typer.Typer(
    help="Asset Administration Shells: the line written as shells, read, checked and served.",
    epilog="Example: linetwin aas export baseline -o line.aasx",
    no_args_is_help=True,
)


@aas_app.command(
    "export",
    help="Write a line, its machines and its models as shells. A scenario's `line:` and `recipe:` "
    "may name the file, and give the same results. Of a run folder: the run, lots, passports of "
    "cells.",
    epilog="Example: linetwin aas export baseline -o line.aasx --base-iri https://example.com/",
)
def export(  # noqa: PLR0913, PLR0917  one parameter per option
    scenario: Annotated[
        str,
        typer.Argument(
            help="A scenario file, or a shipped one by name: baseline. Or a run folder: the shell "
            "of the run."
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: aasx, json or xml by its ending.")
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ADDRESS=VALUE", help="Change one address; repeatable."),
    ] = None,
    base_iri: Annotated[
        str | None,
        typer.Option(metavar="IRI", help="What ids begin with (https://linetwin.example/)."),
    ] = None,
    models: Annotated[
        bool,
        typer.Option(
            "--models/--no-models",
            help="FMUs, their ports and the tags of `linetwin plant` come along, or FMUs are "
            "named with their tokens only.",
        ),
    ] = True,
    mapping: Annotated[
        Path | None,
        typer.Option(help="A plant's mapping: its servers in place of `linetwin plant`."),
    ] = None,
    lots: Annotated[
        list[str] | None,
        typer.Option("--lot", metavar="LOT", help="Of a run: what was run on a lot; repeatable."),
    ] = None,
    cells: Annotated[
        list[str] | None,
        typer.Option("--cell", metavar="CELL", help="Of a run: a cell's passport; repeatable."),
    ] = None,
) -> None:
    """Write a line as shells, or a run, its lots and its cells."""
    from linetwin.cli import aas_export, aas_lots

    if lots or cells or aas_lots.is_run(scenario):
        given = {
            "--set": bool(settings),
            "--mapping": mapping is not None,
            "--no-models": not models,
        }
        aas_lots.refuse([name for name, is_given in given.items() if is_given])
        of_run = aas_lots.AskedOfRun(scenario, tuple(lots or ()), tuple(cells or ()), base_iri)
        aas_export.tell(aas_lots.described_run(of_run), output)
        return
    asked = aas_export.Asked(scenario, tuple(settings or ()), base_iri, models, mapping)
    aas_export.export(asked, output)


@aas_app.command(
    "check",
    help="Say what a file of shells means: the share of elements with a semanticId, terms mapped "
    "to nothing, concept descriptions missing, references and files that lead nowhere, and what "
    "was mended or left out in reading. Exit code 2 only where the file cannot be read.",
    epilog="Example: linetwin aas check line.aasx --json",
)
def check(
    file: Annotated[
        Path, typer.Argument(help="A file of shells: aasx, json or xml by its ending.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a file of shells."""
    from linetwin.cli import aas_check

    aas_check.check(file, json=json)


@aas_app.command(
    "import",
    help="Put machines of other makers into a line: models with their ports, technical data and "
    "OPC UA interfaces, matched by what they mean and by unit. What cannot be matched is written "
    "to FOLDER/decisions.yaml for a person to answer (exit code 2), and given back with "
    "--decisions.",
    epilog="Example: linetwin aas import calender.aasx --into baseline --as cathode.calender "
    "-o plant",
)
def import_(
    shells: Annotated[
        list[Path], typer.Argument(help="Files of shells, one machine each: aasx, json or xml.")
    ],
    into: Annotated[
        str, typer.Option("--into", metavar="SCENARIO", help="The scenario whose line they join.")
    ],
    stations: Annotated[
        list[str],
        typer.Option(
            "--as",
            metavar="STATION",
            help="The station that a machine becomes, or `line`, `building`; one for each file, in "
            "their order, or several for one file.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the line, its mapping and models.")
    ],
    decisions: Annotated[
        Path | None, typer.Option(help="The file with a person's answers.")
    ] = None,
    owner: Annotated[
        str, typer.Option(metavar="NAME", help="Who owns the mapping and the servers' clocks.")
    ] = "",
) -> None:
    """Put machines of other makers into a line."""
    from linetwin.cli import aas_import

    asked = aas_import.Asked(shells, stations, into, output, decisions, owner)
    aas_import.import_machines(asked)


add_serving_commands(aas_app)
