"""The audit log: what is written can be checked, and what is changed is found."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import multiprocessing
import pathlib
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linetwin.cli.auditing import repair
from linetwin.errors import ResultsError
from linetwin.results.audit import AuditLog, Entry, head_file, parts_of, sealed
from linetwin.results.audit_check import TamperedError, verify

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

ENTRIES = 6


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of six entries, the one that opens it included. Only to be copied."""
    log = tmp_path_factory.mktemp("template") / "audit.jsonl"
    fill(AuditLog(log), ENTRIES - 1)
    return log


@pytest.fixture
def file(template: Path, tmp_path: Path) -> Path:
    """A copy of the log, with its anchor."""
    for each in (template, head_file(template)):
        shutil.copy(each, tmp_path)
    return tmp_path / template.name


def fill(log: AuditLog, count: int) -> None:
    """Add entries of several kinds."""
    for number in range(count):
        log.append("ann", "setpoint", about="coater.web_speed", before=number, after=number + 0.1)


def tampered(file: Path, head: str | None = None) -> TamperedError:
    """Return the fault that a check finds."""
    with pytest.raises(TamperedError) as caught:
        verify(file, head)
    return caught.value


def lines_of(file: Path) -> list[bytes]:
    """Return the lines with their line feeds."""
    return file.read_bytes().splitlines(keepends=True)


# -------------------------------------------------------------------------------- writing
def test_the_encoding_is_the_one_that_is_stated(file: Path) -> None:
    """Another reader, by hand: sorted keys, no blanks, ASCII, SHA-256 in a chain from zeros."""
    previous = "0" * 64
    for number, line in enumerate(lines_of(file), start=1):
        fields = json.loads(line)
        stated = fields.pop("hash")
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        assert stated == hashlib.sha256(b"linetwin audit 1\n" + text.encode()).hexdigest()
        assert (fields["seq"], fields["previous"]) == (number, previous)
        assert fields["time"].endswith("+00:00")
        previous = stated
    assert head_file(file).read_text("ascii") == f"{ENTRIES} {previous}\n"
    sound = verify(file)
    assert (sound.entries, sound.anchored, sound.head.hash) == (ENTRIES, ENTRIES, previous)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(who=st.text(), before=VALUES, after=VALUES)
def test_whatever_json_can_hold_is_kept(
    tmp_path: Path, who: str, before: object, after: object
) -> None:
    """Any text and any value comes back sound, in the same log, without loss."""
    file = tmp_path / "kept.jsonl"
    written = AuditLog(file).append(who, "set", before=before, after=after)
    assert verify(file).head.hash == written.hash
    read = json.loads(lines_of(file)[-1])
    assert read["who"] == who
    assert read["after"] == json.loads(json.dumps(after))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_json_cannot_hold_is_not_written(file: Path, value: object) -> None:
    """A NaN has no place in JSON: nothing is added."""
    before = file.read_bytes()
    with pytest.raises((ValueError, TypeError)):
        AuditLog(file).append("ann", "set", after=value)
    assert file.read_bytes() == before


def append_some(file: Path) -> None:
    """Append from a process of its own."""
    fill(AuditLog(file, largest_bytes=1000), 5)


