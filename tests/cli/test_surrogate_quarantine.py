"""`surrogate quarantine`, `explain --setting`, and overrides of what is of safety."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.review import policy as policy_module

if TYPE_CHECKING:
    from cli_support import Answer, Clerk, Order


def test_cells_finish_in_quarantine(clerk: Clerk, run: Path, predictor: Path) -> None:
    """Of those stopped some are drawn: they weigh for the others, whose outcomes are gone."""
    page, before = run.with_name("r.html"), read_dataset(run)
    told = ("--predictors", predictor, "--json")
    first = json.loads(clerk("surrogate", "review", run, *told, "-o", page).out)
    assert "Capacity of all cells" in page.read_text()
    stopped = {cell["cell"] for cell in first["cells"] if cell["stopped"]}
    assert len(stopped) > 3
    asked = ("surrogate", "quarantine", run, "--by", "ann", "--cells", "2", *told)
    assert (clerk(*asked).code, "--reason" in clerk(*asked).err) == (2, True)
    drawn = json.loads(clerk(*asked, "--reason", "audit").out)
    assert {*drawn["cells"], *drawn["scrapped"]} == stopped
    assert {*drawn["cells"].values()} == {2 / len(stopped)}
    after = read_dataset(run)
    assert {*before.frame.index} - {*after.frame.index} == {*drawn["scrapped"]}
    weights = after.frame["inclusion_weight"]
    assert weights.sum() == pytest.approx(len(before.frame))
    assert after.columns["inclusion_weight"].role == "weight"
    assert after.digest != before.digest
    again = json.loads(clerk("surrogate", "review", run, *told, "-o", page).out)
    cells = {cell["cell"]: cell for cell in again["cells"]}
    assert {name for name, c in cells.items() if c["outcome"] == "scrapped on a prediction"} == {
        *drawn["scrapped"]
    }
    assert {name for name, cell in cells.items() if cell["audited"]} == {*drawn["cells"]}
    of_stopped, of_all = again["quarantine"]["found"]
    assert (of_stopped["cells"], of_stopped["found"]["cells"]) == (len(stopped), 2)
    assert of_all["found"]["cells"] == len(after.frame)
    assert again["predictors"][0]["trained_here"]  # though the table is another now
    text = " ".join(page.read_text().split())
    assert "1 / the probability with which it was drawn" in text
    gone = len(drawn["scrapped"])
    assert f"{gone} cells scrapped on a prediction are not among them" in text
    assert f"{gone} cells scrapped on a prediction have no reading after it" in text
    assert "Capacity of all cells" not in text
    assert clerk("audit", "verify", run / "review.log").code == 0
    assert clerk(*asked, "--reason", "audit").code == 2
    lost = drawn["scrapped"][0]
    let = clerk("surrogate", "decide", run, lost, "--override", "A", "--reason", "looks well",
                "--reviewer", "ann", "--second", "ben", *told[:2])  # fmt: skip
    assert (let.code, f"{lost} was scrapped on a prediction" in let.err) == (2, True)
    contain = ("surrogate", "contain", run, "--reason", "rough", "--by", "ann", "--json")
    tray = read_dataset(run).frame.index  # the others of its lot are open, it is not
    held = json.loads(clerk(*contain, "--lot", "cathode.slurry-0001").out)
    assert not {*held["open"]} & {*drawn["scrapped"]}
    assert {*held["open"]} <= {*tray}
    assert {*drawn["scrapped"]} & {*held["cells"]} <= {*held["hold"]["ended"]}
    alone = clerk(*contain, "--lot", lost)
    assert (alone.code, "was scrapped or taken as a sample before" in alone.err) == (2, True)
    report = ("surrogate", "contain", run, "--lot", "cathode.slurry-0001", "--json", "--8d",
              run.with_name("8d.md"))  # fmt: skip
    assert json.loads(clerk(*report).out)["open"] == held["open"]
    own = json.loads(clerk(*contain, "--lot", held["open"][0]).out)
    assert own["open"] == [held["open"][0]]


def test_a_setting_that_would_have_helped(
    clerk: Clerk, finished: tuple[Order, Answer], predictor: Path, reviewed: tuple[dict, str]
) -> None:
    """The loading target for 5 Ah is told with models and interval; wrong questions end with 2."""
    run = finished[0].run
    cells = {cell["cell"]: cell for cell in reviewed[0]["cells"] if cell["reasons"]}
    name = next(iter(cells))
    asked = ("surrogate", "explain", predictor, "--data", run, "--row", name, "--target",
             "capacity=at least 5 Ah", "--setting")  # fmt: skip
    told = json.loads(clerk(*asked, "cathode.coater.loading_target", "--json").out)
    assert told["at"] > told["was"]
    assert told["chance"] >= told["before"]
    own = read_dataset(run).frame.loc[name]
    was, would = told["moved"]["cathode_loading"]
    assert was == pytest.approx(own["cathode_loading"])
    assert would / was == pytest.approx(told["at"] / told["was"])
    assert [step["by"] for step in told["steps"]][1] == "calendering model of cathode.calender"
    text = clerk(*asked, "cathode.coater.loading_target").out
    assert "errors of the stations' models are not in it" in text
    (reason,) = cells[name]["reasons"]
    assert any("had cathode.coater.loading_target been" in each for each in reason["settings"])
    assert "had cathode.coater.loading_target been" in reviewed[1]
    for wrong, said in (
        ("cathode.coater.loading", "did you mean"),
        ("cell.filler.electrolyte_dose", "takes nothing that"),
        ("cathode.coater.loading_target=180 to 190 g/m2", "has no unit"),
        ("cathode.coater.loading_target=190 g/m2 to 190 g/m2", "has no room"),
    ):
        answer = clerk(*asked, wrong)
        assert (answer.code, said in answer.err) == (2, True), (wrong, answer.err)
    none = clerk("surrogate", "explain", predictor, "--data", run, "--setting", "x")
    assert (none.code, "--row" in none.err) == (2, True)


def test_safety_takes_two_people(clerk: Clerk, run: Path, predictor: Path, tmp_path: Path) -> None:
    """A cell that the line found leaky is let through by two; a policy may say otherwise."""
    file = run / "cells.parquet"
    table = pq.read_table(file)
    names, before = table["cell"].to_pylist(), table["reason"].to_pylist()
    cell = names[3]
    reasons = [*before[:3], "self-discharge", *before[4:]]
    at = table.schema.get_field_index("reason")
    field = table.schema.field(at)
    pq.write_table(table.set_column(at, field, pa.array(reasons).cast(field.type)), file)
    asked = ("surrogate", "decide", run, cell, "--predictors", predictor, "--override", "A",
             "--reason", "measured again", "--reviewer", "ann")  # fmt: skip
    alone = clerk(*asked)
    assert (alone.code, "found_self_discharge" in alone.err) == (2, True), alone.err
    assert clerk(*asked, "--second", "ANN").code == 2
    assert not (run / "review.log").exists()
    assert clerk(*asked, "--second", "ben").code == 0
    page = tmp_path / "r.html"
    assert clerk("surrogate", "review", run, "-o", page).code == 0
    assert "ann and ben" in page.read_text(encoding="utf-8")
    policy = tmp_path / "own.yaml"
    shipped = Path(policy_module.__file__).with_name("quality.yaml").read_text("utf-8")
    policy.write_text(shipped.replace("audit_share", "second_person: false\naudit_share"), "utf-8")
    told = clerk(*asked, "--policy", policy, "--json")
    assert told.code == 0, told.err
