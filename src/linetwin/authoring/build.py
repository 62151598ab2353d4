"""From model files to FMUs, rebuilding only what has changed."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from linetwin.authoring.codegen import Sources, generate
from linetwin.authoring.description import evidence
from linetwin.authoring.model import Model
from linetwin.authoring.package import EVIDENCE, build_hash, is_current, write_fmu
from linetwin.authoring.standards import FMI3, Standard, universal
from linetwin.authoring.toolchain import TARGETS, compile_library, resolve_targets
from linetwin.errors import LinetwinError, ModelError

RUNTIME = Path(__file__).parent / "runtime"
SHARED = "shared"
"""What the evaluator of predictors is made of too."""
MODEL_FILE = "model.py"

Progress = Callable[[str], None]


def load_model(model_file: Path) -> Model:
    """Run `build()` of a model file and check the model.

    Raises:
        ModelError: when the file cannot be loaded, or what it describes is no complete model.
    """
    spec = importlib.util.spec_from_file_location(f"fmu_{model_file.parent.name}", model_file)
    if not model_file.is_file() or spec is None or spec.loader is None:
        raise ModelError(f"{model_file}: no such model file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    try:
        with _library_on_path(model_file.resolve().parent.parent):
            spec.loader.exec_module(module)
            model = module.build()
    except LinetwinError:
        raise
    except Exception as error:  # whatever the author's code raises is the author's to mend
        raise ModelError(f"{model_file}: {type(error).__name__}: {error}") from error
    if not isinstance(model, Model):
        raise ModelError(f"{model_file}: build() returned {type(model).__name__}, not a Model")
    model.check()
    return model


@contextmanager
def _library_on_path(library: Path) -> Iterator[None]:
    """Let model files import modules of their library, such as `electrochemistry` or `drying.data`.

    The modules are forgotten afterwards: another library may use the same names.
    """
    before = set(sys.modules)
    sys.path.insert(0, str(library))
    try:
        yield
    finally:
        sys.path.remove(str(library))
        for name in set(sys.modules) - before:
            module = sys.modules[name]
            places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
            origin = next((place for place in places if place is not None), None)
            if origin is not None and Path(origin).resolve().is_relative_to(library):
                del sys.modules[name]


def build_fmu(
    model_file: Path,
    out_dir: Path,
    target: str | Sequence[str] = "host",
    standard: Standard = FMI3,
) -> Path:
    """Build the FMU of one model, unless the one in `out_dir` is current.

    Args:
        model_file: a Python file with `build() -> Model`.
        out_dir: gets `<model name>.fmu`.
        target: "host", "all", or one or more names of `toolchain.TARGETS`.
        standard: the version of FMI.

    Raises:
        ModelError: for mistakes in the model and for failures of the compiler.
    """
    targets = resolve_targets([target] if isinstance(target, str) else target)
    expected = build_hash(model_file, standard.version)
    folders = standard.targets_of(targets)
    # by the rule of the library the folder bears the model's name; a model.py elsewhere is built
    fmu = out_dir / f"{model_file.parent.name}.fmu"
    if is_current(fmu, expected, folders):
        return fmu
    model = load_model(model_file)
    fmu = out_dir / f"{model.name}.fmu"
    if is_current(fmu, expected, folders):
        return fmu
    return build_model(model, fmu, targets, expected, standard)


def build_model(
    model: Model,
    fmu: Path,
    targets: Sequence[str] = ("host",),
    expected_hash: str = "",
    standard: Standard = FMI3,
) -> Path:
    """Build an FMU from a model object, without a look at what is there already."""
    sources = generate(model)
    contents = {
        "modelDescription.xml": standard.describe(model, sources),
        EVIDENCE: _json(evidence(model, expected_hash or sources.token)),
    }
    for folder, names in standard.targets_of(resolve_targets(targets)).items():
        file_name = f"{model.name}{TARGETS[names[0]].suffix}"
        libraries = [_compile(sources, name, file_name, standard.layer) for name in names]
        contents[f"binaries/{folder}/{file_name}"] = (
            libraries[0] if len(libraries) == 1 else universal(libraries)
        )
    write_fmu(fmu, contents)
    return fmu


def build_library(
    models_dir: Path,
    out_dir: Path,
    names: Iterable[str] | None = None,
    targets: Sequence[str] = ("host",),
    progress: Progress | None = None,
    standard: Standard = FMI3,
) -> list[Path]:
    """Build the FMUs of all models `models_dir/<name>/model.py`, or of those named.

    Args:
        models_dir: the model library.
        out_dir: gets the FMUs.
        names: folders to build; all by default.
        targets: see `build_fmu`.
        progress: called with one line for each model.
        standard: the version of FMI.

    Raises:
        ModelError: for the first model that fails, named in the message.
    """
    available = {path.parent.name: path for path in sorted(models_dir.glob(f"*/{MODEL_FILE}"))}
    chosen = list(available) if names is None else list(names)
    unknown = sorted(set(chosen) - set(available))
    if unknown:
        known = ", ".join(available) or "none"
        raise ModelError(f"no model {', '.join(unknown)} in {models_dir}; there are: {known}")
    built = []
    for name in chosen:
        if progress:
            progress(f"building {name}")
        try:
            built.append(build_fmu(available[name], out_dir, targets, standard))
        except ModelError as error:
            raise ModelError(f"model {name}: {error}") from error
    return built


def _compile(sources: Sources, target: str, file_name: str, layer: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="linetwin-build-") as text:
        folder = Path(text)
        for name, content in sources.files.items():
            (folder / name).write_text(content, encoding="utf-8", newline="\n")
        parts = (RUNTIME, RUNTIME / SHARED, RUNTIME / layer, folder)
        code = [path for part in parts for path in sorted(part.glob("*.c"))]
        compile_library(code, [RUNTIME, RUNTIME / SHARED, folder], target, folder / file_name)
        return (folder / file_name).read_bytes()


def _json(facts: object) -> bytes:
    return (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode()
