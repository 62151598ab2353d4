"""Dataset files: canonical units, roles that are kept apart, and errors with file, key and line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from linetwin.errors import ScenarioError
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.data.review import content, review
from linetwin.surrogates.data.schema import DatasetFile

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FILES = Path(__file__).parent / "datasets"

HEAD = """\
schema: 1
dataset: trial
file: trial.csv
source: made up
licence: CC0-1.0
columns:
"""
TABLE = """\
load,temp,eps,sheet,mass,batch,ok
200,25,31.5,20-0001,1.2,A,yes
300,60,28.0,20-0002,0.8,A,no
400,,25.5,21-0003,1.0,B,
500,80,,21-0004,1.1,B,yes
"""
COLUMNS = """\
  line_load: {column: load, unit: N/mm, role: feature}
  roll_temperature: {column: temp, unit: degC, role: feature}
  porosity: {column: eps, unit: "%", role: target}
  day: {column: sheet, pattern: '^(\\d+)-', role: group}
  batch: {column: batch, role: group}
  kept: {column: ok, role: judgement}
  importance: {column: mass, role: weight}
"""


def written(folder: Path, columns: str = COLUMNS, head: str = HEAD, table: str = TABLE) -> Path:
    """Write a dataset file and its table."""
    (folder / "trial.csv").write_text(table, encoding="utf-8")
    file = folder / "trial.yaml"
    file.write_text(head + columns, encoding="utf-8")
    return file


def refused(file: Path, data: Path | None = None) -> str:
    """Return what is said of a file that cannot be read."""
    with pytest.raises(ScenarioError) as caught:
        read_dataset(file, data)
    return str(caught.value)


def test_values_come_in_canonical_units(tmp_path: Path) -> None:
    """Numbers are SI whatever the table's unit; gaps are NaN, texts are texts, rows are lines."""
    data = read_dataset(written(tmp_path))
    np.testing.assert_allclose(data.numbers("line_load"), [2e5, 3e5, 4e5, 5e5])
    np.testing.assert_allclose(data.numbers("roll_temperature"), [298.15, 333.15, np.nan, 353.15])
    np.testing.assert_allclose(data.numbers("porosity"), [0.315, 0.28, 0.255, np.nan])
    assert data.frame["day"].tolist() == ["20", "20", "21", "21"]
    assert data.row(2) == "line 4"
    assert (data.features, data.targets) == (("line_load", "roll_temperature"), ("porosity",))
    assert data.groups == ("day", "batch")
    assert data.of_role("judgement") == ("kept",)
    assert data.columns["line_load"].shown(2e5) == "200 N/mm"
    assert data.columns["roll_temperature"].shown_difference(10.0) == "10 °C"
    assert data.digest == hashlib.sha256((tmp_path / "trial.csv").read_bytes()).hexdigest()
    assert not data.simulated


def test_a_factor_is_no_part_of_what_is_shown(tmp_path: Path) -> None:
    """Values are told in the column's unit after its factor; tenths of a degree are degrees."""
    columns = (
        COLUMNS.replace("{column: temp, unit: degC,", "{column: temp, unit: degC, factor: 0.1,")
        + "  signal: {column: mass, unit: mV, factor: 0.5, role: feature}\n"
    )
    data = read_dataset(written(tmp_path, columns.replace("  importance: {column: mass", "#")))
    np.testing.assert_allclose(data.numbers("roll_temperature"), [275.65, 279.15, np.nan, 281.15])
    spec = data.columns["signal"]
    np.testing.assert_allclose(data.numbers("signal"), [6e-4, 4e-4, 5e-4, 5.5e-4])
    assert (spec.shown(6e-4), spec.shown_difference(1e-4)) == ("0.6 mV", "0.1 mV")


def test_groups_have_codes(tmp_path: Path) -> None:
    """Rows alike in all named groups share a code; a row without a name is alone."""
    table = TABLE.replace("21-0004,1.1,B", "21-0004,1.1,")
    data = read_dataset(written(tmp_path, table=table))
    assert data.codes("batch").tolist() == [0, 0, 1, 2]
    assert data.codes("day", "batch").tolist() == [0, 0, 1, 2]
    assert data.codes().tolist() == [0, 1, 2, 3]


