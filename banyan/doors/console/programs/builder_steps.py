"""builder_steps: the thirteen steps of a program, each with its questions and what it still lacks.

A step asks for values of the file and for notes beside it. What it lacks is told in words; a step
that lacks nothing is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from banyan.doors.console.programs import builder_incentives as incentives
from banyan.doors.console.programs.builder_block import Block
from banyan.doors.console.programs.builder_choices import (
    CHANNELS,
    CREDITS,
    CURRENCIES,
    FRIENDS,
    GOALS,
    LEVELS,
    METRICS,
    PREFERENCES,
    REFERRERS,
    RHYTHMS,
    TIMEZONES,
)
from banyan.doors.console.programs.builder_document import Document
from banyan.doors.console.programs.builder_fields import Field, note

MOST_GOALS = 3
MOST_ACTIONS = 4


@dataclass(frozen=True)
class Step:
    """One of the thirteen: its name in addresses, its title, what it is for."""

    name: str
    title: str | Promise
    purpose: str | Promise
    blocks: Callable[[Document], list[Block]]
    missing: Callable[[Document], list[str]]


def step(name: str) -> Step:
    """The step of that name; the first for a name that none has."""
    return next((one for one in STEPS if one.name == name), STEPS[0])


def _lacks(*pairs: tuple[object, str]) -> list[str]:
    """The words of everything that is not there."""
    return [words for there, words in pairs if not there]


def _note(document: Document, name: str) -> str:
    return str(document.facts.get(name, "")).strip()


# 1


def _template(document: Document) -> list[Block]:
    return [
        Block(
            _("What it is called"),
            fields=(
                Field(("title", "en"), _("Name in English"), hint=_("the whole offer in one line")),
                Field(("title", "zh-hans"), _("Name in Chinese")),
                Field(
                    ("program",),
                    _("Short name"),
                    hint=_("a to z, 0 to 9 and hyphens; part of addresses, never changes later"),
                ),
                Field(
                    ("version",), _("Version"), "number", hint=_("a published one never changes")
                ),
                Field(("currency",), _("Currency"), "choice", choices=CURRENCIES),
                Field(("timezone",), _("Time zone"), "choice", choices=TIMEZONES),
            ),
        ),
        Block(
            _("What kind of program"),
            fields=(
                note(
                    "kind",
                    _("Do people get something for it?"),
                    "choice",
                    choices=(
                        ("rewarded", _("Yes: rewards")),
                        ("unrewarded", _("No: people refer because they want to")),
                    ),
                ),
                note(
                    "levels",
                    _("Who is offered it"),
                    "many",
                    choices=LEVELS,
                    hint=_("different groups may get different offers: condition a reward on them"),
                ),
            ),
        ),
    ]


def _template_lacks(document: Document) -> list[str]:
    return _lacks(
        (document.word("title", "en"), _("a name in English")),
        (document.word("title", "zh-hans"), _("a name in Chinese")),
        (document.word("program"), _("a short name")),
        (document.word("version"), _("a version number")),
        (document.word("currency"), _("a currency")),
        (_note(document, "kind"), _("whether people get something for it")),
    )


# 2


def _goals(document: Document) -> list[Block]:
    blocks = []
    for number in range(1, MOST_GOALS + 1):
        if number > 1 and not _note(document, f"goal{number - 1}_metric"):
            break
        blocks.append(
            Block(
                _("Goal {number}").format(number=number),
                fields=(
                    note(f"goal{number}_kind", _("What for"), "choice", choices=GOALS),
                    note(f"goal{number}_metric", _("Measured by"), "choice", choices=METRICS),
                    *_other_metric(document, number),
                    note(f"goal{number}_baseline", _("At the start"), "number"),
                    note(f"goal{number}_target", _("Target"), "number"),
                    note(f"goal{number}_date", _("By when"), "date"),
                ),
            )
        )
    return blocks


def _other_metric(document: Document, number: int) -> tuple[Field, ...]:
    """What nobody counts for us is named and typed in by hand."""
    if _note(document, f"goal{number}_metric") != "other":
        return ()
    return (
        note(f"goal{number}_other", _("What it is")),
        note(f"goal{number}_now", _("How much it is now"), "number"),
    )


def _goals_lack(document: Document) -> list[str]:
    return _lacks(
        (_note(document, "goal1_kind"), _("what the first goal is for")),
        (_note(document, "goal1_metric"), _("what it is measured by")),
        (_note(document, "goal1_target"), _("a target")),
        (_note(document, "goal1_date"), _("a date")),
    )


# 3


def _today(document: Document) -> list[Block]:
    return [
        Block(
            _("Before you build anything"),
            hint=_("Ask the people who sell and who answer the telephone."),
            fields=(
                note("today_ways", _("How do referrals come in today?"), "long"),
                note("today_number", _("How many a month, about?"), "number"),
                note("today_why", _("Why do people refer you, in their own words?"), "long"),
            ),
        )
    ]


def _today_lacks(document: Document) -> list[str]:
    return _lacks((_note(document, "today_ways"), _("how referrals come in today")))


# 4


def _fit(document: Document) -> list[Block]:
    return [
        Block(
            _("Whom you look for"),
            hint=_("Stands at the top of every page on which somebody is referred."),
            fields=(
                note("fit_en", _("A good fit is… (English)"), "long"),
                note("fit_zh", _("A good fit is… (Chinese)"), "long"),
                note("fit_not", _("Who is not, and how we would notice"), "long"),
            ),
        ),
        Block(
            _("Who may take part"),
            fields=(
                Field(
                    ("advocates", "where"),
                    _("Who may refer"),
                    "condition",
                    choices=REFERRERS,
                    is_wide=True,
                    hint=_("checked at the invitation and again before anything is paid"),
                ),
                Field(
                    ("friends", "where"),
                    _("Who counts as a friend"),
                    "condition",
                    choices=FRIENDS,
                    is_wide=True,
                ),
            ),
        ),
    ]


def _fit_lacks(document: Document) -> list[str]:
    return _lacks(
        (_note(document, "fit_en"), _("a good fit in English")),
        (_note(document, "fit_zh"), _("a good fit in Chinese")),
    )


# 5


def _sources(document: Document) -> list[Block]:
    return [
        Block(
            _("Where advocates come from"),
            fields=(
                note(
                    "sources",
                    _("Who knows people who fit?"),
                    "long",
                    hint=_("customers of which kind, partners, staff, communities"),
                ),
                note(
                    "sources_first",
                    _("Whom will you ask first?"),
                    "long",
                    hint=_("groups, no names: what is personal has its place with the customers"),
                ),
            ),
        )
    ]


def _sources_lack(document: Document) -> list[str]:
    return _lacks(
        (_note(document, "sources"), _("who knows people who fit")),
        (_note(document, "sources_first"), _("whom you ask first")),
    )


# 6


def _channel(document: Document) -> list[Block]:
    blocks = [
        Block(
            _("How the word is passed on"),
            fields=(
                note("channels", _("Channels"), "many", choices=CHANNELS),
                note(
                    "steps",
                    _("Steps a friend takes until they are in"),
                    "number",
                    hint=_("three at most: each further one loses people"),
                ),
                note(
                    "regions",
                    _("Where it is offered"),
                    hint=_(
                        "regions or shops that need it, for the plan; set on the program’s page"
                    ),
                ),
                note(
                    "demand",
                    _("When it is shown"),
                    hint=_("such as: while there is stock; for the plan"),
                ),
            ),
        )
    ]
    if document.source is not None and "attribution" not in document.source.root.entries:
        return [
            *blocks,
            Block(
                _("No friends in it"),
                hint=_("This program rewards customers for what they do themselves."),
                actions=(("add:attribution", _("Let it reward referrals")),),
            ),
        ]
    return [
        *blocks,
        Block(
            _("Which invitation counts"),
            path=("attribution",),
            fields=(
                Field(
                    ("attribution", "window"),
                    _("An invitation is good for"),
                    "span",
                    hint=_("30 to 45 days is usual"),
                ),
                Field(
                    ("attribution", "credit"), _("Of several, counts"), "choice", choices=CREDITS
                ),
                Field(
                    ("attribution", "prefer"),
                    _("What goes before"),
                    "words",
                    hint=PREFERENCES,
                ),
                Field(
                    ("attribution", "joins_on"),
                    _("A friend is in at"),
                    "words",
                    hint=_("names of events: Signed Up, Order Completed"),
                ),
            ),
        ),
    ]


def _channel_lacks(document: Document) -> list[str]:
    return _lacks(
        (_note(document, "channels"), _("at least one channel")),
        (_note(document, "steps"), _("how many steps a friend takes")),
    )


# 7


def _outreach(document: Document) -> list[Block]:
    blocks = [
        Block(
            _("When it runs"),
            hint=_("Leave both empty for one that runs until a newer version takes its place."),
            fields=(
                Field(("runs", "from"), _("From"), "date"),
                Field(("runs", "until"), _("Until, not included"), "date"),
            ),
        )
    ]
    for number in range(1, MOST_ACTIONS + 1):
        if number > 1 and not _note(document, f"plan{number - 1}_what"):
            break
        blocks.append(
            Block(
                _("Step {number} of the plan").format(number=number),
                fields=(
                    note(f"plan{number}_when", _("On which day"), "date"),
                    note(f"plan{number}_who", _("Who does it")),
                    note(f"plan{number}_what", _("What is said to whom, and where"), "long"),
                ),
            )
        )
    return blocks


def _outreach_lacks(document: Document) -> list[str]:
    return _lacks((_note(document, "plan1_what"), _("the first step of the plan")))


# 9 to 13


def _resources(document: Document) -> list[Block]:
    return [
        Block(
            _("Who and what it takes"),
            fields=(
                note("owner", _("Who runs the program"), hint=_("a colleague or a department")),
                note("budget", _("Budget"), hint=_("and who has agreed to it")),
                note("materials", _("What is at hand"), "long", hint=_("texts, pictures, pages")),
            ),
        )
    ]


def _resources_lack(document: Document) -> list[str]:
    return _lacks(
        (_note(document, "owner"), _("who runs it")), (_note(document, "budget"), _("a budget"))
    )


def _tracking(document: Document) -> list[Block]:
    return [
        *incentives.risk_blocks(document),
        Block(
            _("How you will see whether it works"),
            fields=(
                note("measures", _("What you look at"), "long"),
                note("measures_rhythm", _("How often"), "choice", choices=RHYTHMS),
            ),
        ),
    ]


def _tracking_lacks(document: Document) -> list[str]:
    is_self = document.program is not None and document.program.is_self
    return _lacks(
        (is_self or document.count("risk"), _("a check against abuse")),
        (_note(document, "measures"), _("what you look at")),
    )


def _thanks(document: Document) -> list[Block]:
    return [
        Block(
            _("Thanks"),
            hint=_("Thank every advocate, also when nothing came of it."),
            fields=(
                note("thanks", _("How advocates are thanked"), "long"),
                note(
                    "thanks_within",
                    _("Within how many days"),
                    "number",
                    hint=_(
                        "for the plan; the task is turned on under Stuck referrals, “Rules and "
                        "timers”"
                    ),
                ),
            ),
        )
    ]


def _thanks_lack(document: Document) -> list[str]:
    return _lacks((_note(document, "thanks"), _("how advocates are thanked")))


def _follow_up(document: Document) -> list[Block]:
    return [
        Block(
            _("Fast follow-up"),
            hint=_("A friend who hears nothing for a day has forgotten who sent them."),
            fields=(
                note("follow_owner", _("Who gets in touch with new friends")),
                note(
                    "follow_hours",
                    _("Within how many hours"),
                    "number",
                    hint=_(
                        "for the plan; the clock starts under Stuck referrals, “Rules and timers”"
                    ),
                ),
                note("follow_words", _("What they say first"), "long"),
            ),
        )
    ]


def _follow_up_lacks(document: Document) -> list[str]:
    return _lacks(
        (_note(document, "follow_owner"), _("who gets in touch")),
        (_note(document, "follow_hours"), _("within how many hours")),
    )


def _improvement(document: Document) -> list[Block]:
    return [
        Block(
            _("Getting better"),
            fields=(
                note("improve_rhythm", _("Looked at again"), "choice", choices=RHYTHMS),
                note("improve_questions", _("What you want to find out"), "long"),
            ),
        )
    ]


def _improvement_lacks(document: Document) -> list[str]:
    return _lacks(
        (_note(document, "improve_rhythm"), _("when it is looked at again")),
    )


STEPS: tuple[Step, ...] = (
    Step(
        "template",
        gettext_lazy("Template"),
        gettext_lazy("What the program is called and what kind it is."),
        _template,
        _template_lacks,
    ),
    Step(
        "goals",
        gettext_lazy("Goals"),
        gettext_lazy("What it is for, in numbers and with a date."),
        _goals,
        _goals_lack,
    ),
    Step(
        "today",
        gettext_lazy("Referrals today"),
        gettext_lazy("How referrals arrive before there is a program."),
        _today,
        _today_lacks,
    ),
    Step(
        "fit",
        gettext_lazy("Good fit"),
        gettext_lazy("Whom you would like to meet, and who may refer them."),
        _fit,
        _fit_lacks,
    ),
    Step(
        "sources",
        gettext_lazy("Sources"),
        gettext_lazy("Who knows such people."),
        _sources,
        _sources_lack,
    ),
    Step(
        "channel",
        gettext_lazy("Channel"),
        gettext_lazy("How an invitation travels, and which one counts."),
        _channel,
        _channel_lacks,
    ),
    Step(
        "outreach",
        gettext_lazy("Outreach plan"),
        gettext_lazy("When it runs, and how people hear of it."),
        _outreach,
        _outreach_lacks,
    ),
    Step(
        "incentives",
        gettext_lazy("Incentives"),
        gettext_lazy("What counts, who gets what for it, and how much at most."),
        incentives.blocks,
        incentives.missing,
    ),
    Step(
        "resources",
        gettext_lazy("Resources"),
        gettext_lazy("Who runs it, and with what."),
        _resources,
        _resources_lack,
    ),
    Step(
        "tracking",
        gettext_lazy("Tracking"),
        gettext_lazy("What is checked, and what you look at."),
        _tracking,
        _tracking_lacks,
    ),
    Step(
        "thanks",
        gettext_lazy("Thanks"),
        gettext_lazy("How those who refer are thanked."),
        _thanks,
        _thanks_lack,
    ),
    Step(
        "follow-up",
        gettext_lazy("Fast follow-up"),
        gettext_lazy("How quickly somebody gets in touch with a friend."),
        _follow_up,
        _follow_up_lacks,
    ),
    Step(
        "improvement",
        gettext_lazy("Improvement"),
        gettext_lazy("When you look at it again, and what you ask then."),
        _improvement,
        _improvement_lacks,
    ),
)
"""In the order in which a program is thought out."""
