"""A circuit opens after failures in a row, lets one call through after its pause, and goes by how that ends."""

import pytest

from tangency.adapters.upstream.breaker import CallFailed, Circuit, CircuitBreaker, CircuitOpen


class Stopwatch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def breaker(watch: Stopwatch) -> CircuitBreaker:
    return CircuitBreaker(failures=3, pause_s=10.0, monotonic=watch)


def fail(breaker: CircuitBreaker) -> None:
    with pytest.raises(CallFailed), breaker.call():
        raise CallFailed


def opened(breaker: CircuitBreaker) -> CircuitBreaker:
    for _ in range(3):
        fail(breaker)
    assert breaker.state is Circuit.OPEN
    return breaker


def assert_closed(breaker: CircuitBreaker) -> None:
    assert breaker.state is Circuit.CLOSED


def test_only_failures_in_a_row_count(breaker: CircuitBreaker) -> None:
    fail(breaker)
    fail(breaker)
    with breaker.call():
        pass
    fail(breaker)
    fail(breaker)
    assert breaker.state is Circuit.CLOSED


def test_an_error_that_somebody_answered_is_no_failure(breaker: CircuitBreaker) -> None:
    for _ in range(5):
        with pytest.raises(ValueError, match="what is not a portfolio"), breaker.call():
            raise ValueError("what is not a portfolio")
    assert breaker.state is Circuit.CLOSED


def test_while_it_is_open_no_call_is_made_and_the_wait_is_told(breaker: CircuitBreaker, watch: Stopwatch) -> None:
    opened(breaker)
    watch.now += 4.0
    with pytest.raises(CircuitOpen) as told, breaker.call():
        pytest.fail("the call was made")
    assert told.value.wait_s == 6.0


def test_after_the_pause_one_call_goes_through_and_closes_it(breaker: CircuitBreaker, watch: Stopwatch) -> None:
    opened(breaker)
    watch.now += 10.0
    assert breaker.state is Circuit.HALF_OPEN
    with breaker.call(), pytest.raises(CircuitOpen), breaker.call():
        pytest.fail("a second call was made")
    assert_closed(breaker)


def test_a_failed_trial_opens_it_for_another_pause(breaker: CircuitBreaker, watch: Stopwatch) -> None:
    opened(breaker)
    watch.now += 10.0
    fail(breaker)
    assert breaker.state is Circuit.OPEN


def test_a_trial_that_is_cancelled_leaves_room_for_another(breaker: CircuitBreaker, watch: Stopwatch) -> None:
    opened(breaker)
    watch.now += 10.0
    with pytest.raises(KeyboardInterrupt), breaker.call():
        raise KeyboardInterrupt
    assert breaker.state is Circuit.HALF_OPEN
    with breaker.call():
        pass
    assert_closed(breaker)
