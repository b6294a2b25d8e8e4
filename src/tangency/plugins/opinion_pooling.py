"""Several opinions about the future, each a prior, pooled into one by how much each is trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal, cast

import msgspec
import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.estimates import Estimator
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import PROBABILITY_ROUNDING, Scenarios
from tangency.domain.numbers import Vector
from tangency.plugins.block_bootstrap import BlockBootstrap, BlockBootstrapOptions
from tangency.plugins.copula import Copula, CopulaOptions
from tangency.plugins.entropy_pooling import PRIOR, MomentView, check_views, pool


class Opinion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One opinion: views, or scenarios of its own. With neither, it is the sample itself.

    Attributes:
        weight: how much the opinion is trusted, from 0 to 1.
        views: views, as for ``entropy_pooling``.
        block_bootstrap: options of the prior ``block_bootstrap``.
        copula: options of the prior ``copula``.
    """

    weight: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    views: tuple[str | MomentView, ...] | None = None
    block_bootstrap: BlockBootstrapOptions | None = None
    copula: CopulaOptions | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.views, self.block_bootstrap, self.copula)) > 1:
            raise ValueError("says more than one of views, block_bootstrap and copula; make an opinion of each")

    def scenarios(self, sample: Scenarios, path: Path) -> Scenarios:
        """What is held to be possible, and how likely."""
        if self.block_bootstrap is not None:
            return BlockBootstrap().scenarios(sample, self.block_bootstrap)
        if self.copula is not None:
            return Copula().scenarios(sample, self.copula)
        return sample if self.views is None else pool(sample, self.views, (*path, "views"))


@dataclass(frozen=True, slots=True)
class OpinionPoolingOptions:
    """The opinions, and how they are combined.

    Attributes:
        opinions: with weights that sum to at most 1; the sample itself gets the rest.
        pooling: ``linear`` averages the probabilities: whatever one opinion considers possible stays possible.
            ``logarithmic`` takes their weighted geometric mean: what one opinion rules out is ruled out. It needs
            opinions that share the periods of the sample, so it accepts views only.
    """

    opinions: tuple[Opinion, ...] = ()
    pooling: Literal["linear", "logarithmic"] = "linear"

    def __post_init__(self) -> None:
        total = sum(opinion.weight for opinion in self.opinions)
        if total > 1.0 + PROBABILITY_ROUNDING:
            raise InvalidInput.at(("opinions",), f"have weights that sum to {total:.9g}; give 1 at most.", "range")
        for position, opinion in enumerate(self.opinions):
            if self.pooling == "logarithmic" and (opinion.block_bootstrap is not None or opinion.copula is not None):
                detail = "draws scenarios of its own, which no other opinion shares; pool 'linear', or give views."
                raise InvalidInput.at(("opinions", position), detail, "conflict")


class OpinionPooling(Estimator):
    """Combines several priors, such as the views of several experts, into one set of weighted scenarios.

    Pooling is linear or logarithmic. Use it when opinions differ and you want to give each a weight.
    """

    name = "opinion_pooling"
    citation = (
        "Stone, M. (1961), The Opinion Pool, Annals of Mathematical Statistics 32(4), 1339-1342; Genest, C., Zidek, J. "
        "(1986), Combining Probability Distributions, Statistical Science 1(1), 114-135"
    )
    options: type = OpinionPoolingOptions
    weighs = True

    def check(self, returns: Returns, options: object) -> None:
        """Refuse opinions on other names, and views that cannot be read."""
        for position, opinion in enumerate(cast(OpinionPoolingOptions, options).opinions):
            check_views(opinion.views or (), returns.universe, (*PRIOR, "opinions", position, "views"))

    def scenarios(self, sample: Scenarios, options: object) -> Scenarios:
        """The pooled scenarios: those of the sample under other probabilities, and where opinions draw some, theirs.

        Raises:
            InvalidInput: an opinion whose views cannot hold, or opinions that leave nothing possible.
        """
        asked = cast(OpinionPoolingOptions, options)
        parts = [
            (opinion.weight, opinion.scenarios(sample, (*PRIOR, "opinions", position)))
            for position, opinion in enumerate(asked.opinions)
            if opinion.weight > 0
        ]
        rest = 1.0 - sum(weight for weight, _ in parts)
        if rest > PROBABILITY_ROUNDING:
            parts.append((rest, sample))
        return _mixed(sample, parts) if asked.pooling == "linear" else _geometric(sample, parts)


def _mixed(sample: Scenarios, parts: list[tuple[float, Scenarios]]) -> Scenarios:
    """Every scenario of every part, those of the sample once."""
    shared = np.zeros(len(sample))
    rows, probabilities = [sample.returns], [shared]
    for weight, part in parts:
        if part.returns is sample.returns:
            shared += weight * part.weights
        else:
            rows.append(part.returns)
            probabilities.append(weight * part.weights)
    if len(rows) == 1:
        return replace(sample, probabilities=shared / shared.sum())
    kept = slice(None) if shared.any() else slice(1, None)
    together = np.concatenate(probabilities[kept])
    return replace(sample, returns=np.concatenate(rows[kept]), probabilities=together / together.sum(), periods=None)


def _geometric(sample: Scenarios, parts: list[tuple[float, Scenarios]]) -> Scenarios:
    with np.errstate(divide="ignore"):
        exponents: Vector = np.sum([weight * np.log(part.weights) for weight, part in parts], axis=0)
    shares = np.exp(exponents - exponents.max())
    return replace(sample, probabilities=shares / shares.sum())
