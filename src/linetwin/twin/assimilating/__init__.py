"""Measurements of a plant's lots meet what the twin's line says of them, and move its parameters.

`Assimilator` is what a session uses; see docs/twin.md.
"""

from linetwin.twin.assimilating.assimilator import Assimilator
from linetwin.twin.assimilating.rows import (
    Estimated,
    Finding,
    Innovations,
    Outcome,
    Prediction,
)

__all__ = ["Assimilator", "Estimated", "Finding", "Innovations", "Outcome", "Prediction"]
