"""Random streams by name.

A stream is named by (unit, cause, use) and made on first use from the seed and its name, so a new
station shifts no other stream and two what-ifs differ only where their inputs differ.
"""

from __future__ import annotations

import hashlib

import numpy as np

from linetwin.errors import SimulationError

StreamState = list[str | int]


class Streams:
    """PCG64 generators, one per name."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._generators: dict[str, np.random.Generator] = {}

    def get(self, unit: str, cause: str, use: str) -> np.random.Generator:
        """Return the stream of this name."""
        name = f"{unit}|{cause}|{use}"
        if name not in self._generators:
            digest = hashlib.sha256(f"{self.seed}|{name}".encode()).digest()
            key = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]
            self._generators[name] = np.random.Generator(
                np.random.PCG64(np.random.SeedSequence(key))
            )
        return self._generators[name]

    def save(self) -> dict[str, StreamState]:
        """Return the state of every stream used so far; 128-bit numbers as text."""
        states: dict[str, StreamState] = {}
        for name, generator in self._generators.items():
            state = generator.bit_generator.state
            states[name] = [
                str(state["state"]["state"]),
                str(state["state"]["inc"]),
                int(state["has_uint32"]),
                int(state["uinteger"]),
            ]
        return states

    def load(self, states: dict[str, StreamState]) -> None:
        """Continue streams from saved states."""
        self._generators.clear()
        for name, (state, increment, has_uint32, uinteger) in states.items():
            generator = np.random.Generator(np.random.PCG64())
            generator.bit_generator.state = {
                "bit_generator": "PCG64",
                "state": {"state": int(state), "inc": int(increment)},
                "has_uint32": int(has_uint32),
                "uinteger": int(uinteger),
            }
            self._generators[name] = generator
            if name.count("|") != 2:  # noqa: PLR2004  unit, cause, use
                message = f"not the name of a stream: {name}"
                raise SimulationError(message)
