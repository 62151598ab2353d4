"""What a file of shells says of its own meaning: coverage, terms, references, files."""

from linetwin.shells.checking.whole import Findings, check

__all__ = ["Findings", "check"]
