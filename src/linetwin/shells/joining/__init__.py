"""Another maker's machine joins a line: its models, its technical data, its interface."""

from linetwin.shells.joining.questions import Questions
from linetwin.shells.joining.whole import Joined, Joining, Machine, join

__all__ = ["Joined", "Joining", "Machine", "Questions", "join"]
