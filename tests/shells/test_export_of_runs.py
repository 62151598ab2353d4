"""`linetwin aas export RUN`: the run, its lots and cells as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linetwin.cli import aas_export
from linetwin.cli.aas_lots import AskedOfRun, described_run, is_run
from linetwin.cli.app import app
from linetwin.errors import LinetwinError
from linetwin.shells.reading import read
from linetwin.shells.reading.limits import Limits

if TYPE_CHECKING:
    from pathlib import Path

    from small_runs import SmallRun


def good_cells(small_run: SmallRun) -> list[str]:
    """Return the cells graded A or B."""
    cells = small_run.run.table("cells")
    found: list[str] = cells.loc[cells["status"].isin(["A", "B"]), "cell"].tolist()
    return found


def test_a_passport_is_written_and_read_again(small_run: SmallRun, tmp_path: Path) -> None:
    """The file holds the submodels of the passport, and reading it has nothing to note."""
    cell, file = good_cells(small_run)[0], tmp_path / "passport.aasx"
    order = ["aas", "export", str(small_run.run.path), "--cell", cell, "-o", str(file)]
    app(order, standalone_mode=False)
    found = read(file)
    assert {each.id_short for each in found.submodels()} == {
        *("BatteryNameplate", "TechnicalData", "MaterialComposition", "CarbonFootprint"),
        "FootprintBreakdown",
    }
    assert not found.notes


@pytest.mark.parametrize("ending", [".json", ".xml", ".aasx"])
def test_a_file_that_linetwin_would_not_read_is_told_at_export(
    small_run: SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """With the bound and what helps; a file within the bounds has no such note."""
    said: list[str] = []
    monkeypatch.setattr(aas_export, "say", said.append)
    found = described_run(AskedOfRun(str(small_run.run.path), (), tuple(good_cells(small_run)[:1])))
    file = tmp_path / f"passport{ending}"
    aas_export.tell(found, file)
    assert not any("does not read" in each for each in said)
    small = Limits(document_bytes=50_000, elements=100)
    monkeypatch.setattr(aas_export, "Limits", lambda: small)
    aas_export.tell(found, file)
    told = [each for each in said if "does not read this file again" in each]
    assert [("MiB" in each, "elements" in each) for each in told] == [(True, False), (False, True)]
    assert all("--cell" in each for each in told)
    with pytest.raises(LinetwinError):
        read(file, small)


def test_lots_and_cells_stand_in_one_file(small_run: SmallRun) -> None:
    """Each has its shell; what both mean is explained once."""
    cells = tuple(good_cells(small_run)[:2])
    asked = AskedOfRun(str(small_run.run.path), ("tray-0001",), cells, "https://plant.example/")
    found = described_run(asked)
    assert len(list(found.shells())) == 3
    assert len({each.id for each in found.concepts()}) == len(list(found.concepts()))
    assert all(each.id.startswith("https://plant.example/runs/") for each in found.shells())


def test_without_a_name_the_run_itself_is_described(small_run: SmallRun) -> None:
    """A folder with a manifest is a run, all else a scenario."""
    folder = str(small_run.run.path)
    assert is_run(folder)
    assert not is_run("baseline")
    names = {each.id_short for each in described_run(AskedOfRun(folder)).submodels()}
    assert {"TimeSeries", "CarbonFootprint", "FootprintBreakdown"} <= names


def test_what_is_wrong_ends_with_exit_code_2(small_run: SmallRun, tmp_path: Path) -> None:
    """A cell that is not there, a folder that is no run, a base that is no IRI."""
    folder = str(small_run.run.path)
    for source, more, told in (
        (folder, ["--cell", "cell-999999"], "knows no cell 'cell-999999'"),
        (folder, ["--lot", "tray-9"], "knows no lot 'tray-9'"),
        (str(tmp_path), ["--lot", "tray-0001"], "is not a run folder"),
        (folder, ["--base-iri", "here"], "is no base"),
    ):
        order = ["aas", "export", source, *more, "-o", str(tmp_path / "x.aasx")]
        with pytest.raises(LinetwinError, match=told) as caught:
            app(order, standalone_mode=False)
        assert caught.value.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_options_of_a_scenario_are_refused_for_a_run(small_run: SmallRun, tmp_path: Path) -> None:
    """What would be ignored is named."""
    order = ["aas", "export", str(small_run.run.path), "--no-models", "--set", "a.b=1"]
    with pytest.raises(LinetwinError, match=r"(?s)--set.*--no-models"):
        app([*order, "-o", str(tmp_path / "run.json")], standalone_mode=False)
    assert not (tmp_path / "run.json").exists()
