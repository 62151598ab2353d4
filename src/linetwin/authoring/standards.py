"""The two standards an FMU can be written in: description, FMI layer, folders of binaries."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.authoring import description, description2
from linetwin.authoring.toolchain import TARGETS
from linetwin.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.authoring.codegen import Sources
    from linetwin.authoring.model import Model

_FAT_MAGIC = 0xCAFEBABE
_PAGE = 14  # a slice begins at a multiple of 2**14 bytes, the pages of Apple's processors


@dataclass(frozen=True)
class Standard:
    """One version of FMI.

    `layer`: folder of the runtime with its functions; `folders`: target -> folder under
    binaries/; targets that share one are joined to a universal library.
    """

    version: str
    layer: str
    folders: Mapping[str, str]
    describe: Callable[[Model, Sources], bytes]

    def targets_of(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Return folder -> all targets whose libraries go into it, for the targets asked for.

        Raises:
            ModelError: when the standard has no folder for any of them.
        """
        found = dict.fromkeys(self.folders[name] for name in names if name in self.folders)
        if not found:
            known = ", ".join(self.folders)
            raise ModelError(
                f"FMI {self.version} has no platform for {', '.join(names)}; it has {known}"
            )
        return {
            folder: [name for name, own in self.folders.items() if own == folder]
            for folder in found
        }


FMI3 = Standard(
    "3.0",
    "fmi3",
    {name: target.folder for name, target in TARGETS.items()},
    description.model_description,
)
FMI2 = Standard(
    "2.0",
    "fmi2",
    {
        "x86_64-linux": "linux64",
        "x86_64-windows": "win64",
        "x86_64-darwin": "darwin64",
        "aarch64-darwin": "darwin64",
    },
    description2.model_description,
)
STANDARDS = {"3": FMI3, "2": FMI2}
"""By the number that `linetwin fmu build --fmi` takes."""


def universal(libraries: Sequence[bytes]) -> bytes:
    """Join Mach-O libraries of several processors into one universal library.

    A fat header, big-endian: magic and count, then processor type and subtype, offset, size and
    alignment of each slice (Apple, mach-o/fat.h).

    Raises:
        ModelError: when one of them is no 64-bit Mach-O library.
    """
    header, body = struct.pack(">II", _FAT_MAGIC, len(libraries)), b""
    start = 1 << _PAGE
    for library in libraries:
        if library[:4] != b"\xcf\xfa\xed\xfe":
            raise ModelError("a universal library is made of 64-bit Mach-O libraries")
        processor = struct.unpack("<II", library[4:12])
        header += struct.pack(">IIIII", *processor, start + len(body), len(library), _PAGE)
        body += library + bytes(-len(library) % (1 << _PAGE))
    return header + bytes(start - len(header)) + body
