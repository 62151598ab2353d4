"""The way back: a line and a recipe from shells give the scenario that they were made of."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from basyx.aas import model
from basyx.aas.util.traversal import walk_submodel
from cardinality import TEMPLATES, faults
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neighbours import module_of
from ruamel.yaml import YAML

from linetwin.cosim.description import read_description
from linetwin.cosim.groups import read_group
from linetwin.errors import ScenarioError
from linetwin.scenario import forms, load
from linetwin.scenario.calendars import read_calendars, written_hours
from linetwin.scenario.document import Document
from linetwin.scenario.problems import Problems
from linetwin.scenario.resolved import CalendarConfig
from linetwin.shells.building import UNIT
from linetwin.shells.checking import check
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.lining import line_document
from linetwin.shells.reading import read
from linetwin.shells.writing import write

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
random_lines = module_of("line", "random_lines")
yaml = YAML(typ="safe", pure=True)
NOT_COMPARED = {"origin", "key", "text", "files", "place", "at"}
"""Where a value was read, which is another file now."""


FOLDERS = re.compile(r"^(set by the user in ).*/")


def leaves(item: object, way: str = "") -> Iterator[tuple[str, str]]:
    """Yield all that a scenario holds, in its order, but where it was read."""
    if is_dataclass(item) and not isinstance(item, type):
        for field in fields(item):
            if field.name not in NOT_COMPARED:
                yield from leaves(getattr(item, field.name), f"{way}/{field.name}")
    elif isinstance(item, Mapping):
        items = (
            sorted(item.items()) if way == "/recipe" else item.items()
        )  # its order is its file's
        for key, value in items:
            yield from leaves(value, f"{way}/{key}")
    elif isinstance(item, (list, tuple)):
        for place, each in enumerate(item):
            yield from leaves(each, f"{way}/{place}")
    else:
        text = FOLDERS.sub(r"\1", item) if isinstance(item, str) else repr(item)
        yield way, f"{type(item).__name__} {text}"


def there_and_back(
    file: Path, folder: Path, ending: str, *, ports: bool = True, files: bool = True
) -> list[tuple[object, object]]:
    """Return what differs between a scenario and one whose line and recipe are its shells."""
    scenario = load(file)
    wanted = Wanted(with_ports=ports, with_files=files, base=file)
    write(describe(scenario, wanted), folder / f"shells{ending}")
    order = yaml.load(file.read_text("utf-8"))
    order["line"] = order["recipe"] = f"shells{ending}"
    if "prices" in order:
        order["prices"] = str(file.parent / order["prices"])
    with (folder / "again.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(order, stream)
    own = re.compile(rf"(by the user in )({re.escape(file.name)}|again\.yaml):\d+")
    both = zip_longest(
        *(
            [(way, own.sub(r"\1the scenario", text)) for way, text in leaves(each)]
            for each in (scenario, load(folder / "again.yaml"))
        )
    )
    return [(before, after) for before, after in both if before != after][:5]


@pytest.mark.parametrize("ending", [".aasx", ".xml"])
def test_the_baseline_comes_back_in_every_form(tmp_path: Path, ending: str) -> None:
    """Every value with unit, tag and source, every buffer, crew and calendar, in its order."""
    files = ending == ".aasx"  # no other form holds any
    file = SCENARIOS / "baseline.yaml"
    different = there_and_back(file, tmp_path, ending, ports=False, files=files)
    assert different == []


@pytest.mark.parametrize("name", ["pilot_week", "gigafactory_week"])
def test_shipped_scenarios_come_back(tmp_path: Path, name: str) -> None:
    """Groups of machines as well, and without the files of models, which the library has."""
    file = SCENARIOS / f"{name}.yaml"
    different = there_and_back(file, tmp_path, ".json", ports=False, files=False)
    assert different == []


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draft=random_lines.DRAFTS | random_lines.FILLED)
def test_random_lines_come_back(tmp_path: Path, draft: Any) -> None:  # noqa: ANN401
    """Lines with other numbers of machines, failures, services, crews and buffers."""
    within = (text for text in draft.settings if "loading_target" not in text)
    random_lines.scenario_of(replace(draft, settings=tuple(within)), tmp_path)
    different = there_and_back(
        tmp_path / "random.yaml", tmp_path, ".json", ports=False, files=False
    )
    assert different == []


def written_line(folder: Path, **changes: Any) -> Path:  # noqa: ANN401
    """Write the pilot line with changed stations, and a scenario on it; return the scenario."""
    line = yaml.load((SCENARIOS / "lines" / "pilot.yaml").read_text("utf-8"))
    for path, change in changes.items():
        line["stations"][path.replace("__", ".")] |= change
    order = yaml.load((SCENARIOS / "baseline.yaml").read_text("utf-8"))
    order |= {"line": "line.yaml", "recipe": str(SCENARIOS / order["recipe"])}
    del order["prices"]
    for name, written in (("line.yaml", line), ("order.yaml", order)):
        with (folder / name).open("w", encoding="utf-8") as stream:
            yaml.dump(written, stream)
    return folder / "order.yaml"


def test_everything_that_may_be_said_of_a_model_comes_back(tmp_path: Path) -> None:
    """Map, enumerations, fixed values of all kinds, events, time limits, and odd numbers."""
    drying = {
        "model": "drying",
        "isolate": True,
        "step_timeout": "90 s",
        "parameters": {
            "tortuosity": {"value": 0.1 + 0.2, "tag": "A", "source": "ends in many digits"},
            "foil_mass": {"value": "40 g/m2", "tag": "A", "source": "in a unit"},
            "dry_porosity": {"value": "31.4159 %", "tag": "A", "source": "a share"},
        },
        "map": {
            "air_temperature": {"variable": "T air [1]", "unit": "Cel", "offset": 0.5},
            "web_speed": "v",
            "solvent_pressure": {"variable": "p", "enumeration": {"low": 1.0, "high": "h"}},
        },
        "fixed": {"mode": "a b", "count": 2**60, "row": [1.0, 2.0], "mixed": [1.5, "x"]},
        "events": {"full": {"ends": "coat"}, "told": {}},
    }
    file = written_line(tmp_path, cathode__coater={"processes": {"drying": drying}})
    different = there_and_back(file, tmp_path, ".xml", ports=False, files=False)
    assert different == []


def test_machines_of_a_group_that_differ_come_back(tmp_path: Path) -> None:
    """What one machine of a group has of its own stays its own, in parameters, parts and models."""
    file = written_line(tmp_path, cell__stacker={"machines": 3})
    order = yaml.load(file.read_text("utf-8"))
    order["set"] = {
        "cell.stacker_2.sheet_cycle_time": "1.7 s",
        "cell.stacker_3.jam.time_between_stops": "11 min",
        "cell.stacker_1.machine.thermal_time": 5.0,
        "cell.stacker.changeover_time": "5 min",
    }
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(order, stream)
    different = there_and_back(file, tmp_path, ".json", ports=False, files=False)
    assert different == []
    recipe = line_document(read(tmp_path / "shells.json")).recipe
    assert recipe is not None
    assert recipe["set"]["cell.stacker_2.sheet_cycle_time"]["value"] == "1.7 s"
    assert "cell.stacker.changeover_time" not in recipe["set"]


def test_a_model_of_ones_own_travels_with_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is laid beside the package, used and told; without it the line is refused."""
    notes: list[str] = []
    monkeypatch.setattr(forms, "_TELL", [notes.append])
    fmus = SCENARIOS.parent / "src" / "linetwin" / "_fmus"
    if not (fmus / "drying.fmu").is_file():
        pytest.skip("the models are not built")
    own = tmp_path / "mine" / "oven.fmu"
    own.parent.mkdir()
    shutil.copy(fmus / "drying_capillary.fmu", own)
    drying = {"processes": {"drying": {"model": "mine/oven.fmu"}}}
    file = written_line(tmp_path, cathode__coater=drying)
    there = tmp_path / "there"
    there.mkdir()
    there_and_back(file, there, ".aasx", ports=False)
    model = Path(load(there / "again.yaml").stations["cathode.coater"].processes["drying"].model)
    assert model.is_relative_to(there / "shells.aasx.models")
    assert model.read_bytes() == own.read_bytes()
    (note,) = notes
    assert "cathode.coater.drying: runs on oven" in note
    with pytest.raises(ScenarioError, match=r"oven.*is not in the package"):
        line_document(describe(load(file), Wanted(with_files=False)))


