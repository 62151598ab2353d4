"""Keys that may be left out, but not left empty."""

from __future__ import annotations

from typing import Final

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

EMPTY: Final = "empty_key"
"""The type of the error, for which `validation` has words."""


def _given(raw: object) -> object:
    if raw is None:
        raise PydanticCustomError(EMPTY, "it has no value")
    return raw


Given: Final = BeforeValidator(_given)
"""Refuses a key without a value: `adaptive:` alone means nothing."""
