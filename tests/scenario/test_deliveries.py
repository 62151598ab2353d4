from __future__ import annotations

from pathlib import Path

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load

WEEK = Path(__file__).resolve().parents[2] / "scenarios" / "bad_powder_lot.yaml"


def _written(tmp_path: Path, deliveries: str) -> Path:
    """Return the shipped scenario with other deliveries."""
    text = WEEK.read_text("utf-8").split("deliveries:")[0] + f"deliveries:\n{deliveries}\n"
    for folder in ("lines", "recipes", "prices"):
        text = text.replace(f"{folder}/", f"{(WEEK.parent / folder).as_posix()}/")
    file = tmp_path / "week.yaml"
    file.write_text(text, "utf-8")
    return file


def test_a_delivery_that_is_not_as_the_others_is_read() -> None:
    """The shipped scenario names one lot of powder that is fine and wet and holds less charge."""
    material = load(WEEK, (), None).materials["cathode.active_material"]
    unlike = {
        "particle_size_factor": 0.6,
        "moisture_factor": 6.0,
        "specific_capacity_factor": 0.97,
    }
    assert material.exceptions == {"cathode.active_material-0003": unlike}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("  cathode.powder-0003: {particle_size_factor: 1.3}", "no material 'cathode.powder'"),
        ("  cathode.binder-0003: {particle_size_factor: 1.3}", "does not vary from lot to lot"),
        ("  cathode.active_material-3: {particle_size_factor: 1.3}", "is no number of a lot"),
        ("  cathode.active_material-0000: {particle_size_factor: 1.3}", "is no number of a lot"),
        ("  cathode.active_material-0003: {particle_size_factor: 9}", "particle_size_factor"),
        ("  cathode.active_material-0003: {colour: 9}", "does not vary from lot to lot"),
    ],
)
def test_a_delivery_that_cannot_be_is_refused(tmp_path: Path, line: str, says: str) -> None:
    """The message names the key and what is allowed."""
    with pytest.raises(ScenarioError) as caught:
        load(_written(tmp_path, line), (), None)
    assert says in str(caught.value)
    assert "deliveries" in str(caught.value)
