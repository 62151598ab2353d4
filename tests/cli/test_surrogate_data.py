"""`surrogate data`: what a dataset holds, on the screen, as JSON and as a page."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.results.genealogy import Genealogy
from linetwin.results.reader import Run
from linetwin.surrogates.data.reading import read_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Answer, Clerk, Order

DATASET = """\
schema: 1
dataset: compaction
file: compaction.csv
source: made up
licence: CC0-1.0
columns:
  line_load: {column: load, unit: N/mm, role: feature}
  porosity: {column: eps, unit: "%", role: target}
  batch: {column: batch, role: group}
gauge: {porosity: {repeatability: 0.1 %}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A dataset file with its table: a compaction law, three batches, two of each load."""
    loads = np.repeat(np.linspace(100, 900, 9), 2)
    noise = np.random.default_rng(2).normal(0, 0.3, len(loads))
    rows = [
        f"{load:g},{25 + 20 * np.exp(-load / 300) + error:.3f},b{row % 3}"
        for row, (load, error) in enumerate(zip(loads, noise, strict=True))
    ]
    (tmp_path / "compaction.csv").write_text("\n".join(["load,eps,batch", *rows]))
    written = tmp_path / "compaction.yaml"
    written.write_text(DATASET, encoding="utf-8")
    return written


def test_a_dataset_is_told(clerk: Clerk, file: Path) -> None:
    """The screen has source, columns in their units, the gauge and what is to be known."""
    answer = clerk("surrogate", "data", file)
    assert (answer.code, answer.err) == (0, "")
    words = " ".join(answer.out.split())
    for said in (
        "compaction: 18 rows; 1 features; targets: porosity; groups: batch (3)",
        "licence: CC0-1.0",
        "line_load feature N/mm 18 0 9 100 500 900",
        "replicates of porosity differ by",
        "9 degrees of freedom",
        "gauge of porosity: 2% of the spread read here, ndc",
        "rows have the features of another batch",
    ):
        assert said in words


def test_json_and_page(clerk: Clerk, file: Path, tmp_path: Path) -> None:
    """JSON alone is printed with --json; the page holds the same findings and asks no network."""
    page = tmp_path / "compaction.html"
    answer = clerk("surrogate", "data", file, "--json", "--html", page)
    told = json.loads(answer.out)
    load = told["coverage"][0]
    assert [load[key] for key in ("low", "high", "distinct", "missing")] == [1e5, 9e5, 9, 0]
    assert load["hole"] in [[low, low + 1e5] for low in np.arange(1e5, 9e5, 1e5)]
    text = page.read_text(encoding="utf-8")
    seen = html.unescape(re.sub(r"<[^>]+>", "", text.split("<script", 1)[0]))
    plain = [
        each["text"] for each in told["findings"] if each["topic"] != "gauge"
    ]  # words explained
    assert [text for text in plain if text not in seen] == []
    assert "src=" not in text.split("<script", 1)[0]


def test_what_is_wrong_ends_with_two(clerk: Clerk, file: Path, tmp_path: Path) -> None:
    """A wrong unit, a missing column and a file that is not there: exit code 2, no traceback."""
    text = file.read_text(encoding="utf-8")
    for old, new, said in (
        ("unit: N/mm", "unit: kg", "columns.line_load.unit"),
        ("column: eps", "column: porosity", "no column 'porosity'"),
    ):
        file.write_text(text.replace(old, new), encoding="utf-8")
        answer = clerk("surrogate", "data", file)
        assert answer.code == 2
        assert said in answer.err
        assert "Traceback" not in answer.err
    assert clerk("surrogate", "data", tmp_path / "gone.yaml").code == 2


def test_the_cells_of_a_run(clerk: Clerk, finished: tuple[Order, Answer]) -> None:
    """Each cell has its slurry's properties, as its own ancestry tells them, and its grade."""
    folder = finished[0].run
    answer = clerk("surrogate", "data", folder, "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["simulated"]
    data, run = read_dataset(folder), Run(folder)
    cells = run.table("cells").set_index("cell").loc[data.frame.index]
    np.testing.assert_array_equal(data.numbers("capacity"), cells["capacity"])
    assert data.numbers("is_scrap").sum() == (cells["status"] == "scrap").sum()
    genealogy = Genealogy(run)
    for cell in data.frame.index[[0, len(data.frame) // 2, -1]]:
        seen, row = genealogy.conditions(cell), data.frame.loc[cell]
        for electrode in ("cathode", "anode"):
            slurries = [values for path, values in seen.items()
                        if path.startswith(electrode) and path.endswith(".slurry")
                        and "viscosity" in values]  # fmt: skip
            mean = np.mean([values["viscosity"] for values in slurries])
            assert row[f"{electrode}_viscosity"] == pytest.approx(mean, rel=1e-6)
            shares = genealogy.slurry_shares(cell)[electrode]
            assert shares[row[f"{electrode}_batch"]] == max(shares.values())
    assert {"cathode_roll", "cathode_active_material", "tray"} <= set(data.groups)
    assert data.columns["measured_capacity"].role == "inspection"
    assert data.gauges["measured_capacity"].repeatability is not None