@given(
    st.lists(st.tuples(st.integers(0, 10079), st.integers(1, 2000)), min_size=1, max_size=6),
    st.dictionaries(st.sampled_from(["a", "b b", "c-c"]), st.integers(0, 1439), min_size=1),
)
def test_every_calendar_comes_back(spans: list[tuple[int, int]], shifts: dict[str, int]) -> None:
    """Weekly hours and shifts of any kind, written as a line file has them, are read the same."""
    merged: list[list[int]] = []
    for start, length in sorted(spans):
        end = min(start + length, 10080)
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    hours = () if merged == [[0, 10080]] else tuple((60 * a, 60 * b) for a, b in merged)
    by_time = {60 * minute: name for name, minute in shifts.items()}
    begins = tuple((name, second) for second, name in sorted(by_time.items()))
    calendar = CalendarConfig("work", hours, begins)
    problems = Problems()
    document = Document(Path("line.yaml"), "line.yaml", {}, {})
    assert read_calendars({"work": written_hours(calendar)}, document, problems)["work"] == calendar
    problems.check()


def test_a_value_that_left_its_proven_range_takes_it_off(tmp_path: Path) -> None:
    """The range is not written beside a value outside it, and the notes say so."""
    scenario = load("baseline", ["cathode.coater.loading_target=17 mg/cm2"])
    found = describe(scenario, Wanted(with_ports=False, with_files=False))
    assert any("cathode.coater.loading_target: its proven range" in note for note in found.notes)
    recipe = line_document(found).recipe
    assert recipe is not None
    assert "adjustable" not in recipe["set"]["cathode.coater.loading_target"]
    assert recipe["set"]["cathode.coater.web_speed"]["adjustable"]


