"""Factors from French's files, written here as he writes them, and from tables of one's own."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

import tangency
from tangency.adapters.files.factors import read_factors
from tangency.domain.errors import InvalidInput
from tangency.domain.factors.history import FactorHistory

THREE = """This file was created by CMPT_ME_BEME_RETS using the 202312 CRSP database.
The 1-month TBill return is from Ibbotson and Associates, Inc.

,Mkt-RF,SMB,HML,RF
192607,    2.96,   -2.56,   -2.43,    0.22
192608,    2.64,   -1.17,    3.82,    0.25
192609,    0.36,   -1.40,    0.13,    0.23

 Annual Factors: January-December\x20
,Mkt-RF,SMB,HML,RF
  1927,   29.47,   -2.04,   -4.54,    3.12

Copyright 2023 Kenneth R. French
"""
FIVE_DAILY = """This file was created using the 202312 CRSP database.

,Mkt-RF,SMB,HML,RMW,CMA,RF
19630701,   -0.67,    0.02,   -0.35,    0.03,    0.13,    0.012
19630702,    0.79,   -0.28,    0.28,   -0.08,   -0.21,    0.012
"""
MOMENTUM = """This file was created by CMPT_ME_PRIOR_RETS using the 202312 CRSP database.
It contains a momentum factor, constructed from six value-weight portfolios.
Missing data are indicated by -99.99 or -999.


,Mom\x20\x20
192701,   0.36
192702,  -99.99
192703,  -999
192704,   3.73


Annual Factors: January-December
,Mom\x20\x20
1927,  21.50
"""


def read(folder: Path, text: str, name: str = "factors.csv") -> FactorHistory:
    file = folder / name
    file.write_text(text, "latin-1")
    return read_factors(file)


def test_three_factors_by_month(tmp_path: Path) -> None:
    found = read(tmp_path, THREE)
    assert found.names == ("Mkt-RF", "SMB", "HML")
    assert found.dates == (date(1926, 7, 31), date(1926, 8, 31), date(1926, 9, 30))
    assert found.frequency == "monthly"
    np.testing.assert_allclose(found.values[0], [0.0296, -0.0256, -0.0243])
    assert found.risk_free is not None
    np.testing.assert_allclose(found.risk_free, [0.0022, 0.0025, 0.0023])


def test_the_librarys_door_reads_them_too(tmp_path: Path) -> None:
    file = tmp_path / "french.csv"
    file.write_text(THREE)
    assert tangency.read_factors(file).names == ("Mkt-RF", "SMB", "HML")


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    assert np.array_equal(read(tmp_path, THREE.replace("\n", "\r\n")).values, read(tmp_path, THREE).values)


def test_five_factors_by_day(tmp_path: Path) -> None:
    found = read(tmp_path, FIVE_DAILY)
    assert found.names == ("Mkt-RF", "SMB", "HML", "RMW", "CMA")
    assert found.dates == (date(1963, 7, 1), date(1963, 7, 2))
    assert found.frequency == "daily"
    assert found.by_name["CMA"] == pytest.approx([0.0013, -0.0021])


def test_momentum_has_gaps_and_no_rate(tmp_path: Path) -> None:
    found = read(tmp_path, MOMENTUM)
    assert found.names == ("Mom",)
    assert found.risk_free is None
    assert np.isnan(found.values[1:3, 0]).all()
    with pytest.raises(InvalidInput, match="'Mom' has no return on 1927-02-28"):
        _ = found.by_name
    assert found.on([date(1927, 1, 15), date(1927, 4, 30)]).by_name == {"Mom": pytest.approx([0.0036, 0.0373])}


def test_a_table_of_ones_own_is_in_fractions_and_any_order(tmp_path: Path) -> None:
    found = read(tmp_path, "date,Quality,RF\n2020-02-03,0.01,0.0001\n2020-02-01,-0.02,0.0001\n2020-02-04,,0.0001\n")
    assert found.names == ("Quality",)
    assert found.dates[0] == date(2020, 2, 1)
    np.testing.assert_allclose(found.values[:, 0], [-0.02, 0.01, np.nan])
    assert found.frequency == "daily"
    monthly = read(tmp_path, "date,Q\n2020-01-31,0.01\n2020-02-28,0.02\n")
    assert monthly.frequency == "monthly"
    assert monthly.on([date(2020, 2, 3)]).by_name == {"Q": [0.02]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (THREE.replace("2.64,", "2.64"), r"factors.csv, line 6: 3 figures for 4 factors"),
        (THREE.replace("2.64", "n/a"), r"factors.csv, line 6: .* is not a row of figures"),
        (THREE.replace("192608", "192613"), "192613 is not a date"),
        (THREE.replace("192608", "192606"), "have 1926-06-30 after a date that is not before it"),
        (THREE.replace("SMB", "HML"), "name 'HML' twice"),
        ("day,Q\n2020-01-31,abc\n", "'abc' is not a number"),
        ("Q\n1.0\n", "has no column 'date'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        read_factors(tmp_path / "none.csv")


def test_periods_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="begin on 1926-07-31, end on 1926-09-30, and have nothing for 1930-01-31"):
        read(tmp_path, THREE).on([date(1926, 7, 1), date(1930, 1, 31)])


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInput, match="1 periods of 2 factors need"):
        FactorHistory(("A", "B"), (date(2020, 1, 1),), np.zeros((1, 1)), "daily")
