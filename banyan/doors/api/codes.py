"""codes: the stable codes of what goes wrong, each with its status. Public: never renamed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """What a code means. The title is the same whenever it occurs, the detail is not."""

    status: int
    title: str


CODES = {
    "bad_request": Code(400, "The request cannot be understood."),
    "bad_json": Code(400, "The body is not JSON."),
    "no_key": Code(401, "The request carries no key."),
    "bad_key": Code(401, "The key is not known or was revoked."),
    "missing_scope": Code(403, "The key may not do this."),
    "test_key_needed": Code(403, "Only a test key may do this."),
    "not_found": Code(404, "There is no such thing."),
    "no_such_customer": Code(404, "There is no such customer."),
    "method_not_allowed": Code(405, "The address does not know this method."),
    "idempotency_in_flight": Code(
        409, "The first request with this idempotency key is still at work."
    ),
    "insufficient_balance": Code(409, "The available balance is below the amount."),
    "reference_reused": Code(409, "The reference stands for another amount or unit."),
    "nothing_to_return": Code(409, "The reference was never spent, or was returned before."),
    "not_waiting": Code(409, "The decision does not wait to be released or denied."),
    "code_taken": Code(409, "The code belongs to another advocate."),
    "version_taken": Code(409, "The version is published and never changes."),
    "wrong_status": Code(409, "The object's status does not allow this."),
    "cannot_merge": Code(409, "The two customers cannot become one."),
    "merged_away": Code(409, "The customer was merged into another one."),
    "contact_of_customer": Code(409, "A customer gave the contact as their own."),
    "request_not_open": Code(409, "The request is not there or was answered before."),
    "already_erased": Code(409, "The customer was erased before."),
    "too_large": Code(413, "The body is too large."),
    "unsupported_media_type": Code(415, "The body is not sent as JSON."),
    "invalid": Code(422, "Fields or parameters are wrong."),
    "bad_cursor": Code(422, "The cursor is not one of this list."),
    "idempotency_reused": Code(422, "The idempotency key was used for another request."),
    "program_invalid": Code(422, "The program cannot be published as it is."),
    "event_refused": Code(422, "The log does not take this."),
    "bad_consent": Code(422, "The consent does not say to what."),
    "no_reason": Code(422, "The act must be explained."),
    "not_a_contact": Code(422, "The text is no contact."),
    "clock_goes_back": Code(422, "The clock can only be moved ahead."),
    "source_refused": Code(422, "A source cannot be like this."),
    "webhook_refused": Code(422, "A webhook cannot have this value."),
    "webhook_address_refused": Code(422, "Webhooks are not sent to this address."),
    "webhook_topics_refused": Code(422, "The list of topics cannot be read."),
    "webhook_replay_too_long": Code(422, "Too many messages lie between these times."),
    "refused": Code(422, "The request breaks a rule of the business."),
    "too_many_requests": Code(429, "The key calls too often."),
    "internal_error": Code(500, "Something broke on our side."),
    "unavailable": Code(503, "The database cannot be reached."),
    "not_decided_yet": Code(503, "The worker has not decided this yet."),
}
