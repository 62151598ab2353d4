"""Numbers as makers write them: read where only one reading is possible, else doubted.

A text has a decimal point or a decimal comma; `1.234` and `1,234` may mean either, unless the text
is in a language that says which. A range is one number where both its ends are the same. What
stands behind a number is one unit; a text of which the number is but a part is none.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from basyx.aas import model

from linetwin.shells.joining.units import ucum_of

_SPACES: Final = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-"})
_WRITTEN: Final = re.compile(
    r"(?P<number>[+-]?[0-9][0-9.,' ]*(?:[eE][+-]?[0-9]+)?)(?P<unit>(?:\s|(?<=[0-9])).*)?"
)
_SIGNS: Final = "%\u2030\u00b0/(["
"""What a unit may begin with beside letters: after all else the text is more than a number."""
_FURTHER: Final = re.compile(r"(?<![a-zA-ZµμΩ\u2126^\-⁻)\]])[0-9]")
"""A digit that is no exponent of a unit: a further number."""
_TOO_LARGE: Final = re.compile(r"[+-]?[0-9]+([.,][0-9]*)?[eE][+]?[0-9]+")
"""What has the form of a number, and none that a computer holds."""
_COMMA_LANGUAGES: Final = frozenset(
    {"cs", "da", "de", "es", "fi", "fr", "hr", "hu", "it", "nb", "nl", "pl", "pt", "sk", "sl", "sv"}
)
"""Languages that write a decimal comma (Unicode CLDR) [M]; Swiss German does not."""
_POINT_LANGUAGES: Final = frozenset({"en", "ja", "ko", "zh"})


@dataclass(frozen=True)
class Number:
    """A number that is certain; `unit`: written behind it, "" for none.

    `is_decided`: a person gave it.
    """

    value: int | float
    unit: str = ""
    is_decided: bool = False


@dataclass(frozen=True)
class Doubt:
    """Why there is no certain number; `readings`: those among which a person may choose.

    `span`: what the number has to be within; `is_asked`: a person has to say the number.
    """

    reason: str
    readings: tuple[int | float, ...] = ()
    unit: str = ""
    span: tuple[float, float] = (-math.inf, math.inf)
    is_asked: bool = False


def number_of(element: model.SubmodelElement) -> Number | Doubt:
    """Return the number of an element, or why it has none that is certain."""
    if isinstance(element, model.MultiLanguageProperty):
        return _in_languages(dict((element.value or {}).items()))
    if isinstance(element, model.Range):
        return _of_range(element)
    if not isinstance(element, model.Property):
        return Doubt(f"a {type(element).__name__} is no number")
    value = element.value
    if value is None:
        return Doubt("has no value")
    if isinstance(value, bool):
        return Doubt(f"'{str(value).lower()}' is no number")
    return read_number(str(value)) if isinstance(value, str) else _plain(value)


def _plain(value: object) -> Number | Doubt:
    """Return a number that XSD has typed."""
    try:
        number = float(value)  # type: ignore[arg-type]  # what is none is doubted
    except (TypeError, ValueError, OverflowError):
        return Doubt(f"'{value}' is no number")
    if not math.isfinite(number):
        return Doubt(f"'{value}' is no finite number")
    return Number(int(value) if isinstance(value, int) else number)


def read_number(text: str, language: str = "") -> Number | Doubt:
    """Return the number that a text is, with a unit behind it where it has one.

    `language`: a tag such as `de-DE`, which says how decimals are written; "" for none.
    """
    stripped = text.translate(_SPACES).strip()
    if not stripped:
        return Doubt("has no value")
    match = _WRITTEN.fullmatch(stripped)
    unit = (match["unit"] or "").strip() if match is not None else ""
    if match is None or (unit and not (unit[0].isalpha() or unit[0] in _SIGNS)):
        return Doubt(f"'{text}' is no number")
    mark = _mark_of(language)
    found = sorted({n for each in (".", ",") if mark in {"", each}
                    if (n := _read(match["number"].strip(), each)) is not None})  # fmt: skip
    readings = tuple(int(n) if n.is_integer() and abs(n) < 2**53 else n for n in found)
    if not readings:
        is_large = _TOO_LARGE.fullmatch(match["number"].strip()) is not None
        return Doubt(f"'{text}' is {'too large' if is_large else 'no number'}")
    if unit and (_FURTHER.search(unit) or ucum_of(unit) is None):
        return Doubt(f"'{text}' is not one number with one unit", is_asked=True)
    if len(readings) > 1:
        return Doubt(f"'{text}' may be {' or '.join(map(str, readings))}", readings, unit)
    return Number(readings[0], unit)


def _mark_of(language: str) -> str:
    """Return the decimal mark of a language, "" where that is not known."""
    tag = language.replace("_", "-").lower()
    if tag == "de-ch" or tag.partition("-")[0] in _POINT_LANGUAGES:
        return "."
    return "," if tag.partition("-")[0] in _COMMA_LANGUAGES else ""


def _read(text: str, mark: str) -> float | None:
    """Return a number with that decimal mark, thousands in threes; None where it is none."""
    digits, _, exponent = text.lower().partition("e")
    whole, *rest = digits.split(mark)
    if len(rest) > 1:
        return None
    other = "," if mark == "." else "."
    for separator in (other, " ", "'"):
        if separator in whole:
            if re.fullmatch(rf"[+-]?[1-9][0-9]{{0,2}}(?:{re.escape(separator)}[0-9]{{3}})+", whole):
                whole = whole.replace(separator, "")
            break
    fraction = rest[0] if rest else ""
    if not re.fullmatch(r"[+-]?[0-9]+", whole) or not re.fullmatch(r"[0-9]*", fraction):
        return None
    number = float(f"{whole}.{fraction or 0}e{exponent or 0}")
    return number if math.isfinite(number) else None


def _in_languages(texts: dict[str, str]) -> Number | Doubt:
    """Return the number on which all languages of a text agree."""
    found = [read_number(text, language) for language, text in texts.items() if text.strip()]
    if not found:
        return Doubt("has no value")
    numbers = list(dict.fromkeys(each for each in found if isinstance(each, Number)))
    if len(numbers) == 1 and len({type(each) for each in found}) == 1:
        return numbers[0]
    doubts = [each.reason for each in found if isinstance(each, Doubt)]
    values = tuple(dict.fromkeys(each.value for each in numbers))
    said = "; ".join(doubts) or f"languages differ: {', '.join(texts.values())}"
    is_asked = any(isinstance(each, Doubt) and each.is_asked for each in found)
    return Doubt(said, values, numbers[0].unit if numbers else "", is_asked=is_asked)


def _of_range(element: model.Range) -> Number | Doubt:
    ends = [_plain(each) if not isinstance(each, str) else read_number(each)
            for each in (element.min, element.max) if each is not None]  # fmt: skip
    numbers = tuple(dict.fromkeys(each.value for each in ends if isinstance(each, Number)))
    is_open = element.min is None or element.max is None
    if not is_open and len(numbers) == 1 and all(isinstance(each, Number) for each in ends):
        return Number(numbers[0])
    least, most = (
        (
            -math.inf if element.min is None else numbers[0],
            math.inf if element.max is None else numbers[-1],
        )
        if numbers
        else (-math.inf, math.inf)
    )
    reason = f"a range from {element.min} to {element.max}, and one number is wanted"
    return Doubt(reason, numbers, span=(least, most))
