"""System structures (SSP 1.0 and 2.0): other tools' systems as groups, and groups for other tools.

`import_ssp` writes a group file and its FMUs, `open_ssp` does so for this process alone,
`export_ssp` packs a group.
"""

from linetwin.cosim.ssp.exporting import export_ssp
from linetwin.cosim.ssp.findings import Note
from linetwin.cosim.ssp.importing import Imported, import_ssp, is_ssp, open_ssp

__all__ = ["Imported", "Note", "export_ssp", "import_ssp", "is_ssp", "open_ssp"]
