"""changes: what one version promises less, more or otherwise than another, part by part.

A cut needs notice, so whatever cannot be shown to be no less counts as one: another formula,
another condition. Checks against abuse take no promise back from anybody honest and need none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeVar

from django.utils import translation
from django.utils.translation import gettext as _

from banyan.engine.language.explain import Language
from banyan.engine.language.explain.amounts import amount
from banyan.engine.language.explain.caps import cap as cap_in_words
from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.explain.quantity import paid, quantity
from banyan.engine.language.explain.safe import plain
from banyan.engine.language.explain.voice import Voice
from banyan.engine.language.names import Place
from banyan.engine.language.program import (
    Amount,
    ByTable,
    Cap,
    Fixed,
    Ladder,
    Limit,
    Milestone,
    Percent,
    Program,
    Reward,
)

Effect = Literal["cut", "raise", "other"]
Terms = TypeVar("Terms", Milestone, Reward)

_ENDLESS = Decimal("Infinity")
_ONCE = Decimal(1)
_BACK = {"keep": 0, "proportional": 1, "full": 2}
_ALWAYS = "TRUE"


@dataclass(frozen=True)
class Change:
    """One difference, for who is invited from then on; a sentence in the reader's language."""

    effect: Effect
    sentence: str


def changes(old: Program, new: Program, *, lang: Language) -> tuple[Change, ...]:
    """Every difference of `new` to `old`, cuts first."""
    with translation.override(lang):
        found = list(_Pair(old, new, Voice(lang, plain)).all())
    order = ("cut", "raise", "other")
    return tuple(sorted(found, key=lambda one: order.index(one.effect)))


def cuts(found: Iterable[Change]) -> tuple[Change, ...]:
    """Those that need notice."""
    return tuple(one for one in found if one.effect == "cut")


