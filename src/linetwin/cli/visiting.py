"""`linetwin live browse` and `linetwin live map`: a look at a server, and a mapping proposed."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from linetwin.cli.printing import print_json, print_table
from linetwin.errors import LinkError, Problem, ScenarioError
from linetwin.line.readable import load_line_mapping
from linetwin.scenario import load
from linetwin.twin.opcua.drafting import Draft, draft
from linetwin.twin.opcua.played import is_opening, played_clock
from linetwin.twin.opcua.proposing import propose
from linetwin.twin.opcua.visiting import variables_of
from linetwin.twin.security.connecting import Credentials, Terms
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import identity
from linetwin.twin.security.trust import Trust

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.opcua.browsing import Variable
    from linetwin.twin.security.certificates import Certificate

_LONGEST_VALUE = 30
_OPENS_IN_S, _AGAIN_S = 60.0, 1.0


@dataclass(frozen=True)
class Visit:
    """Which server, and on what terms."""

    endpoint: str
    security: Path
    policy: str
    user: str
    host_override: str
    ask: bool = False
    password: str | None = None
    """None where it is still to be asked for."""

    def terms(self) -> Terms:
        """Return how to connect; the password comes from a prompt, or from standard input."""
        folder = SecurityFolder(self.security)
        trust = Trust(folder, approve=_approve if self.ask else None)
        password = password_of(self.user) if self.password is None else self.password
        user = Credentials(self.user, password)
        host = self.host_override or None
        return Terms(identity(folder), trust, self.policy, user, host)


def password_of(user: str) -> str:
    """Return a user's password, never from the command line; "" for nobody."""
    if not user:
        return ""
    if sys.stdin.isatty():
        return str(typer.prompt(f"Password of {user}", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def browse(visit: Visit, below: str, depth: int, *, as_json: bool) -> None:
    """List what a server has to read."""
    names = [name for name in below.split("/") if name]
    variables = variables_of(visit.endpoint, visit.terms(), names, depth)
    if names and not variables:
        message, hint = (
            f"nothing is there below '{below}'",
            "browse names from Objects: Line/Coater",
        )
        raise ScenarioError([Problem(message, "--below", hint)])
    if as_json:
        print_json([_plain(each) for each in variables])
        return
    rows = [
        [each.name, str(each.node), each.type, _shown(each.value), each.unit or each.unit_code]
        for each in variables
    ]
    headings = ["path", "node", "type", "value", "unit"]
    print_table(f"{len(rows)} variables", headings, rows, len(headings))


def propose_mapping(
    visit: Visit, scenario: str, owner: str, output: Path, *, aside: bool = False
) -> None:
    """Write a proposal; a file that is there is not overwritten. `aside`: told on stderr."""
    if output.exists():
        hint = "choose another name, or move it away"
        raise ScenarioError([Problem("is there already", "-o", hint, output)])
    line = load(scenario)
    variables = _opened(visit)
    proposals = propose(variables, line)
    about = Draft(
        line.name,
        owner,
        visit.endpoint,
        scenario,
        visit.policy,
        visit.user,
        *played_clock(variables),
    )
    output.write_text(draft(about, proposals), encoding="utf-8")
    sure = sum(each.target is not None and not each.doubt for each in proposals)
    if sure:  # a mapping without a signal is none yet
        load_line_mapping(output, line)
    doubtful = sum(each.target is not None and bool(each.doubt) for each in proposals)
    left = sum(each.target is None for each in proposals)
    typer.echo(
        f"{output}: {sure} signals proposed, {doubtful} in doubt and commented "
        f"out, {left} that nothing of the line fits\n"
        f"read every line, name owner and clock, then: linetwin live watch {output}",
        err=aside,
    )


def _opened(visit: Visit) -> list[Variable]:
    """Return what a server has; of a played plant once it has opened, for its clock is needed."""
    terms = visit.terms()
    end = time.monotonic() + _OPENS_IN_S
    while is_opening(variables := variables_of(visit.endpoint, terms)):
        if time.monotonic() > end:
            raise LinkError(f"{visit.endpoint}: the plant has not opened yet; try again later")
        time.sleep(_AGAIN_S)
    return variables


def _approve(certificate: Certificate) -> bool:
    """Ask a person about a certificate; no where nobody can be asked."""
    if not sys.stdin.isatty():
        return False
    lines = [f"name {certificate.name}", f"hosts {', '.join(certificate.hosts)}"]
    lines += [f"thumbprint {certificate.thumbprint}", f"valid until {certificate.ends:%Y-%m-%d}"]
    typer.echo("\n".join(lines), err=True)
    return typer.confirm("Believe this server from now on?", default=False, err=True)


def _plain(variable: Variable) -> dict[str, object]:
    value = variable.value
    return {
        "path": [name for _, name in variable.path],
        "node": str(variable.node),
        "type": variable.type,
        "value": value if isinstance(value, (bool, int, float, str)) else _shown(value),
        "unit": variable.unit,
        "unit_code": variable.unit_code,
        "low": variable.low,
        "high": variable.high,
        "writable": variable.writable,
    }


def _shown(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."
