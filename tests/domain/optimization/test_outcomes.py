"""One word for why there is no answer, whether a solver said it or something was raised."""

from tangency.domain.errors import NoAnswer
from tangency.domain.optimization import outcomes
from tangency.domain.optimization.outcomes import OUTCOMES
from tangency.domain.optimization.proposal import Status


def test_every_status_without_an_answer_is_an_outcome() -> None:
    assert {status.value for status in Status if not status.answered} < set(OUTCOMES)


def test_every_error_without_an_answer_has_a_word_of_its_own() -> None:
    kinds = [value for value in vars(outcomes).values() if isinstance(value, type) and issubclass(value, NoAnswer)]
    assert sorted([*(kind.outcome for kind in kinds if kind is not NoAnswer), outcomes.LOST]) == sorted(OUTCOMES)
    assert len(set(OUTCOMES)) == len(OUTCOMES)
