"""`linetwin aas serve`, `token` and `fetch`: shells over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RolesOption = Annotated[
    Path | None, typer.Option(help="A TOML table of what each role sees, in place of linetwin's.")
]
TokensOption = Annotated[
    Path | None,
    typer.Option(help="Who may ask: a file of `linetwin aas token`. Needed beyond this machine."),
]


def add_serving_commands(aas_app: typer.Typer) -> None:
    """Add the commands to `linetwin aas`."""
    aas_app.command(
        "serve",
        help="Serve shells over HTTP, to be read: files of shells, scenarios, and a run folder "
        "with a shell of each lot and cell. On this machine alone, unless --host names another "
        "address; then with --tokens, and with --certificate and --key.",
        epilog="Example: linetwin aas serve baseline runs/baseline --port 8080",
    )(serve)
    aas_app.command(
        "token",
        help="Make a token for somebody who may ask a server. It is shown once; the file holds "
        "its hash.",
        epilog="Example: linetwin aas token tokens.json --name anna --role customer",
    )(token)
    aas_app.command(
        "fetch",
        help="Read the shells of a server, linetwin's or another maker's, into a file.",
        epilog="Example: linetwin aas fetch http://127.0.0.1:8080 -o line.aasx",
    )(fetch)


def serve(  # noqa: PLR0913, PLR0917  one parameter per option
    what: Annotated[
        list[str],
        typer.Argument(help="Files of shells, scenarios by name or file, and one run folder."),
    ],
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for a free one.")] = 8080,
    role: Annotated[
        str, typer.Option(help="What is seen by who asks without tokens, on this machine.")
    ] = "engineer",
    tokens: TokensOption = None,
    roles: RolesOption = None,
    twin: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Signals have the values that this twin tells."),
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate, PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="Its private key, PEM.")] = None,
    host_name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A name by which it may be called, beside those of its certificate; repeatable.",
        ),
    ] = None,
    insecure_http: Annotated[
        bool, typer.Option("--insecure-http", help="Beyond this machine without TLS.")
    ] = False,
    base_iri: Annotated[
        str | None,
        typer.Option(metavar="IRI", help="What ids begin with (https://linetwin.example/)."),
    ] = None,
) -> None:
    """Serve shells until Ctrl-C."""
    from linetwin.cli import aas_serve

    opening = aas_serve.Opening(host, port, certificate, key, insecure_http, tuple(host_name or ()))
    asked = aas_serve.Asked(tuple(what), base_iri, twin)
    aas_serve.serve(asked, opening, aas_serve.Who(role, tokens, roles))


def token(
    file: Annotated[Path, typer.Argument(help="The file of tokens; made if it is not there.")],
    name: Annotated[str, typer.Option(help="Who gets it.")],
    role: Annotated[str, typer.Option(help="In which role: engineer, operator, quality, customer")],
    roles: RolesOption = None,
) -> None:
    """Make a token."""
    from linetwin.cli import aas_serve

    typer.echo(aas_serve.new_token(file, name, role, roles))


def fetch(
    url: Annotated[str, typer.Argument(help="A server of shells (API of Part 2), by its address.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: aasx, json or xml by its ending.")
    ],
    shell_id: Annotated[
        list[str] | None,
        typer.Option(
            "--id",
            help="Id of a shell, with its submodels; repeatable. Else all that the server gives "
            "at once.",
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(help="A file that holds the token to show; else LINETWIN_TOKEN holds it."),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(help="Certificates (PEM) of the only authority that is trusted."),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.1, help="For all answers of the server, in seconds."),
    ] = 120.0,
) -> None:
    """Read the shells of a server into a file."""
    from linetwin.cli import aas_fetch

    showing = aas_fetch.Showing(token_file, ca, timeout)
    aas_fetch.fetch(url, output, showing, shell_id or ())
