"""Rows as lines of a Markdown table, so that what is printed can be pasted."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contenders import FLOOR, PEERS, Contender
from benchmarks.rows import Result, Row


def header(peers: Sequence[Contender] = PEERS, floor: str = FLOOR.name) -> str:
    columns = ("task", "n", "cap", "ours, ms", f"{floor}, ms", *(f"{peer.name} / ours" for peer in peers))
    return f"{line(columns)}\n{line(['---'] * len(columns))}"


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def row_line(row: Row, peers: Sequence[Contender] = PEERS) -> str:
    """Ratios of the peers to ours: bold for the fastest that counts, struck out where one does not count."""
    case = row.case
    own, floor = _milliseconds(row.playing("ours")), _milliseconds(row.playing("floor"))
    return line([case.aim, str(case.size), case.cap_words, own, floor, *(_ratio(row, peer) for peer in peers)])


def notes(row: Row) -> list[str]:
    """Why somebody does not count, unless because he is not installed."""
    excused = [result for result in row.results if result.excuse and result.excuse != "not installed"]
    return [f"- {row.title}: {result.contender.name} {result.excuse}" for result in excused]


def _milliseconds(result: Result | None) -> str:
    if result is None or result.milliseconds is None:
        return "-"
    return figure(result.milliseconds)


def _ratio(row: Row, peer: Contender) -> str:
    result = row.of(peer)
    if result is None or result.milliseconds is None or row.ours is None:
        return "-"
    ratio = figure(result.milliseconds / row.ours)
    if result.excuse:
        return f"~~{ratio}~~"
    return f"**{ratio}**" if result is row.fastest else ratio


def figure(value: float) -> str:
    """Three digits, and no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
