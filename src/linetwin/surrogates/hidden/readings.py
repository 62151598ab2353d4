"""What a quality team reads of a run, lot by lot: gauges, laboratory, inspections, end of line.

Gauges that the line has are read as it recorded them. What the laboratory reads of each lot is the
truth with the scatter of its instrument, drawn by the run's seed and the lot's name: the line knows
nothing of it. No true value, and nothing of what was hidden, goes further.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from linetwin.line.kinds.web import OF_STOPS
from linetwin.results.genealogy import Genealogy
from linetwin.results.schemas import MEASURED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.results.reader import Run

ELECTRODES: Final = ("cathode", "anode")


@dataclass(frozen=True)
class Instrument:
    """What reads a quantity of each lot: standard deviation of a reading, and where that is from.

    `scatter` in the quantity's unit, and `share` of what is read.
    """

    quantity: str
    scatter: float = 0.0
    share: float = 0.0
    source: str = ""


_SLURRY: Final = (
    Instrument("viscosity", share=0.02, source="[A] rotational rheometer, a sample of each batch"),
    Instrument("slurry_density", share=0.001, source="[A] pycnometer or Coriolis meter"),
    Instrument("slurry_temperature", 0.3, source="[A] thermocouple in the vessel"),
    Instrument("agglomerate_size", 2e-6, source="[A] grindometer, m"),
    Instrument("specific_energy", share=0.01, source="[A] energy meter of the drive"),
)
_SCALE: Final = Instrument("loading", 5e-4, source="[A] punched discs on a scale, kg/m2")
_WEB: Final = (
    Instrument("adhesion_index", share=0.05, source="[A] peel test of each roll"),
    Instrument("solvent_loading", 1e-5, 0.03, "[A] weighing and heating a sample, kg/m2"),
    Instrument("peak_evaporation_rate", share=0.02, source="[A] vapour in the exhaust, calibrated"),
)
_MICROMETER: Final = Instrument("coating_thickness", 0.3e-6, source="[A] ten places a roll, m")
_TITRATION: Final = Instrument("moisture", 5e-6, 0.05, "[A] Karl Fischer titration of a strip")
_MICROSCOPE: Final = Instrument("burr_height", 0.5e-6, source="[A] microscope, m")
BALANCE: Final = Instrument("dosed_electrolyte", 2e-5, source="[A] cells on a balance, kg")
X_RAY: Final = Instrument("overhang_margin", 2e-5, source="[A] X-ray of each stack, m")
_OF_FINDINGS: Final = {
    "cold weld": "cell.tab_welder",
    "hard short": "cell.stacker",
    "overhang": "cell.stacker",
    "too little electrolyte": "cell.filler",
    "leaky seal": "cell.pouch_former",
    "self-discharge": "cell.stacker",
    "resistance": "cell.tab_welder",
    "lithium plating": "cell.formation",
}
"""Which station a finding speaks of, by how its reason begins [A]: known of the process."""


_OF_CALENDER: Final = ("porosity below its window", "porosity above its window", "delamination")
"""Reasons to cut metres out that are found behind the calender; all others are of the coater."""
_BLOCKS: Final = 10.0
"""Pieces of a roll that are cut out for reasons of their own [A]: metres of a block go together."""


@dataclass(frozen=True)
class Stream:
    """Readings of one quantity of one station's lots, in the order in which they were made.

    `values`: shape (lots,), canonical unit; `entry`: of the vocabulary, "" for shares of cells;
    `late`: whether they are known after formation only, by what the cells come from; `items`: of
    shares of cells with a finding, how many cells a lot has; 0 for what is no share.
    """

    station: str
    quantity: str
    lots: tuple[str, ...]
    values: np.ndarray
    entry: str = ""
    late: bool = False
    items: float = 0.0

    @property
    def is_share(self) -> bool:
        """Whether values are shares of cells."""
        return self.items > 0

    @property
    def key(self) -> str:
        """Name of the stream."""
        return f"{self.station}/{self.quantity}"


def streams(run: Run) -> list[Stream]:
    """Return all streams of a run; those of fewer than three lots are left out."""
    reader = _Reader(run)
    found = [*reader.slurries(), *reader.webs(), *reader.rolls(), *reader.trays(), *reader.late()]
    return [each for each in found if len(each.lots) > 2]  # noqa: PLR2004


class _Reader:
    """Reads one run; tables are read once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.seed = int(run.manifest.get("seed") or 0)
        self.lots = run.table("lots").sort_values(["created", "lot"])
        self.cells = run.table("cells")

    def read(self, instrument: Instrument, lot: str, truth: float) -> float:
        """Return what an instrument reads of a lot."""
        name = f"{instrument.quantity} {lot}"
        stream = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
        draws = stream.normal(size=2)
        return float(
            truth + instrument.scatter * draws[0] + instrument.share * abs(truth) * draws[1]
        )

    def _of_lots(self, station: str, table: pd.DataFrame, instrument: Instrument) -> Stream:
        """Return a stream of lots whose true values stand in a table by lot."""
        there = table[instrument.quantity].dropna()
        values = [self.read(instrument, str(lot), float(value)) for lot, value in there.items()]
        lots = tuple(map(str, there.index))
        return Stream(station, instrument.quantity, lots, np.array(values), instrument.quantity)

    def slurries(self) -> Iterator[Stream]:
        """Yield what is read of batches of slurry."""
        batches = self.lots[self.lots["kind"].eq("slurry_batch")]
        for station, own in batches.groupby("station", sort=True):
            for instrument in _SLURRY:
                if instrument.quantity in own:
                    yield self._of_lots(str(station), own.set_index("lot"), instrument)

    def webs(self) -> Iterator[Stream]:
        """Yield what is read of mother rolls at the coater and behind the calender."""
        segments = self.run.table("segments")
        good = segments[segments["status"].eq("good")]
        # of a roll that is cut out as a whole a sample is taken all the same
        rest = segments[~segments["roll"].isin(good["roll"])]
        good = pd.concat([good, rest])
        cut = segments["status"].ne("good") & ~segments["reason"].isin(("", *OF_STOPS))
        calendered = cut & segments["reason"].isin(_OF_CALENDER)
        lost = {
            kind: own.groupby(segments["roll"]).mean()
            for kind, own in (("coater", cut & ~calendered), ("calender", calendered))
        }
        made = self.lots[self.lots["kind"].eq("mother_roll")]
        for electrode in ELECTRODES:
            order = [lot for lot in made["lot"] if str(lot).startswith(f"{electrode}.")]
            own = good[good["roll"].isin(order)].groupby("roll").mean(numeric_only=True)
            web = own.reindex([lot for lot in order if lot in own.index])
            names = (_SCALE, *_WEB, _MICROMETER)
            wanted = [each.quantity for each in names]
            sides = {name: (web[f"{name}_a"] + web[f"{name}_b"]) / 2 for name in wanted}
            truth = pd.DataFrame(sides)
            coater = f"{electrode}.coater"
            yield from (self._of_lots(coater, truth, each) for each in _WEB)
            lots = tuple(map(str, truth.index))
            for kind, cut_out in lost.items():
                share = cut_out.reindex(truth.index).to_numpy(float)
                path = f"{electrode}.{kind}"
                yield Stream(path, "metres cut out", lots, share, items=_BLOCKS)
            scale = self._of_lots(coater, truth, _SCALE)
            thickness = self._of_lots(coater, truth, _MICROMETER)
            gauge = (web[f"{MEASURED}loading_a"] + web[f"{MEASURED}loading_b"]) / 2
            yield scale
            weighed = pd.Series(scale.values, list(scale.lots))
            off = gauge.reindex(weighed.index).to_numpy(float) / weighed.to_numpy() - 1
            yield Stream(coater, "gauge against scale", scale.lots, off)
            # a roll that has not been calendered yet has no thickness
            density = (weighed / pd.Series(thickness.values, list(thickness.lots))).dropna()
            density = density.reindex([lot for lot in scale.lots if lot in density.index])
            calender, lots = f"{electrode}.calender", tuple(map(str, density.index))
            yield Stream(calender, "density of the coating", lots, density.to_numpy())

    def rolls(self) -> Iterator[Stream]:
        """Yield what is read of daughter rolls: water behind the vacuum dryer, burrs."""
        daughters = self.lots[self.lots["kind"].eq("daughter_roll")]
        for electrode in ELECTRODES:
            own = daughters[daughters["lot"].astype(str).str.startswith(f"{electrode}.")]
            table = own.set_index("lot")
            yield self._of_lots(f"{electrode}.vacuum_dryer", table, _TITRATION)
            notched = table[table["station"].eq(f"{electrode}.notcher")]
            yield self._of_lots(f"{electrode}.notcher", notched, _MICROSCOPE)

    def trays(self) -> Iterator[Stream]:
        """Yield means over the cells of trays, and shares of them with a finding."""
        sizes = self.cells["tray"].map(self.cells["tray"].value_counts())
        # the mean of a tray that is all but empty is no mean
        full = self.cells["tray"].ne("") & (sizes >= sizes.median() / 2)
        by_tray = self.cells[full].groupby("tray", sort=True)
        for station, instrument in (("cell.filler", BALANCE), ("cell.stacker", X_RAY)):
            truth = by_tray[[instrument.quantity]].mean()
            yield self._of_lots(station, truth, instrument)
        reasons = self.cells["reason"].fillna("")
        trays = tuple(map(str, by_tray.groups))
        items = float(by_tray.size().mean()) if trays else 1.0
        for start, station in _OF_FINDINGS.items():
            hit = reasons.str.startswith(start) & self.cells["status"].isin(("scrap", "B"))
            share = hit.groupby(self.cells["tray"]).mean().reindex(trays).to_numpy(float)
            yield Stream(station, f"cells with {start}", trays, share, items=items)

    def late(self) -> Iterator[Stream]:
        """Yield the measured capacity of the cells of lots of powder, over what their web weighed.

        A coating's capacity for its weight is that of its powder: no machine changes it.
        """
        reading = f"{MEASURED}capacity"
        if reading not in self.cells:
            return
        cells = self.cells[self.cells[reading].notna()].set_index("cell")
        scale = {
            lot: value
            for stream in self.webs()
            if stream.key == "cathode.coater/loading"
            for lot, value in zip(stream.lots, stream.values, strict=True)
        }
        names = list(map(str, cells.index))
        powder, web = (self._most(names, role) for role in ("active_material", "web"))
        means = (cells[reading] / web.map(scale)).groupby(powder).mean().dropna()
        lots = tuple(map(str, means.index))
        path = "cathode.active_material"
        yield Stream(path, "capacity over loading", lots, means.to_numpy(), late=True)

    def _most(self, cells: list[str], role: str) -> pd.Series:
        """Return by cell the cathode's lot of a role that has most of it."""
        sources = Genealogy(self.run).sources(cells, role)
        cathode = sources[sources["electrode"].eq("cathode")].sort_values("share", kind="stable")
        return cathode.groupby("item")["lot"].last().reindex(cells)
