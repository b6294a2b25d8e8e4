"""Requests and problems from files: the answer that REST gives, and every way to have none with its own exit code."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tangency
from tests.support import plain_http
from tests.support.command import Command, Ran
from tests.support.requests import REQUEST, YAML, asked

TECHNOLOGY = "constraints.sector_limits.technology"


def optimize(command: Command, request: object, *options: str, **settings: str) -> Ran:
    return command("optimize", command.write("request.json", request), *options, **settings)


def figures(document: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is different every time."""
    told = {name: value for name, value in document.items() if name != "provenance"}
    return {**told, "optimization_metadata": {**told["optimization_metadata"], "optimization_time_ms": 0}}


def test_a_request_prints_its_answer_as_tables(command: Command) -> None:
    ran = command.apart("optimize", command.write("request.json", REQUEST))
    assert ran.code == 0
    assert ran.err == ""
    for part in ("AAPL", "30.00%", "-20.00%", "technology", "Sharpe ratio", "Proven gap", "What binds", "Shadow price"):
        assert part in ran.out


def test_with_json_it_is_the_document_that_the_service_keeps(command: Command) -> None:
    ran = optimize(command, REQUEST, "--json")
    assert ran.code == 0
    with command.serving() as served:
        kept = plain_http.get(f"{served.address}/api/v1/optimization/port-1/latest", timeout=60)
    assert kept.json() == ran.json
    assert ran.json["why"]["binding"][0]["constraint"] == TECHNOLOGY


def test_yaml_and_standard_input_ask_the_same(command: Command) -> None:
    from_json = optimize(command, REQUEST, "--json")
    from_yaml = command("optimize", command.write("request.yaml", YAML), "--json")
    from_input = command("optimize", "-", "--json", stdin=(command.folder / "request.json").read_text())
    assert figures(from_json.json) == figures(from_yaml.json) == figures(from_input.json)


def test_a_serialised_problem_is_solved_and_nothing_is_kept(command: Command) -> None:
    market = tangency.Market(tangency.Universe.of(["A", "B"]), covariance=np.diag([0.04, 0.09]))
    problem = tangency.Problem(market, tangency.MinimumVolatility(), (tangency.Budget(), tangency.LongOnly()))
    ran = optimize(command, tangency.to_document(problem), "--json")
    assert ran.code == 0
    assert ran.json["optimal_weights"] == pytest.approx({"A": 9 / 13, "B": 4 / 13}, abs=1e-9)
    assert ran.json["provenance"]["optimization_id"] == "opt-00000000000000000000000000"
    assert not command.data.exists()


def test_a_serialised_problem_may_leave_its_covariance_to_its_method(command: Command) -> None:
    names = ["A", "B"]
    stated = {
        "center": {"names": names, "values": [[0.04, 0.0], [0.0, 0.09]]},
        "half_width": {"names": names, "values": [[0.01, 0.0], [0.0, 0.01]]},
    }
    market, limits = tangency.Market(tangency.Universe.of(names)), (tangency.Budget(), tangency.LongOnly())
    method, options = "robust_optimization", {"covariance_uncertainty": stated}
    problem = tangency.Problem(market, tangency.MinimumVolatility(), limits, method=method, options=options)
    ran = optimize(command, tangency.to_document(problem), "--json", "--report", "out.html")
    assert ran.code == 0, ran.err
    assert ran.json["optimal_weights"] == pytest.approx({"A": 10 / 15, "B": 5 / 15}, abs=1e-5)
    assert (command.folder / "out.html").exists()


def test_a_report_is_written_where_it_is_asked_for(command: Command) -> None:
    ran = optimize(command, REQUEST, "--report", "out.html")
    assert ran.code == 0
    assert str(command.folder / "out.html") in ran.out
    assert "port-1" in (command.folder / "out.html").read_text()


ENDINGS: list[tuple[str, object, int, str]] = [
    ("not JSON", "{", 3, "invalid"),
    ("a key twice", '{"portfolio_id": "a", "portfolio_id": "b"}', 3, "invalid"),
    ("an unknown field", asked(constrain={}), 3, "invalid"),
    ("an unknown method", asked(method="MAGIC"), 3, "unsupported"),
    ("nothing imported", {"portfolio_id": "x", "objective": "MAX_SHARPE", "method": "MEAN_VARIANCE"}, 3, "invalid"),
    ("a broken problem", {"tangency_problem": 1, "universe": []}, 3, "invalid"),
    ("contradicting limits", asked(constraints={"max_weight": 0.3}), 4, "infeasible"),
    ("nothing beats cash", asked(risk_parameters={"risk_free_rate": 0.2}), 5, "not-applicable"),
]


@pytest.mark.parametrize(("request_", "code", "slug"), [case[1:] for case in ENDINGS], ids=[c[0] for c in ENDINGS])
def test_every_ending_has_its_code_and_its_document(request_: object, code: int, slug: str, command: Command) -> None:
    ran = optimize(command, request_, "--json")
    assert (ran.code, ran.problem) == (code, slug)
    assert ran.err == ""


def test_mistakes_are_told_with_their_places(command: Command) -> None:
    ran = optimize(command, asked(constraints={"max_weigth": 0.3, "min_weight": "none"}))
    assert ran.code == 3
    assert ran.err.splitlines() == [
        "Error: There are 2 mistakes:",
        "  constraints/max_weigth 'max_weigth' is not a known field; did you mean max_weight or min_weight?",
        "  constraints/min_weight is 'none'; give a finite number.",
    ]
    assert ran.out == ""


def test_a_contradiction_is_told_with_what_would_do(command: Command) -> None:
    ran = optimize(command, asked(constraints={"max_weight": 0.3, "sector_limits": {}}))
    assert ran.code == 4
    assert "These limits contradict each other" in ran.err
    assert "constraints.max_weight" in ran.err
    assert "0.333333334" in ran.err


def test_a_limit_with_a_long_name_is_told_with_what_would_do(command: Command) -> None:
    sectors = {"technology": 0.3, "energy": 0.3, "health_care": 0.3}
    ran = optimize(command, asked(constraints={"sector_limits": sectors}))
    rows = [" ".join(line.split()) for line in ran.err.splitlines()]
    assert "constraints.sector_limits. Sector technology weighs at 0.4" in rows, ran.err
    assert "technology most 0.3, net." in rows


@pytest.mark.parametrize(
    ("method", "options", "code", "slug"),
    [
        ("raises", {}, 7, "method-crashed"),
        ("absent", {}, 7, "plugin-unusable"),
        ("sleeps", {"seconds": 30}, 6, "time-limit"),
    ],
)
def test_a_strangers_failure_is_told_as_such(
    method: str, options: dict[str, Any], code: int, slug: str, command: Command, strange_plugins: tuple[Path, ...]
) -> None:
    beside = Command(command.folder, strange_plugins, {"TANGENCY_DEADLINE_S": "2"})
    plain = asked(objective="MIN_VOLATILITY", method=method, method_options=options)
    ran = optimize(beside, {**plain, "constraints": {}}, "--json")
    assert (ran.code, ran.problem) == (code, slug), ran.out


def test_a_store_that_cannot_be_used_ends_with_8(command: Command) -> None:
    command.write("data", "a file where the folder should be")
    ran = optimize(command, REQUEST, "--json")
    assert (ran.code, ran.problem) == (8, "storage")
    assert "File exists. TANGENCY_DATA_DIR names another folder" in ran.json["detail"]
    report = command("demo", "--output", "nowhere/report.html", TANGENCY_DATA_DIR=str(command.folder / "other"))
    assert report.code == 8
    assert "nowhere/report.html: No such file or directory" in report.err
