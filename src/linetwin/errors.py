"""Every error that linetwin raises on purpose.

    LinetwinError                     exit code 5
    ├── ScenarioError                 2   what the user wrote is wrong: file, key path, hint
    │   └── WiringError               2   parts that do not fit together
    ├── ModelError                    3   a model failed: model, simulated time
    │   ├── FmuError                  3
    │   └── SurrogateError            3
    │       └── OutOfDomainError      3
    ├── SimulationError               5   the line contradicts itself: a defect of linetwin
    ├── LinkError                     4   a link to something outside failed
    │   ├── OpcUaError                4
    │   │   └── RefusedError          4   trust is missing: the reason by name, what to do
    │   └── ShellError                4
    └── ResultsError                  2   a run folder that cannot be read

Third-party errors are converted where they are met (`raise ... from`), never wrapped wholesale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class LinetwinError(Exception):
    """Root of the tree; `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 5


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file the user wrote.

    `file` may be None for a value given on the command line; `line` counts from 1; `key` is a
    dotted path such as `set.cathode.coater.web_speed`; `hint` says what is allowed.
    """

    message: str
    key: str = ""
    hint: str = ""
    file: Path | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = "" if self.file is None else str(self.file)
        if self.line is not None:
            where += f":{self.line}"
        parts = [part for part in (where, self.key) if part]
        text = f"{': '.join(parts)}: {self.message}" if parts else self.message
        return f"{text} ({self.hint})" if self.hint else text


class ScenarioError(LinetwinError):
    """What the user wrote is wrong; carries all problems found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = (
            (Problem(problems),) if isinstance(problems, str) else tuple(problems)
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


class WiringError(ScenarioError):
    """Parts that do not fit: a model that does not fulfil its contract, a buffer nobody fills."""


AT: Final = "at {:.3f} s"
"""When a model failed."""
WITHIN: Final = "in the step from {:.3f} s"
"""The same where only the beginning of the step is known in which it did."""


class ModelError(LinetwinError):
    """A model failed; names the model and, where it ran in a line, the simulated time in s.

    `moment` says what of it `time_s` is: `AT`, `WITHIN`, or other words with a place for it.
    """

    exit_code = 3

    def __init__(
        self, message: str, model: str = "", time_s: float | None = None, moment: str = AT
    ) -> None:
        self.model = model
        self.time_s = time_s
        self.moment = moment
        where = model + ("" if time_s is None else f" {moment.format(time_s)}")
        super().__init__(f"{where}: {message}" if where else message)


class FmuError(ModelError):
    """An FMU could not be loaded, or one of its functions reported an error."""


class SurrogateError(ModelError):
    """A predictor failed."""


class OutOfDomainError(SurrogateError):
    """A predictor was asked outside the domain it was trained on."""


class SimulationError(LinetwinError):
    """The line contradicts itself; always a defect of linetwin, never of its user."""


class LinkError(LinetwinError):
    """A link to something outside the program failed."""

    exit_code = 4


class OpcUaError(LinkError):
    """An OPC UA server refused, stalled or went away."""


class RefusedError(OpcUaError):
    """A certificate, a policy, a user or an action was refused.

    `reason` names why in a few words; `status` is the OPC UA status code's name; `remedy` says
    what a person can do.
    """

    def __init__(self, reason: str, message: str, *, status: str, remedy: str) -> None:
        self.reason = reason
        self.status = status
        self.remedy = remedy
        super().__init__(f"{reason}: {message}; {remedy}")


class ShellError(LinkError):
    """An Asset Administration Shell could not be read or written."""


class ResultsError(LinetwinError):
    """A run folder is missing, incomplete in a way that matters, or of an unknown version."""

    exit_code = 2
