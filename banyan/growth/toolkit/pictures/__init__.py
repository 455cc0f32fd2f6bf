"""pictures: QR codes, posters and cards: plain values in, bytes out; nothing is asked or stored."""

from banyan.growth.toolkit.pictures.card import Card, card
from banyan.growth.toolkit.pictures.poster import SIZES, Poster, poster
from banyan.growth.toolkit.pictures.qr import qr_png, qr_svg
from banyan.growth.toolkit.pictures.type import clipped

__all__ = ["SIZES", "Card", "Poster", "card", "clipped", "poster", "qr_png", "qr_svg"]
