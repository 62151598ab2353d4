"""`linetwin live fork` and `approve`: a saved twin foretells, and is left as it was."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import msgpack
import pytest

from linetwin.cli.feeding import SECURITY
from linetwin.cli.twin_advising import TwinAtHand, advise
from linetwin.cli.twin_approving import Wish, approve_change, one_of
from linetwin.cli.twin_forking import Fork, fork
from linetwin.cli.twin_keeping import SESSION
from linetwin.cli.twin_run import TwinRequest, led_parts
from linetwin.cli.twin_writing import Order, write
from linetwin.errors import LinetwinError, RefusedError
from linetwin.results import read
from linetwin.scenario.loading import find_scenario
from linetwin.twin.advising.advice import Advice, Shadow
from linetwin.twin.advising.effects import Foresight
from linetwin.twin.advising.levers import Lever
from linetwin.twin.approval import read_approval
from linetwin.twin.following.joining import Standing
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish as IdentityWish
from linetwin.twin.security.identity import create_identity
from linetwin.twin.session import MAGIC, Session, unpacked
from linetwin.twin.writing.foretold import Expected
from linetwin.twin.writing.status import Status, StatusFile

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.results.reader import Run

NOW = 9 * 3_600_000
SPEED = "cathode.coater.web_speed"
EXPECTED = Expected(
    "cathode.calender",
    "porosity",
    "1",
    now=(0.3, 0.29, 0.31),
    then=(0.29, 0.28, 0.3),
    change=(-0.01, -0.011, -0.009),
)


def said(folder: Path, **wrong: object) -> None:
    """Let the twin say that it runs and is in step."""
    now = time.time()
    word = Status(now, "in step", now, twin="7" * 64, plants=("urn:test:plant",))
    StatusFile(folder).tell(replace(word, **wrong))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a twin that has just joined."""
    folder = tmp_path_factory.mktemp("twin")
    request = TwinRequest("live_twin", folder, folder)
    scenario = request.load()
    parts, models = led_parts(scenario, request)
    try:
        session = Session.join(parts, Standing(tick=NOW))
        session.hear([], NOW + 60_000)
        now = time.time()
        contact = {"state": "in step", "saved": now, "heard": now}
        cursor = {"origin": 0, **contact, "scenario": str(find_scenario("live_twin").resolve())}
        (folder / SESSION).write_bytes(session.save(cursor))
    finally:
        models.close()
    return folder


