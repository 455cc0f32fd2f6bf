"""builder_incentives: what counts, what is given for it and how much at most, as forms; and the
checks against abuse.

Forms cover what most programs say. A condition or an amount that they cannot show stands there in
words, with the line of the file that says it.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from banyan.core.programs.editing import Path, Value, drop, put
from banyan.doors.console.number import number_of
from banyan.doors.console.programs.builder_block import Block
from banyan.doors.console.programs.builder_choices import (
    PEOPLE,
    PERIODS,
    PERS,
    REFUNDS,
    SIGNS,
    THINGS,
    TIMES,
    VERDICTS,
    WHOSE,
)
from banyan.doors.console.programs.builder_document import Document
from banyan.doors.console.programs.builder_fields import NAMED, Field, in_words, note, value_of
from banyan.engine.language.source import Written
from banyan.growth.planning.advice import price_of
from banyan.growth.planning.layers import layer
from banyan.growth.planning.share import shares
from banyan.kernel.errors import Problem

_LISTS = ("caps", "boosts", "limits", "risk")
PARTS = ("milestones", "rewards", "limits", "experiments", "seed_sha256")


class NoSuchAction(Problem):
    """A button that the builder does not know."""


def blocks(document: Document) -> list[Block]:
    """Milestones, rewards, limits, and what share of the price all this is."""
    return [
        *[_milestone(document, name) for name in document.keys("milestones")],
        Block("", actions=(("add:milestone", _("Add a milestone")),)),
        *[_reward(document, name) for name in document.keys("rewards")],
        Block(
            "",
            actions=(
                ("add:reward-advocate", _("Add a reward for the advocate")),
                ("add:reward-friend", _("Add a reward for the friend")),
            ),
        ),
        *[_limit(document, number) for number in range(document.count("limits"))],
        Block("", actions=(("add:limit", _("Add a limit over several rewards")),)),
        *_others(document),
        *_price(document),
    ]


def missing(document: Document) -> list[str]:
    """What the step lacks: a milestone, a reward, and what the check refuses."""
    found = []
    is_rewarded = document.facts.get("kind") != "unrewarded"
    if not document.keys("milestones") and not document.keys("rewards"):
        found.append(_("a milestone: what counts as a success"))
    if is_rewarded and not document.keys("rewards"):
        found.append(_("a reward"))
    errors = sum(one.key.partition(".")[0].partition("[")[0] in PARTS for one in document.errors)
    if errors:
        found.append(_("{count} errors mended").format(count=errors))
    return found


def risk_blocks(document: Document) -> list[Block]:
    """The rules against abuse, in their order."""
    rules = []
    for number in range(document.count("risk")):
        path: Path = ("risk", number)
        rules.append(
            Block(
                _("Check {number}").format(number=number + 1),
                path=path,
                is_removable=True,
                fields=(
                    Field((*path, "id"), _("Name")),
                    Field((*path, "when"), _("If"), "condition", choices=SIGNS, is_wide=True),
                    Field((*path, "then"), _("Then"), "choice", choices=VERDICTS),
                    Field((*path, "for"), _("Affects"), "choice", choices=WHOSE),
                ),
            )
        )
    return [*rules, Block("", actions=(("add:risk", _("Add a check against abuse")),))]


def act(text: str, action: str) -> str:
    """The text after a button was pressed: something added, taken away, or of another form.

    Raises ProgramError, NotEditable, NoSuchAction.
    """
    verb, _sep, what = action.partition(":")
    document = Document(text, {})
    if verb == "drop" and what.startswith("/"):
        return drop(text, _path(what))
    if verb == "add":
        return _add(document, what)
    if verb == "amount":
        where, _sep, form = what.partition("#")
        if form in _AMOUNTS and where.startswith("/"):
            return put(text, (*_path(where), "amount"), _AMOUNTS[form])
    raise NoSuchAction(f"there is no action {action!r}; load the page again")


def _milestone(document: Document, name: str) -> Block:
    path: Path = ("milestones", name)
    node = document.node(path)
    has_sum = node is not None and "sum" in node.entries
    counted: tuple[Field, ...] = (
        Field((*path, "count"), _("How many of them"), "number", hint=_("1 when empty")),
    )
    if has_sum:
        counted = (
            Field((*path, "sum", "of"), _("Adds up")),
            Field((*path, "sum", "reaches"), _("Until it gets to"), "number"),
        )
    least = Field((*path, "where"), _("Order of at least"), "least")
    foreign = _foreign(document, least, _("Only if"))
    return Block(
        _("Milestone: {name}").format(name=name),
        path=path,
        is_removable=True,
        fields=(
            Field(path, _("Name"), "key"),
            Field((*path, "on"), _("Event"), "event", hint=_("what the friend does")),
            *(() if foreign else (least,)),
            *counted,
            Field((*path, "within"), _("Within"), "span", hint=_("of joining; 60 days is usual")),
            Field((*path, "repeats", "up_to"), _("Can be reached in all"), "number"),
        ),
        foreign=foreign,
    )


def _reward(document: Document, name: str) -> Block:
    path: Path = ("rewards", name)
    milestones = tuple((one, one) for one in document.keys("milestones"))
    occasions = (("joined", _("the friend joins")), *milestones)
    form, amount_fields, foreign = _amount(document, path)
    counts = document.word(*path, "give").partition(":")[0] in NAMED
    others = [] if counts else [(key, label) for key, label in _amount_forms() if key != form]
    return Block(
        _("Reward: {name}").format(name=name),
        path=path,
        badges=_layer_badge(document, name),
        brief=_brief(document, path),
        is_removable=True,
        fields=(
            Field(path, _("Name"), "key"),
            Field((*path, "to"), _("Who gets it"), "person", choices=PEOPLE),
            Field((*path, "on"), _("At which milestone"), "choice", choices=occasions),
            Field((*path, "when"), _("How often"), "condition", choices=TIMES),
            Field((*path, "give"), _("What is given"), "thing", choices=THINGS),
            *amount_fields,
            Field(
                (*path, "hold"),
                _("Held back for"),
                "span",
                hint=_("as long as goods may come back"),
            ),
            Field((*path, "expires"), _("Good for"), "span", hint=_("from then on")),
            Field((*path, "on_refund"), _("After a refund"), "choice", choices=REFUNDS),
        ),
        foreign=foreign,
        rows=(
            *(_cap(path, number) for number in range(document.count(*path, "caps"))),
            *(_boost(path, number) for number in range(document.count(*path, "boosts"))),
        ),
        actions=(
            (f"add:cap#/rewards/{name}", _("Add a cap")),
            (f"add:boost#/rewards/{name}", _("Add days with more")),
            *((f"amount:/rewards/{name}#{key}", label) for key, label in others),
        ),
    )


def _brief(document: Document, path: Path) -> str:
    """“the advocate · credit in the shop · 20.00”."""
    to, _sep, _name = document.word(*path, "to").partition(":")
    give, _sep, name = document.word(*path, "give").partition(":")
    words = [dict(PEOPLE).get(to, to), name or dict(THINGS).get(give, give)]
    return " · ".join(str(one) for one in [*words, document.word(*path, "amount")] if one)


def _amount(
    document: Document, path: Path
) -> tuple[str, tuple[Field, ...], tuple[tuple[str, str, int], ...]]:
    """Which form the amount has, its fields, and what of it no form can show."""
    at = (*path, "amount")
    node = document.node(at)
    keys = set(node.entries) if node is not None else set()
    if node is None or node.style not in ("map", "list"):
        return "fixed", (Field(at, _("How much"), "number"),), ()
    if "percent" in keys:
        return (
            "percent",
            (
                Field((*at, "percent"), _("Percent"), "number"),
                Field((*at, "of"), _("Of which number"), hint=_("total: what the order is worth")),
                Field((*at, "min"), _("At least"), "number"),
                Field((*at, "max"), _("At most"), "number"),
            ),
            (),
        )
    if "ladder" in keys:
        rung = (*at, "ladder")
        ladder = document.node(rung)
        rise = (
            Field((*rung, "grow"), _("Each more by"), "growth")
            if ladder is not None and "grow" in ladder.entries
            else Field((*rung, "add"), _("Each more by"), "number")
        )
        return (
            "ladder",
            (
                Field((*rung, "first"), _("The first time"), "number"),
                rise,
                Field((*rung, "steps"), _("Number of steps"), "number"),
            ),
            (),
        )
    text = document.text[node.start : node.end].strip()
    return "", (), ((_("How much"), text, document.line(at)),)


def _cap(path: Path, number: int) -> Block:
    at: Path = (*path, "caps", number)
    return Block(_("Cap"), path=at, is_removable=True, fields=_bounds(at))


def _limit(document: Document, number: int) -> Block:
    at: Path = ("limits", number)
    return Block(
        _("Limit over several rewards"),
        path=at,
        is_removable=True,
        fields=(Field((*at, "give"), _("Of what"), "thing", choices=THINGS), *_bounds(at)),
    )


def _bounds(at: Path) -> tuple[Field, ...]:
    return (
        Field((*at, "per"), _("Counted for"), "choice", choices=PERS),
        Field((*at, "period"), _("Per period"), "choice", choices=PERIODS),
        Field((*at, "amount"), _("At most in all"), "number"),
        Field((*at, "count"), _("or how many times"), "number"),
    )


def _boost(path: Path, number: int) -> Block:
    at: Path = (*path, "boosts", number)
    return Block(
        _("Days with more"),
        path=at,
        is_removable=True,
        fields=(
            Field((*at, "from"), _("From"), "date"),
            Field((*at, "until"), _("Until, not included"), "date"),
            Field((*at, "times"), _("Times"), "number"),
        ),
    )


def _foreign(document: Document, one: Field, label: str) -> tuple[tuple[str, str, int], ...]:
    """What the field cannot show, in words, with its line."""
    if value_of(document, one) is not None:
        return ()
    words = in_words(document, one.path, document.word(*one.path))
    return ((label, words, document.line(one.path)),)


def _others(document: Document) -> list[Block]:
    """Parts that are written in the file alone: properties, experiments, the seed of draws."""
    words = {
        "properties": _("Properties of events"),
        "experiments": _("Experiments"),
        "seed_sha256": _("Seed of the draws"),
    }
    found = [
        (label, document.text[node.start : node.end].strip()[:300], document.line((key,)))
        for key, label in words.items()
        if (node := document.node((key,))) is not None
    ]
    return [Block(_("Also in the file"), foreign=tuple(found))] if found else []


def _layer_badge(document: Document, name: str) -> tuple[str, ...]:
    program = document.program
    if program is None or name not in program.rewards:
        return ()
    return (layer_words()[layer(program, program.rewards[name])],)


def layer_words() -> dict[str, str]:
    """What the layers of the pyramid are called."""
    return {
        "base": _("Base: thanks for a success"),
        "advanced": _("Advanced: keeps people going"),
        "burst": _("Burst: spreads by itself"),
    }


def _price(document: Document) -> list[Block]:
    """What share of the price the rewards are, once somebody names a price."""
    asked = (
        note("price", _("What a friend usually spends"), "number"),
        note(
            "expensive",
            _("Is that a high price in your trade?"),
            "choice",
            choices=(("", _("no")), ("yes", _("yes: then a fifth is asked for"))),
        ),
    )
    table: tuple[tuple[str, ...], ...] = ()
    price = price_of(document.facts)
    is_expensive = document.facts.get("expensive") == "yes"
    if price is not None and document.program is not None:
        verdicts = {
            "unfelt": _("too little to be felt; give more"),
            "small": _("felt, but high-priced goods ask for a fifth; give more"),
            "modest": _("felt; high-priced goods ask for a fifth"),
            "strong": _("clearly felt"),
        }
        rows = [
            (
                one.reward,
                str(dict(PEOPLE).get(one.to, one.to)),
                f"{one.low} %" if one.low == one.high else f"{one.low}–{one.high} %",
                verdicts[one.verdict],
            )
            for one in shares(document.program, price, is_expensive=is_expensive)
        ]
        if rows:
            table = ((_("Reward"), _("Who gets it"), _("Share of the price"), ""), *rows)
    return [
        Block(
            _("Is it enough to be felt?"),
            hint=_("Name a price and see which share of it each reward in money is."),
            fields=asked,
            table=table,
        )
    ]


def _amount_forms() -> tuple[tuple[str, str], ...]:
    return (
        ("fixed", _("Make it a fixed amount")),
        ("percent", _("Make it a percentage")),
        ("ladder", _("Make it rise each time")),
    )


def _number(text: str) -> Written:
    return Written(text, "number")


_AMOUNTS: dict[str, Value] = {
    "fixed": _number("10.00"),
    "percent": {"percent": _number("5"), "of": "total", "max": _number("50.00")},
    "ladder": {"ladder": {"first": _number("10"), "add": _number("2"), "steps": _number("5")}},
}


def _add(document: Document, what: str) -> str:
    text = document.text
    kind, _sep, where = what.partition("#")
    if kind == "attribution":
        return put(text, ("attribution",), {"window": "30d", "credit": "last_touch"})
    if kind == "milestone":
        name = _free(document, "milestones", "first-order")
        return put(text, ("milestones", name), {"on": "Order Completed", "within": "60d"})
    if kind in ("reward-advocate", "reward-friend"):
        return _add_reward(document, kind.removeprefix("reward-"))
    if kind == "limit":
        whole = {"give": "cash", "per": "program", "period": "year", "amount": _number("10000.00")}
        return put(text, ("limits", document.count("limits")), whole)
    if kind == "risk":
        rule = {"id": _free_rule(document), "when": "same_device", "then": "hold"}
        return put(text, ("risk", document.count("risk")), rule)
    if kind == "cap" and where.startswith("/rewards/"):
        path = (*_path(where), "caps")
        cap = {"per": "advocate", "period": "year", "amount": _number("500.00")}
        return put(text, (*path, document.count(*path)), cap)
    if kind == "boost" and where.startswith("/rewards/"):
        path = (*_path(where), "boosts")
        boost = {"from": "2027-01-01", "until": "2027-01-02", "times": _number("2")}
        return put(text, (*path, document.count(*path)), boost)
    raise NoSuchAction(f"nothing called {what!r} can be added; load the page again")


def _add_reward(document: Document, to: str) -> str:
    is_self = document.node(("attribution",)) is None
    milestones = document.keys("milestones")
    name = _free(document, "rewards", f"{to}-reward")
    reward = {
        "to": "self" if is_self else to,
        "on": milestones[0] if milestones else "joined",
        "give": "credit",
        "amount": _number("10.00"),
        "hold": "14d",
    }
    return put(document.text, ("rewards", name), reward)


def _free(document: Document, part: str, wanted: str) -> str:
    taken = set(document.keys(part))
    names = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, 10_000))
    return next(name for name in names if name not in taken)


def _free_rule(document: Document) -> str:
    taken = {document.word("risk", number, "id") for number in range(document.count("risk"))}
    names = ("same-device" if n == 1 else f"check-{n}" for n in range(1, 10_000))
    return next(name for name in names if name not in taken)


def _path(name: str) -> Path:
    """`/rewards/credit/caps/0` as a path."""
    parts = name[1:].split("/")
    return tuple(
        part if before not in _LISTS or (place := number_of(part)) is None else place
        for before, part in zip(["", *parts], parts, strict=False)
    )
