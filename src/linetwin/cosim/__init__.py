"""Running anybody's FMU as a model of the line: FMI 2.0 and 3.0.

`find_fmu` finds the file, `check` says whether it fulfils a contract, `FmuTransform` and
`FmuContinuous` are the two model interfaces.
"""

from linetwin.cosim.continuous import FmuContinuous
from linetwin.cosim.description import Description, read_description
from linetwin.cosim.library import find_fmu
from linetwin.cosim.mapping import Link, ProcessMap, process_map
from linetwin.cosim.process import (
    ContinuousModel,
    TransformModel,
    check_process,
    model_descriptions,
    open_continuous,
    open_transform,
    step_timeout,
)
from linetwin.cosim.recorded import RecordedContinuous, RecordedSeeking
from linetwin.cosim.together import Together
from linetwin.cosim.transform import FmuTransform
from linetwin.cosim.wiring import check

__all__ = [
    "ContinuousModel",
    "Description",
    "FmuContinuous",
    "FmuTransform",
    "Link",
    "ProcessMap",
    "RecordedContinuous",
    "RecordedSeeking",
    "Together",
    "TransformModel",
    "check",
    "check_process",
    "find_fmu",
    "model_descriptions",
    "open_continuous",
    "open_transform",
    "process_map",
    "read_description",
    "step_timeout",
]
