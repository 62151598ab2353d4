"""What a line must fulfil beyond the range of each single quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.contracts import CONTRACTS
from linetwin.errors import Problem, ScenarioError
from linetwin.line.chamber import Chamber
from linetwin.line.plausibility import plausibility
from linetwin.line.start_up import waste_length
from linetwin.line.station import Station
from linetwin.scenario.problems import Place, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linetwin.line.equipment import Equipment
    from linetwin.line.world import World
    from linetwin.scenario.deviations import Deviation
    from linetwin.scenario.resolved import StationConfig

AREA_ROLES = ("foil", "separator")
"""Raw materials counted in m2."""
PIECE_ROLES = ("tabs", "housing")
"""Raw materials counted in pieces; all others are weighed."""
NEEDED = {"degasser": "pre_charge", "grading": "ocv_test"}
"""What a kind of station needs another to have done before: gas made, a first voltage measured."""
SHARES = ("active_material_share", "conductive_additive_share", "binder_share")
TOLERANCE = 1e-6
PITCH_TOLERANCE = 0.01
"""Deviation of a sheet from the pitch of the patches that a cutter follows [A]."""
AREA_TOLERANCE = 0.02
"""Deviation of the stacking model's coated sheet from the one that is cut [A]."""


def check_line(world: World) -> None:
    """Raise a ScenarioError with everything that no plant could be.

    What would let the line lose or create material, what its engine would not do, and amounts that
    cannot be meant.
    """
    problems = [
        problem
        for config in world.scenario.stations.values()
        for problem in (*_geometry(config, world), *_materials(config, world))
    ]
    problems += _widths(world)
    problems += _patches(world)
    problems += _missing(world)
    problems += [problem for station in world.equipment() for problem in _causes(station)]
    problems += [problem for each in world.scenario.deviations for problem in _inputs(each, world)]
    problems += [
        problem for station in world.equipment() for problem in _ends(station.config, station)
    ]
    if world.building is not None:
        problems += _ends(world.building.config)
    problems += plausibility(world)
    if problems:
        raise ScenarioError(list(dict.fromkeys(problems)))


def _ends(config: StationConfig, station: Equipment | None = None) -> Iterator[Problem]:
    """Yield events of models that are to end an operation which nothing ends before its time."""
    known = station.ended_by_events if isinstance(station, Station) else ()
    machine = [config.machine] if config.machine is not None else []
    for process in (*config.processes.values(), *machine):
        for event, operation in process.events.items():
            if operation and operation not in known:
                hint = f"a {config.kind}: " + (", ".join(known) or "an event is only told")
                message = f"no event ends '{operation}'"
                yield Problem(message, f"{process.key}.events.{event}.ends", hint)


def _geometry(config: StationConfig, world: World) -> Iterator[Problem]:
    def value(quantity: str) -> float:
        return world.value(config.path, quantity)

    yield from _web(config, value)
    if config.kind == "mixer":
        total = sum(value(share) for share in SHARES)
        if abs(total - 1) > TOLERANCE:
            message = f"the shares of the solids sum to {total:.4%}"
            yield Problem(message, f"{config.path}.active_material_share", "100 %")
    if config.kind == "grading":
        if value("capacity_limit_b") > value("capacity_limit_a"):
            message = "grade B asks for more capacity than grade A"
            yield Problem(message, f"{config.path}.capacity_limit_b", "at most capacity_limit_a")
        if value("resistance_limit_b") < value("resistance_limit_a"):
            message = "grade B asks for less resistance than grade A"
            yield Problem(
                message, f"{config.path}.resistance_limit_b", "at least resistance_limit_a"
            )


def _web(config: StationConfig, value: Callable[[str], float]) -> Iterator[Problem]:
    if config.kind == "slitter":
        lanes = value("lane_count") * value("lane_width")
        if lanes > value("coating_width") * (1 + TOLERANCE):
            message = f"the lanes are {lanes * 1000:g} mm wide together"
            hint = f"the web is {value('coating_width') * 1000:g} mm wide"
            yield Problem(message, f"{config.path}.lane_width", hint)
        bare = value("lane_count") * value("lane_bare_width")
        if bare > value("bare_width") * (1 + TOLERANCE):
            message = f"the lanes' bare edges are {bare * 1000:g} mm wide together"
            hint = f"the web has {value('bare_width') * 1000:g} mm of bare foil"
            yield Problem(message, f"{config.path}.lane_bare_width", hint)
    if config.kind == "coater" and waste_length(value) >= value("roll_length"):
        message = f"a start-up of {waste_length(value):.3g} m leaves no good metre of a roll"
        hint = (
            f"less than roll_length, {value('roll_length'):g} m; settling_time at web_speed counts"
        )
        yield Problem(message, f"{config.path}.startup_length", hint)


def _materials(config: StationConfig, world: World) -> Iterator[Problem]:
    for role, path in config.materials.items():
        wanted = "m2" if role in AREA_ROLES else "1" if role in PIECE_ROLES else "kg"
        unit = world.material_units[path]
        if unit != wanted:
            message = f"{config.path} takes it as {role}, in {wanted}, but its lots are in {unit}"
            yield Problem(message, f"materials.{path}.lot", f"such as 100 {wanted}")


