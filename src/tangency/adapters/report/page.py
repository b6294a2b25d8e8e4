"""The report: one HTML file with everything in it, drawn by the plotly.js that the plotly wheel brings. No network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from tangency.adapters.report import charts
from tangency.adapters.report.figures import NONE, change, objective_words, percent, ratio, small, value_words
from tangency.adapters.report.findings import Figures, Findings
from tangency.adapters.report.frontier import Frontier
from tangency.domain.optimization.certificate import Certificate


def report_page(findings: Findings, curve: Frontier | None, title: str, note: str = "") -> str:
    """The report as HTML.

    Args:
        findings: what to report.
        curve: the frontier around it; left out where None.
        title: of the page.
        note: what the reader should know about the data.
    """
    drawn = _charts(findings, curve)
    return Template(files(__package__).joinpath("page.html").read_text("utf-8")).substitute(
        title=escape(title),
        subtitle=escape(_subtitle(findings)),
        answered=f"{findings.answer.answered_at:%d %B %Y, %H:%M} UTC",
        cards="".join(_cards(findings)),
        frontier=_drawn("frontier", drawn),
        allocation=_drawn("allocation", drawn),
        risk=_drawn("risk", drawn),
        sectors=_drawn("sectors", drawn),
        weights_caption=escape(_weights_caption(findings)),
        weights=_weights(findings),
        binding=_binding(findings),
        bounds=_bounds(findings),
        proof=_proof(findings),
        origin=_origin(findings),
        note=escape(note),
        plotly=files("plotly").joinpath("package_data", "plotly.min.js").read_text("utf-8"),
        data=_script({name: chart for name, (_, _, chart) in drawn.items()}),
    )


# --- charts -------------------------------------------------------------------------------------------------------

Drawn = Mapping[str, tuple[str, str, charts.Chart]]
"""Heading, caption and chart by the id of the element that it is drawn in."""


def _charts(findings: Findings, curve: Frontier | None) -> Drawn:
    return {
        name: (heading, caption, chart)
        for name, heading, caption, chart in (
            ("allocation", "Allocation", _ALLOCATION, charts.allocation(findings)),
            ("sectors", "Sectors", "Net weight, and the limit where there is one.", charts.sectors(findings)),
            ("frontier", "Efficient frontier", _FRONTIER, charts.frontier(findings, curve) if curve else None),
            ("risk", "Risk contributions", _RISK, charts.risk(findings)),
        )
        if chart is not None
    }


_ALLOCATION = f"By name; the {charts.MOST_BARS} largest where there are more."
_FRONTIER = "Least volatility for each expected return; each point is solved and checked like the portfolio itself."
_RISK = "Share of the optimized portfolio's variance by name, beside its weight; the shares sum to 100%."


def _drawn(name: str, drawn: Drawn) -> str:
    """The section of one chart; nothing where there is none."""
    if name not in drawn:
        return ""
    heading, caption, _ = drawn[name]
    return f'<section><h2>{heading}</h2><p class="soft">{caption}</p><div class="chart" id="{name}"></div></section>'


def _script(value: object) -> str:
    """JSON that can stand in a script: nothing in it ends the script or opens a comment."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


# --- words and figures --------------------------------------------------------------------------------------------


def _subtitle(findings: Findings) -> str:
    problem = findings.problem
    words = objective_words(problem.objective.name)
    names = len(problem.universe)
    rate = percent(problem.risk_free_rate)
    return f"{words[:1].upper()}{words[1:]} by {problem.method}, {names} names, risk-free rate {rate} a year"


def _cards(findings: Findings) -> Iterable[str]:
    target, today = findings.target, findings.today or Figures(None, None, None)
    yield _card("Expected return (annual)", percent(target.expected_return), _was(percent(today.expected_return)))
    yield _card("Volatility (annual)", percent(target.expected_volatility), _was(percent(today.expected_volatility)))
    yield _card("Sharpe ratio", ratio(target.sharpe_ratio), _was(ratio(today.sharpe_ratio)))
    turnover = findings.answer.turnover
    yield _card("One-way turnover", percent(turnover.one_way if turnover else None), "from the current portfolio")
    yield _verdict(findings)


def _was(figure: str) -> str:
    return "current: not known" if figure == NONE else f"current: {figure}"


def _card(label: str, figure: str, below: str, kind: str = "") -> str:
    figures = f'<div class="figure">{figure}</div><div class="was">{below}</div>'
    return f'<div class="card {kind}"><div class="label">{label}</div>{figures}</div>'


def _verdict(findings: Findings) -> str:
    certificate = findings.solution.certificate
    if certificate is not None and certificate.proves_optimality:
        return _card("Certificate", "Optimal", f"proven; relative gap {small(certificate.relative_gap)}", "proven")
    return _card("Certificate", "Feasible", "every limit holds; not proven best")


def _weights_caption(findings: Findings) -> str:
    known = "Fractions of the portfolio's value; changes in percentage points."
    return known if findings.problem.current is not None else f"{known} Current weights are not known."


