"""The tables of the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

if TYPE_CHECKING:
    from tangency.adapters.container import Figures, Findings
    from tangency.adapters.document.orders import OptimizationMetrics
    from tangency.adapters.document.problem import ConflictingLimit, RelaxedLimit
    from tangency.domain.optimization.certificate import Certificate
    from tangency.domain.optimization.explanation import Explanation

NONE = "-"
LONGEST_UNBROKEN = 28
"""Characters of a constraint's id that a table of 80 columns has room for, beside what the constraint says."""

HALF_A_DIGIT = 5e-5
"""Of a percentage with two decimals: what is below shows as 0.00%, without a sign."""


def table(*headers: str, numbers: Iterable[int] = ()) -> Table:
    """An empty table; ``numbers`` are the columns set to the right."""
    made, right = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False), set(numbers)
    for column, header in enumerate(headers):
        if column in right:
            made.add_column(header, justify="right", no_wrap=True)
        else:
            made.add_column(header, overflow="fold")
    return made


def weights_table(findings: Findings) -> Table:
    """Current, target, change and risk contribution of every name that is held before or after."""
    made = table("Name", "Sector", "Current", "Target", "Delta", "Risk share", numbers=range(2, 6))
    positions = findings.largest_first
    for p in positions:
        if p.target or p.current:
            shares = (_percent(p.current), _percent(p.target), _change(p.change), _percent(p.risk_share))
            made.add_row(p.name, p.sector or NONE, *shares)
    made.add_section()
    current = None if findings.problem.current is None else sum(p.current or 0.0 for p in positions)
    risk = None if findings.solution.risk_shares is None else sum(p.risk_share or 0.0 for p in positions)
    made.add_row("Total", "", _percent(current), _percent(sum(p.target for p in positions)), "", _percent(risk))
    return made


def metrics_table(findings: Findings) -> Table:
    """Return, risk and turnover, today and as optimized."""
    made = table("Metric", "Current", "Target", numbers=(1, 2))
    today, target, turnover = findings.today, findings.target, findings.answer.turnover
    before = [NONE] * 3 if today is None else _figures(today)
    for words, old, new in zip(_METRICS, before, _figures(target), strict=True):
        made.add_row(words, old, new)
    made.add_row("One-way turnover", "", _percent(None if turnover is None else turnover.one_way))
    return made


_METRICS = ("Expected return (annual)", "Volatility (annual)", "Sharpe ratio")


def _figures(of: Figures) -> list[str]:
    ratio = NONE if of.sharpe_ratio is None else f"{of.sharpe_ratio:.3f}"
    return [_percent(of.expected_return), _percent(of.expected_volatility), ratio]


def allocation_table(current: Mapping[str, float], target: Mapping[str, float]) -> Table:
    """Weights before and after, the largest first; names that are held in neither are left out."""
    made = table("Name", "Current", "Target", "Delta", numbers=range(1, 4))
    for name in sorted({**current, **target}, key=lambda name: -target.get(name, 0.0)):
        before, after = current.get(name, 0.0), target.get(name, 0.0)
        if before or after:
            made.add_row(name, _percent(before), _percent(after), _change(after - before))
    return made


def outcome_table(metrics: OptimizationMetrics | None) -> Table:
    """The figures of an optimization that was ordered."""
    made = table("Metric", "Target", numbers=(1,))
    if metrics is not None:
        made.add_row(_METRICS[0], _percent(metrics.expected_return))
        made.add_row(_METRICS[1], _percent(metrics.expected_volatility))
        made.add_row(_METRICS[2], NONE if metrics.sharpe_ratio is None else f"{metrics.sharpe_ratio:.3f}")
        made.add_row("Maximum drawdown", _percent(metrics.max_drawdown))
        made.add_row("One-way turnover", _percent(metrics.turnover))
        if metrics.tax_implications is not None:
            made.add_row("Tax on sales", f"{metrics.tax_implications:,.2f}")
    return made


def certificate_table(certificate: Certificate) -> Table:
    """What was checked of the weights."""
    made = table("Certificate", "", numbers=(1,))
    made.add_row("Largest violation of any limit", _small(certificate.max_violation))
    made.add_row("Objective, recomputed", NONE if certificate.objective is None else f"{certificate.objective:.6g}")
    made.add_row("Proven gap to the best portfolio", _small(certificate.duality_gap))
    made.add_row("Relative gap", _small(certificate.relative_gap))
    made.add_row("Condition number of the covariance", _small(certificate.spectrum.condition[1]))
    repair = certificate.repair
    made.add_row("Repair of the covariance", "none" if repair is None else f"{_small(repair.shift)} x identity")
    return made


def binding_table(why: Explanation) -> Table:
    """The limits that hold the objective back."""
    made = table("What binds, and what it costs", "Shadow price", numbers=(1,))
    for each in why.binding:
        made.add_row(each.sentence, _small(each.shadow_price))
    return made


def bounds_table(why: Explanation) -> Table:
    """The names at their smallest or largest weight, dearest first."""
    made = table("At its bound", "Bound", "Weight", "Reduced cost", numbers=(2, 3))
    for each in sorted(why.at_bound, key=lambda each: -each.reduced_cost):
        made.add_row(each.name, each.bound, _percent(each.limit), _small(each.reduced_cost))
    return made


def conflict_table(conflict: Iterable[ConflictingLimit]) -> Table:
    """A smallest set of limits that contradict each other."""
    made = table("Constraint", "It says", "This alone would do", numbers=(2,))
    for each in conflict:
        made.add_row(
            _in_lines(each.constraint), each.sentence, NONE if each.sufficient is None else _exact(each.sufficient)
        )
    return made


def relaxation_table(relaxation: Iterable[RelaxedLimit]) -> Table:
    """The smallest change that resolves a conflict."""
    made = table("Constraint", "Limit", "Needed", numbers=(1, 2))
    for each in relaxation:
        made.add_row(each.constraint, _exact(each.limit), _exact(each.needed))
    return made


def _in_lines(constraint: str) -> str:
    """An id that is long, broken before its last word instead of within one."""
    head, dot, word = constraint.rpartition(".")
    return constraint if len(constraint) <= LONGEST_UNBROKEN else f"{head}{dot}\n{word}"


def _percent(value: float | None) -> str:
    return NONE if value is None else f"{_without_rounding(value):.2%}"


def _change(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:+.2%}" if _without_rounding(value) else "0.00%"


def _without_rounding(value: float) -> float:
    return 0.0 if abs(value) < HALF_A_DIGIT else value


def _exact(limit: float) -> str:
    """A limit with the digits that it takes to be satisfied when it is written down again."""
    return f"{limit:.10g}"


def _small(value: float | None) -> str:
    return NONE if value is None else f"{value:.2g}"
