"""Times and exact numbers of a run as shells write them."""

from __future__ import annotations

from decimal import Decimal

from basyx.aas.model import datatypes

MS_PER_DAY = 86_400_000
LEAST = 1e-6
"""Below this a decimal would be written with an exponent, which XSD forbids: it is zero."""


def duration(milliseconds: float) -> datatypes.Duration:
    """Return a length of time by ISO 8601; a run has no calendar date, so days are the longest.

    It is negative before the first tick: a stock was made then.
    """
    whole, sign = abs(round(milliseconds)), -1 if milliseconds < 0 else 1
    return datatypes.Duration(
        days=sign * (whole // MS_PER_DAY),
        seconds=sign * (whole % MS_PER_DAY // 1000),
        microseconds=sign * (whole % 1000 * 1000),
    )


def told(tick: float) -> str:
    """Return a time of the run as text, such as `P2DT6H20M0.5S` after its first tick."""
    return str(datatypes.xsd_repr(duration(tick)))


def decimal(number: float) -> Decimal:
    """Return a number as XSD's decimal takes it, to twelve places behind the point."""
    if abs(number) < LEAST:
        return Decimal(0)
    return Decimal(f"{number:.12f}".rstrip("0").rstrip("."))
