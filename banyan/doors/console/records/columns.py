"""columns: what a list shows of its records: which fields, under which title, how written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import polars as pl
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from banyan.core.people.masks import mask_email, mask_phone
from banyan.core.people.read import contacts, masked_names

Form = Literal["text", "time", "number", "bool"]

Fields = Mapping[str, Sequence[Any]]
"""Fields of some rows, each with a value for every row."""
Shown = Callable[[Fields, bool], list[Any]]
"""Values of a column for some rows; whether contacts may be in clear."""
Said = Callable[[Sequence[Any]], list[str]]
"""A column of some rows in words, for a page."""

TITLES: Mapping[str, Promise] = {
    "about": _("About"),
    "account": _("Account"),
    "actor": _("Who"),
    "advocate": _("Advocate"),
    "after": _("After"),
    "agreed_at": _("Agreed on"),
    "amount": _("Amount"),
    "amount_minor": _("Amount"),
    "anonymous_id": _("Visitor"),
    "answer": _("Answer"),
    "answer_status": _("HTTP status"),
    "approved_at": _("Approved"),
    "approved_by": _("Approved by"),
    "asked_at": _("Asked"),
    "asked_by": _("Asked by"),
    "asked_on": _("Asked"),
    "at": _("When"),
    "attempted_at": _("Last try"),
    "attempts": _("Tries"),
    "available_at": _("Available from"),
    "base_name": _("Compared with"),
    "batch": _("Batch"),
    "before": _("Before"),
    "begun_at": _("Begun"),
    "beneficiary": _("Beneficiary"),
    "body": _("Event"),
    "brand": _("Brand"),
    "by": _("Who"),
    "changed_at": _("Changed"),
    "changed_by": _("Changed by"),
    "channel": _("Channel"),
    "chosen_at": _("Chosen"),
    "chosen_by": _("Chosen by"),
    "clicks": _("Clicks"),
    "closed_at": _("Closed"),
    "closed_by": _("Closed by"),
    "code": _("Code"),
    "colour": _("Colour"),
    "company": _("Company"),
    "conclusion": _("Conclusion"),
    "concurrency": _("At the same time"),
    "contact": _("Contact"),
    "count": _("How many"),
    "created_at": _("Made"),
    "created_by": _("Made by"),
    "currency": _("Currency"),
    "customer": _("Customer"),
    "decided_by": _("Decided by"),
    "decision_id": _("Decision"),
    "description": _("Description"),
    "device": _("Device"),
    "due_at": _("Due"),
    "ended_at": _("Ended"),
    "ended_by": _("Ended by"),
    "ends_on": _("Ends"),
    "erased_at": _("Erased"),
    "expires_at": _("Expires"),
    "failing_since": _("Failing since"),
    "first_at": _("First"),
    "first_position": _("First position"),
    "first_seen_at": _("First seen"),
    "fit": _("Fit"),
    "friend": _("Friend"),
    "from_at": _("From"),
    "given_at": _("Given"),
    "given_by": _("Given by"),
    "handed_at": _("Handed over"),
    "handed_over_at": _("Handed over"),
    "hash": _("Hash"),
    "hint": _("Hint"),
    "hypothesis": _("Hypothesis"),
    "invitation": _("Invitation"),
    "is_active": _("In use"),
    "is_appealed": _("Appealed"),
    "is_approved": _("Yes or no"),
    "is_email_on": _("By e-mail"),
    "is_given": _("Agreed"),
    "is_settled": _("Settled"),
    "is_shown": _("Shown"),
    "is_sms_on": _("By text message"),
    "is_test": _("Test"),
    "is_wechat_on": _("By WeChat"),
    "join_position": _("Joined at position"),
    "key": _("Key"),
    "kind": _("Kind"),
    "landing_url": _("Landing page"),
    "language": _("Language"),
    "last_at": _("Last"),
    "last_seen_at": _("Last seen"),
    "left_at": _("Left"),
    "level": _("Level"),
    "made_at": _("Made"),
    "made_by": _("Made by"),
    "merged_into": _("Merged into"),
    "message_id": _("Message id"),
    "method": _("Method"),
    "metric": _("Measure"),
    "milestone": _("Milestone"),
    "name": _("Name"),
    "next_at": _("Next try"),
    "note": _("Note"),
    "number": _("Number"),
    "occurred_at": _("Happened"),
    "opened_at": _("Opened"),
    "opened_by": _("Opened by"),
    "options": _("Options"),
    "order_id": _("Order"),
    "orders": _("Orders"),
    "ordinal": _("Which time"),
    "origin": _("Begun from"),
    "other": _("The other one"),
    "outcome": _("Outcome"),
    "owner": _("Owner"),
    "payload": _("Content"),
    "percent": _("Percent"),
    "pilot": _("Pilot"),
    "place": _("Place"),
    "position": _("Position"),
    "prepared_at": _("Prepared"),
    "prepared_by": _("Prepared by"),
    "program": _("Program"),
    "promoted_at": _("Promoted"),
    "promoted_by": _("Promoted by"),
    "provider": _("Provider"),
    "published_at": _("Published"),
    "published_by": _("Published by"),
    "purpose": _("Purpose"),
    "query": _("Filters"),
    "question": _("Question"),
    "raised_at": _("Raised"),
    "raw_amount": _("Before caps"),
    "read_at": _("Read"),
    "reader": _("Written to"),
    "reason": _("Reason"),
    "received_at": _("Received"),
    "records": _("List"),
    "reference": _("Reference"),
    "referrals": _("Referrals"),
    "refreshed_at": _("Refreshed"),
    "refunded": _("Refunded"),
    "refunded_minor": _("Refunded"),
    "relation": _("Relation"),
    "remarks": _("Remarks"),
    "result": _("Result"),
    "review": _("Number of the review"),
    "revision": _("Revision"),
    "revoked_at": _("Revoked"),
    "reward": _("Reward"),
    "role": _("Role"),
    "saved_at": _("Saved"),
    "saved_by": _("Saved by"),
    "scene": _("Scene"),
    "scopes": _("Scopes"),
    "script": _("Script"),
    "seen_at": _("Last seen"),
    "seen_on": _("Seen"),
    "segment": _("Segment"),
    "sent_at": _("Sent"),
    "sentence": _("What is wrong"),
    "shares": _("Shares"),
    "shown": _("Shown as"),
    "side": _("Side"),
    "slug": _("Program"),
    "solved_at": _("Solved"),
    "source": _("Source"),
    "split": _("Split"),
    "stage": _("Stage"),
    "standing": _("Stands now"),
    "started_at": _("Started"),
    "starts_at": _("Starts"),
    "starts_on": _("Starts"),
    "state": _("State"),
    "status": _("State"),
    "stopped_at": _("Stopped by order"),
    "subscription": _("Webhook"),
    "succeeded_at": _("Last success"),
    "tag": _("Tag"),
    "taken_by": _("Taken by"),
    "target": _("Destination"),
    "template_version": _("Text version"),
    "text": _("Text"),
    "text_version": _("Text version"),
    "timezone": _("Time zone"),
    "title": _("Title"),
    "to": _("For"),
    "topic": _("Topic"),
    "topics": _("Topics"),
    "total_minor": _("Total"),
    "touch_position": _("Touch at position"),
    "touched_at": _("Touched"),
    "transfer_id": _("Transfer"),
    "unit": _("Unit"),
    "until_at": _("Until"),
    "updated_at": _("Changed"),
    "updated_by": _("Changed by"),
    "url": _("Address"),
    "user": _("Person"),
    "user_id": _("Customer"),
    "verb": _("What"),
    "verdict": _("Ruling"),
    "verified_at": _("Verified"),
    "verified_by": _("Verified by"),
    "version": _("Version"),
    "visitor": _("Visitor"),
    "way": _("Way"),
    "where": _("Place"),
    "winner": _("Winner"),
}
"""By field; a name means the same in every table."""

TYPES: Mapping[Form, Any] = {
    "text": pl.String(),
    "time": pl.Datetime("us", "UTC"),
    "number": pl.Int64(),
    "bool": pl.Boolean(),
}


@dataclass(frozen=True)
class Column:
    """One column. `of` gives its values out of the fields it `needs` where they are not just the
    field's; `said` gives its words where a value alone does not say enough."""

    name: str
    title: str | Promise
    form: Form
    of: Shown | None = None
    needs: tuple[str, ...] = ()
    said: Said | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """What must be fetched for it."""
        return self.needs if self.of else (self.name,)

    def values(self, rows: Sequence[models.Model], *, in_clear: bool) -> list[Any]:
        """Its values for these rows, as plain Python values."""
        if self.of is not None:
            fields = {name: [getattr(row, name) for row in rows] for name in self.needs}
            return self.of(fields, in_clear)
        return [plain(getattr(row, self.name), self.form) for row in rows]

    def series(self, frame: pl.DataFrame, *, in_clear: bool) -> pl.Series:
        """The same for a frame of rows."""
        if self.of is None:
            return frame[self.name]
        fields = {name: frame[name].to_list() for name in self.needs}
        return pl.Series(self.name, self.of(fields, in_clear), dtype=TYPES[self.form])


