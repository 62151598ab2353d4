"""Several users at once: what one reads at length does not keep others waiting."""

from __future__ import annotations

import base64
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from serving_support import MEANS, NAMES, Client, all_kinds, app_of, listening

from linetwin.shells import building
from linetwin.shells.environment import Environment
from linetwin.shells.serving.asking import encoded
from linetwin.shells.serving.catalogue import Heading, Told
from linetwin.shells.serving.paging import Pages, Wanted
from linetwin.shells.writing import as_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNT = 12


class Parts:
    """Shells `p0` to `p11` with a submodel each, described when `may` says so."""

    def __init__(self) -> None:
        self.may, self.asked = threading.Event(), threading.Event()
        self.described: list[str] = []

    def keys(self) -> Sequence[str]:
        """Return the keys."""
        return [f"p{number}" for number in range(COUNT)]

    def find(self, identifier: str) -> str | None:
        """Return the part of an id."""
        return next((key for key in self.keys() if identifier in self._ids(key)), None)

    def kind(self, key: str) -> str:  # noqa: ARG002
        """Return that all are alike."""
        return "part"

    def id_short(self, key: str) -> str:
        """Return the idShort of a shell."""
        return key

    def told(self, key: str) -> Told:
        """Return what is in a part."""
        tree = as_tree(self._environment(key))["assetAdministrationShells"][0]
        return Told({tree["id"]: tree}, {self._ids(key)[2]: Heading("Own", MEANS)})

    def describe(self, key: str) -> Environment:
        """Return a part once it may be described."""
        self.asked.set()
        assert self.may.wait(60)
        self.described.append(key)
        return self._environment(key)

    def _ids(self, key: str) -> tuple[str, str, str]:
        named = NAMES.machine("line", key)
        return named.shell, named.asset, named.submodel("Own")

    def _environment(self, key: str) -> Environment:
        named, found = NAMES.machine("line", key), Environment()
        own = building.submodel(
            named.submodel("Own"), "Own", MEANS, [building.prop("number", 1.0, MEANS)]
        )
        for each in (building.shell(named, key, [own], title=key), own):
            found.objects.add(each)
        return found


def test_references_describe_nothing() -> None:
    """Lists of shells, references and ids are told without describing one part."""
    parts = Parts()
    client = Client(app_of(all_kinds(), source=parts))
    for path in ("/shells", "/shells/$reference", "/lookup/shells", "/submodels/$reference"):
        found = client.json(f"{path}?limit=1000")
        assert len(found["result"]) > COUNT
        assert found["paging_metadata"] == {}
    assert not parts.asked.is_set()


def test_a_page_of_ten_describes_ten() -> None:
    """Only what is on the page is described, and each once."""
    parts = Parts()
    parts.may.set()
    client = Client(app_of(Environment(), source=parts))
    page = client.json("/submodels?limit=10")
    assert len(page["result"]) == len(parts.described) == 10
    assert page["paging_metadata"]["cursor"]


def test_a_value_is_read_while_others_wait_for_a_description() -> None:
    """With two long reads under way, values, shells and serialisations are answered."""
    parts = Parts()
    kinds = encoded(NAMES.machine("line", "one").submodel("Kinds"))
    with listening(app_of(all_kinds(), source=parts)) as url:
        place, answers = url.removeprefix("http://"), []

        def read(path: str) -> int:
            connection = HTTPConnection(place, timeout=60)
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.read()
            connection.close()
            return answer.status

        long = [
            threading.Thread(target=lambda: answers.append(read("/submodels?limit=1000")))
            for _ in range(2)
        ]
        for each in long:
            each.start()
        assert parts.asked.wait(60)
        for path in (f"/submodels/{kinds}/submodel-elements/text/$value", f"/submodels/{kinds}",
                     "/serialization", "/description", "/concept-descriptions"):  # fmt: skip
            assert read(path) == 200, path
        assert not answers
        parts.may.set()
        for each in long:
            each.join(60)
    assert answers == [200, 200]


@given(counts=st.lists(st.integers(0, 4), max_size=5))
def test_pages_that_end_early_join_to_the_list(counts: list[int]) -> None:
    """However little time a page has, it looks at a part or an entry, and all are the list."""
    pages, cursor, found = Pages(patience_s=-1.0), None, []
    keys = [str(number) for number in range(len(counts))]
    while True:
        page = pages.page(
            Wanted("s", "1000", cursor), keys,
            lambda key: [(key, n) for n in range(counts[int(key)])], lambda each: each,
        )  # fmt: skip
        assert len(page["result"]) <= 1
        found += page["result"]
        cursor = page["paging_metadata"].get("cursor")
        if cursor is None:
            break
    assert found == [(key, n) for key in keys for n in range(counts[int(key)])]


def test_a_cursor_tells_nothing() -> None:
    """The same place is written otherwise each time, and in no readable form."""
    client = Client(app_of(all_kinds()))
    cursors = [client.json("/submodels?limit=2")["paging_metadata"]["cursor"] for _ in range(3)]
    assert len({*cursors}) == 3
    contents = [base64.urlsafe_b64decode(each + "=" * (-len(each) % 4)) for each in cursors]
    assert len({len(each) for each in contents}) == 1
    at = [i for i in range(len(contents[0])) if len({each[i] for each in contents}) == 1]
    assert len(at) < 8  # by chance alone
    for each in cursors:
        assert len(client.json(f"/submodels?limit=2&cursor={each}")["result"]) == 1


def test_a_filter_that_nothing_fits_ends_its_pages_too() -> None:
    """Where the time is up a page is empty and has a cursor; the last one has none."""
    asked, looked = [], []
    pages, cursor = Pages(patience_s=-1.0), None

    def things_in(key: str) -> list[str]:
        looked.append(key)
        return []

    while cursor is not None or not asked:
        page = pages.page(Wanted("x", None, cursor), list("abcd"), things_in, lambda each: each)
        assert page["result"] == []
        cursor = page["paging_metadata"].get("cursor")
        asked.append(cursor)
    assert looked == list("abcd")
    assert len(asked) == len(looked)
