"""How much of a foreign file is read at most."""

from __future__ import annotations

from dataclasses import dataclass

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """The bounds of one file; what goes beyond is refused before it is held in memory.

    `file_bytes`: the file itself. `package_bytes`: all parts of a package, unpacked.
    `document_bytes`: its JSON or XML documents together. `parts`: parts of a package.
    `ratio`: how many times a part above 1 MiB may grow when unpacked (deflate reaches 1032).
    `depth`: objects and lists (JSON) or elements (XML) within one another.
    `nodes`: objects and lists, or XML elements, of a document. `elements`: shells, submodels,
    concept descriptions and submodel elements of a file (basyx holds one in about 8 kB).
    `faults`: notes after which a file is refused. `repairs`: objects of a document that basyx
    refuses and that are tried again without an attribute; more are left out whole.
    `number_digits`: characters of a number's text (the largest double has 309 digits).
    """

    file_bytes: int = 256 * _MEGABYTE
    package_bytes: int = 256 * _MEGABYTE
    document_bytes: int = 48 * _MEGABYTE
    parts: int = 10_000
    ratio: int = 200
    depth: int = 100
    nodes: int = 3_000_000
    elements: int = 100_000
    faults: int = 100_000
    repairs: int = 10_000
    number_digits: int = 400
