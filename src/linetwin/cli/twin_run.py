"""`linetwin live run`: a line follows a plant, learns from it, and says what comes."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.cli.compose import FmuModels, check_models
from linetwin.cli.following import past_of, seconds_of
from linetwin.cli.interruption import Interruption
from linetwin.cli.locking import held
from linetwin.cli.twin_feed import Beginning, TwinFeed
from linetwin.cli.twin_following import NOBODY, Following
from linetwin.cli.twin_keeping import SAVE_EVERY_S, Keeper
from linetwin.cli.twin_screen import Screen
from linetwin.cli.twin_serving import Serving, served
from linetwin.cli.visiting import PATIENCE_S, Visit, password_of, propose_mapping
from linetwin.errors import Problem, ScenarioError
from linetwin.line.checks import check_line
from linetwin.line.kinds import make_station
from linetwin.line.leading import LedDriver
from linetwin.line.readable import doubts_of, load_line_mapping
from linetwin.line.streams import Streams
from linetwin.line.world import World
from linetwin.scenario import load
from linetwin.scenario.loading import find_scenario
from linetwin.twin.assimilating import Assimilator
from linetwin.twin.feed.process import FeedOrder
from linetwin.twin.session import Parts

if TYPE_CHECKING:
    from linetwin.line.world import Sink
    from linetwin.scenario.mapped import Mapping
    from linetwin.scenario.resolved import Scenario

MAPPING = "mapping.yaml"


@dataclass(frozen=True)
class TwinRequest:
    """What the user asked for; a mapping, or an endpoint whose names say everything."""

    scenario: str
    folder: Path
    security: Path
    mapping: Path | None = None
    endpoint: str = ""
    user: str = ""
    policy: str = "Basic256Sha256"
    ask: bool = False
    duration: str | None = None
    save_every: str | None = None
    settings: tuple[str, ...] = ()
    serving: Serving | None = None
    history: str = ""

    def load(self) -> Scenario:
        """Return the scenario; one without a section `twin` is refused."""
        scenario = load(self.scenario, self.settings)
        if scenario.twin is None:
            hint = "what is estimated, read and predicted, as scenarios/live_twin.yaml has it"
            file = find_scenario(self.scenario)
            raise ScenarioError([Problem("has no section twin", "twin", hint, file)])
        return scenario


def run(request: TwinRequest, *, as_json: bool) -> None:
    """Follow a plant until the user or the time ends it."""
    seconds, scenario = seconds_of(request.duration), request.load()
    every_s = seconds_of(request.save_every, "--save-every")
    request.folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        stack.enter_context(held(request.folder))
        passwords: dict[str, str] = {}
        mapping_file = _mapping(request, passwords)
        interruption = stack.enter_context(Interruption().watched())
        mapping = load_line_mapping(mapping_file, scenario)
        order = _order(request, mapping_file, mapping, passwords)
        parts, models = led_parts(scenario, request)
        try:
            origin = {
                "scenario": str(find_scenario(request.scenario).resolve()),
                "settings": list(request.settings),
            }
            keeper = Keeper(request.folder, every_s=every_s or SAVE_EVERY_S)
            twin = Following(parts, mapping, keeper, Beginning(mapping, order), origin)
            for doubt in doubts_of(mapping, scenario):
                twin.view.note(doubt)
            with served(request.serving, scenario, mapping, twin.view.tell) as publisher:
                twin.publisher = publisher
                feed = TwinFeed(order, twin.view.note)
                try:
                    twin.follow(feed, interruption, seconds, Screen(quiet=as_json))
                finally:
                    feed.close()
        finally:
            models.close()
    twin.tell(as_json=as_json)


def led_parts(scenario: Scenario, request: TwinRequest) -> tuple[Parts, FmuModels]:
    """Return what a led line of a scenario is made of."""
    base = find_scenario(request.scenario).resolve()
    check_models(scenario, base)
    models = FmuModels(base, recording=True)
    models.open_all(scenario)
    assimilator = Assimilator(scenario, models, scenario.seed)
    assert scenario.twin is not None  # noqa: S101  the request has looked
    mean = scenario.twin.stations | scenario.materials.keys()
    mean |= {path for path, each in scenario.stations.items() if each.kind == "mixer"}

    def world(led: Scenario, sink: Sink) -> World:
        driver = LedDriver(Streams(led.seed), mean)
        found = World(led, assimilator.models, driver, sink, make_station)
        check_line(found)
        return found

    return Parts(scenario, assimilator, world), models


def _mapping(request: TwinRequest, passwords: dict[str, str]) -> Path:
    """Return the mapping file: the one given, the folder's, or one proposed for it.

    `passwords`: user -> password, those that were asked for are put there.
    """
    if request.mapping is not None:
        return request.mapping
    own = request.folder / MAPPING
    if not own.exists():
        if not request.endpoint:
            hint = "--mapping FILE, or --endpoint of a plant that linetwin serves"
            raise ScenarioError([Problem("no plant is named", "--mapping", hint)])
        visit = Visit(
            request.endpoint,
            request.security,
            request.policy,
            request.user,
            "",
            ask=request.ask,
            password=_asked_once(request.user, passwords),
            patience_s=PATIENCE_S,
        )
        propose_mapping(visit, request.scenario, NOBODY, own, aside=True)
    return own


def _order(
    request: TwinRequest, file: Path, mapping: Mapping, passwords: dict[str, str]
) -> FeedOrder:
    users = {name: source.security.user for name, source in mapping.sources.items()}
    asked = {name: _asked_once(user, passwords) for name, user in users.items() if user}
    return FeedOrder(file, request.security, asked, past=past_of(request.history))


def _asked_once(user: str, passwords: dict[str, str]) -> str:
    """Return a user's password, asked for where it has not been; there may be one line to read."""
    if user not in passwords:
        passwords[user] = password_of(user)
    return passwords[user]
