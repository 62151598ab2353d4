"""The log of what people decided about a run: where it is, who may write, and in what words.

`review.log` in the run's folder is an audit log (`results.audit`): each entry carries the hash of
the one before.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from linetwin.errors import Problem, ScenarioError
from linetwin.results.audit import AuditLog, Entry, entries, head_file, locked
from linetwin.results.audit_check import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOG: Final = "review.log"
_ALPHABETS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN"})
"""Alphabets with letters that look alike: in one name they are a slip or a deceit [M]."""
LONGEST: Final = 2000
"""Characters of a reason or a name."""


def log_of(folder: Path) -> AuditLog:
    """Return the log of a run's folder."""
    return AuditLog(folder / LOG)


def recorded(folder: Path) -> list[Entry]:
    """Return the entries of a run's log, whole and in order; none where there is no log.

    TamperedError where the log is not sound.
    """
    file = folder / LOG
    if not file.exists() and not head_file(file).exists():
        return []
    verify(file)
    return list(entries(file))


@contextmanager
def desk(folder: Path) -> Iterator[None]:
    """Hold a run's decisions: what is checked before an entry still holds when it is written."""
    with locked(folder / "review.desk"):
        yield


def check_person(option: str, name: str) -> None:
    """Raise ScenarioError for a name without a letter or digit, or one that is endless."""
    check_words(option, name)
    if not _words(name):
        raise ScenarioError([Problem(f"'{name}' is no name", option, "the name of a person")])
    scripts = _scripts(name) & _ALPHABETS
    if len(scripts) > 1:
        message = (
            f"'{name}' mixes letters of {' and '.join(each.title() for each in sorted(scripts))}"
        )
        raise ScenarioError([Problem(message, option, "letters of one alphabet")])


def check_words(option: str, text: str) -> None:
    """Raise ScenarioError for a reason or a name that is empty or endless."""
    if not text.strip() or len(text) > LONGEST:
        message = "is empty" if not text.strip() else f"is longer than {LONGEST:,} characters"
        raise ScenarioError([Problem(message, option, "a few words")])


def same_person(one: str, other: str) -> bool:
    """Whether two names may be of one person: "Müller, Jörg" and "jorg  mueller", "ann", "Ann Lee".

    It guards against a slip, not against deceit: names are no proof of who somebody is.
    """
    return any(_alike(_words(one, umlaut), _words(other, umlaut)) for umlaut in ("", "e"))


def _alike(own: list[str], its: list[str]) -> bool:
    return {*own} <= {*its} or {*its} <= {*own} or "".join(own) == "".join(its)


def _words(name: str, umlaut: str = "") -> list[str]:
    """Return a name's words, sorted: letters and digits, without accents, of mail what is before @.

    `umlaut`: what stands for the two dots of a letter, as in "Mueller".
    """
    plain = unicodedata.normalize("NFKD", name.split("@", maxsplit=1)[0].casefold())
    dotted = plain.replace("\u0308", umlaut)  # the combining diaeresis
    kept = "".join(each for each in dotted if not unicodedata.combining(each))
    return sorted(re.findall(r"[^\W_]+", kept))


def _scripts(name: str) -> set[str]:
    """Return the scripts of a name's letters, by the first word of what Unicode calls them."""
    return {unicodedata.name(each, "").split(" ")[0] for each in name if each.isalpha()}
