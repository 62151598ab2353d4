"""Inputs and parameters of the formation model, each with unit, range, tag and source."""

from __future__ import annotations

from tables import Row

WENG = "Weng et al. 2023: EC is reduced near 0.8 V"
PHYSICS = "PHYSICS.md 1.7, PyBaMM's solvent-diffusion-limited film"
CALIBRATED = "fit to FCE 0.85 at C/10, 25 Cel, 4.2-2.8 V (README.md)"

# fmt: off
INPUTS = (
    Row("current_setpoint", "A", 0.5, 0.0, 300.0, "A", "C/10 of 5 A.h",
        "current asked of the channel, without sign"),
    Row("voltage_setpoint", "V", 4.2, 1.5, 4.6, "A", "usual for NMC622",
        "upper limit of a charge, lower limit of a discharge"),
    Row("cutoff_current", "A", 0.1, 0.0, 300.0, "A", "C/50 of 5 A.h",
        "current at which a charge at constant voltage ends"),
    Row("chamber_temperature", "K", 298.15, 263.15, 333.15, "A", "25 Cel",
        "temperature of the air around the cell"),
    Row("np_ratio", "1", 1.0752, 0.8, 2.0, "A", "11.3 against 18.5 mg/cm2, FCE 0.85",
        "anode capacity over first-charge capacity where the anode is scarcest"),
    Row("moisture", "1", 3e-4, 0.0, 0.005, "A", "300 ppm, usual after vacuum drying",
        "mass of water per mass of electrode"),
)
FILM = (
    Row("sei_diffusivity", "m2/s", 2e-16, 0.0, 1e-14, "A", CALIBRATED,
        "solvent through the young film"),
    Row("sei_ageing_diffusivity", "m2/s", 1.5e-20, 0.0, 1e-14, "A", "14 d at 25 Cel cost < 1 %",
        "solvent through the closed film"),
    Row("sei_self_limiting", "1", 1.0, 0.0, 1.0, "A", "1: the film closes; 0: PyBaMM's law",
        "share of the young film's growth that stops at the limit thickness"),
    Row("sei_limit_thickness", "m", 330.5e-9, 1e-8, 1e-5, "A", CALIBRATED,
        "thickness per geometric area at which the film closes (dry electrodes, 25 Cel)"),
    Row("sei_limit_energy", "J/mol", 200.0, 0.0, 1e5, "A", "see README.md",
        "activation energy of the limit thickness: hot films grow thicker"),
    Row("sei_onset_potential", "V", 0.8, 0.0, 5.0, "V", WENG,
        "anode potential below which the film grows; 5 V: always"),
    Row("sei_onset_width", "V", 0.0257, 0.001, 0.2, "A", "RT/F",
        "potential over which growth sets in"),
    Row("sei_growth_energy", "J/mol", 40e3, 0.0, 1e5, "A", "within 30-60 kJ/mol as published",
        "activation energy of the growth"),
    Row("sei_molar_volume", "m3/mol", 9.585e-5, 1e-6, 1e-3, "V", PHYSICS, "volume of the film"),
    Row("sei_solvent_concentration", "mol/m3", 2636.0, 1.0, 1e5, "V", PHYSICS,
        "solvent at the film's outside"),
    Row("sei_electrons", "1", 2.0, 1.0, 4.0, "V", PHYSICS, "electrons per formula of film"),
    Row("sei_resistivity", "Ohm.m", 0.0, 0.0, 1e7, "A", "0: film_resistance counts; PyBaMM: 2e5",
        "resistance of the thickness state"),
    Row("moisture_loss", "1", 97.0, 0.0, 1e3, "D",
        "one electron per molecule of water: 9.7 % more loss at 1000 ppm",
        "relative growth of the limit thickness per moisture"),
    Row("fast_charge_loss", "1", 0.04, 0.0, 1.0, "A",
        "no open figure: about 4 % more loss at C/2 than at C/10; calibrate",
        "relative growth of the limit thickness per multiple of the reference current above one"),
    Row("reference_charge_current", "A/m2", 3.03, 0.01, 1e3, "A", "C/10 of 5 A.h on 0.165 m2",
        "charging current per wetted area up to which the film closes as calibrated"),
    Row("moisture_resistance", "1", 300.0, 0.0, 1e4, "A", "30 % more at 1000 ppm",
        "relative growth of the film resistance per moisture"),
    Row("film_area_resistance", "Ohm.m2", 1.0e-3, 0.0, 0.1, "A", "6 mOhm in a cell of 5 A.h",
        "film resistance per facing area after a full first cycle"),
    Row("film_reference_charge", "A.h/m2", 5.4, 0.1, 100.0, "A", "0.9 A.h on 0.165 m2",
        "loss per facing area at which film_area_resistance holds"),
    Row("film_resistance_energy", "J/mol", 30e3, 0.0, 1e5, "A", "usual for conduction in films",
        "activation energy of the film's conductivity"),
)
PLATING = (
    Row("plating_conductance", "S/m2", 40.0, 0.0, 1e5, "A", "calibrate; 0 switches plating off",
        "plating current per anode surface and volt below 0 V against lithium"),
    Row("plating_area_share", "1", 0.1, 0.0, 1.0, "A", "edges and ill-wetted spots",
        "share of the anode that plates"),
    Row("plating_current_factor", "1", 1.3, 1.0, 5.0, "A", "edges and ill-wetted spots",
        "local over mean current density there"),
    Row("plating_smoothing", "V", 0.005, 1e-4, 0.05, "A", "numerical",
        "potential over which plating sets in"),
    Row("first_charge_window", "1", 0.7318, 0.1, 1.0, "D",
        "172 mA.h/g over FCE 0.85, of 276.5 mA.h/g",
        "cathode stoichiometry taken out by the first charge, for the ratio N/P"),
)
CELL = (
    Row("electrolyte_area_resistance", "Ohm.m2", 6.7e-4, 0.0, 0.1, "D",
        "6.5 mOhm between SPM and SPMe of Chen 2020, times 0.1027 m2",
        "resistance of electrolyte and separator per facing area"),
    Row("electrolyte_energy", "J/mol", 17e3, 0.0, 1e5, "M", "usual for carbonate electrolytes",
        "activation energy of its conductivity"),
    Row("areal_heat_capacity", "J/(m2.K)", 520.0, 10.0, 1e5, "A", "85 J/K at 5 A.h",
        "heat capacity of the cell per facing area"),
    Row("areal_heat_transfer", "W/(m2.K)", 3.0, 0.1, 1e3, "A", "0.5 W/K at 5 A.h",
        "heat transfer to the chamber per facing area of electrodes"),
    Row("gas_yield", "1", 0.02, 0.0, 1.0, "A", "a few mL/A.h; the rest dissolves or reacts",
        "mol of free gas per two electrons lost to the film"),
    Row("highest_rate", "1/h", 0.5, 0.01, 10.0, "A", "no formation data at higher rates",
        "current over cathode capacity up to which the fit may be used"),
)
# fmt: on