def _weights(findings: Findings) -> str:
    positions = findings.largest_first
    held = [position for position in positions if position.target or position.current]
    rows = [
        (p.name, charts.worded(p.sector or NONE), *_of_position(p.current, p.target, p.change, p.risk_share))
        for p in held
    ]
    current = None if findings.problem.current is None else sum(p.current or 0.0 for p in held)
    risk = None if findings.solution.risk_shares is None else sum(p.risk_share or 0.0 for p in held)
    total = ("Total", "", *_of_position(current, sum(p.target for p in held), None, risk))
    headers = ("Name", "Sector", "Current", "Target", "Change", "Share of risk")
    return _table(headers, rows, numbers=range(2, 6), total=total)


def _of_position(current: float | None, target: float, moved: float | None, risk: float | None) -> tuple[str, ...]:
    return percent(current), percent(target), change(moved), percent(risk)


def _binding(findings: Findings) -> str:
    why, unit = findings.solution.why, value_words(findings.problem.objective.name)
    if why is None or not why.binding:
        return '<p class="soft">No limit on the whole portfolio or on a sector holds the objective back.</p>'
    rows = [
        (findings.problem.by_id[each.constraint].sentence(), small(0.01 * each.shadow_price)) for each in why.binding
    ]
    told = f"Gain: by how much {unit} improves, at the margin, for each 0.01 by which the limit is loosened."
    return f'<p class="soft">{told}</p>{_table(("Limit", "Gain"), rows, numbers=[1])}'


def _bounds(findings: Findings) -> str:
    why, unit = findings.solution.why, value_words(findings.problem.objective.name)
    if why is None or not why.at_bound:
        return '<p class="soft">No name is at its smallest or largest weight.</p>'
    order = sorted(why.at_bound, key=lambda each: -each.reduced_cost)
    rows = [(e.name, _BOUND[e.bound], percent(e.limit), small(0.01 * e.reduced_cost)) for e in order]
    told = f"Gain: by how much {unit} improves, at the margin, for each 0.01 by which the bound moves outward."
    return f'<p class="soft">{told}</p>{_table(("Name", "Bound", "At", "Gain"), rows, numbers=[2, 3])}'


_BOUND = {"min": "smallest weight", "max": "largest weight"}


def _proof(findings: Findings) -> str:
    certificate = findings.solution.certificate
    if certificate is None:
        return '<p class="soft">There is no certificate.</p>'
    unit = value_words(findings.problem.objective.name)
    told = _told_proof(certificate, unit)
    rows = [
        ("Largest violation of any limit", small(certificate.max_violation)),
        (f"Recomputed value of {unit}", NONE if certificate.objective is None else f"{certificate.objective:.6g}"),
        ("Proven gap to the best portfolio", small(certificate.duality_gap)),
        ("Relative gap", small(certificate.relative_gap)),
        ("Smallest eigenvalue of the covariance", small(certificate.spectrum.smallest[0])),
        ("Condition number of the covariance", small(certificate.spectrum.condition[1])),
        ("Repair of the covariance", "none" if certificate.repair is None else small(certificate.repair.shift)),
    ]
    return f"<p>{escape(told)}</p>{_table(('Checked', 'Figure'), rows, numbers=[1])}"


def _told_proof(certificate: Certificate, unit: str) -> str:
    checked = "Computed from the weights, whatever the solver said."
    if certificate.duality_gap is None:
        return f"{checked} Every limit holds to within {small(certificate.max_violation)}."
    return (
        f"{checked} By weak duality, no portfolio within the limits improves {unit} by more than "
        f"{small(certificate.duality_gap)}."
    )


def _origin(findings: Findings) -> str:
    provenance, answer = findings.solution.provenance, findings.answer
    rows = [("Portfolio", answer.portfolio_id or NONE), ("Optimization", str(answer.optimization_id))]
    if provenance is not None:
        sources, method = provenance.sources, provenance.method
        rows += [
            ("Method", f"{method.name} ({method.distribution} {method.version})"),
            ("Expected returns", _source(sources.mean, sources.mean_estimator)),
            ("Covariance", _source(sources.covariance, sources.covariance_estimator)),
            ("Periods used", NONE if sources.data is None else f"{sources.data.used:,} of {sources.data.given:,}"),
            ("Solver", ", ".join(f"{attempt.solver}: {attempt.status}" for attempt in provenance.attempts) or NONE),
            ("Hash of the problem", provenance.problem_hash),
        ]
    return _table(("", ""), [(name, f"<code>{escape(value)}</code>") for name, value in rows], plain=False)


def _source(origin: str, estimator: str | None) -> str:
    return origin if estimator is None else f"{origin} ({estimator})"


def _table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Iterable[int] = (),
    total: Sequence[str] = (),
    plain: bool = True,
) -> str:
    """A table; ``numbers`` are the columns set to the right, ``plain`` cells are text and not HTML."""
    kind = dict.fromkeys(numbers, ' class="n"')

    def row(cells: Sequence[str], tag: str, attributes: str = "") -> str:
        marked = (
            f"<{tag}{kind.get(column, '')}>{escape(cell) if plain else cell}</{tag}>"
            for column, cell in enumerate(cells)
        )
        return f"<tr{attributes}>{''.join(marked)}</tr>"

    head = f"<thead>{row(headers, 'th')}</thead>" if any(headers) else ""
    last = row(total, "td", ' class="total"') if total else ""
    return f"<table>{head}<tbody>{''.join(row(cells, 'td') for cells in rows)}{last}</tbody></table>"
