"""YAML 1.2 with places, and files that mean harm."""

import json
import time
from pathlib import Path

import pytest

from banyan.engine.language.findings import ProgramError
from banyan.engine.language.source import Source, Written, plain

HEAD = "program: x\nversion: 1\ncurrency: USD\n"


def read(text: str | bytes) -> object:
    return plain(Source.read(text).root)


def refusal(text: str | bytes) -> str:
    started = time.perf_counter()
    with pytest.raises(ProgramError) as refused:
        Source.read(text, "p.yaml")
    # A second is promised on an idle machine; the tests share theirs.
    assert time.perf_counter() - started < 5
    (finding,) = refused.value.findings
    return str(finding)


def number(text: str) -> Written:
    return Written(text, "number")


def test_the_core_schema() -> None:
    text = """
on: yes
off: no
exact: 20.00
small: 0.1
octal: 0o17
old octal: 017
underscore: 1_000
sexagesimal: 12:30
date: 2026-01-01
word: true
shout: TRUE
nothing:
tilde: ~
quoted: "20.00"
text: !!str 20.00
1: one
true: key
"""
    assert read(text) == {
        "on": "yes",
        "off": "no",
        "exact": number("20.00"),
        "small": number("0.1"),
        "octal": number("0o17"),
        "old octal": number("017"),
        "underscore": "1_000",
        "sexagesimal": "12:30",
        "date": "2026-01-01",
        "word": Written("true", "boolean"),
        "shout": Written("TRUE", "boolean"),
        "nothing": Written("", "nothing"),
        "tilde": Written("~", "nothing"),
        "quoted": "20.00",
        "text": "20.00",
        "1": "one",
        "true": "key",
    }


def test_json_is_read_as_it_is() -> None:
    value = {"a": '😀 中 / \\ " \n', "b": ["x", {"c": ""}], "\\ud83d": "\\ud83d\\ude00"}
    assert read(json.dumps(value)) == value
    assert read(json.dumps(value, ensure_ascii=False, indent="\t")) == value


def test_aliases_are_written_out() -> None:
    assert read("a: &one {x: [y]}\nb: *one\n") == {"a": {"x": ["y"]}, "b": {"x": ["y"]}}


@pytest.mark.parametrize("start", ["", "\ufeff", "# é 中 😀\r\n", "# 中\n\n"])
def test_places_count_characters(start: str) -> None:
    source = Source.read(start + "a: 😀\nb: {c: 中, d: [x, 'y']}\n")
    lines = start.count("\n")
    assert source.place(source.find(("b", "d", 1))[1].start) == (lines + 2, 18)
    assert source.place(source.find(("b", "d"))[0]) == (lines + 2, 11)


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("key: some words HERE", (1, 17)),
        ("key: 'some ''word'' HERE'", (1, 21)),
        ('key: "some \\"word\\" \\u4e2d HERE"', (1, 28)),
        ('key: "some\\\n   \\ word HERE"', (2, 11)),
        ("key: |\n  some\n  words\n    and HERE", (4, 9)),
        ("key: >-\n  some\n  words\n\n  and HERE", (5, 7)),
        ("key: some\n  words\n  HERE", (3, 3)),
        ("key: >\r\n  some\r\n  HERE", (3, 3)),
        ('key: "some\n\n  HERE"', (3, 3)),
    ],
)
def test_a_place_inside_a_text(written: str, place: tuple[int, int]) -> None:
    source = Source.read(written)
    offset = source.find(("key",))[1].text.index("HERE")
    finding = source.inside(("key",), offset, "here")
    assert (finding.line, finding.column) == place


