"""`surrogate review`, `decide`, `contain` and `approve-limits` on a run of forty cells."""

from __future__ import annotations

import json
import re
import shutil
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from surrogates.learners import rows, trained

from linetwin.predictors.store import write
from linetwin.results.reader import Run
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.data.runs import dataset_of_run

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Answer, Clerk, Order


def test_risks_are_those_of_the_predictions(
    clerk: Clerk, finished: tuple[Order, Answer], predictor: Path, reviewed: tuple[dict, str]
) -> None:
    """The risk is the normal chance of a capacity below 5 Ah; the highest stands first."""
    answer = clerk("surrogate", "predict", predictor, "--data", finished[0].run, "--json")
    predicted = {each["row"]: each for each in json.loads(answer.out)["rows"]}
    z = NormalDist().inv_cdf(0.95)
    for cell in reviewed[0]["cells"]:
        own = predicted[cell["cell"]]
        if own["domain"] == "outside":
            assert cell["risk"] is None
            continue
        spread = (own["high"] - own["low"]) / 2 / z
        risk = NormalDist(own["prediction"], spread).cdf(5.0)
        assert cell["risk"] == pytest.approx(risk, abs=1e-6)
        assert cell["stopped"] == (cell["risk"] >= 3 / 11)  # costs of the shipped policy
    risks = [cell["risk"] for cell in reviewed[0]["cells"] if cell["risk"] is not None]
    assert [round(risk, 3) for risk in risks] == sorted((round(r, 3) for r in risks), reverse=True)


def test_reasons_name_station_and_lot(
    finished: tuple[Order, Answer], reviewed: tuple[dict, str]
) -> None:
    """A loading was settled at the coater of its web, on the cell's own mother roll."""
    data = read_dataset(finished[0].run)
    explained = [cell for cell in reviewed[0]["cells"] if cell["reasons"]]
    assert len(explained) == 3
    for cell in explained:
        (reason,) = cell["reasons"]
        for part in reason["parts"]:
            web = part["feature"].split("_")[0]
            roll = data.frame.loc[cell["cell"], f"{web}_roll"]
            assert (part["origin"]["station"], part["origin"]["lot"]) == (f"{web}.coater", roll)
        away = reason["prediction"] - reason["mean"]
        assert sum(part["adds"] for part in reason["parts"]) == pytest.approx(away, abs=1e-9)


def test_the_page_stands_alone(reviewed: tuple[dict, str]) -> None:
    """It asks no network, says what is assumed and trained here, and refuses Cpk without gauge."""
    text = reviewed[1]
    body = text.split("<script", 1)[0]
    assert "src=" not in body
    assert "http" not in re.sub(r"http-equiv", "", body)
    seen = re.sub(r"<[^>]+>", " ", body)
    for said in (
        "were trained on these very cells",
        "rest on engineering assumptions",
        "The run is simulated",
        "nothing reads it: no gauge",
    ):
        assert said in " ".join(seen.split())
    assert all(f">{cell['cell']}<" in body for cell in reviewed[0]["cells"])


def test_without_predictors_the_rest_is_there(clerk: Clerk, run: Path, tmp_path: Path) -> None:
    """Charts, capability and containment need no predictor; the page says what it lacks."""
    page = tmp_path / "review.html"
    answer = clerk("surrogate", "review", run, "-o", page)
    assert answer.code == 0, answer.err
    assert "No predictors were given" in answer.out
    text = page.read_text(encoding="utf-8")
    assert "id='charts'" in text
    assert "id='cells'" not in text


