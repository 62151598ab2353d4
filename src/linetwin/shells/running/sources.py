"""Which lots of raw materials are in a cell, and with which part of each material.

Along a path of the genealogy shares sum to one; where a material is reached on several paths (both
coated sides), each path counts alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.results.ancestry import Links

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from linetwin.results.reader import Run


def lots_in(run: Run, cells: Collection[str] | None = None) -> pd.DataFrame:
    """Return columns cell, material, lot, share of cells, of all unless some are named.

    For each cell and material the shares sum to one.
    """
    only = None
    if cells is not None:
        only = {"child": {*run.only_in(("links", "child"), ("cells", "cell")), *cells}}
    links = Links(run.objects("links", only=only))
    names = run.table("cells", ["cell"])["cell"].tolist() if cells is None else list(cells)
    lots = run.table("lots", ["lot", "kind", "station"], {"kind": ["material"]})
    materials = lots.drop_duplicates("lot").set_index("lot")["station"]
    found = links.ancestors(names)
    found = found[found["lot"].isin(materials.index)]
    found = found.assign(material=found["lot"].map(materials), cell=found["item"])
    summed = found.groupby(["cell", "material", "lot"], sort=False, as_index=False)["share"].sum()
    whole = summed.groupby(["cell", "material"])["share"].transform("sum")
    return summed.assign(share=summed["share"] / whole)
