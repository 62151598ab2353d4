"""What is printed of a plant's text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linetwin.cli import following, printing
from linetwin.cli.interruption import Interruption
from linetwin.cli.printing import print_json, print_table, safe, say, say_aside
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import Flag, Notice, raw_rows
from linetwin.twin.feed.parcels import Counts, Latest, Parcel
from linetwin.twin.feed.rules import Rules
from linetwin.twin.opcua.health import Health

if TYPE_CHECKING:
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


EVIL = "x\x1b]0;mine\x07\r\u202eok\x9b2J"
STEERING = set("\x1b\x07\r\u202e\x9b\x00")
PRINTING = ("plant", "driving", "summary", "running", "comparing", "visiting", "following")
BARE = re.compile(r"typer\.echo\((f|\n)|sys\.stderr\.write\(f|sys\.stderr\.write\(text\)")


def test_what_is_said_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout, on stderr, in the title of a table."""
    say(EVIL)
    say_aside(EVIL)
    print_table(EVIL, ["lot"], [["a lot whose name is as long as a title"]], 1)
    out, err = capsys.readouterr()
    assert not STEERING & set(out + err)
    assert out.count("]0;mine") == 2
    assert err.startswith("linetwin: x\ufffd]0;mine")


def test_names_and_errors_of_a_server_steer_no_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A source's error, a value that is text, a notice: live and at the end."""
    file = tmp_path / "plant.yaml"
    lot = "  lot: {node: i=2, address: cathode.coater.foil, kind: lot}\n"
    file.write_text(MAPPING + lot, encoding="utf-8")
    latest = Latest(load_mapping(file))
    came = raw_rows([1], 1, source_time=1)
    came.texts[0] = EVIL
    batch = Rules(latest.mapping).judge(came)
    told = (Notice(0, "plc", EVIL, EVIL),)
    health = Health("plc", "down", endpoint=EVIL, error=EVIL)
    latest.take(Parcel(batch, (health,), told, Counts(1, 0, 0, 0, 0, (0,) * len(Flag)), 0))
    following._tell(told, None)
    following._end(latest, as_json=False)
    out, err = capsys.readouterr()
    assert out.count("]0;mine") == 3
    assert not STEERING & set(out + err)
    following._end(latest, as_json=True)
    assert not STEERING & set(capsys.readouterr().out)


def test_no_command_that_shows_foreign_text_prints_past_the_cleaning() -> None:
    """Of the plant, the twin, shells and runs: all of it goes through `say` or a cleaned table."""
    folder = Path(printing.__file__).parent
    files = [folder / f"{name}.py" for name in PRINTING]
    files += [each for start in ("twin_", "aas_") for each in folder.glob(f"{start}*.py")]
    found = {file.name: BARE.findall(file.read_text("utf-8")) for file in files}
    assert len(found) > 20
    assert {name: calls for name, calls in found.items() if calls} == {}


def test_truth_values_of_arrays_are_true_or_false(capsys: pytest.CaptureFixture[str]) -> None:
    """What numpy counts leaves as JSON's own numbers and truth values, never as text."""
    print_json({"fails": np.float64(1.0) > 2, "rows": [np.int64(3), np.float64("nan")]})
    assert capsys.readouterr().out == '{"fails": false, "rows": [3, null]}\n'