def test_keys_given_twice() -> None:
    source = Source.read("a: 1\nb: {c: 1, d: {c: 1}, c: 2}\nlist: [{e: 1, e: 2}]\na: 3\n", "p.yaml")
    assert [str(finding) for finding in sorted(source.duplicates())] == [
        "p.yaml:2:22: error b.c: this key was given in line 2 already; keep one of them",
        "p.yaml:3:15: error list[0].e: this key was given in line 3 already; keep one of them",
        "p.yaml:4:1: error a: this key was given in line 1 already; keep one of them",
    ]
    assert plain(source.root) == {
        "a": number("1"),
        "b": {"c": number("1"), "d": {"c": number("1")}},
        "list": [{"e": number("1")}],
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1: error: the file is empty; a program is a mapping of keys to values"),
        (
            "# only this\n",
            "1:1: error: the file is empty; a program is a mapping of keys to values",
        ),
        (
            "- a\n- b\n",
            "1:1: error: the file holds a list; a program is a mapping of keys to values",
        ),
        (
            "~",
            "1:1: error: the file holds a single value; a program is a mapping of keys to values",
        ),
        (
            HEAD + "---\nprogram: y\n",
            "4:1: error: a second document begins here; put each program into its own file",
        ),
        (
            b"program: x\ntitle: {en: \xe9}\n",
            "2:13: error: byte 0xe9 is not UTF-8; save the file as UTF-8",
        ),
        ("program: x".encode("utf-16"), "1:1: error: the file is UTF-16; save it as UTF-8"),
        ("program: 'a\0b'", "1:12: error: a NUL byte stands here; a program is plain text"),
        (
            "program: 'a\x1bb'",
            "1:12: error: the control character U+001B stands here; a program is plain text",
        ),
        (
            "program: \ud800",
            "1:10: error: the control character U+D800 stands here; a program is plain text",
        ),
        (
            "title:\n\ten: x\n",
            "2:1: error: this is not YAML: a tab stands where only spaces may; indent with spaces",
        ),
        (
            "a: b: c\n",
            "1:5: error: this is not YAML: mapping values are not allowed in this context",
        ),
        (
            'program: "x\n',
            "1:10: error: this is not YAML: while scanning a quoted scalar, found unexpected end "
            "of stream",
        ),
        (
            "a: &a {b: 1}\nc:\n  <<: *a\n",
            "3:3: error: merge keys (<<) are not part of YAML 1.2; write the keys out",
        ),
        (
            "a: !!python/object:os.system {}\n",
            "1:4: error: the tag '!!python/object:os.system' has no meaning here; remove it",
        ),
        ("a: !mine 5\n", "1:4: error: the tag '!mine' has no meaning here; remove it"),
        ("a: *b\n", "1:4: error: *b refers to an anchor not defined above"),
        ("a: &a [*a]\n", "1:8: error: *a stands inside the value it refers to"),
        ("? [a, b]\n: c\n", "1:3: error: a key must be plain text"),
        ("{a: " * 10_000, "1:126: error: values are nested more than 32 levels deep"),
        (
            "a: " + "[" * 10_000 + "]" * 10_000,
            "1:1003: error: this is not YAML: while increasing flow level, exceeded maximum "
            "nesting depth",
        ),
        ("a" * 1_000_001, "1:1: error: the file has more than 1,000,000 characters"),
    ],
    ids=lambda value: str(value)[:24] if len(str(value)) < 200 else "long",
)
def test_what_is_refused(text: str | bytes, told: str) -> None:
    assert refusal(text) == f"p.yaml:{told}"


def test_an_alias_bomb() -> None:
    lines = ["a: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert refusal("\n".join(lines)) == (
        "p.yaml:6:10: error: the file has more than 100,000 values, aliases written out"
    )


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"\xef\xbb\xbfprogram: x\r\n")
    assert plain(Source.load(path).root) == {"program": "x"}
    for missing, reason in ((tmp_path / "none", "no such file"), (tmp_path, "is a directory")):
        with pytest.raises(ProgramError) as refused:
            Source.load(missing)
        assert str(refused.value).startswith(
            f"{missing}:1:1: error: the file cannot be opened: {reason}"
        )
