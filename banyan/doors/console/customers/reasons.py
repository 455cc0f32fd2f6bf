"""reasons: why a decision gave what it gave, in one sentence; `why` tells all of it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from banyan.core.programs.force import running_one
from banyan.core.programs.read import published_program, versions
from banyan.core.referrals.missing import Missing
from banyan.core.referrals.read import DecisionRow, ReferralRow, TouchLostRow
from banyan.doors.console.customers import saying
from banyan.engine.language.explain import explain_lost
from banyan.engine.language.explain.caps import cap
from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.program import Program


def of_decision(row: DecisionRow) -> str:
    """Which rule, check or cap made it what it is; empty when all of it was granted."""
    program = published_program(row.program, row.version)
    head, _colon, which = (row.reason or "").partition(":")
    if head == "risk":
        return _checked(program, which, row)
    if head == "zero_amount":
        return _("By the rule this came to nothing.")
    if head == "stopped":
        return _("The program was stopped at that time.")
    if head in ("cap", "limit"):
        text = _cap(program, row, head, int(which))
        if row.amount == 0:
            return _("Nothing was left under a cap: {cap}.").format(cap=text)
        return _("A cap cut it: {cap}.").format(cap=text)
    return ""


def of_lost(row: TouchLostRow) -> str:
    """The engine's sentence on an invitation that did not count."""
    told = {
        "program": row.program,
        "advocate": row.advocate,
        "kind": row.kind,
        "touch_position": row.touch_position,
        "touched_at": saying.microseconds(row.touched_at),
        "join_position": row.join_position,
        "reason": row.reason,
    }
    sentence = explain_lost(told, timezone=_zone(row.program), lang=saying.language())
    return " ".join(filter(None, (sentence, asked_then(row))))


def asked_then(row: TouchLostRow) -> str:
    """What the terms asked that were in force at the invitation and that it did not fulfil; empty
    for a reason that asks for nothing."""
    then = running_one(row.program, row.touched_at)
    if then is None or then.terms.attribution is None:
        return ""
    match row.reason:
        case "not_new":
            asked = expressions(saying.voice(), then.terms, "friends")
            condition = asked.condition(then.terms.friends.where)
            return _("Asked of friends: {condition}.").format(condition=condition)
        case "advocate_not_eligible":
            asked = expressions(saying.voice(), then.terms, "advocates")
            condition = asked.condition(then.terms.advocates.where)
            return _("Asked of advocates: {condition}.").format(condition=condition)
        case "outside_window":
            window = saying.voice().duration(then.terms.attribution.window)
            return _("An invitation was good for {window}.").format(window=window)
    return ""


def of_waiting(row: ReferralRow, missing: Missing | None) -> str:
    """Why a referral that counts has brought its advocate nothing yet."""
    if row.stage == "lost":
        reason = next((one.reason for one in row.stages if one.stage == "lost"), "")
        text = _("The referral was lost, so nothing more comes of it.")
        return f"{text} ({reason})" if reason else text
    if missing is None:
        return _(
            "Nothing more can come of it: what would have been rewarded did not happen in time, or "
            "the rewards’ conditions did not hold."
        )
    return " ".join(filter(None, (_still(row, missing), _until(missing))))


def _still(row: ReferralRow, missing: Missing) -> str:
    if missing.sum is not None:
        return _("Missing: events “{event}” whose {what} add up to {sum}.").format(
            event=missing.event, what=missing.sum_of, sum=saying.voice().number(missing.sum)
        )
    if missing.least_total is not None:
        program = published_program(row.program, row.version)
        digits = len(str(missing.least_total).partition(".")[2])
        total = saying.voice().money(
            missing.least_total, currency=program.currency, digits=max(digits, 2)
        )
        return _("Missing: “{event}” of at least {total}, {count} ×.").format(
            event=missing.event, total=total, count=missing.count
        )
    text = _("Missing: “{event}”, {count} ×.").format(event=missing.event, count=missing.count)
    if missing.is_conditional:
        return " ".join((text, _("The program asks for more than that; see its rules.")))
    return text


def _until(missing: Missing) -> str:
    if missing.until is None:
        return ""
    return _("It counts until {moment}.").format(moment=saying.moment(missing.until))


def _checked(program: Program, rule_id: str, row: DecisionRow) -> str:
    rule = next(one for one in program.risk if one.id == rule_id)
    condition = expressions(saying.voice(), program, "risk").condition(rule.when)
    if row.outcome == "rejected":
        text = _("The check “{name}” refused it when the friend joined: {condition}.")
    else:
        text = _("The check “{name}” held it when the friend joined: {condition}.")
    return text.format(name=rule_id, condition=condition)


def _cap(program: Program, row: DecisionRow, kind: str, number: int) -> str:
    if kind == "limit":
        limit = program.limits[number]
        return cap(saying.voice(), program, limit, give=limit.give)
    reward = program.rewards[row.reward]
    return cap(saying.voice(), program, reward.caps[number], give=reward.give)


def _zone(slug: str) -> str:
    found = [one for one in versions(slug) if one.status == "published"]
    return found[0].terms.timezone if found else "UTC"
