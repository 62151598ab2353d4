from __future__ import annotations

import itertools
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.errors import ResultsError
from linetwin.results import figures_time, read, report
from linetwin.results.figures import thinned
from linetwin.results.kpis import Facts
from linetwin.results.report_sections import window_of
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path


class Page(HTMLParser):
    """What a browser would find in a page: references, identifiers, text outside of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.names: list[str] = []
        self.text = ""
        self._silent = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note references and identifiers."""
        for name, value in attrs:
            if name in {"src", "href", "data", "action"} and value:
                self.references.append(value)
            if name == "id" and value:
                self.names.append(value)
        self._silent = tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        """Text goes on behind a script."""
        if tag in {"script", "style"}:
            self._silent = False

    def handle_data(self, data: str) -> None:
        """Collect what is read."""
        if not self._silent:
            self.text += data


def embedded(html: str) -> list[dict[str, object]]:
    """The figures that the page carries."""
    found = re.search(r"id='figures'>(.*?)</script>", html, re.DOTALL)
    assert found is not None
    figures: list[dict[str, object]] = json.loads(found[1])
    return figures


@pytest.fixture
def html(tiny: Path) -> str:
    """The report of the tiny run."""
    return report.write_report(tiny).read_text(encoding="utf-8")


def test_the_page_fetches_nothing(html: str) -> None:
    """Every reference is within the page, and the browser is told to fetch nothing."""
    page = Page(html)
    assert page.references
    assert all(reference.startswith("#") for reference in page.references)
    assert {reference[1:] for reference in page.references} <= set(page.names)
    assert "default-src 'none'" in html
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_the_answer_comes_first(html: str) -> None:
    """How many, when, at what energy, what held us back: before any section."""
    text = " ".join(Page(html).text.split())
    answer = text[: text.index("The stronger the colour")]
    for said in (
        "5 good cells of 6 ordered came out of 8 started, 1 short",
        ", for the order ends with 6 graded, good or not: 4 of grade A, 1 of grade B.",
        "10 % of the cathode web cut out for loading below its window",
        "the last after 25 min.",
        "Each good kWh took 2 kWh",
        "Of the 25 min to the last grade formation 8.33 min.",
    ):
        assert said in answer, said


def test_every_figure_is_there_and_valid(html: str) -> None:
    """The page has a place for each figure, and plotly accepts what goes there."""
    figures = {str(figure["name"]): figure for figure in embedded(html)}
    assert set(figures) == {
        "gantt",
        "cathode-loading",
        "cathode-porosity",
        "anode-loading",
        "anode-porosity",
        "capacity",
        "dcir",
        "cell-scrap",
        "cell-b",
        "web-scrap",
        "energy",
        "buffers",
    }
    assert {f"plot-{name}" for name in figures} <= set(Page(html).names)
    for figure in figures.values():
        go.Figure({"data": figure["data"], "layout": figure["layout"]})  # raises where invalid


def test_assumptions_are_listed_and_counted(html: str) -> None:
    """All M and A with value, unit and source; V and D as numbers; text cannot break the page."""
    text = Page(html).text
    assert "Of 8 parameters 1 were read in a publication (V), 1 computed from data (D)" in text
    assert "cathode.coater.loading_target" in text
    assert "20 mg/cm²" in text
    assert "<recalled>" in text
    assert "cathode.coater.coating.sigma" not in text  # V: counted, not listed
    assert "<recalled>" not in html


def test_the_drawing_and_the_tables_need_no_script(html: str) -> None:
    """Line, balance and genealogy are plain HTML and SVG."""
    plain = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert plain.count('<g class="station">') == 5
    assert 'class="box bottleneck"' in plain
    text = " ".join(Page(plain).text.split())
    assert "cathode active material" in text
    assert "slurry: cathode.slurry-1, slurry batch, 70 %" in text
    assert "Carried in tray-1" not in text  # the cell shown is another one


