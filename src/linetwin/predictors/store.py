"""A predictor's file: a zip of `card.json` and `model.onnx`. Nothing in it is ever executed.

Whatever comes from elsewhere may be damaged or meant to harm: sizes are looked at before anything
is unpacked, the card is checked field by field, the graph operator by operator. A seal in the card
tells whether card or graph was changed since; it is no signature: who writes a file can seal it.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydantic import ValidationError

from linetwin.errors import Problem, ScenarioError
from linetwin.predictors.card import Card
from linetwin.predictors.card_checks import contradictions
from linetwin.predictors.graph import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIX: Final = ".predictor"
CARD, MODEL = "card.json", "model.onnx"
MOST_BYTES: Final = {CARD: 4 << 20, MODEL: 32 << 20}
UNSEALED: Final = "0" * 64
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


def sealed(card: Card, graph: bytes) -> Stored:
    """Return what a file holds, `model_digest` of its card set to the seal of both."""
    seal = _seal(json.loads(card.model_dump_json()), graph)
    return Stored(card.model_copy(update={"model_digest": seal}), graph)


def write(stored: Stored, file: Path) -> None:
    """Write a predictor's file, sealed, whole or not at all."""
    card = sealed(stored.card, stored.graph).card.model_dump_json(indent=1).encode()
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
    card = _card(file, content[CARD], content[MODEL])
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


def _card(file: Path, content: bytes, graph: bytes) -> Card:
    """Return a card that is whole, sealed together with this graph, and contradicts nothing."""
    try:
        card = Card.model_validate_json(content, strict=True)
        if _seal(json.loads(content, object_pairs_hook=_once), graph) != card.model_digest:
            message = f"its card or its model was changed after it was made: {CARD}: model_digest"
            _refuse(file, message, "the file as it was made, or train anew")
        card.domain()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        _refuse(file, f"{CARD}: {where}: {first['msg']}")
    except ValueError as error:
        _refuse(file, f"{CARD}: {error}")
    wrong = next(contradictions(card), "")
    if wrong:
        _refuse(file, f"{CARD}: {wrong}")
    return card


def _seal(card: dict[str, Any], graph: bytes) -> str:
    """Return the SHA-256 of a card but its seal (keys sorted, no blanks), a zero byte, the graph.

    `card` as JSON has it, so that a file keeps its seal when cards get more fields.
    """
    told = {key: value for key, value in card.items() if key != "model_digest"}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode() + b"\0" + graph).hexdigest()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; ValueError for a key that stands there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _refuse(file: Path, message: str, hint: str = "") -> NoReturn:
    raise ScenarioError([Problem(message, hint=hint, file=file)])
