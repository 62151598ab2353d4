"""`linetwin fmu`: the model library, and anybody's FMU."""

from __future__ import annotations

import contextlib
import math
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

import linetwin
from linetwin.cli.alone import watching
from linetwin.cli.printing import print_json, print_table
from linetwin.cli.ssp import opened
from linetwin.cosim import find_fmu, inspection
from linetwin.cosim.groups import group_findings, is_group, read_group
from linetwin.cosim.kernel.library import row_loop
from linetwin.errors import ModelError, Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linetwin.cosim.description import Description
    from linetwin.cosim.groups import Group
    from linetwin.cosim.inspection import FmuInfo

ABOUT = (
    *("name", "type", "dimensions", "causality", "variability"),
    *("unit", "start", "minimum", "maximum", "meaning", "tag", "source"),
)
"""What JSON says of a variable."""


def build(
    names: list[str] | None,
    models: Path | None,
    output: Path | None,
    platforms: tuple[str, ...],
    fmi: str,
) -> None:
    """Build the FMUs of a model library, of FMI 3.0 for the line or of FMI 2.0 for other tools.

    With linetwin's own FMUs go the compiled row loop that runs them, and the evaluator of
    predictors' FMUs.
    """
    package = Path(linetwin.__file__).resolve().parent
    library = models or package.parents[1] / "fmus"
    chosen = _chosen(library, names)
    try:
        from linetwin.authoring.build import build_library
        from linetwin.authoring.evaluator.building import build_evaluator
        from linetwin.authoring.kernel import build_kernel
        from linetwin.authoring.standards import STANDARDS
        from linetwin.authoring.toolchain import resolve_targets
    except ModuleNotFoundError as error:
        problem = Problem(
            f"{error.name} is not installed", "fmu build", "pip install linetwin[fmu]"
        )
        raise ScenarioError([problem]) from error
    if fmi not in STANDARDS:
        problem = Problem(f"no FMI version '{fmi}'", "--fmi", " or ".join(sorted(STANDARDS)))
        raise ScenarioError([problem])
    standard = STANDARDS[fmi]
    try:
        standard.targets_of(resolve_targets(platforms))
    except ModelError as error:
        raise ScenarioError([Problem(str(error), "--platform")]) from error
    folder = output or (package / "_fmus" if fmi == "3" else Path("fmi2"))
    before = _stamps(folder)
    with _progress() as show:
        build_library(library, folder, chosen, platforms, show, standard)
        own = folder == package / "_fmus"
        kernels = build_kernel(package, platforms) if own else []
        evaluators = build_evaluator(package, platforms) if own else []
    built = _stamps(folder).items() - before.items()
    for name, _ in sorted(built):
        typer.echo(f"built {name}")
    for path in kernels:
        typer.echo(f"built the compiled row loop for {path.parent.name}")
    for path in evaluators:
        typer.echo(f"built the evaluator of predictors for {path.parent.name}")
    typer.echo(f"{len(built)} built, {len(chosen) - len(built)} were current, in {folder}")


def compile_foreign(fmu: Path, output: Path, platforms: tuple[str, ...]) -> None:
    """Compile an FMU's own sources for this machine, or for others, into a copy of it."""
    try:
        from linetwin.authoring.foreign import compile_sources
        from linetwin.authoring.toolchain import resolve_targets
    except ModuleNotFoundError as error:
        problem = Problem(
            f"{error.name} is not installed", "fmu compile", "pip install linetwin[fmu]"
        )
        raise ScenarioError([problem]) from error
    try:
        copy, folders = compile_sources(fmu, output, resolve_targets(platforms))
    except ModelError as error:
        raise ScenarioError([Problem(str(error), "fmu compile")]) from error
    typer.echo(f"{copy}: compiled for {', '.join(folders)}")


def _chosen(library: Path, names: list[str] | None) -> list[str]:
    """Return the models to build; ScenarioError where the library has none, or not those."""
    known = sorted(path.parent.name for path in library.glob("*/model.py"))
    if not known:
        message = f"no model in {library}"
        raise ScenarioError([Problem(message, "--models", "a folder with <name>/model.py")])
    unknown = [name for name in names or () if name not in known]
    if unknown:
        hint = f"there are: {', '.join(known)}"
        raise ScenarioError([Problem(f"no model '{n}' in {library}", n, hint) for n in unknown])
    return list(dict.fromkeys(names or known))


def _stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.fmu")}


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show on a terminal which model is looked at; building takes seconds where it is stale."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("looking for models") as status:
        yield status.update