@dataclass(frozen=True)
class _Pair:
    old: Program
    new: Program
    voice: Voice

    def all(self) -> Iterator[Change]:
        yield from self._whole()
        yield from self._people()
        yield from self._invitations()
        yield from self._named(
            self.old.milestones, self.new.milestones, _MILESTONE, self._milestone, lambda _: ""
        )
        yield from self._named(
            self.old.rewards, self.new.rewards, _REWARD, self._reward, self._what_new
        )
        yield from self._limits()
        yield from self._checks()

    def _whole(self) -> Iterator[Change]:
        old, new = self.old, self.new
        if old.currency != new.currency:
            yield _cut(
                _("The currency changes from {before} to {after}."), old.currency, new.currency
            )
        if old.timezone != new.timezone:
            yield _other(
                _("Dates follow another clock: {after} instead of {before}."),
                old.timezone,
                new.timezone,
            )
        yield from self._span_end()
        if old.experiments != new.experiments:
            yield Change("other", _("The tests that split people into variants change."))

    def _span_end(self) -> Iterator[Change]:
        old, new = self.old.runs_us[1], self.new.runs_us[1]
        if old == new:
            return
        before, after = (
            _("without end") if end is None else self.voice.moment(end, self.new.timezone)
            for end in (old, new)
        )
        is_less = new is not None and (old is None or new < old)
        yield _either(
            is_less,
            _("The program ends earlier: {after} instead of {before}."),
            _("The program ends later: {after} instead of {before}."),
            before,
            after,
        )

    def _people(self) -> Iterator[Change]:
        yield from self._condition(
            self.old.advocates.where, self.new.advocates.where, _("Who may refer"), "advocates"
        )
        yield from self._condition(
            self.old.friends.where, self.new.friends.where, _("Who counts as a friend"), "friends"
        )

    def _condition(
        self,
        old: str,
        new: str,
        what: str,
        place: Place,
        events: tuple[str | None, str | None] = (None, None),
    ) -> Iterator[Change]:
        """SQL at a place of both programs; `events`: what it is about in the old and the new."""
        if old == new:
            return
        if new == _ALWAYS:
            yield Change("raise", _("{what}: the condition falls away.").format(what=what))
            return
        before, after = (
            expressions(self.voice, program, place, event=event).condition(sql)
            for program, event, sql in ((self.old, events[0], old), (self.new, events[1], new))
        )
        yield _cut(
            _("{what}: the condition is now {after}; until now {before}."),
            _("none") if old == _ALWAYS else f"“{before}”",
            f"“{after}”",
            what=what,
        )

    def _invitations(self) -> Iterator[Change]:
        old, new = self.old.attribution, self.new.attribution
        if old is None or new is None:
            return
        yield from self._span(old.window, new.window, _("The time from an invitation to the join"))
        for kinds, text in (
            ((old.prefer, new.prefer), _("Invitations of the kind “{name}” no longer count.")),
            ((old.joins_on, new.joins_on), _("A friend no longer joins at the event “{name}”.")),
        ):
            for name in kinds[0]:
                if name not in kinds[1]:
                    yield Change("cut", text.format(name=name))
        if set(new.prefer) - set(old.prefer) or set(new.joins_on) - set(old.joins_on):
            yield Change("raise", _("More kinds of invitations or joins count."))
        if old.credit != new.credit:
            yield Change("other", _("Another one of several invitations wins."))

    def _span(
        self, old: int | None, new: int | None, what: str, *, shorter_is_less: bool = True
    ) -> Iterator[Change]:
        """A span of microseconds; None is without end."""
        if old == new:
            return
        endless = _("without limit")
        before, after = (endless if us is None else self.voice.duration(us) for us in (old, new))
        is_shorter = new is not None and (old is None or new < old)
        yield _either(
            is_shorter == shorter_is_less,
            _("{what} is less favourable: {after} instead of {before}."),
            _("{what} is more favourable: {after} instead of {before}."),
            before,
            after,
            what=what,
        )

    def _named(
        self,
        old: Mapping[str, Terms],
        new: Mapping[str, Terms],
        words: tuple[str, str],
        compare: Callable[[str, Terms, Terms], Iterator[Change]],
        tell: Callable[[str], str],
    ) -> Iterator[Change]:
        for name, terms in old.items():
            if name not in new:
                yield Change("cut", _(words[0]).format(name=name))
            elif new[name] != terms:
                yield from compare(name, terms, new[name])
        for name in new:
            if name not in old:
                yield Change("raise", _(words[1]).format(name=name) + tell(name))

    def _milestone(self, name: str, old: Milestone, new: Milestone) -> Iterator[Change]:
        called = _("The milestone “{name}”").format(name=name)
        if old.on != new.on:
            yield _cut(
                _("{what} counts another event: {after} instead of {before}."),
                old.on,
                new.on,
                what=called,
            )
        yield from self._condition(
            old.where or _ALWAYS, new.where or _ALWAYS, called, "milestone", (old.on, new.on)
        )
        yield from self._needed(called, old, new)
        yield from self._span(
            old.within,
            new.within,
            _("The time for the milestone “{name}”").format(name=name),
        )
        if old.times != new.times:
            yield _either(
                new.times < old.times,
                _("{what} can be reached less often: {after} instead of {before} times."),
                _("{what} can be reached more often: {after} instead of {before} times."),
                old.times,
                new.times,
                what=called,
            )

    def _needed(self, called: str, old: Milestone, new: Milestone) -> Iterator[Change]:
        if (old.sum, old.count) == (new.sum, new.count):
            return
        if (old.sum is None) != (new.sum is None) or (
            old.sum and new.sum and old.sum.of != new.sum.of
        ):
            yield Change(
                "cut",
                _("{what} is reached in another way, which may be harder.").format(what=called),
            )
            return
        before = old.sum.reaches if old.sum else old.count
        after = new.sum.reaches if new.sum else new.count
        yield _either(
            after > before,
            _("{what} takes more: {after} instead of {before}."),
            _("{what} takes less: {after} instead of {before}."),
            self.voice.number(before),
            self.voice.number(after),
            what=called,
        )

    def _reward(self, name: str, old: Reward, new: Reward) -> Iterator[Change]:
        called = _("The reward “{name}”").format(name=name)
        for before, after, what in (
            (old.to, new.to, _("{what} goes to somebody else: {after} instead of {before}.")),
            (old.on, new.on, _("{what} is given for something else: {after} instead of {before}.")),
            (old.give, new.give, _("{what} is something else: {after} instead of {before}.")),
        ):
            if before != after:
                yield _cut(what, before, after, what=called)
        yield from self._condition(
            old.when or _ALWAYS,
            new.when or _ALWAYS,
            called,
            "reward",
            (_event(self.old, old), _event(self.new, new)),
        )
        yield from self._amount(called, old, new)
        yield from self._span(
            old.hold,
            new.hold,
            _("The waiting time of the reward “{name}”").format(name=name),
            shorter_is_less=False,
        )
        yield from self._span(
            old.expires,
            new.expires,
            _("The time in which the reward “{name}” can be used").format(name=name),
        )
        if old.refund_policy != new.refund_policy:
            yield _either(
                _BACK[new.refund_policy] > _BACK[old.refund_policy],
                _("{what}: a refund takes back more than before."),
                _("{what}: a refund takes back less than before."),
                "",
                "",
                what=called,
            )
        yield from self._caps(called, old.caps, new.caps, lambda _: new.give)
        yield from self._boosts(called, old, new)

    def _amount(self, called: str, old: Reward, new: Reward) -> Iterator[Change]:
        if old.amount == new.amount:
            return
        before, after = self._worth(self.old, old), self._worth(self.new, new)
        direction = _direction(old.amount, new.amount)
        if direction is None:
            yield _cut(
                _("{what} is worked out anew and may be less: {after}. Until now: {before}."),
                before,
                after,
                what=called,
            )
            return
        yield _either(
            direction < 0,
            _("{what} is lowered: {after}. Until now: {before}."),
            _("{what} is raised: {after}. Until now: {before}."),
            before,
            after,
            what=called,
        )

    def _worth(self, program: Program, reward: Reward) -> str:
        """How much, in a few words: of a ladder its first and its last step."""
        if not isinstance(reward.amount, Ladder):
            return amount(self.voice, program, reward)[0].rstrip(".。")
        steps = reward.amount.steps_exact()
        first, last = (
            quantity(
                self.voice,
                give=reward.give,
                amount=paid(step, give=reward.give, currency=program.currency),
                currency=program.currency,
            )
            for step in (steps[0], steps[-1])
        )
        return _("{first} the first time, {last} from time {count} on").format(
            first=first, last=last, count=len(steps)
        )

    def _boosts(self, called: str, old: Reward, new: Reward) -> Iterator[Change]:
        was = {(one.from_, one.until): one.times for one in old.boosts}
        is_now = {(one.from_, one.until): one.times for one in new.boosts}
        for first, last in sorted(was.keys() | is_now.keys()):
            before, after = was.get((first, last), _ONCE), is_now.get((first, last), _ONCE)
            if before == after:
                continue
            yield _either(
                after < before,
                _("{what} is multiplied by less from {first} on: {after} instead of {before}."),
                _("{what} is multiplied by more from {first} on: {after} instead of {before}."),
                self.voice.number(before),
                self.voice.number(after),
                what=called,
                first=first,
            )

    def _limits(self) -> Iterator[Change]:
        gives = dict.fromkeys(one.give for one in (*self.old.limits, *self.new.limits))
        for give in gives:
            yield from self._caps(
                _("The limit over all of “{give}”").format(give=give),
                [one for one in self.old.limits if one.give == give],
                [one for one in self.new.limits if one.give == give],
                lambda cap: cap.give if isinstance(cap, Limit) else "",
            )

    def _caps(
        self,
        called: str,
        old: Iterable[Cap],
        new: Iterable[Cap],
        give: Callable[[Cap], str],
    ) -> Iterator[Change]:
        """Caps of one kind (whose, in which period, amounts or grants) beside each other."""
        was, is_now = _by_kind(old), _by_kind(new)
        for kind, cap in is_now.items():
            words = cap_in_words(self.voice, self.new, cap, give=give(cap))
            before = was.get(kind)
            if before is None:
                yield Change(
                    "cut", _("{what} has a new cap: {cap}.").format(what=called, cap=words)
                )
            elif (_size(before), before.partial) != (_size(cap), cap.partial):
                is_less = _size(cap) < _size(before) or (before.partial and not cap.partial)
                yield _either(
                    is_less,
                    _("{what} is capped lower: {after}. Until now: {before}."),
                    _("{what} is capped higher: {after}. Until now: {before}."),
                    cap_in_words(self.voice, self.old, before, give=give(before)),
                    words,
                    what=called,
                )
        for kind, cap in was.items():
            if kind not in is_now:
                words = cap_in_words(self.voice, self.old, cap, give=give(cap))
                yield Change(
                    "raise",
                    _("{what} is no longer capped: {cap}.").format(what=called, cap=words),
                )

    def _checks(self) -> Iterator[Change]:
        old, new = ({one.id: one for one in side.risk} for side in (self.old, self.new))
        for name in old.keys() | new.keys():
            if old.get(name) == new.get(name):
                continue
            if name not in old:
                text = _("The check against abuse “{name}” is new.")
            elif name not in new:
                text = _("The check against abuse “{name}” falls away.")
            else:
                text = _("The check against abuse “{name}” changes.")
            yield Change("other", text.format(name=name))

    def _what_new(self, name: str) -> str:
        stop = "。" if self.voice.language == "zh-hans" else "."
        text = self._worth(self.new, self.new.rewards[name]) + stop
        return ("" if self.voice.language == "zh-hans" else " ") + text


