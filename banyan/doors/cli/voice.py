"""The sentences that commands print for people, in both languages.

English stands in the code, Chinese in `locale/zh_Hans/LC_MESSAGES/commands.po`; a test compares the
two.
"""

from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

from banyan.engine.language.explain import Language, safe
from banyan.engine.language.explain.voice import Voice


class CommandVoice(Voice):
    """The voice in which programs are explained, which knows the sentences of commands besides."""

    def __init__(self, language: Language) -> None:
        super().__init__(language, safe.plain)
        if self._sentences is not None:
            self._sentences = {**self._sentences, **_chinese()}


@cache
def _chinese() -> dict[str, str]:
    catalogue = files("banyan.doors.cli") / "locale" / "zh_Hans" / "LC_MESSAGES" / "commands.po"
    with catalogue.open("rb") as file:
        messages = read_po(file, locale="zh_Hans", abort_invalid=True)
    return {_first(message.id): _first(message.string) for message in messages if message.id}


def _first(text: object) -> str:
    """Of a sentence with plural forms the one for one."""
    return text if isinstance(text, str) else next(iter(text or [""]))  # type: ignore[call-overload]
