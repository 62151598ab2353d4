"""A run folder as a source of shells: each lot and each cell, described when it is asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from basyx.aas import model

from linetwin.results.kpis import GRADES
from linetwin.shells import building, terms
from linetwin.shells.environment import Environment
from linetwin.shells.naming import Names, id_short
from linetwin.shells.running import Passports, describe_lot, identity, passport
from linetwin.shells.running.footprint import Footprints
from linetwin.shells.serving.catalogue import REJECT, Heading, Told
from linetwin.shells.writing import as_tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.reader import Run
    from linetwin.shells.naming import Named

_LOT: Final = {name: terms.SUBMODELS[name] for name in ("ExecutedProcesses", "TimeSeries")}
_CELL: Final = {
    "BatteryNameplate": passport.NAMEPLATE,
    "TechnicalData": passport.TECHNICAL,
    "MaterialComposition": passport.MATERIALS,
}
_CELL_PRICED: Final = _CELL | {
    "CarbonFootprint": terms.SUBMODELS["CarbonFootprint"],
    "FootprintBreakdown": terms.meaning("footprint"),
}
_TOGETHER: Final = 20_000
"""Cells whose passports are reckoned at once; of more, each alone, which takes longer [A]."""
Kind = Literal["lot", "cell", "reject"]


class RunSource:
    """Lots and cells of a run, in the order of its tables; keys are `lot:NAME` and `cell:NAME`."""

    def __init__(self, run: Run, names: Names | None = None) -> None:
        self._run, self._names = run, names or Names()
        self._identity = identity(run)
        lots = run.table("lots", ["lot", "kind"]).drop_duplicates("lot")
        cells = run.table("cells", ["cell", "status"])
        self._titles = {
            f"lot:{lot}": f"{kind} {lot}"
            for lot, kind in zip(lots["lot"], lots["kind"], strict=True)
        } | {
            f"cell:{cell}": f"cell {cell}, {status}"
            for cell, status in zip(cells["cell"], cells["status"], strict=True)
        }
        self._keys = list(self._titles)
        good = cells["status"].isin(GRADES)
        self._products = {f"cell:{cell}" for cell in cells["cell"][good]}
        self._shells = {self._named(key).shell: key for key in self._keys}
        self._cells = len(cells)

    def keys(self) -> Sequence[str]:
        """Return the keys: of lots, then of cells."""
        return self._keys

    def find(self, identifier: str) -> str | None:
        """Return the part with a shell, an asset or a submodel of this id."""
        shell = identifier.removesuffix("/asset")
        return self._shells.get(shell) or self._shells.get(shell.rpartition("/submodels/")[0])

    def kind(self, key: str) -> Kind:
        """Return what a part is of."""
        if key.startswith("lot:"):
            return "lot"
        return "cell" if key in self._products else REJECT

    def id_short(self, key: str) -> str:
        """Return the idShort of a part's shell."""
        return id_short(key.partition(":")[2])

    def told(self, key: str) -> Told:
        """Return a part's shell, and which submodels it has, without describing them."""
        named, means = self._named(key), self._means(key)
        refs = [model.Submodel(named.submodel(name)) for name in means]
        alone = Environment()
        alone.objects.add(building.shell(named, self.id_short(key), refs, title=self._titles[key]))
        tree = as_tree(alone)["assetAdministrationShells"][0]
        headings = {named.submodel(name): Heading(name, iri) for name, iri in means.items()}
        return Told({named.shell: tree}, headings)

    def describe(self, key: str) -> Environment:
        """Return the shell of a lot, or the passport of a cell."""
        name = key.partition(":")[2]
        if self.kind(key) == "lot":
            return describe_lot(self._run, name, self._names)
        if self._cells > _TOGETHER:
            return Passports(self._run, self._names, [name]).of(name)
        return self._passports.of(name)

    def _named(self, key: str) -> Named:
        kind, _, name = key.partition(":")
        of = self._names.lot if kind == "lot" else self._names.cell
        return of(self._identity, name)

    def _means(self, key: str) -> Mapping[str, str]:
        if self.kind(key) == "lot":
            return _LOT
        return _CELL_PRICED if self._is_priced else _CELL

    @cached_property
    def _is_priced(self) -> bool:
        return Footprints(self._run).known

    @cached_property
    def _passports(self) -> Passports:
        return Passports(self._run, self._names)
