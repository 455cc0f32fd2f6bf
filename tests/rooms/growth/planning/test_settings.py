"""Settings of a simulation: what a file may say, and what is refused."""

import re
from dataclasses import fields
from datetime import date

import pytest

from banyan.growth.planning.settings import Channel, Segment, Settings, read_settings
from banyan.kernel.errors import Problem


def test_a_file_changes_what_it_names(tmp_path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(
        """
        customers: 500
        start: 2025-12-24
        late: 0.1
        segments:
          - {name: home, share: 0.9, basket: 30}
          - {name: shop, share: 0.1, basket: 300.50}
        """
    )
    assert read_settings(file) == Settings(
        customers=500,
        start=date(2025, 12, 24),
        late=0.1,
        segments=(
            Segment(name="home", share=0.9, basket=30.0),
            Segment(name="shop", share=0.1, basket=300.5),
        ),
    )


def test_json_is_taken_too(tmp_path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"channels": [{"name": "sms", "opens": 0.9}], "currency": "EUR"}')
    assert read_settings(file) == Settings(
        channels=(Channel(name="sms", opens=0.9),), currency="EUR"
    )


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("custmers: 5", ["1:1: error custmers: is no setting; did you mean customers?"]),
        (
            "days: soon\nlate: much",
            [
                "1:7: error days: expected a whole number",
                "2:7: error late: expected a number",
            ],
        ),
        ("start: tomorrow", ["1:8: error start: expected a date such as 2026-01-31"]),
        ("segments: 5", ["1:11: error segments: expected a list"]),
        ("segments: [home]", ["1:12: error segments[0]: expected a mapping"]),
        (
            "channels:\n- {nam: sms}",
            ["2:4: error channels[0].nam: is no setting; did you mean name?"],
        ),
        (
            "days: 5\ndays: 6",
            ["2:1: error days: this key was given in line 1 already; keep one of them"],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, sentences) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(Problem) as wrong:
        read_settings(file)
    assert str(wrong.value).splitlines() == [f"{file}:{sentence}" for sentence in sentences]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("late: 1.5", "late is 1.5; it must be between 0 and 1."),
        ("refund_days: 0", "refund_days is 0.0; it must be 0.001 or more."),
        ("customers: 0", "customers is 0; it must be between 1 and 50,000,000."),
        ("late_hours: inf", "late_hours is inf; it must be between 0 and 8,760."),
        (
            "segments: [{share: 0.4}, {share: 0.5}]",
            "The shares of segments add up to 0.9; they must add up to 1.",
        ),
        ("segments: []", "The shares of segments add up to 0; they must add up to 1."),
        (
            "by_code: 0.7\nby_form: 0.4",
            "by_code and by_form add up to more than 1; the rest go by link.",
        ),
        ("start: 9500-01-01", "start is 9500-01-01; it must be between the years 1970 and 9000."),
        ("currency: JPY", "currency is JPY; it must have two decimals, as USD has."),
    ],
)
def test_a_value_out_of_range_is_refused(tmp_path, text, sentence) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(Problem, match=re.escape(f"{file}: {sentence}")):
        read_settings(file)


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(Problem, match="refund_days is nan"):
        Settings(refund_days=float("nan"))


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(Problem, match="'DOLLARS' is no ISO 4217 currency code"):
        Settings(currency="DOLLARS")


@pytest.mark.parametrize("kind", [Settings, Segment, Channel])
def test_every_setting_says_what_it_means(kind) -> None:
    silent = [s.name for s in fields(kind) if len(s.metadata["meaning"].split()) < 2]
    assert silent == []