_MILESTONE = (
    translation.gettext_noop("The milestone “{name}” no longer counts."),
    translation.gettext_noop("The milestone “{name}” is new."),
)
_REWARD = (
    translation.gettext_noop("The reward “{name}” is no longer given."),
    translation.gettext_noop("The reward “{name}” is new:"),
)


def _direction(old: Amount, new: Amount) -> int | None:
    """-1: somewhere less; 1: nowhere less; None: it cannot be told."""
    if isinstance(old, Percent) and isinstance(new, Percent) and old.of == new.of:
        before = (old.percent, old.min or Decimal(0), _or_endless(old.max))
        after = (new.percent, new.min or Decimal(0), _or_endless(new.max))
        return _compared(zip(before, after, strict=True))
    if isinstance(old, ByTable) and isinstance(new, ByTable) and old.by == new.by:
        names = old.table.keys() | new.table.keys()
        pairs = [(old.table.get(n, old.else_), new.table.get(n, new.else_)) for n in names]
        return _compared([*pairs, (old.else_, new.else_)])
    if isinstance(old, Fixed | Ladder) and isinstance(new, Fixed | Ladder):
        before_steps, after_steps = _steps(old), _steps(new)
        count = max(len(before_steps), len(after_steps))
        return _compared(
            (before_steps[min(n, len(before_steps) - 1)], after_steps[min(n, len(after_steps) - 1)])
            for n in range(count)
        )
    return None


