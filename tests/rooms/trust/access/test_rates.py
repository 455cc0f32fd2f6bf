"""Rates: so many requests a minute and key, then none until the minute is over."""

from banyan.trust.access.rates import Allowance, Meter


def test_the_last_request_of_a_minute_and_the_one_after_it() -> None:
    meter = Meter()
    assert meter.take(1, limit=2, now_s=120.0) == Allowance(2, 1, 60, True)
    assert meter.take(1, limit=2, now_s=130.5) == Allowance(2, 0, 49, True)
    assert meter.take(1, limit=2, now_s=179.9) == Allowance(2, 0, 1, False)
    assert meter.take(2, limit=2, now_s=179.9) == Allowance(2, 1, 1, True)
    assert meter.take(1, limit=2, now_s=180.0) == Allowance(2, 1, 60, True)


def test_a_costly_request_counts_as_several() -> None:
    meter = Meter()
    assert meter.take(1, limit=100, now_s=0.0, cost=99).remaining == 1
    assert not meter.take(1, limit=100, now_s=0.0, cost=2).is_allowed
    assert meter.take(1, limit=100, now_s=0.0, cost=1) == Allowance(100, 0, 60, True)
