"""The kernel's library: found beside the package, and loaded once per process."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.binary import library_suffix, platform_folder
from linetwin.cosim.kernel.structures import KernelPhase, KernelRunner
from linetwin.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOURCES: Final = Path(__file__).parent
_FMI3: Final = 3  # its names of platforms are the kernel's
SWITCH: Final = "LINETWIN_KERNEL"
"""Environment variable; `off` makes Python step every item."""


class Kernel:
    """The loaded library; a call lets other threads of Python go on."""

    def __init__(self, library: ctypes.CDLL, function: str = "linetwin_rows") -> None:
        """Bind its function; another of the same form for a benchmark."""
        self.library = library
        self._rows = library[function]
        self._rows.restype = ctypes.c_int32
        self._rows.argtypes = [
            ctypes.POINTER(KernelRunner),
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_size_t,
            ctypes.c_size_t,
        ]

    def run(self, runner: KernelRunner, phases: Sequence[KernelPhase], rows: range) -> bool:
        """Take rows through all phases; False after a failure, which `runner.failure` names."""
        pointers = (ctypes.c_void_p * len(phases))(*map(ctypes.addressof, phases))
        done: int = self._rows(runner, pointers, len(phases), rows.start, rows.stop)
        return bool(done)


@dataclass(frozen=True)
class Loaded:
    """The kernel, or why there is none."""

    kernel: Kernel | None
    reason: str = ""


def source_hash() -> str:
    """Return the hash of the sources that the library has to be built from."""
    return fingerprint(sorted([*_SOURCES.glob("*.c"), *_SOURCES.glob("*.h")]))


def library_path() -> Path:
    """Return where the library for this machine lies, built or not."""
    folder = Path(__file__).resolve().parents[2] / "_kernel" / platform_folder(_FMI3)
    return folder / f"kernel{library_suffix()}"


def kernel() -> Loaded:
    """Return the kernel, loaded on first use, or why Python has to do its work."""
    if os.environ.get(SWITCH, "").strip().lower() == "off":
        return Loaded(None, f"{SWITCH} is off")
    return _load(library_path())


def built() -> ctypes.CDLL | None:
    """Return the library, also where it is to step nothing; None where it cannot be used."""
    found = _load(library_path()).kernel
    return None if found is None else found.library


@cache
def _load(path: Path) -> Loaded:
    if not path.is_file():
        return Loaded(None, "the kernel is not built: run `linetwin fmu build`")
    try:
        library = ctypes.CDLL(str(path))
        told: Any = library["linetwin_kernel_source"]
        told.restype = ctypes.c_char_p
        built_from = (told() or b"").decode("ascii", "replace")
        found = Kernel(library)
    except (OSError, AttributeError) as error:
        return Loaded(None, f"the kernel cannot be loaded: {error}")
    if built_from != source_hash():
        # its structures may be others, and reading them as ours would not even fail
        return Loaded(None, "the kernel is of another version: run `linetwin fmu build`")
    return Loaded(found)


def row_loop() -> str:
    """Return which loop takes items through their phases: `compiled`, or `Python` and why."""
    found = kernel()
    return "compiled" if found.kernel is not None else f"Python: {found.reason}"