def test_shells_without_a_line_are_refused_by_name(tmp_path: Path) -> None:
    """No empty line is ever run: what is missing is said, with the file."""
    found = describe(load("baseline"), Wanted(with_ports=False, with_files=False))
    lines = [shell for shell in found.shells() if shell.id_short == "pilot"]
    found.objects.discard(lines[0])
    write(found, tmp_path / "machines.json")
    with pytest.raises(ScenarioError, match=r"machines\.json: holds no line"):
        line_document(read(tmp_path / "machines.json"), tmp_path / "machines.json")


def test_a_machine_without_its_shell_is_refused_by_name(tmp_path: Path) -> None:
    """A node of the line that leads nowhere is named, and so is a value that is none."""
    found = describe(load("baseline"), Wanted(with_ports=False, with_files=False))
    coater = next(shell for shell in found.shells() if shell.id_short == "cathode__coater")
    found.objects.discard(coater)
    with pytest.raises(ScenarioError, match="cathode__coater: has no shell here"):
        line_document(found, tmp_path / "line.json")


def test_a_model_that_is_not_the_one_described_is_refused(tmp_path: Path) -> None:
    """By its token: a swapped file, no token, and no description of it; `aas check` lists them."""
    fmus = SCENARIOS.parent / "src" / "linetwin" / "_fmus"
    if not (fmus / "drying.fmu").is_file():
        pytest.skip("the models are not built")
    shutil.copy(fmus / "drying_capillary.fmu", tmp_path / "oven.fmu")
    drying = {"processes": {"drying": {"model": "oven.fmu"}}}
    file = written_line(tmp_path, cathode__coater=drying)
    package = tmp_path / "line.aasx"
    write(describe(load(file), Wanted(with_ports=False, base=file)), package)
    assert check(read(package)).models == ()

    shells = read(package)
    path = next(each for each in shells.files if "oven" in each)
    other = (fmus / "drying.fmu").read_bytes()
    shells.files[path] = replace(shells.files[path], content=other)
    with pytest.raises(ScenarioError, match=r"drying/model: .*oven.* is not the model"):
        line_document(shells, package)
    assert [path in each for each in check(shells).models] == [True]

    for name in ("oven", "calendering"):
        shells = read(package)
        models = (each for each in shells.submodels() if each.id_short == "SimulationModels")
        submodel = next(each for each in models if f"/{name}" in each.id)
        token = next(e for e in walk_submodel(submodel) if e.id_short == "InstantiationToken")
        assert isinstance(token.parent, model.SubmodelElementCollection)
        token.parent.value.remove(token)
        with pytest.raises(ScenarioError, match=r"SimulationModels: .* states no Instantiation"):
            line_document(shells, package)
        assert any("states no InstantiationToken" in each for each in check(shells).models)
        shells.objects.remove(submodel)
        with pytest.raises(ScenarioError, match=r"SimulationModels: '.*' is not here"):
            line_document(shells, package)
        assert any("leads to no SimulationModels" in each for each in check(shells).models)


