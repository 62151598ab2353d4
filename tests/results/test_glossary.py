"""Words of the trade are explained once, where they are first used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from linetwin.results import glossary, kpis_capability, report
from linetwin.results.report_factory import capability

DOCS = Path(__file__).resolve().parents[2] / "docs" / "results.md"


def test_the_first_use_in_running_text_is_explained_and_no_other() -> None:
    """Not in a heading, a table's head, code or a tag; then once."""
    page = (
        "<h2>OEE</h2><table><th>OEE</th><td>5</td></table><code>OEE</code><i title='OEE'></i>"
        "<p>A point of OEE, and another of OEE.</p><p>OEE; Cpk 1.2</p>"
    )
    found = glossary.explain(page)
    assert found.count("(overall equipment effectiveness") == 1
    assert "<p>A point of OEE (overall equipment effectiveness" in found
    assert "full pace), and another of OEE.</p><p>OEE; Cpk (the same" in found
    assert found.startswith("<h2>OEE</h2><table><th>OEE</th><td>5</td></table><code>OEE</code><i t")


@pytest.mark.parametrize("word", ["XCp", "Cpk2", "OEEs"])
def test_a_part_of_another_word_is_no_use(word: str) -> None:
    """Words are matched whole."""
    assert glossary.explain(f"<p>{word}</p>") == f"<p>{word}</p>"


def test_a_page_explains_every_word_that_it_uses(tiny: Path) -> None:
    """In the report of the tiny run, whatever term stands in running text stands explained."""
    text = (tiny / "scenario.yaml").read_text()
    window = "window: {from: {value: 0, unit: s}, until: {value: 1500, unit: s}}\n"
    (tiny / "scenario.yaml").write_text(text + window)
    page = report.write_report(tiny).read_text("utf-8")
    assert page.count(glossary.TERMS["OEE"]) == 1
    bare = re.sub(
        r"<(script|style|svg|th|code|title|h2|h3|summary|nav).*?</\1>", "", page, flags=re.DOTALL
    )
    bare = re.sub(r"<[^>]+>", "", bare)
    for term, meaning in glossary.TERMS.items():
        uses = [match.start() for match in re.finditer(rf"(?<!\w){re.escape(term)}(?!\w)", bare)]
        if uses:
            assert bare[uses[0] + len(term) :].startswith(f" ({meaning}"), term


def test_the_page_of_results_explains_the_same_words() -> None:
    """Each term of the report is in the table of words, with the words of the report."""
    text = DOCS.read_text("utf-8")
    for term, meaning in glossary.TERMS.items():
        assert term in text
        assert meaning.split(",")[0].split(":")[0].split(";")[0].removeprefix("RTY") in text, term


@pytest.mark.parametrize(
    ("scatter", "spread", "says"),
    [(0.05, 1.0, "gauge good"), (0.2, 1.0, "gauge may do"),
     (0.5, 1.0, "gauge no good: hardly tells"), (2.0, 1.0, "gauge no good: tells no part"),
     (0.05, 0.1, "gauge good for the limits (15% of the tolerance), but hardly tells"),
     (0.05, 0.04, "gauge good for the limits (15% of the tolerance), but tells no part")],
)  # fmt: skip
def test_a_gauge_is_judged_in_words(scatter: float, spread: float, says: str) -> None:
    """By its scatter over what it reads: 10 %, 30 % and all of it; else by limits 2 apart."""
    gauge = {"repeatability": {"value": scatter, "unit": "1"}}
    values = pd.Series(np.random.default_rng(3).normal(10.0, spread, 2000))
    found = kpis_capability._gauge_study(gauge, values, (9.0, 11.0))
    assert says in found["verdict"]
    entry: dict[str, Any] = {
        "lower_limit": 9.0,
        "upper_limit": None,
        "cpk": 1.0,
        "cpk_interval": [0.9, 1.1],
    }
    entry |= {"n": 2000, "gauge": "stated", **found}
    html = capability({"capability": {"capacity": {"value": entry, "unit": "A.h"}}})
    assert ("over 100 %" in html) == (scatter > spread)
    assert says in html
