"""What is printed of a plant's text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.cli.printing import print_table, safe

if TYPE_CHECKING:
    import pytest


def test_a_lots_name_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes, carriage returns, bells and marks of direction are shown as what they are not."""
    name = "R-7\x1b[2J\x1b]0;mine\x07\r\u202eab"
    print_table("", ["lot"], [[name]], 1)
    out = capsys.readouterr().out
    assert not set("\x1b\x07\r\u202e") & set(out)
    assert "R-7\ufffd[2J" in out
    assert safe("Größe 7 µm\nB") == "Größe 7 µm\nB"
