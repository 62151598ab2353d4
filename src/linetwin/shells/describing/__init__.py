"""Shells of a line, its machines and its models, made from a scenario."""

from linetwin.shells.describing.whole import Wanted, describe

__all__ = ["Wanted", "describe"]