def test_a_group_of_models_travels_with_its_files(tmp_path: Path) -> None:
    """Group file and FMUs keep their places beside one another; models of the library stay bare."""
    fmus = SCENARIOS.parent / "src" / "linetwin" / "_fmus"
    if not (fmus / "machine.fmu").is_file() or not TEMPLATES.is_dir():
        pytest.skip("the models are not built, or the published templates are not here")
    group = tmp_path / "groups" / "drive.yaml"
    group.parent.mkdir()
    (tmp_path / "fmus").mkdir()
    shutil.copy(fmus / "machine.fmu", tmp_path / "fmus" / "drive.fmu")
    inputs = read_description(fmus / "machine.fmu").of("input")
    values = {each.name: float(each.start or 0.0) for each in inputs}
    both = {"own": "../fmus/drive.fmu", "shipped": "machine"}
    members = {name: {"fmu": fmu, "values": values} for name, fmu in both.items()}
    with group.open("w", encoding="utf-8") as stream:
        yaml.dump({"schema": 1, "name": "drive", "step": "1 s", "members": members}, stream)
    file = written_line(tmp_path, cathode__coater={"machine": {"model": "groups/drive.yaml"}})
    found = describe(load(file), Wanted(with_ports=False, base=file))
    assert [f for each in found.submodels() if "drive" in each.id for f in faults(each)] == []
    write(found, tmp_path / "line.aasx")
    line = line_document(read(tmp_path / "line.aasx"), tmp_path / "line.aasx").line
    laid = Path(line["stations"]["cathode.coater"]["machine"]["model"])
    assert laid.is_relative_to(tmp_path / "line.aasx.models")
    assert laid.read_bytes() == group.read_bytes()
    assert (laid.parent / "../fmus/drive.fmu").resolve().is_file()
    assert line["stations"]["cathode.mixer"]["machine"]["model"] == "machine"
    assert read_group(laid).name == "drive"


def test_a_value_in_another_unit_is_read_in_it() -> None:
    """What somebody wrote in m/min is m/min; without a unit the meaning's counts."""
    found = describe(load("baseline"), Wanted(with_ports=False, with_files=False))
    recipe = next(each for each in found.submodels() if each.id_short == "ProcessParameters")
    properties = (each for each in walk_submodel(recipe) if isinstance(each, model.Property))
    by_name = {each.id_short: each for each in properties}
    speed = by_name["cathode__coater__web_speed"]
    speed.value = 1.9
    speed.get_qualifier_by_type(UNIT).value = "m/min"
    other = by_name["anode__coater__web_speed"]
    other.qualifier.discard(other.get_qualifier_by_type(UNIT))
    settings_read = line_document(found).recipe
    assert settings_read is not None
    assert settings_read["set"]["cathode.coater.web_speed"]["value"] == "1.9 m/min"
    assert settings_read["set"]["anode.coater.web_speed"]["value"].endswith(" m/s")


def test_an_empty_value_is_refused_by_its_place() -> None:
    """A value that somebody took out is named with its way, and no default steps in unsaid."""
    found = describe(load("baseline"), Wanted(with_ports=False, with_files=False))
    data = next(each for each in found.submodels() if "cathode.coater/submodels/Tech" in each.id)
    taken = {each.id_short: each for each in walk_submodel(data)}["cathode__coater__pot_life"]
    assert isinstance(taken, model.Property)
    taken.value = None
    with pytest.raises(ScenarioError, match="Parameters/cathode__coater__pot_life: has no value"):
        line_document(found)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is told of shells that are read, in place of the command line."""
    notes: list[str] = []
    monkeypatch.setattr(forms, "_TELL", [notes.append])
    return notes


def test_what_was_mended_in_reading_is_told(tmp_path: Path, told: list[str]) -> None:
    """A line whose shells are not as they should be is run, but not without a word."""
    file = written_line(tmp_path)
    there_and_back(file, tmp_path, ".json", ports=False, files=False)
    assert not told
    shells = tmp_path / "shells.json"
    shells.write_text(shells.read_text("utf-8").replace('"xs:double"', '"xs:dubbel"', 1), "utf-8")
    load(tmp_path / "again.yaml")
    assert any("shells.json" in note for note in told)


def test_a_recipe_that_is_not_read_is_told(tmp_path: Path, told: list[str]) -> None:
    """`line:` alone takes nothing of the recipe that the shells have too, and says so once."""
    file = written_line(tmp_path)
    there_and_back(file, tmp_path, ".json", ports=False, files=False)
    again = tmp_path / "again.yaml"
    text = again.read_text("utf-8")
    assert "recipe: shells.json" in text
    other = tmp_path / "other.yaml"
    other.write_text("schema: 1\nname: other\nset: {}\n", "utf-8")
    again.write_text(text.replace("recipe: shells.json", "recipe: other.yaml"), "utf-8")
    for _ in range(2):
        with contextlib.suppress(ScenarioError):  # what has no default is missed, too
            load(again)
    assert [note.partition(": ")[2][:23] for note in told] == ["its recipe is not read:"]


def test_a_script_reads_shells_without_the_command_line(tmp_path: Path) -> None:
    """And hears by a warning of Python what was mended."""
    file = written_line(tmp_path)
    there_and_back(file, tmp_path, ".json", ports=False, files=False)
    script = "import sys, linetwin.scenario; linetwin.scenario.load(sys.argv[1])"
    script += "; assert 'linetwin.cli' not in sys.modules"
    again = str(tmp_path / "again.yaml")
    subprocess.run([sys.executable, "-c", script, again], check=True, timeout=60)
