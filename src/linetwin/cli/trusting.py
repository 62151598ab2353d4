"""`linetwin live certificate|trust|user`: what a person looks after in a security folder.

What changes trust or users is written to the folder's audit log.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from linetwin.twin.security.certificates import Certificate
    from linetwin.twin.security.folders import SecurityFolder
    from linetwin.twin.security.trust import Entry

certificate_app = typer.Typer(
    help="The application's own certificate.",
    epilog="Example: linetwin live certificate show",
    no_args_is_help=True,
)
trust_app = typer.Typer(
    help="Which certificates of others are believed.",
    epilog="Example: linetwin live trust list",
    no_args_is_help=True,
)
user_app = typer.Typer(
    help="Who may log in to a server of ours, and as what.",
    epilog="Example: linetwin live user list --security security/plant",
    no_args_is_help=True,
)

SecurityOption = Annotated[
    Path,
    typer.Option("--security", metavar="FOLDER", help="The application's security folder."),
]
ThumbprintArgument = Annotated[
    str, typer.Argument(metavar="THUMBPRINT", help="SHA-1 or SHA-256; 8 digits or more.")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]
DaysOption = Annotated[int, typer.Option(help="Days from now on which it is valid.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

TWIN = Path("security/twin")


# ------------------------------------------------------------------------------- certificate
@certificate_app.command(
    "create",
    help="Make the application's own certificate and key; one that is there is not overwritten.",
    epilog="Example: linetwin live certificate create --name twin --host press-1",
)
def certificate_create(  # noqa: PLR0913, PLR0917  one parameter per option
    name: Annotated[str, typer.Option(help="Name of the application.")] = "twin",
    organisation: Annotated[str, typer.Option(help="Who runs it.")] = "linetwin",
    uri: Annotated[str, typer.Option(help="Its URI (one of this machine and the name).")] = "",
    hosts: Annotated[
        list[str] | None,
        typer.Option("--host", help="A name or address of its machine (this one's); repeatable."),
    ] = None,
    bits: Annotated[int, typer.Option(help="Length of its RSA key: 2048 or 3072.")] = 2048,
    days: DaysOption = 365,
    security: SecurityOption = TWIN,
) -> None:
    """Make the application's own certificate and key."""
    from linetwin.twin.security.identity import Wish, create_identity

    folder = _open_folder(security)
    made = create_identity(folder, Wish(name, organisation, uri, tuple(hosts or ()), bits, days))
    _log(folder, "certificate created", made.certificate.fingerprint)
    typer.echo(f"{made.certificate_file}: made")
    _print_certificate(made.certificate)


@certificate_app.command("show", epilog="Example: linetwin live certificate show")
def certificate_show(security: SecurityOption = TWIN, json: JsonOption = False) -> None:
    """Show the application's own certificate, and when it must be renewed."""
    from linetwin.twin.security.identity import identity

    own = identity(_folder(security))
    _print_certificate(own.certificate, as_json=json, file=own.certificate_file)


@certificate_app.command(
    "renew",
    help="Make the next certificate, with a new key, beside the old one. It is used from the next "
    "start on: others must accept it before the old one ends.",
    epilog="Example: linetwin live certificate renew",
)
def certificate_renew(days: DaysOption = 365, security: SecurityOption = TWIN) -> None:
    """Make the next certificate, with a new key, beside the old one."""
    from linetwin.twin.security.identity import identity, renew_identity

    folder = _open_folder(security)
    old = identity(folder).certificate
    made = renew_identity(folder, days)
    _log(folder, "certificate renewed", "", old.fingerprint, made.certificate.fingerprint)
    typer.echo(f"{made.certificate_file}: made; the one before stays, valid to {_day(old.ends)}")
    _print_certificate(made.certificate)


