"""`linetwin surrogate`: data for surrogates, looked at before anything learns from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linetwin.cli.surrogate_asking import explain, invert
from linetwin.cli.surrogate_designing import EPILOG as DESIGN_EPILOG
from linetwin.cli.surrogate_designing import design
from linetwin.cli.surrogate_exporting import export
from linetwin.cli.surrogate_quarantining import EPILOG as QUARANTINE_EPILOG
from linetwin.cli.surrogate_quarantining import quarantine
from linetwin.cli.surrogate_reviewing import approve_limits, contain, decide, review
from linetwin.cli.surrogate_shipping import causes, shipped
from linetwin.cli.surrogate_standing_in import EPILOG as STAND_IN_EPILOG
from linetwin.cli.surrogate_standing_in import stand_in
from linetwin.cli.surrogate_training import card, predict, train
from linetwin.cli.surrogate_watching import EPILOG as WATCH_EPILOG
from linetwin.cli.surrogate_watching import watch

if TYPE_CHECKING:
    from linetwin.surrogates.data.review import Review

surrogate_app = typer.Typer(
    help="Predictors trained on data: what the data hold, how good they are, what they say.",
    epilog="Example: linetwin surrogate data calendering.yaml",
    no_args_is_help=True,
)
surrogate_app.command(epilog=DESIGN_EPILOG)(design)
surrogate_app.command(
    epilog="Example: linetwin surrogate train porosity.yaml -o porosity.predictor"
)(train)
surrogate_app.command(epilog="Example: linetwin surrogate shipped runs/baseline -o predictors")(
    shipped
)
surrogate_app.command(epilog="Example: linetwin surrogate causes runs/baseline")(causes)
surrogate_app.command(epilog="Example: linetwin surrogate card porosity.predictor")(card)
surrogate_app.command(
    epilog="Example: linetwin surrogate predict porosity.predictor --data cells.csv"
)(predict)
surrogate_app.command(
    epilog="Example: linetwin surrogate explain porosity.predictor --data cells.csv --row 'line 5'"
)(explain)
surrogate_app.command(
    epilog="Example: linetwin surrogate invert porosity.predictor --target "
    "'porosity=28 % to 30 %' --limits roll_gap --set 'porosity_before=46 %'"
)(invert)
surrogate_app.command(
    epilog="Example: linetwin surrogate export porosity.predictor -o porosity.fmu"
)(export)

surrogate_app.command(
    epilog="Example: linetwin surrogate review runs/baseline --predictors predictors"
)(review)
surrogate_app.command(
    epilog="Example: linetwin surrogate decide runs/baseline cell-000012 --predictors predictors "
    "--override A --reason 'measured again: 5.02 Ah' --reviewer ann"
)(decide)
surrogate_app.command(
    epilog="Example: linetwin surrogate contain runs/baseline --lot cathode.slurry-0001 "
    "--reason 'viscosity out of limits' --by ann --8d report.md"
)(contain)
surrogate_app.command(
    "approve-limits",
    epilog="Example: linetwin surrogate approve-limits runs/monday runs/tuesday runs/friday "
    "--by ann -o limits.json",
)(approve_limits)

surrogate_app.command(epilog=QUARANTINE_EPILOG)(quarantine)
surrogate_app.command(epilog=WATCH_EPILOG)(watch)
surrogate_app.command("stand-in", epilog=STAND_IN_EPILOG)(stand_in)


@surrogate_app.command(
    "data",
    help="Tell what a dataset covers and what is odd about it: holes, outliers, rows that leak "
    "between groups, replicate noise, units that look wrong, gauges.",
    epilog="Example: linetwin surrogate data calendering.yaml --html calendering.html",
)
def data(
    file: Annotated[
        Path,
        typer.Argument(help="A dataset file, or the folder of a study or a run."),
    ],
    table: Annotated[
        Path | None,
        typer.Option("--data", metavar="PATH", help="The table, in place of the file's own."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write a page that needs no network.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what a dataset covers and what is odd about it."""
    from linetwin.cli.printing import print_json, say
    from linetwin.results.manifest import write_atomically
    from linetwin.surrogates.data.page import dataset_page
    from linetwin.surrogates.data.reading import read_dataset
    from linetwin.surrogates.data.review import content, review

    found = review(read_dataset(file, table))
    if html is not None:
        write_atomically(html, dataset_page(found))
    if json:
        print_json(content(found))
        return
    _tell(found)
    if html is not None:
        say(f"page: {html}")


def _tell(found: Review) -> None:
    from linetwin.cli.printing import print_table, say
    from linetwin.surrogates.data import telling

    say(f"{found.data.name}: {telling.subject_of(found.data)}")
    for text in telling.origin_of(found.data):
        say(text)
    print_table("", telling.COLUMN_HEADS, telling.column_rows(found), telling.COLUMN_TEXTS)
    if found.gauges:
        print_table("", telling.GAUGE_HEADS, telling.gauge_rows(found), 1)
        studies = telling.study_rows(found)
        if studies:
            print_table("", telling.STUDY_HEADS, studies, 1)
    heading = ""
    for own, text in telling.finding_rows(found):
        if own != heading:
            heading = own
            say(f"{heading}:")
        say(f"  {text}")