def test_other_forms_of_columns(tmp_path: Path) -> None:
    """What the vocabulary lacks has a unit or a quantity of its own; limits leave rows out."""
    columns = """\
  nip: {column: load, unit: um, role: feature}
  half_load: {column: load, unit: N/mm, factor: 0.5, quantity: line_load, role: feature}
  porosity: {column: eps, unit: "%", role: target, between: [26, 30 %]}
  spread: {column: mass, unit: "%", role: uncertainty, of: porosity}
  batch: {columns: [batch, ok], role: group}
"""
    data = read_dataset(written(tmp_path, columns))
    np.testing.assert_allclose(data.numbers("nip"), [3e-4, 5e-4])  # 31.5 and 25.5 % lie outside
    np.testing.assert_allclose(data.numbers("half_load"), [1.5e5, 2.5e5])
    np.testing.assert_allclose(data.numbers("spread"), [0.008, 0.011])
    assert data.columns["nip"].shown(3e-4) == "300 µm"
    assert data.frame["batch"].tolist() == ["A / no", "B / yes"]
    assert data.left_out == {"porosity outside of its limits": 2}


def test_a_table_on_the_command_line(tmp_path: Path) -> None:
    """A table that is given stands in place of the file's own; a file needs none then."""
    file = written(tmp_path, head=HEAD.replace("file: trial.csv\n", ""))
    assert len(read_dataset(file, tmp_path / "trial.csv").frame) == 4
    assert "no table is named" in refused(file)
    assert "does not exist" in refused(file, tmp_path / "gone.csv")


def test_parquet_tells_the_same(tmp_path: Path) -> None:
    """A Parquet file with the same cells is the same dataset."""
    file = written(tmp_path)
    pd.read_csv(tmp_path / "trial.csv").to_parquet(tmp_path / "trial.parquet")
    one, other = read_dataset(file), read_dataset(file, tmp_path / "trial.parquet")
    np.testing.assert_array_equal(one.numbers("porosity"), other.numbers("porosity"))
    assert other.row(2) == "row 3"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("unit: N/mm", "unit: degC", "columns.line_load.unit: 'degC' does not fit"),
        ("column: load", "column: lode", "did you mean load?"),
        ("role: target", "role: aim", "'aim' is not allowed"),
        ("line_load: {column: load, unit: N/mm", "lineload: {column: load", "write unit: mm"),
        ("role: feature}", "role: feature, hue: red}", "unknown key"),
        (", role: judgement", ", role: judgement, of: porosity", "is for uncertainty"),
        ("'^(\\d+)-'", "'['", "is no regular expression"),
        ("'^(\\d+)-'", "'\\d+'", "has no group in brackets"),
        ("'^(\\d+)-'", "'(zzz)'", "is found in no text of 'sheet'"),
        ("column: temp, unit: degC", "column: batch, unit: degC", "'A' is no number"),
        ("column: load, unit: N/mm", "columns: [load, eps], unit: N/mm", "is for group"),
        ('unit: "%", role: target', 'unit: "%", role: target, between: [0.5, wide]', "wide"),
        ("column: mass, role: weight", "column: neg, role: weight", "a weight is negative"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Each mistake names the file, the key and what is allowed."""
    lines = TABLE.splitlines()
    table = "\n".join([f"{lines[0]},neg", *(f"{line},-1" for line in lines[1:])])
    assert old in COLUMNS
    text = refused(written(tmp_path, COLUMNS.replace(old, new, 1), table=table))
    assert said in text
    assert "trial." in text


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("good: {column: ok, role: outcome}", "a person's judgement never trains as truth"),
        ("good: {column: ok, unit: '1', role: target}", "never trains as truth"),
        ("again: {column: eps, unit: '%', quantity: porosity, role: feature}",
         "what is to be predicted is not known beforehand"),
    ],
)  # fmt: skip
def test_a_judgement_is_no_target(tmp_path: Path, extra: str, said: str) -> None:
    """A column of judgements is no truth, and a target is no feature, under whatever name."""
    assert said in refused(written(tmp_path, COLUMNS + f"  {extra}\n"))


def test_asking_for_a_column(tmp_path: Path) -> None:
    """Who asks for a target that is none hears why, and which there are."""
    data = read_dataset(written(tmp_path))
    assert data.spec("porosity", "target").unit == "1"
    for name, said in (
        ("kept", "'kept' is a person's judgement"),
        ("line_load", "'line_load' is feature, not target"),
        ("porosty", "did you mean porosity?"),
    ):
        with pytest.raises(ScenarioError, match=said.replace("?", r"\?")):
            data.spec(name, "target")


def test_files_that_are_no_dataset(tmp_path: Path) -> None:
    """Empty, damaged or foreign files end with a message."""
    file = written(tmp_path)
    assert "trial.yaml" in refused(written(tmp_path, head="", columns="- a\n"))
    assert "missing key" in refused(written(tmp_path, head=HEAD.replace("source: made up\n", "")))
    assert "line 3" not in refused(written(tmp_path, table="load,temp\n1\n"))
    file = written(tmp_path, head=HEAD.replace("columns:", "only: {batch: C*}\ncolumns:"))
    assert "no row is left" in refused(file)


def test_gauges_are_read(tmp_path: Path) -> None:
    """A gauge is stated in amounts, or a study beside the file tells it; never both."""
    file = written(tmp_path)
    (tmp_path / "study.csv").write_text(
        "part,who,value,reference\n"
        + "".join(
            f"p{p},{who},{20 + 5 * p + 0.3 * (who == 'b') + 0.1 * k},{20 + 5 * p}\n"
            for p in range(4)
            for who in "ab"
            for k in range(2)
        ),
        encoding="utf-8",
    )
    stated = "gauge: {porosity: {bias: 0.1 %, repeatability: 0.2 %, reproducibility: 0.1 %}}\n"
    study = (
        "gauge: {porosity: {study: {file: study.csv, part: part, operator: who, "
        'reading: {column: value, unit: "%"}, reference: {column: reference, unit: "%"}}}}\n'
    )
    file.write_text(HEAD + COLUMNS + stated, encoding="utf-8")
    gauge = read_dataset(file).gauges["porosity"]
    assert (gauge.bias, gauge.repeatability) == (pytest.approx(0.001), pytest.approx(0.002))
    file.write_text(HEAD + COLUMNS + study, encoding="utf-8")
    gauge = read_dataset(file).gauges["porosity"]
    assert gauge.study is not None
    assert gauge.bias == pytest.approx(0.002)  # 0, 0.1, 0.3 and 0.4 % above the reference
    assert gauge.repeatability == pytest.approx(np.sqrt(0.02 / 4) / 100, rel=0.6)
    for text, said in (
        (stated.replace("repeatability: 0.2 %, ", ""), "does not say how well it repeats"),
        (stated.replace("0.2 %", "2 um"), "gauge.porosity.repeatability"),
        (stated.replace("0.2 %", "0.2"), "0.2 has no unit (such as 0.2 %)"),
        (stated.replace("{porosity:", "{batch:"), "there is no column of numbers 'batch'"),
        (study.replace("file: study.csv", "file: gone.csv"), "gone.csv does not exist"),
        (study.replace("{study:", "{bias: 0.1 %, study:"), "has bias beside a study"),
        (study.replace("part: part", "part: piece"), "no column 'piece'"),
    ):
        file.write_text(HEAD + COLUMNS + text, encoding="utf-8")
        assert said in refused(file)


@pytest.mark.parametrize(
    ("name", "rows", "levels"),
    [("calendering", 14, {"electrode": 4}), ("coating_heterogeneity", 144, {"slurry": 24}),
     ("rheology", 24, {"level": 8}), ("kiprobatt", 104, {"campaign": 13})],
)  # fmt: skip
def test_shared_tables(name: str, rows: int, levels: dict[str, int]) -> None:
    """The shared tables are read whole, with their groups."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared/data")
    data = read_dataset(FILES / f"{name}.yaml")
    assert len(data.frame) == rows
    assert {group: data.frame[group].nunique() for group in levels} == levels


