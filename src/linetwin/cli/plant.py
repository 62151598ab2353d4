"""`linetwin plant`: a line is played as a plant, and shown by an OPC UA server."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from rich.console import Console

from linetwin.cli import INTERRUPTED_EXIT
from linetwin.cli.compose import make_world, release
from linetwin.cli.driving import FLUSH_EVERY_S, LateSink
from linetwin.cli.evidence import model_evidence
from linetwin.cli.interruption import Interrupted, Interruption
from linetwin.cli.locking import held
from linetwin.cli.pacing import Pace
from linetwin.cli.printing import say, say_aside
from linetwin.cli.running import Request, base_of, check_pace, folder_for, write_report
from linetwin.cli.versions import made_with
from linetwin.errors import Problem, ResultsError, ScenarioError
from linetwin.line import run as engine
from linetwin.line import stock
from linetwin.quantities import vocabulary
from linetwin.results.audit import AuditLog, entries
from linetwin.results.writer import RunWriter
from linetwin.scenario.units import parse
from linetwin.twin.plant.carrying import Carrier
from linetwin.twin.plant.making import information_model
from linetwin.twin.plant.outbox import Outbox
from linetwin.twin.plant.panel import Panel
from linetwin.twin.plant.physics import LIBRARY, obeying
from linetwin.twin.plant.playing import Parts, play
from linetwin.twin.plant.requests import Clerk
from linetwin.twin.plant.server import Opening, PlantServer
from linetwin.twin.plant.standards import check_nodesets
from linetwin.twin.plant.truth import HiddenTable
from linetwin.twin.security.dates import date_warnings
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity, valid_identities
from linetwin.twin.security.policies import NONE, SECURE
from linetwin.twin.security.serving import Guard
from linetwin.twin.security.trust import Trust
from linetwin.twin.security.users import Users

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.line.world import World
    from linetwin.results.writer import Status
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.plant.physics import Physics
    from linetwin.twin.plant.requests import Answer
    from linetwin.twin.security.serving import Refused

ANSWERS_KEPT = 1000
"""Answers to requests that the manifest lists, the last ones."""
_ANSWERED = "request "
"""With what the log begins an answer; the name of the request follows."""
_SHOW_EVERY_S = 0.5
_TELL_EVERY_S = 60.0
"""Where standard error is no terminal, a line is printed this often."""
DAY_S = 86_400


@dataclass(frozen=True)
class PlantRequest:
    """What the user asked for; `anonymous` and `insecure` are asked for by name only."""

    run: Request
    endpoint: str
    pace: float
    truth: Path | None
    security: Path
    publish_interval: str
    anonymous: bool = False
    insecure: bool = False
    nodesets: Path | None = None
    physics: str = LIBRARY

    def interval_s(self) -> float:
        """Return the wall time between two publications [s]."""
        try:
            found = parse(self.publish_interval, vocabulary()["process_time"])
        except ScenarioError as error:
            problems = [Problem(each.message, _INTERVAL, each.hint) for each in error.problems]
            raise ScenarioError(problems) from error
        if not _SHORTEST_S <= found <= _LONGEST_S:
            hint = "from 10 ms to 60 s"
            raise ScenarioError([Problem(f"{found:g} s", _INTERVAL, hint)])
        return found

    def check_endpoint(self) -> None:
        """Refuse an endpoint that is none; ScenarioError."""
        parsed = urlparse(self.endpoint)
        try:
            is_whole = parsed.scheme == "opc.tcp" and parsed.hostname and parsed.port
        except ValueError:  # a port that is no number
            is_whole = False
        if not is_whole:
            hint = "such as opc.tcp://127.0.0.1:4840/linetwin"
            raise ScenarioError([Problem(f"no endpoint: '{self.endpoint}'", "--endpoint", hint)])


_INTERVAL = "--publish-interval"
_SHORTEST_S, _LONGEST_S = 0.01, 60.0


def plant(request: PlantRequest) -> None:
    """Play a scenario until its time is over or the user ends it."""
    scenario, physics = obeying(request.physics, request.run.load())
    check_pace(request.pace)
    request.check_endpoint()
    interval_s = request.interval_s()
    if request.nodesets is not None:
        check_nodesets(request.nodesets)
    folder = folder_for(request.truth, scenario.name) if request.truth is not None else None
    model = information_model(scenario)
    sink = LateSink() if folder is not None else None
    panel = Panel(model, scenario, sink, scenario.plant.starved_after)
    nodes = [tag.node for tag in model.tags()]
    carrier = Carrier(nodes, scenario.plant.hides, scenario.seed)
    guard = _guard(request, scenario)
    with Interruption().watched() as interruption:
        world = make_world(scenario, base_of(request.run, scenario), panel, recording=False)
        world.on_reading = panel.read
        outbox = Outbox(model)
        server = PlantServer(
            model, Opening(request.endpoint, guard, interval_s, request.nodesets), outbox
        )
        parts = Parts(world, panel, carrier, outbox, server, Clerk(model))
        player = _Player(request, parts, interruption)
        interruption.check()
        _quieten()
        _tell_physics(physics)
        try:
            if folder is None or sink is None:
                player.play()
            else:
                sink.writer = RunWriter(folder, *_about(request.run, scenario, physics))
                with held(folder):
                    player.into(sink.writer)
        finally:
            release(world)
    if folder is not None:
        say(f"run folder: {folder}\nreport:     {write_report(folder)}")
    if interruption.asked:
        sys.exit(INTERRUPTED_EXIT)


def _quieten() -> None:
    """Silence the logs of what is told here in other words."""
    for name in ("asyncua", "linetwin.security"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False


def _tell_physics(physics: Physics) -> None:
    """Say which models have taken the place of the library's, and what they do not know."""
    if physics.models:
        names = ", ".join(sorted(set(physics.models.values())))
        say(f"physics {physics.laws}: {names}")
    if physics.left_out:
        _warn(f"unknown to these models, and left out: {', '.join(physics.left_out)}")


