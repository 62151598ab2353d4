"""The page of a study: what was asked, what matters, where to run the line, how sure that is."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.results import display
from linetwin.results.display import counted
from linetwin.results.manifest import write_atomically
from linetwin.results.page import Section, page
from linetwin.results.report_tables import table
from linetwin.study.analysing.aims import aim_of
from linetwin.study.analysing.observing import Observed
from linetwin.study.analysing.window import Refused
from linetwin.study.folder import read_study
from linetwin.study.report_findings import WORTH, Findings
from linetwin.study.report_sections import means, sections
from linetwin.study.report_words import (
    address_name,
    estimate,
    factor_value,
    figure_name,
    from_to,
    least_share,
    lying,
    more_runs,
    no_window,
    number,
    resting_on,
    same_everywhere,
    shown,
    without_common_seeds,
)

if TYPE_CHECKING:
    from linetwin.study.analysing.optimum import Optimum

NAME = "report.html"
_NAMED = 3


def write_study_report(folder: Path | str) -> Path:
    """Write report.html into a study's folder and return its path; ResultsError for no study."""
    study = read_study(folder)
    path = Path(folder) / NAME
    write_atomically(path, study_page(Observed(study)))
    return path


def study_page(observed: Observed) -> str:
    """Return the page of a study, with what its runs tell so far."""
    manifest = observed.study.manifest
    title = str(manifest["title"] or manifest["study"])
    lost = observed.failures
    if lost.runs == lost.of:
        first = f" The first said: {lost.first}" if lost.runs else ""
        why = f" It ended with: {manifest['message']}" if manifest["message"] else ""
        said = f"<p class='warning'>{escape('No run has come to an end yet.' + first + why)}</p>"
        return page(title, _header(observed, title) + said, "", [])
    found = Findings(observed)
    parts = sections(found)
    if found.kind == "replications":
        parts = [Section("figures", "Figures", table(["figure", "#mean"], means(found))), *parts]
    return page(title, _header(observed, title), _answers(found), parts)


def _header(observed: Observed, title: str) -> str:
    manifest, study = observed.study.manifest, observed.study
    planned = int(study.plan["replications"].sum())
    kind = display.name(str(manifest["design"]))
    alternatives = len(observed.written.alternatives)
    what = f"{counted(len(observed.factors), 'factor')}, {counted(len(study.points), 'point')}"
    if alternatives or not observed.factors:
        what = f"{alternatives} alternatives" if alternatives else "nothing varied"
    about = (
        f"Study {manifest['study']} of scenario {manifest['scenario']}: {kind}, {what}, "
        f"{len(study.runs):,} runs, first seed {manifest['seed']}"
    )
    warnings = []
    if manifest["status"] != "complete":
        why = f" ({manifest['message']})" if manifest["message"] else ""
        warnings.append(
            f"This study is {manifest['status']}{why}: {len(study.runs):,} of {planned:,} runs "
            "planned so far have ended. What follows is what they tell."
        )
    lost = observed.failures
    if lost.runs:
        where = f", at {lying(observed)}" if lost.where else ""
        warnings.append(f"{lost.runs:,} of {lost.of:,} runs failed{where}. They are left out.")
    warnings += [
        f"{figure_name(name)} has no value in {empty:,} of {of:,} runs that did not fail."
        for name, empty, of in observed.empty
    ]
    said = "".join(f"<p class='warning'>{escape(text)}</p>" for text in warnings)
    return f"<header><h1>{escape(title)}</h1><p>{escape(about)}</p></header>{said}"


def _answers(found: Findings) -> str:
    same = "; ".join(same_everywhere(found.observed))
    told = [
        ("What there is to choose", same, ""),
        _best(found),
        _keeps(found),
        _matters(found),
        _chance(found),
    ]
    said = [
        f"<p class='answer'><span class='question'>{escape(question)}</span>"
        f"{escape(sentence)}<small>{escape(small)}</small></p>"
        for question, sentence, small in told
        if sentence
    ]
    return f"<div class='answers' id='answer'>{''.join(said)}</div>"


def _best(found: Findings) -> tuple[str, str, str]:
    """Say what is best, and what it costs if that is wrong."""
    question, observed = "What is best", found.observed
    compared = found.comparison
    if compared is not None:
        scale, top = shown(observed, compared.figure), compared.alternatives[0]
        value = f"{figure_name(compared.figure)} {estimate(top.mean, scale)}"
        if compared.decided:
            sentence = f"{compared.best}: {value}"
        elif compared.alike:
            sentence = f"No difference that matters; {compared.best} has {value}"
        else:
            sentence = f"Not decided; {compared.best} is ahead: {value}"
        small = f"If another one is better, it is so by {number(compared.loss, scale)} on average."
        if compared.decided:
            next_best = min(compared.alternatives[1:], key=lambda each: each.behind.value)
            behind = estimate(next_best.behind, scale)
            small = f"Clear after {top.runs} runs: {next_best.name} is worse by {behind}."
        lacking = [each for each in compared.alternatives if each.runs < each.made]
        if lacking:
            each = max(lacking, key=lambda each: each.made - each.runs)
            empty = each.made - each.runs
            small += f" {empty} of {each.made} runs of {each.name} failed or gave no value."
        return question, sentence, small
    best = found.optimum
    if best is None:
        return question, "", ""
    if not best.finalists[0].keeps:
        question = "What is nearest: no point that was run again keeps all constraints as asked"
    return (question, *_finalist(found, best))


