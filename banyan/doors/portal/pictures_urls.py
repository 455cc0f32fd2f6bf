"""pictures_urls: where pictures of a code stand. Codes hold letters, digits, - _ and dots."""

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from banyan.doors.portal import pictures


class Code(StringConverter):
    """A code before a file's ending; codes may hold dots themselves."""

    regex = r"[^/\x00]{1,64}"


register_converter(Code, "referral_code")

urlpatterns: list[URLPattern] = [
    path("qr/<referral_code:code>.svg", pictures.qr, {"suffix": "svg"}, name="qr_svg"),
    path("qr/<referral_code:code>.png", pictures.qr, {"suffix": "png"}, name="qr_png"),
    path("poster/<referral_code:code>/<slug:size>.jpg", pictures.poster_of, name="poster"),
    path("card/<referral_code:code>.png", pictures.card_of, name="card"),
    path("programs/<str:slug>/card.png", pictures.program_card, name="program-card"),
]
