from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ([], {"bounce", "warning"}),
        (["logStatusError", "logEvents"], {"bounce", "warning"}),
        (["logStatusWarning", "logStatusError"], {"warning"}),
    ],
)
def test_transitions_are_told_only_where_their_category_is_asked_for(
    instance: Make, categories: list[str], expected: set[str]
) -> None:
    """No category means all of them; warnings come in any case."""
    ball, circuit = instance("ball"), instance("circuit")
    for each in (ball, circuit):
        each.slave.setDebugLogging(loggingOn=True, categories=categories)
        each.start()
    ball.step(1.0)
    circuit.set(source=50.0)
    circuit.step(0.1)
    told = {text.split()[1] for status, text in ball.messages if status == 0}
    told |= {"warning" for status, _ in circuit.messages if status == 1}
    assert told - {"ring"} == expected
