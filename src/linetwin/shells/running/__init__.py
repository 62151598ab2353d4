"""What a run left behind, as shells: of the run, and on demand of a lot and of a cell.

A run's ids hold its scenario, seed and the moment at which it was started, so they stay when its
folder is moved.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from linetwin.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from basyx.aas import model

    from linetwin.results.reader import Run
    from linetwin.shells.environment import Environment
    from linetwin.shells.naming import Named, Names
    from linetwin.shells.running.footprint import OfCells
    from linetwin.shells.running.inside import Inside


def identity(run: Run) -> str:
    """Return the name of a run in ids."""
    about = run.manifest
    return f"{about['scenario']}-{about['seed']}-{about['started']}"


def unfinished(run: Run) -> str:
    """Return how a run stands that has not ended by itself, as it was read; "" where it has."""
    status = str(run.manifest["status"])
    return "" if status in {"complete", "given up"} else f"not finished: {status}"


def describe_run(run: Run, names: Names | None = None) -> Environment:
    """Return the shell of a run: its tables as time series, key figures' variables, emissions."""
    from linetwin.shells.running.carbon import breakdown_of_run, carbon_footprint_of_run
    from linetwin.shells.running.footprint import Footprints
    from linetwin.shells.running.series import series_of_run
    from linetwin.shells.running.variables import variables

    named = _names(names).run(identity(run))
    footprints = Footprints(run)
    submodels = [series_of_run(named, run), *variables(named, footprints.facts)]
    notes = []
    if footprints.known:
        published = str(run.manifest.get("finished") or run.manifest["started"])
        footprint = carbon_footprint_of_run(named, footprints, published)
        submodels += [footprint] if footprint else []
        submodels.append(breakdown_of_run(named, footprints))
    else:
        notes.append(_NO_PRICES)
    title = f"run {run.manifest['scenario']}, seed {run.manifest['seed']}"
    if stands := unfinished(run):
        title += f", {stands}"
        notes.append(f"{run.path} is {stands}; it is told as it was when it was read")
    return _environment(named, "run", title, submodels, notes)


def describe_lot(run: Run, lot: str, names: Names | None = None) -> Environment:
    """Return the shell of a lot: what was run on it, and what machines recorded meanwhile.

    ResultsError for a lot that the run does not know.
    """
    from linetwin.results.assumptions import plan
    from linetwin.shells.running.executed import LotHistory, executed_processes
    from linetwin.shells.running.series import series_of_lot

    named = _names(names).lot(identity(run), lot)
    history = LotHistory(run, plan(run), lot)
    submodels = [executed_processes(named, history), series_of_lot(named, history)]
    return _environment(named, lot, f"{history.row['kind']} {lot}", submodels, [])


def describe_cell(run: Run, cell: str, names: Names | None = None) -> Environment:
    """Return the battery passport of a cell. ResultsError for a cell that the run does not know."""
    return Passports(run, names, [cell]).of(cell)


class Passports:
    """Battery passports of cells of a run: of those named, else of all, reckoned at once."""

    def __init__(
        self, run: Run, names: Names | None = None, cells: Collection[str] | None = None
    ) -> None:
        from linetwin.results.assumptions import plan
        from linetwin.shells.running.footprint import Footprints

        self.footprints = Footprints(run)
        self._run, self._names, self._plan = run, _names(names), plan(run)
        only = None if cells is None else {"cell": cells}
        self._rows = run.table("cells", only=only).set_index("cell")
        self._asked = cells

    @cached_property
    def inside(self) -> Inside:
        """What is in the cells."""
        from linetwin.shells.running.inside import materials_in

        return materials_in(self._run, self._asked)

    @cached_property
    def lots(self) -> dict[str, pd.DataFrame]:
        """Lots of raw materials in each cell: columns material, lot, share."""
        from linetwin.shells.running.sources import lots_in

        found = lots_in(self._run, self._asked)
        return {str(cell): rows for cell, rows in found.groupby("cell", sort=False)}

    @cached_property
    def own(self) -> OfCells:
        """Emissions that the cells carry, without those of scrap."""
        return self.footprints.of(self.inside)

    def of(self, cell: str) -> Environment:
        """Return the passport of a cell; ResultsError for one that is not known."""
        from linetwin.shells.running import carbon, passport
        from linetwin.shells.running.composition import composition

        if cell not in self._rows.index:
            raise ResultsError(f"{self._run.path} knows no cell '{cell}'")
        named = self._names.cell(identity(self._run), cell)
        told = passport.Cell(cell, self._rows.loc[cell].to_dict(), self._plan)
        parts = composition(self.inside, cell, self._plan)
        submodels = [
            passport.nameplate(named, told),
            passport.technical_data(named, told, parts),
            passport.material_composition(named, parts),
        ]
        notes = [passport.OPEN]
        if self.footprints.known:
            charge = carbon.charge_of(self.footprints, told.status)
            own = self.own.of_one(cell)
            submodels.append(carbon.carbon_footprint(named, own * charge, told.status))
            split, missing = self._split(cell), self.footprints.missing
            submodels.append(carbon.breakdown(named, own, split, charge, missing))
        else:
            notes.append(_NO_PRICES)
        if cell in self.inside.estimated:
            notes.append(f"{cell} came with the stock: what is in it is estimated by the recipe")
        return _environment(named, cell, f"cell {cell}, {told.status}", submodels, notes)

    def _split(self, cell: str) -> dict[str, dict[str, float]]:
        """Return what a cell's own footprint is made of, by material, lot, station and carrier."""
        from linetwin.shells.running import carbon

        return {
            "materials": self.own.materials.loc[cell].to_dict(),
            "lots": carbon.by_lot(self.own, cell, self.lots.get(cell)),
            "energy": self.own.energy.loc[cell].to_dict(),
            "carriers": carbon.by_carrier(self.own, cell, self.footprints.electric),
        }


_NO_PRICES = "the scenario names no table of prices: no emission factors, and no footprint"


def _names(names: Names | None) -> Names:
    from linetwin.shells.naming import Names

    return names or Names()


def _environment(
    named: Named, short: str, title: str, submodels: list[model.Submodel], notes: list[str]
) -> Environment:
    from linetwin.shells import building, terms
    from linetwin.shells.environment import Environment
    from linetwin.shells.naming import id_short

    found = Environment(notes=notes)
    found.objects.add(building.shell(named, id_short(short), submodels, title=title))
    for each in submodels:
        found.objects.add(each)
    terms.add_concepts(found)
    return found
