"""Predictors' files as somebody writes them who knows how they are made, for tests of reading."""

from __future__ import annotations

import hashlib
import json
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def seal_of(card: dict[str, Any], graph: bytes) -> str:
    """Return the seal of a card and a graph, as docs/surrogates.md tells it."""
    bare = {key: value for key, value in card.items() if key != "model_digest"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode("ascii"))
    digest.update(bytes(1))
    digest.update(graph)
    return digest.hexdigest()


def members(file: Path) -> tuple[dict[str, Any], bytes]:
    """Return card and graph of a file."""
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read("card.json")), archive.read("model.onnx")


def zipped(file: Path, card: str, graph: bytes, **more: str) -> Path:
    """Write a zip with a card, a graph and other members as they are given."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("card.json", card)
        archive.writestr("model.onnx", graph)
        for name, text in more.items():
            archive.writestr(name, text)
    return file


def forged(file: Path, card: dict[str, Any], graph: bytes) -> Path:
    """Write a file whose seal fits: whoever forges a card can seal it too."""
    return zipped(file, json.dumps({**card, "model_digest": seal_of(card, graph)}), graph)
