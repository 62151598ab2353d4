"""Codes of units by UN/ECE Recommendation 20, as OPC UA carries them (OPC 10000-8, 5.6.4.3).

Read in lists of that recommendation that others publish [V], but for the commonest [M].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UCUM_OF: Mapping[str, str] = {
    "C62": "1", "P1": "%", "59": "[ppm]", "GK": "g/kg",
    "C45": "nm", "4H": "um", "MMT": "mm", "MTR": "m", "KMT": "km", "MTK": "m2", "C93": "1/m2",
    "MLT": "mL", "LTR": "L", "MTQ": "m3", "41": "mL/min", "MQH": "m3/h", "MQS": "m3/s",
    "C26": "ms", "SEC": "s", "MIN": "min", "HUR": "h", "DAY": "d",
    "C97": "1/s", "C94": "/min", "RPM": "/min", "H10": "1/h", "HTZ": "Hz",
    "GRM": "g", "KGM": "kg", "F29": "g/s", "KGS": "kg/s",
    "MTS": "m/s", "2X": "m/min",
    "H63": "mg/cm2", "GM": "g/m2", "28": "kg/m2", "H56": "kg/(m2.s)",
    "A93": "g/m3", "23": "g/cm3", "KMQ": "kg/m3", "D41": "t/m3",
    "4P": "N/m", "F47": "N/mm", "PAL": "Pa", "KPA": "kPa", "BAR": "bar", "MBR": "mbar",
    "C65": "Pa.s", "KEL": "K", "CEL": "Cel", "D55": "W/(m2.K)",
    "WTT": "W", "KWT": "kW", "JOU": "J", "WHR": "W.h", "KWH": "kW.h", "J2": "J/kg", "B42": "kJ/kg",
    "B84": "uA", "4K": "mA", "AMP": "A", "AMH": "A.h", "2Z": "mV", "VLT": "V",
    "E45": "mOhm", "OHM": "Ohm", "B49": "kOhm", "B75": "MOhm",
}  # fmt: skip
"""Code -> unit as UCUM writes it; of several codes of a unit the first is ours."""
_CODES = {unit: code for code, unit in reversed(list(UCUM_OF.items()))}


def code_of(unit: str) -> str:
    """Return the code of a UCUM unit; "" where none is known."""
    return _CODES.get(unit, "")
