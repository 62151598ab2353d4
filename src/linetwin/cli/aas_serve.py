"""What `linetwin aas serve` serves, to whom, and where; live values of a twin."""

from __future__ import annotations

import ipaddress
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.cli import aas_export, aas_lots
from linetwin.cli.aas_twin import TwinValues, add_twin, scenario_of, signals_of
from linetwin.cli.printing import say
from linetwin.cli.running import Request, request_of
from linetwin.errors import LinetwinError, Problem, ScenarioError
from linetwin.results import read as read_run
from linetwin.shells.environment import Environment
from linetwin.shells.naming import BASE, Names
from linetwin.shells.reading import read
from linetwin.shells.running import describe_run
from linetwin.shells.serving.app import Door, make_app
from linetwin.shells.serving.catalogue import Catalogue
from linetwin.shells.serving.hosts import names_of
from linetwin.shells.serving.listening import listen
from linetwin.shells.serving.recorded import RecordedValues
from linetwin.shells.serving.roles import read_roles
from linetwin.shells.serving.runs import RunSource
from linetwin.shells.serving.tokens import make_token, read_tokens
from linetwin.shells.serving.values import NoValues
from linetwin.shells.writing import ENDINGS
from linetwin.twin.plant.making import panels

if TYPE_CHECKING:
    from linetwin.results.reader import Run
    from linetwin.shells.serving.roles import Role
    from linetwin.shells.serving.values import ValueSource

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Asked:
    """What is served: files, scenarios, a run folder; the folder of a twin with live values."""

    what: tuple[str, ...]
    base_iri: str | None = None
    twin: Path | None = None


@dataclass(frozen=True)
class Opening:
    """Where it is served; beyond this machine with TLS, or openly where that is asked for.

    `names`: host names by which it may be called, beside those of the certificate.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: Path | None = None
    key: Path | None = None
    insecure_http: bool = False
    names: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether only this machine can ask."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True)
class Who:
    """Who may ask: files of tokens and of roles; `role`: of who asks without a token."""

    role: str = "engineer"
    tokens: Path | None = None
    roles: Path | None = None


def serve(asked: Asked, opening: Opening, who: Who) -> None:
    """Serve until Ctrl-C. ScenarioError for what cannot be served so, ShellError for the port."""
    door = make_door(opening, who)
    catalogue, values = collected(asked)
    app = make_app(catalogue, door, values)
    for note in catalogue.notes:
        say(f"  note: {note}", err=True)
    listen(app, (opening.host, opening.port), (opening.certificate, opening.key), _tell)


def _tell(url: str) -> None:
    say(f"shells at {url} (Ctrl-C ends)")
    sys.stdout.flush()


def make_door(opening: Opening, who: Who) -> Door:
    """Return who may come in; ScenarioError where an opening is not safe enough."""
    roles = read_roles(who.roles)
    problems = []
    if who.role not in roles:
        problems.append(Problem("unknown role", "--role", f"allowed: {', '.join(roles)}"))
    if (opening.certificate is None) != (opening.key is None):
        problems.append(Problem("belong together", "--certificate, --key"))
    if not opening.is_local:
        if who.tokens is None:
            hint = "make them with linetwin aas token"
            problems.append(Problem("needs --tokens beyond this machine", "--host", hint))
        if opening.certificate is None and not opening.insecure_http:
            hint = "or --insecure-http: all can read along, tokens too"
            problems.append(Problem("needs --certificate and --key", "--host", hint))
    for name, file in (("--certificate", opening.certificate), ("--key", opening.key)):
        if file is not None and not file.is_file():
            problems.append(Problem("there is no such file", name, file=file))
    if problems:
        raise ScenarioError(problems)
    tokens = None if who.tokens is None else read_tokens(who.tokens, roles)
    return Door(roles, who.role, tokens, _hosts(opening))


def _hosts(opening: Opening) -> frozenset[str]:
    """Return the names by which a server may be called."""
    names = {opening.host.lower(), *map(str.lower, opening.names)}
    if opening.is_local:
        names |= _LOCAL
    if opening.certificate is not None:
        names |= names_of(opening.certificate)
    return frozenset(names)


def new_token(file: Path, name: str, role: str, roles: Path | None) -> str:
    """Return a new token, and add its hash to a file."""
    table: dict[str, Role] = read_roles(roles)
    return make_token(file, name, role, list(table))


def collected(asked: Asked) -> tuple[Catalogue, ValueSource]:
    """Return what is served, and where values come from."""
    names = Names(BASE if asked.base_iri is None else asked.base_iri)
    runs = [each for each in asked.what if aas_lots.is_run(each)]
    if len(runs) > 1:
        raise ScenarioError([Problem("more than one run folder", ", ".join(runs), "one at most")])
    parts = [_described(each, asked) for each in asked.what if each not in runs]
    run = read_run(runs[0]) if runs else None
    if run is not None:
        parts += [] if parts else [line_of(run, asked)]
        parts.append(describe_run(run, names))
    whole = aas_lots.together(parts)
    twin = None if asked.twin is None else _twin(asked, asked.twin, whole, names)
    source = None if run is None else RunSource(run, names)
    values: ValueSource = NoValues() if run is None else RecordedValues(run, panels())
    return Catalogue(whole, source), values if twin is None else twin


def _twin(asked: Asked, folder: Path, whole: Environment, names: Names) -> TwinValues:
    """Return what a twin tells, and add elements for it to the shells of its line."""
    served = [
        each
        for each in asked.what
        if not aas_lots.is_run(each) and Path(each).suffix.lower() not in ENDINGS
    ]
    scenario, note = scenario_of(folder, served)
    whole.notes += [note] if note else []
    if scenario is not None:
        add_twin(whole, scenario, names)
    return TwinValues(folder, signals_of(scenario))


def line_of(run: Run, asked: Asked) -> Environment:
    """Return the shells of a run's line, by the scenario that it was asked for.

    Where that is gone, or is no longer as it was, there are none, and a note says so.
    """
    try:
        request = request_of(run.path)
        if run.scenario.startswith(request.load().text):
            return _of_scenario(request, asked)
        why = "is no longer as it was run"
    except LinetwinError as error:
        why = f"cannot be read: {error}"
    note = f"no shells of the line: the scenario of {run.path} {why}; name a file of shells"
    return Environment(notes=[note])


def _described(what: str, asked: Asked) -> Environment:
    """Return the shells of a file, or of a scenario's line."""
    if Path(what).suffix.lower() in ENDINGS:
        return read(Path(what))
    return _of_scenario(Request(what, (), None, None), asked)


def _of_scenario(request: Request, asked: Asked) -> Environment:
    """Return the shells of a scenario's line."""
    wanted = aas_export.Asked(request.scenario, tuple(request.settings), asked.base_iri)
    return aas_export.described(wanted, with_files=True)
