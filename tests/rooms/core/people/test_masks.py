"""Masks show what one recognises a value by, and never a short value whole."""

import pytest

from banyan.core.people.masks import mask_email, mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("张小三", "张**"),
        ("欧阳娜娜", "欧***"),
        ("张", "张*"),
        ("Mary Ann Smith", "M*** A*** S***"),
        ("  Zoë  Äther ", "Z*** Ä***"),
        ("J. Li", "J*** L***"),
        ("X", "***"),
        ("张三 Zhang", "张* Z***"),
        ("007", "***"),
        ("", ""),
    ],
)
def test_names(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("anna@example.com", "a***@example.com"),
        ("a@example.com", "***@example.com"),
        ("李雷@例子.cn", "李***@例子.cn"),
        ('"a@b"@example.com', '"***@example.com'),
        ("no address", "***"),
        ("", "***"),
    ],
)
def test_addresses(address: str, shown: str) -> None:
    assert mask_email(address) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812341234", "138****1234"),
        ("138-1234-1234", "138****1234"),
        ("+86 138 1234 1234", "+86138****1234"),
        ("+1 415 555 0123", "+141****0123"),
        ("4155550123", "41****0123"),
        ("1234567", "*****67"),
        ("12345", "****45"),
        ("1234", "****"),
        ("", "****"),
    ],
)
def test_numbers(number: str, shown: str) -> None:
    assert mask_phone(number) == shown
