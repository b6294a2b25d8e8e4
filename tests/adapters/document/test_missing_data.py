"""The policy about gaps as a request writes it: a word, or a word and the names that stand in for others."""

import json
from typing import Any

import pytest

from tangency.adapters.document.mapping import question_of
from tangency.adapters.document.reading import read_request
from tangency.application.question import Question
from tangency.domain.errors import InvalidInput


def asked(missing_data: object) -> Question:
    body: dict[str, Any] = {
        "portfolio_id": "port-1",
        "objective": "MIN_VOLATILITY",
        "method": "MEAN_VARIANCE",
        "strategies": [{"name": "A"}],
        "risk_parameters": {"missing_data": missing_data},
    }
    return question_of(read_request(json.dumps(body).encode()))


@pytest.mark.parametrize("word", ["intersect", "pairwise", "em", "proxy"])
def test_a_word_is_the_policy(word: str) -> None:
    for written in (word, {"policy": word}):
        risk = asked(written).risk
        assert (risk.missing_data, risk.proxies) == (word, {})


def test_an_object_names_the_proxies_too() -> None:
    risk = asked({"policy": "proxy", "proxies": {"NEW": "OLD"}}).risk
    assert (risk.missing_data, risk.proxies) == ("proxy", {"NEW": "OLD"})


@pytest.mark.parametrize("wrong", ["guess", {"policy": "guess"}, {"policy": "proxy", "proxy": {}}, 1, None])
def test_anything_else_is_refused_in_its_place(wrong: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        asked(wrong)
    assert caught.value.faults[0].path[:2] == ("risk_parameters", "missing_data")
