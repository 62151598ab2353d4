"""Which lot a name means that was read where it was taken; what stays open is a person's to answer.

| what was read | what is made of it | settled |
|---|---|---|
| the name of one lot that was there to be taken | that lot | yes |
| the same but for case, blanks, dashes, underscores | that lot (`normalised`) | yes |
| a name that two lots had, one after the other | the one of that time, `name#2` | yes |
| a name that two lots had at the same time | nothing (`reused`) | no |
| a name that none has and is one slip from one | a proposal (`proposed`) | no |
| a name that fails its check | a proposal where one is a slip away | no |
| any other name; one that is only one slip from several | nothing (`unknown`) | no |
| nothing | nothing (`missing`) | no |

A slip is a character left out, added, changed, or two that changed places. A settled name that is
one slip from another lot that was there too may itself be a slip that nobody can see: it is marked
`confusable`, unless the order in which lots are taken there rules the other out (`lot_order`).
Check digits keep names apart by more than a slip. What a person accepts or refuses goes before all.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from linetwin.errors import ResultsError
from linetwin.twin.columns import SECOND
from linetwin.twin.lot_ids import Check, Neighbours, normalised
from linetwin.twin.lot_order import in_order

if TYPE_CHECKING:
    from collections.abc import Mapping as ReadOnly
    from collections.abc import Sequence

    from linetwin.scenario.mapped import LotConfig

How = Literal[
    "exact", "normalised", "accepted", "proposed", "reused", "unknown", "missing", "refused"
]
SETTLED: frozenset[How] = frozenset({"exact", "normalised", "accepted"})
MOST_CANDIDATES = 10
_FOREVER_S = 1e9


@dataclass(frozen=True)
class Made:
    """A lot (or cell) came into being: its name as read, "" for none; ns of UTC."""

    kind: str
    text: str
    time: int


@dataclass(frozen=True)
class Lot:
    """A lot of its own: `name` tells it from others of its text; it can be taken until `end`."""

    kind: str
    name: str
    text: str
    begin: int
    end: int


@dataclass(frozen=True)
class Use:
    """Something of a kind was taken for `child` from `begin` on (ns of UTC): `text` says what.

    `role`: where that was read; late: the name came later than its source's `late_after`; `read`:
    when the name was read that counts for this use and others after it, or after which none was;
    None where that is not known.
    """

    kind: str
    role: str
    child: str
    text: str
    begin: int
    late: bool = False
    read: int | None = None

    @cached_property
    def key(self) -> str:
        """Return the name of the question: one for all uses of a reading, or without one."""
        about = (self.child, str(self.begin)) if self.read is None else ("", str(self.read))
        content = "\n".join((self.kind, self.role, self.text, *about))
        return hashlib.sha256(content.encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Answer:
    """What a person has said of a question: the lot, or None where none of the proposed."""

    lot: str | None
    who: str
    time: str


@dataclass(frozen=True)
class Resolution:
    """What is made of one use. `lot` is "" where it is open, `proposed` may then name one."""

    use: Use
    how: How
    lot: str = ""
    proposed: str = ""
    candidates: tuple[str, ...] = ()
    confusable: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether the lot is known."""
        return self.how in SETTLED


@dataclass
class Register:
    """The lots of one kind, by name and by spelling."""

    config: LotConfig
    lots: dict[str, Lot] = field(default_factory=dict)
    by_spelling: dict[str, list[Lot]] = field(default_factory=lambda: defaultdict(list))

    @cached_property
    def neighbours(self) -> Neighbours:
        """Return the spellings that are one slip from another."""
        return Neighbours(self.by_spelling)

    @cached_property
    def check(self) -> Check | None:
        """Return how names are checked."""
        return None if self.config.check is None else Check(self.config.check)

    def there(self, spelling: str, moment: int) -> list[Lot]:
        """Return the lots of a spelling that could be taken at a moment."""
        known = self.by_spelling.get(spelling, [])
        return [lot for lot in known if lot.begin <= moment <= lot.end]

    @cached_property
    def by_letters(self) -> dict[str, list[str]]:
        """Return what is left of spellings without their dashes -> those spellings."""
        found: dict[str, list[str]] = defaultdict(list)
        for spelling in self.by_spelling:
            found[spelling.replace("-", "")].append(spelling)
        return dict(found)

    def alike(self, spelling: str, moment: int) -> list[Lot]:
        """Return the lots there of a spelling; where it has none, of those with other dashes."""
        found = self.there(spelling, moment)
        others = self.by_letters.get(spelling.replace("-", ""), []) if not found else []
        return found or [lot for other in others for lot in self.there(other, moment)]

    def beside(self, spelling: str, moment: int) -> list[Lot]:
        """Return the lots one slip away that could be taken at a moment."""
        return [lot for near in self.neighbours.of(spelling) for lot in self.there(near, moment)]


