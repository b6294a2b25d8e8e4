"""Labels cover neither points nor each other."""

from hypothesis import given
from hypothesis import strategies as st

from tangency.adapters.report.labels import Box, Frame, _around, _candidates, placed

FRAME = Frame((0.0, 1.0), (0.0, 1.0), 900.0, 400.0)
SHARES = st.floats(0.0, 1.0)
POINTS = st.lists(st.tuples(SHARES, SHARES, st.text("ABCDE", min_size=1, max_size=8)), max_size=25)


def boxes(points: list[tuple[float, float, str]], positions: list[str]) -> list[Box]:
    """Where the labels that were given a place lie."""
    return [
        dict(_candidates(*FRAME.pixels(x, y), label))[where]
        for (x, y, label), where in zip(points, positions, strict=True)
        if where
    ]


@given(POINTS, st.lists(st.tuples(SHARES, SHARES), max_size=10))
def test_no_label_covers_another_or_a_point(
    points: list[tuple[float, float, str]], taken: list[tuple[float, float]]
) -> None:
    positions = placed(points, FRAME, taken)
    labels = boxes(points, positions)
    dots = [_around(*FRAME.pixels(x, y)) for x, y in [*((x, y) for x, y, _ in points), *taken]]
    assert not any(one.overlaps(other) for i, one in enumerate(labels) for other in labels[:i])
    assert not any(label.overlaps(dot) for label in labels for dot in dots)


def test_where_there_is_room_every_point_has_its_label_beside_it() -> None:
    assert placed([(0.2, 0.5, "AAPL"), (0.6, 0.5, "XOM")], FRAME, []) == ["middle right", "middle right"]


def test_at_the_edge_a_label_turns_inward() -> None:
    assert placed([(1.0, 0.5, "AAPL")], FRAME, []) == ["middle left"]


def test_of_points_on_top_of_each_other_some_stay_without_a_label() -> None:
    positions = placed([(0.5, 0.5, "AAPL")] * 6, FRAME, [])
    seen = [where for where in positions if where]
    assert 2 <= len(seen) == len(set(seen)) <= 4