def test_several_processes_append_one_after_the_other(tmp_path: Path) -> None:
    """No entry is lost or doubled, also where the file is rotated meanwhile."""
    file = tmp_path / "audit.jsonl"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=append_some, args=(file,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    sound = verify(file)
    assert len(sound.files) > 1
    assert sound.entries == sound.anchored == 10 + len(sound.files)


def test_rotation_carries_the_chain_over(tmp_path: Path) -> None:
    """The parts verify together, each by itself, and a part that is gone is missed."""
    file = tmp_path / "audit.jsonl"
    log = AuditLog(file)
    for _ in range(2):
        fill(log, 3)
        log.rotate()
    fill(log, 2)
    parts = parts_of(file)
    assert [part.name for part in parts] == ["audit.000001.jsonl", "audit.000002.jsonl"]
    assert verify(file).entries == 1 + 3 + 1 + 3 + 1 + 2
    assert [verify(each, alone=True).entries for each in (*parts, file)] == [4, 4, 3]
    parts[1].unlink()
    error = tampered(file)
    assert (error.reason, error.line) == ("removed", 1)
    assert "5 to 8" in str(error)


def test_a_kill_between_renaming_and_beginning_loses_nothing(file: Path) -> None:
    """The next entry begins the new file where the old one ended."""
    file.rename(file.with_name("audit.000001.jsonl"))
    assert AuditLog(file).set_torn_line_aside("ann") is None
    AuditLog(file).append("ann", "set")
    assert verify(file).entries == ENTRIES + 2


def test_an_anchor_that_a_kill_left_behind_is_no_fault(file: Path) -> None:
    """The entry was written, the anchor not yet: what it proves is one less."""
    old = head_file(file).read_bytes()
    fill(AuditLog(file), 1)
    head_file(file).write_bytes(old)
    sound = verify(file)
    assert (sound.entries, sound.anchored) == (ENTRIES + 1, ENTRIES)
    fill(AuditLog(file), 1)
    assert verify(file).anchored == ENTRIES + 2


# ------------------------------------------------------------------------------- tampering
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_found(file: Path, data: st.DataObject) -> None:
    """Whatever byte, whatever its new value; the line is told, where it was not split or joined."""
    whole = file.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda each: each != whole[at]))
    try:
        file.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
        error = tampered(file)
    finally:
        file.write_bytes(whole)
    assert error.reason in {"changed", "torn"}
    assert error.line == whole[:at].count(b"\n") + 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_removed_or_added_is_found(file: Path, data: st.DataObject) -> None:
    """Also blanks and line feeds, which JSON would not mind."""
    whole = file.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    added = data.draw(st.sampled_from([b"", b" ", b"\n", b"\r", b"0", b","]))
    cut = whole[at + 1 :] if not added else whole[at:]
    try:
        file.write_bytes(whole[:at] + added + cut)
        tampered(file)
    finally:
        file.write_bytes(whole)


@pytest.mark.parametrize("first", range(ENTRIES))
@pytest.mark.parametrize("second", range(ENTRIES))
def test_any_swap_is_found(file: Path, first: int, second: int) -> None:
    """Two lines that change places; the reason is named."""
    lines = lines_of(file)
    lines[first], lines[second] = lines[second], lines[first]
    file.write_bytes(b"".join(lines))
    if first == second:
        assert verify(file).entries == ENTRIES
    else:
        error = tampered(file)
        assert (error.reason, error.line) == ("reordered", min(first, second) + 1)


@pytest.mark.parametrize("begin", range(ENTRIES - 1))
@pytest.mark.parametrize("count", [1, 2])
def test_any_inner_line_removed_is_found(file: Path, begin: int, count: int) -> None:
    """The numbers that are missing are told; at the end the anchor tells."""
    lines = lines_of(file)
    gone = lines[begin : begin + count]
    file.write_bytes(b"".join(lines[:begin] + lines[begin + len(gone) :]))
    error = tampered(file)
    inner = begin + len(gone) < ENTRIES
    assert error.reason == ("removed" if inner else "truncated")
    assert error.line == (begin + 1 if inner else begin)


@pytest.mark.parametrize("at", range(ENTRIES + 1))
def test_any_line_doubled_is_found(file: Path, at: int) -> None:
    """A whole entry that stands twice, anywhere."""
    lines = lines_of(file)
    lines.insert(at, lines[2])
    file.write_bytes(b"".join(lines))
    assert tampered(file).reason in {"inserted", "reordered"}


def forged(file: Path, number: int, **changes: object) -> Entry:
    """Return an entry with something else in it and a hash that fits: hashing takes no key."""
    fields = json.loads(lines_of(file)[number - 1])
    del fields["hash"]
    return sealed({**fields, **changes})


def test_an_inserted_entry_with_a_hash_of_its_own_is_found(file: Path) -> None:
    """The entry after it does not carry its hash."""
    lines = lines_of(file)
    lines.insert(2, forged(file, 3, who="mallory").line())
    file.write_bytes(b"".join(lines))
    error = tampered(file)
    assert (error.reason, error.line) == ("inserted", 4)


def rewritten(file: Path, number: int) -> None:
    """Change an entry and hash all that follow it anew, as somebody with time would."""
    lines = lines_of(file)
    previous = json.loads(lines[number - 1])["previous"]
    for at in range(number, len(lines) + 1):
        changes = {"who": "mallory"} if at == number else {}
        entry = forged(file, at, previous=previous, **changes)
        lines[at - 1], previous = entry.line(), entry.hash
    file.write_bytes(b"".join(lines))


def test_a_log_written_anew_is_found_by_its_anchors_only(file: Path) -> None:
    """The one beside it finds it; who changes that as well is found by one kept elsewhere."""
    kept = verify(file).head.hash
    rewritten(file, 3)
    assert "anchor" in str(tampered(file))
    newest = lines_of(file)[-1]
    head_file(file).write_text(f"{ENTRIES} {json.loads(newest)['hash']}\n", "ascii")
    assert verify(file).entries == ENTRIES  # nothing in the folder can tell
    error = tampered(file, kept)
    assert (error.reason, kept in str(error)) == ("truncated", True)


