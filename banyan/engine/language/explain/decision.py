"""One decision in words: which invitation, which milestone, how often, how much, what cut it, what
became of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from banyan.engine.language.explain import safe
from banyan.engine.language.explain.allowance import Allowance, allowance
from banyan.engine.language.explain.caps import cap as cap_in_words
from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.explain.losses import lost_invitation
from banyan.engine.language.explain.milestones import milestone
from banyan.engine.language.explain.quantity import quantity_minor
from banyan.engine.language.explain.voice import Language, Voice, sentence
from banyan.engine.language.program import Cap, Draw, Limit, Program, Reward

Row = Mapping[str, Any]

INVITATIONS = {
    "click": sentence("{friend} came by a click on the link of {advocate} ({place})"),
    "code": sentence("{friend} gave the code of {advocate} ({place})"),
    "invite": sentence("{friend} came by an invitation that {advocate} sent ({place})"),
}

ROLES = {
    "advocate": sentence("{name} (the advocate)"),
    "friend": sentence("{name} (the friend)"),
    "upline": sentence("{name} (the advocate’s own advocate)"),
    "charity": sentence("{name} (the charity)"),
    "self": sentence("{name} (the customer)"),
}

# More lost invitations than this are counted, not told one by one.
_TOLD = 5


@dataclass(frozen=True)
class Case:
    """A decision with everything that is told of it. Times in rows are microseconds UTC."""

    voice: Voice
    program: Program
    row: Row
    reward: Reward
    room: Callable[[Cap], Allowance | None]
    reversals: Iterable[Row]
    postings: Sequence[Row]

    def amount(self, minor: int) -> str:
        """Minor units or counts of what was decided, in words."""
        return quantity_minor(self.voice, unit=self.row["unit"], amount_minor=minor)

    def at(self, microseconds: int) -> str:
        """A moment by the program's clock."""
        return self.voice.moment(microseconds, self.program.timezone)

    def place(self, position: int, microseconds: int) -> str:
        """A position of the log with its moment."""
        return self.voice.place(position, microseconds, self.program.timezone)

    @property
    def own_reversals(self) -> list[Row]:
        """What was taken back of this decision."""
        return [row for row in self.reversals if row["decision_id"] == self.row["decision_id"]]

    def transfer(self, step: str) -> Row | None:
        """The receiving posting of `DECISION_ID/step`, if it was written."""
        name = f"{self.row['decision_id']}/{step}"
        return next(
            (row for row in self.postings if row["transfer_id"] == name and row["amount"] > 0), None
        )


def explain_decision(
    program: Program,
    decision: Row,
    *,
    referral: Row | None,
    lost: Sequence[Row],
    reversals: Iterable[Row],
    postings: Sequence[Row],
    lang: Language,
    decisions_before: Iterable[Row] = (),
    room: Callable[[Cap], Allowance | None] | None = None,
) -> str:
    """One paragraph of plain text on one row of `decisions`.

    `program` is the version the row names. Rows have the columns of the tables, times as
    microseconds UTC. `referral` is the friend's (None in a self program), `lost` the invitations
    that met the friend at the same join, `reversals` those of the whole program, `postings` those
    of this decision at least, `decisions_before` the program's decisions that stand before this
    one: what a cap had left is counted from them. Who can count it faster gives `room` instead, and
    then of `reversals` only this decision's are needed.
    """
    case = Case(
        voice=Voice(lang, safe.plain),
        program=program,
        row=decision,
        reward=program.rewards[decision["reward"]],
        room=room
        or (
            lambda cap: allowance(
                program, cap, decision, before=decisions_before, reversals=reversals
            )
        ),
        reversals=reversals,
        postings=postings,
    )
    return case.voice.run(
        _heading(case),
        _invitation(case, referral),
        _others(case, referral, lost),
        _milestone(case),
        _raw(case),
        _caps(case),
        _outcome(case),
        _availability(case),
        _taken_back(case),
        _expired(case),
        case.voice.say("Times are those of {zone}.", zone=case.voice.zone(program.timezone)),
    )


def _heading(case: Case) -> str:
    return case.voice.say(
        "Decision {id} (program {program}, version {version}).",
        id=case.voice.quote(case.row["decision_id"]),
        program=case.voice.quote(case.program.program),
        version=case.program.version,
    )


def _invitation(case: Case, referral: Row | None) -> str:
    voice = case.voice
    if referral is None:
        return ""
    how = INVITATIONS[referral["kind"]]
    came = voice.say(
        how,
        friend=voice.quote(referral["friend"]),
        advocate=voice.quote(referral["advocate"]),
        place=case.place(referral["touch_position"], referral["touched_at"]),
    )
    joined = case.place(referral["join_position"], referral["started_at"])
    return voice.run(
        voice.say("{came} and joined at {place}.", came=came, place=joined),
        *_labels(voice, referral),
    )


