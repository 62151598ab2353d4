"""Units as makers write them, in words, symbols, codes and ids, to UCUM.

Ids of units are those that were read in public repositories on 2026-11-21 [V]; one that stands
here for nothing is understood where a concept description of the file explains it.
"""

from __future__ import annotations

import re
from typing import Final

from linetwin.cosim.units import parse_name
from linetwin.quantities.unece import UCUM_OF

_IDS: Final = {
    "0173-1#05-AAA480": "mm",
    "0173-1#05-AAA567": "Cel",
    "0173-1#05-AAA650": "/min",
    "0112/2///62720#UAA033": "Cel",
}
_VERSION: Final = re.compile(r"(?<=.)#\d{3}\Z")
_WHOLE: Final = {
    "celsius": "Cel", "degree celsius": "Cel", "degrees celsius": "Cel", "grad celsius": "Cel",
    "deg c": "Cel", "° c": "Cel", "°c": "Cel", "℃": "Cel", "degc": "Cel",
    "fahrenheit": "[degF]", "degree fahrenheit": "[degF]", "degrees fahrenheit": "[degF]",
    "grad fahrenheit": "[degF]", "deg f": "[degF]", "° f": "[degF]", "°f": "[degF]",
    "℉": "[degF]", "degf": "[degF]",
    "u/min": "/min", "1/min": "/min", "r/min": "/min", "rev/min": "/min", "rpm": "/min",
    "upm": "/min", "min-1": "/min", "min^-1": "/min", "min⁻¹": "/min", "mpm": "m/min",
    "ppm": "[ppm]", "parts per million": "[ppm]", "percent": "%", "prozent": "%",
    "micron": "um", "microns": "um", "ohm": "Ohm", "ohms": "Ohm",
    "kwh": "kW.h", "kilowatt-hour": "kW.h", "kilowatt-hours": "kW.h", "kilowattstunde": "kW.h",
    "kilowattstunden": "kW.h", "kilowatt hours": "kW.h", "wattstunden": "W.h",
    "amperestunden": "A.h", "ampere-hours": "A.h", "g/cc": "g/cm3", "-": "1",
    "none": "1", "ohne": "1", "dimensionless": "1", "einheitenlos": "1",
}  # fmt: skip
"""In any case of letters, as no other unit is written so."""
_NAMES: Final = {
    "degC": "Cel", "°C": "Cel", "Ω": "Ohm", "\u2126": "Ohm", "kWh": "kW.h", "Wh": "W.h",
    "Ah": "A.h", "mAh": "mA.h", "Nm": "N.m", "mPas": "mPa.s", "cP": "mPa.s",
}  # fmt: skip
"""What makers and their tools write in these letters, in UCUM's own words."""
_WORDS: Final = {
    "metre": "m", "metres": "m", "meter": "m", "meters": "m", "millimetre": "mm",
    "millimetres": "mm", "millimeter": "mm", "millimeters": "mm", "centimeter": "cm",
    "centimetre": "cm", "micrometre": "um", "micrometer": "um", "mikrometer": "um",
    "kilometre": "km", "kilometer": "km", "quadratmeter": "m2", "kubikmeter": "m3",
    "second": "s", "seconds": "s", "sekunde": "s", "sekunden": "s", "minute": "min",
    "minutes": "min", "minuten": "min", "hour": "h", "hours": "h", "stunde": "h", "stunden": "h",
    "day": "d", "days": "d", "tag": "d", "tage": "d",
    "gram": "g", "grams": "g", "gramm": "g", "milligram": "mg", "milligramm": "mg",
    "kilogram": "kg", "kilograms": "kg", "kilogramm": "kg", "tonne": "t", "tonnen": "t",
    "newton": "N", "kilonewton": "kN", "pascal": "Pa", "kilopascal": "kPa",
    "millibar": "mbar", "joule": "J", "watt": "W", "kilowatt": "kW", "kelvin": "K",
    "ohm": "Ohm", "ohms": "Ohm", "milliohm": "mOhm", "kiloohm": "kOhm",
    "volt": "V", "millivolt": "mV", "ampere": "A", "amperes": "A", "liter": "L", "litre": "L",
    "percent": "%", "prozent": "%", "umdrehungen": "1", "revolutions": "1",
}  # fmt: skip
_SIGNS: Final = str.maketrans({
    "²": "2", "³": "3", "·": ".", "⋅": ".", "*": ".", "µ": "u", "μ": "u", "⁻": "-", "¹": "1",
    "Ω": "Ohm", "\u2126": "Ohm", "\u00a0": " ", "^": None,
})  # fmt: skip
_PER: Final = re.compile(r"\s+(?:per|pro|je)\s+|\s*/\s*", re.IGNORECASE)


def ucum_of(text: str) -> str | None:
    """Return a unit as UCUM; None where nobody knows what is meant.

    `text`: UCUM, what modelling tools write, a code of UN/ECE Recommendation 20, an id, or words
    in English or German such as "g per m²" or "Meter pro Minute".
    """
    written = " ".join(text.split())
    known = UCUM_OF.get(written) or _IDS.get(_VERSION.sub("", written))
    known = known or _NAMES.get(written) or _WHOLE.get(written.casefold())
    candidates = (known,) if known else (written, written.translate(_SIGNS), _in_words(written))
    for candidate in candidates:
        if candidate and _is_unit(candidate):
            return _NAMES.get(candidate, candidate)
    return None


def _in_words(text: str) -> str:
    """Return factors and divisors, each by its word or as it is."""
    parts = [_factors(part) for part in _PER.split(text.translate(_SIGNS))]
    return "/".join([parts[0] or "1", *(f"({p})" if "." in p else p for p in parts[1:])])


def _factors(text: str) -> str:
    words = text.strip("() ").split()
    return ".".join(_WORDS.get(word.casefold(), word) for word in words)


def _is_unit(text: str) -> bool:
    try:
        parse_name(text)
    except ValueError:
        return False
    return True