def info(reference: str, *, as_json: bool) -> None:
    """Print what an FMU, or a group of them, says of itself."""
    named = find_fmu(reference, Path.cwd() / ".")
    path, _ = opened(named)
    if is_group(path):
        _group_info(replace(read_group(path), file=named), as_json=as_json)
        return
    found = inspection.info(path)
    description = found.description
    if as_json:
        print_json(_facts(found))
        return
    interface = "model exchange" if description.exchange else "co-simulation"
    can = [name for name, able in asdict(description.capabilities).items() if able is True]
    typer.echo(f"{description.model}: FMI {description.version} {interface}, {description.title}")
    typer.echo(f"  file       {description.path}")
    typer.echo(f"  platforms  {', '.join(found.platforms) or 'none'}")
    typer.echo(f"  runs here  {'yes' if found.runs_here else 'no: needs ' + found.needed_platform}")
    typer.echo(f"  items by   {_items_by(description)}")
    typer.echo(f"  can        {', '.join(can).replace('_', ' ') or 'only step'}")
    typer.echo(f"  fulfils    {', '.join(found.fulfils) or 'no contract by its own names'}")
    headings = ("variable", "type", "causality", "unit", "start", "range", "tag", "source")
    rows = [
        (
            v.name,
            v.type + (f"[{','.join(map(str, v.dimensions))}]" if v.dimensions else ""),
            v.causality,
            v.unit or "1",
            "" if v.start is None else f"{v.start}",
            "" if math.isinf(v.minimum) and math.isinf(v.maximum) else _range(v.minimum, v.maximum),
            v.tag,
            v.source,
        )
        for v in description.variables.values()
    ]
    print_table("", headings, rows, len(headings))


def _group_info(group: Group, *, as_json: bool) -> None:
    """Print who is in a group and what is joined to what."""
    joined = (*group.connections, *group.clocked, *group.ticks)
    facts = {
        "group": group.name,
        "meaning": group.meaning,
        "file": str(group.file),
        "step_s": str(group.step),
        "order": group.order,
        "extrapolate": "linear" if group.linear else "none",
        "course": group.course.words(),
        "members": {
            m.name: {"fmu": str(m.description.path), "every": m.every, "values": dict(m.values)}
            for m in group.members
        },
        "connections": {str(c.target): str(c.source) for c in joined},
        "inputs": {n: [str(t) for t, _ in i.targets] for n, i in group.inputs.items()},
        "outputs": {name: str(found.source) for name, found in group.outputs.items()},
        "parameters": {name: str(terminal) for name, terminal in group.parameters.items()},
    }
    if as_json:
        print_json(facts)
        return
    typer.echo(f"{group.name}: a group of {len(group.members)} FMUs, {group.meaning or 'unnamed'}")
    typer.echo(f"  file         {group.file}")
    typer.echo(
        f"  steps        every {group.step} s, {group.order}, extrapolate: {facts['extrapolate']}"
    )
    for key, text in group.course.words().items():
        typer.echo(f"  {key:12s} {text}")
    for member in group.members:
        typer.echo(
            f"  member       {member.name}: {member.description.path.name}, FMI "
            f"{member.description.version}, every {member.every}"
        )
    for connection in joined:
        typer.echo(f"  connection   {connection.target} <- {connection.source}")
    for kind in ("inputs", "outputs", "parameters"):
        ports = facts[kind]
        typer.echo(f"  {kind:12s} {', '.join(ports) if isinstance(ports, dict) and ports else '-'}")


def _items_by(description: Description) -> str:
    """Return what takes items through the FMU; the compiled loop only calls DoStep."""
    return row_loop() if description.plain else "Python"


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:g}"


def _facts(found: FmuInfo) -> dict[str, object]:
    description = found.description
    return {
        "model": description.model,
        "title": description.title,
        "file": str(description.path),
        "fmi_version": description.version,
        "interface": "model exchange" if description.exchange else "co-simulation",
        "platforms": found.platforms,
        "runs_here": found.runs_here,
        "row_loop": _items_by(description),
        "capabilities": asdict(description.capabilities),
        "fulfils": found.fulfils,
        "variables": [
            {name: getattr(variable, name) for name in ABOUT}
            for variable in description.variables.values()
        ],
    }


def validate(reference: str, step_timeout: str, *, as_json: bool) -> None:
    """Print findings; exit code 3 where one of them keeps the FMU from running."""
    path, _ = opened(find_fmu(reference, Path.cwd() / "."))
    with watching(path.stem, step_timeout):
        findings = group_findings(path) if is_group(path) else inspection.validate(path)
    if as_json:
        print_json([{"severity": f.severity, "text": f.text} for f in findings])
    else:
        for finding in findings:
            typer.echo(f"{finding.severity}: {finding.text}")
        typer.echo(
            f"{path.name}: {len(findings)} findings" if findings else f"{path.name}: no findings"
        )
    if any(finding.severity == "error" for finding in findings):
        sys.exit(3)
