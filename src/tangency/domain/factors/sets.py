"""The factors that have names of their own, and the sets that French publishes them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tangency.domain.errors import Fault, InvalidInput, Path, hint

THREE, FIVE, MOMENTUM, STATISTICAL = "fama_french_3", "fama_french_5", "momentum", "statistical"

SETS: Mapping[str, tuple[str, ...]] = {
    THREE: ("Mkt-RF", "SMB", "HML"),
    FIVE: ("Mkt-RF", "SMB", "HML", "RMW", "CMA"),
    MOMENTUM: ("Mom",),
}
"""Each with the names that French's files have."""

WORDS: Mapping[str, str] = {
    "market": "Mkt-RF",
    "size": "SMB",
    "value": "HML",
    "profitability": "RMW",
    "investment": "CMA",
    **{factor.lower(): factor for factors in SETS.values() for factor in factors},
}
"""What a single factor may be called."""

WHERE: Mapping[str, str] = {
    THREE: "F-F_Research_Data_Factors",
    FIVE: "F-F_Research_Data_5_Factors_2x3",
    MOMENTUM: "F-F_Momentum_Factor",
}
"""The files of French's data library, by month; those by day have _daily behind."""


def columns_by_set(names: Sequence[str], path: Path) -> dict[str, tuple[str, ...]]:
    """Which columns of which sets are asked for, each factor once.

    The size factor of the five is another one than that of the three, so the market, size and value come from the
    five wherever a factor is asked for that only they have.

    Raises:
        InvalidInput: nothing asked for, or a name that is neither a set nor a factor.
    """
    if not names:
        raise InvalidInput.at(path, "is empty; name at least one factor.", "empty")
    unknown = [i for i, name in enumerate(names) if name.lower() not in SETS and name.lower() not in WORDS]
    if unknown:
        valid = [*SETS, STATISTICAL, *WORDS]
        raise InvalidInput([Fault((*path, i), _stranger(names[i], valid), "unknown") for i in unknown])
    wanted: dict[str, None] = {}
    for name in map(str.lower, names):
        wanted |= dict.fromkeys(SETS.get(name) or (WORDS[name],))
    only_five = set(SETS[FIVE]) - set(SETS[THREE])
    five = FIVE in map(str.lower, names) or bool(only_five & wanted.keys())
    sources = (FIVE if five else THREE, MOMENTUM)
    found = {source: tuple(factor for factor in wanted if factor in SETS[source]) for source in sources}
    return {source: columns for source, columns in found.items() if columns}


def _stranger(name: str, valid: Sequence[str]) -> str:
    return f"{name!r} is not a known factor; {hint(name, valid)} Factors of your own go in as returns by name."
