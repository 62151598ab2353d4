"""PredictiveMaintenance (IDTA 02048 1.0) of a machine: when its next preventive maintenance is due.

What a line file says is a plan, no prediction from data: it is due after an interval of operating
time, begun at zero, and the bounds of the confidence interval are the interval itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from linetwin.shells import building
from linetwin.shells.building import collection, prop
from linetwin.shells.naming import id_short
from linetwin.shells.terms import SUBMODELS

if TYPE_CHECKING:
    from basyx.aas import model

    from linetwin.scenario.resolved import MaintenanceConfig
    from linetwin.shells.naming import Named

NAME: Final = "PredictiveMaintenance"
_BASE: Final = "https://admin-shell.io/idta/PredictiveMaintenance/"
_UNIT: Final = "s"


def _id(name: str) -> str:
    return f"{_BASE}{name}/1/0"


def predictive_maintenance(named: Named, planned: MaintenanceConfig) -> model.Submodel:
    """Return the submodel of one kind of maintenance of a machine; times in s."""
    interval = planned.interval.number
    lifetime = building.entity(
        "RemainingUsefulLifetime",
        _id("RemainingUsefulLifetime"),
        [
            prop("IndicationType", "operating time", _id("IndicationType")),
            prop("DurationValue", interval, _id("DurationValue"), planned.interval.unit),
            prop("EngineeringUnit", _UNIT, _id("EngineeringUnit")),
            prop("StartValue", 0.0, _id("StartValue")),
            prop("Description", planned.interval.source, _id("Description")),
        ],
    )
    prediction = [
        lifetime,
        building.span("ConfidenceInterval", interval, interval, _id("ConfidenceInterval"), _UNIT),
        _conditions(planned),
        collection(
            "PredictionModelInformation",
            _id("PredictionModelInformation"),
            [prop("ModelType", "plan: an interval of operating time", _id("ModelType"))],
        ),
        collection(
            "AlertAfterExceedingRemainingUsableLife",
            _id("AlertAfterExceedingRemainingUsableLife"),
            [prop("MaintenanceRequired", value=True, meaning=_id("MaintenanceRequired"))],
        ),
    ]
    name = f"{NAME}_{id_short(planned.cause)}"
    holder = collection(
        "RemainingUsefulLifePrediction", _id("RemainingUsefulLifePrediction"), prediction
    )
    return building.submodel(named.submodel(name), name, SUBMODELS[NAME], [holder])


def _conditions(planned: MaintenanceConfig) -> model.SubmodelElement:
    """Return what bounds the lifetime: how long the maintenance itself takes."""
    condition = collection(
        None,
        _id("RULCondition"),
        [
            prop("ConditionName", f"duration of {planned.cause}", _id("ConditionName")),
            prop(
                "IsBoundaryConditionUsedInModel",
                value=True,
                meaning=_id("IsBoundaryConditionUsedInModel"),
            ),
            prop(
                "BoundaryValueRange", planned.duration.number, _id("BoundaryValueRange"),
                planned.duration.unit,
            ),
            prop("BoundaryEngineeringUnit", _UNIT, _id("BoundaryEngineeringUnit")),
        ],
    )  # fmt: skip
    return building.listed(
        "ListRULBoundaryConditions",
        _id("ListRULBoundaryConditions"),
        [condition],
        of_meaning=_id("RULCondition"),
    )
