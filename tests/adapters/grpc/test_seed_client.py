"""A client that was compiled from the seed's file, in another process, is served by every call of it."""

import json
import sys
from pathlib import Path
from subprocess import run

from tests.adapters.grpc.compiling import SEED, protoc
from tests.adapters.grpc.conftest import PORTFOLIO, Doors
from tests.support.held import NAMES


def test_every_call_answers_it(doors: Doors, tmp_path: Path) -> None:
    protoc(f"-I{SEED.parent}", f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}", SEED)
    client = Path(__file__).parent / "seed" / "client.py"
    command = [sys.executable, str(client), str(tmp_path), doors.address, PORTFOLIO]
    answers = json.loads(run(command, check=True, capture_output=True, text=True).stdout)
    assert len(answers) == 5

    ended = answers["GetOptimization"]
    assert ended["status"] == "completed"
    assert max(ended["target_allocation"].values()) <= 0.05 + 1e-8
    assert ended["metrics"]["turnover"] > 0.1  # its limit of 0 cannot be told from none
    assert {trade["action"] for trade in ended["trades"]} == {"buy", "sell"}
    assert len(answers["GenerateEfficientFrontier"]["efficient_frontier"]) == 3
    assert set(answers["GenerateEfficientFrontier"]["efficient_frontier"][0]["weights"]) <= set(NAMES)
    assert answers["GenerateRebalancePlan"]["target_allocation"][NAMES[0]] > 0.03
    assert [row["factor"] for row in answers["AnalyzeFactorExposures"]["attribution"]][-1] == "specific"