def test_predictors_of_processes_are_left_out(
    clerk: Clerk, run: Path, predictor: Path, tmp_path: Path
) -> None:
    """Of a folder they are left out and said so; one that is named by itself is refused."""
    folder, page = tmp_path / "mixed", tmp_path / "review.html"
    folder.mkdir()
    shutil.copy(predictor, folder)
    _, process = trained(tmp_path, rows())
    write(process, folder / "pressing.predictor")
    said = "of a process, not of cells"
    asked = ("surrogate", "review", run, "--explain", "0", "-o", page)
    answer = clerk(*asked, "--predictors", folder, "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    (aside,) = told["left_out"]
    assert (aside["file"], aside["why"]) == ("pressing.predictor", said)
    assert [each["target"] for each in told["predictors"]] == ["capacity"]
    assert f"{aside['predictor']}: {said}: left out" in page.read_text(encoding="utf-8")
    decided = clerk("surrogate", "decide", run, told["cells"][0]["cell"], "--predictors", folder,
                    "--override", "B", "--reason", "x", "--reviewer", "ann")  # fmt: skip
    assert (decided.code, f"{said}: left out" in decided.out) == (0, True), decided.err
    single = clerk(*asked, "--predictors", folder / "pressing.predictor")
    assert (single.code, "pressing.predictor" in single.err, said in single.err) == (2, True, True)
    (folder / predictor.name).unlink()
    none = clerk(*asked, "--predictors", folder)
    assert (none.code, f"{said}: left out" in none.err) == (2, True)


def test_intervals_are_counted_on_new_cells(
    clerk: Clerk, run: Path, predictor: Path, tmp_path: Path
) -> None:
    """Of another run whose cells hold half an ampere-hour less no interval holds: said on top."""
    file, page = run / "cells.parquet", tmp_path / "review.html"
    table = pq.read_table(file)
    at = table.schema.get_field_index("capacity")
    field = table.schema.field(at)
    less = pa.array(table["capacity"].to_numpy() - 0.5, field.type, from_pandas=True)
    pq.write_table(table.set_column(at, field, less), file)
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    other = {**manifest, "seed": manifest["seed"] + 1}  # else its cells trained the predictor
    (run / "manifest.json").write_text(json.dumps(other), "utf-8")
    answer = clerk("surrogate", "review", run, "--predictors", predictor, "--explain", "0", "-o",
                   page, "--json")  # fmt: skip
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    (own,) = told["intervals"]
    known = read_dataset(run).frame["capacity"].notna()
    refused = {c["cell"] for c in told["cells"] if c["foretold"][0]["value"] is None}
    assert own["readings"] == sum(cell not in refused for cell in known.index[known])
    assert (own["inside"], own["fails"]) == (0, True)
    assert own["upper"] < own["promised"] == 0.9
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert f"capacity: 0 of {own['readings']} cells inside 90 % intervals" in text
    assert "do not use these intervals" in text


def test_what_was_refused_is_not_accepted(clerk: Clerk, run: Path, predictor: Path) -> None:
    """A cell unlike all that was seen is refused by its predictor: there is nothing to accept."""
    file = run / "cells.parquet"
    table = pq.read_table(file)
    at = table.schema.get_field_index("cathode_loading")
    field = table.schema.field(at)
    more = pa.array(table["cathode_loading"].to_numpy() * 9, field.type, from_pandas=True)
    pq.write_table(table.set_column(at, field, more), file)
    cell = read_dataset(run).frame.index[0]
    answer = clerk("surrogate", "decide", run, cell, "--predictors", predictor, "--accept",
                   "--reason", "x", "--reviewer", "ann")  # fmt: skip
    assert answer.code == 2
    assert f"{cell}: nothing was predicted" in answer.err
    assert "--override GRADE" in answer.err
    assert not (run / "review.log").exists()


def test_a_decision_is_a_judgement(clerk: Clerk, run: Path, predictor: Path) -> None:
    """An override is in the log and in the data as a judgement; outcome and hash stay."""
    before = read_dataset(run)
    first, second = before.frame.index[:2]
    answer = clerk("surrogate", "decide", run, first, "--predictors", predictor, "--override",
                   "scrap", "--reason", "dented", "--reviewer", "ann", "--json")  # fmt: skip
    assert answer.code == 0, answer.err
    (told,) = json.loads(answer.out)
    assert (told["reviewer"], told["grade"], told["data"]) == ("ann", "scrap", before.digest)
    assert re.fullmatch("[0-9a-f]{64}", told["foretold"][0]["model"])
    clerk("surrogate", "decide", run, second, "--predictors", predictor, "--accept", "--reason",
          "as seen", "--reviewer", "ben")  # fmt: skip
    after = read_dataset(run)
    assert after.frame["review"].loc[[first, second]].tolist() == ["scrap", "accepted"]
    assert after.columns["review"].role == "judgement"
    assert "review" not in (*after.targets, *after.of_role("outcome"))
    assert after.digest == before.digest
    pd.testing.assert_frame_equal(after.frame.drop(columns="review"), before.frame)
    assert clerk("audit", "verify", run / "review.log").code == 0


def test_a_changed_decision_is_found(clerk: Clerk, run: Path, predictor: Path) -> None:
    """A grade that was changed in the log stops audit, review and the next decision."""
    cell = read_dataset(run).frame.index[0]
    asked = ("surrogate", "decide", run, cell, "--predictors", predictor, "--override", "B",
             "--reason", "why", "--reviewer", "ann")  # fmt: skip
    assert clerk(*asked).code == 0
    log = run / "review.log"
    log.write_text(log.read_text("ascii").replace('"grade":"B"', '"grade":"A"'), "ascii")
    for command in (("audit", "verify", log), ("surrogate", "review", run), asked):
        answer = clerk(*command)
        assert answer.code == 2
        assert "changed" in answer.err
        assert "Traceback" not in answer.err


def test_decisions_of_a_list(clerk: Clerk, run: Path, predictor: Path, tmp_path: Path) -> None:
    """A list has cells, some with grade and reason of their own; a wrong row writes nothing."""
    cells = read_dataset(run).frame.index[:3]
    file = tmp_path / "list.csv"
    file.write_text(f"cell,grade,reason\n{cells[0]},A,\n{cells[1]},,looked\n", encoding="utf-8")
    asked = ("surrogate", "decide", run, "--file", file, "--accept", "--predictors", predictor,
             "--reason", "lot review", "--reviewer", "ann", "--json")  # fmt: skip
    told = json.loads(clerk(*asked).out)
    found = [(each["cell"], each["grade"], each["reason"]) for each in told]
    assert found == [(cells[0], "A", "lot review"), (cells[1], "", "looked")]
    size = (run / "review.log").stat().st_size
    for row in (f"{cells[2]},C,x", "cell-999999,A,x", f"{cells[0]},A,x\n{cells[0]},B,x"):
        file.write_text(f"cell,grade,reason\n{row}\n", encoding="utf-8")
        answer = clerk(*asked)
        assert answer.code == 2, row
        assert "Traceback" not in answer.err
    assert (run / "review.log").stat().st_size == size


def test_a_lot_is_contained(clerk: Clerk, run: Path, tmp_path: Path) -> None:
    """All cells made of a roll are held, as the links say; a disposition settles them once."""
    lot = "cathode.roll-0001"
    report = tmp_path / "report.json"
    asked = ("surrogate", "contain", run, "--lot", lot, "--reason", "rough", "--by", "ann")
    told = json.loads(clerk(*asked, "--8d", report, "--json").out)
    links = Run(run).table("links")
    made, reached = links[links["relation"] == "made_from"], {lot}
    while True:
        more = {*made["child"][made["parent"].isin(reached)]} - reached
        if not more:
            break
        reached |= more
    assert {*told["cells"]} == {name for name in reached if name.startswith("cell-")}
    again = clerk(*asked)
    assert (again.code, "on hold since" in again.err) == (2, True)
    steps = {each["number"]: each for each in json.loads(report.read_text())["steps"]}
    assert [*steps] == [f"D{number}" for number in range(1, 9)]
    assert f"lot {lot}: {len(told['cells'])} cells" in steps["D2"]["facts"][0]
    assert steps["D1"]["facts"] == []
    assert "leader" in steps["D1"]["to_be_filled_in"]
    one = told["cells"][0]
    clerk(*asked, "--disposition", "scrap", "--cell", one)
    twice = clerk(*asked, "--disposition", "release", "--cell", one)
    assert (twice.code, "decided about" in twice.err) == (2, True)
    last = clerk(*asked, "--disposition", "use as is")
    assert f"use as is: {len(told['cells']) - 1} cells; 0 cells open" in last.out
    assert clerk("audit", "verify", run / "review.log").code == 0
    assert clerk("surrogate", "contain", run, "--lot", "roll", *asked[5:]).code == 2


def test_limits_are_approved_and_frozen(clerk: Clerk, run: Path, tmp_path: Path) -> None:
    """Phase I limits go into a file with a hash; phase II uses them; a changed file is refused."""
    limits, page = tmp_path / "limits.json", tmp_path / "review.html"
    answer = clerk("surrogate", "approve-limits", run, "--by", "ann", "-o", limits, "--json")
    assert answer.code == 0, answer.err
    approved = json.loads(answer.out)
    assert all(approved["without_limits"].values())
    assert not {*approved["streams"]} & {*approved["without_limits"]}
    entry = json.loads((run / "review.log").read_text("ascii").splitlines()[-1])
    assert (entry["who"], entry["about"]) == ("ann", approved["sha256"])
    asked = ("surrogate", "review", run, "--limits", limits, "-o", page)
    assert json.loads(clerk(*asked, "--json").out)["limits"] == "approved"
    assert "approved by ann" in page.read_text(encoding="utf-8")
    text = limits.read_text("utf-8")
    centre = json.loads(text)["limits"][0]["centre"]
    limits.write_text(text.replace(f'"centre": {centre!r}', '"centre": 1.0'), "utf-8")
    changed = clerk(*asked)
    assert (changed.code, "was changed since" in changed.err) == (2, True)


def test_cells_in_the_line_are_judged(clerk: Clerk, run: Path, predictor: Path) -> None:
    """Of cells that have not ended there is a risk and no outcome; they train nothing."""
    file = run / "cells.parquet"
    table = pq.read_table(file)
    names, before = table["cell"].to_pylist(), table["status"].to_pylist()
    still = {name for name, status in zip(names, before, strict=True) if status == "A"}
    status = ["in_process" if name in still else text
              for name, text in zip(names, before, strict=True)]  # fmt: skip
    at = table.schema.get_field_index("status")
    column = pa.array(status, table.schema.field(at).type)
    pq.write_table(table.set_column(at, table.schema.field(at), column), file)
    told = json.loads(clerk("surrogate", "review", run, "--predictors", predictor, "-o",
                            run.with_name("r.html"), "--explain", "0", "--json").out)  # fmt: skip
    cells = {cell["cell"]: cell for cell in told["cells"]}
    assert {name for name, cell in cells.items() if cell["outcome"] == "in the line"} == still
    graded = dict(zip(names, status, strict=True))  # by the line, whatever a cell truly is
    for name in {*cells} - still:
        assert cells[name]["outcome"].split(":")[0] == graded[name]
    assert sum(cells[name]["risk"] is not None for name in still) > len(still) / 2
    assert not still & {*read_dataset(run).frame.index}
    unfinished = dataset_of_run(run, unfinished=True)
    assert np.isnan(unfinished.frame.loc[sorted(still), "is_scrap"]).all()


def test_wrong_questions_end_with_two(clerk: Clerk, run: Path, tmp_path: Path) -> None:
    """No run, no predictor, a wrong policy, no reason: exit code 2 and no traceback."""
    policy = tmp_path / "quality.yaml"
    policy.write_text(
        "schema: 1\npolicy: own\naudit_share: 2 %\ncharacteristics:\n  is_scrap: {severity: safety,"
        ' cost_of_escape: 3 EUR, tag: A, source: "x"}\n',
        encoding="utf-8",
    )
    cell = read_dataset(run).frame.index[0]
    for asked, said in (
        (("review", tmp_path / "none"), "no run folder"),
        (("review", run, "--predictors", tmp_path), "holds no predictor"),
        (("review", run, "--policy", policy), "safety is not traded against cost"),
        (("review", run, "--limits", policy), "holds no approved limits"),
        (("review", run, "-o", tmp_path), "is a folder"),
        (("decide", run, cell, "--accept", "--reviewer", "ann"), "--predictors"),
        (("contain", run, "--lot", "cathode.roll-0001", "--by", "ann"), "--reason"),
        (("contain", run, "--lot", "cathode.roll-0001", "--8d", "report.doc"), "*.md"),
    ):
        answer = clerk("surrogate", *asked)
        assert answer.code == 2, asked
        assert said in answer.err
        assert "Traceback" not in answer.err
    assert not (run / "review.log").exists()
