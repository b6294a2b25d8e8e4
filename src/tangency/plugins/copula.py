"""Scenarios drawn from a copula: how returns move together apart from how each is distributed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal, cast

import msgspec
import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.scenarios import Scenarios, equally_likely
from tangency.plugins.kernels.copula_model import correlations, drawn, likeliest_degrees
from tangency.plugins.kernels.marginals import at_empirical, at_normal, at_student, ranks

MOST_SCENARIOS = 100_000
TOTAL_LOSS = -1.0
"""No simple return is lower; what a fitted distribution draws below it is a total loss."""
FEWEST_PERIODS = 3


@dataclass(frozen=True, slots=True)
class CopulaOptions:
    """The copula and the marginal distributions.

    Attributes:
        kind: ``gaussian`` (extreme returns are asymptotically independent) or ``student_t`` (extreme returns tend to
            occur together).
        marginals: distribution of each asset. ``empirical``: interpolated between its past returns. ``normal``.
            ``student_t``: with the mean and variance of the sample, and its kurtosis if that is above the normal one.
        degrees_of_freedom: of the t copula. Default: maximum likelihood.
        size: number of scenarios.
        seed: of the random numbers; the same seed draws the same scenarios.
    """

    kind: Literal["gaussian", "student_t"] = "gaussian"
    marginals: Literal["empirical", "normal", "student_t"] = "empirical"
    degrees_of_freedom: Annotated[float, msgspec.Meta(gt=2.0, le=1000.0)] | None = None
    size: Annotated[int, msgspec.Meta(ge=2, le=MOST_SCENARIOS)] = 2000
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0

    def __post_init__(self) -> None:
        if self.kind == "gaussian" and self.degrees_of_freedom is not None:
            detail = "are those of a t copula; leave them out, or ask for kind 'student_t'."
            raise InvalidInput.at(("degrees_of_freedom",), detail, "conflict")


_MARGINALS = {"empirical": at_empirical, "normal": at_normal, "student_t": at_student}


class Copula(Estimator):
    """Scenarios drawn from a Gaussian or t copula, with a distribution fitted to each asset.

    Use it for tail risk measures on a short history: it generates many scenarios, including combinations that have not
    occurred. With the t copula, losses in several assets at once are more likely than with the Gaussian.
    """

    name = "copula"
    citation = "McNeil, A., Frey, R., Embrechts, P. (2015), Quantitative Risk Management, revised edition, chapter 7"
    options: type = CopulaOptions
    takes: SampleKind = "equal_rows"

    def scenarios(self, sample: Scenarios, options: object) -> Scenarios:
        """Equally likely scenarios.

        Raises:
            InvalidInput: the sample has probabilities, which ranks know nothing of, or is too short to have any ranks.
        """
        asked = cast(CopulaOptions, options)
        returns = equally_likely(sample, self.name)
        if len(returns) < FEWEST_PERIODS:
            detail = (
                f"needs {FEWEST_PERIODS} periods or more to tell how returns move together; there are {len(returns)}."
            )
            raise InvalidInput.at(("risk_parameters", "prior"), detail, "length")
        scores = ranks(returns)
        together = correlations(scores, asked.kind)
        degrees = None
        if asked.kind == "student_t":
            degrees = asked.degrees_of_freedom or likeliest_degrees(scores, together)
        uniform = drawn(together, degrees, asked.size, np.random.default_rng(asked.seed))
        rows = np.maximum(_MARGINALS[asked.marginals](returns, uniform), TOTAL_LOSS)
        return replace(sample, returns=rows, probabilities=None, periods=None)