def column(model: type[models.Model], name: str) -> Column:
    """A column of a field. A field that holds what is sealed has none."""
    field = model._meta.get_field(name)
    assert not isinstance(field, models.BinaryField), name
    return Column(getattr(field, "attname", name), TITLES[name], form_of(field))


def form_of(field: object) -> Form:
    """How a field's values are written into files."""
    if isinstance(field, models.DateTimeField):
        return "time"
    if isinstance(field, models.BooleanField):
        return "bool"
    return "number" if isinstance(field, models.IntegerField) else "text"


def _masked_contacts(fields: Fields, in_clear: bool) -> list[Any]:
    owners = sorted(set(fields["customer"]))
    known = {(one.kind, one.token): one.value for one in contacts(owners)}
    told = []
    for kind, token in zip(fields["kind"], fields["token"], strict=True):
        value = known[(kind, token)]
        masked = mask_email if kind == "email" else mask_phone
        told.append(value if in_clear else masked(value))
    return told


def _masked_names(fields: Fields, in_clear: bool) -> list[Any]:
    names = masked_names(fields["user_id"])
    return [names[user_id] for user_id in fields["user_id"]]


CONTACT = Column(
    "contact", TITLES["contact"], "text", _masked_contacts, ("customer", "kind", "token")
)
NAME = Column("shown", TITLES["shown"], "text", _masked_names, ("user_id",))


def plain(value: object, form: Form) -> object:
    """A field's value as a column of that form holds it."""
    if value is None or form != "text":
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
