"""Mixer: doses powders and solvent, disperses, and pumps the batch into the hold tank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.errors import Problem, ScenarioError
from linetwin.line.kinds.web import link
from linetwin.line.station import Operation, Station

if TYPE_CHECKING:
    from linetwin.contracts import Continuous
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig

ROLES = ("active_material", "conductive_additive", "binder", "solvent")
SLURRY_PROPERTIES = (
    "yield_stress",
    "consistency_index",
    "flow_index",
    "slurry_density",
    "viscosity",
    "viscosity_die",
    "viscosity_die_uncertainty",
    "plateau_viscosity",
    "agglomerate_size",
    "slurry_temperature",
    "specific_energy",
)
LOT_FACTORS = ("particle_size_factor", "moisture_factor")
"""What varies from lot to lot of the active material, and the slurry with it."""
OF_THE_POWDER = (*LOT_FACTORS, "specific_capacity_factor")
"""What a batch has from its lots of active material."""
BATCH_RESERVE = 1.02
"""Room asked for in the tank over the mass of a batch: doses scatter."""
NEXT = {"dose": "disperse", "disperse": "discharge", "discharge": "clean", "clean": ""}


class Mixer(Station):
    """One batch at a time; the slurry is a model in line time, stirred only while executing."""

    ended_by_events = ("disperse", "clean")

    def __init__(self, config: StationConfig, world: World) -> None:
        super().__init__(config, world)
        self.slurry = world.models.continuous(config, "mixing")

    def begin(self) -> None:
        """Start with an empty vessel.

        ScenarioError where mixer and coater would wait for one another: a tank without room for a
        batch that still holds less than the coater asks for.
        """
        tank = self.world.tanks[self.config.gives["slurry"]]
        draw = self.world.plan.largest_draw(self.name.split(".")[0])
        least = self.value("batch_mass") * BATCH_RESERVE + draw
        if tank.capacity < least:
            message = f"a batch and a block of the coater need {least:.3g} kg in {tank.path}"
            hint = f"it holds {tank.capacity:g} kg: smaller batches or a larger tank"
            raise ScenarioError([Problem(message, f"{self.name}.batch_mass", hint)])
        self.slurry.start(self.world.now, self._slurry_inputs())
        super().begin()

    def models(self) -> dict[str, Continuous]:
        """Return the models of machine and slurry."""
        return super().models() | {"mixing": self.slurry}

    @property
    def job(self) -> dict[str, Any]:
        """`stage`, the `batch` in the vessel and the `feeds` still being dosed [kg/s].

        `ahead`: time of its recipe that is behind the next batch as it begins [ticks].
        """
        return self.state.job

    def begin_ahead(self, ticks: int) -> None:
        """Take the batch that is begun next as begun so much earlier, never having stood still."""
        self.job["ahead"] = ticks

    def is_hurried(self) -> bool:
        """Whether a leader is further: what is left to be done is then done at once."""
        leader = self.world.leader
        if leader is None:
            return False
        if self.job.get("stage") == "clean":
            return leader.has_begun(self.name)
        return leader.is_behind(self.name)

    def has_finished(self) -> bool:
        """Whether the vessel is clean and the coater will need no further batch."""
        electrode = self.name.split(".")[0]
        return not self.job.get("stage") and self.world.plan.missing_slurry(electrode) <= 0

    def prepare(self) -> Operation | None:
        """Dose when the tank has room for the whole batch; then follow the recipe."""
        stage = self.job.get("stage", "")
        if not stage:
            tank = self.world.tanks[self.config.gives["slurry"]]
            if not tank.has_room(self.name, self.value("batch_mass") * BATCH_RESERVE):
                return None
            stage = self.job["stage"] = "dose"  # first: a hurried mixer doses without a new state
            self._open_batch()
        times = {
            "dose": ("dosing_time", "Execute"),
            "disperse": ("dispersing_time", "Execute"),
            "discharge": ("discharge_time", "Execute"),
            "clean": ("changeover_time", "Resetting"),
        }
        quantity, mode = times[stage]
        if stage == "clean":
            self.job.pop("ahead", None)  # its batch has left
        ticks = self._ticks(quantity)
        done = min(self.job.get("ahead", 0), ticks)
        if done:
            self.job["ahead"] -= done
            self._make_up(stage, done)
        return Operation(stage, ticks - done, mode)

    def shortage(self) -> str:
        """A mixer waits for nothing but room in the tank."""
        return "blocked"

    def complete(self) -> None:
        """Go to the next stage; before the slurry leaves, read what it has become."""
        stage = self.job["stage"]
        if self.state.left > 0:
            self._make_up(stage)
        if stage == "dose":
            self.job["feeds"] = {}
        if stage == "disperse":
            self._read_slurry()
        self.job["stage"] = NEXT[stage]
        if stage != "discharge":
            self.mode_changed()

    def deliver(self) -> bool:
        """After pumping, the batch is in the tank; it is blocked where doses ran far too high."""
        if self.state.operation == "discharge" and self.job.get("batch"):
            lot = self.world.lots[self.job["batch"]]
            tank = self.world.tanks[self.config.gives["slurry"]]
            if not self.may_give() or not tank.has_room(self.name, lot.amount):
                return False
            del self.job["batch"]
            tank.fill(lot.name, lot.amount)
            lot.place = self.config.gives["slurry"]
            self.world.log_event(self.name, "give", lot=lot.name, amount=lot.amount)
            if self.world.holds is not None:
                self.world.holds.handed_over(lot)
            self.mode_changed()
        return True

    def mode_changed(self) -> None:
        """Tool and dosing stand still unless the station executes."""
        self.slurry.advance(self.world.now, self._slurry_inputs())

    def process_power(self) -> float:
        """Electric power of the mixing tool [W]."""
        if not self.job.get("batch"):
            return 0.0
        self.slurry.advance(self.world.now, {})
        power = self.slurry.read(["rotor_power"])["rotor_power"]
        return power / self.value("drive_efficiency")

    def signals(self) -> dict[str, float]:
        """What the vessel's sensors show."""
        if not self.job.get("batch"):
            return {}
        self.slurry.advance(self.world.now, {})
        return self.slurry.read(
            ["viscosity", "slurry_temperature", "slurry_mass", "specific_energy"]
        )

    def _open_batch(self) -> None:
        masses = self._targets()
        lot = self.world.new_lot(
            f"{self.name.split('.')[0]}.slurry", "slurry_batch", self.name, 0.0, "kg"
        )
        factors = dict.fromkeys(OF_THE_POWDER, 1.0)
        for role, target in masses.items():
            error = float(self.world.driver.normal(self.name, f"dosing {role}", 1)[0])
            mass = target * (1 + self.value("dosing_error") * error)
            material = self.config.materials[role]
            for drawn in self.world.supplies[material].draw(mass):
                share = drawn.amount / mass
                link(
                    self.world,
                    lot.name,
                    drawn.lot,
                    role,
                    share=share,
                    amount=drawn.amount,
                    amount_unit="kg",
                )
                if role == "active_material":
                    for name in OF_THE_POWDER:
                        factors[name] += share * (drawn.properties.get(name, 1.0) - 1.0)
            lot.content[material] = lot.content.get(material, 0.0) + mass
        lot.amount = sum(lot.content.values())
        lot.properties.update(factors)
        lot.properties["solids_fraction"] = (
            1 - lot.content[self.config.materials["solvent"]] / lot.amount
        )
        self.job["batch"] = lot.name
        self.job["feeds"] = self._feeds()
        self.slurry.start(self.world.now, self._slurry_inputs())
        self.world.log_event(self.name, "take", lot=lot.name, amount=lot.amount)

    def _targets(self) -> dict[str, float]:
        """Masses to dose [kg]."""
        batch, solids = self.value("batch_mass"), self.value("solids_target")
        masses = {role: batch * solids * self.value(f"{role}_share") for role in ROLES[:3]}
        return masses | {"solvent": batch * (1 - solids)}

    def _feeds(self) -> dict[str, float]:
        """What is dosed of each part of the batch in the vessel [kg/s]."""
        content, dosing_s = self.world.lots[self.job["batch"]].content, self.value("dosing_time")
        return {role: content[self.config.materials[role]] / dosing_s for role in ROLES}

    def _make_up(self, stage: str, done: int | None = None) -> None:
        """Give the slurry the past that it would have, `done` ticks into a stage; None: at its end.

        Time itself makes the slurry: one that had too little of it is begun again, so much earlier.
        """
        if stage not in {"dose", "disperse"}:
            return
        dosed, now = self._ticks("dosing_time"), self.world.now
        if stage == "dose":
            begun, dosed_at = now - (dosed if done is None else done), now
        else:
            dosed_at = now - (self._ticks("dispersing_time") if done is None else done)
            begun = dosed_at - dosed
        self.slurry.start(begun, self._inputs_in("dose", self._feeds()))
        if stage == "disperse":
            self.slurry.advance(dosed_at, self._inputs_in("disperse", {}))
        self.slurry.advance(now, self._slurry_inputs())

    def _ticks(self, quantity: str) -> int:
        return round(self.value(quantity) * 1000)

    def _slurry_inputs(self) -> dict[str, float]:
        executing = self.state.mode == "Execute" and bool(self.job.get("batch"))
        stage = self.job.get("stage", "") if executing else "rest"
        return self._inputs_in(stage, self.job.get("feeds", {}) if stage == "dose" else {})

    def _inputs_in(self, stage: str, feeds: dict[str, float]) -> dict[str, float]:
        """What slurry and tool are given in a stage, "rest" where the tool stands still."""
        speed = 0.0
        if stage != "rest":
            speed = self.value("rotor_speed" if stage == "disperse" else "dosing_rotor_speed")
        factors = dict.fromkeys(LOT_FACTORS, 1.0)
        if self.job.get("batch"):
            batch = self.world.lots[self.job["batch"]].properties
            factors = {name: batch.get(name, 1.0) for name in LOT_FACTORS}
        inputs = {
            "rotor_speed": speed,
            "jacket_temperature": self.value("jacket_temperature"),
            **factors,
            **{f"{role}_feed": feeds.get(role, 0.0) for role in ROLES},
        }
        return self.world.disturbances.inputs(self.name, "mixing", inputs)

    def _read_slurry(self) -> None:
        self.slurry.advance(self.world.now, {})
        lot = self.world.lots[self.job["batch"]]
        lot.properties.update(self.slurry.read(SLURRY_PROPERTIES))
        lot.properties["mixed_at"] = self.world.now / 1000
