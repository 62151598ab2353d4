"""What is printed of a plant's text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.cli import following
from linetwin.cli.interruption import Interruption
from linetwin.cli.printing import print_table, safe
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import Notice
from linetwin.twin.feed.parcels import Counts, Parcel
from linetwin.twin.opcua.health import Health

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from linetwin.scenario.mapped import Mapping

MAPPING = """\
schema: 1
name: test
owner: tests
version: "1"
sources:
  plc: {endpoints: ["opc.tcp://nowhere:4840"], clock: {owner: tests}}
signals:
  speed: {node: i=1, address: cathode.coater.web_speed, unit: m/s}
"""


class Ended:
    """A feed whose first parcel is its last."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.ended = False

    def take(self, wait_s: float = 0.0) -> Parcel:
        """Return the end of a history, and what is told with it."""
        assert wait_s >= 0.0
        told = (Notice(0, "plc", "history", "speed has none"),)
        return Parcel(None, (Health("plc", "ended"),), told, Counts(0, 0, 0, 0, 0, ()), 0)

    def close(self) -> None:
        """End it."""


def test_what_the_last_parcel_tells_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A signal without history is told with the end of what is read, and on stderr."""
    file = tmp_path / "plant.yaml"
    file.write_text(MAPPING, encoding="utf-8")
    feed = Ended(load_mapping(file))
    following._follow(feed, Interruption(), None, quiet=True)
    assert "plc: history: speed has none" in capsys.readouterr().err


def test_a_lots_name_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes, carriage returns, bells and marks of direction are shown as what they are not."""
    name = "R-7\x1b[2J\x1b]0;mine\x07\r\u202eab"
    print_table("", ["lot"], [[name]], 1)
    out = capsys.readouterr().out
    assert not set("\x1b\x07\r\u202e") & set(out)
    assert "R-7\ufffd[2J" in out
    assert safe("Größe 7 µm\nB") == "Größe 7 µm\nB"
