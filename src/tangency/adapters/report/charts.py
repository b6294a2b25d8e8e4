"""The charts, as plotly.js takes them: a list of traces and a layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from tangency.adapters.report.findings import Figures, Findings, Position
from tangency.adapters.report.frontier import Frontier, Point
from tangency.adapters.report.labels import Frame, placed
from tangency.domain.optimization.constraint import SectorLimit

Chart: TypeAlias = dict[str, Any]

NAVY, GREY, AMBER, SLATE, LINE = "#17406d", "#b4c0cd", "#c8641b", "#5c6b7a", "#dfe5ec"
"""Told apart in print and by readers who do not see red and green as two."""

MOST_BARS = 30
SMALLEST_BAR = 5e-5
"""A weight below half a basis point leaves no mark."""
ROW_PIXELS = 27
FRONTIER_SIZE = (960.0, 430.0)
"""Pixels of the plane, about; labels are placed for it."""

_FONT = {"family": "Inter, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif", "size": 12, "color": "#26323f"}
_PERCENT = {"tickformat": ".1~%", "gridcolor": LINE, "zerolinecolor": SLATE, "zerolinewidth": 1}
_SPACE = {"ticks": "outside", "ticklen": 6, "tickcolor": "#ffffff"}


def allocation(findings: Findings) -> Chart:
    """Weight by name, today and as optimized."""
    shown = _worth_a_bar(findings)
    bars = [_bars("Target", [p.name for p in shown], [p.target for p in shown], NAVY)]
    if findings.problem.current is not None:
        bars.append(_bars("Current", [p.name for p in shown], [p.current for p in shown], GREY))
    return _horizontal(bars, len(shown), "Weight (% of portfolio value)")


def sectors(findings: Findings) -> Chart | None:
    """Net weight by sector, and the limits on it; None where no name has a sector."""
    groups = findings.problem.universe.sectors
    if not groups:
        return None
    held = {position.name: position for position in findings.positions}
    target = {sector: sum(held[name].target for name in names) for sector, names in groups.items()}
    order = sorted(target, key=lambda sector: -target[sector])
    words = [worded(sector) for sector in order]
    bars = [_bars("Target", words, [target[sector] for sector in order], NAVY)]
    if findings.problem.current is not None:
        current = [sum(held[name].current or 0.0 for name in groups[sector]) for sector in order]
        bars.append(_bars("Current", words, current, GREY))
    return _horizontal([*bars, *_limits(findings)], len(order), "Net weight (% of portfolio value)")


def risk(findings: Findings) -> Chart | None:
    """Share of the variance by name beside its weight; None for a riskless portfolio."""
    if findings.solution.risk_shares is None:
        return None
    shown = [p for p in _worth_a_bar(findings) if p.risk_share is not None and abs(p.target) >= SMALLEST_BAR]
    shown.sort(key=lambda position: -(position.risk_share or 0.0))
    names = [position.name for position in shown]
    bars = [
        _bars("Share of risk", names, [position.risk_share for position in shown], AMBER),
        _bars("Weight", names, [position.target for position in shown], NAVY),
    ]
    return _horizontal(bars, len(shown), "Share of portfolio variance, and weight (%)")


def frontier(findings: Findings, curve: Frontier) -> Chart:
    """Least volatility for each return, with the names, today's portfolio and the one chosen."""
    marks = [_mark("Optimized portfolio", findings.target, "star", AMBER, 16)]
    if findings.today is not None:
        marks.append(_mark("Current portfolio", findings.today, "diamond", "#26323f", 12))
    marks = [mark for mark in marks if mark]
    frame = _frame(curve, marks)
    lines = [_line("Efficient frontier within the limits", curve.within_limits, NAVY, "solid")]
    if _differs(curve):
        lines.append(_line("Efficient frontier without them", curve.unlimited, SLATE, "dash"))
    taken = [(point.volatility, point.expected_return) for point in (*curve.within_limits, *curve.unlimited)]
    taken += [(mark["x"][0], mark["y"][0]) for mark in marks]
    layout = _layout(FRONTIER_SIZE[1] + 110)
    layout["xaxis"] = {**_PERCENT, "title": {"text": "Volatility (annual)"}, "range": frame.x, "zeroline": False}
    layout["yaxis"] = {**_PERCENT, "title": {"text": "Expected return (annual)"}, "range": frame.y, "zeroline": False}
    return {"data": [*lines, _names(curve.names, frame, taken), *marks], "layout": layout}


def worded(sector: str) -> str:
    """A sector for people: ``health_care`` is ``Health care``."""
    words = sector.replace("_", " ")
    return words[:1].upper() + words[1:]


def _worth_a_bar(findings: Findings) -> list[Position]:
    """The positions that leave a mark, the largest of them where there are many."""

    def size(position: Position) -> float:
        return max(abs(position.target), abs(position.current or 0.0))

    largest = sorted(map(size, findings.positions), reverse=True)[:MOST_BARS]
    return [p for p in findings.largest_first if size(p) >= max(SMALLEST_BAR, largest[-1])][:MOST_BARS]


