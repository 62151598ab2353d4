"""Damaged or malicious tables end in a message; states, many instances, and their end."""

from __future__ import annotations

import contextlib
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fmpy import extract, read_model_description
from fmpy.fmi3 import FMU3Slave
from hypothesis import given, settings
from hypothesis import strategies as st
from surrogates.exported import made, written

from linetwin.surrogates.fmu.tables import FILE, HEADER, NODE, OPERATION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BODY = HEADER.size
_COUNTS = ("format", "features", "points", "regions", "values", "constants")
_COUNTS += ("nodes", "operations", "indices", "names", "link", "result")


class Opened:
    """An unpacked FMU: instances of it, and what they say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables = folder / "resources" / FILE
        self.whole = self.tables.read_bytes()
        self.description = read_model_description(str(folder))
        self.references = {v.name: v.valueReference for v in self.description.modelVariables}
        self.messages: list[str] = []

    def slave(self) -> Any:  # noqa: ANN401 - FMPy tells no types
        """Return a new instance; an exception of FMPy where there is none."""
        found = FMU3Slave(
            instanceName="test",
            guid=self.description.guid,
            unzipDirectory=str(self.folder),
            modelIdentifier=self.description.coSimulation.modelIdentifier,
        )
        found.instantiate(logMessage=lambda *given: self.messages.append(given[-1].decode()))
        return found

    def reason(self, tables: bytes) -> str:
        """Return why these tables are refused; "" where they are not."""
        self.tables.write_bytes(tables)
        self.messages.clear()
        try:
            slave = self.slave()
        except Exception:  # noqa: BLE001 - FMPy raises nothing narrower
            return self.messages[-1]
        self.run(slave)
        slave.freeInstance()
        return ""

    def run(self, slave: Any, shift: float = 0.0) -> list[float]:  # noqa: ANN401
        """Initialise, step, and return the results; an exception where the FMU refuses."""
        slave.enterInitializationMode()
        try:
            slave.exitInitializationMode()
            names = [v.name for v in self.description.modelVariables if v.causality == "input"]
            for name in names:
                reference = [self.references[name]]
                slave.setFloat64(reference, [slave.getFloat64(reference)[0] + shift])
            slave.doStep(currentCommunicationPoint=0.0, communicationStepSize=1.0)
            return self.results(slave)
        except Exception as error:
            if not self.messages:
                raise AssertionError("an error without a message") from error
            return []

    def results(self, slave: Any) -> list[float]:  # noqa: ANN401
        """Return value, low, high, widened, domain and valid."""
        names = ("value", "low", "high", "widened")
        numbers = slave.getFloat64([self.references[name] for name in names])
        domain = slave.getInt32([self.references["domain"]])
        return [*numbers, *domain, *slave.getBoolean([self.references["valid"]])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unpacked FMU of trees, without its tables once a test has damaged them."""
    place = tmp_path_factory.mktemp("exported")
    extract(str(written(made("trees"), place)), str(place / "unpacked"))
    return place / "unpacked"


@pytest.fixture
def opened(folder: Path) -> Any:  # noqa: ANN401
    """The same, whole again after each test."""
    found = Opened(folder)
    yield found
    found.tables.write_bytes(found.whole)


def forged(tables: bytes) -> bytes:
    """Return tables whose sum and size fit what is in them: whoever forges one forges both."""
    fields = list(HEADER.unpack(tables[:_BODY]))
    fields[13:15] = len(tables) - _BODY, 0
    fields[14] = zlib.adler32(HEADER.pack(*fields) + tables[_BODY:])
    return HEADER.pack(*fields) + tables[_BODY:]


def counted(tables: bytes, name: str, value: int) -> bytes:
    """Return tables with another count in the header."""
    at = 8 + 4 * _COUNTS.index(name)
    return tables[:at] + struct.pack("<I", value) + tables[at + 4 :]


