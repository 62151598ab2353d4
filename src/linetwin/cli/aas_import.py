"""`linetwin aas import`: machines from other makers' shells become stations of a line."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from linetwin.cli.aas_import_mapping import mapping_of, wanting
from linetwin.cli.compose import check_models
from linetwin.cli.printing import say
from linetwin.cli.running import Request
from linetwin.cosim.library import is_bare_name
from linetwin.errors import Problem, ScenarioError
from linetwin.line.readable import load_line_mapping
from linetwin.scenario.emit import dump
from linetwin.scenario.forms import read_form
from linetwin.scenario.kinds import Kind, shipped_kinds
from linetwin.scenario.loading import find_scenario
from linetwin.scenario.problems import Problems, nearest
from linetwin.shells.joining import Joined, Joining, Machine, Questions, join
from linetwin.shells.joining.questions import FILE, Question, on_a_line
from linetwin.shells.joining.signals import BARE
from linetwin.shells.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linetwin.scenario.forms import Part
    from linetwin.scenario.resolved import Scenario

SCENARIO: Final = "scenario.yaml"
LINE: Final = "line.yaml"
MAPPING: Final = "mapping.yaml"
_SHOWN: Final = 20
_NO_KIND: Final = Kind("", "", {}, {}, frozenset(), (), (), machine=False, parameters={})
_WRITTEN: Final = "# written by linetwin aas import\n"
_OTHERS: Final[dict[str, Part | None]] = {"recipe": "recipe", "prices": None}


@dataclass(frozen=True)
class Asked:
    """Shells of machines and the stations they become, in pairs; the scenario; the new folder.

    `decisions`: the file of what a person has decided; `owner`: who owns the mapping.
    """

    shells: Sequence[Path]
    stations: Sequence[str]
    scenario: str
    output: Path
    decisions: Path | None = None
    owner: str = ""

    @property
    def files(self) -> Sequence[Path]:
        """Return the file of each station: a single one may hold the shells of several."""
        alone = len(self.shells) == 1 and self.stations
        return [self.shells[0]] * len(self.stations) if alone else self.shells


@dataclass
class _Base:
    """The scenario that machines join, as plain data of its files, and its line's file."""

    file: Path
    scenario: dict[str, Any]
    line_file: Path
    line: dict[str, Any]
    others: dict[str, dict[str, Any]] = field(default_factory=dict)


def import_machines(asked: Asked) -> None:
    """Write a line with the machines in it, its mapping and its models; or say what is open.

    Raises ScenarioError with everything that is wrong; else, where questions are open, with them,
    and they stand in the folder's decisions.yaml.
    """
    _check(asked)
    base = _base(find_scenario(asked.scenario).resolve())
    questions, problems = Questions.of(asked.decisions), Problems()
    machines = list(_machines(asked, base, problems))
    problems.check()
    with tempfile.TemporaryDirectory() as scratch:
        joining = Joining(questions, problems, Path(scratch))
        joined = [join(machine, joining) for machine in machines]
    owner = _owner(asked, joined, questions)
    problems.keep(questions.problems)
    problems.check()
    problems.keep(questions.unused(asked.stations))
    problems.check()
    asked.output.mkdir(parents=True, exist_ok=True)
    text = questions.text()
    if asked.decisions is not None or questions.open:
        (asked.output / FILE).write_text(text, encoding="utf-8")
    if questions.open:
        raise ScenarioError(_open(asked.output / FILE, questions))
    _write(asked.output, base, joined, owner)
    _tell(asked, joined, joining.notes, _checked(asked.output))


def _open(file: Path, questions: Questions) -> list[Problem]:
    """Return the open questions as problems of the file in which they stand, the first of many."""
    found = []
    for (station, topic, name), question in questions.open.items():
        text = on_a_line(question.text.removeprefix(f"{name}: "))
        key = f"{station}.{topic}.{name}"
        found.append(Problem(f"open: {text}", key, on_a_line(question.hint), file))
    if len(found) > _SHOWN:
        count = len(found) - _SHOWN
        found[_SHOWN:] = [Problem(f"{count} more questions are open, and stand there", file=file)]
    return found


