#!/usr/bin/env python3
"""Set up, demonstrate and test linetwin with nothing but Python.

    python3 dev.py demo [ARGUMENTS OF linetwin run]    simulate the baseline order
    python3 dev.py test [ARGUMENTS OF pytest]          every check, then the tests
    python3 dev.py setup                               only make or renew .venv
    python3 dev.py fmus                                build model library and row loop
    python3 dev.py release                             wheel and FMI 2.0 FMUs, all platforms: dist

Everything is kept in this folder: the environment in .venv, results in runs, caches in .cache.
Commands run in this folder, so paths among the arguments are relative to it.
`uv` installs where it is on the PATH, else pip; pip's index settings are respected by both.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# This file is read by whatever python3 there is: its syntax stays that of 3.6 (a test holds it).
MINIMUM = (3, 11)


def complaint_about_python(version: "tuple[int, ...]") -> str:
    """Return what to tell the user of a Python that is too old, or an empty text."""
    if version >= MINIMUM:
        return ""
    found = ".".join(str(part) for part in version)
    return f"linetwin needs Python 3.11 or newer; {sys.executable} is Python {found}.\n"


if complaint_about_python(sys.version_info[:2]):
    sys.stderr.write(complaint_about_python(sys.version_info[:2]))
    sys.exit(2)

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
CONSTRAINTS = ROOT / "constraints.txt"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PYTHON = SCRIPTS / f"python{SUFFIX}"
LINETWIN = SCRIPTS / f"linetwin{SUFFIX}"
STAMP = VENV / "linetwin-stamp.json"

CLOSING = re.compile(r"\b(?:passed|failed|errors?|skipped|deselected|no tests ran)\b.* in [\d.]+s")
COLOUR = re.compile(r"\x1b\[[\d;]*m")
INTERRUPTED = 130
MOST_PROCESSES = 4  # that tests are shared out among: each may take 1 GB

# pip's index settings under the names that uv reads
PIP_TO_UV = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_CERT": "SSL_CERT_FILE",
}


class CannotStart(Exception):  # noqa: N818 - it is a message to the user, not a defect
    """Something is missing on this machine; the text says what to do (exit code 2)."""


# ------------------------------------------------------------------------------- processes
def environment() -> dict[str, str]:
    """Return the environment of every command: the user's, with caches kept in this folder."""
    mine = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    mine["VIRTUAL_ENV"] = str(VENV)
    mine.setdefault("ZIG_GLOBAL_CACHE_DIR", str(ROOT / ".cache" / "zig"))
    mine.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    mine.setdefault("PYBAMM_DISABLE_TELEMETRY", "true")
    for theirs, ours in PIP_TO_UV.items():
        if theirs in mine:
            mine.setdefault(ours, mine[theirs])
    if "PIP_EXTRA_INDEX_URL" in mine:  # pip takes the best version of all indexes
        mine.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return mine


def let_end(process: "subprocess.Popen[bytes]") -> bytes:
    """After Ctrl-C, which reached the process too, let it close its files; a second one kills it.

    Returns what it still had to say, where its output is ours.
    """
    try:
        return process.communicate()[0] or b""
    except KeyboardInterrupt:
        process.kill()
        process.wait()
        raise


def run(command: "Sequence[str | Path]") -> int:
    """Run a command in the project's folder and return its exit code."""
    sys.stdout.flush()
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env=environment())
    try:
        return process.wait()
    except KeyboardInterrupt:
        let_end(process)
        raise


def run_echoed(command: "Sequence[str | Path]") -> tuple[int, str]:
    """Run a command, show its output as it comes, return exit code and the output's end."""
    sys.stdout.flush()
    tail = b""
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
    ) as process:
        try:
            while process.stdout is not None:
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    break
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
                tail = (tail + chunk)[-4096:]
            return process.wait(), tail.decode("utf-8", "replace")
        except KeyboardInterrupt:
            sys.stdout.buffer.write(let_end(process))
            raise


