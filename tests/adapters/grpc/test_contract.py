"""The messages are the seed's, number by number and byte by byte; what was added has numbers and names of its own."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto
from google.protobuf.json_format import MessageToDict

from tests.adapters.grpc.compiling import OWN, SEED, Compiled, protoc
from tests.architecture.source_tree import REPOSITORY

OPTIONAL = {
    "OptimizationConstraints": {
        "max_position_size",
        "min_position_size",
        "max_sector_exposure",
        "max_asset_class_exposure",
        "max_turnover",
        "target_volatility",
    },
    "OptimizationPreferences": {
        "risk_aversion",
        "include_transaction_costs",
        "consider_tax_implications",
        "transaction_cost_model",
    },
    "OptimizationMetrics": {
        "expected_return",
        "expected_volatility",
        "sharpe_ratio",
        "max_drawdown",
        "turnover",
        "information_ratio",
    },
    "FrontierPoint": {"sharpe"},
    "PortfolioPoint": {"sharpe"},
    "EfficientFrontierRequest": {"points", "min_return", "max_risk"},
    "RebalanceConstraints": {"max_turnover", "min_trade_size", "max_trades", "consider_tax_implications"},
    "RebalanceMetrics": {"tax_implications"},
    "ImprovementMetrics": {"return", "risk", "sharpe"},
    "FactorExposure": {"benchmark_exposure", "active_exposure"},
    "FactorAttribution": {"percent_contribution"},
}
"""The seed's fields whose absence says something."""


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return Compiled(SEED, tmp_path_factory.mktemp("seed"))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return Compiled(OWN, tmp_path_factory.mktemp("own"))


def shape(field: FieldDescriptorProto) -> tuple[object, ...]:
    return field.number, field.name, field.type, field.label, field.type_name


def kinds(file: Compiled) -> dict[str, DescriptorProto]:
    return {kind.name: kind for kind in file.file.message_type}


def test_every_message_of_the_seed_has_its_fields_under_their_numbers(seed: Compiled, own: Compiled) -> None:
    assert len(kinds(seed)) == 21
    for name, kind in kinds(seed).items():
        ours = [shape(field) for field in kinds(own)[name].field]
        theirs = [shape(field) for field in kind.field]
        assert ours[: len(theirs)] == theirs, name


def test_what_was_added_comes_after(own: Compiled) -> None:
    for kind in kinds(own).values():
        assert all(before.number < after.number for before, after in pairwise(kind.field)), kind.name


def test_every_call_of_the_seed_is_there_and_what_was_added_comes_after(seed: Compiled, own: Compiled) -> None:
    theirs, ours = ([method.SerializeToString() for method in file.file.service[0].method] for file in (seed, own))
    assert ours[: len(theirs)] == theirs
    assert [method.name for method in own.file.service[0].method][len(theirs) :] == [
        "StreamEfficientFrontier",
        "WatchOptimization",
    ]


def test_absence_differs_from_zero_where_it_says_something(seed: Compiled, own: Compiled) -> None:
    found = {
        name: {field.name for field in kinds(own)[name].field[: len(kind.field)] if field.proto3_optional}
        for name, kind in kinds(seed).items()
    }
    assert {name: fields for name, fields in found.items() if fields} == OPTIONAL


def test_the_code_is_what_the_compiler_makes_of_the_file(tmp_path: Path) -> None:
    source = REPOSITORY / "src"
    made = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    protoc(f"-I{source}", *made, OWN)
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert len(files) == 3
    for path in files:
        assert path.read_bytes() == (source / path.relative_to(tmp_path)).read_bytes(), f"regenerate {path.name}"


GOLDEN = json.loads(SEED.with_name("golden.json").read_text())
"""Fields of the seed alone, and the bytes that they are for ever."""


@pytest.mark.parametrize("row", GOLDEN, ids=[row["kind"] for row in GOLDEN])
def test_the_bytes_are_those_of_the_seed_either_way(row: dict[str, Any], seed: Compiled, own: Compiled) -> None:
    theirs, ours = (file.message(row["kind"], **row["fields"]) for file in (seed, own))
    assert theirs.SerializeToString(deterministic=True).hex() == row["bytes"]
    assert ours.SerializeToString(deterministic=True).hex() == row["bytes"]
    for file in (seed, own):
        read = file.message(row["kind"])
        read.ParseFromString(bytes.fromhex(row["bytes"]))
        assert MessageToDict(read) == MessageToDict(ours)


def test_zero_of_a_client_of_the_seed_is_absent_and_ours_is_zero(seed: Compiled, own: Compiled) -> None:
    theirs, ours = (file.message("OptimizationConstraints", max_turnover=0.0) for file in (seed, own))
    assert theirs.SerializeToString() == b""
    assert ours.SerializeToString().hex() == "290000000000000000"
    read = own.message("OptimizationConstraints")
    read.ParseFromString(theirs.SerializeToString())
    assert not read.HasField("max_turnover")
    read.ParseFromString(ours.SerializeToString())
    assert read.HasField("max_turnover")


def test_a_client_of_the_seed_reads_past_what_was_added(seed: Compiled, own: Compiled) -> None:
    ours = own.message("EfficientFrontierResponse", portfolio_id="p", frontier_id="frt-1", details={"a": 1.0})
    theirs = seed.message("EfficientFrontierResponse")
    theirs.ParseFromString(ours.SerializeToString())
    assert MessageToDict(theirs) == {"portfolioId": "p"}