def count(tables: bytes, name: str) -> int:
    """Return a count of the header."""
    found = HEADER.unpack(tables[:_BODY])[1 + _COUNTS.index(name)]
    assert isinstance(found, int)
    return found


def operations_at(tables: bytes) -> int:
    """Return where the operations begin."""
    behind = 4 * (count(tables, "indices") + count(tables, "features")) + count(tables, "names")
    return len(tables) - behind - OPERATION * count(tables, "operations")


def replaced(tables: bytes, at: int, *words: int) -> bytes:
    """Return forged tables with 32-bit numbers replaced."""
    new = struct.pack(f"<{len(words)}i", *words)
    return forged(tables[:at] + new + tables[at + len(new) :])


def test_tables_that_are_cut_or_turned_are_refused(opened: Opened) -> None:
    """Cut anywhere, a bit turned anywhere, none at all: a message that names the file."""
    whole = opened.whole
    for length in (0, 5, _BODY - 1, _BODY, len(whole) // 2, len(whole) - 1):
        assert "predictor.tables is damaged" in opened.reason(whole[:length]), length
    assert "damaged: not as long as it says" in opened.reason(whole + b"\0")
    for at in range(_BODY, len(whole), len(whole) // 40):
        turned = whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]
        assert "its sum is not that of its content" in opened.reason(turned), at
    assert "none of this version" in opened.reason(b"\x80\x04pickle" + whole)
    opened.tables.unlink()
    with pytest.raises(Exception, match="instantiate"):
        opened.slave()
    assert "cannot be opened" in opened.messages[-1]
    assert opened.reason(whole) == ""


def test_another_predictors_tables_are_refused(opened: Opened, tmp_path: Path) -> None:
    """The token of the description is not theirs."""
    extract(str(written(made("linear"), tmp_path)), str(tmp_path / "other"))
    other = (tmp_path / "other" / "resources" / FILE).read_bytes()
    assert "the token is not that of predictor.tables" in opened.reason(other)


_HUGE = 2**31 - 1


def _tree_leads(to: int) -> Callable[[bytes], bytes]:
    """Return what sends the first branch elsewhere."""

    def change(tables: bytes) -> bytes:
        at = operations_at(tables) - NODE.itemsize * count(tables, "nodes")
        return replaced(tables, at + 12, to)

    return change


def _first_operation(field: int, value: int) -> Callable[[bytes], bytes]:
    return lambda tables: replaced(tables, operations_at(tables) + 4 * field, value)


_ATTACKS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "format": (lambda t: counted(t, "format", 2), "none of this version"),
    **{
        f"{name} {value}": (lambda t, name=name, value=value: counted(t, name, value), "damaged")
        for name in _COUNTS[1:]
        for value in (0xFFFFFFFF, 0x80000000, 1 << 22, 203)
    },
    "no features": (lambda t: counted(t, "features", 0), "a size that cannot be"),
    "no regions": (lambda t: counted(t, "regions", 0), "a size that cannot be"),
    "not a number": (
        lambda t: forged(t[:_BODY] + struct.pack("<d", float("nan")) + t[_BODY + 8 :]),
        "a number is not finite",
    ),
    "an empty range": (
        lambda t: forged(t[:_BODY] + t[_BODY + 24 : _BODY + 48] + t[_BODY + 24 :]),
        "an empty range",
    ),
    "leads back": (_tree_leads(0), "beyond its numbers"),
    "leads nowhere": (_tree_leads(_HUGE), "beyond its numbers"),
    "no such leaf": (_tree_leads(-_HUGE), "beyond its numbers"),
    "operator": (_first_operation(0, 99), "beyond its numbers"),
    **{
        f"operand {field} {value}": (_first_operation(field, value), "beyond its numbers")
        for field in (1, 2, 3, 4)
        for value in (-1, _HUGE, -(2**31))
    },
    "no name": (lambda t: forged(t[:-1] + b"x"), "a name without an end"),
}


