"""Run the benchmarks and print ratios: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.claims import Claim

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
LIBRARIES = (
    "tangency",
    "numpy",
    "scipy",
    "piqp",
    "clarabel",
    "osqp",
    "cvxpy",
    "PyPortfolioOpt",
    "skfolio",
    "Riskfolio-Lib",
)


def main() -> None:
    """Run the rows that were asked for, print them as they come, and say which claims hold."""
    asked = _arguments()
    for name in THREADS:  # read by the libraries when numpy loads them, which is below
        os.environ.setdefault(name, "1")
    warnings.simplefilter("ignore")
    started, machine = perf_counter(), _machine()
    print("\n".join(f"{key}: {value}" for key, value in machine.items()))
    claims: list[Claim] = []
    record: dict[str, object] = {"machine": machine}
    for name in asked.rows:
        record[name] = _ROWS[name](asked, claims)
    _conclude(claims, started)
    if asked.json:
        record["claims"] = [claim.record() for claim in claims]
        asked.json.write_text(json.dumps(record, indent=1, default=str) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ours and the peers', in one run.")
    parser.add_argument("--rows", nargs="+", choices=_ROWS, default=list(_ROWS), help="what to measure (all)")
    parser.add_argument(
        "--sizes", nargs="+", type=int, help="numbers of assets (20 100 250 500 1000; of methods 100 500)"
    )
    parser.add_argument("--repeat", type=int, default=25, help="calls of the quick ones per case (25)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure there")
    return parser.parse_args()


def _machine() -> dict[str, object]:
    load = " ".join(f"{each:.2f}" for each in os.getloadavg())
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores, load {load}",
        "python": platform.python_version(),
        "threads": os.environ[THREADS[0]],
        "versions": ", ".join(f"{name} {_version(name)}" for name in LIBRARIES),
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    models = [each.partition(":")[2].strip() for each in lines if each.startswith("model name")]
    return models[0] if models else platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _mean_variance(asked: argparse.Namespace, claims: list[Claim]) -> list[object]:
    from benchmarks import mean_variance, tables
    from benchmarks.cases import SIZES

    print(f"\n{tables.header()}")
    records: list[object] = []
    notes: list[str] = []
    for row in mean_variance.rows(asked.sizes or SIZES, asked.repeat):
        print(tables.row_line(row), flush=True)
        claims += row.claims
        notes += tables.notes(row)
        records.append({"row": row.title, "results": [result.record() for result in row.results]})
    print("\n".join(["", *notes]))
    return records


def _methods(asked: argparse.Namespace, claims: list[Claim]) -> list[object]:
    from benchmarks import methods, tables
    from benchmarks.method_contenders import PEERS

    print(f"\n{tables.header(PEERS, 'floor')}")
    records: list[object] = []
    notes: list[str] = []
    for row in methods.rows(asked.sizes or methods.SIZES, asked.repeat):
        print(tables.row_line(row, PEERS), flush=True)
        claims += row.claims
        notes += tables.notes(row)
        records.append({"row": row.title, "results": [result.record() for result in row.results]})
    print("\n".join(["", *notes]))
    return records


def _imports(_asked: argparse.Namespace, claims: list[Claim]) -> list[object]:
    from benchmarks import imports

    print(f"\n{imports.header()}")
    records: list[object] = []
    for start in imports.starts():
        print(imports.row_line(start), flush=True)
        claims += start.claims
        records.append(start.record())
    return records


def _memory(_asked: argparse.Namespace, claims: list[Claim]) -> list[object]:
    from benchmarks import memory

    records: list[object] = []
    print()
    for peak in memory.peaks():
        print(f"memory of {peak.aim}, n = {memory.SIZE}: {peak.matrices:.2f} covariance matrices", flush=True)
        claims += peak.claims
        records.append(peak.record())
    return records


def _service(_asked: argparse.Namespace, claims: list[Claim]) -> list[object]:
    from benchmarks import clients, service

    records: list[object] = []
    print()
    for row in (service.overhead(), clients.crowd()):
        print(row, flush=True)
        claims += row.claims
        records.append(row.record())
    return records


def _frontier(asked: argparse.Namespace, claims: list[Claim]) -> list[object]:
    from benchmarks import frontier

    records: list[object] = []
    print()
    for row in frontier.rows(asked.sizes or frontier.SIZES, asked.repeat):
        print(row, flush=True)
        claims += row.claims
        records.append(row.record())
    return records


_ROWS: dict[str, Callable[[argparse.Namespace, list[Claim]], list[object]]] = {
    "mean_variance": _mean_variance,
    "methods": _methods,
    "imports": _imports,
    "memory": _memory,
    "service": _service,
    "frontier": _frontier,
}


def _conclude(claims: list[Claim], started: float) -> None:
    from benchmarks.claims import summary

    print(f"\n{summary(claims)}\n{perf_counter() - started:.0f} s in all", file=sys.stdout)


if __name__ == "__main__":
    main()
