"""How many scenarios a value at risk lets go, where it is to be exact."""

from __future__ import annotations

from tangency.domain.errors import Fault, Unsupported
from tangency.domain.risk.tail import ValueAtRisk

MOST_EXCEEDANCES = 6
"""Whole scenarios that may be let go: at 6 of 125 HiGHS takes seconds, at 12 of 250 the better part of a minute."""
REMEDY = "use var_method 'cvar_proxy'"


def refuse_too_many(risk: ValueAtRisk) -> None:
    """Refuse a program that would not end.

    Raises:
        Unsupported: more scenarios are let go than an exact form takes.
    """
    if int(risk.exceedances) > MOST_EXCEEDANCES:
        raise refusal(
            f"lets {int(risk.exceedances)} of {len(risk.scenarios)} scenarios go; its exact form takes at most "
            f"{MOST_EXCEEDANCES}: {REMEDY}, raise the confidence level, or give fewer scenarios"
        )


def refusal(what: str) -> Unsupported:
    """The error for what has no exact form."""
    return Unsupported([Fault(("method_options", "var_method"), f"value at risk {what}.", "unsupported")])
