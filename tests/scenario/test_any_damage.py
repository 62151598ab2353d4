"""Files damaged at random end in a scenario or a ScenarioError, never in another error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linetwin.errors import ScenarioError

if TYPE_CHECKING:
    from conftest import Workbench

    from linetwin.errors import Problem

PIECES = st.sampled_from(
    ["", ":", "- ", "{", "}", "[", "]", "&a ", "*a", "!!set ", "null", "5", "-1 s", "1e400", "x",
     "{}", "[]", "\t", "\n", "'", "~", ".inf", "true", "always", "building", "  ", "<<: ", "? ",
     "cathode.tank", "3 kg", "schema: 2\n", "# ", "é", "\u2028", "0x1F", "---\n", "|", ">"]
)  # fmt: skip
DAMAGE = st.tuples(
    st.sampled_from(["scenario", "line", "recipe"]), st.floats(0, 1), st.integers(0, 25), PIECES
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(damages=st.lists(DAMAGE, min_size=1, max_size=4))
def test_damaged_files(bench: Workbench, damages: list[tuple[str, float, int, str]]) -> None:
    """Cut some characters out somewhere and put others in: every problem has its file."""
    intact = {name: file.read_text("utf-8") for name, file in bench.files.items()}
    problems: tuple[Problem, ...] = ()
    try:
        for name, share, length, piece in damages:
            text = bench.files[name].read_text("utf-8")
            at = int(share * len(text))
            damaged = text[:at] + piece + text[at + length :]
            bench.files[name].write_text(damaged, encoding="utf-8")
        bench.load()
    except ScenarioError as error:
        problems = error.problems
    finally:
        for name, text in intact.items():
            bench.files[name].write_text(text, encoding="utf-8")
    assert all(problem.file for problem in problems)