# ------------------------------------------------------------------------------------- trust
@trust_app.command("list", epilog="Example: linetwin live trust list")
def trust_list(security: SecurityOption = TWIN, json: JsonOption = False) -> None:
    """List the certificates that are believed, that complete chains, and that are not believed."""
    from linetwin.cli.printing import print_json, print_table
    from linetwin.twin.security.trust import Trust

    entries = Trust(_folder(security)).entries()
    if json:
        print_json([{"place": each.place, **_facts(each.certificate)} for each in entries])
    elif not entries:
        typer.echo(f"{security}: no certificate of anybody else")
    else:
        headings = ("place", "name", "thumbprint", "valid to", "remark")
        print_table("", headings, map(_row, entries), len(headings))


@trust_app.command("accept", epilog="Example: linetwin live trust accept 1A2B3C4D5E")
def trust_accept(thumbprint: ThumbprintArgument, security: SecurityOption = TWIN) -> None:
    """Believe a certificate from the next connection on. Compare its SHA-256 with its owner's."""
    certificate = _decide(thumbprint, security, believed=True)
    typer.echo(f"{certificate.name!r} is trusted now; SHA-256 {certificate.fingerprint}")


@trust_app.command(
    "introduce",
    help="Let two applications on this machine believe one another, such as a virtual plant and "
    "its twin. Each certificate is read from its own folder, so none need be compared; one that is "
    "missing is made.",
    epilog="Example: linetwin live trust introduce security/twin security/plant",
)
def trust_introduce(
    one: Annotated[Path, typer.Argument(metavar="FOLDER", help="A security folder.")],
    other: Annotated[Path, typer.Argument(metavar="FOLDER", help="The other's.")],
) -> None:
    """Let two applications on this machine believe one another."""
    from linetwin.errors import Problem, ScenarioError
    from linetwin.twin.security.identity import Wish, create_identity, newest_identity
    from linetwin.twin.security.trust import Trust

    if one.resolve() == other.resolve():
        raise ScenarioError([Problem(f"{one} and {other} are one folder", hint="name two")])
    certificates = []
    for place in (one, other):
        folder = _open_folder(place)
        own = newest_identity(folder)
        if own is None:
            own = create_identity(folder, Wish(place.resolve().name))
            _log(folder, "certificate created", own.certificate.fingerprint)
        certificates.append(own.certificate)
    for place, certificate in zip((one, other), reversed(certificates), strict=True):
        folder = _folder(place)
        Trust(folder).add(certificate)
        _log(folder, "trust accepted", certificate.fingerprint, "introduced", "trusted")
        typer.echo(f"{place}: trusts {certificate.name!r}, SHA-256 {certificate.fingerprint}")


@trust_app.command("reject", epilog="Example: linetwin live trust reject 1A2B3C4D5E")
def trust_reject(thumbprint: ThumbprintArgument, security: SecurityOption = TWIN) -> None:
    """Believe a certificate no longer, from the next connection on."""
    certificate = _decide(thumbprint, security, believed=False)
    typer.echo(f"{certificate.name!r} is not trusted; sessions that it has open go on")


def _decide(thumbprint: str, security: Path, *, believed: bool) -> Certificate:
    """Accept or reject a certificate, and say so in the log."""
    from linetwin.twin.security.trust import Trust

    folder = _open_folder(security)
    trust = Trust(folder)
    before = trust.find(thumbprint).place
    certificate = trust.accept(thumbprint) if believed else trust.reject(thumbprint)
    what, place = ("trust accepted", "trusted") if believed else ("trust rejected", "rejected")
    _log(folder, what, certificate.fingerprint, before, place)
    return certificate


@trust_app.command("show", epilog="Example: linetwin live trust show 1A2B3C4D5E")
def trust_show(
    thumbprint: ThumbprintArgument, security: SecurityOption = TWIN, json: JsonOption = False
) -> None:
    """Show all that a certificate says."""
    from linetwin.twin.security.trust import Trust

    entry = Trust(_folder(security)).find(thumbprint)
    _print_certificate(entry.certificate, as_json=json, file=entry.file)