def _told_by(best: Optimum) -> str:
    """Say how many new seeds tell the point on top."""
    told = min(each.n for each in best.finalists[0].figures)
    if told == best.fresh:
        return f"Told by {best.fresh} seeds the search had not seen"
    return (
        f"Told by {told} of {best.fresh} seeds the search had not seen: its other runs failed or "
        "gave no value"
    )


def _finalist(found: Findings, best: Optimum) -> tuple[str, str]:
    observed, top = found.observed, best.finalists[0]
    names = [aim_of(each)[0] for each in observed.objectives]
    values = observed.study.points.loc[top.point]
    where = ", ".join(
        f"{address_name(f.address)} {factor_value(f, values[f.address])}"
        for f in [observed.factors[n] for n in found.ranked()[:_NAMED]]
    )
    told = ", ".join(
        f"{figure_name(name)} {estimate(each, shown(observed, name))}"
        for name, each in zip(names, top.figures, strict=True)
    )
    if len(names) > 1:
        sentence = f"{len(best.finalists)} points of a front, from {told}"
        return sentence, f"That end of it has {where}. {_told_by(best)}."
    scale = shown(observed, names[0])
    small = (
        f"{_told_by(best)}; in the search it looked like "
        f"{number(top.searched[0], scale)}. If another finalist is better, it is so by "
        f"{number(best.loss, scale)} on average."
    )
    missed = [
        c for c, each in zip(observed.constraints, top.kept, strict=True) if each.value < c.chance
    ]
    if missed:
        small = f"It does not keep {missed[0].figure} as often as asked. {small}"
    return f"{told}, with {where}", small


def _keeps(found: Findings) -> tuple[str, str, str]:
    """Say where the window lies, by the factors that matter most."""
    told = found.window
    if told is None:
        return "", "", ""
    if isinstance(told, Refused):
        return "Which window", no_window(found.observed, told), ""
    factors = found.observed.factors
    narrow = [n for n in found.ranked() if told.high[n] - told.low[n] < _WHOLE][:_NAMED]
    parts = [
        f"{address_name(factors[n].address)} {from_to(factors[n], told.low[n], told.high[n])}"
        for n in narrow
    ]
    sentence = ", ".join(parts) or "Everything that was varied"
    small = ""
    if told.figure:
        value = estimate(told.value, shown(found.observed, told.figure))
        small = f"A run at its best point: {figure_name(told.figure)} {value}. "
    if found.observed.constraints:
        often = f"in at least {least_share(told.chance[0])} of runs; that "
        if told.seeds == 1:
            often = ""
        small += f"All constraints are kept there, {often}{resting_on(told.seeds)}."
    return "Which window", sentence, small


def _matters(found: Findings) -> tuple[str, str, str]:
    """Name the factors that matter most for the first figure."""
    if not found.varying or not found.observed.factors:
        return "", "", ""
    first = found.varying[0]
    clear = found.clear()
    names = [address_name(found.observed.factors[n].address) for n in clear[:_NAMED]]
    question = f"What matters most for {figure_name(first)}"
    if not names:
        if found.kind in {"morris", "sobol_indices"} and not (found.screening or found.indices):
            sentence = (
                "Nothing can be told: too few samples are whole, of the others runs lack a value."
            )
            return question, sentence, "Narrow the factors to where runs come back."
        sentence = "Nothing that can be told from chance with these runs."
        return question, sentence, more_runs(found.effects.get(first), found.replications)
    small = ""
    if first in found.effects and found.effects[first].effects:
        scale, largest = shown(found.observed, first), found.effects[first].effects[0]
        text = estimate(largest.change, scale, signed=True)
        small = f"The largest effect from end to end of a span: {text}."
    elif first in found.indices:
        own = found.indices[first]
        text = display.share(min(own.total[clear[0]].value, 1.0))
        small = f"The first explains {text} of the variance, with all it does together with others."
        if own.left_out:
            begun = own.left_out + own.samples
            small += f" {own.left_out:,} of {begun:,} base samples tell nothing: runs lack a value."
    if found.replications == 1 and first not in found.effects:
        small += " With one seed, what chance does counts as what factors do."
    return question, ", ".join(names), f"{small} {_rest(found, len(clear))}".strip()


def _rest(found: Findings, clear: int) -> str:
    """Count the factors that are not named."""
    more, still = max(0, clear - _NAMED), found.still
    idle = len(found.observed.factors) - clear - len(still)
    told = [f"{more:,} more matter less"] if more else []
    if still:
        names = ", ".join(address_name(found.observed.factors[n].address) for n in still[:_NAMED])
        told.append(f"of {names} nothing is known: no two runs that told differ in it")
    if idle:
        of = "the variance" if found.kind == "sobol_indices" else "the largest effect"
        less = f"do less than {display.share(WORTH)} of {of}, or no more than chance"
        told.append(f"{idle:,} of {len(found.observed.factors):,} factors {less}")
    return f"{'; '.join(told)}." if told else ""


def _chance(found: Findings) -> tuple[str, str, str]:
    """Say how much the seed decides."""
    if not found.varying:
        return "What differs", "Nothing: every run has the same figures.", ""
    each = found.noise[found.varying[0]]
    if not each.saved > 0:
        return "", "", ""
    sentence = (
        f"{display.share(each.seed_share)} of what differs in {figure_name(found.varying[0])}"
    )
    small = (
        "Points are compared with the same seeds: with a seed of its own for each point a "
        f"difference would need {without_common_seeds(each.saved)} runs."
    )
    if not found.clear():
        small = ""
    elif each.saved == float("inf"):
        small = "It is the same at every point, so common seeds take it out of all differences."
    return "What is chance", sentence, small


_WHOLE = 0.999
