"""What the commands share in printing: tables that lose nothing, and JSON that is valid."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from linetwin.results.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FILE_WIDTH = 200
"""Columns of text where output goes into a file or a pipe, which have no width of their own."""


def print_json(content: Any) -> None:  # noqa: ANN401  whatever JSON can hold
    """Print JSON; numbers that are not finite become null, which JSON has in their place."""
    typer.echo(json.dumps(plain(content), allow_nan=False, default=str))


def safe(text: str) -> str:
    """Return text of a plant or a file as it may be shown: what steers a terminal is replaced."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in text)


def say(text: str, *, err: bool = False) -> None:
    """Print a line that may hold text of a plant or a file; err: on stderr."""
    typer.echo(safe(text), err=err)


def say_aside(text: str) -> None:
    """Tell a person something beside the output, which may hold text of a plant or a file."""
    say(f"linetwin: {text}", err=True)


def print_table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int
) -> None:
    """Print a table whose first `text_columns` columns are text, the others numbers."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=FILE_WIDTH)
    table = Table(title=Text(safe(title)) if title else None, title_justify="left", box=None)
    for index, heading in enumerate(headings):
        justify: Any = "left" if index < text_columns else "right"
        table.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(Text(safe(cell)) for cell in row))  # as it is: brackets are no markup
    console.print(table)
