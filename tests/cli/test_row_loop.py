"""Which loop takes items through the FMUs: told, and of no influence on a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cli_support import TABLE_NAMES, Answer, Order, linetwin

from linetwin.results import read

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_without_the_compiled_loop_says_so_and_has_the_same_tables(
    finished: tuple[Order, Answer], tmp_path: Path
) -> None:
    """The manifest names the loop and why; every table has the same bytes."""
    order, _ = finished
    run = tmp_path / "run"
    answer = linetwin("run", order.file, "-o", run, LINETWIN_KERNEL="off")
    assert answer.code == 0, answer.err
    assert read(order.run).manifest["row_loop"] == "compiled"
    assert read(run).manifest["row_loop"] == "Python: LINETWIN_KERNEL is off"
    for name in TABLE_NAMES:
        file = f"{name}.parquet"
        assert (run / file).read_bytes() == (order.run / file).read_bytes(), name


def test_info_names_the_loop() -> None:
    """As text and as JSON."""
    assert "items by   compiled" in linetwin("fmu", "info", "drying", LINETWIN_KERNEL="").out
    told = json.loads(linetwin("fmu", "info", "drying", "--json", LINETWIN_KERNEL="off").out)
    assert told["row_loop"] == "Python: LINETWIN_KERNEL is off"
