"""A predictor's file: a zip of `card.json` and `model.onnx`. Nothing in it is ever executed.

Whatever comes from elsewhere may be damaged or meant to harm: sizes are looked at before anything
is unpacked, the card is checked field by field, the graph operator by operator.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from pydantic import ValidationError

from linetwin.errors import Problem, ScenarioError
from linetwin.predictors.card import Card
from linetwin.predictors.graph import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIX: Final = ".predictor"
CARD, MODEL = "card.json", "model.onnx"
MOST_BYTES: Final = {CARD: 4 << 20, MODEL: 32 << 20}
_MOST_FILE: Final = 32 << 20
_DAMAGED: Final = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(OSError, EOFError, ValueError),
)
"""What reading a damaged zip raises."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the same content gives the same file


@dataclass(frozen=True)
class Stored:
    """What a file holds; `graph` is empty for physics alone."""

    card: Card
    graph: bytes


def write(stored: Stored, file: Path) -> None:
    """Write a predictor's file, whole or not at all."""
    card = stored.card.model_dump_json(indent=1).encode()
    pack(file, {CARD: card, MODEL: stored.graph})


def pack(file: Path, contents: Mapping[str, bytes]) -> None:
    """Write a zip of some members, whole or not at all; the same contents give the same file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.part")
    try:
        partial.write_bytes(made.getvalue())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def read(file: Path) -> Stored:
    """Read a predictor's file; ScenarioError, with the reason, for one that is not to be used."""
    content = unpack(file, MOST_BYTES, f"a file that `surrogate train -o NAME{SUFFIX}` made")
    card = _card(file, content[CARD])
    if hashlib.sha256(content[MODEL]).hexdigest() != card.model_digest:
        _refuse(file, "model.onnx is not the one that card.json describes")
    if card.learnt:
        reason = refusal(content[MODEL], len(card.features))
        if reason:
            _refuse(file, reason)
    elif content[MODEL] or card.physics is None:
        _refuse(file, "has neither physics nor a learnt part, or one that its card does not name")
    return Stored(card, content[MODEL])


def unpack(file: Path, most_bytes: Mapping[str, int], wanted: str) -> dict[str, bytes]:
    """Return the members of a zip: those of `most_bytes`, none longer than that, and no other.

    ScenarioError for a file that is not there (`wanted` says what is), too large, or damaged.
    """
    if not file.is_file():
        _refuse(file, "the file does not exist", wanted)
    if file.stat().st_size > _MOST_FILE:
        _refuse(file, f"is larger than {_MOST_FILE >> 20} MB")
    try:
        with zipfile.ZipFile(file) as archive:
            return _unpacked(file, archive, most_bytes)
    except _DAMAGED as error:
        _refuse(file, f"is damaged: {error}")
    except (RuntimeError, NotImplementedError) as error:  # encrypted, or an unknown compression
        _refuse(file, f"is no predictor: {error}")


def _unpacked(
    file: Path, archive: zipfile.ZipFile, most_bytes: Mapping[str, int]
) -> dict[str, bytes]:
    members = archive.infolist()
    if sorted(member.filename for member in members) != sorted(most_bytes):
        _refuse(file, f"does not hold {' and '.join(most_bytes)} alone")
    found = {}
    for member in members:
        most = most_bytes[member.filename]
        if member.file_size > most:
            _refuse(file, f"{member.filename} would unpack to more than {most >> 20} MB")
        with archive.open(member) as stream:  # the stated size may lie
            found[member.filename] = stream.read(most + 1)
        if len(found[member.filename]) != member.file_size:
            _refuse(file, f"{member.filename} is not as long as the file says")
    return found


def _card(file: Path, content: bytes) -> Card:
    try:
        card = Card.model_validate_json(content, strict=True)
        card.domain()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        _refuse(file, f"{CARD}: {where}: {first['msg']}")
    except ValueError as error:
        _refuse(file, f"{CARD}: {error}")
    return card


def _refuse(file: Path, message: str, hint: str = "") -> NoReturn:
    raise ScenarioError([Problem(message, hint=hint, file=file)])
