"""Finding FMUs, and refusing files that cannot take part, by name and with a way out."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from small_fmus import WEB, rewritten, without_binaries

from linetwin.cosim import FmuTransform, check_process, find_fmu, library, read_description
from linetwin.cosim.binary import load_binary, loaded, platform_folder
from linetwin.cosim.instance import instantiate
from linetwin.errors import FmuError, WiringError
from linetwin.scenario.resolved import ProcessConfig

if TYPE_CHECKING:
    from pathlib import Path


def test_a_bare_name_is_a_shipped_model(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is looked for among the built models; what is built is listed when it is not."""
    monkeypatch.setattr(library, "shipped_folder", lambda: tmp_path / "_fmus")
    with pytest.raises(WiringError, match=r"'web'.*linetwin fmu build"):
        find_fmu("web")
    rewritten(web, tmp_path / "_fmus" / "web.fmu")
    assert find_fmu("web") == tmp_path / "_fmus" / "web.fmu"
    with pytest.raises(WiringError, match=r"'wep'.*built models: web"):
        find_fmu("wep")


def test_a_path_counts_from_the_naming_file(web: Path, tmp_path: Path) -> None:
    """`models/web.fmu` in a scenario lies beside that scenario, wherever one stands."""
    target = rewritten(web, tmp_path / "models" / "web.fmu")
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("", encoding="utf-8")
    assert find_fmu("models/web.fmu", scenario) == target
    assert find_fmu("models/web.fmu", tmp_path) == target
    assert find_fmu(str(target)) == target
    with pytest.raises(WiringError, match=rf"no FMU {tmp_path}/other.fmu.*relative to {tmp_path}"):
        find_fmu("other.fmu", scenario)
    with pytest.raises(WiringError, match="no FMU is named"):
        find_fmu(" ")


def _not_a_zip(_web: Path, folder: Path) -> Path:
    path = folder / "text.fmu"
    path.write_text("no archive", encoding="utf-8")
    return path


def _no_description(_web: Path, folder: Path) -> Path:
    path = folder / "empty.fmu"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    return path


def _edited(old: str, new: str) -> object:
    return lambda web, folder: rewritten(web, folder / "e.fmu", lambda t: t.replace(old, new))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda _web, folder: folder / "gone.fmu", "there is no such FMU"),
        (lambda _web, folder: folder, "not an FMU"),
        (_not_a_zip, "it is not an FMU: no zip archive"),
        (_no_description, "no modelDescription.xml"),
        (_edited("<fmiModelDescription", "<broken"), "cannot be read"),
        (_edited('fmiVersion="3.0"', 'fmiVersion="1.0"'), "FMI 1.0 is not supported"),
        (_edited('fmiVersion="3.0"', 'fmiVersion="4.0"'), "FMI 4.0 is not supported"),
        (_edited("CoSimulation", "ScheduledExecution"), "for scheduled execution only"),
        (_edited('name="dry_limit"', 'name="time_constant"'), "variables named 'time_constant'"),
    ],
)
def test_files_that_cannot_take_part(
    web: Path, tmp_path: Path, spoil: object, message: str
) -> None:
    """Each reason has its own words and names the file."""
    path = spoil(web, tmp_path)  # type: ignore[operator]
    with pytest.raises(WiringError, match=message) as caught:
        read_description(path)
    assert str(path) in str(caught.value)


def test_no_binary_for_this_machine(web: Path, tmp_path: Path) -> None:
    """The platforms that it has, and the one that is needed, are both named."""
    path = without_binaries(web, tmp_path / "web.fmu")
    with pytest.raises(WiringError) as caught:
        FmuTransform(path, WEB)
    assert "riscv64-plan9" in str(caught.value)
    assert platform_folder(3) in str(caught.value)
    with pytest.raises(WiringError, match="nor C sources for `linetwin fmu compile`"):
        load_binary(rewritten(web, tmp_path / "none.fmu", keep=lambda n: "binaries" not in n))


def test_a_process_reports_its_model_under_its_key(web: Path, tmp_path: Path) -> None:
    """Problems of a file stand at `.model`, those of a mapping at `.map`."""
    config = ProcessConfig("web", "gone.fmu", key="stations.dryer.drying")
    problems = check_process(config, WEB, tmp_path)
    assert [p.key for p in problems] == ["stations.dryer.drying.model"]
    without_binaries(web, tmp_path / "plan9.fmu")
    problems = check_process(ProcessConfig("web", "plan9.fmu", key="a"), WEB, tmp_path)
    assert [p.key for p in problems] == ["a.model"]
    rewritten(web, tmp_path / "good.fmu")
    assert check_process(ProcessConfig("web", "good.fmu", key="a"), WEB, tmp_path) == []
    config = ProcessConfig("web", "good.fmu", map={"mode": {"scale": 2.0}}, key="a")
    assert [p.key for p in check_process(config, WEB, tmp_path)] == ["a.map.mode"]


def test_an_fmu_without_a_token_is_run_with_a_warning(
    web: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it starts is the FMU's to say; that the description breaks the standard is ours."""
    copy = rewritten(
        web, tmp_path / "web.fmu", lambda text: re.sub('instantiationToken="[^"]*"', "", text)
    )
    load_binary(copy)
    assert caplog.messages == ["web.fmu has no instantiationToken: does its binary fit?"]


def test_one_library_for_one_content(web: Path, tmp_path: Path) -> None:
    """The same FMU under two names is loaded once; another content is another library."""
    first = load_binary(web)
    assert load_binary(rewritten(web, tmp_path / "edited.fmu", lambda t: t + " ")) is not first
    copy = tmp_path / "copy.fmu"
    copy.write_bytes(web.read_bytes())
    number = len(loaded())
    assert load_binary(copy) is first
    assert len(loaded()) == number


def test_a_library_that_does_not_load(web: Path, tmp_path: Path) -> None:
    """A damaged binary is an FmuError with the loader's words; a missing function is named."""
    copy = tmp_path / "web.fmu"
    suffix = load_binary(web)._library_path().name
    rewritten(web, copy, keep=lambda name: not name.endswith(suffix))
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr(f"binaries/{platform_folder(3)}/{suffix}", b"not a library")
    with pytest.raises(FmuError, match="cannot be loaded"):
        load_binary(copy)
    with pytest.raises(FmuError, match="does not export fmi3Dance"):
        load_binary(web).function("fmi3Dance")


def test_only_one_instance_where_the_fmu_says_so(web: Path, tmp_path: Path) -> None:
    """`canBeInstantiatedOnlyOncePerProcess` is honoured, and freed instances do not count."""
    once = 'canBeInstantiatedOnlyOncePerProcess="{}"'

    def limited(text: str) -> str:
        text = text.replace(once.format("false"), "")
        return text.replace("<CoSimulation", f"<CoSimulation {once.format('true')}")

    copy = rewritten(web, tmp_path / "web.fmu", limited)
    with instantiate(copy), pytest.raises(FmuError, match="only once"):
        instantiate(copy)
    with instantiate(copy) as again:
        assert again.binary.instances == 1