def _about(request: Request, scenario: Scenario, physics: Physics) -> tuple[dict[str, Any], str]:
    """Return manifest and scenario of the truth: those of `run`, which it is."""
    base = base_of(request, scenario)
    manifest = {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "request": request.asked(scenario),
        "made_with": made_with(scenario, base),
        "physics": physics.content(),
    }
    return manifest, scenario.text + model_evidence(scenario, base)


class _Player:
    """Plays a plant, shows how it goes, and leaves a readable folder whatever happens."""

    def __init__(self, request: PlantRequest, parts: Parts, interruption: Interruption) -> None:
        self._request, self._parts, self._interruption = request, parts, interruption
        self._pace = Pace(request.pace, _warn)
        self._answers: list[dict[str, Any]] = []
        self._log = AuditLog(SecurityFolder(request.security).log)
        self._folder: tuple[RunWriter, HiddenTable] | None = None
        self._flushed = time.monotonic()

    def play(self) -> None:
        """Play to the end."""
        parts = self._parts
        world, server = parts.world, parts.server
        parts.answered = self._note
        self._log.check_open()
        parts.clerk.remember(answered_before(self._log.file))
        try:
            if world.scenario.start == "filled":
                stock.fill(world)
            server.start()
            _greet(self._request, parts)
            with _shown(parts, self._pace) as show:

                def look() -> None:
                    show()
                    self._flush()

                opens = world.scenario.plant.opens_tick
                play(parts, self._pace, opens, lambda: not self._interruption.asked, look)
        finally:
            server.stop()

    def into(self, writer: RunWriter) -> None:
        """Play to the end, and write what was so into a run folder."""
        world, hidden = self._parts.world, HiddenTable(writer.folder)
        self._parts.hidden = hidden.add
        self._folder = writer, hidden
        writer.update(disturbances=world.disturbances.report())
        try:
            self.play()
            engine.close(world)
            hidden.finish()
            writer.update(
                end_tick=world.now,
                ended_by=world.ended or "interruption",
                events=world.events,
                outside_validity=world.outside_validity,
                pace=self._pace.report(),
                plant=self._told(),
            )
            ended: Status = "given up" if world.ended == "limit" else "complete"
            writer.finish(ended if world.ended else "interrupted")
        except Interrupted:  # asked twice: what is written is readable, and nothing more is done
            raise
        except Exception as error:
            with contextlib.suppress(OSError):  # the disk may be what failed
                writer.update(end_tick=world.now, ended_by="error", events=world.events)
                writer.finish("failed", str(error) or type(error).__name__)
            raise

    def _flush(self) -> None:
        """Now and then put on disk what has been written, for whoever looks after a kill."""
        if self._folder is None or time.monotonic() - self._flushed < FLUSH_EVERY_S:
            return
        writer, hidden = self._folder
        writer.flush()
        hidden.flush()
        world = self._parts.world
        progress = {"tick": world.now, "counts": dict(world.counts)}
        writer.update(progress=progress, pace=self._pace.report(), plant=self._told())
        self._flushed = time.monotonic()

    def _told(self) -> dict[str, Any]:
        counts = self._parts.server.counts
        return {
            "endpoint": self._request.endpoint,
            "values_published": counts.values,
            "alarms_told": counts.alarms,
            "refused_clients": len(self._parts.server.opening.guard.refusals),
            "requests": self._answers[-ANSWERS_KEPT:],
        }

    def _note(self, answer: Answer) -> None:
        """Write an answer into the plant's audit log, and keep it for the manifest."""
        request = answer.request
        told = answer.plain()
        self._log.append(
            f"{request.requester} ({request.user})",
            f"{_ANSWERED}{request.name}: {answer.reason or 'accepted'}",
            about=str(told["setpoint"]),
            before=answer.before,
            after=request.value if answer.accepted else answer.before,
        )
        self._answers.append({"tick": self._parts.world.now, **told})