def _labels(voice: Voice, referral: Row) -> list[str]:
    labels = []
    if referral["channel"]:
        labels.append(
            voice.say("The channel was {channel}.", channel=voice.quote(referral["channel"]))
        )
    if referral["script"]:
        labels.append(voice.say("The script was {script}.", script=voice.quote(referral["script"])))
    return labels


def _others(case: Case, referral: Row | None, lost: Sequence[Row]) -> str:
    voice = case.voice
    if referral is None or not lost:
        return ""
    told = [lost_invitation(voice, row, case.program.timezone) for row in lost[:_TOLD]]
    if len(lost) > _TOLD:
        told.append(voice.say_many("{n} more", "{n} more", len(lost) - _TOLD))
    return voice.say_many(
        "{n} other invitation did not count: {list}.",
        "{n} other invitations did not count: {list}.",
        len(lost),
        list=voice.chain(told),
    )


def _milestone(case: Case) -> str:
    voice, row = case.voice, case.row
    reached = voice.say(
        "The event at {place} reached the milestone {milestone}; for the reward {reward} this was "
        "the {nth} time of {who}.",
        place=case.place(row["position"], row["occurred_at"]),
        milestone=voice.quote(row["milestone"]),
        reward=voice.quote(row["reward"]),
        nth=voice.ordinal(row["ordinal"]),
        who=_recipient(case),
    )
    terms = case.program.milestones.get(row["milestone"])
    if terms is None:
        return reached
    rule = voice.say("The milestone’s rule: {rule}", rule=milestone(voice, case.program, terms))
    return voice.run(reached, rule)


def _recipient(case: Case) -> str:
    role = ROLES[case.row["to"].partition(":")[0]]
    return case.voice.say(role, name=case.voice.quote(case.row["beneficiary"]))


def _raw(case: Case) -> str:
    voice, row = case.voice, case.row
    drawn = isinstance(case.reward.amount, Draw)
    if row["raw_amount"] == 0:
        return (
            voice.say("The draw won nothing.")
            if drawn
            else voice.say("The rule gives an amount of 0 here.")
        )
    amount = case.amount(row["raw_amount"])
    text = (
        voice.say("The draw won {amount}.", amount=amount)
        if drawn
        else voice.say("The rule gives {amount}.", amount=amount)
    )
    boosts = [
        voice.number(boost.times)
        for boost in case.reward.boosts
        if case.program.at_us(boost.from_) <= row["occurred_at"] < case.program.at_us(boost.until)
    ]
    if not boosts:
        return text
    return voice.run(
        text, voice.say("This includes the boost in force: × {times}.", times=" × ".join(boosts))
    )


def _asked(case: Case) -> list[tuple[str, Cap, str]]:
    """(reason code, cap, what it is a cap of) in the order in which caps were asked."""
    caps = [(f"cap:{i}", cap, case.reward.give) for i, cap in enumerate(case.reward.caps)]
    for i, limit in enumerate(case.program.limits):
        if case.program.unit(limit.give) == case.row["unit"]:
            caps.append((f"limit:{i}", limit, limit.give))
    return caps


def _was_asked(case: Case) -> bool:
    return case.row["raw_amount"] > 0 and not (
        case.row["outcome"] == "rejected" and str(case.row["reason"] or "").startswith("risk:")
    )


def _caps(case: Case) -> str:
    voice = case.voice
    if not _was_asked(case):
        return voice.say("Caps were not asked.")
    told = []
    for _, cap, give in _asked(case):
        text = cap_in_words(voice, case.program, cap, give=give)
        room = case.room(cap)
        if room is not None:
            text = voice.say(
                "{cap} ({used} used before, {left} left)",
                cap=text,
                used=_size(case, cap, room.used),
                left=_size(case, cap, room.left),
            )
        told.append(text)
    if not told:
        return voice.say("No cap applies.")
    return voice.say("Caps asked, in this order: {caps}.", caps=voice.chain(told))


def _size(case: Case, cap: Cap, size: int) -> str:
    return case.voice.number(size) if cap.count is not None else case.amount(size)


def _outcome(case: Case) -> str:
    """What was decided, and the reason code in words."""
    voice, row = case.voice, case.row
    reason = str(row["reason"] or "")
    head, _, which = reason.partition(":")
    if head == "risk":
        return _checked(case, which)
    if head == "zero_amount":
        return voice.say("So nothing was granted.")
    if head in ("cap", "limit"):
        return _cut(case, reason)
    if head == "stopped":
        return _stopped(case)
    assert reason == ""  # the spec knows no other reason
    return voice.say("All of it was granted.")


