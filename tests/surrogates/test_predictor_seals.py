"""A card that was edited is noticed; one that no training can have written is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from surrogates.forged import forged, members, seal_of, zipped
from surrogates.learners import DATASET, PHYSICS, TRAINING, rows, trained, written
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.errors import ScenarioError
from linetwin.predictors.evaluating import load
from linetwin.predictors.store import read, write
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.registry import enter
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.writing import _kept, stored_of
from linetwin.surrogates.watching import watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHANGED = "its card or its model was changed after it was made"
CHANCE = "\n".join(
    line
    for line in TRAINING.replace("target: porosity", "target: is_scrap").splitlines()
    if not line.startswith("laws")
)


def _chances(folder: Path) -> Path:
    """Write a training of the probability of scrap, 96 rows in 12 groups."""
    rng = np.random.default_rng(3)
    table = [
        f"{rng.uniform(100, 900):g},{rng.uniform(40, 50):g},E{at // 8},{int(rng.random() < 0.4)},x"
        for at in range(96)
    ]
    dataset = DATASET.replace(
        'porosity: {column: after, unit: "%"', 'is_scrap: {column: after, unit: "1"'
    )
    return written(folder, table, CHANCE, dataset)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A linear predictor of porosity from two features, 48 rows of 8 electrodes."""
    folder = tmp_path_factory.mktemp("sealed")
    write(trained(folder, rows())[1], folder / "p.predictor")
    return folder / "p.predictor"


@pytest.fixture(scope="module")
def scrap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A predictor of a probability."""
    folder = tmp_path_factory.mktemp("chance")
    training = read_training(_chances(folder))
    write(stored_of(training, train(training.learning, ("mean",))), folder / "p.predictor")
    return folder / "p.predictor"


def _reason(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        read(path)
    return str(caught.value)


def _narrow(card: dict[str, Any]) -> None:
    for region in card["regions"]:
        region["half_width"] /= 100


_EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "half-widths": _narrow,
    "sentence": lambda card: card["said"].__setitem__(0, "Its error is 0.001 %."),
    "error": lambda card: card["candidates"][0].update(error=1e-9),
    "coverage": lambda card: card.update(coverage=0.98),
    "made": lambda card: card.update(made="2020-01-01T00:00:00+00:00"),
    "licence": lambda card: card["data"].update(licence="none"),
    "left out": lambda card: card["levels"].clear() or card["target"].pop("chance"),
}


@pytest.mark.parametrize("name", list(_EDITS))
def test_an_edited_card_is_refused(file: Path, tmp_path: Path, name: str) -> None:
    """Whatever is edited, each value possible by itself."""
    card, graph = members(file)
    _EDITS[name](card)
    other = zipped(tmp_path / "p.predictor", json.dumps(card), graph)
    assert f"p.predictor: {CHANGED}" in _reason(other)


def test_commands_end_at_an_edited_card(file: Path, tmp_path: Path) -> None:
    """`card`, `predict` and `export`: exit code 2 with the file; nothing is written."""
    card, graph = members(file)
    _narrow(card)
    other = zipped(tmp_path / "p.predictor", json.dumps(card), graph)
    asked = ("--set", "line_load=500 N/mm", "--set", "porosity_before=44 %")
    for more in (("card",), ("predict", *asked), ("export", "-o", str(tmp_path / "p.fmu"))):
        told = CliRunner().invoke(app, ["surrogate", more[0], str(other), *more[1:]])
        assert isinstance(told.exception, ScenarioError)
        assert told.exception.exit_code == 2
        assert f"p.predictor: {CHANGED}" in str(told.exception)
    assert not (tmp_path / "p.fmu").exists()


def test_the_seal_is_of_card_and_model(file: Path, tmp_path: Path) -> None:
    """It is what the docs say, whatever blanks and order; missing, or with a doubled key: refused.

    One who seals a changed card anew is not noticed, as no signature is there; the hash is another.
    """
    card, graph = members(file)
    assert card["model_digest"] == seal_of(card, graph) == read(file).card.model_digest
    again = dict(reversed(card.items()))
    other = tmp_path / "p.predictor"
    assert read(zipped(other, json.dumps(again), graph)) == read(file)
    assert CHANGED in _reason(zipped(other, json.dumps(card), graph + b"\0"))
    del again["model_digest"]
    assert "card.json: model_digest: Field required" in _reason(
        zipped(other, json.dumps(again), graph)
    )
    twice = '{"made": "2020-01-01T00:00:00+00:00",' + json.dumps(card)[1:]
    assert "card.json: a key stands there twice" in _reason(zipped(other, twice, graph))
    _narrow(card)
    resealed = read(forged(other, card, graph)).card
    assert resealed.model_digest == seal_of(card, graph) != read(file).card.model_digest


def test_another_card_is_another_hash(file: Path, tmp_path: Path) -> None:
    """What a watch logs, what `card` prints and the names of a registry's earlier versions."""
    card, graph = members(file)
    _narrow(card)
    other = forged(tmp_path / "p.predictor", card, graph)
    data = read_dataset(
        written(tmp_path, [line.replace(",E", ",F") for line in rows(0.5)]).with_name("data.yaml")
    )
    hashes = []
    for each in (file, other):
        with load(each) as predictor:
            hashes.append(watch(predictor, data).content()["model_sha256"])
        told = CliRunner().invoke(app, ["surrogate", "card", str(each)])
        assert hashes[-1] in told.output
    assert hashes[0] != hashes[1]
    assert hashes == [seal_of(*members(each)) for each in (file, other)]
    better = read(file).card
    held = [part.model_copy(update={"squares": part.squares / 9}) for part in better.held_out]
    for at, path in enumerate((file, other)):
        registry = tmp_path / f"registry{at}"
        enter(read(path), registry)
        done = enter(
            type(read(file))(better.model_copy(update={"held_out": held}), graph), registry
        )
        assert done.taken
        (earlier,) = (registry / "earlier").iterdir()
        assert earlier.name == f"porosity-{hashes[at][:12]}.predictor"
        assert read(earlier) == read(path)


_WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "inside": (lambda c: c["covered"][0].update(inside=999), "covered.0: 999 inside of 48 rows"),
    "share": (lambda c: c["covered"][0].update(inside=2), "covered.0: a share of 0.0417, its"),
    "rows": (lambda c: c["data"].update(rows=5), "data: 8 groups of 5 rows"),
    "more rows": (lambda c: c["data"].update(rows=4800), "held_out: 48 rows, data.rows says 4,800"),
    "groups": (lambda c: c["data"].update(groups=40), "held_out: 8 groups, data.groups says 40"),
    "zero": (
        lambda c: [each.update(half_width=0.0) for each in c["regions"]],
        "regions: half-widths of 0, though linear has errors",
    ),
    "regions": (lambda c: c["regions"][-1].update(rows=400), "data.rows says 48"),
    "reach": (lambda c: c["seen"].update(reach=1e9), "seen.reach: is 1e+09, no two points are"),
    "points": (lambda c: c["seen"]["points"][0].__setitem__(0, 7.0), "seen.points: one lies out"),
    "coverage": (lambda c: c.update(coverage=0.999), "coverage: is 0.999, not from 0.5 to 0.99"),
    "made": (lambda c: c.update(made="yesterday"), "made: is no time with its zone"),
    "no zone": (lambda c: c.update(made="2026-11-22T10:00:00"), "made: is no time with its zone"),
    "name": (lambda c: c.update(name="../../evil"), "card.json: name: String should match"),
    "target": (lambda c: c["target"].update(name="a/b"), "target.name: is not letters, digits"),
    "twice": (lambda c: c["features"][1].update(name="line_load"), "features: one stands there"),
    "no log": (lambda c: c["features"][0].update(log=True, low=-1.0), "features.0.low: has no log"),
    "winner": (lambda c: c.update(winner="trees"), "winner: trees is none of the candidates"),
    "error": (lambda c: c["candidates"][0].update(error=-1.0), "candidates.0: an error of -1"),
    "chance": (lambda c: c["target"].update(chance=True), "covered: is not for such a target"),
    "score": (lambda c: c.update(score="log_loss"), "score: log_loss of what is no probability"),
    "effective": (lambda c: c["data"].update(effective=1e6), "data.effective: as many as 1e+06"),
}


@pytest.mark.parametrize("name", list(_WRONG))
def test_what_no_training_writes_is_refused_though_sealed(
    file: Path, tmp_path: Path, name: str
) -> None:
    """Counts, intervals, times and names that contradict each other, each with its key."""
    change, said = _WRONG[name]
    card, graph = members(file)
    change(card)
    assert said in _reason(forged(tmp_path / "p.predictor", card, graph))


def test_what_no_training_of_a_chance_writes_is_refused(scrap: Path, tmp_path: Path) -> None:
    """More ones than rows, an interval turned round, none at all."""
    for change, said in (
        (lambda c: c["calibrated"][0].update(ones=97), "calibrated.0: 97 were 1 of 96 rows"),
        (lambda c: c["calibrated"][0].update(low=0.9, high=0.1), "an interval from 0.9 to 0.1"),
        (lambda c: c["calibrated"][0].update(rows=90), "calibrated.0: 90 rows, data.rows says 96"),
        (lambda c: c["calibrated"].clear(), "calibrated: is missing"),
    ):
        card, graph = members(scrap)
        change(card)
        assert said in _reason(forged(tmp_path / "p.predictor", card, graph))


def test_what_a_training_writes_is_read(tmp_path: Path) -> None:
    """Physics alone, without any scatter, the widest and narrowest coverage, groups of one row."""
    ones = [line.replace(",E", f",G{at}-") for at, line in enumerate(rows())]
    for at, (table, text) in enumerate((
        (rows(0.0), TRAINING.replace("[linear]", "[physics]") + PHYSICS),
        (rows(), TRAINING.replace("[linear]", "[mean, linear]") + "coverage: 99 %\n"),
        (ones, TRAINING.replace("[linear]", "[mean]") + "coverage: 50 %\n"),
    )):  # fmt: skip
        stored = trained(tmp_path, table, text)[1]
        write(stored, tmp_path / f"{at}.predictor")
        assert read(tmp_path / f"{at}.predictor") == stored


def test_of_many_groups_the_same_are_kept() -> None:
    """A card keeps 10,000 held-out groups; two versions with most groups in common keep most."""
    labels = [f"roll-{number}" for number in range(12_000)]
    first = {labels[code] for code in _kept(labels)}
    second = {labels[600:][code] for code in _kept(labels[600:])}
    assert len(first) == len(second) == 10_000
    assert len(first & second) > 9_400
    assert _kept(labels[:10_000]) == list(range(10_000))
