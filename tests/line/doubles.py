"""Analytic stand-ins for the FMUs: the line's own tests need no compiled model."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import CONTRACTS, Columns, Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linetwin.contracts import Continuous, Transform
    from linetwin.scenario.resolved import StationConfig

DEFAULTS = {
    "voltage": 3.7,
    "np_ratio": 1.07,
    "design_capacity": 5.0,
    "electrode_area": 0.165,
    "overhang_margin": 1e-3,
    "pore_volume": 7e-6,
    "wetting_saturation": 0.99,
    "fill_ratio": 1.3,
    "porosity": 0.30,
    "coating_thickness": 60e-6,
    "adhesion_index": 1.0,
    "yield_stress": 1.0,
    "consistency_index": 2.0,
    "flow_index": 0.7,
    "slurry_density": 2100.0,
    "hazard_factor": 1.0,
    "anode_potential": 0.05,
    "film_resistance": 5e-3,
    "anode_stoichiometry": 0.4,
    "cathode_stoichiometry": 0.6,
    "dry_room_dew_point": 233.15,
    "dry_room_temperature": 295.15,
    "hall_temperature": 295.15,
    "within_fit": 1.0,
}


class DoubleTransform:
    """Constant outputs, but loading follows the pump and capacity follows the loading."""

    def __init__(self, kind: str) -> None:
        self._contract = CONTRACTS[kind]

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Return one set of columns per phase."""
        sizes = [np.size(v) for v in start.values()]
        sizes += [np.size(v) for phase in phases for v in phase.inputs.values()]
        sizes += [np.size(phase.duration_s) for phase in phases]
        count = max(sizes)
        results = []
        for index, phase in enumerate(phases):
            given = dict(start) | dict(phase.inputs)
            seen = {n: np.broadcast_to(np.asarray(v, float), count) for n, v in given.items()}
            columns = {n: np.full(count, DEFAULTS.get(n, 0.0)) for n in self._contract.outputs}
            duration = np.broadcast_to(np.asarray(phase.duration_s, float), count)
            getattr(self, f"_{self._contract.kind}", lambda *_: None)(columns, seen, index)
            columns["phase_time"] = np.minimum(duration, 36000.0)
            columns["valid"] = np.ones(count)
            results.append(columns)
        return results

    def _coating(self, columns: Columns, seen: Columns, _index: int) -> None:
        started = 0.5 + 0.5 * (seen["slot_flow"] > 0)
        flow = seen["pump_flow"] * (1 + seen["loading_noise"]) * started
        wet = flow * seen["slurry_density"] / (seen["web_speed"] * seen["coating_width"])
        columns["loading"] = wet * seen["solids_fraction"]
        columns["solvent_loading"] = wet * (1 - seen["solids_fraction"])
        columns["wet_film_thickness"] = wet / seen["slurry_density"]

    def _drying(self, columns: Columns, seen: Columns, _index: int) -> None:
        columns["solvent_loading"] = seen["solvent_loading"] * 1e-3

    def _vacuum_drying(self, columns: Columns, seen: Columns, _index: int) -> None:
        columns["moisture"] = seen["moisture"] * 0.1

    def _filling(self, columns: Columns, _seen: Columns, _index: int) -> None:
        columns["electrolyte_mass"] = np.full_like(columns["fill_ratio"], 0.0109)
        columns["evaporated_electrolyte"] = np.full_like(columns["fill_ratio"], 1e-4)

    def _formation(self, columns: Columns, seen: Columns, index: int) -> None:
        capacity = 30.5 * seen["electrode_area"]
        columns["charged_capacity"] = capacity / 0.85 * (1 if index < 4 else 1.3)
        columns["discharged_capacity"] = capacity * (index >= 2)
        columns["discharge_energy"] = columns["discharged_capacity"] * 3600 * 3.7
        columns["charge_energy"] = columns["charged_capacity"] * 3600 * 3.8

    def _ageing(self, columns: Columns, seen: Columns, index: int) -> None:
        columns["voltage"] = 3.7 - 0.025 * seen["load_current"] - 3.7e-4 * index / 3
        columns["open_circuit_voltage"] = columns["voltage"]


class DoubleContinuous:
    """Integrates power to energy and feeds to mass; everything else is constant."""

    def __init__(self, kind: str) -> None:
        self._outputs = CONTRACTS[kind].outputs
        self._inputs: dict[str, float] = {}
        self._tick = 0
        self._energy = 0.0
        self._mass = 0.0

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin at `tick`."""
        self._tick, self._inputs = tick, dict(inputs)
        self._mass = 0.0

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold inputs, then change them."""
        seconds = (tick - self._tick) / 1000
        self._energy += self._power() * seconds
        self._mass += sum(v for n, v in self._inputs.items() if n.endswith("_feed")) * seconds
        self._tick = tick
        self._inputs.update(inputs)

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs."""
        known = {
            "electric_energy": self._energy,
            "electric_power": self._power(),
            "heat_emission": 0.3 * self._power(),
            "slurry_mass": self._mass,
        }
        missing = [name for name in names if name not in self._outputs]
        if missing:
            raise KeyError(missing)
        return {name: known.get(name, DEFAULTS.get(name, 0.0)) for name in names}

    def save(self) -> bytes:
        """Return the state."""
        names = "|".join(self._inputs).encode()
        head = struct.pack("<qddI", self._tick, self._energy, self._mass, len(names))
        return head + names + struct.pack(f"<{len(self._inputs)}d", *self._inputs.values())

    def restore(self, state: bytes) -> None:
        """Continue."""
        self._tick, self._energy, self._mass, length = struct.unpack_from("<qddI", state)
        at = struct.calcsize("<qddI")
        names = state[at : at + length].decode().split("|")
        values = struct.unpack_from(f"<{len(names)}d", state, at + length)
        self._inputs = dict(zip(names, values, strict=True))

    def _power(self) -> float:
        executing = self._inputs.get("packml_state") == 6.0
        return 1000.0 * executing + self._inputs.get("process_power", 0.0)


class DoublesTogether:
    """Doubles advanced and read one by one."""

    def __init__(self, models: Sequence[Continuous], names: Sequence[str]) -> None:
        self._models, self._names = models, names

    def advance(self, tick: int, inputs: Sequence[Mapping[str, float]]) -> list[list[float]]:
        """Return the outputs of each."""
        rows = []
        for model, given in zip(self._models, inputs, strict=True):
            model.advance(tick, given)
            found = model.read(self._names)
            rows.append([found[name] for name in self._names])
        return rows


class Doubles:
    """Models of a line made of doubles."""

    def __init__(self) -> None:
        self._transforms: dict[str, Transform] = {}

    def machine(self, config: StationConfig) -> Continuous | None:
        """Return a machine."""
        return DoubleContinuous("machine") if config.machine else None

    def continuous(self, config: StationConfig, kind: str) -> Continuous:
        """Return a process model."""
        del config
        return DoubleContinuous(kind)

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return a process model."""
        del config
        return self._transforms.setdefault(kind, DoubleTransform(kind))

    def together(self, models: Sequence[Continuous], names: Sequence[str]) -> DoublesTogether:
        """Return doubles to be advanced at once."""
        return DoublesTogether(models, names)