def _bars(name: str, labels: Sequence[str], values: Sequence[float | None], colour: str) -> Chart:
    hover = f"%{{y}}<br>{name}: %{{x:.2%}}<extra></extra>"
    bar = {"type": "bar", "orientation": "h", "name": name, "marker": {"color": colour}, "hovertemplate": hover}
    return {**bar, "y": list(labels), "x": list(values)}


def _limits(findings: Findings) -> list[Chart]:
    limits = [limit for limit in findings.problem.constraints if isinstance(limit, SectorLimit)]
    if not limits:
        return []
    marker = {"symbol": "line-ns", "size": 24, "line": {"color": AMBER, "width": 3}}
    trace = {"type": "scatter", "mode": "markers", "name": "Limit", "marker": marker}
    hover = "%{y}<br>Limit: %{x:.2%}<extra></extra>"
    x, y = [limit.limit for limit in limits], [worded(limit.sector) for limit in limits]
    return [{**trace, "x": x, "y": y, "hovertemplate": hover}]


def _horizontal(data: Sequence[Chart], rows: int, title: str) -> Chart:
    layout = _layout(110 + ROW_PIXELS * rows)
    layout["barmode"], layout["bargap"], layout["bargroupgap"] = "group", 0.3, 0.05
    layout["xaxis"] = {**_PERCENT, "title": {"text": title, "standoff": 10}}
    layout["yaxis"] = {"autorange": "reversed", "automargin": True, **_SPACE, "type": "category", "dtick": 1}
    return {"data": list(data), "layout": layout}


def _layout(height: float) -> Chart:
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom", "traceorder": "normal"}
    plain = {"paper_bgcolor": "#ffffff", "plot_bgcolor": "#ffffff", "hoverlabel": {"font": _FONT}}
    margin = {"l": 70, "r": 20, "t": 40, "b": 55}
    return {"height": height, "font": _FONT, "legend": legend, "margin": margin, **plain}


def _line(name: str, points: Sequence[Point], colour: str, dash: str) -> Chart:
    x, y = [point.volatility for point in points], [point.expected_return for point in points]
    hover = f"{name}<br>Volatility: %{{x:.2%}}<br>Expected return: %{{y:.2%}}<extra></extra>"
    line = {"color": colour, "width": 2.5 if dash == "solid" else 1.5, "dash": dash}
    return {"type": "scatter", "mode": "lines", "name": name, "line": line, "x": x, "y": y, "hovertemplate": hover}


def _names(points: Sequence[Point], frame: Frame, taken: Sequence[tuple[float, float]]) -> Chart:
    where = placed([(p.volatility, p.expected_return, p.label) for p in points], frame, taken)
    hover = "%{customdata}<br>Volatility: %{x:.2%}<br>Expected return: %{y:.2%}<extra></extra>"
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": "Single names",
        "x": [point.volatility for point in points],
        "y": [point.expected_return for point in points],
        "text": [point.label if position else "" for point, position in zip(points, where, strict=True)],
        "textposition": [position or "top center" for position in where],
        "textfont": {"size": 11, "color": SLATE},
        "customdata": [point.label for point in points],
        "marker": {"color": GREY, "size": 7},
        "hovertemplate": hover,
    }


def _mark(name: str, figures: Figures, symbol: str, colour: str, size: int) -> Mapping[str, Any]:
    if figures.expected_return is None or figures.expected_volatility is None:
        return {}
    hover = f"{name}<br>Volatility: %{{x:.2%}}<br>Expected return: %{{y:.2%}}<extra></extra>"
    marker = {"symbol": symbol, "size": size, "color": colour, "line": {"color": "#ffffff", "width": 1}}
    trace = {"type": "scatter", "mode": "markers", "name": name, "marker": marker, "hovertemplate": hover}
    return {**trace, "x": [figures.expected_volatility], "y": [figures.expected_return]}


def _frame(curve: Frontier, marks: Sequence[Mapping[str, Any]]) -> Frame:
    points = (*curve.within_limits, *curve.unlimited, *curve.names)
    x = [point.volatility for point in points] + [mark["x"][0] for mark in marks]
    y = [point.expected_return for point in points] + [mark["y"][0] for mark in marks]
    return Frame(_widened(x), _widened(y), *FRONTIER_SIZE)


def _widened(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.01
    return low - margin, high + margin


def _differs(curve: Frontier) -> bool:
    pairs = zip(curve.within_limits, curve.unlimited, strict=False)
    apart = any(abs(one.volatility - other.volatility) > SMALLEST_BAR for one, other in pairs)
    return bool(curve.unlimited) and (apart or len(curve.within_limits) != len(curve.unlimited))
