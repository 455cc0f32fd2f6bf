"""One language to speak in: its sentences, plurals, numbers, money, dates and durations.

English sentences stand in the code; the Chinese ones in `locale/zh_Hans/LC_MESSAGES/rules.po`, read
from the package when first needed. Sentences are found in the source by the names of four
functions: `say`, `say_many`, `sentence` and `sentences`; a test walks the source with Babel's
extractor and compares both ways.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, localcontext
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from babel.core import Locale, get_global
from babel.dates import format_date, format_datetime, get_timezone_name
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_currency_symbol

Language = Literal["en", "zh-hans"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_LOCALES = {"en": Locale("en"), "zh-hans": Locale("zh", script="Hans", territory="CN")}
_NUMBER = f"#,##0.{'#' * 30}"
# The usual context holds 28 digits, and Babel stumbles over a number that has more.
_EVERY_DIGIT = Context(prec=100)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def sentence(english: str) -> str:
    """Marks a sentence that stands in a table and is said later."""
    return english


class Voice:
    """Everything that differs between languages, and how a text of the program is made safe for
    where it is shown.

    `safe` escapes a text that was written by somebody else (a title, a name, a value); it is called
    on nothing but such texts.
    """

    def __init__(self, language: Language, safe: Callable[[str], str]) -> None:
        self.language = language
        self.safe = safe
        self._locale = _LOCALES[language]
        self._sentences = None if language == "en" else _translations(language)

    def say(self, english: str, /, **values: object) -> str:
        """The sentence in this language, with `{names}` filled in. Values must be safe already."""
        text = english if self._sentences is None else self._sentences[english]
        return self._filled(text, values)

    def say_many(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The sentence in the plural form that `number` asks for; `{n}` is the number, written."""
        english = one if number == 1 else many
        text = english if self._sentences is None else self._sentences[one]
        return self._filled(text, {"n": self.number(number), **values})

    def _filled(self, text: str, values: Mapping[str, object]) -> str:
        """Chinese sets a space where Latin letters or digits meet Chinese characters; the sentences
        are written without, since only here it is known what stands in a gap."""
        if self._sentences is None:
            return text.format(**values)
        filled = ""
        for between, name, _, _ in Formatter().parse(text):
            filled += _spaced(filled, between)
            if name is not None:
                filled += _spaced(filled, str(values[name]))
        return filled

    def run(self, *sentences: str) -> str:
        """Sentences one after the other; empty ones are left out. Chinese sets no space between
        them."""
        return (" " if self.language == "en" else "").join(filter(None, sentences))

    def quote(self, text: str) -> str:
        """A text of the program, made safe, in quotation marks (the same in both languages)."""
        return f"“{self.safe(text)}”"

    def both(self, parts: Iterable[str]) -> str:
        """“a, b and c”."""
        return self._listed(list(parts), "standard")

    def either(self, parts: Iterable[str]) -> str:
        """“a, b or c”."""
        return self._listed(list(parts), "or")

    def _listed(self, parts: Sequence[str], style: Literal["standard", "or"]) -> str:
        if self.language == "en":
            return format_list(list(parts), style=style, locale=self._locale)
        *first, last = parts
        if not first:
            return last
        joint = {"standard": "和", "or": "或"}[style]
        return self._filled("{first}" + joint + "{last}", {"first": "、".join(first), "last": last})

    def chain(self, parts: Iterable[str]) -> str:
        """Parts that have commas of their own, one after the other: “a; b; c”."""
        return ("; " if self.language == "en" else "；").join(parts)

    def number(self, value: Decimal | int) -> str:
        """Every digit that is there, in groups of three."""
        with localcontext(_EVERY_DIGIT):
            return format_decimal(Decimal(value), format=_NUMBER, locale=self._locale)

    def ordinal(self, value: int) -> str:
        """“3rd”, “第 3”."""
        if self.language == "zh-hans":
            return f"第 {value}"
        if value % 100 in (11, 12, 13):
            return f"{value}th"
        return f"{value}" + {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")

    def percent(self, share: Decimal) -> str:
        """0.05 is “5%”; every digit that is there."""
        return f"{self.number(share * 100)}%"

    def money(self, value: Decimal, *, currency: str, digits: int) -> str:
        """`value` in major units, with at least the `digits` of the currency's minor unit and every
        further one."""
        # A code such as KWD is set apart from the number, a sign such as $ is not.
        code = get_currency_symbol(currency, locale=self._locale)[-1].isalpha()
        pattern = f"¤{chr(0xA0) if code else ''}#,##0.{'0' * digits}{'#' * 30}"
        with localcontext(_EVERY_DIGIT):
            return format_currency(
                value, currency, format=pattern, currency_digits=False, locale=self._locale
            )

    def duration(self, microseconds: int) -> str:
        """“30 days”, “1 day and 12 hours”."""
        seconds, fraction = divmod(microseconds, 1_000_000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        parts = []
        if days:
            parts.append(self.say_many("{n} day", "{n} days", days))
        if hours:
            parts.append(self.say_many("{n} hour", "{n} hours", hours))
        if minutes:
            parts.append(self.say_many("{n} minute", "{n} minutes", minutes))
        if seconds or fraction or not parts:
            parts.append(self._seconds(seconds, fraction))
        return self._joined(parts)

    def _seconds(self, seconds: int, fraction: int) -> str:
        exact = Decimal(seconds) + Decimal(fraction) / 1_000_000
        number = int(exact) if exact == int(exact) else 2
        return self.say_many("{exact} second", "{exact} seconds", number, exact=self.number(exact))

    def _joined(self, parts: list[str]) -> str:
        return " ".join(parts) if self.language == "zh-hans" else self.both(parts)

    def moment(self, microseconds: int, zone: str) -> str:
        """A moment by the clock of `zone`: the date alone when it is midnight there."""
        local = (_EPOCH + timedelta(microseconds=microseconds)).astimezone(ZoneInfo(zone))
        if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
            return self.day(local.date())
        clock = "HH:mm:ss" if local.second or local.microsecond else "HH:mm"
        time = format_datetime(local, clock, locale=self._locale)
        return self.say("{date}, {time}", date=self.day(local.date()), time=time)

    def place(self, position: int, microseconds: int, zone: str) -> str:
        """Where in the log, and when: “position 12, January 31, 2026, 08:00”."""
        moment = self.moment(microseconds, zone)
        return self.say(
            "position {position}, {moment}", position=self.number(position), moment=moment
        )

    def period(self, first: int | None, last: int | None, zone: str) -> str | None:
        """A half-open range: “from May 1, 2027 through May 3, 2027”; None when it has no end at
        all.

        An end at midnight is told by the last day inside, which is how people read “until”.
        """
        start = None if first is None else self.moment(first, zone)
        if last is None:
            return None if start is None else self.say("from {first} on", first=start)
        before = self._last_day(last, zone)
        end = self.moment(last, zone)
        if start is None and before is None:
            return self.say("until {last}", last=end)
        if start is None:
            return self.say("through {last}", last=before)
        if before is None:
            return self.say("from {first} until {last}", first=start, last=end)
        if before == start:
            return self.say("on {day}", day=start)
        return self.say("from {first} through {last}", first=start, last=before)

    def _last_day(self, end: int, zone: str) -> str | None:
        local = (_EPOCH + timedelta(microseconds=end)).astimezone(ZoneInfo(zone))
        if (local.hour, local.minute, local.second, local.microsecond) != (0, 0, 0, 0):
            return None
        return self.day(local.date() - timedelta(days=1))

    def day(self, day: date) -> str:
        """“January 31, 2026”."""
        # The usual Chinese form, set with the spaces that all other numbers have here.
        form = "long" if self.language == "en" else "y 年 M 月 d 日"
        return format_date(day, form, locale=self._locale)

    def zone(self, name: str) -> str:
        """“Pacific Time (America/Los_Angeles)”; a zone without a place has no other name than its
        own."""
        if name not in get_global("zone_territories"):
            return self.safe(name)
        known_as = get_timezone_name(ZoneInfo(name), locale=self._locale)
        return self.say("{known_as} ({name})", known_as=known_as, name=self.safe(name))


def _spaced(before: str, after: str) -> str:
    """`after`, with a space in front where one script meets the other."""
    if not before or not after:
        return after
    left, right = before[-1], after[0]
    meets = (_is_han(left) and _starts_latin(right)) or (_ends_latin(left) and _is_han(right))
    return f" {after}" if meets else after


def _is_han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


def _starts_latin(char: str) -> bool:
    return (char.isalnum() and char < "\u2e80") or char in "$¥€£-−(`"


def _ends_latin(char: str) -> bool:
    return (char.isalnum() and char < "\u2e80") or char in "%)`"


@cache
def _translations(language: str) -> dict[str, str]:
    """English to translated sentence. A sentence without a translation is a KeyError where it is
    said."""
    folder = files("banyan.engine.language") / "locale" / "zh_Hans" / "LC_MESSAGES"
    with (folder / "rules.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans", abort_invalid=True)
    found = {}
    for message in catalogue:
        if message.id:
            english, translated = (
                text if isinstance(text, str) else (text or [""])[0]
                for text in (message.id, message.string)
            )
            found[english] = translated
    return found
