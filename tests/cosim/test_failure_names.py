"""How a failure names its model and its time: the same from every part of linetwin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from small_fmus import OVEN, rewritten

from linetwin.cosim import FmuContinuous
from linetwin.cosim.instance import instantiate
from linetwin.cosim.process import open_continuous
from linetwin.errors import FmuError, WiringError
from linetwin.scenario.resolved import ProcessConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cosim.instance import Instance

HOT = {"air_temperature": 400.0, "mode": 1.0}


@pytest.fixture
def press(web: Path, tmp_path: Path) -> Path:
    """The model `web` in a file of another name, and with another content."""
    return rewritten(web, tmp_path / "press.fmu", lambda text: text.replace("\n", "\n ", 1))


def test_a_model_is_called_as_its_file(press: Path) -> None:
    """Who chose `press.fmu` reads `press`, isolated or not, wired or not; not the model `web`."""
    process = ProcessConfig("oven", str(press))
    for config in (process, replace(process, isolate=True)):
        model = open_continuous(config, OVEN)
        model.start(0, HOT)
        with pytest.raises(FmuError, match=r"^press.*: tick -1 lies before tick 0"):
            model.advance(-1, {})
        model.close()
    with pytest.raises(WiringError, match="press: "):
        FmuContinuous(press, replace(OVEN, outputs=("weight",)))


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        (lambda i: i.fail_step(3, 2.0), "in the step from 7.500 s: DoStep of 2 s returned error"),
        (lambda i: i.fail_call("GetReal", 3), "at 7.500 s: GetReal returned error"),
    ],
)
def test_a_step_that_failed_says_where_it_began(
    press: Path, fails: Callable[[Instance], None], words: str
) -> None:
    """The line has gone on by then: its time is another one, and told beside it."""
    with instantiate(press) as instance:
        instance.time, instance.offset_s = 2.5, 5.0
        with pytest.raises(FmuError) as caught:
            fails(instance)
        assert str(caught.value).endswith(words)
        assert caught.value.time_s == 7.5