def test_two_futures_leave_the_twin_as_it_was(
    twin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run folders of both futures are read by report and compare; no byte of the twin differs."""
    before = {file.name: file.read_bytes() for file in twin.iterdir()}
    asked = Fork(twin, (f"{SPEED}=1.5 m/min",), "10 min", output=tmp_path / "ahead")
    fork(asked, as_json=False)
    assert {file.name: file.read_bytes() for file in twin.iterdir()} == before
    told = capsys.readouterr().out
    assert "B - A" in told
    runs = {name: read(tmp_path / "ahead" / name) for name in ("as_is", "changed")}
    for run in runs.values():
        assert run.manifest["status"] == "complete"
        assert run.manifest["branched_at_tick"] == pytest.approx(NOW + 60_000, abs=2)
        assert run.kpis["limits"]
        assert (run.path / "report.html").is_file()
    events = {name: run.table("events") for name, run in runs.items()}
    set_at = {name: each.query(f"cause == 'fork: {SPEED}'") for name, each in events.items()}
    _check_figures(runs["as_is"])
    assert "figures are of the time from day 0.376" in " ".join(told.split())
    assert "last_cell_graded" not in told
    assert set_at["as_is"].empty
    assert set_at["changed"]["amount"].tolist() == pytest.approx([0.025])


def _check_figures(run: Run) -> None:
    """Figures count from the fork: what was stacked before is stock, and nothing was ordered."""
    begin, cells = run.manifest["branched_at_tick"], run.table("cells")
    order = {name: entry["value"] for name, entry in run.kpis["order"].items()}
    assert order["cells_started"] == (cells["started"] >= begin).sum() < 100
    assert order["cells_in_stock"] == (cells["started"] < begin).sum() > 10_000
    assert order["duration"] == 600.0
    assert order["cells_ordered"] is order["cells_short"] is order["last_cell_graded"] is None
    assert run.kpis["iso"]["period"]["value"] == [begin / 1000, begin / 1000 + 600]
    assert run.kpis["window"]["share_of_run"]["value"] == 1.0
    webs, lots = run.table("segments"), run.table("lots").set_index("lot")
    begun = {roll.split(".")[0] for roll in webs["roll"] if lots.loc[roll, "created"] >= begin}
    assert set(run.kpis["quality"]["yield_of_webs"]["value"]) == begun


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"span": "soon"}, "--for"),
        ({"span": "-3 h"}, "--for: '-3 h' is out of range"),
        ({"settings": ("cathode.coater.web_sped=1.5 m/min",)}, "web_sped"),
        ({"settings": ("cathode.coater.machine.heat_capacity=1 kJ/K",)}, "heat_capacity"),
    ],
)
def test_what_cannot_be_forked_is_refused(
    twin: Path, tmp_path: Path, change: dict[str, object], why: str
) -> None:
    """A time, an address that there is not: told before anything runs."""
    asked = Fork(twin, (), "1 h", output=tmp_path / "ahead")
    with pytest.raises(LinetwinError, match=why):
        fork(replace(asked, **change), as_json=False)
    assert not (tmp_path / "ahead").exists()


def test_what_is_no_twin_is_refused(tmp_path: Path) -> None:
    """No file, and one that is damaged: told with the file."""
    with pytest.raises(LinetwinError, match=SESSION):
        fork(Fork(tmp_path, (), "1 h"), as_json=False)
    (tmp_path / SESSION).write_bytes(b"linetwin twin\n" + bytes(40))
    with pytest.raises(LinetwinError, match="damaged"):
        fork(Fork(tmp_path, (), "1 h"), as_json=False)


POLICY = """\
schema: 1
owner: cathode
version: 1
plant: {uri: "urn:test:plant", endpoint: "opc.tcp://127.0.0.1:4840/plant", user: writer}
writeback:
  - {address: cathode.calender.roll_temperature, low: 20 Cel, high: 60 Cel, step: 10 K,
     every: 2 h, states: [Execute]}
"""


def test_a_person_approves_what_was_shown(
    twin: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is signed begins at the plant's set value, within the policy; the rest is refused."""
    policy, eve = tmp_path / "writeback.yaml", SecurityFolder(tmp_path / "eve")
    policy.write_text(POLICY, encoding="utf-8")
    create_identity(eve, IdentityWish("eve"))
    said(twin)
    output = tmp_path / "change.approval"
    setting = "cathode.calender.roll_temperature=30 Cel"
    wish = Wish(twin, policy, "eve", eve.root, output, setting, yes=True)
    for wrong, why in ((wish.setting.replace("30", "72"), "bounds"), ("a.b=1 m", "not enabled")):
        with pytest.raises(LinetwinError, match=why):
            approve_change(replace(wish, setting=wrong), as_json=False)
    for wrong, why in (
        ({"until": "-3 h"}, "--until: '-3 h' is out of range"),
        ({"until": "25 h"}, "--until '25 h': is too long .at most 24 h: good_for"),
        ({"rollback": "2 d"}, "--rollback '2 d': is too long"),
        ({"setting": wish.setting.replace("30", "36")}, "from 25 °C to 36 °C; at most 10 K"),
    ):
        said(twin)  # on a busy machine the word above is too old by now
        with pytest.raises(LinetwinError, match=why):
            approve_change(replace(wish, **wrong), as_json=False)
    said(twin)
    with pytest.raises(LinetwinError, match="there is none"):
        approve_change(replace(wish, setting="", advice="cathode_rolls"), as_json=False)
    with pytest.raises(LinetwinError, match="one of them"):
        approve_change(replace(wish, advice="cathode_rolls"), as_json=False)
    advise(twin, as_json=False)
    assert "nothing is advised" in capsys.readouterr().out
    said(twin)  # on a busy machine the word above is too old by now
    with pytest.raises(LinetwinError, match="not simulated"):  # no roll was pressed yet
        approve_change(wish, as_json=False)
    assert not output.exists()
    monkeypatch.setattr(Foresight, "effect", lambda *_: [EXPECTED])
    said(twin, plants=("urn:other:plant",))
    with pytest.raises(RefusedError, match="the twin follows urn:other:plant"):
        approve_change(wish, as_json=False)
    said(twin)
    approve_change(wish, as_json=False)
    told = capsys.readouterr()
    assert "25 °C -> 30 °C" in told.out
    assert "-1 points" in told.out
    assert "day 0.376 of the line, in step" in told.err
    assert "warning" not in told.err
    approval = read_approval(output.read_text())
    assert approval.change.effect == (EXPECTED,)
    assert (approval.who, approval.change.twin) == ("eve", "7" * 64)
    assert (approval.change.before, approval.change.after) == pytest.approx((298.15, 303.15))
    assert approval.limits.rollback_until is None
    assert '"change approved"' in eve.log.read_text("utf-8")
    with pytest.raises(LinetwinError, match="holds no write credential"):
        write(Order(twin, policy, output, SECURITY))


def test_what_is_advised_is_approved_only_once_it_is_shown(
    twin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its change is signed with why; before the scores meet the limits it is refused by them."""
    policy, eve = tmp_path / "writeback.yaml", SecurityFolder(tmp_path / "eve")
    policy.write_text(POLICY, encoding="utf-8")
    create_identity(eve, IdentityWish("eve"))
    said(twin)
    output = tmp_path / "change.approval"
    lever = Lever("cathode.calender", "calender", "roll_temperature", 0, 298.15, 303.15)
    advice = Advice("rolls", "load is lost", lever, "K", "porosity", 0.3, (-0.01, -0.02, 0.0))
    wish = Wish(twin, policy, "eve", eve.root, output, advice="rolls", yes=True)
    monkeypatch.setattr(Foresight, "effect", lambda *_: [EXPECTED])
    for is_over in (False, True):
        over = Shadow(is_over=is_over, text="not yet: 2 of 7 days")
        monkeypatch.setattr(TwinAtHand, "advice", lambda _, over=over: [(advice, over)])
        if is_over:
            approve_change(wish, as_json=False)
        else:
            with pytest.raises(LinetwinError, match="2 of 7 days"):
                approve_change(wish, as_json=False)
    made = read_approval(output.read_text()).change
    assert (made.after, made.why) == (303.15, "load is lost")


def test_an_approval_is_of_one_address() -> None:
    """Several changes are refused, not all but the last left out."""
    assert one_of(["a.b=1"]) == "a.b=1"
    assert not one_of([])
    with pytest.raises(LinetwinError, match="--set: is given 2 times"):
        one_of(["a.b=1", "c.d=2"])


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"state": "catching up"}, "catching up"),
        ({"saved": 0.0}, "heartbeat lost"),
        ({"heard": 0.0}, "heard the plant"),
        ({"heard": None}, "heard the plant never"),
    ],
)
def test_an_old_state_is_not_approved_and_warned_of(
    twin: Path,
    tmp_path: Path,
    wrong: dict[str, object],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A twin that does not follow its plant, or did long ago: no approval; advice says so."""
    data = unpacked((twin / SESSION).read_bytes())
    data["cursor"] |= wrong
    body = bytes(msgpack.packb(data))
    (tmp_path / SESSION).write_bytes(MAGIC + hashlib.sha256(body).digest() + body)
    advise(tmp_path, as_json=False)
    told = capsys.readouterr().err
    assert "warning" in told
    assert reason in told
    policy = tmp_path / "writeback.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    setting = "cathode.calender.roll_temperature=30 Cel"
    wish = Wish(tmp_path, policy, "eve", tmp_path / "eve", tmp_path / "a", setting, yes=True)
    with pytest.raises(RefusedError, match=reason):
        approve_change(wish, as_json=False)
    assert not (tmp_path / "a").exists()
