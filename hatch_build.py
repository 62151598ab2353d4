"""The build hook: compiles model library, row loop and the evaluator of predictors.

They go into the source tree, or into the wheel.
Hatchling calls it for wheels and for editable installs. An editable install does not run it again
when a model or the C changes; `linetwin fmu build` does, comparing hashes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = Path("src", "linetwin")
OUT = PACKAGE / "_fmus"
TAGS = {
    "x86_64-linux": "manylinux_2_17_x86_64",
    "aarch64-linux": "manylinux_2_17_aarch64",
    "x86_64-windows": "win_amd64",
    "x86_64-darwin": "macosx_11_0_x86_64",
    "aarch64-darwin": "macosx_11_0_arm64",
}
"""Tag of a wheel that holds the libraries of one target alone."""


class FmuBuildHook(BuildHookInterface[Any]):
    """Builds FMUs, row loop and evaluator for this machine, or for `LINETWIN_FMU_TARGETS`.

    That is a list of targets such as `x86_64-linux,x86_64-windows`, or `all`: then every FMU holds
    the libraries of all platforms, row loop and evaluator are there for each, and one wheel
    serves them all; a wheel of one target bears that platform's tag.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is stale and give the wheel its platform tag.

        Args:
            version: "standard" for a wheel, "editable" for an editable install.
            build_data: hatchling's, changed in place.
        """
        if self.target_name != "wheel":
            return  # an archive of sources carries no binaries
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        try:
            from linetwin.authoring.build import build_library
            from linetwin.authoring.evaluator.building import build_evaluator
            from linetwin.authoring.kernel import build_kernel
            from linetwin.authoring.toolchain import resolve_targets

            targets = resolve_targets(os.environ.get("LINETWIN_FMU_TARGETS", "host").split(","))
            build_library(
                root / "fmus", root / OUT, targets=targets, progress=self.app.display_info
            )
            build_kernel(root / PACKAGE, targets)
            build_evaluator(root / PACKAGE, targets)
        finally:
            sys.path.remove(str(root / "src"))
        if version == "editable":
            return  # the FMUs are found in the source tree
        # they enter the wheel as `artifacts` of pyproject.toml, which are collected after the hook
        if len(targets) == 1:
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{TAGS[targets[0]]}"
