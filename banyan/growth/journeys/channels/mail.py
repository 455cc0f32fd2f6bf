"""mail: e-mail by Django's back-ends: a mail server, or files where none is set up."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import closing
from email.utils import parseaddr

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import translation
from django.utils.translation import gettext as _

from banyan.growth.journeys.letter import Letter, Outcome
from banyan.growth.journeys.providers import Provider
from banyan.kernel.sealing import token

TIMEOUT_S = 10
_TEMPORARY = range(400, 500)

log = structlog.get_logger("banyan.notices")


def provider() -> Provider:
    """The mail server, else the folder in the installation's home."""
    found: Provider | None = settings.EMAIL_PROVIDER
    return found or Provider("files", str(settings.BANYAN_HOME / "mail"))


def send(to: Provider, letter: Letter) -> Outcome:
    """Send one message."""
    message = composed(letter)
    try:
        # Closed here: a back-end leaves a line open on which securing it has failed.
        with closing(_connection(to)) as message.connection:
            message.send()
    except smtplib.SMTPRecipientsRefused as refused:
        [(code, _text)] = refused.recipients.values()
        answer = f"the server refused the address ({code})"
        return Outcome("later" if code in _TEMPORARY else "stopped", answer)
    except smtplib.SMTPResponseException as refused:
        # Of the sender, of what was said or of the log-in: not the reader's fault.
        is_temporary = refused.smtp_code in _TEMPORARY or refused.smtp_code == -1
        is_login = isinstance(refused, smtplib.SMTPAuthenticationError)
        answer = f"the server said {refused.smtp_code}"
        return Outcome("later" if is_temporary or is_login else "failed", answer)
    except (smtplib.SMTPException, ssl.SSLError, OSError) as failed:
        return Outcome("later", f"no connection ({type(failed).__name__})")
    if to.name == "files":
        log.warning("mail_kept_as_file", cure="set BANYAN_EMAIL_URL to send e-mail")
    return Outcome("sent", "", provider_id=str(message.extra_headers["Message-ID"]).strip("<>"))


def composed(letter: Letter) -> EmailMessage:
    """The message: plain text, with the link and the headers (RFC 2369, RFC 8058) by which mail
    programs offer a button to be spared more of it."""
    text = letter.text
    _name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    # The same for every attempt, so that mail programs show a repetition once.
    headers = {"Message-ID": f"<{token(letter.key, purpose='mail')}@{address.rpartition('@')[2]}>"}
    if letter.optout_link:
        with translation.override(letter.language):
            footer = _("No more e-mails of this kind: {link}").format(link=letter.optout_link)
        text = f"{text}\n\n-- \n{footer}"
        headers["List-Unsubscribe"] = f"<{letter.optout_link}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    else:
        headers["Auto-Submitted"] = "auto-generated"
    return EmailMessage(
        # A line break would begin a header of the writer's own.
        subject=" ".join(letter.title.split()),
        body=text + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.to],
        headers=headers,
    )


def _connection(to: Provider) -> BaseEmailBackend:
    if to.name == "files":
        return get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=to.base)
    return get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=to.base,
        port=to.port,
        username=to.user,
        password=to.secret,
        use_tls=to.is_tls,
        use_ssl=to.is_ssl,
        timeout=TIMEOUT_S,
    )