def answered_before(log: Path) -> list[str]:
    """Return the names of requests that a plant's log has answers to; ResultsError if it is harmed.

    A request is good once, whatever process serves the plant.
    """
    if not log.exists():
        return []
    try:
        told = [each.what for each in entries(log)]
    except ValueError as error:
        raise ResultsError(f"{log}: {error}; see linetwin audit verify") from error
    mine = [each.removeprefix(_ANSWERED) for each in told if each.startswith(_ANSWERED)]
    return [each.partition(": ")[0] for each in mine]


def _guard(request: PlantRequest, scenario: Scenario) -> Guard:
    """Return who may come in; a plant without a certificate of its own makes one."""
    folder = SecurityFolder(request.security)
    folder.make()
    identities = valid_identities(folder)
    if not identities:
        identities = [create_identity(folder, Wish(f"plant-{scenario.name}"[:64]))]
        _warn(f"made a certificate for this plant in {folder.own}")
    for warning in date_warnings(folder):
        _warn(warning)
    policies = (*SECURE, NONE) if request.insecure else SECURE
    return Guard(
        identities[0],
        Trust(folder),
        Users(folder.users),
        policies,
        anonymous=request.anonymous,
        on_refusal=_tell_refusal,
    )


def _greet(request: PlantRequest, parts: Parts) -> None:
    guard = parts.server.opening.guard
    certificate = guard.identity.certificate
    tags = sum(1 for _ in parts.server.model.tags())
    say(f"plant {parts.world.scenario.name}: {request.endpoint}, {tags} tags")
    say(f"policies: {', '.join(guard.policies)}, users of {request.security}")
    say(f"certificate: {certificate.name}, SHA-256 {certificate.fingerprint}")
    if request.insecure:
        _warn("policy None is offered: anybody on the network can read and change what is sent")
    if request.anonymous:
        _warn("anonymous clients are let in, as observers")
    if not guard.users.all() and not request.anonymous:
        hint = f"linetwin live user add NAME --role observer --security {request.security}"
        _warn(f"nobody can log in: {hint}, or --anonymous")


@contextlib.contextmanager
def _shown(parts: Parts, pace: Pace) -> Iterator[Any]:
    """Show lag, clients and values a second: a line that changes, or one a minute."""
    console = Console(stderr=True)
    every = _SHOW_EVERY_S if console.is_terminal else _TELL_EVERY_S
    told_at, told_values = time.monotonic(), 0
    with console.status("on the way to the opening") as status:

        def look() -> None:
            nonlocal told_at, told_values
            now = time.monotonic()
            if now - told_at < every:
                return
            counts, world = parts.server.counts, parts.world
            rate = (counts.values - told_values) / (now - told_at)
            told_at, told_values = now, counts.values
            day = world.now / 1000 / DAY_S
            lag = pace.report()["lag_end_s"]
            text = (
                f"day {day:.3f}  {_mode(world)}  lag {lag:.2f} s  "
                f"{counts.clients} clients  {rate:.0f} values/s"
            )
            if console.is_terminal:
                status.update(text)
            else:
                say_aside(text)

        yield look


def _mode(world: World) -> str:
    """Return how many stations work."""
    stations = world.equipment()
    working = sum(unit.state.mode == "Execute" for unit in stations)
    return f"{working} of {len(stations)} stations work"


def _tell_refusal(refused: Refused) -> None:
    _warn(f"refused {refused.who}: {refused.error}")


def _warn(text: str) -> None:
    say_aside(text)
