"""Names in shells: addresses as idShorts and back, and ids that stay."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.errors import ScenarioError
from linetwin.scenario import addresses, load
from linetwin.shells.naming import BASE, LONGEST, Names, id_short, name_of

# AASd-002 of both metamodels, without the hyphen that only one of them has.
ALLOWED = re.compile(r"[A-Za-z][A-Za-z0-9_]+\Z")


@given(st.text(min_size=1, max_size=14) | st.text("ax1_. -", min_size=1, max_size=14))
def test_every_name_comes_back_from_its_id_short(name: str) -> None:
    """Any name is an allowed idShort, from which exactly that name is read."""
    try:
        text = id_short(name)
    except ScenarioError:
        assert len(name) * 10 > LONGEST - 5  # a character takes ten at most
        return
    assert ALLOWED.match(text)
    assert len(text) <= LONGEST
    assert name_of(text) == name


@given(st.lists(st.text("ax_.1 ", min_size=1, max_size=6), min_size=2, max_size=40, unique=True))
def test_two_names_never_share_an_id_short(names: list[str]) -> None:
    """What is called differently is called differently in a shell as well."""
    assert len({id_short(name) for name in names}) == len(names)


@given(st.text("ax_1_0", min_size=1, max_size=12))
def test_what_the_rule_never_writes_is_refused(text: str) -> None:
    """An idShort of somebody else is read by the rule, or refused; it is never guessed."""
    try:
        name = name_of(text)
    except ValueError:
        return
    assert id_short(name) == text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cathode.coater.web_speed", "cathode__coater__web_speed"),
        ("cold weld", "cold___20_weld"),
        ("2nd", "x____2nd"),
        ("a", "a____"),
        ("_a_", "x_______5f_a___5f_"),
    ],
)
def test_the_rule_as_it_is_stated(name: str, expected: str) -> None:
    """The examples of the documentation."""
    assert (id_short(name), name_of(expected)) == (expected, name)


def test_addresses_of_the_baseline_are_readable_and_distinct() -> None:
    """No address of a shipped line needs an escape."""
    found = [address.address for address in addresses(load("baseline"))]
    shorts = {id_short(address) for address in found}
    assert len(shorts) == len(found)
    assert not any("___" in short for short in shorts)


def test_ids_are_stable_and_apart() -> None:
    """The same thing has the same id every time; strange names cannot run into one another."""
    names = Names()
    assert names.line("pilot") == Names().line("pilot")
    assert names.line("pilot").shell.startswith(BASE)
    assert names.machine("a", "b/../c").shell != names.machine("a/b", "../c").shell
    assert names.cell("r", "c").shell != names.lot("r", "c").shell


@pytest.mark.parametrize("base", ["", "plant/", "https://example.com", "https://a b/"])
def test_a_base_that_is_none_is_refused(base: str) -> None:
    """A base is an absolute IRI behind which a name can follow."""
    with pytest.raises(ScenarioError, match="--base-iri"):
        Names(base)
