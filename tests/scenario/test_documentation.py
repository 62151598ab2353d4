"""The page on the format says what the program reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from linetwin.scenario.document import read
from linetwin.scenario.problems import Problems
from linetwin.scenario.recipe import RecipeFile
from linetwin.scenario.schema import LineFile, ScenarioFile
from linetwin.scenario.validation import validate

if TYPE_CHECKING:
    from linetwin.scenario.written import FileHead

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenario.md"
MODELS: dict[str, type[FileHead]] = {
    "scenario": ScenarioFile,
    "recipe": RecipeFile,
    "line": LineFile,
}


@pytest.mark.parametrize("name", MODELS)
def test_the_example_of_each_file_is_valid(tmp_path: Path, name: str) -> None:
    """Each YAML block of docs/scenario.md passes its schema without a problem."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    text = next(block for block in blocks if block.startswith(f"# {name}\n"))
    file = tmp_path / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    problems = Problems()
    assert validate(read(file, file.name), MODELS[name], problems) is not None
    problems.check()


def test_every_key_is_documented() -> None:
    """No key of a scenario, line or recipe file is missing on the page."""
    page = PAGE.read_text("utf-8")
    for model in MODELS.values():
        keys = {field.alias or name for name, field in model.model_fields.items()}
        assert {key for key in keys - {"description"} if f"{key}:" not in page} == set()
