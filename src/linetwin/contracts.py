"""The two model interfaces, and what each kind of process requires and offers.

A `Contract` names the quantities that a model of a kind takes and gives; their units are those of
the vocabulary. An FMU, a predictor and an analytic test double fulfil the same contract, so the
line never knows which of them answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Columns = dict[str, np.ndarray]
"""Values by quantity name; each a float64 array of shape (items,), in canonical units."""


@dataclass(frozen=True)
class Phase:
    """One stretch of a Transform: conditions held for a time.

    `inputs`: quantity -> scalar or array of shape (items,), canonical units.
    `duration_s`: seconds, scalar or array of shape (items,); for a phase that the model may end
    itself (a voltage limit) the longest it may take.
    """

    inputs: Mapping[str, float | np.ndarray]
    duration_s: float | np.ndarray = 1.0


@runtime_checkable
class Transform(Protocol):
    """Turns items, and the conditions they saw, into items."""

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through `phases`; return their outputs at the end of each phase.

        `start` holds the contract's start quantities, scalar or of shape (items,). Beside the
        contract's outputs each result has `phase_time` (s), the time the phase really took, and
        `valid` (1 where every input lay in the model's range, else 0).
        Raises ModelError with the item's row when the model fails.
        """
        ...


@runtime_checkable
class Continuous(Protocol):
    """A model that lives in line time (ticks of 1 ms)."""

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin (again) at `tick` with the model's start values and these inputs."""
        ...

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the present inputs until `tick`, then set `inputs`; others keep their value."""
        ...

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs at the tick last advanced to, in canonical units."""
        ...

    def save(self) -> bytes:
        """Return the complete state; restoring it continues with the same bits."""
        ...

    def restore(self, state: bytes) -> None:
        """Continue from a saved state, also one saved by another process."""
        ...


@dataclass(frozen=True)
class Contract:
    """What a kind of process takes and gives, by quantity name.

    `start`: properties of the item before the process (settable starts of states);
    `inputs`: conditions; `outputs`: what the model must offer. An FMU may have more parameters
    and outputs than these; it may lack no output and must take every input that is not in
    `optional`. An optional output that an FMU lacks reads as 0.
    `tolerance`: relative, what the line asks an integrator for where an FMU's own is tighter; None
    leaves it alone. Ours then stay within 2e-6 of an independent integration where 1e-6 is asked
    for, and within what is asked for where it is more: far below what the models themselves claim.
    """

    kind: str
    form: Literal["transform", "continuous"]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    start: tuple[str, ...] = ()
    optional: tuple[str, ...] = field(default=())
    tolerance: float | None = None


_TOLERANCE = 1e-6
_UTILITIES = ("cooling_power", "cooling_energy", "compressed_air_flow", "compressed_air_volume")
BUILDING_PARTS = (
    "dry_room_electric_energy",
    "dry_room_thermal_energy",
    "chiller_energy",
    "compressor_energy",
)
"""Parts of the building's two meters; the rest is that of the halls."""
_FORMED = (
    "anode_stoichiometry",
    "cathode_stoichiometry",
    "sei_thickness",
    "sei_capacity",
    "plated_capacity",
    "charged_capacity",
    "charge_energy",
)
"""What a cell brings from its pre-charge into formation."""
_AT_THE_DIE = ("plateau_viscosity", "viscosity_die", "viscosity_die_uncertainty")
_SLURRY = ("yield_stress", "consistency_index", "flow_index", "slurry_density", "solids_fraction")

