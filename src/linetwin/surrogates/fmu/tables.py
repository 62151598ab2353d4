"""The tables of a predictor as the evaluator reads them: authoring/evaluator/tables.h."""

from __future__ import annotations

import hashlib
import struct
import uuid
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors import domain
from linetwin.surrogates.fmu.lowering import lowered

if TYPE_CHECKING:
    from linetwin.predictors.card import Card
    from linetwin.predictors.store import Stored
    from linetwin.surrogates.fmu.lowering import Lowered

FORMAT: Final = 1
AXES: Final = 8
"""Directions in which points are compared first, as in authoring/evaluator/tables.h."""
FILE: Final = "predictor.tables"
HEADER: Final = struct.Struct("<8s12IQQ6d48s")
_LINKS: Final = {"identity": 0, "log": 1, "logit": 2}
NODE: Final = np.dtype(
    [("split", "<f8"), ("feature", "<i4"), ("low", "<i4"), ("high", "<i4"), ("unused", "<i4")]
)
OPERATION: Final = 56
"""Bytes of an operation: 14 numbers of 32 bits."""
_OPERANDS: Final = slice(1, 4)
"""Fields of an operation that may name constants: out, a, b."""


def tables_of(stored: Stored) -> tuple[str, bytes]:
    """Return a predictor's token and tables.

    The token ties tables and description; ScenarioError for a graph that is not one of ours.
    """
    card = stored.card
    made = lowered(stored.graph, len(card.features))
    body = b"".join([*_numbers(card, made), *_lists(card, made)])
    plain = _header(card, made, body, ("", 0))
    digest = hashlib.sha256(plain + body)
    token = "{" + str(uuid.UUID(bytes=digest.digest()[:16])) + "}"
    adler = zlib.adler32(_header(card, made, body, (token, 0)) + body)  # tells damage by chance
    return token, _header(card, made, body, (token, adler)) + body


def starts_of(card: Card) -> np.ndarray:
    """Return features from which a simulation may start: the training point in the middle."""
    found = card.domain()
    middle = found.points.mean(axis=0)
    nearest = found.points[((found.points - middle) ** 2).sum(axis=1).argmin()]
    return np.asarray(found.low + nearest * (found.high - found.low))


def _header(card: Card, made: Lowered, body: bytes, marks: tuple[str, int]) -> bytes:
    """Return the header; `marks`: token and sum."""
    token, adler = marks
    link = card.target.link
    return HEADER.pack(
        b"LINETWIN",
        FORMAT,
        len(card.features),
        len(card.seen.points),
        len(card.regions),
        made.values,
        len(made.constants),
        len(made.nodes),
        len(made.operations),
        len(made.indices),
        len(_names(card)),
        _LINKS[link.kind],
        made.result,
        len(body),
        adler,
        link.low,
        link.high,
        card.seen.reach,
        domain.OVERHANG,
        domain.FARTHEST,
        domain.ROUNDING,
        token.encode(),
    )


def _numbers(card: Card, made: Lowered) -> list[bytes]:
    """Return the arrays of 64-bit numbers."""
    edges = [region.below for region in card.regions[:-1]]
    widths = [region.half_width for region in card.regions]
    seen = card.domain()
    # neighbours apart, so that the first points lie all over: most rows need no others
    points = seen.points[np.random.default_rng(0).permutation(len(seen.points))]
    axes = _axes(points)
    shadows = points @ axes.T
    arrays = (
        *(seen.low, seen.high, starts_of(card), points),
        *(axes, shadows, edges, widths, made.constants),
    )
    return [np.asarray(each, dtype="<f8").tobytes() for each in arrays]


def _lists(card: Card, made: Lowered) -> list[bytes]:
    """Return nodes, operations, indices, which features are logarithms, and names."""
    nodes = np.array([(*node, 0) for node in made.nodes], dtype=NODE)
    operations = np.array([(*each, 0) for each in made.operations], dtype="<i4").reshape(
        -1, OPERATION // 4
    )
    operands = operations[:, _OPERANDS]
    operands[:] = np.where(operands < 0, made.values - 1 - operands, operands)
    logged = [feature.log for feature in card.features]
    return [
        nodes.tobytes(),
        operations.tobytes(),
        np.asarray(made.indices, dtype="<i4").tobytes(),
        np.asarray(logged, dtype="<i4").tobytes(),
        _names(card),
    ]


def _axes(points: np.ndarray) -> np.ndarray:
    """Return the directions along which points are farthest apart, shape (AXES or 0, features)."""
    wide = points.shape[1]
    if wide <= AXES:
        return np.zeros((0, wide))
    apart = points - points.mean(axis=0)
    _, found = np.linalg.eigh(apart.T @ apart)  # from the least to the greatest
    return np.ascontiguousarray(found[:, -AXES:][:, ::-1].T)


def _names(card: Card) -> bytes:
    return b"".join(feature.name.encode() + b"\0" for feature in card.features)
