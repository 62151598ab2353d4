"""`linetwin live browse` and `linetwin live map`: a look at a server, and a mapping proposed."""

from __future__ import annotations

import socket
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from linetwin.cli.printing import print_json, print_table, safe, say
from linetwin.errors import LinkError, OpcUaError, Problem, ScenarioError
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
PATIENCE_S = 60.0
"""Wall time in which a plant that is started together with its twin opens."""
_AGAIN_S, _TELL_EVERY_S = 1.0, 5.0


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
    patience_s: float = 0.0
    """How long a server is waited for that does not answer at all."""

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
        return str(typer.prompt(safe(f"Password of {user}"), hide_input=True, err=True))
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
    say(
        f"{output}: {sure} signals proposed, {doubtful} in doubt and commented "
        f"out, {left} that nothing of the line fits\n"
        f"read every line, name owner and clock, then: linetwin live watch {output}",
        err=aside,
    )


def _opened(visit: Visit) -> list[Variable]:
    """Return what a server has; of a played plant once it has opened, for its clock is needed."""
    terms = visit.terms()
    begun = time.monotonic()
    told = -_TELL_EVERY_S
    while True:
        waited = time.monotonic() - begun
        try:
            variables = variables_of(visit.endpoint, terms)
        except OpcUaError as error:
            if not visit.patience_s or not _is_absent(error):
                raise
            if waited > visit.patience_s:
                message = f"{visit.endpoint}: nothing has answered for {visit.patience_s:.0f} s"
                advice = "start the plant, or give the endpoint that it prints with --endpoint"
                raise LinkError(f"{message}; {advice}") from error
            why, limit_s = "nothing answers there yet", visit.patience_s
        else:
            if not is_opening(variables):
                return variables
            if waited > PATIENCE_S:
                raise LinkError(f"{visit.endpoint}: the plant has not opened yet; try again later")
            why, limit_s = "the plant opens", PATIENCE_S
        if waited - told >= _TELL_EVERY_S:
            told = waited
            since = f"{waited:.0f} of {limit_s:.0f} s"
            say(f"waits for {visit.endpoint}: {why} ({since})", err=True)
        time.sleep(_AGAIN_S)


def _is_absent(error: OpcUaError) -> bool:
    """Whether nobody answered at an address that there is: a name that is unknown stays so."""
    cause = error.__cause__
    return isinstance(cause, OSError) and not isinstance(cause, socket.gaierror)


def _approve(certificate: Certificate) -> bool:
    """Ask a person about a certificate; no where nobody can be asked."""
    if not sys.stdin.isatty():
        return False
    lines = [f"name {certificate.name}", f"hosts {', '.join(certificate.hosts)}"]
    lines += [f"thumbprint {certificate.thumbprint}", f"valid until {certificate.ends:%Y-%m-%d}"]
    say("\n".join(lines), err=True)
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
