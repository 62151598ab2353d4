"""The C compiler: zig from the ziglang package, for this machine and for others."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TIMEOUT_S = 600.0  # a first build for another system also compiles its C library
FLAGS = (
    "-std=c11",
    "-O2",
    "-s",
    "-shared",
    "-fPIC",
    "-fvisibility=hidden",  # otherwise CasADi's symbols of two FMUs collide in one process
    "-DCASADI_SYMBOL_EXPORT=",
    "-ffp-contract=off",  # fused multiply-adds would make results depend on the processor
    "-fno-sanitize=undefined",  # zig's default adds traps
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
    "-Wno-unused-function",
    "-Wno-unused-const-variable",
)


@dataclass(frozen=True)
class Target:
    """A platform: zig's triple, FMI 3's folder under binaries/, and the library's suffix."""

    triple: str
    folder: str
    suffix: str


TARGETS: Mapping[str, Target] = {
    "x86_64-linux": Target("x86_64-linux-gnu.2.17", "x86_64-linux", ".so"),
    "aarch64-linux": Target("aarch64-linux-gnu.2.17", "aarch64-linux", ".so"),
    "x86_64-windows": Target("x86_64-windows-gnu", "x86_64-windows", ".dll"),
    "x86_64-darwin": Target("x86_64-macos.11.0", "x86_64-darwin", ".dylib"),
    "aarch64-darwin": Target("aarch64-macos.11.0", "aarch64-darwin", ".dylib"),
}


def host_target() -> str:
    """Return the name of this machine's target.

    Raises:
        ModelError: when FMUs cannot be built for it.
    """
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    name = f"{machine}-{platform.system().lower()}"
    if name not in TARGETS:
        raise ModelError(f"no FMU can be built for {name}; known are {', '.join(TARGETS)}")
    return name


def resolve_targets(names: Iterable[str]) -> tuple[str, ...]:
    """Return target names without repetition; "host" is this machine, "all" are all of them.

    Raises:
        ModelError: for an unknown name.
    """
    found: dict[str, None] = {}
    for name in names:
        expanded = TARGETS if name == "all" else [host_target() if name == "host" else name]
        for target in expanded:
            if target not in TARGETS:
                known = ", ".join(["host", "all", *TARGETS])
                raise ModelError(f"unknown target {target!r}; known are {known}")
            found[target] = None
    return tuple(found)


def fmi_headers() -> Path:
    """Return the folder with the FMI 3.0 headers, which FMPy carries; FMPy is not imported.

    Raises:
        ModelError: when FMPy or the headers are missing.
    """
    spec = importlib.util.find_spec("fmpy")
    for location in (spec.submodule_search_locations if spec else None) or []:
        folder = Path(location) / "c-code"
        if (folder / "fmi3Functions.h").is_file():
            return folder
    raise ModelError("the FMI 3.0 headers are missing: install fmpy to build FMUs")


def cache_folder() -> Path:
    """Return a writable folder for zig's cache; zig spins for ever on one it cannot write.

    `ZIG_GLOBAL_CACHE_DIR` is respected when set.

    Raises:
        ModelError: when no such folder can be made.
    """
    if os.environ.get("ZIG_GLOBAL_CACHE_DIR"):
        candidates = [Path(os.environ["ZIG_GLOBAL_CACHE_DIR"])]
    else:
        home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
        candidates = [
            Path(home).expanduser() / "linetwin" / "zig",
            Path(tempfile.gettempdir()) / "linetwin-zig",
        ]
    for folder in candidates:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    raise ModelError(f"no writable cache folder for the compiler: tried {candidates[0]}")


def compile_library(
    sources: Iterable[Path],
    include: Iterable[Path],
    target_name: str,
    library: Path,
    options: Iterable[str] = (),
) -> None:
    """Compile C sources to a shared library.

    Args:
        sources: C files.
        include: folders with headers; those of FMI are added.
        target_name: a key of TARGETS.
        library: the file to write.
        options: more options of the compiler, after ours.

    Raises:
        ModelError: with the compiler's message, or when zig is missing or does not end.
    """
    if importlib.util.find_spec("ziglang") is None:
        raise ModelError("the compiler is missing: install ziglang to build FMUs")
    target, cache = TARGETS[target_name], cache_folder()
    command = [sys.executable, "-m", "ziglang", "cc", "-target", target.triple, *FLAGS]
    command += options
    command += [f"-I{folder}" for folder in [*include, fmi_headers()]]
    command += [*map(str, sources), "-o", str(library)]
    if target.suffix == ".dylib":
        command.append(f"-Wl,-install_name,@rpath/{library.name}")
    if target.suffix == ".so":
        command.append("-lm")
    environment = os.environ | {
        "ZIG_GLOBAL_CACHE_DIR": str(cache),
        "ZIG_LOCAL_CACHE_DIR": str(cache),
    }
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"the compiler did not end within {TIMEOUT_S:.0f} s") from error
    except OSError as error:
        raise ModelError(f"the compiler cannot be started: {error}") from error
    if result.returncode != 0 or not library.is_file():
        raise ModelError(f"{library.name} for {target_name}: {result.stderr.strip()[-3000:]}")
