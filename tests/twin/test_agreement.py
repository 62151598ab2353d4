"""Whether a server's units and ranges agree with a mapping, by its own properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from asyncua import ua
from reading import Reader, signal, source, terms, wait_until

from linetwin.quantities import vocabulary
from linetwin.scenario import units
from linetwin.twin.opcua.agreement import difference

if TYPE_CHECKING:
    from pathlib import Path

    from small_server import SmallServer

    from linetwin.scenario.mapped import SignalConfig


def mapped(quantity: str, unit: str, by: float = 1.0, **fields: object) -> SignalConfig:
    """A signal whose raw value times `by` is in a unit."""
    about = vocabulary()[quantity]
    scale, offset = units.linear(unit, about)
    span = {"minimum": about.minimum, "maximum": about.maximum}
    made = {"quantity": about, "unit": unit, "scale": scale * by, "offset": offset, **span}
    return signal(quantity, **(made | fields))


def unit(code: str, text: str = "") -> ua.EUInformation:
    """A unit as a server says it."""
    return ua.EUInformation("", int.from_bytes(code.encode(), "big"), ua.LocalizedText(text))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (mapped("loading", "g/m2"), unit("GM")),
        (mapped("loading", "g/m2"), unit("", "g/m²")),
        (mapped("loading", "kg/m2", 0.001), unit("GM")),
        (mapped("loading", "mg/cm2"), unit("", "pieces")),
        (mapped("loading", "mg/cm2"), unit("")),
        (mapped("loading", "mg/cm2"), unit("H63", "milligrams over an area")),
        (mapped("air_temperature", "Cel"), unit("CEL", "°C")),
        (mapped("loading", "mg/cm2"), ua.Range(0.0, 40.0)),
        (mapped("loading", "mg/cm2"), ua.Range(0.0, 0.0)),
        (signal("lot"), unit("GM")),
        (mapped("loading", "mg/cm2"), "no property of this kind"),
    ],
)
def test_what_agrees_or_says_nothing_is_not_told(found: SignalConfig, said: object) -> None:
    """One of code and name is enough; scale and offset of the mapping count."""
    assert difference(found, said) == ""


@pytest.mark.parametrize(
    ("found", "said", "words"),
    [
        (mapped("loading", "g/m2"), unit("28"), "takes it as g/m2, the server says kg/m2: 1000"),
        (mapped("loading", "kg/m2", 0.001), unit("28"), "as kg/m2 by its scale and offset, the"),
        (mapped("loading", "g/m2"), unit("MMT", "mm"), "says mm: that is no unit of loading"),
        (mapped("air_temperature", "Cel"), unit("KEL"), "says K: its zero lies elsewhere"),
        (
            mapped("web_speed", "m/min", minimum=0.0, maximum=0.5),
            ua.Range(80.0, 160.0),
            "range is 80 m/min to 160 m/min, the mapping has 0 m/min to 30 m/min",
        ),
    ],
)
def test_what_contradicts_is_told_with_both(found: SignalConfig, said: object, words: str) -> None:
    """Another scale, another dimension, another zero, a range with nothing in common."""
    assert words in difference(found, said)


def test_a_link_tells_once_what_its_server_says_otherwise(
    tmp_path: Path, shared: SmallServer
) -> None:
    """Values are read all the same: the mapping is a person's word."""
    shared.add("heavy", "s=heavy", 0.2)
    shared.add("right", "s=right", 0.2)

    async def describe() -> None:
        for name in ("heavy", "right"):
            await shared.nodes[name].add_property(0, "EngineeringUnits", unit("28", "kg/m²"))

    shared.do(describe())
    fields = vars(mapped("loading", "g/m2"))
    about = {name: fields[name] for name in ("quantity", "unit", "scale", "minimum", "maximum")}
    signals = [
        signal("heavy", **about),
        signal("right", **(about | {"unit": "kg/m2", "scale": 1.0})),
    ]
    with Reader(source(shared.endpoint), signals, terms(tmp_path)) as reader:
        wait_until(lambda: reader.told("disagrees") and reader.values(0))
        assert reader.told("disagrees") == [
            "heavy: the mapping takes it as g/m2, the server says kg/m²: 1000 times as much"
        ]
        assert set(reader.health.disagreeing) == {"heavy"}
        assert reader.values(0) == [0.2]