def _check(asked: Asked) -> None:
    """Refuse shells without stations, stations twice, and a folder that holds something else."""
    problems = []
    if len(asked.files) != len(asked.stations):
        message = f"{len(asked.shells)} files, {len(asked.stations)} stations"
        problems.append(Problem(message, "--as", "one --as for each file, in their order"))
    twice = sorted({each for each in asked.stations if asked.stations.count(each) > 1})
    if twice:
        hint = "each station once"
        problems.append(Problem(f"given twice: {', '.join(twice)}", "--as", hint))
    line = asked.output / LINE
    if line.exists() and not line.read_text(encoding="utf-8").startswith(_WRITTEN):
        message = "holds a line that this command has not written"
        problems.append(Problem(message, "--output", "a new folder", line))
    if problems:
        raise ScenarioError(problems)


def _base(file: Path) -> _Base:
    """Read a scenario's files; ScenarioError where they are not there or no YAML."""
    scenario = read_form(file, file.name, None).data
    name = scenario.get("line")
    if not isinstance(name, str):
        raise ScenarioError([Problem("names no line", "line", "a line file", file)])
    line_file = file.parent / name
    found = _Base(file, dict(scenario), line_file, dict(read_form(line_file, name, "line").data))
    for key, part in _OTHERS.items():
        if isinstance(said := scenario.get(key), str):
            found.others[key] = dict(read_form(file.parent / said, said, part).data)
    return found


def _machines(asked: Asked, base: _Base, problems: Problems) -> Iterator[Machine]:
    """Yield the machines with the kinds of the stations that they become."""
    stations = base.line.get("stations")
    known: dict[str, Any] = stations if isinstance(stations, dict) else {}
    kinds = shipped_kinds()
    content = {file: read(file) for file in dict.fromkeys(asked.shells)}
    for file, station in zip(asked.files, asked.stations, strict=True):
        if station in BARE:
            yield Machine(file, content[file], station, _NO_KIND)
            continue
        entry = known.get(station)
        said: dict[str, Any] = entry if isinstance(entry, dict) else {}
        kind = said.get("kind")
        if kind not in kinds:
            message = f"the line has no station '{station}'"
            problems.keep([Problem(message, "--as", nearest(station, known), base.line_file)])
            continue
        count = said.get("machines", 1)
        read_by = _instruments(base, station)
        yield Machine(file, content[file], station, kinds[str(kind)], count, read_by)


def _instruments(base: _Base, station: str) -> dict[str, tuple[str, ...]]:
    """Return quantity -> names of the instruments by which the scenario's twin reads it."""
    twin = base.scenario.get("twin")
    entries = twin.get("instruments") if isinstance(twin, dict) else None
    found: dict[str, tuple[str, ...]] = {}
    for each in entries if isinstance(entries, list) else ():
        path, _, name = str(each.get("signal")).rpartition(".")
        quantity = str(each.get("reads")).rpartition(".")[2].partition("@")[0]
        if path == station:
            found[quantity] = (*found.get(quantity, ()), name)
    return found


def _owner(asked: Asked, joined: Sequence[Joined], questions: Questions) -> str:
    """Return who owns the mapping; asked for where there is one, and nobody said."""
    first = next((each.station for each in joined if each.interfaces), None)
    if asked.owner or first is None:
        return asked.owner
    question = Question("who owns the mapping and the clocks?", ("a name",), is_free=True)
    return str(questions.ask(first, "owner", "mapping", question) or "")


