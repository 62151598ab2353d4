"""Times and exact numbers as shells write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from basyx.aas.model import datatypes
from hypothesis import given
from hypothesis import strategies as st

from linetwin.shells.naming import id_short
from linetwin.shells.running.values import LEAST, MS_PER_DAY, decimal, duration, told
from linetwin.shells.serving.values import Reading, signal
from linetwin.shells.terms import meaning


@pytest.mark.parametrize(
    ("ticks", "text"),
    [
        (0, "P0D"),
        (500, "PT0.5S"),
        (22_800_000, "PT6H20M"),
        (2 * MS_PER_DAY + 1, "P2DT0.001S"),
        (-MS_PER_DAY - 1500, "-P1DT1.5S"),
    ],
)
def test_times_are_durations_from_the_first_tick(ticks: int, text: str) -> None:
    """Days are the longest unit; what came with a stock was made before."""
    assert told(ticks) == text


@given(st.integers(-(10**13), 10**13))
def test_durations_are_read_back_to_the_millisecond(ticks: int) -> None:
    """What is written is what was meant, by the reader of basyx."""
    length = datatypes.from_xsd(told(ticks), datatypes.Duration)
    seconds = ((length.days * 24 + length.hours) * 60 + length.minutes) * 60 + length.seconds
    assert seconds * 1000 + length.microseconds // 1000 == ticks
    assert length == duration(ticks).normalized()


@given(st.floats(-1e9, 1e9))
def test_decimals_have_no_exponent(number: float) -> None:
    """XSD's decimal knows none; twelve places stay, what is below a millionth is zero."""
    found = decimal(number)
    assert "E" not in str(found)
    assert abs(float(found) - number) <= (
        LEAST if abs(number) < LEAST else 1e-12 + 1e-15 * abs(number)
    )


def test_zero_is_zero() -> None:
    """Not `0E-12`, which is no decimal of XSD."""
    assert str(decimal(0.0)) == "0"
    assert decimal(1.25) == Decimal("1.25")
    assert str(decimal(1000.0)) == "1000"


class Known:
    """Knows one value of everything, in its canonical unit."""

    is_slow = False

    def __init__(self, value: float) -> None:
        self._reading = Reading(value, None, "good")

    def value(self, address: str) -> Reading | None:  # noqa: ARG002
        """Return it."""
        return self._reading


@pytest.mark.parametrize(
    ("quantity", "canonical", "unit", "value", "quality"),
    [
        ("coating_thickness", 82e-6, "m", 82e-6, "good"),
        ("coating_thickness", 82e-6, "um", 82.0, "good"),
        ("film_temperature", 373.15, "Cel", 100.0, "good"),
        ("loading", 0.2, "mg/cm2", 20.0, "good"),
        ("loading", 0.2, "Cel", None, "bad: its unit: "),
        ("signal", 5.0, "um", 5.0, "good"),
    ],
)
def test_a_signal_has_its_value_in_the_unit_that_it_states(
    quantity: str, canonical: float, unit: str, value: float | None, quality: str
) -> None:
    """Signals of a plant's mapping have the plant's units; one of another measure has no value."""
    keys = [{"type": "GlobalReference", "value": meaning(quantity)}]
    element = {
        "modelType": "Property", "idShort": id_short("a.b.c"), "valueType": "xs:double",
        "semanticId": {"type": "ExternalReference", "keys": keys},
        "qualifiers": [{"type": "Unit", "valueType": "xs:string", "value": unit}],
    }  # fmt: skip
    found = signal(element, Known(canonical))
    shown = float(found["value"]) if "value" in found else None
    assert shown == (None if value is None else pytest.approx(value, rel=1e-12))
    assert found["qualifiers"][-1]["value"].startswith(quality)
