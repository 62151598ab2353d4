"""Numbers of things as people say them."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """Return how many there are of a thing: `1 lot`, `1,204 lots`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
