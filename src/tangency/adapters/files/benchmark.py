"""Weights of a benchmark from a file: a row per name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tangency.adapters.files.columns import filled, unique_names, unread
from tangency.adapters.files.headers import NAME, WEIGHT, require
from tangency.adapters.files.table import read_table


@dataclass(frozen=True, slots=True)
class BenchmarkFile:
    """What a file of weights says.

    Attributes:
        ignored: headers of columns that say nothing about a weight.
    """

    weights: dict[str, float]
    ignored: tuple[str, ...] = ()


def read_benchmark(path: Path) -> BenchmarkFile:
    """Read the weights of a benchmark.

    Columns ``name`` and ``weight``, fractions; ``CASH`` may be among the names.

    Raises:
        InvalidInput: the file cannot be read, a header is missing or given twice, a row has no name or no weight, or a
            name occurs twice; with file, row, column, value and what to do.
    """
    table = read_table(path)
    name, weight = require(table, NAME), require(table, WEIGHT)
    names = unique_names(table, name, "already in {}; add the two rows up.")
    weights = filled(table, weight, "there is no weight; write a fraction.")
    return BenchmarkFile(dict(zip(names, weights.tolist(), strict=True)), unread(table, {name, weight}))
