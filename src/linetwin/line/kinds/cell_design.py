"""What a cell's electrodes amount to, beyond the means that the stacking model takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from linetwin.contracts import Columns

ELECTRODES = ("cathode", "anode")
FACES = ("upper", "lower")
"""How the sides of a sheet lie in the stack; side A lies up unless the web was turned over."""
BARE = 1e-6
"""Loading that a bare side is taken to have, so that a ratio stays finite [kg/m2]."""


def of_the_powders(columns: Columns) -> Columns:
    """Return what changes where the powders hold more or less charge than the stacking model says.

    A lot of less capacity per mass counts as one of which a part takes no charge: the volume share
    of active material falls, and with it what formation and ageing make of the cell [A].
    """
    cathode, anode = (columns[f"{name}_specific_capacity_factor"] for name in ELECTRODES)
    before = columns["np_ratio"]
    ratio = before * anode / cathode
    # the anode limits below N/P = 1, in the stacking model, too
    limited = np.minimum(1.0, ratio) / np.minimum(1.0, np.maximum(before, 1e-9))
    return {
        "cathode_active_fraction": columns["cathode_active_fraction"] * cathode,
        "anode_active_fraction": columns["anode_active_fraction"] * anode,
        "np_ratio": ratio,
        "design_capacity": columns["design_capacity"] * cathode * limited,
    }


def scarcer_face(columns: Columns) -> np.ndarray:
    """Return N/P of the scarcer of both faces over that of the sheets' means, shape (cells,).

    The upper side of a cathode faces the lower side of the anode above it, and the other way
    round. Takes the sides' loadings, `cathode_upper` and its like, out of `columns`.
    """
    parts = {}  # of the coating of both sides, on the upper one and on the lower one
    for electrode in ELECTRODES:
        both = np.array([columns.pop(f"{electrode}_{face}") for face in FACES])
        parts[electrode] = np.maximum(both, BARE) / np.maximum(both, BARE).mean(axis=0)
    found: np.ndarray = (parts["anode"][::-1] / parts["cathode"]).min(axis=0)
    return found