def registers(
    kinds: Sequence[LotConfig], made: Sequence[Made]
) -> tuple[dict[str, Register], dict[Made, str]]:
    """Return kind -> its lots, and what each came to be called.

    A name that comes again is another lot: `name#2`. One without a name has one of its time.
    """
    found = {config.name: Register(config) for config in kinds}
    names: dict[Made, str] = {}
    for each in sorted(made, key=lambda one: one.time):
        register = found[each.kind]
        spelling = normalised(each.text)
        count = len(register.by_spelling[spelling]) + 1 if spelling else 0
        name = each.text.strip() if count else f"?{each.kind}@{moment_text(each.time)}"
        plain = name
        while name in register.lots:
            name = f"{plain}#{max(count, 2)}"
            count += 1
        end = each.time + round(min(register.config.usable_for_s, _FOREVER_S) * SECOND)
        lot = Lot(each.kind, name, each.text, each.time, end)
        register.lots[name] = lot
        if spelling:
            register.by_spelling[spelling].append(lot)
        names[each] = name
    for register in found.values():
        register.by_spelling = dict(register.by_spelling)
    return found, names


def reconciled(
    known: ReadOnly[str, Register], uses: Sequence[Use], answers: ReadOnly[str, Answer]
) -> list[Resolution]:
    """Return what is made of each use."""
    found = [_resolved(known[use.kind], use, answers.get(use.key)) for use in uses]
    return in_order(known, found)


def _resolved(register: Register, use: Use, answer: Answer | None) -> Resolution:
    found = _by_rule(register, use)
    if answer is None:
        return found
    if answer.lot is None:
        return Resolution(use, "refused", candidates=found.candidates)
    if answer.lot not in register.lots:
        raise ResultsError(f"question {use.key}: there is no {use.kind} '{answer.lot}' any more")
    return Resolution(use, "accepted", answer.lot)


def _by_rule(register: Register, use: Use) -> Resolution:
    spelling = normalised(use.text)
    if not spelling:
        return Resolution(use, "missing")
    there = register.alike(spelling, use.begin)
    beside = [lot for lot in register.beside(spelling, use.begin) if lot not in there]
    check = register.check
    if check is not None:
        if not check.is_right(normalised(there[0].text) if there else spelling):
            return _slipped(use, [*there, *beside])
        beside = [lot for lot in beside if check.is_right(normalised(lot.text))]
    if len(there) == 1:
        (lot,) = there
        same = use.text.strip() == lot.text.strip()
        how: How = "exact" if same else "normalised"
        return Resolution(use, how, lot.name, confusable=tuple(_names(beside)))
    if there:
        return Resolution(use, "reused", candidates=_some(there))
    return _slipped(use, beside)


def _slipped(use: Use, near: list[Lot]) -> Resolution:
    names = _some(near)
    if len(near) == 1:
        return Resolution(use, "proposed", proposed=names[0], candidates=names)
    return Resolution(use, "unknown", candidates=names)


def _names(lots: Sequence[Lot]) -> list[str]:
    return [lot.name for lot in lots]


def _some(lots: Sequence[Lot]) -> tuple[str, ...]:
    return tuple(_names(lots[:MOST_CANDIDATES]))


def unresolved(items: Sequence[str], resolutions: Sequence[Resolution]) -> set[str]:
    """Return the items of which some ancestor is not known, however far up."""
    above: dict[str, list[Resolution]] = defaultdict(list)
    for each in resolutions:
        above[each.use.child].append(each)
    state: dict[str, bool] = {}

    def visit(first: str) -> None:
        """Settle an item and all above it; a lot that is its own ancestor is not known."""
        stack = [(first, False)]
        while stack:
            item, done = stack.pop()
            if done:
                state[item] = any(
                    not each.settled or state.get(each.lot, True) for each in above[item]
                )
            elif item not in state:
                state[item] = True
                stack.append((item, True))
                stack += [(each.lot, False) for each in above[item] if each.settled]

    for item in items:
        visit(item)
    return {item for item in items if state[item] or item.startswith("?")}


def moment_text(time: int) -> str:
    """Return ns of UTC as text, to the second."""
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
