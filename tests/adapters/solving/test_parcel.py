"""Bytes are lent to another process while their parcel is open, and cost nothing afterwards."""

import os
from pathlib import Path

import pytest

from tangency.adapters.solving.parcel import SHORT, Parcel, opened

lending = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="this system has no files in memory")


@pytest.mark.parametrize("size", [0, 1, SHORT, SHORT + 1, 3 * 2**20])
def test_what_is_sent_stands_for_the_bytes(size: int) -> None:
    content = os.urandom(size)
    parcel = Parcel(content)
    assert opened(parcel.sent) == content
    parcel.close()


@lending
def test_much_is_lent_and_not_sent() -> None:
    parcel = Parcel(bytes(2**20))
    assert len(parcel.sent) < 100
    parcel.close()
    assert not Path(str(parcel.sent)).exists()


@lending
def test_a_parcel_that_is_forgotten_leaves_nothing_open() -> None:
    sent = Parcel(bytes(2**20)).sent
    assert not Path(str(sent)).exists()
