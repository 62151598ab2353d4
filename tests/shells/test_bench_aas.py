"""`linetwin bench aas`: that it measures the whole of a line's shells, not how fast this is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from linetwin.bench import aas
from linetwin.cli import benching

if TYPE_CHECKING:
    import pytest


def test_the_bench_tells_figures_and_limits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each figure is of every element of the baseline with all ports of its models."""
    monkeypatch.setattr(aas, "REPEATS", 1)
    benching.bench("aas", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["elements"] > 5000
    assert all(value > 0 for name, value in told.items() if name.endswith("_s"))
    over = told["limits"]["reading over basyx alone"]["value"]
    assert over == told["read_s"] / told["basyx_read_s"]
