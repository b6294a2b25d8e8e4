"""Compare every method and estimator with its peers and write the tables: ``python -m validation``."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from time import perf_counter

from validation import differences, estimators, mean_variance, procedures, risk, robust, special, tables
from validation.case import Case, Row, compared

DOCUMENT = Path(__file__).parents[1] / "docs" / "validation.md"
PEERS = (
    "PyPortfolioOpt",
    "skfolio",
    "Riskfolio-Lib",
    "cvxpy",
    "clarabel",
    "scikit-learn",
    "pandas",
    "numpy",
    "arch",
)


def optimal_cases() -> Iterator[Case]:
    """Questions with a best answer."""
    yield from chain(mean_variance.cases(), mean_variance.views(), risk.least_risk(), risk.greatest_ratio())
    yield from chain(risk.equal_contributions(), special.cases(), robust.cases())


def procedure_cases() -> Iterator[Case]:
    """Rules and procedures."""
    yield from chain(procedures.rules(), procedures.hierarchies())


def main() -> None:
    """Answer every question, and put the tables into docs/validation.md."""
    arguments = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    arguments.add_argument("--document", type=Path, default=DOCUMENT, help="where the tables go")
    document = arguments.parse_args().document
    warnings.simplefilter("ignore")  # the peers' own, about versions and tolerances
    began = perf_counter()
    sections = {
        "versions": tables.versions({name: version(name) for name in PEERS}),
        "optimal": tables.optimal(_rows(optimal_cases())),
        "procedures": tables.procedures(_rows(procedure_cases())),
        "differences": tables.apart(differences.differences()),
        "estimators": tables.estimates(chain.from_iterable(map(estimators.compared, estimators.cases()))),
    }
    tables.put(document, sections)
    print(f"{document}: compared in {perf_counter() - began:.0f} s")


def _rows(cases: Iterator[Case]) -> Iterator[Row]:
    return chain.from_iterable(map(compared, cases))


if __name__ == "__main__":
    main()
