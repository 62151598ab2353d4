"""The table of units says what pint says; pint is the oracle."""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from linetwin.quantities import vocabulary
from linetwin.scenario import units
from linetwin.scenario.unit_table import TABLE
from linetwin.scenario.unit_words import unit_expression

names = st.sampled_from(sorted(TABLE))
factors = st.tuples(names, st.sampled_from(["", "2", "-1"]), st.sampled_from([".", "/"]))


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(factors, min_size=1, max_size=3), difference=st.booleans())
def test_any_unit_of_the_table_is_what_pint_makes_of_it(
    parts: list[tuple[str, str, str]], *, difference: bool
) -> None:
    """Products and quotients of all names, with powers: the same exact conversion to SI."""
    text = "".join(f"{sign}{name}{power}" for name, power, sign in parts)[1:]
    target = units._ucum(units._registry().Unit(unit_expression(text, difference=difference)))
    assume(re.search(r"\d\d", target) is None)  # nobody writes m10, and it is refused
    own = units._conversion(text, target, difference)
    assert own == units._looked_up(text, target, difference=difference)
    assert isinstance(own.scale, Fraction)
    assert units._known_si(text) in {target, ""}


def test_what_is_shown_is_what_pint_shows() -> None:
    """Every display unit of the vocabulary, temperatures and their differences too."""
    for quantity in vocabulary():
        difference = units.is_difference(quantity)
        own = units._conversion(quantity.unit, quantity.display, difference)
        pair = quantity.unit, quantity.display
        assert own == units._looked_up(*pair, difference=difference)


def test_the_shipped_scenario_needs_no_pint() -> None:
    """Reading it does not import pint, which takes longer than all of the rest."""
    code = (
        "import sys; from linetwin.scenario import load; "
        "from linetwin.scenario.loading import find_scenario; load(find_scenario('baseline')); "
        "print('pint' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
