"""Contacts compare as the engine compares them, and their stand-ins compare as they do."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.core.people.contacts import (
    comparable_email,
    comparable_phone,
    email_stand_in,
    phone_stand_in,
    stand_in,
)
from banyan.engine.stages.identify import email, phone

# Half surrogate pairs, which no UTF-8 holds, are refused before anything looks at contacts.
LETTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(st.one_of(st.sampled_from("+0189 -()a@.\t\x1c\u3000ΣÄ"), LETTERS))


def engine(expression: pl.Expr, value: str) -> str:
    found = pl.DataFrame({"x": [value]}).select(expression).item()
    return str(found) if found is not None else ""


@given(TEXTS)
def test_an_address_is_the_one_the_engine_compares(text: str) -> None:
    assert comparable_email(text) == engine(email("x"), text)


@given(TEXTS)
def test_a_number_is_the_one_the_engine_compares(text: str) -> None:
    assert comparable_phone(text) == engine(phone("x"), text)


@given(TEXTS)
def test_the_engine_leaves_stand_ins_as_they_are(text: str) -> None:
    address, number = email_stand_in(text), phone_stand_in(text)
    assert address is None or engine(email("x"), address) == address
    assert number is None or engine(phone("x"), number) == number


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("email", " Anna@Example.COM ", "anna@example.com"),
        ("phone", "0086 138-1234-5678", "+8613812345678"),
    ],
)
def test_equal_contacts_have_equal_stand_ins(kind: str, one: str, other: str) -> None:
    assert stand_in(kind, one) == stand_in(kind, other) is not None  # type: ignore[arg-type]


def test_different_contacts_have_different_stand_ins() -> None:
    assert email_stand_in("anna@example.com") != email_stand_in("anne@example.com")
    # A national number may be another one than the same digits with a country's code.
    assert phone_stand_in("13812345678") != phone_stand_in("+8613812345678")


def test_a_stand_in_tells_the_domain_and_nothing_else() -> None:
    shown = email_stand_in("anna.smith@example.com")
    assert shown is not None
    assert shown.endswith("@example.com")
    assert len(shown) == 32 + len("@example.com")
    assert "anna" not in shown
    assert "smith" not in shown
    number = phone_stand_in("+8613812345678")
    assert number is not None
    assert number[1:].isdigit()
    assert "13812345678" not in number


def test_what_is_no_hosts_name_is_not_shown() -> None:
    hidden = email_stand_in("a@call me 13812345678")
    assert hidden is not None
    assert len(hidden) == 32


@pytest.mark.parametrize("nothing", ["", "  ", "\u3000"])
def test_nothing_has_no_stand_in(nothing: str) -> None:
    assert email_stand_in(nothing) is None
    assert phone_stand_in(nothing) is None
