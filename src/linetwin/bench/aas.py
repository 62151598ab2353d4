"""What shells cost: describing a line, writing and reading it, beside basyx alone."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Final

from basyx.aas.adapter.json import read_aas_json_file, write_aas_json_file
from basyx.aas.util.traversal import walk_submodel

from linetwin.bench import aas_reads
from linetwin.scenario import load
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.lining import line_document
from linetwin.shells.reading import read
from linetwin.shells.writing import write

if TYPE_CHECKING:
    from collections.abc import Callable

SCENARIO: Final = "baseline"
REPEATS: Final = 3
MOST: Final = 2.0
"""How many times what basyx alone takes reading and writing may take, checks included."""
MOST_VALUE: Final = 3.0
"""The same of one value: a request is read and answered too."""


@dataclass(frozen=True)
class Shells:
    """Processor times (s), the least of several, for shells of `elements` elements.

    `basyx_*`: the same objects by basyx's own functions, which check less of what they read.
    `value_s`: one `$value` read from the server, without a network.
    """

    elements: int
    describe_s: float
    write_s: float
    read_s: float
    line_s: float
    package_s: float
    unpack_s: float
    basyx_write_s: float
    basyx_read_s: float
    value_s: float
    basyx_value_s: float


def measure(scenario: str = SCENARIO) -> Shells:
    """Measure a line's shells as JSON, with all ports of its models, and as AASX with its FMUs."""
    loaded = load(scenario)
    found = describe(loaded, Wanted(with_files=False))
    with tempfile.TemporaryDirectory() as folder:
        file, package = Path(folder, "line.json"), Path(folder, "line.aasx")
        whole = describe(loaded)
        stream = io.StringIO()
        write_aas_json_file(stream, found.objects)
        text = stream.getvalue()
        value_s, basyx_value_s = aas_reads.measure(found)
        return Shells(
            elements=sum(1 for each in found.submodels() for _ in walk_submodel(each)),
            describe_s=_least(lambda: describe(loaded, Wanted(with_files=False))),
            write_s=_least(lambda: write(found, file)),
            read_s=_least(lambda: read(file)),
            line_s=_least(lambda: line_document(found)),
            package_s=_least(lambda: write(whole, package)),
            unpack_s=_least(lambda: read(package)),
            basyx_write_s=_least(lambda: write_aas_json_file(io.StringIO(), found.objects)),
            basyx_read_s=_least(lambda: read_aas_json_file(io.StringIO(text), failsafe=False)),
            value_s=value_s,
            basyx_value_s=basyx_value_s,
        )


def _least(do: Callable[[], object]) -> float:
    """Return the least processor time (s) of several calls: others use this machine as well."""
    times = []
    for _ in range(REPEATS):
        begun = process_time()
        do()
        times.append(process_time() - begun)
    return min(times)


def describe_figures(found: Shells) -> str:
    """Return the figures as people read them."""
    each = 1e6 / found.elements
    return "\n".join(
        [
            f"{found.elements} elements of {SCENARIO}, processor time:",
            f"  describe    {found.describe_s:5.2f} s, {found.describe_s * each:.1f} us an element",
            f"  write JSON  {found.write_s:5.2f} s, basyx alone {found.basyx_write_s:.2f} s",
            f"  read JSON   {found.read_s:5.2f} s, basyx alone {found.basyx_read_s:.2f} s",
            f"  write AASX  {found.package_s:5.2f} s, with FMUs; read {found.unpack_s:.2f} s",
            f"  line file   {found.line_s:5.2f} s, from what was read",
            f"  $value     {1e6 * found.value_s:6.0f} us, {1 / found.value_s:,.0f} reads a second",
            f"             {1e6 * found.basyx_value_s:6.0f} us basyx alone, without a server",
        ]
    )


def verdicts(found: Shells) -> dict[str, tuple[float, float]]:
    """Return figures with their limits."""
    return {
        "writing over basyx alone": (found.write_s / found.basyx_write_s, MOST),
        "reading over basyx alone": (found.read_s / found.basyx_read_s, MOST),
        "$value over basyx alone": (found.value_s / found.basyx_value_s, MOST_VALUE),
    }