@pytest.mark.parametrize("kept", range(1, ENTRIES))
def test_a_cut_end_is_found_by_an_anchor(file: Path, kept: int) -> None:
    """Beside it or given; a log of several entries without any is not taken for sound."""
    head = verify(file).head.hash
    file.write_bytes(b"".join(lines_of(file)[:kept]))
    error = tampered(file)
    assert (error.reason, error.line) == ("truncated", kept)
    assert f"{ENTRIES - kept} are missing" in str(error)
    head_file(file).unlink()
    assert tampered(file, head).reason == "truncated"
    if kept > 1:
        assert tampered(file).reason == "unanchored"
        with pytest.raises(ResultsError, match="linetwin audit repair"):
            AuditLog(file).append("ann", "set")
    else:  # as a kill between the first entry and its anchor leaves it
        assert verify(file).anchored is None


def test_a_lost_anchor_is_set_anew_only_when_asked(file: Path) -> None:
    """The log says so and by whom; one that is there, or shows that entries are gone, stays."""
    log = AuditLog(file)
    assert log.set_anchor_anew("ann") is None
    head_file(file).unlink()
    entry = log.set_anchor_anew("ann")
    assert entry is not None
    assert (entry.what, entry.who, entry.seq) == ("anchor set anew", "ann", ENTRIES + 1)
    assert verify(file).anchored == ENTRIES + 1
    file.write_bytes(b"".join(lines_of(file)[:3]))
    with pytest.raises(ResultsError, match="its anchor says 7"):
        log.set_anchor_anew("ann")


def test_an_older_hash_is_an_anchor_too(file: Path) -> None:
    """A log that has grown since still holds it."""
    head = verify(file).head.hash
    fill(AuditLog(file), 2)
    head_file(file).unlink()
    assert verify(file, head).anchored == ENTRIES


def test_a_cut_log_is_not_gone_on_with(file: Path) -> None:
    """Nothing is appended to a log that is short of its anchor, or whose file is gone."""
    whole = file.read_bytes()
    file.write_bytes(b"".join(lines_of(file)[:2]))
    with pytest.raises(ResultsError, match="its anchor says 6"):
        AuditLog(file).append("ann", "set")
    file.unlink()
    with pytest.raises(ResultsError, match="its anchor says 6"):
        AuditLog(file).append("ann", "set")
    file.write_bytes(whole)
    AuditLog(file).append("ann", "set")


# --------------------------------------------------------------------------------- a kill
@pytest.mark.parametrize("left", [1, 40, -1])
def test_a_torn_line_is_told_and_set_aside_only_when_asked(file: Path, left: int) -> None:
    """A kill within a line: nothing goes on until a person says so, and the log keeps that."""
    fill(AuditLog(file), 1)
    *lines, last = lines_of(file)
    torn = last[:left]
    file.write_bytes(b"".join(lines) + torn)
    old = json.loads(lines[-1])
    head_file(file).write_text(f"{old['seq']} {old['hash']}\n", "ascii")
    error = tampered(file)
    assert (error.reason, error.line) == ("torn", ENTRIES + 1)
    with pytest.raises(ResultsError, match="linetwin audit repair"):
        AuditLog(file).append("ann", "set")
    aside = AuditLog(file).set_torn_line_aside("ann")
    assert aside is not None
    assert aside.read_bytes() == torn
    assert verify(file).entries == ENTRIES + 1
    said = json.loads(lines_of(file)[-1])
    assert (said["what"], said["who"], said["about"]) == ("torn line set aside", "ann", aside.name)
    assert said["before"] == {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}
    assert AuditLog(file).set_torn_line_aside("ann") is None


def test_what_no_kill_has_cut_is_not_sent_to_repair(file: Path) -> None:
    """A torn line that the anchor had seen whole, and a hash kept elsewhere that is none."""
    fill(AuditLog(file), 1)
    *lines, last = lines_of(file)
    file.write_bytes(b"".join(lines) + last[:40])
    error = tampered(file)
    assert error.reason == "torn"
    assert "no kill cut it" in str(error)
    assert "repair" not in str(error)
    with pytest.raises(ResultsError, match="--head: 'zz' is no hash"):
        verify(file, "zz")


def append_and_say(file: Path, said: Connection) -> None:
    """Append for ever, and say the number of each entry once it has been promised."""
    log = AuditLog(file, largest_bytes=4000)
    while True:
        said.send(log.append("ann", "set").seq)


