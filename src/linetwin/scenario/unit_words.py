"""How units are spelt: what people write to pint's grammar, UCUM to what people read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from linetwin.errors import ScenarioError

if TYPE_CHECKING:
    from linetwin.quantities import Quantity

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
# Signs that differ from pint's: Ohm and micro each have two code points; dots multiply.
_SIGNS = {
    "·": ".",
    "⋅": ".",
    "*": ".",
    "\u03a9": "Ohm",
    "\u2126": "Ohm",
    "\u03bc": "u",
    "\u00b5": "u",
    "℃": "degC",
    "℉": "degF",
    "°": "deg",
}
_SYMBOL = re.compile(r"(\[[A-Za-z_]+\]|[A-Za-z_%‰]+)(-?[1-9])?")
_CHUNK = re.compile(r"[()/.]|[^()/.]+")
# A speed of rotation is counted in revolutions, as the vocabulary does; pint counts radians.
_SYMBOLS = {
    "%": "percent",
    "‰": "permille",
    "[ppm]": "ppm",
    "Cel": "degC",
    "[degF]": "degF",
    "rpm": "minute**-1",
    "Nm": "newton*meter",  # to pint the count of a yarn
    "mOhm": "milliohm",
    "kOhm": "kiloohm",
    "MOhm": "megaohm",
}
_SHOWN = {
    "1": "",
    "Cel": "°C",
    "um": "µm",
    "uA": "µA",
    "[ppm]": "ppm",
    "/min": "1/min",
    "A.h": "Ah",
    "W.h": "Wh",
    "kW.h": "kWh",
    "Ohm": "Ω",
    "mOhm": "mΩ",
    "kOhm": "kΩ",
    "W/(m2.K)": "W/(m²·K)",
    "g/(m2.s)": "g/(m²·s)",
    "Pa.s": "Pa·s",
}
# Display unit: what it measures, and an example of the form that is read.
_FORMS = {
    "1": ("a number", "1.5"),
    "%": ("a fraction", "25 % or 0.25"),
    "[ppm]": ("a fraction", "300 ppm"),
    "g/kg": ("a ratio", "8 g/kg"),
    "m/min": ("a speed", "1.9 m/min"),
    "Cel": ("a temperature", "20 degC or 293.15 K"),
    "K": ("a temperature difference", "5 K"),
    "m": ("a length", "100 m"),
    "km": ("a length", "20 km"),
    "mm": ("a length", "250 mm"),
    "um": ("a length", "75 um"),
    "m2": ("an area", "0.5 m2"),
    "s": ("a time", "20 s"),
    "min": ("a time", "30 min"),
    "h": ("a time", "12 h"),
    "d": ("a time", "3 d"),
    "g": ("a mass", "20 g"),
    "kg": ("a mass", "25 kg"),
    "g/s": ("a mass flow", "2 g/s"),
    "mL/min": ("a volume flow", "80 mL/min"),
    "mL": ("a volume", "15 mL"),
    "mg/cm2": ("a loading", "18.5 mg/cm2"),
    "g/m2": ("a loading", "185 g/m2"),
    "kg/m3": ("a density", "2700 kg/m3"),
    "g/cm3": ("a density", "3.2 g/cm3"),
    "N/mm": ("a line load", "250 N/mm"),
    "Pa": ("a pressure", "500 Pa"),
    "kPa": ("a pressure", "10 kPa"),
    "W": ("a power", "800 W"),
    "kW": ("a power", "12 kW"),
    "W/(m2.K)": ("a heat transfer coefficient", "40 W/m2K"),
    "/min": ("a speed of rotation", "600 1/min"),
    "1/h": ("a rate", "0.1 1/h (fully charged in 10 h)"),
    "1/m2": ("a number per area", "2 1/m2"),
    "V": ("a voltage", "4.2 V"),
    "mV": ("a voltage", "5 mV"),
    "mV/d": ("a voltage drift", "0.5 mV/d"),
    "A": ("a current", "2.5 A"),
    "A.h": ("a capacity", "5 Ah"),
    "mOhm": ("a resistance", "12 mOhm"),
    "kOhm": ("a resistance", "100 kOhm"),
}


def allowed_form(quantity: Quantity) -> str:
    """Return how a value of `quantity` is written, such as "a speed such as 1.9 m/min"."""
    unit = quantity.display or quantity.unit
    noun, example = _FORMS.get(unit, ("a value", f"1 {unit}"))
    if quantity.type == "int":
        noun, example = "a whole number", "20"
    return f"{noun} such as {example}"


def shown_unit(ucum: str) -> str:
    """Return a UCUM unit as people read it; "" for the dimensionless one."""
    return _SHOWN.get(ucum) or ("" if ucum == "1" else re.sub(r"(?<=m)2\b", "²", _cubic(ucum)))


def unit_expression(text: str, *, difference: bool) -> str:
    """Return the expression that pint understands for a unit as people or UCUM write it.

    Symbols without a sign between them belong together: `W/m2K` is W/(m2.K). Where `difference`
    is set, and inside a compound unit, a degree is a difference of temperature.
    """
    tidy = text.strip().translate(_SUPERSCRIPTS).replace("**", "").replace("^", "")
    for sign, word in _SIGNS.items():
        tidy = tidy.replace(sign, word)
    tidy = re.sub(r"\s*([/.()])\s*", r"\1", tidy).replace(" ", ".")
    chunks = _CHUNK.findall(tidy)
    if not _well_formed(chunks):
        raise ScenarioError(f"unit '{text}' is unknown")
    if chunks[:1] == ["/"]:
        chunks.insert(0, "1")
    compound = len(chunks) > 1 or difference
    return "".join(_chunk(chunk, text, compound=compound) for chunk in chunks)


def _well_formed(chunks: list[str]) -> bool:
    """Say whether brackets close and no sign stands where a symbol is due."""
    depth = 0
    for before, chunk in zip(["", *chunks], [*chunks, ""], strict=True):
        depth += (chunk == "(") - (chunk == ")")
        if depth < 0 or (before in {".", "/", "("} and chunk in {"", ".", "/", ")"}):
            return False
    return depth == 0 and chunks[:1] != ["."]


def _cubic(ucum: str) -> str:
    return re.sub(r"(?<=m)3\b", "³", ucum)


def _chunk(chunk: str, text: str, *, compound: bool) -> str:
    """Translate what stands between two signs: `m2K` becomes (m**2*K)."""
    if chunk in {"(", ")", "/", "1"}:
        return chunk
    if chunk == ".":
        return "*"
    factors = []
    position = 0
    for match in _SYMBOL.finditer(chunk):
        if match.start() != position:
            break
        position = match.end()
        symbol = _SYMBOLS.get(match[1], match[1])
        if compound and symbol in {"degC", "degF"}:
            symbol = f"delta_{symbol}"
        factors.append(f"{symbol}**{match[2]}" if match[2] else symbol)
    if position != len(chunk):
        raise ScenarioError(f"unit '{text}' is unknown")
    return f"({'*'.join(factors)})"
