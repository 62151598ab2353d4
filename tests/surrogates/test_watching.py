"""`linetwin surrogate watch`: what moves is found, what does not move is left alone."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from surrogates.learners import DATASET, LOADS, TRAINING, compacted, written
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.errors import ScenarioError
from linetwin.predictors.evaluating import Predictor
from linetwin.predictors.store import write
from linetwin.results.audit import entries
from linetwin.results.audit_check import TamperedError, verify
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.writing import stored_of
from linetwin.surrogates.watched_checks import FALSE_PROPOSALS
from linetwin.surrogates.watching import KEEP, LOOK, RETRAIN, sentences, watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from linetwin.surrogates.watching import Watched

ELECTRODE = 0.4  # % porosity, by which electrodes differ
READING = 0.2
LEARNT = TRAINING.replace("[linear]", "[quadratic]").replace(", decreases: [line_load]", "")


def made(
    rng: np.random.Generator,
    electrodes: int,
    shift: float = 0.0,
    scatter: float = ELECTRODE,
    before: float = 40.0,
) -> list[str]:
    """Return rows of the law of compaction, with what an electrode has of its own (% porosity)."""
    lines = []
    for electrode in range(electrodes):
        own, high = rng.normal(shift, scatter), before + rng.uniform(0.0, 8.0)
        for load in LOADS:
            after = float(compacted(np.array(load), np.array(high))) + own
            lines.append(
                f"{load:g},{high:.4f},E{electrode},{after + rng.normal(0, READING):.5f},good"
            )
    return lines


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Predictor]:
    """Porosity of 24 electrodes, learnt once."""
    folder = tmp_path_factory.mktemp("watched")
    training = read_training(written(folder, made(np.random.default_rng(1), 24), LEARNT))
    with Predictor(stored_of(training, train(training.learning, ("quadratic",)))) as ready:
        yield ready


def seen(
    predictor: Predictor, folder: Path, lines: list[str], look: int = 1, dataset: str = DATASET
) -> Watched:
    """Hold the predictor against rows."""
    written(folder, lines, dataset=dataset)
    return watch(predictor, read_dataset(folder / "data.yaml"), look)


def test_data_of_the_same_line_propose_nothing(predictor: Predictor, tmp_path: Path) -> None:
    """Forty deliveries of the same law: at most two proposals where one in twenty is allowed.

    Electrodes count, not rows: with rows as independent most of them would be proposed.
    """
    found = [
        seen(predictor, tmp_path, made(np.random.default_rng(seed), 12)).verdict
        for seed in range(100, 140)
    ]
    assert found.count(RETRAIN) <= 2
    assert found.count(KEEP) >= 36


@pytest.mark.parametrize(
    ("shift", "scatter", "check"), [(1.5, ELECTRODE, "error"), (0.0, 2.5, "intervals")]
)
def test_what_changed_is_found(
    predictor: Predictor, tmp_path: Path, shift: float, scatter: float, check: str
) -> None:
    """Porosity 1.5 % higher: the mean error. Electrodes six times as different: intervals."""
    rng = np.random.default_rng(5)
    found = seen(predictor, tmp_path, made(rng, 24, shift, scatter))
    assert found.verdict == RETRAIN
    assert check in [each.name for each in found.checks if each.fails]


def test_one_lot_that_is_wholly_wrong_is_named(predictor: Predictor, tmp_path: Path) -> None:
    """Of 20 electrodes one is 15 % off: no mean moves, and it is to be looked at."""
    rng = np.random.default_rng(11)
    lines = made(rng, 20)
    for at, line in enumerate(lines):
        load, before, electrode, after, rest = line.split(",")
        if electrode == "E7":
            lines[at] = f"{load},{before},{electrode},{float(after) + 15:.5f},{rest}"
    found = seen(predictor, tmp_path, lines)
    assert [text.split(":")[0] for text in found.apart] == ["E7"]
    assert found.verdict in {LOOK, RETRAIN}
    assert any("Apart: E7: what was said is" in text for text in sentences(found))
    assert not seen(predictor, tmp_path, made(rng, 20)).apart


def test_a_share_inside_is_counted_as_by_hand(predictor: Predictor, tmp_path: Path) -> None:
    """Rows inside of their intervals, told by `predict` of the same rows."""
    found = seen(predictor, tmp_path, made(np.random.default_rng(8), 6))
    data = read_dataset(tmp_path / "data.yaml")
    told = predictor.predict(
        np.stack([data.numbers("line_load"), data.numbers("porosity_before")], axis=1)
    )
    truth = data.numbers("porosity")
    inside = int(((told.low <= truth) & (truth <= told.high)).sum())
    assert f"{inside} of {found.known} inside of 90" in found.checks[1].said.replace(",", "")
    assert (found.rows, found.groups, found.group) == (36, 6, "electrode")


def test_features_that_left_the_training_are_named_without_any_outcome(
    predictor: Predictor, tmp_path: Path
) -> None:
    """Denser webs, nothing measured after the calender: to be looked at, and which feature."""
    without = "\n".join(line for line in DATASET.splitlines() if "role: target" not in line)
    found = seen(predictor, tmp_path, made(np.random.default_rng(9), 6, before=47.8), 1, without)
    assert found.verdict == LOOK
    assert found.known == 0
    assert not found.checks
    assert len(found.moved) == 1
    assert found.moved[0].startswith("porosity before: half of the rows are beyond 5")


@pytest.mark.parametrize("electrodes", [1, 3])
def test_three_electrodes_prove_nothing_but_are_to_be_looked_at(
    predictor: Predictor, tmp_path: Path, electrodes: int
) -> None:
    """5 % too high is said, with a look and no proposal; of unchanged ones at most 3 in 30 are."""
    found = seen(predictor, tmp_path, made(np.random.default_rng(9), electrodes, 5.0))
    text = " ".join(sentences(found))
    assert found.verdict == LOOK
    assert [each.chance for each in found.checks] == [None]
    assert f"half-widths of an interval too low, 0 of {6 * electrodes} inside of 90 %" in text
    assert "Whether it comes true cannot be told: that takes outcomes in 4 groups." in text
    same = [
        seen(predictor, tmp_path, made(np.random.default_rng(seed), electrodes)).verdict
        for seed in range(200, 230)
    ]
    assert same.count(LOOK) <= 3
    assert RETRAIN not in same


def test_outcomes_in_another_unit_are_told_as_such(predictor: Predictor, tmp_path: Path) -> None:
    """Porosity of 0.28 %: a share that was taken for per cent."""
    lines = [line.split(",") for line in made(np.random.default_rng(4), 6)]
    small = [[*line[:3], f"{float(line[3]) / 100:.6f}", *line[4:]] for line in lines]
    found = seen(predictor, tmp_path, [",".join(line) for line in small])
    said = "36 of 36 outcomes are below what was said by a factor of 100 (per cent and share)"
    assert found.strange == (f"{said}, as if in another unit",)
    assert (found.verdict, found.known, found.checks) == (LOOK, 0, ())
    assert "Mend the table, and look again." in sentences(found)[-1]
    mixed = [",".join(each) for each in (*small[:6], *lines[6:])]
    some = seen(predictor, tmp_path, mixed)
    assert some.strange[0].startswith("6 of 36 outcomes are below")
    assert (some.known, some.verdict) == (30, LOOK)


def test_an_outcome_that_cannot_be_leaves_the_others_in_place(
    predictor: Predictor, tmp_path: Path
) -> None:
    """Porosity of 0 in one row: told; the rest is judged as ever, and errors that fail are seen."""
    lines = [line.split(",") for line in made(np.random.default_rng(4), 24, 1.5)]
    lines[3][3] = "0"
    found = seen(predictor, tmp_path, [",".join(line) for line in lines])
    assert found.strange == ("1 outcome is not between 0 % and 100 %, as porosity has to be",)
    assert found.verdict == LOOK
    assert all(np.isfinite(check.chance or 0.0) for check in found.checks)
    assert any(check.fails for check in found.checks)
    json.dumps(found.content(), allow_nan=False)


def test_looks_share_one_chance(predictor: Predictor, tmp_path: Path) -> None:
    """Levels of all looks add up to the one chance; the tenth needs far more than the first."""
    levels = [FALSE_PROPOSALS * 6 / (math.pi * look) ** 2 for look in range(1, 100_000)]
    assert sum(levels) == pytest.approx(FALSE_PROPOSALS, rel=1e-4)
    lines = made(np.random.default_rng(26), 6, 1.1)
    early = seen(predictor, tmp_path, lines, 1)
    late = seen(predictor, tmp_path, lines, 40)
    assert early.checks[0].chance == late.checks[0].chance
    assert early.checks[0].fails
    assert not late.checks[0].fails


def test_the_rows_of_the_training_show_nothing(predictor: Predictor, tmp_path: Path) -> None:
    """Refused: of what it has learnt it knows the answers."""
    with pytest.raises(ScenarioError, match="was trained on these very rows"):
        seen(predictor, tmp_path, made(np.random.default_rng(1), 24))
    some = made(np.random.default_rng(1), 24)[:12]
    new = [line.replace(",E", ",F") for line in made(np.random.default_rng(7), 6)]
    for trained in (some, some[::-1]):
        with pytest.raises(ScenarioError, match="was trained on rows of E0, E1: they show"):
            seen(predictor, tmp_path, [*new, *trained])
    others = [line.replace(",F", ",E") for line in new]  # of the same names, but other rolls
    assert seen(predictor, tmp_path, others).verdict == KEEP


def test_a_rate_that_has_grown_is_found(tmp_path: Path) -> None:
    """Scrap at a tenth in the training, a third in new rolls; a tenth in others is left alone."""

    def rolls(rng: np.random.Generator, rate: float) -> list[str]:
        return [
            f"{rng.uniform(100, 900):.2f},{rng.uniform(40, 50):.3f},R{roll},"
            f"{int(rng.random() < rate)},good"
            for roll in range(15)
            for _ in range(40)
        ]

    dataset = DATASET.replace(
        'porosity: {column: after, unit: "%"', 'bad: {column: after, unit: "1"'
    )
    text = "schema: 1\nname: bad\ndataset: data.yaml\ntarget: bad\ngroups: [electrode]\n"
    text += "candidates: [linear]\n"
    training = read_training(written(tmp_path, rolls(np.random.default_rng(1), 0.1), text, dataset))
    with Predictor(stored_of(training, train(training.learning, ("linear",)))) as scrap:
        grown, same = (
            seen(scrap, tmp_path, rolls(np.random.default_rng(2), rate), 1, dataset)
            for rate in (0.33, 0.1)
        )
    assert (grown.verdict, same.verdict) == (RETRAIN, KEEP)
    assert "33" in grown.checks[0].said or "34" in grown.checks[0].said


def test_probabilities_that_tell_nothing_any_more_are_found(tmp_path: Path) -> None:
    """Scrap grows with the load. At the same rate: shuffled, or the other way round."""

    def rolls(rng: np.random.Generator, how: str) -> list[str]:
        load = rng.uniform(100, 900, 600)
        risk = 1 / (1 + np.exp(-(load - 700) / 60))
        bad = (rng.random(600) < risk).astype(int)
        if how == "shuffled":
            bad = rng.permutation(bad)
        if how == "turned":
            bad = np.sort(bad)[::-1][np.argsort(np.argsort(load))]
        return [
            f"{load[at]:.2f},{rng.uniform(40, 50):.3f},R{at // 40},{bad[at]},good"
            for at in range(600)
        ]

    dataset = DATASET.replace(
        'porosity: {column: after, unit: "%"', 'bad: {column: after, unit: "1"'
    )
    text = "schema: 1\nname: bad\ndataset: data.yaml\ntarget: bad\ngroups: [electrode]\n"
    text += "candidates: [linear]\n"
    training = read_training(written(tmp_path, rolls(np.random.default_rng(1), ""), text, dataset))
    with Predictor(stored_of(training, train(training.learning, ("linear",)))) as scrap:
        same, shuffled, turned = (
            seen(scrap, tmp_path, rolls(np.random.default_rng(7), how), 1, dataset)
            for how in ("", "shuffled", "turned")
        )
        assert same.verdict == KEEP
        for found in (shuffled, turned):
            assert found.verdict == RETRAIN
            assert [each.name for each in found.checks if each.fails] == ["relation"]
        stray = [line.replace(",1,good", ",2,good") for line in rolls(np.random.default_rng(8), "")]
        with pytest.raises(ScenarioError, match="are neither 0 nor 1"):
            seen(scrap, tmp_path, stray, 1, dataset)


def test_the_command_keeps_its_looks(predictor: Predictor, tmp_path: Path) -> None:
    """Each data set is one look, however often it is asked; the log's hashes hold."""
    training = read_training(written(tmp_path, made(np.random.default_rng(1), 24), LEARNT))
    stored = stored_of(training, train(training.learning, ("quadratic",)))
    write(stored, tmp_path / "p.predictor")
    log = tmp_path / "watch.log"
    told = []
    for seed, shift in ((50, 0.0), (51, 1.5), (50, 0.0)):
        written(tmp_path, made(np.random.default_rng(seed), 12, shift))
        data = ["--data", str(tmp_path / "data.yaml"), "--log", str(log)]
        done = CliRunner().invoke(app, ["surrogate", "watch", str(tmp_path / "p.predictor"), *data])
        assert done.exit_code == 0, done.output
        told.append(" ".join(done.output.split()))
    assert "Nothing speaks for training anew. Look 1, kept in" in told[0]
    assert "Training anew is proposed; nothing was changed." in told[1]
    assert "surrogate train FILE --registry FOLDER" in told[1]
    assert told[2].split("Look")[0] == told[0].split("Look")[0]
    assert "Look 1, kept in" in told[2]
    kept = [entry for entry in entries(log) if entry.what == "predictor watched"]
    assert [entry.after["look"] for entry in kept] == [1, 2]
    assert [entry.after["verdict"] for entry in kept] == [KEEP, RETRAIN]
    verify(log)
    done = CliRunner().invoke(
        app, ["surrogate", "watch", str(tmp_path / "p.predictor"), *data, "--json"]
    )
    assert json.loads(done.output)["checks"]["error"]["fails"] is False
    whole = log.read_bytes()
    for damaged in (whole[:-30], whole.replace(b'"verdict":"keep"', b'"verdict":"none"'), b"x"):
        log.write_bytes(damaged)
        done = CliRunner().invoke(app, ["surrogate", "watch", str(tmp_path / "p.predictor"), *data])
        assert isinstance(done.exception, TamperedError)
        assert "watch.log" in str(done.exception)
        assert log.read_bytes() == damaged


def test_few_groups_that_are_far_off_are_to_be_looked_at(
    predictor: Predictor, tmp_path: Path
) -> None:
    """Four electrodes, of which two are 3 % higher: chance may do that, and it is no `keep`."""
    rng = np.random.default_rng(3)
    lines = [*made(rng, 2, 3.0), *(line.replace(",E", ",F") for line in made(rng, 2))]
    found = seen(predictor, tmp_path, lines)
    assert found.verdict == LOOK
    assert any(check.off and not check.fails for check in found.checks)
    assert "4 groups cannot tell this from chance." in " ".join(sentences(found))