# ---------------------------------------------------------------------------------------- files
def _write(folder: Path, base: _Base, joined: Sequence[Joined], owner: str) -> None:
    """Write scenario, line, recipe, prices, mapping and models."""
    scenario = base.scenario | {"line": LINE}
    for key, content in base.others.items():
        scenario[key] = f"{key}.yaml"
        (folder / f"{key}.yaml").write_text(dump(content), encoding="utf-8")
    (folder / SCENARIO).write_text(_WRITTEN + dump(scenario), encoding="utf-8")
    line = _line(base, joined)
    (folder / LINE).write_text(_WRITTEN + dump(line), encoding="utf-8")
    for each in joined:
        for path, fmu in each.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(fmu)
    mapping = folder / MAPPING
    mapping.unlink(missing_ok=True)
    if any(interface.signals for each in joined for interface in each.interfaces):
        name = f"{base.scenario['name']}_plant"
        content = mapping_of(name, owner, joined)
        mapping.write_text(_WRITTEN + dump(content), encoding="utf-8")


def _line(base: _Base, joined: Sequence[Joined]) -> dict[str, Any]:
    """Return the line file's content with the machines in their places."""
    stations = {path: _placed(base, station) for path, station in base.line["stations"].items()}
    for each in joined:
        if each.station in BARE:
            continue
        station = dict(stations[each.station])
        if each.title:
            station["title"] = each.title
        station["parameters"] = {**(station.get("parameters") or {}), **each.parameters}
        processes = dict(station.get("processes") or {})
        for kind, process in each.processes.items():
            if kind == "machine":
                station["machine"] = process
            else:
                processes[kind] = process
        stations[each.station] = station | ({"processes": processes} if processes else {})
    line = base.line | {"stations": stations}
    if isinstance(line.get("building"), dict):
        line["building"] = _placed(base, line["building"])
    return line


def _placed(base: _Base, station: Mapping[str, Any]) -> dict[str, Any]:
    """Return a station whose models' paths count from nowhere: the line file has moved."""
    found = dict(station)
    if isinstance(found.get("machine"), dict):
        found["machine"] = _with_path(base, found["machine"])
    if isinstance(found.get("processes"), dict):
        found["processes"] = {
            kind: _with_path(base, process) for kind, process in found["processes"].items()
        }
    return found


def _with_path(base: _Base, process: Mapping[str, Any]) -> dict[str, Any]:
    model = process.get("model")
    if not isinstance(model, str) or is_bare_name(model):
        return dict(process)
    return {**process, "model": str((base.line_file.parent / model).resolve())}


# --------------------------------------------------------------------------------------- result
def _checked(folder: Path) -> Scenario:
    """Read what was written as `run` and `live` will; ScenarioError with all that does not fit."""
    scenario = Request(str(folder / SCENARIO), (), None, None).load()
    check_models(scenario, (folder / LINE).resolve())
    if (folder / MAPPING).is_file():
        load_line_mapping(folder / MAPPING, scenario)
    return scenario


def _tell(asked: Asked, joined: Sequence[Joined], notes: Sequence[str], scenario: Scenario) -> None:
    """Say what was joined, what nobody need decide, and what comes next."""
    for each in joined:
        count = sum(len(interface.signals) for interface in each.interfaces)
        parts = [f"models {', '.join(each.processes) or 'none'}"]
        parts += [f"parameters {len(each.parameters)}", f"signals {count}"]
        say(f"{each.station}: {on_a_line(each.title) or 'no name'}: {'; '.join(parts)}")
        own = scenario.stations.get(each.station)  # a group of machines has its members there
        for name, value in each.parameters.items():
            origin = LINE if own is None else own.parameters[name].origin
            if not origin.startswith(LINE):
                say(f"  note: {name} is {value['value']} here; {origin} sets it and counts")
    for note in notes:
        say(f"  note: {note}")
    folder = asked.output
    say(f"linetwin run {folder / SCENARIO}")
    if (folder / MAPPING).is_file():
        for note in wanting(joined):
            say(f"  note: {note}")
        say(f"linetwin live watch {folder / MAPPING}")
