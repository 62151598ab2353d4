"""Reel to reel: what calender, slitter, notcher and rewinder have in common.

A roll is taken, threaded, run through from its outer end, and handed over.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from linetwin.line.station import Operation, Station


class ReelToReel(Station):
    """One roll at a time; kinds say what `run_through` makes of it, and when a tool is worn."""

    operation = "run"
    """What the run through the machine is called."""
    tool = ""
    """What wears and is changed: knife, rolls; "" where nothing does."""
    life = ""
    """The quantity that says after how many metres it is changed."""

    @property
    def job(self) -> dict[str, Any]:
        """`roll` in the machine, `threaded` or not, at which `speed`, `since` when; rolls `done`.

        `tool`: number of the tool in use; `run`: metres that it has worked; `broken`, or not.
        """
        return self.state.job

    @abstractmethod
    def run_through(self, name: str) -> list[str]:
        """The roll has run through: compute it; return the rolls to hand over."""

    def tool_change(self) -> Operation | None:
        """Return the change of a worn tool; None where the tool is fit."""
        return None

    def prepare(self) -> Operation | None:
        """Change a worn tool, take a roll, thread it, run it through."""
        if "roll" not in self.job:
            change = self.tool_change()
            if change is not None:
                return change
            lot = self.take("rolls")
            if lot is None:
                return None
            self.job.update(roll=lot.name, threaded=False)
        if not self.job["threaded"]:
            return Operation("thread", round(self.value("changeover_time") * 1000), "Starting")
        self.job.update(speed=self.value("web_speed"), since=self.world.now)
        length = self.world.lots[self.job["roll"]].amount
        return Operation(self.operation, round(length / self.job["speed"] * 1000))

    def complete(self) -> None:
        """Note the threading or the new tool, or compute the roll."""
        if self.state.operation == "thread":
            self.job["threaded"] = True
        elif self.state.operation == self.operation:
            self.job["done"] = self.run_through(self.job.pop("roll"))
        else:
            self.renew_tool()

    def deliver(self) -> bool:
        """Hand over the rolls, one by one."""
        while self.job.get("done"):
            if not self.give("rolls", self.job["done"][0]):
                return False
            self.job["done"].pop(0)
        return True

    def signals(self) -> dict[str, float]:
        """Speed of the web now."""
        running = self.state.mode == "Execute" and self.state.operation == self.operation
        return {"web_speed": self.job["speed"] if running else 0.0}

    def tool_name(self) -> str:
        """Return the name of the tool in use, such as `knife-003`."""
        return f"{self.tool}-{self.job.get('tool', 1):03d}" if self.tool else ""

    def renew_tool(self) -> None:
        """A new tool is in."""
        self.job.update(run=0.0, tool=self.job.get("tool", 1) + 1)
        self.job.pop("broken", None)
        self.world.log_event(self.name, "note", cause=f"new {self.tool}")

    def break_tool(self) -> None:
        """The tool breaks: it is at the end of its life, whether the machine runs or not."""
        self.job.update(broken=True, run=max(self.job.get("run", 0.0), self.value(self.life)))

    def broken_tool(self) -> tuple[str, int] | None:
        """Return the cause of the stop, and how long the change of the tool takes [ticks]."""
        if not self.job.get("broken"):
            return None
        change = self.tool_change()
        assert change is not None  # noqa: S101  a broken tool is at the end of its life
        return f"broken {self.tool}", change.ticks

    def wear(self, life: str) -> float:
        """Return the metres that the tool has worked over its life."""
        return float(self.job.get("run", 0.0)) / self.value(life)

    def burr(self, wear: float) -> float:
        """Return the mean height of the burr that a tool of this wear leaves [m]."""
        new, worn = self.value("burr_new"), self.value("burr_worn")
        return new + min(1.0, wear) * (worn - new)
