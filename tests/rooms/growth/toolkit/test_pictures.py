"""Pictures: codes that scanners read, Chinese that is really drawn, texts of any length."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace

import pytest
import zxingcpp
from PIL import Image, ImageChops

from banyan.growth.toolkit.pictures import SIZES, Card, Poster, card, poster, qr_png, qr_svg
from banyan.growth.toolkit.pictures.colours import palette

URL = "https://refer.example.com/r/7KXM4PQR?c=moments&s=moments-feeling"

USUAL = Poster(
    brand="绿叶生活",
    colour="#0b7a52",
    headline="送好友八折，得 20 美元",
    greeting="小陈邀请您一起来",
    highlights=("当日新鲜直送", "不满意随时退"),
    friend_label="您的见面礼",
    friend="加入后可得首单八折券",
    advocate_label="邀请人的谢礼",
    advocate="每位好友首次下单后可得 US$20 抵用金",
    url=URL,
    scan="扫码加入",
    code_label="或输入推荐码",
    code="7KXM4PQR",
    short_link="refer.example.com/r/7KXM4PQR",
)
LONG = replace(
    USUAL,
    brand="A name that goes on and on " * 3,
    headline="好" * 200,
    greeting="Alexandra Konstantinopoulou-Featherstonehaugh " * 4,
    highlights=("很长的亮点" * 20,) * 3,
    friend="https://" + "x" * 300,
    advocate="奖励，" * 120,
    code="W" * 64,
    short_link="refer.example.com/" + "y" * 200,
)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def read(image: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(image)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("content", [USUAL, LONG], ids=["usual", "long"])
def test_a_poster_has_its_size_and_its_code_can_be_read(size: str, content: Poster) -> None:
    image = opened(poster(content, size))
    assert image.size == (SIZES[size].width, SIZES[size].height)
    assert read(image) == [URL]
    # As it arrives after a chat has made it smaller.
    assert read(image.resize((image.width // 2, image.height // 2))) == [URL]


def test_the_print_poster_is_a4_at_150_dpi() -> None:
    image = Image.open(io.BytesIO(poster(USUAL, "a4")))
    assert image.format == "JPEG"
    assert image.info["dpi"] == (150, 150)
    assert [round(side / 150 * 25.4) for side in image.size] == [210, 297]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("brand", "绿叶超市"),
        ("headline", "送好友九折，得 30 美元"),
        ("greeting", "老李邀请您一起来"),
        ("highlights", ("隔日新鲜直送", "不满意随时退")),
        ("friend", "加入后可得首单九折券"),
        ("advocate", "每位好友首次下单后可得 US$30 抵用金"),
        ("code", "7KXM4PQT"),
        ("scan", "扫码看看"),
    ],
)
def test_every_text_is_drawn(field: str, text: object) -> None:
    other = replace(USUAL, **{field: text})  # type: ignore[arg-type]
    pictures = [opened(poster(content, "moments")) for content in (USUAL, other)]
    assert ImageChops.difference(*pictures).getbbox() is not None


def test_chinese_characters_are_drawn_and_not_boxes() -> None:
    """Different characters give different pixels; boxes would all look the same."""
    drawn = {
        char: poster(replace(USUAL, headline=char, greeting=""), "chat") for char in "送好友八折"
    }
    for one, other in itertools.combinations(drawn, 2):
        assert drawn[one] != drawn[other]
    bare = opened(poster(replace(USUAL, headline="", greeting=""), "chat"))
    single = opened(poster(replace(USUAL, headline="好", greeting=""), "chat"))
    # White strokes on the accent, about a fifth of a square of 68 pixels.
    white = [
        sum(1 for dot in image.crop((64, 90, 160, 230)).get_flattened_data() if min(dot) > 240)
        for image in (bare, single)
    ]
    assert white[0] == 0
    assert 600 < white[1] < 4000


def test_emoji_and_strange_scripts_leave_no_trace() -> None:
    plain = poster(USUAL, "moments")
    decorated = replace(USUAL, brand="绿叶🌳生活", greeting="小陈👨‍👩‍👧邀请您一起来\u202e")
    assert poster(decorated, "moments") == plain
    assert poster(replace(USUAL, greeting="مرحبا"), "moments") == poster(
        replace(USUAL, greeting=""), "moments"
    )


@pytest.mark.parametrize("size", SIZES)
def test_long_texts_stay_inside_their_places(size: str) -> None:
    """The margins keep their own colour from top to bottom."""
    image = opened(poster(LONG, size))
    for x in (8, image.width - 9):
        column = [image.getpixel((x, y)) for y in range(image.height)]
        shades = [column[0], column[-1]]
        near = [
            min(sum(abs(a - b) for a, b in zip(dot, shade, strict=True)) for shade in shades)  # type: ignore[arg-type]
            for dot in column
        ]
        # JPEG rings for a few pixels where the two colours meet.
        assert sum(1 for distance in near if distance > 24) <= 16


def test_what_is_not_there_takes_no_room() -> None:
    nothing = replace(USUAL, friend="", advocate="", greeting="", highlights=())
    for size in SIZES:
        assert read(opened(poster(nothing, size))) == [URL]
    assert read(opened(poster(replace(USUAL, friend=""), "chat"))) == [URL]


@pytest.mark.parametrize("colour", ["#ffffff", "#000000", "#f2c14e", "#0b7a52", "#ff0000"])
def test_words_are_readable_on_and_in_every_colour(colour: str) -> None:
    found = palette(colour)

    def luminance(text: str) -> float:
        parts = [int(text[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, other: str) -> float:
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    assert contrast(found.accent, found.on_accent) >= 4
    assert contrast(found.deep, "#ffffff") >= 4.5
    assert read(opened(poster(replace(USUAL, colour=colour), "chat"))) == [URL]


def test_codes_for_print_and_screen() -> None:
    image = Image.open(io.BytesIO(qr_png(URL)))
    [found] = zxingcpp.read_barcodes(image.convert("L"))
    assert (found.text, found.ec_level) == (URL, "Q")
    assert image.width >= 600
    # The quiet zone: four modules of white on every side.
    module = image.width // (4 * 2 + 41)
    assert ImageChops.invert(image.convert("L")).getbbox() == (
        4 * module,
        4 * module,
        image.width - 4 * module,
        image.height - 4 * module,
    )
    drawing = qr_svg(URL).decode()
    assert drawing.startswith("<svg ")
    assert "<script" not in drawing
    assert qr_svg(URL) == qr_svg(URL)
    assert qr_svg(URL + "x") != qr_svg(URL)


def test_a_card_for_link_previews() -> None:
    usual = Card("绿叶生活", "#0b7a52", "送好友八折", "小陈邀请您", "您的见面礼", "首单八折券")
    image = Image.open(io.BytesIO(card(usual)))
    assert (image.size, image.format) == ((1200, 630), "PNG")
    assert len(card(usual)) < 100_000
    assert card(replace(usual, friend="首单九折券")) != card(usual)
    long = replace(usual, headline="好" * 300, greeting="g" * 300, friend="礼" * 300)
    for content in (long, replace(usual, friend="", greeting="")):
        assert Image.open(io.BytesIO(card(content))).size == (1200, 630)
