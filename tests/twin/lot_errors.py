"""A genealogy as a plant would tell it, with errors put in, and what is true beside it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from linetwin.scenario.mapped import CheckConfig, LotConfig
from linetwin.twin.columns import SECOND
from linetwin.twin.reconciliation import Made, Use, registers

if TYPE_CHECKING:
    from linetwin.twin.reconciliation import Register

CHECK = CheckConfig(r"(?P<body>[A-Z]{2}\d{5})-(?P<check>\d{2})", "mod97")
ALPHABET = list("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789-")
ERRORS = ("none", "spelling", "slip", "missing")
PARTS = np.array([0.0, 0.4, 0.4, 0.2])
"""Of the errors: spellings, slips, names that are missing."""


@dataclass
class Told:
    """Lots and links: (child, parent, role), times in s; and how the plant names each lot."""

    made_at: dict[str, float]
    links: list[tuple[str, str, str]]
    cells: list[str]
    kind_of: dict[str, str]
    label: dict[str, str] = field(default_factory=dict)

    def taken_at(self, child: str, parent: str) -> float:
        """When a parent was taken: not before either was there."""
        return max(self.made_at[child], self.made_at[parent])


def grown(chance: np.random.Generator) -> Told:
    """A small line: slurry, charges, rolls, cells; names count up as they do in a plant."""
    told = Told({}, [], [], {})

    def make(kind: str, count: int, begin: float, every: float) -> list[str]:
        names = [f"{kind}-{n:04d}" for n in range(1, count + 1)]
        for n, name in enumerate(names):
            told.made_at[name] = begin + every * n
            told.kind_of[name] = kind
        return names

    slurries = make("slurry", 6, 0.0, 3600.0)
    charges = make("charge", 40, 600.0, 500.0)
    rolls = make("roll", 10, 900.0, 2000.0)
    told.cells = make("cell", 80, 30_000.0, 20.0)
    for n, charge in enumerate(charges):
        told.links.append((charge, slurries[min(n // 7, 5)], "slurry"))
    for n, roll in enumerate(rolls):
        told.links += [(roll, charge, "charge") for charge in charges[4 * n : 4 * n + 4]]
    for cell in told.cells:
        told.links.append((cell, rolls[int(chance.integers(0, 10))], "web"))
    return told


def labelled(told: Told, *, checked: bool) -> None:
    """Name the lots as the plant does: as they are, or in letters and numbers with check digits."""
    kinds = sorted(set(told.kind_of.values()))
    for n, name in enumerate(told.made_at):
        number = kinds.index(told.kind_of[name])
        body = f"{chr(65 + number // 26)}{chr(65 + number % 26)}{n:05d}"
        digits = "".join(str(int(each, 36)) for each in body)
        # ISO/IEC 7064: the check that makes the whole number 1 modulo 97
        check = next(c for c in range(97) if (int(digits) * 100 + c) % 97 == 1)
        told.label[name] = f"{body}-{check:02d}" if checked else name


def reused(told: Told, usable_s: float, chance: np.random.Generator) -> None:
    """Let some lots have the name of one that nobody can take any more."""
    for kind in sorted(set(told.kind_of.values())):
        lots = [each for each in told.made_at if told.kind_of[each] == kind]
        for later in lots:
            free = [
                each
                for each in lots
                if told.made_at[each] + usable_s < told.made_at[later]
                and sum(label == told.label[each] for label in told.label.values()) == 1
            ]
            if free and chance.random() < 0.2:
                told.label[later] = told.label[free[0]]


def spelt(text: str, chance: np.random.Generator) -> str:
    """The same name in another spelling."""
    joint = str(chance.choice([" ", "_", "\u2013", " - "]))
    changed = text.replace("-", joint)
    changed = changed.lower() if chance.random() < 0.5 else changed.upper()
    return f"  {changed} " if chance.random() < 0.5 else changed


def slipped(text: str, chance: np.random.Generator) -> str:
    """The name with one slip."""
    at = int(chance.integers(0, len(text)))
    other = str(chance.choice(ALPHABET))
    match int(chance.integers(0, 4)):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + other + text[at:]
        case 2:
            return text[:at] + other + text[at + 1 :]
        case _:
            return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


@dataclass
class Broken:
    """What the plant said: the register, the uses, the lot that each use truly was of."""

    known: dict[str, Register]
    uses: list[Use]
    truth: dict[str, str]
    cells: list[str]
    names: dict[str, str]


def broken(told: Told, chance: np.random.Generator, share: float, *, checked: bool) -> Broken:
    """Put errors into a share of the uses of a genealogy, one each."""
    spans = [told.taken_at(child, parent) - told.made_at[parent] for child, parent, _ in told.links]
    usable = max(spans) + 1.0
    labelled(told, checked=checked)
    reused(told, usable, chance)
    check = CHECK if checked else None
    kinds = [
        LotConfig(kind, (), {}, usable_for_s=usable, check=check)
        for kind in dict.fromkeys(told.kind_of.values())
    ]
    made = {
        name: Made(told.kind_of[name], told.label[name], round(time * SECOND))
        for name, time in told.made_at.items()
    }
    known, called = registers(kinds, list(made.values()))
    names = {name: called[each] for name, each in made.items()}
    uses, truth = [], {}
    shares = share * PARTS + np.array([1.0 - share, 0.0, 0.0, 0.0])
    for number, (child, parent, role) in enumerate(told.links):
        text = told.label[parent]
        match ERRORS[int(chance.choice(4, p=shares))]:
            case "spelling":
                text = spelt(text, chance)
            case "slip":
                text = slipped(text, chance)
            case "missing":
                text = str(chance.choice(["", "  ", "-"]))
        begin = round(told.taken_at(child, parent) * SECOND)
        use = Use(told.kind_of[parent], f"{role} {number}", names[child], text, begin)
        uses.append(use)
        truth[use.key] = names[parent]
    return Broken(known, uses, truth, [names[cell] for cell in told.cells], names)


def counted(told: Told, names: dict[str, str], open_children: set[str]) -> set[str]:
    """The cells that have a child of an open use among them and their true ancestors."""
    above: dict[str, set[str]] = defaultdict(set)
    for child, parent, _ in told.links:
        above[child].add(parent)
    found = set()
    for cell in told.cells:
        seen, near = {cell}, {cell}
        while near:
            near = set().union(*(above[each] for each in near)) - seen
            seen |= near
        if any(names[each] in open_children for each in seen):
            found.add(names[cell])
    return found
