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
    "bad_signature": Code(401, "The message is not signed with the source's secret."),
    "bad_token": Code(401, "The host's token lets nobody in."),
    "no_token": Code(401, "The widget's request carries no token of the host."),
    "missing_scope": Code(403, "The key may not do this."),
    "test_key_needed": Code(403, "Only a test key may do this."),
    "identity_not_proven": Code(403, "Who refers has not been shown to be that customer."),
    "not_found": Code(404, "There is no such thing."),
    "no_such_customer": Code(404, "There is no such customer."),
    "method_not_allowed": Code(405, "The address does not know this method."),
    "idempotency_in_flight": Code(
        409, "The first request with this idempotency key is still at work."
    ),
    "insufficient_balance": Code(409, "The available balance is below the amount."),
    "reference_reused": Code(409, "The reference stands for another amount or unit."),
    "nothing_to_return": Code(409, "The reference was never spent, or was returned before."),
    "live_installation": Code(409, "The installation has a live key, so its clock stays."),
    "notice_not_failed": Code(409, "The notice did not fail, or its words are gone."),
    "reminder_closed": Code(409, "The friend cannot be reminded, or not yet."),
    "not_waiting": Code(409, "The decision does not wait to be released or denied."),
    "code_taken": Code(409, "The code belongs to another advocate."),
    "version_taken": Code(409, "The version is published and never changes."),
    "wrong_status": Code(409, "The object's status does not allow this."),
    "cannot_merge": Code(409, "The two customers cannot become one."),
    "merged_away": Code(409, "The customer was merged into another one."),
    "contact_of_customer": Code(409, "A customer gave the contact as their own."),
    "advocate_not_eligible": Code(409, "The customer may not refer in this program."),
    "named_before": Code(409, "The customer named this friend before."),
    "referred_before": Code(409, "The friend is known here or was asked before."),
    "already_disputed": Code(409, "It is disputed already, or was answered before."),
    "dispute_state": Code(409, "The dispute's state does not allow this."),
    "request_not_open": Code(409, "The request is not there or was answered before."),
    "rules_changed": Code(409, "Another version of the rules is in force than was agreed to."),
    "may_not_join": Code(409, "The customer cannot take part in the program now."),
    "nothing_to_share": Code(409, "The customer has no link in the program to share."),
    "already_erased": Code(409, "The customer was erased before."),
    "code_gone": Code(410, "The code was used, is too old, or was tried too often."),
    "link_gone": Code(410, "The link was used, is too old, or never was."),
    "too_large": Code(413, "The body is too large."),
    "unsupported_media_type": Code(415, "The body is not sent as JSON."),
    "invalid": Code(422, "Fields or parameters are wrong."),
    "bad_cursor": Code(422, "The cursor is not one of this list."),
    "idempotency_reused": Code(422, "The idempotency key was used for another request."),
    "program_invalid": Code(422, "The program cannot be published as it is."),
    "event_refused": Code(422, "The log does not take this."),
    "bad_consent": Code(422, "The consent does not say to what."),
    "no_reason": Code(422, "The act must be explained."),
    "dispute_text_refused": Code(422, "The text says nothing, or too much."),
    "request_text_refused": Code(422, "The words with the request cannot be kept as they are."),
    "not_a_contact": Code(422, "The text is no contact."),
    "not_a_name": Code(422, "The name holds more than a name."),
    "own_contact": Code(422, "The contact is that of who refers."),
    "wrong_code": Code(422, "The code is not the one that was sent."),
    "clock_goes_back": Code(422, "The clock can only be moved ahead."),
    "source_refused": Code(422, "A source cannot be like this."),
    "template_refused": Code(422, "The text cannot be filled in as it is."),
    "payee_refused": Code(422, "Payouts cannot go to an account like this."),
    "amend_refused": Code(422, "A correction cannot be like this."),
    "amend_decided": Code(409, "It was decided before."),
    "same_person": Code(403, "A second person must do this."),
    "task_closed": Code(409, "Somebody closed the task before."),
    "task_note_refused": Code(422, "The note says nothing, or too much."),
    "task_rule_refused": Code(422, "A rule of tasks cannot be followed."),
    "payout_rule_refused": Code(422, "A rule of payouts cannot be followed."),
    "nothing_to_pay": Code(409, "The batch would be empty."),
    "payout_state": Code(409, "The batch is past this, or not there yet."),
    "payout_results_refused": Code(422, "The result file cannot be read."),
    "no_provider": Code(409, "No provider is set up that could send it."),
    "preference_refused": Code(422, "The preferences cannot be followed."),
    "webhook_refused": Code(422, "A webhook cannot have this value."),
    "webhook_address_refused": Code(422, "Webhooks are not sent to this address."),
    "webhook_topics_refused": Code(422, "The list of topics cannot be read."),
    "webhook_replay_too_long": Code(422, "Too many messages lie between these times."),
    "refused": Code(422, "The request breaks a rule of the business."),
    "too_many_requests": Code(429, "The key calls too often."),
    "too_often": Code(429, "This was done too often for one contact or caller."),
    "internal_error": Code(500, "Something broke on our side."),
    "unavailable": Code(503, "The database cannot be reached."),
    "not_decided_yet": Code(503, "The worker has not decided this yet."),
}
