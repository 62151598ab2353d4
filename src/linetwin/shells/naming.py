"""Names of shells: idShorts made of addresses, and back; ids that stay from export to export.

The rule of idShorts (letters, digits and `_`, a letter first, at least two characters):

    letters and digits     stay                       coater
    .  between two others  becomes `__`               cathode.coater   -> cathode__coater
    _  between two others  stays                      web_speed
    anything else          `___`, its code, `_`       cold weld        -> cold___20_weld
    no letter at first     `x____` before it          2nd              -> x____2nd
    a single letter        `____` behind it           a                -> a____

Ids begin with a base that the user can set, `BASE` where none is: a domain that nobody can own
(RFC 2606), so that it is nobody's by mistake.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from urllib.parse import quote

from linetwin.errors import Problem, ScenarioError

BASE = "https://linetwin.example/"
LONGEST = 128
"""Characters of an idShort, by the metamodel."""

_EMPTY = "____"
_ODD = re.compile(r"(?<![A-Za-z0-9])[._]|[._](?![A-Za-z0-9])|[^A-Za-z0-9._]")
_TOKEN = re.compile(r"___([0-9a-f]{1,6})_|(__)|(_)|([A-Za-z0-9]+)")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+[/#:]\Z")


def id_short(name: str) -> str:
    """Return the idShort of an address or any other name; ScenarioError where it is too long."""
    if not name:
        raise ScenarioError("an empty name has no idShort")
    text = _ODD.sub(lambda match: f"___{ord(match[0]):x}_", name).replace(".", "__")
    if not (text[0].isascii() and text[0].isalpha()):
        text = f"x{_EMPTY}{text}"
    elif len(text) == 1:
        text += _EMPTY
    if len(text) > LONGEST:
        hint = f"an idShort has {LONGEST} characters at most; this would have {len(text)}"
        raise ScenarioError([Problem(f"'{name}' is too long for a shell", hint=hint)])
    return text


def name_of(text: str) -> str:
    """Return the name that an idShort stands for; ValueError where the rule never writes it."""
    rest = text
    if len(text) == len(_EMPTY) + 1 and text.endswith(_EMPTY):
        rest = text[0]
    elif text.startswith(f"x{_EMPTY}"):
        rest = text.removeprefix(f"x{_EMPTY}")
    parts, position = [], 0
    while position < len(rest):
        match = _TOKEN.match(rest, position)
        if match is None:
            break
        code, dot, line, plain = match.groups()
        parts.append(_character(code) if code else "." if dot else "_" if line else plain)
        position = match.end()
    name = "".join(parts)
    if position < len(rest) or not name or id_short(name) != text:
        raise ValueError(f"'{text}' is no name by linetwin's rule")
    return name


def _character(code: str) -> str:
    return chr(int(code, 16)) if int(code, 16) <= sys.maxunicode else ""


@dataclass(frozen=True)
class Named:
    """The ids of a thing: of its shell, and of the asset itself."""

    shell: str
    asset: str

    def submodel(self, name: str) -> str:
        """Return the id of one of its submodels, by the submodel's idShort."""
        return f"{self.shell}/submodels/{name}"


@dataclass(frozen=True)
class Names:
    """Ids under a base IRI; what is asked twice gets the same answer, in every export."""

    base: str = BASE

    def __post_init__(self) -> None:
        """Refuse a base that is no IRI, or behind which names would run on."""
        if not _IRI.match(self.base):
            hint = "an absolute IRI that ends in / or # or :, such as https://example.com/plant/"
            raise ScenarioError([Problem(f"'{self.base}' is no base", "--base-iri", hint)])

    def line(self, line: str) -> Named:
        """Return the ids of a line, by the name in its file."""
        return self._named("lines", line)

    def machine(self, line: str, path: str) -> Named:
        """Return the ids of a station, a group of them or the building, by its path."""
        return self._named("lines", line, "machines", path)

    def model(self, model: str) -> Named:
        """Return the ids of a model, by its name in a package."""
        return self._named("models", model)

    def run(self, run: str) -> Named:
        """Return the ids of a run."""
        return self._named("runs", run)

    def lot(self, run: str, lot: str) -> Named:
        """Return the ids of a lot of a run."""
        return self._named("runs", run, "lots", lot)

    def cell(self, run: str, cell: str) -> Named:
        """Return the ids of a cell of a run."""
        return self._named("runs", run, "cells", cell)

    def _named(self, *parts: str) -> Named:
        path = "/".join(quote(part, safe="") for part in parts)
        return Named(f"{self.base}{path}", f"{self.base}{path}/asset")
