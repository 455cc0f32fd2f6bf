"""logging: one JSON line a message on standard error, with nothing in it that is about a person.

Rooms log with `structlog.get_logger("banyan.room")`, a fixed name of what happened and values under
names of their own: `log.warning("webhook_failed", subscription=…, status=…)`. Doors bind the
request's id (`structlog.contextvars`), so that every line of a request carries it. Personal data,
secrets and bodies do not belong into a call; what gets in all the same is taken out here.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

REMOVED = "[removed]"

# Whatever stands under such a name is not for the log, in any part of the name's spelling.
_PRIVATE_NAMES = frozenset(
    "address anonymous_id anonymousid answer authorization birthday body city context cookie "
    "dsn email first_name firstname full_name fullname ip key_secret last_name lastname mail "
    "mobile name nickname openid passwd password payload peer phone properties remote_addr "
    "sealed secret set_cookie street surname tel telephone token traits unionid user_agent "
    "useragent user_id userid wechat x_forwarded_for".split()
)
_E_MAIL = re.compile(r"[^\s@<>\"'(),:;=]+@[^\s@<>\"'(),:;=]+\.[^\s@<>\"'(),:;=]+")
_SECRET = re.compile(r"\b(?:[swpr]k_(?:live|test)_|whsec_)[\w+/=-]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w+/=.:~-]+")
_PASSWORD_IN_URL = re.compile(r"(\w+://)[^/\s@]+@")
_PHONE = re.compile(r"(?<![\w.])(?:\+\d[\d ()-]{6,}\d|1[3-9]\d{9})(?![\w.])")
_ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:.]*::?[0-9A-Fa-f:.]+)")
# What PostgreSQL adds to an error quotes the row.
_QUOTES_A_ROW = re.compile(r"^\s*(?:DETAIL|CONTEXT|STATEMENT|QUERY):.*(?:\n(?!\w+:).*)*", re.M)
_CHATTY = ("httpx2", "httpcore2", "django.db.backends", "asyncio")


def configure(settings: Mapping[str, str]) -> None:
    """Send every log line of this process, whoever writes it, as JSON to standard error.

    `settings["level"]` is DEBUG, INFO, WARNING or ERROR. Django calls this when it is set up.
    """
    handler = _ToStandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _error_without_values,
                without_private_data,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    for name in ("", "django", "django.server"):
        logger = logging.getLogger(name)
        logger.handlers = [handler] if not name else []
        logger.propagate = True
    logging.getLogger().setLevel(settings["level"])
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def without_private_data(
    _logger: WrappedLogger, _method: str, event: EventDict
) -> Mapping[str, Any]:
    """The line without values under private names, and without what looks private elsewhere."""
    return {name: _cleaned(name, value) for name, value in event.items()}


class _ToStandardError(logging.Handler):
    """Writes to what is standard error at the moment, also where somebody exchanged it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _out().write(self.format(record) + "\n")
            _out().flush()
        except (OSError, TypeError, ValueError):
            # As the standard handlers do: a line that cannot be written must not stop the work.
            self.handleError(record)


def _out() -> TextIO:
    return sys.stderr


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(allow=["request_id"]),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def _error_without_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """An exception as its kind, its sentence and where it came through: no source, no locals."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__name__}: {_QUOTES_A_ROW.sub('', str(error)).strip()}"
        event["frames"] = _frames(error.__traceback__)
    return event


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]


def _cleaned(name: str, value: Any) -> Any:
    if name.lower().replace("-", "_") in _PRIVATE_NAMES and value not in ("", None):
        return REMOVED
    if isinstance(value, Mapping):
        return {str(key): _cleaned(str(key), part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned("", part) for part in value]
    if isinstance(value, str | bytes):
        # The time of the line is ours; its colons would be tried as an address.
        return value if name == "timestamp" else _cleaned_text(str(value))
    if value is None or isinstance(value, bool | int | float):
        return value
    return _cleaned_text(str(value))


def _cleaned_text(text: str) -> str:
    text = _PASSWORD_IN_URL.sub(rf"\1{REMOVED}@", text)
    for pattern in (_SECRET, _E_MAIL, _PHONE):
        text = pattern.sub(REMOVED, text)
    text = _BEARER.sub(rf"\1 {REMOVED}", text)
    return _ADDRESS.sub(_unless_no_address, text)


def _unless_no_address(found: re.Match[str]) -> str:
    """Clock times and versions look like addresses until they are read as one."""
    try:
        ipaddress.ip_address(found[0].rstrip(".:"))
    except ValueError:
        return found[0]
    return REMOVED
