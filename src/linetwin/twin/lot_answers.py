"""Questions about lots that only a person can answer, and the answers, in an append-only log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linetwin.errors import ResultsError
from linetwin.results import audit_check
from linetwin.results.audit import AuditLog, entries, person
from linetwin.twin.lot_readings import read_lots
from linetwin.twin.reconciliation import Answer, moment_text, reconciled, unresolved

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.lot_readings import LotRecords
    from linetwin.twin.reconciliation import Resolution

LOG = "reconciliation.jsonl"
ACCEPTED = "lot accepted"
REFUSED = "lot refused"


@dataclass(frozen=True)
class Reconciled:
    """What is known of the lots of a recording; `unresolved`: cells with an ancestor unknown."""

    records: LotRecords
    resolutions: list[Resolution]
    unresolved: set[str]

    @property
    def share(self) -> float:
        """Return the share of cells with unresolved ancestry; NaN where there are no cells."""
        cells = len(set(self.records.cells))
        return len(self.unresolved) / cells if cells else float("nan")

    @property
    def open(self) -> list[list[Resolution]]:
        """Return what is not settled in the order of time, uses of one question together."""
        return _by_question([each for each in self.resolutions if not each.settled])

    @property
    def confusable(self) -> list[list[Resolution]]:
        """Return what is settled but may be a slip, in the same way."""
        return _by_question([each for each in self.resolutions if each.confusable])

    def counts(self) -> dict[str, int]:
        """Return how many uses came to which end; beside them how many were late or confusable."""
        found: dict[str, int] = {}
        for each in self.resolutions:
            found[each.how] = found.get(each.how, 0) + 1
        late = sum(each.use.late for each in self.resolutions)
        return {
            **found,
            "late": late,
            "confusable": sum(bool(each.confusable) for each in self.resolutions),
        }


def _by_question(found: list[Resolution]) -> list[list[Resolution]]:
    questions: dict[str, list[Resolution]] = {}
    for each in sorted(found, key=lambda each: (each.use.begin, each.use.key)):
        questions.setdefault(each.use.key, []).append(each)
    return list(questions.values())


class Reconciler:
    """The lots of one recording, with the answers that stand in its log."""

    def __init__(self, folder: Path, mapping: Path | None = None) -> None:
        self._file = folder / LOG
        config, self._records = read_lots(folder, mapping)
        if not config.lots:
            raise ResultsError(f"{config.file} has no lots: write what is made of what under lots")

    def look(self) -> Reconciled:
        """Return how things stand; TamperedError where the log was changed."""
        found = reconciled(self._records.registers, self._records.uses, answers(self._file))
        return Reconciled(self._records, found, unresolved(self._records.cells, found))

    def accept(self, key: str, lot: str | None = None) -> Resolution:
        """Settle a question: by the lot that is proposed, or by one that is named."""
        asked = self._question(key)
        chosen = lot or asked.proposed
        known = self._records.registers[asked.use.kind].lots
        if chosen not in known:
            names = ", ".join(asked.candidates) or f"{len(known)} lots are known"
            what = f"there is no {asked.use.kind} '{lot}'" if lot else "no lot is proposed"
            raise ResultsError(f"question {key}: {what}: name one with --lot ({names})")
        self._write(asked, ACCEPTED, chosen)
        return asked

    def refuse(self, key: str) -> Resolution:
        """Say that it is none of the lots proposed: the question stays open."""
        asked = self._question(key)
        self._write(asked, REFUSED, None)
        return asked

    def _question(self, key: str) -> Resolution:
        """Return a question by its key; an answer can be changed, a confusable name put right.

        Of several uses the first.
        """
        for each in sorted(self.look().resolutions, key=lambda one: one.use.begin):
            asked = not each.settled or each.how == "accepted" or bool(each.confusable)
            if each.use.key == key and asked:
                return each
        raise ResultsError(f"there is no question {key}: linetwin live reconcile lists them")

    def _write(self, asked: Resolution, what: str, lot: str | None) -> None:
        before: dict[str, Any] = {
            "kind": asked.use.kind,
            "role": asked.use.role,
            "child": asked.use.child,
            "read": asked.use.text,
            "time": moment_text(asked.use.begin),
            "was": asked.how,
            "candidates": list(asked.candidates),
        }
        AuditLog(self._file).append(
            person(), what, about=asked.use.key, before=before, after={"lot": lot}
        )


def answers(file: Path) -> dict[str, Answer]:
    """Return question -> its newest answer, of a log that is whole; none where there is no log."""
    if not file.exists():
        return {}
    audit_check.verify(file)
    return {
        entry.about: Answer(entry.after["lot"], entry.who, entry.time)
        for entry in entries(file)
        if entry.what in {ACCEPTED, REFUSED}
    }
