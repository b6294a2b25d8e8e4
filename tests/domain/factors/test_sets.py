"""Which columns of French's files are asked for."""

import pytest

from tangency.domain.errors import InvalidInput
from tangency.domain.factors.sets import columns_by_set


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["fama_french_3"], {"fama_french_3": ("Mkt-RF", "SMB", "HML")}),
        (["Market", "value"], {"fama_french_3": ("Mkt-RF", "HML")}),
        (["market", "RMW"], {"fama_french_5": ("Mkt-RF", "RMW")}),
        (["fama_french_3", "momentum", "Mom"], {"fama_french_3": ("Mkt-RF", "SMB", "HML"), "momentum": ("Mom",)}),
        (["fama_french_3", "FAMA_FRENCH_5"], {"fama_french_5": ("Mkt-RF", "SMB", "HML", "RMW", "CMA")}),
    ],
)
def test_sets_and_factors_by_name(names: list[str], columns: dict[str, tuple[str, ...]]) -> None:
    assert columns_by_set(names, ("factors",)) == columns


def test_every_stranger_is_named_with_its_place() -> None:
    with pytest.raises(InvalidInput) as caught:
        columns_by_set(["market", "qualty", "sise"], ("factors",))
    assert [fault.path for fault in caught.value.faults] == [("factors", 1), ("factors", 2)]
