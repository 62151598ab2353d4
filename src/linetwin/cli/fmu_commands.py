"""`linetwin fmu` and `linetwin ssp`: their options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

fmu_app = typer.Typer(
    help="The model library, and anybody's FMU.",
    epilog="Example: linetwin fmu info drying",
    no_args_is_help=True,
)
ssp_app = typer.Typer(
    help="System structures (SSP 1.0 and 2.0): other tools' systems as groups, and back.",
    epilog="Example: linetwin ssp import system.ssp -o system",
    no_args_is_help=True,
)

STEP_TIMEOUT = "10 min"
StepTimeoutOption = Annotated[
    str,
    typer.Option("--step-timeout", metavar="TIME", help="Wall time of a step; then it hangs."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@fmu_app.command("build", epilog="Example: linetwin fmu build drying")
def fmu_build(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models; all when none is named.")
    ] = None,
    models: Annotated[
        Path | None, typer.Option(help="Model library (the checkout's fmus/).")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder (the package's own; ./fmi2 for FMI 2.0)."),
    ] = None,
    platform: Annotated[
        list[str] | None,
        typer.Option(help="host (default), all, or one such as x86_64-windows; may be repeated."),
    ] = None,
    fmi: Annotated[str, typer.Option(help="Version of the standard: 3, or 2 for other tools.")] = (
        "3"
    ),
) -> None:
    """Build FMUs from their Python equations; those that are current are left alone."""
    from linetwin.cli import fmu

    fmu.build(names, models, output, tuple(platform or ("host",)), fmi)


@fmu_app.command("compile", epilog="Example: linetwin fmu compile other.fmu")
def fmu_compile(
    fmu: Annotated[Path, typer.Argument(help="An FMU that carries its C sources.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for the copy with binaries.")
    ] = Path("compiled"),
    platform: Annotated[
        list[str] | None,
        typer.Option(help="host (default), all, or one such as x86_64-windows; may be repeated."),
    ] = None,
) -> None:
    r"""Compile somebody else's FMU from the sources in it; needs linetwin\[fmu]."""
    from linetwin.cli import fmu as commands

    commands.compile_foreign(fmu, output, tuple(platform or ("host",)))


@fmu_app.command("info", epilog="Example: linetwin fmu info drying")
def fmu_info(
    fmu: Annotated[str, typer.Argument(help="A file, or a model of the library by name.")],
    json: JsonOption = False,
) -> None:
    """Show an FMU's interface, capabilities, platforms and evidence."""
    from linetwin.cli import fmu as commands

    commands.info(fmu, as_json=json)


@fmu_app.command(
    "validate",
    help="Check an FMU's description and that it runs, saves, restores and resets. "
    "Exit code 3 where something keeps it from running; a warning does not.",
    epilog="Example: linetwin fmu validate other.fmu",
)
def fmu_validate(
    fmu: Annotated[str, typer.Argument(help="A file, or a model of the library by name.")],
    step_timeout: StepTimeoutOption = STEP_TIMEOUT,
    json: JsonOption = False,
) -> None:
    """Check an FMU's description and that it runs, saves, restores and resets."""
    from linetwin.cli import fmu as commands

    commands.validate(fmu, step_timeout, as_json=json)


@fmu_app.command(
    "simulate",
    epilog='Example: linetwin fmu simulate drying --stop 60 --start "air_temperature=393.15"',
)
def fmu_simulate(  # noqa: PLR0913, PLR0917  one parameter per option
    fmu: Annotated[
        str, typer.Argument(help="A file, a model of the library by name, or a group file (.yaml).")
    ],
    stop: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Stop time: 10 s, 1/60 s (the FMU's own, else 1 s)."),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="The same as --stop.")] = None,
    step: Annotated[
        float | None, typer.Option(help="Communication step, s (stop time / 100).")
    ] = None,
    start: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Start value, in the FMU's unit.")
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option("--input", help="CSV file: time, s, and inputs that change at it."),
    ] = None,
    outputs: Annotated[
        list[str] | None, typer.Option("--output", help="Variable to show; all outputs when none.")
    ] = None,
    intermediate: Annotated[
        bool, typer.Option("--intermediate", help="Rows within steps too, where an FMU shows them.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the trajectory to this CSV file.")] = None,
    step_timeout: StepTimeoutOption = STEP_TIMEOUT,
    json: JsonOption = False,
) -> None:
    """Run an FMU, or a group of them, alone and print the outputs."""
    from linetwin.cli import simulating as commands

    texts, names = tuple(start or ()), tuple(outputs or ())
    stop_s = commands.stop_time(stop, until)
    option = "--stop" if until is None else "--until"
    request = commands.Simulation(stop_s, step, texts, names, csv, inputs, intermediate, option)
    commands.simulate(fmu, request, step_timeout, as_json=json)


@ssp_app.command(
    "import", epilog='Example: linetwin ssp import system.ssp -o system --step "10 ms"'
)
def ssp_import(
    file: Annotated[Path, typer.Argument(help="A system structure package (.ssp).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder, new or empty.")],
    step: Annotated[
        str | None, typer.Option(help="Communication step: 10 ms (the package's own, or a guess).")
    ] = None,
    variant: Annotated[
        str, typer.Option(help="Another structure of the package.")
    ] = "SystemStructure.ssd",
) -> None:
    """Write a group file and the FMUs of a package; what is not kept is told."""
    from linetwin.cli import ssp

    ssp.import_(file, output, step, variant)


@ssp_app.command("export", epilog="Example: linetwin ssp export hall.yaml -o hall.ssp")
def ssp_export(
    group: Annotated[str, typer.Argument(help="A group file (.yaml).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The package to write (.ssp).")],
    version: Annotated[
        str | None, typer.Option("--ssp", help="1.0 or 2.0 (1.0 where all FMUs are of FMI 2.0).")
    ] = None,
    stop: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Stop time to tell others: 10 s.")
    ] = None,
) -> None:
    """Pack a group and its FMUs; what SSP has no word for is kept for linetwin, and told."""
    from linetwin.cli import simulating, ssp

    ssp.export(group, output, version, simulating.seconds(stop, "--until"))
