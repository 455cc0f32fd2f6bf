"""twilio: text messages by Twilio's Messages resource (2010-04-01). Texts are free there."""

from __future__ import annotations

from urllib.parse import quote

from banyan.growth.journeys.channels.numbers import international
from banyan.growth.journeys.channels.wire import Trouble, request
from banyan.growth.journeys.letter import Letter, Outcome
from banyan.growth.journeys.providers import Provider
from banyan.growth.journeys.receipts import address_for
from banyan.kernel.sealing import token

# https://www.twilio.com/docs/api/errors: no such number, not one that takes messages, landline.
_STOPS = (21211, 21214, 21217, 21614)
_OPTED_OUT = 21610
_BUSY = (20429, 21611, 30001, 30022, 63017, 63018)


def send(to: Provider, letter: Letter) -> Outcome:
    """Send one text message."""
    sender = to.options["from"]
    form = {
        "To": international(letter.to, to.options["country"]),
        "MessagingServiceSid" if sender.startswith("MG") else "From": sender,
        "Body": letter.text,
    }
    reports = address_for("twilio")
    if reports.startswith("https:"):  # it refuses a message whose reports it could not deliver
        form["StatusCallback"] = reports
    # Twilio keeps no repetition apart itself; a gateway in front of it may, by this header.
    headers = {"Idempotency-Key": token(letter.key, purpose="notice")}
    url = f"{to.base}/2010-04-01/Accounts/{quote(to.user, safe='')}/Messages.json"
    try:
        status, said = request("POST", url, headers=headers, form=form, auth=(to.user, to.secret))
    except Trouble as trouble:
        return trouble.outcome
    if status in (200, 201):
        sid = said.get("sid")
        if isinstance(sid, str) and sid:
            return Outcome("sent", "", provider_id=sid)
        return Outcome("later", "an answer of another form")
    return _refused(status, said.get("code"))


def _refused(status: int, code: object) -> Outcome:
    answer = f"HTTP {status}, code {code}" if isinstance(code, int) else f"HTTP {status}"
    if code == _OPTED_OUT:
        return Outcome("stopped", answer, reason="opted_out")
    if code in _STOPS:
        return Outcome("stopped", answer)
    if code in _BUSY or status in (401, 403):
        # A wrong log-in is mended in the settings; what waits goes out then.
        return Outcome("later", answer)
    return Outcome("failed", answer)
