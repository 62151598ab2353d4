"""The sections of a study's page, in the order in which they are read; those of its design only."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from linetwin.results import display
from linetwin.results.page import Section
from linetwin.results.report_tables import table
from linetwin.study import report_clouds, report_figures, report_screened
from linetwin.study.analysing.aims import aim_of
from linetwin.study.analysing.following import course
from linetwin.study.analysing.inferring import mean_of
from linetwin.study.analysing.window import Refused
from linetwin.study.report_compared import alternatives_section, beside_section
from linetwin.study.report_words import (
    bound,
    ends,
    estimate,
    factor_value,
    figure_name,
    least_share,
    lying,
    no_window,
    number,
    resting_on,
    short_names,
    shown,
    told_by,
    without_common_seeds,
)

if TYPE_CHECKING:
    from linetwin.results.figures import Figure
    from linetwin.study.analysing.observing import Observed
    from linetwin.study.analysing.window import Window
    from linetwin.study.report_findings import Findings

_DRAWN, _LISTED = 6, 20


def sections(found: Findings) -> list[Section]:
    """Return every section that the design supports."""
    return [
        alternatives_section(found),
        beside_section(found),
        _finalists(found),
        _window(found),
        _matters(found),
        _indices(found),
        _screening(found),
        _tornado(found),
        _convergence(found),
        _points(found),
        _seeds(found),
        _asked(found),
        _failed(found),
    ]


def _asked(found: Findings) -> Section:
    observed = found.observed
    rows = [
        [
            factor.address,
            *(factor_value(factor, edge) for edge in (factor.low, factor.high)),
            factor_value(factor, factor.base),
            factor.meaning,
        ]
        for factor in observed.factors[: 5 * _LISTED]
        if not factor.levels
    ]
    rows += [
        [
            f.address,
            ", ".join(factor_value(f, v) for v in f.levels),
            "",
            factor_value(f, f.base),
            f.meaning,
        ]
        for f in observed.factors
        if f.levels
    ]
    html = table(["factor", "from", "to", "scenario", "meaning"], rows) if rows else ""
    changes = [
        [name, "; ".join(f"{address}: {value}" for address, value in each.items()) or "as it is"]
        for name, each in observed.written.alternatives.items()
    ]
    html += table(["alternative", "what it changes"], changes) if changes else ""
    aims = [
        f"{'most' if s > 0 else 'least'} {figure_name(n)}"
        for n, s in map(aim_of, observed.objectives)
    ]
    aims += [
        f"{bound(c, shown(observed, c.figure))}, in {display.share(c.chance)} of runs"
        for c in observed.constraints
    ]
    said = f"<p>Aims: {escape('; '.join(aims))}.</p>" if aims else ""
    return Section("asked", "What was asked", said + html)


def _matters(found: Findings) -> Section:
    figures: list[Figure] = []
    for name in found.varying[:_DRAWN]:
        if name in found.effects:
            drawn = report_figures.effects_figure(found.observed, name, found.effects[name])
            figures += [drawn] if drawn else []
    first = found.varying[0] if found.varying else ""
    if first in found.effects:
        matrix = report_figures.interactions_figure(found.observed, first, found.effects[first])
        figures += [matrix] if matrix else []
    return Section("effects", "Main effects and interactions", figures=tuple(figures))


def _indices(found: Findings) -> Section:
    figures = [
        report_figures.sobol_figure(found.observed, name, each)
        for name, each in list(found.indices.items())[:_DRAWN]
    ]
    spoiled = max((each.left_out for each in found.indices.values()), default=0)
    intro = ""
    if spoiled:
        intro = (
            f"{spoiled:,} base samples are left out, for a run of each failed or gave no value: "
            "indices hold for where the others lie. "
        )
    known = [each.noise for each in found.indices.values() if not math.isnan(each.noise)]
    noise = max(known, default=0.0)
    if noise > 0:
        intro += (
            f"Seeds make up to {escape(display.share(noise))} of what differs between points; "
            "that is taken off the indices, as replications show it."
        )
    return Section("indices", "Sobol indices", figures=tuple(figures), intro=intro)


def _screening(found: Findings) -> Section:
    figures: list[Figure] = []
    for name, each in list(found.screening.items())[:_DRAWN]:
        figures += report_figures.morris_figures(found.observed, name, each)
    for name, groups in list(found.screened.items())[:_DRAWN]:
        drawn = report_figures.screened_figure(found.observed, name, groups)
        figures += [drawn] if drawn else []
    spoiled = max((each.left_out for each in found.screening.values()), default=0)
    intro = (
        f"{spoiled:,} trajectories are left out, for a run of each failed or gave no value."
        if spoiled
        else ""
    )
    html = report_screened.left_over(found.observed, found.screened)
    return Section("screening", "Screening", html, figures=tuple(figures), intro=intro)


def _tornado(found: Findings) -> Section:
    drawn = [
        report_figures.tornado_figure(found.observed, name, found.swings[name])
        for name in list(found.swings)[:_DRAWN]
    ]
    return Section("tornado", "One factor at a time", figures=tuple(f for f in drawn if f))


def _convergence(found: Findings) -> Section:
    drawn = []
    for name in found.varying[:2]:
        settled = course(found.observed, name)
        if settled is not None:
            drawn.append(report_figures.course_figure(found.observed, name, settled))
    return Section("convergence", "Convergence", figures=tuple(drawn))


def _points(found: Findings) -> Section:
    if not found.observed.factors or not found.varying:
        return Section("points", "All points")
    drawn = report_clouds.parallel_figure(found.observed, found.ranked(), found.varying)
    return Section("points", "Parallel coordinates", figures=(drawn,) if drawn else ())


def _finalists(found: Findings) -> Section:
    best, observed = found.optimum, found.observed
    if best is None:
        return Section("best", "The best")
    figures = [aim_of(each)[0] for each in observed.objectives]
    scales = [shown(observed, name) for name in figures]
    heads = ["point", *short_names([f.address for f in observed.factors[:_LISTED]])]
    heads += [f"#{figure_name(name)}" for name in figures]
    compared = bool(best.finalists[0].gains)
    heads += [f"#{bound(each, shown(observed, each.figure))}" for each in observed.constraints]
    against = "against the scenario"
    whose = [figure_name(name) for name in figures] if len(figures) > 1 else [""]
    heads += [f"#{f'{name} {against}'.strip()}" for name in whose if compared]
    heads += ["#best" if len(figures) == 1 else "#on the front"]
    rows = []
    for each in best.finalists:
        values = observed.study.points.loc[each.point]
        row = [str(each.point)]
        row += [factor_value(f, values[f.address]) for f in observed.factors[:_LISTED]]
        row += [
            estimate(e, s) + told_by(e, best.fresh)
            for e, s in zip(each.figures, scales, strict=True)
        ]
        row += [f"{display.share(e.value)} (from {display.share(e.low)})" for e in each.kept]
        row += [estimate(e, s, signed=True) for e, s in zip(each.gains, scales, strict=False)]
        rows.append([*row, display.share(each.unbeaten) if each.keeps else ""])
    drawn: tuple[Figure, ...] = ()
    if len(figures) > 1:
        drawn = (report_clouds.front_figure(observed, best, figures),)
    intro = (
        f"The best of {best.trials:,} trials, run again with {best.fresh} seeds that the search "
        "had not seen; only these runs are told here. Intervals: 95 %; of shares after Wilson."
    )
    title = "Pareto front" if len(figures) > 1 else "The best"
    return Section("best", title, table(heads, rows), drawn, intro)


def _window(found: Findings) -> Section:
    told, observed = found.window, found.observed
    if told is None:
        return Section("window", "Recommended window")
    if isinstance(told, Refused):
        return Section("window", "No window", f"<p>{escape(no_window(observed, told))}</p>")
    rows = []
    for n, factor in enumerate(observed.factors):
        low, high, best = ends(factor, told.low[n], told.high[n], told.best[n])
        own = factor_value(factor, factor.base)
        rows.append([factor.address, low, high, best if n in told.matters else "any", own])
    html = table(["factor", "#from", "#to", "#best", "#scenario"], rows)
    return Section(
        "window", "Recommended window", html + _wrong(told, observed), intro=_sure(told, observed)
    )


def _sure(told: Window, observed: Observed) -> str:
    parts = []
    if told.told < 1:
        parts.append(
            f"{display.share(told.told)} of all runs told what is aimed at; the others failed or "
            "gave no value, and count as keeping nothing, where they lie."
        )
    keeps = "keeps all constraints" if observed.constraints else "tells its figure"
    if told.chance[0] < 1 or told.share < 1:
        kept = (
            f"In the whole window a single run {keeps} with a chance of at least "
            f"{least_share(told.chance[0])}, {least_share(told.chance[1])} on average. "
            f"That {resting_on(told.seeds)}. "
        )
        if told.seeds == 1:
            kept = f"In the whole window a run {keeps}; that is {resting_on(1)}. "
        share = display.share(told.share)
        sure = "as surely as asked" if told.seeds > 1 else "so far as one seed tells"
        parts.append(f"{kept}Of all that was varied, {share} does so {sure}.")
    if told.figure:
        scale = shown(observed, told.figure)
        parts.append(
            f"{figure_name(told.figure).capitalize()} is worse than at its best point by "
            f"{number(told.worst, scale)} at most."
        )
    weakest = min(told.explained, key=lambda name: told.explained[name])
    parts.append(
        "Foretold by a surface fitted to all points; of points left out it foretells "
        f"{display.share(max(0.0, told.explained[weakest]))} of what differs"
        + (f" ({figure_name(weakest)}, the least sure)." if len(told.explained) > 1 else ".")
    )
    return " ".join(parts)


def _wrong(told: Window, observed: Observed) -> str:
    if not told.figure or not math.isfinite(told.loss):
        return ""
    scale = shown(observed, told.figure)
    return (
        "<h3>What it costs to be wrong</h3><p>"
        f"At its best point {escape(figure_name(told.figure))} is foretold as "
        f"{escape(estimate(told.value, scale))}; the interval is that of a "
        "single run and holds what points left out are missed by. Another place may be better: on "
        f"average, over all that the fit leaves open, {escape(number(told.loss, scale))} are "
        "given away by choosing this one. Anywhere else in the window it is at most "
        f"{escape(number(told.worst, scale))} worse.</p>"
    )


def _seeds(found: Findings) -> Section:
    rows = []
    for name, each in found.noise.items():
        if not math.isnan(each.saved):
            rows.append([name, display.share(each.seed_share), without_common_seeds(each.saved)])
    if not rows:
        text = "Each point has one replication: what the seed does is not known, and stands in all "
        text += "that is said of factors. Ask for replications: 2 or more."
        single = (found.observed.study.plan["replications"] == 1).all()
        html = f"<p>{text}</p>" if single else ""
        return Section("seeds", "What chance does", html)
    intro = (
        "All points have the same seeds. Share: of what differs between single runs, the part that "
        "points do not explain. Runs: variance of the difference of two points with different "
        "seeds over that with the same; so many times as many would a difference need."
    )
    heads = ["figure", "#share of chance", "#runs without common seeds"]
    return Section("seeds", "What chance does", table(heads, rows), intro=intro)


def _failed(found: Findings) -> Section:
    lost = found.observed.failures
    if not lost.runs:
        return Section("failed", "Failed runs")
    where = f" They lie at {lying(found.observed)}." if lost.where else ""
    text = (
        f"{lost.runs:,} of {lost.of:,} runs failed, of {lost.points:,} points; they are left out "
        f"of everything above.{where} The first said: {lost.first}"
    )
    return Section("failed", "Failed runs", f"<p>{escape(text)}</p>")


def means(found: Findings) -> list[list[str]]:
    """Return each figure's mean over all runs of the first point, for plain replications."""
    observed = found.observed
    return [
        [name, estimate(mean_of(observed.values(name)[0]), shown(observed, name))]
        for name in observed.figures
    ]
