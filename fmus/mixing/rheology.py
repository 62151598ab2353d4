"""How a slurry flows: the medium of solvent, binder and carbon, thickened by active material."""

from __future__ import annotations

from dataclasses import dataclass

import casadi as ca

GAS_CONSTANT = 8.314462618  # J/(mol.K), exact since 2019 [V]
REFERENCE_TEMPERATURE = 298.15  # K [A] at which the rheology is given
PACKING_BEND, PACKING_END = 0.90, 0.95  # 1 [A] law holds to the first, never passes the second
MEDIUM_BEND, MEDIUM_END = 0.12, 0.15  # 1 [A] the same for carbon or binder over medium mass
THRESHOLD_WIDTH = 1e-3  # 1 [A] rounds the onset of a yield stress


@dataclass(frozen=True)
class Rheology:
    """Herschel-Bulkley law with a plateau: Pa, Pa.s^n, 1 and, where thinning ends, Pa.s."""

    yield_stress: ca.SX
    consistency: ca.SX
    flow_index: ca.SX
    plateau: ca.SX

    def stress(self, shear_rate: ca.SX | float) -> ca.SX:
        """Return the shear stress in Pa at a shear rate in 1/s."""
        thinning = self.consistency * shear_rate**self.flow_index
        # the plateau adds in squares: nothing where the law was fitted, all of it far above
        return self.yield_stress + ca.sqrt(thinning**2 + (self.plateau * shear_rate) ** 2)


def saturate(value: ca.SX, bend: ca.SX | float, end: ca.SX | float) -> ca.SX:
    """Return `value` up to `bend`, then bend smoothly so that it stays below `end`."""
    room = end - bend
    return ca.if_else(value > bend, bend + room * (1 - ca.exp((bend - value) / room)), value)


def rheology(
    p: dict[str, ca.SX],
    packing: ca.SX,
    packing_limit: ca.SX,
    medium: tuple[ca.SX, ca.SX],
    state: tuple[ca.SX, ca.SX],
    moisture_factor: ca.SX,
) -> Rheology:
    """Return the law of a slurry.

    `packing`: volume fraction of active material over its limit; `packing_limit`: that limit;
    `medium`: mass fractions of carbon and of binder in the medium; `state`: agglomerate size in m
    and temperature in K; `moisture_factor`: water in the active material over its nominal value.
    """
    carbon, binder = (saturate(part, MEDIUM_BEND, MEDIUM_END) + 1e-9 for part in medium)
    size, temperature = state
    # Krieger and Dougherty 1959
    thickening = (1 - saturate(packing, PACKING_BEND, PACKING_END)) ** (
        -p["intrinsic_viscosity"] * packing_limit
    )
    difference = 1 / temperature - 1 / REFERENCE_TEMPERATURE
    fluidity = ca.exp(p["activation_energy"] / GAS_CONSTANT * difference)
    gelled = fluidity * ca.fmax(moisture_factor, 1e-3) ** p["moisture_exponent"]
    dissolved = p["medium_plateau"] * binder / p["reference_binder"]
    network = (
        p["medium_consistency"]
        * (carbon / p["reference_carbon"]) ** p["carbon_exponent"]
        * (binder / p["reference_binder"]) ** p["binder_exponent"]
    )
    # without carbon and binder the medium is the solvent, which is Newtonian
    share = network / (network + p["solvent_viscosity"])
    index = p["medium_flow_index"] + p["flow_index_slope"] * (carbon - p["reference_carbon"])
    above = (carbon - p["yield_threshold"]) / p["reference_carbon"]
    percolated = (above + ca.sqrt(above * above + THRESHOLD_WIDTH**2)) / 2
    dispersed = (p["reference_agglomerate"] / size) ** p["dispersion_exponent"]
    yield_stress = p["medium_yield_stress"] * percolated ** p["yield_exponent"] * dispersed
    return Rheology(
        yield_stress * thickening * gelled,
        (network + p["solvent_viscosity"]) * thickening * gelled,
        1 - (1 - index) * share,
        dissolved * thickening * gelled,
    )