def test_what_was_promised_outlives_a_kill(tmp_path: Path) -> None:
    """A process that is killed while it writes leaves every entry that it said was there."""
    file = tmp_path / "audit.jsonl"
    context = multiprocessing.get_context("spawn")
    heard, said = context.Pipe(duplex=False)
    worker = context.Process(target=append_and_say, args=(file, said))
    worker.start()
    said.close()
    promised = [heard.recv() for _ in range(20)]
    worker.kill()
    worker.join(60)
    with contextlib.suppress(EOFError):
        while True:
            promised.append(heard.recv())
    heard.close()
    AuditLog(file).set_torn_line_aside("ann")
    AuditLog(file).append("ann", "set")
    sound = verify(file)
    assert sound.head.seq > promised[-1]
    assert len(sound.files) > 1


def test_the_first_line_may_be_torn(tmp_path: Path) -> None:
    """Killed while the log was opened: it begins anew and says so."""
    file = tmp_path / "audit.jsonl"
    file.write_bytes(b'{"about"')
    assert AuditLog(file).set_torn_line_aside("ann") is not None
    assert verify(file).entries == 2


def test_a_full_disk_leaves_the_log_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that did not fit is taken back: it was never promised."""
    whole = file.read_bytes()
    true = io.FileIO.write

    class Full(io.FileIO):
        def write(self, content: bytes) -> int:  # type: ignore[override]
            return true(self, content[:10])

    opened = pathlib.Path.open

    def open_full(self: Path, mode: str = "r", **options: object) -> object:
        return Full(self, "ab") if mode == "ab" and self == file else opened(self, mode, **options)

    monkeypatch.setattr(pathlib.Path, "open", open_full)
    with pytest.raises(OSError, match="takes no more"):
        AuditLog(file).append("ann", "set")
    monkeypatch.undo()
    assert file.read_bytes() == whole
    assert verify(file).entries == ENTRIES


def test_a_missing_log_and_a_broken_anchor_are_named(file: Path, tmp_path: Path) -> None:
    """Neither passes for a log that is sound."""
    with pytest.raises(ResultsError, match="there is no log"):
        verify(tmp_path / "none.jsonl")
    head_file(file).write_text("6\n", "ascii")
    with pytest.raises(ResultsError, match="is no anchor"):
        verify(file)


@pytest.mark.parametrize("content", ["", "6\n", "\u2009"])
@pytest.mark.parametrize("torn", [False, True])
def test_a_broken_anchor_is_repaired_as_a_lost_one(file: Path, content: str, *, torn: bool) -> None:
    """Nothing is appended until a person says so; then the log says it, beside a torn line too."""
    head_file(file).write_text(content, "utf-8")
    if torn:
        file.write_bytes(file.read_bytes() + b'{"about"')
    for attempt in (verify, lambda each: AuditLog(each).append("ann", "set")):
        with pytest.raises(ResultsError, match=r"audit repair"):
            attempt(file)
    repair(file)
    last = json.loads(lines_of(file)[-1])
    assert last["what"] == ("torn line set aside" if torn else "anchor set anew")
    assert verify(file).anchored == ENTRIES + 1
    repair(file)
    assert verify(file).entries == ENTRIES + 1


@pytest.mark.parametrize("anchor", [None, ""])
def test_a_log_that_was_taken_away_is_truncated(file: Path, anchor: str | None) -> None:
    """Its anchor tells, whatever it holds; nothing sets it anew, and nothing is begun there."""
    file.unlink()
    if anchor is not None:
        head_file(file).write_text(anchor, "ascii")
    for attempt in (verify, repair):
        with pytest.raises(TamperedError, match="truncated: the file is gone, its anchor"):
            attempt(file)
    with pytest.raises(ResultsError, match="anchor"):
        AuditLog(file).append("ann", "set")
    assert not file.exists()


def test_a_newest_part_that_was_taken_away_is_told_from_a_kill(file: Path) -> None:
    """A kill between two parts leaves a sound log; entries after it that are gone are missed."""
    log = AuditLog(file)
    log.rotate()
    anchor = head_file(file).read_bytes()
    file.unlink()
    (part,) = parts_of(file)
    newest = json.loads(lines_of(part)[-1])
    head_file(file).write_text(f"{newest['seq']} {newest['hash']}\n", "ascii")
    assert verify(file).anchored == ENTRIES
    head_file(file).write_bytes(anchor)
    error = tampered(file)
    assert error.reason == "truncated"
    assert "1 are missing at the end" in str(error)