def _missing(world: World) -> list[Problem]:
    """A kind that goes on from another's result cannot do without it."""
    configs = world.scenario.stations.values()
    kinds = {config.kind for config in configs}
    return [
        Problem(
            f"a {config.kind} needs a station of kind {NEEDED[config.kind]} before it",
            f"stations.{config.path}",
            f"add one with kind: {NEEDED[config.kind]}, as in lines/pilot.yaml",
        )
        for config in configs
        if NEEDED.get(config.kind, config.kind) not in kinds
    ]


def _widths(world: World) -> list[Problem]:
    """The web keeps its widths from the coater to the slitter, a lane from there to the notcher."""
    same = (
        ("coater", "coating_width", ("calender", "slitter")),
        ("coater", "bare_width", ("slitter",)),
        ("slitter", "lane_width", ("notcher",)),
        ("slitter", "lane_bare_width", ("notcher",)),
    )
    problems = []
    for kind, quantity, followers in same:
        for first in world.scenario.stations_of(kind):
            electrode, width = first.path.split(".")[0], world.value(first.path, quantity)
            for config in world.scenario.stations.values():
                if config.kind not in followers or config.path.split(".")[0] != electrode:
                    continue
                own = world.value(config.path, quantity)
                if abs(own - width) > TOLERANCE * max(width, TOLERANCE):
                    message = f"{own * 1000:g} mm, but {first.path} has {width * 1000:g} mm"
                    hint = f"the same width at {kind}, {' and '.join(followers)}"
                    problems.append(Problem(message, f"{config.path}.{quantity}", hint))
    return problems


def _patches(world: World) -> Iterator[Problem]:
    """A sheet is cut at the pitch of the patches; the stacking model's is coated as much."""
    for coater in world.stations_of("coater"):
        electrode = coater.name.split(".")[0]
        patch, gap = coater.value("patch_length"), coater.value("gap_length")
        slitters = [s for s in world.stations_of("slitter") if s.name.startswith(f"{electrode}.")]
        if patch <= 0 or gap <= 0 or not slitters:
            continue
        width = slitters[0].value("lane_width")
        for stacker in world.stations_of("stacker"):
            sheet = stacker.value(f"{electrode}_sheet_length")
            if abs(sheet / (patch + gap) - 1) > PITCH_TOLERANCE:
                pitch = f"{(patch + gap) * 1000:g} mm"
                message = f"sheets of {sheet * 1000:g} mm, but a patch every {pitch}"
                hint = f"{pitch} within 1 %: one patch is one sheet"
                key = f"{stacker.config.family}.{electrode}_sheet_length"
                yield Problem(message, key, f"{hint}; patches set in {_origin(coater)}")
            else:
                yield from _coated(stacker, electrode, (patch, width), _origin(coater))


def _origin(coater: Equipment) -> str:
    return coater.config.parameters["patch_length"].origin


def _coated(
    stacker: Equipment, electrode: str, sheet: tuple[float, float], origin: str
) -> Iterator[Problem]:
    """Compare the coated sheet of the library's stacking model with that of the web.

    `sheet`: length of a patch and width of a lane [m].
    """
    process = stacker.config.processes.get("stacking")
    if process is None or process.model != "stacking":
        return
    names = [f"{electrode}_sheet_length", f"{electrode}_sheet_width"]
    keys = [f"{stacker.config.family}.stacking.{name}" for name in names]
    key, area = keys[0], sheet[0] * sheet[1]
    written = " and ".join(
        f"{each}: {size * 1000:g} mm" for each, size in zip(keys, sheet, strict=True)
    )
    hint = f"{written} (a product of {area * 1e4:.4g} cm2 within 2 %); patches set in {origin}"
    if any(name not in process.parameters for name in names):
        yield Problem("with patches the model's coated sheet must be written", key, hint)
        return
    given = process.parameters[names[0]].number * process.parameters[names[1]].number
    if abs(given / area - 1) > AREA_TOLERANCE:
        yield Problem(
            f"{given * 1e4:.4g} cm2 of coated sheet in the model (length x width)", key, hint
        )


def disturbable_inputs(kind: str) -> tuple[str, ...]:
    """Return the inputs of a kind of process that can be disturbed: PackML's state is no number."""
    return tuple(name for name in CONTRACTS[kind].inputs if name != "packml_state")


def _inputs(deviation: Deviation, world: World) -> Iterator[Problem]:
    """An input that deviates is one of the process's model."""
    if deviation.subject != "input":
        return
    config = world.scenario.stations.get(deviation.station) or world.scenario.building
    assert config is not None  # noqa: S101  a deviation is of a station or of the building
    process = config.machine if deviation.process == "machine" else None
    process = process or config.processes.get(deviation.process)
    inputs = () if process is None else disturbable_inputs(process.kind)
    if deviation.what in inputs:
        return
    place = deviation.place or Place(f"disturbances.{deviation.name}.address")
    message = f"the model of {deviation.station}.{deviation.process} has no input {deviation.what}"
    hint = nearest(deviation.what, inputs, "input")
    yield Problem(message, place.key, hint, place.file, place.line)


def _causes(station: Equipment) -> Iterator[Problem]:
    """A chamber does not work in operations: nothing there stops for a minute.

    Where each place is a machine for itself, none can be emptied for maintenance of all.
    """
    if not isinstance(station, Chamber):
        return
    for section in ("micro_stops", "maintenance"):
        if section == "maintenance" and station.fails_as_one:
            continue
        for cause in getattr(station.config, section):
            family = station.config.family
            key = f"stations.{family}.{section}.{cause.cause}"
            yield Problem(f"{family} holds many lots at once and knows no {section}", key,
                          "leave it out, or name it under failures")  # fmt: skip
