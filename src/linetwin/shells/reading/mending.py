"""Single values of foreign files: checked, and mended where their meaning is plain."""

from __future__ import annotations

import base64
import math
import re
from typing import TYPE_CHECKING, Any, Final

from linetwin.shells.reading.account import shown
from linetwin.shells.reading.json_tree import Number
from linetwin.shells.reading.shapes import BYTES, TEXT, TRUTH

if TYPE_CHECKING:
    from linetwin.shells.reading.account import Account, Place
    from linetwin.shells.reading.limits import Limits
    from linetwin.shells.reading.shapes import Slot

# Metamodel, constraint AASd-130: no control characters, no halves of surrogates.
_UNFIT: Final = re.compile("[^\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_DOUBLE: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN")
_UNFIT_LETTERS: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LARGEST_FLOAT: Final = 3.4028235677973366e38
"""What still rounds to the largest IEEE single."""
_TEXT_TYPES: Final = ("xs:string", "xs:anyURI", "xs:normalizedString")
_BINARY: Final = ("xs:base64Binary", "xs:hexBinary")
_NUMBERS: Final = {
    "xs:double": _DOUBLE,
    "xs:float": _DOUBLE,
    "xs:decimal": _DECIMAL,
} | dict.fromkeys(
    (
        *("xs:integer", "xs:long", "xs:int", "xs:short", "xs:byte"),
        *("xs:nonPositiveInteger", "xs:negativeInteger"),
        *("xs:nonNegativeInteger", "xs:positiveInteger"),
        *("xs:unsignedLong", "xs:unsignedInt", "xs:unsignedShort", "xs:unsignedByte"),
    ),
    _INTEGER,
)


def scalar(value: Any, slot: Slot, place: Place, account: Account) -> Any:  # noqa: ANN401 - JSON
    """Return a text, truth value, word or base64 text as `slot` wants it; None leaves it out."""
    if isinstance(value, bool) and slot.kind != TRUTH:
        account.note(place, "a truth value was read as text")
        value = "true" if value else "false"
    elif isinstance(value, Number):
        account.note(place, "a number was read as text", shown(value))
        value = str(value)
    if slot.kind == TRUTH:
        return _truth(value, place, account)
    if not isinstance(value, str):
        account.note(place, "was left out", "a text was expected")
        return None
    if not value.isprintable() and _UNFIT.search(value):
        account.note(place, "was left out", "it holds characters that no text of a shell may hold")
        return None
    if slot.kind == TEXT:
        return value
    if slot.kind == BYTES:
        return _encoded(value, place, account)
    return _word(value, slot.words, place, account)


def _truth(value: object, place: Place, account: Account) -> bool | None:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if isinstance(value, str) and text in {"true", "false", "1", "0"}:
        return text in {"true", "1"}
    account.note(place, "was left out", f"{shown(value)} is neither true nor false")
    return None


def _encoded(value: str, place: Place, account: Account) -> str | None:
    """Return base64 without blanks; basyx would drop what is no base64 without a word."""
    text = "".join(value.split())
    try:
        base64.b64decode(text, validate=True)
    except ValueError as error:
        account.note(place, "was left out", f"no base64: {error}")
        return None
    return text


def _word(value: str, words: frozenset[str], place: Place, account: Account) -> str | None:
    """Return the word that is meant: blanks and case do not count, `xs:` may be missing."""
    if value in words:
        return value
    wanted = value.strip().lower().removeprefix("xsd:").removeprefix("xs:")
    for word in sorted(words):
        if word.lower().removeprefix("xs:") == wanted:
            account.note(place, "a word was read as another", f"{shown(value)} as {word}")
            return word
    # Release candidates of 3.0 named references by what their first key is.
    meant = {"globalreference": "ExternalReference"}.get(wanted)
    if meant in words:
        account.note(place, "a word was read as another", f"{shown(value)} as {meant}")
        return meant
    account.note(place, "was left out", f"{shown(value)} is none of the words allowed here")
    return None


def typed(value: str, value_type: str, limits: Limits) -> tuple[str | None, str]:
    """Return the text of a typed value as basyx may take it, or None and why not ('': empty).

    basyx is wider than XML Schema (1_000, digits of other scripts) and turns 1e999 into infinity.
    """
    if value_type in _TEXT_TYPES:
        return value, ""
    text = value.strip()
    reason = _unfit(text, value_type, limits) if text else ""
    return (text if text and not reason else None), reason


def _unfit(text: str, value_type: str, limits: Limits) -> str:
    """Return why a text is no value of its type, as far as basyx would not say it, or ''."""
    if value_type in _BINARY:
        return ""
    if len(text) > limits.number_digits:
        return f"{len(text):,} characters, allowed are {limits.number_digits}"
    pattern = _NUMBERS.get(value_type)
    if pattern is not None and not pattern.fullmatch(text):
        return f"{shown(text)} is no {value_type}"
    if pattern is _DOUBLE and not text.endswith(("INF", "NaN")):
        largest = _LARGEST_FLOAT if value_type == "xs:float" else math.inf
        if abs(float(text)) >= largest:
            return f"{shown(text)} is too large for {value_type}"
    return ""


def id_short(value: str) -> str:
    """Return an idShort that the metamodel allows, with the letters of `value` that it has."""
    text = _UNFIT_LETTERS.sub("_", value.strip())[:128].rstrip("-")
    return text if text[:1].isalpha() else f"x_{text}"[:128]