_CHEN = "Chen2020 set of PyBaMM"
_REFERENCE = "PHYSICS.md 2: set-up of the PyBaMM reference"

PARAMETER_SETS: dict[str, dict[str, tuple[float, str, str]]] = {
    "nmc622": {},  # the defaults above
    "chen2020": {  # name: (value, tag, source); what the reference does not have is switched off
        "anode_maximum_concentration": (33133.0, "V", _CHEN),
        "cathode_maximum_concentration": (63104.0, "V", _CHEN),
        "sei_diffusivity": (4e-18, "D", _REFERENCE),
        "sei_resistivity": (2e5, "V", _CHEN),
        "sei_ageing_diffusivity": (0.0, "D", _REFERENCE),
        "sei_self_limiting": (0.0, "D", _REFERENCE),
        "sei_onset_potential": (5.0, "D", _REFERENCE),
        "film_area_resistance": (0.0, "D", _REFERENCE),
        "plating_conductance": (0.0, "D", _REFERENCE),
        "electrolyte_area_resistance": (0.0, "D", "a single-particle model has no electrolyte"),
        "moisture_loss": (0.0, "D", _REFERENCE),
        "fast_charge_loss": (0.0, "D", _REFERENCE),
    },
}
CHEN2020_CELL = {  # inputs of the cell of that set, in the model's units [V]
    "electrode_area": 0.1027,
    "anode_coating_thickness": 85.2e-6,
    "cathode_coating_thickness": 75.6e-6,
    "anode_active_fraction": 0.75,
    "cathode_active_fraction": 0.665,
}
CHEN2020_START = {"anode_stoichiometry": 0.0279, "cathode_stoichiometry": 0.9084}  # [V]
