"""The way back: a line file and a recipe from shells."""

from linetwin.shells.lining.whole import Lined, line_document

__all__ = ["Lined", "line_document"]
