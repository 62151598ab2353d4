"""From a training file to a predictor at work; what is wrong with either is told, exit code 2."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from surrogates.learners import (
    DATASET,
    LOADS,
    PHYSICS,
    TRAINING,
    compacted,
    rows,
    trained,
    written,
)
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.errors import LinetwinError, ScenarioError
from linetwin.predictors.evaluating import Predictor
from linetwin.scenario.document import read
from linetwin.scenario.problems import Problems
from linetwin.scenario.validation import validate
from linetwin.surrogates.learning.candidates import CANDIDATES
from linetwin.surrogates.learning.exporting import graph_of
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.registry import enter, is_better
from linetwin.surrogates.learning.schema import TrainingFile
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.writing import stored_of

if TYPE_CHECKING:
    from linetwin.predictors.store import Stored
    from linetwin.surrogates.learning.reading import Training

DOCS = Path(__file__).parents[2] / "docs" / "surrogates.md"
BY_NAME = {each.name: each for each in CANDIDATES}


@pytest.fixture(scope="module")
def physical(tmp_path_factory: pytest.TempPathFactory) -> tuple[Training, Stored]:
    """A predictor of data that follow the compaction law, compared with straight lines."""
    text = TRAINING.replace("[linear]", "[linear, physics]") + PHYSICS
    return trained(tmp_path_factory.mktemp("physical"), rows(electrodes=5), text)


def _refused(folder: Path, *said: str, **given: object) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_training(written(folder, **{"table": rows(), **given}))  # type: ignore[arg-type]
    for text in said:
        assert text in str(caught.value)
    assert caught.value.exit_code == 2


def test_physics_that_made_the_data_wins(physical: tuple[Training, Stored]) -> None:
    """Its parameters are found again, and its error is that of the scatter."""
    card = physical[1].card
    assert card.winner == "physics"
    assert card.physics is not None
    assert card.physics.fitted["minimum_porosity"] == pytest.approx(0.24, abs=0.01)
    assert card.physics.fitted["compaction_resistance"] == pytest.approx(4.2e5, rel=0.05)
    errors = {each.name: each.error for each in card.candidates}
    assert errors["physics"] == pytest.approx(0.003, rel=0.35)
    assert errors["linear"] > 3 * errors["physics"]


def test_a_predictor_with_physics_says_what_the_law_says(
    physical: tuple[Training, Stored],
) -> None:
    """The closed form in the middle of the data; intervals hold it; far away it is refused."""
    asked = np.array([[3e5, 0.42], [3e5, 0.60], [1.6e6, 0.42]])
    with Predictor(physical[1]) as predictor:
        found = predictor.predict(asked)
    truth = compacted(asked[:, 0] / 1e3, asked[:, 1] * 100) / 100
    assert found.value[0] == pytest.approx(truth[0], abs=0.004)
    assert found.low[0] < truth[0] < found.high[0]
    assert np.isnan(found.value[1])
    assert found.domain.tolist() == [0, 2, 1]
    assert found.widened[2] > 1


def test_a_hybrid_is_the_physics_and_what_was_learnt(tmp_path: Path) -> None:
    """A file's prediction equals the trained candidate's, physics and graph together."""
    text = TRAINING.replace("[linear]", "[physics]") + PHYSICS
    lines = []
    for line in rows(electrodes=4):
        load, before, electrode, after, said = line.split(",")
        bent = float(after) - 2 * np.tanh((float(load) - 600) / 150)
        lines.append(f"{load},{before},{electrode},{bent:.6f},{said}")
    training = read_training(written(tmp_path, lines, text))
    learning = training.learning
    hybrid = BY_NAME["hybrid"]
    with threadpool_limits(1):
        fitted = hybrid.fit(learning, {})
    made = replace(train(learning, ["physics"]), candidate=hybrid, fitted=fitted)
    with Predictor(stored_of(training, made)) as predictor:
        found = predictor.linked(learning.features)
    wanted = fitted.linked(learning.features, learning)
    assert found == pytest.approx(wanted, abs=1e-9)
    physics = BY_NAME["physics"].fit(learning, {}).linked(learning.features, learning)
    assert np.std(found - learning.linked) < 0.3 * np.std(physics - learning.linked)


@pytest.mark.parametrize("name", ["trees", "network", "gaussian"])
def test_learning_twice_gives_the_same_model(tmp_path: Path, name: str) -> None:
    """Bit for bit."""
    learning = read_training(written(tmp_path, rows(electrodes=4))).learning
    setting = BY_NAME[name].settings[0]
    with threadpool_limits(1):
        first, second = (graph_of(BY_NAME[name].fit(learning, setting), 2) for _ in range(2))
    assert first == second


def test_laws_are_told_with_how_they_are_held(physical: tuple[Training, Stored]) -> None:
    """By construction or by test."""
    assert physical[1].card.laws == [
        "porosity between 0 and 1: by construction (logit)",
        "porosity falls with line_load: tested on a grid of the training rows",
    ]


def test_data_that_teach_nothing_are_refused(tmp_path: Path) -> None:
    """Ten rows, equal targets, one group, a constant feature, a law that the data break."""
    _refused(tmp_path, "dataset", "only 10 rows are whole", "at least 12", table=rows()[:10])
    same = [",".join([*line.split(",")[:3], "30,good"]) for line in rows()]
    _refused(tmp_path, "target", "is the same in all rows", table=same)
    one = [",".join([*p[:2], "E0", *p[3:]]) for p in (line.split(",") for line in rows())]
    _refused(tmp_path, "groups", "only 1 groups", table=one)
    level = [",".join([p[0], "45", *p[2:]]) for p in (line.split(",") for line in rows())]
    named = TRAINING + "features: [line_load, porosity_before]\n"
    said = "'porosity_before' is the same in all rows"
    _refused(tmp_path, said, table=level, training=named)
    assert read_training(written(tmp_path, level)).constant == ("porosity_before",)
    narrow = TRAINING.replace("[0 %, 100 %]", "[30 %, 100 %]")
    _refused(tmp_path, "laws", "rows break the law", training=narrow)


def test_what_a_training_file_gets_wrong_is_told(tmp_path: Path) -> None:
    """A missing column, a judgement as target, unknown keys, wrong units: file, key, allowed."""
    density = TRAINING.replace("target: porosity", "target: density")
    _refused(tmp_path, "no column 'density'", training=density)
    opinion = TRAINING.replace("target: porosity", "target: opinion")
    _refused(tmp_path, "a person's judgement", training=opinion)
    _refused(tmp_path, "candidates", training=TRAINING.replace("[linear]", "[deep]"))
    _refused(tmp_path, "between", "mm", training=TRAINING.replace("0 %,", "0 mm,"))
    _refused(tmp_path, "decreases", training=TRAINING.replace("[line_load]", "[speed]"))
    nowhere = TRAINING.replace("data.yaml", "nowhere.yaml")
    _refused(tmp_path, "nowhere.yaml does not exist", training=nowhere)
    wrong = DATASET.replace("unit: N/mm", "unit: mm")
    _refused(tmp_path, "line_load", "does not fit", dataset=wrong)
    missing = DATASET.replace("column: load", "column: force")
    _refused(tmp_path, "force", dataset=missing)


def test_a_unit_that_the_values_belie_is_refused(tmp_path: Path) -> None:
    """A feature or target read 1,000 or 100 times too high: column, factor, and what to do."""
    high = DATASET.replace("unit: N/mm", "unit: kN/mm")
    said = (
        "columns.line_load",
        "48 of 48 values lie outside",
        "factor of 1,000",
        "mend its `unit`",
    )
    _refused(tmp_path, *said, dataset=high)
    share = DATASET.replace('column: after, unit: "%"', 'column: after, unit: "1"')
    _refused(tmp_path, "columns.porosity", "factor of 100 (per cent and share)", dataset=share)
    # said otherwise in the dataset file: the factor, or a name that has no range
    mended = high.replace("unit: kN/mm", "unit: kN/mm, factor: 0.001")
    assert not read_training(written(tmp_path, rows(), dataset=mended)).warnings
    named = high.replace("line_load:", "force_of_rolls:")
    own = TRAINING.replace("[line_load]", "[force_of_rolls]")
    assert not read_training(written(tmp_path, rows(), own, named)).warnings


def test_few_values_in_another_unit_are_a_warning_many_are_not(tmp_path: Path) -> None:
    """Four of 48 rows 1,000 times too high are told; twelve are refused."""

    def raised(count: int) -> list[str]:
        parts = [line.split(",", 1) for line in rows()]
        return [f"{float(load) * (1000 if at < count else 1):g},{rest}"
                for at, (load, rest) in enumerate(parts)]  # fmt: skip

    (first, *_) = read_training(written(tmp_path, raised(4))).warnings
    assert first.startswith("line_load: ")
    assert "values lie outside" in first
    assert "line 2" in first
    narrow = [f"{400 + at % 3}{',' if at >= 12 else '000,'}{line.split(',', 1)[1]}"
              for at, line in enumerate(rows())]  # fmt: skip
    _refused(tmp_path, "12 of 48 values", "factor of 1,000 (N/mm and N/m)", table=narrow)


def test_rows_that_are_there_twice_are_a_warning(tmp_path: Path) -> None:
    """A table joined with itself; measured ones that differ in a digit are none."""
    table = rows(electrodes=6)
    single = read_training(written(tmp_path, table))
    twice = read_training(written(tmp_path, [*table, *table]))
    assert not any("equal another one" in each for each in single.warnings)
    text = f"{len(table)} of {2 * len(table)} rows equal another one of their group"
    assert any(text in each for each in twice.warnings)


def test_what_the_physics_gets_wrong_is_told(tmp_path: Path) -> None:
    """Unknown models, parameters, features and outputs, below the key `physics`."""
    for old, new, said in (
        ("model: calendering", "model: calandering", "calandering"),
        ("minimum_porosity:", "least_porosity:", "physics.fit.least_porosity"),
        ("line_load: line_load", "line_load: speed", "'speed' is no feature here"),
        ("output: settled_porosity", "output: settled", "physics.output"),
        ("output: settled_porosity", "output: nip_line_load", "does not fit the target"),
        ("298 K", "298 mm", "physics.set.roll_temperature"),
    ):
        _refused(tmp_path, said, training=TRAINING + PHYSICS.replace(old, new))


def test_only_a_better_version_takes_over(tmp_path: Path) -> None:
    """A worse or equal one is kept out, a better one takes over and the old one stays beside."""
    lines = rows(electrodes=6)
    worse = trained(tmp_path, lines, TRAINING.replace("[linear]", "[mean]"))[1]
    better = trained(tmp_path, lines)[1]
    registry = tmp_path / "registry"
    assert enter(worse, registry).taken
    again = enter(worse, registry)
    assert not again.taken
    assert "not shown to be better" in again.said
    entry = enter(better, registry)
    assert entry.taken
    assert "the new version is better" in entry.said
    assert not enter(worse, registry).taken
    assert len(list((registry / "earlier").glob("porosity-*.predictor"))) == 1
    other = trained(tmp_path, rows(scatter=0.4, electrodes=6))[1]
    assert "0 held-out groups in common" in is_better(other.card, better.card)[1]


def test_the_commands_train_show_and_predict(tmp_path: Path) -> None:
    """Files in, words and JSON out; tables are read by feature and unit."""
    file = tmp_path / "porosity.predictor"
    training = written(tmp_path, rows(electrodes=6))
    run = CliRunner()
    made = run.invoke(app, ["surrogate", "train", str(training), "-o", str(file)])
    assert made.exit_code == 0
    assert "linear *" in made.stdout
    assert "Law: porosity between 0 and 1: by construction (logit)." in made.stdout
    told = run.invoke(app, ["surrogate", "card", str(file)])
    assert "made for a test; licence CC0-1.0" in told.stdout
    shown = {each[0]: each[1:] for each in map(str.split, told.stdout.splitlines()) if each}
    assert shown["line_load"] == ["N/mm", "100", "1500"]
    assert shown["porosity_before"] == ["%", "40", "45.5"]
    assert "porosity [%], made" in told.stdout
    table = tmp_path / "asked.csv"
    table.write_text("porosity_before [%],line_load / N/mm\n42,450\n42,9000\n", encoding="utf-8")
    found = run.invoke(app, ["surrogate", "predict", str(file), "--data", str(table), "--json"])
    first, second = json.loads(found.stdout)["rows"]
    assert first["low"] < first["prediction"] < first["high"]
    assert first["domain"] == "inside"
    assert (second["domain"], second["prediction"]) == ("outside", None)
    one = ["--set", f"line_load={LOADS[2]} N/mm", "--set", "porosity_before=42 %", "--json"]
    again = json.loads(run.invoke(app, ["surrogate", "predict", str(file), *one]).stdout)
    assert again["rows"][0]["prediction"] == pytest.approx(first["prediction"], rel=1e-12)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("porosity_before [%],line_load", "column 'line_load' has no unit"),
        ("porosity_before [%],line_load [mm]", "does not fit"),
        ("porosity_before [%],load [N/mm]", "there is no column 'line_load'"),
    ],
)
def test_a_table_without_units_or_columns_is_refused(
    physical: tuple[Training, Stored], tmp_path: Path, head: str, said: str
) -> None:
    """No unit, a wrong one, a column that is missing."""
    from linetwin.surrogates.predicting import asked_of_table

    table = tmp_path / "asked.csv"
    table.write_text(f"{head}\n42,450\n", encoding="utf-8")
    with pytest.raises(LinetwinError, match=said) as caught:
        asked_of_table(physical[1].card, table)
    assert caught.value.exit_code == 2


def test_one_feature_in_two_columns_is_refused(
    physical: tuple[Training, Stored], tmp_path: Path
) -> None:
    """`line_load [N/mm]` beside `line_load [N/m]`: neither silently wins."""
    from linetwin.surrogates.predicting import asked_of_table

    table = tmp_path / "asked.csv"
    table.write_text(
        "porosity_before [%],line_load [N/mm],line_load [N/m]\n42,450,300000\n", encoding="utf-8"
    )
    with pytest.raises(LinetwinError, match="are one feature"):
        asked_of_table(physical[1].card, table)


def test_amounts_without_units_or_twice_are_refused(physical: tuple[Training, Stored]) -> None:
    """All that is wrong is told at once."""
    from linetwin.surrogates.predicting import asked_of_amounts

    with pytest.raises(ScenarioError) as caught:
        asked_of_amounts(physical[1].card, ["line_load=450", "speed=1 m/s"])
    for text in ("'450' has no unit", "speed: is no feature", "porosity_before: is missing"):
        assert text in str(caught.value)


def test_the_training_file_of_the_docs_is_one(tmp_path: Path) -> None:
    """What docs/surrogates.md shows passes the schema."""
    text = DOCS.read_text("utf-8").split("```yaml\n# training\n")[1].split("```")[0]
    file = tmp_path / "training.yaml"
    file.write_text(text, encoding="utf-8")
    problems = Problems()
    checked = validate(read(file, file.name), TrainingFile, problems)
    problems.check()
    assert checked is not None
    assert checked.model.physics is not None


def test_where_a_predictor_cannot_go_is_told_before_training(tmp_path: Path) -> None:
    """Nowhere, another kind of file, a folder, a registry that is a file: exit code 2."""
    training = str(written(tmp_path, rows()))
    folder = tmp_path / "a.predictor"
    folder.mkdir()
    registry = tmp_path / "registry"
    registry.write_text("", encoding="utf-8")
    for options in (
        [],
        ["-o", str(tmp_path / "model.onnx")],
        ["-o", str(folder)],
        ["--registry", str(registry)],
    ):
        ended = CliRunner().invoke(app, ["surrogate", "train", training, *options])
        assert isinstance(ended.exception, ScenarioError)
