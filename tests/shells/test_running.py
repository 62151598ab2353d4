"""Shells of a run, its lots and its cells: what they say, reckoned anew from the tables."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from basyx.aas import model
from cardinality import TEMPLATES, faults, templates
from validators import complaints_of_aas_core, complaints_of_engines

from linetwin.errors import ResultsError
from linetwin.results import read
from linetwin.results.genealogy import Genealogy
from linetwin.results.kpis import Facts
from linetwin.results.kpis_iso import iso
from linetwin.shells import building
from linetwin.shells.naming import name_of
from linetwin.shells.running import Passports, describe_cell, describe_lot, describe_run, footprint
from linetwin.shells.running.series import RECORDS, thinned
from linetwin.shells.running.sources import lots_in
from linetwin.shells.writing import document, write

if TYPE_CHECKING:
    from pathlib import Path

    from small_runs import SmallRun

    from linetwin.results.reader import Run
    from linetwin.shells.environment import Environment

GOOD = ("A", "B")


@pytest.fixture(scope="module")
def run(small_run: SmallRun) -> Run:
    """The run whose shells are asked for."""
    return small_run.run


@pytest.fixture(scope="module")
def passports(run: Run) -> dict[str, Environment]:
    """The passports of all cells of the run."""
    found = Passports(run)
    return {cell: found.of(cell) for cell in run.table("cells", ["cell"])["cell"]}


def submodel(environment: Environment, name: str) -> model.Submodel:
    """Return a submodel by its idShort."""
    return next(each for each in environment.submodels() if each.id_short == name)


def at(element: Any, *way: str | int) -> Any:  # noqa: ANN401 - an element of any kind
    """Return an element by idShorts, and numbers within lists."""
    for step in way:
        if isinstance(step, int):
            element = list(element.value)[step]
        else:
            element = element.get_referable(step)
    return element


def seconds(text: str) -> float:
    """Return the length of a duration such as P1DT2H3M4.5S."""
    days, _, clock = text.removeprefix("P").partition("T")
    total = float(days.removesuffix("D") or 0) * 86400
    for unit, size in (("H", 3600), ("M", 60), ("S", 1)):
        if unit in clock:
            number, _, clock = clock.partition(unit)
            total += float(number) * size
    return total


def environments(run: Run, passports: dict[str, Environment]) -> list[Environment]:
    """Return one of each kind that a run can be asked for."""
    cells = run.table("cells").set_index("cell")["status"]
    lots = ("cathode.roll-0001", "anode.roll-0001.1n", "anode.slurry-0001", "tray-0001")
    return [
        describe_run(run),
        passports[cells.index[cells.isin(GOOD)][0]],
        passports[cells.index[cells == "scrap"][0]],
        *(describe_lot(run, lot) for lot in lots),
    ]


def test_all_are_valid_in_both_metamodels_and_mean_something(
    run: Run, passports: dict[str, Environment], tmp_path: Path
) -> None:
    """aas-core (3.0, 3.1) and the test engines find nothing; every element has a semanticId."""
    for environment in environments(run, passports):
        assert complaints_of_aas_core(environment, "3.0") == []
        assert complaints_of_aas_core(environment, "3.1") == []
        file = tmp_path / "shells.aasx"
        write(environment, file)
        assert complaints_of_engines(file) == []
        for each in environment.submodels():
            assert building.meaning_of(each)
            assert all(building.meaning_of(element) for element in _walk(each))


def _walk(parent: Any) -> list[Any]:  # noqa: ANN401 - whatever holds elements
    holds = (model.Submodel, model.SubmodelElementCollection, model.SubmodelElementList)
    if not isinstance(parent, holds):
        return []
    children = parent.submodel_element if isinstance(parent, model.Submodel) else parent.value
    return [each for child in children for each in (child, *_walk(child))]


@pytest.mark.skipif(not TEMPLATES.is_dir(), reason="published templates are not in ../shared")
def test_all_are_what_their_published_templates_ask_for(
    run: Run, passports: dict[str, Environment]
) -> None:
    """Cardinalities, classes and types; the footprint of a run by 02023, of a cell by 02035-3."""
    known = {building.meaning_of(each) for each in templates().values()}
    checked = set()
    for environment in environments(run, passports):
        for each in environment.submodels():
            means = building.meaning_of(each)
            if means not in known:
                assert each.id_short == "FootprintBreakdown"
                continue
            of_cell = each.id_short == "CarbonFootprint" and "/cells/" in each.id
            assert faults(each, "02035-3" if of_cell else None) == []
            checked.add(means)
    assert len(checked) == 7


def _total(run: Run) -> float:
    """Return what the run emitted but for what is in process, from the ledger alone."""
    ledger, prices = run.table("ledger"), Facts(run).plan.content["prices"]
    total = 0.0
    for row in ledger.itertuples():
        if row.account == "energy":
            carrier = "gas" if row.item == "heat" else "electricity"
            total += row.amount / 3.6e6 * prices["energy"][carrier]["emission"]["value"]
        elif row.account == "material" and row.entry in {"in", "recovered"}:
            sign = 1 if row.entry == "in" else -1
            total += sign * row.amount * prices["materials"][row.item]["emission"]["value"]
    return total


def test_footprints_of_all_passports_and_work_in_process_are_the_total(
    run: Run, passports: dict[str, Environment]
) -> None:
    """What stands in the passports of all cells, good or not, phase by phase, to 1e-9."""
    charged = 0.0
    for cell in run.table("cells")["cell"]:
        found = at(submodel(passports[cell], "CarbonFootprint"), "ProductCarbonFootprints")
        charged += sum(float(at(each, "PcfCO2eq").value) for each in found.value)
    rest = submodel(describe_run(run), "FootprintBreakdown")
    in_process = at(rest, "Outcomes", "in_process", "whole").value
    assert charged + in_process == pytest.approx(_total(run), rel=1e-9)
    assert at(rest, "Emitted", "whole").value == pytest.approx(_total(run), rel=1e-12)


def test_own_footprints_of_cells_good_or_not_and_all_else_are_the_total(
    run: Run, passports: dict[str, Environment]
) -> None:
    """The other view: each cell its own, and what was scrapped or lost otherwise its own."""
    cells = run.table("cells").set_index("cell")["status"]
    own = 0.0
    for cell in cells.index[cells.isin(GOOD)]:
        view = at(submodel(passports[cell], "FootprintBreakdown"), "Own")
        parts = [each.value for name in ("materials", "energy") for each in at(view, name).value]
        assert sum(parts) == pytest.approx(at(view, "whole").value, rel=1e-12)
        carriers = [each.value for each in at(view, "carriers").value]
        assert sum(carriers) == pytest.approx(at(view, "of_energy").value, rel=1e-12)
        lots = [each.value for each in at(view, "lots").value]
        assert sum(lots) == pytest.approx(at(view, "of_materials").value, rel=1e-9)
        own += at(view, "whole").value
    outcomes = at(submodel(describe_run(run), "FootprintBreakdown"), "Outcomes").value
    others = sum(at(each, "whole").value for each in outcomes if each.id_short != "cells")
    assert own + others == pytest.approx(_total(run), rel=1e-9)


def test_the_run_says_what_a_kilowatt_hour_of_good_cells_emitted(run: Run) -> None:
    """All but what is in process, over the energy that the good cells gave in their test."""
    environment = describe_run(run)
    phases = at(submodel(environment, "CarbonFootprint"), "ProductCarbonFootprints").value
    each = sum(float(at(phase, "PcfCO2eq").value) for phase in phases)
    cells = run.table("cells")
    energy = cells.loc[cells["status"].isin(GOOD), "discharge_energy"].sum() / 3.6e6
    rest = at(submodel(environment, "FootprintBreakdown"), "Outcomes", "in_process", "whole").value
    assert each * energy + rest == pytest.approx(_total(run), rel=1e-9)
    assert at(phases[0], "ReferenceImpactUnitForCalculation").value == "kWh"


def test_lots_in_cells_are_those_of_the_genealogy(run: Run) -> None:
    """Shares of the lots of each material sum to one; of the powder as the links pass it on."""
    found = lots_in(run)
    sums = found.groupby(["cell", "material"])["share"].sum()
    assert sums.to_numpy() == pytest.approx(1.0, rel=1e-9)
    powder = found[found["material"] == "cathode.active_material"]
    assert powder.groupby("cell").size().max() > 1  # lots of 7 kg
    expected = Genealogy(run).sources(role="active_material")
    expected = expected[expected["electrode"] == "cathode"].set_index(["item", "lot"])["share"]
    told = powder.set_index(["cell", "lot"])["share"]
    assert told.sort_index().to_numpy() == pytest.approx(expected.sort_index().to_numpy())


def test_masses_in_a_passport_are_the_mass_of_the_battery(
    run: Run, passports: dict[str, Environment]
) -> None:
    """Each material once, with its CAS number where it is one substance."""
    cell = run.table("cells").set_index("cell")["status"].eq("A").idxmax()
    passport = passports[cell]
    materials = at(submodel(passport, "MaterialComposition"), "BatteryMaterials").value
    mass = at(submodel(passport, "TechnicalData"), "GeneralInformation", "BatteryMass").value
    masses = {at(m, "BatteryMaterialName").value: at(m, "BatteryMaterialMass") for m in materials}
    assert sum(at(m, "BatteryMaterialMass").value for m in materials) == pytest.approx(
        mass, rel=1e-9
    )
    identifiers = {at(m, "BatteryMaterialIdentifier").value for m in materials}
    assert {"7429-90-5", "7440-50-8", "7782-42-5", "cathode.active_material"} <= identifiers
    evidence = building.evidence_of(masses["copper"])
    assert evidence is not None
    assert evidence.tag == "A"  # the mass of a square metre is assumed
    assert building.unit_of(masses["graphite"]) == "kg"
    critical = {
        at(m, "BatteryMaterialName").value
        for m in materials
        if at(m, "IsCriticalRawMaterial").value
    }
    assert {"graphite", "copper"} <= critical
    assert "carbon black" not in critical


def test_technical_data_are_what_was_measured(run: Run, passports: dict[str, Environment]) -> None:
    """Capacity and resistance as the gauges read them; what nobody knows has no value."""
    row = run.table("cells").set_index("cell").query("status == 'A'").iloc[3]
    technical = submodel(passports[row.name], "TechnicalData")
    areas = at(technical, "TechnicalPropertyAreas")
    electric = at(areas, "CapacityEnergyVoltage")
    rated, measured = at(electric, "RatedCapacity"), at(electric, "MeasuredCapacity")
    assert rated.value == 5.0  # the recipe declares it, whatever a cell measures
    assert "nominal_capacity: recipe" in building.evidence_of(rated).source
    assert measured.value == row["measured_capacity"]
    assert building.unit_of(rated) == building.unit_of(measured) == "A.h"
    assert at(electric, "MaxVoltage").value == 4.2
    resistance = at(areas, "Resistance", "InitialInternalResistanceOnBatteryCellLevel")
    assert resistance.value == row["measured_dcir"]
    assert at(areas, "Lifetime", "ExpectedNumberOfCycles").value is None


def test_a_scrapped_cell_is_waste_and_charged_with_nothing(
    run: Run, passports: dict[str, Environment]
) -> None:
    """Scrap is charged to good cells: a scrapped one says so, and what was put into it."""
    cells = run.table("cells").set_index("cell")["status"]
    passport = passports[cells.index[cells == "scrap"][0]]
    assert at(submodel(passport, "BatteryNameplate"), "LifeCycleStage").value == "waste"
    views = submodel(passport, "FootprintBreakdown")
    assert at(views, "Charged", "whole").value == 0.0 < at(views, "Own", "whole").value
    for each in at(submodel(passport, "CarbonFootprint"), "ProductCarbonFootprints").value:
        assert "no product (scrap)" in at(each, "PcfCalculationMethods").value[0].value


def test_processes_of_a_roll_are_its_operations(run: Run) -> None:
    """Times, machine and tool by the table of operations; actual values by the signals."""
    roll = "cathode.roll-0001"
    environment = describe_lot(run, roll)
    processes = at(submodel(environment, "ExecutedProcesses"), "Run__01__")
    done = run.table("operations", only={"lot": [roll]}).sort_values("start")
    assert done["operation"].tolist() == ["coat side a", "coat side b", "calender"]
    signals = run.table("signals")
    for number, row in enumerate(done.itertuples(), start=1):
        process = at(processes, f"Process__{number:02}__")
        assert at(process, "ProcessName").value == row.operation
        assert seconds(at(process, "ProcessStartTime").value) * 1000 == pytest.approx(row.start)
        assert seconds(at(process, "ProcessEndTime").value) * 1000 == pytest.approx(row.end)
        assert at(process, "ResourceParameters", "tool").value == row.tool
        here = signals[
            (signals["station"] == row.station) & signals["tick"].between(row.start, row.end)
        ]
        if here.empty:  # shorter than the interval of recording
            continue
        recorded = at(process, "ProcessParameters", "Actual", "electric_power")
        assert at(recorded, "mean").value == pytest.approx(here["electric_power"].mean())
        assert at(recorded, "range").max == here["electric_power"].max()
        assert at(recorded, "readings").value == here["electric_power"].notna().sum()
    speed = at(processes, "Process__01__", "ProcessParameters", "Set", "web_speed")
    assert speed.value == pytest.approx(1.9 / 60)
    assert building.unit_of(speed) == "m/s"


def test_counters_are_told_by_their_rise_and_states_by_shares_of_time(run: Run) -> None:
    """Energy is what the meter rose by, as the key figures read it; shares of states sum to one."""
    roll = "cathode.roll-0001"
    processes = at(submodel(describe_lot(run, roll), "ExecutedProcesses"), "Run__01__")
    first = run.table("operations", only={"lot": [roll]}).sort_values("start").iloc[0]
    station, start, end = first["station"], int(first["start"]), int(first["end"])
    actual = at(processes, "Process__01__", "ProcessParameters", "Actual")
    meters = Facts(run).meters
    for counter in ("electric_energy", "thermal_energy", "compressed_air_volume"):
        (risen,) = at(actual, counter).value
        assert risen.value == pytest.approx(meters.drawn(station, counter, start, end))
    shares = {each.id_short: each.value for each in at(actual, "packml_state").value}
    assert sum(shares.values()) == pytest.approx(1.0)
    events = run.table("events", only={"station": [station], "event": ["state"]})
    seconds_in = dict.fromkeys(shares, 0.0)
    for tick in range(start, end, 1000):
        state = events[events["tick"] <= tick].iloc[-1]["state"]
        seconds_in[state] = seconds_in.get(state, 0.0) + 1.0
    sampled = {state: count / sum(seconds_in.values()) for state, count in seconds_in.items()}
    assert shares == pytest.approx(sampled, abs=2e-3)


def test_what_went_into_a_roll_and_what_came_out(run: Run) -> None:
    """The bill holds every charge and the foil; loading is the mean of the good metres."""
    roll = "cathode.roll-0001"
    processes = at(submodel(describe_lot(run, roll), "ExecutedProcesses"), "Run__01__")
    bill = at(processes, "Process__01__", "ProcessBoM").value
    links = run.table("links", only={"child": [roll]})
    assert {name_of(each.id_short) for each in bill} == {
        f"{row.role}.{row.parent}" for row in links.itertuples()
    }
    assert sum(each.value for each in bill) == pytest.approx(links["amount"].sum(), rel=1e-12)
    web = run.table("segments", only={"roll": [roll]}).query("status == 'good'")
    mean = np.average(web["loading_a"], weights=web["end_m"] - web["start_m"])
    product = at(processes, "Process__03__", "ProductParameters", "loading_a")
    assert product.value == pytest.approx(mean, rel=1e-12)
    assert building.unit_of(product) == "kg/m2"


def test_linked_segments_name_files_by_hash(run: Run) -> None:
    """The SHA-256 and the number of rows are those of the file that is named."""
    segments = at(submodel(describe_run(run), "TimeSeries"), "Segments").value
    assert len(segments) == 8
    for each in segments:
        content = (run.path / at(each, "Endpoint").value).read_bytes()
        assert at(each, "Sha256").value == hashlib.sha256(content).hexdigest()
    signals = next(each for each in segments if each.id_short.endswith("signals"))
    assert at(signals, "RecordCount").value == len(run.table("signals"))


def test_internal_segments_are_readings_during_the_work(run: Run) -> None:
    """Each record is a row of the signals table at that instant."""
    lot = "tray-0001"
    segments = at(submodel(describe_lot(run, lot), "TimeSeries"), "Segments").value
    formation = next(s for s in segments if "formation" in s.get_referable("Name").value["en"])
    records = at(formation, "Records").value
    assert 2 <= len(records) <= RECORDS
    signals = run.table("signals", only={"station": ["cell.formation"]}).set_index("tick")
    for record in records:
        row = signals.loc[at(record, "Time").value]
        assert at(record, "electric_energy").value == row["electric_energy"]


def test_thinning_keeps_both_ends_and_the_number_asked_for(run: Run) -> None:
    """Of more rows than records every so many-th is kept."""
    rows = run.table("signals")
    few = thinned(rows, 10)
    assert len(few) == 10
    assert few.index[0] == rows.index[0]
    assert few.index[-1] == rows.index[-1]
    assert np.ptp(np.diff(few.index)) <= 1
    assert thinned(rows.head(7), 10).equals(rows.head(7))


def test_variables_give_the_key_figures_of_the_run(run: Run) -> None:
    """Availability, quality ratio and allocation efficiency as in the run's own, from these."""
    facts = Facts(run)
    figures = iso(facts, (0, facts.end))
    environment = describe_run(run)
    for group in ("cathode.coater", "cell.inspection", "cell.formation"):
        name = f"ProcessVariablesForManufacturingKPICalculation_{group.replace('.', '__')}"
        found = {
            at(each, "key").value: at(each, "currentValue").value
            for each in submodel(environment, name).submodel_element
        }
        times = {
            key: (v.days * 24 + v.hours) * 3600 + v.minutes * 60 + v.seconds + v.microseconds / 1e6
            for key, v in found.items()
            if key not in {"PQ", "GQ", "SQ"}
        }
        assert times["APT"] / times["PBT"] == pytest.approx(
            figures["availability"]["value"][group], rel=1e-5
        )
        assert times["AUBT"] / times["PBT"] == pytest.approx(
            figures["allocation_efficiency"]["value"][group], rel=1e-5
        )
        assert float(found["GQ"] / found["PQ"]) == pytest.approx(
            figures["quality_ratio"]["value"][group], rel=1e-9
        )


def test_what_a_run_does_not_know_is_refused(run: Run) -> None:
    """A cell or lot of another name is named in the error."""
    with pytest.raises(ResultsError, match="cell-999999"):
        describe_cell(run, "cell-999999")
    with pytest.raises(ResultsError, match=r"cathode\.roll-9"):
        describe_lot(run, "cathode.roll-9")


def test_ids_stay_when_a_folder_is_read_again(run: Run) -> None:
    """Written twice, the same bytes."""
    lot = "anode.roll-0001"
    assert document(describe_lot(run, lot)) == document(describe_lot(read(run.path), lot))


def test_without_prices_there_is_no_footprint_and_a_note(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No emission factor is made up: the submodels are left out, and a note says why."""
    monkeypatch.setattr(footprint, "price_list", lambda _: None)
    cell = run.table("cells", ["cell"])["cell"].iloc[0]
    for environment in (describe_run(run), describe_cell(run, cell)):
        names = {each.id_short for each in environment.submodels()}
        assert not names & {"CarbonFootprint", "FootprintBreakdown"}
        assert any("no emission factors" in note for note in environment.notes)
