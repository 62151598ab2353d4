"""How values, names and the head of a file are written, in whatever kind of file."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

VERSION = 1
FORM = "form"
"""Kind of error of a text that is not written as it should be."""
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
_PATH = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"
StationPath = Annotated[str, Field(pattern=_PATH)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Strict(BaseModel):
    """A table of a file: its keys are those written here, its types exactly those."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Written(Strict):
    """A value as written: with its evidence, or alone."""

    value: object
    tag: Literal["V", "D", "M", "A"] | None = None
    source: str | None = None


def as_table(key: str) -> BeforeValidator:
    """Let `x` stand for `{key: x}`."""
    return BeforeValidator(lambda raw: raw if isinstance(raw, dict) else {key: raw})


def formed(pattern: str, what: str, hint: str) -> AfterValidator:
    """Let text pass that matches a pattern whole; `what` it is no, and how it is written."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise PydanticCustomError(FORM, "{what}", {"what": what, "hint": hint})
        return text

    return AfterValidator(check)


Writing = Annotated[Written, as_table("value")]


class FileHead(Strict):
    """What each kind of file begins with."""

    version: Literal[1] = Field(alias="schema")
    name: Annotated[str, Field(pattern=_NAME)]
    title: str = ""
    description: str = ""
