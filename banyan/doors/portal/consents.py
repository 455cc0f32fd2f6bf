"""consents: what a friend is asked to agree to, each by itself, and in which words.

The version is kept with the answer. Whoever changes a text gives it a new version; a test holds the
two together.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from django.utils.translation import gettext as _

from banyan.core.people.names import NAME_SHOWN
from banyan.engine.language.explain import Language

TERMS = "terms"
MARKETING = "marketing"


@dataclass(frozen=True)
class Ask:
    """One box, never ticked beforehand. `purpose` is that of `Consent Given`."""

    purpose: str
    version: str
    text: str
    hint: str
    is_required: bool = False

    def said_in(self, language: Language) -> str:
        """What the log keeps as the text's version: its words were those of this language."""
        return f"{self.version}.{language}"


@dataclass(frozen=True)
class Consented:
    """A yes, as the log will keep it."""

    purpose: str
    text_version: str


def asks(company: str) -> tuple[Ask, ...]:
    """The boxes of a registration, in the language of the page."""
    return (
        Ask(
            TERMS,
            "join-terms-1",
            _(
                "I accept the rules of this offer, and agree that {company} keeps my contact and "
                "the invitation in order to fulfil it."
            ).format(company=company),
            _("Needed to take part. You can withdraw it at any time."),
            is_required=True,
        ),
        Ask(
            MARKETING,
            "join-marketing-1",
            _("{company} may send me news and offers.").format(company=company),
            _("As you like. Nothing depends on it."),
        ),
        Ask(
            NAME_SHOWN,
            "join-name-1",
            _("Whoever invited me may see my name."),
            _("As you like. Otherwise it is shown masked."),
        ),
    )


def given(asked: tuple[Ask, ...], ticked: Container[str], language: Language) -> list[Consented]:
    """What was agreed to, of what was asked."""
    return [Consented(ask.purpose, ask.said_in(language)) for ask in asked if ask.purpose in ticked]