def test_a_damaged_scenario_is_named(tiny: Path) -> None:
    """Half a scenario gives its name, not a traceback of the YAML library."""
    (tiny / "scenario.yaml").write_text("stations: {a: [", encoding="utf-8")
    with pytest.raises(ResultsError, match=r"scenario\.yaml is damaged"):
        report.write_report(tiny)


def test_a_run_stopped_at_once_has_a_report(tmp_path: Path) -> None:
    """Whatever is missing is left out, and the page says how the run ended."""
    run = RunWriter(tmp_path / "run", {"scenario": "none", "seed": 1}, "")
    run.finish("failed", "the coater's model gave up")
    text = Page(report.write_report(tmp_path / "run").read_text()).text
    assert "This run is failed: the coater's model gave up" in text
    assert "No cell was graded" in text
    with pytest.raises(ResultsError, match="no run folder"):
        report.write_report(tmp_path / "nowhere")


def test_an_order_given_up_is_said(tmp_path: Path) -> None:
    """At the limit of simulated time the page says how much of the order was graded."""
    text = "order_cells: 1000"
    run = RunWriter(tmp_path / "run", {"scenario": "none", "seed": 1}, text)
    run.update(ended_by="limit")
    run.finish("complete")
    said = Page(report.write_report(tmp_path / "run").read_text()).text
    assert "Given up at the limit of simulated time: 0 of 1,000 cells graded." in said
    assert "had been written" not in said


def test_a_killed_run_says_that_its_counts_are_not_known(tmp_path: Path) -> None:
    """A run that never said how it ended is one of which only the closed parts are known."""
    RunWriter(tmp_path / "run", {"scenario": "none", "seed": 1}, "")
    said = Page(report.write_report(tmp_path / "run").read_text()).text
    assert "The figures come from what had been written" in said
    assert "Given up" not in said


def test_windows_come_from_the_recipe(tiny: Path) -> None:
    """Loading has a relative tolerance; a recipe without a window gives none."""
    plan = Facts(read(tiny)).plan
    assert window_of(plan, "cathode", "loading") == pytest.approx((0.19, 0.21))
    assert window_of(plan, "anode", "loading") is None


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), bins=st.integers(1, 20))
def test_thinning_keeps_the_extremes(values: list[float], bins: int) -> None:
    """However long the web: few points, in order, and none of the extremes lost."""
    x, y = np.arange(len(values), dtype=float), np.array(values)
    thin_x, thin_y = thinned(x, y, bins)
    assert len(thin_x) <= max(2 * bins, 1)
    assert (np.diff(thin_x) > 0).all()
    assert (thin_y.min(), thin_y.max()) == (y.min(), y.max())


@pytest.mark.parametrize("known", [0, 1, 5])
def test_a_web_of_which_little_is_known_can_still_be_drawn(known: int) -> None:
    """Fewer values than bins, the rest cut out: every value is kept, and none is invented."""
    x, y = np.arange(100.0), np.full(100, np.nan)
    y[10 : 10 + known] = 1.0 + np.arange(known)
    thin_x, thin_y = thinned(x, y, 20)
    assert thin_x.tolist() == x[10 : 10 + known].tolist()
    assert thin_y.tolist() == y[10 : 10 + known].tolist()


@given(
    marks=st.lists(st.integers(0, 1000), min_size=2, max_size=20, unique=True).map(sorted),
    bins=st.integers(1, 30),
)
def test_the_gantt_covers_what_was_worked(marks: list[int], bins: int) -> None:
    """Time in bins equals overlap counted interval by interval."""
    marks = marks[: len(marks) // 2 * 2]
    spans = pd.DataFrame({"start": marks[0::2], "end": marks[1::2]})
    edges = np.linspace(0, 1000, bins + 1)
    expected = [
        sum(max(0.0, min(e, high) - max(s, low)) for s, e in zip(*spans.to_numpy().T, strict=True))
        for low, high in itertools.pairwise(edges)
    ]
    np.testing.assert_allclose(figures_time._covered(spans, edges), expected, atol=1e-9)