def _checked(case: Case, rule_id: str) -> str:
    voice, row = case.voice, case.row
    rule = next(rule for rule in case.program.risk if rule.id == rule_id)
    condition = expressions(voice, case.program, "risk").condition(rule.when)
    name = voice.quote(rule_id)
    if row["outcome"] == "rejected":
        return voice.say(
            "Nothing was granted, because the check {name} applied when the friend joined: "
            "{condition}.",
            name=name,
            condition=condition,
        )
    held = voice.say(
        "The check {name} applied when the friend joined ({condition}), so {amount} is held until "
        "a person releases or denies it.",
        name=name,
        condition=condition,
        amount=case.amount(row["amount"]),
    )
    return voice.run(held, _cut_before(case))


def _stopped(case: Case) -> str:
    held = case.voice.say(
        "The program was stopped by order at that time, so {amount} is held until a person "
        "releases or denies it.",
        amount=case.amount(case.row["amount"]),
    )
    return case.voice.run(held, _cut_before(case))


def _cut_before(case: Case) -> str:
    if case.row["amount"] == case.row["raw_amount"]:
        return ""
    raw = case.amount(case.row["raw_amount"])
    return case.voice.say("The caps had cut it from {raw}.", raw=raw)


def _cut(case: Case, reason: str) -> str:
    voice, row = case.voice, case.row
    cap, give = next((cap, give) for code, cap, give in _asked(case) if code == reason)
    name = (
        voice.say("limit {number} of the program", number=case.program.limits.index(cap) + 1)
        if isinstance(cap, Limit)
        else voice.say("cap {number} of the reward", number=int(reason.partition(":")[2]) + 1)
    )
    terms = cap_in_words(voice, case.program, cap, give=give)
    if row["amount"] > 0:
        return voice.say(
            "Only {amount} was granted and {missing} was cut: {name} ({terms}) had no more left.",
            amount=case.amount(row["amount"]),
            missing=case.amount(row["raw_amount"] - row["amount"]),
            name=name,
            terms=terms,
        )
    room = case.room(cap)
    if room is not None and room.left > 0 and cap.count is None:
        return voice.say(
            "Nothing was granted: {name} ({terms}) had only {left} left.",
            name=name,
            terms=terms,
            left=case.amount(room.left),
        )
    return voice.say(
        "Nothing was granted: {name} ({terms}) had nothing left.", name=name, terms=terms
    )


def _availability(case: Case) -> str:
    voice, row = case.voice, case.row
    if row["available_at"] is None:
        return ""
    released = case.transfer("grant") if row["outcome"] == "held" else None
    available = case.transfer("available")
    texts = []
    if released is not None:
        texts.append(
            voice.say(
                "It was released at {place}.",
                place=case.place(released["position"], released["occurred_at"]),
            )
        )
    if available is not None:
        texts.append(
            voice.say("It became available on {moment}.", moment=case.at(available["occurred_at"]))
        )
    elif row["outcome"] == "held" and released is None:
        texts.append(
            voice.say(
                "If it is released, it becomes available on {moment}, or at the release if that "
                "is later.",
                moment=case.at(row["available_at"]),
            )
        )
    else:
        texts.append(
            voice.say("It is to become available on {moment}.", moment=case.at(row["available_at"]))
        )
    if case.reward.hold:
        texts.append(voice.say("(The hold is {span}.)", span=voice.duration(case.reward.hold)))
    texts.append(_expiry(case))
    return voice.run(*texts)


def _expiry(case: Case) -> str:
    voice, row = case.voice, case.row
    if case.reward.expires is None:
        return voice.say("It does not expire.")
    available = case.transfer("available")
    if available is not None:
        moment = case.at(available["occurred_at"] + case.reward.expires)
        return voice.say("It expires on {moment}.", moment=moment)
    if row["outcome"] == "held":
        return voice.say("It expires {span} after that.", span=voice.duration(case.reward.expires))
    return voice.say("It expires on {moment}.", moment=case.at(row["expires_at"]))


def _taken_back(case: Case) -> str:
    voice, rows = case.voice, case.own_reversals
    if not rows:
        return ""
    granted = case.row["outcome"] == "granted" or case.transfer("grant") is not None
    why = (
        voice.say("after a refund of the order")
        if granted
        else voice.say("by a denial, or after a refund of the order")
    )
    told = [
        voice.say(
            "{amount} at {place}",
            amount=case.amount(row["amount"]),
            place=case.place(row["position"], row["occurred_at"]),
        )
        for row in rows
    ]
    left = case.row["amount"] - sum(row["amount"] for row in rows)
    return voice.say(
        "Later this was taken back, {why}: {list}; {left} remains.",
        why=why,
        list=voice.chain(told),
        left=case.amount(left),
    )


def _expired(case: Case) -> str:
    row = case.transfer("expiry")
    if row is None:
        return ""
    return case.voice.say(
        "On {moment}, {amount} expired unused.",
        moment=case.at(row["occurred_at"]),
        amount=case.amount(row["amount"]),
    )