def test_fce_of_kiprobatt() -> None:
    """The first-cycle efficiency of the cells that lived is the published 0.8517 +- 0.0089."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared/data")
    values = read_dataset(FILES / "kiprobatt.yaml").numbers("first_cycle_efficiency")
    known = values[np.isfinite(values)]
    assert (len(known), round(known.mean(), 4), round(known.std(ddof=1), 4)) == (
        103,
        0.8517,
        0.0089,
    )


FRAGMENTS = ("", "0", "-1", "1e308", "inf", "nan", "[]", "{}", "null", "%", "um", "target", "\n",
             ":", ",", ";", "'", "é")  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from((0, 1)), st.integers(0, 10_000), st.integers(0, 8), st.sampled_from(FRAGMENTS)
)
def test_damaged_files_are_read_or_refused(
    tmp_path: Path, which: int, at: int, length: int, put: str
) -> None:
    """Whatever is cut out of a file and put in its place: it is reviewed, or refused in words."""
    texts = [HEAD + COLUMNS, TABLE * 3]
    text = texts[which]
    at %= len(text)
    texts[which] = text[:at] + put + text[at + length :]
    try:
        data = read_dataset(written(tmp_path, texts[0], "", texts[1]))
    except ScenarioError:
        return
    assert content(review(data))["rows"] == len(data.frame)


def test_documented_files_are_read() -> None:
    """What docs/surrogates.md shows as a dataset file is what the schema takes."""
    text = (Path(__file__).parents[2] / "docs" / "surrogates.md").read_text(encoding="utf-8")
    blocks = [part.split("```")[0] for part in text.split("```yaml\n# dataset\n")[1:]]
    shown = [
        DatasetFile.model_validate(YAML(typ="safe", pure=True).load(block)) for block in blocks
    ]
    assert [each.dataset for each in shown] == ["calendering", "kiprobatt", "webs"]
