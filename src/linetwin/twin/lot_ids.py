"""Names of lots as people and scanners write them: alike, one slip apart, or with a wrong check."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.scenario.mapped import CheckConfig

LONGEST_NAME = 200
"""Characters of a name; a longer one fits no pattern [A]: the time grows with its cube at most."""
_JOINTS = re.compile(r"[\s_\-\u2010-\u2015\u2212]+")
"""What stands between the parts of a name: blanks, dashes of all kinds, underscores."""
_BASE = 36
_LUHN = 10
_MOD_97 = 97


def normalised(text: str) -> str:
    """Return a name in one spelling: capitals, one dash for whatever joins its parts."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return _JOINTS.sub("-", plain).strip("-")


def is_one_slip(one: str, other: str) -> bool:
    """Whether one character was left out, added, changed, or has changed places with the next."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    if len(one) > len(other):
        one, other = other, one
    at = next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), -1)
    if at < 0:
        return True
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at : at + 2] == other[at : at + 2][::-1]
    return one[at + 1 :] == other[at + 1 :] or (swapped and one[at + 2 :] == other[at + 2 :])


class Neighbours:
    """Names that are one slip from a name, found without asking all of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._of: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            for short in _shortened(name):
                self._of.setdefault(short, []).append(name)

    def of(self, name: str) -> list[str]:
        """Return them in the order of the names."""
        found = [each for short in _shortened(name) for each in self._of.get(short, [])]
        return [each for each in dict.fromkeys(found) if is_one_slip(name, each)]


def _shortened(name: str) -> list[str]:
    """Return the name and all that is left of it without one character."""
    return list(dict.fromkeys([name, *(name[:n] + name[n + 1 :] for n in range(len(name)))]))


@dataclass(frozen=True)
class Check:
    """How names of a kind of lot are built; with a check digit no single slip stays unseen."""

    config: CheckConfig

    def is_right(self, name: str) -> bool:
        """Whether a name in one spelling fits the pattern, and its check digits its body."""
        match = re.fullmatch(self.config.pattern, name) if len(name) <= LONGEST_NAME else None
        if match is None:
            return False
        if not self.config.method:
            return True
        digits = _JOINTS.sub("", match["body"]), _JOINTS.sub("", match["check"])
        if not all(each.isascii() and each.isalnum() for each in digits):
            return False
        return (_luhn if self.config.method == "luhn" else _mod_97)(*digits)


def _luhn(body: str, check: str) -> bool:
    """Whether Luhn's sum is a multiple of ten (ISO/IEC 7812-1, annex B [M]); digits only."""
    text = body + check
    if not text.isdecimal():
        return False
    total = 0
    for place, digit in enumerate(reversed(text)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004  the sum of two digits
    return total % _LUHN == 0


def _mod_97(body: str, check: str) -> bool:
    """Whether the number is 1 modulo 97 (ISO/IEC 7064, MOD 97-10 [M]); letters count 10 to 35."""
    number = "".join(str(int(each, _BASE)) for each in body + check)
    return int(number) % _MOD_97 == 1
