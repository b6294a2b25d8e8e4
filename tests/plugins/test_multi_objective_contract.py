"""Multi-objective optimization obeys every law of a method with tails and distances, as it does with its defaults."""

from collections.abc import Mapping
from typing import ClassVar

from tangency.contracts import MethodContract
from tangency.plugins.multi.options import AimOption


class TestTheDistanceFromTheIdealPoint(MethodContract):
    method = "multi_objective"
    examples = 8
    options: ClassVar[Mapping[str, object]] = {
        "objectives": (AimOption("return"), AimOption("risk", 2.0)),
        "scheme": "chebyshev",
        "risk_measure": "cvar",
        "points": 0,
    }