def _compared(pairs: Iterable[tuple[Decimal, Decimal]]) -> int:
    return -1 if any(after < before for before, after in pairs) else 1


def _steps(amount: Fixed | Ladder) -> tuple[Decimal, ...]:
    return (amount.value,) if isinstance(amount, Fixed) else amount.steps_exact()


def _or_endless(value: Decimal | None) -> Decimal:
    return _ENDLESS if value is None else value


def _by_kind(caps: Iterable[Cap]) -> dict[tuple[str, str | None, bool], Cap]:
    """The tightest cap of each kind."""
    found: dict[tuple[str, str | None, bool], Cap] = {}
    for cap in caps:
        kind = (cap.per, cap.period, cap.count is None)
        if kind not in found or _size(cap) < _size(found[kind]):
            found[kind] = cap
    return found


def _size(cap: Cap) -> Decimal:
    return Decimal(cap.count) if cap.count is not None else cap.amount or Decimal(0)


def _event(program: Program, terms: Reward) -> str | None:
    """By which event a reward comes; None where no event of the program's own does it."""
    return program.milestones[terms.on].on if terms.on in program.milestones else None


def _either(
    is_less: bool, less: str, more: str, before: object, after: object, **words: object
) -> Change:
    text = (less if is_less else more).format(before=before, after=after, **words)
    return Change("cut" if is_less else "raise", text)


def _cut(text: str, before: object, after: object, **words: object) -> Change:
    return Change("cut", text.format(before=before, after=after, **words))


def _other(text: str, before: object, after: object) -> Change:
    return Change("other", text.format(before=before, after=after))