# -------------------------------------------------------------------------------------- user
@user_app.command(
    "add",
    help="Add a user. The password is asked for, or is the first line of standard input; it is "
    "never an argument, which other users of the machine could read.",
    epilog="Example: linetwin live user add ann --role operator --security security/plant",
)
def user_add(
    name: NameArgument,
    role: Annotated[
        str, typer.Option(help="observer (reads), operator (commands) or engineer (sets).")
    ] = "observer",
    certificate: Annotated[
        Path | None, typer.Option(help="A certificate in place of a password.")
    ] = None,
    security: SecurityOption = TWIN,
) -> None:
    """Add a user with a password or a certificate."""
    from linetwin.errors import Problem, ScenarioError
    from linetwin.twin.security.certificates import read_certificate
    from linetwin.twin.security.roles import Role
    from linetwin.twin.security.users import Users

    if role not in set(Role):
        raise ScenarioError([Problem(f"no role {role!r}", "--role", ", ".join(Role))])
    folder = _open_folder(security)
    proof = _password() if certificate is None else read_certificate(certificate)
    user = Users(folder.users).add(name, Role(role), proof)
    _log(folder, "user added", name, None, {"role": user.role, "by": user.by})
    typer.echo(f"{name}: {user.role}, proven by {user.by}")


@user_app.command("remove", epilog="Example: linetwin live user remove ann")
def user_remove(name: NameArgument, security: SecurityOption = TWIN) -> None:
    """Remove a user, who can neither log in nor write from now on."""
    from linetwin.twin.security.users import Users

    folder = _open_folder(security)
    users = Users(folder.users)
    role = users.role_of(name)
    users.remove(name)
    _log(folder, "user removed", name, {"role": role})
    typer.echo(f"{name}: removed")


@user_app.command("list", epilog="Example: linetwin live user list --security security/plant")
def user_list(security: SecurityOption = TWIN, json: JsonOption = False) -> None:
    """List users and their roles."""
    from linetwin.cli.printing import print_json, print_table
    from linetwin.twin.security.users import Users

    users = Users(_folder(security).users).all()
    if json:
        print_json([{"name": each.name, "role": each.role, "by": each.by} for each in users])
    elif not users:
        typer.echo(f"{security}: no users")
    else:
        print_table("", ("name", "role", "by"), ((u.name, u.role, u.by) for u in users), 3)


# ------------------------------------------------------------------------------------ shared
def _folder(security: Path) -> SecurityFolder:
    from linetwin.twin.security.folders import SecurityFolder

    return SecurityFolder(security)


def _open_folder(security: Path) -> SecurityFolder:
    """Return the folder for a change; ResultsError where its log could not tell of it."""
    from linetwin.results.audit import AuditLog

    folder = _folder(security)
    folder.make()
    AuditLog(folder.log).check_open()
    return folder


def _log(
    folder: SecurityFolder,
    what: str,
    about: str,
    before: Any = None,  # noqa: ANN401  whatever JSON can hold
    after: Any = None,  # noqa: ANN401
) -> None:
    from linetwin.results.audit import AuditLog, person

    AuditLog(folder.log).append(person(), what, about=about, before=before, after=after)


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().removesuffix("\n").removesuffix("\r")


def _facts(certificate: Certificate) -> dict[str, Any]:
    return {
        "name": certificate.name,
        "issuer": certificate.issuer,
        "application_uri": ", ".join(certificate.application_uris),
        "hosts": ", ".join(certificate.hosts),
        "valid_from": certificate.begins.isoformat(),
        "valid_to": certificate.ends.isoformat(),
        "key_bits": certificate.key_bits,
        "thumbprint": certificate.thumbprint,
        "sha256": certificate.fingerprint,
        "remark": certificate.warning(datetime.now(UTC)),
    }


def _print_certificate(
    certificate: Certificate, *, as_json: bool = False, file: Path | None = None
) -> None:
    from linetwin.cli.printing import print_json, say

    facts = _facts(certificate)
    if file is not None:
        facts["file"] = str(file)
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        if value:
            say(f"  {name.replace('_', ' '):16}{value}")


def _row(entry: Entry) -> tuple[str, ...]:
    certificate = entry.certificate
    remark = certificate.warning(datetime.now(UTC))
    ends = _day(certificate.ends)
    return (entry.place, certificate.name, certificate.thumbprint, ends, remark)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
