"""How many decimals a currency has."""

import pytest

from banyan.kernel.errors import Problem
from banyan.kernel.money import MINOR_DIGITS, minor_digits


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("USD", 2), ("CNY", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("IQD", 3), ("CLF", 4)],
)
def test_minor_digits(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@pytest.mark.parametrize("code", ["", "usd", "US", "XXX", "XAU", "BTC", "RMB"])
def test_what_is_no_currency(code: str) -> None:
    with pytest.raises(Problem) as refused:
        minor_digits(code)
    assert refused.value.sentence == f"{code!r} is no ISO 4217 currency code, such as USD or CNY"


def test_the_table() -> None:
    assert len(MINOR_DIGITS) == 171
    assert all(len(code) == 3 and code.isupper() for code in MINOR_DIGITS)
    by_digits = {n: sum(d == n for d in MINOR_DIGITS.values()) for n in range(5)}
    assert by_digits == {0: 17, 1: 0, 2: 145, 3: 7, 4: 2}
