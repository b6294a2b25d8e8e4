"""Trace contexts as W3C has them: handed on where they can be understood, ignored where not."""

import pytest

from tangency.domain.trace import TraceContext

IDS = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
PARENT = f"00-{IDS}-01"
STATE = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"


def test_a_parent_is_handed_on_with_its_state() -> None:
    found = TraceContext.of(PARENT, STATE)
    assert found is not None
    assert found.properties == {"traceparent": PARENT, "tracestate": STATE}


@pytest.mark.parametrize(
    "parent",
    [
        None,
        "",
        "nonsense",
        IDS,
        f"ff-{IDS}-01",
        f"0-{IDS}-01",
        f"00-{IDS.upper()}-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        f"00-{IDS}-1",
        f"00-{IDS}-0g",
        f"00-{IDS}-01-more",
        f"00-{IDS}-01 ",
        f"01-{IDS}-01more",
        f"00-{IDS}-01\n",
    ],
)
def test_a_parent_that_is_malformed_is_ignored_with_its_state(parent: str | None) -> None:
    assert TraceContext.of(parent, STATE) is None


@pytest.mark.parametrize(("later", "flags"), [(f"01-{IDS}-01-more", "01"), (f"fe-{IDS}-02", "00")])
def test_of_a_later_version_is_handed_on_what_is_understood(later: str, flags: str) -> None:
    assert TraceContext.of(later) == TraceContext(f"00-{IDS}-{flags}")


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        (" congo=1 ,, rojo=2\t", "congo=1,rojo=2"),
        ("congo", ""),
        ("congo=1\n", ""),
        ("congo=é", ""),
        ("congo=" + "1" * 506, "congo=" + "1" * 506),
        ("congo=" + "1" * 507, ""),
    ],
)
def test_a_state_that_is_malformed_or_too_long_is_left_out_alone(state: str, kept: str) -> None:
    assert TraceContext.of(PARENT, state) == TraceContext(PARENT, kept)
