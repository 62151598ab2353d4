"""Values of a twin's signals, read from the board that it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from linetwin.cli.aas_serve import Asked, TwinValues, collected
from linetwin.errors import ScenarioError
from linetwin.results.audit import AuditLog
from linetwin.shells.serving.roles import read_roles
from linetwin.shells.serving.view import View
from linetwin.twin.board.board import LOG, MEASURED, PREDICTED

if TYPE_CHECKING:
    from pathlib import Path


def write(log: AuditLog, what: str, rows: list[dict[str, Any]]) -> None:
    """Write what a twin's board writes."""
    log.append(who="twin", what=what, after={"tick": 0, "rows": rows})


def shown(values: TwinValues) -> object:
    """Return what the coater's speed is shown to be."""
    found = values.value("cathode.coater.web_speed")
    return None if found is None else found.value


def test_a_signal_has_what_was_read_last(tmp_path: Path) -> None:
    """While the twin writes, each read gives the newest reading of its address."""
    log = AuditLog(tmp_path / LOG)
    made = {"id": "p1", "station": "cathode.coater", "quantity": "web_speed"}
    write(log, PREDICTED, [made])
    values = TwinValues(tmp_path)
    assert values.value("cathode.coater.web_speed") is None
    for speed in (0.5, 0.25):
        write(log, MEASURED, [{"prediction": "p1", "value": speed}])
        assert shown(values) == speed
    assert values.value("cathode.coater.nothing") is None
    write(log, MEASURED, [{"prediction": "p1", "value": None}])
    assert shown(values) == 0.25


def test_values_reach_the_shells(tmp_path: Path) -> None:
    """The signal of a machine's shell has the twin's value, others have none."""
    log = AuditLog(tmp_path / LOG)
    write(log, PREDICTED, [{"id": "p1", "station": "cathode.coater", "quantity": "web_speed"}])
    write(log, MEASURED, [{"prediction": "p1", "value": 0.5}])
    catalogue, values = collected(Asked(("baseline",), None, tmp_path))
    view = View(catalogue, read_roles()["operator"], values)
    submodel = "https://linetwin.example/lines/pilot/machines/cathode.coater/submodels/Signals"
    rows = {
        each["idShort"]: each.get("value") for each in view.submodel(submodel)["submodelElements"]
    }
    assert rows["cathode__coater__web_speed"] == "0.5"
    assert sum(value is not None for value in rows.values()) == 1
    element = view.element(submodel, "cathode__coater__web_speed")
    assert element["value"] == "0.5"


def test_a_folder_without_a_twin_is_refused(tmp_path: Path) -> None:
    """No board, no values: said before anything is served."""
    with pytest.raises(ScenarioError, match="no twin has predicted here"):
        TwinValues(tmp_path)
