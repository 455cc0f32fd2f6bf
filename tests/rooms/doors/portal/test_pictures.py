"""Pictures at their addresses: what stands in them, how long they keep, who may ask."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import quote

import pytest
import zxingcpp
from django.conf import settings
from django.test import Client
from PIL import Image

from banyan.core.people.names import CHOSEN
from banyan.core.programs import acts as programs
from banyan.growth.toolkit.acts import present
from tests.installation import Installation
from tests.rooms.growth.toolkit.shop import NOW, SOURCE, opened
from tests.rooms.pipeline.line import Line


@pytest.fixture
def shop(installation: Installation) -> Line:
    """Where ann has the code ANN."""
    return opened()


@pytest.fixture
def browser() -> Client:
    """Of somebody who was sent a picture."""
    return Client(headers={"host": "localhost"})


def scanned(content: bytes) -> list[str]:
    image = Image.open(io.BytesIO(content)).convert("RGB")
    return [found.text for found in zxingcpp.read_barcodes(image)]


@pytest.mark.parametrize(
    ("address", "query", "media"),
    [
        ("/qr/ANN.png", "c=qr", "image/png"),
        ("/qr/ann.png?channel=flyer&script=chat-benefit", "c=flyer&s=chat-benefit", "image/png"),
        ("/poster/ANN/moments.jpg", "c=moments", "image/jpeg"),
        ("/poster/ANN/chat.jpg?script=any-feeling", "c=wechat&s=any-feeling", "image/jpeg"),
        ("/poster/ANN/story.jpg?channel=douyin", "c=douyin", "image/jpeg"),
        ("/poster/ANN/a4.jpg?lang=zh-hans", "c=print", "image/jpeg"),
        ("/poster/ANN/a4.jpg?channel=a%20b&script=%3Cx%3E", "c=print", "image/jpeg"),
    ],
)
def test_a_code_leads_to_the_link_and_tells_where_it_hung(
    shop: Line, browser: Client, address: str, query: str, media: str
) -> None:
    reply = browser.get(address)
    assert (reply.status_code, reply["Content-Type"]) == (200, media)
    assert scanned(reply.content) == [f"{settings.BASE_URL}/r/ANN?{query}"]


def test_svg_and_card(shop: Line, browser: Client) -> None:
    drawing = browser.get("/qr/ANN.svg")
    assert (drawing.status_code, drawing["Content-Type"]) == (200, "image/svg+xml")
    assert drawing.content.startswith(b"<svg ")
    card = browser.get("/card/ANN.png?lang=en")
    assert Image.open(io.BytesIO(card.content)).size == (1200, 630)


def test_a_program_has_a_card_in_each_language(shop: Line, browser: Client) -> None:
    page = browser.get("/programs/spring/").content.decode()
    assert 'property="og:image" content="http://localhost:8000/programs/spring/card.png"' in page
    cards = [browser.get(f"/programs/spring/card.png?lang={lang}") for lang in ("en", "zh-hans")]
    assert [Image.open(io.BytesIO(one.content)).size for one in cards] == [(1200, 630)] * 2
    assert cards[0].content != cards[1].content


@pytest.mark.parametrize(
    "address",
    [
        "/qr/NOBODY.png",
        "/qr/NOBODY.svg",
        "/poster/NOBODY/chat.jpg",
        "/card/NOBODY.png",
        "/poster/ANN/cinema.jpg",
        "/poster/ANN/chat.png",
        f"/qr/{'x' * 65}.png",
        "/qr/%00.png",
        "/qr/..%2Fx.png",
        "/programs/nothing/card.png",
    ],
)
def test_what_is_not_there_is_not_found(shop: Line, browser: Client, address: str) -> None:
    assert browser.get(address).status_code == 404


def test_pictures_are_read_and_nothing_else(shop: Line, browser: Client) -> None:
    assert browser.post("/qr/ANN.png").status_code == 405
    assert browser.head("/qr/ANN.png").status_code == 200


def test_a_picture_is_kept_by_browsers_and_asked_for_by_its_tag(
    shop: Line, browser: Client
) -> None:
    reply = browser.get("/poster/ANN/chat.jpg?lang=en")
    assert reply["Cache-Control"].startswith("public, max-age=86400")
    again = browser.get("/poster/ANN/chat.jpg?lang=en", headers={"if-none-match": reply["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", reply["ETag"])
    other = browser.get("/poster/ANN/chat.jpg?lang=zh-hans")
    assert other["ETag"] != reply["ETag"]
    assert not browser.cookies.get(settings.SESSION_COOKIE_NAME)


def test_a_picture_is_drawn_once_and_anew_when_something_changes(
    shop: Line, browser: Client, installation: Installation
) -> None:
    def drawn() -> int:
        folder = Path(settings.BANYAN_HOME) / "cache" / "pictures"
        return len(list(folder.rglob("*.jpg")))

    first = browser.get("/poster/ANN/chat.jpg?lang=en")
    assert (browser.get("/poster/ANN/chat.jpg?lang=en").content, drawn()) == (first.content, 1)
    present(
        "key:1",
        "spring",
        brand="Green Leaf",
        colour="#2244cc",
        highlights={"en": ["Fresh every day"]},
        names={},
        good_fit={},
        now=NOW,
    )
    blue = browser.get("/poster/ANN/chat.jpg?lang=en")
    assert (blue["ETag"] != first["ETag"], drawn()) == (True, 2)
    corner = Image.open(io.BytesIO(blue.content)).convert("RGB").getpixel((5, 5))
    assert isinstance(corner, tuple)
    assert [abs(a - b) < 6 for a, b in zip(corner, (0x22, 0x44, 0xCC), strict=True)] == [True] * 3


def test_the_language_is_the_one_asked_for_else_the_browsers(shop: Line, browser: Client) -> None:
    asked = browser.get("/poster/ANN/chat.jpg?lang=zh-hans")
    spoken = Client(headers={"host": "localhost", "accept-language": "zh-CN"})
    assert spoken.get("/poster/ANN/chat.jpg")["ETag"] == asked["ETag"]
    assert "Accept-Language" in spoken.get("/poster/ANN/chat.jpg")["Vary"]


def test_a_poster_greets_in_the_name_its_owner_chose(shop: Line, browser: Client) -> None:
    def tag(name: str) -> str:
        shop.say("identify", "ann", traits={CHOSEN: name})
        shop.work()
        return browser.get("/poster/ANN/chat.jpg?lang=zh-hans")["ETag"]

    nobody = browser.get("/poster/ANN/chat.jpg?lang=zh-hans")["ETag"]
    named = tag("小陈")
    assert named != nobody
    assert tag("小陈🌳") == named
    # What the font has no sign for is as if nobody had a name.
    assert tag("مرحبا") == nobody
    assert tag("陈" * 40) != nobody


def test_a_paused_program_keeps_its_pictures(shop: Line, browser: Client) -> None:
    before = browser.get("/poster/ANN/chat.jpg?lang=en")["ETag"]
    programs.pause("key:1", "spring")
    assert browser.get("/poster/ANN/chat.jpg?lang=en")["ETag"] == before


def test_a_code_of_every_program_has_a_poster_without_an_offer(shop: Line, browser: Client) -> None:
    shop.say("Referral Link Created", "ben", code="B.E-N_1")
    shop.work()
    reply = browser.get(f"/poster/{quote('B.E-N_1')}/chat.jpg?lang=en")
    assert scanned(reply.content) == [f"{settings.BASE_URL}/r/B.E-N_1?c=wechat"]


def test_a_program_of_which_nothing_is_published_has_one_too(shop: Line, browser: Client) -> None:
    draft = SOURCE.replace("program: spring", "program: autumn")
    programs.save_draft("key:1", draft, now=NOW)
    shop.say("Referral Link Created", "ben", code="BEN", program="autumn")
    shop.work()
    assert browser.get("/card/BEN.png").status_code == 200
