"""qr: an address as a QR code."""

from __future__ import annotations

import io

import segno
from PIL import Image

# A quarter of the code may be worn, folded or covered, which is what print asks for.
LEVEL = "q"
# The standard's own width of the white around the code; readers look for it.
QUIET_MODULES = 4
SMALLEST_PX = 600


def qr_svg(url: str) -> bytes:
    """For print: sharp in every size. Black on white with the quiet zone."""
    out = io.BytesIO()
    _code(url).save(
        out, kind="svg", border=QUIET_MODULES, scale=10, dark="#000", light="#fff", xmldecl=False
    )
    return out.getvalue()


def qr_png(url: str) -> bytes:
    """For screens: at least 600 pixels wide, each module a whole number of pixels."""
    code = _code(url)
    out = io.BytesIO()
    scale = -(-SMALLEST_PX // code.symbol_size(border=QUIET_MODULES)[0])
    code.save(out, kind="png", border=QUIET_MODULES, scale=scale, dark="#000", light="#fff")
    return out.getvalue()


def qr_image(url: str, most_px: int) -> Image.Image:
    """The largest code of whole-pixel modules with its quiet zone in a square of `most_px`."""
    modules = [bytes(row) for row in _code(url).matrix_iter(border=QUIET_MODULES)]
    side = len(modules)
    dark = Image.frombytes("L", (side, side), b"".join(modules)).point(
        lambda dot: 0 if dot else 255
    )
    scale = max(most_px // side, 1)
    return dark.resize((side * scale, side * scale), Image.Resampling.NEAREST)


def _code(url: str) -> segno.QRCode:
    return segno.make_qr(url, error=LEVEL, boost_error=False)
