"""The report is one file that needs nobody: no host, no script but its own, whatever the names are."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest

from tangency.adapters.report.page import report_page
from tangency.application.question import Strategy
from tangency.domain.market.universe import Asset
from tests.adapters.report.conftest import Reported, Reporter
from tests.support.questions import STRATEGIES, question

PLOTLY = files("plotly").joinpath("package_data", "plotly.min.js").read_text("utf-8")
ELSEWHERE = re.compile(r"""(?:https?:)?//[\w.-]+\.\w|\b(?:src|href|srcset|action)\s*=|@import|url\(""", re.IGNORECASE)
HOSTILE = '</script><script>alert("1")</script><b>'


class Reader(HTMLParser):
    """What a browser would see: tags with their attributes, and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="session")
def page(sample: Reported) -> str:
    return report_page(sample.findings, sample.frontier, "Sample portfolio", "A note.")


def charts_of(page: str) -> dict[str, Any]:
    (drawn,) = re.findall(r"^const charts = (.*);$", page, re.MULTILINE)
    charts: dict[str, Any] = json.loads(drawn)
    return charts


def test_the_page_names_no_other_host(page: str) -> None:
    assert PLOTLY in page
    assert ELSEWHERE.findall(page.replace(PLOTLY, "")) == []


def test_the_browser_is_told_to_load_nothing(page: str) -> None:
    policies = [attributes.get("content") or "" for tag, attributes in Reader(page).tags if tag == "meta"]
    (policy,) = [content for content in policies if "default-src" in content]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "connect-src" not in policy


def test_every_chart_has_its_place_and_its_axes_their_units(page: str) -> None:
    places = {attributes.get("id") for tag, attributes in Reader(page).tags if tag == "div"}
    charts = charts_of(page)
    assert set(charts) == {"allocation", "sectors", "risk", "frontier"} <= places
    for chart in charts.values():
        title = chart["layout"]["xaxis"]["title"]["text"]
        assert "%" in title or "annual" in title
        assert chart["layout"]["xaxis"]["tickformat"].endswith("%")


def test_the_charts_show_the_answer(page: str, sample: Reported) -> None:
    charts, solution = charts_of(page), sample.findings.solution
    target = next(trace for trace in charts["allocation"]["data"] if trace["name"] == "Target")
    shown = dict(zip(target["y"], target["x"], strict=True))
    assert shown.pop("CASH") == 0.0
    assert shown == pytest.approx({name: solution.weights_by_name[name] for name in shown})
    assert sum(shown.values()) == pytest.approx(1.0)
    risk = next(trace for trace in charts["risk"]["data"] if trace["name"] == "Share of risk")
    assert sum(risk["x"]) == pytest.approx(1.0)
    chosen = next(trace for trace in charts["frontier"]["data"] if trace["name"] == "Optimized portfolio")
    assert (chosen["x"][0], chosen["y"][0]) == (solution.expected_volatility, solution.expected_return)
    limit = next(trace for trace in charts["sectors"]["data"] if trace["name"] == "Limit")
    assert (limit["x"], limit["y"]) == ([0.25], ["Technology"])


def test_the_words_tell_the_proof_and_the_price(page: str) -> None:
    told = Reader(page.replace(PLOTLY, "")).text
    for part in (
        *("Maximum Sharpe ratio by mean_variance", "Expected return (annual)", "One-way turnover", "30.00%", "A note."),
        *("Optimal", "By weak duality, no portfolio within the limits improves the Sharpe ratio by more than"),
        *("One-way turnover from the current weights is at most 0.3.", "largest weight", "Hash of the problem"),
    ):
        assert part in told


def test_names_from_outside_stay_text(reporter: Reporter) -> None:
    first: Strategy = STRATEGIES[0]._replace(asset=Asset(HOSTILE, HOSTILE))
    asked = question(strategies=(first, *STRATEGIES[1:]))
    covariance = asked.risk.covariance
    assert covariance is not None
    named = replace(covariance, names=(HOSTILE, *covariance.names[1:]))
    reported = reporter.report(replace(asked, risk=replace(asked.risk, covariance=named)))
    page = report_page(reported.findings, reported.frontier, HOSTILE, HOSTILE)
    assert HOSTILE not in page
    assert [tag for tag, _ in Reader(page.replace(PLOTLY, "")).tags].count("script") == 2
    assert HOSTILE in charts_of(page)["allocation"]["data"][0]["y"]


def test_what_is_not_known_is_left_out(reporter: Reporter) -> None:
    bare = tuple(each._replace(asset=Asset(each.asset.name), current_weight=None) for each in STRATEGIES)
    reported = reporter.report(question(method="equal_weight", strategies=bare))
    page = report_page(reported.findings, None, "Bare")
    told = Reader(page.replace(PLOTLY, "")).text
    assert set(charts_of(page)) == {"allocation", "risk"}
    assert "Feasible" in told
    assert "Current weights are not known." in told
    assert "No limit on the whole portfolio" in told
