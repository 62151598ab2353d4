"""Finding the FMU that a scenario names."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from linetwin.errors import Problem, WiringError

SUFFIX = ".fmu"


@cache
def shipped_folder() -> Path:
    """Return the folder of the FMUs that come with linetwin (it may not exist yet)."""
    return Path(__file__).resolve().parents[1] / "_fmus"


def shipped_models() -> list[str]:
    """Return the names of the shipped models that are built."""
    return sorted(path.stem for path in shipped_folder().glob(f"*{SUFFIX}"))


def is_bare_name(reference: str) -> bool:
    """Tell whether `reference` names a shipped model, rather than a file."""
    return not (set(reference) & set("/\\")) and not Path(reference).suffix


def find_fmu(reference: str, relative_to: Path | None = None) -> Path:
    """Return the path of the FMU that `reference` names.

    A bare name (`drying`) is a shipped model. Anything with a suffix or a separator is a path,
    relative to the folder of `relative_to` (the file that names it, or a folder), else to the
    current folder. Raises WiringError, which says where was looked and what to do.
    """
    if not reference.strip():
        raise WiringError([Problem("no FMU is named", hint="a name such as drying, or a path")])
    if is_bare_name(reference):
        return _shipped(reference)
    base = Path.cwd() if relative_to is None else Path(relative_to)
    if base.is_file():
        base = base.parent
    path = (base / Path(reference.replace("\\", "/")).expanduser()).resolve()
    if not path.exists():
        raise WiringError(
            [Problem(f"there is no FMU {path}", hint=f"'{reference}' is relative to {base}")]
        )
    return path


def _shipped(name: str) -> Path:
    path = shipped_folder() / f"{name}{SUFFIX}"
    if path.is_file():
        return path
    built = shipped_models()
    if built:
        hint = f"built models: {', '.join(built)}; a path needs its suffix: {name}{SUFFIX}"
    else:
        hint = "no model is built yet: run `linetwin fmu build`"
    raise WiringError(
        [Problem(f"no model of the library is called '{name}' (looked for {path})", hint=hint)]
    )
