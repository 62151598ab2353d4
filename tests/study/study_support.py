"""Study files as text, and studies carried out in folders of tests."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toy_runs import total

from linetwin.scenario.loading import find_scenario
from linetwin.study.executing import StudyRun
from linetwin.study.keeping import Planned, StudyWriter
from linetwin.study.local import LocalExecutor
from linetwin.study.reading import Spec, read_study_file
from linetwin.study.tasks import Inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from linetwin.study.progress import Progress
    from linetwin.study.tasks import Outcome, Runner, Task

SHIPPED = find_scenario("baseline").resolve().parent
SCENARIO = f"""\
schema: 1
name: hours
line: {(SHIPPED / "lines" / "pilot.yaml").as_posix()}
recipe: {next((SHIPPED / "recipes").glob("*5ah.yaml")).as_posix()}
duration: 2 h
seed: 7
"""
STUDY = """\
schema: 1
study: small
scenario: hours.yaml
factors:
  cathode.calender.line_load: {low: 300 N/mm, high: 900 N/mm}
  cathode.mixer.batch_mass: {levels: [20 kg, 24 kg, 28 kg]}
design: {kind: full}
figures: [energy.energy_used]
"""
NOTHING = Inputs("none", {}, {})


class Written:
    """A study in a folder: `study.yaml` and the scenario beside it."""

    def __init__(self, folder: Path, text: str = STUDY) -> None:
        self.folder = folder
        self.file = folder / "study.yaml"
        self.output = folder / "out"
        (folder / "hours.yaml").write_text(SCENARIO, encoding="utf-8")
        self.file.write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> Written:
        """Replace a text of the study, which must be there."""
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new, 1), encoding="utf-8")
        return self

    def spec(self) -> Spec:
        """Return the study as it is read."""
        return read_study_file(self.file)


def carried_out(
    spec: Spec, folder: Path, run: Runner, *, stop: Callable[[], bool] = bool, retry: bool = False
) -> StudyRun:
    """Carry a study out on two workers, and close its folder."""
    writer = StudyWriter(folder, spec, NOTHING, retry=retry)
    executor = LocalExecutor(run, NOTHING, 2, folder / "log")
    study = StudyRun(spec, writer, executor, stop, unseen)
    try:
        study.results(planned(spec), spec.replications)
        writer.finish("complete")
    finally:
        writer.close()
        executor.close()
    return study


def unseen(counts: Progress) -> None:
    """Show nobody how far a study is."""


def planned(spec: Spec) -> list[Planned]:
    """Return the points of a fixed design."""
    return [Planned(spec.settings_of(point), point) for point in spec.points()]


@dataclass
class Here:
    """Makes runs in this process, one after the other: an executor for what needs no other."""

    run: Runner
    made: list[Task] = field(default_factory=list)

    def outcomes(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Iterator[Outcome]:
        """Yield the outcome of each task."""
        for task in tasks:
            if stop():
                return
            self.made.append(task)
            yield replace(self.run(task), wall_s=0.01)

    def close(self) -> None:
        """Nothing is held."""


if __name__ == "__main__":
    carried_out(read_study_file(Path(sys.argv[1])), Path(sys.argv[2]), total)