# ----------------------------------------------------------------------------- environment
def requirements(*, dev: bool) -> list[str]:
    """Return what pyproject.toml asks for: to build, run, build FMUs, study, and test."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    wanted += extras["fmu"] + extras["study"]
    wanted += extras["dask"] + extras["surrogate"] + extras["dev"] if dev else []
    return [requirement for requirement in wanted if not requirement.startswith("linetwin")]


def stamp_of(*, dev: bool) -> dict[str, object]:
    """Return what the environment depends on; where it differs, the environment is stale.

    `home` decides whether to make it anew, `content` whether to install again. Settings of the
    checkers in pyproject.toml do not count.
    """
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    installed = [project["build-system"], project["project"], project["tool"]["hatch"]]
    content = json.dumps(installed, sort_keys=True) + CONSTRAINTS.read_text("utf-8")
    return {
        "home": [str(ROOT), list(sys.version_info[:3])],
        "content": hashlib.sha256(content.encode()).hexdigest(),
        "dev": dev,
    }


def read_stamp() -> dict[str, object]:
    """Return the stamp of the environment at hand, empty where there is none that works."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and PYTHON.exists() else {}


def is_current(found: "dict[str, object]", wanted: "dict[str, object]") -> bool:
    """Tell whether an environment serves: one for tests serves the demo too."""
    same = all(found.get(key) == wanted[key] for key in ("home", "content"))
    return same and bool(found.get("dev") or not wanted["dev"])


def make_environment(uv: "str | None") -> None:
    """Make an empty .venv in place of the one there may be."""
    if Path(sys.prefix).resolve() == VENV:
        message = "this Python is that of .venv, which has to be made anew: run `deactivate`"
        raise CannotStart(f"{message} or name another Python, then try again.")
    if uv is None and not (
        importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")
    ):
        version = ".".join(str(part) for part in sys.version_info[:2])
        message = "this Python lacks venv or ensurepip, so it can make no environment."
        raise CannotStart(f"{message} On Debian and Ubuntu: apt install python{version}-venv")
    shutil.rmtree(VENV, ignore_errors=True)
    command = [sys.executable, "-m", "venv"]
    if uv is not None:
        command = [uv, "venv", "--quiet", "--python", sys.executable]
    if run([*command, VENV]) != 0:
        raise CannotStart("the environment .venv could not be made: see above.")


def install(uv: "str | None", *, dev: bool) -> None:
    """Install the pinned packages, then linetwin itself from this folder."""
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install"]
    if uv is not None:
        pip = [uv, "pip", "install", "--python", PYTHON]
    if not sys.stdout.isatty():
        pip.append("--quiet")
    packages: list[str | Path] = ["--constraint", CONSTRAINTS, *requirements(dev=dev)]
    if run([*pip, *packages]) != 0:
        raise CannotStart("installing failed: see above. Is the package index within reach?")
    if run([*pip, "--no-build-isolation", "--no-deps", "--editable", "."]) != 0:
        raise CannotStart("linetwin could not be installed from this folder: see above.")


def set_up(*, dev: bool) -> None:
    """Make or renew .venv; does nothing when it is current."""
    found, wanted = read_stamp(), stamp_of(dev=dev)
    if is_current(found, wanted):
        return
    uv = shutil.which("uv")
    start = time.perf_counter()
    print(f"setting up .venv with {'uv' if uv else 'pip'}: once, takes a few minutes", flush=True)
    if found.get("home") != wanted["home"]:
        make_environment(uv)
    STAMP.unlink(missing_ok=True)  # interrupted half-way, it must not count as current
    wanted["dev"] = dev or bool(found.get("dev"))
    install(uv, dev=bool(wanted["dev"]))
    STAMP.write_text(json.dumps(wanted), "utf-8")
    print(f"set up in {time.perf_counter() - start:.0f} s", flush=True)