@pytest.mark.parametrize("name", list(_ATTACKS))
def test_forged_tables_are_refused(opened: Opened, name: str) -> None:
    """Sum and size agree with what is in them, and still an index or a count leads elsewhere."""
    change, said = _ATTACKS[name]
    assert said in opened.reason(change(opened.whole))


@settings(max_examples=150)
@given(data=st.data())
def test_no_tables_bring_the_process_down(folder: Path, data: st.DataObject) -> None:
    """Any numbers anywhere, the sum made to fit: refused, an error status, or numbers."""
    opened = Opened(folder)
    tables = opened.whole
    words = st.integers(-(2**31), 2**31 - 1) | st.integers(-3, 70)
    places = st.integers(_BODY // 4, len(tables) // 4 - 1) | st.integers(2, 13)
    for _ in range(data.draw(st.integers(1, 4))):
        at = 4 * data.draw(places)
        tables = tables[:at] + struct.pack("<i", data.draw(words)) + tables[at + 4 :]
    try:
        assert isinstance(opened.reason(forged(tables)), str)
    finally:
        opened.tables.write_bytes(opened.whole)


def test_a_state_brings_everything_back(opened: Opened) -> None:
    """Saved, serialised, read by another instance: the same bits; a foreign state is refused."""
    first, second = opened.slave(), opened.slave()
    before = opened.run(first, 0.1)
    state = first.getFMUState()
    content = first.serializeFMUState(state)
    feature = [1]
    first.setFloat64(feature, [0.6])
    first.doStep(currentCommunicationPoint=1.0, communicationStepSize=1.0)
    assert opened.results(first) != before
    first.setFMUState(state)
    assert opened.results(first) == before
    opened.run(second)
    other = second.deserializeFMUState(content)
    second.setFMUState(other)
    assert opened.results(second) == before
    second.doStep(currentCommunicationPoint=1.0, communicationStepSize=1.0)
    with pytest.raises(Exception, match="status 3"):
        second.deserializeFMUState(b"\0" * len(content))
    assert "not one of this version" in opened.messages[-1]
    for slave, own in ((first, state), (second, other)):
        slave.freeFMUState(own)
        slave.freeInstance()


def test_what_is_set_is_checked(opened: Opened) -> None:
    """A result, what is no number, a variable that is none: refused, the old value is kept."""
    slave = opened.slave()
    before = opened.run(slave)
    for reference, value, said in (
        (1, float("nan"), "x0: the value set is not finite"),
        (4, 1.0, "value reference 4: cannot be set"),
        (0, 1.0, "cannot be set"),
        (99, 1.0, "cannot be set"),
    ):
        with pytest.raises(Exception, match="status 3"):
            slave.setFloat64([reference], [value])
        assert said in opened.messages[-1]
    with pytest.raises(Exception, match="status 3"):
        slave.getFloat64([9])
    assert opened.results(slave) == before
    slave.setFloat64([1], [50.0])
    assert np.isnan(opened.results(slave)[:3]).all()
    assert opened.results(slave)[4:] == [2, False]
    assert "nothing like this was seen" in opened.messages[-1]
    slave.freeInstance()


def test_nothing_is_left_behind(opened: Opened) -> None:
    """After 1,000 instances, half of them refused, the process holds no more than before."""
    resource = pytest.importorskip("resource", reason="memory is asked for on POSIX")
    broken = forged(opened.whole[:-1] + b"x")

    slave = opened.slave()

    def some(number: int) -> int:
        for tables in (opened.whole, broken):
            opened.tables.write_bytes(tables)
            for _ in range(number):
                slave.fmi3FreeInstance(slave.component)
                with contextlib.suppress(Exception):  # FMPy raises nothing narrower
                    slave.instantiate()
                if tables == opened.whole:
                    opened.run(slave)
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    before = some(50)
    assert some(500) - before < 2048  # kB; the tables alone would be 10 MB
    slave.freeInstance()