CONTRACTS: dict[str, Contract] = {
    contract.kind: contract
    for contract in (
        Contract(
            "mixing",
            "continuous",
            inputs=(
                "rotor_speed",
                "jacket_temperature",
                "active_material_feed",
                "conductive_additive_feed",
                "binder_feed",
                "solvent_feed",
                "particle_size_factor",
                "moisture_factor",
            ),
            optional=("moisture_factor", *_AT_THE_DIE),
            outputs=(
                "slurry_mass",
                *_SLURRY,
                *_AT_THE_DIE,
                "viscosity",
                "agglomerate_size",
                "slurry_temperature",
                "specific_energy",
                "rotor_power",
            ),
        ),
        Contract(
            "coating",
            "transform",
            tolerance=_TOLERANCE,
            start=("slot_flow",),
            inputs=(
                "pump_flow",
                "web_speed",
                "coating_gap",
                "coating_width",
                "vacuum_pressure",
                *_SLURRY,
                "plateau_viscosity",
                "agglomerate_size",
                "loading_noise",
            ),
            optional=("plateau_viscosity", "agglomerate_size", "streak_density"),
            outputs=(
                "slot_flow",
                "wet_film_thickness",
                "minimum_wet_film_thickness",
                "loading",
                "solvent_loading",
                "capillary_number",
                "coating_window_margin",
                "edge_ratio",
                "air_entrainment",
                "swelling",
                "streak_density",
            ),
        ),
        Contract(
            "drying",
            "transform",
            tolerance=1e-5,
            start=("solvent_loading", "film_temperature"),
            inputs=(
                "loading",
                "air_temperature",
                "heat_transfer_coefficient",
                "solvent_pressure",
                "dry_mass_below",
            ),
            optional=("dry_mass_below",),
            outputs=(
                "solvent_loading",
                "film_temperature",
                "peak_evaporation_rate",
                "peak_film_temperature",
                "binder_bottom_ratio",
                "adhesion_index",
            ),
        ),
        Contract(
            "calendering",
            "transform",
            tolerance=_TOLERANCE,
            inputs=(
                "porosity_before",
                "coating_thickness_before",
                "line_load",
                "web_speed",
                "roll_temperature",
                "coating_width",
            ),
            outputs=(
                "porosity",
                "coating_thickness",
                "coating_density",
                "springback",
                "conductivity_index",
                "rolling_power",
            ),
        ),
        Contract(
            "vacuum_drying",
            "transform",
            tolerance=_TOLERANCE,
            start=("moisture",),
            inputs=("chamber_temperature", "chamber_pressure"),
            outputs=("moisture",),
        ),
        Contract(
            "stacking",
            "transform",
            inputs=(
                "cathode_loading",
                "anode_loading",
                "cathode_porosity",
                "anode_porosity",
                "cathode_coating_thickness",
                "anode_coating_thickness",
                "stacking_offset",
            ),
            outputs=(
                "overhang_margin",
                "np_ratio",
                "design_capacity",
                "pore_volume",
                "stack_thickness",
                "electrode_area",
                "cathode_active_fraction",
                "anode_active_fraction",
                "electrolyte_resistance_factor",
            ),
            optional=("electrolyte_resistance_factor",),
        ),
        Contract(
            "filling",
            "transform",
            tolerance=1e-4,
            inputs=(
                "pressure_setpoint",
                "electrolyte_dose_rate",
                "electrolyte_temperature",
                "pore_volume",
                "anode_porosity",
                "cathode_porosity",
            ),
            optional=("cathode_porosity", "wetting_time"),
            outputs=(
                "electrolyte_mass",
                "evaporated_electrolyte",
                "chamber_pressure",
                "wetting_front",
                "wetting_saturation",
                "wetting_time",
                "fill_ratio",
            ),
        ),
        Contract(
            "formation",
            "transform",
            tolerance=3e-4,
            start=_FORMED,
            inputs=(
                "mode",
                "current_setpoint",
                "voltage_setpoint",
                "cutoff_current",
                "chamber_temperature",
                "electrode_area",
                "anode_coating_thickness",
                "cathode_coating_thickness",
                "anode_active_fraction",
                "cathode_active_fraction",
                "np_ratio",
                "wetting_saturation",
                "moisture",
            ),
            outputs=(
                "voltage",
                "current",
                "cell_temperature",
                "charged_capacity",
                "discharged_capacity",
                "charge_energy",
                "discharge_energy",
                "sei_thickness",
                "sei_capacity",
                "plated_capacity",
                "anode_potential",
                "film_resistance",
                "anode_stoichiometry",
                "cathode_stoichiometry",
                "gas_volume",
                "within_fit",
            ),
        ),
        Contract(
            "ageing",
            "transform",
            tolerance=_TOLERANCE,
            start=("anode_stoichiometry", "cathode_stoichiometry", "storage_time"),
            inputs=(
                "storage_temperature",
                "load_current",
                "leak_resistance",
                "film_resistance",
                "electrode_area",
                "anode_coating_thickness",
                "cathode_coating_thickness",
                "anode_active_fraction",
                "cathode_active_fraction",
                "wetting_saturation",
                "electrolyte_resistance_factor",
            ),
            optional=("electrolyte_resistance_factor",),
            outputs=(
                "open_circuit_voltage",
                "voltage",
                "self_discharge_current",
                "lost_capacity",
                "anode_stoichiometry",
                "cathode_stoichiometry",
            ),
        ),
        Contract(
            "machine",
            "continuous",
            inputs=(
                "packml_state",
                "load",
                "process_power",
                "process_heat",
                "process_cooling",
                "heat_carried_off",
                "ambient_temperature",
                "wear_removed",
            ),
            optional=("process_cooling", "heat_carried_off", "wear_removed", *_UTILITIES),
            outputs=(
                "electric_power",
                "thermal_power",
                "heat_emission",
                "machine_temperature",
                "wear",
                "hazard_factor",
                "electric_energy",
                "thermal_energy",
                *_UTILITIES,
            ),
        ),
        Contract(
            "building",
            "continuous",
            inputs=(
                "outdoor_temperature",
                "outdoor_humidity",
                "dry_room_heat_load",
                "hall_heat_load",
                "occupants",
                "process_cooling_load",
                "compressed_air_flow",
            ),
            optional=("process_cooling_load", "compressed_air_flow", *BUILDING_PARTS),
            outputs=(
                "dry_room_dew_point",
                "dry_room_temperature",
                "hall_temperature",
                "electric_power",
                "thermal_power",
                "electric_energy",
                "thermal_energy",
                *BUILDING_PARTS,
            ),
        ),
    )
}
"""The contracts of the shipped kinds, by kind."""
