"""Files of shells from others: read within bounds, mended where plain, never silently smaller."""

from linetwin.shells.reading.limits import Limits
from linetwin.shells.reading.reader import read

__all__ = ["Limits", "read"]
