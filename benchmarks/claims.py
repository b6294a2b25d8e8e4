"""What a row claims, and whether this run bears it out."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Claim:
    """A figure and the limit that it is held against.

    Attributes:
        row: which row makes the claim.
        unit: what the figure counts, e.g. ``times the fastest peer`` or ``ms``.
        at_least: whether the limit is the least that will do, or else the most.
    """

    row: str
    figure: float
    limit: float
    unit: str
    at_least: bool

    @property
    def holds(self) -> bool:
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    def __str__(self) -> str:
        wanted = f"{'at least' if self.at_least else 'at most'} {self.limit:g}"
        return f"{'holds ' if self.holds else 'MISSED'}  {self.row}: {self.figure:.3g} {self.unit}, {wanted} wanted"

    def record(self) -> dict[str, object]:
        """The same for a JSON file."""
        return {**asdict(self), "holds": self.holds}


def summary(claims: list[Claim]) -> str:
    """Every claim that is missed, and how many hold."""
    missed = [str(claim) for claim in claims if not claim.holds]
    return "\n".join([f"{len(claims) - len(missed)} of {len(claims)} claims hold", *missed])