# -------------------------------------------------------------------------------- commands
def build_fmus() -> int:
    """Build FMUs and row loop where they are absent or stale."""
    return run([LINETWIN, "fmu", "build"])


def release() -> int:
    """Build what is given to others: a wheel, and the FMI 2.0 library, both for all platforms."""
    os.environ["LINETWIN_FMU_TARGETS"] = "all"
    dist = ROOT / "dist"
    return run([PYTHON, "-m", "hatchling", "build", "-t", "wheel", "-d", dist]) or run(
        [LINETWIN, "fmu", "build", "--fmi", "2", "--platform", "all", "-o", dist / "fmi2"]
    )


def demo(arguments: "Sequence[str]") -> int:
    """Simulate the baseline order; ends with its summary and the report's path."""
    set_up(dev=False)
    if Path.cwd() != ROOT:
        print(f"paths below are relative to {ROOT}", flush=True)
    return build_fmus() or run([LINETWIN, "run", "baseline", *arguments])


def test(arguments: "Sequence[str]") -> int:
    """Run all checks, going on after a failure, and the tests last."""
    set_up(dev=True)
    checks: list[tuple[str, list[str | Path]]] = [
        ("fmu build", [LINETWIN, "fmu", "build"]),
        ("ruff format", [PYTHON, "-m", "ruff", "format", "--check", "."]),
        ("ruff check", [PYTHON, "-m", "ruff", "check", "."]),
        ("mypy", [PYTHON, "-m", "mypy"]),
        ("lint-imports", [SCRIPTS / f"lint-imports{SUFFIX}", "--no-logo"]),
    ]
    results: list[tuple[str, float, int]] = []
    for name, command in checks:
        print(f"--- {name}", flush=True)
        start = time.perf_counter()
        code = run(command)
        results.append((name, time.perf_counter() - start, code))
    print("--- pytest", flush=True)
    start = time.perf_counter()
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    # files are shared out among processes: what a file's tests share they make once
    shared = ["-n", str(min(os.cpu_count() or 1, MOST_PROCESSES)), "--dist", "loadfile"]
    code, output = run_echoed([PYTHON, "-m", "pytest", *shared, *colour, *arguments])
    results.append(("pytest", time.perf_counter() - start, code))
    print("\n".join(report(results, output)))
    return int(any(code for _, _, code in results))


def report(results: "Sequence[tuple[str, float, int]]", output: str) -> list[str]:
    """Return a line a step, what failed, and pytest's closing line at the end.

    Where another step failed or pytest ended without a closing line, counts take its place, and
    a failed step counts as one failure.
    """
    lines = [
        f"{name:<13}{seconds:7.1f} s  {'FAILED' if code else 'ok'}"
        for name, seconds, code in results
    ]
    failed = [name for name, _, code in results if code]
    if failed:
        lines.append(f"failed: {', '.join(failed)}")
    closings = [line for line in COLOUR.sub("", output).splitlines() if CLOSING.search(line)]
    closing = closings[-1].strip() if closings else ""
    if closing and set(failed) <= {"pytest"}:
        return [*lines, closing]
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", closing)}
    bad = counts.get("failed", 0) + counts.get("error", 0) + len(set(failed) - {"pytest"})
    bad = max(bad, len(failed))
    return [*lines, f"{counts.get('passed', 0)} passed, {bad} failed"]


def main(arguments: "Sequence[str]") -> int:
    """Do what the first argument names; return the exit code."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    try:
        if command == "demo":
            return demo(rest)
        if command == "test":
            return test(rest)
        if command in ("setup", "fmus", "release") and not rest:
            set_up(dev=command == "setup")
            return {"setup": lambda: 0, "fmus": build_fmus, "release": release}[command]()
    except CannotStart as problem:
        print(f"dev.py: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    asked = command in ("-h", "--help", "help")
    print((__doc__ or "").strip(), file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
