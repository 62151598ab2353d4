"""The lots of a mapping file: which signals tell what was made, and what went into what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.quantities import Quantity
from linetwin.scenario.backtracking import is_slow
from linetwin.scenario.mapped import CheckConfig, LotConfig
from linetwin.scenario.problems import nearest
from linetwin.scenario.values import read_value

if TYPE_CHECKING:
    from linetwin.scenario.document import KeyPath
    from linetwin.scenario.mapping_schema import LotCheck, Lots, MappingFile
    from linetwin.scenario.problems import Problems
    from linetwin.scenario.validation import Checked
    from linetwin.scenario.written import Written

_SPAN = Quantity("time", "s", "wall time", minimum=1.0, maximum=3650 * 86_400.0)
_GROUPS = {"body", "check"}


@dataclass(frozen=True)
class LotReader:
    """Reads kinds of lots one by one; what is wrong is noted."""

    checked: Checked[MappingFile]
    problems: Problems

    def kind(self, name: str, written: Lots) -> LotConfig:
        """Return one kind of lot."""
        at: KeyPath = ("lots", name)
        for index, signal in enumerate(written.made):
            self._check_signal((*at, "made", index), signal)
        made = {signal for kind in self.checked.model.lots.values() for signal in kind.made}
        for signal, into in written.used.items():
            self._check_signal((*at, "used", signal), signal)
            if into == signal:
                hint = "the signal of what it goes into"
                self._note((*at, "used", signal), "a lot does not go into itself", hint)
            elif into not in made:
                message = f"no kind of lot is made by '{into}'"
                self._note((*at, "used", signal), message, nearest(into, made))
        return LotConfig(
            name=name,
            made=tuple(written.made),
            used=written.used,
            made_in_s=self._seconds(written.made_in, (*at, "made_in")),
            usable_for_s=self._seconds(written.usable_for, (*at, "usable_for")),
            lasts_s=self._seconds(written.lasts, (*at, "lasts")),
            check=self._check((*at, "check"), written.check),
            cells=written.cells,
        )

    def _note(self, path: KeyPath, message: str, hint: str) -> None:
        self.problems.add(self.checked.document.place(path), message, hint)

    def _check_signal(self, at: KeyPath, name: str) -> None:
        signals = self.checked.model.signals
        lots = [each for each, signal in signals.items() if signal.kind == "lot"]
        if name not in lots:
            message = f"'{name}' is no signal" if name not in signals else f"'{name}' reads no lot"
            self._note(at, message, nearest(name, lots) or "a signal of kind: lot")

    def _seconds(self, written: Written, path: KeyPath) -> float:
        value = read_value(written, _SPAN, self.checked.document.place(path), self.problems)
        return 1.0 if value is None else value.number

    def _check(self, at: KeyPath, written: LotCheck | None) -> CheckConfig | None:
        if written is None:
            return None
        try:
            groups = set(re.compile(written.pattern).groupindex)
        except re.error as error:
            self._note((*at, "pattern"), f"cannot be read: {error}", "a regular expression")
            return None
        if is_slow(written.pattern):
            hint = r"write out what repeats, such as [A-Z]{2}\d{5}-\d{2}; * and + once a part"
            self._note((*at, "pattern"), "may take for ever: a repeat within a repeat", hint)
            return None
        if written.method is not None and not groups >= _GROUPS:
            hint = r"such as (?P<body>[A-Z]+-\d{4})-(?P<check>\d{2})"
            self._note((*at, "pattern"), "has no groups body and check", hint)
        return CheckConfig(written.pattern, written.method or "")
